/* Timeouts of blocking commands: seconds with a fraction. */

import { ERR } from '../base/errors.ts'
import { parseDouble } from '../base/numbers.ts'
import type { Args } from './args.ts'

/** Beyond this many milliseconds a timeout is refused, as in Redis: it would overflow with the present time added. */
const TIMEOUT_MAX_MS = 9.2e18

/** Take a timeout in seconds; returns whole milliseconds, 0 for none. A tiny one is rounded up, so that it ends. */
export function takeTimeout(args: Args): number {
  const range = args.bytes()
  const seconds = parseDouble(range.buf, range.start, range.end)
  if (Number.isNaN(seconds)) {
    // What is a number but too large for a double is out of range, like infinity.
    const isHuge = Math.abs(Number(range.latin1())) === Number.POSITIVE_INFINITY
    throw isHuge ? ERR.timeoutRange : ERR.timeoutNotFloat
  }
  if (seconds < 0) throw ERR.timeoutNegative
  const ms = Math.ceil(seconds * 1000)
  if (ms > TIMEOUT_MAX_MS) throw ERR.timeoutRange
  return ms
}
