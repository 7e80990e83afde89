/* MODULE. */

import { replyError } from '../base/errors.ts'
import type { Args } from '../command/args.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import type { Reply } from '../resp/reply.ts'
import { type Command, sub } from '../command/spec.ts'
import type { Suspended } from '../command/suspend.ts'
import { type LoadedModule, ModuleRegistry } from './host.ts'

export const commands: readonly Command[] = [
  sub('MODULE LIST', 'admin noscript ~nondeterministic_output_order', '', moduleList),
  sub('MODULE LOAD path [arg [arg ...]]', 'admin noscript no_async_loading protected', '', moduleLoad),
  sub(
    'MODULE LOADEX path [CONFIG name value [CONFIG name value ...]] [ARGS args [args ...]]',
    'admin noscript no_async_loading protected',
    '',
    moduleLoadex,
  ),
  sub('MODULE UNLOAD name', 'admin noscript no_async_loading protected', '', moduleUnload),
  sub('MODULE HELP', 'loading stale', '', moduleHelp),
]

/** Finds and loads modules; given by the server, because loading a file is the program's business. */
export abstract class ModuleLoader {
  abstract load(path: string, args: readonly string[]): Promise<LoadedModule>
}

/** Let HELLO tell of modules. */
export function installModules(engine: Engine): void {
  engine.replyModules = reply => replyModules(engine, reply)
  engine.listModules = () => engine.service(ModuleRegistry).loaded
}

function moduleList({ engine, reply }: Context): void {
  replyModules(engine, reply)
}

function replyModules(engine: Engine, reply: Reply): void {
  const { loaded } = engine.service(ModuleRegistry)
  reply.array(loaded.length)
  for (const module of loaded) {
    reply.map(4)
    reply.text('name')
    reply.text(module.name)
    reply.text('ver')
    reply.integer(module.version)
    reply.text('path')
    reply.text(module.path)
    reply.text('args')
    reply.array(module.args.length)
    for (const arg of module.args) reply.text(arg)
  }
}

function moduleLoad(ctx: Context, args: Args): Suspended {
  const path = args.text()
  const words: string[] = []
  while (args.left > 0) words.push(args.text())
  return load(ctx, path, words)
}

function moduleLoadex(ctx: Context, args: Args): Suspended {
  const path = args.text()
  const words: string[] = []
  while (args.left > 0) {
    if (args.left > 2 && args.word('config')) {
      const name = args.text()
      const reason = ctx.engine.config.find(name)?.set(args.text())
      if (reason !== null && reason !== undefined) throw replyError(`ERR Error loading the extension. ${reason}`)
    } else if (args.word('args')) while (args.left > 0) words.push(args.text())
    else throw replyError('ERR syntax error')
  }
  return load(ctx, path, words)
}

const FAILED = replyError('ERR Error loading the extension. Please check the server logs.')

function load(ctx: Context, path: string, words: readonly string[]): Suspended {
  const loader = ctx.engine.service(ModuleLoader)
  return ctx.suspend(finish => {
    loader.load(path, words).then(
      () => finish(reply => reply.ok()),
      () => finish(reply => reply.error(FAILED)), // the loader has logged why
    )
  })
}

function moduleUnload({ engine }: Context, args: Args): void {
  const name = args.text()
  if (engine.service(ModuleRegistry).get(name) === undefined)
    throw replyError('ERR Error unloading module: no such module with that name')
  throw replyError("ERR Error unloading module: the module can't be unloaded while the server runs")
}

function moduleHelp({ reply }: Context): void {
  const lines = [
    'MODULE <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
    'LIST',
    '    Return a list of loaded modules.',
    'LOAD <path> [<arg> ...]',
    '    Load a module library from <path>, passing to it any optional arguments.',
    'LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]',
    '    Load a module library from <path>, while passing it module configurations and optional arguments.',
    'UNLOAD <name>',
    '    Unload a module.',
    'HELP',
    '    Print this help.',
  ]
  reply.statuses(lines)
}
