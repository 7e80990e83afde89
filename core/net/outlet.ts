/* Outlet -- the way out of a connection: bytes go to the system, and what it does not take at once is owed.
 *
 * A net.Socket is a Writable, whose own queue, state and events cost more than a small reply does. A plain socket is
 * therefore given its bytes through `_write`, what a Writable calls when its queue lets it: the system takes them at once,
 * and then the callback has run when `_write` returns, or libuv keeps them, in order, and it runs later.
 *
 *      write -> took            the bytes are free again
 *      write -> kept, owed += n      ... callback: owed -= n, and onEmpty when nothing is owed any more
 *
 * A socket that encrypts keeps its queue: it reads from the bytes after `write` has returned. */

import type { Socket } from 'node:net'

export class Outlet {
  /** Bytes that the system has yet to take. */
  owed = 0
  readonly #socket: Socket
  readonly #onEmpty: () => void
  /** Lengths of the writes that are kept, first to last. */
  readonly #kept: number[] = []
  /** A write is on its way down, and not done. */
  #isPending = false

  /** @param onEmpty runs whenever the last owed byte was taken. */
  constructor(socket: Socket, onEmpty: () => void) {
    this.#socket = socket
    this.#onEmpty = onEmpty
  }

  /** Write; true when the system took all of it, and the bytes may be used for something else. */
  write(bytes: Buffer): boolean {
    this.#isPending = true
    this.#socket._write(bytes, 'buffer' as BufferEncoding, this.#done)
    if (!this.#isPending) return true
    this.#isPending = false
    this.#kept.push(bytes.length)
    this.owed += bytes.length
    return false
  }

  readonly #done = (error?: Error | null): void => {
    if (this.#isPending) this.#isPending = false
    else {
      this.owed -= this.#kept.shift() ?? 0
      if (this.owed === 0) this.#onEmpty()
    }
    // A reset is an ordinary way to leave.
    if (error !== undefined && error !== null) this.#socket.destroy()
  }
}

/** The same for a socket that encrypts: nothing written is ever free again before it says so. */
export class SecureOutlet {
  readonly #socket: Socket

  constructor(socket: Socket, onEmpty: () => void) {
    this.#socket = socket
    socket.on('drain', onEmpty)
  }

  get owed(): number {
    return this.#socket.writableLength
  }

  write(bytes: Buffer): boolean {
    this.#socket.write(bytes)
    return false
  }
}
