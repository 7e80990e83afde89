/* Cuckoo filters in dumps: the header of CF.SCANDUMP, and the fields of an RDB value, as RedisBloom writes both.
 *
 *      header   items u64 | buckets u64 | deletes u64 | sub-filters u64 | bucket size u16 | max iterations u16 | expansion u16
 *
 * Fields of encoding version 4: sub-filters, buckets, items, deletes, bucket size, max iterations, expansion, then for
 * each sub-filter its buckets and its slots. Before version 4 there were only the first three and the slots; the rest had
 * its default, and every sub-filter the same size.
 *
 * What comes in is a shape first, and becomes a filter only if the shape is valid. */
import {
  ACCOUNT,
  type Address,
  type EmitCommand,
  type LoadSource,
  type Memory,
  Range,
  type SaveSink,
} from 'redstrata/module'
import { emitChunks, type Header, HeaderCursor } from '../chunks.ts'
import { copyToBlock, sinkBlock } from '../blocks.ts'
import { type CuckooFilter, type CuckooShape, SUBFILTERS_MAX, validCuckooShape } from './sketch.ts'

/** The version of the fields that saveCuckoo writes. */
export const CUCKOO_ENCODING = 4
/** The bytes of a header. */
export const CUCKOO_HEADER_BYTES = 38

/** What filters of before version 4 were made with. */
const OLD = { deletes: 0, bucketSize: 2, maxIterations: 20, expansion: 1 }

/** Write the header of a filter. */
export function writeCuckooHeader(shape: CuckooShape, buf: Buffer, at: number): void {
  const cursor = new HeaderCursor(buf, at)
  cursor.putU64(shape.items)
  cursor.putU64(shape.buckets)
  cursor.putU64(shape.deletes)
  cursor.putU64(shape.subfilters.length)
  cursor.putU16(shape.bucketSize)
  cursor.putU16(shape.maxIterations)
  cursor.putU16(shape.expansion)
}

/** The header of a filter, to be written. */
export function cuckooHeader(shape: CuckooShape): Header {
  return { bytes: CUCKOO_HEADER_BYTES, write: (buf, at) => writeCuckooHeader(shape, buf, at) }
}

/** The shape that a header describes, or null when it describes none. */
export function readCuckooHeader(header: Range): CuckooShape | null {
  if (header.end - header.start !== CUCKOO_HEADER_BYTES) return null
  const cursor = new HeaderCursor(header.buf, header.start)
  const items = cursor.u64()
  const buckets = cursor.u64()
  const deletes = cursor.u64()
  const count = cursor.u64()
  const bucketSize = cursor.u16()
  const maxIterations = cursor.u16()
  const expansion = cursor.u16()
  if (count > SUBFILTERS_MAX) return null
  const subfilters = Array.from({ length: count }, (_, i) => buckets * expansion ** i)
  const shape = { items, deletes, buckets, bucketSize, maxIterations, expansion, subfilters }
  return validCuckooShape(shape) ? shape : null
}

/** Write a filter. */
export function saveCuckoo(memory: Memory, filter: CuckooFilter, sink: SaveSink): void {
  const shape = filter.shape()
  sink.unsigned(shape.subfilters.length)
  sink.unsigned(shape.buckets)
  sink.unsigned(shape.items)
  sink.unsigned(shape.deletes)
  sink.unsigned(shape.bucketSize)
  sink.unsigned(shape.maxIterations)
  sink.unsigned(shape.expansion)
  for (const [i, buckets] of shape.subfilters.entries()) {
    sink.unsigned(buckets)
    sinkBlock(memory, filter.partAddress(i), buckets * shape.bucketSize, sink)
  }
}

/** Read a filter: its address, or 0 when the fields make none or there is no room. */
export function loadCuckoo(memory: Memory, filter: CuckooFilter, source: LoadSource, version: number): Address {
  const count = source.unsigned()
  const buckets = source.unsigned()
  const items = source.unsigned()
  const old = version < CUCKOO_ENCODING
  const deletes = old ? OLD.deletes : source.unsigned()
  const bucketSize = old ? OLD.bucketSize : source.unsigned()
  const maxIterations = old ? OLD.maxIterations : source.unsigned()
  const expansion = old ? OLD.expansion : source.unsigned()
  const shape: CuckooShape = { items, deletes, buckets, bucketSize, maxIterations, expansion, subfilters: [] }
  const blocks: Address[] = []
  let root: Address = 0
  try {
    if (version <= CUCKOO_ENCODING && count <= SUBFILTERS_MAX)
      root = loadSubfilters(memory, filter, source, old, count, shape, blocks)
  } finally {
    // Also when the source throws: no block may be left behind.
    if (root === 0) for (const block of blocks) memory.free(ACCOUNT.dataset, block)
  }
  return root
}

function loadSubfilters(
  memory: Memory,
  filter: CuckooFilter,
  source: LoadSource,
  old: boolean,
  count: number,
  shape: CuckooShape,
  blocks: Address[],
): Address {
  const bytes = new Range()
  for (let i = 0; i < count; i++) {
    const buckets = old ? shape.buckets : source.unsigned()
    source.string(bytes)
    if (bytes.end - bytes.start !== buckets * shape.bucketSize) return 0
    const block = copyToBlock(memory, bytes)
    if (block === 0) return 0
    blocks.push(block)
    shape.subfilters.push(buckets)
  }
  return validCuckooShape(shape) ? filter.adopt(shape, blocks) : 0
}

/** The commands that make a filter again: its header and its slots, in chunks. */
export function emitCuckoo(memory: Memory, filter: CuckooFilter, key: Range, emit: EmitCommand): void {
  const name = key.copy()
  emitChunks(memory, filter, cuckooHeader(filter.shape()), (position, chunk) =>
    emit(['CF.LOADCHUNK', name, position, chunk]),
  )
}
