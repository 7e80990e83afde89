/* Not, and optional -- both walk over all documents; one leaves out those of its part, the other only scores them. */

import { CHUNK_DOCS, CHUNK_MASK } from '../index/column.ts'
import type { Documents } from '../index/documents.ts'
import { lowestOf, WINDOW_WORDS } from '../index/living-bits.ts'
import {
  type Batch,
  type DocumentIterator,
  END,
  type Explanation,
  type MatchedTerm,
  type Positions,
  RANK,
  type Ranking,
  type Watch,
} from './iterator.ts'
import { Leaf } from './leaf.ts'

/** Living documents that do not match a part. */
export class Not extends Leaf {
  readonly #documents: Documents
  readonly #child: DocumentIterator
  readonly #watch: Watch
  readonly #window = new Int32Array(WINDOW_WORDS)
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

  /** Chunk by chunk: the bits of the living, less those that are hidden. */
  override nextBatch(batch: Batch, ranking: Ranking): void {
    batch.count = 0
    // Beforehand, so that a pause finds those scored that were told.
    if (ranking.mode !== RANK.none) batch.scores.fill(this.score(ranking))
    const { documents } = batch
    let from = this.document === END ? END : Math.max(this.document + 1, this.#reached)
    while (batch.count + CHUNK_DOCS <= documents.length && (from = this.#documents.nextLiving(from)) !== END) {
      this.#takeChunk(from, batch)
      from = this.#reached
      this.#watch.tick()
    }
    this.document = batch.count > 0 ? documents[batch.count - 1]! : END
  }

  /** Tell the documents of a chunk from a living one on; before a pause, those up to where the part was seen. */
  #takeChunk(from: number, batch: Batch): void {
    const child = this.#child
    const window = this.#window
    const end = (from | CHUNK_MASK) + 1
    let reached = from
    this.#documents.livingWindow(from, window)
    try {
      let hidden = child.document < from ? child.skipTo(from) : child.document
      for (; hidden < end; hidden = child.next()) {
        window[(hidden & CHUNK_MASK) >>> 5]! &= ~(1 << (hidden & 31))
        reached = hidden + 1
        this.#watch.tick()
      }
      reached = end
    } finally {
      this.#reached = reached
      batch.count = tell(window, from & ~CHUNK_MASK, reached, batch.documents, batch.count)
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

/** Add the documents of a window below `end` to a list; returns how many there are then. */
function tell(window: Int32Array, first: number, end: number, documents: Int32Array, count: number): number {
  for (let word = 0; word < WINDOW_WORDS; word++)
    for (let bits = window[word]!; bits !== 0; bits &= bits - 1) {
      const document = first + word * 32 + lowestOf(bits)
      if (document >= end) return count
      documents[count++] = document
    }
  return count
}
