/* Vectors for tests: made by chance, given as blobs, and searched by looking at each. */

import { Range, SeededRandom } from 'redstrata/module'
import { NUMBER_BYTES, NumberCodec } from '../../../modules/search/vector/number-type.ts'
import type { VectorOptions } from '../../../modules/search/vector/options.ts'
import type { VectorIndex } from '../../../modules/search/vector/vector-index.ts'

export const SMALL: VectorOptions = {
  algorithm: 'HNSW',
  type: 'FLOAT32',
  dimensions: 4,
  metric: 'L2',
  m: 4,
  efConstruction: 40,
  efRuntime: 10,
  epsilon: 0.01,
}

/** Never pauses. */
export const WATCH = { tick(): void {} }

/** Vectors as a blob, one behind the other. */
export function blob(options: VectorOptions, ...vectors: readonly (readonly number[])[]): Range {
  const codec = new NumberCodec(options.type)
  const bytes = Buffer.alloc(vectors.length * options.dimensions * NUMBER_BYTES[options.type])
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (const [i, value] of vectors.flat().entries()) codec.write(view, i * codec.bytes, value)
  return Range.of(bytes)
}

/** The numbers of a vector after they were written in the index's type. */
function written(options: VectorOptions, vector: readonly number[]): number[] {
  const { buf } = blob(options, vector)
  const codec = new NumberCodec(options.type)
  const view = new DataView(buf.buffer, buf.byteOffset, buf.length)
  return vector.map((_, i) => codec.read(view, i * codec.bytes))
}

function product(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** The distance of two vectors by its definition. */
function distance({ metric }: VectorOptions, a: readonly number[], b: readonly number[]): number {
  if (metric === 'L2') return product(a, a) + product(b, b) - 2 * product(a, b)
  if (metric === 'IP') return 1 - product(a, b)
  return 1 - product(a, b) / (Math.sqrt(product(a, a) * product(b, b)) || 1)
}

/** Documents with their vectors, searched naively. */
export class NaiveVectors {
  readonly #vectors = new Map<number, number[][]>()
  readonly #options: VectorOptions

  constructor(options: VectorOptions) {
    this.#options = options
  }

  get documents(): number[] {
    return [...this.#vectors.keys()]
  }

  set(document: number, ...vectors: readonly (readonly number[])[]): void {
    this.#vectors.set(
      document,
      vectors.map(vector => written(this.#options, vector)),
    )
  }

  clear(document: number): void {
    this.#vectors.delete(document)
  }

  /** Documents and distances, nearest first. */
  ranked(query: readonly number[]): [number, number][] {
    const from = written(this.#options, query)
    const rows = [...this.#vectors].map(([document, vectors]): [number, number] => [
      document,
      Math.min(...vectors.map(vector => distance(this.#options, from, vector))),
    ])
    return rows.sort((a, b) => a[1] - b[1] || a[0] - b[0])
  }
}

/** Vectors around some centres: what real embeddings look like more than noise does. */
export function clustered(seed: number, count: number, dimensions: number, centres: number): number[][] {
  const random = new SeededRandom(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next())
  const middles = Array.from({ length: centres }, () => Array.from({ length: dimensions }, () => normal()))
  return Array.from({ length: count }, () => middles[random.below(centres)]!.map(x => x + 0.4 * normal()))
}

/** The share of the naive answer's first `k` documents that an index finds, over all queries. */
export function recall(
  index: VectorIndex,
  naive: NaiveVectors,
  options: VectorOptions,
  queries: readonly number[][],
  k: number,
  ef: number,
): number {
  let found = 0
  for (const query of queries) {
    const matches = index.nearest(blob(options, query), k, ef).run(WATCH)
    for (const [document] of naive.ranked(query).slice(0, k)) if (!Number.isNaN(matches.distance(document))) found++
  }
  return found / (k * queries.length)
}
