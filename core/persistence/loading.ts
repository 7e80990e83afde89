/* Loading -- the time in which the data are read: who drives it, and what others are told meanwhile.
 *
 * At the start of a server a load runs in slices between the turns of the loop; commands are refused with LOADING, but
 * for those that may run, and INFO shows how far it is. DEBUG RELOAD and its like run in one go. */

import type { Log } from '../base/log.ts'
import type { Engine } from '../command/engine.ts'
import { ENGINE_GATE } from '../command/gates.ts'
import type { Load } from './load.ts'

const SLICE_MICROS = 10_000
/** Steps between two looks at the clock. */
const STEPS = 8
const PROGRESS_MS = 5000

export class Loading {
  isActive = false
  startedMs = 0
  totalBytes = 0
  /** Bytes of files that are done. */
  #doneBytes = 0
  #load: Load | null = null
  #reportedMs = 0
  readonly #engine: Engine
  readonly #log: Log

  constructor(engine: Engine, log: Log) {
    this.#engine = engine
    this.#log = log
  }

  get loadedBytes(): number {
    return this.#doneBytes + (this.#load?.offset ?? 0)
  }

  get writerBytes(): number {
    return this.#load?.writerBytes ?? 0
  }

  /** Seconds that are left, if it goes on like this. */
  get secondsLeft(): number {
    const passed = (this.#engine.clock.nowMs() - this.startedMs) / 1000
    const loaded = this.loadedBytes
    if (loaded === 0) return -1
    return Math.max(0, Math.floor((passed * (this.totalBytes - loaded)) / loaded))
  }

  /** From now on data are read, so many bytes in all. */
  begin(totalBytes: number): void {
    const engine = this.#engine
    this.isActive = engine.isLoading = true
    this.startedMs = this.#reportedMs = engine.clock.nowMs()
    this.totalBytes = totalBytes
    this.#doneBytes = 0
    engine.gates |= ENGINE_GATE.loading
    engine.keyspace.mayExpire = false
    engine.keyspace.seesExpired = true
    engine.setTime()
  }

  end(): void {
    const engine = this.#engine
    this.isActive = engine.isLoading = false
    this.#load = null
    engine.gates &= ~ENGINE_GATE.loading
    engine.keyspace.mayExpire = true
    engine.keyspace.seesExpired = false
    engine.setTime()
    for (const run of engine.whenLoaded.splice(0)) run()
  }

  /** Run a load to its end, now. */
  run(load: Load): void {
    this.#load = load
    while (load.step()) {}
    this.#doneBytes += load.offset
    this.#load = null
  }

  /** Run a load in slices. */
  async runInSlices(load: Load): Promise<void> {
    const { clock } = this.#engine
    this.#load = load
    for (;;) {
      this.#engine.setTime()
      const until = clock.microseconds() + SLICE_MICROS
      while (clock.microseconds() < until) {
        let left = STEPS
        while (left > 0 && load.step()) left--
        if (left === 0) continue
        this.#doneBytes += load.offset
        this.#load = null
        return
      }
      this.#report()
      await new Promise<void>(resolve => clock.soon(resolve))
      if (this.#engine.closed) throw new Error('the server was closed while it was loading')
    }
  }

  #report(): void {
    const now = this.#engine.clock.nowMs()
    if (now - this.#reportedMs < PROGRESS_MS) return
    this.#reportedMs = now
    const share = this.totalBytes === 0 ? 0 : Math.floor((100 * this.loadedBytes) / this.totalBytes)
    this.#log.notice(`Loading: ${share}% of ${this.totalBytes} bytes, ${this.secondsLeft} seconds left`)
  }
}
