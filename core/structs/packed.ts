/* Packed -- a small list, set, hash or sorted set in one piece of memory.
 *
 * A collection of ten elements is not worth a hash table: read from front to back, a few hundred bytes that lie together
 * are found faster than they could be hashed, and cost nothing but themselves. So a small collection is a region of
 * some record, and these functions read and write it in place. The hash {name: Ada, born: 1815} looks like this:
 *
 *      0          4      6
 *      +----------+------+---+------+---+-----+---+------+---+------+ . . . . . . +
 *      | size  27 |   4  | 4 | name | 3 | Ada | 4 | born | 4 | 1815 |    spare    |
 *      +----------+------+---+------+---+-----+---+------+---+------+ . . . . . . +
 *      ^start      entries                                          ^start + size ^end
 *
 * An entry opens with a tag byte:
 *
 *      00..df   bytes, the tag is their length            f0 f1 f2   integer of 8, 16, 32 bits
 *      e0       bytes, length in the next 2               f3         double, 8 bytes
 *      e1       bytes, length in the next 4               f4         time in milliseconds, 48 bits
 *                                                         ff         no time
 *
 * Several entries make a tuple, and `stride` says how many: 1 for lists and sets, 2 for hashes (field, value) and sorted
 * sets (member, score; the pairs are kept in order of score, then member), 3 for hashes with field expiry (field, value,
 * deadline: 1 byte a field that has none). A position is an index into the buffer, so walking is `at = next(buf, at)`.
 *
 * Functions that write return the size that the region has after the change. When that is more than `end - start`, the
 * region was too small and nothing has changed: the caller moves it to a larger place and asks again. TOO_LARGE means
 * that no place will do, and the collection must take another form. Bytes to be written never lie in the region itself.
 *
 *   next, read O(1)    find, at, append of an ordered pair O(n)    append O(1)    remove, replace O(n) bytes moved
 *
 * Invariants: size counts the header and all entries and nothing else; the entries are a multiple of the stride.
 *
 * Left out: the back length that a Redis listpack ends each entry with. It would cost a byte an entry, and only walks from
 * the back need it; they collect the positions first (`positions`). Numbers among bytes are kept as they were
 * written, so that every entry can be handed out as a Range of the region; only scores and deadlines are coded. */

import { copyBytes, type Range, sameBytes } from '../base/bytes.ts'

/** Bytes before the first entry. */
export const HEADER_BYTES = 6
/** The size that a write returns when the region cannot take the entry however large it is made. */
export const TOO_LARGE = 0x7fffffff
/** The most entries of one region. */
export const ENTRIES_MAX = 0xffff
/** The most bytes of one region. */
export const BYTES_MAX = 1 << 30
/** The deadline of a field that has none. */
export const NO_DEADLINE = 0

const SHORT_MAX = 0xdf
const BYTES_16 = 0xe0
const BYTES_32 = 0xe1
const INT_8 = 0xf0
const INT_16 = 0xf1
const INT_32 = 0xf2
const DOUBLE = 0xf3
const TIME = 0xf4
const NO_TIME = 0xff

/** Make an empty collection. Returns its size. */
export function init(buf: Buffer, start: number): number {
  writeHeader(buf, start, HEADER_BYTES, 0)
  return HEADER_BYTES
}

/** Bytes in use, header included. */
export function size(buf: Buffer, start: number): number {
  return (buf[start]! | (buf[start + 1]! << 8) | (buf[start + 2]! << 16)) + buf[start + 3]! * 0x1000000
}

/** How many entries there are: tuples times stride. */
export function count(buf: Buffer, start: number): number {
  return buf[start + 4]! | (buf[start + 5]! << 8)
}

/** Position of the first entry; equal to `start + size` when there is none. */
export function first(start: number): number {
  return start + HEADER_BYTES
}

/** Position after the entry at `at`. */
export function next(buf: Buffer, at: number): number {
  const tag = buf[at]!
  return tag <= SHORT_MAX ? at + 1 + tag : at + longBytes(buf, at, tag)
}

/** Position `entries` entries further. */
export function skip(buf: Buffer, at: number, entries: number): number {
  for (let i = 0; i < entries; i++) {
    const tag = buf[at]!
    at += tag <= SHORT_MAX ? 1 + tag : longBytes(buf, at, tag)
  }
  return at
}

/** Fill `out` with the bytes of the entry at `at` and return the position after it. */
export function read(buf: Buffer, at: number, out: Range): number {
  const tag = buf[at]!
  const from = tag <= SHORT_MAX ? at + 1 : tag === BYTES_16 ? at + 3 : at + 5
  const to = tag <= SHORT_MAX ? from + tag : at + longBytes(buf, at, tag)
  out.buf = buf
  out.start = from
  out.end = to
  return to
}

/** The score or deadline at `at`; NO_DEADLINE for a field without one. */
export function readNumber(buf: Buffer, at: number): number {
  const tag = buf[at]!
  if (tag === INT_8) return (buf[at + 1]! << 24) >> 24
  if (tag === INT_16) return ((buf[at + 1]! | (buf[at + 2]! << 8)) << 16) >> 16
  if (tag === INT_32) return word(buf, at + 1) | 0
  if (tag === DOUBLE) return buf.readDoubleLE(at + 1)
  if (tag === TIME) return (word(buf, at + 1) >>> 0) + (buf[at + 5]! | (buf[at + 6]! << 8)) * 0x100000000
  return NO_DEADLINE
}

/** Bytes that an entry of `length` bytes takes. */
export function entryBytes(length: number): number {
  return length <= SHORT_MAX ? 1 + length : length <= 0xffff ? 3 + length : 5 + length
}

/** Bytes that a score takes. */
export function scoreBytes(score: number): number {
  return numberBytes(scoreTag(score))
}

/** Position of the tuple whose first entry holds these bytes, or -1. */
export function find(buf: Buffer, start: number, needle: Range, stride: number): number {
  const end = start + size(buf, start)
  const length = needle.end - needle.start
  if (length > SHORT_MAX) return findLong(buf, start, needle, stride)
  const other = needle.buf
  const from = needle.start
  const head = length > 0 ? other[from]! : 0
  for (let at = start + HEADER_BYTES; at < end; ) {
    const tag = buf[at]!
    // The first byte tells most entries apart before any loop starts.
    if (tag === length && (length === 0 || (buf[at + 1] === head && sameBytes(buf, at + 1, other, from, length))))
      return at
    at = tag <= SHORT_MAX ? at + 1 + tag : at + longBytes(buf, at, tag)
    if (stride > 1) at = skip(buf, at, stride - 1)
  }
  return -1
}

/** Position of the entry with this number, counted from 0, or -1 when there are fewer. */
export function entryAt(buf: Buffer, start: number, index: number): number {
  if (index < 0 || index >= count(buf, start)) return -1
  return skip(buf, start + HEADER_BYTES, index)
}

/** Number of the entry at a position. */
export function indexOf(buf: Buffer, start: number, at: number): number {
  let index = 0
  for (let p = start + HEADER_BYTES; p < at; p = next(buf, p)) index++
  return index
}

/** Write the positions of all tuples, for a walk from the back or by chance. Returns how many; `into` must have room. */
export function positions(buf: Buffer, start: number, stride: number, into: Int32Array): number {
  const end = start + size(buf, start)
  let n = 0
  for (let at = start + HEADER_BYTES; at < end; at = skip(buf, at, stride)) into[n++] = at
  return n
}

/** Add one entry at the end. Returns the size. */
export function append(buf: Buffer, start: number, end: number, value: Range): number {
  const old = size(buf, start)
  const needed = old + entryBytes(value.end - value.start)
  const entries = count(buf, start) + 1
  if (!fits(start, end, needed, entries)) return refused(needed, entries)
  writeBytes(buf, start + old, value)
  writeHeader(buf, start, needed, entries)
  return needed
}

/** Add a field and its value at the end; the caller knows that the field is not there. Returns the size. */
export function appendPair(buf: Buffer, start: number, end: number, field: Range, value: Range): number {
  const old = size(buf, start)
  const needed = old + entryBytes(field.end - field.start) + entryBytes(value.end - value.start)
  const entries = count(buf, start) + 2
  if (!fits(start, end, needed, entries)) return refused(needed, entries)
  writeBytes(buf, writeBytes(buf, start + old, field), value)
  writeHeader(buf, start, needed, entries)
  return needed
}

/** Add a field, its value and its deadline (or NO_DEADLINE) at the end. Returns the size. */
export function appendTriple(
  buf: Buffer,
  start: number,
  end: number,
  field: Range,
  value: Range,
  deadline: number,
): number {
  const old = size(buf, start)
  const tag = deadlineTag(deadline)
  const pair = entryBytes(field.end - field.start) + entryBytes(value.end - value.start)
  const needed = old + pair + numberBytes(tag)
  const entries = count(buf, start) + 3
  if (!fits(start, end, needed, entries)) return refused(needed, entries)
  const at = writeBytes(buf, writeBytes(buf, start + old, field), value)
  writeNumber(buf, at, tag, deadline)
  writeHeader(buf, start, needed, entries)
  return needed
}

/** Put one entry before the one at `at` (or at the end). Returns the size. */
export function insert(buf: Buffer, start: number, end: number, at: number, value: Range): number {
  const grow = entryBytes(value.end - value.start)
  const needed = size(buf, start) + grow
  const entries = count(buf, start) + 1
  if (!fits(start, end, needed, entries)) return refused(needed, entries)
  buf.copyWithin(at + grow, at, start + needed - grow)
  writeBytes(buf, at, value)
  writeHeader(buf, start, needed, entries)
  return needed
}

/** Put other bytes in the place of the entry at `at`. Returns the size. */
export function replace(buf: Buffer, start: number, end: number, at: number, value: Range): number {
  const needed = resizeEntry(buf, start, end, at, entryBytes(value.end - value.start))
  if (needed <= end - start) writeBytes(buf, at, value)
  return needed
}

/** Put another deadline (or NO_DEADLINE) in the place of the one at `at`. Returns the size. */
export function replaceDeadline(buf: Buffer, start: number, end: number, at: number, deadline: number): number {
  const tag = deadlineTag(deadline)
  const needed = resizeEntry(buf, start, end, at, numberBytes(tag))
  if (needed <= end - start) writeNumber(buf, at, tag, deadline)
  return needed
}

/** Take out `entries` entries beginning at `at`. Returns the size. */
export function remove(buf: Buffer, start: number, at: number, entries: number): number {
  const old = size(buf, start)
  const after = skip(buf, at, entries)
  const needed = old - (after - at)
  buf.copyWithin(at, after, start + old)
  writeHeader(buf, start, needed, count(buf, start) - entries)
  return needed
}

/** Write a hash of pairs as one of triples without deadlines, into another region of `size + count / 2` bytes. */
export function widen(buf: Buffer, start: number, to: Buffer, toStart: number): number {
  const end = start + size(buf, start)
  let out = toStart + HEADER_BYTES
  for (let at = start + HEADER_BYTES; at < end; ) {
    const after = skip(buf, at, 2)
    copyBytes(buf, at, to, out, after - at)
    out += after - at
    to[out++] = NO_TIME
    at = after
  }
  writeHeader(to, toStart, out - toStart, (count(buf, start) / 2) * 3)
  return out - toStart
}

// ---- Sorted sets: pairs of member and score, ordered by score, then by the member's bytes.

/** Add a member at its place; the caller knows that it is not there. Returns the size. */
export function insertScored(buf: Buffer, start: number, end: number, member: Range, score: number): number {
  const tag = scoreTag(score)
  const grow = entryBytes(member.end - member.start) + numberBytes(tag)
  const needed = size(buf, start) + grow
  const entries = count(buf, start) + 2
  if (!fits(start, end, needed, entries)) return refused(needed, entries)
  const at = placeOf(buf, start, score, member.buf, member.start, member.end, -1)
  buf.copyWithin(at + grow, at, start + needed - grow)
  writeNumber(buf, writeBytes(buf, at, member), tag, score)
  writeHeader(buf, start, needed, entries)
  return needed
}

/** Add a member that comes after all others: for loading in order. Returns the size. */
export function appendScored(buf: Buffer, start: number, end: number, member: Range, score: number): number {
  const tag = scoreTag(score)
  const old = size(buf, start)
  const needed = old + entryBytes(member.end - member.start) + numberBytes(tag)
  const entries = count(buf, start) + 2
  if (!fits(start, end, needed, entries)) return refused(needed, entries)
  writeNumber(buf, writeBytes(buf, start + old, member), tag, score)
  writeHeader(buf, start, needed, entries)
  return needed
}

/** Write a score at a position, for whoever makes a region by himself. Returns the position after it. */
export function putScore(buf: Buffer, at: number, score: number): number {
  const tag = scoreTag(score)
  writeNumber(buf, at, tag, score)
  return at + numberBytes(tag)
}

/** Say how large a region is that was made so, and how many entries it has. */
export function frame(buf: Buffer, start: number, bytes: number, entries: number): void {
  writeHeader(buf, start, bytes, entries)
}

/** Score of the member at `at`. */
export function scoreOf(buf: Buffer, at: number): number {
  return readNumber(buf, next(buf, at))
}

/** Give the member at `at` another score and its new place. Returns the size. */
export function rescore(buf: Buffer, start: number, end: number, at: number, score: number): number {
  const tag = scoreTag(score)
  const scoreAt = next(buf, at)
  const needed = resizeEntry(buf, start, end, scoreAt, numberBytes(tag))
  if (needed > end - start) return needed
  writeNumber(buf, scoreAt, tag, score)
  const after = scoreAt + numberBytes(tag)
  const memberAt = bytesAt(buf, at)
  const place = placeOf(buf, start, score, buf, memberAt, scoreAt, at)
  if (place > after) rotate(buf, at, after, place)
  else if (place < at) rotate(buf, place, at, after)
  return needed
}

/** Position of the first pair with a score at or above `score` (above it, when `after`); `start + size` if there is none. */
export function scoreBound(buf: Buffer, start: number, score: number, after: boolean): number {
  const end = start + size(buf, start)
  let at = start + HEADER_BYTES
  while (at < end) {
    const scoreAt = next(buf, at)
    const other = readNumber(buf, scoreAt)
    if (after ? other > score : other >= score) break
    at = next(buf, scoreAt)
  }
  return at
}

/** Position of the first pair whose member is at or after `member` in byte order (after it, when `after`). */
export function memberBound(buf: Buffer, start: number, member: Range, after: boolean): number {
  const end = start + size(buf, start)
  let at = start + HEADER_BYTES
  while (at < end) {
    const scoreAt = next(buf, at)
    const order = compareBytes(buf, bytesAt(buf, at), scoreAt, member.buf, member.start, member.end)
    if (after ? order > 0 : order >= 0) break
    at = next(buf, scoreAt)
  }
  return at
}

// ---- Below: the layout.

function word(buf: Buffer, at: number): number {
  return buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24)
}

function writeWord(buf: Buffer, at: number, value: number): void {
  buf[at] = value
  buf[at + 1] = value >>> 8
  buf[at + 2] = value >>> 16
  buf[at + 3] = value >>> 24
}

function writeHeader(buf: Buffer, start: number, bytes: number, entries: number): void {
  writeWord(buf, start, bytes)
  buf[start + 4] = entries
  buf[start + 5] = entries >>> 8
}

/** Bytes of an entry whose tag is not its length. */
function longBytes(buf: Buffer, at: number, tag: number): number {
  if (tag === BYTES_16) return 3 + (buf[at + 1]! | (buf[at + 2]! << 8))
  if (tag === BYTES_32) return 5 + (word(buf, at + 1) >>> 0)
  return numberBytes(tag)
}

function numberBytes(tag: number): number {
  if (tag === INT_8) return 2
  if (tag === INT_16) return 3
  if (tag === INT_32) return 5
  if (tag === DOUBLE) return 9
  return tag === TIME ? 7 : 1
}

/** Where the bytes of an entry begin. */
function bytesAt(buf: Buffer, at: number): number {
  const tag = buf[at]!
  return tag <= SHORT_MAX ? at + 1 : tag === BYTES_16 ? at + 3 : at + 5
}

function fits(start: number, end: number, needed: number, entries: number): boolean {
  return needed <= end - start && entries <= ENTRIES_MAX
}

function refused(needed: number, entries: number): number {
  return needed > BYTES_MAX || entries > ENTRIES_MAX ? TOO_LARGE : needed
}

function writeBytes(buf: Buffer, at: number, value: Range): number {
  const length = value.end - value.start
  if (length <= SHORT_MAX) buf[at++] = length
  else if (length <= 0xffff) {
    buf[at] = BYTES_16
    buf[at + 1] = length
    buf[at + 2] = length >>> 8
    at += 3
  } else {
    buf[at] = BYTES_32
    writeWord(buf, at + 1, length)
    at += 5
  }
  copyBytes(value.buf, value.start, buf, at, length)
  return at + length
}

function scoreTag(score: number): number {
  if (score !== (score | 0) || (score === 0 && 1 / score < 0)) return DOUBLE
  if (score >= -128 && score <= 127) return INT_8
  return score >= -32768 && score <= 32767 ? INT_16 : INT_32
}

function deadlineTag(deadline: number): number {
  return deadline === NO_DEADLINE ? NO_TIME : TIME
}

function writeNumber(buf: Buffer, at: number, tag: number, value: number): void {
  buf[at] = tag
  if (tag === INT_8) buf[at + 1] = value
  else if (tag === INT_16) {
    buf[at + 1] = value
    buf[at + 2] = value >>> 8
  } else if (tag === INT_32) writeWord(buf, at + 1, value)
  else if (tag === DOUBLE) buf.writeDoubleLE(value, at + 1)
  else if (tag === TIME) {
    writeWord(buf, at + 1, value >>> 0)
    const high = Math.floor(value / 0x100000000)
    buf[at + 5] = high
    buf[at + 6] = high >>> 8
  }
}

/** Make the entry at `at` take `bytes` bytes; its contents are then to be written. Returns the size. */
function resizeEntry(buf: Buffer, start: number, end: number, at: number, bytes: number): number {
  const old = size(buf, start)
  const after = next(buf, at)
  const needed = old + bytes - (after - at)
  const entries = count(buf, start)
  if (needed > end - start) return refused(needed, entries)
  if (at + bytes !== after) {
    buf.copyWithin(at + bytes, after, start + old)
    writeHeader(buf, start, needed, entries)
  }
  return needed
}

function findLong(buf: Buffer, start: number, needle: Range, stride: number): number {
  const end = start + size(buf, start)
  const length = needle.end - needle.start
  for (let at = start + HEADER_BYTES; at < end; at = skip(buf, at, stride)) {
    const tag = buf[at]!
    if (tag <= SHORT_MAX) continue
    const from = tag === BYTES_16 ? at + 3 : at + 5
    if (at + longBytes(buf, at, tag) - from === length && sameBytes(buf, from, needle.buf, needle.start, length))
      return at
  }
  return -1
}

/** Where a member with this score belongs. The pair at `self` is passed over: it is the one being moved. */
function placeOf(
  buf: Buffer,
  start: number,
  score: number,
  memberBuf: Buffer,
  memberStart: number,
  memberEnd: number,
  self: number,
): number {
  const end = start + size(buf, start)
  let at = start + HEADER_BYTES
  while (at < end) {
    const scoreAt = next(buf, at)
    if (at !== self) {
      const other = readNumber(buf, scoreAt)
      if (other > score) return at
      if (other === score && compareBytes(buf, bytesAt(buf, at), scoreAt, memberBuf, memberStart, memberEnd) > 0)
        return at
    }
    at = next(buf, scoreAt)
  }
  return end
}

function compareBytes(a: Buffer, aStart: number, aEnd: number, b: Buffer, bStart: number, bEnd: number): number {
  const aLength = aEnd - aStart
  const bLength = bEnd - bStart
  const shorter = Math.min(aLength, bLength)
  if (shorter > 64) return a.compare(b, bStart, bEnd, aStart, aEnd)
  for (let i = 0; i < shorter; i++) {
    const difference = a[aStart + i]! - b[bStart + i]!
    if (difference !== 0) return difference
  }
  return aLength - bLength
}

/** Swap the neighbouring pieces [from, middle) and [middle, to): three reversals need no room of their own. */
function rotate(buf: Buffer, from: number, middle: number, to: number): void {
  reverse(buf, from, middle)
  reverse(buf, middle, to)
  reverse(buf, from, to)
}

function reverse(buf: Buffer, from: number, to: number): void {
  for (let a = from, b = to - 1; a < b; a++, b--) {
    const byte = buf[a]!
    buf[a] = buf[b]!
    buf[b] = byte
  }
}
