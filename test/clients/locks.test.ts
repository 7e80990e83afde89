import { Redis } from 'ioredis'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import { afterAll, describe, expect, it } from 'vitest'
import { serverForFile } from '../support/server.ts'

const server = await serverForFile()
const redis = new Redis(server.port)

/* A lock as the manual of SET describes it: set if absent, with a time to live; let go and prolonged by scripts that compare. */
const RELEASE = `if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) end return 0`
const PROLONG = `if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("pexpire", KEYS[1], ARGV[2]) end return 0`

afterAll(async () => {
  redis.disconnect()
  await server.close()
})

describe('locks', () => {
  it('let one holder in at a time', async () => {
    let inside = 0
    let most = 0
    let counter = 0
    const enter = async (name: string): Promise<void> => {
      while ((await redis.set('lock', name, 'PX', 5000, 'NX')) === null) await new Promise(setImmediate)
      most = Math.max(most, ++inside)
      const read = counter
      await redis.ping()
      counter = read + 1
      inside--
      expect(await redis.eval(RELEASE, 1, 'lock', name)).toBe(1)
    }
    await Promise.all(Array.from({ length: 20 }, (_, i) => enter(`holder ${i}`)))
    expect([most, counter]).toEqual([1, 20])
  })

  it('are neither let go nor prolonged by others', async () => {
    await redis.set('mine', 'a', 'PX', 60_000)
    expect(await redis.eval(RELEASE, 1, 'mine', 'b')).toBe(0)
    expect(await redis.eval(PROLONG, 1, 'mine', 'b', 90_000)).toBe(0)
    expect(await redis.eval(PROLONG, 1, 'mine', 'a', 90_000)).toBe(1)
    expect(await redis.pttl('mine')).toBeGreaterThan(60_000)
  })

  it('work through a command that a client defines, by EVALSHA with EVAL behind it', async () => {
    const locker = redis.duplicate()
    locker.defineCommand('release', { numberOfKeys: 1, lua: RELEASE })
    const release = (locker as unknown as { release(key: string, holder: string): Promise<number> }).release.bind(
      locker,
    )
    await server.call('SCRIPT', 'FLUSH')
    await redis.set('defined', 'x')
    expect(await release('defined', 'y')).toBe(0)
    expect(await release('defined', 'x')).toBe(1)
    locker.disconnect()
  })
})

describe('rate-limiter-flexible', () => {
  it('counts points in a window and refuses beyond', async () => {
    const limiter = new RateLimiterRedis({ storeClient: redis, points: 3, duration: 60, keyPrefix: 'window' })
    const left = [(await limiter.consume('u')).remainingPoints, (await limiter.consume('u', 2)).remainingPoints]
    expect(left).toEqual([2, 0])
    const refused = await limiter.consume('u').catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(RateLimiterRes)
    expect((refused as RateLimiterRes).consumedPoints).toBe(4)
    expect((refused as RateLimiterRes).msBeforeNext).toBeGreaterThan(0)
    expect((await limiter.get('u'))?.consumedPoints).toBe(4)
    expect(await limiter.delete('u')).toBe(true)
  })

  it('blocks a key that went too far', async () => {
    const limiter = new RateLimiterRedis({
      storeClient: redis,
      points: 1,
      duration: 1,
      blockDuration: 50,
      keyPrefix: 'block',
    })
    await limiter.consume('u')
    const refused = (await limiter.consume('u').catch((error: unknown) => error)) as RateLimiterRes
    expect(refused.msBeforeNext).toBeGreaterThan(1000)
  })
})
