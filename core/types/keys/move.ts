/* Keys that change place: RENAME, MOVE, COPY, SWAPDB. */

import type { Range } from '../../base/bytes.ts'
import { ERR, ReplyError } from '../../base/errors.ts'
import { type Args, takeDatabase } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { Database } from '../../keyspace/database.ts'
import { EVENT } from '../../keyspace/event.ts'
import { FORM } from '../../keyspace/record.ts'
import type { Address } from '../../memory/arena.ts'

const DB_RANGE = new ReplyError('ERR DB index is out of range')
const FIRST_DB = new ReplyError('ERR invalid first DB index')
const SECOND_DB = new ReplyError('ERR invalid second DB index')

/**
 * Give the value and the deadline of a record to a key of a database, which holds nothing. The old record is removed
 * without its value. Returns the new record.
 */
function give(from: Address, fromDb: Database, toDb: Database, key: Range): Address {
  const deadline = fromDb.deadlines.exactOf(from)
  fromDb.keyspace.change(fromDb, from)
  toDb.keys.find(key.buf, key.start, key.end)
  const tail = fromDb.formOf(from) === FORM.inline ? fromDb.wordOf(from) : 0
  const fresh = toDb.newRecord(key, fromDb.typeOf(from), tail)
  const moved = toDb.moveValue(from, fresh, fromDb)
  if (deadline >= 0n) toDb.setDeadline(moved, deadline > BigInt(Number.MAX_SAFE_INTEGER) ? deadline : Number(deadline))
  fromDb.deadlines.clear(from)
  fromDb.keys.remove(from)
  return moved
}

function renameKey(ctx: Context, args: Args, onlyIfFree: boolean): boolean {
  const { db } = ctx
  const from = args.key()
  const to = args.key()
  if (db.findToUse(from) === 0) throw ERR.noSuchKey
  if (Database.sameKey(from, to)) return !onlyIfFree
  const taken = db.find(to)
  if (taken !== 0) {
    if (onlyIfFree) return false
    db.remove(taken)
  }
  const record = db.find(from)
  give(record, db, db, to)
  db.changed(from, 0) // the two are one change
  db.changed(to)
  db.notify(EVENT.generic, 'rename_from', from)
  db.notify(EVENT.generic, 'rename_to', to)
  return true
}

export function rename(ctx: Context, args: Args): void {
  renameKey(ctx, args, false)
  ctx.reply.ok()
}

export function renamenx(ctx: Context, args: Args): void {
  ctx.reply.integer(renameKey(ctx, args, true) ? 1 : 0)
}

export function move(ctx: Context, args: Args): void {
  const { db, engine, reply } = ctx
  const key = args.key()
  const target = engine.keyspace.databases[takeDatabase(args)]
  if (target === undefined) throw DB_RANGE
  if (target === db) throw ERR.sameObject
  const record = db.findToUse(key)
  if (record === 0 || target.find(key) !== 0) {
    reply.integer(0)
    return
  }
  give(record, db, target, key)
  db.changed(key, 0)
  target.changed(key)
  db.notify(EVENT.generic, 'move_from', key)
  target.notify(EVENT.generic, 'move_to', key)
  reply.integer(1)
}

export function copy(ctx: Context, args: Args): void {
  const { db, engine, reply } = ctx
  const from = args.key()
  const to = args.key()
  let target = db
  let replace = false
  while (args.left > 0) {
    if (args.word('replace')) replace = true
    else if (args.left > 1 && args.word('db')) {
      const found = engine.keyspace.databases[takeDatabase(args)]
      if (found === undefined) throw DB_RANGE
      target = found
    } else throw ERR.syntax
  }
  if (target === db && Database.sameKey(from, to)) throw ERR.sameObject
  const source = db.lookup(from)
  if (source === 0) {
    reply.integer(0)
    return
  }
  const type = engine.keyspace.types[db.typeOf(source)]!
  if (type.copyRefusal !== undefined) throw type.copyRefusal
  const taken = target.find(to)
  if (taken !== 0) {
    if (!replace) {
      reply.integer(0)
      return
    }
    target.remove(taken)
  }
  copyValue(db, from, target, to)
  target.changed(to)
  target.notify(EVENT.generic, 'copy_to', to)
  reply.integer(1)
}

function copyValue(db: Database, from: Range, target: Database, to: Range): void {
  const type = db.keyspace.types[db.typeOf(db.find(from))]!
  const fresh = target.create(to, type)
  type.copy(db.view(db.find(from), type), fresh, from, to)
  const source = db.find(from)
  const record = target.keys.find(to.buf, to.start, to.end)
  const deadline = db.deadlines.exactOf(source)
  if (deadline >= 0n)
    target.setDeadline(record, deadline > BigInt(Number.MAX_SAFE_INTEGER) ? deadline : Number(deadline))
}

export function swapdb({ engine, reply }: Context, args: Args): void {
  const { keyspace } = engine
  const first = args.int(FIRST_DB)
  const second = args.int(SECOND_DB)
  const a = keyspace.databases[first]
  const b = keyspace.databases[second]
  if (a === undefined || b === undefined) throw DB_RANGE
  keyspace.swap(a, b)
  keyspace.dirty++
  for (const hook of engine.onSwapDb) hook(a, b)
  reply.ok()
}
