/* A disk that fails: at any byte, at any sync. What was on it stays, replies say so, and all goes on when it recovers. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type TestClock, testClock } from '../../core/base/clock.ts'
import { Log } from '../../core/base/log.ts'
import { InProcessClient } from '../../core/connection/in-process.ts'
import { type Files, type LogFile, type NewFile, systemFiles } from '../../core/persistence/file.ts'
import { Server } from '../../core/server.ts'
import { temporaryFolder } from '../support/folder.ts'

/** A disk with room for so many bytes, which then says what is wrong; and whether it can sync. */
interface Disk {
  room: number
  code: 'ENOSPC' | 'EIO'
  syncs: boolean
}

function failing(disk: Disk): Files {
  const fail = (): never => {
    throw Object.assign(new Error(`${disk.code}: failed`), { code: disk.code })
  }
  /** Take bytes from the room: what of them fits is written before the failure. */
  const fits = (bytes: number): number => {
    const few = Math.min(bytes, disk.room)
    disk.room -= few
    return few
  }
  const real = systemFiles()
  return {
    ...real,
    create(path): NewFile {
      const file = real.create(path)
      return {
        write(buf, start, end) {
          const few = fits(end - start)
          file.write(buf, start, start + few)
          if (few < end - start) fail()
        },
        writeSoon(buf, start, end, done) {
          const few = fits(end - start)
          const full = Object.assign(new Error('failed'), { code: disk.code })
          file.writeSoon(buf, start, start + few, failure => done(few < end - start ? full : failure))
        },
        commit: () => (disk.syncs ? file.commit() : fail()),
        commitSoon: done => {
          if (disk.syncs) file.commitSoon(done)
          else setImmediate(() => done(Object.assign(new Error('failed'), { code: disk.code })))
        },
        abandon: () => file.abandon(),
      }
    },
    append(path, isFresh): LogFile {
      const file = real.append(path, isFresh)
      return {
        ...file,
        write(buf, start, end) {
          const few = fits(end - start)
          if (few === 0) fail()
          return file.write(buf, start, start + few)
        },
        sync: () => (disk.syncs ? file.sync() : fail()),
        syncSoon: done => {
          if (disk.syncs) file.syncSoon(done)
          else setImmediate(() => done(Object.assign(new Error('failed'), { code: disk.code })))
        },
      }
    },
  }
}

interface Running {
  readonly server: Server
  readonly clock: TestClock
  readonly log: string[]
  readonly call: InProcessClient['call']
}

const unlimited = (): Disk => ({ room: Number.POSITIVE_INFINITY, code: 'ENOSPC', syncs: true })

async function start(dir: string, disk: Disk, config: Record<string, string>): Promise<Running> {
  const clock = testClock()
  const log: string[] = []
  const server = new Server({
    clock,
    files: failing(disk),
    poison: true,
    log: new Log({ pid: 1, now: () => clock.nowMs(), sink: line => log.push(line) }),
  })
  for (const [name, value] of Object.entries({ dir, 'enable-debug-command': 'yes', ...config }))
    expect(server.config.find(name)!.set(value)).toBe(null)
  await server.load()
  server.start()
  const client = new InProcessClient(server.engine)
  return { server, clock, log, call: (...args) => client.call(...args) }
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'accepted',
    (error: Error) => error.message,
  )
}

/** With `appendfsync always` nothing is acknowledged that is not on disk. */
const NOT_WRITTEN = 'what was done could not be written to the append only file'

/** Let the disk finish what it does by itself, and jobs what they do between turns. */
async function settle(call: InProcessClient['call']): Promise<void> {
  for (;;) {
    await new Promise(resolve => setTimeout(resolve, 2))
    const info = String(await call('INFO', 'persistence'))
    if (!/(bio_fsync|in_progress):1/.test(info)) return
  }
}

describe('a disk that fails while an RDB file is saved', () => {
  it('leaves the old file as it was, at whatever byte, and writes are refused until a save succeeds', async () => {
    const dir = temporaryFolder()
    const disk = unlimited()
    const { server, clock, log, call } = await start(dir, disk, { save: '3600 1' })
    await call('SET', 'a', 'old')
    await call('SAVE')
    const old = readFileSync(join(dir, 'dump.rdb'))
    await call('SET', 'a', 'new')
    for (let room = 0; room < old.length; room += 7)
      for (const code of ['ENOSPC', 'EIO'] as const) {
        Object.assign(disk, { room, code })
        expect(await refusal(call('SAVE'))).toBe('ERR Error trying to save the DB, check server logs.')
        expect(readFileSync(join(dir, 'dump.rdb'))).toEqual(old)
        expect(readdirSync(dir)).toEqual(['dump.rdb'])
      }
    expect(log.at(-1)).toMatch(/Failed saving the DB: Input\/output error$/)
    expect(await call('SET', 'a', 'new')).toBe('OK') // whoever asked for it was told
    await call('BGSAVE')
    await settle(call)
    expect(readFileSync(join(dir, 'dump.rdb'))).toEqual(old)
    clock.advance(100)
    expect(await refusal(call('SET', 'a', 'newer'))).toMatch(/^MISCONF Redis is configured to save RDB snapshots/)
    expect(await refusal(call('PING'))).toMatch(/^MISCONF/)
    expect(await call('GET', 'a')).toBe('new')
    Object.assign(disk, { ...unlimited(), syncs: false })
    expect(await refusal(call('SAVE'))).toMatch(/^ERR/)
    expect(readFileSync(join(dir, 'dump.rdb'))).toEqual(old)
    Object.assign(disk, unlimited())
    await call('SAVE')
    clock.advance(100)
    expect(await call('SET', 'a', 'newer')).toBe('OK')
    await server.close()
  })

  it('keeps the server from ending, unless it is forced', async () => {
    for (const saves of ['default', 'yes'] as const) {
      const disk = unlimited()
      const { server, log, call } = await start(temporaryFolder(), disk, { save: '3600 1' })
      await call('SET', 'a', '1')
      disk.room = 20
      expect(await server.shutdown({ saves, isForced: false })).toBe(false)
      expect(log.at(-1)).toMatch(/Error trying to save the DB, can't exit/)
      expect(await refusal(call('SHUTDOWN'))).toBe('ERR Errors trying to SHUTDOWN. Check logs.')
      expect(await server.shutdown({ saves, isForced: true })).toBe(true)
    }
  })

  it('ends a background save, which says so', async () => {
    const dir = temporaryFolder()
    const disk = unlimited()
    const { server, call } = await start(dir, disk, { save: '' })
    await call('SET', 'a', '1')
    disk.room = 20
    await call('BGSAVE')
    await settle(call)
    expect(String(await call('INFO', 'persistence'))).toContain('rdb_last_bgsave_status:err')
    expect(server.keyspace.snapshot).toBe(null)
    expect(existsSync(join(dir, 'dump.rdb'))).toBe(false)
    expect(await call('SET', 'a', '2')).toBe('OK') // without save points nobody is kept from writing
    await server.close()
  })
})

describe('a disk that fails under the append-only file', () => {
  for (const syncs of ['always', 'everysec', 'no'])
    it(`never leaves a damaged log, and all is written when it recovers: ${syncs}`, async () => {
      for (let room = 0; room < 120; room += 13) {
        const dir = temporaryFolder()
        const disk = unlimited()
        const { server, clock, log, call } = await start(dir, disk, { appendonly: 'yes', appendfsync: syncs })
        await call('SET', 'a', '1')
        await settle(call)
        disk.room = room
        expect(await refusal(call('SET', 'b', 'x'.repeat(200)))).toBe(syncs === 'always' ? NOT_WRITTEN : 'accepted')
        clock.advance(100)
        expect(await refusal(call('SET', 'c', '3'))).toBe(
          'MISCONF Errors writing to the AOF file: No space left on device',
        )
        expect(log.some(line => /Error writing to the AOF file: No space left on device/.test(line))).toBe(true)
        // A copy of what is on the disk now is a sound log.
        Object.assign(disk, unlimited())
        clock.advance(200)
        expect(log.at(-1)).toMatch(/AOF write error looks solved/)
        expect(await call('SET', 'c', '3')).toBe('OK')
        const digest = await call('DEBUG', 'DIGEST', 'EXACT')
        await settle(call)
        await server.close()
        const second = await start(dir, unlimited(), { appendonly: 'yes', 'aof-load-truncated': 'no' })
        expect(await second.call('DEBUG', 'DIGEST', 'EXACT')).toBe(digest)
        await second.server.close()
      }
    })

  it('refuses writes when it cannot sync', async () => {
    for (const syncs of ['always', 'everysec']) {
      const disk = unlimited()
      const { server, clock, call } = await start(temporaryFolder(), disk, { appendonly: 'yes', appendfsync: syncs })
      await call('SET', 'a', '1')
      clock.advance(1500)
      await settle(call)
      Object.assign(disk, { syncs: false, code: 'EIO' })
      expect(await refusal(call('SET', 'a', '2'))).toBe(syncs === 'always' ? NOT_WRITTEN : 'accepted')
      clock.advance(1500)
      if (syncs === 'everysec') await settle(call)
      clock.advance(100)
      expect(await refusal(call('SET', 'a', '3'))).toBe('MISCONF Errors writing to the AOF file: Input/output error')
      await server.close()
    }
  })

  it('keeps nothing of a log that could not be begun, and begins it when asked again', async () => {
    const dir = temporaryFolder()
    const disk = unlimited()
    const { server, call } = await start(dir, disk, { appendonly: 'no' })
    await call('SET', 'a', '1')
    disk.room = 10
    await refusal(call('CONFIG', 'SET', 'appendonly', 'yes'))
    await settle(call)
    expect(readdirSync(join(dir, 'appendonlydir')).filter(name => !name.endsWith('incr.aof'))).toEqual([])
    expect(await server.shutdown({ saves: 'no', isForced: false })).toBe(true)
    expect(readdirSync(join(dir, 'appendonlydir'))).toEqual([])
  })

  it('does not end while the first base of a log is written, unless it is forced', async () => {
    const { server, log, call } = await start(temporaryFolder(), unlimited(), { appendonly: 'no' })
    await call('SET', 'a', '1')
    expect(await call('CONFIG', 'SET', 'appendonly', 'yes')).toBe('OK')
    expect(await server.shutdown({ saves: 'no', isForced: false })).toBe(false)
    expect(log.at(-1)).toMatch(/Writing initial AOF\. Can't exit\./)
    expect(await server.shutdown({ saves: 'no', isForced: true })).toBe(true)
  })

  it('accepts writes again when a failed sync works again, and writes all of it anew', async () => {
    const dir = temporaryFolder()
    const disk = unlimited()
    const { server, clock, log, call } = await start(dir, disk, { appendonly: 'yes', appendfsync: 'always' })
    await call('SET', 'a', '1')
    Object.assign(disk, { syncs: false, code: 'EIO' })
    expect(await refusal(call('SET', 'a', '2'))).toBe(NOT_WRITTEN)
    clock.advance(100)
    expect(await refusal(call('SET', 'a', '3'))).toMatch(/^MISCONF/)
    disk.syncs = true
    clock.advance(100)
    expect(log.some(line => /AOF fsync error looks solved/.test(line))).toBe(true)
    clock.advance(100)
    await settle(call)
    expect(readdirSync(join(dir, 'appendonlydir'))).toContain('appendonly.aof.2.base.rdb')
    expect(await call('SET', 'a', '3')).toBe('OK')
    await server.close()
  })

  it('ends a rewrite, with the old files still in use', async () => {
    const dir = temporaryFolder()
    const disk = unlimited()
    const { server, clock, call } = await start(dir, disk, { appendonly: 'yes' })
    await call('SET', 'a', '1')
    await settle(call)
    for (let room = 0; room < 300; room += 40) {
      disk.room = room
      await refusal(call('BGREWRITEAOF'))
      await settle(call)
      disk.room = Number.POSITIVE_INFINITY
      clock.advance(2000)
      await settle(call)
    }
    await call('SET', 'b', '2')
    const digest = await call('DEBUG', 'DIGEST', 'EXACT')
    expect(String(await call('INFO', 'persistence'))).toContain('aof_last_bgrewrite_status:')
    await server.close()
    const second = await start(dir, unlimited(), { appendonly: 'yes' })
    expect(await second.call('DEBUG', 'DIGEST', 'EXACT')).toBe(digest)
    await second.server.close()
  })
})
