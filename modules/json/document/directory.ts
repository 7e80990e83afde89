/* Directory -- stepping stones through a long array.
 *
 * An element is found by stepping over those before it, which is cheap but not free: 5000 steps take 10 microseconds.
 * So an array of 64 elements or more ends with a directory of where about every 32nd element lies:
 *
 *   header | children … | (ordinal, word, byte) (ordinal, word, byte) … | entries
 *
 * Words and bytes count from the array's own start, so an edit elsewhere does not concern it. An edit inside moves the
 * entries behind the place; one that adds or removes elements moves their ordinals too, so that ordinals drift off the
 * multiples of 32 and gaps grow. Once a gap exceeds 96 elements the entries from there on are made anew.
 *
 *   find O(log entries + gap)    shift O(entries)    write O(elements behind the kept entries)
 *
 * Invariants: ordinals and offsets ascend; every entry points at the element it names. */

import { firstChild, spanOf, textLength } from './node.ts'

/** The fewest elements of an array with a directory. */
export const DIRECTORY_MIN = 64
const STRIDE = 32
const GAP_MAX = 96
const ENTRY = 3

/** Words that a directory takes, given its entries. */
export function directoryWords(entries: number): number {
  return entries * ENTRY + 1
}

/** Words that the directory of so many elements takes at most. */
export function directoryWordsMax(count: number): number {
  return count < DIRECTORY_MIN ? 0 : directoryWords(Math.ceil(count / STRIDE))
}

/** Entries of an array's directory. */
export function entriesOf(words: Int32Array, c: number): number {
  return words[c + words[c + 2]! - 1]!
}

/** The index of the first entry. */
function firstEntry(words: Int32Array, c: number): number {
  const last = c + words[c + 2]! - 1
  return last - words[last]! * ENTRY
}

/** Entries that are made when those before `keep` stay: one for every 32nd element behind the last of them. */
export function entriesWanted(words: Int32Array, c: number, keep: number): number {
  const count = words[c + 3]!
  if (count < DIRECTORY_MIN) return 0
  const from = keep === 0 ? 0 : words[firstEntry(words, c) + (keep - 1) * ENTRY]!
  return keep + Math.floor((count - 1 - from) / STRIDE)
}

/**
 * Write the entries of a directory of `entries` in all, the first `keep` of which are there already. The words of the
 * array reach to the end of the directory; its children end where it begins.
 */
export function writeDirectory(words: Int32Array, c: number, keep: number, entries: number): void {
  const last = c + words[c + 2]! - 1
  let out = last - entries * ENTRY
  let ordinal = 0
  let i = firstChild(words, c)
  let t = 1
  if (keep > 0) {
    out += keep * ENTRY
    ordinal = words[out - 3]!
    i = c + words[out - 2]!
    t = words[out - 1]!
  }
  words[last] = entries
  while (out < last) {
    for (let k = 0; k < STRIDE; k++) {
      t += textLength(words, i) + 1
      i += spanOf(words, i)
    }
    ordinal += STRIDE
    words[out] = ordinal
    words[out + 1] = i - c
    words[out + 2] = t
    out += ENTRY
  }
}

/** Words and text have moved behind a word of the array: follow with the entries that lie there. */
export function shiftDirectory(
  words: Int32Array,
  c: number,
  behind: number,
  moreWords: number,
  moreText: number,
): void {
  const last = c + words[c + 2]! - 1
  for (let e = last - ENTRY; e >= last - words[last]! * ENTRY && words[e + 1]! > behind; e -= ENTRY) {
    words[e + 1]! += moreWords
    words[e + 2]! += moreText
  }
}

/**
 * Elements were added (`more` > 0) in front of one, or removed (`more` < 0) from it on: follow with the entries behind.
 * Returns how many of the first entries are good while the rest must be made anew, or -1 when all are good.
 */
export function shiftOrdinals(
  words: Int32Array,
  c: number,
  ordinal: number,
  more: number,
  moreWords: number,
  moreText: number,
): number {
  const begin = firstEntry(words, c)
  const entries = entriesOf(words, c)
  const before = entryOf(words, c, ordinal - 1)
  const kept = more < 0 ? ordinal - more : ordinal
  let previous = before < 0 ? 0 : words[before]!
  for (let x = before < 0 ? 0 : (before - begin) / ENTRY + 1; x < entries; x++) {
    const e = begin + x * ENTRY
    if (words[e]! < kept) return x // its element is gone
    words[e]! += more
    words[e + 1]! += moreWords
    words[e + 2]! += moreText
    if (words[e]! - previous > GAP_MAX) return x
    previous = words[e]!
  }
  return words[c + 3]! - previous > GAP_MAX ? entries : -1
}

/** The index of the last entry whose ordinal is not beyond the one wanted, or -1. */
export function entryOf(words: Int32Array, c: number, ordinal: number): number {
  return search(words, c, 0, ordinal)
}

/** The index of the last entry whose element begins at or before a word of the array, or -1. */
export function entryAt(words: Int32Array, c: number, word: number): number {
  return search(words, c, 1, word)
}

function search(words: Int32Array, c: number, field: number, wanted: number): number {
  const begin = firstEntry(words, c)
  let low = 0
  let high = entriesOf(words, c)
  while (low < high) {
    const middle = (low + high) >>> 1
    if (words[begin + middle * ENTRY + field]! <= wanted) low = middle + 1
    else high = middle
  }
  return low === 0 ? -1 : begin + (low - 1) * ENTRY
}
