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

import { Range } from '../base/bytes.ts'
import type { Database } from '../keyspace/database.ts'
import type { ChangeHook, Keyspace } from '../keyspace/keyspace.ts'
import type { Address } from '../memory/arena.ts'
import type { Dict } from '../memory/dict.ts'
import type { NewFile } from './file.ts'
import { writeAux, writeDatabase, writeEnd, writeHeader, writeKey } from './rdb/file.ts'
import { RdbWriter } from './rdb/writer.ts'
import { rdbTypeOf, writeValue } from './values.ts'

interface Part {
  readonly db: Database
  /** The content at the beginning, which SWAPDB may move to another database. */
  readonly keys: Dict
  readonly number: number
  cursor: number
}

export interface SnapshotOptions {
  readonly compresses: boolean
  readonly withSum: boolean
  readonly version: string
}

export class Snapshot implements ChangeHook {
  readonly #keyspace: Keyspace
  readonly #file: NewFile
  readonly #writer: RdbWriter
  readonly #parts: Part[]
  readonly #options: SnapshotOptions
  readonly #key = new Range()
  #selected = -1
  /** A database was emptied: what was to be written is gone. */
  isAborted = false
  /** Why a change could not be written in time. */
  failure: Error | null = null
  keysWritten = 0

  constructor(keyspace: Keyspace, file: NewFile, options: SnapshotOptions, nowMs: number) {
    this.#keyspace = keyspace
    this.#file = file
    this.#options = options
    this.#writer = new RdbWriter(keyspace.memory, {
      sink: (buf, start, end) => file.write(buf, start, end),
      compress: options.compresses,
    })
    this.#parts = keyspace.databases
      .filter(db => db.size > 0)
      .map(db => ({ db, keys: db.keys, number: db.number, cursor: db.keys.count }))
    writeHeader(this.#writer)
    writeAux(this.#writer, 'redis-ver', options.version)
    writeAux(this.#writer, 'redis-bits', '64')
    writeAux(this.#writer, 'ctime', String(Math.floor(nowMs / 1000)))
    writeAux(this.#writer, 'used-mem', String(keyspace.memory.usedBytes))
    writeAux(this.#writer, 'aof-base', '0')
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

  flushed(db: Database): void {
    if (this.#parts.some(part => part.keys === db.keys && part.cursor > 0)) this.isAborted = true
  }

  /** Write keys until `mayGoOn` says no. True when nothing is left to be written. */
  step(mayGoOn: () => boolean): boolean {
    if (this.failure !== null) throw this.failure
    for (const part of this.#parts)
      while (part.cursor > 0) {
        const holder = this.#keyspace.databases.find(db => db.keys === part.keys) ?? part.db
        this.#write(part, holder, part.keys.at(part.cursor - 1))
        part.cursor--
        if (!mayGoOn()) return false
      }
    return true
  }

  /** Everything is written: close the file and give it its name. */
  finish(): void {
    writeEnd(this.#writer, this.#options.withSum)
    this.#file.commit()
    this.#writer.release()
  }

  /** Leave nothing behind. */
  abandon(): void {
    this.#file.abandon()
    this.#writer.release()
  }

  #write(part: Part, db: Database, record: Address): void {
    if (part.number !== this.#selected) {
      this.#selected = part.number
      writeDatabase(this.#writer, part.number, part.keys.count, db.deadlines.count)
    }
    const deadline = db.deadlines.of(record)
    const facts = { expireMs: Math.min(deadline, Number.MAX_SAFE_INTEGER), idleSeconds: -1, frequency: -1 }
    writeKey(this.#writer, part.keys.key(record, this.#key), rdbTypeOf(db, record), facts)
    const pools = this.#keyspace.pools
    const used = pools.map(pool => pool?.mark(this.#keyspace.sequence) ?? 0)
    writeValue(this.#writer, db, record)
    // A command may be under way, whose lenses must stay its own; between commands they are handed out anew.
    pools.forEach((pool, i) => void pool?.reset(used[i]!))
    this.keysWritten++
  }
}
