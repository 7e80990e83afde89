/* HyperLogLog commands: PFADD, PFCOUNT, PFMERGE, over strings in Redis's own form (structs/hyperloglog.ts).
 *
 * A dense string is changed where it lies. A sparse one is short: it is copied into the server's editor, and back. */

import type { Range } from '../../base/bytes.ts'
import { ReplyError, replyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import type { Engine } from '../../command/engine.ts'
import { cmd, type Command } from '../../command/spec.ts'
import { EVENT } from '../../keyspace/event.ts'
import {
  addToDense,
  cacheCount,
  cachedCount,
  describeSparse,
  HLL,
  HLL_REGISTERS,
  HllEditor,
  isDense,
  isHyperLogLog,
} from '../../structs/hyperloglog.ts'
import { type StringView, stringType } from '../string/value.ts'
import { selfTest } from './self-test.ts'

export const commands: readonly Command[] = [
  cmd('PFADD key [element [element ...]]', 'write denyoom fast', 'RW insert', pfadd),
  cmd('PFCOUNT key [key ...]', 'read', 'RW access', pfcount),
  cmd('PFDEBUG subcommand key', 'write denyoom admin', 'RW access', pfdebug),
  cmd('PFMERGE destkey [sourcekey [sourcekey ...]]', 'write denyoom', 'RW access insert; RO access@2..-1', pfmerge),
  cmd('PFSELFTEST', 'admin', '', pfselftest),
]

const NOT_HYPERLOGLOG = new ReplyError('WRONGTYPE Key is not a valid HyperLogLog string value.')
const CORRUPT = new ReplyError('INVALIDOBJ Corrupted HLL object detected')
const NO_KEY = new ReplyError('ERR The specified key does not exist')
const NOT_SPARSE = new ReplyError('ERR HLL encoding is not sparse')

/** Give a server the room to work in. */
export function installHyperLogLog(engine: Engine): void {
  engine.provide(HllEditor, new HllEditor())
}

/** Name the bytes of a value that is a HyperLogLog. */
function registersOf(value: StringView, out: Range): Range {
  if (!isHyperLogLog(value.range(out))) throw NOT_HYPERLOGLOG
  return out
}

/** Let the key hold what the editor does, and be raw as whatever is changed in place. */
function store({ db }: Context, key: Range, value: StringView | null, editor: HllEditor): void {
  const target = value ?? db.create(key, stringType, editor.length)
  try {
    target.set(editor.buf, 0, editor.length)
  } catch (error) {
    if (value === null) db.remove(target.record) // out of memory: no empty string stays behind
    throw error
  }
  target.markRaw()
}

/** The key's registers changed. */
function changed({ db }: Context, key: Range, count = 1): void {
  db.changed(key, count)
  db.notify(EVENT.string, 'pfadd', key)
}

function pfadd(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const key = args.key()
  const value = db.open(key, stringType)
  let changes = 0
  if (value !== null && isDense(registersOf(value, out))) {
    while (args.left > 0) if (addToDense(out, args.bytes())) changes++
    value.markRaw()
  } else changes = addSparse(ctx, args, key, value)
  if (changes > 0) changed(ctx, key, changes)
  reply.integer(changes > 0 ? 1 : 0)
}

/** Returns how many changes that is, the key being one when it is new. */
function addSparse(ctx: Context, args: Args, key: Range, value: StringView | null): number {
  const editor = ctx.engine.service(HllEditor)
  const sparseMax = ctx.db.keyspace.limits.hllSparseBytes
  let changes = value === null ? 1 : 0
  if (value === null) editor.create()
  else if (!editor.load(ctx.out)) throw CORRUPT
  while (args.left > 0) {
    const outcome = editor.add(args.bytes(), sparseMax)
    if (outcome === HLL.corrupt) throw CORRUPT
    if (outcome === HLL.changed) changes++
  }
  if (changes === 0) return 0
  editor.spoilCount()
  store(ctx, key, value, editor)
  if (editor.isDense && ctx.propagates) {
    ctx.propagate('PFADD', key, ...args.ranges(2).slice(2, args.argc))
    propagateDense(ctx, key)
  }
  return changes
}

/** How long a sparse string may become is a setting, which readers of the log need not share. */
function propagateDense(ctx: Context, key: Range): void {
  ctx.propagate('PFDEBUG', 'TODENSE', key)
}

function pfcount(ctx: Context, args: Args): void {
  if (args.left > 1) {
    ctx.reply.integer(countUnion(ctx, args))
    return
  }
  const { db, reply, out } = ctx
  const key = args.key()
  const value = db.read(key, stringType)
  if (value === null) {
    reply.integer(0)
    return
  }
  registersOf(value, out)
  let count = cachedCount(out)
  if (count < 0) {
    count = ctx.engine.service(HllEditor).count(out)
    if (count < 0) throw CORRUPT
    // The count is kept in the string, which is a change like any other.
    db.keyspace.change(db, value.record)
    value.touch(0, value.length)
    cacheCount(out, count)
    value.markRaw()
    db.changed(key)
  }
  reply.integer(count)
}

function countUnion(ctx: Context, args: Args): number {
  const editor = ctx.engine.service(HllEditor)
  editor.registers.fill(0)
  while (args.left > 0) mergeKey(ctx, args.key(), editor)
  return editor.countRegisters()
}

/** Raise the editor's registers to those of a key. Whether it is dense. */
function mergeKey({ db, out }: Context, key: Range, editor: HllEditor): boolean {
  const value = db.read(key, stringType)
  if (value === null) return false
  registersOf(value, out)
  if (!editor.merge(out)) throw CORRUPT
  return isDense(out)
}

function pfmerge(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const editor = ctx.engine.service(HllEditor)
  const key = args.at(args.position)
  let dense = false
  editor.registers.fill(0)
  while (args.left > 0) if (mergeKey(ctx, args.key(), editor)) dense = true
  const value = db.open(key, stringType)
  if (value === null) editor.create()
  else if (!editor.load(value.range(out))) throw CORRUPT
  if (dense && !editor.toDense()) throw CORRUPT
  if (editor.raiseAll(db.keyspace.limits.hllSparseBytes) === HLL.corrupt) throw CORRUPT
  store(ctx, key, value, editor)
  changed(ctx, key)
  if (editor.isDense && !dense && ctx.propagates) {
    ctx.propagate('PFMERGE', ...args.ranges(1).slice(1, args.argc))
    propagateDense(ctx, key)
  }
  reply.ok()
}

// ------------------------------------------------------------------ PFDEBUG, PFSELFTEST

function pfdebug(ctx: Context, args: Args): void {
  const { db, reply, out } = ctx
  const word = args.bytes()
  const key = args.key()
  const value = db.open(key, stringType)
  if (value === null) throw NO_KEY
  registersOf(value, out)
  args.position = 1
  if (args.word('encoding')) reply.status(isDense(out) ? 'dense' : 'sparse')
  else if (args.word('todense')) reply.integer(makeDense(ctx, key, value) ? 1 : 0)
  else if (args.word('decode')) {
    if (isDense(out)) throw NOT_SPARSE
    reply.text(describeSparse(out))
  } else if (args.word('getreg')) {
    makeDense(ctx, key, value)
    replyRegisters(ctx, value)
  } else throw replyError(`ERR Unknown PFDEBUG subcommand '${word.latin1()}'`)
}

/** Turn a sparse string into a dense one. False when it is dense. */
function makeDense(ctx: Context, key: Range, value: StringView): boolean {
  const editor = ctx.engine.service(HllEditor)
  if (isDense(ctx.out)) return false
  if (!editor.load(ctx.out) || !editor.toDense()) throw CORRUPT
  store(ctx, key, value, editor)
  ctx.db.changed(key)
  return true
}

function replyRegisters({ engine, reply, out }: Context, value: StringView): void {
  const editor = engine.service(HllEditor)
  editor.registers.fill(0)
  editor.merge(value.range(out))
  reply.array(HLL_REGISTERS)
  for (const register of editor.registers) reply.integer(register)
}

function pfselftest({ engine, reply }: Context): void {
  const fault = selfTest(engine.service(HllEditor))
  if (fault !== null) throw replyError(`ERR TESTFAILED ${fault}`)
  reply.ok()
}
