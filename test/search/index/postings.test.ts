import { describe, expect, it } from 'vitest'
import { ACCOUNT, type Address, Memory } from '../../../core/memory/arena.ts'
import { DeadBits } from '../../../modules/search/index/dead-bits.ts'
import { Block, type Layout } from '../../../modules/search/index/posting-block.ts'
import { LIST_WORDS, Postings } from '../../../modules/search/index/postings.ts'
import { ROUNDS, seeded } from '../support/random.ts'

interface Row {
  document: number
  freq: number
  fields: number
  positions: number[]
}

const FULL: Layout = { freqs: true, fields: true, offsets: true }
const PLAIN: Layout = { freqs: false, fields: false, offsets: false }

function setUp(layout: Layout) {
  const memory = new Memory({ poison: true })
  const lists = new Postings(memory, layout, 0, new Block(), new Block())
  const record = memory.zeroed(ACCOUNT.index, LIST_WORDS * 4)
  const base = memory.used[ACCOUNT.index]!
  return { memory, lists, record, held: () => memory.used[ACCOUNT.index]! - base }
}

function readAll(lists: Postings, record: Address): Row[] {
  const block = new Block()
  const rows: Row[] = []
  const out = new Int32Array(20_000)
  for (let number = 0; number < lists.blocks(record); number++) {
    lists.read(record, number, block)
    block.needAll(lists.layout)
    for (let row = 0; row < block.rows; row++) {
      const end = block.positions(row, out, 0)
      rows.push({
        document: block.documents[row]!,
        freq: block.freqs[row]!,
        fields: block.fields[row]!,
        positions: [...out.subarray(0, end)],
      })
    }
  }
  return rows
}

function append(lists: Postings, record: Address, row: Row, impact = 1): void {
  const positions = Int32Array.from(row.positions)
  lists.append(record, row.document, row.freq, row.fields, positions, 0, positions.length, impact)
}

describe('postings', () => {
  it.each([
    ['everything', FULL],
    ['no offsets', { freqs: true, fields: true, offsets: false }],
    ['no frequencies', { freqs: false, fields: true, offsets: true }],
    ['offsets only', { freqs: false, fields: false, offsets: true }],
  ] as const)('give back what was appended, with %s kept', (_, layout) => {
    for (let seed = 0; seed < 8 * ROUNDS; seed++) {
      const random = seeded(seed)
      const { lists, record, held } = setUp(layout)
      const model: Row[] = []
      const gap = random.pick([1, 3, 40, 3000, 70_000, 1 << 26, 1 << 29])
      let document = 0
      for (let i = random.below(700); i >= 0; i--) {
        document += 1 + random.below(gap)
        if (document >= 0x7ffffff0) break
        const row: Row = {
          document,
          freq: random.next() < 0.6 ? 1 : 1 + random.below(random.pick([10, 300, 100_000])),
          fields: random.below(random.pick([1, 4, 400])),
          positions: [],
        }
        let position = 0
        for (let n = random.next() < 0.5 ? 1 : random.below(6); n > 0; n--)
          row.positions.push((position += 1 + random.below(300)))
        append(lists, record, row)
        model.push({
          document,
          freq: layout.freqs ? row.freq : 1,
          fields: layout.fields ? row.fields : 0,
          positions: layout.offsets ? row.positions : [],
        })
      }
      expect(readAll(lists, record)).toEqual(model)
      expect(lists.count(record)).toBe(model.length)
      expect(lists.sizeBytes).toBe(held())
      lists.release(record)
      expect(held()).toBe(0)
    }
  })

  it('find the block of a document, from anywhere before it', () => {
    const random = seeded(5)
    const { lists, record } = setUp(FULL)
    const documents: number[] = []
    for (let i = 0, document = 0; i < 3000; i++) {
      documents.push((document += 1 + random.below(9)))
      append(lists, record, { document, freq: 1, fields: 0, positions: [1] })
    }
    const block = new Block()
    for (let i = 0; i < 2000; i++) {
      const target = random.below(documents.at(-1)! + 5)
      const wanted = documents.find(d => d >= target)
      const number = lists.find(record, target, 0)
      if (wanted === undefined) {
        expect(number).toBe(lists.blocks(record))
        continue
      }
      lists.read(record, number, block)
      expect([...block.documents.subarray(0, block.rows)]).toContain(wanted)
      for (const from of [random.below(number + 1), number]) expect(lists.find(record, target, from)).toBe(number)
    }
  })

  it('bound the impacts of each block', () => {
    const random = seeded(9)
    const { lists, record } = setUp(FULL)
    const impacts: number[] = []
    for (let i = 1; i <= 1000; i++) {
      impacts.push(random.below(1 << 24))
      append(lists, record, { document: i, freq: 1, fields: 0, positions: [] }, impacts.at(-1))
    }
    for (let number = 0; number < lists.blocks(record); number++) {
      const bound = Math.max(...impacts.slice(number * 128, number * 128 + 128))
      expect(lists.impactOf(record, number)).toBe(bound)
    }
  })

  it('are swept of dead documents in steps, and closed up', () => {
    for (let seed = 0; seed < 6 * ROUNDS; seed++) {
      const random = seeded(seed)
      for (const layout of [FULL, PLAIN]) {
        const { lists, record, held } = setUp(layout)
        let model: Row[] = []
        let document = 0
        for (let round = 0; round < 6; round++) {
          for (let i = random.below(600); i >= 0; i--) {
            const row = {
              document: (document += 1 + random.below(5)),
              freq: 1 + random.below(3),
              fields: 1,
              positions: [3, 9],
            }
            if (layout === PLAIN) lists.appendPlain(record, document)
            else append(lists, record, row)
            model.push(layout === PLAIN ? { document, freq: 1, fields: 0, positions: [] } : row)
          }
          const share = random.pick([0, 0.02, 0.5, 0.95, 1])
          // All over the list, or in a part of it.
          const from = random.below(2) * random.below(document)
          const dead = new Set(
            model.filter(row => row.document >= from && random.next() < share).map(row => row.document),
          )
          model = model.filter(row => !dead.has(row.document))
          const bits = new DeadBits()
          for (const one of dead) bits.add(one)
          for (let at = 0; at >= 0; ) at = lists.sweep(record, at, 3, d => !dead.has(d), round % 2 === 0 ? bits : null)
          expect(readAll(lists, record)).toEqual(model)
          expect(lists.count(record)).toBe(model.length)
          expect(lists.sizeBytes).toBe(held())
          if (share > 0.9 && from === 0)
            expect(lists.blocks(record)).toBeLessThanOrEqual(Math.ceil(model.length / 64) + 2)
        }
      }
    }
  })

  it('of plain lists take documents in and out anywhere', () => {
    for (let seed = 0; seed < 6 * ROUNDS; seed++) {
      const random = seeded(seed)
      const { lists, record, held } = setUp(PLAIN)
      const model = new Set<number>()
      for (let step = 0; step < 3000; step++) {
        const document = 1 + random.below(1200)
        if (model.has(document)) {
          lists.removePlain(record, document)
          model.delete(document)
        } else if (random.next() < 0.8) {
          lists.insertPlain(record, document)
          model.add(document)
        } else lists.removePlain(record, document)
        if (step % 150 === 0 || model.size < 4) {
          expect(readAll(lists, record).map(row => row.document)).toEqual([...model].sort((a, b) => a - b))
          expect(lists.count(record)).toBe(model.size)
          expect(lists.sizeBytes).toBe(held())
        }
      }
      for (const document of model) lists.removePlain(record, document)
      expect(held()).toBe(0)
    }
  })

  it('keep as many offsets of one posting as their limit allows', () => {
    const { lists, record } = setUp(FULL)
    const positions = Array.from({ length: 20_000 }, (_, i) => i + 1)
    append(lists, record, { document: 1, freq: 20_000, fields: 0, positions })
    append(lists, record, { document: 2, freq: 1, fields: 0, positions: [4] })
    const rows = readAll(lists, record)
    expect(rows[0]!.positions).toEqual(positions.slice(0, 8192))
    expect(rows[1]!.positions).toEqual([4])
  })

  it('of one document take no memory of their own', () => {
    const { lists, record, held } = setUp(PLAIN)
    lists.appendPlain(record, 77)
    expect(held()).toBe(0)
    expect(readAll(lists, record).map(row => row.document)).toEqual([77])
    expect(lists.find(record, 78, 0)).toBe(lists.blocks(record))
    expect(lists.find(record, 77, 0)).toBe(0)
  })
})
