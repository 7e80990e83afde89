/* Big collections -- written a piece at a time, while they go on changing.
 *
 *      table    a Dict of members or fields       positions below the cursor are still to be written
 *      chain    nodes of a list, in order         the next node to be written
 *      blocks   blocks of a stream, in order      the next block to be written; its groups were taken down at once
 *      string   one block                         the next bytes to be written
 *
 * What is about to change is saved first: an element of a table is written out of its turn, into the file when the collection
 * is the one being written, and aside when it has yet to wait; a node or block is copied, and the copy written in
 * its turn. So memory is needed for what changes, and for no more.
 *
 * A table's element that was written early and is still there is remembered by its address until the cursor meets it. One
 * that goes is exchanged with the element below the cursor, which is then lowered: the hole that it leaves is filled from
 * above, and nothing below the cursor is ever new. */

import { Range } from '../base/bytes.ts'
import type { Database } from '../keyspace/database.ts'
import type { ValueType } from '../keyspace/value-type.ts'
import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import type { Dict } from '../memory/dict.ts'
import { countOf, firstOf, nextOf, readElement } from '../structs/list-node.ts'
import type { StreamLog } from '../structs/stream-log.ts'
import type { ElementWriter } from './element.ts'
import { TYPE } from './rdb/format.ts'
import type { RdbWriter } from './rdb/writer.ts'
import type { StreamSaver, StreamValue } from './stream.ts'

/** What a snapshot must know of a collection that is written in pieces. */
export interface Big {
  /** Its type byte. */
  readonly type: number
  /** The address by which a value in the graveyard is recognised. */
  readonly root: Address
  /** Whether anything is still to be written. */
  readonly isDone: boolean
  /** Before the first piece: how many there are, and what was written early. */
  begin(writer: RdbWriter): void
  /** Write the next piece. */
  step(writer: RdbWriter): void
  /** After the last. */
  end(writer: RdbWriter): void
  release(): void
}

/** Views of sets, hashes and sorted sets that are Dicts, as far as they are needed here. */
export interface TableView {
  readonly dict: Dict
  readonly isPacked: boolean
}

/** A set, hash or sorted set. */
export class BigTable implements Big {
  readonly type: number
  readonly root: Address
  readonly #view: TableView
  readonly #elements: ElementWriter
  readonly #count: number
  #cursor: number
  readonly #early = new Set<Address>()
  #aside: RdbWriter | null = null
  #file: RdbWriter | null = null
  readonly #makeAside: () => RdbWriter

  constructor(view: TableView, type: number, elements: ElementWriter, makeAside: () => RdbWriter) {
    this.#view = view
    this.type = type
    this.#elements = elements
    this.root = view.dict.root
    this.#count = this.#cursor = view.dict.count
    this.#makeAside = makeAside
  }

  get isDone(): boolean {
    return this.#cursor === 0
  }

  /** The lens, looking at what is there now. */
  get #dict(): Dict {
    return this.#view.dict.bind(this.root)
  }

  #write(place: number): void {
    this.#elements.element(this.#file ?? (this.#aside ??= this.#makeAside()), place)
  }

  /** An element is about to change. */
  change(record: Address): void {
    const place = this.#dict.positionOf(record)
    if (place >= this.#cursor || this.#early.has(record)) return
    this.#write(place)
    this.#early.add(record)
  }

  /** An element is about to go. */
  removal(record: Address): void {
    const dict = this.#dict
    const place = dict.positionOf(record)
    if (place >= this.#cursor) return
    if (!this.#early.delete(record)) this.#write(place)
    this.#cursor--
    dict.swap(place, this.#cursor)
  }

  moved(from: Address, to: Address): void {
    if (this.#early.delete(from)) this.#early.add(to)
  }

  begin(writer: RdbWriter): void {
    this.#file = writer
    this.#elements.head(writer, this.#count)
    if (this.#aside === null) return
    const early = this.#aside.result(new Range())
    writer.raw(early.buf, early.start, early.end)
    this.#aside.release()
    this.#aside = null
  }

  step(): void {
    const dict = this.#dict
    const place = this.#cursor - 1
    if (!this.#early.delete(dict.at(place))) this.#write(place)
    this.#cursor = place
  }

  end(): void {}

  release(): void {
    this.#aside?.release()
  }
}

/** What lists and streams have in common: blocks in a row, each of which is copied before it changes. */
abstract class BigRow implements Big {
  abstract readonly type: number
  readonly root: Address
  protected readonly memory: Memory
  protected readonly blocks: Address[] = []
  readonly #copies = new Set<Address>()
  readonly #owner: BlockOwners
  #next = 0

  constructor(memory: Memory, root: Address, owner: BlockOwners) {
    this.memory = memory
    this.root = root
    this.#owner = owner
  }

  /** From now on blocks are watched. */
  protected watch(): void {
    for (const block of this.blocks) this.#owner.set(block, this)
  }

  get isDone(): boolean {
    return this.#next === this.blocks.length
  }

  /** A block is about to change: keep it as it is. */
  block(block: Address): void {
    const { memory } = this
    this.#owner.delete(block)
    const at = this.blocks.indexOf(block, this.#next)
    if (at < 0) return
    const bytes = memory.sizeOf(block)
    const copy = memory.block(ACCOUNT.overhead, bytes)
    const from = (block & UNIT_MASK) << 3
    memory.u8[block >>> SLAB_BITS]!.copy(memory.u8[copy >>> SLAB_BITS]!, (copy & UNIT_MASK) << 3, from, from + bytes)
    this.blocks[at] = copy
    this.#copies.add(copy)
  }

  abstract begin(writer: RdbWriter): void

  step(writer: RdbWriter): void {
    const block = this.blocks[this.#next]!
    this.write(writer, block)
    this.#next++
    this.#owner.delete(block)
    if (this.#copies.delete(block)) this.memory.free(ACCOUNT.overhead, block)
  }

  protected abstract write(writer: RdbWriter, block: Address): void

  abstract end(writer: RdbWriter): void

  release(): void {
    for (const block of this.blocks.slice(this.#next)) this.#owner.delete(block)
    for (const copy of this.#copies) this.memory.free(ACCOUNT.overhead, copy)
    this.#copies.clear()
  }
}

/** Blocks by address, each with the value that it belongs to, which copies it when it is about to change. */
export type BlockOwners = Map<Address, { block(block: Address): void }>

/** Bytes of a string that are written at once. */
const STRING_PIECE = 128 << 10

/** A string in a block of its own. Of one that is about to change, what is left is copied. */
export class BigString implements Big {
  readonly type = TYPE.string
  readonly root: Address
  readonly #memory: Memory
  readonly #owners: BlockOwners
  readonly #bytes: Range
  readonly #length: number
  #copy: Address = 0

  /** @param block holds `bytes`. */
  constructor(memory: Memory, block: Address, bytes: Range, owners: BlockOwners) {
    this.#memory = memory
    this.root = block
    this.#owners = owners
    this.#bytes = bytes
    this.#length = bytes.length
    owners.set(block, this)
  }

  get isDone(): boolean {
    return this.#bytes.length === 0
  }

  block(): void {
    this.#owners.delete(this.root)
    const { buf, start, end } = this.#bytes
    if (end === start) return
    const copy = this.#memory.block(ACCOUNT.overhead, end - start)
    const at = (copy & UNIT_MASK) << 3
    this.#bytes.set(this.#memory.u8[copy >>> SLAB_BITS]!, at, at + end - start)
    buf.copy(this.#bytes.buf, at, start, end)
    this.#copy = copy
  }

  begin(writer: RdbWriter): void {
    writer.length(this.#length)
  }

  step(writer: RdbWriter): void {
    const { buf, start, end } = this.#bytes
    const to = Math.min(end, start + STRING_PIECE)
    writer.raw(buf, start, to)
    this.#bytes.start = to
  }

  end(): void {}

  release(): void {
    if (this.#copy === 0) this.#owners.delete(this.root)
    else this.#memory.free(ACCOUNT.overhead, this.#copy)
    this.#copy = 0
  }
}

/** A list of many nodes; each becomes a node of the file. */
export class BigList extends BigRow {
  readonly type = TYPE.listQuicklist2
  readonly #elements: ElementWriter
  readonly #element = new Range()

  constructor(memory: Memory, root: Address, elements: ElementWriter, owners: BlockOwners) {
    super(memory, root, owners)
    this.#elements = elements
    const head = memory.i32[root >>> SLAB_BITS]![(root & UNIT_MASK) << 1]!
    for (let node = head; node !== 0; node = nextOf(memory, node)) this.blocks.push(node)
    this.watch()
  }

  begin(writer: RdbWriter): void {
    writer.length(this.blocks.length)
  }

  protected write(writer: RdbWriter, node: Address): void {
    const slab = this.memory.u8[node >>> SLAB_BITS]!
    let at = ((node & UNIT_MASK) << 3) + firstOf(this.memory, node)
    this.#elements.node(writer, countOf(this.memory, node), () => {
      at = readElement(slab, at, this.#element)
      return this.#element
    })
  }

  end(): void {}
}

/** A stream of many blocks; each becomes a node of the file. */
export class BigStream extends BigRow {
  readonly type: number
  readonly #saver: StreamSaver
  readonly #rest: RdbWriter

  constructor(
    memory: Memory,
    root: Address,
    value: StreamValue,
    type: number,
    saver: StreamSaver,
    rest: RdbWriter,
    owners: BlockOwners,
  ) {
    super(memory, root, owners)
    this.type = type
    this.#saver = saver
    this.#rest = rest
    const log: StreamLog = value.log
    log.eachBlock(block => this.blocks.push(block))
    saver.saveFacts(rest, value, type)
    this.watch()
  }

  begin(writer: RdbWriter): void {
    writer.length(this.blocks.length)
  }

  protected write(writer: RdbWriter, block: Address): void {
    this.#saver.saveBlock(writer, this.memory, block)
  }

  end(writer: RdbWriter): void {
    const rest = this.#rest.result(new Range())
    writer.raw(rest.buf, rest.start, rest.end)
  }

  override release(): void {
    super.release()
    this.#rest.release()
  }
}

/** The address by which a value is known: that of its table, or its own root. */
export function rootOf(value: object): Address {
  const { dict, root, isPacked } = value as { dict?: Dict; root?: Address; isPacked?: boolean }
  if (isPacked === true) return 0
  return dict !== undefined ? dict.root : (root ?? 0)
}

/** A view of a record that is nobody else's. */
export function ownView(db: Database, record: Address, type: ValueType): object {
  return (type.view!(db) as { bind(db: Database, record: Address): object }).bind(db, record)
}
