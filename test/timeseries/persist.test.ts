import { Memory } from 'redstrata/module'
import { describe, expect, it } from 'vitest'
import { aggregatorOf } from '../../modules/timeseries/aggregate/table.ts'
import { DUPLICATE } from '../../modules/timeseries/duplicate.ts'
import { addSample } from '../../modules/timeseries/ingest.ts'
import { loadSeries, SERIES_VERSION, saveSeries } from '../../modules/timeseries/persist.ts'
import { scan } from '../../modules/timeseries/range/scan.ts'
import { addRule, latestOf, Rule, type RuleListener } from '../../modules/timeseries/rules.ts'
import { Series, Stock } from '../../modules/timeseries/series.ts'
import { type Field, FieldList, FieldReader, recordedValues } from '../bloom/fields.ts'
import { randomOf, type Sample, scale } from './support.ts'

const stock = new Stock(new Memory({ poison: true }))
const recorded = recordedValues(new URL('../persistence/fixtures/timeseries.rdb', import.meta.url))
const silent: RuleListener = { change() {}, closed() {}, corrected() {} }

function samplesOf(series: Series): Sample[] {
  const found: Sample[] = []
  scan(
    series,
    { from: 0, to: Number.POSITIVE_INFINITY, filter: null, reverse: false, latest: null, hidden: true },
    {
      take(times, at, values, valuesAt, length) {
        for (let i = 0; i < length; i++) found.push([times[at + i]!, values[valuesAt + i]!])
        return true
      },
    },
  )
  return found
}

function loaded(fields: readonly Field[], version = SERIES_VERSION): Series {
  const series = new Series(stock, 'k')
  const source = new FieldReader(fields)
  loadSeries(series, source, version)
  expect(source.done).toBe(true)
  return series
}

function saved(series: Series): Field[] {
  const sink = new FieldList()
  saveSeries(series, sink)
  return sink.fields
}

/** Fields as text, the unused end of chunks cut off: a chunk that is not full has less room here than there. */
function plain(fields: readonly Field[]): string[] {
  const texts = fields.map(field => (Buffer.isBuffer(field) ? field.latin1Slice().replace(/\0+$/, '') : String(field)))
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i]!
    if (!Buffer.isBuffer(field) || field.length < 48) continue
    const size = String(field.length)
    for (const at of [i - 10, i - 1]) if (texts[at] === size) texts[at] = 'size'
  }
  return texts
}

describe('the series that the real module saved', () => {
  it('come back field by field', () => {
    expect([...recorded.keys()].sort()).toEqual(['ts:avg', 'ts:empty', 'ts:odd', 'ts:plain', 'ts:raw', 'ts:twa'])
    for (const [key, { fields, version }] of recorded) {
      const series = loaded(fields, version)
      series.key = key
      expect(plain(saved(series)), key).toEqual(plain(fields))
      series.free()
    }
  })

  it('hold their samples', () => {
    const series = loaded(recorded.get('ts:plain')!.fields)
    const samples = samplesOf(series)
    expect(samples.length).toBe(2479)
    expect(samples.at(-1)).toEqual([1_700_002_499_000, 18.59])
    expect(samplesOf(loaded(recorded.get('ts:odd')!.fields))).toEqual([
      [5, 1e300],
      [9, -0.001],
      [10, 123456789.123456],
    ])
    expect(samplesOf(loaded(recorded.get('ts:empty')!.fields))).toEqual([])
  })
})

describe('a dump', () => {
  it('holds any samples, and makes chunks that can be added to', () => {
    for (let seed = 1; seed <= scale(12, 300); seed++) {
      const next = randomOf(seed)
      const series = new Series(stock, 'k').configure({
        retention: 0,
        chunkSize: [48, 256, 4096][seed % 3]!,
        compressed: seed % 4 !== 0,
        policy: DUPLICATE.max,
        ignoreTime: 5,
        ignoreValue: 0.5,
        labels: ['a', '1', 'b', 'é\xff'],
      })
      let time = Math.floor(next() * 1e6)
      for (let i = Math.floor(next() * 700); i > 0; i--) {
        series.append(time, next() < 0.5 ? Math.floor(next() * 10) : next())
        time += next() < 0.8 ? 60 : 1 + Math.floor(2 ** (next() * 40))
      }
      const copy = loaded(saved(series))
      expect(samplesOf(copy)).toEqual(samplesOf(series))
      expect(copy.options).toEqual(series.options)
      for (const one of [series, copy]) {
        for (let i = 0; i < 300; i++) one.append(time + i * 7, i / 3)
        if (one.count > 0) one.upsert(one.lastTime, 1, DUPLICATE.last)
      }
      expect(samplesOf(copy)).toEqual(samplesOf(series))
      series.free()
      copy.free()
    }
  })

  it('keeps the open bucket of every aggregator', () => {
    const names = [
      'avg',
      'sum',
      'min',
      'max',
      'range',
      'count',
      'first',
      'last',
      'std.p',
      'std.s',
      'var.p',
      'var.s',
      'twa',
    ]
    for (const name of names) {
      const source = new Series(stock, 'source')
      const target = new Series(stock, 'target')
      addRule(source, new Rule(aggregatorOf(name)!, 10, 3, target, 'target'))
      for (let i = 0; i < 25; i++) addSample(source, i * 3, (i * 7) % 11, DUPLICATE.last, silent)
      const copy = loaded(saved(source))
      const copied = loaded(saved(target))
      expect([copy.isLinked, copied.sourceKey]).toEqual([false, 'source'])
      const [rule] = copy.rules
      expect([rule!.targetKey, rule!.start, rule!.count > 0]).toEqual(['target', 73 - 10, true])
      rule!.target = copied
      copied.source = copy
      for (const [from, to] of [
        [source, target],
        [copy, copied],
      ] as const) {
        for (let i = 25; i < 40; i++) addSample(from, i * 3, (i * 7) % 11, DUPLICATE.last, silent)
        expect(latestOf(to)).not.toBeNull()
      }
      const [found, wanted] = [samplesOf(copied), samplesOf(target)]
      expect(found.map(sample => sample[0])).toEqual(wanted.map(sample => sample[0]))
      for (let i = 0; i < found.length; i++) expect(found[i]![1], name).toBeCloseTo(wanted[i]![1], 9)
    }
  })

  it('is refused, or read, when it is damaged, and nothing worse', () => {
    const { fields } = recorded.get('ts:plain')!
    let refused = 0
    for (let seed = 1; seed <= scale(150, 5000); seed++) {
      const next = randomOf(seed)
      const damaged = fields.map(field => (Buffer.isBuffer(field) ? Buffer.from(field) : field))
      const at = Math.floor(next() * damaged.length)
      const field = damaged[at]!
      if (Buffer.isBuffer(field) && field.length > 0)
        field[Math.floor(next() * field.length)]! ^= 1 << Math.floor(next() * 8)
      else if (typeof field === 'bigint') damaged[at] = BigInt(Math.floor(next() * 2 ** Math.floor(next() * 53)))
      else damaged.splice(at, 1)
      const series = new Series(stock, 'k')
      try {
        loadSeries(series, new FieldReader(damaged), SERIES_VERSION)
        samplesOf(series)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
        refused++
      }
      series.free()
    }
    expect(refused).toBeGreaterThan(20)
  })

  it('of a version that is not known is refused', () => {
    expect(() => loaded(recorded.get('ts:odd')!.fields, 99)).toThrow('version 99')
  })
})
