import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { ACCOUNT, ArenaFull, Memory } from '../../core/memory/arena.ts'
import { List } from '../../core/structs/list.ts'
import { below, seeded, someBytes, times } from './seeded.ts'

const frame = (value: Buffer) => Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')])

function elements(list: List): Buffer[] {
  const out = new Range()
  const all: Buffer[] = []
  list.seek(0)
  if (list.length > 0) while (list.next(out)) all.push(out.copy())
  return all
}

/** Stands for a number in place of a length. */
const NUMBERS = -1

/** Some bytes, or a number, or what nearly reads as one. */
function someValue(random: () => number, longest: number): Buffer {
  if (longest !== NUMBERS) return someBytes(random, longest)
  const kind = below(random, 12)
  if (kind === 0) return Buffer.from(String(below(random, 70_000) - 35_000))
  if (kind === 1)
    return Buffer.from(['007', '-0', '', '-', '+5', '1.5', '32000', '31999', '-512', '-513', '00'][below(random, 11)]!)
  return Buffer.from(String(below(random, kind < 6 ? 130 : 4000)))
}

/** The frames of [from, to), run by run. */
function frames(list: List, from: number, to: number): Buffer {
  const out = new Range()
  const pieces: Buffer[] = []
  for (let i = from, n = 0; i < to; i += n) {
    n = list.run(i, to, out)
    expect(n).toBeGreaterThan(0)
    pieces.push(out.copy())
  }
  return Buffer.concat(pieces)
}

function check(list: List, model: Buffer[]): void {
  expect(list.length).toBe(model.length)
  expect(Buffer.compare(frames(list, 0, model.length), Buffer.concat(model.map(frame)))).toBe(0)
}

describe('list', () => {
  for (const [kind, longest] of [
    ['short elements', () => 12],
    ['small numbers', () => NUMBERS],
    ['numbers and others', (random: () => number) => (below(random, 3) === 0 ? 400 : NUMBERS)],
    ['elements of some hundred bytes', () => 600],
    ['elements around the size of a node', () => 9000],
    ['elements of all sizes', (random: () => number) => [5, 50, 500, 8000, 20_000][below(random, 5)]!],
  ] as const)
    it(`agrees with an array over random changes, with ${kind}`, () => {
      for (let seed = 1; seed <= times(2); seed++) {
        const random = seeded(seed * 17)
        const memory = new Memory({ poison: true })
        const list = new List(memory)
        const root = list.create()
        const model: Buffer[] = []
        const out = new Range()
        // Numbers must be many to fill a node.
        if (kind === 'small numbers')
          for (let i = 0; i < 5000; i++) {
            const value = someValue(random, NUMBERS)
            list.pushBack(Range.of(value))
            model.push(value)
          }
        for (let step = 0; step < 1500; step++) {
          const value = someValue(random, longest(random))
          const range = Range.of(value)
          const i = below(random, model.length + 1)
          const choice = random()
          if (choice < 0.2) {
            list.pushBack(range)
            model.push(value)
          } else if (choice < 0.4) {
            list.pushFront(range)
            model.unshift(value)
          } else if (choice < 0.55) {
            list.insert(i, range)
            model.splice(i, 0, value)
          } else if (choice < 0.65 && i < model.length) {
            list.set(i, range)
            model[i] = value
          } else if (choice < 0.75) {
            const n = random() < 0.9 ? 1 : below(random, 40)
            // Half of the time the element at the end has been read just before, as a pop does.
            if (random() < 0.5) list.at(random() < 0.5 ? -1 : 0, out)
            if (random() < 0.5) {
              list.dropFront(n)
              model.splice(0, n)
            } else {
              list.dropBack(n)
              model.splice(Math.max(0, model.length - n), n)
            }
          } else if (choice < 0.8) {
            const n = random() < 0.9 ? below(random, 6) : below(random, 200)
            list.removeRange(i, i + n)
            model.splice(i, n)
          } else if (choice < 0.85 && model.length > 0) {
            const fromBack = random() < 0.5
            expect(list.rotate(fromBack, out)).toBe(true)
            if (fromBack) model.unshift(model.pop()!)
            else model.push(model.shift()!)
            expect(out.copy().equals(model.at(fromBack ? 0 : -1)!)).toBe(true)
          } else {
            expect(list.at(i, out)).toBe(i < model.length)
            if (i < model.length) expect(out.copy().equals(model[i]!)).toBe(true)
            expect(list.at(-1 - i, out)).toBe(i < model.length)
            if (i < model.length) expect(out.copy().equals(model.at(-1 - i)!)).toBe(true)
          }
          expect(list.length).toBe(model.length)
          if (step % 100 === 0) check(list, model)
        }
        expect(elements(list).every((element, i) => element.equals(model[i]!))).toBe(true)
        check(list, model)
        expect(list.sizeBytes).toBe(memory.usedBytes)
        list.release(root)
        expect(memory.usedBytes).toBe(0)
      }
    })

  it('stays small and right as a queue that is fed at one end and drained at the other', () => {
    for (const forwards of [true, false]) {
      const random = seeded(12)
      const memory = new Memory({ poison: true })
      const list = new List(memory)
      const root = list.create()
      const model: Buffer[] = []
      const out = new Range()
      for (let step = 0; step < 8000; step++) {
        // A wide element at times, so that its numbers run out before its bytes do.
        const value = someBytes(random, step % 50 === 0 ? 700 : 1)
        if (forwards) list.pushBack(Range.of(value))
        else list.pushFront(Range.of(value))
        model.push(value)
        if (model.length > 30 + (step >> 6)) {
          list.at(forwards ? 0 : -1, out)
          expect(out.copy().equals(model.shift()!)).toBe(true)
          if (forwards) list.dropFront(1)
          else list.dropBack(1)
        }
      }
      expect(memory.usedBytes).toBeLessThan(40_000)
      list.release(root)
      expect(memory.usedBytes).toBe(0)
    }
  })

  it('keeps a million small numbers in three megabytes, and knows each', () => {
    const memory = new Memory()
    const list = new List(memory)
    const root = list.create()
    for (let i = 0; i < 1_000_000; i++) {
      if (i % 3 === 0) list.pushFront(Range.of(String(i % 1000)))
      else list.pushBack(Range.of(String(i % 1000)))
    }
    expect(list.sizeBytes).toBeLessThan(3e6)
    expect(memory.usedBytes).toBe(list.sizeBytes)
    const out = new Range()
    for (const i of [0, 1, 400_000, 999_999]) {
      const index = i % 3 === 0 ? 333_333 - i / 3 : 333_334 + i - Math.ceil(i / 3)
      list.at(index, out)
      expect(out.latin1()).toBe(String(i % 1000))
    }
    list.release(root)
    expect(memory.usedBytes).toBe(0)
  })

  it('stays small as a queue of numbers at the brim of a node, and is not moved at every push', () => {
    const memory = new Memory({ poison: true })
    const list = new List(memory)
    const root = list.create()
    for (let length = 1; length < 1500; length++) {
      list.pushBack(Range.of('7'))
      for (let i = 0; i < 20; i++) {
        list.pushBack(Range.of(String(i)))
        list.dropFront(1)
      }
    }
    expect(list.length).toBe(1499)
    expect(memory.usedBytes).toBeLessThan(30_000)
    list.release(root)
    expect(memory.usedBytes).toBe(0)
  })

  it('removes by value from either end as an array does', () => {
    for (let seed = 1; seed <= times(10); seed++) {
      const random = seeded(seed)
      const memory = new Memory({ poison: true })
      const list = new List(memory)
      const root = list.create()
      const pad = 'p'.repeat(below(random, 300))
      let model = Array.from({ length: 800 }, () => Buffer.from(`${below(random, 5)}${pad}`))
      for (const value of model) list.pushBack(Range.of(value))
      for (let round = 0; round < 8; round++) {
        const value = Buffer.from(`${below(random, 5)}${pad}`)
        const most = random() < 0.3 ? Infinity : below(random, 60) + 1
        const backwards = random() < 0.5
        let left = most
        const keep = (element: Buffer) => !element.equals(value) || left-- <= 0
        const expected = backwards ? model.reverse().filter(keep).reverse() : model.filter(keep)
        expect(list.remove(Range.of(value), most, backwards)).toBe(model.length - expected.length)
        model = expected
        check(list, model)
      }
      list.release(root)
      expect(memory.usedBytes).toBe(0)
    }
  })

  it('finds positions in both directions, of a bounded number of elements', () => {
    const random = seeded(6)
    const memory = new Memory()
    const list = new List(memory)
    list.create()
    const model = Array.from({ length: 3000 }, () => someBytes(random, 3))
    for (const value of model) list.pushBack(Range.of(value))
    for (let i = 0; i < 2000; i++) {
      const value = random() < 0.1 ? Buffer.from('none') : model[below(random, 3000)]!
      const from = below(random, 3000)
      const most = random() < 0.5 ? Infinity : below(random, 100)
      let forward = -1
      for (let k = from; k < 3000 && k < from + most && forward < 0; k++) if (model[k]!.equals(value)) forward = k
      let back = -1
      for (let k = from; k >= 0 && k > from - most && back < 0; k--) if (model[k]!.equals(value)) back = k
      expect(list.find(Range.of(value), from, false, most)).toBe(forward)
      expect(list.find(Range.of(value), from, true, most)).toBe(back)
    }
    expect(list.find(Range.of('x'), 3000, false, Infinity)).toBe(-1)
  })

  it('gives whole runs of frames for any range', () => {
    const random = seeded(2)
    const memory = new Memory()
    const list = new List(memory)
    const root = list.create()
    const model = Array.from({ length: 2500 }, (_, i) => Buffer.from(`element-${i}`))
    for (const value of model) list.pushBack(Range.of(value))
    for (let i = 0; i < 200; i++) {
      const from = below(random, 2500)
      const to = from + below(random, 2500 - from)
      list.bind(root)
      expect(frames(list, from, to).equals(Buffer.concat(model.slice(from, to).map(frame)))).toBe(true)
    }
    const out = new Range()
    expect(list.run(0, 2500, out)).toBeGreaterThan(300)
    expect(list.run(2500, 2600, out)).toBe(0)
    expect(list.run(5, 5, out)).toBe(0)
  })

  it('trims from both sides', () => {
    const memory = new Memory({ poison: true })
    const list = new List(memory)
    const root = list.create()
    const model = Array.from({ length: 5000 }, (_, i) => Buffer.from(String(i)))
    for (const value of model) list.pushBack(Range.of(value))
    list.trim(1000, 4000)
    check(list, model.slice(1000, 4000))
    list.trim(0, 0)
    expect(list.length).toBe(0)
    expect(list.at(0, new Range())).toBe(false)
    expect(memory.usedBytes).toBe(memory.sizeOf(root))
  })

  it('copies, and frees in steps of a budget', () => {
    const memory = new Memory({ poison: true })
    const list = new List(memory)
    const root = list.create()
    const model = Array.from({ length: 3000 }, (_, i) => Buffer.alloc(i % 97 === 0 ? 9000 : 30, i))
    for (const value of model) list.pushBack(Range.of(value))
    const twin = list.copy(root)
    while (!list.releaseStep(root, 2));
    check(list.bind(twin), model)
    expect(list.sizeBytes).toBe(memory.usedBytes)
    list.pushFront(Range.of('x'))
    list.release(twin)
    expect(memory.usedBytes).toBe(0)
  })

  it('keeps its elements when the arena is full', () => {
    const memory = new Memory({ limitBytes: 16 << 20 })
    for (let i = 0; i < 15; i++) memory.block(ACCOUNT.overhead, 1 << 20)
    const list = new List(memory)
    const root = list.create()
    const random = seeded(3)
    const model: Buffer[] = []
    expect(() => {
      for (;;) {
        const value = Buffer.alloc(below(random, 400), model.length)
        const i = below(random, model.length + 1)
        list.insert(i, Range.of(value))
        model.splice(i, 0, value)
      }
    }).toThrow(ArenaFull)
    check(list, model)
    expect(() => list.copy(root)).toThrow(ArenaFull)
    check(list.bind(root), model)
    expect(list.remove(Range.of(model[5]!), Infinity, true)).toBeGreaterThan(0)
    list.release(root)
    expect(memory.used[ACCOUNT.dataset]).toBe(0)
  })

  it('takes 13 bytes more than an element of 100 bytes has, and 7 more than an integer of 6 digits', () => {
    const memory = new Memory()
    const list = new List(memory)
    list.create()
    const wide = Range.of(Buffer.alloc(100, 120))
    for (let i = 0; i < 100_000; i++) list.pushBack(wide)
    expect(list.sizeBytes / 100_000).toBeLessThan(113)
    list.create()
    for (let i = 0; i < 100_000; i++) list.pushBack(Range.of(String(900_000 + i)))
    expect(list.sizeBytes / 100_000).toBeLessThan(13)
  })
})
