/* Values as a naive evaluation has them, and random expressions over them: each comes with its text and with what it is for a row. */

import type { seeded } from '../support/random.ts'

export type Chance = ReturnType<typeof seeded>
export type Plain = number | string | null | readonly Plain[]
export type Cell = Plain | undefined

/** A query that is refused, with the text that it is refused with. */
export class Refused extends Error {}

function refuse(text: string): never {
  throw new Refused(text)
}

const DECIMAL = /^[ \t]*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i

export function toNumber(value: Plain): number | null {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return null
  if (value === '') return 0
  return DECIMAL.test(value) ? Number(value) : null
}

/** As C prints it with "%.12g", and whole numbers in full. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) return String(BigInt(value))
  const [digits, power] = value.toExponential(11).split('e') as [string, string]
  const short = (text: string) => text.replace(/\.?0+$/, '')
  if (Number(power) < -4 || Number(power) > 11) return `${short(digits)}e${power[0]}${power.slice(1).padStart(2, '0')}`
  return short(Number(value.toPrecision(12)).toFixed(11 - Number(power)))
}

const isTrue = (value: Plain) => (typeof value === 'number' ? value !== 0 : value !== null && value.length > 0)
const rank = (value: Plain) => (typeof value === 'number' ? 1 : typeof value === 'string' ? 3 : value === null ? 4 : 6)
const below = <T>(a: T, b: T) => (a < b ? -1 : a > b ? 1 : 0)

/** Two numbers; where rows are sorted NaN is the greatest. */
function compareNumbers(a: number, b: number, strict: boolean): number {
  if (strict || (!Number.isNaN(a) && !Number.isNaN(b))) return below(a, b)
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}

/** @param strict whether a text that should be a number is refused. */
export function compare(a: Plain, b: Plain, strict: boolean): number {
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const order = compare(a[i], b[i], strict)
      if (order !== 0) return order
    }
    return a.length - b.length
  }
  if (typeof a === 'string' && typeof b === 'string') return below(a, b)
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b, strict)
  if (typeof a === 'string' && typeof b === 'number') return -compare(b, a, strict)
  if (typeof a === 'number' && typeof b === 'string') {
    const number = toNumber(b)
    if (number === null && strict) refuse(`Error converting string '${b}' to number`)
    return number === null ? below(numberText(a), b) : compareNumbers(a, number, strict)
  }
  return rank(a) - rank(b)
}

function equal(a: Plain, b: Plain): boolean {
  if (a === null || b === null || (typeof a === 'number' && typeof b === 'number')) return a === b
  return compare(a, b, true) === 0
}

/** An expression: what is written, and what it is for a row. */
export interface Formula {
  readonly text: string
  of(cell: (name: string) => Cell): Plain
}

const literal = (text: string, value: Plain): Formula => ({ text, of: () => value })
const quoted = (text: string): Formula => literal(`"${text}"`, text)
const MISSING = 'Could not find the value for a parameter name, consider using EXISTS if applicable for '

const property = (name: string): Formula => ({
  text: `@${name}`,
  of(cell) {
    const value = cell(name)
    return value === undefined ? refuse(MISSING + name) : value
  },
})

const exists = (name: string): Formula => ({ text: `exists(@${name})`, of: cell => (cell(name) == null ? 0 : 1) })

function numberOf(value: Plain): number {
  return toNumber(value) ?? refuse('Could not convert value to a number')
}

const quotient = (a: number, b: number) => (b === 0 ? NaN : a / b)

const SIGNS: Readonly<Record<string, (a: Plain, b: Plain) => number>> = {
  '+': (a, b) => numberOf(a) + numberOf(b),
  '-': (a, b) => numberOf(a) - numberOf(b),
  '*': (a, b) => numberOf(a) * numberOf(b),
  '/': (a, b) => quotient(numberOf(a), numberOf(b)),
  '%': (a, b) => Math.trunc(numberOf(a)) % Math.trunc(numberOf(b)),
  '==': (a, b) => Number(equal(a, b)),
  '!=': (a, b) => Number(!equal(a, b)),
  '<': (a, b) => Number(compare(a, b, true) < 0),
  '<=': (a, b) => Number(compare(a, b, true) <= 0),
  '>': (a, b) => Number(compare(a, b, true) > 0),
  '>=': (a, b) => Number(compare(a, b, true) >= 0),
}

function binary(sign: string, a: Formula, b: Formula): Formula {
  return {
    text: `(${a.text} ${sign} ${b.text})`,
    of(cell) {
      if (sign === '&&') return isTrue(a.of(cell)) && isTrue(b.of(cell)) ? 1 : 0
      if (sign === '||') return isTrue(a.of(cell)) || isTrue(b.of(cell)) ? 1 : 0
      const left = a.of(cell)
      return SIGNS[sign]!(left, b.of(cell))
    },
  }
}

type Call = (...operands: Plain[]) => Plain

function call(name: string, run: Call, ...operands: Formula[]): Formula {
  return {
    text: `${name}(${operands.map(({ text }) => text).join(', ')})`,
    of: cell => run(...operands.map(operand => operand.of(cell))),
  }
}

const math =
  (f: (x: number) => number): Call =>
  value => {
    const number = toNumber(value!)
    return number === null ? NaN : f(number)
  }
const MATH = {
  floor: Math.floor,
  ceil: Math.ceil,
  abs: Math.abs,
  sqrt: Math.sqrt,
  log: Math.log,
  log2: Math.log2,
  exp: Math.exp,
} as const

/** The text that an operand must be. */
function text(name: string, value: Plain | undefined, at: number): string {
  if (typeof value === 'string') return value
  return refuse(
    `Invalid type (${rank(value!)}) for argument ${at} in function '${name}'. VALIDATE_ARG__STRING(v, 0) was false.`,
  )
}

const letters = (value: Plain, change: (letters: string) => string) =>
  typeof value === 'string' ? value.replace(/[a-z]/gi, change) : null
const shown = (value: Plain) =>
  typeof value === 'number' ? numberText(value) : typeof value === 'string' ? value : '(null)'

/** What a moment has a part of: dates before 1970, and what is none, have nothing. */
const date =
  (part: (date: Date, seconds: number) => number): Call =>
  value => {
    const number = toNumber(value!)
    return number === null || !(number >= 0) ? null : part(new Date(Math.trunc(number) * 1000), Math.trunc(number))
  }
const DATES = {
  minute: date((_, s) => s - (s % 60)),
  hour: date((_, s) => s - (s % 3600)),
  day: date((_, s) => s - (s % 86400)),
  month: date(d => Date.UTC(d.getUTCFullYear(), d.getUTCMonth()) / 1000),
  dayofweek: date(d => d.getUTCDay()),
  dayofmonth: date(d => d.getUTCDate()),
  dayofyear: date((d, s) => Math.floor((s - Date.UTC(d.getUTCFullYear(), 0) / 1000) / 86400)),
  monthofyear: date(d => d.getUTCMonth()),
  year: date(d => d.getUTCFullYear()),
} as const

const asText: Call = value => (typeof value === 'number' ? numberText(value) : value!)

const timefmt: Call = value => {
  const number = toNumber(value!)
  return number === null || Number.isNaN(number)
    ? null
    : `${new Date(Math.trunc(number) * 1000).toISOString().slice(0, 19)}Z`
}

/** Expressions over some properties. */
export class Formulas {
  readonly #random: Chance
  readonly #names: readonly string[]

  constructor(random: Chance, names: readonly string[]) {
    this.#random = random
    this.#names = names
  }

  #one(...of: Formula[]): Formula {
    return this.#random.pick(of)
  }

  #property(): Formula {
    return property(this.#random.pick(this.#names))
  }

  /** What is the same for all rows, or simply there. */
  #leaf(): Formula {
    const { below } = this.#random
    if (this.#names.length > 0 && below(3) > 0) return this.#guarded()
    const number = below(80) / 4 - 3
    return this.#one(
      literal(number < 0 ? `-${-number}` : String(number), number),
      quoted('ab 12,'.slice(0, below(7))),
      literal('"7"', '7'),
      literal("'x y'", 'x y'),
      literal('NULL', null),
    )
  }

  /** A property; mostly so that a row without it is no failure. */
  #guarded(): Formula {
    const name = this.#random.pick(this.#names)
    if (this.#random.below(8) === 0) return property(name)
    const otherwise = this.#one(literal('0', 0), literal('"none"', 'none'))
    return {
      text: `case(exists(@${name}), @${name}, ${otherwise.text})`,
      of: cell => (cell(name) == null ? otherwise.of(cell) : cell(name)!),
    }
  }

  /** Any expression, so many levels deep at most. */
  any(depth: number): Formula {
    if (depth === 0) return this.#leaf()
    const a = () => this.any(depth - 1)
    switch (this.#random.below(7)) {
      case 0:
        return binary(this.#random.pick(Object.keys(SIGNS)), this.#numeric(a()), this.#numeric(a()))
      case 1:
        return binary(this.#random.pick(['==', '!=', '<', '>']), a(), a())
      case 2:
        return binary(this.#random.pick(['&&', '||']), a(), a())
      case 3: {
        const inner = a()
        return { text: `(!(${inner.text}))`, of: cell => (isTrue(inner.of(cell)) ? 0 : 1) }
      }
      case 4:
        return this.#numeral(a())
      case 5:
        return this.#textual(a(), a())
    }
    return this.#names.length === 0 ? this.#leaf() : this.#one(exists(this.#random.pick(this.#names)), this.#property())
  }

  /** What is a number whatever it was, mostly. */
  #numeric(inner: Formula): Formula {
    return this.#random.below(6) === 0 ? inner : call('abs', math(Math.abs), inner)
  }

  #numeral(inner: Formula): Formula {
    const { pick, below } = this.#random
    if (below(3) === 0) {
      const name = pick(Object.keys(DATES) as (keyof typeof DATES)[])
      return call(name, DATES[name], this.#one(this.#moment(inner), call('to_str', asText, this.#moment(inner))))
    }
    const name = pick(Object.keys(MATH) as (keyof typeof MATH)[])
    return call(name, math(MATH[name]), inner)
  }

  /** Seconds within what Date knows too. */
  #moment(inner: Formula): Formula {
    const many = binary('*', this.#numeric(inner), literal('1234567', 1234567))
    return binary('%', many, literal('4000000000', 4e9))
  }

  #textual(a: Formula, b: Formula): Formula {
    const string = call('to_str', asText, a)
    const start = this.#random.below(5) - 2
    const length = this.#random.below(6) - 2
    const whole = (n: number) => literal(n < 0 ? `-${-n}` : String(n), n)
    return this.#one(
      string,
      call('upper', value => letters(value!, l => l.toUpperCase()), a),
      call('lower', value => letters(value!, l => l.toLowerCase()), a),
      call('strlen', value => text('strlen', value, 0).length, string),
      call('startswith', (x, y) => Number(text('startswith', x, 0).startsWith(text('startswith', y, 1))), string, b),
      call('contains', (x, y) => overlaps(text('contains', x, 0), text('contains', y, 1)), string, b),
      call('format', (_, x, y) => `${shown(x!)}-${shown(y!)}`, literal('"%s-%s"', ''), a, b),
      call('split', x => pieces(text('split', x, 0)), string),
      call('substr', (x, _, __) => part(x!, start, length), string, whole(start), whole(length)),
      call(
        'to_number',
        x => toNumber(x!) ?? refuse(`to_number: cannot convert string '${typeof x === 'string' ? x : '(null)'}'`),
        a,
      ),
      call('timefmt', timefmt, this.#moment(a)),
      call(
        'parsetime',
        x => (text('parsetime', x, 0) !== '' ? Date.parse(x as string) / 1000 : null),
        call('timefmt', timefmt, this.#moment(a)),
        literal('"%Y-%m-%dT%H:%M:%SZ"', ''),
      ),
    )
  }
}

function overlaps(whole: string, part: string): number {
  let count = 0
  for (let at = 0; at <= whole.length; at++) if (whole.startsWith(part, at)) count++
  return count
}

const pieces = (whole: string) =>
  whole
    .split(',')
    .map(piece => piece.replace(/^ +| +$/g, ''))
    .filter(piece => piece !== '')

function part(value: Plain, offset: number, length: number): Plain {
  if (typeof value !== 'string') return refuse('Invalid type for substr. Expected string')
  const start = offset < 0 ? Math.max(0, value.length + offset) : Math.min(offset, value.length)
  const end = length < 0 ? Math.max(start, value.length + length) : start + length
  return value.slice(start, end)
}
