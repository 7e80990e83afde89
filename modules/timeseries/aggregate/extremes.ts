/* min, max and range. */

import type { Aggregator } from './aggregator.ts'

/** Places in the state of all three. */
export const LEAST_AT = 0
export const GREATEST_AT = 1

export const min: Aggregator = {
  name: 'min',
  code: 1,
  empty: 'nan',
  reset,
  feed(state, at, _bucket, _times, _timesAt, values, valuesAt, length) {
    state[at + LEAST_AT] = leastOf(state[at + LEAST_AT]!, values, valuesAt, length)
  },
  merge(state, at, _bucket, run) {
    if (run.least < state[at + LEAST_AT]!) state[at + LEAST_AT] = run.least
  },
  result(state, at) {
    return state[at + LEAST_AT]!
  },
  of(_state, out, outAt, _bucket, _times, _timesAt, values, valuesAt, length) {
    out[outAt] = leastOf(Number.POSITIVE_INFINITY, values, valuesAt, length)
  },
}

export const max: Aggregator = {
  name: 'max',
  code: 2,
  empty: 'nan',
  reset,
  feed(state, at, _bucket, _times, _timesAt, values, valuesAt, length) {
    state[at + GREATEST_AT] = greatestOf(state[at + GREATEST_AT]!, values, valuesAt, length)
  },
  merge(state, at, _bucket, run) {
    if (run.greatest > state[at + GREATEST_AT]!) state[at + GREATEST_AT] = run.greatest
  },
  result(state, at) {
    return state[at + GREATEST_AT]!
  },
  of(_state, out, outAt, _bucket, _times, _timesAt, values, valuesAt, length) {
    out[outAt] = greatestOf(Number.NEGATIVE_INFINITY, values, valuesAt, length)
  },
}

export const range: Aggregator = {
  name: 'range',
  code: 8,
  empty: 'nan',
  reset,
  feed(state, at, bucket, times, timesAt, values, valuesAt, length) {
    min.feed(state, at, bucket, times, timesAt, values, valuesAt, length)
    max.feed(state, at, bucket, times, timesAt, values, valuesAt, length)
  },
  merge(state, at, bucket, run) {
    min.merge(state, at, bucket, run)
    max.merge(state, at, bucket, run)
  },
  result(state, at) {
    return state[at + GREATEST_AT]! - state[at + LEAST_AT]!
  },
  of(_state, out, outAt, _bucket, _times, _timesAt, values, valuesAt, length) {
    const greatest = greatestOf(Number.NEGATIVE_INFINITY, values, valuesAt, length)
    out[outAt] = greatest - leastOf(Number.POSITIVE_INFINITY, values, valuesAt, length)
  },
}

function leastOf(least: number, values: Float64Array, at: number, length: number): number {
  for (let i = at; i < at + length; i++) if (values[i]! < least) least = values[i]!
  return least
}

function greatestOf(greatest: number, values: Float64Array, at: number, length: number): number {
  for (let i = at; i < at + length; i++) if (values[i]! > greatest) greatest = values[i]!
  return greatest
}

function reset(state: Float64Array, at: number): void {
  state[at + LEAST_AT] = Number.POSITIVE_INFINITY
  state[at + GREATEST_AT] = Number.NEGATIVE_INFINITY
}
