/* Shape -- a point or a polygon, flat or on the sphere, in coordinates that make both the same.
 *
 * A corner is a vector of three numbers:
 *
 *      flat        (x, y, 1)                     an edge is a straight line
 *      spherical   (cos φ cos λ, cos φ sin λ, sin φ)   of longitude λ, latitude φ; an edge is part of a great circle
 *
 * Either way an edge from a to b lies in the plane through a, b and the origin, and the sign of the determinant |a b p|
 * says on which side of it p lies. So one set of functions answers for both. They cannot be exact in floating point:
 * a determinant that is nothing but rounding counts as zero.
 *
 * A ring is closed, its last corner being its first, and runs counterclockwise. A spherical ring is smaller than a
 * hemisphere: of the two parts that it cuts the sphere into, its inside is the smaller one.
 *
 *   sideOf O(1)   locate O(corners) */

import type { Wkt } from './wkt.ts'

/** Numbers of a corner. */
export const WIDE = 3
/** Where a point lies. */
export const PLACE = { outside: -1, edge: 0, inside: 1 } as const
export type Place = (typeof PLACE)[keyof typeof PLACE]

export interface Shape {
  readonly kind: 'point' | 'polygon'
  readonly spherical: boolean
  /** A point is one ring of one corner; of a polygon the outer ring comes first. */
  readonly rings: readonly Float64Array[]
  /** Least and greatest of each coordinate, in turn. */
  readonly box: Float64Array
}

/** Make a shape of what was written; or why it is none. */
export function makeShape(wkt: Wkt, spherical: boolean): Shape | string {
  const rings: Float64Array[] = []
  for (const pairs of wkt.rings) {
    if (spherical && !isOnEarth(pairs)) return 'A longitude or latitude is out of range'
    rings.push(withoutRepetition(corners(pairs, spherical)))
  }
  if (wkt.kind === 'polygon') {
    const reason = fault(rings, spherical)
    if (reason !== null) return reason
    for (const ring of rings) if (turning(ring, spherical) < 0) reverse(ring)
  }
  return shapeOf(wkt.kind, spherical, rings)
}

/** A shape of rings that are known to be good. */
export function shapeOf(kind: Shape['kind'], spherical: boolean, rings: readonly Float64Array[]): Shape {
  const shape = { kind, spherical, rings, box: boxOf(rings) }
  if (spherical && kind === 'polygon') coverPoles(shape)
  return shape
}

function isOnEarth(pairs: Float64Array): boolean {
  for (let i = 0; i < pairs.length; i += 2) if (Math.abs(pairs[i]!) > 180 || Math.abs(pairs[i + 1]!) > 90) return false
  return true
}

/** Pairs of coordinates as corners. */
export function corners(pairs: Float64Array, spherical: boolean): Float64Array {
  const ring = new Float64Array((pairs.length / 2) * WIDE)
  for (let i = 0, at = 0; i < pairs.length; i += 2, at += WIDE) {
    const x = pairs[i]!
    const y = pairs[i + 1]!
    const longitude = (x * Math.PI) / 180
    const latitude = (y * Math.PI) / 180
    ring[at] = spherical ? Math.cos(latitude) * Math.cos(longitude) : x
    ring[at + 1] = spherical ? Math.cos(latitude) * Math.sin(longitude) : y
    ring[at + 2] = spherical ? Math.sin(latitude) : 1
  }
  return ring
}

// ------------------------------------------------------------------ rings

/** A ring without the corners that are the same as the one before. */
function withoutRepetition(ring: Float64Array): Float64Array {
  let end = WIDE
  for (let at = WIDE; at < ring.length; at += WIDE) {
    if (ring[at] === ring[end - 3] && ring[at + 1] === ring[end - 2] && ring[at + 2] === ring[end - 1]) continue
    ring.copyWithin(end, at, at + WIDE)
    end += WIDE
  }
  return ring.subarray(0, end)
}

/** What is wrong with the rings of a polygon, or null. */
function fault(rings: readonly Float64Array[], spherical: boolean): string | null {
  for (const ring of rings) {
    const last = ring.length - WIDE
    if (ring.length < 4 * WIDE) return 'A ring has too few points'
    if (ring[0] !== ring[last] || ring[1] !== ring[last + 1] || ring[2] !== ring[last + 2])
      return 'A ring is not closed'
    if (spherical && !fitsHemisphere(ring)) return 'A ring is larger than a hemisphere'
    if (turning(ring, spherical) === 0) return 'A ring has no area'
    if (hasSpike(ring) || crossesItself(ring)) return 'A ring crosses itself'
  }
  return null
}

function fitsHemisphere(ring: Float64Array): boolean {
  const middle = middleOf(ring)
  for (let at = 0; at < ring.length; at += WIDE)
    if (!(ring[at]! * middle[0]! + ring[at + 1]! * middle[1]! + ring[at + 2]! * middle[2]! > 0)) return false
  return true
}

/** The sum of the corners: on the sphere it points to their middle. */
function middleOf(ring: Float64Array): readonly [number, number, number] {
  let x = 0
  let y = 0
  let z = 0
  for (let at = WIDE; at < ring.length; at += WIDE) {
    x += ring[at]!
    y += ring[at + 1]!
    z += ring[at + 2]!
  }
  return [x, y, z]
}

/** Above zero for a counterclockwise ring, below for a clockwise one, zero for one without an area. */
function turning(ring: Float64Array, spherical: boolean): number {
  const middle: readonly number[] = spherical ? middleOf(ring) : [0, 0, 1]
  const first = spherical ? NO_CORNER : ring
  let sum = 0
  let size = 0
  for (let at = 0; at + WIDE < ring.length; at += WIDE) {
    // The area of a flat ring is taken from its first corner: far from the origin little would be left of it otherwise.
    const ax = ring[at]! - first[0]!
    const ay = ring[at + 1]! - first[1]!
    const bx = ring[at + WIDE]! - first[0]!
    const by = ring[at + WIDE + 1]! - first[1]!
    const az = ring[at + 2]!
    const bz = ring[at + WIDE + 2]!
    const part =
      (ay * bz - az * by) * (spherical ? middle[0]! : 0) +
      (az * bx - ax * bz) * (spherical ? middle[1]! : 0) +
      (ax * by - ay * bx) * middle[2]!
    sum += part
    size += Math.abs(part)
  }
  return Math.abs(sum) <= size * EPSILON ? 0 : sum
}

const NO_CORNER = [0, 0, 0] as const

function reverse(ring: Float64Array): void {
  for (let low = 0, high = ring.length - WIDE; low < high; low += WIDE, high -= WIDE)
    for (let i = 0; i < WIDE; i++) {
      const kept = ring[low + i]!
      ring[low + i] = ring[high + i]!
      ring[high + i] = kept
    }
}

/** Whether a ring goes back along the edge on which it came. */
function hasSpike(ring: Float64Array): boolean {
  const size = ring.length - WIDE
  for (let at = 0; at < size; at += WIDE) {
    const before = (at + size - WIDE) % size
    const after = at + WIDE
    if (sideOf(ring, before, ring, after, ring, at) !== 0) continue
    if (!isBetween(ring, before, ring, after, ring, at)) return true
  }
  return false
}

/** Whether edges of a ring meet that are not neighbours. Edges are taken from left to right, so that few are compared. */
function crossesItself(ring: Float64Array): boolean {
  const edges = ring.length / WIDE - 1
  const left = new Float64Array(edges)
  const right = new Float64Array(edges)
  for (let edge = 0; edge < edges; edge++) {
    const [x, y] = [ring[edge * WIDE]!, ring[edge * WIDE + WIDE]!]
    const bulge = bulgeOf(ring, edge * WIDE)
    left[edge] = Math.min(x, y) - bulge
    right[edge] = Math.max(x, y) + bulge
  }
  const order = Int32Array.from({ length: edges }, (_, edge) => edge).sort((a, b) => left[a]! - left[b]!)
  for (let i = 0; i < edges; i++)
    for (let j = i + 1; j < edges && left[order[j]!]! <= right[order[i]!]!; j++) {
      const gap = Math.abs(order[i]! - order[j]!)
      if (gap === 1 || gap === edges - 1) continue
      if (edgesMeet(ring, order[i]! * WIDE, ring, order[j]! * WIDE)) return true
    }
  return false
}

/** No point of an edge is farther from its chord: the height of an arc, nothing for a straight line. */
export function bulgeOf(ring: Float64Array, at: number): number {
  if (ring[at + 2] === 1 && ring[at + 5] === 1) return 0
  const dot = ring[at]! * ring[at + 3]! + ring[at + 1]! * ring[at + 4]! + ring[at + 2]! * ring[at + 5]!
  return 1 - Math.sqrt(Math.max(0, (1 + dot) / 2))
}

// ------------------------------------------------------------------ boxes

function boxOf(rings: readonly Float64Array[]): Float64Array {
  const box = Float64Array.of(Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity)
  for (const ring of rings)
    for (let at = 0; at < ring.length; at += WIDE)
      for (let i = 0; i < WIDE; i++) {
        box[i] = Math.min(box[i]!, ring[at + i]!)
        box[WIDE + i] = Math.max(box[WIDE + i]!, ring[at + i]!)
      }
  return box
}

/** Make room for what lies beyond the corners of a spherical polygon: the bulges of its arcs, and poles inside it. */
function coverPoles(shape: Shape): void {
  const { box } = shape
  for (const ring of shape.rings)
    for (let at = 0; at + WIDE < ring.length; at += WIDE) {
      const bulge = bulgeOf(ring, at)
      for (let i = 0; i < WIDE; i++) {
        box[i] = Math.min(box[i]!, Math.min(ring[at + i]!, ring[at + 3 + i]!) - bulge)
        box[WIDE + i] = Math.max(box[WIDE + i]!, Math.max(ring[at + i]!, ring[at + 3 + i]!) + bulge)
      }
    }
  for (let i = 0; i < WIDE; i++)
    for (const sign of [-1, 1]) {
      const pole = new Float64Array(WIDE)
      pole[i] = sign
      if (locate(shape, pole, 0) === PLACE.outside) continue
      if (sign < 0) box[i] = -1
      else box[WIDE + i] = 1
    }
}

/** Whether two boxes have a point in common. */
export function boxesMeet(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < WIDE; i++) if (a[i]! > b[WIDE + i]! || b[i]! > a[WIDE + i]!) return false
  return true
}

// ------------------------------------------------------------------ points and edges

/** What counts as rounding, relative to the sizes that were added. */
const EPSILON = 1e-14

/** On which side of the edge from a to b the point p lies: above zero to the left, below to the right, zero on its line. */
export function sideOf(a: Float64Array, i: number, b: Float64Array, j: number, p: Float64Array, k: number): number {
  // Taken from p, so that the numbers are as small as the distances: a determinant does not change by that.
  const ax = a[i]! - p[k]!
  const ay = a[i + 1]! - p[k + 1]!
  const az = a[i + 2]! - p[k + 2]!
  const bx = b[j]! - p[k]!
  const by = b[j + 1]! - p[k + 1]!
  const bz = b[j + 2]! - p[k + 2]!
  const x = p[k]!
  const y = p[k + 1]!
  const z = p[k + 2]!
  const first = ax * by * z + ay * bz * x + az * bx * y
  const second = ay * bx * z + az * by * x + ax * bz * y
  const size =
    Math.abs(ax * by * z) +
    Math.abs(ay * bz * x) +
    Math.abs(az * bx * y) +
    Math.abs(ay * bx * z) +
    Math.abs(az * by * x)
  const side = first - second
  return Math.abs(side) <= (size + Math.abs(ax * bz * y)) * EPSILON ? 0 : side
}

/** Whether a point that is on the line of an edge is on the edge. */
function isBetween(a: Float64Array, i: number, b: Float64Array, j: number, p: Float64Array, k: number): boolean {
  const x = (a[i]! - p[k]!) * (b[j]! - p[k]!)
  const y = (a[i + 1]! - p[k + 1]!) * (b[j + 1]! - p[k + 1]!)
  const z = (a[i + 2]! - p[k + 2]!) * (b[j + 2]! - p[k + 2]!)
  return x + y + z <= 0
}

/** Whether a point is on the edge that begins at a[i]. */
export function isOnEdge(a: Float64Array, i: number, p: Float64Array, k: number): boolean {
  return isBetween(a, i, a, i + WIDE, p, k) && sideOf(a, i, a, i + WIDE, p, k) === 0
}

/** Whether the edges that begin at a[i] and at c[j] have a point in common. */
export function edgesMeet(a: Float64Array, i: number, c: Float64Array, j: number): boolean {
  const toC = sideOf(a, i, a, i + WIDE, c, j)
  const toD = sideOf(a, i, a, i + WIDE, c, j + WIDE)
  if (toC * toD > 0) return false
  const toA = sideOf(c, j, c, j + WIDE, a, i)
  const toB = sideOf(c, j, c, j + WIDE, a, i + WIDE)
  if (toA * toB > 0) return false
  // On the sphere the lines also cross at the far side: there the sides are the other way round.
  if (toC * toD < 0 && toA * toB < 0) return toC * toA < 0
  if (toC === 0 && isBetween(a, i, a, i + WIDE, c, j)) return true
  if (toD === 0 && isBetween(a, i, a, i + WIDE, c, j + WIDE)) return true
  if (toA === 0 && isBetween(c, j, c, j + WIDE, a, i)) return true
  return toB === 0 && isBetween(c, j, c, j + WIDE, a, i + WIDE)
}

/** Where a point lies in a polygon. */
export function locate(shape: Shape, p: Float64Array, k: number): Place {
  for (let n = 0; n < shape.rings.length; n++) {
    const place = locateInRing(shape.rings[n]!, p, k, shape.spherical)
    if (place === PLACE.edge) return PLACE.edge
    if (n === 0 ? place === PLACE.outside : place === PLACE.inside) return PLACE.outside
  }
  return PLACE.inside
}

/** The ring turns once around what is inside it: the angles under which its edges are seen from there add up to a turn. */
export function locateInRing(ring: Float64Array, p: Float64Array, k: number, spherical: boolean): Place {
  let turn = 0
  for (let at = 0; at + WIDE < ring.length; at += WIDE) {
    const side = sideOf(ring, at, ring, at + WIDE, p, k)
    if (side === 0 && isBetween(ring, at, ring, at + WIDE, p, k)) return PLACE.edge
    turn += Math.atan2(side, spherical ? cosineFrom(ring, at, p, k) : cosine(ring, at, p, k))
  }
  return turn > Math.PI ? PLACE.inside : PLACE.outside
}

function cosine(ring: Float64Array, at: number, p: Float64Array, k: number): number {
  const x = p[k]!
  const y = p[k + 1]!
  return (ring[at]! - x) * (ring[at + 3]! - x) + (ring[at + 1]! - y) * (ring[at + 4]! - y)
}

/** The same on the sphere: between the directions to both ends. */
function cosineFrom(ring: Float64Array, at: number, p: Float64Array, k: number): number {
  const x = p[k]!
  const y = p[k + 1]!
  const z = p[k + 2]!
  const ends = ring[at]! * ring[at + 3]! + ring[at + 1]! * ring[at + 4]! + ring[at + 2]! * ring[at + 5]!
  const a = ring[at]! * x + ring[at + 1]! * y + ring[at + 2]! * z
  const b = ring[at + 3]! * x + ring[at + 4]! * y + ring[at + 5]! * z
  return ends - a * b
}
