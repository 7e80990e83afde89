/* Streams out of a dump file.
 *
 *     nodes   [first id (16 bytes, highest first)  listpack]            entries, packed by nodes
 *     length  last id   | first id  greatest deleted id  entries added     (from the second type on)
 *     groups  [name  last id  | entries read
 *              pending [id  time  count]                                  of the whole group
 *              consumers [name  seen  | active   pending [id] ] ]         active times from the third type on
 *
 * A node's listpack opens with a master entry, whose field names most entries share; ids are told as differences to it:
 *
 *     count  deleted  fields  name ... name  0                            the master entry
 *     flags  ms  seq  value ... value  back                               same fields (flag 2)
 *     flags  ms  seq  fields  name value ... name value  back             others
 *
 * Flag 1 marks a deleted entry. `back` is how many elements the entry has, to find its begin from behind.
 *
 * The visitor is told entries in order, then what is known of the whole, then each group: its pending entries, which have no
 * owner yet, then each consumer and the ids that it owns. */

import { Range } from '../../base/bytes.ts'
import { wide } from '../../base/numbers.ts'
import type { Memory } from '../../memory/arena.ts'
import { StreamId } from '../../structs/stream-id.ts'
import { TYPE } from './format.ts'
import { ListpackCursor } from './listpack.ts'
import type { RdbReader } from './reader.ts'
import { Room } from '../../memory/room.ts'

/** What a stream knows of itself; the ids and words belong to the reader. */
export interface StreamFacts {
  length: number
  readonly lastId: StreamId
  /** The first entry's id; zero when the stream is empty or the file too old to tell. */
  readonly firstId: StreamId
  readonly maxDeletedId: StreamId
  entriesAdded: number
}

export interface StreamVisitor {
  /** An entry; parts[0..count) are field names and values in turn, valid during the call only, as is the id. */
  entry(id: StreamId, parts: readonly Range[], count: number): void
  /** After the last entry. */
  facts(facts: StreamFacts): void
  /** `entriesRead` is -1 when not known. */
  group(name: Range, lastId: StreamId, entriesRead: number): void
  /** An entry of the last group that waits to be acknowledged. */
  pending(id: StreamId, deliveryTime: number, deliveryCount: number): void
  /** `activeTime` is -1 when the consumer never was active, or the file does not tell. */
  consumer(name: Range, seenTime: number, activeTime: number): void
  /** The last consumer owns this pending entry of its group. */
  owns(id: StreamId): void
}

const ID_BYTES = 16
const DELETED = 1
const SAME_FIELDS = 2
const TWO_32 = 4294967296
/** More fields than a command can have arguments for are refused. */
const FIELDS_MAX = 1 << 19
/** Bytes that the digits of an integer among names or values may need. */
const DIGITS_MAX = 20

/** Reads streams with one reader. */
export class StreamReader {
  readonly #reader: RdbReader
  readonly #cursor: ListpackCursor
  readonly #parts: Range[] = []
  /** Names of the master entry, and integers among them and among values as text. */
  readonly #names: Range[] = []
  readonly #nameDigits: Room
  readonly #digits: Room
  #digitsUsed = 0
  readonly #master = new StreamId()
  readonly #id = new StreamId()
  readonly #range = new Range()
  readonly #facts: StreamFacts = {
    length: 0,
    lastId: new StreamId(),
    firstId: new StreamId(),
    maxDeletedId: new StreamId(),
    entriesAdded: 0,
  }

  constructor(reader: RdbReader, memory: Memory) {
    this.#reader = reader
    this.#cursor = new ListpackCursor(reader)
    this.#nameDigits = new Room(memory)
    this.#digits = new Room(memory)
  }

  release(): void {
    this.#parts.length = this.#names.length = 0
    this.#nameDigits.release()
    this.#digits.release()
  }

  /** Read a stream of any of its types. */
  stream(type: number, visitor: StreamVisitor): void {
    const reader = this.#reader
    const nodes = reader.length()
    for (let i = 0; i < nodes; i++) {
      if (reader.string(this.#range).length !== ID_BYTES) throw reader.error('a stream node without an id')
      readId(this.#range, this.#master)
      this.#node(reader.string(this.#range), visitor)
    }
    const facts = this.#facts
    facts.length = reader.length()
    this.#twoLongs(facts.lastId)
    if (type === TYPE.stream) {
      facts.firstId.setMin()
      facts.maxDeletedId.setMin()
      facts.entriesAdded = facts.length
    } else {
      this.#twoLongs(facts.firstId)
      this.#twoLongs(facts.maxDeletedId)
      facts.entriesAdded = this.#counter()
    }
    visitor.facts(facts)
    const groups = reader.length()
    for (let i = 0; i < groups; i++) this.#group(type, visitor)
  }

  #node(packed: Range, visitor: StreamVisitor): void {
    const cursor = this.#cursor.open(packed)
    const bytes = packed.length
    const live = this.#integer(bytes)
    const deleted = this.#integer(bytes)
    const fields = this.#integer(Math.min(bytes / 2, FIELDS_MAX))
    this.#openDigits(this.#nameDigits, fields)
    for (let i = 0; i < fields; i++) this.#text(this.#nameDigits, rangeAt(this.#names, i))
    if (this.#integer(bytes) !== 0) throw cursor.damaged()
    let seenLive = 0
    let seenDeleted = 0
    while (cursor.next()) {
      if (this.#entry(fields, bytes, visitor)) seenLive++
      else seenDeleted++
    }
    if (seenLive !== live || seenDeleted !== deleted || live === 0) throw cursor.damaged()
  }

  /** The entry whose flags are under the cursor. Whether it lives. */
  #entry(masterFields: number, bytes: number, visitor: StreamVisitor): boolean {
    const cursor = this.#cursor
    const flags = cursor.integer() ? cursor.low : -1
    if (cursor.high !== 0 || (flags & ~(DELETED | SAME_FIELDS)) !== 0) throw cursor.damaged()
    this.#readId()
    const same = (flags & SAME_FIELDS) !== 0
    const fields = same ? masterFields : this.#integer(Math.min(bytes / 2, FIELDS_MAX))
    this.#openDigits(this.#digits, fields * 2)
    for (let i = 0; i < fields; i++) {
      const name = rangeAt(this.#parts, i * 2)
      const master = same ? this.#names[i]! : null
      if (master === null) this.#text(this.#digits, name)
      else name.set(master.buf, master.start, master.end)
      this.#text(this.#digits, rangeAt(this.#parts, i * 2 + 1))
    }
    const elements = this.#integer(bytes)
    if (elements !== (same ? fields + 3 : fields * 2 + 4)) throw cursor.damaged()
    if ((flags & DELETED) !== 0) return false
    visitor.entry(this.#id, this.#parts, fields * 2)
    return true
  }

  /** The next element, a count that is less than the bytes that the counted things lie in. */
  #integer(max: number): number {
    const cursor = this.#cursor.must()
    if (!cursor.integer() || cursor.high !== 0 || cursor.low < 0 || cursor.low >= max) throw cursor.damaged()
    return cursor.low
  }

  /** The master's id plus the next two elements. */
  #readId(): void {
    const cursor = this.#cursor
    const master = this.#master
    if (!cursor.must().integer()) throw cursor.damaged()
    const msLow = master.msLow + (cursor.low >>> 0)
    const msHigh = master.msHigh + cursor.high + (msLow >= TWO_32 ? 1 : 0)
    if (!cursor.must().integer()) throw cursor.damaged()
    const seqLow = master.seqLow + (cursor.low >>> 0)
    const seqHigh = master.seqHigh + cursor.high + (seqLow >= TWO_32 ? 1 : 0)
    this.#id.setWords(msHigh, msLow, seqHigh, seqLow)
  }

  /** The next element as bytes that stay: an integer gets its digits into a room of its own. */
  #text(digits: Room, out: Range): void {
    const cursor = this.#cursor.must()
    cursor.bytes(out)
    if (out.buf !== cursor.scratch) return
    const at = digits.start + this.#digitsUsed
    const length = out.buf.copy(digits.buf, at, out.start, out.end)
    this.#digitsUsed += length
    out.set(digits.buf, at, at + length)
  }

  #openDigits(digits: Room, most: number): void {
    digits.grow(most * DIGITS_MAX, 0)
    this.#digitsUsed = 0
  }

  #twoLongs(id: StreamId): void {
    const reader = this.#reader
    reader.long()
    const { high, low } = reader
    reader.long()
    id.setWords(high, low, reader.high, reader.low)
  }

  /** A count of 64 bits, signed: Infinity with the bits in `wide` when a number would not be exact. */
  #counter(): number {
    const reader = this.#reader
    reader.long()
    const count = reader.high * TWO_32 + (reader.low >>> 0)
    if (Number.isSafeInteger(count)) return count
    wide.high = reader.high
    wide.low = reader.low
    return Infinity
  }

  #rawId(): StreamId {
    return readId(this.#reader.raw(this.#range, ID_BYTES), this.#id)
  }

  #group(type: number, visitor: StreamVisitor): void {
    const reader = this.#reader
    reader.string(this.#range)
    reader.keep(this.#range)
    this.#twoLongs(this.#id)
    let entriesRead = -1
    if (type !== TYPE.stream) {
      entriesRead = this.#counter()
    }
    reader.letGo()
    visitor.group(this.#range, this.#id, entriesRead)
    const pending = reader.length()
    for (let i = 0; i < pending; i++) {
      this.#rawId()
      const time = reader.milliseconds()
      visitor.pending(this.#id, time, reader.length())
    }
    const consumers = reader.length()
    for (let i = 0; i < consumers; i++) this.#consumer(type, visitor)
  }

  #consumer(type: number, visitor: StreamVisitor): void {
    const reader = this.#reader
    reader.string(this.#range)
    reader.keep(this.#range)
    const seen = reader.milliseconds()
    const active = type === TYPE.stream3 ? reader.milliseconds() : -1
    reader.letGo()
    visitor.consumer(this.#range, seen, active)
    const pending = reader.length()
    for (let i = 0; i < pending; i++) visitor.owns(this.#rawId())
  }
}

/** The element of a list of ranges that grows by one at a time, as the elements are found. */
function rangeAt(list: Range[], i: number): Range {
  if (i === list.length) list.push(new Range())
  return list[i]!
}

/** An id of 16 bytes, the highest first. */
function readId(bytes: Range, id: StreamId): StreamId {
  const { buf, start } = bytes
  return id.setWords(
    buf.readInt32BE(start),
    buf.readInt32BE(start + 4),
    buf.readInt32BE(start + 8),
    buf.readInt32BE(start + 12),
  )
}
