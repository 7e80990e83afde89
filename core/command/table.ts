/* Table -- which command do these bytes name?
 *
 * Open addressing over a hash that folds case while it reads the bytes: no string is made, and `get`, `GET` and `Get` meet.
 * An Entry is what one server keeps of a shared declaration: its counters, and the gates that it must pass. */

import type { CommandDocs } from './docs.ts'
import { Histogram } from './histogram.ts'
import { CATEGORIES, type Command, FLAG } from './spec.ts'

/** One command in one server. */
export class Entry {
  readonly command: Command
  readonly handler: Command['handler']
  readonly flags: number
  readonly arity: number
  /** See Command.lateArity; 0 for none. */
  readonly lateArity: number
  /** Lower case; subcommands `config|get`. What INFO, ACL and the slow log call it. */
  readonly name: string
  /** As declared, after rename-command. */
  nameBytes: Buffer
  /** The name consists of letters only. */
  isLetters: boolean
  readonly group: string
  /** Subcommands, for a container. */
  readonly subcommands: CommandTable | null
  /** Number of this command in this server, dense from 0. */
  readonly number: number
  /** Names of its ACL categories, in their order. */
  readonly categories: readonly string[]
  /** Name of the module that brought it, or ''. */
  readonly module: string
  /** What the module says about it. */
  docs: CommandDocs | null = null

  calls = 0
  /** A double from the start, as every sum of times will be: an object of which a number changes its kind is made anew. */
  microseconds = -0
  rejected = 0
  failed = 0
  /** Calls whose time is in the figures; see `settle`. */
  #settled = 0
  #lastMicros = -0
  /** Calls by how long they took. Made by the first call. */
  histogram: Histogram | null = null

  constructor(command: Command, name: string, group: string, number: number, isContainer: boolean, module: string) {
    this.command = command
    this.handler = command.handler
    this.flags = command.flags
    this.arity = command.arity
    this.lateArity = command.lateArity?.arity ?? 0
    this.name = name.toLowerCase()
    const bar = this.name.indexOf('|')
    this.nameBytes = Buffer.from(bar < 0 ? this.name : this.name.slice(bar + 1), 'latin1')
    this.isLetters = /^[a-z]*$/.test(this.nameBytes.latin1Slice())
    this.group = group
    this.number = number
    this.subcommands = isContainer ? new CommandTable() : null
    this.categories = module === '' ? categoriesOf(command, group) : command.categories
    this.module = module
  }

  /** The last call took so long, and so it is taken, did those before it that were not timed. */
  time(micros: number, isShared: boolean): void {
    const calls = this.calls - this.#settled
    this.#settled = this.calls
    this.#lastMicros = micros
    this.microseconds += micros * calls
    if (!isShared) return
    this.histogram ??= new Histogram()
    this.histogram.add(micros, calls)
  }

  /** Account for the calls since the last one that was timed. Called before figures are shown. */
  settle(isShared: boolean): void {
    if (this.calls > this.#settled) this.time(this.#lastMicros, isShared)
  }

  resetStats(): void {
    this.calls = this.microseconds = this.rejected = this.failed = this.#settled = 0
    this.histogram = null
  }
}

/* The group of the manual decides an ACL category. */
const GROUP_CATEGORY: Readonly<Record<string, string>> = {
  generic: 'keyspace',
  string: 'string',
  list: 'list',
  set: 'set',
  'sorted-set': 'sortedset',
  hash: 'hash',
  stream: 'stream',
  geo: 'geo',
  hyperloglog: 'hyperloglog',
  bitmap: 'bitmap',
  connection: 'connection',
  transactions: 'transaction',
  scripting: 'scripting',
}

function categoriesOf(command: Command, group: string): readonly string[] {
  const found = new Set(command.categories)
  const flags = command.flags
  if (flags & FLAG.write) found.add('write')
  if (flags & FLAG.readonly && group !== 'scripting') found.add('read')
  if (flags & FLAG.admin) found.add('admin').add('dangerous')
  if (flags & FLAG.pubsub) found.add('pubsub')
  if (flags & FLAG.blocking) found.add('blocking')
  found.add(flags & FLAG.fast ? 'fast' : 'slow')
  const ofGroup = GROUP_CATEGORY[group]
  if (ofGroup !== undefined && !found.delete('-group')) found.add(ofGroup)
  return CATEGORIES.filter(category => found.has(category))
}

/** Commands, or the subcommands of one, by name in any case. */
export class CommandTable {
  #slots: (Entry | null)[] = new Array<Entry | null>(64).fill(null)
  #count = 0

  /** The command that the bytes name, or null. */
  find(buf: Buffer, start: number, end: number): Entry | null {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let slot = hashOf(buf, start, end) & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!
      if (entry === null || sameName(entry, buf, start, end)) return entry
    }
  }

  /** The command of this name, or null. */
  get(name: string): Entry | null {
    const bytes = Buffer.from(name, 'latin1')
    return this.find(bytes, 0, bytes.length)
  }

  add(entry: Entry): void {
    if ((this.#count + 1) * 3 > this.#slots.length) this.#rebuild(this.#slots.length * 2, [...this, entry])
    else this.#put(entry)
    this.#count++
  }

  delete(entry: Entry): void {
    this.#rebuild(
      this.#slots.length,
      [...this].filter(other => other !== entry),
    )
    this.#count--
  }

  /** Let an entry be found by another name, in lower case; '' for none. */
  rename(entry: Entry, name: string): void {
    this.delete(entry)
    if (name === '') return
    entry.nameBytes = Buffer.from(name, 'latin1')
    entry.isLetters = /^[a-z]*$/.test(name)
    this.add(entry)
  }

  get size(): number {
    return this.#count
  }

  *[Symbol.iterator](): Iterator<Entry> {
    for (const entry of this.#slots) if (entry !== null) yield entry
  }

  #rebuild(length: number, entries: Entry[]): void {
    this.#slots = new Array<Entry | null>(length).fill(null)
    for (const entry of entries) this.#put(entry)
  }

  #put(entry: Entry): void {
    const mask = this.#slots.length - 1
    let slot = hashOf(entry.nameBytes, 0, entry.nameBytes.length) & mask
    while (this.#slots[slot] !== null) slot = (slot + 1) & mask
    this.#slots[slot] = entry
  }
}

/** A hash of length and four bytes, in any case: the rest is compared anyway. */
function hashOf(buf: Buffer, start: number, end: number): number {
  if (start === end) return 0
  const middle = start + ((end - start) >> 1)
  let hash = Math.imul(end - start, 0x9e3779b1) ^ (buf[start]! & 0xdf) ^ ((buf[end - 1]! & 0xdf) << 8)
  hash ^= ((buf[middle]! & 0xdf) << 16) ^ ((buf[end - 1 - ((end - start) >> 2)]! & 0xdf) << 23)
  hash = Math.imul(hash, 0x85ebca6b)
  return hash ^ (hash >>> 15)
}

/** Whether the bytes spell a command's name in any case. */
function sameName(entry: Entry, buf: Buffer, start: number, end: number): boolean {
  const name = entry.nameBytes
  const length = name.length
  if (length !== end - start) return false
  // Nothing but a letter becomes that letter when bit 5 is set.
  if (entry.isLetters) {
    for (let i = 0; i < length; i++) if ((buf[start + i]! | 32) !== name[i]) return false
    return true
  }
  for (let i = 0; i < length; i++) {
    const byte = buf[start + i]!
    if (byte !== name[i] && (byte < 65 || byte > 90 || (byte | 32) !== name[i])) return false
  }
  return true
}
