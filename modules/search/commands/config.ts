/* FT.CONFIG GET, SET, HELP. */

import { type Args, type Context, type Reply, replyError } from 'redstrata/module'
import { FT_ERR } from '../errors.ts'
import { type Option, optionNamed } from '../settings.ts'
import type { Workspace } from '../workspace.ts'

export function config(workspace: Workspace, { reply }: Context, args: Args): void {
  const action = args.lower()
  const name = args.bytes().latin1()
  switch (action) {
    case 'get':
      get(chosen(workspace.options, name), reply)
      return
    case 'help':
      help(chosen(workspace.options, name), reply)
      return
    case 'set':
      set(workspace.options, name, args, reply)
      return
    default:
      reply.status('No such configuration action')
  }
}

function chosen(options: readonly Option[], name: string): readonly Option[] {
  if (name === '*') return options
  const option = optionNamed(options, name)
  return option === null ? [] : [option]
}

function get(options: readonly Option[], reply: Reply): void {
  if (reply.protocol === 3) reply.map(options.length)
  else reply.array(options.length)
  for (const option of options) {
    if (reply.protocol === 2) reply.array(2)
    reply.status(option.name)
    value(option, reply)
  }
}

function value(option: Option, reply: Reply): void {
  const text = option.get()
  if (text === null) reply.null()
  else reply.text(text)
}

function help(options: readonly Option[], reply: Reply): void {
  if (reply.protocol === 3) reply.map(options.length)
  else reply.array(options.length)
  for (const option of options) {
    if (reply.protocol === 2) reply.array(5)
    reply.status(option.name)
    if (reply.protocol === 3) reply.map(2)
    reply.status('Description')
    reply.status(option.help)
    reply.status('Value')
    value(option, reply)
  }
}

const NOT_MODIFIABLE = replyError('Not modifiable at runtime')

function set(options: readonly Option[], name: string, args: Args, reply: Reply): void {
  const option = optionNamed(options, name)
  if (option === null) throw FT_ERR.invalidOption
  if (option.isFixed) throw NOT_MODIFIABLE
  if (args.left === 0) throw FT_ERR.noArgument
  const reason = option.set(args.bytes().latin1())
  if (reason !== null) throw replyError(reason)
  if (args.left > 0) reply.status('EXCESSARGS')
  else reply.ok()
}
