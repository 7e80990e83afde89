import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serverForTest } from '../support/server.ts'

const VALUE = 1 << 20
/** What may wait for a client before its requests do, and the reply that goes over it. */
const OWED_MAX = (64 << 20) + 2 * VALUE
const REQUESTS = 200

/** A client that asks for much in one write, and reads nothing yet. */
async function ask(port: number, requests: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.pause()
  socket.write(requests)
  return socket
}

/** Read until so many bytes came or the other end closed; returns how many, and the last of them. */
async function read(socket: Socket, bytes: number): Promise<{ count: number; last: string }> {
  let count = 0
  let last = ''
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    count += (piece as Buffer).length
    last = (last + (piece as Buffer).toString('latin1')).slice(-16)
    if (count >= bytes) break
  }
  return { count, last }
}

describe('a client that asks for much and does not read', () => {
  const frame = VALUE + `$${VALUE}\r\n\r\n`.length
  const requests = `${'GET big\r\n'.repeat(REQUESTS)}INCR n\r\n`

  it('is answered no further than its replies have room, and then in full', async () => {
    const server = await serverForTest()
    await server.call('SET', 'big', Buffer.alloc(VALUE, 'x'))
    const socket = await ask(server.port, requests)
    const owed = async (): Promise<number> => {
      await new Promise(resolve => setTimeout(resolve, 5))
      const list = String(await server.call('CLIENT', 'LIST'))
      return Math.max(...[...list.matchAll(/ omem=(\d+) /g)].map(found => Number(found[1])))
    }
    while ((await owed()) === 0);
    for (let i = 0; i < 20; i++) expect(await owed()).toBeLessThan(OWED_MAX)
    expect(await server.call('GET', 'n')).toBeNull()
    const { count, last } = await read(socket, REQUESTS * frame + 4)
    expect(count).toBe(REQUESTS * frame + 4)
    expect(last.endsWith('x\r\n:1\r\n')).toBe(true)
    socket.write('PING\r\n')
    expect((await read(socket, 7)).last).toBe('+PONG\r\n')
  })

  it('may say at once that it will ask no more', async () => {
    const server = await serverForTest()
    await server.call('SET', 'big', Buffer.alloc(VALUE, 'x'))
    const socket = await ask(server.port, requests)
    socket.end()
    const { count, last } = await read(socket, Number.POSITIVE_INFINITY)
    expect(count).toBe(REQUESTS * frame + 4)
    expect(last.endsWith('x\r\n:1\r\n')).toBe(true)
  })
})
