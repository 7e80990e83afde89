/* Ingest -- samples into a series, and what its rules make of them. */

import { DUPLICATE, type DuplicatePolicy } from './duplicate.ts'
import { correctRules, feedRules, type RuleListener, shrinkRules } from './rules.ts'
import { ADDED, type Outcome, type Series } from './series.ts'

/** Add a sample. `policy` is the one in force for it. */
export function addSample(
  series: Series,
  time: number,
  value: number,
  policy: DuplicatePolicy,
  listener: RuleListener,
): Outcome {
  if (series.rules.length === 0) return series.add(time, value, policy)
  const isLate = series.count > 0 && time <= series.lastTime
  const outcome = series.add(time, value, policy)
  if (outcome !== ADDED) return outcome
  if (isLate) correctRules(series, time, listener)
  else feedRules(series, time, value, listener)
  return outcome
}

/** Add to the newest value, as a sample of its own at a time that is not before it. */
export function increment(series: Series, time: number, by: number, listener: RuleListener): void {
  const value = (series.count === 0 ? 0 : series.lastValue) + by
  addSample(series, time, value, DUPLICATE.last, listener)
}

/** Delete the samples from one time to another. Returns how many there were. */
export function deleteSamples(series: Series, from: number, to: number, listener: RuleListener): number {
  const { lastTime } = series
  const removed = series.remove(from, to)
  if (removed > 0) shrinkRules(series, from, to, lastTime, listener)
  return removed
}
