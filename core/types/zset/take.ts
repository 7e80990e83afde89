/* What commands that take members from a sorted set share. */

import type { Range } from '../../base/bytes.ts'
import type { Context } from '../../command/context.ts'
import { EVENT } from '../../keyspace/event.ts'
import type { ZsetView } from './value.ts'

/** Tell that `count` members were taken, and let an empty set go. */
export function afterTaking({ db }: Context, key: Range, set: ZsetView, event: string, count: number): void {
  db.notify(EVENT.zset, event, key)
  if (set.length === 0) {
    db.remove(set.record)
    db.notify(EVENT.generic, 'del', key)
  }
  db.changed(key, count)
}
