/* Machine -- what the process and the system that it runs on are, for those who ask the server. */

import { arch, release, totalmem, type } from 'node:os'

export interface Machine {
  readonly processId: number
  /** As `uname` says it: name, release, hardware. */
  readonly system: string
  /** Bytes of memory that the machine has. */
  readonly memoryBytes: number
  /** The program that runs. */
  readonly executable: string
  /** How the system tells of sockets that can be read. */
  readonly multiplexing: string
}

const HARDWARE: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }
const MULTIPLEXING: Readonly<Record<string, string>> = { linux: 'epoll', darwin: 'kqueue', freebsd: 'kqueue' }

export function machine(): Machine {
  return {
    processId: process.pid,
    system: `${type()} ${release()} ${HARDWARE[arch()] ?? arch()}`,
    memoryBytes: totalmem(),
    executable: process.argv[1] ?? process.execPath,
    multiplexing: MULTIPLEXING[process.platform] ?? 'poll',
  }
}

/** What the process has used so far. */
export function processUsage(): { residentBytes: number; systemSeconds: number; userSeconds: number } {
  const { system, user } = process.cpuUsage()
  return { residentBytes: process.memoryUsage.rss(), systemSeconds: system / 1e6, userSeconds: user / 1e6 }
}
