/* The server is killed at random moments under write load: it starts again, and has what it acknowledged. */

import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SeededRandom } from '../../core/base/random.ts'
import { checkFile } from '../../core/persistence/check.ts'
import { systemFiles } from '../../core/persistence/file.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Program, startProgram } from '../support/program.ts'
import { printReply } from '../support/transcript/reply.ts'

const ROUNDS = Number(process.env['REDSTRATA_ROUNDS'] ?? (process.env['REDSTRATA_TEST'] === 'long' ? 100 : 1))
const SEED = Number(process.env['REDSTRATA_SEED'] ?? 7)

/** The ways in which a number is written: alone, in a transaction, by a script; what belongs together comes in twos. */
function writesOf(n: number): string[][] {
  const text = String(n)
  if (n % 3 === 0) return [['MULTI'], ['RPUSH', 'log', text], ['SET', 'left', text], ['SET', 'right', text], ['EXEC']]
  const script =
    "redis.call('SET', KEYS[2], ARGV[1]) redis.call('SET', KEYS[3], ARGV[1]) return redis.call('RPUSH', KEYS[1], ARGV[1])"
  if (n % 3 === 1) return [['EVAL', script, '3', 'log', 'left', 'right', text]]
  return [['RPUSH', 'log', text]]
}

/** Jobs that are at work when the server is killed. */
function jobsOf(n: number): string[][] {
  if (n % 50 === 0) return [['BGREWRITEAOF']]
  return n % 50 === 25 ? [['BGSAVE', 'SCHEDULE']] : []
}

/** Write numbers one after the other until the server is gone. Returns the last that was acknowledged. */
async function writeUntilKilled(program: Program, from: number, killAfterMs: number): Promise<number> {
  const connection = await program.connect()
  let acknowledged = from
  let isOver = false
  const kill = (): void => {
    isOver = true
    void program.kill()
  }
  try {
    for (let n = from + 1; !isOver; n++) {
      const writes = writesOf(n)
      const jobs = jobsOf(n)
      for (const args of [...writes, ...jobs]) connection.send(args)
      let last = '-'
      for (const _ of writes) last = printReply(await connection.read())
      if (last.startsWith('-')) break
      if (acknowledged === from) setTimeout(kill, killAfterMs)
      acknowledged = n
      for (const _ of jobs) await connection.read()
    }
  } catch {
    // The connection broke, as it should.
  }
  connection.close()
  await program.kill()
  return acknowledged
}

/** What a server that was started again has. */
async function lookInto(program: Program): Promise<{ last: number; length: number; pair: string[] }> {
  const connection = await program.connect()
  const ask = async (...args: string[]): Promise<string> =>
    printReply(await connection.call(...args)).replace(/[":]/g, '')
  const found = {
    last: Number((await ask('LINDEX', 'log', '-1')).replace('(nil)', '0')) || 0,
    length: Number(await ask('LLEN', 'log')),
    pair: [await ask('GET', 'left'), await ask('GET', 'right')],
  }
  connection.close()
  return found
}

/** A log may end in the middle of a command. Nothing else is wrong with the files. */
function checkFiles(dir: string): void {
  const lines: string[] = []
  checkFile(join(dir, 'appendonlydir'), {
    files: systemFiles(),
    print: line => lines.push(line),
    fixes: false,
    until: 0,
  })
  for (const line of lines)
    if (!/: OK, /.test(line)) expect(line).toMatch(/incr\.aof: NOT VALID, it ends in the middle/)
}

for (const syncs of ['always', 'everysec'])
  it(`what was acknowledged is there after a power cut: ${syncs}`, async () => {
    const dir = temporaryFolder()
    const random = new SeededRandom(SEED)
    const options = ['--appendonly', 'yes', '--appendfsync', syncs, '--save', '']
    // The kernel lives on, so what is lost is what was not handed to it: a few milliseconds, or with `always` nothing.
    const behind = syncs === 'always' ? 0 : 200
    let acknowledged = 0
    for (let round = 0; round <= ROUNDS; round++) {
      if (round > 0) checkFiles(dir)
      const program = await startProgram(dir, options)
      const { last, length, pair } = await lookInto(program)
      expect(last).toBeGreaterThanOrEqual(acknowledged - behind)
      expect(length).toBe(last) // none in between is lost either
      expect(pair[0]).toBe(pair[1])
      if (round === ROUNDS) await program.kill()
      else {
        acknowledged = await writeUntilKilled(program, last, 100 + random.below(400))
        expect(acknowledged).toBeGreaterThan(last)
      }
    }
  })
