/* Propagation -- one ordered log of what changed.
 *
 * The append-only file, the replication backlog and the tests are readers of it. What enters is the effect of a command,
 * in the form that its handler states: SET with EX becomes PXAT, a random or relative thing becomes the absolute one.
 * The effects of one unit (a command, a transaction, a script) stay together; when there are several, readers see
 * them between MULTI and EXEC.
 *
 *      unit:  SET a 1        -> *3 SET a 1
 *      unit:  SET a 1, DEL b -> MULTI, SET a 1, DEL b, EXEC
 *
 * While nobody reads, nothing is encoded. */

import type { RequestFrame } from '../resp/request.ts'
import { encodeRequest, encodeValues } from './args.ts'

/** One effect, as RESP, in a database. */
export interface Effect {
  readonly db: number
  readonly bytes: Buffer
}

/** Reads the log. */
export interface PropagationReader {
  /** The effects of one unit, in order, and the log's offset behind them. */
  unit(effects: readonly Effect[], offset: number): void
}

const MULTI = encodeValues(['MULTI'])
const EXEC = encodeValues(['EXEC'])

export class PropagationLog {
  readonly #readers: PropagationReader[] = []
  #effects: Effect[] = []
  /** Bytes since the log began. */
  offset = 0
  /** Somebody reads: effects must be stated. */
  active = false

  addReader(reader: PropagationReader): void {
    this.#readers.push(reader)
    this.active = true
  }

  removeReader(reader: PropagationReader): void {
    const at = this.#readers.indexOf(reader)
    if (at >= 0) this.#readers.splice(at, 1)
    this.active = this.#readers.length > 0
  }

  /** An effect given as values. */
  add(db: number, values: readonly (string | Buffer | number | bigint)[]): void {
    if (this.active) this.#effects.push({ db, bytes: encodeValues(values) })
  }

  /** An effect that is the command itself. */
  addFrame(db: number, frame: RequestFrame): void {
    if (this.active) this.#effects.push({ db, bytes: encodeRequest(frame) })
  }

  /** Effects of the unit so far: a command that states its own is told from one that does not. */
  get pending(): number {
    return this.#effects.length
  }

  /** The unit ended: give its effects to the readers. */
  endUnit(): void {
    const effects = this.#effects
    if (effects.length === 0) return
    this.#effects = []
    const wrapped = effects.length === 1 ? effects : wrap(effects)
    for (const effect of wrapped) this.offset += effect.bytes.length
    for (const reader of this.#readers) reader.unit(wrapped, this.offset)
  }
}

function wrap(effects: Effect[]): Effect[] {
  const first = effects[0]!.db
  const last = effects[effects.length - 1]!.db
  return [{ db: first, bytes: MULTI }, ...effects, { db: last, bytes: EXEC }]
}
