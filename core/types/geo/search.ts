/* Searching an area: GEOSEARCH, GEORADIUS and their kin.
 *
 * At most nine ranges of scores hold all places of an area; each member in them is measured. Hits name the members where they
 * lie, and are read before anything is written. Contradictory options are taken as Redis takes them: the last one holds. */

import { Range } from '../../base/bytes.ts'
import { ERR, ReplyError, replyError } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { EVENT } from '../../keyspace/event.ts'
import { type Area, Cover, coverArea, decodePlace, distanceWithin, type Place } from '../../structs/geohash.ts'
import { type ZsetView, zsetType } from '../zset/value.ts'
import { type Extent, GEO_ERR, placeOf, replyDistance, replyPlace, takeBox, takePlace, takeRadius } from './place.ts'

const COUNT_POSITIVE = new ReplyError('ERR COUNT must be > 0')
const ANY_ALONE = new ReplyError('ERR the ANY argument requires COUNT argument')

/** The forms of the command. */
interface Form {
  /** GEOSEARCH tells its area among the options; the others begin with a place or a member, and a radius. */
  readonly from: 'options' | 'place' | 'member'
  /** GEOSEARCHSTORE begins with its destination; GEORADIUS has STORE among the options. */
  readonly stores: 'first' | 'option' | 'never'
}

/** What is searched for, and what is to be told of it. */
interface Search {
  readonly center: Place
  readonly extent: Extent
  hasCenter: boolean
  hasExtent: boolean
  fromMember: boolean
  byBox: boolean
  withDistance: boolean
  withHash: boolean
  withPlace: boolean
  order: 'none' | 'asc' | 'desc'
  /** 0: all. */
  count: number
  /** ANY: the first hits will do, near or far. */
  stopsEarly: boolean
  target: Range | null
  /** The target's scores are distances. */
  storesDistance: boolean
}

/** A member inside the area. */
interface Hit {
  readonly member: Range
  readonly score: number
  readonly metres: number
}

export function geosearch(ctx: Context, args: Args): void {
  search(ctx, args, { from: 'options', stores: 'never' })
}

export function geosearchstore(ctx: Context, args: Args): void {
  search(ctx, args, { from: 'options', stores: 'first' })
}

export function georadius(ctx: Context, args: Args): void {
  search(ctx, args, { from: 'place', stores: 'option' })
}

export function georadiusRo(ctx: Context, args: Args): void {
  search(ctx, args, { from: 'place', stores: 'never' })
}

export function georadiusbymember(ctx: Context, args: Args): void {
  search(ctx, args, { from: 'member', stores: 'option' })
}

export function georadiusbymemberRo(ctx: Context, args: Args): void {
  search(ctx, args, { from: 'member', stores: 'never' })
}

function newSearch(): Search {
  return {
    center: { longitude: 0, latitude: 0 },
    extent: { radius: -1, width: 0, height: 0, unit: 1 },
    hasCenter: false,
    hasExtent: false,
    fromMember: false,
    byBox: false,
    withDistance: false,
    withHash: false,
    withPlace: false,
    order: 'none',
    count: 0,
    stopsEarly: false,
    target: null,
    storesDistance: false,
  }
}

function search(ctx: Context, args: Args, form: Form): void {
  const found = newSearch()
  if (form.stores === 'first') found.target = args.key()
  const set = ctx.db.read(args.key(), zsetType)
  takeSearch(args, form, set, found)
  check(args, form, found)
  if (set === null) {
    if (found.target === null) ctx.reply.array(0)
    else storeHits(ctx, found, [], form)
    return
  }
  if (found.count > 0 && found.order === 'none' && !found.stopsEarly) found.order = 'asc'
  const hits = hitsIn(set, found)
  if (found.order !== 'none') {
    const sign = found.order === 'asc' ? 1 : -1
    hits.sort((a, b) => sign * (a.metres - b.metres))
  }
  if (found.count > 0 && hits.length > found.count) hits.length = found.count
  if (found.target === null) replyHits(ctx, found, hits)
  else storeHits(ctx, found, hits, form)
}

// ------------------------------------------------------------------ arguments

function takeSearch(args: Args, form: Form, set: ZsetView | null, found: Search): void {
  if (form.from === 'place') {
    takePlace(args, found.center)
    takeRadius(args, found.extent)
  } else if (form.from === 'member') takeMemberAndRadius(args, set, found)
  while (args.left > 0)
    if (!takeWith(args, found) && !takeAmount(args, found) && !takeTarget(args, form, found)) {
      if (form.from !== 'options' || !takeArea(args, set, found)) throw ERR.syntax
    }
}

/** GEORADIUSBYMEMBER: nothing of it is looked at when there is no set. */
function takeMemberAndRadius(args: Args, set: ZsetView | null, found: Search): void {
  if (set === null) args.position += 3
  else {
    if (!placeOf(set, args.bytes(), found.center)) throw GEO_ERR.noMember
    takeRadius(args, found.extent)
  }
}

function takeWith(args: Args, found: Search): boolean {
  if (args.word('withdist')) found.withDistance = true
  else if (args.word('withhash')) found.withHash = true
  else if (args.word('withcoord')) found.withPlace = true
  else return false
  return true
}

function takeAmount(args: Args, found: Search): boolean {
  if (args.word('any')) found.stopsEarly = true
  else if (args.word('asc')) found.order = 'asc'
  else if (args.word('desc')) found.order = 'desc'
  else if (args.left > 1 && args.word('count')) {
    found.count = args.int()
    if (found.count <= 0) throw COUNT_POSITIVE
  } else return false
  return true
}

function takeTarget(args: Args, form: Form, found: Search): boolean {
  if (form.stores === 'first' && args.word('storedist')) {
    found.storesDistance = true
    return true
  }
  if (form.stores !== 'option' || args.left < 2) return false
  if (args.word('store')) found.storesDistance = false
  else if (args.word('storedist')) found.storesDistance = true
  else return false
  found.target = args.key()
  return true
}

/** Take one of the words that say where GEOSEARCH looks, and what belongs to it. */
function takeArea(args: Args, set: ZsetView | null, found: Search): boolean {
  const fromPlace = found.hasCenter && !found.fromMember
  const byRadius = found.hasExtent && !found.byBox
  if (args.left > 1 && !fromPlace && args.word('frommember')) {
    const member = args.bytes()
    if (set !== null && !placeOf(set, member, found.center)) throw GEO_ERR.noMember
    found.hasCenter = found.fromMember = true
  } else if (args.left > 2 && !found.fromMember && args.word('fromlonlat')) {
    takePlace(args, found.center)
    found.hasCenter = true
  } else if (args.left > 2 && !found.byBox && args.word('byradius')) {
    takeRadius(args, found.extent)
    found.hasExtent = true
  } else if (args.left > 3 && !byRadius && args.word('bybox')) {
    takeBox(args, found.extent)
    found.hasExtent = found.byBox = true
  } else return false
  return true
}

function check(args: Args, form: Form, found: Search): void {
  if (found.target !== null && (found.withDistance || found.withHash || found.withPlace)) {
    const command = form.stores === 'first' ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS'
    throw replyError(`ERR ${command} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`)
  }
  if (form.from === 'options') {
    const command = args.at(0).text()
    if (!found.hasCenter)
      throw replyError(`ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${command}`)
    if (!found.hasExtent) throw replyError(`ERR exactly one of BYRADIUS and BYBOX can be specified for ${command}`)
  }
  if (found.stopsEarly && found.count === 0) throw ANY_ALONE
}

// ------------------------------------------------------------------ searching

/** Members looked at before the number of hits is checked again. */
const STRIDE = 64

/** The members within the area; with ANY, no more than are wanted. */
function hitsIn(set: ZsetView, { center, extent, stopsEarly, count }: Search): Hit[] {
  const { unit } = extent
  const area: Area = {
    longitude: center.longitude,
    latitude: center.latitude,
    radius: extent.radius * unit,
    width: extent.width * unit,
    height: extent.height * unit,
  }
  const cover = new Cover()
  coverArea(area, cover)
  const hits: Hit[] = []
  const place: Place = { longitude: 0, latitude: 0 }
  let metres = 0
  const isWithin = (score: number): boolean => {
    decodePlace(score, place)
    metres = distanceWithin(area, place.longitude, place.latitude)
    return metres >= 0
  }
  const visit = (member: Range, score: number): void => {
    hits.push({ member: new Range(member.buf, member.start, member.end), score, metres })
  }
  for (let i = 0; i < cover.count; i++) {
    const from = set.countBelow(cover.from[i]!, false)
    const to = set.countBelow(cover.to[i]!, false)
    if (!stopsEarly) set.eachWanted(from, to, isWithin, visit)
    else
      for (let at = from; at < to && hits.length < count; at += STRIDE)
        set.eachWanted(at, Math.min(to, at + STRIDE), isWithin, visit)
  }
  if (stopsEarly && hits.length > count) hits.length = count
  return hits
}

function replyHits({ reply }: Context, found: Search, hits: readonly Hit[]): void {
  const details = Number(found.withDistance) + Number(found.withHash) + Number(found.withPlace)
  const place: Place = { longitude: 0, latitude: 0 }
  reply.array(hits.length)
  for (const { member, score, metres } of hits) {
    if (details > 0) reply.array(details + 1)
    reply.bulk(member)
    if (found.withDistance) replyDistance(reply, metres / found.extent.unit)
    if (found.withHash) reply.integer(Math.trunc(score))
    if (!found.withPlace) continue
    decodePlace(score, place)
    replyPlace(reply, place)
  }
}

/** Let the target hold the hits, or nothing when there are none. */
function storeHits({ db, reply }: Context, found: Search, hits: readonly Hit[], form: Form): void {
  const target = found.target!
  // The target may be what was searched.
  const members = hits.map(({ member }) => Range.of(member.copy()))
  const taken = db.find(target)
  if (taken !== 0) db.remove(taken)
  if (hits.length > 0) {
    const set = db.create(target, zsetType)
    for (let i = 0; i < hits.length; i++) {
      const { score, metres } = hits[i]!
      set.put(members[i]!, found.storesDistance ? metres / found.extent.unit : score)
    }
    db.changed(target, hits.length)
    db.notify(EVENT.zset, form.from === 'options' ? 'geosearchstore' : 'georadiusstore', target)
  } else if (taken !== 0) {
    db.changed(target)
    db.notify(EVENT.generic, 'del', target)
  }
  reply.integer(hits.length)
}
