/* Hash value -- fields with values.
 *
 * A small hash is packed in its key's record, pairs of field and value in the order in which they came; a larger one is a
 * Dict, whose records hold the value behind the field:
 *
 *      +0   u32 position   +4 u8 field length   +5 u8 flags   +6 u16 value length   +8 field, then value
 *
 * A value of 65,535 bytes or more has its length as a u32 before it (flag LONG). The step from packed to Dict is at
 * `hash-max-listpack-entries` and `-value`; there is no way back, as in Redis. */

import { copyBytes, Range } from '../../base/bytes.ts'
import type { Database } from '../../keyspace/database.ts'
import { PackedView } from '../../keyspace/packed-view.ts'
import type { DigestSink, EmitCommand, LoadSource, SaveSink, ValueType } from '../../keyspace/value-type.ts'
import { type Address, SLAB_BITS, UNIT_MASK } from '../../memory/arena.ts'
import { Dict } from '../../memory/dict.ts'
import {
  appendPair,
  count,
  entryAt,
  find,
  first,
  HEADER_BYTES,
  init,
  next,
  read,
  remove,
  replace,
} from '../../structs/packed.ts'

export const HASH_ID = 4

const FLAGS = 5
const LENGTH = 6
const FIELD_AT = 8
const LONG = 1
const SHORT_MAX = 0xfffe

/** A hash in the keyspace. Ranges that it fills are valid until it changes. */
export class HashView extends PackedView {
  readonly dict: Dict
  readonly #field = new Range()
  readonly #value = new Range()

  constructor(db: Database) {
    super()
    const { keyspace } = db
    this.dict = new Dict(db.memory, keyspace.hashKey, FIELD_AT, keyspace.accountOfKeys)
  }

  protected bindRoot(root: Address): void {
    this.dict.bind(root)
  }

  get length(): number {
    return this.isPacked ? count(this.region.buf, this.region.start) >>> 1 : this.dict.count
  }

  /** Fill `out` with the value of a field. False when there is no such field. */
  get(field: Range, out: Range): boolean {
    if (this.isPacked) {
      const { buf, start } = this.region
      const at = find(buf, start, field, 2)
      if (at < 0) return false
      read(buf, next(buf, at), out)
      return true
    }
    const record = this.dict.find(field.buf, field.start, field.end)
    if (record === 0) return false
    this.#valueOf(record, out)
    return true
  }

  has(field: Range): boolean {
    if (this.isPacked) return find(this.region.buf, this.region.start, field, 2) >= 0
    return this.dict.find(field.buf, field.start, field.end) !== 0
  }

  /** Set a field. True when it is new. Neither Range may lie in this hash. */
  set(field: Range, value: Range): boolean {
    if (this.isPacked && !this.#setPacked(field, value)) this.#unpack()
    if (this.isPacked) return this.#wasNew
    return this.#setInDict(field, value)
  }

  #wasNew = false

  /** Set a field of a packed hash; false when it must be unpacked first. */
  #setPacked(field: Range, value: Range): boolean {
    const { limits } = this.db.keyspace
    if (field.length > limits.hashValue || value.length > limits.hashValue) return false
    const { region } = this
    const at = find(region.buf, region.start, field, 2)
    if (at < 0 && count(region.buf, region.start) >= limits.hashEntries * 2) return false
    this.#wasNew = at < 0
    const offset = at < 0 ? 0 : next(region.buf, at) - region.start
    let bytes = this.#write(offset, field, value)
    if (bytes > region.end - region.start) {
      this.reserve(bytes)
      bytes = this.#write(offset, field, value)
    }
    this.commit(bytes)
    return true
  }

  #write(offset: number, field: Range, value: Range): number {
    const { buf, start, end } = this.region
    return offset === 0 ? appendPair(buf, start, end, field, value) : replace(buf, start, end, start + offset, value)
  }

  #setInDict(field: Range, value: Range): boolean {
    const { dict } = this
    const length = value.length
    const tail = length > SHORT_MAX ? length + 4 : length
    const found = dict.find(field.buf, field.start, field.end)
    const record = found === 0 ? dict.insert(field.buf, field.start, field.end, tail) : dict.resize(found, tail)
    const bytes = dict.memory.u8[record >>> SLAB_BITS]!
    const base = (record & UNIT_MASK) << 3
    let at = base + dict.tailAt(record)
    if (length > SHORT_MAX) {
      bytes[base + FLAGS] = LONG
      bytes.writeUInt32LE(length, at)
      at += 4
    } else {
      bytes[base + FLAGS] = 0
      bytes[base + LENGTH] = length
      bytes[base + LENGTH + 1] = length >>> 8
    }
    copyBytes(value.buf, value.start, bytes, at, length)
    return found === 0
  }

  #valueOf(record: Address, out: Range): void {
    const { dict } = this
    const bytes = dict.memory.u8[record >>> SLAB_BITS]!
    const base = (record & UNIT_MASK) << 3
    const at = base + dict.tailAt(record)
    out.buf = bytes
    if (bytes[base + FLAGS]! & LONG) {
      out.start = at + 4
      out.end = at + 4 + bytes.readUInt32LE(at)
    } else {
      out.start = at
      out.end = at + bytes[base + LENGTH]! + (bytes[base + LENGTH + 1]! << 8)
    }
  }

  #unpack(): void {
    const { buf, start } = this.region
    const { dict } = this
    const root = dict.create()
    let at = first(start)
    for (let left = count(buf, start); left > 0; left -= 2) {
      at = read(buf, at, this.#field)
      at = read(buf, at, this.#value)
      this.#setInDict(this.#field, this.#value)
    }
    this.moveOut(root)
  }

  /** Take a field out. False when there is none. */
  delete(field: Range): boolean {
    if (this.isPacked) {
      const { buf, start } = this.region
      const at = find(buf, start, field, 2)
      if (at < 0) return false
      this.commit(remove(buf, start, at, 2))
      return true
    }
    const record = this.dict.find(field.buf, field.start, field.end)
    if (record === 0) return false
    this.dict.remove(record)
    return true
  }

  /** Field and value at a place below `length`: the order in which a packed hash was filled, none otherwise. */
  entry(place: number, field: Range, value: Range): void {
    if (this.isPacked) {
      const { buf, start } = this.region
      read(buf, read(buf, entryAt(buf, start, place * 2), field), value)
      return
    }
    const record = this.dict.at(place)
    this.dict.key(record, field)
    this.#valueOf(record, value)
  }

  /** Visit all fields with their values. */
  each(visit: (field: Range, value: Range) => void): void {
    const field = this.#field
    const value = this.#value
    if (this.isPacked) {
      const { buf, start } = this.region
      let at = first(start)
      for (let left = count(buf, start); left > 0; left -= 2) {
        at = read(buf, at, field)
        at = read(buf, at, value)
        visit(field, value)
      }
      return
    }
    for (let i = 0; i < this.dict.count; i++) {
      const record = this.dict.at(i)
      this.dict.key(record, field)
      this.#valueOf(record, value)
      visit(field, value)
    }
  }
}

export const hashType: ValueType<HashView> = Object.freeze({
  name: 'hash',
  id: HASH_ID,
  form: 'view' as const,
  view: (db: Database) => new HashView(db),
  create(db: Database, record: Address): HashView {
    const moved = db.setInline(record, HEADER_BYTES)
    const region = db.inline(moved, new Range())
    init(region.buf, region.start)
    return db.view(moved, hashType)
  },
  release(value: HashView): void {
    if (!value.isPacked) value.dict.release()
  },
  releaseStep: (value: HashView, _db: Database, budget: number) => value.dict.releaseStep(budget),
  elements: (value: HashView) => (value.isPacked ? 0 : value.dict.count),
  sizeBytes: (value: HashView) => (value.isPacked ? 0 : value.dict.sizeBytes()),
  encoding: (value: HashView) => (value.isPacked ? 'listpack' : 'hashtable'),
  copy(from: HashView, to: HashView): void {
    // Each pair is copied out first: setting it in the copy may move the arena's blocks about.
    from.each((field, value) => to.set(Range.of(field.copy()), Range.of(value.copy())))
  },
  save(value: HashView, sink: SaveSink): void {
    sink.unsigned(value.length)
    value.each((field, content) => {
      sink.string(field.buf, field.start, field.end)
      sink.string(content.buf, content.start, content.end)
    })
  },
  load(value: HashView, source: LoadSource): void {
    const field = new Range()
    const content = new Range()
    for (let left = source.unsigned(); left > 0; left--) {
      const name = Range.of(source.string(field).copy())
      value.set(name, source.string(content))
    }
  },
  rewrite(key: Range, value: HashView, emit: EmitCommand): void {
    let args: Buffer[] = []
    const name = key.copy()
    value.each((field, content) => {
      args.push(field.copy(), content.copy())
      if (args.length < 128) return
      emit(['HMSET', name, ...args])
      args = []
    })
    if (args.length > 0) emit(['HMSET', name, ...args])
  },
  digest(value: HashView, sink: DigestSink): void {
    value.each((field, content) => {
      sink.part(field.buf, field.start, field.end)
      sink.part(content.buf, content.start, content.end)
      sink.end()
    })
  },
} satisfies ValueType<HashView>)
