/* Info -- the sections of INFO, by name; each feature and module adds its own. */

/** One section: lines are `name:value`, in the order given. */
export interface InfoSection {
  readonly name: string
  /** Part of a plain INFO; others are shown by name, and by `all` or `everything`. */
  readonly isDefault: boolean
  /** Name of the module that brought it, or ''. */
  readonly module: string
  lines(): Iterable<readonly [string, string | number]>
}

/** Redis's order; a section of another name comes behind them. */
const ORDER = [
  'Server',
  'Clients',
  'Memory',
  'Persistence',
  'Stats',
  'Replication',
  'CPU',
  'Modules',
  'Commandstats',
  'Errorstats',
  'Latencystats',
  'Cluster',
  'Keyspace',
]

const placeOf = ({ name, module }: InfoSection): number => {
  const place = module === '' ? ORDER.indexOf(name) : -1
  return place < 0 ? ORDER.length : place
}

export class InfoRegistry {
  readonly sections: InfoSection[] = []
  readonly #more = new Map<string, InfoSection['lines'][]>()

  add(name: string, lines: InfoSection['lines'], options: { isDefault?: boolean; module?: string } = {}): void {
    this.sections.push({ name, isDefault: options.isDefault ?? true, module: options.module ?? '', lines })
  }

  /** Add lines at the end of a section that belongs to another feature. */
  extend(name: string, lines: InfoSection['lines']): void {
    this.#more.set(name, [...(this.#more.get(name) ?? []), lines])
  }

  /** All sections, as they are shown. */
  inOrder(): InfoSection[] {
    return [...this.sections].sort((a, b) => placeOf(a) - placeOf(b))
  }

  /** All lines of a section. */
  *linesOf(section: InfoSection): Iterable<readonly [string, string | number]> {
    yield* section.lines()
    for (const more of this.#more.get(section.name) ?? []) yield* more()
  }

  /** The sections of a module are gone. */
  removeModule(module: string): void {
    for (let i = this.sections.length - 1; i >= 0; i--)
      if (this.sections[i]!.module === module) this.sections.splice(i, 1)
  }
}

/** Bytes as people read them: `1.25M`. */
export function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`
  const units = ['K', 'M', 'G', 'T', 'P']
  let value = bytes / 1024
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value.toFixed(2)}${units[unit]}`
}
