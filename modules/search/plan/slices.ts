/* Slices -- a long query lets others be served, and ends when its time is up.
 *
 *      run ── 5 ms ──> pause ── other clients ──> run ── 1 ms ──> pause ── ... ──> reply
 *
 * A query's loops call `watch.tick()`. When its slice is over, the tick throws; the job is run again later, and goes on
 * where it stood (a Run remembers; see collect.ts). Where the command may not be suspended (transactions, scripts) there
 * are no pauses, but the time still ends. While iterators are being built a pause would throw all of it away, so a job
 * builds under `steady`.
 *
 * While a job is paused it counts as a reader of its index: nothing that it stands on is moved or freed. */

import type { Context, Reply, Suspended } from 'redstrata/module'
import { replyError } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import type { Watch } from '../iterators/iterator.ts'
import type { Workspace } from '../workspace.ts'

/** The first slice may be longer: most queries need no second one, and a pause costs a turn of the loop. */
const FIRST_SLICE_MICROS = 5000
const SLICE_MICROS = 1000

/** Ticks from one look at the time to the next: a look costs more than most steps. So every slice gets further, too. */
const TICKS_A_LOOK = 16

/** Thrown by a tick to pause the job, and to end it because its time is up. */
export const PAUSE = { name: 'pause' } as const
export const TIME_IS_UP = { name: 'time is up' } as const

/** What runs in slices. */
export interface Job {
  readonly index: Index
  /** Work to the end. Throws what the watch throws; called again, it goes on. A thrown ReplyError ends it. */
  run(watch: SliceWatch): void
  /** The time is up: write what there is, or throw the refusal. */
  timedOut(reply: Reply): void
  /** Everything is found: write it. */
  write(reply: Reply): void
  /**
   * The time is up, and `run` is to go on with what was found, for however long: true. False: `timedOut` is to end it.
   */
  hurry?(): boolean
  /** There will be no reply of it: the client left, or something failed. */
  abandon?(): void
}

/** The watch of one job. */
export class SliceWatch implements Watch {
  readonly #now: () => number
  readonly #mayPause: boolean
  /** When the time is up; Infinity: never. */
  #end: number
  #sliceEnd = 0
  #ticks = 0
  #steady = 0
  #sliceMicros = 0

  constructor(now: () => number, timeoutMs: number, mayPause: boolean) {
    this.#now = now
    this.#mayPause = mayPause
    this.#end = timeoutMs > 0 ? now() + timeoutMs * 1000 : Number.POSITIVE_INFINITY
  }

  beginSlice(micros: number): void {
    this.#sliceMicros = micros
    this.#sliceEnd = this.#now() + micros
    this.#ticks = 0
  }

  /** The time is never up from now on. */
  endless(): void {
    this.#end = Number.POSITIVE_INFINITY
  }

  /** What was done in the slice so far only made ready for what is to come: its time begins here. */
  again(): void {
    this.beginSlice(this.#sliceMicros)
  }

  /** Microseconds since an arbitrary moment. */
  now(): number {
    return this.#now()
  }

  tick(): void {
    if (++this.#ticks % TICKS_A_LOOK === 0) this.#look()
  }

  #look(): void {
    const now = this.#now()
    if (now >= this.#end) throw TIME_IS_UP
    if (now >= this.#sliceEnd && this.#mayPause && this.#steady === 0) throw PAUSE
  }

  /** A tick behind a piece of work that was worth a slice: there need not be many. */
  breathe(): void {
    this.#look()
  }

  /** Work that a pause would undo: it can be ended, but not paused. */
  steady<T>(work: () => T): T {
    this.#steady++
    try {
      return work()
    } finally {
      this.#steady--
    }
  }
}

const DROPPED = replyError('The index was dropped before the query could be executed')

/** Run a job: at once when it is short, in slices when it is not. */
// biome-ignore lint/suspicious/noConfusingVoidType: what handlers return
export function runJob(workspace: Workspace, ctx: Context, job: Job, timeoutMs: number): void | Suspended {
  const { host } = workspace
  const watch = new SliceWatch(() => host.clock.microseconds(), timeoutMs, ctx.mayBlock)
  watch.beginSlice(FIRST_SLICE_MICROS)
  const isPaused = orAbandon(job, () => {
    const first = runSlice(job, watch)
    if (first !== 'paused') finishJob(job, first, ctx.reply)
    return first === 'paused'
  })
  if (!isPaused) return
  const { structures } = job.index
  structures.readers++
  let isOver = false
  const leave = (): void => {
    if (isOver) return
    isOver = true
    structures.readers--
    if (job.index.isDropped) workspace.release(job.index)
  }
  return ctx.suspend(
    finish => {
      const slice = (): void => {
        if (isOver) return
        watch.beginSlice(SLICE_MICROS)
        let outcome: 'done' | 'paused' | 'timed out'
        try {
          if (job.index.isDropped) throw DROPPED
          outcome = runSlice(job, watch)
        } catch (error) {
          job.abandon?.()
          leave()
          finish(() => {
            throw error
          })
          return
        }
        if (outcome === 'paused') {
          host.soon(slice)
          return
        }
        finish(reply => {
          try {
            orAbandon(job, () => finishJob(job, outcome, reply))
          } finally {
            leave()
          }
        })
      }
      host.soon(slice)
    },
    () => {
      if (!isOver) job.abandon?.()
      leave()
    },
  )
}

function runSlice(job: Job, watch: SliceWatch): 'done' | 'paused' | 'timed out' {
  for (;;) {
    try {
      job.run(watch)
      return 'done'
    } catch (thrown) {
      if (thrown === PAUSE) return 'paused'
      if (thrown !== TIME_IS_UP) throw thrown
      if (job.hurry?.() !== true) return 'timed out'
      watch.endless()
    }
  }
}

/** Do a part of a job; when it throws, the job is over. */
function orAbandon<T>(job: Job, part: () => T): T {
  try {
    return part()
  } catch (thrown) {
    job.abandon?.()
    throw thrown
  }
}

function finishJob(job: Job, outcome: 'done' | 'timed out', reply: Reply): void {
  if (outcome === 'done') job.write(reply)
  else job.timedOut(reply)
}
