/* Tags -- which documents carry a value, and which values a document carries.
 *
 *      "red"  --> list 3, 8, 9          document 8 --column--> set {red, wet}    (a record of its own, shared by
 *      "wet"  --> list 8                document 3 --column--> red                every document with these two)
 *
 * A document with one value has that value's own record in the column; one with several has the record of the set of
 * them, kept once for all documents that have the same. So the column is four bytes a document however many values it
 * has, it groups and filters without reading the lists, and it tells which lists to change when a document that keeps
 * its number gets other values.
 *
 * Lists may hold tombstones until they are swept, the column may not.
 *
 *   set O(values)    of O(values) */

import { ACCOUNT, type Address, Dict, type HashKey, type Memory, Range, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { Column, readWord, writeWord } from './column.ts'
import type { LevenshteinWalk } from './levenshtein.ts'
import type { Block } from './posting-block.ts'
import { Terms } from './terms.ts'

const PLAIN = { freqs: false, fields: false, offsets: false }
/** A byte that both kinds of record have free: 1 in the record of a set. */
const KIND_AT = 5
const USED_AT = 8
const SET_KEY_AT = 12

/** The values of a TAG field. */
export class Tags {
  readonly memory: Memory
  /** Values with their lists. */
  readonly values: Terms
  /** By document: the record of its value or of its set of values, or 0. */
  readonly column: Column
  readonly #sets: Dict
  readonly #key = new Range()

  constructor(memory: Memory, key: HashKey, blocks: readonly [Block, Block], walk: LevenshteinWalk) {
    this.memory = memory
    this.values = new Terms(memory, key, PLAIN, blocks, walk)
    this.column = new Column(memory, 4)
    this.#sets = new Dict(memory, key, SET_KEY_AT, ACCOUNT.index)
    this.#sets.create()
  }

  /**
   * Give a document its values in place of those it had.
   * @param values without repetitions; the bytes that tags are compared by.
   * @throws ArenaFull; `clear` then leaves the document without values.
   */
  set(document: number, values: readonly Buffer[]): void {
    const records = values.map(value => this.values.intern(value, 0, value.length))
    this.column.ensure(document)
    const old = this.of(document)
    const word = records.length < 2 ? (records[0] ?? 0) : this.#internSet(records)
    if (word === readWord(this.column, document)) return
    this.#count(word, 1)
    for (const record of old) if (!records.includes(record)) this.values.postings.removePlain(record, document)
    this.#forget(document)
    writeWord(this.column, document, word)
    for (const record of records) if (!old.includes(record)) this.values.postings.insertPlain(record, document)
  }

  /** Let a document that goes away have no values; its postings stay until they are swept. */
  clear(document: number): void {
    this.#forget(document)
    if (this.column.chunk(document) !== 0) writeWord(this.column, document, 0)
  }

  /** The records of a document's values. */
  of(document: number): Address[] {
    return this.recordsOf(readWord(this.column, document))
  }

  /** The records of the values that a word of the column stands for. */
  recordsOf(word: Address): Address[] {
    if (word === 0) return []
    if (!this.isSet(word)) return [word]
    const key = this.#sets.key(word, this.#key)
    const records: Address[] = []
    for (let at = key.start; at < key.end; at += 4) records.push(key.buf.readInt32LE(at))
    return records
  }

  /** Whether a word of the column stands for a set of several values. */
  isSet(word: Address): boolean {
    return this.memory.u8[word >>> SLAB_BITS]![((word & UNIT_MASK) << 3) + KIND_AT] === 1
  }

  #internSet(records: readonly Address[]): Address {
    const key = Buffer.from(Int32Array.from([...records].sort((a, b) => a - b)).buffer)
    const known = this.#sets.find(key, 0, key.length)
    if (known !== 0) return known
    const record = this.#sets.insert(key, 0, key.length, 0)
    this.memory.u8[record >>> SLAB_BITS]![((record & UNIT_MASK) << 3) + KIND_AT] = 1
    return record
  }

  /** Change how many documents use a set; other words are not counted. Returns how many do. */
  #count(word: Address, by: number): number {
    if (word === 0 || !this.isSet(word)) return 1
    const words = this.memory.i32[word >>> SLAB_BITS]!
    return (words[((word & UNIT_MASK) << 1) + USED_AT / 4]! += by)
  }

  #forget(document: number): void {
    const word = readWord(this.column, document)
    if (this.#count(word, -1) === 0) this.#sets.remove(word)
  }

  /** Bytes held. */
  get sizeBytes(): number {
    return this.values.keyBytes + this.values.postings.sizeBytes + this.column.sizeBytes + this.#sets.sizeBytes()
  }

  /** Give everything back. */
  free(): void {
    this.values.free()
    this.column.free()
    this.#sets.release()
  }
}
