import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { cmd, type Module } from 'redstrata/module'
import { createServer, ErrorReply, testClock } from '../../core/index.ts'

describe('an embedded server', () => {
  it('answers calls without a socket and clients with one', async () => {
    const server = await createServer({ port: 0, poison: true })
    expect(await server.call('SET', 'k', 'v')).toBe('OK')
    const redis = new Redis(server.port)
    expect(await redis.get('k')).toBe('v')
    await redis.incrby('n', 41)
    expect(await server.call('INCR', 'n')).toBe(42)
    await expect(server.call('INCR', 'k')).rejects.toBeInstanceOf(ErrorReply)
    redis.disconnect()
    await server.close()
  })

  it('keeps its keys from other servers of the process', async () => {
    const [a, b] = await Promise.all([createServer({ port: 0 }), createServer({ port: 0 })])
    await a.call('SET', 'k', 'a')
    expect(await b.call('GET', 'k')).toBeNull()
    await Promise.all([a.close(), b.close()])
  })

  it('lets keys die when its clock is turned', async () => {
    const clock = testClock()
    const server = await createServer({ port: null, clock })
    await server.call('SET', 'k', 'v', 'EX', 3600)
    clock.advance(3_599_000)
    expect(await server.call('GET', 'k')).toBe('v')
    clock.advance(1000)
    expect(await server.call('DBSIZE')).toBe(0)
    await server.close()
  })

  it('closes while clients are connected', async () => {
    const server = await createServer({ port: 0 })
    const clients = Array.from({ length: 20 }, () => new Redis(server.port, { retryStrategy: null }))
    await Promise.all(clients.map(client => client.ping()))
    await server.close()
    for (const client of clients) client.disconnect()
    expect(server.server.connections.size).toBe(0)
  })

  it('runs the commands of a module', async () => {
    const module: Module = {
      name: 'hello',
      version: 1,
      load(host) {
        host.commands([
          cmd('HELLO.WORLD name', 'read fast', '', ({ reply }, args) => reply.text(`hello ${args.text()}`)),
        ])
      },
    }
    const server = await createServer({ port: null, modules: [module] })
    expect(await server.call('hello.world', 'you')).toBe('hello you')
    await expect(server.call('hello.world')).rejects.toThrow("wrong number of arguments for 'hello.world' command")
    await server.close()
  })
})
