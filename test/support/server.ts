/* Server -- one that a test starts on a free port, in a folder of its own, and that is gone when the test is over. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'
import { createServer, type RunningServer, type ServerOptions } from '../../core/index.ts'
import { RawConnection } from './transcript/connection.ts'

export interface TestServer extends RunningServer {
  /** The folder it works in. */
  readonly dir: string
  /** A connection that is closed with the server. */
  connect(): Promise<RawConnection>
}

/** A server that the caller closes. Memory that is no longer valid is overwritten, so that a stale address shows. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'redstrata-test-'))
  const running = await createServer({ port: 0, poison: true, ...options })
  running.server.config.find('dir')?.set(dir)
  const connections: RawConnection[] = []
  return {
    ...running,
    dir,
    async connect() {
      const connection = await RawConnection.open(running.port)
      connections.push(connection)
      return connection
    },
    async close() {
      for (const connection of connections) connection.close()
      await running.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A server for the running test alone. */
export async function serverForTest(options: ServerOptions = {}): Promise<TestServer> {
  const server = await startServer(options)
  onTestFinished(() => server.close())
  return server
}

/** A server for all tests of the file. */
export async function serverForFile(options: ServerOptions = {}): Promise<TestServer> {
  const server = await startServer(options)
  afterAll(() => server.close())
  return server
}
