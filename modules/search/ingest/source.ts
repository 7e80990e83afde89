/* Sources -- the values of a document, wherever they lie: in a hash (here), or in a JSON document (json-source.ts).
 *
 * One source serves one index: it knows the schema's fields by number. It looks at values where they are, so what it
 * names is good until the next write. */

import { type Database, type EventDetail, HashView, hashType, Range } from 'redstrata/module'
import type { FieldValue } from '../index/field-index.ts'
import type { Field, Rules, Schema } from '../schema/schema.ts'
import type { OwnFields } from './own-fields.ts'
import { type Reason, readHashValue } from './value.ts'

/** Finds what a kind of field brings along; null for kinds that need nothing. */
export type OwnFieldsOf = (kind: Field['kind']) => OwnFields | null

/** What a document's language, score and payload are read from. */
export type FactField = 'languageField' | 'scoreField' | 'payloadField'

/** What of a document must be looked at after a change: nothing, some fields without words, or everything. */
export type Extent = (typeof EXTENT)[keyof typeof EXTENT]
export const EXTENT = { none: 0, some: 1, all: 2 } as const

/** Reads the documents of one index. */
export interface Source {
  /** The type of the records that hold such documents; -1: none does at present. */
  readonly typeId: number
  /** Turn to a record of that type. */
  open(db: Database, record: number): void
  /** Read the value of a field of the schema; `value` was reset. Returns why it is none. */
  read(field: Field, value: FieldValue): Reason | null
  /** Read what LANGUAGE_FIELD, SCORE_FIELD or PAYLOAD_FIELD names; false when it is missing. */
  fact(field: FactField, out: Range): boolean
  /** Fill `out` with the value of a field by its name in queries, or by its name in the document. False when missing. */
  get(name: string, out: Range): boolean
  /** What a change of which `detail` is known means to the index; `into` is filled with the fields, for SOME. */
  changed(detail: EventDetail, into: Field[]): Extent
  /** Learn of fields that the schema has got since. */
  addFields(): void
}

/** Reads hashes. */
export class HashSource implements Source {
  readonly typeId: number = hashType.id
  readonly #schema: Schema
  readonly #ownOf: OwnFieldsOf
  readonly #identifiers: Range[] = []
  readonly #byName = new Map<string, Range>()
  /** Fields by what they are read from, as byte strings; null where the whole document depends on it. */
  readonly #known = new Map<string, Field[] | null>()
  readonly #facts: Readonly<Record<FactField, Range | null>>
  readonly #value = new Range()
  /** A lens of our own for each database: those of commands are theirs. */
  readonly #lenses: HashView[] = []
  #hash: HashView | null = null

  constructor(schema: Schema, ownOf: OwnFieldsOf) {
    this.#schema = schema
    this.#ownOf = ownOf
    const { rules } = schema
    this.#facts = {
      languageField: this.#factField(rules, 'languageField'),
      scoreField: this.#factField(rules, 'scoreField'),
      payloadField: this.#factField(rules, 'payloadField'),
    }
    this.addFields()
  }

  #factField(rules: Rules, name: FactField): Range | null {
    const field = rules[name]
    if (field === null) return null
    this.#known.set(field.latin1Slice(), null)
    return Range.of(field)
  }

  addFields(): void {
    for (const field of this.#schema.fields.slice(this.#identifiers.length)) {
      const identifier = Range.of(field.identifier)
      this.#identifiers.push(identifier)
      this.#byName.set(field.name.latin1Slice(), identifier)
      this.#know(field)
    }
  }

  #know(field: Field): void {
    const name = field.identifier.latin1Slice()
    const known = this.#known.get(name)
    if (known === null) return
    if (field.kind === 'text') this.#known.set(name, null)
    else if (known === undefined) this.#known.set(name, [field])
    else known.push(field)
  }

  open(db: Database, record: number): void {
    this.#hash = (this.#lenses[db.number] ??= new HashView(db)).bind(db, record)
  }

  read(field: Field, value: FieldValue): Reason | null {
    if (!this.#hash!.get(this.#identifiers[field.number]!, this.#value)) return null
    return readHashValue(field, this.#value, value, this.#ownOf(field.kind))
  }

  fact(field: FactField, out: Range): boolean {
    const name = this.#facts[field]
    return name !== null && this.#hash!.get(name, out)
  }

  get(name: string, out: Range): boolean {
    const identifier = this.#byName.get(name) ?? Range.of(Buffer.from(name, 'latin1'))
    return this.#hash!.get(identifier, out)
  }

  changed(detail: EventDetail, into: Field[]): Extent {
    into.length = 0
    for (const name of detail) {
      const fields = this.#known.get(typeof name === 'string' ? name : name.latin1Slice())
      if (fields === null) return EXTENT.all
      if (fields !== undefined) into.push(...fields)
    }
    return into.length === 0 ? EXTENT.none : EXTENT.some
  }
}
