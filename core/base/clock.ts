/* Clock -- time is handed in.
 *
 * Nothing outside this file asks the machine what time it is or sets a timer. A server gets a Clock; a test gives it one
 * that it turns by hand, and an hour passes in a microsecond. */

import { performance } from 'node:perf_hooks' // the global of that name is found anew at each use

/** A timer that was set; `cancel` is harmless when it has fired. */
export interface Timer {
  cancel(): void
}

/** The time and the timers of one server. */
export interface Clock {
  /** Milliseconds since 1970, whole. */
  nowMs(): number
  /** Microseconds since an arbitrary moment; only differences mean something. Real time even in a test. */
  microseconds(): number
  /** Run once after a delay. A real clock's timers do not keep the process alive. */
  after(delayMs: number, run: () => void): Timer
  /** Run again and again. */
  every(periodMs: number, run: () => void): Timer
  /** Run when the events of this turn of the loop have been served. */
  soon(run: () => void): void
  /** Stand still: nothing of the process runs until the time is over. For DEBUG SLEEP. */
  block(durationMs: number): void
}

/** The machine's own clock. */
export function systemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    microseconds,
    after: (delayMs, run) => timer(setTimeout(run, Math.min(delayMs, 0x7fffffff)).unref()),
    every: (periodMs, run) => timer(setInterval(run, periodMs).unref()),
    soon: run => void setImmediate(run),
    block,
  }
}

/** A clock that a test turns: it starts at a given time and moves only when told to. */
export interface TestClock extends Clock {
  /** Let time pass: timers that fall due run in order, each at its own time. */
  advance(ms: number): void
}

interface Due {
  at: number
  readonly order: number
  readonly periodMs: number
  readonly run: () => void
  live: boolean
}

/** @param startMs milliseconds since 1970 at which the clock stands. */
export function testClock(startMs = 1_700_000_000_000): TestClock {
  let now = startMs
  let order = 0
  let due: Due[] = []
  const add = (delayMs: number, periodMs: number, run: () => void): Timer => {
    const entry: Due = { at: now + delayMs, order: order++, periodMs, run, live: true }
    due.push(entry)
    return { cancel: () => void (entry.live = false) }
  }
  const next = (until: number): Due | undefined => {
    due = due.filter(entry => entry.live)
    const ripe = due.filter(entry => entry.at <= until)
    return ripe.sort((a, b) => a.at - b.at || a.order - b.order)[0]
  }
  return {
    nowMs: () => now,
    microseconds,
    after: (delayMs, run) => add(delayMs, 0, run),
    every: (periodMs, run) => add(periodMs, Math.max(1, periodMs), run),
    soon: run => void setImmediate(run),
    block: durationMs => void (now += durationMs),
    advance(ms) {
      const until = now + ms
      for (let entry = next(until); entry !== undefined; entry = next(until)) {
        now = Math.max(now, entry.at)
        if (entry.periodMs > 0) entry.at += entry.periodMs
        else entry.live = false
        entry.run()
      }
      now = until
    },
  }
}

function microseconds(): number {
  return performance.now() * 1000
}

function block(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs)
}

function timer(handle: NodeJS.Timeout): Timer {
  return { cancel: () => clearTimeout(handle) }
}
