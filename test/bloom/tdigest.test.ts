import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../core/base/random.ts'
import { Memory } from '../../core/memory/arena.ts'
import { capacityFor, TDigest } from '../../modules/bloom/tdigest/sketch.ts'
import { sortCentroids } from '../../modules/bloom/tdigest/sort.ts'

const long = process.env['REDSTRATA_TEST'] === 'long'
const VALUES = long ? 1_000_000 : 8_000

const quantile = (digest: TDigest, q: number) => {
  const values = Float64Array.of(q)
  digest.quantiles(values)
  return values[0]!
}

/** The share of sorted values below x, those equal counted half. */
function trueShare(sorted: Float64Array, x: number): number {
  let below = 0
  let equal = 0
  for (const value of sorted) {
    if (value < x) below++
    else if (value === x) equal++
  }
  return (below + equal / 2) / sorted.length
}

/** What the bound is multiplied by: with a gap among the values, both centroids at its sides count whole. */
const streams: [string, number, (random: SeededRandom) => number][] = [
  ['uniform', 1, random => random.next()],
  ['skewed', 1, random => Math.exp(10 * random.next())],
  ['two heaps of', 4, random => (random.next() < 0.3 ? random.next() : 1000 + random.next())],
]

describe('t-digest', () => {
  for (const [title, factor, draw] of streams)
    it(`keeps its bound on ranks over ${title} values`, () => {
      const random = new SeededRandom(41)
      const memory = new Memory()
      const digest = new TDigest(memory)
      const root = digest.create(100)
      digest.at(root)
      const values = Float64Array.from({ length: VALUES }, () => draw(random))
      for (const value of values) digest.add(value, 1)
      values.sort()
      for (const q of [0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999]) {
        const bound = (factor * Math.PI * q * (1 - q) * Math.log(VALUES)) / 100 + 2 / VALUES
        const share = trueShare(values, quantile(digest, q))
        expect(Math.abs(share - q), `${title} ${q}`).toBeLessThanOrEqual(bound)
        const x = values[Math.floor(q * VALUES)]!
        expect(Math.abs(digest.shareBelow(x) - trueShare(values, x))).toBeLessThanOrEqual(bound)
      }
      expect([digest.min, digest.max]).toEqual([values[0], values[VALUES - 1]])
      expect([quantile(digest, 1), digest.size]).toEqual([values[VALUES - 1], VALUES])
      digest.free(root)
      expect(memory.usedBytes).toBe(0)
    })

  it('ascends: greater quantiles and values never give less', () => {
    const random = new SeededRandom(42)
    const digest = new TDigest(new Memory({ poison: true }))
    for (const compression of [1, 5, 20, 100]) {
      digest.at(digest.create(compression))
      for (let i = 0; i < 3000; i++) digest.add(Math.round(random.next() * 500), 1)
      const grid = Float64Array.from({ length: 200 }, (_, i) => (i + 1) / 200)
      const values = Float64Array.from(grid)
      digest.quantiles(values)
      for (let i = 1; i < values.length; i++) expect(values[i]).toBeGreaterThanOrEqual(values[i - 1]!)
      for (let x = 0, before = 0; x <= 500; x += 5) {
        const share = digest.shareBelow(x)
        expect(share).toBeGreaterThanOrEqual(before - 1e-12)
        before = share
      }
    }
  })

  it('gives the same quantiles in one call of any order as one by one', () => {
    const random = new SeededRandom(43)
    const digest = new TDigest(new Memory({ poison: true }))
    digest.at(digest.create(30))
    for (let i = 0; i < 1000; i++) digest.add(random.next(), 1)
    const asked = Float64Array.from({ length: 100 }, () => random.next())
    const together = Float64Array.from(asked)
    digest.quantiles(together)
    expect([...together]).toEqual([...asked].map(q => quantile(digest, q)))
  })

  it('merges two halves into what stands for the whole', () => {
    const random = new SeededRandom(44)
    const memory = new Memory({ poison: true })
    const digest = new TDigest(memory)
    const [left, right, whole] = [digest.create(50), digest.create(80), digest.create(100)]
    const values = Float64Array.from({ length: 10_000 }, () => random.next() ** 3)
    for (let i = 0; i < values.length; i++) digest.at(i % 3 === 0 ? left : right).add(values[i]!, 1)
    digest.at(whole)
    expect([digest.merge(left), digest.merge(right)]).toEqual([true, true])
    expect([digest.size, digest.min, digest.max]).toEqual([10_000, Math.min(...values), Math.max(...values)])
    values.sort()
    for (const q of [0.01, 0.5, 0.99]) expect(Math.abs(trueShare(values, quantile(digest, q)) - q)).toBeLessThan(0.02)
    for (const root of [left, right, whole]) digest.free(root)
    expect(memory.usedBytes).toBe(0)
  })

  it('refuses weights beyond 64 bits', () => {
    const digest = new TDigest(new Memory({ poison: true }))
    const root = digest.create(10)
    digest.at(root)
    digest.add(1, 2 ** 62)
    expect(digest.add(2, 2 ** 62)).toBe(false)
    expect(digest.size).toBe(2 ** 62)
    const target = digest.create(10)
    digest.at(target)
    expect([digest.merge(root), digest.merge(root)]).toEqual([true, false])
  })

  it('does not begin what would not fit, and leaves nothing behind', () => {
    const memory = new Memory({ limitBytes: 32 << 20 })
    const digest = new TDigest(memory)
    expect(digest.create(1_000_000)).toBe(0)
    expect(memory.usedBytes).toBe(0)
    expect(capacityFor(100)).toBe(610)
  })
})

describe('sorting centroids', () => {
  it('orders means and keeps each with its weight, however many are equal', () => {
    const random = new SeededRandom(45)
    for (let round = 0; round < 200; round++) {
      const count = 1 + random.below(round < 190 ? 60 : 3000)
      const kinds = 1 + random.below(round % 2 === 0 ? 4 : count * 2)
      const cells = new Float64Array(2 * count + 7)
      for (let i = 0; i < count; i++) {
        cells[3 + i] = random.below(kinds)
        cells[3 + count + i] = i
      }
      const before = Array.from({ length: count }, (_, i) => cells[3 + i]!)
      sortCentroids(cells, 3, 3 + count, count)
      const order = [...cells.subarray(3 + count, 3 + 2 * count)]
      expect(new Set(order).size).toBe(count)
      expect([...cells.subarray(3, 3 + count)]).toEqual(order.map(i => before[i]))
      expect([...cells.subarray(3, 3 + count)]).toEqual([...before].sort((a, b) => a - b))
    }
  })

  it('finishes by heapsort what has too many equal means', () => {
    const count = 40_000
    const cells = new Float64Array(2 * count).fill(1)
    for (let i = 0; i < count; i++) cells[count + i] = i
    for (let i = 0; i < count; i += 100) cells[i] = i
    sortCentroids(cells, 0, count, count)
    for (let i = 1; i < count; i++) if (cells[i]! < cells[i - 1]!) throw new Error(`out of order at ${i}`)
    expect(new Set(cells.subarray(count)).size).toBe(count)
  })
})
