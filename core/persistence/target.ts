/* Targets -- what a snapshot is written as: an RDB file, or the commands that make the data (aof/command-target.ts). */

import { Range } from '../base/bytes.ts'
import { REDIS_VERSION } from '../base/version.ts'
import type { AuxData } from '../command/aux-data.ts'
import type { Database } from '../keyspace/database.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import type { Dict } from '../memory/dict.ts'
import type { Address } from '../memory/arena.ts'
import { Aside } from './aside.ts'
import { writeModuleAux } from './aux.ts'
import { ValueWriter } from './encode.ts'
import type { Big } from './big.ts'
import type { WholeFile } from './file.ts'
import { type KeyFacts, writeAux, writeDatabase, writeEnd, writeHeader, writeKey, writeLibrary } from './rdb/file.ts'
import { RdbWriter } from './rdb/writer.ts'
import type { Watch } from './watch.ts'

/** A big collection that waits to be written in pieces, with what is said of its key. */
export interface PendingBig {
  readonly number: number
  readonly key: Buffer
  readonly facts: KeyFacts
  readonly big: Big
}

/** Takes the keys of a snapshot, those of one database after those of another, or in turn. */
export interface SnapshotTarget {
  /** Before the first key. */
  begin(nowMs: number): void
  /**
   * A key of database `number`, whose content `keys` is seen through `db`. A collection that is too big to be written now is
   * returned; the caller has it watched, and written in pieces.
   */
  key(number: number, keys: Dict, db: Database, record: Address, watch: Watch): PendingBig | null
  /** Begin a big collection, write its next piece, and end it. */
  open(pending: PendingBig): void
  step(pending: PendingBig): void
  close(pending: PendingBig): void
  /** After one: write some of the keys that came meanwhile. False when there are none left. */
  passOn(): boolean
  /** All that was written so far; it may fall by a little. */
  readonly bytes: number
  /** After the last key: everything is handed to the file. */
  end(): void
  release(): void
}

export interface TargetOptions {
  readonly compresses: boolean
  readonly withSum: boolean
  /** The version of the format, RDB_VERSION unless an older server is to read the file. */
  readonly version: number
  /** Whether the file is to be the base of an append-only file. */
  readonly isAofBase: boolean
  /** What modules keep beside keys, and the code of libraries. */
  readonly aux: readonly AuxData[]
  readonly libraries: Iterable<Buffer>
  /** Collections of more elements are written in pieces; infinite when the file is written in one go. */
  readonly elementsAtOnce: number
}

/** What is common to all: while a big collection is written, keys that come early wait behind it. */
export abstract class PieceTarget implements SnapshotTarget {
  protected readonly keyspace: Keyspace
  protected readonly options: TargetOptions
  protected readonly file: RdbWriter
  /** Takes keys: the file, or what stands aside while a big collection is written and until those are in the file. */
  protected writer: RdbWriter
  #aside: Aside | null = null

  constructor(keyspace: Keyspace, file: WholeFile, options: TargetOptions) {
    this.keyspace = keyspace
    this.options = options
    this.file = this.writer = new RdbWriter(keyspace.memory, {
      sink: (buf, start, end) => file.write(buf, start, end),
      compress: options.compresses,
    })
  }

  abstract begin(nowMs: number): void
  abstract key(number: number, keys: Dict, db: Database, record: Address, watch: Watch): PendingBig | null
  abstract end(): void
  /** What stands before a big collection, and behind it. */
  protected abstract head(pending: PendingBig): void
  protected abstract tail(pending: PendingBig): void

  open(pending: PendingBig): void {
    this.head(pending)
    pending.big.begin(this.file)
    this.#aside = new Aside(this.keyspace.memory, this.options.compresses)
    this.writer = this.#aside.writer
  }

  step({ big }: PendingBig): void {
    big.step(this.file)
  }

  close(pending: PendingBig): void {
    pending.big.end(this.file)
    this.tail(pending)
  }

  passOn(): boolean {
    if (this.#aside === null) return false
    if (this.#aside.passOn(this.file)) return true
    this.#aside.release()
    this.#aside = null
    this.writer = this.file
    return false
  }

  get bytes(): number {
    return this.file.offset + (this.#aside === null ? 0 : this.#aside.writer.offset)
  }

  release(): void {
    this.file.release()
    this.#aside?.release()
  }
}

/** Writes an RDB file. */
export class RdbTarget extends PieceTarget {
  readonly #values: ValueWriter
  readonly #key = new Range()
  readonly #facts = { expireMs: -1, exactMs: 0n, idleSeconds: -1, frequency: -1 }
  #selected = -1

  constructor(keyspace: Keyspace, file: WholeFile, options: TargetOptions) {
    super(keyspace, file, options)
    this.#values = new ValueWriter(keyspace.memory)
    this.#values.version = options.version
    this.#values.compresses = options.compresses
  }

  begin(nowMs: number): void {
    const writer = this.writer
    const options = this.options
    writeHeader(writer, options.version)
    writeAux(writer, 'redis-ver', REDIS_VERSION)
    writeAux(writer, 'redis-bits', '64')
    writeAux(writer, 'ctime', String(Math.floor(nowMs / 1000)))
    writeAux(writer, 'used-mem', String(this.keyspace.memory.usedBytes))
    writeAux(writer, 'aof-base', options.isAofBase ? '1' : '0')
    writeModuleAux(writer, options.aux, 'before')
    for (const code of options.libraries) writeLibrary(writer, Range.of(code))
  }

  key(number: number, keys: Dict, db: Database, record: Address, watch: Watch): PendingBig | null {
    const type = this.#values.typeOf(db, record)
    const expireMs = db.deadlines.of(record)
    const exactMs = expireMs > Number.MAX_SAFE_INTEGER ? db.deadlines.exactOf(record) : 0n
    const idleSeconds = db.keyspace.isLru ? db.idleSeconds(record) : -1
    const frequency = db.frequencyOf(record)
    const big = this.#values.bigOf(db, record, type, this.options.elementsAtOnce, watch)
    if (big !== null) {
      const facts = { expireMs, exactMs, idleSeconds, frequency }
      return { number, key: keys.key(record, this.#key).copy(), facts, big }
    }
    this.#select(number, keys, db)
    this.#facts.expireMs = expireMs
    this.#facts.exactMs = exactMs
    this.#facts.idleSeconds = idleSeconds
    this.#facts.frequency = frequency
    writeKey(this.writer, keys.key(record, this.#key), type, this.#facts)
    this.#values.write(this.writer, db, record, type)
    return null
  }

  #select(number: number, keys: Dict | null, db: Database | null): void {
    if (number === this.#selected) return
    this.#selected = number
    writeDatabase(this.writer, number, keys?.count ?? 0, db?.deadlines.count ?? 0)
  }

  protected head({ number, key, facts, big }: PendingBig): void {
    this.#select(number, null, null)
    writeKey(this.file, Range.of(key), big.type, facts)
  }

  protected tail(): void {}

  end(): void {
    writeModuleAux(this.file, this.options.aux, 'after')
    writeEnd(this.file, this.options.withSum)
  }

  override release(): void {
    super.release()
    this.#values.release()
  }
}
