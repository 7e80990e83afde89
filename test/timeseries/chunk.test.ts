import { describe, expect, it } from 'vitest'
import { ACCOUNT, type Address, ArenaFull, Memory, SLAB_BITS, UNIT_MASK } from '../../core/memory/arena.ts'
import { StretchCache } from '../../modules/timeseries/chunk/cache.ts'
import {
  isOversized,
  merge,
  rankOf,
  removeRange,
  split,
  upsert,
  valueAt,
  Workspace,
} from '../../modules/timeseries/chunk/edit.ts'
import type { ChunkEngine } from '../../modules/timeseries/chunk/engine.ts'
import { GorillaEngine } from '../../modules/timeseries/chunk/gorilla.ts'
import {
  AREA,
  F_SUMS,
  GREATEST,
  LEAST,
  R_LAST_VALUE,
  R_SUMS,
  R_TIME,
  R_VALUE,
  SPREAD,
  SUM,
} from '../../modules/timeseries/chunk/layout.ts'
import { RawEngine } from '../../modules/timeseries/chunk/raw.ts'
import {
  copyChunk,
  countOf,
  firstTimeOf,
  lastTimeOf,
  lastValueOf,
  recordAt,
  seal,
  stretchesOf,
} from '../../modules/timeseries/chunk/stretch.ts'
import { randomOf, type Sample, scale } from './support.ts'

const engines: [string, (memory: Memory) => ChunkEngine][] = [
  ['gorilla', memory => new GorillaEngine(memory)],
  ['raw', memory => new RawEngine(memory)],
]

function read(engine: ChunkEngine, cache: StretchCache, chunk: Address): Sample[] {
  const samples: Sample[] = []
  for (let stretch = 0; stretch < stretchesOf(engine.memory, chunk); stretch++) {
    const batch = cache.read(engine, chunk, stretch)
    for (let i = 0; i < batch.length; i++)
      samples.push([batch.times[batch.timesAt + i]!, batch.values[batch.valuesAt + i]!])
  }
  return samples
}

function fill(engine: ChunkEngine, samples: Sample[], limit = 1 << 20): Address {
  const chunk = engine.create(limit)
  for (const [time, value] of samples) engine.append(chunk, time, value, true)
  return chunk
}

function sums(samples: Sample[]): number[] {
  const values = samples.map(sample => sample[1])
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  let area = 0
  for (let i = 1; i < samples.length; i++)
    area += ((samples[i]![1] + samples[i - 1]![1]) / 2) * (samples[i]![0] - samples[i - 1]![0])
  return [
    values.reduce((a, b) => a + b, 0),
    values.reduce((a, b) => a + (b - mean) ** 2, 0),
    Math.min(...values),
    Math.max(...values),
    area,
  ]
}

function expectSums(found: number[], samples: Sample[]): void {
  const wanted = sums(samples)
  for (const which of [SUM, SPREAD, LEAST, GREATEST, AREA]) {
    const slack = Math.abs(wanted[which]!) * 1e-9 + 1e-6
    expect(Math.abs(found[which]! - wanted[which]!)).toBeLessThan(slack)
  }
}

/** Compare the records and the chunk's own sums with the samples. */
function expectRecords(engine: ChunkEngine, chunk: Address, samples: Sample[]): void {
  const memory = engine.memory
  seal(engine, chunk)
  for (let stretch = 0; stretch * 128 < samples.length; stretch++) {
    const part = samples.slice(stretch * 128, stretch * 128 + 128)
    const record = recordAt(memory, chunk, stretch)
    const doubles = memory.f64[record >>> SLAB_BITS]!
    const r = record & UNIT_MASK
    expect(doubles[r + R_TIME]).toBe(part[0]![0])
    expect(doubles[r + R_VALUE]).toBe(part[0]![1])
    expect(doubles[r + R_LAST_VALUE]).toBe(part.at(-1)![1])
    expectSums([...doubles.subarray(r + R_SUMS, r + R_SUMS + 5)], part)
  }
  const f = (chunk & UNIT_MASK) + F_SUMS
  expectSums([...memory.f64[chunk >>> SLAB_BITS]!.subarray(f, f + 5)], samples)
}

const shapes: [string, (next: () => number, i: number) => number][] = [
  ['a walk with one decimal', (next, i) => Math.round(200 + Math.sin(i / 9) * 50 + next() * 20) / 10],
  ['the same value again and again', () => 21.5],
  ['counters', (_, i) => i],
  ['noise of any size', next => (next() - 0.5) * 10 ** Math.floor(next() * 600 - 300)],
  [
    'rare values',
    (next, i) => [0, -0, 5e-324, 1.7976931348623157e308, -1e300, 2 ** -1022][Math.floor(next() * 6 + i) % 6]!,
  ],
]

const gaps: [string, (next: () => number) => number][] = [
  ['even steps', () => 1000],
  ['uneven steps', next => 1 + Math.floor(next() * 200)],
  ['steps of any size', next => 1 + Math.floor(2 ** (next() * 40))],
]

describe.each(engines)('chunks of the %s engine', (_, make) => {
  it.each(shapes.flatMap(shape => gaps.map(gap => [shape[0], gap[0], shape[1], gap[1]] as const)))(
    'give back %s at %s',
    (_shape, _gap, shape, gap) => {
      const memory = new Memory({ poison: true })
      const engine = make(memory)
      const next = randomOf(11)
      const samples: Sample[] = []
      let time = 1_700_000_000_000
      for (let i = 0; i < 700; i++) samples.push([(time += gap(next)), shape(next, i)])
      const chunk = fill(engine, samples)
      expect(read(engine, new StretchCache(memory), chunk)).toEqual(samples)
      expect(countOf(memory, chunk)).toBe(700)
      expect(firstTimeOf(memory, chunk)).toBe(samples[0]![0])
      expect(lastTimeOf(memory, chunk)).toBe(samples.at(-1)![0])
      expect(lastValueOf(memory, chunk)).toBe(samples.at(-1)![1])
      engine.free(chunk)
      expect(memory.used[ACCOUNT.dataset]).toBe(0)
    },
  )

  it('keep the extreme times 0 and 2^63 - 1', () => {
    const memory = new Memory()
    const engine = make(memory)
    const samples: Sample[] = [
      [0, 1],
      [1, 2],
      [2 ** 53 - 1, 3],
      [2 ** 63, 4],
    ]
    expect(read(engine, new StretchCache(memory), fill(engine, samples))).toEqual(samples)
  })

  it('keep the sums of stretches, and of the chunk once sealed', () => {
    const memory = new Memory()
    const engine = make(memory)
    const next = randomOf(5)
    const samples: Sample[] = []
    for (let i = 0; i < 515; i++) samples.push([i * 1000 + Math.floor(next() * 900), Math.round(next() * 1000) / 10])
    for (const length of [1, 2, 127, 128, 129, 256, 515])
      expectRecords(engine, fill(engine, samples.slice(0, length)), samples.slice(0, length))
  })

  it('refuse a sample that would outgrow the limit, and change nothing', () => {
    const memory = new Memory()
    const engine = make(memory)
    const next = randomOf(3)
    const chunk = engine.create(128)
    const samples: Sample[] = []
    for (let i = 1; engine.append(chunk, i * 10, next(), false); i++) samples.push([i * 10, lastValueOf(memory, chunk)])
    expect(samples.length).toBeGreaterThanOrEqual(8)
    expect(engine.encodedBytes(chunk)).toBeLessThanOrEqual(128)
    expect(read(engine, new StretchCache(memory), chunk)).toEqual(samples)
    expect(engine.append(chunk, 10_000, 5, true)).toBe(true)
    expect(read(engine, new StretchCache(memory), chunk)).toEqual([...samples, [10_000, 5]])
  })

  it('overwrite the newest sample at every length', () => {
    const memory = new Memory({ poison: true })
    const engine = make(memory)
    const cache = new StretchCache(memory)
    const next = randomOf(4)
    const chunk = engine.create(4096)
    const samples: Sample[] = []
    for (let i = 0; i < 300; i++) {
      samples.push([i * 60_000 + Math.floor(next() * 3), Math.round(next() * 100) / 10])
      engine.append(chunk, samples[i]![0], samples[i]![1], true)
      for (let again = 0; again < i % 3; again++) {
        samples[i]![1] = Math.round(next() * 1e6) / 7
        expect(engine.replaceLast(chunk, samples[i]![1])).toBe(true)
      }
      if (i % 50 !== 0) continue
      // What was read before may still lie decoded.
      expect(read(engine, cache, chunk)).toEqual(samples)
      samples[i]![1] = -i
      engine.replaceLast(chunk, -i)
      expect(read(engine, cache, chunk)).toEqual(samples)
    }
    expectRecords(engine, chunk, samples)
  })

  it('hold what a sorted array holds after any changes', () => {
    for (let seed = 1; seed <= scale(3, 300); seed++) {
      const memory = new Memory({ poison: true })
      changeAtRandom(make(memory), seed)
      expect(memory.used[ACCOUNT.dataset]).toBe(0)
    }
  })

  it('split in halves and merge again', () => {
    const memory = new Memory({ poison: true })
    const engine = make(memory)
    const room = new Workspace()
    const cache = new StretchCache(memory)
    const next = randomOf(8)
    for (const length of [2, 3, 100, 255, 256, 257, 258, 600]) {
      const samples: Sample[] = []
      for (let i = 0; i < length; i++) samples.push([i * 5 + 3, next()])
      const chunk = fill(engine, samples)
      const later = split(engine, room, chunk)
      const half = (length + 1) >>> 1
      expect(read(engine, cache, chunk)).toEqual(samples.slice(0, half))
      expect(read(engine, cache, later)).toEqual(samples.slice(half))
      merge(engine, room, chunk, later)
      expect(read(engine, cache, chunk)).toEqual(samples)
      expectRecords(engine, chunk, samples)
      engine.free(chunk)
    }
    expect(memory.used[ACCOUNT.dataset]).toBe(0)
  })

  it('are decoded once, however much they grow behind', () => {
    const memory = new Memory({ poison: true })
    const engine = make(memory)
    const cache = new StretchCache(memory)
    const samples: Sample[] = []
    for (let i = 0; i < 128; i++) samples.push([i * 10, i])
    const chunk = fill(engine, samples)
    const decoded: number[] = []
    const watched: ChunkEngine = Object.create(engine, {
      decode: {
        value: (...args: Parameters<ChunkEngine['decode']>) => {
          decoded.push(args[1])
          return engine.decode(...args)
        },
      },
    })
    expect(read(watched, cache, chunk)).toEqual(samples)
    for (let i = 128; i < 1280; i++) {
      samples.push([i * 10, i])
      engine.append(chunk, i * 10, i, true)
    }
    expect(read(watched, cache, chunk)).toEqual(samples)
    expect(read(watched, cache, chunk)).toEqual(samples)
    expect(decoded).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    // A chunk of other samples in the same place has nothing of it.
    engine.free(chunk)
    const other: Sample[] = samples.map(([time]) => [time + 1, -time])
    expect(read(watched, cache, fill(engine, other))).toEqual(other)
    cache.clear()
  })

  it('copy as chunks of their own', () => {
    const memory = new Memory({ poison: true })
    const engine = make(memory)
    const cache = new StretchCache(memory)
    const samples: Sample[] = []
    for (let i = 0; i < 300; i++) samples.push([i, i / 3])
    const chunk = fill(engine, samples)
    expect(read(engine, cache, chunk)).toEqual(samples)
    const copy = copyChunk(memory, chunk)
    engine.append(copy, 1000, 1, true)
    expect(read(engine, cache, chunk)).toEqual(samples)
    expect(read(engine, cache, copy)).toEqual([...samples, [1000, 1]])
    engine.free(chunk)
    expect(read(engine, cache, copy)).toEqual([...samples, [1000, 1]])
  })

  it('are as they were when the arena is full', () => {
    const memory = new Memory({ limitBytes: 16 << 20 })
    const engine = make(memory)
    const chunk = fill(engine, [[1, 1]])
    const held: Address[] = []
    for (const bytes of [8 << 20, 1 << 20, 8192, 4096, 512, 256, 128, 96, 88, 64, 32, 16, 8]) {
      try {
        for (;;) held.push(memory.block(ACCOUNT.overhead, bytes))
      } catch (error) {
        expect(error).toBeInstanceOf(ArenaFull)
      }
    }
    const next = randomOf(2)
    const samples: Sample[] = [[1, 1]]
    const more = (): void => {
      for (let i = 2; i < 1000; i++) {
        const sample: Sample = [i * 1000, next()]
        engine.append(chunk, sample[0], sample[1], true)
        samples.push(sample)
      }
    }
    expect(more).toThrow(ArenaFull)
    expect(read(engine, new StretchCache(memory), chunk)).toEqual(samples)
    expect(() => engine.create(4096)).toThrow(ArenaFull)
    for (const address of held) memory.free(ACCOUNT.overhead, address)
    engine.free(chunk)
    expect(memory.used[ACCOUNT.dataset]).toBe(0)
  })
})

describe('the gorilla engine', () => {
  it('takes two bits for a value that stays at an even step', () => {
    const engine = new GorillaEngine(new Memory())
    const chunk = engine.create(4096)
    for (let i = 0; i < 10_000; i++) engine.append(chunk, i * 1000, 7, false)
    expect(engine.encodedBytes(chunk)).toBeLessThan(2510)
  })

  it('writes the bits that RedisTimeSeries writes', () => {
    // Three samples of a dump of the real server: 5 1e300, 9 -0.001, 10 123456789.123456.
    const memory = new Memory()
    const engine = new GorillaEngine(memory)
    const chunk = fill(engine, [
      [5, 1e300],
      [9, -0.001],
      [10, 123456789.123456],
    ])
    const data = memory.i32[chunk >>> SLAB_BITS]![((chunk & UNIT_MASK) << 1) + 1]!
    const at = (data & UNIT_MASK) << 3
    const bytes = memory.u8[data >>> SLAB_BITS]!.subarray(at, at + engine.encodedBytes(chunk))
    expect(bytes.toString('hex')).toBe('91813eee78ad38c3b3e0faa07f851f0df31a9afd01')
  })
})

/** A few hundred random changes of two neighbouring chunks, compared with a sorted array all along. */
function changeAtRandom(engine: ChunkEngine, seed: number): void {
  const memory = engine.memory
  const next = randomOf(seed)
  const whole = (n: number): number => Math.floor(next() * n)
  const cache = new StretchCache(memory)
  const room = new Workspace()
  const model = new Map<number, number>()
  const limit = [48, 256, 4096][seed % 3]!
  let chunk = engine.create(limit)
  engine.append(chunk, 5000, 1, true)
  model.set(5000, 1)
  for (let step = 0; step < 250; step++) {
    const value = next() < 0.3 ? next() : whole(50) / 10
    const last = lastTimeOf(memory, chunk)
    const kind = next()
    if (kind < 0.5) {
      const run = 1 + whole(30)
      for (let i = 1; i <= run; i++) {
        engine.append(chunk, last + i * 10, value + i, true)
        model.set(last + i * 10, value + i)
      }
    } else if (kind < 0.7) {
      const time = whole(last + 20)
      if (time > last) engine.append(chunk, time, value, true)
      else chunk = upsert(engine, room, chunk, time, value)
      model.set(time, value)
    } else if (kind < 0.8) {
      if (!engine.replaceLast(chunk, value)) chunk = upsert(engine, room, chunk, last, value)
      model.set(last, value)
    } else if (kind < 0.88) {
      const from = whole(last)
      const to = from + whole(last / 4)
      if (to >= last && from <= firstTimeOf(memory, chunk)) continue
      chunk = removeRange(engine, room, chunk, from, to)
      for (const time of [...model.keys()]) if (time >= from && time <= to) model.delete(time)
    } else if (kind < 0.92) {
      seal(engine, chunk)
    } else if (kind < 0.96 && isOversized(engine, chunk) && countOf(memory, chunk) > 1) {
      merge(engine, room, chunk, split(engine, room, chunk))
    } else {
      const time = whole(last + 2)
      expect(valueAt(engine, chunk, time)).toBe(model.get(time))
      expect(rankOf(engine, chunk, time)).toBe([...model.keys()].filter(other => other < time).length)
    }
    if (step % 10 === 0) expect(read(engine, cache, chunk)).toEqual(sorted(model))
  }
  expect(read(engine, cache, chunk)).toEqual(sorted(model))
  expectRecords(engine, chunk, sorted(model))
  expect(removeRange(engine, room, chunk, 0, 2 ** 60)).toBe(0)
}

function sorted(model: Map<number, number>): Sample[] {
  return [...model].sort((a, b) => a[0] - b[0])
}
