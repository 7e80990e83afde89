/* Real syntax -- the grammar of numbers with a fraction, as C's strtod takes it.
 *
 *     [+-]  digits [. digits] [e [+-] digits]           12   .5   5.   1e-3
 *     [+-]  0x hex [. hex] [p [+-] digits]              0x10   0x1.8p3
 *     [+-]  inf | infinity                              in any case of letters
 *
 * Redis reads scores, increments and timeouts with strtod and then refuses what is not wholly a number: spaces before or
 * after, trailing bytes, `nan`, and a number too large or too small to be held. This file tells the parts apart; what they
 * are worth is worked out by its two users, doubles here and 80-bit reals in long-double.ts.
 *
 * A number is at most REAL_BYTES_MAX bytes long, the limit that Redis has for its long doubles, and an exponent is
 * clamped at EXPONENT_MAX, which lies far outside of both formats; so no input costs more than a few microseconds. */

/** Longer texts are refused. */
export const REAL_BYTES_MAX = 5119

/** Greater exponents count as this one. */
const EXPONENT_MAX = 1_000_000

export const REAL = { none: 0, decimal: 1, hexadecimal: 2, infinite: 3 } as const

/** The parts of a real: value = digits * base^-fraction * (10 or 2)^exponent. */
export interface RealParts {
  kind: (typeof REAL)[keyof typeof REAL]
  negative: boolean
  /** The significant digits, point left out, from the first that is not zero; '' for zero. */
  digits: string
  /** How many of the digits stand behind the point; may exceed their count. */
  fraction: number
  exponent: number
}

/** Take apart the real that the bytes spell. `kind` is none when strtod would not take all of them, or Redis refuses. */
export function scanReal(buf: Buffer, start: number, end: number): RealParts {
  const parts: RealParts = { kind: REAL.none, negative: false, digits: '', fraction: 0, exponent: 0 }
  if (end <= start || end - start > REAL_BYTES_MAX) return parts
  const text = buf.latin1Slice(start, end)
  let at = 0
  parts.negative = text[0] === '-'
  if (parts.negative || text[0] === '+') at++
  if (isInfinity(text, at)) parts.kind = REAL.infinite
  else if (text[at] === '0' && (text[at + 1] === 'x' || text[at + 1] === 'X'))
    parts.kind = scanDigits(text, at + 2, parts, isHexDigit, 'p') ? REAL.hexadecimal : REAL.none
  else parts.kind = scanDigits(text, at, parts, isDigit, 'e') ? REAL.decimal : REAL.none
  return parts
}

function isInfinity(text: string, at: number): boolean {
  const length = text.length - at
  if (length !== 3 && length !== 8) return false
  return 'infinity'.startsWith(text.slice(at).toLowerCase())
}

function scanDigits(
  text: string,
  at: number,
  parts: RealParts,
  accepts: (code: number) => boolean,
  mark: string,
): boolean {
  const begin = at
  while (at < text.length && accepts(text.charCodeAt(at))) at++
  let digits = text.slice(begin, at)
  if (text[at] === '.') {
    const point = ++at
    while (at < text.length && accepts(text.charCodeAt(at))) at++
    parts.fraction = at - point
    digits += text.slice(point, at)
  }
  if (digits === '') return false
  if (at < text.length) {
    if (text[at]!.toLowerCase() !== mark) return false
    const sign = text[at + 1] === '-' ? -1 : 1
    at += text[at + 1] === '-' || text[at + 1] === '+' ? 2 : 1
    if (at === text.length) return false
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (!isDigit(code)) return false
      parts.exponent = Math.min(parts.exponent * 10 + code - 48, EXPONENT_MAX)
    }
    parts.exponent *= sign
  }
  let zeros = 0
  while (zeros < digits.length && digits.charCodeAt(zeros) === 48) zeros++
  parts.digits = digits.slice(zeros)
  return true
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || ((code | 32) >= 97 && (code | 32) <= 102)
}

/**
 * The double that any accepted text spells, NaN when it is refused: the path for what parseDouble's loop cannot take. What is too
 * large or too small is refused, or taken for an infinity or 0.
 */
export function parseRealSlowly(buf: Buffer, start: number, end: number, takesAll = false): number {
  const parts = scanReal(buf, start, end)
  if (parts.kind === REAL.none) return NaN
  if (parts.kind === REAL.infinite) return parts.negative ? -Infinity : Infinity
  if (parts.digits === '') return parts.negative ? -0 : 0
  const size = parts.kind === REAL.decimal ? Number(buf.latin1Slice(start, end)) : binaryToDouble(parts)
  if (!takesAll && (size === 0 || !Number.isFinite(size))) return NaN
  return parts.kind === REAL.hexadecimal && parts.negative ? -size : size
}

function binaryToDouble(parts: RealParts): number {
  const rounded = roundToBinary(BigInt('0x' + parts.digits), 1n, parts.exponent - 4 * parts.fraction, 53, -1074)
  return rounded.exponent > 971 ? Infinity : Number(rounded.mantissa) * 2 ** rounded.exponent
}

/** A binary floating-point number, mantissa * 2^exponent. */
export interface Binary {
  readonly mantissa: bigint
  readonly exponent: number
}

const ZERO: Binary = { mantissa: 0n, exponent: 0 }

/** How many bits a positive integer has. */
export function bitLength(n: bigint): number {
  const hex = n.toString(16)
  return hex.length * 4 - (Math.clz32(Number.parseInt(hex[0]!, 16)) - 28)
}

/**
 * The floating-point number with `precision` bits that lies nearest to numerator / denominator * 2^exponent (ties to
 * even), whose exponent is not below `exponentMin`: fewer bits are kept there, down to none.
 */
export function roundToBinary(
  numerator: bigint,
  denominator: bigint,
  exponent: number,
  precision: number,
  exponentMin: number,
): Binary {
  if (numerator === 0n) return ZERO
  // Scale so that the quotient has two bits more than wanted, or one fewer than that; the rest only says "not exact".
  let shift = precision + 2 - (bitLength(numerator) - bitLength(denominator))
  if (exponent - shift < exponentMin - 2) shift = exponent - exponentMin + 2
  if (shift < -bitLength(numerator) - 2) return ZERO
  const scaled = shift >= 0 ? numerator << BigInt(shift) : numerator
  const divisor = shift >= 0 ? denominator : denominator << BigInt(-shift)
  let quotient = scaled / divisor
  const exact = quotient * divisor === scaled
  exponent -= shift
  const excess = Math.max(quotient === 0n ? 0 : bitLength(quotient) - precision, exponentMin - exponent)
  if (excess <= 0) return { mantissa: quotient, exponent }
  const low = quotient & ((1n << BigInt(excess)) - 1n)
  const half = 1n << BigInt(excess - 1)
  quotient >>= BigInt(excess)
  exponent += excess
  if (low > half || (low === half && (!exact || (quotient & 1n) === 1n))) quotient++
  if (bitLength(quotient || 1n) > precision) return { mantissa: quotient >> 1n, exponent: exponent + 1 }
  return { mantissa: quotient, exponent }
}
