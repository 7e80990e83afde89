/* Budget -- what one aggregation may keep in the heap: characters of strings, and cells of rows and groups.
 *
 *      Ledger   all aggregations of a server together          1 GB of characters     134 million cells
 *      Budget   one of them                                    0.5 GB                  33 million
 *
 * Rows on their way through a pipeline are few. Groups, sorted rows and rows that wait to be sent are as many as a client asks
 * for, and a cursor keeps them between its reads, so what they take is counted: a cell is a number, or a reference, of eight
 * bytes. A query that would keep more is refused; the server goes on. What an aggregation took goes back when it ends.
 *
 * Whoever keeps strings by their ids is known here too: ids mean something only until other commands run, and before that
 * happens all are told to `settle`, to keep texts in their place. */

import { refuse } from '../query/failure.ts'
import type { Cell } from '../expression/value.ts'
import { Loan } from './arrays.ts'

/** Characters, each a byte. */
const CHARACTERS_MAX = 2 ** 29
const CELLS_MAX = 2 ** 25
/** The same of all aggregations. */
const ALL_CHARACTERS_MAX = 2 ** 30
const ALL_CELLS_MAX = 2 ** 27

/** Keeps strings by their ids for a while. */
export interface Holder {
  /** Other commands are about to run. */
  settle(): void
}

/** What all aggregations of a server keep. */
export class Ledger {
  characters = 0
  cells = 0

  get bytes(): number {
    return this.characters + this.cells * 8
  }
}

/** What is left to an aggregation. */
export class Budget {
  /** The arrays that it borrows for its batches. */
  readonly arrays: Loan
  readonly #ledger: Ledger
  #characters = 0
  #cells = 0
  readonly #holders: Holder[] = []

  constructor(arrays: Loan = new Loan(), ledger: Ledger = new Ledger()) {
    this.arrays = arrays
    this.#ledger = ledger
  }

  /** Let something be told before other commands run. */
  register(holder: Holder): void {
    this.#holders.push(holder)
  }

  /** Other commands are about to run. @throws QueryFailure */
  settle(): void {
    for (const holder of this.#holders) holder.settle()
  }

  /** So many characters more are kept, or less when below 0. @throws QueryFailure */
  spend(characters: number): void {
    this.#characters += characters
    this.#ledger.characters += characters
    if (characters > 0 && (this.#characters > CHARACTERS_MAX || this.#ledger.characters > ALL_CHARACTERS_MAX))
      refuse('Limit exceeded')
  }

  /** So many cells more are kept, or less when below 0. @throws QueryFailure */
  spendCells(cells: number): void {
    this.#cells += cells
    this.#ledger.cells += cells
    if (cells > 0 && this.cellsLeft < 0) refuse('Limit exceeded')
  }

  /** Cells that may still be kept. */
  get cellsLeft(): number {
    return Math.min(CELLS_MAX - this.#cells, ALL_CELLS_MAX - this.#ledger.cells)
  }

  /** The aggregation is over. */
  release(): void {
    this.#ledger.characters -= this.#characters
    this.#ledger.cells -= this.#cells
    this.#characters = this.#cells = 0
    this.arrays.release()
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
