/* Stream value -- a log of entries, and the groups of consumers that read it.
 *
 * Both are structures of the arena (structs/stream-log.ts, structs/pending.ts); the root of the log, to which the key's
 * record points, holds that of the groups. A stream may be empty and stays when it is: its last id must not come back. */

import { Range } from '../../base/bytes.ts'
import type { Database } from '../../keyspace/database.ts'
import { FORM } from '../../keyspace/record.ts'
import {
  type DigestSink,
  type EmitCommand,
  type LoadSource,
  type SaveSink,
  type ValueType,
  valueType,
  View,
} from '../../keyspace/value-type.ts'
import type { Address } from '../../memory/arena.ts'
import { Groups } from '../../structs/pending.ts'
import { StreamLog } from '../../structs/stream-log.ts'
import type { StreamId } from '../../structs/stream-id.ts'
import { digestStream, loadStream, rewriteStream, saveStream } from './persist.ts'

/** The number that Redis gives the type. */
export const STREAM_ID = 6

/** A stream in the keyspace. Its cursors are valid until it changes. */
export class StreamView extends View {
  readonly log: StreamLog
  readonly groups: Groups
  /** The field under the log's cursor. */
  readonly name = new Range()
  readonly value = new Range()
  root: Address = 0

  constructor(db: Database) {
    super()
    this.log = new StreamLog(db.memory, db.keyspace.accountOfKeys)
    this.groups = new Groups(db.memory, db.keyspace.accountOfKeys)
  }

  override load(): void {
    const { db, log } = this
    if (db.formOf(this.record) !== FORM.block) return // about to be made
    this.root = db.wordOf(this.record)
    log.bind(this.root)
    this.groups.bind(log.groupsAt)
  }

  /** Add an entry at the end, under an id greater than the last one; see StreamLog.append. */
  append(id: StreamId, parts: readonly Range[], first: number, pairs: number): void {
    const { limits } = this.db.keyspace
    this.log.nodeMaxBytes = limits.streamNodeBytes
    this.log.nodeMaxEntries = limits.streamNodeEntries
    this.log.append(id, parts, first, pairs)
  }

  /** Free up to `budget` blocks and nodes; true when nothing is left. */
  releaseStep(budget: number): boolean {
    const { log, groups, root } = this
    log.bind(root)
    if (!groups.releaseStep(log.groupsAt, budget)) return false
    return log.releaseStep(root, budget)
  }

  get sizeBytes(): number {
    return this.log.sizeBytes + this.groups.sizeBytes
  }
}

export const streamType: ValueType<StreamView> = valueType({
  name: 'stream',
  id: STREAM_ID,
  form: 'view' as const,
  view: (db: Database) => new StreamView(db),
  create(db: Database, record: Address): StreamView {
    const view = db.view(record, streamType)
    const root = view.log.create()
    return view.bind(db, db.setBlock(record, root))
  },
  release(value: StreamView): void {
    while (!value.releaseStep(1 << 20)) {}
  },
  releaseStep: (value: StreamView, _db: Database, budget: number) => value.releaseStep(budget),
  elements: (value: StreamView) => value.log.blockCount + value.groups.length,
  sizeBytes: (value: StreamView) => value.sizeBytes,
  encoding: () => 'stream',
  copy(from: StreamView, to: StreamView): void {
    // The copy is made beside the empty stream, whose root then goes.
    const { db, record, root } = to
    const twin = to.log.copy(from.root)
    try {
      to.groups.copy(from.log.groupsAt, to.log.groupsAt)
    } catch (error) {
      to.log.release(twin) // out of memory half way
      to.log.bind(root)
      throw error
    }
    to.bind(db, db.setBlock(record, twin))
    new StreamLog(db.memory, db.keyspace.accountOfKeys).release(root)
  },
  save: (value: StreamView, sink: SaveSink) => saveStream(value, sink),
  load: (value: StreamView, source: LoadSource) => loadStream(value, source),
  rewrite: (key: Range, value: StreamView, emit: EmitCommand) => rewriteStream(key, value, emit),
  digest: (value: StreamView, sink: DigestSink) => digestStream(value, sink),
})
