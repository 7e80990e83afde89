/* Evaluate -- an expression as a function of a row, made once for a query.
 *
 *      @price * 2 > 10     ->     row => compare(row.cell(3) * 2, 10) > 0 ? 1 : 0
 *
 * Each node becomes a closure over the closures of its operands; properties are numbers of slots by then. This is the whole
 * language, row by row. What can go over many rows at once does so in aggregate/vector.ts, and falls back to this.
 *
 * A row that lacks a property which is read ends the query. `exists` alone may ask for one; `&&` and `||` do not look at their
 * right side when the left one decides. */

import { QueryFailure, refuse } from '../query/failure.ts'
import type { ArithmeticSign, Call, Expression, PredicateSign } from './ast.ts'
import { FUNCTIONS } from './functions.ts'
import { type Cell, compareValues, equalValues, isTrue, toNumber, type Value } from './value.ts'

/** A row, as expressions see it. */
export interface Row {
  /** The value of a slot; undefined when the row has none. */
  cell(slot: number): Cell
}

/** What an expression is for a row. @throws QueryFailure */
export type Evaluate = (row: Row) => Value

/** What an expression refers to. */
export interface Scope {
  /** The slot of a property. @throws QueryFailure when there is none. */
  slotOf(name: string): number
  /** The slot of the words that a document matched; -1 where there are none. */
  readonly termsSlot: number
}

/** A row lacks a property. */
class Missing extends QueryFailure {}

function missing(name: string): never {
  throw new Missing(`Could not find the value for a parameter name, consider using EXISTS if applicable for ${name}`)
}

/** An expression as a function of rows. */
export function compileExpression(expression: Expression, scope: Scope): Evaluate {
  switch (expression.kind) {
    case 'literal': {
      const { value } = expression
      return () => value
    }
    case 'property': {
      const { name } = expression
      const slot = scope.slotOf(name)
      return row => {
        const cell = row.cell(slot)
        return cell === undefined ? missing(name) : cell
      }
    }
    case 'arithmetic': {
      const operate = ARITHMETIC[expression.sign]
      const left = compileExpression(expression.left, scope)
      const right = compileExpression(expression.right, scope)
      return row => {
        const a = left(row)
        const b = right(row)
        return operate(numberOf(a), numberOf(b))
      }
    }
    case 'predicate':
      return compilePredicate(
        expression.sign,
        compileExpression(expression.left, scope),
        compileExpression(expression.right, scope),
      )
    case 'inversion': {
      const operand = compileExpression(expression.operand, scope)
      return row => (isTrue(operand(row)) ? 0 : 1)
    }
    case 'call':
      return compileCall(expression, scope)
  }
}

function numberOf(value: Value): number {
  if (typeof value === 'number') return value
  const number = toNumber(value)
  if (number === null) refuse('Could not convert value to a number')
  return number
}

/** Remainder of whole numbers; of nothing by nothing, NaN. */
export function remainder(a: number, b: number): number {
  const rest = Math.trunc(a) % Math.trunc(b)
  return rest === 0 ? 0 : rest
}

/** A quotient; division by zero gives NaN whatever is divided. */
export function quotient(a: number, b: number): number {
  return b === 0 ? NaN : a / b
}

export const ARITHMETIC: Readonly<Record<ArithmeticSign, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': quotient,
  '%': remainder,
  '^': power,
}

/** C's pow: 1 to any power is 1, even to NaN. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b
}

function compilePredicate(sign: PredicateSign, left: Evaluate, right: Evaluate): Evaluate {
  switch (sign) {
    case '&&':
      return row => (isTrue(left(row)) && isTrue(right(row)) ? 1 : 0)
    case '||':
      return row => (isTrue(left(row)) || isTrue(right(row)) ? 1 : 0)
    case '==':
      return row => (equalValues(left(row), right(row)) ? 1 : 0)
    case '!=':
      return row => (equalValues(left(row), right(row)) ? 0 : 1)
    case '<':
      return row => (compareValues(left(row), right(row), true) < 0 ? 1 : 0)
    case '<=':
      return row => (compareValues(left(row), right(row), true) <= 0 ? 1 : 0)
    case '>':
      return row => (compareValues(left(row), right(row), true) > 0 ? 1 : 0)
    case '>=':
      return row => (compareValues(left(row), right(row), true) >= 0 ? 1 : 0)
  }
}

function compileCall(call: Call, scope: Scope): Evaluate {
  if (call.name === 'exists' && call.operands.length === 1) return compileExists(call.operands[0]!, scope)
  const operands = call.operands.map(operand => compileExpression(operand, scope))
  const { least, most, call: run } = FUNCTIONS.get(call.name)!
  if (operands.length < least || operands.length > most) {
    return row => {
      for (const operand of operands) operand(row)
      refuse(`Invalid arguments for function '${call.name}'`)
    }
  }
  if (call.name === 'case') {
    const [condition, then, otherwise] = operands as [Evaluate, Evaluate, Evaluate]
    return row => (isTrue(condition(row)) ? then(row) : otherwise(row))
  }
  if (call.name === 'matched_terms') return compileTerms(operands, scope.termsSlot)
  return row => run(operands.map(operand => operand(row)))
}

function compileExists(operand: Expression, scope: Scope): Evaluate {
  if (operand.kind === 'property') {
    const slot = scope.slotOf(operand.name)
    return row => (row.cell(slot) == null ? 0 : 1)
  }
  const evaluate = compileExpression(operand, scope)
  return row => {
    try {
      return evaluate(row) === null ? 0 : 1
    } catch (error) {
      // Whether something is missing is what was asked.
      if (error instanceof Missing) return 0
      throw error
    }
  }
}

/** Words that `matched_terms` tells at most. */
const TERMS_MAX = 100

function compileTerms(operands: readonly Evaluate[], slot: number): Evaluate {
  return row => {
    const wanted = operands.length === 0 ? null : toNumber(operands[0]!(row))
    const count = wanted !== null && wanted >= 1 && wanted <= TERMS_MAX ? Math.trunc(wanted) : TERMS_MAX
    const terms = slot < 0 ? null : row.cell(slot)
    return Array.isArray(terms) && terms.length > 0 ? terms.slice(0, count) : null
  }
}
