/* Connection -- one client's socket, from bytes to requests and from replies to bytes.
 *
 * Input lands in a receive buffer that all connections of a listener share; requests are run straight out of it. Only
 * the tail of a read that ends in the middle of a request is kept, in a buffer of the connection's own:
 *
 *      receive buffer  [ SET a 1 | GET a | SET b 12.. ]        tail  [ SET b 12.. ]   + next read -> whole request
 *                        run       run     kept ----------------->
 *
 * Replies gather in the client's writer and leave at the end of the turn, when all clients that had input were read: one
 * write each. (Written at once, the first reply wakes a client that sleeps again before the next one comes, and each
 * write pays for waking it.) A write that the system takes at once frees the writer's segment; one that it does not
 * leaves a copy behind, so a slow reader costs its own bytes only.
 *
 * Limits: input kept <= `inputMax` (client-query-buffer-limit), output waiting <= what the layer above allows; a client
 * that asks without reading is not read from either, once OUTPUT_PAUSE bytes wait for it; and when the requests of one read
 * have made as much, the rest of them waits until it has gone. */

import type { Socket } from 'node:net'
import { NO_BYTES } from '../base/bytes.ts'
import type { Reply } from '../resp/reply.ts'
import { PARSE, type RequestFrame, type RequestLimits, RequestParser } from '../resp/request.ts'
import { Outlet, SecureOutlet } from './outlet.ts'

/** Bytes of waiting output at which a client's input is left alone until it has read some. */
const OUTPUT_PAUSE = 64 << 20
const TAIL_MIN = 4096
/** Replies of one turn up to here are not held against a client; the buffer that Redis has for each. */
const OUTPUT_FREE = 16 << 10
/** Room is set aside at once for this much of an announced value; more as the bytes really come. */
const PRESIZE_MIN = 1 << 20

/** What came and went, over all connections. */
export interface Traffic {
  networkInBytes: number
  networkOutBytes: number
  networkReads: number
  networkWrites: number
}

/** What the layer above does with requests. */
export interface Dispatcher {
  /** Requests are parsed into this. */
  readonly frame: RequestFrame
  readonly limits: RequestLimits & { inputMax: number }
  readonly traffic: Traffic
  /** Overwrite input once its requests have run, so that a kept Range shows in tests. */
  readonly poison: boolean
  /** A read event begins. */
  begin(): void
  /** Requests of these bytes run from now on; they stay as they are until the input ends. */
  inputBegins(buf: Buffer): void
  inputEnds(): void
  /** Run the request in the frame. */
  execute(connection: SocketConnection): void
  /** The input breaks the protocol, or its limits; an error is written, then the connection closes. */
  protocolError(connection: SocketConnection, text: string): void
  /** So many bytes wait to be taken: false to close the connection. */
  mayOwe(connection: SocketConnection, bytes: number): boolean
  opened(connection: SocketConnection): Reply
  closed(connection: SocketConnection): void
  /** Put a connection on the list that is served at the end of this turn. */
  later(connection: SocketConnection): void
}

export class SocketConnection {
  readonly socket: Socket
  readonly parser: RequestParser
  readonly reply: Reply
  readonly address: string
  readonly localAddress: string
  readonly descriptor: number
  readonly isInProcess = false
  readonly isUnix: boolean
  /** Input is left where it is: the client is suspended. */
  stopped = false
  /** What the layer above knows this connection by. */
  owner: object | null = null
  /** On the list of the turn. */
  isQueued = false
  readonly #dispatcher: Dispatcher
  readonly #out: Outlet | SecureOutlet
  #tail: Buffer = NO_BYTES
  #tailStart = 0
  #tailEnd = 0
  #closing = false
  #closed = false
  #running = false
  #paused = false
  /** Requests wait because the replies to earlier ones do. */
  #choked = false
  /** At the end of the turn, go on with input that waited. */
  #resumes = false

  /** @param copies the socket may read from what was written after `write` has returned: TLS. */
  constructor(socket: Socket, dispatcher: Dispatcher, descriptor: number, path: string, copies = false) {
    this.socket = socket
    this.#out = copies ? new SecureOutlet(socket, () => this.#drained()) : new Outlet(socket, () => this.#drained())
    this.#dispatcher = dispatcher
    this.descriptor = descriptor
    this.isUnix = path !== ''
    this.address = this.isUnix ? `${path}:0` : `${bracket(socket.remoteAddress)}:${socket.remotePort ?? 0}`
    this.localAddress = this.isUnix ? `${path}:0` : `${bracket(socket.localAddress)}:${socket.localPort ?? 0}`
    this.parser = new RequestParser(dispatcher.limits)
    this.reply = dispatcher.opened(this)
    socket.on('error', () => this.destroy()) // a reset is an ordinary way to leave
    socket.on('close', () => this.#gone())
    socket.on('end', () => this.#ended())
  }

  get isTrusted(): boolean {
    return !this.parser.unauthenticated
  }

  set isTrusted(isTrusted: boolean) {
    this.parser.unauthenticated = !isTrusted
  }

  get inputBytes(): number {
    return this.#tailEnd - this.#tailStart
  }

  get inputRoom(): number {
    return this.#tail.length
  }

  get outputBytes(): number {
    return this.#out.owed + this.reply.length
  }

  get isClosed(): boolean {
    return this.#closed || this.#closing
  }

  /** Bytes arrived in a shared buffer: run what is whole, keep the rest. */
  receive(buf: Buffer, end: number): void {
    if (this.#closing || this.#closed) return
    const dispatcher = this.#dispatcher
    dispatcher.traffic.networkReads++
    dispatcher.traffic.networkInBytes += end
    dispatcher.begin()
    if (this.#tailEnd > this.#tailStart || this.stopped || this.#choked) {
      if (!this.#keep(buf, 0, end)) return
      if (!this.stopped && !this.#choked) this.#runTail()
    } else {
      const at = this.#run(buf, 0, end)
      if (at < end && !this.isClosed) this.#keep(buf, at, end)
      if (dispatcher.poison) buf.fill(0xdd, 0, end)
    }
    this.#endOfEvent()
  }

  /** Run requests of buf[at..end). Returns where the first one that could not run begins. */
  #run(buf: Buffer, start: number, end: number): number {
    const dispatcher = this.#dispatcher
    const parser = this.parser
    const frame = dispatcher.frame
    let at = start
    this.#running = true
    dispatcher.inputBegins(buf)
    while (at < end && !this.stopped && !this.isClosed) {
      const found = parser.parse(buf, at, end, frame)
      if (found === PARSE.incomplete) break
      if (found === PARSE.error) {
        dispatcher.protocolError(this, parser.errorText!)
        at = end
        break
      }
      at = parser.position
      if (found === PARSE.command) dispatcher.execute(this)
      if (this.reply.chainBytes > OUTPUT_PAUSE) {
        this.#choke()
        break
      }
    }
    dispatcher.inputEnds()
    this.#running = false
    return at
  }

  #runTail(): void {
    const tail = this.#tail
    const at = this.#run(tail, this.#tailStart, this.#tailEnd)
    if (this.#dispatcher.poison) tail.fill(0xdd, this.#tailStart, at)
    this.#tailStart = at
    if (at < this.#tailEnd) return
    this.#tailStart = this.#tailEnd = 0
    if (tail.length > 4 * TAIL_MIN) this.#tail = NO_BYTES
  }

  /** Keep input for later. False when there is too much of it, and the connection is closed for that. */
  #keep(from: Buffer, start: number, end: number): boolean {
    const length = end - start
    const held = this.#tailEnd - this.#tailStart
    const { limits } = this.#dispatcher
    if (held + length > limits.inputMax) {
      this.#dispatcher.protocolError(this, '')
      return false
    }
    if (this.#tailEnd + length > this.#tail.length) {
      this.#makeRoom(held + length)
    }
    from.copy(this.#tail, this.#tailEnd, start, end)
    this.#tailEnd += length
    return true
  }

  /** Room for `bytes` of input, and some of what the request is known to need: a large value is copied about once. */
  #makeRoom(bytes: number): void {
    const announced = this.stopped ? 0 : Math.min(this.parser.needed, Math.max(PRESIZE_MIN, bytes * 2))
    const room = Math.max(TAIL_MIN, bytes + announced)
    const target = room <= this.#tail.length ? this.#tail : Buffer.allocUnsafeSlow(room)
    this.#tail.copy(target, 0, this.#tailStart, this.#tailEnd)
    this.#tailEnd -= this.#tailStart
    this.#tailStart = 0
    this.#tail = target
  }

  #endOfEvent(): void {
    if (this.reply.length > 0 || this.#closing) this.#dispatcher.later(this)
  }

  // ------------------------------------------------------------------ output

  /** Give what was written to the system. */
  flush(): void {
    const reply = this.reply
    if (reply.length > 0 && !this.#closed) this.#write(reply)
    if (this.#choked && this.#out.owed === 0) this.#drained()
    if (!this.#closing || this.#closed) return
    this.socket.end(() => this.socket.destroy())
    // For all others it is gone now, whenever the peer notices.
    if (this.#out.owed === 0) this.#gone()
  }

  #write(reply: Reply): void {
    const out = this.#out
    // What a turn wrote counts as waiting, but for the room that each client has anyway.
    if (reply.length > OUTPUT_FREE && !this.#dispatcher.mayOwe(this, out.owed + reply.length)) {
      this.destroy()
      return
    }
    const { traffic } = this.#dispatcher
    traffic.networkWrites++
    traffic.networkOutBytes += reply.length
    if (reply.chain.length > 0) this.#writeChain(reply)
    else if (out.owed > 0 || out instanceof SecureOutlet) out.write(reply.take())
    else {
      const taken = out.write(reply.buf.subarray(0, reply.at))
      reply.at = 0
      // Written at once: the segment is free. Otherwise the system still reads from it, and another takes its place.
      if (taken) reply.release()
      else reply.forget()
    }
    const { owed } = out
    if (owed === 0) return
    if (!this.#dispatcher.mayOwe(this, owed)) this.destroy()
    else if (owed > OUTPUT_PAUSE && !this.#paused) {
      this.#paused = true
      this.socket.pause()
    }
  }

  /** Write a long reply piece by piece. What the system took at once is free again; the rest it reads from for a while. */
  #writeChain(reply: Reply): void {
    for (const segment of reply.takeChain()) if (this.#out.write(segment)) reply.pool.recover(segment)
  }

  /** Leave all further input alone until what was written has gone. */
  #choke(): void {
    this.#choked = true
    if (this.#paused) return
    this.#paused = true
    this.socket.pause()
  }

  #drained(): void {
    if (!this.#paused) return
    this.#paused = false
    this.socket.resume()
    if (!this.#choked) return
    this.#choked = false
    this.#resumes = true
    this.#dispatcher.later(this)
  }

  /** Something was written outside a read event of this client. */
  wake(): void {
    if (!this.#running) this.#dispatcher.later(this)
  }

  /** The client may go on with input that waited. */
  resume(): void {
    this.stopped = false
    this.#resumes = true
    this.#dispatcher.later(this)
  }

  /** The end of the turn: go on with waiting input, and send. */
  serve(): void {
    if (this.#closed) return
    if (this.#resumes) {
      this.#resumes = false
      if (!this.stopped && !this.#choked && this.#tailEnd > this.#tailStart) {
        this.#dispatcher.begin()
        this.#runTail()
      }
    }
    this.flush()
  }

  // ------------------------------------------------------------------ closing

  closeAfterReply(): void {
    this.#closing = true
    if (!this.#running) this.#dispatcher.later(this)
  }

  /** Close at once. Whose command is running is gone when it is over, all others now. */
  destroy(): void {
    this.#closing = true
    this.socket.destroy()
    if (!this.#running) this.#gone()
  }

  /** The client will send no more: answer what it sent, then close. */
  #ended(): void {
    if (this.#closed) return
    this.flush()
    this.#closing = true
    this.socket.end()
  }

  #gone(): void {
    if (this.#closed) return
    this.#closed = true
    this.#tail = NO_BYTES
    this.#tailStart = this.#tailEnd = 0
    if (this.reply.length > 0) this.reply.take()
    this.#dispatcher.closed(this)
  }
}

function bracket(address: string | undefined): string {
  if (address === undefined) return '?'
  if (address.startsWith('::ffff:')) return address.slice(7)
  return address.includes(':') ? `[${address}]` : address
}
