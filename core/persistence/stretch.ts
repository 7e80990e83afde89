/* Stretch -- the bytes of one block, written a piece at a time as they were at one moment, while they go on changing.
 *
 *      bytes     | page 0 | page 1 | page 2 | page 3 | page 4 | ...       pages of 4 KB, counted from the first byte
 *                                  ^ next to be written
 *      kept                                 | old 3  |  [] []             a page that was written over, two lines of another
 *
 * Before bytes change, what they were is copied, unless it was written already or copied before: the line of 64 bytes around a
 * small change, as in a bit of a filter or a counter of a sketch, and the pages around a large one, as when the text
 * of a document moves. The walk takes from the copies what is there, and the rest from the block itself. So a change costs little
 * more than itself, and a fork, which copies the page of every bit, costs more.
 *
 * What is written of the bytes is what `put` makes of them: themselves, or doubles with the mark that each has in a file.
 *
 * Copies are kept by the megabyte (Overlay), so that no table of them becomes large, and grows while somebody waits.
 *
 * When the block is freed (the key is deleted, or the string has moved to grow), it is not copied either: it is taken over as it
 * is, and freed when it was written.
 *
 *   a change O(bytes)    freeing O(1)    a step: PIECE_BYTES
 *
 * Invariants: what lies before `next` is in no copy; a page that was copied has no lines; copies and block together are
 * what was there at the first moment. */

import type { Span } from '../keyspace/value-type.ts'
import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import type { Part } from './plan.ts'
import { PART } from './rdb/format.ts'
import type { RdbWriter } from './rdb/writer.ts'
import type { Watch, Watched } from './watch.ts'

const LINE_BITS = 6
const PAGE_BITS = 12
const SECTION_BITS = 20
const LINE_BYTES = 1 << LINE_BITS
const PAGE_BYTES = 1 << PAGE_BITS
const LINES_A_PAGE = PAGE_BYTES / LINE_BYTES
/** Larger changes are kept by pages. */
const SMALL_CHANGE = 512
/** Bytes that are written at once; sections are a multiple of it. */
const PIECE_BYTES = 64 << 10

/** A stretch of bytes in a buffer. */
interface Source {
  readonly memory: Memory
  readonly block: Address
  readonly start: number
  readonly length: number
  readonly put: PutBytes
}

/** Writes bytes as they are, or what is made of them. `offset` says where in the stretch they begin. */
export type PutBytes = (writer: RdbWriter, buf: Buffer, start: number, end: number, offset: number) => void

/** Bytes as they are. */
export const putRaw: PutBytes = (writer, buf, start, end) => writer.raw(buf, start, end)

/** Some of the doubles, as parts of a module's value. Lines and pages hold whole ones. */
export function putDoubles(spans: readonly Span[]): PutBytes {
  return (writer, buf, start, end, offset) => {
    const first = offset >>> 3
    const last = (offset + end - start) >>> 3
    for (const { from, to } of spans)
      for (let i = Math.max(from, first); i < Math.min(to, last); i++) {
        const at = start + i * 8 - offset
        writer.length(PART.double)
        writer.raw(buf, at, at + 8)
      }
  }
}

/** Copies of what was in one megabyte of a stretch, by numbers counted from the beginning of the stretch. */
class Overlay {
  readonly #source: Source
  readonly #pages = new Map<number, Address>()
  readonly #lines = new Map<number, Address>()

  constructor(source: Source) {
    this.#source = source
  }

  #copy(from: number, most: number): Address {
    const { memory, block, start, length } = this.#source
    const copy = memory.block(ACCOUNT.overhead, most)
    const at = ((block & UNIT_MASK) << 3) + start + from
    const end = at + Math.min(most, length - from)
    memory.u8[block >>> SLAB_BITS]!.copy(memory.u8[copy >>> SLAB_BITS]!, (copy & UNIT_MASK) << 3, at, end)
    return copy
  }

  keepLine(line: number): void {
    if (this.#pages.has(line >>> (PAGE_BITS - LINE_BITS)) || this.#lines.has(line)) return
    this.#lines.set(line, this.#copy(line * LINE_BYTES, LINE_BYTES))
  }

  keepPage(page: number): void {
    if (this.#pages.has(page)) return
    const { memory } = this.#source
    const copy = this.#copy(page * PAGE_BYTES, PAGE_BYTES)
    this.#pages.set(page, copy)
    if (this.#lines.size === 0) return
    const to = (copy & UNIT_MASK) << 3
    for (let i = 0; i < LINES_A_PAGE; i++) {
      const old = this.#takeLine(page * LINES_A_PAGE + i)
      if (old === 0) continue
      const at = (old & UNIT_MASK) << 3
      const buf = memory.u8[old >>> SLAB_BITS]!
      buf.copy(memory.u8[copy >>> SLAB_BITS]!, to + i * LINE_BYTES, at, at + LINE_BYTES)
      memory.free(ACCOUNT.overhead, old)
    }
  }

  /** The copy of a line, which is the caller's now; 0 when there is none. */
  #takeLine(line: number): Address {
    const copy = this.#lines.get(line)
    if (copy === undefined) return 0
    this.#lines.delete(line)
    return copy
  }

  /** Write a page as it was. */
  write(writer: RdbWriter, page: number): void {
    const { length } = this.#source
    const from = page * PAGE_BYTES
    const end = Math.min(length, from + PAGE_BYTES)
    const copy = this.#pages.get(page)
    if (copy !== undefined) {
      this.#pages.delete(page)
      this.#pass(writer, copy, from, end)
      return
    }
    let plain = from
    for (let at = from; at < end && this.#lines.size > 0; at += LINE_BYTES) {
      const line = this.#takeLine(at / LINE_BYTES)
      if (line === 0) continue
      passBytes(writer, this.#source, plain, at)
      this.#pass(writer, line, at, Math.min(end, at + LINE_BYTES))
      plain = Math.min(end, at + LINE_BYTES)
    }
    passBytes(writer, this.#source, plain, end)
  }

  /** Write a copy and forget it. */
  #pass(writer: RdbWriter, copy: Address, from: number, end: number): void {
    const { memory, put } = this.#source
    const at = (copy & UNIT_MASK) << 3
    put(writer, memory.u8[copy >>> SLAB_BITS]!, at, at + end - from, from)
    memory.free(ACCOUNT.overhead, copy)
  }

  release(): void {
    const { memory } = this.#source
    for (const copies of [this.#pages, this.#lines]) {
      for (const copy of copies.values()) memory.free(ACCOUNT.overhead, copy)
      copies.clear()
    }
  }
}

/** Write bytes from where they lie. */
function passBytes(writer: RdbWriter, { memory, block, start, put }: Source, from: number, to: number): void {
  if (from === to) return
  const at = ((block & UNIT_MASK) << 3) + start
  put(writer, memory.u8[block >>> SLAB_BITS]!, at + from, at + to, from)
}

export class Stretch implements Part, Watched {
  readonly #source: Source
  readonly #watch: Watch
  readonly #owner: number
  /** By megabytes. */
  readonly #overlays = new Map<number, Overlay>()
  #next = 0
  /** Whether the block is ours, since whose it was has freed it. */
  #isOwn = false
  #isWatched = true

  /** @param start where the bytes begin in the block. */
  constructor(memory: Memory, watch: Watch, block: Address, start: number, length: number, put: PutBytes) {
    this.#source = { memory, block, start, length, put }
    this.#watch = watch
    this.#owner = watch.enter(this)
    watch.add(block, this.#owner, 0)
  }

  get isDone(): boolean {
    return this.#next === this.#source.length
  }

  block(): void {
    const { start, length } = this.#source
    this.stretch(0, start, start + length)
  }

  stretch(_place: number, from: number, to: number): void {
    const { start, length } = this.#source
    const begin = Math.max(from - start, this.#next)
    const end = Math.min(to - start, length)
    if (end - begin <= SMALL_CHANGE) {
      const last = (end - 1) >>> LINE_BITS
      for (let line = begin >>> LINE_BITS; begin < end && line <= last; line++)
        this.#overlay(line >>> (SECTION_BITS - LINE_BITS)).keepLine(line)
    } else {
      const last = (end - 1) >>> PAGE_BITS
      for (let page = begin >>> PAGE_BITS; page <= last; page++)
        this.#overlay(page >>> (SECTION_BITS - PAGE_BITS)).keepPage(page)
    }
  }

  #overlay(section: number): Overlay {
    let found = this.#overlays.get(section)
    if (found === undefined) this.#overlays.set(section, (found = new Overlay(this.#source)))
    return found
  }

  part(): void {}

  keeps(): boolean {
    this.#isOwn = true
    return true
  }

  step(writer: RdbWriter): void {
    const { length } = this.#source
    const end = Math.min(length, this.#next + PIECE_BYTES)
    const section = this.#next >>> SECTION_BITS
    const overlay = this.#overlays.get(section)
    if (overlay === undefined) passBytes(writer, this.#source, this.#next, end)
    else for (let page = this.#next >>> PAGE_BITS; page * PAGE_BYTES < end; page++) overlay.write(writer, page)
    this.#next = end
    // All that it kept was written.
    if (end >>> SECTION_BITS !== section) this.#overlays.delete(section)
    if (end === length) this.release()
  }

  release(): void {
    if (!this.#isWatched) return
    this.#isWatched = false
    const { memory, block } = this.#source
    this.#watch.remove(block)
    this.#watch.leave(this.#owner)
    for (const overlay of this.#overlays.values()) overlay.release()
    this.#overlays.clear()
    if (this.#isOwn) memory.free(ACCOUNT.overhead, block)
  }
}
