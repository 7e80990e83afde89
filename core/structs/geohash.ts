/* Geohash -- places on the earth as scores of a sorted set, so that what is near has scores near each other.
 *
 * Longitude and latitude are halved 26 times each; the answers, interleaved, are a 52-bit cell number, which a double holds
 * exactly. A cell of fewer halvings is a prefix, and all its places form one range of scores:
 *
 *     lon  1 0 0 ...            east or west half, then quarter ...
 *     lat   1 1 0 ...           north or south
 *          110100 ...           the cell; at the full depth about 0.6 m wide
 *
 * To search an area, choose a depth at which a cell is at least as wide as the area, so that the centre's cell and its eight
 * neighbours cover it, and read those at most nine ranges:
 *
 *     +----+----+----+
 *     | NW | N  | NE |       cells that the area's bounding box does not reach are left out;
 *     +----+--*-+----+       what is in the ranges still has to be measured
 *     | W  | C  |  E |
 *     +----+----+----+
 *     | SW | S  | SE |
 *     +----+----+----+
 *
 * Numbers, their order of evaluation and the corners are those of Redis, since scores and positions show on the wire: a
 * place on the upper edge (longitude 180) gets a cell number one past the last, and its eastern neighbours are not found.
 *
 *   encode, decode O(1)    cover O(1)    distance: haversine on a sphere of Redis's radius
 *
 * A cell is kept as its two indexes, not interleaved, until its scores are wanted. */

/** The limits of a place; the latitudes are those of a square map (EPSG:3857). */
export const LONGITUDE_MAX = 180
export const LATITUDE_MAX = 85.05112878

const STEPS = 26
const SIDE = 1 << STEPS
const EARTH_RADIUS = 6372797.560856
/** Half of the equator on that map, in metres. */
const MERCATOR_MAX = 20037726.37
const RADIANS = Math.PI / 180

/** Whether a place may be stored: not beyond the limits, not NaN. */
export function isPlace(longitude: number, latitude: number): boolean {
  return (
    longitude >= -LONGITUDE_MAX && longitude <= LONGITUDE_MAX && latitude >= -LATITUDE_MAX && latitude <= LATITUDE_MAX
  )
}

/** The score of a place within the limits. */
export function encodePlace(longitude: number, latitude: number): number {
  return interleave(cellIndex(longitude, LONGITUDE_MAX, SIDE), cellIndex(latitude, LATITUDE_MAX, SIDE))
}

/** Which of `side` equal parts of [-max, max] holds the coordinate. */
function cellIndex(coordinate: number, max: number, side: number): number {
  return Math.trunc(((coordinate + max) / (max + max)) * side)
}

/** Latitude in the even bits, longitude in the odd ones. */
function interleave(x: number, y: number): number {
  const low = spread(y & 0x1fff) | (spread(x & 0x1fff) << 1)
  const high = spread(y >>> 13) | (spread(x >>> 13) << 1)
  return high * SIDE + low
}

/** Put a zero before each of 16 bits. */
function spread(word: number): number {
  word = (word | (word << 8)) & 0x00ff00ff
  word = (word | (word << 4)) & 0x0f0f0f0f
  word = (word | (word << 2)) & 0x33333333
  return (word | (word << 1)) & 0x55555555
}

/** Keep every second bit of a word: the inverse of spread. */
function compact(word: number): number {
  word &= 0x55555555
  word = (word | (word >>> 1)) & 0x33333333
  word = (word | (word >>> 2)) & 0x0f0f0f0f
  word = (word | (word >>> 4)) & 0x00ff00ff
  return (word | (word >>> 8)) & 0xffff
}

/** A place; filled in by decodePlace. */
export interface Place {
  longitude: number
  latitude: number
}

/** The middle of the cell that a score names. A score that is no cell number is taken for the nearest limits. */
export function decodePlace(score: number, out: Place): void {
  // Scores set by ZADD may be anything; these are the 64-bit words that a processor makes of them.
  const bits =
    score < -(2 ** 63) ? 2 ** 63 : score < 0 ? Math.min(score + 2 ** 64, 2 ** 64 - 2048) : score < 2 ** 64 ? score : 0
  const whole = Math.floor(bits)
  const upper = Math.floor(whole / SIDE)
  const low = whole - upper * SIDE
  const top = Math.floor(upper / SIDE)
  const middle = upper - top * SIDE
  const x = compact(low >>> 1) + compact(middle >>> 1) * 8192 + compact(top >>> 1) * SIDE
  const y = compact(low) + compact(middle) * 8192 + compact(top) * SIDE
  out.longitude = middleOf(x, LONGITUDE_MAX)
  out.latitude = middleOf(y, LATITUDE_MAX)
}

function middleOf(index: number, max: number): number {
  const middle = (edgeOf(index, max, SIDE) + edgeOf(index + 1, max, SIDE)) / 2
  return Math.max(-max, Math.min(max, middle))
}

/** The lower edge of one of `side` equal parts of [-max, max]. */
function edgeOf(index: number, max: number, side: number): number {
  return -max + (index / side) * (max + max)
}

const ALPHABET = '0123456789bcdefghjkmnpqrstuvwxyz'

/**
 * The standard geohash of a place, 11 characters, the last always 0 since 52 bits fill ten. It counts latitudes to 90 where
 * scores end at 85, so the cell is found anew.
 */
export function geohashText(place: Place): string {
  const bits = interleave(cellIndex(place.longitude, LONGITUDE_MAX, SIDE), cellIndex(place.latitude, 90, SIDE))
  let text = ''
  for (let i = 1; i <= 10; i++) text += ALPHABET[Math.floor(bits / 2 ** (52 - i * 5)) % 32]
  return text + '0'
}

/** The distance of two places in metres. */
export function distance(longitude1: number, latitude1: number, longitude2: number, latitude2: number): number {
  const v = Math.sin((longitude2 * RADIANS - longitude1 * RADIANS) / 2)
  if (v === 0) return latitudeDistance(latitude1, latitude2)
  const radians1 = latitude1 * RADIANS
  const radians2 = latitude2 * RADIANS
  const u = Math.sin((radians2 - radians1) / 2)
  const a = u * u + Math.cos(radians1) * Math.cos(radians2) * v * v
  return 2 * EARTH_RADIUS * Math.asin(Math.sqrt(a))
}

function latitudeDistance(latitude1: number, latitude2: number): number {
  return EARTH_RADIUS * Math.abs(latitude2 * RADIANS - latitude1 * RADIANS)
}

/** What is searched: a circle or a box around a place, lengths in metres. */
export interface Area {
  longitude: number
  latitude: number
  /** Of a circle; negative for a box. */
  radius: number
  width: number
  height: number
}

/** The distance in metres of a place from the area's centre, or -1 when it is not in the area. */
export function distanceWithin(area: Area, longitude: number, latitude: number): number {
  if (area.radius >= 0) {
    if (isPlainlyOutside(area, longitude, latitude)) return -1
    const metres = distance(area.longitude, area.latitude, longitude, latitude)
    return metres > area.radius ? -1 : metres
  }
  if (latitudeDistance(latitude, area.latitude) > area.height / 2) return -1
  if (distance(longitude, latitude, area.longitude, latitude) > area.width / 2) return -1
  return distance(area.longitude, area.latitude, longitude, latitude)
}

/** What rounding may do to a distance, and more. */
const MARGIN = 1 + 1e-9

/**
 * Whether a place is outside a circle, as far as a lower bound of its distance tells, at the price of one cosine: the
 * difference of latitudes alone, or the haversine with sin x replaced by x - x^3/6.
 */
function isPlainlyOutside(area: Area, longitude: number, latitude: number): boolean {
  if (latitudeDistance(latitude, area.latitude) > area.radius * MARGIN) return true
  const half = Math.abs(longitude - area.longitude) * (RADIANS / 2)
  const reach = area.radius / (2 * EARTH_RADIUS)
  if (half > 1 || reach > 1) return false
  const sine = half - (half * half * half) / 6
  return Math.cos(latitude * RADIANS) * Math.cos(area.latitude * RADIANS) * sine * sine > reach * reach * MARGIN
}

/** Up to nine ranges of scores, [from, to), in the order in which Redis reads them. */
export class Cover {
  count = 0
  readonly from: Float64Array = new Float64Array(9)
  readonly to: Float64Array = new Float64Array(9)
}

/** Eastward and northward steps of the cells, centre first: C N S E W NE NW SE SW. */
const EAST = [0, 0, 0, 1, -1, 1, -1, 1, -1]
const NORTH = [0, 1, -1, 0, 0, 1, 1, -1, -1]

/** The ranges of scores that hold every place of the area (and others), into `out`. */
export function coverArea(area: Area, out: Cover): void {
  const { longitude, latitude } = area
  const halfHeight = area.radius >= 0 ? area.radius : area.height / 2
  const halfWidth = area.radius >= 0 ? area.radius : area.width / 2
  const latitudeDelta = halfHeight / EARTH_RADIUS / RADIANS
  // Meridians converge towards the poles, so the side of the box that is nearer to one spans more degrees.
  const polewards = latitude < 0 ? latitude - latitudeDelta : latitude + latitudeDelta
  const longitudeDelta = halfWidth / EARTH_RADIUS / Math.cos(polewards * RADIANS) / RADIANS
  const west = longitude - longitudeDelta
  const east = longitude + longitudeDelta
  const south = latitude - latitudeDelta
  const north = latitude + latitudeDelta

  const reach = area.radius >= 0 ? area.radius : Math.sqrt(halfWidth * halfWidth + halfHeight * halfHeight)
  let steps = stepsFor(reach, latitude)
  let side = 1 << steps
  let x = cellIndex(longitude, LONGITUDE_MAX, side)
  let y = cellIndex(latitude, LATITUDE_MAX, side)
  if (steps > 1 && !neighboursReach(x, y, side, west, east, south, north)) {
    steps--
    side = 1 << steps
    x = cellIndex(longitude, LONGITUDE_MAX, side)
    y = cellIndex(latitude, LATITUDE_MAX, side)
  }
  // Where the centre's cell sticks out of the box, the neighbours on that side hold nothing of the area.
  const prune = steps >= 2
  const skipSouth = prune && edgeOf(y, LATITUDE_MAX, side) < south
  const skipNorth = prune && edgeOf(y + 1, LATITUDE_MAX, side) > north
  const skipWest = prune && edgeOf(x, LONGITUDE_MAX, side) < west
  const skipEast = prune && edgeOf(x + 1, LONGITUDE_MAX, side) > east
  const width = 2 ** (52 - 2 * steps)
  let last = -1
  out.count = 0
  for (let i = 0; i < 9; i++) {
    const dx = EAST[i]!
    const dy = NORTH[i]!
    if ((dx > 0 && skipEast) || (dx < 0 && skipWest) || (dy > 0 && skipNorth) || (dy < 0 && skipSouth)) continue
    const cell = interleave(move(x, dx, side), move(y, dy, side))
    // In a world of one or two cells a side, neighbours coincide.
    if (cell === last) continue
    last = cell
    out.from[out.count] = cell * width
    out.to[out.count++] = (cell + 1) * width
  }
}

/** The index next to another, around the globe. An index past the last one is brought back only when it moves. */
function move(index: number, by: number, side: number): number {
  return by === 0 ? index : (index + by) & (side - 1)
}

/** Whether the four neighbours of a cell reach as far as the bounding box. */
function neighboursReach(
  x: number,
  y: number,
  side: number,
  west: number,
  east: number,
  south: number,
  north: number,
): boolean {
  return (
    edgeOf(move(y, 1, side) + 1, LATITUDE_MAX, side) >= north &&
    edgeOf(move(y, -1, side), LATITUDE_MAX, side) <= south &&
    edgeOf(move(x, 1, side) + 1, LONGITUDE_MAX, side) >= east &&
    edgeOf(move(x, -1, side), LONGITUDE_MAX, side) <= west
  )
}

/** At how many halvings a cell is still wider than the reach. */
function stepsFor(metres: number, latitude: number): number {
  if (metres === 0) return STEPS
  let steps = 1
  for (; metres < MERCATOR_MAX; metres *= 2) steps++
  steps -= 2
  // Towards the poles a degree of longitude is short, so cells must be larger.
  if (latitude > 66 || latitude < -66) steps--
  if (latitude > 80 || latitude < -80) steps--
  return Math.min(Math.max(steps, 1), STEPS)
}
