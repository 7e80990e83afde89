/* Elements -- what the packed encodings have in common: a row of byte strings and integers in one string.
 *
 * Listpacks, ziplists, zipmaps and intsets hold lists, sets, hashes and sorted sets that were small. A cursor goes over one
 * from front to back and shows each element in the form that is wanted:
 *
 *     cursor.next()       the next element, false at the end
 *     cursor.bytes(out)   as bytes; an integer as its digits, valid until the fourth element after it
 *     cursor.number()     as a double, NaN when its bytes are no number
 *     cursor.integer()    as a 64-bit integer in `high` and `low`, false when it is none
 *
 * A cursor checks all that it walks over: each element must lie inside, say its own length alike in front and behind
 * where the encoding has both, and the row must end where it says. */

import { NO_BYTES, type Range } from '../../base/bytes.ts'
import { parseDouble, parseInteger, wide, writeBigInteger, writeInteger } from '../../base/numbers.ts'
import type { RdbReader } from './reader.ts'

const TWO_32 = 4294967296
/** Digits of a 64-bit integer, and some. */
const SLOT_BYTES = 24
const SLOTS = 4

/** Goes over one packed string; see the header. */
export abstract class ElementCursor {
  /** How many elements the string says that it has, -1 when it does not say. */
  count = 0
  /** The integer of the current element, if it was stored as one or integer() was called; signed words. */
  high = 0
  low = 0

  protected readonly reader: RdbReader
  protected buf: Buffer = NO_BYTES
  /** Position of the next element. */
  protected at = 0
  /** Where the elements end. */
  protected end = 0
  /** The current element: bytes, unless it was stored as an integer. */
  protected isInteger = false
  protected from = 0
  protected to = 0

  /** Where the digits of integers are written. */
  readonly scratch: Buffer = Buffer.from(new Uint8Array(SLOTS * SLOT_BYTES).buffer)
  #slot = 0

  constructor(reader: RdbReader) {
    this.reader = reader
  }

  /** Begin with a packed string, which stays where it is while the cursor is used. */
  abstract open(packed: Range): this

  /** Move to the next element. False at the end. */
  abstract next(): boolean

  /** Move to the next element, of which there must be one. */
  must(): this {
    if (!this.next()) throw this.damaged()
    return this
  }

  bytes(out: Range): Range {
    if (!this.isInteger) return out.set(this.buf, this.from, this.to)
    this.#slot = (this.#slot + 1) % SLOTS
    const at = this.#slot * SLOT_BYTES
    return out.set(this.scratch, at, writeLong(this.scratch, at, this.high, this.low))
  }

  number(): number {
    if (this.isInteger) return this.high * TWO_32 + (this.low >>> 0)
    return parseDouble(this.buf, this.from, this.to)
  }

  integer(): boolean {
    if (this.isInteger) return true
    const value = parseInteger(this.buf, this.from, this.to)
    if (Number.isNaN(value)) return false
    this.high = Number.isFinite(value) ? Math.floor(value / TWO_32) : wide.high
    this.low = Number.isFinite(value) ? value | 0 : wide.low
    return true
  }

  /** The failure to throw when the packed string is not sound. */
  abstract damaged(): Error

  protected setInteger(value: number): void {
    this.isInteger = true
    this.low = value
    this.high = value >> 31
  }

  protected setBytes(from: number, length: number): number {
    this.isInteger = false
    this.from = from
    this.to = from + length
    return this.to
  }
}

/** Write a 64-bit integer in decimal. Returns the position behind it. */
export function writeLong(buf: Buffer, at: number, high: number, low: number): number {
  if (high >= -0x200000 && high < 0x200000) return writeInteger(buf, at, high * TWO_32 + (low >>> 0))
  return writeBigInteger(buf, at, (BigInt(high) << 32n) | BigInt(low >>> 0))
}
