import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { SeededRandom } from '../../core/base/random.ts'
import { createServer, type RunningServer } from '../../core/index.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'redstrata-'))
  folders.push(made)
  return made
}

async function start(dir: string): Promise<RunningServer> {
  return createServer({ port: null, poison: true, config: { dir } })
}

async function fill(server: RunningServer): Promise<void> {
  await server.call('SET', 's', 'text')
  await server.call('SET', 'n', '12345', 'PXAT', 4102444800000)
  await server.call('SET', 'long', 'x'.repeat(200_000))
  await server.call('RPUSH', 'l', ...Array.from({ length: 500 }, (_, i) => `element ${i}`))
  await server.call('SADD', 'ints', 1, 2, 3)
  await server.call('SADD', 'st', ...Array.from({ length: 300 }, (_, i) => `member ${i}`))
  await server.call('HSET', 'h', 'f', 'v', 'g', 'w')
  await server.call('ZADD', 'z', ...Array.from({ length: 300 }, (_, i) => [i / 7, `m${i}`]).flat())
  await server.call('JSON.SET', 'doc', '$', '{"a":[1,2.5,"x"]}')
  await server.call('BF.ADD', 'filter', 'x')
}

/** A key of another type, or copied onto itself, is refused, which changes nothing. */
function ignored(): null {
  return null
}

describe('saved data', () => {
  it('are the same after a restart', async () => {
    const dir = folder()
    const first = await start(dir)
    await fill(first)
    const digest = await first.call('DEBUG', 'DIGEST', 'EXACT')
    expect(await first.call('SAVE')).toBe('OK')
    await first.close()
    const second = await start(dir)
    expect(await second.call('DEBUG', 'DIGEST', 'EXACT')).toBe(digest)
    expect(await second.call('PEXPIRETIME', 'n')).toBe(4102444800000)
    await second.close()
  })

  it('are the same after DEBUG RELOAD', async () => {
    const server = await start(folder())
    await fill(server)
    const digest = await server.call('DEBUG', 'DIGEST', 'EXACT')
    expect(await server.call('DEBUG', 'RELOAD')).toBe('OK')
    expect(await server.call('DEBUG', 'DIGEST', 'EXACT')).toBe(digest)
    await server.close()
  })

  it('are those of the moment at which the save began, whatever is written meanwhile', async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const dir = folder()
      const server = await start(dir)
      const random = new SeededRandom(seed)
      const key = (): string => `key:${random.below(3000)}`
      for (let i = 0; i < 3000; i++) await server.call('RPUSH', key(), 'a'.repeat(random.below(200)), String(i))
      const before = await server.call('DEBUG', 'DIGEST', 'EXACT')
      await server.call('BGSAVE')
      let writes = 0
      while (server.server.keyspace.snapshot !== null) {
        for (let i = 0; i < 20; i++, writes++) {
          const choice = random.below(4)
          if (choice === 0) await server.call('DEL', key())
          else if (choice === 1) await server.call('RPUSH', key(), 'new').catch(ignored)
          else if (choice === 2) await server.call('SET', key(), 'other')
          else await server.call('COPY', key(), key(), 'REPLACE').catch(ignored)
        }
        await new Promise(resolve => setImmediate(resolve))
      }
      while (/rdb_bgsave_in_progress:1/.test(String(await server.call('INFO', 'persistence'))))
        await new Promise(resolve => setImmediate(resolve))
      expect(writes).toBeGreaterThan(0)
      await server.close()
      const loaded = await start(dir)
      expect(await loaded.call('DEBUG', 'DIGEST', 'EXACT')).toBe(before)
      await loaded.close()
    }
  })

  it('go through DUMP and RESTORE unchanged', async () => {
    const server = await start(folder())
    await fill(server)
    for (const key of ['s', 'l', 'ints', 'st', 'h', 'z', 'doc']) {
      const own = server.client()
      const digest = await own.call('DEBUG', 'DIGEST-VALUE', key)
      // The payload is bytes: it is handed on inside a script, so that no text decoding touches it.
      await own.call(
        'EVAL',
        "redis.call('RESTORE', KEYS[2], 0, redis.call('DUMP', KEYS[1]), 'REPLACE')",
        2,
        key,
        'copy',
      )
      expect(await own.call('DEBUG', 'DIGEST-VALUE', 'copy')).toEqual(digest)
      own.close()
    }
    await server.close()
  })
})
