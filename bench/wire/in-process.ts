/* In process -- what a call costs without a socket, beside ioredis awaiting each command over loopback. */

import { Redis } from 'ioredis'
import { createServer } from '../../core/index.ts'

const CALLS = 100_000
const ROUNDS = 5

export async function measureInProcess(): Promise<{ callPerSecond: number; ioredisPerSecond: number }> {
  const server = await createServer({ port: 0 })
  const client = new Redis(server.port, '127.0.0.1')
  await server.call('SET', 'key', 'value of the key')
  let callPerSecond = 0
  let ioredisPerSecond = 0
  for (let round = 0; round < ROUNDS; round++) {
    callPerSecond = Math.max(callPerSecond, await rate(CALLS, () => server.call('GET', 'key')))
    ioredisPerSecond = Math.max(ioredisPerSecond, await rate(CALLS / 10, () => client.get('key')))
  }
  client.disconnect()
  await server.close()
  return { callPerSecond, ioredisPerSecond }
}

async function rate(count: number, call: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < count; i++) await call()
  return (count * 1000) / (performance.now() - start)
}
