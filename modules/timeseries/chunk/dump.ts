/* Chunks in a dump, as RedisTimeSeries writes them.
 *
 *      compressed        bytes, samples, bits, first value and time, newest time, step and value, window, codes
 *      uncompressed      first time, samples, bytes, (time value)*
 *
 * The codes of a compressed chunk are the block that it has in memory. Values stand as the 64 bits of their doubles. */

import {
  ACCOUNT,
  type Address,
  type LoadSource,
  type Memory,
  Range,
  type SaveSink,
  SLAB_BITS,
  UNIT_MASK,
} from 'redstrata/module'
import type { Workspace } from './edit.ts'
import type { ChunkEngine } from './engine.ts'
import { GorillaEngine } from './gorilla.ts'
import { F_LAST_DELTA, F_LAST_VALUE, R_VALUE, STRETCH, W_BITS, W_DATA, W_DATA_BYTES, W_WINDOW } from './layout.ts'
import { countOf, firstTimeOf, lastTimeOf, recordAt } from './stretch.ts'

const SAMPLE_BYTES = 16
/** The smallest chunk there may be, which an empty one pretends to be. */
const EMPTY_BYTES = 48
const TWO_32 = 4294967296
const TIME_MAX = 0x7fffffffffffffffn

/** Write a time, or a step from one to another. */
export function saveTime(sink: SaveSink, time: number): void {
  if (time <= Number.MAX_SAFE_INTEGER) sink.unsigned(time)
  else sink.unsigned(time >= 2 ** 63 ? TIME_MAX : BigInt(time))
}

/** Read a time: beyond 2^53 the nearest double. */
export function loadTime(source: LoadSource): number {
  return Number(source.unsigned64())
}

/** Write a chunk. */
export function saveChunk(engine: ChunkEngine, chunk: Address, sink: SaveSink): void {
  if (engine.name === 'compressed') saveCompressed(engine.memory, chunk, sink)
  else saveUncompressed(engine.memory, chunk, sink)
}

/** Write the empty chunk that a series without samples has in the real module. */
export function saveEmptyChunk(engine: ChunkEngine, sink: SaveSink): void {
  const { batch, memory } = engine
  batch.times.fill(0, batch.timesAt, batch.timesAt + EMPTY_BYTES / 8)
  const fields = engine.name === 'compressed' ? [EMPTY_BYTES, 0, 0, 0, 0, 0, 0, 0, 32, 32] : [0, 0, EMPTY_BYTES]
  for (const field of fields) sink.unsigned(field)
  const at = batch.timesAt << 3
  sink.string(memory.u8[batch.block >>> SLAB_BITS]!, at, at + EMPTY_BYTES)
}

function saveCompressed(memory: Memory, chunk: Address, sink: SaveSink): void {
  const words = memory.i32[chunk >>> SLAB_BITS]!
  const f = chunk & UNIT_MASK
  const w = f << 1
  const bits = words[w + W_BITS]!
  const bytes = words[w + W_DATA_BYTES]!
  const data = words[w + W_DATA]!
  const block = memory.u8[data >>> SLAB_BITS]!
  const at = (data & UNIT_MASK) << 3
  // The real module goes on behind the last bit by setting bits, so all of them must be clear.
  if ((bits & 7) !== 0) block[at + (bits >>> 3)]! &= (1 << (bits & 7)) - 1
  block.fill(0, at + ((bits + 7) >>> 3), at + bytes)
  sink.unsigned(bytes)
  sink.unsigned(countOf(memory, chunk))
  sink.unsigned(bits)
  sink.unsigned(bitsOf(memory, recordAt(memory, chunk, 0), R_VALUE))
  saveTime(sink, firstTimeOf(memory, chunk))
  saveTime(sink, lastTimeOf(memory, chunk))
  saveTime(sink, memory.f64[chunk >>> SLAB_BITS]![f + F_LAST_DELTA]!)
  sink.unsigned(bitsOf(memory, chunk, F_LAST_VALUE))
  sink.unsigned(words[w + W_WINDOW]! & 0xff)
  sink.unsigned(words[w + W_WINDOW]! >>> 8)
  sink.string(block, at, at + bytes)
}

/** The 64 bits of a double in a block. */
function bitsOf(memory: Memory, block: Address, unit: number): bigint {
  const words = memory.i32[block >>> SLAB_BITS]!
  const at = ((block & UNIT_MASK) + unit) << 1
  return (BigInt(words[at + 1]! >>> 0) << 32n) | BigInt(words[at]! >>> 0)
}

function saveUncompressed(memory: Memory, chunk: Address, sink: SaveSink): void {
  const count = countOf(memory, chunk)
  const bytes = count * SAMPLE_BYTES
  const data = memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + W_DATA]!
  const from = memory.f64[data >>> SLAB_BITS]!
  const f = data & UNIT_MASK
  // Times are doubles in memory and integers in a dump, so the samples are written aside.
  const aside = memory.block(ACCOUNT.overhead, bytes)
  const words = memory.i32[aside >>> SLAB_BITS]!
  const doubles = memory.f64[aside >>> SLAB_BITS]!
  const to = aside & UNIT_MASK
  for (let i = 0; i < count; i++) {
    const time = from[f + 2 * i]!
    const high = Math.floor(time / TWO_32)
    words[(to + 2 * i) << 1] = time >= 2 ** 63 ? -1 : (time - high * TWO_32) | 0
    words[((to + 2 * i) << 1) + 1] = time >= 2 ** 63 ? 0x7fffffff : high
    doubles[to + 2 * i + 1] = from[f + 2 * i + 1]!
  }
  saveTime(sink, firstTimeOf(memory, chunk))
  sink.unsigned(count)
  sink.unsigned(bytes)
  sink.string(memory.u8[aside >>> SLAB_BITS]!, to << 3, (to << 3) + bytes)
  memory.free(ACCOUNT.overhead, aside)
}

/** Read a chunk: its address, or 0 when it is empty. @throws Error when the data is damaged. */
export function loadChunk(engine: ChunkEngine, room: Workspace, limitBytes: number, source: LoadSource): Address {
  return engine instanceof GorillaEngine
    ? loadCompressed(engine, room, limitBytes, source)
    : loadUncompressed(engine, limitBytes, source)
}

function loadCompressed(engine: GorillaEngine, room: Workspace, limitBytes: number, source: LoadSource): Address {
  source.unsigned() // the bytes of the codes, which the string tells too
  const count = source.unsigned()
  source.unsigned() // the bits, counted when the codes are read
  const value = source.unsigned64()
  const time = loadTime(source)
  for (let i = 0; i < 5; i++) source.unsigned64() // the state behind the last sample, found again in the same way
  const codes = source.string(new Range())
  if (count === 0) return 0
  room.reserve(STRETCH + 1)
  const { batch } = room
  batch.words[0] = Number(value & 0xffffffffn) | 0
  batch.words[1] = Number(value >> 32n) | 0
  const chunk = engine.adopt(limitBytes, count, time, batch.values[0]!, codes, batch)
  if (chunk === 0) throw new Error('TSDB-TYPE: the samples of a chunk are damaged')
  return chunk
}

function loadUncompressed(engine: ChunkEngine, limitBytes: number, source: LoadSource): Address {
  loadTime(source) // of the first sample, which stands with the others
  const count = source.unsigned()
  source.unsigned() // bytes
  const samples: Range = source.string(new Range())
  if (count === 0) return 0
  if (count * SAMPLE_BYTES > samples.length) throw new Error('TSDB-TYPE: the samples of a chunk are missing')
  const chunk = engine.create(limitBytes)
  let last = Number.NEGATIVE_INFINITY
  for (let i = 0; i < count; i++) {
    const at = samples.start + i * SAMPLE_BYTES
    const time = samples.buf.readUInt32LE(at) + samples.buf.readUInt32LE(at + 4) * TWO_32
    if (!(time > last)) {
      engine.free(chunk)
      throw new Error('TSDB-TYPE: the samples of a chunk are out of order')
    }
    engine.append(chunk, time, samples.buf.readDoubleLE(at + 8), true)
    last = time
  }
  return chunk
}
