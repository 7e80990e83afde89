/* Matched words -- which words of a text are those that a document was found by.
 *
 * The index knows the terms that matched: words, and marks for what words stand for (`+` a stem, `~` a synonym group, `<` a
 * sound). Where they stand in the text as it was written is found by cutting the text into tokens again:
 *
 *      terms  bridge, +bridg         the old bridge and its bridges
 *                                            ------         -------
 *                                            term 0         term 1, by its stem
 *
 * So the index keeps no places in bytes. A long text takes long to cut: a pause in the middle is remembered, and who asks for the
 * same text again goes on from there. A field shows the marks that were indexed for it: no stems under NOSTEM. */

import type { MatchedTerm, Watch } from '../iterators/iterator.ts'
import type { Field } from '../schema/schema.ts'
import { ChineseWords } from '../text/chinese.ts'
import { doubleMetaphone } from '../text/phonetic.ts'
import { CHINESE, type Stem, type Stemmers } from '../text/stem/stemmers.ts'
import type { StopWords } from '../text/stop-words.ts'
import type { Synonyms } from '../text/synonyms.ts'
import type { Tokenizer } from '../text/tokenizer.ts'

/** A matched word of a text. */
export interface Place {
  /** Where it stands, in bytes. */
  readonly start: number
  readonly end: number
  /** How many words come before it, stop words not counted. */
  readonly position: number
  /** Which of the matched terms it is. */
  readonly term: number
}

/** A text that was cut into words up to a place. */
interface Unfinished {
  readonly text: Buffer
  readonly field: Field
  readonly places: Place[]
  readonly at: number
  readonly position: number
}

/** What words mean in the texts of an index. */
export interface Vocabulary {
  readonly tokenizer: Tokenizer
  readonly stopWords: StopWords
  readonly stemmers: Stemmers
  readonly synonyms: Synonyms
}

const STEM_MARK = '+'
const SYNONYM_MARK = '~'
const SOUND_MARK = '<'
/** Words whose meaning is remembered while one document is shown. */
const REMEMBERED_MAX = 10_000
/** Words from one tick to the next. */
const WORDS_A_TICK = 64

/** Finds words in the texts of one document. */
export class MatchedWords {
  readonly #vocabulary: Vocabulary
  readonly #language: number
  /** Terms as byte strings, and which of them they are. */
  readonly #terms = new Map<string, number>()
  readonly #hasMarks: Record<typeof STEM_MARK | typeof SYNONYM_MARK | typeof SOUND_MARK, boolean>
  readonly #remembered = new Map<string, number>()
  #rememberedFor: Field | null = null
  readonly #watch: Watch | null
  #unfinished: Unfinished | null = null

  /**
   * @param terms those that the document was found by. @param language the document's.
   * @param watch may throw to pause; null: a text is cut in one go.
   */
  constructor(vocabulary: Vocabulary, terms: readonly MatchedTerm[], language: number, watch: Watch | null = null) {
    this.#vocabulary = vocabulary
    this.#watch = watch
    this.#language = language
    for (const { text } of terms) {
      const key = text.latin1Slice()
      if (!this.#terms.has(key)) this.#terms.set(key, this.#terms.size)
    }
    const has = (mark: string) => [...this.#terms.keys()].some(term => term.startsWith(mark))
    this.#hasMarks = { '+': has(STEM_MARK), '~': has(SYNONYM_MARK), '<': has(SOUND_MARK) }
  }

  /** The matched words of a field's text, in order. @throws what the watch throws; asked again, it goes on. */
  find(text: Buffer, field: Field): Place[] {
    if (this.#rememberedFor !== field) this.#remembered.clear()
    this.#rememberedFor = field
    if (text.length === 0) return this.#findEmpty()
    return this.#language === CHINESE ? this.#findChinese(text, field) : this.#findTokens(text, field)
  }

  /** An empty text has no words, but where the empty word was looked for it is one. */
  #findEmpty(): Place[] {
    const term = this.#terms.get('')
    return term === undefined ? [] : [{ start: 0, end: 0, position: 1, term }]
  }

  #findTokens(text: Buffer, field: Field): Place[] {
    const { tokenizer, stopWords } = this.#vocabulary
    const begun = this.#unfinished
    const isBegun = begun !== null && begun.field === field && begun.text.equals(text)
    const places = isBegun ? begun.places : []
    tokenizer.begin(text, isBegun ? begun.at : 0, text.length, stopWords, isBegun ? begun.position : 0)
    for (let words = 1; tokenizer.next(); words++) {
      const word = tokenizer.bytes.latin1Slice(tokenizer.start, tokenizer.end)
      const term = this.#termOf(word, field)
      if (term >= 0)
        places.push({ start: tokenizer.rawStart, end: tokenizer.rawEnd, position: tokenizer.position, term })
      if (words % WORDS_A_TICK === 0) this.#tick(text, field, places)
    }
    this.#unfinished = null
    return places
  }

  #tick(text: Buffer, field: Field, places: Place[]): void {
    const { reached, position } = this.#vocabulary.tokenizer
    try {
      this.#watch?.tick()
    } catch (thrown) {
      this.#unfinished = { text, field, places, at: reached, position }
      throw thrown
    }
  }

  #findChinese(text: Buffer, field: Field): Place[] {
    const words = new ChineseWords().cut(text, this.#vocabulary.stopWords)
    const places = words.map(({ text: word, start, end }, i) => {
      return { start, end, position: i + 1, term: this.#termOf(word.latin1Slice(), field) }
    })
    return places.filter(({ term }) => term >= 0)
  }

  /** The term that a word, as a byte string, is or stands for; -1 when it is none. */
  #termOf(word: string, field: Field): number {
    const direct = this.#terms.get(word)
    if (direct !== undefined) return direct
    const marks = this.#hasMarks
    if (!marks[STEM_MARK] && !marks[SYNONYM_MARK] && !marks[SOUND_MARK]) return -1
    const known = this.#remembered.get(word)
    if (known !== undefined) return known
    const term = this.#markedTermOf(word, field)
    if (this.#remembered.size < REMEMBERED_MAX) this.#remembered.set(word, term)
    return term
  }

  #markedTermOf(word: string, field: Field): number {
    const bytes = Buffer.from(word, 'latin1')
    const { stemmers, synonyms } = this.#vocabulary
    if (this.#hasMarks[STEM_MARK] && !field.noStem) {
      const term = this.#stemOf(bytes, stemmers.for(this.#language))
      if (term >= 0) return term
    }
    if (this.#hasMarks[SYNONYM_MARK])
      for (const group of synonyms.find(bytes, 0, bytes.length) ?? []) {
        const term = this.#terms.get(SYNONYM_MARK + group)
        if (term !== undefined) return term
      }
    if (!this.#hasMarks[SOUND_MARK] || field.phonetic === '') return -1
    return this.#terms.get(SOUND_MARK + doubleMetaphone(bytes.utf8Slice())) ?? -1
  }

  #stemOf(bytes: Buffer, stem: Stem | null): number {
    if (stem === null) return -1
    return this.#terms.get(STEM_MARK + Buffer.from(stem(bytes.utf8Slice())).latin1Slice()) ?? -1
  }
}
