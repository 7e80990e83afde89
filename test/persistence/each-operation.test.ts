/* A disk that fails once, at each operation of a server's life in turn: it goes on, and what it keeps is what it said. */

import { cpSync, existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { systemClock } from '../../core/base/clock.ts'
import { Log } from '../../core/base/log.ts'
import { ErrorReply, InProcessClient } from '../../core/index.ts'
import { type Files, type LogFile, type NewFile, systemFiles } from '../../core/persistence/file.ts'
import { Persistence } from '../../core/persistence/persistence.ts'
import { Server } from '../../core/server.ts'
import { temporaryFolder } from '../support/folder.ts'

/** Operations until one fails, and how many follow it that fail too. */
interface Plan {
  left: number
  length: number
  /** Operations seen in all. */
  seen: number
  /** The one that failed. */
  failed: string
}

/** The disk, but for operations that a plan lets fail. A write that fails may have written its first half. */
function planned(plan: Plan): Files {
  const real = systemFiles()
  const fails = (what: string): boolean => {
    plan.seen++
    if (plan.left-- > 0 || plan.left < -plan.length) return false
    plan.failed ||= what
    return true
  }
  const fault = (): Error => Object.assign(new Error('EIO: failed'), { code: 'EIO' })
  const guard = <A extends unknown[], R>(what: string, run: (...args: A) => R): ((...args: A) => R) => {
    return (...args) => {
      if (fails(what)) throw fault()
      return run(...args)
    }
  }
  const soon = (what: string, run: (done: (failure: Error | null) => void) => void): typeof run => {
    return done => {
      if (fails(what)) setImmediate(() => done(fault()))
      else run(done)
    }
  }
  const half = (what: string, write: (buf: Buffer, start: number, end: number) => unknown) => {
    return (buf: Buffer, start: number, end: number): void => {
      if (fails(what)) {
        write(buf, start, start + ((end - start) >> 1))
        throw fault()
      }
      write(buf, start, end)
    }
  }
  return {
    ...real,
    create: guard('create', (path): NewFile => {
      const file = real.create(path)
      return {
        write: half('write of a new file', file.write),
        writeSoon(buf, start, end, done) {
          if (!fails('write of a new file')) file.writeSoon(buf, start, end, done)
          else file.writeSoon(buf, start, start + ((end - start) >> 1), () => done(fault()))
        },
        commit: guard('commit', file.commit),
        commitSoon: soon('commit in the background', file.commitSoon),
        abandon: guard('abandon', file.abandon),
      }
    }),
    append: guard('append', (path, isFresh): LogFile => {
      const file = real.append(path, isFresh)
      return {
        size: file.size,
        write(buf, start, end) {
          half('write of a log', file.write)(buf, start, end)
          return end - start
        },
        truncate: guard('truncate', file.truncate),
        sync: guard('sync', file.sync),
        syncSoon: soon('sync in the background', file.syncSoon),
        close: file.close,
      }
    }),
    rename: guard('rename', real.rename),
    remove: guard('remove', real.remove),
    makeFolder: guard('folder', real.makeFolder),
    readText: guard('read', real.readText),
  }
}

interface Running {
  readonly server: Server
  readonly call: InProcessClient['call']
}

async function start(files: Files, config: Readonly<Record<string, string>>): Promise<Running> {
  const clock = systemClock()
  const log = new Log({ pid: 1, now: () => clock.nowMs(), sink: () => {} })
  const server = new Server({ clock, files, log, poison: true })
  for (const [name, value] of Object.entries(config)) expect(server.config.find(name)!.set(value)).toBe(null)
  try {
    await server.load()
  } catch (error) {
    await server.close()
    throw error
  }
  server.start()
  const client = new InProcessClient(server.engine)
  return { server, call: (...args) => client.call(...args) }
}

async function quiet({ engine }: Server): Promise<void> {
  const persistence = engine.service(Persistence)
  for (let turn = 0; turn < 3 || persistence.running !== null; turn++)
    await new Promise(resolve => setTimeout(resolve, 1))
}

const SYNCS = ['always', 'everysec'] as const

/** Whether a copy of the folder, as a power cut leaves it, starts, and what it has. */
async function afterCut(dir: string, isAppendOnly: boolean): Promise<string[]> {
  const copy = temporaryFolder()
  if (existsSync(dir)) cpSync(dir, copy, { recursive: true })
  const config = { dir: copy, appendonly: isAppendOnly ? 'yes' : 'no', save: '' }
  const { server, call } = await start(systemFiles(), config)
  const found = ((await call('LRANGE', 'log', 0, -1)) ?? []) as string[]
  await server.close()
  return found
}

/** Live through all that has to do with files while a plan is at work. */
async function live(dir: string, plan: Plan, syncs: string): Promise<void> {
  const config = { dir, appendonly: 'yes', appendfsync: syncs, save: '3600 1' }
  let running: Running
  try {
    running = await start(planned(plan), config)
  } catch {
    await afterCut(dir, true) // it did not start, and spoiled nothing
    return
  }
  const { server } = running
  const acknowledged: string[] = []
  let isOn = true
  const call = async (...args: (string | number)[]): Promise<boolean> => {
    try {
      await running.call(...args)
      return true
    } catch (error) {
      if (!(error instanceof ErrorReply)) expect((error as Error).message).toMatch(/could not be written/)
      return false
    }
  }
  const about = (): string => `${plan.failed} failed, with appendfsync ${syncs}`
  const step = async (n: number): Promise<void> => {
    const value = `${n}`
    if (await call('RPUSH', 'log', value)) acknowledged.push(value)
    if (!isOn || syncs !== 'always') return
    const kept = await afterCut(dir, true)
    expect(
      acknowledged.filter(one => !kept.includes(one)),
      about(),
    ).toEqual([])
  }
  const actions: (() => Promise<unknown>)[] = [
    () => call('BGREWRITEAOF'),
    () => call('SAVE'),
    async () => {
      await quiet(server)
      if (await call('CONFIG', 'SET', 'appendonly', 'no')) isOn = false
    },
    () => call('BGSAVE'),
    () => call('CONFIG', 'SET', 'appendonly', 'yes'),
    () => call('BGREWRITEAOF'),
  ]
  let n = 0
  for (const action of actions) {
    await step(n++)
    await action()
    await step(n++)
    await quiet(server)
  }
  // The disk is well again: all that was refused works.
  plan.left = Number.POSITIVE_INFINITY
  await quiet(server)
  await call('CONFIG', 'SET', 'appendonly', 'yes')
  while (!(await call('SAVE')) || !(await call('BGREWRITEAOF'))) await quiet(server)
  await quiet(server)
  expect(await call('RPUSH', 'log', 'last'), about()).toBe(true)
  const want = await running.call('LRANGE', 'log', 0, -1)
  expect(server.engine.stats.unexpectedErrors, about()).toBe(0)
  await server.close()
  expect(await afterCut(dir, true), about()).toEqual(want)
}

for (const syncs of SYNCS)
  it(`goes on whichever operation fails: ${syncs}`, async () => {
    const step = process.env['REDSTRATA_TEST'] === 'long' ? 1 : 9
    const failures = new Set<string>()
    for (const length of [1, 3])
      for (let left = syncs === 'always' ? 0 : 1; ; left += step) {
        const plan: Plan = { left, length, seen: 0, failed: '' }
        await live(temporaryFolder(), plan, syncs)
        if (plan.failed === '') break
        failures.add(plan.failed)
      }
    expect(failures.size).toBeGreaterThan(3)
  })
