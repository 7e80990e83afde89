/* MEMORY, TIME, LOLWUT, MONITOR. */

import { ERR } from '../base/errors.ts'
import type { Args } from '../command/args.ts'
import type { Client } from '../command/client.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { cmd, type Command, sub } from '../command/spec.ts'
import { ACCOUNT } from '../memory/arena.ts'
import { MEMORY_HELP } from './help.ts'

const SPREAD = '~request_policy:all_shards'

export const memoryCommands: readonly Command[] = [
  cmd('LOLWUT [VERSION version]', 'read fast', '', lolwut),
  sub('MEMORY DOCTOR', `~nondeterministic_output ${SPREAD} ~response_policy:special`, '', doctor),
  sub('MEMORY HELP', 'loading stale', '', help),
  sub('MEMORY MALLOC-STATS', `~nondeterministic_output ${SPREAD} ~response_policy:special`, '', mallocStats),
  sub('MEMORY PURGE', `${SPREAD} ~response_policy:all_succeeded`, '', purge),
  sub('MEMORY STATS', `~nondeterministic_output ${SPREAD} ~response_policy:special`, '', stats),
  sub('MEMORY USAGE key [SAMPLES count]', 'read', 'RO', usage),
  cmd('MONITOR', 'admin noscript loading stale', '', monitor),
  cmd('TIME', 'loading stale fast ~nondeterministic_output', '', time),
]

function usage({ db, reply }: Context, args: Args): void {
  const record = db.find(args.key())
  while (args.left > 0) {
    if (args.left < 2 || !args.word('samples')) throw ERR.syntax
    if (args.int() < 0) throw ERR.syntax
  }
  if (record === 0) reply.null()
  else reply.integer(db.sizeBytes(record))
}

function stats({ engine, reply }: Context): void {
  const { memory } = engine.keyspace
  const keys = engine.keyspace.databases.reduce((sum, db) => sum + db.size, 0)
  const dataset = memory.used[ACCOUNT.dataset]!
  const lines: readonly (readonly [string, number])[] = [
    ['peak.allocated', Math.max(engine.peakBytes, memory.usedBytes)],
    ['total.allocated', memory.usedBytes],
    ['startup.allocated', engine.startupBytes],
    ['replication.backlog', 0],
    ['clients.slaves', 0],
    ['clients.normal', memory.used[ACCOUNT.clients]!],
    ['cluster.links', 0],
    ['aof.buffer', memory.used[ACCOUNT.aof]!],
    ['lua.caches', memory.used[ACCOUNT.script]!],
    ['overhead.total', memory.usedBytes - dataset],
    ['keys.count', keys],
    ['keys.bytes-per-key', keys === 0 ? 0 : Math.floor(dataset / keys)],
    ['dataset.bytes', dataset],
    ['allocator.allocated', memory.usedBytes],
    ['allocator.resident', memory.slabBytes],
  ]
  reply.map(lines.length)
  for (const [name, value] of lines) {
    reply.text(name)
    reply.integer(value)
  }
}

function doctor({ engine, reply }: Context): void {
  const { memory } = engine.keyspace
  const waste = memory.slabBytes / Math.max(1, memory.usedBytes)
  if (memory.usedBytes < 5 << 20) reply.verbatim('txt', 'There is too little in memory to say anything about it.')
  else if (waste > 1.5)
    reply.verbatim(
      'txt',
      `The arena holds ${waste.toFixed(2)} times what is used: much was deleted, and its slabs are shared with what stayed.`,
    )
  else reply.verbatim('txt', 'The memory of this server is in order.')
}

function mallocStats({ engine, reply }: Context): void {
  const { memory } = engine.keyspace
  const names = Object.entries(ACCOUNT).map(([name, account]) => `${name} ${memory.used[account]!}`)
  reply.verbatim('txt', `slabs ${memory.slabBytes}\n${names.join('\n')}\n`)
}

function purge({ reply }: Context): void {
  reply.ok() // empty slabs are given back when they become empty
}

function help({ reply }: Context): void {
  reply.array(MEMORY_HELP.length)
  for (const line of MEMORY_HELP) reply.status(line)
}

function time({ engine, reply }: Context): void {
  const micros = engine.clock.nowMs() * 1000
  reply.array(2)
  reply.text(String(Math.floor(micros / 1e6)))
  reply.text(String(micros % 1e6))
}

function lolwut({ reply }: Context, args: Args): void {
  if (args.left > 1 && args.word('version')) args.int()
  const layers = ['~~~~~~~~~~~~~~~~', '################', '= = = = = = = = ', '................']
  reply.verbatim('txt', `${layers.join('\n')}\nstrata on strata. Redis ver. 7.4.1\n`)
}

// ------------------------------------------------------------------ MONITOR

function monitor({ client, engine, reply }: Context): void {
  engine.service(Monitors).add(client)
  reply.ok()
}

/** Clients that are shown every command. */
export class Monitors {
  readonly #clients = new Set<Client>()
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
    engine.onClientGone.push(client => this.remove(client))
    engine.onReset.push(client => this.remove(client))
  }

  add(client: Client): void {
    client.isMonitor = true
    this.#clients.add(client)
    this.#engine.onMonitor = (from, args) => this.#show(from, args)
  }

  remove(client: Client): void {
    if (!this.#clients.delete(client)) return
    client.isMonitor = false
    if (this.#clients.size === 0) this.#engine.onMonitor = null
  }

  #show(from: Client, args: Args): void {
    const micros = this.#engine.clock.nowMs() * 1000
    const when = `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`
    const hides = args.is(0, 'auth') || args.is(0, 'hello')
    const words: string[] = []
    for (let i = 0; i < args.argc; i++) words.push(hides && i > 0 ? '"(redacted)"' : quoted(args.at(i).latin1()))
    const where = from.isInternal ? 'lua' : (from.connection?.address ?? '')
    const line = `${when} [${from.db.number} ${where}] ${words.join(' ')}`
    for (const client of this.#clients) {
      client.reply.status(line)
      client.connection?.wake()
    }
  }
}

const NAMED: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
  '"': '\\"',
  '\\': '\\\\',
}

/** Bytes as Redis quotes them. */
function quoted(text: string): string {
  let out = '"'
  for (const c of text) {
    const code = c.charCodeAt(0)
    if (NAMED[c] !== undefined) out += NAMED[c]
    else if (code < 32 || code > 126) out += `\\x${code.toString(16).padStart(2, '0')}`
    else out += c
  }
  return `${out}"`
}

export function installMonitors(engine: Engine): void {
  engine.provide(Monitors, new Monitors(engine))
}
