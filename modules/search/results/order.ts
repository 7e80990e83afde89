/* Order -- which of the documents that match are kept, and in which order: by a number, by a string that the index keeps, or
 * by what the document says when it is read.
 *
 * Documents without a value come last, whichever the direction. Of equals the earlier document comes first, or the later
 * one when sorting downwards.
 *
 * Strings are known by their ids. While a query is paused a string may go, and its id become another string's; so after a
 * pause `refresh` asks for all kept ones anew. */

import { Range } from 'redstrata/module'
import type { Documents } from '../index/documents.ts'
import type { FieldIndex } from '../index/field-index.ts'
import type { SearchIndex } from '../index/search-index.ts'
import type { Strings } from '../index/strings.ts'
import type { Sink } from '../plan/collect.ts'
import type { YieldedNumber } from '../plan/yields.ts'
import { Top, TopBy } from '../score/top.ts'
import type { DocumentReader } from './document.ts'
import { sortKeyText } from './number-text.ts'

/** Keeps the first documents of an order: `take` offers one. */
export interface Order extends Sink {
  /** After a pause: keys of kept documents may have changed. */
  refresh(): void
  /** The kept documents in order, without the first `skip`. */
  kept(skip: number): number[]
  /** What a document is sorted by, as WITHSORTKEYS shows it; null when it has no value. */
  sortKey(document: number): Buffer | null
}

/** The order by a field. @param keep how many documents are kept. */
export function orderBy(
  field: FieldIndex,
  structures: SearchIndex,
  reader: DocumentReader,
  keep: number,
  descending: boolean,
): Order {
  const { numbers, strings } = field
  if (strings !== null) return new StringOrder(strings, structures.documents, keep, descending)
  if (numbers !== null && field.field.kind === 'numeric')
    return new NumberOrder(document => numbers.value(document), keep, descending)
  return new LoadedOrder(field.field.identifier, reader, keep, descending)
}

/** The order by a number of each document, NaN where there is none. */
export class NumberOrder implements Order {
  readonly #value: YieldedNumber
  readonly #sign: number
  readonly #top: Top

  constructor(value: YieldedNumber, keep: number, descending: boolean) {
    this.#value = value
    this.#sign = descending ? 1 : -1
    this.#top = new Top(keep, descending)
  }

  take(document: number): void {
    const value = this.#sign * this.#value(document)
    // An infinite value still comes before none at all.
    this.#top.push(Number.isNaN(value) ? -Infinity : Math.max(value, -Number.MAX_VALUE), document)
  }

  /** A number's place may be a little old after a pause; its document is what counts. */
  refresh(): void {}

  kept(skip: number): number[] {
    return this.#top.take(skip).documents
  }

  sortKey(document: number): Buffer | null {
    const value = this.#value(document)
    return Number.isNaN(value) ? null : Buffer.from(`#${sortKeyText(value)}`)
  }
}

/** The order by the SORTABLE strings of a field. */
class StringOrder implements Order {
  readonly #strings: Strings
  readonly #documents: Documents
  readonly #newTop: () => TopBy<number>
  #top: TopBy<number>
  readonly #range = new Range()

  constructor(strings: Strings, documents: Documents, keep: number, descending: boolean) {
    this.#strings = strings
    this.#documents = documents
    const compare = (a: number, b: number): number => {
      if (a === 0 || b === 0) return a === b ? 0 : a === 0 ? 1 : -1
      return descending ? strings.compare(b, a) : strings.compare(a, b)
    }
    this.#newTop = () => new TopBy<number>(keep, descending, compare)
    this.#top = this.#newTop()
  }

  take(document: number): void {
    this.#top.push(this.#strings.of(document), document)
  }

  refresh(): void {
    const { documents } = this.#top
    this.#top = this.#newTop()
    for (const document of documents) if (this.#documents.lives(document)) this.take(document)
  }

  kept(skip: number): number[] {
    return this.#top.take(skip).documents
  }

  sortKey(document: number): Buffer | null {
    const id = this.#strings.of(document)
    return id === 0 ? null : stringKey(this.#strings.text(id, this.#range).copy())
  }
}

/** The order by what documents say of a field that the index keeps no strings of. */
class LoadedOrder implements Order {
  readonly #read: (document: number) => Buffer | null
  readonly #top: TopBy<Buffer | null>

  constructor(identifier: Buffer, reader: DocumentReader, keep: number, descending: boolean) {
    this.#read = reading(identifier, reader)
    this.#top = new TopBy(keep, descending, (a, b) => {
      if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
      return descending ? Buffer.compare(b, a) : Buffer.compare(a, b)
    })
  }

  take(document: number): void {
    this.#top.push(this.#read(document), document)
  }

  refresh(): void {}

  kept(skip: number): number[] {
    return this.#top.take(skip).documents
  }

  sortKey(document: number): Buffer | null {
    const value = this.#read(document)
    return value === null ? null : stringKey(value)
  }
}

function reading(identifier: Buffer, reader: DocumentReader): (document: number) => Buffer | null {
  const out = new Range()
  const name = Range.of(identifier)
  return document => {
    if (!reader.open(document) || !reader.first(name, out) || reader.kind === 'null') return null
    return out.copy()
  }
}

function stringKey(text: Buffer): Buffer {
  return Buffer.concat([Buffer.from('$'), text])
}
