/* Server -- owns everything of one server, and is the only place that wires it together.
 *
 * It builds the parts bottom up (clock, arena, keyspace, engine, features, modules), gives connections their dispatcher,
 * and takes all of it down again. Several servers in a process share nothing but code. */

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installAcl } from './acl/commands.ts'
import type { AclFiles } from './acl/file.ts'
import { type Clock, systemClock, type Timer } from './base/clock.ts'
import { replyError } from './base/errors.ts'
import { LEVEL, Log } from './base/log.ts'
import { type Random, systemRandom } from './base/random.ts'
import { REDIS_VERSION } from './base/version.ts'
import { CLIENT_GATE, type Client } from './command/client.ts'
import { ConfigRegistry } from './command/config.ts'
import { Engine } from './command/engine.ts'
import type { Shutdown } from './command/lifecycle.ts'
import { InfoRegistry } from './command/info.ts'
import { commandTables, features, nativeTypes } from './commands.ts'
import { encodingParameters } from './config/encodings.ts'
import { absentParameters } from './config/absent.ts'
import { inherentParameters } from './config/inherent.ts'
import { identityOf } from './config/tls.ts'
import { defaultSettings, type OutputLimit, type Settings, settingsParameters } from './config/settings.ts'
import { cpuLines, memoryLines, moduleLines, type ProgramFacts, serverLines } from './introspection/program.ts'
import { REDSTRATA_VERSION } from './introspection/info.ts'
import { expireSome } from './keyspace/expire.ts'
import { Keyspace } from './keyspace/keyspace.ts'
import { ModuleLoader } from './module/commands.ts'
import { type LoadedModule, type Module, ModuleRegistry } from './module/host.ts'
import { loadModule } from './module/hosting.ts'
import { Rehearsals } from './module/rehearsal.ts'
import { Memory } from './memory/arena.ts'
import type { Dispatcher, SocketConnection, Traffic } from './net/connection.ts'
import { Listener, TurnEnd } from './net/listener.ts'
import { type Identity, SecureListener } from './net/secure.ts'
import { installPersistence } from './persistence/commands.ts'
import type { Files } from './persistence/file.ts'
import { type Reply, SegmentPool } from './resp/reply.ts'
import { defaultRequestLimits, type RequestFrame } from './resp/request.ts'

/** What a Server is built from. */
export interface ServerParts {
  readonly clock?: Clock
  readonly random?: Random
  readonly log: Log
  readonly files: Files
  /** Databases, 16 when left out. */
  readonly databases?: number
  /** Overwrite what is no longer valid, so that a stale Range or address shows: for tests. */
  readonly poison?: boolean
  /** Whether modules may have their code compiled in idle moments, before it is needed. */
  readonly rehearses?: boolean
}

/** What may wait for a client that has not said who it is; Redis's limit. */
const UNAUTHENTICATED_BYTES = 1024

/** Longest a slice of background work may take, in microseconds. */
const SLICE_MICROS = 1000

export class Server implements Dispatcher {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly files: Files
  readonly memory: Memory
  readonly settings: Settings
  readonly config = new ConfigRegistry()
  readonly keyspace: Keyspace
  readonly engine: Engine
  readonly poison: boolean
  readonly startedMs: number
  readonly connections = new Set<SocketConnection>()
  readonly #listeners: Listener[] = []
  readonly #secure: SecureListener[] = []
  /** The path of redis.conf, or ''. */
  configFile = ''
  readonly #places: string[] = []
  #identityText = ''
  readonly #turnEnd: TurnEnd
  readonly #receive = Listener.receiveBuffer()
  readonly #timers: Timer[] = []
  /** Connections above the soft limit of what they may owe, and since when. */
  readonly #softSince = new Map<SocketConnection, number>()
  #slicing = false
  /** Settled when all is closed; null while the server lives. */
  #ended: Promise<void> | null = null

  constructor(parts: ServerParts) {
    this.clock = parts.clock ?? systemClock()
    this.random = parts.random ?? systemRandom()
    this.log = parts.log
    this.files = parts.files
    this.poison = parts.poison ?? false
    this.startedMs = this.clock.nowMs()
    this.memory = new Memory({ poison: this.poison })
    this.settings = defaultSettings(defaultRequestLimits())
    if (parts.databases !== undefined) this.settings.databases = parts.databases
    this.config.add(settingsParameters(this.settings, path => this.files.folderFault(path)))
    this.config.onChange.push(() => this.#applySettings())
    const hashKey = { k0: this.random.u32() | 0, k1: this.random.u32() | 0 }
    this.keyspace = new Keyspace(this.memory, hashKey, this.random, this.#keyspaceHooks(), this.settings.databases)
    this.config.add(encodingParameters(this.keyspace.limits))
    this.config.add(inherentParameters())
    this.config.add(absentParameters())
    for (const type of nativeTypes) this.keyspace.addType(type)
    this.engine = new Engine({
      clock: this.clock,
      random: this.random,
      keyspace: this.keyspace,
      config: this.config,
      segments: new SegmentPool(),
      limits: this.settings,
      onFault: error => this.#fault(error),
    })
    this.engine.setTime()
    this.engine.provide(Log, this.log)
    this.engine.provide(InfoRegistry, new InfoRegistry())
    this.engine.provide(ModuleRegistry, new ModuleRegistry())
    const rehearsals = new Rehearsals(this.clock, this.log, () => this.engine.isLoading)
    rehearsals.isOn = parts.rehearses ?? false
    this.engine.onClose.push(() => rehearsals.end())
    this.engine.provide(Rehearsals, rehearsals)
    this.engine.provide(ModuleLoader, { load: (path, args) => this.loadModuleFile(path, args) })
    for (const [group, commands] of commandTables) this.engine.addCommands(group, commands)
    for (const install of features) install(this.engine)
    installAcl(this.engine, this.#filesInDir())
    installPersistence(this.engine, this.files, this.log, () => this.settings.dir)
    this.engine.onWebRequest = client => {
      const from = client.connection?.address ?? ''
      this.log.warning(
        `Possible SECURITY ATTACK detected: ${from} sends POST or Host:, as a misused browser does. It is disconnected.`,
      )
      client.connection?.destroy()
    }
    this.engine.shutdown = how => this.shutdown(how)
    this.#addInfo()
    this.engine.startupBytes = this.memory.usedBytes
    this.#turnEnd = new TurnEnd(
      run => this.clock.soon(run),
      () => this.engine.beforeReplies(),
    )
    this.#timers.push(this.clock.every(Math.max(1, Math.floor(1000 / this.settings.hz)), () => this.#cron()))
  }

  /** Files whose paths are relative to `dir`. */
  #filesInDir(): AclFiles {
    const { files } = this
    const near = (path: string): string => resolve(this.settings.dir, path)
    return {
      exists: path => files.exists(near(path)),
      readText: path => files.readText(near(path)),
      writeText: (path, text) => files.writeText(near(path), text),
    }
  }

  #applySettings(): void {
    this.#renewIdentity()
    this.log.level = LEVEL[this.settings.logLevel as keyof typeof LEVEL]
  }

  /** The sections of INFO that are about the program. */
  #addInfo(): void {
    const registry = this.engine.service(InfoRegistry)
    registry.add('Server', () => serverLines(this.engine, this.#facts()))
    registry.add('Memory', () => memoryLines(this.engine))
    registry.add('CPU', () => cpuLines())
    registry.add('Modules', () => moduleLines(this.engine))
  }

  #facts(): ProgramFacts {
    return {
      versions: { redis: REDIS_VERSION, redstrata: REDSTRATA_VERSION },
      port: this.settings.port,
      listeners: this.#places,
      configFile: this.configFile,
      hz: this.settings.hz,
      uptimeSeconds: Math.floor((this.clock.nowMs() - this.startedMs) / 1000),
    }
  }

  /** What happens when keys change, for those above the keyspace. */
  #keyspaceHooks(): ConstructorParameters<typeof Keyspace>[3] {
    return {
      event: (db, kind, name, key, detail) => this.engine.tellEvent(db, kind, name, key, detail),
      removed: (db, key) => this.engine.propagation.add(db.number, ['DEL', key.copy()]),
      partsRemoved: (db, key, names) => this.engine.propagation.add(db.number, ['HDEL', key.copy(), ...names]),
      replaced: db => {
        this.engine.waits.markAll(db)
        this.engine.onReplaced?.(db)
      },
      waiting: (db, key) => this.engine.waits.mark(db, key.latin1()),
      tracking: (db, key) => this.engine.onTouched?.(db, key),
    }
  }

  #fault(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.log.warning(`a command failed by a fault of the server: ${text}`)
    if (this.poison) throw error
  }

  // ------------------------------------------------------------------ modules

  /** Load a module that is at hand. */
  async loadModule(module: Module, args: readonly string[] = [], path = ''): Promise<void> {
    await loadModule(this.engine, this.log, module, path, args)
    this.log.notice(`Module '${module.name}' loaded${path === '' ? '' : ` from ${path}`}`)
  }

  /** Load a module from a file; a relative path is taken from the working directory. */
  async loadModuleFile(path: string, args: readonly string[]): Promise<LoadedModule> {
    try {
      const file = (await import(pathToFileURL(resolve(path)).href)) as { default?: Module }
      if (typeof file.default?.load !== 'function') throw new Error('the file has no module as its default export')
      await this.loadModule(file.default, args, path)
      return this.engine.service(ModuleRegistry).get(file.default.name)!
    } catch (error) {
      this.log.warning(`Module ${path} failed to load: ${error instanceof Error ? error.message : String(error)}`)
      throw error
    }
  }

  /** All modules are loaded and the data is there: modules begin their work. */
  start(): void {
    this.settings.isListening = true
    const registry = this.engine.service(ModuleRegistry)
    registry.started = true
    for (const run of this.engine.onReady) run()
    for (const run of registry.onStart.splice(0)) run()
  }

  // ------------------------------------------------------------------ time

  /** What is done ten times a second. */
  #cron(): void {
    if (this.#ended !== null) return
    this.engine.setTime()
    this.engine.peakBytes = Math.max(this.engine.peakBytes, this.memory.usedBytes)
    if (this.keyspace.mayExpire && this.engine.activeExpiry) this.#expire()
    for (const run of this.engine.onCron) run()
    for (const connection of this.#softSince.keys())
      if (!this.mayOwe(connection, connection.outputBytes)) connection.destroy()
    if (this.keyspace.hasBuried) this.#sliceBuried()
  }

  #expire(): void {
    const { stats } = this.engine
    const started = this.clock.microseconds()
    const until = started + SLICE_MICROS
    for (const db of this.keyspace.databases) expireSome(db, () => this.clock.microseconds() < until)
    this.engine.endUnit()
    const ended = this.clock.microseconds()
    if (ended >= until) stats.expiryCapped++
    stats.expiryMicros += ended - started
  }

  /** Free the graveyard between the turns of the loop. */
  #sliceBuried(): void {
    if (this.#slicing) return
    this.#slicing = true
    const step = (): void => {
      const until = this.clock.microseconds() + SLICE_MICROS
      while (this.#ended === null && this.keyspace.hasBuried && this.clock.microseconds() < until)
        this.keyspace.freeBuried(256)
      if (this.#ended === null && this.keyspace.hasBuried) this.clock.soon(step)
      else this.#slicing = false
    }
    step()
  }

  // ------------------------------------------------------------------ connections

  get frame(): RequestFrame {
    return this.engine.outermost.args
  }

  get limits(): Settings {
    return this.settings
  }

  get traffic(): Traffic {
    return this.engine.stats
  }

  begin(): void {
    this.engine.setTime()
  }

  inputBegins(buf: Buffer): void {
    this.engine.propagation.inputBuf = buf
  }

  inputEnds(): void {
    this.engine.propagation.endInput()
  }

  execute(connection: SocketConnection): void {
    const client = connection.owner as Client
    this.engine.execute(client)
    if (client.suspended !== null) connection.stopped = true
  }

  protocolError(connection: SocketConnection, text: string): void {
    if (text === '') {
      this.engine.stats.inputLimitDisconnections++
      connection.destroy()
      return
    }
    const error = replyError(`ERR ${text}`)
    this.engine.countError(error)
    connection.reply.error(error)
    connection.closeAfterReply()
  }

  opened(connection: SocketConnection): Reply {
    const client = this.engine.addClient(connection)
    connection.owner = client
    this.engine.stats.connections++
    for (const hook of this.engine.onClientNew) hook(client)
    if (this.engine.clients.size > this.settings.clientsMax) {
      this.engine.stats.rejectedConnections++
      client.reply.error(replyError('ERR max number of clients reached'))
      client.closing = true
    }
    return client.reply
  }

  closed(connection: SocketConnection): void {
    this.#softSince.delete(connection)
    this.engine.dropClient(connection.owner as Client)
  }

  mayOwe(connection: SocketConnection, bytes: number): boolean {
    const client = connection.owner as Client
    if (client.gates & CLIENT_GATE.unauthenticated && bytes > UNAUTHENTICATED_BYTES) return false
    const limit: OutputLimit = client.subscriptions > 0 ? this.settings.outputPubsub : this.settings.outputNormal
    const overHard = limit.hardBytes > 0 && bytes >= limit.hardBytes
    const overSoft = limit.softBytes > 0 && bytes >= limit.softBytes
    if (!overSoft) this.#softSince.delete(connection)
    else if (!this.#softSince.has(connection)) this.#softSince.set(connection, this.clock.nowMs())
    const since = this.#softSince.get(connection)
    const tooLong = since !== undefined && this.clock.nowMs() - since > limit.softSeconds * 1000
    if (!overHard && !tooLong) return true
    this.engine.stats.outputLimitDisconnections++
    this.log.warning(`Client ${this.engine.describeClient(client)} closed for overcoming of output buffer limits.`)
    return false
  }

  later(connection: SocketConnection): void {
    this.#turnEnd.add(connection)
  }

  /** The configuration is read and the modules are there: what must be known before anyone is served, such as the users. */
  prepare(): void {
    for (const run of this.engine.onPrepare) run()
  }

  /**
   * Listen where the configuration says: at `port` and `tls-port` of each address of `bind`, unless they are 0, and at `unixsocket`.
   * Addresses with a dash in front may be missing. Rejects with an Error that names the place where it cannot listen.
   */
  async listenAsConfigured(): Promise<void> {
    const { bind, port, tls, unixSocket } = this.settings
    if (port > 0) await listenOnAll(bind, port, host => this.listen(port, host))
    if (tls.port > 0) await listenOnAll(bind, tls.port, host => this.listenTls(tls.port, host))
    if (unixSocket === '') return
    await this.listenUnix(unixSocket).catch((error: Error) => {
      throw new Error(`cannot listen on ${unixSocket}: ${error.message}`)
    })
    this.log.notice(`The server listens at ${unixSocket}`)
  }

  /** Listen on a TCP port; 0 picks a free one. Resolves with the port. */
  async listen(port: number, host: string): Promise<number> {
    const listener = new Listener(this, this.connections, this.#receive)
    const bound = await listener.listen({ port, host, backlog: this.settings.backlog })
    this.#listeners.push(listener)
    this.#places.push(`name=tcp,bind=${host},port=${bound}`)
    return bound
  }

  /** Listen on a TCP port for encrypted connections. Rejects when the certificate cannot be used. */
  async listenTls(port: number, host: string): Promise<number> {
    const listener = new SecureListener(this, this.connections, this.#identity())
    const bound = await listener.listen({ port, host, backlog: this.settings.backlog })
    this.#identityText = JSON.stringify(this.settings.tls)
    this.#secure.push(listener)
    this.#places.push(`name=tls,bind=${host},port=${bound}`)
    return bound
  }

  #identity(): Identity {
    return identityOf(this.settings.tls, path => this.files.readText(resolve(this.settings.dir, path)))
  }

  /** After CONFIG SET named other certificates: those that cannot be used leave the old ones in force. */
  #renewIdentity(): void {
    const now = JSON.stringify(this.settings.tls)
    if (this.#secure.length === 0 || now === this.#identityText) return
    this.#identityText = now
    try {
      const identity = this.#identity()
      for (const listener of this.#secure) listener.renew(identity)
    } catch (error) {
      this.log.warning(`the certificates could not be changed: ${(error as Error).message}`)
    }
  }

  /** Listen on a Unix socket. */
  async listenUnix(path: string): Promise<void> {
    const listener = new Listener(this, this.connections, this.#receive, path)
    await listener.listen({ path, backlog: this.settings.backlog })
    this.#listeners.push(listener)
    this.#places.push(`name=unix,bind=${path}`)
  }

  /** Read the data that was kept, before anyone is served. */
  async load(): Promise<void> {
    for (const load of this.engine.onLoad) await load()
  }

  /** End on request: what must be saved is saved first. False when that failed and the server goes on. */
  async shutdown(how: Shutdown = { saves: 'default', isForced: false }): Promise<boolean> {
    for (const prepare of this.engine.onPrepareShutdown) if (!(await prepare(how))) return false
    this.log.warning('Redstrata is now ready to exit, bye bye...')
    await this.close()
    return true
  }

  /** Close every connection and listener, and drop the data. Resolves when the system has let go of the sockets. */
  close(): Promise<void> {
    this.engine.closed = true
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<void> {
    for (const timer of this.#timers) timer.cancel()
    for (const listener of [...this.#listeners, ...this.#secure]) listener.close()
    const gone = [...this.connections].map(
      connection =>
        new Promise<void>(resolve => {
          connection.socket.once('close', () => resolve())
          connection.destroy()
        }),
    )
    for (const client of [...this.engine.clients.values()])
      if (client.connection?.isInProcess === true) client.connection.destroy()
    await Promise.all(gone)
    for (const stop of this.engine.onClose) await stop()
    // What was to run soon refers to all of this. It runs, and finds the server closed: whoever opens and closes servers without
    // ever giving the loop a turn would keep each of them.
    await new Promise<void>(resolve => this.clock.soon(resolve))
    this.memory.drop()
  }
}

/** Begin on every address of `bind`; those with a dash may be missing. */
async function listenOnAll(bind: string, port: number, begin: (host: string) => Promise<number>): Promise<void> {
  for (const word of bind.split(/\s+/).filter(w => w !== '')) {
    const host = word
      .replace(/^-/, '')
      .replace(/^\*$/, '0.0.0.0')
      .replace(/^::\*$/, '::')
    await begin(host).catch((error: Error) => {
      if (!word.startsWith('-')) throw new Error(`cannot listen on ${host}:${port}: ${error.message}`)
    })
  }
}
