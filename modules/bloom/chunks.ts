/* Chunks -- a filter's bytes in pieces, for SCANDUMP and LOADCHUNK.
 *
 * A filter is first a header, then the bytes of its parts (layers, sub-filters) behind one another. A position counts these
 * bytes from 1, and 0 is both the beginning and the end:
 *
 *      SCANDUMP f 0   -> 1,   header            LOADCHUNK g 1   header
 *      SCANDUMP f 1   -> 73,  all of part 0     LOADCHUNK g 73  72 bytes: they end before position 73
 *      SCANDUMP f 73  -> 233, all of part 1     ...
 *      SCANDUMP f 233 -> 0
 *
 * No chunk spans two parts, and none is larger than CHUNK_MAX. */
import { ACCOUNT, type Address, type DigestSink, type Memory, Range, SLAB_BITS, UNIT_MASK } from 'redstrata/module'

/** The most bytes of one chunk. */
export const CHUNK_MAX = 16 << 20

/** A filter as its parts of bytes. */
export interface Parts {
  readonly parts: number
  partBytes(i: number): number
  partAddress(i: number): Address
}

/** What became of a chunk that was to be loaded. */
export const CHUNK = { LOADED: 0, MALFORMED: 1, OUTSIDE: 2, TOO_LONG: 3 } as const
export type ChunkOutcome = (typeof CHUNK)[keyof typeof CHUNK]

/** Point `out` at the chunk that begins at a position; returns the position behind it, or 0 when there is none. */
export function chunkAt(memory: Memory, value: Parts, position: number, out: Range): number {
  let offset = position - 1
  if (offset < 0) return 0
  for (let i = 0; i < value.parts; i++) {
    const bytes = value.partBytes(i)
    if (offset < bytes) {
      const address = value.partAddress(i)
      const start = (address & UNIT_MASK) * 8 + offset
      const length = Math.min(bytes - offset, CHUNK_MAX)
      out.set(memory.u8[address >>> SLAB_BITS]!, start, start + length)
      return position + length
    }
    offset -= bytes
  }
  return 0
}

/** Copy a chunk into the place that ends before a position. Nothing is copied unless all of it belongs to one part. */
export function loadChunk(memory: Memory, value: Parts, position: number, chunk: Range): ChunkOutcome {
  const length = chunk.end - chunk.start
  if (length === 0 || position <= 0 || position < length) return CHUNK.MALFORMED
  let offset = position - length - 1
  if (offset < 0) return CHUNK.OUTSIDE
  for (let i = 0; i < value.parts; i++) {
    const bytes = value.partBytes(i)
    if (offset < bytes) {
      if (length > bytes - offset) return CHUNK.TOO_LONG
      const address = value.partAddress(i)
      if (memory.guard !== null) memory.guard.stretch(address, offset, offset + length)
      chunk.buf.copy(memory.u8[address >>> SLAB_BITS]!, (address & UNIT_MASK) * 8 + offset, chunk.start, chunk.end)
      return CHUNK.LOADED
    }
    offset -= bytes
  }
  return CHUNK.OUTSIDE
}

/** A header, before it is written. */
export interface Header {
  readonly bytes: number
  write(buf: Buffer, at: number): void
}

/** Write a header into a block, let it be used, and give the block back. */
export function withHeader(memory: Memory, header: Header, use: (range: Range) => void): void {
  const block = memory.block(ACCOUNT.overhead, header.bytes)
  const at = (block & UNIT_MASK) * 8
  const range = new Range(memory.u8[block >>> SLAB_BITS]!, at, at + header.bytes)
  header.write(range.buf, at)
  use(range)
  memory.free(ACCOUNT.overhead, block)
}

/** What LOADCHUNK must be given to make a filter again: its header, then its parts in chunks. */
export function emitChunks(
  memory: Memory,
  value: Parts,
  header: Header,
  emit: (position: number, chunk: Buffer) => void,
): void {
  withHeader(memory, header, range => emit(1, range.copy()))
  const chunk = new Range()
  for (let next = chunkAt(memory, value, 1, chunk); next > 0; next = chunkAt(memory, value, next, chunk))
    emit(next, chunk.copy())
}

/** Tell a digest what a filter is: its shape, then its parts. */
export function digestParts(memory: Memory, value: Parts & { shape(): object }, sink: DigestSink): void {
  sink.partText(JSON.stringify(value.shape()))
  for (let i = 0; i < value.parts; i++) {
    const address = value.partAddress(i)
    const at = (address & UNIT_MASK) * 8
    sink.part(memory.u8[address >>> SLAB_BITS]!, at, at + value.partBytes(i))
  }
  sink.end()
}

/** A cursor over a header of little-endian numbers, to be read or written. */
export class HeaderCursor {
  readonly #buf: Buffer
  at: number

  constructor(buf: Buffer, at: number) {
    this.#buf = buf
    this.at = at
  }

  u8(): number {
    return this.#buf[this.at++]!
  }

  u16(): number {
    this.at += 2
    return this.#buf.readUInt16LE(this.at - 2)
  }

  u32(): number {
    this.at += 4
    return this.#buf.readUInt32LE(this.at - 4)
  }

  /** A 64-bit number; above 2^53 it comes rounded. */
  u64(): number {
    const low = this.u32()
    return this.u32() * 4294967296 + low
  }

  f64(): number {
    this.at += 8
    return this.#buf.readDoubleLE(this.at - 8)
  }

  putU8(value: number): void {
    this.#buf[this.at++] = value
  }

  putU16(value: number): void {
    this.at = this.#buf.writeUInt16LE(value, this.at)
  }

  putU32(value: number): void {
    this.at = this.#buf.writeUInt32LE(value, this.at)
  }

  putU64(value: number): void {
    this.putU32(value % 4294967296)
    this.putU32(Math.floor(value / 4294967296))
  }

  putF64(value: number): void {
    this.at = this.#buf.writeDoubleLE(value, this.at)
  }
}
