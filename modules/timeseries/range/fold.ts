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
 * Buckets that begin and end within one piece of decoded samples need no state: their rows are written one after the
 * other, each by one call (Aggregator.of).
 *
 *   feed O(samples) + O(1) a bucket      merge O(1)      rows O(buckets), bounded by Rows */

import { type Aggregator, Bucket, type Run, STATE } from '../aggregate/aggregator.ts'
import { lineBetween } from '../aggregate/twa.ts'
import { placeNear, placeOf } from '../chunk/batch.ts'
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
  /** Rows that are wanted, counted from the first, or from the last when reading backwards; Infinity for all. */
  readonly limit: number
}

/** Below this, sums of times and durations are exact. */
const EXACT_BELOW = 2 ** 52

/** Where the bucket of a time begins; below zero when the alignment says so. */
export function bucketStart(time: number, duration: number, align: number): number {
  return Math.floor((time - align) / duration) * duration + align
}

/** Folds one series after the other into rows. One serves all queries. */
export class Fold implements SampleSink {
  readonly #bucket: Bucket = new Bucket()
  readonly #neighbour: Neighbour = new Neighbour()
  /** Always this array: one of another make would cost the loops below their compiled code. */
  readonly #aggregators: Aggregator[] = []
  #state: Float64Array = new Float64Array(STATE)
  #duration = 1
  #align = 0
  /** From a bucket's start to the time of its row. */
  #stamp = 0
  #empty = false
  #to = 0
  #reverse = false
  #limit = 0
  /** Of rows that stand side by side, those before so many from the last are not wanted. */
  #lastRows = 0
  /** Whether an aggregator looks at the line through the samples. */
  #line = false
  /** Whether rows come from buckets with samples only, and have one value. */
  #simple = false
  #series!: Series
  #rows!: Rows
  /** Where the rows of the series begin, and where they are enough. */
  #base = 0
  #most = 0
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

  /** Begin with a query. */
  ask(how: Bucketing): void {
    const { aggregators, duration, stamp } = how
    if (aggregators.length * STATE > this.#state.length) this.#state = new Float64Array(aggregators.length * STATE)
    this.#aggregators.length = 0
    for (const aggregator of aggregators) this.#aggregators.push(aggregator)
    this.#duration = duration
    this.#align = how.align
    this.#stamp = stamp === STAMP.start ? 0 : stamp === STAMP.end ? duration : Math.floor(duration / 2)
    this.#empty = how.empty
    this.#to = how.to
    this.#reverse = how.reverse
    this.#limit = how.reverse ? Number.POSITIVE_INFINITY : how.limit
    this.#lastRows = how.reverse ? how.limit : Number.POSITIVE_INFINITY
    this.#line = aggregators.some(aggregator => aggregator.empty === 'line')
    this.#simple = aggregators.length === 1 && !how.empty
  }

  /** Values of a row. */
  get width(): number {
    return this.#aggregators.length
  }

  /** Begin with a series, from a time on. Its rows, which are as wide as said, come behind those that are there. */
  begin(series: Series, from: number, rows: Rows): void {
    this.#series = series
    this.#rows = rows
    this.#from = from
    this.#open = this.#done = false
    this.#base = rows.length
    this.#most = rows.length + this.#limit
  }

  /** Whether all samples from one time to another, neither before any seen, lie in one bucket. */
  isOneBucket(first: number, last: number): boolean {
    if (this.#open && first < this.#end) return last < this.#end
    return last < this.#startOf(first) + this.#duration
  }

  take(times: Float64Array, at: number, values: Float64Array, valuesAt: number, length: number): boolean {
    if (this.#done) return false
    const aggregators = this.#aggregators
    const state = this.#state
    const bucket = this.#bucket
    const end = at + length
    const shift = valuesAt - at
    const last = times[end - 1]!
    let from = at
    while (from < end) {
      const time = times[from]!
      if (!this.#open) this.#openFirst(time, values[from + shift]!)
      else if (time >= this.#end) {
        if (!this.#close(time, values[from + shift]!)) return false
        if (this.#simple && last < EXACT_BELOW) from = this.#takeWhole(times, from, end, values, shift, false)
        if (this.#done) return false
        this.#begin(times[from]!)
      }
      const to = last < this.#end ? end : placeOf(times, from, end, this.#end)
      for (let i = 0; i < aggregators.length; i++)
        aggregators[i]!.feed(state, i * STATE, bucket, times, from, values, from + shift, to - from)
      this.#lastTime = times[to - 1]!
      this.#lastValue = values[to - 1 + shift]!
      from = to
    }
    return true
  }

  /** Whether `takeAll` may be used: rows come from samples alone, one value each. */
  get isSimple(): boolean {
    return this.#simple && !this.#line
  }

  /** Take samples, at least one, that are all there are in the range. */
  takeAll(times: Float64Array, at: number, values: Float64Array, valuesAt: number, length: number): void {
    if (times[at + length - 1]! < EXACT_BELOW) {
      this.#end = this.#startOf(times[at]!)
      this.#takeWhole(times, at, at + length, values, valuesAt - at, true)
      this.#done = true
    } else this.take(times, at, values, valuesAt, length)
  }

  /**
   * Write the rows of all buckets that begin and end among some samples; the bucket before was just closed. Returns the
   * first sample of the bucket that may go on behind them, unless these samples are all there are.
   */
  #takeWhole(
    times: Float64Array,
    from: number,
    end: number,
    values: Float64Array,
    shift: number,
    isAll: boolean,
  ): number {
    const aggregator = this.#aggregators[0]!
    const bucket = this.#bucket
    const rows = this.#rows
    const duration = this.#duration
    const first = from
    const firstTime = times[from]!
    const last = times[end - 1]!
    if (rows.reserve(Math.min(end - from, Math.ceil((last - firstTime) / duration) + 1)) === 0) {
      this.#done = true
      return from
    }
    const density = (end - 1 - from) / (last - firstTime)
    const rowTimes = rows.times
    const rowValues = rows.values
    let row = rows.length
    let stop = this.#end
    while (from < end) {
      const time = times[from]!
      const start = time < stop + duration ? stop : this.#startOf(time)
      stop = start + duration
      // An alignment beyond 2^53 is not exact: what does not hold its first sample is no bucket to be written here.
      if (!(stop > time) || (last < stop && !isAll)) break
      const to = last < stop ? end : placeNear(times, from, end, stop, first + (stop - firstTime) * density)
      if (this.#line) {
        this.#cut(start)
        this.#setAfter(times[to]!, values[to + shift]!)
      }
      aggregator.of(this.#state, rowValues, row, bucket, times, from, values, from + shift, to - from)
      rowTimes[row++] = Math.max(start, 0) + this.#stamp
      if (row >= this.#most) {
        this.#done = true
        break
      }
      if (this.#line) this.#setBefore(times[to - 1]!, values[to - 1 + shift]!)
      from = to
    }
    rows.length = row
    return from
  }

  /** Take a run that lies in one bucket. Returns whether more is wanted. */
  merge(run: Run): boolean {
    if (this.#done) return false
    if (!this.#open) this.#openFirst(run.firstTime, run.firstValue)
    else if (run.firstTime >= this.#end) {
      if (!this.#close(run.firstTime, run.firstValue)) return false
      this.#begin(run.firstTime)
    }
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
    const empty = this.#empty
    const to = this.#to
    const after = this.#line && findAfter(this.#series, this.#open ? this.#lastTime : to, this.#neighbour)
    if (after) this.#setAfter(this.#neighbour.time, this.#neighbour.value)
    if (this.#open) {
      this.#writeRow(after)
      if (after && empty && this.#neighbour.time > to) {
        // Behind the last sample the line goes on to the one outside the range.
        this.#setBefore(this.#lastTime, this.#lastValue)
        this.#fillEmpty(this.#end, this.#lastBucket())
      }
    } else if (after && empty && this.#findBefore(this.#from)) {
      this.#fillEmpty(this.#startOf(this.#from), this.#lastBucket())
    }
    if (this.#reverse && empty) this.#carryBackwards()
  }

  /** Where the bucket behind the last one of the query begins. */
  #lastBucket(): number {
    return this.#startOf(this.#to) + this.#duration
  }

  /** Open the first bucket of a series, that of a sample, and tell the empty ones before it that the line crosses. */
  #openFirst(time: number, value: number): void {
    const before = this.#line && this.#findBefore(time)
    if (before && this.#empty && this.#neighbour.time < this.#from) {
      this.#setAfter(time, value)
      this.#fillEmpty(this.#startOf(this.#from), this.#startOf(time))
    }
    this.#bucket.hasBefore = before
    this.#begin(time)
  }

  #startOf(time: number): number {
    return bucketStart(time, this.#duration, this.#align)
  }

  /** Close the open bucket, and tell the empty ones up to that of a sample. Returns whether more is wanted. */
  #close(time: number, value: number): boolean {
    const rows = this.#rows
    if (this.#line) this.#setAfter(time, value)
    this.#writeRow(true)
    if (this.#line) this.#setBefore(this.#lastTime, this.#lastValue)
    if (this.#empty) {
      const start = this.#startOf(time)
      if (start > this.#end) this.#fillEmpty(this.#end, start)
    }
    if (rows.length < this.#most && !rows.overflowed) return true
    this.#done = true
    return false
  }

  /** Open the bucket of a time. */
  #begin(time: number): void {
    const start = this.#startOf(time)
    this.#start = start
    // Beyond 2^53 a bucket may be shorter than the step from one time to the next: then it is that step.
    this.#end = Math.max(start + this.#duration, time + Math.max(1, time * 2 ** -52))
    if (this.#line) this.#cut(start)
    this.#open = true
    const aggregators = this.#aggregators
    for (let i = 0; i < aggregators.length; i++) aggregators[i]!.reset(this.#state, i * STATE)
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
    this.#bucket.start = Math.max(start, this.#from)
    this.#bucket.end = Math.min(start + this.#duration, this.#to)
  }

  /** Write the row of the open bucket. `after` tells whether a sample comes behind it. */
  #writeRow(after: boolean): void {
    const rows = this.#rows
    if (rows.reserve(1) === 0) return
    this.#bucket.hasAfter = after
    const aggregators = this.#aggregators
    const { width, values, length } = rows
    for (let i = 0; i < width; i++)
      values[length * width + i] = aggregators[i]!.result(this.#state, i * STATE, this.#bucket)
    rows.times[length] = Math.max(this.#start, 0) + this.#stamp
    rows.length = length + 1
  }

  /** Write rows for the buckets from one start up to another. */
  #fillEmpty(start: number, end: number): void {
    const aggregators = this.#aggregators
    const rows = this.#rows
    const all = Math.round((end - start) / this.#duration)
    if (all > this.#lastRows) start += (all - this.#lastRows) * this.#duration
    const wanted = Math.min(all, this.#reverse ? this.#lastRows : this.#most - rows.length)
    const count = wanted > 0 ? rows.reserve(wanted) : 0
    const { width } = rows
    for (let n = 0; n < count; n++) {
      this.#cut(start)
      for (let i = 0; i < width; i++)
        rows.values[rows.length * width + i] = this.#emptyValue(aggregators[i]!, rows.length, i)
      rows.times[rows.length++] = Math.max(start, 0) + this.#stamp
      start += this.#duration
    }
  }

  #emptyValue(aggregator: Aggregator, row: number, column: number): number {
    switch (aggregator.empty) {
      case 'zero':
        return 0
      case 'line':
        return lineBetween(this.#bucket)
      case 'last':
        return row === this.#base || this.#reverse
          ? Number.NaN
          : this.#rows.values[(row - 1) * this.#rows.width + column]!
      default:
        return Number.NaN
    }
  }

  /** Read backwards, an empty bucket repeats the value behind it in time, which comes before it in reading order. */
  #carryBackwards(): void {
    const aggregators = this.#aggregators
    const { length, width, values } = this.#rows
    for (let i = 0; i < width; i++) {
      // `last` read backwards is what `first` gives in order of time: see mirrored.
      if (aggregators[i]!.name !== 'first') continue
      for (let row = length - 2; row >= this.#base; row--)
        if (Number.isNaN(values[row * width + i]!)) values[row * width + i] = values[(row + 1) * width + i]!
    }
  }
}
