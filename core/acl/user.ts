/* User -- a name, the ways to prove it, and what it may do.
 *
 * Rules are applied to a copy, which takes the user's place when all of them were accepted: a bad rule changes nothing. */

import { Range } from '../base/bytes.ts'
import { sha256Hex } from '../base/hash.ts'
import type { Args } from '../command/args.ts'
import type { Entry } from '../command/table.ts'
import type { CommandNames } from './names.ts'
import { type Denial, Selector } from './selector.ts'
import { RULE_FAULT } from './texts.ts'

const HASH = /^[0-9a-f]{64}$/

/** What new users start from: `acl-pubsub-default`. */
export interface UserDefaults {
  channels: 'allchannels' | 'resetchannels'
}

export class User {
  readonly name: string
  isOn = false
  /** Any password will do. */
  hasNoPassword = false
  sanitizes = true
  /** SHA-256 of each password, hexadecimal. */
  passwords: string[] = []
  /** The root first. */
  selectors: Selector[]
  readonly #names: CommandNames
  readonly #defaults: UserDefaults

  constructor(name: string, names: CommandNames, defaults: UserDefaults) {
    this.name = name
    this.#names = names
    this.#defaults = defaults
    this.selectors = [this.#newSelector()]
  }

  #newSelector(): Selector {
    const selector = new Selector(this.#names)
    selector.apply(this.#defaults.channels)
    selector.apply('nocommands')
    return selector
  }

  get root(): Selector {
    return this.selectors[0]!
  }

  copy(): User {
    const copy = new User(this.name, this.#names, this.#defaults)
    copy.take(this)
    return copy
  }

  /** Become like another user, name aside. */
  take(other: User): void {
    this.isOn = other.isOn
    this.hasNoPassword = other.hasNoPassword
    this.sanitizes = other.sanitizes
    this.passwords = [...other.passwords]
    this.selectors = other.selectors.map(selector => selector.copy())
  }

  /** Apply one rule. Null when it was, otherwise why not. */
  apply(rule: string): string | null {
    switch (rule.toLowerCase()) {
      case 'on':
      case 'off':
        this.isOn = rule.toLowerCase() === 'on'
        return null
      case 'nopass':
        this.hasNoPassword = true
        this.passwords = []
        return null
      case 'resetpass':
        this.hasNoPassword = false
        this.passwords = []
        return null
      case 'sanitize-payload':
      case 'skip-sanitize-payload':
        this.sanitizes = rule.toLowerCase() === 'sanitize-payload'
        return null
      case 'clearselectors':
        this.selectors.length = 1
        return null
      case 'reset':
        this.take(new User(this.name, this.#names, this.#defaults))
        return null
      default:
        return this.#applyOther(rule)
    }
  }

  #applyOther(rule: string): string | null {
    const value = rule.slice(1)
    switch (rule[0]) {
      case '>':
        return this.#addPassword(sha256Hex(Buffer.from(value, 'latin1')))
      case '<':
        return this.#removePassword(sha256Hex(Buffer.from(value, 'latin1')))
      case '#':
        return HASH.test(value) ? this.#addPassword(value) : RULE_FAULT.badHash
      case '!':
        return HASH.test(value) ? this.#removePassword(value) : RULE_FAULT.badHash
      case '(':
        return this.#addSelector(rule)
      default:
        return this.root.apply(rule)
    }
  }

  #addPassword(hash: string): null {
    if (!this.passwords.includes(hash)) this.passwords.push(hash)
    this.hasNoPassword = false
    return null
  }

  #removePassword(hash: string): string | null {
    const at = this.passwords.indexOf(hash)
    if (at < 0) return RULE_FAULT.noPassword
    this.passwords.splice(at, 1)
    return null
  }

  #addSelector(rule: string): string | null {
    if (!rule.endsWith(')')) return RULE_FAULT.syntax
    const selector = this.#newSelector()
    for (const part of rule.slice(1, -1).split(' ')) {
      const fault = selector.apply(part)
      if (fault !== null) return fault
    }
    this.selectors.push(selector)
    return null
  }

  /** Whether there is nothing that the user may not do. */
  get isOpen(): boolean {
    return this.root.isOpen
  }

  /** Why a command may not be run, or null: of all selectors, the denial that came furthest. */
  denial(entry: Entry, args: Args): Denial | null {
    let worst: Denial | null = null
    for (const selector of this.selectors) {
      const denial = selector.denial(entry, args)
      if (denial === null) return null
      if (worst === null || denial.why > worst.why || (denial.why === worst.why && denial.at > worst.at)) worst = denial
    }
    return worst
  }

  /** Whether one of the selectors allows to do to a key what flags say. */
  allowsKey(key: Range, flags: readonly string[]): boolean {
    return this.selectors.some(selector => selector.allKeys || selector.allowsKey(key, flags))
  }

  allowsChannel(name: string, isPattern: boolean): boolean {
    const channel = Range.of(Buffer.from(name, 'latin1'))
    return this.selectors.some(selector => selector.allowsChannel(channel, isPattern))
  }

  /** Words of the state, as ACL GETUSER lists them. */
  get flags(): string[] {
    const flags = [this.isOn ? 'on' : 'off']
    if (this.hasNoPassword) flags.push('nopass')
    flags.push(this.sanitizes ? 'sanitize-payload' : 'skip-sanitize-payload')
    return flags
  }

  /** The line of ACL LIST and of files, without `user` and the name. */
  get text(): string {
    const passwords = this.passwords.map(hash => `#${hash}`)
    const [root, ...others] = this.selectors.map(selector => selector.text)
    return [...this.flags, ...passwords, root, ...others.map(text => `(${text})`)].join(' ')
  }
}

/** Rules in which each selector is one, `(` to `)`; a fault as a text. */
export function joinSelectors(words: readonly string[]): string[] | { readonly unmatched: string } {
  const rules: string[] = []
  let open: string[] | null = null
  for (const word of words) {
    if (open === null && word[0] === '(' && !word.endsWith(')')) open = [word]
    else if (open === null) rules.push(word)
    else {
      open.push(word)
      if (!word.endsWith(')')) continue
      rules.push(open.join(' '))
      open = null
    }
  }
  return open === null ? rules : { unmatched: open[0]! }
}
