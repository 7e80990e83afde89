/* Engine -- runs commands.
 *
 * The path of a command from its arguments to the end of its unit:
 *
 *      execute   find it, check arity, ask the gates, queue it inside MULTI       (top level and in-process calls)
 *      run       call the handler, undo its reply when it throws, count, state its effect
 *      endUnit   give the log its effects, serve clients that waited for a touched key, run what hooks queued
 *
 * Contexts stand on a stack: the arguments of an outer command are never overwritten by an inner one. Features attach
 * what they own through `service` and the hook lists; this file imports none of them. */

import type { Clock } from '../base/clock.ts'
import { type Range, Range as ByteRange } from '../base/bytes.ts'
import { ERR, ReplyError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { ArenaFull } from '../memory/arena.ts'
import { ARMED, type EventDetail, type Keyspace } from '../keyspace/keyspace.ts'
import type { Database } from '../keyspace/database.ts'
import { expireParts } from '../keyspace/expire.ts'
import { Reply, type SegmentPool } from '../resp/reply.ts'
import type { RequestLimits } from '../resp/request.ts'
import type { Args } from './args.ts'
import type { AuxData } from './aux-data.ts'
import { CLIENT_GATE, Client, type Connection } from './client.ts'
import type { ConfigRegistry } from './config.ts'
import { Context } from './context.ts'
import {
  type Checks,
  ENGINE_GATE,
  INTERNAL_ERROR,
  openChecks,
  execAbort,
  refusal,
  refusalInTransaction,
  runsInsideMulti,
  isWebRequest,
  unknownCommand,
  unknownSubcommand,
  wrongArity,
} from './gates.ts'
import type { ReloadOptions, Shutdown } from './lifecycle.ts'
import { PropagationLog } from './propagate.ts'
import { type Command, FLAG } from './spec.ts'
import { type Suspended, type UnblockReason, WaitTable } from './suspend.ts'
import { CommandTable, Entry } from './table.ts'

/** Longest that expired fields are taken out at a stretch. */
const EXPIRE_MICROS = 500
/** No moment of the clock. Not a whole number, for moments are none either: see Entry.microseconds. */
const UNREAD = -0.5
/** Of the calls of a fast command one in this many is timed, and stands for the others. */
const TIMED_EVERY = 8
/** A fast command with more arguments than this may take long all the same. */
const FAST_ARGS_MAX = 16
/** Whoever wants to hear of commands that take less than this hears of every one. */
const FAST_MICROS = 1000
/** Calls nested deeper than this are a runaway module. */
const DEPTH_MAX = 64

/** What the engine is built from. */
export interface EngineParts {
  readonly clock: Clock
  readonly random: Random
  readonly keyspace: Keyspace
  readonly config: ConfigRegistry
  readonly segments: SegmentPool
  readonly limits: RequestLimits
  /** Our own faults end here; they are logged, and in tests they crash. */
  readonly onFault: (error: unknown) => void
}

/** Hears of an event of a key. */
export type EventListener = (
  db: Database,
  kind: number,
  name: string,
  key: Range,
  detail: EventDetail | undefined,
) => void

/** Hears of commands that took at least so many microseconds. */
interface SlowWatcher {
  micros: number
  readonly run: (client: Client, entry: Entry, args: Args, micros: number) => void
}

/** Counters that INFO shows. */
export interface EngineStats {
  commands: number
  connections: number
  rejectedConnections: number
  networkInBytes: number
  networkOutBytes: number
  networkReads: number
  networkWrites: number
  /** Slices of active expiry that ended because their time was up, and the time of all. */
  expiryCapped: number
  expiryMicros: number
  errorReplies: number
  inputLimitDisconnections: number
  outputLimitDisconnections: number
  evictedClients: number
  unexpectedErrors: number
}

export class Engine {
  readonly clock: Clock
  readonly random: Random
  readonly keyspace: Keyspace
  readonly config: ConfigRegistry
  readonly segments: SegmentPool
  /** What a request may announce; CONFIG SET changes it in place. */
  readonly limits: RequestLimits
  readonly table = new CommandTable()
  readonly propagation: PropagationLog
  readonly waits = new WaitTable()
  readonly checks: Checks = openChecks()
  readonly clients = new Map<number, Client>()
  readonly stats: EngineStats = {
    commands: 0,
    connections: 0,
    rejectedConnections: 0,
    networkInBytes: 0,
    networkOutBytes: 0,
    networkReads: 0,
    networkWrites: 0,
    expiryCapped: 0,
    expiryMicros: 0,
    errorReplies: 0,
    inputLimitDisconnections: 0,
    outputLimitDisconnections: 0,
    evictedClients: 0,
    unexpectedErrors: 0,
  }
  /** Error replies by code. */
  readonly errorCounts = new Map<string, number>()
  /** Bits of ENGINE_GATE that are armed. */
  gates = 0
  /** Level of the running command; -1 between commands. */
  depth = -1
  commandCount = 0

  /** Called while monitors are connected, when a command has run; before it when it is one that runs others by itself. */
  onMonitor: ((client: Client, entry: Entry, args: Args) => void) | null = null
  /** The least of what those wait for who want to hear of slow commands; see `watchSlow`. */
  slowMicros = Number.POSITIVE_INFINITY
  readonly #slowWatchers: SlowWatcher[] = []
  /** Whether each command counts how long its calls take. */
  readonly timing = { isOn: true }
  /** Called after a client left. */
  readonly onClientGone: ((client: Client) => void)[] = []
  /** Called after each unit, those only that have something to do; see `atUnitEnd`. */
  readonly #onUnitEnd: (() => void)[] = []
  /** A client speaks HTTP; owned by connection/. */
  onWebRequest: ((client: Client) => void) | null = null
  /** A client was held back by a pause; owned by connection/. */
  onPaused: ((client: Client, entry: Entry, args: Args) => Suspended | null) | null = null
  /** A command returned, while clients keep copies of keys; owned by tracking. */
  onTracked: ((ctx: Context) => void) | null = null

  /** Called when a client connected: it may have to authenticate. */
  readonly onClientNew: ((client: Client) => void)[] = []
  /** Called by RESET: what a feature keeps of a client ends. */
  readonly onReset: ((client: Client) => void)[] = []
  /** The line of CLIENT INFO; given by connection/. */
  describeClient: (client: Client) => string = () => ''
  /** Writes the list of modules for HELLO; given by the module host. */
  replyModules: (reply: Reply) => void = reply => reply.array(0)
  /** Names and versions of the loaded modules; given by the module host. */
  listModules: () => readonly { readonly name: string; readonly version: number }[] = () => []
  /** Called ten times a second. */
  readonly onCron: (() => void)[] = []
  /** The configuration is read and the modules are there; called once, before anyone is served. Throws to end it all. */
  readonly onPrepare: (() => void)[] = []
  /** Reads the data that was kept; called once, before the server listens. */
  readonly onLoad: (() => Promise<void>)[] = []
  /** Called before the server ends on request; false keeps it running. */
  readonly onPrepareShutdown: ((how: Shutdown) => Promise<boolean>)[] = []
  /** Ends the server: false when it could not save, and goes on. Given by the server. */
  shutdown: (how: Shutdown) => Promise<boolean> = () => Promise.resolve(false)
  /** What modules keep in RDB files beside keys. */
  readonly auxData: AuxData[] = []
  /** Ends the process, after SHUTDOWN closed the server; given by the program. */
  onShutdown: () => void = () => {}
  /** Called when the server closes. */
  readonly onClose: (() => void | Promise<void>)[] = []
  /** Listeners to events of keys, each with the classes it wants. */
  readonly onEvent: { kinds: number; run: EventListener }[] = []
  /** A key was touched while tracking is armed. */
  onTouched: ((db: Database, key: Range) => void) | null = null
  /** EXEC itself was refused, which ends the transaction; owned by transactions/. */
  onExecRefused: ((client: Client) => void) | null = null
  /** Called after FLUSHALL emptied every database. */
  readonly onFlushAll: (() => void)[] = []
  /** One database was emptied by FLUSHDB, or found empty. */
  readonly onFlushDb: ((db: Database) => void)[] = []
  /** Called after SWAPDB exchanged two databases. */
  readonly onSwapDb: ((a: Database, b: Database) => void)[] = []
  /** The whole content of a database was replaced; owned by tracking. */
  onReplaced: ((db: Database) => void) | null = null
  /** Whether keys whose time has come are looked for: DEBUG SET-ACTIVE-EXPIRE. */
  activeExpiry = true
  /** Most bytes ever used, and those of a server without data. */
  peakBytes = 0
  startupBytes = 0
  /** Save, forget and load again; given by persistence. */
  onReload: ((options: ReloadOptions) => Promise<void>) | null = null
  /** Forget and load what the append-only file says; given by persistence. */
  onLoadAof: (() => Promise<void>) | null = null
  /** Called when the data are there and the server begins to serve. */
  readonly onReady: (() => void)[] = []
  /** Called before replies leave that were held back; false when they may not leave. Given by persistence. */
  beforeReplies: () => boolean = () => true
  /** Whether a reply must wait for the end of the turn, when what it tells of is on disk. Given by persistence. */
  holdsReplies: () => boolean = () => false
  /** Write the parameters back to the file that they came from; the reason when that failed. Given by the program. */
  rewriteConfig: (() => string | null) | null = null
  /** Forty hexadecimal digits that name this run's data for replicas. */
  readonly replicationId: string
  /** ACL categories that modules brought. */
  readonly extraCategories: string[] = []
  /** The data are being read. */
  isLoading = false
  /** What waits until they are. */
  readonly whenLoaded: (() => void)[] = []
  /** The server is closing: nothing runs any more. */
  closed = false
  /** A script is suspended in the middle of its unit: commands that run meanwhile do not end it. */
  unitHeld = false

  readonly #contexts: Context[] = []
  readonly #services = new Map<unknown, object>()
  readonly onFault: (error: unknown) => void
  #nextClientId = 1
  /** When the running command began, or the one before it ended; UNREAD when nobody looked at the clock then. */
  #sinceMicros = UNREAD
  /** Somebody wants to hear of commands that take less than what a fast one may take unseen. */
  #timesAll = false
  #servingReady = false
  #poolMarks: number[][] = []

  constructor(parts: EngineParts) {
    this.clock = parts.clock
    this.random = parts.random
    this.keyspace = parts.keyspace
    this.config = parts.config
    this.propagation = new PropagationLog(parts.keyspace.memory)
    this.segments = parts.segments
    this.limits = parts.limits
    this.onFault = parts.onFault
    this.replicationId = hexId(parts.random)
    for (let i = 0; i < DEPTH_MAX; i++) this.#contexts.push(new Context(this))
  }

  // ------------------------------------------------------------------ features and commands

  /** Keep what a feature owns in this server; the class is its name. */
  provide<T extends object>(kind: abstract new (...args: never[]) => T, service: T): T {
    this.#services.set(kind, service)
    return service
  }

  /** What a feature keeps in this server. */
  service<T extends object>(kind: abstract new (...args: never[]) => T): T {
    const service = this.#services.get(kind)
    if (service === undefined) throw new Error(`no ${kind.name} in this server`)
    return service as T
  }

  /** Add declared commands under a group of the manual. Containers of subcommands are made as needed. */
  addCommands(group: string, commands: readonly Command[], module = ''): void {
    for (const command of commands) {
      if (command.parent === null) {
        const isContainer = commands.some(other => other.parent === command.name)
        this.table.add(new Entry(command, command.name, group, this.commandCount++, isContainer, module))
        continue
      }
      let container = this.table.get(command.parent)
      if (container === null) {
        container = new Entry(containerOf(command.parent), command.parent, group, this.commandCount++, true, module)
        this.table.add(container)
      }
      container.subcommands!.add(new Entry(command, command.name, group, this.commandCount++, false, module))
    }
  }

  /** The command or subcommand that the arguments name, or null. */
  resolve(args: Args): Entry | null {
    if (args.argc === 0) return null
    const entry = this.table.find(args.buf, args.starts[0]!, args.ends[0]!)
    if (entry === null || entry.subcommands === null || args.argc < 2) return entry
    args.position = 2 // a subcommand's arguments begin behind its second word
    return entry.subcommands.find(args.buf, args.starts[1]!, args.ends[1]!)
  }

  /** Listen to events of keys. `kinds` are bits of EVENT; call with 0 to stop. */
  listen(run: EventListener, kinds: number): void {
    const at = this.onEvent.findIndex(listener => listener.run === run)
    if (at >= 0) this.onEvent.splice(at, 1)
    if (kinds !== 0) this.onEvent.push({ kinds, run })
    this.keyspace.listening = this.onEvent.reduce((bits, listener) => bits | listener.kinds, 0)
  }

  /** Hear of commands that take long. Returns what sets how long that is, in microseconds; at first none is. */
  watchSlow(run: SlowWatcher['run']): (micros: number) => void {
    const watcher = { micros: Number.POSITIVE_INFINITY, run }
    this.#slowWatchers.push(watcher)
    return micros => {
      watcher.micros = micros
      this.slowMicros = Math.min(...this.#slowWatchers.map(other => other.micros))
      this.#timesAll = this.slowMicros < FAST_MICROS
    }
  }

  #tellSlow(client: Client, entry: Entry, args: Args, micros: number): void {
    for (const watcher of this.#slowWatchers) if (micros >= watcher.micros) watcher.run(client, entry, args, micros)
  }

  /** Tell an event to those who listen to its class. */
  tellEvent(db: Database, kind: number, name: string, key: Range, detail: EventDetail | undefined): void {
    for (const listener of this.onEvent) if (listener.kinds & kind) listener.run(db, kind, name, key, detail)
  }

  // ------------------------------------------------------------------ clients

  /** A new client. `connection` is null for calls from inside the process. */
  addClient(connection: Connection | null, isInternal = false): Client {
    const db = this.keyspace.databases[0]!
    const reply = new Reply(this.segments)
    const client = new Client(this.#nextClientId++, connection, reply, db, this.clock.nowMs(), isInternal)
    if (connection !== null) this.clients.set(client.id, client)
    return client
  }

  /** A client is gone: whatever it held is let go. */
  dropClient(client: Client): void {
    const suspended = client.suspended
    if (suspended !== null) {
      this.#endSuspension(suspended)
      suspended.onCancel?.()
    }
    client.transaction = null
    this.keyspace.watch.clear(client)
    this.keyspace.arm(ARMED.watch, this.keyspace.watch.size > 0)
    for (const hook of this.onClientGone) hook(client)
    this.clients.delete(client.id)
  }

  /** Set the counters of INFO back to zero. */
  resetStats(): void {
    for (const name of Object.keys(this.stats) as (keyof EngineStats)[]) this.stats[name] = 0
    const { keyspace } = this
    keyspace.hits = keyspace.misses = keyspace.expiredKeys = keyspace.expiredParts = keyspace.evictedKeys = 0
    this.errorCounts.clear()
    for (const entry of this.table) for (const one of [entry, ...(entry.subcommands ?? [])]) one.resetStats()
  }

  /** The time for what runs next. */
  setTime(): void {
    this.keyspace.setTime(this.clock.nowMs())
    this.keyspace.touches = true
    if (this.keyspace.partsDueMs <= this.keyspace.dueMs) this.#expireParts()
    this.#sinceMicros = UNREAD
  }

  /** Fields of hashes are gone before the next command could see them; a great many go in slices, unseen meanwhile. */
  #expireParts(): void {
    if (this.depth >= 0 || this.unitHeld || !this.activeExpiry || !this.keyspace.mayExpire) return
    const until = this.clock.microseconds() + EXPIRE_MICROS
    expireParts(this.keyspace, () => this.clock.microseconds() < until)
    this.endUnit()
  }

  // ------------------------------------------------------------------ running

  /** The context whose arguments a connection's parser fills. Valid while nothing runs. */
  get outermost(): Context {
    return this.#contexts[0]!
  }

  /** The client whose command is running at the top, or null between commands. */
  get runningClient(): Client | null {
    return this.depth >= 0 ? this.#contexts[0]!.client : null
  }

  /** Run the command in the outermost context's arguments for a client: the way in for connections. */
  execute(client: Client): void {
    this.depth = 0
    const ctx = this.#contexts[0]!
    ctx.args.restart(1)
    if (client.replies === 'on') {
      this.dispatch(ctx, client, true)
      // CLIENT REPLY OFF and SKIP say nothing themselves; SKIP mutes the command behind it.
    } else this.#dispatchMuted(ctx, client)
    this.depth = -1
    this.endUnit()
  }

  /** CLIENT REPLY OFF or SKIP is in force: whatever the command answers is taken back, but not what it pushes. */
  #dispatchMuted(ctx: Context, client: Client): void {
    const mark = client.reply.length
    if (client.replies === 'skip') client.replies = 'skipping'
    client.pushed = false
    this.dispatch(ctx, client, true)
    if (client.replies === 'on') return
    if (!client.pushed) client.reply.rewind(mark)
    if (client.replies === 'skipping') client.replies = 'on'
  }

  /** Ask again what may have changed since a command was queued: access, and the state of the server. */
  refusalInside(client: Client, entry: Entry, args: Args): ReplyError | null {
    return (this.gates | client.gates) === 0 ? null : refusalInTransaction(this, client, entry, args)
  }

  /** Find the command, ask the gates, and run or queue it. */
  dispatch(ctx: Context, client: Client, mayBlock: boolean): void {
    const args = ctx.args
    // Storing a reference costs more than seeing that it is there already.
    if (ctx.client !== client) {
      ctx.client = client
      ctx.reply = client.reply
    }
    if (ctx.db !== client.db) ctx.db = client.db
    if (ctx.resumed !== null) ctx.resumed = null
    ctx.mayBlock = mayBlock
    let entry = this.table.find(args.buf, args.starts[0]!, args.ends[0]!)
    if (entry !== null && entry.subcommands !== null && args.argc > 1) {
      const container = entry
      entry = entry.subcommands.find(args.buf, args.starts[1]!, args.ends[1]!)
      if (entry === null) {
        this.#reject(client, null, unknownSubcommand(container, args))
        return
      }
      args.position = 2
    }
    if (entry === null) {
      if (isWebRequest(args)) this.onWebRequest?.(client)
      else this.#reject(client, null, unknownCommand(args))
      return
    }
    if (!isArity(entry.arity, args.argc)) {
      const error = wrongArity(entry)
      this.#reject(client, entry, error)
      return
    }
    if (client.lastEntry !== entry) client.lastEntry = entry
    if ((this.gates | client.gates | (entry.flags & FLAG.protected)) !== 0 && !this.#mayRun(ctx, client, entry)) return
    if (ctx.entry !== entry) ctx.entry = entry
    const { nowMs } = this.keyspace
    if (client.lastUsedMs !== nowMs) client.lastUsedMs = nowMs
    this.run(ctx)
  }

  /** The slow way past the gates: false when the command was refused, queued or held back. */
  #mayRun(ctx: Context, client: Client, entry: Entry): boolean {
    const args = ctx.args
    if (client.gates & CLIENT_GATE.noTouch) this.keyspace.touches = false
    const refused = refusal(this, client, entry, args)
    if (refused !== null) {
      this.#reject(client, entry, refused)
      return false
    }
    if (this.gates & ENGINE_GATE.paused && ctx.mayBlock && this.onPaused !== null) {
      const suspended = this.onPaused(client, entry, args)
      if (suspended !== null) return false
    }
    if (client.gates & CLIENT_GATE.multi && !runsInsideMulti(entry)) {
      const copy = args.copy()
      copy.position = args.position
      client.transaction!.queue.push({ entry, args: copy })
      client.transaction!.bytes += copy.buf.length
      client.reply.status('QUEUED')
      return false
    }
    return true
  }

  #reject(client: Client, entry: Entry | null, error: ReplyError): void {
    if (entry !== null) entry.rejected++
    if (client.transaction !== null && !(entry !== null && runsInsideMulti(entry))) client.transaction.spoiled = true
    const isExec = entry !== null && entry.name === 'exec'
    const shown = isExec ? execAbort(error) : error
    this.countError(shown)
    client.reply.error(shown)
    if (isExec) this.onExecRefused?.(client)
  }

  /** Run a command whose context is set up: `entry`, `args`, `client`, `db`, `reply`, `mayBlock`. */
  run(ctx: Context): Suspended | null {
    const { entry, client, args, reply } = ctx
    const keyspace = this.keyspace
    const dirty = keyspace.dirty
    const mark = reply.length
    const position = args.position
    ctx.stated = false
    if (this.depth === 0) keyspace.sequence++ // inner commands share the lenses of the outermost
    if (this.onMonitor !== null && entry.flags & FLAG.skip_monitor) this.#show(ctx)
    let suspended: Suspended | null = null
    const isTimed = this.#timesAll || isTimedCall(entry, args.argc)
    // The end of one command is the beginning of the next: reading the clock is a tenth of a small command's work.
    const start = isTimed && this.#sinceMicros === UNREAD ? this.clock.microseconds() : this.#sinceMicros
    try {
      if (entry.lateArity !== 0 && !isArity(entry.lateArity, args.argc)) throw entry.command.lateArity!.error(entry)
      suspended = entry.handler(ctx, args) ?? null
    } catch (error) {
      reply.rewind(mark)
      this.#failed(ctx, error)
    }
    // A script is shown before what it calls, a transaction behind what it ran.
    if (this.onMonitor !== null && !(entry.flags & FLAG.skip_monitor)) this.#show(ctx)
    // One that waits is counted when it is over.
    if (suspended === null) this.#count(entry, client)
    if (isTimed) this.#timed(ctx, start, suspended)
    else this.#sinceMicros = UNREAD
    if (keyspace.dirty !== dirty && !ctx.stated && this.propagation.active) {
      args.position = position
      this.propagation.addFrame(ctx.db.number, args, this.depth === 0)
    }
    if (this.onTracked !== null) this.onTracked(ctx)
    return suspended
  }

  /** Show a command to monitors, once. */
  #show({ entry, client, args, resumed }: Context): void {
    if (resumed === null && !(entry.flags & FLAG.admin)) this.onMonitor?.(client, entry, args)
  }

  #count(entry: Entry, client: Client): void {
    entry.calls++
    this.stats.commands++
    client.commands++
  }

  /** A command that began at `start` is over, or waits from now on. */
  #timed({ entry, client, args, resumed }: Context, start: number, suspended: Suspended | null): void {
    const end = this.clock.microseconds()
    const micros = end - start + (resumed === null ? 0 : resumed.spentMicros)
    this.#sinceMicros = end
    if (suspended !== null) suspended.spentMicros = micros
    else this.#tookMicros(entry, client, args, micros)
  }

  #tookMicros(entry: Entry, client: Client, args: Args, micros: number): void {
    entry.time(micros, this.timing.isOn)
    if (micros >= this.slowMicros && !(entry.flags & FLAG.skip_slowlog)) this.#tellSlow(client, entry, args, micros)
  }

  #failed(ctx: Context, error: unknown): void {
    ctx.entry.failed++
    if (error instanceof ReplyError) {
      this.countError(error)
      ctx.reply.error(error)
      return
    }
    const shown = error instanceof ArenaFull ? ERR.outOfMemory : INTERNAL_ERROR
    this.countError(shown)
    ctx.reply.error(shown)
    if (error instanceof ArenaFull) return
    this.stats.unexpectedErrors++
    this.onFault(error)
    ctx.client.connection?.closeAfterReply()
  }

  /** Count an error reply for INFO. */
  countError(error: ReplyError): void {
    this.stats.errorReplies++
    countCode(this.errorCounts, error.code)
  }

  /** Push a context for a command inside a command. Whoever enters leaves, also after a throw. */
  enter(client: Client): Context {
    if (this.depth + 1 >= DEPTH_MAX) throw new ReplyError('ERR too many nested calls')
    const marks = (this.#poolMarks[this.depth + 1] ??= [])
    const pools = this.keyspace.poolList
    const { sequence } = this.keyspace
    for (let i = 0; i < pools.length; i++) marks[i] = pools[i]!.mark(sequence)
    const ctx = this.#contexts[++this.depth]!
    ctx.client = client
    ctx.reply = client.reply
    ctx.db = client.db
    ctx.mayBlock = false
    ctx.resumed = null
    return ctx
  }

  leave(): void {
    const marks = this.#poolMarks[this.depth]!
    const pools = this.keyspace.poolList
    for (let i = 0; i < marks.length; i++) pools[i]!.reset(marks[i]!)
    this.depth--
  }

  /**
   * Run a whole command from values, for a client of ours; its reply lies in `client.reply`. Outside any command this
   * is a unit of its own, inside one it belongs to that unit.
   */
  call(client: Client, values: readonly (string | Buffer | number | bigint)[], mayBlock = false): void {
    const isOutermost = this.depth < 0
    if (isOutermost) this.setTime()
    const ctx = this.enter(client)
    try {
      ctx.args.loadValues(values)
      this.dispatch(ctx, client, mayBlock)
    } finally {
      this.leave()
    }
    if (isOutermost) this.endUnit()
  }

  /** The unit is over, when no command is running any more. */
  endUnit(): void {
    if (this.depth >= 0 || this.unitHeld) return
    if (this.propagation.pending > 0) this.propagation.endUnit()
    if (this.#onUnitEnd.length > 0) this.#runUnitEnd()
    if (this.waits.hasReady && !this.#servingReady) this.#serveReady()
  }

  /** Run a hook after each unit, the running one first, until it is switched off: whoever has nothing to do is off. */
  atUnitEnd(hook: () => void, isOn: boolean): void {
    const at = this.#onUnitEnd.indexOf(hook)
    if (isOn && at < 0) this.#onUnitEnd.push(hook)
    if (!isOn && at >= 0) this.#onUnitEnd.splice(at, 1)
  }

  #runUnitEnd(): void {
    for (const hook of this.#onUnitEnd.slice()) hook()
  }

  // ------------------------------------------------------------------ suspension

  /** Remember that a client waits for keys; called by Context.waitForKeys. */
  beginWait(suspended: Suspended, timeoutMs: number): void {
    suspended.client.suspended = suspended
    this.waits.add(suspended)
    this.keyspace.arm(ARMED.waiting, true)
    if (timeoutMs > 0)
      suspended.timer = this.clock.after(timeoutMs, () => {
        this.setTime()
        this.unblock(suspended, null)
      })
  }

  /** Remember that a client waits for a job; called by Context.suspend. */
  beginJob(suspended: Suspended): void {
    suspended.client.suspended = suspended
  }

  /** A job ended: write its reply and let the client go on. Nothing happens when the client left meanwhile. */
  finish(suspended: Suspended, write: (reply: Reply) => void): void {
    if (suspended.done) return
    this.#endSuspension(suspended)
    const { client, entry, args, spentMicros } = suspended
    this.#count(entry, client)
    this.#tookMicros(entry, client, args, spentMicros)
    try {
      write(client.reply)
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      entry.failed++
      this.countError(error)
      client.reply.error(error)
    }
    this.#goOn(client)
  }

  /** A command that was held back goes its way now, through all gates. */
  redispatch(suspended: Suspended): void {
    if (suspended.done) return
    this.#endSuspension(suspended)
    const { client } = suspended
    const ctx = this.enter(client)
    const own = ctx.args
    try {
      ctx.args = suspended.args
      ctx.args.restart(1)
      this.dispatch(ctx, client, true)
    } finally {
      ctx.args = own
      this.leave()
    }
    this.endUnit()
    if (client.suspended === null) this.#goOn(client)
  }

  /** End a wait without what was waited for: the time is up (null), or an error. */
  unblock(suspended: Suspended, reason: UnblockReason): void {
    if (suspended.done) return
    if (suspended.wait === null) suspended.onCancel?.()
    const onTimeout = suspended.wait?.onTimeout ?? suspended.onTimeout
    this.finish(suspended, reply => {
      if (reason !== null) throw reason
      onTimeout?.(reply)
    })
  }

  #endSuspension(suspended: Suspended): void {
    suspended.done = true
    suspended.timer?.cancel()
    suspended.client.suspended = null
    if (suspended.wait === null) return
    this.waits.remove(suspended)
    this.keyspace.arm(ARMED.waiting, this.waits.count > 0)
  }

  #goOn(client: Client): void {
    client.connection?.wake()
    client.connection?.resume()
  }

  /** Serve those who wait for touched keys; serving may touch further ones. */
  #serveReady(): void {
    this.#servingReady = true
    const key = new ByteRange()
    while (this.waits.hasReady)
      for (const ready of this.waits.takeReady()) {
        const bytes = Buffer.from(ready.key, 'latin1')
        key.set(bytes, 0, bytes.length)
        for (const waiter of this.waits.waiters(ready.db, ready.key))
          if (!waiter.done && this.#canServe(waiter, ready.db, key)) this.#rerun(waiter)
      }
    this.#servingReady = false
  }

  #canServe(waiter: Suspended, db: Database, key: Range): boolean {
    const wait = waiter.wait!
    const record = db.find(key)
    if (record === 0) return wait.onVanished
    return wait.types.includes(db.typeOf(record)) || wait.onVanished
  }

  #rerun(waiter: Suspended): void {
    const { client } = waiter
    const ctx = this.enter(client)
    const own = ctx.args
    let outcome: Suspended | null = null
    try {
      ctx.args = waiter.args
      ctx.args.restart(1)
      ctx.entry = waiter.entry
      ctx.mayBlock = true
      ctx.resumed = waiter
      // What was allowed when the wait began may be so no longer.
      const refused = (this.gates | client.gates) === 0 ? null : refusal(this, client, ctx.entry, ctx.args)
      if (refused === null) outcome = this.run(ctx)
      else this.#reject(client, ctx.entry, refused)
    } finally {
      ctx.args = own
      ctx.resumed = null
      this.leave()
    }
    if (outcome === waiter) return
    this.#endSuspension(waiter)
    if (this.propagation.pending > 0) this.propagation.endUnit()
    if (this.#onUnitEnd.length > 0) this.#runUnitEnd()
    this.#goOn(client)
  }
}

/** Codes that are told apart; scripts can make up any number of them. */
const ERROR_CODES_MAX = 128

function countCode(counts: Map<string, number>, code: string): void {
  const isNew = !counts.has(code)
  const name = isNew && counts.size >= ERROR_CODES_MAX ? 'ERRORSTATS_OVERFLOW' : code
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Whether a number of arguments is what a command asks for. */
function isArity(arity: number, argc: number): boolean {
  return arity > 0 ? argc === arity : argc >= -arity
}

/** Whether this call is looked at: all of a slow command, some of a fast one. */
function isTimedCall(entry: Entry, argc: number): boolean {
  return !(entry.flags & (FLAG.fast | FLAG.brief)) || entry.calls % TIMED_EVERY === 0 || argc > FAST_ARGS_MAX
}

/** Forty random hexadecimal digits. */
function hexId(random: Random): string {
  let id = ''
  while (id.length < 40) id += random.u32().toString(16).padStart(8, '0')
  return id
}

/** A container says what its subcommands are for; alone it is only an arity error. */
function containerOf(name: string): Command {
  return Object.freeze({
    name,
    parent: null,
    synopsis: name,
    arity: -2,
    flags: 0,
    keySpecs: [],
    categories: ['-group'],
    tips: [],
    handler: () => {
      throw ERR.syntax
    },
  })
}
