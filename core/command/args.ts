/* Args -- the arguments of a running command, read in order.
 *
 * A frame holds offsets into somebody's buffer; this is the cursor over it. A handler takes arguments in the form that
 * it wants and no other, so nothing is made that is not used:
 *
 *      const key = args.key()             a Range, good until the handler returns
 *      const seconds = args.int()         a number, or "value is not an integer or out of range"
 *      if (args.word('nx')) ...           an option, taken when it is there, in any case
 *      args.end()                         a syntax error when something is left
 *
 * There is one Range for each argument number, made when first needed: two arguments never share one. Whatever must outlive the call
 * is copied. A handler of a nested call (a transaction, a script, a module) has Args of its own. */

import { Range } from '../base/bytes.ts'
import { ERR, ReplyError } from '../base/errors.ts'
import { parseBigInteger, parseDouble, parseInteger } from '../base/numbers.ts'
import { RequestFrame } from '../resp/request.ts'

/** Ranges beyond this many are dropped after a command that was longer than usual. */
const RANGES_KEPT_MAX = 4096

export class Args extends RequestFrame {
  /** Number of the next argument. */
  position = 1
  readonly #ranges: Range[] = []

  /** Start over behind the command's name. */
  restart(position: number): void {
    this.position = position
    if (this.#ranges.length > RANGES_KEPT_MAX) this.#ranges.length = 64
  }

  /** Arguments not yet taken. */
  get left(): number {
    return this.argc - this.position
  }

  /** Argument `i`, wherever the cursor is. */
  at(i: number): Range {
    let range = this.#ranges[i]
    if (range === undefined) {
      while (this.#ranges.length <= i) this.#ranges.push(new Range())
      range = this.#ranges[i]!
    }
    range.buf = this.buf
    range.start = this.starts[i]!
    range.end = this.ends[i]!
    return range
  }

  /** The arguments from `first` on as Ranges, each at its own number. The list belongs to this object. */
  ranges(first: number): readonly Range[] {
    for (let i = first; i < this.argc; i++) this.at(i)
    return this.#ranges
  }

  /** The next argument, a key. */
  key(): Range {
    return this.bytes()
  }

  /** The next argument. @throws a syntax error when there is none. */
  bytes(): Range {
    if (this.position >= this.argc) throw ERR.syntax
    return this.at(this.position++)
  }

  /** The next argument as text, UTF-8. */
  text(): string {
    return this.bytes().text()
  }

  /** The next argument as text with one character a byte, in lower case: for names of options. */
  lower(): string {
    return this.bytes().latin1().toLowerCase()
  }

  /**
   * The next argument as a signed 64-bit integer. Beyond 2^53 the number is the nearest double: where the exact value
   * matters, use `int64`.
   */
  int(refusal: ReplyError = ERR.notInteger): number {
    if (this.position >= this.argc) throw ERR.syntax
    const i = this.position++
    const n = parseInteger(this.buf, this.starts[i]!, this.ends[i]!)
    if (Number.isNaN(n)) throw refusal
    if (n === Infinity || n === -Infinity) return Number(parseBigInteger(this.buf, this.starts[i]!, this.ends[i]!))
    return n
  }

  /** The next argument as an exact signed 64-bit integer. */
  int64(refusal: ReplyError = ERR.notInteger): bigint {
    const range = this.bytes()
    const n = parseBigInteger(range.buf, range.start, range.end)
    if (n === null) throw refusal
    return n
  }

  /** The next argument as an integer within bounds. */
  intBetween(low: number, high: number, refusal: ReplyError = ERR.outOfRange): number {
    const n = this.int()
    if (n < low || n > high) throw refusal
    return n
  }

  /** The next argument as a double; infinities are allowed, nan is not. */
  double(refusal: ReplyError = ERR.notFloat): number {
    const range = this.bytes()
    const d = parseDouble(range.buf, range.start, range.end)
    if (Number.isNaN(d)) throw refusal
    return d
  }

  /** Whether the next argument is this word, in any case; then it is taken. `word` is in lower case. */
  word(word: string): boolean {
    if (this.position >= this.argc || !this.is(this.position, word)) return false
    this.position++
    return true
  }

  /** Whether argument `i` is this word, in any case. `word` is in lower case. */
  is(i: number, word: string): boolean {
    const start = this.starts[i]!
    if (this.ends[i]! - start !== word.length) return false
    const buf = this.buf
    for (let k = 0; k < word.length; k++) {
      let byte = buf[start + k]!
      if (byte >= 65 && byte <= 90) byte |= 32
      if (byte !== word.charCodeAt(k)) return false
    }
    return true
  }

  /** Nothing may be left. */
  end(): void {
    if (this.position < this.argc) throw ERR.syntax
  }

  /** A copy of the arguments from `from` on: a command among the arguments of another. */
  tail(from: number): Args {
    const tail = this.copy()
    for (let i = from; i < tail.argc; i++) {
      tail.starts[i - from] = tail.starts[i]!
      tail.ends[i - from] = tail.ends[i]!
    }
    tail.argc -= from
    return tail
  }

  /** A copy of all arguments that lives on its own. */
  copy(): Args {
    const copy = new Args()
    copy.load(this)
    return copy
  }

  /** Take over the arguments of another frame, with bytes of its own, in one buffer. */
  load(from: RequestFrame): void {
    let bytes = 0
    for (let i = 0; i < from.argc; i++) bytes += from.ends[i]! - from.starts[i]!
    const buf = Buffer.from(new Uint8Array(bytes).buffer)
    this.grow(from.argc)
    this.buf = buf
    this.argc = from.argc
    let at = 0
    for (let i = 0; i < from.argc; i++) {
      from.buf.copy(buf, at, from.starts[i]!, from.ends[i]!)
      this.starts[i] = at
      at += from.ends[i]! - from.starts[i]!
      this.ends[i] = at
    }
    this.position = 1
  }

  /**
   * Take arguments given as values: text as UTF-8, numbers in decimal.
   * @throws TypeError for a value that is neither text, bytes nor a number
   */
  loadValues(values: readonly (string | Buffer | number | bigint)[]): void {
    this.grow(values.length)
    this.argc = values.length
    const parts: Buffer[] = []
    let at = 0
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      const part = typeof value === 'string' ? Buffer.from(value) : bytesOf(value, i)
      parts.push(part)
      this.starts[i] = at
      at += part.length
      this.ends[i] = at
    }
    this.buf = Buffer.concat(parts, at)
    this.position = 1
  }
}

/** A value that is no text, as it is sent. Callers in JavaScript may hand in anything. */
function bytesOf(value: unknown, place: number): Buffer {
  if (typeof value === 'number' || typeof value === 'bigint') return Buffer.from(String(value))
  if (Buffer.isBuffer(value)) return value
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const kind = value === null ? 'null' : typeof value === 'object' ? 'an object' : typeof value
  throw new TypeError(`a command takes text, Buffers and numbers, and word ${place + 1} of this one is ${kind}`)
}

const INT_MAX = 2147483647
const INT_RANGE = new ReplyError(`ERR value is out of range, value must between ${-INT_MAX - 1} and ${INT_MAX}`)

/** Take the number of a database, which may not exist. */
export function takeDatabase(args: Args): number {
  return args.intBetween(-INT_MAX - 1, INT_MAX, INT_RANGE)
}
