/* Column -- one fixed-size value for each document, found by the document's number.
 *
 *      number   0 .. 255     256 .. 511    512 .. 767     768 ..
 *              +----------+ +----------+                +----------+
 *              | chunk 0  | | chunk 1  |  (no document  | chunk 3  |        directory: [a0, a1, 0, a3]
 *              +----------+ +----------+   left here)   +----------+
 *
 * Numbers only grow, and an updated document gets a new one, so old chunks empty out and are dropped one by one; the
 * directory forgets its leading gaps. A chunk is a block of 256 values of 4 or 8 bytes: a loop over documents asks for
 * the chunk once in 256 steps and then reads a slab's typed array.
 *
 *   chunk O(1)   ensure O(1) amortised   drop O(1) amortised */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'

/** Bits of a document number that count inside a chunk. */
export const CHUNK_BITS = 8
/** Documents in a chunk. */
export const CHUNK_DOCS: number = 1 << CHUNK_BITS
/** Masks the place inside its chunk out of a document number. */
export const CHUNK_MASK: number = CHUNK_DOCS - 1

/** Chunks of values by document number; what a value means is the user's business. */
export class Column {
  readonly memory: Memory
  readonly #chunkBytes: number
  #chunks = new Int32Array(16)
  /** Number of the chunk that #chunks[0] names. */
  #first = 0
  #end = 0
  /** Bytes that the chunks hold. */
  sizeBytes = 0
  /** Chunks that there are. */
  chunks = 0

  constructor(memory: Memory, bytesPerDocument: number) {
    this.memory = memory
    this.#chunkBytes = bytesPerDocument * CHUNK_DOCS
  }

  /** The chunk of a document, or 0 when none of its neighbours has a value. */
  chunk(document: number): Address {
    const at = (document >>> CHUNK_BITS) - this.#first
    return at >= 0 && at < this.#end ? this.#chunks[at]! : 0
  }

  /** The chunk of a document; a new one holds zeros. */
  ensure(document: number): Address {
    const known = this.chunk(document)
    if (known !== 0) return known
    const number = document >>> CHUNK_BITS
    if (this.#end === 0) this.#first = number
    else if (number < this.#first) this.#growFront(this.#first - number)
    const at = number - this.#first
    if (at >= this.#chunks.length) this.#grow(at + 1)
    const chunk = this.memory.zeroed(ACCOUNT.index, this.#chunkBytes)
    this.sizeBytes += this.memory.sizeOf(chunk)
    this.#chunks[at] = chunk
    this.chunks++
    if (at >= this.#end) this.#end = at + 1
    return chunk
  }

  /** Forget a chunk, by the number of any document in it. */
  drop(document: number): void {
    const chunk = this.chunk(document)
    if (chunk === 0) return
    this.sizeBytes -= this.memory.sizeOf(chunk)
    this.memory.free(ACCOUNT.index, chunk)
    this.chunks--
    this.#chunks[(document >>> CHUNK_BITS) - this.#first] = 0
    let gap = 0
    while (gap < this.#end && this.#chunks[gap] === 0) gap++
    if (gap < this.#end && gap < 64) return
    this.#chunks.copyWithin(0, gap, this.#end)
    this.#chunks.fill(0, this.#end - gap, this.#end)
    this.#first += gap
    this.#end -= gap
  }

  /** The first document number of the lowest chunk, 0 when there is none. */
  get firstDocument(): number {
    return this.#end === 0 ? 0 : this.#first * CHUNK_DOCS
  }

  /** Give everything back. */
  free(): void {
    for (let i = 0; i < this.#end; i++) if (this.#chunks[i] !== 0) this.memory.free(ACCOUNT.index, this.#chunks[i]!)
    this.#end = this.#first = this.sizeBytes = this.chunks = 0
    this.#chunks = new Int32Array(16)
  }

  #grow(length: number): void {
    const longer = new Int32Array(Math.max(length, this.#chunks.length * 2))
    longer.set(this.#chunks)
    this.#chunks = longer
  }

  #growFront(by: number): void {
    this.#grow(this.#end + by)
    this.#chunks.copyWithin(by, 0, this.#end)
    this.#chunks.fill(0, 0, by)
    this.#first -= by
    this.#end += by
  }
}

/** The double of a document; 0 when its chunk does not exist. */
export function readDouble(column: Column, document: number): number {
  const chunk = column.chunk(document)
  if (chunk === 0) return 0
  return column.memory.f64[chunk >>> SLAB_BITS]![(chunk & UNIT_MASK) + (document & CHUNK_MASK)]!
}

/** Set the double of a document. */
export function writeDouble(column: Column, document: number, value: number): void {
  const chunk = column.ensure(document)
  column.memory.f64[chunk >>> SLAB_BITS]![(chunk & UNIT_MASK) + (document & CHUNK_MASK)] = value
}

/** The 32-bit word of a document; 0 when its chunk does not exist. */
export function readWord(column: Column, document: number): number {
  const chunk = column.chunk(document)
  if (chunk === 0) return 0
  return column.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + (document & CHUNK_MASK)]!
}

/** Set the 32-bit word of a document. */
export function writeWord(column: Column, document: number, value: number): void {
  const chunk = column.ensure(document)
  column.memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + (document & CHUNK_MASK)] = value
}
