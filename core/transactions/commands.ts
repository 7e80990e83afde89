/* Transactions: MULTI, EXEC, DISCARD, WATCH, UNWATCH.
 *
 * Between MULTI and EXEC the dispatcher copies commands into the client's queue (engine.ts). EXEC runs them one after
 * the other as one unit, each in a context of its own; an error in one does not stop the rest. */

import { ReplyError } from '../base/errors.ts'
import type { Args } from '../command/args.ts'
import { CLIENT_GATE, type Client } from '../command/client.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { cmd, type Command, FLAG } from '../command/spec.ts'
import type { Entry } from '../command/table.ts'
import { ARMED } from '../keyspace/keyspace.ts'

const BASE = 'noscript loading stale fast allow_busy'

export const commands: readonly Command[] = [
  cmd('DISCARD', BASE, '', discard),
  cmd('EXEC', 'noscript loading stale skip_slowlog', '', exec),
  cmd('MULTI', BASE, '', multi),
  cmd('UNWATCH', BASE, '', unwatch),
  cmd('WATCH key [key ...]', BASE, 'RO', watch),
]

/** Let a refused EXEC end the transaction. */
export function installTransactions(engine: Engine): void {
  engine.onReset.push(client => endTransaction(engine, client))
  engine.onExecRefused = client => {
    if (client.transaction !== null) endTransaction(engine, client)
  }
}

const NESTED = new ReplyError('ERR MULTI calls can not be nested')
const EXEC_ALONE = new ReplyError('ERR EXEC without MULTI')
const DISCARD_ALONE = new ReplyError('ERR DISCARD without MULTI')
const WATCH_INSIDE = new ReplyError('ERR WATCH inside MULTI is not allowed')
const ABORTED = new ReplyError('EXECABORT Transaction discarded because of previous errors.')

function multi({ client, reply }: Context): void {
  if (client.transaction !== null) throw NESTED
  client.transaction = { queue: [], spoiled: false, bytes: 0 }
  client.gate(CLIENT_GATE.multi, true)
  reply.ok()
}

function discard({ client, engine, reply }: Context): void {
  if (client.transaction === null) throw DISCARD_ALONE
  endTransaction(engine, client)
  reply.ok()
}

/** Forget the queue and what the client watches. */
export function endTransaction(engine: Engine, client: Client): void {
  client.transaction = null
  client.gate(CLIENT_GATE.multi, false)
  endWatch(engine, client)
}

function endWatch(engine: Engine, client: Client): void {
  const { watch } = engine.keyspace
  client.broken = false
  if (watch.size === 0) return
  watch.clear(client)
  engine.keyspace.arm(ARMED.watch, watch.size > 0)
}

function unwatch({ client, engine, reply }: Context): void {
  endWatch(engine, client)
  reply.ok()
}

function watch({ client, db, engine, reply }: Context, args: Args): void {
  if (client.transaction !== null) throw WATCH_INSIDE
  const { keyspace } = engine
  while (args.left > 0) {
    const key = args.key()
    const name = key.latin1()
    keyspace.watch.add(client, db, name, db.presence(name) === 'expired')
  }
  keyspace.arm(ARMED.watch, true)
  reply.ok()
}

/** Whether a watched key's time came since it was watched, though nobody has met it yet. */
function anyExpired(engine: Engine, client: Client): boolean {
  const watched = engine.keyspace.watch.keysOf(client)
  return watched.some(({ db, key, wasExpired }) => !wasExpired && db.presence(key) === 'expired')
}

function exec(ctx: Context): void {
  const { client, engine, reply } = ctx
  const { transaction } = client
  if (transaction === null) throw EXEC_ALONE
  const isBroken = client.broken || anyExpired(engine, client)
  endWatch(engine, client)
  client.gate(CLIENT_GATE.multi, false)
  try {
    if (transaction.spoiled) throw ABORTED
    if (isBroken) reply.nullArray()
    else {
      ctx.propagateNothing() // each command states its own effect
      reply.array(transaction.queue.length)
      for (const { entry, args } of transaction.queue) runQueued(engine, client, entry as Entry, args)
    }
  } finally {
    client.transaction = null
  }
}

function runQueued(engine: Engine, client: Client, entry: Entry, args: Args): void {
  const inner = engine.enter(client)
  const own = inner.args
  try {
    inner.args = args
    inner.entry = entry
    const refused = engine.refusalInside(client, entry, args)
    if (refused !== null) {
      engine.countError(refused)
      client.reply.error(refused)
    } else engine.run(inner)
  } finally {
    inner.args = own
    engine.leave()
  }
}

/** Whether a queue holds a command that writes, which decides what a paused or full server says to EXEC. */
export function queueWrites(client: Client): boolean {
  return client.transaction?.queue.some(({ entry }) => ((entry as Entry).flags & FLAG.write) !== 0) ?? false
}
