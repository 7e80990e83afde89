/* Aggregators -- what becomes of the samples of a bucket.
 *
 * One record each (sums.ts, extremes.ts, ends.ts, spread.ts, twa.ts), all listed in table.ts. An aggregator is pure
 * functions over a few doubles of somebody else's array, its state, so a query holds one array for all it computes, and
 * a rule holds its own from sample to sample.
 *
 *      reset -> (feed | merge)* -> result          of
 *
 * `feed` takes samples one by one. `merge` takes a whole run at once by what is known of it, in O(1): this is why an
 * average over a year need not look at the year. Both may be called in any mixture, in order of time. `of` does all in one
 * for a bucket whose samples lie side by side, which is the usual one when buckets are short.
 *
 * To add one: its record, its line in table.ts, and what it saves in persist.ts. */

/** Doubles that an aggregator may use of the state. */
export const STATE = 6

/** What is known of samples that need not be looked at. Times rise; `count` is at least 1. */
export class Run {
  count = 0
  sum = 0
  spread = 0
  least = 0
  greatest = 0
  area = 0
  firstTime = 0
  firstValue = 0
  lastTime = 0
  lastValue = 0
}

/** A bucket, cut to what the query asks for, and the samples just outside it. Only `twa` looks at it. */
export class Bucket {
  start = 0
  end = 0
  hasBefore = false
  beforeTime = 0
  beforeValue = 0
  hasAfter = false
  afterTime = 0
  afterValue = 0
}

export interface Aggregator {
  /** As a reply writes it. */
  readonly name: string
  /** As a dump writes it. */
  readonly code: number
  /** What a bucket without samples has: nothing, zero, the value before, or the line between its neighbours. */
  readonly empty: 'nan' | 'zero' | 'last' | 'line'

  reset(state: Float64Array, at: number): void

  /** Take samples of one bucket, at least one. */
  feed(
    state: Float64Array,
    at: number,
    bucket: Bucket,
    times: Float64Array,
    timesAt: number,
    values: Float64Array,
    valuesAt: number,
    length: number,
  ): void

  /** Take a run of samples of one bucket. Its sums are finite. */
  merge(state: Float64Array, at: number, bucket: Bucket, run: Run): void

  /** The bucket's value, after at least one sample. */
  result(state: Float64Array, at: number, bucket: Bucket): number

  /**
   * Write the value of a bucket that has just these samples, at least one: what reset, feed and result would give. `state`
   * is free to be used.
   */
  of(
    state: Float64Array,
    out: Float64Array,
    outAt: number,
    bucket: Bucket,
    times: Float64Array,
    timesAt: number,
    values: Float64Array,
    valuesAt: number,
    length: number,
  ): void
}
