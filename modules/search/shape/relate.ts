/* Relate -- whether a shape lies within another, or has a point in common with it.
 *
 * An edge of one polygon is cut wherever it meets the edges of the other. Each piece is then wholly inside, outside or
 * on the other's border, so its middle speaks for it:
 *
 *        +---------+
 *        |   A  .--|--.      the upper edge of B: one piece with its middle inside A, one with it outside:
 *        +------|--+  |      so B is not within A
 *               '-----'
 *
 *   O(edges of one times edges of the other), less where boxes are apart
 *
 * Words as in the OGC's Simple Features: a point on a border is not within. */

import { boxesMeet, edgesMeet, isOnEdge, locate, PLACE, type Shape, sideOf, WIDE } from './shape.ts'

/** Whether two shapes have a point in common, borders included. */
export function intersects(a: Shape, b: Shape): boolean {
  if (!boxesMeet(a.box, b.box)) return false
  if (a.kind === 'point') return b.kind === 'point' ? samePoint(a, b) : locate(b, a.rings[0]!, 0) !== PLACE.outside
  if (b.kind === 'point') return locate(a, b.rings[0]!, 0) !== PLACE.outside
  if (locate(a, b.rings[0]!, 0) !== PLACE.outside || locate(b, a.rings[0]!, 0) !== PLACE.outside) return true
  for (const ring of a.rings)
    for (const other of b.rings)
      for (let i = 0; i + WIDE < ring.length; i += WIDE)
        for (let j = 0; j + WIDE < other.length; j += WIDE) if (edgesMeet(ring, i, other, j)) return true
  return false
}

/** Whether `a` lies within `b`: no point of it outside, and not only on the border. */
export function within(a: Shape, b: Shape): boolean {
  if (!boxesMeet(a.box, b.box)) return false
  if (a.kind === 'point') {
    return b.kind === 'point' ? samePoint(a, b) : locate(b, a.rings[0]!, 0) === PLACE.inside
  }
  if (b.kind === 'point') return false
  for (const ring of a.rings) if (!everyPiece(ring, b, place => place !== PLACE.outside)) return false
  // What is left is a hole of b inside a.
  for (const hole of b.rings.slice(1)) if (!everyPiece(hole, a, place => place !== PLACE.inside)) return false
  return locate(b, insidePoint(a), 0) === PLACE.inside
}

function samePoint(a: Shape, b: Shape): boolean {
  const [p, q] = [a.rings[0]!, b.rings[0]!]
  return p[0] === q[0] && p[1] === q[1] && p[2] === q[2]
}

/** Cut the edges of a ring at a polygon's border, and ask where the middles of the pieces lie. */
function everyPiece(ring: Float64Array, polygon: Shape, holds: (place: number) => boolean): boolean {
  const cuts: number[] = []
  const middle = new Float64Array(WIDE)
  for (let at = 0; at + WIDE < ring.length; at += WIDE) {
    cuts.length = 0
    cuts.push(0, 1)
    for (const other of polygon.rings) for (let j = 0; j + WIDE < other.length; j += WIDE) cut(ring, at, other, j, cuts)
    cuts.sort((a, b) => a - b)
    for (let n = 0; n + 1 < cuts.length; n++) {
      if (cuts[n + 1]! - cuts[n]! < 1e-12) continue
      along(ring, at, (cuts[n]! + cuts[n + 1]!) / 2, polygon.spherical, middle)
      if (!holds(locate(polygon, middle, 0))) return false
    }
  }
  return true
}

/** Add where on the edge at ring[at] the edge at other[j] meets it, from 0 to 1. */
function cut(ring: Float64Array, at: number, other: Float64Array, j: number, cuts: number[]): void {
  if (!edgesMeet(ring, at, other, j)) return
  for (const end of [j, j + WIDE]) if (isOnEdge(ring, at, other, end)) cuts.push(shareOf(ring, at, other, end))
  const toA = sideOf(other, j, other, j + WIDE, ring, at)
  const toB = sideOf(other, j, other, j + WIDE, ring, at + WIDE)
  if (toA * toB < 0) cuts.push(Math.abs(toA) / (Math.abs(toA) + Math.abs(toB)))
}

/** How far along its chord a point of an edge lies. */
function shareOf(ring: Float64Array, at: number, p: Float64Array, k: number): number {
  let from = 0
  let whole = 0
  for (let i = 0; i < WIDE; i++) {
    const step = ring[at + WIDE + i]! - ring[at + i]!
    from += step * (p[k + i]! - ring[at + i]!)
    whole += step * step
  }
  return whole === 0 ? 0 : from / whole
}

/** The point at a share of an edge's chord; on the sphere, above it. */
function along(ring: Float64Array, at: number, share: number, spherical: boolean, out: Float64Array): void {
  let length = 0
  for (let i = 0; i < WIDE; i++) {
    out[i] = ring[at + i]! + share * (ring[at + WIDE + i]! - ring[at + i]!)
    length += out[i]! * out[i]!
  }
  if (spherical) for (let i = 0; i < WIDE; i++) out[i] = out[i]! / Math.sqrt(length)
}

/**
 * A point inside a polygon: from the middle of an edge a little to its left, which is inside of a counterclockwise ring;
 * less and less far, until nothing lies between.
 */
function insidePoint(polygon: Shape): Float64Array {
  const ring = polygon.rings[0]!
  const point = new Float64Array(WIDE)
  for (let at = 0; at + WIDE < ring.length; at += WIDE)
    for (let far = 0.5; far > 1e-9; far /= 4) {
      along(ring, at, 0.5, polygon.spherical, point)
      const dx = ring[at + 3]! - ring[at]!
      const dy = ring[at + 4]! - ring[at + 1]!
      const dz = ring[at + 5]! - ring[at + 2]!
      if (polygon.spherical) {
        const [x, y, z] = [point[0]!, point[1]!, point[2]!]
        point[0] = x + far * (y * dz - z * dy)
        point[1] = y + far * (z * dx - x * dz)
        point[2] = z + far * (x * dy - y * dx)
        const length = Math.hypot(point[0]!, point[1]!, point[2]!)
        for (let i = 0; i < WIDE; i++) point[i] = point[i]! / length
      } else {
        point[0] = point[0]! - far * dy
        point[1] = point[1]! + far * dx
      }
      if (locate(polygon, point, 0) === PLACE.inside) return point
    }
  return point
}
