/* The typed commands of node-redis over JSON, time series and sketches: what it makes of the replies, in both protocols. */

import { createClient } from 'redis'
import { expect, it } from 'vitest'
import { serverForTest } from '../support/server.ts'

async function clientOf(port: number, RESP: 2 | 3) {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, RESP })
  await client.connect()
  return client
}

type Client = Awaited<ReturnType<typeof clientOf>>

/** Maps as plain objects, which compare by what they hold. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, part) => (part instanceof Map ? Object.fromEntries(part) : part)))
}

async function series({ ts }: Client): Promise<unknown[]> {
  await ts.create('a', { LABELS: { room: 'study' }, DUPLICATE_POLICY: 'LAST' })
  await ts.create('b')
  await ts.createRule('a', 'b', 'AVG', 1000)
  const samples = [
    { key: 'a', timestamp: 1000, value: 1.5 },
    { key: 'a', timestamp: 2000, value: 0.25 },
    { key: 'a', timestamp: 3000, value: 3 },
  ]
  return [
    await ts.mAdd(samples),
    await ts.range('a', '-', '+', { AGGREGATION: { type: 'MAX', timeBucket: 2000 }, COUNT: 2 }),
    await ts.revRange('b', '-', '+'),
    await ts.mRangeWithLabels('-', '+', ['room=study'], { COUNT: 1 }),
    await ts.mRangeGroupBy('-', '+', ['room=study'], { label: 'room', REDUCE: 'MAX' }),
    await ts.mGetWithLabels(['room=study']),
    await ts.get('b'),
    await ts.queryIndex('room=study'),
    (await ts.info('a')).rules,
    await ts.del('a', 1000, 1000),
  ]
}

async function documents({ json }: Client): Promise<unknown[]> {
  return [
    await json.set('d', '$', { list: [1, 2, { b: 3.5 }], text: 'x' }),
    await json.get('d', { path: '$.list' }),
    await json.get('d'),
    await json.mGet(['d', 'missing'], '$.text'),
    await json.numIncrBy('d', '$.list[0]', 3),
    await json.type('d', { path: '$.list' }),
    await json.arrPop('d', { path: '$.list', index: 0 }),
    await json.arrAppend('d', '$.list', 'z', null),
    await json.arrIndex('d', '$.list', 'z'),
    await json.objKeys('d'),
    await json.strAppend('d', 'yz', { path: '$.text' }),
    await json.merge('d', '$', { more: true }),
    await json.toggle('d', '$.more'),
    await json.del('d', { path: '$.more' }),
  ]
}

async function sketches({ bf, cf, cms, topK, tDigest }: Client): Promise<unknown[]> {
  await bf.reserve('bf', 0.01, 100)
  await cms.initByDim('cms', 100, 5)
  await topK.reserve('topk', 3)
  await tDigest.create('digest')
  await tDigest.add('digest', [1, 2, 3, 4])
  return [
    await bf.mAdd('bf', ['a', 'b', 'a']),
    await bf.mExists('bf', ['a', 'q']),
    (await bf.info('bf'))['Number of items inserted'],
    await cf.insert('cf', ['a', 'b']),
    await cf.del('cf', 'a'),
    (await cf.info('cf'))['Number of items deleted'],
    await cms.incrBy('cms', { item: 'x', incrementBy: 3 }),
    await cms.info('cms'),
    await topK.add('topk', ['a', 'b', 'a']),
    await topK.listWithCount('topk'),
    await tDigest.quantile('digest', [0.5, 1]),
    await tDigest.rank('digest', [3]),
    await tDigest.trimmedMean('digest', 0, 1),
    await tDigest.min('digest'),
  ]
}

const at = (timestamp: number, value: number) => ({ timestamp, value })

it.each([2, 3] as const)('node-redis reads the replies of all modules in RESP%i', async RESP => {
  const server = await serverForTest()
  const client = await clientOf(server.port, RESP)
  try {
    expect(plain(await series(client))).toEqual([
      [1000, 2000, 3000],
      [at(0, 1.5), at(2000, 3)],
      [at(2000, 0.25), at(1000, 1.5)],
      { a: { labels: { room: 'study' }, samples: [at(1000, 1.5)] } },
      { 'room=study': { samples: [at(1000, 1.5), at(2000, 0.25), at(3000, 3)] } },
      { a: { labels: { room: 'study' }, sample: at(3000, 3) } },
      at(2000, 0.25),
      ['a'],
      [{ key: 'b', timeBucket: 1000, aggregationType: 'AVG' }],
      1,
    ])
    expect(plain(await documents(client))).toEqual([
      'OK',
      [[1, 2, { b: 3.5 }]],
      { list: [1, 2, { b: 3.5 }], text: 'x' },
      [['x'], null],
      [4],
      ['array'],
      [4],
      [4],
      [2],
      ['list', 'text'],
      [3],
      'OK',
      [0],
      1,
    ])
    expect(plain(await sketches(client))).toEqual([
      [true, true, false],
      [true, false],
      2,
      [true, true],
      true,
      1,
      [3],
      { width: 100, depth: 5, count: 3 },
      [null, null, null],
      [
        { item: 'a', count: 2 },
        { item: 'b', count: 1 },
      ],
      [3, 4],
      [2],
      2.5,
      1,
    ])
  } finally {
    client.destroy()
  }
})
