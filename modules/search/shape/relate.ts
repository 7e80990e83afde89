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
 * An edge that meets none lies where the one before it ended, so only pieces behind a cut are looked at.
 *
 *   O(edges of one times edges of the other) comparisons of boxes, and more only where boxes of edges meet
 *
 * Words as in the OGC's Simple Features: a point on a border is not within. */

import { boxesMeet, bulgeOf, edgesMeet, isOnEdge, locate, PLACE, type Shape, sideOf, WIDE } from './shape.ts'

/** Whether two shapes have a point in common, borders included. */
export function intersects(a: Shape, b: Shape): boolean {
  if (!boxesMeet(a.box, b.box)) return false
  if (a.kind === 'point') return b.kind === 'point' ? samePoint(a, b) : locate(b, a.rings[0]!, 0) !== PLACE.outside
  if (b.kind === 'point') return locate(a, b.rings[0]!, 0) !== PLACE.outside
  if (locate(a, b.rings[0]!, 0) !== PLACE.outside || locate(b, a.rings[0]!, 0) !== PLACE.outside) return true
  for (const ring of a.rings) for (const other of b.rings) if (ringsMeet(ring, other)) return true
  return false
}

function ringsMeet(ring: Float64Array, other: Float64Array): boolean {
  const boxes = edgeBoxes(ring)
  const others = edgeBoxes(other)
  for (let i = 0, box = 0; i + WIDE < ring.length; i += WIDE, box += BOX)
    for (let j = 0, at = 0; j + WIDE < other.length; j += WIDE, at += BOX)
      if (boxesOfEdgesMeet(boxes, box, others, at) && edgesMeet(ring, i, other, j)) return true
  return false
}

const BOX = 6
/** How much boxes of edges are widened, so that rounding leaves out nothing that meets. */
const MARGIN = 1e-11

/** For each edge of a ring the least and the greatest of each coordinate. */
function edgeBoxes(ring: Float64Array): Float64Array {
  const boxes = new Float64Array((ring.length / WIDE - 1) * BOX)
  for (let at = 0, box = 0; at + WIDE < ring.length; at += WIDE, box += BOX) {
    const bulge = bulgeOf(ring, at)
    for (let d = 0; d < WIDE; d++) {
      const a = ring[at + d]!
      const b = ring[at + WIDE + d]!
      const room = bulge + MARGIN * (Math.abs(a) + Math.abs(b))
      boxes[box + d] = Math.min(a, b) - room
      boxes[box + WIDE + d] = Math.max(a, b) + room
    }
  }
  return boxes
}

function boxesOfEdgesMeet(a: Float64Array, i: number, b: Float64Array, j: number): boolean {
  return (
    a[i]! <= b[j + 3]! &&
    b[j]! <= a[i + 3]! &&
    a[i + 1]! <= b[j + 4]! &&
    b[j + 1]! <= a[i + 4]! &&
    a[i + 2]! <= b[j + 5]! &&
    b[j + 2]! <= a[i + 5]!
  )
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
  const boxes = edgeBoxes(ring)
  const others = polygon.rings.map(edgeBoxes)
  /** Where the last piece lay; null when it was too short to tell. */
  let last: number | null = null
  for (let at = 0, box = 0; at + WIDE < ring.length; at += WIDE, box += BOX) {
    cuts.length = 0
    cuts.push(0, 1)
    let meets = false
    polygon.rings.forEach((other, n) => {
      for (let j = 0, to = 0; j + WIDE < other.length; j += WIDE, to += BOX)
        if (boxesOfEdgesMeet(boxes, box, others[n]!, to) && cut(ring, at, other, j, cuts)) meets = true
    })
    // It was found to be where it may be.
    if (!meets && last !== null) continue
    cuts.sort((a, b) => a - b)
    for (let n = 0; n + 1 < cuts.length; n++) {
      last = null
      if (cuts[n + 1]! - cuts[n]! < 1e-12) continue
      along(ring, at, (cuts[n]! + cuts[n + 1]!) / 2, polygon.spherical, middle)
      last = locate(polygon, middle, 0)
      if (!holds(last)) return false
    }
  }
  return true
}

/** Add where on the edge at ring[at] the edge at other[j] meets it, from 0 to 1; false when it does not. */
function cut(ring: Float64Array, at: number, other: Float64Array, j: number, cuts: number[]): boolean {
  if (!edgesMeet(ring, at, other, j)) return false
  for (const end of [j, j + WIDE]) if (isOnEdge(ring, at, other, end)) cuts.push(shareOf(ring, at, other, end))
  const toA = sideOf(other, j, other, j + WIDE, ring, at)
  const toB = sideOf(other, j, other, j + WIDE, ring, at + WIDE)
  if (toA * toB < 0) cuts.push(Math.abs(toA) / (Math.abs(toA) + Math.abs(toB)))
  return true
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
