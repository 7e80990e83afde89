/* Intset -- a set of integers in order, each of the width that the widest one needs.
 *
 *     width  count  integer ... integer          4 bytes each, then 2, 4 or 8 bytes an integer, the lowest byte first
 *
 *     {-40000, 1, 70000}    04000000 03000000   c063ffff 01000000 70110100 */

import type { Range } from '../../base/bytes.ts'
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
  #width = 2
  #at = HEADER_BYTES

  constructor(memory: Memory) {
    this.#room = new Room(memory)
  }

  /** Begin one; its width is that of the widest integer, and it is enough to know the least and the greatest. */
  begin(least: number, greatest: number): this {
    const fits = (bits: number): boolean => least >= -(2 ** (bits - 1)) && greatest < 2 ** (bits - 1)
    this.#width = fits(16) ? 2 : fits(32) ? 4 : 8
    this.#at = HEADER_BYTES
    return this
  }

  /** Add an integer, greater than the last. */
  add(high: number, low: number): void {
    this.#room.grow(this.#at + this.#width, this.#at)
    const { buf, start } = this.#room
    const at = start + this.#at
    if (this.#width === 2) buf.writeInt16LE(low, at)
    else buf.writeInt32LE(low | 0, at)
    if (this.#width === 8) buf.writeInt32LE(high, at + 4)
    this.#at += this.#width
  }

  /** Close the intset. Its bytes are valid until begin(). */
  finish(out: Range): Range {
    this.#room.grow(this.#at, this.#at)
    const { buf, start } = this.#room
    buf.writeUInt32LE(this.#width, start)
    buf.writeUInt32LE((this.#at - HEADER_BYTES) / this.#width, start + 4)
    return out.set(buf, start, start + this.#at)
  }

  release(): void {
    this.#room.release()
  }
}
