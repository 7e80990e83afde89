/* Entries as replies: XRANGE and XREVRANGE, and the writer that all reading commands share. */

import type { Range } from '../../base/bytes.ts'
import { ERR } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import type { Reply } from '../../resp/reply.ts'
import { StreamId } from '../../structs/stream-id.ts'
import type { StreamLog } from '../../structs/stream-log.ts'
import { replyId, takeEnd, takeStart } from './ids.ts'
import { type StreamView, streamType } from './value.ts'

/** Reply with the entry under the log's cursor: its id, and its fields with their values. */
export function replyEntry(reply: Reply, log: StreamLog, name: Range, value: Range): void {
  reply.array(2)
  replyId(reply, log.id)
  reply.array(log.fieldCount * 2)
  while (log.nextField(name, value)) {
    reply.bulk(name)
    reply.bulk(value)
  }
}

/** Reply with the entries that the log's cursor comes to, `count` at most (0: all). Returns how many. */
export function replyEntries(reply: Reply, stream: StreamView, count: number): number {
  const { log, name, value } = stream
  const list = reply.deferred()
  let found = 0
  while ((count === 0 || found < count) && log.next()) {
    replyEntry(reply, log, name, value)
    found++
  }
  reply.fillArray(list, found)
  return found
}

export function xrange(ctx: Context, args: Args): void {
  const key = args.key()
  const from = takeStart(args, new StreamId())
  const to = takeEnd(args, new StreamId())
  rangeOf(ctx, args, key, from, to, false)
}

export function xrevrange(ctx: Context, args: Args): void {
  const key = args.key()
  // The start is checked first though it comes last.
  const endAt = args.position++
  const from = takeStart(args, new StreamId())
  const optionsAt = args.position
  args.position = endAt
  const to = takeEnd(args, new StreamId())
  args.position = optionsAt
  rangeOf(ctx, args, key, from, to, true)
}

function rangeOf({ db, reply }: Context, args: Args, key: Range, from: StreamId, to: StreamId, reverse: boolean): void {
  let count = -1
  while (args.left > 0) {
    if (args.left < 2 || !args.word('count')) throw ERR.syntax
    count = Math.max(0, args.int())
  }
  const stream = db.read(key, streamType)
  if (stream === null) reply.array(0)
  else if (count === 0) reply.nullArray()
  else {
    if (reverse) stream.log.seekBack(from, to)
    else stream.log.seek(from, to)
    replyEntries(reply, stream, Math.max(0, count))
  }
}
