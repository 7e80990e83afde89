/* Nodes of the counted chunk tree: their layout, and the searches and shifts inside one node (see ranked.ts).
 *
 *   leaf     | header | scores: f64 x capacity | records: i32 x capacity |
 *   inner    | header | low scores: f64 x capacity | children: i32 | low records: i32 | counts: i32 |
 *
 *   header   word 0: how many are used (16 bits), level (8 bits, 0 for a leaf), snapshot epoch (8 bits)
 *            word 1: capacity
 *
 * Each array lies together, so that a binary search over scores touches few cache lines. The capacity is what the block's
 * size class gives, so a node that grows takes the next larger block rather than the largest at once.
 *
 * A record is a member of the sorted set, in the layout of its Dict: +4 length of the member (255: the length is the
 * 32-bit word at +16 and the bytes follow at +20), +16 the bytes. */

import { type Address, Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'

/** The most entries of a leaf: a block of 3072 bytes. */
export const LEAF_MAX = 255
/** The most children of an inner node: a block of 2560 bytes. */
export const INNER_MAX = 127
const HEADER_BYTES = 8
const HEADER_UNITS = 1
const LEAF_ENTRY_BYTES = 12
const INNER_ENTRY_BYTES = 20
/** Above this many elements the built-in move beats a loop. */
const LOOP_MOVE_MAX = 24

/** Bytes of a leaf for at least `entries` entries. */
export function leafBytes(entries: number): number {
  return HEADER_BYTES + entries * LEAF_ENTRY_BYTES
}

/** Bytes of an inner node for at least `children` children. */
export function innerBytes(children: number): number {
  return HEADER_BYTES + children * INNER_ENTRY_BYTES
}

/** Write the header of a new node in a block that was asked for with `bytes`. */
export function initNode(memory: Memory, node: Address, bytes: number, level: number, epoch: number): void {
  const words = memory.i32[node >>> SLAB_BITS]!
  const at = (node & UNIT_MASK) << 1
  const room = Memory.sizeFor(bytes) - HEADER_BYTES
  words[at] = (level << 16) | (epoch << 24)
  words[at + 1] =
    level === 0
      ? Math.min(LEAF_MAX, Math.floor(room / LEAF_ENTRY_BYTES))
      : Math.min(INNER_MAX, Math.floor(room / INNER_ENTRY_BYTES))
}

export function used(memory: Memory, node: Address): number {
  return memory.i32[node >>> SLAB_BITS]![(node & UNIT_MASK) << 1]! & 0xffff
}

export function capacity(memory: Memory, node: Address): number {
  return memory.i32[node >>> SLAB_BITS]![((node & UNIT_MASK) << 1) + 1]!
}

export function setUsed(memory: Memory, node: Address, n: number): void {
  const words = memory.i32[node >>> SLAB_BITS]!
  const at = (node & UNIT_MASK) << 1
  words[at] = (words[at]! & ~0xffff) | n
}

// ---- Where things lie. Scores: an index of the slab's doubles. The rest: indexes of its words.

function scoresAt(node: Address): number {
  return (node & UNIT_MASK) + HEADER_UNITS
}

function wordsAt(node: Address, room: number): number {
  return ((node & UNIT_MASK) + HEADER_UNITS + room) << 1
}

/** Score of an entry, or the lowest score below a child. */
export function scoreAt(memory: Memory, node: Address, slot: number): number {
  return memory.f64[node >>> SLAB_BITS]![scoresAt(node) + slot]!
}

/** Record of an entry of a leaf. */
export function recordAt(memory: Memory, leaf: Address, slot: number): Address {
  return memory.i32[leaf >>> SLAB_BITS]![wordsAt(leaf, capacity(memory, leaf)) + slot]!
}

export function setRecord(memory: Memory, leaf: Address, slot: number, record: Address): void {
  memory.i32[leaf >>> SLAB_BITS]![wordsAt(leaf, capacity(memory, leaf)) + slot] = record
}

export function setScore(memory: Memory, leaf: Address, slot: number, score: number): void {
  memory.f64[leaf >>> SLAB_BITS]![scoresAt(leaf) + slot] = score
}

export function childAt(memory: Memory, inner: Address, slot: number): Address {
  return memory.i32[inner >>> SLAB_BITS]![wordsAt(inner, capacity(memory, inner)) + slot]!
}

export function setChild(memory: Memory, inner: Address, slot: number, child: Address): void {
  memory.i32[inner >>> SLAB_BITS]![wordsAt(inner, capacity(memory, inner)) + slot] = child
}

/** Record of the lowest entry below a child. */
export function lowRecordAt(memory: Memory, inner: Address, slot: number): Address {
  const room = capacity(memory, inner)
  return memory.i32[inner >>> SLAB_BITS]![wordsAt(inner, room) + room + slot]!
}

export function setLow(memory: Memory, inner: Address, slot: number, score: number, record: Address): void {
  const room = capacity(memory, inner)
  memory.f64[inner >>> SLAB_BITS]![scoresAt(inner) + slot] = score
  memory.i32[inner >>> SLAB_BITS]![wordsAt(inner, room) + room + slot] = record
}

/** Entries below a child. */
export function countAt(memory: Memory, inner: Address, slot: number): number {
  const room = capacity(memory, inner)
  return memory.i32[inner >>> SLAB_BITS]![wordsAt(inner, room) + 2 * room + slot]!
}

export function addCount(memory: Memory, inner: Address, slot: number, change: number): void {
  const room = capacity(memory, inner)
  memory.i32[inner >>> SLAB_BITS]![wordsAt(inner, room) + 2 * room + slot]! += change
}

/** Entries below the children in [from, to). */
export function sumCounts(memory: Memory, inner: Address, from: number, to: number): number {
  const room = capacity(memory, inner)
  const words = memory.i32[inner >>> SLAB_BITS]!
  const counts = wordsAt(inner, room) + 2 * room
  let sum = 0
  for (let i = counts + from; i < counts + to; i++) sum += words[i]!
  return sum
}

/** The child that holds the entry of a rank below this node. */
export function slotOfRank(memory: Memory, inner: Address, rank: number): number {
  const room = capacity(memory, inner)
  const words = memory.i32[inner >>> SLAB_BITS]!
  const counts = wordsAt(inner, room) + 2 * room
  let slot = 0
  while (rank >= words[counts + slot]!) rank -= words[counts + slot++]!
  return slot
}

// ---- Searches.

/**
 * Order of a record's member against other bytes, as memcmp with the shorter first: negative, 0 or positive.
 */
export function compareMember(memory: Memory, record: Address, buf: Buffer, from: number, to: number): number {
  const slab = memory.u8[record >>> SLAB_BITS]!
  let at = ((record & UNIT_MASK) << 3) + 16
  let length = slab[at - 12]!
  if (length === 255) {
    length = memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + 4]!
    at += 4
  }
  const otherLength = to - from
  const shorter = Math.min(length, otherLength)
  for (let i = 0; i < shorter; i++) {
    const difference = slab[at + i]! - buf[from + i]!
    if (difference !== 0) return difference
    if (i === 48) return slab.compare(buf, from, to, at, at + length)
  }
  return length - otherLength
}

/**
 * The last child that begins at or before (score, member), or the first one. `self` is the record that is sought, if it is
 * in the tree: it compares as equal without being read, so that it may have moved already.
 */
export function innerSlot(
  memory: Memory,
  inner: Address,
  score: number,
  buf: Buffer,
  from: number,
  to: number,
  self: Address,
): number {
  const scores = memory.f64[inner >>> SLAB_BITS]!
  const words = memory.i32[inner >>> SLAB_BITS]!
  const header = (inner & UNIT_MASK) << 1
  const room = words[header + 1]!
  const base = scoresAt(inner)
  const records = wordsAt(inner, room) + room
  let low = 1
  let high = words[header]! & 0xffff
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = scores[base + middle]!
    let beyond = other > score
    if (other === score) {
      const record = words[records + middle]!
      beyond = record !== self && compareMember(memory, record, buf, from, to) > 0
    }
    if (beyond) high = middle
    else low = middle + 1
  }
  return low - 1
}

/** The first entry of a leaf at or after (score, member); the leaf's length when there is none. */
export function leafSlot(
  memory: Memory,
  leaf: Address,
  score: number,
  buf: Buffer,
  from: number,
  to: number,
  self: Address,
): number {
  const scores = memory.f64[leaf >>> SLAB_BITS]!
  const words = memory.i32[leaf >>> SLAB_BITS]!
  const header = (leaf & UNIT_MASK) << 1
  const base = scoresAt(leaf)
  const records = wordsAt(leaf, words[header + 1]!)
  let low = 0
  let high = words[header]! & 0xffff
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = scores[base + middle]!
    let before = other < score
    if (other === score) {
      const record = words[records + middle]!
      before = record !== self && compareMember(memory, record, buf, from, to) < 0
    }
    if (before) low = middle + 1
    else high = middle
  }
  return low
}

/** How many of a node's scores, from slot `low` on, lie before a bound, plus `low`: below it, or also at it when `after`. */
export function slotOfScore(memory: Memory, node: Address, low: number, score: number, after: boolean): number {
  const scores = memory.f64[node >>> SLAB_BITS]!
  const base = scoresAt(node)
  let high = used(memory, node)
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = scores[base + middle]!
    if (other < score || (after && other === score)) low = middle + 1
    else high = middle
  }
  return low
}

/** As slotOfScore, for a set whose scores are all equal and whose order is that of the members. */
export function slotOfMember(
  memory: Memory,
  node: Address,
  low: number,
  buf: Buffer,
  from: number,
  to: number,
  after: boolean,
): number {
  const words = memory.i32[node >>> SLAB_BITS]!
  const header = words[(node & UNIT_MASK) << 1]!
  const room = capacity(memory, node)
  const isLeaf = ((header >>> 16) & 0xff) === 0
  const records = wordsAt(node, room) + (isLeaf ? 0 : room)
  const limit = after ? 1 : 0
  let high = header & 0xffff
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareMember(memory, words[records + middle]!, buf, from, to) < limit) low = middle + 1
    else high = middle
  }
  return low
}

// ---- Shifts and copies. Callers have checked the room.

/** Open a place in a leaf and write an entry there. */
export function insertEntry(memory: Memory, leaf: Address, slot: number, score: number, record: Address): void {
  const n = used(memory, leaf)
  const scores = memory.f64[leaf >>> SLAB_BITS]!
  const words = memory.i32[leaf >>> SLAB_BITS]!
  const score0 = scoresAt(leaf)
  const record0 = wordsAt(leaf, capacity(memory, leaf))
  openDouble(scores, score0 + slot, score0 + n)
  openWord(words, record0 + slot, record0 + n)
  scores[score0 + slot] = score
  words[record0 + slot] = record
  setUsed(memory, leaf, n + 1)
}

/** Close the gap of `k` entries of a leaf. */
export function removeEntries(memory: Memory, leaf: Address, slot: number, k: number): void {
  const n = used(memory, leaf)
  const scores = memory.f64[leaf >>> SLAB_BITS]!
  const words = memory.i32[leaf >>> SLAB_BITS]!
  const score0 = scoresAt(leaf)
  const record0 = wordsAt(leaf, capacity(memory, leaf))
  closeDouble(scores, score0 + slot, k, score0 + n)
  closeWord(words, record0 + slot, k, record0 + n)
  setUsed(memory, leaf, n - k)
}

/** Write `n` entries into a new leaf: those at [at, at + n) of two arrays. */
export function writeEntries(
  memory: Memory,
  leaf: Address,
  scores: Float64Array,
  records: Int32Array,
  at: number,
  n: number,
): void {
  memory.f64[leaf >>> SLAB_BITS]!.set(scores.subarray(at, at + n), scoresAt(leaf))
  memory.i32[leaf >>> SLAB_BITS]!.set(records.subarray(at, at + n), wordsAt(leaf, capacity(memory, leaf)))
  setUsed(memory, leaf, n)
}

/** Copy entries of one leaf to another, whose entries from `toSlot` on they become. */
export function copyEntries(memory: Memory, from: Address, slot: number, k: number, to: Address, toSlot: number): void {
  const fromWords = memory.i32[from >>> SLAB_BITS]!
  const toWords = memory.i32[to >>> SLAB_BITS]!
  const fromScores = memory.f64[from >>> SLAB_BITS]!
  const toScores = memory.f64[to >>> SLAB_BITS]!
  const fromScore = scoresAt(from) + slot
  const toScore = scoresAt(to) + toSlot
  const fromRecord = wordsAt(from, capacity(memory, from)) + slot
  const toRecord = wordsAt(to, capacity(memory, to)) + toSlot
  for (let i = 0; i < k; i++) {
    toScores[toScore + i] = fromScores[fromScore + i]!
    toWords[toRecord + i] = fromWords[fromRecord + i]!
  }
  setUsed(memory, to, toSlot + k)
}

/** Open a place in an inner node and write a child there. */
export function insertChild(
  memory: Memory,
  inner: Address,
  slot: number,
  child: Address,
  count: number,
  lowScore: number,
  lowRecord: Address,
): void {
  const n = used(memory, inner)
  const room = capacity(memory, inner)
  const scores = memory.f64[inner >>> SLAB_BITS]!
  const words = memory.i32[inner >>> SLAB_BITS]!
  const score0 = scoresAt(inner)
  const child0 = wordsAt(inner, room)
  openDouble(scores, score0 + slot, score0 + n)
  for (let i = 0; i < 3; i++) openWord(words, child0 + i * room + slot, child0 + i * room + n)
  scores[score0 + slot] = lowScore
  words[child0 + slot] = child
  words[child0 + room + slot] = lowRecord
  words[child0 + 2 * room + slot] = count
  setUsed(memory, inner, n + 1)
}

/** Take a child out of an inner node. */
export function removeChild(memory: Memory, inner: Address, slot: number): void {
  const n = used(memory, inner)
  const room = capacity(memory, inner)
  const scores = memory.f64[inner >>> SLAB_BITS]!
  const words = memory.i32[inner >>> SLAB_BITS]!
  const score0 = scoresAt(inner)
  const child0 = wordsAt(inner, room)
  closeDouble(scores, score0 + slot, 1, score0 + n)
  for (let i = 0; i < 3; i++) closeWord(words, child0 + i * room + slot, 1, child0 + i * room + n)
  setUsed(memory, inner, n - 1)
}

/** Copy children of one inner node to another, whose children from `toSlot` on they become. */
export function copyChildren(
  memory: Memory,
  from: Address,
  slot: number,
  k: number,
  to: Address,
  toSlot: number,
): void {
  const fromRoom = capacity(memory, from)
  const toRoom = capacity(memory, to)
  const fromScores = memory.f64[from >>> SLAB_BITS]!
  const toScores = memory.f64[to >>> SLAB_BITS]!
  const fromWords = memory.i32[from >>> SLAB_BITS]!
  const toWords = memory.i32[to >>> SLAB_BITS]!
  for (let i = 0; i < k; i++) toScores[scoresAt(to) + toSlot + i] = fromScores[scoresAt(from) + slot + i]!
  for (let part = 0; part < 3; part++) {
    const source = wordsAt(from, fromRoom) + part * fromRoom + slot
    const target = wordsAt(to, toRoom) + part * toRoom + toSlot
    for (let i = 0; i < k; i++) toWords[target + i] = fromWords[source + i]!
  }
  setUsed(memory, to, toSlot + k)
}

function openDouble(array: Float64Array, at: number, end: number): void {
  if (end - at > LOOP_MOVE_MAX) array.copyWithin(at + 1, at, end)
  else for (let i = end; i > at; i--) array[i] = array[i - 1]!
}

function openWord(array: Int32Array, at: number, end: number): void {
  if (end - at > LOOP_MOVE_MAX) array.copyWithin(at + 1, at, end)
  else for (let i = end; i > at; i--) array[i] = array[i - 1]!
}

function closeDouble(array: Float64Array, at: number, k: number, end: number): void {
  if (end - at > LOOP_MOVE_MAX) array.copyWithin(at, at + k, end)
  else for (let i = at + k; i < end; i++) array[i - k] = array[i]!
}

function closeWord(array: Int32Array, at: number, k: number, end: number): void {
  if (end - at > LOOP_MOVE_MAX) array.copyWithin(at, at + k, end)
  else for (let i = at + k; i < end; i++) array[i - k] = array[i]!
}
