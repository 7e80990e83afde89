/* Sorted set value -- members with scores, in order of score and then of bytes.
 *
 * A small one is packed in its key's record, pairs in order; a larger one is two structures over the same records: a Dict
 * finds a member, a counted tree (structs/ranked.ts) knows its place. A block of 8 bytes holds both roots.
 *
 *      record of a member   +0 u32 position   +4 u8 length   +8 f64 score   +16 member                       */

import { compareRanges, Range } from '../../base/bytes.ts'
import { formatDouble } from '../../base/numbers.ts'
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
import { type Address, SLAB_BITS, UNIT_MASK } from '../../memory/arena.ts'
import { Dict } from '../../memory/dict.ts'
import {
  appendScored,
  count,
  entryAt,
  entryBytes,
  find,
  first,
  HEADER_BYTES,
  indexOf,
  init,
  insertScored,
  memberBound,
  next,
  read,
  readNumber,
  remove,
  rescore,
  scoreBound,
  scoreBytes,
  scoreOf,
  size,
} from '../../structs/packed.ts'
import { Ranked } from '../../structs/ranked.ts'

export const ZSET_ID = 3

const MEMBER_AT = 16
const ROOTS_BYTES = 8

/** What setting a member did. */
export const PUT = { same: 0, updated: 1, added: 2 } as const

/** A table for members and scores that a sorted set can adopt, made for about so many; the caller releases it or hands it over. */
export function tableFor(db: Database, expected: number): Dict {
  const table = new Dict(db.memory, db.keyspace.hashKey, MEMBER_AT, db.keyspace.accountOfKeys)
  table.create(expected)
  return table
}

/** Score of a record of such a table. */
export function scoreIn(table: Dict, record: Address): number {
  return table.memory.f64[record >>> SLAB_BITS]![(record & UNIT_MASK) + 1]!
}

export function setScoreIn(table: Dict, record: Address, score: number): void {
  table.memory.f64[record >>> SLAB_BITS]![(record & UNIT_MASK) + 1] = score
}

/** A sorted set in the keyspace. Member Ranges are valid until it changes. */
export class ZsetView extends PackedView {
  readonly dict: Dict
  readonly ranked: Ranked
  readonly #member = new Range()
  /** Where the greatest pair lies, from the region's start, while a packed set is being filled. */
  #greatest = 0

  constructor(db: Database) {
    super()
    this.dict = new Dict(db.memory, db.keyspace.hashKey, MEMBER_AT, db.keyspace.accountOfKeys)
    this.ranked = new Ranked(db.memory, db.keyspace.accountOfKeys)
  }

  protected bindRoot(root: Address): void {
    const words = this.db.memory.i32[root >>> SLAB_BITS]!
    const at = (root & UNIT_MASK) << 1
    this.dict.bind(words[at]!)
    this.ranked.bind(words[at + 1]!)
  }

  get length(): number {
    return this.isPacked ? count(this.region.buf, this.region.start) >>> 1 : this.dict.count
  }

  #find(member: Range): number {
    return find(this.region.buf, this.region.start, member, 2)
  }

  #scoreOf(record: Address): number {
    return this.dict.memory.f64[record >>> SLAB_BITS]![(record & UNIT_MASK) + 1]!
  }

  /** Score of a member, or NaN. */
  score(member: Range): number {
    if (this.isPacked) {
      const at = this.#find(member)
      return at < 0 ? NaN : scoreOf(this.region.buf, at)
    }
    const record = this.dict.find(member.buf, member.start, member.end)
    return record === 0 ? NaN : this.#scoreOf(record)
  }

  /** Give a member a score. Returns one of PUT. The member may not lie in this set. */
  put(member: Range, score: number): number {
    if (this.isPacked) {
      const at = this.#find(member)
      if (at >= 0) return this.#rescorePacked(at, score)
      const { limits } = this.db.keyspace
      if (this.length < limits.zsetEntries && member.length <= limits.zsetValue) {
        this.#insertPacked(member, score)
        return PUT.added
      }
      this.#unpack()
    }
    const { dict, ranked } = this
    const found = dict.find(member.buf, member.start, member.end)
    if (found === 0) {
      this.#insertRecord(member, score)
      return PUT.added
    }
    const before = this.#scoreOf(found)
    if (before === score) return PUT.same
    dict.change(found)
    ranked.rescore(before, found, score)
    dict.memory.f64[found >>> SLAB_BITS]![(found & UNIT_MASK) + 1] = score
    return PUT.updated
  }

  #insertRecord(member: Range, score: number): void {
    const { dict, ranked } = this
    const record = dict.insert(member.buf, member.start, member.end, 0)
    dict.memory.f64[record >>> SLAB_BITS]![(record & UNIT_MASK) + 1] = score
    try {
      ranked.insert(score, record)
    } catch (error) {
      dict.remove(record) // the tree could not grow: neither structure keeps the member
      throw error
    }
  }

  #rescorePacked(at: number, score: number): number {
    const { region } = this
    if (scoreOf(region.buf, at) === score) return PUT.same
    const offset = at - region.start
    let bytes = rescore(region.buf, region.start, region.end, at, score)
    if (bytes > region.end - region.start) {
      this.reserve(bytes)
      bytes = rescore(region.buf, region.start, region.end, region.start + offset, score)
    }
    this.commit(bytes)
    return PUT.updated
  }

  #insertPacked(member: Range, score: number): void {
    if (this.isFilling) {
      this.#fillPacked(member, score)
      return
    }
    const { region } = this
    let bytes = insertScored(region.buf, region.start, region.end, member, score)
    if (bytes > region.end - region.start) {
      this.reserve(bytes)
      bytes = insertScored(region.buf, region.start, region.end, member, score)
    }
    this.commit(bytes)
  }

  /** The same while being filled, when most come in order: each is compared with the greatest first. */
  #fillPacked(member: Range, score: number): void {
    const { region } = this
    const old = size(region.buf, region.start)
    const isLast = this.length === 0 || this.#isAfter(member, score, region.start + this.#greatest)
    const put = isLast ? appendScored : insertScored
    let bytes = put(region.buf, region.start, region.end, member, score)
    if (bytes > region.end - region.start) {
      this.reserve(bytes)
      bytes = put(region.buf, region.start, region.end, member, score)
    }
    this.#greatest = isLast ? old : this.#greatest + bytes - old
    this.commit(bytes)
  }

  /** Whether a member with a score comes after the pair at a position. */
  #isAfter(member: Range, score: number, at: number): boolean {
    const { buf } = this.region
    const other = scoreOf(buf, at)
    if (score !== other) return score > other
    read(buf, at, this.#member)
    return compareRanges(member, this.#member) > 0
  }

  #unpack(): void {
    const { dict, ranked, db } = this
    const roots = db.memory.block(db.keyspace.accountOfKeys, ROOTS_BYTES)
    const words = db.memory.i32[roots >>> SLAB_BITS]!
    const at = (roots & UNIT_MASK) << 1
    words[at] = dict.create()
    words[at + 1] = ranked.create()
    this.each(0, this.length, false, (member, score) => {
      dict.find(member.buf, member.start, member.end)
      const record = dict.insert(member.buf, member.start, member.end, 0)
      dict.memory.f64[record >>> SLAB_BITS]![(record & UNIT_MASK) + 1] = score
      ranked.append(score, record)
    })
    this.moveOut(roots)
  }

  /**
   * Fill this new, empty set with the records of a table like its own (see `tableFor`): `records` and `scores` list them in
   * order, `longest` is the length of the longest member. The table is taken over, or released.
   * @throws ArenaFull with the table untouched.
   */
  adopt(table: Dict, records: Int32Array, scores: Float64Array, longest: number): void {
    const { db, ranked } = this
    const { limits } = db.keyspace
    if (table.count <= limits.zsetEntries && longest <= limits.zsetValue) {
      this.#packRecords(table, records, scores)
      table.release()
      return
    }
    const roots = db.memory.block(db.keyspace.accountOfKeys, ROOTS_BYTES)
    const words = db.memory.i32[roots >>> SLAB_BITS]!
    const at = (roots & UNIT_MASK) << 1
    try {
      words[at + 1] = ranked.create()
      try {
        ranked.fill(scores, records, table.count)
      } catch (error) {
        ranked.release(words[at + 1]!)
        throw error
      }
    } catch (error) {
      db.memory.free(db.keyspace.accountOfKeys, roots)
      throw error
    }
    words[at] = table.root
    this.dict.bind(table.root)
    this.moveOut(roots)
  }

  #packRecords(table: Dict, records: Int32Array, scores: Float64Array): void {
    const { region } = this
    const member = this.#member
    let bytes = HEADER_BYTES
    for (let i = 0; i < table.count; i++)
      bytes += entryBytes(table.key(records[i]!, member).length) + scoreBytes(scores[i]!)
    this.reserve(bytes)
    for (let i = 0; i < table.count; i++)
      appendScored(region.buf, region.start, region.end, table.key(records[i]!, member), scores[i]! + 0) // -0 becomes 0
    this.commit(bytes)
  }

  /** Take a member out. False when it is not there. */
  delete(member: Range): boolean {
    if (this.isPacked) {
      const at = this.#find(member)
      if (at < 0) return false
      this.commit(remove(this.region.buf, this.region.start, at, 2))
      return true
    }
    const record = this.dict.find(member.buf, member.start, member.end)
    if (record === 0) return false
    this.ranked.remove(this.#scoreOf(record), record)
    this.dict.remove(record)
    return true
  }

  /** Rank of a member, lowest score first, or -1. */
  rank(member: Range): number {
    if (this.isPacked) {
      const at = this.#find(member)
      return at < 0 ? -1 : indexOf(this.region.buf, this.region.start, at) >>> 1
    }
    const record = this.dict.find(member.buf, member.start, member.end)
    return record === 0 ? -1 : this.ranked.rank(this.#scoreOf(record), record)
  }

  /** How many members score less than `score`; also those at it, when `after`. */
  countBelow(score: number, after: boolean): number {
    if (!this.isPacked) return this.ranked.scoreBound(score, after)
    const { buf, start } = this.region
    return this.#index(scoreBound(buf, start, score, after))
  }

  /** How many members come before these bytes; also the member itself, when `after`. For sets whose scores are equal. */
  countBefore(member: Range, after: boolean): number {
    if (!this.isPacked) return this.ranked.memberBound(member, after)
    const { buf, start } = this.region
    return this.#index(memberBound(buf, start, member, after))
  }

  #index(position: number): number {
    const { buf, start } = this.region
    return position >= start + size(buf, start) ? this.length : indexOf(buf, start, position) >>> 1
  }

  /** Visit every member, in no order. The set may not change meanwhile. */
  eachMember(visit: (member: Range, score: number) => void): void {
    if (this.isPacked) {
      this.#eachPacked(0, this.length, false, visit)
      return
    }
    const { dict } = this
    const member = this.#member
    for (let i = 0; i < dict.count; i++) {
      const record = dict.at(i)
      visit(dict.key(record, member), this.#scoreOf(record))
    }
  }

  /** Visit the members of the ranks [from, to), from the highest on when `reverse`. The set may not change meanwhile. */
  each(from: number, to: number, reverse: boolean, visit: (member: Range, score: number) => void): void {
    if (from >= to) return
    if (this.isPacked) this.#eachPacked(from, to, reverse, visit)
    else {
      const { ranked, dict } = this
      const member = this.#member
      ranked.at(reverse ? to - 1 : from)
      for (let left = to - from; left > 0; left--) {
        visit(dict.key(ranked.record, member), ranked.score)
        if (left > 1) reverse ? ranked.previous() : ranked.next()
      }
    }
  }

  /** The same from the lowest on, for those whose score is `wanted`; only their members are looked at. */
  eachWanted(
    from: number,
    to: number,
    wanted: (score: number) => boolean,
    visit: (member: Range, score: number) => void,
  ): void {
    if (from >= to) return
    if (this.isPacked) {
      this.#eachPacked(from, to, false, (member, score) => {
        if (wanted(score)) visit(member, score)
      })
      return
    }
    const { ranked, dict } = this
    const member = this.#member
    ranked.at(from)
    for (let left = to - from; left > 0; left--) {
      const { score } = ranked
      if (wanted(score)) visit(dict.key(ranked.record, member), score)
      if (left > 1) ranked.next()
    }
  }

  #eachPacked(from: number, to: number, reverse: boolean, visit: (member: Range, score: number) => void): void {
    const { buf, start } = this.region
    const member = this.#member
    if (reverse) {
      for (let i = to - 1; i >= from; i--) {
        const scoreAt = read(buf, entryAt(buf, start, i * 2), member)
        visit(member, readNumber(buf, scoreAt))
      }
      return
    }
    let at = from === 0 ? first(start) : entryAt(buf, start, from * 2)
    for (let i = from; i < to; i++) {
      at = read(buf, at, member)
      const score = readNumber(buf, at)
      at = next(buf, at)
      visit(member, score)
    }
  }

  /** The member at a place, in no order for a large set: for sampling and scanning. Returns its score. */
  entry(place: number, out: Range): number {
    if (this.isPacked) {
      const { buf, start } = this.region
      return readNumber(buf, read(buf, entryAt(buf, start, place * 2), out))
    }
    const record = this.dict.at(place)
    this.dict.key(record, out)
    return this.#scoreOf(record)
  }

  /** Take the members of the ranks [from, to) out. */
  deleteRange(from: number, to: number): void {
    if (from >= to) return
    if (this.isPacked) {
      const { buf, start } = this.region
      this.commit(remove(buf, start, entryAt(buf, start, from * 2), (to - from) * 2))
      return
    }
    const { ranked, dict } = this
    const records: Address[] = []
    ranked.at(from)
    for (let i = from; i < to; i++) {
      records.push(ranked.record)
      if (i + 1 < to) ranked.next()
    }
    ranked.removeRange(from, to)
    for (const record of records) dict.remove(record)
  }

  /** Free up to `budget` records and nodes; true when nothing is left. */
  releaseStep(budget: number): boolean {
    const { memory, keyspace } = this.db
    const words = memory.i32[this.root >>> SLAB_BITS]!
    const at = (this.root & UNIT_MASK) << 1
    if (words[at + 1] !== 0) {
      if (!this.ranked.releaseStep(words[at + 1]!, Math.max(1, budget >>> 6))) return false
      words[at + 1] = 0
    }
    if (!this.dict.releaseStep(budget)) return false
    memory.free(keyspace.accountOfKeys, this.root)
    return true
  }

  get sizeBytes(): number {
    if (this.isPacked) return 0
    return this.dict.sizeBytes() + this.ranked.sizeBytes + this.db.memory.sizeOf(this.root)
  }
}

export const zsetType: ValueType<ZsetView> = valueType({
  name: 'zset',
  id: ZSET_ID,
  form: 'view' as const,
  packed: { elements: 0, integers: -1 },
  view: (db: Database) => new ZsetView(db),
  create(db: Database, record: Address): ZsetView {
    const moved = db.setInline(record, HEADER_BYTES)
    const region = db.inline(moved, new Range())
    init(region.buf, region.start)
    return db.view(moved, zsetType)
  },
  release(value: ZsetView): void {
    if (!value.isPacked) while (!value.releaseStep(1 << 20)) {}
  },
  releaseStep: (value: ZsetView, _db: Database, budget: number) => value.releaseStep(budget),
  elements: (value: ZsetView) => (value.isPacked ? 0 : value.dict.count),
  sizeBytes: (value: ZsetView) => value.sizeBytes,
  encoding: (value: ZsetView) => (value.isPacked ? 'listpack' : 'skiplist'),
  copy(from: ZsetView, to: ZsetView): void {
    from.each(0, from.length, false, (member, score) => to.put(Range.of(member.copy()), score))
  },
  save(value: ZsetView, sink: SaveSink): void {
    sink.unsigned(value.length)
    value.each(0, value.length, true, (member, score) => {
      sink.string(member.buf, member.start, member.end)
      sink.double(score)
    })
  },
  load(value: ZsetView, source: LoadSource): void {
    const member = new Range()
    for (let left = source.unsigned(); left > 0; left--) {
      const name = Range.of(source.string(member).copy())
      value.put(name, source.double())
    }
  },
  rewrite(key: Range, value: ZsetView, emit: EmitCommand): void {
    let args: (Buffer | string)[] = []
    const name = key.copy()
    value.each(0, value.length, false, (member, score) => {
      args.push(formatDouble(score), member.copy())
      if (args.length < 128) return
      emit(['ZADD', name, ...args])
      args = []
    })
    if (args.length > 0) emit(['ZADD', name, ...args])
  },
  digest(value: ZsetView, sink: DigestSink): void {
    value.each(0, value.length, false, (member, score) => {
      sink.part(member.buf, member.start, member.end)
      sink.partText(formatDouble(score))
      sink.end()
    })
  },
})
