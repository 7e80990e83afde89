/* Union -- documents that match any of some parts; each part that matches adds to the score.
 *
 * Few parts are looked at in turn. Many stand in a heap by their documents, so that a step costs the logarithm of their
 * number, and the parts that match are those at the top. */

import { type DocumentIterator, END } from './iterator.ts'
import { Several } from './several.ts'

/** Parts up to which looking at each is quicker than a heap. */
const SCAN_MAX = 10

/** Any of the parts. */
export function unionOf(children: readonly DocumentIterator[], weight: number): DocumentIterator {
  return children.length <= SCAN_MAX ? new ScannedUnion(children, weight) : new HeapUnion(children, weight)
}

abstract class Union extends Several {
  readonly takesBest = true
  readonly estimate: number

  constructor(children: readonly DocumentIterator[], weight: number) {
    super(children, weight)
    let sum = 0
    for (const child of children) sum += child.estimate
    this.estimate = sum
  }
}

class ScannedUnion extends Union {
  next(): number {
    if (this.document === END) return END
    const children = this.children
    const past = this.document
    let least = END
    for (let i = 0; i < children.length; i++) {
      const child = children[i]!
      const document = child.document <= past ? child.next() : child.document
      if (document < least) least = document
    }
    return (this.document = least)
  }

  skipTo(target: number): number {
    if (target <= this.document) return this.document
    const children = this.children
    let least = END
    for (let i = 0; i < children.length; i++) {
      const child = children[i]!
      const document = child.document < target ? child.skipTo(target) : child.document
      if (document < least) least = document
    }
    return (this.document = least)
  }

  rewind(): void {
    this.document = 0
    for (const child of this.children) child.rewind()
  }

  override refresh(): void {
    for (const child of this.children) child.refresh()
  }
}

class HeapUnion extends Union {
  /** Children by their documents: heap[0] has the least. */
  readonly #heap: DocumentIterator[]

  constructor(children: readonly DocumentIterator[], weight: number) {
    super(children, weight)
    this.#heap = [...children]
  }

  next(): number {
    return this.document === END ? END : this.#advance(this.document + 1, true)
  }

  skipTo(target: number): number {
    return target <= this.document ? this.document : this.#advance(target, false)
  }

  /** Bring every child that is before `target` to it or beyond. */
  #advance(target: number, byOne: boolean): number {
    const heap = this.#heap
    // Before the first step all stand at 0, and a heap of equals is in order.
    while (heap[0]!.document < target) {
      if (byOne) heap[0]!.next()
      else heap[0]!.skipTo(target)
      this.#sink()
    }
    return (this.document = heap[0]!.document)
  }

  #sink(): void {
    const heap = this.#heap
    const moved = heap[0]!
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]!.document < heap[child]!.document) child++
      if (heap[child]!.document >= moved.document) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = moved
  }

  rewind(): void {
    this.document = 0
    for (const child of this.children) child.rewind()
  }

  override refresh(): void {
    for (const child of this.children) child.refresh()
    // A child may have gone further than it stood.
    this.#heap.sort((a, b) => a.document - b.document)
  }
}
