/* Sorted keys -- the records of a Dict in the order of their keys, for walks that a hash table cannot do.
 *
 *      chunk 0                chunk 1                  chunk 2            a chunk: up to 512 record addresses
 *      [ant  ape  bat ...]    [cat  cow  doe ...]      [elk  ...]
 *
 *      seek("cod"): halve the chunks by their first keys, then halve the chunk -> "cow"
 *
 * Keys compare byte by byte, which for UTF-8 is the order of code points. The records own the keys; this list holds
 * only addresses: 4 bytes a key and about a third more for room.
 *
 *   insert, remove, seek O(log n) comparisons and one short move      step O(1)
 *
 * Invariants: no chunk is empty; keys grow strictly along the list. A cursor is valid until the list changes. */

import { ACCOUNT, type Address, type Dict, type Memory, Range, SLAB_BITS, UNIT_MASK } from 'redstrata/module'

const CHUNK_KEYS = 512

/** The records of a table in key order. */
export class SortedKeys {
  readonly #memory: Memory
  readonly #dict: Dict
  #chunks = new Int32Array(16)
  #counts = new Int32Array(16)
  #length = 0
  /** Where the last seek or step arrived. */
  #chunk = 0
  #slot = 0
  readonly #a = new Range()

  constructor(memory: Memory, dict: Dict) {
    this.#memory = memory
    this.#dict = dict
  }

  /** Bytes held. */
  get sizeBytes(): number {
    return this.#length * CHUNK_KEYS * 4
  }

  /** Add a record whose key is not in the list. @throws ArenaFull with nothing changed. */
  insert(record: Address): void {
    if (this.#length === 0) {
      this.#begin(record)
      return
    }
    const key = this.#dict.key(record, this.#a)
    this.#find(key.buf, key.start, key.end)
    let chunk = this.#chunk
    let slot = this.#slot
    if (chunk === this.#length) {
      chunk--
      slot = this.#counts[chunk]!
    }
    if (this.#counts[chunk] === CHUNK_KEYS) {
      const kept = this.#split(chunk, slot)
      if (slot > kept || (slot === kept && kept === CHUNK_KEYS)) {
        chunk++
        slot -= kept
      }
    }
    const { words, base } = this.#at(chunk)
    words.copyWithin(base + slot + 1, base + slot, base + this.#counts[chunk]!)
    words[base + slot] = record
    this.#counts[chunk]!++
  }

  /** The first key of all. */
  #begin(record: Address): void {
    const block = this.#memory.block(ACCOUNT.index, CHUNK_KEYS * 4)
    this.#openGap(0)
    this.#chunks[0] = block
    this.#counts[0] = 1
    this.#memory.i32[block >>> SLAB_BITS]![(block & UNIT_MASK) << 1] = record
  }

  /** Take a record out, before it is removed from the table. */
  remove(record: Address): void {
    const key = this.#dict.key(record, this.#a)
    this.#find(key.buf, key.start, key.end)
    const chunk = this.#chunk
    const { words, base } = this.#at(chunk)
    words.copyWithin(base + this.#slot, base + this.#slot + 1, base + this.#counts[chunk]!)
    const left = --this.#counts[chunk]!
    if (left === 0) this.#closeGap(chunk)
    else if (left < CHUNK_KEYS / 4) this.#join(chunk)
  }

  /** Go to the first key not below a byte string; returns its record, or 0 when there is none. */
  seek(buf: Buffer, start: number, end: number): Address {
    this.#find(buf, start, end)
    return this.current
  }

  /** Go to the first key of all. */
  first(): Address {
    this.#chunk = this.#slot = 0
    return this.current
  }

  /** The record where the last seek or step arrived, or 0 behind the last key. */
  get current(): Address {
    if (this.#chunk >= this.#length) return 0
    const chunk = this.#chunks[this.#chunk]!
    return this.#memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + this.#slot]!
  }

  /** Go one key on. */
  step(): Address {
    if (++this.#slot >= this.#counts[this.#chunk]!) {
      this.#chunk++
      this.#slot = 0
    }
    return this.current
  }

  /** Give the list's own memory back. */
  free(): void {
    for (let i = 0; i < this.#length; i++) this.#memory.free(ACCOUNT.index, this.#chunks[i]!)
    this.#length = 0
  }

  #at(chunk: number): { words: Int32Array; base: number } {
    const address = this.#chunks[chunk]!
    return { words: this.#memory.i32[address >>> SLAB_BITS]!, base: (address & UNIT_MASK) << 1 }
  }

  /** Set the cursor to the first key not below a byte string. */
  #find(buf: Buffer, start: number, end: number): void {
    let low = 0
    let high = this.#length
    // The last chunk that begins at or below the string holds the place, or the place is just behind it.
    while (low < high) {
      const middle = (low + high) >>> 1
      const address = this.#chunks[middle]!
      const record = this.#memory.i32[address >>> SLAB_BITS]![(address & UNIT_MASK) << 1]!
      if (this.#compare(record, buf, start, end) <= 0) low = middle + 1
      else high = middle
    }
    const chunk = Math.max(0, low - 1)
    this.#chunk = chunk
    this.#slot = 0
    if (chunk >= this.#length) return
    const { words, base } = this.#at(chunk)
    low = 0
    high = this.#counts[chunk]!
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(words[base + middle]!, buf, start, end) < 0) low = middle + 1
      else high = middle
    }
    this.#slot = low
    if (low === this.#counts[chunk]!) {
      this.#chunk++
      this.#slot = 0
    }
  }

  #compare(record: Address, buf: Buffer, start: number, end: number): number {
    const bytes = this.#memory.u8[record >>> SLAB_BITS]!
    let at = ((record & UNIT_MASK) << 3) + this.#dict.keyAt
    let length = bytes[at - this.#dict.keyAt + 4]!
    if (length === 255) {
      length = bytes.readUInt32LE(at)
      at += 4
    }
    const shorter = Math.min(length, end - start)
    for (let i = 0; i < shorter; i++) {
      const difference = bytes[at + i]! - buf[start + i]!
      if (difference !== 0) return difference
    }
    return length - (end - start)
  }

  /** Make room in a full chunk for a key at `slot`; returns how many keys stay in it. */
  #split(chunk: number, slot: number): number {
    const fresh = this.#memory.block(ACCOUNT.index, CHUNK_KEYS * 4)
    // Keys that come in order fill chunks to the brim.
    const kept = slot === CHUNK_KEYS && chunk === this.#length - 1 ? CHUNK_KEYS : CHUNK_KEYS / 2
    this.#openGap(chunk + 1)
    this.#chunks[chunk + 1] = fresh
    this.#counts[chunk + 1] = CHUNK_KEYS - kept
    this.#counts[chunk] = kept
    const from = this.#at(chunk)
    const to = this.#at(chunk + 1)
    to.words.set(from.words.subarray(from.base + kept, from.base + CHUNK_KEYS), to.base)
    return kept
  }

  /** Join a small chunk to a neighbour when both fill at most half of one. */
  #join(chunk: number): void {
    const first = chunk > 0 && this.#fits(chunk - 1) ? chunk - 1 : chunk
    if (first === chunk && !this.#fits(chunk)) return
    const to = this.#at(first)
    const from = this.#at(first + 1)
    const count = this.#counts[first + 1]!
    to.words.set(from.words.subarray(from.base, from.base + count), to.base + this.#counts[first]!)
    this.#counts[first]! += count
    this.#closeGap(first + 1)
  }

  #fits(first: number): boolean {
    return first + 1 < this.#length && this.#counts[first]! + this.#counts[first + 1]! <= CHUNK_KEYS / 2
  }

  #openGap(chunk: number): void {
    if (this.#length === this.#chunks.length) {
      this.#chunks = longer(this.#chunks)
      this.#counts = longer(this.#counts)
    }
    this.#chunks.copyWithin(chunk + 1, chunk, this.#length)
    this.#counts.copyWithin(chunk + 1, chunk, this.#length)
    this.#length++
  }

  /** Free a chunk whose keys are elsewhere. */
  #closeGap(chunk: number): void {
    this.#memory.free(ACCOUNT.index, this.#chunks[chunk]!)
    this.#chunks.copyWithin(chunk, chunk + 1, this.#length)
    this.#counts.copyWithin(chunk, chunk + 1, this.#length)
    this.#length--
  }
}

function longer(array: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(array.length * 2)
  copy.set(array)
  return copy
}
