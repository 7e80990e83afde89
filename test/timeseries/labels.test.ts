import { describe, expect, it } from 'vitest'
import { Memory } from '../../core/memory/arena.ts'
import { type LabelFilter, parseFilter, selects } from '../../modules/timeseries/filter.ts'
import { LabelIndex, labelOf } from '../../modules/timeseries/labels.ts'
import { Series, Stock } from '../../modules/timeseries/series.ts'
import { randomOf, scale } from './support.ts'

const stock = new Stock(new Memory())

function make(key: string, labels: string[]): Series {
  const series = new Series(stock, key)
  series.labels = labels
  return series
}

function keys(found: readonly Series[]): string[] {
  return found.map(series => series.key)
}

function filters(...texts: string[]): LabelFilter[] {
  return texts.map(text => parseFilter(text)!)
}

describe('a label filter', () => {
  it.each([
    ['site=rome', 'site', 'in', ['rome']],
    ['site!=rome', 'site', 'notIn', ['rome']],
    ['site=', 'site', 'hasNot', []],
    ['site!=', 'site', 'has', []],
    ['site=(rome,oslo)', 'site', 'in', ['rome', 'oslo']],
    ['site!=(rome, oslo)', 'site', 'notIn', ['rome', ' oslo']],
    ['site=()', 'site', 'in', []],
    ['site==rome', 'site', 'in', ['rome']],
    ['site=rome=x', 'site', 'in', ['rome']],
    ['=rome', 'rome', 'hasNot', []],
    ['!=rome', 'rome', 'has', []],
    ['site=new york)', 'site', 'in', ['new york)']],
    ['a b=c d', 'a b', 'in', ['c d']],
  ])('reads %s', (text, label, kind, values) => {
    expect(parseFilter(text)).toEqual({ label, kind, values })
  })

  it.each(['', 'site', 'site!rome', '=', 'site=(rome', 'site=(a,)', 'site=(,a)'])('does not read %j', text => {
    expect(parseFilter(text)).toBeNull()
  })

  it('selects only when it names values', () => {
    expect(selects(filters('a=1', 'b!='))).toBe(true)
    expect(selects(filters('a=()'))).toBe(true)
    expect(selects(filters('a!=1', 'b=', 'c!='))).toBe(false)
  })
})

describe('the label index', () => {
  it('answers in the order of keys, each series once', () => {
    const index = new LabelIndex()
    for (const key of ['s3', 's1', 's2']) index.add(make(key, ['kind', 'temp', 'kind', 'hum', 'site', key]))
    expect(keys(index.query(filters('kind=(temp,hum)')))).toEqual(['s1', 's2', 's3'])
    expect(keys(index.query(filters('kind=temp', 'site!=s2')))).toEqual(['s1', 's3'])
    expect(index.names(null)).toEqual(['kind', 'site'])
    expect(index.values('site', null).sort()).toEqual(['s1', 's2', 's3'])
    expect(index.values('none', null)).toEqual([])
  })

  it('forgets labels that nobody has', () => {
    const index = new LabelIndex()
    const series = make('k', ['a', '1', 'a', '1'])
    index.add(series)
    index.remove(series)
    expect(index.names(null)).toEqual([])
    expect(index.size).toBe(0)
  })

  it('gives the first of two values of a label', () => {
    expect(labelOf(make('k', ['a', '1', 'a', '2']), 'a')).toBe('1')
    expect(labelOf(make('k', []), 'a')).toBeNull()
  })

  it('agrees with a walk over all series after any changes', () => {
    for (let seed = 1; seed <= scale(30, 500); seed++) {
      const next = randomOf(seed)
      const whole = (n: number): number => Math.floor(next() * n)
      const index = new LabelIndex()
      const live: Series[] = []
      const few = (): string[] => Array.from({ length: whole(4) }, () => ['abc'[whole(3)]!, 'xyz'[whole(3)]!]).flat()
      const many = (): string[] => Array.from({ length: 40 }, (_, i) => [`m${i % 37}`, 'xyz'[whole(3)]!]).flat()
      const labels = (): string[] => (next() < 0.8 ? few() : [...few(), ...many(), ...few()])
      for (let step = 0; step < 200; step++) {
        const kind = next()
        const series = live[whole(live.length)]
        if (kind < 0.4 || series === undefined) {
          live.push(make(`k${whole(1e6)}`, labels()))
          index.add(live.at(-1)!)
        } else if (kind < 0.55) {
          index.remove(series)
          live.splice(live.indexOf(series), 1)
        } else if (kind < 0.7) {
          index.remove(series)
          if (next() < 0.5) series.key = `r${whole(1e6)}`
          else series.labels = labels()
          index.add(series)
        } else {
          const texts = Array.from({ length: 1 + whole(next() < 0.7 ? 3 : 12) }, () => {
            const label = next() < 0.8 ? 'abc'[whole(3)]! : `m${whole(40)}`
            const long = '1,2,3,4,5,6,7,8,9,x'
            const forms = ['=x', '=(x,z)', '!=y', '=', '!=', '!=(x,y)', `=(${long})`, `!=(${long})`]
            return `${label}${forms[whole(forms.length)]!}`
          })
          const asked = filters('a=(x,y,z)', ...texts)
          const wanted = live.filter(one => asked.every(filter => holds(one, filter)))
          expect(keys(index.query(asked))).toEqual(keys(wanted).sort())
        }
      }
      expect(index.size).toBe(live.length)
      expect(index.names(null).sort()).toEqual(
        [...new Set(live.flatMap(one => one.labels.filter((_, i) => i % 2 === 0)))].sort(),
      )
    }
  })

  it('serves series of very many labels, which are as much work as their labels', () => {
    const index = new LabelIndex()
    const labels = Array.from({ length: 50_000 }, (_, i) => [`l${i}`, `v${i % 7}`]).flat()
    const twice = [...labels, ...labels]
    const all = [make('a', labels), make('b', twice), make('c', labels)]
    for (const series of all) index.add(series)
    index.remove(all[0]!)
    expect(keys(index.query(filters('l40000=v2', 'l3=(v3,v4)')))).toEqual(['b', 'c'])
    const nothing = Array.from({ length: 20_000 }, (_, i) => `l1!=none${i}`)
    expect(keys(index.query(filters('l1=v1', ...nothing)))).toEqual(['b', 'c'])
    for (const series of [all[2]!, all[1]!]) index.remove(series)
    expect(index.names(null)).toEqual([])
  })

  it('keeps long lists in order while most of their series go, some come and some get other keys', () => {
    for (let seed = 1; seed <= scale(4, 60); seed++) {
      const next = randomOf(seed)
      const index = new LabelIndex()
      const live: Series[] = []
      const key = (): string => `k${Math.floor(next() * 1e9)}`
      const add = (name: string): void => {
        const series = make(name, ['all', '1', 'some', next() < 0.5 ? 'x' : 'y', 'all', '1'])
        live.push(series)
        index.add(series)
      }
      const expectAll = (): void => {
        expect(keys(index.query(filters('all=1')))).toEqual(keys(live).sort())
        expect(keys(index.query(filters('some=x')))).toEqual(
          keys(live.filter(one => labelOf(one, 'some') === 'x')).sort(),
        )
      }
      for (let i = 0; i < 1500; i++) add(next() < 0.5 ? `a${1e6 + i}` : key())
      // Without a query in between, places are told by sweeps alone.
      const asks = next() < 0.5 ? 0.01 : 0
      while (live.length > 2) {
        const at = Math.floor(next() * live.length)
        const series = live[at]!
        index.remove(series)
        if (next() < 0.1) {
          series.key = key()
          index.add(series)
        } else {
          live[at] = live.at(-1)!
          live.pop()
        }
        if (next() < 0.1) add(key())
        if (next() < asks) expectAll()
      }
      expectAll()
      for (const series of live) index.remove(series)
      expect(index.names(null)).toEqual([])
    }
  })
})

function holds(series: Series, filter: LabelFilter): boolean {
  const own = series.labels.filter((_, i) => i % 2 === 1 && series.labels[i - 1] === filter.label)
  if (filter.kind === 'has') return own.length > 0
  if (filter.kind === 'hasNot') return own.length === 0
  return own.some(value => filter.values.includes(value)) === (filter.kind === 'in')
}
