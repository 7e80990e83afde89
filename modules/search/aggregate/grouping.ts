/* Grouping -- rows with the same values of some properties become one row, with what reducers kept of them.
 *
 *      @brand codes   0  1  0  2     ┐
 *      @size  codes   0  0  1  0     ┴ pairs    0  1  2  3   the group of each row   ──> reducers
 *
 * By one property a group is a code of that property's coder; by several, codes are folded into numbers of pairs; by none, there
 * is one group. A row whose property is a list is in the group of each of its elements. Groups come out in the order in which they
 * first appeared, decoded a batch at a time. */

import { refuse } from '../query/failure.ts'
import { type Batch, BATCH_ROWS, type Kept } from './batch.ts'
import type { Budget } from './budget.ts'
import { type Coder, coderOf, ValueCoder } from './coder.ts'
import { countRows } from './kernels.ts'
import type { Lane } from './lane.ts'
import { PairTable } from './pair-table.ts'
import { type Reducer, Sum } from './reducer.ts'
import type { Sink, Source } from './stage.ts'

const NO_ROWS = new Int32Array(0)
/** Reducers that are quick enough for batches of any size. */
const FEW_REDUCERS = 16
/** Combinations of the elements of a row's lists. */
const COMBINATIONS_MAX = 2 ** 20

/** Groups rows; then it is a source of groups. */
export class Grouping implements Sink, Source {
  readonly title = 'Grouper'
  readonly isFull = false
  readonly reads: Kept
  readonly #keys: readonly number[]
  readonly #reducers: readonly Reducer[]
  readonly #coders: Coder[]
  readonly #codes: Int32Array[]
  /** One less than there are keys. */
  readonly #pairs: PairTable[]
  /** The groups of rows where all are one. */
  readonly #zeros: Int32Array
  readonly #spread: Spread | null
  /** How many rows each group has, where some reducer asks. */
  readonly #readsSizes: boolean
  /** The reducer that counts them while it adds, where there is one. */
  readonly #counter: Sum | null
  #sizes = new Int32Array(16)
  readonly #budget: Budget
  /** Groups whose cells are paid for, and reducers that are told that all rows are there. */
  #paid = 0
  #finished = 0
  /** Cells that a group takes. */
  readonly #width: number
  /** Groups that there are, and that were given out. */
  #count = 0
  #given = 0

  /**
   * @param keys slots of the properties. @param lanes of the batches that will come.
   * @param slots all that keys and reducers look at.
   */
  constructor(
    keys: readonly number[],
    reducers: readonly Reducer[],
    lanes: readonly Lane[],
    slots: readonly number[],
    budget: Budget,
  ) {
    this.reads = { slots, documents: false }
    this.#budget = budget
    this.#width = reducers.reduce((sum, { cells }) => sum + cells, 1)
    this.#keys = keys
    this.#reducers = reducers
    this.#readsSizes = reducers.some(reducer => reducer.readsSizes)
    this.#counter = this.#readsSizes ? (reducers.find(reducer => reducer instanceof Sum) ?? null) : null
    this.#coders = keys.map(slot => coderOf(lanes[slot]!, budget))
    this.#codes = keys.map(() => budget.arrays.words())
    this.#zeros = keys.length === 0 ? budget.arrays.words().fill(0) : NO_ROWS
    this.#pairs = keys.slice(1).map(() => new PairTable(budget))
    const hasLists = this.#coders.some(coder => coder instanceof ValueCoder)
    this.#spread = hasLists ? new Spread(lanes, slots, keys.length) : null
  }

  /** Lanes of the rows that come out: one for each key, then one for each reducer. */
  outputLanes(): Lane[] {
    return [...this.#coders.map(coder => coder.lane(0)), ...this.#reducers.map(reducer => reducer.lane(0))]
  }

  take(batch: Batch): void {
    if (batch.count === 0) return
    const coders = this.#coders
    let hasLists = false
    for (let k = 0; k < coders.length; k++)
      if (!coders[k]!.encode(batch.lanes[this.#keys[k]!]!, batch.count, this.#codes[k]!)) hasLists = true
    if (hasLists) this.#takeSpread(batch)
    else this.#reduce(batch.lanes, batch.count)
  }

  /** The codes of all keys are there: find the groups, and give the rows to the reducers. */
  #reduce(lanes: readonly Lane[], count: number): void {
    const groups = this.#groupsOf(count)
    if (this.#count > this.#paid) {
      this.#budget.spendCells((this.#count - this.#paid) * this.#width)
      this.#paid = this.#count
    }
    const counter = this.#counter
    if (this.#readsSizes) this.#reserveSizes()
    if (this.#readsSizes && counter === null) countRows(groups, this.#sizes, count)
    for (const reducer of this.#reducers) {
      reducer.reserve(this.#count)
      if (reducer === counter) counter.addCounting(lanes, groups, count, this.#sizes)
      else reducer.add(lanes, groups, count)
    }
  }

  #reserveSizes(): void {
    if (this.#count <= this.#sizes.length) return
    const longer = new Int32Array(Math.max(this.#count, this.#sizes.length * 2))
    longer.set(this.#sizes)
    this.#sizes = longer
  }

  #groupsOf(count: number): Int32Array {
    const codes = this.#codes
    if (codes.length === 0) {
      this.#count = 1
      return this.#zeros
    }
    const groups = codes[0]!
    for (let k = 1; k < codes.length; k++) {
      const pairs = this.#pairs[k - 1]!
      const second = codes[k]!
      for (let i = 0; i < count; i++) groups[i] = pairs.code(groups[i]!, second[i]!)
    }
    this.#count = codes.length === 1 ? this.#coders[0]!.count : this.#pairs.at(-1)!.count
    return groups
  }

  /** Some row has a list among its keys: it counts once for each element, or combination of elements. */
  #takeSpread(batch: Batch): void {
    const spread = this.#spread!
    for (let row = 0; row < batch.count; row++) {
      const choices = this.#keys.map((slot, k) => {
        const cell = batch.lanes[slot]!.cell(row)
        const coder = this.#coders[k]!
        if (typeof cell !== 'object' || cell === null) return [this.#codeOf(batch, k, row)]
        return cell.length === 0 ? [coder.nullCode()] : cell.map(value => (coder as ValueCoder).code(value))
      })
      if (choices.reduce((product, { length }) => product * length, 1) > COMBINATIONS_MAX) refuse('Limit exceeded')
      const digits = choices.map(() => 0)
      do {
        if (spread.count === BATCH_ROWS) this.#flush()
        for (let k = 0; k < choices.length; k++) spread.codes[k]![spread.count] = choices[k]![digits[k]!]!
        spread.add(batch.lanes, row)
      } while (step(digits, choices))
    }
    this.#flush()
  }

  /** The code of a row's key that is no list. */
  #codeOf(batch: Batch, k: number, row: number): number {
    const coder = this.#coders[k]!
    return coder instanceof ValueCoder ? coder.code(batch.lanes[this.#keys[k]!]!.cell(row)) : this.#codes[k]![row]!
  }

  #flush(): void {
    const spread = this.#spread!
    // The codes of the batch that is being taken apart are still needed.
    const own = this.#codes.map(codes => codes.slice())
    for (let k = 0; k < own.length; k++) this.#codes[k]!.set(spread.codes[k]!.subarray(0, spread.count))
    this.#reduce(spread.lanes, spread.count)
    for (let k = 0; k < own.length; k++) this.#codes[k]!.set(own[k]!)
    spread.count = 0
  }

  get total(): number {
    return this.#count
  }

  get weight(): number {
    // Lists in several keys can make any number of rows of one.
    if (this.#spread !== null && this.#keys.length > 1) return Number.POSITIVE_INFINITY
    const reducers = this.#reducers.length
    return reducers > FEW_REDUCERS ? reducers : 0
  }

  next(batch: Batch): boolean {
    batch.count = 0
    // What one reducer has to do may take long, so each has a turn.
    while (this.#finished < this.#reducers.length) if (this.#reducers[this.#finished++]!.finish()) return true
    const count = Math.min(batch.most, this.#count - this.#given)
    if (count <= 0) return false
    const first = this.#given
    const { lanes } = batch
    for (let slot = 0; slot < this.#keys.length + this.#reducers.length; slot++) lanes[slot]!.reserve(count)
    for (let i = 0; i < count; i++) this.#decode(first + i, lanes, i)
    const keys = this.#keys.length
    for (let r = 0; r < this.#reducers.length; r++) {
      this.#reducers[r]!.reserve(this.#count)
      this.#reducers[r]!.write(lanes[keys + r]!, first, count, this.#sizes)
    }
    batch.count = count
    this.#given += count
    return true
  }

  /** Put the keys of a group into a row: the last one is the second of a pair, and so on down. */
  #decode(group: number, lanes: readonly Lane[], row: number): void {
    let code = group
    for (let k = this.#keys.length - 1; k >= 0; k--) {
      const pairs = k === 0 ? null : this.#pairs[k - 1]!
      const own = pairs === null ? code : pairs.second[code]!
      this.#coders[k]!.decode(own, lanes[k]!, row)
      if (pairs !== null) code = pairs.first[code]!
    }
  }
}

/** Go on to the next combination; false after the last. */
function step(digits: number[], choices: readonly (readonly number[])[]): boolean {
  for (let k = digits.length - 1; k >= 0; k--) {
    if (++digits[k]! < choices[k]!.length) return true
    digits[k] = 0
  }
  return false
}

/** Rows of a batch, some several times. */
class Spread {
  readonly lanes: Lane[]
  readonly codes: Int32Array[]
  count = 0
  readonly #slots: readonly number[]

  constructor(lanes: readonly Lane[], slots: readonly number[], keys: number) {
    this.lanes = lanes.map(lane => lane.like(0))
    this.#slots = slots
    for (const slot of slots) this.lanes[slot]!.reserve(BATCH_ROWS)
    this.codes = Array.from({ length: keys }, () => new Int32Array(BATCH_ROWS))
  }

  add(lanes: readonly Lane[], row: number): void {
    for (const slot of this.#slots) this.lanes[slot]!.put(this.count, lanes[slot]!, row)
    this.count++
  }
}
