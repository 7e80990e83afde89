/* Levenshtein walk -- all keys of a sorted list within so many edits of a word.
 *
 * The classic table of distances between the word and a key has a row per letter of the key. Keys that stand next to
 * each other share their beginnings, hence the first rows; only the rest is worked out anew:
 *
 *      word "cat", one edit            c  a  t
 *                                   0  1  2  3
 *      key  "cart"             c    1  0  1  2
 *                              a    2  1  0  1
 *                              r    3  2  1  1        <- kept for the next key
 *           "carve"            v    4  3  2  2        <- no cell within 1: no key that begins with "carv" can match,
 *                                                        so the walk seeks to the first key behind them all
 *
 * This visits what a Levenshtein automaton running over a trie would visit, without building either. Letters are code
 * points; substitution, insertion and deletion count one each.
 *
 *   per visited key: its own letters times the word's length */

import { type Address, type Dict, Range } from 'redstrata/module'
import { codePoint, sequenceLength } from '../text/lower.ts'
import type { SortedKeys } from './sorted-keys.ts'

/** Letters of a word that may be looked for; longer words match nothing. */
export const FUZZY_LETTERS_MAX = 255
/** Letters of a key beyond the word's that could still be deleted: no more are looked at. */
const ROWS_MAX = FUZZY_LETTERS_MAX + 8

/** Finds keys by edit distance; holds the tables, so that one is enough for all words. */
export class LevenshteinWalk {
  readonly #word = new Int32Array(FUZZY_LETTERS_MAX)
  readonly #rows = new Uint8Array(ROWS_MAX * (FUZZY_LETTERS_MAX + 1))
  /** Byte where each letter of the current key ends. */
  readonly #ends = new Int32Array(ROWS_MAX)
  readonly #key = new Range()
  /** The last key, as far as rows may stand for it, and room for one byte more. */
  readonly #last = Buffer.from(new Uint8Array(ROWS_MAX * 4 + 1))
  #letters = 0
  /** Length in bytes of the dead prefix of the last key, or -1. */
  #dead = -1

  /**
   * Tell `visit` the records of the keys that are looked at, with their distance when it is within `edits` or -1,
   * until it says false.
   * @param edits up to 4; @param from the first key to look at, where `keys` stands.
   */
  find(
    keys: SortedKeys,
    dict: Dict,
    word: Range,
    edits: number,
    from: Address,
    visit: (record: Address, distance: number) => boolean,
  ): void {
    if (!this.#setWord(word)) return
    const last = this.#last
    let depth = 0
    let previousLength = 0
    let record = from
    while (record !== 0) {
      const key = dict.key(record, this.#key)
      const shared = sharedBytes(last, previousLength, key)
      while (depth > 0 && this.#ends[depth - 1]! > shared) depth--
      depth = this.#extend(key, depth, edits)
      // What of this key the rows stand for is remembered, as the next key is compared with it.
      previousLength = Math.min(key.length, last.length - 1)
      key.buf.copy(last, 0, key.start, key.start + previousLength)
      const distance = this.#dead < 0 ? this.#rows[depth * (this.#letters + 1) + this.#letters]! : 256
      if (!visit(record, distance <= edits ? distance : -1)) return
      record = this.#dead < 0 ? keys.step() : this.#pass(keys, dict, last)
    }
  }

  /** The distance between two words, or -1 when it is more than `edits`. */
  between(word: Buffer, other: Buffer, edits: number): number {
    if (!this.#setWord(Range.of(word))) return -1
    const depth = this.#extend(Range.of(other), 0, edits)
    if (this.#dead >= 0) return -1
    const distance = this.#rows[depth * (this.#letters + 1) + this.#letters]!
    return distance <= edits ? distance : -1
  }

  #setWord(word: Range): boolean {
    let letters = 0
    for (let at = word.start; at < word.end; ) {
      if (letters === FUZZY_LETTERS_MAX) return false
      const length = sequenceLength(word.buf, at, word.end)
      this.#word[letters++] = codePoint(word.buf, at, length)
      at += length
    }
    this.#letters = letters
    for (let i = 0; i <= letters; i++) this.#rows[i] = i
    return true
  }

  /** Work out the rows of a key from row `depth` on; sets #dead and returns the last row. */
  #extend(key: Range, depth: number, edits: number): number {
    const { buf, start, end } = key
    let at = start + (depth === 0 ? 0 : this.#ends[depth - 1]!)
    this.#dead = -1
    while (at < end) {
      if (depth === this.#letters + edits || depth === ROWS_MAX - 1) {
        this.#dead = at - start // longer than any match
        return depth
      }
      const length = sequenceLength(buf, at, end)
      const least = this.#row(depth, codePoint(buf, at, length))
      at += length
      this.#ends[depth++] = at - start
      if (least > edits) {
        this.#dead = at - start
        return depth
      }
    }
    return depth
  }

  /** Work out the row below row `depth` for a letter; returns its least cell. */
  #row(depth: number, letter: number): number {
    const letters = this.#letters
    const rows = this.#rows
    const above = depth * (letters + 1)
    const below = above + letters + 1
    let left = Math.min(depth + 1, 255)
    let least = left
    rows[below] = left
    for (let i = 0; i < letters; i++) {
      const change = rows[above + i]! + (this.#word[i] === letter ? 0 : 1)
      const other = Math.min(rows[above + i + 1]!, left) + 1
      left = Math.min(change, other, 255)
      rows[below + i + 1] = left
      if (left < least) least = left
    }
    return least
  }

  /** Go to the first key that does not begin with the dead prefix of the current one. */
  #pass(keys: SortedKeys, dict: Dict, prefix: Buffer): Address {
    const dead = this.#dead
    const next = keys.step()
    if (next === 0) return 0
    const key = dict.key(next, this.#key)
    if (sharedBytes(prefix, dead, key) < dead) return next
    const kept = prefix[dead]!
    prefix[dead] = 0xff // above every byte of UTF-8
    const record = keys.seek(prefix, 0, dead + 1)
    prefix[dead] = kept
    return record
  }
}

function sharedBytes(bytes: Buffer, length: number, key: Range): number {
  const shorter = Math.min(length, key.end - key.start)
  let shared = 0
  while (shared < shorter && bytes[shared] === key.buf[key.start + shared]) shared++
  return shared
}
