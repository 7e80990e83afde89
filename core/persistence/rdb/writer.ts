/* RDB writer -- the primitives of a dump file, into a buffer that is handed on whenever it is full.
 *
 * With a sink the buffer keeps its size: a full one goes to the sink, and a string too large for it goes there from
 * where it lies. Without a sink everything stays, for a payload. The sum is taken as bytes are handed on.
 *
 * Strings take their shortest form, as in Redis: an integer of up to 32 bits in one to five bytes; what is longer than 20
 * bytes and shrinks, compressed; all else as it is.
 *
 *   byte, length O(1)    string O(bytes), about three times that when it is tried to be compressed */

import { copyBytes, type Range } from '../../base/bytes.ts'
import { Crc64 } from '../../base/crc.ts'
import { compress } from '../../base/lzf.ts'
import { parseInteger } from '../../base/numbers.ts'
import { ACCOUNT, type Account, type Memory } from '../../memory/arena.ts'
import { Room } from '../../memory/room.ts'

/** Takes bytes; they are valid during the call only. */
export type ByteSink = (buf: Buffer, start: number, end: number) => void

const BUFFER_BYTES = 64 << 10
/** What any fixed part of the format needs at most. */
const PART_BYTES = 32
/** Shorter strings are not compressed. */
const COMPRESS_MIN = 21
/** Longer ones neither: that would hold everything up for too long. */
const COMPRESS_MAX = 1 << 20
/** LZF must save this many bytes to be used. */
const COMPRESS_GAIN = 4
const TWO_32 = 4294967296

export interface WriterOptions {
  readonly sink?: ByteSink
  /** `rdbcompression`; on when left out. */
  readonly compress?: boolean
  readonly account?: Account
}

/** Writes one file or payload after the other. */
export class RdbWriter {
  /** `rdbcompression`. */
  compresses: boolean
  readonly #sink: ByteSink | null
  readonly #room: Room
  readonly #scratch: Room
  readonly #sum = new Crc64()
  #buf: Buffer
  #at = 0
  #end = 0
  #summed = 0
  /** Bytes that were handed on. */
  #gone = 0

  constructor(memory: Memory, options: WriterOptions = {}) {
    this.#sink = options.sink ?? null
    this.compresses = options.compress ?? true
    this.#room = new Room(memory, options.account ?? ACCOUNT.overhead)
    this.#scratch = new Room(memory, options.account ?? ACCOUNT.overhead)
    this.#buf = this.#room.buf
    this.begin()
  }

  /** Begin a file or payload; what was not handed on of the last is gone. */
  begin(): this {
    this.#room.grow(this.#sink === null ? 256 : BUFFER_BYTES, 0)
    this.#buf = this.#room.buf
    this.#at = this.#summed = this.#room.start
    this.#end = this.#room.start + this.#room.capacity
    this.#gone = 0
    this.#sum.reset()
    return this
  }

  /** Give all memory back; begin() takes it again. */
  release(): void {
    this.#room.release()
    this.#scratch.release()
    this.#at = this.#end = this.#summed = 0
  }

  /** Bytes written since begin(). */
  get offset(): number {
    return this.#gone + this.#at - this.#room.start
  }

  /** All bytes since begin(), of a writer without sink; valid until it writes again. */
  result(out: Range): Range {
    return out.set(this.#buf, this.#room.start, this.#at)
  }

  /** Hand on what is there. */
  flush(): void {
    this.#takeSum()
    if (this.#sink === null) return
    const { start } = this.#room
    if (this.#at > start) this.#sink(this.#buf, start, this.#at)
    this.#gone += this.#at - start
    this.#at = this.#summed = start
  }

  #takeSum(): void {
    this.#sum.update(this.#buf, this.#summed, this.#at)
    this.#summed = this.#at
  }

  /** Write the sum of all bytes so far. */
  sum(): void {
    this.#make(8)
    this.#takeSum()
    this.#sum.write(this.#buf, this.#at)
    this.#at += 8
  }

  /** Write eight zeros, which say that there is no sum. */
  noSum(): void {
    this.word64(0, 0)
  }

  /** Make place for so many bytes, a few only when there is a sink. */
  #make(bytes: number): void {
    if (this.#end - this.#at >= bytes) return
    if (this.#sink !== null) {
      this.flush()
      return
    }
    this.#takeSum()
    const used = this.#at - this.#room.start
    this.#room.grow(used + bytes, used)
    this.#buf = this.#room.buf
    this.#at = this.#summed = this.#room.start + used
    this.#end = this.#room.start + this.#room.capacity
  }

  byte(value: number): void {
    if (this.#at === this.#end) this.#make(PART_BYTES)
    this.#buf[this.#at++] = value
  }

  /** Bytes as they are. */
  raw(buf: Buffer, start: number, end: number): void {
    const length = end - start
    if (this.#end - this.#at < length) {
      this.#make(length)
      if (this.#end - this.#at < length) {
        this.#pass(buf, start, end)
        return
      }
    }
    copyBytes(buf, start, this.#buf, this.#at, length)
    this.#at += length
  }

  /** Hand a large piece on from where it lies; the buffer is empty. */
  #pass(buf: Buffer, start: number, end: number): void {
    this.#sum.update(buf, start, end)
    this.#sink!(buf, start, end)
    this.#gone += end - start
  }

  /** ASCII as it is, without a length. */
  ascii(text: string): void {
    this.#make(text.length)
    this.#at += this.#buf.latin1Write(text, this.#at)
  }

  /** A 64-bit word, little-endian. */
  word64(high: number, low: number): void {
    this.#make(PART_BYTES)
    this.#buf.writeInt32LE(low | 0, this.#at)
    this.#buf.writeInt32LE(high | 0, this.#at + 4)
    this.#at += 8
  }

  /** A 64-bit word, the highest byte first: the halves of stream ids. */
  word64BigEndian(high: number, low: number): void {
    this.#make(PART_BYTES)
    this.#buf.writeInt32BE(high | 0, this.#at)
    this.#buf.writeInt32BE(low | 0, this.#at + 4)
    this.#at += 8
  }

  /** A time in milliseconds. */
  milliseconds(time: number): void {
    this.word64(Math.floor(time / TWO_32), time % TWO_32)
  }

  double(value: number): void {
    this.#make(PART_BYTES)
    this.#at = this.#buf.writeDoubleLE(value, this.#at)
  }

  float(value: number): void {
    this.#make(PART_BYTES)
    this.#at = this.#buf.writeFloatLE(value, this.#at)
  }

  /** A length, or any unsigned integer that is safe. */
  length(value: number): void {
    if (this.#end - this.#at < PART_BYTES) this.#make(PART_BYTES)
    if (value < 64) this.#buf[this.#at++] = value
    else if (value < 16384) {
      this.#buf[this.#at++] = 0x40 | (value >> 8)
      this.#buf[this.#at++] = value
    } else this.long(Math.floor(value / TWO_32), value % TWO_32)
  }

  /** Any unsigned 64-bit integer in the form of a length. */
  long(high: number, low: number): void {
    if (high === 0 && low >>> 0 < 16384) {
      this.length(low >>> 0)
      return
    }
    this.#make(PART_BYTES)
    this.#buf[this.#at++] = high === 0 ? 0x80 : 0x81
    if (high !== 0) this.#at = this.#buf.writeInt32BE(high | 0, this.#at)
    this.#at = this.#buf.writeInt32BE(low | 0, this.#at)
  }

  /** Any 64-bit integer in the form of a length; a negative one as its unsigned twin. */
  bigint(value: bigint): void {
    this.long(Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value)))
  }

  string(value: Range): void {
    this.slice(value.buf, value.start, value.end)
  }

  /** A string in its shortest form. */
  slice(buf: Buffer, start: number, end: number): void {
    const length = end - start
    if (length <= 11 && this.#asInteger(buf, start, end)) return
    if (this.compresses && length >= COMPRESS_MIN && length <= COMPRESS_MAX && this.#compressed(buf, start, end)) return
    this.length(length)
    this.raw(buf, start, end)
  }

  /** A text in UTF-8, for names. */
  text(text: string): void {
    const bytes = Buffer.from(text)
    this.slice(bytes, 0, bytes.length)
  }

  #asInteger(buf: Buffer, start: number, end: number): boolean {
    const value = parseInteger(buf, start, end)
    if (!(value >= -0x80000000 && value <= 0x7fffffff)) return false
    this.#make(PART_BYTES)
    const bytes = value >= -128 && value < 128 ? 1 : value >= -32768 && value < 32768 ? 2 : 4
    this.#buf[this.#at++] = bytes === 1 ? 0xc0 : bytes === 2 ? 0xc1 : 0xc2
    this.#at = this.#buf.writeIntLE(value, this.#at, bytes)
    return true
  }

  #compressed(buf: Buffer, start: number, end: number): boolean {
    const limit = end - start - COMPRESS_GAIN
    this.#scratch.grow(limit, 0)
    const room = this.#scratch
    const packed = compress(buf, start, end, room.buf, room.start, limit)
    if (packed === 0) return false
    this.byte(0xc3)
    this.length(packed)
    this.length(end - start)
    this.raw(room.buf, room.start, room.start + packed)
    return true
  }
}
