/* Snapshot -- all data as it was at one moment, written while it goes on changing.
 *
 * There is no fork. The dense array of each database's Dict is the list of what is still to be written:
 *
 *      position    0 ....................... cursor ................ count
 *                  still to be written       written, changed, or new since
 *
 * The walk writes the record below the cursor and lowers it. A key that is about to change or to go while it lies below
 * the cursor is written first, exchanged with the record just below the cursor, and the cursor lowered: so it lies in the
 * upper part when it changes, and the hole that a removal leaves there is filled from there. New keys are added at the top.
 * Thus each key of the first moment is written once, as it was, and no other; no mark in any record is needed.
 *
 *   before a change O(size of the value), once a key      a slice: as many keys as fit in a millisecond */

import { Database } from '../keyspace/database.ts'
import type { ChangeHook, Keyspace } from '../keyspace/keyspace.ts'
import type { Address } from '../memory/arena.ts'
import type { Dict } from '../memory/dict.ts'
import type { NewFile } from './file.ts'
import type { SnapshotTarget } from './target.ts'

interface Part {
  /** The content at the beginning: SWAPDB may move it to another database, and FLUSHDB to the graveyard. */
  readonly db: Database
  readonly keys: Dict
  readonly number: number
  cursor: number
}

export class Snapshot implements ChangeHook {
  readonly #keyspace: Keyspace
  readonly #file: NewFile
  readonly #target: SnapshotTarget
  readonly #parts: Part[]
  readonly #marks: number[] = []
  readonly keysTotal: number
  /** Why a change could not be written in time. */
  failure: Error | null = null
  keysWritten = 0

  constructor(keyspace: Keyspace, file: NewFile, target: SnapshotTarget, nowMs: number) {
    this.#keyspace = keyspace
    this.#file = file
    this.#target = target
    this.#parts = keyspace.databases
      .filter(db => db.size > 0)
      .map(db => ({ db: new Database(keyspace, db.number, db), keys: db.keys, number: db.number, cursor: db.size }))
    this.keysTotal = this.#parts.reduce((keys, part) => keys + part.cursor, 0)
    target.begin(nowMs)
  }

  before(db: Database, record: Address): void {
    if (this.failure !== null) return
    const part = this.#parts.find(candidate => candidate.keys === db.keys)
    if (part === undefined) return
    const position = part.keys.positionOf(record)
    if (position >= part.cursor) return
    try {
      this.#write(part, db, record)
    } catch (error) {
      this.failure = error as Error // the walk ends with it; the change itself must not fail
      return
    }
    part.keys.swap(position, part.cursor - 1)
    part.cursor--
  }

  holds(value: object): boolean {
    return value instanceof Database && this.#parts.some(part => part.keys === value.keys && part.cursor > 0)
  }

  get percentDone(): number {
    return this.keysTotal === 0 ? 100 : (100 * this.keysWritten) / this.keysTotal
  }

  /** Write keys until `mayGoOn` says no. True when nothing is left to be written. */
  step(mayGoOn: () => boolean): boolean {
    if (this.failure !== null) throw this.failure
    for (const part of this.#parts)
      while (part.cursor > 0) {
        this.#write(part, part.db, part.keys.at(part.cursor - 1))
        part.cursor--
        if (!mayGoOn()) return false
      }
    return true
  }

  /** Everything is written: close the file and give it its name. */
  finish(): void {
    this.#target.end()
    this.#file.commit()
    this.#target.release()
  }

  /** Leave nothing behind. */
  abandon(): void {
    this.#file.abandon()
    this.#target.release()
  }

  #write(part: Part, db: Database, record: Address): void {
    // A command may be under way, whose lenses must stay its own; between commands they are handed out anew.
    const { poolList: pools, sequence } = this.#keyspace
    for (let i = 0; i < pools.length; i++) this.#marks[i] = pools[i]!.mark(sequence)
    this.#target.key(part.number, part.keys, db, record)
    for (let i = 0; i < pools.length; i++) pools[i]!.reset(this.#marks[i]!)
    this.keysWritten++
  }
}
