/* MEMORY, TIME, LOLWUT, MONITOR. */

import { ERR, replyError } from '../base/errors.ts'
import { processUsage } from '../base/machine.ts'
import type { Args } from '../command/args.ts'
import type { Client } from '../command/client.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { REDACTED, secretsOf } from '../command/secrets.ts'
import { cmd, type Command, sub } from '../command/spec.ts'
import type { Entry } from '../command/table.ts'
import { ACCOUNT } from '../memory/arena.ts'
import type { Reply } from '../resp/reply.ts'
import { MEMORY_HELP } from './help.ts'
import { clientBytes } from './program.ts'

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

/** Lines of MEMORY STATS beside those of databases. */
const FIGURES = 30

function stats({ engine, reply }: Context): void {
  const { memory } = engine.keyspace
  const keys = engine.keyspace.databases.reduce((sum, db) => sum + db.size, 0)
  const dataset = memory.used[ACCOUNT.dataset]!
  const peak = Math.max(engine.peakBytes, memory.usedBytes)
  const overhead = memory.usedBytes - dataset
  const { residentBytes } = processUsage()
  const databases = engine.keyspace.databases.filter(db => db.size > 0)
  const mark = reply.deferred()
  figure(reply, 'peak.allocated', peak)
  figure(reply, 'total.allocated', memory.usedBytes)
  figure(reply, 'startup.allocated', engine.startupBytes)
  for (const name of ['replication.backlog', 'clients.slaves']) figure(reply, name, 0)
  figure(reply, 'clients.normal', clientBytes(engine))
  figure(reply, 'cluster.links', 0)
  figure(reply, 'aof.buffer', memory.used[ACCOUNT.aof]!)
  figure(reply, 'lua.caches', memory.used[ACCOUNT.script]!)
  for (const db of databases) {
    reply.text(`db.${db.number}`)
    reply.map(2)
    figure(reply, 'overhead.hashtable.main', db.keys.tableBytes)
    figure(reply, 'overhead.hashtable.expires', db.deadlines.tableBytes)
  }
  // A Dict grows group by group: there is never a second table beside it.
  for (const name of ['overhead.db.hashtable.lut', 'overhead.db.hashtable.rehashing', 'db.dict.rehashing.count'])
    figure(reply, name, 0)
  figure(reply, 'overhead.total', overhead)
  figure(reply, 'keys.count', keys)
  figure(reply, 'keys.bytes-per-key', keys === 0 ? 0 : Math.floor((memory.usedBytes - engine.startupBytes) / keys))
  figure(reply, 'dataset.bytes', dataset)
  ratio(reply, 'dataset.percentage', (100 * dataset) / Math.max(1, memory.usedBytes - engine.startupBytes))
  ratio(reply, 'peak.percentage', (100 * memory.usedBytes) / Math.max(1, peak))
  figure(reply, 'allocator.allocated', memory.usedBytes)
  for (const name of ['allocator.active', 'allocator.resident']) figure(reply, name, memory.slabBytes)
  figure(reply, 'allocator.muzzy', 0)
  ratio(reply, 'allocator-fragmentation.ratio', memory.slabBytes / Math.max(1, memory.usedBytes))
  figure(reply, 'allocator-fragmentation.bytes', memory.slabBytes - memory.usedBytes)
  ratio(reply, 'allocator-rss.ratio', 1)
  figure(reply, 'allocator-rss.bytes', 0)
  ratio(reply, 'rss-overhead.ratio', residentBytes / Math.max(1, memory.slabBytes))
  figure(reply, 'rss-overhead.bytes', residentBytes - memory.slabBytes)
  ratio(reply, 'fragmentation', residentBytes / Math.max(1, memory.usedBytes))
  figure(reply, 'fragmentation.bytes', residentBytes - memory.usedBytes)
  reply.fillMap(mark, FIGURES + databases.length)
}

function figure(reply: Reply, name: string, value: number): void {
  reply.text(name)
  reply.integer(value)
}

function ratio(reply: Reply, name: string, value: number): void {
  reply.text(name)
  reply.double(value)
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
  reply.statuses(MEMORY_HELP)
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

const NO_MONITOR = replyError("ERR MONITOR isn't allowed for DENY BLOCKING client")

function monitor({ client, engine, mayBlock, reply }: Context): void {
  if (!mayBlock) throw NO_MONITOR
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
    this.#engine.onMonitor = (from, entry, args) => this.#show(from, entry, args)
  }

  remove(client: Client): void {
    if (!this.#clients.delete(client)) return
    client.isMonitor = false
    if (this.#clients.size === 0) this.#engine.onMonitor = null
  }

  #show(from: Client, entry: Entry, args: Args): void {
    if (entry.name === 'quit') return // nobody was ever shown it
    const micros = this.#engine.clock.nowMs() * 1000
    const when = `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`
    const secrets = secretsOf(entry, args)
    const words: string[] = []
    for (let i = 0; i < args.argc; i++) words.push(quoted(secrets.includes(i) ? REDACTED : args.at(i).latin1()))
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
