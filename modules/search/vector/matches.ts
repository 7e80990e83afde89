/* Matches -- the documents that a vector clause found, by their numbers, with how far away each is. */

import { type Heap, Nearest } from './heap.ts'

/** More places than a list has: documents are below 2^31, and both together an exact number. */
const PLACES = 2 ** 22

/** Documents, growing, and their distances. */
export class Matches {
  readonly documents: Int32Array
  readonly distances: Float64Array

  constructor(documents: Int32Array, distances: Float64Array) {
    this.documents = documents
    this.distances = distances
  }

  /** From documents in any order; of one that comes twice the least distance counts. */
  static of(documents: ArrayLike<number>, distances: ArrayLike<number>, count: number): Matches {
    // A document and its place in one number: numbers are sorted without a call for each comparison.
    const order = new Float64Array(count)
    for (let i = 0; i < count; i++) order[i] = documents[i]! * PLACES + i
    order.sort()
    const sorted = new Int32Array(count)
    const away = new Float64Array(count)
    let kept = 0
    for (let i = 0; i < count; i++) {
      const document = Math.floor(order[i]! / PLACES)
      const distance = distances[order[i]! - document * PLACES]!
      if (kept > 0 && sorted[kept - 1] === document) away[kept - 1] = Math.min(away[kept - 1]!, distance)
      else {
        sorted[kept] = document
        away[kept++] = distance
      }
    }
    return new Matches(sorted.subarray(0, kept), away.subarray(0, kept))
  }

  /** From a heap with negated keys and values, as Nearest keeps them. */
  static ofNearest(heap: Heap): Matches {
    const { size } = heap
    return Matches.of(
      heap.values.subarray(0, size).map(value => -value),
      heap.keys.subarray(0, size).map(key => -key),
      size,
    )
  }

  get count(): number {
    return this.documents.length
  }

  /** Where a document is or would be. */
  place(document: number): number {
    let low = 0
    let high = this.documents.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.documents[middle]! < document) low = middle + 1
      else high = middle
    }
    return low
  }

  /** How far away a document is; NaN when it was not found. */
  distance(document: number): number {
    const at = this.place(document)
    return this.documents[at] === document ? this.distances[at]! : Number.NaN
  }
}

/** Documents as they are found, in any order; of several distances of one the least counts. */
export class Found {
  #documents: Int32Array = new Int32Array(64)
  #distances: Float64Array = new Float64Array(64)
  /** Where a document stands, when one may come twice. */
  readonly #places: Map<number, number> | null
  count = 0

  /** @param repeats whether a document may come more than once. */
  constructor(repeats: boolean) {
    this.#places = repeats ? new Map() : null
  }

  add(document: number, distance: number): void {
    const known = this.#places?.get(document)
    if (known !== undefined) {
      this.#distances[known] = Math.min(distance, this.#distances[known]!)
      return
    }
    if (this.count === this.#documents.length) this.#grow()
    this.#places?.set(document, this.count)
    this.#documents[this.count] = document
    this.#distances[this.count++] = distance
  }

  #grow(): void {
    const documents = new Int32Array(this.count * 2)
    documents.set(this.#documents)
    this.#documents = documents
    const distances = new Float64Array(this.count * 2)
    distances.set(this.#distances)
    this.#distances = distances
  }

  /** All of them. */
  matches(): Matches {
    return Matches.of(this.#documents, this.#distances, this.count)
  }

  /** The `k` nearest. */
  nearest(k: number): Matches {
    const nearest = new Nearest(k)
    for (let i = 0; i < this.count; i++) nearest.push(this.#distances[i]!, this.#documents[i]!)
    return Matches.ofNearest(nearest.heap)
  }
}
