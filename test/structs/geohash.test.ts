import { describe, expect, test } from 'vitest'
import { formatDecimals } from '../../core/base/numbers.ts'
import { SeededRandom } from '../../core/base/random.ts'
import {
  type Area,
  Cover,
  coverArea,
  decodePlace,
  distance,
  distanceWithin,
  encodePlace,
  geohashText,
  isPlace,
  LATITUDE_MAX,
  type Place,
} from '../../core/structs/geohash.ts'

const long = process.env['REDSTRATA_TEST'] === 'long'

function placeOf(score: number): Place {
  const place = { longitude: 0, latitude: 0 }
  decodePlace(score, place)
  return place
}

function printed(longitude: number, latitude: number): [string, string] {
  const place = placeOf(encodePlace(longitude, latitude))
  return [formatDecimals(place.longitude), formatDecimals(place.latitude)]
}

describe('places', () => {
  test('scores are those that the server stored', () => {
    expect(encodePlace(2.3522, 48.8566)).toBe(3663832779122514)
    expect(encodePlace(0, 0)).toBe(3377699720527872)
    expect(encodePlace(180, 85)).toBe(10508398856570128)
    expect(encodePlace(-180, -85)).toBe(273961029)
    expect(encodePlace(13.361, 38.115)).toBe(3479099956157624)
  })

  test('positions are printed as the server printed them', () => {
    expect(printed(2.3522, 48.8566)).toEqual(['2.35219806432723999', '48.8565995303492997'])
    expect(printed(0, 0)).toEqual(['0.00000268220901489', '0.00000126736058093'])
    expect(printed(180, LATITUDE_MAX)).toEqual(['180', '85.0511287799999991'])
    expect(printed(-180, -LATITUDE_MAX)).toEqual(['-179.99999731779098511', '-85.05112751263942528'])
    expect(printed(13.361389, 38.115556)).toEqual(['13.36138933897018433', '38.11555639549629859'])
  })

  test('geohashes are those that the server printed', () => {
    const text = (longitude: number, latitude: number): string => geohashText(placeOf(encodePlace(longitude, latitude)))
    expect(text(2.3522, 48.8566)).toBe('u09tvw0f640')
    expect(text(-122.4194, 37.7749)).toBe('9q8yyk8ytp0')
    expect(text(0, 0)).toBe('s0000000000')
    expect(text(-70.6693, -33.4489)).toBe('66j9xyu4jc0')
    expect(geohashText(placeOf(3999999999999999))).toBe('weevkxfyzz0')
  })

  test('limits are inside and what is beyond them or not a number is not', () => {
    expect(isPlace(180, LATITUDE_MAX)).toBe(true)
    expect(isPlace(-180, -LATITUDE_MAX)).toBe(true)
    for (const [longitude, latitude] of [
      [180.1, 0],
      [-181, 0],
      [0, 86],
      [0, -85.06],
      [NaN, 0],
      [0, NaN],
      [Infinity, 0],
    ] as const)
      expect(isPlace(longitude, latitude)).toBe(false)
  })

  test('scores that are no cells decode as on the server', () => {
    const shown = (score: number): string[] => {
      const { longitude, latitude } = placeOf(score)
      return [formatDecimals(longitude), formatDecimals(latitude)]
    }
    const [west, east] = ['-179.99999731779098511', '180']
    const [south, north] = ['-85.05112751263942528', '85.0511287799999991']
    expect(shown(-5)).toEqual([east, north])
    expect(shown(Infinity)).toEqual([west, south])
    expect(shown(-Infinity)).toEqual([east, south])
    expect(shown(1e19)).toEqual([east, north])
    expect(shown(2 ** 54)).toEqual([west, north])
    expect(shown(2 ** 55)).toEqual([east, south])
    expect(shown(0.5)).toEqual([west, south])
  })

  test('any place is decoded to within the width of its cell', () => {
    const random = new SeededRandom(1)
    for (let i = 0; i < (long ? 1_000_000 : 5_000); i++) {
      const longitude = random.next() * 360 - 180
      const latitude = (random.next() * 2 - 1) * LATITUDE_MAX
      const place = placeOf(encodePlace(longitude, latitude))
      if (Math.abs(place.longitude - longitude) > 360 / 2 ** 26) expect([longitude, place.longitude]).toEqual([])
      if (Math.abs(place.latitude - latitude) > 180 / 2 ** 26) expect([latitude, place.latitude]).toEqual([])
    }
    expect(random.below(2)).toBeLessThan(2)
  })
})

describe('distances', () => {
  test('distances are those that the server gave', () => {
    const paris = placeOf(encodePlace(2.3522, 48.8566))
    const london = placeOf(encodePlace(-0.1276, 51.5072))
    const metres = distance(paris.longitude, paris.latitude, london.longitude, london.latitude)
    expect(metres).toBeCloseTo(343626.8434, 3)
    expect(distance(1, 2, 1, 2)).toBe(0)
    expect(distance(1, 2, 1, 3)).toBeCloseTo(111226.3, 0)
  })

  test('a box is measured along its two axes', () => {
    const box: Area = { longitude: 0.001, latitude: 0.001, radius: -1, width: 100_000, height: 400_000 }
    expect(distanceWithin(box, 0, 0)).toBeCloseTo(157.0, 0)
    expect(distanceWithin(box, 0, 1)).toBeCloseTo(111115.1, 0)
    expect(distanceWithin(box, 1, 0)).toBe(-1)
    expect(distanceWithin(box, 0, 2)).toBe(-1)
  })
})

describe('covers', () => {
  const cover = new Cover()

  test('a small circle is covered by its own cell and the neighbours it may reach', () => {
    coverArea({ longitude: 15, latitude: 37, radius: 200_000, width: 0, height: 0 }, cover)
    expect(cover.count).toBeGreaterThan(0)
    expect(cover.count).toBeLessThan(9)
    for (let i = 0; i < cover.count; i++) expect(cover.to[i]!).toBeGreaterThan(cover.from[i]!)
  })

  test('a place on the upper edge does not reach over the date line and one on the lower edge does', () => {
    const found = (longitude: number): boolean[] => {
      coverArea({ longitude, latitude: 0, radius: 50_000, width: 0, height: 0 }, cover)
      return [179.9, -179.9].map(other => {
        const score = encodePlace(other, 0)
        return Array.from({ length: cover.count }, (_, i) => score >= cover.from[i]! && score < cover.to[i]!).includes(
          true,
        )
      })
    }
    expect(found(180)).toEqual([true, false])
    expect(found(-180)).toEqual([true, true])
  })

  test('ranges do not overlap, so that no place is found twice', () => {
    const random = new SeededRandom(4)
    for (let i = 0; i < (long ? 100_000 : 2_000); i++) {
      coverArea(randomArea(random), cover)
      const ranges = Array.from({ length: cover.count }, (_, k) => [cover.from[k]!, cover.to[k]!] as const)
      ranges.sort((a, b) => a[0] - b[0])
      for (let k = 1; k < ranges.length; k++) expect(ranges[k]![0]).toBeGreaterThanOrEqual(ranges[k - 1]![1])
    }
  })

  test('every place of an area away from poles and edges is in its cover', () => {
    const random = new SeededRandom(5)
    let inside = 0
    for (let i = 0; i < (long ? 200_000 : 3_000); i++) {
      const area = { ...randomArea(random), longitude: random.next() * 200 - 100, latitude: random.next() * 100 - 50 }
      area.radius = area.radius >= 0 ? Math.min(area.radius, 1e6) : -1
      area.width = Math.min(area.width, 1e6)
      area.height = Math.min(area.height, 1e6)
      const reach = (area.radius >= 0 ? area.radius : Math.max(area.width, area.height)) / 100_000
      const longitude = area.longitude + (random.next() - 0.5) * 2 * reach
      const latitude = area.latitude + (random.next() - 0.5) * 2 * reach
      if (distanceWithin(area, longitude, latitude) < 0) continue
      inside++
      coverArea(area, cover)
      const score = encodePlace(longitude, latitude)
      const covered = Array.from({ length: cover.count }, (_, k) => score >= cover.from[k]! && score < cover.to[k]!)
      expect([area, covered.includes(true)]).toEqual([area, true])
    }
    expect(inside).toBeGreaterThan(500)
  })
})

function randomArea(random: SeededRandom): Area {
  const size = (): number => 10 ** (random.next() * 8)
  return {
    longitude: random.next() * 360 - 180,
    latitude: (random.next() * 2 - 1) * LATITUDE_MAX,
    radius: random.below(2) === 0 ? -1 : size(),
    width: size(),
    height: size(),
  }
}
