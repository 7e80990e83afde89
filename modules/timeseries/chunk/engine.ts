/* What a chunk engine is: a way to keep samples in order of time inside a chunk (see layout.ts).
 *
 * An engine knows how samples are encoded, and nothing else. Sums, searches, late samples, deletes, splits and merges
 * are written once, over these few operations, in stretch.ts, edit.ts and cache.ts.
 *
 *      raw         sixteen bytes a sample
 *      gorilla     a few bits to a few bytes a sample
 *
 * Contract: times strictly rise inside a chunk. `append` and `decode` are the hot ones. A decoded stretch is written
 * to where a Batch points. Every engine passes test/timeseries/chunk.test.ts. */

import type { Address, Memory } from 'redstrata/module'
import type { Batch } from './batch.ts'

export interface ChunkEngine {
  readonly name: 'compressed' | 'uncompressed'
  readonly memory: Memory
  /** Scratch for one stretch. */
  readonly batch: Batch

  /** An empty chunk that should not outgrow `limitBytes`. */
  create(limitBytes: number): Address

  /** Give back all that a chunk holds. */
  free(chunk: Address): void

  /**
   * Add a sample later than all others. Returns false, changing nothing, when it would outgrow the limit and `force`
   * is not set.
   */
  append(chunk: Address, time: number, value: number, force: boolean): boolean

  /** Give the newest sample another value, without decoding. Returns false when that is not possible. */
  replaceLast(chunk: Address, value: number): boolean

  /** Decode one stretch to where a batch points. Returns how many samples it has. */
  decode(chunk: Address, stretch: number, batch: Batch): number

  /** Forget every sample after the first one of a stretch. */
  truncate(chunk: Address, stretch: number): void

  /** Bytes that the samples take up, encoded. */
  encodedBytes(chunk: Address): number
}
