/* OBJECT: how a value is kept. */

import { Range } from '../../base/bytes.ts'
import { ReplyError } from '../../base/errors.ts'
import { parseInteger } from '../../base/numbers.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import type { Address } from '../../memory/arena.ts'

const SWITCHING =
  'Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.'
const NO_LFU = new ReplyError(`ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${SWITCHING}`)
const IS_LFU = new ReplyError(`ERR An LFU maxmemory policy is selected, idle time not tracked. ${SWITCHING}`)

/** The record of the key, unless there is none, which is answered with null. Looking does not count as a use. */
function found(ctx: Context, args: Args): Address {
  const record = ctx.db.find(args.key())
  if (record === 0) ctx.reply.null()
  return record
}

export function objectEncoding(ctx: Context, args: Args): void {
  const record = found(ctx, args)
  if (record === 0) return
  const type = ctx.engine.keyspace.types[ctx.db.typeOf(record)]!
  ctx.reply.text(type.encoding(ctx.db.view(record, type)))
}

/** Small integers are shared in Redis, and their count stands still at the greatest number; clients may look at it. */
const SHARED_COUNT = 2147483647
const SHARED_MAX = 9999

export function objectRefcount(ctx: Context, args: Args): void {
  const record = found(ctx, args)
  if (record === 0) return
  const type = ctx.engine.keyspace.types[ctx.db.typeOf(record)]!
  const value = ctx.db.view(record, type)
  const isShared = type.name === 'string' && type.encoding(value) === 'int' && isSmall(value as unknown as Readable)
  ctx.reply.integer(isShared ? SHARED_COUNT : 1)
}

interface Readable {
  range(out: Range): Range
}

function isSmall(value: Readable): boolean {
  const bytes = value.range(new Range())
  const n = parseInteger(bytes.buf, bytes.start, bytes.end)
  return n >= 0 && n <= SHARED_MAX
}

export function objectIdletime(ctx: Context, args: Args): void {
  const { keyspace } = ctx.engine
  const record = found(ctx, args)
  if (record === 0) return
  if (keyspace.lfu !== null) throw IS_LFU
  ctx.reply.integer(ctx.db.idleSeconds(record))
}

export function objectFreq(ctx: Context, args: Args): void {
  const { keyspace } = ctx.engine
  const record = found(ctx, args)
  if (record === 0) return
  if (keyspace.lfu === null) throw NO_LFU
  ctx.reply.integer(ctx.db.frequencyOf(record))
}

const HELP = [
  'OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'ENCODING <key>',
  '    Return the kind of internal representation used in order to store the value',
  '    associated with a <key>.',
  'FREQ <key>',
  '    Return the access frequency index of the <key>. The returned integer is',
  '    proportional to the logarithm of the recent access frequency of the key.',
  'IDLETIME <key>',
  '    Return the idle time of the <key>, that is the approximated number of',
  '    seconds elapsed since the last access to the key.',
  'REFCOUNT <key>',
  '    Return the number of references of the value associated with the specified',
  '    <key>.',
  'HELP',
  '    Print this help.',
]

export function objectHelp({ reply }: Context): void {
  reply.statuses(HELP)
}
