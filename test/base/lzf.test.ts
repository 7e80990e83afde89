import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compress, decompress } from '../../core/base/lzf.ts'
import { SeededRandom } from '../../core/base/random.ts'

const long = process.env['REDSTRATA_TEST'] === 'long'

/** Compress with room for everything but one byte, as RDB does; null when it does not pay. */
function packed(buf: Buffer, limit = buf.length - 1): Buffer | null {
  const out = Buffer.alloc(Math.max(limit, 0) + 8, 0xee)
  const length = compress(buf, 0, buf.length, out, 4, limit)
  expect(length).toBeLessThanOrEqual(Math.max(limit, 0))
  expect(out.subarray(0, 4)).toEqual(Buffer.alloc(4, 0xee))
  expect(out.subarray(4 + Math.max(limit, 0))).toEqual(Buffer.alloc(4, 0xee))
  return length === 0 ? null : Buffer.from(out.subarray(4, 4 + length))
}

function unpacked(buf: Buffer, length: number): Buffer | null {
  const out = Buffer.alloc(length + 8, 0xee)
  const good = decompress(buf, 0, buf.length, out, 4, length)
  expect(out.subarray(0, 4)).toEqual(Buffer.alloc(4, 0xee))
  expect(out.subarray(4 + length)).toEqual(Buffer.alloc(4, 0xee))
  return good ? Buffer.from(out.subarray(4, 4 + length)) : null
}

test('the example of the header is what the compressor writes', () => {
  const text = Buffer.from([3, 120, 97, 98, 99, 224, 0, 2, 1, 121, 122])
  expect(packed(Buffer.from('xabcabcabcabcyz'))).toEqual(text)
})

test('the example of the header is restored', () => {
  expect(unpacked(Buffer.from([2, 97, 98, 99, 0xe0, 0, 2, 0, 120]), 13)).toEqual(Buffer.from('abcabcabcabcx'))
})

test('what cannot shrink is refused and written nowhere beyond the limit', () => {
  const noise = Buffer.alloc(500)
  new SeededRandom(1).bytes(noise)
  expect(packed(noise)).toBe(null)
  expect(packed(Buffer.from('abc'))).toBe(null)
  expect(packed(Buffer.alloc(0))).toBe(null)
  expect(packed(Buffer.alloc(1000), 3)).toBe(null)
  expect(packed(Buffer.alloc(1000), 18)!.length).toBeLessThanOrEqual(18)
})

test('any text comes back from its compressed form', () => {
  const word = fc.constantFrom('abc', 'abcabc', '\0\0\0\0\0', 'x', 'river', 'stone ', '\xff\xfe')
  fc.assert(
    fc.property(fc.array(word, { maxLength: 200 }), words => {
      const text = Buffer.from(words.join(''), 'latin1')
      const short = packed(text)
      return short === null || unpacked(short, text.length)!.equals(text)
    }),
    { numRuns: long ? 20_000 : 400, seed: 1 },
  )
})

test('texts longer than the window come back, and matches longer than 264 bytes', () => {
  const random = new SeededRandom(7)
  for (const alphabet of [1, 2, 5, 30]) {
    const text = Buffer.from(Array.from({ length: 100_000 }, () => random.below(alphabet)))
    const short = packed(text)!
    expect(short.length).toBeLessThan(text.length)
    expect(unpacked(short, text.length)!.equals(text)).toBe(true)
  }
})

test('damaged input is refused or yields bytes within bounds', () => {
  const text = Buffer.from('the river and the stone and the river and the stone '.repeat(9))
  const short = packed(text)!
  const random = new SeededRandom(3)
  for (let i = 0; i < (long ? 50_000 : 3_000); i++) {
    const damaged = Buffer.from(short.subarray(0, 1 + random.below(short.length)))
    for (let k = random.below(4); k >= 0; k--) damaged[random.below(damaged.length)] = random.u32()
    const result = unpacked(damaged, text.length)
    if (result !== null) expect(result.length).toBe(text.length)
  }
  expect(unpacked(short.subarray(0, -1), text.length)).toBe(null)
  expect(unpacked(short, text.length - 1)).toBe(null)
  expect(unpacked(short, text.length + 1)).toBe(null)
  expect(unpacked(Buffer.from([0x20, 0]), 3)).toBe(null)
  expect(unpacked(Buffer.from([0xe0]), 9)).toBe(null)
})
