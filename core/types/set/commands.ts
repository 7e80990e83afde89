/* Set commands. */

import { Range } from '../../base/bytes.ts'
import { ERR, ReplyError } from '../../base/errors.ts'
import { matchGlob } from '../../base/glob.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { replyNoScan, takeCursor, takeScanOptions } from '../../command/cursor.ts'
import { DRAWS_MAX, distinctPlaces } from '../../command/sample.ts'
import { cmd, type Command } from '../../command/spec.ts'
import { EVENT } from '../../keyspace/event.ts'
import { sdiff, sdiffstore, sinter, sintercard, sinterstore, sunion, sunionstore } from './algebra.ts'
import { createSet, type SetView, setType } from './value.ts'

const UNORDERED = '~nondeterministic_output_order'
const RANDOM = '~nondeterministic_output'

export const commands: readonly Command[] = [
  cmd('SADD key member [member ...]', 'write denyoom fast', 'RW insert', sadd),
  cmd('SCARD key', 'read fast', 'RO', scard),
  cmd('SDIFF key [key ...]', `read ${UNORDERED}`, 'RO access', sdiff),
  cmd('SDIFFSTORE destination key [key ...]', 'write denyoom', 'OW update; RO access', sdiffstore),
  cmd('SINTER key [key ...]', `read ${UNORDERED}`, 'RO access', sinter),
  cmd('SINTERCARD numkeys key [key ...] [LIMIT limit]', 'read', 'RO access', sintercard),
  cmd('SINTERSTORE destination key [key ...]', 'write denyoom', 'OW update; RO access', sinterstore),
  cmd('SISMEMBER key member', 'read fast', 'RO', sismember),
  cmd('SMEMBERS key', `read ${UNORDERED}`, 'RO access', smembers),
  cmd('SMISMEMBER key member [member ...]', 'read fast', 'RO access', smismember),
  cmd('SMOVE source destination member', 'write fast', 'RW access delete; RW insert', smove),
  cmd('SPOP key [count]', `write fast ${RANDOM}`, 'RW access delete', spop),
  cmd('SRANDMEMBER key [count]', `read ${RANDOM}`, 'RO access', srandmember),
  cmd('SREM key member [member ...]', 'write fast', 'RW delete', srem),
  cmd('SSCAN key cursor [MATCH pattern] [COUNT count]', `read ${RANDOM}`, 'RO access', sscan),
  cmd('SUNION key [key ...]', `read ${UNORDERED}`, 'RO access', sunion),
  cmd('SUNIONSTORE destination key [key ...]', 'write denyoom', 'OW update; RO access', sunionstore),
]

const COUNT_RANGE = new ReplyError(
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
)

function sadd({ db, reply }: Context, args: Args): void {
  const key = args.key()
  const set = db.open(key, setType) ?? createSet(db, key, args.at(2))
  let added = 0
  while (args.left > 0) if (set.add(args.bytes())) added++
  if (added > 0) {
    db.changed(key, added)
    db.notify(EVENT.set, 'sadd', key)
  }
  reply.integer(added)
}

function scard({ db, reply }: Context, args: Args): void {
  reply.integer(db.read(args.key(), setType)?.length ?? 0)
}

function sismember({ db, reply }: Context, args: Args): void {
  reply.integer(db.read(args.key(), setType)?.has(args.bytes()) === true ? 1 : 0)
}

function smismember({ db, reply }: Context, args: Args): void {
  const set = db.read(args.key(), setType)
  reply.array(args.left)
  while (args.left > 0) {
    const member = args.bytes()
    reply.integer(set?.has(member) === true ? 1 : 0)
  }
}

function smembers({ db, reply }: Context, args: Args): void {
  const set = db.read(args.key(), setType)
  reply.set(set?.length ?? 0)
  set?.each(member => reply.bulk(member))
}

/** After `count` members were taken from a set: tell it, and let an empty one go. */
function afterTaking({ db }: Context, key: Range, set: SetView, event: string, count: number): void {
  db.notify(EVENT.set, event, key)
  if (set.length === 0) {
    db.remove(set.record)
    db.notify(EVENT.generic, 'del', key)
  }
  db.changed(key, count)
}

function srem(ctx: Context, args: Args): void {
  const key = args.key()
  const set = ctx.db.open(key, setType)
  let removed = 0
  if (set !== null) while (args.left > 0) if (set.delete(args.bytes())) removed++
  if (set !== null && removed > 0) afterTaking(ctx, key, set, 'srem', removed)
  ctx.reply.integer(removed)
}

function smove(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const source = args.key()
  const target = args.key()
  const member = args.bytes()
  const from = db.open(source, setType)
  if (from === null) {
    reply.integer(0)
    return
  }
  const existing = db.open(target, setType)
  if (existing !== null && existing.record === from.record) {
    reply.integer(from.has(member) ? 1 : 0)
    return
  }
  if (!from.delete(member)) {
    reply.integer(0)
    return
  }
  afterTaking(ctx, source, from, 'srem', 1)
  const to = existing === null ? createSet(db, target, member) : db.open(target, setType)!
  if (to.add(member)) {
    db.changed(target)
    db.notify(EVENT.set, 'sadd', target)
  }
  reply.integer(1)
}

function spop(ctx: Context, args: Args): void {
  const { db, reply, out, engine } = ctx
  const key = args.key()
  if (args.left > 0) {
    popMany(ctx, key, args)
    return
  }
  const set = db.open(key, setType)
  if (set === null) {
    reply.null()
    return
  }
  const place = engine.random.below(set.length)
  reply.bulk(set.entry(place, out))
  if (ctx.propagates) ctx.propagate('SREM', key, out)
  set.deleteAt(place)
  afterTaking(ctx, key, set, 'spop', 1)
}

function popMany(ctx: Context, key: Range, args: Args): void {
  const { db, reply, engine } = ctx
  const count = args.int(ERR.mustBePositive)
  if (count < 0) throw ERR.mustBePositive
  args.end()
  const set = db.open(key, setType)
  if (set === null || count === 0) {
    reply.set(0)
    return
  }
  const popped: Buffer[] = []
  const out = new Range()
  for (const place of distinctPlaces(engine.random, set.length, count)) popped.push(set.entry(place, out).copy())
  for (const member of popped) set.delete(Range.of(member))
  reply.set(popped.length)
  for (const member of popped) reply.bytes(member, 0, member.length)
  afterTaking(ctx, key, set, 'spop', popped.length)
  if (set.length === 0 && popped.length > 0) ctx.propagate('DEL', key)
  else ctx.propagate('SREM', key, ...popped)
}

function srandmember(ctx: Context, args: Args): void {
  const { db, reply, out, engine } = ctx
  const key = args.key()
  if (args.left === 0) {
    const set = db.read(key, setType)
    if (set === null) reply.null()
    else reply.bulk(set.entry(engine.random.below(set.length), out))
    return
  }
  const exact = args.int64()
  if (exact === -9223372036854775808n) throw COUNT_RANGE
  args.end()
  const count = Number(exact)
  if (-count > DRAWS_MAX) throw ERR.outOfRange
  const set = db.read(key, setType)
  if (set === null || count === 0) {
    reply.array(0)
    return
  }
  if (count > 0) {
    const places = distinctPlaces(engine.random, set.length, count)
    reply.array(places.length)
    for (const place of places) reply.bulk(set.entry(place, out))
    return
  }
  reply.array(-count)
  for (let i = 0; i < -count; i++) reply.bulk(set.entry(engine.random.below(set.length), out))
}

function sscan({ db, reply, out }: Context, args: Args): void {
  const key = args.key()
  const cursor = takeCursor(args)
  const set = db.read(key, setType)
  if (set === null) {
    replyNoScan(reply)
    return
  }
  const options = takeScanOptions(args, cursor, '')
  const length = set.length
  const isPacked = set.isPacked
  const from = isPacked ? length : Math.min(options.from ?? length, length)
  const to = isPacked ? 0 : Math.max(0, from - options.count)
  reply.array(2)
  reply.bulkInteger(to)
  const list = reply.deferred()
  let found = 0
  for (let i = from - 1; i >= to; i--) {
    set.entry(isPacked ? from - 1 - i : i, out)
    if (options.pattern !== null && !matchGlob(options.pattern, out)) continue
    reply.bulk(out)
    found++
  }
  reply.fillArray(list, found)
}
