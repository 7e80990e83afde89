/* Count-Min sketch -- how often each of very many items came, in a table of fixed size.
 *
 * Each of `depth` rows has `width` counters and a hash of its own. An item adds to one counter of each row; its estimate is
 * the least of them, for all they can be is too high (G. Cormode, S. Muthukrishnan, "An improved data stream
 * summary: the Count-Min sketch and its applications", 2005):
 *
 *      row 0   [ 0  7  0  2  0 ]      "a" came 5 times, "b" 2, "c" 2.   a and c share the 7 of row 0,
 *      row 1   [ 5  0  4  0  0 ]      b and c the 4 of row 1: the estimate of c is min(7, 4) = 4.
 *
 * Error bound: with width = ceil(2/e) and depth = ceil(log2(1/p)), an estimate exceeds the truth by more than e times the
 * sum of all counts with probability p at most (each row fails with probability 1/2, by Markov's inequality).
 * Never too low.
 *
 *   increment, query: O(depth)    merge: O(width · depth · sources)
 *
 * Layout: a root and one block of unsigned 32-bit counters, row after row, as RedisBloom dumps them.
 *
 *      root   width | depth | count low | count high | counters address
 *
 * Counters saturate at 2^32 - 1 and stay there. `count`, the sum of all increments, is 64 bits and wraps, as the real
 * module's does; it is two halves here, because a double holds only 53 bits. Row i hashes with MurmurHash2 seeded with i.
 *
 * Left out: conservative update and decrements, which RedisBloom does not have either. */
import {
  ACCOUNT,
  type Address,
  ArenaFull,
  type Guard,
  type Memory,
  type Range,
  SLAB_BITS,
  UNIT_MASK,
} from 'redstrata/module'
import { cellOf, MIXED_LENGTH, mixWords, murmur2Four } from '../hash.ts'
import { RootLens } from '../lens.ts'

/** The largest counter: what has reached it is no longer known. */
export const CELL_MAX = 0xffffffff
/** The most counters of a sketch: the largest buffer that every supported Node can address. */
export const CELLS_MAX = 2 ** 30 - 2
/** The most rows: an operation walks them all, and a failure of 2^-1024 is none. */
export const DEPTH_MAX = 1024

const ROOT_BYTES = 24
const TWO_32 = 4294967296

/** The width for an overestimation of `error` times all counts, and the depth for a failure probability. */
export function sizeFor(error: number, probability: number): { width: number; depth: number } {
  const width = Math.ceil(2 / error)
  // The real module divides logarithms in single precision, which shows where the quotient is a whole number.
  const logarithm = Math.fround(Math.log10(Math.fround(probability)))
  return { width, depth: Math.ceil(Math.fround(logarithm / Math.fround(Math.log10(0.5)))) }
}

/** Whether a sketch of that size can be. */
export function validSize(width: number, depth: number): boolean {
  return width >= 1 && depth >= 1 && depth <= DEPTH_MAX && width * depth <= CELLS_MAX
}

/** One source of a merge. */
export interface MergeSource {
  readonly root: Address
  readonly weight: bigint
}

/** A view of one sketch at a time: `at` points it to another. One a server, kept by the module. */
export class CountMin {
  readonly #memory: Memory
  readonly #root: RootLens
  readonly #mixed = new Int32Array(MIXED_LENGTH)
  readonly #hashes = new Int32Array(4)

  constructor(memory: Memory) {
    this.#memory = memory
    this.#root = new RootLens(memory)
  }

  /** Look at the sketch whose root is there. Returns itself. */
  at(root: Address): this {
    this.#root.at(root)
    return this
  }

  /** An empty sketch of a valid size: its address, or 0 when the memory cannot hold it. */
  create(width: number, depth: number): Address {
    const memory = this.#memory
    let root: Address = 0
    try {
      root = memory.zeroed(ACCOUNT.dataset, ROOT_BYTES)
      this.at(root)
      this.#root.setWord(4, memory.zeroed(ACCOUNT.dataset, width * depth * 4))
    } catch (error) {
      // Nothing of a sketch that does not fit is kept; any other failure is a fault of ours.
      if (!(error instanceof ArenaFull)) throw error
      if (root !== 0) memory.free(ACCOUNT.dataset, root)
      return 0
    }
    this.#root.setWord(0, width)
    this.#root.setWord(1, depth)
    return root
  }

  /** Give back all of a sketch. */
  free(root: Address): void {
    this.at(root)
    this.#memory.free(ACCOUNT.dataset, this.cellsAddress)
    this.#memory.free(ACCOUNT.dataset, root)
  }

  get width(): number {
    return this.#root.word(0)
  }

  get depth(): number {
    return this.#root.word(1)
  }

  /** The sum of all increments, as the signed 64-bit number that the real module shows. */
  get count(): bigint {
    return BigInt.asIntN(64, (BigInt(this.#root.word(3)) << 32n) | BigInt(this.#root.word(2) >>> 0))
  }

  set count(value: bigint) {
    this.#root.setWord(2, Number(BigInt.asIntN(32, value)))
    this.#root.setWord(3, Number(BigInt.asIntN(32, value >> 32n)))
  }

  /** Where the counters lie: width times depth unsigned 32-bit words. */
  get cellsAddress(): Address {
    return this.#root.word(4)
  }

  get cellBytes(): number {
    return this.width * this.depth * 4
  }

  /** Bytes that the sketch consists of. */
  get sizeBytes(): number {
    return ROOT_BYTES + this.cellBytes
  }

  /**
   * Add to an item's counters a number of 64 bits, not negative, in two halves.
   * Returns the new estimate; CELL_MAX when it is no longer known.
   */
  increment(item: Range, lo: number, hi: number): number {
    const cells = this.cellsAddress
    const words = this.#memory.i32[cells >>> SLAB_BITS]!
    const width = this.width
    const depth = this.depth
    const mixed = this.#mixed
    const hashes = this.#hashes
    const { guard } = this.#memory
    mixWords(item.buf, item.start, item.end, mixed)
    let least = -1 // the largest of unsigned numbers
    for (let row = 0, at = (cells & UNIT_MASK) * 2; row < depth; ) {
      murmur2Four(mixed, item, row, row + 1, row + 2, row + 3, hashes)
      for (const end = Math.min(row + 4, depth); row < end; row++, at = (at + width) | 0) {
        const cell = (at + cellOf(hashes[row & 3]!, width)) | 0
        let sum = (words[cell]! + lo) | 0
        if (hi !== 0 || sum >>> 0 < lo >>> 0) sum = -1
        if (guard !== null) tell(guard, cells, cell)
        words[cell] = sum
        if (sum >>> 0 < least >>> 0) least = sum
      }
    }
    this.#addCount(lo, hi)
    return least >>> 0
  }

  /** The estimate of an item. */
  query(item: Range): number {
    const cells = this.cellsAddress
    const words = this.#memory.i32[cells >>> SLAB_BITS]!
    const width = this.width
    const depth = this.depth
    const mixed = this.#mixed
    const hashes = this.#hashes
    mixWords(item.buf, item.start, item.end, mixed)
    let least = -1
    for (let row = 0, at = (cells & UNIT_MASK) * 2; row < depth; ) {
      murmur2Four(mixed, item, row, row + 1, row + 2, row + 3, hashes)
      for (const end = Math.min(row + 4, depth); row < end; row++, at = (at + width) | 0) {
        const cell = words[(at + cellOf(hashes[row & 3]!, width)) | 0]!
        if (cell >>> 0 < least >>> 0) least = cell
      }
    }
    return least >>> 0
  }

  /**
   * Replace this sketch by the weighted sum of others of the same size, of which it may be one.
   * False, with nothing changed, when a counter or the count would be negative or too large.
   */
  merge(sources: readonly MergeSource[]): boolean {
    const total = this.#weightedCount(sources)
    const few = together(sources)
    const views = few.map(({ root }) => this.#cellsOf(root))
    const weights = few.map(({ weight }) => weight)
    const target = this.#cellsOf(this.#root.address)
    if (total === null || !sumsFit(views, weights, target.length)) return false
    if (this.#memory.guard !== null) this.#memory.guard.stretch(this.cellsAddress, 0, this.cellBytes)
    writeSums(target, views, weights)
    this.count = total
    return true
  }

  /** The sum of the sources' counts times their weights; null when it is negative or leaves 64 bits on the way. */
  #weightedCount(sources: readonly MergeSource[]): bigint | null {
    const root = this.#root.address
    let sum: bigint | null = 0n
    for (const source of sources) {
      if (sum === null) break
      sum = addExact(sum, this.at(source.root).count * source.weight)
    }
    this.at(root)
    return sum === null || sum < 0n ? null : sum
  }

  /** A sketch's counters as an array: for operations over all of them, where one small object does not matter. */
  #cellsOf(root: Address): Uint32Array {
    const before = this.#root.address
    const { cellsAddress: cells, width, depth } = this.at(root)
    this.at(before)
    const u8 = this.#memory.u8[cells >>> SLAB_BITS]!
    return new Uint32Array(u8.buffer, u8.byteOffset + (cells & UNIT_MASK) * 8, width * depth)
  }

  #addCount(lo: number, hi: number): void {
    const sum = (this.#root.word(2) >>> 0) + (lo >>> 0)
    this.#root.setWord(2, sum | 0)
    this.#root.setWord(3, this.#root.word(3) + hi + (sum >= TWO_32 ? 1 : 0))
  }
}

/** A counter, by its index into the slab, is about to change: a snapshot may need what it holds. */
function tell(guard: Guard, cells: Address, cell: number): void {
  const at = (cell - (cells & UNIT_MASK) * 2) * 4
  guard.stretch(cells, at, at + 4)
}

/** Weights whose sum is no larger: no counter of any sketch times them leaves 2^53, in whatever order they are added. */
const WEIGHTS_SAFE = 1n << 21n

/**
 * Sources that are one sketch, as one with the sum of their weights: a sketch can be named a thousand times. Only where the order of
 * additions is no matter: none is negative, or all together are small.
 */
function together(sources: readonly MergeSource[]): readonly MergeSource[] {
  const weights = new Map<Address, bigint>()
  let magnitude = 0n
  let isNegative = false
  for (const { root, weight } of sources) {
    weights.set(root, (weights.get(root) ?? 0n) + weight)
    magnitude += weight < 0n ? -weight : weight
    isNegative ||= weight < 0n
  }
  if (weights.size === sources.length || (isNegative && magnitude > WEIGHTS_SAFE)) return sources
  return Array.from(weights, ([root, weight]) => ({ root, weight }))
}

const INT64_MIN = -(1n << 63n)
const INT64_MAX = (1n << 63n) - 1n

/** a + b, or null when b or the sum is not a signed 64-bit number. */
function addExact(a: bigint, b: bigint): bigint | null {
  const sum = a + b
  return b < INT64_MIN || b > INT64_MAX || sum < INT64_MIN || sum > INT64_MAX ? null : sum
}

function sumsFit(views: readonly Uint32Array[], weights: readonly bigint[], size: number): boolean {
  const rounded = weights.map(Number)
  for (let cell = 0; cell < size; cell++) {
    const sum = cellSum(views, weights, rounded, cell)
    if (!(sum >= 0 && sum <= CELL_MAX)) return false
  }
  return true
}

function writeSums(target: Uint32Array, views: readonly Uint32Array[], weights: readonly bigint[]): void {
  const rounded = weights.map(Number)
  for (let cell = 0; cell < target.length; cell++) target[cell] = cellSum(views, weights, rounded, cell)
}

/**
 * The weighted sum of one counter over all sources, or NaN when it leaves 64 bits on the way. Doubles are exact while
 * the magnitudes add up to less than 2^53; beyond that big integers take over, for one counter at a time.
 */
function cellSum(
  views: readonly Uint32Array[],
  weights: readonly bigint[],
  rounded: readonly number[],
  cell: number,
): number {
  let sum = 0
  let magnitude = 0
  for (let i = 0; i < views.length; i++) {
    const product = views[i]![cell]! * rounded[i]!
    sum += product
    magnitude += Math.abs(product)
  }
  if (magnitude <= Number.MAX_SAFE_INTEGER) return sum
  let exact: bigint | null = 0n
  for (let i = 0; i < views.length && exact !== null; i++)
    exact = addExact(exact, BigInt(views[i]![cell]!) * weights[i]!)
  return exact === null ? Number.NaN : Number(exact)
}
