/* Histogram -- how many calls of a command took how long, to two digits.
 *
 * Times are counted in buckets that are as wide as their order of magnitude allows: 256 of one nanosecond, and then 128 for each
 * doubling, so that a bucket is never wider than 1/128 of what lies in it:
 *
 *      bucket       0 .. 255      256 .. 383      384 .. 511      ...       3200 .. 3327
 *      ns each      1             2               4                         2^24, up to 2^32 - 1
 *
 * A time's highest eight bits are its place among the buckets of its doubling:
 *
 *      1000 ns = 1111101000    shift 2    250    bucket 2 * 128 + 250, which holds 1000 .. 1003
 *
 *   add O(1)    percentile, eachDoubling O(buckets)
 *
 * The count of a bucket is a double, for the calls of a server that is never restarted. After G. Tene's HdrHistogram, whose bounds
 * of buckets Redis shows. */

const PRECISION_BITS = 8
const WHOLE = 1 << PRECISION_BITS
const HALF = WHOLE >> 1
/** Longer calls count as this long: a second. */
const NS_MAX = 1e9
const BUCKETS = bucketOf(NS_MAX) + 1

/** Bucket of a time in whole nanoseconds. */
function bucketOf(ns: number): number {
  const shift = ns < WHOLE ? 0 : 32 - PRECISION_BITS - Math.clz32(ns)
  return shift * HALF + (ns >>> shift)
}

/** The first and the last nanosecond of a bucket. */
function boundsOf(bucket: number): { low: number; high: number } {
  const shift = bucket < WHOLE ? 0 : Math.floor(bucket / HALF) - 1
  const low = (bucket - shift * HALF) * 2 ** shift
  return { low, high: low + 2 ** shift - 1 }
}

/** Counts of calls by how long they took. */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS)
  /** All calls. */
  count = 0

  /** So many calls took `micros` microseconds each. */
  add(micros: number, calls: number): void {
    const ns = micros * 1000
    this.#counts[bucketOf(ns < NS_MAX ? ns | 0 : NS_MAX)]! += calls
    this.count += calls
  }

  /** The time in nanoseconds within which a share of the calls, in percent, was done. */
  percentileNs(percent: number): number {
    const wanted = Math.max(1, Math.floor((percent / 100) * this.count + 0.5))
    let sum = 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      sum += this.#counts[bucket]!
      if (sum < wanted) continue
      const { low, high } = boundsOf(bucket)
      return percent === 0 ? low : high
    }
    return 0
  }

  /** The calls by doublings of 1.024 microseconds: doubling 0 are those below that, the last has all from a second on. */
  doublings(): Float64Array {
    const sums = new Float64Array(DOUBLINGS)
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.#counts[bucket]!
      if (count === 0) continue
      const doubling = 32 - Math.clz32(boundsOf(bucket).low / DOUBLING_NS)
      sums[Math.min(doubling, DOUBLINGS - 1)]! += count
    }
    return sums
  }

  /** The end of a doubling in whole microseconds. */
  static doublingEndMicros(doubling: number): number {
    return Math.floor(((DOUBLING_NS * 2 ** doubling) / 1000) * (1 + 1 / HALF))
  }
}

const DOUBLING_NS = 1024
const DOUBLINGS = 21
