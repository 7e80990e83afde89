import { afterEach, describe, expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import { ERR } from '../../core/base/errors.ts'
import { LEVEL, Log } from '../../core/base/log.ts'
import type { Args } from '../../core/command/args.ts'
import type { Context } from '../../core/command/context.ts'
import { cmd } from '../../core/command/spec.ts'
import { InProcessClient } from '../../core/connection/in-process.ts'
import { ownModules } from '../../core/index.ts'
import type { Host } from '../../core/module/host.ts'
import { Rehearsals } from '../../core/module/rehearsal.ts'
import { Lines } from '../../core/module/stage.ts'
import { systemFiles } from '../../core/persistence/file.ts'
import { Server } from '../../core/server.ts'
import { putString } from '../../core/types/string/write.ts'
import { KINDS } from '../../modules/bloom/module.ts'
import { rehearsal, ROUNDS } from '../../modules/bloom/rehearsal.ts'
import { defaultSettings } from '../../modules/bloom/settings.ts'

const clock = testClock()
const lines: string[] = []
const log = new Log({ pid: 1, now: () => clock.nowMs(), sink: line => lines.push(line), level: LEVEL.notice })
afterEach(() => lines.splice(0))

function rehearsals(): Rehearsals {
  const made = new Rehearsals(clock, log, () => false)
  made.isOn = true
  return made
}

/** Piece by piece, up to so many, each longer than a piece may be. */
function* pieces(count: number, told: string[]): Generator<void> {
  try {
    for (let i = 0; i < count; i++) {
      const end = clock.microseconds() + 600
      while (clock.microseconds() < end);
      told.push(`piece ${i}`)
      yield
    }
  } finally {
    told.push('left')
  }
}

describe('rehearsals', () => {
  it('play one piece at a time, and one play after the other', () => {
    const told: string[] = []
    const all = rehearsals()
    all.begin(() => pieces(2, told))
    all.begin(() => pieces(1, told))
    expect(told).toEqual([])
    clock.advance(1)
    expect(told).toEqual(['piece 0'])
    clock.advance(100)
    expect(told).toEqual(['piece 0', 'piece 1', 'left', 'piece 0', 'left'])
  })

  it('end when their time is up, and give back what they hold; the next one has its own', () => {
    const told: string[] = []
    const all = rehearsals()
    all.begin(() => pieces(100_000, told))
    clock.advance(10_000)
    expect(told.at(-1)).toBe('left')
    expect(all.micros).toBeGreaterThanOrEqual(300_000)
    expect(all.micros).toBeLessThan(600_000)
    all.begin(() => pieces(1, told))
    clock.advance(10)
    expect(told.slice(-2)).toEqual(['piece 0', 'left'])
  })

  it('end when the server closes', () => {
    const told: string[] = []
    const all = rehearsals()
    all.begin(() => pieces(10, told))
    clock.advance(1)
    all.end()
    clock.advance(100)
    expect(told).toEqual(['piece 0', 'left'])
  })

  it('do nothing in a server that was not told to', () => {
    const all = new Rehearsals(clock, log, () => false)
    all.begin(() => {
      throw new Error('played')
    })
    clock.advance(10)
    expect(lines).toEqual([])
  })

  it('that fail are told of in the log, and over', () => {
    const all = rehearsals()
    all.begin(function* () {
      yield
      throw new Error('forgot the words')
    })
    clock.advance(10)
    expect(lines.join('')).toContain('forgot the words')
  })
})

describe('the rehearsal of search', () => {
  it('runs its queries, and leaves no trace', async () => {
    const server = new Server({ clock, log, files: systemFiles(), rehearses: true })
    server.config.find('save')!.set('')
    for (const module of ownModules) await server.loadModule(module)
    server.prepare()
    server.start()
    const client = new InProcessClient(server.engine)
    await client.call('FT.CREATE', 'idx', 'SCHEMA', 'a', 'TAG')
    const used = server.memory.usedBytes
    clock.advance(60_000)
    const { micros } = server.engine.service(Rehearsals)
    expect(micros).toBeGreaterThan(0)
    expect(lines.join('')).not.toContain('rehearsal')
    expect(server.memory.usedBytes).toBe(used)
    expect(String(await client.call('INFO', 'commandstats'))).not.toMatch(/ft\.(aggregate|search)/i)
    expect(await client.call('FT._LIST')).toEqual(new Set(['idx']))
    expect(await client.call('DBSIZE')).toBe(0)
    await server.close()
  })
})

/** A server that rehearses, and whoever asks it. */
async function house(): Promise<{ server: Server; client: InProcessClient }> {
  const server = new Server({ clock, log, files: systemFiles(), rehearses: true })
  server.config.find('save')!.set('')
  for (const module of ownModules) await server.loadModule(module)
  server.prepare()
  server.start()
  return { server, client: new InProcessClient(server.engine) }
}

describe('the rehearsals of sketches', () => {
  it.each([
    ['BF.ADD', 'f', 'a'],
    ['CF.ADD', 'f', 'a'],
    ['CMS.INITBYDIM', 'f', '10', '3'],
    ['TOPK.RESERVE', 'f', '3'],
    ['TDIGEST.CREATE', 'f'],
  ])('that %s begins runs its commands, and leaves no trace', async (...command) => {
    const { server, client } = await house()
    await client.call(...command)
    const used = server.memory.usedBytes
    const { stats } = server.engine
    const { commands } = stats
    const { dirty } = server.keyspace
    clock.advance(60_000)
    expect(server.engine.service(Rehearsals).micros).toBeGreaterThan(0)
    expect(lines.join('')).not.toContain('rehearsal')
    expect(server.memory.usedBytes).toBe(used)
    expect(stats.commands).toBe(commands)
    expect(stats.errorReplies).toBe(0)
    expect(server.keyspace.dirty).toBe(dirty)
    expect(await client.call('DBSIZE')).toBe(1)
    const told = String(await client.call('INFO', 'commandstats'))
    expect(told.match(/cmdstat_(bf|cf|cms|topk|tdigest)[^:]*/g)).toEqual([`cmdstat_${command[0]!.toLowerCase()}`])
    await server.close()
  })

  it('play every line to its end, without a refusal', () =>
    withHost(host => {
      for (const { scene, commands } of KINDS) {
        let pieces = 0
        for (const _ of rehearsal(host, scene, own => commands(own, defaultSettings(), () => {}))) pieces++
        expect(pieces).toBe(ROUNDS * scene.lines.length)
      }
    }))
})

describe('a stage', () => {
  const handler = (ctx: Context, args: Args): void => {
    const key = args.key()
    const value = args.bytes()
    if (value.end - value.start > 5) throw ERR.syntax
    putString(ctx.db, key, 0, value, false)
    ctx.reply.ok()
  }

  it('plays requests with numbers that vary, and says when one is refused', () =>
    withHost(host => {
      const stage = host.stage()
      stage.host.commands([cmd('KEEP key value', 'write', 'RW access update@1', handler)])
      const lines = new Lines(['KEEP key:% value', 'KEEP %.5 more'])
      expect(stage.run(lines.vary(() => 0.5, 100))).toBe(true)
      expect(lines.buf.latin1Slice()).toBe(
        '*3\r\n$4\r\nKEEP\r\n$16\r\nkey:000000000050\r\n$5\r\nvalue\r\n' +
          '*3\r\n$4\r\nKEEP\r\n$14\r\n000000000050.5\r\n$4\r\nmore\r\n',
      )
      expect(stage.db.size).toBe(2)
      expect(stage.reply.length).toBe(0)
      expect(stage.run(new Lines(['KEEP key longer']))).toBe(false)
      stage.end()
    }))

  it('knows no command that was not registered there', () =>
    withHost(host => {
      const stage = host.stage()
      expect(stage.run(new Lines(['SET key value']))).toBe(false)
      stage.end()
    }))
})

/** A host of a server that is closed after the test. */
async function withHost(run: (host: Host) => void): Promise<void> {
  let host!: Host
  const server = new Server({ clock, log, files: systemFiles(), rehearses: true })
  await server.loadModule({
    name: 'probe',
    version: 1,
    load(given) {
      host = given
    },
  })
  run(host)
  await server.close()
}
