/* Count-Min sketches in dumps, as RedisBloom writes them: width, depth, count, and all counters as one string of little-endian
 * 32-bit words, row after row. Encoding version 0. */
import { type Address, type LoadSource, type Memory, Range, type SaveSink } from 'redstrata/module'
import { sinkBlock, writeBlock } from '../blocks.ts'
import { type CountMin, validSize } from './sketch.ts'

/** The version of the fields that saveCms writes. */
export const CMS_ENCODING = 0

/** Write a sketch. */
export function saveCms(memory: Memory, sketch: CountMin, sink: SaveSink): void {
  sink.unsigned(sketch.width)
  sink.unsigned(sketch.depth)
  sink.unsigned(BigInt.asUintN(64, sketch.count))
  sinkBlock(memory, sketch.cellsAddress, sketch.cellBytes, sink)
}

/** Read a sketch: its address, or 0 when the fields make none or there is no room. */
export function loadCms(memory: Memory, sketch: CountMin, source: LoadSource, version: number): Address {
  const width = source.unsigned()
  const depth = source.unsigned()
  const count = source.unsigned64()
  const cells = new Range()
  source.string(cells)
  if (version > CMS_ENCODING || !validSize(width, depth) || cells.end - cells.start !== width * depth * 4) return 0
  const root = sketch.create(width, depth)
  if (root === 0) return 0
  sketch.at(root).count = BigInt.asIntN(64, count)
  writeBlock(memory, sketch.cellsAddress, cells)
  return root
}
