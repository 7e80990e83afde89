/* Functions over strings. Bytes are counted, not characters; letters of ASCII alone have cases. */

import { refuse } from '../query/failure.ts'
import type { ExpressionFunction } from './function.ts'
import { formatNumber, toNumber, toText, type Value } from './value.ts'

/** Values that `split` makes at most. */
const PARTS_MAX = 1024
/** Bytes of a string that `format` makes at most. */
const FORMAT_MAX = 1 << 20

/** Bytes from which on a part of a string refers to the whole, and how much longer that may be than the part. */
const SLICED_MIN = 13
const SLICED_SHARE = 8

/** A part of a text; a small part of a long text is a copy, so that who keeps it does not keep all. */
function partOf(text: string, start: number, end: number): string {
  const part = text.slice(start, end)
  if (part.length < SLICED_MIN || text.length < part.length * SLICED_SHARE) return part
  return Buffer.from(part, 'latin1').latin1Slice()
}

/** Numbers that the real module has for kinds of values in its messages. */
function kindNumber(value: Value): number {
  if (typeof value === 'number') return 1
  if (typeof value === 'string') return 3
  return value === null ? 4 : 6
}

/** The string that an operand must be. */
export function needString(name: string, operands: readonly Value[], at: number): string {
  const value = operands[at]!
  if (typeof value === 'string') return value
  refuse(
    `Invalid type (${kindNumber(value)}) for argument ${at} in function '${name}'. VALIDATE_ARG__STRING(v, 0) was false.`,
  )
}

function needNumber(name: string, operands: readonly Value[], at: number): number {
  const value = operands[at]!
  if (typeof value === 'number') return Math.trunc(value) || 0
  refuse(
    `Invalid type (${kindNumber(value)}) for argument ${at} in function '${name}'. VALIDATE_ARG__TYPE(v, RSValue_Number) was false.`,
  )
}

function lower([value]: readonly Value[]): Value {
  if (typeof value !== 'string') return null
  return value.replace(/[A-Z]+/g, letters => letters.toLowerCase())
}

function upper([value]: readonly Value[]): Value {
  if (typeof value !== 'string') return null
  return value.replace(/[a-z]+/g, letters => letters.toUpperCase())
}

/** `substr(text, offset, length)`: an offset below 0 counts from the end, a length below 0 leaves so much at the end. */
function substr(operands: readonly Value[]): Value {
  const offset = needNumber('substr', operands, 1)
  const length = needNumber('substr', operands, 2)
  const text = operands[0]!
  if (typeof text !== 'string') refuse('Invalid type for substr. Expected string')
  const start = Math.max(0, Math.min(offset < 0 ? text.length + offset : offset, text.length))
  const wanted = length < 0 ? Math.max(0, text.length - start + length) : length
  return partOf(text, start, start + wanted)
}

function toNumberFunction([value]: readonly Value[]): Value {
  const number = toNumber(value!)
  if (number === null) refuse(`to_number: cannot convert string '${typeof value === 'string' ? value : '(null)'}'`)
  return number
}

function toStringFunction([value]: readonly Value[]): Value {
  return typeof value === 'number' ? formatNumber(value) : value!
}

/** `format("%s of %s", a, b)`; `%%` is a percent sign, and nothing else is known. */
function format(operands: readonly Value[]): Value {
  const pattern = needString('format', operands, 0)
  const pieces: string[] = []
  let length = 0
  let next = 1
  const add = (piece: string): void => {
    length += piece.length
    if (length > FORMAT_MAX) refuse('Bad format string!')
    pieces.push(piece)
  }
  for (let from = 0; ; ) {
    const at = pattern.indexOf('%', from)
    add(pattern.slice(from, at < 0 ? pattern.length : at))
    if (at < 0) break
    const type = pattern[at + 1]
    if (type === undefined) refuse('Bad format string!')
    from = at + 2
    if (type === '%') {
      add('%')
      continue
    }
    if (next === operands.length) refuse('Not enough arguments for format')
    if (type !== 's') refuse('Unknown format specifier passed')
    add(toText(operands[next++]!) ?? '(null)')
  }
  // Joined, and not added up piece by piece: a sum keeps all its pieces.
  return pieces.join('')
}

const COMMA = bytesOf(',')
const SPACE = bytesOf(' ')

/** Which of the 256 bytes a text has. */
function bytesOf(text: string): Uint8Array {
  const has = new Uint8Array(256)
  for (let i = 0; i < text.length; i++) has[text.charCodeAt(i)] = 1
  return has
}

/** `split(text, separators = ",", strip = " ")`: the pieces between any of the separators, stripped, without empty ones. */
function split(operands: readonly Value[]): Value {
  const text = needString('split', operands, 0)
  const separators = operands.length > 1 ? bytesOf(needString('split', operands, 1)) : COMMA
  const strip = operands.length > 2 ? bytesOf(needString('split', operands, 2)) : SPACE
  const parts: string[] = []
  let from = 0
  while (from < text.length && parts.length < PARTS_MAX) {
    let to = from
    while (to < text.length && separators[text.charCodeAt(to)] === 0) to++
    let start = from
    let end = to
    while (start < end && strip[text.charCodeAt(start)] === 1) start++
    while (end > start && strip[text.charCodeAt(end - 1)] === 1) end--
    if (start < end) parts.push(partOf(text, start, end))
    from = to + 1
  }
  return parts
}

function startsWith(operands: readonly Value[]): Value {
  const text = needString('startswith', operands, 0)
  return text.startsWith(needString('startswith', operands, 1)) ? 1 : 0
}

/** How often a text holds a part, overlaps counted; the empty part is everywhere. */
function contains(operands: readonly Value[]): Value {
  const text = needString('contains', operands, 0)
  const part = needString('contains', operands, 1)
  if (part === '') return text.length + 1
  return part.length > LONG_PART ? countLong(text, part) : countShort(text, part)
}

/** Bytes of a part from which on it does not do to look at all of it at each place where it may be. */
const LONG_PART = 16

function countShort(text: string, part: string): number {
  let count = 0
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) count++
  return count
}

/** By Knuth, Morris and Pratt: no byte of the text is looked at twice, whatever repeats itself. */
function countLong(text: string, part: string): number {
  const borders = new Int32Array(part.length + 1)
  const follow = (matched: number, byte: number): number => {
    while (matched > 0 && (matched === part.length || part.charCodeAt(matched) !== byte)) matched = borders[matched]!
    return part.charCodeAt(matched) === byte ? matched + 1 : matched
  }
  for (let i = 1; i < part.length; i++) borders[i + 1] = follow(borders[i]!, part.charCodeAt(i))
  let count = 0
  for (let i = 0, matched = 0; i < text.length; i++) {
    matched = follow(matched, text.charCodeAt(i))
    if (matched === part.length) count++
  }
  return count
}

function stringLength(operands: readonly Value[]): Value {
  return needString('strlen', operands, 0).length
}

const texts = (least: number, most: number, call: ExpressionFunction['call']): ExpressionFunction => ({
  least,
  most,
  givesNumber: false,
  call,
})
const numbers = (count: number, call: ExpressionFunction['call']): ExpressionFunction => ({
  least: count,
  most: count,
  givesNumber: true,
  call,
})

export const stringFunctions: readonly (readonly [string, ExpressionFunction])[] = [
  ['lower', texts(1, 1, lower)],
  ['upper', texts(1, 1, upper)],
  ['substr', texts(3, 3, substr)],
  ['format', texts(1, Infinity, format)],
  ['split', texts(1, 3, split)],
  ['to_number', numbers(1, toNumberFunction)],
  ['to_str', texts(1, 1, toStringFunction)],
  ['startswith', numbers(2, startsWith)],
  ['contains', numbers(2, contains)],
  ['strlen', numbers(1, stringLength)],
]
