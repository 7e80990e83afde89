/* Query options -- what TS.RANGE and its kin are asked.
 *
 *      from to [LATEST] [FILTER_BY_TS ts ...] [FILTER_BY_VALUE min max] [COUNT count]
 *              [[ALIGN align] AGGREGATION aggregator[,aggregator ...] bucket [BUCKETTIMESTAMP bt] [EMPTY]]                */

import type { Args } from 'redstrata/module'
import type { Aggregator } from './aggregate/aggregator.ts'
import { aggregatorOf } from './aggregate/table.ts'
import { TS_ERR } from './errors.ts'
import { STAMP, type Stamp } from './range/fold.ts'
import type { BucketChoice, RangeQuery } from './range/query.ts'
import type { SampleFilter } from './range/scan.ts'
import { doubleAt, placeOf, wholeAt, wrongArity } from './words.ts'

/** The latest time there is: 2^63 - 1, as a double. */
export const TIME_MAX = 2 ** 63
/** Aggregators of one query, at most. */
const AGGREGATORS_MAX = 16
/** Times that FILTER_BY_TS takes; further ones are passed over. */
const FILTER_TIMES_MAX = 128

/** A query, and whether it wants to see the open bucket of a compaction. */
export interface QueryOptions extends RangeQuery {
  readonly latest: boolean
}

/** The bounds of a range. */
export interface Bounds {
  readonly from: number
  readonly to: number
  /** Whether the bounds are times, and not `-` and `+`. */
  readonly isFromGiven: boolean
  readonly isToGiven: boolean
}

/** Read the bounds at arguments `i` and `i + 1`. */
export function readBounds(args: Args, i: number): Bounds {
  const isFromGiven = !args.is(i, '-')
  const isToGiven = !args.is(i + 1, '+')
  const from = isFromGiven ? wholeAt(args, i) : 0
  if (!(from >= 0)) throw TS_ERR.badFrom
  const to = isToGiven ? wholeAt(args, i + 1) : TIME_MAX
  if (!(to >= 0)) throw TS_ERR.badTo
  return { from, to, isFromGiven, isToGiven }
}

/** Read a query of one series, or of many alike, whose bounds are at `i` and whose options end before `end`. */
export function readQuery(args: Args, i: number, end: number, reverse: boolean): QueryOptions {
  const bounds = readBounds(args, i)
  const at = placeOf(args, 'aggregation', i + 2, end)
  const limit = readCount(args, i + 2, end, at < 0 ? null : { at, durationAt: at + 2 })
  let bucketing: BucketChoice | null = null
  if (at >= 0) {
    if (at + 2 >= args.argc || Number.isNaN(wholeAt(args, at + 2))) throw TS_ERR.badAggregation
    const aggregators = readAggregators(args, at + 1)
    bucketing = bucketsOf(readBuckets(args, i, bounds, at + 2, end), aggregators)
  } else refuseAlign(args, i + 2, end)
  return queryOf(args, i, end, bounds, reverse, limit, bucketing)
}

/** Queries of several series, with aggregators of their own each: the words between AGGREGATION and the duration. */
export function readQueries(args: Args, i: number, keys: number, reverse: boolean): QueryOptions[] {
  const bounds = readBounds(args, i)
  const end = args.argc
  const at = placeOf(args, 'aggregation', i + 2)
  if (at < 0) {
    const limit = readCount(args, i + 2, end, null)
    refuseAlign(args, i + 2, end)
    const query = queryOf(args, i, end, bounds, reverse, limit, null)
    return Array.from({ length: keys }, () => query)
  }
  let durationAt = at + 1
  while (durationAt < end && Number.isNaN(wholeAt(args, durationAt))) durationAt++
  const limit = readCount(args, i + 2, end, { at, durationAt })
  if (durationAt === end) throw TS_ERR.badAggregation
  if (durationAt - at - 1 !== keys) throw TS_ERR.aggregationCount
  const columns = Array.from({ length: keys }, (_, key) => readAggregators(args, at + 1 + key))
  const buckets = readBuckets(args, i, bounds, durationAt, end)
  const query = queryOf(args, i, end, bounds, reverse, limit, null)
  return columns.map(aggregators => ({ ...query, bucketing: bucketsOf(buckets, aggregators) }))
}

/** A query whose filters are yet to be read: the real module reads them last. */
function queryOf(
  args: Args,
  i: number,
  end: number,
  { from, to }: Bounds,
  reverse: boolean,
  limit: number,
  bucketing: BucketChoice | null,
): QueryOptions {
  const latest = placeOf(args, 'latest', i + 2, end) >= 0
  const filter = readFilter(args, i + 2, end)
  return { from, to, filter, reverse, limit, latest, bucketing }
}

function bucketsOf(buckets: Omit<BucketChoice, 'aggregators'>, aggregators: readonly Aggregator[]): BucketChoice {
  const { duration, empty, stamp, align } = buckets
  return { aggregators, duration, empty, stamp, align }
}

/** Where the words of an aggregation stand. */
interface AggregationPlace {
  readonly at: number
  readonly durationAt: number
}

/** COUNT, unless that is the name of an aggregator. */
function readCount(args: Args, from: number, end: number, aggregation: AggregationPlace | null): number {
  let at = placeOf(args, 'count', from, end)
  if (aggregation !== null && at > aggregation.at && at < aggregation.durationAt)
    at = placeOf(args, 'count', aggregation.durationAt, end)
  if (at < 0) return Number.POSITIVE_INFINITY
  if (at + 1 === args.argc) throw TS_ERR.noCount
  const count = wholeAt(args, at + 1)
  if (Number.isNaN(count)) throw TS_ERR.badCount
  if (count <= 0) throw TS_ERR.countRange
  return count
}

function readFilter(args: Args, from: number, end: number): SampleFilter | null {
  let least = Number.NEGATIVE_INFINITY
  let greatest = Number.POSITIVE_INFINITY
  const valueAt = placeOf(args, 'filter_by_value', from, end)
  if (valueAt >= 0) {
    if (valueAt + 2 >= args.argc) throw TS_ERR.noValueFilter
    least = doubleAt(args, valueAt + 1)
    if (Number.isNaN(least)) throw TS_ERR.badMin
    greatest = doubleAt(args, valueAt + 2)
    if (Number.isNaN(greatest)) throw TS_ERR.badMax
  }
  const timesAt = placeOf(args, 'filter_by_ts', from, end)
  if (timesAt < 0) return valueAt < 0 ? null : { times: null, least, greatest }
  const times = new Set<number>()
  for (let i = timesAt + 1; i < args.argc && times.size < FILTER_TIMES_MAX; i++) {
    const time = wholeAt(args, i)
    if (Number.isNaN(time)) break
    times.add(time)
  }
  if (times.size === 0) throw TS_ERR.noTimeFilter
  return { times: Float64Array.from(times).sort(), least, greatest }
}

/** The aggregators of one word: a name, or several with commas between. */
function readAggregators(args: Args, i: number): Aggregator[] {
  const names = args.at(i).latin1().split(',')
  if (names.length > 1 && names.includes('')) throw TS_ERR.emptyAggregation
  if (names.length > AGGREGATORS_MAX) throw TS_ERR.manyAggregations
  // Pushed one by one, the array is of the same make each time, which code compiled for it relies on.
  const aggregators: Aggregator[] = []
  for (const name of names) {
    const aggregator = aggregatorOf(name)
    if (aggregator === undefined) throw TS_ERR.unknownAggregation
    aggregators.push(aggregator)
  }
  return aggregators
}

/** Everything of buckets but what is computed of them. The duration is at `durationAt`, options begin behind `i + 1`. */
function readBuckets(
  args: Args,
  i: number,
  bounds: Bounds,
  durationAt: number,
  end: number,
): Omit<BucketChoice, 'aggregators'> {
  const duration = wholeAt(args, durationAt)
  if (duration <= 0) throw TS_ERR.bucketRange
  const emptyAt = placeOf(args, 'empty', i + 2, end)
  if (emptyAt >= 0 && emptyAt !== durationAt + 1 && emptyAt !== durationAt + 3) throw TS_ERR.emptyPlace
  return {
    duration,
    empty: emptyAt >= 0,
    stamp: readStamp(args, i + 2, durationAt, end),
    align: readAlign(args, i + 2, end, bounds),
  }
}

function readStamp(args: Args, from: number, durationAt: number, end: number): Stamp {
  const at = placeOf(args, 'buckettimestamp', from, end)
  if (at < 0) return STAMP.start
  if (at !== durationAt + 1 && at !== durationAt + 2) throw TS_ERR.stampPlace
  if (at + 1 === args.argc) throw wrongArity(args)
  const word = args
    .at(at + 1)
    .latin1()
    .toLowerCase()
  if (word === '-' || word === 'start') return STAMP.start
  if (word === '+' || word === 'end') return STAMP.end
  if (word === '~' || word === 'mid') return STAMP.middle
  throw TS_ERR.unknownStamp
}

function readAlign(args: Args, from: number, end: number, bounds: Bounds): number {
  const at = placeOf(args, 'align', from, end)
  if (at < 0) return 0
  if (at + 1 === args.argc) throw wrongArity(args)
  if (isStart(args, at + 1)) {
    if (!bounds.isFromGiven) throw TS_ERR.alignStart
    return bounds.from
  }
  if (isEnd(args, at + 1)) {
    if (!bounds.isToGiven) throw TS_ERR.alignEnd
    return bounds.to
  }
  const time = wholeAt(args, at + 1)
  if (!(time >= 0)) throw TS_ERR.unknownAlign
  return time
}

function isStart(args: Args, i: number): boolean {
  return args.is(i, '-') || args.is(i, 'start')
}

function isEnd(args: Args, i: number): boolean {
  return args.is(i, '+') || args.is(i, 'end')
}

/** Refuse an alignment of no buckets; first of all one that is none. */
function refuseAlign(args: Args, from: number, end: number): void {
  const at = placeOf(args, 'align', from, end)
  if (at < 0) return
  if (at + 1 === args.argc) throw wrongArity(args)
  if (!isStart(args, at + 1) && !isEnd(args, at + 1) && !(wholeAt(args, at + 1) >= 0)) throw TS_ERR.unknownAlign
  throw TS_ERR.alignAlone
}
