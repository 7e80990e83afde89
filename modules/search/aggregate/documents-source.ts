/* Documents source -- the documents that match a query, in the order of their numbers, a batch at a time.
 *
 * Dead documents, and those that came after the query began, are left out. Where scores or matched words are asked for, documents
 * are taken one by one, because the iterators know both only of the document that they stand on.
 *
 * Where all documents are asked for and none ever died, they are told as runs, without asking an iterator.
 *
 * When the loops of the iterators throw to pause, the documents that were found before are given first, and `interruption` tells
 * that there was one. Whoever goes on after other commands ran calls `refresh` first. */

import type { Value } from '../expression/value.ts'
import { CHUNK_BITS, CHUNK_MASK } from '../index/column.ts'
import { type Documents, NORM_COLUMN } from '../index/documents.ts'
import { Batch as Found, type DocumentIterator, END, type MatchedTerm, RANK } from '../iterators/iterator.ts'
import { AllDocuments } from '../iterators/leaf.ts'
import type { Scorer } from '../score/scorer.ts'
import { SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import type { Loan } from './arrays.ts'
import { type Batch, BATCH_ROWS } from './batch.ts'
import { countUp } from './kernels.ts'
import type { NumberLane, ValueLane } from './lane.ts'
import type { Source } from './stage.ts'

const NO_DOCUMENTS = new Int32Array(0)
const UNSCORED = { mode: RANK.none, k: 0, length: 0, average: 0 }

/** What is wanted of documents beside their numbers. */
export interface DocumentExtras {
  /** The slot for scores, or -1. */
  readonly scoreSlot: number
  readonly scorer: Scorer | null
  /** The slot for the words that matched, or -1. */
  readonly termsSlot: number
}

/** Gives the documents of a query. */
export class DocumentsSource implements Source {
  readonly title = 'Index'
  #root: DocumentIterator | null
  readonly #documents: Documents
  readonly #last: number
  readonly #extras: DocumentExtras
  readonly #arrays: Loan
  /** Takes documents from the iterators; they are put into the batch that is being filled. */
  #found: Found | null = null
  /** Documents that were found and not given yet, where batches are small: from a place on, up to an end. */
  #held = NO_DOCUMENTS
  #heldAt = 0
  #heldEnd = 0
  readonly #terms: MatchedTerm[] = []
  /** The last document that was looked at. */
  #at = 0
  /** Whether places in memory must be found anew, and whether a loop was left before it had found anything. */
  #isStale = false
  #isCut = false
  /** What the loops threw while the last batch was filled; null when they came to their end. */
  interruption: unknown = null
  total = 0

  constructor(root: DocumentIterator, documents: Documents, extras: DocumentExtras, arrays: Loan) {
    this.#arrays = arrays
    this.#root = root
    this.#documents = documents
    this.#extras = extras
    this.#last = documents.last
  }

  /** Other commands ran: places in memory are found anew. */
  refresh(): void {
    this.#isStale = true
  }

  /** Let go of the iterators, until `attach`: they must not outlive the structures they look into. */
  detach(): void {
    this.#root = null
  }

  get isDetached(): boolean {
    return this.#root === null
  }

  /** Go on with other iterators over the same documents. */
  attach(root: DocumentIterator): void {
    this.#root = root
    this.#isStale = this.#isCut = true
  }

  next(batch: Batch): boolean {
    const root = this.#root!
    this.interruption = null
    batch.count = 0
    if (this.#heldAt < this.#heldEnd) {
      batch.documents.setList()
      this.#tell(batch, this.#deal(batch))
      return true
    }
    if (this.#at >= this.#last) return false
    if (this.#isEverything) return this.#run(batch)
    batch.documents.setList(true)
    const count = this.#isStale ? this.#goOn(batch, root) : this.#fill(batch, root)
    const isHolding = this.#heldAt < this.#heldEnd
    if (count === 0 && root.document === END && this.interruption === null && !isHolding) return false
    this.#tell(batch, count)
    return true
  }

  #tell(batch: Batch, count: number): void {
    if (batch.hasOrdinals) countUp(batch.ordinals, this.total + 1, count)
    this.total += count
    batch.count = count
  }

  /** Whether what is left is simply every number from here on. */
  get #isEverything(): boolean {
    const { scoreSlot, termsSlot } = this.#extras
    const { count, last } = this.#documents
    return this.#root instanceof AllDocuments && scoreSlot < 0 && termsSlot < 0 && count === last
  }

  /** The next run of documents; the iterator is caught up with when one of them dies. */
  #run(batch: Batch): boolean {
    const count = Math.min(batch.most, this.#last - this.#at)
    batch.documents.setRun(this.#at + 1)
    this.#at += count
    this.#isStale = this.#isCut = true
    this.#tell(batch, count)
    return true
  }

  /** After other commands ran: stand where the iterators stood, and take the document there if it was not looked at. */
  #goOn(batch: Batch, root: DocumentIterator): number {
    root.refresh()
    if (this.#isCut && root.document <= this.#at) root.skipTo(this.#at + 1)
    this.#isStale = this.#isCut = false
    if (root.document === END) return 0
    return root.document > this.#at ? this.#take(batch, 0) : this.#fill(batch, root)
  }

  #fill(batch: Batch, root: DocumentIterator): number {
    const { scoreSlot, termsSlot } = this.#extras
    return scoreSlot < 0 && termsSlot < 0 ? this.#many(batch, root) : this.#oneByOne(batch, root)
  }

  /** A loop threw: where nothing was found nothing is changed; otherwise what was found goes first. */
  #cut(thrown: unknown, found: number): void {
    this.#isStale = this.#isCut = true
    if (found === 0) throw thrown
    this.interruption = thrown
  }

  #many(batch: Batch, root: DocumentIterator): number {
    const found = (this.#found ??= new Found(NO_DOCUMENTS, this.#arrays.doubles()))
    // Iterators want room for a whole batch.
    const isSmall = batch.most < BATCH_ROWS
    if (isSmall && this.#held.length === 0) this.#held = this.#arrays.words()
    const list = isSmall ? this.#held : batch.documents.list
    found.documents = list
    found.count = 0
    try {
      root.nextBatch(found, UNSCORED)
    } catch (thrown) {
      this.#cut(thrown, found.count)
    }
    if (found.count > 0) this.#at = list[found.count - 1]!
    if (isSmall) {
      this.#heldAt = 0
      this.#heldEnd = found.count
      return this.#deal(batch)
    }
    const documents = this.#documents
    if (!documents.hasTombs && documents.last === this.#last) return found.count
    return this.#living(list, found.count)
  }

  /** Give some of the documents that are held. */
  #deal(batch: Batch): number {
    const { list } = batch.documents
    const count = Math.min(batch.most, this.#heldEnd - this.#heldAt)
    list.set(this.#held.subarray(this.#heldAt, this.#heldAt + count))
    this.#heldAt += count
    return this.#living(list, count)
  }

  /** Leave out documents that are dead, or too new. */
  #living(list: Int32Array, count: number): number {
    const { table, memory } = this.#documents
    const last = this.#last
    let chunk = -1
    let words = list
    let base = 0
    let has = false
    let kept = 0
    for (let i = 0; i < count; i++) {
      const document = list[i]!
      if (document >>> CHUNK_BITS !== chunk) {
        chunk = document >>> CHUNK_BITS
        const address = table.chunk(document)
        has = address !== 0
        if (has) words = memory.i32[address >>> SLAB_BITS]!
        base = ((address & UNIT_MASK) << 1) + NORM_COLUMN
      }
      if (has && document <= last && words[base + (document & CHUNK_MASK)] !== 0) list[kept++] = document
    }
    return kept
  }

  #oneByOne(batch: Batch, root: DocumentIterator): number {
    let count = 0
    const before = this.#at
    try {
      while (count < batch.most && root.next() !== END) count += this.#take(batch, count)
    } catch (thrown) {
      this.#cut(thrown, this.#at - before)
    }
    return count
  }

  /** Take the document that the iterator stands on; 0 when it is dead. */
  #take(batch: Batch, row: number): number {
    const root = this.#root!
    const { document } = root
    this.#at = document
    if (document > this.#last || !this.#documents.lives(document)) return 0
    batch.documents.list[row] = document
    const { scoreSlot, scorer, termsSlot } = this.#extras
    if (scoreSlot >= 0)
      (batch.lanes[scoreSlot] as NumberLane).values[row] = scorer!.score(root, Number.NEGATIVE_INFINITY)
    if (termsSlot >= 0) (batch.lanes[termsSlot] as ValueLane).values[row] = this.#matched(root)
    return 1
  }

  #matched(root: DocumentIterator): Value {
    const terms = this.#terms
    terms.length = 0
    root.addTerms(terms)
    return [...new Set(terms.map(term => term.text.latin1Slice()))]
  }
}
