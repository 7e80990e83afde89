/* Changing samples that are not the newest: late ones, overwritten ones, deleted ranges; splitting and merging.
 *
 * Compressed samples depend on those before them, so a change in the middle means writing the tail anew. The chunk is
 * cut after the first sample of a stretch, whose state is known, and what followed is appended again, changed:
 *
 *      stretch 0          stretch 1               stretch 2
 *      . . . . . . . . .  a b c d e f g h i       j k l m            insert X after d
 *                         a                                          cut after a
 *                         a b c d X e f g h       i j k l m          append the rest
 *
 *   insert, remove O(samples from the stretch on)      split, merge O(samples moved) */

import { type Address, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { Batch, placeOf } from './batch.ts'
import type { ChunkEngine } from './engine.ts'
import { CHUNK_SAMPLES_MAX, STRETCH, STRETCH_BITS, W_LIMIT } from './layout.ts'
import {
  countOf,
  firstTimeOf,
  lastTimeOf,
  reserve,
  stretchAt,
  stretchBefore,
  stretchesOf,
  stretchTimeOf,
} from './stretch.ts'

/** Samples that a workspace keeps room for; a larger one is let go after use. */
const KEPT = 4096
/** Bytes by which a change may make a chunk longer: a sample, and windows that fit less well. */
const SLACK = 64

/** Decoded samples that a change is made in. One a server. */
export class Workspace {
  readonly batch: Batch = new Batch()
  length = 0

  /** Decode a chunk from a stretch on. */
  load(engine: ChunkEngine, chunk: Address, stretch: number): void {
    const count = countOf(engine.memory, chunk) - (stretch << STRETCH_BITS)
    this.reserve(count + STRETCH)
    const batch = this.batch
    const stretches = stretchesOf(engine.memory, chunk)
    batch.timesAt = batch.valuesAt = 0
    for (; stretch < stretches; stretch++) {
      const length = engine.decode(chunk, stretch, batch)
      batch.timesAt += length
      batch.valuesAt += length
    }
    this.length = count
    batch.timesAt = batch.valuesAt = 0
  }

  /** The first place whose time is at least `time`. */
  placeOf(time: number): number {
    return placeOf(this.batch.times, 0, this.length, time)
  }

  /** Make a place for a sample. */
  insert(place: number, time: number, value: number): void {
    const { times, values } = this.batch
    times.copyWithin(place + 1, place, this.length)
    values.copyWithin(place + 1, place, this.length)
    times[place] = time
    values[place] = value
    this.length++
  }

  /** Close the gap from one place up to another. */
  remove(from: number, to: number): void {
    this.batch.times.copyWithin(from, to, this.length)
    this.batch.values.copyWithin(from, to, this.length)
    this.length -= to - from
  }

  /** Append samples from a place on to a chunk, whatever its limit. */
  store(engine: ChunkEngine, chunk: Address, from: number, to: number): void {
    const { times, values } = this.batch
    for (let i = from; i < to; i++) engine.append(chunk, times[i]!, values[i]!, true)
  }

  /** Let a large room go. */
  release(): void {
    if (this.batch.times.length <= KEPT) return
    this.batch.times = new Float64Array(KEPT)
    this.batch.values = new Float64Array(KEPT)
    this.batch.words = new Int32Array(this.batch.values.buffer)
  }

  /** Make room for so many samples; what was there may be gone. */
  reserve(length: number): void {
    this.batch.timesAt = this.batch.valuesAt = 0

    if (length <= this.batch.times.length) return
    const room = Math.max(KEPT, length + (length >>> 2))
    this.batch.times = new Float64Array(room)
    this.batch.values = new Float64Array(room)
    this.batch.words = new Int32Array(this.batch.values.buffer)
  }
}

/** The value at a time, or undefined when there is no such sample in the chunk. */
export function valueAt(engine: ChunkEngine, chunk: Address, time: number): number | undefined {
  const stretch = stretchAt(engine.memory, chunk, time)
  if (stretch < 0 || time > lastTimeOf(engine.memory, chunk)) return undefined
  const batch = engine.batch
  const length = engine.decode(chunk, stretch, batch)
  const place = placeOf(batch.times, batch.timesAt, batch.timesAt + length, time)
  if (place === batch.timesAt + length || batch.times[place] !== time) return undefined
  return batch.values[batch.valuesAt + place - batch.timesAt]!
}

/**
 * Put a sample at its place in a chunk, over the one that has its time if there is one. Returns the chunk's address,
 * which is another when the very first sample changed.
 */
export function upsert(engine: ChunkEngine, room: Workspace, chunk: Address, time: number, value: number): Address {
  const stretch = stretchBefore(engine.memory, chunk, time)
  room.load(engine, chunk, Math.max(0, stretch))
  const place = room.placeOf(time)
  if (place < room.length && room.batch.times[place] === time) room.batch.values[place] = value
  else room.insert(place, time, value)
  return rewrite(engine, room, chunk, stretch)
}

/**
 * Remove the samples from one time to another, both included. Returns the chunk's address, which is another when the
 * first sample was among them, and 0, the chunk freed, when nothing is left.
 */
export function removeRange(engine: ChunkEngine, room: Workspace, chunk: Address, from: number, to: number): Address {
  const stretch = stretchBefore(engine.memory, chunk, from)
  room.load(engine, chunk, Math.max(0, stretch))
  const first = room.placeOf(from)
  let last = first
  while (last < room.length && room.batch.times[last]! <= to) last++
  if (first === last) return chunk
  room.remove(first, last)
  if (room.length > 0) return rewrite(engine, room, chunk, stretch)
  engine.free(chunk)
  return 0
}

/** How many samples of a chunk are earlier than a time. */
export function rankOf(engine: ChunkEngine, chunk: Address, time: number): number {
  if (time <= firstTimeOf(engine.memory, chunk)) return 0
  if (time > lastTimeOf(engine.memory, chunk)) return countOf(engine.memory, chunk)
  const stretch = stretchBefore(engine.memory, chunk, time)
  const batch = engine.batch
  const length = engine.decode(chunk, stretch, batch)
  const place = placeOf(batch.times, batch.timesAt, batch.timesAt + length, time)
  return (stretch << STRETCH_BITS) + place - batch.timesAt
}

/** Time of the first sample of a chunk at a time or later; there must be one. */
export function timeFrom(engine: ChunkEngine, chunk: Address, time: number): number {
  const first = firstTimeOf(engine.memory, chunk)
  if (time <= first) return first
  const { memory, batch } = engine
  const stretch = stretchBefore(memory, chunk, time)
  const end = batch.timesAt + engine.decode(chunk, stretch, batch)
  const place = placeOf(batch.times, batch.timesAt, end, time)
  return place < end ? batch.times[place]! : stretchTimeOf(memory, chunk, stretch + 1)
}

/** Move the later half of a chunk to a new one, whose address is returned. */
export function split(engine: ChunkEngine, room: Workspace, chunk: Address): Address {
  const count = countOf(engine.memory, chunk)
  const half = (count + 1) >>> 1
  // Cut at the stretch in which the half lies, after its first sample at least.
  const stretch = (half - 1) >>> STRETCH_BITS
  room.load(engine, chunk, stretch)
  const keep = half - (stretch << STRETCH_BITS)
  const later = written(engine, room, limitOf(engine, chunk), keep)
  engine.truncate(chunk, stretch)
  room.store(engine, chunk, 1, keep)
  room.release()
  return later
}

/** Append all samples of a later chunk to an earlier one, and free the later. */
export function merge(engine: ChunkEngine, room: Workspace, earlier: Address, later: Address): void {
  const bytes = engine.encodedBytes(earlier) + engine.encodedBytes(later)
  reserve(engine, earlier, bytes + SLACK, countOf(engine.memory, earlier) + countOf(engine.memory, later))
  room.load(engine, later, 0)
  room.store(engine, earlier, 0, room.length)
  room.release()
  engine.free(later)
}

/** Whether a chunk has so outgrown its limit that it should be split. */
export function isOversized(engine: ChunkEngine, chunk: Address): boolean {
  return (
    engine.encodedBytes(chunk) > limitOf(engine, chunk) * 1.2 || countOf(engine.memory, chunk) > CHUNK_SAMPLES_MAX * 1.2
  )
}

/** Whether two neighbours would fill at most three quarters of one chunk. */
export function isMergeable(engine: ChunkEngine, earlier: Address, later: Address): boolean {
  const bytes = engine.encodedBytes(earlier) + engine.encodedBytes(later) + 32
  const count = countOf(engine.memory, earlier) + countOf(engine.memory, later)
  return bytes <= limitOf(engine, earlier) * 0.75 && count <= CHUNK_SAMPLES_MAX
}

function limitOf(engine: ChunkEngine, chunk: Address): number {
  return engine.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + W_LIMIT]!
}

/** Write a workspace back: behind the first sample of the stretch it was loaded from, or whole, into a new chunk. */
function rewrite(engine: ChunkEngine, room: Workspace, chunk: Address, stretch: number): Address {
  let target = chunk
  if (stretch < 0) {
    target = written(engine, room, limitOf(engine, chunk), 0)
    engine.free(chunk)
  } else {
    reserve(engine, chunk, engine.encodedBytes(chunk) + SLACK, countOf(engine.memory, chunk) + 1)
    engine.truncate(chunk, stretch)
    room.store(engine, chunk, 1, room.length)
  }
  room.release()
  return target
}

/** A new chunk with the samples of a workspace from a place on. */
function written(engine: ChunkEngine, room: Workspace, limitBytes: number, from: number): Address {
  const chunk = engine.create(limitBytes)
  try {
    room.store(engine, chunk, from, room.length)
  } catch (error) {
    // A full arena: the half-written chunk goes back, and the caller learns.
    engine.free(chunk)
    throw error
  }
  return chunk
}
