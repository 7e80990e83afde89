import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../support/folder.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** A folder far from the repository, in which Redstrata is installed as npm would, with a module in it. */
function authorsFolder(source: string): string {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/redstrata'))
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  writeFileSync(join(folder, 'rate.js'), source)
  return folder
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>(done => probe.listen(0, '127.0.0.1', done))
  const { port } = probe.address() as { port: number }
  await new Promise(done => probe.close(done))
  return port
}

/** The program, started in a folder. Resolves when it is ready, or with its output when it ended. */
async function start(folder: string, args: readonly string[]): Promise<{ child: ChildProcess; output: string }> {
  const source = ['--conditions=redstrata-source', '--import', join(ROOT, 'node_modules/tsx/dist/loader.mjs')]
  const child = spawn(process.execPath, [...source, join(ROOT, 'core/main.ts'), ...args], { cwd: folder })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  await new Promise<void>(done => {
    const read = (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('Ready to accept connections')) done()
    }
    child.stdout!.on('data', read)
    child.stderr!.on('data', read)
    child.once('exit', () => done())
  })
  return { child, output }
}

describe('a module that lies outside', () => {
  it('is loaded by its path, as the manual for authors shows it', async () => {
    const manual = readFileSync(join(ROOT, 'docs/modules/writing-a-module.md'), 'utf8')
    const folder = authorsFolder(/```js\n([\s\S]*?)```/.exec(manual)![1]!)
    const port = await freePort()
    const { child } = await start(folder, ['--port', String(port), '--save', '', '--loadmodule', './rate.js'])
    const redis = new Redis(port)

    await redis.config('SET', 'rate-window-ms', '60000')
    expect(await redis.call('RATE.HIT', 'page', '2')).toBe(1)
    expect(await redis.call('RATE.HIT', 'page', '2')).toBe(0)
    await expect(redis.call('RATE.HIT', 'page', '2')).rejects.toThrow('RATE limit reached')
    await expect(redis.call('RATE.HIT', 'page')).rejects.toThrow("wrong number of arguments for 'rate.hit' command")
    expect(await redis.pttl('page')).toBeGreaterThan(0)
    expect(await redis.info('rate_stats')).toContain('refused:1')
    expect(String(await redis.call('MODULE', 'LIST'))).toContain('rate')

    redis.disconnect()
    const ended = new Promise(done => child.once('exit', done))
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('that is none ends the program with one line and status 1', async () => {
    const folder = authorsFolder('export const nothing = 1')
    const { child, output } = await start(folder, ['--port', '0', '--save', '', '--loadmodule', './rate.js'])
    expect(child.exitCode).toBe(1)
    expect(output).toContain('no module as its default export')
  })
})
