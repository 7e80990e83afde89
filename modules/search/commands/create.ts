/* FT.CREATE, FT.DROPINDEX, FT._LIST. */

import type { Args, Context } from 'redstrata/module'
import { FT_ERR } from '../errors.ts'
import { parseSchema } from '../schema/parse.ts'
import { wrongCount } from '../words.ts'
import type { Workspace } from '../workspace.ts'

export function create(workspace: Workspace, { db, reply }: Context, args: Args): void {
  if (db.number !== 0) throw FT_ERR.otherDatabase
  const name = args.bytes().copy()
  if (workspace.catalogue.named(name.latin1Slice()) !== null) throw FT_ERR.indexExists
  workspace.create(parseSchema(args, name))
  reply.ok()
}

export function dropindex(workspace: Workspace, { db, reply }: Context, args: Args): void {
  if (args.argc > 3) throw wrongCount('FT.DROPINDEX')
  const index = workspace.catalogue.need(args.bytes(), FT_ERR.unknownIndexToDrop)
  if (args.word('dd')) workspace.deleteDocuments(db, index)
  workspace.drop(index)
  reply.ok()
}

export function list(workspace: Workspace, { reply }: Context): void {
  const names = [...workspace.catalogue.all()].map(index => index.name)
  reply.set(names.length)
  for (const name of names) reply.status(name)
}
