/* SAVE, BGSAVE, LASTSAVE, SHUTDOWN, DUMP, RESTORE. */

import { Range } from '../base/bytes.ts'
import { ERR, ReplyError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Args } from '../command/args.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { ENGINE_GATE } from '../command/gates.ts'
import { InfoRegistry } from '../command/info.ts'
import { cmd, type Command, FLAG } from '../command/spec.ts'
import type { Suspended } from '../command/suspend.ts'
import type { Database } from '../keyspace/database.ts'
import { EVENT } from '../keyspace/event.ts'
import type { Address } from '../memory/arena.ts'
import { ValueWriter } from './encode.ts'
import { AppendOnly } from './aof/append-only.ts'
import { AofFolder } from './aof/folder.ts'
import type { Files } from './file.ts'
import { persistenceLines } from './info.ts'
import { Loading } from './loading.ts'
import { Start } from './start.ts'
import { Persistence } from './persistence.ts'
import { RDB_VERSION, RdbError } from './rdb/format.ts'
import { closePayload, openPayload } from './rdb/payload.ts'
import { RdbReader } from './rdb/reader.ts'
import { ValueReader } from './rdb/values.ts'
import { RdbWriter } from './rdb/writer.ts'
import { defaultPersistence, persistenceParameters } from './settings.ts'
import { readValue } from './values.ts'

const SAVING = 'admin noscript no_async_loading'

export const commands: readonly Command[] = [
  cmd('BGREWRITEAOF', SAVING, '', bgrewriteaof),
  cmd('BGSAVE [SCHEDULE]', SAVING, '', bgsave),
  cmd('LASTSAVE', 'loading stale fast @admin @dangerous ~nondeterministic_output', '', lastsave),
  cmd('SAVE', `${SAVING} no_multi`, '', save),
  cmd(
    'SHUTDOWN [<NOSAVE|SAVE>] [NOW] [FORCE] [ABORT]',
    'admin noscript loading stale no_multi allow_busy',
    '',
    shutdown,
  ),
]

/** Commands on keys, which the manual counts to the generic ones. */
export const dumpCommands: readonly Command[] = [
  cmd('DUMP key', 'read ~nondeterministic_output', 'RO access', dump),
  cmd(
    'RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]',
    'write denyoom @dangerous',
    'OW update',
    restore,
  ),
  cmd(
    'RESTORE-ASKING key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]',
    'write denyoom asking @dangerous @keyspace',
    'OW update',
    restore,
  ),
]

const RUNNING = new ReplyError('ERR Background save already in progress')
const OTHER_RUNNING = new ReplyError(
  "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.",
)
const REWRITING = new ReplyError('ERR Background append only file rewriting already in progress')
const REWRITE_FAILED = new ReplyError(
  "ERR Can't execute an AOF background rewriting. Please check the server logs for more information.",
)
const FAILED = new ReplyError('ERR Error trying to save the DB, check server logs.')
const NO_SHUTDOWN = new ReplyError('ERR No shutdown in progress.')
const SHUTDOWN_FAILED = new ReplyError('ERR Errors trying to SHUTDOWN. Check logs.')
const MISCONF = new ReplyError(
  'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist on disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.',
)

/** Set up saving and loading in a server. */
export function installPersistence(engine: Engine, files: Files, log: Log, directory: () => string): void {
  const settings = defaultPersistence()
  const persistence = engine.provide(Persistence, new Persistence(engine, files, log, settings, directory))
  const loading = engine.provide(Loading, new Loading(engine, log))
  const folder = new AofFolder(files, log, settings, directory)
  const aof = engine.provide(AppendOnly, new AppendOnly(engine, log, persistence, folder))
  const start = engine.provide(Start, new Start({ engine, log, files, loading, persistence, aof, folder }))
  let isUp = false
  engine.config.add(
    persistenceParameters(settings, {
      appendOnly: isOn => (isUp ? switchAof(aof, folder, isOn) : true),
    }),
  )
  engine.onCron.push(() => {
    if (!isUp) return
    aof.cron()
    persistence.cron()
    armDisk(engine, persistence, aof)
  })
  engine.checks.disk = (_client, entry) =>
    entry.flags & FLAG.write || entry.name === 'ping' ? diskRefusal(persistence, aof) : null
  engine.onLoad.push(async () => {
    await start.load()
    isUp = true
  })
  engine.onReady.push(() => {
    isUp = true
  })
  engine.onReload = options => start.reload(options)
  engine.onLoadAof = async () => {
    await new Promise<void>(resolve => engine.clock.soon(resolve)) // its commands run when none is running
    await start.reloadAof()
  }
  engine.beforeReplies = () => aof.endTurn()
  engine.holdsReplies = () => aof.holdsReplies
  engine.onFlushAll.push(() => {
    persistence.abort('rdb', 'all keys were removed by FLUSHALL')
    // The file would bring them back after a crash. There is nothing in memory, so this is quick.
    if (isUp && settings.points.length > 0) persistence.save()
  })
  engine.onPrepareShutdown.push(async how => {
    if (loading.isActive) return true
    return aof.atShutdown(how.isForced) && persistence.atShutdown(how)
  })
  engine.onClose.push(() => {
    for (const kind of ['rdb', 'aof'] as const) persistence.abort(kind, 'the server closes')
    aof.close()
  })
  engine.service(InfoRegistry).add('Persistence', () => persistenceLines(engine))
}

function switchAof(aof: AppendOnly, folder: AofFolder, isOn: boolean): boolean {
  if (!isOn) {
    aof.switchOff()
    return true
  }
  try {
    folder.load()
  } catch (error) {
    aof.switchOnFailed(error)
    return false
  }
  return aof.switchOn()
}

/** Writes are refused while what they change cannot be kept. */
function armDisk(engine: Engine, persistence: Persistence, aof: AppendOnly): void {
  const stops = diskRefusal(persistence, aof) !== null
  engine.gates = stops ? engine.gates | ENGINE_GATE.disk : engine.gates & ~ENGINE_GATE.disk
}

function diskRefusal({ lastSaveOk, settings }: Persistence, aof: AppendOnly): ReplyError | null {
  if (!lastSaveOk && settings.stopsWrites && settings.points.length > 0) return MISCONF
  if (aof.writeFailure === null) return null
  return new ReplyError(`MISCONF Errors writing to the AOF file: ${aof.writeFailure}`)
}

function save({ engine, reply }: Context): void {
  const persistence = engine.service(Persistence)
  if (persistence.running === 'rdb') throw RUNNING
  if (!persistence.save()) throw FAILED
  reply.ok()
}

/** What begins in the middle of a transaction would save half of it. */
function isInTransaction(engine: Engine): boolean {
  return engine.outermost.entry.name === 'exec'
}

function bgsave({ engine, reply }: Context, args: Args): void {
  const persistence = engine.service(Persistence)
  const mayWait = args.left > 0 && args.word('schedule')
  args.end()
  if (persistence.running === 'rdb') throw RUNNING
  if (persistence.running !== null || isInTransaction(engine)) {
    if (!mayWait && !isInTransaction(engine)) throw OTHER_RUNNING
    persistence.isScheduled = true
    reply.status('Background saving scheduled')
    return
  }
  if (!persistence.saveInBackground()) throw FAILED
  reply.status('Background saving started')
}

function bgrewriteaof({ engine, reply }: Context): void {
  const aof = engine.service(AppendOnly)
  const { running } = engine.service(Persistence)
  if (running === 'aof') throw REWRITING
  if (running !== null || isInTransaction(engine)) {
    aof.isRewriteScheduled = true
    reply.status('Background append only file rewriting scheduled')
    return
  }
  if (!aof.rewrite()) throw REWRITE_FAILED
  reply.status('Background append only file rewriting started')
}

function lastsave({ engine, reply }: Context): void {
  reply.integer(Math.floor(engine.service(Persistence).lastSaveMs / 1000))
}

function shutdown(ctx: Context, args: Args): Suspended {
  const { engine } = ctx
  let mode: 'default' | 'yes' | 'no' = 'default'
  let aborts = false
  let isForced = false
  let isNow = false
  while (args.left > 0) {
    if (mode === 'default' && args.word('nosave')) mode = 'no'
    else if (mode === 'default' && args.word('save')) mode = 'yes'
    else if (args.word('now')) isNow = true
    else if (args.word('force')) isForced = true
    else if (args.word('abort')) aborts = true
    else throw ERR.syntax
  }
  if (aborts && (mode !== 'default' || isForced || isNow)) throw ERR.syntax
  if (aborts) throw NO_SHUTDOWN
  return ctx.suspend(finish => {
    engine.shutdown({ saves: mode, isForced }).then(
      ended => {
        if (ended) engine.onShutdown()
        else finish(reply => reply.error(SHUTDOWN_FAILED))
      },
      () => finish(reply => reply.error(SHUTDOWN_FAILED)), // the log says why
    )
  })
}

// ------------------------------------------------------------------ DUMP and RESTORE

const BUSY = new ReplyError('BUSYKEY Target key name already exists.')
const BAD_PAYLOAD = new ReplyError('ERR DUMP payload version or checksum are wrong')
const BAD_DATA = new ReplyError('ERR Bad data format')
const BAD_TTL = new ReplyError('ERR Invalid TTL value, must be >= 0')
const BAD_IDLE = new ReplyError('ERR Invalid IDLETIME value, must be >= 0')
const BAD_FREQ = new ReplyError('ERR Invalid FREQ value, must be >= 0 and <= 255')

function dump({ db, reply }: Context, args: Args): void {
  const record = db.lookup(args.key())
  if (record === 0) reply.null()
  else {
    const payload = dumpValue(db, record)
    reply.bytes(payload, 0, payload.length)
  }
}

/**
 * The payload of DUMP for a value.
 * @throws an Error when an older `version` has no form for it.
 */
export function dumpValue(db: Database, record: Address, version: number = RDB_VERSION): Buffer {
  const { memory } = db.keyspace
  const writer = new RdbWriter(memory).begin()
  const values = new ValueWriter(memory)
  values.version = version
  try {
    const type = values.typeOf(db, record)
    writer.byte(type)
    values.write(writer, db, record, type)
    closePayload(writer, version)
    return writer.result(new Range()).copy()
  } finally {
    writer.release()
    values.release()
  }
}

interface RestoreOptions {
  replace: boolean
  absolute: boolean
  idleSeconds: number
  frequency: number
}

function takeRestoreOptions(args: Args): RestoreOptions {
  const found: RestoreOptions = { replace: false, absolute: false, idleSeconds: -1, frequency: -1 }
  while (args.left > 0) {
    if (args.word('replace')) found.replace = true
    else if (args.word('absttl')) found.absolute = true
    else if (args.left > 1 && found.frequency < 0 && args.word('idletime')) {
      found.idleSeconds = args.int()
      if (found.idleSeconds < 0) throw BAD_IDLE
    } else if (args.left > 1 && found.idleSeconds < 0 && args.word('freq')) {
      found.frequency = args.int()
      if (found.frequency < 0 || found.frequency > 255) throw BAD_FREQ
    } else throw ERR.syntax
  }
  return found
}

function restore(ctx: Context, args: Args): void {
  const { db, engine, reply } = ctx
  const key = args.key()
  args.position = 4
  const options = takeRestoreOptions(args)
  const taken = db.find(key)
  if (taken !== 0 && !options.replace) throw BUSY
  args.position = 2
  const ttl = args.int()
  if (ttl < 0) throw BAD_TTL
  const payload = args.bytes()
  const body = new Range(payload.buf, payload.start, payload.end)
  if (!openPayload(body)) throw BAD_PAYLOAD
  checkBody(engine, body)
  const deadline = ttl === 0 ? -1 : options.absolute ? ttl : ttl + ctx.nowMs
  if (taken !== 0) db.remove(db.find(key))
  if (deadline >= 0 && deadline <= db.keyspace.dueMs) {
    if (taken !== 0) {
      db.changed(key)
      db.notify(EVENT.generic, 'del', key)
      ctx.propagate('DEL', key)
    }
    reply.ok()
    return
  }
  const record = readBody(ctx, key, body)
  if (deadline >= 0) db.setDeadline(record, deadline)
  db.changed(key)
  db.notify(EVENT.generic, 'restore', key)
  // Whoever heard of it may have looked at the value, which is no use of the key.
  // Recorded from 7.4.1: without a policy that goes by it, an idle time is not taken.
  db.setUse(record, engine.keyspace.isLru ? options.idleSeconds : -1, options.frequency)
  if (deadline >= 0) ctx.propagate('RESTORE', key, deadline, payload, 'REPLACE', 'ABSTTL')
  else ctx.propagate('RESTORE', key, 0, payload, 'REPLACE')
  reply.ok()
}

/** Whether a payload can be read at all, before an old value makes room for it. */
function checkBody(engine: Engine, body: Range): void {
  withReader(engine, body, (values, type) => values.skip(type))
}

function readBody({ db, engine }: Context, key: Range, body: Range): number {
  let record = 0
  db.keys.find(key.buf, key.start, key.end) // it is not there; the value's insertion relies on that
  withReader(engine, body, (values, type) => {
    record = readValue(db, key, type, values)
  })
  if (record === 0) throw BAD_DATA
  return record
}

function withReader(engine: Engine, body: Range, use: (values: ValueReader, type: number) => void): void {
  const { memory } = engine.keyspace
  const reader = new RdbReader(memory)
  const values = new ValueReader(reader, memory)
  try {
    reader.over(body)
    use(values, reader.byte())
  } catch (error) {
    if (error instanceof RdbError) throw BAD_DATA
    throw error
  } finally {
    values.release()
    reader.release()
  }
}
