/* Keyspace -- all databases of a server, and what they share.
 *
 * It knows values only by their ValueType. Whatever must happen around a write is reached from here, and costs one bit
 * test while nobody wants it:
 *
 *      change    before     the snapshot, when one runs
 *      touched   after      WATCH, client-side caching, clients that wait on the key      bits in `armed`
 *      tell      an event   notifications, hooks of modules                               bits in `listening`      */

import type { Range } from '../base/bytes.ts'
import type { HashKey } from '../base/siphash.ts'
import { ACCOUNT, type Account, type Address, type Memory } from '../memory/arena.ts'
import { Database } from './database.ts'
import { Handles } from './handles.ts'
import { defaultLimits } from './limits.ts'
import { type TypeDeclaration, type ValueType, valueType } from './value-type.ts'
import { WatchTable } from './watch.ts'

/** What changed inside a value: names of hash fields or paths of a document. Absent: assume all of it. */
export type EventDetail = readonly (Buffer | string)[]

/** Chance, as the keyspace needs it. */
export interface KeyspaceRandom {
  /** Uniform, at least 0 and below 1. */
  next(): number
  /** A uniform word, 0 to 2^32 - 1. */
  u32(): number
}

/** What the layers above do when keys change. */
export interface KeyspaceHooks {
  /** An event of a class somebody listens to. */
  event(db: Database, kind: number, name: string, key: Range, detail: EventDetail | undefined): void
  /** The server itself removed a key: propagate a deletion. */
  removed(db: Database, key: Range, why: 'expired' | 'evicted'): void
  /** The server itself took parts out of a value, such as the fields of a hash whose time had come. */
  partsRemoved(db: Database, key: Range, names: readonly Buffer[]): void
  /** The whole content of a database was replaced. */
  replaced(db: Database): void
  /** A touched key may serve clients that wait on it. Called while ARMED.waiting is set. */
  waiting(db: Database, key: Range): void
  /** A touched key may stand in clients' caches. Called while ARMED.tracking is set. */
  tracking(db: Database, key: Range): void
}

/** Sees each key just before it changes: the snapshot. */
export interface ChangeHook {
  before(db: Database, record: Address): void
  /** Whether a value in the graveyard must not be freed yet. */
  holds(value: object): boolean
}

/** LFU counters, when the eviction policy wants them. */
export interface Frequency {
  /** The clock word after one more use. */
  used(word: number): number
  /** The clock word of a new key. */
  fresh(): number
  /** The clock word that says so often. */
  of(counter: number): number
  /** The counter in a clock word, after what time has taken from it. */
  count(word: number): number
}

/** Bits of `armed`: who wants to hear that a key was touched. */
export const ARMED = { watch: 1, waiting: 2, tracking: 4 } as const

/** Lenses of one type, handed out in turn within a command. */
export class ViewPool<V extends object> {
  readonly #type: ValueType<V>
  readonly #items: V[] = []
  #used = 0
  #sequence = -1

  constructor(type: ValueType<V>) {
    this.#type = type
  }

  next(db: Database): V {
    const sequence = db.keyspace.sequence
    if (sequence !== this.#sequence) {
      this.#sequence = sequence
      this.#used = 0
      if (this.#items.length > 64) this.#items.length = 64
    }
    const items = this.#items
    if (this.#used === items.length) items.push(this.#type.view!(db))
    return items[this.#used++]!
  }

  /** How many are in use now; what is taken after this is given back with `reset`. */
  mark(sequence: number): number {
    if (sequence !== this.#sequence) {
      this.#sequence = sequence
      this.#used = 0
    }
    return this.#used
  }

  reset(used: number): void {
    this.#used = used
  }
}

interface Buried {
  readonly value: object
  readonly type: ValueType
  readonly db: Database
  bytes: number
}

export class Keyspace {
  readonly memory: Memory
  readonly hashKey: HashKey
  readonly random: KeyspaceRandom
  readonly hooks: KeyspaceHooks
  readonly accountOfKeys: Account = ACCOUNT.dataset
  readonly databases: Database[] = []
  readonly types: ValueType[] = []
  readonly pools: ViewPool<object>[] = []
  /** The same without gaps. */
  readonly poolList: ViewPool<object>[] = []
  readonly objects = new Handles()
  readonly watch = new WatchTable()
  /** Up to where collections stay packed; CONFIG SET changes it in place. */
  readonly limits = defaultLimits()

  /** The time that commands go by: it stands still while one runs. */
  nowMs = 0
  /**
   * Deadlines up to here have passed. While data are loaded none has: a command of the append-only file that lengthens a value
   * must find it, also when its time has come since.
   */
  dueMs = 0
  /** 24 bits of seconds, for LRU. */
  lruClock = 0
  /** Whether uses are noted: off while a client with NO-TOUCH runs a command. */
  touches = true
  lfu: Frequency | null = null
  /** Whether keys are evicted by when they were used last: files tell it then. */
  isLru = false
  /** Whether a key past its time is removed when it is met. Not while loading, in a replica, or in a paused server. */
  mayExpire = true
  /** With mayExpire off: whether a key past its time is still seen. */
  seesExpired = false
  /** What is touched now was changed by no client. */
  isNobodys = false
  /** Who hears of touched keys: bits of ARMED. */
  armed = 0
  /** Classes of events that somebody listens to. */
  listening = 0
  snapshot: ChangeHook | null = null
  /** Of keys that were loaded the first lies at the top of its table, not at the bottom; see RdbLoad. */
  firstOnTop = false
  /** Number of the running command: views are handed out anew for each. */
  sequence = 0

  /** Changes since the last save. */
  dirty = 0
  hits = 0
  misses = 0
  expiredKeys = 0
  /** Fields of hashes that expired. */
  expiredParts = 0
  /** No part of any value expires before this time. */
  partsDueMs = Infinity
  evictedKeys = 0
  /** Bytes in the graveyard: freed for everyone, not yet for the arena. */
  buriedBytes = 0
  /** Values, and whole databases, that have left the graveyard. */
  unburied = 0
  readonly #graveyard: Buried[] = []

  constructor(memory: Memory, hashKey: HashKey, random: KeyspaceRandom, hooks: KeyspaceHooks, databases: number) {
    this.memory = memory
    this.hashKey = hashKey
    this.random = random
    this.hooks = hooks
    for (let number = 0; number < databases; number++) this.databases.push(new Database(this, number))
  }

  /** Register a native type under its own number. */
  addType(type: ValueType): void {
    this.types[type.id] = type
    const pool = new ViewPool(type)
    this.pools[type.id] = pool
    this.poolList.push(pool)
  }

  /** Register a module's type; returns the declaration with its number in this server. */
  registerType<V extends object>(type: TypeDeclaration<V>): ValueType<V> {
    let id = FIRST_MODULE_TYPE
    while (this.types[id] !== undefined) id++
    const registered = valueType(type, id)
    this.addType(registered as unknown as ValueType)
    return registered
  }

  /** Take a module's type away again, unless a key has a value of it already. */
  forgetType(id: number): void {
    for (const db of this.databases) for (let i = 0; i < db.keys.count; i++) if (db.typeOf(db.keys.at(i)) === id) return
    this.poolList.splice(this.poolList.indexOf(this.pools[id]!), 1)
    delete this.types[id]
    delete this.pools[id]
  }

  setTime(nowMs: number): void {
    this.nowMs = nowMs
    this.dueMs = this.seesExpired ? 0 : nowMs
    this.lruClock = (nowMs / 1000) & 0xffffff
  }

  /** Before a mutation of a key that exists. */
  change(db: Database, record: Address): void {
    if (this.snapshot !== null) this.snapshot.before(db, record)
  }

  /** After a mutation, while somebody is armed. */
  touched(db: Database, key: Range): void {
    const armed = this.armed
    if (armed & ARMED.watch) this.watch.touch(db, key)
    if (armed & ARMED.waiting) this.hooks.waiting(db, key)
    if (armed & ARMED.tracking) this.hooks.tracking(db, key)
  }

  /** After a key or a part of one expired or was evicted: no client did that, whoever's command met it. */
  touchedByNobody(db: Database, key: Range): void {
    this.isNobodys = true
    this.touched(db, key)
    this.isNobodys = false
  }

  arm(bit: number, on: boolean): void {
    this.armed = on ? this.armed | bit : this.armed & ~bit
  }

  listens(kind: number): boolean {
    return (this.listening & kind) !== 0
  }

  tell(db: Database, kind: number, event: string, key: Range, detail?: EventDetail): void {
    this.hooks.event(db, kind, event, key, detail)
  }

  /** Exchange the contents of two databases. Whoever watches or waits on a key of either may be concerned. */
  swap(first: Database, second: Database): void {
    if (first === second) return
    first.exchange(second)
    this.touchedAll(first, second, first)
    this.touchedAll(second, first, second)
  }

  /** Empty a database; what it held is freed in slices. Returns how many keys that were. */
  flush(db: Database): number {
    const count = db.size
    if (count === 0) return 0
    if (this.armed & (ARMED.watch | ARMED.waiting)) this.touchedAll(db, db, null)
    this.#graveyard.push({ value: db.detach(), type: DATABASE, db, bytes: 0 })
    this.dirty += count
    return count
  }

  /** A database had the contents that `before` holds and has those of `after`, or none: whoever watches or waits may be concerned. */
  touchedAll(db: Database, before: Database, after: Database | null): void {
    if (this.armed & ARMED.watch)
      this.watch.touchAll(
        db,
        key => before.presence(key),
        key => after?.presence(key) ?? 'absent',
      )
    this.hooks.replaced(db)
  }

  /** Free a large value in slices; the record may go at once. */
  bury(db: Database, record: Address, type: ValueType): void {
    const held = db.view(record, type)
    let value = held
    if (type.form === 'view')
      value = (type.view!(db) as { bind(db: Database, record: Address): object }).bind(db, record)
    const bytes = type.sizeBytes(held)
    this.buriedBytes += bytes
    this.#graveyard.push({ value, type, db, bytes })
  }

  /** Whether something may be freed. */
  get hasBuried(): boolean {
    return this.#nextBuried() >= 0
  }

  /** The last of the graveyard that a snapshot does not need any more, or -1. */
  #nextBuried(): number {
    const graveyard = this.#graveyard
    let at = graveyard.length - 1
    while (at >= 0 && this.snapshot !== null && this.snapshot.holds(graveyard[at]!.value)) at--
    return at
  }

  /** Values that wait to be freed: `lazyfree_pending_objects`. */
  get buriedCount(): number {
    return this.#graveyard.length
  }

  /** Free some of the graveyard, between two commands: about `budget` elements. */
  freeBuried(budget: number): void {
    const buried = this.#graveyard[this.#nextBuried()]
    if (buried === undefined) return
    const done =
      buried.type === DATABASE
        ? releaseDatabase(buried.value as Database, budget)
        : buried.type.releaseStep!(buried.value, buried.db, budget)
    if (!done) return
    // A database may have buried values of its own meanwhile, on top of itself.
    this.#graveyard.splice(this.#graveyard.indexOf(buried), 1)
    this.buriedBytes -= buried.bytes
    this.unburied++
  }
}

/** Numbers below belong to native types. */
export const FIRST_MODULE_TYPE = 32

/** Marks a whole database in the graveyard. */
const DATABASE = {} as ValueType

/** Records go without being taken out of a table that nobody will look into again. */
function releaseDatabase(db: Database, budget: number): boolean {
  const { keys } = db
  const end = Math.max(0, keys.count - Math.max(1, Math.floor(budget / 4)))
  for (let i = keys.count - 1; i >= end; i--) {
    db.keyspace.sequence++ // no command runs: the lens of one value is free for the next
    db.discardValue(keys.at(i))
  }
  if (end > 0) keys.releaseStep(keys.count - end)
  else db.release()
  return end === 0
}
