/* Reader -- replies as JavaScript values.
 *
 * For whoever stands on the other side of our own writer: `server.call`, tests, the command line. The stream is cut into
 * replies by a ReplyScanner and each whole reply is walked over once by readTokens (tokens.ts), a ValueBuilder making
 * the values:
 *
 *      pieces --> | unread bytes | --scan--> one whole reply --walk--> value
 *
 *   status, bulk     string, or Buffer where asked for     map      Map, or object where asked for
 *   integer, big     number, or bigint beyond 2^53         set      Set
 *   double           number                                push     PushReply
 *   nulls            null                                  error    ErrorReply, as a value: nothing is thrown for it
 *
 * A piece is read where it lies; only a reply that is cut is copied, into a buffer that doubles, or at once has the
 * right size when a long string announced it.
 *
 *   feed, next O(bytes)
 *
 * Bound: a reply longer than `bytesMax` raises ReplyFault. */

import { NO_BYTES } from '../base/bytes.ts'
import { integer, ReplyFault, ReplyScanner, type ReplyVisitor, readTokens, TOKEN } from './tokens.ts'

export { ReplyFault, type ReplyVisitor, readTokens, TOKEN } from './tokens.ts'

/** An error that a command answered. `code` is its first word. */
export class ErrorReply extends Error {
  readonly code: string

  constructor(message: string) {
    super(message)
    this.name = 'ErrorReply'
    const blank = message.indexOf(' ')
    this.code = blank < 0 ? message : message.slice(0, blank)
  }
}

/** Text that asks to be shown as it is. `format` is "txt" or "mkd". */
export class VerbatimString {
  readonly format: string
  readonly text: string | Buffer

  constructor(format: string, text: string | Buffer) {
    this.format = format
    this.text = text
  }

  toString(): string {
    return this.text.toString()
  }
}

/** Something the server says unasked. The first item names its kind. */
export class PushReply {
  readonly items: readonly ReplyValue[]

  constructor(items: readonly ReplyValue[]) {
    this.items = items
  }
}

/** A reply as a JavaScript value. Integers beyond 2^53 and big numbers are bigints; nulls of every kind are null. */
export type ReplyValue =
  | string
  | Buffer
  | number
  | bigint
  | boolean
  | null
  | ErrorReply
  | VerbatimString
  | PushReply
  | ReplyValue[]
  | Map<ReplyValue, ReplyValue>
  | Set<ReplyValue>
  | { [key: string]: ReplyValue }

export interface ValueOptions {
  /** What bulk strings become: UTF-8 text (the default), text of one character a byte, or Buffers. */
  strings?: 'utf8' | 'latin1' | 'buffer'
  /** What maps become. In objects the keys are text. */
  maps?: 'map' | 'object'
}

/** Makes values out of tokens. One serves any number of replies, one after the other. */
export class ValueBuilder implements ReplyVisitor {
  /** The last whole reply. */
  value: ReplyValue = null
  /** The place behind the last whole reply. */
  end = 0
  readonly #strings: 'utf8' | 'latin1' | 'buffer'
  readonly #objects: boolean
  /** Aggregates that are open, outermost first: what they are and what they hold so far. */
  #kinds: number[] = []
  #items: ReplyValue[][] = []

  constructor(options: ValueOptions = {}) {
    this.#strings = options.strings ?? 'utf8'
    this.#objects = options.maps === 'object'
  }

  /**
   * The whole reply at `start` as a value.
   * @throws ReplyFault when the bytes up to `end` are no whole reply.
   */
  read(buf: Buffer, start: number, end: number): ReplyValue {
    this.#kinds.length = this.#items.length = 0
    this.end = readTokens(buf, start, end, this)
    return this.value
  }

  status(buf: Buffer, start: number, end: number): void {
    this.#add(buf.utf8Slice(start, end))
  }

  error(buf: Buffer, start: number, end: number): void {
    this.#add(new ErrorReply(buf.utf8Slice(start, end)))
  }

  bulk(buf: Buffer, start: number, end: number): void {
    this.#add(this.#string(buf, start, end))
  }

  integer(value: number, buf: Buffer, start: number, end: number): void {
    this.#add(Number.isSafeInteger(value) ? value : BigInt(buf.latin1Slice(start, end)))
  }

  double(value: number): void {
    this.#add(value)
  }

  boolean(value: boolean): void {
    this.#add(value)
  }

  big(buf: Buffer, start: number, end: number): void {
    integer(buf, start, end)
    this.#add(BigInt(buf.latin1Slice(start, end)))
  }

  verbatim(buf: Buffer, start: number, end: number): void {
    this.#add(new VerbatimString(buf.latin1Slice(start - 4, start - 1), this.#string(buf, start, end)))
  }

  null(): void {
    this.#add(null)
  }

  array(): void {
    this.#open(TOKEN.array)
  }

  set(): void {
    this.#open(TOKEN.set)
  }

  push(): void {
    this.#open(TOKEN.push)
  }

  map(): void {
    this.#open(TOKEN.map)
  }

  close(): void {
    const kind = this.#kinds.pop()
    const items = this.#items.pop()!
    if (kind === TOKEN.array) this.#add(items)
    else if (kind === TOKEN.set) this.#add(new Set(items))
    else if (kind === TOKEN.push) this.#add(new PushReply(items))
    else this.#add(this.#pairs(items))
  }

  #open(kind: number): void {
    this.#kinds.push(kind)
    this.#items.push([])
  }

  #add(value: ReplyValue): void {
    const depth = this.#items.length
    if (depth === 0) this.value = value
    else this.#items[depth - 1].push(value)
  }

  #string(buf: Buffer, start: number, end: number): string | Buffer {
    if (this.#strings === 'utf8') return buf.utf8Slice(start, end)
    if (this.#strings === 'latin1') return buf.latin1Slice(start, end)
    return Buffer.from(buf.subarray(start, end))
  }

  #pairs(items: readonly ReplyValue[]): ReplyValue {
    const pairs: [ReplyValue, ReplyValue][] = []
    for (let i = 0; i < items.length; i += 2) pairs.push([items[i], items[i + 1]])
    return this.#objects ? Object.fromEntries(pairs.map(([key, value]) => [String(key), value])) : new Map(pairs)
  }
}

/** A reply as a value, for a single one. */
export function readReply(buf: Buffer, start: number, end: number, options: ValueOptions = {}): ReplyValue {
  return new ValueBuilder(options).read(buf, start, end)
}

const BYTES_MAX = 0x7fffffff

/** Reads a stream of replies that arrives in pieces. */
export class ReplyReader {
  readonly #scanner = new ReplyScanner()
  readonly #builder: ValueBuilder
  readonly #bytesMax: number
  /** Bytes that arrived and were not read lie in `buf[at .. end)`; the buffer is a caller's piece until one must be kept. */
  #buf: Buffer = NO_BYTES
  #own = false
  #at = 0
  #end = 0

  /** @param bytesMax the longest reply that is accepted */
  constructor(options: ValueOptions = {}, bytesMax: number = BYTES_MAX) {
    this.#builder = new ValueBuilder(options)
    this.#bytesMax = bytesMax
  }

  /** Take a piece of the stream. It is read in place until `next` gives undefined, and not used after that. */
  feed(piece: Buffer): void {
    if (this.#at === this.#end) {
      this.#buf = piece
      this.#own = false
      this.#at = 0
      this.#end = piece.length
      return
    }
    this.#keep(piece.length)
    this.#end += piece.copy(this.#buf, this.#end)
  }

  /**
   * The next whole reply, or undefined until more is fed.
   * @throws ReplyFault when the stream is not one of replies; nothing can be read from it afterwards.
   */
  next(): ReplyValue | undefined {
    if (this.#at === this.#end) return undefined
    const stop = this.#scanner.scan(this.#buf, this.#at, this.#end)
    if (stop >= 0) {
      const value = this.#builder.read(this.#buf, this.#at, stop)
      this.#at = stop
      return value
    }
    const needed = this.#scanner.needed
    if (this.#end - this.#at + needed > this.#bytesMax) throw new ReplyFault(`longer than ${this.#bytesMax} bytes`)
    if (!this.#own) this.#keep(needed)
    return undefined
  }

  /** Have the unread bytes in a buffer of our own with room for `more`. */
  #keep(more: number): void {
    const unread = this.#end - this.#at
    if (this.#own && this.#end + more <= this.#buf.length) return
    const fits = this.#own && unread + more <= this.#buf.length && unread <= this.#at
    const room = fits ? this.#buf : Buffer.allocUnsafeSlow(unread + Math.max(more, unread, this.#scanner.needed))
    this.#buf.copy(room, 0, this.#at, this.#end)
    this.#buf = room
    this.#own = true
    this.#at = 0
    this.#end = unread
  }
}
