/* Load -- fills a server over one connection as fast as it takes it, with little work of its own.
 *
 * Commands are sent in batches; a batch is done when as many replies have come as were sent. Replies are counted by the
 * scanner and never made into values. */

import { connect, type Socket } from 'node:net'
import { ReplyReader } from '../../core/resp/reader.ts'
import { ReplyScanner } from '../../core/resp/tokens.ts'

/** A command as bytes. */
export function encode(...words: readonly string[]): string {
  return `*${words.length}\r\n` + words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')
}

/** A reply longer than this is none that a benchmark asks for. */
const REPLY_MAX = 64 << 20

export class Load {
  readonly #socket: Socket
  #scanner = new ReplyScanner()
  #unread: Buffer = Buffer.alloc(0)
  #awaited = 0
  #done: (() => void) | null = null
  #failed: ((error: Error) => void) | null = null
  #reader: ReplyReader | null = null
  #value: unknown

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', piece => this.#received(piece))
    const fail = (error?: Error): void => this.#failed?.(error ?? new Error('the server closed the connection'))
    socket.on('error', fail)
    socket.on('close', () => fail())
  }

  static connect(port: number): Promise<Load> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Load(socket)))
      socket.once('error', reject)
    })
  }

  /** Send `count` commands in one write and wait for their replies. */
  batch(bytes: Buffer | string, count: number): Promise<void> {
    this.#awaited = count
    this.#socket.write(bytes)
    return new Promise((resolve, reject) => {
      this.#done = resolve
      this.#failed = reject
    })
  }

  /** Send a command and give its reply as text. */
  async text(...words: readonly string[]): Promise<string> {
    this.#reader = new ReplyReader()
    await this.batch(encode(...words), 1)
    this.#reader = null
    return String(this.#value)
  }

  /** Send `count` commands, each as `command(i)` says, in batches. */
  async fill(count: number, command: (i: number) => string, batchSize = 1000): Promise<void> {
    for (let start = 0; start < count; start += batchSize) {
      const size = Math.min(batchSize, count - start)
      let bytes = ''
      for (let i = start; i < start + size; i++) bytes += command(i)
      await this.batch(Buffer.from(bytes, 'latin1'), size)
    }
  }

  close(): void {
    this.#failed = null
    this.#socket.destroy()
  }

  #received(piece: Buffer): void {
    if (this.#reader !== null) {
      this.#reader.feed(piece)
      const value = this.#reader.next()
      if (value === undefined) return
      this.#value = value
      this.#awaited = 0
    } else this.#count(piece)
    if (this.#awaited === 0) this.#done?.()
  }

  /** The server sends what nobody asked for. */
  #stray(): void {
    this.#unread = Buffer.alloc(0)
    this.#failed?.(new Error('more came than was asked for'))
    this.close()
  }

  #count(piece: Buffer): void {
    const buf = this.#unread.length === 0 ? piece : Buffer.concat([this.#unread, piece])
    let at = 0
    while (at < buf.length) {
      const stop = this.#scanner.scan(buf, at, buf.length)
      if (stop < 0) break
      if (buf[at] === 45) this.#failed?.(new Error(buf.latin1Slice(at, stop - 2)))
      this.#awaited--
      at = stop
    }
    this.#unread = Buffer.from(buf.subarray(at))
    if (this.#awaited < 0 || this.#unread.length > REPLY_MAX) this.#stray()
  }
}
