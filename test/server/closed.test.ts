/* Servers that were closed: nothing of them stays in the process, however many there were. */

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, expect, it } from 'vitest'
import { createServer } from '../../core/index.ts'
import { SeededRandom } from '../../core/base/random.ts'
import { fill, fillModules } from '../persistence/random-data.ts'
import { temporaryFolder } from '../support/folder.ts'

const SERVERS = process.env['REDSTRATA_TEST'] === 'long' ? 1000 : 40
/** What a few servers take: the last ones may not have been collected yet. */
const GROWTH_MAX = 100 << 20

const LIBRARY = "#!lua name=lib\nredis.register_function('f', function() return 7 end)"

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
afterAll(() => setFlagsFromString('--no-expose-gc'))

/** Bytes of the heap and outside it, when all that can be is collected: by now, with no turn of the loop. */
function heldBytes(): number {
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Do something again and again, and say by how much the process grew at its height. */
async function growth(times: number, run: (i: number) => Promise<void>): Promise<number> {
  for (let i = 0; i < 4; i++) await run(i)
  const before = heldBytes()
  let most = before
  for (let i = 1; i <= times; i++) {
    await run(i)
    if (i % 10 === 0) most = Math.max(most, heldBytes())
  }
  return most - before
}

// Between the servers the loop gets no turn but those that they ask for: a test of somebody else's may be like this.

it('servers that are opened and closed in a row, each with data of all kinds and a library, leave nothing behind', async () => {
  const dir = temporaryFolder()
  const first = await createServer({ port: null, config: { dir } })
  await fill(new SeededRandom(3), first.call)
  await fillModules(new SeededRandom(4), first.call)
  await first.call('SAVE')
  await first.close()
  const grown = await growth(SERVERS, async i => {
    const config: Record<string, string> = i % 4 === 0 ? { appendonly: 'yes' } : {}
    const server = await createServer({ port: null, config: { dir, ...config } })
    await server.client().call('SUBSCRIBE', 'channel')
    await server.call('EVAL', "return redis.call('INCR', 'counted')", 0)
    await server.call('FUNCTION', 'LOAD', 'REPLACE', LIBRARY)
    await server.call('FCALL', 'f', 0)
    await server.call('UNLINK', 'no such key')
    await server.close()
  })
  expect(grown).toBeLessThan(GROWTH_MAX)
})

it('a server that did not start leaves nothing behind', async () => {
  const grown = await growth(30, async () => {
    await expect(createServer({ port: null, config: { maxmemory: 'much' } })).rejects.toThrow('maxmemory')
  })
  expect(grown).toBeLessThan(GROWTH_MAX)
})
