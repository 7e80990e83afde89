import { geoArea, geoContains } from 'd3-geo'
import WKTReader from 'jsts/org/locationtech/jts/io/WKTReader.js'
import RelateOp from 'jsts/org/locationtech/jts/operation/relate/RelateOp.js'
import IsValidOp from 'jsts/org/locationtech/jts/operation/valid/IsValidOp.js'
import { describe, expect, it } from 'vitest'
import { Memory } from '../../../core/memory/arena.ts'
import { intersects, within } from '../../../modules/search/shape/relate.ts'
import { RTree } from '../../../modules/search/shape/r-tree.ts'
import { corners, locate, makeShape, PLACE, type Shape } from '../../../modules/search/shape/shape.ts'
import { ShapeIndex, ShapeSearch } from '../../../modules/search/shape/shape-index.ts'
import { CORNERS_MAX, parseWkt } from '../../../modules/search/shape/wkt.ts'
import { Random } from '../../support/random.ts'

const LONG = process.env['REDSTRATA_TEST'] === 'long'
const RUNS = LONG ? 60_000 : 500

function flat(text: string, spherical = false): Shape | string {
  const wkt = parseWkt(text)
  return typeof wkt === 'string' ? wkt : makeShape(wkt, spherical)
}

function good(text: string, spherical = false): Shape {
  const shape = flat(text, spherical)
  if (typeof shape === 'string') throw new Error(`${text}: ${shape}`)
  return shape
}

/** A ring around a point, on a coarse grid, so that corners and edges of several fall together. */
function ring(random: Random, size: number): [number, number][] {
  const [x, y] = [random.below(12), random.below(12)]
  const count = 3 + random.below(5)
  const angles = Array.from({ length: count }, () => random.unit() * 2 * Math.PI).sort((a, b) => a - b)
  const points = angles.map((angle): [number, number] => {
    const far = 1 + random.below(size)
    return [Math.round(x + far * Math.cos(angle)), Math.round(y + far * Math.sin(angle))]
  })
  points.push(points[0]!)
  return random.oneIn(2) ? points : points.reverse()
}

function written(rings: readonly (readonly [number, number])[][]): string {
  return `POLYGON(${rings.map(points => `(${points.map(([x, y]) => `${x} ${y}`).join(', ')})`).join(', ')})`
}

function randomText(random: Random): string {
  if (random.oneIn(4)) return `POINT(${random.below(12)} ${random.below(12)})`
  return written([ring(random, 6)])
}

/** Run a search that is paused again and again. */
function searched(search: ShapeSearch, random: Random): Int32Array {
  const pause = new Error('pause')
  const tick = () => {
    if (random.oneIn(3)) throw pause
  }
  for (;;)
    try {
      return search.run({ tick })
    } catch (thrown) {
      if (thrown !== pause) throw thrown
    }
}

describe('flat shapes', () => {
  it('are as valid, and relate to each other, as JTS says', () => {
    const random = new Random(7)
    const reader = new WKTReader()
    let held = 0
    for (let run = 0; run < RUNS; run++) {
      const [a, b] = [randomText(random), randomText(random)]
      const [ours, other] = [flat(a), flat(b)]
      const [theirs, theirOther] = [reader.read(a), reader.read(b)]
      expect(typeof ours !== 'string', a).toBe(new IsValidOp(theirs).isValid())
      if (typeof ours === 'string' || typeof other === 'string') continue
      const matrix = RelateOp.relate(theirs, theirOther)
      expect(within(ours, other), `${a} within ${b}`).toBe(matrix.isWithin())
      expect(intersects(ours, other), `${a} intersects ${b}`).toBe(matrix.isIntersects())
      if (matrix.isWithin()) held++
    }
    expect(held).toBeGreaterThan(RUNS / 100)
  })

  it('with holes too', () => {
    const random = new Random(8)
    const reader = new WKTReader()
    for (let run = 0; run < RUNS; run++) {
      const hole = '(3 3, 3 8, 8 8, 8 3, 3 3)'
      const [a, b] = [randomText(random), `POLYGON((0 0, 0 11, 11 11, 11 0, 0 0), ${hole})`]
      const ours = flat(a)
      if (typeof ours === 'string') continue
      const matrix = RelateOp.relate(reader.read(a), reader.read(b))
      expect(within(ours, good(b)), `${a} within ${b}`).toBe(matrix.isWithin())
      expect(intersects(ours, good(b)), `${a} intersects ${b}`).toBe(matrix.isIntersects())
      const inverse = RelateOp.relate(reader.read(b), reader.read(a))
      expect(within(good(b), ours), `${b} within ${a}`).toBe(inverse.isWithin())
    }
  })

  it('are refused when they are not written right', () => {
    for (const text of [
      '',
      'POINT',
      'POINT()',
      'POINT(1)',
      'POINT(1 2 3)',
      'POINT(1 2) x',
      'POINT(1e999 0)',
      'POLYGON((0 0, 0 1, 1 1))',
      'POLYGON((0 0, 0 1, 0 0))',
      'POLYGON((0 0, 1 1, 2 2, 0 0))',
      'POLYGON((0 0, 2 2, 2 0, 0 2, 0 0))',
      'POLYGON(0 0, 0 1, 1 1, 0 0)',
      'LINESTRING(0 0, 1 1)',
      'CIRCLE(1 1, 2)',
      `POLYGON((${'0 0, '.repeat(CORNERS_MAX)}0 0))`,
    ])
      expect(typeof flat(text), text).toBe('string')
    expect(good(' point ( -1.5e0   +.5 ) ').kind).toBe('point')
  })
})

describe('spherical shapes', () => {
  it('hold the points that d3-geo finds in them', () => {
    const random = new Random(9)
    let inside = 0
    for (let run = 0; run < RUNS; run++) {
      const [x, y] = [random.unit() * 360 - 180, random.unit() * 150 - 75]
      const count = 3 + random.below(6)
      const turns = Array.from({ length: count }, (_, i) => ((i + random.unit() * 0.8) * 2 * Math.PI) / count)
      const points = turns.map((turn): [number, number] => {
        const far = 3 + random.unit() * 12
        const latitude = Math.max(-89, Math.min(89, y + far * Math.sin(turn)))
        const longitude = x + (far * Math.cos(turn)) / Math.max(0.2, Math.cos((latitude * Math.PI) / 180))
        return [longitude > 180 ? longitude - 360 : longitude < -180 ? longitude + 360 : longitude, latitude]
      })
      points.push(points[0]!)
      const shape = flat(written([points]), true)
      if (typeof shape === 'string') continue
      // For d3-geo the order of the corners says which part is inside; it is to be the smaller one.
      const either = [points, [...points].reverse()].map(way => ({ type: 'Polygon' as const, coordinates: [way] }))
      const theirs = either.find(polygon => geoArea(polygon) < 2 * Math.PI)!
      for (let probe = 0; probe < 6; probe++) {
        const point: [number, number] = [
          ((((x + random.unit() * 40 - 20 + 180) % 360) + 360) % 360) - 180,
          Math.max(-90, Math.min(90, y + random.unit() * 30 - 15)),
        ]
        const want = geoContains(theirs, point)
        expect(locate(shape, corners(Float64Array.from(point), true), 0), `${written([points])} ${point}`).toBe(
          want ? PLACE.inside : PLACE.outside,
        )
        if (want) inside++
        expect(intersects(good(`POINT(${point[0]} ${point[1]})`, true), shape)).toBe(want)
      }
    }
    expect(inside).toBeGreaterThan(RUNS / 2)
  })

  it('reach over the date line and the poles', () => {
    const pacific = good('POLYGON((170 -20, -170 -20, -170 20, 170 20, 170 -20))', true)
    expect(within(good('POINT(180 0)', true), pacific)).toBe(true)
    expect(within(good('POINT(-175 10)', true), pacific)).toBe(true)
    expect(intersects(good('POINT(0 0)', true), pacific)).toBe(false)
    const arctic = good('POLYGON((0 70, 90 70, 180 70, -90 70, 0 70))', true)
    expect(within(good('POINT(12 90)', true), arctic)).toBe(true)
    expect(within(good('POLYGON((0 80, 120 80, -120 80, 0 80))', true), arctic)).toBe(true)
    expect(within(good('POINT(0 -90)', true), arctic)).toBe(false)
    expect(flat('POINT(181 0)', true)).toMatch(/out of range/)
  })
})

describe('the index of a field', () => {
  it('finds what a look at every shape finds, while shapes come, change and go', () => {
    for (let seed = 1; seed <= (LONG ? 100 : 6); seed++) {
      const random = new Random(seed)
      const memory = new Memory({ poison: true })
      const before = memory.usedBytes
      const index = new ShapeIndex(memory, false)
      const model = new Map<number, Shape>()
      for (let step = 0; step < 600; step++) {
        const document = 1 + random.below(400)
        if (random.oneIn(4)) {
          index.clear(document)
          model.delete(document)
        } else {
          const shape = flat(randomText(random))
          if (typeof shape === 'string') continue
          index.set(document, shape)
          model.set(document, shape)
        }
      }
      expect(index.count).toBe(model.size)
      for (let query = 0; query < 40; query++) {
        const shape = flat(randomText(random))
        if (typeof shape === 'string') continue
        const documents = [...model.keys()].sort((a, b) => a - b)
        const find = (relation: 'within' | 'contains' | 'intersects' | 'disjoint') => [
          ...searched(new ShapeSearch(index, relation, shape), random),
        ]
        expect(find('within')).toEqual(documents.filter(d => within(model.get(d)!, shape)))
        expect(find('contains')).toEqual(documents.filter(d => within(shape, model.get(d)!)))
        expect(find('intersects')).toEqual(documents.filter(d => intersects(model.get(d)!, shape)))
        expect(find('disjoint')).toEqual(documents.filter(d => !intersects(model.get(d)!, shape)))
      }
      index.free()
      expect(memory.usedBytes).toBe(before)
    }
  })

  it('looks at few nodes when boxes lie apart', () => {
    const memory = new Memory()
    const tree = new RTree(memory)
    for (let n = 0; n < 10_000; n++) {
      const [x, y] = [n % 100, Math.floor(n / 100)]
      tree.insert(Float64Array.of(x, y, 1, x + 0.5, y + 0.5, 1), n)
    }
    const found: number[] = []
    tree.search(Float64Array.of(10, 10, 1, 11.2, 10.2, 1), n => found.push(n))
    expect(found.sort((a, b) => a - b)).toEqual([1010, 1011])
    for (let n = 0; n < 10_000; n++) {
      const [x, y] = [n % 100, Math.floor(n / 100)]
      expect(tree.remove(Float64Array.of(x, y, 1, x + 0.5, y + 0.5, 1), n)).toBe(true)
    }
    expect([tree.count, tree.sizeBytes, memory.usedBytes]).toEqual([0, 0, 0])
  })
})
