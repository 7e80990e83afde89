/* The commands of the Search module. */

import { type Args, type Command, type Context, cmd, type Suspended } from 'redstrata/module'
import { explainLines, explainQuery } from './commands/explain.ts'
import { info } from './commands/info.ts'
import { profile } from './commands/profile.ts'
import { aggregate, cursor } from './commands/aggregate.ts'
import { aliasadd, aliasaddifnx, aliasdel, aliasdelifx, aliaslist, aliasupdate } from './commands/alias.ts'
import { config } from './commands/config.ts'
import {
  alter,
  alterifnx,
  create,
  createifnx,
  drop,
  dropifx,
  dropindex,
  dropindexifx,
  list,
} from './commands/create.ts'
import { debugCommands } from './commands/debug.ts'
import { dictadd, dictdel, dictdump } from './commands/dictionary.ts'
import { add, del, get, mget } from './commands/legacy.ts'
import { hybrid } from './commands/hybrid.ts'
import { search } from './commands/search.ts'
import { spellcheck } from './commands/spellcheck.ts'
import { synadd, syndump, synupdate } from './commands/synonyms.ts'
import { tagvals } from './commands/tags.ts'
import type { Workspace } from './workspace.ts'

// biome-ignore lint/suspicious/noConfusingVoidType: most handlers return nothing at all
type SearchHandler = (workspace: Workspace, ctx: Context, args: Args) => void | Suspended

/** The name of an index stands where others have a key. */
const INDEX = 'RW access update@1'
/** An alias and an index. */
const TWO = 'RW access update@1..1'

/** The commands of one server, over its workspace. */
export function searchCommands(workspace: Workspace): readonly Command[] {
  const on = (synopsis: string, flags: string, keys: string, handler: SearchHandler): Command =>
    cmd(synopsis, flags, keys, (ctx, args) => handler(workspace, ctx, args))
  return [
    on('FT.CREATE index arg arg arg [arg ...]', 'write denyoom', INDEX, create),
    on('FT.ALTER index arg arg arg [arg ...]', 'write', INDEX, alter),
    on('FT.DROPINDEX index [DD]', 'write', INDEX, dropindex),
    on('FT._LIST [arg ...]', 'read', '', list),
    on('FT.INFO index', 'read', INDEX, info),
    on('FT.ALIASADD alias index', 'read', TWO, aliasadd),
    on('FT.ALIASUPDATE alias index', 'read', TWO, aliasupdate),
    on('FT.ALIASDEL alias', 'read', INDEX, aliasdel),
    on('FT.ALIASLIST index', 'read', INDEX, aliaslist),
    on('FT.TAGVALS index field_name', 'read', INDEX, tagvals),
    on('FT.SYNUPDATE index synonym_group_id [SKIPINITIALSCAN] term [term ...]', 'write', INDEX, synupdate),
    on('FT.SYNDUMP index', 'read', INDEX, syndump),
    on('FT.DICTADD dict term [term ...]', 'read', '', dictadd),
    on('FT.DICTDEL dict term [term ...]', 'read', '', dictdel),
    on('FT.DICTDUMP dict', 'read', '', dictdump),
    on('FT.SPELLCHECK index query [arg ...]', 'read', INDEX, spellcheck),
    on('FT.CONFIG action option [value]', 'read', '', config),
    on('FT.SEARCH index [arg ...]', 'read', INDEX, search),
    on('FT.AGGREGATE index [arg ...]', 'read', INDEX, aggregate),
    on('FT.HYBRID index SEARCH query VSIM field vector [arg ...]', 'read', INDEX, hybrid),
    on('FT.CURSOR action index cursor_id [arg ...]', 'read', 'RW access update@2', cursor),
    on('FT.PROFILE index arg arg arg [arg ...]', 'read', INDEX, profile),
    on('FT.EXPLAIN index query [arg ...]', 'read', INDEX, explainQuery),
    on('FT.EXPLAINCLI index query [arg ...]', 'read', INDEX, explainLines),
    ...debugCommands(workspace),
    // What old clients send, and the forms in which the commands above are propagated.
    on('FT._CREATEIFNX index arg arg arg [arg ...]', 'write denyoom', INDEX, createifnx),
    on('FT._ALTERIFNX index arg arg arg [arg ...]', 'write', INDEX, alterifnx),
    on('FT._DROPINDEXIFX index [DD]', 'write', INDEX, dropindexifx),
    on('FT._ALIASADDIFNX alias index', 'read', TWO, aliasaddifnx),
    on('FT._ALIASDELIFX alias', 'read', INDEX, aliasdelifx),
    on('FT.DROP index [KEEPDOCS]', 'write', INDEX, drop),
    on('FT._DROPIFX index [KEEPDOCS]', 'write', INDEX, dropifx),
    on('FT.SYNADD [arg ...]', 'write', '', synadd),
    on('FT.ADD index key score [arg ...]', 'write denyoom', INDEX, add),
    on('FT.SAFEADD index key score [arg ...]', 'write denyoom', INDEX, add),
    on('FT.GET index key', 'read', INDEX, get),
    on('FT.MGET index key [key ...]', 'read', INDEX, mget),
    on('FT.DEL index key [DD]', 'write', INDEX, del),
  ]
}
