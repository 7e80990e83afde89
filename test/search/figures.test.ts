import { describe, expect, it } from 'vitest'
import type { ReplyValue } from '../../core/index.ts'
import { figuresOf } from '../../modules/search/figures.ts'
import { defaultSettings, settingOptions, takeArguments } from '../../modules/search/settings.ts'
import { serverForTest } from '../support/server.ts'
import { TestIndex } from './support/index.ts'

describe('figures', () => {
  it('of a small index are exact', () => {
    const test = new TestIndex([{ name: 't', kind: 'text', noStem: true }])
    for (let i = 0; i < 300; i++) test.put(`d${i}`, { t: 'ant bee ant cow' })
    const figures = figuresOf(test.index)
    expect(figures.records).toBe(900)
    expect(figures.offsets).toBe(1200)
    expect(figures.offsetBytes).toBe(1200)
    expect(figures.postingBytes).toBeGreaterThan(1200)
    test.index.free()
  })

  it('of a large index are near', () => {
    const test = new TestIndex([{ name: 't', kind: 'text', noStem: true }])
    for (let i = 0; i < 20000; i++) test.put(`d${i}`, { t: `a${i % 900} b${i % 700} b${i % 700} c` })
    const figures = figuresOf(test.index)
    expect(figures.records).toBe(60000)
    expect(figures.offsets / 80000).toBeCloseTo(1, 1)
    test.index.free()
  })

  it('of all indexes together stand in INFO', async () => {
    const server = await serverForTest()
    await server.call(...'FT.CREATE a SCHEMA t TEXT SORTABLE n NUMERIC NOINDEX'.split(' '))
    await server.call('HSET', 'k', 't', 'word', 'n', 'no number')
    await server.call('FT.SEARCH', 'a', 'word', 'DIALECT', '2')
    const info = String(await server.call('INFO', 'modules'))
    for (const line of [
      'search_version:2.10.32',
      'search_number_of_indexes:1',
      'search_fields_text:Text=1,Sortable=1,IndexErrors=0',
      'search_fields_numeric:Numeric=1,NoIndex=1,IndexErrors=1',
      'search_global_total:0',
      'search_errors_indexing_failures:1',
      'search_dialect_2:1',
      'search_total_query_commands:1',
    ])
      expect(info.split('\r\n')).toContain(line)
  })
})

describe('options', () => {
  it('are taken from the words behind the name of the module, fixed ones too', () => {
    const settings = defaultSettings()
    const options = settingOptions(settings)
    takeArguments(options, ['MAXEXPANSIONS', '7', 'on_timeout', 'fail', 'MINSTEMLEN', '6'])
    expect([settings.expansionsMax, settings.failsOnTimeout, settings.stemBytesMin]).toEqual([7, true, 6])
    expect(() => takeArguments(options, ['NOSUCH', '1'])).toThrow('No such configuration option')
    expect(() => takeArguments(options, ['TIMEOUT', 'soon'])).toThrow('TIMEOUT: Could not convert')
    expect(() => takeArguments(options, ['TIMEOUT'])).toThrow('Expected an argument')
  })

  it('are parameters of the server too', async () => {
    const server = await serverForTest()
    expect(await server.call('CONFIG', 'SET', 'search-timeout', '70')).toBe('OK')
    expect(await server.call('FT.CONFIG', 'GET', 'timeout')).toEqual(new Map([['TIMEOUT', '70']]))
    await expect(server.call('CONFIG', 'SET', 'search-default-dialect', '9')).rejects.toThrow('higher than 4')
    await expect(server.call('FT.CONFIG', 'SET', 'MAXDOCTABLESIZE', '5')).rejects.toThrow('Not modifiable at runtime')
  })

  it('all have a value and a word of help', async () => {
    const server = await serverForTest()
    const help = (await server.call('FT.CONFIG', 'HELP', '*')) as Map<string, Map<string, ReplyValue>>
    const got = (await server.call('FT.CONFIG', 'GET', '*')) as Map<string, ReplyValue>
    expect([...help.keys()]).toEqual([...got.keys()])
    for (const [name, entry] of help) expect(entry.get('Value')).toEqual(got.get(name))
  })
})
