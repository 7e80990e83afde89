/* Active expiry -- finding keys whose time has come before anyone asks for them.
 *
 * As in Redis: a few keys with deadlines are looked at, at random; while more than a tenth of a sample had expired, another sample
 * is taken, until the slice of time is used up. Memory held by dead keys thus stays near a tenth of that held by
 * living ones with deadlines, and an idle server pays next to nothing.
 *
 * Parts of values (fields of hashes) are in order of their times, so none is looked for: those that are due are taken out. */

import type { Database } from './database.ts'
import type { Keyspace } from './keyspace.ts'

const SAMPLE = 20
const STALE_SHARE = 0.1

/** Parts that are taken out before the time is looked at again. */
const PARTS = 64

/** Take out the parts of values whose time has come, until none is left or `mayGoOn` says no. */
export function expireParts(keyspace: Keyspace, mayGoOn: () => boolean): void {
  let due = Infinity
  for (const db of keyspace.databases) {
    while (mayGoOn() && db.expireParts(PARTS)) {}
    if (db.parts !== null) due = Math.min(due, db.parts.firstTime)
  }
  keyspace.partsDueMs = due
}

/** Look through one database until few of a sample are stale, or `mayGoOn` says no. Returns how many keys died. */
export function expireSome(db: Database, mayGoOn: () => boolean): number {
  const { keyspace, deadlines } = db
  let died = 0
  for (;;) {
    const count = deadlines.count
    if (count === 0) {
      db.averageTtlMs = 0
      return died
    }
    const sample = Math.min(SAMPLE, count)
    let stale = 0
    let ttl = 0
    let living = 0
    for (let i = 0; i < sample && deadlines.count > 0; i++) {
      const at = Math.floor(keyspace.random.next() * deadlines.count)
      const left = deadlines.timeAt(at) - keyspace.nowMs
      if (left <= 0) {
        db.expire(deadlines.recordAt(at))
        stale++
      } else {
        ttl += left
        living++
      }
    }
    died += stale
    if (living > 0) {
      const average = ttl / living
      db.averageTtlMs = db.averageTtlMs === 0 ? average : db.averageTtlMs * 0.98 + average * 0.02
    }
    if (stale <= sample * STALE_SHARE || !mayGoOn()) return died
  }
}
