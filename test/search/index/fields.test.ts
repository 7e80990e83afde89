import { describe, expect, it } from 'vitest'
import { Range } from '../../../core/base/bytes.ts'
import { ACCOUNT, ArenaFull, Memory } from '../../../core/memory/arena.ts'
import type { OwnIndex } from '../../../modules/search/index/field-index.ts'
import {
  circleRanges,
  distance,
  encodePoint,
  inCircle,
  isPoint,
  latitudeOf,
  longitudeOf,
} from '../../../modules/search/index/geo.ts'
import { LevenshteinWalk } from '../../../modules/search/index/levenshtein.ts'
import { NumberOrder, type Place } from '../../../modules/search/index/number-order.ts'
import { Numbers } from '../../../modules/search/index/numbers.ts'
import { Block } from '../../../modules/search/index/posting-block.ts'
import { SearchIndex } from '../../../modules/search/index/search-index.ts'
import { Strings } from '../../../modules/search/index/strings.ts'
import { Tags } from '../../../modules/search/index/tags.ts'
import type { Field } from '../../../modules/search/schema/schema.ts'
import { Stemmers } from '../../../modules/search/text/stem/stemmers.ts'
import { makeSchema } from '../support/index.ts'
import { ROUNDS, seeded, TEST_KEY } from '../support/random.ts'

describe('number order', () => {
  it('agrees with a sorted array', () => {
    for (let seed = 0; seed < 4 * ROUNDS; seed++) {
      const random = seeded(seed)
      const memory = new Memory({ poison: true })
      const order = new NumberOrder(memory)
      let model: [number, number][] = []
      const value = () =>
        seed % 2 === 0 ? random.below(50) : random.pick([-Infinity, Infinity, random.next() * 1e6 - 5e5])
      for (let step = 0; step < 6000; step++) {
        const entry: [number, number] = [seed === 3 ? step : value(), 1 + random.below(900)]
        if (random.next() < (step < 4000 ? 0.75 : 0.2)) {
          order.insert(...entry)
          if (!model.some(other => other[0] === entry[0] && other[1] === entry[1])) model.push(entry)
        } else if (model.length > 0) {
          const at = random.below(model.length)
          order.remove(...model[at]!)
          model.splice(at, 1)
          order.remove(1e9, 1)
        }
      }
      model = model.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]))
      const seen: [number, number][] = []
      for (let chunk = 0; chunk < order.chunks; chunk++)
        for (let slot = 0; slot < order.entriesOf(chunk); slot++)
          seen.push([order.value(chunk, slot), order.document(chunk, slot)])
      expect(seen).toEqual(model)
      expect(order.count).toBe(model.length)
      for (let i = 0; i < 50; i++) {
        const [low, high] = [value(), value()].sort((a, b) => a - b) as [number, number]
        const [openLow, openHigh] = [random.next() < 0.5, random.next() < 0.5]
        const from = order.place(low, openLow, { chunk: 0, slot: 0 })
        const to = order.place(high, !openHigh, { chunk: 0, slot: 0 })
        checkRange(
          order,
          from,
          to,
          model.filter(([v]) => (openLow ? v > low : v >= low) && (openHigh ? v < high : v <= high)),
        )
      }
      order.free()
      expect(memory.used[ACCOUNT.index]).toBe(0)
    }
  })

  function checkRange(order: NumberOrder, from: Place, to: Place, wanted: [number, number][]): void {
    expect(order.between(from, to)).toBe(wanted.length)
    const documents = new Int32Array(wanted.length)
    order.gather(from, to, documents)
    expect([...documents]).toEqual(wanted.map(([, document]) => document))
    const bits = new Int32Array(40)
    order.mark(from, to, bits, 0)
    const marked = new Set(wanted.map(([, document]) => document))
    const wrong = Array.from({ length: 1000 }, (_, d) => d).filter(
      d => ((bits[d >>> 5]! >>> (d & 31)) & 1) !== (marked.has(d) ? 1 : 0),
    )
    expect(wrong).toEqual([])
  }
})

describe('numbers', () => {
  it('follow documents through changes, one number or several', () => {
    const random = seeded(4)
    const memory = new Memory({ poison: true })
    const numbers = new Numbers(memory, true)
    const model = new Map<number, number[]>()
    for (let step = 0; step < 5000; step++) {
      const document = 1 + random.below(1000)
      const values = Array.from({ length: random.pick([0, 1, 1, 1, 4]) }, () => random.below(40))
      numbers.set(document, values)
      if (values.length > 0) model.set(document, values)
      else model.delete(document)
    }
    for (let document = 1; document <= 1000; document++)
      expect(numbers.values(document)).toEqual(model.get(document) ?? [])
    expect(numbers.count).toBe(model.size)
    expect(numbers.order!.count).toBe([...model.values()].reduce((sum, values) => sum + new Set(values).size, 0))
    expect(numbers.sizeBytes).toBe(memory.used[ACCOUNT.index])
    numbers.free(model.keys())
    expect(memory.used[ACCOUNT.index]).toBe(0)
  })
})

describe('points', () => {
  it('come back from their number within a cell', () => {
    const random = seeded(1)
    for (let i = 0; i < 2000; i++) {
      const longitude = random.next() * 360 - 180
      const latitude = random.next() * 170 - 85
      const point = encodePoint(longitude, latitude)
      expect(Math.abs(longitudeOf(point) - longitude)).toBeLessThan(360 / 2 ** 26)
      expect(Math.abs(latitudeOf(point) - latitude)).toBeLessThan(180 / 2 ** 26)
    }
    expect(encodePoint(13.361389, 38.115556)).toBe(3479099956230698)
    expect(isPoint(180, 85)).toBe(true)
    expect(isPoint(180.1, 0)).toBe(false)
    expect(isPoint(0, 86)).toBe(false)
  })

  it('are as far apart as the geo commands say', () => {
    const [palermo, catania] = [encodePoint(13.361389, 38.115556), encodePoint(15.087269, 37.502669)]
    const metres = distance(longitudeOf(palermo), latitudeOf(palermo), longitudeOf(catania), latitudeOf(catania))
    expect(metres).toBeCloseTo(166274.1516, 3)
  })

  it('of a circle lie in its ranges, over the date line and at the poles too', () => {
    const random = seeded(2)
    const points = Array.from({ length: 6000 }, () => encodePoint(random.next() * 360 - 180, random.next() * 170 - 85))
    for (let i = 0; i < 60; i++) {
      const circle = {
        longitude: random.pick([179.9, -179.99, 0, random.next() * 360 - 180]),
        latitude: random.pick([84.9, -84, 0, random.next() * 170 - 85]),
        metres: random.pick([1, 5000, 400_000, 3_000_000, 19_000_000]),
      }
      const ranges = circleRanges(circle)
      expect(ranges.length).toBeLessThan(400)
      const inRanges = (point: number) =>
        ranges.some((first, at) => at % 2 === 0 && point >= first && point < ranges[at + 1]!)
      expect(points.filter(point => inCircle(circle, point) && !inRanges(point))).toEqual([])
      if (circle.metres < 500_000 && Math.abs(circle.latitude) < 70)
        expect(points.filter(inRanges).length).toBeLessThan(points.length / 20)
    }
  })
})

describe('strings', () => {
  it('are kept once and compared by their bytes', () => {
    const random = seeded(6)
    const memory = new Memory({ poison: true })
    const strings = new Strings(memory, TEST_KEY)
    const model = new Map<number, string>()
    for (let step = 0; step < 4000; step++) {
      const document = 1 + random.below(600)
      const text = random.next() < 0.2 ? null : 's' + random.below(100)
      if (text === null) strings.clear(document)
      else strings.set(document, Range.of(text))
      if (text === null) model.delete(document)
      else model.set(document, text)
    }
    const out = new Range()
    for (let document = 1; document <= 600; document++) {
      const id = strings.of(document)
      expect(id === 0 ? undefined : strings.text(id, out).text()).toBe(model.get(document))
      if (id !== 0) expect(strings.find(Buffer.from(model.get(document)!))).toBe(id)
    }
    expect(strings.dict.count).toBe(new Set(model.values()).size)
    const documents = [...model.keys()].sort((a, b) => strings.compare(strings.of(a), strings.of(b)))
    expect(documents.map(d => model.get(d))).toEqual([...model.values()].sort())
    for (const document of model.keys()) strings.clear(document)
    expect(strings.dict.count).toBe(0)
    strings.free()
    expect(memory.used[ACCOUNT.index]).toBe(0)
  })
})

describe('tags', () => {
  it('are known both ways through changes, removals and sweeps', () => {
    for (let seed = 0; seed < 3 * ROUNDS; seed++) {
      const random = seeded(seed)
      const memory = new Memory({ poison: true })
      const tags = new Tags(memory, TEST_KEY, [new Block(), new Block()], new LevenshteinWalk())
      const model = new Map<number, Set<string>>()
      const dead = new Set<number>()
      let last = 0
      for (let step = 0; step < 3000; step++) {
        const renew = model.size === 0 || random.next() < 0.4
        const document = renew ? ++last : random.pick([...model.keys()])
        if (!renew && random.next() < 0.2) {
          tags.clear(document)
          model.delete(document)
          dead.add(document)
          continue
        }
        const values = new Set(Array.from({ length: random.below(4) }, () => 't' + random.below(12)))
        tags.set(
          document,
          [...values].map(value => Buffer.from(value)),
        )
        model.set(document, values)
      }
      const range = new Range()
      for (const [document, values] of model)
        expect(new Set(tags.of(document).map(record => tags.values.key(record, range).text()))).toEqual(values)
      for (let i = tags.values.count - 1; i >= 0; i--)
        for (let at = 0; at >= 0; ) at = tags.values.postings.sweep(tags.values.dict.at(i), at, 2, d => !dead.has(d))
      const block = new Block()
      for (let i = 0; i < tags.values.count; i++) {
        const record = tags.values.dict.at(i)
        const value = tags.values.key(record, range).text()
        const documents: number[] = []
        for (let b = 0; b < tags.values.postings.blocks(record); b++) {
          tags.values.postings.read(record, b, block)
          documents.push(...block.documents.subarray(0, block.rows))
        }
        expect(documents).toEqual(
          [...model]
            .filter(([, values]) => values.has(value))
            .map(([d]) => d)
            .sort((a, b) => a - b),
        )
      }
      expect(tags.sizeBytes).toBe(memory.used[ACCOUNT.index])
      tags.free()
      expect(memory.used[ACCOUNT.index]).toBe(0)
    }
  })
})

describe('an index whose memory ends while it is made', () => {
  const specs = [
    { name: 'text', kind: 'text' },
    { name: 'tag', kind: 'tag', sortable: true, indexMissing: true },
    { name: 'first', kind: 'vector' },
    { name: 'second', kind: 'vector' },
  ] as const

  /** Its first vector field takes a block; there is no room for another. */
  const failing = (memory: Memory): (() => SearchIndex) => {
    const makeOwn = ({ name }: Field): OwnIndex | null => {
      if (name.toString() === 'second') throw new ArenaFull(1)
      if (name.toString() !== 'first') return null
      const block = memory.block(ACCOUNT.index, 500)
      return { free: () => memory.free(ACCOUNT.index, block) } as OwnIndex
    }
    return () => new SearchIndex(memory, TEST_KEY, makeSchema(specs), new Stemmers(), makeOwn)
  }

  it('holds nothing', () => {
    const memory = new Memory()
    const before = memory.usedBytes
    expect(failing(memory)).toThrow(ArenaFull)
    expect(memory.usedBytes).toBe(before)
  })

  it('keeps the fields that it had when more are added', () => {
    const memory = new Memory()
    const schema = makeSchema(specs.slice(0, 2))
    let mayMake = true
    const index = new SearchIndex(memory, TEST_KEY, schema, new Stemmers(), () => {
      if (!mayMake) throw new ArenaFull(1)
      return null
    })
    const before = memory.usedBytes
    mayMake = false
    schema.fields.push(...makeSchema(specs).fields.slice(2))
    expect(() => index.addFields()).toThrow(ArenaFull)
    expect(index.fields.length).toBe(2)
    expect(memory.usedBytes).toBe(before)
  })
})
