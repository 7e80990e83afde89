/* Document numbers -- which document each row of a batch is of.
 *
 *      a list    12  13  17  20 ...          of documents that were found, mostly in order
 *      a run     first 5000, 1024 rows       all documents from a number on: nothing is written down
 *
 * Where all documents are asked for and none ever died, rows are runs, and columns are copied a chunk at a time. Whoever needs
 * the list of a run gets it by `spell`. Columns are read span by span: rows whose documents lie in one chunk. */

import { CHUNK_BITS, CHUNK_MASK } from '../index/column.ts'
import type { Loan } from './arrays.ts'
import { addToWords, chunkStarts, countUp, keepWords, startsInOrder } from './kernels.ts'

const NO_ROWS = new Int32Array(0)

/** The documents of rows. */
export class DocumentNumbers {
  readonly #arrays: Loan
  /** Made when it is first needed: rows may all be runs, or no documents at all. */
  #list: Int32Array | null = null
  /** The document of the first row of a run; 0: they are in the list. */
  #first = 0
  /** Whether the list grows. */
  #grows = false
  /** How many spans there are in how many rows, -1 until it is asked for; and their starts. */
  #spans = 0
  #spannedRows = -1
  starts: Int32Array = NO_ROWS

  constructor(arrays: Loan) {
    this.#arrays = arrays
  }

  get list(): Int32Array {
    return (this.#list ??= this.#arrays.words())
  }

  /** Let the rows be documents that follow each other. */
  setRun(first: number): void {
    this.#first = first
    this.#spannedRows = -1
  }

  /** Let the rows be those of the list, which the caller fills. @param grows whether with growing numbers. */
  setList(grows = false): void {
    this.#first = 0
    this.#grows = grows
    this.#spannedRows = -1
  }

  /** The document of a row. */
  at(row: number): number {
    return this.#first === 0 ? this.list[row]! : this.#first + row
  }

  /** The list of so many rows. */
  spell(count: number): Int32Array {
    if (this.#first !== 0) {
      countUp(this.list, this.#first, count)
      this.#grows = true
    }
    this.#first = 0
    return this.list
  }

  /** Keep only some rows, given in growing order. */
  keep(rows: Int32Array, count: number): void {
    const { isRun } = this
    if (isRun) addToWords(rows, this.#first, this.list, count)
    else keepWords(this.list, rows, count)
    this.setList(isRun || this.#grows)
  }

  /** Whether documents follow each other without a gap. */
  get isRun(): boolean {
    return this.#first !== 0
  }

  /** Cut the rows into spans whose documents are in one chunk each: `starts` names the first row of each, and the end. */
  spans(count: number): number {
    if (this.#spannedRows === count) return this.#spans
    this.#spannedRows = count
    const starts = (this.starts = this.starts.length === 0 ? this.#arrays.bounds() : this.starts)
    if (this.isRun) this.#spans = this.#cutRun(count, starts)
    else if (this.#grows) this.#spans = startsInOrder(this.list, CHUNK_MASK, starts, count)
    else this.#spans = chunkStarts(this.list, CHUNK_BITS, starts, count)
    starts[this.#spans] = count
    return this.#spans
  }

  #cutRun(count: number, starts: Int32Array): number {
    let spans = 0
    for (let row = 0; row < count; row = ((this.#first + row) | CHUNK_MASK) + 1 - this.#first) starts[spans++] = row
    return spans
  }
}
