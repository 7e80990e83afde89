import { describe, expect, it } from 'vitest'
import { testClock } from '../../../core/index.ts'
import { serverForTest, type TestServer } from '../../support/server.ts'
import type { RawConnection } from '../../support/transcript/connection.ts'
import { parseCommand } from '../../support/transcript/notation.ts'
import { printReply } from '../../support/transcript/reply.ts'

async function ask(connection: RawConnection, command: string): Promise<string> {
  return printReply(await connection.call(...parseCommand(command)))
}

/** A clock on which every look takes so long: so that slices and time limits end where a test wants it. */
function slowClock(micros: number) {
  let now = 0
  return { ...testClock(), microseconds: () => (now += micros) }
}

/** An index of so many documents with `n` from 0 on and `even`. */
async function fill(server: TestServer, count: number): Promise<void> {
  await server.call('FT.CREATE', 'idx', 'PREFIX', '1', 'd:', 'SCHEMA', 'n', 'NUMERIC', 'SORTABLE', 'even', 'TAG')
  for (let i = 0; i < count; i++)
    await server.call('HSET', `d:${i}`, 'n', String(i), 'even', i % 2 === 0 ? 'yes' : 'no')
}

const SUMS = 'FT.AGGREGATE idx * LOAD 1 @even GROUPBY 1 @even REDUCE COUNT 0 AS c REDUCE SUM 1 @n AS s TIMEOUT 0'

describe('a long aggregation', () => {
  it('whose time is up before its query is built has no rows', async () => {
    const server = await serverForTest({ clock: slowClock(2000) })
    await fill(server, 3)
    const connection = await server.connect()
    const query = Array.from({ length: 200 }, (_, i) => `@n:[${i} ${i}]`).join('|')
    expect(await ask(connection, `FT.AGGREGATE idx "${query}" GROUPBY 1 @n TIMEOUT 1`)).toBe('[:0]')
    expect(await ask(connection, `FT.AGGREGATE idx "${query}" LOAD 1 @n TIMEOUT 1`)).toBe('[:0]')
  })

  it('lets others be served, and does not see what came meanwhile', async () => {
    const server = await serverForTest({ clock: slowClock(500) })
    await fill(server, 12_000)
    const [long, other] = [await server.connect(), await server.connect()]
    const order: string[] = []
    const reply = ask(long, `${SUMS} SORTBY 1 @even`).then(text => {
      order.push('long')
      return text
    })
    for (let i = 0; i < 3; i++) {
      await ask(other, `HSET d:new${i} n 1 even yes`)
      await ask(other, `DEL d:${11_999 - i}`)
      order.push('other')
    }
    const text = await reply
    expect(order.indexOf('long')).toBeGreaterThan(0)
    // The last documents may or may not have been seen before they went; the new ones are not there.
    const counts = [...text.matchAll(/"c" "(\d+)"/g)].map(match => Number(match[1]))
    expect(counts.reduce((a, b) => a + b)).toBeGreaterThanOrEqual(11_997)
    expect(counts.reduce((a, b) => a + b)).toBeLessThanOrEqual(12_000)
    expect(await ask(other, 'FT.AGGREGATE idx * GROUPBY 0 REDUCE COUNT 0 AS c')).toBe('[:1 ["c" "12000"]]')
  })

  it('gives the same whether it is paused or not', async () => {
    const commands = [
      `${SUMS} SORTBY 1 @even`,
      'FT.AGGREGATE idx @n:[100,11000] SORTBY 2 @n DESC LIMIT 2 3 LOAD 1 @even TIMEOUT 0'.replace(',', ' '),
      'FT.AGGREGATE idx -@even:{no} APPLY @n%7 AS m FILTER @m==3 GROUPBY 1 @m REDUCE COUNT 0 AS c TIMEOUT 0',
    ].map(command => parseCommand(command.replace('[100 11000]', '"[100 11000]"').replaceAll('"', '')))
    const replies: string[][] = []
    for (const micros of [0, 700]) {
      const server = await serverForTest({ clock: slowClock(micros) })
      await fill(server, 12_000)
      const connection = await server.connect()
      const printed: string[] = []
      for (const command of commands) printed.push(printReply(await connection.call(...command)))
      replies.push(printed)
    }
    expect(replies[0]).toEqual(replies[1])
  })

  it('ends with what it has when its time is up, and says so', async () => {
    const server = await serverForTest({ clock: slowClock(400) })
    await fill(server, 8_000)
    const connection = await server.connect()
    await ask(connection, 'HELLO 3')
    const some = await ask(connection, 'FT.AGGREGATE idx * GROUPBY 0 REDUCE COUNT 0 AS c TIMEOUT 3')
    expect(some).toContain('+warning [+"Timeout limit was reached"]')
    expect(Number(/"c" "(\d+)"/.exec(some)?.[1])).toBeLessThan(8_000)
    expect(await ask(connection, 'FT.CONFIG SET ON_TIMEOUT fail')).toBe('+OK')
    expect(await ask(connection, 'FT.AGGREGATE idx * GROUPBY 0 REDUCE COUNT 0 AS c TIMEOUT 3')).toBe(
      '-Timeout limit was reached',
    )
  })
})

describe('rows before one that fails', () => {
  it('are sent when rows go straight out, and not when all rows are needed', async () => {
    const server = await serverForTest()
    const connection = await server.connect()
    await server.call('FT.CREATE', 'idx', 'SCHEMA', 'n', 'NUMERIC', 'SORTABLE')
    for (const [key, n] of Object.entries({ a: '1', b: '2' })) await server.call('HSET', key, 'n', n)
    await server.call('HSET', 'c', 'other', '1')
    const missing = '-Could not find the value for a parameter name, consider using EXISTS if applicable for n'
    expect(await ask(connection, 'FT.AGGREGATE idx * APPLY @n+1 AS m')).toBe('[:1 ["n" "1" "m" "2"] ["n" "2" "m" "3"]]')
    expect(await ask(connection, 'FT.AGGREGATE idx * APPLY @n+1 AS m SORTBY 1 @m')).toBe(missing)
    expect(await ask(connection, 'FT.AGGREGATE idx * APPLY @n+1 AS m GROUPBY 1 @m')).toBe(missing)
    await server.call('DEL', 'a', 'b')
    expect(await ask(connection, 'FT.AGGREGATE idx * APPLY @n+1 AS m')).toBe(missing)
  })
})

describe('LOAD *', () => {
  it('shows what documents have, in the order in which it was found, behind what the plan names', async () => {
    const server = await serverForTest()
    const connection = await server.connect()
    await server.call('FT.CREATE', 'idx', 'SCHEMA', 'n', 'NUMERIC', 'SORTABLE', 't', 'AS', 'tag', 'TAG', 'SORTABLE')
    await server.call('HSET', 'a', 'b', '1', 't', 'Red', 'n', '2')
    await server.call('HSET', 'c', 't', 'Blue', 'd', '4', 'n', '1', 'b', '3')
    expect(await ask(connection, 'FT.AGGREGATE idx * LOAD * SORTBY 1 @n')).toBe(
      '[:2 ["n" "1" "b" "3" "t" "Blue" "d" "4"] ["n" "2" "b" "1" "t" "Red"]]',
    )
    expect(await ask(connection, 'FT.AGGREGATE idx * LOAD * APPLY upper(@tag) AS u SORTBY 1 @b LIMIT 0 1')).toBe(
      '[:2 ["tag" "Red" "u" "RED" "b" "1" "n" "2"]]',
    )
    expect(await ask(connection, 'FT.AGGREGATE idx * LOAD * FILTER exists(@d)')).toBe(
      '[:2 ["d" "4" "b" "3" "t" "Blue" "n" "1"]]',
    )
  })

  it('of JSON documents leaves their sortable fields readable', async () => {
    const server = await serverForTest()
    const connection = await server.connect()
    await server.call('FT.CREATE', 'idx', 'ON', 'JSON', 'SCHEMA', '$.n', 'AS', 'n', 'NUMERIC', 'SORTABLE')
    await server.call('JSON.SET', 'a', '$', '{"n":2}')
    expect(await ask(connection, 'FT.AGGREGATE idx * LOAD * APPLY @n*2 AS d')).toBe(
      '[:1 ["n" "2" "d" "4" "$" "{\\"n\\":2}"]]',
    )
  })
})

describe('a cursor', () => {
  const open = 'FT.AGGREGATE idx * SORTBY 1 @n LIMIT 0 100 WITHCURSOR COUNT 2'
  const idOf = (reply: string) => /:(\d+)\]$/.exec(reply)![1]!

  it('ends when nobody reads it for its idle time', async () => {
    const clock = testClock()
    const server = await serverForTest({ clock })
    await fill(server, 20)
    const connection = await server.connect()
    const short = idOf(await ask(connection, `${open} MAXIDLE 1000`))
    const long = idOf(await ask(connection, open))
    clock.advance(900)
    expect(await ask(connection, `FT.CURSOR READ idx ${short}`)).toMatch(/^\[\[:0/)
    clock.advance(1100)
    expect(await ask(connection, `FT.CURSOR READ idx ${short}`)).toBe('-Cursor not found')
    expect(await ask(connection, 'FT.INFO idx')).toMatch(/\+global_total :1 /)
    expect(await ask(connection, `FT.CURSOR READ idx ${long}`)).toMatch(/^\[\[:0/)
    clock.advance(300_001)
    expect(await ask(connection, `FT.CURSOR READ idx ${long}`)).toBe('-Cursor not found')
  })

  it('is idle no longer than CURSOR_MAX_IDLE allows', async () => {
    const clock = testClock()
    const server = await serverForTest({ clock })
    await fill(server, 20)
    const connection = await server.connect()
    expect(await ask(connection, 'FT.CONFIG SET CURSOR_MAX_IDLE 2000')).toBe('+OK')
    const long = idOf(await ask(connection, `${open} MAXIDLE 1000000`))
    clock.advance(1900)
    expect(await ask(connection, `FT.CURSOR READ idx ${long}`)).toMatch(/^\[\[:0/)
    clock.advance(2100)
    expect(await ask(connection, `FT.CURSOR READ idx ${long}`)).toBe('-Cursor not found')
  })

  it('is one of so many that an index may have', async () => {
    const server = await serverForTest()
    await fill(server, 20)
    const connection = await server.connect()
    expect(await ask(connection, 'FT.CONFIG SET INDEX_CURSOR_LIMIT 2')).toBe('+OK')
    const first = idOf(await ask(connection, open))
    await ask(connection, open)
    expect(await ask(connection, open)).toBe('-INDEX_CURSOR_LIMIT of 2 has been reached for an index')
    expect(await ask(connection, `FT.CURSOR DEL idx ${first}`)).toBe('+OK')
    expect(await ask(connection, open)).toMatch(/^\[\[:20 /)
  })

  it('gives its place back when it fails, and when its client leaves', async () => {
    const server = await serverForTest({ clock: slowClock(900) })
    await fill(server, 12_000)
    await server.call('HSET', 'd:last', 'even', 'no')
    const [connection, leaving] = [await server.connect(), await server.connect()]
    const failing = await ask(connection, 'FT.AGGREGATE idx * APPLY @n+1 AS m GROUPBY 1 @m TIMEOUT 0 WITHCURSOR')
    expect(failing).toMatch(/^-Could not find/)
    expect(await ask(connection, 'FT.INFO idx')).toMatch(/\+global_total :0 /)
    leaving.send(parseCommand(`${SUMS} WITHCURSOR`))
    await ask(connection, 'PING')
    leaving.close()
    for (let i = 0; i < 200 && !/\+global_total :0 /.test(await ask(connection, 'FT.INFO idx')); i++);
    expect(await ask(connection, 'FT.INFO idx')).toMatch(/\+global_total :0 /)
  })

  it('reads on where it was when documents are read as it goes', async () => {
    const server = await serverForTest()
    await fill(server, 5000)
    const connection = await server.connect()
    const seen: number[] = []
    let reply = await ask(connection, 'FT.AGGREGATE idx @even:{yes} LOAD 1 @n WITHCURSOR COUNT 400')
    for (;;) {
      seen.push(...[...reply.matchAll(/"n" "(\d+)"/g)].map(match => Number(match[1])))
      const id = idOf(reply)
      if (id === '0') break
      await ask(connection, `HSET other:${seen.length} n 1`)
      await ask(connection, `DEL d:${seen.at(-1)}`)
      reply = await ask(connection, `FT.CURSOR READ idx ${id}`)
    }
    expect(seen).toEqual(Array.from({ length: 2500 }, (_, i) => i * 2))
  })
})

describe('what an aggregation keeps', () => {
  const kept = async (connection: RawConnection) =>
    Number(/search_used_memory_aggregations:(\d+)/.exec(await ask(connection, 'INFO modules'))?.[1])
  const open = 'FT.AGGREGATE idx * GROUPBY 1 @n REDUCE TOLIST 1 @even WITHCURSOR COUNT 2'
  const idOf = (reply: string) => /:(\d+)\]$/.exec(reply)![1]!

  it('is given back however it ends', async () => {
    const clock = testClock()
    const server = await serverForTest({ clock })
    await fill(server, 3000)
    await server.call('HSET', 'd:last', 'even', 'no')
    const connection = await server.connect()
    const ends: [string, (id: string) => Promise<unknown>][] = [
      ['deleted', id => ask(connection, `FT.CURSOR DEL idx ${id}`)],
      ['read to the end', id => ask(connection, `FT.CURSOR READ idx ${id} COUNT 5000`)],
      ['idle', async () => [clock.advance(400_000), await ask(connection, open.replace('idx', 'nothing'))]],
    ]
    for (const [name, end] of ends) {
      const id = idOf(await ask(connection, open))
      expect(await kept(connection), name).toBeGreaterThan(3000)
      await end(id)
      // Idle ones are ended when the next is opened.
      if (name === 'idle') await ask(connection, `FT.CURSOR DEL idx ${idOf(await ask(connection, open))}`)
      expect(await kept(connection), name).toBe(0)
    }
    for (const command of [
      'FT.AGGREGATE idx * SORTBY 1 @n MAX 3000',
      'FT.AGGREGATE idx * APPLY @n+1 AS m GROUPBY 1 @m',
      'FT.PROFILE idx AGGREGATE QUERY * GROUPBY 1 @n REDUCE COUNT_DISTINCTISH 1 @even',
    ])
      for (let i = 0; i < 3; i++) await ask(connection, command)
    expect(await kept(connection)).toBe(0)
    await ask(connection, open)
    await ask(connection, 'FT.DROPINDEX idx')
    expect(await kept(connection)).toBe(0)
  })

  it('is given back when its client leaves, when its index goes, and when its cursor is deleted meanwhile', async () => {
    const server = await serverForTest({ clock: slowClock(900) })
    await fill(server, 6000)
    const [connection, leaving] = [await server.connect(), await server.connect()]
    leaving.send(parseCommand(`${SUMS} SORTBY 1 @even`))
    await ask(connection, 'PING')
    leaving.close()
    for (let i = 0; i < 200 && (await kept(connection)) > 0; i++);
    expect(await kept(connection)).toBe(0)
    const [reading, dropping] = [await server.connect(), await server.connect()]
    const id = idOf(await ask(reading, 'FT.AGGREGATE idx * LOAD 1 @even WITHCURSOR COUNT 2 TIMEOUT 0'))
    const read = ask(reading, `FT.CURSOR READ idx ${id} COUNT 3000`)
    await ask(connection, `FT.CURSOR DEL idx ${id}`)
    await read
    expect(await kept(connection)).toBe(0)
    const cut = ask(dropping, `${SUMS} SORTBY 1 @even`)
    await ask(connection, 'FT.DROPINDEX idx')
    await cut
    expect(await kept(connection)).toBe(0)
  })

  it('is limited', async () => {
    const server = await serverForTest()
    await fill(server, 2000)
    const connection = await server.connect()
    const refused = '-Limit exceeded'
    const many = (count: number, words: string) => Array.from({ length: count }, (_, i) => `${words}${i}`).join(' ')
    expect(await ask(connection, `FT.AGGREGATE idx * ${many(1000, `APPLY ${'@n+'.repeat(99)}1 AS a`)}`)).toBe(refused)
    const list = 'GROUPBY 0 REDUCE TOLIST 1 @n AS l'
    expect(await ask(connection, `FT.AGGREGATE idx * ${list} GROUPBY 2 @l @l REDUCE COUNT 0`)).toBe(refused)
    expect(await ask(connection, `FT.AGGREGATE idx * ${list} GROUPBY 1 @l REDUCE COUNT 0 AS c LIMIT 0 1`)).toBe(
      '[:2000 ["l" "0" "c" "1"]]',
    )
    expect(await ask(connection, 'INFO modules')).toContain('search_used_memory_aggregations:0')
  })
})

describe('FT.PROFILE of an aggregation', () => {
  it('names the steps in order, each with its time and rows', async () => {
    const server = await serverForTest()
    await fill(server, 100)
    const connection = await server.connect()
    const reply = await ask(
      connection,
      'FT.PROFILE idx AGGREGATE QUERY * LOAD 1 @even APPLY floor(@n/10) AS f FILTER @f>2 GROUPBY 1 @f SORTBY 1 @f LIMIT 1 2',
    )
    const found = reply.matchAll(
      /\+Type \+("[^"]*"|\S+) \+Time "[^"]*" \+"(?:Results processed|Number of reading operations)" :(\d+)/g,
    )
    const steps = [...found].map(match => `${match[1]!.replaceAll('"', '')} ${match[2]}`)
    // The first is the iterator of the query.
    expect(steps.slice(1)).toEqual([
      'Index 100',
      'Loader 100',
      'Projector - Function floor 100',
      'Filter - Predicate > 70',
      'Grouper 7',
      'Sorter 3',
      'Pager/Limiter 2',
    ])
  })
})
