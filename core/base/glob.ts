/* Glob -- the patterns of KEYS, SCAN MATCH, PSUBSCRIBE, CONFIG GET and ACL rules, over bytes.
 *
 *     h?llo       any one byte                     h[ae]llo    one of a class          h[^e]llo   one not of it
 *     h*llo       any bytes, also none             h[a-c]llo   a range, either way     h\?llo     the byte itself
 *
 * Only the last star ever needs to be tried again: what stands between two stars is matched at its first place, because a
 * later place leaves less text for the rest and can never help. So a pattern like *a*b*c* costs at most pattern times text
 * steps, where naive recursion is exponential.
 *
 *     pattern  * a b            text   x a a b
 *                ^ resume              ^ ^        a mismatch after the star: take one byte more into the star, resume
 *
 * Corners are those of Redis: an empty text matches only an empty pattern (not even `*`); a class that is not closed ends
 * with the pattern; ranges compare bytes as signed; a lone backslash at the end stands for itself. */

import type { Range } from './bytes.ts'

const STAR = 0x2a
const QUESTION = 0x3f
const OPEN = 0x5b
const CLOSE = 0x5d
const CARET = 0x5e
const DASH = 0x2d
const BACKSLASH = 0x5c

/** Whether the whole text fits the pattern; with `ignoreCase`, ASCII letters of either case are alike. */
export function matchGlob(pattern: Range, text: Range, ignoreCase = false): boolean {
  const p = pattern.buf
  const pEnd = pattern.end
  const t = text.buf
  const tEnd = text.end
  let pAt = pattern.start
  let tAt = text.start
  let resume = -1
  let starText = 0
  while (tAt < tEnd) {
    const c = pAt < pEnd ? p[pAt]! : -1
    if (c === STAR) {
      do pAt++
      while (pAt < pEnd && p[pAt] === STAR)
      if (pAt === pEnd) return true
      resume = pAt
      starText = tAt
      continue
    }
    let next = -1
    if (c === QUESTION) next = pAt + 1
    else if (c === OPEN) next = matchClass(p, pAt + 1, pEnd, t[tAt]!, ignoreCase)
    else if (c >= 0) {
      const literal = c === BACKSLASH && pAt + 1 < pEnd ? pAt + 1 : pAt
      if (sameByte(p[literal]!, t[tAt]!, ignoreCase)) next = literal + 1
    }
    if (next >= 0) {
      pAt = next
      tAt++
    } else if (resume >= 0) {
      pAt = resume
      tAt = ++starText
    } else return false
  }
  if (text.start < tEnd) while (pAt < pEnd && p[pAt] === STAR) pAt++
  return pAt === pEnd
}

/** Whether the class that begins at `at` holds the byte: the position behind the class, or -1 when it does not. */
function matchClass(p: Buffer, at: number, end: number, byte: number, ignoreCase: boolean): number {
  const negated = at < end && p[at] === CARET
  if (negated) at++
  let found = false
  while (at < end && p[at] !== CLOSE) {
    if (p[at] === BACKSLASH && at + 1 < end) {
      if (p[at + 1] === byte) found = true
      at += 2
    } else if (at + 2 < end && p[at + 1] === DASH) {
      if (inRange(p[at]!, p[at + 2]!, byte, ignoreCase)) found = true
      at += 3
    } else {
      if (sameByte(p[at]!, byte, ignoreCase)) found = true
      at++
    }
  }
  return found === negated ? -1 : at < end ? at + 1 : end
}

function inRange(from: number, to: number, byte: number, ignoreCase: boolean): boolean {
  let low = (from << 24) >> 24
  let high = (to << 24) >> 24
  let c = (byte << 24) >> 24
  if (low > high) {
    const swapped = low
    low = high
    high = swapped
  }
  if (ignoreCase) {
    low = lower(low)
    high = lower(high)
    c = lower(c)
  }
  return c >= low && c <= high
}

function sameByte(a: number, b: number, ignoreCase: boolean): boolean {
  return a === b || (ignoreCase && lower(a) === lower(b))
}

function lower(c: number): number {
  return c >= 0x41 && c <= 0x5a ? c | 0x20 : c
}
