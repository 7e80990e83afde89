/* Words -- what the command families have in common when they read their arguments. */
import { type Args, ReplyError } from 'redstrata/module'

/** How the commands use their key, all of them alike: so the real module says. Further keys are not declared. */
export const KEY = 'RW access update@1'

/** The refusal of a wrong number of arguments, for commands whose options decide what is right. */
export function wrongArity(command: string): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${command}' command`)
}

/** The place of a word, in any case, from argument `from` on; -1 when it is not there. `word` is in lower case. */
export function placeOf(args: Args, word: string, from: number): number {
  for (let i = from; i < args.argc; i++) if (args.is(i, word)) return i
  return -1
}

/** Set the cursor behind argument `i`: what follows is taken next. */
export function goBehind(args: Args, i: number): void {
  args.position = i + 1
}
