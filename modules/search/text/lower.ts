/* Lower case -- UTF-8 bytes to UTF-8 bytes, without a string in between.
 *
 *      C3 89        E2 B1 A5               lower                    C3 A9
 *      \___/  ----> code point U+00C9  ------------>  U+00E9 ----> \___/
 *        É                                                           é
 *
 * Below U+0600 a table knows the answer; above it only a few ranges have case at all, and for those the language's own
 * lower-casing is asked. A letter may change its length (U+023A has two bytes, its lower case three; U+0130 becomes
 * two letters), so the output needs half as much room again as the input.
 *
 * Bytes that are no UTF-8 pass through as they are. Accents are kept: RediSearch tells `café` from `cafe`. */

import { isUtf8 } from 'node:buffer'

const TABLE_END = 0x600
/** Lower case by code point; 0 where it takes more than one code point. */
const LOWER = lowerTable()

function lowerTable(): Uint16Array {
  const table = new Uint16Array(TABLE_END)
  for (let point = 0; point < TABLE_END; point++) {
    const lower = String.fromCodePoint(point).toLowerCase()
    table[point] = lower.length === 1 ? lower.charCodeAt(0) : 0
  }
  return table
}

function isLowerAscii(text: Buffer): boolean {
  for (let i = 0; i < text.length; i++) {
    const byte = text[i]!
    if (byte >= 0x80 || (byte >= 0x41 && byte <= 0x5a)) return false
  }
  return true
}

/** Bytes of output that `length` bytes of input may need. */
export function lowerRoom(length: number): number {
  return length + (length >>> 1) + 4
}

/** Write the lower case of `from[start..end)` at `to[at]`; returns where the output ends. */
export function writeLower(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  while (start < end) {
    const byte = from[start]!
    if (byte < 0x80) {
      to[at++] = byte - 0x41 < 26 && byte >= 0x41 ? byte + 32 : byte
      start++
      continue
    }
    const length = sequenceLength(from, start, end)
    if (length === 1) {
      to[at++] = byte
      start++
      continue
    }
    const point = codePoint(from, start, length)
    start += length
    if (point < TABLE_END && LOWER[point] !== 0) at = writePoint(to, at, LOWER[point]!)
    else if (point < TABLE_END || hasCase(point)) at = writeText(to, at, String.fromCodePoint(point).toLowerCase())
    else at = writePoint(to, at, point)
  }
  return at
}

/** Bytes of the UTF-8 sequence at `start`; 1 for ASCII and for bytes that are no proper sequence. */
export function sequenceLength(from: Buffer, start: number, end: number): number {
  const byte = from[start]!
  const length = byte < 0xc2 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 1
  if (length === 1 || start + length > end) return 1
  for (let i = 1; i < length; i++) if ((from[start + i]! & 0xc0) !== 0x80) return 1
  const second = from[start + 1]!
  // Overlong forms, surrogates and points beyond U+10FFFF are not UTF-8.
  if (byte === 0xe0 && second < 0xa0) return 1
  if (byte === 0xed && second > 0x9f) return 1
  if (byte === 0xf0 && second < 0x90) return 1
  if (byte === 0xf4 && second > 0x8f) return 1
  return length
}

/** The code point of a sequence whose length is known; a byte that stands alone is its own value. */
export function codePoint(from: Buffer, at: number, length: number): number {
  const byte = from[at]!
  if (length === 1) return byte
  if (length === 2) return ((byte & 31) << 6) | (from[at + 1]! & 63)
  if (length === 3) return ((byte & 15) << 12) | ((from[at + 1]! & 63) << 6) | (from[at + 2]! & 63)
  return ((byte & 7) << 18) | ((from[at + 1]! & 63) << 12) | ((from[at + 2]! & 63) << 6) | (from[at + 3]! & 63)
}

/** Write one code point as UTF-8; returns where it ends. */
export function writePoint(to: Buffer, at: number, point: number): number {
  if (point < 0x80) to[at++] = point
  else if (point < 0x800) {
    to[at++] = 0xc0 | (point >>> 6)
    to[at++] = 0x80 | (point & 63)
  } else if (point < 0x10000) {
    to[at++] = 0xe0 | (point >>> 12)
    to[at++] = 0x80 | ((point >>> 6) & 63)
    to[at++] = 0x80 | (point & 63)
  } else {
    to[at++] = 0xf0 | (point >>> 18)
    to[at++] = 0x80 | ((point >>> 12) & 63)
    to[at++] = 0x80 | ((point >>> 6) & 63)
    to[at++] = 0x80 | (point & 63)
  }
  return at
}

function writeText(to: Buffer, at: number, text: string): number {
  for (const letter of text) at = writePoint(to, at, letter.codePointAt(0)!)
  return at
}

/** Whether a code point from U+0600 on lies in a block that has letters of two cases. */
function hasCase(point: number): boolean {
  if (point < 0x10a0) return false
  if (point < 0x2000) return true
  if (point < 0x2e00) return point >= 0x2100
  if (point < 0xac00) return point >= 0xa640
  if (point < 0x10000) return point >= 0xff21 && point < 0xff3b
  return point >= 0x10400 && point < 0x1f000
}

/** The same in lower case: itself when that is what it is. */
export function lowered(text: Buffer): Buffer {
  if (isLowerAscii(text)) return text
  const to = Buffer.from(new Uint8Array(lowerRoom(text.length)).buffer)
  return to.subarray(0, writeLower(text, 0, text.length, to, 0))
}

/** Small letters that others stand for when case is folded: `ß` is `ss`, the final sigma is a sigma. */
const FOLDED =
  /[\u00b5\u00df\u0149\u017f\u01f0\u0390\u03b0\u03c2\u03d0\u03d1\u03d5\u03d6\u03f0\u03f1\u03f5\u0587\u1e96-\u1e9b\u1f50-\u1ffc\ufb00-\ufb17]/g

/** The text that all spellings of it in capital and small letters share: what texts are sorted by. */
export function folded(text: Buffer): Buffer {
  const lower = lowered(text)
  if (!isUtf8(lower)) return lower
  const letters = lower.utf8Slice()
  if (letters.length === lower.length) return lower
  const fold = letters.replace(FOLDED, letter => letter.toUpperCase().toLowerCase())
  return fold === letters ? lower : Buffer.from(fold)
}
