/* CommandNames -- what the names in access rules stand for: commands, subcommands, categories, first arguments. */

import type { Engine } from '../command/engine.ts'
import { CATEGORIES } from '../command/spec.ts'
import type { Entry } from '../command/table.ts'
import { RULE_FAULT } from './texts.ts'

/** What a rule names. */
export interface Named {
  readonly entries: readonly Entry[]
  /** The rule is about this first argument only, as in `+select|0`. */
  readonly firstArg: string | null
}

export class CommandNames {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Numbers of commands are below this. */
  get count(): number {
    return this.#engine.commandCount
  }

  /** All categories, those of modules behind the server's own. */
  get categories(): readonly string[] {
    return [...CATEGORIES, ...this.#engine.extraCategories]
  }

  /** Every command and subcommand. */
  *all(): Iterable<Entry> {
    for (const entry of this.#engine.table) {
      yield entry
      if (entry.subcommands !== null) yield* entry.subcommands
    }
  }

  /** What is wrong with a rule about commands, in lower case with its sign; null when nothing is. */
  fault(rule: string): string | null {
    const name = rule.slice(1)
    if (name[0] === '@') return this.categories.includes(name.slice(1)) ? null : RULE_FAULT.unknown
    if (this.#find(name) !== null) return null
    const bar = name.indexOf('|')
    const command = bar < 0 ? null : this.#engine.table.get(name.slice(0, bar))
    if (command === null || rule[0] === '-') return RULE_FAULT.unknown
    if (bar === name.length - 1) return RULE_FAULT.syntax
    if (command.subcommands === null) return name.indexOf('|', bar + 1) < 0 ? null : RULE_FAULT.unknown
    const isDeeper = this.#find(name.split('|', 2).join('|')) !== null
    return isDeeper ? RULE_FAULT.firstArgOfSub : RULE_FAULT.unknown
  }

  /** What a rule without its sign stands for; nothing when the commands went away with their module. */
  named(name: string): Named {
    if (name[0] === '@') {
      const category = name.slice(1)
      const entries = [...this.all()].filter(entry => entry.categories.includes(category))
      return { entries: entries.flatMap(withParts), firstArg: null }
    }
    const found = this.#find(name)
    if (found !== null) return { entries: withParts(found), firstArg: null }
    const bar = name.indexOf('|')
    const command = bar < 0 ? null : this.#engine.table.get(name.slice(0, bar))
    return command === null ? { entries: [], firstArg: null } : { entries: [command], firstArg: name.slice(bar + 1) }
  }

  /** A command, or `container|subcommand`. */
  #find(name: string): Entry | null {
    const [first, second, ...more] = name.split('|')
    const entry = this.#engine.table.get(first!)
    if (second === undefined || entry === null) return entry
    return more.length > 0 ? null : (entry.subcommands?.get(second) ?? null)
  }
}

/** A container stands for its subcommands too. */
function withParts(entry: Entry): Entry[] {
  return entry.subcommands === null ? [entry] : [entry, ...entry.subcommands]
}
