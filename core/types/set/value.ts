/* Set value -- members without order.
 *
 * Three layouts, as in Redis, told apart by the record's encoding byte and form:
 *
 *      intset      whole numbers only, sorted, packed in the record       up to set-max-intset-entries
 *      listpack    a few short members, packed in the record              up to set-max-listpack-entries and -value
 *      hashtable   a Dict                                                 beyond
 *
 * A set grows from the first to the last of these and never back. */

import { Range } from '../../base/bytes.ts'
import { parseInteger, wideValue, writeBigInteger, writeInteger } from '../../base/numbers.ts'
import type { Database } from '../../keyspace/database.ts'
import { PackedView } from '../../keyspace/packed-view.ts'
import {
  type DigestSink,
  type EmitCommand,
  type LoadSource,
  type SaveSink,
  type ValueType,
  valueType,
} from '../../keyspace/value-type.ts'
import type { Address } from '../../memory/arena.ts'
import { Dict } from '../../memory/dict.ts'
import * as intset from '../../structs/intset.ts'
import { append, count, entryAt, find, first, HEADER_BYTES, init, read, remove } from '../../structs/packed.ts'

export const SET_ID = 2

/** Encoding byte of a packed set. */
const LISTPACK = 1
const INTSET = 2
const MEMBER_AT = 5

/** A table for members that a set can take over, made for about so many; the caller releases it or hands it over. */
export function tableFor(db: Database, expected: number): Dict {
  const table = new Dict(db.memory, db.keyspace.hashKey, MEMBER_AT, db.keyspace.accountOfKeys)
  table.create(expected)
  return table
}

/** A set in the keyspace. Member Ranges are valid until the set changes, and those of an intset until the next is read. */
export class SetView extends PackedView {
  readonly dict: Dict
  readonly #digits = Buffer.from('-9223372036854775808----')
  readonly #member = new Range()
  #isIntset = false

  constructor(db: Database) {
    super()
    this.dict = new Dict(db.memory, db.keyspace.hashKey, MEMBER_AT, db.keyspace.accountOfKeys)
  }

  protected bindRoot(root: Address): void {
    this.dict.bind(root)
  }

  override load(): void {
    super.load()
    this.#isIntset = this.isPacked && this.db.encodingOf(this.record) === INTSET
  }

  get isIntset(): boolean {
    return this.#isIntset
  }

  get length(): number {
    if (!this.isPacked) return this.dict.count
    const { buf, start } = this.region
    return this.#isIntset ? intset.count(buf, start) : count(buf, start)
  }

  has(member: Range): boolean {
    if (!this.isPacked) return this.dict.find(member.buf, member.start, member.end) !== 0
    const { buf, start } = this.region
    if (!this.#isIntset) return find(buf, start, member, 1) >= 0
    const number = parseInteger(member.buf, member.start, member.end)
    return !Number.isNaN(number) && intset.find(buf, start, number) >= 0
  }

  /** The same with the member's hash known; see `eachHashed`. */
  hasHashed(member: Range, hash: number): boolean {
    return this.isPacked ? this.has(member) : this.dict.hasHashed(hash, member.buf, member.start, member.end)
  }

  /** Add a member, which may not lie in this set. False when it was there. */
  add(member: Range): boolean {
    if (this.#isIntset) {
      const added = this.#addNumber(member)
      if (added >= 0) return added === 1
    }
    if (this.isPacked && !this.#isIntset) {
      const { buf, start } = this.region
      if (find(buf, start, member, 1) >= 0) return false
      if (this.#staysPacked(member, count(buf, start))) {
        this.#append(member)
        return true
      }
      this.#toDict()
    }
    const { dict } = this
    if (dict.find(member.buf, member.start, member.end) !== 0) return false
    dict.insert(member.buf, member.start, member.end, 0)
    return true
  }

  /** Add to an intset: 1 when added, 0 when it was there, -1 when the set has taken another layout instead. */
  #addNumber(member: Range): number {
    const { limits } = this.db.keyspace
    const number = parseInteger(member.buf, member.start, member.end)
    const held = intset.count(this.region.buf, this.region.start)
    if (Number.isNaN(number)) {
      if (this.#staysPacked(member, held) && this.#longestNumber() <= limits.setValue) this.#toListpack()
      else this.#toDict()
      return -1
    }
    if (intset.find(this.region.buf, this.region.start, number) >= 0) return 0
    if (held >= Math.min(limits.setIntsetEntries, 1 << 20)) {
      if (this.#staysPacked(member, held)) this.#toListpack()
      else this.#toDict()
      return -1
    }
    const { region } = this
    let bytes = intset.add(region.buf, region.start, region.end, number)
    if (bytes > region.end - region.start) {
      this.reserve(bytes)
      parseInteger(member.buf, member.start, member.end) // the wide number may have been overwritten
      bytes = intset.add(region.buf, region.start, region.end, number)
    }
    this.commit(bytes)
    return 1
  }

  #staysPacked(member: Range, held: number): boolean {
    const { limits } = this.db.keyspace
    return held < limits.setEntries && member.length <= limits.setValue
  }

  #longestNumber(): number {
    const length = this.length
    if (length === 0) return 0
    this.entry(0, this.#member)
    const lowest = this.#member.length
    this.entry(length - 1, this.#member)
    return Math.max(lowest, this.#member.length)
  }

  #append(member: Range): void {
    const { region } = this
    let bytes = append(region.buf, region.start, region.end, member)
    if (bytes > region.end - region.start) {
      this.reserve(bytes)
      bytes = append(region.buf, region.start, region.end, member)
    }
    this.commit(bytes)
  }

  /** Become what is in a table like this set's own. */
  adopt(table: Dict): void {
    this.dict.bind(table.root)
    this.#isIntset = false
    this.moveOut(table.root)
    this.db.setEncoding(this.record, 0)
  }

  #toListpack(): void {
    const members: Buffer[] = []
    this.each(member => members.push(member.copy()))
    this.reserve(HEADER_BYTES)
    this.commit(init(this.region.buf, this.region.start))
    this.db.setEncoding(this.record, LISTPACK)
    this.#isIntset = false
    for (const member of members) this.#append(Range.of(member))
  }

  #toDict(): void {
    const root = this.dict.create()
    const { dict } = this
    this.each(member => {
      dict.find(member.buf, member.start, member.end)
      dict.insert(member.buf, member.start, member.end, 0)
    })
    this.#isIntset = false
    this.moveOut(root)
    this.db.setEncoding(this.record, 0)
  }

  /** The members of an intset: integers in order, the lowest byte first. Returns the bytes of each. */
  integers(out: Range): number {
    const { buf, start } = this.region
    out.set(buf, start + intset.HEADER_BYTES, start + intset.size(buf, start))
    return intset.width(buf, start)
  }

  /** Let an empty set be an intset of such members, strictly ascending. False when there are too many for one. */
  takeIntegers(integers: Range, width: number): boolean {
    const { limits } = this.db.keyspace
    const n = integers.length / width
    if (!this.#isIntset || n > Math.min(limits.setIntsetEntries, intset.COUNT_MAX)) return false
    this.reserve(intset.HEADER_BYTES + integers.length)
    intset.adopt(this.region.buf, this.region.start, integers, width)
    return true
  }

  /** Take a member out. False when it is not there. */
  delete(member: Range): boolean {
    if (!this.isPacked) {
      const record = this.dict.find(member.buf, member.start, member.end)
      if (record === 0) return false
      this.dict.remove(record)
      return true
    }
    const { buf, start } = this.region
    if (this.#isIntset) {
      const number = parseInteger(member.buf, member.start, member.end)
      if (Number.isNaN(number) || !intset.remove(buf, start, number)) return false
      this.commit(intset.size(buf, start))
      return true
    }
    const at = find(buf, start, member, 1)
    if (at < 0) return false
    this.commit(remove(buf, start, at, 1))
    return true
  }

  /** Take the member at a place out. */
  deleteAt(place: number): void {
    if (!this.isPacked) {
      this.dict.remove(this.dict.at(place))
      return
    }
    const { buf, start } = this.region
    if (this.#isIntset) {
      intset.removeAt(buf, start, place)
      this.commit(intset.size(buf, start))
    } else this.commit(remove(buf, start, entryAt(buf, start, place), 1))
  }

  /** The member at a place below `length`. */
  entry(place: number, out: Range): Range {
    if (!this.isPacked) return this.dict.key(this.dict.at(place), out)
    const { buf, start } = this.region
    if (this.#isIntset) return this.#number(place, out)
    read(buf, entryAt(buf, start, place), out)
    return out
  }

  #number(place: number, out: Range): Range {
    const number = intset.at(this.region.buf, this.region.start, place)
    const digits = this.#digits
    out.buf = digits
    out.start = 0
    out.end = Number.isFinite(number) ? writeInteger(digits, 0, number) : writeBigInteger(digits, 0, wideValue())
    return out
  }

  /** Visit every member. The set may not change meanwhile. */
  each(visit: (member: Range) => void): void {
    const member = this.#member
    const length = this.length
    if (!this.isPacked || this.#isIntset) {
      for (let i = 0; i < length; i++) visit(this.entry(i, member))
      return
    }
    const { buf, start } = this.region
    let at = first(start)
    for (let i = 0; i < length; i++) {
      at = read(buf, at, member)
      visit(member)
    }
  }
}

/** Visit the members of a set that all of the others have, or (`isIn` false) that none of them has. Nothing may be stored meanwhile. */
export function eachAmong(
  set: SetView,
  others: readonly SetView[],
  isIn: boolean,
  visit: (member: Range) => void,
): void {
  if (set.isPacked) {
    set.each(member => {
      for (const other of others) if (other.has(member) !== isIn) return
      visit(member)
    })
    return
  }
  const { dict } = set
  const member = new Range()
  dict.eachHashed((record, hash) => {
    dict.key(record, member)
    for (const other of others) if (other.hasHashed(member, hash) !== isIn) return
    visit(member)
  })
}

/** A new, empty set, laid out for its first member, as Redis chooses: numbers alone make an intset. */
export function createSet(db: Database, key: Range, member: Range): SetView {
  const value = db.create(key, setType)
  if (!Number.isNaN(parseInteger(member.buf, member.start, member.end))) return value
  const { region } = value
  init(region.buf, region.start)
  db.setEncoding(value.record, LISTPACK)
  value.load()
  return value
}

/**
 * Make a set of what is in a table, which is not empty: in the layout that it would have if its members were added one by one.
 * Whether the table was taken over; otherwise it is the caller's still.
 * @throws ArenaFull with no key made.
 */
export function storeTable(db: Database, key: Range, table: Dict): boolean {
  const member = new Range()
  const set = createSet(db, key, table.key(table.at(0), member))
  try {
    const { setEntries, setIntsetEntries } = db.keyspace.limits
    if (table.count > Math.max(setEntries, setIntsetEntries)) {
      set.adopt(table)
      return true
    }
    for (let i = 0; i < table.count; i++) set.add(table.key(table.at(i), member))
    return false
  } catch (error) {
    db.remove(db.find(key)) // out of memory: no part of it stays behind
    throw error
  }
}

export const setType: ValueType<SetView> = valueType({
  name: 'set',
  id: SET_ID,
  form: 'view' as const,
  packed: { elements: LISTPACK, integers: INTSET },
  view: (db: Database) => new SetView(db),
  create(db: Database, record: Address): SetView {
    const moved = db.setInline(record, HEADER_BYTES)
    const region = db.inline(moved, new Range())
    intset.init(region.buf, region.start)
    db.setEncoding(moved, INTSET)
    return db.view(moved, setType)
  },
  release(value: SetView): void {
    if (!value.isPacked) value.dict.release()
  },
  releaseStep: (value: SetView, _db: Database, budget: number) => value.dict.releaseStep(budget),
  elements: (value: SetView) => (value.isPacked ? 0 : value.dict.count),
  sizeBytes: (value: SetView) => (value.isPacked ? 0 : value.dict.sizeBytes()),
  encoding: (value: SetView) => (value.isIntset ? 'intset' : value.isPacked ? 'listpack' : 'hashtable'),
  copy(from: SetView, to: SetView): void {
    from.each(member => to.add(Range.of(member.copy())))
  },
  save(value: SetView, sink: SaveSink): void {
    sink.unsigned(value.length)
    value.each(member => sink.string(member.buf, member.start, member.end))
  },
  load(value: SetView, source: LoadSource): void {
    const member = new Range()
    for (let left = source.unsigned(); left > 0; left--) value.add(source.string(member))
  },
  rewrite(key: Range, value: SetView, emit: EmitCommand): void {
    let args: Buffer[] = []
    const name = key.copy()
    value.each(member => {
      args.push(member.copy())
      if (args.length < 64) return
      emit(['SADD', name, ...args])
      args = []
    })
    if (args.length > 0) emit(['SADD', name, ...args])
  },
  digest(value: SetView, sink: DigestSink): void {
    value.each(member => sink.inAnyOrder(member.buf, member.start, member.end))
  },
})
