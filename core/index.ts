/* redstrata -- a server inside your process.
 *
 *      import { createServer } from 'redstrata'
 *
 *      const server = await createServer({ port: 0 })
 *      await server.call('SET', 'k', 'v')
 *      await server.close()                                                     */

import { type Clock, systemClock, type TestClock, testClock } from './base/clock.ts'
import { Log } from './base/log.ts'
import { SeededRandom } from './base/random.ts'
import { InProcessClient } from './connection/in-process.ts'
import type { Module } from './module/host.ts'
import type { ReplyValue } from './resp/reader.ts'
import { systemFiles } from './persistence/file.ts'
import { Server } from './server.ts'
import bloom from '../modules/bloom/module.ts'
import json from '../modules/json/module.ts'
import search from '../modules/search/module.ts'
import timeseries from '../modules/timeseries/module.ts'

/** The modules that come with the package. */
export const ownModules: readonly Module[] = [bloom, json, search, timeseries]

/** The files by which the configuration of a Redis Stack loads the modules that come with the package. */
const STACK_FILES: Readonly<Record<string, string>> = {
  bf: 'redisbloom.so',
  ReJSON: 'rejson.so',
  search: 'redisearch.so',
  timeseries: 'redistimeseries.so',
}

/** Whether a path of loadmodule names a module of ours: by the file that a Redis Stack has it in, wherever that lies. */
export function isOwnModule(module: Module, path: string): boolean {
  return path.slice(path.lastIndexOf('/') + 1).toLowerCase() === STACK_FILES[module.name]
}

/** How to create a server; everything may be left out. */
export interface ServerOptions {
  /** Port to listen on: 0 picks a free one, null listens on none. Left out it is that of `config`, or 6379. */
  readonly port?: number | null
  /** Address to listen on. Left out it is `bind` of `config`, or 127.0.0.1. */
  readonly host?: string
  /** Path of a Unix socket to listen on besides. */
  readonly unixSocket?: string
  /** A clock to go by, such as `testClock()`, which a test turns. */
  readonly clock?: Clock
  /** Seed of all that is random, for a test that must repeat itself. */
  readonly seed?: number
  /** Modules to load besides the four that come with the package; false loads none at all. */
  readonly modules?: readonly Module[] | false
  /**
   * Parameters, as in redis.conf: `{ 'maxmemory': '100mb' }`. With `dir` the data of that folder are loaded; with `save` or
   * `appendonly` besides, they are kept there, and what is new is saved when the server is closed.
   */
  readonly config?: Readonly<Record<string, string | number>>
  /** Takes the lines of the log; none are written when left out. */
  readonly log?: (line: string) => void
  /** Overwrite what is no longer valid, for tests of modules. */
  readonly poison?: boolean
}

/** A running server. */
export interface RunningServer {
  /** The TCP port, 0 when it listens on none. */
  readonly port: number
  /** The parts of the server, for tools and tests of modules; they may change in any release. */
  readonly server: Server
  /**
   * Run a command with no socket: its name, then its arguments. Text is sent as UTF-8, numbers in decimal.
   *
   * Resolves with the reply, in the types of RESP3: a map is a Map, a set a Set, a double a number. An error reply rejects with an
   * ErrorReply. All calls are those of one client, with its database and transaction; a call that waits (BLPOP) holds up those
   * behind it, and rejects when the server is closed.
   */
  call(...args: (string | Buffer | number | bigint)[]): Promise<ReplyValue>
  /** Another in-process client, with its own database, transaction and subscriptions. */
  client(): InProcessClient
  /**
   * End: what `config` wants saved is saved, connections are cut, calls that wait reject. Resolves when nothing is left, also when
   * saving failed, which the log tells. May be called again.
   */
  close(): Promise<void>
}

/**
 * Create a server and let it listen. Any number of them live side by side in a process.
 * @throws Error (a rejection) when an address is taken, a parameter is wrong or a module does not load; nothing is left behind then
 */
export async function createServer(options: ServerOptions = {}): Promise<RunningServer> {
  const clock = options.clock ?? systemClock()
  const server = new Server({
    clock,
    files: systemFiles(),
    ...(options.seed === undefined ? {} : { random: new SeededRandom(options.seed) }),
    ...(options.poison === undefined ? {} : { poison: options.poison }),
    log: new Log({ pid: process.pid, now: () => clock.nowMs(), sink: options.log ?? (() => {}) }),
  })
  try {
    const later = configure(server, valuesOf(options), false)
    const extra = options.modules ?? []
    if (extra !== false) for (const module of [...ownModules, ...extra]) await server.loadModule(module)
    configure(server, later, true)
    server.prepare()
    const { dir, appendonly } = options.config ?? {}
    if (dir !== undefined || appendonly === 'yes') await server.load()
    const { settings } = server
    await server.listenAsConfigured()
    if (options.port === 0) settings.port = await server.listen(0, settings.bind.split(/\s+/)[0]!)
    server.start()
    const own = new InProcessClient(server.engine)
    let ended: Promise<void> | null = null
    return {
      port: settings.port,
      server,
      call: (...args) => own.call(...args),
      client: () => new InProcessClient(server.engine),
      close: () => (ended ??= server.shutdown({ saves: 'default', isForced: true }).then(() => {})),
    }
  } catch (error) {
    await server.close()
    throw error
  }
}

/** The parameters that a server begins with. */
function valuesOf({ port, host, unixSocket, config }: ServerOptions): Record<string, string | number> {
  return {
    // In a process of somebody else's nothing is written unless it is asked for; and that process is most likely a test.
    save: '',
    'enable-debug-command': 'yes',
    bind: '127.0.0.1',
    ...config,
    ...(port === undefined ? {} : { port: port ?? 0 }),
    ...(host === undefined ? {} : { bind: host }),
    ...(unixSocket === undefined ? {} : { unixsocket: unixSocket }),
  }
}

/** Set parameters. Returns those that nobody knows, unless it is the last chance: they may belong to a module. */
function configure(
  server: Server,
  values: Readonly<Record<string, string | number>>,
  last: boolean,
): Record<string, string | number> {
  const unknown: Record<string, string | number> = {}
  for (const [name, value] of Object.entries(values)) {
    const parameter = server.config.find(name)
    if (parameter === undefined) {
      if (last) throw new Error(`no parameter is called ${name}`)
      unknown[name] = value
      continue
    }
    const reason = parameter.set(String(value))
    if (reason !== null) throw new Error(`${name}: ${reason}`)
  }
  return unknown
}

export { ErrorReply, PushReply, type ReplyValue, VerbatimString } from './resp/reader.ts'
export type { Module } from './module/host.ts'
export { type Clock, InProcessClient, type TestClock, testClock }
