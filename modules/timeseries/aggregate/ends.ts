/* first and last: the values of a bucket's ends. A query that reads backwards swaps them (table.ts, mirrored). */

import type { Aggregator } from './aggregator.ts'

/** Places in the state of both: the value, and whether there is one. */
export const END_VALUE = 0
export const END_SEEN = 1

export const first: Aggregator = {
  name: 'first',
  code: 6,
  empty: 'nan',
  reset,
  feed(state, at, _bucket, _times, _timesAt, values, valuesAt) {
    if (state[at + END_SEEN] === 1) return
    state[at + END_VALUE] = values[valuesAt]!
    state[at + END_SEEN] = 1
  },
  merge(state, at, _bucket, run) {
    if (state[at + END_SEEN] === 1) return
    state[at + END_VALUE] = run.firstValue
    state[at + END_SEEN] = 1
  },
  result,
  of(_state, out, outAt, _bucket, _times, _timesAt, values, valuesAt) {
    out[outAt] = values[valuesAt]!
  },
}

export const last: Aggregator = {
  name: 'last',
  code: 7,
  empty: 'last',
  reset,
  feed(state, at, _bucket, _times, _timesAt, values, valuesAt, length) {
    state[at + END_VALUE] = values[valuesAt + length - 1]!
    state[at + END_SEEN] = 1
  },
  merge(state, at, _bucket, run) {
    state[at + END_VALUE] = run.lastValue
    state[at + END_SEEN] = 1
  },
  result,
  of(_state, out, outAt, _bucket, _times, _timesAt, values, valuesAt, length) {
    out[outAt] = values[valuesAt + length - 1]!
  },
}

function reset(state: Float64Array, at: number): void {
  state[at + END_VALUE] = state[at + END_SEEN] = 0
}

function result(state: Float64Array, at: number): number {
  return state[at + END_VALUE]!
}
