/* Intset -- a small set of integers: a sorted array, as narrow as its widest member allows.
 *
 *      0      1            4
 *      +------+------------+------+------+------+------+ . . . . +
 *      | 2    | count 4    |  -5  |   1  |  17  | 1000 |  spare  |
 *      +------+------------+------+------+------+------+ . . . . +
 *      ^start  width 2, 4 or 8                                   ^end
 *
 * Members are little-endian integers of 16, 32 or 64 bits, found by halving. The first member that does not fit makes all
 * of them wider; they never become narrower again.
 *
 * A member travels as base/numbers has it: a plain number when that is exact, an infinity when it is an int64 beyond 2^53,
 * whose 64 bits are then in `wide`. So `find(buf, start, parseInteger(…))` is all that SISMEMBER needs.
 *
 * `add` returns the size that the region has afterwards, 0 for a member that is there already. A size above `end - start`
 * means that the region was too small and that nothing has changed.
 *
 *   find O(log n)    at O(1)    add, remove O(log n) and the bytes behind moved
 *
 * Invariants: members ascend strictly; all have the same width. The layout is that of Redis's intset, whose file format
 * tells the same three widths, with a header of 4 bytes for its 8. */

import { copyBytes, type Range } from '../base/bytes.ts'
import { wide } from '../base/numbers.ts'
import { TOO_LARGE } from './packed.ts'

/** Bytes before the first member. */
export const HEADER_BYTES = 4
/** The most members of one set. */
export const COUNT_MAX = 0xffffff

const TWO_32 = 4294967296

/** Make an empty set. Returns its size. */
export function init(buf: Buffer, start: number): number {
  writeHeader(buf, start, 2, 0)
  return HEADER_BYTES
}

/** How many members there are. */
export function count(buf: Buffer, start: number): number {
  return buf[start + 1]! | (buf[start + 2]! << 8) | (buf[start + 3]! << 16)
}

/** Bytes of a member: 2, 4 or 8. */
export function width(buf: Buffer, start: number): number {
  return buf[start]!
}

/** Bytes in use, header included. */
export function size(buf: Buffer, start: number): number {
  return HEADER_BYTES + count(buf, start) * buf[start]!
}

/** The member of a rank, which exists; an infinity says that it is in `wide`. */
export function at(buf: Buffer, start: number, index: number): number {
  const bytes = buf[start]!
  const p = start + HEADER_BYTES + index * bytes
  if (bytes === 2) return readShort(buf, p)
  if (bytes === 4) return readWord(buf, p)
  const low = readWord(buf, p)
  const high = readWord(buf, p + 4)
  const value = high * TWO_32 + (low >>> 0)
  if (Number.isSafeInteger(value)) return value
  wide.high = high
  wide.low = low
  return high < 0 ? -Infinity : Infinity
}

/** Rank of a member (an infinity: the one in `wide`), or -1. */
export function find(buf: Buffer, start: number, value: number): number {
  if (widthOf(value) > buf[start]!) return -1
  const place = lowerBound(buf, start, value)
  return place < count(buf, start) && isAt(buf, start, place, value) ? place : -1
}

/** Add a member. Returns the size, or 0 when it was there already. */
export function add(buf: Buffer, start: number, end: number, value: number): number {
  const n = count(buf, start)
  const bytes = buf[start]!
  const wanted = widthOf(value)
  if (n === COUNT_MAX) return find(buf, start, value) < 0 ? TOO_LARGE : 0
  if (wanted > bytes) {
    const needed = HEADER_BYTES + (n + 1) * wanted
    if (needed > end - start) return needed
    // Beyond all others, since those were narrower: at one end or the other.
    const inFront = value < 0
    widen(buf, start, n, bytes, wanted, inFront ? 1 : 0)
    writeHeader(buf, start, wanted, n + 1)
    writeMember(buf, start, inFront ? 0 : n, value)
    return needed
  }
  const place = lowerBound(buf, start, value)
  if (place < n && isAt(buf, start, place, value)) return 0
  const needed = HEADER_BYTES + (n + 1) * bytes
  if (needed > end - start) return needed
  const p = start + HEADER_BYTES + place * bytes
  buf.copyWithin(p + bytes, p, start + HEADER_BYTES + n * bytes)
  writeHeader(buf, start, bytes, n + 1)
  writeMember(buf, start, place, value)
  return needed
}

/** Be the set of members that lie elsewhere as they will here: in order, `bytes` wide, at most COUNT_MAX. */
export function adopt(buf: Buffer, start: number, members: Range, bytes: number): void {
  writeHeader(buf, start, bytes, members.length / bytes)
  copyBytes(members.buf, members.start, buf, start + HEADER_BYTES, members.length)
}

/** Take a member out. False when it was not there. */
export function remove(buf: Buffer, start: number, value: number): boolean {
  const place = find(buf, start, value)
  if (place < 0) return false
  removeAt(buf, start, place)
  return true
}

/** Take out the member of a rank, which exists. */
export function removeAt(buf: Buffer, start: number, index: number): void {
  const n = count(buf, start)
  const bytes = buf[start]!
  const p = start + HEADER_BYTES + index * bytes
  buf.copyWithin(p, p + bytes, start + HEADER_BYTES + n * bytes)
  writeHeader(buf, start, bytes, n - 1)
}

function writeHeader(buf: Buffer, start: number, bytes: number, n: number): void {
  buf[start] = bytes
  buf[start + 1] = n
  buf[start + 2] = n >>> 8
  buf[start + 3] = n >>> 16
}

function widthOf(value: number): number {
  if (value === (value | 0)) return value === (value << 16) >> 16 ? 2 : 4
  return 8
}

function readShort(buf: Buffer, p: number): number {
  return ((buf[p]! | (buf[p + 1]! << 8)) << 16) >> 16
}

function readWord(buf: Buffer, p: number): number {
  return buf[p]! | (buf[p + 1]! << 8) | (buf[p + 2]! << 16) | (buf[p + 3]! << 24)
}

function writeWord(buf: Buffer, p: number, value: number): void {
  buf[p] = value
  buf[p + 1] = value >>> 8
  buf[p + 2] = value >>> 16
  buf[p + 3] = value >>> 24
}

function highOf(value: number): number {
  return Number.isFinite(value) ? Math.floor(value / TWO_32) : wide.high
}

function lowOf(value: number): number {
  return Number.isFinite(value) ? value | 0 : wide.low
}

function isAt(buf: Buffer, start: number, index: number, value: number): boolean {
  const bytes = buf[start]!
  const p = start + HEADER_BYTES + index * bytes
  if (bytes === 2) return readShort(buf, p) === value
  if (bytes === 4) return readWord(buf, p) === value
  return readWord(buf, p) === lowOf(value) && readWord(buf, p + 4) === highOf(value)
}

/** Rank of the first member that is not below `value`. */
function lowerBound(buf: Buffer, start: number, value: number): number {
  const bytes = buf[start]!
  const base = start + HEADER_BYTES
  let low = 0
  let high = count(buf, start)
  if (bytes === 8) return lowerBoundWide(buf, base, high, highOf(value), lowOf(value) >>> 0)
  while (low < high) {
    const middle = (low + high) >>> 1
    const p = base + middle * bytes
    if ((bytes === 2 ? readShort(buf, p) : readWord(buf, p)) < value) low = middle + 1
    else high = middle
  }
  return low
}

function lowerBoundWide(buf: Buffer, base: number, n: number, valueHigh: number, valueLow: number): number {
  let low = 0
  let high = n
  while (low < high) {
    const middle = (low + high) >>> 1
    const p = base + middle * 8
    const top = readWord(buf, p + 4)
    if (top < valueHigh || (top === valueHigh && readWord(buf, p) >>> 0 < valueLow)) low = middle + 1
    else high = middle
  }
  return low
}

function writeMember(buf: Buffer, start: number, index: number, value: number): void {
  const bytes = buf[start]!
  const p = start + HEADER_BYTES + index * bytes
  if (bytes === 2) {
    buf[p] = value
    buf[p + 1] = value >> 8
    return
  }
  writeWord(buf, p, lowOf(value))
  if (bytes === 8) writeWord(buf, p + 4, highOf(value))
}

/** Make all members wider, each `shift` places further; the last one first, so that none is overwritten. */
function widen(buf: Buffer, start: number, n: number, from: number, to: number, shift: number): void {
  const base = start + HEADER_BYTES
  for (let i = n - 1; i >= 0; i--) {
    const p = base + i * from
    const value = from === 2 ? readShort(buf, p) : readWord(buf, p)
    const q = base + (i + shift) * to
    writeWord(buf, q, value)
    if (to === 8) writeWord(buf, q + 4, value >> 31)
  }
}
