import { afterEach, describe, expect, it } from 'vitest'
import { testClock } from '../../core/base/clock.ts'
import { LEVEL, Log } from '../../core/base/log.ts'
import { InProcessClient } from '../../core/connection/in-process.ts'
import { ownModules } from '../../core/index.ts'
import { Rehearsals } from '../../core/module/rehearsal.ts'
import { systemFiles } from '../../core/persistence/file.ts'
import { Server } from '../../core/server.ts'

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

  it('end when their time is up, and let a play give back what it holds', () => {
    const told: string[] = []
    const all = rehearsals()
    all.begin(() => pieces(100_000, told))
    clock.advance(10_000)
    expect(told.at(-1)).toBe('left')
    expect(all.micros).toBeGreaterThanOrEqual(300_000)
    all.begin(() => pieces(1, told))
    clock.advance(10)
    expect(told.at(-1)).toBe('left')
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
