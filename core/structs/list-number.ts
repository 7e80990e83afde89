/* Numbers of a list -- small whole numbers in one or two bytes, told from frames by their first.
 *
 *      24                 `$`: a frame
 *      80 .. ff           0 .. 127
 *      00 .. 7f, not 24   and a second byte: -512 .. 31999
 *
 * Whoever reads a number wants its text, and often its frame. All of these lie in one buffer, 12 bytes each, written when they are
 * first wanted:
 *
 *      -512                      -511                      ...    31999
 *      | $4 -512 . |             | $4 -511 . |                    | $5 31999 |
 *
 * so a Range of a number names bytes that stay, like any other element. Only a text that is exactly what the number would be
 * printed as becomes one: `007` and `+5` stay texts. */

import type { Range } from '../base/bytes.ts'

const LOWEST = -512
const HIGHEST = 31_999
const DIGITS_MAX = 5
const STRIDE = 12
const SHORT_MAX = 127
const DOLLAR = 36
const MINUS = 45
const ZERO = 48
const NONE = -1_000_000

/** Frames of all numbers; see the header. */
export const FRAMES: Buffer = Buffer.from(new Uint8Array((HIGHEST - LOWEST + 1) * STRIDE).buffer)

/** The number that some bytes spell exactly, or NONE. */
function numberOf({ buf, start, end }: Range): number {
  const length = end - start
  if (length < 1 || length > DIGITS_MAX) return NONE
  const isNegative = buf[start] === MINUS
  const first = isNegative ? start + 1 : start
  // No digits, a leading zero, or -0.
  if (first === end || (buf[first] === ZERO && length > 1)) return NONE
  let value = 0
  for (let at = first; at < end; at++) {
    const digit = buf[at]! - ZERO
    if (digit < 0 || digit > 9) return NONE
    value = value * 10 + digit
  }
  if (isNegative) value = -value
  return value >= LOWEST && value <= HIGHEST ? value : NONE
}

/** How many bytes a value takes as a number, 0 when it is none. */
export function compactBytes(value: Range): number {
  const number = numberOf(value)
  return number === NONE ? 0 : number >= 0 && number <= SHORT_MAX ? 1 : 2
}

/** Write a value as a number of so many bytes, as compactBytes told. */
export function writeCompact(slab: Buffer, at: number, value: Range, bytes: number): void {
  const number = numberOf(value)
  if (bytes === 1) {
    slab[at] = 0x80 | number
    return
  }
  const place = number - LOWEST
  const high = place >> 8
  slab[at] = high >= DOLLAR ? high + 1 : high
  slab[at + 1] = place
}

/** The number at an index, where no frame begins. */
export function numberAt(slab: Buffer, at: number): number {
  const tag = slab[at]!
  if (tag >= 0x80) return tag & 0x7f
  return ((tag > DOLLAR ? tag - 1 : tag) << 8) + slab[at + 1]! + LOWEST
}

/** Where the frame of a number begins in FRAMES. */
export function frameOf(number: number): number {
  const at = (number - LOWEST) * STRIDE
  if (FRAMES[at] === 0) {
    const text = String(number)
    FRAMES.latin1Write(`$${text.length}\r\n${text}\r\n`, at)
  }
  return at
}
