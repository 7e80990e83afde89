/* Listpack -- the packed encoding of Redis since 7.0.
 *
 *     bytes  count  element ... element  ff            header: 4 bytes of length, 2 of count (ffff: not known)
 *
 *     element = how and how long | bytes | length of both, readable from behind
 *
 *     0vvvvvvv                          7 bits, unsigned            f1 + 2 bytes     16 bits
 *     10llllll                          bytes, up to 63             f2 + 3 bytes     24 bits
 *     110vvvvv vvvvvvvv                 13 bits                     f3 + 4 bytes     32 bits
 *     1110llll llllllll                 bytes, up to 4095           f4 + 8 bytes     64 bits
 *     f0 + 4 bytes                      bytes, up to 4 GB
 *
 *     "a" 1024 "b"     81 'a' 02   c4 00 02   81 'b' 02
 *
 * Bytes that spell an integer are stored as one, as Redis does. The length behind has 7 bits a byte, the highest first,
 * all but the first marked; it lets Redis walk backwards, and here it is a check.
 *
 * Source: S. Sanfilippo, Y. Wu, "Listpack specification". */

import { copyBytes, type Range } from '../../base/bytes.ts'
import { parseInteger, wide } from '../../base/numbers.ts'
import type { Memory } from '../../memory/arena.ts'
import { ElementCursor } from './elements.ts'
import type { RdbError } from './format.ts'
import { Room } from '../../memory/room.ts'

const HEADER_BYTES = 6
/** Bytes of a listpack without elements. */
export const LISTPACK_BYTES_MIN = HEADER_BYTES + 1
const END = 0xff
const COUNT_UNKNOWN = 0xffff
const INT_16 = 0xf1
const INT_24 = 0xf2
const INT_32 = 0xf3
const INT_64 = 0xf4
const BYTES_32 = 0xf0

/** Goes over the elements of a listpack. */
export class ListpackCursor extends ElementCursor {
  #seen = 0

  override open(packed: Range): this {
    const { buf, start, end } = packed
    const length = end - start
    if (length <= HEADER_BYTES || buf.readUInt32LE(start) !== length || buf[end - 1] !== END) throw this.damaged()
    this.buf = buf
    this.at = start + HEADER_BYTES
    this.end = end - 1
    this.#seen = 0
    const count = buf.readUInt16LE(start + 4)
    this.count = count === COUNT_UNKNOWN ? -1 : count
    return this
  }

  override next(): boolean {
    const begin = this.at
    if (begin >= this.end) {
      if (begin !== this.end || (this.count >= 0 && this.#seen !== this.count)) throw this.damaged()
      return false
    }
    this.#seen++
    const end = this.#decode(this.buf[begin]!, begin)
    if (end >= this.end) throw this.damaged()
    this.at = this.#checkBackLength(end, end - begin)
    return true
  }

  /** Returns the position behind the element's bytes; the bytes of its head are read inside the closing byte's bound. */
  #decode(head: number, at: number): number {
    const { buf } = this
    if (head < 0x80) {
      this.setInteger(head)
      return at + 1
    }
    if (head < 0xc0) return this.setBytes(at + 1, head & 0x3f)
    if (head < 0xe0) {
      this.setInteger((((head & 0x1f) << 27) >> 19) | buf[at + 1]!)
      return at + 2
    }
    if (head < 0xf0) return this.setBytes(at + 2, ((head & 0x0f) << 8) | buf[at + 1]!)
    const bytes = head === INT_16 ? 2 : head === INT_24 ? 3 : head === INT_64 ? 8 : 4
    if (head > INT_64 || at + 1 + bytes >= this.end) throw this.damaged()
    if (head === BYTES_32) return this.setBytes(at + 5, buf.readUInt32LE(at + 1))
    if (head === INT_64) {
      this.setInteger(buf.readInt32LE(at + 1))
      this.high = buf.readInt32LE(at + 5)
    } else this.setInteger(buf.readIntLE(at + 1, bytes))
    return at + 1 + bytes
  }

  /** The length behind an element must be what its head said. Returns the position behind it. */
  #checkBackLength(at: number, length: number): number {
    const { buf } = this
    const bytes = backLengthBytes(length)
    if (at + bytes > this.end) throw this.damaged()
    for (let i = bytes - 1, rest = length; i >= 0; i--) {
      const expected = (rest & 127) | (i > 0 ? 128 : 0)
      if (buf[at + i] !== expected) throw this.damaged()
      rest = Math.floor(rest / 128)
    }
    return at + bytes
  }

  override damaged(): RdbError {
    return this.reader.error('a listpack is damaged')
  }
}

function backLengthBytes(length: number): number {
  return length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : length < 1 << 21 ? 3 : length < 1 << 28 ? 4 : 5
}

/** Bytes that a byte string takes in a listpack. */
export function listpackBytes(buf: Buffer, start: number, end: number): number {
  const length = end - start
  const value = length > 20 ? NaN : parseInteger(buf, start, end)
  let bytes = length < 64 ? 1 + length : length < 4096 ? 2 + length : 5 + length
  if (!Number.isNaN(value)) bytes = integerBytes(value)
  return bytes + backLengthBytes(bytes)
}

function integerBytes(value: number): number {
  if (value >= 0 && value < 128) return 1
  if (value >= -4096 && value < 4096) return 2
  if (value >= -32768 && value < 32768) return 3
  if (value >= -0x800000 && value < 0x800000) return 4
  return value >= -0x80000000 && value <= 0x7fffffff ? 5 : 9
}

/** Packs elements into a listpack, in arena memory that is used again for the next one. */
export class ListpackBuilder {
  /** How many elements were put in. */
  count = 0
  readonly #room: Room
  #at = 0

  constructor(memory: Memory) {
    this.#room = new Room(memory)
    this.begin()
  }

  /** Begin a new one; the last is gone. */
  begin(): this {
    this.count = 0
    this.#at = HEADER_BYTES
    this.#room.grow(HEADER_BYTES + 1, 0)
    return this
  }

  /** Bytes of the listpack so far, closing byte included. */
  get size(): number {
    return this.#at + 1
  }

  /** Add a byte string. */
  bytes(element: Range): void {
    this.slice(element.buf, element.start, element.end)
  }

  /** Add a byte string; one that spells a 64-bit integer becomes one. */
  slice(buf: Buffer, start: number, end: number): void {
    const length = end - start
    const value = length > 20 ? NaN : parseInteger(buf, start, end)
    if (Number.isFinite(value)) this.integer(value)
    else if (!Number.isNaN(value)) this.long(wide.high, wide.low)
    else this.#putBytes(buf, start, length)
  }

  #putBytes(from: Buffer, start: number, length: number): void {
    let at = this.#make(length + 5)
    const { buf } = this.#room
    const begin = at
    if (length < 64) buf[at++] = 0x80 | length
    else if (length < 4096) {
      buf[at++] = 0xe0 | (length >> 8)
      buf[at++] = length
    } else {
      buf[at] = BYTES_32
      at = buf.writeUInt32LE(length, at + 1)
    }
    copyBytes(from, start, buf, at, length)
    this.#close(begin, at + length)
  }

  /** Add a safe integer. */
  integer(value: number): void {
    if (value < -0x80000000 || value > 0x7fffffff) {
      this.long(Math.floor(value / 4294967296), value | 0)
      return
    }
    let at = this.#make(5)
    const { buf } = this.#room
    const begin = at
    if (value >= 0 && value < 128) buf[at++] = value
    else if (value >= -4096 && value < 4096) {
      buf[at++] = 0xc0 | ((value >> 8) & 0x1f)
      buf[at++] = value
    } else {
      const bytes = value >= -32768 && value < 32768 ? 2 : value >= -0x800000 && value < 0x800000 ? 3 : 4
      buf[at] = bytes === 2 ? INT_16 : bytes === 3 ? INT_24 : INT_32
      at = buf.writeIntLE(value, at + 1, bytes)
    }
    this.#close(begin, at)
  }

  /** Add a 64-bit integer from its words. */
  long(high: number, low: number): void {
    if (high === low >> 31) {
      this.integer(low | 0)
      return
    }
    const begin = this.#make(9)
    const { buf } = this.#room
    buf[begin] = INT_64
    buf.writeInt32LE(low | 0, begin + 1)
    buf.writeInt32LE(high, begin + 5)
    this.#close(begin, begin + 9)
  }

  /** Make place for an element of so many bytes and what surrounds it. Returns the position in the room's buffer. */
  #make(bytes: number): number {
    this.#room.grow(this.#at + bytes + 6, this.#at)
    return this.#room.start + this.#at
  }

  #close(begin: number, at: number): void {
    const { buf, start } = this.#room
    const length = at - begin
    const bytes = backLengthBytes(length)
    for (let i = bytes - 1, rest = length; i >= 0; i--) {
      buf[at + i] = (rest & 127) | (i > 0 ? 128 : 0)
      rest = Math.floor(rest / 128)
    }
    this.#at = at + bytes - start
    this.count++
  }

  /** Close the listpack. Its bytes are valid until begin(). */
  finish(out: Range): Range {
    const { buf, start } = this.#room
    buf[start + this.#at] = END
    buf.writeUInt32LE(this.#at + 1, start)
    buf.writeUInt16LE(Math.min(this.count, COUNT_UNKNOWN), start + 4)
    return out.set(buf, start, start + this.#at + 1)
  }

  release(): void {
    this.#room.release()
    this.begin()
  }
}
