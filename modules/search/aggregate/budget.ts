/* Budget -- what one aggregation may keep in the heap: characters of strings, and cells of rows.
 *
 * Rows on their way through a pipeline are few. Groups, sorted rows and rows that wait to be sent are as many as a client asks
 * for, so their texts are counted. A query that would keep more is refused; the server goes on.
 *
 * Whoever keeps strings by their ids is known here too: ids mean something only until other commands run, and before that
 * happens all are told to `settle`, to keep texts in their place. */

import { refuse } from '../query/failure.ts'
import type { Cell } from '../expression/value.ts'
import { Loan } from './arrays.ts'

/** Characters, each a byte: half a gigabyte. */
const CHARACTERS_MAX = 2 ** 29
/** Cells of rows: what lanes hold for them. */
const CELLS_MAX = 2 ** 25

/** Keeps strings by their ids for a while. */
export interface Holder {
  /** Other commands are about to run. */
  settle(): void
}

/** What is left to an aggregation. */
export class Budget {
  /** The arrays that it borrows for its batches. */
  readonly arrays: Loan
  #left = CHARACTERS_MAX
  readonly #holders: Holder[] = []

  constructor(arrays: Loan = new Loan()) {
    this.arrays = arrays
  }

  /** Let something be told before other commands run. */
  register(holder: Holder): void {
    this.#holders.push(holder)
  }

  /** Other commands are about to run. @throws QueryFailure */
  settle(): void {
    for (const holder of this.#holders) holder.settle()
  }

  /** A string is kept, or one of so many characters less is kept in its place. @throws QueryFailure */
  spend(characters: number): void {
    this.#left -= characters
    if (this.#left < 0) refuse('Limit exceeded')
  }

  /** So many cells are to be kept. @throws QueryFailure */
  checkCells(cells: number): void {
    if (cells > CELLS_MAX) refuse('Limit exceeded')
  }
}

/** What a cell weighs: the characters of its strings. */
export function weightOf(cell: Cell): number {
  if (typeof cell === 'string') return cell.length
  if (typeof cell !== 'object' || cell === null) return 0
  let weight = cell.length * 8
  for (const value of cell) weight += weightOf(value)
  return weight
}
