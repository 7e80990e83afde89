/* Sort pattern -- a key, and perhaps a field, in which `*` stands for an element.
 *
 *      weight_*           key    weight_7
 *      h_*->price         key    h_7        field price
 *      h_*->              key    h_7->                          an arrow with nothing behind is part of the key
 *
 * Without a star it names nothing. */

import { copyBytes, NO_BYTES, Range } from '../../base/bytes.ts'
import type { Database } from '../../keyspace/database.ts'

const STAR = 42

/** What strings and hashes let one read. */
interface Readable {
  range(out: Range): Range
  get(field: Range, out: Range): boolean
}

/** A pattern of BY or GET. */
export class Pattern {
  readonly hasStar: boolean
  readonly #before: Buffer
  readonly #behind: Buffer
  readonly #field: Range | null
  /** The key of an element is put together here. */
  readonly #key = new Range()

  constructor(pattern: Range) {
    const bytes = pattern.copy()
    const star = bytes.indexOf(STAR)
    const arrow = star < 0 ? -1 : bytes.indexOf('->', star)
    const hasField = arrow >= 0 && arrow + 2 < bytes.length
    this.hasStar = star >= 0
    this.#before = bytes.subarray(0, Math.max(0, star))
    this.#behind = bytes.subarray(star + 1, hasField ? arrow : bytes.length)
    this.#field = hasField ? Range.of(bytes.subarray(arrow + 2)) : null
  }

  /** Fill `out` with the value that the pattern names for an element; it may be the element's own Range. False for none. */
  lookUp(db: Database, element: Range, out: Range): boolean {
    if (!this.hasStar) return false
    const record = db.lookup(this.#keyOf(element))
    if (record === 0) return false
    const type = db.keyspace.types[db.typeOf(record)]!
    if (type.name !== (this.#field === null ? 'string' : 'hash')) return false
    const pool = db.keyspace.pools[type.id]!
    const mark = pool.mark(db.keyspace.sequence)
    const value = db.view(record, type) as unknown as Readable
    pool.reset(mark) // one lens serves every look-up: there may be any number of elements
    if (this.#field !== null) return value.get(this.#field, out)
    value.range(out)
    return true
  }

  #keyOf(element: Range): Range {
    const key = this.#key
    const before = this.#before.length
    const length = element.end - element.start
    const end = before + length + this.#behind.length
    if (key.buf.length < end || key.buf === NO_BYTES) {
      key.buf = Buffer.from(new Uint8Array(end * 2 + 16).buffer)
      this.#before.copy(key.buf, 0)
    }
    copyBytes(element.buf, element.start, key.buf, before, length)
    this.#behind.copy(key.buf, before + length)
    key.start = 0
    key.end = end
    return key
  }
}
