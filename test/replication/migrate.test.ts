import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { serverForTest } from '../support/server.ts'

describe('MIGRATE', () => {
  it('moves values of all types with their times to another server', async () => {
    const [from, to] = [await serverForTest(), await serverForTest()]
    await from.call('SET', 's', 'v', 'PX', 100_000)
    await from.call('RPUSH', 'l', 'a', 'b')
    await from.call('HSET', 'h', 'f', 'v')
    const reply = await from.call('MIGRATE', '127.0.0.1', to.port, '', 3, 5000, 'KEYS', 's', 'l', 'h', 'nokey')
    expect(reply).toBe('OK')
    expect(await from.call('DBSIZE')).toBe(0)
    await to.call('SELECT', 3)
    expect(await to.call('GET', 's')).toBe('v')
    expect(await to.call('PTTL', 's')).toBeGreaterThan(90_000)
    expect(await to.call('LRANGE', 'l', 0, -1)).toEqual(['a', 'b'])
    expect(await to.call('HGET', 'h', 'f')).toBe('v')
  })

  it('copies, replaces and logs in when it is told to', async () => {
    const [from, to] = [await serverForTest(), await serverForTest()]
    await to.call('SET', 'k', 'old')
    await to.call('CONFIG', 'SET', 'requirepass', 'pw')
    await from.call('SET', 'k', 'new')
    await expect(from.call('MIGRATE', '127.0.0.1', to.port, 'k', 0, 5000)).rejects.toThrow('NOAUTH')
    await expect(from.call('MIGRATE', '127.0.0.1', to.port, 'k', 0, 5000, 'AUTH', 'pw')).rejects.toThrow(
      'ERR Target instance replied with error: BUSYKEY',
    )
    expect(await from.call('MIGRATE', '127.0.0.1', to.port, 'k', 0, 5000, 'COPY', 'REPLACE', 'AUTH', 'pw')).toBe('OK')
    expect(await to.call('GET', 'k')).toBe('new')
    expect(await from.call('GET', 'k')).toBe('new')
  })

  it('says what failed, and keeps the keys', async () => {
    const from = await serverForTest()
    await from.call('SET', 'k', 'v')
    expect(await from.call('MIGRATE', '127.0.0.1', 1, 'nokey', 0, 100)).toBe('NOKEY')
    await expect(from.call('MIGRATE', '127.0.0.1', 1, 'k', 0, 100)).rejects.toThrow('IOERR')
    const mute = createServer(() => {}).listen(0, '127.0.0.1')
    await new Promise(resolve => mute.once('listening', resolve))
    const { port } = mute.address() as AddressInfo
    await expect(from.call('MIGRATE', '127.0.0.1', port, 'k', 0, 50)).rejects.toThrow(
      'IOERR error or timeout reading to target instance',
    )
    mute.close()
    expect(await from.call('GET', 'k')).toBe('v')
  })

  it('keeps a key that was changed on the way', async () => {
    const [from, to] = [await serverForTest(), await serverForTest()]
    await from.call('SET', 'k', 'v')
    const moving = from.call('MIGRATE', '127.0.0.1', to.port, 'k', 0, 5000)
    await from.client().call('SET', 'k', 'changed')
    await expect(moving).rejects.toThrow('is kept here too')
    expect(await from.call('GET', 'k')).toBe('changed')
    expect(await to.call('GET', 'k')).toBe('v')
  })
})
