/* Places and lengths on the wire: longitudes and latitudes, units, and how both are printed. */

import type { Range } from '../../base/bytes.ts'
import { ReplyError, replyError } from '../../base/errors.ts'
import { formatDecimals, writeFixed } from '../../base/numbers.ts'
import type { Args } from '../../command/args.ts'
import type { Reply } from '../../resp/reply.ts'
import { decodePlace, isPlace, type Place } from '../../structs/geohash.ts'
import type { ZsetView } from '../zset/value.ts'

export const GEO_ERR = {
  unit: new ReplyError('ERR unsupported unit provided. please use M, KM, FT, MI'),
  noMember: new ReplyError('ERR could not decode requested zset member'),
} as const

const NO_RADIUS = new ReplyError('ERR need numeric radius')
const NO_WIDTH = new ReplyError('ERR need numeric width')
const NO_HEIGHT = new ReplyError('ERR need numeric height')
const RADIUS_NEGATIVE = new ReplyError('ERR radius cannot be negative')
const SIDE_NEGATIVE = new ReplyError('ERR height or width cannot be negative')

const METRES: readonly (readonly [string, number])[] = [
  ['m', 1],
  ['km', 1000],
  ['ft', 0.3048],
  ['mi', 1609.34],
]

/** Take a unit of length, in metres. */
export function takeUnit(args: Args): number {
  for (const [name, metres] of METRES) if (args.word(name)) return metres
  throw GEO_ERR.unit
}

/** Take a longitude and a latitude within the limits. */
export function takePlace(args: Args, out: Place): void {
  out.longitude = args.double()
  out.latitude = args.double()
  if (!isPlace(out.longitude, out.latitude))
    throw replyError(`ERR invalid longitude,latitude pair ${sixDecimals(out.longitude)},${sixDecimals(out.latitude)}`)
}

function sixDecimals(degrees: number): string {
  if (!Number.isFinite(degrees)) return degrees < 0 ? '-inf' : 'inf'
  return Math.abs(degrees) < 1e21 ? degrees.toFixed(6) : `${BigInt(degrees)}.000000`
}

/** A size of what is searched, in the unit that it was given in. */
export interface Extent {
  radius: number
  width: number
  height: number
  /** Metres of the unit. */
  unit: number
}

/** Take a radius and its unit. */
export function takeRadius(args: Args, out: Extent): void {
  out.radius = args.double(NO_RADIUS)
  if (out.radius < 0) throw RADIUS_NEGATIVE
  out.unit = takeUnit(args)
}

/** Take the sides of a box and their unit. */
export function takeBox(args: Args, out: Extent): void {
  out.radius = -1
  out.width = args.double(NO_WIDTH)
  out.height = args.double(NO_HEIGHT)
  if (out.width < 0 || out.height < 0) throw SIDE_NEGATIVE
  out.unit = takeUnit(args)
}

/** The place of a member. False when there is no such member. */
export function placeOf(set: ZsetView, member: Range, out: Place): boolean {
  const score = set.score(member)
  if (Number.isNaN(score)) return false
  decodePlace(score, out)
  return true
}

/** Reply with a distance: four decimals, a bulk string in both protocols. */
export function replyDistance(reply: Reply, distance: number): void {
  reply.room(DISTANCE_BYTES_MAX * 2)
  const start = reply.at + DISTANCE_BYTES_MAX
  reply.bytes(reply.buf, start, writeFixed(reply.buf, start, distance, 4))
}

/** The earth is small: even in feet a distance has nine digits before the point. */
const DISTANCE_BYTES_MAX = 32

export function replyPlace(reply: Reply, place: Place): void {
  reply.array(2)
  reply.doubleText(formatDecimals(place.longitude))
  reply.doubleText(formatDecimals(place.latitude))
}
