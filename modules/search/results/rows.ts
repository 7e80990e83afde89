/* Rows -- the reply of FT.SEARCH.
 *
 *      RESP2     [ 2, "d:1", "0.5", ["title", "Old bridge"], "d:2", ... ]
 *      RESP3     { attributes, format, results: [ { id, score, extra_attributes, values } ... ], total_results, warning }
 *
 * Each row has what was asked for, in this order: score (or score and why), payload, sort key, fields. */

import { formatDouble, Range, type Reply } from 'redstrata/module'
import type { SearchOptions } from '../commands/search-options.ts'
import type { Explanation } from '../iterators/iterator.ts'
import type { DocumentReader } from './document.ts'
import { ALL_AS_IT_IS, readField, type ShownField, type ShownFields } from './fields.ts'
import { writeNative } from './native.ts'
import type { Marker } from './marks.ts'

/** What is known of a row's document beside its fields. */
export interface RowFacts {
  score(document: number): number
  explain(document: number): Explanation
  /** False when the document has no payload. */
  payload(document: number, out: Range): boolean
  sortKey(document: number): Buffer | null
  /** Marks its values; null when nothing is to be marked. */
  marker(document: number): Marker | null
}

/** Writes the rows of one reply. */
export class RowWriter {
  readonly #reply: Reply
  readonly #options: SearchOptions
  readonly #reader: DocumentReader
  readonly #shown: ShownFields
  readonly #facts: RowFacts | null
  readonly #key = new Range()
  readonly #value = new Range()

  /** @param facts null when rows have nothing but keys and fields. */
  constructor(
    reply: Reply,
    options: SearchOptions,
    reader: DocumentReader,
    shown: ShownFields,
    facts: RowFacts | null,
  ) {
    this.#reply = reply
    this.#options = options
    this.#reader = reader
    this.#shown = shown
    this.#facts = facts
  }

  /**
   * Write the whole reply.
   * @param pairsBehind pairs that the caller adds to the map of RESP3.
   * @param writeRows writes the rows, and returns the sum of what `row` returned.
   */
  write(total: number, warnings: readonly string[], pairsBehind: number, writeRows: () => number): void {
    if (this.#reply.protocol === 3) this.#writeMap(total, warnings, pairsBehind, writeRows)
    else this.#writeList(total, writeRows)
  }

  #writeList(total: number, writeRows: () => number): void {
    const reply = this.#reply
    const mark = reply.deferred()
    reply.integer(total)
    reply.fillArray(mark, 1 + writeRows())
  }

  #writeMap(total: number, warnings: readonly string[], pairsBehind: number, writeRows: () => number): void {
    const reply = this.#reply
    reply.map(5 + pairsBehind)
    reply.status('attributes')
    reply.array(0)
    reply.status('format')
    reply.status(this.#options.expands ? 'EXPAND' : 'STRING')
    reply.status('results')
    const mark = reply.deferred()
    reply.fillArray(mark, writeRows())
    reply.status('total_results')
    reply.integer(total)
    reply.status('warning')
    reply.array(warnings.length)
    for (const warning of warnings) reply.status(warning)
  }

  /** Write a row, unless its document is gone; returns how many elements the list of rows grows by. */
  row(document: number): number {
    return this.#reply.protocol === 3 ? this.#mapRow(document) : this.#row(document)
  }

  /** A document that is there; its key is in `#key` then. */
  #open(document: number): boolean {
    return this.#options.noContent
      ? this.#reader.key(document, this.#key)
      : this.#reader.open(document) && this.#reader.key(document, this.#key)
  }

  /** Write a row of RESP2; returns how many elements it has. */
  #row(document: number): number {
    if (!this.#open(document)) return 0
    const { noContent, withScores, withPayloads, withSortKeys } = this.#options
    this.#reply.bulk(this.#key)
    let count = 1
    if (withScores) count += this.#score(document)
    if (withPayloads) count += this.#payload(document)
    if (withSortKeys) count += this.#sortKey(document)
    if (noContent) return count
    this.#fields(document)
    return count + 1
  }

  /** Write a row of RESP3; returns 1, or 0 when the document is gone. */
  #mapRow(document: number): number {
    if (!this.#open(document)) return 0
    const reply = this.#reply
    const { noContent, withScores, withPayloads, withSortKeys } = this.#options
    const mark = reply.deferred()
    let pairs = 2
    reply.status('id')
    reply.bulk(this.#key)
    if (withScores) {
      reply.status('score')
      pairs += this.#score(document)
    }
    if (withPayloads) {
      reply.status('payload')
      pairs += this.#payload(document)
    }
    if (withSortKeys) {
      reply.status('sortkey')
      pairs += this.#sortKey(document)
    }
    if (!noContent) {
      reply.status('extra_attributes')
      this.#fields(document)
      pairs++
    }
    reply.status('values')
    reply.array(0)
    reply.fillMap(mark, pairs)
    return 1
  }

  #score(document: number): number {
    const score = this.#facts!.score(document)
    const isExplained = this.#options.explainsScores
    if (isExplained) this.#reply.array(2)
    if (this.#reply.protocol === 3) this.#reply.double(score)
    else this.#reply.text(formatDouble(score))
    if (isExplained) this.#explanation(this.#facts!.explain(document))
    return 1
  }

  #explanation({ text, children }: Explanation): void {
    const reply = this.#reply
    if (children.length === 0) {
      reply.status(statusOf(text))
      return
    }
    reply.array(2)
    reply.status(statusOf(text))
    reply.array(children.length)
    for (const child of children) this.#explanation(child)
  }

  #payload(document: number): number {
    if (this.#facts!.payload(document, this.#value)) this.#reply.bulk(this.#value)
    else this.#reply.null()
    return 1
  }

  #sortKey(document: number): number {
    const key = this.#facts!.sortKey(document)
    if (key === null) this.#reply.null()
    else this.#reply.bytes(key, 0, key.length)
    return 1
  }

  #fields(document: number): void {
    const { fields, andTheRest } = this.#shown
    if (this.#shown === ALL_AS_IT_IS && !this.#options.expands && this.#reader.writeAll(this.#reply)) return
    const marker = this.#facts?.marker(document) ?? null
    const mark = this.#reply.deferred()
    let pairs = 0
    for (const field of fields) pairs += this.#field(field, document, marker)
    if (andTheRest) pairs += this.#rest(marker)
    this.#reply.fillMap(mark, pairs)
  }

  #field(field: ShownField, document: number, marker: Marker | null): number {
    const value = this.#value
    const found = readField(field, document, this.#reader, value)
    if (found === 'nothing') return 0
    this.#reply.bulk(field.name)
    if (found === 'null') this.#reply.null()
    else if (this.#options.expands && field.source.from !== 'key') writeNative(this.#reply, value, field)
    else this.#marked(value, field, marker)
    return 1
  }

  #marked(value: Range, field: ShownField, marker: Marker | null): void {
    const marked = marker?.mark(value.copy(), field.text, field.tags, field.summary) ?? null
    if (marked === null) this.#reply.bulk(value)
    else this.#reply.bytes(marked, 0, marked.length)
  }

  /** The fields of the document that are not shown yet. */
  #rest(marker: Marker | null): number {
    const reader = this.#reader
    const { hidden } = this.#shown
    let pairs = 0
    reader.each((name, value) => {
      if (hidden.size > 0 && hidden.has(name.latin1())) return
      this.#reply.bulk(name)
      if (reader.isJson && this.#options.expands) writeNative(this.#reply, value, null)
      else if (marker === null) this.#reply.bulk(value)
      else this.#marked(value, this.#restField(name), marker)
      pairs++
    })
    return pairs
  }

  #restField(name: Range): ShownField {
    const { tags, summary } = this.#shown
    const text = this.#reader.textField(name)
    return { name, source: NOWHERE, text, tags, summary }
  }
}

/** Bytes of a query, as a status line can show them. */
function statusOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1')
    .utf8Slice()
    .replaceAll(/[\r\n]/g, ' ')
}

const NOWHERE = { from: 'nowhere' } as const
