/* Stages -- what rows come from and what they end in. Between a source and a sink there are steps, which change batches in
 * place; a sink that holds rows back (groups, sorting) is the source of what follows it.
 *
 *      documents ─ load ─ filter ─> Grouping ─ apply ─> Sorting ─ limit ─ load ─> Output
 *      source      steps            sink, then source
 *
 * Everything is done in pieces of a batch, so that a long aggregation can let others be served between two of them. */

import type { Batch, Kept } from './batch.ts'

/** Gives rows. */
export interface Source {
  /** What FT.PROFILE calls it. */
  readonly title: string
  /** Fill a batch; false when there is nothing more. A batch may be empty and not the last. */
  next(batch: Batch): boolean
  /** Rows given so far, or that its total is known to be. */
  readonly total: number
}

/** Changes a batch in place. */
export interface Step {
  /** What FT.PROFILE calls it. */
  readonly title: string
  run(batch: Batch): void
  /** Whether it lets no row pass any more. */
  readonly isDone: boolean
  /** Slots that it reads, and slots that it fills. */
  readonly reads: readonly number[]
  readonly fills: readonly number[]
  /** How much work a row is, roughly: 0 where whole batches are done in loops, else nodes or fields for each row. */
  readonly weight: number
  /** Whether it looks at the documents of rows. */
  readonly readsDocuments: boolean
  /** What is looked at behind it, set when the plan is made: whoever leaves rows out need not care for the rest. */
  kept: Kept
}

/** Takes rows. */
export interface Sink {
  take(batch: Batch): void
  /** As of steps. */
  readonly weight: number
  /** What it looks at. */
  readonly reads: Kept
  /** Whether it wants no more rows. */
  readonly isFull: boolean
}
