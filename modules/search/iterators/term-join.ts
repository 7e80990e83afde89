/* Term join -- documents that hold all of several terms, found block against block.
 *
 * The current blocks of all lists overlap in a stretch of document numbers that ends where the first of them ends. In a
 * stretch everything is in arrays already, and the lists are compared there without asking one another:
 *
 *      block of a    3   7   9  12  20           stretch 3 .. 12        a   9  12
 *      block of b        8   9  11  12                                  b   9  12       two matches
 *                   |------------- |
 *
 * What a match adds to a score is in the rows of the blocks, which stay open until the next stretch.
 *
 *   ~1 ns a posting, besides decoding */

import { MARKS, type Workbench } from '../index/posting-block.ts'
import { END, Positions } from './iterator.ts'
import { leastDistance, squared } from './several.ts'
import type { TermIterator } from './term.ts'

/** The documents of several terms, a stretch at a time. */
export class TermJoin {
  /** The terms, fewest documents first. They are moved along. */
  readonly terms: readonly TermIterator[]
  /** By term: the row of each match in the term's current block. */
  readonly rows: readonly Int32Array[]
  /** Matches of the stretch. */
  count = 0
  /** The last document number of the stretch. */
  end = 0
  /** Where each term's block is read from next. */
  readonly #next: Int32Array
  readonly #workbench: Workbench
  #nearer = new Positions()
  #farther = new Positions()

  constructor(terms: readonly TermIterator[]) {
    this.terms = terms
    const rows: Int32Array[] = []
    for (const term of terms) rows.push(term.rowsAhead.workbench.matches)
    this.rows = rows
    this.#next = new Int32Array(terms.length)
    this.#workbench = terms[0]!.rowsAhead.workbench
  }

  /** The documents of the first term's block, in which `rows[0]` names those of the matches. */
  get documents(): Int32Array {
    return this.terms[0]!.rowsAhead.documents
  }

  /** Go to the next stretch that begins at `target` or beyond; false when there is none. It may have no match. */
  next(target: number): boolean {
    const { terms } = this
    if (!this.#align(target)) return false
    let end = END
    for (let i = 0; i < terms.length; i++) {
      end = Math.min(end, terms[i]!.blockEnd)
      this.#next[i] = terms[i]!.row
    }
    let count = this.#meetFirstTwo(end)
    for (let i = 2; i < terms.length; i++) count = this.#meetMatches(i, count)
    this.count = count
    this.end = end
    for (let i = 0; i < terms.length; i++) if (!terms[i]!.takesAllFields) this.#dropOtherFields(i)
    return true
  }

  /** Bring all terms to `target` or beyond, until their blocks overlap. */
  #align(target: number): boolean {
    const { terms } = this
    for (;;) {
      let most = target
      let least = END
      for (let i = 0; i < terms.length; i++) {
        const document = terms[i]!.skipTo(most)
        if (document === END) return false
        if (document > most) most = document
      }
      for (let i = 0; i < terms.length; i++) least = Math.min(least, terms[i]!.blockEnd)
      if (least >= most) return true
      target = most
    }
  }

  #meetFirstTwo(end: number): number {
    const [rowsOfA, rowsOfB] = this.rows
    const a = this.terms[0]!.rowsAhead
    const b = this.terms[1]!.rowsAhead
    const next = this.#next
    const first = Math.min(a.documents[next[0]!]!, b.documents[next[1]!]!)
    const endOfA = rowBehind(a.documents, next[0]!, a.rows, end)
    const endOfB = rowBehind(b.documents, next[1]!, b.rows, end)
    const meet = end - first < MARKS ? meetByMarks : meetBySteps
    const count = meet(
      a.documents,
      next[0]!,
      endOfA,
      b.documents,
      next[1]!,
      endOfB,
      first,
      this.#workbench,
      rowsOfA!,
      rowsOfB!,
    )
    next[0] = endOfA
    next[1] = endOfB
    return count
  }

  /** Keep the matches so far that a further term has too. */
  #meetMatches(term: number, count: number): number {
    const { documents, rows } = this.terms[term]!.rowsAhead
    const matches = this.documents
    const rowsOfFirst = this.rows[0]!
    const own = this.rows[term]!
    const pairs = this.#workbench.places
    let at = this.#next[term]!
    let kept = 0
    for (let match = 0; match < count && at < rows; match++) {
      const document = matches[rowsOfFirst[match]!]!
      while (at < rows && documents[at]! < document) at++
      if (at === rows || documents[at] !== document) continue
      pairs[kept] = match
      own[kept++] = at
    }
    for (let i = 0; i < term; i++) keep(this.rows[i]!, pairs, kept)
    return kept
  }

  /** Keep the matches whose posting of a term is in the fields that it was asked for in. */
  #dropOtherFields(term: number): void {
    const own = this.rows[term]!
    const iterator = this.terms[term]!
    const pairs = this.#workbench.places
    let kept = 0
    for (let match = 0; match < this.count; match++) if (iterator.allows(own[match]!)) pairs[kept++] = match
    if (kept === this.count) return
    for (const rows of this.rows) keep(rows, pairs, kept)
    this.count = kept
  }

  /** Pass over the stretch: the first term is moved behind it, so that a pause does not bring it back. */
  leave(): void {
    const { terms } = this
    const next = this.#next
    for (let i = 0; i < terms.length; i++) terms[i]!.standAt(Math.max(terms[i]!.row, next[i]! - 1))
    terms[0]!.skipTo(this.end + 1)
  }

  /**
   * How far apart the terms of a match stand, as `Several.distance` tells it: the root of the sum of squares of the least
   * distances between each term and the next.
   */
  distance(match: number): number {
    const { terms } = this
    if (!terms[0]!.postings.layout.offsets) return terms.length - 1
    let squares = 0
    let isFirst = true
    for (let i = 0; i < terms.length; i++) {
      const positions = this.#nearer
      positions.count = 0
      terms[i]!.addPositionsOf(this.rows[i]![match]!, positions)
      if (positions.count === 0) continue
      if (!isFirst) squares += squared(leastDistance(this.#farther, positions))
      this.#nearer = this.#farther
      this.#farther = positions
      isFirst = false
    }
    return squares > 0 ? Math.floor(Math.sqrt(squares)) : terms.length - 1
  }

  /** Let all terms stand on a match. */
  standOn(match: number): void {
    for (let i = 0; i < this.terms.length; i++) this.terms[i]!.standAt(this.rows[i]![match]!)
  }
}

/** The first row from `row` on whose document is behind `end`, or `rows`. */
function rowBehind(documents: Int32Array, row: number, rows: number, end: number): number {
  if (row >= rows || documents[rows - 1]! <= end) return rows
  let high = rows - 1
  while (row < high) {
    const middle = (row + high) >>> 1
    if (documents[middle]! <= end) row = middle + 1
    else high = middle
  }
  return row
}

/**
 * The rows of documents that two lists have between rows. In a dense stretch, which begins at `first`, the rows of one list
 * are marked and looked up by the other: no step waits for the one before it, and none is guessed. Returns how many there
 * are.
 */
function meetByMarks(
  a: Int32Array,
  fromA: number,
  toA: number,
  b: Int32Array,
  fromB: number,
  toB: number,
  first: number,
  workbench: Workbench,
  rowsOfA: Int32Array,
  rowsOfB: Int32Array,
): number {
  const { marks } = workbench
  const tag = workbench.newTag()
  for (let i = fromA; i < toA; i++) marks[a[i]! - first] = tag + i
  let count = 0
  for (let j = fromB; j < toB; j++) {
    const row = marks[b[j]! - first]! - tag
    rowsOfA[count] = row
    rowsOfB[count] = j
    // Less than 0 without a mark: 1 when no bit above the lowest eight is set.
    count += ((row >>> 8) - 1) >>> 31
  }
  return count
}

/** The same in a wide stretch: a list that is behind goes on. */
function meetBySteps(
  a: Int32Array,
  fromA: number,
  toA: number,
  b: Int32Array,
  fromB: number,
  toB: number,
  _first: number,
  _workbench: Workbench,
  rowsOfA: Int32Array,
  rowsOfB: Int32Array,
): number {
  let i = fromA
  let j = fromB
  let count = 0
  while (i < toA && j < toB) {
    const x = a[i]!
    const y = b[j]!
    if (x === y) {
      rowsOfA[count] = i
      rowsOfB[count++] = j
    }
    if (x <= y) i++
    if (y <= x) j++
  }
  return count
}

/** Move the entries that are named to the front. */
function keep(list: Int32Array, places: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) list[i] = list[places[i]!]!
}
