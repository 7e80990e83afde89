/* Marks -- HIGHLIGHT and SUMMARIZE on the values of rows.
 *
 * The words by which a document was found are asked of the query's iterators, on a second pass over the few documents that
 * are shown. A row whose marking was paused is written anew from its beginning: values that were marked before are kept until
 * then, in the order in which a row asks for them. */

import type { Range } from 'redstrata/module'
import type { MatchedTerm, Watch } from '../iterators/iterator.ts'
import type { Field } from '../schema/schema.ts'
import { languageNumber } from '../text/stem/stemmers.ts'
import type { DocumentReader } from './document.ts'
import { highlight, type SummaryOptions, summarize, type Tags } from './fragments.ts'
import { MatchedWords, type Vocabulary } from './matched-words.ts'

/** A value that is marked. */
interface Marked {
  readonly value: Buffer
  readonly field: Field | null
  readonly marked: Buffer | null
}

/** Marks the values of one document. */
export class Marker {
  /** Values of the row so far, and how many of them were asked for since its beginning. */
  readonly #done: Marked[] = []
  #asked = 0
  readonly #words: MatchedWords
  /** What each term is worth, in the order in which places name them. */
  readonly #worths: number[] = []

  /** @param watch may throw to pause; null: there are no pauses. */
  constructor(vocabulary: Vocabulary, terms: readonly MatchedTerm[], language: number, watch: Watch | null) {
    this.#words = new MatchedWords(vocabulary, terms, language, watch)
    const seen = new Set<string>()
    for (const { text, idf } of terms) {
      const key = text.latin1Slice()
      if (!seen.has(key)) this.#worths.push(idf)
      seen.add(key)
    }
  }

  /** The row is written from its beginning. */
  restart(): void {
    this.#asked = 0
  }

  /**
   * A value with marks, or shortened, or both; null: as it is.
   * @throws what the watch throws; when the row is written again, it goes on.
   */
  mark(value: Buffer, field: Field | null, tags: Tags | null, summary: SummaryOptions | null): Buffer | null {
    const known = this.#done[this.#asked]
    if (known === undefined || known.field !== field || !known.value.equals(value)) {
      this.#done.length = this.#asked
      this.#done.push({ value, field, marked: this.#mark(value, field, tags, summary) })
    }
    return this.#done[this.#asked++]!.marked
  }

  #mark(value: Buffer, field: Field | null, tags: Tags | null, summary: SummaryOptions | null): Buffer | null {
    const places = field === null ? [] : this.#words.find(value, field)
    if (summary === null) return tags === null ? null : highlight(value, places, tags)
    // With both, a value without a match is left whole.
    if (tags !== null && places.length === 0) return null
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
