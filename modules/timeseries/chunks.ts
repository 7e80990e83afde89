/* Chunks of one series, in order of time: a row of addresses in the arena.
 *
 *      | chunk | chunk | chunk | - |        each begins after the one before it ends
 *
 * Finding the chunk of a time looks into headers: O(log n) of them. Inserting in the middle moves what follows, 4 bytes
 * a chunk: 1 MB for the 250,000 chunks of a hundred million samples, and rare. */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { firstTimeOf } from './chunk/stretch.ts'

export class Chunks {
  readonly #memory: Memory
  #row: Address = 0
  length = 0
  /** The last of the row, 0 when there is none: nearly all samples go there. */
  last: Address = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  at(index: number): Address {
    return this.#memory.i32[this.#row >>> SLAB_BITS]![((this.#row & UNIT_MASK) << 1) + index]!
  }

  set(index: number, chunk: Address): void {
    this.#memory.i32[this.#row >>> SLAB_BITS]![((this.#row & UNIT_MASK) << 1) + index] = chunk
    if (index === this.length - 1) this.last = chunk
  }

  /** The last chunk that begins at a time or before; 0 when all begin later. */
  indexOf(time: number): number {
    let low = 1
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (firstTimeOf(this.#memory, this.at(middle)) <= time) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  insert(index: number, chunk: Address): void {
    this.reserve(1)
    this.length++
    const words = this.#memory.i32[this.#row >>> SLAB_BITS]!
    const at = ((this.#row & UNIT_MASK) << 1) + index
    words.copyWithin(at + 1, at, at + this.length - index - 1)
    words[at] = chunk
    this.last = this.at(this.length - 1)
  }

  /** Forget some chunks; freeing them is the caller's part. */
  remove(index: number, count: number): void {
    const words = this.#memory.i32[this.#row >>> SLAB_BITS]!
    const at = ((this.#row & UNIT_MASK) << 1) + index
    words.copyWithin(at, at + count, at + this.length - index)
    this.length -= count
    this.last = this.length === 0 ? 0 : this.at(this.length - 1)
  }

  /** Make sure that `more` chunks can be inserted. @throws ArenaFull with nothing changed. */
  reserve(more: number): void {
    const need = (this.length + more) << 2
    if (this.#row === 0) this.#row = this.#memory.block(ACCOUNT.dataset, need)
    else if (need > this.#memory.sizeOf(this.#row))
      this.#row = this.#memory.resize(ACCOUNT.dataset, this.#row, this.length << 2, need + (need >>> 2))
  }

  /** Bytes of the row itself. */
  get bytes(): number {
    return this.#row === 0 ? 0 : this.#memory.sizeOf(this.#row)
  }

  /** Give the row back. */
  free(): void {
    if (this.#row !== 0) this.#memory.free(ACCOUNT.dataset, this.#row)
    this.#row = 0
    this.length = 0
    this.last = 0
  }
}
