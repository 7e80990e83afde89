/* Suspension -- a command whose reply comes later.
 *
 * A handler that must wait returns a Suspended. Its client is marked with it: input that arrives meanwhile waits, so replies stay in order.
 * Two kinds exist. A job (DEBUG SLEEP, a sliced query) ends by itself, through `finish`. A wait for keys is run again, as
 * the same command with the same arguments, whenever one of the keys is touched and holds the type that it waits for;
 * the handler cannot tell a second run from a first one, but for `ctx.wait`, in which it may keep what it resolved.
 *
 *      BLPOP q 0 ── nothing there ──> waits ── RPUSH q x, end of unit ──> runs again, replies ──> client goes on
 *                                        \── timeout ──> `onTimeout` writes the reply
 *
 * Clients are served in the order in which they began to wait, key by key as the keys became ready. Ten thousand waiting
 * clients cost their memory only: a key leads to its waiters through a map, and each has one timer entry. */

import type { Timer } from '../base/clock.ts'
import type { ReplyError } from '../base/errors.ts'
import type { Database } from '../keyspace/database.ts'
import type { Reply } from '../resp/reply.ts'
import type { Args } from './args.ts'
import type { Client } from './client.ts'
import type { Entry } from './table.ts'

/** A client that waits for something. */
export class Suspended {
  readonly client: Client
  readonly entry: Entry
  /** The arguments, copied. */
  readonly args: Args
  /** Set when it ended, whichever way. */
  done = false
  timer: Timer | null = null
  /** Called once when the client leaves, or is told to stop waiting. */
  onCancel: (() => void) | null = null
  /** The answer when the time is up or CLIENT UNBLOCK says so; a job without one goes on until it is done. */
  onTimeout: ((reply: Reply) => void) | null = null
  /** Present when it waits for keys. */
  wait: KeyWait | null = null
  /** Microseconds spent in earlier runs. */
  spentMicros = 0

  constructor(client: Client, entry: Entry, args: Args) {
    this.client = client
    this.entry = entry
    this.args = args
  }
}

/** What a wait for keys needs to know. */
export interface KeyWait {
  readonly db: Database
  /** Names of the keys, one character a byte, without repetition. */
  readonly keys: readonly string[]
  /** Ids of the types that can serve it. */
  readonly types: readonly number[]
  /** Also run again when a key vanished or changed its type: XREADGROUP. */
  readonly onVanished: boolean
  /** Writes the answer when the time is up. */
  readonly onTimeout: (reply: Reply) => void
  /** What the handler resolved in its first run, such as the last id of a stream. */
  state: unknown
}

/** The error with which CLIENT UNBLOCK ERROR, or a change of roles, ends a wait; null: as if the time were up. */
export type UnblockReason = ReplyError | null

/** Who waits for which key. */
export class WaitTable {
  readonly #byKey = new Map<Database, Map<string, Set<Suspended>>>()
  /** Touched keys with waiters, in order, since the last unit ended. */
  #ready: { db: Database; key: string }[] = []
  readonly #readySeen = new Set<string>()
  /** Clients that wait. */
  count = 0

  add(suspended: Suspended): void {
    const wait = suspended.wait!
    let byKey = this.#byKey.get(wait.db)
    if (byKey === undefined) this.#byKey.set(wait.db, (byKey = new Map()))
    for (const key of wait.keys) {
      const set = byKey.get(key)
      if (set === undefined) byKey.set(key, new Set([suspended]))
      else set.add(suspended)
    }
    this.count++
  }

  remove(suspended: Suspended): void {
    const wait = suspended.wait!
    const byKey = this.#byKey.get(wait.db)
    if (byKey === undefined) return
    for (const key of wait.keys) {
      const set = byKey.get(key)
      set?.delete(suspended)
      if (set !== undefined && set.size === 0) byKey.delete(key)
    }
    if (byKey.size === 0) this.#byKey.delete(wait.db)
    this.count--
  }

  /** Keys that clients wait for, and among them those waited for by XREADGROUP: INFO clients. */
  keyCounts(): { keys: number; keysOnVanished: number } {
    let keys = 0
    let keysOnVanished = 0
    for (const byKey of this.#byKey.values())
      for (const set of byKey.values()) {
        keys++
        for (const waiter of set)
          if (waiter.wait!.onVanished) {
            keysOnVanished++
            break
          }
      }
    return { keys, keysOnVanished }
  }

  /** A key was touched: remember it when somebody waits for it. */
  mark(db: Database, key: string): void {
    if (this.#byKey.get(db)?.has(key) !== true) return
    const name = `${db.number}:${key}`
    if (this.#readySeen.has(name)) return
    this.#readySeen.add(name)
    this.#ready.push({ db, key })
  }

  /** Every key with waiters may have changed: SWAPDB, FLUSHALL. */
  markAll(db: Database): void {
    for (const key of this.#byKey.get(db)?.keys() ?? []) this.mark(db, key)
  }

  get hasReady(): boolean {
    return this.#ready.length > 0
  }

  /** The touched keys so far, which are then forgotten. */
  takeReady(): { db: Database; key: string }[] {
    const ready = this.#ready
    this.#ready = []
    this.#readySeen.clear()
    return ready
  }

  /** Who waits for a key now, longest first. */
  waiters(db: Database, key: string): readonly Suspended[] {
    const set = this.#byKey.get(db)?.get(key)
    return set === undefined ? [] : [...set]
  }
}
