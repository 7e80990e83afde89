/* Build -- a tree as iterators over an index.
 *
 * Here it is decided how each part is answered: a range by its documents or by a look into the column, a prefix by one
 * pass over its words, a union of one part by that part. What cannot match anything is Nothing, and what is joined to
 * Nothing disappears with it. */

import { type Address, Range } from 'redstrata/module'
import { circleRanges, inCircle, UNIT_METRES } from '../index/geo.ts'
import { CHUNK_DOCS } from '../index/column.ts'
import type { FieldIndex } from '../index/field-index.ts'
import type { NumberOrder } from '../index/number-order.ts'
import type { Numbers } from '../index/numbers.ts'
import type { SearchIndex } from '../index/search-index.ts'
import { type Terms, Walk } from '../index/terms.ts'
import { compilePattern } from '../index/wildcard.ts'
import { above, ColumnRange } from '../iterators/column-range.ts'
import { FirstOf } from '../iterators/first-of.ts'
import { Intersection, type Nearness } from '../iterators/intersection.ts'
import { type DocumentIterator, END, type Watch } from '../iterators/iterator.ts'
import { AllDocuments, DocumentBits, DocumentList, Nothing } from '../iterators/leaf.ts'
import { Not, Optional } from '../iterators/not.ts'
import { TermIterator } from '../iterators/term.ts'
import { unionOf } from '../iterators/union.ts'
import {
  ALL_FIELDS,
  type AffixNode,
  type FieldMask,
  type FuzzyNode,
  type GeoNode,
  type KeysNode,
  type MissingNode,
  type Node,
  type NumericNode,
  type PatternNode,
  type PhraseNode,
  type ShapeNode,
  type TagNode,
  type TokenNode,
  type UnionNode,
  tokenNode,
  type VectorNode,
} from '../query/ast.ts'
import { refuse } from '../query/failure.ts'
import { fieldNamed } from '../schema/schema.ts'
import { shapeIterator } from '../shape/fields.ts'
import { lowered } from '../text/lower.ts'
import { vectorIterator } from '../vector/clause.ts'
import type { QueryProfile } from './profile.ts'
import type { Yields } from './yields.ts'

/** What of a range is better looked up in the column than gathered: an eighth of the places that the column has. */
const COLUMN_SHARE = 8
/** The same of a range that is the whole query, so that all of it is read: half of the places. */
const WHOLE_COLUMN_SHARE = 2
/** Gathering cannot pause. So many documents take half a millisecond. */
const GATHERED_MAX = 1 << 18
/** Words of a bitmap that cost as much as the sorting of a document in a list. */
const WORDS_PER_DOCUMENT = 32

const NEEDS_INDEX_EMPTY = 'Use `INDEXEMPTY` in field creation in order to index and query for empty strings'

/** How a query is to be answered. */
export interface BuildOptions {
  readonly index: SearchIndex
  /** INFIELDS; all fields otherwise. */
  readonly fields: FieldMask
  /** SLOP of the query, -1 when none. */
  readonly slop: number
  readonly inOrder: boolean
  /** Whether scores are asked for. */
  readonly isRanked: boolean
  /** Bytes that a prefix must have, and terms that it may expand to. */
  readonly prefixMin: number
  readonly expansionsMax: number
  readonly watch: Watch
  /** Told when a word expands to more terms than it may. */
  readonly onCut?: () => void
  /** Has the iterators counted. */
  readonly profile?: QueryProfile | null
  /** Where clauses of vectors put what they find out about documents. */
  readonly yields?: Yields
}

/** The documents that match a tree. */
export function build(node: Node | null, options: BuildOptions): DocumentIterator {
  return node === null ? new Nothing() : new Builder(options, node).build(node)
}

/** Builds a tree that may be so large that it is built in slices: `build` throws what the watch throws, and goes on. */
export function builder(node: Node | null, options: BuildOptions): () => DocumentIterator {
  if (node === null) return () => new Nothing()
  const made = new Builder(options, node)
  return () => made.build(node)
}

/** The index of a field by its name in queries, or null. */
export function fieldIndexNamed(index: SearchIndex, name: Buffer): FieldIndex | null {
  const field = fieldNamed(index.schema, name)
  return field === null ? null : index.fields[field.number]!
}

/** Whether a part is found by a walk through a dictionary, which can be gone on with. */
function walks(node: Node): boolean {
  return node.kind === 'affix' || node.kind === 'pattern' || node.kind === 'fuzzy'
}

class Builder {
  readonly #options: BuildOptions
  readonly #index: SearchIndex
  readonly #root: Node
  readonly #range = new Range()
  /** What was built before a pause. */
  readonly #built = new Map<Node, DocumentIterator>()
  /** Walks through a dictionary that a pause may have cut short. */
  #walks: Map<Node, Walk> | null = null

  constructor(options: BuildOptions, root: Node) {
    this.#options = options
    this.#index = options.index
    this.#root = root
  }

  build(node: Node): DocumentIterator {
    const isPaused = ('children' in node && node.kind !== 'vector') || walks(node)
    return this.#once(node, isPaused ? () => this.#make(node) : () => this.#steady(() => this.#make(node)))
  }

  /** Build a part, unless that was done before a pause. */
  #once(node: Node, make: () => DocumentIterator): DocumentIterator {
    const known = this.#built.get(node)
    if (known !== undefined) return known
    const { profile, watch } = this.#options
    const built = profile == null ? make() : profile.build(node, make)
    this.#built.set(node, built)
    if (watch.breathe === undefined) watch.tick()
    else watch.breathe()
    return built
  }

  /** What has no parts is built in one go. */
  #steady(make: () => DocumentIterator): DocumentIterator {
    return this.#options.watch.steady?.(make) ?? make()
  }

  #make(node: Node): DocumentIterator {
    switch (node.kind) {
      case 'token':
        return this.#token(node)
      case 'phrase':
        return this.#phrase(node)
      case 'union':
        return this.#union(node)
      case 'not':
        return new Not(this.#index.documents, this.build(node.children[0]), this.#options.watch)
      case 'optional':
        return new Optional(this.#index.documents, this.build(node.children[0]), node.weight)
      case 'affix':
        return this.#affix(node)
      case 'fuzzy':
        return this.#fuzzy(node)
      case 'pattern':
        return this.#pattern(node)
      case 'numeric':
        return this.#numeric(node)
      case 'geo':
        return this.#geo(node)
      case 'tag':
        return this.#tag(node)
      case 'missing':
        return this.#missing(node)
      case 'all':
        return new AllDocuments(this.#index.documents, node.weight)
      case 'keys':
        return this.#keys(node)
      case 'vector':
        return this.#vector(node)
      case 'shape':
        return this.#shape(node)
      case 'nothing':
        return new Nothing()
    }
  }

  readonly #tick = (): boolean => {
    this.#options.watch.tick()
    return true
  }

  // ------------------------------------------------------------------ words

  /** By number of a field set, whether it has one of the fields; null: any will do; undefined: none can. */
  #allowed(fields: FieldMask): Uint8Array | null | undefined {
    if (fields === ALL_FIELDS && this.#options.fields === ALL_FIELDS) return null
    const wanted = fields & this.#options.fields
    if (wanted === 0n) return undefined
    return this.#index.schema.rules.fieldMasks ? this.#index.fieldSets.allowed(wanted) : null
  }

  #token(node: TokenNode): DocumentIterator {
    const text = node.text.text
    if (text.length === 0 && !this.#indexesEmpty(node.fields)) refuse(NEEDS_INDEX_EMPTY)
    const allowed = this.#allowed(node.fields)
    if (allowed === undefined) return new Nothing()
    const { terms } = this.#index
    const record = terms.find(text, 0, text.length)
    return record === 0 ? new Nothing() : this.#term(terms, record, text, allowed, node.weight)
  }

  #term(terms: Terms, record: Address, text: Buffer, allowed: Uint8Array | null, weight: number): DocumentIterator {
    return new TermIterator(terms.postings, record, text, allowed, weight, this.#index.documents.count)
  }

  /** Whether the empty word may be looked for: in all fields, where none is a text, and where one of them indexes it. */
  #indexesEmpty(fields: FieldMask): boolean {
    if (fields === ALL_FIELDS) return true
    const texts = this.#index.schema.fields.filter(
      field => field.kind === 'text' && ((fields >> BigInt(field.bit)) & 1n) === 1n,
    )
    return texts.length === 0 || texts.some(field => field.indexEmpty)
  }

  /** The terms that a word expands to, each document counted for the first one that it holds. */
  #expanded(terms: Terms, records: readonly Address[], allowed: Uint8Array | null, weight: number): DocumentIterator {
    if (records.length === 0) return new Nothing()
    const textOf = (record: Address) => terms.key(record, this.#range).copy()
    if (this.#options.profile != null) this.#list(terms, records, textOf, allowed)
    if (records.length === 1) return this.#term(terms, records[0]!, textOf(records[0]!), allowed, weight)
    const { documents } = this.#index
    const { isRanked, watch } = this.#options
    const { count, last } = documents
    return new FirstOf(terms.postings, records, textOf, allowed, weight, count, last, isRanked, watch)
  }

  /** Tell the profile what words a union walks. */
  #list(
    terms: Terms,
    records: readonly Address[],
    textOf: (record: Address) => Buffer,
    allowed: Uint8Array | null,
  ): void {
    for (const record of records) {
      const text = textOf(record)
      this.#options.profile!.list(tokenNode(text), this.#term(terms, record, text, allowed, 1))
    }
  }

  #affix(node: AffixNode): DocumentIterator {
    const text = lowered(node.text.text)
    if (text.length < this.#options.prefixMin) return new Nothing()
    const { terms } = this.#index
    const find = () => this.#affixTerms(terms, node, text)
    const records = node.after ? this.#ofSuffixTries(terms, node.fields, find) : find()
    const allowed = this.#allowed(node.fields)
    return allowed === undefined ? new Nothing() : this.#expanded(terms, records, allowed, node.weight)
  }

  #affixTerms(terms: Terms, node: AffixNode, text: Buffer): Address[] {
    const range = Range.of(text)
    const { expansionsMax } = this.#options
    return this.#told(
      terms,
      node.after
        ? terms.withPart(range, !node.before, expansionsMax, this.#tick, this.#walkOf(node))
        : terms.withPrefix(range, expansionsMax, this.#tick, this.#walkOf(node)),
    )
  }

  #patternTerms(terms: Terms, node: PatternNode, text: Buffer): Address[] {
    const { expansionsMax } = this.#options
    return this.#told(terms, terms.withPattern(compilePattern(text), expansionsMax, this.#tick, this.#walkOf(node)))
  }

  #walkOf(node: Node): Walk {
    const walks = (this.#walks ??= new Map<Node, Walk>())
    let walk = walks.get(node)
    if (walk === undefined) {
      walk = new Walk()
      walks.set(node, walk)
    }
    return walk
  }

  /** Terms that a walk has told, perhaps not all. */
  #told(terms: Terms, records: Address[]): Address[] {
    if (terms.wasCut) this.#options.onCut?.()
    return records
  }

  /**
   * With a suffix trie on some fields, parts of words are looked for in those fields only: of the terms, those that one of
   * them has. @throws when other fields are asked for by name.
   */
  #ofSuffixTries(terms: Terms, fields: FieldMask, records: () => Address[]): Address[] {
    const texts = this.#index.schema.fields.filter(field => field.kind === 'text')
    const tries = texts.filter(field => field.suffixTrie)
    if (tries.length === 0) return records()
    const supported = tries.reduce((mask, field) => mask | (1n << BigInt(field.bit)), 0n)
    if (fields !== ALL_FIELDS) {
      if ((fields & ~supported) !== 0n) refuse('Contains query on fields without WITHSUFFIXTRIE support')
      return records()
    }
    if (tries.length === texts.length || !this.#index.schema.rules.fieldMasks) return records()
    const allowed = this.#index.fieldSets.allowed(supported)
    return records().filter(record => {
      const term = this.#term(terms, record, Buffer.alloc(0), allowed, 1)
      const isIn = term.next() !== END
      term.release()
      return isIn
    })
  }

  #fuzzy(node: FuzzyNode): DocumentIterator {
    const allowed = this.#allowed(node.fields)
    if (allowed === undefined) return new Nothing()
    const { terms } = this.#index
    const word = Range.of(node.text.text)
    const records = terms.withEdits(word, node.edits, this.#options.expansionsMax, this.#tick, this.#walkOf(node))
    return this.#expanded(terms, records, allowed, node.weight)
  }

  #pattern(node: PatternNode): DocumentIterator {
    const allowed = this.#allowed(node.fields)
    if (allowed === undefined) return new Nothing()
    const { terms } = this.#index
    const text = lowered(node.text.text)
    const find = () => this.#patternTerms(terms, node, text)
    // A trie is of use to patterns with two signs in a row between stars.
    const isOfUse =
      node.fields !== ALL_FIELDS ||
      text
        .latin1Slice()
        .split('*')
        .some(part => part.length > 1)
    const records = isOfUse ? this.#ofSuffixTries(terms, node.fields, find) : find()
    return this.#expanded(terms, records, allowed, node.weight)
  }

  // ------------------------------------------------------------------ joining

  #phrase(node: PhraseNode): DocumentIterator {
    if (node.children.length === 1) return this.build(node.children[0]!)
    // Gathered by push: what `map` makes is of one kind before it is compiled and of another after that, and with it all
    // that was compiled for the first kind would be thrown away.
    const children: DocumentIterator[] = []
    let isNothing = false
    for (const child of node.children) {
      const built = this.build(child)
      if (built instanceof Nothing) isNothing = true
      children.push(built)
    }
    if (isNothing) return new Nothing()
    return new Intersection(children, node.weight, this.#nearness(node), this.#options.watch)
  }

  #nearness(node: PhraseNode): Nearness | null {
    if (node.exact) return { slop: 0, inOrder: true }
    const slop = node.slop >= 0 ? node.slop : this.#options.slop
    const inOrder = node.inOrder || this.#options.inOrder
    return slop < 0 && !inOrder ? null : { slop, inOrder }
  }

  #union(node: UnionNode): DocumentIterator {
    const children: DocumentIterator[] = []
    for (const child of node.children) {
      const built = this.build(child)
      if (!(built instanceof Nothing)) children.push(built)
    }
    return this.#unionOf(children, node.weight)
  }

  #unionOf(children: readonly DocumentIterator[], weight: number): DocumentIterator {
    if (children.length === 0) return new Nothing()
    return children.length === 1 && weight === 1 ? children[0]! : unionOf(children, weight)
  }

  // ------------------------------------------------------------------ numbers and points

  #numeric(node: NumericNode): DocumentIterator {
    const field = fieldIndexNamed(this.#index, node.field)
    if (field === null || field.field.kind !== 'numeric' || field.numbers?.order == null) return new Nothing()
    const numbers = field.numbers
    const order = numbers.order!
    const low = node.low.value
    const high = node.high.value
    const from = order.place(low, node.lowOpen, { chunk: 0, slot: 0 })
    const to = order.place(high, !node.highOpen, { chunk: 0, slot: 0 })
    const count = order.between(from, to)
    if (count === 0) return new Nothing()
    if (!numbers.hasSeveral && this.#isForColumn(node, numbers, count)) return this.#columnRange(node, numbers, count)
    return this.#gathered([from, to], order, count, node.weight)
  }

  /** Whether a range of so many documents is better looked up in the column of its field than gathered. */
  #isForColumn(node: NumericNode, numbers: Numbers, count: number): boolean {
    // Chunks that are gone cost a scan nothing, so what counts is not how far apart the numbers of documents are.
    const places = numbers.column.chunks * CHUNK_DOCS
    if (node !== this.#root) return count * COLUMN_SHARE > places
    return count * WHOLE_COLUMN_SHARE > places || (count > GATHERED_MAX && count * COLUMN_SHARE > places)
  }

  #columnRange(node: NumericNode, numbers: Numbers, count: number): DocumentIterator {
    const low = node.lowOpen ? above(node.low.value) : node.low.value
    const high = node.highOpen ? -above(-node.high.value) : node.high.value
    const { documents } = this.#index
    return new ColumnRange(numbers.column, low, high, documents.last, count, node.weight, this.#options.watch)
  }

  /** The documents between pairs of places of an order, by number. */
  #gathered(
    places: readonly { chunk: number; slot: number }[],
    order: NumberOrder,
    count: number,
    weight: number,
  ): DocumentIterator {
    const { documents } = this.#index
    const first = documents.table.firstDocument & ~31
    const words = ((documents.last - first) >>> 5) + 1
    if (words <= count * WORDS_PER_DOCUMENT) {
      const bits = new Int32Array(words)
      for (let i = 0; i < places.length; i += 2) order.mark(places[i]!, places[i + 1]!, bits, first)
      return new DocumentBits(bits, first, count, weight)
    }
    const list = new Int32Array(count)
    let at = 0
    for (let i = 0; i < places.length; i += 2) {
      const between = order.between(places[i]!, places[i + 1]!)
      order.gather(places[i]!, places[i + 1]!, list.subarray(at, at + between))
      at += between
    }
    return sortedList(list, at, weight)
  }

  #geo(node: GeoNode): DocumentIterator {
    const field = fieldIndexNamed(this.#index, node.field)
    if (field === null || field.field.kind !== 'geo' || field.numbers?.order == null) return new Nothing()
    const order = field.numbers.order
    const circle = {
      longitude: node.longitude.value,
      latitude: node.latitude.value,
      metres: node.radius.value * UNIT_METRES[node.unit.text.latin1Slice()]!,
    }
    const ranges = circleRanges(circle)
    const found: number[] = []
    const place = { chunk: 0, slot: 0 }
    for (let i = 0; i < ranges.length; i += 2) {
      order.place(ranges[i]!, false, place)
      for (let { chunk, slot } = place; chunk < order.chunks; chunk++, slot = 0) {
        const end = order.entriesOf(chunk)
        for (; slot < end && order.value(chunk, slot) < ranges[i + 1]!; slot++)
          if (inCircle(circle, order.value(chunk, slot))) found.push(order.document(chunk, slot))
        this.#options.watch.tick()
        if (slot < end) break
      }
    }
    return found.length === 0 ? new Nothing() : sortedList(Int32Array.from(found), found.length, node.weight)
  }

  // ------------------------------------------------------------------ tags and the rest

  #tag(node: TagNode): DocumentIterator {
    const field = fieldIndexNamed(this.#index, node.field)
    if (field === null || field.tags === null) return new Nothing()
    const children: DocumentIterator[] = []
    for (const child of node.children) {
      const built = this.#tagChild(child, field)
      if (!(built instanceof Nothing)) children.push(built)
    }
    return this.#unionOf(children, node.weight)
  }

  #tagChild(node: Node, field: FieldIndex): DocumentIterator {
    return this.#once(
      node,
      walks(node) ? () => this.#makeTag(node, field) : () => this.#steady(() => this.#makeTag(node, field)),
    )
  }

  #makeTag(node: Node, field: FieldIndex): DocumentIterator {
    const fold = (text: Buffer) => (field.field.caseSensitive ? text : lowered(text))
    const { values } = field.tags!
    switch (node.kind) {
      case 'token':
      case 'phrase': {
        const text = fold(node.kind === 'token' ? node.text.text : joinWords(node))
        if (text.length === 0 && !field.field.indexEmpty) refuse(NEEDS_INDEX_EMPTY)
        const record = values.find(text, 0, text.length)
        return record === 0 ? new Nothing() : this.#term(values, record, text, null, node.weight)
      }
      case 'affix': {
        const text = fold(node.text.text)
        if (text.length < this.#options.prefixMin) return new Nothing()
        return this.#expanded(values, this.#affixTerms(values, node, text), null, node.weight)
      }
      case 'pattern':
        return this.#expanded(values, this.#patternTerms(values, node, fold(node.text.text)), null, node.weight)
    }
    return new Nothing()
  }

  #missing(node: MissingNode): DocumentIterator {
    const field = fieldIndexNamed(this.#index, node.field)
    if (field === null) return new Nothing()
    if (field.missing === 0) {
      const name = node.field.latin1Slice()
      refuse(`'ismissing' requires field to be defined with 'INDEXMISSING', field: '${name}'`)
    }
    if (field.missingLists.count(field.missing) === 0) return new Nothing()
    const { documents } = this.#index
    return new TermIterator(field.missingLists, field.missing, node.field, null, node.weight, documents.count)
  }

  #keys(node: KeysNode): DocumentIterator {
    const list = new Int32Array(node.keys.length)
    let count = 0
    for (const key of node.keys) {
      const document = this.#index.documents.find(this.#range.set(key, 0, key.length))
      if (document !== 0) list[count++] = document
    }
    // Being named adds nothing to a score.
    return count === 0 ? new Nothing() : sortedList(list, count, 0)
  }

  #vector(node: VectorNode): DocumentIterator {
    const field = fieldIndexNamed(this.#index, node.field)
    if (field === null || field.field.kind !== 'vector') return new Nothing()
    const filter = node.children.length === 0 ? null : this.build(node.children[0]!)
    return vectorIterator(node, field, filter, this.#index, this.#options.watch, this.#options.yields)
  }

  #shape(node: ShapeNode): DocumentIterator {
    const field = fieldIndexNamed(this.#index, node.field)
    if (field === null || field.field.kind !== 'shape') return new Nothing()
    return shapeIterator(node, field, this.#options.watch)
  }
}

/** The words of a tag with spaces. */
function joinWords(node: PhraseNode): Buffer {
  const words = node.children.map(child => (child.kind === 'token' ? child.text.text : Buffer.from('')))
  return Buffer.from(words.map(word => word.latin1Slice()).join(' '), 'latin1')
}

/** Documents in any order, perhaps repeated, as an iterator. */
function sortedList(list: Int32Array, count: number, weight: number): DocumentIterator {
  const sorted = list.subarray(0, count).sort()
  let kept = 0
  for (let i = 0; i < count; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[kept++] = sorted[i]!
  return new DocumentList(sorted, kept, weight)
}
