/* Deadlines of keys -- which keys die, and when?
 *
 * A dense array of (time, record) pairs without order, in arena chunks of 4096; the record knows its place, so setting,
 * moving and dropping a deadline is O(1), and a random sample costs an index:
 *
 *      chunk   [ 4096 doubles: milliseconds since 1970 ][ 4096 u32: record ]
 *
 * Expired keys are found in two ways, as in Redis: a lookup meets one, or the sampler does. A deadline beyond 2^53 ms
 * does not fit a double exactly; the exact number then stands in a side map, which in practice is empty. */

import { type Account, type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import { EXPIRE_WORD, recordWord, setRecordWord } from './record.ts'

const CHUNK_BITS = 12
const CHUNK = 1 << CHUNK_BITS

export class KeyDeadlines {
  readonly #memory: Memory
  readonly #account: Account
  readonly #chunks: Address[] = []
  readonly #exact = new Map<Address, bigint>()
  count = 0

  constructor(memory: Memory, account: Account) {
    this.#memory = memory
    this.#account = account
  }

  /** Bytes of all chunks. */
  get tableBytes(): number {
    return this.#chunks.length * CHUNK * 12
  }

  /** Deadline at a place, in ms. */
  timeAt(index: number): number {
    const chunk = this.#chunks[index >>> CHUNK_BITS]!
    return this.#memory.f64[chunk >>> SLAB_BITS]![(chunk & UNIT_MASK) + (index & (CHUNK - 1))]!
  }

  /** Record at a place. */
  recordAt(index: number): Address {
    const chunk = this.#chunks[index >>> CHUNK_BITS]!
    return this.#memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + CHUNK * 2 + (index & (CHUNK - 1))]!
  }

  /** Deadline of a record in ms, or -1. */
  of(record: Address): number {
    const place = recordWord(this.#memory, record, EXPIRE_WORD)
    return place === 0 ? -1 : this.timeAt(place - 1)
  }

  /** Deadline of a record as an exact number, or -1n. */
  exactOf(record: Address): bigint {
    return this.#exact.get(record) ?? BigInt(this.of(record))
  }

  set(record: Address, timeMs: number, exact?: bigint): void {
    let place = recordWord(this.#memory, record, EXPIRE_WORD)
    if (place === 0) {
      if (this.count === this.#chunks.length * CHUNK) this.#chunks.push(this.#memory.block(this.#account, CHUNK * 12))
      place = ++this.count
      setRecordWord(this.#memory, record, EXPIRE_WORD, place)
    }
    this.#put(place - 1, timeMs, record)
    if (exact !== undefined && timeMs > Number.MAX_SAFE_INTEGER) this.#exact.set(record, exact)
    else if (this.#exact.size > 0) this.#exact.delete(record)
  }

  /** Drop a record's deadline; false when it had none. */
  clear(record: Address): boolean {
    const place = recordWord(this.#memory, record, EXPIRE_WORD)
    if (place === 0) return false
    const last = --this.count
    if (place - 1 !== last) {
      const moved = this.recordAt(last)
      this.#put(place - 1, this.timeAt(last), moved)
      setRecordWord(this.#memory, moved, EXPIRE_WORD, place)
    }
    setRecordWord(this.#memory, record, EXPIRE_WORD, 0)
    if (this.#exact.size > 0) this.#exact.delete(record)
    if (this.#chunks.length > 1 && this.count <= (this.#chunks.length - 2) * CHUNK)
      this.#memory.free(this.#account, this.#chunks.pop()!)
    return true
  }

  /** The record moved to another address; its head was copied. */
  moved(from: Address, to: Address): void {
    const place = recordWord(this.#memory, to, EXPIRE_WORD)
    if (place === 0) return
    this.#put(place - 1, this.timeAt(place - 1), to)
    const exact = this.#exact.get(from)
    if (exact === undefined) return
    this.#exact.delete(from)
    this.#exact.set(to, exact)
  }

  release(): void {
    for (const chunk of this.#chunks) this.#memory.free(this.#account, chunk)
    this.#chunks.length = 0
    this.#exact.clear()
    this.count = 0
  }

  #put(index: number, timeMs: number, record: Address): void {
    const chunk = this.#chunks[index >>> CHUNK_BITS]!
    const at = index & (CHUNK - 1)
    this.#memory.f64[chunk >>> SLAB_BITS]![(chunk & UNIT_MASK) + at] = timeMs
    this.#memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + CHUNK * 2 + at] = record
  }
}
