/* Deadlines of hash fields: HEXPIRE and its family. */

import type { Range } from '../../base/bytes.ts'
import { ReplyError, replyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { cmd, type Command } from '../../command/spec.ts'
import { EVENT } from '../../keyspace/event.ts'
import { NO_DEADLINE } from '../../structs/packed.ts'
import { hashType } from './type.ts'
import { type HashView, NO_FIELD } from './value.ts'

const FIELDS = 'FIELDS numfields field [field ...]'
const CONDITION = '[<NX|XX|GT|LT>]'

export const commands: readonly Command[] = [
  cmd(`HEXPIRE key seconds ${CONDITION} ${FIELDS}`, 'write denyoom fast', 'RW update', setTimes(1000, true)),
  cmd(
    `HEXPIREAT key unix-time-seconds ${CONDITION} ${FIELDS}`,
    'write denyoom fast',
    'RW update',
    setTimes(1000, false),
  ),
  cmd(`HEXPIRETIME key ${FIELDS}`, 'read fast', 'RO access', readTimes(1000, false)),
  cmd(`HPERSIST key ${FIELDS}`, 'write fast', 'RW update', hpersist),
  cmd(`HPEXPIRE key milliseconds ${CONDITION} ${FIELDS}`, 'write denyoom fast', 'RW update', setTimes(1, true)),
  cmd(
    `HPEXPIREAT key unix-time-milliseconds ${CONDITION} ${FIELDS}`,
    'write denyoom fast',
    'RW update',
    setTimes(1, false),
  ),
  cmd(`HPEXPIRETIME key ${FIELDS}`, 'read fast', 'RO access', readTimes(1, false)),
  cmd(`HPTTL key ${FIELDS}`, 'read fast', 'RO access', readTimes(1, true)),
  cmd(`HTTL key ${FIELDS}`, 'read fast', 'RO access', readTimes(1000, true)),
]

/** Later deadlines are refused: 46 bits of milliseconds, far less than a key's. */
const DEADLINE_MAX = 2 ** 46 - 1

const TIME_NEGATIVE = new ReplyError('ERR invalid expire time, must be >= 0')
const FIELDS_MISSING = new ReplyError('ERR Mandatory argument FIELDS is missing or not at the right position')
const COUNT_WRITE = new ReplyError('ERR Parameter `numFields` should be greater than 0')
const COUNT_READ = new ReplyError('ERR Number of fields must be a positive integer')
const COUNT_CLASH = new ReplyError('ERR The `numfields` parameter must match the number of arguments')

/** What happened to a field. */
const OUTCOME = { noField: -2, noDeadline: -1, refused: 0, done: 1, deleted: 2 } as const

/** Take `FIELDS numfields`; the fields are the arguments that are left then. */
function takeFields(args: Args, badCount: ReplyError): void {
  if (!args.word('fields')) throw FIELDS_MISSING
  const count = args.int(badCount)
  if (count < 1 || count > 0x7fffffff) throw badCount
  if (count !== args.left) throw COUNT_CLASH
}

function takeCondition(args: Args): string {
  for (const word of ['nx', 'xx', 'gt', 'lt']) if (args.word(word)) return word
  return ''
}

/** Take the time, in units of `scale` milliseconds, as a deadline. */
function takeTime(args: Args, scale: number, baseMs: number, command: string): number {
  const time = args.int()
  if (time < 0) throw TIME_NEGATIVE
  const deadline = time * scale + baseMs
  if (deadline > DEADLINE_MAX) throw replyError(`ERR invalid expire time in '${command}' command`)
  return deadline
}

/** Whether a deadline may replace another; a field without one counts as living for ever. */
function isAllowed(condition: string, before: number, next: number): boolean {
  switch (condition) {
    case 'nx':
      return before === NO_DEADLINE
    case 'xx':
      return before !== NO_DEADLINE
    case 'gt':
      return before !== NO_DEADLINE && next > before
    case 'lt':
      return before === NO_DEADLINE || next < before
    default:
      return true
  }
}

function setTimes(scale: number, isRelative: boolean): (ctx: Context, args: Args) => void {
  return (ctx, args) => {
    const { db, reply } = ctx
    const key = args.key()
    const hash = db.open(key, hashType)
    const deadline = takeTime(args, scale, isRelative ? ctx.nowMs : 0, ctx.entry.name)
    const condition = takeCondition(args)
    takeFields(args, COUNT_WRITE)
    reply.array(args.left)
    if (hash === null) {
      for (let left = args.left; left > 0; left--) reply.integer(OUTCOME.noField)
      return
    }
    hash.expectDeadlines()
    const set: Range[] = []
    const deleted: Range[] = []
    while (args.left > 0) {
      const field = args.bytes()
      const outcome = setTime(hash, field, deadline, condition)
      if (outcome === OUTCOME.done) set.push(field)
      if (outcome === OUTCOME.deleted) deleted.push(field)
      reply.integer(outcome)
    }
    tell(ctx, key, hash, deadline, set, deleted)
  }
}

function setTime(hash: HashView, field: Range, deadline: number, condition: string): number {
  const before = hash.deadlineOf(field)
  if (before === NO_FIELD) return OUTCOME.noField
  if (!isAllowed(condition, before, deadline)) return OUTCOME.refused
  if (deadline > hash.db.keyspace.dueMs) {
    hash.setDeadline(field, deadline)
    return OUTCOME.done
  }
  hash.delete(field)
  return OUTCOME.deleted
}

/** Events, and effects in absolute time. */
function tell(ctx: Context, key: Range, hash: HashView, deadline: number, set: Range[], deleted: Range[]): void {
  const { db } = ctx
  if (set.length > 0) {
    ctx.propagate('HPEXPIREAT', key, deadline, 'FIELDS', set.length, ...set)
    db.notify(EVENT.hash, 'hexpire', key, detailOf(set))
  }
  if (deleted.length > 0) {
    ctx.propagate('HDEL', key, ...deleted)
    db.notify(EVENT.hash, 'hdel', key, detailOf(deleted))
    if (hash.length === 0) {
      db.remove(hash.record)
      db.notify(EVENT.generic, 'del', key)
    }
  }
  if (set.length + deleted.length > 0) db.changed(key, set.length + deleted.length)
}

function detailOf(fields: readonly Range[]): Buffer[] {
  return fields.map(field => field.copy())
}

function readTimes(scale: number, isRelative: boolean): (ctx: Context, args: Args) => void {
  return ({ db, reply, nowMs }, args) => {
    const hash = db.read(args.key(), hashType)
    takeFields(args, COUNT_READ)
    reply.array(args.left)
    while (args.left > 0) {
      const field = args.bytes()
      const deadline = hash === null ? NO_FIELD : hash.deadlineOf(field)
      if (deadline === NO_FIELD) reply.integer(OUTCOME.noField)
      else if (deadline === NO_DEADLINE) reply.integer(OUTCOME.noDeadline)
      else reply.integer(Math.ceil((deadline - (isRelative ? nowMs : 0)) / scale))
    }
  }
}

function hpersist(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const key = args.key()
  const hash = db.open(key, hashType)
  takeFields(args, COUNT_READ)
  reply.array(args.left)
  const persisted: Range[] = []
  while (args.left > 0) {
    const field = args.bytes()
    const before = hash === null ? NO_FIELD : hash.deadlineOf(field)
    if (before === NO_FIELD) reply.integer(OUTCOME.noField)
    else if (before === NO_DEADLINE) reply.integer(OUTCOME.noDeadline)
    else {
      hash!.setDeadline(field, NO_DEADLINE)
      persisted.push(field)
      reply.integer(OUTCOME.done)
    }
  }
  if (persisted.length === 0) return
  db.notify(EVENT.hash, 'hpersist', key, detailOf(persisted))
  db.changed(key)
}
