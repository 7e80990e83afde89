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

  add(name: string, lines: InfoSection['lines'], options: { isDefault?: boolean; module?: string } = {}): void {
    this.sections.push({ name, isDefault: options.isDefault ?? true, module: options.module ?? '', lines })
  }

  /** Add lines to the end of a section that exists. */
  extend(name: string, more: InfoSection['lines']): void {
    const at = this.sections.findIndex(section => section.name === name)
    const section = this.sections[at]
    if (section === undefined) throw new Error(`no section ${name}`)
    this.sections[at] = {
      ...section,
      *lines() {
        yield* section.lines()
        yield* more()
      },
    }
  }

  /** The sections of a module are gone. */
  removeModule(module: string): void {
    for (let i = this.sections.length - 1; i >= 0; i--)
      if (this.sections[i]!.module === module) this.sections.splice(i, 1)
  }
}
