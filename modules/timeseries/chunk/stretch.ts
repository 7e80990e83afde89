/* What all engines do alike: making and freeing chunks, beginning stretches and taking their sums. */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import type { Batch } from './batch.ts'
import type { Run } from '../aggregate/aggregator.ts'
import type { ChunkEngine } from './engine.ts'
import {
  AREA,
  F_FIRST_TIME,
  F_LAST_DELTA,
  F_LAST_TIME,
  F_LAST_VALUE,
  F_SUMS,
  F_UNDO_DELTA,
  F_UNDO_VALUE,
  GREATEST,
  HEADER_BYTES,
  LEAST,
  R_BITS,
  R_DELTA,
  R_LAST_VALUE,
  R_SLOT,
  R_SUMS,
  R_TIME,
  R_VALUE,
  R_WINDOW,
  RECORD_BYTES,
  RECORD_UNITS,
  STRETCH,
  STRETCH_BITS,
  SPREAD,
  SUM,
  UNDO_NONE,
  W_COUNT,
  W_DATA,
  W_DATA_BYTES,
  W_LIMIT,
  W_RECORDS,
  W_SUMMED,
  W_UNDO_BITS,
  W_WINDOW,
} from './layout.ts'

/** Make an empty chunk with room for `dataBytes` of samples and one stretch. */
export function createChunk(memory: Memory, limitBytes: number, dataBytes: number): Address {
  const chunk = memory.block(ACCOUNT.dataset, HEADER_BYTES)
  let data = 0
  let records = 0
  try {
    data = memory.block(ACCOUNT.dataset, dataBytes)
    records = memory.block(ACCOUNT.dataset, RECORD_BYTES)
  } catch (error) {
    // A full arena: what was taken goes back, and the caller learns.
    if (data !== 0) memory.free(ACCOUNT.dataset, data)
    memory.free(ACCOUNT.dataset, chunk)
    throw error
  }
  const f = chunk & UNIT_MASK
  memory.f64[chunk >>> SLAB_BITS]!.fill(0, f, f + HEADER_BYTES / 8)
  const words = memory.i32[chunk >>> SLAB_BITS]!
  const w = f << 1
  words[w + W_DATA] = data
  words[w + W_RECORDS] = records
  words[w + W_DATA_BYTES] = memory.sizeOf(data)
  words[w + W_LIMIT] = limitBytes
  words[w + W_UNDO_BITS] = UNDO_NONE
  return chunk
}

/** Free a chunk's three blocks. */
export function freeChunk(memory: Memory, chunk: Address): void {
  if (memory.guard !== null) memory.guard.block(chunk)
  const words = memory.i32[chunk >>> SLAB_BITS]!
  const w = (chunk & UNIT_MASK) << 1
  memory.free(ACCOUNT.dataset, words[w + W_DATA]!)
  memory.free(ACCOUNT.dataset, words[w + W_RECORDS]!)
  memory.free(ACCOUNT.dataset, chunk)
}

/** Bytes of a chunk's three blocks. */
export function chunkBytes(memory: Memory, chunk: Address): number {
  const words = memory.i32[chunk >>> SLAB_BITS]!
  const w = (chunk & UNIT_MASK) << 1
  return memory.sizeOf(chunk) + memory.sizeOf(words[w + W_DATA]!) + memory.sizeOf(words[w + W_RECORDS]!)
}

/** A copy of a chunk, blocks and all. */
export function copyChunk(memory: Memory, chunk: Address): Address {
  const w = (chunk & UNIT_MASK) << 1
  const from = memory.i32[chunk >>> SLAB_BITS]!
  const copy = createChunk(memory, from[w + W_LIMIT]!, from[w + W_DATA_BYTES]!)
  const words = memory.i32[copy >>> SLAB_BITS]!
  const c = (copy & UNIT_MASK) << 1
  const records = from[w + W_RECORDS]!
  const bytes = memory.sizeOf(records)
  let room = words[c + W_RECORDS]!
  try {
    room = memory.resize(ACCOUNT.dataset, room, 0, bytes)
  } catch (error) {
    freeChunk(memory, copy)
    throw error
  }
  const data = words[c + W_DATA]!
  const dataBytes = words[c + W_DATA_BYTES]!
  copyBlock(memory, chunk, copy, HEADER_BYTES)
  words[c + W_DATA] = data
  words[c + W_DATA_BYTES] = dataBytes
  words[c + W_RECORDS] = room
  copyBlock(memory, from[w + W_DATA]!, data, from[w + W_DATA_BYTES]!)
  copyBlock(memory, records, room, bytes)
  return copy
}

function copyBlock(memory: Memory, from: Address, to: Address, bytes: number): void {
  const at = (from & UNIT_MASK) << 3
  memory.u8[from >>> SLAB_BITS]!.copy(memory.u8[to >>> SLAB_BITS]!, (to & UNIT_MASK) << 3, at, at + bytes)
}

/** Where the record of a stretch lies. */
export function recordAt(memory: Memory, chunk: Address, stretch: number): Address {
  return memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + W_RECORDS]! + stretch * RECORD_UNITS
}

export function countOf(memory: Memory, chunk: Address): number {
  return memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + W_COUNT]!
}

/** Stretches of a chunk, the open one among them. */
export function stretchesOf(memory: Memory, chunk: Address): number {
  return (countOf(memory, chunk) + (1 << STRETCH_BITS) - 1) >>> STRETCH_BITS
}

export function firstTimeOf(memory: Memory, chunk: Address): number {
  return memory.f64[chunk >>> SLAB_BITS]![(chunk & UNIT_MASK) + F_FIRST_TIME]!
}

export function lastTimeOf(memory: Memory, chunk: Address): number {
  return memory.f64[chunk >>> SLAB_BITS]![(chunk & UNIT_MASK) + F_LAST_TIME]!
}

export function lastValueOf(memory: Memory, chunk: Address): number {
  return memory.f64[chunk >>> SLAB_BITS]![(chunk & UNIT_MASK) + F_LAST_VALUE]!
}

export function isSealed(memory: Memory, chunk: Address): boolean {
  return memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + W_SUMMED] === 1
}

/** Time of the first sample of a stretch. */
export function stretchTimeOf(memory: Memory, chunk: Address, stretch: number): number {
  const record = recordAt(memory, chunk, stretch)
  return memory.f64[record >>> SLAB_BITS]![(record & UNIT_MASK) + R_TIME]!
}

/** The last stretch that begins before `time`, or -1 when none does. */
export function stretchBefore(memory: Memory, chunk: Address, time: number): number {
  return stretchAt(memory, chunk, time, false)
}

/** The last stretch that begins at `time` or before, or -1 when none does; before only, unless `orAt`. */
export function stretchAt(memory: Memory, chunk: Address, time: number, orAt = true): number {
  const records = recordAt(memory, chunk, 0)
  const doubles = memory.f64[records >>> SLAB_BITS]!
  const r = (records & UNIT_MASK) + R_TIME
  let low = 0
  let high = stretchesOf(memory, chunk)
  while (low < high) {
    const middle = (low + high) >>> 1
    const begins = doubles[r + middle * RECORD_UNITS]!
    if (begins < time || (orAt && begins === time)) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Write the first sample of a chunk, or write it anew. */
export function writeFirst(memory: Memory, chunk: Address, time: number, value: number): void {
  const words = memory.i32[chunk >>> SLAB_BITS]!
  const doubles = memory.f64[chunk >>> SLAB_BITS]!
  const f = chunk & UNIT_MASK
  const w = f << 1
  words[w + W_COUNT] = 1
  words[w + W_UNDO_BITS] = UNDO_NONE
  words[w + W_SUMMED] = 0
  doubles[f + F_FIRST_TIME] = doubles[f + F_LAST_TIME] = time
  doubles[f + F_LAST_VALUE] = value
  doubles[f + F_LAST_DELTA] = 0
  const record = words[w + W_RECORDS]!
  const to = memory.f64[record >>> SLAB_BITS]!
  const r = record & UNIT_MASK
  to[r + R_TIME] = time
  to[r + R_VALUE] = value
  to[r + R_DELTA] = 0
  const toWords = memory.i32[record >>> SLAB_BITS]!
  toWords[(r << 1) + R_BITS] = 0
  toWords[(r << 1) + R_WINDOW] = words[w + W_WINDOW]!
  toWords[(r << 1) + R_SLOT] = 0
}

/** Give the samples a larger block: a quarter more than now, or `needBytes` if that is more. */
export function growData(memory: Memory, chunk: Address, needBytes: number, usedBytes: number): void {
  const words = memory.i32[chunk >>> SLAB_BITS]!
  const w = (chunk & UNIT_MASK) << 1
  const now = words[w + W_DATA_BYTES]!
  const wished = Math.max(needBytes, Math.min(words[w + W_LIMIT]!, now + Math.max(64, now >>> 2)))
  // Samples are read and written in words of four bytes.
  const data = memory.resize(ACCOUNT.dataset, words[w + W_DATA]!, (usedBytes + 3) & ~3, wished)
  words[w + W_DATA] = data
  words[w + W_DATA_BYTES] = memory.sizeOf(data)
}

/** Make room for so many records. */
function growRecords(memory: Memory, chunk: Address, stretches: number, used: number): void {
  const records = recordAt(memory, chunk, 0)
  const size = memory.sizeOf(records)
  const need = stretches * RECORD_BYTES
  if (need <= size) return
  const wished = Math.max(need, size + (size >>> 2))
  memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + W_RECORDS] = memory.resize(
    ACCOUNT.dataset,
    records,
    used * RECORD_BYTES,
    wished,
  )
}

/**
 * Make room for so many bytes and samples in all, so that a change that has begun cannot end for want of memory.
 * @throws ArenaFull with nothing changed.
 */
export function reserve(engine: ChunkEngine, chunk: Address, bytes: number, samples: number): void {
  const memory = engine.memory
  const stretches = stretchesOf(memory, chunk)
  growRecords(memory, chunk, (samples + (1 << STRETCH_BITS) - 1) >>> STRETCH_BITS, stretches)
  if (bytes > memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + W_DATA_BYTES]!)
    growData(memory, chunk, bytes, engine.encodedBytes(chunk))
}

/** Take the newest sample away, for another one at its time. What the engine itself keeps is the engine's part. */
export function stepBack(memory: Memory, chunk: Address): void {
  const words = memory.i32[chunk >>> SLAB_BITS]!
  const doubles = memory.f64[chunk >>> SLAB_BITS]!
  const f = chunk & UNIT_MASK
  if (words[(f << 1) + W_SUMMED] !== 0) unseal(memory, chunk)
  forgetLast(memory, chunk)
  words[(f << 1) + W_COUNT]!--
  doubles[f + F_LAST_TIME]! -= doubles[f + F_LAST_DELTA]!
  doubles[f + F_LAST_DELTA] = doubles[f + F_UNDO_DELTA]!
  doubles[f + F_LAST_VALUE] = doubles[f + F_UNDO_VALUE]!
}

/** Set count, newest sample and delta to what they were after the first sample of a stretch. */
export function truncateTo(memory: Memory, chunk: Address, stretch: number): void {
  const words = memory.i32[chunk >>> SLAB_BITS]!
  const doubles = memory.f64[chunk >>> SLAB_BITS]!
  const f = chunk & UNIT_MASK
  const w = f << 1
  const record = recordAt(memory, chunk, stretch)
  const from = memory.f64[record >>> SLAB_BITS]!
  const r = record & UNIT_MASK
  memory.i32[record >>> SLAB_BITS]![(r << 1) + R_SLOT] = 0
  words[w + W_COUNT] = (stretch << STRETCH_BITS) + 1
  words[w + W_UNDO_BITS] = UNDO_NONE
  words[w + W_SUMMED] = 0
  doubles[f + F_LAST_TIME] = from[r + R_TIME]!
  doubles[f + F_LAST_VALUE] = from[r + R_VALUE]!
  doubles[f + F_LAST_DELTA] = from[r + R_DELTA]!
}

/**
 * Before the first sample of a new stretch: take the sums of the one before, and make room for a record. Doing it
 * twice does no harm.
 */
export function openStretch(engine: ChunkEngine, chunk: Address): void {
  const memory = engine.memory
  const stretches = countOf(memory, chunk) >>> STRETCH_BITS
  growRecords(memory, chunk, stretches + 1, stretches)
  sumStretch(engine, chunk, stretches - 1)
}

/** Take the sums of a chunk that is not expected to change soon, unless it has them. It must not be empty. */
export function seal(engine: ChunkEngine, chunk: Address): void {
  const memory = engine.memory
  const words = memory.i32[chunk >>> SLAB_BITS]!
  const f = chunk & UNIT_MASK
  if (words[(f << 1) + W_SUMMED] !== 0) return
  const last = stretchesOf(memory, chunk) - 1
  sumStretch(engine, chunk, last)
  const doubles = memory.f64[chunk >>> SLAB_BITS]!
  const records = recordAt(memory, chunk, 0)
  const from = memory.f64[records >>> SLAB_BITS]!
  const to = f + F_SUMS
  let r = records & UNIT_MASK
  for (let i = 0; i < 5; i++) doubles[to + i] = from[r + R_SUMS + i]!
  for (let stretch = 1; stretch <= last; stretch++) {
    const joint =
      ((from[r + R_LAST_VALUE]! + from[r + RECORD_UNITS + R_VALUE]!) * from[r + RECORD_UNITS + R_DELTA]!) / 2
    r += RECORD_UNITS
    const length = stretch < last ? STRETCH : countOf(memory, chunk) - (last << STRETCH_BITS)
    addSums(doubles, to, stretch << STRETCH_BITS, from, r + R_SUMS, length)
    doubles[to + AREA]! += joint
  }
  words[(f << 1) + W_SUMMED] = 1
}

/** Add the five sums of some samples to those of others. */
function addSums(to: Float64Array, at: number, count: number, from: Float64Array, f: number, more: number): void {
  const apart = from[f + SUM]! / more - to[at + SUM]! / count
  to[at + SPREAD]! += from[f + SPREAD]! + (apart * apart * count * more) / (count + more)
  to[at + SUM]! += from[f + SUM]!
  if (from[f + LEAST]! < to[at + LEAST]!) to[at + LEAST] = from[f + LEAST]!
  if (from[f + GREATEST]! > to[at + GREATEST]!) to[at + GREATEST] = from[f + GREATEST]!
  to[at + AREA]! += from[f + AREA]!
}

/** Before a change: the chunk's sums and those of its last stretch are right no longer. */
export function unseal(memory: Memory, chunk: Address): void {
  memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + W_SUMMED] = 0
}

/** Before the newest sample is overwritten: what cache.ts holds of its stretch is right no longer. */
export function forgetLast(memory: Memory, chunk: Address): void {
  const record = recordAt(memory, chunk, stretchesOf(memory, chunk) - 1)
  memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + R_SLOT] = 0
}

/** Decode a stretch and write its sums into its record. */
function sumStretch(engine: ChunkEngine, chunk: Address, stretch: number): void {
  const batch = engine.batch
  const length = engine.decode(chunk, stretch, batch)
  const record = recordAt(engine.memory, chunk, stretch)
  const to = engine.memory.f64[record >>> SLAB_BITS]!
  const r = record & UNIT_MASK
  to[r + R_LAST_VALUE] = batch.values[batch.valuesAt + length - 1]!
  sumUp(batch, length, to, r + R_SUMS)
}

/** Squared distances of values from their mean, summed. */
export function spreadOf(values: Float64Array, at: number, length: number, mean: number): number {
  let spread = 0
  for (let i = at; i < at + length; i++) {
    const apart = values[i]! - mean
    spread += apart * apart
  }
  return spread
}

/** Write the five sums of the first samples of a batch. */
function sumUp(batch: Batch, length: number, to: Float64Array, at: number): void {
  const times = batch.times
  const values = batch.values
  const t = batch.timesAt
  const v = batch.valuesAt
  let lastTime = times[t]!
  let last = values[v]!
  let sum = last
  let least = last
  let greatest = last
  let area = 0
  for (let i = 1; i < length; i++) {
    const value = values[v + i]!
    const time = times[t + i]!
    sum += value
    if (value < least) least = value
    if (value > greatest) greatest = value
    area += (value + last) * (time - lastTime)
    last = value
    lastTime = time
  }
  to[at + SUM] = sum
  to[at + SPREAD] = spreadOf(values, v, length, sum / length)
  to[at + LEAST] = least
  to[at + GREATEST] = greatest
  to[at + AREA] = area / 2
}

/** Time of the sample just before a stretch, which is not the first. */
export function timeBeforeStretch(memory: Memory, chunk: Address, stretch: number): number {
  const record = recordAt(memory, chunk, stretch)
  const doubles = memory.f64[record >>> SLAB_BITS]!
  const r = record & UNIT_MASK
  return doubles[r + R_TIME]! - doubles[r + R_DELTA]!
}

/** Tell what is known of a stretch that has its sums. Returns false when those are beyond the range of doubles. */
export function stretchRun(memory: Memory, chunk: Address, stretch: number, run: Run): boolean {
  const record = recordAt(memory, chunk, stretch)
  const doubles = memory.f64[record >>> SLAB_BITS]!
  const r = record & UNIT_MASK
  const left = countOf(memory, chunk) - (stretch << STRETCH_BITS)
  run.count = Math.min(left, STRETCH)
  run.firstTime = doubles[r + R_TIME]!
  run.firstValue = doubles[r + R_VALUE]!
  run.lastTime = left <= STRETCH ? lastTimeOf(memory, chunk) : timeBeforeStretch(memory, chunk, stretch + 1)
  run.lastValue = doubles[r + R_LAST_VALUE]!
  return readSums(doubles, r + R_SUMS, run)
}

/** Tell what is known of a sealed chunk. Returns false when its sums are beyond the range of doubles. */
export function chunkRun(memory: Memory, chunk: Address, run: Run): boolean {
  const record = recordAt(memory, chunk, 0)
  run.count = countOf(memory, chunk)
  run.firstTime = firstTimeOf(memory, chunk)
  run.firstValue = memory.f64[record >>> SLAB_BITS]![(record & UNIT_MASK) + R_VALUE]!
  run.lastTime = lastTimeOf(memory, chunk)
  run.lastValue = lastValueOf(memory, chunk)
  return readSums(memory.f64[chunk >>> SLAB_BITS]!, (chunk & UNIT_MASK) + F_SUMS, run)
}

function readSums(doubles: Float64Array, at: number, run: Run): boolean {
  run.sum = doubles[at + SUM]!
  run.spread = doubles[at + SPREAD]!
  run.least = doubles[at + LEAST]!
  run.greatest = doubles[at + GREATEST]!
  run.area = doubles[at + AREA]!
  return Number.isFinite(run.sum) && Number.isFinite(run.spread) && Number.isFinite(run.area)
}
