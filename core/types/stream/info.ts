/* XINFO: what there is to know of a stream, its groups and their consumers. */

import { Range } from '../../base/bytes.ts'
import { ERR, subcommandSyntax } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import type { Address } from '../../memory/arena.ts'
import type { Reply } from '../../resp/reply.ts'
import { UNKNOWN_READ } from '../../structs/pending.ts'
import { StreamId } from '../../structs/stream-id.ts'
import { type Counter, counterOf, replyCounter } from './counter.ts'
import { noSuchGroup } from './errors.ts'
import { replyId } from './ids.ts'
import { lagOf, StreamFacts } from './progress.ts'
import { replyEntries, replyEntry } from './range.ts'
import { type StreamView, streamType } from './value.ts'

/** How many entries of each list FULL shows, when COUNT does not say. */
const FULL_COUNT = 10
const MIN_ID = new StreamId()
const MAX_ID = new StreamId().setMax()

function readStream({ db }: Context, key: Range): StreamView {
  const stream = db.read(key, streamType)
  if (stream === null) throw ERR.noSuchKey
  return stream
}

export function xinfoStream(ctx: Context, args: Args): void {
  const { reply } = ctx
  const stream = readStream(ctx, args.key())
  const isFull = args.left > 0
  let count = FULL_COUNT
  if (isFull) {
    const isSound = args.word('full') && (args.left === 0 || (args.left === 2 && args.word('count')))
    if (!isSound) throw subcommandSyntax('XINFO', args.at(1).text())
    if (args.left > 0) count = args.int()
    if (count < 0) count = FULL_COUNT
  }
  const facts = new StreamFacts().read(stream.log)
  reply.map(isFull ? 9 : 10)
  replyFacts(reply, stream, facts)
  if (isFull) replyFull(ctx, stream, facts, count)
  else replyEnds(reply, stream)
}

/** What both forms begin with: seven pairs. */
function replyFacts(reply: Reply, { log }: StreamView, facts: StreamFacts): void {
  reply.text('length')
  reply.integer(facts.length)
  // Blocks are what Redis has as nodes of a radix tree: as many keys, and a root above them.
  reply.text('radix-tree-keys')
  reply.integer(log.blockCount)
  reply.text('radix-tree-nodes')
  reply.integer(log.blockCount + 1)
  reply.text('last-generated-id')
  replyId(reply, facts.lastId)
  reply.text('max-deleted-entry-id')
  replyId(reply, facts.maxDeletedId)
  reply.text('entries-added')
  replyCounter(reply, facts.added)
  reply.text('recorded-first-entry-id')
  replyId(reply, facts.firstId)
}

function replyEnds(reply: Reply, { log, groups, name, value }: StreamView): void {
  reply.text('groups')
  reply.integer(groups.length)
  for (const end of ['first-entry', 'last-entry']) {
    reply.text(end)
    if (end === 'first-entry') log.seek(MIN_ID, MAX_ID)
    else log.seekBack(MIN_ID, MAX_ID)
    if (log.next()) replyEntry(reply, log, name, value)
    else reply.null()
  }
}

function replyFull(ctx: Context, stream: StreamView, facts: StreamFacts, count: number): void {
  const { reply } = ctx
  const { log, groups, name } = stream
  reply.text('entries')
  log.seek(MIN_ID, MAX_ID)
  replyEntries(reply, stream, count)
  reply.text('groups')
  reply.array(groups.length)
  for (let i = 0; i < groups.length; i++) {
    const group = groups.at(i)
    reply.map(7)
    reply.text('name')
    groups.name(group, name)
    reply.bulk(name)
    replyProgress(reply, stream, group, facts)
    reply.text('pel-count')
    reply.integer(groups.pendingCount(group))
    reply.text('pending')
    replyPendingOfGroup(reply, stream, group, count)
    reply.text('consumers')
    replyConsumersInFull(reply, stream, group, count)
  }
}

/** Last id, entries read, lag: three pairs. */
function replyProgress(reply: Reply, { groups }: StreamView, group: Address, facts: StreamFacts): void {
  const last = new StreamId()
  groups.readLastId(group, last)
  const stored = counterOf(groups.entriesRead(group))
  const read = stored === UNKNOWN_READ ? null : stored
  reply.text('last-delivered-id')
  replyId(reply, last)
  reply.text('entries-read')
  replyKnown(reply, read)
  reply.text('lag')
  replyKnown(reply, lagOf(facts, read, last))
}

function replyKnown(reply: Reply, count: Counter | null): void {
  if (count === null) reply.null()
  else replyCounter(reply, count)
}

function replyPendingOfGroup(reply: Reply, { groups }: StreamView, group: Address, count: number): void {
  const name = new Range()
  const list = reply.deferred()
  let found = 0
  for (let more = groups.seek(group, MIN_ID); more && (count === 0 || found < count); more = groups.next()) {
    reply.array(4)
    replyId(reply, groups.id)
    groups.consumerName(groups.consumer, name)
    reply.bulk(name)
    reply.integer(groups.deliveredMs)
    reply.integer(groups.deliveries)
    found++
  }
  reply.fillArray(list, found)
}

function replyConsumersInFull(reply: Reply, { groups }: StreamView, group: Address, count: number): void {
  const name = new Range()
  reply.array(groups.consumerCount(group))
  for (let i = 0; i < groups.consumerCount(group); i++) {
    const consumer = groups.consumerAt(group, i)
    reply.map(5)
    reply.text('name')
    groups.consumerName(consumer, name)
    reply.bulk(name)
    reply.text('seen-time')
    reply.integer(groups.seenMs(consumer))
    reply.text('active-time')
    reply.integer(groups.activeMs(consumer))
    reply.text('pel-count')
    reply.integer(groups.consumerPendingCount(consumer))
    reply.text('pending')
    const list = reply.deferred()
    let found = 0
    let more = groups.seekOwn(group, consumer, MIN_ID)
    for (; more && (count === 0 || found < count); more = groups.next()) {
      reply.array(3)
      replyId(reply, groups.id)
      reply.integer(groups.deliveredMs)
      reply.integer(groups.deliveries)
      found++
    }
    reply.fillArray(list, found)
  }
}

export function xinfoGroups(ctx: Context, args: Args): void {
  const { reply } = ctx
  const stream = readStream(ctx, args.key())
  const { groups, name } = stream
  const facts = new StreamFacts().read(stream.log)
  reply.array(groups.length)
  for (let i = 0; i < groups.length; i++) {
    const group = groups.at(i)
    reply.map(6)
    reply.text('name')
    groups.name(group, name)
    reply.bulk(name)
    reply.text('consumers')
    reply.integer(groups.consumerCount(group))
    reply.text('pending')
    reply.integer(groups.pendingCount(group))
    replyProgress(reply, stream, group, facts)
  }
}

export function xinfoConsumers(ctx: Context, args: Args): void {
  const { reply, nowMs } = ctx
  const key = args.key()
  const { groups, name } = readStream(ctx, key)
  const groupName = args.bytes()
  const group = groups.find(groupName)
  if (group === 0) throw noSuchGroup(key, groupName)
  reply.array(groups.consumerCount(group))
  for (let i = 0; i < groups.consumerCount(group); i++) {
    const consumer = groups.consumerAt(group, i)
    const activeMs = groups.activeMs(consumer)
    reply.map(4)
    reply.text('name')
    groups.consumerName(consumer, name)
    reply.bulk(name)
    reply.text('pending')
    reply.integer(groups.consumerPendingCount(consumer))
    reply.text('idle')
    reply.integer(Math.max(0, nowMs - groups.seenMs(consumer)))
    reply.text('inactive')
    reply.integer(activeMs < 0 ? -1 : Math.max(0, nowMs - activeMs))
  }
}

const HELP: readonly string[] = [
  'XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'CONSUMERS <key> <groupname>',
  '    Show consumers of <groupname>.',
  'GROUPS <key>',
  '    Show the stream consumer groups.',
  'STREAM <key> [FULL [COUNT <count>]',
  '    Show information about the stream.',
  'HELP',
  '    Print this help.',
]

export function xinfoHelp({ reply }: Context): void {
  reply.statuses(HELP)
}
