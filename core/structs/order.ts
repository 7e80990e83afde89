/* Order -- the order in which numbers stand, as a list of their places.
 *
 *      keys    30  10  20  10            order   1  3  2  0          (places of 10, 10, 20, 30)
 *
 * The bits of doubles order them nearly as they are: an unsigned 64-bit number in which the sign is turned over, and all other bits
 * too for a number below 0, is larger exactly when the double is. So the numbers are dealt into piles by 11 bits of it
 * at a time, from the lowest bits to the highest (a radix sort); each pass keeps what the one before has ordered:
 *
 *      bits 0..10   11..21   22..32   33..43   44..54   55..63           2048 piles a pass, 512 in the last
 *
 * How many fall in each pile is counted for all passes at once, and a pass in which all fall in one pile is left out: whole
 * numbers below a billion need 3 or 4 of the six. A few numbers are not worth 2048 piles: they are merged.
 *
 * Numbers that are equal keep their order; what orders those is asked at the end, of each stretch of equals alone.
 *
 *   orderOf O(n), two arrays of 12 n bytes beside the result
 *
 * Array.prototype.sort with a comparison takes ten times as long for 10,000 numbers. NaN has no place in an order: the caller keeps it
 * out. Source: H. Hollerith's tabulator; for doubles M. Herf, "Radix tricks" (2001). */

const DIGIT_BITS = 11
const PILES = 1 << DIGIT_BITS
const PASSES = 6
/** Fewer numbers than this are merged. */
const RADIX_MIN = 256
/** Up to so many equal numbers are put in order by insertion. */
const INSERT_MAX = 12

/** The places of `keys[0 .. count)`, smallest first; `compare` orders the places of equal numbers. */
export function orderOf(
  keys: Float64Array,
  count: number,
  compare: ((a: number, b: number) => number) | null,
): Int32Array {
  const from = keys.slice(0, count)
  const places = new Int32Array(count)
  for (let i = 0; i < count; i++) places[i] = i
  const run = { keys: from, places }
  if (count < RADIX_MIN) merge(run, count)
  else deal(run, count)
  if (compare !== null) orderEquals(run.keys, run.places, count, compare)
  return run.places
}

/** Numbers and the places that they had. */
interface Run {
  keys: Float64Array
  places: Int32Array
}

// ------------------------------------------------------------------ many: dealt

function deal(run: Run, count: number): void {
  const other: Run = { keys: new Float64Array(count), places: new Int32Array(count) }
  for (let i = 0; i < count; i++) run.keys[i]! += 0 // -0 is 0
  const piles = countPiles(run.keys, count)
  for (let pass = 0; pass < PASSES; pass++) {
    const base = pass * PILES
    if (piles[base + digitOf(new Int32Array(run.keys.buffer), 0, pass)] === count) continue
    let start = 0
    for (let i = base; i < base + PILES; i++) {
      const size = piles[i]!
      piles[i] = start
      start += size
    }
    dealPass(run, other, count, piles, pass)
    const { keys, places } = run
    run.keys = other.keys
    run.places = other.places
    other.keys = keys
    other.places = places
  }
}

/** A digit of the ordered form of the number at `i`; see the header. The low word of a double comes first. */
function digitOf(words: Int32Array, i: number, pass: number): number {
  const high = words[2 * i + 1]!
  const flip = high >> 31
  const low = words[2 * i]! ^ flip
  const top = high ^ (flip | 0x80000000)
  if (pass === 0) return low & (PILES - 1)
  if (pass === 1) return (low >>> 11) & (PILES - 1)
  if (pass === 2) return (low >>> 22) | ((top & 1) << 10)
  if (pass === 3) return (top >>> 1) & (PILES - 1)
  if (pass === 4) return (top >>> 12) & (PILES - 1)
  return top >>> 23
}

function countPiles(keys: Float64Array, count: number): Int32Array {
  const words = new Int32Array(keys.buffer)
  const piles = new Int32Array(PASSES * PILES)
  for (let i = 0; i < count; i++) {
    const high = words[2 * i + 1]!
    const flip = high >> 31
    const low = words[2 * i]! ^ flip
    const top = high ^ (flip | 0x80000000)
    piles[low & (PILES - 1)]!++
    piles[PILES + ((low >>> 11) & (PILES - 1))]!++
    piles[2 * PILES + ((low >>> 22) | ((top & 1) << 10))]!++
    piles[3 * PILES + ((top >>> 1) & (PILES - 1))]!++
    piles[4 * PILES + ((top >>> 12) & (PILES - 1))]!++
    piles[5 * PILES + (top >>> 23)]!++
  }
  return piles
}

function dealPass(from: Run, to: Run, count: number, piles: Int32Array, pass: number): void {
  const { keys, places } = from
  const toKeys = to.keys
  const toPlaces = to.places
  const words = new Int32Array(keys.buffer)
  const base = pass * PILES
  for (let i = 0; i < count; i++) {
    const at = piles[base + digitOf(words, i, pass)]!++
    toKeys[at] = keys[i]!
    toPlaces[at] = places[i]!
  }
}

// ------------------------------------------------------------------ few: merged

/** A merge sort from the bottom up: runs of one are joined to runs of two, of four, and so on. */
function merge(run: Run, count: number): void {
  let from = run.keys
  let fromPlaces = run.places
  let to: Float64Array = new Float64Array(count)
  let toPlaces: Int32Array = new Int32Array(count)
  for (let width = 1; width < count; width *= 2) {
    mergePass(from, fromPlaces, to, toPlaces, count, width)
    ;[from, to] = [to, from]
    ;[fromPlaces, toPlaces] = [toPlaces, fromPlaces]
  }
  run.keys = from
  run.places = fromPlaces
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
    if (end - start > INSERT_MAX) places.subarray(start, end).sort(compare)
    else if (end - start > 1) insertInOrder(places, start, end, compare)
    start = end
  }
}

function insertInOrder(
  places: Int32Array,
  start: number,
  end: number,
  compare: (a: number, b: number) => number,
): void {
  for (let i = start + 1; i < end; i++) {
    const place = places[i]!
    let at = i
    for (; at > start && compare(places[at - 1]!, place) > 0; at--) places[at] = places[at - 1]!
    places[at] = place
  }
}
