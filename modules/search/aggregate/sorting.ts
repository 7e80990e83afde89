/* Sorting -- rows in the order of some properties, as many of them as are wanted.
 *
 *      keep 3:   heap of places in a row store, the row that comes last on top
 *
 *                 9 ── 48.5        a row with 60 comes: it would come last of all, and is dropped after one comparison
 *                /  \              a row with 20 comes: it takes the place of 48.5
 *              4     7
 *             9.95   35
 *
 * When all rows are there, the heap is turned around, the first row on top, and gives them out one by one; so no step takes
 * longer than a batch, however many rows there are.
 *
 * Rows that lack a property come last, whichever way it is sorted. Rows that are equal come in the order in which they came,
 * or the other way round when the last property goes down.
 *
 *   add O(1) mostly, O(log kept) when kept     give O(log kept) a row */

import { compareValues } from '../expression/value.ts'
import type { Batch, Kept } from './batch.ts'
import type { Budget } from './budget.ts'
import { type Lane, NumberLane } from './lane.ts'
import { RowStore } from './row-store.ts'
import type { Sink, Source } from './stage.ts'

/** A property to sort by. */
export interface SortKey {
  readonly slot: number
  readonly ascending: boolean
}

/** Places turned around at a time. */
const TURN_AT_ONCE = 4096

/** Sorts rows; then it is a source of them. */
export class Sorting implements Sink, Source {
  readonly title = 'Sorter'
  readonly isFull = false
  readonly weight = 0
  readonly reads: Kept
  readonly #upstream: Source
  readonly #keys: readonly SortKey[]
  readonly #keep: number
  readonly #slots: readonly number[]
  readonly #laterFirst: boolean
  readonly #store: RowStore
  #heap = new Int32Array(64)
  #count = 0
  /** Rows that came. */
  #seen = 0
  /** Places that are still to be turned around; -1 when all are, NaN before it began. */
  #turning = NaN

  /**
   * @param upstream whose total it is. @param keep how many rows are wanted. @param slots the lanes that are filled by now.
   * @param hasDocuments whether rows are documents.
   */
  constructor(
    upstream: Source,
    keys: readonly SortKey[],
    keep: number,
    lanes: readonly Lane[],
    slots: readonly number[],
    hasDocuments: boolean,
    budget: Budget,
  ) {
    this.reads = { slots, documents: hasDocuments }
    this.#slots = slots
    this.#upstream = upstream
    this.#keys = keys
    this.#keep = keep
    this.#laterFirst = !(keys.at(-1)?.ascending ?? true)
    this.#store = new RowStore(lanes, slots, hasDocuments, budget)
  }

  /** Lanes of the rows that come out, by the same slots. */
  outputLanes(lanes: readonly Lane[]): Lane[] {
    return lanes.map(lane => lane.keeper(0))
  }

  get total(): number {
    return this.#upstream.total
  }

  take(batch: Batch): void {
    const store = this.#store
    let row = 0
    // One place more than the heap has is where a newcomer is looked at.
    store.reserve(Math.min(this.#keep, this.#count + batch.count) + 1)
    while (row < batch.count && this.#count < this.#keep) this.#push(batch, row++)
    if (this.#keep > 0) {
      const first = this.#keys[0]
      const lane = first === undefined ? null : batch.lanes[first.slot]!
      if (lane instanceof NumberLane) this.#offerNumbers(batch, row, lane.values)
      else for (; row < batch.count; row++) this.#offer(batch, row)
    }
    this.#seen += batch.count
  }

  #push(batch: Batch, row: number): void {
    if (this.#count === this.#heap.length) {
      const longer = new Int32Array(this.#count * 2)
      longer.set(this.#heap)
      this.#heap = longer
    }
    const place = this.#count++
    this.#store.put(place, batch, row)
    this.#store.order[place] = this.#seen + row
    this.#rise(place, place)
  }

  #offer(batch: Batch, row: number): void {
    const top = this.#heap[0]!
    const place = this.#keep
    this.#store.put(place, batch, row)
    this.#store.order[place] = this.#seen + row
    if (this.#order(place, top) >= 0) return
    this.#store.put(top, batch, row)
    this.#store.order[top] = this.#seen + row
    this.#sink(0, top, 1)
  }

  /** Offer rows from one on; most of many are told by their first key alone that they come behind all that are kept. */
  #offerNumbers(batch: Batch, from: number, values: Float64Array): void {
    const { slot, ascending } = this.#keys[0]!
    const kept = (this.#store.lanes[slot] as NumberLane).values
    const { count } = batch
    let worst = kept[this.#heap[0]!]!
    for (let row = from; row < count; row++) {
      // Comparisons with NaN are false: such rows are looked at.
      if (ascending ? values[row]! > worst : values[row]! < worst) continue
      this.#offer(batch, row)
      worst = kept[this.#heap[0]!]!
    }
  }

  /** Negative when row a comes before row b. */
  #order(a: number, b: number): number {
    const { lanes, order: came } = this.#store
    for (const { slot, ascending } of this.#keys) {
      const lane = lanes[slot]!
      const x = lane.cell(a)
      const y = lane.cell(b)
      if (x === undefined || y === undefined) {
        if (x === y) continue
        return x === undefined ? 1 : -1
      }
      const order = compareValues(x, y, false)
      if (order !== 0) return ascending ? order : -order
    }
    return this.#laterFirst ? came[b]! - came[a]! : came[a]! - came[b]!
  }

  /** Put a place at a leaf of the heap whose last row is on top, and let it rise. */
  #rise(at: number, place: number): void {
    const heap = this.#heap
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#order(place, heap[parent]!) <= 0) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = place
  }

  /** Let a place sink. @param sign 1 in a heap with the last row on top, -1 with the first. */
  #sink(at: number, place: number, sign: 1 | -1): void {
    const heap = this.#heap
    const count = this.#count
    for (;;) {
      let child = at * 2 + 1
      if (child >= count) break
      if (child + 1 < count && sign * this.#order(heap[child + 1]!, heap[child]!) > 0) child++
      if (sign * this.#order(heap[child]!, place) <= 0) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = place
  }

  /** Turn the heap around, or a part of it; false while there is more to do. */
  #turn(): boolean {
    if (Number.isNaN(this.#turning)) this.#turning = (this.#count >> 1) - 1
    const end = Math.max(-1, this.#turning - TURN_AT_ONCE)
    for (; this.#turning > end; this.#turning--) this.#sink(this.#turning, this.#heap[this.#turning]!, -1)
    return this.#turning < 0
  }

  next(batch: Batch): boolean {
    batch.count = 0
    if (this.#turning !== -1 && !this.#turn()) return true
    if (this.#count === 0) {
      this.#store.release()
      return false
    }
    const heap = this.#heap
    batch.documents.setList()
    for (const slot of this.#slots) batch.lanes[slot]!.reserve(Math.min(batch.most, this.#count))
    while (batch.count < batch.most && this.#count > 0) {
      this.#store.give(heap[0]!, batch, batch.count++)
      const last = heap[--this.#count]!
      if (this.#count > 0) this.#sink(0, last, -1)
    }
    return true
  }
}
