import { describe, expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import { printReply } from '../support/transcript/reply.ts'
import { serverForTest } from '../support/server.ts'

/** What OBJECT IDLETIME says of a key of ten seconds once a command has run. */
async function idleAfter(...words: string[]): Promise<string> {
  const clock = testClock()
  const { connect } = await serverForTest({ clock })
  const client = await connect()
  await client.call('SET', 'k', 'v', 'EX', '1000')
  clock.advance(10_000)
  await client.call(...words)
  return printReply(await client.call('OBJECT', 'IDLETIME', 'k'))
}

describe('a use of a key', () => {
  it('is not to ask for its time to live', async () => {
    for (const name of ['TTL', 'PTTL', 'EXPIRETIME', 'PEXPIRETIME', 'EXISTS', 'TYPE'])
      expect(await idleAfter(name, 'k'), name).toBe(':10')
  })

  it('is to change its time to live, even where the condition forbids it, and to rename it', async () => {
    for (const line of ['EXPIRE k 100', 'EXPIRE k 100 NX', 'PERSIST k', 'RENAME k k', 'RENAMENX k k'])
      expect(await idleAfter(...line.split(' ')), line).toBe(':0')
  })
})

describe('how often a key was used', () => {
  it('stays with it when it is renamed', async () => {
    const { call } = await serverForTest()
    await call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lfu', 'lfu-log-factor', '0')
    await call('RPUSH', 'a', '1')
    for (let i = 0; i < 20; i++) await call('LLEN', 'a')
    const before = Number(await call('OBJECT', 'FREQ', 'a'))
    expect(before).toBeGreaterThan(20)
    await call('RENAME', 'a', 'b')
    expect(await call('OBJECT', 'FREQ', 'b')).toBe(before + 1)
  })
})

describe('CLIENT NO-TOUCH', () => {
  it('leaves the idle time of keys alone, TOUCH and other clients aside', async () => {
    const clock = testClock()
    const server = await serverForTest({ clock })
    const [quiet, other] = [await server.connect(), await server.connect()]
    const idle = async (): Promise<string> => printReply(await other.call('OBJECT', 'IDLETIME', 'k'))
    await quiet.call('SET', 'k', 'v')
    await quiet.call('CLIENT', 'NO-TOUCH', 'ON')
    clock.advance(10_000)
    await quiet.call('GET', 'k')
    expect(await idle()).toBe(':10')
    await other.call('EXISTS', 'k')
    expect(await idle()).toBe(':10')
    await other.call('GET', 'k')
    expect(await idle()).toBe(':0')
    clock.advance(5000)
    await quiet.call('TOUCH', 'k')
    expect(await idle()).toBe(':0')
    clock.advance(5000)
    await quiet.call('CLIENT', 'NO-TOUCH', 'OFF')
    await quiet.call('GET', 'k')
    expect(await idle()).toBe(':0')
  })
})
