/* sum, count and avg.
 *
 * The sum of a bucket is taken in order of time, run by run where whole runs lie in it. An average whose sum leaves the
 * range of doubles goes on as a running mean: three times 1e308 average to 1e308. */

import type { Aggregator, Bucket } from './aggregator.ts'

export const sum: Aggregator = {
  name: 'sum',
  code: 3,
  empty: 'zero',
  reset(state, at) {
    state[at] = 0
  },
  feed(state, at, _bucket, _times, _timesAt, values, valuesAt, length) {
    let total = state[at]!
    for (let i = valuesAt; i < valuesAt + length; i++) total += values[i]!
    state[at] = total
  },
  merge(state, at, _bucket, run) {
    state[at]! += run.sum
  },
  result: first,
  of(_state, out, outAt, _bucket, _times, _timesAt, values, valuesAt, length) {
    out[outAt] = totalOf(values, valuesAt, length)
  },
}

export const count: Aggregator = {
  name: 'count',
  code: 5,
  empty: 'zero',
  reset(state, at) {
    state[at] = 0
  },
  feed(state, at, _bucket, _times, _timesAt, _values, _valuesAt, length) {
    state[at]! += length
  },
  merge(state, at, _bucket, run) {
    state[at]! += run.count
  },
  result: first,
  of(_state, out, outAt, _bucket, _times, _timesAt, _values, _valuesAt, length) {
    out[outAt] = length
  },
}

/** Places in the state of avg: the sum, or the mean once `IS_MEAN` is 1. */
export const AVG_SUM = 0
export const AVG_COUNT = 1
export const AVG_IS_MEAN = 2

export const avg: Aggregator = {
  name: 'avg',
  code: 4,
  empty: 'nan',
  reset: resetAvg,
  feed: feedAvg,
  merge(state, at, _bucket, run) {
    if (state[at + AVG_IS_MEAN] === 0) {
      const total = state[at + AVG_SUM]! + run.sum
      if (Number.isFinite(total)) {
        state[at + AVG_SUM] = total
        state[at + AVG_COUNT]! += run.count
        return
      }
      turnToMean(state, at)
    }
    meanOf(state, at, run.sum / run.count, run.count)
  },
  result: resultOfAvg,
  of(state, out, outAt, bucket, times, timesAt, values, valuesAt, length) {
    const total = totalOf(values, valuesAt, length)
    if (Number.isFinite(total)) {
      out[outAt] = total / length
      return
    }
    resetAvg(state, 0)
    feedAvg(state, 0, bucket, times, timesAt, values, valuesAt, length)
    out[outAt] = resultOfAvg(state, 0)
  },
}

function resetAvg(state: Float64Array, at: number): void {
  state[at + AVG_SUM] = state[at + AVG_COUNT] = state[at + AVG_IS_MEAN] = 0
}

function feedAvg(
  state: Float64Array,
  at: number,
  _bucket: Bucket,
  _times: Float64Array,
  _timesAt: number,
  values: Float64Array,
  valuesAt: number,
  length: number,
): void {
  if (state[at + AVG_IS_MEAN] === 0) {
    let total = state[at + AVG_SUM]!
    for (let i = valuesAt; i < valuesAt + length; i++) total += values[i]!
    if (Number.isFinite(total)) {
      state[at + AVG_SUM] = total
      state[at + AVG_COUNT]! += length
      return
    }
    turnToMean(state, at)
  }
  for (let i = valuesAt; i < valuesAt + length; i++) meanOf(state, at, values[i]!, 1)
}

function resultOfAvg(state: Float64Array, at: number): number {
  return state[at + AVG_IS_MEAN] === 1 ? state[at + AVG_SUM]! : state[at + AVG_SUM]! / state[at + AVG_COUNT]!
}

function totalOf(values: Float64Array, at: number, length: number): number {
  let total = 0
  for (let i = at; i < at + length; i++) total += values[i]!
  return total
}

function turnToMean(state: Float64Array, at: number): void {
  if (state[at + AVG_COUNT]! > 0) state[at + AVG_SUM]! /= state[at + AVG_COUNT]!
  state[at + AVG_IS_MEAN] = 1
}

/** Work the mean of some more values into a running mean. */
function meanOf(state: Float64Array, at: number, value: number, more: number): void {
  const all = state[at + AVG_COUNT]! + more
  const share = more / all
  state[at + AVG_SUM] = state[at + AVG_SUM]! * (1 - share) + value * share
  state[at + AVG_COUNT] = all
}

function first(state: Float64Array, at: number): number {
  return state[at]!
}
