/* HRANDFIELD. */

import { Range } from '../../base/bytes.ts'
import { ERR, ReplyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { DRAWS_MAX, distinctPlaces } from '../../command/sample.ts'
import { type HashView, hashType } from './value.ts'

const COUNT_RANGE = new ReplyError(
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
)
const PAIRS_RANGE = new ReplyError('ERR value is out of range')

export function hrandfield(ctx: Context, args: Args): void {
  const { db, reply, out, engine } = ctx
  const key = args.key()
  if (args.left === 0) {
    const hash = db.read(key, hashType)
    if (hash === null) reply.null()
    else {
      hash.entry(engine.random.below(hash.length), out, new Range())
      reply.bulk(out)
    }
    return
  }
  const exact = args.int64()
  if (exact === -9223372036854775808n) throw COUNT_RANGE
  const withValues = args.left > 0
  if (withValues && !(args.word('withvalues') && args.left === 0)) throw ERR.syntax
  const count = Number(exact)
  if (withValues && Math.abs(count) >= 2 ** 62) throw PAIRS_RANGE
  if (-count > DRAWS_MAX) throw PAIRS_RANGE
  const hash = db.read(key, hashType)
  if (hash === null || count === 0) reply.array(0)
  else replyPlaces(ctx, hash, placesOf(ctx, hash, count), withValues)
}

function* placesOf({ engine }: Context, hash: HashView, count: number): Iterable<number> {
  if (count > 0) yield* distinctPlaces(engine.random, hash.length, count)
  else for (let i = 0; i < -count; i++) yield engine.random.below(hash.length)
}

function replyPlaces({ reply }: Context, hash: HashView, places: Iterable<number>, withValues: boolean): void {
  const field = new Range()
  const value = new Range()
  const inPairs = withValues && reply.protocol === 3
  const list = reply.deferred()
  let found = 0
  for (const place of places) {
    hash.entry(place, field, value)
    if (inPairs) reply.array(2)
    reply.bulk(field)
    if (withValues) reply.bulk(value)
    found += withValues && !inPairs ? 2 : 1
  }
  reply.fillArray(list, found)
}
