/* A hybrid query under way -- ranks by words, then by distance, fuses both, and sends what is left through the steps of an
 * aggregation.
 *
 *      words  ─> Top ────┐
 *                        ├─ fuse ─> documents ─ [ by score ] ─ steps ─> rows
 *      vector ─> nearest ┘
 *
 * Each phase can be paused; a phase that is done is not done again. */

import type { Context, Reply } from 'redstrata/module'
import type { Pipeline } from '../aggregate/pipeline.ts'
import { planAggregation } from '../aggregate/planner.ts'
import type { PlanStep } from '../aggregate/steps.ts'
import type { Index } from '../catalogue.ts'
import type { HybridOptions } from '../commands/hybrid-options.ts'
import { fieldsOf, scorerOf } from '../commands/query-options.ts'
import { FT_ERR } from '../errors.ts'
import type { DocumentIterator, Watch } from '../iterators/iterator.ts'
import { DocumentList } from '../iterators/leaf.ts'
import { build } from '../plan/build.ts'
import { PlainRun, RankedRun } from '../plan/collect.ts'
import { refusing } from '../plan/prepare.ts'
import type { Job, SliceWatch } from '../plan/slices.ts'
import type { Yields } from '../plan/yields.ts'
import { yieldName } from '../plan/yields.ts'
import type { Node, VectorNode } from '../query/ast.ts'
import { type Fused, fuse, type Ranked, similarity } from '../score/fusion.ts'
import { Scorer } from '../score/scorer.ts'
import { Top } from '../score/top.ts'
import type { VectorIndex } from '../vector/vector-index.ts'
import type { Workspace } from '../workspace.ts'
import { AggregateRows } from './aggregate-rows.ts'
import { documentReader } from './document.ts'
import { FieldValues } from './document-fields.ts'
import { NumberOrder } from './order.ts'

const SCORE = '__score'
const KEY = '__key'
/** The name of distances while the query runs. */
const DISTANCE = '__vector_distance'
const ROWS = 10

/** One FT.HYBRID. */
export class HybridJob implements Job {
  readonly index: Index
  readonly #workspace: Workspace
  readonly #text: Node | null
  readonly #vector: VectorNode
  readonly #options: HybridOptions
  readonly #fields: FieldValues
  readonly #startMicros: number
  readonly #yields: Yields = new Map()
  readonly #top: Top
  readonly #nearest: NumberOrder
  #textRun: RankedRun | null = null
  #vectorRun: PlainRun | null = null
  #pipeline: Pipeline | null = null
  #fused: ReadonlyMap<number, Fused> = new Map()
  #isTimedOut = false
  #rows: AggregateRows | null = null
  readonly #protocol: 2 | 3

  constructor(
    workspace: Workspace,
    ctx: Context,
    index: Index,
    text: Node | null,
    vector: VectorNode,
    options: HybridOptions,
  ) {
    this.#protocol = ctx.reply.protocol
    this.#workspace = workspace
    this.index = index
    this.#text = text
    this.#vector = vector
    this.#options = options
    this.#fields = new FieldValues(documentReader(workspace, index, ctx.db, options.showsSeveral))
    this.#startMicros = workspace.host.clock.microseconds()
    this.#vector.scoreName = { text: Buffer.from(DISTANCE), parameter: false }
    this.#top = new Top(options.window)
    this.#nearest = new NumberOrder(document => this.#distance(document), options.window, false)
  }

  #distance(document: number): number {
    return this.#yields.get(yieldName(this.#vector)!)?.(document) ?? Number.NaN
  }

  run(watch: SliceWatch): void {
    if (this.#vectorRun === null && !this.#isTimedOut) watch.steady(() => this.#begin(watch))
    if (!this.#isTimedOut) {
      this.#textRun!.run()
      this.#vectorRun!.run()
    }
    if (this.#pipeline === null) this.#pipeline = watch.steady(() => this.#plan())
    else this.#pipeline.refresh()
    if (this.#rows === null) this.#move(watch)
    const pipeline = this.#pipeline
    this.#rows ??= new AggregateRows(pipeline, this.#options.expands, false, true)
    // What was found in time is written, however long that takes.
    watch.endless()
    this.#rows.writeAhead(this.#protocol, pipeline.output.count - pipeline.output.first, watch)
  }

  #move(watch: SliceWatch): void {
    const pipeline = this.#pipeline!
    pipeline.output.wanted = Number.POSITIVE_INFINITY
    try {
      refusing(() => pipeline.run(watch))
    } finally {
      refusing(() => pipeline.settle())
    }
  }

  /** Build both queries, whose errors come before any of the work. */
  #begin(watch: Watch): void {
    const { documents } = this.index.structures
    const scorer = new Scorer(scorerOf(this.#options), documents, this.#options.payload)
    const text = this.#build(this.#text, true, watch)
    const vector = this.#build(this.#vector, false, watch)
    this.#textRun = new RankedRun(text, documents, watch, scorer, this.#top)
    this.#vectorRun = new PlainRun(vector, documents, watch, this.#nearest)
  }

  #build(node: Node | null, isRanked: boolean, watch: Watch): DocumentIterator {
    const { prefixMin, expansionsMax } = this.#workspace.settings
    return refusing(() =>
      build(node, {
        index: this.index.structures,
        fields: fieldsOf(this.#options, this.index.schema),
        slop: this.#options.slop,
        inOrder: this.#options.inOrder,
        isRanked,
        prefixMin,
        expansionsMax,
        watch,
        yields: this.#yields,
      }),
    )
  }

  #ranked(): { text: Ranked; vector: Ranked } {
    const text = this.#top.take(0)
    const near = this.#nearest.kept(0)
    const { fields } = this.index.structures
    const field = fields.find(({ field: { name } }) => name.equals(this.#vector.field))!
    const { metric } = (field.own as VectorIndex).options
    const scores = near.map(document => similarity(metric, this.#distance(document)))
    return { text: { documents: text.documents, scores: text.keys }, vector: { documents: near, scores } }
  }

  #plan(): Pipeline {
    const { host, settings } = this.#workspace
    const { textName, vectorName, scoreName, fusion } = this.#options
    const { text, vector } = this.#ranked()
    this.#fused = fuse(text, vector, fusion)
    const yields: Yields = new Map()
    yields.set(scoreName || SCORE, document => this.#fused.get(document)!.score)
    if (textName !== '') yields.set(textName, document => this.#fused.get(document)!.text)
    if (vectorName !== '') yields.set(vectorName, document => this.#fused.get(document)!.vector)
    const list = Int32Array.from(this.#fused.keys()).sort()
    const steps = this.#steps()
    const context = {
      index: this.index.structures,
      fields: this.#fields,
      random: host.random,
      yields,
      scorer: null,
      unstable: settings.unstableFeatures,
      now: null,
      readsAllValues: false,
      arrays: this.#workspace.arrays,
      ledger: this.#workspace.ledger,
      unshown: this.#unshown(),
    }
    return refusing(() => planAggregation(new DocumentList(list, list.length, 0), steps, context))
  }

  /** LOAD says what is shown; key and score are then shown where it names them. */
  #unshown(): ReadonlySet<string> {
    const loads = this.#options.steps.filter(step => step.kind === 'load')
    const isLoaded = (name: string) => loads.some(load => load.fields.some(field => field.name === name))
    return new Set(loads.length === 0 ? [] : [SCORE, KEY].filter(name => !isLoaded(name)))
  }

  /** The steps that were asked for, behind those that go without saying. */
  #steps(): PlanStep[] {
    const { steps, sorts, scoreName } = this.#options
    const all: PlanStep[] = []
    all.push({ kind: 'load', everything: false, fields: [{ path: KEY, name: KEY }] })
    if (sorts && this.#fused.size > 0) {
      const keys = [
        { name: scoreName || SCORE, ascending: false },
        { name: KEY, ascending: true },
      ]
      all.push({ kind: 'arrange', keys, offset: 0, limit: this.#fused.size })
    }
    all.push(...steps)
    if (!steps.some(step => step.kind === 'arrange')) all.push({ kind: 'arrange', keys: null, offset: 0, limit: ROWS })
    return all
  }

  /** Go on with what was found by words and by distance so far. */
  hurry(): boolean {
    if (this.#workspace.settings.failsOnTimeout) return false
    this.#isTimedOut = true
    return true
  }

  timedOut(): void {
    throw FT_ERR.timeout
  }

  abandon(): void {
    this.#pipeline?.release()
    this.#fields.release()
  }

  write(reply: Reply): void {
    const pipeline = this.#pipeline!
    const { output } = pipeline
    const rows = output.count - output.first
    const { steps } = this.#options
    const isCounted = steps.some(step => step.kind === 'group' || step.kind === 'filter')
    reply.map(4)
    reply.status('total_results')
    reply.integer(isCounted ? pipeline.total(rows, true) : this.#fused.size)
    reply.status('results')
    reply.array(rows)
    this.#rows!.writeRows(reply, rows)
    reply.status('warnings')
    reply.array(this.#isTimedOut ? 1 : 0)
    if (this.#isTimedOut) reply.status(FT_ERR.timeout.text)
    reply.status('execution_time')
    reply.double((this.#workspace.host.clock.microseconds() - this.#startMicros) / 1000)
    this.abandon()
  }
}
