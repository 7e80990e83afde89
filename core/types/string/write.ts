/* Writing strings -- what SET, GETSET, INCR and others do to a key. */

import { copyBytes, type Range } from '../../base/bytes.ts'
import { type Address, SLAB_BITS, UNIT_MASK } from '../../memory/arena.ts'
import { type Database, INLINE_MAX } from '../../keyspace/database.ts'
import { EXPIRE_WORD, recordWord, setRecordWord, VALUE_WORD } from '../../keyspace/record.ts'
import { isInlineString, STRING_ID, stringType } from './value.ts'

/**
 * Let a key hold a string, whatever it held before. Returns its record.
 * @param record what a find just returned for the key.  @param keepTtl keep its deadline.
 */
export function putString(db: Database, key: Range, record: Address, value: Range, keepTtl: boolean): Address {
  const length = value.end - value.start
  if (length > INLINE_MAX || (record !== 0 && !isInlineString(db, record)))
    return putSlowly(db, key, record, value, keepTtl)
  let target: Address
  if (record === 0) target = db.newRecord(key, STRING_ID, length)
  else {
    db.keyspace.change(db, record)
    target = db.setInline(record, length)
    if (!keepTtl && recordWord(db.memory, target, EXPIRE_WORD) !== 0) db.deadlines.clear(target)
    if (db.encodingOf(target) !== 0) db.setEncoding(target, 0)
    db.touch(target)
  }
  setRecordWord(db.memory, target, VALUE_WORD, length)
  const at = ((target & UNIT_MASK) << 3) + db.keys.tailAt(target)
  copyBytes(value.buf, value.start, db.memory.u8[target >>> SLAB_BITS]!, at, length)
  return target
}

/** A long string, or a key that held another type or form. */
function putSlowly(db: Database, key: Range, record: Address, value: Range, keepTtl: boolean): Address {
  const deadline = keepTtl && record !== 0 ? db.deadlines.exactOf(record) : -1n
  if (record !== 0 && db.typeOf(record) !== STRING_ID) {
    db.remove(record)
    record = 0
  } else if (record !== 0) db.keyspace.change(db, record)
  const view = record === 0 ? db.create(key, stringType) : db.view(record, stringType)
  view.set(value.buf, value.start, value.end)
  if (deadline >= 0n) db.setDeadline(view.record, deadline)
  else if (!keepTtl) db.deadlines.clear(view.record)
  return view.record
}
