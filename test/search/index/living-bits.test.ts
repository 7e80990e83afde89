import { expect, it } from 'vitest'
import { LivingBits } from '../../../modules/search/index/living-bits.ts'
import { TestIndex } from '../support/index.ts'
import { ROUNDS, seeded } from '../support/random.ts'

it('living bits agree with a set', () => {
  const { memory } = new TestIndex([{ name: 'a', kind: 'text' }]).index.documents
  for (let seed = 0; seed < 30 * ROUNDS; seed++) {
    const random = seeded(seed)
    const bits = new LivingBits(memory)
    const model = new Set<number>()
    const base = random.pick([0, 500, 2_000_000_000])
    const range = random.pick([40, 3000, 60_000])
    for (let step = 0; step < 300; step++) {
      const number = base + random.below(range)
      if (random.next() < 0.7) {
        bits.ensure(number)
        bits.add(number)
        model.add(number)
      } else if (model.delete(number)) bits.remove(number)
      else if (![...model].some(other => other >>> 8 === number >>> 8)) bits.drop(number)
    }
    const living = [...model].sort((a, b) => a - b)
    const end = base + range
    for (let probe = 0; probe < 50; probe++) {
      const from = base + random.below(range)
      const list = new Int32Array(random.pick([8, 400]))
      const wanted = living.filter(number => number >= from).slice(0, list.length)
      expect([...list.subarray(0, bits.list(from, end, list))]).toEqual(wanted)
      expect(bits.countIn(from)).toBe(living.filter(number => number >>> 8 === from >>> 8).length)
    }
    bits.free()
    expect(bits.sizeBytes).toBe(0)
  }
})
