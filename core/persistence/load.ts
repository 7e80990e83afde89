/* Loading -- files into the keyspace, step by step, so that a server can answer others meanwhile.
 *
 *      load.step()     a few keys, or one command; false when the file is read
 *
 * Whoever drives it decides how many steps a slice has. What is wrong with a file is thrown with its offset. */

import { Range } from '../base/bytes.ts'
import type { Log } from '../base/log.ts'
import type { Engine } from '../command/engine.ts'
import { type Database, INLINE_MAX } from '../keyspace/database.ts'
import { EVENT } from '../keyspace/event.ts'
import type { Address } from '../memory/arena.ts'
import { Libraries } from '../command/libraries.ts'
import { loadModuleAux } from './aux.ts'
import type { OpenFile } from './file.ts'
import { type KeyFacts, RdbFileReader, type RdbVisitor } from './rdb/file.ts'
import { TYPE } from './rdb/format.ts'
import type { ModuleSource } from './rdb/module-value.ts'
import type { ValueReader } from './rdb/values.ts'
import { SmallLoader } from './small.ts'
import { appendString, putString, readValue } from './values.ts'

/** A file that is being loaded. */
export interface Load {
  /** Bytes read so far. */
  readonly offset: number
  /** Bytes of memory that the writer of the file had in use, as it says. */
  readonly writerBytes?: number
  step(): boolean
  close(): void
}

const KEYS_A_STEP = 32
/** A key with its value takes at least so many bytes of a file. */
const KEY_BYTES_MIN = 4
/** Tables are not made larger than for so many keys before the keys are there. */
const RESERVED_MAX = 1 << 24

export interface RdbLoadOptions {
  /** Bytes of the file. */
  readonly fileBytes: number
  readonly checksSum: boolean
  /** Keys past their time are kept: commands that follow were given while they lived. */
  readonly keepsExpired: boolean
  /** Whether a key of the file takes the place of one that is there; an error otherwise. */
  readonly merges: boolean
}

/** Loads an RDB file. */
export class RdbLoad implements Load, RdbVisitor {
  keysLoaded = 0
  keysExpired = 0
  writerBytes = 0
  /** Keys that the file says it has, as far as it was read. */
  keysAnnounced = 0
  readonly #engine: Engine
  readonly #log: Log
  readonly #file: OpenFile
  readonly #reader: RdbFileReader
  readonly #fileBytes: number
  readonly #keepsExpired: boolean
  readonly #merges: boolean
  /** Whether keys may be there for a while without being found. */
  readonly #mayAppend: boolean
  /** From this place on the keys of the database are not indexed; -1 when all are. */
  #appendedFrom = -1
  #db: Database
  readonly #bytes = new Range()
  readonly #small: SmallLoader

  constructor(engine: Engine, log: Log, file: OpenFile, options: RdbLoadOptions) {
    this.#engine = engine
    this.#log = log
    this.#file = file
    this.#fileBytes = options.fileBytes
    this.#merges = options.merges
    this.#keepsExpired = options.keepsExpired
    this.#db = engine.keyspace.databases[0]!
    this.#mayAppend = !options.merges && !engine.keyspace.listens(EVENT.new)
    this.#small = new SmallLoader(engine.keyspace)
    this.#reader = new RdbFileReader(engine.keyspace.memory)
    this.#reader.checksSum = options.checksSum
    try {
      this.#reader.open(file)
    } catch (error) {
      this.close()
      throw error
    }
  }

  get offset(): number {
    return this.#reader.reader.offset
  }

  /** What follows the end of the file, read already: commands, in a file that begins as RDB and goes on as a log. */
  takeRest(out: Range): Range {
    return this.#reader.reader.unread(out)
  }

  /** Bytes behind what takeRest() gave. */
  readOn(buf: Buffer, at: number, length: number): number {
    return this.#file.read(buf, at, length)
  }

  step(): boolean {
    const { keyspace } = this.#engine
    let goesOn = true
    try {
      for (let i = 0; i < KEYS_A_STEP && goesOn; i++) {
        keyspace.sequence++
        goesOn = this.#reader.step(this)
      }
    } finally {
      this.#index()
    }
    if (!goesOn) this.#end()
    return goesOn
  }

  /** Who goes over the keys once they are there, from the top down, is to meet them in the order of the file. */
  #end(): void {
    const { keyspace, whenLoaded } = this.#engine
    keyspace.firstOnTop = whenLoaded.length > 0
    if (keyspace.firstOnTop) for (const db of keyspace.databases) db.keys.reverse()
  }

  /** Let keys that were only appended be found. */
  #index(): void {
    const from = this.#appendedFrom
    if (from < 0) return
    this.#appendedFrom = -1
    if (!this.#db.indexAppended(from)) throw this.#twice()
  }

  #twice(): Error {
    return this.#reader.reader.error('a key comes twice')
  }

  close(): void {
    this.#reader.release()
    this.#file.close()
  }

  // ------------------------------------------------------------------ what the file holds

  aux(name: Range, value: Range): void {
    if (name.latin1() === 'used-mem') this.writerBytes = Number(value.latin1()) || 0
  }

  database(number: number): void {
    const { databases } = this.#engine.keyspace
    const found = databases[number]
    if (found === undefined)
      throw this.#reader.reader.error(`keys of database ${number}, while there are ${databases.length} databases`)
    this.#index()
    this.#db = found
  }

  sizes(keys: number): void {
    // A claim is believed as far as the rest of the file could hold such keys, beside those announced before.
    const missing = Math.max(0, this.keysAnnounced - this.keysLoaded - this.keysExpired)
    const room = Math.max(0, (this.#fileBytes - this.offset) / KEY_BYTES_MIN - missing)
    this.keysAnnounced += keys
    if (this.#db.size === 0) this.#db.keys.reserve(Math.min(keys, room, RESERVED_MAX))
  }

  slot(): void {}

  library(code: Range): void {
    const refusal = this.#engine.service(Libraries).restore(code.copy())
    if (refusal !== null) throw this.#reader.reader.error(`a library that cannot be loaded (${refusal})`)
  }

  moduleAux(source: ModuleSource, when: number): boolean {
    const isTaken = loadModuleAux(this.#engine.auxData, source, when)
    if (!isTaken) this.#log.warning(`Passing over data of module type ${source.name}, which no loaded module knows`)
    return isTaken
  }

  key(key: Range, type: number, facts: KeyFacts, values: ValueReader): void {
    const db = this.#db
    if (facts.expireMs >= 0 && facts.expireMs <= db.keyspace.nowMs && !this.#keepsExpired) {
      values.skip(type)
      this.keysExpired++
      return
    }
    const record = type === TYPE.string ? this.#string(key, values) : this.#value(key, type, values)
    if (record === 0) return
    if (facts.expireMs >= 0) db.setDeadline(record, facts.exactMs === 0n ? facts.expireMs : facts.exactMs)
    if (facts.idleSeconds >= 0 || facts.frequency >= 0) db.setUse(record, facts.idleSeconds, facts.frequency)
    this.keysLoaded++
  }

  /** Strings are most of what there is: their keys are looked up many at once. */
  #string(key: Range, values: ValueReader): Address {
    const db = this.#db
    const bytes = values.reader.string(this.#bytes)
    if (this.#mayAppend && bytes.end - bytes.start <= INLINE_MAX) {
      if (this.#appendedFrom < 0) this.#appendedFrom = db.keys.count
      return appendString(db, key, bytes)
    }
    this.#makeWay(key)
    return putString(db, key, bytes)
  }

  #value(key: Range, type: number, values: ValueReader): Address {
    if (this.#mayAppend) {
      const from = this.#db.keys.count
      const record = this.#small.append(this.#db, key, type, values)
      if (record !== 0) {
        if (this.#appendedFrom < 0) this.#appendedFrom = from
        return record
      }
    }
    this.#makeWay(key)
    return readValue(this.#db, key, type, values)
  }

  /** Look a key up that is to be inserted, and should not be there. */
  #makeWay(key: Range): void {
    const { keys } = this.#db
    this.#index()
    const older = keys.find(key.buf, key.start, key.end)
    if (older === 0) return
    if (!this.#merges) throw this.#twice()
    this.#db.remove(older)
    keys.find(key.buf, key.start, key.end)
  }
}
