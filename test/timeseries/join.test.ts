import { describe, expect, it } from 'vitest'
import { aggregatorOf } from '../../modules/timeseries/aggregate/table.ts'
import { appendRows, joinParts, reduceParts } from '../../modules/timeseries/range/join.ts'
import { Rows } from '../../modules/timeseries/range/rows.ts'
import { modelValue } from './model.ts'
import { randomOf, scale } from './support.ts'

/** Some series of rows, at times of a small range. */
function partsOf(next: () => number, widths: number[]): { rows: Rows; ends: number[]; all: [number, number[]][][] } {
  const rows = new Rows()
  const part = new Rows()
  const ends: number[] = []
  const all: [number, number[]][][] = []
  rows.reset(Math.max(1, ...widths))
  for (const width of widths) {
    const own: [number, number[]][] = []
    part.reset(width)
    for (let time = 0; time < 40; time++) {
      if (next() < 0.5) continue
      const values = Array.from({ length: width }, () => Math.floor(next() * 100) / 4)
      part.reserve(1)
      part.times[part.length] = time
      for (let i = 0; i < width; i++) part.values[part.length * width + i] = values[i]!
      part.length++
      own.push([time, values])
    }
    appendRows(rows, part)
    ends.push(rows.length)
    all.push(own)
  }
  return { rows, ends, all }
}

function rowsOf(rows: Rows): [number, number[]][] {
  return Array.from({ length: rows.length }, (_, i) => [
    rows.times[i]!,
    [...rows.values.subarray(i * rows.width, (i + 1) * rows.width)],
  ])
}

describe('joining series', () => {
  it('reduces what shares a time', () => {
    for (let seed = 1; seed <= scale(50, 1000); seed++) {
      const next = randomOf(seed)
      const { rows, ends, all } = partsOf(
        next,
        Array.from({ length: Math.floor(next() * 7) }, () => 1),
      )
      const name = ['sum', 'max', 'avg', 'count', 'std.s'][seed % 5]!
      const out = new Rows()
      reduceParts({ rows, ends }, aggregatorOf(name)!, out)
      const times = [...new Set(all.flat().map(row => row[0]))].sort((a, b) => a - b)
      expect(rowsOf(out).map(row => row[0])).toEqual(times)
      for (const [time, [value]] of rowsOf(out)) {
        const values = all.flatMap(own => own.filter(row => row[0] === time).map(row => row[1][0]!))
        expect(value).toBeCloseTo(modelValue(name, values), 9)
      }
    }
  })

  it('puts series side by side, with nothing where one has nothing', () => {
    for (let seed = 1; seed <= scale(50, 1000); seed++) {
      const next = randomOf(seed)
      const widths = Array.from({ length: 1 + Math.floor(next() * 4) }, () => 1 + Math.floor(next() * 3))
      const { rows, ends, all } = partsOf(next, widths)
      const out = new Rows()
      joinParts({ rows, ends }, widths, out)
      const times = [...new Set(all.flat().map(row => row[0]))].sort((a, b) => a - b)
      const wanted = times.map(time => [
        time,
        all.flatMap((own, part) => own.find(row => row[0] === time)?.[1] ?? Array(widths[part]!).fill(Number.NaN)),
      ])
      expect(rowsOf(out)).toEqual(wanted)
    }
  })
})
