/* Text writer -- the words of a document, gathered over its fields and then added to the posting lists.
 *
 *      title: "old bridge"   body: "the bridge is old and long"
 *
 *      entry   term      freq   fields         positions           every field's words count on from the last one's,
 *        0     old        3     title, body    1, 4                so a phrase may run from one field into the next
 *        1     bridge     3     title, body    2, 3
 *        2     long       1     body           5                   (the title weighs 2; "the", "is", "and" are stop words)
 *
 * A term appears once in a document's entries however often it occurs; a small table leads from the term's record to
 * its entry. Occurrences are kept in the order of the text as (entry, position) pairs and grouped by entry at the end.
 * With each word come, where the field wants them, its stem (as "+stem", a fifth of the weight), its sound ("<code") and
 * its synonym groups ("~group"), at the same position. */

import type { Address, Memory, Range } from 'redstrata/module'
import type { FieldSets } from '../index/field-sets.ts'
import { MASK_WORDS } from '../index/field-sets.ts'
import type { Terms } from '../index/terms.ts'
import { ChineseWords } from '../text/chinese.ts'
import { doubleMetaphone } from '../text/phonetic.ts'
import { CHINESE, type Stem, type Stemmers } from '../text/stem/stemmers.ts'
import type { StopWords } from '../text/stop-words.ts'
import { SYNONYM_MARK, type Synonyms } from '../text/synonyms.ts'
import { Tokenizer } from '../text/tokenizer.ts'

/** The first byte of a term that stands for a stem, and for a sound. */
export const STEM_MARK = 0x2b
export const SOUND_MARK = 0x3c

/** What settings of the module say of texts. */
export interface TextLimits {
  /** Bytes that a word must have to be stemmed, and to be sounded. */
  readonly stemBytesMin: number
  readonly soundBytesMin: number
  /** How far apart the words of two values of an array are. */
  readonly valueSlop: number
}

/** The limits that hold when nothing is said. */
export const TEXT_LIMITS: TextLimits = { stemBytesMin: 4, soundBytesMin: 3, valueSlop: 100 }
const STEM_WEIGHT = 0.2
/** What an impact of 1 is as a whole number. */
export const IMPACT_SCALE: number = 1 << 24
/** Entries of the stem cache: powers of two. */
const CACHE_MIN = 1 << 10
const CACHE_MAX = 1 << 15

/** How the words of a field are indexed. */
export interface TextField {
  /** Number of the TEXT field. */
  readonly bit: number
  readonly weight: number
  readonly stems: boolean
  readonly sounds: boolean
}

/** Gathers one document at a time. */
export class TextWriter {
  readonly #terms: Terms
  readonly #sets: FieldSets
  readonly #stemmers: Stemmers
  readonly #tokenizer: Tokenizer
  readonly #limits: TextLimits
  #chinese: ChineseWords | null = null

  #entries = 0
  #records = new Int32Array(64)
  #freqs = new Int32Array(64)
  #masks = new Int32Array(64 * MASK_WORDS)
  #counts = new Int32Array(64)
  #slots = new Int32Array(256)
  #occurrences = 0
  #entryOf = new Int32Array(256)
  #positionOf = new Int32Array(256)
  #grouped = new Int32Array(256)
  #position = 0
  #language = 0
  #stem: Stem | null = null

  /** The greatest frequency of a term, and the weighted number of words. */
  norm = 0
  length = 0

  // Stems by term record, so that a word that was met lately is not stemmed again.
  #cachedTerms = new Int32Array(CACHE_MIN)
  #cachedLanguages = new Uint8Array(CACHE_MIN)
  #cachedStems = new Int32Array(CACHE_MIN)

  constructor(memory: Memory, terms: Terms, sets: FieldSets, stemmers: Stemmers, limits: TextLimits) {
    this.#limits = limits
    this.#terms = terms
    this.#sets = sets
    this.#stemmers = stemmers
    this.#tokenizer = new Tokenizer(memory)
  }

  /** A term was removed from the dictionary: stems that were remembered may be gone. */
  forgetStems(): void {
    this.#cachedTerms.fill(0)
  }

  /** Begin a document. */
  begin(language: number): void {
    this.#slots.fill(0)
    this.#entries = this.#occurrences = this.#position = this.norm = this.length = 0
    this.#language = language
    this.#stem = this.#stemmers.for(language)
    const size = this.#cachedTerms.length
    if (this.#terms.count > size && size < CACHE_MAX) this.#makeCache(size * 4)
  }

  #makeCache(size: number): void {
    this.#cachedTerms = new Int32Array(size)
    this.#cachedLanguages = new Uint8Array(size)
    this.#cachedStems = new Int32Array(size)
  }

  /** Add the text of a field. @throws ArenaFull. */
  add(field: TextField, text: Range, stopWords: StopWords, synonyms: Synonyms): void {
    if (this.#language === CHINESE) {
      this.#addChinese(field, text, stopWords, synonyms)
      return
    }
    const tokenizer = this.#tokenizer
    tokenizer.begin(text.buf, text.start, text.end, stopWords, this.#position)
    while (tokenizer.next()) {
      this.#position = tokenizer.position
      this.#word(field, tokenizer.bytes, tokenizer.start, tokenizer.end, synonyms)
    }
  }

  #addChinese(field: TextField, text: Range, stopWords: StopWords, synonyms: Synonyms): void {
    this.#chinese ??= new ChineseWords()
    for (const word of this.#chinese.cut(text.buf.subarray(text.start, text.end), stopWords)) {
      this.#position++
      this.#word(field, word.text, 0, word.text.length, synonyms)
    }
  }

  /** Leave a gap, so that no phrase runs from one value of an array into the next. */
  gap(words: number): void {
    this.#position += words
  }

  /** The field is the empty string, and is to be found as such. @throws ArenaFull. */
  addEmpty(field: TextField): void {
    this.#position++
    this.#count(this.#terms.intern(EMPTY, 0, 0), field, 1)
    this.length++
  }

  #word(field: TextField, bytes: Buffer, start: number, end: number, synonyms: Synonyms): void {
    const record = this.#terms.intern(bytes, start, end)
    const weight = Math.max(1, Math.trunc(field.weight))
    this.#count(record, field, weight)
    this.length += weight
    if (field.stems && this.#stem !== null && end - start >= this.#limits.stemBytesMin) {
      const stem = this.#stemOf(record, bytes, start, end)
      if (stem !== 0) this.#count(stem, field, Math.max(1, Math.trunc(field.weight * STEM_WEIGHT)))
    }
    const groups = synonyms.find(bytes, start, end)
    if (groups !== null)
      for (const group of groups)
        this.#count(this.#internMarked(SYNONYM_MARK, Buffer.from(group, 'latin1')), field, weight)
    if (!field.sounds || end - start < this.#limits.soundBytesMin) return
    const code = doubleMetaphone(bytes.utf8Slice(start, end))
    if (code !== '') this.#count(this.#internMarked(SOUND_MARK, Buffer.from(code)), field, weight)
  }

  #stemOf(record: Address, bytes: Buffer, start: number, end: number): Address {
    const slot = (Math.imul(record, 0x9e3779b1) >>> 12) & (this.#cachedTerms.length - 1)
    if (this.#cachedTerms[slot] === record && this.#cachedLanguages[slot] === this.#language)
      return this.#cachedStems[slot]!
    const word = bytes.utf8Slice(start, end)
    const stem = this.#stem!(word)
    const found = stem === word || stem === '' ? 0 : this.#internMarked(STEM_MARK, Buffer.from(stem))
    this.#cachedTerms[slot] = record
    this.#cachedLanguages[slot] = this.#language
    this.#cachedStems[slot] = found
    return found
  }

  #internMarked(mark: number, text: Buffer): Address {
    const key = Buffer.concat([Buffer.from([mark]), text])
    return this.#terms.intern(key, 0, key.length)
  }

  /** One occurrence of a term at the current position. */
  #count(record: Address, field: TextField, weight: number): void {
    const entry = this.#entryFor(record)
    const freq = (this.#freqs[entry]! += weight)
    if (freq > this.norm) this.norm = freq
    this.#masks[entry * MASK_WORDS + (field.bit >>> 5)]! |= 1 << (field.bit & 31)
    if (this.#occurrences === this.#entryOf.length) this.#growOccurrences()
    this.#counts[entry]!++
    this.#entryOf[this.#occurrences] = entry
    this.#positionOf[this.#occurrences++] = this.#position
  }

  #entryFor(record: Address): number {
    const mask = this.#slots.length - 1
    let slot = (Math.imul(record, 0x9e3779b1) >>> 8) & mask
    for (;;) {
      const entry = this.#slots[slot]! - 1
      if (entry < 0) break
      if (this.#records[entry] === record) return entry
      slot = (slot + 1) & mask
    }
    if (this.#entries * 2 >= this.#slots.length || this.#entries === this.#records.length) {
      this.#growEntries()
      return this.#entryFor(record)
    }
    const entry = this.#entries++
    this.#slots[slot] = entry + 1
    this.#records[entry] = record
    this.#freqs[entry] = this.#counts[entry] = 0
    this.#masks.fill(0, entry * MASK_WORDS, (entry + 1) * MASK_WORDS)
    return entry
  }

  #growEntries(): void {
    if (this.#entries === this.#records.length) {
      this.#records = longer(this.#records)
      this.#freqs = longer(this.#freqs)
      this.#counts = longer(this.#counts)
      this.#masks = longer(this.#masks)
    }
    if (this.#entries * 2 < this.#slots.length) return
    this.#slots = new Int32Array(this.#slots.length * 2)
    const mask = this.#slots.length - 1
    for (let entry = 0; entry < this.#entries; entry++) {
      let slot = (Math.imul(this.#records[entry]!, 0x9e3779b1) >>> 8) & mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
      this.#slots[slot] = entry + 1
    }
  }

  #growOccurrences(): void {
    this.#entryOf = longer(this.#entryOf)
    this.#positionOf = longer(this.#positionOf)
    this.#grouped = new Int32Array(this.#positionOf.length)
  }

  /** Add the gathered terms to their lists. @throws ArenaFull with some of them added. */
  write(document: number, score: number): void {
    this.#group()
    const { postings } = this.#terms
    const scale = (score * IMPACT_SCALE) / Math.max(1, this.norm)
    let from = 0
    for (let entry = 0; entry < this.#entries; entry++) {
      const to = this.#counts[entry]!
      const freq = this.#freqs[entry]!
      const fields = this.#sets.intern(this.#masks, entry * MASK_WORDS)
      postings.append(this.#records[entry]!, document, freq, fields, this.#grouped, from, to, Math.ceil(freq * scale))
      from = to
    }
    if (this.#positionOf.length > 1 << 16) this.#shrink()
  }

  /** Sort the positions by entry: afterwards counts[e] is where those of entry e end. */
  #group(): void {
    let sum = 0
    for (let entry = 0; entry < this.#entries; entry++) {
      const count = this.#counts[entry]!
      this.#counts[entry] = sum
      sum += count
    }
    for (let i = 0; i < this.#occurrences; i++) this.#grouped[this.#counts[this.#entryOf[i]!]!++] = this.#positionOf[i]!
  }

  /** After a document of many words: do not keep room for another one like it. */
  #shrink(): void {
    this.#records = new Int32Array(64)
    this.#freqs = new Int32Array(64)
    this.#masks = new Int32Array(64 * MASK_WORDS)
    this.#counts = new Int32Array(64)
    this.#slots = new Int32Array(256)
    this.#entryOf = new Int32Array(256)
    this.#positionOf = new Int32Array(256)
    this.#grouped = new Int32Array(256)
    this.#entries = this.#occurrences = 0
  }

  /** Give the scratch area back. */
  free(): void {
    this.#tokenizer.free()
  }
}

const EMPTY = Buffer.from('')

function longer(array: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(array.length * 2)
  copy.set(array)
  return copy
}
