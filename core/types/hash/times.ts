/* FieldTimes -- what a hash is made of once a field of it has a deadline.
 *
 * Its record names a holder, a block of four words. The database keeps the holders in a heap by the earliest deadline
 * of each hash, so the next field to die anywhere is found at once; the word `record` leads back to the hash.
 *
 *      record --> holder [ slot in db.parts | record | root | heap ]
 *                                                       |      \-- deadlines of the fields (structs/deadlines.ts)
 *                                                       \-- Dict
 *
 * A hash that is still packed has no heap, and `root` is a block of triples: field, value, deadline (structs/packed.ts).
 * It is searched from front to back anyhow, and its earliest deadline with it. */

import { type Account, type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../../memory/arena.ts'
import { Deadlines } from '../../structs/deadlines.ts'
import { NO_DEADLINE } from '../../structs/packed.ts'

/** Words of a holder. */
export const HOLDER = { slot: 0, record: 1, root: 2, heap: 3 } as const
export const HOLDER_WORDS = 4

export class FieldTimes {
  /** The holder, 0 while no field ever had a deadline. */
  holder: Address = 0
  /** Deadlines of the fields in a Dict. */
  readonly heap: Deadlines
  readonly #memory: Memory

  /** @param slotAt offset of a field record's slot among the deadlines. */
  constructor(memory: Memory, slotAt: number, account: Account) {
    this.#memory = memory
    this.heap = new Deadlines(memory, slotAt, account)
  }

  /** Look at another hash. */
  bind(holder: Address): void {
    this.holder = holder
    const heap = this.heapRoot
    if (heap !== 0) this.heap.bind(heap)
  }

  /** The heap of deadlines, 0 for a packed hash. */
  get heapRoot(): Address {
    return this.word(HOLDER.heap)
  }

  /** The deadline of a field's record, NO_DEADLINE when it has none. */
  of(record: Address): number {
    const time = this.heap.time(record)
    return time === Infinity ? NO_DEADLINE : time
  }

  word(i: number): number {
    return this.#memory.i32[this.holder >>> SLAB_BITS]![((this.holder & UNIT_MASK) << 1) + i]!
  }

  setWord(i: number, value: number): void {
    this.#memory.i32[this.holder >>> SLAB_BITS]![((this.holder & UNIT_MASK) << 1) + i] = value
  }
}
