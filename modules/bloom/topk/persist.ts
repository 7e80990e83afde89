/* Top-K sketches in dumps, as RedisBloom writes them. Encoding version 0:
 *
 *      k, width, depth, decay; the cells as one string; the heap as one string; the names, each with a NUL behind it
 *
 * The heap is an array of C structures: fingerprint u32 | name length u32 | a pointer, which means nothing here | count u32 |
 * four bytes of padding. An entry that is free has a name of a single NUL and count 0; a listed empty item looks the same but for
 * its count. */
import {
  ACCOUNT,
  type Address,
  type LoadSource,
  type Memory,
  Range,
  type SaveSink,
  SLAB_BITS,
  UNIT_MASK,
} from 'redstrata/module'
import { sinkBlock, writeBlock } from '../blocks.ts'
import { type TopK, validTopK } from './sketch.ts'

/** The version of the fields that saveTopK writes. */
export const TOPK_ENCODING = 0

const ENTRY_BYTES = 24

/** Write a sketch. */
export function saveTopK(memory: Memory, sketch: TopK, sink: SaveSink): void {
  const k = sketch.k
  sink.unsigned(k)
  sink.unsigned(sketch.width)
  sink.unsigned(sketch.depth)
  sink.double(sketch.decay)
  sinkBlock(memory, sketch.cellsAddress, sketch.cellBytes, sink)
  const name = new Range()
  const heap = memory.zeroed(ACCOUNT.overhead, k * ENTRY_BYTES)
  try {
    const buf = memory.u8[heap >>> SLAB_BITS]!
    let at = (heap & UNIT_MASK) * 8
    for (let i = 0; i < k; i++, at += ENTRY_BYTES) {
      sketch.nameAt(i, name)
      buf.writeUInt32LE(sketch.fingerprintAt(i), at)
      buf.writeUInt32LE(name.end - name.start, at + 4)
      buf.writeUInt32LE(sketch.countAt(i), at + 16)
    }
    sinkBlock(memory, heap, k * ENTRY_BYTES, sink)
  } finally {
    memory.free(ACCOUNT.overhead, heap)
  }
  for (let i = 0; i < k; i++) {
    sketch.nameAt(i, name)
    sink.string(name.buf, name.start, name.end + 1)
  }
}

/** Read a sketch: its address, or 0 when the fields make none or there is no room. */
export function loadTopK(memory: Memory, sketch: TopK, source: LoadSource, version: number): Address {
  const k = source.unsigned()
  const width = source.unsigned()
  const depth = source.unsigned()
  const decay = source.double()
  const bytes = new Range()
  source.string(bytes)
  const valid = version <= TOPK_ENCODING && validTopK(k, width, depth) && decay > 0 && decay <= 1
  if (!valid || bytes.end - bytes.start !== width * depth * 8) return 0
  const root = sketch.create(k, width, depth, decay)
  if (root === 0) return 0
  let whole = false
  try {
    writeBlock(memory, sketch.cellsAddress, bytes)
    source.string(bytes)
    whole = loadHeap(sketch, k, source, bytes)
  } finally {
    // Also when the source throws: nothing may be left behind.
    if (!whole) sketch.free(root)
  }
  return whole ? root : 0
}

/** Fill the heap from its string and the names that follow. */
function loadHeap(sketch: TopK, k: number, source: LoadSource, bytes: Range): boolean {
  if (bytes.end - bytes.start !== k * ENTRY_BYTES) return false
  for (let i = 0, at = bytes.start; i < k; i++, at += ENTRY_BYTES)
    sketch.setCount(i, bytes.buf.readUInt32LE(at), bytes.buf.readUInt32LE(at + 16))
  for (let i = 0; i < k; i++) {
    source.string(bytes)
    if (bytes.end === bytes.start || bytes.buf[bytes.end - 1] !== 0) return false
    if (bytes.end - bytes.start === 1 && sketch.countAt(i) === 0) continue
    bytes.end--
    if (!sketch.setName(i, bytes)) return false
  }
  return true
}
