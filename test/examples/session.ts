/* Session -- runs an example against a server of the test, and gives what it printed. */

import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import type { Session } from '../../examples/support/session.ts'
import { serverForTest } from '../support/server.ts'

/** The lines that an example printed, and a client that sees what it left behind. */
export async function runExample(
  run: (session: Session) => Promise<void>,
): Promise<{ readonly lines: readonly string[]; readonly text: string; readonly redis: Redis }> {
  const server = await serverForTest()
  const redis = new Redis(server.port)
  onTestFinished(() => redis.disconnect())
  const lines: string[] = []
  await run({ redis, print: (line = '') => lines.push(...line.split('\n')) })
  return { lines, text: lines.join('\n'), redis }
}
