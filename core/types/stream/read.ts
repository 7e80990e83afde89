/* XREAD, and what it shares with XREADGROUP: options, ids, waiting. */

import type { Range } from '../../base/bytes.ts'
import { ERR } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import type { Suspended } from '../../command/suspend.ts'
import type { Reply } from '../../resp/reply.ts'
import { compareIds, StreamId } from '../../structs/stream-id.ts'
import { meaninglessId, STREAM_ERR, unbalanced } from './errors.ts'
import { readExactId } from './ids.ts'
import { replyEntries } from './range.ts'
import { STREAM_ID, type StreamView, streamType } from './value.ts'

const INT64_MAX = 9223372036854775807n

/** What stands before the keys, and where those begin. */
export interface Reading {
  /** Entries of each stream; 0: all. */
  count: number
  /** 0: for ever; -1: not at all. */
  blockMs: number
  group: Range | null
  consumer: Range | null
  noAck: boolean
  keysAt: number
  /** How many keys there are, and ids behind them. */
  streams: number
}

/** Take everything up to the keys. */
export function takeReading(ctx: Context, args: Args, isGroup: boolean): Reading {
  const found: Reading = { count: 0, blockMs: -1, group: null, consumer: null, noAck: false, keysAt: 0, streams: 0 }
  while (found.keysAt === 0) {
    if (args.left > 1 && args.word('block')) found.blockMs = takeBlockMs(ctx, args)
    else if (args.left > 1 && args.word('count')) found.count = Math.max(0, args.int())
    else if (args.left > 1 && args.word('streams')) {
      if (args.left % 2 !== 0) throw unbalanced(ctx.entry.name)
      found.keysAt = args.position
      found.streams = args.left / 2
    } else if (args.left > 2 && args.word('group')) {
      if (!isGroup) throw STREAM_ERR.groupOfRead
      found.group = args.bytes()
      found.consumer = args.bytes()
    } else if (args.word('noack')) {
      if (!isGroup) throw STREAM_ERR.noAckOfRead
      found.noAck = true
    } else throw ERR.syntax
  }
  if (isGroup && found.group === null) throw STREAM_ERR.noGroup
  return found
}

/** Take how long to wait, whole milliseconds. */
function takeBlockMs(ctx: Context, args: Args): number {
  const ms = args.int64(STREAM_ERR.timeoutNotInteger)
  if (ms < 0n) throw ERR.timeoutNegative
  if (ms > INT64_MAX - BigInt(ctx.nowMs)) throw ERR.timeoutRange
  return Number(ms)
}

/** Wait for entries, if that was asked for and may be; or say that there are none. */
export function waitOrNothing(
  ctx: Context,
  args: Args,
  reading: Reading,
  state: readonly StreamId[] | null,
): Suspended | undefined {
  const { keysAt, streams, blockMs } = reading
  if (blockMs < 0) {
    ctx.reply.nullArray()
    return undefined
  }
  const keys: Range[] = []
  for (let i = 0; i < streams; i++) keys.push(args.at(keysAt + i))
  return ctx.waitForKeys({
    keys,
    types: [STREAM_ID],
    timeoutMs: blockMs,
    onTimeout: reply => reply.nullArray(),
    onVanished: reading.group !== null,
    state,
  })
}

/** Begin the reply to a reading command once there is something, and with each stream its part. */
export class ReadingReply {
  readonly #reply: Reply
  #mark = -1
  #streams = 0

  constructor(reply: Reply) {
    this.#reply = reply
  }

  get isEmpty(): boolean {
    return this.#streams === 0
  }

  /** The entries of a stream follow. */
  stream(key: Range): void {
    const reply = this.#reply
    if (this.#streams++ === 0) this.#mark = reply.deferred()
    if (reply.protocol === 2) reply.array(2)
    reply.bulk(key)
  }

  end(): void {
    if (this.#reply.protocol === 2) this.#reply.fillArray(this.#mark, this.#streams)
    else this.#reply.fillMap(this.#mark, this.#streams)
  }
}

/** Whether an argument is one given character. */
export function isWord(text: Range, byte: number): boolean {
  return text.end - text.start === 1 && text.buf[text.start] === byte
}

const PLUS = 43
const DOLLAR = 36
const GREATER = 62

export function xread(ctx: Context, args: Args): Suspended | undefined {
  const { db, reply } = ctx
  const reading = takeReading(ctx, args, false)
  const { keysAt, streams, count } = reading
  const views: (StreamView | null)[] = []
  // What `$` meant in the first run it means as long as the client waits.
  const known = ctx.wait as readonly StreamId[] | null
  const after: StreamId[] = []
  for (let i = 0; i < streams; i++) {
    const stream = db.read(args.at(keysAt + i), streamType)
    views.push(stream)
    after.push(known === null ? idToReadAfter(stream, args.at(keysAt + streams + i)) : known[i]!)
  }
  const answer = new ReadingReply(reply)
  const end = new StreamId()
  for (let i = 0; i < streams; i++) {
    const stream = views[i]!
    if (stream === null || !stream.log.lastEntryId(end) || compareIds(end, after[i]!) <= 0) continue
    answer.stream(args.at(keysAt + i))
    const from = new StreamId().copyFrom(after[i]!)
    from.increment()
    stream.log.seek(from, end)
    replyEntries(reply, stream, count)
  }
  if (answer.isEmpty) return waitOrNothing(ctx, args, reading, after)
  answer.end()
  return undefined
}

/** The id that entries must be greater than. */
function idToReadAfter(stream: StreamView | null, text: Range): StreamId {
  const id = new StreamId()
  if (isWord(text, DOLLAR)) stream?.log.readLastId(id)
  else if (isWord(text, PLUS)) {
    if (stream?.log.lastEntryId(id) === true) id.decrement()
  } else if (isWord(text, GREATER)) throw STREAM_ERR.newOfRead
  else if (!readExactId(text, id)) throw STREAM_ERR.invalidId
  return id
}

/** What an id of XREADGROUP asks for: null for `>`, entries that nobody was given yet. */
export function historyId(text: Range): StreamId | null {
  if (isWord(text, GREATER)) return null
  if (isWord(text, DOLLAR)) throw meaninglessId('$')
  if (isWord(text, PLUS)) throw meaninglessId('+')
  const id = new StreamId()
  if (!readExactId(text, id)) throw STREAM_ERR.invalidId
  return id
}
