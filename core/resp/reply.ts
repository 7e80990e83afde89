/* Reply -- the one writer of replies.
 *
 * Every byte that a client receives passes through an object of this class; it alone knows RESP2 from RESP3. It fills a
 * segment and chains another when that is full:
 *
 *      chain  [ segment 64 KB ][ segment 64 KB ]     buf [ . . . . at             ]
 *
 * Nothing is flushed while a command runs. So a command that fails half way is undone by going back to the mark that
 * the dispatcher set before it, and a list whose length is known only at its end is written as
 *
 *      const list = reply.deferred(); ... elements ...; reply.fillArray(list, count)
 *
 * which leaves room for the longest header and closes the gap when the count is known.
 *
 * Segments come from a pool that the clients of a server share. A few large ones serve whoever is being answered; when
 * they are all taken (many subscribers in one turn), small ones are made, so memory follows what is really written. */

import { copyBytes, type Range } from '../base/bytes.ts'
import type { ReplyError } from '../base/errors.ts'
import { NUMBER_BYTES_MAX, writeDouble, writeInteger } from '../base/numbers.ts'

const LARGE_BYTES = 64 << 10
const SMALL_BYTES = 512
const LARGE_MAX = 64
/** The longest header of a list: a type byte, ten digits, CR and LF. */
const HEADER_MAX = 13
/** Above this many bytes the built-in move beats a loop. */
const LOOP_MOVE_MAX = 64

/** Segments that writers take and give back. */
export class SegmentPool {
  readonly #free: Buffer[] = []
  #large = 0

  /** A segment of at least `bytes` bytes. */
  take(bytes: number): Buffer {
    if (bytes <= LARGE_BYTES) {
      const free = this.#free.pop()
      if (free !== undefined) return free
      if (this.#large < LARGE_MAX || bytes > SMALL_BYTES * 16) {
        this.#large++
        return Buffer.allocUnsafeSlow(LARGE_BYTES)
      }
    }
    return Buffer.allocUnsafeSlow(Math.max(SMALL_BYTES, bytes))
  }

  /** Give a segment back that nobody reads any more. */
  give(segment: Buffer): void {
    if (segment.length === LARGE_BYTES && this.#free.length < LARGE_MAX) this.#free.push(segment)
    else if (segment.length === LARGE_BYTES) this.#large--
  }

  /** A segment was handed to the system and does not come back. */
  forget(segment: Buffer): void {
    if (segment.length === LARGE_BYTES) this.#large--
  }

  /** A segment that was handed to the system has come back after all. */
  recover(piece: Buffer): void {
    const segment = whole(piece)
    if (segment.length !== LARGE_BYTES || this.#free.length >= LARGE_MAX) return
    this.#large++
    this.#free.push(segment)
  }
}

const NO_SEGMENT = Buffer.alloc(0)
const NO_VIEW = new DataView(new ArrayBuffer(0))
const CR = 13
const LF = 10
/** A character that is no byte. */
const WIDE = /[^\x00-\xff]/

/** Writer of the replies of one client, or of a call from inside the process. */
export class Reply {
  /** 2 or 3. */
  protocol: 2 | 3 = 2
  /** What is written is thrown away: CLIENT REPLY OFF and SKIP. */
  muted = false
  buf: Buffer = NO_SEGMENT
  at = 0
  readonly pool: SegmentPool
  /** Full segments before `buf`, each cut to its length. */
  readonly chain: Buffer[] = []
  chainBytes = 0
  #viewed: Buffer = NO_SEGMENT
  #view: DataView = NO_VIEW

  constructor(pool: SegmentPool) {
    this.pool = pool
  }

  /** Bytes written and not yet taken. */
  get length(): number {
    return this.chainBytes + this.at
  }

  /** `buf` for those who write several bytes at once; ask again after `room`. */
  get view(): DataView {
    const { buf } = this
    if (this.#viewed !== buf) {
      this.#viewed = buf
      this.#view = new DataView(buf.buffer, buf.byteOffset, buf.length)
    }
    return this.#view
  }

  /** Make sure that `bytes` bytes fit behind `at`. */
  room(bytes: number): void {
    if (this.at + bytes > this.buf.length) this.#chain(bytes)
  }

  #chain(bytes: number): void {
    if (this.at > 0) {
      this.chain.push(this.buf.subarray(0, this.at))
      this.chainBytes += this.at
    } else if (this.buf.length > 0) this.pool.give(this.buf)
    this.buf = this.pool.take(this.chain.length > 0 ? Math.max(bytes, Math.min(this.chainBytes, LARGE_BYTES)) : bytes)
    this.at = 0
  }

  /** Go back to what had been written when `length` said `mark`. */
  rewind(mark: number): void {
    while (this.chainBytes > mark) {
      const last = this.chain.pop()!
      this.chainBytes -= last.length
      this.pool.give(this.buf)
      this.buf = whole(last)
      this.at = last.length
    }
    this.at = mark - this.chainBytes
  }

  /** All that was written, as one buffer of its own; the writer is empty afterwards. */
  take(): Buffer {
    const all = Buffer.allocUnsafeSlow(this.length)
    let at = 0
    for (const segment of this.chain) {
      segment.copy(all, at)
      at += segment.length
      this.pool.give(whole(segment))
    }
    this.buf.copy(all, at, 0, this.at)
    this.chain.length = 0
    this.chainBytes = 0
    this.at = 0
    this.release()
    return all
  }

  /** The segments that were written, which the caller owns from now on; the writer is empty afterwards. */
  takeChain(): Buffer[] {
    const segments = this.chain.splice(0)
    if (this.at > 0) segments.push(this.buf.subarray(0, this.at))
    else if (this.buf !== NO_SEGMENT) this.pool.give(this.buf)
    for (const segment of segments) this.pool.forget(whole(segment))
    this.chainBytes = 0
    this.at = 0
    this.#let()
    return segments
  }

  /** The current segment was handed to the system, which still reads from it. */
  forget(): void {
    this.pool.forget(this.buf)
    this.#let()
  }

  /** The current segment belongs to someone else now. */
  #let(): void {
    this.buf = this.#viewed = NO_SEGMENT
    this.#view = NO_VIEW
  }

  /** Give the current segment back when nothing is in it. */
  release(): void {
    if (this.at > 0 || this.buf === NO_SEGMENT) return
    this.pool.give(this.buf)
    this.buf = NO_SEGMENT
  }

  // ------------------------------------------------------------------ scalars

  /** The status OK. */
  ok(): void {
    this.room(5)
    const buf = this.buf
    const at = this.at
    buf[at] = 43
    buf[at + 1] = 79
    buf[at + 2] = 75
    buf[at + 3] = CR
    buf[at + 4] = LF
    this.at = at + 5
  }

  /** A status line; the text is ASCII without line ends. */
  status(text: string): void {
    this.#line(43, text)
  }

  /** An error line. */
  error(error: ReplyError): void {
    const text = error.text
    this.room(text.length * 3 + 3)
    this.buf[this.at++] = 45
    this.at += WIDE.test(text) ? this.buf.utf8Write(text, this.at) : this.buf.latin1Write(text, this.at)
    this.#end()
  }

  #line(type: number, text: string): void {
    this.room(text.length * 3 + 3)
    this.buf[this.at++] = type
    this.#characters(text)
    this.#end()
  }

  /** A whole number of at most 53 bits. */
  integer(n: number): void {
    this.room(24)
    const at = this.at
    if (n >= 0 && n < 10) {
      const buf = this.buf
      buf[at] = 58
      buf[at + 1] = 48 + n
      buf[at + 2] = CR
      buf[at + 3] = LF
      this.at = at + 4
      return
    }
    this.buf[at] = 58
    this.at = writeInteger(this.buf, at + 1, n)
    this.#end()
  }

  /** A whole number of up to 64 bits. */
  bigInteger(n: bigint): void {
    this.#line(58, n.toString())
  }

  /** A bulk string. */
  bulk(range: Range): void {
    this.bytes(range.buf, range.start, range.end)
  }

  /** A bulk string from a piece of a buffer. */
  bytes(from: Buffer, start: number, end: number): void {
    const length = end - start
    this.room(length + 16)
    const buf = this.buf
    let at = this.at
    buf[at++] = 36
    if (length < 10) buf[at++] = 48 + length
    else if (length < 100) {
      const tens = (length / 10) | 0
      buf[at++] = 48 + tens
      buf[at++] = 48 + length - tens * 10
    } else at = writeInteger(buf, at, length)
    buf[at++] = CR
    buf[at++] = LF
    if (length <= 40) for (let i = start; i < end; i++) buf[at++] = from[i]!
    else {
      from.copy(buf, at, start, end)
      at += length
    }
    buf[at] = CR
    buf[at + 1] = LF
    this.at = at + 2
  }

  /** A bulk string from text, as UTF-8. */
  text(text: string): void {
    const length = text.length < 64 && isAscii(text) ? text.length : Buffer.byteLength(text)
    this.room(length + 16)
    this.buf[this.at++] = 36
    this.at = writeInteger(this.buf, this.at, length)
    this.#end()
    if (length === text.length && length < 64) this.#characters(text)
    else this.at += this.buf.utf8Write(text, this.at, length)
    this.#end()
  }

  /** A bulk string that holds a whole number. */
  bulkInteger(n: number): void {
    this.room(40)
    const digits = writeInteger(this.buf, this.at + 5, n) - this.at - 5
    this.buf[this.at++] = 36
    this.at = writeInteger(this.buf, this.at, digits)
    this.#end()
    this.at = writeInteger(this.buf, this.at, n)
    this.#end()
  }

  /** No value. */
  null(): void {
    if (this.protocol === 3) {
      this.#line(95, '')
      return
    }
    this.room(5)
    const buf = this.buf
    const at = this.at
    buf[at] = 36
    buf[at + 1] = 45
    buf[at + 2] = 49
    buf[at + 3] = CR
    buf[at + 4] = LF
    this.at = at + 5
  }

  /** No list: RESP2 has a null of its own for it. */
  nullArray(): void {
    if (this.protocol === 3) this.#line(95, '')
    else this.#line(42, '-1')
  }

  /** A double, as Redis prints scores: a bulk string in RESP2. */
  double(value: number): void {
    this.room(NUMBER_BYTES_MAX * 2)
    if (this.protocol === 3) {
      this.buf[this.at] = 44
      this.at = writeDouble(this.buf, this.at + 1, value)
      this.#end()
      return
    }
    this.doubleAsText(value)
  }

  /** A double as a bulk string, whatever the protocol. */
  doubleAsText(value: number): void {
    this.room(NUMBER_BYTES_MAX * 2)
    const start = this.at + 6
    this.bytes(this.buf, start, writeDouble(this.buf, start, value))
  }

  /** A double whose text is already in Redis's form: a bulk string in RESP2. */
  doubleText(text: string): void {
    if (this.protocol === 3) this.#line(44, text)
    else this.text(text)
  }

  /** True or false: 1 or 0 in RESP2. */
  bool(value: boolean): void {
    if (this.protocol === 3) this.#line(35, value ? 't' : 'f')
    else this.integer(value ? 1 : 0)
  }

  /** A whole number of any size, in decimal digits: a bulk string in RESP2. */
  bigNumber(digits: string): void {
    if (this.protocol === 3) this.#line(40, digits)
    else this.text(digits)
  }

  /** Text with a three-letter format, `txt` or `mkd`. */
  verbatim(format: string, text: string): void {
    if (this.protocol === 2) {
      this.text(text)
      return
    }
    const length = Buffer.byteLength(text) + 4
    this.room(length + 16)
    this.buf[this.at++] = 61
    this.at = writeInteger(this.buf, this.at, length)
    this.#end()
    this.#characters(format)
    this.buf[this.at++] = 58
    this.at += this.buf.utf8Write(text, this.at)
    this.#end()
  }

  // ------------------------------------------------------------------ aggregates

  /** A list: `count` replies follow, which are its items. So it is with all aggregates. */
  array(count: number): void {
    this.#header(42, count)
  }

  /** A list of status lines, such as HELP gives. */
  statuses(lines: readonly string[]): void {
    this.array(lines.length)
    for (const line of lines) this.status(line)
  }

  /** A map of `count` pairs: a flat array in RESP2. */
  map(count: number): void {
    if (this.protocol === 3) this.#header(37, count)
    else this.#header(42, count * 2)
  }

  /** A set of `count` items: an array in RESP2. */
  set(count: number): void {
    this.#header(this.protocol === 3 ? 126 : 42, count)
  }

  /** Out-of-band data: an array to a RESP2 client. */
  push(count: number): void {
    this.#header(this.protocol === 3 ? 62 : 42, count)
  }

  /** Attributes of the reply that follows, `count` pairs. Only for RESP3: RESP2 has nothing of the kind. */
  attribute(count: number): void {
    this.#header(124, count)
  }

  #header(type: number, count: number): void {
    this.room(16)
    this.buf[this.at++] = type
    if (count < 10) this.buf[this.at++] = 48 + count
    else this.at = writeInteger(this.buf, this.at, count)
    this.#end()
  }

  /** Leave room for the header of a list whose length is not known yet; give the result to fillArray, fillMap or fillSet. */
  deferred(): number {
    this.room(HEADER_MAX)
    const mark = this.length
    this.at += HEADER_MAX
    return mark
  }

  /** @param count items written since. */
  fillArray(mark: number, count: number): void {
    this.#fill(mark, 42, count)
  }

  /** @param pairs number of key-value pairs written since. */
  fillMap(mark: number, pairs: number): void {
    if (this.protocol === 3) this.#fill(mark, 37, pairs)
    else this.#fill(mark, 42, pairs * 2)
  }

  /** @param count items written since. */
  fillSet(mark: number, count: number): void {
    this.#fill(mark, this.protocol === 3 ? 126 : 42, count)
  }

  /** Write the header right-aligned into its gap, and close what is left of the gap. */
  #fill(mark: number, type: number, count: number): void {
    if (mark >= this.chainBytes) {
      const { buf } = this
      const at = mark - this.chainBytes
      buf[at] = type
      const end = writeInteger(buf, at + 1, count)
      buf[end] = CR
      buf[end + 1] = LF
      this.#closeGap(end + 2, at + HEADER_MAX)
      return
    }
    const header = `${String.fromCharCode(type)}${count}\r\n`
    const gap = HEADER_MAX - header.length
    let before = 0
    for (let i = 0; i < this.chain.length; i++) {
      const segment = this.chain[i]!
      if (mark < before + segment.length) {
        const at = mark - before
        segment.latin1Write(header, at)
        segment.copyWithin(at + header.length, at + HEADER_MAX)
        this.chain[i] = segment.subarray(0, segment.length - gap)
        this.chainBytes -= gap
        return
      }
      before += segment.length
    }
  }

  /** Move what was written behind a gap of this segment to its begin. */
  #closeGap(to: number, from: number): void {
    const { buf, at } = this
    if (at - from > LOOP_MOVE_MAX) buf.copyWithin(to, from, at)
    else for (let i = from, k = to; i < at; i++) buf[k++] = buf[i]!
    this.at = at - (from - to)
  }

  /** Bytes that are replies already: encoded list elements, shared messages. */
  raw(from: Buffer, start: number, end: number): void {
    const length = end - start
    if (this.at + length > this.buf.length) {
      this.#rawChained(from, start, end)
      return
    }
    copyBytes(from, start, this.buf, this.at, length)
    this.at += length
  }

  #rawChained(from: Buffer, start: number, end: number): void {
    let at = start
    while (at < end) {
      if (this.at === this.buf.length) this.#chain(Math.min(end - at, LARGE_BYTES))
      const piece = Math.min(end - at, this.buf.length - this.at)
      from.copy(this.buf, this.at, at, at + piece)
      this.at += piece
      at += piece
    }
  }

  #characters(text: string): void {
    const length = text.length
    const buf = this.buf
    let at = this.at
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) {
        this.at = at + buf.utf8Write(text.slice(i), at)
        return
      }
      buf[at++] = code
    }
    this.at = at
  }

  #end(): void {
    const at = this.at
    this.buf[at] = CR
    this.buf[at + 1] = LF
    this.at = at + 2
  }
}

/** The segment of which a chained piece is the beginning. */
function whole(piece: Buffer): Buffer {
  return Buffer.from(piece.buffer, piece.byteOffset, piece.buffer.byteLength - piece.byteOffset)
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}
