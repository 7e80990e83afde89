/* Session -- what the examples have in common: a server of their own, a client of it, and where they print to.
 *
 * An example is a function of a session, so that a test can give it one and read what it printed. Run as a program, it
 * gets a fresh server in its own process and the terminal. */

import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { createServer } from 'redstrata'

/** A client, and where lines go. */
export interface Session {
  readonly redis: Redis
  readonly print: (line?: string) => void
}

/** Run an example against a server that lives as long as it. */
export async function withServer(run: (session: Session) => Promise<void>, print: Session['print']): Promise<void> {
  const server = await createServer({ port: 0 })
  const redis = new Redis(server.port)
  try {
    await run({ redis, print })
  } finally {
    redis.disconnect()
    await server.close()
  }
}

/** Whether a file is the program that was started, and not imported by one. */
export function isProgram(url: string): boolean {
  return process.argv[1] === fileURLToPath(url)
}

/** Wait for a pipeline, and pass its first error on. */
export async function settled(done: Promise<[error: Error | null, result: unknown][] | null>): Promise<unknown[]> {
  return ((await done) ?? []).map(([error, result]) => {
    if (error !== null) throw error
    return result
  })
}

/** How long something took, in milliseconds. */
export async function timed<T>(run: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const start = performance.now()
  const value = await run()
  return { value, ms: performance.now() - start }
}

/** Chance that repeats itself: from 0 to below 1 (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
