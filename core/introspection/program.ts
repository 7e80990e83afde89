/* The sections of INFO that are about the process. */

import { machine, processUsage } from '../base/machine.ts'
import type { Engine } from '../command/engine.ts'
import { humanBytes } from '../command/info.ts'
import { ACCOUNT } from '../memory/arena.ts'

type Lines = Iterable<readonly [string, string | number]>

/** Where the server is reached and what it was started from. */
export interface ProgramFacts {
  readonly versions: { readonly redis: string; readonly redstrata: string }
  readonly port: number
  /** Lines `name=tcp,bind=127.0.0.1,port=6379`. */
  readonly listeners: readonly string[]
  readonly configFile: string
  readonly hz: number
  readonly uptimeSeconds: number
}

/** Server: what runs, where, since when. */
export function* serverLines(engine: Engine, facts: ProgramFacts): Lines {
  const { processId, system, executable, multiplexing } = machine()
  yield ['redis_version', facts.versions.redis]
  // What Redis prints when it was not built from a checkout.
  yield ['redis_git_sha1', '00000000']
  yield ['redis_git_dirty', 0]
  yield ['redis_build_id', '0']
  yield ['redstrata_version', facts.versions.redstrata]
  yield ['redis_mode', 'standalone']
  yield ['os', system]
  yield ['arch_bits', 64]
  yield ['monotonic_clock', 'POSIX clock_gettime']
  yield ['multiplexing_api', multiplexing]
  yield ['process_id', processId]
  yield ['process_supervised', 'no']
  yield ['run_id', engine.replicationId]
  yield ['tcp_port', facts.port]
  yield ['server_time_usec', engine.clock.nowMs() * 1000]
  yield ['uptime_in_seconds', facts.uptimeSeconds]
  yield ['uptime_in_days', Math.floor(facts.uptimeSeconds / 86400)]
  yield ['hz', facts.hz]
  yield ['configured_hz', facts.hz]
  yield ['lru_clock', engine.keyspace.lruClock]
  yield ['executable', executable]
  yield ['config_file', facts.configFile]
  yield ['io_threads_active', 0]
  for (const [i, text] of facts.listeners.entries()) yield [`listener${i}`, text]
}

/** A size in bytes, and as people read it. */
function* size(name: string, bytes: number): Lines {
  yield [name, bytes]
  yield [`${name}_human`, humanBytes(bytes)]
}

const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(2)}%`
const ratio = (a: number, b: number): string => (a / Math.max(1, b)).toFixed(2)

/** Memory: what the arena holds, and what the system gave. */
export function* memoryLines(engine: Engine): Lines {
  const { memory, buriedCount } = engine.keyspace
  const used = memory.usedBytes
  const peak = Math.max(engine.peakBytes, used)
  const dataset = memory.used[ACCOUNT.dataset]!
  const { residentBytes } = processUsage()
  const maxBytes = Number(engine.config.find('maxmemory')?.get() ?? 0)
  yield* size('used_memory', used)
  yield* size('used_memory_rss', residentBytes)
  yield* size('used_memory_peak', peak)
  yield ['used_memory_peak_perc', percent(used, peak)]
  yield ['used_memory_overhead', used - dataset]
  yield ['used_memory_startup', engine.startupBytes]
  yield ['used_memory_dataset', dataset]
  yield ['used_memory_dataset_perc', percent(dataset, used - engine.startupBytes)]
  yield* allocatorLines(used, memory.slabBytes, residentBytes)
  yield* size('total_system_memory', machine().memoryBytes)
  yield* size('used_memory_scripts', memory.used[ACCOUNT.script]!)
  yield* size('maxmemory', maxBytes)
  yield ['maxmemory_policy', engine.config.find('maxmemory-policy')?.get() ?? 'noeviction']
  yield ['mem_fragmentation_ratio', ratio(residentBytes, used)]
  yield ['mem_fragmentation_bytes', residentBytes - used]
  yield ['mem_not_counted_for_evict', memory.used[ACCOUNT.aof]!]
  yield ['mem_replication_backlog', 0]
  yield ['mem_total_replication_buffers', 0]
  yield ['mem_clients_slaves', 0]
  yield ['mem_clients_normal', clientBytes(engine)]
  yield ['mem_cluster_links', 0]
  yield ['mem_aof_buffer', memory.used[ACCOUNT.aof]!]
  yield ['mem_overhead_db_hashtable_rehashing', 0]
  yield ['mem_allocator', 'redstrata-arena']
  yield ['active_defrag_running', 0]
  yield ['lazyfree_pending_objects', buriedCount]
  yield ['lazyfreed_objects', engine.keyspace.unburied]
}

/** What is kept for clients: input that waits, and replies that were not taken yet. It lies beside the arena. */
export function clientBytes(engine: Engine): number {
  let bytes = 0
  for (const { connection } of engine.clients.values())
    if (connection !== null) bytes += connection.inputRoom + connection.outputBytes
  return bytes
}

/** Used: blocks. Active: slabs, whose blocks are not all in use. Resident: the process, with JavaScript's own heap. */
function* allocatorLines(used: number, slabs: number, resident: number): Lines {
  yield ['allocator_allocated', used]
  yield ['allocator_active', slabs]
  yield ['allocator_resident', slabs]
  yield ['allocator_muzzy', 0]
  yield ['allocator_frag_ratio', ratio(slabs, used)]
  yield ['allocator_frag_bytes', slabs - used]
  yield ['allocator_rss_ratio', '1.00']
  yield ['allocator_rss_bytes', 0]
  yield ['rss_overhead_ratio', ratio(resident, slabs)]
  yield ['rss_overhead_bytes', resident - slabs]
}

export function* cpuLines(): Lines {
  const { systemSeconds, userSeconds } = processUsage()
  yield ['used_cpu_sys', systemSeconds.toFixed(6)]
  yield ['used_cpu_user', userSeconds.toFixed(6)]
  yield ['used_cpu_sys_children', '0.000000']
  yield ['used_cpu_user_children', '0.000000']
}

/** Modules as INFO modules shows them. */
export function* moduleLines(engine: Engine): Lines {
  for (const { name, version } of engine.listModules())
    yield ['module', `name=${name},ver=${version},api=1,filters=0,usedby=[],using=[],options=[]`]
}
