/* t-digest -- quantiles of a stream, sharpest at its ends.
 *
 * Values are gathered into centroids, means with weights (T. Dunning, O. Ertl, "Computing extremely accurate quantiles using
 * t-digests", 2019). How heavy a centroid may grow depends on where it lies: around quantile q up to
 *
 *      weight  <=  q (1 - q) · 2π · n ln n / compression
 *
 * so those in the middle are heavy, those at the ends single values, and the relative error of extreme quantiles is small:
 *
 *      |.......:::::oooooOOOOOOOOOOOOOOoooo:::::......|
 *      min                  median                  max
 *
 * This is the merging variant: new values wait unsorted behind the merged centroids until the block is full or somebody
 * asks; then all are sorted and neighbours merged in one pass from left to right.
 *
 *      [ merged ....... | waiting ....     |     free     ]      capacity = 6 · compression + 10
 *
 * Error bound: where values lie evenly between two centroids, the rank of an estimated quantile is off by half a centroid's
 * weight at most, π · q (1 - q) · n ln n / compression of n values; across a gap by both centroids' weights, four times that.
 * Minimum and maximum are exact.
 *
 *   add: O(1), and O(c log c) once every c values (c: capacity)    queries: O(centroids) when nothing waits
 *
 * Layout: a root, and one block of doubles: the means, then the weights.
 *
 *      root   compression, min, max, merged weight, waiting weight, compressions (f64) | merged | waiting | capacity | cells
 *
 * Order of operations and ties are those of the real module, so that centroids agree to the last bit.
 *
 * Invariants: merged + waiting < capacity; merged means ascend; the weights are the sums of their parts.
 *
 * A digest of a single value cannot be compressed, since ln 1 = 0: its value waits, and queries have no answer (NaN), as in
 * the real module. */
import { ACCOUNT, type Address, ArenaFull, type Memory, type SaveSink, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { RootLens } from '../lens.ts'
import { Centroids, shareBelow, trimmedMean, valueAt } from './estimate.ts'
import { sortCentroids } from './sort.ts'

/** The largest compression: its centroids fill the largest buffer that every supported Node can address. */
export const COMPRESSION_MAX = Math.floor((2 ** 32 / 16 - 11) / 6)
/** Weights stay below this, the range of the 64-bit numbers in dumps and replies. */
export const WEIGHT_MAX = 2 ** 63

const ROOT_BYTES = 64

/** Centroids that a digest of some compression has room for. */
export function capacityFor(compression: number): number {
  return 6 * Math.floor(compression) + 10
}

/** A view of one digest at a time: `at` points it to another. One a server, kept by the module. */
export class TDigest {
  readonly #memory: Memory
  readonly #root: RootLens
  readonly #centroids = new Centroids()

  constructor(memory: Memory) {
    this.#memory = memory
    this.#root = new RootLens(memory)
  }

  /** Look at the sketch whose root is there. Returns itself. */
  at(root: Address): this {
    this.#root.at(root)
    return this
  }

  /** An empty digest of a compression from 1 to COMPRESSION_MAX: its address, or 0 when the memory cannot hold it. */
  create(compression: number): Address {
    const memory = this.#memory
    const capacity = capacityFor(compression)
    let root: Address = 0
    try {
      root = memory.block(ACCOUNT.dataset, ROOT_BYTES)
      this.at(root)
      this.#root.setWord(15, memory.block(ACCOUNT.dataset, capacity * 16))
    } catch (error) {
      // Nothing of a digest that does not fit is kept; any other failure is a fault of ours.
      if (!(error instanceof ArenaFull)) throw error
      if (root !== 0) memory.free(ACCOUNT.dataset, root)
      return 0
    }
    this.#root.setField(0, compression)
    this.#root.setWord(14, capacity)
    this.reset()
    return root
  }

  /** Give back all of a digest. */
  free(root: Address): void {
    this.at(root)
    this.#memory.free(ACCOUNT.dataset, this.#root.word(15))
    this.#memory.free(ACCOUNT.dataset, root)
  }

  /** Forget all values. */
  reset(): void {
    this.#root.setField(1, Number.MAX_VALUE)
    this.#root.setField(2, -Number.MAX_VALUE)
    this.#root.setField(3, 0)
    this.#root.setField(4, 0)
    this.#root.setField(5, 0)
    this.#root.setWord(12, 0)
    this.#root.setWord(13, 0)
  }

  get compression(): number {
    return this.#root.field(0)
  }

  /** The least value; the largest double when there is none. */
  get min(): number {
    return this.#root.field(1)
  }

  /** The greatest value; the smallest double when there is none. */
  get max(): number {
    return this.#root.field(2)
  }

  get mergedWeight(): number {
    return this.#root.field(3)
  }

  get waitingWeight(): number {
    return this.#root.field(4)
  }

  /** The number of values. */
  get size(): number {
    return this.mergedWeight + this.waitingWeight
  }

  /** How often the digest was compressed. */
  get compressions(): number {
    return this.#root.field(5)
  }

  /** Centroids that are sorted and merged. */
  get merged(): number {
    return this.#root.word(12)
  }

  /** Centroids that wait to be. */
  get waiting(): number {
    return this.#root.word(13)
  }

  get capacity(): number {
    return this.#root.word(14)
  }

  /** Bytes that the digest consists of. */
  get sizeBytes(): number {
    return ROOT_BYTES + this.capacity * 16
  }

  /** The mean of centroid i, merged ones first. */
  meanAt(i: number): number {
    const cells = this.#root.word(15)
    return this.#memory.f64[cells >>> SLAB_BITS]![(cells & UNIT_MASK) + i]!
  }

  /** The weight of centroid i. */
  weightAt(i: number): number {
    const cells = this.#root.word(15)
    return this.#memory.f64[cells >>> SLAB_BITS]![(cells & UNIT_MASK) + this.capacity + i]!
  }

  /** Add a finite value that came `weight` times. False, with nothing added, when the weights would leave their range. */
  add(mean: number, weight: number): boolean {
    const memory = this.#memory
    const slab = this.#root.address >>> SLAB_BITS
    const at = this.#root.address & UNIT_MASK
    const words = memory.i32[slab]!
    const word = at * 2
    const capacity = words[word + 14]!
    if (words[word + 12]! + words[word + 13]! >= capacity - 1) this.compress()
    // Compressing always makes room; what would write beyond the block must not rest on that alone.
    if (words[word + 12]! + words[word + 13]! >= capacity) return false
    const fields = memory.f64[slab]!
    const waiting = fields[at + 4]! + weight
    if (fields[at + 3]! + waiting >= WEIGHT_MAX) return false
    fields[at + 4] = waiting
    if (mean < fields[at + 1]!) fields[at + 1] = mean
    if (mean > fields[at + 2]!) fields[at + 2] = mean
    const block = words[word + 15]!
    const cells = memory.f64[block >>> SLAB_BITS]!
    const place = words[word + 12]! + words[word + 13]!
    if (memory.guard !== null) this.#tell(place, place + 1)
    const cell = (block & UNIT_MASK) + place
    cells[cell] = mean
    cells[cell + capacity] = weight
    words[word + 13]!++
    return true
  }

  /** Add all that another digest holds, both compressed first. False when the weights would leave their range. */
  merge(source: Address): boolean {
    const target = this.#root.address
    this.compress()
    this.at(source).compress()
    const count = this.merged + this.waiting
    for (let i = 0; i < count; i++) {
      this.at(source)
      const mean = this.meanAt(i)
      const weight = this.weightAt(i)
      this.at(target)
      if (!this.add(mean, weight)) return false
    }
    this.at(target)
    return true
  }

  /** Hand the means of the first centroids to a dump, and their weights. */
  saveCentroids(sink: SaveSink, count: number): void {
    const weights = this.capacity
    const spans = [
      { from: 0, to: count },
      { from: weights, to: weights + count },
    ]
    sink.doubles(this.#memory, this.#root.word(15), spans)
  }

  /** A snapshot may need some of the centroids as they are. */
  #tell(from: number, to: number): void {
    const { guard } = this.#memory
    if (guard === null) return
    const cells = this.#root.word(15)
    const weights = this.capacity
    guard.stretch(cells, from * 8, to * 8)
    guard.stretch(cells, (weights + from) * 8, (weights + to) * 8)
  }

  /** Set the mean of a centroid of a dump; `settle` makes them count. */
  setMean(i: number, mean: number): void {
    const cells = this.#root.word(15)
    this.#memory.f64[cells >>> SLAB_BITS]![(cells & UNIT_MASK) + i] = mean
  }

  /** Set the weight of a centroid of a dump. */
  setWeight(i: number, weight: number): void {
    this.setMean(this.capacity + i, weight)
  }

  /** All centroids of a dump are set: they are merged, or, if it is a single value, it waits. */
  settle(count: number, total: number): void {
    const alone = total <= 1
    this.#root.setWord(12, alone ? 0 : count)
    this.#root.setWord(13, alone ? count : 0)
    this.#root.setField(3, alone ? 0 : total)
    this.#root.setField(4, alone ? total : 0)
  }

  /** Set what a dump says beside its centroids. */
  restore(min: number, max: number, compressions: number): void {
    this.#root.setField(1, min)
    this.#root.setField(2, max)
    this.#root.setField(5, compressions)
  }

  /** Sort what waits in among the merged centroids, and merge neighbours as far as the bound allows. */
  compress(): void {
    if (this.waiting === 0 || this.size <= 1) return
    const block = this.#root.word(15)
    const cells = this.#memory.f64[block >>> SLAB_BITS]!
    const means = block & UNIT_MASK
    const weights = means + this.capacity
    const count = this.merged + this.waiting
    const total = this.size
    this.#tell(0, count)
    sortCentroids(cells, means, weights, count)
    const merged = mergeNeighbours(cells, means, weights, count, total, this.compression)
    this.#root.setWord(12, merged)
    this.#root.setWord(13, 0)
    this.#root.setField(3, total)
    this.#root.setField(4, 0)
    this.#root.setField(5, this.compressions + 1)
  }

  /** Whether there are centroids to estimate from; compresses first. */
  #ready(): boolean {
    this.compress()
    if (this.merged === 0) return false
    const block = this.#root.word(15)
    const centroids = this.#centroids
    centroids.cells = this.#memory.f64[block >>> SLAB_BITS]!
    centroids.means = block & UNIT_MASK
    centroids.weights = centroids.means + this.capacity
    centroids.count = this.merged
    centroids.total = this.mergedWeight
    centroids.min = this.min
    centroids.max = this.max
    centroids.rewind()
    return true
  }

  /** The values at some quantiles from 0 to 1, put in their places; NaN when there is nothing to tell from. */
  quantiles(quantiles: Float64Array): void {
    const centroids = this.#centroids
    if (!this.#ready()) quantiles.fill(Number.NaN)
    else if (centroids.count === 1) quantiles.fill(this.meanAt(0))
    else
      for (let i = 0, before = 0; i < quantiles.length; i++) {
        const quantile = quantiles[i]!
        if (quantile < before) centroids.rewind()
        before = quantile
        quantiles[i] = valueAt(centroids, quantile * centroids.total)
      }
    centroids.cells = NO_CELLS
  }

  /** The value at a rank from 0 to size; NaN when there is nothing to tell from. */
  byRank(rank: number): number {
    const centroids = this.#centroids
    if (!this.#ready()) return Number.NaN
    // By way of the quantile, as the real module does: rounding shows in the last digit.
    const index = (rank / this.size) * centroids.total
    if (centroids.count === 1) return this.meanAt(0)
    return index < 1 ? this.min : valueAt(centroids, index)
  }

  /** The share of values below x, those equal to x counted half; NaN when there is nothing to tell from. */
  shareBelow(x: number): number {
    return this.#ready() ? shareBelow(this.#centroids, x) : Number.NaN
  }

  /** The mean of the values between two quantiles, from 0 to 1; NaN when there is nothing to tell from. */
  trimmedMean(low: number, high: number): number {
    if (!this.#ready()) return Number.NaN
    return this.#centroids.count === 1 ? this.meanAt(0) : trimmedMean(this.#centroids, low, high)
  }
}

const NO_CELLS = new Float64Array(0)

/** Merge sorted centroids from left to right while both ends of the merged one keep to the bound; returns how many are left. */
function mergeNeighbours(
  cells: Float64Array,
  means: number,
  weights: number,
  count: number,
  total: number,
  compression: number,
): number {
  const normalizer = compression / (2 * Math.PI * total * Math.log(total))
  let last = 0
  let before = 0
  for (let i = 1; i < count; i++) {
    const weight = cells[weights + i]!
    const mean = cells[means + i]!
    const proposed = cells[weights + last]! + weight
    const bound = proposed * normalizer
    const left = before / total
    const right = (before + proposed) / total
    if (bound <= left * (1 - left) && bound <= right * (1 - right)) {
      cells[weights + last] = proposed
      cells[means + last]! += ((mean - cells[means + last]!) * weight) / proposed
    } else {
      before += cells[weights + last]!
      last++
      cells[weights + last] = weight
      cells[means + last] = mean
    }
  }
  return last + 1
}
