import { Range } from '../../../core/base/bytes.ts'
import { Memory } from '../../../core/memory/arena.ts'
import type { FieldValue } from '../../../modules/search/index/field-index.ts'
import { FieldValue as Value } from '../../../modules/search/index/field-index.ts'
import { encodePoint } from '../../../modules/search/index/geo.ts'
import { SearchIndex } from '../../../modules/search/index/search-index.ts'
import { defaultRules } from '../../../modules/search/schema/parse.ts'
import type { Field, FieldKind, Rules, Schema } from '../../../modules/search/schema/schema.ts'
import { Stemmers } from '../../../modules/search/text/stem/stemmers.ts'
import { lowered } from '../../../modules/search/text/lower.ts'
import { TEST_KEY } from './random.ts'

export type FieldSpec = Partial<Omit<Field, 'name' | 'kind'>> & { name: string; kind: FieldKind }

/** A schema of these fields, everything else as FT.CREATE has it when nothing is said. */
export function makeSchema(specs: readonly FieldSpec[], rules: Partial<Rules> = {}): Schema {
  let bits = 0
  const fields = specs.map(
    (spec, number): Field => ({
      number,
      identifier: Buffer.from(spec.name),
      sortable: false,
      unnormalized: false,
      noIndex: false,
      indexEmpty: false,
      indexMissing: false,
      suffixTrie: false,
      bit: spec.kind === 'text' ? bits++ : -1,
      weight: 1,
      noStem: false,
      phonetic: '',
      separator: ',',
      caseSensitive: false,
      details: [],
      ...spec,
      name: Buffer.from(spec.name),
    }),
  )
  return {
    name: Buffer.from('idx'),
    fields,
    rules: {
      ...defaultRules(),
      ...rules,
    },
  }
}

/** An index over a schema, with ways to put plain values in. */
export class TestIndex {
  readonly memory: Memory
  readonly schema: Schema
  readonly index: SearchIndex
  readonly #values: FieldValue[]
  readonly #key = new Range()

  constructor(specs: readonly FieldSpec[], rules: Partial<Rules> = {}, memory: Memory = new Memory()) {
    this.memory = memory
    this.schema = makeSchema(specs, rules)
    this.index = new SearchIndex(memory, TEST_KEY, this.schema, new Stemmers(), () => null)
    this.#values = this.schema.fields.map(() => new Value())
  }

  /** Put a document: a text, a tag or list of tags, a number or list of numbers, a [longitude, latitude] for each field. */
  put(
    key: string,
    document: Record<string, string | number | string[] | number[]>,
    score = 1,
    payload: string | null = null,
  ): void {
    for (const field of this.schema.fields)
      setValue(field, this.#values[field.number]!, document[field.name.toString()])
    const bytes = Buffer.from(key)
    this.index.put(this.#key.set(bytes, 0, bytes.length), this.#values, {
      language: this.schema.rules.language,
      score,
      payload: payload === null ? null : Range.of(payload),
    })
  }

  remove(key: string): boolean {
    return this.index.remove(Range.of(key))
  }

  key(document: number): string {
    return this.index.documents.key(document, this.#key) ? this.#key.text() : ''
  }
}

function setValue(field: Field, value: FieldValue, content: string | number | string[] | number[] | undefined): void {
  value.reset()
  if (content === undefined) return
  value.present = true
  const list = (Array.isArray(content) ? content : [content]) as (string | number)[]
  switch (field.kind) {
    case 'text':
      for (const text of list) {
        const bytes = Buffer.from(String(text))
        value.nextText().set(bytes, 0, bytes.length)
      }
      break
    case 'numeric':
      value.numbers = list.map(Number)
      break
    case 'geo':
      value.numbers = [encodePoint(Number(list[0]), Number(list[1]))]
      break
    case 'tag': {
      const tags = list.map(tag => lowered(Buffer.from(String(tag))))
      value.tags = tags.filter((tag, i) => tags.findIndex(other => other.equals(tag)) === i)
    }
  }
  if (field.sortable && field.kind !== 'numeric') value.sortText = lowered(Buffer.from(String(list[0])))
}
