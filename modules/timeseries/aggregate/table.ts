/* All aggregators, by name and by the number that dumps give them. */

import type { Aggregator } from './aggregator.ts'
import { first, last } from './ends.ts'
import { max, min, range } from './extremes.ts'
import { stdP, stdS, varP, varS } from './spread.ts'
import { avg, count, sum } from './sums.ts'
import { twa } from './twa.ts'

const AGGREGATORS: readonly Aggregator[] = [min, max, sum, avg, count, first, last, range, stdP, stdS, varP, varS, twa]

/** The aggregator of a name in any case, or undefined. */
export function aggregatorOf(name: string): Aggregator | undefined {
  const lower = name.toLowerCase()
  return AGGREGATORS.find(aggregator => aggregator.name === lower)
}

/** The aggregator of a number in a dump, or undefined. */
export function aggregatorOfCode(code: number): Aggregator | undefined {
  return AGGREGATORS.find(aggregator => aggregator.code === code)
}

/** Whether series can be reduced by it: what depends on times cannot. */
export function isReducer(aggregator: Aggregator): boolean {
  return aggregator !== first && aggregator !== last && aggregator !== twa
}

/** The one that gives, in order of time, what this one gives backwards. */
export function mirrored(aggregator: Aggregator): Aggregator {
  if (aggregator === first) return last
  return aggregator === last ? first : aggregator
}
