/* Functions -- the table of what expressions can call, with how many operands each takes.
 *
 * Names are matched in any case. A wrong number of operands is found when a row is evaluated, as the real module does it: over no
 * rows it is no error. */

import { dateFunctions } from './dates.ts'
import type { ExpressionFunction } from './function.ts'
import { geoDistance } from './geo.ts'
import { stringFunctions } from './strings.ts'
import { toNumber, type Value } from './value.ts'

/** Functions that the compiler knows by itself: they look at more than the values of their operands. */
const SPECIAL: readonly (readonly [string, ExpressionFunction])[] = [
  ['exists', { least: 1, most: 1, givesNumber: true, call: ([value]) => (value === null ? 0 : 1) }],
  ['case', { least: 3, most: 3, givesNumber: false, call: ([, then]) => then! }],
  ['matched_terms', { least: 0, most: 1, givesNumber: false, call: () => null }],
]

/** Functions of one number; what is no number gives NaN. */
export const MATH: ReadonlyMap<string, (x: number) => number> = new Map([
  ['log', Math.log],
  ['floor', Math.floor],
  ['abs', Math.abs],
  ['ceil', Math.ceil],
  ['sqrt', Math.sqrt],
  ['log2', Math.log2],
  ['exp', Math.exp],
])

function mathFunction(f: (x: number) => number): ExpressionFunction {
  const call = ([value]: readonly Value[]): Value => {
    const number = toNumber(value!)
    return number === null ? NaN : f(number)
  }
  return { least: 1, most: 1, givesNumber: true, call }
}

/** All functions by their names in lower case. */
export const FUNCTIONS: ReadonlyMap<string, ExpressionFunction> = new Map<string, ExpressionFunction>([
  ...SPECIAL,
  ...[...MATH].map(([name, f]) => [name, mathFunction(f)] as const),
  ...stringFunctions,
  ...dateFunctions,
  ['geodistance', { least: 2, most: 4, givesNumber: true, call: geoDistance }],
])
