/* A plain model of what a dump file holds, and the tools of these tests around it. */

import { Range } from '../../../core/base/bytes.ts'
import { Memory } from '../../../core/memory/arena.ts'
import type { HashVisitor, ListVisitor, SetVisitor, ZsetVisitor } from '../../../core/persistence/rdb/collection.ts'
import { type KeyFacts, RdbFileReader, type RdbVisitor } from '../../../core/persistence/rdb/file.ts'
import { kindOf } from '../../../core/persistence/rdb/format.ts'
import type { ModuleSource } from '../../../core/persistence/rdb/module-value.ts'
import { type ByteSource, RdbReader } from '../../../core/persistence/rdb/reader.ts'
import type { StreamVisitor } from '../../../core/persistence/rdb/stream.ts'
import { ValueReader } from '../../../core/persistence/rdb/values.ts'
import { RdbWriter } from '../../../core/persistence/rdb/writer.ts'
import type { StreamId } from '../../../core/structs/stream-id.ts'

export const long = process.env['REDSTRATA_TEST'] === 'long'

/** One arena for all that is not about memory itself: a fresh one costs a slab of 16 MB. */
const arena = new Memory()

/** Bytes of a text, a byte a character. */
export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

/** A Range over bytes that have others around them. */
export function range(text: string | Buffer): Range {
  const inner = typeof text === 'string' ? bytes(text) : text
  const buf = Buffer.concat([Buffer.from('<<'), inner, Buffer.from('>>')])
  return new Range(buf, 2, 2 + inner.length)
}

/** Gives the bytes in pieces of at most so many. */
export function source(data: Buffer, piece = 7): ByteSource {
  let given = 0
  return {
    read(buf, at, length) {
      const count = Math.min(length, piece, data.length - given)
      data.copy(buf, at, given, given + count)
      given += count
      return count
    },
  }
}

/** What a writer writes. */
export function written(write: (writer: RdbWriter) => void, compress = true): Buffer {
  const writer = new RdbWriter(arena, { compress })
  write(writer)
  const result = writer.result(new Range()).copy()
  writer.release()
  return result
}

/** A reader over bytes, in memory or through a narrow source. */
export function readerOf(data: Buffer, piece = 0): RdbReader {
  const reader = new RdbReader(arena)
  return piece === 0 ? reader.over(range(data)) : reader.open(source(data, piece))
}

function idText(id: StreamId): string {
  const part = (high: number, low: number): string => String((BigInt(high) << 32n) | BigInt(low))
  return `${part(id.msHigh, id.msLow)}-${part(id.seqHigh, id.seqLow)}`
}

export interface StreamModel {
  entries: [string, ...string[]][]
  facts: { length: number; last: string; first: string; maxDeleted: string; added: number } | null
  groups: {
    name: string
    last: string
    read: number
    pending: [string, number, number][]
    consumers: { name: string; seen: number; active: number; owns: string[] }[]
  }[]
}

class StreamCollector implements StreamVisitor {
  readonly model: StreamModel = { entries: [], facts: null, groups: [] }

  entry(id: StreamId, parts: readonly Range[], count: number): void {
    this.model.entries.push([idText(id), ...parts.slice(0, count).map(part => part.latin1())])
  }

  facts(facts: {
    length: number
    lastId: StreamId
    firstId: StreamId
    maxDeletedId: StreamId
    entriesAdded: number
  }): void {
    this.model.facts = {
      length: facts.length,
      last: idText(facts.lastId),
      first: idText(facts.firstId),
      maxDeleted: idText(facts.maxDeletedId),
      added: facts.entriesAdded,
    }
  }

  group(name: Range, lastId: StreamId, entriesRead: number): void {
    this.model.groups.push({ name: name.latin1(), last: idText(lastId), read: entriesRead, pending: [], consumers: [] })
  }

  pending(id: StreamId, time: number, count: number): void {
    this.model.groups.at(-1)!.pending.push([idText(id), time, count])
  }

  consumer(name: Range, seen: number, active: number): void {
    this.model.groups.at(-1)!.consumers.push({ name: name.latin1(), seen, active, owns: [] })
  }

  owns(id: StreamId): void {
    this.model.groups.at(-1)!.consumers.at(-1)!.owns.push(idText(id))
  }
}

/** Lists, sets: the elements. Zsets: [member, score]. Hashes: [field, value, deadline]. Modules: the parts. */
export type Value = string | string[] | [string, number][] | [string, string, number][] | StreamModel | ModuleModel

export interface ModuleModel {
  module: string
  version: number
}

/** Read one value into the model. */
export function readValue(type: number, values: ValueReader): Value {
  const { reader, collections } = values
  switch (kindOf(type)) {
    case 'string':
      return reader.string(new Range()).latin1()
    case 'list': {
      const list: string[] = []
      const visitor: ListVisitor = { begin() {}, element: element => list.push(element.latin1()) }
      collections.list(type, visitor)
      return list
    }
    case 'set': {
      const set: string[] = []
      const visitor: SetVisitor = { begin() {}, integers: () => false, member: member => set.push(member.latin1()) }
      collections.set(type, visitor)
      return set
    }
    case 'zset': {
      const zset: [string, number][] = []
      const visitor: ZsetVisitor = { begin() {}, member: (member, score) => zset.push([member.latin1(), score]) }
      collections.zset(type, visitor)
      return zset
    }
    case 'hash': {
      const hash: [string, string, number][] = []
      const visitor: HashVisitor = {
        begin() {},
        field: (name, value, deadline) => hash.push([name.latin1(), value.latin1(), deadline]),
      }
      collections.hash(type, visitor)
      return hash
    }
    case 'stream': {
      const collector = new StreamCollector()
      values.streams.stream(type, collector)
      return collector.model
    }
    default: {
      const { name, version } = values.module.open()
      values.module.skip()
      return { module: name, version }
    }
  }
}

/** A value from bytes that hold nothing else. */
export function valueIn(type: number, data: Buffer, piece = 0): Value {
  const reader = readerOf(data, piece)
  const values = new ValueReader(reader, arena)
  try {
    const value = readValue(type, values)
    if (!reader.isAtEnd) throw new Error('bytes are left')
    return value
  } finally {
    reader.release()
    values.release()
  }
}

export interface KeyModel {
  db: number
  type: number
  value: Value
  expire: number
  idle: number
  frequency: number
}

/** All that a file holds. */
export class FileModel implements RdbVisitor {
  readonly aux_: Record<string, string> = {}
  readonly keys = new Map<string, KeyModel>()
  readonly libraries: string[] = []
  readonly modules: [string, number][] = []
  readonly sizes_: [number, number, number][] = []
  readonly slots: [number, number, number][] = []
  #db = 0

  aux(name: Range, value: Range): void {
    this.aux_[name.latin1()] = value.latin1()
  }

  database(number: number): void {
    this.#db = number
  }

  sizes(keys: number, expiring: number): void {
    this.sizes_.push([this.#db, keys, expiring])
  }

  slot(slot: number, keys: number, expiring: number): void {
    this.slots.push([slot, keys, expiring])
  }

  library(code: Range): void {
    this.libraries.push(code.latin1())
  }

  moduleAux(source: ModuleSource, when: number): boolean {
    this.modules.push([source.name, when])
    return false
  }

  key(key: Range, type: number, facts: KeyFacts, values: ValueReader): void {
    const name = `${this.#db}:${key.latin1()}`
    const value = readValue(type, values)
    // The key is still there after its value was read.
    if (name !== `${this.#db}:${key.latin1()}`) throw new Error('the key moved')
    const { expireMs: expire, idleSeconds: idle, frequency } = facts
    this.keys.set(name, { db: this.#db, type, value, expire, idle, frequency })
  }
}

/** Read a whole file into the model. */
export function readFile(data: Buffer, piece = 64 << 10): FileModel {
  const file = new RdbFileReader(arena)
  const model = new FileModel()
  try {
    file.open(source(data, piece))
    while (file.step(model));
    if (!file.reader.isAtEnd) throw new Error('bytes are left')
    return model
  } finally {
    file.release()
  }
}
