/* Digits -- the shortest digits of a double, without making a string.
 *
 * Averages rarely end after a few decimals: most need 16 or 17 digits, and printing them is a good part of what an answer
 * of many buckets costs. The digits wanted are those of the shortest decimal that reads back as the same double, and of
 * several such the nearest. They can be read off one product, scaled so that the number has 17 digits before its point:
 *
 *      21.937000000000005 · 10^15    =    p + e    =    21937000000000004 + 0.61...
 *      half a unit of the last place           =    1.77...                         (delta)
 *
 *                      multiple of 100     ...000    4.61 away                 too far
 *                      multiple of 10      ...000    4.61 away                 too far
 *                      whole number        ...005    0.39 away                 17 digits: 2 1 9 3 7 ... 0 5
 *
 * Any decimal nearer than delta reads back as the same double. Multiples of 100 come first (15 digits and fewer), then
 * multiples of 10 (16 digits), then whole numbers, one of which is always near enough, as delta is above a half. The
 * product is exact in two doubles (T. J. Dekker, "A floating-point technique for extending the available precision",
 * 1971), so a decision errs only within a millionth of a boundary, and there it is left to the engine's own printing.
 *
 *   O(1), about 40 ns; 0 for undecided: powers of two, and what lies on a boundary, a tenth of the numbers above 10^13
 *
 * Digits of all kinds are written four at a time, from a table of the numbers below 10000. Where there are fewer, what is
 * behind them is overwritten by what comes next. */

/** The four digits of each number below 10000, the first one in the lowest byte. */
export const QUADS = Int32Array.from({ length: 10000 }, (_, n) => {
  const digits = Array.from(String(n).padStart(4, '0'), digit => digit.charCodeAt(0))
  return digits[0]! | (digits[1]! << 8) | (digits[2]! << 16) | (digits[3]! << 24)
})

/** Write 0 <= n < 10^8 in eight digits. */
export function writeEight(view: DataView, at: number, n: number): void {
  const head = (n / 10000) | 0
  view.setInt32(at, QUADS[head]!, true)
  view.setInt32(at + 4, QUADS[n - head * 10000]!, true)
}

/** Numbers from here on and below the other can be printed. */
export const DIGITS_LEAST = 1e-5
export const DIGITS_BELOW = 1e15

/** Digits before the point, scaled. */
const COUNT = 17
const POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))
/** Splits a double into two halves of 26 bits. */
const SPLITTER = 134217729
const POWERS_HIGH = POWERS.map(power => SPLITTER * power - (SPLITTER * power - power))
const POWERS_LOW = POWERS.map((power, i) => power - POWERS_HIGH[i]!)
/** What the arithmetic below can be wrong by, with much to spare. */
const DOUBT = 1e-6
const HALF_UNIT = 2 ** -53

const ZERO = 48
const POINT = 46
const E = 69
const MINUS = 45

/**
 * Write a number from DIGITS_LEAST to below DIGITS_BELOW: plain from 1 on, else as `2.5E-1`. Returns the position behind
 * it, or 0 when its digits could not be told.
 */
export function writeDigits(buf: Uint8Array, view: DataView, at: number, size: number): number {
  let before = 1
  while (size >= POWERS[before]!) before++
  if (size < 1) for (before = 0; size * POWERS[-before]! < 0.1; ) before--
  const power = COUNT - before
  const scale = POWERS[power]!

  const product = size * scale
  const split = SPLITTER * size
  const high = split - (split - size)
  const low = size - high
  const scaleHigh = POWERS_HIGH[power]!
  const scaleLow = POWERS_LOW[power]!
  const error = high * scaleHigh - product + high * scaleLow + low * scaleHigh + low * scaleLow
  // A power of two has unequal neighbours; there this is 0.
  const delta = ((size + size * HALF_UNIT - size) / 2) * scale
  if (delta === 0) return 0

  let head = Math.floor(product / 1e8)
  const tail = product - head * 1e8 + error
  let rounded = nearest(tail, delta, 100)
  if (rounded === NONE) rounded = nearest(tail, delta, 10)
  if (rounded === NONE) rounded = nearest(tail, delta, 1)
  if (rounded >= 1e8) {
    rounded -= 1e8
    head++
  }
  if (!(rounded >= 0 && head >= 1e8 && head < 1e9)) return 0
  return lay(buf, view, at, head, rounded, before)
}

/** No such multiple is near enough, and it cannot be told. */
const NONE = -1
const UNDECIDED = -2

/** The multiple of a step nearest to a number, if it is nearer than delta. */
function nearest(x: number, delta: number, step: number): number {
  const multiple = Math.round(x / step) * step
  const apart = Math.abs(multiple - x)
  if (Math.abs(apart - delta) < DOUBT || step / 2 - apart < DOUBT) return UNDECIDED
  return apart < delta ? multiple : NONE
}

/** Write 9 digits and 8 more, with a point behind so many of them and without zeros at the end. */
function lay(buf: Uint8Array, view: DataView, at: number, head: number, tail: number, before: number): number {
  const whole = before > 0 ? before : 1
  // One place to the right of where they belong; then those before the point move back.
  const first = (head / 1e8) | 0
  buf[at + 1] = ZERO + first
  writeEight(view, at + 2, head - first * 1e8)
  writeEight(view, at + 10, tail)
  for (let i = at; i < at + whole; i++) buf[i] = buf[i + 1]!
  let end = at + COUNT + 1
  while (end > at + whole + 1 && buf[end - 1] === ZERO) end--
  if (end > at + whole + 1) buf[at + whole] = POINT
  else end--
  if (before > 0) return end
  buf[end] = E
  buf[end + 1] = MINUS
  buf[end + 2] = ZERO + 1 - before
  return end + 3
}
