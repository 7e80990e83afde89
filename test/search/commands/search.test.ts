import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, systemClock } from '../../../core/base/clock.ts'
import type { ReplyValue } from '../../../core/resp/reader.ts'
import { serverForFile, type TestServer } from '../../support/server.ts'
import { printReply } from '../../support/transcript/reply.ts'
import { matches, type NaiveDocument } from '../support/naive.ts'
import { ROUNDS, seeded } from '../support/random.ts'
import { parse, randomDocument, randomQuery } from '../support/random-queries.ts'

const SCHEMA =
  'title TEXT NOSTEM WEIGHT 3 INDEXMISSING body TEXT NOSTEM tags TAG SEPARATOR ; INDEXMISSING ' +
  'price NUMERIC SORTABLE INDEXMISSING sizes NUMERIC place GEO INDEXMISSING'

const server = await serverForFile()

beforeEach(async () => {
  await server.call('FLUSHALL')
})

async function createIndex(on: TestServer = server): Promise<void> {
  await on.call('FT.CREATE', 'idx', 'PREFIX', 1, 'd', 'STOPWORDS', 0, 'SCHEMA', ...SCHEMA.split(' '))
}

/** A document as a hash holds it: of several numbers only the first. */
function hashOf(document: NaiveDocument): NaiveDocument {
  const { price, sizes } = document.numbers
  return { ...document, numbers: { price: price!, sizes: sizes!.slice(0, 1) } }
}

function fieldsOf({ texts, tags, numbers, points }: NaiveDocument): string[] {
  const fields: [string, string][] = [
    ['title', texts[0]!.join(' ')],
    ['body', texts[1]!.join(', ')],
    ['tags', tags['tags']!.join(';')],
    ['price', String(numbers['price']![0] ?? '')],
    ['sizes', String(numbers['sizes']![0] ?? '')],
    ['place', points['place']?.join(',') ?? ''],
  ]
  return fields.filter(([, value]) => value !== '').flat()
}

/** Total and keys of a search without content. */
async function search(query: string, ...options: (string | number)[]): Promise<{ total: number; keys: string[] }> {
  return found(await server.call('FT.SEARCH', 'idx', query, 'NOCONTENT', 'DIALECT', 2, ...options))
}

function found(reply: ReplyValue): { total: number; keys: string[] } {
  const parts = reply as Map<string, ReplyValue>
  const rows = parts.get('results') as Map<string, ReplyValue>[]
  return { total: Number(parts.get('total_results')), keys: rows.map(row => String(row.get('id'))) }
}

const byKey = (a: string, b: string): number => (a < b ? -1 : 1)

describe('searches', () => {
  it('find what a scan of all documents finds, while documents come, change and go', async () => {
    const random = seeded(5)
    const model = new Map<string, NaiveDocument>()
    await createIndex()
    for (let step = 0; step < 300 * ROUNDS; step++) {
      const key = 'd' + random.below(120)
      await server.call('DEL', key)
      model.delete(key)
      const document = hashOf(randomDocument(random))
      const fields = fieldsOf(document)
      if (random.next() < 0.85 && fields.length > 0) {
        await server.call('HSET', key, ...fields)
        model.set(key, document)
      }
      if (step % 3 !== 0) continue
      const query = randomQuery(random, 2)
      const node = parse(query)
      const wanted = [...model].filter(([, each]) => matches(node, each)).map(([each]) => each)
      const found = await search(query, 'LIMIT', 0, 1000)
      expect({ query, total: found.total, keys: found.keys.sort(byKey) }).toEqual({
        query,
        total: wanted.length,
        keys: wanted.sort(byKey),
      })
      await checkSorted(query, wanted, model)
      await checkFilter(query, wanted, model, random.below(25))
    }
  })

  async function checkSorted(query: string, wanted: readonly string[], model: Map<string, NaiveDocument>) {
    const price = (key: string): number => model.get(key)!.numbers['price']![0] ?? Infinity
    const prices = wanted.map(price).sort((a, b) => a - b)
    const { keys } = await search(query, 'SORTBY', 'price', 'LIMIT', 3, 10)
    expect(keys.map(price)).toEqual(prices.slice(3, 13))
    const down = await search(query, 'SORTBY', 'price', 'DESC', 'LIMIT', 0, 5)
    const there = prices.filter(Number.isFinite).reverse()
    expect(down.keys.map(price)).toEqual([...there, ...prices.filter(p => p === Infinity)].slice(0, 5))
  }

  async function checkFilter(query: string, wanted: readonly string[], model: Map<string, NaiveDocument>, low: number) {
    const inRange = wanted.filter(key => model.get(key)!.numbers['price']!.some(p => p >= low && p < low + 9))
    const filtered = await search(query, 'FILTER', 'price', low, `(${low + 9}`, 'LIMIT', 0, 1000)
    expect(filtered.keys.sort(byKey)).toEqual([...inRange].sort(byKey))
    const some = wanted.slice(0, 7)
    const inKeys = await search(query, 'INKEYS', some.length + 1, 'nosuch', ...some, 'LIMIT', 0, 1000)
    expect(inKeys.keys.sort(byKey)).toEqual([...some].sort(byKey))
  }
})

/** A clock on which every look at it takes so many microseconds. */
function steppingClock(micros: number): Clock {
  let now = 0
  return { ...systemClock(), microseconds: () => (now += micros) }
}

/** On this server every query of more than a few documents is a long one. */
const slow = await serverForFile({ clock: steppingClock(400) })

beforeAll(async () => {
  await createIndex(slow)
  for (let i = 0; i < 1000; i++)
    await slow.call('HSET', 'd' + i, 'title', `ant ${i % 2 === 0 ? 'bat' : 'cat'}`, 'price', i)
})

describe('long searches', () => {
  it('return what they have when their time is up, and say so in RESP3', async () => {
    const query = ['idx', 'ant -cat', 'NOCONTENT', 'LIMIT', '0', '1', 'TIMEOUT', '9']
    const { total } = found(await slow.call('FT.SEARCH', ...query))
    expect(total).toBeGreaterThan(0)
    expect(total).toBeLessThan(500)
    const client = await slow.connect()
    await client.call('HELLO', '3')
    expect(printReply(await client.call('FT.SEARCH', ...query))).toContain('+"Timeout limit was reached"')
    expect(found(await slow.call('FT.SEARCH', 'idx', 'ant -cat', 'LIMIT', 0, 0, 'TIMEOUT', 0)).total).toBe(500)
  })

  it('fail when their time is up and ON_TIMEOUT says so', async () => {
    await slow.call('FT.CONFIG', 'SET', 'ON_TIMEOUT', 'FAIL')
    const search = slow.call('FT.SEARCH', 'idx', 'ant -cat', 'TIMEOUT', 2)
    await expect(search).rejects.toThrow('Timeout limit was reached')
    await slow.call('FT.CONFIG', 'SET', 'ON_TIMEOUT', 'RETURN')
  })

  it('let others be served in between, and find the same', async () => {
    const [one, other] = [await slow.connect(), await slow.connect()]
    const order: string[] = []
    const searching = one.call('FT.SEARCH', 'idx', '-cat', 'LIMIT', '0', '0', 'TIMEOUT', '0').then(reply => {
      order.push('search')
      return reply
    })
    await other.call('SET', 'k', 'v').then(() => order.push('set'))
    expect(printReply(await searching)).toContain('500')
    expect(order).toEqual(['set', 'search'])
  })

  it('write many rows in slices, without those that went in between', async () => {
    const [one, other] = [await slow.connect(), await slow.connect()]
    const searching = one.call('FT.SEARCH', 'idx', 'ant', 'RETURN', '1', 'price', 'LIMIT', '0', '5000', 'TIMEOUT', '0')
    await other.call('SET', 'k', 'v')
    const reply = printReply(await searching)
    expect(reply.match(/"d\d+" \["price" "\d+"\]/g)).toHaveLength(1000)
    expect(reply.startsWith('[:1000 "d')).toBe(true)
  })

  it('mark long texts in pieces, as they do in one go', async () => {
    const quick = await serverForFile()
    const text = (n: number) =>
      Array.from({ length: 9000 }, (_, i) => (i % (900 + n) === 0 ? 'Fishes' : `w${i % 70}`)).join(' ')
    for (const server of [quick, slow]) {
      await server.call('FT.CREATE', 'long', 'PREFIX', '1', 'long:', 'SCHEMA', 'a', 'TEXT', 'b', 'TEXT', 'c', 'TEXT')
      for (let n = 0; n < 3; n++) await server.call('HSET', `long:${n}`, 'a', text(n), 'b', 'a fish', 'c', text(n + 7))
    }
    for (const words of [
      'HIGHLIGHT',
      'SUMMARIZE LEN 5 FRAGS 4',
      'RETURN 2 c a SUMMARIZE FIELDS 1 c HIGHLIGHT FIELDS 2 a c',
    ]) {
      const command = ['FT.SEARCH', 'long', 'fish', ...words.split(' '), 'LIMIT', '0', '2'] as const
      const [one, other] = [await slow.connect(), await slow.connect()]
      const order: string[] = []
      const marking = one.call(...command).then(reply => {
        order.push('search')
        return printReply(reply)
      })
      for (let i = 0; i < 3; i++) await other.call('SET', 'k', 'v').then(() => order.push('set'))
      const inOneGo = printReply(await (await quick.connect()).call(...command))
      expect(await marking).toBe(inOneGo)
      expect(inOneGo.length).toBeGreaterThan(200)
      expect(order).toEqual(['set', 'set', 'set', 'search'])
    }
    await slow.call('FT.DROPINDEX', 'long', 'DD')
  })

  it('run to their end in a transaction', async () => {
    const client = await slow.connect()
    await client.call('MULTI')
    await client.call('FT.SEARCH', 'idx', '-cat', 'LIMIT', '0', '0', 'TIMEOUT', '0')
    expect(printReply(await client.call('EXEC'))).toContain('500')
  })

  it('end when their index is dropped', async () => {
    const [one, other] = [await slow.connect(), await slow.connect()]
    const searching = one.call('FT.SEARCH', 'idx', '-cat', 'LIMIT', '0', '0', 'TIMEOUT', '0')
    await other.call('FT.DROPINDEX', 'idx')
    expect(printReply(await searching)).toContain('index was dropped')
  })
})

describe('prefixes', () => {
  it('of more words than they may stand for say so in RESP3', async () => {
    await createIndex()
    await server.call('FT.CONFIG', 'SET', 'MAXPREFIXEXPANSIONS', 2)
    for (let i = 0; i < 3; i++) await server.call('HSET', 'd' + i, 'title', `word${i}`, 'tags', `tag${i}`)
    const warning = 'Max prefix expansions limit was reached'
    for (const [query, warnings] of [
      ['wor*', [warning]],
      ['@tags:{*ag*}', [warning]],
      ["w'w*1'", []],
    ] as const) {
      const reply = (await server.call('FT.SEARCH', 'idx', query, 'DIALECT', 2)) as Map<string, ReplyValue>
      expect(reply.get('warning')).toEqual(warnings)
    }
    await server.call('FT.CONFIG', 'SET', 'MAXPREFIXEXPANSIONS', 200)
  })
})

describe('hostile queries', () => {
  it('of ten thousand words, a thousand brackets and many stars end', async () => {
    await createIndex()
    for (let i = 0; i < 50; i++) await server.call('HSET', 'd' + i, 'title', `aabbcc${i} word${i % 7}`)
    const words = Array.from({ length: 10_000 }, (_, i) => 'word' + i)
    expect(await search(words.join(' '))).toEqual({ total: 0, keys: [] })
    expect((await search(words.join('|'), 'TIMEOUT', 0)).total).toBe(50)
    await expect(search('('.repeat(1000) + 'word' + ')'.repeat(1000))).rejects.toThrow('Parser stack overflow')
    expect((await search("w'*a*b*c*'", 'TIMEOUT', 0)).total).toBe(50)
    expect((await search(`w'${'*a'.repeat(2000)}'`)).total).toBe(0)
    expect((await search('x'.repeat(1_000_000))).total).toBe(0)
  })
})
