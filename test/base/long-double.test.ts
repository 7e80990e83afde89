import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addLongDouble, formatLongDouble, type LongDouble, parseLongDouble } from '../../core/base/long-double.ts'

const runs = process.env['REDSTRATA_TEST'] === 'long' ? 50_000 : 1_000

function parse(text: string): LongDouble | null {
  const buf = Buffer.from(text, 'latin1')
  return parseLongDouble(buf, 0, buf.length)
}

/** The sum as INCRBYFLOAT would store it. */
function sum(...texts: string[]): string {
  let total = '0'
  for (const text of texts) total = formatLongDouble(addLongDouble(parse(total)!, parse(text)!)!)
  return total
}

test('sums are those that the server printed', () => {
  expect(sum('10.50', '0.1')).toBe('10.6')
  expect(sum('10.6', '-5')).toBe('5.6')
  expect(sum('5.0e3', '2.0e2')).toBe('5200')
  expect(sum('5200', '1e-2')).toBe('5200.00999999999999979')
  expect(sum('0.1', '0.2')).toBe('0.3')
  expect(sum('3', '1.1')).toBe('4.1')
  expect(sum('1', '-1')).toBe('0')
  expect(sum('1e15')).toBe('1000000000000000')
  expect(sum('100000000000000000', '0.5')).toBe('100000000000000000.5')
  expect(sum('1.20', '-1.2')).toBe('0')
  expect(sum('0x10', '0.25')).toBe('16.25')
})

test('64 bits of mantissa are kept and the next one is rounded to even', () => {
  expect(sum('18446744073709551615', '0')).toBe('18446744073709551615')
  expect(sum('18446744073709551615', '1')).toBe('18446744073709551616')
  expect(sum('18446744073709551616', '1')).toBe('18446744073709551616')
  expect(sum('18446744073709551618', '1')).toBe('18446744073709551620')
  expect(sum('9223372036854775807', '0.25')).toBe('9223372036854775807')
  expect(sum('9223372036854775807', '0.75')).toBe('9223372036854775808')
})

test('numbers of both ends of the range are read', () => {
  expect(formatLongDouble(parse('1e4932')!)).toMatch(/^1000000000000000000006018949387963891\d{4896}$/)
  expect(formatLongDouble(parse('-3e-4951')!)).toBe('0')
  expect(formatLongDouble(parse('1e-17')!)).toBe('0.00000000000000001')
  expect(formatLongDouble(parse('6e-18')!)).toBe('0.00000000000000001')
  expect(formatLongDouble(parse('4e-18')!)).toBe('0')
  for (const text of [
    '1e4933',
    '1e-4960',
    '1e999999999999',
    '-1e5000',
    '0x1p16384',
    '0x1p-16446',
    'nan',
    '',
    ' 1',
    '1x',
  ])
    expect([text, parse(text)]).toEqual([text, null])
})

test('infinity is read and refuses every sum', () => {
  const one = parse('1')!
  expect(formatLongDouble(parse('inf')!)).toBe('inf')
  expect(formatLongDouble(parse('-Infinity')!)).toBe('-inf')
  expect(addLongDouble(parse('inf')!, one)).toBe(null)
  expect(addLongDouble(one, parse('-inf')!)).toBe(null)
  const huge = parse('1.1e4932')!
  expect(addLongDouble(huge, huge)).toBe(null)
})

test('integers of up to 63 bits add exactly', () => {
  const operand = fc.bigInt(-(2n ** 62n), 2n ** 62n)
  fc.assert(
    fc.property(operand, operand, (a, b) => sum(String(a), String(b)) === String(a + b)),
    { numRuns: runs, seed: 1 },
  )
})

test('a sum is what is printed and reads back as itself', () => {
  const operand = fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: -12, max: 12 }))
  fc.assert(
    fc.property(operand, operand, ([a, e], [b, f]) => {
      const total = addLongDouble(parse(`${a}e${e}`)!, parse(`${b}e${f}`)!)!
      const naive = Number(`${a}e${e}`) + Number(`${b}e${f}`)
      const text = formatLongDouble(total)
      return Math.abs(Number(text) - naive) <= Math.abs(naive) * 1e-15 + 1e-15 * (1 + Math.abs(Number(`${a}e${e}`)))
    }),
    { numRuns: runs, seed: 2 },
  )
})
