import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Outlet } from '../../core/net/outlet.ts'

const open: { close?: () => unknown; destroy?: () => unknown }[] = []

afterEach(() => {
  for (const one of open.splice(0)) {
    one.destroy?.()
    one.close?.()
  }
})

/** Two ends of one connection. */
async function ends(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [near] = (await once(server, 'connection')) as [Socket]
  far.pause()
  open.push(near, far, server)
  return { near, far }
}

describe('an outlet', () => {
  it('says that a short write is done', async () => {
    const { near, far } = await ends()
    const outlet = new Outlet(near, () => {})
    expect(outlet.write(Buffer.from('+OK\r\n'))).toBe(true)
    expect(outlet.owed).toBe(0)
    const [piece] = (await once(far.resume(), 'data')) as [Buffer]
    expect(piece.toString()).toBe('+OK\r\n')
  })

  it('owes what a slow reader leaves, in order, and says when it owes nothing', async () => {
    const { near, far } = await ends()
    let empty = 0
    const outlet = new Outlet(near, () => empty++)
    const pieces = Array.from({ length: 40 }, (_, i) => Buffer.alloc(1 << 20, i))
    const taken = pieces.map(piece => outlet.write(piece))
    expect(taken.at(-1)).toBe(false)
    expect(outlet.owed).toBe(taken.filter(done => !done).length << 20)
    expect(empty).toBe(0)
    let bytes = 0
    let inOrder = true
    far.on('data', (piece: Buffer) => {
      for (let i = 0; i < piece.length; i += 4096) inOrder &&= piece[i] === (bytes + i) >>> 20
      bytes += piece.length
    })
    far.resume()
    while (bytes < 40 << 20) await once(far, 'data')
    while (outlet.owed > 0) await new Promise(resolve => setImmediate(resolve))
    expect([bytes, inOrder, empty]).toEqual([40 << 20, true, 1])
  })

  it('ends a connection whose other end is gone', async () => {
    const { near, far } = await ends()
    const outlet = new Outlet(near, () => {})
    near.on('error', () => {})
    far.resetAndDestroy()
    await new Promise(resolve => near.once('close', resolve))
    expect(outlet.write(Buffer.from('+OK\r\n'))).toBe(true)
    expect([near.destroyed, outlet.owed]).toEqual([true, 0])
  })
})
