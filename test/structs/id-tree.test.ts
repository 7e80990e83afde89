import { describe, expect, it } from 'vitest'
import { ACCOUNT, ArenaFull, Memory, SLAB_BITS, UNIT_MASK } from '../../core/memory/arena.ts'
import { ID_TREE_ROOT_BYTES, IdTree } from '../../core/structs/id-tree.ts'
import { StreamId } from '../../core/structs/stream-id.ts'
import { below, seeded, times } from './seeded.ts'

const WORDS = [0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff]

/** Ids from a small space, so that they are met again, with all words at their edges. */
function someId(random: () => number): StreamId {
  const word = () => WORDS[below(random, 6)]!
  return new StreamId().setWords(word(), word(), word(), below(random, 12))
}

const key = (id: StreamId) =>
  (BigInt(id.msHigh) << 96n) | (BigInt(id.msLow) << 64n) | (BigInt(id.seqHigh) << 32n) | BigInt(id.seqLow)

function fromKey(value: bigint): StreamId {
  const word = (shift: bigint) => Number((value >> shift) & 0xffffffffn)
  return new StreamId().setWords(word(96n), word(64n), word(32n), word(0n))
}

function rows(tree: IdTree): [bigint, number][] {
  const all: [bigint, number][] = []
  const id = new StreamId()
  for (let more = tree.first(); more; more = tree.next()) {
    tree.readId(id)
    all.push([key(id), tree.payload(1)])
  }
  return all
}

function rowsBack(tree: IdTree): [bigint, number][] {
  const all: [bigint, number][] = []
  const id = new StreamId()
  for (let more = tree.last(); more; more = tree.previous()) {
    tree.readId(id)
    all.push([key(id), tree.payload(1)])
  }
  return all.reverse()
}

const ascending = (a: [bigint, number], b: [bigint, number]) => (a[0] < b[0] ? -1 : 1)

function make(memory: Memory): { tree: IdTree; root: number } {
  const tree = new IdTree(memory, ACCOUNT.dataset, 2)
  const root = memory.block(ACCOUNT.dataset, ID_TREE_ROOT_BYTES)
  tree.init(root)
  return { tree, root }
}

function clear(memory: Memory, tree: IdTree, root: number): void {
  while (!tree.clearStep(root, 1));
  memory.free(ACCOUNT.dataset, root)
  expect(memory.usedBytes).toBe(0)
}

describe('id tree', () => {
  it('agrees with a map over random changes', () => {
    for (let seed = 1; seed <= times(3); seed++) {
      const random = seeded(seed * 5)
      const memory = new Memory({ poison: true })
      const { tree, root } = make(memory)
      const model = new Map<bigint, number>()
      for (let step = 0; step < 8000; step++) {
        const id = someId(random)
        const growing = step % 4000 < 2500
        if (random() < (growing ? 0.8 : 0.2)) {
          expect(tree.insert(id)).toBe(!model.has(key(id)))
          tree.setPayload(1, step)
          model.set(key(id), step)
        } else expect(tree.remove(id)).toBe(model.delete(key(id)))
        const probe = someId(random)
        expect(tree.find(probe)).toBe(model.has(key(probe)))
        if (model.has(key(probe))) expect(tree.payload(1)).toBe(model.get(key(probe)))
        if (step % 1000 === 999) {
          const sorted = [...model].sort(ascending)
          expect(rows(tree)).toEqual(sorted)
          expect(rowsBack(tree)).toEqual(sorted)
        }
      }
      expect(tree.length).toBe(model.size)
      expect(tree.nodeBytes + memory.sizeOf(root)).toBe(memory.usedBytes)
      clear(memory, tree, root)
    }
  })

  it('seeks to the neighbours of any id', () => {
    const random = seeded(11)
    const memory = new Memory()
    const { tree } = make(memory)
    const model = new Set<bigint>()
    for (let i = 0; i < 900; i++) {
      const id = someId(random)
      if (tree.insert(id)) tree.setPayload(1, 0)
      model.add(key(id))
    }
    const sorted = [...model].sort((a, b) => (a < b ? -1 : 1))
    const out = new StreamId()
    for (let i = 0; i < 2000; i++) {
      const probe = someId(random)
      const wanted = sorted.find(k => k >= key(probe))
      expect(tree.seek(probe)).toBe(wanted !== undefined)
      if (wanted !== undefined) {
        tree.readId(out)
        expect(key(out)).toBe(wanted)
      }
      const before = sorted.findLast(k => k <= key(probe))
      expect(tree.seekBack(probe)).toBe(before !== undefined)
      if (before !== undefined) {
        tree.readId(out)
        expect(key(out)).toBe(before)
      }
    }
  })

  it('grows and decays through several levels', () => {
    const memory = new Memory()
    const { tree, root } = make(memory)
    const random = seeded(2)
    const count = times(40_000)
    const order = Array.from({ length: count }, (_, i) => ({ i, at: random() })).sort((a, b) => a.at - b.at)
    for (const { i } of order) {
      tree.insert(fromKey(BigInt(i) << 70n))
      tree.setPayload(1, i)
    }
    let wrong = 0
    let n = 0
    for (let more = tree.first(); more; more = tree.next()) if (tree.payload(1) !== n++) wrong++
    expect({ n, wrong }).toEqual({ n: count, wrong: 0 })
    for (const { i } of order) if (i % 50 !== 0 && !tree.remove(fromKey(BigInt(i) << 70n))) wrong++
    expect(wrong).toBe(0)
    expect(rowsBack(tree).map(row => row[1])).toEqual(Array.from({ length: count / 50 }, (_, i) => i * 50))
    expect(tree.nodeBytes / tree.length).toBeLessThan(80)
    clear(memory, tree, root)
  })

  it('packs its nodes when ids ascend, and stays small as a queue', () => {
    const memory = new Memory()
    const { tree, root } = make(memory)
    for (let i = 0; i < 20_000; i++) {
      tree.insert(new StreamId().set(i, 0))
      tree.setPayload(1, i)
    }
    expect(tree.nodeBytes / 20_000).toBeLessThan(25.5)
    for (let i = 20_000; i < 60_000; i++) {
      tree.insert(new StreamId().set(i, 0))
      tree.setPayload(1, i)
      tree.remove(new StreamId().set(i - 20_000, 0))
    }
    expect(tree.nodeBytes / 20_000).toBeLessThan(26)
    expect(tree.first() && tree.payload(1)).toBe(40_000)
    for (let i = 40_000; i < 60_000; i++) tree.remove(new StreamId().set(i, 0))
    expect(tree.length).toBe(0)
    expect(tree.first()).toBe(false)
    expect(tree.nodeBytes).toBe(0)
    clear(memory, tree, root)
  })

  it('keeps its rows when the arena is full', () => {
    const memory = new Memory({ limitBytes: 16 << 20 })
    for (let i = 0; i < 15; i++) memory.block(ACCOUNT.overhead, 1 << 20)
    const { tree } = make(memory)
    const random = seeded(5)
    const model = new Map<bigint, number>()
    expect(() => {
      for (let i = 0; ; i++) {
        const id = new StreamId().set(below(random, 2 ** 50), i)
        tree.insert(id)
        tree.setPayload(1, i)
        model.set(key(id), i)
      }
    }).toThrow(ArenaFull)
    const sorted = [...model].sort(ascending)
    const found = rows(tree)
    expect(found.length).toBe(sorted.length)
    expect(found.every((row, i) => row[0] === sorted[i]![0] && row[1] === sorted[i]![1])).toBe(true)
  })

  it('keeps its root inside a record of the owner', () => {
    const memory = new Memory()
    const record = memory.block(ACCOUNT.dataset, 64)
    memory.u8[record >>> SLAB_BITS]!.fill(0x55, (record & UNIT_MASK) << 3, ((record & UNIT_MASK) << 3) + 64)
    const tree = new IdTree(memory, ACCOUNT.dataset, 2)
    tree.init(record + 2)
    tree.insert(new StreamId().set(1, 1))
    const words = memory.i32[record >>> SLAB_BITS]!
    const at = (record & UNIT_MASK) << 1
    expect([words[at + 3], words[at + 8]]).toEqual([0x55555555, 0x55555555])
    expect(tree.bind(record + 2).length).toBe(1)
  })
})
