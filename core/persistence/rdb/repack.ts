/* Repack -- a listpack of a file into the region that a small collection is in memory, in one pass, and back.
 *
 *      listpack   | bytes | count | 84 name 05 | 83 Ada 04 | 84 born 05 | c7 17 02 | ff |
 *      region     | size | entries | 4 name | 3 Ada | 4 born | 4 1815 |                      structs/packed.ts
 *
 * The data of most servers are millions of small hashes, lists and sets, so this is what loading and saving them is. An
 * element is copied from one to the other where both have it in hand; nothing is called for it and nothing made.
 *
 * The way in is for what is usual: elements of up to 223 bytes, integers of up to 32 bits, counts that are told. Whatever
 * else comes, and all that is damaged or not in order, is refused, and read by those who know everything and say what is
 * wrong (listpack.ts, collection.ts).
 *
 * Elements that must be unlike are told apart by a table of stamps: a hash of the last bytes leads to a place, and only
 * when that bears the stamp of this collection are the elements before looked through.
 *
 *   in, out O(bytes)      table 4 KB, region and listpack up to 16 KB, used again and again */

import { copyBytes, Range } from '../../base/bytes.ts'
import { parseDouble, parseInteger, writeInteger } from '../../base/numbers.ts'
import * as intset from '../../structs/intset.ts'
import * as packed from '../../structs/packed.ts'

const LISTPACK_HEADER = 6
const LISTPACK_END = 0xff
const INTSET_HEADER = 8
/** Larger listpacks are none of the usual. */
const LISTPACK_MAX = 8192 + 64
/** A 13-bit integer of three bytes is written as up to six. */
const REGION_BYTES = LISTPACK_MAX * 2 + 64
/** The longest element that has its length in the tag alone. */
const SHORT_MAX = 0xdf
const INT_16 = 0xf1
const INT_24 = 0xf2
const INT_32 = 0xf3
const STAMPS = 1024
const HASHED_BYTES = 8
/** Digits of integers, with a sign. */
const INTEGER_LENGTH_MAX = 11
const MINUS = 45
const NINE = 57

/** What elements mean. */
export const LAYOUT = { list: 0, set: 1, hash: 2, zset: 3 } as const
export type Layout = (typeof LAYOUT)[keyof typeof LAYOUT]

export class Repacker {
  /** The region that was made last, from position 0 on. */
  readonly region: Buffer = Buffer.from(new Uint8Array(REGION_BYTES).buffer)
  /** Elements of it. */
  count = 0
  readonly #stamps = new Int32Array(STAMPS)
  #stamp = 0
  /** Of a sorted set: where the last pair lies, and its score. */
  #last = 0
  #lastScore = 0
  // The element in hand: where its bytes lie, or -1 and an integer; and where the next begins.
  #from = 0
  #length = 0
  #integer = 0

  /**
   * Make a region of a listpack. Returns its size, or 0 when it is not for this way.
   * @param elementMax bytes that an element may have (a score any number).
   */
  take(listpack: Range, layout: Layout, elementMax: number, countMax: number): number {
    const { buf, start, end } = listpack
    const length = end - start
    if (length > LISTPACK_MAX || length <= LISTPACK_HEADER || buf.readUInt32LE(start) !== length) return 0
    const count = buf.readUInt16LE(start + 4)
    const isPaired = layout >= LAYOUT.hash
    if (count === 0 || count > countMax || (isPaired && (count & 1) !== 0) || buf[end - 1] !== LISTPACK_END) return 0
    if (++this.#stamp === 0x7fffffff) this.#restart()
    this.#last = 0
    const longest = Math.min(elementMax, SHORT_MAX)
    let at = start + LISTPACK_HEADER
    let out = packed.HEADER_BYTES
    for (let i = 0; i < count; i++) {
      at = this.#next(buf, at, end - 1)
      if (at < 0) return 0
      const isKey = !isPaired || (i & 1) === 0
      if (!isKey && layout === LAYOUT.zset) {
        out = this.#putScore(buf, out)
        if (out < 0) return 0
        continue
      }
      const tag = out
      out = this.#put(buf, out)
      if (out - tag - 1 > longest) return 0
      if (isKey && layout !== LAYOUT.list && this.#comesAgain(tag, out, i, isPaired ? 2 : 1)) return 0
    }
    if (at !== end - 1) return 0
    packed.frame(this.region, 0, out, count)
    this.count = count
    return out
  }

  /** The same for an intset, whose members must ascend. */
  takeIntegers(set: Range, countMax: number): number {
    const { buf, start, end } = set
    const length = end - start - INTSET_HEADER
    if (length <= 0 || length > REGION_BYTES - INTSET_HEADER) return 0
    const width = buf.readUInt32LE(start)
    const count = buf.readUInt32LE(start + 4)
    if ((width !== 2 && width !== 4) || length !== count * width || count > countMax) return 0
    let last = -Infinity
    for (let at = start + INTSET_HEADER; at < end; at += width) {
      const value = width === 2 ? buf.readInt16LE(at) : buf.readInt32LE(at)
      if (value <= last) return 0
      last = value
    }
    this.#element.set(buf, start + INTSET_HEADER, end)
    intset.adopt(this.region, 0, this.#element, width)
    return intset.HEADER_BYTES + length
  }

  #restart(): void {
    this.#stamps.fill(0)
    this.#stamp = 1
  }

  /** Take the element at a position in hand. Returns where the next begins, or -1. */
  #next(buf: Buffer, at: number, end: number): number {
    const head = buf[at]!
    let after = at + 1
    this.#from = -1
    if (head < 0x80) this.#integer = head
    else if (head < 0xc0) {
      this.#from = after
      this.#length = head & 0x3f
      after += this.#length
    } else if (head < 0xe0) {
      this.#integer = (((head & 0x1f) << 27) >> 19) | buf[after++]!
    } else if (head < 0xf0) {
      this.#from = at + 2
      this.#length = ((head & 0x0f) << 8) | buf[at + 1]!
      if (this.#length > SHORT_MAX) return -1
      after = this.#from + this.#length
    } else if (head === INT_16) {
      this.#integer = ((buf[at + 1]! | (buf[at + 2]! << 8)) << 16) >> 16
      after = at + 3
    } else if (head === INT_24) {
      this.#integer = ((buf[at + 1]! | (buf[at + 2]! << 8) | (buf[at + 3]! << 16)) << 8) >> 8
      after = at + 4
    } else if (head === INT_32) {
      this.#integer = buf[at + 1]! | (buf[at + 2]! << 8) | (buf[at + 3]! << 16) | (buf[at + 4]! << 24)
      after = at + 5
    } else return -1
    if (after >= end) return -1
    // The length behind, of seven bits a byte.
    const length = after - at
    if (length < 128) return buf[after] === length ? after + 1 : -1
    return buf[after] === length >> 7 && buf[after + 1] === ((length & 127) | 128) ? after + 2 : -1
  }

  /** Put the element in hand behind the others. Returns where it ends. */
  #put(buf: Buffer, out: number): number {
    const { region } = this
    if (this.#from < 0) {
      const end = writeInteger(region, out + 1, this.#integer)
      region[out] = end - out - 1
      return end
    }
    region[out] = this.#length
    copyBytes(buf, this.#from, region, out + 1, this.#length)
    return out + 1 + this.#length
  }

  /** Put a score behind its member, which must come after the pair before. -1 when it does not. */
  #putScore(buf: Buffer, out: number): number {
    const { region } = this
    const score = this.#from < 0 ? this.#integer : parseDouble(buf, this.#from, this.#from + this.#length)
    if (Number.isNaN(score)) return -1
    const last = this.#last
    let member = packed.HEADER_BYTES
    if (last > 0) {
      member = packed.next(region, packed.next(region, last))
      if (score < this.#lastScore) return -1
      if (score === this.#lastScore && region.compare(region, member + 1, out, last + 1, last + 1 + region[last]!) >= 0)
        return -1
    }
    this.#last = member
    this.#lastScore = score
    return packed.putScore(region, out, score)
  }

  /** Whether the element that lies from `tag` to `end` is one of those before it, `count` with what belongs to them. */
  #comesAgain(tag: number, end: number, count: number, stride: number): boolean {
    const { region } = this
    let hash = end - tag
    for (let at = Math.max(tag + 1, end - HASHED_BYTES); at < end; at++) hash = (Math.imul(hash, 31) + region[at]!) | 0
    const slot = (hash ^ (hash >>> 10) ^ (hash >>> 20)) & (STAMPS - 1)
    if (this.#stamps[slot] !== this.#stamp) {
      this.#stamps[slot] = this.#stamp
      return false
    }
    packed.frame(region, 0, tag, count)
    this.#element.set(region, tag + 1, end)
    return packed.find(region, 0, this.#element, stride) >= 0
  }

  readonly #element = new Range()
}

/** Makes listpacks of regions. */
export class ListpackMaker {
  readonly #buf: Buffer = Buffer.from(new Uint8Array(REGION_BYTES).buffer)

  /**
   * Make the listpack of a region, which is valid until the next is made. False when it is not for this way: when it is
   * large, or holds what is rare.
   */
  make(region: Buffer, start: number, isScored: boolean, out: Range): boolean {
    const size = packed.size(region, start)
    const count = packed.count(region, start)
    // An element of up to 223 bytes takes at most three bytes more in a listpack.
    if (size + count * 3 + LISTPACK_HEADER > REGION_BYTES) return false
    const buf = this.#buf
    const end = start + size
    let to = LISTPACK_HEADER
    let isScore = false
    for (let at = packed.first(start); at < end; isScore = isScored && !isScore) {
      const tag = region[at]!
      if (isScore) {
        const score = packed.readNumber(region, at)
        if (score !== (score | 0) || Object.is(score, -0)) return false
        to = closed(buf, to, putInteger(buf, to, score))
        at = packed.next(region, at)
        continue
      }
      if (tag > SHORT_MAX) return false
      const from = at + 1
      at = from + tag
      const head = tag > 0 ? region[from]! : 0
      if (tag > 0 && tag <= INTEGER_LENGTH_MAX && head >= MINUS && head <= NINE) {
        const value = parseInteger(region, from, at)
        if (value === (value | 0)) {
          to = closed(buf, to, putInteger(buf, to, value))
          continue
        }
        if (!Number.isNaN(value)) return false
      } else if (tag > INTEGER_LENGTH_MAX && tag <= 20 && !Number.isNaN(parseInteger(region, from, at))) return false
      const begin = to
      if (tag < 64) buf[to++] = 0x80 | tag
      else {
        buf[to++] = 0xe0
        buf[to++] = tag
      }
      copyBytes(region, from, buf, to, tag)
      to = closed(buf, begin, to + tag)
    }
    buf[to++] = LISTPACK_END
    buf.writeUInt32LE(to, 0)
    buf.writeUInt16LE(count, 4)
    out.set(buf, 0, to)
    return true
  }
}

/** Write an integer of 32 bits in its shortest form. Returns where it ends. */
function putInteger(buf: Buffer, to: number, value: number): number {
  if (value >= 0 && value < 128) buf[to++] = value
  else if (value >= -4096 && value < 4096) {
    buf[to++] = 0xc0 | ((value >> 8) & 0x1f)
    buf[to++] = value
  } else {
    const bytes = value >= -32768 && value < 32768 ? 2 : value >= -0x800000 && value < 0x800000 ? 3 : 4
    buf[to++] = INT_16 + bytes - 2
    for (let i = 0; i < bytes; i++) buf[to++] = value >> (8 * i)
  }
  return to
}

/** Write the length of an element behind it. Returns where the next begins. */
function closed(buf: Buffer, begin: number, end: number): number {
  const length = end - begin
  if (length < 128) {
    buf[end] = length
    return end + 1
  }
  buf[end] = length >> 7
  buf[end + 1] = (length & 127) | 128
  return end + 2
}
