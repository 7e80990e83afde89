import { Memory, Range, SeededRandom } from 'redstrata/module'
import { describe, expect, it } from 'vitest'
import { makeVectorIndex } from '../../../modules/search/vector/make.ts'
import { NUMBER_TYPES } from '../../../modules/search/vector/number-type.ts'
import type { VectorOptions } from '../../../modules/search/vector/options.ts'
import { Spaces } from '../../../modules/search/vector/space.ts'
import { LIST_MIN, type VectorIndex } from '../../../modules/search/vector/vector-index.ts'
import { blob, clustered, NaiveVectors, recall, SMALL, WATCH } from './support.ts'

const isLong = process.env['REDSTRATA_TEST'] === 'long'
const STEPS = isLong ? 20_000 : 3000

const ENGINES = ['FLAT', 'HNSW'] as const
const METRICS = ['L2', 'IP', 'COSINE'] as const

function made(options: VectorOptions, wasm = true): { memory: Memory; index: VectorIndex } {
  const memory = new Memory()
  return { memory, index: makeVectorIndex(memory, new Spaces(memory, wasm), options) }
}

/** Whether HNSW is sure to find what there is among few vectors: by IP it is not. */
function isSure({ algorithm, metric }: VectorOptions): boolean {
  return algorithm === 'FLAT' || metric !== 'IP'
}

/** Compare an index with the naive model; returns the share that was found of what is nearest. */
function check(index: VectorIndex, naive: NaiveVectors, options: VectorOptions, query: number[], k: number): number {
  const ranked = naive.ranked(query)
  const isExact = options.type === 'FLOAT32' || options.type === 'FLOAT64'
  const tolerance = isExact ? 1e-4 : 0.05
  const found = index.nearest(blob(options, query), k, 1000).run(WATCH)
  const away = [...found.distances].sort((a, b) => a - b)
  const right = away.filter((distance, i) => Math.abs(distance - ranked[i]![1]) < tolerance).length
  if (isSure(options)) expect(right).toBe(Math.min(k, ranked.length))
  const radius = (ranked[Math.floor(k / 2)]?.[1] ?? 0) + 1e-3
  const within = index.within(blob(options, query), radius, 100).run(WATCH)
  const expected = ranked.filter(row => row[1] <= radius).map(row => row[0])
  if (isExact && isSure(options)) expect([...within.documents]).toEqual(expected.sort((a, b) => a - b))
  for (const document of within.documents) if (isExact) expect(expected).toContain(document)
  const nearest = ranked.slice(0, k)
  return nearest.filter(row => !Number.isNaN(found.distance(row[0]))).length / nearest.length
}

describe.each(ENGINES)('%s', algorithm => {
  it.each(METRICS)('agrees with a naive search by %s while documents come, change and go', metric => {
    const options = { ...SMALL, algorithm, metric, type: 'FLOAT64' as const }
    const { memory, index } = made(options)
    const naive = new NaiveVectors(options)
    const random = new SeededRandom(5)
    const fresh = () => Array.from({ length: options.dimensions }, () => random.next() * 2 - 1)
    const common = Array.from({ length: 5 }, fresh)
    // Many are the same, some of them in one document.
    const vector = () => (random.below(4) === 0 ? common[random.below(common.length)]! : fresh())
    let shares = 0
    for (let step = 0; step < STEPS; step++) {
      const document = 1 + random.below(300)
      if (random.below(3) === 0) {
        index.clear(document)
        naive.clear(document)
      } else {
        const vectors = random.below(5) === 0 ? [vector(), vector(), vector()] : [vector()]
        index.set(document, { bytes: blob(options, ...vectors), count: vectors.length })
        naive.set(document, ...vectors)
      }
      expect(index.documents).toBe(naive.documents.length)
      if (step % 40 === 0 && index.count > 0) shares += check(index, naive, options, vector(), 1 + random.below(20))
    }
    expect(shares / (STEPS / 40)).toBeGreaterThan(0.9)
    for (const document of naive.documents) index.clear(document)
    index.free()
    expect(memory.usedBytes).toBe(0)
  })

  it.each(NUMBER_TYPES)('keeps and finds %s', type => {
    for (const metric of METRICS) {
      const options = { ...SMALL, algorithm, metric, type, dimensions: 19 }
      const { index } = made(options)
      const naive = new NaiveVectors(options)
      clustered(3, 120, options.dimensions, 4).forEach((vector, i) => {
        index.set(i + 1, { bytes: blob(options, vector), count: 1 })
        naive.set(i + 1, vector)
      })
      check(index, naive, options, clustered(4, 1, options.dimensions, 1)[0]!, 10)
    }
  })

  it('works without WebAssembly', () => {
    const options = { ...SMALL, algorithm }
    const { index } = made(options, false)
    const naive = new NaiveVectors(options)
    clustered(3, 200, options.dimensions, 4).forEach((vector, i) => {
      index.set(i + 1, { bytes: blob(options, vector), count: 1 })
      naive.set(i + 1, vector)
    })
    check(index, naive, options, [0, 0, 0, 0], 10)
  })

  it('tells how far documents are, and that some have no vector', () => {
    const options = { ...SMALL, algorithm, dimensions: 1 }
    const { index } = made(options)
    index.set(2, { bytes: blob(options, [1], [5]), count: 2 })
    index.set(7, { bytes: blob(options, [4]), count: 1 })
    index.load(blob(options, [6]))
    const out = new Float64Array(3)
    index.distances(Int32Array.of(2, 3, 7), 3, out)
    expect([...out]).toEqual([1, Number.NaN, 4])
  })

  it('takes up what was cleared when the next document has the same vector', () => {
    const options = { ...SMALL, algorithm, dimensions: 2 }
    const { index } = made(options)
    for (let i = 1; i <= 5; i++) index.set(i, { bytes: blob(options, [i, 0]), count: 1 })
    let bytes = 0
    for (let number = 6; number < 400; number++) {
      const value = { bytes: blob(options, [((number - 1) % 5) + 1, 0]), count: 1 }
      index.clear(number - 5)
      index.set(number, value)
      // From here on there are two chunks of document numbers.
      if (number === 260) bytes = index.sizeBytes
    }
    expect(index.count).toBe(5)
    expect(index.sizeBytes).toBe(bytes)
    expect([...index.nearest(blob(options, [0, 0]), 9, 10).run(WATCH).documents]).toEqual([395, 396, 397, 398, 399])
  })

  it('may lose its last document, which had the same vectors several times', () => {
    const options = { ...SMALL, algorithm, dimensions: 1 }
    const { memory, index } = made(options)
    const lists = [
      [1, 1, 2, 2, 1],
      [2, 1, 1],
      [3, 2, 2, 1, 1, 3, 3],
    ]
    for (let round = 0; round < 30; round++) {
      const vectors = lists[round % lists.length]!.map(x => [x])
      index.set(7, { bytes: blob(options, ...vectors), count: vectors.length })
      expect(index.nearest(blob(options, [0]), 5, 10).run(WATCH)).toMatchObject({ count: 1 })
      index.clear(7)
      expect(index.nearest(blob(options, [0]), 5, 10).run(WATCH).count).toBe(0)
    }
    index.free()
    expect(memory.usedBytes).toBe(0)
  })

  it('a search that was paused goes on after vectors went and came', () => {
    const options = { ...SMALL, algorithm, dimensions: 1 }
    const { index } = made(options)
    for (let i = 1; i <= 2000; i++) index.set(i, { bytes: blob(options, [i]), count: 1 })
    let pauses = 0
    const search = index.nearest(blob(options, [0]), 3, 50)
    const watch = {
      tick(): void {
        if (pauses++ % 2 === 0) throw new Error('pause')
      },
    }
    for (;;) {
      try {
        expect([...search.run(watch).documents]).toEqual([1, 2, 3])
        break
      } catch (error) {
        if ((error as Error).message !== 'pause') throw error
        index.clear(1000 + pauses)
        index.nearest(blob(options, [1500]), 3, 50).run(WATCH)
      }
    }
    expect(pauses).toBeGreaterThan(0)
  })

  it('numbers that are none are the farthest, and nothing breaks', () => {
    const options = { ...SMALL, algorithm, dimensions: 1 }
    const { index } = made(options)
    for (let i = 1; i <= 50; i++) index.set(i, { bytes: blob(options, [i % 3 === 0 ? Number.NaN : i]), count: 1 })
    expect([...index.nearest(blob(options, [0]), 3, 50).run(WATCH).documents]).toEqual([1, 2, 4])
    expect(index.nearest(blob(options, [Number.NaN]), 3, 50).run(WATCH).count).toBe(3)
  })

  it('a vector of zeros is at distance 1 from all by COSINE', () => {
    const options = { ...SMALL, algorithm, metric: 'COSINE' as const, dimensions: 2 }
    const { index } = made(options)
    index.set(1, { bytes: blob(options, [0, 0]), count: 1 })
    expect(
      index
        .nearest(blob(options, [3, 4]), 1, 10)
        .run(WATCH)
        .distance(1),
    ).toBe(1)
  })

  it('a document stays out when memory is full, and the index is whole', () => {
    const memory = new Memory({ limitBytes: 20 << 20 })
    const options = { ...SMALL, algorithm, dimensions: 4096 }
    const index = makeVectorIndex(memory, new Spaces(memory), options)
    const bytes = blob(options, new Array<number>(4096).fill(0.5))
    const view = bytes.buf
    let last = 0
    expect(() => {
      for (let i = 1; i < 10_000; i++) {
        view.writeFloatLE(i, 0)
        index.set(i, { bytes, count: 1 })
        last = i
      }
    }).toThrow('arena is full')
    index.clear(last + 1)
    view.writeFloatLE(last, 0)
    expect(index.count).toBe(last)
    expect([...index.nearest(bytes, 1, 20).run(WATCH).documents]).toEqual([last])
    expect(last).toBeGreaterThan(LIST_MIN / 2)
  })

  it('an empty range of documents has no matches', () => {
    const options = { ...SMALL, algorithm }
    const { index } = made(options)
    const query = Range.of(Buffer.alloc(16))
    expect(index.nearest(query, 3, 10).run(WATCH).count).toBe(0)
    expect(index.within(query, 3, 0.01).run(WATCH).count).toBe(0)
    expect(index.nearest(query, 0, 10).run(WATCH).count).toBe(0)
  })
})

it('HNSW finds vectors that are the same, however many', () => {
  const options: VectorOptions = { ...SMALL, dimensions: 2 }
  const { index } = made(options)
  for (let i = 0; i < 1000; i++) index.set(i + 1, { bytes: blob(options, [i % 2, 0]), count: 1 })
  for (let i = 0; i < 100; i++) index.clear(i * 10 + 1)
  const found = (k: number) => [...index.nearest(blob(options, [0, 0]), k, 10).run(WATCH).distances]
  expect(found(300).filter(distance => distance === 0).length).toBe(300)
  expect(found(900).filter(distance => distance === 0).length).toBe(400)
  expect(index.within(blob(options, [1, 0]), 0.5, 0.01).run(WATCH).count).toBe(500)
})

it('HNSW finds vectors that are all equally far from each other', () => {
  const count = 200
  const options: VectorOptions = { ...SMALL, dimensions: count }
  const { index } = made(options)
  for (let i = 0; i < count; i++) {
    const vector = new Array<number>(count).fill(0)
    vector[i] = 1
    index.set(i + 1, { bytes: blob(options, vector), count: 1 })
  }
  const from = new Array<number>(count).fill(0)
  expect(index.nearest(blob(options, from), count, 10).run(WATCH).count).toBeGreaterThan(count * 0.98)
})

describe('recall of HNSW', () => {
  const count = isLong ? 10_000 : 1500
  const options: VectorOptions = { ...SMALL, dimensions: isLong ? 128 : 64, m: 16, efConstruction: 200 }
  const all = clustered(1, count + 30, options.dimensions, 40)
  const queries = all.slice(count)

  it('finds at least 0.97 of the 10 nearest among clustered vectors, with 100 looked through', () => {
    const { index } = made(options)
    const naive = new NaiveVectors(options)
    for (let i = 0; i < count; i++) {
      index.set(i + 1, { bytes: blob(options, all[i]!), count: 1 })
      naive.set(i + 1, all[i]!)
    }
    expect(recall(index, naive, options, queries, 10, 100)).toBeGreaterThanOrEqual(0.97)
  })

  it('stays there after most vectors were replaced', () => {
    const { index } = made(options)
    const naive = new NaiveVectors(options)
    const others = clustered(2, count, options.dimensions, 40)
    for (let i = 0; i < count; i++) index.set(i + 1, { bytes: blob(options, others[i]!), count: 1 })
    const random = new SeededRandom(9)
    for (let i = 0; i < count; i++) {
      if (random.below(10) === 0) index.clear(i + 1)
      else {
        index.set(i + 1, { bytes: blob(options, all[i]!), count: 1 })
        naive.set(i + 1, all[i]!)
      }
    }
    expect(recall(index, naive, options, queries, 10, 100)).toBeGreaterThanOrEqual(0.97)
  })
})
