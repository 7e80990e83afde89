import { describe, expect, it } from 'vitest'
import { Bucket, STATE } from '../../modules/timeseries/aggregate/aggregator.ts'
import { aggregatorOf } from '../../modules/timeseries/aggregate/table.ts'
import { placeNear, placeOf } from '../../modules/timeseries/chunk/batch.ts'
import { randomOf, scale } from './support.ts'

const NAMES = ['avg', 'sum', 'min', 'max', 'range', 'count', 'first', 'last', 'std.p', 'std.s', 'var.p', 'var.s', 'twa']

/** Times that rise by equal steps, nearly equal ones, or any. */
function risingTimes(next: () => number, length: number): Float64Array {
  const kind = next()
  const times = new Float64Array(length)
  times[0] = Math.floor(next() * 1e12)
  for (let i = 1; i < length; i++)
    times[i] =
      times[i - 1]! + (kind < 0.3 ? 60_000 : kind < 0.6 ? 1000 + Math.floor(next() * 3) : 1 + next() ** 8 * 1e6)
  return times
}

describe('an aggregator', () => {
  it.each(NAMES)('%s gives for a whole bucket what it gives step by step', name => {
    const aggregator = aggregatorOf(name)!
    for (let seed = 1; seed <= scale(200, 10_000); seed++) {
      const next = randomOf(seed)
      const length = 1 + Math.floor(next() * 40)
      const times = risingTimes(next, length)
      const size = next() < 0.2 ? 1.7e308 : 1000
      const values = Float64Array.from({ length: length + 2 }, () => (next() - 0.4) * size)
      const bucket = new Bucket()
      bucket.start = times[0]! - next() * 50
      bucket.end = times[length - 1]! + next() * 50
      bucket.hasBefore = next() < 0.5
      bucket.beforeTime = times[0]! - 60
      bucket.beforeValue = next()
      bucket.hasAfter = next() < 0.5
      bucket.afterTime = times[length - 1]! + 60
      bucket.afterValue = next()
      const state = new Float64Array(STATE)
      aggregator.reset(state, 0)
      aggregator.feed(state, 0, bucket, times, 0, values, 2, length)
      const out = new Float64Array(3)
      // What the state holds before is of no matter.
      aggregator.of(new Float64Array(STATE).fill(7), out, 1, bucket, times, 0, values, 2, length)
      expect(out).toEqual(Float64Array.of(0, aggregator.result(state, 0, bucket), 0))
    }
  })
})

describe('the place of a time among others', () => {
  it('is the same whether it is guessed or sought', () => {
    for (let seed = 1; seed <= scale(300, 20_000); seed++) {
      const next = randomOf(seed)
      const times = risingTimes(next, 2 + Math.floor(next() * 127))
      const from = Math.floor(next() * (times.length - 1))
      const first = times[from]!
      const last = times.at(-1)!
      const picked = times[from + 1 + Math.floor(next() * (times.length - from - 1))]!
      for (const time of [picked, first + (last - first) * next(), last, first + 1e-3, picked + 1]) {
        if (!(time > first && time <= last)) continue
        const guess = from + ((time - first) * (times.length - 1 - from)) / (last - first)
        for (const near of [guess, guess - 1, guess + 2, -5, 1000, Number.NaN])
          expect(placeNear(times, from, times.length, time, near)).toBe(placeOf(times, from, times.length, time))
      }
    }
  })
})
