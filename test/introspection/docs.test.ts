import { describe, expect, it } from 'vitest'
import { argumentsOf } from '../../core/introspection/arguments.ts'
import { DOCS } from '../../core/introspection/docs.ts'
import { allEntries } from '../../core/introspection/info.ts'
import { BLOOM_DOCS } from '../../modules/bloom/docs.ts'
import { JSON_DOCS } from '../../modules/json/docs.ts'
import { SEARCH_DOCS } from '../../modules/search/docs.ts'
import { TIMESERIES_DOCS } from '../../modules/timeseries/docs.ts'
import { serverForTest } from '../support/server.ts'

/** Lines about commands of modules. */
const LINES = [BLOOM_DOCS, JSON_DOCS, SEARCH_DOCS, TIMESERIES_DOCS]
  .join('')
  .split('\n')
  .filter(line => line !== '').length

describe('COMMAND DOCS', () => {
  it('has a line for every command of the core, and for no other', async () => {
    const { server } = await serverForTest({ modules: false })
    const names = [...allEntries(server.engine)].map(entry => entry.name)
    expect(names.filter(name => !DOCS.has(name))).toEqual([])
    expect([...DOCS.keys()].filter(name => !names.includes(name))).toEqual([])
  })

  it('has a line of theirs for the commands of the modules that the manual has', async () => {
    const { server } = await serverForTest()
    const entries = [...allEntries(server.engine)].filter(entry => entry.module !== '')
    const without = entries.filter(entry => entry.docs === null).map(entry => entry.name)
    expect(without.filter(name => /^(bf|cf|cms|topk|tdigest|json)\./.test(name))).toEqual([])
    expect(entries.length - without.length).toBe(LINES)
  })

  it('answers for all commands at once', async () => {
    const server = await serverForTest()
    const docs = (await server.call('COMMAND', 'DOCS')) as Map<string, unknown>
    expect(docs.size).toBe(await server.call('COMMAND', 'COUNT'))
  })
})

describe('documentation of a command', () => {
  const docsOf = async (name: string): Promise<Map<string, unknown>> => {
    const { connect, call } = await serverForTest({ modules: false })
    await connect()
    return ((await call('COMMAND', 'DOCS', name)) as Map<string, Map<string, unknown>>).get(name)!
  }

  it('says what is in place of a deprecated one', async () => {
    const docs = await docsOf('substr')
    expect([...(docs.get('doc_flags') as Iterable<string>)]).toEqual(['deprecated'])
    expect(docs.get('deprecated_since')).toBe('2.0.0')
    expect(docs.get('replaced_by')).toBe('`GETRANGE`')
    expect([...((await docsOf('debug')).get('doc_flags') as Iterable<string>)]).toEqual(['syscmd'])
    expect((await docsOf('get')).has('doc_flags')).toBe(false)
  })

  it('knows types that names do not tell', () => {
    const types = (synopsis: string): string[] => argumentsOf(synopsis, 1).map(({ name, type }) => `${name} ${type}`)
    expect(types('BLPOP key [key ...] timeout')).toEqual(['key key', 'timeout double'])
    expect(types('CLIENT timeout')).toEqual(['timeout integer'])
    expect(types('HINCRBYFLOAT key field increment')).toEqual(['key key', 'field string', 'increment double'])
  })
})

describe('arguments of a synopsis', () => {
  it('are optional, repeated, introduced by tokens, and one of several', () => {
    expect(argumentsOf('X key [WITHCOORD] [COUNT count [ANY]] <ON|OFF> field value [field value ...]', 1)).toEqual([
      { name: 'key', type: 'key' },
      { name: 'withcoord', type: 'pure-token', token: 'WITHCOORD', optional: true },
      {
        name: 'options',
        type: 'block',
        optional: true,
        parts: [
          { name: 'count', type: 'integer', token: 'COUNT' },
          { name: 'any', type: 'pure-token', token: 'ANY', optional: true },
        ],
      },
      {
        name: 'condition',
        type: 'oneof',
        parts: [
          { name: 'on', type: 'pure-token', token: 'ON' },
          { name: 'off', type: 'pure-token', token: 'OFF' },
        ],
      },
      {
        name: 'data',
        type: 'block',
        multiple: true,
        parts: [
          { name: 'field', type: 'string' },
          { name: 'value', type: 'string' },
        ],
      },
    ])
  })

  it('may repeat with their token, and be several behind one', () => {
    expect(argumentsOf('X [PREFIX prefix [PREFIX prefix ...]] FIELDS numfields field [field ...] <*|id>', 1)).toEqual([
      { name: 'prefix', type: 'string', token: 'PREFIX', multiple: true, multipleToken: true, optional: true },
      {
        name: 'fields',
        type: 'block',
        token: 'FIELDS',
        parts: [
          { name: 'numfields', type: 'integer' },
          { name: 'field', type: 'string', multiple: true },
        ],
      },
      {
        name: 'choice',
        type: 'oneof',
        parts: [
          { name: 'auto-id', type: 'pure-token', token: '*' },
          { name: 'id', type: 'string' },
        ],
      },
    ])
  })
})
