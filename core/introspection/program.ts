/* The sections of INFO that are about the process. */

import { processUsage } from '../base/clock.ts'
import type { Engine } from '../command/engine.ts'
import { ACCOUNT } from '../memory/arena.ts'
import { humanBytes } from './info.ts'

type Lines = Iterable<readonly [string, string | number]>

/** Memory: what the arena holds, and what the system gave. */
export function* memoryLines(engine: Engine): Lines {
  const { memory, buriedCount } = engine.keyspace
  const used = memory.usedBytes
  const peak = Math.max(engine.peakBytes, used)
  const { residentBytes } = processUsage()
  yield ['used_memory', used]
  yield ['used_memory_human', humanBytes(used)]
  yield ['used_memory_rss', residentBytes]
  yield ['used_memory_rss_human', humanBytes(residentBytes)]
  yield ['used_memory_peak', peak]
  yield ['used_memory_peak_human', humanBytes(peak)]
  yield ['used_memory_overhead', used - memory.used[ACCOUNT.dataset]!]
  yield ['used_memory_startup', engine.startupBytes]
  yield ['used_memory_dataset', memory.used[ACCOUNT.dataset]!]
  yield ['used_memory_scripts', memory.used[ACCOUNT.script]!]
  yield ['allocator_allocated', used]
  yield ['allocator_resident', memory.slabBytes]
  yield ['maxmemory', engine.config.find('maxmemory')?.get() ?? 0]
  yield ['maxmemory_policy', engine.config.find('maxmemory-policy')?.get() ?? 'noeviction']
  yield ['mem_fragmentation_ratio', (residentBytes / Math.max(1, used)).toFixed(2)]
  yield ['mem_allocator', 'redstrata-arena']
  yield ['lazyfree_pending_objects', buriedCount]
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
