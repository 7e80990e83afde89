/* Lanes -- the values of one property in many rows, kept side by side.
 *
 *      row          0       1       2       3
 *      @price       9.95    48.5    NaN     35        NumberLane: a Float64Array; NaN where a document has no number
 *      @brand       2       7       2       0         WordLane: ids of interned strings (index/strings.ts)
 *      @brand       0       1       2       3         CodeLane: of groups, codes of what they were made by (coder.ts)
 *      @parts       [..]    [..]    [..]    [..]      ValueLane: whatever else there is
 *
 * What a lane is made of is known when a query is planned, so a loop over a lane is a loop over a typed array: no object
 * stands for a row, and a string that is only grouped by or compared is never made.
 *
 * An id holds only until its string goes away, as it may when other commands run. So a lane of words lives for one batch;
 * what is kept longer (groups, sorted rows, rows to be sent) is kept as text: see `keeper`. */

import { Range, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import type { Cell, Value } from '../expression/value.ts'
import { CHUNK_MASK } from '../index/column.ts'
import type { Numbers } from '../index/numbers.ts'
import type { Strings } from '../index/strings.ts'
import type { DocumentNumbers } from './document-numbers.ts'
import { gatherDoubles, gatherWords, keepDoubles, keepWords } from './kernels.ts'

/** What NaN in a lane of numbers means. */
export const NAN = { number: 0, missing: 1, null: 2 } as const
export type NanMeaning = (typeof NAN)[keyof typeof NAN]

/** Texts that a lane remembers at most for ids. */
const TEXTS_MAX = 1 << 16

/** The values of a property, by row. */
export abstract class Lane {
  /** The value of a row. */
  abstract cell(row: number): Cell

  /** Keep only some rows, given in growing order. */
  abstract keep(rows: Int32Array, count: number): void

  /** An empty lane for values of this lane that are kept for longer, with room for so many. */
  abstract keeper(capacity: number): Lane

  /** An empty lane of the same kind. */
  abstract like(capacity: number): Lane

  /** Have room for so many rows. */
  abstract reserve(capacity: number): void

  /** Take a row of another lane: one of the same kind, or one that this is a keeper of. */
  abstract put(row: number, from: Lane, fromRow: number): void

  /** Take consecutive rows of another lane, as `put` does. */
  copy(row: number, from: Lane, fromRow: number, count: number): void {
    for (let i = 0; i < count; i++) this.put(row + i, from, fromRow + i)
  }
}

/** Numbers. */
export class NumberLane extends Lane {
  values: Float64Array
  readonly nan: NanMeaning
  /** Whether it is known that no row is NaN. */
  isWhole = false

  constructor(capacity: number, nan: NanMeaning, values: Float64Array = new Float64Array(capacity)) {
    super()
    this.values = values
    this.nan = nan
  }

  cell(row: number): Cell {
    const value = this.values[row]!
    if (this.nan === NAN.number || !Number.isNaN(value)) return value
    return this.nan === NAN.null ? null : undefined
  }

  keep(rows: Int32Array, count: number): void {
    keepDoubles(this.values, rows, count)
  }

  keeper(capacity: number): Lane {
    return new NumberLane(capacity, this.nan)
  }

  like(capacity: number): Lane {
    return new NumberLane(capacity, this.nan)
  }

  reserve(capacity: number): void {
    if (capacity <= this.values.length) return
    const longer = new Float64Array(Math.max(capacity, this.values.length * 2))
    longer.set(this.values)
    this.values = longer
  }

  put(row: number, from: Lane, fromRow: number): void {
    this.values[row] = (from as NumberLane).values[fromRow]!
  }

  override copy(row: number, from: Lane, fromRow: number, count: number): void {
    this.values.set((from as NumberLane).values.subarray(fromRow, fromRow + count), row)
  }

  /** Take the numbers of documents. @param isWhole whether it is known that each has one. */
  load(numbers: Numbers, documents: DocumentNumbers, count: number, isWhole: boolean): void {
    const { values } = this
    const { column } = numbers
    const spans = documents.spans(count)
    const { starts } = documents
    this.isWhole = isWhole
    for (let span = 0; span < spans; span++) {
      const row = starts[span]!
      const end = starts[span + 1]!
      const document = documents.at(row)
      const address = column.chunk(document)
      if (address === 0) {
        values.fill(NaN, row, end)
        continue
      }
      const doubles = column.memory.f64[address >>> SLAB_BITS]!
      const from = (address & UNIT_MASK) + (document & CHUNK_MASK)
      if (documents.isRun) values.set(doubles.subarray(from, from + end - row), row)
      else gatherDoubles(doubles, from - document, documents.list, values, row, end)
    }
  }
}

/** Interned strings, as their ids; 0 where there is none. */
export class WordLane extends Lane {
  words: Int32Array
  readonly strings: Strings
  /** Texts by id, as long as no string went away. */
  readonly #texts = new Map<number, string>()
  #removals = -1
  readonly #range = new Range()

  constructor(capacity: number, strings: Strings, words: Int32Array = new Int32Array(capacity)) {
    super()
    this.words = words
    this.strings = strings
  }

  cell(row: number): Cell {
    const word = this.words[row]!
    return word === 0 ? undefined : this.text(word)
  }

  /** The text of an id. */
  text(word: number): string {
    if (this.strings.removals !== this.#removals) {
      this.#texts.clear()
      this.#removals = this.strings.removals
    }
    let text = this.#texts.get(word)
    if (text === undefined) {
      if (this.#texts.size === TEXTS_MAX) this.#texts.clear()
      text = this.strings.text(word, this.#range).latin1()
      this.#texts.set(word, text)
    }
    return text
  }

  keep(rows: Int32Array, count: number): void {
    keepWords(this.words, rows, count)
  }

  keeper(capacity: number): Lane {
    return new ValueLane(capacity)
  }

  like(capacity: number): Lane {
    return new WordLane(capacity, this.strings)
  }

  reserve(capacity: number): void {
    if (capacity <= this.words.length) return
    const longer = new Int32Array(Math.max(capacity, this.words.length * 2))
    longer.set(this.words)
    this.words = longer
  }

  put(row: number, from: Lane, fromRow: number): void {
    this.words[row] = (from as WordLane).words[fromRow]!
  }

  /** Take the strings of documents. */
  load(documents: DocumentNumbers, count: number): void {
    const { words } = this
    const { column } = this.strings
    const spans = documents.spans(count)
    const { starts } = documents
    for (let span = 0; span < spans; span++) {
      const row = starts[span]!
      const end = starts[span + 1]!
      const document = documents.at(row)
      const address = column.chunk(document)
      if (address === 0) {
        words.fill(0, row, end)
        continue
      }
      const from = column.memory.i32[address >>> SLAB_BITS]!
      const first = ((address & UNIT_MASK) << 1) + (document & CHUNK_MASK)
      if (documents.isRun) words.set(from.subarray(first, first + end - row), row)
      else gatherWords(from, first - document, documents.list, words, row, end)
    }
  }
}

/** Whatever knows values by their codes. */
export interface Decoder {
  value(code: number): Value
}

/** Codes, whose values are only made when they are looked at. */
export class CodeLane extends Lane {
  codes: Int32Array
  readonly #decoder: Decoder

  constructor(capacity: number, decoder: Decoder) {
    super()
    this.codes = new Int32Array(capacity)
    this.#decoder = decoder
  }

  cell(row: number): Cell {
    return this.#decoder.value(this.codes[row]!)
  }

  keep(rows: Int32Array, count: number): void {
    keepWords(this.codes, rows, count)
  }

  keeper(capacity: number): Lane {
    return new ValueLane(capacity)
  }

  like(capacity: number): Lane {
    return new CodeLane(capacity, this.#decoder)
  }

  reserve(capacity: number): void {
    if (capacity <= this.codes.length) return
    const longer = new Int32Array(Math.max(capacity, this.codes.length * 2))
    longer.set(this.codes)
    this.codes = longer
  }

  put(row: number, from: Lane, fromRow: number): void {
    this.codes[row] = (from as CodeLane).codes[fromRow]!
  }
}

/** Values of any kind. */
export class ValueLane extends Lane {
  readonly values: Cell[]

  constructor(capacity: number) {
    super()
    this.values = new Array<Cell>(capacity).fill(undefined)
  }

  cell(row: number): Cell {
    return this.values[row]
  }

  keep(rows: Int32Array, count: number): void {
    const { values } = this
    for (let i = 0; i < count; i++) values[i] = values[rows[i]!]
  }

  keeper(capacity: number): Lane {
    return new ValueLane(capacity)
  }

  like(capacity: number): Lane {
    return new ValueLane(capacity)
  }

  reserve(capacity: number): void {
    while (this.values.length < capacity) this.values.push(undefined)
  }

  put(row: number, from: Lane, fromRow: number): void {
    this.values[row] = from.cell(fromRow)
  }
}
