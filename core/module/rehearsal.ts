/* Rehearsals -- code is compiled before somebody waits for it.
 *
 *      FT.CREATE ──> begin(play)      turn  turn  turn        first query
 *                                      ▪     ▪     ▪ ...          └─ finds loops that are machine code already
 *
 * A function is interpreted until it has run for a while; then machine code is made of it, for the kinds of values that it has
 * seen. A loop over the rows of a query takes twenty times as long before that as after it, and the first tens of queries pay
 * for it. So a module that will be asked soon plays to an empty house: a play is a generator that does on private data what
 * commands will do on real ones, through the same functions, with values of the same kinds. It yields wherever it can be
 * left for a while.
 *
 * A play leaves no trace: what it makes it gives back. Its pieces run between the turns of the loop, one a turn and one a
 * millisecond at most, each play for no longer than `PLAY_MICROS`; what is over then is not played, and no harm is
 * done. It ends when the server closes, and keeps no process alive. Only a server that was told so rehearses: the program does,
 * a server inside another program or a test does not.
 *
 * What was left out: a list of functions to be compiled at once. There is no such call without flags of V8, and code that was
 * made before the kinds of values are known is thrown away at the first row. */

import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'

/** What a module does in a rehearsal: yields between its pieces, and gives back in a `finally` what it holds. */
export type Play = () => Iterator<unknown>

/** A piece of a play goes on for so long, as far as it yields. */
const PIECE_MICROS = 500
/** Milliseconds between two pieces. */
const PAUSE_MS = 1
/** All pieces of a play together. */
const PLAY_MICROS = 300_000

/** The rehearsals of one server. */
export class Rehearsals {
  /** Whether there are any. */
  isOn = false
  readonly #clock: Clock
  readonly #log: Log
  readonly #isBusy: () => boolean
  readonly #plays: Iterator<unknown>[] = []
  #micros = 0
  /** The same for the play that is on. */
  #playMicros = 0
  #isWaiting = false

  /** @param isBusy whether the server is loading, and has no time. */
  constructor(clock: Clock, log: Log, isBusy: () => boolean) {
    this.#clock = clock
    this.#log = log
    this.#isBusy = isBusy
  }

  /** Microseconds spent so far, on all plays. */
  get micros(): number {
    return this.#micros
  }

  /** Begin a play, or let it wait for those that were begun before. */
  begin(play: Play): void {
    if (!this.isOn) return
    this.#plays.push(play())
    this.#wait()
  }

  /** End all plays. */
  end(): void {
    this.isOn = false
    for (const play of this.#plays.splice(0)) this.#leave(play)
  }

  #wait(): void {
    if (this.#isWaiting) return
    this.#isWaiting = true
    this.#clock.after(PAUSE_MS, () => {
      this.#isWaiting = false
      if (this.isOn && !this.#isBusy()) this.#piece()
      if (this.#plays.length > 0) this.#wait()
    })
  }

  #piece(): void {
    const play = this.#plays[0]!
    const start = this.#clock.microseconds()
    let now = start
    let isOver = false
    try {
      while (!isOver && now - start < PIECE_MICROS) {
        isOver = play.next().done === true
        now = this.#clock.microseconds()
      }
    } catch (error) {
      // A rehearsal that fails is over; whether there is anything wrong, the commands themselves will show.
      isOver = true
      this.#log.warning(
        `a rehearsal failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      )
    }
    this.#micros += now - start
    this.#playMicros += now - start
    if (!isOver && this.#playMicros < PLAY_MICROS) return
    if (!isOver) this.#leave(play)
    this.#plays.shift()
    this.#playMicros = 0
  }

  #leave(play: Iterator<unknown>): void {
    try {
      play.return?.()
    } catch (error) {
      this.#log.warning(`a rehearsal did not end: ${String(error)}`)
    }
  }
}
