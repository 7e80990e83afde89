/* LZF -- the compression of RDB strings: a few percent of speed for half of the size, and no more.
 *
 * A compressed text is a row of instructions, each told by its first byte:
 *
 *     000LLLLL  L+1 bytes                 copy the following L+1 bytes (1 to 32)
 *     LLLooooo  oooooooo                  copy L+2 bytes (3 to 8) from o+1 bytes back (1 to 8192)
 *     111ooooo  LLLLLLLL  oooooooo        copy L+9 bytes (9 to 264) from o+1 bytes back
 *
 *     "xabcabcabcabcyz"    03 'x' 'a' 'b' 'c'   e0 00 02   01 'y' 'z'      four literal bytes, nine from 3 back, two literal
 *
 * The compressor remembers in a table, by a hash of three bytes, where it last saw them, and looks nowhere else. The table is
 * never cleared between texts: its entries are positions on a line that goes on from one text to the next, so those of
 * an earlier text are simply too far back.
 *
 *   compress O(n)      decompress O(n)      table 64 KB, shared
 *
 * Two habits of the compressor in Redis are kept, so that payloads come out alike: nothing refers to the very first byte, and
 * a match ends two bytes before the end.
 *
 * Source: the format of Marc Lehmann's LibLZF. Left out: its slower search modes. */

const LITERALS_MAX = 32
const DISTANCE_MAX = 8192
const MATCH_MAX = 264
/** The last bytes are never part of a match. */
const TAIL = 2
const HASH_BITS = 14
const HASH = 0x9e3779b1
const SHORT_MAX = 256
const SHORT_HASH_BITS = 9
/** After 2^PATIENCE_BITS bytes without a match every second place is looked at, then every third. */
const PATIENCE_BITS = 10
const TABLE = new Int32Array(1 << HASH_BITS)
/** Where the next text begins on the line of all texts; beyond DISTANCE_MAX, so that an empty entry is too far back. */
const next = { line: DISTANCE_MAX + 1 }
const LINE_MAX = 0x3fffffff

/**
 * Compress bytes into `out`, using at most `limit` bytes there. Returns their number, or 0 when they would be more: callers
 * give a limit below the length of the input and then store it as it is.
 */
export function compress(buf: Buffer, start: number, end: number, out: Buffer, at: number, limit: number): number {
  const length = end - start
  if (length < 4 || limit < 4 || length > LINE_MAX) return 0
  if (next.line + length > LINE_MAX) {
    TABLE.fill(0)
    next.line = DISTANCE_MAX + 1
  }
  const shift = next.line - start
  next.line += length + DISTANCE_MAX
  const outEnd = at + limit
  const searchEnd = end - TAIL
  let literal = start
  let write = at
  // A short text needs few entries, and these lie close together.
  const hashShift = 32 - (length > SHORT_MAX ? HASH_BITS : SHORT_HASH_BITS)
  let i = start
  let key = (buf[i]! << 8) | (buf[i + 1]! << 16)
  while (i < searchEnd) {
    key = (key >>> 8) | (buf[i + 2]! << 16)
    const slot = Math.imul(key, HASH) >>> hashShift
    const from = TABLE[slot]! - shift
    TABLE[slot] = i + shift
    if (
      from === start ||
      i - from > DISTANCE_MAX ||
      (buf[from]! | (buf[from + 1]! << 8) | (buf[from + 2]! << 16)) !== key
    ) {
      // The longer nothing was found, the longer the steps: noise is given up quickly.
      const step = 1 + ((i - literal) >> PATIENCE_BITS)
      i += step
      if (step > 1) key = (buf[i]! << 8) | (buf[i + 1]! << 16)
      continue
    }
    const matched = matchLength(buf, from, i, end)
    write = putLiterals(buf, literal, i, out, write, outEnd)
    if (write < 0 || write + 3 > outEnd) return 0
    write = putMatch(out, write, i - from - 1, matched - 2)
    // Of the places inside the match only the last two are noted: nearly as good a search for less work.
    literal = i + matched
    for (i = literal - 2; i < literal && i < searchEnd; i++) {
      const inner = buf[i]! | (buf[i + 1]! << 8) | (buf[i + 2]! << 16)
      TABLE[Math.imul(inner, HASH) >>> hashShift] = i + shift
    }
    i = literal
    key = (buf[i]! << 8) | (buf[i + 1]! << 16)
  }
  if (write === at) return 0
  write = putLiterals(buf, literal, end, out, write, outEnd)
  return write < 0 ? 0 : write - at
}

function matchLength(buf: Buffer, from: number, at: number, end: number): number {
  const most = Math.min(MATCH_MAX, end - TAIL - at)
  let length = 3
  while (length < most && buf[from + length] === buf[at + length]) length++
  return length
}

function putMatch(out: Buffer, write: number, offset: number, length: number): number {
  if (length < 7) out[write++] = (length << 5) | (offset >> 8)
  else {
    out[write++] = 0xe0 | (offset >> 8)
    out[write++] = length - 7
  }
  out[write] = offset & 255
  return write + 1
}

/** Returns the position behind, or -1 when there is no room. */
function putLiterals(buf: Buffer, from: number, to: number, out: Buffer, write: number, outEnd: number): number {
  while (from < to) {
    const run = Math.min(LITERALS_MAX, to - from)
    if (write + run + 1 > outEnd) return -1
    out[write++] = run - 1
    for (let i = 0; i < run; i++) out[write++] = buf[from++]!
  }
  return write
}

/**
 * Restore exactly `length` bytes into `out`. False when the input is damaged: it asks for more or fewer bytes, or for some
 * from before the beginning; then `out` holds rubbish within those bounds.
 */
export function decompress(buf: Buffer, start: number, end: number, out: Buffer, at: number, length: number): boolean {
  const outEnd = at + length
  let write = at
  let i = start
  while (i < end) {
    const control = buf[i++]!
    if (control < LITERALS_MAX) {
      const run = control + 1
      if (i + run > end || write + run > outEnd) return false
      for (let k = 0; k < run; k++) out[write++] = buf[i++]!
      continue
    }
    let run = (control >> 5) + 2
    if (run === 9) {
      if (i >= end) return false
      run += buf[i++]!
    }
    if (i >= end) return false
    let from = write - ((control & 31) << 8) - buf[i++]! - 1
    if (from < at || write + run > outEnd) return false
    for (const runEnd = write + run; write < runEnd; ) out[write++] = out[from++]!
  }
  return write === outEnd
}
