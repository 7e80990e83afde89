import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../core/base/random.ts'
import { murmur2, murmur64 } from '../../modules/bloom/hash.ts'
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
})
