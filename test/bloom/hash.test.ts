import { describe, expect, it } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import { SeededRandom } from '../../core/base/random.ts'
import {
  cellOf,
  MIXED_LENGTH,
  mixWords,
  murmur2,
  murmur2Four,
  murmur64,
  murmur64Pair,
  PAIR_LENGTH,
} from '../../modules/bloom/hash.ts'
import { bits64, murmur2Model, murmur64Model } from './models.ts'

describe('hashes', () => {
  it('murmur64 agrees with big integers for every length and seed', () => {
    const random = new SeededRandom(1)
    const out = new Int32Array(2)
    for (let i = 0; i < 2000; i++) {
      const bytes = Buffer.alloc(i % 67)
      random.bytes(bytes)
      const lo = random.u32() | 0
      const hi = random.u32() | 0
      const padded = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')])
      murmur64(padded, 6, 6 + bytes.length, lo, hi, out)
      expect(bits64(out[0]!, out[1]!)).toBe(murmur64Model(bytes, bits64(lo, hi)))
    }
  })

  it('murmur2 agrees with big integers for every length and seed', () => {
    const random = new SeededRandom(2)
    for (let i = 0; i < 2000; i++) {
      const bytes = Buffer.alloc(i % 41)
      random.bytes(bytes)
      const seed = random.u32()
      expect(murmur2(bytes, 0, bytes.length, seed)).toBe(murmur2Model(bytes, seed))
    }
  })

  it('murmur2 by four seeds at once, of items of any length', () => {
    const random = new SeededRandom(3)
    const mixed = new Int32Array(MIXED_LENGTH)
    const out = new Int32Array(4)
    for (let i = 0; i < 1200; i++) {
      const bytes = Buffer.alloc(6 + (i % 150))
      random.bytes(bytes)
      const item = new Range(bytes, 6, bytes.length)
      const seeds = [random.u32() | 0, random.u32() | 0, i, random.u32() | 0] as const
      mixWords(item.buf, item.start, item.end, mixed)
      murmur2Four(mixed, item, ...seeds, out)
      expect([...out].map(hash => hash >>> 0)).toEqual(seeds.map(seed => murmur2Model(bytes.subarray(6), seed >>> 0)))
    }
  })

  it('a pair of murmur64, the second seeded with the first', () => {
    const random = new SeededRandom(4)
    const out = new Int32Array(PAIR_LENGTH)
    for (let i = 0; i < 1200; i++) {
      const bytes = Buffer.alloc(6 + (i % 150))
      random.bytes(bytes)
      const [lo, hi] = [random.u32() | 0, random.u32() | 0]
      const first = murmur64Model(bytes.subarray(6), bits64(lo, hi))
      murmur64Pair(bytes, 6, bytes.length, lo, hi, out)
      expect(bits64(out[0]!, out[1]!)).toBe(first)
      expect(bits64(out[2]!, out[3]!)).toBe(murmur64Model(bytes.subarray(6), first))
    }
  })

  it('a hash names a cell as the remainder of an unsigned number', () => {
    const random = new SeededRandom(5)
    for (let i = 0; i < 1000; i++) {
      const width = 1 + random.below(2 ** (1 + (i % 30)))
      const hash = random.u32()
      expect(cellOf(hash | 0, width)).toBe(hash % width)
    }
  })
})
