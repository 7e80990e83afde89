/* Calls from inside the process -- a client without a socket.
 *
 * A call takes the same path as a request from a connection: gates, handler, propagation. Its reply is decoded from the same
 * bytes. A command that waits (BLPOP) resolves when it is served. */

import type { Client, Connection } from '../command/client.ts'
import type { Engine } from '../command/engine.ts'
import { ErrorReply, type ReplyValue, ValueBuilder } from '../resp/reader.ts'

/** One in-process client; calls are answered in order. */
export class InProcessClient {
  readonly #engine: Engine
  readonly #client: Client
  readonly #builder = new ValueBuilder()
  #waiting: { resolve(value: ReplyValue | PromiseLike<ReplyValue>): void; reject(error: Error): void } | null = null
  #queue: Promise<unknown> = Promise.resolve()

  constructor(engine: Engine) {
    this.#engine = engine
    const connection: Connection = {
      address: 'in-process:0',
      localAddress: 'in-process:0',
      descriptor: -1,
      isInProcess: true,
      isUnix: false,
      isTrusted: true,
      inputBytes: 0,
      inputRoom: 0,
      outputBytes: 0,
      wake: () => {},
      resume: () => this.#served(),
      closeAfterReply: () => {},
      destroy: () => this.#fail(new Error('the client was closed')),
    }
    this.#client = engine.addClient(connection)
    this.#client.reply.protocol = 3
  }

  /** Run a command. Rejects with an ErrorReply for an error reply. */
  call(...args: (string | Buffer | number | bigint)[]): Promise<ReplyValue> {
    if (this.#client.suspended !== null) {
      const next = this.#queue.then(() => this.call(...args))
      this.#queue = next.catch(() => {}) // its own caller hears of the failure
      return next
    }
    try {
      this.#engine.call(this.#client, args, true)
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
    if (this.#client.suspended === null) return this.#settle()
    const served = new Promise<ReplyValue>((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
    this.#queue = served.catch(() => {}) // the caller hears of it
    return served
  }

  close(): void {
    this.#engine.dropClient(this.#client)
    this.#fail(new Error('the server was closed'))
  }

  #served(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve(this.#settle())
  }

  #fail(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.reject(error)
  }

  /** The reply as a promise: an error reply rejects, and so does one that nests too deeply to be decoded. */
  #settle(): Promise<ReplyValue> {
    try {
      const value = this.#take()
      if (value instanceof ErrorReply) return Promise.reject(value)
      return this.#engine.holdsReplies() ? this.#onDisk(value) : Promise.resolve(value)
    } catch (fault) {
      return Promise.reject(fault)
    }
  }

  /** With `appendfsync always`: at the end of the turn what was done is on disk, for all calls of the turn at once. */
  #onDisk(value: ReplyValue): Promise<ReplyValue> {
    return new Promise((resolve, reject) => {
      this.#engine.clock.soon(() => {
        if (this.#engine.beforeReplies()) resolve(value)
        else reject(new Error('what was done could not be written to the append only file'))
      })
    })
  }

  /** Decode the reply. Its bytes are gone afterwards, also when they could not be decoded. */
  #take(): ReplyValue {
    const reply = this.#client.reply
    if (reply.length === 0) return null
    if (reply.chain.length > 0) {
      const bytes = reply.take()
      return this.#builder.read(bytes, 0, bytes.length)
    }
    try {
      return this.#builder.read(reply.buf, 0, reply.at)
    } finally {
      reply.rewind(0)
      reply.release()
    }
  }
}
