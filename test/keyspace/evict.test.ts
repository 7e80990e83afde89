import { describe, expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import { countedBytes } from '../../core/keyspace/evict.ts'
import { serverForTest, type TestServer } from '../support/server.ts'

const KEYS = 1000
const VALUE = 'v'.repeat(200)

/** Fill a server, prepare its keys, and let a part of them go. Returns the names of those that are left. */
async function leftAfter(policy: string, prepare: (server: TestServer, key: string, i: number) => Promise<void>) {
  const clock = testClock()
  const server = await serverForTest({
    clock,
    seed: 7,
    config: { 'maxmemory-policy': policy, 'maxmemory-samples': 10 },
  })
  for (let i = 0; i < KEYS; i++) await server.call('SET', `k${i}`, VALUE)
  clock.advance(3_600_000)
  for (let i = 0; i < KEYS; i++) await prepare(server, `k${i}`, i)
  clock.advance(60_000)
  const { keyspace } = server.server
  const limit = Math.floor(countedBytes(keyspace) - (KEYS / 3) * 240)
  await server.call('CONFIG', 'SET', 'maxmemory-eviction-tenacity', 100, 'maxmemory', limit)
  await server.call('SET', 'new', VALUE)
  expect(countedBytes(keyspace)).toBeLessThan(limit + 2000)
  const left = ((await server.call('KEYS', 'k*')) as unknown[]).map(key => Number(String(key).slice(1)))
  expect(left.length).toBeLessThan(KEYS * 0.85)
  return left
}

const share = (keys: readonly number[], good: (i: number) => boolean): number => keys.filter(good).length / keys.length
const isEven = (i: number): boolean => i % 2 === 0

describe('eviction', () => {
  it('allkeys-lru keeps what was used last', async () => {
    const left = await leftAfter('allkeys-lru', async (server, key, i) => {
      if (isEven(i)) await server.call('GET', key)
    })
    expect(share(left, isEven)).toBeGreaterThan(0.7)
  })

  it('allkeys-lfu keeps what is used often', async () => {
    const left = await leftAfter('allkeys-lfu', async (server, key, i) => {
      if (isEven(i)) for (let n = 0; n < 20; n++) await server.call('GET', key)
    })
    expect(share(left, isEven)).toBeGreaterThan(0.7)
  })

  it('volatile-ttl takes what dies first, and nothing without a time to live', async () => {
    const left = await leftAfter('volatile-ttl', async (server, key, i) => {
      if (i >= 100) await server.call('EXPIRE', key, 10_000 + i)
    })
    expect(left.filter(i => i < 100).length).toBe(100)
    const timed = left.filter(i => i >= 100)
    expect(timed.reduce((sum, i) => sum + i, 0) / timed.length).toBeGreaterThan(600)
  })

  for (const policy of ['volatile-lru', 'volatile-lfu', 'volatile-random'])
    it(`${policy} leaves keys without a time to live`, async () => {
      const left = await leftAfter(policy, async (server, key, i) => {
        if (!isEven(i)) await server.call('EXPIRE', key, 100_000)
      })
      expect(left.filter(isEven).length).toBe(KEYS / 2)
    })

  it('allkeys-random takes any', async () => {
    const left = await leftAfter('allkeys-random', async () => {})
    expect(share(left, isEven)).toBeGreaterThan(0.4)
    expect(share(left, isEven)).toBeLessThan(0.6)
  })

  it('refuses writes when nothing may go, and reads go on', async () => {
    for (const policy of ['noeviction', 'volatile-lru']) {
      const server = await serverForTest({ config: { 'maxmemory-policy': policy } })
      await server.call('SET', 'k', VALUE)
      await server.call('CONFIG', 'SET', 'maxmemory', 1)
      await expect(server.call('SET', 'l', VALUE)).rejects.toThrow(
        "OOM command not allowed when used memory > 'maxmemory'.",
      )
      expect(await server.call('GET', 'k')).toBe(VALUE)
      expect(await server.call('DEL', 'k')).toBe(1)
    }
  })

  it('goes on between commands when there is much to be done', async () => {
    const server = await serverForTest({ config: { 'maxmemory-policy': 'allkeys-random' } })
    for (let i = 0; i < 20; i++)
      await server.call('EVAL', `for i=1,1000 do redis.call('SET','k${i}:'..i,'${VALUE}') end`, 0)
    await server.call('CONFIG', 'SET', 'maxmemory', 1)
    expect(await server.call('DBSIZE')).toBeGreaterThan(15_000)
    while ((await server.call('DBSIZE')) !== 0) await new Promise(resolve => setImmediate(resolve))
    expect(String(await server.call('INFO', 'stats'))).toContain('evicted_keys:20000')
  })
})

describe('min-replicas-to-write', () => {
  it('forbids writing, since there are no replicas', async () => {
    const server = await serverForTest()
    await server.call('CONFIG', 'SET', 'min-slaves-to-write', 1)
    await expect(server.call('SET', 'k', 'v')).rejects.toThrow('NOREPLICAS Not enough good replicas to write.')
    expect(await server.call('GET', 'k')).toBeNull()
    await server.call('CONFIG', 'SET', 'min-replicas-to-write', 0)
    expect(await server.call('SET', 'k', 'v')).toBe('OK')
  })
})
