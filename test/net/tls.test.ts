import { readFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { join } from 'node:path'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { serverForTest, type TestServer } from '../support/server.ts'

const FOLDER = join(import.meta.dirname, 'fixtures')
const file = (name: string): string => join(FOLDER, name)
const read = (name: string): string => readFileSync(file(name), 'utf8')

const TRUST: ConnectionOptions = { ca: read('ca.crt'), servername: 'localhost' }
const CLIENT: ConnectionOptions = { ...TRUST, cert: read('client.crt'), key: read('client.key') }
const STRANGER: ConnectionOptions = { ...TRUST, cert: read('other.crt'), key: read('other.key') }

async function secureServer(clients: string): Promise<{ server: TestServer; port: number }> {
  const server = await serverForTest({
    config: {
      'tls-cert-file': file('server.crt'),
      'tls-key-file': file('server.key'),
      'tls-ca-cert-file': file('ca.crt'),
      'tls-auth-clients': clients,
    },
  })
  return { server, port: await server.server.listenTls(0, '127.0.0.1') }
}

/** What a PING is answered with, or how the connection ended. */
function ping(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise(resolve => {
    const socket: TLSSocket = connect({ host: '127.0.0.1', port, ...options }, () => socket.write('PING\r\n'))
    socket.once('data', piece => {
      resolve(piece.toString())
      socket.destroy()
    })
    socket.once('error', () => resolve('refused'))
    socket.once('close', () => resolve('refused'))
  })
}

describe('encrypted connections', () => {
  it('serve a client with large values and pipelines', async () => {
    const { port } = await secureServer('no')
    const client = new Redis({ host: '127.0.0.1', port, tls: TRUST, maxRetriesPerRequest: 1 })
    onTestFinished(() => client.disconnect())
    const large = 'x'.repeat(5_000_000)
    await client.set('large', large)
    expect(await client.get('large')).toBe(large)
    const replies = await Promise.all(Array.from({ length: 500 }, (_, i) => client.incrby('n', i)))
    expect(replies.at(-1)).toBe((499 * 500) / 2)
    expect(await client.client('LIST')).toContain('addr=127.0.0.1:')
  })

  it('are for clients with a certificate of the authority when it is asked for', async () => {
    const { port } = await secureServer('yes')
    expect(await ping(port, CLIENT)).toBe('+PONG\r\n')
    expect(await ping(port, TRUST)).toBe('refused')
    expect(await ping(port, STRANGER)).toBe('refused')
  })

  it('may be had without a certificate when it is optional, but not with a bad one', async () => {
    const { port } = await secureServer('optional')
    expect(await ping(port, CLIENT)).toBe('+PONG\r\n')
    expect(await ping(port, TRUST)).toBe('+PONG\r\n')
    expect(await ping(port, STRANGER)).toBe('refused')
  })

  it('take another certificate by CONFIG SET, and keep the old one when it is bad', async () => {
    const { server, port } = await secureServer('no')
    await server.call('CONFIG', 'SET', 'tls-cert-file', file('nosuch.crt'))
    expect(await ping(port, TRUST)).toBe('+PONG\r\n')
    await server.call('CONFIG', 'SET', 'tls-cert-file', file('other.crt'), 'tls-key-file', file('other.key'))
    expect(await ping(port, TRUST)).toBe('refused')
    expect(await ping(port, { ca: read('other.crt'), checkServerIdentity: () => undefined })).toBe('+PONG\r\n')
  })

  it('leave plain text and half handshakes behind, and the server closes with them open', async () => {
    const { server, port } = await secureServer('no')
    const plain = connectPlain(port, '127.0.0.1')
    plain.on('error', () => {})
    const closed = new Promise(resolve => plain.once('close', resolve))
    plain.write('PING\r\n')
    await closed
    const half = connectPlain(port, '127.0.0.1')
    half.on('error', () => {})
    const halfClosed = new Promise(resolve => half.once('close', resolve))
    await new Promise(resolve => half.once('connect', resolve))
    const open = connect({ host: '127.0.0.1', port, ...TRUST })
    open.on('error', () => {})
    const openClosed = new Promise(resolve => open.once('close', resolve))
    await new Promise(resolve => open.once('secureConnect', resolve))
    open.write('PING\r\n')
    await new Promise(resolve => open.once('data', resolve))
    await server.server.close()
    await Promise.all([halfClosed, openClosed])
  })
})
