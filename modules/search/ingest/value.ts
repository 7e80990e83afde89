/* Values -- the bytes of a hash field as what its index keeps: texts, tags, numbers, points.
 *
 * A reader returns null when it could, and otherwise why not. A reason keeps the whole document out of the index, but for
 * shapes, whose field alone is left out. */

import { parseDouble, Range } from 'redstrata/module'
import { parseNumber } from '../expression/value.ts'
import type { FieldValue } from '../index/field-index.ts'
import { encodePoint, isPoint } from '../index/geo.ts'
import type { Field } from '../schema/schema.ts'
import { folded, lowered } from '../text/lower.ts'
import type { OwnFields } from './own-fields.ts'

const COMMA = 0x2c
const SPACE = 0x20

/** Why a value cannot be indexed. */
export type Reason = string

/** Read the value of a hash field. `value` was reset, and is filled. */
export function readHashValue(field: Field, text: Range, value: FieldValue, own: OwnFields | null): Reason | null {
  value.present = true
  switch (field.kind) {
    case 'text':
      value.nextText().set(text.buf, text.start, text.end)
      if (field.sortable) value.sortText = sortText(field, text)
      return null
    case 'tag':
      addTags(field, text, value)
      if (field.sortable) value.sortText = sortText(field, text)
      return null
    case 'numeric':
      return readNumber(text, value)
    case 'geo':
      if (field.sortable) value.sortText = sortText(field, text)
      return readPoint(text, value)
    case 'vector':
    case 'shape': {
      if (own === null) return null
      const parsed = own.fromBytes(field, text)
      if (typeof parsed === 'string') return parsed
      value.own = parsed
      return null
    }
  }
}

/** What a text is sorted by. */
export function sortText(field: Field, text: Range): Buffer | Range {
  if (field.unnormalized || isLower(text.buf, text.start, text.end)) return new Range(text.buf, text.start, text.end)
  return folded(text.copy())
}

/** Add the tags of a text, without repetition. */
export function addTags(field: Field, text: Range, value: FieldValue): void {
  const { buf, end } = text
  const separator = field.separator === '' ? -1 : field.separator.charCodeAt(0)
  for (let start = text.start; start <= end; ) {
    let stop = start
    while (stop < end && buf[stop] !== separator) stop++
    addTag(field, buf, start, stop, value)
    start = stop + 1
  }
}

function addTag(field: Field, buf: Buffer, from: number, to: number, value: FieldValue): void {
  let start = from
  let end = to
  while (start < end && isSpace(buf[start]!)) start++
  while (end > start && isSpace(buf[end - 1]!)) end--
  if (start === end && !field.indexEmpty) return
  // Most tags are as they are compared already, and need no copy: they are read before anything can move them.
  const bytes = buf.subarray(start, end)
  const tag = field.caseSensitive || isLower(buf, start, end) ? bytes : lowered(bytes)
  for (const other of value.tags) if (other.equals(tag)) return
  value.tags.push(tag)
}

/** Whether bytes are their own lower case for sure: ASCII without capitals. */
function isLower(buf: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = buf[i]!
    if (byte >= 0x80 || (byte >= 0x41 && byte <= 0x5a)) return false
  }
  return true
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}

function readNumber(text: Range, value: FieldValue): Reason | null {
  const number = parseDouble(text.buf, text.start, text.end)
  if (Number.isNaN(number)) return `Invalid numeric value: '${text.latin1()}'`
  value.numbers.push(number)
  return null
}

/** A coordinate as C reads it: white space may come first, and nothing at all is 0; null when it is none. */
function coordinate(buf: Buffer, start: number, end: number): number | null {
  const number = parseDouble(buf, start, end)
  return Number.isNaN(number) ? parseNumber(buf.latin1Slice(start, end)) : number
}

/** `longitude,latitude`, also with a space in between. */
export function readPoint(text: Range, value: FieldValue): Reason | null {
  const { buf, start, end } = text
  let comma = start
  while (comma < end && buf[comma] !== COMMA && buf[comma] !== SPACE) comma++
  if (comma === end) return 'Invalid geo string'
  const longitude = coordinate(buf, start, comma)
  const latitude = coordinate(buf, comma + 1, end)
  if (longitude === null || latitude === null) return 'Invalid geo string'
  if (!isPoint(longitude, latitude)) return `Invalid geo coordinates: ${longitude.toFixed(6)}, ${latitude.toFixed(6)}`
  value.numbers.push(encodePoint(longitude, latitude))
  return null
}
