import { describe, expect, it } from 'vitest'
import { ACCOUNT, type Address, ArenaFull, Memory, SLAB_BITS, UNIT_MASK } from '../../core/memory/arena.ts'
import { Deadlines } from '../../core/structs/deadlines.ts'
import { below, seeded, times } from './seeded.ts'

const SLOT_AT = 12

function makeRecord(memory: Memory): Address {
  return memory.zeroed(ACCOUNT.overhead, 24)
}

/** Copies a record to another address, as defragmentation does. */
function move(memory: Memory, record: Address): Address {
  const fresh = makeRecord(memory)
  const from = memory.i32[record >>> SLAB_BITS]!
  const to = memory.i32[fresh >>> SLAB_BITS]!
  for (let i = 0; i < 6; i++) to[((fresh & UNIT_MASK) << 1) + i] = from[((record & UNIT_MASK) << 1) + i]!
  memory.free(ACCOUNT.overhead, record)
  return fresh
}

describe('deadlines', () => {
  it('agree with a map over random changes', () => {
    for (let seed = 1; seed <= times(4); seed++) {
      const random = seeded(seed)
      const memory = new Memory({ poison: true })
      const heap = new Deadlines(memory, SLOT_AT)
      const root = heap.create()
      let records = Array.from({ length: 300 }, () => makeRecord(memory))
      const model = new Map<Address, number>()
      for (let step = 0; step < 6000; step++) {
        const i = below(random, 300)
        const record = records[i]!
        const choice = random()
        const growing = step % 3000 < 1500
        if (choice < (growing ? 0.7 : 0.3)) {
          const time = random() < 0.3 ? below(random, 20) : random() * 1e13
          heap.set(record, time)
          model.set(record, time)
        } else if (choice < 0.9) expect(heap.remove(record)).toBe(model.delete(record))
        else if (choice < 0.95) {
          const fresh = move(memory, record)
          heap.moved(fresh)
          records = records.with(i, fresh)
          const time = model.get(record)
          if (time !== undefined) {
            model.delete(record)
            model.set(fresh, time)
          }
        } else expect(heap.time(record)).toBe(model.get(record) ?? Infinity)
        expect(heap.length).toBe(model.size)
        if (step % 50 === 0) expect(heap.firstTime).toBe(Math.min(...model.values(), Infinity))
      }
      expect(heap.sizeBytes).toBe(memory.used[ACCOUNT.dataset])
      const held = Array.from({ length: heap.length }, (_, slot) => heap.at(slot)).sort()
      expect(held).toEqual([...model.keys()].sort())
      const drained: number[] = []
      while (heap.length > 0) {
        drained.push(heap.firstTime)
        expect(model.get(heap.first)).toBe(heap.firstTime)
        heap.remove(heap.first)
      }
      expect(drained).toEqual([...model.values()].sort((a, b) => a - b))
      expect([heap.first, heap.firstTime]).toEqual([0, Infinity])
      heap.release(root)
      expect(memory.used[ACCOUNT.dataset]).toBe(0)
    }
  })

  it('are counted up to a time', () => {
    const random = seeded(9)
    const memory = new Memory({ poison: true })
    const heap = new Deadlines(memory, SLOT_AT)
    const root = heap.create()
    const records = Array.from({ length: 500 }, () => makeRecord(memory))
    for (const record of records) heap.set(record, below(random, 100))
    for (const time of [-1, 0, 13, 50, 99, 1000])
      expect(heap.countUntil(time)).toBe(records.filter(record => heap.time(record) <= time).length)
    heap.release(root)
  })

  it('grow into chunks and back', () => {
    const random = seeded(7)
    const memory = new Memory()
    const heap = new Deadlines(memory, SLOT_AT)
    const root = heap.create()
    const count = 40_000
    const records = Array.from({ length: count }, () => makeRecord(memory))
    const model = records.map(() => below(random, 1e6))
    records.forEach((record, i) => {
      heap.set(record, model[i]!)
    })
    expect(heap.sizeBytes).toBe(memory.used[ACCOUNT.dataset])
    expect(heap.sizeBytes / count).toBeLessThan(14)
    model.sort((a, b) => a - b)
    let wrong = 0
    for (let i = 0; i < count - 10; i++) {
      if (heap.firstTime !== model[i]) wrong++
      heap.remove(heap.first)
    }
    expect(wrong).toBe(0)
    expect(heap.sizeBytes).toBe(memory.used[ACCOUNT.dataset])
    expect(heap.sizeBytes).toBeLessThan(600)
    for (let i = 0; i < 20_000; i++) heap.set(records[i]!, i)
    let steps = 1
    while (!heap.releaseStep(root, 1)) steps++
    expect(steps).toBe(4)
    expect(memory.used[ACCOUNT.dataset]).toBe(0)
  })

  it('stay as they were when the arena is full', () => {
    const memory = new Memory({ limitBytes: 16 << 20 })
    const heap = new Deadlines(memory, SLOT_AT)
    heap.create()
    const records = Array.from({ length: 100_000 }, () => makeRecord(memory))
    let n = 0
    for (; n < 5000; n++) heap.set(records[n]!, records.length - n)
    for (;;)
      try {
        memory.block(ACCOUNT.index, 48 << 10)
      } catch {
        break
      }
    expect(() => {
      for (; n < records.length; n++) heap.set(records[n]!, records.length - n)
    }).toThrow(ArenaFull)
    expect(heap.length).toBe(n)
    expect(heap.time(records[n]!)).toBe(Infinity)
    expect(heap.firstTime).toBe(records.length - n + 1)
    for (let i = 0; i < n; i++) heap.remove(records[i]!)
    expect(heap.length).toBe(0)
  })
})
