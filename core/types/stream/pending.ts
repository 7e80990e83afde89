/* Entries that were delivered and not yet acknowledged: XACK, XPENDING. */

import { Range } from '../../base/bytes.ts'
import { ERR } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import type { Address } from '../../memory/arena.ts'
import { compareIds, StreamId } from '../../structs/stream-id.ts'
import { noKeyOrGroup } from './errors.ts'
import { groupChanged } from './group.ts'
import { replyId, takeEnd, takeId, takeStart } from './ids.ts'
import { type StreamView, streamType } from './value.ts'

export function xack({ db, reply }: Context, args: Args): void {
  const stream = db.open(args.key(), streamType)
  const group = stream?.groups.find(args.bytes()) ?? 0
  if (stream === null || group === 0) {
    reply.integer(0)
    return
  }
  const id = new StreamId()
  const first = args.position
  while (args.left > 0) takeId(args, id) // all are good before any is used
  args.position = first
  let done = 0
  while (args.left > 0) if (stream.groups.acknowledge(group, takeId(args, id))) done++
  if (done > 0) groupChanged(db)
  reply.integer(done)
}

/** Which pending entries are asked for. */
interface PendingQuery {
  idleMs: number
  readonly from: StreamId
  readonly to: StreamId
  count: number
  consumer: Range | null
}

export function xpending(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const name = args.bytes()
  const query = args.left > 0 ? takeQuery(args) : null
  const stream = db.read(key, streamType)
  const group = stream?.groups.find(name) ?? 0
  if (stream === null || group === 0) throw noKeyOrGroup(key, name)
  if (query === null) replySummary(ctx, stream, group)
  else if (query.consumer === null) replyPending(ctx, stream, group, 0, query)
  else {
    const consumer = stream.groups.findConsumer(group, query.consumer)
    if (consumer === 0) reply.array(0)
    else replyPending(ctx, stream, group, consumer, query)
  }
}

function takeQuery(args: Args): PendingQuery {
  const query: PendingQuery = { idleMs: 0, from: new StreamId(), to: new StreamId(), count: 0, consumer: null }
  if (args.left < 3 || args.left > 6) throw ERR.syntax
  if (args.word('idle')) {
    query.idleMs = args.int()
    if (args.left < 3) throw ERR.syntax
  }
  const at = args.position
  args.position = at + 2
  query.count = Math.max(0, args.int())
  args.position = at
  takeStart(args, query.from)
  takeEnd(args, query.to)
  args.position++
  if (args.left > 0) query.consumer = args.bytes()
  return query
}

function replySummary({ reply }: Context, { groups }: StreamView, group: Address): void {
  const count = groups.pendingCount(group)
  reply.array(4)
  reply.integer(count)
  if (count === 0) {
    reply.null()
    reply.null()
    reply.nullArray()
    return
  }
  groups.seek(group, new StreamId())
  replyId(reply, groups.id)
  groups.seekLast(group)
  replyId(reply, groups.id)
  const name = new Range()
  const list = reply.deferred()
  let found = 0
  for (let i = 0; i < groups.consumerCount(group); i++) {
    const consumer = groups.consumerAt(group, i)
    const own = groups.consumerPendingCount(consumer)
    if (own === 0) continue
    reply.array(2)
    groups.consumerName(consumer, name)
    reply.bulk(name)
    reply.bulkInteger(own)
    found++
  }
  reply.fillArray(list, found)
}

function replyPending(
  ctx: Context,
  { groups }: StreamView,
  group: Address,
  consumer: Address,
  query: PendingQuery,
): void {
  const { reply, nowMs } = ctx
  const { from, to, count, idleMs } = query
  const name = new Range()
  const list = reply.deferred()
  let found = 0
  let more = consumer === 0 ? groups.seek(group, from) : groups.seekOwn(group, consumer, from)
  for (; more && found < count && compareIds(groups.id, to) <= 0; more = groups.next()) {
    const idle = Math.max(0, nowMs - groups.deliveredMs)
    if (idle < idleMs) continue
    reply.array(4)
    replyId(reply, groups.id)
    groups.consumerName(groups.consumer, name)
    reply.bulk(name)
    reply.integer(idle)
    reply.integer(groups.deliveries)
    found++
  }
  reply.fillArray(list, found)
}
