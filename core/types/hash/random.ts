/* HRANDFIELD. */

import { Range } from '../../base/bytes.ts'
import { ERR, ReplyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { DRAWS_MAX, distinctPlaces } from '../../command/sample.ts'
import { hashType } from './type.ts'
import type { HashView } from './value.ts'

const COUNT_RANGE = new ReplyError(
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
)
const PAIRS_RANGE = new ReplyError('ERR value is out of range')

export function hrandfield(ctx: Context, args: Args): void {
  const { db, reply, out, engine } = ctx
  const key = args.key()
  if (args.left === 0) {
    const hash = db.read(key, hashType)
    const live = hash === null ? null : livePlaces(hash)
    if (hash === null || live?.length === 0) reply.null()
    else {
      const place = engine.random.below(live?.length ?? hash.length)
      hash.entry(live?.[place] ?? place, out, new Range())
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
  const live = hash === null ? null : livePlaces(hash)
  if (hash === null || count === 0 || live?.length === 0) reply.array(0)
  else replyPlaces(ctx, hash, placesOf(ctx, live, live?.length ?? hash.length, count), withValues)
}

/** Places of the fields that can be seen; null when that is all. */
function livePlaces(hash: HashView): number[] | null {
  if (!hash.hasDead) return null
  const live: number[] = []
  for (let place = 0; place < hash.places; place++) if (!hash.isDead(place)) live.push(place)
  return live
}

function* placesOf({ engine }: Context, live: number[] | null, length: number, count: number): Iterable<number> {
  if (count > 0) for (const place of distinctPlaces(engine.random, length, count)) yield live?.[place] ?? place
  else
    for (let i = 0; i < -count; i++) {
      const place = engine.random.below(length)
      yield live?.[place] ?? place
    }
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
