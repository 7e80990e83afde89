/* INFO -- what the server says about itself, section by section.
 *
 * Names of lines are Redis's, because dashboards read them. A line that Redis has and that would be meaningless here is left
 * out rather than invented. */

import type { Args } from '../command/args.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { InfoRegistry, type InfoSection } from '../command/info.ts'
import { cmd, type Command } from '../command/spec.ts'
import type { Entry } from '../command/table.ts'
import { latencyLines } from './latency.ts'
import { Rates } from './rates.ts'

export const infoCommands: readonly Command[] = [
  cmd(
    'INFO [section [section ...]]',
    'loading stale @dangerous ~nondeterministic_output ~request_policy:all_shards ~response_policy:special',
    '',
    info,
  ),
]

export { REDIS_VERSION } from '../base/version.ts'
export const REDSTRATA_VERSION = '0.1.0'

function info({ engine, reply }: Context, args: Args): void {
  const registry = engine.service(InfoRegistry)
  const wanted = new Set<string>()
  while (args.left > 0) wanted.add(args.lower())
  if (wanted.size === 0) wanted.add('default')
  const chosen = registry.inOrder().filter(section => isWanted(section, wanted))
  reply.verbatim('txt', chosen.map(section => printed(registry, section)).join('\r\n'))
}

function isWanted(section: InfoSection, wanted: ReadonlySet<string>): boolean {
  if (wanted.has('everything') || wanted.has(section.name.toLowerCase())) return true
  if (section.module !== '') return wanted.has(section.module.toLowerCase()) || wanted.has('modules')
  return wanted.has('all') || (wanted.has('default') && section.isDefault)
}

function printed(registry: InfoRegistry, section: InfoSection): string {
  let text = `# ${section.name}\r\n`
  for (const [name, value] of registry.linesOf(section)) text += `${name}:${value}\r\n`
  return text
}

type Lines = Iterable<readonly [string, string | number]>

/** Sections of which the engine knows all. The program adds `Server` and `Memory`. */
export function installInfo(engine: Engine): void {
  const registry = engine.service(InfoRegistry)
  const rates = new Rates(engine.clock.nowMs())
  engine.onCron.push(() => rates.sample(engine.stats, engine.clock.nowMs()))
  registry.add('Clients', () => clientLines(engine))
  registry.add('Stats', () => statLines(engine, rates))
  registry.add('Replication', () => replicationLines(engine))
  registry.add('Commandstats', () => commandLines(engine), { isDefault: false })
  registry.add('Errorstats', () => errorLines(engine))
  registry.add('Latencystats', () => latencyLines(engine, allEntries(engine)), { isDefault: false })
  registry.add('Cluster', () => [['cluster_enabled', 0]])
  registry.add('Keyspace', () => keyspaceLines(engine))
}

function* clientLines(engine: Engine): Lines {
  let tracking = 0
  let pubsub = 0
  let watching = 0
  let blocked = 0
  let input = 0
  let output = 0
  for (const client of engine.clients.values()) {
    input = Math.max(input, client.connection?.inputRoom ?? 0)
    output = Math.max(output, client.connection?.outputBytes ?? 0)
    if (client.tracking !== null) tracking++
    if (client.suspended !== null) blocked++
    if (client.subscriptions > 0 || client.shardChannels !== null) pubsub++
    if (engine.keyspace.watch.keysOf(client).length > 0) watching++
  }
  const { keys, keysOnVanished } = engine.waits.keyCounts()
  yield ['connected_clients', engine.clients.size]
  yield ['cluster_connections', 0]
  yield ['maxclients', engine.config.find('maxclients')?.get() ?? 0]
  yield ['client_recent_max_input_buffer', input]
  yield ['client_recent_max_output_buffer', output]
  yield ['blocked_clients', blocked]
  yield ['tracking_clients', tracking]
  yield ['pubsub_clients', pubsub]
  yield ['watching_clients', watching]
  yield ['clients_in_timeout_table', 0]
  yield ['total_watched_keys', engine.keyspace.watch.keyCount]
  yield ['total_blocking_keys', keys]
  yield ['total_blocking_keys_on_nokey', keysOnVanished]
}

const DEFRAGMENTATION = [
  'active_defrag_hits',
  'active_defrag_misses',
  'active_defrag_key_hits',
  'active_defrag_key_misses',
  'total_active_defrag_time',
  'current_active_defrag_time',
] as const

const kilobytes = (bytes: number): string => (bytes / 1024).toFixed(2)

function* statLines(engine: Engine, rates: Rates): Lines {
  const { stats, keyspace } = engine
  yield ['total_connections_received', stats.connections]
  yield ['total_commands_processed', stats.commands]
  yield ['instantaneous_ops_per_sec', Math.round(rates.of('commands'))]
  yield ['total_net_input_bytes', stats.networkInBytes]
  yield ['total_net_output_bytes', stats.networkOutBytes]
  yield ['total_net_repl_input_bytes', 0]
  yield ['total_net_repl_output_bytes', 0]
  yield ['instantaneous_input_kbps', kilobytes(rates.of('networkInBytes'))]
  yield ['instantaneous_output_kbps', kilobytes(rates.of('networkOutBytes'))]
  yield ['instantaneous_input_repl_kbps', '0.00']
  yield ['instantaneous_output_repl_kbps', '0.00']
  yield ['rejected_connections', stats.rejectedConnections]
  yield ['sync_full', 0]
  yield ['sync_partial_ok', 0]
  yield ['sync_partial_err', 0]
  yield ['expired_subkeys', keyspace.expiredParts]
  yield ['expired_keys', keyspace.expiredKeys]
  yield ['expired_time_cap_reached_count', stats.expiryCapped]
  yield ['expire_cycle_cpu_milliseconds', Math.floor(stats.expiryMicros / 1000)]
  yield ['evicted_keys', keyspace.evictedKeys]
  yield ['evicted_clients', stats.evictedClients]
  yield ['keyspace_hits', keyspace.hits]
  yield ['keyspace_misses', keyspace.misses]
  // There is no second process, no replica, no defragmentation and no thread for sockets.
  yield ['latest_fork_usec', 0]
  yield ['total_forks', 0]
  yield ['migrate_cached_sockets', 0]
  yield ['slave_expires_tracked_keys', 0]
  for (const name of DEFRAGMENTATION) yield [name, 0]
  yield ['unexpected_error_replies', stats.unexpectedErrors]
  yield ['total_error_replies', stats.errorReplies]
  yield ['total_reads_processed', stats.networkReads]
  yield ['total_writes_processed', stats.networkWrites]
  yield ['io_threaded_reads_processed', 0]
  yield ['io_threaded_writes_processed', 0]
  yield ['client_query_buffer_limit_disconnections', stats.inputLimitDisconnections]
  yield ['client_output_buffer_limit_disconnections', stats.outputLimitDisconnections]
}

function* replicationLines(engine: Engine): Lines {
  yield ['role', 'master']
  yield ['connected_slaves', 0]
  yield ['master_failover_state', 'no-failover']
  yield ['master_replid', engine.replicationId]
  yield ['master_replid2', '0000000000000000000000000000000000000000']
  yield ['master_repl_offset', engine.propagation.offset]
  yield ['second_repl_offset', -1]
  yield ['repl_backlog_active', 0]
  yield ['repl_backlog_size', 1048576]
  yield ['repl_backlog_first_byte_offset', 0]
  yield ['repl_backlog_histlen', 0]
}

/** Every command and subcommand of a server. */
export function* allEntries(engine: Engine): Iterable<Entry> {
  for (const entry of engine.table) {
    yield entry
    if (entry.subcommands !== null) yield* entry.subcommands
  }
}

function* commandLines(engine: Engine): Lines {
  for (const entry of allEntries(engine)) {
    if (entry.calls === 0 && entry.rejected === 0 && entry.failed === 0) continue
    entry.settle(engine.timing.isOn)
    const usec = Math.round(entry.microseconds)
    const each = entry.calls === 0 ? 0 : entry.microseconds / entry.calls
    yield [
      `cmdstat_${entry.name}`,
      `calls=${entry.calls},usec=${usec},usec_per_call=${each.toFixed(2)},rejected_calls=${entry.rejected},failed_calls=${entry.failed}`,
    ]
  }
}

function* errorLines(engine: Engine): Lines {
  for (const [code, count] of [...engine.errorCounts].sort(([a], [b]) => (a < b ? -1 : 1)))
    yield [`errorstat_${code}`, `count=${count}`]
}

function* keyspaceLines(engine: Engine): Lines {
  for (const db of engine.keyspace.databases) {
    if (db.size === 0) continue
    const ttl = Math.round(db.averageTtlMs)
    const subexpiry = db.parts?.length ?? 0
    yield [`db${db.number}`, `keys=${db.size},expires=${db.deadlines.count},avg_ttl=${ttl},subexpiry=${subexpiry}`]
  }
}
