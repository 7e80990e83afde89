/* Compare -- equality and order of values, of one document or of two.
 *
 * Canonical text makes most of it a comparison of bytes: two values are equal when their texts are, and cannot be when
 * the lengths differ. Only objects with their members in another order need a closer look. Numbers of different kinds
 * (1 and 1.0) are different values, yet equal in order. */

import { MemberTable } from './member-table.ts'
import {
  ARRAY,
  countOf,
  DOUBLE,
  ESCAPED,
  FALSE,
  firstChild,
  INTEGER,
  KIND_MASK,
  keyLength,
  NULL,
  OBJECT,
  Place,
  spanOf,
  STRING,
  textLength,
  TRUE,
} from './node.ts'
import { findMemberAt } from './navigate.ts'
import { compareIntegers, numberValue } from './number.ts'
import { saidLength, writeSaid } from './text.ts'

/** What `order` answers for values of kinds that have no order, and for different containers. */
export const INCOMPARABLE = 2
/** Members beyond which an object is looked up through a table. */
const SCAN_MAX = 24

/** Whether two values are the same, their members in any order. */
export function equalValues(
  aw: Int32Array,
  ai: number,
  a: Buffer,
  at: number,
  bw: Int32Array,
  bi: number,
  b: Buffer,
  bt: number,
): boolean {
  const kind = aw[ai]! & KIND_MASK
  if (kind !== (bw[bi]! & KIND_MASK)) return false
  const length = textLength(aw, ai)
  if (length !== textLength(bw, bi)) return false
  if (sameText(a, at, b, bt, length)) return true
  if (kind < ARRAY || countOf(aw, ai) !== countOf(bw, bi)) return false
  return kind === ARRAY ? equalElements(aw, ai, a, at, bw, bi, b, bt) : equalMembers(aw, ai, a, at, bw, bi, b, bt)
}

function equalElements(
  aw: Int32Array,
  ai: number,
  a: Buffer,
  at: number,
  bw: Int32Array,
  bi: number,
  b: Buffer,
  bt: number,
): boolean {
  let i = firstChild(aw, ai)
  let j = firstChild(bw, bi)
  at++
  bt++
  for (let left = countOf(aw, ai); left > 0; left--) {
    if (!equalValues(aw, i, a, at, bw, j, b, bt)) return false
    const length = textLength(aw, i) + 1
    at += length
    bt += length
    i += spanOf(aw, i)
    j += spanOf(bw, j)
  }
  return true
}

function equalMembers(
  aw: Int32Array,
  ai: number,
  a: Buffer,
  at: number,
  bw: Int32Array,
  bi: number,
  b: Buffer,
  bt: number,
): boolean {
  const count = countOf(aw, ai)
  const place = new Place()
  const table = count > SCAN_MAX ? new MemberTable() : null
  table?.build(bw, bi, b, bt)
  let i = firstChild(aw, ai)
  at++
  for (let left = count; left > 0; left--) {
    const key = keyLength(aw, i)
    if (table !== null) {
      const n = table.find(a, at + 1, key)
      if (n < 0) return false
      place.i = table.i[n]!
      place.t = table.t[n]!
    } else if (!findMemberAt(bw, bi, b, bt, a, at + 1, key, place)) return false
    at += key + 3
    if (!equalValues(aw, i, a, at, bw, place.i, b, place.t)) return false
    at += textLength(aw, i) + 1
    i += spanOf(aw, i)
  }
  return true
}

/** Order two values: -1, 0 or 1 when they are both numbers, strings, booleans or nulls; otherwise 0 or INCOMPARABLE. */
export function order(
  aw: Int32Array,
  ai: number,
  a: Buffer,
  at: number,
  bw: Int32Array,
  bi: number,
  b: Buffer,
  bt: number,
): number {
  const kind = aw[ai]! & KIND_MASK
  const other = bw[bi]! & KIND_MASK
  if (kind === INTEGER && other === INTEGER)
    return Math.sign(compareIntegers(a, at, textLength(aw, ai), b, bt, textLength(bw, bi)))
  if (isNumber(kind) && isNumber(other)) {
    const x = numberValue(a, at, textLength(aw, ai))
    const y = numberValue(b, bt, textLength(bw, bi))
    return x < y ? -1 : x > y ? 1 : 0
  }
  if (kind === STRING && other === STRING) return orderStrings(aw, ai, a, at, bw, bi, b, bt)
  if (isBoolean(kind) && isBoolean(other)) return Math.sign(kind - other)
  if (kind !== other) return INCOMPARABLE
  if (kind === NULL) return 0
  return equalValues(aw, ai, a, at, bw, bi, b, bt) ? 0 : INCOMPARABLE
}

function isNumber(kind: number): boolean {
  return kind === INTEGER || kind === DOUBLE
}

function isBoolean(kind: number): boolean {
  return kind === FALSE || kind === TRUE
}

function orderStrings(
  aw: Int32Array,
  ai: number,
  a: Buffer,
  at: number,
  bw: Int32Array,
  bi: number,
  b: Buffer,
  bt: number,
): number {
  let aStart = at + 1
  let aEnd = at + textLength(aw, ai) - 1
  let bStart = bt + 1
  let bEnd = bt + textLength(bw, bi) - 1
  if ((aw[ai]! & ESCAPED) !== 0) {
    a = said(a, aStart, aEnd)
    aStart = 0
    aEnd = a.length
  }
  if ((bw[bi]! & ESCAPED) !== 0) {
    b = said(b, bStart, bEnd)
    bStart = 0
    bEnd = b.length
  }
  const shorter = Math.min(aEnd - aStart, bEnd - bStart)
  for (let k = 0; k < shorter; k++) if (a[aStart + k] !== b[bStart + k]) return a[aStart + k]! < b[bStart + k]! ? -1 : 1
  return Math.sign(aEnd - aStart - (bEnd - bStart))
}

/** What a string with escapes says. Escapes are rare enough for a buffer of its own. */
function said(text: Buffer, start: number, end: number): Buffer {
  const out = Buffer.from(new Uint8Array(saidLength(text, start, end - start)))
  writeSaid(text, start, end - start, out, 0)
  return out
}

function sameText(a: Buffer, at: number, b: Buffer, bt: number, length: number): boolean {
  if (length > 64) return a.compare(b, bt, bt + length, at, at + length) === 0
  for (let k = 0; k < length; k++) if (a[at + k] !== b[bt + k]) return false
  return true
}

/** Whether a kind is that of a container. */
export function isContainer(kind: number): boolean {
  return kind === ARRAY || kind === OBJECT
}
