/* Strings as numbers: INCR and its family, INCRBYFLOAT. */

import { NO_BYTES, Range } from '../../base/bytes.ts'
import { ERR } from '../../base/errors.ts'
import {
  addLongDouble,
  formatLongDouble,
  LONG_INFINITY,
  LONG_MINUS_INFINITY,
  parseLongDouble,
} from '../../base/long-double.ts'
import { integerLength, parseBigInteger, parseInteger, writeInteger } from '../../base/numbers.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { EVENT } from '../../keyspace/event.ts'
import { setRecordWord, VALUE_WORD } from '../../keyspace/record.ts'
import { type Address, SLAB_BITS, UNIT_MASK } from '../../memory/arena.ts'
import type { StringView } from './value.ts'
import { isInlineString, STRING_ID, stringType, TEXT } from './value.ts'
import { putString } from './write.ts'

const INT64_MAX = 9223372036854775807n
const INT64_MIN = -9223372036854775808n

export function incr(ctx: Context, args: Args): void {
  add(ctx, args.key(), 1)
}

export function decr(ctx: Context, args: Args): void {
  add(ctx, args.key(), -1)
}

export function incrby(ctx: Context, args: Args): void {
  const key = args.key()
  const by = args.int()
  if (Number.isSafeInteger(by)) add(ctx, key, by)
  else {
    args.position--
    addExactly(ctx, key, args.int64())
  }
}

export function decrby(ctx: Context, args: Args): void {
  const key = args.key()
  const by = args.int64()
  if (by === INT64_MIN) throw ERR.decrementOverflow
  if (by >= -BigInt(Number.MAX_SAFE_INTEGER) && by <= BigInt(Number.MAX_SAFE_INTEGER)) add(ctx, key, Number(-by))
  else addExactly(ctx, key, -by)
}

/** The common case: both numbers and their sum are safe integers. */
function add(ctx: Context, key: Range, by: number): void {
  const { db, reply, out } = ctx
  const value = db.open(key, stringType)
  let before = 0
  if (value !== null) {
    value.range(out)
    before = out.end - out.start > 20 ? NaN : parseInteger(out.buf, out.start, out.end)
    if (Number.isNaN(before)) throw ERR.notInteger
  }
  const after = before + by
  if (!Number.isSafeInteger(after) || !Number.isSafeInteger(before)) {
    addExactly(ctx, key, BigInt(by))
    return
  }
  putInteger(ctx, key, value, after)
  db.changed(key)
  db.notify(EVENT.string, 'incrby', key)
  reply.integer(after)
}

function putInteger(ctx: Context, key: Range, value: StringView | null, n: number): void {
  const { db, out } = ctx
  const length = integerLength(n)
  if (value !== null && out.end - out.start === length) {
    writeInteger(out.buf, out.start, n)
    if (db.encodingOf(value.record) !== 0) db.setEncoding(value.record, 0)
    return
  }
  let record: Address
  if (value === null) record = db.newRecord(key, STRING_ID, length)
  else {
    if (!isInlineString(db, value.record)) value.set(NO_BYTES, 0, 0)
    record = db.setInline(value.record, length)
    if (db.encodingOf(record) !== 0) db.setEncoding(record, 0)
  }
  setRecordWord(db.memory, record, VALUE_WORD, length)
  const at = ((record & UNIT_MASK) << 3) + db.keys.tailAt(record)
  writeInteger(db.memory.u8[record >>> SLAB_BITS]!, at, n)
}

/** Beyond 2^53. */
function addExactly(ctx: Context, key: Range, by: bigint): void {
  const { db, reply, out } = ctx
  const value = db.open(key, stringType)
  let before: bigint | null = 0n
  if (value !== null) {
    value.range(out)
    before = parseBigInteger(out.buf, out.start, out.end)
  }
  if (before === null) throw ERR.notInteger
  const after = before + by
  if (after > INT64_MAX || after < INT64_MIN) throw ERR.overflow
  putString(db, key, db.find(key), Range.of(after.toString()), true)
  db.changed(key)
  db.notify(EVENT.string, 'incrby', key)
  reply.bigInteger(after)
}

export function incrbyfloat(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const key = args.key()
  const value = db.open(key, stringType)
  const before = value === null ? ZERO : parseLongDouble(value.range(out).buf, out.start, out.end)
  const text = args.bytes()
  const by = before === null ? null : parseLongDouble(text.buf, text.start, text.end)
  if (before === null || by === null) throw ERR.notFloat
  const after = addLongDouble(before, by)
  if (after === null || after === LONG_INFINITY || after === LONG_MINUS_INFINITY) throw ERR.nanOrInfinity
  const result = formatLongDouble(after)
  db.setEncoding(putString(db, key, db.find(key), Range.of(result), true), TEXT)
  db.changed(key)
  db.notify(EVENT.string, 'incrbyfloat', key)
  // The sum as text: another machine must not round it anew.
  ctx.propagate('SET', key, result, 'KEEPTTL')
  reply.text(result)
}

const ZERO = parseLongDouble(Buffer.from('0'), 0, 1)
