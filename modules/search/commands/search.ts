/* FT.SEARCH -- find documents, and return the best of them. */

import { type Args, type Context, Range, type Reply, type Suspended } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { FT_ERR } from '../errors.ts'
import { ALL_FIELDS, type Node } from '../query/ast.ts'
import { build } from '../plan/build.ts'
import { PlainRun, RankedRun } from '../plan/collect.ts'
import { prepareQuery, refusing } from '../plan/prepare.ts'
import { type Job, runJob, type SliceWatch } from '../plan/slices.ts'
import { type DocumentReader, documentReader } from '../results/document.ts'
import { type Field, fieldNamed } from '../schema/schema.ts'
import { Scorer } from '../score/scorer.ts'
import { Top, TopBy } from '../score/top.ts'
import { needCount, needList } from '../words.ts'
import type { Workspace } from '../workspace.ts'

interface Returned {
  readonly identifier: Range
  readonly name: Range
}

interface Options {
  noContent: boolean
  offset: number
  limit: number
  sortBy: Field | null
  descending: boolean
  /** RETURN; null: everything. */
  returned: Returned[] | null
  dialect: number
  parameters: Map<string, Buffer>
}

// biome-ignore lint/suspicious/noConfusingVoidType: a long search waits
export function search(workspace: Workspace, ctx: Context, args: Args): void | Suspended {
  const index = workspace.catalogue.needForQuery(args.bytes())
  const query = args.bytes().copy()
  const options = parseOptions(workspace, index, args)
  const { rules } = index.schema
  const root = prepareQuery(
    query,
    index,
    {
      dialect: options.dialect,
      parameters: options.parameters,
      stopWords: rules.stopWords,
      verbatim: false,
      language: rules.language,
      expander: '',
    },
    workspace.stemmers,
  )
  index.usedAtMs = ctx.nowMs
  return runJob(workspace, ctx, new Search(workspace, ctx, index, root, options), workspace.settings.timeoutMs)
}

function parseOptions(workspace: Workspace, index: Index, args: Args): Options {
  const options: Options = {
    noContent: false,
    offset: 0,
    limit: 10,
    sortBy: null,
    descending: false,
    returned: null,
    dialect: workspace.settings.defaultDialect,
    parameters: new Map(),
  }
  while (args.left > 0) {
    if (args.word('nocontent')) options.noContent = true
    else if (args.word('limit')) {
      if (args.left < 2) throw FT_ERR.limitArguments
      options.offset = args.int(FT_ERR.limitNumbers)
      options.limit = args.int(FT_ERR.limitNumbers)
    } else if (args.word('sortby')) {
      options.sortBy = fieldNamed(index.schema, args.bytes().copy())
      if (args.word('desc')) options.descending = true
      else args.word('asc')
    } else if (args.word('return')) options.returned = parseReturn(index, args)
    else if (args.word('dialect')) options.dialect = args.int(FT_ERR.dialectNumber)
    else if (args.word('params')) {
      const words = needList(args, 'PARAMS', needCount(args, 'PARAMS'))
      for (let i = 0; i + 1 < words.length; i += 2) options.parameters.set(words[i]!.latin1Slice(), words[i + 1]!)
    } else args.end()
  }
  return options
}

function parseReturn(index: Index, args: Args): Returned[] {
  const words = needList(args, 'RETURN', needCount(args, 'RETURN'))
  const returned: Returned[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const identifier = fieldNamed(index.schema, word)?.identifier ?? word
    const named = words[i + 1]?.latin1Slice().toLowerCase() === 'as' ? words[i + 2] : undefined
    if (named !== undefined) i += 2
    returned.push({ identifier: Range.of(identifier), name: Range.of(named ?? word) })
  }
  return returned
}

/** A search under way. */
class Search implements Job {
  readonly index: Index
  readonly #workspace: Workspace
  readonly #root: Node | null
  readonly #options: Options
  readonly #reader: DocumentReader
  #run: PlainRun | RankedRun | null = null
  #take: () => number[] = () => []

  constructor(workspace: Workspace, ctx: Context, index: Index, root: Node | null, options: Options) {
    this.#workspace = workspace
    this.index = index
    this.#root = root
    this.#options = options
    this.#reader = documentReader(workspace.host, index, ctx.db, options.dialect)
  }

  run(watch: SliceWatch): void {
    this.#run ??= watch.steady(() => this.#plan(watch))
    this.#run.run()
  }

  #plan(watch: SliceWatch): PlainRun | RankedRun {
    const { structures } = this.index
    const { documents } = structures
    const { offset, limit, sortBy, descending } = this.#options
    const keep = offset + limit
    const { prefixMin, expansionsMax } = this.#workspace.settings
    const root = refusing(() =>
      build(this.#root, {
        index: structures,
        fields: ALL_FIELDS,
        slop: -1,
        inOrder: false,
        isRanked: sortBy === null && keep > 0,
        prefixMin,
        expansionsMax,
        watch,
        vectors: null,
        shapes: null,
      }),
    )
    if (keep === 0) return new PlainRun(root, documents, watch, null)
    if (sortBy === null) {
      const top = new Top(keep)
      this.#take = () => top.take(offset).documents
      return new RankedRun(root, documents, watch, new Scorer('TFIDF', documents, Buffer.from('')), top)
    }
    const field = structures.fields[sortBy.number]!
    if (field.numbers !== null) {
      const { numbers } = field
      const top = new Top(keep, descending)
      this.#take = () => top.take(offset).documents
      const sign = descending ? 1 : -1
      const key = (d: number) => (Number.isNaN(numbers.value(d)) ? -Infinity : sign * numbers.value(d))
      return new PlainRun(root, documents, watch, { take: d => top.push(key(d), d) })
    }
    const { strings } = field
    const compare = (a: number, b: number) => {
      if (a === 0 || b === 0) return a === b ? 0 : a === 0 ? 1 : -1
      return descending ? strings!.compare(b, a) : strings!.compare(a, b)
    }
    const top = new TopBy<number>(keep, descending, compare)
    this.#take = () => top.take(offset).documents
    return new PlainRun(root, documents, watch, { take: d => top.push(strings?.of(d) ?? 0, d) })
  }

  timedOut(reply: Reply): void {
    if (this.#workspace.settings.failsOnTimeout) throw FT_ERR.timeout
    this.write(reply)
  }

  write(reply: Reply): void {
    const mark = reply.deferred()
    reply.integer(this.#run!.total)
    let rows = 0
    const key = new Range()
    for (const document of this.#take()) {
      if (this.#options.noContent) {
        if (!this.#reader.key(document, key)) continue
        reply.bulk(key)
        rows++
      } else if (this.#reader.open(document)) {
        this.#reader.key(document, key)
        reply.bulk(key)
        this.#writeFields(document, reply)
        rows += 2
      }
    }
    reply.fillArray(mark, rows + 1)
  }

  #writeFields(_document: number, reply: Reply): void {
    const mark = reply.deferred()
    let count = 0
    const value = new Range()
    const write = (name: Range, text: Range): void => {
      reply.bulk(name)
      reply.bulk(text)
      count++
    }
    const { returned, sortBy } = this.#options
    if (returned !== null) {
      for (const { identifier, name } of returned) {
        if (!this.#reader.get(identifier, value)) continue
        if (this.#reader.kind === 'null') {
          reply.bulk(name)
          reply.null()
          count++
        } else write(name, value)
      }
    } else {
      const first = sortBy === null ? null : Range.of(sortBy.identifier)
      if (first !== null && this.#reader.get(first, value)) write(Range.of(sortBy!.name), value)
      this.#reader.each((name, text) => {
        if (first === null || name.latin1() !== first.latin1()) write(name, text)
      })
    }
    reply.fillArray(mark, count * 2)
  }
}
