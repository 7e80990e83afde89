/* Files that were damaged, at any byte: the server starts with what is sound or says where it is not, and `check` agrees. */

import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Crc64 } from '../../core/base/crc.ts'
import { SeededRandom } from '../../core/base/random.ts'
import { createServer } from '../../core/index.ts'
import { checkFile } from '../../core/persistence/check.ts'
import { systemFiles } from '../../core/persistence/file.ts'
import { Persistence } from '../../core/persistence/persistence.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Call, fill, fillModules, refused, write } from './random-data.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 1000 : 36
/** Memory that a load of such small files may hold at its height, whatever they claim. */
const HELD_MAX = 64 << 20

/** A folder with an RDB file and an append-only file of base and two increments. */
async function makeFolder(): Promise<string> {
  const dir = temporaryFolder()
  const random = new SeededRandom(9)
  const server = await createServer({ port: null, config: { dir, appendonly: 'yes', 'aof-timestamp-enabled': 'yes' } })
  const call: Call = (...args) => server.call(...args)
  await fill(random, call)
  await fillModules(random, call)
  await call('FUNCTION', 'LOAD', "#!lua name=lib\nredis.register_function('f', function() return 7 end)")
  await call('BGREWRITEAOF')
  while (server.server.engine.service(Persistence).running !== null)
    await new Promise(resolve => setTimeout(resolve, 1))
  const client = server.client()
  for (let i = 0; i < 60; i++) {
    await write(random, call).catch(refused)
    if (i % 8 !== 0) continue
    await client.call('MULTI')
    await client.call('SET', 'a', i)
    await client.call('RPUSH', 'l', 'x'.repeat(i))
    await client.call('EXEC')
  }
  await call('SAVE')
  await server.close()
  return dir
}

/** Damage bytes: flip a bit, cut, write over, put in, or claim a length. */
function damage(bytes: Buffer, random: SeededRandom): Buffer {
  const at = random.below(bytes.length)
  const changed = Buffer.from(bytes)
  switch (random.below(6)) {
    case 0:
      return changed.subarray(0, at)
    case 1:
      return Buffer.concat([changed.subarray(0, at), Buffer.from([random.below(256)]), changed.subarray(at)])
    case 2:
      changed.fill(random.below(2) === 0 ? 0 : 0xff, at, Math.min(bytes.length, at + 1 + random.below(9)))
      return changed
    case 3: {
      const claim = random.below(2) === 0 ? '81000000007fffffff' : '807fffffff'
      Buffer.from(claim, 'hex').copy(changed, at)
      return changed
    }
    default:
      changed[at]! ^= 1 << random.below(8)
      return changed
  }
}

/** Let the sum of an RDB file fit, so that what is inside must be looked at. */
function sealed(bytes: Buffer): Buffer {
  if (bytes.length < 20) return bytes
  const sum = new Crc64()
  sum.update(bytes, 0, bytes.length - 8)
  sum.write(bytes, bytes.length - 8)
  return bytes
}

interface Started {
  /** What the server said when it did not start, or null. */
  readonly refusal: string | null
  readonly warnings: string[]
}

/** Start a server on a folder, use it, and end it. */
async function start(dir: string, config: Record<string, string>): Promise<Started> {
  const warnings: string[] = []
  const log = (line: string): void => void (/ # /.test(line) && warnings.push(line))
  try {
    const server = await createServer({ port: null, log, config: { dir, save: '', ...config } })
    const { memory } = server.server.engine.keyspace
    expect(memory.usedBytes).toBeLessThan(HELD_MAX)
    await server.call('DEBUG', 'DIGEST')
    for (let n = 0; n < 40; n++) await server.call('RPUSH', `key:${n}`, 'new').catch(refused)
    await server.call('SET', 'new', '1')
    expect(server.server.engine.stats.unexpectedErrors).toBe(0)
    await server.close()
    return { refusal: null, warnings }
  } catch (error) {
    expect(error).toBeInstanceOf(Error)
    return { refusal: (error as Error).message, warnings }
  }
}

function check(path: string, fixes = false): { isSound: boolean; text: string } {
  const lines: string[] = []
  const isSound = checkFile(path, { files: systemFiles(), print: line => lines.push(line), fixes, until: 0 })
  return { isSound, text: lines.join('\n') }
}

const WHERE =
  /at offset \d+|to offset \d+|\(line \d+: |Found an empty AOF manifest|doesn't exist|it is not there|invalid line/

it('an RDB file is loaded whole, or refused with the place; whatever it claims, memory is not', async () => {
  const folder = await makeFolder()
  const whole = readFileSync(join(folder, 'dump.rdb'))
  const random = new SeededRandom(21)
  const dir = temporaryFolder()
  const path = join(dir, 'dump.rdb')
  for (let round = 0; round < ROUNDS; round++) {
    const isSealed = round % 3 !== 0
    // The first is whole: what refuses everything would pass for careful otherwise.
    const changed = round === 0 ? Buffer.from(whole) : damage(whole, random)
    writeFileSync(path, isSealed ? sealed(changed) : changed)
    const found = check(path)
    const { refusal } = await start(dir, {})
    const about = `round ${round}: ${found.text}; ${refusal}`
    if (round === 0) expect(refusal, about).toBe(null)
    // A check does not ask modules or look for what comes twice; but what it finds is not loaded.
    if (!found.isSound) {
      expect(refusal, about).not.toBe(null)
      expect(found.text, about).toMatch(WHERE)
    }
    if (refusal !== null) expect(refusal, about).toMatch(WHERE)
    if (!isSealed && refusal === null) expect(changed.subarray(0, whole.length).equals(whole), about).toBe(true)
  }
})

it('an append-only file is loaded up to the damage, or refused with the place', async () => {
  const folder = await makeFolder()
  const set = join(folder, 'appendonlydir')
  const names = readdirSync(set)
  const random = new SeededRandom(22)
  let mended = 0
  for (let round = 0; round < ROUNDS; round++) {
    const dir = temporaryFolder()
    const copy = join(dir, 'appendonlydir')
    cpSync(set, copy, { recursive: true })
    const name = names[round % names.length]!
    writeFileSync(join(copy, name), damage(readFileSync(join(copy, name)), random))
    const manifest = join(copy, 'appendonly.aof.manifest')
    const found = check(manifest)
    const first = await start(dir, { appendonly: 'yes', 'aof-load-truncated': 'no' })
    const about = `round ${round}, ${name}: ${found.text}; ${first.refusal}`
    if (!found.isSound) {
      expect(first.refusal, about).not.toBe(null)
      expect(found.text, about).toMatch(WHERE)
    }
    if (first.refusal === null) continue
    expect(first.refusal, about).toMatch(WHERE)
    const isLast = name.endsWith('incr.aof')
    const after = check(manifest, true)
    if (isLast && !found.isSound) expect(after.isSound, about).toBe(true)
    if (!after.isSound || found.isSound) continue
    mended++
    const second = await start(dir, { appendonly: 'yes', 'aof-load-truncated': 'no' })
    // Commands that are whole may still be none that there are.
    if (second.refusal !== null) expect(second.refusal, about).toMatch(/unknown command/)
  }
  expect(mended).toBeGreaterThan(0)
})
