/* Shape iterator -- the documents of a clause about shapes. They are looked for when the first is asked for. */

import { END, type Watch } from '../iterators/iterator.ts'
import { DocumentList, Leaf } from '../iterators/leaf.ts'
import type { ShapeSearch } from './shape-index.ts'

/** The documents that a search finds. */
export class ShapeIterator extends Leaf {
  readonly estimate: number
  readonly #search: ShapeSearch
  readonly #watch: Watch
  #found: DocumentList | null = null

  /** @param estimate documents at most. */
  constructor(search: ShapeSearch, estimate: number, watch: Watch, weight: number) {
    super(weight)
    this.#search = search
    this.estimate = estimate
    this.#watch = watch
  }

  #list(): DocumentList {
    if (this.#found === null) {
      const documents = this.#search.run(this.#watch)
      this.#found = new DocumentList(documents, documents.length, this.weight)
    }
    return this.#found
  }

  next(): number {
    return (this.document = this.document === END ? END : this.#list().next())
  }

  skipTo(target: number): number {
    if (target <= this.document) return this.document
    return (this.document = this.#list().skipTo(target))
  }

  rewind(): void {
    this.#found?.rewind()
    this.document = 0
  }
}
