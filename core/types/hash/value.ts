/* Hash value -- fields with values, and with deadlines when HEXPIRE gave them some.
 *
 * A small hash is packed in its key's record, pairs of field and value in the order in which they came; a larger one is a
 * Dict, whose records hold the value behind the field:
 *
 *      +0   u32 position   +4 u8 field length   +5 u8 flags   +6 u16 value length   +8 u32 slot among the deadlines
 *      +12  field, then value
 *
 * A value of 65,535 bytes or more has its length as a u32 before it (flag LONG). The step from packed to Dict is at
 * `hash-max-listpack-entries` and `-value`; there is no way back, as in Redis.
 *
 * The first deadline of a field makes the hash a timed one (the encoding byte of its record says so), and it stays that;
 * see times.ts for what it is made of then. Fields whose time has come are taken out by `expire`, which the engine calls
 * before the next command runs. When it had no time for all of them, or expiry is switched off, they are still there
 * but not seen (`hasDead`). */

import { copyBytes, Range } from '../../base/bytes.ts'
import type { Database } from '../../keyspace/database.ts'
import { PackedView } from '../../keyspace/packed-view.ts'
import { type Address, SLAB_BITS, UNIT_MASK } from '../../memory/arena.ts'
import { Dict } from '../../memory/dict.ts'
import * as packed from '../../structs/packed.ts'
import { count, find, first, next, NO_DEADLINE, read } from '../../structs/packed.ts'
import { HOLDER, HOLDER_WORDS, FieldTimes } from './times.ts'

export const HASH_ID = 4

/** Encoding byte of a hash whose fields may have deadlines. */
const TIMED = 1

const FLAGS = 5
const LENGTH = 6
const SLOT_AT = 8
const FIELD_AT = 12
const LONG = 1
const SHORT_MAX = 0xfffe

/** What `deadlineOf` says of a field that is not there. */
export const NO_FIELD = -1

/** A hash in the keyspace. Ranges that it fills are valid until it changes. */
export class HashView extends PackedView {
  readonly dict: Dict
  readonly times: FieldTimes
  /** Fields past their time are still in it; nobody sees them. */
  hasDead = false
  readonly #field = new Range()
  readonly #value = new Range()
  /** Entries of a tuple when packed. */
  #stride = 2
  #wasNew = false

  constructor(db: Database) {
    super()
    const { keyspace } = db
    this.dict = new Dict(db.memory, keyspace.hashKey, FIELD_AT, keyspace.accountOfKeys)
    this.times = new FieldTimes(db.memory, SLOT_AT, keyspace.accountOfKeys)
  }

  override load(): void {
    const { db, record, times } = this
    this.hasDead = false
    this.isFilling = false
    if (db.encodingOf(record) !== TIMED) {
      this.#stride = 2
      times.holder = 0
      super.load()
      return
    }
    this.#stride = 3
    times.bind(db.wordOf(record))
    this.hasDead = db.partTime(times.holder) <= db.keyspace.dueMs
    this.isPacked = times.heapRoot === 0
    this.root = times.word(HOLDER.root)
    if (this.isPacked) this.loadRegion()
    else this.dict.bind(this.root)
  }

  protected bindRoot(root: Address): void {
    this.dict.bind(root)
  }

  /** Whether a field has or had a deadline. */
  get isTimed(): boolean {
    return this.times.holder !== 0
  }

  /** Fields that can be seen. */
  get length(): number {
    return this.hasDead ? this.places - this.#dead() : this.places
  }

  /** Places for `entry`: all fields, those that are not seen any more among them. */
  get places(): number {
    return this.isPacked ? count(this.region.buf, this.region.start) / this.#stride : this.dict.count
  }

  /** Fill `out` with the value of a field. False when there is no such field. */
  get(field: Range, out: Range): boolean {
    if (this.isPacked) {
      const { buf, start } = this.region
      const at = find(buf, start, field, this.#stride)
      if (at < 0 || (this.hasDead && this.#isDeadAt(at))) return false
      read(buf, next(buf, at), out)
      return true
    }
    const record = this.dict.find(field.buf, field.start, field.end)
    if (record === 0 || (this.hasDead && this.#isDeadRecord(record))) return false
    this.#valueOf(record, out)
    return true
  }

  /** Whether there is such a field. */
  has(field: Range): boolean {
    if (this.isPacked) {
      const at = find(this.region.buf, this.region.start, field, this.#stride)
      return at >= 0 && !(this.hasDead && this.#isDeadAt(at))
    }
    const record = this.dict.find(field.buf, field.start, field.end)
    return record !== 0 && !(this.hasDead && this.#isDeadRecord(record))
  }

  /**
   * Set a field, which loses its deadline unless it is to keep it. True when it is new. Neither Range may lie in this hash.
   */
  set(field: Range, value: Range, keepsDeadline = false): boolean {
    if (this.times.holder !== 0) return this.#setTimed(field, value, keepsDeadline)
    if (this.isPacked && !this.#setPacked(field, value)) this.#unpack()
    if (this.isPacked) return this.#wasNew
    this.#setInDict(field, value)
    return this.#wasNew
  }

  #setTimed(field: Range, value: Range, keepsDeadline: boolean): boolean {
    const before = this.deadlineOf(field)
    const mayKeep = keepsDeadline && before > 0
    if (this.isPacked && !this.#setPacked(field, value)) this.#unpack()
    if (!this.isPacked) this.#setInDict(field, value)
    if (!mayKeep) this.setDeadline(field, NO_DEADLINE)
    return before === NO_FIELD
  }

  /** Set a field of a packed hash; false when it must be unpacked first. A deadline stays as it is. */
  #setPacked(field: Range, value: Range): boolean {
    const { limits } = this.db.keyspace
    if (field.length > limits.hashValue || value.length > limits.hashValue) return false
    const { region } = this
    const stride = this.#stride
    const at = find(region.buf, region.start, field, stride)
    const entries = count(region.buf, region.start)
    if (at < 0 && (entries >= limits.hashEntries * stride || entries + stride > packed.ENTRIES_MAX)) return false
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
    if (offset !== 0) return packed.replace(buf, start, end, start + offset, value)
    if (this.#stride === 2) return packed.appendPair(buf, start, end, field, value)
    return packed.appendTriple(buf, start, end, field, value, NO_DEADLINE)
  }

  #setInDict(field: Range, value: Range): Address {
    const { dict } = this
    const length = value.length
    const tail = length > SHORT_MAX ? length + 4 : length
    const found = dict.find(field.buf, field.start, field.end)
    this.#wasNew = found === 0
    if (found !== 0) dict.change(found)
    const record = found === 0 ? dict.insert(field.buf, field.start, field.end, tail) : dict.resize(found, tail)
    if (record !== found && found !== 0 && this.times.holder !== 0) this.times.heap.moved(record)
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
    return record
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
      out.end = at + (bytes[base + LENGTH]! | (bytes[base + LENGTH + 1]! << 8))
    }
  }

  #unpack(): void {
    const { buf, start } = this.region
    const { dict, times } = this
    const root = dict.create()
    const heapRoot = times.holder === 0 ? 0 : times.heap.create()
    const stride = this.#stride
    let at = first(start)
    for (let left = count(buf, start); left > 0; left -= stride) {
      at = read(buf, at, this.#field)
      at = read(buf, at, this.#value)
      const record = this.#setInDict(this.#field, this.#value)
      if (stride === 2) continue
      const deadline = packed.readNumber(buf, at)
      if (deadline !== NO_DEADLINE) times.heap.set(record, deadline)
      at = next(buf, at)
    }
    if (heapRoot === 0) {
      this.moveOut(root)
      return
    }
    this.db.memory.free(this.dict.account, this.root)
    times.setWord(HOLDER.root, root)
    times.setWord(HOLDER.heap, heapRoot)
    times.bind(times.holder)
    this.isPacked = false
    this.root = root
  }

  /** Take a field out. False when there is none. */
  delete(field: Range): boolean {
    if (this.hasDead && !this.has(field)) return false
    if (this.isPacked) {
      const { buf, start } = this.region
      const at = find(buf, start, field, this.#stride)
      if (at < 0) return false
      this.commit(packed.remove(buf, start, at, this.#stride))
    } else {
      const record = this.dict.find(field.buf, field.start, field.end)
      if (record === 0) return false
      this.dict.change(record)
      if (this.times.holder !== 0) this.times.heap.remove(record)
      this.dict.remove(record)
    }
    if (this.times.holder !== 0) this.#reschedule()
    return true
  }

  /** Field and value at a place: the order in which a packed hash was filled, none otherwise. */
  entry(place: number, field: Range, value: Range): void {
    if (this.isPacked) {
      const { buf, start } = this.region
      read(buf, read(buf, packed.entryAt(buf, start, place * this.#stride), field), value)
      return
    }
    const record = this.dict.at(place)
    this.dict.key(record, field)
    this.#valueOf(record, value)
  }

  /** Whether the field at a place is past its time, and must not be seen. */
  isDead(place: number): boolean {
    if (!this.hasDead) return false
    if (!this.isPacked) return this.#isDeadRecord(this.dict.at(place))
    return this.#isDeadAt(packed.entryAt(this.region.buf, this.region.start, place * 3))
  }

  /** Visit all fields with their values and deadlines (NO_DEADLINE without one). */
  each(visit: (field: Range, value: Range, deadline: number) => void): void {
    const field = this.#field
    const value = this.#value
    const isTimed = this.times.holder !== 0
    const now = this.hasDead ? this.db.keyspace.dueMs : 0
    let deadline = NO_DEADLINE
    if (this.isPacked) {
      const { buf, start } = this.region
      let at = first(start)
      for (let left = count(buf, start); left > 0; left -= this.#stride) {
        at = read(buf, at, field)
        at = read(buf, at, value)
        if (isTimed) {
          deadline = packed.readNumber(buf, at)
          at = next(buf, at)
          if (deadline !== NO_DEADLINE && deadline <= now) continue
        }
        visit(field, value, deadline)
      }
      return
    }
    for (let i = 0; i < this.dict.count; i++) {
      const record = this.dict.at(i)
      if (isTimed) {
        deadline = this.times.of(record)
        if (deadline !== NO_DEADLINE && deadline <= now) continue
      }
      this.dict.key(record, field)
      this.#valueOf(record, value)
      visit(field, value, deadline)
    }
  }

  // ------------------------------------------------------------------ deadlines

  /** The earliest deadline in milliseconds, Infinity when no field has one. */
  get firstDeadline(): number {
    return this.isTimed ? this.db.partTime(this.times.holder) : Infinity
  }

  /** The deadline of a field in milliseconds, NO_DEADLINE when it has none, NO_FIELD when it is not there. */
  deadlineOf(field: Range): number {
    const isTimed = this.times.holder !== 0
    let deadline = NO_DEADLINE
    if (this.isPacked) {
      const { buf, start } = this.region
      const at = find(buf, start, field, this.#stride)
      if (at < 0) return NO_FIELD
      if (isTimed) deadline = packed.readNumber(buf, packed.skip(buf, at, 2))
    } else {
      const record = this.dict.find(field.buf, field.start, field.end)
      if (record === 0) return NO_FIELD
      if (isTimed) deadline = this.times.of(record)
    }
    return this.hasDead && deadline !== NO_DEADLINE && deadline <= this.db.keyspace.dueMs ? NO_FIELD : deadline
  }

  /** A packed hash has places for deadlines from now on, as after any command of Redis that could set one. */
  expectDeadlines(): void {
    if (this.isPacked && !this.isTimed) this.#makeTimed()
  }

  /** Give a field that is there a deadline, another one, or with NO_DEADLINE none. */
  setDeadline(field: Range, deadline: number): void {
    if (!this.isTimed) {
      if (deadline === NO_DEADLINE) return
      this.#makeTimed()
    }
    if (this.isPacked) this.#setPackedDeadline(field, deadline)
    else {
      const record = this.dict.find(field.buf, field.start, field.end)
      this.dict.change(record)
      if (deadline === NO_DEADLINE) this.times.heap.remove(record)
      else this.times.heap.set(record, deadline)
    }
    this.#reschedule()
  }

  #setPackedDeadline(field: Range, deadline: number): void {
    const { region } = this
    const offset = packed.skip(region.buf, find(region.buf, region.start, field, 3), 2) - region.start
    const write = (): number =>
      packed.replaceDeadline(region.buf, region.start, region.end, region.start + offset, deadline)
    let bytes = write()
    if (bytes > region.end - region.start) {
      this.reserve(bytes)
      bytes = write()
    }
    this.commit(bytes)
  }

  #makeTimed(): void {
    const { db, times, region } = this
    if (this.isPacked && (count(region.buf, region.start) / 2) * 3 > packed.ENTRIES_MAX) this.#unpack()
    const { memory } = db
    const { account } = this.dict
    const holder = memory.zeroed(account, HOLDER_WORDS * 4)
    try {
      if (this.isPacked) {
        const { buf, start } = region
        const block = memory.block(account, packed.size(buf, start) + count(buf, start) / 2)
        packed.widen(buf, start, memory.u8[block >>> SLAB_BITS]!, (block & UNIT_MASK) << 3)
        times.bind(holder)
        times.setWord(HOLDER.root, block)
      } else {
        const heap = times.heap.create()
        times.bind(holder)
        times.setWord(HOLDER.root, this.root)
        times.setWord(HOLDER.heap, heap)
      }
    } catch (error) {
      memory.free(account, holder)
      times.holder = 0
      throw error
    }
    this.record = db.setBlock(this.record, holder)
    db.setEncoding(this.record, TIMED)
    times.setWord(HOLDER.record, this.record)
    this.load()
  }

  /** Tell the database when the first field expires. */
  #reschedule(): void {
    const { times, db } = this
    const earliest = this.isPacked ? earliestOf(this.region) : times.heap.firstTime
    db.scheduleParts(times.holder, earliest)
    this.hasDead = earliest <= db.keyspace.dueMs
  }

  /** The hash leaves its database, or comes to stand in another record. */
  leave(): void {
    if (this.isTimed) this.db.scheduleParts(this.times.holder, Infinity)
  }

  enter(): void {
    if (!this.isTimed) return
    this.times.setWord(HOLDER.record, this.record)
    this.#reschedule()
  }

  /** Take out up to `budget` fields whose time has come. Returns their names. */
  expire(budget: number): Buffer[] {
    const names: Buffer[] = []
    const field = this.#field
    const now = this.db.keyspace.dueMs
    if (this.isPacked) {
      for (let i = this.places - 1; i >= 0 && names.length < budget; i--) {
        const { buf, start } = this.region
        const at = packed.entryAt(buf, start, i * 3)
        if (!this.#isDeadAt(at)) continue
        read(buf, at, field)
        names.push(field.copy())
        this.commit(packed.remove(buf, start, at, 3))
      }
    } else
      while (this.times.heap.firstTime <= now && names.length < budget) {
        const record = this.times.heap.first
        names.push(this.dict.key(record, field).copy())
        this.dict.change(record)
        this.times.heap.remove(record)
        this.dict.remove(record)
      }
    this.#reschedule()
    return names
  }

  #isDeadAt(at: number): boolean {
    const { buf } = this.region
    const deadline = packed.readNumber(buf, packed.skip(buf, at, 2))
    return deadline !== NO_DEADLINE && deadline <= this.db.keyspace.dueMs
  }

  #isDeadRecord(record: Address): boolean {
    return this.times.heap.time(record) <= this.db.keyspace.dueMs
  }

  #dead(): number {
    if (!this.isPacked) return this.times.heap.countUntil(this.db.keyspace.dueMs)
    let dead = 0
    const { buf, start } = this.region
    let at = first(start)
    for (let left = count(buf, start); left > 0; left -= 3) {
      if (this.#isDeadAt(at)) dead++
      at = packed.skip(buf, at, 3)
    }
    return dead
  }

  // ------------------------------------------------------------------ where the packed bytes are

  protected override loadRegion(): void {
    if (this.times.holder === 0) {
      super.loadRegion()
      return
    }
    const { region, root } = this
    const { memory } = this.db
    region.buf = memory.u8[root >>> SLAB_BITS]!
    region.start = (root & UNIT_MASK) << 3
    region.end = region.start + memory.sizeOf(root)
  }

  protected override reserve(size: number): void {
    if (this.times.holder === 0) {
      super.reserve(size)
      return
    }
    const { region } = this
    const used = Math.min(packed.size(region.buf, region.start), size)
    this.root = this.db.memory.resize(this.dict.account, this.root, used, size)
    this.times.setWord(HOLDER.root, this.root)
    this.loadRegion()
  }

  protected override commit(size: number): void {
    if (this.times.holder === 0) super.commit(size)
    else if (size * 2 < this.region.end - this.region.start) this.reserve(size)
  }
}

/** The earliest deadline of a packed hash of triples. */
function earliestOf({ buf, start }: Range): number {
  let earliest = Infinity
  let at = first(start)
  for (let left = count(buf, start); left > 0; left -= 3) {
    at = packed.skip(buf, at, 2)
    const deadline = packed.readNumber(buf, at)
    if (deadline !== NO_DEADLINE && deadline < earliest) earliest = deadline
    at = next(buf, at)
  }
  return earliest
}
