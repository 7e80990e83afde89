/* Document -- the fields of a found document, read from its key when a row is written.
 *
 * What is returned is what the key holds now, not what was indexed. A document whose key is gone, or holds something else
 * by now, has no fields, and its row is left out. */

import { type Database, type HashView, type Host, HashView as Lens, hashType, Range } from 'redstrata/module'
import type { Index } from '../catalogue.ts'

/** Reads documents of one index, one after the other. */
export class DocumentReader {
  readonly #index: Index
  readonly #db: Database
  readonly #hash: HashView
  readonly #key = new Range()

  constructor(_host: Host, index: Index, db: Database) {
    this.#index = index
    this.#db = db
    this.#hash = new Lens(db)
  }

  /** Name the key of a document; false when it is gone. */
  key(document: number, out: Range): boolean {
    return this.#index.structures.documents.key(document, out)
  }

  /** Turn to a document; false when it is gone. */
  open(document: number): boolean {
    if (!this.key(document, this.#key)) return false
    const record = this.#db.find(this.#key)
    if (record === 0 || this.#db.typeOf(record) !== hashType.id) return false
    this.#hash.bind(this.#db, record)
    return true
  }

  /** The value of a field of the hash, or of a path of the document; false when it has none. */
  get(identifier: Range, out: Range): boolean {
    return this.#hash.get(identifier, out)
  }

  /** Visit all fields of the hash. */
  each(visit: (field: Range, value: Range) => void): void {
    this.#hash.each(visit)
  }

  /** How many fields there are. */
  get length(): number {
    return this.#hash.length
  }
}
