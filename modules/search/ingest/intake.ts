/* Intake -- a document read from its key and put into one index.
 *
 *      p:7  title "Old bridge"  year "1901"        fields ──> FieldValue a field ──> SearchIndex.put
 *           lang "english"      weight "0.5"       rules  ──> DocumentFacts
 *
 * The values of a document are looked at where they lie and never copied; whatever is read holds until the next write.
 * A document that cannot be indexed (no number where one belongs) leaves the index, and the failure is noted. */

import { ArenaFull, type Database, type EventDetail, parseDouble, Range } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { FieldValue } from '../index/field-index.ts'
import type { Field } from '../schema/schema.ts'
import { languageNumber } from '../text/stem/stemmers.ts'
import type { DocumentFilter } from './filter.ts'
import { EXTENT, type Source } from './source.ts'

/** Puts documents into one index. */
export class Intake {
  readonly index: Index
  readonly source: Source
  filter: DocumentFilter | null = null
  /** Called when no number is left for a document: the index must be built anew. */
  onFull: (() => void) | null = null
  readonly #now: () => number
  readonly #values: FieldValue[] = []
  readonly #changed: Field[] = []
  readonly #value = new Range()
  readonly #payload = new Range()
  readonly #facts: { language: number; score: number; payload: Range | null }

  /** @param now microseconds since an arbitrary moment. */
  constructor(index: Index, source: Source, now: () => number) {
    this.index = index
    this.source = source
    this.#now = now
    const { rules } = index.schema
    this.#facts = { language: rules.language, score: rules.score, payload: null }
    this.addFields()
  }

  /** Learn of fields that the schema has got since. */
  addFields(): void {
    this.source.addFields()
    while (this.#values.length < this.index.schema.fields.length) this.#values.push(new FieldValue())
  }

  /**
   * A key of a covered name may have changed; `record` is where it lies now, 0 when it is gone.
   * @param isScan whether it was there before, and is only met.
   */
  look(db: Database, key: Range, record: number, detail: EventDetail | undefined, isScan = false): void {
    const { index, source } = this
    if (record === 0 || db.typeOf(record) !== source.typeId) {
      index.structures.remove(key)
      return
    }
    const before = this.#now()
    if (detail === undefined || this.filter !== null || !this.#change(db, key, record, detail)) {
      source.open(db, record)
      this.#put(key, isScan)
    }
    index.indexingMicros += this.#now() - before
  }

  /**
   * A change inside a document that is there: what is not indexed costs nothing, fields without words are changed by
   * themselves. False when the whole document must be looked at.
   */
  #change(db: Database, key: Range, record: number, detail: EventDetail): boolean {
    const { source, index } = this
    const document = index.structures.documents.find(key)
    if (document === 0) return false
    const fields = this.#changed
    const extent = source.changed(detail, fields)
    if (extent !== EXTENT.some) return extent === EXTENT.none
    source.open(db, record)
    for (const field of fields) {
      const value = this.#values[field.number]!
      value.reset()
      if (source.read(field, value) !== null) return false
    }
    try {
      index.structures.change(document, key, fields, this.#values)
    } catch (error) {
      if (!(error instanceof ArenaFull)) throw error
      this.#note(-1, 'Out of memory', key)
    }
    return true
  }

  #put(key: Range, isScan: boolean): void {
    const { index, source } = this
    if (this.filter !== null && !this.filter.accepts(key, source, !isScan)) {
      // A scan leaves what was let in by a write as it is.
      if (!isScan) index.structures.remove(key)
      return
    }
    const { fields } = index.schema
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!
      const value = this.#values[i]!
      value.reset()
      const reason = source.read(field, value)
      if (reason === null) continue
      this.#note(i, reason, key)
      if (field.kind === 'shape') continue
      index.structures.remove(key)
      return
    }
    this.#readFacts()
    this.#store(key)
  }

  #store(key: Range): void {
    try {
      if (!this.index.structures.put(key, this.#values, this.#facts)) this.onFull?.()
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

  #readFacts(): void {
    const facts = this.#facts
    const value = this.#value
    const { source } = this
    const { rules } = this.index.schema
    facts.language = rules.language
    facts.score = rules.score
    facts.payload = null
    if (rules.languageField !== null && source.fact('languageField', value)) {
      const language = languageNumber(value.latin1())
      if (language >= 0) facts.language = language
    }
    if (rules.scoreField !== null && source.fact('scoreField', value)) {
      const score = parseDouble(value.buf, value.start, value.end)
      if (!Number.isNaN(score)) facts.score = score
    }
    if (rules.payloadField !== null && source.fact('payloadField', this.#payload)) facts.payload = this.#payload
  }
}
