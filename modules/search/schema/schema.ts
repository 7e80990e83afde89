/* Schema -- what an index looks at: its fields, and its rules for documents. Parsed by schema/parse.ts from FT.CREATE. */

import type { StopWords } from '../text/stop-words.ts'

export type FieldKind = 'text' | 'tag' | 'numeric' | 'geo' | 'vector' | 'shape'

/** A field of an index. */
export interface Field {
  /** Place in the schema. */
  readonly number: number
  /** The field of a hash, or the path in a JSON document. */
  readonly identifier: Buffer
  /** The name in queries: what AS gave it, or the identifier. */
  readonly name: Buffer
  readonly kind: FieldKind
  readonly sortable: boolean
  /** The sortable form is the value as it is, not in lower case. */
  readonly unnormalized: boolean
  readonly noIndex: boolean
  readonly indexEmpty: boolean
  readonly indexMissing: boolean
  readonly suffixTrie: boolean
  /** TEXT: its number among the TEXT fields, -1 for other kinds. */
  readonly bit: number
  readonly weight: number
  readonly noStem: boolean
  /** TEXT: `dm:en` and the like; empty: no matching by sound. */
  readonly phonetic: string
  /** TAG: what separates values; empty for JSON, where array elements are values. */
  readonly separator: string
  readonly caseSensitive: boolean
  /** VECTOR and GEOSHAPE: what the field's own index was made with, as it was given. */
  readonly details: readonly (readonly [string, string | number])[]
}

/** What an index takes in, and how. */
export interface Rules {
  readonly source: 'hash' | 'json'
  readonly prefixes: readonly Buffer[]
  /** Text of the FILTER expression; empty when there is none. */
  readonly filter: Buffer
  readonly language: number
  /** Whether LANGUAGE was given. */
  readonly hasLanguage: boolean
  readonly languageField: Buffer | null
  readonly score: number
  readonly scoreField: Buffer | null
  readonly payloadField: Buffer | null
  readonly stopWords: StopWords
  /** Whether STOPWORDS was given. */
  readonly hasStopWords: boolean
  readonly offsets: boolean
  readonly highlights: boolean
  readonly fieldMasks: boolean
  readonly freqs: boolean
  readonly maxTextFields: boolean
  /** TEMPORARY: seconds without use; 0: for ever. */
  readonly lifetime: number
  readonly skipInitialScan: boolean
}

/** The schema of an index. Fields are only ever added. */
export interface Schema {
  readonly name: Buffer
  readonly rules: Rules
  readonly fields: Field[]
}

/** The field of a name, or null. */
export function fieldNamed(schema: Schema, name: Buffer): Field | null {
  for (const field of schema.fields) if (field.name.equals(name)) return field
  return null
}

/** Names of the TEXT fields by their bit, as byte strings. */
export function textFieldNames(schema: Schema): string[] {
  return schema.fields.filter(field => field.kind === 'text').map(field => field.name.latin1Slice())
}
