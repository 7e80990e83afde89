/* FLAT -- all vectors, looked at one by one: exact, and as slow as it sounds.
 *
 *      slots   | 0 | 1 | 2 | ... | n-1 |        removing 1:   | 0 | n-1 | 2 | ... |
 *
 * Slots have no holes: the last vector moves to where one was removed. A search goes through them from the last to the
 * first, so that, when it is paused, what moves meanwhile has been seen already.
 *
 *   set, clear O(1)      nearest, within O(n) */

import { PLACE_BITS } from 'redstrata/module'
import type { Watch } from '../iterators/iterator.ts'
import { Nearest } from './heap.ts'
import { Matches } from './matches.ts'
import type { VectorOptions } from './options.ts'
import type { Spaces } from './space.ts'
import { comparable, LIST_MIN, VectorIndex, type VectorSearch } from './vector-index.ts'
import type { Memory } from 'redstrata/module'

const NOTHING_BELOW = Number.NEGATIVE_INFINITY

/** An index without structure. */
export class FlatIndex extends VectorIndex {
  constructor(memory: Memory, spaces: Spaces, options: VectorOptions) {
    super(memory, spaces, options, 0, LIST_MIN)
  }

  protected enter(): void {}

  protected discard(): void {
    this.records.pop()
  }

  protected leave(slot: number): void {
    const { records } = this
    const last = records.count - 1
    if (slot !== last) {
      const { u8 } = this.space.region
      const from = records.place(last) << PLACE_BITS
      u8.copyWithin(records.place(slot) << PLACE_BITS, from, from + this.vectorBytes)
      this.moved(last, slot)
    }
    records.pop()
  }

  protected searchNearest(k: number): VectorSearch {
    const nearest = new Nearest(k)
    // A document with several vectors must not take several places.
    const best = new Map<number, number>()
    const search = this.#search((document, distance) => {
      if (!this.hasSeveral) {
        if (nearest.takes(distance)) nearest.push(distance, document)
      } else best.set(document, Math.min(distance, best.get(document) ?? distance))
    })
    return {
      run: watch => {
        search(watch)
        for (const [document, distance] of best) nearest.push(distance, document)
        best.clear()
        return Matches.ofNearest(nearest.heap)
      },
    }
  }

  protected searchWithin(radius: number): VectorSearch {
    const found = new Map<number, number>()
    const search = this.#search((document, distance) => {
      if (distance <= radius) found.set(document, Math.min(distance, found.get(document) ?? distance))
    })
    return {
      run: watch => {
        search(watch)
        return Matches.of([...found.keys()], [...found.values()], found.size)
      },
    }
  }

  /** Goes through all vectors, and on when it was paused. */
  #search(take: (document: number, distance: number) => void): (watch: Watch) => void {
    let end = -1
    return watch => {
      if (end < 0) end = this.records.count
      while (end > 0) {
        end = Math.min(end, this.records.count)
        const first = Math.max(0, end - LIST_MIN)
        this.#measure(first, end)
        const { i32, f64 } = this.space.region
        const out = (this.outAt >>> 3) - first
        for (let slot = first; slot < end; slot++) take(i32[this.documentOf.base + slot]!, comparable(f64[out + slot]!))
        end = first
        watch.tick()
      }
    }
  }

  /** Distances of some slots. */
  #measure(first: number, end: number): void {
    const { i32 } = this.space.region
    const { directory, shift, mask, stride } = this.records
    const list = (this.listAt >>> 2) - first
    for (let slot = first; slot < end; slot++) i32[list + slot] = directory[slot >>> shift]! + (slot & mask) * stride
    this.kernel(this.queryAt, this.listAt, end - first, this.outAt, this.vectorBytes, NOTHING_BELOW)
  }
}
