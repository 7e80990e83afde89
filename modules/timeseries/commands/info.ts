/* TS.INFO -- what there is to know of a series. */

import type { Args, Context, Reply } from 'redstrata/module'
import { countOf, firstTimeOf, lastTimeOf } from '../chunk/stretch.ts'
import { nameOfPolicy } from '../duplicate.ts'
import { replyBytes, replyLabels, replyTime } from '../output.ts'
import type { Series } from '../series.ts'
import type { Shelf } from '../shelf.ts'
import { sizeBytes } from '../type.ts'
import { wrongArity } from '../words.ts'

/** Fields of a reply, and those that DEBUG adds. */
const FIELDS = 14
const DEBUG_FIELDS = 2

export function info(shelf: Shelf, { db, reply }: Context, args: Args): void {
  if (args.argc > 3) throw wrongArity(args)
  const series = shelf.read(db, args.key())
  const debug = args.word('debug')
  reply.map(FIELDS + (debug ? DEBUG_FIELDS : 0))
  const hidden = series.rankOf(series.horizon)
  number(reply, 'totalSamples', series.count - hidden)
  number(reply, 'memoryUsage', sizeBytes(series))
  reply.status('firstTimestamp')
  replyTime(reply, firstShown(series))
  reply.status('lastTimestamp')
  replyTime(reply, series.lastTime)
  number(reply, 'retentionTime', series.retention)
  number(reply, 'chunkCount', Math.max(1, series.chunks.length))
  number(reply, 'chunkSize', series.chunkSize)
  reply.status('chunkType')
  reply.status(series.engine.name)
  reply.status('duplicatePolicy')
  if (series.policy === 0) reply.null()
  else reply.status(nameOfPolicy(series.policy))
  reply.status('labels')
  replyLabels(reply, series.labels)
  reply.status('sourceKey')
  if (series.source === null) reply.null()
  else replyBytes(reply, series.source.key)
  replyRules(reply, series)
  number(reply, 'ignoreMaxTimeDiff', series.ignoreTime)
  reply.status('ignoreMaxValDiff')
  reply.double(series.ignoreValue)
  if (debug) replyChunks(reply, series)
}

function number(reply: Reply, name: string, n: number): void {
  reply.status(name)
  reply.integer(n)
}

/** Time of the oldest sample that retention shows. */
function firstShown(series: Series): number {
  const { horizon } = series
  return horizon <= series.firstTime ? series.firstTime : (series.timeFrom(horizon) ?? 0)
}

function replyRules(reply: Reply, series: Series): void {
  reply.status('rules')
  if (reply.protocol === 3) reply.map(series.rules.length)
  else reply.array(series.rules.length)
  for (const rule of series.rules) {
    if (reply.protocol === 2) reply.array(4)
    replyBytes(reply, rule.target?.key ?? rule.targetKey)
    if (reply.protocol === 3) reply.array(3)
    reply.integer(rule.duration)
    reply.status(rule.aggregator.name.toUpperCase())
    replyTime(reply, rule.align)
  }
}

function replyChunks(reply: Reply, series: Series): void {
  reply.status('keySelfName')
  replyBytes(reply, series.key)
  reply.status('Chunks')
  const { chunks, engine, stock } = series
  reply.array(Math.max(1, chunks.length))
  if (chunks.length === 0) replyChunk(reply, 0, 0, 0, series.chunkSize)
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks.at(i)
    const bytes = engine.encodedBytes(chunk)
    replyChunk(
      reply,
      firstTimeOf(stock.memory, chunk),
      lastTimeOf(stock.memory, chunk),
      countOf(stock.memory, chunk),
      bytes,
    )
  }
}

function replyChunk(reply: Reply, first: number, last: number, samples: number, bytes: number): void {
  reply.map(5)
  reply.status('startTimestamp')
  replyTime(reply, first)
  reply.status('endTimestamp')
  replyTime(reply, last)
  number(reply, 'samples', samples)
  number(reply, 'size', bytes)
  reply.status('bytesPerSample')
  reply.double(samples === 0 ? 0 : bytes / samples)
}
