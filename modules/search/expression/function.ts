/* What a function of the expression language is. The table of them all is in functions.ts. */

import type { Value } from './value.ts'

/** A function: how many operands it takes, and what it gives. */
export interface ExpressionFunction {
  readonly least: number
  readonly most: number
  /** Whether it always gives a number. */
  readonly givesNumber: boolean
  readonly call: (operands: readonly Value[]) => Value
}
