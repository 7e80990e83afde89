import { SeededRandom } from 'redstrata/module'
import { describe, expect, it } from 'vitest'
import type { ReplyValue } from '../../../core/resp/reader.ts'
import { makeVectorIndex } from '../../../modules/search/vector/make.ts'
import { choosePolicy } from '../../../modules/search/vector/clause.ts'
import { Spaces } from '../../../modules/search/vector/space.ts'
import { Memory } from '../../../core/memory/arena.ts'
import { serverForTest, type TestServer } from '../../support/server.ts'
import { blob, SMALL } from './support.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 400 : 30
const OPTIONS = { ...SMALL, dimensions: 3 }

function bytes(vector: readonly number[]): Buffer {
  return blob(OPTIONS, vector).buf
}

/** What a call through the server answers. */
async function asker(server: TestServer): Promise<(...words: (string | Buffer)[]) => Promise<ReplyValue>> {
  return async (...words) => server.call(words[0] as string, ...words.slice(1))
}

function entry(map: ReplyValue, name: string): ReplyValue {
  return (map as Map<ReplyValue, ReplyValue>).get(name) ?? null
}

/** Keys of a reply's rows and the number that stands under `d`. */
function rows(reply: ReplyValue): [string, number][] {
  return (entry(reply, 'results') as ReplyValue[]).map(row => [
    String(entry(row, 'id')),
    Number(entry(entry(row, 'extra_attributes'), 'd')),
  ])
}

interface Document {
  readonly key: string
  readonly vector: number[]
  readonly kind: string
  readonly size: number
}

function distance(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0)
}

describe.each(['FLAT', 'HNSW'])('queries of a %s field', algorithm => {
  it('find the nearest among the documents of a filter, by every policy', async () => {
    const server = await serverForTest()
    const ask = await asker(server)
    const schema = ['v', 'VECTOR', algorithm, '6', 'TYPE', 'FLOAT32', 'DIM', '3', 'DISTANCE_METRIC', 'L2']
    await ask('FT.CREATE', 'idx', 'SCHEMA', ...schema, 'kind', 'TAG', 'size', 'NUMERIC')
    const random = new SeededRandom(4)
    const vector = () => Array.from({ length: 3 }, () => random.below(1000) / 100)
    const documents: Document[] = []
    for (let i = 0; i < 400; i++) {
      const document = { key: `d:${i}`, vector: vector(), kind: 'abcd'[random.below(4)]!, size: random.below(100) }
      documents.push(document)
      await ask('HSET', document.key, 'v', bytes(document.vector), 'kind', document.kind, 'size', `${document.size}`)
    }
    for (let round = 0; round < ROUNDS; round++) {
      const k = 1 + random.below(30)
      const most = random.below(100)
      const from = vector()
      const expected = documents
        .filter(document => document.kind !== 'a' && document.size <= most)
        .map(document => distance(from, document.vector))
        .sort((a, b) => a - b)
        .slice(0, k)
      for (const policy of [
        '',
        'HYBRID_POLICY ADHOC_BF',
        'HYBRID_POLICY BATCHES',
        `BATCH_SIZE ${1 + random.below(50)}`,
      ]) {
        const query = `(@kind:{b|c|d} @size:[0 ${most}])=>[KNN ${k} @v $q ${policy} AS d]`
        const options = [
          'PARAMS',
          '2',
          'q',
          bytes(from),
          'SORTBY',
          'd',
          'LIMIT',
          '0',
          '100',
          'RETURN',
          '1',
          'd',
          'DIALECT',
          '2',
        ]
        const found = rows(await ask('FT.SEARCH', 'idx', query, ...options)).map(row => row[1])
        expect(found.length).toBe(expected.length)
        for (const [i, away] of found.entries()) expect(Math.abs(away - expected[i]!)).toBeLessThan(1e-3)
      }
    }
  })

  it('find a document by the nearest of its vectors', async () => {
    const server = await serverForTest()
    const ask = await asker(server)
    const schema = ['VECTOR', algorithm, '6', 'TYPE', 'FLOAT32', 'DIM', '2', 'DISTANCE_METRIC', 'L2']
    await ask('FT.CREATE', 'idx', 'ON', 'JSON', 'SCHEMA', '$.v[*]', 'AS', 'v', ...schema)
    await ask('JSON.SET', 'j:1', '$', '{"v":[[9,9],[1,0],[5,5]]}')
    await ask('JSON.SET', 'j:2', '$', '{"v":[[0,2]]}')
    await ask('JSON.SET', 'j:3', '$', '{"v":[[1,2],[1]]}')
    await ask('JSON.SET', 'j:4', '$', '{"v":[]}')
    const query = Buffer.alloc(8)
    const options = ['PARAMS', '2', 'q', query, 'SORTBY', 'd', 'RETURN', '1', 'd', 'DIALECT', '2']
    const search = async (text: string) => rows(await ask('FT.SEARCH', 'idx', text, ...options))
    expect(await search('*=>[KNN 3 @v $q AS d]')).toEqual([
      ['j:1', 1],
      ['j:2', 4],
    ])
    expect(await search('@v:[VECTOR_RANGE 2 $q]=>{$YIELD_DISTANCE_AS: d}')).toEqual([['j:1', 1]])
    await ask('JSON.DEL', 'j:1', '$.v[1]')
    expect(await search('*=>[KNN 1 @v $q AS d]')).toEqual([['j:2', 4]])
    await ask('FLUSHALL')
  })

  it('refuse what a clause does not know', async () => {
    const server = await serverForTest()
    const ask = await asker(server)
    const schema = ['VECTOR', algorithm, '6', 'TYPE', 'FLOAT32', 'DIM', '2', 'DISTANCE_METRIC', 'L2']
    await ask('FT.CREATE', 'idx', 'SCHEMA', 'v', ...schema, 't', 'TEXT')
    const error = async (query: string) =>
      String(
        await ask('FT.SEARCH', 'idx', query, 'PARAMS', '2', 'q', Buffer.alloc(8), 'DIALECT', '2').catch(e => e.message),
      )
    const prefix = 'Error parsing vector similarity parameters: '
    const notHybrid = `${prefix}hybrid query attributes were sent for a non-hybrid query`
    expect(await error('*=>[KNN 2 @v $q BATCH_SIZE 9]')).toBe(notHybrid)
    expect(await error('@v:[VECTOR_RANGE 2 $q]=>{$HYBRID_POLICY: BATCHES}')).toBe(notHybrid)
    expect(await error('*=>[KNN 2 @v $q WHAT 9]')).toBe(`${prefix}Invalid option`)
    const both = '@t:x=>[KNN 2 @v $q HYBRID_POLICY ADHOC_BF BATCH_SIZE 9]'
    await ask('HSET', 'd', 't', 'x')
    expect(await error(both)).toBe(`${prefix}'batch size' is irrelevant for 'ADHOC_BF' policy`)
    if (algorithm === 'FLAT') return
    expect(await error('*=>[KNN 2 @v $q EF_RUNTIME 0]')).toBe(`${prefix}Invalid value was given`)
    expect(await error('*=>[KNN 2 @v $q EF_RUNTIME 9 ef_runtime 8]')).toBe(`${prefix}Parameter was specified twice`)
    expect(await error('*=>[KNN 2 @v $q EPSILON 1]')).toBe(
      `${prefix}range query attributes were sent for a non-range query`,
    )
  })
})

it('a JSON document has 4,096 vectors at most', async () => {
  const ask = await asker(await serverForTest())
  const options = 'VECTOR FLAT 6 TYPE FLOAT32 DIM 1 DISTANCE_METRIC L2'
  await ask(...`FT.CREATE idx ON JSON SCHEMA $.v[*] AS v ${options}`.split(' '))
  const json = (count: number, value: number) => JSON.stringify({ v: Array.from({ length: count }, () => [value]) })
  const found = async () => entry(await ask('FT.SEARCH', 'idx', '*', 'NOCONTENT'), 'total_results')
  for (const value of [1, 2]) await ask('JSON.SET', 'd', '$', json(4096, value))
  expect(await found()).toBe(1)
  await ask('JSON.SET', 'd', '$', json(4097, 1))
  expect(await found()).toBe(0)
  expect(entry(entry(await ask('FT.INFO', 'idx'), 'Index Errors'), 'last indexing error')).toBe(
    'Too many vectors: 4097',
  )
})

it('FT.CREATE refuses room for more vectors than there can be', async () => {
  const server = await serverForTest()
  const ask = await asker(server)
  const schema = ['v', 'VECTOR', 'FLAT', '8', 'TYPE', 'FLOAT32', 'DIM', '1024', 'DISTANCE_METRIC', 'L2']
  await expect(ask('FT.CREATE', 'idx', 'SCHEMA', ...schema, 'INITIAL_CAP', '2000000')).rejects.toThrow(
    'Vector index initial capacity 2000000 exceeded server limit (1048576 with the given parameters)',
  )
  expect(await ask('FT.CREATE', 'idx', 'SCHEMA', ...schema, 'INITIAL_CAP', '1000000')).toBe('OK')
  const links = ['w', 'VECTOR', 'HNSW', '8', 'TYPE', 'FLOAT32', 'DIM', '2', 'DISTANCE_METRIC', 'L2', 'M', '40000']
  await expect(ask('FT.ALTER', 'idx', 'SCHEMA', 'ADD', ...links)).rejects.toThrow('outside acceptable bounds')
})

describe('random clauses', () => {
  it('are answered or refused, and the server goes on', async () => {
    const server = await serverForTest()
    const ask = await asker(server)
    const flat = ['f', 'VECTOR', 'FLAT', '6', 'TYPE', 'FLOAT32', 'DIM', '2', 'DISTANCE_METRIC', 'COSINE']
    const graph = ['h', 'VECTOR', 'HNSW', '6', 'TYPE', 'FLOAT16', 'DIM', '4', 'DISTANCE_METRIC', 'IP']
    await ask('FT.CREATE', 'idx', 'SCHEMA', ...flat, ...graph, 't', 'TEXT')
    const random = new SeededRandom(77)
    const pick = <T>(list: readonly T[]): T => list[random.below(list.length)]!
    const anyBlob = (): Buffer => {
      const bytes = Buffer.alloc(random.below(6) > 0 ? 8 : random.below(12))
      random.bytes(bytes)
      return bytes
    }
    const odd = ['0', '1000000000', '-1', '1.5', 'nan', 'inf', '$n', '$q', 'x']
    const number = () => (random.below(4) > 0 ? String(1 + random.below(9)) : pick(odd))
    const word = () =>
      pick(['KNN', 'VECTOR_RANGE', '@f', '@h', '@t', '$q', 'AS', 'EF_RUNTIME', 'BATCH_SIZE', 'HYBRID_POLICY'])
    const parameter = () =>
      `${pick(['EF_RUNTIME', 'EPSILON', 'BATCH_SIZE', 'HYBRID_POLICY', 'AS', word()])} ${number()}`
    const clause = () => {
      const filter = pick(['*', 't1', '(t1|t2)', '-t1', '@f:[VECTOR_RANGE 1 $q]'])
      if (random.below(3) === 0)
        return `@${pick(['f', 'h'])}:[VECTOR_RANGE ${number()} $q]=>{$${parameter().replace(' ', ': ')}}`
      return `${filter}=>[${random.below(8) > 0 ? 'KNN' : word()} ${number()} ${random.below(8) > 0 ? pick(['@f', '@h']) : word()} $q ${random.below(3) > 0 ? '' : parameter()}]`
    }
    let answered = 0
    for (let round = 0; round < ROUNDS * 20; round++) {
      await ask('HSET', `d:${random.below(60)}`, pick(['f', 'h']), anyBlob(), 't', pick(['t1', 't2']))
      const options = ['PARAMS', '4', 'q', anyBlob(), 'n', pick(['2', '-1', '']), 'DIALECT', '2']
      const command = pick(['FT.SEARCH', 'FT.SEARCH', 'FT.AGGREGATE'])
      await ask(command, 'idx', clause(), ...options).then(
        () => answered++,
        () => {},
      )
      if (round % 50 === 0) await ask('DEL', ...Array.from({ length: 30 }, () => `d:${random.below(60)}`))
    }
    expect(answered).toBeGreaterThan(ROUNDS)
    expect(await ask('PING')).toBe('PONG')
  })
})

describe('the planner', () => {
  it('measures the documents of a narrow filter, and asks a wide one about the nearest', () => {
    const memory = new Memory()
    const options = { ...SMALL, dimensions: 1 }
    const index = makeVectorIndex(memory, new Spaces(memory), options)
    for (let i = 1; i <= 5000; i++) index.set(i, { bytes: blob(options, [i]), count: 1 })
    expect(choosePolicy(index, 10, 10, 50)).toBe('ADHOC_BF')
    expect(choosePolicy(index, 10, 10, 4500)).toBe('BATCHES')
    expect(choosePolicy(index, 3000, 10, 4500)).toBe('ADHOC_BF')
  })
})

it('what an index of vectors held is given back when it goes', async () => {
  const server = await serverForTest()
  const ask = await asker(server)
  const held = () => server.server.keyspace.memory.used[2]!
  const before = held()
  const schema = ['VECTOR', 'HNSW', '6', 'TYPE', 'FLOAT32', 'DIM', '3', 'DISTANCE_METRIC', 'COSINE']
  await ask('FT.CREATE', 'idx', 'SCHEMA', 'v', ...schema)
  for (let i = 0; i < 100; i++) await ask('HSET', `d:${i}`, 'v', bytes([i, 1, 2]))
  expect(held()).toBeGreaterThan(before + 65536)
  expect(Number(entry(await ask('FT.INFO', 'idx'), 'vector_index_sz_mb'))).toBeGreaterThan(0.06)
  await ask('FT.DROPINDEX', 'idx')
  // It goes in slices.
  await expect.poll(held, { timeout: 60_000 }).toBe(before)
})
