/* Cache -- stretches that were decoded lately.
 *
 * Dashboards ask for the same hours again and again, and decoding is most of what an answer costs. So stretches that
 * are decoded into slots that stay:
 *
 *      record of a stretch                 slot            0        1            2            3
 *      +---------------+                   owner           -        chunk A      chunk B      -
 *      | ... | slot 2  |------------------>stretch         -        4            0            -
 *      +---------------+                   length          -        128          57           -
 *                                          used            0        1            1            0
 *                                          block           -        2 KB         2 KB         -
 *
 * A slot is the stretch's when all say so: the record names the slot, the slot names chunk and stretch, and it holds as
 * many samples as the stretch has. So nothing needs to be told when a chunk dies or is cut, or when a sample is added: its
 * records are gone, or have other lengths, and the slot is taken for another stretch in time (second chance: a hand
 * goes round, clears marks, and takes the first slot that has none). Whoever changes a sample that is there clears the
 * record's R_SLOT; so a record that still names a slot has the samples that were decoded there, also in a copy.
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

/** Words of a slot, side by side because they are asked for together. */
const SLOT_WORDS = 4
const OWNER = 0
/** The stretch's number in its chunk, and how many of its samples the slot holds, in the lowest byte. */
const CONTENT = 1
const USED = 2
const BLOCK = 3

export class StretchCache {
  readonly #memory: Memory
  readonly #slots: Int32Array = new Int32Array(SLOTS * SLOT_WORDS)
  readonly #batch: Batch = new Batch()
  #hand = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** The samples of a stretch, valid until the next call. */
  read(engine: ChunkEngine, chunk: Address, stretch: number): Batch {
    const memory = this.#memory
    const slots = this.#slots
    const length = Math.min(countOf(memory, chunk) - (stretch << STRETCH_BITS), STRETCH)
    const record = recordAt(memory, chunk, stretch)
    const slot = memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + R_SLOT]! * SLOT_WORDS
    const content = (stretch << 8) | length
    if (slot === 0 || slots[slot + OWNER] !== chunk || slots[slot + CONTENT] !== content)
      return this.#decode(engine, chunk, stretch, slot, content)
    const batch = this.#batch
    batch.set(memory, slots[slot + BLOCK]!)
    batch.length = length
    slots[slot + USED] = 1
    return batch
  }

  #decode(engine: ChunkEngine, chunk: Address, stretch: number, held: number, content: number): Batch {
    const memory = this.#memory
    const slots = this.#slots
    // A stretch that has grown is decoded into its own slot again.
    const isOwn = held !== 0 && slots[held + OWNER] === chunk && slots[held + CONTENT]! >>> 8 === stretch
    const slot = isOwn ? held : this.#take()
    if (slot === 0) return decodeAside(engine, chunk, stretch)
    slots[slot + OWNER] = chunk
    slots[slot + CONTENT] = content
    slots[slot + USED] = 1
    const record = recordAt(memory, chunk, stretch)
    memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + R_SLOT] = slot / SLOT_WORDS
    const batch = this.#batch
    batch.set(memory, slots[slot + BLOCK]!)
    engine.decode(chunk, stretch, batch)
    batch.length = content & 0xff
    return batch
  }

  /** Forget all stretches and give back their blocks. */
  clear(): void {
    for (let slot = SLOT_WORDS; slot < this.#slots.length; slot += SLOT_WORDS)
      if (this.#slots[slot + BLOCK] !== 0) this.#memory.free(ACCOUNT.overhead, this.#slots[slot + BLOCK]!)
    this.#slots.fill(0)
  }

  /** Where a slot to overwrite begins, or 0 when the arena has no block for it. */
  #take(): number {
    const slots = this.#slots
    let slot = this.#hand
    for (;;) {
      slot += SLOT_WORDS
      if (slot === slots.length) slot = SLOT_WORDS
      if (slots[slot + USED] === 0) break
      slots[slot + USED] = 0
    }
    this.#hand = slot
    if (slots[slot + BLOCK] === 0) {
      try {
        slots[slot + BLOCK] = this.#memory.block(ACCOUNT.overhead, BATCH_BYTES)
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
