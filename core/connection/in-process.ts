/* Calls from inside the process -- a client without a socket.
 *
 * A call takes the same path as a request from a connection: gates, handler, propagation. Its reply is decoded from the same
 * bytes. A command that waits (BLPOP) resolves when it is served, and rejects when the server is closed before that.
 *
 * What the server says unasked lies among the replies. It is told apart by its kind, as RESP3 has it: of the values that a call
 * leaves behind, the first that is no push is the reply, or the first of all where all are pushes, as SUBSCRIBE confirms. */

import type { Client, Connection } from '../command/client.ts'
import type { Engine } from '../command/engine.ts'
import { ErrorReply, PushReply, type ReplyValue, ValueBuilder } from '../resp/reader.ts'

const SERVER_CLOSED = 'the server was closed'
const CLIENT_CLOSED = 'the client was closed'

/** One in-process client, with a database, a transaction and subscriptions of its own; calls are answered in order. */
export class InProcessClient {
  /**
   * Hears what the server says unasked: messages of channels, keys that are no longer what they were (CLIENT TRACKING), lines of
   * MONITOR (under the kind `monitor`). While it is null they are dropped.
   */
  onPush: ((push: PushReply) => void) | null = null
  readonly #engine: Engine
  #client: Client
  #closed = false
  #hearing = false
  readonly #builder = new ValueBuilder()
  #waiting: { resolve(value: ReplyValue | PromiseLike<ReplyValue>): void; reject(error: Error): void } | null = null
  #queue: Promise<unknown> = Promise.resolve()

  constructor(engine: Engine) {
    this.#engine = engine
    this.#client = this.#connect()
  }

  #connect(): Client {
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
      wake: () => this.#told(),
      resume: () => this.#served(),
      closeAfterReply: () => {},
      destroy: () => this.#killed(),
    }
    const client = this.#engine.addClient(connection)
    client.reply.protocol = 3
    return client
  }

  /**
   * Run a command: its name, then its arguments. Text is sent as UTF-8, numbers in decimal.
   *
   * Resolves with the reply, in the types of RESP3: a map is a Map, a set a Set, a double a number, a null null, an integer
   * beyond 2^53 a bigint. Strings come as text; bytes that are no UTF-8 do not survive that, for them connect a client.
   * @throws ErrorReply (a rejection) for an error reply; TypeError for an argument that cannot be sent, such as undefined; Error
   *   once the server or this client was closed.
   */
  call(...args: (string | Buffer | number | bigint)[]): Promise<ReplyValue> {
    const client = this.#client
    if (this.#closed || this.#engine.closed)
      return Promise.reject(new Error(this.#closed ? CLIENT_CLOSED : SERVER_CLOSED))
    if (client.suspended !== null) {
      const next = this.#queue.then(() => this.call(...args))
      this.#queue = next.catch(() => {}) // its own caller hears of the failure
      return next
    }
    if (client.reply.length > 0) this.#hear(client)
    try {
      this.#engine.call(client, args, true)
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
    if (client.suspended === null) return this.#settle(client)
    const served = new Promise<ReplyValue>((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
    this.#queue = served.catch(() => {}) // the caller hears of it
    return served
  }

  /** End: what it held is let go, a call that waits rejects, and so do later ones. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#engine.dropClient(this.#client)
    this.#fail(CLIENT_CLOSED)
  }

  /** Killed from outside: what waits fails. Unless the server ends, the next call finds it connected anew, as clients do that. */
  #killed(): void {
    this.#engine.dropClient(this.#client)
    this.#fail(this.#engine.closed ? SERVER_CLOSED : CLIENT_CLOSED)
    if (!this.#engine.closed) this.#client = this.#connect()
  }

  #served(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve(this.#settle(this.#client))
  }

  #fail(reason: string): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.reject(new Error(reason))
  }

  /** Something was said unasked: it is handed on at the end of the turn, not in the middle of somebody's command. */
  #told(): void {
    if (this.#hearing) return
    this.#hearing = true
    this.#engine.clock.soon(() => {
      this.#hearing = false
      if (this.#client.reply.length > 0) this.#hear(this.#client)
    })
  }

  /** Hand on all that lies among the replies while no call is under way. */
  #hear(client: Client): void {
    for (const value of this.#values(client)) this.#push(value)
  }

  #push(value: ReplyValue): void {
    this.onPush?.(value instanceof PushReply ? value : new PushReply(['monitor', value]))
  }

  /** The reply as a promise: an error reply rejects, and so does one that nests too deeply to be decoded. */
  #settle(client: Client): Promise<ReplyValue> {
    try {
      const value = this.#take(client)
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

  /** The reply of a call. Its bytes are gone afterwards, also when they could not be decoded. */
  #take(client: Client): ReplyValue {
    const { reply } = client
    if (reply.length === 0) return null
    if (reply.chain.length === 0) {
      let rest = 0
      try {
        const value = this.#builder.read(reply.buf, 0, reply.at)
        rest = reply.at - this.#builder.end
        if (rest === 0) return value
      } finally {
        if (rest === 0) {
          reply.rewind(0)
          reply.release()
        }
      }
    }
    const values = this.#values(client)
    const first = values.findIndex(value => !(value instanceof PushReply))
    const [own] = values.splice(Math.max(first, 0), 1)
    for (const value of values) this.#push(value)
    return own!
  }

  /** All that was written, decoded; nothing of it is left. */
  #values({ reply }: Client): ReplyValue[] {
    const bytes = reply.take()
    const values: ReplyValue[] = []
    for (let at = 0; at < bytes.length; at = this.#builder.end) values.push(this.#builder.read(bytes, at, bytes.length))
    return values
  }
}
