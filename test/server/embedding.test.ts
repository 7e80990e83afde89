import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { cmd, type Module } from 'redstrata/module'
import { createServer, ErrorReply, PushReply, testClock } from '../../core/index.ts'

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

describe('calls and the end', () => {
  it('a call that waits, or is queued behind one that does, rejects when the server is closed', async () => {
    const server = await createServer({ port: null })
    const own = [
      server.call('BLPOP', 'k', 0),
      server.call('GET', 'k'),
      server.client().call('XREAD', 'BLOCK', 0, 'STREAMS', 's', '$'),
    ]
    const ends = Promise.allSettled(own)
    await server.close()
    for (const end of await ends) expect(end).toMatchObject({ reason: { message: 'the server was closed' } })
    await expect(server.call('PING')).rejects.toThrow('the server was closed')
    await expect(server.client().call('PING')).rejects.toThrow('the server was closed')
  })

  it('all who close it wait for the same end', async () => {
    const server = await createServer({ port: 0 })
    const redis = new Redis(server.port, { retryStrategy: null })
    await redis.ping()
    const both = Promise.all([server.close(), server.close()])
    await both
    await expect(createServer({ port: server.port }).then(next => next.close())).resolves.toBeUndefined()
    redis.disconnect()
  })

  it('a client that is killed finds itself connected anew, with nothing of what it had', async () => {
    const server = await createServer({ port: null })
    const client = server.client()
    await client.call('SELECT', 3)
    const waits = client.call('BLPOP', 'k', 0)
    const killed = expect(waits).rejects.toThrow('the client was closed')
    expect(await server.call('CLIENT', 'KILL', 'TYPE', 'normal')).toBe(1)
    await killed
    expect(await client.call('CLIENT', 'INFO')).toMatchObject({ text: expect.stringContaining(' db=0 ') })
    client.close()
    await expect(client.call('PING')).rejects.toThrow('the client was closed')
    await server.close()
  })
})

describe('what is said unasked', () => {
  it('does not take the place of replies', async () => {
    const server = await createServer({ port: null })
    const client = server.client()
    const heard: unknown[] = []
    client.onPush = push => heard.push(push.items)
    expect(await client.call('SUBSCRIBE', 'a', 'b')).toEqual(new PushReply(['subscribe', 'a', 1]))
    await server.call('PUBLISH', 'a', 'early')
    expect(await client.call('ECHO', 'x')).toBe('x')
    expect(await client.call('PUBLISH', 'b', 'own')).toBe(1)
    await server.call('PUBLISH', 'b', 'late')
    await new Promise(setImmediate)
    expect(heard).toEqual([
      ['subscribe', 'b', 2],
      ['message', 'a', 'early'],
      ['message', 'b', 'own'],
      ['message', 'b', 'late'],
    ])
    await server.close()
  })

  it('is dropped where nobody listens', async () => {
    const server = await createServer({ port: null })
    const client = server.client()
    await client.call('CLIENT', 'TRACKING', 'ON')
    await client.call('GET', 'k')
    await server.call('SET', 'k', 'v')
    expect(await client.call('GET', 'k')).toBe('v')
    expect(await client.call('MONITOR')).toBe('OK')
    await server.call('SET', 'k', 'w')
    expect(await client.call('GET', 'k')).toBe('w')
    await server.close()
  })
})

describe('what it is started with', () => {
  it.each([undefined, null, true, {}])('%s is not sent in place of an argument', async value => {
    const server = await createServer({ port: null })
    await server.call('SET', 'k', 'v')
    await expect(server.call('SET', 'k', value as unknown as string)).rejects.toThrow(/takes text, Buffers and numbers/)
    expect(await server.call('GET', 'k')).toBe('v')
    await server.close()
  })

  it('listens where the configuration says when the options do not', async () => {
    const free = await createServer({ port: 0 })
    const { port } = free
    await free.close()
    const server = await createServer({ config: { port } })
    const redis = new Redis(port)
    expect(await redis.config('GET', 'port')).toEqual(['port', String(port)])
    redis.disconnect()
    await server.close()
  })

  it.each([
    ['save', '3600 1'],
    ['appendonly', 'yes'],
  ])('with %s what was written is there the next time', async (name, value) => {
    const dir = mkdtempSync(join(tmpdir(), 'redstrata-test-'))
    onTestFinished(() => rmSync(dir, { recursive: true }))
    const begin = () => createServer({ port: null, config: { dir, [name]: value } })
    const first = await begin()
    await first.call('SET', 'k', 'v')
    await first.close()
    const second = await begin()
    expect(await second.call('GET', 'k')).toBe('v')
    await second.close()
  })

  it.each([
    [{ port: 70_000 }, 'port: argument must be between 0 and 65535 inclusive'],
    [{ port: 0, config: { 'no-such': 1 } }, 'no parameter is called no-such'],
    [{ port: 0, config: { maxmemory: 'much' } }, 'maxmemory: argument must be a memory value'],
    [{ port: 1, host: '192.0.2.1' }, 'cannot listen on 192.0.2.1:1'],
  ])('%j is refused', async (options, text) => {
    await expect(createServer(options)).rejects.toThrow(text)
  })
})
