/* The arguments of LMPOP and ZMPOP: keys of which the first that holds something serves, an end of it, and how many to take.
 *
 *      numkeys key [key ...] <LEFT|RIGHT> [COUNT count]                                                              */

import type { Range } from '../base/bytes.ts'
import { ERR, ReplyError } from '../base/errors.ts'
import type { Args } from './args.ts'

/** What to pop, and from where. */
export interface Popping {
  readonly keys: readonly Range[]
  /** Whether the first word of the two was said. */
  readonly isFirst: boolean
  /** How many at the most, 1 when it was not said. */
  readonly count: number
}

const NUMKEYS = new ReplyError('ERR numkeys should be greater than 0')
const COUNT = new ReplyError('ERR count should be greater than 0')

/** Take one of two words, in lower case; returns whether it was the first. @throws a syntax error when it is neither */
export function takeEither(args: Args, first: string, second: string): boolean {
  if (args.word(first)) return true
  if (args.word(second)) return false
  throw ERR.syntax
}

/** Take what is left of the arguments. @throws a refusal in Redis's words */
export function takePopping(args: Args, first: string, second: string): Popping {
  const numkeys = args.int(NUMKEYS)
  if (numkeys < 1) throw NUMKEYS
  if (numkeys >= args.left) throw ERR.syntax
  const keys: Range[] = []
  for (let i = 0; i < numkeys; i++) keys.push(args.key())
  const isFirst = takeEither(args, first, second)
  let count = -1
  while (args.left > 0) {
    if (count >= 0 || args.left < 2 || !args.word('count')) throw ERR.syntax
    count = args.int(COUNT)
    if (count < 1) throw COUNT
  }
  return { keys, isFirst, count: Math.max(1, count) }
}
