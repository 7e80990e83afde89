/* Output -- times, values, samples and labels, as replies write them.
 *
 * A value is a status in RESP2, with the shortest digits that read back as the same double, plain from 1 to below 10^16
 * and with an exponent else: `23.5`, `1E-1`, `1E16`, `-0`, `NaN`. In RESP3 it is a double like any other.
 *
 * Answers of many samples are written straight into the reply's segment: a row of RESP2 is
 *
 *      *2\r\n:1700000000000\r\n+23.5\r\n                                                                          */

import { integerLength, type Reply, writeInteger } from 'redstrata/module'
import { DIGITS_BELOW, DIGITS_LEAST, QUADS, writeDigits, writeEight } from './digits.ts'
import type { Rows } from './range/rows.ts'
import type { SampleSink } from './range/scan.ts'

/** No value needs more bytes than this: a sign, 17 digits, a point, an exponent. */
const VALUE_BYTES_MAX = 32
/** A time: a sign, 19 digits, and what frames them. */
const TIME_BYTES_MAX = 24
/** A row of one value: its header, a time of 19 digits, a value. */
const ROW_BYTES_MAX = 80
/** Rows that room is made for at once. */
const ROWS_AT_ONCE = 64
const TIME_MAX_TEXT = '9223372036854775807'

const CR = 13
const LF = 10
/** Bytes as numbers, the first one lowest. */
const LINE_END = CR | (LF << 8)
const LINE_END_PLUS = LINE_END | (43 << 16)
const PAIR_HEADER = 42 | (50 << 8) | (LINE_END << 16)
const ZERO = 48
const MINUS = 45
const POINT = 46

/** Bytes of a point and the decimals of each number of ten thousandths, none for 0. */
const DECIMAL_BYTES = Uint8Array.from({ length: 1e4 }, (_, part) =>
  part === 0 ? 0 : part % 1000 === 0 ? 2 : part % 100 === 0 ? 3 : part % 10 === 0 ? 4 : 5,
)

/** Write a time. */
export function replyTime(reply: Reply, time: number): void {
  if (time > Number.MAX_SAFE_INTEGER) {
    reply.bigInteger(time >= 2 ** 63 ? BigInt(TIME_MAX_TEXT) : BigInt(time))
    return
  }
  reply.room(TIME_BYTES_MAX)
  const { buf, view } = reply
  buf[reply.at] = 58
  const at = writeTime(buf, view, reply.at + 1, time)
  view.setInt16(at, LINE_END, true)
  reply.at = at + 2
}

/** Write a time that is a safe integer. Returns the position behind it. */
function writeTime(buf: Buffer, view: DataView, at: number, time: number): number {
  // Times of this century have thirteen digits.
  const head = Math.floor(time / 1e8)
  if (!(head >= 1e4 && head < 1e5)) return writeInteger(buf, at, time)
  const first = (head / 1e4) | 0
  buf[at] = ZERO + first
  view.setInt32(at + 1, QUADS[(head - first * 1e4) | 0]!, true)
  writeEight(view, at + 5, (time - head * 1e8) | 0)
  return at + 13
}

/** Write the value of a sample. */
export function replyValue(reply: Reply, value: number): void {
  if (reply.protocol === 3) {
    reply.double(value)
    return
  }
  reply.room(VALUE_BYTES_MAX + 3)
  const { buf, view } = reply
  buf[reply.at] = 43
  const at = writeValue(buf, view, reply.at + 1, value)
  view.setInt16(at, LINE_END, true)
  reply.at = at + 2
}

/** Write the value as a status line holds it. Returns the position behind it. */
export function writeValue(buf: Buffer, view: DataView, at: number, value: number): number {
  const size = value < 0 ? -value : value
  if (size >= 1 && size < 1e9) {
    // Up to four decimals: when this divided is the very same double, its digits are the shortest, as no others have so few.
    const scaled = Math.round(size * 1e4)
    if (scaled / 1e4 === size) {
      if (value < 0) buf[at++] = MINUS
      const whole = size | 0
      return writeDecimal(buf, view, at, whole, (scaled - whole * 1e4) | 0)
    }
  }
  return writeRare(buf, view, at, value)
}

/** Write a number of so many wholes and ten thousandths, without zeros at the end. */
function writeDecimal(buf: Buffer, view: DataView, at: number, whole: number, part: number): number {
  if (whole < 1e4) {
    const absent = whole < 10 ? 3 : whole < 100 ? 2 : whole < 1000 ? 1 : 0
    view.setInt32(at, QUADS[whole]! >>> (absent << 3), true)
    at += 4 - absent
  } else at = writeInteger(buf, at, whole)
  buf[at] = POINT
  view.setInt32(at + 1, QUADS[part]!, true)
  return at + DECIMAL_BYTES[part]!
}

/** Write a value that is no short decimal between 1 and 10^9. */
function writeRare(buf: Buffer, view: DataView, at: number, value: number): number {
  const size = value < 0 ? -value : value
  if (value === 0 && 1 / value > 0) {
    buf[at] = ZERO
    return at + 1
  }
  if (size >= DIGITS_LEAST && size < DIGITS_BELOW) {
    const sign = value < 0 ? 1 : 0
    buf[at] = MINUS
    const end = writeDigits(buf, view, at + sign, size)
    if (end !== 0) return end
  }
  const text = formatValue(value)
  for (let i = 0; i < text.length; i++) buf[at + i] = text.charCodeAt(i)
  return at + text.length
}

/** The value as text. */
export function formatValue(value: number): string {
  if (value === 0) return 1 / value < 0 ? '-0' : '0'
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value < 0 ? '-Infinity' : 'Infinity'
  const size = Math.abs(value)
  if (size >= 1 && size < 1e16) return String(value)
  return value.toExponential().replace('e+', 'E').replace('e', 'E')
}

// ------------------------------------------------------------------ many samples

/** Writes the samples of a scan as the rows of a list; `finish` fills in their number. */
export class SampleWriter implements SampleSink {
  readonly #reply: Reply
  readonly #reverse: boolean
  readonly #limit: number
  readonly #mark: number
  #count = 0

  constructor(reply: Reply, reverse: boolean, limit: number) {
    this.#reply = reply
    this.#reverse = reverse
    this.#limit = limit
    this.#mark = reply.deferred()
  }

  take(times: Float64Array, at: number, values: Float64Array, valuesAt: number, length: number): boolean {
    const count = Math.min(length, this.#limit - this.#count)
    const first = this.#reverse ? length - 1 : 0
    replySamples(this.#reply, times, at + first, values, valuesAt + first, count, this.#reverse ? -1 : 1)
    this.#count += count
    return this.#count < this.#limit
  }

  /** Write the list's header. Returns how many samples there were. */
  finish(): number {
    this.#reply.fillArray(this.#mark, this.#count)
    return this.#count
  }
}

/** Write rows in reading order, no more than wanted: a time and its values, side by side or in a list of their own. */
export function replyRows(reply: Reply, rows: Rows, reverse: boolean, limit: number, nested = false): void {
  const count = Math.min(rows.length, limit)
  const { times, values, width } = rows
  const first = reverse ? rows.length - 1 : 0
  reply.array(count)
  if (width === 1 && !nested) {
    replySamples(reply, times, first, values, first, count, reverse ? -1 : 1)
    return
  }
  for (let n = 0; n < count; n++) {
    const row = reverse ? first - n : n
    reply.array(nested ? 2 : 1 + width)
    replyTime(reply, times[row]!)
    if (nested) reply.array(width)
    for (let i = 0; i < width; i++) replyValue(reply, values[row * width + i]!)
  }
}

/** Write so many samples, going up or down by `step`. */
function replySamples(
  reply: Reply,
  times: Float64Array,
  timesAt: number,
  values: Float64Array,
  valuesAt: number,
  count: number,
  step: number,
): void {
  const plain = reply.protocol === 2
  for (let done = 0; done < count; ) {
    const until = Math.min(count, done + ROWS_AT_ONCE)
    reply.room((until - done) * ROW_BYTES_MAX)
    const { buf, view } = reply
    let { at } = reply
    for (; done < until; done++) {
      const time = times[timesAt + done * step]!
      if (!plain || time > Number.MAX_SAFE_INTEGER) break
      at = writeRow(buf, view, at, time, values[valuesAt + done * step]!)
    }
    reply.at = at
    if (done === until) continue
    replySample(reply, times[timesAt + done * step]!, values[valuesAt + done * step]!)
    done++
  }
}

/** Write a sample: its time and its value. */
export function replySample(reply: Reply, time: number, value: number): void {
  if (reply.protocol === 3 || time > Number.MAX_SAFE_INTEGER) {
    reply.array(2)
    replyTime(reply, time)
    replyValue(reply, value)
    return
  }
  reply.room(ROW_BYTES_MAX)
  reply.at = writeRow(reply.buf, reply.view, reply.at, time, value)
}

/** Write a row of RESP2. Returns the position behind it. */
function writeRow(buf: Buffer, view: DataView, at: number, time: number, value: number): number {
  view.setInt32(at, PAIR_HEADER, true)
  buf[at + 4] = 58
  at = writeTime(buf, view, at + 5, time)
  view.setInt32(at, LINE_END_PLUS, true)
  at = writeValue(buf, view, at + 3, value)
  view.setInt16(at, LINE_END, true)
  return at + 2
}

// ------------------------------------------------------------------ text

/** Write text whose characters are bytes, as a bulk string. */
export function replyBytes(reply: Reply, text: string): void {
  const { length } = text
  reply.room(length + 16 + integerLength(length))
  const { buf } = reply
  let at = reply.at
  buf[at] = 36
  at = writeInteger(buf, at + 1, length)
  buf[at] = CR
  buf[at + 1] = LF
  at += 2
  if (length < 32) for (let i = 0; i < length; i++) buf[at + i] = text.charCodeAt(i)
  else buf.latin1Write(text, at, length)
  at += length
  buf[at] = CR
  buf[at + 1] = LF
  reply.at = at + 2
}

/** Write labels: a map in RESP3, a list of pairs in RESP2. A value of null is no value. */
export function replyLabels(reply: Reply, labels: readonly (string | null)[]): void {
  const pairs = labels.length / 2
  if (reply.protocol === 3) reply.map(pairs)
  else reply.array(pairs)
  for (let i = 0; i < labels.length; i += 2) {
    if (reply.protocol === 2) reply.array(2)
    replyBytes(reply, labels[i]!)
    const value = labels[i + 1]!
    if (value === null) reply.null()
    else replyBytes(reply, value)
  }
}
