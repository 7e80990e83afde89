/* Deadlines -- which field expires next?
 *
 * A min-heap ordered by time, four children to a node, whose entries are the addresses of records (the fields of a hash):
 *
 *                   10 b                      slot       0     1     2     3     4     5
 *         /      /        \      \            times     10    40    25    70    30    41
 *       40 d   25 a      70 c   30 f          records    b     d     a     c     f     e
 *      /
 *    41 e                                     children of slot i: 4i + 1 .. 4i + 4
 *
 * Each record keeps its slot, plus one, in a word of its own at the offset that the heap was made with; 0 there means that
 * it has no deadline. So a deadline is read, changed and removed without searching, and the time is stored once. (A heap
 * that leaves changed entries behind as ghosts would be simpler, but the address of a freed record is soon another's.)
 *
 *   time, first O(1)    set, remove O(log n), a record touched at each level    release O(n / 4096)
 *
 * A small heap is one block, times before records, that grows by half. From 4,096 entries on there are chunks of 48 KB
 * and a directory of their addresses, so that growing never copies more.
 *
 *      root (16 bytes): block or directory, entries, capacity, snapshot epoch
 *
 * Invariants: times[parent(i)] <= times[i] for every i > 0; the word of records[i] is i + 1. */

import { ACCOUNT, type Account, type Address, ArenaFull, Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'

const ROOT_BYTES = 16
const CHUNK_BITS = 12
const CHUNK = 1 << CHUNK_BITS
const ENTRY_BYTES = 12
const FIRST_ENTRIES = 4

/** A flyweight over the heaps of one kind of record. */
export class Deadlines {
  /** Written into the root of every heap made from now on. */
  epoch = 0

  readonly #memory: Memory
  readonly #account: Account
  /** Index, in words, of a record's slot word. */
  readonly #slotWord: number
  #root: Address = 0

  /** `slotAt` is the offset of the slot word in a record: a multiple of 4, and 0 is written there before the first `set`. */
  constructor(memory: Memory, slotAt: number, account: Account = ACCOUNT.dataset) {
    this.#memory = memory
    this.#account = account
    this.#slotWord = slotAt >>> 2
  }

  /** Turn to the heap at `root`. Returns itself. */
  bind(root: Address): this {
    this.#root = root
    return this
  }

  /** Make an empty heap and turn to it. */
  create(): Address {
    const root = this.#memory.zeroed(this.#account, ROOT_BYTES)
    this.#root = root
    this.#setWord(3, this.epoch << 24)
    return root
  }

  /** How many records have a deadline. */
  get length(): number {
    return this.#word(1)
  }

  /** Bytes that the heap holds. */
  get sizeBytes(): number {
    const capacity = this.#word(2)
    if (capacity === 0) return ROOT_BYTES
    const bytes = ROOT_BYTES + this.#memory.sizeOf(this.#word(0))
    return capacity <= CHUNK ? bytes : bytes + (capacity >>> CHUNK_BITS) * Memory.sizeFor(CHUNK * ENTRY_BYTES)
  }

  /** The earliest deadline, Infinity when there is none. */
  get firstTime(): number {
    return this.length === 0 ? Infinity : this.#time(0)
  }

  /** The record with the earliest deadline, 0 when there is none. */
  get first(): Address {
    return this.length === 0 ? 0 : this.#record(0)
  }

  /** How many deadlines are not later than a time: O(their number), since they lie at the top of the tree. */
  countUntil(time: number): number {
    return this.#countUntil(0, time)
  }

  #countUntil(slot: number, time: number): number {
    if (slot >= this.length || this.#time(slot) > time) return 0
    let count = 1
    for (let child = slot * 4 + 1; child <= slot * 4 + 4; child++) count += this.#countUntil(child, time)
    return count
  }

  /** The record in a slot below the length: for going through all in no order. */
  at(slot: number): Address {
    return this.#record(slot)
  }

  /** The deadline of a record, Infinity when it has none. */
  time(record: Address): number {
    const slot = this.#slotOf(record)
    return slot < 0 ? Infinity : this.#time(slot)
  }

  /**
   * Give a record a deadline, or another one.
   * @throws ArenaFull with nothing changed.
   */
  set(record: Address, time: number): void {
    let slot = this.#slotOf(record)
    if (slot < 0) {
      slot = this.length
      if (slot === this.#word(2)) this.#grow()
      this.#setWord(1, slot + 1)
    } else if (time > this.#time(slot)) {
      this.#sink(slot, time, record)
      return
    }
    this.#rise(slot, time, record)
  }

  /** Take a record's deadline away. False when it had none. */
  remove(record: Address): boolean {
    const slot = this.#slotOf(record)
    if (slot < 0) return false
    this.#setSlot(record, 0)
    const last = this.length - 1
    this.#setWord(1, last)
    if (slot < last) {
      const other = this.#record(last)
      const time = this.#time(last)
      if (slot > 0 && time < this.#time((slot - 1) >>> 2)) this.#rise(slot, time, other)
      else this.#sink(slot, time, other)
    }
    this.#shrink()
    return true
  }

  /** A record has been copied to another address, slot word and all: name that one from now on. */
  moved(record: Address): void {
    const slot = this.#slotOf(record)
    if (slot >= 0) this.#put(slot, this.#time(slot), record)
  }

  /** Free the heap. The records are the caller's; their slot words stay as they are. */
  release(root: Address): void {
    while (!this.releaseStep(root, CHUNK));
  }

  /** Free up to `budget` chunks of a heap that nobody uses any more. True when all is gone. */
  releaseStep(root: Address, budget: number): boolean {
    this.#root = root
    for (; this.#word(2) > CHUNK; budget--) {
      if (budget <= 0) return false
      this.#dropChunk()
    }
    if (this.#word(0) !== 0) this.#memory.free(this.#account, this.#word(0))
    this.#memory.free(this.#account, root)
    this.#root = 0
    return true
  }

  // ---- The heap.

  /** Write an entry into a slot or above it, moving down the later ones on its way to the top. */
  #rise(slot: number, time: number, record: Address): void {
    while (slot > 0) {
      const parent = (slot - 1) >>> 2
      const parentTime = this.#time(parent)
      if (parentTime <= time) break
      this.#put(slot, parentTime, this.#record(parent))
      slot = parent
    }
    this.#put(slot, time, record)
  }

  /** Write an entry into a slot or below it, moving up the earliest child on each level. */
  #sink(slot: number, time: number, record: Address): void {
    const count = this.length
    for (;;) {
      const from = slot * 4 + 1
      if (from >= count) break
      const to = Math.min(from + 4, count)
      let child = from
      let childTime = this.#time(from)
      for (let i = from + 1; i < to; i++) {
        const other = this.#time(i)
        if (other < childTime) {
          child = i
          childTime = other
        }
      }
      if (childTime >= time) break
      this.#put(slot, childTime, this.#record(child))
      slot = child
    }
    this.#put(slot, time, record)
  }

  #put(slot: number, time: number, record: Address): void {
    const memory = this.#memory
    const chunk = this.#chunk(slot)
    const i = slot & (CHUNK - 1)
    memory.f64[chunk >>> SLAB_BITS]![(chunk & UNIT_MASK) + i] = time
    memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + this.#recordsAt() + i] = record
    this.#setSlot(record, slot + 1)
  }

  #time(slot: number): number {
    const chunk = this.#chunk(slot)
    return this.#memory.f64[chunk >>> SLAB_BITS]![(chunk & UNIT_MASK) + (slot & (CHUNK - 1))]!
  }

  #record(slot: number): Address {
    const chunk = this.#chunk(slot)
    const at = ((chunk & UNIT_MASK) << 1) + this.#recordsAt() + (slot & (CHUNK - 1))
    return this.#memory.i32[chunk >>> SLAB_BITS]![at]!
  }

  /** The slot of a record, or -1. */
  #slotOf(record: Address): number {
    return this.#memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + this.#slotWord]! - 1
  }

  #setSlot(record: Address, value: number): void {
    this.#memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + this.#slotWord] = value
  }

  // ---- Blocks and chunks.

  /** Words of a block before its records. */
  #recordsAt(): number {
    return Math.min(this.#word(2), CHUNK) * 2
  }

  #chunk(slot: number): Address {
    return this.#word(2) <= CHUNK ? this.#word(0) : this.#chunkOfDirectory(slot >>> CHUNK_BITS)
  }

  #chunkOfDirectory(i: number): Address {
    const directory = this.#word(0)
    return this.#memory.i32[directory >>> SLAB_BITS]![((directory & UNIT_MASK) << 1) + i]!
  }

  #setChunk(directory: Address, i: number, chunk: Address): void {
    this.#memory.i32[directory >>> SLAB_BITS]![((directory & UNIT_MASK) << 1) + i] = chunk
  }

  #grow(): void {
    const capacity = this.#word(2)
    if (capacity < CHUNK) {
      const bytes = Memory.sizeFor(Math.max(FIRST_ENTRIES, capacity + (capacity >> 1)) * ENTRY_BYTES)
      this.#relay(Math.min(CHUNK, Math.floor(bytes / ENTRY_BYTES)))
      return
    }
    const memory = this.#memory
    const account = this.#account
    const chunks = capacity >>> CHUNK_BITS
    const chunk = memory.block(account, CHUNK * ENTRY_BYTES)
    try {
      if (chunks === 1) {
        const directory = memory.block(account, 64)
        this.#setChunk(directory, 0, this.#word(0))
        this.#setWord(0, directory)
      } else if (chunks * 4 === memory.sizeOf(this.#word(0)))
        this.#setWord(0, memory.resize(account, this.#word(0), chunks * 4, chunks * 8))
    } catch (error) {
      memory.free(account, chunk)
      throw error
    }
    this.#setChunk(this.#word(0), chunks, chunk)
    this.#setWord(2, capacity + CHUNK)
  }

  #shrink(): void {
    const count = this.length
    const capacity = this.#word(2)
    if (capacity > CHUNK) {
      // A chunk and a half stay free, so that one entry coming and going does not move memory about.
      if (count + CHUNK + (CHUNK >> 1) > capacity) return
      this.#dropChunk()
      return
    }
    if (count * 4 > capacity || capacity <= FIRST_ENTRIES * 2) return
    try {
      this.#relay(Math.floor(Memory.sizeFor(count * 2 * ENTRY_BYTES) / ENTRY_BYTES))
    } catch (error) {
      // Only room would have been saved.
      if (!(error instanceof ArenaFull)) throw error
    }
  }

  /** Free the last chunk of several. One that is left stands without a directory. */
  #dropChunk(): void {
    const memory = this.#memory
    const capacity = this.#word(2)
    memory.free(this.#account, this.#chunk(capacity - 1))
    if (capacity === 2 * CHUNK) {
      const directory = this.#word(0)
      this.#setWord(0, this.#chunkOfDirectory(0))
      memory.free(this.#account, directory)
    }
    this.#setWord(2, capacity - CHUNK)
  }

  /** Move the entries of a heap of one block into a block with another capacity. */
  #relay(capacity: number): void {
    const memory = this.#memory
    const old = this.#word(0)
    const fresh = memory.block(this.#account, capacity * ENTRY_BYTES)
    if (old !== 0) {
      const times = memory.f64[old >>> SLAB_BITS]!
      const words = memory.i32[old >>> SLAB_BITS]!
      const toTimes = memory.f64[fresh >>> SLAB_BITS]!
      const toWords = memory.i32[fresh >>> SLAB_BITS]!
      const records = ((old & UNIT_MASK) << 1) + this.#recordsAt()
      const toRecords = ((fresh & UNIT_MASK) << 1) + capacity * 2
      for (let i = 0; i < this.length; i++) {
        toTimes[(fresh & UNIT_MASK) + i] = times[(old & UNIT_MASK) + i]!
        toWords[toRecords + i] = words[records + i]!
      }
      memory.free(this.#account, old)
    }
    this.#setWord(0, fresh)
    this.#setWord(2, capacity)
  }

  #word(i: number): number {
    const root = this.#root
    return this.#memory.i32[root >>> SLAB_BITS]![((root & UNIT_MASK) << 1) + i]!
  }

  #setWord(i: number, value: number): void {
    const root = this.#root
    this.#memory.i32[root >>> SLAB_BITS]![((root & UNIT_MASK) << 1) + i] = value
  }
}
