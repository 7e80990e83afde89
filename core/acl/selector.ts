/* Selector -- one set of permissions: commands, keys, channels.
 *
 * A user has a root selector, and further ones in parentheses; what any of them allows is allowed. Rules are applied in the
 * order in which they are written, and the text of those that still count is kept, for ACL LIST and for working the
 * permissions out again when a module brings commands:
 *
 *      +@all -@dangerous +keys ~app:* &news      rules       "-@dangerous" "+keys"      on top of +@all
 *                                                allowed     one byte a command, by its number
 *                                                keys        app:* for reading and writing
 *                                                channels    news                                              */

import { Range } from '../base/bytes.ts'
import { matchGlob } from '../base/glob.ts'
import type { Args } from '../command/args.ts'
import { keysOf } from '../command/keys.ts'
import { FLAG } from '../command/spec.ts'
import type { Entry } from '../command/table.ts'
import type { CommandNames } from './names.ts'
import { RULE_FAULT } from './texts.ts'

const READ = 1
const WRITE = 2

interface KeyPattern {
  readonly text: string
  readonly range: Range
  /** Bits READ and WRITE. */
  may: number
}

/** Why a selector denies a command, by how far it came. */
export const DENIED = { command: 1, key: 2, channel: 3 } as const

/** A refusal: the kind, and the number of the argument that is the forbidden key or channel. */
export interface Denial {
  readonly why: number
  readonly at: number
}

const BY_COMMAND: Denial = Object.freeze({ why: DENIED.command, at: 0 })

function rangeOf(text: string): Range {
  return Range.of(Buffer.from(text, 'latin1'))
}

export class Selector {
  allCommands = false
  allKeys = false
  allChannels = false
  /** Texts of the rules about commands, on top of all or none of them. */
  rules: string[] = []
  readonly #names: CommandNames
  #keys: KeyPattern[] = []
  #channels: string[] = []
  /** One byte a command, by its number. */
  #allowed = new Uint8Array(0)
  /** First arguments that alone are allowed, of commands that otherwise are not. */
  readonly #firstArgs = new Map<number, Set<string>>()

  constructor(names: CommandNames) {
    this.#names = names
  }

  copy(): Selector {
    const copy = new Selector(this.#names)
    copy.allCommands = this.allCommands
    copy.allKeys = this.allKeys
    copy.allChannels = this.allChannels
    copy.rules = [...this.rules]
    copy.#keys = this.#keys.map(pattern => ({ ...pattern }))
    copy.#channels = [...this.#channels]
    copy.#workOut()
    return copy
  }

  /** Whether there is nothing that it does not allow. */
  get isOpen(): boolean {
    return this.allCommands && this.rules.length === 0 && this.allKeys && this.allChannels
  }

  /** Whether every key may be read. */
  get readsAllKeys(): boolean {
    return this.allKeys || this.#keys.some(({ text, may }) => text === '*' && (may & READ) !== 0)
  }

  // ------------------------------------------------------------------ rules

  /** Apply one rule. Null when it was, otherwise why not; nothing has changed then. */
  apply(rule: string): string | null {
    switch (rule.toLowerCase()) {
      case '':
        return null
      case 'allkeys':
      case '~*':
        this.allKeys = true
        this.#keys = []
        return null
      case 'resetkeys':
        this.allKeys = false
        this.#keys = []
        return null
      case 'allchannels':
      case '&*':
        this.allChannels = true
        this.#channels = []
        return null
      case 'resetchannels':
        this.allChannels = false
        this.#channels = []
        return null
      case 'allcommands':
      case '+@all':
        return this.#reset(true)
      case 'nocommands':
      case '-@all':
        return this.#reset(false)
      default:
        return this.#applyOne(rule)
    }
  }

  #reset(all: boolean): null {
    this.allCommands = all
    this.rules = []
    this.#workOut()
    return null
  }

  #applyOne(rule: string): string | null {
    const sign = rule[0]
    if (sign === '~' || sign === '%') return this.#addKeys(rule)
    if (sign === '&') return this.#addChannels(rule.slice(1))
    if (sign === '+' || sign === '-') return this.#addCommands(rule)
    return RULE_FAULT.syntax
  }

  #addKeys(rule: string): string | null {
    if (this.allKeys) return RULE_FAULT.keysAlready
    const permission = /^%(r?w?|wr)(?:~|$)/i.exec(rule)
    if (rule[0] === '%' && (permission === null || permission[1] === '')) return RULE_FAULT.syntax
    const letters = permission?.[1]?.toLowerCase() ?? 'rw'
    const may = (letters.includes('r') ? READ : 0) | (letters.includes('w') ? WRITE : 0)
    const text = rule.slice(permission === null ? 1 : permission[0].length)
    if (/[\s\0]/.test(text)) return RULE_FAULT.syntax
    const known = this.#keys.find(pattern => pattern.text === text)
    if (known === undefined) this.#keys.push({ text, range: rangeOf(text), may })
    else known.may |= may
    return null
  }

  #addChannels(pattern: string): string | null {
    if (this.allChannels) return RULE_FAULT.channelsAlready
    if (/[\s\0]/.test(pattern)) return RULE_FAULT.syntax
    if (!this.#channels.includes(pattern)) this.#channels.push(pattern)
    return null
  }

  #addCommands(rule: string): string | null {
    const text = rule.toLowerCase()
    const fault = this.#names.fault(text)
    if (fault !== null) return fault
    // A rule about the same command or category, or about a part of that command, counts no longer.
    const name = text.slice(1)
    this.rules = this.rules.filter(other => other.slice(1) !== name && !other.slice(1).startsWith(`${name}|`))
    this.rules.push(text)
    this.#applyCommands(text)
    return null
  }

  /** Work the permissions out from the rules: after a copy, and when there are new commands. */
  #workOut(): void {
    this.#allowed = new Uint8Array(this.#names.count).fill(this.allCommands ? 1 : 0)
    this.#firstArgs.clear()
    for (const rule of this.rules) this.#applyCommands(rule)
  }

  #applyCommands(rule: string): void {
    const allows = rule[0] === '+'
    const { entries, firstArg } = this.#names.named(rule.slice(1))
    for (const entry of entries) {
      if (firstArg !== null) {
        const known = this.#firstArgs.get(entry.number)
        if (known === undefined) this.#firstArgs.set(entry.number, new Set([firstArg]))
        else known.add(firstArg)
        continue
      }
      this.#firstArgs.delete(entry.number)
      if (this.#allowed.length <= entry.number) this.#grow()
      this.#allowed[entry.number] = allows ? 1 : 0
    }
  }

  #grow(): void {
    const grown = new Uint8Array(this.#names.count).fill(this.allCommands ? 1 : 0)
    grown.set(this.#allowed)
    this.#allowed = grown
  }

  // ------------------------------------------------------------------ texts

  /** `~app:* %R~log:*`, or `` when no key is allowed. */
  get keysText(): string {
    if (this.allKeys) return '~*'
    return this.#keys.map(({ text, may }) => `${may === READ ? '%R' : may === WRITE ? '%W' : ''}~${text}`).join(' ')
  }

  get channelsText(): string {
    return this.allChannels ? '&*' : this.#channels.map(channel => `&${channel}`).join(' ')
  }

  get commandsText(): string {
    return [this.allCommands ? '+@all' : '-@all', ...this.rules].join(' ')
  }

  /** All of it, as rules that make it. */
  get text(): string {
    const channels = this.allChannels ? '&*' : `resetchannels ${this.channelsText}`.trim()
    return `${this.keysText} ${channels} ${this.commandsText}`.trim()
  }

  // ------------------------------------------------------------------ questions

  /** Why a command may not be run, or null. */
  denial(entry: Entry, args: Args): Denial | null {
    if (!this.allowsCommand(entry, args)) return BY_COMMAND
    if (!this.allKeys)
      for (const { at, flags } of keysOf(entry, args))
        if (!this.allowsKey(args.at(at), flags)) return { why: DENIED.key, at }
    if (this.allChannels) return null
    const { first, isPattern, last } = channelsOf(entry, args)
    for (let at = first; at <= last; at++)
      if (!this.allowsChannel(args.at(at), isPattern)) return { why: DENIED.channel, at }
    return null
  }

  allowsCommand(entry: Entry, args: Args): boolean {
    if (entry.flags & FLAG.no_auth) return true
    if (this.#allowed.length < this.#names.count) this.#workOut()
    if (this.#allowed[entry.number] === 1) return true
    const firstArgs = this.#firstArgs.get(entry.number)
    const at = entry.command.parent === null ? 1 : 2
    return firstArgs !== undefined && at < args.argc && firstArgs.has(args.at(at).latin1().toLowerCase())
  }

  /** Whether what the flags of a key's specification say may be done to a key. */
  allowsKey(key: Range, flags: readonly string[]): boolean {
    let needs = 0
    for (const flag of flags)
      if (flag === 'access') needs |= READ
      else if (flag === 'insert' || flag === 'delete' || flag === 'update') needs |= WRITE
    return this.#keys.some(pattern => (pattern.may & needs) === needs && matchGlob(pattern.range, key))
  }

  /** A pattern to subscribe to must itself be in the list: it could match more than one of its patterns does. */
  allowsChannel(channel: Range, isPattern: boolean): boolean {
    if (this.allChannels) return true
    if (isPattern) return this.#channels.includes(channel.latin1())
    return this.#channels.some(pattern => matchGlob(rangeOf(pattern), channel))
  }
}

interface Channels {
  readonly first: number
  readonly last: number
  readonly isPattern: boolean
}

const NO_CHANNELS: Channels = { first: 0, last: -1, isPattern: false }

/** Which arguments are channels to be read or written. To end a subscription everyone may. */
function channelsOf(entry: Entry, args: Args): Channels {
  if (!(entry.flags & FLAG.pubsub)) return NO_CHANNELS
  switch (entry.name) {
    case 'publish':
    case 'spublish':
      return { first: 1, last: 1, isPattern: false }
    case 'subscribe':
    case 'ssubscribe':
      return { first: 1, last: args.argc - 1, isPattern: false }
    case 'psubscribe':
      return { first: 1, last: args.argc - 1, isPattern: true }
    default:
      return NO_CHANNELS
  }
}
