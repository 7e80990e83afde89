/* Words -- what the commands have in common when they read their arguments.
 *
 * RedisTimeSeries looks for each option by its name, wherever it stands, takes the first, and passes over what it does
 * not know. So do we, with `placeOf`. */

import { type Args, parseDouble, parseInteger, ReplyError, wideValue } from 'redstrata/module'

/** How the commands use their key, all of them alike: so the real module says. */
export const KEY = 'RW access update@1'

/** The refusal of a wrong number of arguments, for commands whose options decide what is right. */
export function wrongArity(args: Args): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${args.at(0).latin1().toLowerCase()}' command`)
}

/** The place of a word, in any case, from one argument up to another; -1 when it is not there. */
export function placeOf(args: Args, word: string, from: number, to: number = args.argc): number {
  for (let i = from; i < to; i++) if (args.is(i, word)) return i
  return -1
}

/**
 * Argument `i` as a whole number in its one canonical form: NaN when it is none, or is not there. Beyond 2^53 it is the
 * nearest double, so 2^63 stands for 2^63 - 1.
 */
export function wholeAt(args: Args, i: number): number {
  if (i >= args.argc) return Number.NaN
  const n = parseInteger(args.buf, args.starts[i]!, args.ends[i]!)
  return Number.isFinite(n) || Number.isNaN(n) ? n : Number(wideValue())
}

/** Argument `i` as a double; NaN when it is none, or is not there. */
export function doubleAt(args: Args, i: number): number {
  return i >= args.argc ? Number.NaN : parseDouble(args.buf, args.starts[i]!, args.ends[i]!)
}

const ZERO = 48
const NINE = 57
const MINUS = 45
const PLUS = 43
const DOT = 46

/**
 * Argument `i` as the value of a sample; NaN when it is none. The number is read as JSON spells one, and what follows it
 * is not looked at: `1.2.3` is 1.2, `0x10` is 0, but `.5`, `5.`, `+5`, `007` and `1e` are refused, and so is what is
 * too large for a double.
 */
export function valueAt(args: Args, i: number): number {
  const { buf } = args
  const start = args.starts[i]!
  const end = args.ends[i]!
  let at = buf[start] === MINUS ? start + 1 : start
  let digits = 0
  let value = 0
  const first = at
  for (; at < end && isDigit(buf[at]!); at++) {
    value = value * 10 + buf[at]! - ZERO
    digits++
  }
  if (digits === 0 || (digits > 1 && buf[first] === ZERO)) return Number.NaN
  let scale = 1
  if (at < end && buf[at] === DOT) {
    const point = at++
    for (; at < end && isDigit(buf[at]!); at++) {
      value = value * 10 + buf[at]! - ZERO
      digits++
      scale *= 10
    }
    if (at === point + 1) return Number.NaN
  }
  if (at < end && (buf[at]! | 32) === 101) {
    at++
    if (at < end && (buf[at] === MINUS || buf[at] === PLUS)) at++
    if (at === end || !isDigit(buf[at]!)) return Number.NaN
    while (at < end && isDigit(buf[at]!)) at++
    digits = 99
  }
  // Up to 15 digits and a power of ten up to 10^22 are exact as doubles, so one division rounds once.
  if (digits <= 15) {
    value /= scale
    return buf[start] === MINUS ? -value : value
  }
  const read = Number(buf.latin1Slice(start, at))
  return Number.isFinite(read) ? read : Number.NaN
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}
