import { describe, expect, it } from 'vitest'
import { ACCOUNT, Memory } from '../../core/memory/arena.ts'
import {
  DUPLICATE,
  type DuplicatePolicy,
  duplicatePolicyOf,
  nameOfPolicy,
  resolve,
} from '../../modules/timeseries/duplicate.ts'
import { formatPolicies, parsePolicies, policyKey } from '../../modules/timeseries/policies.ts'
import { scan } from '../../modules/timeseries/range/scan.ts'
import { ADDED, BLOCKED, IGNORED, Series, Stock, TOO_OLD } from '../../modules/timeseries/series.ts'
import { randomOf, type Sample, scale } from './support.ts'

function samplesOf(series: Series): Sample[] {
  const found: Sample[] = []
  scan(
    series,
    { from: 0, to: Number.POSITIVE_INFINITY, filter: null, reverse: false, latest: null },
    {
      take(times, at, values, valuesAt, length) {
        for (let i = 0; i < length; i++) found.push([times[at + i]!, values[valuesAt + i]!])
        return true
      },
    },
  )
  return found
}

const options = {
  retention: 0,
  chunkSize: 4096,
  compressed: true,
  policy: DUPLICATE.none,
  ignoreTime: 0,
  ignoreValue: 0,
  labels: [],
}

describe('a series', () => {
  it('holds what a sorted array holds after any adds, upserts and deletions', () => {
    const stock = new Stock(new Memory({ poison: true }))
    for (let seed = 1; seed <= scale(8, 400); seed++) {
      const next = randomOf(seed)
      const whole = (n: number): number => Math.floor(next() * n)
      const series = new Series(stock, 'k').configure({
        ...options,
        compressed: seed % 2 === 0,
        chunkSize: [48, 128, 1024][seed % 3]!,
      })
      const model = new Map<number, number>()
      for (let step = 0; step < 400; step++) {
        const kind = next()
        const value = whole(1000) / 10
        const last = series.lastTime
        const time = kind < 0.6 ? last + 1 + whole(50) : kind < 0.7 ? last : whole(last + 10)
        if (kind < 0.9) {
          const policy = (1 + whole(6)) as DuplicatePolicy
          const held = model.get(time)
          const outcome = series.add(time, value, policy)
          expect(outcome).toBe(
            held !== undefined && policy === DUPLICATE.block ? BLOCKED : outcome === IGNORED ? IGNORED : ADDED,
          )
          if (outcome === ADDED) model.set(time, held === undefined ? value : resolve(policy, held, value))
        } else {
          const to = next() < 0.1 ? 2 ** 60 : time + whole(next() < 0.2 ? 5000 : 200)
          const gone = [...model.keys()].filter(t => t >= time && t <= to)
          expect(series.remove(time, to)).toBe(gone.length)
          for (const t of gone) model.delete(t)
        }
        expect(series.count).toBe(model.size)
        if (step % 20 === 0) {
          const probe = whole(series.lastTime + 5)
          expect(series.valueAt(probe)).toBe(model.get(probe))
          expect(series.rankOf(probe)).toBe([...model.keys()].filter(t => t < probe).length)
        }
      }
      const sorted = [...model].sort((a, b) => a[0] - b[0])
      expect(samplesOf(series)).toEqual(sorted)
      expect([series.firstTime, series.lastTime, series.lastValue]).toEqual([
        sorted[0]?.[0] ?? 0,
        sorted.at(-1)?.[0] ?? 0,
        sorted.at(-1)?.[1] ?? 0,
      ])
      const copy = new Series(stock, 'copy')
      copy.copySamples(series)
      series.free()
      expect(samplesOf(copy)).toEqual(sorted)
      copy.free()
      expect(stock.memory.used[ACCOUNT.dataset]).toBe(0)
    }
  })

  it('begins new chunks, and splits and joins them', () => {
    const series = new Series(new Stock(new Memory()), 'k').configure({ ...options, chunkSize: 128, compressed: false })
    for (let i = 0; i < 80; i++) series.append(i * 10, i)
    expect(series.chunks.length).toBe(10)
    for (let i = 1; i < 9; i++) series.add(i, i, DUPLICATE.block)
    expect(series.chunks.length).toBe(12)
    series.remove(3, 700)
    expect(series.chunks.length).toBeLessThan(4)
  })

  it('hides what is older than its retention, refuses it, and drops it by chunks', () => {
    const series = new Series(new Stock(new Memory()), 'k').configure({
      ...options,
      retention: 100,
      chunkSize: 48,
      compressed: false,
    })
    for (const time of [1000, 1050, 1100, 1101]) series.add(time, 1, DUPLICATE.block)
    expect(samplesOf(series).map(sample => sample[0])).toEqual([1050, 1100, 1101])
    expect(series.add(1000, 1, DUPLICATE.last)).toBe(TOO_OLD)
    expect(series.add(1001, 1, DUPLICATE.last)).toBe(ADDED)
    series.retention = 0
    expect(samplesOf(series).map(sample => sample[0])).toEqual([1000, 1001, 1050, 1100, 1101])
    series.retention = 10
    for (const time of [2000, 2001, 2002]) series.add(time, 1, DUPLICATE.block)
    expect(series.firstTime).toBeGreaterThan(1050)
  })

  it('ignores what is near its newest sample under the policy last', () => {
    const series = new Series(new Stock(new Memory()), 'k').configure({ ...options, ignoreTime: 10, ignoreValue: 0.5 })
    series.add(100, 1, DUPLICATE.last)
    expect(series.add(110, 1.5, DUPLICATE.last)).toBe(IGNORED)
    expect(series.add(110, 1.5, DUPLICATE.max)).toBe(ADDED)
    expect(series.add(121, 1.5, DUPLICATE.last)).toBe(ADDED)
    expect(series.add(122, 2.5, DUPLICATE.last)).toBe(ADDED)
  })

  it('keeps a million samples of a thousand walks in less than 8.8 MB', () => {
    const memory = new Memory()
    const stock = new Stock(memory)
    const next = randomOf(1)
    for (let s = 0; s < 20; s++) {
      const series = new Series(stock, `k${s}`)
      let value = 20
      for (let i = 0; i < 1000; i++) {
        value += Math.floor(next() * 21 - 10) / 10
        series.append(1_700_000_000_000 + i * 60_000, Number(value.toFixed(1)))
      }
    }
    // A fiftieth of them; half a kilobyte is left for each series' objects.
    expect(memory.used[ACCOUNT.dataset]!).toBeLessThan(20 * (8800 - 512))
  })
})

describe('duplicate policies', () => {
  it('have names in any case', () => {
    for (const name of ['block', 'last', 'first', 'min', 'max', 'sum']) {
      expect(nameOfPolicy(duplicatePolicyOf(name.toUpperCase())!)).toBe(name)
    }
    expect(duplicatePolicyOf('avg')).toBeUndefined()
    expect(duplicatePolicyOf('')).toBeUndefined()
  })
})

describe('compaction policies', () => {
  it('are read with their units and written in milliseconds', () => {
    const policies = parsePolicies('avg:1M:30d;max:10s:1h:5s;')!
    expect(formatPolicies(policies)).toBe('avg:1M:30d;max:10s:1h:5s')
    expect(policies.map(policy => policyKey('temp', policy))).toEqual(['temp_AVG_60000', 'temp_MAX_10000_5000'])
    expect(parsePolicies('')).toEqual([])
    expect(formatPolicies(parsePolicies('twa:500m:0;sum:90s:0m:360M;min:60000m:1501m:0m')!)).toBe(
      'twa:500m:0d;sum:90s:0d:6h;min:1M:1501m',
    )
  })

  it.each(['avg', 'avg:1m', 'mean:1m:1h', 'avg:1x:1h', 'avg:0m:1h', 'avg:1m:1h:2s:9', 'avg:5:1h', ';', 'avg:-1m:1h'])(
    'are refused as %s',
    text => expect(parsePolicies(text)).toBeNull(),
  )
})
