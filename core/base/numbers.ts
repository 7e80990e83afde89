/* Numbers -- 64-bit integers and doubles as bytes, exactly as Redis reads and prints them.
 *
 * An int64 does not fit a JavaScript number, yet nearly every integer on the wire does. So parseInteger answers with a
 * plain number whenever that is exact, and says in the same number when it is not:
 *
 *     "42"                     42           a safe integer: INCR, LRANGE and EXPIRE go on with plain arithmetic
 *     "9223372036854775807"    Infinity     an int64 beyond 2^53; its 64 bits are in `wide`, and as a bigint in wideValue()
 *     "-9007199254740993"      -Infinity    the same below
 *     "007", "+1", "1.0", ""   NaN          not an integer, or beyond 64 bits
 *
 * Infinity is not only a flag: an index or a count of that size clamps as it should without another test.
 *
 * Doubles are accepted by the grammar of C's strtod less what Redis refuses (see real-syntax.ts), and are printed with
 * few digits that read back as the same double (see shortest.ts), laid out by the rules that Redis uses for scores:
 *
 *     3          integers up to 2^62 in full              0.1, 1234.5      plain, while it is short
 *     1e+20      powers beyond that                       1.2345678912345679e+8
 *
 * Writers put bytes at a position and return the position behind them; none makes a string on its common path. The
 * caller sees to it that NUMBER_BYTES_MAX bytes are free. */

import { parseRealSlowly } from './real-syntax.ts'
import { decimal, shortestDigits } from './shortest.ts'

/** No writer here needs more bytes than this. */
export const NUMBER_BYTES_MAX = 32

/** The two halves of the last 64-bit integer that was too large for a plain number. */
export const wide: { high: number; low: number } = { high: 0, low: 0 }

const ZERO = 0x30
const MINUS = 0x2d
const PLUS = 0x2b
const SPACE = 32
const TAB = 9
const RETURN = 13
const DOT = 0x2e
const EXPONENT = 0x65
const BILLION = 1_000_000_000
const TWO_32 = 4294967296

/**
 * The signed 64-bit integer that the bytes spell in its one canonical form: no sign but `-`, no leading zeros, no spaces.
 * A number when it is safe; NaN when the bytes are no such integer; an infinity when it is one but beyond
 * Number.MAX_SAFE_INTEGER, and then `wide` holds it.
 */
export function parseInteger(buf: Buffer, start: number, end: number): number {
  let at = start
  const negative = end > start && buf[start] === MINUS
  if (negative) at++
  const digits = end - at
  if (digits < 1 || digits > 19) return NaN
  let value = buf[at]! - ZERO
  if (value === 0) return digits === 1 && !negative ? 0 : NaN
  if (value < 0 || value > 9) return NaN
  const exactEnd = digits > 15 ? at + 15 : end
  while (++at < exactEnd) {
    const digit = buf[at]! - ZERO
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  if (digits > 15) return parseLong(buf, value, at, end, negative)
  return negative ? -value : value
}

/** 16 to 19 digits, of which `head` holds the first 15. */
function parseLong(buf: Buffer, head: number, at: number, end: number, negative: boolean): number {
  let tail = 0
  let scale = 1
  for (; at < end; at++) {
    const digit = buf[at]! - ZERO
    if (digit < 0 || digit > 9) return NaN
    tail = tail * 10 + digit
    scale *= 10
  }
  const rounded = head * scale + tail
  if (rounded <= Number.MAX_SAFE_INTEGER) return negative ? -rounded : rounded
  multiplyAdd(head, scale, tail)
  if (wide.high >= 0x80000000 && !(negative && wide.high === 0x80000000 && wide.low === 0)) return NaN
  if (negative) negateWide()
  wide.high |= 0
  wide.low |= 0
  return negative ? -Infinity : Infinity
}

/** wide = a * b + c as unsigned words, for a < 2^53, b <= 10^5, c < 10^5. */
function multiplyAdd(a: number, b: number, c: number): void {
  const low = (a % TWO_32) * b + c
  wide.high = Math.floor(a / TWO_32) * b + Math.floor(low / TWO_32)
  wide.low = low % TWO_32
}

function negateWide(): void {
  wide.low = ~wide.low + 1
  wide.high = ~wide.high + ((wide.low | 0) === 0 ? 1 : 0)
}

/** The integer in `wide` as a bigint, read as signed. */
export function wideValue(): bigint {
  return (BigInt(wide.high) << 32n) | BigInt(wide.low >>> 0)
}

/** The integer in `wide` as a bigint, read as unsigned. */
export function wideUnsigned(): bigint {
  return (BigInt(wide.high >>> 0) << 32n) | BigInt(wide.low >>> 0)
}

/** The signed 64-bit integer that the bytes spell, whatever its size; null when they spell none. */
export function parseBigInteger(buf: Buffer, start: number, end: number): bigint | null {
  const value = parseInteger(buf, start, end)
  if (Number.isNaN(value)) return null
  return Number.isFinite(value) ? BigInt(value) : wideValue()
}

/**
 * The unsigned 64-bit integer that the bytes spell, in decimal; unlike parseInteger it takes leading zeros and a plus,
 * as Redis does for stream ids. NaN when there is none; Infinity when it is beyond safe integers and in `wide`.
 */
export function parseUnsigned(buf: Buffer, start: number, end: number): number {
  let at = start
  if (at < end && buf[at] === PLUS) at++
  if (at === end) return NaN
  while (at < end - 1 && buf[at] === ZERO) at++
  if (end - at > 20) return NaN
  let head = 0
  const headEnd = end - at > 15 ? at + 15 : end
  for (; at < headEnd; at++) {
    const digit = buf[at]! - ZERO
    if (digit < 0 || digit > 9) return NaN
    head = head * 10 + digit
  }
  if (at === end) return head
  let tail = 0
  let scale = 1
  for (; at < end; at++) {
    const digit = buf[at]! - ZERO
    if (digit < 0 || digit > 9) return NaN
    tail = tail * 10 + digit
    scale *= 10
  }
  const rounded = head * scale + tail
  if (rounded <= Number.MAX_SAFE_INTEGER) return rounded
  multiplyAdd(head, scale, tail)
  if (wide.high >= TWO_32) return NaN
  wide.high |= 0
  wide.low |= 0
  return Infinity
}

/** How many bytes writeInteger would write. */
export function integerLength(n: number): number {
  let length = 1
  if (n < 0) {
    n = -n
    length = 2
  }
  for (let limit = 10; n >= limit; limit *= 10) length++
  return length
}

/** Write a safe integer in decimal. Returns the position behind it. */
export function writeInteger(buf: Buffer, at: number, n: number): number {
  if (n < 0) {
    buf[at++] = MINUS
    n = -n
  }
  if (n < BILLION) return writeSmall(buf, at, n | 0)
  const billions = Math.floor(n / BILLION)
  at = writeSmall(buf, at, billions)
  writePadded(buf, at, n - billions * BILLION, 9)
  return at + 9
}

/** Write 0 <= n < 2^31 without leading zeros. */
function writeSmall(buf: Buffer, at: number, n: number): number {
  let digits = 1
  for (let limit = 10; n >= limit && digits < 10; limit *= 10) digits++
  writePadded(buf, at, n, digits)
  return at + digits
}

/** The two digits of each number below 100. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => ZERO + ((i & 1) === 0 ? Math.floor(i / 20) : (i >> 1) % 10))

/** Write 0 <= n < 2^31 in so many digits, two at a time. */
export function writePadded(buf: Uint8Array, at: number, n: number, digits: number): void {
  let rest = n | 0
  let i = at + digits
  for (; i - at >= 2; i -= 2) {
    const quotient = (rest / 100) | 0
    const pair = (rest - quotient * 100) << 1
    buf[i - 1] = PAIRS[pair + 1]!
    buf[i - 2] = PAIRS[pair]!
    rest = quotient
  }
  if (i > at) buf[at] = ZERO + rest
}

/** Write any integer in decimal. Returns the position behind it. */
export function writeBigInteger(buf: Buffer, at: number, n: bigint): number {
  return at + buf.latin1Write(n.toString(), at)
}

const POWERS_OF_TEN: readonly number[] = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`))

/**
 * The double that the bytes spell, as strtod reads it (also `inf`, `+infinity`, `0x10`, `.5`, `1e3`); NaN when Redis refuses
 * it: spaces around it, nothing, `nan`, trailing bytes, a magnitude that overflows or vanishes.
 */
export function parseDouble(buf: Buffer, start: number, end: number): number {
  let at = start
  const negative = buf[start] === MINUS
  if (negative || buf[start] === PLUS) at++
  // Up to 15 digits and a power of ten up to 22 are both exact as doubles, so one division rounds once: correctly.
  let digits = end - at
  if (digits < 1 || digits > 16) return parseRealSlowly(buf, start, end)
  let value = 0
  let decimals = -1
  for (; at < end; at++) {
    const c = buf[at]!
    const digit = c - ZERO
    if (digit >= 0 && digit <= 9) value = value * 10 + digit
    else if (c === DOT && decimals < 0) {
      digits--
      decimals = end - at - 1
    } else return parseRealSlowly(buf, start, end)
  }
  if (digits === 0) return NaN
  if (digits > 15) return parseRealSlowly(buf, start, end)
  if (decimals > 0) value /= POWERS_OF_TEN[decimals]!
  return negative ? -value : value
}

/**
 * The double at the begin of bytes as strtod reads it where Redis looks at nothing but where the number ends: spaces may
 * stand before it, a zero byte ends the text, and no text at all is 0. NaN for anything else. `takesAll`: numbers too large or too
 * small are infinities and 0.
 */
export function parseDoubleAsC(buf: Buffer, start: number, end: number, takesAll: boolean): number {
  if (start < end && buf[start]! > SPACE && buf[end - 1]! > SPACE) {
    const value = parseDouble(buf, start, end)
    if (!Number.isNaN(value)) return value
  }
  const zero = buf.subarray(start, end).indexOf(0)
  const stop = zero < 0 ? end : start + zero
  if (stop === start) return 0
  let at = start
  while (at < stop && (buf[at] === SPACE || (buf[at]! >= TAB && buf[at]! <= RETURN))) at++
  return parseRealSlowly(buf, at, stop, takesAll)
}

/** Integers up to here are printed in full; beyond it Redis prints the shortest digits. */
const FULL_INTEGER_MAX = 2 ** 62

/** Write a double as Redis prints scores: `3`, `0.1`, `1e+20`, `inf`, `-inf`, `nan`, `-0`. Returns the position behind it. */
export function writeDouble(buf: Buffer, at: number, value: number): number {
  if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) return writeInteger(buf, at, value)
  const end = writeShortDecimal(buf, at, value)
  if (end > 0) return end
  if (!Number.isFinite(value) || value === 0) return at + buf.latin1Write(formatSpecial(value), at)
  if (value < 0) {
    buf[at++] = MINUS
    value = -value
  }
  if (value <= FULL_INTEGER_MAX && value === Math.floor(value)) return writeBigInteger(buf, at, BigInt(value))
  shortestDigits(value)
  return writeDecimal(buf, at)
}

function formatSpecial(value: number): string {
  return Number.isNaN(value) ? 'nan' : value === 0 ? '-0' : value > 0 ? 'inf' : '-inf'
}

/**
 * Write a fraction that has at most 3 decimals, without generating digits; 0 when it has more. When r / 10^k gives the very
 * same double and r has at most 15 digits, r is its only form of that length, hence the shortest. With 4 decimals it may
 * lie so near to the midpoint of two doubles that Redis prints more digits.
 */
function writeShortDecimal(buf: Buffer, at: number, value: number): number {
  const size = value < 0 ? -value : value
  if (!(size < BILLION)) return 0
  for (let decimals = 1, scale = 10; decimals <= 3; decimals++, scale *= 10) {
    const r = Math.round(size * scale)
    if (r / scale !== size) continue
    if (r === 0) return 0
    if (value < 0) buf[at++] = MINUS
    const whole = Math.floor(r / scale)
    at = writeSmall(buf, at, whole)
    buf[at] = DOT
    writePadded(buf, at + 1, r - whole * scale, decimals)
    return at + 1 + decimals
  }
  return 0
}

/** Write the digits that shortestDigits found, with the point or the exponent where Redis puts it. */
function writeDecimal(buf: Buffer, at: number): number {
  const { digits, count, exponent } = decimal
  const leading = exponent + count - 1
  const size = Math.abs(leading)
  if (exponent >= 0 && size < count + 7) {
    at = putDigits(buf, at, digits, 0, count)
    return putZeros(buf, at, exponent)
  }
  if (exponent < 0 && (exponent > -7 || size < 4)) {
    const whole = Math.max(leading + 1, 0)
    if (whole === 0) buf[at++] = ZERO
    at = putDigits(buf, at, digits, 0, whole)
    buf[at++] = DOT
    at = putZeros(buf, at, -1 - Math.min(leading, -1))
    return putDigits(buf, at, digits, whole, count)
  }
  buf[at++] = digits[0]!
  if (count > 1) {
    buf[at++] = DOT
    at = putDigits(buf, at, digits, 1, count)
  }
  buf[at++] = EXPONENT
  buf[at++] = leading < 0 ? MINUS : PLUS
  return writeSmall(buf, at, size)
}

function putDigits(buf: Buffer, at: number, digits: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) buf[at++] = digits[i]!
  return at
}

function putZeros(buf: Buffer, at: number, count: number): number {
  for (let i = 0; i < count; i++) buf[at++] = ZERO
  return at
}

const SCRATCH = Buffer.from(new Uint8Array(NUMBER_BYTES_MAX).buffer)

/** A double as Redis prints scores. */
export function formatDouble(value: number): string {
  return SCRATCH.latin1Slice(0, writeDouble(SCRATCH, 0, value))
}

/**
 * Write a number with a fixed count of decimals, as Redis prints distances (4): scaled first, then rounded half to even.
 * The scaled number must be a safe integer. Returns the position behind it.
 */
export function writeFixed(buf: Buffer, at: number, value: number, decimals: number): number {
  const scale = POWERS_OF_TEN[decimals]!
  const scaled = Math.abs(value) * scale
  let units = Math.floor(scaled)
  const rest = scaled - units
  if (rest > 0.5 || (rest === 0.5 && units % 2 === 1)) units++
  if (value < 0 && units > 0) buf[at++] = MINUS
  const whole = Math.floor(units / scale)
  at = writeInteger(buf, at, whole)
  buf[at] = DOT
  writePadded(buf, at + 1, units - whole * scale, decimals)
  return at + 1 + decimals
}

/** 2^18: a double has a tie at the 17th decimal exactly when it is an odd multiple of 2^-18. */
const TIE_SCALE = 262144

/**
 * A double with 17 decimals rounded half to even and trailing zeros cut, as Redis prints positions:
 * `2.35219806432723999`, `-0` as `0`.
 */
export function formatDecimals(value: number): string {
  if (!Number.isFinite(value)) return formatDouble(value)
  const size = Math.abs(value)
  if (size >= 1e21) return BigInt(value).toString()
  let text = size.toFixed(17)
  const scaled = size * TIE_SCALE
  if (scaled === Math.floor(scaled) && scaled % 2 === 1) text = roundTieToEven(size.toFixed(18))
  let end = text.length
  while (text.charCodeAt(end - 1) === ZERO) end--
  if (text.charCodeAt(end - 1) === DOT) end--
  text = text.slice(0, end)
  return value < 0 && text !== '0' ? '-' + text : text
}

/** Cut a final 5: toFixed would round it up where C rounds to the even neighbour. */
function roundTieToEven(exact: string): string {
  const cut = exact.slice(0, -1)
  if (cut.charCodeAt(cut.length - 1) % 2 === 0) return cut
  const raised = (BigInt(cut.replace('.', '')) + 1n).toString().padStart(18, '0')
  return raised.slice(0, -17) + '.' + raised.slice(-17)
}
