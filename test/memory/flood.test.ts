import { describe, expect, it } from 'vitest'
import { murmur64 } from '../../core/base/murmur.ts'
import { sipHash } from '../../core/base/siphash.ts'
import { collidingKeys } from '../support/colliding-keys.ts'
import { Random } from '../support/random.ts'

const keys = collidingKeys().map(key => Buffer.from(key, 'latin1'))

describe('keys made to collide', () => {
  it('are 16,384 different ones with one Murmur hash under any seed', () => {
    expect(new Set(keys.map(key => key.latin1Slice())).size).toBe(16_384)
    const random = new Random(1)
    for (let trial = 0; trial < 5; trial++) {
      const [high, low] = [random.bits() | 0, random.bits() | 0]
      const hashes = keys.map(key => {
        const out = { high: 0, low: 0 }
        murmur64(key, 0, key.length, high, low, out)
        return `${out.high},${out.low}`
      })
      expect(new Set(hashes).size).toBe(1)
    }
  })

  it('have hashes of their own under the keyed hash of the tables', () => {
    const random = new Random(2)
    for (let trial = 0; trial < 5; trial++) {
      const [k0, k1] = [random.bits() | 0, random.bits() | 0]
      const hashes = new Set(keys.map(key => sipHash(key, 0, key.length, k0, k1)))
      // Of 16,384 random 32-bit numbers about one pair in thirty such draws is equal.
      expect(hashes.size).toBeGreaterThan(16_380)
      // The low bits choose the slot: in 64 Ki slots random numbers leave 14,500 of them taken.
      expect(new Set([...hashes].map(hash => hash & 0xffff)).size).toBeGreaterThan(14_000)
    }
  })
})
