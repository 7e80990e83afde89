/* Program -- servers as processes of their own: ours from its sources, and the real one where it is installed. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { RawConnection } from './transcript/connection.ts'

const MAIN = join(import.meta.dirname, '../../core/main.ts')

/** How Redstrata is started from its sources. */
export const PROGRAM: readonly string[] = [process.execPath, '--conditions=redstrata-source', '--import', 'tsx', MAIN]

/** A server that runs by itself. */
export interface Program {
  readonly port: number
  connect(): Promise<RawConnection>
  /** End it as a power cut would. */
  kill(): Promise<void>
}

/** Whether the real server is installed. */
export function hasRealServer(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0
}

/** The version of the real server, as a number: 7.4.1 is 704. 0 when there is none. */
export function realServerVersion(): number {
  const told = spawnSync('redis-server', ['--version'], { encoding: 'utf8' }).stdout ?? ''
  const found = /v=(\d+)\.(\d+)/.exec(told)
  return found === null ? 0 : Number(found[1]) * 100 + Number(found[2])
}

/** Start Redstrata, with a file perhaps; resolves when it serves. */
export function startProgram(dir: string, options: readonly string[], file: readonly string[] = []): Promise<Program> {
  return start(PROGRAM[0]!, [...PROGRAM.slice(1), ...file], dir, options)
}

/** Start the real server. */
export function startRealServer(dir: string, options: readonly string[]): Promise<Program> {
  return start('redis-server', [], dir, options)
}

async function start(command: string, before: string[], dir: string, options: readonly string[]): Promise<Program> {
  const port = await freePort()
  const own = ['--port', String(port), '--dir', dir, ...options]
  const child = spawn(command, [...before, ...own], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()))
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  await serving(port, child, () => output)
  return {
    port,
    connect: () => RawConnection.open(port),
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Wait until a server answers PING with anything but LOADING. */
async function serving(port: number, child: ChildProcess, output: () => string): Promise<void> {
  while (child.exitCode === null) {
    try {
      const connection = await RawConnection.open(port)
      const reply = await connection.call('PING')
      connection.close()
      if (reply.kind !== '-') return
    } catch {
      // Not listening yet.
    }
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error(`the server ended: ${output()}`)
}

/** A port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
