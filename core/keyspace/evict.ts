/* Eviction -- making room when `maxmemory` is reached.
 *
 * As in Redis, the key to go is the worst of a small random sample, which comes close to the worst of all: a sample of
 * five, taken again and again, is near enough to true LRU. What "worst" means is the policy:
 *
 *      allkeys-    any key may go          -lru      longest unused
 *      volatile-   keys with a deadline    -lfu      least often used, by a counter that fades
 *                                          -random   any           -ttl   the next to die                */

import { type Address, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import type { Database } from './database.ts'
import { EVENT } from './event.ts'
import type { Frequency, Keyspace } from './keyspace.ts'
import { LRU_WORD } from './record.ts'
import { Range } from '../base/bytes.ts'

export const POLICIES = [
  'volatile-lru',
  'volatile-lfu',
  'volatile-random',
  'volatile-ttl',
  'allkeys-lru',
  'allkeys-lfu',
  'allkeys-random',
  'noeviction',
] as const

export interface EvictionSettings {
  /** 0: no limit. */
  maxBytes: number
  policy: string
  samples: number
  lfuLogFactor: number
  lfuDecayMinutes: number
  /** How long a command may be held up by eviction: 0 to 100, where 100 is for ever. */
  tenacity: number
}

export function defaultEviction(): EvictionSettings {
  return { maxBytes: 0, policy: 'noeviction', samples: 5, lfuLogFactor: 10, lfuDecayMinutes: 1, tenacity: 10 }
}

/** What counts against maxmemory: what is held, less what already waits to be freed. */
export function countedBytes(keyspace: Keyspace): number {
  return keyspace.memory.usedBytes - keyspace.buriedBytes
}

/** How making room ended: the limit holds, there is nothing more that may go, or the time was up before either. */
export type Room = 'enough' | 'none' | 'later'

/** Keys that go before the time is looked at again. */
const EVICTED_AT_ONCE = 16

/** Remove keys until the limit holds, or `mayGoOn` says no. */
export function makeRoom(keyspace: Keyspace, settings: EvictionSettings, mayGoOn: () => boolean): Room {
  for (let evicted = 1; countedBytes(keyspace) > settings.maxBytes; evicted++) {
    const victim = settings.policy === 'noeviction' ? null : pickVictim(keyspace, settings)
    if (victim === null) return 'none'
    evict(victim.db, victim.record)
    if (evicted % EVICTED_AT_ONCE === 0 && !mayGoOn()) return 'later'
  }
  return 'enough'
}

function evict(db: Database, record: Address): void {
  const { keyspace } = db
  const key = Range.of(db.keys.key(record, new Range()).copy())
  db.remove(record)
  keyspace.evictedKeys++
  keyspace.hooks.removed(db, key, 'evicted')
  db.notify(EVENT.evicted, 'evicted', key)
  if (keyspace.armed !== 0) keyspace.touchedByNobody(db, key)
}

interface Victim {
  readonly db: Database
  readonly record: Address
}

function pickVictim(keyspace: Keyspace, { policy, samples }: EvictionSettings): Victim | null {
  const onlyVolatile = policy.startsWith('volatile')
  let best: Victim | null = null
  let bestScore = Number.NEGATIVE_INFINITY
  for (const db of keyspace.databases) {
    const size = onlyVolatile ? db.deadlines.count : db.keys.count
    if (size === 0) continue
    for (let i = 0; i < samples; i++) {
      const at = Math.floor(keyspace.random.next() * size)
      const record = onlyVolatile ? db.deadlines.recordAt(at) : db.keys.at(at)
      const score = badness(keyspace, db, record, policy)
      if (score <= bestScore) continue
      bestScore = score
      best = { db, record }
    }
  }
  return best
}

/** The higher, the sooner a key goes. */
function badness(keyspace: Keyspace, db: Database, record: Address, policy: string): number {
  if (policy.endsWith('random')) return keyspace.random.next()
  if (policy.endsWith('ttl')) return -db.deadlines.of(record)
  const word = db.memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + LRU_WORD]! & 0xffffff
  if (policy.endsWith('lfu') && keyspace.lfu !== null) return 255 - keyspace.lfu.count(word)
  return (keyspace.lruClock - word) & 0xffffff
}

const LFU_START = 5

/** LFU: 16 bits of minutes, when the counter last faded, and 8 bits of a counter that grows ever more slowly. */
export class LogCounter implements Frequency {
  readonly #keyspace: Keyspace
  readonly #settings: EvictionSettings

  constructor(keyspace: Keyspace, settings: EvictionSettings) {
    this.#keyspace = keyspace
    this.#settings = settings
  }

  get #minutes(): number {
    return Math.floor(this.#keyspace.nowMs / 60_000) & 0xffff
  }

  count(word: number): number {
    const counter = word & 0xff
    if (this.#settings.lfuDecayMinutes === 0) return counter
    const idle = (this.#minutes - ((word >>> 8) & 0xffff)) & 0xffff
    return Math.max(0, counter - Math.floor(idle / this.#settings.lfuDecayMinutes))
  }

  used(word: number): number {
    const counter = this.count(word)
    const above = Math.max(0, counter - LFU_START)
    const grows = counter < 255 && this.#keyspace.random.next() < 1 / (above * this.#settings.lfuLogFactor + 1)
    return (this.#minutes << 8) | (grows ? counter + 1 : counter)
  }

  fresh(): number {
    return this.of(LFU_START)
  }

  of(counter: number): number {
    return (this.#minutes << 8) | counter
  }
}
