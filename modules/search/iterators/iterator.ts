/* Iterators -- the documents that match a part of a query, in the order of their numbers.
 *
 * One contract, many engines: words, tags, ranges, unions, intersections. An iterator stands before its first document
 * at first, then on one, and at last behind all:
 *
 *      document   0 --next()--> 3 --next()--> 8 --skipTo(20)--> 41 --next()--> END
 *
 * The one who asks decides what is worth knowing of the document that it stands on: its score, the positions of the
 * words that matched, which words those were. So a query that only counts never decodes a frequency.
 *
 * A query may be paused while the index grows. `watch.tick()` is called in loops that may run long without finding
 * anything; it throws to pause or to end the query, from within whatever was asked. Afterwards `refresh` lets an iterator
 * forget all places in memory, and `skipTo` goes on: what was passed over is not looked at again. So a loop that ticks
 * first sees to it that it can go on from there. `rewind` begins anew.
 *
 * Documents that died and wait for a sweep may still be named: whoever uses the root asks `documents` about them.
 *
 * Invariants: `document` never falls but by rewind; next() and skipTo() return it; skipTo(n) with n at or below
 * `document` stays. test/search/iterators.test.ts runs every engine through the same checks. */

import { END } from '../index/documents.ts'

export { END }

/** How words count: see score/. */
export const RANK = { none: 0, tfidf: 1, bm25: 2, bm25std: 3, dismax: 4 } as const

/** What leaves need to score the document they stand on. */
export interface Ranking {
  /** One of RANK. */
  readonly mode: number
  /** What is added to a frequency below the line in BM25; in BM25STD it depends on the document. */
  k: number
  /** Length of the document in words, for BM25STD, and that of all documents on average: what explanations show. */
  length: number
  readonly average: number
}

/** Positions of words in a document, growing. */
export class Positions {
  list: Int32Array = new Int32Array(16)
  count = 0

  /** Have room for so many more. */
  room(more: number): void {
    if (this.count + more <= this.list.length) return
    const longer = new Int32Array(Math.max(this.count + more, this.list.length * 2))
    longer.set(this.list)
    this.list = longer
  }

  /** Bring what was added from `from` on into order with itself. */
  sort(from: number): void {
    this.list.subarray(from, this.count).sort()
  }
}

/** Documents with what their words add up to, many at a time. */
export class Batch {
  /** Filled by `nextBatch`; the caller may put another array of at least 1,024 in its place. */
  documents: Int32Array
  /** Filled too, unless the ranking is none. */
  readonly scores: Float64Array
  count = 0

  constructor(documents: Int32Array = new Int32Array(1024), scores: Float64Array = new Float64Array(1024)) {
    this.documents = documents
    this.scores = scores
  }
}

/** Called in long loops; throws to pause or to end the query. */
export interface Watch {
  tick(): void
  /** Do work that a pause would undo: it can be ended, but not paused. */
  steady?<T>(work: () => T): T
  /** A tick behind a piece of work that may have been long. */
  breathe?(): void
  /** What was done since the last pause only made ready: it does not count. */
  again?(): void
}

/** A word that a document matched: for highlighting. */
export interface MatchedTerm {
  readonly text: Buffer
  readonly idf: number
}

/** Why a document has its score: a line, and the lines below it. */
export interface Explanation {
  readonly text: string
  readonly children: readonly Explanation[]
}

/** The documents of a part of a query. */
export abstract class DocumentIterator {
  /** Where it stands: 0, a document, or END. */
  document = 0

  /** How many documents there are, roughly; never too few by much. */
  abstract readonly estimate: number

  /** Go to the next document. */
  abstract next(): number

  /** Go to the first document from `target` on; stays when it is there or beyond. */
  abstract skipTo(target: number): number

  /** Forget all places and stand before the first document. */
  abstract rewind(): void

  /**
   * Forget all places in memory, and stand where it stood; further on when that document is not there any more. What was
   * cut short by a pause is gone on with by `skipTo`.
   */
  refresh(): void {
    const { document } = this
    if (document === END) return
    this.rewind()
    if (document > 0) this.skipTo(document)
  }

  /** Give back what others can use. The iterator is at its end from then on. */
  release(): void {}

  /** What the document adds to its score. */
  abstract score(ranking: Ranking): number

  /** The score in words. */
  abstract explain(ranking: Ranking): Explanation

  /** Whether the document's match has positions. */
  hasPositions(): boolean {
    return false
  }

  /** Add the positions of the words that matched, growing among themselves. */
  addPositions(_out: Positions): void {}

  /** How far apart the matched parts are: what scores are divided by. */
  distance(): number {
    return 1
  }

  /** Add the words that matched. */
  addTerms(_out: MatchedTerm[]): void {}

  /** Whether `distance` is always 1, so that documents may be scored in batches. */
  get isSingle(): boolean {
    return true
  }

  /**
   * Go on by as many documents as fit, and tell them with their scores; none at the end. Not for rankings whose `k`
   * depends on the document. Afterwards the iterator stands on the last one told, or at END. Those that were found before
   * a pause are in the batch when it is thrown.
   */
  nextBatch(batch: Batch, ranking: Ranking): void {
    const { documents, scores } = batch
    batch.count = 0
    while (batch.count < documents.length) {
      const document = this.next()
      if (document === END) break
      documents[batch.count] = document
      scores[batch.count++] = this.score(ranking)
    }
  }
}
