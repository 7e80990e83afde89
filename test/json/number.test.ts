import { describe, expect, it } from 'vitest'
import { DOUBLE, INTEGER } from '../../modules/json/document/node.ts'
import {
  calculate,
  compareIntegers,
  formatNumber,
  NumberScan,
  numberValue,
  scanNumber,
} from '../../modules/json/document/number.ts'
import { Random } from '../support/random.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 500_000 : 10_000

function scan(text: string, exact = false): { kind: string; text: string } | null {
  const out = new NumberScan()
  out.exact = exact
  const bytes = Buffer.from(`x${text},`)
  if (!scanNumber(bytes, 1, bytes.length - 1, out) || out.end !== text.length + 1) return null
  return { kind: out.kind === INTEGER ? 'integer' : 'double', text: out.canonical ?? text }
}

/** The same in exact arithmetic: digits as far as they fit 64 bits, made a double, then one step by a power of ten. */
function slowly(text: string): { kind: string; text: string } {
  const [, sign, whole, fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text)!
  if (/^-?\d+$/.test(text)) {
    const value = BigInt(text)
    if (value >= -(2n ** 63n) && value < 2n ** 64n && text !== '-0') return { kind: 'integer', text }
  }
  let digits = 0n
  let exponent = Number(power)
  let taken = 0
  for (const digit of whole!) {
    if (digits * 10n + BigInt(digit) >= 2n ** 64n) break
    digits = digits * 10n + BigInt(digit)
    taken++
  }
  exponent += whole!.length - taken
  for (const digit of fraction) {
    if (digits * 10n + BigInt(digit) >= 2n ** 64n) break
    digits = digits * 10n + BigInt(digit)
    exponent--
  }
  let value = Number(digits)
  for (; exponent < -308 && value !== 0; exponent += 308) value /= 1e308
  value = exponent < 0 ? value / Number(`1e${-exponent}`) : value * Number(`1e${exponent}`)
  return { kind: 'double', text: formatNumber(sign === '-' ? -value : value) }
}

function randomNumber(random: Random): string {
  const digits = (most: number) => Array.from({ length: 1 + random.below(most) }, () => random.below(10)).join('')
  const whole = random.oneIn(3) ? '0' : digits(random.pick([2, 9, 22])).replace(/^0+(?=\d)/, '')
  const fraction = random.oneIn(2)
    ? `.${random.oneIn(3) ? '0'.repeat(random.below(7)) : ''}${digits(random.pick([2, 18, 25]))}`
    : ''
  const power = random.oneIn(3) ? `${random.pick(['e', 'E'])}${random.pick(['', '+', '-'])}${random.below(200)}` : ''
  return `${random.oneIn(3) ? '-' : ''}${whole}${fraction}${power}`
}

describe('numbers', () => {
  it('are read and printed as exact arithmetic says', () => {
    const random = new Random(1)
    for (let n = 0; n < ROUNDS; n++) {
      const text = randomNumber(random)
      expect([text, scan(text)]).toEqual([text, slowly(text)])
    }
  })

  it('that were printed are read to print the same', () => {
    const random = new Random(2)
    for (let n = 0; n < ROUNDS; n++) {
      const { text, kind } = slowly(randomNumber(random))
      expect(scan(text, true)).toEqual({ kind, text })
      expect(numberValue(Buffer.from(`..${text}`), 2, text.length)).toBe(Number(text))
    }
  })

  it('of 64 bits are ordered by all their digits', () => {
    const random = new Random(3)
    const sample = Array.from({ length: 60 }, () =>
      BigInt.asIntN(63, (BigInt(random.bits()) << BigInt(random.below(32))) * (random.oneIn(2) ? 1n : -1n)),
    )
    for (const a of sample)
      for (const b of sample) {
        const [x, y] = [Buffer.from(` ${a}`), Buffer.from(`${b}`)]
        expect(Math.sign(compareIntegers(x, 1, x.length - 1, y, 0, y.length))).toBe(a < b ? -1 : a > b ? 1 : 0)
      }
  })

  it('wrap as 64-bit integers do', () => {
    const random = new Random(4)
    for (let n = 0; n < 2000; n++) {
      const [a, b] = [0, 0].map(
        () => BigInt.asIntN(64, (BigInt(random.bits()) << 32n) | BigInt(random.bits())) >> BigInt(random.below(64)),
      )
      const [x, y] = [a!, b!].map(value => ({ kind: INTEGER, text: String(value) }))
      expect(calculate('add', x!, y!)!.text).toBe(String(BigInt.asIntN(64, a! + b!)))
      expect(calculate('multiply', x!, y!)!.text).toBe(String(BigInt.asIntN(64, a! * b!)))
      const power = BigInt(random.below(100))
      expect(calculate('power', x!, { kind: INTEGER, text: String(power) })!.text).toBe(
        String(BigInt.asIntN(64, a! ** power)),
      )
    }
  })

  it('raise to the largest exponent at once', () => {
    const result = calculate('power', { kind: INTEGER, text: '3' }, { kind: INTEGER, text: '9223372036854775807' })
    expect(result).toEqual({ kind: INTEGER, text: '-6148914691236517205' })
  })

  it('become doubles beyond 64 bits, and nothing beyond doubles', () => {
    expect(calculate('add', { kind: INTEGER, text: '1' }, { kind: INTEGER, text: '9223372036854775808' })).toEqual({
      kind: DOUBLE,
      text: '9.223372036854776e18',
    })
    expect(calculate('multiply', { kind: DOUBLE, text: '1e300' }, { kind: DOUBLE, text: '1e300' })).toBe(null)
    expect(calculate('power', { kind: INTEGER, text: '-8' }, { kind: DOUBLE, text: '0.5' })).toBe(null)
  })
})
