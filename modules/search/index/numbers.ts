/* Numbers -- the values of a NUMERIC or GEO field: by document in a column, and in order.
 *
 *      column   document 7 -> 41.2        order   (1.5, 9)  (41.2, 3)  (41.2, 7)
 *
 * A document without a value has NaN in the column. One with several (an array in JSON) has its first there and all of
 * them in a block of the side column `more`.
 *
 *   set, clear O(log n)    value O(1) */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { CHUNK_DOCS, CHUNK_MASK, Column, readWord, writeWord } from './column.ts'
import { NumberOrder } from './number-order.ts'

/** The numbers of a field. */
export class Numbers {
  readonly memory: Memory
  /** By document: its first number, or NaN. */
  readonly column: Column
  readonly order: NumberOrder | null
  /** Documents that have a number. */
  count = 0
  /** By document with several numbers: a block with their count and themselves. */
  #more: Column | null = null
  #moreBytes = 0

  /** @param ordered whether ranges are asked for, or only values (NOINDEX). */
  constructor(memory: Memory, ordered: boolean) {
    this.memory = memory
    this.column = new Column(memory, 8)
    this.order = ordered ? new NumberOrder(memory) : null
  }

  /** Whether any document has several numbers, so that the column does not tell all. */
  get hasSeveral(): boolean {
    return this.#more !== null
  }

  /** The first number of a document, or NaN. */
  value(document: number): number {
    const chunk = this.column.chunk(document)
    return chunk === 0 ? NaN : this.memory.f64[chunk >>> SLAB_BITS]![(chunk & UNIT_MASK) + (document & CHUNK_MASK)]!
  }

  /**
   * Give a document its numbers in place of those it had; none of them is NaN.
   * @throws ArenaFull; `clear` then leaves the document without numbers.
   */
  set(document: number, values: readonly number[]): void {
    const first = values[0]
    if (values.length === 1 && this.value(document) === first && this.#moreOf(document) === 0) return
    this.clear(document)
    if (first === undefined) return
    this.#ensure(document)
    if (values.length > 1) this.#setMore(document, values)
    // The column comes before the order, so that whatever gets into the order can be found again.
    this.#write(document, first)
    this.count++
    if (this.order !== null) for (const value of values) this.order.insert(value, document)
  }

  /** Let a document have no number. */
  clear(document: number): void {
    const first = this.value(document)
    if (Number.isNaN(first)) return
    if (this.order !== null) for (const value of this.values(document)) this.order.remove(value, document)
    this.#dropMore(document)
    this.#write(document, NaN)
    this.count--
  }

  /** All numbers of a document. */
  values(document: number): number[] {
    const more = this.#moreOf(document)
    if (more === 0) {
      const value = this.value(document)
      return Number.isNaN(value) ? [] : [value]
    }
    const doubles = this.memory.f64[more >>> SLAB_BITS]!
    const at = more & UNIT_MASK
    return [...doubles.subarray(at + 1, at + 1 + doubles[at]!)]
  }

  /** Tell the numbers that a chunk of documents is gone, by the number of any of them. */
  drop(document: number): void {
    this.column.drop(document)
    this.#more?.drop(document)
  }

  #ensure(document: number): void {
    if (this.column.chunk(document) !== 0) return
    const chunk = this.column.ensure(document)
    const at = chunk & UNIT_MASK
    this.memory.f64[chunk >>> SLAB_BITS]!.fill(NaN, at, at + CHUNK_DOCS)
  }

  #write(document: number, value: number): void {
    const chunk = this.column.chunk(document)
    this.memory.f64[chunk >>> SLAB_BITS]![(chunk & UNIT_MASK) + (document & CHUNK_MASK)] = value
  }

  #moreOf(document: number): Address {
    return this.#more === null ? 0 : readWord(this.#more, document)
  }

  #setMore(document: number, values: readonly number[]): void {
    this.#more ??= new Column(this.memory, 4)
    this.#more.ensure(document)
    const block = this.memory.block(ACCOUNT.index, (values.length + 1) * 8)
    const doubles = this.memory.f64[block >>> SLAB_BITS]!
    const at = block & UNIT_MASK
    doubles[at] = values.length
    for (let i = 0; i < values.length; i++) doubles[at + 1 + i] = values[i]!
    this.#moreBytes += this.memory.sizeOf(block)
    writeWord(this.#more, document, block)
  }

  #dropMore(document: number): void {
    const more = this.#moreOf(document)
    if (more === 0) return
    writeWord(this.#more!, document, 0)
    this.#moreBytes -= this.memory.sizeOf(more)
    this.memory.free(ACCOUNT.index, more)
  }

  /** Bytes held. */
  get sizeBytes(): number {
    return this.column.sizeBytes + (this.order?.sizeBytes ?? 0) + (this.#more?.sizeBytes ?? 0) + this.#moreBytes
  }

  /** Give everything back; `documents` names those that may have several numbers. */
  free(documents: Iterable<number>): void {
    if (this.#more !== null) for (const document of documents) this.#dropMore(document)
    this.column.free()
    this.order?.free()
    this.#more?.free()
  }
}
