/* Stop words -- words so common that they are neither indexed nor looked for.
 *
 * Asked once per token, so most tokens must be turned away without comparing: for each first byte a mask says which
 * lengths any stop word with that byte has. What passes is compared with the few words of its bucket. */

import { sameBytes } from 'redstrata/module'
import { lowerRoom, writeLower } from './lower.ts'

/** RediSearch's own list. */
const DEFAULT_WORDS =
  'a is the an and are as at be but by for if in into it no not of on or such that their then there these they this to was will with'

/** The most words a list takes; the rest are dropped, as RediSearch does. */
const WORDS_MAX = 1024

/** A set of words, matched by their lower-case bytes. */
export class StopWords {
  /** The words, in the order given. */
  readonly words: readonly Buffer[]
  /** By first byte: bit n is set when a word of n bytes begins with it (bit 31: of 31 bytes or more). */
  readonly #lengths = new Int32Array(256)
  readonly #buckets = new Map<number, Buffer[]>()

  constructor(words: readonly Buffer[]) {
    this.words = words.slice(0, WORDS_MAX)
    for (const word of this.words) {
      if (word.length === 0) continue
      const lower = Buffer.from(new Uint8Array(lowerRoom(word.length)))
      const length = writeLower(word, 0, word.length, lower, 0)
      this.#add(lower.subarray(0, length))
    }
  }

  #add(word: Buffer): void {
    const first = word[0]!
    const length = Math.min(word.length, 31)
    this.#lengths[first]! |= 1 << length
    const bucket = this.#buckets.get(first * 32 + length)
    if (bucket === undefined) this.#buckets.set(first * 32 + length, [word])
    else bucket.push(word)
  }

  /** Whether the lower-case token `bytes[start..end)` is on the list. */
  has(bytes: Buffer, start: number, end: number): boolean {
    if (start === end) return false
    const first = bytes[start]!
    const length = Math.min(end - start, 31)
    if ((this.#lengths[first]! & (1 << length)) === 0) return false
    for (const word of this.#buckets.get(first * 32 + length)!)
      if (word.length === end - start && sameBytes(word, 0, bytes, start, word.length)) return true
    return false
  }
}

/** The list of an index that names none. */
export const DEFAULT_STOP_WORDS: StopWords = new StopWords(DEFAULT_WORDS.split(' ').map(word => Buffer.from(word)))

/** STOPWORDS 0. */
export const NO_STOP_WORDS: StopWords = new StopWords([])
