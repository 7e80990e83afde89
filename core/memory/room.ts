/* Room -- a piece of arena memory that grows: the window of a reader, the output of a writer.
 *
 * Nobody else may hold its bytes while it grows, since they move; whoever points into it says until when. */

import { ACCOUNT, type Account, type Address, type Memory, SLAB_BITS, UNIT_MASK } from './arena.ts'
import { NO_BYTES } from '../base/bytes.ts'

/** Bytes [start, start + capacity) of `buf`. Empty until it is first grown. */
export class Room {
  buf: Buffer = NO_BYTES
  start = 0
  capacity = 0
  readonly #memory: Memory
  readonly #account: Account
  #block: Address = 0

  constructor(memory: Memory, account: Account = ACCOUNT.overhead) {
    this.#memory = memory
    this.#account = account
  }

  /**
   * Make place for `bytes` bytes, keeping the first `keep`. Grows at least twofold, so that growing step by step costs
   * no more than growing at once.
   * @throws ArenaFull with nothing changed.
   */
  grow(bytes: number, keep: number): void {
    if (bytes > this.capacity) this.#move(Math.max(bytes, Math.min(this.capacity * 2, bytes + 0x4000000)), keep)
  }

  /** Give back what is more than `bytes`, keeping the first `keep`. */
  shrink(bytes: number, keep: number): void {
    if (this.capacity > bytes * 2) this.#move(bytes, keep)
  }

  #move(bytes: number, keep: number): void {
    const block = this.#memory.block(this.#account, bytes)
    const buf = this.#memory.u8[block >>> SLAB_BITS]!
    const start = (block & UNIT_MASK) << 3
    if (keep > 0) this.buf.copy(buf, start, this.start, this.start + keep)
    if (this.#block !== 0) this.#memory.free(this.#account, this.#block)
    this.#block = block
    this.buf = buf
    this.start = start
    this.capacity = this.#memory.sizeOf(block)
  }

  /** Give everything back. */
  release(): void {
    if (this.#block !== 0) this.#memory.free(this.#account, this.#block)
    this.#block = 0
    this.buf = NO_BYTES
    this.start = 0
    this.capacity = 0
  }
}
