import { describe, expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import { printReply } from '../support/transcript/reply.ts'
import type { RawConnection } from '../support/transcript/connection.ts'
import { serverForTest } from '../support/server.ts'

async function said(connection: RawConnection, ...args: string[]): Promise<string> {
  return printReply(await connection.call(...args))
}

async function heard(connection: RawConnection): Promise<string> {
  return printReply(await connection.read())
}

describe('client-side caching', () => {
  it('tells a subscribed RESP2 connection in the place of another', async () => {
    const server = await serverForTest()
    const [reader, ear, writer] = [await server.connect(), await server.connect(), await server.connect()]
    const id = (await said(ear, 'CLIENT', 'ID')).slice(1)
    await said(ear, 'SUBSCRIBE', '__redis__:invalidate')
    expect(await said(reader, 'CLIENT', 'TRACKING', 'ON', 'REDIRECT', id)).toBe('+OK')
    expect(await said(reader, 'CLIENT', 'GETREDIR')).toBe(`:${id}`)
    await said(reader, 'GET', 'k')
    await said(writer, 'SET', 'k', 'v')
    expect(await heard(ear)).toBe('["message" "__redis__:invalidate" ["k"]]')
    await said(writer, 'FLUSHALL')
    expect(await heard(ear)).toBe('["message" "__redis__:invalidate" nil]')
  })

  it('tells a RESP3 client that the one in its place has left', async () => {
    const server = await serverForTest()
    const [reader, ear, writer] = [await server.connect(), await server.connect(), await server.connect()]
    const id = (await said(ear, 'CLIENT', 'ID')).slice(1)
    await said(reader, 'HELLO', '3')
    await said(reader, 'CLIENT', 'TRACKING', 'ON', 'REDIRECT', id)
    await said(reader, 'GET', 'k')
    await said(writer, 'CLIENT', 'KILL', 'ID', id)
    await said(writer, 'SET', 'k', 'v')
    expect(await heard(reader)).toBe(`>["tracking-redir-broken" :${id}]`)
    expect(await said(reader, 'CLIENT', 'TRACKINGINFO')).toContain('broken_redirect')
  })

  it('tells of keys that were evicted for a command before its reply', async () => {
    const server = await serverForTest()
    const reader = await server.connect()
    await said(reader, 'HELLO', '3')
    await said(reader, 'CLIENT', 'TRACKING', 'ON')
    const used = /used_memory:(\d+)/.exec(await said(reader, 'INFO', 'memory'))![1]
    await said(reader, 'CONFIG', 'SET', 'maxmemory-policy', 'volatile-random')
    await said(reader, 'CONFIG', 'SET', 'maxmemory', String(Number(used) + 100_000))
    await said(reader, 'SETEX', 'volatile', '1000', 'x')
    await said(reader, 'GET', 'volatile')
    await said(reader, 'SETBIT', 'large', '1600000', '0')
    expect(await said(reader, 'GETBIT', 'large', '0')).toBe('>["invalidate" ["volatile"]]')
    expect(await heard(reader)).toBe(':0')
  })

  it('forgets the keys that were read first when there are too many', async () => {
    const server = await serverForTest()
    const reader = await server.connect()
    await said(reader, 'HELLO', '3')
    await said(reader, 'CONFIG', 'SET', 'tracking-table-max-keys', '2')
    await said(reader, 'CLIENT', 'TRACKING', 'ON')
    await said(reader, 'GET', 'a')
    await said(reader, 'GET', 'b')
    await said(reader, 'GET', 'c')
    expect(await heard(reader)).toBe('>["invalidate" ["a"]]')
    expect(await said(reader, 'INFO', 'stats')).toContain('tracking_total_keys:2')
    await said(reader, 'CLIENT', 'TRACKING', 'OFF')
    expect(await said(reader, 'INFO', 'stats')).toContain('tracking_total_keys:0')
  })

  it('tells a client with NOLOOP of a key that expired, also when it met it itself', async () => {
    const clock = testClock()
    const server = await serverForTest({ clock })
    const reader = await server.connect()
    await said(reader, 'HELLO', '3')
    await said(reader, 'CLIENT', 'TRACKING', 'ON', 'NOLOOP')
    await said(reader, 'SET', 'k', 'v', 'PX', '10')
    expect(await said(reader, 'GET', 'k')).toBe('"v"')
    clock.advance(11)
    reader.send(['GET', 'k'])
    const both = [await heard(reader), await heard(reader)].sort()
    expect(both).toEqual(['>["invalidate" ["k"]]', '_'].sort())
  })

  it('sends one message for each prefix, with the keys of a whole transaction', async () => {
    const server = await serverForTest()
    const [reader, writer] = [await server.connect(), await server.connect()]
    await said(reader, 'HELLO', '3')
    await said(reader, 'CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', 'b:', 'PREFIX', 'a:')
    await said(writer, 'EVAL', "for i=3,1,-1 do redis.call('SET','a:'..i,1) redis.call('SET','b:'..i,1) end", '0')
    expect(await heard(reader)).toBe('>["invalidate" ["a:1" "a:2" "a:3"]]')
    expect(await heard(reader)).toBe('>["invalidate" ["b:1" "b:2" "b:3"]]')
  })
})
