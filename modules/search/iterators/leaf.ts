/* Leaves without words: nothing, all documents, sets of documents. What they have to score is a weight. */

import type { Documents } from '../index/documents.ts'
import { explainVirtual } from '../score/words.ts'
import { type Batch, DocumentIterator, END, type Explanation, RANK, type Ranking } from './iterator.ts'

/** The score of something that is there once, with a weight. */
export function virtualScore(ranking: Ranking, weight: number): number {
  switch (ranking.mode) {
    case RANK.tfidf:
    case RANK.dismax:
      return weight
    case RANK.bm25:
      return weight / (1 + ranking.k)
    case RANK.bm25std:
      return (weight * 2.2) / (1 + ranking.k)
  }
  return 0
}

/** A leaf whose documents all score alike. */
export abstract class Leaf extends DocumentIterator {
  readonly weight: number

  constructor(weight: number) {
    super()
    this.weight = weight
  }

  score(ranking: Ranking): number {
    return virtualScore(ranking, this.weight)
  }

  explain(ranking: Ranking): Explanation {
    return explainVirtual(ranking, this.score(ranking), this.weight, 1)
  }

  /** Documents that were told without scores have one and the same. */
  protected scoreBatch(batch: Batch, ranking: Ranking): void {
    if (ranking.mode !== RANK.none) batch.scores.fill(this.score(ranking), 0, batch.count)
  }
}

/** No document. */
export class Nothing extends Leaf {
  readonly estimate = 0

  constructor() {
    super(0)
  }

  next(): number {
    return (this.document = END)
  }

  skipTo(target: number): number {
    return target <= this.document ? this.document : (this.document = END)
  }

  rewind(): void {
    this.document = 0
  }
}

/** Every living document. */
export class AllDocuments extends Leaf {
  readonly #documents: Documents

  constructor(documents: Documents, weight: number) {
    super(weight)
    this.#documents = documents
  }

  get estimate(): number {
    return this.#documents.count
  }

  next(): number {
    return (this.document = this.document === END ? END : this.#documents.nextLiving(this.document + 1))
  }

  skipTo(target: number): number {
    return target <= this.document ? this.document : (this.document = this.#documents.nextLiving(target))
  }

  override nextBatch(batch: Batch, ranking: Ranking): void {
    const from = this.document === END ? END : this.document + 1
    batch.count = from === END ? 0 : this.#documents.livingFrom(from, batch.documents)
    this.document = batch.count === 0 ? END : batch.documents[batch.count - 1]!
    this.scoreBatch(batch, ranking)
  }

  rewind(): void {
    this.document = 0
  }
}

/** The documents of a sorted array. */
export class DocumentList extends Leaf {
  readonly #list: Int32Array
  readonly #count: number
  #at = -1

  /** @param list document numbers, growing strictly, up to `count` of them. */
  constructor(list: Int32Array, count: number, weight: number) {
    super(weight)
    this.#list = list
    this.#count = count
  }

  get estimate(): number {
    return this.#count
  }

  next(): number {
    if (this.#at < this.#count) this.#at++
    return (this.document = this.#at < this.#count ? this.#list[this.#at]! : END)
  }

  skipTo(target: number): number {
    if (target <= this.document) return this.document
    let low = this.#at + 1
    let step = 1
    while (low + step < this.#count && this.#list[low + step]! < target) {
      low += step
      step *= 2
    }
    let high = Math.min(low + step + 1, this.#count)
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#list[middle]! < target) low = middle + 1
      else high = middle
    }
    this.#at = low
    return (this.document = low < this.#count ? this.#list[low]! : END)
  }

  rewind(): void {
    this.#at = -1
    this.document = 0
  }
}

/** The documents whose bits are set. */
export class DocumentBits extends Leaf {
  readonly #words: Int32Array
  readonly #first: number
  readonly estimate: number

  /** @param first the document of bit 0 of word 0. */
  constructor(words: Int32Array, first: number, estimate: number, weight: number) {
    super(weight)
    this.#words = words
    this.#first = first
    this.estimate = estimate
  }

  next(): number {
    return this.document === END ? END : this.#from(this.document + 1)
  }

  skipTo(target: number): number {
    return target <= this.document ? this.document : this.#from(target)
  }

  #from(target: number): number {
    const words = this.#words
    const bit = Math.max(target - this.#first, 0)
    let at = bit >>> 5
    if (at >= words.length) return (this.document = END)
    let word = words[at]! & (-1 << (bit & 31))
    while (word === 0) {
      if (++at >= words.length) return (this.document = END)
      word = words[at]!
    }
    return (this.document = this.#first + at * 32 + (31 - Math.clz32(word & -word)))
  }

  override nextBatch(batch: Batch, ranking: Ranking): void {
    const { documents } = batch
    const words = this.#words
    const first = this.#first
    const place = Math.max(this.document + 1 - first, 0)
    let count = 0
    let at = this.document === END ? words.length : place >>> 5
    let word = at < words.length ? words[at]! & (-1 << (place & 31)) : 0
    while (at < words.length && count + 32 <= documents.length) {
      for (; word !== 0; word &= word - 1) documents[count++] = first + at * 32 + (31 - Math.clz32(word & -word))
      word = ++at < words.length ? words[at]! : 0
    }
    this.document = count === 0 ? END : documents[count - 1]!
    batch.count = count
    this.scoreBatch(batch, ranking)
  }

  rewind(): void {
    this.document = 0
  }
}
