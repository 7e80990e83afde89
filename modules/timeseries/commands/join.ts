/* TS.NRANGE and TS.NREVRANGE -- series named by their keys, side by side: one row a time, one value or more a series. */

import type { Args, Context } from 'redstrata/module'
import { TS_ERR } from '../errors.ts'
import { replyRows } from '../output.ts'
import { readQueries } from '../query-options.ts'
import { appendRows, joinParts } from '../range/join.ts'
import { collect } from '../range/query.ts'
import { latestOf } from '../rules.ts'
import type { Shelf } from '../shelf.ts'
import { wholeAt, wrongArity } from '../words.ts'

export function nrange(shelf: Shelf, ctx: Context, args: Args): void {
  answer(shelf, ctx, args, false)
}

export function nrevrange(shelf: Shelf, ctx: Context, args: Args): void {
  answer(shelf, ctx, args, true)
}

function answer(shelf: Shelf, { db, reply }: Context, args: Args, reverse: boolean): void {
  const keys = wholeAt(args, 1)
  if (!(keys > 0)) throw TS_ERR.badKeyCount
  if (args.argc < keys + 4) throw wrongArity(args)
  const queries = readQueries(args, keys + 2, keys, reverse)
  const widths = queries.map(query => query.bucketing?.aggregators.length ?? 1)
  const { rows, parts, joined } = shelf
  const ends: number[] = []
  parts.reset(Math.max(...widths))
  for (let i = 0; i < keys; i++) {
    const series = shelf.read(db, args.at(2 + i))
    const query = queries[i]!
    const latest = query.latest ? latestOf(series) : null
    if (query.bucketing === null) collect(series, query, latest, rows)
    else shelf.aggregation.ask(query, query.bucketing).of(series, latest, rows)
    appendRows(parts, rows)
    if (rows.overflowed || parts.overflowed) throw TS_ERR.manyRows
    ends.push(parts.length)
  }
  joinParts({ rows: parts, ends }, widths, joined)
  if (joined.overflowed) throw TS_ERR.manyRows
  replyRows(reply, joined, reverse, queries[0]!.limit, true)
}
