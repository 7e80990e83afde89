/* Taking over what is pending for others: XCLAIM by id, XAUTOCLAIM by idle time.
 *
 * Both propagate an XCLAIM of the entries that changed hands, with their times and counts as they came to be, and an XACK of
 * those that turned out to be deleted. */

import type { Range } from '../../base/bytes.ts'
import { ERR, type ReplyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import type { Address } from '../../memory/arena.ts'
import { compareIds, StreamId } from '../../structs/stream-id.ts'
import { invalidArgument, noKeyOrGroup, STREAM_ERR, unknownClaimOption } from './errors.ts'
import { groupChanged, propagateGroup, propagatePending, seenConsumer } from './group.ts'
import { readExactId, replyId, takeId, takeStart } from './ids.ts'
import { replyEntry } from './range.ts'
import { type StreamView, streamType } from './value.ts'

/** Who claims, and what. */
interface Claim {
  readonly key: Range
  readonly groupName: Range
  readonly consumerName: Range
  readonly minIdleMs: number
  readonly stream: StreamView
  readonly group: Address
  consumer: Address
  onlyIds: boolean
  /** Make entries pending that are not. */
  force: boolean
  deliveredMs: number
  /** -1: count one more. */
  deliveries: number
}

/** Take a key and the names behind it. */
function takeNames(args: Args): { key: Range; groupName: Range; consumerName: Range } {
  return { key: args.key(), groupName: args.bytes(), consumerName: args.bytes() }
}

function takeIdle(args: Args, command: string): number {
  return Math.max(0, args.int(invalidArgument('min-idle-time', command)))
}

/** The stream and the group. @throws NOGROUP. */
function openGroup({ db }: Context, key: Range, groupName: Range): { stream: StreamView; group: Address } {
  const stream = db.open(key, streamType)
  const group = stream?.groups.find(groupName) ?? 0
  if (stream === null || group === 0) throw noKeyOrGroup(key, groupName)
  return { stream, group }
}

/**
 * Give the entry `id`, which exists, to the claiming consumer; `isPending` says whether the groups' cursor stands on it.
 * False when it has not been idle for long enough, or is not pending and need not become so.
 */
function claimEntry(ctx: Context, claim: Claim, id: StreamId, isPending: boolean): boolean {
  const { stream, group, consumer, deliveries, deliveredMs } = claim
  const { groups } = stream
  if (isPending ? ctx.nowMs - groups.deliveredMs < claim.minIdleMs : !claim.force) return false
  const before = isPending ? groups.deliveries : 1
  const count = deliveries >= 0 ? deliveries : claim.onlyIds ? before : before + 1
  groups.assign(group, consumer, id, deliveredMs, count)
  groups.setActiveMs(consumer, ctx.nowMs)
  groupChanged(ctx.db)
  if (ctx.propagates)
    propagatePending(ctx, claim.key, claim.groupName, claim.consumerName, [id.toString()], deliveredMs, count)
  return true
}

/** A pending entry is no longer in the stream: nobody has it pending either. */
function dropDeleted(ctx: Context, { key, groupName, stream, group }: Claim, id: StreamId): void {
  stream.groups.acknowledge(group, id)
  groupChanged(ctx.db)
  ctx.propagate('XACK', key, groupName, id.toString())
}

/** Reply with an entry that was claimed, the log's cursor being on it. */
function replyClaimed({ reply }: Context, { stream, onlyIds }: Claim, id: StreamId): void {
  if (onlyIds) replyId(reply, id)
  else replyEntry(reply, stream.log, stream.name, stream.value)
}

// ------------------------------------------------------------------ XCLAIM

export function xclaim(ctx: Context, args: Args): void {
  const { reply, nowMs } = ctx
  const names = takeNames(args)
  const { key, groupName, consumerName } = names
  const idleAt = args.position++
  const { stream, group } = openGroup(ctx, key, groupName)
  const idsAt = args.position
  args.position = idleAt
  const minIdleMs = takeIdle(args, 'XCLAIM')
  const id = new StreamId()
  while (args.left > 0 && readExactId(args.at(args.position), id)) args.position++
  const idsEnd = args.position
  const common = { ...names, stream, group, minIdleMs, consumer: 0 }
  const claim: Claim = { ...common, onlyIds: false, force: false, deliveredMs: nowMs, deliveries: -1 }
  const lastId = takeClaimOptions(ctx, args, claim)
  ctx.propagateNothing() // but for what is stated below
  stream.groups.readLastId(group, id)
  if (compareIds(lastId, id) > 0) {
    stream.groups.setLastId(group, lastId)
    groupChanged(ctx.db)
    propagateGroup(ctx, stream, key, group, groupName)
  }
  claim.consumer = seenConsumer(ctx, stream, key, group, groupName, consumerName)
  const list = reply.deferred()
  let found = 0
  for (args.position = idsAt; args.position < idsEnd; ) {
    takeId(args, id)
    const isPending = stream.groups.findPending(group, id)
    if (!stream.log.find(id)) {
      if (isPending) dropDeleted(ctx, claim, id)
    } else if (claimEntry(ctx, claim, id, isPending)) {
      replyClaimed(ctx, claim, id)
      found++
    }
  }
  reply.fillArray(list, found)
}

/** Take the options into `claim`. Returns the id to which the group's last one is raised. */
function takeClaimOptions({ nowMs }: Context, args: Args, claim: Claim): StreamId {
  const lastId = new StreamId()
  let time = nowMs
  while (args.left > 0) {
    if (args.word('force')) claim.force = true
    else if (args.word('justid')) claim.onlyIds = true
    else if (args.left > 1 && args.word('idle')) time = nowMs - args.int(optionError('IDLE'))
    else if (args.left > 1 && args.word('time')) time = args.int(optionError('TIME'))
    else if (args.left > 1 && args.word('retrycount')) claim.deliveries = args.int(optionError('RETRYCOUNT'))
    else if (args.left > 1 && args.word('lastid')) takeId(args, lastId)
    else throw unknownClaimOption(args.bytes())
  }
  // A time that makes no sense comes from a clock that goes wrong; now is as good.
  claim.deliveredMs = time < 0 || time > nowMs ? nowMs : time
  return lastId
}

function optionError(option: string): ReplyError {
  return invalidArgument(`${option} option`, 'XCLAIM')
}

// ------------------------------------------------------------------ XAUTOCLAIM

/** Pending entries looked at for each that may be claimed. */
const ATTEMPTS = 10
const COUNT_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 1024)

export function xautoclaim(ctx: Context, args: Args): void {
  const { reply, nowMs } = ctx
  const names = takeNames(args)
  const minIdleMs = takeIdle(args, 'XAUTOCLAIM')
  const from = takeStart(args, new StreamId())
  let count = 100
  let onlyIds = false
  while (args.left > 0) {
    if (args.left > 1 && args.word('count')) {
      count = args.int(STREAM_ERR.countPositive)
      if (count < 1 || count > COUNT_MAX) throw STREAM_ERR.countPositive
    } else if (args.word('justid')) onlyIds = true
    else throw ERR.syntax
  }
  const { stream, group } = openGroup(ctx, names.key, names.groupName)
  ctx.propagateNothing() // but for what is stated below
  const consumer = seenConsumer(ctx, stream, names.key, group, names.groupName, names.consumerName)
  const found = { ...names, stream, group, minIdleMs, consumer, onlyIds }
  const claim: Claim = { ...found, force: false, deliveredMs: nowMs, deliveries: -1 }
  const { next, claimed, deleted } = claimIdle(ctx, claim, from, count)
  reply.array(3)
  replyId(reply, next)
  reply.array(claimed.length)
  for (const id of claimed) {
    if (!onlyIds) stream.log.find(id)
    replyClaimed(ctx, claim, id)
  }
  reply.array(deleted.length)
  for (const id of deleted) replyId(reply, id)
}

/** What a walk over the pending entries came to. */
interface Walk {
  /** Where to go on; 0-0 at the end. */
  readonly next: StreamId
  readonly claimed: readonly StreamId[]
  readonly deleted: readonly StreamId[]
}

/** Claim up to `count` entries from an id on that have been idle for long enough, and drop those that were deleted. */
function claimIdle(ctx: Context, claim: Claim, from: StreamId, count: number): Walk {
  const { groups, log } = claim.stream
  const claimed: StreamId[] = []
  const deleted: StreamId[] = []
  const next = new StreamId()
  let more = groups.seek(claim.group, from)
  for (let tries = count * ATTEMPTS; more && tries > 0 && claimed.length + deleted.length < count; tries--) {
    next.copyFrom(groups.id)
    if (!log.find(next)) {
      deleted.push(new StreamId().copyFrom(next))
      dropDeleted(ctx, claim, next)
      more = groups.seek(claim.group, next)
      continue
    }
    if (claimEntry(ctx, claim, next, true)) claimed.push(new StreamId().copyFrom(next))
    more = groups.next()
  }
  return { next: more ? next.copyFrom(groups.id) : next.setMin(), claimed, deleted }
}
