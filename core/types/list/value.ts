/* List value -- a deque of byte strings.
 *
 * A short list is packed in its key's record; a longer one is a List (structs/list.ts) of wire-encoded elements. The step
 * from one to the other happens at `list-max-listpack-size`, and back when the list has shrunk to half of that. */

import { Range } from '../../base/bytes.ts'
import type { Database } from '../../keyspace/database.ts'
import { listBytesMax, listCountMax } from '../../keyspace/limits.ts'
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
import type { Reply } from '../../resp/reply.ts'
import { List } from '../../structs/list.ts'
import { LISTPACK_FRAME_BYTES, listpackBytes, listpackEntryBytes } from './listpack-size.ts'
import {
  append,
  count,
  entryAt,
  entryBytes,
  find,
  first,
  HEADER_BYTES,
  init,
  insert,
  next,
  read,
  remove,
  replace,
  size,
} from '../../structs/packed.ts'

export const LIST_ID = 1

/** How many bytes an entry takes more in Redis at most, and what share of ours at least. */
const ENTRY_MORE_MAX = 5
const ENTRY_SHARE_MIN = 0.45

/** A list in the keyspace. Element Ranges are valid until the list changes. */
export class ListView extends PackedView {
  readonly #list: List
  readonly #element = new Range()
  /** The packed list whose size in Redis is known, what it had in bytes here then, and that size. */
  #sizedRecord: Address = 0
  #sizedBytes = 0
  #listpackSize = 0

  constructor(db: Database) {
    super()
    this.#list = new List(db.memory, db.keyspace.accountOfKeys)
  }

  protected bindRoot(root: Address): void {
    this.#list.bind(root)
  }

  get length(): number {
    return this.isPacked ? count(this.region.buf, this.region.start) : this.#list.length
  }

  /** Fill `out` with the element at an index, from the tail if negative. False when there is none. */
  at(index: number, out: Range): boolean {
    if (!this.isPacked) return this.#list.at(index, out)
    const { buf, start } = this.region
    const length = count(buf, start)
    const i = index < 0 ? index + length : index
    if (i < 0 || i >= length) return false
    read(buf, entryAt(buf, start, i), out)
    return true
  }

  push(value: Range, front: boolean): void {
    this.prepare(value.length, 1)
    this.put(value, front)
  }

  /** So many elements, of so many bytes in all, will be put in: a list that they make too long is packed no more. */
  prepare(bytes: number, elements: number): void {
    if (this.isPacked && !this.#stays(bytes, elements)) this.#unpack()
  }

  /** Put in an element that the list is prepared for. */
  put(value: Range, front: boolean): void {
    if (!this.isPacked) {
      if (front) this.#list.pushFront(value)
      else this.#list.pushBack(value)
      return
    }
    if (front) this.#insertAt(first(this.region.start) - this.region.start, value)
    else this.#insertAt(size(this.region.buf, this.region.start), value)
  }

  #insertAt(offset: number, value: Range): void {
    const { region } = this
    const before = size(region.buf, region.start)
    let bytes = insert(region.buf, region.start, region.end, region.start + offset, value)
    if (bytes > region.end - region.start) {
      this.reserve(bytes)
      this.#sizedRecord = 0 // the record has moved
      bytes = insert(region.buf, region.start, region.end, region.start + offset, value)
    }
    this.commit(bytes)
    this.#grown(value, before)
  }

  /** Whether a list with some more elements, of so many bytes in all, stays packed. */
  #stays(bytes: number, elements: number): boolean {
    const { limits } = this.db.keyspace
    const { buf, start } = this.region
    const held = count(buf, start)
    if (held + elements > listCountMax(limits)) return false
    const room = listBytesMax(limits) - bytes
    const own = size(buf, start)
    // What an entry may take more, and less, in Redis; only between these bounds is the exact size looked for.
    if (own + held * ENTRY_MORE_MAX + 1 <= room) return true
    if (own * ENTRY_SHARE_MIN > room) return false
    return this.#listpackBytes(own) <= room
  }

  /** What Redis would need for what the region holds, `own` bytes here; for the list that was asked about last only what is new is counted. */
  #listpackBytes(own: number): number {
    const { buf, start } = this.region
    const isKnown = this.record === this.#sizedRecord && own === this.#sizedBytes
    const bytes = isKnown ? this.#listpackSize : listpackBytes(buf, start)
    this.#sizedRecord = this.record
    this.#sizedBytes = own
    this.#listpackSize = bytes
    return bytes
  }

  /** An element was added to the region, which had `before` bytes. */
  #grown(value: Range, before: number): void {
    if (this.record !== this.#sizedRecord || before !== this.#sizedBytes) return
    this.#sizedBytes = size(this.region.buf, this.region.start)
    this.#listpackSize += listpackEntryBytes(value)
  }

  #unpack(): void {
    const { buf, start } = this.region
    const list = this.#list
    const root = list.create()
    let at = first(start)
    for (let left = count(buf, start); left > 0; left--) {
      at = read(buf, at, this.#element)
      list.pushBack(this.#element)
    }
    this.moveOut(root)
  }

  /** Back into the record, once the list is down to half of what may be packed. */
  #packIfSmall(): void {
    if (this.isPacked) return
    const { limits } = this.db.keyspace
    const list = this.#list
    if (limits.listSize >= 0 ? list.length * 2 > listCountMax(limits) : list.length * 4 > listBytesMax(limits)) return
    let bytes = HEADER_BYTES
    let inRedis = LISTPACK_FRAME_BYTES
    const limit = listBytesMax(limits) / 2
    for (let more = list.seek(0); more && list.next(this.#element); ) {
      bytes += entryBytes(this.#element.length)
      inRedis += listpackEntryBytes(this.#element)
      if (inRedis > limit) return
    }
    this.#pack(bytes)
  }

  #pack(bytes: number): void {
    const { db } = this
    const root = this.root
    this.record = db.setInline(this.record, bytes)
    this.isPacked = true
    this.loadRegion()
    const { region } = this
    init(region.buf, region.start)
    for (let more = this.#list.seek(0); more && this.#list.next(this.#element); )
      append(region.buf, region.start, region.end, this.#element)
    this.commit(bytes)
    this.#list.release(root)
  }

  /** Take `n` elements from an end, all if there are fewer. They must have been read before. */
  drop(n: number, front: boolean): void {
    if (this.isPacked) {
      const length = this.length
      const few = Math.min(n, length)
      this.#removeRange(front ? 0 : length - few, few)
      return
    }
    if (front) this.#list.dropFront(n)
    else this.#list.dropBack(n)
    this.#packIfSmall()
  }

  #removeRange(from: number, n: number): void {
    const { buf, start } = this.region
    if (n > 0) this.commit(remove(buf, start, from === this.length ? start : entryAt(buf, start, from), n))
  }

  /** Keep the elements with indexes in [from, to). */
  trim(from: number, to: number): void {
    if (this.isPacked) {
      const length = this.length
      this.#removeRange(to, length - to)
      this.#removeRange(0, from)
      return
    }
    this.#list.trim(from, to)
    this.#packIfSmall()
  }

  /** Replace the element at an index that exists, counted from the head. */
  set(index: number, value: Range): void {
    this.prepare(value.length, 1)
    if (!this.isPacked) {
      this.#list.set(index, value)
      this.#packIfSmall()
      return
    }
    const { region } = this
    this.#sizedRecord = 0
    const offset = entryAt(region.buf, region.start, index) - region.start
    let bytes = replace(region.buf, region.start, region.end, region.start + offset, value)
    if (bytes > region.end - region.start) {
      this.reserve(bytes)
      bytes = replace(region.buf, region.start, region.end, region.start + offset, value)
    }
    this.commit(bytes)
  }

  /** Put a value before the element at `index`, or at the end. */
  insert(index: number, value: Range): void {
    this.prepare(value.length, 1)
    if (!this.isPacked) {
      this.#list.insert(index, value)
      return
    }
    const { buf, start } = this.region
    this.#insertAt((index === count(buf, start) ? start + size(buf, start) : entryAt(buf, start, index)) - start, value)
  }

  /** Index of the first element that holds `value`, from index `from` on, towards the tail or the head; -1 for none. */
  find(value: Range, from: number, backwards: boolean, most: number): number {
    if (!this.isPacked) return this.#list.find(value, from, backwards, most)
    const { buf, start } = this.region
    if (!backwards && from === 0 && most >= this.length) {
      const at = find(buf, start, value, 1)
      return at < 0 ? -1 : this.#indexOf(at)
    }
    const step = backwards ? -1 : 1
    for (let i = from, left = most; i >= 0 && i < this.length && left > 0; i += step, left--)
      if (this.at(i, this.#element) && same(this.#element, value)) return i
    return -1
  }

  #indexOf(position: number): number {
    const { buf, start } = this.region
    let index = 0
    for (let at = first(start); at !== position; at = next(buf, at)) index++
    return index
  }

  /** Take out up to `most` elements that hold `value`, from the head or the tail on. Returns how many. */
  remove(value: Range, most: number, backwards: boolean): number {
    if (!this.isPacked) {
      const removed = this.#list.remove(value, most, backwards)
      this.#packIfSmall()
      return removed
    }
    let removed = 0
    for (let i = backwards ? this.length - 1 : 0; removed < most; ) {
      const at = this.find(value, i, backwards, this.length)
      if (at < 0) break
      this.#removeRange(at, 1)
      removed++
      i = backwards ? at - 1 : at
      if (i < 0 || i >= this.length) break
    }
    return removed
  }

  /** Write the elements [from, to] as bulk strings. */
  reply(from: number, to: number, reply: Reply): void {
    const element = this.#element
    if (this.isPacked) {
      const { buf, start } = this.region
      let at = entryAt(buf, start, from)
      for (let i = from; i <= to; i++) {
        at = read(buf, at, element)
        reply.bulk(element)
      }
      return
    }
    for (let i = from; i <= to; ) {
      const n = this.#list.run(i, to + 1, element)
      if (n === 0) throw new Error('a list ends before its length')
      i += n
      reply.raw(element.buf, element.start, element.end)
    }
  }

  /** Visit every element from the head on. */
  each(visit: (element: Range) => void): void {
    const element = this.#element
    if (this.isPacked) {
      const { buf, start } = this.region
      let at = first(start)
      for (let left = count(buf, start); left > 0; left--) {
        at = read(buf, at, element)
        visit(element)
      }
    } else for (let more = this.#list.seek(0); more && this.#list.next(element); ) visit(element)
  }

  get structure(): List {
    return this.#list
  }
}

function same(a: Range, b: Range): boolean {
  return a.length === b.length && a.buf.compare(b.buf, b.start, b.end, a.start, a.end) === 0
}

export const listType: ValueType<ListView> = valueType({
  name: 'list',
  id: LIST_ID,
  form: 'view' as const,
  packed: { elements: 0, integers: -1 },
  view: (db: Database) => new ListView(db),
  create(db: Database, record: Address): ListView {
    const moved = db.setInline(record, HEADER_BYTES)
    const region = db.inline(moved, new Range())
    init(region.buf, region.start)
    return db.view(moved, listType)
  },
  release(value: ListView): void {
    if (!value.isPacked) value.structure.release(value.root)
  },
  releaseStep: (value: ListView, _db: Database, budget: number) => value.structure.releaseStep(value.root, budget),
  elements: (value: ListView) => (value.isPacked ? 0 : value.structure.length / 64),
  sizeBytes: (value: ListView) => (value.isPacked ? 0 : value.structure.sizeBytes),
  encoding: (value: ListView) => (value.isPacked ? 'listpack' : 'quicklist'),
  copy(from: ListView, to: ListView): void {
    if (!from.isPacked) {
      to.db.setBlock(to.record, new List(from.db.memory, from.db.keyspace.accountOfKeys).copy(from.root))
      return
    }
    from.each(element => to.push(Range.of(element.copy()), false))
  },
  save(value: ListView, sink: SaveSink): void {
    sink.unsigned(value.length)
    value.each(element => sink.string(element.buf, element.start, element.end))
  },
  load(value: ListView, source: LoadSource): void {
    const out = new Range()
    for (let left = source.unsigned(); left > 0; left--) value.push(source.string(out), false)
  },
  rewrite(key: Range, value: ListView, emit: EmitCommand): void {
    let args: Buffer[] = []
    const name = key.copy()
    value.each(element => {
      args.push(element.copy())
      if (args.length < 64) return
      emit(['RPUSH', name, ...args])
      args = []
    })
    if (args.length > 0) emit(['RPUSH', name, ...args])
  },
  digest(value: ListView, sink: DigestSink): void {
    value.each(element => sink.inOrder(element.buf, element.start, element.end))
  },
})
