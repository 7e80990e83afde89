/* Pieces -- many byte strings at once, each named where it lies.
 *
 *      piece          0      1      2      3
 *      buffer         slab   slab   chunk  slab          a slab of the arena, or a chunk of this object
 *      start, end     8,13   40,41  0,7    -1,-1         start -1: nothing
 *
 * A Range is good for one string; who sorts ten thousand wants to name them all. Those that stay where they are for as long as the
 * pieces are used (elements of a value that nobody changes) are taken by reference; those that are written anew for each that
 * is read, or belong to a value that may go, are copied into chunks.
 *
 *   add, addCopy O(length copied), amortised      set, compare O(1), O(common bytes)
 *
 * An object of this kind lives for one command. */

import { NO_BYTES, type Range } from '../base/bytes.ts'

const CHUNK_BYTES = 64 << 10
const FIRST_CHUNK_BYTES = 512
const NOTHING = -1

/** A list of byte strings; see the header. */
export class Pieces {
  length = 0
  readonly #bufs: Buffer[] = []
  #starts: Int32Array
  #ends: Int32Array
  #chunk: Buffer = NO_BYTES
  #chunkUsed = 0

  /** @param expected about how many pieces there will be. */
  constructor(expected = 64) {
    this.#starts = new Int32Array(Math.max(1, expected))
    this.#ends = new Int32Array(Math.max(1, expected))
  }

  /** Add bytes that stay where they are. */
  add(bytes: Range): void {
    this.#push(bytes.buf, bytes.start, bytes.end)
  }

  /** Add a copy of bytes. */
  addCopy(bytes: Range): void {
    const length = bytes.end - bytes.start
    if (this.#chunkUsed + length > this.#chunk.length) {
      const grown = Math.min(CHUNK_BYTES, this.#chunk.length * 4)
      this.#chunk = Buffer.from(new Uint8Array(Math.max(length, grown, FIRST_CHUNK_BYTES)).buffer)
      this.#chunkUsed = 0
    }
    const at = this.#chunkUsed
    bytes.buf.copy(this.#chunk, at, bytes.start, bytes.end)
    this.#chunkUsed = at + length
    this.#push(this.#chunk, at, at + length)
  }

  /** Add that there is none. */
  addNothing(): void {
    this.#push(NO_BYTES, NOTHING, NOTHING)
  }

  #push(buf: Buffer, start: number, end: number): void {
    const i = this.length++
    if (i === this.#starts.length) this.#grow()
    this.#bufs.push(buf)
    this.#starts[i] = start
    this.#ends[i] = end
  }

  #grow(): void {
    const length = this.#starts.length * 2
    const starts = new Int32Array(length)
    starts.set(this.#starts)
    this.#starts = starts
    const ends = new Int32Array(length)
    ends.set(this.#ends)
    this.#ends = ends
  }

  /** Name piece `i`. False when it is nothing. */
  name(i: number, out: Range): boolean {
    out.buf = this.#bufs[i]!
    out.start = this.#starts[i]!
    out.end = this.#ends[i]!
    return out.start !== NOTHING
  }

  /** Order of two pieces as memcmp, a shorter one first, and nothing before all: negative, 0 or positive. */
  compare(a: number, b: number): number {
    const aBuf = this.#bufs[a]!
    const bBuf = this.#bufs[b]!
    const aStart = this.#starts[a]!
    const bStart = this.#starts[b]!
    if (aStart === NOTHING || bStart === NOTHING) return bStart - aStart === 0 ? 0 : aStart === NOTHING ? -1 : 1
    const aLength = this.#ends[a]! - aStart
    const bLength = this.#ends[b]! - bStart
    const shorter = Math.min(aLength, bLength)
    for (let i = 0; i < shorter; i++) {
      const difference = aBuf[aStart + i]! - bBuf[bStart + i]!
      if (difference !== 0) return difference
      if (i === 48) return aBuf.compare(bBuf, bStart, bStart + bLength, aStart, aStart + aLength)
    }
    return aLength - bLength
  }

  /**
   * Numbers that are ordered as the pieces are, as far as they tell: six bytes of each, behind the bytes that all begin with;
   * below them those that are nothing.
   */
  prefixes(): Float64Array {
    const skip = this.#commonBytes()
    const keys = new Float64Array(this.length)
    for (let i = 0; i < this.length; i++) {
      const start = this.#starts[i]!
      if (start === NOTHING) {
        keys[i] = -1
        continue
      }
      const buf = this.#bufs[i]!
      const end = this.#ends[i]!
      let key = 0
      for (let at = start + skip; at < start + skip + 6; at++) key = key * 256 + (at < end ? buf[at]! : 0)
      keys[i] = key
    }
    return keys
  }

  /** How many bytes all pieces that are something begin with. */
  #commonBytes(): number {
    let common = Number.POSITIVE_INFINITY
    let first = NOTHING
    for (let i = 0; i < this.length && common > 0; i++) {
      const start = this.#starts[i]!
      if (start === NOTHING) continue
      if (first === NOTHING) {
        first = i
        common = this.#ends[i]! - start
        continue
      }
      common = Math.min(common, this.#ends[i]! - start)
      const buf = this.#bufs[i]!
      const other = this.#bufs[first]!
      const otherStart = this.#starts[first]!
      let same = 0
      while (same < common && buf[start + same] === other[otherStart + same]) same++
      common = same
    }
    return Number.isFinite(common) ? common : 0
  }
}
