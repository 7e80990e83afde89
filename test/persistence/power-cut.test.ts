/* The server is killed at random moments under write load: it starts again, and has what it acknowledged. */

import { expect, it } from 'vitest'
import { SeededRandom } from '../../core/base/random.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Program, startProgram } from '../support/program.ts'
import { printReply } from '../support/transcript/reply.ts'

const ROUNDS = process.env['REDSTRATA_TEST'] === 'long' ? 100 : 1

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
      connection.send([Buffer.from('RPUSH'), Buffer.from('log'), Buffer.from(String(n))])
      if (n % 50 === 0) connection.send([Buffer.from('BGREWRITEAOF')])
      if ((await connection.read()).kind !== ':') break
      if (acknowledged === from) setTimeout(kill, killAfterMs)
      acknowledged = n
      if (n % 50 === 0) await connection.read()
    }
  } catch {
    // The connection broke, as it should.
  }
  connection.close()
  await program.kill()
  return acknowledged
}

for (const syncs of ['always', 'everysec'])
  it(`what was acknowledged is there after a power cut: ${syncs}`, async () => {
    const dir = temporaryFolder()
    const random = new SeededRandom(7)
    const options = ['--appendonly', 'yes', '--appendfsync', syncs, '--save', '']
    // The kernel lives on, so what is lost is what was not handed to it: a few milliseconds, or with `always` nothing.
    const behind = syncs === 'always' ? 0 : 200
    let acknowledged = 0
    for (let round = 0; round < ROUNDS; round++) {
      const program = await startProgram(dir, options)
      const connection = await program.connect()
      const last = await connection.call('LINDEX', 'log', '-1')
      const length = printReply(await connection.call('LLEN', 'log'))
      connection.close()
      const kept = 'text' in last ? Number(last.text) : 0
      expect(kept).toBeGreaterThanOrEqual(acknowledged - behind)
      expect(length).toBe(`:${kept}`) // none in between is lost either
      acknowledged = await writeUntilKilled(program, kept, 100 + random.below(400))
      expect(acknowledged).toBeGreaterThan(kept)
    }
    const program = await startProgram(dir, options)
    const connection = await program.connect()
    const length = Number(printReply(await connection.call('LLEN', 'log')).slice(1))
    expect(length).toBeGreaterThanOrEqual(acknowledged - behind)
    connection.close()
    await program.kill()
  })
