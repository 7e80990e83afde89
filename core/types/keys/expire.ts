/* Deadlines of keys: EXPIRE and its family. */

import type { Range } from '../../base/bytes.ts'
import { ReplyError, replyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { type Deadline, exactDeadline } from '../../command/expiry.ts'
import { EVENT } from '../../keyspace/event.ts'

const NX_CLASH = new ReplyError('ERR NX and XX, GT or LT options at the same time are not compatible')
const GT_CLASH = new ReplyError('ERR GT and LT options at the same time are not compatible')

/** When a new deadline may replace the old one. */
export interface ExpireCondition {
  nx: boolean
  xx: boolean
  gt: boolean
  lt: boolean
}

/** Take the conditions that are left. @throws on unknown ones and on those that contradict each other. */
export function takeCondition(args: Args): ExpireCondition {
  const found: ExpireCondition = { nx: false, xx: false, gt: false, lt: false }
  while (args.left > 0) {
    if (args.word('nx')) found.nx = true
    else if (args.word('xx')) found.xx = true
    else if (args.word('gt')) found.gt = true
    else if (args.word('lt')) found.lt = true
    else throw replyError(`ERR Unsupported option ${args.bytes().latin1()}`)
  }
  if (found.nx && (found.xx || found.gt || found.lt)) throw NX_CLASH
  if (found.gt && found.lt) throw GT_CLASH
  return found
}

/** Whether a deadline may be set; a key without one counts as living for ever. */
function isAllowed(condition: ExpireCondition, before: bigint, next: Deadline): boolean {
  if (condition.nx) return before < 0n
  if (before < 0n) return !condition.xx && !condition.gt
  if (condition.gt && next <= before) return false
  return !(condition.lt && next >= before)
}

function setExpiry(ctx: Context, args: Args, scale: 1 | 1000, baseMs: number, command: string): void {
  const { db, reply } = ctx
  const key = args.key()
  const valueAt = args.position++
  const condition = takeCondition(args)
  args.position = valueAt
  const value = args.int64()
  const deadline = exactDeadline(value, scale, baseMs, command)
  const record = db.findToUse(key)
  if (record === 0 || !isAllowed(condition, db.deadlines.exactOf(record), deadline)) {
    reply.integer(0)
    return
  }
  if (deadline <= db.keyspace.dueMs) removeExpired(ctx, key, record)
  else {
    db.keyspace.change(db, record)
    db.setDeadline(record, deadline)
    db.changed(key)
    db.notify(EVENT.generic, 'expire', key)
    ctx.propagate('PEXPIREAT', key, deadline)
  }
  reply.integer(1)
}

/** A time in the past: the key goes, as if by DEL. */
function removeExpired(ctx: Context, key: Range, record: number): void {
  ctx.db.remove(record)
  ctx.db.changed(key)
  ctx.db.notify(EVENT.generic, 'del', key)
  ctx.propagate('DEL', key)
}

export function expire(ctx: Context, args: Args): void {
  setExpiry(ctx, args, 1000, ctx.nowMs, 'expire')
}

export function pexpire(ctx: Context, args: Args): void {
  setExpiry(ctx, args, 1, ctx.nowMs, 'pexpire')
}

export function expireat(ctx: Context, args: Args): void {
  setExpiry(ctx, args, 1000, 0, 'expireat')
}

export function pexpireat(ctx: Context, args: Args): void {
  setExpiry(ctx, args, 1, 0, 'pexpireat')
}

export function persist(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const record = db.findToUse(key)
  if (record === 0 || db.deadlines.of(record) < 0) {
    reply.integer(0)
    return
  }
  db.keyspace.change(db, record)
  db.deadlines.clear(record)
  db.changed(key)
  db.notify(EVENT.generic, 'persist', key)
  reply.integer(1)
}

/** Reply -2 for no key, -1 for no deadline, and otherwise what `shown` makes of it. */
function replyTime(ctx: Context, args: Args, shown: (deadline: bigint, nowMs: bigint) => bigint): void {
  const { db, reply } = ctx
  const record = db.peek(args.key())
  if (record === 0) {
    reply.integer(-2)
    return
  }
  const deadline = db.deadlines.exactOf(record)
  if (deadline < 0n) reply.integer(-1)
  else reply.bigInteger(shown(deadline, BigInt(ctx.nowMs)))
}

function leftMs(deadline: bigint, nowMs: bigint): bigint {
  return deadline > nowMs ? deadline - nowMs : 0n
}

export function ttl(ctx: Context, args: Args): void {
  replyTime(ctx, args, (deadline, nowMs) => (leftMs(deadline, nowMs) + 500n) / 1000n)
}

export function pttl(ctx: Context, args: Args): void {
  replyTime(ctx, args, leftMs)
}

export function expiretime(ctx: Context, args: Args): void {
  replyTime(ctx, args, deadline => (deadline + 500n) / 1000n)
}

export function pexpiretime(ctx: Context, args: Args): void {
  replyTime(ctx, args, deadline => deadline)
}
