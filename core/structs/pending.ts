/* Groups -- who has been given which entries of a stream, and has not acknowledged them yet.
 *
 *      stream            group "g"                                  consumers
 *      groups ------->   last id 7-0, entries read 12               "ana"  own: 3-0 5-1
 *                        pending: 3-0 ana  t=170.. x1   ------->    "bob"  own: 4-0
 *                                 4-0 bob  t=169.. x3
 *                                 5-1 ana  t=170.. x1
 *
 * Every pending entry is a row in two trees (id-tree.ts): the group's, which knows its consumer, when it was delivered last
 * and how often; and the consumer's own, ids only, so that the history of one consumer is read without passing over the
 * others'. Groups and consumers are records in order of their names (named.ts); a row names its consumer by address.
 *
 *      row of the group     id (4 words), consumer, time: low word, deliveries: low word, 16 higher bits of each: 32 bytes
 *      row of the consumer  id (4 words)
 *
 *   find, assign, acknowledge O(log n)    next O(1) in a group, O(log n) for one consumer    removeConsumer O(own log n)
 *
 * Everything is named by address (a group, a consumer), which stays until it is removed. The cursor is valid until an
 * entry is added or removed; `setDelivery` leaves it where it is, and so does, along a group, `assign` of an entry pending in it.
 *
 * Invariants: an id is in the tree of the consumer that the group's row names, and in no other; times and deliveries are
 * below 2^48 (larger ones are stored as that). */

import { Range } from '../base/bytes.ts'
import { wide } from '../base/numbers.ts'
import { ACCOUNT, type Account, type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import { IdTree } from './id-tree.ts'
import { Named } from './named.ts'
import { StreamId } from './stream-id.ts'

/** The number of entries read by a group that cannot know it. */
export const UNKNOWN_READ = -1

// A group's record, in units of 8 bytes or words.
const GROUP_CONSUMERS_UNITS = 2
const GROUP_READ = 6
const GROUP_LAST_ID = 8
const GROUP_EPOCH = 12
const GROUP_NAME_BYTES = 52
// A consumer's.
const CONSUMER_SEEN_UNITS = 2
const CONSUMER_ACTIVE_UNITS = 3
const CONSUMER_EPOCH = 8
const CONSUMER_NAME_BYTES = 36
// Payload of a pending row.
const CONSUMER = 0
const TIME_LOW = 1
const DELIVERIES_LOW = 2
const HIGHS = 3
const PAYLOAD_WORDS = 4

const TWO_32 = 4294967296
const MAX_48 = 2 ** 48 - 1

/** A flyweight over the consumer groups of the streams of one memory. */
export class Groups {
  /** Written into the records and nodes made from now on. */
  epoch = 0
  /** Id of the entry under the cursor. */
  readonly id = new StreamId()

  readonly #memory: Memory
  readonly #account: Account
  readonly #groups: Named
  readonly #consumers: Named
  readonly #pending: IdTree
  readonly #own: IdTree
  /** Whether the cursor goes along a consumer's own entries. */
  #isOwn = false

  constructor(memory: Memory, account: Account = ACCOUNT.dataset) {
    this.#memory = memory
    this.#account = account
    this.#groups = new Named(memory, account, GROUP_NAME_BYTES)
    this.#consumers = new Named(memory, account, CONSUMER_NAME_BYTES)
    this.#pending = new IdTree(memory, account, PAYLOAD_WORDS)
    this.#own = new IdTree(memory, account, 0)
  }

  /** Turn to the groups whose root of 8 bytes is at `root` (a stream's `groupsAt`). Returns itself. */
  bind(root: Address): this {
    this.#groups.bind(root)
    return this
  }

  /** How many groups there are. */
  get length(): number {
    return this.#groups.length
  }

  /** Bytes that all groups hold. */
  get sizeBytes(): number {
    let bytes = this.#groups.sizeBytes
    for (let i = 0; i < this.length; i++) {
      const group = this.at(i)
      bytes += this.#pending.bind(group).nodeBytes + this.#consumersOf(group).sizeBytes
      for (let k = 0; k < this.consumerCount(group); k++) bytes += this.#own.bind(this.consumerAt(group, k)).nodeBytes
    }
    return bytes
  }

  // ---- Groups.

  /** The group with this place in the order of names, which exists. */
  at(i: number): Address {
    return this.#groups.at(i)
  }

  /** The group with this name, or 0. */
  find(name: Range): Address {
    return this.#groups.find(name)
  }

  /** Make a group whose name is not taken, with the last id 0-0 and an unknown number of entries read. */
  create(name: Range): Address {
    const group = this.#groups.insert(name)
    this.#setWord(group, GROUP_EPOCH, this.epoch)
    this.#pending.epoch = this.epoch
    this.#pending.init(group)
    this.setEntriesRead(group, UNKNOWN_READ)
    return group
  }

  /** Remove a group with its consumers and everything pending. */
  remove(group: Address): void {
    while (!this.#removeStep(group, 1 << 20));
  }

  /** Fill `out` with a group's name. */
  name(group: Address, out: Range): void {
    this.#groups.name(group, out)
  }

  readLastId(group: Address, out: StreamId): void {
    const at = GROUP_LAST_ID
    out.setWords(this.#word(group, at), this.#word(group, at + 1), this.#word(group, at + 2), this.#word(group, at + 3))
  }

  setLastId(group: Address, id: StreamId): void {
    this.#setWord(group, GROUP_LAST_ID, id.msHigh)
    this.#setWord(group, GROUP_LAST_ID + 1, id.msLow)
    this.#setWord(group, GROUP_LAST_ID + 2, id.seqHigh)
    this.#setWord(group, GROUP_LAST_ID + 3, id.seqLow)
  }

  /** How many entries the group has read, UNKNOWN_READ, or Infinity beyond 2^53 with the bits in `wide`. */
  entriesRead(group: Address): number {
    const high = this.#word(group, GROUP_READ)
    const low = this.#word(group, GROUP_READ + 1)
    const value = high * TWO_32 + (low >>> 0)
    if (Number.isSafeInteger(value)) return value
    wide.high = high
    wide.low = low
    return Infinity
  }

  /** Set it in the same forms. */
  setEntriesRead(group: Address, count: number): void {
    this.#setWord(group, GROUP_READ, Number.isFinite(count) ? Math.floor(count / TWO_32) : wide.high)
    this.#setWord(group, GROUP_READ + 1, Number.isFinite(count) ? count | 0 : wide.low)
  }

  /** How many entries are pending in a group. */
  pendingCount(group: Address): number {
    return this.#pending.bind(group).length
  }

  // ---- Consumers.

  consumerCount(group: Address): number {
    return this.#consumersOf(group).length
  }

  /** The consumer with this place in the order of names, which exists. */
  consumerAt(group: Address, i: number): Address {
    return this.#consumersOf(group).at(i)
  }

  /** The consumer with this name, or 0. */
  findConsumer(group: Address, name: Range): Address {
    return this.#consumersOf(group).find(name)
  }

  /** Make a consumer whose name is not taken; it was seen at a time (ms) and never active. */
  createConsumer(group: Address, name: Range, seenMs: number): Address {
    const consumer = this.#consumersOf(group).insert(name)
    this.#setWord(consumer, CONSUMER_EPOCH, this.epoch)
    this.#own.epoch = this.epoch
    this.#own.init(consumer)
    this.setSeenMs(consumer, seenMs)
    this.setActiveMs(consumer, -1)
    return consumer
  }

  /** Remove a consumer and what it has pending. Returns how many entries that were. */
  removeConsumer(group: Address, consumer: Address): number {
    const own = this.#own.bind(consumer)
    const pending = this.#pending.bind(group)
    const count = own.length
    for (let more = own.first(); more; more = own.next()) {
      own.readId(this.id)
      pending.remove(this.id)
    }
    while (!own.clearStep(consumer, 1 << 20));
    this.#consumersOf(group).remove(consumer)
    return count
  }

  /** Fill `out` with a consumer's name. */
  consumerName(consumer: Address, out: Range): void {
    this.#consumers.name(consumer, out)
  }

  /** How many entries a consumer has pending. */
  consumerPendingCount(consumer: Address): number {
    return this.#own.bind(consumer).length
  }

  /** When the consumer last tried anything, in ms. */
  seenMs(consumer: Address): number {
    return this.#double(consumer, CONSUMER_SEEN_UNITS)
  }

  setSeenMs(consumer: Address, ms: number): void {
    this.#setDouble(consumer, CONSUMER_SEEN_UNITS, ms)
  }

  /** When the consumer last got an entry, in ms; -1 for never. */
  activeMs(consumer: Address): number {
    return this.#double(consumer, CONSUMER_ACTIVE_UNITS)
  }

  setActiveMs(consumer: Address, ms: number): void {
    this.#setDouble(consumer, CONSUMER_ACTIVE_UNITS, ms)
  }

  // ---- Pending entries.

  /**
   * Let an entry be pending for a consumer, whoever had it before, and put the cursor on it.
   * @throws ArenaFull with nothing changed.
   */
  assign(group: Address, consumer: Address, id: StreamId, timeMs: number, deliveries: number): void {
    const pending = this.#pending.bind(group)
    pending.epoch = this.#own.epoch = this.epoch
    const before = pending.find(id) ? pending.payload(CONSUMER) : 0
    if (before !== consumer) {
      this.#own.bind(consumer).insert(id)
      if (before !== 0) this.#own.bind(before).remove(id)
      else {
        try {
          pending.insert(id)
        } catch (error) {
          this.#own.bind(consumer).remove(id)
          throw error
        }
      }
      pending.setPayload(CONSUMER, consumer)
    }
    this.id.copyFrom(id)
    this.setDelivery(timeMs, deliveries)
  }

  /** An entry is done with. False when it is not pending. */
  acknowledge(group: Address, id: StreamId): boolean {
    const pending = this.#pending.bind(group)
    if (!pending.find(id)) return false
    this.#own.bind(pending.payload(CONSUMER)).remove(id)
    return pending.remove(id)
  }

  /** Put the cursor on a pending entry. False when it is not pending. */
  findPending(group: Address, id: StreamId): boolean {
    if (!this.#pending.bind(group).find(id)) return false
    this.id.copyFrom(id)
    return true
  }

  /** Put the cursor on the first entry pending in a group at or after an id. */
  seek(group: Address, from: StreamId): boolean {
    this.#isOwn = false
    return this.#pending.bind(group).seek(from) && this.#load()
  }

  /** Put the cursor on the last entry pending in a group. */
  seekLast(group: Address): boolean {
    this.#isOwn = false
    return this.#pending.bind(group).last() && this.#load()
  }

  /** Put the cursor on the first entry that a consumer has pending at or after an id. */
  seekOwn(group: Address, consumer: Address, from: StreamId): boolean {
    this.#isOwn = true
    this.#pending.bind(group)
    return this.#own.bind(consumer).seek(from) && this.#load()
  }

  /** Go on to the next one. False after the last. */
  next(): boolean {
    return (this.#isOwn ? this.#own.next() : this.#pending.next()) && this.#load()
  }

  /** The consumer of the entry under the cursor. */
  get consumer(): Address {
    return this.#pending.payload(CONSUMER)
  }

  /** When the entry under the cursor was delivered last, in ms. */
  get deliveredMs(): number {
    return (this.#pending.payload(TIME_LOW) >>> 0) + (this.#pending.payload(HIGHS) & 0xffff) * TWO_32
  }

  /** How often the entry under the cursor was delivered. */
  get deliveries(): number {
    return (this.#pending.payload(DELIVERIES_LOW) >>> 0) + (this.#pending.payload(HIGHS) >>> 16) * TWO_32
  }

  /** Set both for the entry under the cursor. */
  setDelivery(timeMs: number, deliveries: number): void {
    const time = Math.max(0, Math.min(timeMs, MAX_48))
    const count = Math.max(0, Math.min(deliveries, MAX_48))
    const pending = this.#pending
    pending.setPayload(TIME_LOW, time >>> 0)
    pending.setPayload(DELIVERIES_LOW, count >>> 0)
    pending.setPayload(HIGHS, Math.floor(time / TWO_32) | (Math.floor(count / TWO_32) << 16))
  }

  // ---- For snapshots, which write a leaf at a time.

  /** The leaves of what is pending in a group, in order of ids. */
  pendingLeaves(group: Address): Address[] {
    return this.#pending.bind(group).leaves()
  }

  /** The leaves of what a consumer has pending. */
  ownLeaves(consumer: Address): Address[] {
    return this.#own.bind(consumer).leaves()
  }

  /** How many entries a leaf of either kind has. */
  rowsOf(leaf: Address): number {
    return this.#own.rowsOf(leaf)
  }

  /** Put the cursor on an entry of a group's leaf. */
  enterPending(leaf: Address, slot: number): void {
    this.#pending.enter(leaf, slot)
    this.#pending.readId(this.id)
  }

  /** Read the id of an entry of a consumer's leaf. */
  enterOwn(leaf: Address, slot: number): void {
    this.#own.enter(leaf, slot)
    this.#own.readId(this.id)
  }

  // ---- All of a stream's groups.

  /**
   * Copy the groups of `from` to `to`, which is empty, and turn to them.
   * @throws ArenaFull with `to` empty again.
   */
  copy(from: Address, to: Address): void {
    const source = new Groups(this.#memory, this.#account).bind(from)
    this.bind(to)
    try {
      for (let i = 0; i < source.length; i++) this.#copyGroup(source, source.at(i))
    } catch (error) {
      while (!this.releaseStep(to, 1 << 20));
      throw error
    }
  }

  /** Remove the groups of a stream that nobody uses any more, up to about `budget` nodes at once. True when all are gone. */
  releaseStep(root: Address, budget: number): boolean {
    this.bind(root)
    while (this.length > 0) if (budget-- <= 0 || !this.#removeStep(this.at(this.length - 1), budget)) return false
    return true
  }

  #copyGroup(source: Groups, group: Address): void {
    const name = new Range()
    source.name(group, name)
    const twin = this.create(name)
    source.readLastId(group, this.id)
    this.setLastId(twin, this.id)
    this.setEntriesRead(twin, source.entriesRead(group))
    for (let i = 0; i < source.consumerCount(group); i++) {
      const consumer = source.consumerAt(group, i)
      source.consumerName(consumer, name)
      const own = this.createConsumer(twin, name, source.seenMs(consumer))
      this.setActiveMs(own, source.activeMs(consumer))
      for (let more = source.seekOwn(group, consumer, MIN_ID); more; more = source.next())
        this.assign(twin, own, source.id, source.deliveredMs, source.deliveries)
    }
  }

  /** Take a group apart by up to `budget` nodes. True when it is gone. */
  #removeStep(group: Address, budget: number): boolean {
    const consumers = this.#consumersOf(group)
    while (consumers.length > 0) {
      const consumer = consumers.at(consumers.length - 1)
      if (!this.#own.clearStep(consumer, Math.max(1, budget))) return false
      consumers.remove(consumer)
      if (--budget <= 0) return false
    }
    if (!this.#pending.clearStep(group, Math.max(1, budget))) return false
    this.#groups.remove(group)
    return true
  }

  #consumersOf(group: Address): Named {
    return this.#consumers.bind(group + GROUP_CONSUMERS_UNITS)
  }

  /** Take over the id under the cursor; for a consumer's own entry also go to its row in the group. */
  #load(): boolean {
    if (!this.#isOwn) {
      this.#pending.readId(this.id)
      return true
    }
    this.#own.readId(this.id)
    return this.#pending.find(this.id)
  }

  #word(record: Address, i: number): number {
    return this.#memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + i]!
  }

  #setWord(record: Address, i: number, value: number): void {
    this.#memory.i32[record >>> SLAB_BITS]![((record & UNIT_MASK) << 1) + i] = value
  }

  #double(record: Address, units: number): number {
    return this.#memory.f64[record >>> SLAB_BITS]![(record & UNIT_MASK) + units]!
  }

  #setDouble(record: Address, units: number, value: number): void {
    this.#memory.f64[record >>> SLAB_BITS]![(record & UNIT_MASK) + units] = value
  }
}

const MIN_ID = new StreamId()
