/* TS.ADD, TS.MADD, TS.INCRBY, TS.DECRBY and TS.DEL -- samples in and out.
 *
 * The star stands for the server's clock, so it is propagated as the time that it was. */

import { type Args, type Context, EVENT, type Range, type ReplyError } from 'redstrata/module'
import { DUPLICATE, type DuplicatePolicy } from '../duplicate.ts'
import { TS_ERR } from '../errors.ts'
import { addSample, deleteSamples, increment } from '../ingest.ts'
import { readOptions, readPolicy, withDefaults } from '../options.ts'
import { replyTime } from '../output.ts'
import { readBounds } from '../query-options.ts'
import { reachesBehind } from '../rules.ts'
import { ADDED, IGNORED, type Outcome, type Series, TOO_OLD } from '../series.ts'
import type { Shelf } from '../shelf.ts'
import { doubleAt, placeOf, valueAt, wholeAt, wrongArity } from '../words.ts'
import { makeSeries } from './settle.ts'

const STAR = 42

export function add(shelf: Shelf, ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const value = valueAt(args, 3)
  if (Number.isNaN(value)) throw TS_ERR.badValue
  const time = timeAt(ctx, args, 2)
  if (!(time >= 0)) throw refusalOfTime(time)
  let series = shelf.openOrNull(db, key)
  let policy: DuplicatePolicy | undefined
  if (series !== null) {
    if (args.argc > 4) policy = readPolicy(args, 'on_duplicate', 4)
  } else {
    if (db.find(key) !== 0) throw TS_ERR.notSeries
    series = makeSeries(shelf, db, key, withDefaults(readOptions(args, 4), shelf.settings))
  }
  const outcome = addTo(shelf, ctx, series, time, value, policy)
  if (outcome === ADDED) {
    db.changed(key)
    if (ctx.propagates && isStar(args, 2)) propagateAt(ctx, args, 2, time)
  }
  db.notify(EVENT.module, 'ts.add', key)
  if (outcome > IGNORED) throw refusalOf(outcome)
  replyTime(reply, outcome === IGNORED ? series.lastTime : time)
}

export function madd(shelf: Shelf, ctx: Context, args: Args): void {
  if (args.argc % 3 !== 1) throw wrongArity(args)
  const { db, reply } = ctx
  reply.array((args.argc - 1) / 3)
  const { propagates } = ctx
  let hasStar = false
  for (let i = 1; i < args.argc; i += 3) {
    const refusal = addOne(shelf, ctx, args, i)
    if (refusal !== null) reply.error(refusal)
    if (propagates && isStar(args, i + 1)) hasStar = true
  }
  if (hasStar) propagateTimes(ctx, args)
  if (!db.keyspace.listens(EVENT.module)) return
  for (let i = 1; i < args.argc; i += 3)
    if (shelf.find(db, args.at(i)) !== null) db.notify(EVENT.module, 'ts.add', args.at(i))
}

/** One sample of a TS.MADD, with its reply. Returns why it was refused, or null. */
function addOne(shelf: Shelf, ctx: Context, args: Args, i: number): ReplyError | null {
  const value = valueAt(args, i + 2)
  if (Number.isNaN(value)) return TS_ERR.badValue
  const time = timeAt(ctx, args, i + 1)
  if (!(time >= 0)) return refusalOfTime(time)
  const key = args.at(i)
  const series = shelf.openOrNull(ctx.db, key)
  if (series === null) return TS_ERR.notSeries
  const outcome = addTo(shelf, ctx, series, time, value, undefined)
  if (outcome > IGNORED) return refusalOf(outcome)
  if (outcome === ADDED) ctx.db.changed(key)
  replyTime(ctx.reply, outcome === IGNORED ? series.lastTime : time)
  return null
}

function addTo(
  shelf: Shelf,
  ctx: Context,
  series: Series,
  time: number,
  value: number,
  policy: DuplicatePolicy | undefined,
): Outcome {
  const inForce = policy ?? (series.policy === DUPLICATE.none ? shelf.settings.policy : series.policy)
  return addSample(series, time, value, inForce, shelf.rulesIn(ctx.db))
}

function refusalOf(outcome: Outcome): ReplyError {
  return outcome === TOO_OLD ? TS_ERR.tooOld : TS_ERR.blocked
}

export function incrby(shelf: Shelf, ctx: Context, args: Args): void {
  step(shelf, ctx, args, 1, 'ts.incrby')
}

export function decrby(shelf: Shelf, ctx: Context, args: Args): void {
  step(shelf, ctx, args, -1, 'ts.decrby')
}

function step(shelf: Shelf, ctx: Context, args: Args, sign: number, event: string): void {
  const { db, reply } = ctx
  const key = args.key()
  const labelsAt = placeOf(args, 'labels', 3)
  const at = placeOf(args, 'timestamp', 3, labelsAt < 0 ? args.argc : labelsAt)
  // The real server crashes here.
  if (at >= 0 && at + 1 === args.argc) throw TS_ERR.badTime
  let series = shelf.openOrNull(db, key)
  const isNew = series === null
  if (series === null) {
    if (db.find(key) !== 0) throw TS_ERR.wrongType
    series = makeSeries(shelf, db, key, withDefaults(readOptions(args, 3), shelf.settings))
  }
  const by = doubleAt(args, 2)
  const time = at < 0 ? ctx.nowMs : timeAt(ctx, args, at + 1)
  const refusal = refusalOfStep(series, time, by)
  if (refusal !== null) {
    // A series that was made stays, as in the real module; whoever follows is told of that and no more.
    if (isNew) {
      db.changed(key)
      if (ctx.propagates) ctx.propagate('TS.CREATE', ...wordsOf(args, 1, 2), ...wordsOf(args, 3, args.argc))
    }
    throw refusal
  }
  increment(series, time, by * sign, shelf.rulesIn(db))
  db.changed(key)
  if (at < 0) propagateAt(ctx, args, args.argc, time)
  else if (isStar(args, at + 1)) propagateAt(ctx, args, at + 1, time)
  db.notify(EVENT.module, event, key)
  replyTime(reply, time)
}

function refusalOfStep(series: Series, time: number, by: number): ReplyError | null {
  if (!Number.isFinite(by)) return TS_ERR.badIncrement
  if (!(time >= 0)) return refusalOfTime(time)
  return series.count > 0 && time < series.lastTime ? TS_ERR.backwards : null
}

function wordsOf(args: Args, from: number, to: number): Range[] {
  return Array.from({ length: to - from }, (_, i) => args.at(from + i))
}

export function del(shelf: Shelf, { db, reply }: Context, args: Args): void {
  const key = args.key()
  const { from, to } = readBounds(args, 2)
  const series = shelf.open(db, key)
  if (reachesBehind(series, from)) throw TS_ERR.behindRetention
  const removed = deleteSamples(series, from, to, shelf.rulesIn(db))
  if (removed > 0) db.changed(key)
  db.notify(EVENT.module, 'ts.del', key)
  reply.integer(removed)
}

/** The time of argument `i`: the clock's for a star, NaN when there is none, below zero when it is negative. */
function timeAt(ctx: Context, args: Args, i: number): number {
  return isStar(args, i) ? ctx.nowMs : wholeAt(args, i)
}

function isStar(args: Args, i: number): boolean {
  return i < args.argc && args.ends[i]! - args.starts[i]! === 1 && args.buf[args.starts[i]!] === STAR
}

function refusalOfTime(time: number): ReplyError {
  return time < 0 ? TS_ERR.negativeTime : TS_ERR.badTime
}

/** State the command with a time in the place of argument `i`; behind the last one, as the option TIMESTAMP. */
function propagateAt(ctx: Context, args: Args, i: number, time: number): void {
  if (!ctx.propagates) return
  const values: (Range | string | number)[] = []
  for (let n = 0; n < args.argc; n++) values.push(n === i ? time : args.at(n))
  if (i < args.argc) ctx.propagate(...values)
  // What follows LABELS is all labels, so the time goes in front.
  else ctx.propagate(...values.slice(0, 3), 'TIMESTAMP', time, ...values.slice(3))
}

/** State a TS.MADD with the times that its stars stood for. */
function propagateTimes(ctx: Context, args: Args): void {
  if (!ctx.propagates) return
  const values: (Range | number)[] = []
  for (let n = 0; n < args.argc; n++) values.push(n % 3 === 2 && isStar(args, n) ? ctx.nowMs : args.at(n))
  ctx.propagate(...values)
}
