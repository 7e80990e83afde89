/* Ziplist -- the packed encoding of Redis before 7.0; and zipmap, that of hashes before 2.6. Both are only read.
 *
 * Ziplist
 *     bytes  tail  count  entry ... entry  ff        4, 4 and 2 bytes (count ffff: not known)
 *
 *     entry = length of the entry before (1 byte, or fe and 4 bytes) | how and how long | bytes
 *
 *     00llllll                   bytes, up to 63          c0 16 bits   d0 32 bits   e0 64 bits   f0 24 bits   fe 8 bits
 *     01llllll llllllll          bytes, up to 16383       1111vvvv     0 to 12, as 1 to 13
 *     10...... and 4 bytes       bytes                    lengths have their highest byte first, integers their lowest
 *
 * Zipmap
 *     count  [length name  length free value free-bytes] ...  ff      length: 1 byte, or fe and 4 bytes
 *
 * Sources: the formats as they are told in Redis's RDB documentation. */

import type { Range } from '../../base/bytes.ts'
import { ElementCursor } from './elements.ts'
import type { RdbError } from './format.ts'

const HEADER_BYTES = 10
const END = 0xff
const LONG_LENGTH = 0xfe
const COUNT_UNKNOWN = 0xffff

/** Goes over the entries of a ziplist. */
export class ZiplistCursor extends ElementCursor {
  #seen = 0
  #previous = 0

  override open(packed: Range): this {
    const { buf, start, end } = packed
    const length = end - start
    if (length <= HEADER_BYTES || buf.readUInt32LE(start) !== length || buf[end - 1] !== END) throw this.damaged()
    this.buf = buf
    this.at = start + HEADER_BYTES
    this.end = end - 1
    this.#seen = 0
    this.#previous = 0
    const count = buf.readUInt16LE(start + 8)
    this.count = count === COUNT_UNKNOWN ? -1 : count
    return this
  }

  override next(): boolean {
    const { buf, end } = this
    const begin = this.at
    if (begin >= end) {
      if (begin !== end || (this.count >= 0 && this.#seen !== this.count)) throw this.damaged()
      return false
    }
    let at = begin + 1
    let before = buf[begin]!
    if (before === LONG_LENGTH) {
      if (begin + 5 > end) throw this.damaged()
      before = buf.readUInt32LE(begin + 1)
      at = begin + 5
    }
    if (before !== this.#previous || at >= end) throw this.damaged()
    this.at = this.#decode(buf[at]!, at)
    if (this.at > end) throw this.damaged()
    this.#previous = this.at - begin
    this.#seen++
    return true
  }

  #decode(head: number, at: number): number {
    const { buf } = this
    if (head < 0x40) return this.setBytes(at + 1, head)
    if (head < 0x80) return this.setBytes(at + 2, ((head & 0x3f) << 8) | buf[at + 1]!)
    if (head > 0xf0 && head < 0xfe) {
      this.setInteger(head - 0xf1)
      return at + 1
    }
    const bytes = head < 0xc0 ? 4 : integerBytes(head)
    if (bytes === 0 || at + 1 + bytes > this.end) throw this.damaged()
    if (head < 0xc0) return this.setBytes(at + 5, buf.readUInt32BE(at + 1))
    if (bytes === 8) {
      this.setInteger(buf.readInt32LE(at + 1))
      this.high = buf.readInt32LE(at + 5)
    } else this.setInteger(buf.readIntLE(at + 1, bytes))
    return at + 1 + bytes
  }

  override damaged(): RdbError {
    return this.reader.error('a ziplist is damaged')
  }
}

function integerBytes(head: number): number {
  return head === 0xc0 ? 2 : head === 0xd0 ? 4 : head === 0xe0 ? 8 : head === 0xf0 ? 3 : head === 0xfe ? 1 : 0
}

/** Goes over the names and values of a zipmap in turn. */
export class ZipmapCursor extends ElementCursor {
  #isValue = false

  override open(packed: Range): this {
    const { buf, start, end } = packed
    if (end - start < 2 || buf[end - 1] !== END) throw this.damaged()
    this.buf = buf
    this.at = start + 1
    this.end = end - 1
    this.count = buf[start]! < LONG_LENGTH ? buf[start]! * 2 : -1
    this.#isValue = false
    return this
  }

  override next(): boolean {
    const { buf, end } = this
    if (this.at >= end) {
      if (this.at !== end || this.#isValue) throw this.damaged()
      return false
    }
    let at = this.at + 1
    let length = buf[this.at]!
    if (length === END) throw this.damaged()
    if (length === LONG_LENGTH) {
      if (at + 4 > end) throw this.damaged()
      length = buf.readUInt32LE(at)
      at += 4
    }
    // A value is followed by bytes that it does not need, whose number stands before it.
    const free = this.#isValue ? buf[at++]! : 0
    this.at = this.setBytes(at, length) + free
    if (this.at > end) throw this.damaged()
    this.#isValue = !this.#isValue
    return true
  }

  override damaged(): RdbError {
    return this.reader.error('a zipmap is damaged')
  }
}
