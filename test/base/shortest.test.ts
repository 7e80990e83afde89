import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decimal, shortestDigits } from '../../core/base/shortest.ts'

const runs = process.env['REDSTRATA_TEST'] === 'long' ? 50_000 : 5_000

function digitsOf(value: number): { digits: string; exponent: number } {
  shortestDigits(value)
  return { digits: Buffer.from(decimal.digits).latin1Slice(0, decimal.count), exponent: decimal.exponent }
}

/** Digits and power of ten of the last one, as JavaScript finds them: the fewest there are. */
function fewest(value: number): { digits: string; exponent: number } {
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string]
  const digits = mantissa.replace('.', '')
  return { digits, exponent: Number(exponent) - digits.length + 1 }
}

test('digits of ordinary and of extreme numbers are the fewest', () => {
  const numbers = [
    0.1,
    1 / 3,
    123.456,
    1e20,
    1e-7,
    1.5e300,
    5e-324,
    2 ** -1022 - 2 ** -1074,
    Number.MAX_VALUE,
    2 ** 63,
    4.35,
  ]
  for (const value of numbers) expect([value, digitsOf(value)]).toEqual([value, fewest(value)])
})

test('a few numbers keep a digit more than they need, as in Redis', () => {
  expect(digitsOf(0.782189311439835)).toEqual({ digits: '7821893114398351', exponent: -16 })
  expect(digitsOf(59.0085248)).toEqual({ digits: '59008524800000004', exponent: -15 })
  expect(digitsOf(26.84493604557405)).toEqual({ digits: '26844936045574052', exponent: -15 })
  expect(digitsOf(25831145611706786e261)).toEqual({ digits: '25831145611706787', exponent: 261 })
})

test('numbers with up to 3 decimals are printed as they were written', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999_999 }), fc.integer({ min: -3, max: 0 }), (n, power) => {
      const { digits, exponent } = digitsOf(Number(`${n}e${power}`))
      return digits === String(n).replace(/0+$/, '') && Number(`${digits}e${exponent}`) === Number(`${n}e${power}`)
    }),
    { numRuns: runs, seed: 1 },
  )
})

test('digits of any double read back as it and are at most 17', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), x => {
      const value = Math.abs(x)
      if (value === 0) return true
      const { digits, exponent } = digitsOf(value)
      return Number(`${digits}e${exponent}`) === value && digits.length <= 17 && !digits.startsWith('0')
    }),
    { numRuns: runs, seed: 2 },
  )
})

test('powers of two, whose lower neighbours lie closer, read back', () => {
  for (let power = -1074; power < 1024; power++) {
    const { digits, exponent } = digitsOf(2 ** power)
    expect(Number(`${digits}e${exponent}`)).toBe(2 ** power)
  }
})
