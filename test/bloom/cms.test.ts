import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { SeededRandom } from '../../core/base/random.ts'
import { Memory } from '../../core/memory/arena.ts'
import { CELL_MAX, CountMin, sizeFor, validSize } from '../../modules/bloom/cms/sketch.ts'
import { murmur2Model } from './models.ts'

const long = process.env['REDSTRATA_TEST'] === 'long'
const ITEMS = long ? 1_000_000 : 30_000

/** The table once more, in big integers that saturate. */
class Model {
  readonly width: number
  readonly depth: number
  readonly cells: bigint[]
  count = 0n

  constructor(width: number, depth: number) {
    this.width = width
    this.depth = depth
    this.cells = Array.from({ length: width * depth }, () => 0n)
  }

  #of(item: string): number[] {
    return Array.from(
      { length: this.depth },
      (_, row) => row * this.width + (murmur2Model(Buffer.from(item), row) % this.width),
    )
  }

  increment(item: string, by: bigint): number {
    for (const cell of this.#of(item)) {
      const sum = this.cells[cell]! + by
      this.cells[cell] = sum > BigInt(CELL_MAX) ? BigInt(CELL_MAX) : sum
    }
    this.count = BigInt.asIntN(64, this.count + by)
    return this.query(item)
  }

  query(item: string): number {
    return Math.min(...this.#of(item).map(cell => Number(this.cells[cell])))
  }
}

const half = (n: bigint, shift: bigint) => Number(BigInt.asIntN(32, n >> shift))

describe('Count-Min sketch', () => {
  it('agrees with a table of big integers, saturation and wrapping counts included', () => {
    const random = new SeededRandom(21)
    const sketch = new CountMin(new Memory({ poison: true }))
    for (const [width, depth] of [
      [7, 3],
      [100, 1],
      [1, 5],
    ] as const) {
      sketch.at(sketch.create(width, depth))
      const model = new Model(width, depth)
      for (let i = 0; i < 500; i++) {
        const item = `item ${random.below(60)}`
        const by = BigInt.asUintN(63, BigInt(random.u32()) << BigInt(random.below(32))) >> BigInt(random.below(50))
        expect(sketch.increment(Range.of(item), half(by, 0n), half(by, 32n))).toBe(model.increment(item, by))
        expect(sketch.count).toBe(model.count)
      }
      for (let i = 0; i < 60; i++) expect(sketch.query(Range.of(`item ${i}`))).toBe(model.query(`item ${i}`))
    }
  })

  it('merges as big integers do, and changes nothing when a sum does not fit', () => {
    const random = new SeededRandom(22)
    const memory = new Memory({ poison: true })
    const sketch = new CountMin(memory)
    let refused = 0
    for (let round = 0; round < 300; round++) {
      const models = [0, 1, 2].map(() => new Model(5, 2))
      const roots = models.map(model => {
        const root = sketch.create(5, 2)
        sketch.at(root)
        for (let i = 0; i < 4; i++) {
          const by = BigInt(random.u32() >>> random.below(32))
          expect(sketch.increment(Range.of(`i${i}`), half(by, 0n), 0)).toBe(model.increment(`i${i}`, by))
        }
        return root
      })
      const weights = models.map(() =>
        random.next() < 0.5 ? 1n : BigInt(random.u32() | 0) >> BigInt(random.below(32)),
      )
      if (round % 7 === 0) weights[0] = (1n << 62n) - BigInt(random.u32())
      const sums = models[0]!.cells.map((_, i) =>
        models.reduce((sum, model, j) => sum + model.cells[i]! * weights[j]!, 0n),
      )
      const total = models.reduce((sum, model, j) => sum + model.count * weights[j]!, 0n)
      const fits = sums.every(sum => sum >= 0n && sum <= BigInt(CELL_MAX)) && total >= 0n && total < 1n << 63n
      const into = roots[round % 3]!
      const sources = roots.map((root, i) => ({ root, weight: weights[i]! }))
      const model = models[round % 3]!
      expect(sketch.at(into).merge(sources)).toBe(fits)
      if (fits) {
        model.cells.splice(0, sums.length, ...sums)
        model.count = total
      } else refused++
      for (let i = 0; i < 4; i++) expect(sketch.query(Range.of(`i${i}`))).toBe(model.query(`i${i}`))
      expect(sketch.count).toBe(model.count)
      for (const root of roots) sketch.free(root)
    }
    expect(memory.usedBytes).toBe(0)
    expect(refused).toBeGreaterThan(20)
    expect(refused).toBeLessThan(280)
  })

  it('merges a source that is named many times', () => {
    const random = new SeededRandom(24)
    const memory = new Memory({ poison: true })
    const sketch = new CountMin(memory)
    for (let round = 0; round < 100; round++) {
      const models = [0, 1].map(() => new Model(5, 2))
      const roots = models.map(model => {
        const root = sketch.create(5, 2)
        sketch.at(root)
        for (let i = 0; i < 4; i++) {
          const by = BigInt(random.below(1000))
          expect(sketch.increment(Range.of(`i${i}`), half(by, 0n), 0)).toBe(model.increment(`i${i}`, by))
        }
        return root
      })
      const named = Array.from({ length: 8 }, () => random.below(2))
      const scale = round % 3 === 0 ? 2 ** 40 : 20
      const weights = named.map(() => BigInt(Math.floor(random.next() * scale) - (round % 2) * 4))
      const sums = models[0]!.cells.map((_, i) =>
        named.reduce((sum, which, j) => sum + models[which]!.cells[i]! * weights[j]!, 0n),
      )
      const total = named.reduce((sum, which, j) => sum + models[which]!.count * weights[j]!, 0n)
      const fits = sums.every(sum => sum >= 0n && sum <= BigInt(CELL_MAX)) && total >= 0n
      const into = new Model(5, 2)
      const root = sketch.create(5, 2)
      expect(sketch.at(root).merge(named.map((which, j) => ({ root: roots[which]!, weight: weights[j]! })))).toBe(fits)
      if (fits) into.cells.splice(0, sums.length, ...sums)
      for (let i = 0; i < 4; i++) expect(sketch.query(Range.of(`i${i}`))).toBe(into.query(`i${i}`))
      for (const one of [root, ...roots]) sketch.free(one)
    }
    expect(memory.usedBytes).toBe(0)
  })

  it('never tells too little, and too much only as often as its size allows', () => {
    const random = new SeededRandom(23)
    const [error, probability] = [0.002, 0.01]
    const { width, depth } = sizeFor(error, probability)
    expect([width, depth]).toEqual([1000, 7])
    const sketch = new CountMin(new Memory())
    sketch.at(sketch.create(width, depth))
    const truth = new Map<number, number>()
    for (let i = 0; i < ITEMS; i++) {
      const item = Math.floor((ITEMS / 3) ** random.next())
      truth.set(item, (truth.get(item) ?? 0) + 1)
      sketch.increment(Range.of(`w${item}`), 1, 0)
    }
    let tooLow = 0
    let tooHigh = 0
    for (const [item, count] of truth) {
      const estimate = sketch.query(Range.of(`w${item}`))
      if (estimate < count) tooLow++
      if (estimate > count + error * ITEMS) tooHigh++
    }
    expect(tooLow).toBe(0)
    expect(tooHigh / truth.size).toBeLessThanOrEqual(probability)
    expect(sketch.count).toBe(BigInt(ITEMS))
  })

  it('does not begin what would not fit, and leaves nothing behind', () => {
    const memory = new Memory({ limitBytes: 64 << 20 })
    const sketch = new CountMin(memory)
    expect(sketch.create(100_000_000, 1)).toBe(0)
    expect(memory.usedBytes).toBe(0)
    expect(validSize(2 ** 31, 1)).toBe(false)
    expect(validSize(2 ** 62, 2 ** 62)).toBe(false)
    expect(validSize(Number.POSITIVE_INFINITY, 1)).toBe(false)
  })
})
