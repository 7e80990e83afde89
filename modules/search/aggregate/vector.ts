/* Vectors -- expressions over numbers, evaluated for a whole batch at a time.
 *
 *      floor(@price / 100) > 2      @price  ──┐
 *                                   100 ... ──┴ '/' loop ── floor loop ──┐
 *                                   2 ...  ──────────────────────────────┴ '>' loop ──> 1 0 0 1 ...
 *
 * Each node has a Float64Array and a loop that fills it; what APPLY gives is filled straight into its lane, and a comparison
 * that FILTER asks for gives the places of the rows to keep. That covers numbers, and sortable strings compared with a literal:
 * those are compared by id. As soon as anything is out of the ordinary in a batch, such as a row that lacks a
 * property, the answer is null, and the batch is evaluated row by row (expression/evaluate.ts), which knows all the rules. */

import type { ArithmeticSign, Expression, PredicateSign } from '../expression/ast.ts'
import { ARITHMETIC, quotient, remainder } from '../expression/evaluate.ts'
import { MATH } from '../expression/functions.ts'
import type { Batch } from './batch.ts'
import { hasNaN, placesAbove, placesNotAbove, placesOfTrue } from './kernels.ts'
import { NAN, NumberLane, WordLane } from './lane.ts'

/** The value of an expression for each row of a batch; null when it must be found row by row. Valid until the next call. */
export type Vector = (batch: Batch) => Float64Array | null

/** Puts the places of the rows that an expression is true of in the batch's `places`: how many; -1 as above. */
export type Selection = (batch: Batch) => number

/** How vectors find the properties of a batch. */
export interface Lanes {
  /** The slot of a property that is known. */
  slotOf(name: string): number
  lane(slot: number): object
  /** An array for a batch's rows. */
  doubles(): Float64Array
}

/**
 * An expression over whole batches; null when it is not of the kind that can be.
 * @param out where the values are put, unless they are a lane's own.
 */
export function compileVector(
  expression: Expression,
  lanes: Lanes,
  out: Float64Array = lanes.doubles(),
): Vector | null {
  switch (expression.kind) {
    case 'literal': {
      if (typeof expression.value !== 'number') return null
      out.fill(expression.value)
      return () => out
    }
    case 'property':
      return propertyVector(expression.name, lanes)
    case 'arithmetic':
      return pair(arithmeticLoop(expression.sign, expression.right), expression.left, expression.right, lanes, out)
    case 'predicate':
      return (
        wordVector(expression.sign, expression.left, expression.right, lanes, out) ??
        pair(PREDICATES[expression.sign], expression.left, expression.right, lanes, out)
      )
    case 'inversion':
      return single(not, compileVector(expression.operand, lanes), out)
    case 'call': {
      if (expression.name === 'exists') return existsVector(expression.operands, lanes, out)
      const f = MATH.get(expression.name)
      if (f === undefined || expression.operands.length !== 1) return null
      return single(f === Math.floor ? floor : mathLoop(f), compileVector(expression.operands[0]!, lanes), out)
    }
  }
}

function propertyVector(name: string, lanes: Lanes): Vector | null {
  const slot = lanes.slotOf(name)
  const lane = lanes.lane(slot)
  if (!(lane instanceof NumberLane)) return null
  if (lane.nan === NAN.number) return batch => (batch.lanes[slot] as NumberLane).values
  return batch => {
    const { values, isWhole } = batch.lanes[slot] as NumberLane
    return isWhole || !hasNaN(values, batch.count) ? values : null
  }
}

function existsVector(operands: readonly Expression[], lanes: Lanes, out: Float64Array): Vector | null {
  const [property] = operands
  if (operands.length !== 1 || property?.kind !== 'property') return null
  const slot = lanes.slotOf(property.name)
  const lane = lanes.lane(slot)
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
function wordVector(
  sign: PredicateSign,
  left: Expression,
  right: Expression,
  lanes: Lanes,
  out: Float64Array,
): Vector | null {
  if (sign !== '==' && sign !== '!=') return null
  const [property, literal] = left.kind === 'property' ? [left, right] : [right, left]
  if (property.kind !== 'property' || literal.kind !== 'literal' || typeof literal.value !== 'string') return null
  const slot = lanes.slotOf(property.name)
  if (!(lanes.lane(slot) instanceof WordLane)) return null
  const bytes = Buffer.from(literal.value, 'latin1')
  const whenEqual = sign === '==' ? 1 : 0
  return batch => {
    const { words, strings } = batch.lanes[slot] as WordLane
    const { count } = batch
    const wanted = strings.find(bytes)
    for (let i = 0; i < count; i++) {
      if (words[i] === 0) return null
      out[i] = words[i] === wanted ? whenEqual : 1 - whenEqual
    }
    return out
  }
}

type PairLoop = (a: Float64Array, b: Float64Array, out: Float64Array, count: number) => void
type SingleLoop = (a: Float64Array, out: Float64Array, count: number) => void

/** The rows that an expression is true of; null when it is not of the kind that can be found for whole batches. */
export function compileSelection(expression: Expression, lanes: Lanes): Selection | null {
  const select = expression.kind === 'predicate' ? SELECTIONS[expression.sign] : undefined
  if (expression.kind === 'predicate' && select !== undefined) {
    const a = compileVector(expression.left, lanes)
    const b = a === null ? null : compileVector(expression.right, lanes)
    if (a !== null && b !== null) {
      return batch => {
        const x = a(batch)
        const y = x === null ? null : b(batch)
        return x === null || y === null ? -1 : select(x, y, batch.places, batch.count)
      }
    }
  }
  const truth = compileVector(expression, lanes)
  if (truth === null) return null
  return batch => {
    const values = truth(batch)
    return values === null ? -1 : placesOfTrue(values, batch.places, batch.count)
  }
}

function pair(loop: PairLoop, left: Expression, right: Expression, lanes: Lanes, out: Float64Array): Vector | null {
  const a = compileVector(left, lanes)
  const b = a === null ? null : compileVector(right, lanes)
  if (a === null || b === null) return null
  return batch => {
    const x = a(batch)
    const y = x === null ? null : b(batch)
    if (x === null || y === null) return null
    loop(x, y, out, batch.count)
    return out
  }
}

function single(loop: SingleLoop, operand: Vector | null, out: Float64Array): Vector | null {
  if (operand === null) return null
  return batch => {
    const x = operand(batch)
    if (x === null) return null
    loop(x, out, batch.count)
    return out
  }
}

// ------------------------------------------------------------------ loops

// Each is a function of its own, so that the compiler sees one operation on numbers in it.

function arithmeticLoop(sign: ArithmeticSign, right: Expression): PairLoop {
  switch (sign) {
    case '+':
      return add
    case '-':
      return subtract
    case '*':
      return multiply
    case '/':
      return right.kind === 'literal' && right.value !== 0 ? divideByOther : divide
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

/** Divide by numbers that are known not to be 0. */
function divideByOther(a: Float64Array, b: Float64Array, out: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) out[i] = a[i]! / b[i]!
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

type PairSelect = (a: Float64Array, b: Float64Array, places: Int32Array, count: number) => number

/** Comparisons by order are two: a below b is b above a. Truths of the others are found first. */
const SELECTIONS: Readonly<Partial<Record<PredicateSign, PairSelect>>> = {
  '<': (a, b, places, count) => placesAbove(b, a, places, count),
  '<=': placesNotAbove,
  '>': placesAbove,
  '>=': (a, b, places, count) => placesNotAbove(b, a, places, count),
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
