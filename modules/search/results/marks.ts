/* Marks -- HIGHLIGHT and SUMMARIZE on the values of rows.
 *
 * The words by which a document was found are asked of the query's iterators, on a second pass over the few documents that
 * are shown. */

import type { Range } from 'redstrata/module'
import type { MatchedTerm } from '../iterators/iterator.ts'
import type { Field } from '../schema/schema.ts'
import { languageNumber } from '../text/stem/stemmers.ts'
import type { DocumentReader } from './document.ts'
import { highlight, type SummaryOptions, summarize, type Tags } from './fragments.ts'
import { MatchedWords, type Vocabulary } from './matched-words.ts'

/** Marks the values of one document. */
export class Marker {
  readonly #words: MatchedWords
  /** What each term is worth, in the order in which places name them. */
  readonly #worths: number[] = []

  constructor(vocabulary: Vocabulary, terms: readonly MatchedTerm[], language: number) {
    this.#words = new MatchedWords(vocabulary, terms, language)
    const seen = new Set<string>()
    for (const { text, idf } of terms) {
      const key = text.latin1Slice()
      if (!seen.has(key)) this.#worths.push(idf)
      seen.add(key)
    }
  }

  /** A value with marks, or shortened, or both; null: as it is. */
  mark(value: Buffer, field: Field | null, tags: Tags | null, summary: SummaryOptions | null): Buffer | null {
    const places = field === null ? [] : this.#words.find(value, field)
    if (summary === null) return tags === null ? null : highlight(value, places, tags)
    // With both, a value without a match is left whole.
    if (tags !== null && !places.some(place => place.term >= 0)) return null
    return summarize(value, places, this.#worths, summary, tags)
  }
}

/** The language of a document: what its field says, or the index's. */
export function documentLanguage(
  reader: DocumentReader,
  identifier: Range | null,
  fallback: number,
  out: Range,
): number {
  if (identifier === null || reader.isJson || !reader.get(identifier, out)) return fallback
  const language = languageNumber(out.latin1())
  return language < 0 ? fallback : language
}
