#!/usr/bin/env node
/* The program: reads redis.conf and options, builds a server, listens, and ends when it is told to.
 *
 *      redstrata                                       127.0.0.1:6379
 *      redstrata /etc/redis.conf --port 7000           a file, and options that come after it
 *      redstrata --save "" --loadmodule ./my-module.js                                              */

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { systemClock } from './base/clock.ts'
import { LEVEL, Log } from './base/log.ts'
import { REDIS_VERSION } from './base/version.ts'
import type { Shutdown } from './command/lifecycle.ts'
import { ConfigFault, type Directive, parseConfig, parseOptions } from './config/file.ts'
import { rewritten, valuesOf } from './config/rewrite.ts'
import { applyDirectives } from './config/apply.ts'
import { REDSTRATA_VERSION } from './introspection/info.ts'
import { isOwnModule, ownModules } from './index.ts'
import { checkFile } from './persistence/check.ts'
import { systemFiles } from './persistence/file.ts'
import { Server } from './server.ts'

/* A command passes through many small functions. V8 stops weaving them into one another after 920 bytes of bytecode, which
 * costs a fifth of a small command's time; with room for more it goes on. Read when a function is compiled. */
setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000')
/* Code that was not used between a few collections of garbage is forgotten by V8, and read and compiled anew when it is needed. Here
 * all of it is needed sooner or later, and it is a few megabytes. */
setFlagsFromString('--no-flush-bytecode')

const USAGE = `Usage: redstrata [file.conf] [--name value ...]
       redstrata check file.rdb|file.aof|file.manifest|folder ... [--fix] [--truncate-to-timestamp SECONDS]

Options are the lines of redis.conf, those that are used most:
  --port 7000               where to listen; 6379 when left out
  --bind 127.0.0.1          the addresses on which it listens
  --requirepass TEXT        the password that clients must give
  --dir /data               the folder of its files; where it was started when left out
  --save ""                 save no RDB file; --save "60 1": when a key changed, after 60 seconds
  --appendonly yes          write each change down as well
  --maxmemory 2gb           how much data it holds
  --loadmodule ./module.js  load a module besides the four that are there

check tells whether files are sound: the status is 1 where they are not.
--version prints the version, --help this.
`

const files = systemFiles()

/* `daemonize yes`. A Node process cannot fork, so a child is started with the same words and no terminal, which is told by a
 * variable that it is that child:
 *
 *      redstrata redis.conf ──starts──> child: builds the server, listens, writes the pidfile
 *           │                             │
 *           └── waits <───── a pipe ──────┘   "ready", or why not: then that is printed, and the exit code is the child's
 *
 * The child's standard output is the pipe, on which nobody listens once the server is ready. So its log goes to `logfile`, or nowhere. */
const DETACHED = 'REDSTRATA_DETACHED'
const READY = 'ready\n'
const isDetached = process.env[DETACHED] === '1'
delete process.env[DETACHED]

/** Start the child and leave when it is ready, or with what it says. */
function detach(): void {
  const words = [...process.execArgv, ...process.argv.slice(1)]
  const env = { ...process.env, [DETACHED]: '1' }
  const child = spawn(process.execPath, words, { detached: true, stdio: ['ignore', 'pipe', 'ignore'], env })
  let said = ''
  child.stdout.on('data', (bytes: Buffer) => {
    said += bytes.toString()
    if (said.endsWith(READY)) process.exit(0)
  })
  child.once('error', error => fail(error.message))
  child.once('close', code => {
    process.stderr.write(said === '' ? 'redstrata: the server ended before it could serve\n' : said)
    process.exit(code ?? 1)
  })
}

/** Tell the one who waits. */
function tellReady(): void {
  if (!isDetached) return
  process.stdout.on('error', () => {}) // it has left
  process.stdout.write(READY)
}

/** Where lines of the log go: standard output, until `logfile` is known. */
class LogSink {
  path = ''

  readonly write = (line: string): void => {
    if (this.path !== '') files.appendLine(this.path, line)
    else if (!isDetached) process.stdout.write(`${line}\n`)
  }
}

/** One clear line, and the end. */
function fail(text: string): never {
  const out = isDetached ? process.stdout : process.stderr
  out.write(`redstrata: ${text}\n`)
  process.exit(1)
}

function readDirectives(words: readonly string[], depth = 0): Directive[] {
  if (depth > 10) fail('include files are nested too deeply')
  const first = words[0]
  const hasFile = first !== undefined && !first.startsWith('--')
  let fromFile: Directive[] = []
  if (hasFile) {
    let text = ''
    try {
      text = files.readText(first)
    } catch (error) {
      fail(`cannot read the configuration file ${first}: ${(error as Error).message}`)
    }
    fromFile = parseConfig(text).flatMap(directive =>
      directive.name === 'include' ? readDirectives(directive.values, depth + 1) : [directive],
    )
  }
  return [...fromFile, ...parseOptions(hasFile ? words.slice(1) : words)]
}

/** Check files; the exit code says whether they are sound. */
function check(words: readonly string[]): void {
  const paths: string[] = []
  let fixes = false
  let until = 0
  for (let i = 0; i < words.length; i++)
    if (words[i] === '--fix') fixes = true
    else if (words[i] !== '--truncate-to-timestamp') paths.push(words[i]!)
    else if (/^[1-9]\d*$/.test(words[i + 1] ?? '')) until = Number(words[++i])
    else fail('--truncate-to-timestamp wants seconds since 1970')
  for (const path of paths) if (path.startsWith('--')) fail(`check knows no option ${path}`)
  if (paths.length === 0) fail('check wants a file')
  const print = (line: string): void => void process.stdout.write(`${line}\n`)
  const results = paths.map(path => checkFile(path, { files, print, fixes, until }))
  if (results.includes(false)) process.exitCode = 1
}

function banner(port: number): string {
  return String.raw`
      ___          _     _             _
     | _ \___ __ _| |___| |_ _ _ __ _ | |_ __ _     Redstrata ${REDSTRATA_VERSION}, speaks Redis ${REDIS_VERSION}
     |   / -_) _\ (_-<  _| '_/ _\ |  _/ _\ |     Port: ${port}
     |_|_\___\__,_/__/\__|_| \__,_|\__\__,_|        PID: ${process.pid}
`
}

/** CONFIG REWRITE of the file that the server was started with: null, or why it failed. */
function rewriterOf(server: Server, path: string, initial: ReadonlyMap<string, string>): () => string | null {
  return () => {
    try {
      const before = files.exists(path) ? files.readText(path) : ''
      const text = Buffer.from(rewritten(before, server.config, initial))
      const file = files.create(path)
      file.write(text, 0, text.length)
      file.commit()
      return null
    } catch (error) {
      return (error as Error).message
    }
  }
}

/** What `shutdown-on-sigterm` and `shutdown-on-sigint` say. */
function shutdownAt({ config }: Server, signal: string): Shutdown {
  const words = (config.find(`shutdown-on-${signal.toLowerCase()}`)?.get() ?? '').split(' ')
  const saves = words.includes('nosave') ? 'no' : words.includes('save') ? 'yes' : 'default'
  return { saves, isForced: words.includes('force') }
}

function endOnSignals(server: Server): void {
  let ending = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (ending) process.exit(1)
      ending = true
      server.log.warning(`Received ${signal} scheduling shutdown...`)
      void server.shutdown(shutdownAt(server, signal)).then(done => {
        if (done) process.exit(0)
        ending = false
      })
    })
  server.engine.onShutdown = () => process.exit(0)
}

async function main(words: readonly string[]): Promise<void> {
  if (words[0] === '--help' || words[0] === '-h') {
    process.stdout.write(USAGE)
    return
  }
  if (words[0] === '--version' || words[0] === '-v') {
    process.stdout.write(`Redstrata ${REDSTRATA_VERSION} (Redis ${REDIS_VERSION})\n`)
    return
  }
  if (words[0] === 'check') {
    check(words.slice(1))
    return
  }
  const directives = readDirectives(words)
  if (wantsDetaching(directives) && !isDetached) {
    detach()
    return
  }
  const clock = systemClock()
  const sink = new LogSink()
  const log = new Log({ pid: process.pid, now: () => clock.nowMs(), sink: sink.write, level: LEVEL.notice })
  const server = new Server({ clock, log, files, databases: databasesOf(directives), rehearses: true })
  server.settings.dir = process.cwd()
  const initial = valuesOf(server.config)
  const { modules, later } = applyDirectives(
    server,
    directives.filter(({ name, values }) => name !== 'daemonize' || !/^(yes|no)$/i.test(values.join(' '))),
  )
  server.settings.daemonize = isDetached
  for (const hook of server.config.onChange) hook()
  sink.path = server.settings.logFile === '' ? '' : resolve(server.settings.dir, server.settings.logFile)
  try {
    log.notice('Redstrata is starting')
  } catch (error) {
    fail(`cannot write the log file ${sink.path}: ${(error as Error).message}`)
  }
  sink.write(banner(server.settings.port))
  for (const module of ownModules) {
    const asked = modules.filter(({ path }) => isOwnModule(module, path)).at(-1)
    await server.loadModule(module, asked?.args).catch((error: Error) => fail(error.message))
  }
  for (const { path, args } of modules)
    if (!ownModules.some(module => isOwnModule(module, path)))
      await server.loadModuleFile(path, args).catch(() => fail(`module ${path} failed to load`))
  for (const [name, value] of valuesOf(server.config)) if (!initial.has(name)) initial.set(name, value)
  applyDirectives(server, later, true)
  if (words[0]?.startsWith('--') === false) {
    server.configFile = resolve(words[0])
    server.engine.rewriteConfig = rewriterOf(server, server.configFile, initial)
  }
  prepare(server)
  log.notice('Server initialized')
  await server.listenAsConfigured().catch((error: Error) => {
    log.warning(error.message)
    fail(error.message)
  })
  // Not before: the file of a server that has the port already stays its own.
  writePid(server)
  endOnSignals(server)
  tellReady()
  // Clients are answered while the data are read: that it is not done yet.
  await server.load().catch((error: Error) => {
    log.warning(`Fatal error loading the DB, check server logs. Exiting. (${error.message})`)
    fail(error.message)
  })
  server.start()
  log.notice(`Ready to accept connections${server.settings.port > 0 ? ' tcp' : ''}`)
}

/** Whether `daemonize` says yes in the end. */
function wantsDetaching(directives: readonly Directive[]): boolean {
  const last = directives.filter(({ name }) => name === 'daemonize').at(-1)
  return last?.values.join(' ').toLowerCase() === 'yes'
}

/** `pidfile`: the number of the process stands there while it runs; one without a terminal has one in any case, as in Redis. */
function writePid({ settings, log }: Server): void {
  if (settings.pidFile === '' && isDetached) settings.pidFile = '/var/run/redis.pid'
  if (settings.pidFile === '') return
  const path = resolve(settings.dir, settings.pidFile)
  try {
    files.writeText(path, `${process.pid}\n`)
  } catch (error) {
    log.warning(`the file of the process number could not be written: ${(error as Error).message}`)
    return
  }
  process.on('exit', () => {
    if (files.exists(path)) files.remove(path)
  })
}

function prepare(server: Server): void {
  try {
    server.prepare()
  } catch (error) {
    fail((error as Error).message)
  }
}

/** The number of databases is needed before the server is built. */
function databasesOf(directives: readonly Directive[]): number {
  const values = directives
    .filter(directive => directive.name === 'databases')
    .map(directive => Number(directive.values[0]))
  return values.at(-1) ?? 16
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof ConfigFault) fail(error.message)
  throw error
})
