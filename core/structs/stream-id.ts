/* Stream ids -- two unsigned 64-bit integers, milliseconds and sequence, ordered as one of 128 bits.
 *
 * Both parts go up to 2^64 - 1 on the wire, which no JavaScript number holds, and ids are compared far more often than
 * they are printed. So an id is four unsigned 32-bit words, in memory as in the object, most significant first:
 *
 *      1526919030474-55     ->     355, 2212350666, 0, 55           (355 x 2^32 + 2212350666 = 1526919030474)
 *
 * A StreamId is filled in place, like a Range; the ones that live long belong to whoever made them. */

import { parseUnsigned, wide, wideUnsigned, writeBigInteger, writeInteger } from '../base/numbers.ts'

const SPACE = 32
const TAB = 9
const RETURN = 13
const PLUS = 43
const TWO_32 = 4294967296
const MAX = 0xffffffff
const MINUS = 0x2d

/** Bytes of the longest id in text. */
export const ID_TEXT_BYTES = 41

/** An id; the words are unsigned. */
export class StreamId {
  msHigh = 0
  msLow = 0
  seqHigh = 0
  seqLow = 0

  /** Set both parts, which are safe integers. Returns itself. */
  set(ms: number, seq: number): this {
    this.msHigh = Math.floor(ms / TWO_32)
    this.msLow = ms >>> 0
    this.seqHigh = Math.floor(seq / TWO_32)
    this.seqLow = seq >>> 0
    return this
  }

  setWords(msHigh: number, msLow: number, seqHigh: number, seqLow: number): this {
    this.msHigh = msHigh >>> 0
    this.msLow = msLow >>> 0
    this.seqHigh = seqHigh >>> 0
    this.seqLow = seqLow >>> 0
    return this
  }

  copyFrom(other: StreamId): this {
    return this.setWords(other.msHigh, other.msLow, other.seqHigh, other.seqLow)
  }

  setMin(): this {
    return this.setWords(0, 0, 0, 0)
  }

  setMax(): this {
    return this.setWords(MAX, MAX, MAX, MAX)
  }

  get isMin(): boolean {
    return (this.msHigh | this.msLow | this.seqHigh | this.seqLow) === 0
  }

  get isMax(): boolean {
    return (this.msHigh & this.msLow & this.seqHigh & this.seqLow) === -1
  }

  /** Let the sequence be the lowest. */
  setSeqMin(): this {
    this.seqHigh = this.seqLow = 0
    return this
  }

  /** Let the sequence be the highest. */
  setSeqMax(): this {
    this.seqHigh = this.seqLow = MAX
    return this
  }

  /** Go to the id that follows. False, and no change, at the highest. */
  increment(): boolean {
    if (this.isMax) return false
    if (this.seqHigh === MAX && this.seqLow === MAX) {
      this.setSeqMin()
      this.msLow = (this.msLow + 1) >>> 0
      if (this.msLow === 0) this.msHigh++
      return true
    }
    this.seqLow = (this.seqLow + 1) >>> 0
    if (this.seqLow === 0) this.seqHigh++
    return true
  }

  /** Go to the id before. False, and no change, at the lowest. */
  decrement(): boolean {
    if (this.isMin) return false
    if (this.seqHigh === 0 && this.seqLow === 0) {
      this.setSeqMax()
      if (this.msLow === 0) this.msHigh--
      this.msLow = (this.msLow - 1) >>> 0
      return true
    }
    if (this.seqLow === 0) this.seqHigh--
    this.seqLow = (this.seqLow - 1) >>> 0
    return true
  }

  /** Milliseconds as a number; rounded beyond 2^53. */
  get ms(): number {
    return this.msHigh * TWO_32 + this.msLow
  }

  /** As text, for cold paths and tests. */
  toString(): string {
    return `${(BigInt(this.msHigh) << 32n) | BigInt(this.msLow)}-${(BigInt(this.seqHigh) << 32n) | BigInt(this.seqLow)}`
  }
}

/** Order of two ids: negative, 0 or positive. */
export function compareIds(a: StreamId, b: StreamId): number {
  return a.msHigh - b.msHigh || a.msLow - b.msLow || a.seqHigh - b.seqHigh || a.seqLow - b.seqLow
}

/** How an id was spelled. */
export const SPELLED = { wrong: 0, whole: 1, withoutSeq: 2, anySeq: 3 } as const
export type Spelled = (typeof SPELLED)[keyof typeof SPELLED]

/**
 * Read `ms`, `ms-seq` or `ms-*` into `id`; a sequence that is not there becomes 0. Says how it was spelled, and leaves `id`
 * in no useful state when that is wrong.
 */
export function parseId(buf: Buffer, start: number, end: number, id: StreamId): Spelled {
  let dash = start
  while (dash < end && buf[dash] !== MINUS) dash++
  const ms = parsePart(buf, start, dash)
  if (Number.isNaN(ms)) return SPELLED.wrong
  id.msHigh = highOf(ms)
  id.msLow = lowOf(ms)
  id.setSeqMin()
  if (dash === end) return SPELLED.withoutSeq
  if (end - dash === 2 && buf[dash + 1] === 0x2a) return SPELLED.anySeq
  const seq = parsePart(buf, dash + 1, end)
  if (Number.isNaN(seq)) return SPELLED.wrong
  id.seqHigh = highOf(seq)
  id.seqLow = lowOf(seq)
  return SPELLED.whole
}

/** Write an id as `ms-seq`. Returns the position behind it; ID_TEXT_BYTES must be free. */
export function writeId(buf: Buffer, at: number, id: StreamId): number {
  at = writePart(buf, at, id.msHigh, id.msLow)
  buf[at++] = MINUS
  return writePart(buf, at, id.seqHigh, id.seqLow)
}

/** Bytes that writeId would write. */
export function idLength(id: StreamId): number {
  return partLength(id.msHigh, id.msLow) + 1 + partLength(id.seqHigh, id.seqLow)
}

/** Half of an id, as strtoull reads it: spaces and a plus may stand before. */
function parsePart(buf: Buffer, start: number, end: number): number {
  while (start < end && (buf[start] === SPACE || (buf[start]! >= TAB && buf[start]! <= RETURN))) start++
  if (start < end && buf[start] === PLUS) start++
  return start === end ? NaN : parseUnsigned(buf, start, end)
}

function highOf(part: number): number {
  return Number.isFinite(part) ? Math.floor(part / TWO_32) : wide.high >>> 0
}

function lowOf(part: number): number {
  return Number.isFinite(part) ? part >>> 0 : wide.low >>> 0
}

function writePart(buf: Buffer, at: number, high: number, low: number): number {
  if (high < 0x200000) return writeInteger(buf, at, high * TWO_32 + low)
  wide.high = high | 0
  wide.low = low | 0
  return writeBigInteger(buf, at, wideUnsigned())
}

function partLength(high: number, low: number): number {
  if (high === 0 && low < 10) return 1
  if (high >= 0x200000) return String((BigInt(high) << 32n) | BigInt(low)).length
  let length = 1
  const value = high * TWO_32 + low
  for (let limit = 10; value >= limit; limit *= 10) length++
  return length
}
