/* Estimate -- what a digest's centroids say about the values they stand for.
 *
 * A centroid of weight w stands for w values around its mean, half of them on each side; between the means of two neighbours the
 * values are taken to be spread evenly. Three things are known exactly and sharpen this:
 *
 *      min  o-----c0--------c1---o---c3-----o  max        one value lies at min and one at max
 *                               c2                        a centroid of weight 1 is its value
 *
 * So ranks interpolate from 1 (behind the value at min) rather than 0 in half of the first centroid, and half a rank on each
 * side of a centroid of weight 1 belongs to that value alone. The last centroid mirrors the first.
 *
 * The digest is given as plain numbers: where its means and weights begin in `cells`, how many there are (at least one), the sum of the
 * weights, and the extremes.
 *
 *   O(centroids); a run of ascending ranks is one pass */

/** The centroids of a digest, sorted, and what is known beside them. */
export class Centroids {
  cells: Float64Array = new Float64Array(0)
  means = 0
  weights = 0
  count = 0
  total = 0
  min = 0
  max = 0
  /** Where the last search for a rank ended, and the ranks before the middle of that centroid. */
  at = 0
  before = 0

  /** Begin a run of ascending ranks. */
  rewind(): void {
    this.at = 0
    this.before = this.cells[this.weights]! / 2
  }
}

/** The value at a rank from 0 to the sum of weights. Ranks of one run must not descend; see Centroids.rewind. */
export function valueAt(digest: Centroids, rank: number): number {
  const { cells, means, weights, count, total, min, max } = digest
  const first = cells[weights]!
  if (first > 1 && rank < first / 2) return min + ((rank - 1) / (first / 2 - 1)) * (cells[means]! - min)
  if (rank > total - 1) return max
  const last = cells[weights + count - 1]!
  const lastMean = cells[means + count - 1]!
  if (last > 1 && total - rank <= last / 2) return max - ((total - rank - 1) / (last / 2 - 1)) * (max - lastMean)
  for (; digest.at < count - 1; digest.at++) {
    const at = digest.at
    const before = digest.before
    const weight = cells[weights + at]!
    const next = cells[weights + at + 1]!
    const span = (weight + next) / 2
    if (before + span > rank) {
      let leftOwn = 0
      if (weight === 1) {
        if (rank - before < 0.5) return cells[means + at]!
        leftOwn = 0.5
      }
      let rightOwn = 0
      if (next === 1) {
        if (before + span - rank <= 0.5) return cells[means + at + 1]!
        rightOwn = 0.5
      }
      const fromLeft = rank - before - leftOwn
      const toRight = before + span - rank - rightOwn
      return mix(cells[means + at]!, toRight, cells[means + at + 1]!, fromLeft)
    }
    digest.before += span
  }
  const beyond = rank - total - last / 2
  return mix(lastMean, beyond, max, last / 2 - beyond)
}

/** The weighted mean of two values, kept between them against rounding. */
function mix(a: number, aWeight: number, b: number, bWeight: number): number {
  if (a > b) return mix(b, bWeight, a, aWeight)
  const x = (a * aWeight + b * bWeight) / (aWeight + bWeight)
  return Math.max(a, Math.min(x, b))
}

/** The share of values that are below x, those equal to x counted half. Of infinities and values beyond the extremes 0 or 1. */
export function shareBelow(digest: Centroids, x: number): number {
  const { cells, means, weights, count, total, min, max } = digest
  if (x < min) return 0
  if (x > max) return 1
  if (count === 1) return x - min <= max - min ? 0.5 : (x - min) / (max - min)
  const firstMean = cells[means]!
  if (x < firstMean) {
    if (x === min) return 0.5 / total
    return (1 + ((x - min) / (firstMean - min)) * (cells[weights]! / 2 - 1)) / total
  }
  const lastMean = cells[means + count - 1]!
  if (x > lastMean) {
    if (x === max) return 1 - 0.5 / total
    return 1 - (1 + ((max - x) / (max - lastMean)) * (cells[weights + count - 1]! / 2 - 1)) / total
  }
  let before = 0
  for (let at = 0; at < count - 1; at++) {
    const mean = cells[means + at]!
    if (mean === x) return (before + weightOfEqual(digest, at, x) / 2) / total
    if (mean <= x && x < cells[means + at + 1]!) return (before + ranksBetween(digest, at, x)) / total
    before += cells[weights + at]!
  }
  return 1 - 0.5 / total
}

/** The weight of all centroids from `at` on whose mean is x. */
function weightOfEqual(digest: Centroids, at: number, x: number): number {
  let weight = 0
  for (; at < digest.count && digest.cells[digest.means + at] === x; at++) weight += digest.cells[digest.weights + at]!
  return weight
}

/** The ranks from the start of centroid `at` to x, which lies between its mean and the next one. */
function ranksBetween({ cells, means, weights }: Centroids, at: number, x: number): number {
  const mean = cells[means + at]!
  const weight = cells[weights + at]!
  const next = cells[weights + at + 1]!
  const gap = cells[means + at + 1]! - mean
  if (weight === 1 && next === 1) return 1
  const leftOwn = weight === 1 ? 0.5 : 0
  const rightOwn = weight !== 1 && next === 1 ? 0.5 : 0
  const span = (weight + next) / 2 - leftOwn - rightOwn
  return weight / 2 + leftOwn + (span * (x - mean)) / gap
}

/** The mean of the values whose rank is between two shares of all; centroids at the cuts count in part. */
export function trimmedMean({ cells, means, weights, count, total }: Centroids, low: number, high: number): number {
  const from = Math.floor(total * low)
  const to = Math.ceil(total * high)
  let passed = 0
  let sum = 0
  let taken = 0
  for (let at = 0; at < count && passed < to; at++) {
    const weight = cells[weights + at]!
    let part = weight - Math.min(Math.max(0, from - passed), weight)
    part = Math.min(Math.max(0, to - passed), part)
    passed += weight
    sum += cells[means + at]! * part
    taken += part
  }
  return sum / taken
}
