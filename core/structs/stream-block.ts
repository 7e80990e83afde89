/* Blocks of a stream: entries one behind the other, with what they share said once (see stream-log.ts).
 *
 *      0        52                              entries
 *      +--------+-------------------------------+-------------------------+--------------------+------
 *      | header | names: 4 temp  8 humidity     | head | 2 21 | 2 40      | head | 2 22 | 2 41 | ...
 *      +--------+-------------------------------+-------------------------+--------------------+------
 *
 *   header   words: bytes used, entries (24 bits) with snapshot epoch (8), deleted entries, names, id of the first entry (4),
 *            id of the last entry (4), offset of the first entry
 *
 * An entry is its head, then, if its field names are those of the block's first entry, its values; if not, the number of its
 * fields, and names and values in turn. Lengths and numbers are varints, 7 bits a byte, the lower ones first. The head is a
 * byte of flags and what its forms ask for:
 *
 *      bit 0     deleted: a tombstone, since the ids behind it are told relative to it
 *      bit 1     names as in the first entry
 *      bits 2-4  ms     0 as before   1, 2, 3 larger by the next 1, 2, 4 bytes   4 the next 8 bytes
 *      bits 5-6  seq    0 follows: the one before plus 1, or 0 in a new ms       1, 2, 3 the next 2, 4, 8 bytes
 *
 * So 1526919030474-0 and 1526919030491-0 in a row cost two bytes for the second id. The first entry of a block
 * is told relative to the block's id with the sequence before it.
 *
 * Offsets count bytes from the begin of the block. */

import { copyBytes, type Range, sameBytes } from '../base/bytes.ts'
import { type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import type { StreamId } from './stream-id.ts'

const HEADER_BYTES = 52
const USED = 0
const ENTRIES = 1
const DELETED = 2
const NAMES = 3
const FIRST_ID = 4
const LAST_ID = 8
const BEGIN = 12

const IS_DELETED = 1
const SAME_NAMES = 2
const MS_SHIFT = 2
const SEQ_SHIFT = 5
const TWO_32 = 4294967296

/** Bytes behind the flags for each form of the ms. */
const MS_BYTES: readonly number[] = [0, 1, 2, 4, 8, 0, 0, 0]
/** Bytes behind those for each form of the seq. */
const SEQ_BYTES: readonly number[] = [0, 2, 4, 8]

function word(memory: Memory, block: Address, i: number): number {
  return memory.i32[block >>> SLAB_BITS]![((block & UNIT_MASK) << 1) + i]!
}

function setWord(memory: Memory, block: Address, i: number, value: number): void {
  memory.i32[block >>> SLAB_BITS]![((block & UNIT_MASK) << 1) + i] = value
}

export function usedOf(memory: Memory, block: Address): number {
  return word(memory, block, USED)
}

/** Entries, deleted ones counted. */
export function entriesOf(memory: Memory, block: Address): number {
  return word(memory, block, ENTRIES) & 0xffffff
}

/** Entries that are not deleted. */
export function liveOf(memory: Memory, block: Address): number {
  return entriesOf(memory, block) - word(memory, block, DELETED)
}

export function readFirstId(memory: Memory, block: Address, out: StreamId): void {
  readId(memory, block, FIRST_ID, out)
}

export function readLastId(memory: Memory, block: Address, out: StreamId): void {
  readId(memory, block, LAST_ID, out)
}

function readId(memory: Memory, block: Address, at: number, out: StreamId): void {
  const words = memory.i32[block >>> SLAB_BITS]!
  const from = ((block & UNIT_MASK) << 1) + at
  out.setWords(words[from]!, words[from + 1]!, words[from + 2]!, words[from + 3]!)
}

function writeId(memory: Memory, block: Address, at: number, id: StreamId): void {
  const words = memory.i32[block >>> SLAB_BITS]!
  const to = ((block & UNIT_MASK) << 1) + at
  words[to] = id.msHigh
  words[to + 1] = id.msLow
  words[to + 2] = id.seqHigh
  words[to + 3] = id.seqLow
}

// ---- Varints.

function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
}

function writeVarint(slab: Buffer, at: number, value: number): number {
  while (value >= 0x80) {
    slab[at++] = (value & 0x7f) | 0x80
    value >>>= 7
  }
  slab[at++] = value
  return at
}

function readVarint(slab: Buffer, at: number): number {
  let byte = slab[at]!
  if (byte < 0x80) return byte
  let value = byte & 0x7f
  for (let shift = 7; byte >= 0x80; shift += 7) {
    byte = slab[++at]!
    value |= (byte & 0x7f) << shift
  }
  return value
}

/** Position behind a piece of bytes and its length. */
function skipBytes(slab: Buffer, at: number): number {
  const length = readVarint(slab, at)
  return at + varintBytes(length) + length
}

function writeBytes(slab: Buffer, at: number, value: Range): number {
  const length = value.end - value.start
  at = writeVarint(slab, at, length)
  copyBytes(value.buf, value.start, slab, at, length)
  return at + length
}

/** Fill `out` with a piece of bytes. Returns the position behind it. */
export function readBytes(slab: Buffer, at: number, out: Range): number {
  const length = readVarint(slab, at)
  out.buf = slab
  out.start = at + varintBytes(length)
  out.end = out.start + length
  return out.end
}

function pieceBytes(value: Range): number {
  const length = value.end - value.start
  return varintBytes(length) + length
}

// ---- Sizes, before anything is written.

/** Bytes of an entry's fields and values, without any frame. */
export function rawBytes(parts: readonly Range[], first: number, pairs: number): number {
  let bytes = 0
  for (let i = first; i < first + 2 * pairs; i++) bytes += parts[i]!.end - parts[i]!.start
  return bytes
}

/** Whether an entry has the names of the block's first one. */
export function hasNames(
  memory: Memory,
  block: Address,
  parts: readonly Range[],
  first: number,
  pairs: number,
): boolean {
  if (word(memory, block, NAMES) !== pairs) return false
  const slab = memory.u8[block >>> SLAB_BITS]!
  let at = ((block & UNIT_MASK) << 3) + HEADER_BYTES
  for (let i = first; i < first + 2 * pairs; i += 2) {
    const name = parts[i]!
    const length = readVarint(slab, at)
    at += varintBytes(length)
    if (name.end - name.start !== length || !sameBytes(slab, at, name.buf, name.start, length)) return false
    at += length
  }
  return true
}

/** Bytes of a block with one entry. */
export function blockBytes(parts: readonly Range[], first: number, pairs: number): number {
  let bytes = HEADER_BYTES
  for (let i = first; i < first + 2 * pairs; i++) bytes += pieceBytes(parts[i]!)
  return bytes + 1
}

/** Bytes of an entry at the end of a block. */
export function entryBytes(
  memory: Memory,
  block: Address,
  id: StreamId,
  same: boolean,
  parts: readonly Range[],
  first: number,
  pairs: number,
): number {
  const forms = headForms(memory, block, id)
  let bytes = 1 + MS_BYTES[(forms >>> MS_SHIFT) & 7]! + SEQ_BYTES[(forms >>> SEQ_SHIFT) & 3]!
  if (!same) bytes += varintBytes(pairs)
  for (let i = first + (same ? 1 : 0); i < first + 2 * pairs; i += same ? 2 : 1) bytes += pieceBytes(parts[i]!)
  return bytes
}

/** The forms of an id that follows a block's last one, at their places in the flags. */
function headForms(memory: Memory, block: Address, id: StreamId): number {
  const lastHigh = word(memory, block, LAST_ID) >>> 0
  const lastLow = word(memory, block, LAST_ID + 1) >>> 0
  const sameMs = id.msHigh === lastHigh && id.msLow === lastLow
  const delta = (id.msHigh - lastHigh) * TWO_32 + id.msLow - lastLow
  const ms = sameMs ? 0 : delta < 0x100 ? 1 : delta < 0x10000 ? 2 : delta < TWO_32 ? 3 : 4
  let expectedHigh = 0
  let expectedLow = 0
  if (sameMs) {
    expectedLow = (word(memory, block, LAST_ID + 3) + 1) >>> 0
    expectedHigh = (word(memory, block, LAST_ID + 2) + (expectedLow === 0 ? 1 : 0)) >>> 0
  }
  const follows = id.seqHigh === expectedHigh && id.seqLow === expectedLow
  const seq = follows ? 0 : id.seqHigh > 0 ? 3 : id.seqLow > 0xffff ? 2 : 1
  return (ms << MS_SHIFT) | (seq << SEQ_SHIFT)
}

// ---- Writing.

/** Make a block with the names of an entry, but without the entry yet. */
export function initBlock(
  memory: Memory,
  block: Address,
  epoch: number,
  id: StreamId,
  parts: readonly Range[],
  first: number,
  pairs: number,
): void {
  const slab = memory.u8[block >>> SLAB_BITS]!
  const start = (block & UNIT_MASK) << 3
  let at = start + HEADER_BYTES
  for (let i = first; i < first + 2 * pairs; i += 2) at = writeBytes(slab, at, parts[i]!)
  setWord(memory, block, USED, at - start)
  setWord(memory, block, ENTRIES, epoch << 24)
  setWord(memory, block, DELETED, 0)
  setWord(memory, block, NAMES, pairs)
  writeId(memory, block, FIRST_ID, id)
  writeId(memory, block, LAST_ID, id)
  // One sequence back, so that the first entry follows it; 0 wraps around, and back again when it is read.
  const low = word(memory, block, LAST_ID + 3)
  setWord(memory, block, LAST_ID + 3, low - 1)
  if (low === 0) setWord(memory, block, LAST_ID + 2, word(memory, block, LAST_ID + 2) - 1)
  setWord(memory, block, BEGIN, at - start)
}

/** Add an entry at the end; its bytes have been found to fit. */
export function appendEntry(
  memory: Memory,
  block: Address,
  id: StreamId,
  same: boolean,
  parts: readonly Range[],
  first: number,
  pairs: number,
): void {
  if (memory.guard !== null) memory.guard.block(block)
  const slab = memory.u8[block >>> SLAB_BITS]!
  const start = (block & UNIT_MASK) << 3
  const forms = headForms(memory, block, id)
  let at = start + word(memory, block, USED)
  slab[at++] = forms | (same ? SAME_NAMES : 0)
  at = writeMs(slab, at, (forms >>> MS_SHIFT) & 7, id, word(memory, block, LAST_ID + 1) >>> 0)
  at = writeSeq(slab, at, (forms >>> SEQ_SHIFT) & 3, id)
  if (!same) at = writeVarint(slab, at, pairs)
  for (let i = first + (same ? 1 : 0); i < first + 2 * pairs; i += same ? 2 : 1) at = writeBytes(slab, at, parts[i]!)
  writeId(memory, block, LAST_ID, id)
  setWord(memory, block, USED, at - start)
  setWord(memory, block, ENTRIES, word(memory, block, ENTRIES) + 1)
}

function writeMs(slab: Buffer, at: number, form: number, id: StreamId, lastLow: number): number {
  if (form === 0) return at
  if (form === 4) {
    slab.writeUInt32LE(id.msLow, at)
    slab.writeUInt32LE(id.msHigh, at + 4)
    return at + 8
  }
  // The difference is below 2^32, so that of the low words is all of it, whatever they borrow.
  const delta = (id.msLow - lastLow) >>> 0
  for (let i = 0; i < MS_BYTES[form]!; i++) slab[at++] = delta >>> (8 * i)
  return at
}

function writeSeq(slab: Buffer, at: number, form: number, id: StreamId): number {
  if (form === 0) return at
  slab[at] = id.seqLow
  slab[at + 1] = id.seqLow >>> 8
  if (form === 1) return at + 2
  slab[at + 2] = id.seqLow >>> 16
  slab[at + 3] = id.seqLow >>> 24
  if (form === 2) return at + 4
  slab.writeUInt32LE(id.seqHigh, at + 4)
  return at + 8
}

// ---- Reading. Positions are indexes of the slab.

/** Position of the first entry; `id` is set to what it is told relative to. */
export function enterBlock(memory: Memory, block: Address, id: StreamId): number {
  readId(memory, block, FIRST_ID, id)
  if (id.seqLow === 0) id.seqHigh = (id.seqHigh - 1) >>> 0
  id.seqLow = (id.seqLow - 1) >>> 0
  return ((block & UNIT_MASK) << 3) + word(memory, block, BEGIN)
}

/** Go from the id before to that of the entry at a position. Returns the position of its fields. */
export function readHead(slab: Buffer, at: number, id: StreamId): number {
  const flags = slab[at++]!
  const ms = (flags >>> MS_SHIFT) & 7
  const seq = (flags >>> SEQ_SHIFT) & 3
  if (ms === 0) {
    if (seq === 0) {
      id.seqLow = (id.seqLow + 1) >>> 0
      if (id.seqLow === 0) id.seqHigh = (id.seqHigh + 1) >>> 0
      return at
    }
  } else {
    at = readMs(slab, at, ms, id)
    if (seq === 0) {
      id.seqHigh = 0
      id.seqLow = 0
      return at
    }
  }
  id.seqLow = seq === 1 ? slab[at]! | (slab[at + 1]! << 8) : slab.readUInt32LE(at)
  id.seqHigh = seq === 3 ? slab.readUInt32LE(at + 4) : 0
  return at + SEQ_BYTES[seq]!
}

function readMs(slab: Buffer, at: number, form: number, id: StreamId): number {
  if (form === 4) {
    id.msLow = slab.readUInt32LE(at)
    id.msHigh = slab.readUInt32LE(at + 4)
    return at + 8
  }
  let delta = slab[at]!
  if (form >= 2) delta |= slab[at + 1]! << 8
  if (form === 3) delta = (delta | (slab[at + 2]! << 16) | (slab[at + 3]! << 24)) >>> 0
  const low = id.msLow + delta
  if (low >= TWO_32) id.msHigh++
  id.msLow = low >>> 0
  return at + MS_BYTES[form]!
}

/** Whether the entry at a position is a tombstone. */
export function isDeleted(slab: Buffer, at: number): boolean {
  return (slab[at]! & IS_DELETED) !== 0
}

/** Whether the entry at a position has the names of the block's first one. */
export function isSame(slab: Buffer, at: number): boolean {
  return (slab[at]! & SAME_NAMES) !== 0
}

/** Make the entry at a position a tombstone. */
export function markDeleted(memory: Memory, block: Address, at: number): void {
  if (memory.guard !== null) memory.guard.block(block)
  memory.u8[block >>> SLAB_BITS]![at]! |= IS_DELETED
  setWord(memory, block, DELETED, word(memory, block, DELETED) + 1)
}

/** How many fields the entry has whose fields begin at a position. */
export function fieldCount(memory: Memory, block: Address, fields: number, same: boolean): number {
  return same ? word(memory, block, NAMES) : readVarint(memory.u8[block >>> SLAB_BITS]!, fields)
}

/** Position of the first piece of an entry's fields. */
export function firstPiece(count: number, fields: number, same: boolean): number {
  return same ? fields : fields + varintBytes(count)
}

/** Position of the block's names. */
export function namesAt(block: Address): number {
  return ((block & UNIT_MASK) << 3) + HEADER_BYTES
}

/** Position behind the entry whose fields begin at a position. */
export function skipFields(memory: Memory, block: Address, fields: number, same: boolean): number {
  const count = fieldCount(memory, block, fields, same)
  return skipPieces(memory.u8[block >>> SLAB_BITS]!, firstPiece(count, fields, same), same ? count : 2 * count)
}

/** Position behind so many pieces of bytes. */
export function skipPieces(slab: Buffer, at: number, pieces: number): number {
  while (pieces-- > 0) {
    const byte = slab[at]!
    at = byte < 0x80 ? at + 1 + byte : skipBytes(slab, at)
  }
  return at
}
