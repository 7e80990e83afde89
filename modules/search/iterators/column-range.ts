/* Column range -- the documents whose number lies in a range, found by looking at each document's number.
 *
 * When a range holds a good part of all documents, looking into the column costs less than gathering the range: a
 * document is a double to compare, and an intersection that skips looks only where the others found something. */

import { type Address, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { CHUNK_DOCS, CHUNK_MASK, type Column } from '../index/column.ts'
import { type Batch, END, type Ranking, type Watch } from './iterator.ts'
import { Leaf } from './leaf.ts'

/** Documents with a number between two bounds, by way of the column. */
export class ColumnRange extends Leaf {
  readonly #column: Column
  readonly #low: number
  readonly #high: number
  readonly #last: number
  readonly #watch: Watch
  readonly estimate: number
  /** Documents below it that were not told are out of range. */
  #reached = 0

  /**
   * @param low the least number, and `high` the greatest: both inclusive.
   * @param last the last document to look at.
   */
  constructor(column: Column, low: number, high: number, last: number, estimate: number, weight: number, watch: Watch) {
    super(weight)
    this.#column = column
    this.#low = low
    this.#high = high
    this.#last = last
    this.#watch = watch
    this.estimate = estimate
  }

  next(): number {
    return this.document === END ? END : this.#from(this.document + 1)
  }

  skipTo(target: number): number {
    return target <= this.document ? this.document : this.#from(target)
  }

  #from(target: number): number {
    const column = this.#column
    const low = this.#low
    const high = this.#high
    const last = this.#last
    for (let at = Math.max(target, this.#reached, column.firstDocument); at <= last; at = this.#reached) {
      this.#reached = (at | CHUNK_MASK) + 1
      const chunk = column.chunk(at)
      if (chunk === 0) continue
      const values = column.memory.f64[chunk >>> SLAB_BITS]!
      const base = chunk & UNIT_MASK
      for (let i = at & CHUNK_MASK; i < CHUNK_DOCS; i++) {
        const value = values[base + i]!
        // Comparisons with NaN, the mark of no number, are false.
        if (value >= low && value <= high) {
          const document = (at & ~CHUNK_MASK) | i
          this.#reached = document + 1
          return (this.document = document <= last ? document : END)
        }
      }
      this.#watch.tick()
    }
    return (this.document = END)
  }

  override nextBatch(batch: Batch, ranking: Ranking): void {
    const column = this.#column
    const { documents } = batch
    const last = this.#last
    let count = (batch.count = 0)
    let at = this.document === END ? END : Math.max(this.document + 1, this.#reached, column.firstDocument)
    for (; at <= last && count + CHUNK_DOCS <= documents.length; at = this.#reached) {
      this.#reached = (at | CHUNK_MASK) + 1
      const chunk = column.chunk(at)
      if (chunk !== 0) count = this.#takeChunk(chunk, at, documents, count)
      // A pause with documents in hand would lose them; with a batch of them it is near anyway.
      if (count === 0) this.#watch.tick()
    }
    while (count > 0 && documents[count - 1]! > last) count--
    this.document = count > 0 ? documents[count - 1]! : END
    batch.count = count
    this.scoreBatch(batch, ranking)
  }

  /** Tell the documents of a chunk from `at` on. */
  #takeChunk(chunk: Address, at: number, documents: Int32Array, count: number): number {
    const values = this.#column.memory.f64[chunk >>> SLAB_BITS]!
    const shift = (chunk & UNIT_MASK) - (at & ~CHUNK_MASK)
    return documentsBetween(values, shift, this.#low, this.#high, at, (at | CHUNK_MASK) + 1, documents, count)
  }

  rewind(): void {
    this.document = this.#reached = 0
  }

  /** Nothing is held of the column. */
  override refresh(): void {}
}

/**
 * Add documents whose number is in a range; returns how many there are then. Numbers of neighbours are mostly unrelated: a
 * branch would be guessed wrong again and again. Four at a time, but for at least four at the end: going round costs as much
 * as a comparison, and both loops are to run always, for one that never ran is not compiled with the other.
 * @param shift where document 0 would be.
 */
function documentsBetween(
  values: Float64Array,
  shift: number,
  low: number,
  high: number,
  first: number,
  end: number,
  documents: Int32Array,
  count: number,
): number {
  let document = first
  for (; document + 7 < end; document += 4) {
    const a = values[shift + document]!
    const b = values[shift + document + 1]!
    const c = values[shift + document + 2]!
    const d = values[shift + document + 3]!
    documents[count] = document
    count += Number(a >= low) & Number(a <= high)
    documents[count] = document + 1
    count += Number(b >= low) & Number(b <= high)
    documents[count] = document + 2
    count += Number(c >= low) & Number(c <= high)
    documents[count] = document + 3
    count += Number(d >= low) & Number(d <= high)
  }
  for (; document < end; document++) {
    const value = values[shift + document]!
    documents[count] = document
    count += Number(value >= low) & Number(value <= high)
  }
  return count
}

/** The next double above a number: an open lower bound as a closed one. */
export function above(value: number): number {
  if (value === Infinity) return NaN
  if (value === -Infinity) return -Number.MAX_VALUE
  if (value === 0) return Number.MIN_VALUE
  const step = Math.abs(value) * 2 ** -53
  let next = value + Math.max(step, Number.MIN_VALUE)
  if (next === value) next = value + Math.max(step * 2, Number.MIN_VALUE)
  return next
}
