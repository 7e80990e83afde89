import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Range } from '../../core/base/bytes.ts'
import {
  BITOP,
  type BitOperation,
  combine,
  countBitRange,
  countBits,
  findBit,
  fitField,
  fitWideField,
  getBit,
  OVERFLOW,
  type Overflow,
  readField,
  readWideField,
  setBit,
  settableValue,
  writeField,
  writeWideField,
} from '../../core/structs/bitmap.ts'

const runs = process.env['REDSTRATA_TEST'] === 'long' ? 20_000 : 500

/** The bytes between others that must not be read or changed, at any alignment. */
function placed(bytes: Uint8Array, shift = 1): { buf: Buffer; start: number; end: number } {
  const buf = Buffer.alloc(bytes.length + shift + 4, 0xa5)
  buf.set(bytes, shift)
  return { buf, start: shift, end: shift + bytes.length }
}

function bitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(2).padStart(8, '0')).join('')
}

const shift = fc.integer({ min: 0, max: 4 })
const data = fc.uint8Array({ maxLength: 40 })

describe('single bits', () => {
  test('bit 0 is the highest of the first byte', () => {
    const { buf, start, end } = placed(Buffer.from([0, 0, 0]))
    expect(setBit(buf, start, 7, 1)).toBe(0)
    expect(setBit(buf, start, 20, 1)).toBe(0)
    expect(setBit(buf, start, 0, 1)).toBe(0)
    expect(setBit(buf, start, 0, 1)).toBe(1)
    expect(buf.subarray(start, end)).toEqual(Buffer.from([0x81, 0, 8]))
    expect([0, 1, 7, 20, 24, 1000].map(offset => getBit(buf, start, end, offset))).toEqual([1, 0, 1, 1, 0, 0])
    expect(setBit(buf, start, 20, 0)).toBe(1)
    expect(buf).toEqual(Buffer.from([0xa5, 0x81, 0, 0, 0xa5, 0xa5, 0xa5, 0xa5]))
  })
})

describe('counting and finding', () => {
  test('counts are those that the server gave for "foobar"', () => {
    const buf = Buffer.from('foobar')
    expect(countBits(buf, 0, 6)).toBe(26)
    expect(countBits(buf, 1, 2)).toBe(6)
    expect(countBitRange(buf, 0, 5, 30)).toBe(17)
    expect(countBitRange(buf, 0, 0, 0)).toBe(0)
    expect(countBitRange(buf, 0, 40, 47)).toBe(4)
    expect(countBitRange(buf, 0, 9, 8)).toBe(0)
  })

  test('positions are those that the server gave', () => {
    const buf = Buffer.from([0xff, 0xf0, 0])
    expect(findBit(buf, 0, 0, 0, 23)).toBe(12)
    expect(findBit(buf, 0, 1, 0, 23)).toBe(0)
    expect(findBit(buf, 0, 1, 8, 23)).toBe(8)
    expect(findBit(buf, 0, 1, 16, 23)).toBe(-1)
    expect(findBit(buf, 0, 0, 0, 7)).toBe(-1)
    expect(findBit(buf, 0, 1, 12, 15)).toBe(-1)
    expect(findBit(buf, 0, 0, 3, 5)).toBe(-1)
    expect(findBit(buf, 0, 1, 5, 4)).toBe(-1)
  })

  test('any range counts and finds what a string of digits does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), shift, fc.nat(), fc.nat(), (bytes, by, a, b) => {
        const { buf, start, end } = placed(bytes, by)
        const bits = bitsOf(bytes)
        const first = a % bits.length
        const last = b % bits.length
        const part = bits.slice(first, last + 1)
        expect(countBits(buf, start, end)).toBe(bits.replaceAll('0', '').length)
        expect(countBitRange(buf, start, first, last)).toBe(part.replaceAll('0', '').length)
        for (const bit of [0, 1]) {
          const found = part.indexOf(String(bit))
          expect(findBit(buf, start, bit, first, last)).toBe(found < 0 ? -1 : first + found)
        }
      }),
      { numRuns: runs, seed: 1 },
    )
  })

  test('long strings are counted and searched by words at any alignment', () => {
    for (let by = 0; by < 4; by++)
      for (const bit of [0, 1]) {
        const { buf, start, end } = placed(Buffer.alloc(3000, bit === 1 ? 0 : 0xff), by)
        expect(countBits(buf, start, end)).toBe(bit === 1 ? 0 : 24_000)
        expect(findBit(buf, start, bit, 3, 23_999)).toBe(-1)
        for (const at of [20_001, 9_007, 2_050, 17]) {
          setBit(buf, start, at, bit)
          expect(findBit(buf, start, bit, 3, 23_999)).toBe(at)
        }
        expect(countBits(buf, start, end)).toBe(bit === 1 ? 4 : 23_996)
      }
  })
})

describe('combining', () => {
  const operations: [BitOperation, (a: number, b: number) => number][] = [
    [BITOP.and, (a, b) => a & b],
    [BITOP.or, (a, b) => a | b],
    [BITOP.xor, (a, b) => a ^ b],
  ]

  test('any sources combine as byte by byte with zeros for what is missing', () => {
    const sources = fc.array(fc.tuple(fc.uint8Array({ maxLength: 20 }), fc.boolean(), shift), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(sources, shift, (list, by) => {
        // Some sources are long, so that words are used.
        const bytes = list.map(([short, long]) =>
          long ? Buffer.alloc(300 + short.length, Buffer.from([...short, 7])) : short,
        )
        const length = Math.max(...bytes.map(b => b.length))
        const ranges = bytes.map((b, i) => {
          const { buf, start, end } = placed(b, list[i]![2])
          return new Range(buf, start, end)
        })
        for (const [operation, naive] of operations) {
          const { buf, start, end } = placed(Buffer.alloc(length, 0x33), by)
          combine(operation, ranges, ranges.length, buf, start, length)
          for (let i = 0; i < length; i++) {
            const expected = bytes.map(b => b[i] ?? 0).reduce(naive)
            if (buf[start + i] !== expected) return false
          }
          expect(buf.subarray(0, start)).toEqual(Buffer.alloc(start, 0xa5))
          expect(buf.subarray(end)).toEqual(Buffer.alloc(buf.length - end, 0xa5))
        }
        return true
      }),
      { numRuns: runs, seed: 2 },
    )
  })

  test('NOT turns every bit of one source', () => {
    const out = Buffer.alloc(3)
    combine(BITOP.not, [Range.of(Buffer.from([0xf0, 0x0f, 0xff]))], 1, out, 0, 3)
    expect(out).toEqual(Buffer.from([0x0f, 0xf0, 0x00]))
  })
})

describe('fields', () => {
  test('values are those that the server gave', () => {
    const buf = Buffer.alloc(20)
    writeField(buf, 0, 0, 8, 255)
    writeField(buf, 0, 8, 16, -2)
    expect(buf.subarray(0, 3)).toEqual(Buffer.from([255, 255, 254]))
    expect(readField(buf, 0, 3, 8, 16, false)).toBe(65534)
    expect(readField(buf, 0, 3, 8, 16, true)).toBe(-2)
    expect(readField(buf, 0, 3, 100, 8, false)).toBe(0)
    expect(readWideField(buf, 0, 3, 0, 64, true)).toBe(-2199023255552n)
    expect(readWideField(buf, 0, 3, 0, 63, false)).toBe(9223370937343148032n)
  })

  test('any field of any width reads back and leaves its neighbours alone', () => {
    fc.assert(
      fc.property(
        data,
        fc.nat(70),
        fc.integer({ min: 1, max: 64 }),
        fc.bigInt(0n, 2n ** 64n - 1n),
        fc.boolean(),
        (bytes, offset, bits, raw, signed) => {
          if (bits === 64) signed = true
          const size = Math.max(bytes.length, Math.ceil((offset + bits) / 8))
          const { buf, start, end } = placed(Buffer.concat([bytes, Buffer.alloc(size - bytes.length)]))
          const before = bitsOf(buf.subarray(start, end))
          const value = signed ? BigInt.asIntN(bits, raw) : BigInt.asUintN(bits, raw)
          const pattern = BigInt.asUintN(bits, raw).toString(2).padStart(bits, '0')
          const expected = before.slice(0, offset) + pattern + before.slice(offset + bits)
          writeWideField(buf, start, offset, bits, value)
          expect(bitsOf(buf.subarray(start, end))).toBe(expected)
          expect(readWideField(buf, start, end, offset, bits, signed)).toBe(value)
          if (bits <= 52) {
            expect(readField(buf, start, end, offset, bits, signed)).toBe(Number(value))
            writeField(buf, start, offset, bits, Number(value))
            expect(bitsOf(buf.subarray(start, end))).toBe(expected)
          }
          expect([buf[0], buf[end]]).toEqual([0xa5, 0xa5])
        },
      ),
      { numRuns: runs, seed: 3 },
    )
  })

  test('a field that reaches beyond the end reads zeros there', () => {
    const { buf, start, end } = placed(Buffer.from([0xff]))
    expect(readField(buf, start, end, 4, 8, false)).toBe(0xf0)
    expect(readWideField(buf, start, end, 0, 63, false)).toBe(0xffn << 55n)
  })

  test('overflow wraps, stops at the limit or fails', () => {
    const { wrap, saturate, fail } = OVERFLOW
    const table: [number, number, boolean, Overflow, number][] = [
      [260, 8, false, wrap, 4],
      [-6, 8, false, wrap, 250],
      [128, 8, true, wrap, -128],
      [-129, 8, true, wrap, 127],
      [22, 4, false, saturate, 15],
      [-85, 4, false, saturate, 0],
      [200, 8, true, saturate, 127],
      [-200, 8, true, saturate, -128],
      [16, 4, false, fail, NaN],
      [-1, 4, false, fail, NaN],
      [15, 4, false, fail, 15],
      [257, 8, false, wrap, 1],
      [1, 1, true, wrap, -1],
    ]
    for (const [value, bits, signed, overflow, expected] of table) {
      expect(fitField(value, bits, signed, overflow)).toBe(expected)
      const wideExpected = Number.isNaN(expected) ? null : BigInt(expected)
      expect(fitWideField(BigInt(value), bits, signed, overflow)).toBe(wideExpected)
    }
    expect(fitWideField(2n ** 63n, 64, true, wrap)).toBe(-(2n ** 63n))
    expect(fitWideField(2n ** 63n, 64, true, fail)).toBe(null)
    expect(fitWideField(settableValue(-200n, false), 8, false, saturate)).toBe(255n)
    expect(settableValue(-200n, true)).toBe(-200n)
  })

  test('plain and wide fields overflow alike', () => {
    const value = fc.integer({ min: -(2 ** 40), max: 2 ** 40 })
    const rule = fc.constantFrom(OVERFLOW.wrap, OVERFLOW.saturate, OVERFLOW.fail)
    fc.assert(
      fc.property(value, fc.integer({ min: 1, max: 45 }), fc.boolean(), rule, (n, bits, signed, overflow) => {
        const wide = fitWideField(BigInt(n), bits, signed, overflow)
        return Object.is(fitField(n, bits, signed, overflow) + 0, wide === null ? NaN : Number(wide))
      }),
      { numRuns: runs, seed: 4 },
    )
  })
})
