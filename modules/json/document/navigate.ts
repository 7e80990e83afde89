/* Navigate -- steps from a value to one inside it. */

import { entryAt, entryOf } from './directory.ts'
import {
  ARRAY,
  countOf,
  firstChild,
  INDEXED,
  KEY_MAX,
  KEY_SHIFT,
  KIND_MASK,
  keyLength,
  LENGTH_SHIFT,
  LONG,
  OBJECT,
  type Place,
  spanOf,
  textLength,
} from './node.ts'

/** Find a member of an object by its key, written as in the text. */
export function findMember(words: Int32Array, i: number, text: Buffer, t: number, name: Buffer, out: Place): boolean {
  return findMemberAt(words, i, text, t, name, 0, name.length, out)
}

/** The same with a key that lies in a larger buffer. */
export function findMemberAt(
  words: Int32Array,
  i: number,
  text: Buffer,
  t: number,
  name: Buffer,
  from: number,
  length: number,
  out: Place,
): boolean {
  let child = firstChild(words, i)
  let at = t + 2
  for (let left = countOf(words, i); left > 0; left--) {
    const w = words[child]!
    if ((w & LONG) === 0) {
      const key = (w >>> KEY_SHIFT) & KEY_MAX
      if (key === length && sameName(text, at, name, from, key)) return found(out, child, at + key + 2)
      if ((w & KIND_MASK) < ARRAY) {
        at += key + 4 + (w >>> LENGTH_SHIFT)
        child++
      } else {
        at += key + 4 + words[child + 1]!
        child += words[child + 2]!
      }
    } else {
      const key = keyLength(words, child)
      if (key === length && sameName(text, at, name, from, key)) return found(out, child, at + key + 2)
      at += key + 4 + textLength(words, child)
      child += spanOf(words, child)
    }
  }
  return false
}

/** Find an element of an array by its ordinal, which must be one it has. */
export function findElement(words: Int32Array, i: number, t: number, ordinal: number, out: Place): void {
  let child = firstChild(words, i)
  let at = t + 1
  let left = ordinal
  if ((words[i]! & INDEXED) !== 0) {
    const entry = entryOf(words, i, ordinal)
    if (entry >= 0) {
      left -= words[entry]!
      child = i + words[entry + 1]!
      at = t + words[entry + 2]!
    }
  }
  for (; left > 0; left--) {
    at += textLength(words, child) + 1
    child += spanOf(words, child)
  }
  out.i = child
  out.t = at
}

/** The ordinal of the element of an array whose first word is at `child`. */
export function ordinalAt(words: Int32Array, i: number, child: number): number {
  let at = firstChild(words, i)
  let ordinal = 0
  if ((words[i]! & INDEXED) !== 0) {
    const entry = entryAt(words, i, child - i)
    if (entry >= 0) {
      ordinal = words[entry]!
      at = i + words[entry + 1]!
    }
  }
  for (; at < child; ordinal++) at += spanOf(words, at)
  return ordinal
}

/** The ordinal that an index of a path means, or -1 for none: a negative one counts from the end and stops at the front. */
export function ordinalOf(index: number, count: number): number {
  if (index >= 0) return index < count ? index : -1
  return count === 0 ? -1 : Math.max(0, count + index)
}

/** Whether a value has children by name. */
export function isObject(words: Int32Array, i: number): boolean {
  return (words[i]! & KIND_MASK) === OBJECT
}

export function isArray(words: Int32Array, i: number): boolean {
  return (words[i]! & KIND_MASK) === ARRAY
}

function found(out: Place, i: number, t: number): true {
  out.i = i
  out.t = t
  return true
}

function sameName(text: Buffer, t: number, name: Buffer, from: number, length: number): boolean {
  for (let k = 0; k < length; k++) if (text[t + k] !== name[from + k]) return false
  return true
}
