/* Deletion -- the keys of an index that goes, with its documents: FT.DROPINDEX DD, FT.DROP, the end of a temporary index.
 *
 * The index is gone for everybody at once; its structures are kept until the last key is deleted, by commands of their own,
 * in slices between which others are served. */

import { type Database, type Host, Range } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { END } from '../index/documents.ts'

const SLICE_MICROS = 1000
/** Keys deleted before the clock is asked. */
const STEP_KEYS = 32

/** Deletes the documents of an index that was dropped. */
export class Deletion {
  readonly #host: Host
  readonly #db: Database
  readonly #index: Index
  readonly #key = new Range()
  #at = 0

  /** Counts as a reader of the index until it is done: make it before the index is dropped. */
  constructor(host: Host, db: Database, index: Index) {
    this.#host = host
    this.#db = db
    this.#index = index
    index.structures.readers++
  }

  /** Delete for some time; true when nothing is left, and the structures may go. */
  step(micros: number): boolean {
    const { clock } = this.#host
    const end = clock.microseconds() + micros
    const { documents } = this.#index.structures
    for (let n = 1; ; n++) {
      this.#at = documents.nextLiving(this.#at + 1)
      if (this.#at === END) break
      if (documents.key(this.#at, this.#key)) this.#host.call(this.#db, 'DEL', this.#key.copy())
      if (n % STEP_KEYS === 0 && clock.microseconds() >= end) return false
    }
    this.#index.structures.readers--
    return true
  }

  /** Go on in slices until all is done. */
  run(done: () => void): void {
    this.#host.soon(() => {
      if (this.step(SLICE_MICROS)) done()
      else this.run(done)
    })
  }
}
