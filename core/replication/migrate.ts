/* MIGRATE -- keys move to another server.
 *
 * Their values go over as RESTORE commands with DUMP payloads, all in one request. Meanwhile this server goes on serving
 * others, which Redis does not; so the keys are watched, and one that somebody changed on the way is kept here. A server
 * from before Redis 7.2 does not know our payloads, and gets them once more in its own form. */

import { Range } from '../base/bytes.ts'
import { ERR, ReplyError, replyError } from '../base/errors.ts'
import { Args } from '../command/args.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { cmd, type Command } from '../command/spec.ts'
import { encodeCommand } from '../command/propagate.ts'
import type { Suspended } from '../command/suspend.ts'
import type { Database } from '../keyspace/database.ts'
import { EVENT } from '../keyspace/event.ts'
import { ARMED } from '../keyspace/keyspace.ts'
import { exchange, OutgoingFault } from '../net/outgoing.ts'
import { dumpValue } from '../persistence/commands.ts'
import { RDB_VERSION } from '../persistence/rdb/format.ts'
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
/** What a server says to a payload of a version that it does not know. */
const UNKNOWN_FORM = 'ERR DUMP payload version or checksum are wrong'
/** Of payloads that Redis knows since 7.0. */
const OLDER_VERSION = 10
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
  const trip = new Trip(engine, db, move)
  return ctx.suspend(
    finish => {
      trip
        .go(found)
        .catch(() => ERR.internal)
        .then(refused => {
          finish((out: Reply) => {
            if (refused === null) out.ok()
            else out.error(refused)
          })
        })
    },
    () => trip.abort(),
  )
}

/** A key on its way. */
interface Passenger {
  readonly key: Buffer
  /** Somebody changed it since it was sent. */
  broken: boolean
}

/** One MIGRATE: what is sent, and what becomes of the keys. Each reply decides over its key, also when others failed. */
class Trip {
  abort: () => void = () => {}
  /** What the other server refused first. */
  #refused: ReplyError | null = null
  /** What happened on the way. */
  #fault: ReplyError | null = null
  /** Keys in a form that the other server does not know. */
  #unknown: Buffer[] = []
  readonly #engine: Engine
  readonly #db: Database
  readonly #move: Move

  constructor(engine: Engine, db: Database, move: Move) {
    this.#engine = engine
    this.#db = db
    this.#move = move
  }

  /** Send keys; those that an older server refuses for their form once more in one that it knows. */
  async go(keys: readonly Buffer[]): Promise<ReplyError | null> {
    await this.#send(keys, RDB_VERSION)
    const again = this.#unknown
    if (again.length === 0 || this.#fault !== null) return this.#refused ?? this.#fault
    const sent = await this.#send(again, OLDER_VERSION)
    if (sent < again.length || this.#unknown.length > 0) this.#refuse(UNKNOWN_FORM)
    return this.#refused ?? this.#fault
  }

  /** The first refusal is the answer. */
  #refuse(message: string): void {
    this.#refused ??= replyError(`ERR Target instance replied with error: ${message}`)
  }

  /** Send keys in the form of a version. Returns how many have such a form. */
  async #send(keys: readonly Buffer[], version: number): Promise<number> {
    const { keyspace } = this.#db
    const request = this.#greeting()
    const before = request.length
    const passengers: Passenger[] = []
    this.#unknown = []
    for (const key of keys) {
      const restore = this.#restore(key, version)
      if (restore === null) continue
      const passenger = { key, broken: false }
      request.push(restore)
      passengers.push(passenger)
      keyspace.watch.add(passenger, this.#db, key.toString('latin1'), false)
    }
    keyspace.arm(ARMED.watch, keyspace.watch.size > 0)
    try {
      if (passengers.length > 0) this.#settle(await this.#exchange(request), before, passengers)
    } finally {
      for (const passenger of passengers) keyspace.watch.clear(passenger)
      keyspace.arm(ARMED.watch, keyspace.watch.size > 0)
    }
    return passengers.length
  }

  #greeting(): Buffer[] {
    const { login, targetDb } = this.#move
    const select = encoded('SELECT', targetDb)
    return login === null ? [select] : [encoded('AUTH', ...login), select]
  }

  #restore(key: Buffer, version: number): Buffer | null {
    const record = this.#db.find(Range.of(key))
    if (record === 0) return null
    const deadline = this.#db.deadlines.of(record)
    const ttl = deadline < 0 ? 0 : Math.max(1, deadline - this.#db.keyspace.nowMs)
    const replace = this.#move.replace ? ['REPLACE'] : []
    try {
      return encoded('RESTORE', key, ttl, dumpValue(this.#db, record, version), ...replace)
    } catch (error) {
      if (version === RDB_VERSION) throw error
      return null // fields that expire have no older form
    }
  }

  async #exchange(request: readonly Buffer[]): Promise<readonly ReplyValue[]> {
    try {
      return await exchange(this.#engine.clock, this.#move, request, request.length, stop => (this.abort = stop))
    } catch (error) {
      if (!(error instanceof OutgoingFault)) throw error
      const fault = `IOERR error or timeout ${error.stage} to target instance`
      this.#fault = error.stage === 'connecting' ? CANNOT_CONNECT : replyError(fault)
      return error.replies
    }
  }

  /** Keys that arrived leave this server. */
  #settle(replies: readonly ReplyValue[], before: number, passengers: readonly Passenger[]): void {
    this.#engine.setTime()
    const refusals = replies.map(reply => (reply instanceof ErrorReply ? reply.message : null))
    const unwelcome = refusals.slice(0, before).find(refusal => refusal !== null)
    if (typeof unwelcome === 'string') this.#refuse(unwelcome)
    else if (replies.length > before) {
      const changed = passengers.map(passenger => passenger.broken)
      refusals.slice(before, before + passengers.length).forEach((refusal, i) => {
        const { key } = passengers[i]!
        if (refusal === UNKNOWN_FORM) this.#unknown.push(key)
        else if (refusal !== null) this.#refuse(refusal)
        else if (changed[i] && !this.#move.copy) this.#refused ??= CHANGED
        else if (!this.#move.copy) this.#drop(key)
      })
      this.#engine.endUnit()
    }
  }

  #drop(bytes: Buffer): void {
    const db = this.#db
    const key = Range.of(bytes)
    if (!db.delete(key)) return
    this.#engine.propagation.add(db.number, ['DEL', bytes])
    db.notify(EVENT.generic, 'del', key)
    db.changed(key)
  }
}

function encoded(...values: (string | Buffer | number)[]): Buffer {
  const args = new Args()
  args.loadValues(values)
  return encodeCommand(args)
}
