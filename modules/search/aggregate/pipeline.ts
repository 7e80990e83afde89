/* Pipeline -- a plan at work: segments one after the other, each from a source through steps into a sink.
 *
 *      segment 0   documents  ─ steps ─>  Grouping
 *      segment 1   Grouping   ─ steps ─>  Output           the sink of one is the source of the next
 *
 * `advance` moves one batch through one segment, and nothing takes longer; in between the caller may pause, let other commands
 * run, and call `refresh` before it goes on.
 *
 * What is counted, and told before the rows, is what the last source that counts has given: documents, or groups. Where rows
 * go straight from documents to the output, the real module knows at that moment only of the documents up to the first row. */

import { Batch } from './batch.ts'
import type { DocumentsSource } from './documents-source.ts'
import { Grouping } from './grouping.ts'
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

/** How rows are shown. */
export interface RowShape {
  readonly properties: readonly Property[]
  /** LOAD *: the slot of the values of names that were found, and the names. */
  readonly restSlot: number
  readonly found: FoundNames
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

  constructor(documents: DocumentsSource, segments: readonly Segment[], output: Output, shape: RowShape) {
    this.documents = documents
    this.#segments = segments
    this.output = output
    this.shape = shape
    this.#batches = segments.map(segment => new Batch(segment.lanes, segments.length === 1))
  }

  /** Whether all rows are in the output. */
  get isDone(): boolean {
    return this.#at === this.#segments.length
  }

  /** Whether documents are still to be read. */
  get needsDocuments(): boolean {
    return this.#at === 0
  }

  /** Other commands ran. */
  refresh(): void {
    this.documents.refresh()
    for (const segment of this.#segments) {
      for (const lane of segment.lanes) lane.forget()
      if (segment.sink instanceof Grouping) segment.sink.forget()
    }
  }

  /** No more rows are to come from documents: go on with what there is. */
  hurry(): void {
    if (this.#at === 0) this.#at = 1
  }

  /** Move one batch on; false when all is done, or the output has enough. @throws QueryFailure */
  advance(): boolean {
    if (this.isDone || this.output.isFull) return false
    const { source, steps, sink } = this.#segments[this.#at]!
    const batch = this.#batches[this.#at]!
    batch.failure = null
    if (!source.next(batch)) {
      if (this.#segments.length === 1) this.#isExhausted = true
      this.#at++
      return true
    }
    let isOver = false
    for (const step of steps) {
      if (batch.count === 0) break
      step.run(batch)
      if (step.isDone) isOver = true
    }
    sink.take(batch)
    if (batch.failure !== null) {
      // Rows that went out before the one that failed were good.
      if (sink !== this.output || this.output.count === this.output.first) throw batch.failure
      isOver = true
    }
    if (isOver) this.#at++
    return true
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
