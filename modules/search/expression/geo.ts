/* geodistance -- metres between two places, each given as `"longitude,latitude"` or as two numbers:
 *
 *      geodistance(@a, @b)   geodistance(@a, 2.35, 48.85)   geodistance(2.35, 48.85, @a)   geodistance(0, 0, 1, 0)
 *
 * The result has two decimals. What is no place gives NaN. */

import { distance, isPoint, latitudeOf, longitudeOf } from '../index/geo.ts'
import { parseNumber, toNumber, type Value } from './value.ts'

type Place = readonly [longitude: number, latitude: number]

/** Bytes of a place that are worth reading. */
const PLACE_MAX = 128

function placeOf(value: Value): Place | null {
  if (typeof value === 'number') return [longitudeOf(value), latitudeOf(value)]
  if (typeof value !== 'string' || value.length > PLACE_MAX) return null
  const parts = /^([^, ]+)[, ]+([^, ]+)$/.exec(value)
  return parts === null ? null : checked(parseNumber(parts[1]!), parseNumber(parts[2]!))
}

function checked(longitude: number | null, latitude: number | null): Place | null {
  return longitude !== null && latitude !== null && isPoint(longitude, latitude) ? [longitude, latitude] : null
}

function placeOfTwo(longitude: Value, latitude: Value): Place | null {
  const x = toNumber(longitude)
  const y = toNumber(latitude)
  return x === null || y === null ? null : [x, y]
}

function places(operands: readonly Value[]): [Place | null, Place | null] {
  const [a, b, c, d] = operands as [Value, Value, Value, Value]
  if (operands.length === 2) return [placeOf(a), placeOf(b)]
  if (operands.length === 4) return [placeOfTwo(a, b), placeOfTwo(c, d)]
  return toNumber(a) === null ? [placeOf(a), placeOfTwo(b, c)] : [placeOfTwo(a, b), placeOf(c)]
}

/** Metres between two places. */
export function geoDistance(operands: readonly Value[]): Value {
  const [from, to] = places(operands)
  if (from === null || to === null) return NaN
  return Math.round(distance(from[0], from[1], to[0], to[1]) * 100) / 100
}
