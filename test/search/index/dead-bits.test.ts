import { expect, it } from 'vitest'
import { DeadBits } from '../../../modules/search/index/dead-bits.ts'
import { ROUNDS, seeded } from '../support/random.ts'

it('dead bits agree with a set', () => {
  for (let seed = 0; seed < 30 * ROUNDS; seed++) {
    const random = seeded(seed)
    const dead = new DeadBits()
    let model = new Set<number>()
    const base = random.pick([1, 500, 100_000, 2_000_000_000])
    for (let step = 0; step < 200; step++) {
      const document = base + random.below(random.pick([40, 3000]))
      dead.add(document)
      model.add(document)
      if (random.next() < 0.02) {
        const kept = [...model].filter(() => random.next() < 0.2)
        dead.reset(Int32Array.from(kept), kept.length)
        model = new Set(kept)
      }
    }
    const list = Int32Array.from({ length: 500 }, () => Math.max(1, base - 100 + random.below(4000))).sort()
    expect(dead.count(list, 500)).toBe([...list].filter(document => model.has(document)).length)
    for (let i = 0; i < 100; i++) {
      const from = Math.max(0, base - 200 + random.below(4000))
      const to = from + random.below(random.pick([2, 70, 3000]))
      expect(dead.hasBetween(from, to)).toBe([...model].some(document => document >= from && document <= to))
    }
    const first = (base - 200 + random.below(4000)) & ~31
    const window = new Int32Array(64)
    dead.mark(window, first)
    const marked = Array.from({ length: 2048 }, (_, i) => first + i).filter(
      document => ((window[(document - first) >>> 5]! >>> (document & 31)) & 1) === 1,
    )
    expect(marked).toEqual([...model].filter(d => d >= first && d < first + 2048).sort((a, b) => a - b))
  }
})
