/* Output -- the rows at the end of a plan, until they are sent. A cursor takes them in portions: what is left of a batch waits
 * for the next read. */

import type { Batch, Kept } from './batch.ts'
import type { Budget } from './budget.ts'
import type { Lane } from './lane.ts'
import { RowStore } from './row-store.ts'
import type { Sink } from './stage.ts'

/** Rows to be sent. */
export class Output implements Sink {
  readonly reads: Kept
  readonly weight = 0
  readonly #slots: readonly number[]
  readonly #budget: Budget
  #store: RowStore
  /** The rows that wait: from `first`, up to `count`. */
  first = 0
  count = 0
  /** How many rows are enough for now. */
  wanted = Number.POSITIVE_INFINITY

  constructor(lanes: readonly Lane[], slots: readonly number[], budget: Budget) {
    this.#budget = budget
    this.reads = { slots, documents: false }
    this.#slots = slots
    this.#store = new RowStore(lanes, slots, false, budget)
  }

  get isFull(): boolean {
    return this.count - this.first >= this.wanted
  }

  get lanes(): readonly Lane[] {
    return this.#store.lanes
  }

  /** The ordinal of a row. */
  ordinal(row: number): number {
    return this.#store.order[row]!
  }

  take(batch: Batch): void {
    this.#store.reserve(this.count + batch.count)
    this.#store.copy(this.count, batch, batch.count)
    this.count += batch.count
  }

  /** So many rows were sent. */
  drop(rows: number): void {
    this.first += rows
    if (this.first < this.count) return
    this.#store.release()
    this.first = this.count = 0
    this.#store = new RowStore(this.#store.lanes, this.#slots, false, this.#budget)
  }
}
