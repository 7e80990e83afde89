/* List commands. */

import type { Range } from '../../base/bytes.ts'
import { ERR, ReplyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { wrongArity } from '../../command/gates.ts'
import { cmd, type Command } from '../../command/spec.ts'
import { EVENT } from '../../keyspace/event.ts'
import { blmove, blmpop, blpop, brpop, brpoplpush, lmove, lmpop, rpoplpush } from './move.ts'
import { afterTaking, replyAndDrop } from './take.ts'
import { type ListView, listType } from './value.ts'

const SIDES = '<LEFT|RIGHT>'
const POP = 'RW access delete'

export const commands: readonly Command[] = [
  cmd(`BLMOVE source destination ${SIDES} ${SIDES} timeout`, 'write denyoom blocking', `${POP}; RW insert`, blmove),
  cmd(`BLMPOP timeout numkeys key [key ...] ${SIDES} [COUNT count]`, 'write blocking', POP, blmpop),
  cmd('BLPOP key [key ...] timeout', 'write blocking', POP, blpop),
  cmd('BRPOP key [key ...] timeout', 'write blocking', POP, brpop),
  cmd('BRPOPLPUSH source destination timeout', 'write denyoom blocking', `${POP}; RW insert`, brpoplpush),
  cmd('LINDEX key index', 'read', 'RO access', lindex),
  cmd('LINSERT key <BEFORE|AFTER> pivot element', 'write denyoom', 'RW insert', linsert),
  cmd('LLEN key', 'read fast', 'RO', llen),
  cmd(`LMOVE source destination ${SIDES} ${SIDES}`, 'write denyoom', `${POP}; RW insert`, lmove),
  cmd(`LMPOP numkeys key [key ...] ${SIDES} [COUNT count]`, 'write', POP, lmpop),
  cmd('LPOP key [count]', 'write fast', POP, (ctx, args) => pop(ctx, args, true)),
  cmd('LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]', 'read', 'RO access', lpos),
  cmd('LPUSH key element [element ...]', 'write denyoom fast', 'RW insert', (ctx, args) => push(ctx, args, true, true)),
  cmd('LPUSHX key element [element ...]', 'write denyoom fast', 'RW insert', (ctx, args) =>
    push(ctx, args, true, false),
  ),
  cmd('LRANGE key start stop', 'read', 'RO access', lrange),
  cmd('LREM key count element', 'write', 'RW delete', lrem),
  cmd('LSET key index element', 'write denyoom', 'RW update', lset),
  cmd('LTRIM key start stop', 'write', 'RW delete', ltrim),
  cmd('RPOP key [count]', 'write fast', POP, (ctx, args) => pop(ctx, args, false)),
  cmd('RPOPLPUSH source destination', 'write denyoom', `${POP}; RW insert`, rpoplpush),
  cmd('RPUSH key element [element ...]', 'write denyoom fast', 'RW insert', (ctx, args) =>
    push(ctx, args, false, true),
  ),
  cmd('RPUSHX key element [element ...]', 'write denyoom fast', 'RW insert', (ctx, args) =>
    push(ctx, args, false, false),
  ),
]

const RANK_ZERO = new ReplyError(
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
)
const RANK_RANGE = new ReplyError(
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
)
const COUNT_NEGATIVE = new ReplyError("ERR COUNT can't be negative")
/** More elements of one command are looked at one by one. */
const PREPARED_MAX = 1000
const MAXLEN_NEGATIVE = new ReplyError("ERR MAXLEN can't be negative")

function push(ctx: Context, args: Args, front: boolean, create: boolean): void {
  const { db, reply } = ctx
  const key = args.key()
  let value = db.open(key, listType)
  if (value === null) {
    if (!create) {
      reply.integer(0)
      return
    }
    value = db.create(key, listType)
  }
  const count = args.left
  if (count === 1) value.push(args.bytes(), front)
  else pushAll(value, args, front)
  db.changed(key, count)
  db.notify(EVENT.list, front ? 'lpush' : 'rpush', key)
  reply.integer(value.length)
}

/** How many elements become a packed list at once depends on their bytes together. */
function pushAll(value: ListView, args: Args, front: boolean): void {
  let bytes = 0
  for (let i = args.position; i < args.argc; i++) bytes += args.ends[i]! - args.starts[i]!
  value.prepare(bytes, args.left)
  if (args.left <= PREPARED_MAX) while (args.left > 0) value.put(args.bytes(), front)
  else while (args.left > 0) value.push(args.bytes(), front)
}

function pop(ctx: Context, args: Args, front: boolean): void {
  const { db, reply, out } = ctx
  const key = args.key()
  if (args.argc > 3) throw wrongArity(ctx.entry)
  const count = args.left > 0 ? args.int(ERR.mustBePositive) : -1
  if (args.argc > 2 && count < 0) throw ERR.mustBePositive
  const value = db.open(key, listType)
  if (value === null) {
    if (count < 0) reply.null()
    else reply.nullArray()
    return
  }
  let taken = 1
  if (count < 0) {
    value.at(front ? 0 : -1, out)
    reply.bulk(out)
    value.drop(1, front)
  } else if (count === 0) {
    reply.array(0)
    return
  } else taken = replyAndDrop(ctx, value, count, front)
  afterTaking(ctx, key, value, front ? 'lpop' : 'rpop', taken)
}

function llen({ db, reply }: Context, args: Args): void {
  reply.integer(db.read(args.key(), listType)?.length ?? 0)
}

function lindex({ db, reply, out }: Context, args: Args): void {
  const value = db.read(args.key(), listType)
  if (value?.at(args.int(), out) === true) reply.bulk(out)
  else reply.null()
}

function lrange({ db, reply }: Context, args: Args): void {
  const key = args.key()
  let start = args.int()
  let stop = args.int()
  const value = db.read(key, listType)
  const length = value?.length ?? 0
  if (start < 0) start = Math.max(0, start + length)
  if (stop < 0) stop += length
  stop = Math.min(stop, length - 1)
  if (value === null || start > stop) {
    reply.array(0)
    return
  }
  reply.array(stop - start + 1)
  value.reply(start, stop, reply)
}

function lset(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const value = db.open(key, listType)
  if (value === null) throw ERR.noSuchKey
  let index = args.int()
  if (index < 0) index += value.length
  if (index < 0 || index >= value.length) throw ERR.indexOutOfRange
  value.set(index, args.bytes())
  db.changed(key)
  db.notify(EVENT.list, 'lset', key)
  reply.ok()
}

function ltrim(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  let start = args.int()
  let stop = args.int()
  const value = db.open(key, listType)
  if (value === null) {
    reply.ok()
    return
  }
  const length = value.length
  if (start < 0) start = Math.max(0, start + length)
  if (stop < 0) stop += length
  stop = Math.min(stop, length - 1)
  if (start > stop) value.trim(0, 0)
  else value.trim(start, stop + 1)
  afterTaking(ctx, key, value, 'ltrim', length - value.length)
  reply.ok()
}

function lrem(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const count = args.int()
  const element = args.bytes()
  const value = db.open(key, listType)
  const removed = value?.remove(element, count === 0 ? Number.POSITIVE_INFINITY : Math.abs(count), count < 0) ?? 0
  if (value !== null && removed > 0) afterTaking(ctx, key, value, 'lrem', removed)
  reply.integer(removed)
}

function linsert(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const after = args.word('after')
  if (!after && !args.word('before')) throw ERR.syntax
  const pivot = args.bytes()
  const element = args.bytes()
  const value = db.open(key, listType)
  if (value === null) {
    reply.integer(0)
    return
  }
  const index = value.find(pivot, 0, false, value.length)
  if (index < 0) {
    reply.integer(-1)
    return
  }
  value.insert(after ? index + 1 : index, element)
  db.changed(key)
  db.notify(EVENT.list, 'linsert', key)
  reply.integer(value.length)
}

function lpos({ db, reply }: Context, args: Args): void {
  const key = args.key()
  const element = args.bytes()
  let rank = 1
  let count = -1
  let most = 0
  while (args.left > 0) {
    if (args.left > 1 && args.word('rank')) {
      const exact = args.int64()
      if (exact === 0n) throw RANK_ZERO
      if (exact === -9223372036854775808n) throw RANK_RANGE
      rank = Number(exact)
    } else if (args.left > 1 && args.word('count')) {
      count = args.int(COUNT_NEGATIVE)
      if (count < 0) throw COUNT_NEGATIVE
    } else if (args.left > 1 && args.word('maxlen')) {
      most = args.int(MAXLEN_NEGATIVE)
      if (most < 0) throw MAXLEN_NEGATIVE
    } else throw ERR.syntax
  }
  const found = positions(db.read(key, listType), element, rank, count, most)
  if (count < 0) {
    if (found.length === 0) reply.null()
    else reply.integer(found[0]!)
    return
  }
  reply.array(found.length)
  for (const position of found) reply.integer(position)
}

/** Indexes of matches: from the one that `rank` names on, `count` of them (all for 0, one for less), among `most` elements. */
function positions(value: ListView | null, element: Range, rank: number, count: number, most: number): number[] {
  const found: number[] = []
  if (value === null) return found
  const { length } = value
  const backwards = rank < 0
  const wanted = count < 0 ? 1 : count === 0 ? length : count
  let skip = Math.abs(rank) - 1
  let left = most === 0 ? length : Math.min(most, length)
  let from = backwards ? length - 1 : 0
  while (found.length < wanted && left > 0) {
    const at = value.find(element, from, backwards, left)
    if (at < 0) break
    left -= Math.abs(at - from) + 1
    from = backwards ? at - 1 : at + 1
    if (skip > 0) skip--
    else found.push(at)
    if (from < 0 || from >= length) break
  }
  return found
}
