/* A whole stream at once: written out and read back, told as commands, digested.
 *
 * What makes up a stream, in the order in which it is told here: its entries; its last id, greatest deleted id and count of
 * entries ever added; its groups, each with its consumers, each with its pending entries. */

import { Range } from '../../base/bytes.ts'
import type { DigestSink, EmitCommand, LoadSource, SaveSink } from '../../keyspace/value-type.ts'
import type { Address } from '../../memory/arena.ts'
import type { Groups } from '../../structs/pending.ts'
import { StreamId } from '../../structs/stream-id.ts'
import type { StreamLog } from '../../structs/stream-log.ts'
import { type Counter, counterOf, storable } from './counter.ts'

/** What this file needs to know of a stream. */
export interface WholeStream {
  readonly log: StreamLog
  readonly groups: Groups
  readonly name: Range
  readonly value: Range
  append(id: StreamId, parts: readonly Range[], first: number, pairs: number): void
}

const MIN_ID = new StreamId()
const MAX_ID = new StreamId().setMax()
const TWO_32 = 4294967296n

/** Call for each entry, the log's cursor being on it. */
function eachEntry({ log }: WholeStream, visit: () => void): void {
  log.seek(MIN_ID, MAX_ID)
  while (log.next()) visit()
}

function eachGroup({ groups }: WholeStream, visit: (group: Address) => void): void {
  for (let i = 0; i < groups.length; i++) visit(groups.at(i))
}

function eachConsumer({ groups }: WholeStream, group: Address, visit: (consumer: Address) => void): void {
  for (let i = 0; i < groups.consumerCount(group); i++) visit(groups.consumerAt(group, i))
}

/** Call for each entry pending for a consumer, the groups' cursor being on it. */
function eachPending({ groups }: WholeStream, group: Address, consumer: Address, visit: () => void): void {
  for (let more = groups.seekOwn(group, consumer, MIN_ID); more; more = groups.next()) visit()
}

// ------------------------------------------------------------------ saving and loading

/** Write a stream out. */
export function saveStream(stream: WholeStream, sink: SaveSink): void {
  const { log, groups, name, value } = stream
  const id = new StreamId()
  sink.unsigned(log.length)
  eachEntry(stream, () => {
    saveId(log.id, sink)
    sink.unsigned(log.fieldCount)
    while (log.nextField(name, value)) {
      sink.string(name.buf, name.start, name.end)
      sink.string(value.buf, value.start, value.end)
    }
  })
  log.readLastId(id)
  saveId(id, sink)
  log.readMaxDeletedId(id)
  saveId(id, sink)
  sink.unsigned(counterOf(log.entriesAdded))
  sink.unsigned(groups.length)
  eachGroup(stream, group => saveGroup(stream, group, sink))
}

function saveGroup(stream: WholeStream, group: Address, sink: SaveSink): void {
  const { groups, name } = stream
  const id = new StreamId()
  groups.name(group, name)
  sink.string(name.buf, name.start, name.end)
  groups.readLastId(group, id)
  saveId(id, sink)
  sink.signed(counterOf(groups.entriesRead(group)))
  sink.unsigned(groups.consumerCount(group))
  eachConsumer(stream, group, consumer => {
    groups.consumerName(consumer, name)
    sink.string(name.buf, name.start, name.end)
    sink.signed(groups.seenMs(consumer))
    sink.signed(groups.activeMs(consumer))
    sink.unsigned(groups.consumerPendingCount(consumer))
    eachPending(stream, group, consumer, () => {
      saveId(groups.id, sink)
      sink.unsigned(groups.deliveredMs)
      sink.unsigned(groups.deliveries)
    })
  })
}

function saveId(id: StreamId, sink: SaveSink): void {
  sink.unsigned(BigInt(id.msHigh) * TWO_32 + BigInt(id.msLow))
  sink.unsigned(BigInt(id.seqHigh) * TWO_32 + BigInt(id.seqLow))
}

/** Fill an empty stream with what saveStream wrote. */
export function loadStream(stream: WholeStream, source: LoadSource): void {
  const { log } = stream
  const id = new StreamId()
  for (let left = source.unsigned(); left > 0; left--) {
    loadId(source, id)
    const pairs = source.unsigned()
    const parts: Range[] = []
    for (let i = 0; i < pairs * 2; i++) parts.push(loadBytes(source))
    stream.append(id, parts, 0, pairs)
  }
  log.setLastId(loadId(source, id))
  log.setMaxDeletedId(loadId(source, id))
  log.entriesAdded = storable(exact(source.unsigned64()))
  for (let left = source.unsigned(); left > 0; left--) loadGroup(stream, source)
}

function loadGroup({ groups }: WholeStream, source: LoadSource): void {
  const id = new StreamId()
  const group = groups.create(loadBytes(source))
  groups.setLastId(group, loadId(source, id))
  groups.setEntriesRead(group, storable(exact(source.signed64())))
  for (let consumers = source.unsigned(); consumers > 0; consumers--) {
    const consumer = groups.createConsumer(group, loadBytes(source), source.signed())
    groups.setActiveMs(consumer, source.signed())
    for (let left = source.unsigned(); left > 0; left--)
      groups.assign(group, consumer, loadId(source, id), source.unsigned(), source.unsigned())
  }
}

/** The next bytes, as a copy. */
function loadBytes(source: LoadSource): Range {
  return Range.of(source.string(new Range()).copy())
}

function loadId(source: LoadSource, out: StreamId): StreamId {
  const ms = source.unsigned64()
  const seq = source.unsigned64()
  return out.setWords(Number(ms / TWO_32), Number(ms % TWO_32), Number(seq / TWO_32), Number(seq % TWO_32))
}

function exact(count: bigint): Counter {
  const plain = Number(count)
  return Number.isSafeInteger(plain) ? plain : count
}

// ------------------------------------------------------------------ as commands

/** The commands that make a stream. Pending entries that were deleted from it are lost by them, as in Redis. */
export function rewriteStream(key: Range, stream: WholeStream, emit: EmitCommand): void {
  const { log, name, value } = stream
  const keyName = key.copy()
  const id = new StreamId()
  eachEntry(stream, () => {
    const args: (string | Buffer)[] = ['XADD', keyName, log.id.toString()]
    while (log.nextField(name, value)) args.push(name.copy(), value.copy())
    emit(args)
  })
  log.readLastId(id)
  if (log.length === 0) {
    const made = id.isMin ? '0-1' : id.toString()
    emit(['XADD', keyName, 'MAXLEN', '0', made, 'x', 'y'])
  }
  const last = id.toString()
  const added = String(counterOf(log.entriesAdded))
  log.readMaxDeletedId(id)
  emit(['XSETID', keyName, last, 'ENTRIESADDED', added, 'MAXDELETEDID', id.toString()])
  eachGroup(stream, group => rewriteGroup(keyName, stream, group, emit))
}

function rewriteGroup(key: Buffer, stream: WholeStream, group: Address, emit: EmitCommand): void {
  const { groups, name } = stream
  const id = new StreamId()
  groups.name(group, name)
  const groupName = name.copy()
  groups.readLastId(group, id)
  const read = String(counterOf(groups.entriesRead(group)))
  emit(['XGROUP', 'CREATE', key, groupName, id.toString(), 'ENTRIESREAD', read])
  eachConsumer(stream, group, consumer => {
    groups.consumerName(consumer, name)
    const consumerName = name.copy()
    emit(['XGROUP', 'CREATECONSUMER', key, groupName, consumerName])
    eachPending(stream, group, consumer, () =>
      emit([
        'XCLAIM',
        key,
        groupName,
        consumerName,
        '0',
        groups.id.toString(),
        'TIME',
        groups.deliveredMs,
        'RETRYCOUNT',
        groups.deliveries,
        'FORCE',
        'JUSTID',
      ]),
    )
  })
}

// ------------------------------------------------------------------ digest

/** Add the entries; and, for an exact digest, all else but the times at which consumers were seen, which reading alone changes. */
export function digestStream(stream: WholeStream, sink: DigestSink): void {
  const { log, name, value } = stream
  eachEntry(stream, () => {
    const id = Buffer.from(log.id.toString().replace('-', '.'))
    sink.inOrder(id, 0, id.length)
    while (log.nextField(name, value)) {
      sink.inOrder(name.buf, name.start, name.end)
      sink.inOrder(value.buf, value.start, value.end)
    }
  })
  if (sink.isExact) digestRest(stream, sink)
}

function digestRest(stream: WholeStream, sink: DigestSink): void {
  const { log, groups, name } = stream
  const id = new StreamId()
  log.readLastId(id)
  sink.partText(`last ${id}`)
  log.readMaxDeletedId(id)
  sink.partText(`deleted ${id} added ${counterOf(log.entriesAdded)}`)
  sink.end()
  eachGroup(stream, group => {
    groups.name(group, name)
    const groupName = Range.of(name.copy())
    sink.part(groupName.buf, groupName.start, groupName.end)
    groups.readLastId(group, id)
    sink.partText(`${id} ${counterOf(groups.entriesRead(group))}`)
    sink.end()
    eachConsumer(stream, group, consumer => digestConsumer(stream, group, groupName, consumer, sink))
  })
}

function digestConsumer(
  stream: WholeStream,
  group: Address,
  groupName: Range,
  consumer: Address,
  sink: DigestSink,
): void {
  const { groups, name } = stream
  groups.consumerName(consumer, name)
  sink.part(groupName.buf, groupName.start, groupName.end)
  sink.part(name.buf, name.start, name.end)
  eachPending(stream, group, consumer, () => sink.partText(`${groups.id} ${groups.deliveredMs} ${groups.deliveries}`))
  sink.end()
}
