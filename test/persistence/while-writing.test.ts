/* Snapshots of data that change while they are written: the file is the data of the first moment, whatever happens. */

import { expect, it } from 'vitest'
import { systemClock } from '../../core/base/clock.ts'
import { SeededRandom } from '../../core/base/random.ts'
import { createServer, type RunningServer } from '../../core/index.ts'
import { Persistence } from '../../core/persistence/persistence.ts'
import { temporaryFolder } from '../support/folder.ts'

const SEEDS = process.env['REDSTRATA_TEST'] === 'long' ? 100 : 4
const KEYS = 40

/** A server whose slices have few steps, since each look at its clock finds half a millisecond gone. */
async function start(dir: string, config: Record<string, string> = {}): Promise<RunningServer> {
  let micros = 0
  const clock = { ...systemClock(), microseconds: () => (micros += 600) }
  const server = await createServer({ port: null, poison: true, clock, config: { dir, ...config } })
  server.server.engine.service(Persistence).settings.elementsAtOnce = 20
  return server
}

type Call = (...args: (string | number)[]) => Promise<unknown>

/** Elements out of so few that writes meet those that are there. */
const some = (random: SeededRandom, most: number): string[] =>
  Array.from({ length: 1 + random.below(most) }, () => {
    const n = random.below(500)
    return `e${n}${'x'.repeat(n % 30)}`
  })

/** Writes of every kind, on a key of the type that its number says. */
function write(random: SeededRandom, call: Call): Promise<unknown> {
  const n = random.below(KEYS)
  const key = `key:${n}`
  const other = `key:${random.below(KEYS)}`
  const few = some(random, 8)
  const common: (() => Promise<unknown>)[] = [
    () => call('DEL', key),
    () => call('UNLINK', key),
    () => call('RENAME', key, other),
    () => call('COPY', key, other, 'REPLACE'),
    () => call('MOVE', key, random.below(3)),
    () => call('PEXPIREAT', key, 4102444800000 + random.below(1000)),
    () => call('PERSIST', key),
    () => call('SET', key, few.join()),
  ]
  if (random.below(3) === 0) return common[random.below(common.length)]!()
  const byType: (() => Promise<unknown>)[][] = [
    [
      () => call('SADD', key, ...few),
      () => call('SREM', key, ...few),
      () => call('SPOP', key, random.below(10)),
      () => call('SINTERSTORE', key, key, other),
    ],
    [
      () => call('HSET', key, ...few.flatMap(field => [field, `${field}${random.below(99)}`])),
      () => call('HDEL', key, ...few),
      () => call('HINCRBY', key, 'count', 1),
      () => call('HPEXPIREAT', key, 4102444800000 + random.below(1000), 'FIELDS', 1, few[0]!),
      () => call('HPERSIST', key, 'FIELDS', 1, few[0]!),
    ],
    [
      () => call('ZADD', key, ...few.flatMap(member => [random.below(1000) / 7, member])),
      () => call('ZREM', key, ...few),
      () => call('ZPOPMIN', key, random.below(10)),
      () => call('ZREMRANGEBYRANK', key, 1, random.below(6)),
      () => call('ZINCRBY', key, 1.5, few[0]!),
    ],
    [
      () => call('RPUSH', key, ...few),
      () => call('LPUSH', key, ...few),
      () => call('LPOP', key, random.below(20)),
      () => call('LTRIM', key, random.below(5), -1 - random.below(5)),
      () => call('LSET', key, random.below(50), few[0]!),
      () => call('LINSERT', key, 'BEFORE', few[0]!, 'inserted'),
      () => call('LREM', key, 0, few[0]!),
      () => call('RPUSH', key, 'y'.repeat(3000), 'z'.repeat(9000)),
    ],
    [
      () => call('XADD', key, '*', 'f', few[0]!, 'g', 'v'),
      () => call('XTRIM', key, 'MAXLEN', random.below(200)),
      () => call('XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', 5, 'STREAMS', key, '>'),
      () => call('XDEL', key, `${1 + random.below(300)}-1`),
      () => call('XGROUP', 'CREATE', key, 'group', '0'),
    ],
  ]
  const ways = byType[n % byType.length]!
  return ways[random.below(ways.length)]!()
}

/** A key of another type, one that is not there, a group that exists: such writes change nothing. */
const refused = (): null => null

async function fill(random: SeededRandom, call: Call): Promise<void> {
  for (let n = 0; n < KEYS; n++) {
    const key = `key:${n}`
    const elements = some(random, n % 3 === 0 ? 600 : 15)
    if (n % 5 === 0) await call('SADD', key, ...elements)
    else if (n % 5 === 1) await call('HSET', key, ...elements.flatMap(field => [field, 'value']))
    else if (n % 5 === 2) await call('ZADD', key, ...elements.flatMap((member, i) => [i / 3, member]))
    else if (n % 5 === 3) await call('RPUSH', key, ...elements)
    else for (let i = 1; i <= elements.length; i++) await call('XADD', key, `${i}-1`, 'f', elements[i - 1]!)
  }
  for (let i = 0; i < 200; i++) await write(random, call).catch(refused)
}

/** Wait until the file has its name. */
async function written(server: RunningServer): Promise<void> {
  const persistence = server.server.engine.service(Persistence)
  while (persistence.running !== null) await new Promise(resolve => setImmediate(resolve))
}

async function compare(kind: 'rdb' | 'aof', seed: number): Promise<void> {
  const dir = temporaryFolder()
  const config: Record<string, string> = kind === 'aof' ? { appendonly: 'yes' } : {}
  const server = await start(dir, config)
  const random = new SeededRandom(seed)
  const clients = [0, 1, 2].map(() => server.client())
  for (const [db, client] of clients.entries()) await client.call('SELECT', db)
  const call: Call = (...args) => clients[random.below(3)]!.call(...args)
  await fill(random, call)
  const before = await server.call('DEBUG', 'DIGEST')
  await server.call(kind === 'rdb' ? 'BGSAVE' : 'BGREWRITEAOF')
  let writes = 0
  while (server.server.keyspace.snapshot !== null) {
    for (let i = 0; i < 4; i++, writes++) {
      const choice = random.below(200)
      if (choice === 0) await call('FLUSHDB')
      else if (choice === 1) await call('SWAPDB', random.below(3), random.below(3))
      else if (choice === 2 && kind === 'aof') await call('FLUSHALL')
      else await write(random, call).catch(refused)
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  await written(server)
  expect(writes).toBeGreaterThan(50)
  const after = await server.call('DEBUG', 'DIGEST')
  await server.close()
  const loaded = await start(dir, config)
  expect(await loaded.call('DEBUG', 'DIGEST')).toBe(kind === 'rdb' ? before : after)
  await loaded.close()
}

for (const kind of ['rdb', 'aof'] as const)
  it(`${kind === 'rdb' ? 'BGSAVE writes the first moment' : 'BGREWRITEAOF loses nothing'}, whatever is written meanwhile`, async () => {
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
  const before = await server.call('DEBUG', 'DIGEST')
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
  expect(await loaded.call('DEBUG', 'DIGEST')).toBe(before)
  await loaded.close()
})
