/* FT.SPELLCHECK -- for each word of a query that no document holds, words near it that some do.
 *
 *      FT.SPELLCHECK idx "lantrn" TERMS INCLUDE extra         lantern 1     held by all documents
 *                                                              lanten  0     only in the dictionary
 *
 * A word of the index scores the part of the documents that hold it. A word that is in the index, or in a dictionary
 * that is excluded, is right and is not mentioned. The words of a query count wherever they stand; stop words too. */

import { type Args, type Context, replyError, type Suspended } from 'redstrata/module'
import { FT_ERR } from '../errors.ts'
import { prepareQuery } from '../plan/prepare.ts'
import { runJob } from '../plan/slices.ts'
import { SpellJob, type SpellOptions } from '../results/spell-job.ts'
import { ENGLISH } from '../text/stem/stemmers.ts'
import { NO_STOP_WORDS } from '../text/stop-words.ts'
import type { Workspace } from '../workspace.ts'
import { takeDialect, takeParameters } from './query-options.ts'

const DISTANCE_MAX = 4
const NO_TIMEOUT = 0

const SPELL_ERR = {
  noDistance: replyError('DISTANCE arg is given but no DISTANCE comes after'),
  badDistance: replyError(`bad distance given, distance must be a natural number between 1 to ${DISTANCE_MAX}`),
  noTerms: replyError('TERM arg is given but no TERM params comes after'),
  badTerms: replyError('bad format, exlude/include operation was not given'),
} as const

interface Options extends SpellOptions {
  dialect: number
  readonly parameters: Map<string, Buffer>
}

// biome-ignore lint/suspicious/noConfusingVoidType: a long check waits
export function spellcheck(workspace: Workspace, ctx: Context, args: Args): void | Suspended {
  const index = workspace.catalogue.need(args.bytes(), FT_ERR.unknownIndexToDrop)
  const query = args.bytes().copy()
  const options = readOptions(workspace, args)
  const root = prepareQuery(
    query,
    index,
    {
      dialect: options.dialect,
      parameters: options.parameters,
      stopWords: NO_STOP_WORDS,
      verbatim: true,
      language: ENGLISH,
      expander: '',
    },
    workspace.stemmers,
  )
  return runJob(workspace, ctx, new SpellJob(index, root, options), NO_TIMEOUT)
}

/** Unknown words among the options are passed over, as by the real module. */
function readOptions(workspace: Workspace, args: Args): Options {
  const options: Options = {
    distance: 1,
    dialect: workspace.settings.defaultDialect,
    parameters: new Map(),
    excluded: new Set(),
    included: new Set(),
  }
  while (args.left > 0)
    if (args.word('distance')) options.distance = readDistance(args)
    else if (args.word('dialect')) takeDialect(args, options)
    else if (args.word('params')) takeParameters(args, options)
    else if (args.word('terms')) readTerms(workspace, args, options)
    else args.bytes()
  return options
}

function readDistance(args: Args): number {
  if (args.left === 0) throw SPELL_ERR.noDistance
  const distance = args.int(SPELL_ERR.badDistance)
  if (distance < 1 || distance > DISTANCE_MAX) throw SPELL_ERR.badDistance
  return distance
}

function readTerms(workspace: Workspace, args: Args, options: Options): void {
  if (args.left < 2) throw SPELL_ERR.noTerms
  const excludes = args.word('exclude')
  if (!excludes && !args.word('include')) throw SPELL_ERR.badTerms
  const name = args.bytes().latin1()
  const words = workspace.dictionaries.get(name)
  if (words === undefined) throw replyError(`Dict does not exist: ${name}`)
  if (excludes) options.excluded.add(words)
  else options.included.add(words)
}
