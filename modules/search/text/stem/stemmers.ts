/* Stemmers -- a word and its relations under one stem, in the languages of RediSearch.
 *
 * English is built in. The other Snowball languages come from the npm package snowball-stemmers (compared with
 * libstemmer 2.2.0 by its users' tests and ours), which is loaded when the first index asks for one of them: it takes
 * 16 ms and half a megabyte that most servers never need. A language that has no stemmer is indexed without stems,
 * as in RediSearch. */

import { createRequire } from 'node:module'
import { stemEnglish } from './english.ts'

/** Turns a lower-case word into its stem. */
export type Stem = (word: string) => string

/** The languages that LANGUAGE takes. */
export const LANGUAGES: readonly string[] = [
  'arabic',
  'armenian',
  'basque',
  'catalan',
  'chinese',
  'danish',
  'dutch',
  'english',
  'estonian',
  'finnish',
  'french',
  'german',
  'greek',
  'hindi',
  'hungarian',
  'indonesian',
  'irish',
  'italian',
  'lithuanian',
  'nepali',
  'norwegian',
  'portuguese',
  'romanian',
  'russian',
  'serbian',
  'spanish',
  'swedish',
  'tamil',
  'turkish',
  'yiddish',
]

/** The language of this name in any case, as a number; -1 when there is none. */
export function languageNumber(name: string): number {
  return LANGUAGES.indexOf(name.toLowerCase())
}

/** The language of an index that names none. */
export const ENGLISH: number = LANGUAGES.indexOf('english')
/** The language whose text is cut into words by a dictionary. */
export const CHINESE: number = LANGUAGES.indexOf('chinese')

interface Library {
  newStemmer(language: string): { stem(word: string): string }
  algorithms(): string[]
}

/** Stemmers by language number, made when first asked for. */
export class Stemmers {
  readonly #made = new Map<number, Stem | null>()
  #library: Library | null | undefined

  /** The stemmer of a language, or null when its words are taken as they are. */
  for(language: number): Stem | null {
    let stem = this.#made.get(language)
    if (stem === undefined) {
      stem = this.#make(LANGUAGES[language]!)
      this.#made.set(language, stem)
    }
    return stem
  }

  #make(name: string): Stem | null {
    if (name === 'english') return stemEnglish
    if (this.#library === undefined) this.#library = loadLibrary()
    if (this.#library === null || !this.#library.algorithms().includes(name)) return null
    const stemmer = this.#library.newStemmer(name)
    return word => stemmer.stem(word)
  }
}

function loadLibrary(): Library | null {
  try {
    return createRequire(import.meta.url)('snowball-stemmers') as Library
  } catch {
    // The package is not installed: every language but English goes without stems.
    return null
  }
}
