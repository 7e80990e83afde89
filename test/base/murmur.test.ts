import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Hash64, murmur32, murmur64 } from '../../core/base/murmur.ts'

const MASK = (1n << 64n) - 1n
const M = 0xc6a4a7935bd1e995n

function naive64(data: Uint8Array, seed: bigint): bigint {
  let h = seed ^ ((BigInt(data.length) * M) & MASK)
  const whole = data.length & ~7
  const word = (at: number, count: number): bigint => {
    let value = 0n
    for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(data[at + i]!)
    return value
  }
  for (let i = 0; i < whole; i += 8) {
    let k = (word(i, 8) * M) & MASK
    k = ((k ^ (k >> 47n)) * M) & MASK
    h = ((h ^ k) * M) & MASK
  }
  if (whole < data.length) h = ((h ^ word(whole, data.length - whole)) * M) & MASK
  h = ((h ^ (h >> 47n)) * M) & MASK
  return h ^ (h >> 47n)
}

function hash64(data: Uint8Array, seed: bigint): bigint {
  const buf = Buffer.concat([Buffer.from('#'), data, Buffer.from('#')])
  const out: Hash64 = { high: 0, low: 0 }
  murmur64(buf, 1, buf.length - 1, Number(seed >> 32n) | 0, Number(seed & 0xffffffffn) | 0, out)
  expect([out.high | 0, out.low | 0]).toEqual([out.high, out.low])
  return (BigInt(out.high >>> 0) << 32n) | BigInt(out.low >>> 0)
}

test('64-bit hashes of any bytes under any seed are those of the definition', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 70 }),
      fc.bigInt(0n, MASK),
      (data, seed) => hash64(data, seed) === naive64(data, seed),
    ),
    { numRuns: 2000, seed: 1 },
  )
})

test('64-bit hashes are those known of the reference', () => {
  expect(hash64(Buffer.from(''), 0n)).toBe(0n)
  expect(hash64(Buffer.from('hello'), 0xadc83b19n)).toBe(naive64(Buffer.from('hello'), 0xadc83b19n))
})

test('32-bit hashes are those of the definition', () => {
  const m = 0x5bd1e995n
  const word = (1n << 32n) - 1n
  const naive32 = (data: Uint8Array, seed: number): number => {
    let h = BigInt(seed >>> 0) ^ BigInt(data.length)
    let i = 0
    for (; i + 4 <= data.length; i += 4) {
      let k = (BigInt(Buffer.from(data).readUInt32LE(i)) * m) & word
      k = ((k ^ (k >> 24n)) * m) & word
      h = ((h * m) & word) ^ k
    }
    if (i < data.length) {
      let tail = 0n
      for (let k = data.length - 1; k >= i; k--) tail = (tail << 8n) | BigInt(data[k]!)
      h = ((h ^ tail) * m) & word
    }
    h = ((h ^ (h >> 13n)) * m) & word
    return Number(h ^ (h >> 15n))
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), fc.integer(), (data, seed) => {
      const buf = Buffer.concat([Buffer.from('#'), data, Buffer.from('#')])
      return murmur32(buf, 1, buf.length - 1, seed) === naive32(data, seed)
    }),
    { numRuns: 1000, seed: 2 },
  )
})
