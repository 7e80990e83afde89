/* Folding -- samples into buckets.
 *
 * Buckets are as long as asked and begin at multiples of that from an alignment. The fold holds one open bucket and the
 * states of its aggregators; the first sample of the next bucket closes it:
 *
 *      samples    . . . .|. . .|             |. .
 *      buckets    [     )[     )[     )[     )[     )
 *      rows        row    row   EMPTY  EMPTY   open
 *
 * A fold is fed pieces of decoded samples (feed) and runs that are known by their sums (merge). Which of the two is
 * used where is foldSeries' choice: whole chunks and stretches that lie in one bucket are merged, and only those cut by
 * a bucket's edge are decoded.
 *
 *      bucket      [------------------------------------------------)
 *      stretches   ...|--------|--------|--------|--------|--------|...
 *                  decoded       merged   merged   merged    decoded
 *
 *   feed O(samples) + O(1) a bucket      merge O(1)      rows O(buckets), bounded by Rows */

import { type Aggregator, Bucket, type Run, STATE } from '../aggregate/aggregator.ts'
import { lineBetween } from '../aggregate/twa.ts'
import { placeOf } from '../chunk/batch.ts'
import type { Series } from '../series.ts'
import type { Rows } from './rows.ts'
import { findAfter, findBefore, Neighbour, type SampleSink } from './scan.ts'

/** Which time a row has. */
export const STAMP = { start: 0, middle: 1, end: 2 } as const
export type Stamp = (typeof STAMP)[keyof typeof STAMP]

/** How samples are put in buckets; the same for every series of a query. */
export interface Bucketing {
  readonly aggregators: readonly Aggregator[]
  readonly duration: number
  readonly align: number
  readonly stamp: Stamp
  /** Whether buckets without samples, between those with, are told. */
  readonly empty: boolean
  /** The last time of the query. */
  readonly to: number
  /** Whether the rows will be read from the last to the first. */
  readonly reverse: boolean
  /** Rows that are wanted, counted from the first; Infinity for all. */
  readonly limit: number
}

/** Where the bucket of a time begins; below zero when the alignment says so. */
export function bucketStart(time: number, duration: number, align: number): number {
  return Math.floor((time - align) / duration) * duration + align
}

/** Folds one series after the other into rows. */
export class Fold implements SampleSink {
  readonly #how: Bucketing
  readonly #aggregators: readonly Aggregator[]
  readonly #state: Float64Array
  readonly #bucket: Bucket = new Bucket()
  readonly #neighbour: Neighbour = new Neighbour()
  /** Whether an aggregator looks at the line through the samples. */
  readonly #line: boolean
  #series!: Series
  #rows!: Rows
  /** The first time that is asked for. */
  #from = 0
  #open = false
  /** Whether no more is wanted. */
  #done = false
  /** The open bucket, uncut. */
  #start = 0
  #end = 0
  #lastTime = 0
  #lastValue = 0

  constructor(how: Bucketing) {
    this.#how = how
    this.#aggregators = how.aggregators
    this.#state = new Float64Array(how.aggregators.length * STATE)
    this.#line = how.aggregators.some(aggregator => aggregator.empty === 'line')
  }

  /** Begin with a series, from a time on. */
  begin(series: Series, from: number, rows: Rows): void {
    this.#series = series
    this.#rows = rows
    this.#from = from
    this.#open = this.#done = false
    rows.reset(this.#aggregators.length)
  }

  /** Whether all samples from one time to another, neither before any seen, lie in one bucket. */
  isOneBucket(first: number, last: number): boolean {
    if (this.#open && first < this.#end) return last < this.#end
    const { duration, align } = this.#how
    return last < bucketStart(first, duration, align) + duration
  }

  take(times: Float64Array, at: number, values: Float64Array, valuesAt: number, length: number): boolean {
    if (this.#done) return false
    const aggregators = this.#aggregators
    const state = this.#state
    const bucket = this.#bucket
    const end = at + length
    const shift = valuesAt - at
    let from = at
    while (from < end) {
      const time = times[from]!
      if (time >= this.#end || !this.#open) if (!this.#turn(time, values[from + shift]!)) return false
      const to = times[end - 1]! < this.#end ? end : placeOf(times, from, end, this.#end)
      for (let i = 0; i < aggregators.length; i++)
        aggregators[i]!.feed(state, i * STATE, bucket, times, from, values, from + shift, to - from)
      this.#lastTime = times[to - 1]!
      this.#lastValue = values[to - 1 + shift]!
      from = to
    }
    return true
  }

  /** Take a run that lies in one bucket. Returns whether more is wanted. */
  merge(run: Run): boolean {
    if (run.firstTime >= this.#end || !this.#open) if (!this.#turn(run.firstTime, run.firstValue)) return false
    const aggregators = this.#aggregators
    for (let i = 0; i < aggregators.length; i++) aggregators[i]!.merge(this.#state, i * STATE, this.#bucket, run)
    this.#lastTime = run.lastTime
    this.#lastValue = run.lastValue
    return true
  }

  /** Close the last bucket. */
  finish(): void {
    if (this.#done) return
    this.#done = true
    const { empty, to, duration, align, reverse } = this.#how
    const from = this.#from
    const after = this.#line && findAfter(this.#series, this.#open ? this.#lastTime : to, this.#neighbour)
    if (after) this.#setAfter(this.#neighbour.time, this.#neighbour.value)
    if (this.#open) {
      this.#closeBucket(after, this.#neighbour.time, this.#neighbour.value)
      if (after && empty && this.#neighbour.time > to) {
        // Behind the last sample the line goes on to the one outside the range.
        this.#setBefore(this.#lastTime, this.#lastValue)
        this.#fillEmpty(this.#end, this.#lastBucket())
      }
    } else if (after && empty && this.#findBefore(from)) {
      this.#fillEmpty(bucketStart(from, duration, align), this.#lastBucket())
    }
    if (reverse && empty) this.#carryBackwards()
  }

  /** Where the bucket behind the last one of the query begins. */
  #lastBucket(): number {
    const { to, duration, align } = this.#how
    return bucketStart(to, duration, align) + duration
  }

  /** Close the open bucket, tell the empty ones up to the bucket of a sample, and open that. */
  #turn(time: number, value: number): boolean {
    const { duration, align, empty, limit } = this.#how
    const rows = this.#rows
    const start = bucketStart(time, duration, align)
    const bucket = this.#bucket
    if (this.#open) {
      this.#closeBucket(true, time, value)
      if (empty && start > this.#end) {
        this.#setBefore(this.#lastTime, this.#lastValue)
        this.#setAfter(time, value)
        this.#fillEmpty(this.#end, start)
      }
      if (rows.length >= limit || rows.overflowed) {
        this.#done = true
        return false
      }
      this.#setBefore(this.#lastTime, this.#lastValue)
    } else {
      const before = this.#line && this.#findBefore(time)
      if (before && empty && this.#neighbour.time < this.#from) {
        this.#setAfter(time, value)
        this.#fillEmpty(bucketStart(this.#from, duration, align), start)
      }
      bucket.hasBefore = before
    }
    this.#start = start
    // Beyond 2^53 a bucket may be shorter than the step from one time to the next: then it is that step.
    this.#end = Math.max(start + duration, time + Math.max(1, time * 2 ** -52))
    this.#cut(start)
    this.#open = true
    const aggregators = this.#aggregators
    for (let i = 0; i < aggregators.length; i++) aggregators[i]!.reset(this.#state, i * STATE)
    return true
  }

  /** Find the sample before a time, and have the bucket know it. */
  #findBefore(time: number): boolean {
    const found = findBefore(this.#series, time, this.#neighbour)
    if (found) this.#setBefore(this.#neighbour.time, this.#neighbour.value)
    return found
  }

  #setBefore(time: number, value: number): void {
    this.#bucket.hasBefore = true
    this.#bucket.beforeTime = time
    this.#bucket.beforeValue = value
  }

  #setAfter(time: number, value: number): void {
    this.#bucket.hasAfter = true
    this.#bucket.afterTime = time
    this.#bucket.afterValue = value
  }

  /** Have the bucket be the part of one that the query asks for. */
  #cut(start: number): void {
    const { to, duration } = this.#how
    const from = this.#from
    this.#bucket.start = Math.max(start, from)
    this.#bucket.end = Math.min(start + duration, to)
  }

  /** Write the row of the open bucket. `after` tells whether a sample comes behind it. */
  #closeBucket(after: boolean, time: number, value: number): void {
    const rows = this.#rows
    if (rows.reserve(1) === 0) return
    this.#bucket.hasAfter = after
    if (after) this.#setAfter(time, value)
    const aggregators = this.#aggregators
    const { width, values, length } = rows
    for (let i = 0; i < width; i++)
      values[length * width + i] = aggregators[i]!.result(this.#state, i * STATE, this.#bucket)
    rows.times[length] = this.#stampOf(this.#start)
    rows.length = length + 1
  }

  /** Write rows for the buckets from one start up to another. */
  #fillEmpty(start: number, end: number): void {
    const { aggregators, duration, limit } = this.#how
    const rows = this.#rows
    const wanted = Math.min(Math.round((end - start) / duration), this.#how.reverse ? Infinity : limit - rows.length)
    const count = wanted > 0 ? rows.reserve(wanted) : 0
    const { width } = rows
    for (let n = 0; n < count; n++) {
      this.#cut(start)
      for (let i = 0; i < width; i++)
        rows.values[rows.length * width + i] = this.#emptyValue(aggregators[i]!, rows.length, i)
      rows.times[rows.length++] = this.#stampOf(start)
      start += duration
    }
  }

  #emptyValue(aggregator: Aggregator, row: number, column: number): number {
    switch (aggregator.empty) {
      case 'zero':
        return 0
      case 'line':
        return lineBetween(this.#bucket)
      case 'last':
        return row === 0 || this.#how.reverse ? Number.NaN : this.#rows.values[(row - 1) * this.#rows.width + column]!
      default:
        return Number.NaN
    }
  }

  /** Read backwards, an empty bucket repeats the value behind it in time, which comes before it in reading order. */
  #carryBackwards(): void {
    const { aggregators } = this.#how
    const { length, width, values } = this.#rows
    for (let i = 0; i < width; i++) {
      // `last` read backwards is what `first` gives in order of time: see mirrored.
      if (aggregators[i]!.name !== 'first') continue
      for (let row = length - 2; row >= 0; row--)
        if (Number.isNaN(values[row * width + i]!)) values[row * width + i] = values[(row + 1) * width + i]!
    }
  }

  #stampOf(start: number): number {
    const { stamp, duration } = this.#how
    const shown = Math.max(start, 0)
    if (stamp === STAMP.start) return shown
    return shown + (stamp === STAMP.end ? duration : Math.floor(duration / 2))
  }
}
