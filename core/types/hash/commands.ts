/* Hash commands. */

import { Range } from '../../base/bytes.ts'
import { ERR, ReplyError } from '../../base/errors.ts'
import { matchGlob } from '../../base/glob.ts'
import {
  addLongDouble,
  formatLongDouble,
  LONG_INFINITY,
  LONG_MINUS_INFINITY,
  parseLongDouble,
} from '../../base/long-double.ts'
import { parseBigInteger } from '../../base/numbers.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { replyNoScan, takeCursor, takeScanOptions } from '../../command/cursor.ts'
import { wrongArity } from '../../command/gates.ts'
import { cmd, type Command } from '../../command/spec.ts'
import { EVENT } from '../../keyspace/event.ts'
import { commands as timeCommands } from './expire.ts'
import { hrandfield } from './random.ts'
import { writeHash } from './reply.ts'
import { hashType } from './type.ts'
import type { HashView } from './value.ts'

const UNORDERED = '~nondeterministic_output_order'

export const commands: readonly Command[] = [
  cmd('HDEL key field [field ...]', 'write fast', 'RW delete', hdel),
  cmd('HEXISTS key field', 'read fast', 'RO', hexists),
  cmd('HGET key field', 'read fast', 'RO access', hget),
  cmd('HGETALL key', `read ${UNORDERED}`, 'RO access', hgetall),
  cmd('HINCRBY key field increment', 'write denyoom fast', 'RW access update', hincrby),
  cmd('HINCRBYFLOAT key field increment', 'write denyoom fast', 'RW access update', hincrbyfloat),
  cmd('HKEYS key', `read ${UNORDERED}`, 'RO access', hkeys),
  cmd('HLEN key', 'read fast', 'RO', hlen),
  cmd('HMGET key field [field ...]', 'read fast', 'RO access', hmget),
  cmd('HMSET key field value [field value ...]', 'write denyoom fast', 'RW update', hmset),
  cmd('HRANDFIELD key [count [WITHVALUES]]', 'read ~nondeterministic_output', 'RO access', hrandfield),
  cmd('HSCAN key cursor [MATCH pattern] [COUNT count] [NOVALUES]', 'read ~nondeterministic_output', 'RO access', hscan),
  cmd('HSET key field value [field value ...]', 'write denyoom fast', 'RW update', hset),
  cmd('HSETNX key field value', 'write denyoom fast', 'RW insert', hsetnx),
  cmd('HSTRLEN key field', 'read fast', 'RO', hstrlen),
  ...timeCommands,
  cmd('HVALS key', `read ${UNORDERED}`, 'RO access', hvals),
]

const NOT_INTEGER = new ReplyError('ERR hash value is not an integer')
const NOT_FLOAT = new ReplyError('ERR hash value is not a float')
const INT64_MAX = 9223372036854775807n

function hget({ db, reply, out }: Context, args: Args): void {
  const hash = db.read(args.key(), hashType)
  if (hash !== null && hash.get(args.bytes(), out)) reply.bulk(out)
  else reply.null()
}

function hexists({ db, reply }: Context, args: Args): void {
  reply.integer(db.read(args.key(), hashType)?.has(args.bytes()) === true ? 1 : 0)
}

function hlen({ db, reply }: Context, args: Args): void {
  reply.integer(db.read(args.key(), hashType)?.length ?? 0)
}

function hstrlen({ db, reply, out }: Context, args: Args): void {
  const hash = db.read(args.key(), hashType)
  reply.integer(hash?.get(args.bytes(), out) === true ? out.length : 0)
}

function hmget({ db, reply, out }: Context, args: Args): void {
  const hash = db.read(args.key(), hashType)
  reply.array(args.left)
  while (args.left > 0) {
    const field = args.bytes()
    if (hash?.get(field, out) === true) reply.bulk(out)
    else reply.null()
  }
}

function hgetall({ db, reply }: Context, args: Args): void {
  const hash = db.read(args.key(), hashType)
  if (hash === null) reply.map(0)
  else writeHash(reply, hash)
}

function hkeys({ db, reply }: Context, args: Args): void {
  const hash = db.read(args.key(), hashType)
  reply.array(hash?.length ?? 0)
  hash?.each(field => reply.bulk(field))
}

function hvals({ db, reply }: Context, args: Args): void {
  const hash = db.read(args.key(), hashType)
  reply.array(hash?.length ?? 0)
  hash?.each((_field, value) => reply.bulk(value))
}

function setFields(ctx: Context, args: Args): number {
  const { db } = ctx
  if (args.argc % 2 !== 0) throw wrongArity(ctx.entry)
  const key = args.key()
  const hash = db.open(key, hashType) ?? db.create(key, hashType)
  const count = args.left / 2
  let added = 0
  while (args.left > 0) if (hash.set(args.bytes(), args.bytes())) added++
  db.changed(key, count)
  db.notify(EVENT.hash, 'hset', key, fieldsNamed(ctx, args, 2))
  return added
}

/** A write of more fields than this is not told field by field. */
const DETAIL_MAX = 4

/** The fields that a write names, from argument 2 on, every `step` arguments; undefined when nobody listens, or for many. */
function fieldsNamed({ db }: Context, args: Args, step: number, end: number = args.argc): Buffer[] | undefined {
  if (!db.keyspace.listens(EVENT.hash) || end - 2 > DETAIL_MAX * step) return undefined
  const fields: Buffer[] = []
  for (let i = 2; i < end; i += step) fields.push(args.at(i).copy())
  return fields
}

function hset(ctx: Context, args: Args): void {
  ctx.reply.integer(setFields(ctx, args))
}

function hmset(ctx: Context, args: Args): void {
  setFields(ctx, args)
  ctx.reply.ok()
}

function hsetnx(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const field = args.bytes()
  const existing = db.open(key, hashType)
  if (existing?.has(field) === true) {
    reply.integer(0)
    return
  }
  const hash = existing ?? db.create(key, hashType)
  hash.set(field, args.bytes())
  db.changed(key)
  db.notify(EVENT.hash, 'hset', key, fieldsNamed(ctx, args, 2))
  reply.integer(1)
}

function hdel(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const hash = db.open(key, hashType)
  let removed = 0
  if (hash !== null) while (args.left > 0) if (hash.delete(args.bytes())) removed++
  if (hash !== null && removed > 0) {
    db.notify(EVENT.hash, 'hdel', key, fieldsNamed(ctx, args, 1))
    if (hash.length === 0) {
      db.remove(hash.record)
      db.notify(EVENT.generic, 'del', key)
    }
    db.changed(key, removed)
  }
  reply.integer(removed)
}

function hincrby(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const key = args.key()
  const field = args.bytes()
  const by = args.int64()
  const existing = db.open(key, hashType)
  let before: bigint | null = 0n
  if (existing?.get(field, out) === true) before = parseBigInteger(out.buf, out.start, out.end)
  if (before === null) throw NOT_INTEGER
  const after = before + by
  if (after > INT64_MAX || after < -INT64_MAX - 1n) throw ERR.overflow
  const hash = existing ?? db.create(key, hashType)
  hash.set(field, Range.of(after.toString()), true)
  db.changed(key)
  db.notify(EVENT.hash, 'hincrby', key, fieldsNamed(ctx, args, 1, 3))
  reply.bigInteger(after)
}

function hincrbyfloat(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const key = args.key()
  const field = args.bytes()
  const text = args.bytes()
  const by = parseLongDouble(text.buf, text.start, text.end)
  if (by === null) throw ERR.notFloat
  if (by === LONG_INFINITY || by === LONG_MINUS_INFINITY) throw new ReplyError('ERR value is NaN or Infinity')
  const existing = db.open(key, hashType)
  const has = existing?.get(field, out) === true
  const before = has ? parseLongDouble(out.buf, out.start, out.end) : ZERO
  if (before === null) throw NOT_FLOAT
  const after = addLongDouble(before, by)
  if (after === null || after === LONG_INFINITY || after === LONG_MINUS_INFINITY) throw ERR.nanOrInfinity
  const result = formatLongDouble(after)
  const hash = existing ?? db.create(key, hashType)
  hash.set(field, Range.of(result), true)
  db.changed(key)
  db.notify(EVENT.hash, 'hincrbyfloat', key, fieldsNamed(ctx, args, 1, 3))
  ctx.propagate('HSET', key, field, result)
  const deadline = hash.deadlineOf(field)
  if (deadline > 0) ctx.propagate('HPEXPIREAT', key, deadline, 'FIELDS', 1, field)
  reply.text(result)
}

const ZERO = parseLongDouble(Buffer.from('0'), 0, 1)!

function hscan(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const cursor = takeCursor(args)
  const hash = db.read(key, hashType)
  if (hash === null) {
    replyNoScan(reply)
    return
  }
  const options = takeScanOptions(args, cursor, 'novalues')
  reply.array(2)
  // A packed hash is given whole, whatever COUNT says, as in Redis.
  const { places } = hash
  const all = hash.isPacked ? places : options.count
  const from = hash.isPacked ? places : Math.min(options.from ?? places, places)
  const to = Math.max(0, from - all)
  reply.bulkInteger(to)
  scanFields(ctx, hash, from, to, options.pattern, options.noValues)
}

function scanFields(
  { reply }: Context,
  hash: HashView,
  from: number,
  to: number,
  pattern: Range | null,
  noValues: boolean,
): void {
  const field = new Range()
  const value = new Range()
  const list = reply.deferred()
  let found = 0
  for (let i = from - 1; i >= to; i--) {
    const place = hash.isPacked ? from - 1 - i : i
    if (hash.isDead(place)) continue
    hash.entry(place, field, value)
    if (pattern !== null && !matchGlob(pattern, field)) continue
    reply.bulk(field)
    if (!noValues) reply.bulk(value)
    found += noValues ? 1 : 2
  }
  reply.fillArray(list, found)
}
