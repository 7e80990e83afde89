/* What does searching vectors cost?
 *
 *   node --conditions=redstrata-source --import tsx bench/modules/vectors.ts [count]
 *
 * Distances of 128 numbers in WebAssembly and in plain JavaScript, for each type of number; then building an HNSW index of
 * `count` vectors (10,000), clustered and uniformly random, and its ten nearest beside those of FLAT, with the recall. Times
 * are of the processor, since the machine may be busy. */

import { ACCOUNT, Memory, PLACE_BITS, Range, Region, SeededRandom } from 'redstrata/module'
import { Kernels } from '../../modules/search/vector/kernel.ts'
import { makeVectorIndex } from '../../modules/search/vector/make.ts'
import { NUMBER_BYTES, NUMBER_TYPES } from '../../modules/search/vector/number-type.ts'
import type { VectorOptions } from '../../modules/search/vector/options.ts'
import { Spaces } from '../../modules/search/vector/space.ts'
import type { VectorIndex } from '../../modules/search/vector/vector-index.ts'

const DIMENSIONS = 128
const QUERIES = 100
const count = Number(process.argv[2] ?? 10_000)
const random = new SeededRandom(1)
const WATCH = { tick(): void {} }

/** Seconds of the processor that some work takes. */
function seconds(work: () => void): number {
  const before = process.cpuUsage().user
  work()
  return (process.cpuUsage().user - before) / 1e6
}

function measureKernels(): void {
  const region = new Region(new Memory())
  const vectors = 10_000
  for (const wasm of [true, false])
    for (const type of NUMBER_TYPES) {
      const bytes = DIMENSIONS * NUMBER_BYTES[type]
      const query = region.allocate(ACCOUNT.index, bytes * (vectors + 1) + vectors * 12 + 8) << PLACE_BITS
      const out = query + bytes * (vectors + 1)
      const list = out + vectors * 8
      for (let i = 0; i < vectors; i++)
        region.i32[(list >>> 2) + i] = (query + bytes * (1 + ((i * 7919) % vectors))) >>> PLACE_BITS
      const kernel = new Kernels(region, wasm).for(type, 'L2')
      const pass = (): void => void kernel(query, list, vectors, out, bytes, Number.NEGATIVE_INFINITY)
      pass()
      const rounds = wasm ? 50 : 3
      const spent = seconds(() => {
        for (let i = 0; i < rounds; i++) pass()
      })
      const nanoseconds = (spent * 1e9) / rounds / vectors
      console.log(`${wasm ? 'WebAssembly' : 'plain'} ${type}: ${nanoseconds.toFixed(0)} ns a distance`)
    }
}

function normal(): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
}

function makeVectors(isClustered: boolean): Range[] {
  const centres = Array.from({ length: 100 }, () => Float32Array.from({ length: DIMENSIONS }, normal))
  return Array.from({ length: count + QUERIES }, () => {
    const centre = centres[random.below(centres.length)]!
    const vector = isClustered ? centre.map(x => x + 0.4 * normal()) : centre.map(() => random.next() * 2 - 1)
    return Range.of(Buffer.from(vector.buffer))
  })
}

function build(options: VectorOptions, vectors: readonly Range[]): VectorIndex {
  const memory = new Memory()
  const index = makeVectorIndex(memory, new Spaces(memory), options)
  const spent = seconds(() => {
    for (let i = 0; i < count; i++) index.set(i + 1, { bytes: vectors[i]!, count: 1 })
  })
  const bytes = (memory.usedBytes / count).toFixed(0)
  console.log(`  ${options.algorithm} of ${count}: ${spent.toFixed(2)} s to build, ${bytes} bytes a vector`)
  return index
}

function measureIndexes(isClustered: boolean): void {
  console.log(isClustered ? 'clustered' : 'uniformly random')
  const vectors = makeVectors(isClustered)
  const queries = vectors.slice(count)
  const options = { type: 'FLOAT32', dimensions: DIMENSIONS, metric: 'L2', m: 16, efConstruction: 200 } as const
  const hnsw = build({ ...options, algorithm: 'HNSW', efRuntime: 10, epsilon: 0.01 }, vectors)
  const flat = build({ ...options, algorithm: 'FLAT', efRuntime: 10, epsilon: 0.01 }, vectors)
  const truth = queries.map(query => flat.nearest(query, 10, 0).run(WATCH))
  const flatSeconds = seconds(() => {
    for (const query of queries) flat.nearest(query, 10, 0).run(WATCH)
  })
  console.log(`  FLAT: ${((flatSeconds / QUERIES) * 1e6).toFixed(0)} us a query`)
  for (const ef of [10, 50, 100, 200]) {
    let found = 0
    const spent = seconds(() => {
      for (const [i, query] of queries.entries()) {
        const matches = hnsw.nearest(query, 10, ef).run(WATCH)
        for (const document of truth[i]!.documents) if (!Number.isNaN(matches.distance(document))) found++
      }
    })
    const recall = (found / QUERIES / 10).toFixed(3)
    console.log(`  HNSW, EF_RUNTIME ${ef}: ${((spent / QUERIES) * 1e6).toFixed(0)} us a query, recall ${recall}`)
  }
}

measureKernels()
measureIndexes(true)
measureIndexes(false)
