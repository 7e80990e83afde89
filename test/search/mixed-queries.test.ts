import { expect, it } from 'vitest'
import type { ReplyValue } from '../../core/resp/reader.ts'
import { serverForFile } from '../support/server.ts'
import { ROUNDS, seeded } from './support/random.ts'

/* Words, numbers, vectors and shapes in one tree, beside a scan that evaluates it on each document. Vectors have whole
 * numbers and shapes are boxes, so that both sides reckon exactly. */

const server = await serverForFile()
type Box = readonly [left: number, bottom: number, right: number, top: number]

interface Document {
  readonly words: readonly string[]
  readonly price: number
  readonly vector: readonly number[]
  readonly box: Box | null
}

const WORDS = ['ant', 'bat', 'cat', 'dog']
const blob = (vector: readonly number[]): Buffer => Buffer.from(Float32Array.from(vector).buffer)
const polygon = ([l, b, r, t]: Box): string => `POLYGON((${l} ${b}, ${r} ${b}, ${r} ${t}, ${l} ${t}, ${l} ${b}))`
const distance = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0)

const RELATIONS: Readonly<Record<string, (document: Box, query: Box) => boolean>> = {
  WITHIN: (a, q) => a[0] >= q[0] && a[1] >= q[1] && a[2] <= q[2] && a[3] <= q[3],
  CONTAINS: (a, q) => q[0] >= a[0] && q[1] >= a[1] && q[2] <= a[2] && q[3] <= a[3],
  INTERSECTS: (a, q) => a[0] <= q[2] && q[0] <= a[2] && a[1] <= q[3] && q[1] <= a[3],
  DISJOINT: (a, q) => !(a[0] <= q[2] && q[0] <= a[2] && a[1] <= q[3] && q[1] <= a[3]),
}

type Random = ReturnType<typeof seeded>

function randomBox(random: Random): Box {
  const [left, bottom] = [random.below(20), random.below(20)]
  return [left, bottom, left + 1 + random.below(8), bottom + 1 + random.below(8)]
}

const randomVector = (random: Random): number[] => Array.from({ length: 3 }, () => random.below(10))

interface Part {
  readonly text: string
  readonly holds: (document: Document) => boolean
}

/** A random tree; its parameters are added to `params`. */
function randomPart(random: Random, depth: number, params: (string | Buffer)[]): Part {
  const name = (value: string | Buffer): string => {
    const key = `p${params.length}`
    params.push(key, value)
    return `$${key}`
  }
  const inner = (): Part => randomPart(random, depth - 1, params)
  if (depth > 0 && random.next() < 0.7) {
    const [a, b] = [inner(), inner()]
    return random.pick([
      () => ({ text: `(${a.text} ${b.text})`, holds: (d: Document) => a.holds(d) && b.holds(d) }),
      () => ({ text: `(${a.text} | ${b.text})`, holds: (d: Document) => a.holds(d) || b.holds(d) }),
      () => ({ text: `(${a.text} -${b.text})`, holds: (d: Document) => a.holds(d) && !b.holds(d) }),
    ])()
  }
  return random.pick([
    () => {
      const word = random.pick(WORDS)
      return { text: `@t:${word}`, holds: (d: Document) => d.words.includes(word) }
    },
    () => {
      const low = random.below(20)
      return { text: `@n:[${low} ${low + 8}]`, holds: (d: Document) => d.price >= low && d.price <= low + 8 }
    },
    () => {
      const from = randomVector(random)
      const radius = random.below(60)
      const text = `@v:[VECTOR_RANGE ${radius} ${name(blob(from))}]`
      return { text, holds: (d: Document) => distance(from, d.vector) <= radius }
    },
    () => {
      const relation = random.pick(Object.keys(RELATIONS))
      const box = randomBox(random)
      const text = `@s:[${relation} ${name(polygon(box))}]`
      return { text, holds: (d: Document) => d.box !== null && RELATIONS[relation]!(d.box, box) }
    },
  ])()
}

async function search(query: string, params: readonly (string | Buffer)[], ...options: string[]): Promise<string[]> {
  const named = params.length === 0 ? [] : ['PARAMS', String(params.length), ...params]
  const words = [...options, 'NOCONTENT', 'LIMIT', '0', '1000', 'TIMEOUT', '0', 'DIALECT', '3']
  const reply = (await server.call('FT.SEARCH', 'idx', query, ...named, ...words)) as Map<string, ReplyValue>
  return (reply.get('results') as Map<string, ReplyValue>[]).map(row => String(row.get('id')))
}

it.each(['FLAT', 'HNSW'])('words, numbers, %s vectors and shapes are found as a scan finds them', async algorithm => {
  const random = seeded(algorithm.length)
  await server.call('FLUSHALL')
  const vector = ['VECTOR', algorithm, '6', 'TYPE', 'FLOAT32', 'DIM', '3', 'DISTANCE_METRIC', 'L2']
  await server.call('FT.CREATE', 'idx', 'SCHEMA', 't', 'TEXT', 'n', 'NUMERIC', 's', 'GEOSHAPE', 'FLAT', 'v', ...vector)
  const documents = new Map<string, Document>()
  for (let step = 0; step < 260; step++) {
    const key = `d${random.below(150)}`
    const document: Document = {
      words: WORDS.filter(() => random.next() < 0.4),
      price: random.below(30),
      vector: randomVector(random),
      box: random.next() < 0.8 ? randomBox(random) : null,
    }
    documents.set(key, document)
    await server.call('DEL', key)
    const area = document.box === null ? [] : ['s', polygon(document.box)]
    const fields = ['t', document.words.join(' '), 'n', String(document.price), 'v', blob(document.vector), ...area]
    await server.call('HSET', key, ...fields)
  }
  for (let round = 0; round < 80 * ROUNDS; round++) {
    const params: (string | Buffer)[] = []
    const part = randomPart(random, 2, params)
    const wanted = [...documents].filter(([, document]) => part.holds(document))
    const found = await search(part.text, params)
    expect({ query: part.text, found: found.sort() }).toEqual({
      query: part.text,
      found: wanted.map(([key]) => key).sort(),
    })
    // The nearest of those: which of several equally far ones is chance, how far they are is not.
    const from = randomVector(random)
    const k = 1 + random.below(12)
    const near = await search(`(${part.text})=>[KNN ${k} @v $q AS far]`, [...params, 'q', blob(from)], 'SORTBY', 'far')
    const far = wanted.map(([, document]) => distance(from, document.vector)).sort((a, b) => a - b)
    expect({ query: part.text, far: near.map(key => distance(from, documents.get(key)!.vector)) }).toEqual({
      query: part.text,
      far: far.slice(0, k),
    })
    for (const key of near) expect(part.holds(documents.get(key)!)).toBe(true)
  }
})
