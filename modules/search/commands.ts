/* The commands of the Search module. */

import { type Args, type Command, type Context, cmd, type Suspended } from 'redstrata/module'
import { create, dropindex, list } from './commands/create.ts'
import { explainLines, explainQuery } from './commands/explain.ts'
import { info } from './commands/info.ts'
import { profile } from './commands/profile.ts'
import { search } from './commands/search.ts'
import type { Workspace } from './workspace.ts'

// biome-ignore lint/suspicious/noConfusingVoidType: most handlers return nothing at all
type SearchHandler = (workspace: Workspace, ctx: Context, args: Args) => void | Suspended

/** The name of an index stands where others have a key. */
const INDEX = 'RW access update@1'

/** The commands of one server, over its workspace. */
export function searchCommands(workspace: Workspace): readonly Command[] {
  const on = (synopsis: string, flags: string, keys: string, handler: SearchHandler): Command =>
    cmd(synopsis, flags, keys, (ctx, args) => handler(workspace, ctx, args))
  return [
    on('FT.CREATE index arg arg arg [arg ...]', 'write denyoom', INDEX, create),
    on('FT.DROPINDEX index [DD]', 'write', INDEX, dropindex),
    on('FT._LIST [arg ...]', 'read', '', list),
    on('FT.INFO index', 'read', INDEX, info),
    on('FT.SEARCH index [arg ...]', 'read', INDEX, search),
    on('FT.PROFILE index arg arg arg [arg ...]', 'read', INDEX, profile),
    on('FT.EXPLAIN index query [arg ...]', 'read', INDEX, explainQuery),
    on('FT.EXPLAINCLI index query [arg ...]', 'read', INDEX, explainLines),
  ]
}
