/* Dict -- records found by their key's bytes.
 *
 * The keyspace, the fields of a hash, the members of a set and of a sorted set are all this one table; they differ in
 * what a record holds beside its key. A record is one arena block, which begins the same way in every kind:
 *
 *      +0   u32  position in the dense array
 *      +4   u8   key length; 255: the length is a u32 at `keyAt`, and the key follows it
 *      +5   ...  what the kind keeps there, up to `keyAt`
 *      keyAt     key bytes, then the tail that the kind asked for
 *
 * Two ways lead to a record:
 *
 *      index    open addressing, linear probing, pairs (hash, address)        find, insert, remove
 *      dense    an array of addresses in no order, without holes              at(i), random, scan, snapshots
 *
 *      directory (by the hash's top bits)      shard (by its low 16 bits)            dense
 *      +------+------+                        +----+-----+-----+-----+-----+         +----+----+----+----+
 *      | 0... | addr | ---------------------> |n,d | h,a | --- | h,a | h,a |         | a2 | a0 | a3 | a1 |
 *      | 1... | addr | ------> another        +----+-----+-----+-----+-----+         +----+----+----+----+
 *      +------+------+
 *
 * A small table is one shard that grows by half at a load of 3/4. A shard that has reached 64 KB splits in two by the
 * next bit of the hash instead, and the directory doubles when it must (extendible hashing, Fagin et al. 1979). So no
 * insertion ever moves more than 8,191 pairs, and a table of ten million keys has no pause. Removing shifts the pairs
 * behind the hole back (no tombstones) and moves the last dense entry into the hole.
 *
 * SCAN walks dense positions downwards. An entry moves only from the top into a lower hole; one not yet visited thus
 * stays below the cursor, one moved from above was visited already and is at worst seen twice.
 *
 * All state lies in the block `root`, so a table costs no JavaScript object: a Dict is a lens that is bound to a root.
 *
 *      root  +0 count  +4 directory bits  +8 shard or directory  +12 shard slots
 *            +16 dense block or its directory  +20 dense capacity  +24 f64 bytes of all records
 *
 *   find O(1): directory, pair, record      insert O(1) amortised, at most one shard      remove O(1)      at O(1)
 *
 * Invariants: a shard's load is at most 3/4; dense[record.position] is the record; every record has one pair, in the
 * shard that its hash names. Two lenses on one root must not be used at once when one of them writes. */

import { sameBytes, type Range } from '../base/bytes.ts'
import { type HashKey, sipHash } from '../base/siphash.ts'
import { type Account, type Address, Memory, SLAB_BITS, UNIT_MASK } from './arena.ts'

const ROOT_BYTES = 32
const SHARD_HEAD = 8
const SHARD_BYTES_MAX = 64 << 10
const SHARD_SLOTS_MIN = 7
const SHARD_SLOTS_MAX = (SHARD_BYTES_MAX - SHARD_HEAD) >>> 3
const DEPTH_MAX = 16
/** `reserve` is not worth its while below; above, it fills shards up to so many pairs, two thirds of the largest. */
const RESERVE_MIN = 64
const RESERVED_PAIRS = 5400
/** Records that `index` looks up together. */
const INDEX_AT_ONCE = 32
/** Entries of one dense chunk: 64 KB. */
const CHUNK_BITS = 14
const CHUNK = 1 << CHUNK_BITS
/** Key length byte that says "the length follows as a u32". */
export const LONG_KEY = 255

/** A byte-keyed table in the arena; see the header of this file. */
export class Dict {
  readonly memory: Memory
  /** Offset of the key in a record. */
  readonly keyAt: number
  readonly account: Account
  root: Address = 0
  /** Number of records. */
  count = 0
  /** Hash of the key of the last find; `insert` uses it. */
  hash = 0
  readonly #k0: number
  readonly #k1: number
  #depth = 0
  #table: Address = 0
  #slots = 0
  #dense: Address = 0
  #denseCapacity = 0
  /** The record whose key has the hash in `hash`; 0 when that key has none. */
  #foundRecord: Address = 0
  // The shard that the last #locate named.
  #shard: Address = 0
  #shardSlots = 0

  constructor(memory: Memory, key: HashKey, keyAt: number, account: Account) {
    this.memory = memory
    this.keyAt = keyAt
    this.account = account
    this.#k0 = key.k0
    this.#k1 = key.k1
  }

  /** Make an empty table and bind to it; returns its root. About so many records are expected. */
  create(expected = 0): Address {
    const root = this.memory.block(this.account, ROOT_BYTES)
    const wanted = Math.min(SHARD_SLOTS_MAX, Math.max(SHARD_SLOTS_MIN, Math.ceil((expected * 4) / 3)))
    const slots = (Memory.sizeFor(SHARD_HEAD + wanted * 8) - SHARD_HEAD) >>> 3
    const denseBytes = Memory.sizeFor(Math.min(CHUNK, Math.max(8, expected)) * 4)
    this.root = root
    this.count = 0
    this.#depth = 0
    this.#slots = slots
    this.#table = this.#newShard(slots, 0)
    this.#denseCapacity = denseBytes >>> 2
    this.#dense = this.memory.block(this.account, denseBytes)
    this.#foundRecord = 0
    this.#save()
    this.memory.f64[root >>> SLAB_BITS]![(root & UNIT_MASK) + 3] = 0
    return root
  }

  /** Look at another table. */
  bind(root: Address): this {
    const words = this.memory.i32[root >>> SLAB_BITS]!
    const at = (root & UNIT_MASK) << 1
    this.root = root
    this.count = words[at]!
    this.#depth = words[at + 1]!
    this.#table = words[at + 2]!
    this.#slots = words[at + 3]!
    this.#dense = words[at + 4]!
    this.#denseCapacity = words[at + 5]!
    this.#foundRecord = 0
    return this
  }

  #save(): void {
    const words = this.memory.i32[this.root >>> SLAB_BITS]!
    const at = (this.root & UNIT_MASK) << 1
    words[at] = this.count
    words[at + 1] = this.#depth
    words[at + 2] = this.#table
    words[at + 3] = this.#slots
    words[at + 4] = this.#dense
    words[at + 5] = this.#denseCapacity
  }

  /** The record with this key, or 0. Remembers the key's hash for an `insert` that follows. */
  find(buf: Buffer, start: number, end: number): Address {
    const hash = sipHash(buf, start, end, this.#k0, this.#k1)
    this.hash = hash
    this.#locate(hash)
    const memory = this.memory
    const shard = this.#shard
    const slots = this.#shardSlots
    const words = memory.i32[shard >>> SLAB_BITS]!
    const base = ((shard & UNIT_MASK) << 1) + 2
    let slot = Math.imul(hash & 0xffff, slots) >>> 16
    for (;;) {
      const record = words[base + slot * 2 + 1]!
      if (record === 0) {
        this.#foundRecord = 0
        return 0
      }
      if (words[base + slot * 2] === hash && this.#hasKey(record, buf, start, end)) {
        this.#foundRecord = record
        return record
      }
      if (++slot === slots) slot = 0
    }
  }

  /** The same as `find`, and quicker when the key is the one that was found last. */
  findAgain(buf: Buffer, start: number, end: number): Address {
    const record = this.#foundRecord
    return record !== 0 && this.#hasKey(record, buf, start, end) ? record : this.find(buf, start, end)
  }

  /**
   * Whether a key is there whose hash is known, from `eachHashed` of a table with the same secret key. `find` does the same, and is
   * written out there for the sake of every other command.
   */
  hasHashed(hash: number, buf: Buffer, start: number, end: number): boolean {
    this.#locate(hash)
    const shard = this.#shard
    const slots = this.#shardSlots
    const words = this.memory.i32[shard >>> SLAB_BITS]!
    const base = ((shard & UNIT_MASK) << 1) + 2
    for (let slot = Math.imul(hash & 0xffff, slots) >>> 16; ; ) {
      const record = words[base + slot * 2 + 1]!
      if (record === 0) return false
      if (words[base + slot * 2] === hash && this.#hasKey(record, buf, start, end)) return true
      if (++slot === slots) slot = 0
    }
  }

  #hasKey(record: Address, buf: Buffer, start: number, end: number): boolean {
    const bytes = this.memory.u8[record >>> SLAB_BITS]!
    const at = (record & UNIT_MASK) << 3
    const length = end - start
    if (length < LONG_KEY) return bytes[at + 4] === length && sameBytes(bytes, at + this.keyAt, buf, start, length)
    if (bytes[at + 4] !== LONG_KEY || bytes.readUInt32LE(at + this.keyAt) !== length) return false
    return sameBytes(bytes, at + this.keyAt + 4, buf, start, length)
  }

  /**
   * Add a record for a key that the `find` just before did not find, with room for `tail` bytes behind the key.
   * The bytes between the key length and the key are zero; the tail is not cleared.
   * @throws ArenaFull with nothing changed.
   */
  insert(buf: Buffer, start: number, end: number, tail: number): Address {
    const hash = this.hash
    const record = this.#newRecord(buf, start, end, tail)
    try {
      this.#place(hash, record)
    } catch (error) {
      // The index could not grow: the caller sees the same arena error and a table without the record.
      this.memory.free(this.account, record)
      throw error
    }
    this.#foundRecord = record
    return record
  }

  /**
   * Add a record without looking whether its key is there, and without a way to it but its place: `index` makes that for
   * many records at once, and must have done so before anything else is asked of the table.
   * @throws ArenaFull with nothing changed.
   */
  append(buf: Buffer, start: number, end: number, tail: number): Address {
    if (this.count === this.#denseCapacity) this.#growDense()
    const record = this.#newRecord(buf, start, end, tail)
    this.#enter(record)
    return record
  }

  #newRecord(buf: Buffer, start: number, end: number, tail: number): Address {
    const length = end - start
    const record = this.memory.block(this.account, this.keyAt + (length < LONG_KEY ? length : length + 4) + tail)
    const bytes = this.memory.u8[record >>> SLAB_BITS]!
    let at = (record & UNIT_MASK) << 3
    const head = this.keyAt
    for (let i = 4; i < head; i++) bytes[at + i] = 0
    if (length < LONG_KEY) bytes[at + 4] = length
    else {
      bytes[at + 4] = LONG_KEY
      bytes.writeUInt32LE(length, at + head)
      at += 4
    }
    if (length <= 40) for (let i = 0; i < length; i++) bytes[at + head + i] = buf[start + i]!
    else buf.copy(bytes, at + head, start, end)
    return record
  }

  #place(hash: number, record: Address): void {
    if (this.count === this.#denseCapacity) this.#growDense()
    this.#link(hash, record)
    this.#enter(record)
  }

  /** Let the index lead to a record. */
  #link(hash: number, record: Address): void {
    this.#locate(hash)
    let words = this.memory.i32[this.#shard >>> SLAB_BITS]!
    let head = (this.#shard & UNIT_MASK) << 1
    if ((words[head]! + 1) * 4 > this.#shardSlots * 3) {
      this.#growShard(hash)
      words = this.memory.i32[this.#shard >>> SLAB_BITS]!
      head = (this.#shard & UNIT_MASK) << 1
    }
    words[head]!++
    putPair(words, head + 2, this.#shardSlots, hash, record)
  }

  /** Give a record the place at the end. */
  #enter(record: Address): void {
    this.#setDense(this.count, record)
    this.count++
    const root = this.root
    this.memory.i32[root >>> SLAB_BITS]![(root & UNIT_MASK) << 1] = this.count
    this.memory.f64[root >>> SLAB_BITS]![(root & UNIT_MASK) + 3]! += this.memory.sizeOf(record)
  }

  /**
   * Make the ways to the records from a place on, which `append` added. False when the key of one was there already: then
   * that one and those behind it are freed, after `drop` was told of each. So it is when an error is thrown.
   *
   * The memory that a pair lies in is hardly ever near; looked at one after the other, each would be waited for. So many are
   * asked for before the first is needed.
   */
  index(from: number, drop: (record: Address) => void): boolean {
    let at = from
    try {
      while (at < this.count) {
        const first = at
        const end = Math.min(this.count, at + INDEX_AT_ONCE)
        this.#foundRecord = 0
        for (let i = first; i < end; i++) this.#hashes[i - first] = this.#hashOf(this.at(i))
        this.#lookAhead(end - first)
        for (; at < end; at++) if (!this.#linkNew(this.#hashes[at - first]!, this.at(at))) return false
      }
      return true
    } finally {
      while (this.count > at) this.#dropLast(drop)
    }
  }

  /** Free a record that the index does not know. */
  #dropLast(drop: (record: Address) => void): void {
    const { memory, root } = this
    const record = this.at(this.count - 1)
    drop(record)
    this.count--
    memory.i32[root >>> SLAB_BITS]![(root & UNIT_MASK) << 1] = this.count
    memory.f64[root >>> SLAB_BITS]![(root & UNIT_MASK) + 3]! -= memory.sizeOf(record)
    memory.free(this.account, record)
  }

  readonly #hashes = new Int32Array(INDEX_AT_ONCE)
  /** What `index` saw on its way; of no use but that the looking is not left out. */
  seen = 0

  /** Ask for the memory of all pairs where hashes belong: so short a loop that the processor does it at once. */
  #lookAhead(count: number): void {
    const { i32 } = this.memory
    const hashes = this.#hashes
    let seen = 0
    for (let i = 0; i < count; i++) {
      const hash = hashes[i]!
      this.#locate(hash)
      const slot = Math.imul(hash & 0xffff, this.#shardSlots) >>> 16
      seen |= i32[this.#shard >>> SLAB_BITS]![((this.#shard & UNIT_MASK) << 1) + 3 + slot * 2]!
    }
    this.seen = seen
  }

  /** Link a record unless there is one with its key. */
  #linkNew(hash: number, record: Address): boolean {
    this.#locate(hash)
    const words = this.memory.i32[this.#shard >>> SLAB_BITS]!
    const base = ((this.#shard & UNIT_MASK) << 1) + 2
    const slots = this.#shardSlots
    let slot = Math.imul(hash & 0xffff, slots) >>> 16
    for (;;) {
      const other = words[base + slot * 2 + 1]!
      if (other === 0) break
      if (words[base + slot * 2] === hash && this.#sameKey(other, record)) return false
      if (++slot === slots) slot = 0
    }
    this.#link(hash, record)
    return true
  }

  #sameKey(a: Address, b: Address): boolean {
    const bytes = this.memory.u8[b >>> SLAB_BITS]!
    const at = ((b & UNIT_MASK) << 3) + this.keyAt
    const length = bytes[at - this.keyAt + 4]!
    if (length < LONG_KEY) return this.#hasKey(a, bytes, at, at + length)
    return this.#hasKey(a, bytes, at + 4, at + 4 + bytes.readUInt32LE(at))
  }

  /**
   * Give a record another tail size. Returns its address, which may be new; head, key and the tail that both sizes
   * share are kept. @throws ArenaFull with nothing changed.
   */
  resize(record: Address, tail: number): Address {
    const memory = this.memory
    const need = this.tailAt(record) + tail
    const size = memory.sizeOf(record)
    if (Memory.sizeFor(need) === size) return record
    const hash = this.#hashOf(record)
    const fresh = memory.resize(this.account, record, Math.min(size, need), need)
    this.#relink(hash, record, fresh)
    if (memory.guard !== null) memory.guard.moved(this.root, record, fresh)
    memory.f64[this.root >>> SLAB_BITS]![(this.root & UNIT_MASK) + 3]! += memory.sizeOf(fresh) - size
    return fresh
  }

  #relink(hash: number, record: Address, fresh: Address): void {
    const memory = this.memory
    this.#locate(hash)
    const words = memory.i32[this.#shard >>> SLAB_BITS]!
    const base = ((this.#shard & UNIT_MASK) << 1) + 2
    words[base + this.#slotOf(words, base, hash, record) * 2 + 1] = fresh
    this.#setDense(memory.i32[fresh >>> SLAB_BITS]![(fresh & UNIT_MASK) << 1]!, fresh)
    if (this.#foundRecord === record) this.#foundRecord = fresh
  }

  /** To be called before a record's content is changed in place. */
  change(record: Address): void {
    if (this.memory.guard !== null) this.memory.guard.change(this.root, record)
  }

  /** Take a record out and free it. */
  remove(record: Address): void {
    const memory = this.memory
    const root = this.root
    if (memory.guard !== null) memory.guard.removal(root, record)
    memory.f64[root >>> SLAB_BITS]![(root & UNIT_MASK) + 3]! -= memory.sizeOf(record)
    const hash = this.#hashOf(record)
    this.#locate(hash)
    const words = memory.i32[this.#shard >>> SLAB_BITS]!
    const head = (this.#shard & UNIT_MASK) << 1
    removePair(words, head + 2, this.#shardSlots, this.#slotOf(words, head + 2, hash, record))
    const position = memory.i32[record >>> SLAB_BITS]![(record & UNIT_MASK) << 1]!
    const last = --this.count
    if (position !== last) this.#setDense(position, this.at(last))
    memory.i32[root >>> SLAB_BITS]![(root & UNIT_MASK) << 1] = last
    const live = --words[head]!
    if (live * 6 < this.#shardSlots && this.#shardSlots > SHARD_SLOTS_MIN) this.#shrinkShard(hash, live)
    if (last * 4 < this.#denseCapacity && this.#denseCapacity > 8) this.#shrinkDense()
    memory.free(this.account, record)
    this.#foundRecord = 0
  }

  /** The record at a dense position below `count`. */
  at(position: number): Address {
    let chunk = this.#dense
    if (this.#denseCapacity > CHUNK)
      chunk = this.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + (position >>> CHUNK_BITS)]!
    return this.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + (position & (CHUNK - 1))]!
  }

  /**
   * Visit every record with the hash of its key, in the order of hashes. No other table may be filled meanwhile: one that is
   * filled in this order, and grows on the way, walks ever longer.
   */
  eachHashed(visit: (record: Address, hash: number) => void): void {
    if (this.#depth === 0) this.#eachPair(this.#table, this.#slots, visit)
    else this.#eachShard((shard, slots) => this.#eachPair(shard, slots, visit))
  }

  #eachPair(shard: Address, slots: number, visit: (record: Address, hash: number) => void): void {
    const words = this.memory.i32[shard >>> SLAB_BITS]!
    const base = ((shard & UNIT_MASK) << 1) + 2
    for (let at = base; at < base + slots * 2; at += 2) {
      const record = words[at + 1]!
      if (record !== 0) visit(record, words[at]!)
    }
  }

  /** Dense position of a record. */
  positionOf(record: Address): number {
    return this.memory.i32[record >>> SLAB_BITS]![(record & UNIT_MASK) << 1]!
  }

  /** Exchange two dense positions: a snapshot sorts the visited from the unvisited with it. */
  swap(a: number, b: number): void {
    const first = this.at(a)
    this.#setDense(a, this.at(b))
    this.#setDense(b, first)
  }

  /** Turn the dense order around. */
  reverse(): void {
    for (let low = 0, high = this.count - 1; low < high; low++, high--) this.swap(low, high)
  }

  /** Name a record's key. */
  key(record: Address, out: Range): Range {
    const bytes = this.memory.u8[record >>> SLAB_BITS]!
    const at = ((record & UNIT_MASK) << 3) + this.keyAt
    const length = bytes[at - this.keyAt + 4]!
    out.buf = bytes
    if (length < LONG_KEY) {
      out.start = at
      out.end = at + length
    } else {
      out.start = at + 4
      out.end = at + 4 + bytes.readUInt32LE(at)
    }
    return out
  }

  /** Offset of the tail, in bytes from the record's start. */
  tailAt(record: Address): number {
    const bytes = this.memory.u8[record >>> SLAB_BITS]!
    const at = (record & UNIT_MASK) << 3
    const length = bytes[at + 4]!
    return this.keyAt + (length < LONG_KEY ? length : 4 + bytes.readUInt32LE(at + this.keyAt))
  }

  /** Bytes that the table and its records hold, as class sizes. */
  sizeBytes(): number {
    const memory = this.memory
    let bytes = memory.f64[this.root >>> SLAB_BITS]![(this.root & UNIT_MASK) + 3]! + memory.sizeOf(this.root)
    bytes += memory.sizeOf(this.#table) + memory.sizeOf(this.#dense)
    if (this.#denseCapacity > CHUNK) bytes += (this.#denseCapacity / CHUNK) * CHUNK * 4
    if (this.#depth > 0) this.#eachShard(shard => (bytes += memory.sizeOf(shard)))
    return bytes
  }

  /** Free the table's own blocks and every record; what tails refer to is the caller's to free first. */
  release(): void {
    while (!this.releaseStep(1 << 20)) {}
  }

  /** Free up to `budget` records, and at last the table: true when nothing is left. Nothing but this may follow. */
  releaseStep(budget: number): boolean {
    const memory = this.memory
    const end = Math.max(0, this.count - budget)
    for (let i = this.count - 1; i >= end; i--) memory.free(this.account, this.at(i))
    this.count = end
    memory.i32[this.root >>> SLAB_BITS]![(this.root & UNIT_MASK) << 1] = end
    if (end > 0) return false
    if (this.#depth > 0) this.#eachShard(shard => memory.free(this.account, shard))
    memory.free(this.account, this.#table)
    if (this.#denseCapacity > CHUNK) {
      const words = memory.i32[this.#dense >>> SLAB_BITS]!
      const base = (this.#dense & UNIT_MASK) << 1
      for (let i = 0; i < this.#denseCapacity >>> CHUNK_BITS; i++) memory.free(this.account, words[base + i]!)
    }
    memory.free(this.account, this.#dense)
    memory.free(this.account, this.root)
    this.root = 0
    return true
  }

  // ------------------------------------------------------------------ index

  #hashOf(record: Address): number {
    if (record === this.#foundRecord) return this.hash
    const bytes = this.memory.u8[record >>> SLAB_BITS]!
    const at = ((record & UNIT_MASK) << 3) + this.keyAt
    const length = bytes[at - this.keyAt + 4]!
    if (length < LONG_KEY) return sipHash(bytes, at, at + length, this.#k0, this.#k1)
    return sipHash(bytes, at + 4, at + 4 + bytes.readUInt32LE(at), this.#k0, this.#k1)
  }

  #locate(hash: number): void {
    if (this.#depth === 0) {
      this.#shard = this.#table
      this.#shardSlots = this.#slots
      return
    }
    const words = this.memory.i32[this.#table >>> SLAB_BITS]!
    const at = ((this.#table & UNIT_MASK) << 1) + (hash >>> (32 - this.#depth)) * 2
    this.#shard = words[at]!
    this.#shardSlots = words[at + 1]!
  }

  #slotOf(words: Int32Array, base: number, hash: number, record: Address): number {
    const slots = this.#shardSlots
    let slot = Math.imul(hash & 0xffff, slots) >>> 16
    while (words[base + slot * 2 + 1] !== record) if (++slot === slots) slot = 0
    return slot
  }

  #newShard(slots: number, bits: number): Address {
    const shard = this.memory.block(this.account, SHARD_HEAD + slots * 8)
    const words = this.memory.i32[shard >>> SLAB_BITS]!
    const head = (shard & UNIT_MASK) << 1
    words.fill(0, head, head + 2 + slots * 2)
    words[head + 1] = bits
    return shard
  }

  /** Make room in the shard of a hash, by growing or by splitting it; leaves #shard at the one for the hash. */
  #growShard(hash: number): void {
    const bits = this.memory.i32[this.#shard >>> SLAB_BITS]![((this.#shard & UNIT_MASK) << 1) + 1]!
    const bytes = Memory.sizeFor(SHARD_HEAD + (this.#shardSlots + (this.#shardSlots >>> 1) + 1) * 8)
    if (bytes <= SHARD_BYTES_MAX) {
      this.#replaceShard(hash, (bytes - SHARD_HEAD) >>> 3, bits)
      return
    }
    if (bits < DEPTH_MAX) this.#splitShard(hash, bits)
    else this.#replaceShard(hash, this.#shardSlots * 2, bits) // half a billion keys: shards grow beyond 64 KB
    this.#locate(hash)
  }

  #shrinkShard(hash: number, live: number): void {
    const bits = this.memory.i32[this.#shard >>> SLAB_BITS]![((this.#shard & UNIT_MASK) << 1) + 1]!
    const bytes = Memory.sizeFor(SHARD_HEAD + Math.max(SHARD_SLOTS_MIN, live * 2) * 8)
    this.#replaceShard(hash, (bytes - SHARD_HEAD) >>> 3, bits)
  }

  /**
   * Make an empty table ready for about so many records, so that it need not grow on the way: for whoever loads.
   * @throws ArenaFull with nothing changed.
   */
  reserve(count: number): void {
    if (this.count > 0 || this.#depth > 0 || count < RESERVE_MIN) return
    const memory = this.memory
    let depth = 0
    while (depth < DEPTH_MAX && count > RESERVED_PAIRS * 2 ** depth) depth++
    const pairs = Math.min(RESERVED_PAIRS, count / 2 ** depth)
    const slots = (Memory.sizeFor(SHARD_HEAD + Math.ceil(pairs * 1.5) * 8) - SHARD_HEAD) >>> 3
    const made: Address[] = []
    try {
      if (depth > 0) made.push(memory.block(this.account, 8 << depth))
      for (let i = 0; i < 1 << depth; i++) made.push(this.#newShard(slots, depth))
    } catch (error) {
      for (const block of made) memory.free(this.account, block)
      throw error
    }
    memory.free(this.account, this.#table)
    const table = made[0]!
    if (depth > 0) {
      const words = memory.i32[table >>> SLAB_BITS]!
      const base = (table & UNIT_MASK) << 1
      for (let i = 0; i < 1 << depth; i++) {
        words[base + i * 2] = made[i + 1]!
        words[base + i * 2 + 1] = slots
      }
    }
    this.#table = table
    this.#slots = slots
    this.#depth = depth
    this.#save()
  }

  #replaceShard(hash: number, slots: number, bits: number): void {
    const old = this.#shard
    const fresh = this.#newShard(slots, bits)
    const memory = this.memory
    const to = memory.i32[fresh >>> SLAB_BITS]!
    const toHead = (fresh & UNIT_MASK) << 1
    const from = memory.i32[old >>> SLAB_BITS]!
    const fromHead = (old & UNIT_MASK) << 1
    for (let i = 0; i < this.#shardSlots; i++) {
      const at = fromHead + 2 + i * 2
      if (from[at + 1] !== 0) putPair(to, toHead + 2, slots, from[at]!, from[at + 1]!)
    }
    to[toHead] = from[fromHead]!
    memory.free(this.account, old)
    this.#point(hash, bits, fresh, slots)
    this.#shard = fresh
    this.#shardSlots = slots
  }

  #splitShard(hash: number, bits: number): void {
    const memory = this.memory
    const old = this.#shard
    const oldSlots = this.#shardSlots
    const slots = (Memory.sizeFor(SHARD_HEAD + (oldSlots >>> 1) * 12) - SHARD_HEAD) >>> 3
    if (bits === this.#depth) this.#doubleDirectory()
    const zero = this.#newShard(slots, bits + 1)
    const one = this.#newShard(slots, bits + 1)
    const from = memory.i32[old >>> SLAB_BITS]!
    const fromHead = (old & UNIT_MASK) << 1
    for (let i = 0; i < oldSlots; i++) {
      const at = fromHead + 2 + i * 2
      if (from[at + 1] === 0) continue
      const target = (from[at]! >>> (31 - bits)) & 1 ? one : zero
      const to = memory.i32[target >>> SLAB_BITS]!
      const head = (target & UNIT_MASK) << 1
      to[head]!++
      putPair(to, head + 2, slots, from[at]!, from[at + 1]!)
    }
    memory.free(this.account, old)
    const top = 1 << (31 - bits)
    this.#point(hash & ~top, bits + 1, zero, slots)
    this.#point(hash | top, bits + 1, one, slots)
  }

  #doubleDirectory(): void {
    const memory = this.memory
    const entries = 1 << this.#depth
    const fresh = memory.block(this.account, entries * 16)
    const to = memory.i32[fresh >>> SLAB_BITS]!
    const base = (fresh & UNIT_MASK) << 1
    const table = this.#table
    const from = memory.i32[table >>> SLAB_BITS]!
    const fromBase = (table & UNIT_MASK) << 1
    for (let i = 0; i < entries; i++) {
      const address = this.#depth === 0 ? table : from[fromBase + i * 2]!
      const slots = this.#depth === 0 ? this.#slots : from[fromBase + i * 2 + 1]!
      to[base + i * 4] = to[base + i * 4 + 2] = address
      to[base + i * 4 + 1] = to[base + i * 4 + 3] = slots
    }
    if (this.#depth > 0) memory.free(this.account, table)
    this.#table = fresh
    this.#depth++
    this.#save()
  }

  /** Let every directory entry that shares the first `bits` bits of a hash name this shard. */
  #point(hash: number, bits: number, shard: Address, slots: number): void {
    if (this.#depth === 0) {
      this.#table = shard
      this.#slots = slots
    } else {
      const words = this.memory.i32[this.#table >>> SLAB_BITS]!
      const base = (this.#table & UNIT_MASK) << 1
      const run = 1 << (this.#depth - bits)
      const first = bits === 0 ? 0 : (hash >>> (32 - bits)) * run
      for (let i = first; i < first + run; i++) {
        words[base + i * 2] = shard
        words[base + i * 2 + 1] = slots
      }
    }
    this.#save()
  }

  #eachShard(visit: (shard: Address, slots: number) => void): void {
    const words = this.memory.i32[this.#table >>> SLAB_BITS]!
    const base = (this.#table & UNIT_MASK) << 1
    let previous = 0
    for (let i = 0; i < 1 << this.#depth; i++) {
      const shard = words[base + i * 2]!
      if (shard !== previous) visit(shard, words[base + i * 2 + 1]!)
      previous = shard
    }
  }

  /** Bytes of shards, their directory and the dense array: all but the records. O(shards). */
  get tableBytes(): number {
    const dense = this.#denseCapacity * 4
    if (this.#depth === 0) return ROOT_BYTES + dense + SHARD_HEAD + this.#slots * 8
    let shards = 0
    this.#eachShard((_shard, slots) => {
      shards += SHARD_HEAD + slots * 8
    })
    return ROOT_BYTES + dense + shards + (8 << this.#depth)
  }

  // ------------------------------------------------------------------ dense array

  #setDense(position: number, record: Address): void {
    let chunk = this.#dense
    if (this.#denseCapacity > CHUNK)
      chunk = this.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + (position >>> CHUNK_BITS)]!
    this.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + (position & (CHUNK - 1))] = record
    this.memory.i32[record >>> SLAB_BITS]![(record & UNIT_MASK) << 1] = position
  }

  #growDense(): void {
    const memory = this.memory
    const capacity = this.#denseCapacity
    if (capacity < CHUNK) {
      const bytes = Math.min(CHUNK * 4, Memory.sizeFor(capacity * 6))
      this.#dense = memory.resize(this.account, this.#dense, capacity * 4, bytes)
      this.#denseCapacity = bytes >>> 2
    } else {
      const chunks = capacity >>> CHUNK_BITS
      const chunk = memory.block(this.account, CHUNK * 4)
      let directory = this.#dense
      if (capacity === CHUNK) {
        directory = memory.block(this.account, 64)
        memory.i32[directory >>> SLAB_BITS]![(directory & UNIT_MASK) << 1] = this.#dense
      } else if ((chunks + 1) * 4 > memory.sizeOf(directory))
        directory = memory.resize(this.account, directory, chunks * 4, chunks * 8)
      memory.i32[directory >>> SLAB_BITS]![((directory & UNIT_MASK) << 1) + chunks] = chunk
      this.#dense = directory
      this.#denseCapacity = capacity + CHUNK
    }
    this.#save()
  }

  #shrinkDense(): void {
    const memory = this.memory
    if (this.#denseCapacity <= CHUNK) {
      const bytes = Memory.sizeFor(Math.max(32, this.count * 8))
      this.#dense = memory.resize(this.account, this.#dense, this.count * 4, bytes)
      this.#denseCapacity = bytes >>> 2
    } else {
      const words = memory.i32[this.#dense >>> SLAB_BITS]!
      const base = (this.#dense & UNIT_MASK) << 1
      const keep = Math.max(1, (this.count >>> CHUNK_BITS) + 2)
      for (let i = keep; i < this.#denseCapacity >>> CHUNK_BITS; i++) memory.free(this.account, words[base + i]!)
      this.#denseCapacity = Math.min(this.#denseCapacity, keep * CHUNK)
      if (this.#denseCapacity === CHUNK) {
        const only = words[base]!
        memory.free(this.account, this.#dense)
        this.#dense = only
      }
    }
    this.#save()
  }
}

/** Write a pair into the first free slot from its home on. */
function putPair(words: Int32Array, base: number, slots: number, hash: number, record: Address): void {
  let slot = Math.imul(hash & 0xffff, slots) >>> 16
  while (words[base + slot * 2 + 1] !== 0) if (++slot === slots) slot = 0
  words[base + slot * 2] = hash
  words[base + slot * 2 + 1] = record
}

/** Empty a slot, and move back each pair behind it that would otherwise become unreachable from its home. */
function removePair(words: Int32Array, base: number, slots: number, slot: number): void {
  let hole = slot
  let next = slot
  for (;;) {
    if (++next === slots) next = 0
    const record = words[base + next * 2 + 1]!
    if (record === 0) break
    const hash = words[base + next * 2]!
    const home = Math.imul(hash & 0xffff, slots) >>> 16
    const stays = hole <= next ? hole < home && home <= next : hole < home || home <= next
    if (stays) continue
    words[base + hole * 2] = hash
    words[base + hole * 2 + 1] = record
    hole = next
  }
  words[base + hole * 2 + 1] = 0
}
