/* Collections -- lists, sets, sorted sets and hashes out of a dump file, element by element.
 *
 * Each kind has been written in several encodings over the years, which differ in bytes but not in meaning; one visitor a kind
 * is told the elements of all of them. A type's loader is a visitor, so no collection is ever built twice:
 *
 *     list    plain    ziplist    quicklist of ziplists    quicklist of listpacks and plain nodes       element(bytes)
 *     set     plain    intset     listpack                                                              member(bytes)
 *     zset    text scores    binary scores    ziplist    listpack                                       member(bytes, score)
 *     hash    plain    zipmap     ziplist    listpack    each with times of its fields                  field(name, value, deadline)
 *
 * The Ranges given to a visitor are valid during that call only. Counts are what the file claims: hints, to be bounded before
 * memory is taken for them. What a file may hold and a type may not (an element twice, an empty collection) is for the
 * visitor to see.
 *
 *   O(bytes), nothing allocated for an element */

import { Range } from '../../base/bytes.ts'
import type { ElementCursor } from './elements.ts'
import { CONTAINER, TYPE } from './format.ts'
import { IntsetCursor } from './intset.ts'
import { ListpackCursor } from './listpack.ts'
import type { RdbReader } from './reader.ts'
import { ZiplistCursor, ZipmapCursor } from './ziplist.ts'

export interface ListVisitor {
  /** How many elements are to come, -1 when that is not known, and in how many bytes they lie, 0 when that is not known. */
  begin(count: number, bytes: number): void
  element(element: Range): void
}

export interface SetVisitor {
  /** All members, as integers of `width` bytes in order. True when they were taken; else they come one by one. */
  integers(all: Range, width: number): boolean
  begin(count: number, bytes: number): void
  member(member: Range): void
}

export interface ZsetVisitor {
  begin(count: number, bytes: number): void
  /** Scores are never NaN. */
  member(member: Range, score: number): void
}

export interface HashVisitor {
  begin(count: number, bytes: number): void
  /** `deadline` is the time in milliseconds at which the field expires, 0 when it does not. */
  field(name: Range, value: Range, deadline: number): void
}

/** Types that are one packed string, in the forms of today. */
const PACKED_TYPES: readonly number[] = [TYPE.hashListpack, TYPE.setListpack, TYPE.setIntset, TYPE.zsetListpack]

/** Greater times of hash fields are refused. */
const DEADLINE_MAX = 0xfffffffffffe

/** Reads collections with one reader. */
export class CollectionReader {
  readonly #reader: RdbReader
  readonly #listpack: ListpackCursor
  readonly #ziplist: ZiplistCursor
  readonly #zipmap: ZipmapCursor
  readonly #intset: IntsetCursor
  readonly #packed = new Range()
  /** Whether that was read already, by peek(), and the nodes of the list to which it belongs. */
  #isPeeked = false
  #nodes = -1
  readonly #first = new Range()
  readonly #second = new Range()

  constructor(reader: RdbReader) {
    this.#reader = reader
    this.#listpack = new ListpackCursor(reader)
    this.#ziplist = new ZiplistCursor(reader)
    this.#zipmap = new ZipmapCursor(reader)
    this.#intset = new IntsetCursor(reader)
  }

  /**
   * The packed string of a value that is one, valid until something else is read; null for the types that are none. Whoever
   * can use it is done with the value; it can still be read otherwise.
   */
  peek(type: number): Range | null {
    const reader = this.#reader
    if (type === TYPE.listQuicklist2) {
      this.#nodes = reader.length()
      if (this.#nodes !== 1) return null
      this.#container = reader.length()
      if (this.#container !== CONTAINER.packed) return null
    } else if (!PACKED_TYPES.includes(type)) return null
    this.#isPeeked = true
    return reader.string(this.#packed)
  }

  /** What peek() gave was used. */
  used(): void {
    this.#isPeeked = false
    this.#nodes = -1
  }

  #container = 0

  /** Read the packed string that comes next. */
  #open(cursor: ElementCursor): ElementCursor {
    if (!this.#isPeeked) this.#reader.string(this.#packed)
    this.#isPeeked = false
    return cursor.open(this.#packed)
  }

  /** Tuples of a packed string. */
  #tuples(cursor: ElementCursor, size: number): number {
    if (cursor.count > 0 && cursor.count % size !== 0) throw cursor.damaged()
    return cursor.count < 0 ? -1 : cursor.count / size
  }

  /** Read a list of any of its types. */
  list(type: number, visitor: ListVisitor): void {
    const reader = this.#reader
    if (type === TYPE.list) {
      const count = reader.length()
      visitor.begin(count, 0)
      for (let i = 0; i < count; i++) visitor.element(reader.string(this.#first))
    } else if (type === TYPE.listZiplist) {
      const cursor = this.#open(this.#ziplist)
      visitor.begin(cursor.count, this.#packed.length)
      this.#elements(cursor, visitor)
    } else this.#quicklist(type, visitor)
  }

  #quicklist(type: number, visitor: ListVisitor): void {
    const reader = this.#reader
    const isPeeked = this.#nodes >= 0
    const nodes = isPeeked ? this.#nodes : reader.length()
    this.#nodes = -1
    if (nodes !== 1) visitor.begin(-1, 0)
    for (let i = 0; i < nodes; i++) {
      let container: number = CONTAINER.packed
      if (isPeeked && nodes === 1) container = this.#container
      else if (type === TYPE.listQuicklist2) container = reader.length()
      if (container === CONTAINER.plain) visitor.element(reader.string(this.#first))
      else if (container !== CONTAINER.packed) throw reader.error(`an unknown kind of list node (${container})`)
      else {
        const cursor = this.#open(type === TYPE.listQuicklist ? this.#ziplist : this.#listpack)
        if (nodes === 1) visitor.begin(cursor.count, this.#packed.length)
        this.#elements(cursor, visitor)
      }
    }
  }

  #elements(cursor: ElementCursor, visitor: ListVisitor): void {
    while (cursor.next()) visitor.element(cursor.bytes(this.#first))
  }

  /** Read a set of any of its types. */
  set(type: number, visitor: SetVisitor): void {
    const reader = this.#reader
    if (type === TYPE.set) {
      const count = reader.length()
      visitor.begin(count, 0)
      for (let i = 0; i < count; i++) visitor.member(reader.string(this.#first))
      return
    }
    if (type === TYPE.setIntset) {
      this.#integers(visitor)
      return
    }
    const cursor = this.#open(this.#listpack)
    visitor.begin(cursor.count, this.#packed.length)
    while (cursor.next()) visitor.member(cursor.bytes(this.#first))
  }

  #integers(visitor: SetVisitor): void {
    const cursor = this.#intset
    this.#open(cursor)
    while (cursor.next()) {} // looks whether they are in order
    if (visitor.integers(this.#first, cursor.integers(this.#first))) return
    cursor.open(this.#packed)
    visitor.begin(cursor.count, this.#packed.length)
    while (cursor.next()) visitor.member(cursor.bytes(this.#first))
  }

  /** Read a sorted set of any of its types. */
  zset(type: number, visitor: ZsetVisitor): void {
    const reader = this.#reader
    if (type === TYPE.zsetZiplist || type === TYPE.zsetListpack) {
      this.#packedZset(this.#open(type === TYPE.zsetZiplist ? this.#ziplist : this.#listpack), visitor)
      return
    }
    const count = reader.length()
    visitor.begin(count, 0)
    for (let i = 0; i < count; i++) {
      reader.string(this.#first)
      reader.keep(this.#first)
      const score = type === TYPE.zset ? reader.double() : reader.doubleText()
      reader.letGo()
      if (Number.isNaN(score)) throw reader.error('a score that is no number')
      visitor.member(this.#first, score)
    }
  }

  #packedZset(cursor: ElementCursor, visitor: ZsetVisitor): void {
    visitor.begin(this.#tuples(cursor, 2), this.#packed.length)
    while (cursor.next()) {
      cursor.bytes(this.#first)
      const score = cursor.must().number()
      if (Number.isNaN(score)) throw this.#reader.error('a score that is no number')
      visitor.member(this.#first, score)
    }
  }

  /** Read a hash of any of its types. */
  hash(type: number, visitor: HashVisitor): void {
    if (type === TYPE.hash) this.#plainHash(visitor)
    else if (type === TYPE.hashZipmap) this.#packedHash(this.#zipmap, visitor)
    else if (type === TYPE.hashZiplist) this.#packedHash(this.#ziplist, visitor)
    else if (type === TYPE.hashListpack) this.#packedHash(this.#listpack, visitor)
    else if (type === TYPE.hashTimesPreGa) this.#plainTimes(1, visitor)
    else if (type === TYPE.hashTimes) this.#plainTimes(this.#reader.milliseconds(), visitor)
    else {
      // The earliest deadline, by which Redis orders keys without looking into them.
      if (type === TYPE.hashListpackTimes) this.#reader.milliseconds()
      this.#packedTimes(visitor)
    }
  }

  #plainHash(visitor: HashVisitor): void {
    const count = this.#reader.length()
    visitor.begin(count, 0)
    for (let i = 0; i < count; i++) {
      this.#reader.pair(this.#first, this.#second)
      visitor.field(this.#first, this.#second, 0)
    }
  }

  #packedHash(cursor: ElementCursor, visitor: HashVisitor): void {
    this.#open(cursor)
    visitor.begin(this.#tuples(cursor, 2), this.#packed.length)
    while (cursor.next()) {
      cursor.bytes(this.#first)
      cursor.must().bytes(this.#second)
      visitor.field(this.#first, this.#second, 0)
    }
  }

  /** Times are told relative to the least one, plus one, since 0 means none. The first form had absolute ones. */
  #plainTimes(least: number, visitor: HashVisitor): void {
    const reader = this.#reader
    const count = reader.length()
    visitor.begin(count, 0)
    for (let i = 0; i < count; i++) {
      const time = reader.length()
      const deadline = time === 0 ? 0 : least + time - 1
      this.#checkDeadline(deadline)
      reader.pair(this.#first, this.#second)
      visitor.field(this.#first, this.#second, deadline)
    }
  }

  /** Fields stand in the order of their deadlines, those without one behind the others. */
  #packedTimes(visitor: HashVisitor): void {
    const cursor = this.#open(this.#listpack)
    visitor.begin(this.#tuples(cursor, 3), this.#packed.length)
    let least = 0
    while (cursor.next()) {
      cursor.bytes(this.#first)
      cursor.must().bytes(this.#second)
      const deadline = cursor.must().number()
      this.#checkDeadline(deadline)
      const place = deadline === 0 ? Number.POSITIVE_INFINITY : deadline
      if (place < least) throw this.#reader.error('fields that are not in the order of their times')
      least = place
      visitor.field(this.#first, this.#second, deadline)
    }
  }

  #checkDeadline(deadline: number): void {
    if (!(deadline >= 0 && deadline <= DEADLINE_MAX)) throw this.#reader.error('a field with an impossible time')
  }
}
