import { describe, expect, it } from 'vitest'
import { orderOf } from '../../core/structs/order.ts'
import { Random } from '../support/random.ts'

const LONG = process.env.REDSTRATA_TEST === 'long'

describe('the order of numbers', () => {
  it('names the places of the smallest first', () => {
    expect([...orderOf(Float64Array.of(30, 10, 20), 3, null)]).toEqual([1, 2, 0])
    expect([...orderOf(Float64Array.of(30, 10, 20), 2, null)]).toEqual([1, 0])
    expect([...orderOf(new Float64Array(0), 0, null)]).toEqual([])
  })

  it('keeps equal numbers as they stood, or orders them as asked', () => {
    const keys = Float64Array.of(5, 1, 5, 1, -0, 0)
    expect([...orderOf(keys, 6, null)]).toEqual([4, 5, 1, 3, 0, 2])
    expect([...orderOf(keys, 6, (a, b) => b - a)]).toEqual([5, 4, 3, 1, 2, 0])
  })

  it('orders every kind of double', () => {
    const kinds = [0, -0, 5e-324, -5e-324, 2.5e-308, 1e308, -1e308, Infinity, -Infinity, 0.1, -0.1, 2 ** 53, -(2 ** 53)]
    const keys = Float64Array.from({ length: 1300 }, (_, i) => kinds[(i * 7) % 13]! * (i % 3 === 0 ? 1 : 0.75))
    const expected = [...keys.keys()].sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : a - b))
    expect([...orderOf(keys, keys.length, null)]).toEqual(expected)
  })

  it('leaves the numbers where they are', () => {
    const keys = Float64Array.of(3, 2, 1)
    orderOf(keys, 3, null)
    expect([...keys]).toEqual([3, 2, 1])
  })

  it('agrees with the sort of arrays', () => {
    const random = new Random(11)
    for (let trial = 0; trial < (LONG ? 5000 : 200); trial++) {
      const spread = random.pick([3, 50, 1e6])
      const keys = Float64Array.from({ length: random.below(random.oneIn(5) ? 2000 : 300) }, () =>
        random.oneIn(40) ? random.pick([Infinity, -Infinity]) : Math.round((random.unit() - 0.5) * spread),
      )
      const expected = [...keys.keys()].sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : a - b))
      expect([...orderOf(keys, keys.length, null)]).toEqual(expected)
    }
  })
})
