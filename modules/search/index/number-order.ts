/* Number order -- the numbers of a field in order, each with its document: what ranges and sorting walk.
 *
 *      chunk 0                      chunk 1                          a chunk: 256 doubles, then 256 documents
 *      1.5/7  2/3  2/9  ...         40/1  41.2/8 ...                 in the order of (number, document)
 *
 *      [2 .. 41)  ->  from (chunk 0, slot 1) up to (chunk 1, slot 1): how many is known without looking at them
 *
 * A document may stand here several times (an array of numbers in JSON). A number that goes is taken out at once, so a
 * range never meets tombstones; the numbers of a document are known from the field's column.
 *
 *   insert, remove, place O(log n) and one short move    count of a range O(chunks)    walk ~1 ns an entry
 *
 * Invariants: no chunk is empty; entries grow strictly. NaN has no place. */

import { ACCOUNT, type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'

const ENTRIES = 256

/** A place between entries: behind all entries below it. */
export interface Place {
  chunk: number
  slot: number
}

/** Numbers with their documents, in order. */
export class NumberOrder {
  readonly #memory: Memory
  #chunks = new Int32Array(16)
  #counts = new Int32Array(16)
  #length = 0
  /** Entries. */
  count = 0
  #chunk = 0
  #slot = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** Bytes held. */
  get sizeBytes(): number {
    return this.#length * ENTRIES * 12
  }

  /** Chunks of the list, for walks. */
  get chunks(): number {
    return this.#length
  }

  /** Entries of a chunk. */
  entriesOf(chunk: number): number {
    return this.#counts[chunk]!
  }

  /** The number of an entry. */
  value(chunk: number, slot: number): number {
    const address = this.#chunks[chunk]!
    return this.#memory.f64[address >>> SLAB_BITS]![(address & UNIT_MASK) + slot]!
  }

  /** The document of an entry. */
  document(chunk: number, slot: number): number {
    const address = this.#chunks[chunk]!
    return this.#memory.i32[address >>> SLAB_BITS]![((address & UNIT_MASK) << 1) + ENTRIES * 2 + slot]!
  }

  /** Add an entry; nothing happens when it is there. @throws ArenaFull with nothing changed. */
  insert(value: number, document: number): void {
    if (this.#length === 0) this.#addChunk(0, this.#memory.block(ACCOUNT.index, ENTRIES * 12))
    this.#find(value, document)
    if (
      this.#chunk < this.#length &&
      this.value(this.#chunk, this.#slot) === value &&
      this.document(this.#chunk, this.#slot) === document
    )
      return
    let chunk = this.#chunk
    let slot = this.#slot
    if (chunk === this.#length) slot = this.#counts[--chunk]!
    if (this.#counts[chunk] === ENTRIES) {
      const kept = this.#split(chunk, slot)
      if (slot > kept || slot === ENTRIES) {
        chunk++
        slot -= kept
      }
    }
    this.#shift(chunk, slot, 1)
    const address = this.#chunks[chunk]!
    this.#memory.f64[address >>> SLAB_BITS]![(address & UNIT_MASK) + slot] = value
    this.#memory.i32[address >>> SLAB_BITS]![((address & UNIT_MASK) << 1) + ENTRIES * 2 + slot] = document
    this.count++
  }

  /** Take an entry out; nothing happens when it is not there. */
  remove(value: number, document: number): void {
    this.#find(value, document)
    const chunk = this.#chunk
    const slot = this.#slot
    if (chunk >= this.#length || this.value(chunk, slot) !== value || this.document(chunk, slot) !== document) return
    this.#shift(chunk, slot + 1, -1)
    this.count--
    const left = this.#counts[chunk]!
    if (left === 0) this.#dropChunk(chunk)
    else if (left < ENTRIES / 4) this.#join(chunk)
  }

  /** The place before the first entry whose number is at least `value`, or above it when `open`. */
  place(value: number, open: boolean, out: Place): Place {
    this.#find(value, open ? 0x7fffffff : 0)
    out.chunk = this.#chunk
    out.slot = this.#slot
    return out
  }

  /** Entries from one place to another. */
  between(from: Place, to: Place): number {
    if (from.chunk === to.chunk) return Math.max(0, to.slot - from.slot)
    let count = to.slot - from.slot
    for (let chunk = from.chunk; chunk < to.chunk; chunk++) count += this.#counts[chunk]!
    return from.chunk > to.chunk ? 0 : count
  }

  /** Set a bit for every document between two places; bit 0 of word 0 stands for document `first`. */
  mark(from: Place, to: Place, words: Int32Array, first: number): void {
    for (let chunk = from.chunk; chunk <= to.chunk && chunk < this.#length; chunk++) {
      const address = this.#chunks[chunk]!
      const documents = this.#memory.i32[address >>> SLAB_BITS]!
      const base = ((address & UNIT_MASK) << 1) + ENTRIES * 2
      const end = base + (chunk === to.chunk ? to.slot : this.#counts[chunk]!)
      for (let i = base + (chunk === from.chunk ? from.slot : 0); i < end; i++) {
        const bit = documents[i]! - first
        words[bit >>> 5]! |= 1 << (bit & 31)
      }
    }
  }

  /** Write the documents between two places to `out`, in the order of their numbers. */
  gather(from: Place, to: Place, out: Int32Array): void {
    let at = 0
    for (let chunk = from.chunk; chunk <= to.chunk && chunk < this.#length; chunk++) {
      const end = chunk === to.chunk ? to.slot : this.#counts[chunk]!
      for (let slot = chunk === from.chunk ? from.slot : 0; slot < end; slot++) out[at++] = this.document(chunk, slot)
    }
  }

  /** Give everything back. */
  free(): void {
    for (let i = 0; i < this.#length; i++) this.#memory.free(ACCOUNT.index, this.#chunks[i]!)
    this.#length = this.count = 0
  }

  /** Set the cursor to the first entry not below (value, document). */
  #find(value: number, document: number): void {
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >>> 1
      const first = this.value(middle, 0)
      if (first < value || (first === value && this.document(middle, 0) <= document)) low = middle + 1
      else high = middle
    }
    const chunk = Math.max(0, low - 1)
    this.#chunk = chunk
    this.#slot = 0
    if (chunk >= this.#length) return
    low = 0
    high = this.#counts[chunk]!
    while (low < high) {
      const middle = (low + high) >>> 1
      const entry = this.value(chunk, middle)
      if (entry < value || (entry === value && this.document(chunk, middle) < document)) low = middle + 1
      else high = middle
    }
    this.#slot = low
    if (low === this.#counts[chunk]!) {
      this.#chunk++
      this.#slot = 0
    }
  }

  /** Move the entries from `slot` on by `by` places. */
  #shift(chunk: number, slot: number, by: number): void {
    const address = this.#chunks[chunk]!
    const count = this.#counts[chunk]!
    const base = address & UNIT_MASK
    this.#memory.f64[address >>> SLAB_BITS]!.copyWithin(base + slot + by, base + slot, base + count)
    const documents = (base << 1) + ENTRIES * 2
    this.#memory.i32[address >>> SLAB_BITS]!.copyWithin(documents + slot + by, documents + slot, documents + count)
    this.#counts[chunk] = count + by
  }

  /** Copy entries of one chunk to another, and have them counted there. */
  #copy(from: number, slot: number, count: number, to: number): void {
    const source = this.#chunks[from]!
    const target = this.#chunks[to]!
    const at = this.#counts[to]!
    const base = source & UNIT_MASK
    const values = this.#memory.f64[source >>> SLAB_BITS]!
    this.#memory.f64[target >>> SLAB_BITS]!.set(
      values.subarray(base + slot, base + slot + count),
      (target & UNIT_MASK) + at,
    )
    const documents = (base << 1) + ENTRIES * 2 + slot
    const words = this.#memory.i32[source >>> SLAB_BITS]!
    const targetWords = this.#memory.i32[target >>> SLAB_BITS]!
    targetWords.set(words.subarray(documents, documents + count), ((target & UNIT_MASK) << 1) + ENTRIES * 2 + at)
    this.#counts[to] = at + count
  }

  #split(chunk: number, slot: number): number {
    // Numbers that come in order (times, mostly) fill chunks to the brim.
    const kept = slot === ENTRIES && chunk === this.#length - 1 ? ENTRIES : ENTRIES / 2
    this.#addChunk(chunk + 1, this.#memory.block(ACCOUNT.index, ENTRIES * 12))
    this.#copy(chunk, kept, ENTRIES - kept, chunk + 1)
    this.#counts[chunk] = kept
    return kept
  }

  #join(chunk: number): void {
    const first = chunk > 0 && this.#fits(chunk - 1) ? chunk - 1 : chunk
    if (first === chunk && !this.#fits(chunk)) return
    this.#copy(first + 1, 0, this.#counts[first + 1]!, first)
    this.#dropChunk(first + 1)
  }

  #fits(first: number): boolean {
    return first + 1 < this.#length && this.#counts[first]! + this.#counts[first + 1]! <= ENTRIES / 2
  }

  #addChunk(at: number, address: number): void {
    if (this.#length === this.#chunks.length) {
      this.#chunks = longer(this.#chunks)
      this.#counts = longer(this.#counts)
    }
    this.#chunks.copyWithin(at + 1, at, this.#length)
    this.#counts.copyWithin(at + 1, at, this.#length)
    this.#chunks[at] = address
    this.#counts[at] = 0
    this.#length++
  }

  #dropChunk(at: number): void {
    this.#memory.free(ACCOUNT.index, this.#chunks[at]!)
    this.#chunks.copyWithin(at, at + 1, this.#length)
    this.#counts.copyWithin(at, at + 1, this.#length)
    this.#length--
  }
}

function longer(array: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(array.length * 2)
  copy.set(array)
  return copy
}
