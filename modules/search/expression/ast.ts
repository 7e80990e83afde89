/* The tree of an expression -- what the parser makes of `APPLY 'floor(@price * 1.2) + 1'`.
 *
 *      operation + ── call floor ── operation * ── property price
 *                  └─ literal 1                 └─ literal 1.2            */

import type { Value } from './value.ts'

/** Arithmetic, on numbers and what can be read as one. */
export type ArithmeticSign = '+' | '-' | '*' | '/' | '%' | '^'
/** Comparisons and logic; they give 1 or 0. */
export type PredicateSign = '==' | '!=' | '<' | '<=' | '>' | '>=' | '&&' | '||'

export interface Literal {
  readonly kind: 'literal'
  readonly value: Value
}

/** `@name`: a property of the row. */
export interface Property {
  readonly kind: 'property'
  readonly name: string
}

export interface Arithmetic {
  readonly kind: 'arithmetic'
  readonly sign: ArithmeticSign
  readonly left: Expression
  readonly right: Expression
}

export interface Predicate {
  readonly kind: 'predicate'
  readonly sign: PredicateSign
  readonly left: Expression
  readonly right: Expression
}

/** `!x`. */
export interface Inversion {
  readonly kind: 'inversion'
  readonly operand: Expression
}

/** `name(a, b)`; the name is in lower case and known. */
export interface Call {
  readonly kind: 'call'
  readonly name: string
  readonly operands: readonly Expression[]
}

export type Expression = Literal | Property | Arithmetic | Predicate | Inversion | Call

/** The names of the properties that an expression reads, in the order of reading, each once. */
export function propertiesOf(expression: Expression, found: string[] = []): string[] {
  switch (expression.kind) {
    case 'literal':
      break
    case 'property':
      if (!found.includes(expression.name)) found.push(expression.name)
      break
    case 'inversion':
      propertiesOf(expression.operand, found)
      break
    case 'call':
      for (const operand of expression.operands) propertiesOf(operand, found)
      break
    default:
      propertiesOf(expression.left, found)
      propertiesOf(expression.right, found)
  }
  return found
}

/** Nodes of the tree of an expression. */
export function sizeOf(expression: Expression): number {
  switch (expression.kind) {
    case 'literal':
    case 'property':
      return 1
    case 'inversion':
      return 1 + sizeOf(expression.operand)
    case 'call':
      return expression.operands.reduce((sum, operand) => sum + sizeOf(operand), 1)
    default:
      return 1 + sizeOf(expression.left) + sizeOf(expression.right)
  }
}

/** What kind of expression it is, as FT.PROFILE names it. */
export function describeExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'literal':
      return `Literal ${expression.value === null ? 'NULL' : String(expression.value)}`
    case 'property':
      return `Property ${expression.name}`
    case 'arithmetic':
      return `Operator ${expression.sign}`
    case 'predicate':
      return `Predicate ${expression.sign}`
    case 'inversion':
      return 'Inverted'
    case 'call':
      return `Function ${expression.name}`
  }
}
