/* Profile -- where the time of a query goes: FT.PROFILE.
 *
 * Every iterator that is built for a part of the query is put behind one that counts and times what is asked of it. Times
 * include those of the parts below, as in the real module.
 *
 *      INTERSECT 0.41 ms, 12 documents
 *        TEXT copper 0.20 ms, 40 documents of 40
 *        NUMERIC 10 - 20 0.11 ms, 13 documents of 800 */

import {
  type Batch,
  DocumentIterator,
  END,
  type Explanation,
  type MatchedTerm,
  type Positions,
  type Ranking,
} from '../iterators/iterator.ts'
import { Nothing } from '../iterators/leaf.ts'
import type { Node } from '../query/ast.ts'

/** An iterator whose work is counted. */
export class ProfiledIterator extends DocumentIterator {
  readonly node: Node
  readonly children: readonly ProfiledIterator[]
  readonly inner: DocumentIterator
  readonly #now: () => number
  micros = 0
  /** Documents told. */
  told = 0
  /** Whether this is of a TAG field. */
  isTag = false

  constructor(node: Node, inner: DocumentIterator, children: readonly ProfiledIterator[], now: () => number) {
    super()
    this.node = node
    this.inner = inner
    this.children = children
    this.#now = now
  }

  get estimate(): number {
    return this.inner.estimate
  }

  next(): number {
    const start = this.#now()
    this.document = this.inner.next()
    return this.#count(start, this.document === END ? 0 : 1)
  }

  skipTo(target: number): number {
    const start = this.#now()
    this.document = this.inner.skipTo(target)
    return this.#count(start, this.document === END ? 0 : 1)
  }

  #count(start: number, told: number): number {
    this.micros += this.#now() - start
    this.told += told
    return this.document
  }

  override nextBatch(batch: Batch, ranking: Ranking): void {
    const start = this.#now()
    try {
      this.inner.nextBatch(batch, ranking)
    } finally {
      this.document = this.inner.document
      this.#count(start, batch.count)
    }
  }

  rewind(): void {
    this.document = 0
    this.inner.rewind()
  }

  override refresh(): void {
    this.inner.refresh()
    this.document = this.inner.document
  }

  override release(): void {
    this.document = END
    this.inner.release()
  }

  score(ranking: Ranking): number {
    return this.inner.score(ranking)
  }

  explain(ranking: Ranking): Explanation {
    return this.inner.explain(ranking)
  }

  override hasPositions(): boolean {
    return this.inner.hasPositions()
  }

  override addPositions(out: Positions): void {
    this.inner.addPositions(out)
  }

  override distance(): number {
    return this.inner.distance()
  }

  override addTerms(out: MatchedTerm[]): void {
    this.inner.addTerms(out)
  }

  override get isSingle(): boolean {
    return this.inner.isSingle
  }
}

function markTags(iterator: ProfiledIterator): void {
  iterator.isTag = true
  iterator.children.forEach(markTags)
}

/** A step behind the iterators. */
export interface Processor {
  readonly type: string
  readonly micros: number
  readonly count: number
}

/** What is known of a query that ran under FT.PROFILE. */
export class QueryProfile {
  readonly now: () => number
  /** LIMITED: parts of large unions are not listed. */
  readonly isLimited: boolean
  /** Whether each part's time is told. */
  readonly tellsTimes: boolean
  readonly #start: number
  parsingMicros = 0
  planningMicros = 0
  /** What went wrong with the query without ending it. */
  warnings: readonly string[] = []
  processors: Processor[] = []
  /** Parts being built, outermost first: the children that each has so far. */
  readonly #open: ProfiledIterator[][] = [[]]

  constructor(now: () => number, isLimited: boolean, tellsTimes: boolean) {
    this.now = now
    this.isLimited = isLimited
    this.tellsTimes = tellsTimes
    this.#start = now()
  }

  /** Time since the profile was begun. */
  get totalMicros(): number {
    return this.now() - this.#start
  }

  /** The iterator of the whole query, once it was built; null when nothing can match. */
  get root(): ProfiledIterator | null {
    return this.#open[0]![0] ?? null
  }

  /** Build the iterator of a part, and put it behind one that is counted. */
  build(node: Node, make: () => DocumentIterator): DocumentIterator {
    this.#open.push([])
    const inner = make()
    const children = this.#open.pop()!
    if (inner instanceof Nothing) return inner
    // A part that was built as its only child is that child.
    const profiled = inner instanceof ProfiledIterator ? inner : new ProfiledIterator(node, inner, children, this.now)
    if (node.kind === 'tag') markTags(profiled)
    this.#open[this.#open.length - 1]!.push(profiled)
    return profiled
  }

  /**
   * Show a word among the parts of what is being built, which walks many words as one: each of its documents is
   * taken to be read once.
   */
  list(node: Node, word: DocumentIterator): void {
    const part = new ProfiledIterator(node, word, [], this.now)
    part.told = word.estimate
    this.#open[this.#open.length - 1]!.push(part)
  }
}
