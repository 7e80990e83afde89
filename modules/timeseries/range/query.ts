/* Range queries -- what TS.RANGE and its kin ask of one series, answered in rows.
 *
 * The samples themselves are copied. Buckets are folded (fold.ts), and this file decides what the fold is given: runs
 * known by their sums where a chunk or a stretch lies in one bucket, decoded samples where an edge cuts it. With a filter
 * every sample must be seen, so sums are of no use.
 *
 * A query that reads backwards and wants only so many buckets would fold all for the sake of the last few; so the range is
 * narrowed first, by stepping back from bucket to bucket, O(buckets wanted * log n).
 *
 *   aggregation O(chunks + buckets * 256)    with a filter O(samples) */

import type { Address } from 'redstrata/module'
import { Run } from '../aggregate/aggregator.ts'
import { mirrored } from '../aggregate/table.ts'
import { placeOf } from '../chunk/batch.ts'
import {
  chunkRun,
  firstTimeOf,
  isSealed,
  lastTimeOf,
  seal,
  stretchAt,
  stretchesOf,
  stretchRun,
  stretchTimeOf,
  timeBeforeStretch,
} from '../chunk/stretch.ts'
import type { Series } from '../series.ts'
import { type Bucketing, bucketStart, Fold } from './fold.ts'
import type { Rows } from './rows.ts'
import { findBefore, type Latest, Neighbour, placeAfter, type SampleFilter, type SampleSink, scan } from './scan.ts'

/** A query on a series. */
export interface RangeQuery {
  readonly from: number
  readonly to: number
  readonly filter: SampleFilter | null
  /** Null for the samples themselves. */
  readonly bucketing: BucketChoice | null
  readonly reverse: boolean
  /** Rows wanted, counted from the side that is read first; Infinity for all. */
  readonly limit: number
}

/** The part of a bucketing that is not said elsewhere in the query. */
export type BucketChoice = Pick<Bucketing, 'aggregators' | 'duration' | 'align' | 'stamp' | 'empty'>

const NO_QUERY: RangeQuery = { from: 0, to: 0, filter: null, bucketing: null, reverse: false, limit: 0 }

/** Copy the samples of a query to rows, in order of time: all of them, or as many as are wanted. */
export function collect(series: Series, query: RangeQuery, latest: Latest | null, rows: Rows): void {
  const { from, to, filter, reverse, limit } = query
  rows.reset(1)
  if (limit === Number.POSITIVE_INFINITY) {
    scan(series, { from, to, filter, reverse: false, latest }, rows)
    return
  }
  scan(series, { from, to, filter, reverse, latest }, new FirstSamples(rows, reverse, limit))
  if (reverse) rows.turn()
}

/** Takes so many samples, in reading order. */
class FirstSamples implements SampleSink {
  readonly #rows: Rows
  readonly #reverse: boolean
  readonly #limit: number

  constructor(rows: Rows, reverse: boolean, limit: number) {
    this.#rows = rows
    this.#reverse = reverse
    this.#limit = limit
  }

  take(times: Float64Array, at: number, values: Float64Array, valuesAt: number, length: number): boolean {
    const rows = this.#rows
    const count = Math.min(length, this.#limit - rows.length)
    if (!this.#reverse) rows.take(times, at, values, valuesAt, count)
    else for (let i = length - 1; i >= length - count; i--) rows.take(times, at + i, values, valuesAt + i, 1)
    return rows.length < this.#limit && !rows.overflowed
  }
}

/** Answers one query for one series after the other, and then another. */
export class Aggregation {
  readonly #fold: Fold = new Fold()
  readonly #run: Run = new Run()
  #query: RangeQuery = NO_QUERY
  #choice!: BucketChoice

  /** Begin with a query, and its buckets. */
  ask(query: RangeQuery, choice: BucketChoice): this {
    const { to, reverse } = query
    this.#query = query
    this.#choice = choice
    this.#fold.ask({
      aggregators: reverse ? choice.aggregators.map(mirrored) : choice.aggregators,
      duration: choice.duration,
      align: choice.align,
      stamp: choice.stamp,
      empty: choice.empty,
      to,
      reverse,
      limit: query.limit,
    })
    return this
  }

  /**
   * Fill rows, in order of time, one a bucket. There can be more than wanted: the first ones count, or the last ones
   * when reading backwards. `latest` is the open bucket of the rule that feeds the series, if it is to be seen.
   */
  of(series: Series, latest: Latest | null, rows: Rows): void {
    rows.reset(this.#fold.width)
    this.append(series, latest, rows)
  }

  /** The same behind the rows of other series. */
  append(series: Series, latest: Latest | null, rows: Rows): void {
    const { to, filter, reverse } = this.#query
    const fold = this.#fold
    const from = reverse && filter === null ? narrowed(series, this.#query, this.#choice) : this.#query.from
    fold.begin(series, from, rows)
    const shown = latest !== null && latest.time >= from && latest.time <= to ? latest : null
    if (filter !== null) scan(series, { from, to, filter, reverse: false, latest: shown }, fold)
    else {
      if (series.count > 0) foldStored(series, Math.max(from, series.horizon), to, fold, this.#run, shown === null)
      if (shown !== null) fold.take(Float64Array.of(shown.time), 0, Float64Array.of(shown.value), 0, 1)
    }
    fold.finish()
  }
}

/** A later start that leaves as many buckets as are wanted, for a query that reads backwards. */
function narrowed(series: Series, query: RangeQuery, choice: BucketChoice): number {
  const { from, to, limit } = query
  if (limit === Number.POSITIVE_INFINITY || choice.empty) return from
  const found = new Neighbour()
  let start = to + 1
  for (let n = 0; n < limit; n++) {
    if (!findBefore(series, start, found) || found.time < from) return from
    // Rounding beyond 2^53 may not bring the start back behind the sample: each step goes back by one at least.
    start = Math.min(found.time, bucketStart(found.time, choice.duration, choice.align))
  }
  return Math.max(from, start)
}

/** Feed a fold with all samples from one time to another. `isAll`: nothing else follows. */
function foldStored(series: Series, from: number, to: number, fold: Fold, run: Run, isAll: boolean): void {
  const { chunks, engine, stock } = series
  const { memory } = stock
  const begin = chunks.indexOf(from)
  if (isAll && fold.isSimple && foldAtOnce(series, begin, from, to, fold)) return
  for (let index = begin; index < chunks.length; index++) {
    const chunk = chunks.at(index)
    const first = firstTimeOf(memory, chunk)
    const last = lastTimeOf(memory, chunk)
    if (first > to) return
    if (last < from) continue
    let whole = first >= from && last <= to && fold.isOneBucket(first, last)
    if (whole) {
      seal(engine, chunk)
      whole = chunkRun(memory, chunk, run)
    }
    if (!(whole ? fold.merge(run) : foldChunk(series, chunk, from, to, fold, run))) return
  }
}

/** Feed a fold with all samples of a range that lies in one stretch, of more than one bucket. False when it does not. */
function foldAtOnce(series: Series, index: number, from: number, to: number, fold: Fold): boolean {
  const { chunks, engine, stock } = series
  const { memory } = stock
  if (index + 1 < chunks.length && firstTimeOf(memory, chunks.at(index + 1)) <= to) return false
  const chunk = chunks.at(index)
  const stretch = Math.max(0, stretchAt(memory, chunk, from))
  if (stretch + 1 < stretchesOf(memory, chunk) && stretchTimeOf(memory, chunk, stretch + 1) <= to) return false
  const first = stretchTimeOf(memory, chunk, stretch)
  if (first > to || fold.isOneBucket(Math.max(first, from), Math.min(lastTimeOf(memory, chunk), to))) return false
  const { times, timesAt, values, valuesAt, length } = stock.cache.read(engine, chunk, stretch)
  const end = timesAt + length
  const begin = first >= from ? timesAt : placeOf(times, timesAt, end, from)
  const until = times[end - 1]! <= to ? end : placeAfter(times, timesAt, end, to)
  if (begin < until) fold.takeAll(times, begin, values, valuesAt + begin - timesAt, until - begin)
  return true
}

/** Feed a fold with a chunk's samples from one time to another. Returns whether it wants more. */
function foldChunk(series: Series, chunk: Address, from: number, to: number, fold: Fold, run: Run): boolean {
  const { engine, stock } = series
  const { memory } = stock
  const stretches = stretchesOf(memory, chunk)
  for (let stretch = Math.max(0, stretchAt(memory, chunk, from)); stretch < stretches; stretch++) {
    const first = stretchTimeOf(memory, chunk, stretch)
    if (first > to) return true
    const open = stretch === stretches - 1
    const last = open ? lastTimeOf(memory, chunk) : timeBeforeStretch(memory, chunk, stretch + 1)
    if (first >= from && last <= to && fold.isOneBucket(first, last)) {
      if (open && !isSealed(memory, chunk)) seal(engine, chunk)
      if (stretchRun(memory, chunk, stretch, run)) {
        if (!fold.merge(run)) return false
        continue
      }
    }
    const { times, timesAt, values, valuesAt, length } = stock.cache.read(engine, chunk, stretch)
    const end = timesAt + length
    const begin = first >= from ? timesAt : placeOf(times, timesAt, end, from)
    const until = last <= to ? end : placeAfter(times, timesAt, end, to)
    if (begin < until && !fold.take(times, begin, values, valuesAt + begin - timesAt, until - begin)) return false
  }
  return true
}
