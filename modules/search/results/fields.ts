/* Fields -- what of a document a row shows, in which order.
 *
 *      RETURN 2 name price        name, price
 *      SORTBY price RETURN ...    price first, when it is among those returned
 *      (no RETURN)                the field sorted by, what the query yields, what HIGHLIGHT and SUMMARIZE name, the rest
 *
 * A NUMERIC field that RETURN names is shown as the number that it is (`4`, not `4.0`): from the index when that keeps it
 * for sorting, otherwise read from the document. Everything else is shown as the document says it. */

import { parseDouble, Range, replyError } from 'redstrata/module'
import type { NamedField, SearchOptions } from '../commands/search-options.ts'
import type { SearchIndex } from '../index/search-index.ts'
import type { YieldedNumber, Yields } from '../plan/yields.ts'
import { type Field, fieldNamed, type Schema } from '../schema/schema.ts'
import type { DocumentReader } from './document.ts'
import type { SummaryOptions, Tags } from './fragments.ts'
import { numberText } from './number-text.ts'

/** What came of reading a field. */
export type Found = 'nothing' | 'null' | 'text'

/** Where a value comes from. */
type Source =
  | { readonly from: 'document'; readonly identifier: Range; readonly asList: boolean; readonly asNumber: boolean }
  | { readonly from: 'number'; readonly value: YieldedNumber }
  | { readonly from: 'key' }
  | { readonly from: 'nowhere' }

/** A field that rows show. */
export interface ShownField {
  readonly name: Range
  readonly source: Source
  /** The TEXT field that it is, whose words can be marked; null for others. */
  readonly text: Field | null
  readonly tags: Tags | null
  readonly summary: SummaryOptions | null
}

/** What rows show. */
export interface ShownFields {
  readonly fields: readonly ShownField[]
  /** Whether the other fields of the document follow. */
  readonly andTheRest: boolean
  /** Names that are not shown: those of `fields`, and of the fields that hold a document's score, language and payload. */
  readonly hidden: ReadonlySet<string>
  /** For the rest. */
  readonly tags: Tags | null
  readonly summary: SummaryOptions | null
}

/** Everything as the document has it. */
export const ALL_AS_IT_IS: ShownFields = { fields: [], andTheRest: true, hidden: new Set(), tags: null, summary: null }

/** What the rows of a query show. */
export function shownFields(
  options: SearchOptions,
  structures: SearchIndex,
  reader: DocumentReader,
  yields: Yields,
): ShownFields {
  if (showsAll(options, structures.schema) && yields.size === 0) return ALL_AS_IT_IS
  const chooser = new Chooser(options, structures, reader, yields)
  const { sortBy, returns, tags, summary } = options
  if (sortBy !== null && (!returns || options.fieldsByName.get(sortBy.latin1Slice())?.isReturned))
    chooser.add(sortBy, sortBy)
  if (!returns) for (const name of yields.keys()) chooser.add(Buffer.from(name, 'latin1'))
  for (const field of options.fields) if (!returns || field.isReturned) chooser.add(field.name, field.path)
  return { fields: chooser.fields, andTheRest: !returns, hidden: chooser.hidden, tags, summary }
}

function showsAll(options: SearchOptions, { rules }: Schema): boolean {
  const { sortBy, returns, tags, summary, fields, noContent } = options
  if (noContent) return true
  if (sortBy !== null || returns || tags !== null || summary !== null || fields.length > 0) return false
  return rules.languageField === null && rules.scoreField === null && rules.payloadField === null
}

class Chooser {
  readonly fields: ShownField[] = []
  readonly hidden: Set<string> = new Set()
  readonly #options: SearchOptions
  readonly #structures: SearchIndex
  readonly #reader: DocumentReader
  readonly #yields: Yields

  constructor(options: SearchOptions, structures: SearchIndex, reader: DocumentReader, yields: Yields) {
    this.#options = options
    this.#structures = structures
    this.#reader = reader
    this.#yields = yields
    const { languageField, scoreField, payloadField } = structures.schema.rules
    for (const name of [languageField, scoreField, payloadField]) if (name !== null) this.hidden.add(name.latin1Slice())
  }

  /** Show a field, unless it is shown already or is never shown. */
  add(name: Buffer, path: Buffer = name): void {
    const key = name.latin1Slice()
    if (this.hidden.has(key)) return
    this.hidden.add(key)
    const named = this.#options.fieldsByName.get(key)
    const field = fieldNamed(this.#structures.schema, path)
    this.fields.push({
      name: Range.of(name),
      source: this.#sourceOf(path, field),
      text: field?.kind === 'text' ? field : null,
      tags: named?.tags ?? this.#options.tags,
      summary: named?.summary ?? this.#options.summary,
    })
  }

  #sourceOf(path: Buffer, field: Field | null): Source {
    const yielded = this.#yields.get(path.latin1Slice())
    if (yielded !== undefined) return { from: 'number', value: yielded }
    const numbers = field === null ? null : this.#structures.fields[field.number]!.numbers
    const { isJson } = this.#reader
    const isNumber = field?.kind === 'numeric' && (isJson || this.#options.returns)
    if (isNumber && field.sortable && numbers !== null)
      return { from: 'number', value: document => numbers.value(document) }
    if (path.latin1Slice() === '__key') return { from: 'key' }
    const asList = isJson && this.#options.showsSeveral && field?.sortable !== true
    const asNumber = isNumber && !isJson
    return { from: 'document', identifier: Range.of(field?.identifier ?? path), asList, asNumber }
  }
}

/** Fields that HIGHLIGHT and SUMMARIZE name must be known. @throws "No such property" */
export function checkNamedFields(fields: readonly NamedField[], schema: Schema): void {
  for (const { isReturned, name } of fields)
    if (!isReturned && fieldNamed(schema, name) === null) throw replyError(`No such property \`${name.latin1Slice()}\``)
}

/** Read what a field shows of the document that the reader stands on. */
export function readField(field: ShownField, document: number, reader: DocumentReader, out: Range): Found {
  const { source } = field
  switch (source.from) {
    case 'document': {
      const { identifier, asList, asNumber } = source
      if (!(asList ? reader.get(identifier, out) : reader.first(identifier, out))) return 'nothing'
      if (asNumber) {
        const value = parseDouble(out.buf, out.start, out.end)
        if (!Number.isNaN(value)) setNumber(out, value)
      }
      return reader.kind === 'null' ? 'null' : 'text'
    }
    case 'number': {
      const value = source.value(document)
      if (Number.isNaN(value)) return 'nothing'
      setNumber(out, value)
      return 'text'
    }
    case 'key':
      return reader.key(document, out) ? 'text' : 'nothing'
    case 'nowhere':
      return 'nothing'
  }
}

function setNumber(out: Range, value: number): void {
  const text = Buffer.from(numberText(value))
  out.set(text, 0, text.length)
}
