/* Upkeep -- what indexes leave behind is cleared away between the turns of the loop.
 *
 *      documents die ──> enough tombstones ──> a sweep, a slice a turn ──> stragglers are indexed anew
 *      an index is dropped ──> its blocks are given back, a slice a turn
 *
 * Deaths pay for the sweeps: one begins when an eighth of the living have died, so a document that dies costs a look at a
 * few postings whenever that is. A slice is a millisecond, and waits while a query stands between two of its own. When a while
 * passes without deaths, far fewer of them are reason enough: queries are quicker over lists without tombstones. After a
 * longer while a single one is.
 *
 * Stragglers are the few living documents of an old chunk of numbers. They are given new numbers, so that the chunk can go. */

import { type Host, Range } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import type { Follower } from './follow.ts'

const SLICE_MICROS = 1000
/** Lists swept before the clock is asked. */
const STEP_LISTS = 32
/** How long to wait while a query is in the way. */
const RETRY_MS = 10
/** Documents indexed anew after a sweep. */
const STRAGGLERS_MAX = 256
/** A while without deaths, and the share of the living that must have died before it for a sweep. */
const QUIET_MS = 500
const QUIET_SHARE = 64
/** Such a while after which any number of deaths will do. */
const IDLE_MS = 5000

/** Clears up behind the indexes of one server. */
export class Upkeep {
  readonly #host: Host
  readonly #follower: Follower
  readonly #sweeping = new Set<Index>()
  /** Indexes with tombstones that wait for a quiet while. */
  readonly #waiting = new Set<Index>()
  readonly #dropped: Generator<void>[] = []
  readonly #key = new Range()

  constructor(host: Host, follower: Follower) {
    this.#host = host
    this.#follower = follower
  }

  /** A document of an index died or changed: see whether enough have. */
  noteDeath(index: Index): void {
    if (this.#sweeping.has(index)) return
    if (index.structures.needsSweep) this.#begin(index)
    else if (!this.#waiting.has(index)) this.#waitForQuiet(index, QUIET_MS)
  }

  #waitForQuiet(index: Index, quietMs: number): void {
    const { structures } = index
    const { documents } = structures
    const tombs = documents.tombCount
    this.#waiting.add(index)
    this.#host.timer(quietMs, () => {
      this.#waiting.delete(index)
      if (index.isDropped || this.#sweeping.has(index) || documents.tombCount === 0) return
      if (documents.tombCount !== tombs) this.#waitForQuiet(index, QUIET_MS)
      else if (quietMs === QUIET_MS && tombs * QUIET_SHARE < documents.count) this.#waitForQuiet(index, IDLE_MS)
      else {
        structures.beginSweep()
        this.#begin(index)
      }
    })
  }

  #begin(index: Index): void {
    this.#sweeping.add(index)
    index.collection.lastMicros = 0
    this.#host.soon(() => this.#sweep(index, index.structures.sizeBytes))
  }

  #sweep(index: Index, bytesBefore: number): void {
    const { clock } = this.#host
    const { structures, collection } = index
    if (index.isDropped) {
      this.#sweeping.delete(index)
      return
    }
    if (structures.readers > 0) {
      this.#host.timer(RETRY_MS, () => this.#sweep(index, bytesBefore))
      return
    }
    const start = clock.microseconds()
    let hasMore = true
    while (hasMore && clock.microseconds() - start < SLICE_MICROS) hasMore = structures.sweep(STEP_LISTS)
    const spent = clock.microseconds() - start
    collection.micros += spent
    collection.lastMicros += spent
    if (hasMore) {
      this.#host.soon(() => this.#sweep(index, bytesBefore))
      return
    }
    collection.cycles++
    collection.bytes += Math.max(0, bytesBefore - structures.sizeBytes)
    this.#sweeping.delete(index)
    this.#renewStragglers(index)
  }

  #renewStragglers(index: Index): void {
    const keys = index.structures.stragglers(STRAGGLERS_MAX)
    for (const name of keys) {
      const key = this.#key.set(name, 0, name.length)
      index.structures.renew(key)
      this.#follower.lookEverywhere(index, key)
    }
    if (keys.length > 0) this.noteDeath(index)
  }

  /** Give the structures of a dropped index back. */
  bury(index: Index): void {
    this.#dropped.push(index.structures.releasing())
    if (this.#dropped.length === 1) this.#host.soon(() => this.#release())
  }

  #release(): void {
    const { clock } = this.#host
    const end = clock.microseconds() + SLICE_MICROS
    while (this.#dropped.length > 0 && clock.microseconds() < end)
      if (this.#dropped[0]!.next().done === true) this.#dropped.shift()
    if (this.#dropped.length > 0) this.#host.soon(() => this.#release())
  }

  /** Give everything back that waits for its turn: the server closes. */
  finish(): void {
    for (const left of this.#dropped.splice(0)) while (left.next().done !== true) {}
  }
}
