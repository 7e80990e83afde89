import { expect, it } from 'vitest'
import { serverForTest, type TestServer } from '../support/server.ts'
import { printReply } from '../support/transcript/reply.ts'

const evicted = async (server: TestServer): Promise<string | undefined> =>
  /evicted_clients:(\d+)/.exec(String(await server.call('INFO', 'stats')))?.[1]

/** Begin a request of ten megabytes, and send a part of it. */
function begin(bytes: number): Buffer {
  return Buffer.concat([Buffer.from('*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$10000000\r\n'), Buffer.alloc(bytes, 120)])
}

it('disconnects the clients that keep the most memory when all together keep too much', async () => {
  const server = await serverForTest()
  const small = await server.connect()
  await small.call('CONFIG', 'SET', 'maxmemory-clients', '3mb')
  const large = await server.connect()
  const medium = await server.connect()
  medium.write(begin(500_000))
  large.write(begin(4_000_000))
  await large.whenClosed()
  expect(await evicted(server)).toBe('1')
  expect(printReply(await small.call('PING'))).toBe('+PONG')
  expect(medium.closed).toBe(false)
})

it('leaves those alone that asked for it, and counts transactions', async () => {
  const server = await serverForTest()
  const kept = await server.connect()
  await kept.call('CLIENT', 'NO-EVICT', 'ON')
  await kept.call('CONFIG', 'SET', 'maxmemory', '100mb')
  await kept.call('CONFIG', 'SET', 'maxmemory-clients', '2%')
  const queueing = await server.connect()
  for (const client of [kept, queueing]) {
    await client.call('MULTI')
    client.send(['SET', 'key', 'x'.repeat(3_000_000)])
  }
  await queueing.whenClosed()
  await kept.read()
  expect(printReply(await kept.call('EXEC'))).toBe('[+OK]')
  expect(await evicted(server)).toBe('1')
  await server.call('CONFIG', 'RESETSTAT')
  expect(await evicted(server)).toBe('0')
})

it('takes bytes and percents', async () => {
  const server = await serverForTest()
  const client = await server.connect()
  const set = async (value: string): Promise<string> =>
    printReply(await client.call('CONFIG', 'SET', 'maxmemory-clients', value))
  const get = async (): Promise<string> => printReply(await client.call('CONFIG', 'GET', 'maxmemory-clients'))
  const failed = (why: string): string =>
    `-ERR CONFIG SET failed (possibly related to argument 'maxmemory-clients') - ${why}`
  expect(await get()).toBe('["maxmemory-clients" "0"]')
  expect([await set('5%'), await get()]).toEqual(['+OK', '["maxmemory-clients" "5%"]'])
  expect([await set('10mb'), await get()]).toEqual(['+OK', '["maxmemory-clients" "10485760"]'])
  expect([await set('0%'), await get()]).toEqual(['+OK', '["maxmemory-clients" "0"]'])
  expect(await set('101%')).toBe(failed('percentage argument must be less or equal to 100'))
  for (const wrong of ['-1', 'abc', '1.5%'])
    expect(await set(wrong)).toBe(failed('argument must be a memory or percent value'))
})
