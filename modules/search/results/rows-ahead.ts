/* Rows ahead -- the rows of a long reply, written in slices into a reply of their own.
 *
 * A reply is sent when its command ends, and a command that waits has none yet. So the rows are put together beside it,
 * a few at a time, and copied when everything is there. A row that was paused in its middle is written anew. */

import { Reply, SegmentPool } from 'redstrata/module'
import type { SliceWatch } from '../plan/slices.ts'
import type { RowWriter } from './rows.ts'

/** Rows written before the time is looked at. */
const STEP_ROWS = 16

/** Writes rows in slices. */
export class RowsAhead {
  readonly #reply: Reply
  readonly #writer: RowWriter
  #next = 0
  #count = 0
  readonly #step: number

  /** @param isDear whether each row may take long. */
  constructor(protocol: 2 | 3, isDear: boolean, writerOf: (reply: Reply) => RowWriter) {
    this.#step = isDear ? 1 : STEP_ROWS
    this.#reply = new Reply(new SegmentPool())
    this.#reply.protocol = protocol
    this.#writer = writerOf(this.#reply)
  }

  /** Go on to the end. @throws what the watch throws; call again to go on. */
  run(documents: readonly number[], watch: SliceWatch): void {
    while (this.#next < documents.length) {
      const end = Math.min(this.#next + this.#step, documents.length)
      while (this.#next < end) this.#row(documents[this.#next]!)
      watch.breathe()
    }
  }

  #row(document: number): void {
    const start = this.#reply.length
    try {
      this.#count += this.#writer.row(document)
      this.#next++
    } catch (thrown) {
      this.#reply.rewind(start)
      throw thrown
    }
  }

  /** Copy the rows that are there to the reply of the command; returns the sum of what `row` returned. */
  copyTo(reply: Reply): number {
    for (const segment of this.#reply.takeChain()) reply.raw(segment, 0, segment.length)
    return this.#count
  }
}

/** Write rows in one go. */
export function writeRows(writer: RowWriter, documents: readonly number[]): number {
  let count = 0
  for (const document of documents) count += writer.row(document)
  return count
}
