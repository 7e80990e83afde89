/* Encoding -- values as Redis 7.4 writes them into RDB files and DUMP payloads.
 *
 *      string                                   string
 *      list        listpack, quicklist          quicklist of listpacks (8 KB or as list-max-listpack-size says) and plain nodes
 *      set         intset, listpack, hashtable  intset, listpack, or members
 *      hash        listpack, hashtable          listpack, or fields and values; with deadlines when fields have some
 *      zset        listpack, skiplist           listpack in order, or members with binary scores from the highest on
 *      stream                                   nodes, facts, groups (stream.ts)
 *      of modules                               tagged parts under the type's name
 *
 * Which of them a value gets is what OBJECT ENCODING says of it. The packed ones are made anew, since values lie in memory
 * in a form of their own. For servers older than 7.2 (`version` 10) two types are replaced by those that they know. */

import { Range } from '../base/bytes.ts'
import { formatDouble } from '../base/numbers.ts'
import type { Database } from '../keyspace/database.ts'
import { listBytesMax, listCountMax } from '../keyspace/limits.ts'
import { FORM } from '../keyspace/record.ts'
import type { SaveSink, ValueType } from '../keyspace/value-type.ts'
import { type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import { countOf, firstOf, nextOf, readElement } from '../structs/list-node.ts'
import { Aside } from './aside.ts'
import { BigTable, type Elements, ownView, rootOf, type TableView } from './big.ts'
import { ElementWriter } from './element.ts'
import { Plan, PlanSink } from './plan.ts'
import { CONTAINER, RDB_VERSION, TYPE } from './rdb/format.ts'
import { IntsetBuilder } from './rdb/intset.ts'
import { LISTPACK_BYTES_MIN, ListpackBuilder, listpackBytes } from './rdb/listpack.ts'
import { ModuleSink } from './rdb/module-value.ts'
import type { RdbWriter } from './rdb/writer.ts'
import { SmallSaver } from './small.ts'
import { StreamSaver, type StreamValue } from './stream.ts'
import type { Watch } from './watch.ts'

/** Files before this version know neither packed sets nor the active times of consumers. */
const PACKED_SETS_VERSION = 11
/** Files before this version know no fields that expire. */
const FIELD_TIMES_VERSION = 12
/** What Redis adds to an element's bytes when it asks whether a node of a list can take it. */
const NODE_ELEMENT_OVERHEAD = 8
/** Integral scores up to here are stored as integers. */
const INTEGER_SCORE_MAX = 2 ** 62
const TWO_32 = 4294967296
/** A string of so many bytes for each of the elements that are written at once is written in pieces. */
const STRING_BYTES = 512
/** A module's bytes are left where they are when they are so many for each of them. */
const STRETCH_BYTES = 64
/** Elements that take as long as a piece of a module's value, which is some KB. */
const ELEMENTS_A_PIECE = 16
/** Types whose values are tables. */
const BIG_TYPES: readonly number[] = [TYPE.set, TYPE.zset, TYPE.hash, TYPE.hashTimes]

/** What this file asks of the core's views. */
interface Sequence {
  readonly length: number
  each(visit: (element: Range) => void): void
}
interface Bytes {
  readonly length: number
  /** Where they begin in their block. */
  readonly blockHead: number
}
interface Integers {
  /** Names them, in order and with the lowest byte first; returns the bytes of each. */
  integers(out: Range): number
}
interface Fields {
  readonly length: number
  /** The earliest deadline of a field, Infinity when none has one. */
  readonly firstDeadline: number
  /** `deadline` is 0 for a field without one. */
  each(visit: (field: Range, value: Range, deadline: number) => void): void
}
interface Scored {
  readonly length: number
  each(from: number, to: number, reverse: boolean, visit: (member: Range, score: number) => void): void
}

/** How large values of the core are written in pieces: in the form of a file, or as commands. */
export interface Pieces {
  elements(type: number, view: TableView): Elements
  /** The bytes of a string lie in a block from `start` on. */
  string(plan: Plan, block: Address, start: number, length: number): void
  list(plan: Plan, nodes: readonly Address[]): void
  stream(plan: Plan, value: StreamValue): void
}

/** Takes the bytes of a string's value. */
class StringSink implements SaveSink {
  writer: RdbWriter | null = null

  string(from: Buffer, start: number, end: number): void {
    this.writer!.slice(from, start, end)
  }

  unsigned = unexpected
  block = unexpected
  row = unexpected
  doubles = unexpected
  parts = unexpected
  signed = unexpected
  text = unexpected
  double = unexpected
  float = unexpected
}

function unexpected(): void {
  throw new Error('a string saves nothing but its bytes')
}

/** Writes values into one writer after another. */
export class ValueWriter {
  /** The version of the file; see the header. */
  version = RDB_VERSION
  /** Whether strings that are written aside may be compressed. */
  compresses = true
  readonly #memory: Memory
  readonly #listpack: ListpackBuilder
  readonly #intset: IntsetBuilder
  readonly #streams: StreamSaver
  readonly #packed = new Range()
  readonly #string = new StringSink()
  readonly #small = new SmallSaver()
  /** Writes nodes of lists, and the element that it is given. */
  readonly #nodes: ElementWriter
  readonly #element = new Range()
  #writer!: RdbWriter

  constructor(memory: Memory) {
    this.#memory = memory
    this.#listpack = new ListpackBuilder(memory)
    this.#intset = new IntsetBuilder(memory)
    this.#streams = new StreamSaver(memory)
    this.#nodes = new ElementWriter(TYPE.listQuicklist2, null, this.#listpack)
  }

  /** Give all memory back. */
  release(): void {
    this.#listpack.release()
    this.#intset.release()
    this.#streams.release()
  }

  /** The type byte of a record's value. */
  typeOf(db: Database, record: Address): number {
    const type = db.keyspace.types[db.typeOf(record)]!
    if (type.module !== undefined) return TYPE.module
    if (type.name === 'string') return TYPE.string
    const isOld = this.version < PACKED_SETS_VERSION
    const small = isOld ? -1 : this.#small.typeOf(db, record, type)
    if (small >= 0) return small
    if (type.name === 'stream') return isOld ? TYPE.stream2 : TYPE.stream3
    if (type.name === 'list') return TYPE.listQuicklist2
    const encoding = type.encoding(db.view(record, type))
    if (type.name === 'set')
      return encoding === 'intset' ? TYPE.setIntset : encoding === 'listpack' && !isOld ? TYPE.setListpack : TYPE.set
    if (type.name === 'zset') return encoding === 'listpack' ? TYPE.zsetListpack : TYPE.zset
    if (type.name === 'hash') return this.#hashType(db.view(record, type) as unknown as Fields, encoding)
    throw new Error(`values of type ${type.name} cannot be saved`)
  }

  #hashType(value: Fields, encoding: string): number {
    const isTimed = encoding === 'listpackex' || value.firstDeadline !== Number.POSITIVE_INFINITY
    if (!isTimed) return encoding === 'listpack' ? TYPE.hashListpack : TYPE.hash
    if (this.version < FIELD_TIMES_VERSION) throw new Error(`RDB version ${this.version} has no fields that expire`)
    return encoding === 'listpackex' ? TYPE.hashListpackTimes : TYPE.hashTimes
  }

  /** Write the value of a record, behind `type`, which typeOf() gave. */
  write(writer: RdbWriter, db: Database, record: Address, type: number): void {
    if (type === TYPE.string && db.formOf(record) === FORM.inline) {
      writer.string(db.inline(record, this.#packed))
      return
    }
    const declared = db.keyspace.types[db.typeOf(record)]!
    if (this.#small.typeOf(db, record, declared) === type && this.#small.write(writer, db, record, type)) return
    const value: unknown = db.view(record, declared)
    this.#writer = writer
    switch (type) {
      case TYPE.string:
        this.#string.writer = writer
        declared.save(value as object, this.#string)
        return
      case TYPE.listQuicklist2:
        this.#list(value as Sequence, db, declared.encoding(value as object) === 'listpack')
        return
      case TYPE.setIntset:
        this.#integers(value as Integers)
        return
      case TYPE.setListpack:
        this.#listpack.begin()
        ;(value as Sequence).each(this.#pack)
        this.#finish()
        return
      case TYPE.set:
        writer.length((value as Sequence).length)
        ;(value as Sequence).each(this.#put)
        return
      case TYPE.zsetListpack:
        this.#listpack.begin()
        ;(value as Scored).each(0, (value as Scored).length, false, this.#packScored)
        this.#finish()
        return
      case TYPE.zset:
        writer.length((value as Scored).length)
        ;(value as Scored).each(0, (value as Scored).length, true, this.#putScored)
        return
      case TYPE.hashListpack:
        this.#listpack.begin()
        ;(value as Fields).each(this.#packPair)
        this.#finish()
        return
      case TYPE.hash:
        writer.length((value as Fields).length)
        ;(value as Fields).each(this.#putPair)
        return
      case TYPE.hashListpackTimes:
        this.#packedTimes(value as Fields)
        return
      case TYPE.hashTimes:
        this.#times(value as Fields)
        return
      case TYPE.module:
        this.#module(declared, value as object)
        return
      default:
        this.#streams.save(writer, value as StreamValue, type)
    }
  }

  /**
   * The value of a record as one to be written in pieces, or null when it is small: when it has few elements, or as many
   * bytes as `few` pieces of a module's value.
   */
  bigOf(
    db: Database,
    record: Address,
    type: number,
    few: number,
    watch: Watch,
    pieces: Pieces = this.#pieces,
  ): Plan | BigTable | null {
    if (few === Number.POSITIVE_INFINITY) return null
    if (type === TYPE.string && db.formOf(record) !== FORM.block) return null
    const declared = db.keyspace.types[db.typeOf(record)]!
    const value: unknown = db.view(record, declared)
    if (BIG_TYPES.includes(type)) {
      if ((value as TableView).isPacked || (value as TableView).dict.count <= few) return null
      const view = ownView(db, record, declared) as TableView
      return new BigTable(view, type, pieces.elements(type, view), () => new Aside(this.#memory, this.compresses))
    }
    const options = { memory: this.#memory, watch, compresses: this.compresses, stretchBytes: few * STRETCH_BYTES }
    if (type === TYPE.module) {
      const count = declared.pieces?.(value as object) ?? 0
      return count <= few / ELEMENTS_A_PIECE
        ? null
        : this.#planned(new Plan(type, 0, options), declared, value as object)
    }
    if (type === TYPE.string) {
      const { length } = value as Bytes
      if (length <= few * STRING_BYTES) return null
      const plan = new Plan(type, 0, options)
      pieces.string(plan, db.wordOf(record), (value as Bytes).blockHead, length)
      return plan
    }
    const root = rootOf(value as object)
    if (type === TYPE.listQuicklist2) {
      if (root === 0 || (value as Sequence).length <= few) return null
      const plan = new Plan(type, root, options)
      pieces.list(plan, this.#nodesOf(root))
      return plan
    }
    if (type !== TYPE.stream2 && type !== TYPE.stream3) return null
    if (!isLargeStream(value as StreamValue, few)) return null
    const plan = new Plan(type, root, options)
    pieces.stream(plan, value as StreamValue)
    return plan
  }

  readonly #pieces: Pieces = {
    elements: (type, view) => new ElementWriter(type, view, this.#listpack),
    string(plan, block, start, length) {
      plan.small.length(length)
      plan.stretch(block, start, length)
    },
    list: (plan, nodes) => {
      plan.small.length(nodes.length)
      plan.row(nodes, this.#listNode)
    },
    stream: (plan, value) => this.#streams.plan(plan, value),
  }

  #planned(plan: Plan, type: ValueType, value: object): Plan {
    const { name, version } = type.module!
    const sink = new PlanSink(plan)
    sink.open(name, version)
    type.save(value, sink)
    sink.close()
    return plan
  }

  #nodesOf(root: Address): Address[] {
    const memory = this.#memory
    const nodes: Address[] = []
    const head = memory.i32[root >>> SLAB_BITS]![(root & UNIT_MASK) << 1]!
    for (let node = head; node !== 0; node = nextOf(memory, node)) nodes.push(node)
    return nodes
  }

  readonly #listNode = (writer: RdbWriter, node: Address): void => {
    const memory = this.#memory
    const slab = memory.u8[node >>> SLAB_BITS]!
    let at = ((node & UNIT_MASK) << 3) + firstOf(memory, node)
    this.#nodes.node(writer, countOf(memory, node), () => {
      at = readElement(slab, at, this.#element)
      return this.#element
    })
  }

  #finish(): void {
    this.#writer.string(this.#listpack.finish(this.#packed))
  }

  // What is done with each element: made once, since a closure a value would be garbage.

  readonly #pack = (element: Range): void => this.#listpack.bytes(element)

  readonly #put = (element: Range): void => this.#writer.string(element)

  readonly #packPair = (field: Range, value: Range): void => {
    this.#listpack.bytes(field)
    this.#listpack.bytes(value)
  }

  readonly #putPair = (field: Range, value: Range): void => {
    this.#writer.string(field)
    this.#writer.string(value)
  }

  readonly #putScored = (member: Range, score: number): void => {
    this.#writer.string(member)
    this.#writer.double(score)
  }

  readonly #packScored = (member: Range, score: number): void => {
    this.#listpack.bytes(member)
    if (!Number.isInteger(score) || Math.abs(score) > INTEGER_SCORE_MAX) {
      const text = Buffer.from(formatDouble(score))
      this.#listpack.slice(text, 0, text.length)
    } else if (Number.isSafeInteger(score)) this.#listpack.integer(score + 0)
    else this.#listpack.long(Math.floor(score / TWO_32), (score % TWO_32) | 0)
  }

  /** Fields in order of their deadlines, those without one last: Redis relies on it. */
  #packedTimes(value: Fields): void {
    const rows: { field: Buffer; value: Buffer; deadline: number }[] = []
    value.each((field, content, deadline) => rows.push({ field: field.copy(), value: content.copy(), deadline }))
    rows.sort((a, b) => (a.deadline || Number.POSITIVE_INFINITY) - (b.deadline || Number.POSITIVE_INFINITY) || 0)
    const listpack = this.#listpack.begin()
    for (const row of rows) {
      listpack.slice(row.field, 0, row.field.length)
      listpack.slice(row.value, 0, row.value.length)
      listpack.integer(row.deadline)
    }
    this.#writer.milliseconds(value.firstDeadline === Number.POSITIVE_INFINITY ? 0 : value.firstDeadline)
    this.#finish()
  }

  /** Deadlines are told relative to the earliest, plus one; 0 is none. */
  #times(value: Fields): void {
    const writer = this.#writer
    const least = value.firstDeadline
    writer.milliseconds(least)
    writer.length(value.length)
    value.each((field, content, deadline) => {
      writer.length(deadline === 0 ? 0 : Math.max(1, deadline - least + 1))
      writer.string(field)
      writer.string(content)
    })
  }

  #integers(value: Integers): void {
    const width = value.integers(this.#packed)
    this.#writer.string(this.#intset.pack(this.#packed, width, this.#packed))
  }

  // ------------------------------------------------------------------ lists

  #list(value: Sequence, db: Database, isPacked: boolean): void {
    const { limits } = db.keyspace
    const cut = this.#cut
    cut.bytesMax = listBytesMax(limits)
    cut.countMax = listCountMax(limits)
    if (isPacked) cut.countMax = cut.bytesMax = Number.POSITIVE_INFINITY
    this.#writer.length(countNodes(value, cut))
    this.#listpack.begin()
    value.each(this.#addToNode)
    this.#closeNode()
  }

  readonly #cut: NodeCut = { bytesMax: 0, countMax: 0 }

  readonly #addToNode = (element: Range): void => {
    const { bytesMax, countMax } = this.#cut
    const listpack = this.#listpack
    if (element.length > bytesMax) {
      this.#closeNode()
      this.#writer.length(CONTAINER.plain)
      this.#writer.string(element)
      return
    }
    if (isFull(listpack.count, listpack.size, element.length, bytesMax, countMax)) this.#closeNode()
    listpack.bytes(element)
  }

  #closeNode(): void {
    const listpack = this.#listpack
    if (listpack.count === 0) return
    this.#writer.length(CONTAINER.packed)
    this.#writer.string(listpack.finish(this.#packed))
    listpack.begin()
  }

  #module(type: ValueType, value: object): void {
    const { name, version } = type.module!
    const sink = new ModuleSink(this.#writer).open(name, version)
    type.save(value, sink)
    sink.close()
  }
}

/** Whether a stream has many entries, or many that are pending. */
function isLargeStream({ log, groups }: StreamValue, few: number): boolean {
  let entries = log.length
  for (let i = 0; i < groups.length && entries <= few; i++) entries += groups.pendingCount(groups.at(i))
  return entries > few
}

/** Where nodes of a list end. */
interface NodeCut {
  bytesMax: number
  countMax: number
}

function isFull(count: number, size: number, length: number, bytesMax: number, countMax: number): boolean {
  return count > 0 && (count >= countMax || size + length + NODE_ELEMENT_OVERHEAD > bytesMax)
}

/** How many nodes a list takes: their number stands before them. */
function countNodes(value: Sequence, { bytesMax, countMax }: NodeCut): number {
  let nodes = 0
  let count = 0
  let size = 0
  value.each(element => {
    if (element.length > bytesMax) {
      nodes++
      count = 0
      return
    }
    if (count === 0 || isFull(count, size, element.length, bytesMax, countMax)) {
      nodes++
      count = 0
      size = LISTPACK_BYTES_MIN
    }
    count++
    size += listpackBytes(element.buf, element.start, element.end)
  })
  return nodes
}
