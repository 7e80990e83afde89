/* A search under way -- plans its query, keeps the best documents, and writes them.
 *
 * What rows show beside fields (why a document was found, its score when it was sorted by something else) is asked of a
 * second set of iterators, which visit the few documents of the reply and no others. */

import { type Context, Range, type Reply, replyError } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { fieldsOf, scorerOf } from '../commands/query-options.ts'
import type { SearchOptions } from '../commands/search-options.ts'
import { FT_ERR } from '../errors.ts'
import type { DocumentIterator, Explanation, MatchedTerm, Watch } from '../iterators/iterator.ts'
import { type BuildOptions, builder } from '../plan/build.ts'
import { PlainRun, RankedRun } from '../plan/collect.ts'
import { refusing } from '../plan/prepare.ts'
import type { QueryProfile } from '../plan/profile.ts'
import type { Job, SliceWatch } from '../plan/slices.ts'
import { type SortedRange, sortedRange } from '../plan/sorted-range.ts'
import { type Yields, yieldNames } from '../plan/yields.ts'
import type { Node } from '../query/ast.ts'
import { type Field, fieldNamed } from '../schema/schema.ts'
import { Scorer } from '../score/scorer.ts'
import type { Top } from '../score/top.ts'
import type { Workspace } from '../workspace.ts'
import { type DocumentReader, documentReader } from './document.ts'
import { ALL_AS_IT_IS, shownFields } from './fields.ts'
import { documentLanguage, Marker } from './marks.ts'
import { NumberOrder, type Order, orderBy } from './order.ts'
import { type RowFacts, RowWriter } from './rows.ts'
import { RowsAhead, writeRows } from './rows-ahead.ts'

const NO_WATCH: Watch = { tick() {} }
const NOT_TIMED = (): number => 0
/** Rows that are written in one go. */
const ROWS_AT_ONCE = 256

/** Scored documents, best first. */
interface Found {
  readonly documents: number[]
  /** Their scores; empty when they were sorted by something else. */
  readonly scores: number[]
}

/** One FT.SEARCH. */
export class SearchJob implements Job {
  readonly index: Index
  readonly #workspace: Workspace
  readonly #root: Node | null
  readonly #options: SearchOptions
  readonly #reader: DocumentReader
  readonly #sortField: Field | null
  readonly #yields: Yields = new Map()
  #builder: (() => DocumentIterator) | null = null
  #run: PlainRun | RankedRun | null = null
  #order: Order | null = null
  #range: SortedRange | null = null
  #top: Top | null = null
  #isCollected = false
  #isTimedOut = false
  #found: Found | null = null
  #ahead: RowsAhead | null = null
  readonly #protocol: 2 | 3
  /** Whether a word expands to more terms than were looked for. */
  #isCut = false
  readonly #profile: QueryProfile | null
  #runMicros = 0

  /**
   * @param profile has the work timed; null otherwise.
   * @throws ReplyError when the options do not fit the index.
   */
  constructor(
    workspace: Workspace,
    ctx: Context,
    index: Index,
    root: Node | null,
    options: SearchOptions,
    profile: QueryProfile | null = null,
  ) {
    this.#workspace = workspace
    this.#protocol = ctx.reply.protocol
    this.#profile = profile
    this.index = index
    this.#root = root
    this.#options = options
    this.#reader = documentReader(workspace, index, ctx.db, options.showsSeveral)
    this.#sortField = options.sortBy === null ? null : fieldNamed(index.schema, options.sortBy)
    if (options.sortBy === null || this.#sortField !== null) return
    const name = options.sortBy.latin1Slice()
    if (!yieldNames(root).includes(name)) throw replyError(`Property \`${name}\` not loaded nor in schema`)
  }

  run(watch: SliceWatch): void {
    if (!this.#isCollected && !this.#answersByOrder()) this.#collect(watch)
    this.#isCollected = true
    this.#writeAhead(watch)
  }

  #collect(watch: SliceWatch): void {
    const start = watch.now()
    // Building is timed part by part in a profile, so it is not paused.
    if (this.#run === null)
      this.#run = this.#profile === null ? this.#plan(watch) : watch.steady(() => this.#plan(watch))
    else this.#order?.refresh()
    const planned = watch.now()
    if (this.#profile !== null) this.#profile.planningMicros += planned - start
    try {
      this.#run.run()
    } finally {
      this.#runMicros += watch.now() - planned
    }
  }

  #plan(watch: Watch): PlainRun | RankedRun {
    const { documents } = this.index.structures
    const { offset, limit, sortBy } = this.#options
    const keep = limit === 0 ? 0 : offset + limit
    this.#builder ??= this.#newBuilder(watch, sortBy === null && keep > 0, this.#profile)
    const root = refusing(this.#builder)
    const { batches, tops } = this.#workspace
    if (keep === 0) return new PlainRun(root, documents, watch, null, batches)
    if (sortBy !== null) {
      this.#order = this.#newOrder(sortBy, keep)
      return new PlainRun(root, documents, watch, this.#order, batches)
    }
    this.#top = tops.take().begin(keep)
    return new RankedRun(root, documents, watch, this.#newScorer(), this.#top, batches)
  }

  /** Whether the order of the field that is sorted by is all that the query asks for. */
  #answersByOrder(): boolean {
    const { offset, limit, descending } = this.#options
    if (this.#run !== null || this.#sortField === null || this.#profile !== null || limit === 0) return false
    this.#range = sortedRange(this.#root, this.#sortField, this.index.structures, offset + limit, descending)
    return this.#range !== null
  }

  /** Sort keys of documents that the order of the field has told. */
  #rangeOrder(): Order | null {
    return this.#range === null ? null : this.#newOrder(this.#options.sortBy!, 0)
  }

  #newScorer(): Scorer {
    return new Scorer(scorerOf(this.#options), this.index.structures.documents, this.#options.payload)
  }

  #newOrder(sortBy: Buffer, keep: number): Order {
    const { structures } = this.index
    const { descending } = this.#options
    if (this.#sortField !== null)
      return orderBy(structures.fields[this.#sortField.number]!, structures, this.#reader, keep, descending)
    const yielded = this.#yields.get(sortBy.latin1Slice())
    return new NumberOrder(yielded ?? (() => NaN), keep, descending)
  }

  #newBuilder(watch: Watch, isRanked: boolean, profile: QueryProfile | null): () => DocumentIterator {
    const { prefixMin, expansionsMax } = this.#workspace.settings
    const options: BuildOptions = {
      index: this.index.structures,
      fields: fieldsOf(this.#options, this.index.schema),
      slop: this.#options.slop,
      inOrder: this.#options.inOrder,
      isRanked,
      prefixMin,
      expansionsMax,
      watch,
      onCut: () => (this.#isCut = true),
      profile,
      yields: this.#yields,
    }
    return builder(this.#root, options)
  }

  timedOut(reply: Reply): void {
    if (this.#workspace.settings.failsOnTimeout) throw FT_ERR.timeout
    this.#isTimedOut = true
    this.write(reply)
  }

  write(reply: Reply): void {
    const now = this.#profile?.now ?? NOT_TIMED
    const start = now()
    const found = (this.#found ??= this.#take())
    const sorted = now()
    const writer =
      this.#ahead === null
        ? this.#newWriter(reply, found, null)
        : new RowWriter(reply, this.#options, this.#reader, ALL_AS_IT_IS, null)
    const total = this.#range?.total ?? this.#run?.total ?? 0
    const rows = this.#ahead === null ? () => writeRows(writer, found.documents) : () => this.#ahead!.copyTo(reply)
    writer.write(total, this.#warnings(), this.#profile === null ? 0 : 1, rows)
    this.#run?.release()
    this.#reader.release()
    if (this.#profile !== null) this.#noteProcessors(total, found.documents.length, sorted - start, now() - sorted)
  }

  abandon(): void {
    this.#run?.release()
    this.#reader.release()
  }

  /** Many rows are written before the reply is, so that others can be served in between. */
  #writeAhead(watch: SliceWatch): void {
    const { limit, noContent, marks } = this.#options
    // To mark a long text takes long.
    const isDear = marks && !noContent
    const atOnce = isDear ? 0 : ROWS_AT_ONCE
    if (this.#profile !== null || limit <= atOnce) return
    const found = (this.#found ??= this.#take())
    if (found.documents.length <= atOnce) return
    // What was found in time is shown, however long that takes.
    if (isDear) watch.endless()
    this.#ahead ??= new RowsAhead(this.#protocol, isDear, reply => this.#newWriter(reply, found, watch))
    this.#ahead.run(found.documents, watch)
  }

  #newWriter(reply: Reply, found: Found, watch: Watch | null): RowWriter {
    const shown = shownFields(this.#options, this.index.structures, this.#reader, this.#yields)
    return new RowWriter(reply, this.#options, this.#reader, shown, this.#factsOf(found, watch))
  }

  /** What was done behind the iterators; each step's time without those before it. */
  #noteProcessors(total: number, rows: number, sortMicros: number, loadMicros: number): void {
    const profile = this.#profile!
    const indexMicros = profile.root?.micros ?? 0
    const keepMicros = Math.max(0, this.#runMicros - indexMicros)
    const add = (type: string, micros: number, count: number): void => {
      profile.processors.push({ type, micros, count })
    }
    profile.warnings = this.#warnings()
    add('Index', indexMicros, total)
    if (this.#options.limit === 0) {
      add('Counter', keepMicros, 1)
      return
    }
    if (this.#yields.size > 0) add('Metrics Applier', 0, total)
    // Scoring and keeping the best are one loop here.
    if (this.#order === null) add('Scorer', keepMicros, total)
    add('Sorter', sortMicros + (this.#order === null ? 0 : keepMicros), rows)
    if (this.#options.noContent) return
    add('Loader', loadMicros, rows)
    // Loading and marking are one loop as well.
    if (this.#options.marks) add('Highlighter', 0, rows)
  }

  #warnings(): string[] {
    const warnings: string[] = []
    if (this.#isTimedOut) warnings.push(FT_ERR.timeout.text)
    if (this.#isCut) warnings.push(FT_ERR.expansionsCut.text)
    return warnings
  }

  /** The documents of the reply, as far as they are known. */
  #take(): Found {
    const { offset, limit } = this.#options
    if (this.#range !== null) return { documents: this.#range.documents.slice(offset), scores: [] }
    if (this.#order !== null) return { documents: this.#order.kept(offset).slice(0, limit), scores: [] }
    if (this.#top === null) return { documents: [], scores: [] }
    const { documents, keys } = this.#top.take(offset)
    this.#workspace.tops.give(this.#top)
    this.#top = null
    return { documents, scores: keys }
  }

  /** What rows show beside keys and fields; null when that is nothing. */
  #factsOf(found: Found, watch: Watch | null): RowFacts | null {
    const { withScores, explainsScores, noContent, marks, withPayloads, withSortKeys } = this.#options
    if (!withScores && !withPayloads && !withSortKeys && (noContent || !marks)) return null
    const isScored = withScores && (found.scores.length === 0 || explainsScores)
    const details = isScored || (marks && !noContent) ? this.#details(found.documents) : null
    const scores = withScores ? new Map(found.scores.map((score, i) => [found.documents[i]!, score])) : null
    const { documents } = this.index.structures
    const out = new Range()
    // A row that is written again goes on with what its marker has.
    let marked = -1
    let marker: Marker | null = null
    const markerOf = (document: number): Marker => {
      if (marker === null || marked !== document) marker = this.#marker(details?.get(document)?.terms ?? [], out, watch)
      marked = document
      marker.restart()
      return marker
    }
    return {
      score: document => scores?.get(document) ?? details?.get(document)?.score ?? 0,
      explain: document => details?.get(document)?.why ?? { text: '', children: [] },
      payload: (document, range) => documents.payload(document, range),
      sortKey: document => (this.#order ?? this.#rangeOrder())?.sortKey(document) ?? null,
      marker: document => (marks ? markerOf(document) : null),
    }
  }

  #marker(terms: readonly MatchedTerm[], out: Range, watch: Watch | null): Marker {
    const { rules } = this.index.schema
    const { stemmers, tokenizer } = this.#workspace
    const { synonyms } = this.index.structures
    const identifier = rules.languageField === null ? null : Range.of(rules.languageField)
    const language = documentLanguage(this.#reader, identifier, rules.language, out)
    return new Marker({ tokenizer, stopWords: rules.stopWords, stemmers, synonyms }, terms, language, watch)
  }

  /** What a second look at some documents tells of them. */
  #details(documents: readonly number[]): Map<number, Details> {
    const { withScores, explainsScores, marks } = this.#options
    const details = new Map<number, Details>()
    const root = refusing(this.#newBuilder(NO_WATCH, true, null))
    const scorer = this.#newScorer()
    for (const document of [...documents].sort((a, b) => a - b)) {
      if (root.skipTo(document) !== document) continue
      const terms: MatchedTerm[] = []
      if (marks) root.addTerms(terms)
      details.set(document, {
        score: withScores ? scorer.score(root, -Infinity) : 0,
        why: explainsScores ? scorer.explain(root) : null,
        terms,
      })
    }
    return details
  }
}

interface Details {
  readonly score: number
  readonly why: Explanation | null
  readonly terms: readonly MatchedTerm[]
}
