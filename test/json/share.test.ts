import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EVENT, type Host, type Module, Range } from '../../core/module/api.ts'
import type { JsonReader, JsonService } from '../../modules/json/share.ts'
import { serverForFile, type TestServer } from '../support/server.ts'

/** What a module that listens hears of a change. */
interface Heard {
  readonly event: string
  readonly detail: readonly string[] | undefined
}

let server: TestServer
let host: Host
let json: JsonService
let reader: JsonReader
const heard: Heard[] = []

const listener: Module = {
  name: 'listener',
  version: 1,
  load(given) {
    host = given
    host.onKey(EVENT.module, (_db, _kind, event, _key, detail) => heard.push({ event, detail: detail?.map(String) }))
  },
}

beforeAll(async () => {
  server = await serverForFile({ modules: [listener] })
  json = host.find<JsonService>('json')!
  reader = json.reader()
})

beforeEach(async () => {
  await server.call('FLUSHALL')
  heard.length = 0
})

function open(key: string): boolean {
  return reader.open(host.databases[0]!, Range.of(key))
}

const out = new Range()

describe('documents for other modules', () => {
  it('are read by path without a copy', async () => {
    await server.call(
      'JSON.SET',
      'd',
      '$',
      '{"n":[1,2.5,18446744073709551615],"s":"a\\"é","t":true,"z":null,"o":{"k":"v","m":[]}}',
    )
    expect(open('d')).toBe(true)
    expect(reader.find(json.path('$.n[*]')!)).toBe(3)
    expect([0, 1, 2].map(n => reader.number(n))).toEqual([1, 2.5, 2 ** 64])
    expect(reader.find(json.path('s')!)).toBe(1)
    expect(reader.bytes(0, out).text()).toBe('a"é')
    expect(reader.text(0, out).text()).toBe('"a\\"é"')
    expect(reader.number(0)).toBe(Number.NaN)
    expect(reader.find(json.path('$.*')!)).toBe(5)
    expect([0, 1, 2, 3, 4].map(n => reader.kind(n))).toEqual(['array', 'string', 'boolean', 'null', 'object'])
    expect([reader.isTrue(2), reader.isTrue(3)]).toEqual([true, false])
    expect(reader.find(json.path('$..none')!)).toBe(0)
  })

  it('give the children of a container', async () => {
    await server.call('JSON.SET', 'd', '$', '{"tags":["red","gr\\u0065en",["x"]],"o":{"k":"v","n":1}}')
    open('d')
    expect(reader.find(json.path('$.tags')!)).toBe(1)
    expect(reader.count(0)).toBe(3)
    const first = reader.children(0)
    expect([0, 1].map(n => reader.bytes(first + n, out).text())).toEqual(['red', 'green'])
    expect(reader.bytes(reader.children(first + 2), out).text()).toBe('x')
    reader.find(json.path('$.o')!)
    expect(reader.text(reader.children(0) + 1, out).text()).toBe('1')
    reader.find(json.path('$.tags[0:2]')!)
    expect(reader.list(out).text()).toBe('["red","green"]')
  })

  it('are told from other keys', async () => {
    await server.call('SET', 's', 'x')
    expect(open('s')).toBe(false)
    expect(open('none')).toBe(false)
    expect(json.path('$[')).toBe(null)
    expect(json.path('$.a')!.isStatic).toBe(true)
  })
})

describe('a change', () => {
  async function detailOf(...command: string[]): Promise<readonly string[] | undefined> {
    heard.length = 0
    await server.call(...command)
    expect(heard).toHaveLength(1)
    return heard[0]!.detail
  }

  it('tells the path under which it lies', async () => {
    expect(await detailOf('JSON.SET', 'd', '$', '{"a":{"b":1,"s":"x"},"l":[1,2,{"n":1}],"t":true}')).toEqual(['$'])
    expect(await detailOf('JSON.SET', 'd', '$.a.b', '2')).toEqual(['$["a"]["b"]'])
    expect(await detailOf('JSON.NUMINCRBY', 'd', '.a.b', '2')).toEqual(['$["a"]["b"]'])
    expect(await detailOf('JSON.ARRAPPEND', 'd', '$.l', '3')).toEqual(['$["l"]'])
    expect(await detailOf('JSON.SET', 'd', '$.l[2].n', '3')).toEqual(['$["l"][2]["n"]'])
    expect(await detailOf('JSON.DEL', 'd', '$.l[0]')).toEqual(['$["l"]'])
    expect(await detailOf('JSON.DEL', 'd', '$.l[*].n')).toEqual(['$["l"]'])
    expect(await detailOf('JSON.TOGGLE', 'd', '$..t')).toEqual(['$'])
    expect(await detailOf('JSON.MERGE', 'd', '$', '{"a":{"c":1},"t":null}')).toEqual(['$["a"]', '$["t"]'])
    expect(await detailOf('JSON.MERGE', 'd', '$.a', '{"c":2}')).toEqual(['$["a"]["c"]'])
    expect(await detailOf('JSON.MERGE', 'd', '$.l', '{"c":2}')).toEqual(['$["l"]'])
    expect(await detailOf('JSON.STRAPPEND', 'd', '$.a.s', '"y"')).toEqual(['$["a"]["s"]'])
  })

  it('touches the paths above and below it and no others', () => {
    const touches = (path: string, ...detail: string[]) => json.touches(json.path(path)!, detail)
    expect(touches('$.a.b', '$["a"]')).toBe(true)
    expect(touches('$.a', '$["a"]["b"]')).toBe(true)
    expect(touches('$.a', '$["ab"]')).toBe(false)
    expect(touches('$.ab', '$["a"]')).toBe(false)
    expect(touches('$.l[*].n', '$["l"][3]["m"]')).toBe(true)
    expect(touches('$.l[1].n', '$["l"][3]["n"]')).toBe(false)
    expect(touches('$.l[-1].n', '$["l"][3]["n"]')).toBe(true)
    expect(touches('$..n', '$["x"]')).toBe(true)
    expect(touches('$.b', '$["a"]', '$["b"]["c"]')).toBe(true)
    expect(json.touches(json.path('$.b')!, undefined)).toBe(true)
  })

  it('that changes nothing is not told', async () => {
    await server.call('JSON.SET', 'd', '$', '{"a":1}')
    heard.length = 0
    await server.call('JSON.SET', 'd', '$.a', '2', 'NX')
    await server.call('JSON.DEL', 'd', '$.none')
    await server.call('JSON.CLEAR', 'd', '$.none')
    expect(heard).toEqual([])
  })
})
