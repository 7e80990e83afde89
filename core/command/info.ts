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
