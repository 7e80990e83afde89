/* Progress -- how many of a stream's entries has a group read, and how many are left?
 *
 * A group counts the entries that it is given. The count stays exact as long as nothing was deleted between its last id and the
 * end of the stream; where something was, it is worked out anew, which is possible only at the ends:
 *
 *      ever added, 8:   1  2  3  4  5  6  7  8          entry 3 is the first left: two went before it
 *      in the stream:         3  4  5  6  7  8
 *      read up to:      0  0  3              8          others only by counting
 *
 * The rules are those of Redis 7.4, since both numbers show in XINFO; null stands for a number that cannot be known. */

import { compareIds, StreamId } from '../../structs/stream-id.ts'
import type { StreamLog } from '../../structs/stream-log.ts'
import { type Counter, counterOf, minus, plus } from './counter.ts'

/** What the rules ask of a stream. */
export class StreamFacts {
  readonly firstId = new StreamId()
  readonly lastId = new StreamId()
  readonly maxDeletedId = new StreamId()
  length = 0
  added: Counter = 0

  /** Take down the facts. The log's cursor is lost. */
  read(log: StreamLog): this {
    this.length = log.length
    this.added = counterOf(log.entriesAdded)
    log.readLastId(this.lastId)
    log.readMaxDeletedId(this.maxDeletedId)
    if (!log.firstId(this.firstId)) this.firstId.setMin()
    return this
  }
}

/** Whether an entry was deleted behind an id, as far as the greatest such id tells. */
function hasGapsAfter(facts: StreamFacts, id: StreamId): boolean {
  return facts.length > 0 && !facts.maxDeletedId.isMin && compareIds(id, facts.maxDeletedId) <= 0
}

/** How many entries were ever added up to an id. */
function countUpTo(facts: StreamFacts, id: StreamId): Counter | null {
  if (facts.added === 0) return 0
  const toLast = compareIds(id, facts.lastId)
  if (facts.length === 0 && toLast <= 0) return facts.added
  if (!id.isMin && compareIds(id, facts.maxDeletedId) < 0) return null
  if (toLast === 0) return facts.added
  if (toLast > 0) return null
  if (!facts.maxDeletedId.isMin && compareIds(facts.maxDeletedId, facts.firstId) >= 0) return null
  const toFirst = compareIds(id, facts.firstId)
  if (toFirst > 0) return null
  const gone = minus(facts.added, facts.length)
  return toFirst < 0 ? gone : plus(gone, 1)
}

/** The count of a group at `last` after it is given the entry `id`, the next one. */
export function countAfter(facts: StreamFacts, count: Counter | null, last: StreamId, id: StreamId): Counter | null {
  const isSound = count !== null && compareIds(last, facts.firstId) >= 0 && !hasGapsAfter(facts, last)
  return isSound ? plus(count, 1) : countUpTo(facts, id)
}

/** How many entries a group at `last` has still to be given. */
export function lagOf(facts: StreamFacts, count: Counter | null, last: StreamId): Counter | null {
  const { added, length, firstId } = facts
  if (added === 0 || length === 0) return 0
  if (compareIds(last, firstId) < 0 && compareIds(facts.maxDeletedId, firstId) < 0) return length
  const read = count !== null && !hasGapsAfter(facts, last) ? count : countUpTo(facts, last)
  return read === null ? null : minus(added, read)
}
