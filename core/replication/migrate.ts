/* MIGRATE -- keys move to another server.
 *
 * Their values go over as RESTORE commands with DUMP payloads, all in one request. Meanwhile this server goes on serving
 * others, which Redis does not; so the keys are watched, and one that somebody changed on the way is kept here. */

import { Range } from '../base/bytes.ts'
import { ERR, ReplyError, replyError } from '../base/errors.ts'
import { Args } from '../command/args.ts'
import type { Context } from '../command/context.ts'
import { cmd, type Command } from '../command/spec.ts'
import { encodeCommand } from '../command/propagate.ts'
import type { Suspended } from '../command/suspend.ts'
import type { Database } from '../keyspace/database.ts'
import { EVENT } from '../keyspace/event.ts'
import { ARMED } from '../keyspace/keyspace.ts'
import { exchange, OutgoingFault } from '../net/outgoing.ts'
import { dumpValue } from '../persistence/commands.ts'
import { ErrorReply, type ReplyValue } from '../resp/reader.ts'
import type { Reply } from '../resp/reply.ts'

export const commands: readonly Command[] = [
  cmd(
    'MIGRATE host port <key|EMPTY-STRING> destination-db timeout [COPY] [REPLACE] [<AUTH password|AUTH2 username password>] [KEYS key [key ...]]',
    'write @dangerous ~nondeterministic_output',
    'RW access delete@3;RW access delete incomplete@KEYS:-2..-1',
    migrate,
  ),
]

const KEY_WITH_KEYS = new ReplyError(
  'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string',
)
const NOT_HERE = new ReplyError('ERR MIGRATE waits for another server, which transactions and scripts cannot')
const CHANGED = new ReplyError('ERR a key was changed while it was copied, and is kept here too')
const CANNOT_CONNECT = new ReplyError('IOERR error or timeout connecting to the client')

interface Move {
  readonly host: string
  readonly port: number
  readonly timeoutMs: number
  readonly targetDb: number
  copy: boolean
  replace: boolean
  login: readonly Buffer[] | null
  keys: Buffer[]
}

function takeMove(args: Args): Move {
  const host = args.text()
  const port = args.int()
  const key = args.bytes().copy()
  const targetDb = args.int()
  const timeout = args.int()
  const move: Move = {
    ...{ host, port, targetDb, timeoutMs: timeout <= 0 ? 1000 : timeout },
    ...{ copy: false, replace: false, login: null, keys: [key] },
  }
  while (args.left > 0)
    if (args.word('copy')) move.copy = true
    else if (args.word('replace')) move.replace = true
    else if (args.left > 1 && args.word('auth')) move.login = [args.bytes().copy()]
    else if (args.left > 2 && args.word('auth2')) move.login = [args.bytes().copy(), args.bytes().copy()]
    else if (args.left > 1 && args.word('keys')) {
      if (key.length > 0) throw KEY_WITH_KEYS
      move.keys = []
      while (args.left > 0) move.keys.push(args.bytes().copy())
    } else throw ERR.syntax
  return move
}

function migrate(ctx: Context, args: Args): Suspended | undefined {
  const { db, engine, reply } = ctx
  const move = takeMove(args)
  ctx.propagateNothing()
  const found = move.keys.filter(key => db.find(Range.of(key)) !== 0)
  if (found.length === 0) {
    reply.status('NOKEY')
    return undefined
  }
  if (!ctx.mayBlock) throw NOT_HERE
  const request = requestOf(ctx, move, found)
  const watchers = found.map(key => watch(db, key))
  let abort = (): void => {}
  return ctx.suspend(
    finish => {
      exchange(engine.clock, move, request, request.length, stop => (abort = stop))
        .then(replies => () => settle(ctx.engine, db, move, found, watchers, replies))
        .catch((error: unknown) => () => faultOf(error))
        .then(outcome => {
          const refused = outcome()
          endWatch(db, watchers)
          finish((out: Reply) => {
            if (refused === null) out.ok()
            else out.error(refused)
          })
        })
    },
    () => abort(),
  )
}

function requestOf({ db, nowMs }: Context, move: Move, keys: readonly Buffer[]): Buffer[] {
  const request: Buffer[] = []
  if (move.login !== null) request.push(encoded('AUTH', ...move.login))
  request.push(encoded('SELECT', move.targetDb))
  for (const key of keys) {
    const record = db.find(Range.of(key))
    const deadline = db.deadlines.of(record)
    const ttl = deadline < 0 ? 0 : Math.max(1, deadline - nowMs)
    request.push(encoded('RESTORE', key, ttl, dumpValue(db, record), ...(move.replace ? ['REPLACE'] : [])))
  }
  return request
}

function encoded(...values: (string | Buffer | number)[]): Buffer {
  const args = new Args()
  args.loadValues(values)
  return encodeCommand(args)
}

interface Watcher {
  broken: boolean
}

function watch(db: Database, key: Buffer): Watcher {
  const watcher = { broken: false }
  db.keyspace.watch.add(watcher, db, key.toString('latin1'), false)
  db.keyspace.arm(ARMED.watch, true)
  return watcher
}

function endWatch({ keyspace }: Database, watchers: readonly Watcher[]): void {
  for (const watcher of watchers) keyspace.watch.clear(watcher)
  keyspace.arm(ARMED.watch, keyspace.watch.size > 0)
}

/** All replies are there: keys that arrived leave this server. The first refusal is the answer. */
function settle(
  engine: Context['engine'],
  db: Database,
  move: Move,
  keys: readonly Buffer[],
  watchers: readonly Watcher[],
  replies: readonly ReplyValue[],
): ReplyError | null {
  engine.setTime()
  const before = replies.length - keys.length
  let refused: ReplyError | null = null
  replies.forEach((reply, i) => {
    if (reply instanceof ErrorReply) refused ??= replyError(`ERR Target instance replied with error: ${reply.message}`)
    else if (i >= before && !move.copy && refused === null)
      if (watchers[i - before]!.broken) refused = CHANGED
      else drop(engine, db, keys[i - before]!)
  })
  engine.endUnit()
  return refused
}

function drop(engine: Context['engine'], db: Database, bytes: Buffer): void {
  const key = Range.of(bytes)
  if (!db.delete(key)) return
  engine.propagation.add(db.number, ['DEL', bytes])
  db.notify(EVENT.generic, 'del', key)
  db.changed(key)
}

function faultOf(error: unknown): ReplyError {
  if (!(error instanceof OutgoingFault)) return ERR.internal
  if (error.stage === 'connecting') return CANNOT_CONNECT
  return replyError(`IOERR error or timeout ${error.stage} to target instance`)
}
