/* Stretch -- the bytes of one block, written a piece at a time as they were at one moment, while they go on changing.
 *
 *      bytes     | page 0 | page 1 | page 2 | page 3 | page 4 | ...       pages of 4 KB, counted from the first byte
 *                                  ^ next to be written
 *      kept                                 | old 3  |                    someone wrote into page 3: this is what it was
 *
 * Before a byte changes, the page that it lies in is copied, unless it was written already or copied before. The walk
 * takes a page from its copy if there is one, and from the block itself otherwise. So a change costs one page, and a value
 * that is written all over costs no more memory than a fork's copy on write would.
 *
 * When the block is freed (the key is deleted, or the string has moved to grow), it is not copied either: it is taken over as it
 * is, and freed when it was written.
 *
 *   a change O(page)    freeing O(1)    a step: PIECE bytes
 *
 * Invariant: a page below `next` is in no copy; what the copies and the block say of the others is the first moment. */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import type { Part } from './plan.ts'
import type { RdbWriter } from './rdb/writer.ts'
import type { Watch, Watched } from './watch.ts'

const PAGE_BITS = 12
const PAGE_BYTES = 1 << PAGE_BITS
/** Bytes that are written at once. */
const PIECE_BYTES = 64 << 10

export class Stretch implements Part, Watched {
  readonly #memory: Memory
  readonly #watch: Watch
  readonly #owner: number
  readonly #block: Address
  /** Where the bytes begin in the block, and how many there are. */
  readonly #start: number
  readonly #length: number
  /** Copies of pages, by number. */
  readonly #kept = new Map<number, Address>()
  #next = 0
  /** Whether the block is ours, since whose it was has freed it. */
  #isOwn = false
  #isWatched = true

  constructor(memory: Memory, watch: Watch, block: Address, start: number, length: number) {
    this.#memory = memory
    this.#watch = watch
    this.#block = block
    this.#start = start
    this.#length = length
    this.#owner = watch.enter(this)
    watch.add(block, this.#owner, 0)
  }

  get isDone(): boolean {
    return this.#next === this.#length
  }

  block(): void {
    this.stretch(0, this.#start, this.#start + this.#length)
  }

  stretch(_place: number, from: number, to: number): void {
    const first = Math.max(from - this.#start, this.#next) >>> PAGE_BITS
    const end = Math.min(to - this.#start, this.#length)
    for (let page = first; page << PAGE_BITS < end; page++) if (!this.#kept.has(page)) this.#keep(page)
  }

  #keep(page: number): void {
    const memory = this.#memory
    const copy = memory.block(ACCOUNT.overhead, PAGE_BYTES)
    const from = ((this.#block & UNIT_MASK) << 3) + this.#start + (page << PAGE_BITS)
    const bytes = Math.min(PAGE_BYTES, this.#length - (page << PAGE_BITS))
    memory.u8[this.#block >>> SLAB_BITS]!.copy(
      memory.u8[copy >>> SLAB_BITS]!,
      (copy & UNIT_MASK) << 3,
      from,
      from + bytes,
    )
    this.#kept.set(page, copy)
  }

  keeps(): boolean {
    this.#isOwn = true
    return true
  }

  step(writer: RdbWriter): void {
    const end = Math.min(this.#length, this.#next + PIECE_BYTES)
    if (this.#kept.size === 0) this.#pass(writer, end)
    else while (this.#next < end) this.#page(writer)
    if (this.#next === this.#length) this.release()
  }

  /** Bytes from where they lie. */
  #pass(writer: RdbWriter, end: number): void {
    const at = ((this.#block & UNIT_MASK) << 3) + this.#start
    writer.raw(this.#memory.u8[this.#block >>> SLAB_BITS]!, at + this.#next, at + end)
    this.#next = end
  }

  #page(writer: RdbWriter): void {
    const memory = this.#memory
    const page = this.#next >>> PAGE_BITS
    const end = Math.min(this.#length, (page + 1) << PAGE_BITS)
    const copy = this.#kept.get(page)
    if (copy === undefined) {
      this.#pass(writer, end)
      return
    }
    const at = (copy & UNIT_MASK) << 3
    writer.raw(memory.u8[copy >>> SLAB_BITS]!, at, at + end - this.#next)
    this.#kept.delete(page)
    memory.free(ACCOUNT.overhead, copy)
    this.#next = end
  }

  release(): void {
    if (!this.#isWatched) return
    this.#isWatched = false
    this.#watch.remove(this.#block)
    this.#watch.leave(this.#owner)
    for (const copy of this.#kept.values()) this.#memory.free(ACCOUNT.overhead, copy)
    this.#kept.clear()
    if (this.#isOwn) this.#memory.free(ACCOUNT.overhead, this.#block)
  }
}
