/** Several series with rules between them, as sorted arrays: what any commands should leave, said the slow way. */

import { Model, modelTwaOf, modelValue } from './model.ts'
import type { Sample } from './support.ts'

/** What becomes of a sample: its time, or the one that stays the newest, or a part of the refusal. */
export type AddOutcome = number | 'BLOCK mode' | 'older than retention'

/** A rule that feeds a series; every closed bucket is computed when something happens in it, and not later. */
export class WorldRule {
  readonly target: WorldSeries
  readonly aggregator: string
  readonly duration: number
  readonly align: number
  /** Where the open bucket begins. */
  open = Number.NEGATIVE_INFINITY
  /** The sample before it, as it was when the bucket was opened or computed anew. */
  before: Sample | undefined

  constructor(target: WorldSeries, aggregator: string, duration: number, align: number) {
    this.target = target
    this.aggregator = aggregator
    this.duration = duration
    this.align = align
  }

  startOf(time: number): number {
    return Math.floor((time - this.align) / this.duration) * this.duration + this.align
  }

  /** The value of a bucket of a source; undefined when it is empty. */
  valueOf(source: Sample[], start: number): number | undefined {
    const inside = source.filter(([time]) => time >= start && time < start + this.duration)
    if (inside.length === 0) return undefined
    if (this.aggregator !== 'twa')
      return modelValue(
        this.aggregator,
        inside.map(sample => sample[1]),
      )
    return modelTwaOf(source, Math.max(0, start), start + this.duration)
  }

  compute(source: Sample[], start: number): void {
    const value = this.valueOf(source, start)
    const shown = Math.max(0, start)
    if (value === undefined) this.target.samples.delete(shown)
    else this.target.samples.set(shown, value)
  }
}

export class WorldSeries extends Model {
  readonly key: string
  readonly group: string
  policy: string | null
  retention = 0
  ignoreTime = 0
  ignoreValue = 0
  readonly rules: WorldRule[] = []
  /** The rule that feeds this one, and its source. */
  source: [WorldSeries, WorldRule] | null = null

  constructor(key: string, group: string, policy: string | null) {
    super()
    this.key = key
    this.group = group
    this.policy = policy
  }

  get last(): Sample | undefined {
    return this.sorted().at(-1)
  }

  get horizon(): number {
    return this.retention === 0 ? 0 : Math.max(0, (this.last?.[0] ?? 0) - this.retention)
  }

  visible(): Sample[] {
    return this.shown(this.horizon)
  }

  /** The open bucket of the rule that feeds this one, when it is newer than all. */
  latest(): Sample | null {
    if (this.source === null) return null
    const [series, rule] = this.source
    const value = rule.open === Number.NEGATIVE_INFINITY ? undefined : openValue(series, rule)
    const time = Math.max(0, rule.open)
    return value === undefined || time <= (this.last?.[0] ?? -1) ? null : [time, value]
  }

  add(time: number, value: number, asked: string | null): AddOutcome {
    const { last } = this
    const policy = asked ?? this.policy ?? 'block'
    if (last !== undefined) {
      if (this.retention > 0 && time < last[0] - this.retention) return 'older than retention'
      const later = time - last[0]
      if (policy === 'last' && later >= 0 && later <= this.ignoreTime && Math.abs(value - last[1]) <= this.ignoreValue)
        return last[0]
    }
    const held = this.samples.get(time)
    if (held !== undefined && policy === 'block') return 'BLOCK mode'
    const isNewest = last === undefined || time > last[0]
    if (isNewest) this.#close(time, value)
    this.samples.set(time, held === undefined ? value : resolved(policy, held, value))
    for (const rule of this.rules) {
      const start = rule.startOf(time)
      if (start < rule.open) rule.compute(this.sorted(), start)
      else if (!isNewest) rule.before = this.#lastBefore(rule.open)
    }
    return time
  }

  /** A sample is about to come that is later than all: buckets before its own are closed. */
  #close(time: number, value: number): void {
    for (const rule of this.rules) {
      const start = rule.startOf(time)
      if (start <= rule.open) continue
      if (rule.open !== Number.NEGATIVE_INFINITY && openValue(this, rule) !== undefined)
        rule.compute([...openSamples(this, rule), [time, value]], rule.open)
      rule.open = start
      rule.before = this.#lastBefore(time)
    }
  }

  #lastBefore(time: number): Sample | undefined {
    return this.sorted().findLast(sample => sample[0] < time)
  }

  /** Returns how many samples there were. */
  remove(from: number, to: number): number {
    const gone = [...this.samples.keys()].filter(time => time >= from && time <= to)
    for (const time of gone) this.samples.delete(time)
    if (gone.length === 0) return 0
    for (const rule of this.rules) {
      const starts = [...rule.target.samples.keys()].filter(
        start => start >= Math.max(0, rule.startOf(from)) && start <= to && start < rule.open,
      )
      const edges = [rule.startOf(from), rule.startOf(to)]
      for (const start of starts)
        if (!edges.some(edge => Math.max(0, edge) === start)) rule.target.samples.delete(start)
      for (const edge of edges) if (edge < rule.open) rule.compute(this.sorted(), edge)
      if (to >= rule.open) rule.before = this.#lastBefore(rule.open)
    }
    return gone.length
  }
}

/** The samples of the open bucket, and the one before it. */
function openSamples(series: WorldSeries, rule: WorldRule): Sample[] {
  const inside = series.sorted().filter(([time]) => time >= rule.open)
  return rule.before === undefined ? inside : [rule.before, ...inside]
}

/** The value of the open bucket: of all samples from its begin on. */
function openValue(series: WorldSeries, rule: WorldRule): number | undefined {
  const inside = series.sorted().filter(([time]) => time >= rule.open)
  if (inside.length === 0) return undefined
  if (rule.aggregator === 'twa')
    return modelTwaOf(openSamples(series, rule), Math.max(0, rule.open), Number.POSITIVE_INFINITY)
  return modelValue(
    rule.aggregator,
    inside.map(sample => sample[1]),
  )
}

function resolved(policy: string, held: number, given: number): number {
  switch (policy) {
    case 'first':
      return held
    case 'min':
      return Math.min(held, given)
    case 'max':
      return Math.max(held, given)
    case 'sum':
      return held + given
    default:
      return given
  }
}
