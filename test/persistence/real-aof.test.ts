/* Folders of append-only files go to a real server of an older version, and what it has written comes back. */

import { expect, it, onTestFinished } from 'vitest'
import { SeededRandom } from '../../core/base/random.ts'
import { createServer, type RunningServer } from '../../core/index.ts'
import { Persistence } from '../../core/persistence/persistence.ts'
import { temporaryFolder } from '../support/folder.ts'
import { hasRealServer, startRealServer } from '../support/program.ts'
import type { RawConnection } from '../support/transcript/connection.ts'
import { printReply } from '../support/transcript/reply.ts'
import { type Call, fill, knownToOlder, refused, write } from './random-data.ts'

const WRITES = process.env['REDSTRATA_TEST'] === 'long' ? 5000 : 300

function callOf(connection: RawConnection): Call {
  return async (...args) => printReply(await connection.call(...args.map(String)))
}

/** Writes of all kinds: alone, in transactions and scripts, in two databases, with times. */
async function work(random: SeededRandom, call: Call): Promise<void> {
  for (let i = 0; i < WRITES; i++) {
    if (i % 100 === 0) await call('SELECT', random.below(2))
    if (i % 10 !== 0) await write(random, knownToOlder(call)).catch(refused)
    else {
      await call('MULTI')
      await call('SET', `text:${i}`, `${i}`, 'PX', 10_000_000)
      await call('INCRBYFLOAT', 'float', '0.5')
      await call('EXEC')
      await call('EVAL', "redis.call('SET', KEYS[1], 'y') redis.call('INCR', KEYS[2])", 2, `script:${i}`, 'count')
      await call('APPEND', 'bits', 'abc\r\n')
      await call('SETBIT', 'bits', 1000 + i, 1)
      await call('PFADD', 'hll', i)
    }
  }
  await call('SELECT', 0)
}

/** All keys with their times, and what streams have besides entries, which the digest leaves out. */
async function details(call: Call): Promise<unknown[]> {
  const told: unknown[] = []
  for (const db of [0, 1]) {
    await call('SELECT', db)
    for (let n = 0; n < 40; n++)
      told.push(await call('PEXPIRETIME', `key:${n}`), await call('XPENDING', `key:${n}`, 'group').catch(String))
    for (let i = 0; i < WRITES; i += 10) told.push(await call('PEXPIRETIME', `text:${i}`))
    for (let n = 4; n < 40; n += 5) told.push(await call('XINFO', 'GROUPS', `key:${n}`).catch(String))
  }
  await call('SELECT', 0)
  return told
}

/** The numbers of replies, however they are shown. */
const numbers = (value: unknown): string => (JSON.stringify(value).match(/\d+/g) ?? []).join(' ')

async function quiet(call: Call): Promise<void> {
  while (/aof_rewrite_(in_progress|scheduled):1/.test(String(await call('INFO', 'persistence'))))
    await new Promise(resolve => setTimeout(resolve, 10))
}

async function ours(dir: string, config: Record<string, string>): Promise<RunningServer> {
  const server = await createServer({ port: null, config: { dir, appendonly: 'yes', ...config } })
  onTestFinished(() => server.close())
  server.server.engine.service(Persistence).settings.version = 10
  return server
}

const CONFIGS: readonly Record<string, string>[] = [
  { 'aof-use-rdb-preamble': 'yes', 'aof-timestamp-enabled': 'yes' },
  { 'aof-use-rdb-preamble': 'no', 'aof-timestamp-enabled': 'no' },
]

it.skipIf(!hasRealServer()).each(CONFIGS)('a folder goes to a real server and comes back: %j', async config => {
  const dir = temporaryFolder()
  const random = new SeededRandom(5)
  const first = await ours(dir, config)
  const client = first.client()
  const call: Call = (...args) => client.call(...args)
  await fill(random, knownToOlder(call))
  await call('FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() return 7 end)")
  await work(random, call)
  await call('BGREWRITEAOF')
  await work(random, call)
  await quiet(call)
  await work(random, call)
  const before = await call('DEBUG', 'DIGEST')
  const facts = await details(call)
  await first.close()

  const options = Object.entries(config).flatMap(([name, value]) => [`--${name}`, value])
  const real = await startRealServer(dir, ['--appendonly', 'yes', '--enable-debug-command', 'yes', ...options])
  onTestFinished(() => real.kill())
  const connection = await real.connect()
  const ask = callOf(connection)
  expect(await ask('DEBUG', 'DIGEST')).toBe(`+${String(before)}`)
  expect(numbers(await details(ask))).toEqual(numbers(facts))
  expect(await ask('FCALL', 'f', 0)).toBe(':7')
  await work(random, ask)
  await ask('BGREWRITEAOF')
  await work(random, ask)
  await quiet(ask)
  await work(random, ask)
  const after = await ask('DEBUG', 'DIGEST')
  const kept = await details(ask)
  await ask('SHUTDOWN').catch(refused)
  connection.close()

  const second = await ours(dir, config)
  const back = second.client()
  expect(`+${String(await back.call('DEBUG', 'DIGEST'))}`).toBe(after)
  expect(numbers(await details((...args) => back.call(...args)))).toEqual(numbers(kept))
  expect(await back.call('FCALL', 'f', 0)).toBe(7)
})
