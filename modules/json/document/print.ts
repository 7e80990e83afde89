/* Print -- a value's text with space in it.
 *
 * Without a format a value is printed by copying its text; nothing here is needed for that. With one, the real module's
 * layout: a line for each child, indented as deep as it lies, and a space behind each colon. Any of the three may be
 * missing, and any may be any text.
 *
 *   INDENT "  " NEWLINE "\n" SPACE " "          {
 *                                                 "a": [
 *                                                   1
 *                                                 ],
 *                                                 "b": {}
 *                                               } */

import { ARRAY, countOf, firstChild, KIND_MASK, keyLength, OBJECT, spanOf, textLength } from './node.ts'
import type { Tree } from './tree.ts'

const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const NOTHING: Buffer = Buffer.from('')

export class Format {
  readonly indent: Buffer
  readonly newline: Buffer
  readonly space: Buffer

  constructor(indent: Buffer = NOTHING, newline: Buffer = NOTHING, space: Buffer = NOTHING) {
    this.indent = indent
    this.newline = newline
    this.space = space
  }

  /** Begin a line at a depth. */
  line(out: Tree, level: number): void {
    out.putText(this.newline, 0, this.newline.length)
    if (this.indent.length > 0) for (let k = 0; k < level; k++) out.putText(this.indent, 0, this.indent.length)
  }
}

/** Print a value into a draft's text; `level` is the depth at which it stands there. */
export function printValue(
  words: Int32Array,
  i: number,
  text: Buffer,
  t: number,
  format: Format | null,
  level: number,
  out: Tree,
): void {
  const kind = words[i]! & KIND_MASK
  if (format === null || kind < ARRAY || countOf(words, i) === 0) {
    out.putText(text, t, textLength(words, i))
    return
  }
  out.reserve(0, 2)
  out.putByte(kind === OBJECT ? OPEN_OBJECT : OPEN_ARRAY)
  let child = firstChild(words, i)
  let at = t + 1
  for (let left = countOf(words, i); left > 0; left--) {
    format.line(out, level + 1)
    if (kind === OBJECT) {
      const lead = keyLength(words, child) + 3
      out.putText(text, at, lead)
      out.putText(format.space, 0, format.space.length)
      at += lead
    }
    printValue(words, child, text, at, format, level + 1, out)
    at += textLength(words, child) + 1
    child += spanOf(words, child)
    out.reserve(0, 2)
    if (left > 1) out.putByte(COMMA)
  }
  format.line(out, level)
  out.reserve(0, 2)
  out.putByte(kind === OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY)
}
