/* Nodes of a list: elements as they go over the wire, side by side in one block (see list.ts).
 *
 *      0        32       dataStart    first                                  last        capacity
 *      +--------+--------+------------+------------------+----------+--------+-----------+
 *      | header | table  |    gap     | $3 . . foo . .   | $1 . . x |  ...   |   room    |
 *      +--------+--------+------------+------------------+----------+--------+-----------+
 *
 *   header   words: previous node, next node, count (24 bits) and snapshot epoch (8), base (16) and table length (16),
 *            first, last, capacity, whether some element may be compact
 *
 * A node grows at both ends, so its elements are numbered from `base`, which goes down when one is put in front and up when
 * the first is taken: no element is renumbered by a push or a pop. Whenever a number is a multiple of 16, the table holds
 * the offset of that element, and finding element i walks over 15 others at most:
 *
 *      base 14, three elements:   14   15   16          table[1] = offset of element 16
 *
 * Numbers stay in [0, 16 x table length). The shortest frame, `$0\r\n\r\n`, has 6 bytes, so a table of a ninety-sixth of
 * the data suffices for a node that is laid out afresh; one that has drifted is laid out again (`shiftNode`).
 *
 * Small whole numbers are compact: one or two bytes instead of a frame of seven to eleven (list-number.ts). A node of them is full
 * when its numbers are used up, long before its bytes are, and is then given a block that fits.
 *
 * Offsets count bytes from the begin of the block. */

import { copyBytes, type Range, sameBytes } from '../base/bytes.ts'
import { compactBytes, FRAMES, frameOf, numberAt, writeCompact } from './list-number.ts'
import { type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'

/** The largest block of a node with several elements. */
export const NODE_BYTES = 8192
const HEADER_BYTES = 32
const ELEMENT_BYTES_MIN = 6
const GROUP = 16
/** A longer frame is not copied to stand among others. */
const SHORT_FRAME_MAX = 256
const FRAME_BYTES_MAX = 12
const CR = 13
const LF = 10
const DOLLAR = 36

const PREVIOUS = 0
const NEXT = 1
const COUNT = 2
const BASE = 3
const FIRST = 4
const LAST = 5
const CAPACITY = 6
const COMPACT = 7
/** An element of at most so many bytes is compact. */
const COMPACT_BYTES_MAX = 2

/** A snapshot may want the node as it is. */
function guard(memory: Memory, node: Address): void {
  if (memory.guard !== null) memory.guard.block(node)
}

/** Bytes of a node's block that are there for elements. */
export function roomOf(memory: Memory, node: Address): number {
  return word(memory, node, CAPACITY) - dataStart(memory, node)
}

/** Offset of the first byte behind the table. */
function dataStart(memory: Memory, node: Address): number {
  return HEADER_BYTES + 2 * (word(memory, node, BASE) >>> 16)
}

/** Bytes of the smallest block that holds `count` elements of so many bytes in all. */
export function blockBytes(data: number, count: number): number {
  const estimate =
    HEADER_BYTES + data + 2 * Math.max(Math.ceil(data / (GROUP * ELEMENT_BYTES_MIN) + 4), tableFor(count))
  if (estimate <= NODE_BYTES) return estimate
  const most = NODE_BYTES - HEADER_BYTES - 2 * tableLength(NODE_BYTES, count)
  return data <= most ? NODE_BYTES : Math.max(NODE_BYTES + 1, HEADER_BYTES + data + 4)
}

/** Entries of a table with a number for each of `count` elements, and some to spare. */
function tableFor(count: number): number {
  return (count >>> 4) + 2
}

/** A node larger than others holds one element, and needs no table. */
function tableLength(capacity: number, count: number): number {
  if (capacity > NODE_BYTES) return 2
  return Math.max(Math.ceil((capacity - HEADER_BYTES) / (GROUP * ELEMENT_BYTES_MIN)) + 2, tableFor(count))
}

/**
 * Write the header of an empty node that will be filled from its begin, or from its end downwards, and that will take `count`
 * elements at least.
 */
export function initNode(
  memory: Memory,
  node: Address,
  capacity: number,
  epoch: number,
  fromEnd: boolean,
  count: number,
): void {
  const words = memory.i32[node >>> SLAB_BITS]!
  const at = (node & UNIT_MASK) << 1
  const table = tableLength(capacity, count)
  const start = HEADER_BYTES + 2 * table
  const down = fromEnd && capacity <= NODE_BYTES
  const base = down ? Math.floor((capacity - start) / ELEMENT_BYTES_MIN) : 0
  words[at + PREVIOUS] = words[at + NEXT] = 0
  words[at + COUNT] = epoch << 24
  words[at + BASE] = base | (table << 16)
  words[at + FIRST] = words[at + LAST] = down ? capacity : start
  words[at + CAPACITY] = capacity
  words[at + COMPACT] = 0
}

function word(memory: Memory, node: Address, i: number): number {
  return memory.i32[node >>> SLAB_BITS]![((node & UNIT_MASK) << 1) + i]!
}

function setWord(memory: Memory, node: Address, i: number, value: number): void {
  memory.i32[node >>> SLAB_BITS]![((node & UNIT_MASK) << 1) + i] = value
}

export function previousOf(memory: Memory, node: Address): Address {
  return word(memory, node, PREVIOUS)
}

export function nextOf(memory: Memory, node: Address): Address {
  return word(memory, node, NEXT)
}

export function setPrevious(memory: Memory, node: Address, other: Address): void {
  setWord(memory, node, PREVIOUS, other)
}

export function setNext(memory: Memory, node: Address, other: Address): void {
  setWord(memory, node, NEXT, other)
}

export function countOf(memory: Memory, node: Address): number {
  return word(memory, node, COUNT) & 0xffffff
}

function setCount(memory: Memory, node: Address, count: number): void {
  setWord(memory, node, COUNT, (word(memory, node, COUNT) & ~0xffffff) | count)
}

function setBase(memory: Memory, node: Address, base: number): void {
  setWord(memory, node, BASE, (word(memory, node, BASE) & ~0xffff) | base)
}

export function capacityOf(memory: Memory, node: Address): number {
  return word(memory, node, CAPACITY)
}

/** Offset of the first element. */
export function firstOf(memory: Memory, node: Address): number {
  return word(memory, node, FIRST)
}

/** Offset after the last element. */
export function lastOf(memory: Memory, node: Address): number {
  return word(memory, node, LAST)
}

/** Bytes of all elements. */
export function usedOf(memory: Memory, node: Address): number {
  return word(memory, node, LAST) - word(memory, node, FIRST)
}

/** Room before the first element. */
export function gapOf(memory: Memory, node: Address): number {
  return word(memory, node, FIRST) - dataStart(memory, node)
}

/** Whether so few numbers are left that numbering anew would not last: a sixteenth. */
export function isCounted(memory: Memory, node: Address): boolean {
  const table = word(memory, node, BASE) >>> 16
  return countOf(memory, node) >= GROUP * table - table
}

/** Whether all elements lie as they go over the wire. */
export function isWire(memory: Memory, node: Address): boolean {
  return word(memory, node, COMPACT) === 0
}

/** Whether an element of so many bytes can be put behind the last as the node stands. */
export function hasRoomBehind(memory: Memory, node: Address, bytes: number): boolean {
  const words = memory.i32[node >>> SLAB_BITS]!
  const at = (node & UNIT_MASK) << 1
  const numbers = words[at + BASE]!
  return (
    words[at + LAST]! + bytes <= words[at + CAPACITY]! &&
    ((numbers & 0xffff) + (words[at + COUNT]! & 0xffffff)) >>> 4 < numbers >>> 16
  )
}

/** Whether an element of so many bytes can be put before the first as the node stands. */
export function hasRoomBefore(memory: Memory, node: Address, bytes: number): boolean {
  return gapOf(memory, node) >= bytes && (word(memory, node, BASE) & 0xffff) > 0
}

// ---- Elements.

/** Bytes that an element takes. */
export function encodedBytes(value: Range): number {
  const compact = compactBytes(value)
  if (compact > 0) return compact
  const length = value.end - value.start
  return length + 5 + digits(length)
}

function digits(n: number): number {
  if (n < 10) return 1
  if (n < 100) return 2
  if (n < 1000) return 3
  if (n < 10000) return 4
  let count = 5
  for (n = Math.floor(n / 100000); n > 0; n = Math.floor(n / 10)) count++
  return count
}

/** Write an element of so many bytes. */
function writeElement(slab: Buffer, at: number, value: Range, bytes: number): void {
  if (bytes <= COMPACT_BYTES_MAX) {
    writeCompact(slab, at, value, bytes)
    return
  }
  const length = value.end - value.start
  let p = at + digits(length)
  slab[at] = DOLLAR
  slab[p + 1] = CR
  slab[p + 2] = LF
  copyBytes(value.buf, value.start, slab, p + 3, length)
  slab[p + 3 + length] = CR
  slab[p + 4 + length] = LF
  let n = length
  do {
    const rest = Math.floor(n / 10)
    slab[p--] = 48 + n - rest * 10
    n = rest
  } while (n > 0)
}

/** Where the next element begins: indexes of the slab, not offsets. */
export function elementEnd(slab: Buffer, at: number): number {
  const tag = slab[at]!
  if (tag !== DOLLAR) return tag >= 0x80 ? at + 1 : at + 2
  let length = slab[at + 1]! - 48
  let p = at + 2
  for (let c = slab[p]!; c !== CR; c = slab[++p]!) length = length * 10 + c - 48
  return p + 4 + length
}

/** Fill `out` with the bytes of an element, without its frame; they stay where they are. Index of the slab. */
export function readElement(slab: Buffer, at: number, out: Range): number {
  const tag = slab[at]!
  if (tag !== DOLLAR) {
    const frame = frameOf(numberAt(slab, at))
    out.buf = FRAMES
    out.start = frame + 4
    out.end = frame + 4 + FRAMES[frame + 1]! - 48
    return tag >= 0x80 ? at + 1 : at + 2
  }
  let length = slab[at + 1]! - 48
  let p = at + 2
  for (let c = slab[p]!; c !== CR; c = slab[++p]!) length = length * 10 + c - 48
  out.buf = slab
  out.start = p + 2
  out.end = p + 2 + length
  return p + 4 + length
}

/** Whether the element at an index of the slab holds these bytes. */
export function elementIs(slab: Buffer, at: number, value: Range): boolean {
  if (slab[at] !== DOLLAR) {
    const frame = frameOf(numberAt(slab, at))
    const digits = FRAMES[frame + 1]! - 48
    return digits === value.end - value.start && sameBytes(FRAMES, frame + 4, value.buf, value.start, digits)
  }
  let length = slab[at + 1]! - 48
  let p = at + 2
  for (let c = slab[p]!; c !== CR; c = slab[++p]!) length = length * 10 + c - 48
  return length === value.end - value.start && sameBytes(slab, p + 2, value.buf, value.start, length)
}

/**
 * Name elements in their frames, up to `most` of them: copied to `to`, as far as they are short and fit, or a long one where it lies.
 * Returns how many. Index of the slab.
 */
export function expandElements(slab: Buffer, at: number, most: number, to: Buffer, frames: Range): number {
  let end = 0
  let count = 0
  for (; count < most; count++) {
    const next = elementEnd(slab, at)
    if (slab[at] === DOLLAR) {
      const length = next - at
      if (length > SHORT_FRAME_MAX && count === 0) {
        frames.set(slab, at, next)
        return 1
      }
      if (length > SHORT_FRAME_MAX || end + length > to.length) break
      copyBytes(slab, at, to, end, length)
      end += length
    } else {
      if (end + FRAME_BYTES_MAX > to.length) break
      const frame = frameOf(numberAt(slab, at))
      const length = FRAMES[frame + 1]! - 42
      for (let i = 0; i < length; i++) to[end + i] = FRAMES[frame + i]!
      end += length
    }
    at = next
  }
  frames.set(to, 0, end)
  return count
}

/** Offset of element `i`, which may be the count: then it is the end. */
export function offsetOf(memory: Memory, node: Address, i: number): number {
  const words = memory.i32[node >>> SLAB_BITS]!
  const header = (node & UNIT_MASK) << 1
  if (i === (words[header + COUNT]! & 0xffffff)) return words[header + LAST]!
  const slab = memory.u8[node >>> SLAB_BITS]!
  const block = (node & UNIT_MASK) << 3
  const base = words[header + BASE]! & 0xffff
  const number = base + i
  const mark = number & ~(GROUP - 1)
  let steps = i
  let at = block + words[header + FIRST]!
  if (mark >= base) {
    steps = number - mark
    const entry = block + HEADER_BYTES + (mark >>> 3)
    at = block + (slab[entry]! | (slab[entry + 1]! << 8))
  }
  while (steps-- > 0) at = elementEnd(slab, at)
  return at - block
}

function setMark(slab: Buffer, block: number, number: number, offset: number): void {
  const entry = block + HEADER_BYTES + (number >>> 3)
  slab[entry] = offset
  slab[entry + 1] = offset >>> 8
}

/** Write the table anew from element `i` on. */
function rebuild(memory: Memory, node: Address, i: number): void {
  const slab = memory.u8[node >>> SLAB_BITS]!
  const block = (node & UNIT_MASK) << 3
  const count = countOf(memory, node)
  const base = word(memory, node, BASE) & 0xffff
  let at = block + (i === 0 ? firstOf(memory, node) : offsetOf(memory, node, i - 1))
  if (i > 0) at = elementEnd(slab, at)
  for (let k = i; k < count; k++) {
    if (((base + k) & (GROUP - 1)) === 0) setMark(slab, block, base + k, at - block)
    at = elementEnd(slab, at)
  }
}

/** Put an element behind the last; the room has been checked. */
export function appendElement(memory: Memory, node: Address, value: Range, bytes: number): void {
  guard(memory, node)
  const words = memory.i32[node >>> SLAB_BITS]!
  const slab = memory.u8[node >>> SLAB_BITS]!
  const header = (node & UNIT_MASK) << 1
  const block = (node & UNIT_MASK) << 3
  const last = words[header + LAST]!
  const number = (words[header + BASE]! & 0xffff) + (words[header + COUNT]! & 0xffffff)
  writeElement(slab, block + last, value, bytes)
  if (bytes <= COMPACT_BYTES_MAX) words[header + COMPACT] = 1
  if ((number & (GROUP - 1)) === 0) setMark(slab, block, number, last)
  words[header + LAST] = last + bytes
  words[header + COUNT]!++
}

/** Put an element before the first; the room has been checked. */
export function prependElement(memory: Memory, node: Address, value: Range, bytes: number): void {
  guard(memory, node)
  const words = memory.i32[node >>> SLAB_BITS]!
  const slab = memory.u8[node >>> SLAB_BITS]!
  const header = (node & UNIT_MASK) << 1
  const block = (node & UNIT_MASK) << 3
  const first = words[header + FIRST]! - bytes
  words[header + BASE]!--
  const number = words[header + BASE]! & 0xffff
  writeElement(slab, block + first, value, bytes)
  if (bytes <= COMPACT_BYTES_MAX) words[header + COMPACT] = 1
  if ((number & (GROUP - 1)) === 0) setMark(slab, block, number, first)
  words[header + FIRST] = first
  words[header + COUNT]!++
}

/** Put an element before element `i`, neither first nor last; the room behind has been checked. */
export function insertElement(memory: Memory, node: Address, i: number, value: Range, bytes: number): void {
  guard(memory, node)
  const slab = memory.u8[node >>> SLAB_BITS]!
  const block = (node & UNIT_MASK) << 3
  const at = block + offsetOf(memory, node, i)
  const last = lastOf(memory, node)
  slab.copyWithin(at + bytes, at, block + last)
  writeElement(slab, at, value, bytes)
  if (bytes <= COMPACT_BYTES_MAX) setWord(memory, node, COMPACT, 1)
  setWord(memory, node, LAST, last + bytes)
  setCount(memory, node, countOf(memory, node) + 1)
  rebuild(memory, node, i)
}

/** Write other bytes over element `i`; so many, `change` more than it had, for which there is room behind. */
export function rewriteElement(
  memory: Memory,
  node: Address,
  i: number,
  value: Range,
  bytes: number,
  change: number,
): void {
  guard(memory, node)
  const slab = memory.u8[node >>> SLAB_BITS]!
  const block = (node & UNIT_MASK) << 3
  const at = block + offsetOf(memory, node, i)
  if (change !== 0) {
    const last = lastOf(memory, node)
    const end = elementEnd(slab, at)
    slab.copyWithin(end + change, end, block + last)
    setWord(memory, node, LAST, last + change)
  }
  writeElement(slab, at, value, bytes)
  if (bytes <= COMPACT_BYTES_MAX) setWord(memory, node, COMPACT, 1)
  if (change !== 0) rebuild(memory, node, i)
}

/** Take `k` elements out of a node, from element `i` on. */
export function removeElements(memory: Memory, node: Address, i: number, k: number): void {
  guard(memory, node)
  const count = countOf(memory, node)
  if (i === 0) {
    setWord(memory, node, FIRST, offsetOf(memory, node, k))
    setBase(memory, node, (word(memory, node, BASE) & 0xffff) + k)
    setCount(memory, node, count - k)
    return
  }
  const from = offsetOf(memory, node, i)
  const last = lastOf(memory, node)
  const to = i + k === count ? last : offsetOf(memory, node, i + k)
  const block = (node & UNIT_MASK) << 3
  memory.u8[node >>> SLAB_BITS]!.copyWithin(block + from, block + to, block + last)
  setWord(memory, node, LAST, last - (to - from))
  setCount(memory, node, count - k)
  if (i + k < count) rebuild(memory, node, i)
}

/** Take the last element out of a node that has several; it begins at an index of the slab. */
export function cutLast(memory: Memory, node: Address, at: number): void {
  guard(memory, node)
  setWord(memory, node, LAST, at - ((node & UNIT_MASK) << 3))
  setCount(memory, node, countOf(memory, node) - 1)
}

/** How many elements of a node hold these bytes. */
export function countMatches(memory: Memory, node: Address, value: Range): number {
  const slab = memory.u8[node >>> SLAB_BITS]!
  const block = (node & UNIT_MASK) << 3
  const end = block + lastOf(memory, node)
  let matches = 0
  for (let at = block + firstOf(memory, node); at < end; at = elementEnd(slab, at))
    if (elementIs(slab, at, value)) matches++
  return matches
}

/** Take out the elements that hold these bytes, but for the first `spare` of them, `most` at most. Returns how many. */
export function removeMatches(memory: Memory, node: Address, value: Range, spare: number, most: number): number {
  guard(memory, node)
  const slab = memory.u8[node >>> SLAB_BITS]!
  const block = (node & UNIT_MASK) << 3
  const end = block + lastOf(memory, node)
  let to = block + firstOf(memory, node)
  let kept = to
  let removed = 0
  for (let at = to; at < end; ) {
    const next = elementEnd(slab, at)
    if (removed < most && elementIs(slab, at, value) && spare-- <= 0) {
      if (to !== kept) slab.copyWithin(to, kept, at)
      to += at - kept
      kept = next
      removed++
    }
    at = next
  }
  if (removed > 0) slab.copyWithin(to, kept, end)
  to += end - kept
  if (removed === 0) return 0
  setWord(memory, node, LAST, to - block)
  setCount(memory, node, countOf(memory, node) - removed)
  rebuild(memory, node, 0)
  return removed
}

// ---- Moving elements within and between nodes.

/** The number of the first element behind a gap: numbers that are left are shared out as the room is. */
function baseBehind(memory: Memory, node: Address, gap: number, inFront: boolean): number {
  const capacity = capacityOf(memory, node)
  if (capacity > NODE_BYTES) return 0
  const left = GROUP * (word(memory, node, BASE) >>> 16) - countOf(memory, node)
  const spare = roomOf(memory, node) - usedOf(memory, node)
  const share = spare === 0 ? 0 : Math.floor((left * gap) / spare)
  return inFront ? Math.max(Math.min(1, left), share) : Math.min(share, Math.max(0, left - 1))
}

/**
 * Lay a node's elements out again behind a gap of so many bytes, and number them so that both ends have numbers left, first of all
 * the one where an element will be put.
 */
export function shiftNode(memory: Memory, node: Address, gap: number, inFront: boolean): void {
  guard(memory, node)
  const slab = memory.u8[node >>> SLAB_BITS]!
  const block = (node & UNIT_MASK) << 3
  const first = firstOf(memory, node)
  const last = lastOf(memory, node)
  const to = dataStart(memory, node) + gap
  slab.copyWithin(block + to, block + first, block + last)
  setWord(memory, node, FIRST, to)
  setWord(memory, node, LAST, to + last - first)
  setBase(memory, node, baseBehind(memory, node, gap, inFront))
  rebuild(memory, node, 0)
}

/** Copy the elements of one node to an empty one, behind a gap of so many bytes. */
export function copyElements(memory: Memory, from: Address, to: Address, gap: number): void {
  const start = dataStart(memory, to) + gap
  copyRun(memory, from, firstOf(memory, from), usedOf(memory, from), to, start)
  setWord(memory, to, FIRST, start)
  setWord(memory, to, LAST, start + usedOf(memory, from))
  setCount(memory, to, countOf(memory, from))
  setBase(memory, to, baseBehind(memory, to, gap, gap > 0))
  rebuild(memory, to, 0)
}

/** Move the elements from `i` on to the begin of an empty node. */
export function splitNode(memory: Memory, node: Address, i: number, right: Address): void {
  guard(memory, node)
  const from = offsetOf(memory, node, i)
  const bytes = lastOf(memory, node) - from
  const start = firstOf(memory, right)
  copyRun(memory, node, from, bytes, right, start)
  setWord(memory, right, LAST, start + bytes)
  setCount(memory, right, countOf(memory, node) - i)
  rebuild(memory, right, 0)
  setWord(memory, node, LAST, from)
  setCount(memory, node, i)
}

/** Copy the elements of `right` behind those of `left`, which has been laid out with room for them. */
export function joinNodes(memory: Memory, left: Address, right: Address): void {
  guard(memory, left)
  guard(memory, right)
  const last = lastOf(memory, left)
  const bytes = usedOf(memory, right)
  copyRun(memory, right, firstOf(memory, right), bytes, left, last)
  setWord(memory, left, LAST, last + bytes)
  const count = countOf(memory, left)
  setCount(memory, left, count + countOf(memory, right))
  rebuild(memory, left, count)
}

function copyRun(memory: Memory, from: Address, offset: number, bytes: number, to: Address, toOffset: number): void {
  if (!isWire(memory, from)) setWord(memory, to, COMPACT, 1)
  const at = ((from & UNIT_MASK) << 3) + offset
  memory.u8[from >>> SLAB_BITS]!.copy(memory.u8[to >>> SLAB_BITS]!, ((to & UNIT_MASK) << 3) + toOffset, at, at + bytes)
}
