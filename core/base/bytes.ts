/* Bytes -- how a piece of binary data travels without being copied.
 *
 * A Range names bytes inside somebody else's buffer: the receive buffer, a slab of the arena, a scratch area.
 * It is filled in place by whoever answers ("hash.get(field, out)"), so passing bytes around allocates nothing.
 *
 *   buf    . . . . h e l l o . . . .
 *                  ^start    ^end            length = end - start
 *
 * Ownership: a Range never owns. It is valid until the next call that may allocate in, or free from, the memory that
 * it points into. What must live longer is copied. */

declare global {
  /** Parts of Node's Buffer that its type package leaves out: decoding without the options of toString. */
  interface Buffer {
    utf8Slice(start?: number, end?: number): string
    latin1Slice(start?: number, end?: number): string
    utf8Write(text: string, at?: number, length?: number): number
    latin1Write(text: string, at?: number, length?: number): number
  }
}

/** The buffer of a Range that names nothing; shared and empty, so never written. */
export const NO_BYTES: Buffer = Buffer.from('')

/** A piece of binary data inside a buffer that belongs to someone else. */
export class Range {
  buf: Buffer
  start: number
  end: number

  constructor(buf: Buffer = NO_BYTES, start = 0, end = 0) {
    this.buf = buf
    this.start = start
    this.end = end
  }

  /** A Range over all of a buffer, or over the UTF-8 bytes of a text. For cold paths and tests: it allocates. */
  static of(bytes: Buffer | string): Range {
    const buf = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
    return new Range(buf, 0, buf.length)
  }

  get length(): number {
    return this.end - this.start
  }

  /** Point at other bytes. Returns itself. */
  set(buf: Buffer, start: number, end: number): Range {
    this.buf = buf
    this.start = start
    this.end = end
    return this
  }

  /** A copy that lives on its own. */
  copy(): Buffer {
    return Buffer.from(this.buf.subarray(this.start, this.end))
  }

  /** The bytes as UTF-8 text. */
  text(): string {
    return this.buf.utf8Slice(this.start, this.end)
  }

  /** The bytes as text, one character per byte: lossless for any bytes. */
  latin1(): string {
    return this.buf.latin1Slice(this.start, this.end)
  }
}

/** Above this many bytes the built-in copy beats a byte loop (measured at 40 on V8 11 to 13). */
const LOOP_COPY_MAX = 40

/** Copy `length` bytes. Short pieces go byte by byte, because a call into the runtime costs more than they do. */
export function copyBytes(from: Buffer, fromAt: number, to: Buffer, toAt: number, length: number): void {
  if (length > LOOP_COPY_MAX) {
    from.copy(to, toAt, fromAt, fromAt + length)
    return
  }
  for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i]!
}

/** Whether two pieces of the same length hold the same bytes. */
export function sameBytes(a: Buffer, aAt: number, b: Buffer, bAt: number, length: number): boolean {
  if (length > 64) return a.compare(b, bAt, bAt + length, aAt, aAt + length) === 0
  for (let i = 0; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false
  return true
}

/** Order two ranges as memcmp does, a shorter one first when it is a prefix of the other: negative, 0 or positive. */
export function compareRanges(a: Range, b: Range): number {
  const shorter = Math.min(a.end - a.start, b.end - b.start)
  for (let i = 0; i < shorter; i++) {
    const difference = a.buf[a.start + i]! - b.buf[b.start + i]!
    if (difference !== 0) return difference
    if (i === 32) return a.buf.compare(b.buf, b.start, b.end, a.start, a.end)
  }
  return a.end - a.start - (b.end - b.start)
}

/** Whether two ranges hold the same bytes. */
export function equalRanges(a: Range, b: Range): boolean {
  return a.end - a.start === b.end - b.start && sameBytes(a.buf, a.start, b.buf, b.start, a.end - a.start)
}
