/* PackedView -- a lens over a small collection that lies in its key's own record.
 *
 * The functions of structs/packed.ts write into a region and say how large it is afterwards; when it does not fit, nothing
 * has changed and they want a larger one. This class knows where the region is (behind the key), and makes it larger:
 *
 *      let size = append(r.buf, r.start, r.end, value)
 *      if (size > r.end - r.start) {
 *        this.reserve(size)
 *        size = append(r.buf, r.start, r.end, value)
 *      }
 *      this.commit(size)                                                                                        */

import { NO_BYTES, Range } from '../base/bytes.ts'
import { SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import { FORM, recordWord, setRecordWord, VALUE_WORD } from './record.ts'
import { View } from './value-type.ts'

/** No room for more than this is made before the bytes are there. */
const EXPECTED_MAX = 64 << 10

export abstract class PackedView extends View {
  /** The bytes behind the key, all that the record has room for. */
  readonly region = new Range(NO_BYTES, 0, 0)
  /** Whether the collection lies in its record; otherwise it is a structure of its own, at `root`. */
  isPacked = true
  root = 0
  /** It is being filled, with room for what is to come; see `expect`. */
  protected isFilling = false

  override load(): void {
    const { db, record } = this
    this.isFilling = false
    if (db.formOf(record) === FORM.inline) {
      this.isPacked = true
      this.loadRegion()
      return
    }
    this.isPacked = false
    this.root = db.wordOf(record)
    this.bindRoot(this.root)
  }

  /** Turn to the structure that the collection has become. */
  protected abstract bindRoot(root: number): void

  protected loadRegion(): void {
    const { db, record, region } = this
    region.buf = db.memory.u8[record >>> SLAB_BITS]!
    region.start = ((record & UNIT_MASK) << 3) + db.keys.tailAt(record)
    region.end = ((record & UNIT_MASK) << 3) + db.memory.sizeOf(record)
  }

  /** Make the region at least `size` bytes; what is in it stays. */
  protected reserve(size: number): void {
    this.record = this.db.setInline(this.record, size)
    this.loadRegion()
  }

  /** An empty collection is about to be filled, with about so many bytes: room for them is made at once. */
  expect(bytes: number): void {
    if (!this.isPacked || bytes > EXPECTED_MAX || this.record === 0) return
    this.isFilling = true
    if (bytes > this.region.end - this.region.start) this.reserve(bytes)
  }

  /** It is filled: room that was not needed is given back. */
  settle(): void {
    if (!this.isFilling) return
    this.isFilling = false
    if (this.isPacked) this.reserve(recordWord(this.db.memory, this.record, VALUE_WORD))
  }

  /** The region holds `size` bytes now. A record that is mostly empty is made smaller. */
  protected commit(size: number): void {
    if (size * 2 < this.region.end - this.region.start && !this.isFilling) this.reserve(size)
    else setRecordWord(this.db.memory, this.record, VALUE_WORD, size)
  }

  /** The collection has outgrown its record: it is at `root` from now on. */
  protected moveOut(root: number): void {
    this.record = this.db.setBlock(this.record, root)
    this.isPacked = false
    this.root = root
  }
}
