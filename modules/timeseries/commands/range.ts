/* TS.GET, TS.RANGE and TS.REVRANGE -- the samples of one series. */

import type { Args, Context, Reply } from 'redstrata/module'
import { lastTimeOf, lastValueOf } from '../chunk/stretch.ts'
import { TS_ERR } from '../errors.ts'
import { replyRows, replySample, SampleWriter } from '../output.ts'
import { type QueryOptions, readQuery } from '../query-options.ts'
import { scan } from '../range/scan.ts'
import { latestOf } from '../rules.ts'
import type { Series } from '../series.ts'
import type { Shelf } from '../shelf.ts'
import { wrongArity } from '../words.ts'

export function get(shelf: Shelf, { db, reply }: Context, args: Args): void {
  if (args.argc > 3) throw wrongArity(args)
  const series = shelf.read(db, args.key())
  if (args.left > 0 && !args.word('latest')) throw TS_ERR.thirdArgument
  replyNewest(reply, series, args.argc > 2)
}

/** Write the newest sample of a series, the open bucket of a compaction if that is wanted; an empty list for none. */
export function replyNewest(reply: Reply, series: Series, isLatest: boolean): void {
  const latest = isLatest ? latestOf(series) : null
  if (latest !== null) replySample(reply, latest.time, latest.value)
  else {
    const { last } = series.chunks
    const { memory } = series.stock
    if (last !== 0) replySample(reply, lastTimeOf(memory, last), lastValueOf(memory, last))
    else reply.array(0)
  }
}

export function range(shelf: Shelf, ctx: Context, args: Args): void {
  answer(shelf, ctx, args, false)
}

export function revrange(shelf: Shelf, ctx: Context, args: Args): void {
  answer(shelf, ctx, args, true)
}

function answer(shelf: Shelf, ctx: Context, args: Args, reverse: boolean): void {
  answerRange(shelf, ctx, shelf.read(ctx.db, args.key()), args, reverse)
}

/** Answer a query on a series. */
export function answerRange(shelf: Shelf, ctx: Context, series: Series, args: Args, reverse: boolean): void {
  const query = readQuery(args, 2, args.argc, reverse)
  if (query.bucketing !== null) shelf.aggregation.ask(query, query.bucketing)
  replyRange(shelf, ctx, series, query)
}

/** Write the rows of one series, whose buckets the shelf's aggregation was asked for. Returns how many there were. */
export function replyRange(shelf: Shelf, { reply }: Context, series: Series, query: QueryOptions): number {
  const latest = query.latest ? latestOf(series) : null
  const { reverse, limit } = query
  if (query.bucketing === null) {
    const writer = new SampleWriter(reply, reverse, limit)
    scan(series, { from: query.from, to: query.to, filter: query.filter, reverse, latest }, writer)
    return writer.finish()
  }
  const { rows } = shelf
  shelf.aggregation.of(series, latest, rows)
  if (rows.overflowed) throw TS_ERR.manyRows
  replyRows(reply, rows, reverse, limit)
  return rows.length
}
