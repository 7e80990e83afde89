/* Row -- blocks one behind the other, each written as a piece of its own, while they go on changing.
 *
 *      blocks      A     B     C     D     E            nodes of a list, blocks of a stream, leaves of pending entries,
 *                              ^ next                   chunks of a series
 *      early                        "D was"
 *
 * Before a block that is yet to be written changes or goes, its piece is written aside, and goes into the file in its turn. So
 * whatever a block refers to (a chunk has its samples in another) is read while all of it is still there. Which blocks make up the
 * value was settled at the beginning: what is added later is not in the row, and what was taken out of the value is. */

import { Range } from '../base/bytes.ts'
import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import type { Part } from './plan.ts'
import type { RdbWriter } from './rdb/writer.ts'
import type { Watch, Watched } from './watch.ts'

/** Writes the piece of one block. */
export type WritePiece = (writer: RdbWriter, block: Address) => void

/** A piece that was written aside. */
interface Early {
  readonly block: Address
  readonly bytes: number
}

export class Row implements Part, Watched {
  readonly #memory: Memory
  readonly #watch: Watch
  readonly #owner: number
  readonly #blocks: readonly Address[]
  readonly #write: WritePiece
  readonly #early = new Map<number, Early>()
  /** Takes one piece at a time. */
  readonly #aside: () => RdbWriter
  readonly #piece = new Range()
  #next = 0

  constructor(memory: Memory, watch: Watch, blocks: readonly Address[], write: WritePiece, aside: () => RdbWriter) {
    this.#memory = memory
    this.#watch = watch
    this.#blocks = blocks
    this.#write = write
    this.#aside = aside
    this.#owner = watch.enter(this)
    watch.reserve(blocks.length)
    for (let i = 0; i < blocks.length; i++) watch.add(blocks[i]!, this.#owner, i)
  }

  get isDone(): boolean {
    return this.#next === this.#blocks.length
  }

  block(place: number): void {
    const memory = this.#memory
    const aside = this.#aside().begin()
    this.#write(aside, this.#blocks[place]!)
    const { buf, start, end } = aside.result(this.#piece)
    const block = memory.block(ACCOUNT.overhead, end - start)
    buf.copy(memory.u8[block >>> SLAB_BITS]!, (block & UNIT_MASK) << 3, start, end)
    this.#early.set(place, { block, bytes: end - start })
    this.#watch.remove(this.#blocks[place]!)
  }

  stretch(place: number): void {
    this.block(place)
  }

  keeps(place: number): boolean {
    this.block(place)
    return false
  }

  part(): void {}

  step(writer: RdbWriter): void {
    const early = this.#early.get(this.#next)
    if (early === undefined) {
      const block = this.#blocks[this.#next]!
      this.#write(writer, block)
      this.#watch.remove(block)
    } else {
      const at = (early.block & UNIT_MASK) << 3
      writer.raw(this.#memory.u8[early.block >>> SLAB_BITS]!, at, at + early.bytes)
      this.#early.delete(this.#next)
      this.#memory.free(ACCOUNT.overhead, early.block)
    }
    this.#next++
  }

  release(): void {
    for (const block of this.#blocks.slice(this.#next)) this.#watch.remove(block)
    for (const { block } of this.#early.values()) this.#memory.free(ACCOUNT.overhead, block)
    this.#early.clear()
    this.#watch.leave(this.#owner)
  }
}
