/* Counters of a stream -- entries ever added, entries read: 64 bits, of which more than 53 are hardly ever used.
 *
 * The structures tell a large one as Infinity with its bits in `wide`; here it is a bigint. */

import { wide, wideUnsigned } from '../../base/numbers.ts'
import type { Reply } from '../../resp/reply.ts'

/** A whole number: a bigint where a number would not be exact. */
export type Counter = number | bigint

/** What a structure's getter just returned. */
export function counterOf(count: number): Counter {
  return count === Infinity ? wideUnsigned() : count
}

/** What a structure's setter takes. */
export function storable(count: Counter): number {
  const plain = Number(count)
  if (Number.isSafeInteger(plain)) return plain
  const exact = BigInt(count)
  wide.high = Number(BigInt.asIntN(32, exact >> 32n))
  wide.low = Number(BigInt.asIntN(32, exact))
  return Infinity
}

export function plus(a: Counter, b: number): Counter {
  return normal(typeof a === 'number' && a < Number.MAX_SAFE_INTEGER / 2 ? a + b : BigInt(a) + BigInt(b))
}

export function minus(a: Counter, b: Counter): Counter {
  return normal(typeof a === 'number' && typeof b === 'number' ? a - b : BigInt(a) - BigInt(b))
}

function normal(count: Counter): Counter {
  const plain = Number(count)
  return Number.isSafeInteger(plain) ? plain : count
}

export function replyCounter(reply: Reply, count: Counter): void {
  if (typeof count === 'number') reply.integer(count)
  else reply.bigInteger(count)
}
