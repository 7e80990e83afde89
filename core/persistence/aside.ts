/* Aside -- bytes that belong behind what is being written just now, in buffers of 64 KB until it is their turn.
 *
 *      writer --> | full | full | full | being filled |  --> passOn(): one buffer at a time into the file
 *
 * Nothing is ever copied to grow, and no step hands on more than one buffer, however much there is. */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import { RdbWriter } from './rdb/writer.ts'

interface Filled {
  readonly block: Address
  readonly bytes: number
}

export class Aside {
  /** Takes the bytes. */
  readonly writer: RdbWriter
  readonly #memory: Memory
  readonly #filled: Filled[] = []
  #first = 0

  constructor(memory: Memory, compress: boolean) {
    this.#memory = memory
    this.writer = new RdbWriter(memory, { compress, sink: (buf, start, end) => this.#take(buf, start, end) })
  }

  #take(buf: Buffer, start: number, end: number): void {
    const block = this.#memory.block(ACCOUNT.overhead, end - start)
    buf.copy(this.#memory.u8[block >>> SLAB_BITS]!, (block & UNIT_MASK) << 3, start, end)
    this.#filled.push({ block, bytes: end - start })
  }

  /** Hand the next bytes on. False when there are none. */
  passOn(to: RdbWriter): boolean {
    if (this.#first === this.#filled.length) this.writer.flush()
    const next = this.#filled[this.#first]
    if (next === undefined) return false
    this.#first++
    const at = (next.block & UNIT_MASK) << 3
    to.raw(this.#memory.u8[next.block >>> SLAB_BITS]!, at, at + next.bytes)
    this.#memory.free(ACCOUNT.overhead, next.block)
    return true
  }

  release(): void {
    for (; this.#first < this.#filled.length; this.#first++)
      this.#memory.free(ACCOUNT.overhead, this.#filled[this.#first]!.block)
    this.writer.release()
  }
}
