import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SeededRandom } from '../../core/base/random.ts'
import { createServer, type RunningServer } from '../../core/index.ts'
import { parseManifest } from '../../core/persistence/aof/manifest.ts'
import { checkFile } from '../../core/persistence/check.ts'
import { systemFiles } from '../../core/persistence/file.ts'
import { temporaryFolder } from '../support/folder.ts'
import { encodeCommand, RawConnection } from '../support/transcript/connection.ts'
import { printReply } from '../support/transcript/reply.ts'

type Config = Record<string, string>

async function start(dir: string, config: Config = {}): Promise<RunningServer> {
  const server = await createServer({ port: null, poison: true, config: { dir, appendonly: 'yes', ...config } })
  onTestFinished(() => server.close())
  return server
}

function partsOf(dir: string): string[] {
  const text = readFileSync(join(dir, 'appendonlydir', 'appendonly.aof.manifest'), 'utf8')
  return parseManifest(text).parts.map(part => part.name)
}

function incrementOf(dir: string): string {
  return readFileSync(join(dir, 'appendonlydir', partsOf(dir).at(-1)!), 'latin1')
}

async function info(server: RunningServer, name: string): Promise<string> {
  const text = String(await server.call('INFO', 'persistence'))
  return new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? 'missing'
}

/** Wait until nothing is written in the background. */
async function quiet(server: RunningServer): Promise<void> {
  while (
    (await info(server, 'aof_rewrite_in_progress')) === '1' ||
    (await info(server, 'rdb_bgsave_in_progress')) === '1'
  )
    await new Promise(resolve => setImmediate(resolve))
}

/** Do something of everything. */
async function work(server: RunningServer): Promise<void> {
  await server.call('SET', 'a', '1', 'EX', 10_000)
  await server.call('RPUSH', 'l', 'x', '', 'binary\0\r\n')
  const own = server.client()
  await own.call('SELECT', 3)
  await own.call('SADD', 's', ...Array.from({ length: 300 }, (_, i) => i))
  await own.call('SPOP', 's', 7)
  await own.call('MULTI')
  await own.call('HSET', 'h', 'f', 'v')
  await own.call('INCR', 'n')
  await own.call('EXEC')
  own.close()
  await server.call('XADD', 'stream', '*', 'f', 'v')
  await server.call('EVAL', "redis.call('SET', KEYS[1], 'y') redis.call('INCR', KEYS[2])", 2, 'from-script', 'count')
  await server.call('FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() return 7 end)")
  await server.call('JSON.SET', 'doc', '$', '{"a":[1,2]}')
  await server.call('TS.ADD', 'ts', '*', '1.5')
  await server.call('BF.ADD', 'filter', 'x')
}

function check(path: string): boolean {
  return checkFile(path, { files: systemFiles(), print: () => {}, fixes: false, until: 0 })
}

async function digest(server: RunningServer): Promise<string> {
  return String(await server.call('DEBUG', 'DIGEST', 'EXACT'))
}

describe('the append-only file', () => {
  for (const config of [{}, { 'aof-use-rdb-preamble': 'no' }, { 'aof-timestamp-enabled': 'yes' }] as Config[])
    it(`brings everything back: ${JSON.stringify(config)}`, async () => {
      const dir = temporaryFolder()
      const first = await start(dir, config)
      await work(first)
      const before = await digest(first)
      await first.close()
      const second = await start(dir, config)
      expect(await digest(second)).toBe(before)
      expect(await second.call('FCALL', 'f', 0)).toBe(7)
      await second.call('BGREWRITEAOF')
      await second.call('SET', 'after', 'it')
      await quiet(second)
      const rewritten = await digest(second)
      await second.close()
      const third = await start(dir, config)
      expect(await digest(third)).toBe(rewritten)
      expect(await third.call('FCALL', 'f', 0)).toBe(7)
      expect(await third.call('GET', 'after')).toBe('it')
    })

  it('keeps the effects of a transaction or script together', async () => {
    const dir = temporaryFolder()
    const server = await start(dir)
    await server.call('EVAL', "redis.call('SET', 'a', 1) redis.call('SET', 'b', 2)", 0)
    await server.close()
    const begin = '*1\r\n$5\r\nMULTI\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n'
    const sets = '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n'
    expect(incrementOf(dir).toUpperCase()).toBe(`${begin}${sets}*1\r\n$4\r\nEXEC\r\n`.toUpperCase())
  })

  it('says DEL of a key that expired', async () => {
    const dir = temporaryFolder()
    const server = await start(dir)
    await server.call('SET', 'k', 'v', 'PX', 1)
    await new Promise(resolve => setTimeout(resolve, 5))
    expect(await server.call('GET', 'k')).toBe(null)
    await server.close()
    expect(incrementOf(dir)).toContain('DEL\r\n$1\r\nk\r\n')
  })

  it('has a new base and one increment after a rewrite, and no old files', async () => {
    const dir = temporaryFolder()
    const server = await start(dir)
    expect(partsOf(dir)).toEqual(['appendonly.aof.1.base.rdb', 'appendonly.aof.1.incr.aof'])
    await server.call('SET', 'a', '1')
    expect(await server.call('BGREWRITEAOF')).toBe('Background append only file rewriting started')
    await quiet(server)
    expect(partsOf(dir)).toEqual(['appendonly.aof.2.base.rdb', 'appendonly.aof.2.incr.aof'])
    expect(readdirSync(join(dir, 'appendonlydir')).sort()).toEqual([
      'appendonly.aof.2.base.rdb',
      'appendonly.aof.2.incr.aof',
      'appendonly.aof.manifest',
    ])
  })

  it('can be switched on and off while the server runs', async () => {
    const dir = temporaryFolder()
    const server = await start(dir, { appendonly: 'no' })
    await server.call('SET', 'before', '1')
    await server.call('CONFIG', 'SET', 'appendonly', 'yes')
    await server.call('SET', 'while', '2')
    await quiet(server)
    expect(await info(server, 'aof_enabled')).toBe('1')
    await server.call('SET', 'with', '3')
    await server.call('CONFIG', 'SET', 'appendonly', 'no')
    await server.call('SET', 'without', '4')
    await server.close()
    const second = await start(dir)
    expect(await second.call('MGET', 'before', 'while', 'with', 'without')).toEqual(['1', '2', '3', null])
  })

  it('is taken over from before Redis 7.0, commands behind RDB or not', async () => {
    const dir = temporaryFolder()
    const commands = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$1\r\n2\r\n'
    writeFileSync(join(dir, 'appendonly.aof'), commands)
    const first = await start(dir)
    expect(await first.call('GET', 'b')).toBe('2')
    await first.call('SET', 'a', '1')
    await first.call('SAVE')
    await first.close()
    const old = temporaryFolder()
    writeFileSync(join(old, 'appendonly.aof'), readFileSync(join(dir, 'dump.rdb')))
    appendFileSync(join(old, 'appendonly.aof'), commands.replace('\r\n2\r\n', '\r\n3\r\n'))
    const second = await start(old)
    expect(await second.call('MGET', 'a', 'b')).toEqual(['1', '3'])
    expect(existsSync(join(old, 'appendonly.aof'))).toBe(false)
  })

  it('is cut back to the last whole unit when it ends in the middle of one', async () => {
    const dir = temporaryFolder()
    const first = await start(dir)
    await first.call('SET', 'a', '1')
    const own = first.client()
    await own.call('MULTI')
    await own.call('SET', 'b', '2')
    await own.call('SET', 'c', '3')
    await own.call('EXEC')
    await first.close()
    const path = join(dir, 'appendonlydir', partsOf(dir).at(-1)!)
    const whole = readFileSync(path)
    const unit = whole.indexOf('*1\r\n$5\r\nMULTI')
    for (let size = whole.length - 1; size > unit; size -= 5) {
      writeFileSync(path, whole.subarray(0, size))
      const server = await start(dir)
      expect(await server.call('MGET', 'a', 'b', 'c')).toEqual(['1', null, null])
      await server.close()
      expect(readFileSync(path).length).toBe(unit)
    }
    truncateSync(path, unit - 1)
    await expect(start(dir, { 'aof-load-truncated': 'no' })).rejects.toThrow(/ends in the middle of a command/)
  })

  it('is refused when it is damaged, with the place', async () => {
    const dir = temporaryFolder()
    const first = await start(dir)
    await first.call('SET', 'a', '1')
    await first.close()
    const path = join(dir, 'appendonlydir', partsOf(dir).at(-1)!)
    const whole = readFileSync(path)
    appendFileSync(path, 'garbage')
    await expect(start(dir)).rejects.toThrow(`no command at offset ${whole.length}`)
    writeFileSync(path, `${whole.toString('latin1')}*1\r\n$5\r\nBOGUS\r\n`, 'latin1')
    await expect(start(dir)).rejects.toThrow(`unknown command 'BOGUS' at offset ${whole.length}`)
  })

  it('holds what clients sent, however it was written and cut', async () => {
    const dir = temporaryFolder()
    const server = await createServer({ port: 0, poison: true, config: { dir, appendonly: 'yes' } })
    const random = new SeededRandom(3)
    const connections = await Promise.all([0, 1, 2].map(() => RawConnection.open(server.port)))
    const odd = ['*3\r\n$3\r\nSETxx$1\r\np\r\n$1\r\n1\r\n', 'SET q "inline 1"\r\n']
    const request = (i: number): Buffer => {
      const key = `k${random.below(30)}`
      switch (random.below(9)) {
        case 0:
          return Buffer.from(odd[random.below(odd.length)]!)
        case 1:
          return encodeCommand(['SELECT', `${random.below(2)}`])
        case 2:
          return Buffer.concat([['MULTI'], ['INCR', 'n'], ['APPEND', key, 'x'], ['EXEC']].map(encodeCommand))
        case 3:
          return encodeCommand(['SET', key, 'v', 'PX', `${1 + random.below(3) * 100_000}`])
        case 4:
          return encodeCommand(['SET', key, 'y'.repeat(random.below(70_000))])
        case 5:
          return encodeCommand(['GET', key])
        default:
          return encodeCommand(['SET', key, `${i}`])
      }
    }
    for (let round = 0; round < 60; round++) {
      const connection = connections[random.below(3)]!
      const sent = Buffer.concat(Array.from({ length: 1 + random.below(12) }, (_, i) => request(i)))
      const cut = random.below(sent.length)
      connection.write(sent.subarray(0, cut))
      if (random.below(2) === 0) await new Promise(resolve => setImmediate(resolve))
      connection.write(sent.subarray(cut))
    }
    const ends = connections.map(async connection => {
      connection.send(['ECHO', 'the end'])
      while (printReply(await connection.read()) !== '"the end"') {}
    })
    await Promise.all(ends)
    await new Promise(resolve => setTimeout(resolve, 5))
    await server.call('DBSIZE')
    const before = await digest(server)
    for (const connection of connections) connection.close()
    await server.close()
    expect(check(join(dir, 'appendonlydir', 'appendonly.aof.manifest'))).toBe(true)
    expect(await digest(await start(dir))).toBe(before)
  })

  it('answers WAITAOF when what was written is on disk', async () => {
    const server = await start(temporaryFolder())
    await server.call('SET', 'a', '1')
    expect(await server.call('WAITAOF', 1, 0, 0)).toEqual([1, 0])
    await server.call('CONFIG', 'SET', 'appendfsync', 'no')
    await server.call('SET', 'a', '2')
    expect(await server.call('WAITAOF', 1, 0, 20)).toEqual([0, 0])
    expect(await server.call('WAITAOF', 0, 1, 20)).toEqual([0, 0])
  })

  it('lets CLIENT UNBLOCK end WAIT and WAITAOF, as if the time were up or with an error', async () => {
    const server = await start(temporaryFolder(), { appendfsync: 'no' })
    const waiter = server.client()
    const id = Number(await waiter.call('CLIENT', 'ID'))
    await server.call('SET', 'a', '1')
    const waits = [
      ['WAIT', 1, 0],
      ['WAITAOF', 1, 0, 0],
    ]
    for (const [i, command] of waits.entries()) {
      const timedOut = waiter.call(...command)
      expect(await server.call('CLIENT', 'UNBLOCK', id)).toBe(1)
      expect(await timedOut).toEqual(i === 0 ? 0 : [0, 0])
      const refused = expect(waiter.call(...command)).rejects.toThrow('UNBLOCKED client unblocked via CLIENT UNBLOCK')
      expect(await server.call('CLIENT', 'UNBLOCK', id, 'ERROR')).toBe(1)
      await refused
      expect(await server.call('CLIENT', 'UNBLOCK', id)).toBe(0)
    }
  })

  it('answers calls in the process once they are on disk, with appendfsync always', async () => {
    const dir = temporaryFolder()
    const server = await start(dir, { appendfsync: 'always' })
    const calls = [0, 1, 2].map(i => server.call('SET', `k${i}`, i))
    expect(incrementOf(dir)).not.toContain('k0')
    await calls[0]
    for (const i of [0, 1, 2]) expect(incrementOf(dir)).toContain(`k${i}`) // one sync for all of a turn
    expect(await Promise.all(calls)).toEqual(['OK', 'OK', 'OK'])
    await expect(server.call('INCR', 'dir')).resolves.toBe(1)
    expect(incrementOf(dir)).toContain('dir')
  })
})
