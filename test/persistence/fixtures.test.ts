import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { parseTranscript } from '../support/transcript/notation.ts'
import { replay } from '../support/transcript/replay.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')
const dir = mkdtempSync(join(tmpdir(), 'redstrata-fixtures-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** The module type without which a fixture cannot be loaded. */
const NEEDS: Record<string, string> = { search: 'ft_index0' }
const probe = await startServer()
const known = new Set(probe.server.engine.auxData.map(data => data.typeName))
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
}

describe('data saved by the real servers', () => {
  for (const name of ['core', 'bloom', 'json', 'timeseries', 'search'])
    for (const [way, go] of Object.entries(WAYS))
      it(`are what they were: ${name}.rdb, ${way}`, async context => {
        const needed = NEEDS[name]
        context.skip(needed !== undefined && !known.has(needed), `needs the module type ${needed}`)
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
