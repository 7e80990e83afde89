/* Tokens -- what is a reply made of, and where does it end?
 *
 * `request.ts` reads what clients send; this file takes apart what servers answer, in RESP2 and RESP3 alike, and
 * `reader.ts` makes values of it.
 *
 *      +OK\r\n                 status            %1\r\n +k\r\n :1\r\n        map of one pair
 *      -ERR no\r\n             error             ~2\r\n +a\r\n +b\r\n        set
 *      :7\r\n                  integer           >2\r\n ...                  push, belongs to no command
 *      $5\r\nhello\r\n         bulk string       |1\r\n ... before a reply   attribute: read over
 *      $-1\r\n  *-1\r\n        nulls of RESP2    _  #t  ,1.5  (123  =txt:..  null boolean double big verbatim
 *      *2\r\n :1\r\n :2\r\n    array
 *
 * Two readers, each usable alone:
 *
 *   ReplyScanner   finds where a reply that comes in pieces ends. A reply is over when as many tokens came as were
 *                  announced, so one counter is all it needs: it starts at 1, a token takes 1 off, an array adds its length.
 *   readTokens     walks over one whole reply and tells a visitor what it meets, making no values.
 *
 *   both O(bytes); the scanner looks at each byte once, however the stream is cut
 *
 * Bounds: nesting to DEPTH_MAX; what is no reply at all raises ReplyFault.
 * Left out: RESP3's streamed strings and aggregates, which no server sends.
 *
 * Source: the RESP3 specification (github.com/redis/redis-specifications). */

/** How deep replies may nest: above what any command answers (a script may nest 1,000 tables), below what the stack bears. */
export const DEPTH_MAX = 1024

const LF = 10
const CR = 13
const MINUS = 45
const DIGIT_0 = 48
const QUESTION = 63

/** The first byte of each kind of token. */
export const TOKEN = {
  blobError: 33,
  boolean: 35,
  bulk: 36,
  map: 37,
  big: 40,
  array: 42,
  status: 43,
  double: 44,
  error: 45,
  integer: 58,
  verbatim: 61,
  push: 62,
  null: 95,
  attribute: 124,
  set: 126,
} as const

/** The bytes are no reply: the other side speaks another protocol, or a limit was passed. */
export class ReplyFault extends Error {
  constructor(what: string) {
    super(`not a reply: ${what}`)
    this.name = 'ReplyFault'
  }
}

/** Gets told what a reply holds, in order. Ranges name bytes of the reply and are valid only during the call. */
export interface ReplyVisitor {
  status(buf: Buffer, start: number, end: number): void
  error(buf: Buffer, start: number, end: number): void
  bulk(buf: Buffer, start: number, end: number): void
  /** `value` is exact where it is a safe integer; the digits are in the range. */
  integer(value: number, buf: Buffer, start: number, end: number): void
  /** The text as the server wrote it is in the range. */
  double(value: number, buf: Buffer, start: number, end: number): void
  boolean(value: boolean): void
  /** The digits of an integer of any size. */
  big(buf: Buffer, start: number, end: number): void
  /** Text behind its three-letter format, which stands at `start - 4`. */
  verbatim(buf: Buffer, start: number, end: number): void
  /** `type` tells the nulls apart: TOKEN.bulk and TOKEN.array are those of RESP2, TOKEN.null is RESP3's. */
  null(type: number): void
  /** An aggregate begins: `count` items (pairs in a map) follow, then `close`. */
  array(count: number): void
  set(count: number): void
  push(count: number): void
  map(count: number): void
  close(): void
}

/**
 * Tell a visitor what the whole reply at `start` holds; attributes are read over. Gives the place behind it.
 * @throws ReplyFault when the bytes up to `end` are no whole reply.
 */
export function readTokens(buf: Buffer, start: number, end: number, visitor: ReplyVisitor): number {
  return readToken(buf, start, end, visitor, 0)
}

function readToken(buf: Buffer, start: number, end: number, visitor: ReplyVisitor, depth: number): number {
  const type = buf[start]
  const line = start + 1
  const cr = wholeLine(buf, line, end)
  switch (type) {
    case TOKEN.status:
      visitor.status(buf, line, cr)
      return cr + 2
    case TOKEN.error:
      visitor.error(buf, line, cr)
      return cr + 2
    case TOKEN.integer:
      visitor.integer(integer(buf, line, cr), buf, line, cr)
      return cr + 2
    case TOKEN.double:
      visitor.double(double(buf, line, cr), buf, line, cr)
      return cr + 2
    case TOKEN.boolean:
      visitor.boolean(boolean(buf, line, cr))
      return cr + 2
    case TOKEN.big:
      visitor.big(buf, line, cr)
      return cr + 2
    case TOKEN.null:
      visitor.null(type)
      return cr + 2
    case TOKEN.bulk:
    case TOKEN.blobError:
    case TOKEN.verbatim:
      return readBlob(type, buf, line, cr, end, visitor)
    default:
      return readAggregate(type, buf, line, cr, end, visitor, depth)
  }
}

function readBlob(type: number, buf: Buffer, line: number, cr: number, end: number, visitor: ReplyVisitor): number {
  const length = blobLength(buf, line, cr)
  const start = cr + 2
  const stop = start + length
  if (length < 0) {
    visitor.null(type)
    return start
  }
  if (stop + 2 > end) throw new ReplyFault('it ends inside a string')
  if (buf[stop] !== CR || buf[stop + 1] !== LF) throw new ReplyFault('a string is longer than announced')
  if (type === TOKEN.bulk) visitor.bulk(buf, start, stop)
  else if (type === TOKEN.blobError) visitor.error(buf, start, stop)
  else if (length < 4) throw new ReplyFault('a verbatim string without a format')
  else visitor.verbatim(buf, start + 4, stop)
  return stop + 2
}

function readAggregate(
  type: number,
  buf: Buffer,
  line: number,
  cr: number,
  end: number,
  visitor: ReplyVisitor,
  depth: number,
): number {
  const tokens = tokensBehind(type, buf, line, cr)
  let at = cr + 2
  if (tokens < 0) {
    visitor.null(type)
    return at
  }
  if (depth === DEPTH_MAX) throw new ReplyFault(`nested deeper than ${DEPTH_MAX}`)
  if (type === TOKEN.attribute) {
    for (let i = 1; i < tokens; i++) at = readToken(buf, at, end, IGNORE, depth + 1)
    return readToken(buf, at, end, visitor, depth + 1)
  }
  if (type === TOKEN.array) visitor.array(tokens)
  else if (type === TOKEN.set) visitor.set(tokens)
  else if (type === TOKEN.push) visitor.push(tokens)
  else visitor.map(tokens / 2)
  for (let i = 0; i < tokens; i++) at = readToken(buf, at, end, visitor, depth + 1)
  visitor.close()
  return at
}

/** How many tokens an aggregate's header announces; -1 for RESP2's null array. */
function tokensBehind(type: number, buf: Buffer, line: number, cr: number): number {
  const count = blobLength(buf, line, cr)
  switch (type) {
    case TOKEN.array:
      return count
    case TOKEN.set:
    case TOKEN.push:
      if (count >= 0) return count
      break
    case TOKEN.map:
      if (count >= 0) return count * 2
      break
    case TOKEN.attribute:
      if (count >= 0) return count * 2 + 1
      break
    default:
      throw new ReplyFault(`a token begins with byte ${type}`)
  }
  throw new ReplyFault('a negative count')
}

/** Where the line that begins at `line` ends. */
function wholeLine(buf: Buffer, line: number, end: number): number {
  let cr = line
  while (cr < end && buf[cr] !== CR) cr++
  if (cr + 1 >= end) throw new ReplyFault('it ends inside a line')
  if (buf[cr + 1] !== LF) throw new ReplyFault('a lone carriage return')
  return cr
}

/** A length or count: -1 for none. */
function blobLength(buf: Buffer, at: number, end: number): number {
  if (buf[at] === QUESTION) throw new ReplyFault('a streamed string or aggregate')
  const value = integer(buf, at, end)
  if (value < -1 || value > 0x7fffffff) throw new ReplyFault('a length out of range')
  return value
}

/**
 * A decimal integer; inexact beyond 2^53.
 * @throws ReplyFault when the bytes are no such number.
 */
export function integer(buf: Buffer, at: number, end: number): number {
  const digits = buf[at] === MINUS ? at + 1 : at
  if (digits >= end) throw new ReplyFault('a number without digits')
  let value = 0
  for (let p = digits; p < end; p++) {
    const digit = buf[p] - DIGIT_0
    if (!(digit >= 0 && digit <= 9)) throw new ReplyFault('a number with a strange digit')
    value = value * 10 + digit
  }
  return digits === at ? value : value === 0 ? 0 : -value
}

function double(buf: Buffer, at: number, end: number): number {
  const text = buf.latin1Slice(at, end)
  if (text === 'inf') return Number.POSITIVE_INFINITY
  if (text === '-inf') return Number.NEGATIVE_INFINITY
  if (text === 'nan' || text === '-nan') return Number.NaN
  const value = Number(text)
  if (text.trim() !== text || text === '' || Number.isNaN(value)) throw new ReplyFault(`a double that reads ${text}`)
  return value
}

function boolean(buf: Buffer, at: number, end: number): boolean {
  if (end - at !== 1 || (buf[at] !== 116 && buf[at] !== 102)) throw new ReplyFault('a boolean that is neither t nor f')
  return buf[at] === 116
}

function nothing(): void {}

/** Does nothing with what it is told. */
const IGNORE: ReplyVisitor = {
  status: nothing,
  error: nothing,
  bulk: nothing,
  integer: nothing,
  double: nothing,
  boolean: nothing,
  big: nothing,
  verbatim: nothing,
  null: nothing,
  array: nothing,
  set: nothing,
  push: nothing,
  map: nothing,
  close: nothing,
}

/** Finds the ends of replies in a stream that comes in pieces. It looks at each byte once. */
export class ReplyScanner {
  /** After `scan` gave -1: how many more bytes are known to be missing, at least 1. */
  needed = 1
  /** Tokens of the reply that have yet to come. */
  #left = 1
  /** Where the next token begins, and how far its line was searched: relative to the reply's first byte. */
  #cursor = 0
  #scanned = 0

  /**
   * Where the reply that begins at `at` ends, or -1 when it is not all there. Then call again with the same bytes and
   * more, wherever they lie now.
   * @throws ReplyFault when this is no reply.
   */
  scan(buf: Buffer, at: number, end: number): number {
    while (this.#left > 0) {
      const start = at + this.#cursor
      let cr = Math.max(start, at + this.#scanned)
      while (cr < end && buf[cr] !== CR) cr++
      this.#scanned = cr - at
      if (cr + 1 >= end) return this.#missing(1)
      if (buf[cr + 1] !== LF) throw new ReplyFault('a lone carriage return')
      const next = cr + 2 + blobBytes(buf, start, cr)
      if (next > end) return this.#missing(next - end)
      this.#left += isLine(buf[start]) ? -1 : Math.max(0, tokensBehind(buf[start], buf, start + 1, cr)) - 1
      this.#cursor = this.#scanned = next - at
    }
    const stop = at + this.#cursor
    this.#left = 1
    this.#cursor = this.#scanned = 0
    return stop
  }

  #missing(bytes: number): number {
    this.needed = bytes
    return -1
  }
}

/** Bytes behind the line of a token: a string and its line end. */
function blobBytes(buf: Buffer, start: number, cr: number): number {
  const type = buf[start]
  if (type !== TOKEN.bulk && type !== TOKEN.verbatim && type !== TOKEN.blobError) return 0
  const length = blobLength(buf, start + 1, cr)
  return length < 0 ? 0 : length + 2
}

/** Whether no tokens follow that belong to this one. */
function isLine(type: number): boolean {
  switch (type) {
    case TOKEN.array:
    case TOKEN.map:
    case TOKEN.set:
    case TOKEN.push:
    case TOKEN.attribute:
      return false
    case TOKEN.status:
    case TOKEN.error:
    case TOKEN.integer:
    case TOKEN.bulk:
    case TOKEN.blobError:
    case TOKEN.verbatim:
    case TOKEN.double:
    case TOKEN.boolean:
    case TOKEN.big:
    case TOKEN.null:
      return true
    default:
      throw new ReplyFault(`a token begins with byte ${type}`)
  }
}
