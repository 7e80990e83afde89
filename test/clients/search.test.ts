/* The typed search commands of node-redis in both protocols, and its client-side cache. */

import { createClient } from 'redis'
import { expect, it } from 'vitest'
import { serverForTest } from '../support/server.ts'

async function clientOf(port: number, RESP: 2 | 3) {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, RESP })
  await client.connect()
  return client
}

type Client = Awaited<ReturnType<typeof clientOf>>

const vector = (...numbers: number[]): Buffer => Buffer.from(new Float32Array(numbers).buffer)

async function fill(client: Client): Promise<void> {
  await client.ft.create(
    'people',
    {
      name: { type: 'TEXT', SORTABLE: true },
      age: { type: 'NUMERIC', SORTABLE: true },
      team: { type: 'TAG' },
      taste: { type: 'VECTOR', ALGORITHM: 'HNSW', TYPE: 'FLOAT32', DIM: 2, DISTANCE_METRIC: 'L2' },
    },
    { ON: 'HASH', PREFIX: 'person:' },
  )
  await client.hSet('person:1', { name: 'Ada Lovelace', age: 36, team: 'maths,engines', taste: vector(0, 1) })
  await client.hSet('person:2', { name: 'Alan Turing', age: 41, team: 'maths', taste: vector(3, 1) })
  await client.ft.create('plans', { '$.title': { type: 'TEXT', AS: 'title' } }, { ON: 'JSON', PREFIX: 'plan:' })
  await client.json.set('plan:1', '$', { title: 'analytical engine' })
}

const idsOf = (found: { documents: { id: string }[] }): string[] => found.documents.map(({ id }) => id)

it.each([2, 3] as const)('node-redis searches in RESP%i', async RESP => {
  const server = await serverForTest()
  const client = await clientOf(server.port, RESP)
  try {
    await fill(client)
    const { ft } = client
    const found = await ft.search('people', '@name:al* @age:[40 50]')
    expect(found.total).toBe(1)
    expect(found.documents[0]).toMatchObject({ id: 'person:2', value: { name: 'Alan Turing', age: '41' } })
    expect(idsOf(await ft.search('people', '@team:{maths}', { SORTBY: { BY: 'age', DIRECTION: 'DESC' } }))).toEqual([
      'person:2',
      'person:1',
    ])
    const near = { PARAMS: { v: vector(0, 0) }, SORTBY: 'far', RETURN: ['far'], DIALECT: 2 as const }
    const nearest = await ft.search('people', '*=>[KNN 1 @taste $v AS far]', near)
    expect(nearest.documents[0]).toMatchObject({ id: 'person:1', value: { far: '1' } })
    const plans = await ft.search('plans', 'engines')
    expect(plans.documents[0]).toMatchObject({ id: 'plan:1', value: { title: 'analytical engine' } })
    const groups = await ft.aggregate('people', '*', {
      STEPS: [{ type: 'GROUPBY', properties: '@team', REDUCE: { type: 'AVG', property: '@age', AS: 'mean' } }],
    })
    expect(groups.results.map(row => ({ ...row }))).toContainEqual({ team: 'maths', mean: '41' })
    expect(await ft.info('people')).toMatchObject({ index_name: 'people', num_docs: 2 })
    expect((await ft._list()).sort()).toEqual(['people', 'plans'])
    expect(await ft.sugAdd('names', 'Ada', 1)).toBe(1)
    expect(await ft.sugGet('names', 'a')).toEqual(['Ada'])
    expect((await ft.spellCheck('people', 'turring'))[0]).toMatchObject({ term: 'turring' })
    await ft.dropIndex('people', { DD: true })
    expect(await client.exists('person:1')).toBe(0)
  } finally {
    client.destroy()
  }
})

it('node-redis keeps what it read until it is told that it changed', async () => {
  const server = await serverForTest()
  const cache = { ttl: 0, maxEntries: 0, evictPolicy: 'LRU' as const }
  const client = createClient({ url: `redis://127.0.0.1:${server.port}`, RESP: 3, clientSideCache: cache })
  await client.connect()
  try {
    await server.call('SET', 'k', 'old')
    expect([await client.get('k'), await client.get('k')]).toEqual(['old', 'old'])
    const calls = String(await server.call('INFO', 'commandstats'))
    expect(calls).toContain('cmdstat_get:calls=1,')
    await server.call('SET', 'k', 'new')
    await client.ping()
    expect(await client.get('k')).toBe('new')
  } finally {
    client.destroy()
  }
})
