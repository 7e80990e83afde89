/* Bloom filters in dumps: the header of BF.SCANDUMP, and the fields of an RDB value, as RedisBloom writes both.
 *
 *      header   items u64 | layers u32 | options u32 | growth u32, then for each layer
 *               bytes u64 | bits u64 | items u64 | error f64 | bits per item f64 | hashes u32 | capacity u64 | n2 u8
 *
 * Fields of encoding version 4: items, layers, options, growth, then for each layer capacity, error, hashes, bits per item,
 * bits, n2, the bytes, items. Before version 4 there was no growth (2 was meant), before 2 no options, and in version 0
 * neither bits nor n2.
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
import { type BloomFilter, type BloomLayer, type BloomShape, LAYERS_MAX, validBloomShape } from './sketch.ts'

/** The version of the fields that saveBloom writes. */
export const BLOOM_ENCODING = 4

const HEADER_BYTES = 20
const LAYER_BYTES = 53

/** The bytes of the header of a chain. */
export function bloomHeaderBytes(layers: number): number {
  return HEADER_BYTES + layers * LAYER_BYTES
}

/** Write the header of a chain. */
export function writeBloomHeader(shape: BloomShape, buf: Buffer, at: number): void {
  const cursor = new HeaderCursor(buf, at)
  cursor.putU64(shape.items)
  cursor.putU32(shape.layers.length)
  cursor.putU32(shape.options)
  cursor.putU32(shape.growth)
  for (const layer of shape.layers) {
    cursor.putU64(layer.bytes)
    cursor.putU64(layer.bits)
    cursor.putU64(layer.items)
    cursor.putF64(layer.error)
    cursor.putF64(layer.bitsPerItem)
    cursor.putU32(layer.hashes)
    cursor.putU64(layer.capacity)
    cursor.putU8(layer.n2)
  }
}

/** The header of a chain, to be written. */
export function bloomHeader(shape: BloomShape): Header {
  return { bytes: bloomHeaderBytes(shape.layers.length), write: (buf, at) => writeBloomHeader(shape, buf, at) }
}

/** The shape that a header describes, or null when it describes none. */
export function readBloomHeader(header: Range): BloomShape | null {
  if (header.end - header.start < HEADER_BYTES) return null
  const cursor = new HeaderCursor(header.buf, header.start)
  const items = cursor.u64()
  const count = cursor.u32()
  if (count > LAYERS_MAX || header.end - header.start !== bloomHeaderBytes(count)) return null
  const shape: BloomShape = { items, options: cursor.u32(), growth: cursor.u32(), layers: [] }
  for (let i = 0; i < count; i++) {
    const bytes = cursor.u64()
    const bits = cursor.u64()
    const layerItems = cursor.u64()
    const error = cursor.f64()
    const bitsPerItem = cursor.f64()
    const hashes = cursor.u32()
    const capacity = cursor.u64()
    const n2 = cursor.u8()
    shape.layers.push(layerOf({ items: layerItems, capacity, error, bitsPerItem, bits, n2, hashes, bytes }))
  }
  return validBloomShape(shape) ? shape : null
}

/** Write a chain. */
export function saveBloom(memory: Memory, filter: BloomFilter, sink: SaveSink): void {
  const shape = filter.shape()
  sink.unsigned(shape.items)
  sink.unsigned(shape.layers.length)
  sink.unsigned(shape.options)
  sink.unsigned(shape.growth)
  for (const [i, layer] of shape.layers.entries()) {
    sink.unsigned(layer.capacity)
    sink.double(layer.error)
    sink.unsigned(layer.hashes)
    sink.double(layer.bitsPerItem)
    sink.unsigned(layer.bits)
    sink.unsigned(layer.n2)
    sinkBlock(memory, filter.partAddress(i), layer.bytes, sink)
    sink.unsigned(layer.items)
  }
}

/** Read a chain: its address, or 0 when the fields make none or there is no room. */
export function loadBloom(memory: Memory, filter: BloomFilter, source: LoadSource, version: number): Address {
  const items = source.unsigned()
  const count = source.unsigned()
  const options = version >= 2 ? source.unsigned() : 0
  const growth = version >= 4 ? source.unsigned() : 2
  const shape: BloomShape = { items, options, growth, layers: [] }
  const blocks: Address[] = []
  let root: Address = 0
  try {
    if (version <= BLOOM_ENCODING && count <= LAYERS_MAX && growth <= 0xffffffff)
      root = loadLayers(memory, filter, source, version, count, shape, blocks)
  } finally {
    // Also when the source throws: no block may be left behind.
    if (root === 0) for (const block of blocks) memory.free(ACCOUNT.dataset, block)
  }
  return root
}

function loadLayers(
  memory: Memory,
  filter: BloomFilter,
  source: LoadSource,
  version: number,
  count: number,
  shape: BloomShape,
  blocks: Address[],
): Address {
  const bytes = new Range()
  for (let i = 0; i < count; i++) {
    const capacity = source.unsigned()
    const error = source.double()
    const hashes = source.unsigned()
    const bitsPerItem = source.double()
    const bits = version > 0 ? source.unsigned() : Math.floor(capacity * bitsPerItem)
    const n2 = version > 0 ? source.unsigned() : 0
    source.string(bytes)
    const block = copyToBlock(memory, bytes)
    if (block === 0) return 0
    blocks.push(block)
    const length = bytes.end - bytes.start
    const items = source.unsigned()
    shape.layers.push(layerOf({ items, capacity, error, bitsPerItem, bits, n2, hashes, bytes: length }))
  }
  return validBloomShape(shape) ? filter.adopt(shape, blocks) : 0
}

/** Old filters of 2^n2 bits may leave the bits themselves out. */
function layerOf(layer: BloomLayer): BloomLayer {
  if (layer.bits === 0 && layer.n2 > 0) layer.bits = 2 ** layer.n2
  return layer
}

/** The commands that make a chain again: its header and its bits, in chunks. */
export function emitBloom(memory: Memory, filter: BloomFilter, key: Range, emit: EmitCommand): void {
  const name = key.copy()
  emitChunks(memory, filter, bloomHeader(filter.shape()), (position, chunk) =>
    emit(['BF.LOADCHUNK', name, position, chunk]),
  )
}
