/* Terms -- a dictionary of byte strings with a posting list each: the words of an index, or the values of a tag field.
 *
 *      "harbour" --hash--> record [ dense place | list: 8 words | "harbour" ]  <--order-- [... harbour, harbours ...]
 *
 * A record is found by its key through the hash table (exact terms, and every token that is indexed), or in key order
 * through the sorted list (prefixes, patterns, edits). A record is not moved while it lives, so an address names a term
 * for as long as its list is not empty; emptied terms are removed by sweeping.
 *
 * A walk may match any number of terms, but a query takes only so many; then those with the most postings are kept,
 * because they answer most of the question.
 *
 *   find, intern O(1)    prefix O(log n + matches)    others visit all keys, edits skip what cannot match
 *
 * Terms that stand for something else begin with a byte that no token begins with: `+` a stem, `~` a synonym group,
 * `<` a sound. */

import { ACCOUNT, type Address, Dict, type HashKey, type Memory, Range, UNIT_MASK, SLAB_BITS } from 'redstrata/module'
import type { LevenshteinWalk } from './levenshtein.ts'
import type { Block, Layout } from './posting-block.ts'
import { LIST_WORDS, Postings } from './postings.ts'
import { SortedKeys } from './sorted-keys.ts'
import { matchPattern, type Pattern } from './wildcard.ts'

const LIST_AT = 8
const KEY_AT = LIST_AT + LIST_WORDS * 4
/** Lists, or records, given back at a time. */
const RELEASE_STEP = 512

/** Told of each key that a walk visits; false ends the walk. What it throws cuts it short. */
export type Watch = () => boolean

/** A walk that can be gone on with when it was cut short: by the same call with the same walk. */
export class Walk {
  picks: Picks | null = null
  /** The last key that was visited before it was cut short. */
  reached: Buffer | null = null
}

/** A dictionary with posting lists. */
export class Terms {
  readonly memory: Memory
  readonly dict: Dict
  readonly keys: SortedKeys
  readonly postings: Postings
  /** Whether the last walk matched more terms than it was to tell. */
  wasCut = false
  readonly #walk: LevenshteinWalk
  readonly #key = new Range()
  readonly #noBytes = new Range()

  constructor(memory: Memory, key: HashKey, layout: Layout, blocks: readonly [Block, Block], walk: LevenshteinWalk) {
    this.memory = memory
    this.dict = new Dict(memory, key, KEY_AT, ACCOUNT.index)
    this.dict.create()
    this.keys = new SortedKeys(memory, this.dict)
    this.postings = new Postings(memory, layout, LIST_AT, blocks[0], blocks[1])
    this.#walk = walk
  }

  /** Terms in the dictionary. */
  get count(): number {
    return this.dict.count
  }

  /** The record of a term, or 0. */
  find(buf: Buffer, start: number, end: number): Address {
    return this.dict.find(buf, start, end)
  }

  /** The record of a term, made when there is none. @throws ArenaFull with nothing changed. */
  intern(buf: Buffer, start: number, end: number): Address {
    const known = this.dict.find(buf, start, end)
    if (known !== 0) return known
    const record = this.dict.insert(buf, start, end, 0)
    try {
      this.keys.insert(record)
    } catch (error) {
      // The order could not grow: a term that walks cannot see must not stay.
      this.dict.remove(record)
      throw error
    }
    return record
  }

  /** Remove a term whose list is empty. */
  remove(record: Address): void {
    this.keys.remove(record)
    this.dict.remove(record)
  }

  /** Name the bytes of a term. */
  key(record: Address, out: Range): Range {
    return this.dict.key(record, out)
  }

  /** The first byte of a term, -1 when it is the empty string. */
  firstByte(record: Address): number {
    const bytes = this.memory.u8[record >>> SLAB_BITS]!
    const at = (record & UNIT_MASK) << 3
    return bytes[at + 4] === 0 ? -1 : bytes[at + KEY_AT]!
  }

  // ------------------------------------------------------------------ walks

  /** Terms that begin with some bytes, up to a limit. */
  withPrefix(prefix: Range, limit: number, watch: Watch, walk: Walk = new Walk()): Address[] {
    const picks = (walk.picks ??= new Picks(this.postings, limit))
    const length = prefix.length
    for (let record = this.#begin(walk, prefix); record !== 0; record = this.keys.step()) {
      const key = this.dict.key(record, this.#key)
      if (key.length < length || !holdsAt(key, key.start, prefix)) break
      picks.add(record)
      if (!this.#goesOn(walk, record, watch)) break
    }
    return this.#taken(picks)
  }

  /** Terms that hold some bytes anywhere, or at their end. */
  withPart(part: Range, atEnd: boolean, limit: number, watch: Watch, walk: Walk = new Walk()): Address[] {
    const picks = (walk.picks ??= new Picks(this.postings, limit))
    for (let record = this.#begin(walk, this.#noBytes); record !== 0; record = this.keys.step()) {
      const key = this.dict.key(record, this.#key)
      if (!isMark(key) && (atEnd ? endsWith(key, part) : holds(key, part))) picks.add(record)
      if (!this.#goesOn(walk, record, watch)) break
    }
    return this.#taken(picks)
  }

  /** Terms that match a wildcard pattern. */
  withPattern(pattern: Pattern, limit: number, watch: Watch, walk: Walk = new Walk()): Address[] {
    const picks = (walk.picks ??= new Picks(this.postings, limit))
    const prefix = Range.of(pattern.prefix)
    for (let record = this.#begin(walk, prefix); record !== 0; record = this.keys.step()) {
      const key = this.dict.key(record, this.#key)
      if (key.length < prefix.length || !holdsAt(key, key.start, prefix)) break
      if (!isMark(key) && matchPattern(pattern, key)) picks.add(record)
      if (!this.#goesOn(walk, record, watch)) break
    }
    return this.#taken(picks)
  }

  /** Terms within so many edits of a word. */
  withEdits(word: Range, edits: number, limit: number, watch: Watch, walk: Walk = new Walk()): Address[] {
    const picks = (walk.picks ??= new Picks(this.postings, limit))
    this.#walk.find(this.keys, this.dict, word, edits, this.#begin(walk, this.#noBytes), (record, distance) => {
      if (distance >= 0 && !isMark(this.dict.key(record, this.#key))) picks.add(record)
      return this.#goesOn(walk, record, watch)
    })
    return this.#taken(picks)
  }

  /** The first term of a walk, or the one behind those that were visited before it was cut short. */
  #begin(walk: Walk, prefix: Range): Address {
    const { reached } = walk
    if (reached === null)
      return prefix.length > 0 ? this.keys.seek(prefix.buf, prefix.start, prefix.end) : this.keys.first()
    const record = this.keys.seek(reached, 0, reached.length)
    if (record === 0) return 0
    const key = this.dict.key(record, this.#key)
    const isReached = key.length === reached.length && holdsAt(key, key.start, Range.of(reached))
    return isReached ? this.keys.step() : record
  }

  /** Tell the watch of a key; when it throws, the walk has reached that key. */
  #goesOn(walk: Walk, record: Address, watch: Watch): boolean {
    try {
      return watch()
    } catch (thrown) {
      walk.reached = this.dict.key(record, this.#key).copy()
      throw thrown
    }
  }

  #taken(picks: Picks): Address[] {
    const records = picks.take()
    this.wasCut = picks.isCut
    return records
  }

  // ------------------------------------------------------------------ upkeep

  /** Bytes of keys, hash table and order. */
  get keyBytes(): number {
    return this.dict.sizeBytes() + this.keys.sizeBytes
  }

  /** Give everything back. */
  free(): void {
    const steps = this.releasing()
    while (steps.next().done !== true) {}
  }

  /** The same in steps. */
  *releasing(): Generator<void> {
    for (let i = 0; i < this.dict.count; i++) {
      this.postings.release(this.dict.at(i))
      if (i % RELEASE_STEP === RELEASE_STEP - 1) yield
    }
    this.keys.free()
    while (!this.dict.releaseStep(RELEASE_STEP)) yield
  }
}

/** Whether a term stands for a stem, a synonym group or a sound; no token begins with these bytes unescaped. */
function isMark(key: Range): boolean {
  if (key.start === key.end) return false
  const first = key.buf[key.start]!
  return first === 0x2b || first === 0x7e || first === 0x3c
}

function holdsAt(key: Range, at: number, part: Range): boolean {
  for (let i = part.start; i < part.end; i++) if (key.buf[at++] !== part.buf[i]) return false
  return true
}

function endsWith(key: Range, part: Range): boolean {
  return key.length >= part.length && holdsAt(key, key.end - part.length, part)
}

function holds(key: Range, part: Range): boolean {
  const last = key.end - part.length
  if (part.length === 0) return true
  const first = part.buf[part.start]!
  for (let at = key.start; at <= last; at++) if (key.buf[at] === first && holdsAt(key, at, part)) return true
  return false
}

/** Gathers records up to a limit: of more, those with the most postings, in the order they came. */
class Picks {
  readonly #postings: Postings
  readonly #limit: number
  #records: Address[] = []
  /** Whether there were more than the limit. */
  isCut = false

  constructor(postings: Postings, limit: number) {
    this.#postings = postings
    this.#limit = limit
  }

  add(record: Address): void {
    if (this.#records.length >= this.#limit * 4 + 1024) this.#cut()
    this.#records.push(record)
  }

  #cut(): void {
    this.isCut = true
    const counted = this.#records.map((record, at) => ({ record, at, count: this.#postings.count(record) }))
    counted.sort((a, b) => b.count - a.count || a.at - b.at)
    counted.length = Math.min(counted.length, this.#limit)
    counted.sort((a, b) => a.at - b.at)
    this.#records = counted.map(pick => pick.record)
  }

  take(): Address[] {
    if (this.#records.length > this.#limit) this.#cut()
    return this.#records
  }
}
