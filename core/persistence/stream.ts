/* Streams between the keyspace and RDB files.
 *
 * A block of the log becomes a node of the file; both are cut by the same limits. Loading checks what the structures take for granted: that ids
 * ascend, that every pending entry has one owner, that the counts are right. */

import { Range } from '../base/bytes.ts'
import { wide } from '../base/numbers.ts'
import { type Address, type Memory, SLAB_BITS } from '../memory/arena.ts'
import { Groups, UNKNOWN_READ } from '../structs/pending.ts'
import {
  enterBlock,
  entriesOf,
  fieldCount,
  firstPiece,
  isDeleted,
  isSame,
  liveOf,
  namesAt,
  readBytes,
  readHead,
  skipFields,
} from '../structs/stream-block.ts'
import { compareIds, StreamId } from '../structs/stream-id.ts'
import type { StreamLog } from '../structs/stream-log.ts'
import type { Plan } from './plan.ts'
import { TYPE } from './rdb/format.ts'
import type { RdbReader } from './rdb/reader.ts'
import type { StreamFacts, StreamVisitor } from './rdb/stream.ts'
import { StreamNodeBuilder, writeId, writeRawId } from './rdb/stream-node.ts'
import type { RdbWriter } from './rdb/writer.ts'

/** A stream's value, as far as files need it. */
export interface StreamValue {
  readonly log: StreamLog
  readonly groups: Groups
  append(id: StreamId, parts: readonly Range[], first: number, pairs: number): void
}

/** Of so few pending entries of a consumer the ids are written at once. */
const FEW = 16
const MIN_ID = new StreamId()
const MAX_ID = new StreamId().setMax()

/** Writes streams. */
export class StreamSaver {
  readonly #memory: Memory
  readonly #node: StreamNodeBuilder
  /** Its own, since a command may be under way. */
  readonly #groups: Groups
  readonly #id = new StreamId()
  readonly #name = new Range()
  readonly #packed = new Range()
  /** Names and values of the entry in hand, and names of the node's first entry. */
  readonly #parts: Range[] = []
  readonly #names: Range[] = []

  constructor(memory: Memory) {
    this.#memory = memory
    this.#node = new StreamNodeBuilder(memory)
    this.#groups = new Groups(memory)
  }

  release(): void {
    this.#node.release()
    this.#parts.length = this.#names.length = 0
  }

  /** Write a stream behind its type byte, TYPE.stream3 or an older one. */
  save(writer: RdbWriter, { log, groups }: StreamValue, type: number): void {
    writer.length(log.blockCount)
    this.#writeNodes(writer, log)
    this.#writeFacts(writer, log)
    writer.length(groups.length)
    for (let i = 0; i < groups.length; i++) this.#writeGroup(writer, groups, groups.at(i), type)
  }

  /** Plan to write a stream a block or a leaf at a time. */
  plan(plan: Plan, { log, groups }: StreamValue): void {
    const { small } = plan
    const blocks: Address[] = []
    log.eachBlock(block => blocks.push(block))
    small.length(blocks.length)
    plan.row(blocks, this.#saveBlock)
    this.#writeFacts(small, log)
    small.length(groups.length)
    for (let i = 0; i < groups.length; i++) this.#planGroup(plan, groups, groups.at(i))
  }

  #planGroup(plan: Plan, groups: Groups, group: Address): void {
    const { small, type } = plan
    this.#writeGroupHead(small, groups, group)
    plan.row(groups.pendingLeaves(group), this.#savePending)
    const consumers = groups.consumerCount(group)
    small.length(consumers)
    for (let i = 0; i < consumers; i++) {
      const consumer = groups.consumerAt(group, i)
      this.#writeConsumer(small, groups, consumer, type)
      if (groups.consumerPendingCount(consumer) > FEW) plan.row(groups.ownLeaves(consumer), this.#saveOwn)
      else this.#writeOwn(small, groups, group, consumer)
    }
  }

  readonly #savePending = (writer: RdbWriter, leaf: Address): void => {
    const groups = this.#groups
    for (let slot = 0, rows = groups.rowsOf(leaf); slot < rows; slot++) {
      groups.enterPending(leaf, slot)
      this.#writePending(writer, groups)
    }
  }

  readonly #saveOwn = (writer: RdbWriter, leaf: Address): void => {
    const groups = this.#groups
    for (let slot = 0, rows = groups.rowsOf(leaf); slot < rows; slot++) {
      groups.enterOwn(leaf, slot)
      writeRawId(writer, groups.id)
    }
  }

  /** What is known of the log as a whole. */
  #writeFacts(writer: RdbWriter, log: StreamLog): void {
    writer.length(log.length)
    log.readLastId(this.#id)
    writeId(writer, this.#id)
    if (!log.firstId(this.#id)) this.#id.setMin()
    writeId(writer, this.#id)
    log.readMaxDeletedId(this.#id)
    writeId(writer, this.#id)
    writeCount(writer, log.entriesAdded)
  }

  /** Take the entry under the log's cursor in hand. Returns how many parts it has. */
  #takeEntry(log: StreamLog): number {
    const parts = this.#parts
    const count = log.fieldCount * 2
    while (parts.length < count) parts.push(new Range())
    for (let i = 0; i < count; i += 2) log.nextField(parts[i]!, parts[i + 1]!)
    return count
  }

  /** Write each block of the log as a node. */
  #writeNodes(writer: RdbWriter, log: StreamLog): void {
    let block: Address = 0
    log.seek(MIN_ID, MAX_ID)
    while (log.next()) {
      const count = this.#takeEntry(log)
      if (log.block !== block) {
        if (block !== 0) this.#node.write(writer, this.#packed)
        block = log.block
        this.#beginNode(log.id, log.blockLength, count)
      }
      this.#node.entry(log.id, this.#parts, count)
    }
    if (block !== 0) this.#node.write(writer, this.#packed)
  }

  /** Write one block as a node. */
  readonly #saveBlock = (writer: RdbWriter, block: Address): void => {
    let isOpen = false
    this.eachEntry(block, (id, parts, count) => {
      if (!isOpen) this.#beginNode(id, liveOf(this.#memory, block), count)
      isOpen = true
      this.#node.entry(id, parts, count)
    })
    this.#node.write(writer, this.#packed)
  }

  /** Visit the entries of a block with their `count` names and values. */
  eachEntry(block: Address, visit: (id: StreamId, parts: readonly Range[], count: number) => void): void {
    const memory = this.#memory
    const slab = memory.u8[block >>> SLAB_BITS]!
    const id = this.#id
    let at = enterBlock(memory, block, id)
    for (let left = entriesOf(memory, block); left > 0; left--) {
      const entry = at
      const fields = readHead(slab, entry, id)
      const same = isSame(slab, entry)
      at = skipFields(memory, block, fields, same)
      if (isDeleted(slab, entry)) continue
      visit(id, this.#parts, this.#takeFields(memory, block, fields, same))
    }
  }

  /** Take the fields that begin at a position in hand. Returns how many parts they are. */
  #takeFields(memory: Memory, block: Address, fields: number, same: boolean): number {
    const parts = this.#parts
    const slab = memory.u8[block >>> SLAB_BITS]!
    const count = fieldCount(memory, block, fields, same)
    let nameAt = namesAt(block)
    let at = firstPiece(count, fields, same)
    while (parts.length < count * 2) parts.push(new Range())
    for (let i = 0; i < count * 2; i += 2) {
      if (same) nameAt = readBytes(slab, nameAt, parts[i]!)
      else at = readBytes(slab, at, parts[i]!)
      at = readBytes(slab, at, parts[i + 1]!)
    }
    return count * 2
  }

  /** The names of its first entry are those that a node's entries are likely to share. */
  #beginNode(id: StreamId, entries: number, count: number): void {
    const names = this.#names
    while (names.length * 2 < count) names.push(new Range())
    for (let i = 0; i * 2 < count; i++) {
      const part = this.#parts[i * 2]!
      names[i]!.set(part.buf, part.start, part.end)
    }
    this.#node.begin(id, entries, names, count / 2)
  }

  #writeGroup(writer: RdbWriter, groups: Groups, group: Address, type: number): void {
    this.#writeGroupHead(writer, groups, group)
    for (let more = groups.seek(group, MIN_ID); more; more = groups.next()) this.#writePending(writer, groups)
    const consumers = groups.consumerCount(group)
    writer.length(consumers)
    for (let i = 0; i < consumers; i++) {
      const consumer = groups.consumerAt(group, i)
      this.#writeConsumer(writer, groups, consumer, type)
      this.#writeOwn(writer, groups, group, consumer)
    }
  }

  #writeGroupHead(writer: RdbWriter, groups: Groups, group: Address): void {
    groups.name(group, this.#name)
    writer.string(this.#name)
    groups.readLastId(group, this.#id)
    writeId(writer, this.#id)
    writeCount(writer, groups.entriesRead(group))
    writer.length(groups.pendingCount(group))
  }

  /** The entry under the cursor, as the group knows it. */
  #writePending(writer: RdbWriter, groups: Groups): void {
    writeRawId(writer, groups.id)
    writer.milliseconds(groups.deliveredMs)
    writer.length(groups.deliveries)
  }

  /** A consumer, but for the ids of what it has pending. */
  #writeConsumer(writer: RdbWriter, groups: Groups, consumer: Address, type: number): void {
    groups.consumerName(consumer, this.#name)
    writer.string(this.#name)
    writer.milliseconds(groups.seenMs(consumer))
    if (type === TYPE.stream3) writer.milliseconds(groups.activeMs(consumer))
    writer.length(groups.consumerPendingCount(consumer))
  }

  #writeOwn(writer: RdbWriter, groups: Groups, group: Address, consumer: Address): void {
    for (let more = groups.seekOwn(group, consumer, MIN_ID); more; more = groups.next()) writeRawId(writer, groups.id)
  }
}

/** A count of 64 bits as the structures tell it: Infinity for the one in `wide`; -1 for one that is not known. */
function writeCount(writer: RdbWriter, count: number): void {
  if (Number.isFinite(count)) writer.long(Math.floor(count / 4294967296) | 0, count | 0)
  else writer.long(wide.high, wide.low)
}

/** Fills an empty stream from what a reader tells. */
export class StreamLoader implements StreamVisitor {
  readonly #stream: StreamValue
  readonly #reader: RdbReader
  readonly #type: number
  readonly #lastId = new StreamId()
  readonly #id = new StreamId()
  #entries = 0
  #group: Address = 0
  #consumer: Address = 0
  /** Pending entries of the group in hand, by number: ids of four words, times, deliveries, and whether each has an owner. */
  readonly #ids: number[] = []
  readonly #times: number[] = []
  readonly #deliveries: number[] = []
  readonly #owned: boolean[] = []
  #unowned = 0

  constructor(stream: StreamValue, reader: RdbReader, type: number) {
    this.#stream = stream
    this.#reader = reader
    this.#type = type
  }

  entry(id: StreamId, parts: readonly Range[], count: number): void {
    if (count === 0 || (this.#entries > 0 && compareIds(id, this.#lastId) <= 0) || id.isMin)
      throw this.#damaged('entries')
    this.#stream.append(id, parts, 0, count / 2)
    this.#lastId.setWords(id.msHigh, id.msLow, id.seqHigh, id.seqLow)
    this.#entries++
  }

  facts(facts: StreamFacts): void {
    const { log } = this.#stream
    log.entriesAdded = facts.entriesAdded
    if (facts.length !== this.#entries) throw this.#damaged('length')
    if (this.#entries > 0 && compareIds(facts.lastId, this.#lastId) < 0) throw this.#damaged('last id')
    log.setLastId(facts.lastId)
    log.setMaxDeletedId(facts.maxDeletedId)
  }

  group(name: Range, lastId: StreamId, entriesRead: number): void {
    this.end()
    const { groups } = this.#stream
    const wideHigh = wide.high
    const wideLow = wide.low
    if (groups.find(name) !== 0) throw this.#damaged('groups')
    this.#group = groups.create(name)
    groups.setLastId(this.#group, lastId)
    wide.high = wideHigh
    wide.low = wideLow
    groups.setEntriesRead(this.#group, this.#type === TYPE.stream ? this.#guessRead(lastId) : entriesRead)
  }

  /** How many entries a group has read, where the file does not tell: it can be known at the ends only. */
  #guessRead(id: StreamId): number {
    const { log } = this.#stream
    const added = log.length
    log.readLastId(this.#id)
    const beyond = compareIds(id, this.#id)
    if (added === 0) return 0
    if (beyond === 0) return added
    log.firstId(this.#id)
    const order = compareIds(id, this.#id)
    return beyond > 0 || order > 0 ? UNKNOWN_READ : order === 0 ? 1 : 0
  }

  pending(id: StreamId, deliveryTime: number, deliveryCount: number): void {
    const n = this.#times.length
    if (n > 0 && this.#compare(n - 1, id) >= 0) throw this.#damaged('pending entries')
    this.#checkTime(deliveryTime)
    this.#ids.push(id.msHigh, id.msLow, id.seqHigh, id.seqLow)
    this.#times.push(Math.max(0, deliveryTime))
    this.#deliveries.push(deliveryCount)
    this.#owned.push(false)
    this.#unowned++
  }

  consumer(name: Range, seenTime: number, activeTime: number): void {
    const { groups } = this.#stream
    if (groups.findConsumer(this.#group, name) !== 0) throw this.#damaged('consumers')
    this.#checkTime(seenTime)
    this.#checkTime(activeTime)
    this.#consumer = groups.createConsumer(this.#group, name, seenTime)
    groups.setActiveMs(this.#consumer, this.#type === TYPE.stream3 ? activeTime : seenTime)
  }

  /** -1 stands for a time that never was. */
  #checkTime(ms: number): void {
    if (!Number.isSafeInteger(ms) || ms < -1) throw this.#damaged('times')
  }

  owns(id: StreamId): void {
    const at = this.#find(id)
    if (at < 0 || this.#owned[at]) throw this.#damaged('owners of pending entries')
    this.#owned[at] = true
    this.#unowned--
    this.#stream.groups.assign(this.#group, this.#consumer, id, this.#times[at]!, this.#deliveries[at]!)
  }

  /** After the last part of a group, and of the stream. */
  end(): void {
    if (this.#unowned > 0) throw this.#damaged('owners of pending entries')
    this.#ids.length = this.#times.length = this.#deliveries.length = this.#owned.length = 0
  }

  #find(id: StreamId): number {
    let low = 0
    let high = this.#times.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const order = this.#compare(middle, id)
      if (order === 0) return middle
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  #compare(n: number, id: StreamId): number {
    const ids = this.#ids
    const at = n * 4
    return compareIds(this.#id.setWords(ids[at]!, ids[at + 1]!, ids[at + 2]!, ids[at + 3]!), id)
  }

  #damaged(what: string): Error {
    return this.#reader.error(`the ${what} of a stream do not fit`)
  }
}
