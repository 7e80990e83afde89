/* Command pieces -- large values of the core as commands, a piece at a time while they go on changing.
 *
 *      long string         SET key <bytes>                  the bytes are a stretch
 *      list                RPUSH key element ...            a command a node
 *      set, zset, hash     SADD, ZADD, HMSET key ...        a command for some elements, in whatever order they come
 *      stream              XADD ...; XCLAIM ...             the entries of a block, what is pending in a leaf
 *
 * How a value is cut, and how it is watched, is as for an RDB file (encode.ts); only what is written differs. */

import { Range } from '../../base/bytes.ts'
import { formatDouble, wideUnsigned } from '../../base/numbers.ts'
import { type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../../memory/arena.ts'
import { countOf, firstOf, readElement } from '../../structs/list-node.ts'
import { Groups } from '../../structs/pending.ts'
import { StreamId } from '../../structs/stream-id.ts'
import type { Elements, TableView } from '../big.ts'
import type { HashTable, SetTable, ZsetTable } from '../element.ts'
import type { Pieces } from '../encode.ts'
import type { Plan } from '../plan.ts'
import { TYPE } from '../rdb/format.ts'
import { RdbWriter } from '../rdb/writer.ts'
import { StreamSaver, type StreamValue } from '../stream.ts'
import { putBulk, putHeader, putWord } from './requests.ts'

/** Elements, or bytes of them, that make a command. */
const BATCH = 64
const BATCH_BYTES = 32 << 10

export class CommandPieces implements Pieces {
  /** The key whose value is written. */
  key: Buffer = Buffer.from('')
  readonly #memory: Memory
  readonly #streams: StreamSaver
  /** Its own, since a command may be under way. */
  readonly #groups: Groups
  readonly #element = new Range()
  readonly #name = new Range()
  readonly #id = new StreamId()

  constructor(memory: Memory) {
    this.#memory = memory
    this.#streams = new StreamSaver(memory)
    this.#groups = new Groups(memory)
  }

  release(): void {
    this.#streams.release()
  }

  elements(type: number, view: TableView): Elements {
    return new CommandElements(this.#memory, this.key, type, view)
  }

  string(plan: Plan, block: Address, start: number, length: number): void {
    const { small } = plan
    beginCommand(small, 3, 'SET', this.key)
    small.ascii(`$${length}\r\n`)
    plan.stretch(block, start, length)
    small.ascii('\r\n')
  }

  list(plan: Plan, nodes: readonly Address[]): void {
    const memory = this.#memory
    const { key } = this
    const element = this.#element
    plan.row(nodes, (writer, node) => {
      const count = countOf(memory, node)
      const slab = memory.u8[node >>> SLAB_BITS]!
      beginCommand(writer, 2 + count, 'RPUSH', key)
      for (let i = 0, at = ((node & UNIT_MASK) << 3) + firstOf(memory, node); i < count; i++) {
        at = readElement(slab, at, element)
        putBulk(writer, element.buf, element.start, element.end)
      }
    })
  }

  // ------------------------------------------------------------------ streams

  stream(plan: Plan, { log, groups }: StreamValue): void {
    const { small } = plan
    const { key } = this
    const blocks: Address[] = []
    log.eachBlock(block => blocks.push(block))
    plan.row(blocks, (writer, block) =>
      this.#streams.eachEntry(block, (id, parts, count) => {
        beginCommand(writer, 3 + count, 'XADD', key)
        putWord(writer, id.toString())
        for (let i = 0; i < count; i++) putBulk(writer, parts[i]!.buf, parts[i]!.start, parts[i]!.end)
      }),
    )
    const id = this.#id
    log.readLastId(id)
    const last = id.toString()
    // It has entries no more, but much that is pending.
    if (log.length === 0) {
      beginCommand(small, 7, 'XADD', key)
      for (const word of ['MAXLEN', '0', id.isMin ? '0-1' : last, 'x', 'y']) putWord(small, word)
    }
    const added = countText(log.entriesAdded)
    log.readMaxDeletedId(id)
    beginCommand(small, 7, 'XSETID', key)
    for (const word of [last, 'ENTRIESADDED', added, 'MAXDELETEDID', id.toString()]) putWord(small, word)
    for (let i = 0; i < groups.length; i++) this.#group(plan, groups, groups.at(i))
  }

  #group(plan: Plan, groups: Groups, group: Address): void {
    const { small } = plan
    const { key } = this
    const name = this.#nameOf(out => groups.name(group, out))
    groups.readLastId(group, this.#id)
    beginCommand(small, 7, 'XGROUP', Buffer.from('CREATE'))
    putBulk(small, key, 0, key.length)
    putBulk(small, name, 0, name.length)
    for (const word of [this.#id.toString(), 'ENTRIESREAD', countText(groups.entriesRead(group))]) putWord(small, word)
    /** By their addresses at this moment: a consumer may be gone when what it had pending is written. */
    const consumers = new Map<Address, Buffer>()
    for (let i = 0, count = groups.consumerCount(group); i < count; i++) {
      const consumer = groups.consumerAt(group, i)
      const consumerName = this.#nameOf(out => groups.consumerName(consumer, out))
      consumers.set(consumer, consumerName)
      beginCommand(small, 5, 'XGROUP', Buffer.from('CREATECONSUMER'))
      putBulk(small, key, 0, key.length)
      putBulk(small, name, 0, name.length)
      putBulk(small, consumerName, 0, consumerName.length)
    }
    plan.row(groups.pendingLeaves(group), (writer, leaf) => this.#claims(writer, leaf, key, name, consumers))
  }

  #nameOf(read: (out: Range) => void): Buffer {
    read(this.#name)
    return this.#name.copy()
  }

  #claims(writer: RdbWriter, leaf: Address, key: Buffer, name: Buffer, consumers: ReadonlyMap<Address, Buffer>): void {
    const groups = this.#groups
    for (let slot = 0, rows = groups.rowsOf(leaf); slot < rows; slot++) {
      groups.enterPending(leaf, slot)
      const consumer = consumers.get(groups.consumer)!
      beginCommand(writer, 12, 'XCLAIM', key)
      putBulk(writer, name, 0, name.length)
      putBulk(writer, consumer, 0, consumer.length)
      const times = ['TIME', String(groups.deliveredMs), 'RETRYCOUNT', String(groups.deliveries)]
      for (const word of ['0', groups.id.toString(), ...times, 'FORCE', 'JUSTID']) putWord(writer, word)
    }
  }
}

/** The elements of one table. They are gathered until they make a command of a good length. */
class CommandElements implements Elements {
  readonly #type: number
  readonly #view: TableView
  readonly #key: Buffer
  /** Arguments of the command, and commands that follow it. */
  readonly #body: RdbWriter
  readonly #after: RdbWriter
  readonly #first = new Range()
  readonly #second = new Range()
  #count = 0
  /** Where the command is to go. */
  #to: RdbWriter | null = null

  constructor(memory: Memory, key: Buffer, type: number, view: TableView) {
    this.#key = key
    this.#type = type
    this.#view = view
    this.#body = new RdbWriter(memory)
    this.#after = new RdbWriter(memory)
  }

  head(): void {}

  element(writer: RdbWriter, place: number): void {
    if (this.#to !== writer) this.close()
    this.#to = writer
    if (this.#type === TYPE.set) this.#put((this.#view as SetTable).entry(place, this.#first))
    else if (this.#type === TYPE.zset) {
      putWord(this.#body, formatDouble((this.#view as ZsetTable).entry(place, this.#first)))
      this.#put(this.#first)
    } else this.#field(this.#view as HashTable, place)
    this.#count++
    if (this.#count === BATCH || this.#body.offset > BATCH_BYTES) this.close()
  }

  #put({ buf, start, end }: Range): void {
    putBulk(this.#body, buf, start, end)
  }

  #field(view: HashTable, place: number): void {
    view.entry(place, this.#first, this.#second)
    this.#put(this.#first)
    this.#put(this.#second)
    if (this.#type !== TYPE.hashTimes) return
    view.times.bind(view.times.holder)
    const deadline = view.times.of(view.dict.at(place))
    if (deadline === 0) return
    beginCommand(this.#after, 6, 'HPEXPIREAT', this.#key)
    for (const word of [String(deadline), 'FIELDS', '1']) putWord(this.#after, word)
    putBulk(this.#after, this.#first.buf, this.#first.start, this.#first.end)
  }

  close(): boolean {
    if (this.#count === 0) return false
    const writer = this.#to!
    const verb = this.#type === TYPE.set ? 'SADD' : this.#type === TYPE.zset ? 'ZADD' : 'HMSET'
    beginCommand(writer, 2 + this.#count * (this.#type === TYPE.set ? 1 : 2), verb, this.#key)
    for (const part of [this.#body, this.#after]) {
      const { buf, start, end } = part.result(this.#second)
      writer.raw(buf, start, end)
      part.begin()
    }
    this.#count = 0
    return true
  }

  release(): void {
    this.#body.release()
    this.#after.release()
  }
}

/** A command with its key. */
function beginCommand(writer: RdbWriter, argc: number, verb: string, key: Buffer): void {
  putHeader(writer, argc)
  putWord(writer, verb)
  putBulk(writer, key, 0, key.length)
}

/** A count of 64 bits as the structures tell it: Infinity for the one in `wide`. */
function countText(count: number): string {
  return String(Number.isFinite(count) ? count : wideUnsigned())
}
