import { afterEach, describe, expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import { LEVEL, Log } from '../../core/base/log.ts'
import { InProcessClient } from '../../core/connection/in-process.ts'
import { ownModules } from '../../core/index.ts'
import type { Host } from '../../core/module/host.ts'
import { Rehearsals } from '../../core/module/rehearsal.ts'
import { systemFiles } from '../../core/persistence/file.ts'
import { Server } from '../../core/server.ts'
import { rehearsal } from '../../modules/timeseries/rehearsal.ts'
import { defaultSettings } from '../../modules/timeseries/settings.ts'

const clock = testClock()
const lines: string[] = []
const log = new Log({ pid: 1, now: () => clock.nowMs(), sink: line => lines.push(line), level: LEVEL.notice })
afterEach(() => lines.splice(0))

async function serverWith(...modules: Parameters<Server['loadModule']>[0][]): Promise<Server> {
  const server = new Server({ clock, log, files: systemFiles(), rehearses: true })
  server.config.find('save')!.set('')
  for (const module of modules) await server.loadModule(module)
  server.prepare()
  server.start()
  return server
}

/** A host of a server that is closed after the test. */
async function withHost(run: (host: Host) => void): Promise<void> {
  let host!: Host
  const server = await serverWith({
    name: 'probe',
    version: 1,
    load(given) {
      host = given
    },
  })
  run(host)
  await server.close()
}

describe('the rehearsal of series', () => {
  it('plays to its end', () =>
    withHost(host => {
      let pieces = 0
      for (const _ of rehearsal(host, defaultSettings())) pieces++
      expect(pieces).toBeGreaterThan(1000)
    }))

  it('can be left at any time', () =>
    withHost(host => {
      const play = rehearsal(host, defaultSettings())
      for (let i = 0; i < 300; i++) expect(play.next().done).toBe(false)
      expect(play.return?.(undefined).done).toBe(true)
      expect(play.next().done).toBe(true)
    }))

  it('begins with the first series, and leaves no trace', async () => {
    const server = await serverWith(...ownModules)
    const client = new InProcessClient(server.engine)
    expect(server.engine.service(Rehearsals).micros).toBe(0)
    await client.call('TS.CREATE', 'mine', 'LABELS', 'room', 'r1', 'kind', 'temp')
    const events: string[] = []
    server.engine.listen((_db, _kind, name) => events.push(name), ~0)
    const before = [server.memory.usedBytes, server.keyspace.dirty, server.keyspace.hits, server.keyspace.objects.count]
    clock.advance(60_000)
    expect(server.engine.service(Rehearsals).micros).toBeGreaterThan(0)
    expect(lines.join('')).not.toContain('rehearsal')
    expect([
      server.memory.usedBytes,
      server.keyspace.dirty,
      server.keyspace.hits,
      server.keyspace.objects.count,
    ]).toEqual(before)
    expect(events).toEqual([])
    expect(String(await client.call('INFO', 'commandstats'))).not.toMatch(/ts\.(add|get|mrange)/i)
    expect(await client.call('TS.QUERYINDEX', 'room=r1')).toEqual(new Set(['mine']))
    expect(await client.call('DBSIZE')).toBe(1)
    await server.close()
  })
})
