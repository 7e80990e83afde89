/* An aggregation under way -- plans it, moves batches through its pipeline, and writes what comes out: all of it, or as much
 * as a cursor gives at a time.
 *
 * Between two reads of a cursor nothing of the index is held: iterators are let go, and built anew when documents are still to
 * be read. Documents that came after the aggregation began, or changed their text since, are not seen any more. */

import type { Context, Reply } from 'redstrata/module'
import type { Pipeline } from '../aggregate/pipeline.ts'
import { planAggregation } from '../aggregate/planner.ts'
import type { Index } from '../catalogue.ts'
import type { AggregateOptions } from '../commands/aggregate-options.ts'
import { fieldsOf, scorerOf } from '../commands/query-options.ts'
import type { Cursor } from '../cursors.ts'
import { FT_ERR } from '../errors.ts'
import type { DocumentIterator, Watch } from '../iterators/iterator.ts'
import { Nothing } from '../iterators/leaf.ts'
import { build } from '../plan/build.ts'
import { refusing } from '../plan/prepare.ts'
import type { QueryProfile } from '../plan/profile.ts'
import type { Job, SliceWatch } from '../plan/slices.ts'
import type { Yields } from '../plan/yields.ts'
import type { Node } from '../query/ast.ts'
import { Scorer } from '../score/scorer.ts'
import type { Workspace } from '../workspace.ts'
import { AggregateRows } from './aggregate-rows.ts'
import { documentReader } from './document.ts'
import { FieldValues } from './document-fields.ts'

/** An aggregation: its plan, made when it first runs, and its rows. */
export class Aggregation {
  readonly index: Index
  readonly options: AggregateOptions
  readonly #workspace: Workspace
  readonly #tree: Node | null
  readonly #fields: FieldValues
  readonly #profile: QueryProfile | null
  readonly #yields: Yields = new Map()
  #pipeline: Pipeline | null = null
  #rows: AggregateRows | null = null
  /** Whether a word expands to more terms than were looked for. */
  #isCut = false

  constructor(
    workspace: Workspace,
    ctx: Context,
    index: Index,
    tree: Node | null,
    options: AggregateOptions,
    profile: QueryProfile | null = null,
  ) {
    this.#workspace = workspace
    this.index = index
    this.#tree = tree
    this.options = options
    this.#profile = profile
    this.#fields = new FieldValues(documentReader(workspace, index, ctx.db, options.showsSeveral))
  }

  get pipeline(): Pipeline {
    return this.#pipeline!
  }

  /** Work until `wanted` rows are there, or all. Throws what the watch throws, and goes on when called again. */
  run(watch: SliceWatch, wanted: number): void {
    const start = watch.now()
    if (this.#pipeline === null) {
      this.#begin(watch.steady(() => this.#build(watch)))
    } else this.#goOn(watch)
    const planned = watch.now()
    if (this.#profile !== null) this.#profile.planningMicros += planned - start
    const { pipeline } = this
    pipeline.output.wanted = wanted
    try {
      refusing(() => pipeline.run(watch))
    } finally {
      refusing(() => pipeline.settle())
      if (this.#profile !== null) this.#profile.processors = pipeline.times()
    }
  }

  #goOn(watch: SliceWatch): void {
    const { documents, needsDocuments } = this.pipeline
    if (needsDocuments && documents.isDetached) documents.attach(watch.steady(() => this.#build(watch)))
    this.pipeline.refresh()
  }

  /** No more rows are to come from documents: finish what was begun with those that there are. */
  hurry(): void {
    // The time may be up before anything was planned: then it is planned over no documents.
    if (this.#pipeline === null) this.#begin(new Nothing())
    this.pipeline.hurry()
  }

  /** Nothing more is asked of it. */
  end(): void {
    this.#pipeline?.release()
    this.#fields.release()
  }

  /** Let go of what looks into the index. */
  rest(): void {
    this.pipeline.documents.detach()
  }

  /** Make the plan, over the documents of a query. */
  #begin(root: DocumentIterator): void {
    this.#pipeline = this.#plan(root)
    this.#rows = new AggregateRows(this.#pipeline, this.options.expands, this.options.noContent)
  }

  #plan(root: DocumentIterator): Pipeline {
    const { host, settings } = this.#workspace
    const { documents } = this.index.structures
    const { options } = this
    const context = {
      index: this.index.structures,
      fields: this.#fields,
      random: host.random,
      yields: this.#yields,
      now: this.#profile?.now ?? null,
      scorer: options.addsScores ? new Scorer(scorerOf(options), documents, options.payload) : null,
      unstable: settings.unstableFeatures,
      readsAllValues: options.showsSeveral,
      arrays: this.#workspace.arrays,
      ledger: this.#workspace.ledger,
    }
    return refusing(() => planAggregation(root, options.steps, context))
  }

  #build(watch: Watch): DocumentIterator {
    const { prefixMin, expansionsMax } = this.#workspace.settings
    const { options } = this
    return refusing(() =>
      build(this.#tree, {
        index: this.index.structures,
        fields: fieldsOf(options, this.index.schema),
        slop: options.slop,
        inOrder: options.inOrder,
        isRanked: options.addsScores,
        prefixMin,
        expansionsMax,
        watch,
        onCut: () => (this.#isCut = true),
        profile: this.#profile,
        yields: this.#yields,
      }),
    )
  }

  /** Write rows that are there, at most so many, into a reply of their own. Throws what the watch throws; called again, it goes on. */
  writeAhead(protocol: 2 | 3, most: number, watch: SliceWatch): void {
    if (this.#profile !== null) return
    const { output } = this.pipeline
    this.#rows!.writeAhead(protocol, Math.min(most, output.count - output.first), watch)
  }

  /** Write rows that are there, at most so many; returns how many. */
  write(reply: Reply, most: number, isTimedOut: boolean): number {
    const { output } = this.pipeline
    const warnings = isTimedOut ? [FT_ERR.timeout.text] : []
    if (this.#isCut) warnings.push(FT_ERR.expansionsCut.text)
    if (this.#profile !== null) this.#profile.warnings = warnings
    const rows = Math.min(most, output.count - output.first)
    this.#rows!.write(reply, rows, warnings, this.#profile === null ? 0 : 1)
    return rows
  }
}

/** One FT.AGGREGATE, or one read of its cursor. */
export class AggregateJob implements Job {
  readonly index: Index
  readonly #workspace: Workspace
  readonly #aggregation: Aggregation
  readonly #cursor: Cursor | null
  readonly #count: number
  readonly #protocol: 2 | 3
  #isTimedOut = false
  #isFound = false

  /**
   * @param cursor where it is read through one. @param count rows to read; Infinity: all.
   * @param protocol of the reply.
   */
  constructor(workspace: Workspace, aggregation: Aggregation, cursor: Cursor | null, count: number, protocol: 2 | 3) {
    this.#protocol = protocol
    this.index = aggregation.index
    this.#workspace = workspace
    this.#aggregation = aggregation
    this.#cursor = cursor
    this.#count = count
  }

  run(watch: SliceWatch): void {
    if (!this.#isFound) {
      this.#aggregation.run(watch, this.#count)
      this.#isFound = true
      // What was found in time is written, however long that takes.
      watch.endless()
    }
    this.#aggregation.writeAhead(this.#protocol, this.#count, watch)
  }

  /** Nobody waits for it any more: nobody could read on either. */
  abandon(): void {
    if (this.#cursor !== null) this.#workspace.cursors.end(this.#cursor)
    this.#aggregation.end()
  }

  hurry(): boolean {
    if (this.#workspace.settings.failsOnTimeout) return false
    this.#isTimedOut = true
    this.#aggregation.hurry()
    return true
  }

  timedOut(): void {
    throw FT_ERR.timeout
  }

  write(reply: Reply): void {
    const cursor = this.#cursor
    if (cursor === null) {
      this.#aggregation.write(reply, Number.POSITIVE_INFINITY, this.#isTimedOut)
      this.#aggregation.end()
      return
    }
    reply.array(2)
    const rows = this.#aggregation.write(reply, this.#count, this.#isTimedOut)
    // With fewer rows than asked for nothing can follow.
    const isOver = rows < this.#count
    reply.integer(isOver ? 0 : cursor.id)
    if (isOver) {
      this.#workspace.cursors.end(cursor)
      this.#aggregation.end()
    } else {
      this.#aggregation.rest()
      // It may have been deleted while it was read.
      if (!this.#workspace.cursors.release(cursor)) this.#aggregation.end()
    }
  }
}
