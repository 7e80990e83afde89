/* Joining -- the rows of several series as one answer, by time.
 *
 *      series a    1: 5    2: 7            4: 1          GROUPBY REDUCE sum     NRANGE
 *      series b            2: 3    3: 2                  1: 5                   1: 5   nan
 *                                                        2: 10                  2: 7   3
 *                                                        3: 2                   3: nan 2
 *                                                        4: 1                   4: 1   nan
 *
 * The rows of all series lie behind each other in one Rows, each part in order of time. A heap holds the next place of
 * each part, earliest first, ties in the order of the series; whatever has the same time comes out together.
 *
 *   O(rows * log series); O(rows) when all parts have the same times */

import { type Aggregator, Bucket, STATE } from '../aggregate/aggregator.ts'
import type { Rows } from './rows.ts'

/** Rows of several series, one part each. `ends[i]` is where part i ends. */
export interface Parts {
  readonly rows: Rows
  readonly ends: readonly number[]
}

/** Append rows to those of the parts before, which are at least as wide. */
export function appendRows(to: Rows, from: Rows): void {
  const count = to.reserve(from.length)
  const { width } = from
  const at = to.length
  // Short pieces are copied faster by hand than through views.
  for (let row = 0; row < count; row++) {
    to.times[at + row] = from.times[row]!
    for (let i = 0; i < width; i++) to.values[(at + row) * to.width + i] = from.values[row * width + i]!
  }
  to.length = at + count
}

/** Reduce all values that share a time to one. */
export function reduceParts(parts: Parts, reducer: Aggregator, out: Rows): void {
  if (areAlike(parts)) {
    reduceAlike(parts, reducer, out)
    return
  }
  const heap = new PartHeap(parts)
  const state = new Float64Array(STATE)
  const bucket = new Bucket()
  const together = new Float64Array(parts.ends.length)
  out.reset(1)
  while (heap.size > 0) {
    const time = heap.time
    let count = 0
    while (heap.size > 0 && heap.time === time) {
      together[count++] = parts.rows.values[heap.place]!
      heap.advance()
    }
    if (out.reserve(1) === 0) return
    reducer.reset(state, 0)
    reducer.feed(state, 0, bucket, together, 0, together, 0, count)
    out.times[out.length] = time
    out.values[out.length++] = reducer.result(state, 0, bucket)
  }
}

/** Whether all parts have the same times, as buckets of series that are fed together have. */
function areAlike({ rows, ends }: Parts): boolean {
  const { times } = rows
  const length = ends[0]!
  if (rows.length !== length * ends.length) return false
  for (let i = 1; i < ends.length; i++) if (ends[i] !== length * (i + 1)) return false
  for (let i = length; i < rows.length; i++) if (times[i] !== times[i - length]) return false
  return true
}

/** Reduce parts that have the same times: row by row, without looking which is earliest. */
function reduceAlike({ rows, ends }: Parts, reducer: Aggregator, out: Rows): void {
  const state = new Float64Array(STATE)
  const bucket = new Bucket()
  const length = ends[0]!
  const together = new Float64Array(ends.length)
  out.reset(1)
  const count = out.reserve(length)
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < ends.length; i++) together[i] = rows.values[i * length + row]!
    reducer.reset(state, 0)
    reducer.feed(state, 0, bucket, together, 0, together, 0, ends.length)
    out.times[row] = rows.times[row]!
    out.values[row] = reducer.result(state, 0, bucket)
  }
  out.length = count
}

/**
 * Put the values of all parts that share a time side by side, NaN where a part has none. Part i has `widths[i]` values
 * a row, which lie at the beginning of a row as wide as the widest.
 */
export function joinParts(parts: Parts, widths: readonly number[], out: Rows): void {
  const heap = new PartHeap(parts)
  const { rows } = parts
  const firsts: number[] = []
  let width = 0
  for (const own of widths) {
    firsts.push(width)
    width += own
  }
  out.reset(width)
  while (heap.size > 0) {
    const time = heap.time
    if (out.reserve(1) === 0) return
    const at = out.length * width
    out.values.fill(Number.NaN, at, at + width)
    while (heap.size > 0 && heap.time === time) {
      const from = heap.place * rows.width
      for (let i = 0; i < widths[heap.part]!; i++) out.values[at + firsts[heap.part]! + i] = rows.values[from + i]!
      heap.advance()
    }
    out.times[out.length++] = time
  }
}

/** The next place of each part, earliest first. */
class PartHeap {
  readonly #times: Float64Array
  readonly #ends: readonly number[]
  /** Parts, as a binary heap. */
  readonly #heap: Int32Array
  readonly #places: Int32Array
  size = 0

  constructor(parts: Parts) {
    const { ends, rows } = parts
    this.#times = rows.times
    this.#ends = ends
    this.#heap = new Int32Array(ends.length)
    this.#places = new Int32Array(ends.length)
    for (let part = 0; part < ends.length; part++) {
      this.#places[part] = part === 0 ? 0 : ends[part - 1]!
      if (this.#places[part]! < ends[part]!) this.#heap[this.size++] = part
    }
    for (let i = (this.size >>> 1) - 1; i >= 0; i--) this.#sink(i)
  }

  get part(): number {
    return this.#heap[0]!
  }

  get place(): number {
    return this.#places[this.#heap[0]!]!
  }

  get time(): number {
    return this.#times[this.#places[this.#heap[0]!]!]!
  }

  /** Go on in the first part. */
  advance(): void {
    const part = this.#heap[0]!
    if (++this.#places[part]! === this.#ends[part]) this.#heap[0] = this.#heap[--this.size]!
    this.#sink(0)
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#times[this.#places[a]!]!
    const second = this.#times[this.#places[b]!]!
    return first < second || (first === second && a < b)
  }

  #sink(at: number): void {
    const heap = this.#heap
    const moving = heap[at]!
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.size) break
      if (child + 1 < this.size && this.#isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!this.#isBefore(heap[child]!, moving)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = moving
  }
}
