/* Rows -- the answer to a query, before it is written: times, and one or more values each.
 *
 *      times    t0        t1        t2        ...
 *      values   a0 b0     a1 b1     a2 b2     ...            width 2
 *
 * Rows stand in order of time, whichever way they will be written. A Rows is reused from query to query; a large one is
 * let go. What would grow above a limit is left out, and `overflowed` says so: an empty bucket a millisecond over a
 * century is a query like any other. */

/** Most values of one answer: with 25 bytes a row of one, 400 MB on the wire. */
export const VALUES_MAX = 1 << 24
/** Numbers that a Rows keeps room for between queries. */
const KEPT = 1 << 16

export class Rows {
  times: Float64Array = new Float64Array(64)
  values: Float64Array = new Float64Array(64)
  length = 0
  width = 1
  overflowed = false
  readonly #most: number

  constructor(most: number = VALUES_MAX) {
    this.#most = most
  }

  /** Begin anew. */
  reset(width: number): void {
    if (this.values.length > KEPT) {
      this.times = new Float64Array(64)
      this.values = new Float64Array(64)
    }
    this.length = 0
    this.width = width
    this.overflowed = false
  }

  /** Make room for more rows. Returns how many of them may be written: none when there would be too many. */
  reserve(more: number): number {
    const length = this.length + more
    if (length * this.width > this.#most) {
      this.overflowed = true
      return 0
    }
    if (length > this.times.length) this.times = grown(this.times, length)
    if (length * this.width > this.values.length) this.values = grown(this.values, length * this.width)
    return more
  }

  /** Let the last row be the first; rows of one value. */
  turn(): void {
    this.times.subarray(0, this.length).reverse()
    this.values.subarray(0, this.length).reverse()
  }

  /** Append samples: rows of one value. */
  take(times: Float64Array, at: number, values: Float64Array, valuesAt: number, length: number): boolean {
    const count = this.reserve(length)
    const to = this.length
    for (let i = 0; i < count; i++) {
      this.times[to + i] = times[at + i]!
      this.values[to + i] = values[valuesAt + i]!
    }
    this.length = to + count
    return !this.overflowed
  }
}

function grown(array: Float64Array, length: number): Float64Array {
  const longer = new Float64Array(Math.max(length, array.length * 2))
  longer.set(array)
  return longer
}
