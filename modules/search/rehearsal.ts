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

import { Memory, Range, type Stage } from 'redstrata/module'
import { Index } from './catalogue.ts'
import { parseAggregate } from './commands/aggregate-options.ts'
import { aggregateIn, readAggregate } from './commands/aggregate.ts'
import { parseSearch } from './commands/search-options.ts'
import { searchIn } from './commands/search.ts'
import { FieldValue } from './index/field-index.ts'
import { readHashValue } from './ingest/value.ts'
import { SliceWatch } from './plan/slices.ts'
import { AggregateJob } from './results/aggregate-job.ts'
import { parseSchema } from './schema/parse.ts'
import type { Workspace } from './workspace.ts'

/** More than a chunk of a column has. */
const DOCUMENTS = 400
/** Documents put in at a time. */
const AT_ONCE = 4
/** How often each query is played: the busiest loops are compiled after some thirty batches, what is around them later. */
const ROUNDS = 120

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
  const stage = workspace.host.stage()
  try {
    const troupe = new Troupe(workspace, stage, memory)
    for (let i = 0; i < DOCUMENTS; i++) {
      troupe.put(i, 0)
      if (i % AT_ONCE === 0) yield
    }
    for (const [query, words] of AGGREGATIONS) {
      workspace.specimens.push(troupe.specimen(query, words))
      yield
    }
    for (let round = 0; round < ROUNDS; round++) {
      for (const [query, words] of AGGREGATIONS) {
        troupe.aggregate(query, words)
        yield
      }
      for (const [query, words] of SEARCHES) {
        troupe.search(query, words)
        yield
      }
      troupe.put(round, 1)
      yield
    }
  } finally {
    stage.end()
    memory.drop()
  }
}

/** The private index. */
class Troupe {
  readonly #workspace: Workspace
  readonly #stage: Stage
  readonly #index: Index
  readonly #values: FieldValue[]
  readonly #key = new Range()
  readonly #text = new Range()

  constructor(workspace: Workspace, stage: Stage, memory: Memory) {
    this.#workspace = workspace
    this.#stage = stage
    const { args } = stage.say('FT.CREATE', ...SCHEMA.split(' '))
    const schema = parseSchema(args, Buffer.from('rehearsal'))
    this.#index = new Index(schema, workspace.structures(schema, memory))
    this.#values = schema.fields.map(() => new FieldValue())
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

  aggregate(query: string, words: string): void {
    const ctx = this.#stage.say('FT.AGGREGATE', query, ...words.split(' '))
    const options = parseAggregate(ctx.args, this.#workspace.settings)
    aggregateIn(this.#workspace, ctx, this.#index, options)
  }

  /** An aggregation that is over, to be kept: everything that one consists of hangs on it, but nothing of the index. */
  specimen(query: string, words: string): unknown {
    const ctx = this.#stage.say('FT.AGGREGATE', query, ...words.split(' '))
    const { clock } = this.#workspace.host
    const options = parseAggregate(ctx.args, this.#workspace.settings)
    const aggregation = readAggregate(this.#workspace, ctx, this.#index, options, null)
    const job = new AggregateJob(this.#workspace, aggregation, null, Infinity, ctx.reply.protocol)
    job.run(new SliceWatch(() => clock.microseconds(), 0, false))
    job.write(ctx.reply)
    aggregation.rest()
    return job
  }

  search(query: string, words: string): void {
    const ctx = this.#stage.say('FT.SEARCH', query, ...words.split(' '))
    const options = parseSearch(ctx.args, this.#workspace.settings)
    searchIn(this.#workspace, ctx, this.#index, options, this.#workspace.host.clock.microseconds())
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
    // Some brands have more documents than others, and there are more than fit the first arrays of a query.
    number % 97 === 96 ? undefined : `b${(number * 31) % (number % 3 === 0 ? 20 : 150)}`,
    `t${number % 5},t${number % 11}`,
    String(isWhole ? price + change : price / 4 + change),
    number % 89 === 88 ? undefined : String(number % 500),
    `${(number % 360) - 180},${(number % 160) - 80}`,
  ]
}
