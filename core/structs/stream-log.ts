/* Stream log -- entries in order of their ids, added at the end and read in ranges.
 *
 *      directory (id-tree.ts)        blocks (stream-block.ts)
 *      100-0  ------------------->   | temp humidity | 100-0 21 40 | +17 21 41 | x | +3 22 40 |
 *      171-2  ------------------->   | temp humidity | 171-2 23 39 | room ...                 |     tail
 *
 * A block holds up to 100 entries or 4 KB (`stream-node-max-entries`, `stream-node-max-bytes`). Field names that repeat are
 * stored once a block, and an id as its distance from the one before, so that an entry of three fields costs about as much
 * as its values. A deleted entry becomes a tombstone (x), because those behind it are told relative to it; a block whose
 * entries are all deleted goes. Trimming drops whole blocks from the front, and the exact kind marks entries in the last.
 *
 *   append O(1)    seek O(log blocks) + one block    next O(fields)    delete: as seek    trim O(blocks dropped)
 *
 * One object serves every stream of a server in turn: `bind(root)`. The root is a block of 88 bytes that does not move, in words:
 *
 *      0 directory (4)   4 length   5 snapshot epoch   6 entries ever added (2)   8 last id (4)   12 greatest deleted id (4)
 *      16 consumer groups (2, see pending.ts)   18 bytes of blocks (a double)   20 tail block
 *
 * Blocks are cut as Redis cuts its nodes, by the same two limits, so that `MAXLEN ~` drops about the same entries.
 *
 * Invariants: ids ascend strictly; length counts entries that are no tombstones; every block has one such at least; a write
 * that throws ArenaFull leaves the entries as they were.
 *
 * Left out: squeezing tombstones out of a block. Redis does not either, and trimming removes the oldest block anyhow. */

import type { Range } from '../base/bytes.ts'
import { wide } from '../base/numbers.ts'
import { ACCOUNT, type Account, type Address, ArenaFull, Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import { IdTree } from './id-tree.ts'
import {
  appendEntry,
  blockBytes,
  enterBlock,
  entriesOf,
  entryBytes,
  fieldCount,
  firstPiece,
  hasNames,
  initBlock,
  isDeleted,
  isSame,
  liveOf,
  markDeleted,
  namesAt,
  rawBytes,
  readBytes,
  readFirstId,
  readHead,
  readLastId,
  skipFields,
  skipPieces,
  usedOf,
} from './stream-block.ts'
import { compareIds, StreamId } from './stream-id.ts'

const ROOT_BYTES = 88
const LENGTH = 4
const EPOCH = 5
const ADDED = 6
const LAST_ID = 8
const MAX_DELETED_ID = 12
const GROUPS = 16
const TAIL = 20
const BYTES_F64 = 9
const TWO_32 = 4294967296
/** The bounds that hold when the configured ones are 0. */
const BLOCK_BYTES_MAX = 1 << 30
const BLOCK_ENTRIES_MAX = 0xffffff
/** Entries whose places are noted at a time when a block is read backwards. */
const WINDOW = 128

/** A flyweight over the streams of one memory, with one cursor that is valid until the next write. */
export class StreamLog {
  /** Written into the header of every block made from now on. */
  epoch = 0
  /** `stream-node-max-bytes`; 0 for no limit. */
  nodeMaxBytes = 4096
  /** `stream-node-max-entries`; 0 for no limit. */
  nodeMaxEntries = 100
  /** Id of the entry under the cursor. */
  readonly id = new StreamId()
  /** How many fields the entry under the cursor has. */
  fieldCount = 0

  readonly #memory: Memory
  readonly #account: Account
  readonly #directory: IdTree
  #root: Address = 0
  /** The range's ends in the order of reading. Copies, since the caller may pass `id` itself. */
  readonly #from = new StreamId()
  readonly #bound = new StreamId()
  #backwards = false
  #block: Address = 0
  /** Forwards: entries left in the block. Backwards: the window's entries left. */
  #left = 0
  /** Forwards: position of the next entry, and of its fields if its head was read already (else 0). */
  #at = 0
  #peeked = 0
  /** Forwards: whether the entry under the cursor has yet to be passed over. */
  #isOpen = false
  /** Position of the entry under the cursor. */
  #entry = 0
  #same = false
  #nameAt = 0
  #valueAt = 0
  #fieldsLeft = 0
  /** Backwards: number of the window's first entry in its block, places and ids of its entries. */
  #windowFirst = 0
  readonly #places = new Int32Array(WINDOW)
  readonly #ids = new Int32Array(WINDOW * 4)
  readonly #other = new StreamId()

  constructor(memory: Memory, account: Account = ACCOUNT.dataset) {
    this.#memory = memory
    this.#account = account
    this.#directory = new IdTree(memory, account, 1)
  }

  /** Turn to the stream at `root`. Returns itself. */
  bind(root: Address): this {
    this.#root = root
    this.#directory.bind(root)
    this.#block = 0
    return this
  }

  /** Make an empty stream and turn to it. */
  create(): Address {
    const root = this.#memory.zeroed(this.#account, ROOT_BYTES)
    this.#directory.epoch = this.epoch
    this.#directory.init(root)
    this.bind(root)
    this.#setWord(EPOCH, this.epoch << 24)
    return root
  }

  /** How many entries there are. */
  get length(): number {
    return this.#word(LENGTH)
  }

  /** How many blocks there are. */
  get blockCount(): number {
    return this.#directory.length
  }

  /** Bytes that the stream holds, without its groups. */
  get sizeBytes(): number {
    const bytes = this.#memory.f64[this.#root >>> SLAB_BITS]![(this.#root & UNIT_MASK) + BYTES_F64]!
    return ROOT_BYTES + this.#directory.nodeBytes + bytes
  }

  /** Where the consumer groups hang: the address to bind them at. */
  get groupsAt(): Address {
    return this.#root + GROUPS / 2
  }

  /** The id given last, or set by XSETID. */
  readLastId(out: StreamId): void {
    this.#readId(LAST_ID, out)
  }

  setLastId(id: StreamId): void {
    this.#writeId(LAST_ID, id)
  }

  /** The greatest id that was deleted. */
  readMaxDeletedId(out: StreamId): void {
    this.#readId(MAX_DELETED_ID, out)
  }

  setMaxDeletedId(id: StreamId): void {
    this.#writeId(MAX_DELETED_ID, id)
  }

  /** How many entries were ever added; beyond 2^53 Infinity, with the bits in `wide`. */
  get entriesAdded(): number {
    const high = this.#word(ADDED)
    const low = this.#word(ADDED + 1)
    const value = high * TWO_32 + (low >>> 0)
    if (Number.isSafeInteger(value)) return value
    wide.high = high
    wide.low = low
    return Infinity
  }

  /** Set the number of entries ever added; Infinity means the one in `wide`. */
  set entriesAdded(count: number) {
    this.#setWord(ADDED, Number.isFinite(count) ? Math.floor(count / TWO_32) : wide.high)
    this.#setWord(ADDED + 1, Number.isFinite(count) ? count | 0 : wide.low)
  }

  // ---- Reading.

  /** Let `next` go through the entries with ids in [from, to], upwards. */
  seek(from: StreamId, to: StreamId): void {
    const memory = this.#memory
    this.#backwards = false
    this.#bound.copyFrom(to)
    from = this.#from.copyFrom(from)
    this.#block = 0
    this.#left = 0
    const tail = this.#word(TAIL)
    if (tail === 0) return
    readLastId(memory, tail, this.#other)
    if (compareIds(this.#other, from) < 0) return // nothing new: what XREAD finds most of the time
    readFirstId(memory, tail, this.#other)
    const directory = this.#directory
    if (!(compareIds(this.#other, from) <= 0 ? directory.last() : directory.seekBack(from))) directory.first()
    this.#enter(directory.payload(0))
    readLastId(memory, this.#block, this.#other)
    if (compareIds(this.#other, from) < 0) {
      directory.next()
      this.#enter(directory.payload(0))
    }
    this.#skipBelow(from)
  }

  /** Let `next` go through the entries with ids in [from, to], downwards. */
  seekBack(from: StreamId, to: StreamId): void {
    this.#backwards = true
    this.#bound.copyFrom(from)
    to = this.#from.copyFrom(to)
    this.#block = 0
    this.#left = 0
    if (!this.#directory.seekBack(to)) return
    this.#noteEnd(this.#directory.payload(0))
    // Pass over those of the block that lie above.
    while (this.#left > 0) {
      this.#takeNoted()
      if (compareIds(this.id, to) <= 0) {
        this.#left++
        return
      }
      if (this.#left === 0 && this.#windowFirst > 0) this.#noteBefore()
    }
  }

  /** Put the cursor on the next entry of the range. False at its end. */
  next(): boolean {
    return this.#backwards ? this.#nextBack() : this.#nextForward()
  }

  /** Put the cursor on one entry. False when it is not there or deleted. */
  find(id: StreamId): boolean {
    this.seek(id, id)
    return this.#nextForward()
  }

  /** Fill two Ranges with the next field of the entry under the cursor and its value. False after the last. */
  nextField(name: Range, value: Range): boolean {
    if (this.#fieldsLeft === 0) return false
    this.#fieldsLeft--
    const slab = this.#memory.u8[this.#block >>> SLAB_BITS]!
    if (this.#same) {
      this.#nameAt = readBytes(slab, this.#nameAt, name)
      this.#valueAt = readBytes(slab, this.#valueAt, value)
    } else this.#valueAt = readBytes(slab, readBytes(slab, this.#valueAt, name), value)
    return true
  }

  /** The block of the entry under the cursor, and how many entries in it are not deleted. */
  get block(): Address {
    return this.#block
  }

  get blockLength(): number {
    return liveOf(this.#memory, this.#block)
  }

  /** Go back to the first field of the entry under the cursor. */
  rewindFields(): void {
    this.#openFields(this.#entry, readHead(this.#memory.u8[this.#block >>> SLAB_BITS]!, this.#entry, this.#other))
  }

  /** Visit the blocks in order. The cursor is lost. */
  eachBlock(visit: (block: Address) => void): void {
    this.#block = 0
    for (let more = this.#directory.first(); more; more = this.#directory.next()) visit(this.#directory.payload(0))
  }

  /** The lowest id in the stream. False when it is empty. */
  firstId(out: StreamId): boolean {
    if (!this.#directory.first()) return false
    const block = this.#directory.payload(0)
    if (liveOf(this.#memory, block) === entriesOf(this.#memory, block)) {
      readFirstId(this.#memory, block, out)
      return true
    }
    this.seek(MIN_ID, MAX_ID)
    if (!this.#nextForward()) return false
    out.copyFrom(this.id)
    return true
  }

  /** The highest id in the stream, which is not always the one given last. False when it is empty. */
  lastEntryId(out: StreamId): boolean {
    const tail = this.#word(TAIL)
    if (tail === 0) return false
    if (liveOf(this.#memory, tail) === entriesOf(this.#memory, tail)) {
      readLastId(this.#memory, tail, out)
      return true
    }
    this.seekBack(MIN_ID, MAX_ID)
    if (!this.#nextBack()) return false
    out.copyFrom(this.id)
    return true
  }

  // ---- Writing.

  /**
   * Add an entry at the end; its id is greater than the last one. Fields and values take turns in `parts` from `first` on.
   * @throws ArenaFull with nothing changed.
   */
  append(id: StreamId, parts: readonly Range[], first: number, pairs: number): void {
    const memory = this.#memory
    let tail = this.#word(TAIL)
    let same = tail !== 0 && hasNames(memory, tail, parts, first, pairs)
    if (tail === 0 || this.#isFull(tail, rawBytes(parts, first, pairs))) {
      tail = this.#newTail(id, parts, first, pairs)
      same = true
    } else tail = this.#room(tail, entryBytes(memory, tail, id, same, parts, first, pairs))
    appendEntry(memory, tail, id, same, parts, first, pairs)
    this.#block = 0
    this.#writeId(LAST_ID, id)
    this.#setWord(LENGTH, this.length + 1)
    const low = (this.#word(ADDED + 1) + 1) | 0
    this.#setWord(ADDED + 1, low)
    if (low === 0) this.#setWord(ADDED, this.#word(ADDED) + 1)
  }

  /** Delete an entry. False when it is not there. */
  delete(id: StreamId): boolean {
    if (!this.find(id)) return false
    const block = this.#block
    markDeleted(this.#memory, block, this.#entry)
    this.#setWord(LENGTH, this.length - 1)
    if (liveOf(this.#memory, block) === 0) this.#drop(block)
    this.#block = 0
    this.#readId(MAX_DELETED_ID, this.#other)
    if (compareIds(id, this.#other) > 0) this.#writeId(MAX_DELETED_ID, id)
    return true
  }

  /**
   * Delete the oldest entries until `length` are left. When `whole`, only whole blocks go, and not more than `limit` entries
   * (0: any number). Returns how many went.
   */
  trimToLength(length: number, whole: boolean, limit: number): number {
    return this.#trim(length, MIN_ID, whole, limit)
  }

  /** Delete the entries with ids below `id`; the rest as trimToLength. */
  trimToId(id: StreamId, whole: boolean, limit: number): number {
    return this.#trim(-1, id, whole, limit)
  }

  /**
   * Make a copy of the stream at `root`, without its groups, and turn to it.
   * @throws ArenaFull with nothing left behind.
   */
  copy(root: Address): Address {
    const memory = this.#memory
    const source = new IdTree(memory, this.#account, 1).bind(root)
    const fresh = this.create()
    try {
      for (let more = source.first(); more; more = source.next()) {
        const block = source.payload(0)
        const bytes = usedOf(memory, block)
        const twin = this.#newBlock(bytes)
        const from = (block & UNIT_MASK) << 3
        memory.u8[block >>> SLAB_BITS]!.copy(
          memory.u8[twin >>> SLAB_BITS]!,
          (twin & UNIT_MASK) << 3,
          from,
          from + bytes,
        )
        source.readId(this.#other)
        this.#addRow(this.#other, twin)
      }
    } catch (error) {
      this.release(fresh)
      throw error
    }
    const words = memory.i32[root >>> SLAB_BITS]!
    const at = (root & UNIT_MASK) << 1
    for (const [i, n] of [
      [LENGTH, 1],
      [ADDED, 2],
      [LAST_ID, 4],
      [MAX_DELETED_ID, 4],
    ] as const)
      for (let k = i; k < i + n; k++) this.#setWord(k, words[at + k]!)
    return fresh
  }

  /** Free the whole stream. Its groups have been freed before. */
  release(root: Address): void {
    while (!this.releaseStep(root, 1 << 20));
  }

  /** Free up to `budget` blocks of a stream that nobody uses any more. True when all is gone. */
  releaseStep(root: Address, budget: number): boolean {
    this.bind(root)
    const directory = this.#directory
    for (; budget > 0; budget--) {
      if (!directory.last()) {
        this.#memory.free(this.#account, root)
        this.#root = 0
        return true
      }
      directory.readId(this.#other)
      this.#freeBlock(directory.payload(0))
      directory.remove(this.#other)
    }
    return false
  }

  // ---- The root.

  #word(i: number): number {
    const root = this.#root
    return this.#memory.i32[root >>> SLAB_BITS]![((root & UNIT_MASK) << 1) + i]!
  }

  #setWord(i: number, value: number): void {
    const root = this.#root
    this.#memory.i32[root >>> SLAB_BITS]![((root & UNIT_MASK) << 1) + i] = value
  }

  #readId(at: number, out: StreamId): void {
    out.setWords(this.#word(at), this.#word(at + 1), this.#word(at + 2), this.#word(at + 3))
  }

  #writeId(at: number, id: StreamId): void {
    this.#setWord(at, id.msHigh)
    this.#setWord(at + 1, id.msLow)
    this.#setWord(at + 2, id.seqHigh)
    this.#setWord(at + 3, id.seqLow)
  }

  // ---- The cursor.

  /** Begin with the first entry of a block. */
  #enter(block: Address): void {
    this.#block = block
    this.#left = entriesOf(this.#memory, block)
    this.#at = enterBlock(this.#memory, block, this.id)
    this.#peeked = 0
    this.#isOpen = false
  }

  /** Pass over the entries of the block that lie below an id. */
  #skipBelow(from: StreamId): void {
    const memory = this.#memory
    const slab = memory.u8[this.#block >>> SLAB_BITS]!
    const id = this.id
    let at = this.#at
    for (let left = this.#left; left > 0; left--) {
      const fields = readHead(slab, at, id)
      if (compareIds(id, from) >= 0) {
        this.#at = at
        this.#left = left
        this.#peeked = fields
        return
      }
      at = skipFields(memory, this.#block, fields, isSame(slab, at))
    }
    this.#left = 0
  }

  #nextForward(): boolean {
    if (this.#block === 0) return false
    const memory = this.#memory
    if (this.#isOpen) {
      // Fields that were read need not be passed over again.
      const pieces = this.#same ? this.#fieldsLeft : 2 * this.#fieldsLeft
      this.#at = skipPieces(memory.u8[this.#block >>> SLAB_BITS]!, this.#valueAt, pieces)
      this.#isOpen = false
    }
    for (;;) {
      while (this.#left > 0) {
        const slab = memory.u8[this.#block >>> SLAB_BITS]!
        const entry = this.#at
        const fields = this.#peeked !== 0 ? this.#peeked : readHead(slab, entry, this.id)
        this.#peeked = 0
        this.#left--
        if (compareIds(this.id, this.#bound) > 0) return this.#finish()
        if (!isDeleted(slab, entry)) {
          this.#openFields(entry, fields)
          this.#isOpen = true
          return true
        }
        this.#at = skipFields(memory, this.#block, fields, isSame(slab, entry))
      }
      if (!this.#directory.next()) return this.#finish()
      this.#enter(this.#directory.payload(0))
    }
  }

  #nextBack(): boolean {
    if (this.#block === 0) return false
    const memory = this.#memory
    for (;;) {
      while (this.#left > 0) {
        const entry = this.#takeNoted()
        if (compareIds(this.id, this.#bound) < 0) return this.#finish()
        const slab = memory.u8[this.#block >>> SLAB_BITS]!
        if (isDeleted(slab, entry)) continue
        this.#openFields(entry, readHead(slab, entry, this.#other))
        return true
      }
      if (this.#windowFirst > 0) this.#noteBefore()
      else if (this.#directory.previous()) this.#noteEnd(this.#directory.payload(0))
      else return this.#finish()
    }
  }

  #finish(): boolean {
    this.#block = 0
    return false
  }

  /** Note the last entries of a block for reading backwards. */
  #noteEnd(block: Address): void {
    this.#block = block
    const entries = entriesOf(this.#memory, block)
    this.#note(Math.max(0, entries - WINDOW), entries)
  }

  /** Note the entries before those of the window. */
  #noteBefore(): void {
    this.#note(Math.max(0, this.#windowFirst - WINDOW), this.#windowFirst)
  }

  #note(first: number, end: number): void {
    const memory = this.#memory
    const block = this.#block
    const slab = memory.u8[block >>> SLAB_BITS]!
    const id = this.#other
    const ids = this.#ids
    let at = enterBlock(memory, block, id)
    for (let i = 0; i < end; i++) {
      const fields = readHead(slab, at, id)
      if (i >= first) {
        const k = i - first
        this.#places[k] = at
        ids[k * 4] = id.msHigh
        ids[k * 4 + 1] = id.msLow
        ids[k * 4 + 2] = id.seqHigh
        ids[k * 4 + 3] = id.seqLow
      }
      at = skipFields(memory, block, fields, isSame(slab, at))
    }
    this.#windowFirst = first
    this.#left = end - first
  }

  /** Take the last entry of the window: its id, and its position as the result. */
  #takeNoted(): number {
    const k = --this.#left
    const ids = this.#ids
    this.id.setWords(ids[k * 4]!, ids[k * 4 + 1]!, ids[k * 4 + 2]!, ids[k * 4 + 3]!)
    return this.#places[k]!
  }

  #openFields(entry: number, fields: number): void {
    const memory = this.#memory
    const block = this.#block
    const same = isSame(memory.u8[block >>> SLAB_BITS]!, entry)
    const count = fieldCount(memory, block, fields, same)
    this.#entry = entry
    this.#same = same
    this.fieldCount = this.#fieldsLeft = count
    this.#nameAt = namesAt(block)
    this.#valueAt = firstPiece(count, fields, same)
  }

  // ---- Blocks.

  #isFull(block: Address, bytes: number): boolean {
    const bytesMax = this.nodeMaxBytes > 0 ? Math.min(this.nodeMaxBytes, BLOCK_BYTES_MAX) : BLOCK_BYTES_MAX
    const entriesMax = this.nodeMaxEntries > 0 ? Math.min(this.nodeMaxEntries, BLOCK_ENTRIES_MAX) : BLOCK_ENTRIES_MAX
    return usedOf(this.#memory, block) + bytes >= bytesMax || entriesOf(this.#memory, block) >= entriesMax
  }

  /** Begin a new block behind the tail. Its size is what the one before came to, since the next entries may be alike. */
  #newTail(id: StreamId, parts: readonly Range[], first: number, pairs: number): Address {
    const memory = this.#memory
    const tail = this.#word(TAIL)
    const needed = blockBytes(parts, first, pairs)
    const block = this.#newBlock(tail === 0 ? needed : Math.max(needed, Math.min(usedOf(memory, tail), 8192)))
    initBlock(memory, block, this.epoch, id, parts, first, pairs)
    this.#addRow(id, block)
    if (tail !== 0) this.#fit(tail)
    return block
  }

  /** Put a new block into the directory, as the tail. */
  #addRow(id: StreamId, block: Address): void {
    try {
      this.#directory.epoch = this.epoch
      this.#directory.insert(id)
    } catch (error) {
      this.#freeBlock(block)
      throw error
    }
    this.#directory.setPayload(0, block)
    this.#setWord(TAIL, block)
  }

  /** Make sure that the tail can take so many bytes more. Returns it: it may have moved. */
  #room(tail: Address, bytes: number): Address {
    const memory = this.#memory
    const used = usedOf(memory, tail)
    if (used + bytes <= memory.sizeOf(tail)) return tail
    const roomy = used + bytes + (used >> 1)
    const block = this.#resize(tail, roomy)
    this.#directory.last()
    this.#directory.setPayload(0, block)
    this.#setWord(TAIL, block)
    return block
  }

  /** Give back what a block that takes no more entries has left over, if there is memory to do it. */
  #fit(block: Address): void {
    const memory = this.#memory
    const used = usedOf(memory, block)
    if (Memory.sizeFor(used) >= memory.sizeOf(block)) return
    try {
      const moved = this.#resize(block, used)
      readFirstId(memory, moved, this.#other)
      this.#directory.find(this.#other)
      this.#directory.setPayload(0, moved)
    } catch (error) {
      // Only room would have been saved.
      if (!(error instanceof ArenaFull)) throw error
    }
  }

  #resize(block: Address, bytes: number): Address {
    const memory = this.#memory
    const before = memory.sizeOf(block)
    if (memory.guard !== null) memory.guard.block(block)
    const moved = memory.resize(this.#account, block, usedOf(memory, block), bytes)
    this.#addBytes(memory.sizeOf(moved) - before)
    return moved
  }

  #newBlock(bytes: number): Address {
    const block = this.#memory.block(this.#account, bytes)
    this.#addBytes(this.#memory.sizeOf(block))
    return block
  }

  #freeBlock(block: Address): void {
    this.#addBytes(-this.#memory.sizeOf(block))
    if (this.#memory.guard !== null) this.#memory.guard.block(block)
    this.#memory.free(this.#account, block)
  }

  #addBytes(change: number): void {
    this.#memory.f64[this.#root >>> SLAB_BITS]![(this.#root & UNIT_MASK) + BYTES_F64]! += change
  }

  /** Take a block out of the directory and free it. */
  #drop(block: Address): void {
    const directory = this.#directory
    readFirstId(this.#memory, block, this.#other)
    directory.remove(this.#other)
    this.#freeBlock(block)
    if (block === this.#word(TAIL)) this.#setWord(TAIL, directory.last() ? directory.payload(0) : 0)
  }

  // ---- Trimming.

  /** Trim to a length, or with a length of -1 to an id. */
  #trim(length: number, id: StreamId, whole: boolean, limit: number): number {
    const memory = this.#memory
    this.#block = 0
    let trimmed = 0
    while ((length < 0 || this.length > length) && this.#directory.first()) {
      const block = this.#directory.payload(0)
      const live = liveOf(memory, block)
      if (limit > 0 && trimmed + live > limit) break
      readLastId(memory, block, this.#other)
      if (length < 0 ? compareIds(this.#other, id) < 0 : this.length - live >= length) {
        this.#drop(block)
        this.#setWord(LENGTH, this.length - live)
        trimmed += live
        continue
      }
      if (!whole) trimmed += this.#trimInside(block, length, id)
      break
    }
    return trimmed
  }

  /** Mark the oldest entries of a block deleted, not all. */
  #trimInside(block: Address, length: number, minimum: StreamId): number {
    const memory = this.#memory
    const slab = memory.u8[block >>> SLAB_BITS]!
    const id = this.#other
    let trimmed = 0
    let at = enterBlock(memory, block, id)
    for (let left = entriesOf(memory, block); left > 0; left--) {
      const entry = at
      const fields = readHead(slab, entry, id)
      if (length < 0 ? compareIds(id, minimum) >= 0 : this.length <= length) break
      at = skipFields(memory, block, fields, isSame(slab, entry))
      if (isDeleted(slab, entry)) continue
      markDeleted(memory, block, entry)
      this.#setWord(LENGTH, this.length - 1)
      trimmed++
    }
    return trimmed
  }
}

const MIN_ID = new StreamId()
const MAX_ID = new StreamId().setMax()
