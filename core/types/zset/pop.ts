/* Popping from sorted sets, at once or when there is something: ZPOPMIN, ZMPOP, BZPOPMIN and their kin. */

import type { Range } from '../../base/bytes.ts'
import { ERR, ReplyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import type { Suspended } from '../../command/suspend.ts'
import { takeTimeout } from '../../command/timeout.ts'
import type { Reply } from '../../resp/reply.ts'
import { afterTaking } from './take.ts'
import { ZSET_ID, type ZsetView, zsetType } from './value.ts'

const NUMKEYS = new ReplyError('ERR numkeys should be greater than 0')
const COUNT = new ReplyError('ERR count should be greater than 0')

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
  afterTaking(ctx, key, set, highest ? 'zpopmax' : 'zpopmin')
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
    afterTaking(ctx, key, set, highest ? 'zpopmax' : 'zpopmin')
    ctx.propagate(highest ? 'ZPOPMAX' : 'ZPOPMIN', key)
    return undefined
  }
  return wait(ctx, keys, timeoutMs)
}

function wait(ctx: Context, keys: Range[], timeoutMs: number): Suspended | undefined {
  const onTimeout = (reply: Reply): void => reply.nullArray()
  if (ctx.mayBlock) return ctx.waitForKeys({ keys, types: [ZSET_ID], timeoutMs, onTimeout })
  onTimeout(ctx.reply)
  return undefined
}

export function bzpopmin(ctx: Context, args: Args): Suspended | undefined {
  return popOrWait(ctx, args, false)
}

export function bzpopmax(ctx: Context, args: Args): Suspended | undefined {
  return popOrWait(ctx, args, true)
}

// ------------------------------------------------------------------ ZMPOP

interface Popping {
  keys: Range[]
  highest: boolean
  count: number
}

function takePopping(args: Args): Popping {
  const numkeys = args.int(NUMKEYS)
  if (numkeys < 1) throw NUMKEYS
  if (numkeys >= args.left) throw ERR.syntax
  const keys: Range[] = []
  for (let i = 0; i < numkeys; i++) keys.push(args.key())
  const highest = args.word('max')
  if (!highest && !args.word('min')) throw ERR.syntax
  let count = -1
  while (args.left > 0) {
    if (count >= 0 || args.left < 2 || !args.word('count')) throw ERR.syntax
    count = args.int(COUNT)
    if (count < 1) throw COUNT
  }
  return { keys, highest, count: Math.max(1, count) }
}

function popMany(ctx: Context, { keys, highest, count }: Popping): boolean {
  const { db, reply } = ctx
  for (const key of keys) {
    const set = db.open(key, zsetType)
    if (set === null) continue
    const taken = Math.min(count, set.length)
    reply.array(2)
    reply.bulk(key)
    reply.array(taken)
    replyAndTake(ctx, set, taken, highest, true)
    afterTaking(ctx, key, set, highest ? 'zpopmax' : 'zpopmin')
    ctx.propagate(highest ? 'ZPOPMAX' : 'ZPOPMIN', key, taken)
    return true
  }
  return false
}

export function zmpop(ctx: Context, args: Args): void {
  if (!popMany(ctx, takePopping(args))) ctx.reply.nullArray()
}

export function bzmpop(ctx: Context, args: Args): Suspended | undefined {
  const timeoutMs = takeTimeout(args)
  const popping = takePopping(args)
  return popMany(ctx, popping) ? undefined : wait(ctx, popping.keys, timeoutMs)
}
