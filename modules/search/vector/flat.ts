/* FLAT -- all vectors, looked at one by one: exact, and as slow as it sounds.
 *
 *      slots   | 0 | 1 | 2 | ... | n-1 |        removing 1:   | 0 | n-1 | 2 | ... |
 *
 * Slots have no holes: the last vector moves to where one was removed. A search goes through them from the last to the
 * first, so that what moves while it is paused is not missed, though it may be seen twice.
 *
 *   set, clear O(1)      nearest, within O(n) */

import { type Memory, PLACE_BITS } from 'redstrata/module'
import type { Watch } from '../iterators/iterator.ts'
import { Nearest } from './heap.ts'
import { Found, Matches } from './matches.ts'
import type { VectorOptions } from './options.ts'
import type { Spaces } from './space.ts'
import { comparable, LIST_MIN, VectorIndex, type VectorSearch } from './vector-index.ts'

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
    // A document with several vectors must not take several places.
    const found = this.hasSeveral ? new Found(true) : null
    const nearest = new Nearest(k)
    const search = this.#search((document, distance) => {
      if (found === null) nearest.push(distance, document)
      else found.add(document, distance)
      return found === null ? nearest.bound : Number.POSITIVE_INFINITY
    }, Number.POSITIVE_INFINITY)
    return {
      run: watch => {
        if (k > 0) search(watch)
        return found === null ? Matches.ofNearest(nearest.heap) : found.nearest(k)
      },
    }
  }

  protected searchWithin(radius: number): VectorSearch {
    const found = new Found(this.hasSeveral)
    const search = this.#search((document, distance) => {
      found.add(document, distance)
      return radius
    }, radius)
    return {
      run: watch => {
        search(watch)
        return found.matches()
      },
    }
  }

  /**
   * Goes through all vectors, and on when it was paused.
   * @param take is told of documents within a bound, and answers with the bound from then on.
   */
  #search(take: (document: number, distance: number) => number, first: number): (watch: Watch) => void {
    let end = -1
    let bound = first
    return watch => {
      if (end < 0) end = this.records.count
      while (end > 0) {
        end = Math.min(end, this.records.count)
        const begin = Math.max(0, end - LIST_MIN)
        this.#measure(begin, end)
        const { i32, f64 } = this.space.region
        const out = (this.outAt >>> 3) - begin
        for (let slot = end - 1; slot >= begin; slot--) {
          const distance = comparable(f64[out + slot]!)
          if (distance <= bound) bound = take(i32[this.documentOf.base + slot]!, distance)
        }
        end = begin
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
