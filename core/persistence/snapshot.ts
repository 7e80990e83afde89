/* Snapshot -- all data as it was at one moment, written while it goes on changing.
 *
 * There is no fork. The dense array of each database's Dict is the list of what is still to be written:
 *
 *      position    0 ....................... cursor ................ count
 *                  still to be written       written, or new since
 *
 * The walk writes the record below the cursor and lowers it. A key that is about to change while it lies below the cursor is
 * written first and remembered by its address, so that the walk passes over it. One that goes is exchanged with the
 * record just below the cursor, and the cursor lowered: the hole that it leaves is filled from above. New keys are added at
 * the top. Thus each key of the first moment is written once, as it was, and no other; no mark in any record is needed.
 *
 * A collection that is too big to be written at once, or to be written before a command that changes it, waits in a queue and is
 * watched meanwhile by the same rule, element by element (big.ts). While it is written, other keys that must be written
 * early go to a buffer, since the file cannot take them in its middle.
 *
 * SWAPDB and FLUSHDB need no care: the walk holds the tables, and what a flush buries is not freed before it was written.
 *
 *   before a change O(size of a small value), once a key      a slice: as much as fits in a millisecond */

import { Database } from '../keyspace/database.ts'
import type { ChangeHook, Keyspace } from '../keyspace/keyspace.ts'
import type { Address, Guard } from '../memory/arena.ts'
import type { Dict } from '../memory/dict.ts'
import { BigTable, rootOf } from './big.ts'
import type { WholeFile } from './file.ts'
import { QueuedFile } from './queued-file.ts'
import type { PendingBig, SnapshotTarget } from './target.ts'
import { Watch } from './watch.ts'

/** Keys, or pieces of a big collection, between two looks at the clock, if they are not many bytes. */
const STEPS = 8
const STEPS_BYTES = 32 << 10

/** The keys of a database. */
interface Part {
  /** The content at the beginning: SWAPDB may move it to another database, and FLUSHDB to the graveyard. */
  readonly db: Database
  readonly keys: Dict
  readonly number: number
  readonly early: Set<Address>
  cursor: number
}

export class Snapshot implements ChangeHook, Guard {
  readonly #keyspace: Keyspace
  readonly #file: WholeFile
  readonly #target: SnapshotTarget
  readonly #parts: Part[]
  readonly #partOf = new Map<Address, Part>()
  /** Whether the walk goes upwards, which it may as nothing changes meanwhile: so the order of loaded keys stays the same. */
  #goesUp: boolean
  readonly #marks: number[] = []
  /** Big collections that wait, and the one that is being written. */
  readonly #queue: PendingBig[] = []
  #open: PendingBig | null = null
  /** Those of them that are tables, by their roots, and the blocks of the others. */
  readonly #tables = new Map<Address, BigTable>()
  readonly #watch = new Watch()
  readonly keysTotal: number
  /** Why a change could not be written in time. */
  failure: Error | null = null
  keysWritten = 0

  constructor(keyspace: Keyspace, file: WholeFile, target: SnapshotTarget, nowMs: number) {
    this.#keyspace = keyspace
    this.#file = file
    this.#target = target
    this.#goesUp = !keyspace.firstOnTop
    this.#parts = keyspace.databases
      .filter(db => db.size > 0)
      .map(db => {
        const content = new Database(keyspace, db.number, db)
        return { db: content, keys: db.keys, number: db.number, early: new Set<Address>(), cursor: db.size }
      })
    for (const part of this.#parts) this.#partOf.set(part.keys.root, part)
    this.keysTotal = this.#parts.reduce((keys, part) => keys + part.cursor, 0)
    target.begin(nowMs)
  }

  /** Hear of all changes from now on. */
  watch(): void {
    this.#goesUp = false
    this.#keyspace.snapshot = this
    this.#keyspace.memory.guard = this
  }

  get percentDone(): number {
    return this.keysTotal === 0 ? 100 : (100 * this.keysWritten) / this.keysTotal
  }

  // ------------------------------------------------------------------ what is about to change

  before(db: Database, record: Address): void {
    const part = this.#partOf.get(db.keys.root)
    if (part === undefined || this.failure !== null) return
    if (part.keys.positionOf(record) < part.cursor && !part.early.has(record))
      this.#guarded(() => {
        this.#leaveEarly(part, record)
        part.early.add(record)
      })
  }

  holds(value: object): boolean {
    if (value instanceof Database) {
      const part = this.#partOf.get(value.keys.root)
      return part !== undefined && (part.cursor > 0 || this.#watch.count > 0)
    }
    if (this.#open === null && this.#queue.length === 0) return false
    const root = rootOf(value)
    return this.#open?.big.root === root || this.#queue.some(({ big }) => big.root === root)
  }

  change(root: Address, record: Address): void {
    const table = this.#tables.get(root)
    if (table !== undefined) this.#guarded(() => table.change(record))
  }

  removal(root: Address, record: Address): void {
    const part = this.#partOf.get(root)
    if (part !== undefined) this.#removeKey(part, record)
    else {
      const table = this.#tables.get(root)
      if (table !== undefined) this.#guarded(() => table.removal(record))
    }
  }

  #removeKey(part: Part, record: Address): void {
    const place = part.keys.positionOf(record)
    if (place >= part.cursor) return
    // It was written by `before`, unless that failed.
    part.early.delete(record)
    part.cursor--
    part.keys.swap(place, part.cursor)
  }

  moved(root: Address, from: Address, to: Address): void {
    const early = this.#partOf.get(root)?.early
    if (early === undefined) this.#tables.get(root)?.moved(from, to)
    else if (early.delete(from)) early.add(to)
  }

  block(block: Address): void {
    if (this.#watch.count === 0 || this.failure !== null) return
    try {
      this.#watch.block(block)
    } catch (error) {
      this.failure = error as Error // see #guarded
    }
  }

  stretch(block: Address, from: number, to: number): void {
    if (this.#watch.count === 0 || this.failure !== null) return
    try {
      this.#watch.stretch(block, from, to)
    } catch (error) {
      this.failure = error as Error
    }
  }

  part(root: Address, name: Buffer): void {
    if (this.#watch.count > 0) this.#guarded(() => this.#watch.part(root, name))
  }

  keeps(block: Address): boolean {
    if (this.#watch.count === 0 || this.failure !== null) return false
    try {
      return this.#watch.keeps(block)
    } catch (error) {
      this.failure = error as Error
      return false
    }
  }

  /** A change must not fail because it could not be written: the walk ends with that. */
  #guarded(run: () => void): void {
    if (this.failure !== null) return
    try {
      run()
    } catch (error) {
      this.failure = error as Error
    }
  }

  // ------------------------------------------------------------------ the walk

  /** Whether more is written already than the disk can take just now. */
  get waitsForDisk(): boolean {
    return this.#file instanceof QueuedFile && this.#file.isFull
  }

  /** Run when that is over. */
  whenWritable(run: () => void): void {
    if (this.#file instanceof QueuedFile) this.#file.whenWritable(run)
  }

  /** Go on until `mayGoOn` says no, or the disk must be waited for. True when nothing is left to be written. */
  step(mayGoOn: () => boolean): boolean {
    const target = this.#target
    for (;;) {
      if (this.failure !== null) throw this.failure
      const until = target.bytes + STEPS_BYTES
      for (let i = 0; i < STEPS && target.bytes < until; i++) if (!this.#next()) return true
      if (!mayGoOn() || this.waitsForDisk) return false
    }
  }

  /** Write one key or one piece. False when there is none. */
  #next(): boolean {
    if (this.#open !== null) this.#stepBig(this.#open)
    else if (this.#target.passOn()) return true
    else if (this.#queue.length > 0) {
      this.#open = this.#queue.shift()!
      this.#target.open(this.#open)
    } else return this.#nextKey()
    return true
  }

  #nextKey(): boolean {
    const part = this.#nextPart()
    if (part === null) return false
    const record = part.keys.at(this.#goesUp ? part.keys.count - part.cursor : part.cursor - 1)
    if (part.early.size === 0 || !part.early.delete(record)) {
      this.#keyspace.sequence++ // no command runs: the lens of one value is free for the next
      this.#leave(part, record)
    }
    part.cursor--
    return true
  }

  /** The first that has keys left, or null. */
  #nextPart(): Part | null {
    for (let i = 0; i < this.#parts.length; i++) if (this.#parts[i]!.cursor > 0) return this.#parts[i]!
    return null
  }

  #stepBig(pending: PendingBig): void {
    if (!pending.big.isDone) {
      this.#target.step(pending)
      return
    }
    this.#target.close(pending)
    this.#tables.delete(pending.big.root)
    pending.big.release()
    this.#open = null
  }

  /** Write a key, or have it written in pieces later. */
  #leave(part: Part, record: Address): void {
    const pending = this.#target.key(part.number, part.keys, part.db, record, this.#watch)
    this.keysWritten++
    if (pending === null) return
    this.#queue.push(pending)
    if (pending.big instanceof BigTable) this.#tables.set(pending.big.root, pending.big)
  }

  /** The same while a command is under way, whose lenses must stay its own. */
  #leaveEarly(part: Part, record: Address): void {
    const { poolList: pools, sequence } = this.#keyspace
    for (let i = 0; i < pools.length; i++) this.#marks[i] = pools[i]!.mark(sequence)
    this.#leave(part, record)
    for (let i = 0; i < pools.length; i++) pools[i]!.reset(this.#marks[i]!)
  }

  // ------------------------------------------------------------------ the end

  /** Everything is written: close the file and give it its name. */
  finish(): void {
    this.#target.end()
    this.#letGo()
    this.#file.commit()
    this.#target.release()
  }

  /** The same without waiting for the disk. */
  finishSoon(done: (failure: Error | null) => void): void {
    this.#target.end()
    this.#letGo()
    this.#target.release()
    this.#file.commitSoon(done)
  }

  /** Leave nothing behind. */
  abandon(): void {
    this.#letGo()
    this.#target.release()
    this.#file.abandon()
  }

  #letGo(): void {
    const { memory } = this.#keyspace
    if (this.#keyspace.snapshot === this) this.#keyspace.snapshot = null
    if (memory.guard === this) memory.guard = null
    this.#open?.big.release()
    for (const { big } of this.#queue) big.release()
    this.#open = null
    this.#queue.length = 0
  }
}
