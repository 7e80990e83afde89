/* Document numbers -- which document each row of a batch is of.
 *
 *      a list    12  13  17  20 ...          of documents that were found, mostly in order
 *      a run     first 5000, 1024 rows       all documents from a number on: nothing is written down
 *
 * Where all documents are asked for and none ever died, rows are runs, and columns are copied a chunk at a time. Whoever needs
 * the list of a run gets it by `spell`. */

import { CHUNK_DOCS, CHUNK_MASK } from '../index/column.ts'
import { addToWords, countUp, keepWords } from './kernels.ts'

/** Fewer rows are not worth a call. */
const RUN_MIN = 8

/** The documents of rows. */
export class DocumentNumbers {
  readonly #capacity: number
  /** Made when it is first needed: rows may all be runs, or no documents at all. */
  #list: Int32Array | null = null
  /** The document of the first row of a run; 0: they are in the list. */
  #first = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get list(): Int32Array {
    return (this.#list ??= new Int32Array(this.#capacity))
  }

  /** Let the rows be documents that follow each other. */
  setRun(first: number): void {
    this.#first = first
  }

  /** Let the rows be those of the list, which the caller fills. */
  setList(): void {
    this.#first = 0
  }

  /** The document of a row. */
  at(row: number): number {
    return this.#first === 0 ? this.list[row]! : this.#first + row
  }

  /** The list of so many rows. */
  spell(count: number): Int32Array {
    if (this.#first !== 0) countUp(this.list, this.#first, count)
    this.#first = 0
    return this.list
  }

  /** Keep only some rows, given in growing order. */
  keep(rows: Int32Array, count: number): void {
    if (this.#first === 0) keepWords(this.list, rows, count)
    else addToWords(rows, this.#first, this.list, count)
    this.#first = 0
  }

  /** How many documents from a row on are in the same chunk as the first of them. Documents stand in order. */
  inChunk(row: number, count: number): number {
    const last = this.at(row) | CHUNK_MASK
    const most = Math.min(count - row, CHUNK_DOCS)
    if (this.#first !== 0) return Math.min(most, last - this.at(row) + 1)
    // Mostly all documents of a chunk are there, or many.
    const { list } = this
    if (list[row + most - 1]! <= last) return most
    let low = 1
    let high = most - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (list[row + middle - 1]! <= last) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Whether documents in order follow each other without a gap. */
  isRun(row: number, rows: number): boolean {
    return this.#first !== 0 || (rows >= RUN_MIN && this.list[row + rows - 1] === this.list[row]! + rows - 1)
  }
}
