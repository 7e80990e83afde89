import { describe, expect, it } from 'vitest'
import { Memory } from '../../core/memory/arena.ts'
import { aggregatorOf } from '../../modules/timeseries/aggregate/table.ts'
import { DUPLICATE } from '../../modules/timeseries/duplicate.ts'
import { addSample, deleteSamples } from '../../modules/timeseries/ingest.ts'
import { scan } from '../../modules/timeseries/range/scan.ts'
import {
  addRule,
  latestOf,
  reachesBehind,
  removeRule,
  Rule,
  type RuleListener,
  unlink,
} from '../../modules/timeseries/rules.ts'
import { Series, Stock } from '../../modules/timeseries/series.ts'
import { modelValue } from './model.ts'
import { randomOf, type Sample, scale } from './support.ts'

const stock = new Stock(new Memory())
const silent: RuleListener = { change() {}, closed() {}, corrected() {} }

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

function ruled(name: string, duration: number, align = 0): { source: Series; target: Series; rule: Rule } {
  const source = new Series(stock, 'source')
  const target = new Series(stock, 'target')
  const rule = new Rule(aggregatorOf(name)!, duration, align, target, 'target')
  addRule(source, rule)
  return { source, target, rule }
}

function add(series: Series, time: number, value: number): void {
  addSample(series, time, value, DUPLICATE.last, silent)
}

const NAMES = ['avg', 'sum', 'min', 'max', 'range', 'count', 'first', 'last', 'std.p', 'std.s', 'var.p', 'var.s']

describe('a rule', () => {
  it('keeps every closed bucket as its samples say, after any changes', () => {
    for (let seed = 1; seed <= scale(24, 3000); seed++) {
      const next = randomOf(seed)
      const whole = (n: number): number => Math.floor(next() * n)
      const name = NAMES[seed % NAMES.length]!
      const duration = 5 + whole(60)
      const { source, target, rule } = ruled(name, duration, whole(3) === 0 ? whole(100) : 0)
      const model = new Map<number, number>()
      for (let step = 0; step < 150; step++) {
        const kind = next()
        const time = kind < 0.7 ? source.lastTime + 1 + whole(30) : whole(source.lastTime + 5)
        if (kind < 0.9) {
          const value = whole(100) / 4
          add(source, time, value)
          model.set(time, value)
        } else {
          const to = time + whole(80)
          expect(deleteSamples(source, time, to, silent)).toBe(
            [...model.keys()].filter(t => t >= time && t <= to).length,
          )
          for (const t of [...model.keys()]) if (t >= time && t <= to) model.delete(t)
        }
      }
      const buckets = new Map<number, number[]>()
      for (const [time, value] of [...model].sort((a, b) => a[0] - b[0])) {
        const start = rule.startOf(time)
        if (start < rule.start) buckets.set(Math.max(0, start), [...(buckets.get(Math.max(0, start)) ?? []), value])
      }
      const wanted = [...buckets].map(([start, values]) => [start, modelValue(name, values)])
      const found = samplesOf(target)
      expect(
        found.map(sample => sample[0]),
        `seed ${seed}`,
      ).toEqual(wanted.map(sample => sample[0]))
      for (let i = 0; i < found.length; i++) expect(found[i]![1]).toBeCloseTo(wanted[i]![1]!, 6)
      source.free()
      target.free()
    }
  })

  it('shows its open bucket as the latest sample', () => {
    const { source, target } = ruled('sum', 10)
    expect(latestOf(target)).toBeNull()
    add(source, 1, 5)
    add(source, 4, 6)
    expect(latestOf(target)).toEqual({ time: 0, value: 11 })
    add(source, 12, 1)
    expect(samplesOf(target)).toEqual([[0, 11]])
    expect(latestOf(target)).toEqual({ time: 10, value: 1 })
    deleteSamples(source, 12, 12, silent)
    expect(latestOf(target)).toBeNull()
    add(source, 25, 3)
    expect(samplesOf(target)).toEqual([[0, 11]])
  })

  it('averages over time with the samples around a bucket', () => {
    const { source, target } = ruled('twa', 10)
    for (const [time, value] of [
      [5, 0],
      [15, 10],
      [25, 20],
      [35, 0],
    ] as const)
      add(source, time, value)
    expect(samplesOf(target)).toEqual([
      [0, 2.5],
      [10, 10],
      [20, 16.25],
    ])
    expect(latestOf(target)).toEqual({ time: 30, value: 5 })
  })

  it('averages over time from the sample before, also behind an open bucket that was emptied', () => {
    const { source, target } = ruled('twa', 10)
    add(source, 2, 100)
    add(source, 55, 1)
    deleteSamples(source, 55, 55, silent)
    // Newer than all, and yet in a bucket that is closed.
    add(source, 31, 10)
    add(source, 61, 40)
    expect(latestOf(target)).toEqual({ time: 60, value: 39.5 })
  })

  it('begins with the first sample after its making', () => {
    const source = new Series(stock, 's')
    for (const time of [1, 12, 15]) add(source, time, 100)
    const target = new Series(stock, 't')
    addRule(source, new Rule(aggregatorOf('sum')!, 10, 0, target, 't'))
    expect(latestOf(target)).toBeNull()
    add(source, 17, 4)
    add(source, 21, 5)
    expect(samplesOf(target)).toEqual([[10, 4]])
  })

  it('computes with samples that retention hides', () => {
    const { source, target } = ruled('sum', 100)
    source.retention = 50
    for (const time of [10, 60, 110]) add(source, time, 1)
    add(source, 70, 5)
    expect(samplesOf(target)).toEqual([[0, 7]])
    expect(reachesBehind(source, 90)).toBe(true)
    expect(reachesBehind(source, 105)).toBe(false)
  })

  it('tells before and after each change of its target', () => {
    const { source } = ruled('sum', 10)
    const told: string[] = []
    const listener: RuleListener = {
      change: target => told.push(`change ${target.key}`),
      closed: target => told.push(`closed ${target.key}`),
      corrected: target => told.push(`corrected ${target.key}`),
    }
    addSample(source, 1, 1, DUPLICATE.last, listener)
    addSample(source, 11, 1, DUPLICATE.last, listener)
    expect(told).toEqual(['change target', 'closed target'])
    addSample(source, 2, 1, DUPLICATE.last, listener)
    expect(told.slice(2)).toEqual(['change target', 'corrected target'])
    addSample(source, 12, 1, DUPLICATE.last, listener)
    expect(told.length).toBe(4)
  })

  it('lets go of both its ends', () => {
    const { source, target, rule } = ruled('sum', 10)
    removeRule(source, rule)
    expect([source.rules.length, target.source]).toEqual([0, null])
    addRule(source, rule)
    unlink(target)
    expect([source.rules.length, target.source]).toEqual([0, null])
    addRule(source, rule)
    unlink(source)
    expect([source.rules.length, target.source]).toEqual([0, null])
  })
})
