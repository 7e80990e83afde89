/* Geo commands: sorted sets whose scores are cells of the map (structs/geohash.ts). Searching has a file of its own. */

import { ERR } from '../../base/errors.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { cmd, type Command } from '../../command/spec.ts'
import { EVENT } from '../../keyspace/event.ts'
import { distance, encodePlace, geohashText, type Place } from '../../structs/geohash.ts'
import { PUT, type ZsetView, zsetType } from '../zset/value.ts'
import { placeOf, replyDistance, replyPlace, takePlace, takeUnit } from './place.ts'
import { georadius, georadiusbymember, georadiusbymemberRo, georadiusRo, geosearch, geosearchstore } from './search.ts'

const UNIT = '<M|KM|FT|MI>'
const WITH = '[WITHCOORD] [WITHDIST] [WITHHASH]'
const ORDER = '[<ASC|DESC>]'
const COUNT = '[COUNT count [ANY]]'
const STORE = '[<STORE key|STOREDIST key>]'
const FROM = '<FROMMEMBER member|FROMLONLAT longitude latitude>'
const BY = `<BYRADIUS radius ${UNIT}|BYBOX width height ${UNIT}>`

export const commands: readonly Command[] = [
  cmd(
    'GEOADD key [<NX|XX>] [CH] longitude latitude member [longitude latitude member ...]',
    'write denyoom',
    'RW update',
    geoadd,
  ),
  cmd(`GEODIST key member1 member2 [${UNIT}]`, 'read', 'RO access', geodist),
  cmd('GEOHASH key [member [member ...]]', 'read', 'RO access', geohash),
  cmd('GEOPOS key [member [member ...]]', 'read', 'RO access', geopos),
  cmd(
    `GEORADIUS key longitude latitude radius ${UNIT} ${WITH} ${COUNT} ${ORDER} ${STORE}`,
    'write denyoom',
    'RO access; OW update@STORE:6; OW update@STOREDIST:6',
    georadius,
  ),
  cmd(
    `GEORADIUSBYMEMBER key member radius ${UNIT} ${WITH} ${COUNT} ${ORDER} ${STORE}`,
    'write denyoom',
    'RO access; OW update@STORE:5; OW update@STOREDIST:5',
    georadiusbymember,
  ),
  cmd(
    `GEORADIUSBYMEMBER_RO key member radius ${UNIT} ${WITH} ${COUNT} ${ORDER}`,
    'read',
    'RO access',
    georadiusbymemberRo,
  ),
  cmd(`GEORADIUS_RO key longitude latitude radius ${UNIT} ${WITH} ${COUNT} ${ORDER}`, 'read', 'RO access', georadiusRo),
  cmd(`GEOSEARCH key ${FROM} ${BY} ${ORDER} ${COUNT} ${WITH}`, 'read', 'RO access', geosearch),
  cmd(
    `GEOSEARCHSTORE destination source ${FROM} ${BY} ${ORDER} ${COUNT} [STOREDIST]`,
    'write denyoom',
    'OW update; RO access',
    geosearchstore,
  ),
]

interface AddOptions {
  nx: boolean
  xx: boolean
  /** The reply counts members that moved, too. */
  changed: boolean
}

function takeAddOptions(args: Args): AddOptions {
  const found: AddOptions = { nx: false, xx: false, changed: false }
  while (args.left > 0) {
    if (args.word('nx')) found.nx = true
    else if (args.word('xx')) found.xx = true
    else if (args.word('ch')) found.changed = true
    else break
  }
  if (args.left === 0 || args.left % 3 !== 0 || (found.nx && found.xx)) throw ERR.syntax
  return found
}

/** Check all places before the first one is stored. */
function checkPlaces(args: Args, place: Place): void {
  const first = args.position
  while (args.left > 0) {
    takePlace(args, place)
    args.position++
  }
  args.position = first
}

function geoadd({ db, reply }: Context, args: Args): void {
  const key = args.key()
  const options = takeAddOptions(args)
  const place: Place = { longitude: 0, latitude: 0 }
  checkPlaces(args, place)
  const existing = db.open(key, zsetType)
  if (existing === null && options.xx) {
    reply.integer(0)
    return
  }
  const set = existing ?? db.create(key, zsetType)
  let added = 0
  let moved = 0
  while (args.left > 0) {
    takePlace(args, place)
    const member = args.bytes()
    const score = encodePlace(place.longitude, place.latitude)
    if ((options.nx || options.xx) && Number.isNaN(set.score(member)) !== options.nx) continue
    const outcome = set.put(member, score)
    if (outcome === PUT.added) added++
    else if (outcome === PUT.updated) moved++
  }
  if (added + moved > 0) {
    db.changed(key, added + moved)
    db.notify(EVENT.zset, 'zadd', key)
  }
  reply.integer(options.changed ? added + moved : added)
}

function geodist({ db, reply }: Context, args: Args): void {
  const key = args.key()
  const first = args.bytes()
  const second = args.bytes()
  const unit = args.left === 0 ? 1 : args.left === 1 ? takeUnit(args) : 0
  if (unit === 0) throw ERR.syntax
  const set = db.read(key, zsetType)
  const from: Place = { longitude: 0, latitude: 0 }
  const to: Place = { longitude: 0, latitude: 0 }
  if (set === null || !placeOf(set, first, from) || !placeOf(set, second, to)) reply.null()
  else replyDistance(reply, distance(from.longitude, from.latitude, to.longitude, to.latitude) / unit)
}

/** Reply for each member that is left among the arguments, with what `answer` writes or with what `none` does. */
function eachPlace(
  { db }: Context,
  args: Args,
  answer: (place: Place) => void,
  none: () => void,
  begin: (count: number) => void,
): void {
  const set: ZsetView | null = db.read(args.key(), zsetType)
  const place: Place = { longitude: 0, latitude: 0 }
  begin(args.left)
  while (args.left > 0) {
    const member = args.bytes()
    if (set !== null && placeOf(set, member, place)) answer(place)
    else none()
  }
}

function geohash(ctx: Context, args: Args): void {
  const { reply } = ctx
  eachPlace(
    ctx,
    args,
    place => reply.text(geohashText(place)),
    () => reply.null(),
    count => reply.array(count),
  )
}

function geopos(ctx: Context, args: Args): void {
  const { reply } = ctx
  eachPlace(
    ctx,
    args,
    place => replyPlace(reply, place),
    () => reply.nullArray(),
    count => reply.array(count),
  )
}
