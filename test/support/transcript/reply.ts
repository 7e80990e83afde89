/* Reply -- an answer exactly as it stood on the wire, and as one line of text.
 *
 * Transcripts compare what the bytes say, not what a client makes of it: a null bulk string is not a null array, a status
 * is not a string, `,1.50` is not `,1.5`. So a reply is kept as its kind and its text:
 *
 *      wire                     Reply                                        one line
 *      +OK\r\n                  { kind: '+', text: 'OK' }                    +OK
 *      $2\r\na"\r\n             { kind: '$', text: 'a"' }                    "a\""
 *      *2\r\n:1\r\n$-1\r\n      { kind: '*', items: [ ... ] }                [:1 nil]
 *
 * The line is the notation of test/transcripts (its README explains it). Text holds one character a byte. */

import { type ReplyVisitor, readTokens, TOKEN } from '../../../core/resp/reader.ts'

/** What stands on one line: status, error, integer, double, boolean, big number, bulk string, verbatim string. */
export interface Scalar {
  readonly kind: '+' | '-' | ':' | ',' | '#' | '(' | '$' | '='
  readonly text: string
}

/** RESP2's two nulls and RESP3's one. */
export interface Nil {
  readonly kind: 'nil' | 'nil-array' | '_'
}

/** Array, set, push, and map with keys and values in turn. */
export interface Aggregate {
  readonly kind: '*' | '~' | '>' | '%'
  readonly items: Reply[]
}

export type Reply = Scalar | Nil | Aggregate

export function isAggregate(reply: Reply): reply is Aggregate {
  return 'items' in reply
}

export function isNil(reply: Reply): reply is Nil {
  return !('items' in reply) && !('text' in reply)
}

/** Builds the Reply while tokens are told. */
class ReplyBuilder implements ReplyVisitor {
  readonly #open: Aggregate[] = []
  root: Reply = { kind: 'nil' }

  status(buf: Buffer, start: number, end: number): void {
    this.#scalar('+', buf, start, end)
  }
  error(buf: Buffer, start: number, end: number): void {
    this.#scalar('-', buf, start, end)
  }
  bulk(buf: Buffer, start: number, end: number): void {
    this.#scalar('$', buf, start, end)
  }
  integer(_: number, buf: Buffer, start: number, end: number): void {
    this.#scalar(':', buf, start, end)
  }
  double(_: number, buf: Buffer, start: number, end: number): void {
    this.#scalar(',', buf, start, end)
  }
  boolean(value: boolean): void {
    this.#add({ kind: '#', text: value ? 't' : 'f' })
  }
  big(buf: Buffer, start: number, end: number): void {
    this.#scalar('(', buf, start, end)
  }
  verbatim(buf: Buffer, start: number, end: number): void {
    this.#scalar('=', buf, start - 4, end)
  }
  null(type: number): void {
    this.#add({ kind: type === TOKEN.bulk ? 'nil' : type === TOKEN.array ? 'nil-array' : '_' })
  }
  array(): void {
    this.#open.push({ kind: '*', items: [] })
  }
  set(): void {
    this.#open.push({ kind: '~', items: [] })
  }
  push(): void {
    this.#open.push({ kind: '>', items: [] })
  }
  map(): void {
    this.#open.push({ kind: '%', items: [] })
  }
  close(): void {
    const done = this.#open.pop()
    if (done !== undefined) this.#add(done)
  }

  #scalar(kind: Scalar['kind'], buf: Buffer, start: number, end: number): void {
    this.#add({ kind, text: buf.latin1Slice(start, end) })
  }

  #add(reply: Reply): void {
    const parent = this.#open.at(-1)
    if (parent === undefined) this.root = reply
    else parent.items.push(reply)
  }
}

/** The whole reply that stands at `start`. */
export function decodeReply(buf: Buffer, start: number, end: number): Reply {
  const builder = new ReplyBuilder()
  readTokens(buf, start, end, builder)
  return builder.root
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Text in quotes, with bytes that are not printable as \xNN. */
export function quote(text: string): string {
  const inner = text.replace(/[\\"\x00-\x1f\x7f-\xff]/g, c => {
    return ESCAPES[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `"${inner}"`
}

/** A reply on one line. Inside a list a status or an error is quoted when it would not end by itself. */
export function printReply(reply: Reply, inside = false): string {
  if (isNil(reply)) return reply.kind
  if (isAggregate(reply)) {
    const items = reply.items.map(item => printReply(item, true)).join(' ')
    if (reply.kind === '%') return `{${items}}`
    return `${reply.kind === '*' ? '' : reply.kind}[${items}]`
  }
  const { kind, text } = reply
  if (kind === '$') return quote(text)
  if (kind === '=') return kind + quote(text)
  if (kind !== '+' && kind !== '-') return kind + text
  const unclear = inside ? /[\x00-\x20\x7f-\xff\]}]/ : /[\x00-\x1f\x7f-\xff]/
  return kind + (unclear.test(text) ? quote(text) : text)
}
