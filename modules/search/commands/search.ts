/* FT.SEARCH -- find documents, and return the best of them. */

import type { Args, Context, Suspended } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import { FT_ERR } from '../errors.ts'
import { checkOrder } from '../plan/order.ts'
import { prepareQuery } from '../plan/prepare.ts'
import { runJob } from '../plan/slices.ts'
import type { Node } from '../query/ast.ts'
import { checkNamedFields } from '../results/fields.ts'
import { SearchJob } from '../results/search-job.ts'
import { NO_STOP_WORDS } from '../text/stop-words.ts'
import type { Workspace } from '../workspace.ts'
import { checkFormat, languageOf, type QueryOptions, scorerOf, withFilters } from './query-options.ts'
import { parseSearch, type SearchOptions } from './search-options.ts'

// biome-ignore lint/suspicious/noConfusingVoidType: a long search waits
export function search(workspace: Workspace, ctx: Context, args: Args): void | Suspended {
  const start = workspace.host.clock.microseconds()
  const name = args.bytes()
  const options = parseSearch(args, workspace.settings)
  return searchIn(workspace, ctx, workspace.catalogue.needForQuery(name), options, start)
}

/** FT.SEARCH in an index that was found. @param start microseconds when the command began. */
export function searchIn(
  workspace: Workspace,
  ctx: Context,
  index: Index,
  options: SearchOptions,
  start: number,
  // biome-ignore lint/suspicious/noConfusingVoidType: a long search waits
): void | Suspended {
  const { clock } = workspace.host
  const job = new SearchJob(workspace, ctx, index, readSearch(workspace, ctx, index, options), options)
  noteUse(index, options.dialect, ctx.nowMs)
  return runJob(workspace, ctx, job, timeLeft(options.timeoutMs, clock.microseconds() - start))
}

/** What is left of a query's time when it was read; 0 still means without end. */
export function timeLeft(timeoutMs: number, spentMicros: number): number {
  return timeoutMs === 0 ? 0 : Math.max(0.001, timeoutMs - spentMicros / 1000)
}

/** Check a search's options against its index, and read its query. @throws ReplyError */
export function readSearch(workspace: Workspace, ctx: Context, index: Index, options: SearchOptions): Node | null {
  checkFormat(options, index.schema, ctx.reply.protocol)
  if (options.marks && !index.schema.rules.highlights) throw FT_ERR.noHighlights
  checkNamedFields(options.fields, index.schema)
  return readQuery(workspace, index, options)
}

/** The tree of a query with its filters; null when it can match nothing. @throws ReplyError */
export function readQuery(workspace: Workspace, index: Index, options: QueryOptions): Node | null {
  const language = languageOf(options, index.schema)
  scorerOf(options)
  const { dialect, parameters, verbatim, expander } = options
  const stopWords = options.keepsStopWords ? NO_STOP_WORDS : index.schema.rules.stopWords
  const reading = { dialect, parameters, stopWords, verbatim, language, expander }
  const root = prepareQuery(options.query, index, reading, workspace.stemmers)
  if (root !== null) checkOrder(root, options.slop >= 0 || options.inOrder, index.schema, workspace.host)
  return withFilters(root, options)
}

/** Count a query: FT.INFO and TEMPORARY know when an index was used last. */
export function noteUse(index: Index, dialect: number, nowMs: number): void {
  index.usedAtMs = nowMs
  index.queries++
  index.dialectUses[dialect]!++
}
