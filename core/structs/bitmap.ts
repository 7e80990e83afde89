/* Bitmap -- a string seen as a row of bits, and as packed integers of any width.
 *
 * Bit 0 is the highest bit of the first byte, so that offsets and a written-out string run the same way:
 *
 *     byte      0         1         2              bit 9 set: the second byte is 0x40
 *     bits      01234567  89......                 u8 at offset 4 spans two bytes
 *
 * A string is a piece of a buffer, [start, end); bits beyond its end read as 0. Writers expect the caller to have made it
 * long enough. Offsets and counts are numbers: 2^32 bits are the most that a string can have.
 *
 *   getBit, setBit O(1)    countBits, findBit O(bytes), four bytes a step    combine O(bytes of all sources)
 *
 * Fields have up to 64 bits signed, 63 unsigned. Those of at most FIELD_BITS_PLAIN bits travel as numbers, the wide ones
 * as bigints; both kinds have the same three operations: read, fit (apply the overflow rule), write. */

import type { Range } from '../base/bytes.ts'

/** The bit at an offset, 0 beyond the end. */
export function getBit(buf: Buffer, start: number, end: number, offset: number): number {
  const at = start + Math.floor(offset / 8)
  return at < end ? (buf[at]! >> (7 - (offset & 7))) & 1 : 0
}

/** Set the bit at an offset inside the string. Returns what it was. */
export function setBit(buf: Buffer, start: number, offset: number, bit: number): number {
  const at = start + Math.floor(offset / 8)
  const shift = 7 - (offset & 7)
  const byte = buf[at]!
  buf[at] = (byte & ~(1 << shift)) | (bit << shift)
  return (byte >> shift) & 1
}

/** Below this many bytes a view of words costs more than it saves. */
const WORDS_MIN = 256

/** How many bits of the bytes are set. */
export function countBits(buf: Buffer, start: number, end: number): number {
  let count = 0
  let i = start
  if (end - start >= WORDS_MIN) {
    while (((buf.byteOffset + i) & 3) !== 0) count += ones(buf[i++]!)
    const words = wordsOf(buf, i, end)
    count += countWords(words)
    i += words.length * 4
  }
  for (const wholeEnd = end - 3; i < wholeEnd; i += 4)
    count += ones(buf[i]! | (buf[i + 1]! << 8) | (buf[i + 2]! << 16) | (buf[i + 3]! << 24))
  while (i < end) count += ones(buf[i++]!)
  return count
}

/**
 * Eight words at a time go through full adders that work on 32 columns at once: of each column one bit of weight 1, 2 and 4
 * goes on to the next eight, and only the bits of weight 8 are counted (the Harley-Seal method; H. S. Warren, Hacker's
 * Delight, 5-1).
 */
function countWords(words: Int32Array): number {
  const whole = words.length & ~7
  let once = 0
  let twos = 0
  let fours = 0
  let eights = 0
  for (let k = 0; k < whole; k += 8) {
    const a = words[k]!
    const b = words[k + 1]!
    const c = words[k + 2]!
    const d = words[k + 3]!
    const e = words[k + 4]!
    const f = words[k + 5]!
    const g = words[k + 6]!
    const h = words[k + 7]!
    let u = once ^ a
    const twosA = (once & a) | (u & b)
    once = u ^ b
    u = once ^ c
    const twosB = (once & c) | (u & d)
    once = u ^ d
    u = once ^ e
    const twosC = (once & e) | (u & f)
    once = u ^ f
    u = once ^ g
    const twosD = (once & g) | (u & h)
    once = u ^ h
    u = twos ^ twosA
    const foursA = (twos & twosA) | (u & twosB)
    twos = u ^ twosB
    u = twos ^ twosC
    const foursB = (twos & twosC) | (u & twosD)
    twos = u ^ twosD
    u = fours ^ foursA
    eights += ones((fours & foursA) | (u & foursB))
    fours = u ^ foursB
  }
  let count = eights * 8 + ones(fours) * 4 + ones(twos) * 2 + ones(once)
  for (let k = whole; k < words.length; k++) count += ones(words[k]!)
  return count
}

/** The whole aligned words from an aligned position on. */
function wordsOf(buf: Buffer, at: number, end: number): Int32Array {
  return new Int32Array(buf.buffer, buf.byteOffset + at, (end - at) >> 2)
}

/** Set bits of a word: sums of neighbouring bits, then pairs, then nibbles, then all bytes by one multiplication. */
function ones(word: number): number {
  word -= (word >>> 1) & 0x55555555
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** How many bits are set from bit `first` to bit `last` of the string, both included and inside it. */
export function countBitRange(buf: Buffer, start: number, first: number, last: number): number {
  if (first > last) return 0
  const from = start + Math.floor(first / 8)
  const to = start + Math.floor(last / 8)
  const before = ones(buf[from]! & ~(0xff >> (first & 7)))
  const after = ones(buf[to]! & (0x7f >> (last & 7)))
  return countBits(buf, from, to + 1) - before - after
}

/** The first bit from `first` to `last` (both included and inside the string) that has the value; -1 for none. */
export function findBit(buf: Buffer, start: number, bit: number, first: number, last: number): number {
  if (first > last) return -1
  const flip = bit === 1 ? 0 : 0xff
  let at = start + Math.floor(first / 8)
  const lastAt = start + Math.floor(last / 8)
  let byte = (buf[at]! ^ flip) & (0xff >> (first & 7))
  if (byte === 0) {
    at = skipBytes(buf, at + 1, lastAt, flip)
    if (at > lastAt) return -1
    byte = buf[at]! ^ flip
  }
  const position = (at - start) * 8 + Math.clz32(byte) - 24
  return byte !== 0 && position <= last ? position : -1
}

/** The first position from `at` to `last` whose byte is not `skipped`; beyond `last` when there is none. */
function skipBytes(buf: Buffer, at: number, last: number, skipped: number): number {
  if (last - at >= WORDS_MIN) {
    while (((buf.byteOffset + at) & 3) !== 0) {
      if (buf[at] !== skipped) return at
      at++
    }
    const words = wordsOf(buf, at, last)
    const word = skipped === 0 ? 0 : -1
    let k = 0
    while (k < words.length && words[k] === word) k++
    at += k * 4
  }
  while (at <= last && buf[at] === skipped) at++
  return at
}

export const BITOP = { and: 0, or: 1, xor: 2, not: 3 } as const
export type BitOperation = (typeof BITOP)[keyof typeof BITOP]

/**
 * Combine strings bit by bit into `length` bytes of `out`, the length of the longest; shorter ones count as filled up with
 * zeros. NOT takes one source. The output overlaps no source.
 */
export function combine(
  operation: BitOperation,
  sources: readonly Range[],
  count: number,
  out: Buffer,
  at: number,
  length: number,
): void {
  const first = sources[0]!
  const firstLength = first.end - first.start
  first.buf.copy(out, at, first.start, first.end)
  out.fill(0, at + firstLength, at + length)
  if (operation === BITOP.not) {
    for (let i = at; i < at + length; i++) out[i] = ~out[i]!
    return
  }
  for (let s = 1; s < count; s++) {
    const source = sources[s]!
    combineBytes(operation, source.buf, source.start, source.end, out, at)
    if (operation === BITOP.and) out.fill(0, at + source.end - source.start, at + length)
  }
}

/** out = out OP source, over the bytes of the source. */
function combineBytes(operation: BitOperation, buf: Buffer, start: number, end: number, out: Buffer, at: number): void {
  let i = start
  let o = at
  const sameAlignment = ((buf.byteOffset + i - out.byteOffset - o) & 3) === 0
  if (sameAlignment && end - start >= WORDS_MIN) {
    const aligned = i + (-(buf.byteOffset + i) & 3)
    combineEach(operation, buf, i, aligned, out, o)
    o += aligned - i
    const words = wordsOf(buf, aligned, end)
    combineEach(operation, words, 0, words.length, wordsOf(out, o, o + words.length * 4), 0)
    i = aligned + words.length * 4
    o += words.length * 4
  }
  combineEach(operation, buf, i, end, out, o)
}

function combineEach(
  operation: BitOperation,
  from: Uint8Array | Int32Array,
  start: number,
  end: number,
  to: Uint8Array | Int32Array,
  at: number,
): void {
  if (operation === BITOP.and) for (let i = start; i < end; i++, at++) to[at]! &= from[i]!
  else if (operation === BITOP.or) for (let i = start; i < end; i++, at++) to[at]! |= from[i]!
  else for (let i = start; i < end; i++, at++) to[at]! ^= from[i]!
}

/** Fields of up to this many bits are plain numbers; a sum of two of them is still exact. */
export const FIELD_BITS_PLAIN = 52

/** What happens when a value does not fit its field. */
export const OVERFLOW = { wrap: 0, saturate: 1, fail: 2 } as const
export type Overflow = (typeof OVERFLOW)[keyof typeof OVERFLOW]

/** The field of `bits` <= FIELD_BITS_PLAIN bits at a bit offset; bits beyond the end are 0. */
export function readField(
  buf: Buffer,
  start: number,
  end: number,
  offset: number,
  bits: number,
  signed: boolean,
): number {
  let value = 0
  let at = start + Math.floor(offset / 8)
  let skip = offset & 7
  for (let left = bits; left > 0; at++) {
    const taken = Math.min(8 - skip, left)
    const byte = at < end ? buf[at]! : 0
    value = value * (1 << taken) + ((byte >> (8 - skip - taken)) & ((1 << taken) - 1))
    left -= taken
    skip = 0
  }
  return signed && value >= 2 ** (bits - 1) ? value - 2 ** bits : value
}

/** Store a value that fits `bits` <= FIELD_BITS_PLAIN bits at a bit offset inside the string. */
export function writeField(buf: Buffer, start: number, offset: number, bits: number, value: number): void {
  let rest = value < 0 ? value + 2 ** bits : value
  // From the last byte towards the first, as the low bits come off the value.
  let end = offset + bits
  for (let left = bits; left > 0; ) {
    const used = end & 7 || 8
    const taken = Math.min(used, left)
    const at = start + Math.floor((end - 1) / 8)
    const shift = 8 - used
    const mask = ((1 << taken) - 1) << shift
    const quotient = Math.floor(rest / (1 << taken))
    buf[at] = (buf[at]! & ~mask) | ((rest - quotient * (1 << taken)) << shift)
    rest = quotient
    left -= taken
    end -= taken
  }
}

/** Make a value fit `bits` <= FIELD_BITS_PLAIN bits; NaN when it may not be made to. |value| < 2^53. */
export function fitField(value: number, bits: number, signed: boolean, overflow: Overflow): number {
  const size = 2 ** bits
  const max = signed ? size / 2 - 1 : size - 1
  const min = signed ? -size / 2 : 0
  if (value >= min && value <= max) return value
  if (overflow === OVERFLOW.fail) return NaN
  if (overflow === OVERFLOW.saturate) return value > max ? max : min
  const wrapped = ((value % size) + size) % size
  return wrapped > max ? wrapped - size : wrapped
}

/** A field of any width, up to 64 bits signed or 63 unsigned. */
export function readWideField(
  buf: Buffer,
  start: number,
  end: number,
  offset: number,
  bits: number,
  signed: boolean,
): bigint {
  const lowBits = Math.min(bits, 32)
  const high = readField(buf, start, end, offset, bits - lowBits, false)
  const low = readField(buf, start, end, offset + bits - lowBits, lowBits, false)
  const value = (BigInt(high) << BigInt(lowBits)) | BigInt(low)
  return signed ? BigInt.asIntN(bits, value) : value
}

/** Store a value that fits a field of any width. */
export function writeWideField(buf: Buffer, start: number, offset: number, bits: number, value: bigint): void {
  const lowBits = Math.min(bits, 32)
  const pattern = BigInt.asUintN(bits, value)
  writeField(buf, start, offset, bits - lowBits, Number(pattern >> BigInt(lowBits)))
  writeField(buf, start, offset + bits - lowBits, lowBits, Number(BigInt.asUintN(lowBits, pattern)))
}

/** Make a value fit a field of any width; null when it may not be made to. */
export function fitWideField(value: bigint, bits: number, signed: boolean, overflow: Overflow): bigint | null {
  const max = (1n << BigInt(signed ? bits - 1 : bits)) - 1n
  const min = signed ? -max - 1n : 0n
  if (value >= min && value <= max) return value
  if (overflow === OVERFLOW.fail) return null
  if (overflow === OVERFLOW.saturate) return value > max ? max : min
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
}

/** What SET stores is read as an unsigned word for unsigned fields: a negative one is too large, not too small. */
export function settableValue(value: bigint, signed: boolean): bigint {
  return signed ? value : BigInt.asUintN(64, value)
}
