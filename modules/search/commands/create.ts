/* FT.CREATE, FT.ALTER, FT.DROPINDEX, FT._LIST, and the forms of them that old clients send. */

import type { Args, Context, Suspended } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { FT_ERR } from '../errors.ts'
import { parseFields, parseSchema } from '../schema/parse.ts'
import { type Field, fieldNamed, type Schema } from '../schema/schema.ts'
import { wrongCount } from '../words.ts'
import type { Workspace } from '../workspace.ts'

// biome-ignore lint/suspicious/noConfusingVoidType: what handlers return
type Handled = void | Suspended

export function create(workspace: Workspace, ctx: Context, args: Args): void {
  if (ctx.db.number !== 0) throw FT_ERR.otherDatabase
  const name = args.bytes().copy()
  if (workspace.catalogue.named(name.latin1Slice()) !== null) throw FT_ERR.indexExists
  workspace.create(parseSchema(args, name))
  workspace.tell(ctx, 'FT._CREATEIFNX', args)
  ctx.reply.ok()
}

export function createifnx(workspace: Workspace, ctx: Context, args: Args): void {
  const isThere = workspace.catalogue.named(args.at(1).latin1()) !== null
  if (isThere) ctx.reply.ok()
  else create(workspace, ctx, args)
}

export function alter(workspace: Workspace, ctx: Context, args: Args): void {
  alterIndex(workspace, ctx, args, 'FT.ALTER', false)
  ctx.reply.ok()
}

export function alterifnx(workspace: Workspace, ctx: Context, args: Args): void {
  alterIndex(workspace, ctx, args, 'FT._ALTERIFNX', true)
  ctx.reply.ok()
}

/** Add fields; with `forgiving` nothing happens when the first one is there. */
function alterIndex(workspace: Workspace, ctx: Context, args: Args, command: string, forgiving: boolean): void {
  const index = workspace.catalogue.need(args.bytes())
  const skips = args.word('skipinitialscan')
  if (!args.word('schema')) throw FT_ERR.noSchemaWord
  if (!args.word('add')) throw FT_ERR.alterAction
  if (args.left < 2) throw wrongCount(command)
  const first = args.at(args.position)
  if (forgiving && fieldNamed(index.schema, first.copy()) !== null) return
  const fields: (typeof index.schema.fields)[number][] = []
  parseFields(args, index.schema, fields)
  checkWidth(index.schema, fields)
  workspace.checkFields(index.schema, fields)
  workspace.addFields(index, fields, !skips)
  workspace.tell(ctx, 'FT._ALTERIFNX', args)
}

/** TEXT fields of an index that was not made for more. */
const NARROW_MAX = 32

/** An index with few TEXT fields does not grow beyond 32 of them, unless MAXTEXTFIELDS was said. */
function checkWidth({ rules, fields }: Schema, added: readonly Field[]): void {
  const texts = (list: readonly Field[]) => list.filter(field => field.kind === 'text').length
  const before = texts(fields)
  if (!rules.maxTextFields && before <= NARROW_MAX && before + texts(added) > NARROW_MAX) throw FT_ERR.tooManyTexts
}

export function dropindex(workspace: Workspace, ctx: Context, args: Args): Handled {
  if (args.argc > 3) throw wrongCount('FT.DROPINDEX')
  const index = workspace.catalogue.need(args.bytes(), FT_ERR.unknownIndexToDrop)
  return dropIndex(workspace, ctx, index, args.word('dd'))
}

/** How long documents are deleted before others are served. */
const DELETE_MICROS = 5000

/** Drop an index. Its documents are deleted by commands of their own, which are told of by themselves. */
function dropIndex(workspace: Workspace, ctx: Context, index: Index, withDocuments: boolean): Handled {
  workspace.told(ctx, 'FT._DROPINDEXIFX', index.schema.name)
  if (!withDocuments) workspace.drop(index)
  else {
    const micros = ctx.mayBlock ? DELETE_MICROS : Number.POSITIVE_INFINITY
    const goOn = workspace.dropWithDocuments(ctx.db, index, micros)
    if (goOn !== null) return ctx.suspend(finish => goOn(() => finish(reply => reply.ok())))
  }
  ctx.reply.ok()
}

export function dropindexifx(workspace: Workspace, ctx: Context, args: Args): Handled {
  if (workspace.catalogue.find(args.at(1)) !== null) return dropindex(workspace, ctx, args)
  ctx.reply.ok()
}

/** The old form deletes the documents unless it is told not to. */
export function drop(workspace: Workspace, ctx: Context, args: Args): Handled {
  if (args.argc > 3) throw wrongCount('FT.DROP')
  const index = workspace.catalogue.need(args.bytes(), FT_ERR.unknownIndexToDrop)
  return dropIndex(workspace, ctx, index, !args.word('keepdocs'))
}

export function dropifx(workspace: Workspace, ctx: Context, args: Args): Handled {
  if (workspace.catalogue.find(args.at(1)) !== null) return drop(workspace, ctx, args)
  ctx.reply.ok()
}

export function list(workspace: Workspace, { reply }: Context): void {
  reply.set(workspace.catalogue.size)
  for (const index of workspace.catalogue.all()) reply.status(index.name)
}
