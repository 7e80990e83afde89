/* XGROUP: making, setting and dropping groups and consumers. */

import type { Range } from '../../base/bytes.ts'
import { subcommandSyntax } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { EVENT } from '../../keyspace/event.ts'
import type { Address } from '../../memory/arena.ts'
import { UNKNOWN_READ } from '../../structs/pending.ts'
import { StreamId } from '../../structs/stream-id.ts'
import { type Counter, storable } from './counter.ts'
import { noSuchGroup, STREAM_ERR } from './errors.ts'
import { groupChanged, groupVanished } from './group.ts'
import { takeExtreme, takeId } from './ids.ts'
import { isWord } from './read.ts'
import { type StreamView, streamType } from './value.ts'

const DOLLAR = 36
/** XGROUP CREATE key group id MKSTREAM ENTRIESREAD n: more arguments are refused, whatever they say. */
const OPTIONS_END = 8

/** Options behind the id of CREATE and SETID. */
interface GroupOptions {
  makeStream: boolean
  entriesRead: Counter
}

function takeGroupOptions(args: Args, subcommand: 'CREATE' | 'SETID'): GroupOptions {
  const found: GroupOptions = { makeStream: false, entriesRead: UNKNOWN_READ }
  if (args.argc > OPTIONS_END) throw subcommandSyntax('XGROUP', args.at(1).text())
  while (args.left > 0) {
    if (subcommand === 'CREATE' && args.word('mkstream')) found.makeStream = true
    else if (args.left > 1 && args.word('entriesread')) {
      found.entriesRead = args.int64()
      if (found.entriesRead < -1n) throw STREAM_ERR.entriesRead
    } else throw subcommandSyntax('XGROUP', args.at(1).text())
  }
  return found
}

/** Take the id of CREATE or SETID, in which `$` is the stream's last; with `mayBeEnd` also `-` and `+`. */
function takeGroupId(args: Args, stream: StreamView | null, mayBeEnd = false): StreamId {
  const id = new StreamId()
  if (mayBeEnd && takeExtreme(args, id)) return id
  if (!isWord(args.at(args.position), DOLLAR)) return takeId(args, id)
  args.position++
  stream?.log.readLastId(id)
  return id
}

/** The stream, which must exist, and the group, which must too. */
function openGroup({ db }: Context, key: Range, name: Range): { stream: StreamView; group: Address } {
  const stream = openStream(db.open(key, streamType))
  const group = stream.groups.find(name)
  if (group === 0) throw noSuchGroup(key, name)
  return { stream, group }
}

function openStream(stream: StreamView | null): StreamView {
  if (stream === null) throw STREAM_ERR.keyNeeded
  return stream
}

export function xgroupCreate({ db, reply }: Context, args: Args): void {
  const key = args.key()
  const name = args.bytes()
  const idAt = args.position++
  const options = takeGroupOptions(args, 'CREATE')
  const existing = db.open(key, streamType)
  if (!options.makeStream) openStream(existing)
  args.position = idAt
  const id = takeGroupId(args, existing)
  if (existing !== null && existing.groups.find(name) !== 0) throw STREAM_ERR.busyGroup
  const stream = existing ?? db.create(key, streamType)
  const group = stream.groups.create(name)
  stream.groups.setLastId(group, id)
  stream.groups.setEntriesRead(group, storable(options.entriesRead))
  if (existing === null) db.changed(key)
  else groupChanged(db)
  db.notify(EVENT.stream, 'xgroup-create', key)
  reply.ok()
}

export function xgroupSetId(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const name = args.bytes()
  const idAt = args.position++
  const options = takeGroupOptions(args, 'SETID')
  const { stream, group } = openGroup(ctx, key, name)
  args.position = idAt
  stream.groups.setLastId(group, takeGroupId(args, stream, true))
  stream.groups.setEntriesRead(group, storable(options.entriesRead))
  groupChanged(db)
  db.notify(EVENT.stream, 'xgroup-setid', key)
  reply.ok()
}

export function xgroupDestroy({ db, reply }: Context, args: Args): void {
  const key = args.key()
  const stream = openStream(db.open(key, streamType))
  const group = stream.groups.find(args.bytes())
  if (group !== 0) {
    stream.groups.remove(group)
    groupVanished(db, key)
    db.notify(EVENT.stream, 'xgroup-destroy', key)
  }
  reply.integer(group === 0 ? 0 : 1)
}

export function xgroupCreateConsumer(ctx: Context, args: Args): void {
  const { db, reply, nowMs } = ctx
  const key = args.key()
  const { stream, group } = openGroup(ctx, key, args.bytes())
  const name = args.bytes()
  const isNew = stream.groups.findConsumer(group, name) === 0
  if (isNew) {
    stream.groups.createConsumer(group, name, nowMs)
    groupChanged(db)
    db.notify(EVENT.stream, 'xgroup-createconsumer', key)
  }
  reply.integer(isNew ? 1 : 0)
}

export function xgroupDelConsumer(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const { stream, group } = openGroup(ctx, key, args.bytes())
  const consumer = stream.groups.findConsumer(group, args.bytes())
  let pending = 0
  if (consumer !== 0) {
    pending = stream.groups.removeConsumer(group, consumer)
    groupChanged(db)
    db.notify(EVENT.stream, 'xgroup-delconsumer', key)
  }
  reply.integer(pending)
}

const HELP: readonly string[] = [
  'XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'CREATE <key> <groupname> <id|$> [option]',
  '    Create a new consumer group. Options are:',
  '    * MKSTREAM',
  '      Create the empty stream if it does not exist.',
  '    * ENTRIESREAD entries_read',
  "      Set the group's entries_read counter (internal use).",
  'CREATECONSUMER <key> <groupname> <consumer>',
  '    Create a new consumer in the specified group.',
  'DELCONSUMER <key> <groupname> <consumer>',
  '    Remove the specified consumer.',
  'DESTROY <key> <groupname>',
  '    Remove the specified group.',
  'SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]',
  '    Set the current group ID and entries_read counter.',
  'HELP',
  '    Print this help.',
]

export function xgroupHelp({ reply }: Context): void {
  reply.statuses(HELP)
}
