/* Connection -- a client that hides nothing: it sends bytes and hands over replies as they stood on the wire. */

import { connect, type Socket } from 'node:net'
import { ReplyScanner } from '../../../core/resp/tokens.ts'
import { decodeReply, type Reply } from './reply.ts'

/** How long a reply may take before it counts as lost. It measures nothing: a server that answers does so long before. */
const LOST_AFTER_MS = 20_000

interface Waiting {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

/** Bytes of a command as an array of bulk strings. */
export function encodeCommand(args: readonly (Buffer | string)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)]
  for (const arg of args) {
    const bytes = Buffer.from(arg)
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
  }
  return Buffer.concat(parts)
}

export class RawConnection {
  readonly #socket: Socket
  readonly #scanner = new ReplyScanner()
  readonly #replies: Reply[] = []
  readonly #waiting: Waiting[] = []
  #unread: Buffer = Buffer.alloc(0)
  #ended: Error | null = null
  #onClosed: (() => void) | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', piece => this.#received(piece))
    socket.on('error', error => this.#end(error))
    socket.on('close', () => {
      this.#end(new Error('the server closed the connection'))
      this.#onClosed?.()
    })
  }

  /** Connect to a port of this machine, or to the path of a Unix socket. */
  static open(where: number | string): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = typeof where === 'number' ? connect(where, '127.0.0.1') : connect(where)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RawConnection(socket))
      })
    })
  }

  /** Whether the server has closed the connection. */
  get closed(): boolean {
    return this.#ended !== null
  }

  /** Wait until the server closes the connection. */
  whenClosed(): Promise<void> {
    return this.#ended !== null ? Promise.resolve() : new Promise(resolve => (this.#onClosed = resolve))
  }

  send(args: readonly (Buffer | string)[]): void {
    this.write(encodeCommand(args))
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** The next reply. Rejects when the connection ends first, or nothing comes. */
  read(): Promise<Reply> {
    return this.#next(LOST_AFTER_MS, `no reply in ${LOST_AFTER_MS} ms`)
  }

  /** The next reply, or null when none comes within `ms`. */
  readWithin(ms: number): Promise<Reply | null> {
    return this.#next(ms, '').catch(() => null)
  }

  /** Send a command and read its reply. */
  call(...args: (Buffer | string)[]): Promise<Reply> {
    this.send(args)
    return this.read()
  }

  close(): void {
    this.#socket.destroy()
  }

  #next(ms: number, lost: string): Promise<Reply> {
    const reply = this.#replies.shift()
    if (reply !== undefined) return Promise.resolve(reply)
    if (this.#ended !== null) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        reject(new Error(lost))
      }, ms)
      const waiting: Waiting = {
        resolve: found => {
          clearTimeout(timer)
          resolve(found)
        },
        reject: error => {
          clearTimeout(timer)
          reject(error)
        },
      }
      this.#waiting.push(waiting)
    })
  }

  #received(piece: Buffer): void {
    this.#unread = this.#unread.length === 0 ? piece : Buffer.concat([this.#unread, piece])
    let at = 0
    try {
      for (;;) {
        const stop = at < this.#unread.length ? this.#scanner.scan(this.#unread, at, this.#unread.length) : -1
        if (stop < 0) break
        this.#deliver(decodeReply(this.#unread, at, stop))
        at = stop
      }
    } catch (error) {
      this.#end(error as Error)
      this.#socket.destroy()
    }
    this.#unread = this.#unread.subarray(at)
  }

  #deliver(reply: Reply): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#replies.push(reply)
    else waiting.resolve(reply)
  }

  #end(error: Error): void {
    this.#ended ??= error
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#ended)
  }
}
