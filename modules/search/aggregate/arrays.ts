/* Arrays -- what lanes and batches are made of, lent to an aggregation and taken back when its rows are sent.
 *
 *      pool      [1024 doubles] [1024 doubles] [1024 words] ...        one a server
 *      loan      those that one aggregation has                        release: back to the pool
 *
 * An aggregation of ten milliseconds or of a tenth of one needs the same ten arrays, 50 KB outside the heap. The collector
 * counts them as garbage by their bytes: after 160 small queries it walked through all of the heap, which took as long as
 * fifty queries. What is never given back, because a query failed or a cursor was left, is merely collected.
 *
 * A lent array holds what its last user left in it: each row is written before it is read. */

import { Spares } from '../spares.ts'

/** Rows of a batch. */
export const BATCH_ROWS = 1024

/** Arrays that are kept of each kind: for a few queries that run in turn. */
const SPARES_MAX = 64

/** The arrays of a server that nobody uses. */
export class ArrayPool {
  readonly doubles: Spares<Float64Array<ArrayBuffer>> = new Spares(() => new Float64Array(BATCH_ROWS), SPARES_MAX)
  readonly words: Spares<Int32Array<ArrayBuffer>> = new Spares(() => new Int32Array(BATCH_ROWS), SPARES_MAX)
  /** One longer: where each row begins, and where the last one ends. */
  readonly bounds: Spares<Int32Array<ArrayBuffer>> = new Spares(() => new Int32Array(BATCH_ROWS + 1), SPARES_MAX)
}

/** The arrays that one aggregation has of a pool. */
export class Loan {
  readonly #pool: ArrayPool
  readonly #doubles: Float64Array<ArrayBuffer>[] = []
  readonly #words: Int32Array<ArrayBuffer>[] = []
  readonly #bounds: Int32Array<ArrayBuffer>[] = []

  constructor(pool: ArrayPool = new ArrayPool()) {
    this.#pool = pool
  }

  doubles(): Float64Array<ArrayBuffer> {
    const array = this.#pool.doubles.take()
    this.#doubles.push(array)
    return array
  }

  words(): Int32Array<ArrayBuffer> {
    const array = this.#pool.words.take()
    this.#words.push(array)
    return array
  }

  bounds(): Int32Array<ArrayBuffer> {
    const array = this.#pool.bounds.take()
    this.#bounds.push(array)
    return array
  }

  /** Give all of them back. Whoever has one looks at it no more. */
  release(): void {
    for (const array of this.#doubles) this.#pool.doubles.give(array)
    for (const array of this.#words) this.#pool.words.give(array)
    for (const array of this.#bounds) this.#pool.bounds.give(array)
    this.#doubles.length = this.#words.length = this.#bounds.length = 0
  }
}
