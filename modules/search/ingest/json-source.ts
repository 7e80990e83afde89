/* JSON source -- the values of a JSON document that an index's paths lead to.
 *
 *      $.name          "Fish pie"              one value
 *      $.tags[*]       "fish" "baked"          several
 *      $.tags          ["fish", "baked"]       one value that is a list: the same as several
 *
 * Strings are texts, tags and points; true and false are tags where they stand alone; numbers are numbers; null is as if
 * it were not there. Anything else keeps the document out. */

import { type Database, type EventDetail, type Host, Range } from 'redstrata/module'
import type { FieldValue } from '../index/field-index.ts'
import type { Field, Schema } from '../schema/schema.ts'
import {
  type JsonKind,
  type JsonPath,
  type JsonReader,
  type JsonService,
  jsonService,
  readJsonPath,
} from './json-service.ts'
import { EXTENT, type Extent, type FactField, type OwnFieldsOf, type Source } from './source.ts'
import { addTags, type Reason, readPoint, sortText } from './value.ts'

const TRUE = Range.of('true')
const FALSE = Range.of('false')

/** Reads JSON documents. */
export class JsonSource implements Source {
  readonly #service: JsonService | null
  readonly #reader: JsonReader | null
  readonly #schema: Schema
  readonly #ownOf: OwnFieldsOf
  readonly #paths: (JsonPath | null)[] = []
  readonly #facts: Readonly<Record<FactField, JsonPath | null>>
  readonly #named = new Map<string, JsonPath | null>()
  readonly #value = new Range()
  readonly #raw = new Range()

  constructor(host: Host, schema: Schema, ownOf: OwnFieldsOf) {
    this.#service = jsonService(host)
    this.#reader = this.#service?.reader() ?? null
    this.#schema = schema
    this.#ownOf = ownOf
    const { languageField, scoreField, payloadField } = schema.rules
    this.#facts = {
      languageField: this.#path(languageField),
      scoreField: this.#path(scoreField),
      payloadField: this.#path(payloadField),
    }
    this.addFields()
  }

  #path(text: Buffer | null): JsonPath | null {
    return text === null || this.#service === null ? null : this.#service.path(text.utf8Slice())
  }

  addFields(): void {
    for (const field of this.#schema.fields.slice(this.#paths.length)) {
      const path = this.#service === null ? null : readJsonPath(this.#service, field.identifier.utf8Slice())
      this.#paths.push(path)
      this.#named.set(field.name.latin1Slice(), path)
    }
  }

  get typeId(): number {
    return this.#service?.typeId ?? -1
  }

  open(db: Database, record: number): void {
    this.#reader!.openRecord(db, record)
  }

  read(field: Field, value: FieldValue): Reason | null {
    const path = this.#paths[field.number]!
    if (path === null) return null
    const reader = this.#reader!
    let count = reader.find(path)
    if (count === 0) return null
    if (count > 1) return this.#readSeveral(field, 0, count, value)
    const kind = reader.kind(0)
    if (kind === 'null') return null
    const reason = checkKind(field, kind)
    if (reason !== null) return reason
    value.present = true
    if (kind !== 'array') return this.#readOne(field, 0, kind, value)
    count = reader.count(0)
    if (field.kind === 'vector') return this.#readVector(field, 0, value)
    const first = reader.children(0)
    return this.#readSeveral(field, first, count, value)
  }

  #readOne(field: Field, n: number, kind: JsonKind, value: FieldValue): Reason | null {
    const reader = this.#reader!
    if (kind === 'number') {
      value.numbers.push(reader.number(n))
      return null
    }
    const text = kind === 'boolean' ? (reader.isTrue(n) ? TRUE : FALSE) : this.#string(n)
    return this.#readText(field, text, value)
  }

  #readText(field: Field, text: Range, value: FieldValue): Reason | null {
    switch (field.kind) {
      case 'text':
        value.nextText().set(text.buf, text.start, text.end)
        break
      case 'tag':
        addTags(field, text, value)
        break
      case 'geo': {
        const reason = readPoint(text, value)
        if (reason !== null) return reason
        break
      }
      default: {
        const parsed = this.#ownOf(field.kind)?.fromJson(field, text.text()) ?? null
        if (typeof parsed === 'string') return parsed
        value.own = parsed
      }
    }
    if (field.sortable && value.sortText === null) value.sortText = sortText(field, text)
    return null
  }

  /** Values `first` to `first + count`: all strings, or all numbers, with nulls in between. */
  #readSeveral(field: Field, first: number, count: number, value: FieldValue): Reason | null {
    if (field.kind === 'shape') return NOT_SEVERAL
    if (field.kind === 'vector') return this.#readVectors(field, first, count, value)
    value.present = true
    const wanted = field.kind === 'numeric' ? 'number' : 'string'
    for (let n = first; n < first + count; n++) {
      const kind = this.#reader!.kind(n)
      if (kind === 'null') continue
      if (kind !== wanted) return checkKind(field, kind) ?? `Invalid JSON type: ${WANTED[wanted]}`
      const reason = this.#readOne(field, n, kind, value)
      if (reason !== null) return reason
    }
    return null
  }

  /** An array of numbers, or of arrays of numbers. */
  #readVector(field: Field, n: number, value: FieldValue): Reason | null {
    const reader = this.#reader!
    const count = reader.count(n)
    const first = reader.children(n)
    if (count > 0 && reader.kind(first) !== 'number') return this.#readVectors(field, first, count, value)
    const numbers = this.#numbers(first, count)
    return numbers === null ? NOT_NUMBERS : this.#setVectors(field, [numbers], value)
  }

  #readVectors(field: Field, first: number, count: number, value: FieldValue): Reason | null {
    const reader = this.#reader!
    value.present = true
    const vectors: number[][] = []
    for (let n = first; n < first + count; n++) {
      if (reader.kind(n) === 'null') continue
      if (reader.kind(n) !== 'array') return NOT_NUMBERS
      const numbers = this.#numbers(reader.children(n), reader.count(n))
      if (numbers === null) return NOT_NUMBERS
      vectors.push(numbers)
    }
    return this.#setVectors(field, vectors, value)
  }

  #numbers(first: number, count: number): number[] | null {
    const reader = this.#reader!
    const numbers: number[] = []
    for (let n = first; n < first + count; n++) {
      if (reader.kind(n) !== 'number') return null
      numbers.push(reader.number(n))
    }
    return numbers
  }

  #setVectors(field: Field, vectors: readonly number[][], value: FieldValue): Reason | null {
    const parsed = this.#ownOf(field.kind)?.fromJson(field, vectors) ?? null
    if (typeof parsed === 'string') return parsed
    value.own = parsed
    return null
  }

  /** What a string says. One that had to be unescaped is copied: the next one would overwrite it. */
  #string(n: number): Range {
    const raw = this.#reader!.text(n, this.#raw)
    const said = this.#reader!.bytes(n, this.#value)
    return said.buf === raw.buf && said.start === raw.start + 1 ? said : Range.of(said.copy())
  }

  fact(field: FactField, out: Range): boolean {
    const path = this.#facts[field]
    return path !== null && this.#first(path, out)
  }

  get(name: string, out: Range): boolean {
    let path = this.#named.get(name)
    if (path === undefined && this.#service !== null) {
      path = readJsonPath(this.#service, Buffer.from(name, 'latin1').utf8Slice())
      this.#named.set(name, path)
    }
    return path != null && this.#first(path, out)
  }

  /** The first of what a path leads to, as text. */
  #first(path: JsonPath, out: Range): boolean {
    const reader = this.#reader!
    if (reader.find(path) === 0 || reader.kind(0) === 'null') return false
    reader.bytes(0, out)
    return true
  }

  changed(detail: EventDetail, into: Field[]): Extent {
    into.length = 0
    if (this.#service === null) return EXTENT.all
    for (const path of Object.values(this.#facts))
      if (path !== null && this.#service.touches(path, detail)) return EXTENT.all
    for (const field of this.#schema.fields) {
      const path = this.#paths[field.number]!
      if (path === null || !this.#service.touches(path, detail)) continue
      if (field.kind === 'text') return EXTENT.all
      into.push(field)
    }
    return into.length === 0 ? EXTENT.none : EXTENT.some
  }
}

const NOT_SEVERAL = 'Invalid JSON type: Array type can represent only TEXT, TAG, NUMERIC, GEO or VECTOR field'
const NOT_NUMBERS = 'Invalid vector length or type'

const WANTED = {
  number: 'Numeric fields can handle only numbers or nulls',
  string: 'Text, tag and geo fields can handle only strings or nulls',
} as const

/** Whether a kind of value may be in a kind of field; why not otherwise. */
function checkKind(field: Field, kind: JsonKind): Reason | null {
  switch (kind) {
    case 'string':
      if (field.kind === 'numeric' || field.kind === 'vector')
        return 'Invalid JSON type: String type can represent only TEXT, TAG, GEO or GEOMETRY field'
      return null
    case 'number':
      return field.kind === 'numeric' ? null : 'Invalid JSON type: Numeric type can represent only NUMERIC field'
    case 'boolean':
      return field.kind === 'tag' ? null : 'Invalid JSON type: Boolean type can be represent only TAG field'
    case 'array':
      return field.kind === 'shape' ? NOT_SEVERAL : null
    case 'object':
      return 'Invalid JSON type: Object type is not supported'
  }
  return null
}
