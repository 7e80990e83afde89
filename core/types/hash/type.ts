/* Hash type -- what the keyspace knows of hashes; the value itself is in value.ts. */

import { Range } from '../../base/bytes.ts'
import type { Database } from '../../keyspace/database.ts'
import {
  type DigestSink,
  type EmitCommand,
  type LoadSource,
  type SaveSink,
  type ValueType,
  valueType,
} from '../../keyspace/value-type.ts'
import type { Address } from '../../memory/arena.ts'
import { HEADER_BYTES, init, NO_DEADLINE } from '../../structs/packed.ts'
import { HASH_ID, HashView } from './value.ts'

/** Fields of one command in a rewritten append-only file. */
const FIELDS_A_COMMAND = 64

export const hashType: ValueType<HashView> = valueType({
  name: 'hash',
  id: HASH_ID,
  form: 'view' as const,
  packed: { elements: 0, integers: -1 },
  view: (db: Database) => new HashView(db),
  create(db: Database, record: Address): HashView {
    const moved = db.setInline(record, HEADER_BYTES)
    const region = db.inline(moved, new Range())
    init(region.buf, region.start)
    return db.view(moved, hashType)
  },
  release(value: HashView, db: Database): void {
    if (!value.isPacked) value.dict.release()
    releaseTimes(value, db)
  },
  releaseStep(value: HashView, db: Database, budget: number): boolean {
    if (!value.dict.releaseStep(budget)) return false
    releaseTimes(value, db)
    return true
  },
  leave: (value: HashView) => value.leave(),
  enter: (value: HashView) => value.enter(),
  expire: (value: HashView, budget: number) => value.expire(budget),
  elements: (value: HashView) => (value.isPacked ? 0 : value.dict.count),
  isEmpty: (value: HashView) => value.places === 0,
  sizeBytes(value: HashView): number {
    const bytes = value.isPacked ? 0 : value.dict.sizeBytes()
    if (!value.isTimed) return bytes
    const { memory } = value.db
    const times = memory.sizeOf(value.times.holder)
    return bytes + times + (value.isPacked ? memory.sizeOf(value.root) : value.times.heap.sizeBytes)
  },
  encoding(value: HashView): string {
    if (!value.isPacked) return 'hashtable'
    return value.isTimed ? 'listpackex' : 'listpack'
  },
  copy(from: HashView, to: HashView): void {
    // Each pair is copied out first: setting it in the copy may move the arena's blocks about.
    from.each((field, value, deadline) => {
      const name = Range.of(field.copy())
      to.set(name, Range.of(value.copy()))
      if (deadline !== NO_DEADLINE) to.setDeadline(name, deadline)
    })
  },
  save(value: HashView, sink: SaveSink): void {
    sink.unsigned(value.length)
    value.each((field, content) => {
      sink.string(field.buf, field.start, field.end)
      sink.string(content.buf, content.start, content.end)
    })
  },
  load(value: HashView, source: LoadSource): void {
    const field = new Range()
    const content = new Range()
    for (let left = source.unsigned(); left > 0; left--) {
      const name = Range.of(source.string(field).copy())
      value.set(name, source.string(content))
    }
  },
  rewrite(key: Range, value: HashView, emit: EmitCommand): void {
    let args: Buffer[] = []
    const name = key.copy()
    value.each((field, content) => {
      args.push(field.copy(), content.copy())
      if (args.length < FIELDS_A_COMMAND * 2) return
      emit(['HMSET', name, ...args])
      args = []
    })
    if (args.length > 0) emit(['HMSET', name, ...args])
    if (!value.isTimed) return
    value.each((field, _content, deadline) => {
      if (deadline !== NO_DEADLINE) emit(['HPEXPIREAT', name, deadline, 'FIELDS', 1, field.copy()])
    })
  },
  digest(value: HashView, sink: DigestSink): void {
    value.each((field, content, deadline) => {
      sink.part(field.buf, field.start, field.end)
      sink.part(content.buf, content.start, content.end)
      if (deadline !== NO_DEADLINE) sink.partExpires(deadline)
      sink.end()
    })
  },
})

/** Free what a hash has besides its fields once one of them had a deadline. */
function releaseTimes(value: HashView, { memory }: Database): void {
  if (!value.isTimed) return
  const { times } = value
  const { account } = value.dict
  if (value.isPacked) memory.free(account, value.root)
  else times.heap.release(times.heapRoot)
  memory.free(account, times.holder)
}
