/* Stemmers -- a word and its relations under one stem, in the languages of RediSearch.
 *
 * English is built in. The other Snowball languages come from two npm packages, `snowball-stemmers` in plain JavaScript and
 * `multilingual-stemmer` in WebAssembly for those that the first one lacks (see docs/decisions/few-dependencies.md). Each is
 * loaded when the first index asks for one of its languages: that takes some milliseconds and half a megabyte, which most
 * servers never need. Chinese has no stems. A language whose package is not there goes without stems too. */

import { createRequire } from 'node:module'
import { stemEnglish } from './english.ts'
import { loadWasmLibrary } from './wasm-library.ts'

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

/** What the plain package exports, as far as it is used. */
interface PlainLibrary {
  newStemmer(language: string): { stem(word: string): string }
  algorithms(): string[]
}

/** Stemmers by language number, made when first asked for. */
export class Stemmers {
  readonly #made = new Map<number, Stem | null>()

  /** The stemmer of a language, or null when its words are taken as they are. */
  for(language: number): Stem | null {
    let stem = this.#made.get(language)
    if (stem === undefined) {
      stem = make(LANGUAGES[language]!)
      this.#made.set(language, stem)
    }
    return stem
  }
}

function make(name: string): Stem | null {
  if (name === 'english') return stemEnglish
  if (name === 'chinese') return null
  const plain = loadPlainLibrary()
  if (plain?.algorithms().includes(name) === true) {
    const stemmer = plain.newStemmer(name)
    return word => stemmer.stem(word)
  }
  const wasm = loadWasmLibrary()
  const number = wasm?.Languages[name.charAt(0).toUpperCase() + name.slice(1)]
  if (wasm === null || number === undefined) return null
  const stemmer = new wasm.Stemmer(number)
  return word => stemmer.stem(word)
}

function loadPlainLibrary(): PlainLibrary | null {
  try {
    return createRequire(import.meta.url)('snowball-stemmers') as PlainLibrary
  } catch {
    // The package is not installed.
    return null
  }
}
