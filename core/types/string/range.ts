/* Parts of strings: APPEND, GETRANGE, SETRANGE. */

import { ERR, ReplyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { EVENT } from '../../keyspace/event.ts'
import { stringType } from './value.ts'

const OFFSET_RANGE = new ReplyError('ERR offset is out of range')

function checkLength(ctx: Context, length: number): void {
  if (length > ctx.engine.limits.bulkLengthMax) throw ERR.stringTooLong
}

export function append(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const key = args.key()
  const piece = args.bytes()
  const existing = db.open(key, stringType)
  const before = existing?.length ?? 0
  checkLength(ctx, before + piece.length)
  const value = existing ?? db.create(key, stringType, piece.length)
  if (existing === null) value.set(piece.buf, piece.start, piece.end)
  else {
    value.resize(before + piece.length)
    value.range(out)
    piece.buf.copy(out.buf, out.start + before, piece.start, piece.end)
  }
  db.changed(key)
  db.notify(EVENT.string, 'append', key)
  reply.integer(before + piece.length)
}

export function setrange(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const key = args.key()
  const offset = args.int()
  const piece = args.bytes()
  if (offset < 0) throw OFFSET_RANGE
  const existing = db.open(key, stringType)
  if (piece.length === 0) {
    reply.integer(existing?.length ?? 0)
    return
  }
  checkLength(ctx, offset + piece.length)
  const value = existing ?? db.create(key, stringType)
  value.resize(Math.max(value.length, offset + piece.length))
  value.touch(offset, offset + piece.length)
  value.range(out)
  piece.buf.copy(out.buf, out.start + offset, piece.start, piece.end)
  db.changed(key)
  db.notify(EVENT.string, 'setrange', key)
  reply.integer(value.length)
}

export function getrange({ db, reply, out }: Context, args: Args): void {
  const key = args.key()
  let start = args.int()
  let end = args.int()
  const value = db.read(key, stringType)
  const length = value?.length ?? 0
  if (value === null || (start < 0 && end < 0 && start > end)) {
    reply.bytes(out.buf, 0, 0)
    return
  }
  if (start < 0) start = Math.max(0, length + start)
  if (end < 0) end = Math.max(0, length + end)
  if (end >= length) end = length - 1
  value.range(out)
  if (start > end || length === 0) reply.bytes(out.buf, 0, 0)
  else reply.bytes(out.buf, out.start + start, out.start + end + 1)
}
