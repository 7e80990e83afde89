/* Cache -- stretches that were decoded lately.
 *
 * Dashboards ask for the same hours again and again, and decoding is most of what an answer costs. So stretches that
 * are decoded into slots that stay:
 *
 *      record of a stretch                 slot            0        1        2        3
 *      +---------------+                   owner           -     record A record B    -
 *      | ... | slot 2  |------------------>length          -       128       57       -
 *      +---------------+                   used            0        1        1        0
 *                                          block           -     2 KB     2 KB        -
 *
 * A slot is the stretch's when all say so: the record names the slot, the slot names the record, and it holds as many
 * samples as the stretch has. So nothing needs to be told when a chunk dies, moves or is cut, or when a sample is
 * added: its records stop naming slots, or stop being the owner, or have other lengths, and the slot is taken for another
 * stretch in time (second chance: a hand goes round, clears marks, and takes the first slot that has none). Whoever
 * changes a sample that is there clears the record's R_SLOT.
 *
 *   read O(1) when cached, else O(128)       memory: 2 KB a slot, taken when first used
 *
 * Slot 0 is nobody's. */

import { ACCOUNT, type Address, ArenaFull, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { BATCH_BYTES, Batch } from './batch.ts'
import type { ChunkEngine } from './engine.ts'
import { R_SLOT, STRETCH, STRETCH_BITS } from './layout.ts'
import { countOf, recordAt } from './stretch.ts'

/** 4 MB of decoded stretches. */
const SLOTS = 2049

export class StretchCache {
  readonly #memory: Memory
  readonly #owners: Int32Array = new Int32Array(SLOTS)
  readonly #blocks: Int32Array = new Int32Array(SLOTS)
  /** Samples of the stretch that a slot holds. */
  readonly #lengths: Uint8Array = new Uint8Array(SLOTS)
  readonly #used: Uint8Array = new Uint8Array(SLOTS)
  readonly #batch: Batch = new Batch()
  #hand = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** The samples of a stretch, valid until the next call. */
  read(engine: ChunkEngine, chunk: Address, stretch: number): Batch {
    const memory = this.#memory
    const length = Math.min(countOf(memory, chunk) - (stretch << STRETCH_BITS), STRETCH)
    const record = recordAt(memory, chunk, stretch)
    const word = ((record & UNIT_MASK) << 1) + R_SLOT
    let slot = memory.i32[record >>> SLAB_BITS]![word]!
    const batch = this.#batch
    if (slot === 0 || this.#owners[slot] !== record || this.#lengths[slot] !== length) {
      // A stretch that has grown is decoded into its own slot again.
      if (slot === 0 || this.#owners[slot] !== record) slot = this.#take()
      if (slot === 0) return decodeAside(engine, chunk, stretch)
      this.#owners[slot] = record
      this.#lengths[slot] = length
      memory.i32[record >>> SLAB_BITS]![word] = slot
      batch.set(memory, this.#blocks[slot]!)
      engine.decode(chunk, stretch, batch)
    } else batch.set(memory, this.#blocks[slot]!)
    batch.length = length
    this.#used[slot] = 1
    return batch
  }

  /** Forget all stretches and give back their blocks. */
  clear(): void {
    for (let slot = 1; slot < SLOTS; slot++)
      if (this.#blocks[slot] !== 0) this.#memory.free(ACCOUNT.overhead, this.#blocks[slot]!)
    this.#blocks.fill(0)
    this.#owners.fill(0)
    this.#used.fill(0)
  }

  /** A slot to overwrite, or 0 when the arena has no block for it. */
  #take(): number {
    let slot = this.#hand
    do slot = slot + 1 === SLOTS ? 1 : slot + 1
    while (this.#used[slot]-- === 1)
    this.#used[slot] = 0
    this.#hand = slot
    if (this.#blocks[slot] === 0) {
      try {
        this.#blocks[slot] = this.#memory.block(ACCOUNT.overhead, BATCH_BYTES)
      } catch (error) {
        // A cache is the first thing to do without.
        if (error instanceof ArenaFull) return 0
        throw error
      }
    }
    return slot
  }
}

function decodeAside(engine: ChunkEngine, chunk: Address, stretch: number): Batch {
  const batch = engine.batch
  batch.length = engine.decode(chunk, stretch, batch)
  return batch
}
