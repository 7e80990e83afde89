/* Server process -- a server that is measured from outside: Redstrata as it is shipped, or the redis-server on PATH. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Load } from './load.ts'

const TOP = join(import.meta.dirname, '../..')
/** The kernel counts processor time in ticks of this many microseconds (USER_HZ is 100 everywhere). */
const TICK_MICROS = 10_000
/** A server that grows beyond this has gone astray, and is ended before it takes the machine with it. */
const RSS_MAX = 8 * 2 ** 30
/** How often its memory is looked at: one that does nothing but write takes less than a gigabyte between two looks. */
const WATCH_MS = 200

/** Servers that run; none outlives the benchmark. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

export interface ServerProcess {
  readonly name: string
  readonly port: number
  /** Processor time used so far, user and system, all threads. */
  cpuMicros(): number
  /** Resident memory in bytes. */
  rssBytes(): number
  /** The same after garbage was collected, where there is such a thing. */
  settledRssBytes(): Promise<number>
  /** used_memory of INFO. */
  usedMemory(): Promise<number>
  /** Begin to watch the event loop, or null where there is none. */
  watchLoop(): Promise<(() => Promise<{ maxMs: number; p999Ms: number }>) | null>
  stop(): Promise<void>
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** The version line of a program, or null when it is not on PATH. */
export function versionOf(program: string): string | null {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
  } catch {
    return null
  }
}

/** Build Redstrata, so that what is measured is what is shipped. */
export function build(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: TOP, stdio: 'inherit' })
}

export async function startRedstrata(options: readonly string[] = []): Promise<ServerProcess> {
  const probe = join(import.meta.dirname, 'probe.mjs')
  const program = [`--import=${probe}`, join(TOP, 'dist/core/main.js')]
  return start('redstrata', process.execPath, program, options)
}

export async function startRedis(options: readonly string[] = []): Promise<ServerProcess> {
  return start('redis', 'redis-server', [], options)
}

async function start(
  name: string,
  program: string,
  before: readonly string[],
  options: readonly string[],
): Promise<ServerProcess> {
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'redstrata-bench-'))
  const args = [...before, '--port', String(port), '--save', '', '--dir', dir, ...options]
  const child = spawn(program, args, { cwd: dir, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const pid = child.pid ?? 0
  running.add(child)
  const watch = setInterval(() => endIfAstray(name, child, pid), WATCH_MS)
  const ended = new Promise<void>(resolve => {
    child.once('exit', () => {
      clearInterval(watch)
      running.delete(child)
      resolve()
    })
  })
  await answering(child, port)
  const info = await Load.connect(port)
  return {
    name,
    port,
    cpuMicros: () => cpuMicros(pid),
    rssBytes: () => rssBytes(pid),
    async settledRssBytes() {
      if (name === 'redstrata') await ask(child, 'collect')
      await new Promise(resolve => setTimeout(resolve, 500))
      return rssBytes(pid)
    },
    usedMemory: async () => Number(/used_memory:(\d+)/.exec(await info.text('INFO', 'memory'))?.[1] ?? Number.NaN),
    async watchLoop() {
      if (name !== 'redstrata') return null
      await ask(child, 'watch')
      return async () => (await ask(child, 'delays')) as { maxMs: number; p999Ms: number }
    },
    async stop() {
      info.close()
      child.kill('SIGTERM')
      await ended
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

function endIfAstray(name: string, child: ChildProcess, pid: number): void {
  if (child.exitCode !== null || !(rssBytes(pid) > RSS_MAX)) return
  console.error(`\n${name} took more than ${RSS_MAX / 2 ** 30} GB of memory and was ended`)
  child.kill('SIGKILL')
}

function ask(child: ChildProcess, question: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('the server ended'))
    child.once('exit', gone)
    child.once('message', answer => {
      child.off('exit', gone)
      resolve(answer)
    })
    child.send(question)
  })
}

/** Wait until the server answers PING, or say that it ended. */
async function answering(child: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with status ${child.exitCode}`)
    try {
      const load = await Load.connect(port)
      await load.text('PING')
      load.close()
      return
    } catch {
      await new Promise(resolve => setTimeout(resolve, 50)) // it has yet to listen
    }
  }
}

/** Time on a processor of all threads: the scheduler's count in nanoseconds, or the kernel's in ticks where there is none. */
function cpuMicros(pid: number): number {
  try {
    let nanos = 0
    for (const thread of readdirSync(`/proc/${pid}/task`))
      nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0])
    if (nanos > 0) return nanos / 1000
  } catch {
    // No schedstat in this kernel.
  }
  return cpuTicks(pid)
}

/** utime and stime: the 14th and 15th field, counted behind the name, which may hold blanks. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS
}

/** Resident memory; NaN for a process that has ended. */
function rssBytes(pid: number): number {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return Number(kilobytes) * 1024
  } catch {
    return Number.NaN
  }
}
