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
import { BATCH_ROWS, Loan } from './arrays.ts'
import { DocumentNumbers } from './document-numbers.ts'
import { keepWords, placesOfTrue } from './kernels.ts'
import type { Lane } from './lane.ts'

export { BATCH_ROWS }

const NONE: Int32Array = new Int32Array(0)

/** What of a batch is still looked at behind a step. */
export interface Kept {
  readonly slots: readonly number[]
  readonly documents: boolean
}

/** Rows with their properties. */
export class Batch implements Row {
  count = 0
  /** How many rows a source may put in: fewer than there is room for where a row takes long. */
  most = BATCH_ROWS
  /** The document of each row; of groups it means nothing. */
  readonly documents: DocumentNumbers
  /** Kept only where rows go straight from documents to the output: nobody else asks. */
  readonly ordinals: Int32Array
  readonly hasOrdinals: boolean
  /** By slot. */
  readonly lanes: Lane[]
  /** Why the rows end here. */
  failure: QueryFailure | null = null
  /** The row that expressions look at. */
  row = 0
  #rows: Int32Array = NONE
  readonly #arrays: Loan

  constructor(lanes: Lane[], hasOrdinals = false, arrays: Loan = new Loan()) {
    this.#arrays = arrays
    this.documents = new DocumentNumbers(arrays)
    this.lanes = lanes
    this.hasOrdinals = hasOrdinals
    this.ordinals = hasOrdinals ? arrays.words() : NONE
  }

  cell(slot: number): Cell {
    return this.lanes[slot]!.cell(this.row)
  }

  /** Keep the rows whose value is true. */
  filter(values: Float64Array, kept: Kept): void {
    this.keepPlaces(placesOfTrue(values, this.places, this.count), kept)
  }

  /** Where to put the places of rows that are to be kept. */
  get places(): Int32Array {
    if (this.#rows.length === 0) this.#rows = this.#arrays.words()
    return this.#rows
  }

  /** Keep the rows whose places are in `places`, so many, in growing order. */
  keepPlaces(left: number, { slots, documents }: Kept): void {
    if (left === this.count) return
    const rows = this.#rows
    if (documents) this.documents.keep(rows, left)
    if (this.hasOrdinals) keepWords(this.ordinals, rows, left)
    for (const slot of slots) this.lanes[slot]!.keep(rows, left)
    this.count = left
  }

  /** Leave out rows at the front, and all behind so many. */
  slice(skip: number, count: number, kept: Kept): void {
    if (skip === 0) {
      this.count = Math.min(this.count, count)
      return
    }
    const rows = this.places
    const left = Math.max(0, Math.min(this.count - skip, count))
    for (let i = 0; i < left; i++) rows[i] = skip + i
    this.keepPlaces(left, kept)
  }
}
