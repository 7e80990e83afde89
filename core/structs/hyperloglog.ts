/* HyperLogLog -- how many different items were added, within 0.81 %, in 12 KB whatever their number.
 *
 * Each item is hashed. 14 bits of the hash choose one of 16384 registers; in the other 50 the run of zeros up to the first
 * one is counted. A register keeps the longest run that it has seen: runs of r are expected after 2^r items.
 *
 *     hash of "a"   ...0000 0000 0010 | 11 0001 1010 0111        register 12711 (0x31a7), run 2
 *
 * The value is a plain string, which clients may copy and store, so its bytes are Redis's:
 *
 *     H Y L L | encoding | 0 0 0 | cached count, 8 bytes, little-endian, highest bit set when stale | registers
 *
 *     encoding 0, dense     16384 registers of 6 bits, packed from the low bits of each byte upwards: 12304 bytes in all
 *     encoding 1, sparse    run lengths:   00nnnnnn            n+1 registers at 0 (1 to 64)            printed  z:64
 *                                          01nnnnnn nnnnnnnn   n+1 registers at 0 (1 to 16384)                  Z:12711
 *                                          1vvvvvnn            n+1 registers at v+1 (1 to 4, 1 to 32)           v:2,1
 *
 * A sparse string becomes dense when a register exceeds 32 or the string would exceed hll-sparse-max-bytes; never back.
 *
 *   add: dense O(1), in place; sparse O(length)    count O(16384), cached    merge O(16384) a source
 *
 * Dense strings are changed where they lie; a sparse one is loaded into an Editor, which has room to grow, and stored
 * again. Anything a client may have written into the string is checked before it is believed.
 *
 * Source: P. Flajolet et al., "HyperLogLog" (2007); the estimator is O. Ertl, "New cardinality estimation algorithms for
 * HyperLogLog sketches" (2017). */

import type { Range } from '../base/bytes.ts'
import { type Hash64, murmur64 } from '../base/murmur.ts'

const REGISTER_BITS = 14
export const HLL_REGISTERS = 1 << REGISTER_BITS
/** Hash bits that are left for the run. */
const RUN_BITS = 64 - REGISTER_BITS
const HEADER = 16
const ENCODING_AT = 4
const COUNT_AT = 8
const DENSE = 0
const SPARSE = 1
export const HLL_DENSE_BYTES = HEADER + (HLL_REGISTERS * 6) / 8
/** No sparse string is longer, since each of its opcodes covers a register at least. */
const SPARSE_BYTES_MAX = HEADER + HLL_REGISTERS
const SPARSE_VALUE_MAX = 32
const SPARSE_VALUE_RUN_MAX = 4
const SPARSE_ZERO_RUN_MAX = 64
const SEED_HIGH = 0
const SEED_LOW = 0xadc83b19 | 0

/** Whether a string is a HyperLogLog as far as its header tells. */
export function isHyperLogLog(string: Range): boolean {
  const { buf, start, end } = string
  if (end - start < HEADER) return false
  if (buf[start] !== 0x48 || buf[start + 1] !== 0x59 || buf[start + 2] !== 0x4c || buf[start + 3] !== 0x4c) return false
  const encoding = buf[start + ENCODING_AT]!
  return encoding === SPARSE || (encoding === DENSE && end - start === HLL_DENSE_BYTES)
}

/** Whether the registers of a HyperLogLog are packed and may be changed in place. */
export function isDense(string: Range): boolean {
  return string.buf[string.start + ENCODING_AT] === DENSE
}

/** The count that was stored with the string, -1 when a change has made it stale. */
export function cachedCount(string: Range): number {
  const at = string.start + COUNT_AT
  const high = string.buf.readUInt32LE(at + 4)
  return high >= 0x80000000 ? -1 : high * 4294967296 + string.buf.readUInt32LE(at)
}

/** Store a count with the string. */
export function cacheCount(string: Range, count: number): void {
  const at = string.start + COUNT_AT
  string.buf.writeUInt32LE(count % 4294967296, at)
  string.buf.writeUInt32LE(Math.floor(count / 4294967296), at + 4)
}

function spoilCount(buf: Buffer, start: number): void {
  buf[start + COUNT_AT + 7]! |= 0x80
}

/** Which register an item changes, and to what: left by locate(). */
const spot = { register: 0, run: 0 }
const hash: Hash64 = { high: 0, low: 0 }

function locate(item: Range): void {
  murmur64(item.buf, item.start, item.end, SEED_HIGH, SEED_LOW, hash)
  spot.register = hash.low & (HLL_REGISTERS - 1)
  const low = (hash.low >>> REGISTER_BITS) | (hash.high << (32 - REGISTER_BITS))
  // A one above the last bit bounds the run.
  const high = (hash.high >>> REGISTER_BITS) | (1 << (RUN_BITS - 32))
  spot.run = low !== 0 ? trailingZeros(low) + 1 : trailingZeros(high) + 33
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word)
}

/** Add an item to a dense string. Whether a register changed. */
export function addToDense(string: Range, item: Range): boolean {
  locate(item)
  if (!raiseDense(string.buf, string.start + HEADER, spot.register, spot.run)) return false
  spoilCount(string.buf, string.start)
  return true
}

function raiseDense(buf: Buffer, registers: number, register: number, run: number): boolean {
  const bit = register * 6
  const at = registers + (bit >>> 3)
  const shift = bit & 7
  // A register that ends with its byte does not touch the next one, which may lie beyond the string.
  const pair = shift > 2 ? buf[at]! | (buf[at + 1]! << 8) : buf[at]!
  if (((pair >>> shift) & 63) >= run) return false
  const raised = (pair & ~(63 << shift)) | (run << shift)
  buf[at] = raised
  if (shift > 2) buf[at + 1] = raised >>> 8
  return true
}

/** What became of an item, or of a register, given to an Editor. */
export const HLL = { unchanged: 0, changed: 1, corrupt: -1 } as const
export type HllOutcome = (typeof HLL)[keyof typeof HLL]

/**
 * Room to work on one string at a time, and on registers in plain form: one for a server. Nothing is kept between uses.
 */
export class HllEditor {
  /** The string being edited: bytes [0, length). */
  readonly buf: Buffer = Buffer.from(new Uint8Array(SPARSE_BYTES_MAX + 8).buffer)
  length = 0
  /** Registers in plain form, a byte each: the union of what was merged. Clear them first. */
  readonly registers: Uint8Array = new Uint8Array(HLL_REGISTERS)
  readonly #decoded: Uint8Array = new Uint8Array(HLL_REGISTERS)
  readonly #histogram: Int32Array = new Int32Array(64)

  /** Begin with an empty one, in sparse form. */
  create(): void {
    this.buf.fill(0, 0, HEADER)
    this.buf.latin1Write('HYLL', 0)
    this.buf[ENCODING_AT] = SPARSE
    this.length = putZeros(this.buf, HEADER, HLL_REGISTERS)
  }

  /** The stored count no longer holds, though no register changed. */
  spoilCount(): void {
    spoilCount(this.buf, 0)
  }

  /** Begin with a copy of a string. False when it is longer than any good one. */
  load(string: Range): boolean {
    const length = string.end - string.start
    if (length > SPARSE_BYTES_MAX) return false
    string.buf.copy(this.buf, 0, string.start, string.end)
    this.length = length
    return true
  }

  get isDense(): boolean {
    return this.buf[ENCODING_AT] === DENSE
  }

  /** The edited string, into a Range that is valid until the next use. */
  result(out: Range): Range {
    return out.set(this.buf, 0, this.length)
  }

  /** Add an item; `sparseMax` is hll-sparse-max-bytes. */
  add(item: Range, sparseMax: number): HllOutcome {
    locate(item)
    return this.raise(spot.register, spot.run, sparseMax)
  }

  /** Raise a register to at least `run`. */
  raise(register: number, run: number, sparseMax: number): HllOutcome {
    if (this.isDense) {
      if (!raiseDense(this.buf, HEADER, register, run)) return HLL.unchanged
      spoilCount(this.buf, 0)
      return HLL.changed
    }
    if (run > SPARSE_VALUE_MAX) return this.#raiseAsDense(register, run)
    return this.#raiseSparse(register, run, sparseMax)
  }

  /** Raise every register to its value in plain form: the second half of a merge. */
  raiseAll(sparseMax: number): HllOutcome {
    for (let i = 0; i < HLL_REGISTERS; i++)
      if (this.registers[i] !== 0 && this.raise(i, this.registers[i]!, sparseMax) === HLL.corrupt) return HLL.corrupt
    spoilCount(this.buf, 0)
    return HLL.changed
  }

  #raiseAsDense(register: number, run: number): HllOutcome {
    if (!this.toDense()) return HLL.corrupt
    raiseDense(this.buf, HEADER, register, run)
    spoilCount(this.buf, 0)
    return HLL.changed
  }

  #raiseSparse(register: number, run: number, sparseMax: number): HllOutcome {
    const { buf, length } = this
    let previous = HEADER
    let at = HEADER
    let first = 0
    let covered = 0
    for (; ; at += opcodeBytes(buf[at]!)) {
      if (at >= length || at + opcodeBytes(buf[at]!) > length) return HLL.corrupt
      covered = opcodeRun(buf, at)
      if (register < first + covered) break
      previous = at
      first += covered
    }
    const opcode = buf[at]!
    const old = opcodeValue(opcode)
    if (old >= run) return HLL.unchanged
    if (covered === 1 && opcodeBytes(opcode) === 1) buf[at] = valueOpcode(run, 1)
    else {
      // What lies before the register, the register, what lies behind it: 3 to 5 bytes in place of one or two.
      let write = putRun(SPLIT, 0, old, register - first)
      SPLIT[write++] = valueOpcode(run, 1)
      write = putRun(SPLIT, write, old, first + covered - 1 - register)
      const grown = length + write - opcodeBytes(opcode)
      if (grown > length && (grown > sparseMax || grown > SPARSE_BYTES_MAX)) return this.#raiseAsDense(register, run)
      buf.copy(buf, at + write, at + opcodeBytes(opcode), length)
      SPLIT.copy(buf, at, 0, write)
      this.length = grown
    }
    this.length = joinRuns(buf, previous, this.length)
    spoilCount(buf, 0)
    return HLL.changed
  }

  /** Make the edited string dense. False when its registers are not sound; then nothing has changed. */
  toDense(): boolean {
    if (this.isDense) return true
    const registers = this.#decoded.fill(0)
    if (!forEachSparse(this.buf, 0, this.length, registers, null)) return false
    this.buf.fill(0, HEADER, HLL_DENSE_BYTES)
    for (let i = 0; i < HLL_REGISTERS; i++) if (registers[i] !== 0) raiseDense(this.buf, HEADER, i, registers[i]!)
    this.buf[ENCODING_AT] = DENSE
    this.length = HLL_DENSE_BYTES
    return true
  }

  /** Raise the registers in plain form to those of a string. False when the string is not sound. */
  merge(string: Range): boolean {
    const { buf, start, end } = string
    const registers = this.registers
    if (!isDense(string)) return forEachSparse(buf, start, end, registers, null)
    for (let i = 0, at = start + HEADER; i < HLL_REGISTERS; i += 4, at += 3) {
      const four = buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16)
      if ((four & 63) > registers[i]!) registers[i] = four & 63
      if (((four >>> 6) & 63) > registers[i + 1]!) registers[i + 1] = (four >>> 6) & 63
      if (((four >>> 12) & 63) > registers[i + 2]!) registers[i + 2] = (four >>> 12) & 63
      if (four >>> 18 > registers[i + 3]!) registers[i + 3] = four >>> 18
    }
    return true
  }

  /** The estimated number of items of a string, -1 when it is not sound. */
  count(string: Range): number {
    const { buf, start, end } = string
    const histogram = this.#histogram.fill(0)
    if (!isDense(string)) return forEachSparse(buf, start, end, null, histogram) ? estimate(histogram) : -1
    for (let at = start + HEADER; at < start + HLL_DENSE_BYTES; at += 3) {
      const four = buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16)
      histogram[four & 63]!++
      histogram[(four >>> 6) & 63]!++
      histogram[(four >>> 12) & 63]!++
      histogram[four >>> 18]!++
    }
    return estimate(histogram)
  }

  /** The estimated number of items that the registers in plain form stand for. */
  countRegisters(): number {
    const histogram = this.#histogram.fill(0)
    const registers = this.registers
    for (let i = 0; i < HLL_REGISTERS; i++) histogram[registers[i]! & 63]!++
    return estimate(histogram)
  }
}

/** The opcodes that replace a split one. */
const SPLIT = Buffer.from(new Uint8Array(8).buffer)

/** How many bytes an opcode has. */
function opcodeBytes(opcode: number): number {
  return (opcode & 0xc0) === 0x40 ? 2 : 1
}

/** How many registers the opcode at a position covers. */
function opcodeRun(buf: Buffer, at: number): number {
  const opcode = buf[at]!
  if (opcode >= 0x80) return (opcode & 3) + 1
  return opcode >= 0x40 ? (((opcode & 63) << 8) | buf[at + 1]!) + 1 : opcode + 1
}

/** The value of the registers that an opcode covers. */
function opcodeValue(opcode: number): number {
  return opcode >= 0x80 ? ((opcode >>> 2) & 31) + 1 : 0
}

function valueOpcode(value: number, run: number): number {
  return 0x80 | ((value - 1) << 2) | (run - 1)
}

/** Write an opcode for a run of registers that fits one, nothing for none. Returns the position behind. */
function putRun(buf: Buffer, at: number, value: number, run: number): number {
  if (run === 0) return at
  if (value === 0) return putZeros(buf, at, run)
  buf[at] = valueOpcode(value, run)
  return at + 1
}

function putZeros(buf: Buffer, at: number, run: number): number {
  if (run <= SPARSE_ZERO_RUN_MAX) {
    buf[at] = run - 1
    return at + 1
  }
  buf[at] = 0x40 | ((run - 1) >> 8)
  buf[at + 1] = run - 1
  return at + 2
}

/** How many opcodes after a change are looked at, to see whether two became one. */
const JOIN_SCAN = 5

/** Join equal value opcodes near a change, as far as Redis does. Returns the new length. */
function joinRuns(buf: Buffer, at: number, length: number): number {
  for (let scanned = 0; scanned < JOIN_SCAN && at < length; scanned++) {
    const opcode = buf[at]!
    if (opcode < 0x80) {
      at += opcodeBytes(opcode)
      continue
    }
    const next = at + 1 < length ? buf[at + 1]! : 0
    const run = (opcode & 3) + (next & 3) + 2
    if (next >= 0x80 && opcodeValue(next) === opcodeValue(opcode) && run <= SPARSE_VALUE_RUN_MAX) {
      buf[at + 1] = valueOpcode(opcodeValue(opcode), run)
      buf.copy(buf, at, at + 1, length)
      length--
    } else at++
  }
  return length
}

/**
 * Walk a sparse string: raise plain registers, or count their values. False when its opcodes do not cover exactly all
 * registers; the part walked has been applied then.
 */
function forEachSparse(
  buf: Buffer,
  start: number,
  end: number,
  registers: Uint8Array | null,
  histogram: Int32Array | null,
): boolean {
  let register = 0
  for (let at = start + HEADER; at < end; ) {
    const opcode = buf[at]!
    const bytes = opcodeBytes(opcode)
    if (at + bytes > end) return false
    const run = opcodeRun(buf, at)
    const value = opcodeValue(opcode)
    if (register + run > HLL_REGISTERS) return false
    if (histogram !== null) histogram[value]! += run
    else if (registers !== null && value > 0)
      for (let i = register; i < register + run; i++) if (registers[i]! < value) registers[i] = value
    register += run
    at += bytes
  }
  return register === HLL_REGISTERS
}

/** The sparse form in words, as PFDEBUG DECODE prints it: `Z:12711 v:2,1 Z:3672`. */
export function describeSparse(string: Range): string {
  const words: string[] = []
  for (let at = string.start + HEADER; at < string.end; at += opcodeBytes(string.buf[at]!)) {
    const opcode = string.buf[at]!
    if (at + opcodeBytes(opcode) > string.end) break
    const run = opcodeRun(string.buf, at)
    words.push(opcode >= 0x80 ? `v:${opcodeValue(opcode)},${run}` : `${opcode >= 0x40 ? 'Z' : 'z'}:${run}`)
  }
  return words.join(' ')
}

/** 1 / (2 ln 2): the constant of the estimator for infinitely many registers. */
const ALPHA = 0.7213475204444817

/** How many items make registers with these values likely. histogram[v] registers have the value v. */
function estimate(histogram: Int32Array): number {
  const m = HLL_REGISTERS
  let z = m * tau((m - histogram[RUN_BITS + 1]!) / m)
  for (let value = RUN_BITS; value >= 1; value--) z = 0.5 * (z + histogram[value]!)
  z += m * sigma(histogram[0]! / m)
  return Math.round((ALPHA * m * m) / z)
}

/** Corrects for registers that are still 0. */
function sigma(x: number): number {
  if (x === 1) return Infinity
  let y = 1
  let z = x
  for (let before = -1; before !== z; ) {
    x *= x
    before = z
    z += x * y
    y += y
  }
  return z
}

/** Corrects for registers that cannot count further. */
function tau(x: number): number {
  if (x === 0 || x === 1) return 0
  let y = 1
  let z = 1 - x
  for (let before = -1; before !== z; ) {
    x = Math.sqrt(x)
    before = z
    y *= 0.5
    z -= (1 - x) ** 2 * y
  }
  return z / 3
}
