/* Database -- typed values by key.
 *
 * One numbered database: a Dict of records, their deadlines, and the ways to a value that commands use. A command asks
 * for a key with the type that it expects and gets a view, null when there is none, or WRONGTYPE raised for it.
 *
 *      read(key, type)     look at a value
 *      open(key, type)     the same in order to change it
 *      create(key, type)   a new empty value; the key is free
 *      remove(record)      take a key away with all it holds
 *
 * Whoever writes goes through the four moments of a write: `change` (called here, by open, create and remove), then the
 * mutation, then `changed(key)`, then `notify(...)` once per event in Redis's order. */

import { compareRanges, copyBytes, Range } from '../base/bytes.ts'
import { ERR } from '../base/errors.ts'
import { type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import { Dict } from '../memory/dict.ts'
import { Deadlines } from '../structs/deadlines.ts'
import { KeyDeadlines } from './deadlines.ts'
import { EVENT } from './event.ts'
import type { EventDetail, Keyspace } from './keyspace.ts'
import {
  ENCODING_AT,
  EXPIRE_WORD,
  FLAGS_AT,
  FORM,
  FORM_MASK,
  KEY_AT,
  LRU_WORD,
  recordByte,
  recordWord,
  setRecordByte,
  setRecordWord,
  TYPE_AT,
  TYPE_SHIFT,
  TYPE_WORD,
  VALUE_WORD,
} from './record.ts'
import type { ValueType, View } from './value-type.ts'
import type { Presence } from './watch.ts'

/** The clock of uses has 24 bits. */
const IDLE_MAX = 0xffffff

/** A value beyond this many bytes leaves its record for a block of its own. */
export const INLINE_MAX = 48 << 10

/** A numbered database; see the header. */
export class Database {
  readonly keyspace: Keyspace
  /** Where its records and values lie. */
  readonly memory: Memory
  /** The number that SELECT takes. */
  readonly number: number
  /** The content; SWAPDB exchanges it, FLUSHDB takes a fresh one. Clients and watchers hold on to the Database. */
  keys: Dict
  deadlines: KeyDeadlines
  /** Values of which a part will expire, by the time of the first one; see scheduleParts. Made when there is one. */
  parts: Deadlines | null = null
  #partsRoot: Address = 0
  /** Moving average of the time to live of sampled keys, for INFO. */
  averageTtlMs = 0
  readonly #scratch = new Range()

  constructor(keyspace: Keyspace, number: number, content: Database | null = null) {
    this.keyspace = keyspace
    this.memory = keyspace.memory
    this.number = number
    if (content === null) {
      this.keys = new Dict(keyspace.memory, keyspace.hashKey, KEY_AT, keyspace.accountOfKeys)
      this.keys.create()
      this.deadlines = new KeyDeadlines(keyspace.memory, keyspace.accountOfKeys)
    } else {
      this.keys = content.keys
      this.deadlines = content.deadlines
      this.parts = content.parts
      this.#partsRoot = content.#partsRoot
    }
  }

  /** Take an empty content; returns a husk that holds the old one, to be freed. */
  detach(): Database {
    const husk = new Database(this.keyspace, this.number, this)
    const empty = new Database(this.keyspace, this.number)
    this.keys = empty.keys
    this.deadlines = empty.deadlines
    this.parts = null
    this.#partsRoot = 0
    this.averageTtlMs = 0
    return husk
  }

  /** Exchange contents with another database. */
  exchange(other: Database): void {
    const { keys, deadlines, parts, averageTtlMs } = this
    const partsRoot = this.#partsRoot
    this.keys = other.keys
    this.deadlines = other.deadlines
    this.parts = other.parts
    this.#partsRoot = other.#partsRoot
    this.averageTtlMs = other.averageTtlMs
    other.keys = keys
    other.deadlines = deadlines
    other.parts = parts
    other.#partsRoot = partsRoot
    other.averageTtlMs = averageTtlMs
  }

  // ------------------------------------------------------------------ finding

  /** The live record of a key, or 0. A key whose time has come is removed, with its event, and not found. */
  find(key: Range): Address {
    const record = this.keys.find(key.buf, key.start, key.end)
    if (record === 0) return 0
    const place = recordWord(this.memory, record, EXPIRE_WORD)
    return place === 0 || !this.#isExpired(record, place) ? record : 0
  }

  /** Whether a key is there, its name one character a byte; nothing is removed. */
  presence(name: string): Presence {
    const bytes = Buffer.from(name, 'latin1')
    const record = this.keys.find(bytes, 0, bytes.length)
    if (record === 0) return 'absent'
    const deadline = this.deadlines.of(record)
    return deadline >= 0 && deadline <= this.keyspace.nowMs ? 'expired' : 'living'
  }

  /** The same for kinds of values of which a server holds few: the key is often that of the command before. */
  #findAgain(key: Range): Address {
    const record = this.keys.findAgain(key.buf, key.start, key.end)
    if (record === 0) return 0
    const place = recordWord(this.memory, record, EXPIRE_WORD)
    return place === 0 || !this.#isExpired(record, place) ? record : 0
  }

  #isExpired(record: Address, place: number): boolean {
    const keyspace = this.keyspace
    if (this.deadlines.timeAt(place - 1) > keyspace.nowMs) return false
    if (!keyspace.mayExpire) return !keyspace.seesExpired
    this.expire(record)
    return true
  }

  /** Find as a read does: counts a hit or a miss, and marks the key as used. */
  lookup(key: Range): Address {
    const record = this.find(key)
    if (record === 0) {
      this.#missed(key)
      return 0
    }
    this.keyspace.hits++
    this.touch(record)
    return record
  }

  /** Find as a write does, and as a use of the key. */
  findToUse(key: Range): Address {
    const record = this.find(key)
    if (record !== 0) this.touch(record)
    return record
  }

  #missed(key: Range): void {
    this.keyspace.misses++
    this.notify(EVENT.miss, 'keymiss', key)
  }

  /** Find as a read does, but not as a use of the key. */
  peek(key: Range): Address {
    const { keyspace } = this
    const { touches } = keyspace
    keyspace.touches = false
    const record = this.lookup(key)
    keyspace.touches = touches
    return record
  }

  /** Note that a key was used, for LRU, LFU and OBJECT IDLETIME. */
  touch(record: Address): void {
    const keyspace = this.keyspace
    if (!keyspace.touches) return
    const words = this.memory.i32[record >>> SLAB_BITS]!
    const at = ((record & UNIT_MASK) << 1) + LRU_WORD
    words[at] = keyspace.lfu === null ? keyspace.lruClock : keyspace.lfu.used(words[at]!)
  }

  /** Seconds for which a key was not used. */
  idleSeconds(record: Address): number {
    return (this.keyspace.lruClock - recordWord(this.memory, record, LRU_WORD)) & IDLE_MAX
  }

  /** How often a key was used, by the counter of LFU; -1 under another policy. */
  frequencyOf(record: Address): number {
    const { lfu } = this.keyspace
    return lfu === null ? -1 : lfu.count(recordWord(this.memory, record, LRU_WORD))
  }

  /** Say when, or how often, a key was used, as the policy wants to know; negative numbers say nothing. */
  setUse(record: Address, idleSeconds: number, frequency: number): void {
    const { lfu, lruClock } = this.keyspace
    if (lfu !== null) {
      if (frequency >= 0) setRecordWord(this.memory, record, LRU_WORD, lfu.of(frequency))
    } else if (idleSeconds >= 0)
      setRecordWord(this.memory, record, LRU_WORD, (lruClock - Math.min(idleSeconds, IDLE_MAX)) & IDLE_MAX)
  }

  /** The value of a key, or null. @throws the type's refusal when the key holds another type. */
  read<V extends object>(key: Range, type: ValueType<V>): V | null {
    const record = this.lookup(key)
    return record === 0 ? null : this.viewAs(record, type)
  }

  /** Like `read`, for a command that may change the value. */
  open<V extends object>(key: Range, type: ValueType<V>): V | null {
    const record = this.find(key)
    if (record === 0) return null
    this.touch(record)
    const value = this.viewAs(record, type)
    if (this.keyspace.snapshot !== null) this.keyspace.change(this, record)
    return value
  }

  /** Like `open`, for a record that `find` gave and that is known to be of this type. */
  openFound<V extends object>(record: Address, type: ValueType<V>): V {
    this.touch(record)
    this.keyspace.change(this, record)
    return this.view(record, type)
  }

  /**
   * The block of a key's value, for a type in BLOCK form that needs no view; 0 when there is none. Counts as a read.
   * @throws the type's refusal when the key holds another type.
   */
  readBlock<V extends object>(key: Range, type: ValueType<V>): Address {
    const record = this.#findAgain(key)
    if (record === 0) {
      this.#missed(key)
      return 0
    }
    this.keyspace.hits++
    return this.#usedBlock(record, type)
  }

  /** Like `readBlock`, for a question to which a value of another type is no answer: 0 then too. */
  peekBlock<V extends object>(key: Range, type: ValueType<V>): Address {
    const record = this.#findAgain(key)
    if (record === 0) {
      this.#missed(key)
      return 0
    }
    this.keyspace.hits++
    this.touch(record)
    return this.typeOf(record) === type.id ? this.wordOf(record) : 0
  }

  /** Like `readBlock`, for a command that may change the value. */
  openBlock<V extends object>(key: Range, type: ValueType<V>): Address {
    const record = this.#findAgain(key)
    if (record === 0) return 0
    const block = this.#usedBlock(record, type)
    if (this.keyspace.snapshot !== null) this.keyspace.change(this, record)
    return block
  }

  /** `touch`, `viewAs` and `wordOf` in one: all that they look at lies in a few words. */
  #usedBlock<V extends object>(record: Address, type: ValueType<V>): Address {
    const { touches, lfu, lruClock } = this.keyspace
    const words = this.memory.i32[record >>> SLAB_BITS]!
    const at = (record & UNIT_MASK) << 1
    if (touches) words[at + LRU_WORD] = lfu === null ? lruClock : lfu.used(words[at + LRU_WORD]!)
    if (((words[at + TYPE_WORD]! >>> TYPE_SHIFT) & 0xff) !== type.id) throw type.wrongType ?? ERR.wrongType
    return words[at + VALUE_WORD]!
  }

  /** The value of a record. @throws the type's refusal when it is of another type. */
  viewAs<V extends object>(record: Address, type: ValueType<V>): V {
    if (this.typeOf(record) !== type.id) throw type.wrongType ?? ERR.wrongType
    return this.view(record, type)
  }

  /** The value of a record that is known to be of this type. */
  view<V extends object>(record: Address, type: ValueType<V>): V {
    if (type.form === 'object') return this.keyspace.objects.get(recordWord(this.memory, record, VALUE_WORD)) as V
    return (this.keyspace.pools[type.id]!.next(this) as unknown as View).bind(this, record) as unknown as V
  }

  // ------------------------------------------------------------------ making and removing

  /**
   * A new key with an empty value. The key must be free: a find that returned 0 stands before this call.
   * @throws ArenaFull with nothing changed.
   */
  create<V extends object>(key: Range, type: ValueType<V>, tail = 0): V {
    this.keys.find(key.buf, key.start, key.end)
    const record = this.newRecord(key, type.id, tail)
    try {
      const value = type.create(this, record)
      if (type.form === 'object') {
        setRecordByte(this.memory, record, FLAGS_AT, FORM.object)
        setRecordWord(this.memory, record, VALUE_WORD, this.keyspace.objects.add(value))
      }
      return value
    } catch (error) {
      // A value that could not be made leaves no key behind. Its record may have moved.
      this.keys.remove(this.keys.find(key.buf, key.start, key.end))
      throw error
    }
  }

  /** A bare record with the type set and `tail` bytes of room for an inline value. Follows a failed find of the key. */
  newRecord(key: Range, typeId: number, tail: number): Address {
    const record = this.#begin(this.keys.insert(key.buf, key.start, key.end, tail), typeId)
    if (this.keyspace.listens(EVENT.new)) this.#tellNew(key)
    return record
  }

  /** The same for whoever loads: no look-up of the key before it, no event, and no way to the key until `keys.index`. */
  appendRecord(key: Range, typeId: number, tail: number): Address {
    return this.#begin(this.keys.append(key.buf, key.start, key.end, tail), typeId)
  }

  /** The same with a value of a type that says how it lies in its record; see ValueType.packed. */
  appendPacked(key: Range, typeId: number, encoding: number, from: Buffer, bytes: number): Address {
    const { memory } = this
    const record = this.appendRecord(key, typeId, bytes)
    copyBytes(from, 0, memory.u8[record >>> SLAB_BITS]!, ((record & UNIT_MASK) << 3) + this.keys.tailAt(record), bytes)
    setRecordWord(memory, record, VALUE_WORD, bytes)
    if (encoding !== 0) this.setEncoding(record, encoding)
    return record
  }

  /** Let the keys from a place on be found. False when one of them was there already: it and those behind it are gone. */
  indexAppended(from: number): boolean {
    return this.keys.index(from, record => this.deadlines.clear(record))
  }

  #begin(record: Address, typeId: number): Address {
    const memory = this.memory
    setRecordByte(memory, record, TYPE_AT, typeId)
    setRecordWord(
      memory,
      record,
      LRU_WORD,
      this.keyspace.lfu === null ? this.keyspace.lruClock : this.keyspace.lfu.fresh(),
    )
    setRecordWord(memory, record, VALUE_WORD, 0)
    return record
  }

  /** The event of a key that came to be; a hook may look keys up, which the caller's insertion must not notice. */
  #tellNew(key: Range): void {
    this.keyspace.tell(this, EVENT.new, 'new', key)
  }

  /** Take a key away, now; what it held is freed at once, or in slices when it is large. */
  remove(record: Address): void {
    this.keyspace.change(this, record)
    this.discardValue(record)
    this.deadlines.clear(record)
    this.keys.remove(record)
  }

  /** Free a record's value, in slices when it is large; the record stays, with an empty inline value. */
  discardValue(record: Address): void {
    const form = recordByte(this.memory, record, FLAGS_AT) & FORM_MASK
    if (form === FORM.inline) return
    const type = this.keyspace.types[this.typeOf(record)]!
    const value = this.view(record, type)
    type.leave?.(value)
    // A snapshot may still need what is left of a large value.
    const few = this.keyspace.snapshot === null ? 64 : 0
    if (type.elements !== undefined && type.elements(value) > few && type.releaseStep !== undefined)
      this.keyspace.bury(this, record, type)
    else type.release(value, this)
    if (form === FORM.object) this.keyspace.objects.remove(recordWord(this.memory, record, VALUE_WORD))
    setRecordByte(this.memory, record, FLAGS_AT, 0)
    setRecordWord(this.memory, record, VALUE_WORD, 0)
  }

  /** Remove a key whose time has come: counted, told, and propagated as a deletion. */
  expire(record: Address): void {
    const key = Range.of(this.keys.key(record, this.#scratch).copy())
    this.remove(record)
    this.keyspace.expiredKeys++
    this.keyspace.hooks.removed(this, key, 'expired')
    this.notify(EVENT.expired, 'expired', key)
    if (this.keyspace.armed !== 0) this.keyspace.touchedByNobody(this, key)
    // A hook may have looked other keys up: an insertion that follows relies on this key's hash.
    this.keys.find(key.buf, key.start, key.end)
  }

  /**
   * Say when the first part of a value expires, Infinity when none does. `holder` is a block of the value whose first word
   * belongs to this table, 0 at first, and whose second word names the record.
   */
  scheduleParts(holder: Address, timeMs: number): void {
    if (this.parts === null) {
      if (timeMs === Infinity) return
      this.parts = new Deadlines(this.memory, 0, this.keyspace.accountOfKeys)
      this.#partsRoot = this.parts.create()
    }
    if (timeMs === Infinity) this.parts.remove(holder)
    else this.parts.set(holder, timeMs)
    if (timeMs < this.keyspace.partsDueMs) this.keyspace.partsDueMs = timeMs
  }

  /** When the first part of a value expires. */
  partTime(holder: Address): number {
    return this.parts === null ? Infinity : this.parts.time(holder)
  }

  /** Take out parts whose time has come of the value that is due first, about `budget` of them. False when none is due. */
  expireParts(budget: number): boolean {
    const { parts, keyspace, memory } = this
    if (parts === null || parts.firstTime > keyspace.dueMs) return false
    const record = recordWord(memory, parts.first, 1)
    const key = Range.of(this.keys.key(record, this.#scratch).copy())
    const type = keyspace.types[this.typeOf(record)]!
    keyspace.change(this, record)
    const value = this.view(record, type)
    const names = type.expire!(value, budget)
    const isEmpty = type.isEmpty!(value)
    keyspace.expiredParts += names.length
    keyspace.hooks.partsRemoved(this, key, names)
    this.notify(EVENT.hash, 'hexpired', key, names)
    if (isEmpty) {
      this.remove(record)
      this.notify(EVENT.generic, 'del', key)
    }
    if (keyspace.armed !== 0) keyspace.touchedByNobody(this, key)
    return true
  }

  /** Free the tables of a database that holds nothing any more. */
  release(): void {
    this.keys.release()
    this.deadlines.release()
    this.parts?.release(this.#partsRoot)
    this.parts = null
  }

  /** Delete a key if it is there: true when it was. The caller tells of it. */
  delete(key: Range): boolean {
    const record = this.find(key)
    if (record === 0) return false
    this.remove(record)
    return true
  }

  // ------------------------------------------------------------------ parts of a record

  /** The number of its value's type: `type.id` of the type that it was made with. */
  typeOf(record: Address): number {
    return recordByte(this.memory, record, TYPE_AT)
  }

  /** A byte that belongs to the type: which of its layouts the value has. 0 in a new record. */
  encodingOf(record: Address): number {
    return recordByte(this.memory, record, ENCODING_AT)
  }

  setEncoding(record: Address, encoding: number): void {
    setRecordByte(this.memory, record, ENCODING_AT, encoding)
  }

  formOf(record: Address): number {
    return recordByte(this.memory, record, FLAGS_AT) & FORM_MASK
  }

  /** The value word: the length of an inline value, an address, or a handle. */
  wordOf(record: Address): number {
    return recordWord(this.memory, record, VALUE_WORD)
  }

  /** Let the value be an arena block, which the type owns. An inline value is forgotten. */
  setBlock(record: Address, block: Address): Address {
    const flags = recordByte(this.memory, record, FLAGS_AT)
    const moved = flags & FORM_MASK ? record : this.#resize(record, 0)
    setRecordByte(this.memory, moved, FLAGS_AT, (flags & ~FORM_MASK) | FORM.block)
    setRecordWord(this.memory, moved, VALUE_WORD, block)
    return moved
  }

  /** Let a key die at a time: ms since 1970, a bigint where a number is not exact. */
  setDeadline(record: Address, deadline: number | bigint): void {
    if (typeof deadline === 'number') this.deadlines.set(record, deadline)
    else this.deadlines.set(record, Number(deadline), deadline)
  }

  /** Name the bytes of an inline value. */
  inline(record: Address, out: Range): Range {
    out.buf = this.memory.u8[record >>> SLAB_BITS]!
    out.start = ((record & UNIT_MASK) << 3) + this.keys.tailAt(record)
    out.end = out.start + recordWord(this.memory, record, VALUE_WORD)
    return out
  }

  /** Bytes that an inline value may grow to before the record must move. */
  inlineRoom(record: Address): number {
    return this.memory.sizeOf(record) - this.keys.tailAt(record)
  }

  /**
   * Make an inline value `length` bytes long; what fits of the old bytes is kept. Returns the record, which may have
   * moved. @throws ArenaFull with nothing changed.
   */
  setInline(record: Address, length: number): Address {
    const moved = this.#resize(record, length)
    const flags = recordByte(this.memory, moved, FLAGS_AT)
    if ((flags & FORM_MASK) !== 0) setRecordByte(this.memory, moved, FLAGS_AT, flags & ~FORM_MASK)
    setRecordWord(this.memory, moved, VALUE_WORD, length)
    return moved
  }

  #resize(record: Address, tail: number): Address {
    const moved = this.keys.resize(record, tail)
    if (moved !== record && recordWord(this.memory, moved, EXPIRE_WORD) !== 0) this.deadlines.moved(record, moved)
    return moved
  }

  /** Give the value of `from` to `to`, a fresh record: bytes are copied, blocks and handles change hands. */
  moveValue(from: Address, to: Address, fromDb: Database): Address {
    const memory = this.memory
    const flags = recordByte(memory, from, FLAGS_AT)
    const type = this.keyspace.types[fromDb.typeOf(from)]!
    type.leave?.(fromDb.view(from, type))
    let target = to
    if ((flags & FORM_MASK) === FORM.inline) {
      const out = fromDb.inline(from, new Range())
      target = this.setInline(to, out.length)
      const at = ((target & UNIT_MASK) << 3) + this.keys.tailAt(target)
      out.buf.copy(memory.u8[target >>> SLAB_BITS]!, at, out.start, out.end)
    } else setRecordWord(memory, target, VALUE_WORD, recordWord(memory, from, VALUE_WORD))
    for (const offset of [TYPE_AT, FLAGS_AT, ENCODING_AT])
      setRecordByte(memory, target, offset, recordByte(memory, from, offset))
    setRecordWord(memory, target, LRU_WORD, recordWord(memory, from, LRU_WORD))
    setRecordByte(memory, from, FLAGS_AT, FORM.inline)
    setRecordWord(memory, from, VALUE_WORD, 0)
    type.enter?.(this.view(target, type))
    return target
  }

  // ------------------------------------------------------------------ telling

  /**
   * After a mutation: counts it, breaks WATCH, and marks the key for tracking and for clients that wait on it.
   * @param count how many changes it is for save points and INFO, as Redis counts: mostly one an element.
   */
  changed(key: Range, count = 1): void {
    const keyspace = this.keyspace
    keyspace.dirty += count
    if (keyspace.armed !== 0) keyspace.touched(this, key)
  }

  /** Tell of one event; `kind` is a bit of EVENT, `detail` names what changed inside the value. */
  notify(kind: number, event: string, key: Range, detail?: EventDetail): void {
    if (this.keyspace.listens(kind)) this.keyspace.tell(this, kind, event, key, detail)
  }

  // ------------------------------------------------------------------ whole database

  /** How many keys there are, those past their time among them. */
  get size(): number {
    return this.keys.count
  }

  /** A uniformly chosen record, or 0 when the database is empty. */
  randomRecord(): Address {
    const count = this.keys.count
    return count === 0 ? 0 : this.keys.at(Math.floor(this.keyspace.random.next() * count))
  }

  /** Bytes of a key: its record, its share of the tables, and its value. */
  sizeBytes(record: Address): number {
    let bytes = this.memory.sizeOf(record) + 16
    if (recordWord(this.memory, record, EXPIRE_WORD) !== 0) bytes += 12
    if (this.formOf(record) !== FORM.inline) {
      const type = this.keyspace.types[this.typeOf(record)]!
      bytes += type.sizeBytes(this.view(record, type))
    }
    return bytes
  }

  /** Whether two keys are the same bytes. */
  static sameKey(a: Range, b: Range): boolean {
    return compareRanges(a, b) === 0
  }
}
