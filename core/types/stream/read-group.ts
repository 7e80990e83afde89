/* XREADGROUP -- a group's next entries go to whoever asks first, who then has them pending; or a consumer looks at what it
 * still has.
 *
 * What is propagated is not the command but what it did: XCLAIM for entries that became pending, XGROUP SETID for where the
 * group stands then. */

import type { Range } from '../../base/bytes.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import type { Suspended } from '../../command/suspend.ts'
import type { Address } from '../../memory/arena.ts'
import { UNKNOWN_READ } from '../../structs/pending.ts'
import { compareIds, StreamId } from '../../structs/stream-id.ts'
import { type Counter, counterOf, storable } from './counter.ts'
import { noGroupToRead } from './errors.ts'
import { groupChanged, propagateGroup, propagatePending, seenConsumer } from './group.ts'
import { replyId } from './ids.ts'
import { countAfter, StreamFacts } from './progress.ts'
import { replyEntry } from './range.ts'
import { historyId, type Reading, ReadingReply, takeReading, waitOrNothing } from './read.ts'
import { type StreamView, streamType } from './value.ts'

/** One stream of the command. */
interface Source {
  readonly key: Range
  readonly stream: StreamView
  readonly group: Address
  /** Null for new entries, otherwise the id behind which the history is read. */
  readonly history: StreamId | null
}

export function xreadgroup(ctx: Context, args: Args): Suspended | undefined {
  const reading = takeReading(ctx, args, true)
  ctx.propagateNothing() // but for what is stated below
  const sources: Source[] = []
  for (let i = 0; i < reading.streams; i++) sources.push(sourceAt(ctx, args, reading, i))
  const answer = new ReadingReply(ctx.reply)
  const end = new StreamId()
  const last = new StreamId()
  for (const source of sources) {
    const { key, stream, group, history } = source
    const consumer = seenConsumer(ctx, stream, key, group, reading.group!, reading.consumer!)
    if (history === null) {
      stream.groups.readLastId(group, last)
      if (!stream.log.lastEntryId(end) || compareIds(end, last) <= 0) continue
    }
    answer.stream(key)
    if (history === null) deliver(ctx, source, consumer, reading, last)
    else replyHistory(ctx, source, consumer, reading, history)
  }
  if (answer.isEmpty) return waitOrNothing(ctx, args, reading, null)
  answer.end()
  return undefined
}

function sourceAt({ db }: Context, args: Args, reading: Reading, i: number): Source {
  const key = args.at(reading.keysAt + i)
  const stream = db.open(key, streamType)
  const group = stream === null ? 0 : stream.groups.find(reading.group!)
  if (stream === null || group === 0) throw noGroupToRead(key, reading.group!)
  return { key, stream, group, history: historyId(args.at(reading.keysAt + reading.streams + i)) }
}

/** Give a consumer the entries behind the group's last id, and take down that it has them. */
function deliver(ctx: Context, source: Source, consumer: Address, reading: Reading, last: StreamId): void {
  const { reply, nowMs } = ctx
  const { stream, group, key } = source
  const { log, groups } = stream
  const facts = new StreamFacts().read(log)
  let read: Counter | null = counterOf(groups.entriesRead(group))
  if (read === UNKNOWN_READ) read = null
  const ids: string[] = []
  const list = reply.deferred()
  let found = 0
  log.seek(nextOf(last), facts.lastId)
  try {
    while ((reading.count === 0 || found < reading.count) && log.next()) {
      if (!reading.noAck) groups.assign(group, consumer, log.id, nowMs, 1)
      read = countAfter(facts, read, last, log.id)
      last.copyFrom(log.id)
      replyEntry(reply, log, stream.name, stream.value)
      if (ctx.propagates && !reading.noAck) ids.push(log.id.toString())
      found++
    }
  } finally {
    // Also when memory ran out half way: what was assigned counts as delivered.
    groups.setLastId(group, last)
    groups.setEntriesRead(group, read === null ? UNKNOWN_READ : storable(read))
    if (!reading.noAck) groups.setActiveMs(consumer, nowMs)
    groupChanged(ctx.db)
    propagatePending(ctx, key, reading.group!, reading.consumer!, ids, nowMs, 1)
    propagateGroup(ctx, stream, key, group, reading.group!)
  }
  reply.fillArray(list, found)
}

function nextOf(id: StreamId): StreamId {
  const next = new StreamId().copyFrom(id)
  next.increment()
  return next
}

/**
 * Reply with what a consumer has pending behind an id. Each entry that still exists counts as delivered once more, which Redis
 * does not count as a change.
 */
function replyHistory(ctx: Context, source: Source, consumer: Address, reading: Reading, after: StreamId): void {
  const { reply, nowMs } = ctx
  const { key, stream, group } = source
  const { log, groups } = stream
  const list = reply.deferred()
  let found = 0
  for (
    let more = groups.seekOwn(group, consumer, nextOf(after));
    more && (reading.count === 0 || found < reading.count);
    more = groups.next()
  ) {
    found++
    if (log.find(groups.id)) {
      replyEntry(reply, log, stream.name, stream.value)
      groups.setDelivery(nowMs, groups.deliveries + 1)
      if (ctx.propagates)
        propagatePending(ctx, key, reading.group!, reading.consumer!, [groups.id.toString()], nowMs, groups.deliveries)
    } else {
      reply.array(2)
      replyId(reply, groups.id)
      reply.nullArray()
    }
  }
  reply.fillArray(list, found)
}
