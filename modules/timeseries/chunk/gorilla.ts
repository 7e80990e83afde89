/* Gorilla -- samples as differences of differences.
 *
 * Times come at nearly equal steps, so what is kept of a time is how much the step changed. Values change little, so
 * what is kept of a value is the exclusive or with the one before, less its leading and trailing zeros. The first
 * sample is kept whole in the record of stretch 0; each later one is two codes, lowest bit first:
 *
 *      step changed by      code                    value xor previous      code
 *      0                    0                       0                       0
 *      -16 .. 15            10     +  5 bits        fits the window         10 + the window's bits
 *      -128 .. 127          110    +  8 bits        a new window            11 + leading zeros, 5 bits
 *      -1024 .. 1023        1110   + 11 bits                                   + width less 1, 6 bits
 *      -16384 .. 16383      11110  + 15 bits                                   + its bits
 *      32 bits              111110 + 32 bits
 *      more                 111111 + 64 bits        the window is kept as long as it wastes less than 11 bits
 *
 *      a minute's temperature:  62000 21.5 | 122000 21.5 | 182000 21.75  ->  ... | 0 0 | 0 11 01011 000000 1
 *
 * The codes are those of RedisTimeSeries, bit for bit, so a dump is a copy of the block. After the paper of T. Pelkonen
 * and others, "Gorilla: A Fast, Scalable, In-Memory Time Series Database" (VLDB 2015), section 4.1.
 *
 *   append O(1)    decode O(128), 8 to 10 ns a sample    replaceLast O(1)
 *
 * Times are doubles: whole numbers up to 2^53 are exact, those beyond are rounded, and 2^63 stands for 2^63 - 1. */

import { type Address, type Memory, type Range, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { type Batch, scratchBatch } from './batch.ts'
import type { ChunkEngine } from './engine.ts'
import {
  CHUNK_SAMPLES_MAX,
  F_LAST_DELTA,
  F_LAST_TIME,
  F_LAST_VALUE,
  F_UNDO_DELTA,
  F_UNDO_VALUE,
  R_BITS,
  R_DELTA,
  R_SLOT,
  R_TIME,
  R_VALUE,
  R_WINDOW,
  STRETCH,
  STRETCH_BITS,
  UNDO_NONE,
  W_BITS,
  W_COUNT,
  W_DATA,
  W_DATA_BYTES,
  W_LIMIT,
  W_SUMMED,
  W_UNDO_BITS,
  W_UNDO_WINDOW,
  W_WINDOW,
} from './layout.ts'
import {
  createChunk,
  freeChunk,
  growData,
  openStretch,
  recordAt,
  stepBack,
  truncateTo,
  unseal,
  writeFirst,
} from './stretch.ts'

/** Leading zeros are kept in 5 bits. */
const LEADING_MAX = 31
/** Bits that describe a new window. */
const WINDOW_BITS = 11
/** No window yet: 32 leading and 32 trailing zeros leave no bits. */
const NO_WINDOW = 32 | (32 << 8)
/** Most bits that a sample can take. */
const SAMPLE_BITS_MAX = 6 + 64 + 2 + WINDOW_BITS + 64
const DATA_BYTES_FIRST = 64
const TWO_32 = 4294967296
/** Bits that a change of the step took, by the 6 bits it begins with. */
const CHANGE_BITS = Uint8Array.from({ length: 64 }, (_, bits) => [1, 7, 11, 15, 20, 38, 70][trailingOnes(bits)]!)

/** Chunks compressed as the header of this file tells. */
export class GorillaEngine implements ChunkEngine {
  readonly name = 'compressed'
  readonly memory: Memory
  readonly batch: Batch

  constructor(memory: Memory) {
    this.memory = memory
    this.batch = scratchBatch(memory)
  }

  create(limitBytes: number): Address {
    const chunk = createChunk(this.memory, limitBytes, Math.min(limitBytes, DATA_BYTES_FIRST))
    this.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + W_WINDOW] = NO_WINDOW
    return chunk
  }

  free(chunk: Address): void {
    freeChunk(this.memory, chunk)
  }

  append(chunk: Address, time: number, value: number, force: boolean): boolean {
    const memory = this.memory
    let words = memory.i32[chunk >>> SLAB_BITS]!
    const doubles = memory.f64[chunk >>> SLAB_BITS]!
    const f = chunk & UNIT_MASK
    const w = f << 1
    const count = words[w + W_COUNT]!
    if (count === 0) {
      writeFirst(memory, chunk, time, value)
      return true
    }
    if (count >= CHUNK_SAMPLES_MAX && !force) return false
    const bits = words[w + W_BITS]!
    if (bits + SAMPLE_BITS_MAX > words[w + W_DATA_BYTES]! << 3) {
      if (!this.#room(chunk, time, value, force)) return false
      words = memory.i32[chunk >>> SLAB_BITS]!
    }
    const starts = (count & (STRETCH - 1)) === 0
    if (words[w + W_SUMMED] !== 0) unseal(memory, chunk)
    if (starts) openStretch(this, chunk)
    const delta = time - doubles[f + F_LAST_TIME]!
    const change = delta - doubles[f + F_LAST_DELTA]!
    const window = words[w + W_WINDOW]!
    const data = words[w + W_DATA]!
    const target = memory.i32[data >>> SLAB_BITS]!
    const base = (data & UNIT_MASK) << 1

    words[w + W_UNDO_BITS] = bits
    words[w + W_UNDO_WINDOW] = window
    doubles[f + F_UNDO_DELTA] = doubles[f + F_LAST_DELTA]!
    doubles[f + F_UNDO_VALUE] = doubles[f + F_LAST_VALUE]!
    const high = words[w + 2 * F_LAST_VALUE + 1]!
    const low = words[w + 2 * F_LAST_VALUE]!
    doubles[f + F_LAST_VALUE] = value
    doubles[f + F_LAST_DELTA] = delta
    // As a decoder will add it up, which matters above 2^53 only.
    doubles[f + F_LAST_TIME]! += delta
    const xorHigh = high ^ words[w + 2 * F_LAST_VALUE + 1]!
    const xorLow = low ^ words[w + 2 * F_LAST_VALUE]!

    const at = change === 0 ? bits + 1 : writeChange(target, base, bits, change)
    // An unchanged step is the usual one: its zero bit is written along with the value's first bits.
    const zeros = change === 0 ? 1 : 0
    if (xorHigh === 0 && xorLow === 0) {
      put(target, base, at - zeros, 0, zeros + 1)
      words[w + W_BITS] = at + 1
    } else {
      const next = windowOf(xorHigh, xorLow, window)
      words[w + W_BITS] = writeXor(target, base, at - zeros, zeros, xorHigh, xorLow, next, next !== window)
      words[w + W_WINDOW] = next
    }
    words[w + W_COUNT] = count + 1
    if (starts) writeRecord(memory, chunk, count >>> STRETCH_BITS)
    return true
  }

  replaceLast(chunk: Address, value: number): boolean {
    const words = this.memory.i32[chunk >>> SLAB_BITS]!
    const doubles = this.memory.f64[chunk >>> SLAB_BITS]!
    const f = chunk & UNIT_MASK
    const w = f << 1
    const time = doubles[f + F_LAST_TIME]!
    if (words[w + W_COUNT] === 1) {
      writeFirst(this.memory, chunk, time, value)
      return true
    }
    if (words[w + W_UNDO_BITS] === UNDO_NONE) return false
    const bitsMost = words[w + W_UNDO_BITS]! + SAMPLE_BITS_MAX
    if (bitsMost > words[w + W_DATA_BYTES]! << 3)
      growData(this.memory, chunk, (bitsMost + 7) >>> 3, this.encodedBytes(chunk))
    stepBack(this.memory, chunk)
    words[w + W_BITS] = words[w + W_UNDO_BITS]!
    words[w + W_WINDOW] = words[w + W_UNDO_WINDOW]!
    return this.append(chunk, time, value, true)
  }

  decode(chunk: Address, stretch: number, batch: Batch): number {
    const memory = this.memory
    const words = memory.i32[chunk >>> SLAB_BITS]!
    const w = (chunk & UNIT_MASK) << 1
    const data = words[w + W_DATA]!
    const left = words[w + W_COUNT]! - (stretch << STRETCH_BITS)
    const length = Math.min(left, STRETCH)
    const record = recordAt(memory, chunk, stretch)
    decodeRun(memory, record, data, batch, length)
    return length
  }

  truncate(chunk: Address, stretch: number): void {
    const memory = this.memory
    truncateTo(memory, chunk, stretch)
    const words = memory.i32[chunk >>> SLAB_BITS]!
    const w = (chunk & UNIT_MASK) << 1
    const record = recordAt(memory, chunk, stretch)
    const from = memory.i32[record >>> SLAB_BITS]!
    const r = (record & UNIT_MASK) << 1
    words[w + W_BITS] = from[r + R_BITS]!
    words[w + W_WINDOW] = from[r + R_WINDOW]!
  }

  /**
   * A chunk from a dump: its first sample, and the codes of the others. The codes are walked through once, to find where
   * stretches begin. Returns 0 when they do not make `count` samples whose times rise.
   */
  adopt(limitBytes: number, count: number, time: number, value: number, codes: Range, batch: Batch): Address {
    const { memory } = this
    const bytes = codes.end - codes.start
    if (count > bytes * 4 + 1) return 0
    const chunk = createChunk(memory, limitBytes, Math.max(bytes, 8))
    memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + W_WINDOW] = NO_WINDOW
    writeFirst(memory, chunk, time, value)
    const words = memory.i32[chunk >>> SLAB_BITS]!
    const w = (chunk & UNIT_MASK) << 1
    const data = words[w + W_DATA]!
    codes.buf.copy(memory.u8[data >>> SLAB_BITS]!, (data & UNIT_MASK) << 3, codes.start, codes.end)
    try {
      for (let done = 1; done < count; done += STRETCH) {
        const length = Math.min(count - done, STRETCH)
        const record = recordAt(memory, chunk, done >>> STRETCH_BITS)
        decodeRun(memory, record, data, batch, length + 1)
        if (batch.endBits > bytes * 8 || !rises(batch, length + 1)) {
          this.free(chunk)
          return 0
        }
        this.#settle(chunk, done + length, batch, length)
      }
    } catch (error) {
      // A full arena: the half-made chunk goes back, and the caller learns.
      this.free(chunk)
      throw error
    }
    return chunk
  }

  /** Let a chunk end with the last sample that was decoded, which is the first of a stretch when that is due. */
  #settle(chunk: Address, count: number, batch: Batch, last: number): void {
    const words = this.memory.i32[chunk >>> SLAB_BITS]!
    const doubles = this.memory.f64[chunk >>> SLAB_BITS]!
    const f = chunk & UNIT_MASK
    const w = f << 1
    doubles[f + F_LAST_TIME] = batch.times[batch.timesAt + last]!
    doubles[f + F_LAST_VALUE] = batch.values[batch.valuesAt + last]!
    doubles[f + F_LAST_DELTA] = batch.endDelta
    words[w + W_BITS] = batch.endBits
    words[w + W_WINDOW] = batch.endWindow
    words[w + W_COUNT] = count
    if ((count & (STRETCH - 1)) !== 1) return
    // The sample that begins a stretch is not counted yet while its record is made room for.
    words[w + W_COUNT] = count - 1
    openStretch(this, chunk)
    words[w + W_COUNT] = count
    writeRecord(this.memory, chunk, (count - 1) >>> STRETCH_BITS)
  }

  encodedBytes(chunk: Address): number {
    return (this.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + W_BITS]! + 7) >>> 3
  }

  /** Make sure that a sample fits; false when the chunk is full. Off the usual path, so it counts the bits exactly. */
  #room(chunk: Address, time: number, value: number, force: boolean): boolean {
    const memory = this.memory
    const words = memory.i32[chunk >>> SLAB_BITS]!
    const doubles = memory.f64[chunk >>> SLAB_BITS]!
    const f = chunk & UNIT_MASK
    const w = f << 1
    const change = time - doubles[f + F_LAST_TIME]! - doubles[f + F_LAST_DELTA]!
    const before = doubles[f + F_LAST_VALUE]!
    const high = words[w + 2 * F_LAST_VALUE + 1]!
    const low = words[w + 2 * F_LAST_VALUE]!
    doubles[f + F_LAST_VALUE] = value
    const xorHigh = high ^ words[w + 2 * F_LAST_VALUE + 1]!
    const xorLow = low ^ words[w + 2 * F_LAST_VALUE]!
    doubles[f + F_LAST_VALUE] = before
    let need = changeBits(change) + 1
    if (xorHigh !== 0 || xorLow !== 0) {
      const window = words[w + W_WINDOW]!
      const next = windowOf(xorHigh, xorLow, window)
      need += 1 + (next === window ? 0 : WINDOW_BITS) + 64 - (next & 0xff) - (next >>> 8)
    }
    const end = words[w + W_BITS]! + need
    if (end > words[w + W_LIMIT]! << 3 && !force) return false
    if (end > words[w + W_DATA_BYTES]! << 3) growData(memory, chunk, (end + 7) >>> 3, this.encodedBytes(chunk))
    return true
  }
}

/** Whether the times of the first samples of a batch rise. */
function rises(batch: Batch, length: number): boolean {
  const { times, timesAt } = batch
  for (let i = 1; i < length; i++) if (!(times[timesAt + i]! > times[timesAt + i - 1]!)) return false
  return true
}

function trailingOnes(bits: number): number {
  return 31 - Math.clz32(~bits & (bits + 1))
}

/** Remember the state after the first sample of a stretch. */
function writeRecord(memory: Memory, chunk: Address, stretch: number): void {
  const words = memory.i32[chunk >>> SLAB_BITS]!
  const doubles = memory.f64[chunk >>> SLAB_BITS]!
  const f = chunk & UNIT_MASK
  const w = f << 1
  const record = recordAt(memory, chunk, stretch)
  const to = memory.f64[record >>> SLAB_BITS]!
  const r = record & UNIT_MASK
  to[r + R_TIME] = doubles[f + F_LAST_TIME]!
  to[r + R_VALUE] = doubles[f + F_LAST_VALUE]!
  to[r + R_DELTA] = doubles[f + F_LAST_DELTA]!
  const toWords = memory.i32[record >>> SLAB_BITS]!
  toWords[(r << 1) + R_BITS] = words[w + W_BITS]!
  toWords[(r << 1) + R_WINDOW] = words[w + W_WINDOW]!
  toWords[(r << 1) + R_SLOT] = 0
}

/** Write the `count` lowest bits of a word, 1 to 32, at a bit position. Everything behind them becomes zero. */
function put(target: Int32Array, base: number, at: number, bits: number, count: number): void {
  const word = base + (at >>> 5)
  const shift = at & 31
  const value = count === 32 ? bits : bits & ((1 << count) - 1)
  target[word] = (target[word]! & ((1 << shift) - 1)) | (value << shift)
  if (shift + count > 32) target[word + 1] = (value >>> (32 - shift)) | 0
}

/** Write how the step changed, which it did. Returns the position after it. */
function writeChange(target: Int32Array, base: number, at: number, change: number): number {
  if (change >= -16 && change < 16) {
    put(target, base, at, 0b01 | (change << 2), 7)
    return at + 7
  }
  if (change >= -128 && change < 128) {
    put(target, base, at, 0b011 | (change << 3), 11)
    return at + 11
  }
  if (change >= -1024 && change < 1024) {
    put(target, base, at, 0b0111 | (change << 4), 15)
    return at + 15
  }
  if (change >= -16384 && change < 16384) {
    put(target, base, at, 0b01111 | (change << 5), 20)
    return at + 20
  }
  if (change >= -2147483648 && change < 2147483648) {
    put(target, base, at, 0b011111, 6)
    put(target, base, at + 6, change | 0, 32)
    return at + 38
  }
  put(target, base, at, 0b111111, 6)
  const high = change >= 2 ** 63 ? 0x7fffffff : Math.floor(change / TWO_32)
  put(target, base, at + 6, change >= 2 ** 63 ? -1 : (change - high * TWO_32) | 0, 32)
  put(target, base, at + 38, high, 32)
  return at + 70
}

/** Bits that a change of the step takes. */
function changeBits(change: number): number {
  if (change === 0) return 1
  if (change >= -16 && change < 16) return 7
  if (change >= -128 && change < 128) return 11
  if (change >= -1024 && change < 1024) return 15
  if (change >= -16384 && change < 16384) return 20
  return change >= -2147483648 && change < 2147483648 ? 38 : 70
}

/** The window in which to write the two halves of an exclusive or: the one in use, unless a new one is shorter. */
function windowOf(high: number, low: number, window: number): number {
  const leading = high !== 0 ? Math.clz32(high) : LEADING_MAX
  const trailing = low !== 0 ? 31 - Math.clz32(low & -low) : 63 - Math.clz32(high & -high)
  const usedLeading = window & 0xff
  const usedTrailing = window >>> 8
  const fits = leading >= usedLeading && trailing >= usedTrailing
  if (fits && WINDOW_BITS + 64 - leading - trailing > 64 - usedLeading - usedTrailing) return window
  return leading | (trailing << 8)
}

/** Write a value that is not the one before, after so many zero bits. Returns the position after it. */
function writeXor(
  target: Int32Array,
  base: number,
  at: number,
  zeros: number,
  high: number,
  low: number,
  window: number,
  fresh: boolean,
): number {
  const leading = window & 0xff
  const trailing = window >>> 8
  const width = 64 - leading - trailing
  if (fresh) {
    put(target, base, at, (0b11 | (leading << 2) | ((width - 1) << 7)) << zeros, zeros + 2 + WINDOW_BITS)
    at += zeros + 2 + WINDOW_BITS
  } else {
    put(target, base, at, 1 << zeros, zeros + 2)
    at += zeros + 2
  }
  let first = low
  let second = high
  if (trailing >= 32) {
    first = (high >>> (trailing - 32)) | 0
    second = 0
  } else if (trailing > 0) {
    first = (low >>> trailing) | (high << (32 - trailing))
    second = (high >>> trailing) | 0
  }
  if (width <= 32) put(target, base, at, first, width)
  else {
    put(target, base, at, first, 32)
    put(target, base, at + 32, second, width - 32)
  }
  return at + width
}

/**
 * Decode `length` samples, the first of which is in the record. The loop below reads a window of 32 bits that holds
 * all control bits of a sample whose step did not change, which is the usual one.
 */
function decodeRun(memory: Memory, record: Address, data: Address, batch: Batch, length: number): void {
  const source = memory.i32[data >>> SLAB_BITS]!
  const base = (data & UNIT_MASK) << 1
  const times = batch.times
  const values = batch.words
  let to = batch.timesAt
  let valueTo = batch.valuesAt << 1
  const state = memory.f64[record >>> SLAB_BITS]!
  const stateWords = memory.i32[record >>> SLAB_BITS]!
  const r = record & UNIT_MASK
  let time = state[r + R_TIME]!
  let delta = state[r + R_DELTA]!
  let low = stateWords[(r + R_VALUE) << 1]!
  let high = stateWords[((r + R_VALUE) << 1) + 1]!
  let at = stateWords[(r << 1) + R_BITS]!
  let trailing = stateWords[(r << 1) + R_WINDOW]! >>> 8
  let width = 64 - trailing - (stateWords[(r << 1) + R_WINDOW]! & 0xff)
  const end = to + length - 1
  times[to] = time
  values[valueTo] = low
  values[valueTo + 1] = high
  while (to < end) {
    let word = base + (at >>> 5)
    let shift = at & 31
    let bits = (source[word]! >>> shift) | ((source[word + 1]! << 1) << (31 - shift))
    if ((bits & 1) === 0) {
      at++
      bits >>>= 1
    } else {
      delta += readChange(source, base, at, bits)
      at += CHANGE_BITS[bits & 0b111111]!
      bits = peek(source, base, at)
    }
    time += delta
    if ((bits & 1) === 0) at++
    else {
      if ((bits & 2) === 0) at += 2
      else {
        width = ((bits >>> 7) & 63) + 1
        trailing = 64 - ((bits >>> 2) & 31) - width
        at += 2 + WINDOW_BITS
      }
      word = base + (at >>> 5)
      shift = at & 31
      const middle = source[word + 1]!
      let lower = (source[word]! >>> shift) | ((middle << 1) << (31 - shift))
      let upper = 0
      if (width > 32) {
        upper = (middle >>> shift) | ((source[word + 2]! << 1) << (31 - shift))
        upper = (upper << (64 - width)) >>> (64 - width)
      } else lower = (lower << (32 - width)) >>> (32 - width)
      at += width
      if (trailing >= 32) high ^= lower << (trailing - 32)
      else {
        high ^= (upper << trailing) | ((lower >>> 1) >>> (31 - trailing))
        low ^= lower << trailing
      }
    }
    times[++to] = time
    valueTo += 2
    values[valueTo] = low
    values[valueTo + 1] = high
  }
  batch.endBits = at
  batch.endWindow = (64 - trailing - width) | (trailing << 8)
  batch.endDelta = delta
}

/** How the step changed, which it did; `bits` begin at the position. */
function readChange(source: Int32Array, base: number, at: number, bits: number): number {
  if ((bits & 0b11) === 0b01) return (bits << 25) >> 27
  if ((bits & 0b111) === 0b011) return (bits << 21) >> 24
  if ((bits & 0b1111) === 0b0111) return (bits << 17) >> 21
  if ((bits & 0b11111) === 0b01111) return (bits << 12) >> 17
  if ((bits & 0b111111) === 0b011111) return peek(source, base, at + 6)
  return peek(source, base, at + 38) * TWO_32 + (peek(source, base, at + 6) >>> 0)
}

/** The 32 bits at a position. */
function peek(source: Int32Array, base: number, at: number): number {
  const word = base + (at >>> 5)
  const shift = at & 31
  return (source[word]! >>> shift) | ((source[word + 1]! << 1) << (31 - shift))
}
