/* Adding entries and trimming: XADD and XTRIM, whose trimming options are the same.
 *
 * What is propagated leaves nothing to the reader's clock or block sizes: the id that was given, and for a trim that was
 * only approximate the exact length or lowest id that it came to. */

import type { Range } from '../../base/bytes.ts'
import { ERR } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { wrongArity } from '../../command/gates.ts'
import { EVENT } from '../../keyspace/event.ts'
import { compareIds, parseId, SPELLED, StreamId } from '../../structs/stream-id.ts'
import { STREAM_ERR } from './errors.ts'
import { replyId, takeId } from './ids.ts'
import { type StreamView, streamType } from './value.ts'

const STAR = 42
const TILDE = 126
const EQUALS = 61
/** Bytes of one entry, frames included. */
const ENTRY_BYTES_MAX = 1 << 30
/** Entries that an approximate trim takes at most, when the command does not say. */
const LIMIT_MAX = 1_000_000
const LIMIT_WITHOUT_NODES = 10_000

/** How to trim, as the options say. */
interface Trim {
  by: 'nothing' | 'length' | 'id'
  approximate: boolean
  length: number
  readonly id: StreamId
  /** Entries that may go; 0: any number. */
  limit: number
  hasLimit: boolean
  /** XADD only: NOMKSTREAM. */
  mayCreate: boolean
}

const NO_TRIM: Trim = Object.freeze({
  by: 'nothing',
  approximate: false,
  length: 0,
  id: new StreamId(),
  limit: 0,
  hasLimit: false,
  mayCreate: true,
})

/** Whether an argument is one given character. */
function isByte(args: Args, i: number, byte: number): boolean {
  return args.ends[i]! - args.starts[i]! === 1 && args.buf[args.starts[i]!] === byte
}

/**
 * Take an option, and what belongs to it, into `found`. False when the next argument is none: an id, or for XTRIM a mistake.
 * A word that lacks its value is none either.
 */
function takeOption(args: Args, found: Trim, isAdd: boolean): boolean {
  if (isAdd && args.word('nomkstream')) {
    found.mayCreate = false
    return true
  }
  if (args.left < 2) return false
  const isLength = args.word('maxlen')
  if (isLength || args.word('minid')) {
    if (found.by !== 'nothing') throw STREAM_ERR.twoStrategies
    found.by = isLength ? 'length' : 'id'
    if (args.left > 1 && isByte(args, args.position, TILDE)) {
      found.approximate = true
      args.position++
    } else if (args.left > 1 && isByte(args, args.position, EQUALS)) args.position++
    if (!isLength) takeId(args, found.id)
    else {
      found.length = args.int()
      if (found.length < 0) throw STREAM_ERR.maxLenNegative
    }
    return true
  }
  if (!args.word('limit')) return false
  found.limit = args.int()
  if (found.limit < 0) throw STREAM_ERR.limitNegative
  found.hasLimit = true
  return true
}

/** The options fit together; an approximate trim without a limit is given one. */
function settle({ db }: Context, found: Trim, isAdd: boolean): Trim {
  if (found.limit > 0 && found.by === 'nothing') throw STREAM_ERR.limitAlone
  if (!isAdd && found.by === 'nothing') throw STREAM_ERR.noStrategy
  if (found.hasLimit && !found.approximate) throw STREAM_ERR.limitExact
  if (found.approximate && !found.hasLimit) {
    const entries = 100 * db.keyspace.limits.streamNodeEntries
    found.limit = entries <= 0 ? LIMIT_WITHOUT_NODES : Math.min(entries, LIMIT_MAX)
  }
  return found
}

function newTrim(): Trim {
  return { ...NO_TRIM, id: new StreamId() }
}

/** Trim a stream, and tell of it when something went. Returns how many entries did. */
function trim(ctx: Context, key: Range, stream: StreamView, how: Trim): number {
  if (how.by === 'nothing') return 0
  const { log } = stream
  const count =
    how.by === 'length'
      ? log.trimToLength(how.length, how.approximate, how.limit)
      : log.trimToId(how.id, how.approximate, how.limit)
  if (count > 0) ctx.db.notify(EVENT.stream, 'xtrim', key)
  return count
}

/** The options of a trim as it turned out. */
function trimmedTo({ log }: StreamView, how: Trim): (string | number)[] {
  if (how.by === 'nothing') return []
  if (how.by === 'length') return ['MAXLEN', '=', how.approximate ? log.length : how.length]
  const first = new StreamId()
  if (how.approximate) log.firstId(first)
  return ['MINID', '=', (how.approximate ? first : how.id).toString()]
}

export function xtrim(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const how = newTrim()
  while (args.left > 0) if (!takeOption(args, how, false)) throw ERR.syntax
  settle(ctx, how, false)
  const stream = db.open(key, streamType)
  const count = stream === null ? 0 : trim(ctx, key, stream, how)
  if (stream !== null && count > 0) {
    db.changed(key)
    if (how.approximate && ctx.propagates) ctx.propagate('XTRIM', key, ...trimmedTo(stream, how))
  }
  reply.integer(count)
}

// ------------------------------------------------------------------ XADD

/** How an id was asked for: in full, `ms-*`, or `*`. */
type Asked = 'whole' | 'milliseconds' | 'nothing'

export function xadd(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const how = takeAddOptions(ctx, args)
  const id = new StreamId()
  const asked = takeAskedId(args, id)
  const first = args.position
  if (args.left < 2 || args.left % 2 !== 0) throw wrongArity(ctx.entry)
  if (asked === 'whole' && id.isMin) throw STREAM_ERR.idZero
  if (args.ends[args.argc - 1]! - args.starts[first]! > ENTRY_BYTES_MAX) throw STREAM_ERR.tooLarge
  const existing = db.open(key, streamType)
  if (existing === null && !how.mayCreate) {
    reply.null()
    return
  }
  if (existing !== null) chooseId(existing, asked, id, ctx.nowMs)
  else if (asked === 'nothing') id.set(ctx.nowMs, 0)
  else if (asked === 'milliseconds' && id.isMin) id.increment()
  const stream = existing ?? db.create(key, streamType)
  append(ctx, args, stream, id, first, existing === null)
  db.notify(EVENT.stream, 'xadd', key)
  trim(ctx, key, stream, how)
  db.changed(key)
  if (ctx.propagates && (asked !== 'whole' || how.approximate)) propagateAdded(ctx, args, key, stream, how, id, first)
  replyId(reply, id)
}

function takeAddOptions(ctx: Context, args: Args): Trim {
  if (isByte(args, args.position, STAR)) return NO_TRIM
  let how: Trim | null = null
  while (args.left > 0 && !isByte(args, args.position, STAR)) {
    const byte = args.buf[args.starts[args.position]!]! | 32
    // Options begin with l, m or n; anything else must be an id.
    if (byte < 108 || byte > 110) break
    how ??= newTrim()
    if (!takeOption(args, how, true)) break
  }
  if (how === null) return NO_TRIM
  // A bad id is told before options that do not fit together.
  if (args.left > 0) {
    takeAskedId(args, new StreamId())
    args.position--
  }
  return settle(ctx, how, true)
}

function takeAskedId(args: Args, id: StreamId): Asked {
  if (args.left === 0) return 'nothing' // the arity is found wrong in a moment
  const i = args.position++
  if (isByte(args, i, STAR)) return 'nothing'
  const spelled = parseId(args.buf, args.starts[i]!, args.ends[i]!, id)
  if (spelled === SPELLED.wrong) throw STREAM_ERR.invalidId
  return spelled === SPELLED.anySeq ? 'milliseconds' : 'whole'
}

/** Complete an id that is to be added to a stream. */
function chooseId({ log }: StreamView, asked: Asked, id: StreamId, nowMs: number): void {
  const last = new StreamId()
  log.readLastId(last)
  if (last.isMax) throw STREAM_ERR.exhausted
  if (asked === 'nothing') {
    if (nowMs > last.ms) id.set(nowMs, 0)
    else id.copyFrom(last).increment()
    return
  }
  if (asked === 'milliseconds' && id.msHigh === last.msHigh && id.msLow === last.msLow) {
    // After the highest sequence comes the next millisecond, which was not asked for.
    if (last.seqHigh === 0xffffffff && last.seqLow === 0xffffffff) throw STREAM_ERR.idNotGreater
    id.copyFrom(last).increment()
  }
  if (compareIds(id, last) <= 0) throw STREAM_ERR.idNotGreater
}

function append({ db }: Context, args: Args, stream: StreamView, id: StreamId, first: number, isNew: boolean): void {
  const parts = args.ranges(first)
  if (!isNew) {
    stream.append(id, parts, first, (args.argc - first) / 2)
    return
  }
  try {
    stream.append(id, parts, first, (args.argc - first) / 2)
  } catch (error) {
    db.remove(stream.record) // out of memory: no empty stream stays behind
    throw error
  }
}

function propagateAdded(
  ctx: Context,
  args: Args,
  key: Range,
  stream: StreamView,
  how: Trim,
  id: StreamId,
  first: number,
): void {
  const fields = args.ranges(first).slice(first, args.argc)
  const options = how.mayCreate ? [] : ['NOMKSTREAM']
  ctx.propagate('XADD', key, ...options, ...trimmedTo(stream, how), id.toString(), ...fields)
}
