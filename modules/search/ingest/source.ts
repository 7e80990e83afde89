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
  /** Whether a change of which `detail` is known may concern the index at all. */
  concerns(detail: EventDetail): boolean
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
  /** Fields that matter to the index, as byte strings. */
  readonly #known = new Set<string>()
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
    this.#known.add(field.latin1Slice())
    return Range.of(field)
  }

  addFields(): void {
    for (const field of this.#schema.fields.slice(this.#identifiers.length)) {
      const identifier = Range.of(field.identifier)
      this.#identifiers.push(identifier)
      this.#byName.set(field.name.latin1Slice(), identifier)
      this.#known.add(field.identifier.latin1Slice())
    }
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

  concerns(detail: EventDetail): boolean {
    for (const field of detail)
      if (this.#known.has(typeof field === 'string' ? field : field.latin1Slice())) return true
    return false
  }
}
