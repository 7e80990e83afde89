/* FT.HYBRID's arguments, as Redis 8.4 documents them.
 *
 *      SEARCH query [SCORER name] [YIELD_SCORE_AS name]
 *      VSIM @field $vector [KNN n K k [EF_RUNTIME e]] [RANGE n RADIUS r [EPSILON e]] [YIELD_SCORE_AS name]
 *           [FILTER query [POLICY p] [BATCH_SIZE b]]
 *      [COMBINE RRF n [CONSTANT c] [WINDOW w]] [COMBINE LINEAR n [ALPHA a BETA b] [WINDOW w]] [YIELD_SCORE_AS name]
 *      steps of FT.AGGREGATE, PARAMS, TIMEOUT, NOSORT
 *
 * The counts say how many words follow. YIELD_SCORE_AS may stand among those that are counted, or behind them. */

import { type Args, ReplyError, replyError } from 'redstrata/module'
import type { Settings } from '../settings.ts'
import type { Fusion } from '../score/fusion.ts'
import { badArguments, needBytes, needCount, needNumber, needText } from '../words.ts'
import { AggregateOptions, takeAggregateStep } from './aggregate-options.ts'
import { takeQueryOption } from './query-options.ts'

const KNN_K = 10
const WINDOW = 20
const RRF_CONSTANT = 60
const ALPHA = 0.3
const BETA = 0.7
const WINDOW_MAX = 1_000_000

const HYBRID_ERR = {
  noSearch: new ReplyError('Missing SEARCH argument'),
  noVsim: new ReplyError('Missing VSIM argument'),
  noField: new ReplyError("Invalid vector field name: it must begin with '@'"),
  noK: new ReplyError('Missing required argument K'),
  noRadius: new ReplyError('Missing required argument RADIUS'),
  twice: new ReplyError('COMBINE was given twice'),
} as const

/** What FT.HYBRID was asked for. */
export class HybridOptions extends AggregateOptions {
  field: Buffer = Buffer.from('')
  /** A parameter's name behind `$`, or the vector itself. */
  vector: Buffer = Buffer.from('')
  mode: 'knn' | 'range' = 'knn'
  /** K or the radius. */
  size = KNN_K
  /** EF_RUNTIME and the like, for the vector clause. */
  readonly vectorParameters: [string, string][] = []
  /** A query that vectors must match as well. */
  vectorFilter: Buffer | null = null
  fusion: Fusion = { kind: 'rrf', constant: RRF_CONSTANT }
  window = WINDOW
  /** Names of scores in rows; empty: none, or `__score`. */
  textName = ''
  vectorName = ''
  scoreName = ''
  sorts = true

  constructor(settings: Settings) {
    super(settings)
    this.dialect = 2
    this.scorer = 'BM25STD'
  }
}

/** Read the arguments behind the index. */
export function parseHybrid(args: Args, settings: Settings): HybridOptions {
  const options = new HybridOptions(settings)
  if (!args.word('search')) throw HYBRID_ERR.noSearch
  takeSearch(args, options)
  if (!args.word('vsim')) throw HYBRID_ERR.noVsim
  takeVsim(args, options)
  if (args.word('combine')) takeCombine(args, options)
  while (args.left > 0) {
    if (args.word('nosort')) options.sorts = false
    else if (args.word('combine')) throw HYBRID_ERR.twice
    else if (!takeAggregateStep(args, options, settings) && !takeQueryOption(args, options)) throw unknown(args)
  }
  return options
}

function unknown(args: Args, where = ''): ReplyError {
  return replyError(`Unknown argument \`${args.at(args.position).latin1()}\`${where}`)
}

function takeSearch(args: Args, options: HybridOptions): void {
  options.query = needBytes(args, 'SEARCH')
  for (;;) {
    if (args.word('scorer')) options.scorer = needText(args, 'SCORER')
    else if (args.word('yield_score_as')) options.textName = needText(args, 'YIELD_SCORE_AS')
    else return
  }
}

function takeVsim(args: Args, options: HybridOptions): void {
  const field = needText(args, 'VSIM')
  if (!field.startsWith('@')) throw HYBRID_ERR.noField
  options.field = Buffer.from(field.slice(1), 'latin1')
  options.vector = needBytes(args, 'VSIM')
  if (args.word('knn')) {
    if (!takePairs(args, options, 'KNN', 'k', 'ef_runtime')) throw HYBRID_ERR.noK
  } else if (args.word('range')) {
    options.mode = 'range'
    if (!takePairs(args, options, 'RANGE', 'radius', 'epsilon')) throw HYBRID_ERR.noRadius
  }
  for (;;) {
    if (args.word('yield_score_as')) options.vectorName = needText(args, 'YIELD_SCORE_AS')
    else if (args.word('filter')) takeFilter(args, options)
    else return
  }
}

/** How many words of name and value follow. */
function pairWords(args: Args): number {
  if (args.left === 0) throw replyError('Missing argument count')
  const text = args.bytes().latin1()
  if (!/^\d{1,9}$/.test(text)) throw replyError('Invalid argument count: expected an unsigned integer')
  const count = Number(text)
  if (count === 0 || count % 2 !== 0)
    throw replyError(`Invalid argument count: ${count} (must be a positive even number for key/value pairs)`)
  if (count > args.left) throw badArguments('argument count', 'Expected an argument, but none provided')
  return count
}

/** The pairs of KNN and RANGE; whether the size was among them. */
function takePairs(args: Args, options: HybridOptions, clause: string, size: string, other: string): boolean {
  const end = args.position + pairWords(args) + 1
  let hasSize = false
  while (args.position < end) {
    if (args.word(size)) {
      options.size = size === 'k' ? needCount(args, 'K', 1) : needNumber(args, 'RADIUS')
      hasSize = true
    } else if (args.word(other)) options.vectorParameters.push([other, needText(args, other.toUpperCase())])
    else if (args.word('yield_score_as')) options.vectorName = needText(args, 'YIELD_SCORE_AS')
    else throw unknown(args, ` in ${clause}`)
  }
  return hasSize
}

const POLICIES: Readonly<Record<string, string>> = { ADHOC: 'ADHOC_BF', ADHOC_BF: 'ADHOC_BF', BATCHES: 'BATCHES' }

/** FILTER with a query, or with the number of its words before it. */
function takeFilter(args: Args, options: HybridOptions): void {
  if (args.left === 0) throw replyError('Missing argument count for FILTER')
  const text = args.at(args.position).latin1()
  if (/^\d{1,9}$/.test(text)) {
    args.bytes()
    if (Number(text) > args.left)
      throw replyError(`Not enough arguments in FILTER, specified ${text} but provided only ${args.left}`)
  }
  options.vectorFilter = needBytes(args, 'FILTER')
  for (;;) {
    if (args.word('policy')) {
      const policy = POLICIES[needText(args, 'POLICY').toUpperCase()]
      if (policy === undefined) throw replyError('POLICY: Invalid value for argument')
      options.vectorParameters.push(['hybrid_policy', policy])
    } else if (args.word('batch_size')) options.vectorParameters.push(['batch_size', needText(args, 'BATCH_SIZE')])
    else return
  }
}

function takeCombine(args: Args, options: HybridOptions): void {
  if (args.word('rrf')) takeRrf(args, options)
  else if (args.word('linear')) takeLinear(args, options)
  else throw replyError('COMBINE: Invalid value for argument')
  if (args.word('yield_score_as')) options.scoreName = needText(args, 'YIELD_SCORE_AS')
}

function takeRrf(args: Args, options: HybridOptions): void {
  let constant = RRF_CONSTANT
  for (const end = args.position + pairWords(args) + 1; args.position < end; ) {
    if (args.word('constant')) constant = needNumber(args, 'CONSTANT')
    else if (!takeCommon(args, options)) throw unknown(args, ' in RRF')
  }
  if (!(constant > 0)) throw badArguments('CONSTANT', 'Value is outside acceptable bounds')
  options.fusion = { kind: 'rrf', constant }
}

function takeLinear(args: Args, options: HybridOptions): void {
  let alpha = ALPHA
  let beta = BETA
  for (const end = args.position + pairWords(args) + 1; args.position < end; ) {
    if (args.word('alpha')) alpha = needNumber(args, 'ALPHA')
    else if (args.word('beta')) beta = needNumber(args, 'BETA')
    else if (!takeCommon(args, options)) throw unknown(args, ' in LINEAR')
  }
  options.fusion = { kind: 'linear', alpha, beta }
}

function takeCommon(args: Args, options: HybridOptions): boolean {
  if (args.word('window')) {
    options.window = needCount(args, 'WINDOW', 1)
    if (options.window > WINDOW_MAX) throw badArguments('WINDOW', 'Value is outside acceptable bounds')
  } else if (args.word('yield_score_as')) options.scoreName = needText(args, 'YIELD_SCORE_AS')
  else return false
  return true
}
