import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { wide } from '../../core/base/numbers.ts'
import { ACCOUNT, type Address, ArenaFull, Memory } from '../../core/memory/arena.ts'
import { Groups, UNKNOWN_READ } from '../../core/structs/pending.ts'
import { StreamId } from '../../core/structs/stream-id.ts'
import { below, seeded, times } from './seeded.ts'

interface Owed {
  consumer: string
  time: number
  deliveries: number
}

const MIN = new StreamId()
const idOf = (n: number) => new StreamId().set(Math.floor(n / 7), n % 7)

class Model {
  groups = new Map<string, { consumers: Set<string>; owed: Map<number, Owed> }>()
}

function nameOf(groups: Groups, consumer: Address): string {
  const out = new Range()
  groups.consumerName(consumer, out)
  return out.text()
}

/** Everything that the structure tells about its groups, in a form to compare. */
function told(groups: Groups): unknown {
  const out = new Range()
  return Array.from({ length: groups.length }, (_, i) => {
    const group = groups.at(i)
    groups.name(group, out)
    const name = out.text()
    const owed: unknown[] = []
    for (let more = groups.seek(group, MIN); more; more = groups.next())
      owed.push([groups.id.toString(), nameOf(groups, groups.consumer), groups.deliveredMs, groups.deliveries])
    const consumers = Array.from({ length: groups.consumerCount(group) }, (__, k) => {
      const consumer = groups.consumerAt(group, k)
      const own: unknown[] = []
      for (let more = groups.seekOwn(group, consumer, MIN); more; more = groups.next())
        own.push([groups.id.toString(), groups.deliveredMs, groups.deliveries])
      expect(groups.consumerPendingCount(consumer)).toBe(own.length)
      return [nameOf(groups, consumer), own]
    })
    expect(groups.pendingCount(group)).toBe(owed.length)
    return { name, owed, consumers }
  })
}

function expected(model: Model): unknown {
  const byName = (a: string, b: string) => (a < b ? -1 : 1)
  return [...model.groups.keys()].sort(byName).map(name => {
    const { consumers, owed } = model.groups.get(name)!
    const rows = [...owed].sort((a, b) => a[0] - b[0])
    return {
      name,
      owed: rows.map(([n, o]) => [idOf(n).toString(), o.consumer, o.time, o.deliveries]),
      consumers: [...consumers]
        .sort(byName)
        .map(c => [
          c,
          rows.filter(([, o]) => o.consumer === c).map(([n, o]) => [idOf(n).toString(), o.time, o.deliveries]),
        ]),
    }
  })
}

function make(memory: Memory): { groups: Groups; root: Address } {
  const root = memory.zeroed(ACCOUNT.dataset, 8)
  return { groups: new Groups(memory).bind(root), root }
}

describe('consumer groups', () => {
  it('agree with maps over random changes', () => {
    for (let seed = 1; seed <= times(3); seed++) {
      const random = seeded(seed * 13)
      const memory = new Memory({ poison: true })
      const { groups, root } = make(memory)
      const model = new Model()
      for (let step = 0; step < 4000; step++) {
        const groupName = `g${below(random, 4)}`
        const held = model.groups.get(groupName)
        const group = groups.find(Range.of(groupName))
        expect(group !== 0).toBe(held !== undefined)
        if (held === undefined) {
          groups.create(Range.of(groupName))
          model.groups.set(groupName, { consumers: new Set(), owed: new Map() })
          continue
        }
        const consumerName = `consumer-${below(random, 6)}`
        const n = below(random, 400)
        const choice = random()
        if (choice < 0.55) {
          let consumer = groups.findConsumer(group, Range.of(consumerName))
          expect(consumer !== 0).toBe(held.consumers.has(consumerName))
          if (consumer === 0) consumer = groups.createConsumer(group, Range.of(consumerName), step)
          held.consumers.add(consumerName)
          const owed = { consumer: consumerName, time: below(random, 2 ** 41), deliveries: below(random, 9) }
          groups.assign(group, consumer, idOf(n), owed.time, owed.deliveries)
          held.owed.set(n, owed)
        } else if (choice < 0.85) {
          expect(groups.acknowledge(group, idOf(n))).toBe(held.owed.delete(n))
        } else if (choice < 0.98) {
          const owed = held.owed.get(n)
          expect(groups.findPending(group, idOf(n))).toBe(owed !== undefined)
          if (owed !== undefined) {
            expect([nameOf(groups, groups.consumer), groups.deliveredMs, groups.deliveries]).toEqual(
              Object.values(owed),
            )
            owed.deliveries++
            groups.setDelivery(owed.time, owed.deliveries)
          }
        } else if (choice < 0.996) {
          const consumer = groups.findConsumer(group, Range.of(consumerName))
          if (consumer === 0) continue
          const own = [...held.owed].filter(([, owed]) => owed.consumer === consumerName)
          expect(groups.removeConsumer(group, consumer)).toBe(own.length)
          for (const [k] of own) held.owed.delete(k)
          held.consumers.delete(consumerName)
        } else {
          groups.remove(group)
          model.groups.delete(groupName)
        }
        if (step % 500 === 499) expect(told(groups)).toEqual(expected(model))
      }
      expect(groups.sizeBytes + memory.sizeOf(root)).toBe(memory.usedBytes)
      const twinRoot = memory.zeroed(ACCOUNT.dataset, 8)
      groups.copy(root, twinRoot)
      while (!groups.releaseStep(root, 5));
      expect(told(groups.bind(twinRoot))).toEqual(expected(model))
      while (!groups.releaseStep(twinRoot, 1000));
      memory.free(ACCOUNT.dataset, root)
      memory.free(ACCOUNT.dataset, twinRoot)
      expect(memory.usedBytes).toBe(0)
    }
  })

  it('hand entries from one consumer to another while a group is walked', () => {
    const memory = new Memory()
    const { groups } = make(memory)
    const group = groups.create(Range.of('g'))
    const ana = groups.createConsumer(group, Range.of('ana'), 1)
    const bob = groups.createConsumer(group, Range.of('bob'), 1)
    for (let n = 0; n < 1000; n++) groups.assign(group, ana, idOf(n), n, 1)
    let seen = 0
    for (let more = groups.seek(group, idOf(100)); more; more = groups.next()) {
      if (seen % 2 === 0) groups.assign(group, bob, groups.id, 5000, groups.deliveries + 1)
      seen++
    }
    expect(seen).toBe(900)
    expect([groups.consumerPendingCount(ana), groups.consumerPendingCount(bob)]).toEqual([550, 450])
    expect(groups.seekLast(group) && groups.id.toString()).toBe(idOf(999).toString())
    expect(groups.findPending(group, idOf(100)) && groups.deliveries).toBe(2)
  })

  it('keep ids, times and counts of a group', () => {
    const memory = new Memory()
    const { groups } = make(memory)
    const group = groups.create(Range.of('g'))
    expect(groups.entriesRead(group)).toBe(UNKNOWN_READ)
    groups.setEntriesRead(group, 2 ** 40)
    expect(groups.entriesRead(group)).toBe(2 ** 40)
    wide.high = 0x7fffffff
    wide.low = -1
    groups.setEntriesRead(group, Infinity)
    wide.high = wide.low = 0
    expect(groups.entriesRead(group)).toBe(Infinity)
    expect([wide.high, wide.low]).toEqual([0x7fffffff, -1])
    const id = new StreamId().setMax()
    groups.setLastId(group, id)
    groups.readLastId(group, id.setMin())
    expect(id.isMax).toBe(true)
    const consumer = groups.createConsumer(group, Range.of('c'), 1_700_000_000_123)
    expect([groups.seenMs(consumer), groups.activeMs(consumer)]).toEqual([1_700_000_000_123, -1])
    groups.setActiveMs(consumer, 7)
    expect(groups.activeMs(consumer)).toBe(7)
    groups.assign(group, consumer, MIN, 2 ** 60, 2 ** 62)
    expect([groups.deliveredMs, groups.deliveries]).toEqual([2 ** 48 - 1, 2 ** 48 - 1])
    groups.setDelivery(-5, 0)
    expect([groups.deliveredMs, groups.deliveries]).toEqual([0, 0])
  })

  it('list names in byte order, whatever their lengths', () => {
    const memory = new Memory()
    const { groups } = make(memory)
    const names = ['b', '', 'a', 'ab', 'B', 'é', 'x'.repeat(1000)]
    for (const name of names) groups.create(Range.of(name))
    const out = new Range()
    const listed = Array.from({ length: groups.length }, (_, i) => {
      groups.name(groups.at(i), out)
      return out.copy()
    })
    expect(listed).toEqual(names.map(name => Buffer.from(name)).sort(Buffer.compare))
    expect(groups.find(Range.of('c'))).toBe(0)
  })

  it('stay as they were when the arena is full', () => {
    const memory = new Memory({ limitBytes: 16 << 20 })
    for (let i = 0; i < 15; i++) memory.block(ACCOUNT.overhead, 1 << 20)
    const { groups, root } = make(memory)
    const group = groups.create(Range.of('g'))
    const consumers = ['a', 'b', 'c'].map(name => groups.createConsumer(group, Range.of(name), 0))
    let n = 0
    const random = seeded(1)
    expect(() => {
      for (; ; n++) groups.assign(group, consumers[below(random, 3)]!, new StreamId().set(n, n), n, 1)
    }).toThrow(ArenaFull)
    expect(groups.pendingCount(group)).toBe(n)
    expect(consumers.reduce((sum, consumer) => sum + groups.consumerPendingCount(consumer), 0)).toBe(n)
    const other = memory.zeroed(ACCOUNT.overhead, 8)
    expect(() => groups.copy(root, other)).toThrow(ArenaFull)
    expect(groups.bind(other).length).toBe(0)
    expect(groups.bind(root).pendingCount(group)).toBe(n)
    groups.remove(group)
    memory.free(ACCOUNT.dataset, root)
    expect(memory.used[ACCOUNT.dataset]).toBe(0)
  })
})
