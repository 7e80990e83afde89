/* Lists that feed each other, and those who wait for them: LMOVE, LMPOP, BLPOP and their kin.
 *
 * A blocking command is run once; when nothing is there it waits, and is run again as it was when one of its keys is touched. What is
 * propagated is always the command that does not block. */

import { Range } from '../../base/bytes.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { type Popping, takeEither, takePopping } from '../../command/popping.ts'
import type { Suspended } from '../../command/suspend.ts'
import { takeTimeout } from '../../command/timeout.ts'
import { EVENT } from '../../keyspace/event.ts'
import { afterTaking, replyAndDrop } from './take.ts'
import { LIST_ID, type ListView, listType } from './value.ts'

function takeSide(args: Args): boolean {
  return takeEither(args, 'left', 'right')
}

function wait(ctx: Context, keys: readonly Range[], timeoutMs: number): Suspended | undefined {
  return ctx.waitForKeys({ keys, types: [LIST_ID], timeoutMs, onTimeout: reply => reply.nullArray() })
}

// ------------------------------------------------------------------ LMOVE

/** Move an element; false when the source holds none. Replies with the element. */
function moveElement(ctx: Context, source: Range, target: Range, fromFront: boolean, toFront: boolean): boolean {
  const { db, reply, out } = ctx
  const from = db.open(source, listType)
  if (from === null) return false
  const existing = db.open(target, listType)
  from.at(fromFront ? 0 : -1, out)
  reply.bulk(out)
  // The element is copied before anything moves: both lists may be one, and records may change place.
  const element = Range.of(out.copy())
  if (existing !== null && existing.record === from.record) {
    from.drop(1, fromFront)
    from.push(element, toFront)
  } else {
    const to = existing ?? db.create(target, listType)
    to.push(element, toFront)
    from.drop(1, fromFront)
  }
  db.notify(EVENT.list, toFront ? 'lpush' : 'rpush', target)
  db.changed(target, 0) // the two are one change
  afterTaking(ctx, source, from, fromFront ? 'lpop' : 'rpop', 1)
  ctx.propagate('LMOVE', source, target, fromFront ? 'LEFT' : 'RIGHT', toFront ? 'LEFT' : 'RIGHT')
  return true
}

export function lmove(ctx: Context, args: Args): void {
  const source = args.key()
  const target = args.key()
  const fromFront = takeSide(args)
  const toFront = takeSide(args)
  if (!moveElement(ctx, source, target, fromFront, toFront)) ctx.reply.null()
}

export function rpoplpush(ctx: Context, args: Args): void {
  if (!moveElement(ctx, args.key(), args.key(), false, true)) ctx.reply.null()
}

function moveOrWait(
  ctx: Context,
  source: Range,
  target: Range,
  fromFront: boolean,
  toFront: boolean,
  timeoutMs: number,
): Suspended | undefined {
  if (moveElement(ctx, source, target, fromFront, toFront)) return undefined
  if (!ctx.mayBlock) {
    ctx.reply.null()
    return undefined
  }
  return wait(ctx, [source], timeoutMs)
}

export function blmove(ctx: Context, args: Args): Suspended | undefined {
  const source = args.key()
  const target = args.key()
  const fromFront = takeSide(args)
  const toFront = takeSide(args)
  return moveOrWait(ctx, source, target, fromFront, toFront, takeTimeout(args))
}

export function brpoplpush(ctx: Context, args: Args): Suspended | undefined {
  return moveOrWait(ctx, args.key(), args.key(), false, true, takeTimeout(args))
}

// ------------------------------------------------------------------ BLPOP

function popOrWait(ctx: Context, args: Args, front: boolean): Suspended | undefined {
  const keys: Range[] = []
  while (args.left > 1) keys.push(args.key())
  const timeoutMs = takeTimeout(args)
  for (const key of keys) {
    const value = ctx.db.open(key, listType)
    if (value === null) continue
    popFirst(ctx, key, value, front)
    return undefined
  }
  return wait(ctx, keys, timeoutMs)
}

function popFirst(ctx: Context, key: Range, value: ListView, front: boolean): void {
  const { reply, out } = ctx
  reply.array(2)
  reply.bulk(key)
  value.at(front ? 0 : -1, out)
  reply.bulk(out)
  value.drop(1, front)
  afterTaking(ctx, key, value, front ? 'lpop' : 'rpop', 1)
  ctx.propagate(front ? 'LPOP' : 'RPOP', key)
}

export function blpop(ctx: Context, args: Args): Suspended | undefined {
  return popOrWait(ctx, args, true)
}

export function brpop(ctx: Context, args: Args): Suspended | undefined {
  return popOrWait(ctx, args, false)
}

// ------------------------------------------------------------------ LMPOP

function popMany(ctx: Context, { keys, isFirst: front, count }: Popping): boolean {
  const { db, reply } = ctx
  for (const key of keys) {
    const value = db.open(key, listType)
    if (value === null) continue
    reply.array(2)
    reply.bulk(key)
    const taken = replyAndDrop(ctx, value, count, front)
    afterTaking(ctx, key, value, front ? 'lpop' : 'rpop', taken)
    ctx.propagate(front ? 'LPOP' : 'RPOP', key, taken)
    return true
  }
  return false
}

export function lmpop(ctx: Context, args: Args): void {
  if (!popMany(ctx, takePopping(args, 'left', 'right'))) ctx.reply.nullArray()
}

export function blmpop(ctx: Context, args: Args): Suspended | undefined {
  const timeoutMs = takeTimeout(args)
  const popping = takePopping(args, 'left', 'right')
  return popMany(ctx, popping) ? undefined : wait(ctx, popping.keys, timeoutMs)
}
