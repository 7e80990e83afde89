/* What the commands of consumer groups share: finding a group and a consumer, and telling of changes.
 *
 * Redis counts what happens to groups as changes to be saved, but neither WATCH nor tracking hears of them: the entries
 * are what they were. */

import type { Range } from '../../base/bytes.ts'
import type { Context } from '../../command/context.ts'
import type { Database } from '../../keyspace/database.ts'
import { EVENT } from '../../keyspace/event.ts'
import { ARMED } from '../../keyspace/keyspace.ts'
import type { Address } from '../../memory/arena.ts'
import { StreamId } from '../../structs/stream-id.ts'
import { counterOf } from './counter.ts'
import type { StreamView } from './value.ts'

/** A group changed: count it. */
export function groupChanged(db: Database): void {
  db.keyspace.dirty++
}

/** A group went: those who wait for its entries must hear of it. */
export function groupVanished(db: Database, key: Range): void {
  groupChanged(db)
  const { keyspace } = db
  if (keyspace.armed & ARMED.waiting) keyspace.hooks.waiting(db, key)
}

/** The consumer of this name, made when there is none, and seen now. */
export function seenConsumer(
  ctx: Context,
  { groups }: StreamView,
  key: Range,
  group: Address,
  groupName: Range,
  name: Range,
): Address {
  const known = groups.findConsumer(group, name)
  if (known !== 0) {
    groups.setSeenMs(known, ctx.nowMs)
    return known
  }
  const consumer = groups.createConsumer(group, name, ctx.nowMs)
  groupChanged(ctx.db)
  ctx.db.notify(EVENT.stream, 'xgroup-createconsumer', key)
  ctx.propagate('XGROUP', 'CREATECONSUMER', key, groupName, name)
  return consumer
}

/** State where a group stands: its last id, and how many entries it has read. */
export function propagateGroup(ctx: Context, { groups }: StreamView, key: Range, group: Address, name: Range): void {
  if (!ctx.propagates) return
  const id = new StreamId()
  groups.readLastId(group, id)
  const read = String(counterOf(groups.entriesRead(group)))
  ctx.propagate('XGROUP', 'SETID', key, name, id.toString(), 'ENTRIESREAD', read)
}

/** State that entries are pending for a consumer, delivered at one time equally often. */
export function propagatePending(
  ctx: Context,
  key: Range,
  group: Range,
  consumer: Range,
  ids: readonly string[],
  timeMs: number,
  deliveries: number,
): void {
  for (let i = 0; i < ids.length; i += IDS_PER_CLAIM) {
    const some = ids.slice(i, i + IDS_PER_CLAIM)
    const options = ['TIME', timeMs, 'RETRYCOUNT', deliveries, 'FORCE', 'JUSTID']
    ctx.propagate('XCLAIM', key, group, consumer, 0, ...some, ...options)
  }
}

const IDS_PER_CLAIM = 1024
