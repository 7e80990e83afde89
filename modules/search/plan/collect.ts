/* Collect -- run a query: count the documents that match, and keep the best.
 *
 * Documents are taken in batches where a match is one thing (a word, a prefix, a range), one by one where the distance
 * between parts counts. For one word under TFIDF whole blocks are passed over unread: once enough documents are kept, a
 * block whose greatest impact cannot beat the worst of them only has its rows counted.
 *
 * A run can be paused: `run` then throws what the watch threw, and the next `run` goes on where the iterators stand, behind
 * the last document that was looked at. */

import { SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { IMPACT_SCALE } from '../ingest/text-writer.ts'
import { CHUNK_BITS, CHUNK_MASK } from '../index/column.ts'
import { type Documents, LENGTH_COLUMN, NORM_COLUMN } from '../index/documents.ts'
import { Batch, type DocumentIterator, END, RANK, type Ranking, type Watch } from '../iterators/iterator.ts'
import { FirstOf, type FirstOfRanking } from '../iterators/first-of.ts'
import { Intersection } from '../iterators/intersection.ts'
import type { TermJoin } from '../iterators/term-join.ts'
import { TermIterator } from '../iterators/term.ts'
import type { Scorer } from '../score/scorer.ts'
import type { Top } from '../score/top.ts'
import type { Spares } from '../spares.ts'

/** Takes documents in the order of their numbers. */
export interface Sink {
  take(document: number): void
}

abstract class Run {
  protected readonly root: DocumentIterator
  protected readonly documents: Documents
  protected readonly watch: Watch
  /** Documents that came after the query began are not in it. */
  protected readonly last: number
  /** Documents that matched so far. */
  total = 0
  /** The last document that was looked at. */
  protected at = 0
  readonly #batches: Spares<Batch> | null
  /** Changes of the index up to the last pause. */
  #changes = 0
  #batch: Batch | null = null
  #isBegun = false
  // The chunk of the document table that was read last.
  #chunk = -1
  #words: Int32Array = new Int32Array(0)
  #base = 0

  /** @param batches where a batch can be had. */
  constructor(root: DocumentIterator, documents: Documents, watch: Watch, batches: Spares<Batch> | null) {
    this.#batches = batches
    this.root = root
    this.documents = documents
    this.watch = watch
    this.last = documents.last
  }

  /** Run to the end. @throws what the watch throws; run again to go on. */
  run(): void {
    this.#chunk = -1
    if (this.#isBegun) this.goOn()
    this.#isBegun = true
    try {
      if (this.root.document !== END) this.runOn()
    } finally {
      if (this.#batch !== null) this.#batches?.give(this.#batch)
      this.#batch = null
      this.#changes = this.documents.changes
    }
    this.at = END
  }

  /** Nothing is left to do: give back what others can use. */
  release(): void {
    this.root.release()
  }

  /** After a pause: what was cut short is found, and taken. */
  protected goOn(): void {
    const { root } = this
    // Where nothing changed all places are as they were. Of thousands of parts that is much to be spared.
    if (this.#changes !== this.documents.changes) {
      root.refresh()
      this.watch.again?.()
    }
    if (root.document <= this.at) root.skipTo(this.at + 1)
    if (root.document !== END) this.takeCurrent()
  }

  /** The next batch, taken even when a pause came in between. */
  protected takeBatch(ranking: Ranking, take: (batch: Batch) => void): boolean {
    const batch = (this.#batch ??= this.#batches?.take() ?? new Batch())
    batch.count = 0
    try {
      this.root.nextBatch(batch, ranking)
    } catch (thrown) {
      if (batch.count > 0) take(batch)
      throw thrown
    }
    if (batch.count === 0) return false
    take(batch)
    return true
  }

  protected abstract runOn(): void
  protected abstract takeCurrent(): void

  /** The norm of a document, 0 when it is dead or too new; near documents are told quickly. */
  protected norm(document: number): number {
    if (document >>> CHUNK_BITS !== this.#chunk) this.#openChunk(document)
    return document > this.last ? 0 : this.#words[this.#base + NORM_COLUMN + (document & CHUNK_MASK)]!
  }

  #openChunk(document: number): void {
    const chunk = this.documents.table.chunk(document)
    this.#chunk = document >>> CHUNK_BITS
    if (chunk === 0) {
      this.#words = EMPTY_CHUNK
      this.#base = 0
      return
    }
    this.#words = this.documents.memory.i32[chunk >>> SLAB_BITS]!
    this.#base = (chunk & UNIT_MASK) << 1
  }
}

/** What stands for a chunk that was dropped: as many zeros as a chunk's first columns have. */
const EMPTY_CHUNK: Int32Array = Int32Array.from({ length: 4 << CHUNK_BITS }, () => 0)

/** Counts the documents that match, and tells each to a sink. */
export class PlainRun extends Run {
  readonly #sink: Sink | null

  /** @param sink null: only count. */
  constructor(
    root: DocumentIterator,
    documents: Documents,
    watch: Watch,
    sink: Sink | null,
    batches: Spares<Batch> | null = null,
  ) {
    super(root, documents, watch, batches)
    this.#sink = sink
  }

  protected takeCurrent(): void {
    this.#take(this.root.document)
  }

  #take(document: number): void {
    this.at = document
    if (this.norm(document) === 0) return
    this.total++
    this.#sink?.take(document)
  }

  protected runOn(): void {
    while (this.takeBatch(COUNTED, this.#takeAll)) this.watch.tick()
  }

  readonly #takeAll = ({ documents, count }: Batch): void => {
    for (let i = 0; i < count; i++) this.#take(documents[i]!)
  }
}

const COUNTED = { mode: RANK.none, k: 0, length: 0, average: 0 }

/** Keeps the documents with the best scores. */
export class RankedRun extends Run {
  readonly #scorer: Scorer
  readonly #top: Top
  /** Set once the run goes by lists. */
  #lists: FirstOfRanking | null = null

  constructor(
    root: DocumentIterator,
    documents: Documents,
    watch: Watch,
    scorer: Scorer,
    top: Top,
    batches: Spares<Batch> | null = null,
  ) {
    super(root, documents, watch, batches)
    this.#scorer = scorer
    this.#top = top
  }

  protected takeCurrent(): void {
    const document = this.root.document
    this.at = document
    if (this.norm(document) === 0) return
    this.total++
    this.#top.push(this.#scorer.score(this.root, this.#top.least), document)
  }

  protected runOn(): void {
    const { name } = this.#scorer
    const { root } = this
    const plainScores = this.documents.scores === null
    if (this.#lists !== null) this.#byLists(root as FirstOf, this.#lists)
    else if (root instanceof Intersection && root.join !== null)
      this.#byStretches(root, root.join, plainScores && name === 'TFIDF')
    else if (!root.isSingle || !plainScores || (name !== 'TFIDF' && name !== 'TFIDF.DOCNORM')) this.#oneByOne()
    else if (name === 'TFIDF' && root instanceof TermIterator && root.takesAllFields && this.at === 0)
      this.#byBlocks(root)
    else if (name === 'TFIDF' && root instanceof FirstOf && this.at === 0) {
      this.#lists = { top: this.#top, documents: this.documents, last: this.last, total: 0 }
      this.#byLists(root, this.#lists)
    } else this.#batches(name === 'TFIDF')
  }

  protected override goOn(): void {
    if (this.#lists === null) super.goOn()
  }

  /** Many words of which the first counts: ranked while they are marked. */
  #byLists(root: FirstOf, ranking: FirstOfRanking): void {
    try {
      root.rankAll(ranking)
    } finally {
      this.total = ranking.total
    }
  }

  /** Several words, all of them: ranked stretch by stretch. */
  #byStretches(root: Intersection, join: TermJoin, isPlain: boolean): void {
    while (join.next(Math.max(this.at + 1, join.terms[0]!.document))) {
      if (isPlain) this.#rankStretch(root, join)
      else this.#takeStretch(root, join)
      this.at = join.end
      join.leave()
      this.watch.tick()
    }
  }

  #takeStretch(root: Intersection, join: TermJoin): void {
    const { documents } = join
    const rows = join.rows[0]!
    for (let match = 0; match < join.count; match++) {
      root.document = documents[rows[match]!]!
      join.standOn(match)
      this.takeCurrent()
    }
  }

  /**
   * Under TFIDF the words of all matches are added up first. Only what could be kept if its words stood side by side is
   * asked how far apart they are.
   */
  #rankStretch(root: Intersection, join: TermJoin): void {
    const { documents, count } = join
    const rows = join.rows[0]!
    const top = this.#top
    let { least } = top
    if (
      root.weight * impactOf(join) <= least &&
      join.end <= this.last &&
      !this.documents.dead.hasBetween(this.at + 1, join.end)
    ) {
      this.total += count
      return
    }
    const { scores } = join.terms[0]!.rowsAhead.workbench
    addUp(join, scores)
    const { table, memory } = this.documents
    const { last } = this
    const { weight } = root
    let total = 0
    let chunk = -1
    let words = EMPTY_CHUNK
    let base = 0
    for (let match = 0; match < count; match++) {
      const document = documents[rows[match]!]!
      if (document >>> CHUNK_BITS !== chunk) {
        chunk = document >>> CHUNK_BITS
        const address = table.chunk(document)
        words = address === 0 ? EMPTY_CHUNK : memory.i32[address >>> SLAB_BITS]!
        base = address === 0 ? 0 : ((address & UNIT_MASK) << 1) + NORM_COLUMN
      }
      const norm = words[base + (document & CHUNK_MASK)]!
      if (norm === 0 || document > last) continue
      total++
      const score = (scores[match]! * weight) / norm
      // Documents come in order, so one that only equals the worst is behind it.
      if (score <= least) continue
      top.push(score / join.distance(match), document)
      least = top.least
    }
    this.total += total
  }

  #oneByOne(): void {
    const { root } = this
    while (root.next() !== END) {
      this.takeCurrent()
      this.watch.tick()
    }
  }

  #batches(byNorm: boolean): void {
    const column = byNorm ? NORM_COLUMN : LENGTH_COLUMN
    const take = (batch: Batch): void => this.#rank(batch.documents, batch.scores, batch.count, column)
    while (this.takeBatch(this.#scorer.ranking, take)) this.watch.tick()
  }

  /** Rank documents by what their words add up to, over a column of the document table. */
  #rank(documents: Int32Array, scores: Float64Array, count: number, column: number): void {
    const { table, memory } = this.documents
    const { last } = this
    const top = this.#top
    let least = top.least
    let total = 0
    let chunk = -1
    let words = EMPTY_CHUNK
    let base = 0
    for (let i = 0; i < count; i++) {
      const document = documents[i]!
      if (document >>> CHUNK_BITS !== chunk) {
        chunk = document >>> CHUNK_BITS
        const address = table.chunk(document)
        words = address === 0 ? EMPTY_CHUNK : memory.i32[address >>> SLAB_BITS]!
        base = address === 0 ? 0 : (address & UNIT_MASK) << 1
      }
      const at = base + (document & CHUNK_MASK)
      if (words[at + NORM_COLUMN] === 0 || document > last) continue
      total++
      const score = scores[i]! / (words[at + column]! || 1)
      // Documents come in order, so one that only equals the worst is behind it.
      if (score <= least) continue
      top.push(score, document)
      least = top.least
    }
    this.total += total
    this.at = documents[count - 1]!
  }

  /** One word: pass over blocks that cannot have a document worth keeping. */
  #byBlocks(term: TermIterator): void {
    const { postings, record } = term
    const top = this.#top
    const factor = term.weight * term.rarity.idf
    const { dead } = this.documents
    const blocks = postings.blocks(record)
    while (term.blockAhead < blocks) {
      const ahead = term.blockAhead
      const bound = (factor * postings.impactOf(record, ahead)) / IMPACT_SCALE
      const last = postings.lastOf(record, ahead)
      const isHopeless = bound <= top.least && last <= this.last
      if (isHopeless && !dead.hasBetween(this.at + 1, last)) {
        this.total += postings.rowsOf(record, ahead)
        this.at = last
        term.passBlock()
        continue
      }
      if (!term.nextBlock()) return
      if (isHopeless) this.#countBlock(term)
      else this.#block(term, factor)
      this.watch.tick()
    }
  }

  /** Count the living of the current block, whose frequencies do not matter. */
  #countBlock(term: TermIterator): void {
    const { documents, rows } = term.rowsAhead
    let known = rows
    while (known > 0 && documents[known - 1]! > this.last) known--
    this.total += known - this.documents.dead.count(documents, known)
    this.at = documents[rows - 1]!
  }

  #block(term: TermIterator, factor: number): void {
    const { documents, freqs, rows, workbench } = term.block
    const { scores } = workbench
    for (let row = 0; row < rows; row++) scores[row] = factor * freqs[row]!
    this.#rank(documents, scores, rows, NORM_COLUMN)
  }
}

/** What a match of the stretch can add up to under TFIDF, side by side, or more. */
function impactOf(join: TermJoin): number {
  let sum = 0
  for (const term of join.terms) sum += (term.weight * term.rarity.idf * term.blockImpact) / IMPACT_SCALE
  return sum
}

/** What the words of each match add up to under TFIDF. */
function addUp(join: TermJoin, scores: Float64Array): void {
  const { count } = join
  scores.fill(0, 0, count)
  for (let i = 0; i < join.terms.length; i++) {
    const { weight, rarity, rowsAhead } = join.terms[i]!
    rowsAhead.addWorth(join.rows[i]!, count, weight, rarity.idf, scores)
  }
}
