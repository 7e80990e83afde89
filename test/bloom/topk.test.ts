import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { SeededRandom } from '../../core/base/random.ts'
import { Memory } from '../../core/memory/arena.ts'
import { TOPK, TopK, validTopK } from '../../modules/bloom/topk/sketch.ts'

const long = process.env['REDSTRATA_TEST'] === 'long'
const ITEMS = long ? 1_000_000 : 50_000

describe('Top-K', () => {
  it('finds the items that come most often in a stream of many', () => {
    const memory = new Memory()
    const random = new SeededRandom(31)
    const sketch = new TopK(memory, random)
    const root = sketch.create(20, 1000, 5, 0.9)
    sketch.at(root)
    const truth = new Map<string, number>()
    for (let i = 0; i < ITEMS; i++) {
      const item = `w${Math.floor(20_000 ** random.next())}`
      truth.set(item, (truth.get(item) ?? 0) + 1)
      if (sketch.add(Range.of(item), 1) === TOPK.PUSHED_OUT) sketch.forgetPushedOut()
    }
    const heaviest = [...truth].sort((a, b) => b[1] - a[1])
    const out = new Range()
    const listed = sketch.list().map(i => ({ name: sketch.nameAt(i, out).copy(), count: sketch.countAt(i) }))
    expect(listed.length).toBe(20)
    const names = new Set(listed.map(({ name }) => name.latin1Slice()))
    expect(heaviest.slice(0, 15).filter(([item]) => !names.has(item))).toEqual([])
    for (const { name, count } of listed) {
      expect(count).toBeLessThanOrEqual(truth.get(name.latin1Slice())!)
      expect(count).toBeGreaterThan(truth.get(name.latin1Slice())! * 0.95)
      expect(sketch.has(Range.of(name))).toBe(true)
    }
    sketch.free(root)
    expect(memory.usedBytes).toBe(0)
  })

  it('lists every name once, whatever is pushed out', () => {
    const memory = new Memory({ poison: true })
    const random = new SeededRandom(32)
    const sketch = new TopK(memory, random)
    const out = new Range()
    for (const k of [1, 2, 3, 7, 16]) {
      const root = sketch.create(k, 9, 2, 0.8)
      sketch.at(root)
      const listed = new Set<string>()
      for (let i = 0; i < 2000; i++) {
        const item = `item ${random.below(40)}`
        const outcome = sketch.add(Range.of(item), random.below(5))
        if (outcome === TOPK.PUSHED_OUT) {
          expect(listed.delete(sketch.pushedOut(out).latin1())).toBe(true)
          sketch.forgetPushedOut()
        }
        if (sketch.has(Range.of(item))) listed.add(item)
        expect(listed.size).toBeLessThanOrEqual(k)
      }
      expect(new Set(sketch.list().map(i => sketch.nameAt(i, out).latin1()))).toEqual(listed)
      sketch.free(root)
    }
    expect(memory.usedBytes).toBe(0)
  })

  it('holds the k greatest counts, those of equal count in no order, when cells are not shared', () => {
    const memory = new Memory({ poison: true })
    const random = new SeededRandom(36)
    const sketch = new TopK(memory, random)
    for (const k of [1, 2, 3, 7, 16]) {
      const root = sketch.create(k, 20_000, 3, 0.9)
      sketch.at(root)
      const truth = new Map<string, number>()
      for (let i = 0; i < 600; i++) {
        const item = `item ${random.below(40)}`
        const by = 1 + random.below(9)
        truth.set(item, (truth.get(item) ?? 0) + by)
        if (sketch.add(Range.of(item), by) === TOPK.PUSHED_OUT) sketch.forgetPushedOut()
        const counts = [...truth.values()].sort((a, b) => b - a).slice(0, k)
        expect(sketch.list().map(i => sketch.countAt(i))).toEqual(counts)
      }
      sketch.free(root)
    }
    expect(memory.usedBytes).toBe(0)
  })

  it('wears a stranger down as often as its decay says', () => {
    const sketch = new TopK(new Memory(), new SeededRandom(33))
    let taken = 0
    for (let i = 0; i < 4000; i++) {
      const root = sketch.create(2, 1, 1, 0.5)
      sketch.at(root)
      sketch.add(Range.of('a'), 2)
      sketch.add(Range.of('b'), 1)
      sketch.add(Range.of('b'), 1)
      if (sketch.count(Range.of('b')) > 0) taken++
      sketch.free(root)
    }
    expect(taken / 4000).toBeGreaterThan(0.1)
    expect(taken / 4000).toBeLessThan(0.15)
  })

  it('wears strangers down as often by one large increment as by many small ones', () => {
    const sketch = new TopK(new Memory({ poison: true }), new SeededRandom(37))
    const share = (increments: readonly number[]): number => {
      let taken = 0
      for (let i = 0; i < 3000; i++) {
        const root = sketch.create(2, 1, 1, 0.6)
        sketch.at(root)
        sketch.add(Range.of('a'), 3)
        for (const by of increments) sketch.add(Range.of('b'), by)
        if (sketch.count(Range.of('b')) > 0) taken++
        sketch.free(root)
      }
      return taken / 3000
    }
    const oneByOne = share([1, 1, 1, 1, 1, 1, 1, 1])
    expect(oneByOne).toBeGreaterThan(0.3)
    expect(oneByOne).toBeLessThan(0.7)
    expect(Math.abs(share([8]) - oneByOne)).toBeLessThan(0.05)
    expect(Math.abs(share([5, 3]) - oneByOne)).toBeLessThan(0.05)
  })

  it('counts beyond the table of decay powers, and stops at the largest count', () => {
    const sketch = new TopK(new Memory({ poison: true }), new SeededRandom(34))
    sketch.at(sketch.create(2, 1, 1, 0.999))
    for (let i = 0; i < 10; i++) sketch.add(Range.of('a'), 1000)
    // Each of 100,000 tries wears `a` down with a chance of 0.999^10000: four or five times on the average.
    sketch.add(Range.of('b'), 100_000)
    expect(sketch.count(Range.of('a'))).toBeGreaterThan(9980)
    expect(sketch.count(Range.of('a'))).toBeLessThan(10_000)
    for (let i = 0; i < 3; i++) sketch.add(Range.of('a'), 0xffffffff)
    expect(sketch.count(Range.of('a'))).toBe(0xffffffff)
  })

  it('does not begin what would not fit, and leaves nothing behind', () => {
    const memory = new Memory({ limitBytes: 32 << 20 })
    const sketch = new TopK(memory, new SeededRandom(35))
    expect(sketch.create(10, 1_000_000, 5, 0.9)).toBe(0)
    expect(sketch.create(3_000_000, 10, 5, 0.9)).toBe(0)
    expect(memory.usedBytes).toBe(0)
    expect(validTopK(2 ** 40, 8, 7)).toBe(false)
    expect(validTopK(8, 2 ** 40, 7)).toBe(false)
    expect(validTopK(8, 8, 100_000)).toBe(false)
  })
})
