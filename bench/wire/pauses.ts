/* Pauses -- does the loop stand still while the table grows, or when somebody chooses keys that should collide?
 *
 * The second question puts 16,384 keys into a table which have the same Murmur hash under every seed. */

import { collidingKeys } from '../../test/support/colliding-keys.ts'
import { encode, Load } from './load.ts'
import type { ServerProcess } from './server-process.ts'

/** How much longer the colliding keys take than random ones of the same length: the median of a few trials. */
export async function floodRatio(server: ServerProcess): Promise<number> {
  const colliding = collidingKeys()
  const random = colliding.map((key, i) => String(i).padStart(key.length, '0'))
  const load = await Load.connect(server.port)
  const ratios: number[] = []
  for (let trial = 0; trial < 7; trial++) {
    const times: number[] = []
    for (const keys of trial % 2 === 0 ? [colliding, random] : [random, colliding]) {
      await load.batch(encode('FLUSHALL'), 1)
      const before = server.cpuMicros()
      for (let turn = 0; turn < 20; turn++) await load.fill(keys.length, i => latin1Set(keys[i]))
      times.push(server.cpuMicros() - before)
    }
    ratios.push(trial % 2 === 0 ? times[0] / times[1] : times[1] / times[0])
  }
  load.close()
  return ratios.sort((a, b) => a - b)[3]
}

function latin1Set(key: string): string {
  return `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$1\r\nx\r\n`
}

/** Fill ten million keys and tell the longest time for which the loop stood still. */
export async function fillPauses(
  server: ServerProcess,
  count = 10_000_000,
): Promise<{ maxMs: number; p999Ms: number }> {
  const finish = await server.watchLoop()
  if (finish === null) throw new Error('only Redstrata has a loop to watch')
  const load = await Load.connect(server.port)
  await load.fill(count, i => encode('SET', `key:${String(i).padStart(12, '0')}`, 'v'.repeat(16)), 500)
  load.close()
  return finish()
}
