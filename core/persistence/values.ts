/* Loading values -- from the codecs of rdb/ into the keyspace's types; encode.ts is the way back.
 *
 * Every encoding that the codecs know is taken element by element into a fresh value. What the codecs cannot know is checked
 * here: that no element comes twice. */

import { Range } from '../base/bytes.ts'
import { type Database, INLINE_MAX } from '../keyspace/database.ts'
import type { LoadSource } from '../keyspace/value-type.ts'
import { type Address, ArenaFull } from '../memory/arena.ts'
import { kindOf, RdbError, TYPE } from './rdb/format.ts'
import type { ValueReader } from './rdb/values.ts'
import { StreamLoader, type StreamValue } from './stream.ts'

/** Strings are the first of the native types. */
const STRING_ID = 0

/** What putting a new member into a sorted set returns. */
const ADDED = 2

/** Views of the core's types, as far as loading needs them; the types themselves are not known here. */
interface Loadable {
  readonly record: Address
  readonly length: number
  set(buf: Buffer, start: number, end: number): void
  set(field: Range, value: Range): boolean
  setDeadline(field: Range, deadline: number): void
  push(value: Range, front: boolean): void
  add(member: Range): boolean
  put(member: Range, score: number): number
}

/**
 * Read a value into a key that does not exist. Returns its record, or 0 when the value held nothing.
 * @throws RdbError when it is damaged or unknown; then no key is left behind.
 */
export function readValue(db: Database, key: Range, rdbType: number, values: ValueReader): Address {
  if (rdbType === TYPE.string) return readString(db, key, values)
  const kind = kindOf(rdbType)
  try {
    if (kind === 'module') readModule(db, key, values)
    else if (kind === 'stream') readStream(db, key, rdbType, values)
    else if (kind === null) throw values.reader.error(`values of type ${rdbType} cannot be loaded`)
    else readCollection(db, key, rdbType, kind, values)
  } catch (error) {
    const record = db.keys.find(key.buf, key.start, key.end)
    if (record !== 0) db.remove(record)
    throw error
  }
  return db.keys.find(key.buf, key.start, key.end)
}

const begin = (): void => {}

/** The commonest value by far: its record is made with room for it. */
function readString(db: Database, key: Range, values: ValueReader): Address {
  const type = db.keyspace.types[STRING_ID]!
  const bytes = values.reader.string(new Range())
  const length = bytes.end - bytes.start
  const value = db.create(key, type, length <= INLINE_MAX ? length : 0) as unknown as Loadable
  try {
    value.set(bytes.buf, bytes.start, bytes.end)
  } catch (error) {
    db.remove(value.record)
    throw error
  }
  return value.record
}

function readCollection(db: Database, key: Range, rdbType: number, kind: string, values: ValueReader): void {
  const { types } = db.keyspace
  const type = types.find(known => known?.name === kind)!
  const value = db.create(key, type) as unknown as Loadable
  switch (kind) {
    case 'list':
      values.collections.list(rdbType, { begin, element: element => value.push(element, false) })
      break
    case 'set':
      values.collections.set(rdbType, { begin, member: member => once(value.add(member), values) })
      break
    case 'zset':
      values.collections.zset(rdbType, {
        begin,
        member: (member, score) => once(value.put(member, score) === ADDED, values),
      })
      break
    default:
      values.collections.hash(rdbType, {
        begin,
        field(field, content, deadline) {
          once(value.set(field, content), values)
          if (deadline > 0) value.setDeadline(field, deadline)
        },
      })
  }
  // An empty collection is no value: older files may hold one.
  if (value.length === 0) db.remove(db.keys.find(key.buf, key.start, key.end))
}

/** Each element of a file is new to its collection. */
function once(isNew: boolean, values: ValueReader): void {
  if (!isNew) throw values.reader.error('an element of a collection comes twice')
}

function readStream(db: Database, key: Range, rdbType: number, values: ValueReader): void {
  const type = db.keyspace.types.find(known => known?.name === 'stream')!
  const loader = new StreamLoader(db.create(key, type) as unknown as StreamValue, values.reader, rdbType)
  values.streams.stream(rdbType, loader)
  loader.end()
}

function readModule(db: Database, key: Range, values: ValueReader): void {
  const source = values.module.open()
  const { name, version } = values.module
  const type = db.keyspace.types.find(known => known?.module?.name === name)
  if (type === undefined) throw values.reader.error(`a value of the module type ${name}, which is not loaded`)
  const value = db.create(key, type)
  try {
    type.load(value, source as unknown as LoadSource, version)
  } catch (error) {
    // A module says in its own way that it cannot take the parts.
    if (error instanceof RdbError || error instanceof ArenaFull || !(error instanceof Error)) throw error
    throw values.reader.error(`a value of the module type ${name} is damaged (${error.message})`)
  }
  source.close()
}
