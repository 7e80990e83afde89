/* Batch -- up to 1,024 rows on their way through the steps of an aggregation, as lanes.
 *
 *      documents   12  13  17  ...        lanes[0] @price    lanes[1] @brand   ...
 *      ordinals     5   6   7  ...        which row of its source each was, counted from 1
 *
 * A step changes a batch in place: APPLY fills a lane, FILTER and LIMIT leave rows out. When an expression fails for a row,
 * the rows before it go on, and the failure with them: whether it matters is decided at the end of the steps. */

import type { Row } from '../expression/evaluate.ts'
import type { Cell } from '../expression/value.ts'
import type { QueryFailure } from '../query/failure.ts'
import type { Lane } from './lane.ts'

/** Rows of a batch. */
export const BATCH_ROWS = 1024

/** Rows with their properties. */
export class Batch implements Row {
  count = 0
  /** The document of each row; 0 where rows are groups. */
  readonly documents: Int32Array = new Int32Array(BATCH_ROWS)
  readonly ordinals: Int32Array = new Int32Array(BATCH_ROWS)
  /** By slot. */
  readonly lanes: Lane[]
  /** Why the rows end here. */
  failure: QueryFailure | null = null
  /** The row that expressions look at. */
  row = 0
  readonly #rows = new Int32Array(BATCH_ROWS)

  constructor(lanes: Lane[]) {
    this.lanes = lanes
  }

  cell(slot: number): Cell {
    return this.lanes[slot]!.cell(this.row)
  }

  /** Keep the rows whose value is true, and of the lanes those that are filled. */
  filter(values: Float64Array, slots: readonly number[]): void {
    const rows = this.#rows
    const { count } = this
    let kept = 0
    for (let i = 0; i < count; i++) if (values[i] !== 0) rows[kept++] = i
    if (kept !== count) this.#keep(kept, slots)
  }

  /** Leave out rows at the front, and all behind so many. */
  slice(skip: number, count: number, slots: readonly number[]): void {
    if (skip === 0) {
      this.count = Math.min(this.count, count)
      return
    }
    const rows = this.#rows
    const kept = Math.max(0, Math.min(this.count - skip, count))
    for (let i = 0; i < kept; i++) rows[i] = skip + i
    this.#keep(kept, slots)
  }

  #keep(kept: number, slots: readonly number[]): void {
    const rows = this.#rows
    const { documents, ordinals } = this
    for (let i = 0; i < kept; i++) {
      documents[i] = documents[rows[i]!]!
      ordinals[i] = ordinals[rows[i]!]!
    }
    for (const slot of slots) this.lanes[slot]!.keep(rows, kept)
    this.count = kept
  }
}
