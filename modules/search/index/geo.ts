/* Points on the globe -- as one number each, so that an ordered list of numbers can find what is near.
 *
 * Longitude and latitude are cut into 2^26 steps each and their bits interleaved, as Redis does it for its geo commands
 * (latitude between ±85.05112878, the square of web maps). Places that are near tend to have near numbers: the number's
 * leading bits name a cell of a quadrisected map.
 *
 *      +----+----+          a circle is covered by the cells that its bounding box touches, from the whole map down to
 *      | 01 | 11 |          cells about as large as its radius; neighbours in number are joined:
 *      +----+----+
 *      | 00 | 10 |               [0b0010 .. 0b0100)  [0b0110 .. 0b0111)  ...
 *      +----+----+
 *
 * A box that crosses the date line is two boxes. What the ranges find is then measured (haversine on Redis's sphere). */

const LATITUDE_MAX = 85.05112878
const LONGITUDE_MAX = 180
const STEPS = 2 ** 26
/** Metres. */
const EARTH_RADIUS = 6372797.560856
const RADIANS = Math.PI / 180

/** Metres in each unit that a query may name. */
export const UNIT_METRES: Readonly<Record<string, number>> = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 }

/** Bits of a 13-bit number spread out to every second place. */
const SPREAD = spreadTable()

function spreadTable(): Int32Array {
  const table = new Int32Array(1 << 13)
  for (let n = 0; n < table.length; n++) for (let bit = 0; bit < 13; bit++) table[n]! |= ((n >>> bit) & 1) << (bit * 2)
  return table
}

/** Whether a point has a number. */
export function isPoint(longitude: number, latitude: number): boolean {
  return Math.abs(longitude) <= LONGITUDE_MAX && Math.abs(latitude) <= LATITUDE_MAX
}

/** The number of a point: 52 bits. */
export function encodePoint(longitude: number, latitude: number): number {
  const x = Math.min(STEPS - 1, Math.floor(((longitude + LONGITUDE_MAX) / (2 * LONGITUDE_MAX)) * STEPS))
  const y = Math.min(STEPS - 1, Math.floor(((latitude + LATITUDE_MAX) / (2 * LATITUDE_MAX)) * STEPS))
  const high = (SPREAD[x >>> 13]! << 1) | SPREAD[y >>> 13]!
  const low = (SPREAD[x & 8191]! << 1) | SPREAD[y & 8191]!
  return high * 2 ** 26 + low
}

/** Every second bit of a 26-bit number. */
function gather(n: number): number {
  n &= 0x1555555
  n = (n | (n >>> 1)) & 0x3333333
  n = (n | (n >>> 2)) & 0xf0f0f0f
  n = (n | (n >>> 4)) & 0xff00ff
  return (n | (n >>> 8)) & 0xffff
}

/** The longitude of a number: the middle of its cell. */
export function longitudeOf(point: number): number {
  const high = Math.floor(point / 2 ** 26)
  const low = point % 2 ** 26
  const x = gather(high >>> 1) * 8192 + gather(low >>> 1)
  return ((x + 0.5) / STEPS) * 2 * LONGITUDE_MAX - LONGITUDE_MAX
}

/** The latitude of a number. */
export function latitudeOf(point: number): number {
  const high = Math.floor(point / 2 ** 26)
  const low = point % 2 ** 26
  const y = gather(high) * 8192 + gather(low)
  return ((y + 0.5) / STEPS) * 2 * LATITUDE_MAX - LATITUDE_MAX
}

/** Metres between two points. */
export function distance(longitude1: number, latitude1: number, longitude2: number, latitude2: number): number {
  const y1 = latitude1 * RADIANS
  const y2 = latitude2 * RADIANS
  const u = Math.sin((y2 - y1) / 2)
  const v = Math.sin(((longitude2 - longitude1) * RADIANS) / 2)
  return 2 * EARTH_RADIUS * Math.asin(Math.min(1, Math.sqrt(u * u + Math.cos(y1) * Math.cos(y2) * v * v)))
}

/** A circle to look into. */
export interface Circle {
  readonly longitude: number
  readonly latitude: number
  readonly metres: number
}

/** Whether the point of a number lies in a circle. */
export function inCircle(circle: Circle, point: number): boolean {
  return distance(circle.longitude, circle.latitude, longitudeOf(point), latitudeOf(point)) <= circle.metres
}

/** Ranges of numbers, from `[2i]` to below `[2i+1]`, that hold every point of a circle. */
export function circleRanges(circle: Circle): number[] {
  const ranges: number[] = []
  const reach = circle.metres / EARTH_RADIUS / RADIANS
  const south = Math.max(-LATITUDE_MAX, circle.latitude - reach)
  const north = Math.min(LATITUDE_MAX, circle.latitude + reach)
  const width = longitudeReach(circle)
  const boxes: Box[] = []
  const west = circle.longitude - width
  const east = circle.longitude + width
  if (width >= LONGITUDE_MAX) boxes.push({ west: -LONGITUDE_MAX, east: LONGITUDE_MAX, south, north })
  else {
    boxes.push({ west: Math.max(west, -LONGITUDE_MAX), east: Math.min(east, LONGITUDE_MAX), south, north })
    if (west < -LONGITUDE_MAX) boxes.push({ west: west + 360, east: LONGITUDE_MAX, south, north })
    if (east > LONGITUDE_MAX) boxes.push({ west: -LONGITUDE_MAX, east: east - 360, south, north })
  }
  const depth = cellDepth(Math.max(reach, 1e-7))
  cover(
    { west: -LONGITUDE_MAX, east: LONGITUDE_MAX, south: -LATITUDE_MAX, north: LATITUDE_MAX },
    0,
    2 ** 52,
    depth,
    boxes,
    ranges,
  )
  return ranges
}

interface Box {
  readonly west: number
  readonly east: number
  readonly south: number
  readonly north: number
}

/** Degrees of longitude that a circle reaches to either side; 180 when it holds a pole. */
function longitudeReach(circle: Circle): number {
  const angle = circle.metres / EARTH_RADIUS
  if (angle >= Math.PI / 2) return LONGITUDE_MAX
  const sine = Math.sin(angle) / Math.cos(circle.latitude * RADIANS)
  const pole = Math.abs(circle.latitude) + angle / RADIANS >= 90
  return pole || !(sine < 1) ? LONGITUDE_MAX : Math.asin(sine) / RADIANS
}

/** Halvings after which a cell is about as high as a number of degrees. */
function cellDepth(degrees: number): number {
  return Math.max(1, Math.min(26, Math.ceil(Math.log2((2 * LATITUDE_MAX) / degrees))))
}

/** Add the parts of a cell that touch a box: `first` is the cell's least number, `size` how many it holds. */
function cover(cell: Box, first: number, size: number, depth: number, boxes: readonly Box[], out: number[]): void {
  if (!boxes.some(box => touches(box, cell))) return
  if (depth === 0 || boxes.some(box => holds(box, cell))) {
    if (out[out.length - 1] === first) out[out.length - 1] = first + size
    else out.push(first, first + size)
    return
  }
  const x = (cell.west + cell.east) / 2
  const y = (cell.south + cell.north) / 2
  const quarter = size / 4
  cover({ west: cell.west, east: x, south: cell.south, north: y }, first, quarter, depth - 1, boxes, out)
  cover({ west: cell.west, east: x, south: y, north: cell.north }, first + quarter, quarter, depth - 1, boxes, out)
  cover({ west: x, east: cell.east, south: cell.south, north: y }, first + quarter * 2, quarter, depth - 1, boxes, out)
  cover({ west: x, east: cell.east, south: y, north: cell.north }, first + quarter * 3, quarter, depth - 1, boxes, out)
}

function touches(box: Box, cell: Box): boolean {
  return box.west <= cell.east && box.east >= cell.west && box.south <= cell.north && box.north >= cell.south
}

function holds(box: Box, cell: Box): boolean {
  return box.west <= cell.west && box.east >= cell.east && box.south <= cell.south && box.north >= cell.north
}
