/* Requests -- where does each argument of a command lie?
 *
 * A command arrives as an array of bulk strings, or as one line of words. Nothing is copied out of the buffer that it
 * arrived in: the parser writes where each argument starts and ends, and that is all.
 *
 *      * 2 \r \n $ 3 \r \n G E T \r \n $ 4 \r \n n a m e \r \n            argc     2
 *      0         4         8                 17          21               starts   8  17
 *                                                                         ends    11  21
 *
 * Input comes in pieces of any size. An incomplete request is remembered as a few numbers relative to its first byte, so
 * the caller may move the bytes that arrived (to a buffer with room for more) and come back with the same request at
 * another place. Nothing that was looked at once is looked at again:
 *
 *      * 3 \r \n $ 3 \r \n S E T \r \n $ 1 0 0 0 0 \r \n x x x x          index 1, bulk length 10000, cursor at the x's
 *      ^request                                        ^cursor             needed: 9998 more bytes
 *
 * Whole requests, nearly all there are, take `#direct`, one loop without state; whatever it does not expect (a piece,
 * a fault) it leaves to `#resume`, which knows every case and continues from the argument reached.
 *
 *   parse O(bytes given since the last call)    memory: two numbers an argument received, none for those announced
 *
 * Faults are Redis's in text and order: lengths have no sign, no leading zero and nothing behind them; what stands between
 * an argument and the next is skipped unseen; a NUL inside a line hides the line's end, as it does from C's strchr.
 * Left out: requests of 2 GB and more. Offsets are 32-bit, so such a length is refused as invalid.
 *
 * Source: the protocol specification at redis.io, and the recorded answers in test/transcripts/core/protocol.txt. */

import { NO_BYTES } from '../base/bytes.ts'

/** What `parse` found. After `command` and `empty` the next request begins at `position`; an `error` ends the connection. */
export const PARSE = { command: 0, incomplete: 1, error: 2, empty: 3 } as const

/** Bounds on what a client may announce. One record per server; CONFIG SET changes it in place. */
export interface RequestLimits {
  /** Longest argument in bytes (proto-max-bulk-len). */
  bulkLengthMax: number
  /** Most arguments of a command. */
  multibulkMax: number
  /** Longest line of an inline command, and of a length. */
  inlineMax: number
  /** The same for a client that has yet to authenticate. */
  unauthenticatedMultibulkMax: number
  unauthenticatedBulkLengthMax: number
}

/** Redis's own limits. */
export function defaultRequestLimits(): RequestLimits {
  return {
    bulkLengthMax: 512 * 1024 * 1024,
    multibulkMax: 0x7fffffff,
    inlineMax: 64 * 1024,
    unauthenticatedMultibulkMax: 10,
    unauthenticatedBulkLengthMax: 16384,
  }
}

const ARGUMENTS_ROOM = 32
/** A frame that held more arguments than this gives their room back at the next request. */
const ARGUMENTS_KEPT_MAX = 16384
/** The shortest argument: "$0\r\n\r\n". */
const BULK_BYTES_MIN = 6
/** Offsets are 32-bit. */
const REQUEST_BYTES_MAX = 0x7fffffff

const NUL = 0
const LF = 10
const CR = 13
const SPACE = 32
const DOUBLE_QUOTE = 34
const DOLLAR = 36
const SINGLE_QUOTE = 39
const STAR = 42
const MINUS = 45
const DIGIT_0 = 48
const BACKSLASH = 92

/** The arguments of one request: argument `i` is `buf[starts[i] .. ends[i])`. Reused for request after request. */
export class RequestFrame {
  buf: Buffer = NO_BYTES
  argc = 0
  starts: Int32Array = new Int32Array(ARGUMENTS_ROOM)
  ends: Int32Array = new Int32Array(ARGUMENTS_ROOM)

  /** Make room for at least `count` arguments, keeping those that are there. */
  grow(count: number): void {
    if (count > this.starts.length) {
      const room = Math.max(count, this.starts.length * 2)
      this.starts = enlarged(this.starts, room)
      this.ends = enlarged(this.ends, room)
    }
  }

  /** Give back the room of an unusually long command. */
  shrink(): void {
    this.starts = new Int32Array(ARGUMENTS_ROOM)
    this.ends = new Int32Array(ARGUMENTS_ROOM)
  }
}

function enlarged(from: Int32Array, room: number): Int32Array {
  const to = new Int32Array(room)
  to.set(from)
  return to
}

/** What kind of request is half read. */
const STATE = { fresh: 0, line: 1, header: 2, bulks: 3 } as const

/** One connection's parser. It holds what must outlive a read event: a few numbers, and offsets while a request is cut. */
export class RequestParser {
  /** Where the next request begins, after `command` and `empty`. */
  position = 0
  /** After `incomplete`: how many more bytes are known to be missing, at least 1. */
  needed = 0
  /** After `error`: the reply's text without its "ERR ". */
  errorText: string | null = null
  /** Whether the narrower limits hold, because the client must authenticate first. */
  unauthenticated = false

  readonly #limits: RequestLimits
  #state: number = STATE.fresh
  /** Arguments announced, and found so far. */
  #argc = 0
  #index = 0
  /** Where to go on, and how far a line's end was sought: relative to the request's first byte. */
  #cursor = 0
  #scanned = 0
  /** Length of the argument whose bytes are awaited, or -1. */
  #bulkLength = -1
  /** Offsets found so far of a request that is cut, relative to its first byte. */
  #held: RequestFrame | null = null
  /** Arguments of an inline command whose quotes were taken off. */
  #scratch: Buffer = NO_BYTES

  constructor(limits: RequestLimits) {
    this.#limits = limits
  }

  /** Whether a request is half read. */
  get midRequest(): boolean {
    return this.#state !== STATE.fresh
  }

  /**
   * Parse one request from `buf[at .. end)` into `frame`. After `incomplete`, call again with the same bytes and more,
   * `at` naming the same request's first byte wherever it lies now.
   */
  parse(buf: Buffer, at: number, end: number, frame: RequestFrame): number {
    if (frame.starts.length > ARGUMENTS_KEPT_MAX) frame.shrink()
    if (this.#state !== STATE.fresh) return this.#resume(buf, at, end, frame)
    if (at >= end) return this.#incomplete(1)
    this.#scanned = 0
    if (buf[at] !== STAR) {
      const next = plainLine(buf, at, Math.min(end, at + this.#limits.inlineMax), frame)
      if (next > 0) {
        this.position = next
        return PARSE.command
      }
      this.#state = STATE.line
      return this.#line(buf, at, end, frame)
    }
    const argc = at + BULK_BYTES_MIN < end && !this.unauthenticated && buf[at + 2] === CR ? buf[at + 1] - DIGIT_0 : 0
    if (argc > 0 && argc <= 9) return this.#direct(buf, at, end, frame, argc, at + 4)
    this.#state = STATE.header
    return this.#resume(buf, at, end, frame)
  }

  /** Take the arguments that lie at `p`, all at once if they are there. */
  #direct(buf: Buffer, at: number, end: number, frame: RequestFrame, argc: number, p: number): number {
    const next = direct(buf, p, end, frame, argc, this.#limits.bulkLengthMax)
    if (next < 0) return this.#cut(buf, at, end, frame, argc, ~next)
    this.position = next
    return PARSE.command
  }

  /** Keep what `#direct` found of a request, and go on as for one that came in pieces. */
  #cut(buf: Buffer, at: number, end: number, frame: RequestFrame, argc: number, p: number): number {
    const found = frame.argc
    const held = this.#hold(argc)
    held.grow(found)
    for (let i = 0; i < found; i++) {
      held.starts[i] = frame.starts[i] - at
      held.ends[i] = frame.ends[i] - at
    }
    this.#index = found
    this.#cursor = this.#scanned = p - at
    return this.#resume(buf, at, end, frame)
  }

  #hold(argc: number): RequestFrame {
    this.#expect(argc)
    return (this.#held ??= new RequestFrame())
  }

  #expect(argc: number): void {
    this.#state = STATE.bulks
    this.#argc = argc
    this.#index = 0
    this.#bulkLength = -1
  }

  #resume(buf: Buffer, at: number, end: number, frame: RequestFrame): number {
    if (this.#state === STATE.line) return this.#line(buf, at, end, frame)
    if (this.#state === STATE.header) {
      const outcome = this.#header(buf, at, end)
      if (outcome !== PARSE.command) return outcome
      if (!this.unauthenticated) {
        this.#finish()
        return this.#direct(buf, at, end, frame, this.#argc, at + this.#cursor)
      }
    }
    const outcome = this.#bulks(buf, at, end)
    if (outcome !== PARSE.command) return outcome
    const held = this.#held!
    const argc = this.#argc
    frame.grow(argc)
    for (let i = 0; i < argc; i++) {
      frame.starts[i] = held.starts[i] + at
      frame.ends[i] = held.ends[i] + at
    }
    frame.buf = buf
    frame.argc = argc
    this.position = at + this.#cursor
    this.#finish()
    return PARSE.command
  }

  /** Read "*n". `command` means that arguments are to follow. */
  #header(buf: Buffer, at: number, end: number): number {
    const cr = this.#lineEnd(buf, at, at, end, CR)
    if (cr < 0) return this.#unfinishedLine(at, at, end, 'Protocol error: too big mbulk count string')
    if (cr + 1 >= end) return this.#incomplete(1)
    const argc = decimal(buf, at + 1, cr)
    if (!(argc <= this.#limits.multibulkMax)) return this.#error('Protocol error: invalid multibulk length')
    if (this.unauthenticated && argc > this.#limits.unauthenticatedMultibulkMax)
      return this.#error('Protocol error: unauthenticated multibulk length')
    if (argc <= 0) {
      this.position = cr + 2
      this.#finish()
      return PARSE.empty
    }
    this.#expect(argc)
    this.#cursor = this.#scanned = cr + 2 - at
    return PARSE.command
  }

  /** Read arguments into `#held` from the cursor on. */
  #bulks(buf: Buffer, at: number, end: number): number {
    const held = (this.#held ??= new RequestFrame())
    while (this.#index < this.#argc) {
      if (this.#bulkLength < 0) {
        const outcome = this.#bulkHeader(buf, at, end)
        if (outcome !== PARSE.command) return outcome
      }
      const stop = at + this.#cursor + this.#bulkLength
      if (stop + 2 > end) return this.#incomplete(stop + 2 - end)
      if (this.#index === held.starts.length) held.grow(this.#index + 1)
      held.starts[this.#index] = this.#cursor
      held.ends[this.#index] = stop - at
      this.#index++
      this.#cursor = this.#scanned = stop + 2 - at
      this.#bulkLength = -1
    }
    return PARSE.command
  }

  /** Read "$n". `command` means that the length is known. */
  #bulkHeader(buf: Buffer, at: number, end: number): number {
    const start = at + this.#cursor
    const cr = this.#lineEnd(buf, at, start, end, CR)
    if (cr < 0) return this.#unfinishedLine(at, start, end, 'Protocol error: too big bulk count string')
    if (cr + 1 >= end) return this.#incomplete(1)
    if (buf[start] !== DOLLAR) return this.#error(`Protocol error: expected '$', got '${shown(buf[start])}'`)
    const length = decimal(buf, start + 1, cr)
    const most = Math.min(this.#limits.bulkLengthMax, REQUEST_BYTES_MAX - (cr + 4 - at))
    if (!(length >= 0 && length <= most)) return this.#error('Protocol error: invalid bulk length')
    if (this.unauthenticated && length > this.#limits.unauthenticatedBulkLengthMax)
      return this.#error('Protocol error: unauthenticated bulk length')
    this.#bulkLength = length
    this.#cursor = cr + 2 - at
    return PARSE.command
  }

  #line(buf: Buffer, at: number, end: number, frame: RequestFrame): number {
    const lf = this.#lineEnd(buf, at, at, end, LF)
    if (lf < 0) return this.#unfinishedLine(at, at, end, 'Protocol error: too big inline request')
    this.position = lf + 1
    this.#finish()
    const stop = lf > at && buf[lf - 1] === CR ? lf - 1 : lf
    if (!this.#words(buf, at, stop, frame)) return this.#error('Protocol error: unbalanced quotes in request')
    return frame.argc === 0 ? PARSE.empty : PARSE.command
  }

  /** Split a line at blanks. One with quotes goes through the scratch buffer, which outlives the command. */
  #words(buf: Buffer, at: number, stop: number, frame: RequestFrame): boolean {
    frame.buf = buf
    frame.argc = 0
    let argc = 0
    for (let p = at; p < stop; p++) {
      while (p < stop && isBlank(buf[p])) p++
      if (p === stop) break
      const start = p
      for (; p < stop && !endsWord(buf[p]); p++)
        if (buf[p] === DOUBLE_QUOTE || buf[p] === SINGLE_QUOTE) {
          if (this.#scratch.length < stop - at) this.#scratch = Buffer.allocUnsafeSlow(stop - at)
          return unquote(buf, at, stop, this.#scratch, frame)
        }
      frame.grow(argc + 1)
      frame.starts[argc] = start
      frame.ends[argc++] = p
    }
    frame.argc = argc
    return true
  }

  /** Where `wanted` stands in the line that begins at `from`, or -1 when it has yet to arrive. */
  #lineEnd(buf: Buffer, at: number, from: number, end: number, wanted: number): number {
    const stop = Math.min(end, from + this.#limits.inlineMax + 1)
    let p = at + this.#scanned
    while (p < stop && buf[p] !== wanted && buf[p] !== NUL) p++
    this.#scanned = p - at
    return p < stop && buf[p] === wanted ? p : -1
  }

  #unfinishedLine(at: number, from: number, end: number, tooBig: string): number {
    if (end - from > this.#limits.inlineMax) return this.#error(tooBig)
    // A NUL stops the search for good; the line can only grow too long.
    return this.#incomplete(at + this.#scanned < end ? this.#limits.inlineMax + 1 - (end - from) : 1)
  }

  #incomplete(needed: number): number {
    this.needed = needed
    return PARSE.incomplete
  }

  #error(text: string): number {
    this.errorText = text
    this.#finish()
    return PARSE.error
  }

  #finish(): void {
    this.#state = STATE.fresh
    this.#scanned = 0
    const held = this.#held
    if (held !== null && held.starts.length > ARGUMENTS_KEPT_MAX) this.#held = null
  }
}

/**
 * The loop for arguments that are all there and well formed. Gives the place behind them, or ~p when something else
 * stands at p, and then `frame.argc` tells how many came before it.
 */
function direct(buf: Buffer, p: number, end: number, frame: RequestFrame, argc: number, bulkMax: number): number {
  const last = end - BULK_BYTES_MIN
  let starts = frame.starts
  let ends = frame.ends
  let index = 0
  for (; index < argc; index++) {
    if (p > last || buf[p] !== DOLLAR) break
    // Lengths of one and two digits are read in place, which makes the whole loop twice as fast as calling for them.
    let length = buf[p + 1] - DIGIT_0
    let start = p + 4
    const second = buf[p + 2] - DIGIT_0
    if (second >= 0 && second <= 9 && length > 0 && length <= 9) {
      if (buf[p + 3] === CR) {
        length = length * 10 + second
        start++
      } else {
        length = longLength(buf, p + 1, end)
        start = p + 3 + digitsOf(length)
      }
    } else if (second !== CR - DIGIT_0 || length > 9) break
    const stop = start + length
    if (length < 0 || stop + 2 > end || length > bulkMax) break
    if (index === starts.length) {
      frame.grow(index + 1)
      starts = frame.starts
      ends = frame.ends
    }
    starts[index] = start
    ends[index] = stop
    p = stop + 2
  }
  frame.buf = buf
  frame.argc = index
  return index < argc ? ~p : p
}

/**
 * A line of words with one blank between them, whole and without a byte that means more than itself: the place behind it,
 * or -1 for any other.
 */
function plainLine(buf: Buffer, at: number, end: number, frame: RequestFrame): number {
  const { starts, ends } = frame
  let argc = 0
  let start = at
  for (let p = at; p < end && argc < ARGUMENTS_ROOM; p++) {
    const byte = buf[p]
    if (byte > SPACE && byte !== DOUBLE_QUOTE && byte !== SINGLE_QUOTE) continue
    if (p === start) return -1
    starts[argc] = start
    ends[argc++] = p
    start = p + 1
    if (byte === SPACE) continue
    if (byte !== CR || p + 1 >= end || buf[p + 1] !== LF) return -1
    frame.buf = buf
    frame.argc = argc
    return p + 2
  }
  return -1
}

/** A length of three to six digits and a line end at `p`, or -1 when something else stands there. */
function longLength(buf: Buffer, p: number, end: number): number {
  const stop = Math.min(end, p + 7)
  let length = 0
  for (let q = p; q < stop; q++) {
    const digit = buf[q] - DIGIT_0
    if (digit < 0 || digit > 9) return digit === CR - DIGIT_0 ? length : -1
    length = length * 10 + digit
  }
  return -1
}

/** How many digits `longLength` read. */
function digitsOf(length: number): number {
  return length < 1000 ? 3 : length < 10_000 ? 4 : length < 100_000 ? 5 : 6
}

/** A length as Redis reads it: a whole 64-bit decimal number without leading zeros, or NaN. */
function decimal(buf: Buffer, at: number, end: number): number {
  const digits = buf[at] === MINUS ? at + 1 : at
  if (end - digits === 1 && digits === at && buf[at] === DIGIT_0) return 0
  if (digits >= end || end - digits > 19 || buf[digits] === DIGIT_0) return Number.NaN
  let value = 0
  for (let p = digits; p < end; p++) {
    const digit = buf[p] - DIGIT_0
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  if (value >= 2 ** 63 && BigInt(buf.latin1Slice(digits, end)) > 2n ** 63n) return Number.NaN
  return digits === at ? value : -value
}

/** A byte inside an error text, where line ends may not stand. */
function shown(byte: number): string {
  return byte === CR || byte === LF ? ' ' : String.fromCharCode(byte)
}

/** What C's isspace says. */
function isBlank(byte: number): boolean {
  return byte === SPACE || (byte >= 9 && byte <= 13)
}

/** What ends an unquoted word: not all that is blank (a tab does, a form feed does not). */
function endsWord(byte: number): boolean {
  return byte === SPACE || byte === 9 || byte === LF || byte === CR
}

/** Split a line whose words may be quoted, writing their bytes to `to`. False when a quote is not closed properly. */
function unquote(buf: Buffer, at: number, stop: number, to: Buffer, frame: RequestFrame): boolean {
  let argc = 0
  let out = 0
  let p = at
  for (;;) {
    while (p < stop && isBlank(buf[p])) p++
    if (p === stop) break
    const start = out
    let quote = NUL
    for (; p < stop; p++) {
      const byte = buf[p]
      if (quote === NUL) {
        if (endsWord(byte)) break
        if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) quote = byte
        else to[out++] = byte
      } else if (byte === quote) {
        if (++p < stop && !isBlank(buf[p])) return false
        quote = NUL
        break
      } else if (byte === BACKSLASH && p + 1 < stop && (quote === DOUBLE_QUOTE || buf[p + 1] === SINGLE_QUOTE)) {
        const width = quote === DOUBLE_QUOTE ? hexEscape(buf, p, stop) : 0
        to[out++] = width > 0 ? width & 0xff : quote === DOUBLE_QUOTE ? escaped(buf[p + 1]) : SINGLE_QUOTE
        p += width > 0 ? 3 : 1
      } else to[out++] = byte
    }
    if (quote !== NUL) return false
    frame.grow(argc + 1)
    frame.starts[argc] = start
    frame.ends[argc++] = out
  }
  frame.buf = to
  frame.argc = argc
  return true
}

/** The byte of `\xHH` at `p` with bit 8 set, or 0 when there is no such escape. */
function hexEscape(buf: Buffer, p: number, stop: number): number {
  if (p + 3 >= stop || buf[p + 1] !== 120) return 0
  const high = hexDigit(buf[p + 2])
  const low = hexDigit(buf[p + 3])
  return high < 0 || low < 0 ? 0 : 0x100 | (high << 4) | low
}

function hexDigit(byte: number): number {
  if (byte >= DIGIT_0 && byte <= 57) return byte - DIGIT_0
  const letter = (byte | 32) - 87
  return letter >= 10 && letter <= 15 ? letter : -1
}

/** What stands behind a backslash in double quotes. */
function escaped(byte: number): number {
  switch (byte) {
    case 110:
      return LF
    case 114:
      return CR
    case 116:
      return 9
    case 98:
      return 8
    case 97:
      return 7
    default:
      return byte
  }
}
