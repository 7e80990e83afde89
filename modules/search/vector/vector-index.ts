/* Vector index -- the vectors of one field, by document: what FLAT and HNSW have in common.
 *
 *      document --Column--> slot --words--> document, next slot of the same document
 *                             |
 *                             +--records--> [ vector, padded to 64 bytes | what the engine keeps ]
 *
 * A document has one vector, or several where a JSON path leads to several; its distance is that of the nearest. For
 * COSINE vectors are kept at length 1, and so the distance is that of IP. A vector of zeros stays one.
 *
 * A change of text gives a document a new number: it is cleared, and set again with the same vector. So what is cleared
 * is only put aside, and taken up again when the very next document to be set has the same vectors; anything else
 * removes it for good.
 *
 * An engine says how a slot enters and leaves, and how to search. test/search/vector/engines.test.ts runs both through
 * the same checks. */

import { ACCOUNT, type Memory, PLACE_BITS, type Place, type Range } from 'redstrata/module'
import { Column, readWord, writeWord } from '../index/column.ts'
import type { OwnIndex } from '../index/field-index.ts'
import type { Watch } from '../iterators/iterator.ts'
import { type Kernel, VECTOR_ALIGN } from './kernel.ts'
import type { Matches } from './matches.ts'
import { NumberCodec } from './number-type.ts'
import { blobBytes, type VectorOptions } from './options.ts'
import { Records, type Space, type Spaces, Words } from './space.ts'

/** Distances that are asked for at a time. */
export const LIST_MIN = 256
const BYTES_PER_DOCUMENT = 4
const NOTHING_BELOW = Number.NEGATIVE_INFINITY

/** The vectors of a document, as they are given: one behind the other. */
export interface VectorValue {
  readonly bytes: Range
  readonly count: number
}

/** A search that may be paused: `run` throws what the watch threw, and the next `run` goes on. */
export interface VectorSearch {
  run(watch: Watch): Matches
}

/** What is common to the engines. */
export abstract class VectorIndex implements OwnIndex {
  readonly options: VectorOptions
  /** Bytes of a vector as it is given, and as it is kept. */
  readonly blobBytes: number
  readonly vectorBytes: number
  protected readonly space: Space
  protected readonly kernel: Kernel
  protected readonly records: Records
  /** By slot: the document, and the next slot of the same document plus 1. */
  protected readonly documentOf: Words
  readonly #nextOf: Words
  /** First slot of a document, plus 1. */
  readonly #slots: Column
  readonly #spaces: Spaces
  readonly #codec: NumberCodec
  /** Room for a query, for places, for distances: one run. */
  readonly #scratch: Place
  protected readonly queryAt: number
  /** Offsets in bytes. */
  protected readonly listAt: number
  protected readonly outAt: number
  /** Slots put aside, the first plus 1; 0: none. */
  #aside = 0
  /** Slots that are about to leave. */
  readonly #leaving: number[] = []
  /** Vectors, without those put aside. */
  count = 0
  /** Documents with vectors, without those put aside. */
  documents = 0

  /** @throws ArenaFull. */
  constructor(memory: Memory, spaces: Spaces, options: VectorOptions, extraBytes: number, listLength: number) {
    this.options = options
    this.#spaces = spaces
    this.#codec = new NumberCodec(options.type)
    this.blobBytes = blobBytes(options)
    this.vectorBytes = padded(this.blobBytes)
    this.space = spaces.take()
    this.kernel = this.space.kernels.for(options.type, options.metric)
    const { region } = this.space
    this.records = new Records(region, padded(this.vectorBytes + extraBytes))
    this.documentOf = new Words(region)
    this.#nextOf = new Words(region)
    this.#slots = new Column(memory, BYTES_PER_DOCUMENT)
    try {
      this.#scratch = region.allocate(ACCOUNT.index, this.vectorBytes + listLength * 12 + 8)
    } catch (error) {
      spaces.give(this.space)
      throw error
    }
    this.queryAt = this.#scratch << PLACE_BITS
    this.outAt = this.queryAt + this.vectorBytes
    this.listAt = this.outAt + listLength * 8
  }

  /** Let a new slot, whose vector is written, be found. @throws ArenaFull; the slot is then not known. */
  protected abstract enter(slot: number): void
  /** Let a slot be found no more. */
  protected abstract leave(slot: number): void
  /** A slot just taken was never entered. */
  protected abstract discard(slot: number): void
  /** The nearest `k` documents to the query that is loaded; `ef` is for HNSW. */
  protected abstract searchNearest(k: number, ef: number): VectorSearch
  /** The documents within a radius of the query; `epsilon` is for HNSW. */
  protected abstract searchWithin(radius: number, epsilon: number): VectorSearch

  // ------------------------------------------------------------------ documents

  /** Set the vectors of a document. @throws ArenaFull; the document may then have some of them. */
  set(document: number, value: object): void {
    const { bytes, count } = value as VectorValue
    const first = readWord(this.#slots, document)
    if (first !== 0) {
      if (this.#same(first, bytes, count)) return
      this.clear(document)
      this.settle()
    } else if (this.#aside !== 0) {
      if (this.#same(this.#aside, bytes, count)) {
        this.#takeUp(document, count)
        return
      }
      this.settle()
    }
    writeWord(this.#slots, document, 0)
    for (let i = 0; i < count; i++) this.#add(document, bytes, i, i === 0)
  }

  #add(document: number, bytes: Range, i: number, isFirst: boolean): void {
    const { region } = this.space
    const slot = this.records.take()
    try {
      this.documentOf.ensure(slot)
      this.#nextOf.ensure(slot)
      this.#stage(bytes, i)
      const at = this.records.place(slot) << PLACE_BITS
      region.u8.copyWithin(at, this.queryAt, this.queryAt + this.vectorBytes)
      region.i32[this.documentOf.base + slot] = document
      region.i32[this.#nextOf.base + slot] = readWord(this.#slots, document)
      this.enter(slot)
    } catch (error) {
      this.discard(slot)
      throw error
    }
    writeWord(this.#slots, document, slot + 1)
    this.count++
    if (isFirst) this.documents++
  }

  /** Put the vectors of a document aside. */
  clear(document: number): void {
    // First of all: it may move the slots of this document.
    this.settle()
    const first = readWord(this.#slots, document)
    if (first === 0) return
    writeWord(this.#slots, document, 0)
    this.#aside = first
    this.documents--
    for (let slot = first; slot !== 0; slot = this.#next(slot)) this.count--
  }

  #next(slot: number): number {
    return this.space.region.i32[this.#nextOf.base + slot - 1]!
  }

  /** What was put aside belongs to this document now. */
  #takeUp(document: number, count: number): void {
    writeWord(this.#slots, document, this.#aside)
    for (let slot = this.#aside; slot !== 0; slot = this.#next(slot))
      this.space.region.i32[this.documentOf.base + slot - 1] = document
    this.#aside = 0
    this.count += count
    this.documents++
  }

  /** Remove what was put aside. */
  protected settle(): void {
    if (this.#aside === 0) return
    const leaving = this.#leaving
    for (let slot = this.#aside; slot !== 0; slot = this.#next(slot)) leaving.push(slot - 1)
    this.#aside = 0
    while (leaving.length > 0) this.leave(leaving.pop()!)
  }

  /** Whether more slots leave behind the one that does. */
  protected get hasLeaving(): boolean {
    return this.#leaving.length > 0
  }

  /** A slot lies elsewhere now. */
  protected moved(from: number, to: number): void {
    const place = this.#leaving.indexOf(from)
    if (place >= 0) this.#leaving[place] = to
    const { i32 } = this.space.region
    const document = i32[this.documentOf.base + from]!
    i32[this.documentOf.base + to] = document
    i32[this.#nextOf.base + to] = i32[this.#nextOf.base + from]!
    const first = readWord(this.#slots, document)
    if (first === from + 1) writeWord(this.#slots, document, to + 1)
    else
      for (let slot = first; slot !== 0; slot = this.#next(slot))
        if (this.#next(slot) === from + 1) i32[this.#nextOf.base + slot - 1] = to + 1
  }

  /** Whether a chain of slots has just these vectors. */
  #same(first: number, bytes: Range, count: number): boolean {
    const { u8 } = this.space.region
    let slot = first
    for (let i = count - 1; i >= 0; i--) {
      if (slot === 0) return false
      this.#stage(bytes, i)
      const at = this.records.place(slot - 1) << PLACE_BITS
      for (let b = 0; b < this.blobBytes; b++) if (u8[at + b] !== u8[this.queryAt + b]) return false
      slot = this.#next(slot)
    }
    return slot === 0
  }

  /** Write a vector, as it is kept, into the room for queries. */
  #stage(bytes: Range, i: number): void {
    const { u8 } = this.space.region
    const from = bytes.start + i * this.blobBytes
    for (let b = 0; b < this.blobBytes; b++) u8[this.queryAt + b] = bytes.buf[from + b]!
    u8.fill(0, this.queryAt + this.blobBytes, this.queryAt + this.vectorBytes)
    if (this.options.metric === 'COSINE') this.#normalize()
  }

  #normalize(): void {
    const view = new DataView(this.space.region.u8.buffer, this.queryAt, this.vectorBytes)
    const codec = this.#codec
    let squares = 0
    for (let at = 0; at < this.blobBytes; at += codec.bytes) squares += codec.read(view, at) ** 2
    if (squares === 0) return
    const length = Math.sqrt(squares)
    for (let at = 0; at < this.blobBytes; at += codec.bytes) codec.write(view, at, codec.read(view, at) / length)
  }

  // ------------------------------------------------------------------ searching

  /** Load what the next search, or `distances`, is about; it has `blobBytes` bytes. */
  load(query: Range): void {
    this.settle()
    this.#stage(query, 0)
  }

  /** Search for the nearest documents; runs until it is done or the watch throws. */
  nearest(query: Range, k: number, ef: number): VectorSearch {
    return this.#loaded(query, this.searchNearest(k, ef))
  }

  /** Search for all documents within a radius. */
  within(query: Range, radius: number, epsilon: number): VectorSearch {
    return this.#loaded(query, this.searchWithin(radius, epsilon))
  }

  /** Others may have searched while a search was paused. */
  #loaded(query: Range, search: VectorSearch): VectorSearch {
    return {
      run: watch => {
        this.load(query)
        return search.run(watch)
      },
    }
  }

  /** How far documents, at most LIST_MIN, are from the query that is loaded; NaN without a vector. */
  distances(documents: Int32Array, count: number, out: Float64Array): void {
    const { i32, f64 } = this.space.region
    const slots = this.#slots
    const list = this.listAt >>> 2
    let several = false
    for (let i = 0; i < count; i++) {
      const slot = readWord(slots, documents[i]!)
      // The query stands for who has no vector.
      i32[list + i] = slot === 0 ? this.#scratch : this.records.place(slot - 1)
      if (slot !== 0 && this.#next(slot) !== 0) several = true
    }
    this.kernel(this.queryAt, this.listAt, count, this.outAt, this.vectorBytes, NOTHING_BELOW)
    for (let i = 0; i < count; i++)
      out[i] = i32[list + i] === this.#scratch ? Number.NaN : comparable(f64[(this.outAt >>> 3) + i]!)
    if (several) this.#nearestOfSeveral(documents, count, out)
  }

  #nearestOfSeveral(documents: Int32Array, count: number, out: Float64Array): void {
    const { i32, f64 } = this.space.region
    for (let i = 0; i < count; i++) {
      const first = readWord(this.#slots, documents[i]!)
      for (let slot = first === 0 ? 0 : this.#next(first); slot !== 0; slot = this.#next(slot)) {
        i32[this.listAt >>> 2] = this.records.place(slot - 1)
        this.kernel(this.queryAt, this.listAt, 1, this.outAt, this.vectorBytes, NOTHING_BELOW)
        out[i] = Math.min(out[i]!, comparable(f64[this.outAt >>> 3]!))
      }
    }
  }

  /** Whether some document has several vectors. */
  protected get hasSeveral(): boolean {
    return this.count > this.documents
  }

  // ------------------------------------------------------------------ the end

  drop(document: number): void {
    this.#slots.drop(document)
  }

  get sizeBytes(): number {
    const words = this.documentOf.sizeBytes + this.#nextOf.sizeBytes
    return words + this.records.sizeBytes + this.#slots.sizeBytes + this.space.region.sizeOf(this.#scratch)
  }

  /** Give everything back. */
  free(): void {
    this.#aside = this.count = this.documents = 0
    this.records.free()
    this.documentOf.free()
    this.#nextOf.free()
    this.#slots.free()
    this.space.region.free(ACCOUNT.index, this.#scratch)
    this.#spaces.give(this.space)
  }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / VECTOR_ALIGN) * VECTOR_ALIGN
}

/** What is no number is as far away as can be, so that distances have an order. */
export function comparable(distance: number): number {
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance
}
