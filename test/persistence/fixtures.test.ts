import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { parseTranscript } from '../support/transcript/notation.ts'
import { replay } from '../support/transcript/replay.ts'
import { commandsOf } from '../support/transcript/suite.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')
const dir = mkdtempSync(join(tmpdir(), 'redstrata-fixtures-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** Commands that a fixture's transcript asks, while they may be missing. */
const NEEDS: Record<string, readonly string[]> = { search: ['FT.SUGGET', 'FT.AGGREGATE', 'FT.HYBRID'] }
const probe = await startServer()
const known = commandsOf(probe)
await probe.close()

/** A server on the fixture, its modules at work. */
async function start(config: Record<string, string> = {}): Promise<TestServer> {
  return startServer({ config: { dir, ...config } })
}

/** What is wrong with the answers of a server that holds a fixture's data. */
async function faultsOf(server: TestServer, name: string): Promise<string[]> {
  const cases = parseTranscript(readFileSync(join(FIXTURES, `${name}.txt`), 'utf8'))
  const faults: string[] = []
  const target = { connect: () => server.connect(), call: server.call }
  for (const one of cases) for (const fault of await replay('exact', one, target)) faults.push(`${one.title}: ${fault}`)
  return faults
}

/** Ways in which the data may have gone before they are asked for. */
const WAYS: Record<string, (server: TestServer) => Promise<TestServer>> = {
  loaded: async server => server,
  'after DEBUG RELOAD': async server => {
    expect(await server.call('DEBUG', 'RELOAD')).toBe('OK')
    return server
  },
  'after SAVE and a restart': async server => {
    expect(await server.call('SAVE')).toBe('OK')
    copyFileSync(join(server.dir, 'dump.rdb'), join(dir, 'dump.rdb'))
    await server.close()
    return start()
  },
  'after AOF on and a restart': server => throughAof(server, {}),
  'after AOF on, as commands, and a restart': server => throughAof(server, { 'aof-use-rdb-preamble': 'no' }),
}

/** Let the append-only file be written from the data that are there, and start anew from it. */
async function throughAof(server: TestServer, config: Record<string, string>): Promise<TestServer> {
  rmSync(join(dir, 'appendonlydir'), { recursive: true, force: true })
  server.server.config.find('dir')?.set(dir)
  for (const [name, value] of Object.entries(config)) await server.call('CONFIG', 'SET', name, value)
  await server.call('CONFIG', 'SET', 'appendonly', 'yes')
  while (/aof_rewrite_in_progress:1/.test(String(await server.call('INFO', 'persistence'))))
    await new Promise(resolve => setImmediate(resolve))
  await server.close()
  rmSync(join(dir, 'dump.rdb'))
  return start({ appendonly: 'yes', ...config })
}

describe('data saved by the real servers', () => {
  for (const name of ['core', 'bloom', 'json', 'timeseries', 'search'])
    for (const [way, go] of Object.entries(WAYS))
      it(`are what they were: ${name}.rdb, ${way}`, async context => {
        const missing = (NEEDS[name] ?? []).filter(command => !known.has(command))
        // Commands say nothing of what modules keep beside keys, here as in the real server.
        context.skip(name === 'search' && way.includes('as commands'), 'indexes are not made of commands')
        context.skip(missing.length > 0, `needs ${missing.join(', ')}`)
        copyFileSync(join(FIXTURES, `${name}.rdb`), join(dir, 'dump.rdb'))
        chmodSync(join(dir, 'dump.rdb'), 0o644)
        const server = await go(await start())
        try {
          expect(await faultsOf(server, name)).toEqual([])
        } finally {
          await server.close()
        }
      })
})
