/* Strings -- the SORTABLE values of a text or tag field, each distinct one kept once.
 *
 *      document 4 ──column──> id 2 ──records──> record [ used 2 | id 2 | "oak" ]  <──order── [... ash, elm, oak ...]
 *      document 9 ──────────────^
 *
 * A document's word in the column is the id of its value, so two documents have the same value exactly when the words are
 * equal: grouping compares words, sorting compares bytes only when words differ. Ids are small: a string that goes away
 * leaves its id to the next new one. So what is known of each string during a query lies in an array by id.
 *
 *   set O(1), a new value O(log n)    compare O(1) mostly
 *
 * Invariants: ids begin at 1; records[id] is the record with that id while the string is there, afterwards the id that
 * became free before it. */

import { ACCOUNT, type Address, Dict, type HashKey, type Memory, Range, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { Column, readWord, writeWord } from './column.ts'
import { SortedKeys } from './sorted-keys.ts'

const USED_AT = 8
const ID_AT = 12
const KEY_AT = 16

/** A string for each document that has one. */
export class Strings {
  readonly memory: Memory
  /** By document: the id of its string, or 0. */
  readonly column: Column
  readonly dict: Dict
  /** The strings in order. */
  readonly order: SortedKeys
  /** Strings that went away: while it stays the same, an id still means the string that it meant. */
  removals = 0
  #records = new Int32Array(16)
  /** No id from here on was ever given. */
  idEnd = 1
  /** The id that became free last, or 0. */
  #free = 0
  readonly #a = new Range()
  readonly #b = new Range()

  constructor(memory: Memory, key: HashKey) {
    this.memory = memory
    this.column = new Column(memory, 4)
    this.dict = new Dict(memory, key, KEY_AT, ACCOUNT.index)
    this.dict.create()
    this.order = new SortedKeys(memory, this.dict)
  }

  /** Give a document a string. @throws ArenaFull; the document then has its old string. */
  set(document: number, text: Range): void {
    this.column.ensure(document)
    let record = this.dict.find(text.buf, text.start, text.end)
    if (record === 0) record = this.#intern(text)
    this.#count(record, 1)
    this.clear(document)
    writeWord(this.column, document, this.#idOf(record))
  }

  #intern(text: Range): Address {
    const record = this.dict.insert(text.buf, text.start, text.end, 0)
    try {
      this.order.insert(record)
    } catch (error) {
      // A string that the order does not know must not stay.
      this.dict.remove(record)
      throw error
    }
    const id = this.#newId()
    this.#records[id] = record
    this.memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + ID_AT / 4] = id
    return record
  }

  #newId(): number {
    const id = this.#free
    if (id !== 0) {
      this.#free = this.#records[id]!
      return id
    }
    if (this.idEnd === this.#records.length) {
      const longer = new Int32Array(this.idEnd * 2)
      longer.set(this.#records)
      this.#records = longer
    }
    return this.idEnd++
  }

  #idOf(record: Address): number {
    return this.memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + ID_AT / 4]!
  }

  /** Let a document have no string. */
  clear(document: number): void {
    const id = readWord(this.column, document)
    if (id === 0) return
    writeWord(this.column, document, 0)
    const record = this.#records[id]!
    if (this.#count(record, -1) > 0) return
    this.removals++
    this.order.remove(record)
    this.dict.remove(record)
    this.#records[id] = this.#free
    this.#free = id
  }

  /** Change how many documents use a record; returns how many do. */
  #count(record: Address, by: number): number {
    const words = this.memory.i32[record >>> SLAB_BITS]!
    return (words[((record & UNIT_MASK) << 1) + USED_AT / 4]! += by)
  }

  /** The id of a document's string, or 0. */
  of(document: number): number {
    return readWord(this.column, document)
  }

  /** The id of a string by its bytes; 0 when no document has it. */
  find(bytes: Buffer): number {
    const record = this.dict.find(bytes, 0, bytes.length)
    return record === 0 ? 0 : this.#idOf(record)
  }

  /** Name the bytes of a string. */
  text(id: number, out: Range): Range {
    return this.dict.key(this.#records[id]!, out)
  }

  /** Order of two strings by their bytes: negative, 0 or positive. */
  compare(a: number, b: number): number {
    if (a === b) return 0
    const x = this.text(a, this.#a)
    const y = this.text(b, this.#b)
    const shorter = Math.min(x.length, y.length)
    for (let i = 0; i < shorter; i++) {
      const difference = x.buf[x.start + i]! - y.buf[y.start + i]!
      if (difference !== 0) return difference
    }
    return x.length - y.length
  }

  /** Bytes held. */
  get sizeBytes(): number {
    return this.column.sizeBytes + this.dict.sizeBytes() + this.order.sizeBytes
  }

  /** Give everything back. */
  free(): void {
    this.column.free()
    this.order.free()
    this.dict.release()
  }
}
