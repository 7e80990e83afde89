/* FT.ALIASADD, FT.ALIASUPDATE, FT.ALIASDEL and their forgiving forms; FT.ALIASLIST of newer releases. */

import { type Args, type Context, Range } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { FT_ERR } from '../errors.ts'
import { wrongCount } from '../words.ts'
import type { Workspace } from '../workspace.ts'

export function aliasadd(workspace: Workspace, ctx: Context, args: Args): void {
  if (!addAlias(workspace, ctx, args, 'FT.ALIASADD')) throw FT_ERR.aliasExists
  ctx.reply.ok()
}

export function aliasaddifnx(workspace: Workspace, ctx: Context, args: Args): void {
  addAlias(workspace, ctx, args, 'FT._ALIASADDIFNX')
  ctx.reply.ok()
}

/** Add an alias; false when it is taken. */
function addAlias(workspace: Workspace, ctx: Context, args: Args, command: string): boolean {
  const { catalogue } = workspace
  const { alias, index } = readAlias(workspace, args, command)
  if (catalogue.aliased(alias) !== null) return false
  catalogue.addAlias(alias, index)
  workspace.tell(ctx, 'FT._ALIASADDIFNX', args)
  return true
}

function readAlias(workspace: Workspace, args: Args, command: string): { alias: string; index: Index } {
  if (args.left !== 2) throw wrongCount(command)
  const alias = args.bytes().latin1()
  const index = workspace.catalogue.named(args.bytes().latin1())
  if (index === null) throw FT_ERR.unknownAliasTarget
  return { alias, index }
}

export function aliasupdate(workspace: Workspace, ctx: Context, args: Args): void {
  const { alias, index } = readAlias(workspace, args, 'FT.ALIASUPDATE')
  workspace.catalogue.removeAlias(alias)
  workspace.catalogue.addAlias(alias, index)
  workspace.tell(ctx, 'FT.ALIASUPDATE', args)
  ctx.reply.ok()
}

export function aliasdel(workspace: Workspace, ctx: Context, args: Args): void {
  if (args.left !== 1) throw wrongCount('FT.ALIASDEL')
  const alias = args.bytes().latin1()
  if (workspace.catalogue.aliased(alias) === null) throw FT_ERR.noAlias
  workspace.catalogue.removeAlias(alias)
  workspace.tell(ctx, 'FT._ALIASDELIFX', args)
  ctx.reply.ok()
}

export function aliasdelifx(workspace: Workspace, ctx: Context, args: Args): void {
  workspace.catalogue.removeAlias(args.bytes().latin1())
  workspace.tell(ctx, 'FT._ALIASDELIFX', args)
  ctx.reply.ok()
}

export function aliaslist(workspace: Workspace, { reply }: Context, args: Args): void {
  const index = workspace.catalogue.need(args.bytes())
  reply.set(index.aliases.size)
  for (const alias of index.aliases) reply.bulk(Range.of(Buffer.from(alias, 'latin1')))
}
