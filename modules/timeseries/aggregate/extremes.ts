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
    let least = state[at + LEAST_AT]!
    for (let i = valuesAt; i < valuesAt + length; i++) if (values[i]! < least) least = values[i]!
    state[at + LEAST_AT] = least
  },
  merge(state, at, _bucket, run) {
    if (run.least < state[at + LEAST_AT]!) state[at + LEAST_AT] = run.least
  },
  result(state, at) {
    return state[at + LEAST_AT]!
  },
}

export const max: Aggregator = {
  name: 'max',
  code: 2,
  empty: 'nan',
  reset,
  feed(state, at, _bucket, _times, _timesAt, values, valuesAt, length) {
    let greatest = state[at + GREATEST_AT]!
    for (let i = valuesAt; i < valuesAt + length; i++) if (values[i]! > greatest) greatest = values[i]!
    state[at + GREATEST_AT] = greatest
  },
  merge(state, at, _bucket, run) {
    if (run.greatest > state[at + GREATEST_AT]!) state[at + GREATEST_AT] = run.greatest
  },
  result(state, at) {
    return state[at + GREATEST_AT]!
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
}

function reset(state: Float64Array, at: number): void {
  state[at + LEAST_AT] = Number.POSITIVE_INFINITY
  state[at + GREATEST_AT] = Number.NEGATIVE_INFINITY
}
