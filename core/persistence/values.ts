/* Loading values -- from the codecs of rdb/ into the keyspace's types; encode.ts is the way back.
 *
 * Every encoding that the codecs know is taken element by element into a fresh value. What the codecs cannot know is checked
 * here: that no element comes twice. */

import { copyBytes, Range } from '../base/bytes.ts'
import { type Database, INLINE_MAX } from '../keyspace/database.ts'
import { setRecordWord, VALUE_WORD } from '../keyspace/record.ts'
import type { LoadSource } from '../keyspace/value-type.ts'
import { type Address, ArenaFull, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
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
  takeIntegers(integers: Range, width: number): boolean
  /** Room is made for about so many bytes; `settle` ends that. */
  expect(bytes: number): void
  settle(): void
}

/**
 * Read a value into a key that does not exist: a look-up of the keys that did not find it stands just before. Returns its
 * record, or 0 when the value held nothing.
 * @throws RdbError when it is damaged or unknown; then no key is left behind.
 */
export function readValue(db: Database, key: Range, rdbType: number, values: ValueReader): Address {
  if (rdbType === TYPE.string) return putString(db, key, values.reader.string(new Range()))
  const kind = kindOf(rdbType)
  try {
    if (kind === 'module') return readModule(db, key, values)
    if (kind === 'stream') return readStream(db, key, rdbType, values)
    if (kind === null) throw values.reader.error(`values of type ${rdbType} cannot be loaded`)
    return readCollection(db, key, rdbType, kind, values)
  } catch (error) {
    const record = db.keys.find(key.buf, key.start, key.end)
    if (record !== 0) db.remove(record)
    throw error
  }
}

/** What a listpack takes for an element beside its bytes, and this server does not. */
const BACK_BYTES = 1

/** Make room for what is to come, as far as that is known. */
const expect = (value: Loadable): ((count: number, bytes: number) => void) => {
  return (count, bytes) => {
    if (count > 0 && bytes > 0) value.expect(bytes - count * BACK_BYTES)
  }
}

/** The commonest value by far: its record is made with room for it, and the bytes go there at once. */
export function putString(db: Database, key: Range, bytes: Range): Address {
  const length = bytes.end - bytes.start
  if (length > INLINE_MAX) return putLongString(db, key, bytes)
  return fillString(db, db.newRecord(key, STRING_ID, length), bytes)
}

/** The same without a way to the key but its place; see Dict.append. The string is not a long one. */
export function appendString(db: Database, key: Range, bytes: Range): Address {
  return fillString(db, db.appendRecord(key, STRING_ID, bytes.end - bytes.start), bytes)
}

function fillString(db: Database, record: Address, bytes: Range): Address {
  const { memory } = db
  const length = bytes.end - bytes.start
  const at = ((record & UNIT_MASK) << 3) + db.keys.tailAt(record)
  copyBytes(bytes.buf, bytes.start, memory.u8[record >>> SLAB_BITS]!, at, length)
  setRecordWord(memory, record, VALUE_WORD, length)
  return record
}

function putLongString(db: Database, key: Range, bytes: Range): Address {
  const value = db.create(key, db.keyspace.types[STRING_ID]!) as unknown as Loadable
  try {
    value.set(bytes.buf, bytes.start, bytes.end)
  } catch (error) {
    db.remove(value.record)
    throw error
  }
  return value.record
}

function readCollection(db: Database, key: Range, rdbType: number, kind: string, values: ValueReader): Address {
  const { types } = db.keyspace
  const type = types.find(known => known?.name === kind)!
  const value = db.create(key, type) as unknown as Loadable
  const begin = expect(value)
  switch (kind) {
    case 'list':
      values.collections.list(rdbType, { begin, element: element => value.push(element, false) })
      break
    case 'set':
      values.collections.set(rdbType, {
        begin,
        integers: (all, width) => value.takeIntegers(all, width),
        member: member => once(value.add(member), values),
      })
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
  value.settle()
  if (value.length > 0) return value.record
  db.remove(value.record)
  return 0
}

/** Each element of a file is new to its collection. */
function once(isNew: boolean, values: ValueReader): void {
  if (!isNew) throw values.reader.error('an element of a collection comes twice')
}

function readStream(db: Database, key: Range, rdbType: number, values: ValueReader): Address {
  const type = db.keyspace.types.find(known => known?.name === 'stream')!
  const value = db.create(key, type) as unknown as StreamValue & { readonly record: Address }
  const loader = new StreamLoader(value, values.reader, rdbType)
  values.streams.stream(rdbType, loader)
  loader.end()
  return value.record
}

function readModule(db: Database, key: Range, values: ValueReader): Address {
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
  return db.keys.find(key.buf, key.start, key.end)
}
