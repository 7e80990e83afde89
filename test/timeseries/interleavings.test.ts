import { describe, expect, it } from 'vitest'
import { aggregatorOf, isReducer } from '../../modules/timeseries/aggregate/table.ts'
import { serverForFile } from '../support/server.ts'
import { type ModelQuery, modelBuckets, modelSamples, modelValue } from './model.ts'
import { randomOf, type Sample, scale } from './support.ts'
import { type AddOutcome, WorldRule, WorldSeries } from './world.ts'

const server = await serverForFile()

const NAMES = ['avg', 'sum', 'min', 'max', 'range', 'count', 'first', 'last', 'std.p', 'std.s', 'var.p', 'var.s', 'twa']
const REDUCERS = NAMES.filter(name => isReducer(aggregatorOf(name)!))
const POLICIES = ['block', 'first', 'last', 'min', 'max', 'sum']
const STAMPS = [
  ['start', '-'],
  ['mid', '~'],
  ['end', '+'],
] as const

/** A key goes, and comes back from its dump. */
const RESTORED = `
  local dump = redis.call('DUMP', KEYS[1])
  redis.call('DEL', KEYS[1])
  return redis.call('RESTORE', KEYS[1], 0, dump)`

type Word = string | number
type Row = [time: number, values: number[]]

/** What a command answers; the text of an error. */
async function call(...words: Word[]): Promise<unknown> {
  try {
    return await server.call(...words)
  } catch (error) {
    return String(error)
  }
}

/** A query in words, for commands whose bounds stand behind the key. */
interface Asked extends ModelQuery {
  readonly limit: number
  readonly latest: boolean
  /** The words from the bounds on, in which `aggregators` stands for the word of the aggregators. */
  words(aggregators: string): Word[]
}

class Scene {
  readonly next: () => number
  readonly plain: WorldSeries[] = []
  readonly sources: WorldSeries[] = []
  readonly targets: WorldSeries[] = []
  now = 1000

  constructor(seed: number) {
    this.next = randomOf(seed)
  }

  whole(below: number): number {
    return Math.floor(this.next() * below)
  }

  pick<T>(from: readonly T[]): T {
    return from[this.whole(from.length)]!
  }

  get all(): WorldSeries[] {
    return [...this.plain, ...this.sources, ...this.targets]
  }

  async settle(): Promise<void> {
    await call('FLUSHALL')
    const make = async (key: string, ...more: Word[]): Promise<WorldSeries> => {
      const policy = this.next() < 0.3 ? null : this.pick(POLICIES)
      const series = new WorldSeries(key, `g${this.whole(3)}`, policy)
      const words: Word[] = [
        'ENCODING',
        this.pick(['COMPRESSED', 'UNCOMPRESSED']),
        'CHUNK_SIZE',
        this.pick([48, 128, 4096]),
      ]
      if (policy !== null) words.push('DUPLICATE_POLICY', policy.toUpperCase())
      expect(await call('TS.CREATE', key, ...words, ...more, 'LABELS', 'g', series.group, 'all', 1)).toBe('OK')
      return series
    }
    for (let i = 0; i < 3; i++) this.plain.push(await make(`p${i}`))
    const kept = await make('kept', 'RETENTION', 3000)
    kept.retention = 3000
    const coarse = await make('coarse', 'IGNORE', 20, 5)
    coarse.ignoreTime = 20
    coarse.ignoreValue = 5
    this.plain.push(kept, coarse)
    for (let i = 0; i < 2; i++) {
      const source = await make(`s${i}`)
      this.sources.push(source)
      for (let n = 0; n < 3; n++) {
        const target = await make(`s${i}:${n}`)
        const rule = new WorldRule(
          target,
          this.pick(NAMES),
          20 + this.whole(400),
          this.next() < 0.5 ? 0 : this.whole(900),
        )
        const words = [
          'TS.CREATERULE',
          source.key,
          target.key,
          'AGGREGATION',
          rule.aggregator,
          rule.duration,
          rule.align,
        ]
        expect(await call(...words)).toBe('OK')
        source.rules.push(rule)
        target.source = [source, rule]
        this.targets.push(target)
      }
    }
  }

  // ------------------------------------------------------------------ writing

  async write(): Promise<void> {
    const series = this.pick([...this.plain, ...this.sources])
    const kind = this.next()
    if (kind < 0.55) await this.add(series)
    else if (kind < 0.7) await this.addMany()
    else if (kind < 0.8) await this.increment(series)
    else if (kind < 0.92) await this.remove(series)
    else await this.move()
  }

  /** A time near the newest, or anywhere before. */
  time(series: WorldSeries): number {
    const last = series.last?.[0] ?? this.now
    const kind = this.next()
    if (kind < 0.6) return last + 1 + this.whole(60)
    if (kind < 0.62) return last + 2000
    return kind < 0.75 ? last : Math.max(0, last + 5 - this.whole(4000))
  }

  value(): number {
    return this.next() < 0.3 ? this.whole(40) - 20 : Math.round((this.next() - 0.3) * 1000) / 8
  }

  async add(series: WorldSeries): Promise<void> {
    const [time, value] = [this.time(series), this.value()]
    const asked = this.next() < 0.4 ? this.pick(POLICIES) : null
    const words = asked === null ? [] : ['ON_DUPLICATE', asked]
    const answer = await call('TS.ADD', series.key, time, value, ...words)
    expectOutcome(answer, series.add(time, value, asked), series.key)
  }

  async addMany(): Promise<void> {
    const words: Word[] = ['TS.MADD']
    const wanted: AddOutcome[] = []
    for (let i = 1 + this.whole(5); i > 0; i--) {
      const series = this.pick([...this.plain, ...this.sources])
      const [time, value] = [this.time(series), this.value()]
      words.push(series.key, time, value)
      wanted.push(series.add(time, value, null))
    }
    const answers = (await call(...words)) as unknown[]
    for (const [i, outcome] of wanted.entries()) expectOutcome(answers[i], outcome, String(words))
  }

  async increment(series: WorldSeries): Promise<void> {
    const last = series.last ?? [0, 0]
    const time = Math.max(0, last[0] + this.whole(30) - 3)
    const by = this.whole(9)
    const down = this.next() < 0.5
    const answer = await call(down ? 'TS.DECRBY' : 'TS.INCRBY', series.key, by, 'TIMESTAMP', time)
    if (series.last !== undefined && time < last[0]) expect(answer).toContain('timestamp must be equal to or higher')
    else {
      expect(answer).toBe(time)
      series.add(time, last[1] + (down ? -by : by), 'last')
    }
  }

  async remove(series: WorldSeries): Promise<void> {
    const last = series.last?.[0] ?? 0
    const from = Math.max(0, last - this.whole(this.next() < 0.2 ? 4000 : 300))
    let to = from + this.whole(this.next() < 0.3 ? 3000 : 100)
    // Without its newest sample a series with a retention would show some that may be gone.
    if (series.retention > 0) to = Math.min(to, last - 1)
    if (to >= from) expect(await call('TS.DEL', series.key, from, to)).toBe(series.remove(from, to))
  }

  /** Away and back: as a dump, in a copy, under another name, or through a file. */
  async move(): Promise<void> {
    const kind = this.next()
    if (kind < 0.3) {
      const { key } = this.pick(this.plain)
      expect(await call('EVAL', RESTORED, 1, key)).toBe('OK')
    } else if (kind < 0.5) {
      const { key } = this.pick(this.plain)
      expect(await call('COPY', key, 'copy')).toBe(1)
      await call('DEL', key)
      expect(await call('RENAME', 'copy', key)).toBe('OK')
    } else if (kind < 0.9) {
      const { key } = this.pick(this.all)
      expect(await call('RENAME', key, 'elsewhere')).toBe('OK')
      expect(await call('RENAME', 'elsewhere', key)).toBe('OK')
    } else expect(await call('DEBUG', 'RELOAD')).toBe('OK')
  }

  // ------------------------------------------------------------------ asking

  asked(reverse: boolean, latest: boolean, names: readonly string[] = NAMES): Asked {
    const last = this.pick(this.all).last?.[0] ?? 2000
    const isFromGiven = this.next() < 0.7
    const isToGiven = this.next() < 0.7
    const from = isFromGiven ? this.whole(last * 1.1) : 0
    const to = isToGiven ? from + this.whole(last) : 2 ** 63
    const words: Word[] = [isFromGiven ? from : '-', isToGiven ? to : '+']
    if (latest) words.push('LATEST')
    const asked = {
      ...{
        from,
        to,
        times: null as number[] | null,
        least: Number.NEGATIVE_INFINITY,
        greatest: Number.POSITIVE_INFINITY,
      },
      ...{ reverse, latest, aggregators: [] as string[], duration: 1, align: 0, stamp: 0, empty: false },
      limit: this.next() < 0.7 ? Number.POSITIVE_INFINITY : 1 + this.whole(12),
    }
    if (this.next() < 0.2) {
      const known = [...this.pick(this.all).samples.keys(), 5]
      asked.times = Array.from({ length: 1 + this.whole(20) }, () => this.pick(known))
      words.push('FILTER_BY_TS', ...asked.times)
    }
    if (this.next() < 0.2) {
      asked.least = -30
      asked.greatest = 60
      words.push('FILTER_BY_VALUE', -30, 60)
    }
    if (asked.limit !== Number.POSITIVE_INFINITY) words.push('COUNT', asked.limit)
    if (this.next() < 0.3) return { ...asked, words: () => words }
    asked.duration = this.pick([7 + this.whole(100), 100 + this.whole(900), 3000])
    asked.aggregators = Array.from({ length: this.next() < 0.7 ? 1 : 3 }, () => this.pick(names))
    if (this.next() < 0.5) {
      const kind = this.next()
      if (kind < 0.3 && isFromGiven) words.push('ALIGN', this.pick(['-', 'start']))
      else if (kind < 0.6 && isToGiven) words.push('ALIGN', this.pick(['+', 'end']))
      else words.push('ALIGN', this.whole(3000))
      const word = words.at(-1)!
      asked.align = typeof word === 'number' ? word : word === '-' || word === 'start' ? from : to
    }
    const tail: Word[] = [asked.duration]
    asked.stamp = this.next() < 0.5 ? 0 : this.whole(3)
    asked.empty = this.next() < 0.4 && isToGiven && !latest
    const stamp: Word[] = asked.stamp === 0 ? [] : ['BUCKETTIMESTAMP', this.pick(STAMPS[asked.stamp]!)]
    tail.push(
      ...(this.next() < 0.5
        ? [...stamp, ...(asked.empty ? ['EMPTY'] : [])]
        : [...(asked.empty ? ['EMPTY'] : []), ...stamp]),
    )
    return { ...asked, words: aggregators => [...words, 'AGGREGATION', aggregators, ...tail] }
  }

  async ask(): Promise<void> {
    const kind = this.next()
    const reverse = this.next() < 0.5
    if (kind < 0.45) await this.range(reverse)
    else if (kind < 0.7) await this.mrange(reverse)
    else if (kind < 0.85) await this.nrange(reverse)
    else await this.newest()
  }

  async range(reverse: boolean): Promise<void> {
    const series = this.pick(this.all)
    const isLatest = this.next() < 0.2
    const asked = this.asked(reverse, isLatest, isLatest ? NAMES.filter(name => name !== 'twa') : NAMES)
    const words = [reverse ? 'TS.REVRANGE' : 'TS.RANGE', series.key, ...asked.words(asked.aggregators.join(','))]
    expectRows(rowsOf(await call(...words)), wantedOf(series, asked), words)
  }

  async mrange(reverse: boolean): Promise<void> {
    const reducer = this.next() < 0.5 ? this.pick(REDUCERS) : null
    // Reduced values may not be NaN, whose order among others is nobody's.
    const asked = this.asked(reverse, false, reducer === null ? NAMES : ['avg', 'sum', 'min', 'max', 'count', 'last'])
    if (reducer !== null) {
      asked.aggregators.length = Math.min(1, asked.aggregators.length)
      if (asked.empty && asked.aggregators[0] !== 'sum' && asked.aggregators[0] !== 'count')
        asked.aggregators[0] = 'sum'
    }
    const group = `g${this.whole(3)}`
    const isOne = this.next() < 0.5
    const excludes = reducer === null && this.next() < 0.3
    const words: Word[] = [reverse ? 'TS.MREVRANGE' : 'TS.MRANGE', ...asked.words(asked.aggregators.join(','))]
    if (excludes) words.splice(3, 0, 'EXCLUDEEMPTY')
    words.push('FILTER', ...(isOne ? [`g=${group}`] : ['all=1']))
    if (reducer !== null) words.push('GROUPBY', 'g', 'REDUCE', reducer)
    const found = this.all.filter(series => !isOne || series.group === group).sort((a, b) => (a.key < b.key ? -1 : 1))
    const answer = [...((await call(...words)) as Map<string, unknown[]>)]
    const wanted: [string, Row[]][] = []
    if (reducer === null)
      for (const series of found) {
        const rows = wantedOf(series, asked)
        if (rows.length > 0 || !excludes) wanted.push([series.key, rows])
      }
    else
      for (const name of [...new Set(found.map(series => series.group))].sort()) {
        const members = found.filter(series => series.group === name)
        wanted.push([
          `g=${name}`,
          reduced(members, { ...asked, limit: Number.POSITIVE_INFINITY }, reducer).slice(0, asked.limit),
        ])
      }
    expect(
      answer.map(([name]) => name),
      String(words),
    ).toEqual(wanted.map(([name]) => name))
    for (const [i, [, rows]] of wanted.entries()) expectRows(rowsOf(answer[i]![1].at(-1)), rows, words)
  }

  async nrange(reverse: boolean): Promise<void> {
    const chosen = Array.from({ length: 1 + this.whole(4) }, () => this.pick(this.all))
    const asked = this.asked(reverse, false)
    const isBucketed = asked.aggregators.length > 0
    const columns = chosen.map(() => (isBucketed ? [this.pick(NAMES), ...(this.next() < 0.3 ? ['max'] : [])] : []))
    const words = [reverse ? 'TS.NREVRANGE' : 'TS.NRANGE', chosen.length, ...chosen.map(series => series.key)]
    const lists = columns.map(names => names.join(','))
    const own = asked.words('*').flatMap(word => (word === '*' ? lists : [word]))
    const byTime = new Map<number, number[]>()
    const widths = columns.map(names => Math.max(1, names.length))
    chosen.forEach((series, i) => {
      const at = widths.slice(0, i).reduce((a, b) => a + b, 0)
      for (const [time, values] of wantedOf(series, {
        ...asked,
        aggregators: columns[i]!,
        limit: Number.POSITIVE_INFINITY,
      })) {
        const row = byTime.get(time) ?? Array<number>(widths.reduce((a, b) => a + b, 0)).fill(Number.NaN)
        for (let n = 0; n < values.length; n++) row[at + n] = values[n]!
        byTime.set(time, row)
      }
    })
    const wanted = [...byTime].sort((a, b) => (reverse ? b[0] - a[0] : a[0] - b[0])).slice(0, asked.limit)
    const answer = (await call(...words, ...own)) as [number, number[]][]
    expectRows(answer, wanted, [...words, ...own])
  }

  /** What the smaller commands tell. */
  async newest(): Promise<void> {
    const series = this.pick(this.all)
    expectNear(await call('TS.GET', series.key), series.last ?? [], [series.key])
    expectNear(await call('TS.GET', series.key, 'LATEST'), series.latest() ?? series.last ?? [], [series.key, 'LATEST'])
    const info = (await call('TS.INFO', series.key)) as Map<string, unknown>
    const seen = series.visible()
    expect(info.get('totalSamples')).toBe(seen.length)
    expect(info.get('firstTimestamp')).toBe(seen[0]?.[0] ?? 0)
    const from = this.whole(series.last?.[0] ?? 100)
    const most = 1 + this.whole(10)
    const read = seen.filter(([time]) => time >= from).slice(0, most)
    expectNear(await call('TS.READ', series.key, from, 'MAX_COUNT', most), read, [series.key, from])
    const all = (await call('TS.MGET', 'FILTER', 'all=1')) as Map<string, [unknown, unknown]>
    for (const other of this.all) expectNear(all.get(other.key)![1], other.last ?? [], ['TS.MGET', other.key])
  }
}

function expectOutcome(answer: unknown, outcome: AddOutcome, about: string): void {
  if (typeof outcome === 'number') expect(answer, about).toBe(outcome)
  else expect(String(answer), about).toContain(outcome)
}

/** Rows of an answer, each a time and its values. */
function rowsOf(answer: unknown): Row[] {
  expect(answer, String(answer)).toBeInstanceOf(Array)
  return (answer as number[][]).map(([time, ...values]) => [time!, values])
}

/** Rows that a query should give for one series. */
function wantedOf(series: WorldSeries, asked: Asked): Row[] {
  const latest = asked.latest ? series.latest() : null
  const seen = series.visible()
  if (latest !== null) seen.push(latest)
  const rows =
    asked.aggregators.length > 0
      ? modelBuckets(seen, asked)
      : modelSamples(seen, asked).map(([time, value]): Row => [time, [value]])
  return rows.slice(0, asked.limit)
}

function reduced(members: WorldSeries[], asked: Asked, reducer: string): Row[] {
  const byTime = new Map<number, number[]>()
  for (const series of members)
    for (const [time, [value]] of wantedOf(series, asked)) byTime.set(time, [...(byTime.get(time) ?? []), value!])
  return [...byTime]
    .sort((a, b) => (asked.reverse ? b[0] - a[0] : a[0] - b[0]))
    .map(([time, values]) => [time, [modelValue(reducer, values)]])
}

function expectRows(found: Row[], wanted: Row[], about: readonly Word[]): void {
  expectNear(found, wanted, about)
}

/** The same lists of numbers, but for rounding. */
function expectNear(found: unknown, wanted: unknown, about: readonly Word[]): void {
  const [a, b] = [flat(found), flat(wanted)]
  const isNear = (x: number, y: number): boolean =>
    Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-6 * Math.max(1, Math.abs(x), Math.abs(y))
  const same = a.length === b.length && a.every((x, i) => isNear(x, b[i]!))
  if (!same) expect(a, about.join(' ')).toEqual(b)
}

function flat(lists: unknown): number[] {
  return Array.isArray(lists) ? lists.flatMap(flat) : [lists as number]
}

describe('series in a server', () => {
  it('hold and answer what sorted arrays do, after any commands', async () => {
    for (let seed = 1; seed <= scale(12, 600); seed++) {
      const scene = new Scene(seed)
      await scene.settle()
      try {
        for (let step = 0; step < 220; step++) {
          await scene.write()
          if (step % 3 === 0) await scene.ask()
        }
        for (const series of scene.all) {
          const samples: Sample[] = series.visible()
          expectNear(await call('TS.RANGE', series.key, '-', '+'), samples, [series.key])
        }
      } catch (error) {
        throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
      }
    }
  })
})
