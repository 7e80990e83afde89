/* Nodes of a stream as a dump file holds them: the counterpart of stream.ts, which draws them.
 *
 * A node is begun with its first entry's id, how many entries are to come, and the field names that its entries are likely
 * to share; entries that have exactly those names leave them out. Deleted entries are not written at all. */

import { type Range, sameBytes } from '../../base/bytes.ts'
import type { Memory } from '../../memory/arena.ts'
import type { StreamId } from '../../structs/stream-id.ts'
import { ListpackBuilder } from './listpack.ts'
import type { RdbWriter } from './writer.ts'

const SAME_FIELDS = 2
const TWO_32 = 4294967296
const ID_BYTES = 16

/** Packs the entries of one node. */
export class StreamNodeBuilder {
  readonly #listpack: ListpackBuilder
  readonly #words = { msHigh: 0, msLow: 0, seqHigh: 0, seqLow: 0 }
  #names: readonly Range[] = []
  #nameCount = 0

  constructor(memory: Memory) {
    this.#listpack = new ListpackBuilder(memory)
  }

  /** Begin a node; names[0..nameCount) stay where they are until it is written. */
  begin(id: StreamId, entries: number, names: readonly Range[], nameCount: number): void {
    const words = this.#words
    words.msHigh = id.msHigh
    words.msLow = id.msLow
    words.seqHigh = id.seqHigh
    words.seqLow = id.seqLow
    this.#names = names
    this.#nameCount = nameCount
    const listpack = this.#listpack.begin()
    listpack.integer(entries)
    listpack.integer(0)
    listpack.integer(nameCount)
    for (let i = 0; i < nameCount; i++) listpack.bytes(names[i]!)
    listpack.integer(0)
  }

  /** Add an entry; parts[0..count) are names and values in turn. */
  entry(id: StreamId, parts: readonly Range[], count: number): void {
    const listpack = this.#listpack
    const same = this.#hasNames(parts, count)
    listpack.integer(same ? SAME_FIELDS : 0)
    this.#difference(id.msHigh, id.msLow, this.#words.msHigh, this.#words.msLow)
    this.#difference(id.seqHigh, id.seqLow, this.#words.seqHigh, this.#words.seqLow)
    if (same) for (let i = 1; i < count; i += 2) listpack.bytes(parts[i]!)
    else {
      listpack.integer(count / 2)
      for (let i = 0; i < count; i++) listpack.bytes(parts[i]!)
    }
    listpack.integer(same ? count / 2 + 3 : count + 4)
  }

  #hasNames(parts: readonly Range[], count: number): boolean {
    if (count !== this.#nameCount * 2) return false
    for (let i = 0; i < this.#nameCount; i++) {
      const a = this.#names[i]!
      const b = parts[i * 2]!
      const length = a.end - a.start
      if (length !== b.end - b.start || !sameBytes(a.buf, a.start, b.buf, b.start, length)) return false
    }
    return true
  }

  /** a - b, 64 bits. */
  #difference(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
    const low = aLow - bLow
    this.#listpack.long((aHigh - bHigh - (low < 0 ? 1 : 0)) | 0, (low < 0 ? low + TWO_32 : low) | 0)
  }

  /** Bytes of the node so far. */
  get size(): number {
    return this.#listpack.size
  }

  /** Write the node. `scratch` is filled. */
  write(writer: RdbWriter, scratch: Range): void {
    const { msHigh, msLow, seqHigh, seqLow } = this.#words
    writer.length(ID_BYTES)
    writer.word64BigEndian(msHigh, msLow)
    writer.word64BigEndian(seqHigh, seqLow)
    writer.string(this.#listpack.finish(scratch))
  }

  release(): void {
    this.#listpack.release()
  }
}

/** An id as two lengths: the form of a stream's facts and of its groups. */
export function writeId(writer: RdbWriter, id: StreamId): void {
  writer.long(id.msHigh, id.msLow)
  writer.long(id.seqHigh, id.seqLow)
}

/** An id as 16 bytes: the form of pending entries. */
export function writeRawId(writer: RdbWriter, id: StreamId): void {
  writer.word64BigEndian(id.msHigh, id.msLow)
  writer.word64BigEndian(id.seqHigh, id.seqLow)
}
