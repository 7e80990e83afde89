/* Scanning -- the samples of a series from one time to another, stretch by stretch.
 *
 * A scan finds the chunk and the stretch in which it begins, decodes from there, and hands pieces of decoded stretches to
 * a sink until that has enough. Backwards it visits stretches from the last to the first; the samples of a piece still
 * stand in order of time, and the sink reads them from the end.
 *
 *   start O(log chunks + log stretches)    then O(1) a sample    by a list of times: O(log n + 128) each at most */

import type { Address } from 'redstrata/module'
import { placeOf } from '../chunk/batch.ts'
import { firstTimeOf, lastTimeOf, stretchAt, stretchesOf, stretchTimeOf } from '../chunk/stretch.ts'
import type { Series } from '../series.ts'

/** Which samples are wanted, of those in the range. */
export interface SampleFilter {
  /** Only those at these times, in rising order and without doubles; null for all. */
  readonly times: Float64Array | null
  /** Only those whose value is in this closed interval. */
  readonly least: number
  readonly greatest: number
}

export interface SampleSink {
  /** Take samples, in order of time. Returns whether more are wanted. */
  take(times: Float64Array, at: number, values: Float64Array, valuesAt: number, length: number): boolean
}

/** A sample that is not in the series yet: the open bucket of the rule that feeds it. */
export interface Latest {
  readonly time: number
  readonly value: number
}

/** What a scan is asked. `from` and `to` are both included. */
export interface Scan {
  readonly from: number
  readonly to: number
  readonly filter: SampleFilter | null
  readonly reverse: boolean
  readonly latest: Latest | null
  /** Whether samples that retention hides are told too. */
  readonly hidden?: boolean
}

/** Hand the samples of a scan to a sink. */
export function scan(series: Series, query: Scan, sink: SampleSink): void {
  const { latest } = query
  const shown = latest !== null && latest.time >= query.from && latest.time <= query.to ? latest : null
  if (shown !== null && query.reverse && !takeLatest(series, shown, query.filter, sink)) return
  if (series.count > 0 && !scanStored(series, query, sink)) return
  if (shown !== null && !query.reverse) takeLatest(series, shown, query.filter, sink)
}

function takeLatest(series: Series, latest: Latest, filter: SampleFilter | null, sink: SampleSink): boolean {
  const times = Float64Array.of(latest.time)
  const values = Float64Array.of(latest.value)
  return filter === null ? sink.take(times, 0, values, 0, 1) : takeSome(series, times, 0, 1, values, 0, filter, sink)
}

/** Returns whether more are wanted. */
function scanStored(series: Series, query: Scan, sink: SampleSink): boolean {
  const from = query.hidden === true ? query.from : Math.max(query.from, series.horizon)
  const { to, filter } = query
  if (from > to) return true
  if (filter !== null && filter.times !== null) return scanTimes(series, from, to, filter.times, query, sink)
  const memory = series.stock.memory
  const { chunks } = series
  const step = query.reverse ? -1 : 1
  let index = chunks.indexOf(query.reverse ? to : from)
  for (; index >= 0 && index < chunks.length; index += step) {
    const chunk = chunks.at(index)
    if (query.reverse ? lastTimeOf(memory, chunk) < from : firstTimeOf(memory, chunk) > to) break
    if (!scanChunk(series, chunk, from, to, query, sink)) return false
  }
  return true
}

function scanChunk(series: Series, chunk: Address, from: number, to: number, query: Scan, sink: SampleSink): boolean {
  const memory = series.stock.memory
  const step = query.reverse ? -1 : 1
  const stretches = stretchesOf(memory, chunk)
  let stretch = Math.max(0, stretchAt(memory, chunk, query.reverse ? to : from))
  for (; stretch >= 0 && stretch < stretches; stretch += step) {
    const begins = stretchTimeOf(memory, chunk, stretch)
    if (begins > to) return true
    const { times, timesAt, values, valuesAt, length } = series.stock.cache.read(series.engine, chunk, stretch)
    const end = timesAt + length
    const first = begins >= from ? timesAt : placeOf(times, timesAt, end, from)
    const last = times[end - 1]! <= to ? end : placeAfter(times, timesAt, end, to)
    if (first < last) {
      const at = valuesAt + first - timesAt
      const more =
        query.filter === null
          ? sink.take(times, first, values, at, last - first)
          : takeSome(series, times, first, last - first, values, at, query.filter, sink)
      if (!more) return false
    }
    if (query.reverse && begins <= from) return true
  }
  return true
}

/** First place whose time is above `time`. */
export function placeAfter(times: Float64Array, from: number, end: number, time: number): number {
  const place = placeOf(times, from, end, time)
  return place < end && times[place] === time ? place + 1 : place
}

/** Hand on the samples that a filter lets through, at most a stretch of them. */
function takeSome(
  series: Series,
  times: Float64Array,
  at: number,
  length: number,
  values: Float64Array,
  valuesAt: number,
  filter: SampleFilter,
  sink: SampleSink,
): boolean {
  const { keptTimes, keptValues } = series.stock
  const wanted = filter.times
  let next = wanted === null ? 0 : placeOf(wanted, 0, wanted.length, times[at]!)
  let kept = 0
  for (let i = 0; i < length; i++) {
    const time = times[at + i]!
    if (wanted !== null) {
      while (next < wanted.length && wanted[next]! < time) next++
      if (next === wanted.length) break
      if (wanted[next] !== time) continue
    }
    const value = values[valuesAt + i]!
    if (!(value >= filter.least && value <= filter.greatest)) continue
    keptTimes[kept] = time
    keptValues[kept++] = value
  }
  return kept === 0 || sink.take(keptTimes, 0, keptValues, 0, kept)
}

/** Visit only the stretches that can hold one of the wanted times. */
function scanTimes(
  series: Series,
  from: number,
  to: number,
  wanted: Float64Array,
  query: Scan,
  sink: SampleSink,
): boolean {
  const memory = series.stock.memory
  const { chunks, stock } = series
  const begin = placeOf(wanted, 0, wanted.length, from)
  const end = placeAfter(wanted, 0, wanted.length, to)
  let next = query.reverse ? end - 1 : begin
  while (next >= begin && next < end) {
    const chunk = chunks.at(chunks.indexOf(wanted[next]!))
    const stretch = Math.max(0, stretchAt(memory, chunk, wanted[next]!))
    const batch = stock.cache.read(series.engine, chunk, stretch)
    const { times, timesAt, length } = batch
    // All wanted times that this stretch covers are told at once. The one sought may lie behind its end, or before it.
    const low = placeOf(wanted, begin, end, times[timesAt]!)
    const high = placeAfter(wanted, begin, end, times[timesAt + length - 1]!)
    if (next < low || next >= high) {
      next += query.reverse ? -1 : 1
      continue
    }
    const first = placeOf(times, timesAt, timesAt + length, from)
    const last = placeAfter(times, timesAt, timesAt + length, to)
    const at = batch.valuesAt + first - timesAt
    if (!takeSome(series, times, first, last - first, batch.values, at, query.filter!, sink)) return false
    next = query.reverse ? low - 1 : high
  }
  return true
}

/** A sample found by its place among the others. */
export class Neighbour {
  time = 0
  value = 0
}

/** The last sample before a time, among those that retention shows. Returns whether there is one. */
export function findBefore(series: Series, time: number, out: Neighbour): boolean {
  const { chunks, stock } = series
  if (series.count === 0 || time <= series.firstTime) return false
  const memory = stock.memory
  let index = chunks.indexOf(time)
  if (firstTimeOf(memory, chunks.at(index)) >= time) index--
  const chunk = chunks.at(index)
  let stretch = Math.max(0, stretchAt(memory, chunk, time))
  if (stretchTimeOf(memory, chunk, stretch) >= time) stretch--
  const { times, timesAt, values, valuesAt, length } = stock.cache.read(series.engine, chunk, stretch)
  const place = placeOf(times, timesAt, timesAt + length, time) - 1
  out.time = times[place]!
  out.value = values[valuesAt + place - timesAt]!
  return out.time >= series.horizon
}

/** The first sample after a time. Returns whether there is one. */
export function findAfter(series: Series, time: number, out: Neighbour): boolean {
  const { chunks, stock } = series
  if (series.count === 0 || time >= series.lastTime) return false
  const memory = stock.memory
  const from = Math.max(time, series.horizon - 1)
  let index = chunks.indexOf(from)
  if (lastTimeOf(memory, chunks.at(index)) <= from) index++
  const chunk = chunks.at(index)
  let stretch = Math.max(0, stretchAt(memory, chunk, from))
  let batch = stock.cache.read(series.engine, chunk, stretch)
  if (batch.times[batch.timesAt + batch.length - 1]! <= from) batch = stock.cache.read(series.engine, chunk, ++stretch)
  const { times, timesAt, values, valuesAt, length } = batch
  const place = placeAfter(times, timesAt, timesAt + length, from)
  out.time = times[place]!
  out.value = values[valuesAt + place - timesAt]!
  return true
}
