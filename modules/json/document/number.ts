/* Numbers -- how JSON numbers are read, kept and counted with.
 *
 * A number stays text, in the one form that the real module prints. Integers from -2^63 to 2^64-1 keep every digit;
 * everything else is a double and shows it, by a point or an exponent:
 *
 *     1e3   1000.0        1.10    1.1          18446744073709551616   1.8446744073709552e19
 *     -0    -0.0          1e16    1e16         0.000001               1e-6
 *
 * Doubles are read as the real module reads them, which is not always to the nearest: the digits become a 64-bit integer
 * (those that do not fit are dropped), that becomes a double, and one multiplication or division by a power of ten
 * finishes it. So 12345678901234567.0 reads as ...566. Up to 15 digits the result is exact, and the text is kept as it
 * stands if it is already canonical. What was saved is loaded to the nearest, so that it does not drift. */

import { DOUBLE, INTEGER } from './node.ts'

const ZERO = 0x30
const NINE = 0x39
const MINUS = 0x2d
const PLUS = 0x2b
const DOT = 0x2e
const BIG_E = 0x45
const SMALL_E = 0x65

/** Powers of ten that a double can hold, each rounded to the nearest. */
const POWERS: Float64Array = Float64Array.from({ length: 309 }, (_, n) => Number(`1e${n}`))
/** Digits that a double surely keeps apart. */
const EXACT_DIGITS = 15
const I64_MIN = -(1n << 63n)
const I64_MAX = (1n << 63n) - 1n
const U64_MAX = (1n << 64n) - 1n
const EXPONENT_MAX = 100_000
const TWO_32 = 4294967296

/** What may be wrong with the text of a number. */
export const NUMBER_ERROR = { none: 0, invalid: 1, ended: 2, range: 3 } as const
export type NumberError = (typeof NUMBER_ERROR)[keyof typeof NUMBER_ERROR]

/** What scanNumber found. */
export class NumberScan {
  /** Read doubles to the nearest, as what was printed before must be: a document that is loaded is the one saved. */
  exact = false
  /** Where the number ends, or where the reader stood when it gave up. */
  end = 0
  error: NumberError = NUMBER_ERROR.none
  kind: number = INTEGER
  /** The canonical text when it differs from what was read, else null. */
  canonical: string | null = null
}

/** Read the number at a position. The first byte is a digit or a minus. Fills `out`; true when it is a number. */
export function scanNumber(buf: Buffer, start: number, end: number, out: NumberScan): boolean {
  let p = start
  if (buf[p] === MINUS) p++
  const whole = p
  while (p < end && isDigit(buf[p]!)) p++
  const wholeDigits = p - whole
  if (wholeDigits === 0 || (wholeDigits > 1 && buf[whole] === ZERO)) return badStart(buf, whole, end, out)
  const next = p < end ? buf[p]! : 0
  out.error = NUMBER_ERROR.none
  if (next !== DOT && next !== SMALL_E && next !== BIG_E) {
    out.end = p
    if (wholeDigits <= 18 && !(buf[whole] === ZERO && whole > start)) {
      out.kind = INTEGER
      out.canonical = null
      return true
    }
    return longInteger(buf, start, whole, p, out)
  }
  if (next === DOT) {
    const fraction = ++p
    while (p < end && isDigit(buf[p]!)) p++
    if (p === fraction) return failed(out, p < end ? NUMBER_ERROR.invalid : NUMBER_ERROR.ended, p < end ? p + 1 : p)
    const exponent = p < end && (buf[p] === SMALL_E || buf[p] === BIG_E)
    if (!exponent && isCanonicalFraction(buf, whole, wholeDigits, fraction, p)) {
      out.end = p
      out.kind = DOUBLE
      out.canonical = null
      return true
    }
  }
  return readDouble(buf, start, whole, end, out)
}

/** A double in the form that the real module prints. */
export function formatNumber(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  if (size < 1e-5 || size >= 1e16) return value.toExponential().replace('e+', 'e')
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

/** The value of a number's canonical text, to the nearest double. */
export function numberValue(text: Buffer, t: number, length: number): number {
  let p = t
  const end = t + length
  const negative = text[p] === MINUS
  if (negative) p++
  if (end - p > EXACT_DIGITS + 1) return Number(text.latin1Slice(t, end))
  let value = 0
  let point = 0
  for (; p < end; p++) {
    const c = text[p]!
    if (c === DOT) point = end - 1 - p
    else if (c === SMALL_E) return Number(text.latin1Slice(t, end))
    else value = value * 10 + (c - ZERO)
  }
  if (value > Number.MAX_SAFE_INTEGER) return Number(text.latin1Slice(t, end))
  if (point > 0) value /= POWERS[point]!
  return negative ? -value : value
}

/** Order two integers by their canonical texts: negative, 0 or positive. */
export function compareIntegers(
  a: Buffer,
  at: number,
  aLength: number,
  b: Buffer,
  bt: number,
  bLength: number,
): number {
  const aMinus = a[at] === MINUS
  const bMinus = b[bt] === MINUS
  if (aMinus !== bMinus) return aMinus ? -1 : 1
  let order = aLength - bLength
  for (let k = 0; order === 0 && k < aLength; k++) order = a[at + k]! - b[bt + k]!
  return aMinus ? 0 - order : order
}

export type Operation = 'add' | 'multiply' | 'power'

/** A number and its kind: the operand and the result of arithmetic. */
export interface Operand {
  readonly kind: number
  readonly text: string
}

/**
 * A number changed by another: integers of 64 bits wrap, anything else is done in doubles.
 * Null when the result is not a finite number.
 */
export function calculate(operation: Operation, a: Operand, b: Operand): Operand | null {
  if (a.kind === INTEGER && b.kind === INTEGER) {
    const exact = calculateInteger(operation, a.text, b.text)
    if (exact !== null) return { kind: INTEGER, text: exact }
  }
  const x = Number(a.text)
  const y = Number(b.text)
  const result = operation === 'add' ? x + y : operation === 'multiply' ? x * y : x ** y
  return Number.isFinite(result) ? { kind: DOUBLE, text: formatNumber(result) } : null
}

/** Null when an operand is beyond a signed 64-bit integer or the exponent is negative. */
function calculateInteger(operation: Operation, a: string, b: string): string | null {
  if (operation === 'add' && a.length <= EXACT_DIGITS && b.length <= EXACT_DIGITS) return String(Number(a) + Number(b))
  const x = BigInt(a)
  const y = BigInt(b)
  if (x > I64_MAX || y > I64_MAX) return null
  if (operation === 'add') return String(BigInt.asIntN(64, x + y))
  if (operation === 'multiply') return String(BigInt.asIntN(64, x * y))
  return y < 0n ? null : String(wrappedPower(x, y))
}

/** Square and multiply, 64 bits all the way: at most 64 rounds whatever the exponent. */
function wrappedPower(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = BigInt.asIntN(64, result * square)
    square = BigInt.asIntN(64, square * square)
  }
  return result
}

function isDigit(c: number): boolean {
  return c >= ZERO && c <= NINE
}

function failed(out: NumberScan, error: NumberError, end: number): false {
  out.error = error
  out.end = end
  return false
}

/** What stands where a number's first digits should: nothing, something else, or a zero before other digits. */
function badStart(buf: Buffer, whole: number, end: number, out: NumberScan): false {
  if (whole >= end) return failed(out, NUMBER_ERROR.ended, whole)
  return failed(out, NUMBER_ERROR.invalid, buf[whole] === ZERO ? whole + 2 : whole + 1)
}

/** An integer of 19 digits and more, or minus zero: kept if it fits 64 bits, else a double. */
function longInteger(buf: Buffer, start: number, whole: number, end: number, out: NumberScan): boolean {
  const digits = end - whole
  const negative = whole > start
  if (digits <= 20 && !(negative && digits === 1)) {
    const value = BigInt(buf.latin1Slice(start, end))
    if (value >= I64_MIN && value <= U64_MAX) {
      out.kind = INTEGER
      out.canonical = null
      return true
    }
  }
  return readDouble(buf, start, whole, end, out)
}

/**
 * Whether digits, a point and digits are what formatNumber would print: no more digits than a double keeps apart, no
 * zeros at the end but a lone one, and not so small that an exponent is shorter.
 */
function isCanonicalFraction(buf: Buffer, whole: number, wholeDigits: number, fraction: number, end: number): boolean {
  const digits = end - fraction
  if (wholeDigits + digits > EXACT_DIGITS) return false
  if (buf[end - 1] === ZERO) return digits === 1
  if (buf[whole] !== ZERO) return true
  let zeros = 0
  while (buf[fraction + zeros] === ZERO) zeros++
  return zeros < 5
}

/** Read digits, fraction and exponent into a double, as the header tells, and keep its canonical text. */
function readDouble(buf: Buffer, start: number, whole: number, end: number, out: NumberScan): boolean {
  let p = whole
  let high = 0
  let low = 0
  let exponent = 0
  let full = false
  let inFraction = false
  for (; p < end; p++) {
    const digit = buf[p]! - ZERO
    if (digit === DOT - ZERO && !inFraction) {
      inFraction = true
      full = false
      continue
    }
    if (digit < 0 || digit > 9) break
    if (!full) {
      const lower = low * 10 + digit
      const carry = Math.floor(lower / TWO_32)
      const higher = high * 10 + carry
      if (higher >= TWO_32) full = true
      else {
        high = higher
        low = lower - carry * TWO_32
      }
    }
    if (full !== inFraction) exponent += full ? 1 : -1
  }
  if (p < end && (buf[p] === SMALL_E || buf[p] === BIG_E)) {
    const power = readExponent(buf, p + 1, end, out)
    if (out.error !== NUMBER_ERROR.none) return false
    exponent += power
    p = out.end
  }
  const value = out.exact ? Number(buf.latin1Slice(whole, p)) : scale(high * TWO_32 + low, exponent)
  if (value === Infinity) return failed(out, NUMBER_ERROR.range, p)
  out.end = p
  out.kind = DOUBLE
  const text = formatNumber(whole > start ? -value : value)
  out.canonical = spells(buf, start, p, text) ? null : text
  return true
}

function spells(buf: Buffer, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false
  for (let k = 0; k < text.length; k++) if (text.charCodeAt(k) !== buf[start + k]) return false
  return true
}

/** The power behind an `e`; what is beyond all doubles is cut off. Sets where it ends, or the error. */
function readExponent(buf: Buffer, from: number, end: number, out: NumberScan): number {
  let p = from
  const minus = buf[p] === MINUS
  if (p < end && (minus || buf[p] === PLUS)) p++
  if (p >= end || !isDigit(buf[p]!)) {
    failed(out, p < end ? NUMBER_ERROR.invalid : NUMBER_ERROR.ended, p < end ? p + 1 : p)
    return 0
  }
  let power = 0
  for (; p < end && isDigit(buf[p]!); p++) if (power < EXPONENT_MAX) power = power * 10 + (buf[p]! - ZERO)
  out.end = p
  return minus ? -power : power
}

/** Digits times a power of ten, in the steps that the header tells; Infinity when it is too large for a double. */
function scale(digits: number, exponent: number): number {
  let value = digits
  let rest = exponent
  while (rest < -308 && value !== 0) {
    value /= 1e308
    rest += 308
  }
  if (value === 0) return 0
  if (rest > 308) return Infinity
  return rest >= 0 ? value * POWERS[rest]! : value / POWERS[-rest]!
}
