/* Sort -- centroids by their means, in place, weights moving along.
 *
 * Where equal means have different weights, the order among them decides which are merged later, so digests agree with the
 * real module's only if ties fall as they do there. Hence plain quicksort, not a stable sort: the pivot is the middle element;
 * what is smaller is gathered at the front, and the pivot is put behind it (Lomuto's partition):
 *
 *      5 3 9 4 7      pivot 9, swapped to the end           5 3 7 4 9
 *                     5, 3, 7, 4 are smaller: they stay     5 3 7 4 | 9
 *
 * Only the smaller part recurses, so the stack stays below log2 n; the order in which parts are sorted changes nothing.
 * Many equal means would take n² / 2 comparisons: beyond COMPARISONS_MAX and a multiple of n log n, heapsort
 * finishes what is left. Up to 2,900 centroids, that is a compression of 480, this never happens.
 *
 *   O(n log n), in place */

/** Comparisons that a sort may spend whatever its length: enough for 2,900 equal means. */
const COMPARISONS_MAX = 1 << 22

/** Sort `count` pairs, whose means begin at index `means` and whose weights begin at index `weights`. */
export function sortCentroids(cells: Float64Array, means: number, weights: number, count: number): void {
  const budget = COMPARISONS_MAX + 64 * count * Math.ceil(Math.log2(count + 1))
  quicksort(cells, means, means + count - 1, weights - means, budget)
}

/** Sort cells lo to hi; what belongs to a cell lies `apart` behind it. Returns what is left of the budget. */
function quicksort(cells: Float64Array, lo: number, hi: number, apart: number, budget: number): number {
  while (lo < hi) {
    if (hi - lo === 1) {
      if (cells[lo]! > cells[hi]!) swap(cells, lo, hi, apart)
      return budget
    }
    budget -= hi - lo
    if (budget < 0) {
      heapsort(cells, lo, hi - lo + 1, apart)
      return budget
    }
    const middle = partition(cells, lo, hi, apart)
    if (middle - lo < hi - middle) {
      budget = quicksort(cells, lo, middle - 1, apart, budget)
      lo = middle + 1
    } else {
      budget = quicksort(cells, middle + 1, hi, apart, budget)
      hi = middle - 1
    }
  }
  return budget
}

/** Gather what is smaller than the middle cell at the front, and put that cell behind it; returns its new place. */
function partition(cells: Float64Array, lo: number, hi: number, apart: number): number {
  const middle = (lo + hi) >>> 1
  const pivot = cells[middle]!
  swap(cells, middle, hi, apart)
  let front = lo
  for (let at = lo; at < hi; at++) if (cells[at]! < pivot) swap(cells, front++, at, apart)
  swap(cells, front, hi, apart)
  return front
}

function heapsort(cells: Float64Array, base: number, count: number, apart: number): void {
  for (let i = (count >>> 1) - 1; i >= 0; i--) sink(cells, base, i, count, apart)
  for (let left = count - 1; left > 0; left--) {
    swap(cells, base, base + left, apart)
    sink(cells, base, 0, left, apart)
  }
}

function sink(cells: Float64Array, base: number, at: number, count: number, apart: number): void {
  for (let child = at * 2 + 1; child < count; child = at * 2 + 1) {
    if (child + 1 < count && cells[base + child]! < cells[base + child + 1]!) child++
    if (cells[base + at]! >= cells[base + child]!) return
    swap(cells, base + at, base + child, apart)
    at = child
  }
}

function swap(cells: Float64Array, a: number, b: number, apart: number): void {
  const mean = cells[a]!
  cells[a] = cells[b]!
  cells[b] = mean
  const weight = cells[a + apart]!
  cells[a + apart] = cells[b + apart]!
  cells[b + apart] = weight
}
