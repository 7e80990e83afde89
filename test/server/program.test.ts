import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'
import { startProgram } from '../support/program.ts'

describe('the program', () => {
  it('leaves its number in the pidfile while it runs', async () => {
    const dir = temporaryFolder()
    const program = await startProgram(dir, ['--save', '', '--pidfile', 'run.pid'])
    const path = join(dir, 'run.pid')
    const client = await program.connect()
    const told = String(JSON.stringify(await client.call('INFO', 'server')))
    expect(readFileSync(path, 'latin1')).toMatch(/^\d+\n$/)
    expect(told).toContain(`process_id:${readFileSync(path, 'latin1').trim()}`)
    client.send(['SHUTDOWN', 'NOSAVE'])
    await client.whenClosed()
    while (existsSync(path)) await new Promise(resolve => setImmediate(resolve))
    await program.kill()
  })
})
