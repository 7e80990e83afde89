import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatDecimals,
  formatDouble,
  integerLength,
  NUMBER_BYTES_MAX,
  parseBigInteger,
  parseDouble,
  parseInteger,
  parseUnsigned,
  wideUnsigned,
  wideValue,
  writeBigInteger,
  writeDouble,
  writeFixed,
  writeInteger,
} from '../../core/base/numbers.ts'

const runs = process.env['REDSTRATA_TEST'] === 'long' ? 30_000 : 2_000
const MAX = 2n ** 63n - 1n
const MIN = -(2n ** 63n)

/** Parse a text that stands in the middle of other bytes. */
function within<T>(text: string, parse: (buf: Buffer, start: number, end: number) => T): T {
  const buf = Buffer.from(`9${text}9`, 'latin1')
  return parse(buf, 1, buf.length - 1)
}

function written(write: (buf: Buffer, at: number) => number): string {
  const buf = Buffer.alloc(NUMBER_BYTES_MAX + 2, '#')
  const end = write(buf, 1)
  expect(buf[0]).toBe(35)
  expect(buf[end]).toBe(35)
  return buf.latin1Slice(1, end)
}

describe('integers read from bytes', () => {
  test('the canonical form is the only one', () => {
    for (const text of [
      '',
      '-',
      '+1',
      '01',
      '-0',
      '-01',
      '00',
      ' 1',
      '1 ',
      '1.0',
      '0x1',
      '1e3',
      '--1',
      '1-',
      'a',
      '1a',
    ])
      expect([text, within(text, parseInteger)]).toEqual([text, NaN])
    expect(within('0', parseInteger)).toBe(0)
    expect(within('-1', parseInteger)).toBe(-1)
    expect(within('999999999999999', parseInteger)).toBe(999_999_999_999_999)
  })

  test('safe integers are plain numbers and larger ones are infinite with their words kept', () => {
    expect(within('9007199254740991', parseInteger)).toBe(Number.MAX_SAFE_INTEGER)
    expect(within('-9007199254740991', parseInteger)).toBe(-Number.MAX_SAFE_INTEGER)
    for (const value of [2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), -(2n ** 53n) - 1n, MAX, MIN, 4294967296n << 22n]) {
      expect(within(String(value), parseInteger)).toBe(value < 0n ? -Infinity : Infinity)
      expect(wideValue()).toBe(value)
    }
  })

  test('64 bits are the limit', () => {
    for (const value of [MAX + 1n, MIN - 1n, 9999999999999999999n, -9999999999999999999n, 10n ** 19n, 10n ** 30n])
      expect(within(String(value), parseInteger)).toBeNaN()
    expect(within('92233720368547758a7', parseInteger)).toBeNaN()
  })

  test('any int64 reads back as itself', () => {
    fc.assert(
      fc.property(fc.bigInt(MIN, MAX), value => within(String(value), parseBigInteger) === value),
      { numRuns: runs, seed: 1 },
    )
  })

  test('any short text is read as the naive rule reads it', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123456789-+ .a'), maxLength: 21 })
    fc.assert(
      fc.property(text, value => {
        const naive = /^(0|-?[1-9][0-9]*)$/.test(value) && BigInt(value) >= MIN && BigInt(value) <= MAX
        return within(value, parseBigInteger) === (naive ? BigInt(value) : null)
      }),
      { numRuns: runs, seed: 2 },
    )
  })

  test('unsigned integers go to 2^64 - 1 and may have leading zeros', () => {
    expect(within('0', parseUnsigned)).toBe(0)
    expect(within('007', parseUnsigned)).toBe(7)
    expect(within('+7', parseUnsigned)).toBe(7)
    expect(within('000000000000000000000000012', parseUnsigned)).toBe(12)
    for (const text of ['', '+', '-1', '1a', 'a', ' 1', '18446744073709551616', '99999999999999999999'])
      expect(within(text, parseUnsigned)).toBeNaN()
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), value => {
        const parsed = within(String(value), parseUnsigned)
        return parsed === Infinity
          ? wideUnsigned() === value && value > Number.MAX_SAFE_INTEGER
          : parsed === Number(value) && value <= Number.MAX_SAFE_INTEGER
      }),
      { numRuns: runs, seed: 3 },
    )
  })
})

describe('integers written as bytes', () => {
  test('safe integers are written as String writes them', () => {
    const edges = [0, -0, 9, 10, -10, 999_999_999, 1e9, 2 ** 31, -(2 ** 31), 2 ** 32, 1e15, Number.MAX_SAFE_INTEGER]
    for (const n of edges) {
      expect(written((buf, at) => writeInteger(buf, at, n))).toBe(String(n))
      expect(integerLength(n)).toBe(String(n).length)
    }
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 52 }), (n, bits) => {
        const value = Math.trunc(n / 2 ** bits)
        return (
          written((buf, at) => writeInteger(buf, at, value)) === String(value) &&
          integerLength(value) === String(value).length
        )
      }),
      { numRuns: runs, seed: 4 },
    )
  })

  test('the largest int64 values are written', () => {
    expect(written((buf, at) => writeBigInteger(buf, at, MIN))).toBe('-9223372036854775808')
  })
})

describe('doubles read from bytes', () => {
  test('what strtod takes is taken', () => {
    const accepted: [string, number][] = [
      ['1', 1], ['-1.5', -1.5], ['+2', 2], ['.5', 0.5], ['5.', 5], ['1e3', 1000], ['1E-3', 0.001], ['1.e+2', 100],
      ['007.50', 7.5], ['0x10', 16], ['-0X1.8p1', -3], ['0x.8', 0.5], ['0x1P-2', 0.25], ['inf', Infinity],
      ['-INF', -Infinity], ['+infinity', Infinity], ['Infinity', Infinity], ['0', 0], ['-0', -0], ['0e999999999', 0],
      ['1e308', 1e308], ['5e-324', 5e-324], ['123456789012345678', 123456789012345680], ['0.1', 0.1],
      ['9007199254740993', 9007199254740992], ['0x1.fffffffffffff7p0', 2 - 2 ** -52], ['0x1.fffffffffffff8p0', 2],
      ['0x0.0000000000001p-1022', 5e-324],
    ] // biome-ignore format: a table
    for (const [text, value] of accepted) expect([text, within(text, parseDouble)]).toEqual([text, value])
  })

  test('what Redis refuses is refused', () => {
    const refused = [
      '', '-', '+', '.', '-.', 'e5', '1e', '1e+', ' 1', '1 ', '1.2.3', '1..', 'nan', '-nan', 'nan(1)', 'infin', 'in', 'infinit',
      '0x', '0xg', '0x1p', '1e309', '-1e309', '1e-400', '0x1p5000', '0x1p-5000', '1\0', '1,5', '0b1', '1_0', '١', '1e5.5',
      '1'.repeat(5120),
    ] // biome-ignore format: a table
    for (const text of refused) expect([text, within(text, parseDouble)]).toEqual([text, NaN])
  })

  test('any decimal is read as JavaScript reads it', () => {
    const digits = fc.stringMatching(/^[0-9]{0,12}$/)
    fc.assert(
      fc.property(
        digits,
        digits,
        fc.integer({ min: -300, max: 290 }),
        fc.integer({ min: 0, max: 3 }),
        (a, b, e, form) => {
          if (a + b === '') return true
          const text =
            form === 0 ? `${a || '0'}` : form === 1 ? `-${a}.${b}` : form === 2 ? `${a}.${b}e${e}` : `+${a}.${b}`
          const expected = Number(text)
          const vanishes = expected === 0 && /[1-9]/.test(text.replace(/e.*/, ''))
          return Object.is(within(text, parseDouble), vanishes ? NaN : expected)
        },
      ),
      { numRuns: runs, seed: 5 },
    )
  })
})

describe('doubles written as bytes', () => {
  const printed = (value: number): string => {
    const text = written((buf, at) => writeDouble(buf, at, value))
    expect(formatDouble(value)).toBe(text)
    return text
  }

  test('scores are printed as Redis prints them', () => {
    const table: [number, string][] = [
      [0, '0'], [-0, '-0'], [3, '3'], [-3, '-3'], [0.1, '0.1'], [0.5, '0.5'], [1e3, '1000'], [1e20, '1e+20'], [1e21, '1e+21'],
      [1e-7, '1e-7'], [123456789012345680, '123456789012345680'], [1.5e300, '1.5e+300'], [3.25159265358979, '3.25159265358979'],
      [0.1 + 0.2, '0.30000000000000004'], [1.2345678912345679e8, '1.2345678912345679e+8'], [Infinity, 'inf'],
      [-Infinity, '-inf'], [NaN, 'nan'], [2 ** 62, '4611686018427387904'], [-(2 ** 62), '-4611686018427387904'],
      [2 ** 63, '9223372036854776000'], [6.2750166666666664e4, '6.2750166666666664e+4'], [1e-6, '0.000001'],
      [-2.5, '-2.5'], [1234.0625, '1234.0625'], [1e308, '1e+308'], [5e-324, '5e-324'], [3479099956157624, '3479099956157624'],
      [0.0012345678, '0.0012345678'], [2 ** 60, '1152921504606846976'], [999999999.999999, '999999999.999999'],
    ] // biome-ignore format: a table
    for (const [value, text] of table) expect(printed(value)).toBe(text)
  })

  test('any double reads back as itself', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), value => {
        const text = printed(value)
        return text.length <= NUMBER_BYTES_MAX && Object.is(within(text, parseDouble), value)
      }),
      { numRuns: runs, seed: 6 },
    )
  })

  test('short decimals are printed so that they read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 9 }), (n, decimals) => {
        const text = printed(Number(`${n}e-${decimals}`))
        return Number(text) === Number(`${n}e-${decimals}`)
      }),
      { numRuns: runs, seed: 7 },
    )
  })

  test('distances are printed with four decimals, ties to even', () => {
    const fixed = (value: number): string => written((buf, at) => writeFixed(buf, at, value, 4))
    expect(fixed(0)).toBe('0.0000')
    expect(fixed(0.775)).toBe('0.7750')
    expect(fixed(166274.15161)).toBe('166274.1516')
    expect(fixed(55660377.1215)).toBe('55660377.1215')
    expect(fixed(0.00003)).toBe('0.0000')
    expect(fixed(0.03125)).toBe('0.0312')
    expect(fixed(0.09375)).toBe('0.0938')
    expect(fixed(-1.5)).toBe('-1.5000')
    expect(fixed(9.99999)).toBe('10.0000')
  })

  test('positions are printed with 17 decimals, ties to even', () => {
    expect(formatDecimals(0.1)).toBe('0.10000000000000001')
    expect(formatDecimals(2)).toBe('2')
    expect(formatDecimals(-2.5)).toBe('-2.5')
    expect(formatDecimals(-0)).toBe('0')
    expect(formatDecimals(-1e-30)).toBe('0')
    expect(formatDecimals(1e22)).toBe('10000000000000000000000')
    expect(formatDecimals(2 ** -18)).toBe('0.00000381469726562')
    expect(formatDecimals(3 * 2 ** -18)).toBe('0.00001144409179688')
    expect(formatDecimals(-180.5 - 2 ** -18)).toBe('-180.50000381469726562')
    expect(formatDecimals(Infinity)).toBe('inf')
  })
})
