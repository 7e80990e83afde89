/* Vectors -- expressions over numbers, evaluated for a whole batch at a time.
 *
 *      floor(@price / 100) > 2      @price  ──┐
 *                                   100 ... ──┴ '/' loop ── floor loop ──┐
 *                                   2 ...  ──────────────────────────────┴ '>' loop ──> 1 0 0 1 ...
 *
 * Each node has a Float64Array and a loop that fills it. That covers numbers, and sortable strings compared with a literal:
 * those are compared by address. As soon as anything is out of the ordinary in a batch, such as a row that lacks a
 * property, the answer is null, and the batch is evaluated row by row (expression/evaluate.ts), which knows all the rules. */

import type { ArithmeticSign, Expression, PredicateSign } from '../expression/ast.ts'
import { ARITHMETIC, quotient, remainder } from '../expression/evaluate.ts'
import { MATH } from '../expression/functions.ts'
import { type Batch, BATCH_ROWS } from './batch.ts'
import { NAN, NumberLane, WordLane } from './lane.ts'

/** The value of an expression for each row of a batch; null when it must be found row by row. Valid until the next call. */
export type Vector = (batch: Batch) => Float64Array | null

/** How vectors find the properties of a batch. */
export interface Lanes {
  /** The slot of a property that is known. */
  slotOf(name: string): number
  lane(slot: number): object
}

/** An expression over whole batches; null when it is not of the kind that can be. */
export function compileVector(expression: Expression, lanes: Lanes): Vector | null {
  switch (expression.kind) {
    case 'literal': {
      if (typeof expression.value !== 'number') return null
      const values = new Float64Array(BATCH_ROWS).fill(expression.value)
      return () => values
    }
    case 'property':
      return propertyVector(expression.name, lanes)
    case 'arithmetic':
      return pair(arithmeticLoop(expression.sign), expression.left, expression.right, lanes)
    case 'predicate':
      return (
        wordVector(expression.sign, expression.left, expression.right, lanes) ??
        pair(PREDICATES[expression.sign], expression.left, expression.right, lanes)
      )
    case 'inversion':
      return single(not, compileVector(expression.operand, lanes))
    case 'call': {
      if (expression.name === 'exists') return existsVector(expression.operands, lanes)
      const f = MATH.get(expression.name)
      if (f === undefined || expression.operands.length !== 1) return null
      return single(f === Math.floor ? floor : mathLoop(f), compileVector(expression.operands[0]!, lanes))
    }
  }
}

function propertyVector(name: string, lanes: Lanes): Vector | null {
  const slot = lanes.slotOf(name)
  const lane = lanes.lane(slot)
  if (!(lane instanceof NumberLane)) return null
  if (lane.nan === NAN.number) return batch => (batch.lanes[slot] as NumberLane).values
  return batch => {
    const { values } = batch.lanes[slot] as NumberLane
    const { count } = batch
    for (let i = 0; i < count; i++) if (Number.isNaN(values[i]!)) return null
    return values
  }
}

function existsVector(operands: readonly Expression[], lanes: Lanes): Vector | null {
  const [property] = operands
  if (operands.length !== 1 || property?.kind !== 'property') return null
  const slot = lanes.slotOf(property.name)
  const lane = lanes.lane(slot)
  const out = new Float64Array(BATCH_ROWS)
  if (lane instanceof WordLane) {
    return batch => {
      const { words } = batch.lanes[slot] as WordLane
      for (let i = 0; i < batch.count; i++) out[i] = words[i] === 0 ? 0 : 1
      return out
    }
  }
  if (!(lane instanceof NumberLane) || lane.nan === NAN.number) return null
  return batch => {
    const { values } = batch.lanes[slot] as NumberLane
    for (let i = 0; i < batch.count; i++) out[i] = Number.isNaN(values[i]!) ? 0 : 1
    return out
  }
}

/** `@brand == "red"` over interned strings: the literal is looked up once a batch. */
function wordVector(sign: PredicateSign, left: Expression, right: Expression, lanes: Lanes): Vector | null {
  if (sign !== '==' && sign !== '!=') return null
  const [property, literal] = left.kind === 'property' ? [left, right] : [right, left]
  if (property.kind !== 'property' || literal.kind !== 'literal' || typeof literal.value !== 'string') return null
  const slot = lanes.slotOf(property.name)
  if (!(lanes.lane(slot) instanceof WordLane)) return null
  const bytes = Buffer.from(literal.value, 'latin1')
  const out = new Float64Array(BATCH_ROWS)
  const whenEqual = sign === '==' ? 1 : 0
  return batch => {
    const { words, strings } = batch.lanes[slot] as WordLane
    const { count } = batch
    const wanted = strings.dict.find(bytes, 0, bytes.length)
    for (let i = 0; i < count; i++) {
      if (words[i] === 0) return null
      out[i] = words[i] === wanted ? whenEqual : 1 - whenEqual
    }
    return out
  }
}

type PairLoop = (a: Float64Array, b: Float64Array, out: Float64Array, count: number) => void
type SingleLoop = (a: Float64Array, out: Float64Array, count: number) => void

function pair(loop: PairLoop, left: Expression, right: Expression, lanes: Lanes): Vector | null {
  const a = compileVector(left, lanes)
  const b = compileVector(right, lanes)
  if (a === null || b === null) return null
  const out = new Float64Array(BATCH_ROWS)
  return batch => {
    const x = a(batch)
    const y = x === null ? null : b(batch)
    if (x === null || y === null) return null
    loop(x, y, out, batch.count)
    return out
  }
}

function single(loop: SingleLoop, operand: Vector | null): Vector | null {
  if (operand === null) return null
  const out = new Float64Array(BATCH_ROWS)
  return batch => {
    const x = operand(batch)
    if (x === null) return null
    loop(x, out, batch.count)
    return out
  }
}

// ------------------------------------------------------------------ loops

// Each is a function of its own, so that the compiler sees one operation on numbers in it.

function arithmeticLoop(sign: ArithmeticSign): PairLoop {
  switch (sign) {
    case '+':
      return add
    case '-':
      return subtract
    case '*':
      return multiply
    case '/':
      return divide
    case '%':
      return modulo
    case '^':
      return raise
  }
}

function add(a: Float64Array, b: Float64Array, out: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) out[i] = a[i]! + b[i]!
}

function subtract(a: Float64Array, b: Float64Array, out: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) out[i] = a[i]! - b[i]!
}

function multiply(a: Float64Array, b: Float64Array, out: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) out[i] = a[i]! * b[i]!
}

function divide(a: Float64Array, b: Float64Array, out: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) out[i] = quotient(a[i]!, b[i]!)
}

function modulo(a: Float64Array, b: Float64Array, out: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) out[i] = remainder(a[i]!, b[i]!)
}

function raise(a: Float64Array, b: Float64Array, out: Float64Array, count: number): void {
  const power = ARITHMETIC['^']
  for (let i = 0; i < count; i++) out[i] = power(a[i]!, b[i]!)
}

// A comparison turned into a number costs no branch, which random rows would make the processor guess wrong half of the time.
// Numbers that cannot be ordered, because one is NaN, are neither below nor above each other, and not equal.
const PREDICATES: Readonly<Record<PredicateSign, PairLoop>> = {
  '==': (a, b, out, count) => {
    for (let i = 0; i < count; i++) out[i] = Number(a[i] === b[i])
  },
  '!=': (a, b, out, count) => {
    for (let i = 0; i < count; i++) out[i] = Number(a[i] !== b[i])
  },
  '<': (a, b, out, count) => {
    for (let i = 0; i < count; i++) out[i] = Number(a[i]! < b[i]!)
  },
  '<=': (a, b, out, count) => {
    for (let i = 0; i < count; i++) out[i] = Number(!(a[i]! > b[i]!))
  },
  '>': (a, b, out, count) => {
    for (let i = 0; i < count; i++) out[i] = Number(a[i]! > b[i]!)
  },
  '>=': (a, b, out, count) => {
    for (let i = 0; i < count; i++) out[i] = Number(!(a[i]! < b[i]!))
  },
  '&&': (a, b, out, count) => {
    for (let i = 0; i < count; i++) out[i] = Number(a[i] !== 0 && b[i] !== 0)
  },
  '||': (a, b, out, count) => {
    for (let i = 0; i < count; i++) out[i] = Number(a[i] !== 0 || b[i] !== 0)
  },
}

function not(a: Float64Array, out: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) out[i] = Number(a[i] === 0)
}

function floor(a: Float64Array, out: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) out[i] = Math.floor(a[i]!)
}

function mathLoop(f: (x: number) => number): SingleLoop {
  return (a, out, count) => {
    for (let i = 0; i < count; i++) out[i] = f(a[i]!)
  }
}

/** Whether an expression gives a number whatever the row, unless it fails. */
export function givesNumber(
  expression: Expression,
  lanes: Lanes,
  functionGivesNumber: (name: string) => boolean,
): boolean {
  switch (expression.kind) {
    case 'literal':
      return typeof expression.value === 'number'
    case 'property': {
      const lane = lanes.lane(lanes.slotOf(expression.name))
      return lane instanceof NumberLane && lane.nan !== NAN.null
    }
    case 'call':
      return functionGivesNumber(expression.name)
    default:
      return true
  }
}
