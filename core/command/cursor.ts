/* Cursors -- the arguments that SCAN, HSCAN, SSCAN and ZSCAN share.
 *
 * A cursor is a position in a Dict's dense array, walked downwards: 0 begins and, as an answer, ends. See dict.ts for
 * why nothing that stays is missed. */

import type { Range } from '../base/bytes.ts'
import { ERR, ReplyError } from '../base/errors.ts'
import { parseUnsigned } from '../base/numbers.ts'
import type { Reply } from '../resp/reply.ts'
import type { Args } from './args.ts'

const INVALID = new ReplyError('ERR invalid cursor')
const NOVALUES = new ReplyError('ERR NOVALUES option can only be used in HSCAN')
/** Elements looked at in one call, however large COUNT is. */
const COUNT_MAX = 1_000_000

export interface ScanOptions {
  /** Position to go on from; `undefined` begins. */
  from: number | undefined
  count: number
  pattern: Range | null
  type: string | null
  noValues: boolean
}

/** Take the cursor itself. */
export function takeCursor(args: Args): number | undefined {
  const range = args.bytes()
  const value = parseUnsigned(range.buf, range.start, range.end)
  if (Number.isNaN(value)) throw INVALID
  return value === 0 ? undefined : Math.min(value, 0xffffffff)
}

/** Nothing there to scan; its options are not looked at, then. */
export function replyNoScan(reply: Reply): void {
  reply.array(2)
  reply.text('0')
  reply.array(0)
}

/** Take MATCH, COUNT and what else the command allows. */
export function takeScanOptions(args: Args, from: number | undefined, allows: 'type' | 'novalues' | ''): ScanOptions {
  const found: ScanOptions = { from, count: 10, pattern: null, type: null, noValues: false }
  while (args.left > 0) {
    if (args.left > 1 && args.word('count')) {
      const count = args.int()
      if (count < 1) throw ERR.syntax
      found.count = Math.min(count, COUNT_MAX)
    } else if (args.left > 1 && args.word('match')) {
      const pattern = args.bytes()
      const isAll = pattern.length === 1 && pattern.buf[pattern.start] === 42
      found.pattern = isAll ? null : pattern
    } else if (allows === 'type' && args.left > 1 && args.word('type')) found.type = args.lower()
    else if (args.word('novalues')) {
      if (allows !== 'novalues') throw NOVALUES
      found.noValues = true
    } else throw ERR.syntax
  }
  return found
}
