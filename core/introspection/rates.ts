/* Rates -- commands and bytes a second, as INFO shows them.
 *
 * Ten times a second the counters are read; a rate is the mean over the last SAMPLES readings, so that it follows a load
 * within two seconds and does not jump. A ring of readings for each counter:
 *
 *      counter   100  340  590  590 ...      each 100 ms
 *      ring           2400 2500  0           per second
 *
 *   sample O(counters)   rate O(SAMPLES)   */

const SAMPLES = 16

/** The counters that are watched, read anew at each sample. */
export interface Counters {
  readonly commands: number
  readonly networkInBytes: number
  readonly networkOutBytes: number
}

export type Rate = keyof Counters
const RATES: readonly Rate[] = ['commands', 'networkInBytes', 'networkOutBytes']

export class Rates {
  readonly #rings = RATES.map(() => new Float64Array(SAMPLES))
  readonly #last = new Float64Array(RATES.length)
  #lastMs: number
  #next = 0

  constructor(nowMs: number) {
    this.#lastMs = nowMs
  }

  /** Read the counters. Less than a millisecond after the last time nothing is done. */
  sample(counters: Counters, nowMs: number): void {
    const elapsed = nowMs - this.#lastMs
    if (elapsed <= 0) return
    for (const [i, name] of RATES.entries()) {
      const now = counters[name]
      // CONFIG RESETSTAT sets counters back.
      const passed = Math.max(0, now - this.#last[i]!)
      this.#rings[i]![this.#next] = (passed * 1000) / elapsed
      this.#last[i] = now
    }
    this.#lastMs = nowMs
    this.#next = (this.#next + 1) % SAMPLES
  }

  /** The mean of the last readings, per second. */
  of(rate: Rate): number {
    const ring = this.#rings[RATES.indexOf(rate)]!
    let sum = 0
    for (const value of ring) sum += value
    return sum / SAMPLES
  }
}
