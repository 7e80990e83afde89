/* Sorted set commands. */

import { Range } from '../../base/bytes.ts'
import { ERR, ReplyError } from '../../base/errors.ts'
import { matchGlob } from '../../base/glob.ts'
import { parseDouble } from '../../base/numbers.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { replyNoScan, takeCursor, takeScanOptions } from '../../command/cursor.ts'
import { DRAWS_MAX, distinctPlaces } from '../../command/sample.ts'
import { wrongArity } from '../../command/gates.ts'
import { cmd, type Command } from '../../command/spec.ts'
import { EVENT } from '../../keyspace/event.ts'
import { zdiff, zdiffstore, zinter, zintercard, zinterstore, zunion, zunionstore } from './algebra.ts'
import { bzmpop, bzpopmax, bzpopmin, zmpop, zpopmax, zpopmin } from './pop.ts'
import {
  zcount,
  zlexcount,
  zrange,
  zrangebylex,
  zrangebyscore,
  zrangestore,
  zremrangebylex,
  zremrangebyrank,
  zremrangebyscore,
  zrevrange,
  zrevrangebylex,
  zrevrangebyscore,
} from './range.ts'
import { afterTaking } from './take.ts'
import { PUT, type ZsetView, zsetType } from './value.ts'

const POP = 'RW access delete'
const BY = '[<BYSCORE|BYLEX>] [REV] [LIMIT offset count]'
const COMBINE = '[WEIGHTS weight [weight ...]] [AGGREGATE <SUM|MIN|MAX>]'
const KEYS = 'numkeys key [key ...]'
const STORE = 'OW update; RO access@2#'

export const commands: readonly Command[] = [
  cmd(`BZMPOP timeout ${KEYS} <MIN|MAX> [COUNT count]`, 'write blocking', POP, bzmpop),
  cmd('BZPOPMAX key [key ...] timeout', 'write blocking fast', POP, bzpopmax),
  cmd('BZPOPMIN key [key ...] timeout', 'write blocking fast', POP, bzpopmin),
  cmd(
    'ZADD key [<NX|XX>] [<GT|LT>] [CH] [INCR] score member [score member ...]',
    'write denyoom fast',
    'RW update',
    zadd,
  ),
  cmd('ZCARD key', 'read fast', 'RO', zcard),
  cmd('ZCOUNT key min max', 'read fast', 'RO access', zcount),
  cmd(`ZDIFF ${KEYS} [WITHSCORES]`, 'read', 'RO access', zdiff),
  cmd(`ZDIFFSTORE destination ${KEYS}`, 'write denyoom', STORE, zdiffstore),
  cmd('ZINCRBY key increment member', 'write denyoom fast', 'RW access update', zincrby),
  cmd(`ZINTER ${KEYS} ${COMBINE} [WITHSCORES]`, 'read', 'RO access', zinter),
  cmd(`ZINTERCARD ${KEYS} [LIMIT limit]`, 'read', 'RO access', zintercard),
  cmd(`ZINTERSTORE destination ${KEYS} ${COMBINE}`, 'write denyoom', STORE, zinterstore),
  cmd('ZLEXCOUNT key min max', 'read fast', 'RO access', zlexcount),
  cmd(`ZMPOP ${KEYS} <MIN|MAX> [COUNT count]`, 'write', POP, zmpop),
  cmd('ZMSCORE key member [member ...]', 'read fast', 'RO access', zmscore),
  cmd('ZPOPMAX key [count]', 'write fast', POP, zpopmax),
  cmd('ZPOPMIN key [count]', 'write fast', POP, zpopmin),
  cmd('ZRANDMEMBER key [count [WITHSCORES]]', 'read ~nondeterministic_output', 'RO access', zrandmember),
  cmd(`ZRANGE key start stop ${BY} [WITHSCORES]`, 'read', 'RO access', zrange),
  cmd('ZRANGEBYLEX key min max [LIMIT offset count]', 'read', 'RO access', zrangebylex),
  cmd('ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]', 'read', 'RO access', zrangebyscore),
  cmd(`ZRANGESTORE dst src min max ${BY}`, 'write denyoom', 'OW update; RO access', zrangestore),
  cmd('ZRANK key member [WITHSCORE]', 'read fast', 'RO access', (ctx, args) => rank(ctx, args, false)),
  cmd('ZREM key member [member ...]', 'write fast', 'RW delete', zrem),
  cmd('ZREMRANGEBYLEX key min max', 'write', 'RW delete', zremrangebylex),
  cmd('ZREMRANGEBYRANK key start stop', 'write', 'RW delete', zremrangebyrank),
  cmd('ZREMRANGEBYSCORE key min max', 'write', 'RW delete', zremrangebyscore),
  cmd('ZREVRANGE key start stop [WITHSCORES]', 'read', 'RO access', zrevrange),
  cmd('ZREVRANGEBYLEX key max min [LIMIT offset count]', 'read', 'RO access', zrevrangebylex),
  cmd('ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]', 'read', 'RO access', zrevrangebyscore),
  cmd('ZREVRANK key member [WITHSCORE]', 'read fast', 'RO access', (ctx, args) => rank(ctx, args, true)),
  cmd('ZSCAN key cursor [MATCH pattern] [COUNT count]', 'read ~nondeterministic_output', 'RO access', zscan),
  cmd('ZSCORE key member', 'read fast', 'RO access', zscore),
  cmd(`ZUNION ${KEYS} ${COMBINE} [WITHSCORES]`, 'read', 'RO access', zunion),
  cmd(`ZUNIONSTORE destination ${KEYS} ${COMBINE}`, 'write denyoom', STORE, zunionstore),
]

const NX_XX = new ReplyError('ERR XX and NX options at the same time are not compatible')
const GT_LT = new ReplyError('ERR GT, LT, and/or NX options at the same time are not compatible')
const INCR_PAIR = new ReplyError('ERR INCR option supports a single increment-element pair')
const NOT_A_SCORE = new ReplyError('ERR resulting score is not a number (NaN)')
const COUNT_RANGE = new ReplyError(
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
)

// ------------------------------------------------------------------ ZADD

interface AddOptions {
  nx: boolean
  xx: boolean
  gt: boolean
  lt: boolean
  changed: boolean
  increment: boolean
}

function takeAddOptions(args: Args): AddOptions {
  const found: AddOptions = { nx: false, xx: false, gt: false, lt: false, changed: false, increment: false }
  while (args.left > 0) {
    if (args.word('nx')) found.nx = true
    else if (args.word('xx')) found.xx = true
    else if (args.word('gt')) found.gt = true
    else if (args.word('lt')) found.lt = true
    else if (args.word('ch')) found.changed = true
    else if (args.word('incr')) found.increment = true
    else break
  }
  if (args.left === 0 || args.left % 2 !== 0) throw ERR.syntax
  if (found.nx && found.xx) throw NX_XX
  if ((found.gt && (found.nx || found.lt)) || (found.lt && found.nx)) throw GT_LT
  if (found.increment && args.left > 2) throw INCR_PAIR
  return found
}

const NO_OPTIONS: AddOptions = { nx: false, xx: false, gt: false, lt: false, changed: false, increment: true }

/** Check all scores before the first one is stored. */
function checkScores(args: Args): void {
  for (let i = args.position; i < args.argc; i += 2)
    if (Number.isNaN(parseDouble(args.buf, args.starts[i]!, args.ends[i]!))) throw ERR.notFloat
}

function zadd(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const options = takeAddOptions(args)
  checkScores(args)
  if (options.increment) {
    increase(ctx, key, args.double(), args.bytes(), options)
    return
  }
  let set = db.open(key, zsetType)
  if (set === null) {
    if (options.xx) {
      reply.integer(0)
      return
    }
    set = db.create(key, zsetType)
  }
  let added = 0
  let updated = 0
  while (args.left > 0) {
    const score = args.double() + 0 // -0 becomes 0
    const outcome = putUnder(set, options, score, args.bytes())
    if (outcome === PUT.added) added++
    else if (outcome === PUT.updated) updated++
  }
  if (added + updated > 0) {
    db.changed(key, added + updated)
    db.notify(EVENT.zset, 'zadd', key)
  }
  reply.integer(options.changed ? added + updated : added)
}

function putUnder(set: ZsetView, options: AddOptions, score: number, member: Range): number {
  if (!(options.nx || options.xx || options.gt || options.lt)) return set.put(member, score)
  const before = set.score(member)
  if (Number.isNaN(before)) return options.xx ? PUT.same : set.put(member, score)
  if (options.nx || (options.gt && score <= before) || (options.lt && score >= before)) return PUT.same
  return set.put(member, score)
}

function zincrby(ctx: Context, args: Args): void {
  const key = args.key()
  increase(ctx, key, args.double(), args.bytes(), NO_OPTIONS)
}

function increase(ctx: Context, key: Range, by: number, member: Range, options: AddOptions): void {
  const { db, reply } = ctx
  const existing = db.open(key, zsetType)
  const before = existing?.score(member) ?? NaN
  const isNew = Number.isNaN(before)
  const after = isNew ? by : before + by
  if (Number.isNaN(after)) throw NOT_A_SCORE
  const refused = isNew ? options.xx : options.nx || (options.gt && after <= before) || (options.lt && after >= before)
  if (refused) {
    reply.null()
    return
  }
  const set = existing ?? db.create(key, zsetType)
  if (set.put(member, after + 0) !== PUT.same) {
    db.changed(key)
    db.notify(EVENT.zset, 'zincr', key)
  }
  reply.double(after)
}

// ------------------------------------------------------------------ looking

function zcard({ db, reply }: Context, args: Args): void {
  reply.integer(db.read(args.key(), zsetType)?.length ?? 0)
}

function zscore({ db, reply }: Context, args: Args): void {
  const score = db.read(args.key(), zsetType)?.score(args.bytes()) ?? NaN
  if (Number.isNaN(score)) reply.null()
  else reply.double(score)
}

function zmscore({ db, reply }: Context, args: Args): void {
  const set = db.read(args.key(), zsetType)
  reply.array(args.left)
  while (args.left > 0) {
    const member = args.bytes()
    const score = set?.score(member) ?? NaN
    if (Number.isNaN(score)) reply.null()
    else reply.double(score)
  }
}

function rank({ db, reply, entry }: Context, args: Args, reverse: boolean): void {
  if (args.argc > 4) throw wrongArity(entry)
  const key = args.key()
  const member = args.bytes()
  const withScore = args.left > 0
  if (withScore && !(args.word('withscore') && args.left === 0)) throw ERR.syntax
  const set = db.read(key, zsetType)
  const place = set?.rank(member) ?? -1
  if (set === null || place < 0) {
    if (withScore) reply.nullArray()
    else reply.null()
    return
  }
  if (withScore) reply.array(2)
  reply.integer(reverse ? set.length - 1 - place : place)
  if (withScore) reply.double(set.score(member))
}

function zrem(ctx: Context, args: Args): void {
  const key = args.key()
  const set = ctx.db.open(key, zsetType)
  let removed = 0
  if (set !== null) while (args.left > 0) if (set.delete(args.bytes())) removed++
  if (set !== null && removed > 0) afterTaking(ctx, key, set, 'zrem', removed)
  ctx.reply.integer(removed)
}

function zscan({ db, reply, out }: Context, args: Args): void {
  const key = args.key()
  const cursor = takeCursor(args)
  const set = db.read(key, zsetType)
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
    const score = set.entry(isPacked ? from - 1 - i : i, out)
    if (options.pattern !== null && !matchGlob(options.pattern, out)) continue
    reply.bulk(out)
    reply.doubleAsText(score)
    found += 2
  }
  reply.fillArray(list, found)
}

function zrandmember(ctx: Context, args: Args): void {
  const { db, reply, out, engine } = ctx
  const key = args.key()
  if (args.left === 0) {
    const set = db.read(key, zsetType)
    if (set === null) reply.null()
    else {
      set.entry(engine.random.below(set.length), out)
      reply.bulk(out)
    }
    return
  }
  const exact = args.int64()
  const withScores = args.left > 0
  if (withScores && !(args.word('withscores') && args.left === 0)) throw ERR.syntax
  if (exact === -9223372036854775808n) throw COUNT_RANGE
  const count = Number(exact)
  if (withScores && Math.abs(count) >= 2 ** 62) throw ERR.outOfRange
  if (-count > DRAWS_MAX) throw ERR.outOfRange
  const set = db.read(key, zsetType)
  if (set === null || count === 0) {
    reply.array(0)
    return
  }
  const length = set.length
  const places = count > 0 ? distinctPlaces(engine.random, length, count) : draws(ctx, length, -count)
  replyPlaces(ctx, set, places, withScores)
}

function* draws({ engine }: Context, length: number, count: number): Iterable<number> {
  for (let i = 0; i < count; i++) yield engine.random.below(length)
}

function replyPlaces({ reply }: Context, set: ZsetView, places: Iterable<number>, withScores: boolean): void {
  const out = new Range()
  const inPairs = withScores && reply.protocol === 3
  const list = reply.deferred()
  let found = 0
  for (const place of places) {
    const score = set.entry(place, out)
    if (inPairs) reply.array(2)
    reply.bulk(out)
    if (withScores) reply.double(score)
    found += withScores && !inPairs ? 2 : 1
  }
  reply.fillArray(list, found)
}
