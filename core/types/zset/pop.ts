/* Popping from sorted sets, at once or when there is something: ZPOPMIN, ZMPOP, BZPOPMIN and their kin. */

import type { Range } from '../../base/bytes.ts'
import { ERR } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { type Popping, takePopping } from '../../command/popping.ts'
import type { Suspended } from '../../command/suspend.ts'
import { takeTimeout } from '../../command/timeout.ts'
import { afterTaking } from './take.ts'
import { ZSET_ID, type ZsetView, zsetType } from './value.ts'

/** Write `count` members from an end and take them out. */
function replyAndTake(ctx: Context, set: ZsetView, count: number, highest: boolean, inPairs: boolean): void {
  const { reply } = ctx
  const { length } = set
  const [from, to] = highest ? [length - count, length] : [0, count]
  set.each(from, to, highest, (member, score) => {
    if (inPairs) reply.array(2)
    reply.bulk(member)
    reply.double(score)
  })
  set.deleteRange(from, to)
}

function pop(ctx: Context, args: Args, highest: boolean): void {
  const { db, reply } = ctx
  const key = args.key()
  const hasCount = args.left > 0
  if (args.left > 1) throw ERR.syntax
  const wanted = hasCount ? args.int(ERR.mustBePositive) : 1
  if (wanted < 0) throw ERR.mustBePositive
  const set = db.open(key, zsetType)
  const count = set === null ? 0 : Math.min(wanted, set.length)
  if (set === null || count === 0) {
    reply.array(0)
    return
  }
  const inPairs = hasCount && reply.protocol === 3
  reply.array(inPairs ? count : count * 2)
  replyAndTake(ctx, set, count, highest, inPairs)
  afterTaking(ctx, key, set, highest ? 'zpopmax' : 'zpopmin', count)
}

export function zpopmin(ctx: Context, args: Args): void {
  pop(ctx, args, false)
}

export function zpopmax(ctx: Context, args: Args): void {
  pop(ctx, args, true)
}

// ------------------------------------------------------------------ BZPOPMIN

function popOrWait(ctx: Context, args: Args, highest: boolean): Suspended | undefined {
  const { db, reply } = ctx
  const keys: Range[] = []
  while (args.left > 1) keys.push(args.key())
  const timeoutMs = takeTimeout(args)
  for (const key of keys) {
    const set = db.open(key, zsetType)
    if (set === null) continue
    reply.array(3)
    reply.bulk(key)
    replyAndTake(ctx, set, 1, highest, false)
    afterTaking(ctx, key, set, highest ? 'zpopmax' : 'zpopmin', 1)
    ctx.propagate(highest ? 'ZPOPMAX' : 'ZPOPMIN', key)
    return undefined
  }
  return wait(ctx, keys, timeoutMs)
}

function wait(ctx: Context, keys: readonly Range[], timeoutMs: number): Suspended | undefined {
  return ctx.waitForKeys({ keys, types: [ZSET_ID], timeoutMs, onTimeout: reply => reply.nullArray() })
}

export function bzpopmin(ctx: Context, args: Args): Suspended | undefined {
  return popOrWait(ctx, args, false)
}

export function bzpopmax(ctx: Context, args: Args): Suspended | undefined {
  return popOrWait(ctx, args, true)
}

// ------------------------------------------------------------------ ZMPOP

function popMany(ctx: Context, { keys, isFirst: highest, count }: Popping): boolean {
  const { db, reply } = ctx
  for (const key of keys) {
    const set = db.open(key, zsetType)
    if (set === null) continue
    const taken = Math.min(count, set.length)
    reply.array(2)
    reply.bulk(key)
    reply.array(taken)
    replyAndTake(ctx, set, taken, highest, true)
    afterTaking(ctx, key, set, highest ? 'zpopmax' : 'zpopmin', taken)
    ctx.propagate(highest ? 'ZPOPMAX' : 'ZPOPMIN', key, taken)
    return true
  }
  return false
}

export function zmpop(ctx: Context, args: Args): void {
  if (!popMany(ctx, takePopping(args, 'max', 'min'))) ctx.reply.nullArray()
}

export function bzmpop(ctx: Context, args: Args): Suspended | undefined {
  const timeoutMs = takeTimeout(args)
  const popping = takePopping(args, 'max', 'min')
  return popMany(ctx, popping) ? undefined : wait(ctx, popping.keys, timeoutMs)
}
