/* Rehearsal -- queries over an index of its own, played after the first FT.CREATE, so that the code of queries is compiled
 * before somebody asks (see core/module/rehearsal.ts).
 *
 *      documents   p:1 { name "w3 w1 ...", brand b7, tags "t3,t1", price 12.25, stock 4, where 2.3,48.8 }
 *      queries     each again and again; documents change their prices in between
 *
 * Everything below the commands is the real thing: arguments, parser, iterators, steps, replies. Only the index is private, in
 * memory of its own, and nobody knows its name; no key is read, so queries ask for nothing but what the index has. What the
 * compiler learns is what kinds of values there are. So prices have fractions or none, some documents lack a brand or a stock,
 * texts have rare and frequent words. */

import { Args, type Context, Memory, Range, Reply, SegmentPool } from 'redstrata/module'
import { Index } from './catalogue.ts'
import { parseAggregate } from './commands/aggregate-options.ts'
import { readAggregate } from './commands/aggregate.ts'
import { parseSearch } from './commands/search-options.ts'
import { readSearch } from './commands/search.ts'
import { FieldValue } from './index/field-index.ts'
import { readHashValue } from './ingest/value.ts'
import { type Job, PAUSE, SliceWatch } from './plan/slices.ts'
import { AggregateJob } from './results/aggregate-job.ts'
import { SearchJob } from './results/search-job.ts'
import { parseSchema } from './schema/parse.ts'
import type { Workspace } from './workspace.ts'

/** A batch of an aggregation, and a part of another. */
const DOCUMENTS = 1300
/** Documents put in at a time. */
const AT_ONCE = 4
/** A query pauses after so long. */
const SLICE_MICROS = 400
/** How often each query is played: the busiest loops are compiled after some thirty batches, what is around them later. */
const ROUNDS = 60

const SCHEMA =
  'SCHEMA name TEXT WEIGHT 5 text TEXT brand TAG SORTABLE tags TAG price NUMERIC SORTABLE stock NUMERIC where GEO'

/** Queries, and the words behind them. */
const AGGREGATIONS: readonly (readonly [query: string, words: string])[] = [
  ['*', 'GROUPBY 1 @brand REDUCE COUNT 0 AS n REDUCE AVG 1 @price AS avg SORTBY 2 @n DESC LIMIT 0 10'],
  ['@price:[100 300]', 'GROUPBY 1 @brand REDUCE SUM 1 @price REDUCE MAX 1 @price REDUCE COUNT 0 LIMIT 0 10'],
  ['*', 'LOAD 1 @price APPLY floor(@price/100) AS band FILTER @band>2 GROUPBY 1 @band REDUCE COUNT 0 AS n'],
  ['w1', 'GROUPBY 2 @brand @price REDUCE MIN 1 @stock AS low REDUCE STDDEV 1 @price AS d SORTBY 3 @low @d DESC MAX 20'],
  [
    '@tags:{t3}',
    'FILTER exists(@brand) APPLY @price*2+1 AS twice FILTER @twice<900&&@brand!="b1" SORTBY 2 @twice ASC LIMIT 0 10',
  ],
]
const SEARCHES: readonly (readonly [query: string, words: string])[] = [
  ['w1', 'NOCONTENT LIMIT 0 10'],
  ['w9 w1', 'NOCONTENT LIMIT 0 10'],
  ['@tags:{t3} @price:[100 300]', 'NOCONTENT LIMIT 0 10'],
  ['@price:[100 400]', 'SORTBY price NOCONTENT LIMIT 0 10'],
]

/** The pieces of the rehearsal of a server's search. */
export function* rehearsal(workspace: Workspace): Generator<void> {
  const memory = new Memory()
  try {
    const stage = new Stage(workspace, memory)
    for (let i = 0; i < DOCUMENTS; i++) {
      stage.put(i, 0)
      if (i % AT_ONCE === 0) yield
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const [query, words] of AGGREGATIONS) yield* stage.play(() => stage.aggregation(query, words))
      for (const [query, words] of SEARCHES) yield* stage.play(() => stage.search(query, words))
      stage.put(round, 1)
      yield
    }
  } finally {
    memory.drop()
  }
}

/** The private index, and what stands in for a client. */
class Stage {
  readonly #workspace: Workspace
  readonly #index: Index
  readonly #values: FieldValue[]
  readonly #args = new Args()
  readonly #context: Context
  readonly #reply = new Reply(new SegmentPool())
  readonly #key = new Range()
  readonly #text = new Range()

  constructor(workspace: Workspace, memory: Memory) {
    this.#workspace = workspace
    this.#args.loadValues(SCHEMA.split(' '))
    this.#args.restart(0)
    const schema = parseSchema(this.#args, Buffer.from('rehearsal'))
    this.#index = new Index(schema, workspace.structures(schema, memory))
    this.#values = schema.fields.map(() => new FieldValue())
    const { clock, databases } = workspace.host
    this.#context = { reply: this.#reply, db: databases[0]!, nowMs: clock.nowMs() } as unknown as Context
  }

  /** Put a document in, or change it. */
  put(number: number, change: number): void {
    const texts = textsOf(number, change)
    this.#index.schema.fields.forEach((field, i) => {
      const value = this.#values[i]!
      value.reset()
      const text = texts[i]
      if (text === undefined) return
      const bytes = Buffer.from(text)
      readHashValue(field, this.#text.set(bytes, 0, bytes.length), value, null)
    })
    const key = Buffer.from(`p:${number}`)
    const { language, score } = this.#index.schema.rules
    this.#index.structures.put(this.#key.set(key, 0, key.length), this.#values, { language, score, payload: null })
  }

  aggregation(query: string, words: string): Job {
    const options = parseAggregate(this.#request(query, words), this.#workspace.settings)
    const aggregation = readAggregate(this.#workspace, this.#context, this.#index, options, null)
    return new AggregateJob(this.#workspace, aggregation, null, Number.POSITIVE_INFINITY, 2)
  }

  search(query: string, words: string): Job {
    const options = parseSearch(this.#request(query, words), this.#workspace.settings)
    const tree = readSearch(this.#workspace, this.#context, this.#index, options)
    return new SearchJob(this.#workspace, this.#context, this.#index, tree, options)
  }

  #request(query: string, words: string): Args {
    this.#args.loadValues([query, ...words.split(' ')])
    this.#args.restart(0)
    return this.#args
  }

  /** Run a query to its end, and forget its reply. */
  *play(begin: () => Job): Generator<void> {
    const { clock } = this.#workspace.host
    const job = begin()
    const watch = new SliceWatch(() => clock.microseconds(), 0, true)
    try {
      do {
        yield
        watch.beginSlice(SLICE_MICROS)
      } while (!isDone(job, watch))
      yield
      job.write(this.#reply)
    } finally {
      job.abandon?.()
    }
    this.#reply.rewind(0)
  }
}

function isDone(job: Job, watch: SliceWatch): boolean {
  try {
    job.run(watch)
    return true
  } catch (thrown) {
    if (thrown === PAUSE) return false
    throw thrown
  }
}

/** The texts of a document by field, most of them different from its neighbours'. */
function textsOf(number: number, change: number): (string | undefined)[] {
  const words = Array.from({ length: 8 }, (_, i) => `w${(number * (i + 3)) % (i + 2) ** 3}`).join(' ')
  const price = (number * 7919) % 1000
  const isWhole = number % 3 === 0
  return [
    `w${number % 30} w${number % 7}`,
    words,
    number % 97 === 96 ? undefined : `b${(number * 31) % 50}`,
    `t${number % 5},t${number % 11}`,
    String(isWhole ? price + change : price / 4 + change),
    number % 89 === 88 ? undefined : String(number % 500),
    `${(number % 360) - 180},${(number % 160) - 80}`,
  ]
}
