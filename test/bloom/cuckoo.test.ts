import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { SeededRandom } from '../../core/base/random.ts'
import { type Guard, Memory, SLAB_BITS, UNIT_MASK } from '../../core/memory/arena.ts'
import { CUCKOO, CuckooFilter, newCuckooShape, validCuckooShape } from '../../modules/bloom/cuckoo/sketch.ts'

const long = process.env['REDSTRATA_TEST'] === 'long'
const ITEMS = long ? 1_000_000 : 20_000

/** Slots that hold something, over all sub-filters. */
function load(memory: Memory, filter: CuckooFilter): number {
  let slots = 0
  for (let i = 0; i < filter.subfilters; i++) {
    const address = filter.partAddress(i)
    const at = (address & UNIT_MASK) * 8
    for (const slot of memory.u8[address >>> SLAB_BITS]!.subarray(at, at + filter.partBytes(i))) if (slot !== 0) slots++
  }
  return slots
}

describe('cuckoo filter', () => {
  it('that is full turns many items away without looking for a place for each of them', () => {
    const memory = new Memory()
    const filter = new CuckooFilter(memory)
    filter.at(filter.create(newCuckooShape(510, 255, 65_535, 0)))
    let moves = 0
    memory.guard = { block: () => {}, stretch: () => moves++ } as unknown as Guard
    let added = 0
    for (let i = 0; i < 1000; i++) if (filter.add(Range.of(`item ${i}`)) === CUCKOO.ADDED) added++
    expect(added).toBeLessThanOrEqual(510)
    expect(added).toBeGreaterThan(255)
    expect(load(memory, filter)).toBe(added)
    expect(moves).toBeLessThan(4 * 65_535)
    // The next command begins anew.
    moves = 0
    filter.at(filter.create(newCuckooShape(510, 255, 65_535, 0)))
    for (let i = 0; i < 600; i++) filter.add(Range.of(`item ${i}`))
    expect(moves).toBeGreaterThan(65_535)
  })

  it('holds as many fingerprints as items, through any mix of adding, deleting and compacting', () => {
    const random = new SeededRandom(11)
    for (const [capacity, bucketSize, expansion] of [
      [16, 2, 1],
      [64, 4, 2],
      [40, 1, 4],
      [30, 3, 0],
    ] as const) {
      const memory = new Memory({ poison: true })
      const filter = new CuckooFilter(memory)
      const root = filter.create(newCuckooShape(capacity, bucketSize, 20, expansion))
      filter.at(root)
      const held = new Map<string, number>()
      let total = 0
      for (let i = 0; i < 1500; i++) {
        const name = `item ${random.below(120)}`
        const item = Range.of(name)
        const truth = held.get(name) ?? 0
        const roll = random.next()
        if (roll < 0.4) {
          if (filter.add(item) === CUCKOO.ADDED) {
            held.set(name, truth + 1)
            total++
          }
        } else if (roll < 0.7) {
          const present = filter.has(item)
          const outcome = filter.addNew(item)
          expect(outcome === CUCKOO.PRESENT).toBe(present)
          if (outcome === CUCKOO.ADDED) {
            held.set(name, truth + 1)
            total++
          }
        } else if (roll < 0.95 && truth > 0) {
          expect(filter.delete(item)).toBe(true)
          held.set(name, truth - 1)
          total--
        } else if (roll >= 0.99) filter.compact(true)
        expect(filter.items).toBe(total)
      }
      expect(load(memory, filter)).toBe(total)
      for (const [name, truth] of held) expect(filter.count(Range.of(name))).toBeGreaterThanOrEqual(truth)
      filter.free(root)
      expect(memory.usedBytes).toBe(0)
    }
  })

  for (const [bucketSize, expansion] of [
    [2, 1],
    [4, 2],
  ] as const)
    it(`never denies an item, and keeps its bound on strangers, in buckets of ${bucketSize} that grow by ${expansion}`, () => {
      const memory = new Memory()
      const filter = new CuckooFilter(memory)
      const root = filter.create(newCuckooShape(ITEMS / 4, bucketSize, 20, expansion))
      filter.at(root)
      let added = 0
      for (let i = 0; i < ITEMS; i++) if (filter.add(Range.of(`member:${i}`)) === CUCKOO.ADDED) added++
      let missing = 0
      let wrong = 0
      for (let i = 0; i < ITEMS; i++) {
        if (!filter.has(Range.of(`member:${i}`))) missing++
        if (filter.has(Range.of(`stranger:${i}`))) wrong++
      }
      expect([added, missing]).toEqual([ITEMS, 0])
      expect(wrong / ITEMS).toBeLessThanOrEqual((2 * bucketSize * filter.subfilters) / 255)
      let deleted = 0
      for (let i = 0; i < ITEMS; i++) if (filter.delete(Range.of(`member:${i}`))) deleted++
      expect(deleted).toBe(ITEMS)
      expect([filter.items, load(memory, filter), filter.subfilters]).toEqual([0, 0, 1])
      filter.free(root)
      expect(memory.usedBytes).toBe(0)
    })

  it('is as it was when an item was turned away', () => {
    const memory = new Memory({ poison: true })
    const filter = new CuckooFilter(memory)
    filter.at(filter.create(newCuckooShape(32, 2, 200, 0)))
    const slots = () => {
      const at = (filter.partAddress(0) & UNIT_MASK) * 8
      return memory.u8[filter.partAddress(0) >>> SLAB_BITS]!.latin1Slice(at, at + filter.partBytes(0))
    }
    let refused = 0
    for (let i = 0; i < 200; i++) {
      const before = slots()
      if (filter.add(Range.of(`item ${i}`)) !== CUCKOO.FULL) continue
      refused++
      expect(slots()).toBe(before)
    }
    expect(refused).toBeGreaterThan(150)
  })

  it('does not begin what would not fit, and leaves nothing behind', () => {
    const memory = new Memory({ limitBytes: 64 << 20 })
    const filter = new CuckooFilter(memory)
    expect(filter.create(newCuckooShape(1e8, 2, 20, 1))).toBe(0)
    expect(memory.usedBytes).toBe(0)
    expect(validCuckooShape(newCuckooShape(1e10, 2, 20, 1))).toBe(false)
    expect(validCuckooShape(newCuckooShape(Number.MAX_SAFE_INTEGER, 255, 20, 1))).toBe(false)
    expect(validCuckooShape(newCuckooShape(1e9, 255, 65535, 32768))).toBe(true)
  })

  it('stays as it was when its next sub-filter would not fit', () => {
    const memory = new Memory({ limitBytes: 32 << 20 })
    const filter = new CuckooFilter(memory)
    filter.at(filter.create(newCuckooShape(100_000, 2, 5, 32768)))
    const same = Range.of('the same item')
    const outcomes = Array.from({ length: 6 }, () => filter.add(same))
    expect(outcomes).toEqual([1, 1, 1, 1, CUCKOO.NO_ROOM, CUCKOO.NO_ROOM])
    expect([filter.subfilters, filter.items, filter.count(same)]).toEqual([1, 4, 4])
  })
})
