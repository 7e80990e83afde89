/* Batch -- a stretch of decoded samples, in columns.
 *
 *      times    ... | t0 t1 t2 ... |          values   ... | v0 v1 v2 ... |
 *                   ^timesAt                               ^valuesAt
 *
 * A batch never owns its arrays. They are views of an arena block, or a workspace (edit.ts); both are doubles, so code
 * that reads a batch need not know. `words` is the memory of `values` as 32-bit words, lower half first: exclusive ors
 * are written there. A batch is valid until the next stretch is read. */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { STRETCH } from './layout.ts'

/** Bytes of a block that holds a decoded stretch: its times, then its values. */
export const BATCH_BYTES = STRETCH * 16

/** More than a guess in a stretch can be wrong by rounding. */
const GUESS_ROUNDING = 1e-6

const NO_DOUBLES = new Float64Array(0)
const NO_WORDS = new Int32Array(0)

export class Batch {
  times: Float64Array = NO_DOUBLES
  values: Float64Array = NO_DOUBLES
  words: Int32Array = NO_WORDS
  timesAt = 0
  valuesAt = 0
  length = 0
  /** The block that the batch points at; 0 in a workspace. */
  block: Address = 0
  /** State of the decoder behind the last sample, for those who go on from there: see GorillaEngine.adopt. */
  endBits = 0
  endWindow = 0
  endDelta = 0

  /** Point at a block of BATCH_BYTES. */
  set(memory: Memory, block: Address): void {
    this.block = block
    const doubles = memory.f64[block >>> SLAB_BITS]!
    // Storing a reference costs more than seeing that it is there already.
    if (this.times !== doubles) {
      this.times = this.values = doubles
      this.words = memory.i32[block >>> SLAB_BITS]!
    }
    this.timesAt = block & UNIT_MASK
    this.valuesAt = this.timesAt + STRETCH
  }
}

/** A batch over a block of its own, which is never given back: one a server. */
export function scratchBatch(memory: Memory): Batch {
  const batch = new Batch()
  batch.set(memory, memory.block(ACCOUNT.overhead, BATCH_BYTES))
  return batch
}

/** First place in a batch, from `from` on, whose time is at least `time`; `end` when there is none. */
export function placeOf(times: Float64Array, from: number, end: number, time: number): number {
  let low = from
  let high = end
  while (low < high) {
    const middle = (low + high) >>> 1
    if (times[middle]! < time) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The same for a time that is above times[from] and not above times[end - 1]. Samples mostly come at equal steps, so
 * `guess`, a fraction of a step too high or too low, tells their place.
 */
export function placeNear(times: Float64Array, from: number, end: number, time: number, guess: number): number {
  // What is a whole number but for rounding stays that number.
  const place = Math.ceil(guess - GUESS_ROUNDING)
  if (place > from && place < end && times[place]! >= time && times[place - 1]! < time) return place
  return placeOf(times, from, end, time)
}
