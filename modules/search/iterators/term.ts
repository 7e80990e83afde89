/* Term -- the documents of one posting list. */

import type { Address } from 'redstrata/module'
import { BLOCK_ROWS, Block } from '../index/posting-block.ts'
import type { Postings } from '../index/postings.ts'
import { explainTerm } from '../score/words.ts'
import {
  type Batch,
  DocumentIterator,
  END,
  type Explanation,
  type MatchedTerm,
  type Positions,
  RANK,
  type Ranking,
} from './iterator.ts'

/** How rare a term is: two measures for the two families of scores. */
export interface Rarity {
  readonly idf: number
  readonly bm25: number
}

/** The rarity of a term that `holders` of `documents` documents hold. */
export function rarity(documents: number, holders: number): Rarity {
  const all = Math.max(documents, holders)
  return {
    idf: Math.floor(Math.log2(1 + (documents + 1) / Math.max(holders, 1))),
    bm25: Math.log(1 + (all - holders + 0.5) / (holders + 0.5)),
  }
}

/** What a word with a frequency adds to a score. */
export function termScore(ranking: Ranking, weight: number, freq: number, rare: Rarity): number {
  switch (ranking.mode) {
    case RANK.tfidf:
      return weight * freq * rare.idf
    case RANK.bm25:
      return (weight * rare.idf * freq) / (freq + ranking.k)
    case RANK.bm25std:
      return (weight * rare.bm25 * (freq * 2.2)) / (freq + ranking.k)
    case RANK.dismax:
      return weight * freq
  }
  return 0
}

/** Rows that are looked at one after the other before a search by halves. */
const NEAR_ROWS = 8

/** The first row from `row` on whose document is not below `target`; there is one. */
function rowFrom(documents: Int32Array, row: number, rows: number, target: number): number {
  let high = row + NEAR_ROWS
  if (high < rows && documents[high]! < target) {
    row = high + 1
    high = rows - 1
    while (row < high) {
      const middle = (row + high) >>> 1
      if (documents[middle]! < target) row = middle + 1
      else high = middle
    }
    return row
  }
  while (documents[row]! < target) row++
  return row
}

/** What an iterator has when it has given its block back: nothing is read into it. */
const NO_BLOCK = new Block(0)

/** The documents that hold a term, in some fields. */
export class TermIterator extends DocumentIterator {
  readonly postings: Postings
  readonly record: Address
  readonly rarity: Rarity
  readonly weight: number
  readonly estimate: number
  readonly #text: Buffer
  /** By number of a field set: whether it will do; null: all will. */
  readonly #allowed: Uint8Array | null
  #block: Block
  #documents: Int32Array
  #blocks: number
  #number = -1
  #row = -1
  #rows = 0

  /**
   * @param text the term, for explanations and highlighting.
   * @param documents how many documents the index has.
   */
  constructor(
    postings: Postings,
    record: Address,
    text: Buffer,
    allowed: Uint8Array | null,
    weight: number,
    documents: number,
  ) {
    super()
    this.postings = postings
    this.record = record
    this.weight = weight
    this.#text = text
    this.#allowed = allowed
    this.estimate = postings.count(record)
    this.rarity = rarity(documents, this.estimate)
    this.#block = postings.spareBlocks.take()
    this.#documents = this.#block.documents
    this.#blocks = postings.blocks(record)
  }

  next(): number {
    const documents = this.#documents
    for (;;) {
      if (++this.#row >= this.#rows && !this.#load(this.#number + 1)) return (this.document = END)
      // A combination of fields that came up after the query began is not in its table.
      if (this.#allowed === null || this.allows(this.#row)) return (this.document = documents[this.#row]!)
    }
  }

  #load(number: number): boolean {
    this.#number = number
    this.#row = 0
    if (number >= this.#blocks) {
      this.#rows = 0
      return false
    }
    this.postings.read(this.record, number, this.#block)
    this.#rows = this.#block.rows
    return this.#rows > 0
  }

  skipTo(target: number): number {
    if (target <= this.document) return this.document
    const documents = this.#documents
    if (this.#rows === 0 || documents[this.#rows - 1]! < target) {
      const number = this.postings.find(this.record, target, this.#number + 1)
      if (!this.#load(number)) return (this.document = END)
    }
    // The block's last document is at or beyond it.
    const row = (this.#row = rowFrom(documents, this.#row, this.#rows, target))
    if (this.#allowed !== null && !this.allows(row)) return this.next()
    return (this.document = documents[row]!)
  }

  rewind(): void {
    this.document = 0
    this.#number = this.#row = -1
    this.#rows = 0
  }

  /** The list may have grown. */
  override refresh(): void {
    if (this.#block === NO_BLOCK) return
    this.#blocks = this.postings.blocks(this.record)
    super.refresh()
  }

  override release(): void {
    if (this.#block === NO_BLOCK) return
    this.postings.spareBlocks.give(this.#block)
    this.#block = NO_BLOCK
    this.#documents = NO_BLOCK.documents
    this.#rows = this.#blocks = 0
    this.document = END
  }

  /** How often the document holds the term, weighted. */
  get freq(): number {
    this.#block.needFreqs()
    return this.#block.freqs[this.#row]!
  }

  score(ranking: Ranking): number {
    return ranking.mode === RANK.none ? 0 : termScore(ranking, this.weight, this.freq, this.rarity)
  }

  explain(ranking: Ranking): Explanation {
    const idf = ranking.mode === RANK.bm25std ? this.rarity.bm25 : this.rarity.idf
    return explainTerm(ranking, this.#text.latin1Slice(), this.score(ranking), this.weight, this.freq, idf)
  }

  override hasPositions(): boolean {
    return this.postings.layout.offsets && this.#block.positionsMax(this.#row) > 0
  }

  override addPositions(out: Positions): void {
    this.addPositionsOf(this.#row, out)
  }

  /** Add the positions of a row of the current block. */
  addPositionsOf(row: number, out: Positions): void {
    const block = this.#block
    out.room(block.positionsMax(row))
    out.count = block.positions(row, out.list, out.count)
  }

  /** Go on to the next block; false at the end. Stands before its first row then. */
  nextBlock(): boolean {
    if (!this.#load(this.#number + 1)) {
      this.document = END
      return false
    }
    this.#row = -1
    return true
  }

  /** Number of the block that is read next. */
  get blockAhead(): number {
    return this.#number + 1
  }

  /** Pass over the next block without reading it. */
  passBlock(): void {
    this.#number++
    this.#rows = this.#row = 0
  }

  /** The current block, of which only the documents are needed. */
  get rowsAhead(): Block {
    return this.#block
  }

  /** The current block, with its frequencies. */
  get block(): Block {
    this.#block.needFreqs()
    return this.#block
  }

  /** The last document of the current block. */
  get blockEnd(): number {
    return this.#documents[this.#rows - 1]!
  }

  /** The current row of the current block. */
  get row(): number {
    return this.#row
  }

  /** The greatest impact of a posting in the current block, or more. */
  get blockImpact(): number {
    return this.postings.impactOf(this.record, this.#number)
  }

  /** Stand on a row of the current block. */
  standAt(row: number): void {
    this.#row = row
    this.document = this.#documents[row]!
  }

  /** Whether the fields of a row of the current block will do. */
  allows(row: number): boolean {
    if (this.#allowed === null) return true
    this.#block.needFields()
    return this.#allowed[this.#block.fields[row]!] === 1
  }

  /** Whether every posting will do, whatever its fields. */
  get takesAllFields(): boolean {
    return this.#allowed === null
  }

  override nextBatch(batch: Batch, ranking: Ranking): void {
    const { documents, scores } = batch
    const allowed = this.#allowed
    let count = 0
    while (count + BLOCK_ROWS <= documents.length && (this.#row + 1 < this.#rows || this.nextBlock())) {
      const block = this.#block
      if (ranking.mode !== RANK.none) block.needFreqs()
      if (allowed !== null) block.needFields()
      const rows = this.#rows
      for (let row = this.#row + 1; row < rows; row++) {
        if (allowed !== null && allowed[block.fields[row]!] !== 1) continue
        documents[count] = block.documents[row]!
        scores[count++] =
          ranking.mode === RANK.none ? 0 : termScore(ranking, this.weight, block.freqs[row]!, this.rarity)
      }
      this.#row = rows - 1
      this.document = block.documents[rows - 1]!
    }
    batch.count = count
    // A run of blocks without a posting in the fields is no end.
    if (count === 0 && this.document !== END) this.nextBatch(batch, ranking)
  }

  override addTerms(out: MatchedTerm[]): void {
    out.push({ text: this.#text, idf: this.rarity.idf })
  }
}
