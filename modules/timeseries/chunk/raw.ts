/* Raw -- samples as they are: a time and a value, sixteen bytes, in order.
 *
 *      | t0 v0 | t1 v1 | t2 v2 | ...
 *
 * Faster to read than compressed samples, and the right choice for values that look random. CHUNK_SIZE / 16 samples fill
 * a chunk: 3 when it is 48 bytes.
 *
 *   append O(1)    decode O(128)    replaceLast O(1) */

import { type Address, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { type Batch, scratchBatch } from './batch.ts'
import type { ChunkEngine } from './engine.ts'
import {
  CHUNK_SAMPLES_MAX,
  F_LAST_DELTA,
  F_LAST_TIME,
  F_LAST_VALUE,
  R_DELTA,
  R_SLOT,
  R_TIME,
  R_VALUE,
  STRETCH,
  STRETCH_BITS,
  W_COUNT,
  W_DATA,
  W_DATA_BYTES,
  W_LIMIT,
  W_SUMMED,
} from './layout.ts'
import {
  createChunk,
  forgetLast,
  freeChunk,
  growData,
  openStretch,
  recordAt,
  truncateTo,
  unseal,
  writeFirst,
} from './stretch.ts'

const SAMPLE_BYTES = 16
const DATA_BYTES_FIRST = 64

/** Chunks of plain samples. */
export class RawEngine implements ChunkEngine {
  readonly name = 'uncompressed'
  readonly memory: Memory
  readonly batch: Batch

  constructor(memory: Memory) {
    this.memory = memory
    this.batch = scratchBatch(memory)
  }

  create(limitBytes: number): Address {
    return createChunk(this.memory, limitBytes, Math.min(limitBytes, DATA_BYTES_FIRST))
  }

  free(chunk: Address): void {
    freeChunk(this.memory, chunk)
  }

  append(chunk: Address, time: number, value: number, force: boolean): boolean {
    const memory = this.memory
    const words = memory.i32[chunk >>> SLAB_BITS]!
    const doubles = memory.f64[chunk >>> SLAB_BITS]!
    const f = chunk & UNIT_MASK
    const w = f << 1
    const count = words[w + W_COUNT]!
    const bytes = (count + 1) * SAMPLE_BYTES
    if ((bytes > words[w + W_LIMIT]! || count >= CHUNK_SAMPLES_MAX) && !force && count > 0) return false
    if (bytes > words[w + W_DATA_BYTES]!) growData(memory, chunk, bytes, bytes - SAMPLE_BYTES)
    if (count === 0) writeFirst(memory, chunk, time, value)
    else {
      if (words[w + W_SUMMED] !== 0) unseal(memory, chunk)
      const starts = (count & (STRETCH - 1)) === 0
      if (starts) openStretch(this, chunk)
      const delta = time - doubles[f + F_LAST_TIME]!
      words[w + W_COUNT] = count + 1
      doubles[f + F_LAST_TIME] = time
      doubles[f + F_LAST_VALUE] = value
      doubles[f + F_LAST_DELTA] = delta
      if (starts) writeRecord(memory, recordAt(memory, chunk, count >>> STRETCH_BITS), time, value, delta)
    }
    const data = words[w + W_DATA]!
    const target = memory.f64[data >>> SLAB_BITS]!
    const at = (data & UNIT_MASK) + 2 * count
    target[at] = time
    target[at + 1] = value
    return true
  }

  replaceLast(chunk: Address, value: number): boolean {
    const memory = this.memory
    const words = memory.i32[chunk >>> SLAB_BITS]!
    const f = chunk & UNIT_MASK
    const w = f << 1
    if (words[w + W_SUMMED] !== 0) unseal(memory, chunk)
    forgetLast(memory, chunk)
    const last = words[w + W_COUNT]! - 1
    memory.f64[chunk >>> SLAB_BITS]![f + F_LAST_VALUE] = value
    const data = words[w + W_DATA]!
    memory.f64[data >>> SLAB_BITS]![(data & UNIT_MASK) + 2 * last + 1] = value
    if ((last & (STRETCH - 1)) === 0) {
      const record = recordAt(memory, chunk, last >>> STRETCH_BITS)
      memory.f64[record >>> SLAB_BITS]![(record & UNIT_MASK) + R_VALUE] = value
    }
    return true
  }

  decode(chunk: Address, stretch: number, batch: Batch): number {
    const memory = this.memory
    const words = memory.i32[chunk >>> SLAB_BITS]!
    const w = (chunk & UNIT_MASK) << 1
    const first = stretch << STRETCH_BITS
    const left = words[w + W_COUNT]! - first
    const length = Math.min(left, STRETCH)
    const data = words[w + W_DATA]!
    const source = memory.f64[data >>> SLAB_BITS]!
    let at = (data & UNIT_MASK) + 2 * first
    const times = batch.times
    const values = batch.values
    const t = batch.timesAt
    const v = batch.valuesAt
    for (let i = 0; i < length; i++) {
      times[t + i] = source[at]!
      values[v + i] = source[at + 1]!
      at += 2
    }
    return length
  }

  truncate(chunk: Address, stretch: number): void {
    truncateTo(this.memory, chunk, stretch)
  }

  encodedBytes(chunk: Address): number {
    return this.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + W_COUNT]! * SAMPLE_BYTES
  }
}

function writeRecord(memory: Memory, record: Address, time: number, value: number, delta: number): void {
  const to = memory.f64[record >>> SLAB_BITS]!
  const r = record & UNIT_MASK
  to[r + R_TIME] = time
  to[r + R_VALUE] = value
  to[r + R_DELTA] = delta
  memory.i32[record >>> SLAB_BITS]![(r << 1) + R_SLOT] = 0
}
