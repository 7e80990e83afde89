/* Strings -- the SORTABLE values of a text or tag field, each distinct one kept once.
 *
 *      document 4 --column--> record [ used 2 | "oak" ]  <--order-- [... ash, elm, oak ...]
 *      document 9 -------------^
 *
 * A document's word in the column is the address of its value's record, so two documents have the same value exactly
 * when the words are equal: grouping compares words, sorting compares bytes only when words differ.
 *
 *   set O(1), a new value O(log n)    compare O(1) mostly */

import { ACCOUNT, type Address, Dict, type HashKey, type Memory, Range, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { Column, readWord, writeWord } from './column.ts'
import { SortedKeys } from './sorted-keys.ts'

const USED_AT = 8
const KEY_AT = 12

/** A string for each document that has one. */
export class Strings {
  readonly memory: Memory
  /** By document: the address of its string's record, or 0. */
  readonly column: Column
  readonly dict: Dict
  /** The strings in order. */
  readonly order: SortedKeys
  /** Records that went away: while it stays the same, an address still means the string that it meant. */
  removals = 0
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
    writeWord(this.column, document, record)
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
    return record
  }

  /** Let a document have no string. */
  clear(document: number): void {
    const record = readWord(this.column, document)
    if (record === 0) return
    writeWord(this.column, document, 0)
    if (this.#count(record, -1) > 0) return
    this.removals++
    this.order.remove(record)
    this.dict.remove(record)
  }

  /** Change how many documents use a record; returns how many do. */
  #count(record: Address, by: number): number {
    const words = this.memory.i32[record >>> SLAB_BITS]!
    return (words[((record & UNIT_MASK) << 1) + USED_AT / 4]! += by)
  }

  /** The record of a document's string, or 0. */
  of(document: number): Address {
    return readWord(this.column, document)
  }

  /** Name the bytes of a string. */
  text(record: Address, out: Range): Range {
    return this.dict.key(record, out)
  }

  /** Order of two strings by their bytes: negative, 0 or positive. */
  compare(a: Address, b: Address): number {
    if (a === b) return 0
    const x = this.dict.key(a, this.#a)
    const y = this.dict.key(b, this.#b)
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
