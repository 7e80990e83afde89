import { describe, expect, it } from 'vitest'
import { createServer, isOwnModule, type Module, ownModules, type ReplyValue } from '../../core/index.ts'
import { applyDirectives } from '../../core/config/apply.ts'
import { parseOptions } from '../../core/config/file.ts'
import { serverForTest } from '../support/server.ts'

const own = (name: string) => ownModules.find(module => module.name === name)!

/** Parameters of a server whose module was loaded with some words behind its name. */
async function loadedWith(module: Module, args: readonly string[], pattern: string): Promise<Record<string, string>> {
  const server = await serverForTest({ modules: false })
  await server.server.loadModule(module, args)
  return mapOf(await server.call('CONFIG', 'GET', pattern)) as Record<string, string>
}

function mapOf(reply: ReplyValue): Record<string, ReplyValue> {
  return Object.fromEntries(reply as Map<string, ReplyValue>)
}

describe('parameters of modules', () => {
  it('are taken from the configuration, after the modules are there', async () => {
    const server = await serverForTest({ config: { 'ts-chunk-size-bytes': 128, 'bf-initial-size': 7 } })
    expect(mapOf(await server.call('CONFIG', 'GET', 'ts-chunk-size-bytes'))).toEqual({ 'ts-chunk-size-bytes': '128' })
    await server.call('TS.CREATE', 'series')
    expect(mapOf(await server.call('TS.INFO', 'series'))['chunkSize']).toBe(128)
    await server.call('BF.ADD', 'filter', 'x')
    expect(mapOf(await server.call('BF.INFO', 'filter'))['Capacity']).toBe(7)
  })

  it('that no module knows are refused', async () => {
    await expect(createServer({ port: null, config: { 'ts-nope': 1 } })).rejects.toThrow(
      'no parameter is called ts-nope',
    )
    const server = await serverForTest()
    const directives = parseOptions(['--ts-nope', '1', '--loadmodule', 'x.js', 'a', 'b'])
    const rest = applyDirectives(server.server, directives)
    expect(rest.modules).toEqual([{ path: 'x.js', args: ['a', 'b'] }])
    expect(rest.later.map(({ name }) => name)).toEqual(['ts-nope'])
    expect(() => applyDirectives(server.server, rest.later, true)).toThrow("no parameter is called 'ts-nope'")
  })
})

describe('words behind a module of a Redis Stack', () => {
  it('reach the module that stands for it', () => {
    expect(isOwnModule(own('bf'), '/opt/redis-stack/lib/redisbloom.so')).toBe(true)
    expect(isOwnModule(own('timeseries'), 'redistimeseries.so')).toBe(true)
    expect(isOwnModule(own('timeseries'), '/opt/redis-stack/lib/redisbloom.so')).toBe(false)
    expect(isOwnModule(own('search'), './redisearch.so.js')).toBe(false)
  })

  it('set what new series are made with', async () => {
    const words =
      'RETENTION_POLICY 20 CHUNK_SIZE_BYTES 256 ENCODING uncompressed DUPLICATE_POLICY last IGNORE_MAX_TIME_DIFF 5'
    const policy = ['COMPACTION_POLICY', 'avg:1h:2d;max:1M:1h', 'OSS_GLOBAL_PASSWORD', 'secret', 'ts-num-threads', '5']
    const values = await loadedWith(own('timeseries'), [...words.split(' '), ...policy], 'ts-*')
    expect(values).toMatchObject({
      'ts-retention-policy': '20',
      'ts-chunk-size-bytes': '256',
      'ts-encoding': 'uncompressed',
      'ts-duplicate-policy': 'last',
      'ts-ignore-max-time-diff': '5',
    })
    expect(values).toMatchObject({ 'ts-compaction-policy': 'avg:1h:2d;max:1M:1h', 'ts-num-threads': '5' })
  })

  it('set what new filters are made with', async () => {
    const args = ['ERROR_RATE', '0.5', 'INITIAL_SIZE', '9', 'cf-bucket-size', '4', 'CF_MAX_EXPANSIONS', '3']
    expect(await loadedWith(own('bf'), args, '[bc]f-*')).toMatchObject({
      // A higher rate than this is taken for this.
      'bf-error-rate': '0.25',
      'bf-initial-size': '9',
      'cf-bucket-size': '4',
      'cf-max-expansions': '3',
    })
  })

  it('refuse the module when they cannot be read', async () => {
    const server = await serverForTest({ modules: false })
    for (const args of [['NOPE', '1'], ['ERROR_RATE'], ['ERROR_RATE', 'x']])
      await expect(server.server.loadModule(own('bf'), args), args.join(' ')).rejects.toThrow()
    for (const args of [['NOPE', '1'], ['ENCODING'], ['CHUNK_SIZE_BYTES', '7']])
      await expect(server.server.loadModule(own('timeseries'), args), args.join(' ')).rejects.toThrow()
    expect(await server.call('MODULE', 'LIST')).toEqual([])
  })
})
