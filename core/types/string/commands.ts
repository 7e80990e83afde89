/* String commands. */

import type { Range } from '../../base/bytes.ts'
import { ERR } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { type Deadline, takeDeadline } from '../../command/expiry.ts'
import { wrongArity } from '../../command/gates.ts'
import { cmd, type Command } from '../../command/spec.ts'
import { EVENT } from '../../keyspace/event.ts'
import { lcs } from './lcs.ts'
import { decr, decrby, incr, incrby, incrbyfloat } from './number.ts'
import { append, getrange, setrange } from './range.ts'
import { STRING_ID, stringType } from './value.ts'
import { putString } from './write.ts'

const TIMES = '[<EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds'

export const commands: readonly Command[] = [
  cmd('APPEND key value', 'write denyoom fast', 'RW insert', append),
  cmd('DECR key', 'write denyoom fast', 'RW access update', decr),
  cmd('DECRBY key decrement', 'write denyoom fast', 'RW access update', decrby),
  cmd('GET key', 'read fast', 'RO access', get),
  cmd('GETDEL key', 'write fast', 'RW access delete', getdel),
  cmd(`GETEX key ${TIMES}|PERSIST>]`, 'write fast', 'RW access update', getex),
  cmd('GETRANGE key start end', 'read', 'RO access', getrange),
  cmd('GETSET key value', 'write denyoom fast', 'RW access update', getset),
  cmd('INCR key', 'write denyoom fast', 'RW access update', incr),
  cmd('INCRBY key increment', 'write denyoom fast', 'RW access update', incrby),
  cmd('INCRBYFLOAT key increment', 'write denyoom fast', 'RW access update', incrbyfloat),
  cmd('LCS key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]', 'read', 'RO access@1..1', lcs),
  cmd('MGET key [key ...]', 'read fast ~request_policy:multi_shard', 'RO access', mget),
  cmd(
    'MSET key value [key value ...]',
    'write denyoom ~request_policy:multi_shard ~response_policy:all_succeeded',
    'OW update',
    mset,
  ),
  cmd('MSETNX key value [key value ...]', 'write denyoom', 'OW insert', msetnx),
  cmd('PSETEX key milliseconds value', 'write denyoom', 'OW update', psetex),
  cmd(`SET key value [<NX|XX>] [GET] ${TIMES}|KEEPTTL>]`, 'write denyoom', 'RW access update variable_flags', set),
  cmd('SETEX key seconds value', 'write denyoom', 'OW update', setex),
  cmd('SETNX key value', 'write denyoom fast', 'OW insert', setnx),
  cmd('SETRANGE key offset value', 'write denyoom', 'RW update', setrange),
  cmd('STRLEN key', 'read fast', 'RO', strlen),
  cmd('SUBSTR key start end', 'read', 'RO access', getrange),
]

function get({ db, reply, out }: Context, args: Args): void {
  const value = db.read(args.key(), stringType)
  if (value === null) reply.null()
  else reply.bulk(value.range(out))
}

function strlen({ db, reply }: Context, args: Args): void {
  reply.integer(db.read(args.key(), stringType)?.length ?? 0)
}

function mget({ db, reply, out }: Context, args: Args): void {
  reply.array(args.left)
  const pool = db.keyspace.pools[STRING_ID]!
  const mark = pool.mark(db.keyspace.sequence)
  while (args.left > 0) {
    const record = db.lookup(args.key())
    if (record === 0 || db.typeOf(record) !== STRING_ID) reply.null()
    else reply.bulk(db.view(record, stringType).range(out))
    // One lens serves them all: a command may name any number of keys.
    pool.reset(mark)
  }
}

// ------------------------------------------------------------------ SET and its family

interface SetOptions {
  nx: boolean
  xx: boolean
  get: boolean
  keepTtl: boolean
  persist: boolean
  /** Number of the argument that says the time, 0 for none; and how it is meant. */
  timeAt: number
  unit: string
}

/** Take the options. What their time is worth is asked later, of `deadlineOf`: all words are checked before any number. */
function takeOptions(args: Args, forSet: boolean): SetOptions {
  const found: SetOptions = { nx: false, xx: false, get: false, keepTtl: false, persist: false, timeAt: 0, unit: '' }
  while (args.left > 0) {
    if (forSet && !found.xx && args.word('nx')) found.nx = true
    else if (forSet && !found.nx && args.word('xx')) found.xx = true
    else if (forSet && args.word('get')) found.get = true
    else if (forSet && found.unit === '' && args.word('keepttl')) found.keepTtl = true
    else if (!forSet && found.unit === '' && args.word('persist')) found.persist = true
    else takeTime(args, found)
  }
  return found
}

/** EX, PX, EXAT or PXAT with its value. The same word twice is taken, two different ones are not. */
function takeTime(args: Args, found: SetOptions): void {
  const unit = args.lower()
  const isTime = unit === 'ex' || unit === 'px' || unit === 'exat' || unit === 'pxat'
  if (!isTime || args.left === 0 || found.keepTtl || found.persist || (found.unit !== '' && found.unit !== unit))
    throw ERR.syntax
  found.unit = unit
  found.timeAt = args.position++
}

/** The deadline that the options say, -1 for none. @throws when it is none. */
function deadlineOf(ctx: Context, args: Args, { timeAt, unit }: SetOptions, command: string): Deadline {
  if (timeAt === 0) return -1
  args.position = timeAt
  return takeDeadline(args, unit[0] === 'e' ? 1000 : 1, unit.length === 2 ? ctx.nowMs : 0, command)
}

function set(ctx: Context, args: Args): void {
  const key = args.key()
  const value = args.bytes()
  if (args.left > 0) {
    setWithOptions(ctx, args, key, value)
    return
  }
  const { db } = ctx
  putString(db, key, db.find(key), value, false)
  db.changed(key)
  db.notify(EVENT.string, 'set', key)
  ctx.reply.ok()
}

function setWithOptions(ctx: Context, args: Args, key: Range, value: Range): void {
  const { db, reply, out } = ctx
  const options = takeOptions(args, true)
  const deadline = deadlineOf(ctx, args, options, 'set')
  const record = options.get ? db.lookup(key) : db.find(key)
  if (options.get) {
    if (record !== 0) reply.bulk(db.viewAs(record, stringType).range(out))
    else reply.null()
  }
  if ((options.nx && record !== 0) || (options.xx && record === 0)) {
    if (!options.get) reply.null()
    return
  }
  const target = putString(db, key, record, value, options.keepTtl)
  const hasDeadline = deadline !== -1
  if (hasDeadline) db.setDeadline(target, deadline)
  db.changed(key)
  db.notify(EVENT.string, 'set', key)
  if (hasDeadline) {
    db.notify(EVENT.generic, 'expire', key)
    ctx.propagate('SET', key, value, 'PXAT', deadline)
  } else if (options.get || options.nx || options.xx) {
    if (options.keepTtl) ctx.propagate('SET', key, value, 'KEEPTTL')
    else ctx.propagate('SET', key, value)
  }
  if (!options.get) reply.ok()
}

function setWithTime(ctx: Context, args: Args, scale: 1 | 1000, command: string): void {
  const { db } = ctx
  const key = args.key()
  const deadline = takeDeadline(args, scale, ctx.nowMs, command)
  const value = args.bytes()
  db.setDeadline(putString(db, key, db.find(key), value, false), deadline)
  db.changed(key)
  db.notify(EVENT.string, 'set', key)
  db.notify(EVENT.generic, 'expire', key)
  ctx.propagate('SET', key, value, 'PXAT', deadline)
  ctx.reply.ok()
}

function setex(ctx: Context, args: Args): void {
  setWithTime(ctx, args, 1000, 'setex')
}

function psetex(ctx: Context, args: Args): void {
  setWithTime(ctx, args, 1, 'psetex')
}

function setnx({ db, reply }: Context, args: Args): void {
  const key = args.key()
  if (db.find(key) !== 0) {
    reply.integer(0)
    return
  }
  putString(db, key, 0, args.bytes(), false)
  db.changed(key)
  db.notify(EVENT.string, 'set', key)
  reply.integer(1)
}

function getset(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const key = args.key()
  const value = args.bytes()
  const record = db.lookup(key)
  if (record === 0) reply.null()
  else reply.bulk(db.viewAs(record, stringType).range(out))
  putString(db, key, record, value, false)
  db.changed(key)
  db.notify(EVENT.string, 'set', key)
  ctx.propagate('SET', key, value)
}

function getdel(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const key = args.key()
  const value = db.read(key, stringType)
  if (value === null) {
    reply.null()
    return
  }
  reply.bulk(value.range(out))
  db.remove(value.record)
  db.changed(key)
  db.notify(EVENT.generic, 'del', key)
  ctx.propagate('DEL', key)
}

function getex(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const key = args.key()
  const options = takeOptions(args, false)
  const value = db.read(key, stringType)
  if (value === null) {
    reply.null()
    return
  }
  const deadline = deadlineOf(ctx, args, options, 'getex')
  reply.bulk(value.range(out))
  if (options.persist) {
    if (!db.deadlines.clear(value.record)) return
    db.changed(key)
    db.notify(EVENT.generic, 'persist', key)
    ctx.propagate('PERSIST', key)
  } else if (deadline !== -1) {
    if (deadline <= db.keyspace.dueMs) {
      db.remove(value.record)
      db.changed(key)
      db.notify(EVENT.generic, 'del', key)
      ctx.propagate('DEL', key)
      return
    }
    db.setDeadline(value.record, deadline)
    db.changed(key)
    db.notify(EVENT.generic, 'expire', key)
    ctx.propagate('PEXPIREAT', key, deadline)
  }
}

function mset(ctx: Context, args: Args): void {
  if (args.left % 2 !== 0) throw wrongArity(ctx.entry)
  putPairs(ctx, args)
  ctx.reply.ok()
}

function msetnx(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  if (args.left % 2 !== 0) throw wrongArity(ctx.entry)
  for (let i = 1; i < args.argc; i += 2)
    if (db.find(args.at(i)) !== 0) {
      reply.integer(0)
      return
    }
  putPairs(ctx, args)
  reply.integer(1)
}

function putPairs({ db }: Context, args: Args): void {
  while (args.left > 0) {
    const key = args.key()
    putString(db, key, db.find(key), args.bytes(), false)
    db.changed(key)
    db.notify(EVENT.string, 'set', key)
  }
}
