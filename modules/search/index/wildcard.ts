/* Wildcard patterns -- `*` for any letters, `?` for one, a backslash to mean either of them.
 *
 * A pattern is compiled to code points, with the two signs as negative numbers, and matched by the usual walk that
 * remembers only the last star: on a mismatch the star swallows one letter more. No pattern can make it go back
 * further than that, so a match costs at most letters times pattern, whatever was written (`*a*b*c*` included). */

import type { Range } from 'redstrata/module'
import { codePoint, sequenceLength } from '../text/lower.ts'

const STAR = -1
const ONE = -2

/** Signs and letters of a pattern that are looked at; a longer pattern matches nothing. */
const PATTERN_MAX = 4096

/** A compiled pattern. */
export interface Pattern {
  readonly signs: Int32Array
  /** The bytes before the first sign: every match begins with them. */
  readonly prefix: Buffer
  readonly tooLong: boolean
}

/** Compile a pattern of UTF-8 bytes. */
export function compilePattern(text: Buffer): Pattern {
  const signs: number[] = []
  const prefix: number[] = []
  let open = true
  for (let at = 0; at < text.length; ) {
    const byte = text[at]!
    if (byte === 0x2a || byte === 0x3f) {
      open = false
      at++
      if (byte === 0x3f) signs.push(ONE)
      else if (signs[signs.length - 1] !== STAR) signs.push(STAR)
      continue
    }
    if (byte === 0x5c && at + 1 < text.length) at++
    const length = sequenceLength(text, at, text.length)
    signs.push(codePoint(text, at, length))
    if (open) for (let i = 0; i < length; i++) prefix.push(text[at + i]!)
    at += length
  }
  return { signs: Int32Array.from(signs), prefix: Buffer.from(prefix), tooLong: signs.length > PATTERN_MAX }
}

/** Whether a pattern matches all of `text`. */
export function matchPattern(pattern: Pattern, text: Range): boolean {
  if (pattern.tooLong) return false
  const { signs } = pattern
  const { buf, end } = text
  let at = text.start
  let sign = 0
  let star = -1
  let resume = 0
  while (at < end) {
    const length = sequenceLength(buf, at, end)
    const wanted = sign < signs.length ? signs[sign]! : 0
    if (sign < signs.length && wanted === STAR) {
      star = sign++
      resume = at
    } else if (sign < signs.length && (wanted === ONE || wanted === codePoint(buf, at, length))) {
      sign++
      at += length
    } else if (star >= 0) {
      sign = star + 1
      resume += sequenceLength(buf, resume, end)
      at = resume
    } else return false
  }
  while (sign < signs.length && signs[sign] === STAR) sign++
  return sign === signs.length
}
