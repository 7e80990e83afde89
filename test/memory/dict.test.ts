import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { sipHash } from '../../core/base/siphash.ts'
import { ACCOUNT, Memory, SLAB_BITS, UNIT_MASK } from '../../core/memory/arena.ts'
import { Dict } from '../../core/memory/dict.ts'

const KEY = { k0: 0x12345678, k1: 0x0fedcba9 }
const long = process.env['REDSTRATA_TEST'] === 'long'

function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 4294967296
  }
}

function tail(dict: Dict, record: number): number {
  return dict.memory.u8[record >>> SLAB_BITS]!.readInt32LE(((record & UNIT_MASK) << 3) + dict.tailAt(record))
}
function setTail(dict: Dict, record: number, value: number): void {
  dict.memory.u8[record >>> SLAB_BITS]!.writeInt32LE(value, ((record & UNIT_MASK) << 3) + dict.tailAt(record))
}

function keyText(n: number): string {
  return n % 97 === 0
    ? `${'long'.repeat(80)}${n}`
    : n % 31 === 0
      ? String.fromCharCode(n & 255, (n >> 8) & 255)
      : `key:${n}`
}

function exercise(seed: number, steps: number, range: number, keyAt: number): void {
  const memory = new Memory({ poison: true })
  const dict = new Dict(memory, KEY, keyAt, ACCOUNT.dataset)
  const root = dict.create()
  const model = new Map<string, number>()
  const next = random(seed)
  const out = new Range()
  let text = ''
  for (let step = 0; step < steps; step++) {
    if (next() < 0.8) text = keyText(Math.floor(next() * range))
    const key = Buffer.from(text, 'latin1')
    const phase = Math.floor((step * 4) / steps) % 2 === 0 ? 0.7 : 0.3
    const record = next() < 0.5 ? dict.find(key, 0, key.length) : dict.findAgain(key, 0, key.length)
    if ((record !== 0) !== model.has(text)) throw new Error(`${text}: found ${record}`)
    if (next() < phase) {
      if (record === 0) setTail(dict, dict.insert(key, 0, key.length, 4), step)
      else setTail(dict, dict.resize(record, 4 + Math.floor(next() * 100)), step)
      model.set(text, step)
    } else if (record !== 0) {
      if (tail(dict, record) !== model.get(text)) throw new Error(`${text}: wrong tail`)
      dict.remove(record)
      model.delete(text)
    }
    if (dict.count !== model.size) throw new Error(`${dict.count} records, want ${model.size}`)
    if (step % 1000 === 0) dict.bind(root)
  }
  const seen = new Set<string>()
  for (let i = 0; i < dict.count; i++) {
    const record = dict.at(i)
    const text = dict.key(record, out).latin1()
    if (dict.positionOf(record) !== i || tail(dict, record) !== model.get(text))
      throw new Error(`${text}: wrong record`)
    seen.add(text)
  }
  expect(seen.size).toBe(model.size)
  dict.release()
  expect(memory.usedBytes).toBe(0)
}

describe('dict', () => {
  it('tells hashes by which another table of the same secret finds the same keys', () => {
    for (const count of [0, 5, 300, 30_000]) {
      const memory = new Memory({ poison: true })
      const filled = (step: number, expected: number): Dict => {
        const dict = new Dict(memory, KEY, 5, ACCOUNT.dataset)
        dict.create(expected)
        for (let i = 0; i < count; i += step) {
          const key = Buffer.from(`member ${i}`)
          if (dict.find(key, 0, key.length) === 0) dict.insert(key, 0, key.length, 0)
        }
        return dict
      }
      const all = filled(1, count)
      const thirds = filled(3, 0)
      const member = new Range()
      const seen = new Set<string>()
      let wrong = 0
      all.eachHashed((record, hash) => {
        const text = all.key(record, member).latin1()
        seen.add(text)
        const isThird = Number(text.slice(7)) % 3 === 0
        if (thirds.hasHashed(hash, member.buf, member.start, member.end) !== isThird) wrong++
      })
      expect({ seen: seen.size, wrong }).toEqual({ seen: count, wrong: 0 })
      all.release()
      thirds.release()
      expect(memory.usedBytes).toBe(0)
    }
  })

  it('removes a record that was found before a key that is not there was sought', () => {
    const dict = new Dict(new Memory({ poison: true }), KEY, 5, ACCOUNT.dataset)
    dict.create()
    const [key, other] = [Buffer.from('key'), Buffer.from('other')]
    dict.find(key, 0, 3)
    dict.insert(key, 0, 3, 0)
    const record = dict.findAgain(key, 0, 3)
    expect(dict.find(other, 0, 5)).toBe(0)
    dict.remove(record)
    expect(dict.findAgain(key, 0, 3)).toBe(0)
    expect(dict.count).toBe(0)
  })

  it('agrees with a Map over random inserts, resizes and removals', () => {
    exercise(1, 20_000, 3000, 5)
    exercise(2, 20_000, 40, 20)
  })

  it('finds records that were appended and then indexed, and lets go of the first that was there and those behind', () => {
    const memory = new Memory({ poison: true })
    const dict = new Dict(memory, KEY, 20, ACCOUNT.dataset)
    dict.create()
    dict.reserve(20_000)
    const append = (text: string): number => {
      const key = Buffer.from(text)
      return dict.append(key, 0, key.length, 4)
    }
    const find = (text: string): number => dict.find(Buffer.from(text), 0, Buffer.from(text).length)
    const drop = (): void => {}
    for (let n = 0; n < 20_000; n += 100) {
      for (let i = n; i < n + 100; i++) setTail(dict, append(keyText(i * 13)), i)
      expect(dict.index(n, drop)).toBe(true)
    }
    for (let i = 0; i < 20_000; i++) expect(tail(dict, find(keyText(i * 13)))).toBe(i)
    const dropped: number[] = []
    const fresh = ['x', 'y', keyText(13), 'z'].map(append)
    expect(dict.index(20_000, record => dropped.push(record))).toBe(false)
    expect(dropped).toEqual([fresh[3], fresh[2]])
    expect([dict.count, find('x') !== 0, find('y') !== 0, find('z')]).toEqual([20_002, true, true, 0])
    dict.remove(find(keyText(26)))
    expect(find(keyText(26))).toBe(0)
    dict.release()
    expect(memory.usedBytes).toBe(0)
  })

  it('agrees with a Map when shards split and the dense array spans chunks', () => {
    exercise(3, long ? 2_000_000 : 150_000, long ? 400_000 : 60_000, 8)
  })

  it('returns every key that stays during a scan, whatever comes and goes', () => {
    const memory = new Memory()
    const dict = new Dict(memory, KEY, 5, ACCOUNT.dataset)
    dict.create()
    const next = random(9)
    const add = (text: string): void => {
      const key = Buffer.from(text)
      if (dict.find(key, 0, key.length) === 0) dict.insert(key, 0, key.length, 0)
    }
    for (let i = 0; i < 500; i++) add(`stay:${i}`)
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 300; i++) add(`go:${i}`)
      const seen = new Set<string>()
      const out = new Range()
      for (let cursor = dict.count; cursor > 0; ) {
        for (let n = 0; n < 7 && cursor > 0; n++) {
          cursor = Math.min(cursor, dict.count) - 1
          if (cursor >= 0) seen.add(dict.key(dict.at(cursor), out).text())
        }
        for (let n = 0; n < 5; n++) {
          const key = Buffer.from(`go:${Math.floor(next() * 300)}`)
          const record = dict.find(key, 0, key.length)
          if (record !== 0) dict.remove(record)
        }
      }
      for (let i = 0; i < 500; i++) expect(seen.has(`stay:${i}`)).toBe(true)
    }
  })

  it('spreads hashes over all bits', () => {
    const buckets = new Float64Array(256)
    const low = new Float64Array(256)
    for (let i = 0; i < 100_000; i++) {
      const key = Buffer.from(`user:${i}`)
      const hash = sipHash(key, 0, key.length, KEY.k0, KEY.k1)
      buckets[hash >>> 24]!++
      low[hash & 255]!++
    }
    for (const counts of [buckets, low]) expect(Math.max(...counts)).toBeLessThan(2 * Math.min(...counts))
  })
})
