/* DEBUG RELOAD -- what was saved is what is loaded, again and again, with what is freed on the way overwritten. */

import { expect, it } from 'vitest'
import { SeededRandom } from '../../core/base/random.ts'
import { createServer, type RunningServer } from '../../core/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Call, fill, fillModules, refused, write } from './random-data.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 60 : 3

const start = (config: Record<string, string> = {}): Promise<RunningServer> =>
  createServer({ port: null, poison: true, config: { dir: temporaryFolder(), ...config } })

/** Change data of every type, and reload; the digest stays, and so does what is used once it was loaded. */
async function rounds(server: RunningServer, seed: number): Promise<void> {
  const random = new SeededRandom(seed)
  const call: Call = (...args) => server.call(...args)
  await fill(random, call)
  await fillModules(random, call)
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < 100; i++) await write(random, call).catch(refused)
    await fillModules(random, call)
    for (let i = 0; i < 50; i++)
      await call('SET', `s:${random.below(400)}`, 'x'.repeat(random.below(200)), 'EX', 100_000)
    const before = await server.call('DEBUG', 'DIGEST', 'EXACT')
    await server.call('DEBUG', 'RELOAD')
    expect(await server.call('DEBUG', 'DIGEST', 'EXACT')).toBe(before)
    await server.call('DEBUG', 'RELOAD', 'NOSAVE')
    expect(await server.call('DEBUG', 'DIGEST', 'EXACT')).toBe(before)
  }
}

it('data of every type stay what they are, in several servers of one process', async () => {
  const servers = await Promise.all([start(), start({ 'list-max-listpack-size': '4' }), start({ appendonly: 'yes' })])
  await Promise.all(servers.map((server, i) => rounds(server, i + 1)))
  for (const server of servers) {
    await server.call('FLUSHALL')
    await server.close()
  }
})

it('options say whether data are saved, forgotten and replaced', async () => {
  const server = await start()
  await server.call('MSET', 'a', 1, 'b', 1)
  await server.call('HSET', 'h', 'f', 'v')
  await server.call('SAVE')
  await server.call('MSET', 'a', 2, 'c', 2)
  await server.call('DEBUG', 'RELOAD', 'NOSAVE', 'NOFLUSH', 'MERGE')
  expect(await server.call('MGET', 'a', 'b', 'c')).toEqual(['1', '1', '2'])
  expect(await server.call('HGETALL', 'h')).toEqual(new Map([['f', 'v']]))
  await server.call('DEBUG', 'RELOAD', 'nosave')
  expect(await server.call('MGET', 'a', 'b', 'c')).toEqual(['1', '1', null])
  const failed = 'ERR Error trying to load the RDB dump, check server logs'
  await expect(server.call('DEBUG', 'RELOAD', 'NOFLUSH')).rejects.toThrow(failed)
  await expect(server.call('DEBUG', 'RELOAD', 'FAST')).rejects.toThrow(
    'ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.',
  )
  await server.call('SET', 'd', 1)
  expect(await server.call('MGET', 'a', 'd')).toEqual(['1', '1'])
  await server.close()
})
