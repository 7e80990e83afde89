/* Scan -- the first look at the keys that were there before an index, in slices between the turns of the loop.
 *
 * The cursor walks downwards through the dense array of keys, so a key that comes in meanwhile is not met, and need not
 * be: it is told of as every write is. A key that is removed may move another one down to where the walk has been
 * not yet; it is then looked at twice, which changes nothing. */

import type { Database, Host } from 'redstrata/module'
import type { Index, ScanState } from '../catalogue.ts'
import { covers, type Follower } from './follow.ts'

/** Keys looked at before the clock is asked. */
const STEP_KEYS = 32
const SLICE_MICROS = 1000

/** Scan databases for an index. A scan that is under way is given up: this one does its work. */
export function startScan(host: Host, follower: Follower, index: Index, databases: readonly Database[]): void {
  const queue = databases.filter(db => db.size > 0)
  index.scan = null
  if (queue.length === 0) return
  const scan: ScanState = { seen: 0, total: queue.reduce((sum, db) => sum + db.size, 0) }
  index.scan = scan
  const intake = follower.intakeOf(index)!
  const { clock } = host
  let cursor = -1

  const step = (db: Database): void => {
    cursor = host.scan(db, cursor, STEP_KEYS, (key, record) => {
      scan.seen++
      if (covers(index, key)) intake.look(db, key, record, undefined, true)
    })
  }

  const slice = (): void => {
    if (index.scan !== scan) return
    const end = clock.microseconds() + SLICE_MICROS
    while (queue.length > 0) {
      step(queue[0]!)
      if (cursor === 0) {
        queue.shift()
        cursor = -1
      }
      if (clock.microseconds() >= end) break
    }
    if (queue.length > 0) host.soon(slice)
    else index.scan = null
  }
  host.soon(slice)
}
