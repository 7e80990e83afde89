/* Row store -- rows that are kept beyond their batch, as lanes that grow.
 *
 * Interned strings are kept as text, since their addresses hold only until other commands run. */

import type { Batch } from './batch.ts'
import { type Budget, weightOf } from './budget.ts'
import { type Lane, ValueLane } from './lane.ts'

/** Rows of one kind. */
export class RowStore {
  /** By slot; slots that are not kept have an empty lane. */
  readonly lanes: Lane[]
  documents: Int32Array = new Int32Array(0)
  /** Ordinals of rows, or whatever else orders them. */
  order: Int32Array = new Int32Array(0)
  readonly #slots: readonly number[]
  /** Of those, the lanes that hold strings. */
  readonly #heavy: readonly ValueLane[]
  readonly #budget: Budget
  readonly #hasDocuments: boolean
  #capacity = 0
  /** Characters that its rows hold. */
  #characters = 0

  /** @param slots the lanes to keep. @param hasDocuments whether the documents of rows are kept. */
  constructor(lanes: readonly Lane[], slots: readonly number[], hasDocuments: boolean, budget: Budget) {
    this.#slots = slots
    this.#hasDocuments = hasDocuments
    this.#budget = budget
    this.lanes = lanes.map(lane => lane.keeper(0))
    this.#heavy = slots.map(slot => this.lanes[slot]!).filter(lane => lane instanceof ValueLane)
  }

  /** Have room for so many rows. */
  reserve(capacity: number): void {
    if (capacity <= this.#capacity) return
    // Twice as many, unless that is more than there may be.
    const width = this.#slots.length + 1
    const left = this.#capacity + Math.floor(this.#budget.cellsLeft / width)
    const wanted = Math.max(capacity, Math.min(this.#capacity * 2, left))
    this.#budget.spendCells((wanted - this.#capacity) * width)
    this.#capacity = wanted
    if (this.#hasDocuments) this.documents = longer(this.documents, this.#capacity)
    this.order = longer(this.order, this.#capacity)
    for (const slot of this.#slots) this.lanes[slot]!.reserve(this.#capacity)
  }

  /** Put a row of a batch in. */
  put(row: number, batch: Batch, from: number): void {
    const before = this.#weight(row)
    if (this.#hasDocuments) this.documents[row] = batch.documents.at(from)
    for (const slot of this.#slots) this.lanes[slot]!.put(row, batch.lanes[slot]!, from)
    if (this.#heavy.length > 0) this.#spend(this.#weight(row) - before)
  }

  #spend(characters: number): void {
    this.#characters += characters
    this.#budget.spend(characters)
  }

  #weight(row: number): number {
    let weight = 0
    for (const lane of this.#heavy) weight += weightOf(lane.values[row])
    return weight
  }

  /** Put the first rows of a batch in. */
  copy(row: number, batch: Batch, count: number): void {
    if (this.#hasDocuments) this.documents.set(batch.documents.spell(count).subarray(0, count), row)
    if (batch.hasOrdinals) this.order.set(batch.ordinals.subarray(0, count), row)
    for (const slot of this.#slots) this.lanes[slot]!.copy(row, batch.lanes[slot]!, 0, count)
    if (this.#heavy.length === 0) return
    let weight = 0
    for (let i = row; i < row + count; i++) weight += this.#weight(i)
    this.#spend(weight)
  }

  /** Nothing of it is needed any more. */
  release(): void {
    this.#spend(-this.#characters)
    this.#budget.spendCells(-this.#capacity * (this.#slots.length + 1))
    this.#capacity = 0
    for (const slot of this.#slots) this.lanes[slot] = this.lanes[slot]!.keeper(0)
  }

  /** Put a row into a batch whose lanes are keepers like these. */
  give(row: number, batch: Batch, to: number): void {
    if (this.#hasDocuments) batch.documents.list[to] = this.documents[row]!
    for (const slot of this.#slots) batch.lanes[slot]!.put(to, this.lanes[slot]!, row)
  }
}

function longer(array: Int32Array, length: number): Int32Array {
  const copy = new Int32Array(length)
  copy.set(array)
  return copy
}
