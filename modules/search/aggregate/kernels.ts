/* Kernels -- the loops over rows that an aggregation is made of.
 *
 *      groups   0  1  0  2        addNumbers      sums by group   [ 44.95  48.5  35 ]
 *      values   9.95 48.5 35 35
 *
 * Each is a function of typed arrays and numbers, and of nothing else. What runs around them is called once a batch and sees
 * lanes, coders and reducers of every kind; a kernel sees the same two kinds of arrays whatever the query. So the compiler
 * makes good code of it during the first query, from a few batches, and never has to throw that away. And neighbours in a
 * column are mostly unrelated: a branch on a value would be guessed wrong again and again, so values are turned into
 * numbers that are added (`count += Number(...)`) wherever that is possible. NaN, which stands for no number, is the one value
 * that is not at least `LEAST`.
 *
 * The busiest take eight rows at a time, for two reasons. Going round a loop costs as much as what is done in it. And a function
 * of more than 460 bytes of bytecode is not woven into its callers, where it would be one loop among many: there the compiler
 * neither takes the checks of the arrays out of the loop nor keeps them in registers, which cost twice the time. They leave at
 * least eight rows to the plain loop behind. For a loop that never ran while it watched, the compiler makes no code; the first
 * batch that needs that loop would throw the whole function out of its good code, again and again.
 *
 *   O(rows) each, a few processor cycles a row */

/** What every number is equal to or above, and NaN is not. */
const LEAST = Number.NEGATIVE_INFINITY

// ------------------------------------------------------------------ columns into lanes

/** Doubles of documents of one chunk: `shift` is where its document 0 would be. */
export function gatherDoubles(
  from: Float64Array,
  shift: number,
  documents: Int32Array,
  into: Float64Array,
  row: number,
  end: number,
): void {
  let i = row
  for (; i + 15 < end; i += 8) {
    into[i] = from[shift + documents[i]!]!
    into[i + 1] = from[shift + documents[i + 1]!]!
    into[i + 2] = from[shift + documents[i + 2]!]!
    into[i + 3] = from[shift + documents[i + 3]!]!
    into[i + 4] = from[shift + documents[i + 4]!]!
    into[i + 5] = from[shift + documents[i + 5]!]!
    into[i + 6] = from[shift + documents[i + 6]!]!
    into[i + 7] = from[shift + documents[i + 7]!]!
  }
  for (; i < end; i++) into[i] = from[shift + documents[i]!]!
}

/** Words of documents of one chunk. */
export function gatherWords(
  from: Int32Array,
  shift: number,
  documents: Int32Array,
  into: Int32Array,
  row: number,
  end: number,
): void {
  let i = row
  for (; i + 15 < end; i += 8) {
    into[i] = from[shift + documents[i]!]!
    into[i + 1] = from[shift + documents[i + 1]!]!
    into[i + 2] = from[shift + documents[i + 2]!]!
    into[i + 3] = from[shift + documents[i + 3]!]!
    into[i + 4] = from[shift + documents[i + 4]!]!
    into[i + 5] = from[shift + documents[i + 5]!]!
    into[i + 6] = from[shift + documents[i + 6]!]!
    into[i + 7] = from[shift + documents[i + 7]!]!
  }
  for (; i < end; i++) into[i] = from[shift + documents[i]!]!
}

/** Where the words begin to differ in their upper bits from the one before; returns how often they do. */
export function chunkStarts(words: Int32Array, bits: number, starts: Int32Array, count: number): number {
  let spans = 0
  let chunk = -1
  for (let i = 0; i < count; i++) {
    const next = words[i]! >>> bits
    starts[spans] = i
    spans += Number(next !== chunk)
    chunk = next
  }
  return spans
}

/**
 * The same for words that grow: each end is looked for in steps that double, and then between the last two.
 * @param mask the lower bits.
 */
export function startsInOrder(words: Int32Array, mask: number, starts: Int32Array, count: number): number {
  let spans = 0
  for (let row = 0; row < count; ) {
    starts[spans++] = row
    const last = words[row]! | mask
    let step = 1
    while (row + step < count && words[row + step]! <= last) {
      row += step
      step *= 2
    }
    // The word at `row` is not above the last one, and the one at `end` is, if there is one.
    let end = Math.min(row + step, count)
    while (row + 1 < end) {
      const middle = (row + end) >>> 1
      if (words[middle]! <= last) row = middle
      else end = middle
    }
    row = end
  }
  return spans
}

/** Words, each with a number added. */
export function addToWords(words: Int32Array, added: number, into: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) into[i] = words[i]! + added
}

/** Numbers that grow by one. */
export function countUp(into: Int32Array, first: number, count: number): void {
  for (let i = 0; i < count; i++) into[i] = first + i
}

// ------------------------------------------------------------------ rows that are kept

export function keepDoubles(values: Float64Array, rows: Int32Array, count: number): void {
  let i = 0
  // A place is never before the row that takes it, so eight may be read before eight are written.
  for (; i + 15 < count; i += 8) {
    const a = values[rows[i]!]!
    const b = values[rows[i + 1]!]!
    const c = values[rows[i + 2]!]!
    const d = values[rows[i + 3]!]!
    const e = values[rows[i + 4]!]!
    const f = values[rows[i + 5]!]!
    const g = values[rows[i + 6]!]!
    const h = values[rows[i + 7]!]!
    values[i] = a
    values[i + 1] = b
    values[i + 2] = c
    values[i + 3] = d
    values[i + 4] = e
    values[i + 5] = f
    values[i + 6] = g
    values[i + 7] = h
  }
  for (; i < count; i++) values[i] = values[rows[i]!]!
}

export function keepWords(words: Int32Array, rows: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) words[i] = words[rows[i]!]!
}

/** Put the places of rows that are not 0 into `rows`; returns how many there are. */
export function placesOfTrue(values: Float64Array, rows: Int32Array, count: number): number {
  let kept = 0
  for (let i = 0; i < count; i++) {
    rows[kept] = i
    kept += Number(values[i] !== 0)
  }
  return kept
}

/** The places of rows whose number is above that of another lane. */
export function placesAbove(values: Float64Array, others: Float64Array, rows: Int32Array, count: number): number {
  let kept = 0
  let i = 0
  for (; i + 15 < count; i += 8) {
    rows[kept] = i
    kept += Number(values[i]! > others[i]!)
    rows[kept] = i + 1
    kept += Number(values[i + 1]! > others[i + 1]!)
    rows[kept] = i + 2
    kept += Number(values[i + 2]! > others[i + 2]!)
    rows[kept] = i + 3
    kept += Number(values[i + 3]! > others[i + 3]!)
    rows[kept] = i + 4
    kept += Number(values[i + 4]! > others[i + 4]!)
    rows[kept] = i + 5
    kept += Number(values[i + 5]! > others[i + 5]!)
    rows[kept] = i + 6
    kept += Number(values[i + 6]! > others[i + 6]!)
    rows[kept] = i + 7
    kept += Number(values[i + 7]! > others[i + 7]!)
  }
  for (; i < count; i++) {
    rows[kept] = i
    kept += Number(values[i]! > others[i]!)
  }
  return kept
}

/** The places of the others; NaN is above nothing, and nothing above it. */
export function placesNotAbove(values: Float64Array, others: Float64Array, rows: Int32Array, count: number): number {
  let kept = 0
  for (let i = 0; i < count; i++) {
    rows[kept] = i
    kept += Number(!(values[i]! > others[i]!))
  }
  return kept
}

/** Whether some number is NaN. */
export function hasNaN(values: Float64Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (!(values[i]! >= LEAST)) return true
  return false
}

// ------------------------------------------------------------------ values into codes

/** Codes by a table of what is one more than the code, 0 where there is none yet: ends at the first row without one. */
export function codesByTable(
  words: Int32Array,
  codeAfter: Int32Array,
  codes: Int32Array,
  row: number,
  count: number,
): number {
  let i = row
  for (; i + 15 < count; i += 8) {
    const a = codeAfter[words[i]!]! - 1
    const b = codeAfter[words[i + 1]!]! - 1
    const c = codeAfter[words[i + 2]!]! - 1
    const d = codeAfter[words[i + 3]!]! - 1
    const e = codeAfter[words[i + 4]!]! - 1
    const f = codeAfter[words[i + 5]!]! - 1
    const g = codeAfter[words[i + 6]!]! - 1
    const h = codeAfter[words[i + 7]!]! - 1
    if ((a | b | c | d | e | f | g | h) < 0) break
    codes[i] = a
    codes[i + 1] = b
    codes[i + 2] = c
    codes[i + 3] = d
    codes[i + 4] = e
    codes[i + 5] = f
    codes[i + 6] = g
    codes[i + 7] = h
  }
  for (; i < count; i++) {
    const code = codeAfter[words[i]!]!
    if (code === 0) return i
    codes[i] = code - 1
  }
  return count
}

/** The same for numbers that are whole and small; ends at any other. */
export function codesOfSmall(
  values: Float64Array,
  codeAfter: Int32Array,
  codes: Int32Array,
  row: number,
  count: number,
): number {
  const small = codeAfter.length
  for (let i = row; i < count; i++) {
    const value = values[i]!
    const whole = value | 0
    if (whole !== value || whole >>> 0 >= small) return i
    const code = codeAfter[whole]!
    if (code === 0) return i
    codes[i] = code - 1
  }
  return count
}

/**
 * Codes of numbers by open addressing: `places` has codes, -1 where there is none, and `keys` the number of each code. Ends at
 * the first number that is not there, and at NaN, which never is.
 * @param halves the same values, as words.
 */
export function codesByHash(
  values: Float64Array,
  halves: Int32Array,
  places: Int32Array,
  keys: Float64Array,
  codes: Int32Array,
  row: number,
  count: number,
): number {
  const mask = places.length - 1
  for (let i = row; i < count; i++) {
    const value = values[i]!
    // 0 and -0 are one number, in two ways of writing.
    let at = (value === 0 ? 0 : hashOfHalves(halves[2 * i]!, halves[2 * i + 1]!)) & mask
    let code = places[at]!
    while (code >= 0 && keys[code] !== value) code = places[(at = (at + 1) & mask)]!
    if (code < 0) return i
    codes[i] = code
  }
  return count
}

/** A hash of a double other than 0, by its two words. */
export function hashOfHalves(low: number, high: number): number {
  const h = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)
  return h ^ (h >>> 15) ^ (h >>> 7)
}

/** Codes of words by open addressing: `known` has words, 0 where there is none. Ends at the first that is not there. */
export function codesByWord(
  words: Int32Array,
  known: Int32Array,
  codeOfKnown: Int32Array,
  codes: Int32Array,
  row: number,
  count: number,
): number {
  const mask = known.length - 1
  const shift = Math.clz32(mask)
  for (let i = row; i < count; i++) {
    const word = words[i]!
    let at = Math.imul(word, 0x9e3779b1) >>> shift
    while (known[at] !== word && known[at] !== 0) at = (at + 1) & mask
    if (word === 0 || known[at] === 0) return i
    codes[i] = codeOfKnown[at]!
  }
  return count
}

// ------------------------------------------------------------------ rows into groups

/** How many rows each group has. */
export function countRows(groups: Int32Array, sizes: Int32Array, count: number): void {
  let i = 0
  for (; i + 15 < count; i += 8) {
    sizes[groups[i]!]!++
    sizes[groups[i + 1]!]!++
    sizes[groups[i + 2]!]!++
    sizes[groups[i + 3]!]!++
    sizes[groups[i + 4]!]!++
    sizes[groups[i + 5]!]!++
    sizes[groups[i + 6]!]!++
    sizes[groups[i + 7]!]!++
  }
  for (; i < count; i++) sizes[groups[i]!]!++
}

/** Sums of numbers. */
export function addNumbers(values: Float64Array, groups: Int32Array, sums: Float64Array, count: number): void {
  let i = 0
  for (; i + 15 < count; i += 8) {
    sums[groups[i]!]! += values[i]!
    sums[groups[i + 1]!]! += values[i + 1]!
    sums[groups[i + 2]!]! += values[i + 2]!
    sums[groups[i + 3]!]! += values[i + 3]!
    sums[groups[i + 4]!]! += values[i + 4]!
    sums[groups[i + 5]!]! += values[i + 5]!
    sums[groups[i + 6]!]! += values[i + 6]!
    sums[groups[i + 7]!]! += values[i + 7]!
  }
  for (; i < count; i++) sums[groups[i]!]! += values[i]!
}

/** Sums of numbers, and how many rows each group has: in one go, for most of the work is to look up the group. */
export function addAndCount(
  values: Float64Array,
  groups: Int32Array,
  sums: Float64Array,
  sizes: Int32Array,
  count: number,
): void {
  let i = 0
  for (; i + 15 < count; i += 8) {
    const a = groups[i]!
    const b = groups[i + 1]!
    const c = groups[i + 2]!
    const d = groups[i + 3]!
    const e = groups[i + 4]!
    const f = groups[i + 5]!
    const g = groups[i + 6]!
    const h = groups[i + 7]!
    sums[a]! += values[i]!
    sizes[a]!++
    sums[b]! += values[i + 1]!
    sizes[b]!++
    sums[c]! += values[i + 2]!
    sizes[c]!++
    sums[d]! += values[i + 3]!
    sizes[d]!++
    sums[e]! += values[i + 4]!
    sizes[e]!++
    sums[f]! += values[i + 5]!
    sizes[f]!++
    sums[g]! += values[i + 6]!
    sizes[g]!++
    sums[h]! += values[i + 7]!
    sizes[h]!++
  }
  for (; i < count; i++) {
    const group = groups[i]!
    sums[group]! += values[i]!
    sizes[group]!++
  }
}

/** Sums of numbers, NaN standing for none. */
export function addPresent(values: Float64Array, groups: Int32Array, sums: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    if (value >= LEAST) sums[groups[i]!]! += value
  }
}

/** The greatest of numbers times a sign; NaN stands for none, in what comes and in what there is so far. */
export function keepGreatest(
  values: Float64Array,
  sign: number,
  groups: Int32Array,
  best: Float64Array,
  count: number,
): void {
  // Whatever is compared with NaN is not lower: the first number takes the place of none. Most rows are told by that alone.
  let i = 0
  for (; i + 7 < count; i += 4) {
    const a = groups[i]!
    const w = values[i]! * sign
    if (!(w <= best[a]!) && w >= LEAST) best[a] = w
    const b = groups[i + 1]!
    const x = values[i + 1]! * sign
    if (!(x <= best[b]!) && x >= LEAST) best[b] = x
    const c = groups[i + 2]!
    const y = values[i + 2]! * sign
    if (!(y <= best[c]!) && y >= LEAST) best[c] = y
    const d = groups[i + 3]!
    const z = values[i + 3]! * sign
    if (!(z <= best[d]!) && z >= LEAST) best[d] = z
  }
  for (; i < count; i++) {
    const group = groups[i]!
    const value = values[i]! * sign
    if (!(value <= best[group]!) && value >= LEAST) best[group] = value
  }
}

/** Welford's recurrence: of each group how many numbers, their mean, and the sum of squares around it. */
export function addDeviations(
  values: Float64Array,
  skipsNaN: boolean,
  groups: Int32Array,
  counts: Float64Array,
  means: Float64Array,
  squares: Float64Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    if (skipsNaN && !(value >= LEAST)) continue
    const group = groups[i]!
    const n = ++counts[group]!
    const before = value - means[group]!
    const mean = (means[group]! += before / n)
    squares[group]! += before * (value - mean)
  }
}
