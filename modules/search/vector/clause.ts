/* Clauses -- `[KNN k @field $blob ...]` and `[VECTOR_RANGE r $blob]` as iterators over an index.
 *
 * What a clause finds is found when its first document is asked for, and then stands there sorted by document. Without a
 * filter that is one search of the vector index. With a filter there are two ways, and the same answer by both:
 *
 *      ADHOC_BF     measure every document that the filter lets through, keep the k nearest
 *      BATCHES      take the nearest vectors, look which of them the filter lets through; when these are too few,
 *                   take twice as many
 *
 * The first is paid by document, the second by how many vectors must be looked at to meet k that pass; the planner
 * compares both by the filter's estimate. */

import { Range } from 'redstrata/module'
import type { FieldIndex } from '../index/field-index.ts'
import type { SearchIndex } from '../index/search-index.ts'
import {
  DocumentIterator,
  END,
  type Explanation,
  type MatchedTerm,
  type Positions,
  type Ranking,
  type Watch,
} from '../iterators/iterator.ts'
import { Nothing } from '../iterators/leaf.ts'
import { type Yields, yieldName } from '../plan/yields.ts'
import type { VectorNode } from '../query/ast.ts'
import { refuse } from '../query/failure.ts'
import { fieldNamed } from '../schema/schema.ts'
import { explainVirtual } from '../score/words.ts'
import { parametersOf, type Policy, type VectorParameters } from './clause-parameters.ts'
import { Nearest } from './heap.ts'
import { Matches } from './matches.ts'
import { LIST_MIN, type VectorIndex, type VectorSearch } from './vector-index.ts'

/** The documents that a clause finds. Its distances go among the yields. */
export function vectorIterator(
  node: VectorNode,
  field: FieldIndex,
  filter: DocumentIterator | null,
  structures: SearchIndex,
  watch: Watch,
  yields: Yields | undefined,
): DocumentIterator {
  const index = field.own as VectorIndex
  const name = yieldName(node)
  if (name !== null && fieldNamed(structures.schema, Buffer.from(name, 'latin1')) !== null)
    refuse(`Property \`${name}\` already exists in schema`)
  const query = node.blob.text
  if (query.length !== index.blobBytes)
    refuse(
      'Error parsing vector similarity query: query vector blob size ' +
        `(${query.length}) does not match index's expected size (${index.blobBytes}).`,
    )
  const size = node.size.value
  const parameters = parametersOf(node, index.options, filter !== null)
  const blob = Range.of(query)
  if (node.mode === 'range') {
    if (size < 0) refuse(`Error parsing vector similarity query: negative radius (${size}) given in a range query`)
    const search = index.within(blob, size, parameters.epsilon)
    return yielding(new VectorIterator(search, index.count, null, watch, node.weight), name, yields)
  }
  const k = Math.max(0, Math.min(Math.floor(size), index.documents))
  if (filter instanceof Nothing) return filter
  const search = filter === null ? index.nearest(blob, k, parameters.ef) : filtered(index, blob, k, parameters, filter)
  return yielding(new VectorIterator(search, k, filter, watch, node.weight), name, yields)
}

function yielding(iterator: VectorIterator, name: string | null, yields: Yields | undefined): DocumentIterator {
  if (name !== null) yields?.set(name, document => iterator.distanceOf(document))
  return iterator
}

/** The documents of a vector search. */
class VectorIterator extends DocumentIterator {
  readonly estimate: number
  readonly #search: VectorSearch
  /** What the documents had to match besides, and what they are scored by. */
  readonly #filter: DocumentIterator | null
  readonly #watch: Watch
  readonly #weight: number
  #found: Matches | null = null
  #at = -1

  constructor(search: VectorSearch, estimate: number, filter: DocumentIterator | null, watch: Watch, weight: number) {
    super()
    this.estimate = estimate
    this.#search = search
    this.#filter = filter
    this.#watch = watch
    this.#weight = weight
  }

  #list(): Matches {
    if (this.#found === null) {
      this.#found = this.#search.run(this.#watch)
      this.#filter?.rewind()
    }
    return this.#found
  }

  distanceOf(document: number): number {
    return this.#found === null ? Number.NaN : this.#found.distance(document)
  }

  next(): number {
    const { documents } = this.#list()
    if (this.#at < documents.length) this.#at++
    return (this.document = this.#at < documents.length ? documents[this.#at]! : END)
  }

  skipTo(target: number): number {
    const list = this.#list()
    if (target <= this.document) return this.document
    this.#at = list.place(target)
    return (this.document = this.#at < list.count ? list.documents[this.#at]! : END)
  }

  rewind(): void {
    this.#at = -1
    this.document = 0
    this.#filter?.rewind()
  }

  /** What was found is our own; a search that was cut short goes on from where its filter stands. */
  override refresh(): void {
    if (this.#found !== null) this.#filter?.refresh()
  }

  override release(): void {
    this.document = END
    this.#filter?.release()
  }

  /** The filter, standing on this document; null when there is none. */
  #matched(): DocumentIterator | null {
    this.#filter?.skipTo(this.document)
    return this.#filter
  }

  score(ranking: Ranking): number {
    return (this.#matched()?.score(ranking) ?? 0) * this.#weight
  }

  explain(ranking: Ranking): Explanation {
    return this.#matched()?.explain(ranking) ?? explainVirtual(ranking, 0, this.#weight, 1)
  }

  override get isSingle(): boolean {
    return this.#filter === null || this.#filter.isSingle
  }

  override hasPositions(): boolean {
    return this.#matched()?.hasPositions() ?? false
  }

  override addPositions(out: Positions): void {
    this.#matched()?.addPositions(out)
  }

  override distance(): number {
    return this.#matched()?.distance() ?? 1
  }

  override addTerms(out: MatchedTerm[]): void {
    this.#matched()?.addTerms(out)
  }
}

// ---------------------------------------------------------------------- with a filter

/** Costs in distances of vectors that lie side by side. */
const ADHOC_COST = 2
const GRAPH_COST = 1600
const GRAPH_COST_EACH = 45

/** What is cheaper for a filter that lets `passing` of the documents through. */
export function choosePolicy(index: VectorIndex, k: number, ef: number, passing: number): Policy {
  const { documents } = index
  if (passing === 0 || documents === 0) return 'ADHOC_BF'
  const needed = Math.min(documents, (k * documents) / passing)
  const batches = index.options.algorithm === 'FLAT' ? documents : GRAPH_COST + GRAPH_COST_EACH * Math.max(ef, needed)
  return ADHOC_COST * passing <= batches ? 'ADHOC_BF' : 'BATCHES'
}

function filtered(
  index: VectorIndex,
  query: Range,
  k: number,
  parameters: VectorParameters,
  filter: DocumentIterator,
): VectorSearch {
  const passing = Math.min(filter.estimate, index.documents)
  const policy = parameters.policy ?? choosePolicy(index, k, parameters.ef, passing)
  if (policy === 'ADHOC_BF' || k === 0) return new AdHoc(index, query, k, filter)
  const size = parameters.batchSize ?? Math.ceil((k * index.documents) / Math.max(1, passing)) + k
  return new Batches(index, query, k, parameters.ef, size, parameters.policy === null, filter)
}

/** Measures all that the filter lets through. */
class AdHoc implements VectorSearch {
  readonly #index: VectorIndex
  readonly #query: Range
  readonly #filter: DocumentIterator
  readonly #nearest: Nearest
  readonly #documents = new Int32Array(LIST_MIN)
  readonly #distances = new Float64Array(LIST_MIN)
  #count = 0
  /** The last document that was measured. */
  #last = 0
  #isBegun = false

  constructor(index: VectorIndex, query: Range, k: number, filter: DocumentIterator) {
    this.#index = index
    this.#query = query
    this.#filter = filter
    this.#nearest = new Nearest(k)
  }

  run(watch: Watch): Matches {
    const filter = this.#filter
    // A filter that was cut short in a long way without a match has not gone it in vain.
    if (this.#isBegun) filter.refresh()
    else filter.rewind()
    this.#isBegun = true
    this.#count = 0
    try {
      for (let document = filter.skipTo(this.#last + 1); document !== END; document = filter.next()) {
        this.#documents[this.#count++] = document
        if (this.#count < LIST_MIN) continue
        this.#measure()
        watch.tick()
      }
    } finally {
      // What was gathered before a pause need not be gathered again.
      this.#measure()
    }
    return Matches.ofNearest(this.#nearest.heap)
  }

  #measure(): void {
    const documents = this.#documents
    const distances = this.#distances
    const nearest = this.#nearest
    const count = this.#count
    if (count === 0 || nearest.limit === 0) return
    // The filter may have looked for other vectors in between.
    this.#index.load(this.#query)
    this.#index.distances(documents, count, distances)
    let { bound } = nearest
    for (let i = 0; i < count; i++) {
      // Documents without a vector have no distance, and none of theirs is within a bound.
      if (!(distances[i]! <= bound)) continue
      nearest.push(distances[i]!, documents[i]!)
      bound = nearest.bound
    }
    this.#last = documents[count - 1]!
    this.#count = 0
  }
}

/** Asks the filter about ever more of the nearest. */
class Batches implements VectorSearch {
  readonly #index: VectorIndex
  readonly #query: Range
  readonly #k: number
  readonly #ef: number
  readonly #filter: DocumentIterator
  readonly #mayChange: boolean
  #size: number
  #search: VectorSearch | null = null
  #found: Matches | null = null
  #nearest: Nearest
  /** How many of those found the filter was asked about. */
  #asked = 0
  /** The filter is on its way through those found. */
  #isAsking = false
  #adHoc: AdHoc | null = null

  constructor(
    index: VectorIndex,
    query: Range,
    k: number,
    ef: number,
    size: number,
    mayChange: boolean,
    filter: DocumentIterator,
  ) {
    this.#index = index
    this.#query = query
    this.#k = k
    this.#ef = ef
    this.#size = size
    this.#mayChange = mayChange
    this.#filter = filter
    this.#nearest = new Nearest(k)
  }

  run(watch: Watch): Matches {
    while (this.#adHoc === null) {
      const size = Math.min(this.#size, this.#index.documents)
      this.#search ??= this.#index.nearest(this.#query, size, this.#ef)
      this.#found ??= this.#search.run(watch)
      this.#ask(this.#found, watch)
      if (this.#nearest.heap.size >= this.#k || this.#found.count >= this.#index.documents)
        return Matches.ofNearest(this.#nearest.heap)
      this.#another(size)
    }
    return this.#adHoc.run(watch)
  }

  /** Twice as many; or every document of the filter, when it lets through less than it seemed. */
  #another(size: number): void {
    const isAll = size >= this.#index.documents
    if (isAll || (this.#mayChange && size * 2 > this.#index.documents))
      this.#adHoc = new AdHoc(this.#index, this.#query, this.#k, this.#filter)
    this.#size = size * 2
    this.#search = this.#found = null
    this.#nearest = new Nearest(this.#k)
    this.#asked = 0
    this.#isAsking = false
  }

  #ask(found: Matches, watch: Watch): void {
    const filter = this.#filter
    if (this.#isAsking) filter.refresh()
    else filter.rewind()
    this.#isAsking = true
    while (this.#asked < found.count) {
      const document = found.documents[this.#asked]!
      if (filter.skipTo(document) === document) this.#nearest.push(found.distances[this.#asked]!, document)
      this.#asked++
      if (this.#asked % LIST_MIN === 0) watch.tick()
    }
  }
}
