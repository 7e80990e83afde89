/* Values in RDB files -- between the keyspace's types and the codecs of rdb/.
 *
 * The core's collections are written in the plain encodings, which every version of Redis reads: a count, then the
 * elements. Module values are written as the module API of Redis has it, each part tagged, under the nine characters of
 * their type. Streams are written in that form too, under a name of our own, until they have Redis's node encoding.
 *
 * Loading takes every encoding that the codecs know, element by element, into a fresh value. */

import { Range } from '../base/bytes.ts'
import type { Database } from '../keyspace/database.ts'
import type { LoadSource, SaveSink, ValueType } from '../keyspace/value-type.ts'
import type { Address } from '../memory/arena.ts'
import { kindOf, TYPE } from './rdb/format.ts'
import { ModuleSink } from './rdb/module-value.ts'
import type { ValueReader } from './rdb/values.ts'
import type { RdbWriter } from './rdb/writer.ts'

/** RDB types of the core's values, in their plain encodings. */
const PLAIN: Readonly<Record<string, number>> = {
  string: TYPE.string,
  list: TYPE.list,
  set: TYPE.set,
  hash: TYPE.hash,
  zset: TYPE.zset,
}

/** The name of streams among module values. */
const STREAM = { name: 'redstr-st', version: 1 }

function moduleOf(type: ValueType): { readonly name: string; readonly version: number } {
  const own = type.module ?? (type.name === 'stream' ? STREAM : undefined)
  if (own === undefined) throw new Error(`values of type ${type.name} cannot be saved`)
  return own
}

/** The type byte of a record's value. */
export function rdbTypeOf(db: Database, record: Address): number {
  const type = db.keyspace.types[db.typeOf(record)]!
  return PLAIN[type.name] ?? TYPE.module
}

/** Takes what a type of the core saves, as a plain encoding. */
class PlainSink implements SaveSink {
  readonly #writer: RdbWriter

  constructor(writer: RdbWriter) {
    this.#writer = writer
  }

  unsigned(n: number | bigint): void {
    this.#writer.length(Number(n))
  }

  signed(n: number | bigint): void {
    this.#writer.length(Number(n))
  }

  string(from: Buffer, start: number, end: number): void {
    this.#writer.slice(from, start, end)
  }

  text(text: string): void {
    this.#writer.text(text)
  }

  double(d: number): void {
    this.#writer.double(d)
  }

  float(d: number): void {
    this.#writer.float(d)
  }
}

/** Write the value of a record, behind its type byte. */
export function writeValue(writer: RdbWriter, db: Database, record: Address): void {
  const type = db.keyspace.types[db.typeOf(record)]!
  const value = db.view(record, type)
  if (PLAIN[type.name] !== undefined) {
    type.save(value, new PlainSink(writer))
    return
  }
  const { name, version } = moduleOf(type)
  const sink = new ModuleSink(writer).open(name, version)
  type.save(value, sink)
  sink.close()
}

/** Views of the core's types, as far as loading needs them; the types themselves are not known here. */
interface Loadable {
  readonly length: number
  set(buf: Buffer, start: number, end: number): void
  set(field: Range, value: Range): boolean
  push(value: Range, front: boolean): void
  add(member: Range): boolean
  put(member: Range, score: number): number
}

/**
 * Read a value into a key that does not exist. Returns its record, or 0 when the value held nothing.
 * @throws RdbError when it is damaged or unknown; then no key is left behind.
 */
export function readValue(db: Database, key: Range, rdbType: number, values: ValueReader): Address {
  const kind = kindOf(rdbType)
  try {
    if (kind === 'module') readModule(db, key, values)
    else if (kind === null || kind === 'stream') throw values.reader.error(`values of type ${rdbType} cannot be loaded`)
    else readCollection(db, key, rdbType, kind, values)
  } catch (error) {
    const record = db.keys.find(key.buf, key.start, key.end)
    if (record !== 0) db.remove(record)
    throw error
  }
  return db.keys.find(key.buf, key.start, key.end)
}

function readCollection(db: Database, key: Range, rdbType: number, kind: string, values: ValueReader): void {
  const { types } = db.keyspace
  const type = types.find(known => known?.name === kind)!
  const value = db.create(key, type) as unknown as Loadable
  const begin = (): void => {}
  switch (kind) {
    case 'string': {
      const bytes = values.reader.string(new Range())
      value.set(bytes.buf, bytes.start, bytes.end)
      return
    }
    case 'list':
      values.collections.list(rdbType, { begin, element: element => value.push(element, false) })
      break
    case 'set':
      values.collections.set(rdbType, { begin, member: member => void value.add(member) })
      break
    case 'zset':
      values.collections.zset(rdbType, { begin, member: (member, score) => void value.put(member, score) })
      break
    default:
      values.collections.hash(rdbType, { begin, field: (field, content) => void value.set(field, content) })
  }
  // An empty collection is no value: older files may hold one.
  if (value.length === 0) db.remove(db.keys.find(key.buf, key.start, key.end))
}

function readModule(db: Database, key: Range, values: ValueReader): void {
  const source = values.module.open()
  const { name, version } = values.module
  const type = db.keyspace.types.find(known => known !== undefined && hasName(known, name))
  if (type === undefined) throw values.reader.error(`a value of the module type ${name}, which is not loaded`)
  const value = db.create(key, type)
  type.load(value, source as unknown as LoadSource, version)
  source.close()
}

function hasName(type: ValueType, name: string): boolean {
  return type.module?.name === name || (type.name === 'stream' && name === STREAM.name)
}
