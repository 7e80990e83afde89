/* Union, intersection and difference of sorted sets and sets, with weights.
 *
 * A source is a sorted set, or a set whose members all score 1; a set's view is reached through its ValueType alone, so the two types do not
 * know each other. Results are gathered in a table like that of a sorted set, which a set that is stored takes over (store.ts). */

import { Range } from '../../base/bytes.ts'
import { ERR, ReplyError, replyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import type { Dict } from '../../memory/dict.ts'
import { inOrder, storeTable } from './store.ts'
import { scoreIn, setScoreIn, tableFor, type ZsetView, zsetType } from './value.ts'

const WEIGHT = new ReplyError('ERR weight value is not a float')
const LIMIT = new ReplyError("ERR LIMIT can't be negative")

/** What a sorted set and a set have in common here. */
interface Source {
  length: number
  /** NaN for a member that it does not have. */
  score(member: Range): number
  each(visit: (member: Range, score: number) => void): void
}

interface Combination {
  sources: (Source | null)[]
  weights: number[]
  aggregate: (a: number, b: number) => number
  withScores: boolean
}

type Kind = 'union' | 'inter' | 'diff'

function sumOf(a: number, b: number): number {
  const sum = a + b
  return Number.isNaN(sum) ? 0 : sum // inf + -inf
}

/** A weighted score; an infinity times 0 is 0. */
function weighted(score: number, weight: number): number {
  const product = score * weight
  return Number.isNaN(product) ? 0 : product
}

/** A member set of another type, as far as it can be walked here. */
interface MemberSet {
  readonly length: number
  has(member: Range): boolean
  each(visit: (member: Range) => void): void
}

function sourceOf({ db }: Context, key: Range): Source | null {
  const record = db.lookup(key)
  if (record === 0) return null
  const type = db.keyspace.types[db.typeOf(record)]!
  if (type.name === 'set') {
    const set = db.view(record, type) as unknown as MemberSet
    return {
      length: set.length,
      score: member => (set.has(member) ? 1 : NaN),
      each: visit => set.each(member => visit(member, 1)),
    }
  }
  const zset: ZsetView = db.viewAs(record, zsetType)
  return {
    length: zset.length,
    score: member => zset.score(member),
    each: visit => zset.eachMember(visit),
  }
}

/** Take the number of keys, and the keys. */
function takeSources(ctx: Context, args: Args): (Source | null)[] {
  const numkeys = args.int()
  if (numkeys < 1) throw replyError(`ERR at least 1 input key is needed for '${ctx.entry.name}' command`)
  if (numkeys > args.left) throw ERR.syntax
  const sources: (Source | null)[] = []
  for (let i = 0; i < numkeys; i++) sources.push(sourceOf(ctx, args.key()))
  return sources
}

function takeCombination(ctx: Context, args: Args, kind: Kind, forStore: boolean): Combination {
  const sources = takeSources(ctx, args)
  const numkeys = sources.length
  const found: Combination = {
    sources,
    weights: new Array<number>(numkeys).fill(1),
    aggregate: sumOf,
    withScores: false,
  }
  while (args.left > 0) {
    if (kind !== 'diff' && args.left > numkeys && args.word('weights'))
      for (let i = 0; i < numkeys; i++) found.weights[i] = args.double(WEIGHT)
    else if (kind !== 'diff' && args.left > 1 && args.word('aggregate')) {
      if (args.word('sum')) found.aggregate = sumOf
      else if (args.word('min')) found.aggregate = Math.min
      else if (args.word('max')) found.aggregate = Math.max
      else throw ERR.syntax
    } else if (!forStore && args.word('withscores')) found.withScores = true
    else throw ERR.syntax
  }
  return found
}

/** Members and scores of a combination, in a table of the arena that the caller releases or hands over. */
function gather(ctx: Context, kind: Kind, found: Combination): Dict {
  const lengths = found.sources.map(source => source?.length ?? 0)
  const result = tableFor(ctx.db, kind === 'union' ? Math.max(...lengths) : 0)
  try {
    if (kind === 'union') uniteInto(result, found)
    else if (kind === 'inter') intersectInto(result, found)
    else subtractInto(result, found)
  } catch (error) {
    result.release() // out of memory half way
    throw error
  }
  return result
}

function add(result: Dict, member: Range, score: number): void {
  if (result.find(member.buf, member.start, member.end) !== 0) return
  setScoreIn(result, result.insert(member.buf, member.start, member.end, 0), score)
}

function uniteInto(result: Dict, { sources, weights, aggregate }: Combination): void {
  sources.forEach((source, i) => {
    const weight = weights[i]!
    source?.each((member, score) => {
      const value = weighted(score, weight)
      const record = result.find(member.buf, member.start, member.end)
      if (record === 0) setScoreIn(result, result.insert(member.buf, member.start, member.end, 0), value)
      else setScoreIn(result, record, aggregate(scoreIn(result, record), value))
    })
  })
}

function intersectInto(result: Dict, { sources, weights, aggregate }: Combination): void {
  if (sources.some(source => source === null)) return
  const ordered = (sources as Source[])
    .map((source, i) => ({ source, weight: weights[i]! }))
    .sort((a, b) => a.source.length - b.source.length)
  const [smallest, ...others] = ordered
  smallest!.source.each((member, score) => {
    let sum = weighted(score, smallest!.weight)
    for (const { source, weight } of others) {
      const other = source.score(member)
      if (Number.isNaN(other)) return
      sum = aggregate(sum, weighted(other, weight))
    }
    add(result, member, sum)
  })
}

function subtractInto(result: Dict, { sources }: Combination): void {
  const [first, ...rest] = sources
  const others = rest.filter(source => source !== null)
  first?.each((member, score) => {
    for (const other of others) if (!Number.isNaN(other.score(member))) return
    add(result, member, score)
  })
}

function replyCombination(ctx: Context, args: Args, kind: Kind): void {
  const { reply } = ctx
  const found = takeCombination(ctx, args, kind, false)
  const result = gather(ctx, kind, found)
  const member = new Range()
  try {
    const inPairs = found.withScores && reply.protocol === 3
    reply.array(result.count * (found.withScores && !inPairs ? 2 : 1))
    const { records, scores } = inOrder(result)
    for (let i = 0; i < records.length; i++) {
      if (inPairs) reply.array(2)
      reply.bulk(result.key(records[i]!, member))
      if (found.withScores) reply.double(scores[i]!)
    }
  } finally {
    result.release()
  }
}

function storeCombination(ctx: Context, args: Args, kind: Kind, event: string): void {
  const target = args.key()
  const result = gather(ctx, kind, takeCombination(ctx, args, kind, true))
  ctx.reply.integer(storeTable(ctx, target, result, event))
}

export function zunion(ctx: Context, args: Args): void {
  replyCombination(ctx, args, 'union')
}

export function zinter(ctx: Context, args: Args): void {
  replyCombination(ctx, args, 'inter')
}

export function zdiff(ctx: Context, args: Args): void {
  replyCombination(ctx, args, 'diff')
}

export function zunionstore(ctx: Context, args: Args): void {
  storeCombination(ctx, args, 'union', 'zunionstore')
}

export function zinterstore(ctx: Context, args: Args): void {
  storeCombination(ctx, args, 'inter', 'zinterstore')
}

export function zdiffstore(ctx: Context, args: Args): void {
  storeCombination(ctx, args, 'diff', 'zdiffstore')
}

export function zintercard(ctx: Context, args: Args): void {
  const sources = takeSources(ctx, args)
  let limit = 0
  while (args.left > 0) {
    if (args.left < 2 || !args.word('limit')) throw ERR.syntax
    limit = args.int(LIMIT)
    if (limit < 0) throw LIMIT
  }
  const count = sources.some(source => source === null) ? 0 : countCommon(sources as Source[])
  ctx.reply.integer(limit === 0 ? count : Math.min(count, limit))
}

function countCommon(sources: Source[]): number {
  const [smallest, ...others] = sources.sort((a, b) => a.length - b.length)
  let count = 0
  smallest!.each(member => {
    for (const other of others) if (Number.isNaN(other.score(member))) return
    count++
  })
  return count
}
