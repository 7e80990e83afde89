/* RDB reader -- the primitives of a dump file, out of a window that slides over the bytes.
 *
 *      buf   . . . . s t r i n g . . . . . . . . .
 *                   ^at         unread          ^end      read on from the source when this runs short
 *
 * Whatever is asked for is handed out where it lies: a string is a Range of the window, of the room it was unpacked into, or of
 * a scratch area that its digits were written to. It is valid until the next string is read, or until the second next if it
 * was read with the next one by pair() or kept with keep().
 *
 * The input may be hostile. A length is believed only as far as bytes arrive: the window grows twofold while they do, so a
 * claim of two gigabytes in a short file costs nothing; and a compressed string may not claim to be larger than its
 * bytes can make it. Every failure is an RdbError with the offset where it was found.
 *
 *   byte, length, string O(1) plus the bytes; the sum of what was read is taken when the window slides */

import { NO_BYTES, Range } from '../../base/bytes.ts'
import { Crc64 } from '../../base/crc.ts'
import { decompress } from '../../base/lzf.ts'
import { parseDouble, writeInteger } from '../../base/numbers.ts'
import type { Memory } from '../../memory/arena.ts'
import { RdbError, STRING_BYTES_MAX } from './format.ts'
import { Room } from '../../memory/room.ts'

/** Where the bytes of a file come from. */
export interface ByteSource {
  /** Fill at most `length` bytes. Returns how many, 0 at the end. */
  read(buf: Buffer, at: number, length: number): number
}

const WINDOW_BYTES = 64 << 10
/** LZF says at most 264 bytes in three. */
const LZF_RATIO_MAX = 88
const TWO_32 = 4294967296
const HIGH_MAX = 0x1fffff
const SCRATCH_BYTES = 24

/** Reads one file or payload after the other. */
export class RdbReader {
  /** Bytes of the window and the position in it. Codecs that walk by themselves use them directly. */
  buf: Buffer = NO_BYTES
  at = 0
  /** The two words of the last long(); signed. */
  high = 0
  low = 0
  /** The version of the file, which some encodings depend on. */
  version = 0

  #end = 0
  #source: ByteSource | null = null
  /** Offset in the file of position 0 of the window's buffer. */
  #base = 0
  #summed = 0
  #kept: Range | null = null
  #slot = 0
  readonly #sum = new Crc64()
  readonly #window: Room
  /** Two rooms and two scratch areas in turn, so that two strings can be had at once. */
  readonly #unpacked: readonly Room[]
  readonly #text: readonly Buffer[]

  constructor(memory: Memory) {
    this.#window = new Room(memory)
    this.#unpacked = [new Room(memory), new Room(memory)]
    this.#text = [0, 1].map(() => Buffer.from(new Uint8Array(SCRATCH_BYTES).buffer))
  }

  /** Read from a source, at its beginning. */
  open(source: ByteSource): this {
    this.#window.grow(WINDOW_BYTES, 0)
    this.#begin(source, this.#window.buf, this.#window.start, this.#window.start)
    return this
  }

  /** Read bytes that lie in memory, and stay there until the reading is done. */
  over(bytes: Range): this {
    this.#begin(null, bytes.buf, bytes.start, bytes.end)
    return this
  }

  #begin(source: ByteSource | null, buf: Buffer, start: number, end: number): void {
    this.#source = source
    this.buf = buf
    this.at = start
    this.#end = end
    this.#base = -start
    this.#summed = start
    this.#kept = null
    this.version = 0
    this.#sum.reset()
  }

  /** Give all memory back. */
  release(): void {
    this.#window.release()
    for (const room of this.#unpacked) room.release()
    this.#begin(null, NO_BYTES, 0, 0)
  }

  /** How many bytes have been read. */
  get offset(): number {
    return this.#base + this.at
  }

  /** Whether there is nothing more. */
  get isAtEnd(): boolean {
    return this.at === this.#end && !this.#fill(1)
  }

  /** What was read from the source and not asked for; valid until the next string is read. */
  unread(out: Range): Range {
    return out.set(this.buf, this.at, this.#end)
  }

  /** The failure to throw for what was read last; `offset` when it lies elsewhere. */
  error(problem: string, offset: number = this.offset): RdbError {
    return new RdbError(problem, offset)
  }

  /** Make sure that `bytes` bytes lie in the window from `at` on. */
  need(bytes: number): void {
    if (this.#end - this.at < bytes && !this.#fill(bytes))
      throw this.error('unexpected end of file', this.#base + this.#end)
  }

  /** Keep a string that was just read valid while others are read, until it is let go. */
  keep(range: Range): void {
    this.#kept = range
  }

  letGo(): void {
    this.#kept = null
  }

  /** Slide the window, and enlarge it if it must be. False when the source ends first. */
  #fill(bytes: number): boolean {
    const source = this.#source
    if (source === null) return false
    this.#takeSum()
    const room = this.#window
    // A kept string lies before the position, if it lies in the window at all.
    const kept = this.#kept
    const keptHere = kept !== null && kept.buf === this.buf && kept.start >= room.start && kept.end <= this.at
    const from = keptHere ? kept.start : this.at
    const moved = from - room.start
    room.buf.copy(room.buf, room.start, from, this.#end)
    this.#shift(moved)
    if (keptHere) kept.set(kept.buf, kept.start - moved, kept.end - moved)
    while (this.#end - this.at < bytes) {
      const used = this.#end - room.start
      if (used === room.capacity) this.#enlarge(used, bytes)
      const got = source.read(room.buf, this.#end, room.start + room.capacity - this.#end)
      if (got <= 0) return false
      this.#end += got
    }
    return true
  }

  #shift(bytes: number): void {
    this.at -= bytes
    this.#end -= bytes
    this.#summed -= bytes
    this.#base += bytes
  }

  #enlarge(used: number, bytes: number): void {
    const room = this.#window
    const oldStart = room.start
    const oldBuf = room.buf
    room.grow(Math.min(room.capacity * 2, used + bytes), used)
    const kept = this.#kept
    if (kept !== null && kept.buf === oldBuf && kept.start >= oldStart && kept.end <= oldStart + used)
      kept.set(room.buf, kept.start - oldStart + room.start, kept.end - oldStart + room.start)
    this.buf = room.buf
    this.#shift(oldStart - room.start)
  }

  /** Give back a window that a large string has left behind; nothing of it may be in use. */
  trim(): void {
    if (this.#source === null || this.#window.capacity <= WINDOW_BYTES * 2) return
    const unread = this.#end - this.at
    if (unread > WINDOW_BYTES) return
    this.#takeSum()
    const room = this.#window
    room.buf.copy(room.buf, room.start, this.at, this.#end)
    this.#shift(this.at - room.start)
    const oldStart = room.start
    room.shrink(WINDOW_BYTES, unread)
    this.buf = room.buf
    this.#shift(oldStart - room.start)
    for (const unpacked of this.#unpacked) unpacked.shrink(WINDOW_BYTES, 0)
  }

  #takeSum(): void {
    this.#sum.update(this.buf, this.#summed, this.at)
    this.#summed = this.at
  }

  /** The sum of all bytes read so far. */
  sum(): Crc64 {
    this.#takeSum()
    return this.#sum
  }

  byte(): number {
    if (this.at === this.#end) this.need(1)
    return this.buf[this.at++]!
  }

  /** Bytes as they are. */
  raw(out: Range, bytes: number): Range {
    this.need(bytes)
    this.at += bytes
    return out.set(this.buf, this.at - bytes, this.at)
  }

  /** A 64-bit word, little-endian, into `high` and `low`. */
  word64(): void {
    this.need(8)
    this.low = this.buf.readInt32LE(this.at)
    this.high = this.buf.readInt32LE(this.at + 4)
    this.at += 8
  }

  /** A time in milliseconds, signed; beyond 2^53 the nearest double. */
  milliseconds(): number {
    this.word64()
    return this.high * TWO_32 + (this.low >>> 0)
  }

  /** A time in seconds, 32 bits, signed. */
  seconds(): number {
    this.need(4)
    this.at += 4
    return this.buf.readInt32LE(this.at - 4)
  }

  double(): number {
    this.need(8)
    this.at += 8
    return this.buf.readDoubleLE(this.at - 8)
  }

  float(): number {
    this.need(4)
    this.at += 4
    return this.buf.readFloatLE(this.at - 4)
  }

  /** A double as text, the form of the oldest sorted sets. */
  doubleText(): number {
    const length = this.byte()
    if (length === 255) return -Infinity
    if (length === 254) return Infinity
    if (length === 253) return NaN
    this.need(length)
    const value = parseDouble(this.buf, this.at, this.at + length)
    if (Number.isNaN(value)) throw this.error('a score that is no number')
    this.at += length
    return value
  }

  /** A length, or any unsigned integer that is safe. */
  length(): number {
    const first = this.byte()
    if (first < 0x40) return first
    if (first < 0x80) return ((first & 0x3f) << 8) | this.byte()
    if (first < 0xc0) {
      this.#longLength(first)
      if (this.high >>> 0 > HIGH_MAX) throw this.error('a length beyond all bounds')
      return this.high * TWO_32 + (this.low >>> 0)
    }
    throw this.error('a string where a length belongs')
  }

  /** Any unsigned 64-bit integer in the form of a length, into `high` and `low`. */
  long(): void {
    const first = this.byte()
    this.high = 0
    if (first < 0x40) this.low = first
    else if (first < 0x80) this.low = ((first & 0x3f) << 8) | this.byte()
    else if (first < 0xc0) this.#longLength(first)
    else throw this.error('a string where a number belongs')
  }

  #longLength(first: number): void {
    if (first > 0x81) throw this.error(`an unknown form of length (${first})`)
    const bytes = first === 0x80 ? 4 : 8
    this.need(bytes)
    this.high = bytes === 8 ? this.buf.readInt32BE(this.at) : 0
    this.low = this.buf.readInt32BE(this.at + bytes - 4)
    this.at += bytes
  }

  /** A string; see the header for how long it stays. */
  string(out: Range): Range {
    const first = this.byte()
    if (first >= 0xc0) return this.#encoded(first & 0x3f, out)
    let length = first
    if (first >= 0x40) {
      this.at--
      length = this.length()
    }
    if (length > STRING_BYTES_MAX) throw this.error('a string beyond all bounds')
    return this.raw(out, length)
  }

  /** Two strings, both valid until the next is read. */
  pair(first: Range, second: Range): void {
    this.string(first)
    this.#kept = first
    this.string(second)
    this.#kept = null
  }

  /** A short text, for names and aux fields. */
  text(): string {
    return this.string(this.#range).text()
  }

  readonly #range = new Range()

  #encoded(form: number, out: Range): Range {
    if (form === 3) return this.#compressed(out)
    let value: number
    if (form === 0) value = (this.byte() << 24) >> 24
    else if (form === 1) {
      this.need(2)
      value = this.buf.readInt16LE(this.at)
      this.at += 2
    } else if (form === 2) value = this.seconds()
    else throw this.error(`an unknown form of string (${form})`)
    const text = this.#text[(this.#slot ^= 1)]!
    return out.set(text, 0, writeInteger(text, 0, value))
  }

  #compressed(out: Range): Range {
    const packed = this.length()
    const length = this.length()
    const begin = this.offset
    if (packed > STRING_BYTES_MAX || length > STRING_BYTES_MAX || length > packed * LZF_RATIO_MAX)
      throw this.error('a compressed string that claims too much')
    this.need(packed)
    const room = this.#unpacked[(this.#slot ^= 1)]!
    room.grow(length, 0)
    if (!decompress(this.buf, this.at, this.at + packed, room.buf, room.start, length))
      throw this.error('a compressed string is damaged', begin)
    this.at += packed
    return out.set(room.buf, room.start, room.start + length)
  }

  /** Check the eight bytes that close a file against what was read before them. All zero: not summed. */
  checkSum(): void {
    const sum = this.sum()
    const offset = this.offset
    this.need(8)
    const written = this.buf.readInt32LE(this.at) !== 0 || this.buf.readInt32LE(this.at + 4) !== 0
    if (written && !sum.matches(this.buf, this.at)) throw this.error('wrong check sum', offset)
    this.at += 8
  }
}
