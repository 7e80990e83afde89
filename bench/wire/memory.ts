/* Memory -- what a million keys cost, as resident memory that came with them and as the server's own account of it. */

import { encode, Load } from './load.ts'
import type { ServerProcess } from './server-process.ts'

export interface Shape {
  readonly name: string
  /** Commands that load it, and the one with a number. */
  readonly count: number
  readonly command: (i: number) => string
  /** The most that it may take, as a multiple of what it takes in redis-server, and beside that in bytes. */
  readonly ratioMax: number
  readonly extraBytes?: number
}

const MEGABYTE = 1 << 20

function number(i: number): string {
  return String(i).padStart(12, '0')
}

/** `n` words, made from their index. */
function words(n: number, word: (k: number) => readonly string[]): string[] {
  return Array.from({ length: n }, (_, k) => word(k)).flat()
}

const MILLIONS: readonly Shape[] = [
  {
    name: '1M strings of 100 bytes',
    count: 1_000_000,
    command: i => encode('SET', `key:${number(i)}`, 'v'.repeat(100)),
    ratioMax: 1.15,
    extraBytes: 70 * MEGABYTE,
  },
  {
    name: '1M strings of 16 bytes',
    count: 1_000_000,
    command: i => encode('SET', `key:${number(i)}`, number(i) + 'abcd'),
    ratioMax: 1.15,
    extraBytes: 70 * MEGABYTE,
  },
  {
    name: '1M hashes of three small fields',
    count: 1_000_000,
    command: i => encode('HSET', `obj:${number(i)}`, 'name', `user${i % 1000}`, 'age', String(i % 90), 'city', 'Paris'),
    ratioMax: 1.3,
  },
  {
    name: 'a list of 1M elements of 100 bytes',
    count: 1_000_000,
    command: () => encode('RPUSH', 'list', 'e'.repeat(100)),
    ratioMax: 1.3,
  },
  {
    name: 'a list of 1M small integers',
    count: 1_000_000,
    command: i => encode('RPUSH', 'list', String(i % 100)),
    ratioMax: 3,
  },
  {
    name: 'a stream of 1M entries of three fields',
    count: 1_000_000,
    command: i => encode('XADD', 'stream', '*', 'sensor', `s${i % 100}`, 'value', String(i % 977), 'unit', 'C'),
    ratioMax: 1.3,
  },
]

const COLLECTIONS: readonly Shape[] = [
  {
    name: '100,000 lists of 10',
    count: 100_000,
    command: i => encode('RPUSH', `list:${number(i)}`, ...words(10, k => [`element ${i * 10 + k}`])),
    ratioMax: 1.3,
  },
  {
    name: '100,000 sets of 10',
    count: 100_000,
    command: i => encode('SADD', `set:${number(i)}`, ...words(10, k => [`member ${i * 10 + k}`])),
    ratioMax: 1.3,
  },
  {
    name: '100,000 sorted sets of 10',
    count: 100_000,
    command: i => encode('ZADD', `zset:${number(i)}`, ...words(10, k => [String(k * 7), `member ${i * 10 + k}`])),
    ratioMax: 1.3,
  },
  {
    name: '100,000 streams of 10',
    count: 1_000_000,
    command: i => encode('XADD', `stream:${number(i % 100_000)}`, '*', 'value', String(i)),
    ratioMax: 1.3,
  },
  {
    name: '100,000 sets of 200',
    count: 100_000,
    command: i => encode('SADD', `set:${number(i)}`, ...words(200, k => [`member ${i * 200 + k}`])),
    ratioMax: 1.3,
  },
  {
    name: '10,000 hashes of 1,000',
    count: 10_000,
    command: i => encode('HSET', `hash:${number(i)}`, ...words(1000, k => [`field ${k}`, `value ${i + k}`])),
    ratioMax: 1.3,
  },
  {
    name: '10,000 sorted sets of 500',
    count: 10_000,
    command: i => encode('ZADD', `zset:${number(i)}`, ...words(500, k => [String(k * 7), `member ${i * 500 + k}`])),
    ratioMax: 1.3,
  },
]

export const SHAPES: readonly Shape[] = [...MILLIONS, ...COLLECTIONS]

export interface MemoryGrowth {
  readonly server: string
  readonly shape: string
  readonly rssBytes: number
  readonly usedBytes: number
}

/** Load each shape into a server of its own, one kind of server after the other. */
export async function measureMemory(
  starts: readonly (() => Promise<ServerProcess>)[],
  shapes: readonly Shape[],
): Promise<MemoryGrowth[]> {
  const growths: MemoryGrowth[] = []
  for (const shape of shapes)
    for (const start of starts) {
      const growth = await growthOf(await start(), shape)
      process.stderr.write(`${shape.name}: ${growth.server} ${(growth.rssBytes / MEGABYTE).toFixed(1)} MB\n`)
      growths.push(growth)
    }
  return growths
}

async function growthOf(server: ServerProcess, shape: Shape): Promise<MemoryGrowth> {
  const rss = await server.settledRssBytes()
  const used = await server.usedMemory()
  const load = await Load.connect(server.port)
  await load.fill(shape.count, shape.command, shape.count > 100_000 ? 1000 : 20)
  load.close()
  const rssBytes = (await server.settledRssBytes()) - rss
  const usedBytes = (await server.usedMemory()) - used
  await server.stop()
  return { server: server.name, shape: shape.name, rssBytes, usedBytes }
}
