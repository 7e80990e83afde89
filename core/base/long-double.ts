/* Long double -- the 80-bit reals in which INCRBYFLOAT and HINCRBYFLOAT count.
 *
 * Redis adds with C's `long double`, which on x86 has 64 bits of mantissa where a double has 53, and prints the sum with 17
 * decimals. The extra bits show on the wire, so a double will not do:
 *
 *     5200 + 0.01       5200.00999999999999979        the 64-bit neighbour of 5200.01
 *     0.1 + 0.2         0.3                           a double would print 0.30000000000000004
 *
 * A LongDouble is mantissa * 2^exponent with a signed bigint of at most 64 bits. Each operation works exactly on rationals
 * and rounds once, to the nearest, ties to even; so the results are those of the hardware. All is O(size of the numbers),
 * which REAL_BYTES_MAX and the range of the exponent bound.
 *
 * Left out: NaN and negative zero, which never reach a reply (Redis refuses the one and prints the other as 0). */

import { type Binary, bitLength, REAL, type RealParts, roundToBinary, scanReal } from './real-syntax.ts'

const PRECISION = 64
/** Exponent of the last bit of the smallest number. */
const EXPONENT_MIN = -16445
/** Exponent of the last bit of the largest numbers. */
const EXPONENT_MAX = 16383 - 63
/** Powers of ten beyond these are out of range whatever the digits are. */
const DECIMAL_MAX = 4933
const DECIMAL_MIN = -4953

const DECIMALS = 17
const DECIMAL_SCALE = 10n ** 17n

/** An 80-bit real. */
export type LongDouble = Binary

/** Plus and minus infinity: accepted as text, refused as a result. */
export const LONG_INFINITY: LongDouble = { mantissa: 1n, exponent: Infinity }
export const LONG_MINUS_INFINITY: LongDouble = { mantissa: -1n, exponent: Infinity }

/** The long double that the bytes spell, or null when Redis refuses them (see parseDouble). */
export function parseLongDouble(buf: Buffer, start: number, end: number): LongDouble | null {
  const parts = scanReal(buf, start, end)
  if (parts.kind === REAL.none) return null
  if (parts.kind === REAL.infinite) return parts.negative ? LONG_MINUS_INFINITY : LONG_INFINITY
  if (parts.digits === '') return { mantissa: 0n, exponent: 0 }
  const size = parts.kind === REAL.decimal ? fromDecimal(parts) : fromHexadecimal(parts)
  if (size.mantissa === 0n || size.exponent > EXPONENT_MAX) return null
  return parts.negative ? { mantissa: -size.mantissa, exponent: size.exponent } : size
}

function fromDecimal(parts: RealParts): LongDouble {
  const power = parts.exponent - parts.fraction
  const leading = power + parts.digits.length
  if (leading > DECIMAL_MAX) return LONG_INFINITY
  if (leading < DECIMAL_MIN) return { mantissa: 0n, exponent: 0 }
  const digits = BigInt(parts.digits)
  return power >= 0
    ? roundToBinary(digits * 10n ** BigInt(power), 1n, 0, PRECISION, EXPONENT_MIN)
    : roundToBinary(digits, 10n ** BigInt(-power), 0, PRECISION, EXPONENT_MIN)
}

function fromHexadecimal(parts: RealParts): LongDouble {
  return roundToBinary(BigInt('0x' + parts.digits), 1n, parts.exponent - 4 * parts.fraction, PRECISION, EXPONENT_MIN)
}

/** The sum, rounded to 64 bits; null when it is infinite or not a number. */
export function addLongDouble(a: LongDouble, b: LongDouble): LongDouble | null {
  if (a.exponent === Infinity || b.exponent === Infinity) return null
  if (a.mantissa === 0n) return b
  if (b.mantissa === 0n) return a
  const [upper, lower] = a.exponent >= b.exponent ? [a, b] : [b, a]
  const sum = (upper.mantissa << BigInt(upper.exponent - lower.exponent)) + lower.mantissa
  const rounded = roundToBinary(sum < 0n ? -sum : sum, 1n, lower.exponent, PRECISION, EXPONENT_MIN)
  if (rounded.mantissa !== 0n && bitLength(rounded.mantissa) + rounded.exponent > EXPONENT_MAX + PRECISION) return null
  return sum < 0n ? { mantissa: -rounded.mantissa, exponent: rounded.exponent } : rounded
}

/** The number with 17 decimals, trailing zeros cut: how INCRBYFLOAT replies and what it stores. */
export function formatLongDouble(value: LongDouble): string {
  if (value.exponent === Infinity) return value.mantissa < 0n ? '-inf' : 'inf'
  const size = value.mantissa < 0n ? -value.mantissa : value.mantissa
  const sign = value.mantissa < 0n ? '-' : ''
  if (value.exponent >= 0) return sign + (size << BigInt(value.exponent)).toString()
  const shift = BigInt(-value.exponent)
  const scaled = size * DECIMAL_SCALE
  const low = scaled & ((1n << shift) - 1n)
  const half = 1n << (shift - 1n)
  let units = scaled >> shift
  if (low > half || (low === half && (units & 1n) === 1n)) units++
  if (units === 0n) return '0'
  const digits = units.toString().padStart(DECIMALS + 1, '0')
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '')
  return sign + digits.slice(0, -DECIMALS) + (fraction === '' ? '' : '.' + fraction)
}
