/* Watch -- who is told, once, that a key was touched.
 *
 * Names of keys lead to the watchers of each. Nothing is sent: a watcher's flag is raised and EXEC looks at it. The table
 * is empty most of the time, so the keyspace asks for it only while its bit in `armed` is set. */

import type { Range } from '../base/bytes.ts'
import type { Database } from './database.ts'

/** One client's stake in the keys that it watches. */
export interface Watcher {
  /** A watched key was touched. */
  broken: boolean
}

/** Whether a key is there, and whether its time has come. */
export type Presence = 'absent' | 'expired' | 'living'

interface Watched {
  readonly db: Database
  readonly key: string
  /** The key was past its time already when it was watched, or came into the database like that, so its removal breaks nothing. */
  wasExpired: boolean
}

export class WatchTable {
  readonly #watchers = new Map<Database, Map<string, Set<Watcher>>>()
  readonly #keys = new Map<Watcher, Watched[]>()

  get size(): number {
    return this.#keys.size
  }

  /** Watch a key; watching it twice is once. */
  add(watcher: Watcher, db: Database, key: string, wasExpired: boolean): void {
    let byKey = this.#watchers.get(db)
    if (byKey === undefined) this.#watchers.set(db, (byKey = new Map()))
    let set = byKey.get(key)
    if (set === undefined) byKey.set(key, (set = new Set()))
    if (set.has(watcher)) return
    set.add(watcher)
    const keys = this.#keys.get(watcher)
    if (keys === undefined) this.#keys.set(watcher, [{ db, key, wasExpired }])
    else keys.push({ db, key, wasExpired })
  }

  /** Number of keys that somebody watches. */
  get keyCount(): number {
    let count = 0
    for (const byKey of this.#watchers.values()) count += byKey.size
    return count
  }

  /** The keys of one watcher. */
  keysOf(watcher: Watcher): readonly Watched[] {
    return this.#keys.get(watcher) ?? []
  }

  /** Stop watching all keys. */
  clear(watcher: Watcher): void {
    for (const { db, key } of this.keysOf(watcher)) {
      const byKey = this.#watchers.get(db)
      const set = byKey?.get(key)
      if (byKey === undefined || set === undefined) continue
      set.delete(watcher)
      if (set.size === 0) byKey.delete(key)
      if (byKey.size === 0) this.#watchers.delete(db)
    }
    this.#keys.delete(watcher)
  }

  /** A key was touched. */
  touch(db: Database, key: Range): void {
    const name = key.latin1()
    const set = this.#watchers.get(db)?.get(name)
    if (set !== undefined) for (const watcher of set) if (!this.#onlyVanished(watcher, db, name)) watcher.broken = true
  }

  /** Whether the touch is no more than the removal of a key that was past its time when it was watched. */
  #onlyVanished(watcher: Watcher, db: Database, name: string): boolean {
    const watched = this.keysOf(watcher).find(one => one.wasExpired && one.db === db && one.key === name)
    if (watched === undefined) return false
    const bytes = Buffer.from(name, 'latin1')
    if (db.keys.find(bytes, 0, bytes.length) !== 0) return false
    watched.wasExpired = false
    return true
  }

  /**
   * The contents of a database were replaced: FLUSHDB, SWAPDB. A key that was there, or is now, was touched. One past its
   * time counts as there only for those who began to watch it before that.
   */
  touchAll(db: Database, before: (key: string) => Presence, after: (key: string) => Presence): void {
    const byKey = this.#watchers.get(db)
    if (byKey === undefined) return
    for (const [key, set] of byKey) {
      const was = before(key)
      const is = after(key)
      for (const watcher of set) {
        const watched = this.keysOf(watcher).find(one => one.db === db && one.key === key)!
        if (is === 'living' || (was !== 'absent' && !watched.wasExpired)) watcher.broken = true
        watched.wasExpired = is === 'expired'
      }
    }
  }
}
