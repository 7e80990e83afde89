/* Small collections -- loaded and saved without a view: what a file has packed becomes what a record has packed, and back.
 *
 *      rdb/repack.ts    how the bytes are turned into the others
 *      here             which of them a type wants, and up to where
 *
 * A value that is not small, or not usual, goes the way of all others: values.ts and encode.ts. */

import { Range } from '../base/bytes.ts'
import type { Database } from '../keyspace/database.ts'
import type { Keyspace } from '../keyspace/keyspace.ts'
import { listBytesMax, listCountMax } from '../keyspace/limits.ts'
import { FORM } from '../keyspace/record.ts'
import type { ValueType } from '../keyspace/value-type.ts'
import type { Address } from '../memory/arena.ts'
import { CONTAINER, kindOf, TYPE } from './rdb/format.ts'
import { LAYOUT, ListpackMaker, Repacker } from './rdb/repack.ts'
import type { ValueReader } from './rdb/values.ts'
import type { RdbWriter } from './rdb/writer.ts'

/** No type of value has a greater number in a file. */
const TYPES_MAX = 32

/** Loads small collections of a keyspace. */
export class SmallLoader {
  readonly #keyspace: Keyspace
  readonly #repacker = new Repacker()
  /** The keyspace's type of each type of a file that may be small. */
  readonly #types: readonly (ValueType | undefined)[]

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace
    this.#types = Array.from({ length: TYPES_MAX }, (_, rdb) => keyspace.types.find(type => type?.name === kindOf(rdb)))
  }

  /**
   * Append a key with the value that comes next; see Database.appendRecord. 0 when it is to be read otherwise, from where it
   * would have been.
   */
  append(db: Database, key: Range, rdb: number, { collections }: ValueReader): Address {
    const type = this.#types[rdb]
    if (type?.packed === undefined) return 0
    const bytes = collections.peek(rdb)
    if (bytes === null) return 0
    const size = this.#take(rdb, bytes)
    if (size === 0) return 0
    collections.used()
    const encoding = rdb === TYPE.setIntset ? type.packed.integers : type.packed.elements
    return db.appendPacked(key, type.id, encoding, this.#repacker.region, size)
  }

  #take(rdb: number, bytes: Range): number {
    const repacker = this.#repacker
    const { limits } = this.#keyspace
    switch (rdb) {
      case TYPE.hashListpack:
        return repacker.take(bytes, LAYOUT.hash, limits.hashValue, limits.hashEntries * 2)
      case TYPE.setListpack:
        return repacker.take(bytes, LAYOUT.set, limits.setValue, limits.setEntries)
      case TYPE.zsetListpack:
        return repacker.take(bytes, LAYOUT.zset, limits.zsetValue, limits.zsetEntries * 2)
      case TYPE.setIntset:
        return repacker.takeIntegers(bytes, limits.setIntsetEntries)
      case TYPE.listQuicklist2: {
        const most = listBytesMax(limits)
        return bytes.length > most ? 0 : repacker.take(bytes, LAYOUT.list, most, listCountMax(limits))
      }
      default:
        return 0
    }
  }
}

/** Saves small collections. */
export class SmallSaver {
  readonly #maker = new ListpackMaker()
  readonly #region = new Range()
  readonly #listpack = new Range()

  /** The type byte of a record's value that may be saved here, or -1. */
  typeOf(db: Database, record: Address, type: ValueType): number {
    if (type.packed === undefined || db.formOf(record) !== FORM.inline) return -1
    if (db.encodingOf(record) !== type.packed.elements) return -1
    if (type.name === 'hash') return TYPE.hashListpack
    if (type.name === 'zset') return TYPE.zsetListpack
    return type.name === 'set' ? TYPE.setListpack : TYPE.listQuicklist2
  }

  /** Write the value of such a record. False, with nothing written, when it is to be written otherwise. */
  write(writer: RdbWriter, db: Database, record: Address, rdb: number): boolean {
    const { buf, start } = db.inline(record, this.#region)
    if (!this.#maker.make(buf, start, rdb === TYPE.zsetListpack, this.#listpack)) return false
    if (rdb === TYPE.listQuicklist2) {
      writer.length(1)
      writer.length(CONTAINER.packed)
    }
    writer.string(this.#listpack)
    return true
  }
}
