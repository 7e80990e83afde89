/* Rules -- series that are kept as aggregations of others.
 *
 * A rule watches one series, the source, and fills another, the target, with a sample a bucket:
 *
 *      source     . . . . | . . . | . . .            newest sample ^
 *      target     x       | x     |                  written when a sample of the next bucket comes
 *                                   open bucket: kept as the aggregator's state in the rule, seen with LATEST
 *
 * The newest samples are worked in one by one, so a rule costs O(1) a sample. A late sample, an overwritten one and a
 * deletion change buckets that are closed: those are computed anew from the source, and so is the open bucket when it is
 * hit. A target has one source, and is no source itself.
 *
 * A rule begins with the first sample after its making; samples from before count only when a bucket is computed anew.
 * Source and target hold on to each other directly, so neither notices when a key is renamed; a rule read from a dump
 * knows its target by name until both are there (shelf.ts). */

import { type Aggregator, Bucket, STATE } from './aggregate/aggregator.ts'
import { TWA_LAST_TIME, TWA_LAST_VALUE, twa } from './aggregate/twa.ts'
import { DUPLICATE } from './duplicate.ts'
import { bucketStart } from './range/fold.ts'
import { findAfter, findBefore, type Latest, Neighbour, type SampleSink, scan } from './range/scan.ts'
import type { Series } from './series.ts'

/** The start of the open bucket of a rule that no sample has come to. */
export const NO_BUCKET = Number.NEGATIVE_INFINITY

/** A rule: the target's key while it is not linked, and the open bucket. */
export class Rule {
  readonly aggregator: Aggregator
  readonly duration: number
  readonly align: number
  target: Series | null
  /** The target's key as a dump names it, while `target` is null. */
  targetKey: string
  /** Where the open bucket begins, uncut. */
  start = NO_BUCKET
  /** Samples in the open bucket. */
  count = 0
  readonly state: Float64Array = new Float64Array(STATE)
  readonly bucket: Bucket = new Bucket()

  constructor(aggregator: Aggregator, duration: number, align: number, target: Series | null, targetKey: string) {
    this.aggregator = aggregator
    this.duration = duration
    this.align = align
    this.target = target
    this.targetKey = targetKey
    aggregator.reset(this.state, 0)
  }

  /** Where the bucket of a time begins. */
  startOf(time: number): number {
    return bucketStart(time, this.duration, this.align)
  }

  /** The value of the open bucket so far. Only when `count` is not 0. */
  value(): number {
    this.bucket.hasAfter = false
    return this.aggregator.result(this.state, 0, this.bucket)
  }
}

/** Hears what rules do to their targets. */
export interface RuleListener {
  /** Before a target changes. */
  change(target: Series): void
  /** A bucket was closed: the target has a new sample. */
  closed(target: Series): void
  /** Closed buckets were computed anew, or removed. */
  corrected(target: Series): void
}

/** A rule was given its source: what it feeds is a target from now on. */
export function link(source: Series, rule: Rule, target: Series): void {
  rule.target = target
  target.source = source
}

/** Make a rule, as the last of its source's. */
export function addRule(source: Series, rule: Rule): void {
  source.rules = [...source.rules, rule]
  if (rule.target !== null) rule.target.source = source
}

/** Take a rule away. */
export function removeRule(source: Series, rule: Rule): void {
  source.rules = source.rules.filter(other => other !== rule)
  if (rule.target !== null) rule.target.source = null
}

/** Cut all ties of a series that goes, or that leaves its database. */
export function unlink(series: Series): void {
  const { source } = series
  if (source !== null) {
    const rule = ruleTo(source, series)
    if (rule !== null) removeRule(source, rule)
  }
  for (const rule of series.rules) if (rule.target !== null) rule.target.source = null
  if (series.rules.length > 0) series.rules = []
  series.source = null
}

/** The rule by which a source feeds a target, or null. */
export function ruleTo(source: Series, target: Series): Rule | null {
  return source.rules.find(rule => rule.target === target) ?? null
}

/** The open bucket of the rule that feeds a series, as a sample; null when there is none to be seen. */
export function latestOf(series: Series): Latest | null {
  const rule = series.source === null ? null : ruleTo(series.source, series)
  if (rule === null || rule.count === 0) return null
  const time = Math.max(0, rule.start)
  // A bucket that was written already, by hand, is no later than what is stored.
  if (series.count > 0 && time <= series.lastTime) return null
  return { time, value: rule.value() }
}

/** Work a sample in that is later than all others of its series. */
export function feedRules(series: Series, time: number, value: number, listener: RuleListener): void {
  const { rules } = series
  for (let i = 0; i < rules.length; i++) feed(series, rules[i]!, time, value, listener)
}

function feed(series: Series, rule: Rule, time: number, value: number, listener: RuleListener): void {
  const { aggregator, state, bucket } = rule
  const start = rule.startOf(time)
  if (rule.start === NO_BUCKET) open(rule, start)
  else if (start > rule.start) {
    const { count } = rule
    const lastTime = state[TWA_LAST_TIME]!
    const lastValue = state[TWA_LAST_VALUE]!
    if (count > 0) {
      setAfter(bucket, time, value)
      write(rule, Math.max(0, rule.start), aggregator.result(state, 0, bucket), listener)
    }
    aggregator.reset(state, 0)
    open(rule, start)
    if (aggregator === twa && count > 0) setBefore(bucket, lastTime, lastValue)
    else if (aggregator === twa) findNeighbour(series, time, bucket)
  } else if (start < rule.start) {
    // The newest samples were deleted, and with them the open bucket's: this one belongs to a closed bucket.
    recompute(series, rule, start, listener)
    return
  }
  const { oneTime, oneValue } = series.stock
  oneTime[0] = time
  oneValue[0] = value
  aggregator.feed(state, 0, bucket, oneTime, 0, oneValue, 0, 1)
  rule.count++
}

/** Begin a bucket; what lies before it is kept from the one before. */
function open(rule: Rule, start: number): void {
  rule.start = start
  rule.count = 0
  rule.bucket.start = Math.max(0, start)
  rule.bucket.end = start + rule.duration
}

/** Write a closed bucket. */
function write(rule: Rule, time: number, value: number, listener: RuleListener): void {
  const { target } = rule
  if (target === null) return
  listener.change(target)
  put(target, time, value)
  listener.closed(target)
}

function put(target: Series, time: number, value: number): void {
  if (target.count > 0 && time <= target.lastTime) target.upsert(time, value, DUPLICATE.last)
  else target.append(time, value)
}

/** A sample of a series was overwritten, or came late: compute the bucket anew that it lies in. */
export function correctRules(series: Series, time: number, listener: RuleListener): void {
  for (const rule of series.rules) {
    const open = openStart(rule, series.lastTime)
    if (time >= open) reopen(series, rule, open)
    else recompute(series, rule, rule.startOf(time), listener)
  }
}

/** Samples of a series were deleted: compute the buckets anew that lost some, and remove those that lost all. */
export function shrinkRules(
  series: Series,
  from: number,
  to: number,
  lastBefore: number,
  listener: RuleListener,
): void {
  for (const rule of series.rules) {
    const open = openStart(rule, lastBefore)
    if (to >= open) reopen(series, rule, open)
    if (from >= open) continue
    const first = rule.startOf(from)
    const last = Math.min(rule.startOf(to), open - rule.duration)
    recompute(series, rule, first, listener)
    if (last > first) recompute(series, rule, last, listener)
    // Between the two nothing is left of any bucket.
    if (last - first > rule.duration) clear(rule, first + rule.duration, last - 1, listener)
  }
}

function openStart(rule: Rule, lastTime: number): number {
  return rule.start === NO_BUCKET ? rule.startOf(lastTime) : rule.start
}

/** Whether a deletion from a time on would touch buckets that hold samples which retention hides. */
export function reachesBehind(series: Series, from: number): boolean {
  if (series.retention === 0 || series.rules.length === 0) return false
  const horizon = series.lastTime - series.retention
  return from < horizon || series.rules.some(rule => rule.startOf(from) < horizon)
}

/** Compute a closed bucket anew: write it, or remove it when it has become empty. */
function recompute(series: Series, rule: Rule, start: number, listener: RuleListener): void {
  const fresh = gather(series, rule, start, start + rule.duration - 1)
  if (fresh.count === 0) {
    clear(rule, Math.max(0, start), Math.max(0, start), listener)
    return
  }
  const { target } = rule
  if (target === null) return
  listener.change(target)
  put(target, Math.max(0, start), rule.aggregator.result(fresh.state, 0, fresh.bucket))
  listener.corrected(target)
}

function clear(rule: Rule, from: number, to: number, listener: RuleListener): void {
  const { target } = rule
  if (target === null) return
  listener.change(target)
  if (target.remove(from, to) > 0) listener.corrected(target)
}

/** Compute the open bucket anew. */
function reopen(series: Series, rule: Rule, start: number): void {
  const fresh = gather(series, rule, start, Number.POSITIVE_INFINITY)
  rule.state.set(fresh.state)
  Object.assign(rule.bucket, fresh.bucket)
  rule.bucket.hasAfter = false
  rule.start = start
  rule.count = fresh.count
}

/** Fold the samples of one bucket, those that retention hides among them. */
function gather(series: Series, rule: Rule, from: number, to: number): Gathered {
  const gathered = new Gathered(rule, from)
  const { bucket } = gathered
  if (rule.aggregator === twa) {
    const found = new Neighbour()
    findNeighbour(series, from, bucket)
    if (to !== Number.POSITIVE_INFINITY && findAfter(series, to, found)) setAfter(bucket, found.time, found.value)
  }
  scan(series, { from: Math.max(0, from), to, filter: null, reverse: false, latest: null, hidden: true }, gathered)
  return gathered
}

/** Have a bucket know the last sample before a time, if there is one. */
function findNeighbour(series: Series, time: number, bucket: Bucket): void {
  const found = new Neighbour()
  bucket.hasBefore = findBefore(series, time, found)
  if (bucket.hasBefore) setBefore(bucket, found.time, found.value)
}

function setBefore(bucket: Bucket, time: number, value: number): void {
  bucket.hasBefore = true
  bucket.beforeTime = time
  bucket.beforeValue = value
}

function setAfter(bucket: Bucket, time: number, value: number): void {
  bucket.hasAfter = true
  bucket.afterTime = time
  bucket.afterValue = value
}

class Gathered implements SampleSink {
  readonly #rule: Rule
  readonly state: Float64Array = new Float64Array(STATE)
  readonly bucket: Bucket = new Bucket()
  count = 0

  constructor(rule: Rule, start: number) {
    this.#rule = rule
    this.bucket.start = Math.max(0, start)
    this.bucket.end = start + rule.duration
    rule.aggregator.reset(this.state, 0)
  }

  take(times: Float64Array, at: number, values: Float64Array, valuesAt: number, length: number): boolean {
    this.#rule.aggregator.feed(this.state, 0, this.bucket, times, at, values, valuesAt, length)
    this.count += length
    return true
  }
}
