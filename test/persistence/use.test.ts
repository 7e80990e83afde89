/* When and how often keys were used, in files and payloads, under the policies that want to know. */

import { expect, it } from 'vitest'
import { systemClock } from '../../core/base/clock.ts'
import { createServer, type RunningServer } from '../../core/index.ts'
import { temporaryFolder } from '../support/folder.ts'

/** A server whose clock can be put forward. */
async function start(
  policy: string,
  dir = temporaryFolder(),
): Promise<{ server: RunningServer; pass(ms: number): void }> {
  let passed = 0
  const real = systemClock()
  const server = await createServer({
    port: null,
    clock: { ...real, nowMs: () => real.nowMs() + passed },
    config: { dir, 'maxmemory-policy': policy },
  })
  return { server, pass: ms => (passed += ms) }
}

it('an LRU policy has idle times saved, of small keys and of large ones', async () => {
  const { server, pass } = await start('allkeys-lru')
  await server.call('SET', 'old', 1)
  await server.call('SADD', 'large', ...Array.from({ length: 3000 }, (_, i) => `m${i}`))
  pass(50_000)
  await server.call('SET', 'new', 1)
  await server.call('BGSAVE')
  while (/rdb_bgsave_in_progress:1/.test(String(await server.call('INFO', 'persistence'))))
    await new Promise(resolve => setImmediate(resolve))
  pass(10_000)
  await server.call('DEBUG', 'RELOAD', 'NOSAVE')
  // The file says how long ago it was; that is counted from the loading on.
  expect(await server.call('OBJECT', 'IDLETIME', 'old')).toBeGreaterThanOrEqual(50)
  expect(await server.call('OBJECT', 'IDLETIME', 'old')).toBeLessThan(60)
  expect(await server.call('OBJECT', 'IDLETIME', 'large')).toBeGreaterThanOrEqual(50)
  expect(await server.call('OBJECT', 'IDLETIME', 'new')).toBeLessThan(10)
  await server.close()
})

it('an LFU policy has counters saved', async () => {
  const { server } = await start('allkeys-lfu')
  await server.call('SET', 'often', 1)
  for (let i = 0; i < 300; i++) await server.call('GET', 'often')
  await server.call('SET', 'once', 1)
  const often = await server.call('OBJECT', 'FREQ', 'often')
  expect(often).toBeGreaterThan(6)
  await server.call('DEBUG', 'RELOAD')
  expect(await server.call('OBJECT', 'FREQ', 'often')).toBe(often)
  expect(await server.call('OBJECT', 'FREQ', 'once')).toBe(5)
  await server.close()
})

it('without such a policy nothing is said, but what a file says of idle times is believed', async () => {
  const dir = temporaryFolder()
  const first = await start('allkeys-lru', dir)
  await first.server.call('SET', 'a', 1)
  first.pass(70_000)
  await first.server.call('SAVE')
  await first.server.close()
  const second = await start('noeviction', dir)
  expect(await second.server.call('OBJECT', 'IDLETIME', 'a')).toBeGreaterThanOrEqual(70)
  await second.server.call('DEBUG', 'RELOAD')
  expect(await second.server.call('OBJECT', 'IDLETIME', 'a')).toBeLessThan(70)
  await second.server.close()
})

it('RESTORE takes IDLETIME and FREQ where they count', async () => {
  for (const policy of ['volatile-lru', 'volatile-lfu']) {
    const { server } = await start(policy)
    await server.call('SET', 'a', 1)
    const script = "return redis.call('RESTORE', KEYS[2], 0, redis.call('DUMP', KEYS[1]), ARGV[1], ARGV[2])"
    await server.call('EVAL', script, 2, 'a', 'idle', 'IDLETIME', 1000)
    await server.call('EVAL', script, 2, 'a', 'used', 'FREQ', 77)
    if (policy.endsWith('lru')) {
      expect(await server.call('OBJECT', 'IDLETIME', 'idle')).toBeGreaterThanOrEqual(1000)
      expect(await server.call('OBJECT', 'IDLETIME', 'used')).toBeLessThan(1000)
    } else {
      expect(await server.call('OBJECT', 'FREQ', 'used')).toBe(77)
      expect(await server.call('OBJECT', 'FREQ', 'idle')).toBeLessThan(10)
    }
    await server.close()
  }
})
