/* Persistence -- a series in a dump, as RedisTimeSeries 1.12 writes it (type TSDB-TYPE, version 8).
 *
 *      key, RETENTION, CHUNK_SIZE, encoding, newest time and value, samples, policy,
 *      1 source's key | 0, IGNORE time and value, labels n (name value)*,
 *      rules n (target's key, bucket, alignment, aggregator, start of the open bucket, its state)*,
 *      chunks n (see chunk/dump.ts)*
 *
 * Versions from 2 on are read; what stands behind `version >=` below came with that version. A dump always names rules
 * and source; RESTORE forgets them, as the real module does (shelf.ts). */

import { type Address, type LoadSource, Range, type SaveSink } from 'redstrata/module'
import type { Aggregator } from './aggregate/aggregator.ts'
import { AVG_COUNT, AVG_IS_MEAN, AVG_SUM } from './aggregate/sums.ts'
import { END_SEEN, END_VALUE } from './aggregate/ends.ts'
import { GREATEST_AT, LEAST_AT } from './aggregate/extremes.ts'
import { SPREAD_COUNT, SPREAD_MEAN, SPREAD_SUM } from './aggregate/spread.ts'
import { aggregatorOfCode } from './aggregate/table.ts'
import { TWA_AREA, TWA_BEGIN, TWA_COUNT, TWA_LAST_TIME, TWA_LAST_VALUE } from './aggregate/twa.ts'
import { loadChunk, loadTime, saveChunk, saveEmptyChunk, saveTime } from './chunk/dump.ts'
import { DUPLICATE, type DuplicatePolicy } from './duplicate.ts'
import { NO_BUCKET, Rule } from './rules.ts'
import type { Series } from './series.ts'
import { isChunkSize } from './settings.ts'

/** The version that is written. */
export const SERIES_VERSION = 8

const VERSION = { sizes: 2, policy: 3, averages: 4, alignment: 6, ignore: 8 } as const
const UNCOMPRESSED = 1
const COMPRESSED = 2
/** The start of a rule's bucket when there is none: all bits set. */
const NO_START = 0xffffffffffffffffn

// ------------------------------------------------------------------ writing

/** Write a series. */
export function saveSeries(series: Series, sink: SaveSink): void {
  const { chunks, engine } = series
  saveText(sink, series.key)
  sink.unsigned(series.retention)
  sink.unsigned(series.chunkSize)
  sink.unsigned(engine.name === 'compressed' ? COMPRESSED : UNCOMPRESSED)
  saveTime(sink, series.lastTime)
  sink.double(series.lastValue)
  sink.unsigned(series.count)
  sink.unsigned(series.policy)
  const sourceKey = series.source?.key ?? series.sourceKey
  sink.unsigned(sourceKey === '' ? 0 : 1)
  if (sourceKey !== '') saveText(sink, sourceKey)
  sink.unsigned(series.ignoreTime)
  sink.double(series.ignoreValue)
  sink.unsigned(series.labels.length / 2)
  for (const label of series.labels) saveText(sink, label)
  sink.unsigned(series.rules.length)
  for (const rule of series.rules) saveRule(rule, sink)
  sink.unsigned(Math.max(1, chunks.length))
  if (chunks.length === 0) saveEmptyChunk(engine, sink)
  const row: Address[] = []
  for (let i = 0; i < chunks.length; i++) row.push(chunks.at(i))
  sink.row(row, (chunkSink, chunk) => saveChunk(engine, chunk, chunkSink))
}

function saveRule(rule: Rule, sink: SaveSink): void {
  saveText(sink, rule.target?.key ?? rule.targetKey)
  sink.unsigned(rule.duration)
  saveTime(sink, rule.align)
  sink.unsigned(rule.aggregator.code)
  if (rule.start === NO_BUCKET) sink.unsigned(NO_START)
  else saveTime(sink, Math.max(0, rule.start))
  saveState(rule, sink)
}

/** The state of a rule's open bucket, in the form that its aggregator has in the real module. */
function saveState(rule: Rule, sink: SaveSink): void {
  const { state } = rule
  switch (rule.aggregator.name) {
    case 'min':
    case 'max':
    case 'range':
      sink.double(Math.max(state[GREATEST_AT]!, -Number.MAX_VALUE))
      sink.double(Math.min(state[LEAST_AT]!, Number.MAX_VALUE))
      return
    case 'avg':
      sink.double(state[AVG_SUM]!)
      sink.double(state[AVG_COUNT]!)
      sink.unsigned(state[AVG_IS_MEAN]!)
      return
    case 'sum':
    case 'count':
      sink.double(state[0]!)
      sink.unsigned(1)
      return
    case 'first':
    case 'last':
      sink.double(state[END_VALUE]!)
      sink.unsigned(1 - state[END_SEEN]!)
      return
    case 'twa':
      saveTwa(rule, sink)
      return
    default: {
      const mean = state[SPREAD_MEAN]!
      const count = state[SPREAD_COUNT]!
      sink.double(mean * count)
      sink.double(state[SPREAD_SUM]! + mean * mean * count)
      sink.unsigned(count)
    }
  }
}

function saveTwa({ state, bucket }: Rule, sink: SaveSink): void {
  const count = state[TWA_COUNT]!
  sink.double(state[TWA_AREA]!)
  saveTime(sink, count === 0 && bucket.hasBefore ? bucket.beforeTime : state[TWA_LAST_TIME]!)
  sink.double(count === 0 && bucket.hasBefore ? bucket.beforeValue : state[TWA_LAST_VALUE]!)
  saveTime(sink, bucket.start)
  saveTime(sink, bucket.end)
  saveTime(sink, state[TWA_BEGIN]!)
  saveTime(sink, state[TWA_LAST_TIME]!)
  sink.unsigned(bucket.hasBefore ? 0 : 1)
  sink.unsigned(count)
  sink.unsigned(0) // not read backwards
}

function saveText(sink: SaveSink, text: string): void {
  const bytes = Buffer.from(text, 'latin1')
  sink.string(bytes, 0, bytes.length)
}

// ------------------------------------------------------------------ reading

/** Fill a new series. Rules and source are known by name afterwards. @throws Error when the data is damaged. */
export function loadSeries(series: Series, source: LoadSource, version: number): void {
  if (version < VERSION.sizes || version > SERIES_VERSION) throw new Error(`TSDB-TYPE: version ${version} is not known`)
  loadText(source) // the key, which the record has
  const retention = loadTime(source)
  const chunkSize = source.unsigned()
  if (!isChunkSize(chunkSize)) throw new Error('TSDB-TYPE: no such size of chunks')
  const compressed = (source.unsigned() & UNCOMPRESSED) === 0
  source.unsigned64() // the newest time, value and the number of samples: the chunks tell
  source.double()
  source.unsigned64()
  const policy = version >= VERSION.policy ? source.unsigned() : DUPLICATE.none
  if (policy > DUPLICATE.sum) throw new Error('TSDB-TYPE: no such policy')
  series.sourceKey = source.unsigned() === 0 ? '' : loadText(source)
  const ignoreTime = version >= VERSION.ignore ? loadTime(source) : 0
  const ignoreValue = version >= VERSION.ignore ? source.double() : 0
  const labels: string[] = []
  for (let left = source.unsigned() * 2; left > 0; left--) labels.push(loadText(source))
  series.configure({
    retention,
    chunkSize,
    compressed,
    policy: policy as DuplicatePolicy,
    ignoreTime,
    ignoreValue,
    labels,
  })
  const rules: Rule[] = []
  for (let left = source.unsigned(); left > 0; left--) rules.push(loadRule(source, version))
  series.rules = rules
  series.isLinked = rules.length === 0 && series.sourceKey === ''
  for (let left = source.unsigned(); left > 0; left--) attachChunk(series, source)
  for (const rule of rules) if (rule.start !== NO_BUCKET) rule.count = series.count - series.rankOf(rule.bucket.start)
}

function attachChunk(series: Series, source: LoadSource): void {
  const { chunks, engine, stock } = series
  const before = series.count === 0 ? -1 : series.lastTime
  chunks.reserve(1)
  const chunk = loadChunk(engine, stock.room, series.chunkSize, source)
  if (chunk === 0) return
  series.attach(chunk)
  if (!(series.timeOfChunk(chunks.length - 1) > before)) throw new Error('TSDB-TYPE: the chunks are out of order')
}

function loadRule(source: LoadSource, version: number): Rule {
  const targetKey = loadText(source)
  const duration = loadTime(source)
  const align = version >= VERSION.alignment ? loadTime(source) : 0
  const aggregator = aggregatorOfCode(source.unsigned())
  if (aggregator === undefined || !(duration > 0)) throw new Error('TSDB-TYPE: no such rule')
  const rule = new Rule(aggregator, duration, align, null, targetKey)
  const start = source.unsigned64()
  if (start !== NO_START) {
    rule.start = rule.startOf(Number(start))
    rule.bucket.start = Math.max(0, rule.start)
    rule.bucket.end = rule.start + duration
  }
  loadState(rule, aggregator, source, version)
  return rule
}

function loadState(rule: Rule, aggregator: Aggregator, source: LoadSource, version: number): void {
  const { state } = rule
  switch (aggregator.name) {
    case 'min':
    case 'max':
    case 'range':
      loadExtremes(state, source, version)
      return
    case 'avg':
      state[AVG_SUM] = source.double()
      state[AVG_COUNT] = source.double()
      state[AVG_IS_MEAN] = version >= VERSION.averages ? source.unsigned() : 0
      return
    case 'sum':
    case 'count':
      state[0] = source.double()
      if (version >= VERSION.policy) source.unsigned()
      return
    case 'first':
    case 'last':
      state[END_VALUE] = source.double()
      state[END_SEEN] = version >= VERSION.policy && aggregator.name === 'first' ? 1 - source.unsigned() : 1
      if (version >= VERSION.policy && aggregator.name === 'last') source.unsigned()
      return
    case 'twa':
      loadTwa(rule, source)
      return
    default: {
      const sum = source.double()
      const squares = source.double()
      const count = source.unsigned()
      state[SPREAD_COUNT] = count
      state[SPREAD_MEAN] = count === 0 ? 0 : sum / count
      state[SPREAD_SUM] = Math.max(0, squares - state[SPREAD_MEAN]! * sum)
    }
  }
}

function loadExtremes(state: Float64Array, source: LoadSource, version: number): void {
  const greatest = source.double()
  const least = source.double()
  if (version < VERSION.alignment) source.string(new Range())
  state[GREATEST_AT] = greatest === -Number.MAX_VALUE ? Number.NEGATIVE_INFINITY : greatest
  state[LEAST_AT] = least === Number.MAX_VALUE ? Number.POSITIVE_INFINITY : least
}

function loadTwa({ state, bucket }: Rule, source: LoadSource): void {
  state[TWA_AREA] = source.double()
  const lastTime = loadTime(source)
  const lastValue = source.double()
  bucket.start = loadTime(source)
  bucket.end = loadTime(source)
  state[TWA_BEGIN] = loadTime(source)
  loadTime(source) // where the line ends, which is the last sample
  bucket.hasBefore = source.unsigned() === 0
  state[TWA_COUNT] = source.unsigned()
  source.unsigned()
  state[TWA_LAST_TIME] = lastTime
  state[TWA_LAST_VALUE] = lastValue
  if (state[TWA_COUNT] > 0) return
  bucket.beforeTime = lastTime
  bucket.beforeValue = lastValue
}

function loadText(source: LoadSource): string {
  return source.string(new Range()).latin1()
}
