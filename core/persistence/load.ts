/* Loading -- files into the keyspace, step by step, so that a server can answer others meanwhile.
 *
 *      load.step()     one key, or one command; false when the file is read
 *
 * Whoever drives it decides how many steps a slice has. What is wrong with a file is thrown with its offset. */

import type { Range } from '../base/bytes.ts'
import type { Log } from '../base/log.ts'
import type { Engine } from '../command/engine.ts'
import { Libraries } from '../command/libraries.ts'
import { loadModuleAux } from './aux.ts'
import type { OpenFile } from './file.ts'
import { type KeyFacts, RdbFileReader, type RdbVisitor } from './rdb/file.ts'
import type { ModuleSource } from './rdb/module-value.ts'
import type { ValueReader } from './rdb/values.ts'
import { readValue } from './values.ts'

/** A file that is being loaded. */
export interface Load {
  /** Bytes read so far. */
  readonly offset: number
  step(): boolean
  close(): void
}

export interface RdbLoadOptions {
  readonly checksSum: boolean
  /** Keys past their time are kept: commands that follow were given while they lived. */
  readonly keepsExpired: boolean
}

/** Loads an RDB file. */
export class RdbLoad implements Load, RdbVisitor {
  keysLoaded = 0
  keysExpired = 0
  /** Keys that the file says it has, as far as it was read. */
  keysAnnounced = 0
  readonly #engine: Engine
  readonly #log: Log
  readonly #file: OpenFile
  readonly #reader: RdbFileReader
  readonly #keepsExpired: boolean
  #db

  constructor(engine: Engine, log: Log, file: OpenFile, options: RdbLoadOptions) {
    this.#engine = engine
    this.#log = log
    this.#file = file
    this.#keepsExpired = options.keepsExpired
    this.#db = engine.keyspace.databases[0]!
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
    this.#engine.keyspace.sequence++
    if (this.#reader.step(this)) return true
    // Snapshots and scans walk from the top down: so they meet keys in the order of the file, from one file to the next.
    for (const db of this.#engine.keyspace.databases) db.keys.reverse()
    return false
  }

  close(): void {
    this.#reader.release()
    this.#file.close()
  }

  // ------------------------------------------------------------------ what the file holds

  aux(): void {}

  database(number: number): void {
    const { databases } = this.#engine.keyspace
    const found = databases[number]
    if (found === undefined)
      throw this.#reader.reader.error(`keys of database ${number}, while there are ${databases.length} databases`)
    this.#db = found
  }

  sizes(keys: number): void {
    this.keysAnnounced += keys
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
    if (db.keys.find(key.buf, key.start, key.end) !== 0) throw this.#reader.reader.error('a key comes twice')
    const record = readValue(db, key, type, values)
    if (record === 0) return
    if (facts.expireMs >= 0) db.setDeadline(record, facts.exactMs === 0n ? facts.expireMs : facts.exactMs)
    this.keysLoaded++
  }
}
