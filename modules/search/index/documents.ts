/* Documents -- the number of each key, and what ranking needs to know of each number.
 *
 *      key -> record (Dict)                     number -> key record, norm, length, fingerprint (Column)
 *      "p:7"  [ ... | number 12 | "p:7" ]        12  ->  [record | 5 | 28 | 9f3a... ]
 *                                                 9  ->  [   0   | 0 |  0 |    ...  ]   a tombstone
 *
 * A document is given the next number when it enters and when its text changes; postings are thus only ever appended.
 * The number it had becomes a tombstone: its norm is 0, which every scan that ranks reads anyway. Tombstones are
 * gathered in a list; a sweep takes the list, removes their postings from all structures, and then buries them here,
 * which frees a chunk of numbers when no living one is left in it.
 *
 *      norm         the greatest frequency of a term in the document, at least 1; 0 for a tombstone
 *      length       tokens, weighted as the frequencies are
 *      fingerprint  64 bits of hash over all text fields, which tell whether a write changed any text
 *
 *   find, add, remove O(1)      next living number: 32 numbers a step, by a bit of each (living-bits.ts)
 *
 * Invariants: a key's record names a number whose record is that record; count is the number of records;
 * norm(n) > 0 exactly when n lives, and so is its bit set. */

import {
  ACCOUNT,
  type Address,
  Dict,
  type HashKey,
  type Memory,
  type Range,
  SLAB_BITS,
  UNIT_MASK,
} from 'redstrata/module'
import { CHUNK_BITS, CHUNK_DOCS, CHUNK_MASK, Column, readDouble, readWord, writeDouble, writeWord } from './column.ts'
import { DeadBits } from './dead-bits.ts'
import { LivingBits } from './living-bits.ts'

/** Comes after every document number: what a search for the next document answers at the end. */
export const END = 0x7fffffff
/** The greatest number a document may have; the index is then built anew. */
export const NUMBER_MAX = 0x7ffffff0

const NUMBER_AT = 8
const KEY_AT = 12
const RECORD_COLUMN = 0
const NORM_COLUMN = CHUNK_DOCS
const LENGTH_COLUMN = 2 * CHUNK_DOCS
const PRINT_COLUMN = 3 * CHUNK_DOCS
const BYTES_PER_DOCUMENT = 20

/** Key to number, number to key and norms. */
export class Documents {
  readonly memory: Memory
  readonly #keys: Dict
  /** Five words a document, each in a run of 256: see the offsets above. */
  readonly table: Column
  readonly #living: LivingBits
  /** Document scores, kept only once one differs from 1. */
  scores: Column | null = null
  /** Addresses of payloads, kept only once there is one. */
  payloads: Column | null = null
  /** The greatest number given so far. */
  last = 0
  /** Counts whatever changes the index: who paused sees whether places in it still are what they were. */
  changes = 0
  /** Sum of the lengths of living documents. */
  totalLength = 0
  #tombs = new Int32Array(256)
  /** All tombstones that may still have postings. */
  readonly dead: DeadBits = new DeadBits()
  /** Tombstones that no sweep has taken yet. */
  tombCount = 0
  #swept: Int32Array | null = null
  /** One number of each chunk that a sweep could not judge yet. */
  #pending: number[] = []
  #payloadBytes = 0

  constructor(memory: Memory, key: HashKey) {
    this.memory = memory
    this.#keys = new Dict(memory, key, KEY_AT, ACCOUNT.index)
    this.#keys.create()
    this.table = new Column(memory, BYTES_PER_DOCUMENT)
    this.#living = new LivingBits(memory)
  }

  /** Living documents. */
  get count(): number {
    return this.#keys.count
  }

  /** Whether some number below `last` is dead and may still have postings. */
  get hasTombs(): boolean {
    return this.tombCount > 0 || this.#swept !== null
  }

  /** The number of a key, or 0. */
  find(key: Range): number {
    const record = this.#keys.find(key.buf, key.start, key.end)
    return record === 0 ? 0 : this.#numberOf(record)
  }

  #numberOf(record: Address): number {
    return this.memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + NUMBER_AT / 4]!
  }

  /**
   * Give a key the next number; the one it had, if any, becomes a tombstone.
   * @throws ArenaFull with nothing changed but a chunk that may have been made.
   */
  add(key: Range): number {
    const number = this.last + 1
    const chunk = this.table.ensure(number)
    this.#living.ensure(number)
    let record = this.#keys.find(key.buf, key.start, key.end)
    if (record === 0) record = this.#keys.insert(key.buf, key.start, key.end, 0)
    else this.#bury(this.#numberOf(record))
    this.memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + NUMBER_AT / 4] = number
    const words = this.memory.i32[chunk >>> SLAB_BITS]!
    const at = ((chunk & UNIT_MASK) << 1) + (number & CHUNK_MASK)
    words[at + RECORD_COLUMN] = record
    words[at + NORM_COLUMN] = 1
    this.#living.add(number)
    this.last = number
    return number
  }

  /** Set what ranking knows of a document. */
  describe(number: number, norm: number, length: number): void {
    const chunk = this.table.chunk(number)
    const words = this.memory.i32[chunk >>> SLAB_BITS]!
    const at = ((chunk & UNIT_MASK) << 1) + (number & CHUNK_MASK)
    this.totalLength += length - words[at + LENGTH_COLUMN]!
    words[at + NORM_COLUMN] = Math.max(1, norm)
    words[at + LENGTH_COLUMN] = length
  }

  /** Remove a key; returns the number it had, or 0. */
  remove(key: Range): number {
    const record = this.#keys.find(key.buf, key.start, key.end)
    if (record === 0) return 0
    const number = this.#numberOf(record)
    this.#bury(number)
    this.#keys.remove(record)
    return number
  }

  /** Let a document go by another key; false when it is not there. Another document of that key must be gone. */
  rename(from: Range, to: Range): boolean {
    const record = this.#keys.find(from.buf, from.start, from.end)
    if (record === 0) return false
    const number = this.#numberOf(record)
    this.#keys.find(to.buf, to.start, to.end)
    const fresh = this.#keys.insert(to.buf, to.start, to.end, 0)
    this.memory.i32[fresh >>> SLAB_BITS]![((fresh & UNIT_MASK) << 1) + NUMBER_AT / 4] = number
    this.#keys.remove(record)
    const chunk = this.table.chunk(number)
    this.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + (number & CHUNK_MASK)] = fresh
    return true
  }

  #bury(number: number): void {
    const chunk = this.table.chunk(number)
    const words = this.memory.i32[chunk >>> SLAB_BITS]!
    const at = ((chunk & UNIT_MASK) << 1) + (number & CHUNK_MASK)
    this.totalLength -= words[at + LENGTH_COLUMN]!
    words[at + RECORD_COLUMN] = words[at + NORM_COLUMN] = words[at + LENGTH_COLUMN] = 0
    this.#living.remove(number)
    if (this.payloads !== null) this.setPayload(number, null)
    if (this.tombCount === this.#tombs.length) {
      const longer = new Int32Array(this.tombCount * 2)
      longer.set(this.#tombs)
      this.#tombs = longer
    }
    this.#tombs[this.tombCount++] = number
    this.dead.add(number)
  }

  /** Whether a number is a living document. */
  lives(number: number): boolean {
    const chunk = this.table.chunk(number)
    if (chunk === 0) return false
    return this.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + NORM_COLUMN + (number & CHUNK_MASK)] !== 0
  }

  /** The first living number from `number` on, or END. */
  nextLiving(number: number): number {
    const next = this.#living.next(number, this.last)
    return next < 0 ? END : next
  }

  /** Fill an array with the living numbers from `number` on; returns how many fitted. */
  livingFrom(number: number, out: Int32Array): number {
    const { last } = this
    if (this.count !== last) return this.#living.list(number, last, out)
    // Nothing ever died: every number lives.
    const first = Math.max(number, 1)
    const count = Math.max(0, Math.min(out.length, last - first + 1))
    for (let i = 0; i < count; i++) out[i] = first + i
    return count
  }

  /** Copy the bits of the chunk in which a living number is, without those of lower numbers. */
  livingWindow(number: number, out: Int32Array): void {
    this.#living.window(number, out)
  }

  /** Name the key of a living document; false for a tombstone. */
  key(number: number, out: Range): boolean {
    const chunk = this.table.chunk(number)
    if (chunk === 0) return false
    const record = this.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + (number & CHUNK_MASK)]!
    if (record === 0) return false
    this.#keys.key(record, out)
    return true
  }

  /** The norm of a document; 0 for a tombstone. */
  norm(number: number): number {
    return this.#word(number, NORM_COLUMN)
  }

  /** Tokens of a document. */
  lengthOf(number: number): number {
    return this.#word(number, LENGTH_COLUMN)
  }

  #word(number: number, column: number): number {
    const chunk = this.table.chunk(number)
    return chunk === 0
      ? 0
      : this.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + column + (number & CHUNK_MASK)]!
  }

  /** Whether a document's text has this fingerprint. */
  hasPrint(number: number, high: number, low: number): boolean {
    const chunk = this.table.chunk(number)
    const words = this.memory.i32[chunk >>> SLAB_BITS]!
    const at = ((chunk & UNIT_MASK) << 1) + PRINT_COLUMN + (number & CHUNK_MASK) * 2
    return words[at] === high && words[at + 1] === low
  }

  /** Set the fingerprint of a document's text. */
  setPrint(number: number, high: number, low: number): void {
    const chunk = this.table.chunk(number)
    const words = this.memory.i32[chunk >>> SLAB_BITS]!
    const at = ((chunk & UNIT_MASK) << 1) + PRINT_COLUMN + (number & CHUNK_MASK) * 2
    words[at] = high
    words[at + 1] = low
  }

  /** The score of a document, in single precision as the wire shows it. */
  score(number: number): number {
    // Stored as its difference from 1, so that the zeros of a new chunk mean the common score.
    return this.scores === null ? 1 : readDouble(this.scores, number) + 1
  }

  /** Set the score of a document. */
  setScore(number: number, score: number): void {
    const single = Math.fround(score)
    if (this.scores === null) {
      if (single === 1) return
      this.scores = new Column(this.memory, 8)
    }
    writeDouble(this.scores, number, single - 1)
  }

  /** Name the payload of a document; false when it has none. */
  payload(number: number, out: Range): boolean {
    const address = this.payloads === null ? 0 : readWord(this.payloads, number)
    if (address === 0) return false
    const bytes = this.memory.u8[address >>> SLAB_BITS]!
    const at = (address & UNIT_MASK) << 3
    out.set(bytes, at + 4, at + 4 + bytes.readUInt32LE(at))
    return true
  }

  /** Set or remove the payload of a document. */
  setPayload(number: number, payload: Range | null): void {
    const old = this.payloads === null ? 0 : readWord(this.payloads, number)
    if (old !== 0) {
      this.#payloadBytes -= this.memory.sizeOf(old)
      this.memory.free(ACCOUNT.index, old)
      writeWord(this.payloads!, number, 0)
    }
    if (payload === null) return
    this.payloads ??= new Column(this.memory, 4)
    const block = this.memory.block(ACCOUNT.index, 4 + payload.length)
    const bytes = this.memory.u8[block >>> SLAB_BITS]!
    const at = (block & UNIT_MASK) << 3
    bytes.writeUInt32LE(payload.length, at)
    payload.buf.copy(bytes, at + 4, payload.start, payload.end)
    this.#payloadBytes += this.memory.sizeOf(block)
    writeWord(this.payloads, number, block)
  }

  // ------------------------------------------------------------------ sweeping

  /** Take the tombstones gathered so far; their postings may now be removed everywhere. False when a sweep runs. */
  beginSweep(): boolean {
    if (this.#swept !== null) return false
    this.#swept = this.#tombs.slice(0, this.tombCount)
    this.#tombs = new Int32Array(256)
    this.tombCount = 0
    return true
  }

  /**
   * No structure knows the swept tombstones any more. Chunks without a living or a later-dead number are dropped, and
   * `dropped` is told a number of each.
   */
  endSweep(dropped: (document: number) => void): void {
    const candidates = [...this.#swept!, ...this.#pending]
    this.#swept = null
    this.#pending = []
    this.dead.reset(this.#tombs, this.tombCount)
    const held = new Set<number>([this.last >>> CHUNK_BITS])
    for (let i = 0; i < this.tombCount; i++) held.add(this.#tombs[i]! >>> CHUNK_BITS)
    const seen = new Set<number>()
    for (const number of candidates) {
      const chunk = number >>> CHUNK_BITS
      if (seen.has(chunk)) continue
      seen.add(chunk)
      if (held.has(chunk)) this.#pending.push(number)
      else if (this.livingIn(number) === 0) {
        this.table.drop(number)
        this.#living.drop(number)
        this.scores?.drop(number)
        this.payloads?.drop(number)
        dropped(number)
      }
    }
  }

  /** Living documents in the chunk of a number. */
  livingIn(number: number): number {
    return this.#living.countIn(number)
  }

  /** Bytes held for keys and for the table. */
  get keyBytes(): number {
    return this.#keys.sizeBytes()
  }

  get tableBytes(): number {
    const own = this.table.sizeBytes + this.#living.sizeBytes
    return own + (this.scores?.sizeBytes ?? 0) + (this.payloads?.sizeBytes ?? 0) + this.#payloadBytes
  }

  /** Give everything back. */
  free(): void {
    if (this.payloads !== null)
      for (let n = this.nextLiving(1); n !== END; n = this.nextLiving(n + 1)) this.setPayload(n, null)
    this.#keys.release()
    this.table.free()
    this.#living.free()
    this.scores?.free()
    this.payloads?.free()
  }
}

export { NORM_COLUMN, LENGTH_COLUMN }
