/* Bit offsets, and strings that are long enough for them. */

import type { Range } from '../../base/bytes.ts'
import { parseInteger } from '../../base/numbers.ts'
import type { Args } from '../../command/args.ts'
import type { Context } from '../../command/context.ts'
import { type StringView, stringType } from '../string/value.ts'
import { BIT_ERR } from './errors.ts'

const HASH = 35

/**
 * Take a bit offset: a number below what a string may hold. Where fields have a width, `#3` is the place of the fourth
 * of them.
 */
export function takeOffset({ engine }: Context, args: Args, width = 0): number {
  const { buf, start, end } = args.bytes()
  const inFields = width > 0 && start < end && buf[start] === HASH
  const value = parseInteger(buf, inFields ? start + 1 : start, end)
  const offset = inFields ? value * width : value
  if (!(offset >= 0 && offset / 8 < engine.limits.bulkLengthMax)) throw BIT_ERR.offset
  return offset
}

/** A string that is about to be changed in place. */
export interface OpenBits {
  readonly value: StringView
  /** The key is new, or the string became longer. */
  readonly grown: boolean
}

/** Open a key's string for changes, `bytes` long at least; a key that does not exist is made. */
export function openBits({ db }: Context, key: Range, bytes: number): OpenBits {
  const existing = db.open(key, stringType)
  if (existing !== null) {
    const grown = existing.length < bytes
    if (grown) existing.resize(bytes)
    else existing.markRaw()
    return { value: existing, grown }
  }
  const value = db.create(key, stringType)
  try {
    value.resize(bytes)
  } catch (error) {
    db.remove(value.record) // out of memory: no empty string stays behind
    throw error
  }
  return { value, grown: true }
}
