import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { ACCOUNT, type Address, ArenaFull, Memory } from '../../core/memory/arena.ts'
import { Ranked } from '../../core/structs/ranked.ts'
import { freeMember, makeMember } from './members.ts'
import { below, seeded, someBytes, times } from './seeded.ts'

interface Entry {
  score: number
  member: Buffer
  record: Address
}

const order = (a: Entry, b: Entry) => a.score - b.score || Buffer.compare(a.member, b.member)

/** The naive model: a sorted array. */
class Model {
  entries: Entry[] = []

  place(entry: Entry): number {
    let low = 0
    let high = this.entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (order(this.entries[middle]!, entry) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  add(entry: Entry): void {
    this.entries.splice(this.place(entry), 0, entry)
  }
}

/** The entries from front to back, as the cursor shows them. */
function walk(ranked: Ranked): { score: number; record: Address }[] {
  const all: { score: number; record: Address }[] = []
  for (let more = ranked.at(0); more; more = ranked.next()) all.push({ score: ranked.score, record: ranked.record })
  return all
}

/** Fails unless the tree holds exactly the model's entries, read in both directions. */
function check(ranked: Ranked, model: Model): void {
  const { entries } = model
  expect(ranked.length).toBe(entries.length)
  let wrong = 0
  let seen = 0
  for (let more = ranked.at(0); more; more = ranked.next(), seen++) {
    const entry = entries[seen]
    if (ranked.position !== seen || ranked.record !== entry?.record || ranked.score !== entry.score) wrong++
  }
  expect(seen).toBe(entries.length)
  for (let more = ranked.at(seen - 1); more; more = ranked.previous())
    if (ranked.record !== entries[--seen]?.record) wrong++
  expect({ seen, wrong }).toEqual({ seen: 0, wrong: 0 })
}

/** A member that is in no entry yet. */
function freshMember(random: () => number, taken: Set<string>): Buffer {
  for (;;) {
    const member = someBytes(random, random() < 0.05 ? 400 : 24)
    const name = member.latin1Slice()
    if (taken.has(name)) continue
    taken.add(name)
    return member
  }
}

describe('ranked', () => {
  it('is filled at once with what is in order, and goes on from there', () => {
    const random = seeded(77)
    for (const count of [0, 1, 255, 256, 510, 5000, 255 * 127 + 3]) {
      const memory = new Memory({ poison: true })
      const ranked = new Ranked(memory)
      const root = ranked.create()
      const model = new Model()
      const taken = new Set<string>()
      const fresh = (): Entry => {
        const member = freshMember(random, taken)
        return { score: below(random, 300), member, record: makeMember(memory, member) }
      }
      model.entries = Array.from({ length: count }, fresh).sort(order)
      const scores = Float64Array.from(model.entries, entry => entry.score)
      ranked.fill(
        scores,
        Int32Array.from(model.entries, entry => entry.record),
        count,
      )
      check(ranked, model)
      for (let i = 0; i < 300; i++) {
        const entry = fresh()
        ranked.insert(entry.score, entry.record)
        model.add(entry)
        const gone = model.entries.splice(below(random, model.entries.length), 1)[0]!
        ranked.remove(gone.score, gone.record)
        freeMember(memory, gone.record)
      }
      check(ranked, model)
      ranked.release(root)
      for (const entry of model.entries) freeMember(memory, entry.record)
      expect(memory.usedBytes).toBe(0)
    }
  })

  for (const [kind, scoreOf] of [
    ['distinct scores', (random: () => number) => random() * 1e6],
    ['few scores', (random: () => number) => below(random, 5)],
    ['one score', () => 7],
  ] as const)
    it(`agrees with a sorted array over random changes, with ${kind}`, () => {
      const seeds = times(2)
      for (let seed = 1; seed <= seeds; seed++) {
        const random = seeded(seed * 101)
        const memory = new Memory({ poison: true })
        const ranked = new Ranked(memory)
        const root = ranked.create()
        const model = new Model()
        const taken = new Set<string>()
        for (let step = 0; step < 6000; step++) {
          // The set grows for two thirds of the run and shrinks in the rest.
          const growing = step % 3000 < 2000
          const choice = random()
          const rank = below(random, model.entries.length)
          const entry = model.entries[rank]
          if (entry === undefined || choice < (growing ? 0.7 : 0.1)) {
            const member = freshMember(random, taken)
            const fresh = { score: scoreOf(random), member, record: makeMember(memory, member) }
            ranked.insert(fresh.score, fresh.record)
            model.add(fresh)
          } else if (choice < 0.8) {
            expect(ranked.remove(entry.score, entry.record)).toBe(true)
            expect(ranked.remove(entry.score, entry.record)).toBe(false)
            model.entries.splice(rank, 1)
            taken.delete(entry.member.latin1Slice())
            freeMember(memory, entry.record)
          } else if (choice < 0.88) {
            const score = random() < 0.5 ? entry.score + (random() - 0.5) * 1e-3 : scoreOf(random)
            expect(ranked.rescore(entry.score, entry.record, score)).toBe(true)
            model.entries.splice(rank, 1)
            entry.score = score
            model.add(entry)
          } else if (choice < 0.94) {
            const record = makeMember(memory, entry.member)
            freeMember(memory, entry.record)
            expect(ranked.updateRecordAddress(entry.score, entry.record, record)).toBe(true)
            entry.record = record
          } else {
            expect(ranked.rank(entry.score, entry.record)).toBe(rank)
            expect(ranked.at(rank)).toBe(true)
            expect(ranked.record).toBe(entry.record)
            for (const after of [false, true])
              expect(ranked.scoreBound(entry.score, after)).toBe(
                model.entries.filter(other => other.score < entry.score || (after && other.score === entry.score))
                  .length,
              )
          }
          if (step % 1000 === 999) check(ranked, model)
        }
        for (const { record } of model.entries) freeMember(memory, record)
        ranked.release(root)
        expect(memory.usedBytes).toBe(0)
      }
    })

  it('keeps its counts and order through several levels of random growth and decay', () => {
    const memory = new Memory()
    const ranked = new Ranked(memory)
    const root = ranked.create()
    const random = seeded(21)
    const model = new Model()
    const size = times(60_000)
    for (let i = 0; i < size; i++) {
      const member = Buffer.from(String(i))
      const entry = { score: below(random, size), member, record: makeMember(memory, member) }
      ranked.insert(entry.score, entry.record)
      model.entries.push(entry)
    }
    model.entries.sort(order)
    check(ranked, model)
    for (const keep of [0.4, 0.1, 0.02, 0]) {
      const kept: Entry[] = []
      let wrong = 0
      // Taken out in an order of its own, so that neighbouring leaves empty at different times.
      const shuffled = model.entries.map(entry => ({ entry, at: random() })).sort((a, b) => a.at - b.at)
      for (const { entry } of shuffled)
        if (random() < keep) kept.push(entry)
        else {
          if (!ranked.remove(entry.score, entry.record)) wrong++
          freeMember(memory, entry.record)
        }
      expect(wrong).toBe(0)
      model.entries = kept.sort(order)
      check(ranked, model)
      for (let i = 0; i < kept.length; i += 97) expect(ranked.rank(kept[i]!.score, kept[i]!.record)).toBe(i)
      if (kept.length > 0) expect(ranked.sizeBytes / kept.length).toBeLessThan(40)
    }
    ranked.release(root)
    expect(memory.usedBytes).toBe(0)
  })

  it('finds where a member range begins when all scores are equal', () => {
    const random = seeded(3)
    const memory = new Memory()
    const ranked = new Ranked(memory)
    ranked.create()
    const model = new Model()
    const taken = new Set<string>()
    for (let i = 0; i < 2000; i++) {
      const member = freshMember(random, taken)
      const entry = { score: 0, member, record: makeMember(memory, member) }
      ranked.insert(0, entry.record)
      model.add(entry)
    }
    for (let i = 0; i < 300; i++) {
      const probe = random() < 0.5 ? model.entries[below(random, 2000)]!.member : someBytes(random, 12)
      for (const after of [false, true]) {
        const bound = model.entries.filter(entry => Buffer.compare(entry.member, probe) < (after ? 1 : 0)).length
        expect(ranked.memberBound(Range.of(probe), after)).toBe(bound)
        expect(ranked.seekMember(Range.of(probe), after)).toBe(bound < 2000)
        if (bound < 2000) expect(ranked.record).toBe(model.entries[bound]!.record)
      }
    }
  })

  it('removes ranges of ranks', () => {
    for (let seed = 1; seed <= times(4); seed++) {
      const random = seeded(seed)
      const memory = new Memory({ poison: true })
      const ranked = new Ranked(memory)
      const root = ranked.create()
      const model = new Model()
      const scores = Array.from({ length: 5000 }, () => below(random, 4000)).sort((a, b) => a - b)
      scores.forEach((score, i) => {
        const member = Buffer.from(String(i).padStart(6, '0'))
        const entry = { score, member, record: makeMember(memory, member) }
        ranked.append(score, entry.record)
        model.entries.push(entry)
      })
      while (model.entries.length > 0) {
        const from = below(random, model.entries.length)
        const k = 1 + below(random, Math.min(model.entries.length - from, random() < 0.5 ? 20 : 1500))
        ranked.removeRange(from, from + k)
        for (const { record } of model.entries.splice(from, k)) freeMember(memory, record)
        check(ranked, model)
      }
      ranked.release(root)
      expect(memory.usedBytes).toBe(0)
    }
  })

  it('packs its leaves when entries come in order, from either end', () => {
    for (const descending of [false, true]) {
      const memory = new Memory()
      const ranked = new Ranked(memory)
      ranked.create()
      const records: Address[] = []
      for (let i = 0; i < 60_000; i++) {
        const score = descending ? -i : i
        const record = makeMember(memory, Buffer.from(String(i)))
        ranked.insert(score, record)
        records.push(record)
      }
      if (descending) records.reverse()
      let wrong = 0
      for (let more = ranked.at(0); more; more = ranked.next()) if (ranked.record !== records[ranked.position]) wrong++
      expect({ wrong, last: ranked.position }).toEqual({ wrong: 0, last: 59_999 })
      expect(ranked.sizeBytes / 60_000).toBeLessThan(12.6)
    }
  })

  it('copies into full leaves with records of its own', () => {
    const memory = new Memory({ poison: true })
    const ranked = new Ranked(memory)
    const root = ranked.create()
    const random = seeded(9)
    const model = new Model()
    for (let i = 0; i < 3000; i++) {
      const member = Buffer.from(`m${i}`)
      const entry = { score: below(random, 100), member, record: makeMember(memory, member) }
      ranked.insert(entry.score, entry.record)
      model.add(entry)
    }
    const moved = new Map(model.entries.map(entry => [entry.record, makeMember(memory, entry.member)]))
    const fresh = ranked.copy(root, record => moved.get(record)!)
    check(ranked.bind(root), model)
    const twin = new Model()
    twin.entries = model.entries.map(entry => ({ ...entry, record: moved.get(entry.record)! }))
    check(ranked.bind(fresh), twin)
    ranked.release(root)
    for (const { record } of model.entries) freeMember(memory, record)
    check(ranked.bind(fresh), twin)
    for (const entry of twin.entries) expect(ranked.remove(entry.score, entry.record)).toBe(true)
    for (const { record } of twin.entries) freeMember(memory, record)
    expect(memory.usedBytes).toBe(memory.sizeOf(fresh))
    ranked.release(fresh)
    expect(memory.usedBytes).toBe(0)
  })

  it('frees in steps of a budget', () => {
    const memory = new Memory()
    const ranked = new Ranked(memory)
    const root = ranked.create()
    const record = makeMember(memory, Buffer.from('x'))
    for (let i = 0; i < 100_000; i++) ranked.append(i, record)
    let steps = 0
    let before = memory.usedBytes
    while (!ranked.releaseStep(root, 10)) {
      steps++
      expect(memory.usedBytes).toBeLessThan(before)
      before = memory.usedBytes
    }
    expect(steps).toBeGreaterThan(30)
    freeMember(memory, record)
    expect(memory.usedBytes).toBe(0)
  })

  it('accounts for its bytes', () => {
    const memory = new Memory()
    const ranked = new Ranked(memory, ACCOUNT.index)
    const root = ranked.create()
    const random = seeded(4)
    const records: Address[] = []
    for (let i = 0; i < 20_000; i++) {
      const record = makeMember(memory, Buffer.from(String(i)))
      records.push(record)
      ranked.insert(below(random, 1000), record)
    }
    expect(ranked.sizeBytes).toBe(memory.used[ACCOUNT.index])
    ranked.removeRange(3000, 19_000)
    expect(ranked.sizeBytes).toBe(memory.used[ACCOUNT.index])
    ranked.release(root)
    expect(memory.used[ACCOUNT.index]).toBe(0)
  })

  it('keeps its entries when the arena is full, and can still remove them', () => {
    const memory = new Memory({ limitBytes: 16 << 20 })
    for (let i = 0; i < 15; i++) memory.block(ACCOUNT.overhead, 1 << 20)
    const ranked = new Ranked(memory)
    ranked.create()
    const random = seeded(8)
    const model = new Model()
    expect(() => {
      for (let i = 0; ; i++) {
        const member = Buffer.from(`member-${i}`)
        const entry = { score: below(random, 1e9), member, record: makeMember(memory, member) }
        ranked.insert(entry.score, entry.record)
        model.entries.push(entry)
      }
    }).toThrow(ArenaFull)
    model.entries.sort(order)
    check(ranked, model)
    for (let i = 0; i < model.entries.length; i += 2)
      expect(ranked.remove(model.entries[i]!.score, model.entries[i]!.record)).toBe(true)
    model.entries = model.entries.filter((_, i) => i % 2 === 1)
    check(ranked, model)
  })

  it('answers for an empty tree', () => {
    const memory = new Memory()
    const ranked = new Ranked(memory)
    ranked.create()
    const record = makeMember(memory, Buffer.from('x'))
    expect(ranked.at(0)).toBe(false)
    expect(ranked.at(-1)).toBe(false)
    expect(ranked.rank(1, record)).toBe(-1)
    expect(ranked.remove(1, record)).toBe(false)
    expect(ranked.scoreBound(Infinity, true)).toBe(0)
    expect(ranked.memberBound(Range.of('x'), true)).toBe(0)
    expect(ranked.seekScore(0, false)).toBe(false)
    ranked.removeRange(0, 0)
    expect(ranked.length).toBe(0)
  })

  it('serves several trees in turn and keeps infinite scores at the ends', () => {
    const memory = new Memory()
    const ranked = new Ranked(memory)
    const a = ranked.create()
    const b = ranked.create()
    const record = makeMember(memory, Buffer.from('m'))
    for (const score of [0, Infinity, -Infinity, 5e-324]) ranked.bind(a).insert(score, record)
    ranked.bind(b).insert(1, record)
    expect(walk(ranked.bind(a)).map(entry => entry.score)).toEqual([-Infinity, 0, 5e-324, Infinity])
    expect(ranked.bind(b).length).toBe(1)
  })
})
