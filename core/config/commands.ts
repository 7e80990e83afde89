/* CONFIG. */

import { matchGlob } from '../base/glob.ts'
import { Range } from '../base/bytes.ts'
import { ERR, ReplyError, replyError } from '../base/errors.ts'
import type { Args } from '../command/args.ts'
import type { Parameter } from '../command/config.ts'
import type { Context } from '../command/context.ts'
import { wrongArity } from '../command/gates.ts'
import { type Command, sub } from '../command/spec.ts'

const EVERYWHERE = '~request_policy:all_nodes ~response_policy:all_succeeded'

export const commands: readonly Command[] = [
  sub('CONFIG GET parameter [parameter ...]', 'admin noscript loading stale', '', configGet),
  sub(
    'CONFIG SET parameter value [parameter value ...]',
    'admin noscript loading stale ~request_policy:all_nodes ~response_policy:all_succeeded',
    '',
    configSet,
  ),
  sub('CONFIG HELP', 'loading stale', '', configHelp),
  sub(`CONFIG RESETSTAT`, `admin noscript loading stale ${EVERYWHERE}`, '', resetStat),
  sub(`CONFIG REWRITE`, `admin noscript loading stale ${EVERYWHERE}`, '', rewrite),
]

const NO_FILE = new ReplyError('ERR The server is running without a config file')

function configGet({ engine, reply }: Context, args: Args): void {
  const found = new Map<string, string>()
  while (args.left > 0) {
    const asked = args.bytes().latin1()
    const exact = engine.config.find(asked)
    if (exact !== undefined) {
      found.set(asked, exact.get())
      continue
    }
    const pattern = Range.of(asked.toLowerCase())
    for (const [name, parameter] of engine.config.entries())
      if (parameter.isHidden !== true && matchGlob(pattern, Range.of(name))) found.set(name, parameter.get())
  }
  reply.map(found.size)
  for (const [name, value] of found) {
    reply.text(name)
    reply.text(value)
  }
}

function configSet(ctx: Context, args: Args): void {
  const { engine, reply } = ctx
  if (args.left % 2 !== 0) throw args.left === 1 ? wrongArity(ctx.entry) : ERR.syntax
  const done: { parameter: Parameter; before: string }[] = []
  for (const { parameter, name, text } of takeChanges(ctx, args)) {
    const before = parameter.get()
    const reason = parameter.set(text)
    if (reason === null) {
      done.push({ parameter, before })
      continue
    }
    for (const { parameter: changed, before: old } of done.reverse()) changed.set(old)
    throw notSet(name, reason)
  }
  for (const hook of engine.config.onChange) hook()
  reply.ok()
}

function notSet(name: string, reason: string): ReplyError {
  return replyError(`ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}`)
}

interface Change {
  readonly parameter: Parameter
  /** As it was given: an old name may have been. */
  readonly name: string
  readonly text: string
}

/** The new values in order. An old name beside the new one is no repetition: the last of them holds. */
function takeChanges({ engine, client }: Context, args: Args): Change[] {
  const { config } = engine
  const changes: Change[] = []
  const names = new Set<string>()
  while (args.left > 0) {
    const name = args.bytes().latin1()
    const parameter = config.find(name)
    if (parameter === undefined)
      throw replyError(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`)
    if (parameter.immutable === true) throw notSet(name, "can't set immutable config")
    if (parameter.isProtected === true && !config.mayChangeProtected(client))
      throw notSet(name, "can't set protected config")
    if (names.has(name.toLowerCase())) throw notSet(name, 'duplicate parameter')
    names.add(name.toLowerCase())
    changes.push({ parameter, name, text: args.text() })
  }
  return changes
}

/** Set the counters of INFO back to zero. */
function resetStat({ engine, reply }: Context): void {
  engine.resetStats()
  reply.ok()
}

function rewrite({ engine, reply }: Context): void {
  if (engine.rewriteConfig === null) throw NO_FILE
  const reason = engine.rewriteConfig()
  if (reason !== null) throw replyError(`ERR Rewriting config file: ${reason}`)
  reply.ok()
}

const HELP = [
  'CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'GET <pattern>',
  '    Return parameters matching the glob-like <pattern> and their values.',
  'SET <directive> <value>',
  '    Set the configuration <directive> to <value>.',
  'RESETSTAT',
  '    Reset statistics reported by the INFO command.',
  'REWRITE',
  '    Rewrite the configuration file.',
  'HELP',
  '    Print this help.',
]

function configHelp({ reply }: Context): void {
  reply.statuses(HELP)
}
