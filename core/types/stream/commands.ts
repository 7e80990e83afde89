/* Stream commands: the table, and those about the stream as a whole. */

import { ERR } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { cmd, type Command, sub } from '../../command/spec.ts'
import { EVENT } from '../../keyspace/event.ts'
import { compareIds, StreamId } from '../../structs/stream-id.ts'
import { xadd, xtrim } from './add.ts'
import { xautoclaim, xclaim } from './claim.ts'
import { storable } from './counter.ts'
import { STREAM_ERR } from './errors.ts'
import {
  xgroupCreate,
  xgroupCreateConsumer,
  xgroupDelConsumer,
  xgroupDestroy,
  xgroupHelp,
  xgroupSetId,
} from './groups.ts'
import { takeId } from './ids.ts'
import { xinfoConsumers, xinfoGroups, xinfoHelp, xinfoStream } from './info.ts'
import { xack, xpending } from './pending.ts'
import { xrange, xrevrange } from './range.ts'
import { xread } from './read.ts'
import { xreadgroup } from './read-group.ts'
import { streamType } from './value.ts'

const VARIES = '~nondeterministic_output'
const TRIM = '<MAXLEN|MINID> [<=|~>] threshold [LIMIT count]'
const CLAIM = '[IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]'

export const commands: readonly Command[] = [
  cmd('XACK key group id [id ...]', 'write fast', 'RW update', xack),
  cmd(
    `XADD key [NOMKSTREAM] [${TRIM}] <*|id> field value [field value ...]`,
    `write denyoom fast ${VARIES}`,
    'RW update',
    xadd,
  ),
  cmd(
    'XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]',
    `write fast ${VARIES}`,
    'RW delete',
    xautoclaim,
  ),
  cmd(`XCLAIM key group consumer min-idle-time id [id ...] ${CLAIM}`, `write fast ${VARIES}`, 'RW update', xclaim),
  cmd('XDEL key id [id ...]', 'write fast', 'RW delete', xdel),
  sub(
    'XGROUP CREATE key group <id|$> [MKSTREAM] [ENTRIESREAD entries-read]',
    'write denyoom',
    'RW insert',
    xgroupCreate,
  ),
  sub('XGROUP CREATECONSUMER key group consumer', 'write denyoom', 'RW insert', xgroupCreateConsumer),
  sub('XGROUP DELCONSUMER key group consumer', 'write', 'RW delete', xgroupDelConsumer),
  sub('XGROUP DESTROY key group', 'write', 'RW delete', xgroupDestroy),
  sub('XGROUP HELP', 'loading stale', '', xgroupHelp),
  sub('XGROUP SETID key group <id|$> [ENTRIESREAD entries-read]', 'write', 'RW update', xgroupSetId),
  sub('XINFO CONSUMERS key group', `read ${VARIES}`, 'RO access', xinfoConsumers),
  sub('XINFO GROUPS key', 'read', 'RO access', xinfoGroups),
  sub('XINFO HELP', 'loading stale', '', xinfoHelp),
  sub('XINFO STREAM key [FULL [COUNT count]]', 'read', 'RO access', xinfoStream),
  cmd('XLEN key', 'read fast', 'RO', xlen),
  cmd('XPENDING key group [[IDLE min-idle-time] start end count [consumer]]', `read ${VARIES}`, 'RO access', xpending),
  cmd('XRANGE key start end [COUNT count]', 'read', 'RO access', xrange),
  cmd(
    'XREAD [COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]',
    'read blocking',
    'RO access@STREAMS:1..-1%2',
    xread,
  ),
  cmd(
    'XREADGROUP GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]',
    'write blocking',
    'RO access@STREAMS:4..-1%2',
    xreadgroup,
  ),
  cmd('XREVRANGE key end start [COUNT count]', 'read', 'RO access', xrevrange),
  cmd(
    'XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]',
    'write denyoom fast',
    'RW update',
    xsetid,
  ),
  cmd(`XTRIM key ${TRIM}`, `write ${VARIES}`, 'RW delete', xtrim),
]

function xlen({ db, reply }: Context, args: Args): void {
  reply.integer(db.read(args.key(), streamType)?.log.length ?? 0)
}

function xdel({ db, reply }: Context, args: Args): void {
  const key = args.key()
  const stream = db.open(key, streamType)
  if (stream === null) {
    reply.integer(0)
    return
  }
  const id = new StreamId()
  const first = args.position
  while (args.left > 0) takeId(args, id) // all are good before any is used
  args.position = first
  let deleted = 0
  while (args.left > 0) if (stream.log.delete(takeId(args, id))) deleted++
  if (deleted > 0) {
    db.changed(key)
    db.notify(EVENT.stream, 'xdel', key)
  }
  reply.integer(deleted)
}

function xsetid({ db, reply }: Context, args: Args): void {
  const key = args.key()
  const id = takeId(args, new StreamId())
  const maxDeleted = new StreamId()
  let added: bigint | null = null
  while (args.left > 0) {
    if (args.left > 1 && args.word('entriesadded')) {
      added = args.int64()
      if (added < 0n) throw STREAM_ERR.addedNegative
    } else if (args.left > 1 && args.word('maxdeletedid')) {
      if (compareIds(id, takeId(args, maxDeleted)) < 0) throw STREAM_ERR.setIdBelowGiven
    } else throw ERR.syntax
  }
  const stream = db.open(key, streamType)
  if (stream === null) throw ERR.noSuchKey
  const { log } = stream
  const known = new StreamId()
  log.readMaxDeletedId(known)
  if (compareIds(id, known) < 0) throw STREAM_ERR.setIdBelowDeleted
  if (log.lastEntryId(known)) {
    if (compareIds(id, known) < 0) throw STREAM_ERR.setIdBelowTop
    if (added !== null && added < BigInt(log.length)) throw STREAM_ERR.addedBelowLength
  }
  log.setLastId(id)
  if (added !== null) log.entriesAdded = storable(added)
  if (!maxDeleted.isMin) log.setMaxDeletedId(maxDeleted)
  db.keyspace.dirty++ // as in Redis, no WATCH ends by it
  db.notify(EVENT.stream, 'xsetid', key)
  reply.ok()
}
