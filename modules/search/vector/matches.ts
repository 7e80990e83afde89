/* Matches -- the documents that a vector clause found, by their numbers, with how far away each is. */

import type { Heap } from './heap.ts'

/** Documents, growing, and their distances. */
export class Matches {
  readonly documents: Int32Array
  readonly distances: Float64Array

  constructor(documents: Int32Array, distances: Float64Array) {
    this.documents = documents
    this.distances = distances
  }

  /** From documents in any order, each once. */
  static of(documents: ArrayLike<number>, distances: ArrayLike<number>, count: number): Matches {
    const order = Int32Array.from({ length: count }, (_, i) => i)
    order.sort((a, b) => documents[a]! - documents[b]!)
    const sorted = new Int32Array(count)
    const away = new Float64Array(count)
    for (let i = 0; i < count; i++) {
      sorted[i] = documents[order[i]!]!
      away[i] = distances[order[i]!]!
    }
    return new Matches(sorted, away)
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
