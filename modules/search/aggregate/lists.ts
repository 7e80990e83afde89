/* Reducers that keep values: how many distinct ones there are, which, the first by some order, a sample. */

import type { Random } from 'redstrata/module'
import { type Cell, compareValues, type Value } from '../expression/value.ts'
import { type Budget, weightOf } from './budget.ts'
import { type Coder, coderOf, ValueCoder } from './coder.ts'
import { Sketch } from './distinct-sketch.ts'
import { type Lane, NAN, NumberLane } from './lane.ts'
import { PairTable } from './pair-table.ts'
import { Reducer, reserved, ValueReducer } from './reducer.ts'

/** The codes of a lane's values; those of lists, as of what they hold. */
class Codes {
  readonly #codes: Int32Array
  readonly #budget: Budget
  #coder: Coder | null = null

  constructor(rows: number, budget: Budget) {
    this.#budget = budget
    this.#codes = new Int32Array(rows)
  }

  get coder(): Coder {
    return this.#coder!
  }

  /** The codes of a batch. Lists have those of their text; see `ValueCoder.code`. */
  of(lane: Lane, count: number): Int32Array {
    this.#coder ??= coderOf(lane, this.#budget)
    const coder = this.#coder
    if (!coder.encode(lane, count, this.#codes))
      for (let i = 0; i < count; i++) this.#codes[i] = (coder as ValueCoder).code(lane.cell(i))
    return this.#codes
  }
}

/** COUNT_DISTINCT: exact; nulls are not counted. */
export class DistinctCount extends Reducer {
  readonly #codes: Codes
  readonly #pairs: PairTable
  #counts = new Float64Array(16)

  constructor(slot: number, rows: number, budget: Budget) {
    super([slot])
    this.#codes = new Codes(rows, budget)
    this.#pairs = new PairTable(budget)
  }

  reserve(groups: number): void {
    this.#counts = reserved(this.#counts, groups)
  }

  lane(capacity: number): Lane {
    return new NumberLane(capacity, NAN.number)
  }

  add(lanes: readonly Lane[], groups: Int32Array, count: number): void {
    const codes = this.#codes.of(lanes[this.slots[0]!]!, count)
    const { coder } = this.#codes
    const pairs = this.#pairs
    for (let i = 0; i < count; i++) {
      const before = pairs.count
      if (pairs.code(groups[i]!, codes[i]!) === before && !coder.isNull(codes[i]!)) this.#counts[groups[i]!]!++
    }
  }

  write(into: Lane, group: number, count: number): void {
    ;(into as NumberLane).values.set(this.#counts.subarray(group, group + count))
  }
}

/** COUNT_DISTINCTISH: exact for few, an estimate for many, in little memory. */
export class DistinctEstimate extends Reducer {
  readonly #sketches: Sketch[] = []
  readonly #budget: Budget

  constructor(slot: number, budget: Budget) {
    super([slot])
    this.#budget = budget
  }

  reserve(groups: number): void {
    while (this.#sketches.length < groups) this.#sketches.push(new Sketch(this.#budget))
  }

  lane(capacity: number): Lane {
    return new NumberLane(capacity, NAN.number)
  }

  add(lanes: readonly Lane[], groups: Int32Array, count: number): void {
    const lane = lanes[this.slots[0]!]!
    for (let i = 0; i < count; i++) {
      const cell = lane.cell(i)
      if (cell !== undefined && cell !== null) this.#sketches[groups[i]!]!.add(cell)
    }
  }

  write(into: Lane, group: number, count: number): void {
    const { values } = into as NumberLane
    for (let i = 0; i < count; i++) values[i] = this.#sketches[group + i]!.estimate()
  }
}

/** TOLIST: the distinct values of a group as they first came; of lists, what they hold. */
export class List extends ValueReducer {
  override readonly cells = 3
  readonly #coder: ValueCoder
  readonly #pairs: PairTable
  readonly #lists: Value[][] = []

  constructor(slot: number, budget: Budget) {
    super([slot])
    this.#coder = new ValueCoder(budget)
    this.#pairs = new PairTable(budget)
  }

  reserve(groups: number): void {
    while (this.#lists.length < groups) this.#lists.push([])
  }

  add(lanes: readonly Lane[], groups: Int32Array, count: number): void {
    const lane = lanes[this.slots[0]!]!
    for (let i = 0; i < count; i++) {
      const cell = lane.cell(i)
      if (cell === undefined) continue
      if (typeof cell === 'object' && cell !== null) for (const value of cell) this.#take(groups[i]!, value)
      else this.#take(groups[i]!, cell)
    }
  }

  #take(group: number, value: Value): void {
    const before = this.#pairs.count
    if (this.#pairs.code(group, this.#coder.code(value)) === before) this.#lists[group]!.push(value)
  }

  protected result(group: number): Value {
    return this.#lists[group]!
  }
}

/** FIRST_VALUE: the value of the first row, or of the row that comes first by another property. */
export class FirstValue extends ValueReducer {
  override readonly cells = 2
  readonly #ascending: boolean
  readonly #budget: Budget
  readonly #values: Cell[] = []
  readonly #keys: Cell[] = []

  /** @param by the slot to order by, or null. */
  constructor(slot: number, by: number | null, ascending: boolean, budget: Budget) {
    super(by === null ? [slot] : [slot, by])
    this.#budget = budget
    this.#ascending = ascending
  }

  reserve(groups: number): void {
    while (this.#values.length < groups) {
      this.#values.push(undefined)
      this.#keys.push(undefined)
    }
  }

  add(lanes: readonly Lane[], groups: Int32Array, count: number): void {
    const values = lanes[this.slots[0]!]!
    const by = this.slots[1]
    const keys = by === undefined ? null : lanes[by]!
    for (let i = 0; i < count; i++) {
      const group = groups[i]!
      const isFirst = this.#values[group] === undefined
      if (keys === null && !isFirst) continue
      const key = keys === null ? null : keys.cell(i)
      if (!isFirst && !this.#comesBefore(key, this.#keys[group])) continue
      const value = values.cell(i)
      if (value === undefined) continue
      this.#budget.spend(weightOf(value) - weightOf(this.#values[group]))
      this.#values[group] = value
      this.#keys[group] = key
    }
  }

  /** Rows without a key come behind all that have one. */
  #comesBefore(key: Cell, best: Cell): boolean {
    if (key === undefined || key === null) return false
    if (best === undefined || best === null) return true
    const order = compareValues(key, best, false)
    return this.#ascending ? order < 0 : order > 0
  }

  protected result(group: number): Value {
    return this.#values[group] ?? null
  }
}

/** RANDOM_SAMPLE: so many values of a group, each as likely as the others. */
export class Sample extends ValueReducer {
  override readonly cells = 4
  readonly #size: number
  readonly #random: Random
  readonly #budget: Budget
  readonly #samples: Value[][] = []
  #seen = new Float64Array(16)

  constructor(slot: number, size: number, random: Random, budget: Budget) {
    super([slot])
    this.#budget = budget
    this.#size = size
    this.#random = random
  }

  reserve(groups: number): void {
    while (this.#samples.length < groups) this.#samples.push([])
    this.#seen = reserved(this.#seen, groups)
  }

  add(lanes: readonly Lane[], groups: Int32Array, count: number): void {
    const lane = lanes[this.slots[0]!]!
    for (let i = 0; i < count; i++) {
      const group = groups[i]!
      const sample = this.#samples[group]!
      const seen = ++this.#seen[group]!
      // The n-th value stays with the chance size/n, in the place of one that is drawn.
      const place = sample.length < this.#size ? sample.length : this.#random.below(seen)
      if (place >= this.#size) continue
      const cell = lane.cell(i)
      if (cell === undefined) {
        this.#seen[group]!--
        continue
      }
      if (place === sample.length) this.#budget.spendCells(1)
      this.#budget.spend(weightOf(cell) - weightOf(sample[place]))
      sample[place] = cell
    }
  }

  protected result(group: number): Value {
    return this.#samples[group]!
  }
}
