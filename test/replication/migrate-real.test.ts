/* MIGRATE between us and a real server of an older version, both ways. */

import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { SeededRandom } from '../../core/base/random.ts'
import { type Call, fill, knownToOlder } from '../persistence/random-data.ts'
import { temporaryFolder } from '../support/folder.ts'
import { hasRealServer, startRealServer } from '../support/program.ts'
import { serverForTest } from '../support/server.ts'
import { printReply } from '../support/transcript/reply.ts'

it.skipIf(!hasRealServer())('values of all core types move to a real server, and back', async () => {
  const ours = await serverForTest()
  const real = await startRealServer(temporaryFolder(), ['--save', '', '--enable-debug-command', 'yes'])
  onTestFinished(() => real.kill())
  const connection = await real.connect()
  const ask: Call = async (...args) => printReply(await connection.call(...args.map(String)))
  const call: Call = (...args) => ours.call(...args)
  await fill(new SeededRandom(11), knownToOlder(call))
  for (const db of [1, 2, 0]) {
    await call('SELECT', db)
    if (db !== 0) await call('FLUSHDB')
  }
  await call('SET', 'text', 'x'.repeat(20_000), 'PX', 10_000_000)
  await call('PFADD', 'hll', 1, 2, 3)
  const keys = ((await call('KEYS', '*')) as string[]).sort()
  const digest = String(await call('DEBUG', 'DIGEST'))
  const times = await Promise.all(keys.map(key => call('PEXPIRETIME', key)))

  await ask('ACL', 'SETUSER', 'mover', 'on', '>secret', '~*', '+@all')
  await ask('CONFIG', 'SET', 'requirepass', 'pw')
  const there = ['127.0.0.1', real.port, '', 0, 5000]
  const nobody = 'ERR Target instance replied with error: NOAUTH Authentication required.'
  await expect(call('MIGRATE', ...there, 'KEYS', ...keys)).rejects.toThrow(nobody)
  await expect(call('MIGRATE', ...there, 'AUTH', 'no', 'KEYS', ...keys)).rejects.toThrow('WRONGPASS')
  expect(await call('DEBUG', 'DIGEST')).toBe(digest)
  expect(await call('MIGRATE', ...there, 'COPY', 'AUTH', 'pw', 'KEYS', ...keys)).toBe('OK')
  expect(await call('DEBUG', 'DIGEST')).toBe(digest)
  const busy = 'ERR Target instance replied with error: BUSYKEY Target key name already exists.'
  await expect(call('MIGRATE', ...there, 'AUTH', 'pw', 'KEYS', ...keys)).rejects.toThrow(busy)
  expect(await call('MIGRATE', ...there, 'REPLACE', 'AUTH2', 'mover', 'secret', 'KEYS', ...keys)).toBe('OK')
  expect(await call('DBSIZE')).toBe(0)
  await ask('AUTH', 'pw')
  expect(await ask('DEBUG', 'DIGEST')).toBe(`+${digest}`)

  await call('CONFIG', 'SET', 'requirepass', 'ours')
  const here = ['127.0.0.1', ours.port, '', 0, 5000]
  expect(await ask('MIGRATE', ...here, 'KEYS', ...keys)).toBe(`-${nobody}`)
  expect(await ask('MIGRATE', ...here, 'COPY', 'AUTH', 'ours', 'KEYS', ...keys)).toBe('+OK')
  expect(await ask('MIGRATE', ...here, 'AUTH', 'ours', 'KEYS', ...keys)).toBe(`-${busy}`)
  expect(await ask('MIGRATE', ...here, 'REPLACE', 'AUTH2', 'default', 'ours', 'KEYS', ...keys)).toBe('+OK')
  expect(await ask('DBSIZE')).toBe(':0')
  expect(await call('DEBUG', 'DIGEST')).toBe(digest)
  const back = (await Promise.all(keys.map(key => call('PEXPIRETIME', key)))) as number[]
  // Times go over as what is left.
  for (const [i, at] of back.entries()) expect(Math.abs(at - (times[i] as number))).toBeLessThan(10_000)

  await call('HSET', 'hash', 'f', 'v')
  await call('HEXPIRE', 'hash', 100, 'FIELDS', 1, 'f')
  await call('SET', 'new', 1)
  const unknown = 'ERR Target instance replied with error: ERR DUMP payload version or checksum are wrong'
  await expect(call('MIGRATE', ...there, 'AUTH', 'pw', 'KEYS', 'hash', 'new')).rejects.toThrow(unknown)
  expect(await call('EXISTS', 'hash', 'new')).toBe(1)
  expect(await ask('GET', 'new')).toBe('"1"')
})

/** A server that answers each connection with the next text, and then closes it. */
async function pretender(texts: readonly string[]): Promise<number> {
  const left = [...texts]
  const server = createTcpServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(left.shift() ?? ''))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise(resolve => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}

it.each([
  ['+OK\r\n+OK\r\n-ERR no\r\n+OK\r\n', 'ERR Target instance replied with error: ERR no', ['b']],
  ['+OK\r\n+OK\r\n', 'IOERR error or timeout reading to target instance', ['b', 'c']],
  ['+OK\r\n-ERR no\r\n', 'ERR Target instance replied with error: ERR no', ['a', 'b', 'c']],
  ['-ERR no db\r\n+OK\r\n+OK\r\n+OK\r\n', 'ERR Target instance replied with error: ERR no db', ['a', 'b', 'c']],
  ['+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n-ERR more\r\n', null, []],
  ['', 'IOERR error or timeout reading to target instance', ['a', 'b', 'c']],
  ['what\r\n', 'IOERR error or timeout reading to target instance', ['a', 'b', 'c']],
])('each reply decides over its key: %j', async (text, refusal, kept) => {
  const ours = await serverForTest({ port: null })
  for (const key of ['a', 'b', 'c']) await ours.call('SET', key, 1)
  const port = await pretender([text])
  const moving = ours.call('MIGRATE', '127.0.0.1', port, '', 0, 5000, 'KEYS', 'a', 'b', 'c')
  if (refusal === null) expect(await moving).toBe('OK')
  else await expect(moving).rejects.toThrow(refusal)
  expect(((await ours.call('KEYS', '*')) as string[]).sort()).toEqual(kept)
  expect(ours.server.engine.stats.unexpectedErrors).toBe(0)
})
