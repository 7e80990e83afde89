/* Intake -- a document read from its key and put into one index.
 *
 *      hash p:7  title "Old bridge"  year "1901"        fields ──> FieldValue a field ──> SearchIndex.put
 *                lang "english"      weight "0.5"       rules  ──> DocumentFacts
 *
 * The values of a document are looked at where they lie and never copied; whatever is read holds until the next write.
 * A document that cannot be indexed (no number where one belongs) leaves the index, and the failure is noted. */

import { ArenaFull, type Database, type HashView, parseDouble, Range } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { FieldValue } from '../index/field-index.ts'
import type { Rules } from '../schema/schema.ts'
import { languageNumber } from '../text/stem/stemmers.ts'
import type { OwnFields } from './own-fields.ts'
import { readHashValue } from './value.ts'

/** Where the values of a document come from: a hash, or a JSON document. */
export interface Source {
  /** Fill `out` with the value of a field of a hash, or of a path. False when it is missing. */
  get(name: Range, out: Range): boolean
}

/** Decides whether a document belongs to an index, by its FILTER. */
export interface DocumentFilter {
  accepts(db: Database, key: Range, source: Source): boolean
}

/** Puts documents into one index. */
export class Intake {
  readonly index: Index
  filter: DocumentFilter | null = null
  readonly #ownOf: (kind: string) => OwnFields | null
  readonly #values: FieldValue[] = []
  readonly #identifiers: Range[] = []
  readonly #value = new Range()
  readonly #payload = new Range()
  readonly #facts: { language: number; score: number; payload: Range | null }
  readonly #languageField: Range | null
  readonly #scoreField: Range | null
  readonly #payloadField: Range | null

  constructor(index: Index, ownOf: (kind: string) => OwnFields | null) {
    this.index = index
    this.#ownOf = ownOf
    const { rules } = index.schema
    this.#facts = { language: rules.language, score: rules.score, payload: null }
    this.#languageField = rules.languageField === null ? null : Range.of(rules.languageField)
    this.#scoreField = rules.scoreField === null ? null : Range.of(rules.scoreField)
    this.#payloadField = rules.payloadField === null ? null : Range.of(rules.payloadField)
    this.addFields()
  }

  /** Learn of fields that the schema has got since. */
  addFields(): void {
    for (const field of this.index.schema.fields.slice(this.#values.length)) {
      this.#values.push(new FieldValue())
      this.#identifiers.push(Range.of(field.identifier))
    }
  }

  /** Index a hash, or take it out when it does not belong there any more. */
  put(db: Database, key: Range, hash: HashView): void {
    const { index } = this
    if (this.filter !== null && !this.filter.accepts(db, key, hash)) {
      index.structures.remove(key)
      return
    }
    const { fields } = index.schema
    for (let i = 0; i < fields.length; i++) {
      const value = this.#values[i]!
      value.reset()
      if (!hash.get(this.#identifiers[i]!, this.#value)) continue
      const field = fields[i]!
      const reason = readHashValue(field, this.#value, value, this.#ownOf(field.kind))
      if (reason === null) continue
      this.#note(i, reason, key)
      if (field.kind === 'shape') continue
      index.structures.remove(key)
      return
    }
    this.#readFacts(hash, index.schema.rules)
    this.#store(key)
  }

  #store(key: Range): void {
    try {
      this.index.structures.put(key, this.#values, this.#facts)
    } catch (error) {
      if (!(error instanceof ArenaFull)) throw error
      // The write itself is done and may not fail for it: the document is missing from the index, and FT.INFO says so.
      this.#note(-1, 'Out of memory', key)
    }
  }

  #note(field: number, reason: string, key: Range): void {
    const name = key.copy()
    this.index.failures.note(reason, name)
    if (field >= 0) this.index.fieldFailures[field]!.note(reason, name)
  }

  #readFacts(source: Source, rules: Rules): void {
    const facts = this.#facts
    const value = this.#value
    facts.language = rules.language
    facts.score = rules.score
    facts.payload = null
    if (this.#languageField !== null && source.get(this.#languageField, value)) {
      const language = languageNumber(value.latin1())
      if (language >= 0) facts.language = language
    }
    if (this.#scoreField !== null && source.get(this.#scoreField, value)) {
      const score = parseDouble(value.buf, value.start, value.end)
      if (!Number.isNaN(score)) facts.score = score
    }
    if (this.#payloadField !== null && source.get(this.#payloadField, this.#payload)) facts.payload = this.#payload
  }
}
