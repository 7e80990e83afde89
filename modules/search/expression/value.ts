/* Values -- what expressions work on and rows consist of.
 *
 *      7   "red"   null   ["red", "green"]          and `undefined`: the row has no such property
 *
 * A string holds one character a byte (latin1), so that comparing strings compares bytes, and nothing is lost of bytes
 * that are no text. Numbers and strings meet half way: an operator asks for a number, and a string that reads as one will do.
 *
 *      1 < "2"       as numbers          "b" > "a"     as bytes          1 < "x"    an error, or as texts where none can be told
 */

import { formatDouble } from 'redstrata/module'
import { refuse } from '../query/failure.ts'

/** A value that is there. Strings have a character for each byte. */
export type Value = number | string | null | readonly Value[]
/** A value, or nothing: the row lacks the property. */
export type Cell = Value | undefined

// A digit has one place in it only: else a long row of digits with a letter at its end is tried in all ways to cut it in two.
const PLAIN = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/
const HEXADECIMAL = /^[-+]?0[xX][0-9a-fA-F]{1,200}$/
const SPECIAL = /^([-+]?)(?:(inf(?:inity)?)|nan(?:\(\w*\))?)$/i
const LEADING_SPACE = /^[ \t\n\v\f\r]+/

/**
 * The number that a string spells as C's strtod reads it, leading space and all; null when it spells none. The empty string
 * is 0.
 */
export function parseNumber(text: string): number | null {
  if (text === '') return 0
  if (!PLAIN.test(text)) return parseOddNumber(text)
  const value = Number(text)
  return Number.isFinite(value) ? value : null
}

function parseOddNumber(text: string): number | null {
  const bare = text.replace(LEADING_SPACE, '')
  if (bare.length !== text.length) return bare === '' ? null : parseNumber(bare)
  const special = SPECIAL.exec(text)
  if (special !== null) return special[2] === undefined ? NaN : special[1] === '-' ? -Infinity : Infinity
  if (!HEXADECIMAL.test(text)) return null
  const negative = text.startsWith('-')
  const digits = text.slice(/^[-+]/.test(text) ? 1 : 0)
  return negative ? -Number(digits) : Number(digits)
}

/** The number that a value stands for; null when it stands for none. */
export function toNumber(value: Value): number | null {
  if (typeof value === 'number') return value
  return typeof value === 'string' ? parseNumber(value) : null
}

/** Whether a value counts as true. */
export function isTrue(value: Value): boolean {
  if (typeof value === 'number') return value !== 0
  return value !== null && value.length > 0
}

const INT64_END = 2 ** 63

/** A number as rows show it: whole numbers in full, others with 12 digits, as C's `%.12g` has them. */
export function formatNumber(value: number): string {
  if (Number.isSafeInteger(value)) return value === 0 ? '0' : String(value)
  if (!Number.isFinite(value)) return formatDouble(value)
  if (value === Math.floor(value) && Math.abs(value) < INT64_END) return BigInt(value).toString()
  return twelveDigits(value)
}

function twelveDigits(value: number): string {
  const [mantissa, power] = roundedTo12(value).split('e') as [string, string]
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 12) {
    const size = Math.abs(exponent)
    return `${withoutZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`
  }
  return withoutZeros(Number(`${mantissa}e${power}`).toFixed(11 - exponent))
}

/** Twelve digits and a power of ten. toExponential rounds a tie away from zero, C to the even digit. */
function roundedTo12(value: number): string {
  const rounded = value.toExponential(11)
  const tie = /^(-?\d\.\d{11})50+(e.*)$/.exec(value.toExponential(30))
  if (tie === null || Number(tie[1]!.slice(-1)) % 2 === 1) return rounded
  return tie[1]! + tie[2]!
}

/** A decimal fraction without the zeros at its end. */
function withoutZeros(text: string): string {
  if (!text.includes('.')) return text
  let end = text.length
  while (text[end - 1] === '0') end--
  if (text[end - 1] === '.') end--
  return text.slice(0, end)
}

/** A value as text; null when it has none: nulls and lists. */
export function toText(value: Value): string | null {
  if (typeof value === 'string') return value
  return typeof value === 'number' ? formatNumber(value) : null
}

/** Ranks of kinds that have nothing to compare: numbers, strings, null, lists. */
function rankOf(value: Value): number {
  if (typeof value === 'number') return 1
  if (typeof value === 'string') return 3
  return value === null ? 4 : 6
}

/** @param strict whether NaN is neither above nor below; else it comes behind all numbers, so that rows have an order. */
function compareNumbers(a: number, b: number, strict: boolean): number {
  if (a > b) return 1
  if (a < b) return -1
  return a === b || strict ? 0 : Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

/**
 * Order of two values: negative, 0 or positive.
 * @param strict whether a string that must be a number and is none ends the query; else both are compared as texts.
 */
export function compareValues(a: Value, b: Value, strict: boolean): number {
  if (typeof a === 'number') {
    if (typeof b === 'number') return compareNumbers(a, b, strict)
    if (typeof b === 'string') {
      const number = numberFor(b, strict)
      return number === null ? compareTexts(formatNumber(a), b) : compareNumbers(a, number, strict)
    }
  } else if (typeof a === 'string') {
    if (typeof b === 'string') return compareTexts(a, b)
    if (typeof b === 'number') {
      const number = numberFor(a, strict)
      return number === null ? compareTexts(a, formatNumber(b)) : compareNumbers(number, b, strict)
    }
  } else if (a !== null && b !== null && typeof b === 'object') return compareLists(a, b, strict)
  return rankOf(a) - rankOf(b)
}

function compareLists(a: readonly Value[], b: readonly Value[], strict: boolean): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const order = compareValues(a[i]!, b[i]!, strict)
    if (order !== 0) return order
  }
  return a.length - b.length
}

function numberFor(text: string, strict: boolean): number | null {
  const number = parseNumber(text)
  if (number === null && strict) refuse(`Error converting string '${text}' to number`)
  return number
}

/** Whether two values are equal; a string that must be a number and is none ends the query. */
export function equalValues(a: Value, b: Value): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a === b
  if (a === null || b === null) return a === b
  return compareValues(a, b, true) === 0
}
