/* FT.SYNUPDATE, FT.SYNDUMP; FT.SYNADD, which gave groups numbers once, and refers to its successor. */

import { type Args, type Context, Range, ReplyError } from 'redstrata/module'
import { wrongCount } from '../words.ts'
import type { Workspace } from '../workspace.ts'

export function synupdate(workspace: Workspace, ctx: Context, args: Args): void {
  const index = workspace.catalogue.need(args.bytes())
  const group = args.bytes().copy()
  const skips = args.word('skipinitialscan')
  if (args.left === 0) throw wrongCount('FT.SYNUPDATE')
  const words: Buffer[] = []
  while (args.left > 0) words.push(args.bytes().copy())
  index.structures.synonyms.add(group, words)
  if (!skips) workspace.reindex(index)
  workspace.tell(ctx, 'FT.SYNUPDATE', args)
  ctx.reply.ok()
}

export function syndump(workspace: Workspace, { reply }: Context, args: Args): void {
  const index = workspace.catalogue.need(args.bytes())
  const { groupsOf } = index.structures.synonyms
  reply.map(groupsOf.size)
  for (const [word, groups] of groupsOf) {
    reply.bulk(Range.of(Buffer.from(word, 'latin1')))
    reply.array(groups.length)
    for (const group of groups) reply.bulk(Range.of(Buffer.from(group, 'latin1')))
  }
}

const NO_SYNADD = new ReplyError('No longer supported, use FT.SYNUPDATE')

export function synadd(): never {
  throw NO_SYNADD
}
