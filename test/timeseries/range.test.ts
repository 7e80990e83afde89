import { describe, expect, it } from 'vitest'
import { Memory } from '../../core/memory/arena.ts'
import { aggregatorOf } from '../../modules/timeseries/aggregate/table.ts'
import { DUPLICATE } from '../../modules/timeseries/duplicate.ts'
import { Aggregation, collect } from '../../modules/timeseries/range/query.ts'
import { Rows } from '../../modules/timeseries/range/rows.ts'
import { findAfter, findBefore, Neighbour, type SampleFilter, scan } from '../../modules/timeseries/range/scan.ts'
import { Series, Stock } from '../../modules/timeseries/series.ts'
import { Model, type ModelQuery, modelBuckets, modelSamples } from './model.ts'
import { randomOf, type Sample, scale } from './support.ts'

/** One for all cases: an arena is 16 MB to clear. */
const stock = new Stock(new Memory())

const NAMES = ['avg', 'sum', 'min', 'max', 'range', 'count', 'first', 'last', 'std.p', 'std.s', 'var.p', 'var.s', 'twa']

function seriesOf(compressed: boolean, chunkSize: number, retention = 0): Series {
  return new Series(stock, 'k').configure({
    retention,
    chunkSize,
    compressed,
    policy: DUPLICATE.last,
    ignoreTime: 0,
    ignoreValue: 0,
    labels: [],
  })
}

/** A series and its model, filled alike with steps of mixed sizes. */
function filled(next: () => number, count: number): { series: Series; model: Model } {
  const retention = next() < 0.2 ? 1 + Math.floor(next() * count * 20) : 0
  const series = seriesOf(next() < 0.7, [48, 512, 4096][Math.floor(next() * 3)]!, retention)
  const model = new Model()
  let time = Math.floor(next() * 1000)
  const far = next() < 0.3
  for (let i = 0; i < count; i++) {
    const value = Math.round((next() - 0.3) * 1000) / 10
    series.add(time, value, DUPLICATE.last)
    model.samples.set(time, value)
    time += far && next() < 0.02 ? 5000 + Math.floor(next() * 20_000) : 1 + Math.floor(next() * 30)
  }
  return { series, model }
}

function rowsOf(rows: Rows, reverse: boolean): [number, number[]][] {
  const found: [number, number[]][] = []
  for (let i = 0; i < rows.length; i++)
    found.push([rows.times[i]!, [...rows.values.subarray(i * rows.width, (i + 1) * rows.width)]])
  return reverse ? found.reverse() : found
}

function queryOf(next: () => number, model: Model): ModelQuery {
  const all = model.sorted()
  const last = all.at(-1)?.[0] ?? 100
  const whole = (n: number): number => Math.floor(next() * n)
  const from = next() < 0.3 ? 0 : whole(last * 1.1)
  const to = next() < 0.3 ? last * 2 : from + whole(last)
  return {
    from,
    to,
    times:
      next() < 0.15
        ? Array.from(
            { length: 1 + whole(20) },
            () => (next() < 0.2 ? whole(last * 1.5) : all[whole(all.length)]?.[0]) ?? 3,
          )
        : null,
    least: next() < 0.15 ? -20 : Number.NEGATIVE_INFINITY,
    greatest: next() < 0.15 ? 40 : Number.POSITIVE_INFINITY,
    reverse: next() < 0.5,
    aggregators: Array.from({ length: next() < 0.7 ? 1 : 3 }, () => NAMES[whole(NAMES.length)]!),
    duration: [1 + whole(40), 100 + whole(1000), 5000 + whole(20_000)][whole(3)]!,
    align: next() < 0.5 ? 0 : whole(last),
    stamp: whole(3),
    empty: next() < 0.4,
  }
}

function filterOf(query: ModelQuery): SampleFilter | null {
  if (query.times === null && query.least === Number.NEGATIVE_INFINITY && query.greatest === Number.POSITIVE_INFINITY)
    return null
  const times = query.times === null ? null : Float64Array.from(new Set(query.times)).sort()
  return { times, least: query.least, greatest: query.greatest }
}

/** One for all queries, as in a server. */
const aggregation = new Aggregation()

function ask(series: Series, query: ModelQuery, limit: number, rows: Rows): [number, number[]][] {
  const choice = {
    aggregators: query.aggregators.map(name => aggregatorOf(name)!),
    duration: query.duration,
    align: query.align,
    stamp: query.stamp as 0 | 1 | 2,
    empty: query.empty,
  }
  const { from, to, reverse } = query
  const asked = { from, to, filter: filterOf(query), bucketing: choice, reverse, limit }
  aggregation.ask(asked, choice).of(series, null, rows)
  return rowsOf(rows, reverse)
}

function expectNear(found: [number, number[]][], wanted: [number, number[]][], about: unknown): void {
  expect(
    found.map(row => row[0]),
    JSON.stringify(about),
  ).toEqual(wanted.map(row => row[0]))
  for (let i = 0; i < wanted.length; i++)
    for (let k = 0; k < wanted[i]![1].length; k++) {
      const [a, b] = [found[i]![1][k]!, wanted[i]![1][k]!]
      const near = Object.is(a, b) || Math.abs(a - b) <= 1e-7 * Math.max(1, Math.abs(b))
      expect(near, `${a} for ${b} at ${wanted[i]![0]} of ${JSON.stringify(about)}`).toBe(true)
    }
}

describe('a range of samples', () => {
  it('is what a sorted array gives, in both directions, with filters', () => {
    for (let seed = 1; seed <= scale(20, 2000); seed++) {
      const next = randomOf(seed)
      const { series, model } = filled(next, Math.floor(next() * 900))
      const all = model.shown(series.horizon)
      for (let i = 0; i < 8; i++) {
        const query = queryOf(next, model)
        const found: Sample[] = []
        const asked = { from: query.from, to: query.to, filter: filterOf(query), reverse: query.reverse, latest: null }
        scan(series, asked, {
          take(times, at, values, valuesAt, length) {
            const piece: Sample[] = []
            for (let n = 0; n < length; n++) piece.push([times[at + n]!, values[valuesAt + n]!])
            found.push(...(query.reverse ? piece.reverse() : piece))
            return true
          },
        })
        expect(found).toEqual(modelSamples(all, query))
      }
      series.free()
    }
  })

  it('ends when the sink has enough', () => {
    const series = seriesOf(true, 512)
    for (let i = 0; i < 2000; i++) series.append(i, i)
    for (const reverse of [false, true]) {
      let pieces = 0
      const take = (): boolean => ++pieces < 2
      scan(series, { from: 0, to: 5000, filter: null, reverse, latest: null }, { take })
      expect(pieces).toBe(2)
    }
  })

  it('shows a latest sample at the end that is newest', () => {
    const series = seriesOf(true, 512)
    series.append(10, 1)
    const rows = new Rows()
    const query = { from: 0, to: 30, filter: null, bucketing: null, reverse: false, limit: Number.POSITIVE_INFINITY }
    collect(series, query, { time: 20, value: 2 }, rows)
    expect(rowsOf(rows, false)).toEqual([
      [10, [1]],
      [20, [2]],
    ])
    collect(series, { ...query, to: 19 }, { time: 20, value: 2 }, rows)
    expect(rowsOf(rows, false)).toEqual([[10, [1]]])
  })

  it('knows the neighbours of any time', () => {
    for (let seed = 1; seed <= scale(20, 300); seed++) {
      const next = randomOf(seed)
      const { series, model } = filled(next, Math.floor(next() * 700))
      const all = model.shown(series.horizon)
      const out = new Neighbour()
      for (let i = 0; i < 30; i++) {
        const time = Math.floor(next() * (series.lastTime + 50))
        const before = all.filter(sample => sample[0] < time).at(-1)
        const after = all.find(sample => sample[0] > time)
        expect(findBefore(series, time, out) ? [out.time, out.value] : undefined).toEqual(before)
        expect(findAfter(series, time, out) ? [out.time, out.value] : undefined).toEqual(after)
      }
      series.free()
    }
  })
})

describe('a range in buckets', () => {
  it('is what the definitions of its aggregators say', () => {
    const rows = new Rows()
    for (let seed = 1; seed <= scale(16, 3000); seed++) {
      const next = randomOf(seed)
      const { series, model } = filled(next, Math.floor(next() * 900))
      const all = model.shown(series.horizon)
      for (let i = 0; i < 8; i++) {
        const query = queryOf(next, model)
        if (query.empty && (query.to - query.from) / query.duration > 3000) query.duration = 1000
        expectNear(ask(series, query, Number.POSITIVE_INFINITY, rows), modelBuckets(all, query), { seed, i, query })
      }
      series.free()
    }
  })

  it('is the same behind the rows of another series', () => {
    const [alone, together] = [new Rows(), new Rows()]
    for (let seed = 1; seed <= scale(8, 500); seed++) {
      const next = randomOf(seed)
      const one = filled(next, Math.floor(next() * 400))
      const other = filled(next, Math.floor(next() * 400))
      for (let i = 0; i < 8; i++) {
        const query = { ...queryOf(next, one.model), duration: 100 + Math.floor(next() * 900) }
        const limit = next() < 0.5 ? Number.POSITIVE_INFINITY : 1 + Math.floor(next() * 6)
        ask(one.series, query, limit, together)
        const { length } = together
        aggregation.append(other.series, null, together)
        ask(other.series, query, limit, alone)
        expect(together.times.slice(length, together.length)).toEqual(alone.times.slice(0, alone.length))
        const { width } = alone
        expect(together.values.slice(length * width, together.length * width)).toEqual(
          alone.values.slice(0, alone.length * width),
        )
      }
      one.series.free()
      other.series.free()
    }
  })

  it('may be limited to the buckets read first', () => {
    const rows = new Rows()
    for (let seed = 1; seed <= scale(12, 500); seed++) {
      const next = randomOf(seed)
      const { series, model } = filled(next, Math.floor(next() * 900))
      const all = model.shown(series.horizon)
      for (let i = 0; i < 8; i++) {
        const query = { ...queryOf(next, model), duration: 50 }
        const limit = 1 + Math.floor(next() * 6)
        const found = ask(series, query, limit, rows).slice(0, limit)
        expectNear(found, modelBuckets(all, query).slice(0, limit), { seed, i, limit, query })
      }
      series.free()
    }
  })

  it('ends when there would be too many rows', () => {
    const series = seriesOf(true, 512)
    series.append(0, 1)
    series.append(2 ** 40, 1)
    const rows = new Rows(1000)
    const query = queryOf(randomOf(1), new Model())
    ask(
      series,
      { ...query, times: null, from: 0, to: 2 ** 41, aggregators: ['sum'], duration: 1, align: 0, empty: true },
      Number.POSITIVE_INFINITY,
      rows,
    )
    expect(rows.overflowed).toBe(true)
    expect(rows.length).toBeLessThanOrEqual(1000)
  })

  it('needs no room for empty buckets before those that are wanted, read backwards', () => {
    const series = seriesOf(true, 512)
    series.append(0, 1)
    series.append(2 ** 40, 3)
    series.append(2 ** 40 + 3, 5)
    const rows = new Rows(1000)
    const query = {
      ...queryOf(randomOf(1), new Model()),
      ...{ times: null, from: 0, to: 2 ** 41, least: -9, greatest: 9 },
    }
    const asked = {
      ...query,
      reverse: true,
      aggregators: ['last', 'sum', 'twa'],
      duration: 1,
      align: 0,
      stamp: 0,
      empty: true,
    }
    const found = ask(series, asked, 6, rows).slice(0, 6)
    expect(rows.overflowed).toBe(false)
    expect(found.map(row => row[0] - 2 ** 40)).toEqual([3, 2, 1, 0, -1, -2])
    expect(found.map(row => row[1].slice(0, 2))).toEqual([
      [5, 5],
      [5, 0],
      [5, 0],
      [3, 3],
      [3, 0],
      [3, 0],
    ])
  })

  it('comes to an end at times beyond 2^53, where a bucket may be less than the step from one time to the next', () => {
    const times = [5, 2 ** 53 + 2, 2 ** 60, 2 ** 60 + 4096, 2 ** 63]
    const series = seriesOf(true, 512)
    for (const time of times) series.append(time, 1)
    const rows = new Rows(100)
    const query = { ...queryOf(randomOf(1), new Model()), times: null, from: 0, to: 2 ** 63 }
    for (const duration of [1, 7, 1000])
      for (const reverse of [false, true])
        for (const limit of [1, 3, Number.POSITIVE_INFINITY]) {
          const least = limit === 3 ? -9 : Number.NEGATIVE_INFINITY
          const greatest = -least
          const asked = { ...query, least, greatest, reverse, aggregators: ['count'], duration, align: 0, empty: false }
          const found = ask(series, asked, limit, rows)
          expect(rows.overflowed).toBe(false)
          expect(found.length).toBeLessThanOrEqual(times.length)
          if (limit === Number.POSITIVE_INFINITY) expect(found.length).toBe(times.length)
        }
  })
})
