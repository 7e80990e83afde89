/* Listener -- accepts connections and gives each turn its end.
 *
 * Reading through `onread` into one shared buffer saves an allocation and an event a read. Node offers it for sockets that
 * one connects, not for accepted ones, so the accepted handle is moved to a socket of our own. That leaves a socket behind
 * that the net.Server counts for ever: its `close` would never call back, and so the listener keeps its own set and
 * closes that. Where the handle cannot be moved (another runtime, TLS), 'data' events serve; they cost a microsecond a read. */

import { createServer, type Server as NetServer, Socket } from 'node:net'
import { type Dispatcher, SocketConnection } from './connection.ts'

const RECEIVE_BYTES = 64 << 10

/** Where to listen. */
export interface ListenOptions {
  readonly host?: string
  readonly port?: number
  /** A Unix socket instead of host and port. */
  readonly path?: string
  readonly backlog?: number
}

/** How many connections may wait to be accepted. */
const BACKLOG = 511

/** Let a server listen. Resolves with its port, 0 for a Unix socket; rejects with the system's error when it cannot. */
export function beginListening(server: NetServer, options: ListenOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...options, backlog: options.backlog ?? BACKLOG }, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

/** A socket's handle, as far as it is used here. */
interface RawHandle {
  readonly fd?: number
  readStart?: unknown
}

export class Listener {
  readonly #dispatcher: Dispatcher
  readonly #server: NetServer
  readonly #connections: Set<SocketConnection>
  readonly #receive: Buffer
  readonly #path: string

  /** @param receive a buffer that all listeners of a server may share. */
  constructor(dispatcher: Dispatcher, connections: Set<SocketConnection>, receive: Buffer, path = '') {
    this.#dispatcher = dispatcher
    this.#connections = connections
    this.#receive = receive
    this.#path = path
    this.#server = createServer({ pauseOnConnect: true, noDelay: true }, socket => this.#accept(socket))
  }

  /** A receive buffer. */
  static receiveBuffer(): Buffer {
    return Buffer.allocUnsafeSlow(RECEIVE_BYTES)
  }

  /** Begin to listen. Rejects with the system's error when the address cannot be had. */
  listen(options: ListenOptions): Promise<number> {
    return beginListening(this.#server, options)
  }

  /** Stop accepting. Connections stay until they are closed. */
  close(): void {
    this.#server.close()
  }

  #accept(accepted: Socket): void {
    const handle = (accepted as unknown as { _handle: RawHandle | null })._handle
    if (handle === null || typeof handle !== 'object' || typeof handle.readStart !== 'function') {
      this.#add(accepted, -1, null)
      return
    }
    // A cell that the callback reads: the connection exists only after the socket does.
    const cell: { connection: SocketConnection | null } = { connection: null }
    const socket = this.#ownSocket(accepted, handle, cell)
    this.#add(socket, handle.fd ?? -1, cell)
  }

  #ownSocket(accepted: Socket, handle: RawHandle, cell: { connection: SocketConnection | null }): Socket {
    ;(accepted as unknown as { _handle: RawHandle | null })._handle = null
    const receive = this.#receive
    const options = {
      handle,
      onread: {
        buffer: receive,
        callback: (bytes: number): boolean => {
          cell.connection?.receive(receive, bytes)
          return true
        },
      },
    }
    const socket = new Socket(options as unknown as ConstructorParameters<typeof Socket>[0])
    socket.setNoDelay(true)
    return socket
  }

  #add(socket: Socket, descriptor: number, cell: { connection: SocketConnection | null } | null): void {
    const connection = new SocketConnection(socket, this.#dispatcher, descriptor, this.#path)
    if (connection.isClosed) return
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
    if (cell !== null) cell.connection = connection
    else socket.on('data', chunk => connection.receive(chunk, chunk.length))
    socket.resume()
  }
}

/** Connections that are served at the end of the running turn. */
export class TurnEnd {
  #queue: SocketConnection[] = []
  #scheduled = false
  readonly #soon: (run: () => void) => void
  readonly #before: () => boolean

  /** @param before runs first: what must be on disk before replies leave. False: they may not leave at all. */
  constructor(soon: (run: () => void) => void, before: () => boolean) {
    this.#soon = soon
    this.#before = before
  }

  add(connection: SocketConnection): void {
    if (connection.isQueued) return
    connection.isQueued = true
    this.#queue.push(connection)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#soon(() => this.#run())
  }

  #run(): void {
    this.#scheduled = false
    const mayLeave = this.#before()
    const queue = this.#queue
    this.#queue = []
    for (const connection of queue) {
      connection.isQueued = false
      if (mayLeave) connection.serve()
      else connection.destroy()
    }
  }
}
