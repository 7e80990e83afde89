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

import { MARKS } from '../index/posting-block.ts'
import { END } from './iterator.ts'
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
  readonly #pairs: Int32Array
  readonly #marks: Uint8Array

  constructor(terms: readonly TermIterator[]) {
    this.terms = terms
    this.rows = terms.map(term => term.rowsAhead.workbench.matches)
    this.#next = new Int32Array(terms.length)
    const { places, marks } = terms[0]!.rowsAhead.workbench
    this.#pairs = places
    this.#marks = marks
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
    if (end - first >= MARKS)
      return meetBySteps(a.documents, a.rows, b.documents, b.rows, end, next, rowsOfA!, rowsOfB!)
    const marks = this.#marks
    return meetByMarks(a.documents, a.rows, b.documents, b.rows, first, end, marks, next, rowsOfA!, rowsOfB!)
  }

  /** Keep the matches so far that a further term has too. */
  #meetMatches(term: number, count: number): number {
    const { documents, rows } = this.terms[term]!.rowsAhead
    const matches = this.documents
    const rowsOfFirst = this.rows[0]!
    const own = this.rows[term]!
    const pairs = this.#pairs
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
    const pairs = this.#pairs
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

  /** Let all terms stand on a match. */
  standOn(match: number): void {
    for (let i = 0; i < this.terms.length; i++) this.terms[i]!.standAt(this.rows[i]![match]!)
  }
}

/**
 * The rows of documents that both lists have, up to `end`, from `next[0]` and `next[1]` on. In a dense stretch the rows of
 * one list are marked and looked up by the other: no step waits for the one before it, and none is guessed. Returns how
 * many there are.
 */
function meetByMarks(
  a: Int32Array,
  aRows: number,
  b: Int32Array,
  bRows: number,
  first: number,
  end: number,
  marks: Uint8Array,
  next: Int32Array,
  rowsOfA: Int32Array,
  rowsOfB: Int32Array,
): number {
  const begin = next[0]!
  let i = begin
  for (; i < aRows && a[i]! <= end; i++) marks[a[i]! - first] = i + 1
  const last = i === begin ? -1 : a[i - 1]!
  let j = next[1]!
  let count = 0
  for (; j < bRows && b[j]! <= last; j++) {
    const mark = marks[b[j]! - first]!
    rowsOfA[count] = mark - 1
    rowsOfB[count] = j
    // 0 for 0, and 1 for the mark of a row.
    count += (mark + 127) >>> 7
  }
  for (let row = begin; row < i; row++) marks[a[row]! - first] = 0
  next[0] = i
  next[1] = j
  return count
}

/** The same in a wide stretch: a list that is behind goes on. */
function meetBySteps(
  a: Int32Array,
  aRows: number,
  b: Int32Array,
  bRows: number,
  end: number,
  next: Int32Array,
  rowsOfA: Int32Array,
  rowsOfB: Int32Array,
): number {
  let i = next[0]!
  let j = next[1]!
  let count = 0
  while (i < aRows && j < bRows && a[i]! <= end) {
    const x = a[i]!
    const y = b[j]!
    if (x === y) {
      rowsOfA[count] = i
      rowsOfB[count++] = j
    }
    if (x <= y) i++
    if (y <= x) j++
  }
  next[0] = i
  next[1] = j
  return count
}

/** Move the entries that are named to the front. */
function keep(list: Int32Array, places: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) list[i] = list[places[i]!]!
}
