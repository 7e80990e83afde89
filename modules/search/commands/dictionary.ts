/* FT.DICTADD, FT.DICTDEL, FT.DICTDUMP -- lists of words for FT.SPELLCHECK. */

import { type Args, type Context, Range, replyError } from 'redstrata/module'
import type { Workspace } from '../workspace.ts'

const NO_DICTIONARY = replyError('could not open dict key')

export function dictadd(workspace: Workspace, ctx: Context, args: Args): void {
  const name = args.bytes().latin1()
  let words = workspace.dictionaries.get(name)
  if (words === undefined) workspace.dictionaries.set(name, (words = new Set()))
  const before = words.size
  while (args.left > 0) words.add(args.bytes().latin1())
  workspace.tell(ctx, 'FT.DICTADD', args)
  ctx.reply.integer(words.size - before)
}

export function dictdel(workspace: Workspace, ctx: Context, args: Args): void {
  const words = workspace.dictionaries.get(args.bytes().latin1())
  let deleted = 0
  while (args.left > 0) {
    const word = args.bytes().latin1()
    if (words?.delete(word) === true) deleted++
  }
  workspace.tell(ctx, 'FT.DICTDEL', args)
  ctx.reply.integer(deleted)
}

export function dictdump(workspace: Workspace, { reply }: Context, args: Args): void {
  const words = workspace.dictionaries.get(args.bytes().latin1())
  if (words === undefined) throw NO_DICTIONARY
  const sorted = [...words].sort()
  reply.set(sorted.length)
  for (const word of sorted) reply.bulk(Range.of(Buffer.from(word, 'latin1')))
}
