/* Nodes -- a JSON value as canonical text beside a tape of words.
 *
 * A document is kept twice over, and neither half repeats the other:
 *
 *   text    the JSON itself, compact and canonical, byte for byte what JSON.GET prints
 *   words   a tape of 32-bit words in the order of the text, saying what the text means and how far each value reaches
 *
 *   text    { " a " : [ 1 0 , 2 ] , " b " : " x " }
 *           0       5               14        18
 *
 *   words   object   23 bytes, 9 words, 2 members        (4 words)
 *             array  key of 1 byte, 6 bytes, 6 words, 2 elements      (4 words)
 *               integer of 2 bytes                     (1 word)
 *               integer of 1 byte                      (1 word)
 *             string key of 1 byte, 3 bytes            (1 word)
 *
 * So printing a value is one copy of memory, a step to a sibling is two additions, and no text is scanned to find a
 * place in it. All lengths are relative: an edit changes the words of the containers around it and no others.
 * Where a value lies is a pair (i, t): the index of its first word and the position of its first byte of text.
 *
 *   a scalar      [length:19  keyLength:8  flag  LONG=0  kind:3]
 *   a container   [        0  keyLength:8  flag  LONG=0  kind:3] [text bytes] [words] [count]  children…  directory…
 *
 * The key of a member is part of the member's value: its length stands in the value's first word, its bytes in the text
 * before the value ("key": takes keyLength + 3). A key over 255 bytes or a scalar over 512 KB uses the long form, with
 * lengths in words of their own:
 *
 *   a long scalar     [LONG, kind] [text bytes] [keyLength]
 *   a long container  [LONG, kind] [text bytes] [words] [count] [keyLength]  children…
 *
 * flag: in a string, that its text holds escapes; in a container, that a directory ends it (directory.ts). */

export const NULL = 0
export const FALSE = 1
export const TRUE = 2
export const INTEGER = 3
export const DOUBLE = 4
export const STRING = 5
export const ARRAY = 6
export const OBJECT = 7
export type Kind = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7

export const KIND_MASK = 7
/** The first word is followed by words that hold its lengths. */
export const LONG = 8
/** A string whose text holds escapes: what it says is shorter than what it takes. */
export const ESCAPED = 16
/** A container with a directory. */
export const INDEXED = 16

export const KEY_SHIFT = 5
export const KEY_MAX = 255
export const LENGTH_SHIFT = 13
export const LENGTH_MAX = (1 << 19) - 1

/** Words before the first child of a container. */
export const HEADER = 4
export const LONG_HEADER = 5
/** Words of a scalar in the long form. */
export const LONG_SCALAR = 3

/** How deep a text may nest. */
export const TEXT_DEPTH_MAX = 127
/** How deep a document may become by putting texts into it. */
export const DOCUMENT_DEPTH_MAX = 1024
/** Bytes of text that one document may hold. */
export const DOCUMENT_BYTES_MAX = 1 << 30

/** What a value is. */
export function kindOf(words: Int32Array, i: number): Kind {
  return (words[i]! & KIND_MASK) as Kind
}

/** Bytes of text that a value takes, its key and separators not counted. */
export function textLength(words: Int32Array, i: number): number {
  const w = words[i]!
  return (w & KIND_MASK) >= ARRAY || (w & LONG) !== 0 ? words[i + 1]! : w >>> LENGTH_SHIFT
}

/** Words that a value takes, with all that is inside it. */
export function spanOf(words: Int32Array, i: number): number {
  const w = words[i]!
  return (w & KIND_MASK) >= ARRAY ? words[i + 2]! : (w & LONG) !== 0 ? LONG_SCALAR : 1
}

/** Bytes of the value's key as they stand in the text; 0 for what has none. */
export function keyLength(words: Int32Array, i: number): number {
  const w = words[i]!
  if ((w & LONG) === 0) return (w >>> KEY_SHIFT) & KEY_MAX
  return words[(w & KIND_MASK) >= ARRAY ? i + 4 : i + 2]!
}

/** Children of a container. */
export function countOf(words: Int32Array, i: number): number {
  return words[i + 3]!
}

/** The index of a container's first child. */
export function firstChild(words: Int32Array, i: number): number {
  return i + ((words[i]! & LONG) === 0 ? HEADER : LONG_HEADER)
}

/** Bytes between the start of a child's place in its parent and its value: `"key":` in an object, nothing in an array. */
export function leadOf(words: Int32Array, i: number, inObject: boolean): number {
  return inObject ? keyLength(words, i) + 3 : 0
}

/** Words that the first words of a value take, given what they must hold. */
export function headWords(kind: number, key: number, length: number): number {
  if (kind >= ARRAY) return key > KEY_MAX ? LONG_HEADER : HEADER
  return key > KEY_MAX || length > LENGTH_MAX ? LONG_SCALAR : 1
}

/** Write the word or words of a scalar. Returns how many. */
export function writeScalar(
  words: Int32Array,
  i: number,
  kind: number,
  flag: number,
  key: number,
  length: number,
): number {
  if (key <= KEY_MAX && length <= LENGTH_MAX) {
    words[i] = kind | flag | (key << KEY_SHIFT) | (length << LENGTH_SHIFT)
    return 1
  }
  words[i] = kind | flag | LONG
  words[i + 1] = length
  words[i + 2] = key
  return LONG_SCALAR
}

/** Write the first words of a container whose sizes are not known yet. Returns how many. */
export function openContainer(words: Int32Array, i: number, kind: number, key: number): number {
  if (key <= KEY_MAX) {
    words[i] = kind | (key << KEY_SHIFT)
    return HEADER
  }
  words[i] = kind | LONG
  words[i + 4] = key
  return LONG_HEADER
}

/** A place in a document: where a value lies, filled in by those who look for one. */
export class Place {
  i = 0
  t = 0
}
