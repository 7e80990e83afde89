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
  /** Numbers of the children by their documents: that at heap[0] has the least. */
  readonly #heap: number[] = []
  readonly #matched: DocumentIterator[] = []
  /** The document that `#matched` is about. */
  #matchedAt = 0

  constructor(children: readonly DocumentIterator[], weight: number) {
    super(children, weight)
    for (let i = 0; i < children.length; i++) this.#heap.push(i)
  }

  next(): number {
    return this.document === END ? END : this.#advance(this.document + 1, true)
  }

  skipTo(target: number): number {
    return target <= this.document ? this.document : this.#advance(target, false)
  }

  #documentAt(place: number): number {
    return this.children[this.#heap[place]!]!.document
  }

  /** Bring every child that is before `target` to it or beyond. */
  #advance(target: number, byOne: boolean): number {
    // Before the first step all stand at 0, and a heap of equals is in order.
    while (this.#documentAt(0) < target) {
      const child = this.children[this.#heap[0]!]!
      if (byOne) child.next()
      else child.skipTo(target)
      this.#sink()
    }
    return (this.document = this.#documentAt(0))
  }

  #sink(): void {
    const heap = this.#heap
    const moved = heap[0]!
    const { document } = this.children[moved]!
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && this.#documentAt(child + 1) < this.#documentAt(child)) child++
      if (this.#documentAt(child) >= document) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = moved
  }

  /** The children that match, in their order: those at the top of the heap. */
  protected override get parts(): readonly DocumentIterator[] {
    if (this.#matchedAt === this.document) return this.#matched
    const heap = this.#heap
    const places = [0]
    const numbers: number[] = []
    while (places.length > 0) {
      const place = places.pop()!
      if (place >= heap.length || this.#documentAt(place) !== this.document) continue
      numbers.push(heap[place]!)
      places.push(place * 2 + 1, place * 2 + 2)
    }
    numbers.sort((a, b) => a - b)
    this.#matched.length = 0
    for (const number of numbers) this.#matched.push(this.children[number]!)
    this.#matchedAt = this.document
    return this.#matched
  }

  rewind(): void {
    this.document = this.#matchedAt = 0
    for (const child of this.children) child.rewind()
  }

  override refresh(): void {
    for (const child of this.children) child.refresh()
    // A child may have gone further than it stood.
    this.#heap.sort((a, b) => this.children[a]!.document - this.children[b]!.document)
    this.#matchedAt = 0
  }
}
