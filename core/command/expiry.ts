/* Expiry options -- from EX, PX, EXAT and PXAT to a deadline.
 *
 * A deadline is milliseconds since 1970: a number, or a bigint beyond 2^53, where a double would lose the exact value. */

import { type ReplyError, replyError } from '../base/errors.ts'
import type { Args } from './args.ts'

/** Milliseconds since 1970. */
export type Deadline = number | bigint

const INT64_MAX = 9223372036854775807n
/** Below this many seconds or milliseconds no sum can leave the safe integers. */
const PLAIN_MAX = 4e12

/** The refusal of a time that is not positive, or too large for 64 bits. */
export function invalidExpire(command: string): ReplyError {
  return replyError(`ERR invalid expire time in '${command}' command`)
}

/**
 * Take the next argument as a time to live or a point in time, and return the deadline.
 * @param scale 1000 for seconds, 1 for milliseconds.  @param baseMs now for a relative time, 0 for an absolute one.
 * @throws "value is not an integer", or invalidExpire when it is not positive or overflows.
 */
export function takeDeadline(args: Args, scale: 1 | 1000, baseMs: number, command: string): Deadline {
  const value = args.int()
  if (value > 0 && value < PLAIN_MAX) return value * scale + baseMs
  if (value <= 0) throw invalidExpire(command)
  args.position--
  return exactDeadline(args.int64(), scale, baseMs, command)
}

/** A deadline from an exact number of seconds or milliseconds; zero and less are allowed. */
export function exactDeadline(value: bigint, scale: 1 | 1000, baseMs: number, command: string): Deadline {
  const ms = value * BigInt(scale)
  const sum = ms + BigInt(baseMs)
  if (ms > INT64_MAX || ms < -INT64_MAX - 1n || sum > INT64_MAX) throw invalidExpire(command)
  const plain = Number(sum)
  return Number.isSafeInteger(plain) ? plain : sum
}
