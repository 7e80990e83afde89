/* Generic commands: keys whatever they hold. */

import { Range } from '../../base/bytes.ts'
import { ERR } from '../../base/errors.ts'
import { matchGlob } from '../../base/glob.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { cmd, type Command, sub } from '../../command/spec.ts'
import { EVENT } from '../../keyspace/event.ts'
import { expire, expireat, expiretime, persist, pexpire, pexpireat, pexpiretime, pttl, ttl } from './expire.ts'
import { copy, move, rename, renamenx, swapdb } from './move.ts'
import { objectEncoding, objectFreq, objectHelp, objectIdletime, objectRefcount } from './object.ts'
import { scan } from './scan.ts'
import { sort, sortRo } from './sort.ts'

const SHARDED_SUM = '~request_policy:multi_shard ~response_policy:agg_sum'
const ALL = '~request_policy:all_shards ~response_policy:all_succeeded'
const SORTING = 'key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [<ASC|DESC>] [ALPHA]'
const CONDITION = '[<NX|XX|GT|LT>]'

export const commands: readonly Command[] = [
  cmd('COPY source destination [DB destination-db] [REPLACE]', 'write denyoom', 'RO access; OW update', copy),
  cmd('DEL key [key ...]', `write ${SHARDED_SUM}`, 'RM delete', del),
  cmd('EXISTS key [key ...]', `read fast ${SHARDED_SUM}`, 'RO', exists),
  cmd(`EXPIRE key seconds ${CONDITION}`, 'write fast', 'RW update', expire),
  cmd(`EXPIREAT key unix-time-seconds ${CONDITION}`, 'write fast', 'RW update', expireat),
  cmd('EXPIRETIME key', 'read fast', 'RO access', expiretime),
  cmd('KEYS pattern', 'read @dangerous ~request_policy:all_shards ~nondeterministic_output_order', '', keys),
  cmd('MOVE key db', 'write fast', 'RW access update', move),
  sub('OBJECT ENCODING key', 'read ~nondeterministic_output', 'RO', objectEncoding),
  sub('OBJECT FREQ key', 'read ~nondeterministic_output', 'RO', objectFreq),
  sub('OBJECT HELP', 'loading stale', '', objectHelp),
  sub('OBJECT IDLETIME key', 'read ~nondeterministic_output', 'RO', objectIdletime),
  sub('OBJECT REFCOUNT key', 'read ~nondeterministic_output', 'RO', objectRefcount),
  cmd('PERSIST key', 'write fast', 'RW update', persist),
  cmd(`PEXPIRE key milliseconds ${CONDITION}`, 'write fast', 'RW update', pexpire),
  cmd(`PEXPIREAT key unix-time-milliseconds ${CONDITION}`, 'write fast', 'RW update', pexpireat),
  cmd('PEXPIRETIME key', 'read fast', 'RO access', pexpiretime),
  cmd('PTTL key', 'read fast ~nondeterministic_output', 'RO access', pttl),
  cmd('RANDOMKEY', 'read ~request_policy:all_shards ~response_policy:special ~nondeterministic_output', '', randomkey),
  cmd('RENAME key newkey', 'write', 'RW access delete; OW update', rename),
  cmd('RENAMENX key newkey', 'write fast', 'RW access delete; OW insert', renamenx),
  cmd(
    'SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]',
    'read ~nondeterministic_output ~request_policy:special ~response_policy:special',
    '',
    scan,
  ),
  cmd(
    `SORT ${SORTING} [STORE destination]`,
    'write denyoom @set @sortedset @list @dangerous @-group',
    'RO access; RO access@?; OW update@?',
    sort,
  ),
  cmd(`SORT_RO ${SORTING}`, 'read @set @sortedset @list @dangerous @-group', 'RO access; RO access@?', sortRo),
  cmd('TOUCH key [key ...]', `read fast ${SHARDED_SUM}`, 'RO', touch),
  cmd('TTL key', 'read fast ~nondeterministic_output', 'RO access', ttl),
  cmd('TYPE key', 'read fast', 'RO', type),
  cmd('UNLINK key [key ...]', `write fast ${SHARDED_SUM}`, 'RM delete', del),
]

/** Commands on whole databases, which the manual counts to the server. */
export const databaseCommands: readonly Command[] = [
  cmd('DBSIZE', 'read fast @keyspace ~request_policy:all_shards ~response_policy:agg_sum', '', dbsize),
  cmd(`FLUSHALL [<ASYNC|SYNC>]`, `write @keyspace @dangerous ${ALL}`, '', flushall),
  cmd(`FLUSHDB [<ASYNC|SYNC>]`, `write @keyspace @dangerous ${ALL}`, '', flushdb),
  cmd('SWAPDB index1 index2', 'write fast @keyspace @dangerous', '', swapdb),
]

function del({ db, reply }: Context, args: Args): void {
  let removed = 0
  while (args.left > 0) {
    const key = args.key()
    if (!db.delete(key)) continue
    removed++
    db.changed(key)
    db.notify(EVENT.generic, 'del', key)
  }
  reply.integer(removed)
}

/** To ask whether a key is there is no use of it. */
function exists({ db, reply }: Context, args: Args): void {
  let found = 0
  while (args.left > 0) if (db.peek(args.key()) !== 0) found++
  reply.integer(found)
}

/** TOUCH counts as a use even to a client that said NO-TOUCH. */
function touch({ db, reply }: Context, args: Args): void {
  const { keyspace } = db
  const before = keyspace.touches
  keyspace.touches = true
  let found = 0
  while (args.left > 0) if (db.lookup(args.key()) !== 0) found++
  keyspace.touches = before
  reply.integer(found)
}

function type({ db, reply }: Context, args: Args): void {
  const record = db.peek(args.key())
  reply.status(record === 0 ? 'none' : db.keyspace.types[db.typeOf(record)]!.name)
}

/** Keys that are looked at for a living one. */
const RANDOM_TRIES = 100

function randomkey({ db, reply, out }: Context): void {
  // A key past its time is taken away by the lookup; a database of such keys only is soon empty. While nothing may expire it
  // stays as it is, and one of them is named in the end, as Redis does.
  for (let tries = 1; ; tries++) {
    const record = db.randomRecord()
    if (record === 0) {
      reply.null()
      return
    }
    const name = Range.of(db.keys.key(record, out).copy())
    if (db.find(name) === 0 && (db.keyspace.mayExpire || tries < RANDOM_TRIES)) continue
    reply.bulk(name)
    return
  }
}

function keys({ db, reply, out }: Context, args: Args): void {
  const pattern = args.bytes()
  const { keyspace } = db
  const all = pattern.length === 1 && pattern.buf[pattern.start] === 42
  const list = reply.deferred()
  let found = 0
  for (let i = 0; i < db.keys.count; i++) {
    const record = db.keys.at(i)
    const deadline = db.deadlines.of(record)
    if (deadline >= 0 && deadline <= keyspace.nowMs) continue
    db.keys.key(record, out)
    if (!all && !matchGlob(pattern, out)) continue
    reply.bulk(out)
    found++
  }
  reply.fillArray(list, found)
}

function dbsize({ db, reply }: Context): void {
  reply.integer(db.size)
}

function takeFlushMode(args: Args): void {
  if (args.left === 0 || args.word('async') || args.word('sync')) args.end()
  else throw ERR.syntax
}

function flushall(ctx: Context, args: Args): void {
  takeFlushMode(args)
  const { keyspace } = ctx.engine
  for (const db of keyspace.databases) keyspace.flush(db)
  ctx.propagate('FLUSHALL')
  for (const hook of ctx.engine.onFlushAll) hook()
  ctx.reply.ok()
}

function flushdb(ctx: Context, args: Args): void {
  takeFlushMode(args)
  ctx.engine.keyspace.flush(ctx.db)
  ctx.propagate('FLUSHDB')
  for (const hook of ctx.engine.onFlushDb) hook(ctx.db)
  ctx.reply.ok()
}
