/* Living bits -- which numbers are living documents, a bit each.
 *
 *      numbers   0 .. 255            256 .. 511           1280 .. 1535
 *               [word 0 .. word 7]  [word 8 .. 15]   ...  [word 40 .. 47]      a chunk of the column: 8 words
 *
 * Documents that change get new numbers, so after many changes the living ones stand far apart. A walk that looks at each
 * number would take the longer for it; here 32 numbers without a living one are passed over in a step, and chunks that
 * were dropped are not there at all.
 *
 *   add, remove O(1)      next: 32 numbers a step, 256 where a chunk is gone
 *
 * Invariant: a bit is set exactly when its number lives. */

import { type Memory, SLAB_BITS, UNIT_MASK } from 'redstrata/module'
import { CHUNK_DOCS, CHUNK_MASK, Column } from './column.ts'

/** Words with the bits of a chunk of documents. */
export const WINDOW_WORDS: number = CHUNK_DOCS / 32

/** A set of document numbers. */
export class LivingBits {
  readonly #memory: Memory
  readonly #column: Column
  readonly #window = new Int32Array(WINDOW_WORDS)

  constructor(memory: Memory) {
    this.#memory = memory
    this.#column = new Column(memory, 1 / 8)
  }

  /** Bytes held. */
  get sizeBytes(): number {
    return this.#column.sizeBytes
  }

  /** Have room for a number. @throws ArenaFull with nothing changed. */
  ensure(number: number): void {
    this.#column.ensure(number)
  }

  /** A number that there is room for lives. */
  add(number: number): void {
    const chunk = this.#column.chunk(number)
    this.#memory.i32[chunk >>> SLAB_BITS]![placeOf(chunk, number)]! |= 1 << (number & 31)
  }

  /** A living number lives no more. */
  remove(number: number): void {
    const chunk = this.#column.chunk(number)
    this.#memory.i32[chunk >>> SLAB_BITS]![placeOf(chunk, number)]! &= ~(1 << (number & 31))
  }

  /** The first living number from `number` up to `last`, or -1. */
  next(number: number, last: number): number {
    const column = this.#column
    for (let at = Math.max(number, column.firstDocument); at <= last; at = (at | CHUNK_MASK) + 1) {
      const chunk = column.chunk(at)
      if (chunk === 0) continue
      const words = this.#memory.i32[chunk >>> SLAB_BITS]!
      const base = (chunk & UNIT_MASK) << 1
      let word = (at & CHUNK_MASK) >>> 5
      let bits = words[base + word]! & (-1 << (at & 31))
      while (bits === 0 && ++word < WINDOW_WORDS) bits = words[base + word]!
      if (bits !== 0) return (at & ~CHUNK_MASK) + word * 32 + lowestOf(bits)
    }
    return -1
  }

  /** Fill a list with the living numbers from `number` up to `last`, as many as fit; returns how many. */
  list(number: number, last: number, out: Int32Array): number {
    const window = this.#window
    let count = 0
    for (let at = this.next(number, last); at >= 0; at = this.next((at | CHUNK_MASK) + 1, last)) {
      this.window(at, window)
      const first = at & ~CHUNK_MASK
      for (let word = 0; word < WINDOW_WORDS; word++)
        for (let bits = window[word]!; bits !== 0; bits &= bits - 1) {
          if (count === out.length) return count
          out[count++] = first + word * 32 + lowestOf(bits)
        }
    }
    return count
  }

  /** Copy the bits of the chunk of a number that has one, without those of lower numbers. */
  window(number: number, out: Int32Array): void {
    const chunk = this.#column.chunk(number)
    const words = this.#memory.i32[chunk >>> SLAB_BITS]!
    const base = (chunk & UNIT_MASK) << 1
    const from = (number & CHUNK_MASK) >>> 5
    for (let word = 0; word < WINDOW_WORDS; word++) out[word] = word < from ? 0 : words[base + word]!
    out[from]! &= -1 << (number & 31)
  }

  /** Living numbers in the chunk of a number. */
  countIn(number: number): number {
    const chunk = this.#column.chunk(number)
    if (chunk === 0) return 0
    const words = this.#memory.i32[chunk >>> SLAB_BITS]!
    const base = (chunk & UNIT_MASK) << 1
    let living = 0
    for (let word = 0; word < WINDOW_WORDS; word++)
      for (let bits = words[base + word]!; bits !== 0; bits &= bits - 1) living++
    return living
  }

  /** Forget a chunk in which nothing lives, by any number of it. */
  drop(number: number): void {
    this.#column.drop(number)
  }

  /** Give everything back. */
  free(): void {
    this.#column.free()
  }
}

/** Where in its slab the word of a number is. */
function placeOf(chunk: number, number: number): number {
  return ((chunk & UNIT_MASK) << 1) + ((number & CHUNK_MASK) >>> 5)
}

/** The place of the lowest bit that is set. */
export function lowestOf(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}
