/* Errors -- what a client is told when it is at fault.
 *
 * A ReplyError is a record made once and thrown or returned as often as needed: no stack is captured, so refusing costs
 * no more than answering. The exact text is contract: clients match on it. Texts that a single feature uses live in that
 * feature's errors.ts; those below are shared. */

const CODE_MAX = 32

/**
 * An error reply. `text` is the whole line behind the minus sign, its code included, one character a byte: what it
 * repeats of a client's input is made with `range.latin1()`.
 */
export class ReplyError {
  /** The line that is sent, without the minus sign. */
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** The first word, ERR for a text that is none or begins with a long one: what INFO errorstats counts under. */
  get code(): string {
    const space = this.text.indexOf(' ')
    return space < 0 || space > CODE_MAX ? 'ERR' : this.text.slice(0, space)
  }

  toString(): string {
    return this.text
  }
}

/** An error reply with a text of its own, whatever of a client's input stands in it. For cold paths: prefer a constant. */
export function replyError(text: string): ReplyError {
  return new ReplyError(oneLine(text))
}

/** Bytes taken from a client may not break the line that an error is. */
export function oneLine(text: string): string {
  return text.replace(/[\r\n]/g, ' ')
}

/** Arguments that a subcommand, in the client's own spelling, cannot make sense of. */
export function subcommandSyntax(container: string, subcommand: string): ReplyError {
  return replyError(`ERR unknown subcommand or wrong number of arguments for '${subcommand}'. Try ${container} HELP.`)
}

/** The refusals that many commands share, in Redis's words. */
export const ERR = {
  wrongType: new ReplyError('WRONGTYPE Operation against a key holding the wrong kind of value'),
  syntax: new ReplyError('ERR syntax error'),
  notInteger: new ReplyError('ERR value is not an integer or out of range'),
  notFloat: new ReplyError('ERR value is not a valid float'),
  outOfRange: new ReplyError('ERR value is out of range'),
  mustBePositive: new ReplyError('ERR value is out of range, must be positive'),
  noSuchKey: new ReplyError('ERR no such key'),
  sameObject: new ReplyError('ERR source and destination objects are the same'),
  indexOutOfRange: new ReplyError('ERR index out of range'),
  overflow: new ReplyError('ERR increment or decrement would overflow'),
  decrementOverflow: new ReplyError('ERR decrement would overflow'),
  nanOrInfinity: new ReplyError('ERR increment would produce NaN or Infinity'),
  stringTooLong: new ReplyError('ERR string exceeds maximum allowed size (proto-max-bulk-len)'),
  outOfMemory: new ReplyError("OOM command not allowed when used memory > 'maxmemory'."),
  timeoutNotFloat: new ReplyError('ERR timeout is not a float or out of range'),
  timeoutNotInteger: new ReplyError('ERR timeout is not an integer or out of range'),
  timeoutNegative: new ReplyError('ERR timeout is negative'),
  timeoutRange: new ReplyError('ERR timeout is out of range'),
  internal: new ReplyError('ERR internal error'),
} as const
