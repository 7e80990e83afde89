/* Text -- JSON strings between their quotes, and what they say.
 *
 * Inside a document a string stands in its one canonical form, so that equal strings are equal bytes and a name of a path
 * can be compared with a key as it lies:
 *
 *   escaped   \" \\ \b \t \n \f \r, and \u00xx in small letters for the other bytes below space
 *   as it is  everything else, in UTF-8
 *
 * Escapes make a string longer, never shorter. */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20
const SMALL_U = 0x75

/** What follows the backslash for a byte: 0 for none needed, `u` for the long form. */
const ESCAPE_OF: Uint8Array = escapeTable()
/** The byte meant by a letter behind a backslash, 0 for `u` and for what is no escape. */
const MEANING_OF: Uint8Array = meaningTable()
const HEX = '0123456789abcdef'

function escapeTable(): Uint8Array {
  const table = new Uint8Array(256)
  table.fill(SMALL_U, 0, SPACE)
  for (const [byte, letter] of ['\b', '\t', '\n', '\f', '\r'].map((c, k) => [c.charCodeAt(0), 'btnfr'.charCodeAt(k)]))
    table[byte!] = letter!
  table[QUOTE] = QUOTE
  table[BACKSLASH] = BACKSLASH
  return table
}

function meaningTable(): Uint8Array {
  const table = new Uint8Array(256)
  for (let byte = 0; byte < 256; byte++) {
    const letter = ESCAPE_OF[byte]!
    if (letter !== 0 && letter !== SMALL_U) table[letter] = byte
  }
  table['/'.charCodeAt(0)] = '/'.charCodeAt(0)
  return table
}

/** The byte that a letter behind a backslash means; 0 when it is `u` or no escape. */
export function escapedByte(letter: number): number {
  return MEANING_OF[letter]!
}

/** Bytes that a string takes in its canonical form. */
export function escapedLength(from: Buffer, start: number, end: number): number {
  let length = end - start
  for (let p = start; p < end; p++) {
    const letter = ESCAPE_OF[from[p]!]!
    if (letter !== 0) length += letter === SMALL_U ? 5 : 1
  }
  return length
}

/** Write a string in its canonical form. Returns where it ends. */
export function writeEscaped(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  for (let p = start; p < end; p++) at = writeEscapedByte(from[p]!, to, at)
  return at
}

/** Write one byte of a string in its canonical form. Returns where it ends. */
export function writeEscapedByte(byte: number, to: Buffer, at: number): number {
  const letter = ESCAPE_OF[byte]!
  if (letter === 0) {
    to[at] = byte
    return at + 1
  }
  to[at] = BACKSLASH
  to[at + 1] = letter
  if (letter !== SMALL_U) return at + 2
  to[at + 2] = to[at + 3] = HEX.charCodeAt(0)
  to[at + 4] = HEX.charCodeAt(byte >>> 4)
  to[at + 5] = HEX.charCodeAt(byte & 15)
  return at + 6
}

/** Whether the canonical text of a string holds escapes. */
export function hasEscapes(text: Buffer, t: number, length: number): boolean {
  for (let p = t; p < t + length; p++) if (text[p] === BACKSLASH) return true
  return false
}

/** Bytes of what a canonical text says. */
export function saidLength(text: Buffer, t: number, length: number): number {
  const end = t + length
  let said = length
  for (let p = t; p < end; p++) {
    if (text[p] !== BACKSLASH) continue
    const long = text[p + 1] === SMALL_U
    said -= long ? 5 : 1
    p += long ? 5 : 1
  }
  return said
}

/** Write what a canonical text says. It never takes more bytes than the text. Returns where it ends. */
export function writeSaid(text: Buffer, t: number, length: number, to: Buffer, at: number): number {
  const end = t + length
  for (let p = t; p < end; p++) {
    const c = text[p]!
    if (c !== BACKSLASH) {
      to[at++] = c
      continue
    }
    const letter = text[++p]!
    if (letter === SMALL_U) {
      to[at++] = (hexValue(text[p + 3]!) << 4) | hexValue(text[p + 4]!)
      p += 4
    } else to[at++] = MEANING_OF[letter]!
  }
  return at
}

/** What a canonical text says, as a JavaScript string. */
export function saidText(text: Buffer, t: number, length: number): string {
  if (!hasEscapes(text, t, length)) return text.utf8Slice(t, t + length)
  return JSON.parse(`"${text.utf8Slice(t, t + length)}"`) as string
}

/** The value of a hexadecimal digit, or -1. */
export function hexValue(c: number): number {
  if (c >= 0x30 && c <= 0x39) return c - 0x30
  const small = c | 0x20
  return small >= 0x61 && small <= 0x66 ? small - 0x57 : -1
}
