/* Functions over strings. Bytes are counted, not characters; letters of ASCII alone have cases. */

import { refuse } from '../query/failure.ts'
import type { ExpressionFunction } from './function.ts'
import { formatNumber, toNumber, toText, type Value } from './value.ts'

/** Values that `split` makes at most. */
const PARTS_MAX = 1024
/** Bytes of a string that `format` makes at most. */
const FORMAT_MAX = 1 << 20

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
  return text.slice(start, start + wanted)
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
  let out = ''
  let next = 1
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at] !== '%') {
      out += pattern[at]!
      continue
    }
    const type = pattern[++at]
    if (type === undefined) refuse('Bad format string!')
    if (type === '%') {
      out += '%'
      continue
    }
    if (next === operands.length) refuse('Not enough arguments for format')
    if (type !== 's') refuse('Unknown format specifier passed')
    out += toText(operands[next++]!) ?? '(null)'
    if (out.length > FORMAT_MAX) refuse('Bad format string!')
  }
  return out
}

/** `split(text, separators = ",", strip = " ")`: the pieces between any of the separators, stripped, without empty ones. */
function split(operands: readonly Value[]): Value {
  const text = needString('split', operands, 0)
  const separators = operands.length > 1 ? needString('split', operands, 1) : ','
  const strip = operands.length > 2 ? needString('split', operands, 2) : ' '
  const parts: string[] = []
  let from = 0
  while (from < text.length && parts.length < PARTS_MAX) {
    let to = from
    while (to < text.length && !separators.includes(text[to]!)) to++
    let start = from
    let end = to
    while (start < end && strip.includes(text[start]!)) start++
    while (end > start && strip.includes(text[end - 1]!)) end--
    if (start < end) parts.push(text.slice(start, end))
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
  let count = 0
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) count++
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
