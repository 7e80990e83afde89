/* var.p, var.s, std.p and std.s: how far values lie from their mean.
 *
 * Kept as count, mean and the sum of squared distances from the mean, which is exact where sums of squares are not:
 * values of a million that differ by one thousandth still have a variance. Two parts are put together by
 *
 *      distance of the means d          spread = spread1 + spread2 + d^2 * n1 * n2 / (n1 + n2)
 *
 * (T. Chan, G. Golub and R. LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979). */

import { spreadOf } from '../chunk/stretch.ts'
import type { Aggregator } from './aggregator.ts'

/** Places in the state of all four. */
export const SPREAD_COUNT = 0
export const SPREAD_MEAN = 1
export const SPREAD_SUM = 2

export const varP = spread('var.p', 11, population)
export const varS = spread('var.s', 12, sample)
export const stdP = spread('std.p', 9, (state, at) => Math.sqrt(population(state, at)))
export const stdS = spread('std.s', 10, (state, at) => Math.sqrt(sample(state, at)))

function spread(name: string, code: number, result: (state: Float64Array, at: number) => number): Aggregator {
  return {
    name,
    code,
    empty: 'nan',
    reset,
    feed,
    merge: (state, at, _bucket, run) => mergeRun(state, at, run),
    result,
    of(state, out, outAt, bucket, times, timesAt, values, valuesAt, length) {
      reset(state, 0)
      feed(state, 0, bucket, times, timesAt, values, valuesAt, length)
      out[outAt] = result(state, 0)
    },
  }
}

function reset(state: Float64Array, at: number): void {
  state[at + SPREAD_COUNT] = state[at + SPREAD_MEAN] = state[at + SPREAD_SUM] = 0
}

function feed(
  state: Float64Array,
  at: number,
  _bucket: unknown,
  _times: Float64Array,
  _timesAt: number,
  values: Float64Array,
  valuesAt: number,
  length: number,
): void {
  let sum = 0
  for (let i = valuesAt; i < valuesAt + length; i++) sum += values[i]!
  add(state, at, length, sum / length, spreadOf(values, valuesAt, length, sum / length))
}

function mergeRun(state: Float64Array, at: number, run: { count: number; sum: number; spread: number }): void {
  add(state, at, run.count, run.sum / run.count, run.spread)
}

function add(state: Float64Array, at: number, more: number, mean: number, spread: number): void {
  const count = state[at + SPREAD_COUNT]!
  const all = count + more
  const apart = mean - state[at + SPREAD_MEAN]!
  state[at + SPREAD_COUNT] = all
  state[at + SPREAD_MEAN]! += (apart * more) / all
  state[at + SPREAD_SUM]! += spread + (apart * apart * count * more) / all
}

function population(state: Float64Array, at: number): number {
  return state[at + SPREAD_SUM]! / state[at + SPREAD_COUNT]!
}

function sample(state: Float64Array, at: number): number {
  const count = state[at + SPREAD_COUNT]!
  return count === 1 ? 0 : state[at + SPREAD_SUM]! / (count - 1)
}
