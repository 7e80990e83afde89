/* Quantile -- a value that so many of a group's numbers are not above, exactly.
 *
 *      0.5 of  6.5 18.5 32 35 48.5   is the 3rd, for 5 numbers * 0.5 rounded up is 3
 *
 * Numbers are logged as they come, each with its group; when results are asked for, the log is dealt out into one run for each
 * group, and the wanted place of a run is found by selection: parts that cannot hold it are never sorted.
 *
 *   add O(1)     results O(rows) on average, and 12 bytes a row                          */

import type { Budget } from './budget.ts'
import { type Lane, NAN, NumberLane } from './lane.ts'
import { Reducer } from './reducer.ts'
import { toNumber } from '../expression/value.ts'

/** Cells that a number in the log takes. */
const LOGGED_CELLS = 1.5

/** QUANTILE: 0 when there was no number. */
export class Quantile extends Reducer {
  readonly #share: number
  readonly #budget: Budget
  #values = new Float64Array(1024)
  #groups = new Int32Array(1024)
  #count = 0
  /** Where each group's run begins in the values, once dealt out. */
  #starts: Int32Array | null = null
  #groupCount = 0

  constructor(slot: number, share: number, budget: Budget) {
    super([slot])
    this.#budget = budget
    this.#share = share
  }

  reserve(groups: number): void {
    this.#groupCount = groups
  }

  lane(capacity: number): Lane {
    return new NumberLane(capacity, NAN.number)
  }

  add(lanes: readonly Lane[], groups: Int32Array, count: number): void {
    const lane = lanes[this.slots[0]!]!
    if (this.#count + count > this.#values.length) this.#grow()
    for (let i = 0; i < count; i++) {
      const cell = lane.cell(i)
      const value = typeof cell === 'number' ? cell : cell === undefined ? null : toNumber(cell)
      if (value === null) continue
      this.#values[this.#count] = value
      this.#groups[this.#count++] = groups[i]!
    }
  }

  #grow(): void {
    const length = this.#values.length * 2
    this.#budget.spendCells(length * LOGGED_CELLS)
    const values = new Float64Array(length)
    values.set(this.#values)
    this.#values = values
    const groups = new Int32Array(length)
    groups.set(this.#groups)
    this.#groups = groups
  }

  override finish(): boolean {
    if (this.#starts !== null) return false
    this.#starts = this.#deal()
    return true
  }

  #deal(): Int32Array {
    const starts = new Int32Array(this.#groupCount + 1)
    for (let i = 0; i < this.#count; i++) starts[this.#groups[i]! + 1]!++
    for (let g = 0; g < this.#groupCount; g++) starts[g + 1]! += starts[g]!
    const next = starts.slice()
    const dealt = new Float64Array(this.#count)
    for (let i = 0; i < this.#count; i++) dealt[next[this.#groups[i]!]!++] = this.#values[i]!
    this.#values = dealt
    this.#groups = new Int32Array(0)
    return starts
  }

  write(into: Lane, group: number, count: number): void {
    this.finish()
    const starts = this.#starts!
    const out = (into as NumberLane).values
    for (let i = 0; i < count; i++) {
      const start = starts[group + i]!
      const length = starts[group + i + 1]! - start
      const place = Math.max(0, Math.ceil(this.#share * length) - 1)
      out[i] = length === 0 ? 0 : select(this.#values.subarray(start, start + length), place)
    }
  }
}

/** The number that would stand at a place if the numbers were sorted; they are moved about. */
export function select(values: Float64Array, place: number): number {
  let low = 0
  let high = values.length - 1
  for (let rounds = 0; high - low > 32; rounds++) {
    // Partitions that shrink badly mean a bad input for this rule of pivots: sorting is safe.
    if (rounds > 64) break
    const pivot = middleOf(values[low]!, values[(low + high) >>> 1]!, values[high]!)
    let i = low
    let j = high
    while (i <= j) {
      while (values[i]! < pivot) i++
      while (values[j]! > pivot) j--
      if (i > j) break
      const swapped = values[i]!
      values[i++] = values[j]!
      values[j--] = swapped
    }
    if (place <= j) high = j
    else if (place >= i) low = i
    else return pivot
  }
  values.subarray(low, high + 1).sort()
  return values[place]!
}

function middleOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
}
