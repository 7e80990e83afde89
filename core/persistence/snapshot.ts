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
import { REDIS_VERSION } from '../base/version.ts'
import type { AuxData } from '../command/aux-data.ts'
import type { Database } from '../keyspace/database.ts'
import type { ChangeHook, Keyspace } from '../keyspace/keyspace.ts'
import type { Address } from '../memory/arena.ts'
import type { Dict } from '../memory/dict.ts'
import { writeModuleAux } from './aux.ts'
import { ValueWriter } from './encode.ts'
import type { NewFile } from './file.ts'
import { writeAux, writeDatabase, writeEnd, writeHeader, writeKey, writeLibrary } from './rdb/file.ts'
import { RdbWriter } from './rdb/writer.ts'

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
  /** The version of the format, RDB_VERSION unless an older server is to read the file. */
  readonly version: number
  /** Whether the file is to be the base of an append-only file. */
  readonly isAofBase: boolean
  /** What modules keep beside keys, and the code of libraries. */
  readonly aux: readonly AuxData[]
  readonly libraries: Iterable<Buffer>
}

export class Snapshot implements ChangeHook {
  readonly #keyspace: Keyspace
  readonly #file: NewFile
  readonly #writer: RdbWriter
  readonly #values: ValueWriter
  readonly #parts: Part[]
  readonly #options: SnapshotOptions
  readonly #key = new Range()
  readonly #marks: number[] = []
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
    this.#values = new ValueWriter(keyspace.memory)
    this.#values.version = options.version
    this.#parts = keyspace.databases
      .filter(db => db.size > 0)
      .map(db => ({ db, keys: db.keys, number: db.number, cursor: db.keys.count }))
    writeHeader(this.#writer, options.version)
    writeAux(this.#writer, 'redis-ver', REDIS_VERSION)
    writeAux(this.#writer, 'redis-bits', '64')
    writeAux(this.#writer, 'ctime', String(Math.floor(nowMs / 1000)))
    writeAux(this.#writer, 'used-mem', String(keyspace.memory.usedBytes))
    writeAux(this.#writer, 'aof-base', options.isAofBase ? '1' : '0')
    writeModuleAux(this.#writer, options.aux, 'before')
    for (const code of options.libraries) writeLibrary(this.#writer, Range.of(code))
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
    writeModuleAux(this.#writer, this.#options.aux, 'after')
    writeEnd(this.#writer, this.#options.withSum)
    this.#file.commit()
    this.#writer.release()
    this.#values.release()
  }

  /** Leave nothing behind. */
  abandon(): void {
    this.#file.abandon()
    this.#writer.release()
    this.#values.release()
  }

  #write(part: Part, db: Database, record: Address): void {
    if (part.number !== this.#selected) {
      this.#selected = part.number
      writeDatabase(this.#writer, part.number, part.keys.count, db.deadlines.count)
    }
    const deadline = db.deadlines.of(record)
    const facts = { expireMs: Math.min(deadline, Number.MAX_SAFE_INTEGER), idleSeconds: -1, frequency: -1 }
    // A command may be under way, whose lenses must stay its own; between commands they are handed out anew.
    const { poolList: pools, sequence } = this.#keyspace
    for (let i = 0; i < pools.length; i++) this.#marks[i] = pools[i]!.mark(sequence)
    const type = this.#values.typeOf(db, record)
    writeKey(this.#writer, part.keys.key(record, this.#key), type, facts)
    this.#values.write(this.#writer, db, record, type)
    for (let i = 0; i < pools.length; i++) pools[i]!.reset(this.#marks[i]!)
    this.keysWritten++
  }
}
