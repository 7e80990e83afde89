/* FT.TAGVALS -- the values of a TAG field. */

import { type Args, type Context, Range } from 'redstrata/module'
import { FT_ERR } from '../errors.ts'
import { fieldNamed } from '../schema/schema.ts'
import type { Workspace } from '../workspace.ts'

export function tagvals(workspace: Workspace, { reply }: Context, args: Args): void {
  const index = workspace.catalogue.need(args.bytes(), FT_ERR.unknownIndexToDrop)
  const field = fieldNamed(index.schema, args.bytes().copy())
  if (field === null) throw FT_ERR.noField
  const { tags } = index.structures.fields[field.number]!
  if (field.kind !== 'tag') throw FT_ERR.notTag
  const values = tags?.values
  const value = new Range()
  const count = values?.count ?? 0
  reply.set(count)
  // A value that only dead documents have is named until they are swept, as by the real module.
  for (let i = 0; i < count; i++) reply.bulk(values!.key(values!.dict.at(i), value))
}
