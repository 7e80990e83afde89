/* Intset -- a set of integers in order, each of the width that the widest one needs.
 *
 *     width  count  integer ... integer          4 bytes each, then 2, 4 or 8 bytes an integer, the lowest byte first
 *
 *     {-40000, 1, 70000}    04000000 03000000   c063ffff 01000000 70110100 */

import { copyBytes, type Range } from '../../base/bytes.ts'
import type { Memory } from '../../memory/arena.ts'
import { ElementCursor } from './elements.ts'
import type { RdbError } from './format.ts'
import { Room } from '../../memory/room.ts'

const HEADER_BYTES = 8

/** Goes over the integers of an intset, which must ascend. */
export class IntsetCursor extends ElementCursor {
  #width = 0
  #first = true

  override open(packed: Range): this {
    const { buf, start, end } = packed
    const length = end - start
    const width = length < HEADER_BYTES ? 0 : buf.readUInt32LE(start)
    if (width !== 2 && width !== 4 && width !== 8) throw this.damaged()
    this.count = buf.readUInt32LE(start + 4)
    if (length !== HEADER_BYTES + this.count * width) throw this.damaged()
    this.buf = buf
    this.at = start + HEADER_BYTES
    this.end = end
    this.#width = width
    this.#first = true
    return this
  }

  /** Name the integers, after next() has found them sound. Returns the bytes of each. */
  integers(out: Range): number {
    out.set(this.buf, this.end - this.count * this.#width, this.end)
    return this.#width
  }

  override next(): boolean {
    const { buf, at, high, low } = this
    if (at >= this.end) return false
    if (this.#width === 8) {
      this.setInteger(buf.readInt32LE(at))
      this.high = buf.readInt32LE(at + 4)
    } else this.setInteger(this.#width === 4 ? buf.readInt32LE(at) : buf.readInt16LE(at))
    if (!this.#first && (this.high < high || (this.high === high && this.low >>> 0 <= low >>> 0))) throw this.damaged()
    this.#first = false
    this.at += this.#width
    return true
  }

  override damaged(): RdbError {
    return this.reader.error('an intset is damaged')
  }
}

/** Packs integers into an intset, in arena memory that is used again for the next one. */
export class IntsetBuilder {
  readonly #room: Room

  constructor(memory: Memory) {
    this.#room = new Room(memory)
  }

  /** Make one of integers that lie as they will there. Its bytes are valid until the next is made. */
  pack(integers: Range, width: number, out: Range): Range {
    const length = integers.end - integers.start
    this.#room.grow(HEADER_BYTES + length, 0)
    const { buf, start } = this.#room
    buf.writeUInt32LE(width, start)
    buf.writeUInt32LE(length / width, start + 4)
    copyBytes(integers.buf, integers.start, buf, start + HEADER_BYTES, length)
    return out.set(buf, start, start + HEADER_BYTES + length)
  }

  release(): void {
    this.#room.release()
  }
}
