/* Order -- the order in which numbers stand, as a list of their places.
 *
 *      keys    30  10  20  10            order   1  3  2  0          (places of 10, 10, 20, 30)
 *
 * A merge sort from the bottom up over typed arrays: runs of one are joined to runs of two, of four, and so on, between two
 * pairs of arrays that change roles. Numbers move along with their places, so that comparing reads memory in order.
 * Numbers that are equal keep their order; what orders those is asked at the end, of each stretch of equals alone.
 *
 *   orderOf O(n log n), two arrays of 12 n bytes beside the result
 *
 * Array.prototype.sort with a comparison takes four times as long for 10,000 numbers, since it cannot weave the comparison
 * in. NaN has no place in an order: the caller keeps it out. */

/** The places of `keys[0 .. count)`, smallest first; `compare` orders the places of equal numbers. */
export function orderOf(
  keys: Float64Array,
  count: number,
  compare: ((a: number, b: number) => number) | null,
): Int32Array {
  let from = keys.slice(0, count)
  let fromPlaces = new Int32Array(count)
  for (let i = 0; i < count; i++) fromPlaces[i] = i
  let to = new Float64Array(count)
  let toPlaces = new Int32Array(count)
  for (let width = 1; width < count; width *= 2) {
    mergePass(from, fromPlaces, to, toPlaces, count, width)
    ;[from, to] = [to, from]
    ;[fromPlaces, toPlaces] = [toPlaces, fromPlaces]
  }
  if (compare !== null) orderEquals(from, fromPlaces, count, compare)
  return fromPlaces
}

/** Join neighbouring runs of `width`. */
function mergePass(
  from: Float64Array,
  fromPlaces: Int32Array,
  to: Float64Array,
  toPlaces: Int32Array,
  count: number,
  width: number,
): void {
  for (let start = 0; start < count; start += width * 2) {
    const middle = Math.min(start + width, count)
    const end = Math.min(start + width * 2, count)
    let left = start
    let right = middle
    for (let at = start; at < end; at++) {
      const takesLeft = left < middle && (right >= end || from[left]! <= from[right]!)
      const taken = takesLeft ? left++ : right++
      to[at] = from[taken]!
      toPlaces[at] = fromPlaces[taken]!
    }
  }
}

function orderEquals(
  sorted: Float64Array,
  places: Int32Array,
  count: number,
  compare: (a: number, b: number) => number,
): void {
  for (let start = 0; start < count; ) {
    let end = start + 1
    while (end < count && sorted[end] === sorted[start]) end++
    if (end - start > 1) places.subarray(start, end).sort(compare)
    start = end
  }
}
