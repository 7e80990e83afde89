/* Words -- reading the arguments of FT commands, with the real module's refusals. */

import { type Args, type Range, ReplyError, replyError } from 'redstrata/module'

const NO_ARGUMENT = 'Expected an argument, but none provided'
export const NOT_CONVERTIBLE = 'Could not convert argument to expected type'
const OUT_OF_BOUNDS = 'Value is outside acceptable bounds'

/** `Bad arguments for X: reason`. */
export function badArguments(what: string, reason: string): ReplyError {
  return replyError(`Bad arguments for ${what}: ${reason}`)
}

/** The next argument. */
export function need(args: Args, what: string): Range {
  if (args.left === 0) throw badArguments(what, NO_ARGUMENT)
  return args.bytes()
}

/** The next argument as bytes of its own. */
export function needBytes(args: Args, what: string): Buffer {
  return need(args, what).copy()
}

/** The next argument as text, one character a byte. */
export function needText(args: Args, what: string): string {
  return need(args, what).latin1()
}

/** The next argument as a whole number from `low` on. */
export function needCount(args: Args, what: string, low = 0): number {
  const text = needText(args, what)
  if (!/^[-+]?\d+$/.test(text)) throw badArguments(what, NOT_CONVERTIBLE)
  const n = Number(text)
  if (n < low || n > 0xffffffff) throw badArguments(what, OUT_OF_BOUNDS)
  return n
}

/** The next argument as a number. */
export function needNumber(args: Args, what: string): number {
  if (args.left === 0) throw badArguments(what, NO_ARGUMENT)
  return args.double(badArguments(what, NOT_CONVERTIBLE))
}

/** So many arguments as bytes of their own. */
export function needList(args: Args, what: string, count: number): Buffer[] {
  if (count > args.left) throw badArguments(what, NO_ARGUMENT)
  return Array.from({ length: count }, () => args.bytes().copy())
}

/** The refusal of a wrong number of arguments. */
export function wrongCount(command: string): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${command}' command`)
}
