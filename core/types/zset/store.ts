/* Storing a sorted set that is made at once: members and scores are gathered in a table, put in order, and become the set. */

import { Range } from '../../base/bytes.ts'
import type { Context } from '../../command/context.ts'
import { EVENT } from '../../keyspace/event.ts'
import type { Dict } from '../../memory/dict.ts'
import { compareMember } from '../../structs/ranked-node.ts'
import { orderOf } from '../../structs/order.ts'
import { scoreIn, zsetType } from './value.ts'

/** The records of a table and their scores, in order of score and then of bytes. */
export interface Ordered {
  readonly records: Int32Array
  readonly scores: Float64Array
}

/** Put the records of a table in order. */
export function inOrder(table: Dict): Ordered {
  const { count, memory } = table
  const unordered = new Float64Array(count)
  for (let i = 0; i < count; i++) unordered[i] = scoreIn(table, table.at(i))
  const other = new Range()
  const order = orderOf(unordered, count, (a, b) => {
    table.key(table.at(b), other)
    return compareMember(memory, table.at(a), other.buf, other.start, other.end)
  })
  const scores = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const place = order[i]!
    scores[i] = unordered[place]!
    order[i] = table.at(place)
  }
  return { records: order, scores }
}

/**
 * Let a key hold what is in a table, or nothing when that is empty; the table is taken over or released. Returns how many
 * members there are. `ordered` when the order is known already.
 */
export function storeTable(ctx: Context, target: Range, table: Dict, event: string, ordered?: Ordered): number {
  const { db } = ctx
  const { count } = table
  let isOwn = true
  try {
    const { records, scores } = ordered ?? inOrder(table)
    const taken = db.find(target)
    if (taken !== 0) db.remove(taken)
    if (count > 0) {
      const set = db.create(target, zsetType)
      try {
        set.adopt(table, records, scores, longestOf(table, records))
        isOwn = false
      } catch (error) {
        db.remove(db.find(target)) // out of memory: no empty set stays behind
        throw error
      }
      db.changed(target)
      db.notify(EVENT.zset, event, target)
    } else if (taken !== 0) {
      db.changed(target)
      db.notify(EVENT.generic, 'del', target)
    }
    return count
  } finally {
    if (isOwn) table.release()
  }
}

function longestOf(table: Dict, records: Int32Array): number {
  const member = new Range()
  let longest = 0
  for (let i = 0; i < records.length; i++) longest = Math.max(longest, table.key(records[i]!, member).length)
  return longest
}
