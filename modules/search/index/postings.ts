/* Postings -- which documents hold a term, how often, in which fields and where.
 *
 * A list belongs to a record of somebody else's table (a term, a tag value), which lends it eight words:
 *
 *      word  0 postings   1 last document   2 directory   3 sealed blocks
 *            4 open block  5 bytes | rows used in it  6 document before its first row  7 best impact in it
 *
 *      directory  [last, address, impact] [last, address, impact] ...      one entry per sealed block: the skip data
 *                       |                        |
 *                   +--------+               +--------+        +---------------+
 *                   | sealed |               | sealed |        | open          |   rows are appended here
 *                   +--------+               +--------+        +---------------+
 *
 * The open block holds rows, one posting after the other, in varints:
 *
 *      (document - previous) << 3 | frequency follows: 1 | fields follow: 2 | bytes of offsets follow: 4
 *      [frequency]  [fields]  [bytes of offsets]  offsets: token positions, each less the one before
 *
 * where what does not follow is 1, the empty field set and 1. Plain lists have only the documents.
 *
 * At 128 rows, or 12 KB, it is sealed: rewritten by columns, so that document numbers can be read without the rest.
 *
 *      +0 rows u8   +1 width of deltas, +2 frequencies, +3 fields, +4 offset lengths (bytes; 0: all the same)
 *      +5 exceptions u8   +6 - u16   +8 base   +12 common frequency   +16 common fields   +20 common offset length
 *      +24 deltas | exceptions: row u8, high part u32 | frequencies | fields | offset lengths | offsets
 *
 * A delta too wide for its column has its high part among the exceptions (as in PForDelta, Zukowski et al. 2006). An
 * impact is a whole number that bounds what a posting can add to a score, so that ranking may pass over a whole block.
 *
 * A list of one posting without frequency, fields or offsets has no block at all: the record's last document is it.
 *
 *   append O(1) amortised    decode a block ~1.5 ns a document    find the block of a document O(log blocks)
 *
 * Invariants: documents grow strictly along a list; directory entry i ends before block i+1 begins; the open block
 * has at most 128 rows, and is sealed when one more comes. Sealed blocks may hold fewer, since sweeping leaves gaps which it closes two by two. */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { MarkWindow } from './mark-window.ts'
import {
  BLOCK_ROWS,
  Block,
  isPlain,
  type Layout,
  offsetsLength,
  planSeal,
  rowLength,
  rowsLength,
  sealedBytes,
  writeOffsets,
  writeRow,
  writeRows,
  writeSealed,
} from './posting-block.ts'
import { Spares } from '../spares.ts'
import { varintLength, writeVarint } from './varint.ts'

/** Words that a record lends to a list. */
export const LIST_WORDS = 8
const COUNT = 0
const LAST = 1
const DIRECTORY = 2
const SEALED = 3
const OPEN = 4
const USED = 5
const BASE = 6
const IMPACT = 7

/** Words of a directory entry: last document, address, impact. */
const ENTRY_WORDS = 3
/** An open block with this many bytes is sealed whatever its rows. */
const OPEN_BYTES_MAX = 12 << 10
/** Bytes of offsets that one posting may have; positions beyond are not kept. */
const OFFSET_BYTES_MAX = 8 << 10
/** Windows that are kept for the next readers: up to 400 KB each, most of them far less. */
const SPARE_WINDOWS_MAX = 2
/** Blocks that are kept for the next readers. */
const SPARE_MAX = 16
/** A row's delta must leave three bits of a varint free; a longer way begins a block, whose base has all bits. */
const DELTA_MAX = (1 << 28) - 1

/** All lists of one kind. Holds no list: each call names the record that lends the words. */
export class Postings {
  readonly memory: Memory
  readonly layout: Layout
  /** Bytes held by blocks and directories. */
  sizeBytes = 0
  readonly #listWord: number
  readonly #plain: boolean
  /** Decoded blocks for sealing and sweeping; shared with other kinds, used within one call. */
  readonly #block: Block
  readonly #neighbour: Block
  /** Windows that were given back, of any size. */
  readonly #windows: MarkWindow[] = []
  /** Blocks for readers, each with room for the largest. */
  readonly spareBlocks: Spares<Block> = new Spares(() => new Block(), SPARE_MAX)

  constructor(memory: Memory, layout: Layout, listAt: number, block: Block, neighbour: Block) {
    this.memory = memory
    this.layout = layout
    this.#listWord = listAt >>> 2
    this.#plain = isPlain(layout)
    this.#block = block
    this.#neighbour = neighbour
  }

  /** A window of so many documents; its marks are whatever they were. */
  takeWindow(documents: number): MarkWindow {
    const window = this.#windows.pop()
    // The index has grown, or shrunk: windows of another size are of no use any more.
    return window?.documents === documents ? window : new MarkWindow(documents)
  }

  /** A window that is not looked at any more. */
  giveWindow(window: MarkWindow): void {
    if (this.#windows.length < SPARE_WINDOWS_MAX) this.#windows.push(window)
  }

  #get(record: Address, word: number): number {
    return this.memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + this.#listWord + word]!
  }

  #set(record: Address, word: number, value: number): void {
    this.memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + this.#listWord + word] = value
  }

  /** Postings of a list, tombstones included. */
  count(record: Address): number {
    return this.#get(record, COUNT)
  }

  /** Blocks of a list. */
  blocks(record: Address): number {
    return this.#get(record, SEALED) + (this.#get(record, USED) >>> 16 > 0 || this.#isLone(record) ? 1 : 0)
  }

  /** Whether a list is one posting without a block. */
  #isLone(record: Address): boolean {
    const blockless = this.#get(record, OPEN) === 0 && this.#get(record, SEALED) === 0
    return blockless && this.#get(record, COUNT) === 1
  }

  /** The last document of a block. */
  lastOf(record: Address, block: number): number {
    return block < this.#get(record, SEALED) ? this.#entry(record, block, 0) : this.#get(record, LAST)
  }

  /** The greatest impact in a block, or more. */
  impactOf(record: Address, block: number): number {
    return block < this.#get(record, SEALED) ? this.#entry(record, block, 2) : this.#get(record, IMPACT)
  }

  /** Rows of a block, tombstones included. */
  rowsOf(record: Address, block: number): number {
    if (block >= this.#get(record, SEALED)) return this.#isLone(record) ? 1 : this.#get(record, USED) >>> 16
    const address = this.#entry(record, block, 1)
    return this.memory.u8[address >>> SLAB_BITS]![(address & UNIT_MASK) << 3]!
  }

  #entry(record: Address, block: number, word: number): number {
    const directory = this.#get(record, DIRECTORY)
    return this.memory.i32[directory >>> SLAB_BITS]![((directory & UNIT_MASK) << 1) + block * ENTRY_WORDS + word]!
  }

  /** The first block from `from` on that may hold a document not below `document`; `blocks` when none does. */
  find(record: Address, document: number, from: number): number {
    const sealed = this.#get(record, SEALED)
    if (from >= sealed || this.#entry(record, sealed - 1, 0) < document)
      return document <= this.#get(record, LAST) ? Math.max(from, sealed) : this.blocks(record)
    const directory = this.#get(record, DIRECTORY)
    const words = this.memory.i32[directory >>> SLAB_BITS]!
    const base = (directory & UNIT_MASK) << 1
    // Most steps are short: gallop before halving.
    let low = from
    let step = 1
    while (low + step < sealed && words[base + (low + step) * ENTRY_WORDS]! < document) {
      low += step
      step *= 2
    }
    let high = Math.min(low + step, sealed - 1)
    while (low < high) {
      const middle = (low + high) >>> 1
      if (words[base + middle * ENTRY_WORDS]! < document) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Read a block below `blocks`. */
  read(record: Address, number: number, block: Block): void {
    if (number < this.#get(record, SEALED)) {
      const address = this.#entry(record, number, 1)
      block.openSealed(this.memory.u8[address >>> SLAB_BITS]!, (address & UNIT_MASK) << 3)
      return
    }
    const open = this.#get(record, OPEN)
    if (open === 0) {
      block.openLone(this.#get(record, LAST))
      return
    }
    const bytes = this.memory.u8[open >>> SLAB_BITS]!
    const at = (open & UNIT_MASK) << 3
    const rows = this.#get(record, USED) >>> 16
    if (this.#plain) block.openPlain(bytes, at, rows, this.#get(record, BASE))
    else block.openRows(bytes, at, rows, this.#get(record, BASE), this.layout)
  }

  // ------------------------------------------------------------------ appending

  /**
   * Add a posting behind all others.
   * @param positions token positions, growing, from `from` to `to`; not looked at without offsets.
   * @param impact a whole number, in a scale of the caller's.
   * @throws ArenaFull with the list as it was.
   */
  append(
    record: Address,
    document: number,
    freq: number,
    fields: number,
    positions: Int32Array,
    from: number,
    to: number,
    impact: number,
  ): void {
    const offsetBytes = this.layout.offsets ? offsetsLength(positions, from, to, OFFSET_BYTES_MAX) : 0
    const rows = this.#beginRow(record, document)
    const delta = rows === 0 ? 1 : document - this.#get(record, LAST)
    const open = this.#room(record, rowLength(delta, freq, fields, offsetBytes, this.layout) + offsetBytes)
    const bytes = this.memory.u8[open >>> SLAB_BITS]!
    const start = (open & UNIT_MASK) << 3
    let at = start + (this.#get(record, USED) & 0xffff)
    at = writeRow(bytes, at, delta, freq, fields, offsetBytes, this.layout)
    if (offsetBytes > 0) writeOffsets(positions, from, bytes, at, at + offsetBytes)
    if (rows === 0 || impact > this.#get(record, IMPACT)) this.#set(record, IMPACT, impact)
    this.#endRow(record, document, at + offsetBytes - start, rows)
  }

  /**
   * Add a document behind all others of a plain list.
   * @throws ArenaFull with the list as it was.
   */
  appendPlain(record: Address, document: number): void {
    if (this.#get(record, COUNT) === 0) {
      this.#set(record, COUNT, 1)
      this.#set(record, LAST, document)
      return
    }
    if (this.#isLone(record)) this.#openLone(record)
    const rows = this.#beginRow(record, document)
    const delta = rows === 0 ? 1 : document - this.#get(record, LAST)
    const open = this.#room(record, varintLength(delta))
    const start = (open & UNIT_MASK) << 3
    const at = start + (this.#get(record, USED) & 0xffff)
    const end = writeVarint(this.memory.u8[open >>> SLAB_BITS]!, at, delta)
    this.#endRow(record, document, end - start, rows)
  }

  #openLone(record: Address): void {
    const open = this.#room(record, 2)
    this.memory.u8[open >>> SLAB_BITS]![(open & UNIT_MASK) << 3] = 1
    this.#set(record, BASE, this.#get(record, LAST) - 1)
    this.#set(record, USED, (1 << 16) | 1)
  }

  /** Seal the open block when it is full or the way to the document is too long; returns the rows it then has. */
  #beginRow(record: Address, document: number): number {
    const used = this.#get(record, USED)
    const rows = used >>> 16
    if (rows === 0) return 0
    const full = rows === BLOCK_ROWS || (used & 0xffff) > OPEN_BYTES_MAX
    if (!full && document - this.#get(record, LAST) <= DELTA_MAX) return rows
    this.#seal(record)
    return 0
  }

  #endRow(record: Address, document: number, used: number, rows: number): void {
    if (rows === 0) this.#set(record, BASE, document - 1)
    this.#set(record, USED, used | ((rows + 1) << 16))
    this.#set(record, COUNT, this.#get(record, COUNT) + 1)
    this.#set(record, LAST, document)
  }

  /** The open block, with room for so many bytes more. */
  #room(record: Address, bytes: number): Address {
    const memory = this.memory
    const open = this.#get(record, OPEN)
    if (open === 0) {
      const fresh = memory.block(ACCOUNT.index, bytes)
      this.sizeBytes += memory.sizeOf(fresh)
      this.#set(record, OPEN, fresh)
      return fresh
    }
    const used = this.#get(record, USED) & 0xffff
    const size = memory.sizeOf(open)
    if (used + bytes <= size) return open
    const fresh = memory.resize(ACCOUNT.index, open, used, Math.max(used + bytes, size + (size >>> 2)))
    this.sizeBytes += memory.sizeOf(fresh) - size
    this.#set(record, OPEN, fresh)
    return fresh
  }

  #seal(record: Address): void {
    const sealed = this.#get(record, SEALED)
    const block = this.#block
    this.read(record, sealed, block)
    block.needAll(this.layout)
    this.#directoryRoom(record, sealed + 1)
    const address = this.#sealedBlock(block)
    this.#setEntry(record, sealed, block.documents[block.rows - 1]!, address, this.#get(record, IMPACT))
    this.#set(record, SEALED, sealed + 1)
    this.#dropOpen(record)
  }

  #sealedBlock(block: Block): Address {
    const plan = planSeal(block)
    const address = this.memory.block(ACCOUNT.index, sealedBytes(plan))
    writeSealed(block, plan, this.memory.u8[address >>> SLAB_BITS]!, (address & UNIT_MASK) << 3)
    this.sizeBytes += this.memory.sizeOf(address)
    return address
  }

  #dropOpen(record: Address): void {
    this.#freeBlock(this.#get(record, OPEN))
    this.#set(record, OPEN, 0)
    this.#set(record, USED, 0)
  }

  #freeBlock(address: Address): void {
    if (address === 0) return
    this.sizeBytes -= this.memory.sizeOf(address)
    this.memory.free(ACCOUNT.index, address)
  }

  #directoryRoom(record: Address, entries: number): void {
    const memory = this.memory
    const directory = this.#get(record, DIRECTORY)
    const bytes = entries * ENTRY_WORDS * 4
    const size = directory === 0 ? 0 : memory.sizeOf(directory)
    if (bytes <= size) return
    const fresh =
      directory === 0
        ? memory.block(ACCOUNT.index, bytes)
        : memory.resize(ACCOUNT.index, directory, size, bytes + (bytes >>> 1))
    this.sizeBytes += memory.sizeOf(fresh) - size
    this.#set(record, DIRECTORY, fresh)
  }

  #setEntry(record: Address, block: number, last: number, address: Address, impact: number): void {
    const directory = this.#get(record, DIRECTORY)
    const words = this.memory.i32[directory >>> SLAB_BITS]!
    const at = ((directory & UNIT_MASK) << 1) + block * ENTRY_WORDS
    words[at] = last
    words[at + 1] = address
    words[at + 2] = impact
  }

  /** Move the entries from `from` on so that they begin at `to`. */
  #moveEntries(record: Address, from: number, to: number): void {
    const directory = this.#get(record, DIRECTORY)
    if (directory === 0 || from === to) return
    const words = this.memory.i32[directory >>> SLAB_BITS]!
    const base = (directory & UNIT_MASK) << 1
    const end = base + this.#get(record, SEALED) * ENTRY_WORDS
    words.copyWithin(base + to * ENTRY_WORDS, base + from * ENTRY_WORDS, end)
    this.#set(record, SEALED, this.#get(record, SEALED) + to - from)
  }

  // ------------------------------------------------------------------ changing plain lists

  /** Put a document into a plain list at its place; it must not be there. @throws ArenaFull with the list as it was. */
  insertPlain(record: Address, document: number): void {
    if (this.#get(record, COUNT) === 0 || document > this.#get(record, LAST)) {
      this.appendPlain(record, document)
      return
    }
    if (this.#isLone(record)) this.#openLone(record)
    const number = this.find(record, document, 0)
    const block = this.#block
    this.read(record, number, block)
    block.needAll(this.layout)
    block.insert(document)
    if (number < this.#get(record, SEALED)) this.#replaceSealed(record, number, block)
    else this.#replaceOpen(record, block)
    this.#set(record, COUNT, this.#get(record, COUNT) + 1)
  }

  /** Take a document out of a plain list; nothing happens when it is not there. */
  removePlain(record: Address, document: number): void {
    if (this.#isLone(record)) {
      if (this.#get(record, LAST) === document) this.#set(record, COUNT, 0)
      return
    }
    const number = this.find(record, document, 0)
    if (number >= this.blocks(record)) return
    const block = this.#block
    this.read(record, number, block)
    block.needAll(this.layout)
    if (block.filter(other => other !== document) === 0) return
    if (number >= this.#get(record, SEALED)) this.#storeOpen(record, block)
    else if (block.rows > 0) this.#replaceSealed(record, number, block)
    else {
      this.#freeBlock(this.#entry(record, number, 1))
      this.#moveEntries(record, number + 1, number)
    }
    this.#set(record, COUNT, this.#get(record, COUNT) - 1)
    if (this.#get(record, COUNT) === 0) this.release(record)
    else this.#fixLast(record)
  }

  /** After a change behind the last posting: the last document is the one that is there. */
  #fixLast(record: Address): void {
    const sealed = this.#get(record, SEALED)
    if (this.#get(record, USED) >>> 16 === 0) this.#set(record, LAST, this.#entry(record, sealed - 1, 0))
  }

  #storeOpen(record: Address, block: Block): void {
    if (block.rows === 0) this.#dropOpen(record)
    else this.#replaceOpen(record, block)
  }

  /** Write a block in the place of a sealed one; a block that has one row too many becomes two. */
  #replaceSealed(record: Address, number: number, block: Block): void {
    const impact = this.#entry(record, number, 2)
    const old = this.#entry(record, number, 1)
    if (block.rows <= BLOCK_ROWS) {
      this.#setEntry(record, number, block.documents[block.rows - 1]!, this.#sealedBlock(block), impact)
    } else {
      this.#directoryRoom(record, this.#get(record, SEALED) + 1)
      const second = this.#neighbour
      block.splitInto(second)
      const address = this.#sealedBlock(block)
      const address2 = this.#sealedBlock(second)
      this.#moveEntries(record, number, number + 1)
      this.#setEntry(record, number, block.documents[block.rows - 1]!, address, impact)
      this.#setEntry(record, number + 1, second.documents[second.rows - 1]!, address2, impact)
    }
    this.#freeBlock(old)
  }

  /** Write the rows of a block as the open block. */
  #replaceOpen(record: Address, block: Block): void {
    const old = this.#get(record, OPEN)
    const rows = Math.min(block.rows, BLOCK_ROWS)
    const base = block.documents[0]! - 1
    const bytes = rowsLength(block, rows, this.layout)
    const fresh = this.memory.block(ACCOUNT.index, bytes)
    this.sizeBytes += this.memory.sizeOf(fresh)
    writeRows(block, rows, this.layout, this.memory.u8[fresh >>> SLAB_BITS]!, (fresh & UNIT_MASK) << 3)
    this.#set(record, OPEN, fresh)
    this.#set(record, USED, bytes | (rows << 16))
    this.#set(record, BASE, base)
    const last = block.documents[block.rows - 1]!
    this.#set(record, LAST, block.documents[rows - 1]!)
    this.#freeBlock(old)
    if (block.rows === rows) return
    // One row did not fit: it goes behind the block that is now full, as any row does.
    this.#set(record, COUNT, this.#get(record, COUNT) - 1)
    this.appendPlain(record, last)
  }

  // ------------------------------------------------------------------ sweeping

  /**
   * Remove the postings of dead documents from up to `budget` blocks, beginning with block `from`, and close gaps. Blocks
   * that span no dead document are not looked into.
   * Returns the block to go on with, or -1 when the list is done. An empty list has no blocks left.
   */
  sweep(
    record: Address,
    from: number,
    budget: number,
    lives: (document: number) => boolean,
    dead: { hasBetween(from: number, to: number): boolean } | null = null,
  ): number {
    if (this.#isLone(record)) {
      if (!lives(this.#get(record, LAST))) this.#set(record, COUNT, 0)
      return -1
    }
    const end = Math.min(this.#get(record, SEALED), from + budget)
    let to = from
    let before = from === 0 ? 0 : this.#entry(record, from - 1, 0)
    for (let block = from; block < end; block++) {
      const last = this.#entry(record, block, 0)
      if (dead !== null && !dead.hasBetween(before + 1, last)) to = this.#keepSealed(record, block, to)
      else to = this.#sweepSealed(record, block, to, lives)
      before = last
    }
    this.#moveEntries(record, end, to)
    if (to < this.#get(record, SEALED)) return to
    this.#sweepOpen(record, lives)
    if (this.#get(record, COUNT) === 0) this.release(record)
    else this.#fixLast(record)
    return -1
  }

  /** Bring the sealed block `number` to the entry `to` as it is; returns the next free entry. */
  #keepSealed(record: Address, number: number, to: number): number {
    if (to !== number) {
      const last = this.#entry(record, number, 0)
      this.#setEntry(record, to, last, this.#entry(record, number, 1), this.#entry(record, number, 2))
    }
    return to + 1
  }

  /** Bring the sealed block `number` to the entry `to`, without its dead; returns the next free entry. */
  #sweepSealed(record: Address, number: number, to: number, lives: (document: number) => boolean): number {
    const block = this.#block
    const old = this.#entry(record, number, 1)
    const impact = this.#entry(record, number, 2)
    this.read(record, number, block)
    const rows = block.rows
    if (allLive(block, lives)) return this.#keepSealed(record, number, to)
    block.needAll(this.layout)
    const gone = block.filter(lives)
    this.#set(record, COUNT, this.#get(record, COUNT) - gone)
    if (gone < rows) to = this.#placeSwept(record, block, impact, to)
    this.#freeBlock(old)
    return to
  }

  /** Join a swept block to the one before it when both fit into one, else give it an entry. */
  #placeSwept(record: Address, block: Block, impact: number, to: number): number {
    const last = block.documents[block.rows - 1]!
    if (to > 0 && this.rowsOf(record, to - 1) + block.rows <= BLOCK_ROWS) {
      const first = this.#neighbour
      const old = this.#entry(record, to - 1, 1)
      this.read(record, to - 1, first)
      first.needAll(this.layout)
      first.join(block)
      const greater = Math.max(this.#entry(record, to - 1, 2), impact)
      this.#setEntry(record, to - 1, last, this.#sealedBlock(first), greater)
      this.#freeBlock(old)
      return to
    }
    this.#setEntry(record, to, last, this.#sealedBlock(block), impact)
    return to + 1
  }

  #sweepOpen(record: Address, lives: (document: number) => boolean): void {
    if (this.#get(record, USED) >>> 16 === 0) return
    const block = this.#block
    this.read(record, this.#get(record, SEALED), block)
    if (allLive(block, lives)) return
    block.needAll(this.layout)
    const gone = block.filter(lives)
    this.#storeOpen(record, block)
    this.#set(record, COUNT, this.#get(record, COUNT) - gone)
  }

  /** Free all blocks of a list and leave it empty. */
  release(record: Address): void {
    const sealed = this.#get(record, SEALED)
    for (let block = 0; block < sealed; block++) this.#freeBlock(this.#entry(record, block, 1))
    this.#freeBlock(this.#get(record, DIRECTORY))
    this.#freeBlock(this.#get(record, OPEN))
    for (let word = 0; word < LIST_WORDS; word++) this.#set(record, word, 0)
  }
}

function allLive(block: Block, lives: (document: number) => boolean): boolean {
  for (let row = 0; row < block.rows; row++) if (!lives(block.documents[row]!)) return false
  return true
}
