/* First of -- documents that hold any of many terms, where only the first term counts: what a prefix, a pattern or a
 * fuzzy word expands to.
 *
 * The documents are looked at in windows. For each window every list is read through once, in the order of the terms,
 * and leaves its mark on the documents that no earlier one has marked:
 *
 *      window 32768 .. 65535     bit     1  .  1  1  .  1 ...
 *                                owner   0     0  2     1 ...       the term that came first
 *                                freq    3     1  1     7 ...       how often the document holds it
 *
 * So a posting costs a test and mostly nothing else, however many terms there are, where a merge would pay for every
 * comparison. The lists keep their place between windows. */

import { type Address, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { CHUNK_BITS, CHUNK_MASK } from '../index/column.ts'
import { type Documents, NORM_COLUMN } from '../index/documents.ts'
import type { MarkWindow } from '../index/mark-window.ts'
import { Block } from '../index/posting-block.ts'
import type { Postings } from '../index/postings.ts'
import { IMPACT_SCALE } from '../ingest/text-writer.ts'
import type { Top } from '../score/top.ts'
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
  type Watch,
} from './iterator.ts'
import { rarity, type Rarity, termScore } from './term.ts'

/** A window holds all documents of a small index, and no more than fit into a cache of one level. */
const WINDOW_BITS_MIN = 10
const WINDOW_BITS_MAX = 16
/** Where only bits are needed a window may be larger: every list is opened anew for every window. */
const RANKED_BITS_MAX = 20

/** Where `rankAll` puts what it finds. */
export interface FirstOfRanking {
  readonly top: Top
  readonly documents: Documents
  /** Documents behind it came after the query began. */
  readonly last: number
  /** Documents so far. */
  total: number
}

const NO_BITS = new Int32Array(0)
const NO_OWNERS = new Uint16Array(0)

/** What an iterator has when it has given its block back. */
const NO_BLOCK = new Block(0)

/** Documents of many lists, each counted for the first list that holds it. */
export class FirstOf extends DocumentIterator {
  readonly estimate: number
  readonly #postings: Postings
  readonly #records: readonly Address[]
  readonly #textOf: (record: Address) => Buffer
  readonly #allowed: Uint8Array | null
  readonly #weight: number
  readonly #rarities: Rarity[]
  /** By list: weight times idf. */
  readonly #factors: Float64Array
  readonly #watch: Watch
  readonly #isRanked: boolean
  /** The block that each list goes on with in the next window. */
  readonly #resume: Int32Array
  /** The greatest number of a document. */
  readonly #last: number
  /** The window, once it is known what for. */
  #marks: MarkWindow | null = null
  #windowBits = 0
  #bits: Int32Array = NO_BITS
  #owner: Uint16Array = NO_OWNERS
  #freqs: Int32Array = NO_BITS
  #block: Block
  /** The window that the marks are of; -1: none is complete. */
  #window = -1
  /** The window that is being marked, the list to go on with, and where the lists so far go on: kept over a pause. */
  #filling = -1
  #list = 0
  /** The window that `rankAll` is at; -1 behind the last one, -2 before the first. */
  #nextWindow = -2
  #following = END
  /** Documents below it that were not told are in no list. */
  #reached = 0

  /**
   * @param records at most 65,535 lists.
   * @param documents how many documents the index has; @param last the greatest number of one.
   * @param isRanked whether scores will be asked for.
   */
  constructor(
    postings: Postings,
    records: readonly Address[],
    textOf: (record: Address) => Buffer,
    allowed: Uint8Array | null,
    weight: number,
    documents: number,
    last: number,
    isRanked: boolean,
    watch: Watch,
  ) {
    super()
    this.#last = last
    this.#postings = postings
    this.#block = postings.spareBlocks.take()
    this.#records = records
    this.#textOf = textOf
    this.#allowed = allowed
    this.#weight = weight
    this.#watch = watch
    this.#isRanked = isRanked && postings.layout.freqs
    this.#rarities = records.map(record => rarity(documents, postings.count(record)))
    this.#factors = Float64Array.from(this.#rarities, rare => weight * rare.idf)
    this.#resume = new Int32Array(records.length)
    let sum = 0
    for (const record of records) sum += postings.count(record)
    this.estimate = Math.min(sum, documents)
  }

  /** Take a window that is as large as it need be, and no larger than it may. */
  #takeWindow(bitsMax: number): MarkWindow {
    this.#windowBits = Math.max(WINDOW_BITS_MIN, Math.min(bitsMax, 32 - Math.clz32(this.#last)))
    const marks = this.#postings.takeWindow(1 << this.#windowBits)
    this.#bits = marks.bits
    return marks
  }

  /** The window for going from document to document. */
  #openWindow(): void {
    this.#marks = this.#takeWindow(WINDOW_BITS_MAX)
    this.#marks.needOwners()
    if (this.#isRanked) this.#marks.needFreqs()
    this.#owner = this.#marks.owner
    this.#freqs = this.#marks.freqs
  }

  next(): number {
    return this.document === END ? END : this.#from(this.document + 1)
  }

  skipTo(target: number): number {
    return target <= this.document ? this.document : this.#from(target)
  }

  #from(target: number): number {
    if (this.#marks === null) this.#openWindow()
    target = Math.max(target, this.#reached)
    const windowBits = this.#windowBits
    for (;;) {
      const window = target >>> windowBits
      if (window !== this.#window && !this.#fill(window)) return (this.document = END)
      if (this.#window > window) target = this.#window << windowBits
      const bits = this.#bits
      const bit = target & ((1 << windowBits) - 1)
      let at = bit >>> 5
      let word = bits[at]! & (-1 << (bit & 31))
      while (word === 0 && ++at < bits.length) word = bits[at]!
      if (word !== 0) return (this.document = (this.#window << windowBits) + at * 32 + (31 - Math.clz32(word & -word)))
      if (this.#following === END) return (this.document = END)
      this.#reached = target = (this.#window + 1) << windowBits
    }
  }

  /** Mark the documents of a window, or of the first one behind it that has any; false when there is none. */
  #fill(window: number): boolean {
    for (;;) {
      if (window !== this.#filling) this.#beginWindow(window)
      while (this.#list < this.#records.length) {
        const next = this.#mark(this.#list++, window << this.#windowBits)
        if (next < this.#following) this.#following = next
        this.#watch.tick()
      }
      this.#window = window
      this.#filling = -1
      if (this.#bits.some(word => word !== 0)) return true
      if (this.#following === END) return false
      window = Math.max(window + 1, this.#following >>> this.#windowBits)
      this.#reached = window << this.#windowBits
    }
  }

  #beginWindow(window: number): void {
    // Lists keep their places as long as windows follow each other.
    if (window < this.#window || window < this.#filling) this.#resume.fill(0)
    this.#window = -1
    this.#filling = window
    this.#list = 0
    this.#following = END
    this.#bits.fill(0)
  }

  /**
   * Mark all documents, and rank each as it is marked. Blocks whose greatest impact cannot lead to anything worth keeping
   * are only marked. The dead are marked before, so that no list can. For TFIDF. Call it again after a pause.
   */
  rankAll(ranking: FirstOfRanking): void {
    if (this.#nextWindow === -2) {
      this.#marks = this.#takeWindow(RANKED_BITS_MAX)
      this.#nextWindow = ranking.documents.table.firstDocument >>> this.#windowBits
    }
    while (this.#nextWindow >= 0) {
      const window = this.#nextWindow
      if (window !== this.#filling) {
        this.#beginWindow(window)
        ranking.documents.dead.mark(this.#bits, window << this.#windowBits)
      }
      while (this.#list < this.#records.length) {
        const next = this.#rankList(this.#list++, window << this.#windowBits, ranking)
        if (next < this.#following) this.#following = next
        this.#watch.tick()
      }
      this.#filling = -1
      const following = this.#following >>> this.#windowBits
      this.#nextWindow = this.#following === END ? -1 : Math.max(window + 1, following)
    }
  }

  /** Mark and rank a list's documents in a window; returns a document behind the window, or END. */
  #rankList(list: number, first: number, ranking: FirstOfRanking): number {
    const postings = this.#postings
    const record = this.#records[list]!
    const block = this.#block
    const end = first + (1 << this.#windowBits)
    const blocks = postings.blocks(record)
    const factor = this.#factors[list]!
    for (let number = postings.find(record, first, this.#resume[list]!); number < blocks; number++) {
      this.#resume[list] = number
      postings.read(record, number, block)
      const { documents, rows } = block
      if (documents[0]! >= end) return documents[0]!
      if (this.#allowed !== null) block.needFields()
      const bound = (factor * postings.impactOf(record, number)) / IMPACT_SCALE
      const { least, leastDocument } = ranking.top
      // What only equals the worst that is kept must be an earlier document.
      const isHopeless = bound < least || (bound === least && documents[0]! > leastDocument)
      if (!isHopeless && this.#isRanked) block.needFreqs()
      const row = this.#rankBlock(first, isHopeless ? -1 : factor, ranking)
      if (row < rows) return documents[row]!
    }
    this.#resume[list] = blocks
    return END
  }

  /** Mark the rows of the block that was read, and rank them unless `factor` is negative; returns the first row behind. */
  #rankBlock(first: number, factor: number, ranking: FirstOfRanking): number {
    const block = this.#block
    const { documents, fields, rows, workbench } = block
    const from = rowOf(documents, 0, rows, first)
    const to = rowOf(documents, from, rows, first + (1 << this.#windowBits))
    if (from === to) return to
    const allowed = this.#allowed
    const fresh = workbench.matches
    const count =
      allowed === null && documents[to - 1]! <= ranking.last
        ? markAll(documents, from, to, first, this.#bits, fresh)
        : markSome(documents, from, to, first, this.#bits, fresh, allowed, fields, ranking.last)
    ranking.total += count
    if (factor >= 0) this.#rankRows(fresh, count, factor, ranking)
    return to
  }

  /** Rank rows of the block. */
  #rankRows(list: Int32Array, count: number, factor: number, ranking: FirstOfRanking): void {
    const { documents, freqs } = this.#block
    const { top } = ranking
    const { table, memory } = ranking.documents
    const isRanked = this.#isRanked
    let { least, leastDocument } = top
    let chunk = -1
    let words = this.#bits
    let base = 0
    for (let i = 0; i < count; i++) {
      const row = list[i]!
      const document = documents[row]!
      if (document >>> CHUNK_BITS !== chunk) {
        chunk = document >>> CHUNK_BITS
        const address = table.chunk(document)
        words = memory.i32[address >>> SLAB_BITS]!
        base = ((address & UNIT_MASK) << 1) + NORM_COLUMN
      }
      const norm = words[base + (document & CHUNK_MASK)]!
      // It died while the query was paused.
      if (norm === 0) continue
      const score = ((isRanked ? freqs[row]! : 1) * factor) / norm
      if (score < least || (score === least && document > leastDocument)) continue
      top.push(score, document)
      least = top.least
      leastDocument = top.leastDocument
    }
  }

  /** Mark a list's documents in the window that begins at `first`; returns a document behind the window, or END. */
  #mark(list: number, first: number): number {
    const postings = this.#postings
    const record = this.#records[list]!
    const block = this.#block
    const end = first + (1 << this.#windowBits)
    const blocks = postings.blocks(record)
    for (let number = postings.find(record, first, this.#resume[list]!); number < blocks; number++) {
      this.#resume[list] = number
      postings.read(record, number, block)
      const { documents, rows } = block
      if (documents[0]! >= end) return documents[0]!
      if (this.#allowed !== null) block.needFields()
      if (this.#isRanked) block.needFreqs()
      const row = this.#markBlock(list, first)
      if (row < rows) return documents[row]!
    }
    this.#resume[list] = blocks
    return END
  }

  /** Mark the rows of the block that was read; returns the first row behind the window. */
  #markBlock(list: number, first: number): number {
    const { documents, fields, freqs, rows, workbench } = this.#block
    const from = rowOf(documents, 0, rows, first)
    const to = rowOf(documents, from, rows, first + (1 << this.#windowBits))
    const allowed = this.#allowed
    const fresh = workbench.matches
    const count =
      allowed === null
        ? markAll(documents, from, to, first, this.#bits, fresh)
        : markSome(documents, from, to, first, this.#bits, fresh, allowed, fields, END)
    const owner = this.#owner
    const kept = this.#freqs
    const isRanked = this.#isRanked
    for (let i = 0; i < count; i++) {
      const row = fresh[i]!
      const place = documents[row]! - first
      owner[place] = list
      if (isRanked) kept[place] = freqs[row]!
    }
    return to
  }

  override nextBatch(batch: Batch, ranking: Ranking): void {
    const room = batch.documents.length
    batch.count = 0
    while (batch.count + 32 <= room && this.next() !== END) {
      // What is left of the window, word by word.
      const first = this.#window << this.#windowBits
      const from = batch.count
      this.document = this.#takeBits(batch, this.document - first)
      if (ranking.mode === RANK.tfidf || ranking.mode === RANK.dismax) this.#scoreByFactor(batch, from, ranking)
      else if (ranking.mode !== RANK.none)
        for (let i = from; i < batch.count; i++) batch.scores[i] = this.#scoreAt(batch.documents[i]! - first, ranking)
    }
  }

  /** Tell the documents of the window from a place on, as many as fit; returns the last one. */
  #takeBits(batch: Batch, place: number): number {
    const { documents } = batch
    const bits = this.#bits
    const first = this.#window << this.#windowBits
    let count = batch.count
    let at = place >>> 5
    let word = bits[at]! & (-1 << (place & 31))
    while (at < bits.length && count + 32 <= documents.length) {
      for (; word !== 0; word &= word - 1) documents[count++] = first + at * 32 + (31 - Math.clz32(word & -word))
      word = ++at < bits.length ? bits[at]! : 0
    }
    batch.count = count
    return documents[count - 1]!
  }

  /** Scores that are a frequency times a factor of the word. */
  #scoreByFactor(batch: Batch, from: number, ranking: Ranking): void {
    const { documents, scores, count } = batch
    const mask = (1 << this.#windowBits) - 1
    const owner = this.#owner
    const freqs = this.#freqs
    const isRanked = this.#isRanked
    const factors = this.#factors
    const plain = ranking.mode === RANK.dismax
    const weight = this.#weight
    for (let i = from; i < count; i++) {
      const place = documents[i]! & mask
      const freq = isRanked ? freqs[place]! : 1
      scores[i] = freq * (plain ? weight : factors[owner[place]!]!)
    }
  }

  #scoreAt(place: number, ranking: Ranking): number {
    // The union has the weight; its words count as they are.
    const freq = this.#isRanked ? this.#freqs[place]! : 1
    return this.#weight * termScore(ranking, 1, freq, this.#rarities[this.#owner[place]!]!)
  }

  rewind(): void {
    this.document = this.#reached = 0
    this.#window = this.#filling = -1
    this.#resume.fill(0)
  }

  override release(): void {
    if (this.#block === NO_BLOCK) return
    this.#postings.spareBlocks.give(this.#block)
    if (this.#marks !== null) this.#postings.giveWindow(this.#marks)
    this.#marks = null
    this.#bits = NO_BITS
    this.#block = NO_BLOCK
    this.document = this.#following = END
  }

  /** The marks are our own, and lists only grow behind them. */
  override refresh(): void {}

  get #place(): number {
    return this.document & ((1 << this.#windowBits) - 1)
  }

  #freq(): number {
    return this.#isRanked ? this.#freqs[this.#place]! : 1
  }

  score(ranking: Ranking): number {
    return ranking.mode === RANK.none ? 0 : this.#scoreAt(this.#place, ranking)
  }

  explain(ranking: Ranking): Explanation {
    const owner = this.#owner[this.#place]!
    const rare = this.#rarities[owner]!
    const idf = ranking.mode === RANK.bm25std ? rare.bm25 : rare.idf
    const text = this.#textOf(this.#records[owner]!).latin1Slice()
    return explainTerm(ranking, text, this.score(ranking), this.#weight, this.#freq(), idf)
  }

  override hasPositions(): boolean {
    return this.#postings.layout.offsets
  }

  override addPositions(out: Positions): void {
    const record = this.#records[this.#owner[this.#place]!]!
    const block = this.#block
    this.#postings.read(record, this.#postings.find(record, this.document, 0), block)
    let row = 0
    while (block.documents[row]! < this.document) row++
    out.room(block.positionsMax(row))
    out.count = block.positions(row, out.list, out.count)
  }

  override addTerms(out: MatchedTerm[]): void {
    const owner = this.#owner[this.#place]!
    out.push({ text: this.#textOf(this.#records[owner]!), idf: this.#rarities[owner]!.idf })
  }
}

/** The first row from `from` on whose document is `target` or beyond. */
function rowOf(documents: Int32Array, from: number, rows: number, target: number): number {
  if (from < rows && documents[rows - 1]! < target) return rows
  let row = from
  while (row < rows && documents[row]! < target) row++
  return row
}

/**
 * Mark rows, and list those that were not marked before; returns how many. Whether one was is a coin toss to the processor,
 * so it is added up and not asked.
 */
function markAll(
  documents: Int32Array,
  from: number,
  to: number,
  first: number,
  bits: Int32Array,
  fresh: Int32Array,
): number {
  let count = 0
  for (let row = from; row < to; row++) {
    const place = documents[row]! - first
    const word = bits[place >>> 5]!
    bits[place >>> 5] = word | (1 << (place & 31))
    fresh[count] = row
    count += 1 - ((word >>> (place & 31)) & 1)
  }
  return count
}

/** The same with rows that do not count: in other fields, or newer than the query. */
function markSome(
  documents: Int32Array,
  from: number,
  to: number,
  first: number,
  bits: Int32Array,
  fresh: Int32Array,
  allowed: Uint8Array | null,
  fields: Int32Array,
  last: number,
): number {
  let count = 0
  for (let row = from; row < to; row++) {
    const place = documents[row]! - first
    const bit = 1 << (place & 31)
    const word = bits[place >>> 5]!
    if ((word & bit) !== 0 || documents[row]! > last || (allowed !== null && allowed[fields[row]!] !== 1)) continue
    bits[place >>> 5] = word | bit
    fresh[count++] = row
  }
  return count
}
