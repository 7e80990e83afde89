/* Not, and optional -- both walk over all documents; one leaves out those of its part, the other only scores them. */

import type { Documents } from '../index/documents.ts'
import {
  type DocumentIterator,
  END,
  type Explanation,
  type MatchedTerm,
  type Positions,
  type Ranking,
  type Watch,
} from './iterator.ts'
import { Leaf } from './leaf.ts'

/** Living documents that do not match a part. */
export class Not extends Leaf {
  readonly #documents: Documents
  readonly #child: DocumentIterator
  readonly #watch: Watch
  /** Documents below it that were not told are hidden. */
  #reached = 0

  constructor(documents: Documents, child: DocumentIterator, watch: Watch) {
    super(0)
    this.#documents = documents
    this.#child = child
    this.#watch = watch
  }

  get estimate(): number {
    return this.#documents.count
  }

  next(): number {
    return this.document === END ? END : this.#from(this.document + 1)
  }

  skipTo(target: number): number {
    return target <= this.document ? this.document : this.#from(target)
  }

  #from(target: number): number {
    const child = this.#child
    target = Math.max(target, this.#reached)
    for (;;) {
      const document = this.#documents.nextLiving(target)
      if (document === END) return (this.document = END)
      const hidden = child.document < document ? child.skipTo(document) : child.document
      if (hidden !== document) return (this.document = document)
      this.#reached = target = document + 1
      this.#watch.tick()
    }
  }

  rewind(): void {
    this.document = this.#reached = 0
    this.#child.rewind()
  }

  override refresh(): void {
    this.#child.refresh()
  }

  override release(): void {
    this.document = END
    this.#child.release()
  }
}

/** All living documents; those that match a part score for it. */
export class Optional extends Leaf {
  readonly #documents: Documents
  readonly #child: DocumentIterator

  constructor(documents: Documents, child: DocumentIterator, weight: number) {
    super(weight)
    this.#documents = documents
    this.#child = child
  }

  get estimate(): number {
    return this.#documents.count
  }

  next(): number {
    return this.document === END ? END : this.#from(this.document + 1)
  }

  skipTo(target: number): number {
    return target <= this.document ? this.document : this.#from(target)
  }

  #from(target: number): number {
    const document = this.#documents.nextLiving(target)
    if (document !== END && this.#child.document < document) this.#child.skipTo(document)
    return (this.document = document)
  }

  get #isMatched(): boolean {
    return this.#child.document === this.document
  }

  override score(ranking: Ranking): number {
    return this.#isMatched ? this.weight * this.#child.score(ranking) : 0
  }

  override explain(ranking: Ranking): Explanation {
    return this.#isMatched ? this.#child.explain(ranking) : { text: 'Frequency 0 -> value 0', children: [] }
  }

  override hasPositions(): boolean {
    return this.#isMatched && this.#child.hasPositions()
  }

  override addPositions(out: Positions): void {
    this.#child.addPositions(out)
  }

  override distance(): number {
    return this.#isMatched ? this.#child.distance() : 1
  }

  override get isSingle(): boolean {
    return this.#child.isSingle
  }

  override addTerms(out: MatchedTerm[]): void {
    if (this.#isMatched) this.#child.addTerms(out)
  }

  rewind(): void {
    this.document = 0
    this.#child.rewind()
  }

  override refresh(): void {
    this.#child.refresh()
  }

  override release(): void {
    this.document = END
    this.#child.release()
  }
}
