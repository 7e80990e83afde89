import { describe, expect, it } from 'vitest'
import { serverForTest, type TestServer } from '../support/server.ts'

/** The line of INFO commandstats or errorstats of that name. */
async function lineOf({ call }: TestServer, section: string, name: string): Promise<string | undefined> {
  const lines = String(await call('INFO', section)).split('\r\n')
  return lines.find(line => line.startsWith(`${name}:`))?.slice(name.length + 1)
}

async function untilOneWaits({ call }: TestServer): Promise<void> {
  while (!/blocked_clients:1/.test(String(await call('INFO', 'clients')))) await new Promise(setImmediate)
}

describe('a command that waits', () => {
  it('is counted once, when it was served', async () => {
    const server = await serverForTest()
    const waiting = await server.connect()
    const reply = waiting.call('BLPOP', 'list', '0')
    await untilOneWaits(server)
    expect(await lineOf(server, 'commandstats', 'cmdstat_blpop')).toBeUndefined()
    await server.call('RPUSH', 'list', 'a')
    expect(await reply).toEqual({
      kind: '*',
      items: [
        { kind: '$', text: 'list' },
        { kind: '$', text: 'a' },
      ],
    })
    expect(await lineOf(server, 'commandstats', 'cmdstat_blpop')).toMatch(
      /^calls=1,.*,rejected_calls=0,failed_calls=0$/,
    )
  })

  it('is counted as failed when it ends by an error', async () => {
    const server = await serverForTest()
    await server.call('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM')
    const waiting = await server.connect()
    const reply = waiting.call('XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', '0', 'STREAMS', 's', '>')
    await untilOneWaits(server)
    await server.call('XGROUP', 'DESTROY', 's', 'g')
    expect(await reply).toMatchObject({ kind: '-' })
    expect(await lineOf(server, 'commandstats', 'cmdstat_xreadgroup')).toMatch(/^calls=1,.*,failed_calls=1$/)
    expect(await lineOf(server, 'errorstats', 'errorstat_NOGROUP')).toBe('count=1')
  })
})

describe('error codes', () => {
  it('are told apart up to a limit, for scripts can make up any number', async () => {
    const server = await serverForTest()
    for (let i = 0; i < 200; i++)
      await server.call('EVAL', "return redis.error_reply('E' .. ARGV[1] .. ' x')", '0', String(i)).catch(() => {})
    const codes = String(await server.call('INFO', 'errorstats')).match(/^errorstat_/gm)
    expect(codes).toHaveLength(129)
    expect(await lineOf(server, 'errorstats', 'errorstat_ERRORSTATS_OVERFLOW')).toBe('count=72')
  })
})

describe('limits of what waits for a client', () => {
  it('hold for a reply of one turn', async () => {
    const server = await serverForTest()
    await server.call('SET', 'big', 'x'.repeat(100_000))
    await server.call('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 10 0 0')
    const client = await server.connect()
    await expect(client.call('GET', 'big')).rejects.toThrow()
    expect(await lineOf(server, 'stats', 'client_output_buffer_limit_disconnections')).toBe('1')
  })

  it('are narrow for one that has not said who it is', async () => {
    const server = await serverForTest()
    await server.call('CONFIG', 'SET', 'requirepass', 'secret')
    const client = await server.connect()
    const refused = client.call('GET', 'x')
    expect(await refused).toMatchObject({ kind: '-' })
    for (let i = 0; i < 2000; i++) client.send(['GET', 'x'])
    await expect(async () => {
      for (let i = 0; i < 2000; i++) await client.read()
    }).rejects.toThrow()
  })
})
