/* Snapshots of data that change while they are written: the file is the data of the first moment, whatever happens. */

import { expect, it } from 'vitest'
import { systemClock } from '../../core/base/clock.ts'
import { SeededRandom } from '../../core/base/random.ts'
import { createServer, type RunningServer } from '../../core/index.ts'
import { Persistence } from '../../core/persistence/persistence.ts'
import { temporaryFolder } from '../support/folder.ts'
import { centroids, fillLarge, writeLarge } from './large-data.ts'
import { type Call, fill, refused, write } from './random-data.ts'

const SEEDS = process.env['REDSTRATA_TEST'] === 'long' ? 100 : 4

/** A server whose slices have few steps, since each look at its clock finds half a millisecond gone. */
async function start(dir: string, config: Record<string, string> = {}): Promise<RunningServer> {
  let micros = 0
  const clock = { ...systemClock(), microseconds: () => (micros += 600) }
  const server = await createServer({ port: null, poison: true, clock, config: { dir, ...config } })
  server.server.engine.service(Persistence).settings.elementsAtOnce = 20
  return server
}

/** Wait until the file has its name. */
async function written(server: RunningServer): Promise<void> {
  const persistence = server.server.engine.service(Persistence)
  while (persistence.running !== null) await new Promise(resolve => setImmediate(resolve))
}

const KINDS = {
  rdb: {},
  aof: { appendonly: 'yes' },
  commands: { appendonly: 'yes', 'aof-use-rdb-preamble': 'no' },
}

async function compare(kind: keyof typeof KINDS, seed: number): Promise<void> {
  const dir = temporaryFolder()
  const config: Record<string, string> = KINDS[kind]
  const server = await start(dir, config)
  const random = new SeededRandom(seed)
  const clients = [0, 1, 2].map(() => server.client())
  for (const [db, client] of clients.entries()) await client.call('SELECT', db)
  const call: Call = (...args) => clients[random.below(3)]!.call(...args)
  const first: Call = (...args) => clients[0]!.call(...args)
  await fill(random, call)
  await fillLarge(random, first)
  const dumps = kind === 'rdb' ? await centroids(first) : null
  const before = await server.call('DEBUG', 'DIGEST', 'EXACT')
  await server.call(kind === 'rdb' ? 'BGSAVE' : 'BGREWRITEAOF')
  let writes = 0
  while (server.server.keyspace.snapshot !== null) {
    for (let i = 0; i < 4; i++, writes++) {
      const choice = random.below(200)
      if (choice === 0) await call('FLUSHDB')
      else if (choice === 1) await call('SWAPDB', random.below(3), random.below(3))
      else if (choice === 2 && kind !== 'rdb') await call('FLUSHALL')
      else await (random.below(2) === 0 ? write(random, call) : writeLarge(random, call, kind !== 'rdb')).catch(refused)
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  await written(server)
  expect(writes).toBeGreaterThan(50)
  const after = await server.call('DEBUG', 'DIGEST', 'EXACT')
  await server.close()
  const loaded = await start(dir, config)
  expect(await loaded.call('DEBUG', 'DIGEST', 'EXACT')).toBe(kind === 'rdb' ? before : after)
  if (dumps !== null) expect(await centroids(loaded.call)).toEqual(dumps)
  await loaded.close()
}

const TITLES = {
  rdb: 'BGSAVE writes the first moment',
  aof: 'BGREWRITEAOF loses nothing',
  commands: 'BGREWRITEAOF as commands loses nothing',
}

for (const kind of ['rdb', 'aof', 'commands'] as const)
  it(`${TITLES[kind]}, whatever is written meanwhile`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) await compare(kind, seed)
  })

it('elements of big collections that change, move and go before they are written are saved as they were', async () => {
  const dir = temporaryFolder()
  const server = await start(dir)
  const numbers = Array.from({ length: 300 }, (_, i) => i)
  await server.call('HSET', 'hash', ...numbers.flatMap(i => [`f${i}`, i]))
  await server.call('HSET', 'timed', ...numbers.flatMap(i => [`f${i}`, i]))
  await server.call('HPEXPIREAT', 'timed', 4102444800000, 'FIELDS', 2, 'f7', 'f8')
  await server.call('ZADD', 'zset', ...numbers.flatMap(i => [i, `m${i}`]))
  await server.call('RPUSH', 'list', ...numbers.map(i => `${i}${'x'.repeat(100)}`))
  for (const i of numbers) await server.call('XADD', 'stream', `${i + 1}-1`, 'field', i)
  const before = await server.call('DEBUG', 'DIGEST', 'EXACT')
  await server.call('BGSAVE')
  for (const key of ['hash', 'timed'])
    await server.call('HSET', key, ...numbers.flatMap(i => [`f${i}`, 'longer than before'.repeat(1 + (i % 5))]))
  await server.call('HPEXPIREAT', 'timed', 4102444800999, 'FIELDS', 2, 'f8', 'f9')
  await server.call('HDEL', 'timed', 'f7', 'f1')
  await server.call('ZADD', 'zset', ...numbers.flatMap(i => [i * 3, `m${i}`]))
  await server.call('ZREM', 'zset', 'm1', 'm299')
  for (const i of numbers.slice(0, 100)) await server.call('LSET', 'list', i * 3, 'other')
  await server.call('XDEL', 'stream', '5-1', '200-1')
  await server.call('XADD', 'stream', '*', 'new', 'entry')
  for (const key of ['hash', 'zset', 'list', 'stream']) await server.call('RENAME', key, `${key}2`)
  await server.call('UNLINK', 'hash2', 'zset2', 'list2', 'stream2')
  expect(server.server.keyspace.snapshot).not.toBe(null)
  await written(server)
  await server.close()
  const loaded = await start(dir)
  expect(await loaded.call('DEBUG', 'DIGEST', 'EXACT')).toBe(before)
  await loaded.close()
})

it('long strings that change, go and are flushed while they are written are saved as they were', async () => {
  const dir = temporaryFolder()
  const server = await start(dir)
  const names = ['set', 'range', 'append', 'gone', 'renamed', 'moved', 'still', 'bits']
  for (const [i, name] of names.entries()) await server.call('SET', name, `${name} `.repeat(300_000 + i))
  const other = server.client()
  await other.call('SELECT', 1)
  await other.call('SET', 'flushed', 'flushed '.repeat(300_000))
  const before = await server.call('DEBUG', 'DIGEST', 'EXACT')
  await server.call('BGSAVE')
  const changes: (() => Promise<unknown>)[] = [
    () => server.call('SET', 'set', 'short'),
    () => server.call('SETRANGE', 'range', 10, 'other'),
    () => server.call('APPEND', 'append', 'x'.repeat(100_000)),
    () => server.call('UNLINK', 'gone'),
    () => server.call('RENAME', 'renamed', 'new'),
    () => server.call('MOVE', 'moved', 2),
    () => server.call('SETBIT', 'bits', 4_000_000, 1),
    () => other.call('FLUSHDB'),
  ]
  for (const change of changes) {
    await change()
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(server.server.keyspace.snapshot).not.toBe(null)
  await written(server)
  expect(await server.call('STRLEN', 'append')).toBe('append '.length * 300_002 + 100_000)
  await server.close()
  const loaded = await start(dir)
  expect(await loaded.call('DEBUG', 'DIGEST', 'EXACT')).toBe(before)
  await loaded.close()
})
