/* Pipeline -- a plan at work: segments one after the other, each from a source through steps into a sink.
 *
 *      segment 0   documents  ─ steps ─>  Grouping
 *      segment 1   Grouping   ─ steps ─>  Output           the sink of one is the source of the next
 *
 * `advance` moves one batch through one segment, and nothing takes longer; in between the caller may pause: it calls `settle`,
 * lets other commands run, and calls `refresh` before it goes on.
 *
 * Batches are as large as they can be, but where rows take long, because documents are large or expressions are many, each is
 * smaller, so that one takes a millisecond or two: how long the last one took tells.
 *
 * What is counted, and told before the rows, is what the last source that counts has given: documents, or groups. Where rows
 * go straight from documents to the output, the real module knows at that moment only of the documents up to the first row. */

import { Batch, BATCH_ROWS } from './batch.ts'
import type { Budget } from './budget.ts'
import type { DocumentsSource } from './documents-source.ts'
import type { Lane } from './lane.ts'
import type { Output } from './output.ts'
import type { FoundNames } from './row-steps.ts'
import type { Property } from './scope.ts'
import type { Sink, Source, Step } from './stage.ts'

/** From a source to a sink. */
export interface Segment {
  readonly source: Source
  readonly steps: readonly Step[]
  readonly sink: Sink
  readonly lanes: Lane[]
}

/** What a stage took and gave: FT.PROFILE. */
export interface StageTime {
  readonly type: string
  micros: number
  /** Rows given. */
  count: number
}

/** How rows are shown. */
export interface RowShape {
  readonly properties: readonly Property[]
  /** LOAD *: the slot of the values of names that were found, and the names. */
  readonly restSlot: number
  readonly found: FoundNames
}

/** Times of batches between which their size is left alone. */
const QUICK_MICROS = 500
const SLOW_MICROS = 2000
/** Rows of the first batch where rows do not go in loops, and what all of its rows may weigh. */
const FIRST_ROWS = 4
const FIRST_WEIGHT = 2 ** 13

/** Tells the time, and stops what takes too long. */
export interface Pacer {
  /** Microseconds. */
  now(): number
  /** Throws to pause, or to end. */
  breathe(): void
}

/** A plan at work. */
export class Pipeline {
  readonly documents: DocumentsSource
  readonly output: Output
  readonly shape: RowShape
  readonly #segments: readonly Segment[]
  readonly #batches: readonly Batch[]
  #at = 0
  /** Whether the source of the only segment has given all it has. */
  #isExhausted = false
  /** Ordinal of the last row that was sent; whether anything was sent. */
  #sent = 0
  #isLater = false
  readonly #budget: Budget
  readonly #now: (() => number) | null
  /** By segment: its source, then its steps. */
  readonly #times: readonly (readonly StageTime[])[]

  /** @param now microseconds, where stages are to be timed. */
  constructor(
    documents: DocumentsSource,
    segments: readonly Segment[],
    output: Output,
    shape: RowShape,
    budget: Budget,
    now: (() => number) | null,
  ) {
    this.#now = now
    this.#budget = budget
    this.#times = segments.map(({ source, steps }) =>
      [source, ...steps].map(({ title }) => ({ type: title, micros: 0, count: 0 })),
    )
    this.documents = documents
    this.#segments = segments
    this.output = output
    this.shape = shape
    this.#batches = segments.map(segment => firstBatch(segment, segments.length === 1, budget))
  }

  /** Whether all rows are in the output. */
  get isDone(): boolean {
    return this.#at === this.#segments.length
  }

  /** Whether documents are still to be read. */
  get needsDocuments(): boolean {
    return this.#at === 0
  }

  /** Other commands are about to run. What is done stands by itself. @throws QueryFailure */
  settle(): void {
    if (!this.isDone) this.#budget.settle()
  }

  /** Nothing more is asked of it: what it borrowed goes to the next. */
  release(): void {
    this.#budget.release()
  }

  /** Go on until all is done, or the output has enough. @throws QueryFailure, and what the pacer and iterators throw to pause. */
  run(pacer: Pacer): void {
    let start = pacer.now()
    for (;;) {
      const batch = this.#batches[this.#at]
      if (!this.advance()) return
      const end = pacer.now()
      const micros = end - start
      start = end
      if (micros > SLOW_MICROS) batch!.most = Math.max(1, Math.floor((batch!.most * QUICK_MICROS) / micros))
      else if (micros < QUICK_MICROS) batch!.most = Math.min(BATCH_ROWS, batch!.most * 2)
      pacer.breathe()
    }
  }

  /** Other commands ran. */
  refresh(): void {
    this.documents.refresh()
  }

  /** No more rows are to come from documents: go on with what there is. */
  hurry(): void {
    if (this.#at === 0) this.#at = 1
  }

  /** Move one batch on; false when all is done, or the output has enough. @throws QueryFailure, and what iterators throw to pause. */
  advance(): boolean {
    if (this.isDone || this.output.isFull) return false
    const { source, steps, sink } = this.#segments[this.#at]!
    const batch = this.#batches[this.#at]!
    const segment = this.#at
    batch.failure = null
    let start = this.#now?.() ?? 0
    if (!source.next(batch)) {
      this.#note(segment, 0, start, 0)
      if (this.#segments.length === 1) this.#isExhausted = true
      this.#at++
      return true
    }
    start = this.#note(segment, 0, start, batch.count)
    let isOver = false
    for (let i = 0; i < steps.length && batch.count > 0; i++) {
      steps[i]!.run(batch)
      if (steps[i]!.isDone) isOver = true
      start = this.#note(segment, i + 1, start, batch.count)
    }
    sink.take(batch)
    if (sink !== this.output) this.#note(segment + 1, 0, start, 0)
    if (batch.failure !== null) {
      // Rows that went out before the one that failed were good.
      if (sink !== this.output || this.output.count === this.output.first) throw batch.failure
      isOver = true
    }
    if (isOver) this.#at++
    if (segment === 0 && this.documents.interruption !== null) throw this.documents.interruption
    return true
  }

  /** A stage did a piece of its work; returns when it ended. */
  #note(segment: number, stage: number, start: number, count: number): number {
    if (this.#now === null) return 0
    const time = this.#times[segment]![stage]!
    const end = this.#now()
    time.micros += end - start
    time.count += count
    return end
  }

  /** What the stages took, in order; several of a kind behind each other as one. */
  times(): StageTime[] {
    const all: StageTime[] = []
    for (const time of this.#times.flat()) {
      const last = all.at(-1)
      if (last?.type === time.type) {
        last.micros += time.micros
        last.count = time.count
      } else all.push({ ...time })
    }
    return all
  }

  /** The total that goes with the rows that are sent now. @param known whether it is told behind the rows. */
  total(rows: number, known: boolean): number {
    if (this.#segments.length > 1) return this.#isLater ? 0 : this.#segments.at(-1)!.source.total
    const { output } = this
    const isLast = this.isDone && output.first + rows === output.count
    if (rows === 0 || (known && isLast && this.#isExhausted)) return this.documents.total - this.#sent
    return output.ordinal(known ? output.first + rows - 1 : output.first) - this.#sent
  }

  /** So many rows were sent. */
  sent(rows: number): void {
    this.#isLater = true
    if (rows > 0) this.#sent = this.output.ordinal(this.output.first + rows - 1)
    this.output.drop(rows)
  }
}

/** A batch for a segment, small at first where its rows may take long. */
function firstBatch({ lanes, steps, sink }: Segment, hasOrdinals: boolean, budget: Budget): Batch {
  const batch = new Batch(lanes, hasOrdinals, budget.arrays)
  const weight = steps.reduce((sum, step) => sum + step.weight, sink.weight)
  if (weight > 0) batch.most = Math.max(1, Math.min(FIRST_ROWS, Math.floor(FIRST_WEIGHT / weight)))
  return batch
}
