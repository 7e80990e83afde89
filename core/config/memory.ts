/* maxmemory and what follows from it: the memory gate, and the policy of eviction. */

import { ERR } from '../base/errors.ts'
import type { Client } from '../command/client.ts'
import { ANY_SIZE, memoryParameter, numberParameter, wordParameter } from '../command/config.ts'
import type { Engine } from '../command/engine.ts'
import { ENGINE_GATE } from '../command/gates.ts'
import { FLAG } from '../command/spec.ts'
import type { Entry } from '../command/table.ts'
import { countedBytes, defaultEviction, LogCounter, makeRoom, POLICIES } from '../keyspace/evict.ts'

/** Longest slice of eviction between commands. */
const SLICE_MICROS = 1000

export function installMemoryLimit(engine: Engine): void {
  const { keyspace } = engine
  const settings = defaultEviction()
  const apply = (): void => {
    if (settings.maxBytes > 0) {
      engine.gates |= ENGINE_GATE.memory
      goOn()
    } else engine.gates &= ~ENGINE_GATE.memory
  }
  // What one command could not be held up for goes on between the others.
  let isGoing = false
  const slice = (): void => {
    isGoing = false
    if (engine.closed || settings.maxBytes === 0) return
    engine.setTime()
    const until = engine.clock.microseconds() + SLICE_MICROS
    if (makeRoom(keyspace, settings, () => engine.clock.microseconds() < until) === 'later') goOn()
    engine.endUnit()
  }
  const goOn = (): void => {
    if (isGoing) return
    isGoing = true
    engine.clock.soon(slice)
  }
  const applyPolicy = (): void => {
    keyspace.lfu = settings.policy.endsWith('lfu') ? new LogCounter(keyspace, settings) : null
    keyspace.isLru = settings.policy.endsWith('lru')
  }
  engine.config.add([
    memoryParameter('maxmemory', settings, 'maxBytes', { ...ANY_SIZE, changed: apply }),
    wordParameter('maxmemory-policy', settings, 'policy', POLICIES, { changed: applyPolicy }),
    numberParameter('maxmemory-samples', settings, 'samples', { min: 1, max: 64 }),
    numberParameter('maxmemory-eviction-tenacity', settings, 'tenacity', { max: 100 }),
    numberParameter('lfu-log-factor', settings, 'lfuLogFactor', { max: 0x7fffffff }),
    numberParameter('lfu-decay-time', settings, 'lfuDecayMinutes', { max: 0x7fffffff }),
  ])
  engine.checks.memory = (client, entry) => {
    if (countedBytes(keyspace) <= settings.maxBytes) return null
    const until = engine.clock.microseconds() + patienceMicros(settings.tenacity)
    const room = makeRoom(keyspace, settings, () => engine.clock.microseconds() < until)
    if (room === 'later') goOn()
    return room === 'none' && deniesOutOfMemory(client, entry) ? ERR.outOfMemory : null
  }
}

/** The longest that a command is held up, in microseconds: 500 at the usual tenacity, 15 % more with each step above. */
function patienceMicros(tenacity: number): number {
  if (tenacity >= 100) return Infinity
  return tenacity <= 10 ? 50 * tenacity : 500 * 1.15 ** (tenacity - 10)
}

/** Whether a command may not run while memory is over its limit: EXEC answers for its queue. */
function deniesOutOfMemory(client: Client, entry: Entry): boolean {
  if (entry.name === 'exec')
    return client.transaction?.queue.some(({ entry: queued }) => (queued as Entry).flags & FLAG.denyoom) ?? false
  return (entry.flags & FLAG.denyoom) !== 0
}
