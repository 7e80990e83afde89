/* Memory -- what a million keys cost, as resident memory that came with them and as the server's own account of it. */

import { encode, Load } from './load.ts'
import type { ServerProcess } from './server-process.ts'

const COUNT = 1_000_000

interface Shape {
  readonly name: string
  readonly command: (i: number) => string
}

function number(i: number): string {
  return String(i).padStart(12, '0')
}

export const SHAPES: readonly Shape[] = [
  {
    name: '1M strings, 16-byte keys, 100-byte values',
    command: i => encode('SET', `key:${number(i)}`, 'v'.repeat(100)),
  },
  {
    name: '1M strings, 16-byte keys, 16-byte values',
    command: i => encode('SET', `key:${number(i)}`, number(i) + 'abcd'),
  },
  {
    name: '1M hashes of three small fields',
    command: i => encode('HSET', `obj:${number(i)}`, 'name', `user${i % 1000}`, 'age', String(i % 90), 'city', 'Paris'),
  },
]

export interface MemoryGrowth {
  readonly server: string
  readonly shape: string
  readonly rssBytes: number
  readonly usedBytes: number
}

/** Load each shape into a server of its own. */
export async function measureMemory(start: () => Promise<ServerProcess>): Promise<MemoryGrowth[]> {
  const growths: MemoryGrowth[] = []
  for (const shape of SHAPES) {
    const server = await start()
    const rss = await server.settledRssBytes()
    const used = await server.usedMemory()
    const load = await Load.connect(server.port)
    await load.fill(COUNT, shape.command)
    load.close()
    growths.push({
      server: server.name,
      shape: shape.name,
      rssBytes: (await server.settledRssBytes()) - rss,
      usedBytes: (await server.usedMemory()) - used,
    })
    await server.stop()
  }
  return growths
}
