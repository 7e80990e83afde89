/* Compaction policies -- rules that every series gets which a sample makes, from the configuration.
 *
 *      avg:1M:30d;max:10s:1h:5s        aggregator : bucket : retention [: alignment]
 *
 * Durations are whole numbers with a unit: m milliseconds, s seconds, M minutes, h hours, d days. For a series `temp` the
 * first of these makes `temp_AVG_60000`, the second `temp_MAX_10000_5000`. */

import type { Aggregator } from './aggregate/aggregator.ts'
import { aggregatorOf } from './aggregate/table.ts'

/** One rule to come. */
export interface CompactionPolicy {
  readonly aggregator: Aggregator
  readonly duration: number
  readonly retention: number
  readonly align: number
}

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, M: 60_000, s: 1000, m: 1 }

/** Policies of a text; null when it cannot be read. Empty text: none. */
export function parsePolicies(text: string): CompactionPolicy[] | null {
  if (text === '') return []
  const policies: CompactionPolicy[] = []
  for (const part of text.replace(/;$/, '').split(';')) {
    const policy = parsePolicy(part)
    if (policy === null) return null
    policies.push(policy)
  }
  return policies
}

/** The text of policies, each duration in the largest unit of which it is a multiple. */
export function formatPolicies(policies: readonly CompactionPolicy[]): string {
  return policies
    .map(({ aggregator, duration, retention, align }) => {
      const text = `${aggregator.name}:${formatDuration(duration)}:${formatDuration(retention)}`
      return align === 0 ? text : `${text}:${formatDuration(align)}`
    })
    .join(';')
}

/** Key of the series that a policy makes for another. */
export function policyKey(key: string, policy: CompactionPolicy): string {
  const name = `${key}_${policy.aggregator.name.toUpperCase()}_${policy.duration}`
  return policy.align === 0 ? name : `${name}_${policy.align}`
}

function parsePolicy(text: string): CompactionPolicy | null {
  const [name, bucket, keep, shift, ...rest] = text.split(':')
  if (name === undefined || bucket === undefined || keep === undefined || rest.length > 0) return null
  const aggregator = aggregatorOf(name)
  const duration = parseDuration(bucket)
  const retention = parseDuration(keep)
  const align = shift === undefined ? 0 : parseDuration(shift)
  if (aggregator === undefined || duration === null || duration === 0 || retention === null || align === null)
    return null
  return { aggregator, duration, retention, align }
}

function formatDuration(ms: number): string {
  const unit = Object.keys(UNIT_MS).find(name => ms % UNIT_MS[name]! === 0)!
  return `${ms / UNIT_MS[unit]!}${unit}`
}

function parseDuration(text: string): number | null {
  const match = /^(\d{1,15})([msMhd]?)$/.exec(text)
  if (match === null) return null
  const count = Number(match[1])
  if (match[2] === '') return count === 0 ? 0 : null
  const ms = count * UNIT_MS[match[2]!]!
  return Number.isSafeInteger(ms) ? ms : null
}
