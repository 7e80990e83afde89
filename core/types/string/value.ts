/* String value -- bytes under a key.
 *
 * A short string stands in the key's own record, behind the key: one block, one cache line or two. One beyond INLINE_MAX has a
 * block of its own with room to grow:
 *
 *      record  [ head | key | h e l l o ]              word: 5
 *      record  [ head | key ]  ->  block [ length u32 | - | bytes ... spare ]      word: address
 *
 * OBJECT ENCODING is worked out when asked: `int` for the canonical text of a 64-bit integer, `embstr` up to 44 bytes, else
 * `raw`; a string that was changed in place (APPEND, SETRANGE, SETBIT) stays raw, as in Redis, and says so in its
 * encoding byte. */

import { copyBytes, Range } from '../../base/bytes.ts'
import { parseInteger } from '../../base/numbers.ts'
import { type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../../memory/arena.ts'
import { type Database, INLINE_MAX } from '../../keyspace/database.ts'
import { FORM, recordWord, VALUE_WORD } from '../../keyspace/record.ts'
import {
  type DigestSink,
  type LoadSource,
  type SaveSink,
  type ValueType,
  valueType,
  View,
} from '../../keyspace/value-type.ts'

/** Bytes before the content of a string that has a block of its own. */
const BLOCK_HEAD = 8
/** Encoding byte: 0 as it was set, 1 changed in place. */
const RAW = 1
/** Text, though it may read as a whole number: what INCRBYFLOAT writes. */
export const TEXT = 2
const EMBSTR_MAX = 44

/** A string in the keyspace. */
export class StringView extends View {
  readonly #scratch = new Range()

  /** Name the bytes. */
  range(out: Range): Range {
    const { db, record } = this
    if (db.formOf(record) === FORM.inline) return db.inline(record, out)
    const block = db.wordOf(record)
    out.buf = db.memory.u8[block >>> SLAB_BITS]!
    out.start = ((block & UNIT_MASK) << 3) + BLOCK_HEAD
    out.end = out.start + recordWord(db.memory, block, 0)
    return out
  }

  /** Where the bytes of a long string begin in its block. */
  get blockHead(): number {
    return BLOCK_HEAD
  }

  /** Bytes of the value are about to change: said before any of them is, since a snapshot may need what they were. */
  touch(from: number, to: number): void {
    const { db, record } = this
    const { guard } = db.memory
    if (guard !== null && db.formOf(record) === FORM.block)
      guard.stretch(db.wordOf(record), BLOCK_HEAD + from, BLOCK_HEAD + to)
  }

  get length(): number {
    const { db, record } = this
    const word = db.wordOf(record)
    return db.formOf(record) === FORM.inline ? word : recordWord(db.memory, word, 0)
  }

  /** Replace all bytes; the deadline stays. The bytes may not lie in this value. */
  set(from: Buffer, start: number, end: number): void {
    const length = end - start
    this.#size(length, 0, false)
    const to = this.range(this.#scratch)
    copyBytes(from, start, to.buf, to.start, length)
    this.db.setEncoding(this.record, 0)
  }

  /** Make the string `length` bytes long, keeping what it has and zeroing the rest; from now on it is raw. */
  resize(length: number): void {
    const before = this.length
    this.#size(length, Math.min(before, length), true)
    if (length > before) {
      this.touch(before, length)
      const to = this.range(this.#scratch)
      to.buf.fill(0, to.start + before, to.end)
    }
    this.db.setEncoding(this.record, RAW)
  }

  /** The string was changed in place. */
  markRaw(): void {
    this.db.setEncoding(this.record, RAW)
  }

  /** Give the value `length` bytes, keeping `keep`. With `spare`, a block gets room to grow. */
  #size(length: number, keep: number, spare: boolean): void {
    const { db } = this
    const isInline = db.formOf(this.record) === FORM.inline
    if (isInline && length <= INLINE_MAX) {
      this.record = db.setInline(this.record, length)
      return
    }
    if (isInline) this.#moveOut(length, keep, spare)
    else if (length <= INLINE_MAX / 2) this.#moveIn(length, keep)
    else this.#resizeBlock(length, keep, spare)
  }

  #moveOut(length: number, keep: number, spare: boolean): void {
    const { db } = this
    const block = db.memory.block(db.keyspace.accountOfKeys, BLOCK_HEAD + roomFor(length, spare))
    const from = db.inline(this.record, this.#scratch)
    from.buf.copy(
      db.memory.u8[block >>> SLAB_BITS]!,
      ((block & UNIT_MASK) << 3) + BLOCK_HEAD,
      from.start,
      from.start + keep,
    )
    this.record = db.setBlock(this.record, block)
    setLength(db.memory, block, length)
  }

  #moveIn(length: number, keep: number): void {
    const { db } = this
    const block = db.wordOf(this.record)
    this.record = db.setInline(this.record, length)
    const to = db.inline(this.record, this.#scratch)
    const at = ((block & UNIT_MASK) << 3) + BLOCK_HEAD
    db.memory.u8[block >>> SLAB_BITS]!.copy(to.buf, to.start, at, at + keep)
    db.memory.free(db.keyspace.accountOfKeys, block)
  }

  #resizeBlock(length: number, keep: number, spare: boolean): void {
    const { db } = this
    let block = db.wordOf(this.record)
    const size = db.memory.sizeOf(block)
    if (keep === 0 && db.memory.guard !== null) {
      // Nothing is kept here, but a snapshot may need all of it: it takes the old block over.
      const old = block
      block = db.memory.block(db.keyspace.accountOfKeys, BLOCK_HEAD + roomFor(length, spare))
      this.record = db.setBlock(this.record, block)
      db.memory.free(db.keyspace.accountOfKeys, old)
    } else if (length + BLOCK_HEAD > size || length < size / 4) {
      block = db.memory.resize(db.keyspace.accountOfKeys, block, BLOCK_HEAD + keep, BLOCK_HEAD + roomFor(length, spare))
      this.record = db.setBlock(this.record, block)
    }
    setLength(db.memory, block, length)
  }
}

/** Room for a string that grows: half as much again, a megabyte at most, as Redis sets aside. */
function roomFor(length: number, spare: boolean): number {
  return spare ? length + Math.min(length, 1 << 20) : length
}

function setLength(memory: Memory, block: Address, length: number): void {
  memory.i32[block >>> SLAB_BITS]![(block & UNIT_MASK) << 1] = length
}

export const stringType: ValueType<StringView> = valueType({
  name: 'string',
  id: 0,
  form: 'view' as const,
  view: () => new StringView(),
  create: (db: Database, record: Address): StringView => db.view(record, stringType),
  release(value: StringView, db: Database): void {
    if (db.formOf(value.record) === FORM.block) db.memory.free(db.keyspace.accountOfKeys, db.wordOf(value.record))
  },
  sizeBytes: (value: StringView) =>
    value.db.formOf(value.record) === FORM.block ? value.db.memory.sizeOf(value.db.wordOf(value.record)) : 0,
  encoding(value: StringView): string {
    const kind = value.db.encodingOf(value.record)
    if (kind === RAW) return 'raw'
    const range = value.range(new Range())
    const length = range.length
    if (kind !== TEXT && length > 0 && length <= 20 && !Number.isNaN(parseInteger(range.buf, range.start, range.end)))
      return 'int'
    return length <= EMBSTR_MAX ? 'embstr' : 'raw'
  },
  copy(from: StringView, to: StringView): void {
    const range = from.range(new Range())
    const bytes = range.copy()
    to.set(bytes, 0, bytes.length)
    to.db.setEncoding(to.record, from.db.encodingOf(from.record))
  },
  save(value: StringView, sink: SaveSink): void {
    const range = value.range(new Range())
    sink.string(range.buf, range.start, range.end)
  },
  load(value: StringView, source: LoadSource): void {
    const range = source.string(new Range())
    value.set(range.buf, range.start, range.end)
  },
  rewrite(key: Range, value: StringView, emit): void {
    emit(['SET', key.copy(), value.range(new Range()).copy()])
  },
  digest(value: StringView, sink: DigestSink): void {
    const range = value.range(new Range())
    sink.inOrder(range.buf, range.start, range.end)
  },
})

/** Id of the string type, for handlers that make records themselves. */
export const STRING_ID = 0

/** Whether a record holds its string behind the key, which the fastest paths ask first. */
export function isInlineString(db: Database, record: Address): boolean {
  return db.typeOf(record) === STRING_ID && db.formOf(record) === FORM.inline
}

/** The length word of an inline string. */
export function inlineLength(memory: Memory, record: Address): number {
  return recordWord(memory, record, VALUE_WORD)
}
