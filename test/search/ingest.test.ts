import { describe, expect, it } from 'vitest'
import type { ReplyValue } from '../../core/index.ts'
import { testClock } from '../../core/index.ts'
import { serverForTest, type TestServer } from '../support/server.ts'
import { ROUNDS, seeded } from './support/random.ts'

type Random = ReturnType<typeof seeded>
type Info = Map<string, ReplyValue>

const WORDS = ['ant', 'bee', 'cat', 'dog', 'elk']
const KEYS = Array.from({ length: 30 }, (_, i) => `${['d:', 'e:', 'x:'][i % 3]}${Math.floor(i / 3)}`)

const HASH_INDEX = 'FT.CREATE h PREFIX 2 d: e: SCHEMA t TEXT NOSTEM n NUMERIC SORTABLE g TAG m TAG INDEXMISSING'
const JSON_INDEX =
  'FT.CREATE j ON JSON PREFIX 2 d: e: SCHEMA $.t AS t TEXT NOSTEM $.n AS n NUMERIC SORTABLE $.g[*] AS g TAG $.m AS m TAG INDEXMISSING'

/** A document as it is under its key. */
interface Document {
  readonly texts: readonly string[]
  readonly number: number | null
  readonly tags: readonly string[]
  readonly hasM: boolean
}

/** One random change of a key, as a command. */
function change(random: Random): string[] {
  const key = random.pick(KEYS)
  const word = () => random.pick(WORDS)
  const json = () =>
    JSON.stringify({
      t: `${word()} ${word()}`,
      n: random.below(20),
      g: [word(), word()],
      ...(random.next() < 0.5 && { m: 'x' }),
    })
  return random.pick<() => string[]>([
    () => [
      'HSET',
      key,
      't',
      `${word()} ${word()}`,
      'n',
      String(random.below(20)),
      'g',
      `${word()},${word()}`,
      'm',
      'x',
    ],
    () => ['HSET', key, 't', `${word()}, ${word()}`],
    () => ['HSET', key, 'n', String(random.below(20))],
    () => ['HSET', key, 'n', 'no number'],
    () => ['HSET', key, 'g', word(), 'other', word()],
    () => ['HSET', key, 'other', word()],
    () => ['HINCRBY', key, 'n', '1'],
    () => ['HDEL', key, random.pick(['t', 'n', 'g', 'm', 'other'])],
    () => ['HPEXPIRE', key, '50', 'FIELDS', '1', random.pick(['t', 'm'])],
    () => ['PEXPIRE', key, '100'],
    () => ['DEL', key],
    () => ['RENAME', key, random.pick(KEYS)],
    () => ['COPY', key, random.pick(KEYS), 'REPLACE'],
    () => ['SET', key, word()],
    () => ['JSON.SET', key, '$', json()],
    () => ['JSON.SET', key, '$', json()],
    () => ['JSON.SET', key, '$.n', String(random.below(20))],
    () => ['JSON.SET', key, '$.t', JSON.stringify(word())],
    () => ['JSON.SET', key, '$.other', '1'],
    () => ['JSON.ARRAPPEND', key, '$.g', JSON.stringify(word())],
    () => ['JSON.DEL', key, random.pick(['$.t', '$.n', '$.g', '$.m', '$'])],
  ])()
}

/** What the keys hold that an index of hashes, or of JSON documents, takes in. */
async function documents(server: TestServer, type: string): Promise<Map<string, Document>> {
  const found = new Map<string, Document>()
  for (const key of KEYS.filter(name => !name.startsWith('x:'))) {
    if ((await server.call('TYPE', key)) !== type) continue
    const document = type === 'hash' ? hashDocument(await server.call('HGETALL', key)) : await jsonDocument(server, key)
    if (document !== null) found.set(key, document)
  }
  return found
}

function hashDocument(reply: ReplyValue): Document | null {
  const fields = reply as Map<string, string>
  const number = fields.get('n')
  if (number !== undefined && !/^-?\d+$/.test(number)) return null
  return {
    texts: fields.has('t') ? fields.get('t')!.split(/[ ,]+/) : [],
    number: number === undefined ? null : Number(number),
    tags: fields.get('g')?.split(',') ?? [],
    hasM: fields.has('m'),
  }
}

async function jsonDocument(server: TestServer, key: string): Promise<Document> {
  const { t, n, g, m } = JSON.parse(String(await server.call('JSON.GET', key)))
  return { texts: t?.split(' ') ?? [], number: n ?? null, tags: g ?? [], hasM: m !== undefined }
}

async function search(server: TestServer, index: string, query: string): Promise<string[]> {
  const reply = (await server.call('FT.SEARCH', index, query, 'NOCONTENT', 'LIMIT', '0', '100', 'DIALECT', '2')) as Info
  return (reply.get('results') as Info[]).map(result => String(result.get('id'))).sort()
}

async function check(server: TestServer, index: string, type: string): Promise<void> {
  const all = [...(await documents(server, type))]
  const keys = (test: (document: Document) => boolean) =>
    all
      .filter(([, d]) => test(d))
      .map(([key]) => key)
      .sort()
  const wanted: Record<string, string[]> = {
    '*': keys(() => true),
    '@n:[5 12]': keys(d => d.number !== null && d.number >= 5 && d.number <= 12),
    'ismissing(@m)': keys(d => !d.hasM),
  }
  for (const word of WORDS) {
    wanted[word] = keys(d => d.texts.includes(word))
    wanted[`@g:{${word}}`] = keys(d => d.tags.includes(word))
  }
  const got: Record<string, string[]> = {}
  for (const query of Object.keys(wanted)) got[query] = await search(server, index, query)
  expect(got).toEqual(wanted)
}

async function run(seed: number): Promise<void> {
  const random = seeded(seed)
  const clock = testClock()
  const server = await serverForTest({ clock })
  await server.call(...HASH_INDEX.split(' '))
  await server.call(...JSON_INDEX.split(' '))
  for (let step = 0; step < 250; step++) {
    // Refusals are part of it: a command on the wrong type changes nothing.
    await server.call(...change(random)).catch(() => {})
    if (random.next() < 0.05) clock.advance(60)
    if (step % 25 !== 24) continue
    await check(server, 'h', 'hash')
    await check(server, 'j', 'ReJSON-RL')
  }
}

/** Let the turns of the loop go by until something holds, or for a thousand of them. */
async function turns(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1000 && !(await holds()); turn++) await new Promise(resolve => setImmediate(resolve))
}

describe('indexes', () => {
  it('hold what the keys hold, through every kind of change', async () => {
    for (let seed = 1; seed <= 2 * ROUNDS; seed++) await run(seed)
  })

  it('keep the number of a document whose text did not change', async () => {
    const server = await serverForTest()
    await server.call(...HASH_INDEX.split(' '))
    const last = async () => ((await server.call('FT.INFO', 'h')) as Info).get('max_doc_id')
    await server.call('HSET', 'd:1', 't', 'ant', 'n', '1')
    for (const n of ['2', '3', '4']) await server.call('HSET', 'd:1', 'n', n, 'g', 'a,b', 'other', n)
    await server.call('RENAME', 'd:1', 'e:1')
    expect(await last()).toBe(1)
    expect(await search(server, 'h', '@n:[4 4] @g:{b} ant')).toEqual(['e:1'])
    await server.call('HSET', 'e:1', 't', 'bee')
    expect(await last()).toBe(2)
  })

  it('sweep up what died, and give everything back when they are dropped', async () => {
    const server = await serverForTest()
    const info = async (name: string) => ((await server.call('FT.INFO', 'h')) as Info).get(name)
    for (let i = 0; i < 200; i++) await server.call('HSET', `d:${i}`, 't', 'ant bee')
    const { memory } = server.server.engine.keyspace
    const before = memory.usedBytes
    await server.call(...HASH_INDEX.split(' '))
    for (let round = 0; round < 20; round++)
      for (let i = 0; i < 200; i++) await server.call('HSET', `d:${i}`, 't', `cat w${round}`)
    await turns(() => info('num_records').then(count => Number(count) <= 1000))
    expect(await search(server, 'h', 'w3')).toEqual([])
    expect((await search(server, 'h', 'w19')).length).toBe(100)
    for (let i = 0; i < 200; i++) await server.call('HSET', `d:${i}`, 't', 'ant bee')
    await server.call('FT.DROPINDEX', 'h')
    await turns(async () => memory.usedBytes <= before)
    expect(memory.usedBytes).toBe(before)
  })

  it('sweep up the last few dead when nothing dies for a while', async () => {
    const clock = testClock()
    const server = await serverForTest({ clock })
    const records = async () => Number(((await server.call('FT.INFO', 'h')) as Info).get('num_records'))
    await server.call(...HASH_INDEX.split(' '))
    for (let i = 0; i < 400; i++) await server.call('HSET', `d:${i}`, 't', 'ant bee')
    const before = await records()
    await server.call('HSET', 'd:7', 't', 'ant cat')
    await server.call('DEL', 'd:9')
    expect(await records()).toBe(before + 2)
    for (const ms of [600, 1000]) {
      clock.advance(ms)
      await turns(async () => (await records()) < before)
      expect(await records()).toBe(before + 2)
    }
    clock.advance(5000)
    await turns(async () => (await records()) < before)
    expect(await records()).toBe(before - 2)
    expect((await search(server, 'h', 'bee')).length).toBe(100)
    expect(await search(server, 'h', 'cat')).toEqual(['d:7'])
  })

  it('may go with all their documents, while others are served', async () => {
    const server = await serverForTest()
    await server.call(...HASH_INDEX.split(' '))
    for (let i = 0; i < 20_000; i++) await server.call('HSET', `d:${i}`, 't', 'ant')
    await server.call('SET', 'd:0', 'no document any more')
    const [dropping, asking] = [await server.connect(), await server.connect()]
    const dropped = dropping.call('FT.DROPINDEX', 'h', 'DD')
    // The index is gone at once, the keys in turn.
    let answers = 0
    for (; (await server.call('DBSIZE')) !== 1; answers++) await asking.call('PING')
    expect(await dropped).toMatchObject({ text: 'OK' })
    expect(answers).toBeGreaterThan(1)
    expect(await server.call('GET', 'd:0')).toBe('no document any more')
  })

  it('of few texts do not grow beyond 32 of them, unless they were made for it', async () => {
    const server = await serverForTest()
    const texts = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => [`t${from + i}`, 'TEXT']).flat()
    await server.call('FT.CREATE', 'narrow', 'SCHEMA', ...texts(0, 30))
    await server.call('FT.CREATE', 'wide', 'MAXTEXTFIELDS', 'SCHEMA', ...texts(0, 30))
    await server.call('FT.ALTER', 'narrow', 'SCHEMA', 'ADD', ...texts(30, 2))
    await expect(server.call('FT.ALTER', 'narrow', 'SCHEMA', 'ADD', ...texts(32, 1))).rejects.toThrow(
      'Cannot add more fields',
    )
    expect(await server.call('FT.ALTER', 'wide', 'SCHEMA', 'ADD', ...texts(30, 9))).toBe('OK')
    await server.call('HSET', 'k', 't38', 'ant')
    expect(await search(server, 'wide', '@t38:ant')).toEqual(['k'])
  })

  it('are filled in the background, and tell how far they are', async () => {
    const server = await serverForTest()
    for (let i = 0; i < 3000; i++) await server.call('HSET', `d:${i}`, 't', 'ant')
    await server.call(...HASH_INDEX.split(' '))
    const info = (await server.call('FT.INFO', 'h')) as Info
    expect([info.get('indexing'), info.get('percent_indexed')]).toEqual([1, 0])
    // A document that changes meanwhile is in the index at once, and only once at the end.
    await server.call('HSET', 'd:7', 't', 'bee')
    expect(await search(server, 'h', 'bee')).toEqual(['d:7'])
    await turns(async () => ((await server.call('FT.INFO', 'h')) as Info).get('indexing') === 0)
    const after = (await server.call('FT.INFO', 'h')) as Info
    expect([after.get('indexing'), after.get('percent_indexed'), after.get('num_docs')]).toEqual([0, 1, 3000])
  })

  it('go along with keys that are moved, exchanged, restored, emptied and evicted', async () => {
    const server = await serverForTest()
    const count = async () => Number(((await server.call('FT.INFO', 'h')) as Info).get('num_docs'))
    await server.call(...HASH_INDEX.split(' '))
    await server.call('HSET', 'd:1', 't', 'ant bee', 'n', '1')
    await server.call('HSET', 'd:2', 't', 'ant', 'n', '2')
    // A restored key is a document, one that is replaced is another, and what is no hash any more is none.
    const script = "return redis.call('RESTORE', KEYS[2], 0, redis.call('DUMP', KEYS[1]), 'REPLACE')"
    await server.call('EVAL', script, '2', 'd:1', 'd:3')
    expect(await search(server, 'h', 'bee')).toEqual(['d:1', 'd:3'])
    await server.call('EVAL', script, '2', 'd:2', 'd:3')
    expect(await search(server, 'h', 'bee')).toEqual(['d:1'])
    await server.call('SUNIONSTORE', 'd:2', 'nothing')
    expect(await search(server, 'h', 'ant')).toEqual(['d:1', 'd:3'])
    await server.call('SADD', 'members', 'x')
    await server.call('SUNIONSTORE', 'd:3', 'members')
    expect(await search(server, 'h', 'ant')).toEqual(['d:1'])
    // Every database is followed, so a key that moves is the same document.
    await server.call('MOVE', 'd:1', '1')
    expect(await search(server, 'h', 'bee')).toEqual(['d:1'])
    await server.call('SWAPDB', '0', '1')
    expect(await server.call('EXISTS', 'd:1')).toBe(1)
    expect(await search(server, 'h', '@n:[1 1] bee')).toEqual(['d:1'])
    await server.call('UNLINK', 'd:1')
    expect(await count()).toBe(0)
    // Names that no other database has: what is evicted there would count here.
    for (let i = 10; i < 60; i++) await server.call('HSET', `d:${i}`, 't', 'ant', 'big', 'x'.repeat(2000))
    await server.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-random')
    await server.call('CONFIG', 'SET', 'maxmemory', '1')
    await server.call('SET', 'other', '1').catch(() => {})
    await server.call('CONFIG', 'SET', 'maxmemory', '0')
    const left = Number(await server.call('DBSIZE'))
    expect(left).toBeLessThan(50)
    expect(await count()).toBe(((await server.call('KEYS', 'd:*')) as string[]).length)
  })

  it('lose a field when its time has come, and know no more of it', async () => {
    const clock = testClock()
    const server = await serverForTest({ clock })
    await server.call(...HASH_INDEX.split(' '))
    await server.call('HSET', 'd:1', 't', 'ant', 'n', '1', 'm', 'x')
    await server.call('HPEXPIRE', 'd:1', '50', 'FIELDS', '2', 't', 'm')
    expect(await search(server, 'h', 'ant')).toEqual(['d:1'])
    clock.advance(60)
    await turns(async () => (await search(server, 'h', 'ant')).length === 0)
    expect(await search(server, 'h', 'ant')).toEqual([])
    expect(await search(server, 'h', 'ismissing(@m)')).toEqual(['d:1'])
    expect(await search(server, 'h', '@n:[1 1]')).toEqual(['d:1'])
    await server.call('HPEXPIRE', 'd:1', '50', 'FIELDS', '1', 'n')
    clock.advance(60)
    await turns(async () => (await search(server, 'h', '*')).length === 0)
    expect(await search(server, 'h', '*')).toEqual([])
  })

  it('are filled while keys change under the scan', async () => {
    const random = seeded(5)
    const server = await serverForTest()
    const texts = new Map<string, string>()
    for (let i = 0; i < 3000; i++) {
      texts.set(`d:${i}`, random.pick(WORDS))
      await server.call('HSET', `d:${i}`, 't', texts.get(`d:${i}`)!)
    }
    await server.call(...HASH_INDEX.split(' '))
    const isScanning = async () => ((await server.call('FT.INFO', 'h')) as Info).get('indexing') === 1
    for (let i = 0; i < 600 || (await isScanning()); i++) {
      const key = `d:${random.below(3300)}`
      const kind = random.next()
      if (kind < 0.3) {
        await server.call('DEL', key)
        texts.delete(key)
      } else if (kind < 0.4 && texts.has(key)) {
        const to = `d:${random.below(3300)}`
        await server.call('RENAME', key, to)
        const text = texts.get(key)!
        texts.delete(key)
        texts.set(to, text)
      } else {
        texts.set(key, random.pick(WORDS))
        await server.call('HSET', key, 't', texts.get(key)!)
      }
      if (i % 20 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    for (const word of WORDS) {
      const reply = (await server.call('FT.SEARCH', 'h', word, 'NOCONTENT', 'LIMIT', '0', '4000')) as Info
      const found = (reply.get('results') as Info[]).map(row => String(row.get('id')))
      expect(found.sort()).toEqual(
        [...texts]
          .filter(([, text]) => text === word)
          .map(([key]) => key)
          .sort(),
      )
    }
  })

  it('end with the keys when a temporary index is not asked for a while', async () => {
    const clock = testClock()
    const server = await serverForTest({ clock })
    await server.call(...'FT.CREATE tmp TEMPORARY 60 PREFIX 1 d: SCHEMA t TEXT'.split(' '))
    await server.call('HSET', 'd:1', 't', 'ant')
    clock.advance(50_000)
    expect(await search(server, 'tmp', 'ant')).toEqual(['d:1'])
    clock.advance(50_000)
    expect(await server.call('EXISTS', 'd:1')).toBe(1)
    clock.advance(20_000)
    await turns(async () => (await server.call('EXISTS', 'd:1')) === 0)
    expect(await server.call('EXISTS', 'd:1')).toBe(0)
    await expect(server.call('FT.INFO', 'tmp')).rejects.toThrow('Unknown index name')
  })
})
