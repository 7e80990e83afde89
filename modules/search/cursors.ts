/* Cursors -- aggregations that are read in portions.
 *
 *      WITHCURSOR ──> [rows, 73]     FT.CURSOR READ idx 73 ──> [rows, 73]     READ ──> [rows, 0]      it is over
 *
 * A cursor that nobody reads for its idle time ends by itself, and so do those of an index that is dropped. An index may have only
 * so many at a time. While one is being read it cannot be found. */

import { type Clock, type Host, type ReplyError, replyError, type Timer } from 'redstrata/module'
import type { Index } from './catalogue.ts'
import type { Aggregation } from './results/aggregate-job.ts'

/** An aggregation that waits to be read on. */
export interface Cursor {
  readonly id: number
  readonly aggregation: Aggregation
  readonly idleMs: number
  /** When it ends if nobody reads it. */
  endsAtMs: number
  isBusy: boolean
}

/** Greatest number of a cursor. */
const ID_MAX = 2 ** 31 - 1

/** The cursors of a server. */
export class Cursors {
  readonly #host: Host
  readonly #clock: Clock
  readonly #byId = new Map<number, Cursor>()
  #timer: Timer | null = null
  /** When the timer wakes. */
  #wakesAtMs = Number.POSITIVE_INFINITY

  constructor(host: Host) {
    this.#host = host
    this.#clock = host.clock
  }

  get count(): number {
    return this.#byId.size
  }

  /** Cursors that nobody reads at the moment. */
  get idle(): number {
    let count = 0
    for (const cursor of this.#byId.values()) if (!cursor.isBusy) count++
    return count
  }

  /** Cursors of an index. */
  countOf(index: Index): number {
    let count = 0
    for (const cursor of this.#byId.values()) if (cursor.aggregation.index === index) count++
    return count
  }

  /** A new cursor, which is being read. @throws ReplyError when its index has too many. */
  open(aggregation: Aggregation, idleMs: number, most: number): Cursor {
    this.#collect()
    if (this.countOf(aggregation.index) >= most) throw tooMany(most)
    let id = 0
    do id = 1 + this.#host.random.below(ID_MAX)
    while (this.#byId.has(id))
    const cursor: Cursor = { id, aggregation, idleMs, endsAtMs: Number.POSITIVE_INFINITY, isBusy: true }
    this.#byId.set(id, cursor)
    return cursor
  }

  /** The cursor of a number, which is being read from now on; null when there is none. */
  take(id: number): Cursor | null {
    const cursor = this.#byId.get(id)
    if (cursor === undefined || cursor.isBusy || cursor.endsAtMs <= this.#clock.nowMs()) return null
    cursor.isBusy = true
    return cursor
  }

  /** A read is over, and there is more to read; false when the cursor was ended meanwhile. */
  release(cursor: Cursor): boolean {
    if (this.#byId.get(cursor.id) !== cursor) return false
    cursor.isBusy = false
    cursor.endsAtMs = this.#clock.nowMs() + cursor.idleMs
    this.#watch()
    return true
  }

  /** End a cursor; while it is being read, whoever reads it lets its aggregation go. */
  end(cursor: Cursor): void {
    this.#byId.delete(cursor.id)
    if (!cursor.isBusy) cursor.aggregation.end()
  }

  /** End a cursor by its number; false when there is none. */
  delete(id: number): boolean {
    const cursor = this.#byId.get(id)
    if (cursor !== undefined) this.end(cursor)
    return cursor !== undefined
  }

  /** End the cursors of an index. */
  endAll(index: Index): void {
    for (const cursor of [...this.#byId.values()]) if (cursor.aggregation.index === index) this.end(cursor)
  }

  /** End those that were idle for too long. */
  #collect(): void {
    const now = this.#clock.nowMs()
    for (const cursor of [...this.#byId.values()]) if (!cursor.isBusy && cursor.endsAtMs <= now) this.end(cursor)
  }

  /** Wake when the first of them has been idle for too long. */
  #watch(): void {
    let first = Number.POSITIVE_INFINITY
    for (const cursor of this.#byId.values()) if (!cursor.isBusy) first = Math.min(first, cursor.endsAtMs)
    if (first >= this.#wakesAtMs) return
    this.#timer?.cancel()
    this.#wakesAtMs = first
    this.#timer = this.#host.timer(Math.max(1, first - this.#clock.nowMs()), () => {
      this.#timer = null
      this.#wakesAtMs = Number.POSITIVE_INFINITY
      this.#collect()
      this.#watch()
    })
  }
}

function tooMany(most: number): ReplyError {
  return replyError(`INDEX_CURSOR_LIMIT of ${most} has been reached for an index`)
}
