/* Bitmap commands: strings as rows of bits. BITFIELD has a file of its own. */

import { Range } from '../../base/bytes.ts'
import { ERR } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { cmd, type Command } from '../../command/spec.ts'
import { EVENT } from '../../keyspace/event.ts'
import { ACCOUNT, SLAB_BITS, UNIT_MASK } from '../../memory/arena.ts'
import {
  BITOP,
  type BitOperation,
  combine,
  countBitRange,
  countBits,
  findBit,
  getBit,
  setBit,
} from '../../structs/bitmap.ts'
import { stringType } from '../string/value.ts'
import { putString } from '../string/write.ts'
import { BIT_ERR } from './errors.ts'
import { bitfield, bitfieldRo } from './field.ts'
import { openBits, takeOffset } from './offset.ts'

const GET_FIELD = 'GET encoding offset'
const SET_FIELD = '<SET encoding offset value|INCRBY encoding offset increment>'
const FIELD = `<${GET_FIELD}|[OVERFLOW <WRAP|SAT|FAIL>] ${SET_FIELD}>`

export const commands: readonly Command[] = [
  cmd('BITCOUNT key [start end [<BYTE|BIT>]]', 'read', 'RO access', bitcount),
  cmd(`BITFIELD key [${FIELD} [${FIELD} ...]]`, 'write denyoom', 'RW access update variable_flags', bitfield),
  cmd(`BITFIELD_RO key [${GET_FIELD} [${GET_FIELD} ...]]`, 'read fast', 'RO access', bitfieldRo),
  cmd('BITOP <AND|OR|XOR|NOT> destkey key [key ...]', 'write denyoom', 'OW update@2; RO access@3..-1', bitop),
  cmd('BITPOS key bit [start [end [<BYTE|BIT>]]]', 'read', 'RO access', bitpos),
  cmd('GETBIT key offset', 'read fast', 'RO access', getbit),
  cmd('SETBIT key offset value', 'write denyoom', 'RW access update', setbit),
]

function setbit(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const key = args.key()
  const offset = takeOffset(ctx, args)
  const bit = args.int(BIT_ERR.bit)
  if (bit !== 0 && bit !== 1) throw BIT_ERR.bit
  const byte = Math.floor(offset / 8)
  const { value, grown } = openBits(ctx, key, byte + 1)
  value.touch(byte, byte + 1)
  value.range(out)
  const before = setBit(out.buf, out.start, offset, bit)
  if (grown || before !== bit) {
    db.changed(key)
    db.notify(EVENT.string, 'setbit', key)
  }
  reply.integer(before)
}

function getbit(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const key = args.key()
  const offset = takeOffset(ctx, args)
  const value = db.read(key, stringType)
  if (value === null) reply.integer(0)
  else {
    value.range(out)
    reply.integer(getBit(out.buf, out.start, out.end, offset))
  }
}

// ------------------------------------------------------------------ ranges

/** Take BYTE or BIT, when there is something left. */
function takeUnit(args: Args): 'byte' | 'bit' {
  if (args.left === 0 || args.word('byte')) return 'byte'
  if (args.word('bit')) return 'bit'
  throw ERR.syntax
}

/** The first and the last bit of a range within a string, which is empty when the first is behind the last. */
interface Bits {
  first: number
  last: number
}

/** Ends that may count from the end of the string, in bytes or bits, as bits within it. */
function bitsOf(bytes: number, start: number, end: number, unit: 'byte' | 'bit'): Bits {
  const length = unit === 'bit' ? bytes * 8 : bytes
  const from = Math.max(0, start < 0 ? start + length : start)
  const to = Math.min(Math.max(0, end < 0 ? end + length : end), length - 1)
  return unit === 'bit' ? { first: from, last: to } : { first: from * 8, last: to * 8 + 7 }
}

function bitcount({ db, reply, out }: Context, args: Args): void {
  const key = args.key()
  const isWhole = args.left === 0
  if (args.left === 1 || args.left > 3) throw ERR.syntax
  const start = isWhole ? 0 : args.int()
  const end = isWhole ? -1 : args.int()
  const unit = takeUnit(args)
  const value = db.read(key, stringType)
  if (value === null) {
    reply.integer(0)
    return
  }
  value.range(out)
  if (isWhole) {
    reply.integer(countBits(out.buf, out.start, out.end))
    return
  }
  const { first, last } = bitsOf(out.length, start, end, unit)
  const isEmpty = first > last || (start < 0 && end < 0 && start > end)
  reply.integer(isEmpty ? 0 : countBitRange(out.buf, out.start, first, last))
}

function bitpos({ db, reply, out }: Context, args: Args): void {
  const key = args.key()
  const bit = args.int()
  if (bit !== 0 && bit !== 1) throw BIT_ERR.bitArgument
  if (args.left > 3) throw ERR.syntax
  const start = args.left > 0 ? args.int() : 0
  const hasEnd = args.left > 0
  // The unit is checked before the end that stands before it.
  const endAt = args.position
  if (hasEnd) args.position++
  const unit = takeUnit(args)
  args.position = endAt
  const end = hasEnd ? args.int() : -1
  const value = db.read(key, stringType)
  if (value === null) {
    reply.integer(bit === 0 ? 0 : -1)
    return
  }
  value.range(out)
  const { first, last } = bitsOf(out.length, start, end, unit)
  const found = findBit(out.buf, out.start, bit, first, last)
  // Without an end, the string counts as followed by zeros.
  if (found < 0 && bit === 0 && !hasEnd && first <= last) reply.integer(out.length * 8)
  else reply.integer(found)
}

// ------------------------------------------------------------------ BITOP

function takeOperation(args: Args): BitOperation {
  if (args.word('and')) return BITOP.and
  if (args.word('or')) return BITOP.or
  if (args.word('xor')) return BITOP.xor
  if (args.word('not')) return BITOP.not
  throw ERR.syntax
}

function bitop(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const operation = takeOperation(args)
  const target = args.key()
  if (operation === BITOP.not && args.left !== 1) throw BIT_ERR.notSources
  const sources: Range[] = []
  let length = 0
  while (args.left > 0) {
    const source = new Range()
    db.read(args.key(), stringType)?.range(source)
    sources.push(source)
    length = Math.max(length, source.length)
  }
  if (length > 0) storeCombined(ctx, target, operation, sources, length)
  else if (db.delete(target)) {
    db.changed(target)
    db.notify(EVENT.generic, 'del', target)
  }
  reply.integer(length)
}

/** Let a key hold the combination, which is worked out beside it: it may be a source itself. */
function storeCombined(ctx: Context, target: Range, operation: BitOperation, sources: Range[], length: number): void {
  const { db } = ctx
  const { memory } = db
  const block = memory.block(ACCOUNT.overhead, length)
  try {
    const buf = memory.u8[block >>> SLAB_BITS]!
    const at = (block & UNIT_MASK) << 3
    combine(operation, sources, sources.length, buf, at, length)
    const record = putString(db, target, db.find(target), new Range(buf, at, at + length), false)
    db.view(record, stringType).markRaw()
  } finally {
    memory.free(ACCOUNT.overhead, block)
  }
  db.changed(target)
  db.notify(EVENT.string, 'set', target)
}
