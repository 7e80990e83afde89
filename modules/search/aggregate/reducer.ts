/* Reducers -- what is kept of the rows of each group: a count, a sum, the greatest value, a list.
 *
 *      rows     price   9.95  48.5   35        Sum   by group   [ 44.95   48.5 ]
 *               group   0     1      0         Count by group   [ 2       1    ]
 *
 * A reducer takes a batch at a time: the lane that it looks at, and the group of each row. What it keeps lies in arrays by
 * group. How many rows a group has is counted once for all reducers, by whoever has the groups. One contract, many engines; test/search/aggregate/reducers.test.ts runs all through the same checks. */

import { type Cell, type Value, toNumber } from '../expression/value.ts'
import { BATCH_ROWS } from './batch.ts'
import { addAndCount, addDeviations, addNumbers, addPresent, countRows, keepGreatest } from './kernels.ts'
import { type Lane, NAN, NumberLane, ValueLane } from './lane.ts'

/** Keeps something of the rows of each group. */
export abstract class Reducer {
  /** Slots of the lanes that it looks at. */
  readonly slots: readonly number[]
  /** Cells that it keeps of each group, before it has seen any row of it. */
  readonly cells: number = 1
  /** Whether its results need the sizes of groups. */
  readonly readsSizes: boolean = false

  constructor(slots: readonly number[]) {
    this.slots = slots
  }

  /** Have room for so many groups. */
  abstract reserve(groups: number): void
  /** Take rows, each into its group. */
  abstract add(lanes: readonly Lane[], groups: Int32Array, count: number): void
  /** All rows are there: do what takes long before results can be told. False when there was nothing to do. */
  finish(): boolean {
    return false
  }
  /** An empty lane for results. */
  abstract lane(capacity: number): Lane
  /**
   * Put the results of consecutive groups into a lane that `lane` made, from row 0 on.
   * @param sizes how many rows each group has, where `readsSizes` asks for that.
   */
  abstract write(into: Lane, group: number, count: number, sizes: Int32Array): void
}

/** Reducers whose results are numbers. */
abstract class NumberReducer extends Reducer {
  lane(capacity: number): Lane {
    return new NumberLane(capacity, NAN.number)
  }
}

/** Reducers whose results are of any kind. */
export abstract class ValueReducer extends Reducer {
  lane(capacity: number): Lane {
    return new ValueLane(capacity)
  }

  write(into: Lane, group: number, count: number): void {
    const { values } = into as ValueLane
    for (let i = 0; i < count; i++) values[i] = this.result(group + i)
  }

  protected abstract result(group: number): Value
}

/** An array with room for so many. */
export function reserved(array: Float64Array<ArrayBuffer>, length: number, fill = 0): Float64Array<ArrayBuffer> {
  if (length <= array.length) return array
  const longer = new Float64Array(Math.max(length, array.length * 2))
  longer.set(array)
  if (fill !== 0) longer.fill(fill, array.length)
  return longer
}

/** The number of a cell; NaN when it has none. */
function numberOf(cell: Cell): number {
  if (typeof cell === 'number') return cell
  return cell === undefined ? NaN : (toNumber(cell) ?? NaN)
}

/** Reads the numbers of lanes. */
class Numbers {
  #scratch: Float64Array | null = null

  /** The numbers of a lane: the lane's own, or read out of its values. */
  of(lane: Lane, count: number): Float64Array {
    if (lane instanceof NumberLane) return lane.values
    this.#scratch ??= new Float64Array(BATCH_ROWS)
    const scratch = this.#scratch
    for (let i = 0; i < count; i++) scratch[i] = numberOf(lane.cell(i))
    return scratch
  }
}

/** Whether there may be NaN in a lane that says that there is no number. */
function nanIsNone(lane: Lane): boolean {
  return !(lane instanceof NumberLane) || (lane.nan !== NAN.number && !lane.isWhole)
}

/** COUNT. */
export class Count extends NumberReducer {
  override readonly readsSizes = true

  constructor() {
    super([])
  }

  reserve(_groups: number): void {}

  add(_lanes: readonly Lane[], _groups: Int32Array, _count: number): void {}

  write(into: Lane, group: number, count: number, sizes: Int32Array): void {
    ;(into as NumberLane).values.set(sizes.subarray(group, group + count))
  }
}

/** SUM: what is no number adds nothing. */
export class Sum extends NumberReducer {
  protected sums: Float64Array<ArrayBuffer> = new Float64Array(16)
  readonly #numbers = new Numbers()

  constructor(slot: number) {
    super([slot])
  }

  reserve(groups: number): void {
    this.sums = reserved(this.sums, groups)
  }

  add(lanes: readonly Lane[], groups: Int32Array, count: number): void {
    const lane = lanes[this.slots[0]!]!
    const values = this.#numbers.of(lane, count)
    if (nanIsNone(lane)) addPresent(values, groups, this.sums, count)
    else addNumbers(values, groups, this.sums, count)
  }

  /** The same, and count the rows of each group besides. */
  addCounting(lanes: readonly Lane[], groups: Int32Array, count: number, sizes: Int32Array): void {
    const lane = lanes[this.slots[0]!]!
    const values = this.#numbers.of(lane, count)
    if (nanIsNone(lane)) {
      countRows(groups, sizes, count)
      addPresent(values, groups, this.sums, count)
    } else addAndCount(values, groups, this.sums, sizes, count)
  }

  write(into: Lane, group: number, count: number, _sizes: Int32Array): void {
    ;(into as NumberLane).values.set(this.sums.subarray(group, group + count))
  }
}

/** AVG: rows without a number count as 0. */
export class Average extends Sum {
  override readonly readsSizes = true

  override write(into: Lane, group: number, count: number, sizes: Int32Array): void {
    const { values } = into as NumberLane
    for (let i = 0; i < count; i++) values[i] = this.sums[group + i]! / sizes[group + i]!
  }
}

/** MIN and MAX: 0 when there was no number. */
export class Extreme extends NumberReducer {
  readonly #sign: 1 | -1
  readonly #numbers = new Numbers()
  /** The greatest so far of the numbers times the sign; NaN: none yet. */
  #best = new Float64Array(16).fill(NaN)

  /** @param sign 1 for MAX, -1 for MIN. */
  constructor(slot: number, sign: 1 | -1) {
    super([slot])
    this.#sign = sign
  }

  reserve(groups: number): void {
    this.#best = reserved(this.#best, groups, NaN)
  }

  add(lanes: readonly Lane[], groups: Int32Array, count: number): void {
    const values = this.#numbers.of(lanes[this.slots[0]!]!, count)
    keepGreatest(values, this.#sign, groups, this.#best, count)
  }

  write(into: Lane, group: number, count: number): void {
    const { values } = into as NumberLane
    for (let i = 0; i < count; i++) {
      const best = this.#best[group + i]!
      values[i] = Number.isNaN(best) ? 0 : best * this.#sign
    }
  }
}

/** STDDEV of a sample, by Welford's recurrence: the mean so far, and the sum of squares around it. */
export class Deviation extends NumberReducer {
  override readonly cells = 3
  readonly #numbers = new Numbers()
  #counts = new Float64Array(16)
  #means = new Float64Array(16)
  #squares = new Float64Array(16)

  constructor(slot: number) {
    super([slot])
  }

  reserve(groups: number): void {
    this.#counts = reserved(this.#counts, groups)
    this.#means = reserved(this.#means, groups)
    this.#squares = reserved(this.#squares, groups)
  }

  add(lanes: readonly Lane[], groups: Int32Array, count: number): void {
    const lane = lanes[this.slots[0]!]!
    const values = this.#numbers.of(lane, count)
    addDeviations(values, nanIsNone(lane), groups, this.#counts, this.#means, this.#squares, count)
  }

  write(into: Lane, group: number, count: number): void {
    const { values } = into as NumberLane
    for (let i = 0; i < count; i++) {
      const n = this.#counts[group + i]!
      values[i] = n > 1 ? Math.sqrt(this.#squares[group + i]! / (n - 1)) : 0
    }
  }
}
