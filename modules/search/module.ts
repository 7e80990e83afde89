/* The Search module -- indexes over hashes and JSON documents, queries, aggregations, as RediSearch has them.
 *
 *   text/ index/ query/ iterators/ plan/ score/     words, structures, the query language and how it is answered      pure
 *   expression/ aggregate/                          the language of APPLY and FILTER; aggregation over lanes of values     pure
 *   schema/ ingest/                                 what an index takes in, and how it goes along with the keys
 *   results/                                        what of a document is returned
 *   suggest/                                        completions of prefixes, under keys of their own
 *   catalogue.ts workspace.ts settings.ts           what one server keeps
 *   commands.ts                                     the table of commands; commands/ what they do */

import { EVENT, type Module, replyError } from 'redstrata/module'
import { searchCommands } from './commands.ts'
import { suggestCommands } from './commands/suggest.ts'
import { addSections } from './info.ts'
import { auxData } from './persist.ts'
import { settingParameters, takeArguments } from './settings.ts'
import { suggestionType } from './suggest/value.ts'
import { Workspace } from './workspace.ts'
import { SEARCH_DOCS } from './docs.ts'

/** 2.10.32. */
const VERSION = 21032

export default {
  name: 'search',
  version: VERSION,
  load(host, args) {
    const workspace = new Workspace(host)
    takeArguments(workspace.options, args)
    host.config(settingParameters(workspace.options))
    const suggestions = suggestCommands(host.type(suggestionType))
    host.commands([...searchCommands(workspace), ...suggestions], {
      docs: SEARCH_DOCS,
      // The real module names itself as it is written in the manual.
      arityError: entry => replyError(`ERR wrong number of arguments for '${entry.name.toUpperCase()}' command`),
    })
    for (const data of auxData(workspace)) host.aux(data)
    addSections(host, workspace, VERSION)
    // The real module opens every key that is restored, and with that the idle time given to RESTORE is over.
    host.onKey(EVENT.generic, (db, _, event, key) => {
      if (event !== 'restore') return
      const record = db.find(key)
      if (record !== 0) db.touch(record)
    })
    host.onStop(() => {
      workspace.clear()
      workspace.upkeep.finish()
      workspace.tokenizer.free()
    })
  },
} satisfies Module
