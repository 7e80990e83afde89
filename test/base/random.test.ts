import { expect, test } from 'vitest'
import { SeededRandom, systemRandom } from '../../core/base/random.ts'

test('a seed gives the same numbers again and another seed gives others', () => {
  const take = (seed: number): number[] => {
    const random = new SeededRandom(seed)
    return Array.from({ length: 5 }, () => random.u32())
  }
  expect(take(1)).toEqual(take(1))
  expect(take(1)).not.toEqual(take(2))
})

test('numbers are spread evenly over their range', () => {
  const random = new SeededRandom(42)
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 100_000; i++) counts[random.below(10)]! += 1
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  const draws = Array.from({ length: 100_000 }, () => random.next())
  expect(draws.every(x => x >= 0 && x < 1)).toBe(true)
  expect(draws.reduce((sum, x) => sum + x) / 100_000).toBeCloseTo(0.5, 2)
})

test('every bit of a word is set half of the time', () => {
  const random = new SeededRandom(9)
  const ones = new Array<number>(32).fill(0)
  for (let i = 0; i < 20_000; i++) {
    const word = random.u32()
    for (let bit = 0; bit < 32; bit++) ones[bit]! += (word >>> bit) & 1
  }
  for (const count of ones) expect(Math.abs(count - 10_000)).toBeLessThan(400)
})

test('bytes fill the whole buffer', () => {
  for (const random of [new SeededRandom(5), systemRandom()]) {
    const buf = Buffer.alloc(1000)
    random.bytes(buf)
    expect(new Set(buf).size).toBeGreaterThan(200)
    expect(random.below(2 ** 53)).toBeLessThan(2 ** 53)
  }
})

test('two system generators differ', () => {
  const draw = (): string => {
    const random = systemRandom()
    return `${random.u32()} ${random.u32()} ${random.u32()}`
  }
  expect(draw()).not.toBe(draw())
})
