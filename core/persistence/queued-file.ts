/* Queued file -- a file that is written while the loop goes on, however slow the disk.
 *
 *      write() --> | being filled |   | waits | waits |   | on its way to the disk |
 *                      256 KB            the queue             one at a time
 *
 * Bytes are copied into buffers, and these are written one after the other by the system's threads. When QUEUE_MAX of them wait,
 * `isFull` asks the walk to pause; what must be written all the same, because a key is about to change, still may.
 * So the memory that a slow disk costs is bounded by that and by what changes.
 *
 * A failure is kept, and thrown by the next write; nothing is written after it. */

import { ACCOUNT, type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../memory/arena.ts'
import type { NewFile, WholeFile } from './file.ts'

const BUFFER_BYTES = 256 << 10
/** Buffers that wait before the walk must. */
const QUEUE_MAX = 8

/** A buffer and how much is in it. */
interface Filled {
  readonly block: Address
  bytes: number
}

export class QueuedFile implements WholeFile {
  readonly #memory: Memory
  readonly #file: NewFile
  readonly #queue: Filled[] = []
  #filling: Filled | null = null
  #isWriting = false
  #isGone = false
  #failure: Error | null = null
  #whenWritable: (() => void) | null = null
  #whenWritten: ((failure: Error | null) => void) | null = null

  constructor(memory: Memory, file: NewFile) {
    this.#memory = memory
    this.#file = file
  }

  /** Whether the walk is to pause; `whenWritable` is called when it may go on. */
  get isFull(): boolean {
    return this.#queue.length >= QUEUE_MAX && this.#failure === null
  }

  whenWritable(run: () => void): void {
    this.#whenWritable = run
  }

  write(buf: Buffer, start: number, end: number): void {
    if (this.#failure !== null) throw this.#failure
    const memory = this.#memory
    for (let at = start; at < end; ) {
      this.#filling ??= { block: memory.block(ACCOUNT.overhead, BUFFER_BYTES), bytes: 0 }
      const { block, bytes } = this.#filling
      const length = Math.min(end - at, BUFFER_BYTES - bytes)
      buf.copy(memory.u8[block >>> SLAB_BITS]!, ((block & UNIT_MASK) << 3) + bytes, at, at + length)
      this.#filling.bytes += length
      at += length
      if (this.#filling.bytes === BUFFER_BYTES) this.#close()
    }
  }

  /** No more goes into the buffer in hand. */
  #close(): void {
    if (this.#filling !== null) this.#queue.push(this.#filling)
    this.#filling = null
    this.#goOn()
  }

  #goOn(): void {
    if (this.#isWriting || this.#isGone) return
    const next = this.#failure === null ? this.#queue.shift() : undefined
    if (next === undefined) {
      this.#written()
      return
    }
    this.#isWriting = true
    const at = (next.block & UNIT_MASK) << 3
    this.#file.writeSoon(this.#memory.u8[next.block >>> SLAB_BITS]!, at, at + next.bytes, failure => {
      this.#isWriting = false
      this.#free(next)
      this.#failure ??= failure
      if (this.#isGone) return
      this.#goOn()
      if (this.isFull) return
      const run = this.#whenWritable
      this.#whenWritable = null
      run?.()
    })
  }

  /** Nothing is on its way: if all was given, the file can be closed. */
  #written(): void {
    const done = this.#whenWritten
    this.#whenWritten = null
    if (done === null) return
    if (this.#failure !== null) done(this.#failure)
    else this.#file.commitSoon(done)
  }

  #free({ block }: Filled): void {
    // A server that has closed has no memory any more.
    if (this.#memory.u8.length > 0) this.#memory.free(ACCOUNT.overhead, block)
  }

  commit(): void {
    throw new Error('a file that is written in the background is committed there')
  }

  commitSoon(done: (failure: Error | null) => void): void {
    this.#whenWritten = done
    this.#close()
  }

  abandon(): void {
    this.#isGone = true
    this.#whenWritable = this.#whenWritten = null
    if (this.#filling !== null) this.#free(this.#filling)
    this.#filling = null
    for (const filled of this.#queue.splice(0)) this.#free(filled)
    this.#file.abandon()
  }
}
