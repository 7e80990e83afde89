import { describe, expect, it } from 'vitest'
import { Histogram } from '../../core/command/histogram.ts'
import { Random } from '../support/random.ts'

describe('a histogram of times', () => {
  it('shows the bounds of the bucket that a time falls in, as HdrHistogram does', () => {
    for (const [micros, low, high] of [
      [10, 9984, 10047],
      [4.007, 4000, 4015],
      [0.1, 100, 100],
      [1.001, 1000, 1003],
      [73.2, 72704, 73215],
      [5e6, 998244352, 1002438655],
    ] as const) {
      const histogram = new Histogram()
      histogram.add(micros, 3)
      expect([micros, histogram.percentileNs(0), histogram.percentileNs(50)]).toEqual([micros, low, high])
    }
  })

  it('knows percentiles within a hundredth, and counts by doublings', () => {
    const random = new Random(3)
    const histogram = new Histogram()
    const times: number[] = []
    for (let i = 0; i < 5000; i++) {
      const micros = 2 ** (random.unit() * 18 - 2)
      times.push(micros)
      histogram.add(micros, 1)
    }
    times.sort((a, b) => a - b)
    for (const percent of [1, 10, 50, 90, 99, 99.9, 100]) {
      const exact = times[Math.max(0, Math.floor((percent / 100) * times.length + 0.5) - 1)]! * 1000
      const shown = histogram.percentileNs(percent)
      expect(shown).toBeGreaterThanOrEqual(Math.floor(exact))
      expect(shown).toBeLessThanOrEqual(exact * 1.01 + 1)
    }
    const doublings = histogram.doublings()
    expect(doublings.reduce((a, b) => a + b)).toBe(5000)
    expect(doublings[5]).toBe(times.filter(micros => micros * 1000 >= 1024 * 16 && micros * 1000 < 1024 * 32).length)
  })
})
