/* BITFIELD and BITFIELD_RO: integers of any width inside a string.
 *
 * All operations are read and checked before the first one is carried out. Narrow fields are worked with as numbers, wide
 * ones as bigints, which give the same answers. */

import { NO_BYTES, type Range } from '../../base/bytes.ts'
import { ERR } from '../../base/errors.ts'
import { parseInteger } from '../../base/numbers.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { EVENT } from '../../keyspace/event.ts'
import {
  FIELD_BITS_PLAIN,
  fitField,
  fitWideField,
  OVERFLOW,
  type Overflow,
  readField,
  readWideField,
  settableValue,
  writeField,
  writeWideField,
} from '../../structs/bitmap.ts'
import { stringType } from '../string/value.ts'
import { BIT_ERR } from './errors.ts'
import { openBits, takeOffset } from './offset.ts'

const SIGNED = 105
const UNSIGNED = 117

interface FieldOperation {
  readonly kind: 'get' | 'set' | 'incrby'
  readonly signed: boolean
  readonly bits: number
  readonly offset: number
  readonly value: bigint
  readonly overflow: Overflow
}

function takeOverflow(args: Args): Overflow {
  if (args.word('wrap')) return OVERFLOW.wrap
  if (args.word('sat')) return OVERFLOW.saturate
  if (args.word('fail')) return OVERFLOW.fail
  throw BIT_ERR.overflow
}

/** Take `i5` or `u5`. */
function takeFieldType(args: Args): { signed: boolean; bits: number } {
  const { buf, start, end } = args.bytes()
  const letter = start < end ? buf[start] : 0
  const bits = parseInteger(buf, start + 1, end)
  const signed = letter === SIGNED
  if ((!signed && letter !== UNSIGNED) || !(bits >= 1 && bits <= (signed ? 64 : 63))) throw BIT_ERR.fieldType
  return { signed, bits }
}

function takeOperations(ctx: Context, args: Args): FieldOperation[] {
  const operations: FieldOperation[] = []
  let overflow: Overflow = OVERFLOW.wrap
  while (args.left > 0) {
    if (args.left > 1 && args.word('overflow')) {
      overflow = takeOverflow(args)
      continue
    }
    const kind = takeKind(args)
    const { signed, bits } = takeFieldType(args)
    const offset = takeOffset(ctx, args, bits)
    const value = kind === 'get' ? 0n : args.int64()
    operations.push({ kind, signed, bits, offset, value, overflow })
  }
  return operations
}

function takeKind(args: Args): FieldOperation['kind'] {
  if (args.left > 2 && args.word('get')) return 'get'
  if (args.left > 3 && args.word('set')) return 'set'
  if (args.left > 3 && args.word('incrby')) return 'incrby'
  throw ERR.syntax
}

export function bitfieldRo(ctx: Context, args: Args): void {
  const key = args.key()
  const operations = takeOperations(ctx, args)
  if (operations.some(operation => operation.kind !== 'get')) throw BIT_ERR.readOnly
  lookAt(ctx, key)
  replyFields(ctx, operations)
}

export function bitfield(ctx: Context, args: Args): void {
  const { db, out } = ctx
  const key = args.key()
  const operations = takeOperations(ctx, args)
  let bits = 0
  for (const { kind, offset, bits: width } of operations) if (kind !== 'get') bits = Math.max(bits, offset + width)
  if (bits === 0) {
    lookAt(ctx, key)
    replyFields(ctx, operations)
    return
  }
  const { value, grown } = openBits(ctx, key, Math.ceil(bits / 8))
  for (const { kind, offset, bits: width } of operations)
    if (kind !== 'get') value.touch(Math.floor(offset / 8), Math.ceil((offset + width) / 8))
  value.range(out)
  const changes = replyFields(ctx, operations)
  if (changes > 0 || grown) {
    db.changed(key, grown ? operations.filter(({ kind }) => kind !== 'get').length : changes)
    db.notify(EVENT.string, 'setbit', key)
  }
}

/** Let `ctx.out` name a key's string, in which all bits are 0 when there is none. */
function lookAt({ db, out }: Context, key: Range): void {
  const value = db.read(key, stringType)
  if (value === null) out.set(NO_BYTES, 0, 0)
  else value.range(out)
}

/** Carry operations out on the string that `ctx.out` names, with a reply to each. Returns how many changed a value. */
function replyFields(ctx: Context, operations: readonly FieldOperation[]): number {
  ctx.reply.array(operations.length)
  let changes = 0
  for (const operation of operations)
    if (isPlain(operation) ? replyPlain(ctx, operation) : replyWide(ctx, operation)) changes++
  return changes
}

/** Whether neither the field nor the value needs more bits than a number has, nor their sum. */
function isPlain({ bits, value }: FieldOperation): boolean {
  return bits <= FIELD_BITS_PLAIN && value >= -PLAIN_VALUE_MAX && value <= PLAIN_VALUE_MAX
}

const PLAIN_VALUE_MAX = BigInt(2 ** 52 - 1)

function replyPlain({ reply, out }: Context, operation: FieldOperation): boolean {
  const { kind, signed, bits, offset, overflow } = operation
  const before = readField(out.buf, out.start, out.end, offset, bits, signed)
  if (kind === 'get') {
    reply.integer(before)
    return false
  }
  const value = Number(operation.value)
  // A negative value for an unsigned field is a large one, which only 64 bits can tell.
  if (kind === 'set' && value < 0 && !signed) return replyWide({ reply, out }, operation)
  const after = fitField(kind === 'set' ? value : before + value, bits, signed, overflow)
  if (Number.isNaN(after)) {
    reply.null()
    return false
  }
  reply.integer(kind === 'set' ? before : after)
  writeField(out.buf, out.start, offset, bits, after)
  return after !== before
}

function replyWide({ reply, out }: Pick<Context, 'reply' | 'out'>, operation: FieldOperation): boolean {
  const { kind, signed, bits, offset, value, overflow } = operation
  const before = readWideField(out.buf, out.start, out.end, offset, bits, signed)
  if (kind === 'get') {
    reply.bigInteger(before)
    return false
  }
  const wanted = kind === 'set' ? settableValue(value, signed) : before + value
  const after = fitWideField(wanted, bits, signed, overflow)
  if (after === null) {
    reply.null()
    return false
  }
  reply.bigInteger(kind === 'set' ? before : after)
  writeWideField(out.buf, out.start, offset, bits, after)
  return after !== before
}
