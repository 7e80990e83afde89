/* Named -- a handful of records in order of their names: the groups of a stream, the consumers of a group.
 *
 *      root (8 bytes of the owner's record)      block              records
 *      +--------+-------+                        +----+----+----+    +---------------+-----+--------+
 *      | block  |   3   | ---------------------> | a0 | a2 | a1 |--> | owner's head  |  5  | alice  |
 *      +--------+-------+                        +----+----+----+    +---------------+-----+--------+
 *                                                                                    ^nameAt
 *
 * Names are found by halving, and listed in byte order, as Redis lists them. Records never move.
 *
 *   find O(log n)    at O(1)    insert, remove O(n) words moved
 *
 * Left out: hashing. Even ten thousand consumers are one move of 40 KB when one comes or goes, which is rare. */

import { compareRanges, copyBytes, Range } from '../base/bytes.ts'
import { type Account, type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'

/** A flyweight over name-ordered lists of records whose name stands at one offset. */
export class Named {
  readonly #memory: Memory
  readonly #account: Account
  /** Offset of the name's length, a multiple of 4; the bytes follow it. */
  readonly #nameAt: number
  readonly #held = new Range()
  #root: Address = 0

  constructor(memory: Memory, account: Account, nameAt: number) {
    this.#memory = memory
    this.#account = account
    this.#nameAt = nameAt
  }

  /** Turn to the list whose root of 8 bytes is at `root`; zeros are an empty list. Returns itself. */
  bind(root: Address): this {
    this.#root = root
    return this
  }

  /** How many records there are. */
  get length(): number {
    return this.#word(1)
  }

  /** Bytes that list and records hold. */
  get sizeBytes(): number {
    let bytes = this.#word(0) === 0 ? 0 : this.#memory.sizeOf(this.#word(0))
    for (let i = 0; i < this.length; i++) bytes += this.#memory.sizeOf(this.at(i))
    return bytes
  }

  /** The record with this place in the order, which exists. */
  at(i: number): Address {
    const block = this.#word(0)
    return this.#memory.i32[block >>> SLAB_BITS]![((block & UNIT_MASK) << 1) + i]!
  }

  /** The record with this name, or 0. */
  find(name: Range): Address {
    const place = this.#place(name)
    if (place === this.length) return 0
    const record = this.at(place)
    return this.#order(record, name) === 0 ? record : 0
  }

  /**
   * Add a record for a name that is not there. Everything before its name is zero.
   * @throws ArenaFull with nothing changed.
   */
  insert(name: Range): Address {
    const memory = this.#memory
    const account = this.#account
    const n = this.length
    const bytes = name.end - name.start
    const record = memory.zeroed(account, this.#nameAt + 4 + bytes)
    try {
      this.#room(n)
    } catch (error) {
      memory.free(account, record)
      throw error
    }
    const words = memory.i32[record >>> SLAB_BITS]!
    words[((record & UNIT_MASK) << 1) + (this.#nameAt >>> 2)] = bytes
    copyBytes(
      name.buf,
      name.start,
      memory.u8[record >>> SLAB_BITS]!,
      ((record & UNIT_MASK) << 3) + this.#nameAt + 4,
      bytes,
    )
    const place = this.#place(name)
    const block = this.#word(0)
    const list = memory.i32[block >>> SLAB_BITS]!
    const base = (block & UNIT_MASK) << 1
    list.copyWithin(base + place + 1, base + place, base + n)
    list[base + place] = record
    this.#setWord(1, n + 1)
    return record
  }

  /** Free a record of the list. What it refers to has been freed before. */
  remove(record: Address): void {
    const memory = this.#memory
    const block = this.#word(0)
    const list = memory.i32[block >>> SLAB_BITS]!
    const base = (block & UNIT_MASK) << 1
    const n = this.length
    const place = list.subarray(base, base + n).indexOf(record)
    list.copyWithin(base + place, base + place + 1, base + n)
    this.#setWord(1, n - 1)
    memory.free(this.#account, record)
    if (n > 1) return
    memory.free(this.#account, block)
    this.#setWord(0, 0)
  }

  /** Fill `out` with the name of a record. */
  name(record: Address, out: Range): void {
    const slab = this.#memory.u8[record >>> SLAB_BITS]!
    const at = ((record & UNIT_MASK) << 3) + this.#nameAt + 4
    out.set(slab, at, at + slab.readInt32LE(at - 4))
  }

  #word(i: number): number {
    const root = this.#root
    return this.#memory.i32[root >>> SLAB_BITS]![((root & UNIT_MASK) << 1) + i]!
  }

  #setWord(i: number, value: number): void {
    const root = this.#root
    this.#memory.i32[root >>> SLAB_BITS]![((root & UNIT_MASK) << 1) + i] = value
  }

  /** Make sure that the list takes one record more than `n`. */
  #room(n: number): void {
    const memory = this.#memory
    const block = this.#word(0)
    if (block === 0) this.#setWord(0, memory.block(this.#account, 8))
    else if ((n + 1) * 4 > memory.sizeOf(block))
      this.#setWord(0, memory.resize(this.#account, block, n * 4, (n + (n >> 1) + 1) * 4))
  }

  /** Place of the first record whose name is not below this one. */
  #place(name: Range): number {
    let low = 0
    let high = this.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#order(this.at(middle), name) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #order(record: Address, name: Range): number {
    const slab = this.#memory.u8[record >>> SLAB_BITS]!
    const at = ((record & UNIT_MASK) << 3) + this.#nameAt + 4
    return compareRanges(this.#held.set(slab, at, at + slab.readInt32LE(at - 4)), name)
  }
}
