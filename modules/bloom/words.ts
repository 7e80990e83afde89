/* Words -- what the command families have in common when they read their arguments. */
import { ReplyError } from 'redstrata/module'

/** The refusal of a wrong number of arguments, for commands whose options decide what is right. */
export function wrongArity(command: string): ReplyError {
  return new ReplyError(`ERR wrong number of arguments for '${command}' command`)
}
