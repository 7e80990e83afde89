/* Ranges of a sorted set: by rank, by score, by bytes; to be read, counted, stored or removed. */

import type { Range } from '../../base/bytes.ts'
import { ERR, ReplyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { limited, parseLex, parseScores, type Ranks, ranksOfLex, ranksOfPlaces, ranksOfScores } from './bounds.ts'
import { storeTable } from './store.ts'
import { afterTaking } from './take.ts'
import { setScoreIn, tableFor, type ZsetView, zsetType } from './value.ts'

const LIMIT_ALONE = new ReplyError(
  'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
)
const SCORES_BY_LEX = new ReplyError('ERR syntax error, WITHSCORES not supported in combination with BYLEX')

interface Query {
  by: 'rank' | 'score' | 'lex'
  reverse: boolean
  hasLimit: boolean
  offset: number
  count: number
  withScores: boolean
}

function query(by: Query['by'], reverse: boolean): Query {
  return { by, reverse, hasLimit: false, offset: 0, count: -1, withScores: false }
}

/** What each form of the command allows behind its bounds. */
interface Allows {
  by: boolean
  limit: boolean
  scores: boolean
}

function takeOptions(args: Args, found: Query, allows: Allows): void {
  let chosen = false
  let reversed = false
  while (args.left > 0) {
    if (allows.scores && args.word('withscores')) found.withScores = true
    else if (allows.limit && args.left > 2 && args.word('limit')) {
      found.hasLimit = true
      found.offset = args.int()
      found.count = args.int()
    } else if (allows.by && !reversed && args.word('rev')) reversed = found.reverse = true
    else if (allows.by && !chosen && args.word('byscore')) {
      chosen = true
      found.by = 'score'
    } else if (allows.by && !chosen && args.word('bylex')) {
      chosen = true
      found.by = 'lex'
    } else throw ERR.syntax
  }
  // A count of -1 is as good as none, as in Redis.
  if (found.by === 'rank') {
    if (found.hasLimit && found.count !== -1) throw LIMIT_ALONE
    found.hasLimit = false
  }
  if (found.withScores && found.by === 'lex') throw SCORES_BY_LEX
}

/** Read the bounds, which are checked before the key is looked at; the result finds the ranks in a set. */
function bounds(found: Query, low: Range, high: Range, args: Args, at: number): (set: ZsetView) => Ranks {
  if (found.by === 'rank') {
    args.position = at
    const start = args.int()
    const stop = args.int()
    return set => ranksOfPlaces(set.length, start, stop, found.reverse)
  }
  const [min, max] = found.reverse ? [high, low] : [low, high]
  if (found.by === 'score') {
    const scores = parseScores(min, max)
    return set => ranksOfScores(set, scores)
  }
  const lex = parseLex(min, max)
  return set => ranksOfLex(set, lex)
}

function run(ctx: Context, args: Args, found: Query, allows: Allows): void {
  const { db, reply } = ctx
  const key = args.key()
  const at = args.position
  const low = args.bytes()
  const high = args.bytes()
  takeOptions(args, found, allows)
  const ranksIn = bounds(found, low, high, args, at)
  const set = db.read(key, zsetType)
  if (set === null) {
    reply.array(0)
    return
  }
  let ranks = ranksIn(set)
  if (found.hasLimit) ranks = limited(ranks, found.offset, found.count, found.reverse)
  replyRange(ctx, set, ranks, found)
}

function replyRange({ reply }: Context, set: ZsetView, { from, to }: Ranks, { withScores, reverse }: Query): void {
  const inPairs = withScores && reply.protocol === 3
  reply.array((to - from) * (withScores && !inPairs ? 2 : 1))
  set.each(from, to, reverse, (member, score) => {
    if (inPairs) reply.array(2)
    reply.bulk(member)
    if (withScores) reply.double(score)
  })
}

const ANY: Allows = { by: true, limit: true, scores: true }
const ONLY_SCORES: Allows = { by: false, limit: false, scores: true }
const SCORES_AND_LIMIT: Allows = { by: false, limit: true, scores: true }
const ONLY_LIMIT: Allows = { by: false, limit: true, scores: false }

export function zrange(ctx: Context, args: Args): void {
  run(ctx, args, query('rank', false), ANY)
}

export function zrevrange(ctx: Context, args: Args): void {
  run(ctx, args, query('rank', true), ONLY_SCORES)
}

export function zrangebyscore(ctx: Context, args: Args): void {
  run(ctx, args, query('score', false), SCORES_AND_LIMIT)
}

export function zrevrangebyscore(ctx: Context, args: Args): void {
  run(ctx, args, query('score', true), SCORES_AND_LIMIT)
}

export function zrangebylex(ctx: Context, args: Args): void {
  run(ctx, args, query('lex', false), ONLY_LIMIT)
}

export function zrevrangebylex(ctx: Context, args: Args): void {
  run(ctx, args, query('lex', true), ONLY_LIMIT)
}

export function zrangestore(ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const target = args.key()
  const source = args.key()
  const at = args.position
  const found = query('rank', false)
  const low = args.bytes()
  const high = args.bytes()
  takeOptions(args, found, { by: true, limit: true, scores: false })
  const ranksIn = bounds(found, low, high, args, at)
  const set = db.read(source, zsetType)
  let ranks: Ranks = { from: 0, to: 0 }
  if (set !== null) {
    ranks = ranksIn(set)
    if (found.hasLimit) ranks = limited(ranks, found.offset, found.count, found.reverse)
  }
  reply.integer(storeRanks(ctx, target, set, ranks))
}

/** Let a key hold the members of some ranks of a set. */
function storeRanks(ctx: Context, target: Range, set: ZsetView | null, { from, to }: Ranks): number {
  const count = Math.max(0, to - from)
  const table = tableFor(ctx.db, count)
  const records = new Int32Array(count)
  const scores = new Float64Array(count)
  let i = 0
  try {
    set?.each(from, to, false, (member, score) => {
      table.find(member.buf, member.start, member.end)
      const record = table.insert(member.buf, member.start, member.end, 0)
      setScoreIn(table, record, score)
      records[i] = record
      scores[i++] = score
    })
  } catch (error) {
    table.release() // out of memory half way
    throw error
  }
  return storeTable(ctx, target, table, 'zrangestore', { records, scores })
}

// ------------------------------------------------------------------ counting and removing

export function zcount({ db, reply }: Context, args: Args): void {
  const key = args.key()
  const scores = parseScores(args.bytes(), args.bytes())
  const set = db.read(key, zsetType)
  const ranks = set === null ? null : ranksOfScores(set, scores)
  reply.integer(ranks === null ? 0 : ranks.to - ranks.from)
}

export function zlexcount({ db, reply }: Context, args: Args): void {
  const key = args.key()
  const lex = parseLex(args.bytes(), args.bytes())
  const set = db.read(key, zsetType)
  const ranks = set === null ? null : ranksOfLex(set, lex)
  reply.integer(ranks === null ? 0 : ranks.to - ranks.from)
}

function removeRanks(ctx: Context, key: Range, ranksIn: (set: ZsetView) => Ranks, event: string): void {
  const set = ctx.db.open(key, zsetType)
  if (set === null) {
    ctx.reply.integer(0)
    return
  }
  const { from, to } = ranksIn(set)
  set.deleteRange(from, to)
  if (to > from) afterTaking(ctx, key, set, event, to - from)
  ctx.reply.integer(to - from)
}

export function zremrangebyrank(ctx: Context, args: Args): void {
  const key = args.key()
  const start = args.int()
  const stop = args.int()
  removeRanks(ctx, key, set => ranksOfPlaces(set.length, start, stop, false), 'zremrangebyrank')
}

export function zremrangebyscore(ctx: Context, args: Args): void {
  const key = args.key()
  const scores = parseScores(args.bytes(), args.bytes())
  removeRanks(ctx, key, set => ranksOfScores(set, scores), 'zremrangebyscore')
}

export function zremrangebylex(ctx: Context, args: Args): void {
  const key = args.key()
  const lex = parseLex(args.bytes(), args.bytes())
  removeRanks(ctx, key, set => ranksOfLex(set, lex), 'zremrangebylex')
}
