/* FT.AGGREGATE's arguments: the steps that rows go through, in any order and number, and the cursor.
 *
 *      LOAD 3 @price AS cost   GROUPBY 1 @brand REDUCE COUNT 0 AS n   SORTBY 2 @n DESC MAX 5   LIMIT 0 2
 *      load                    group                                  arrange ───────────────────────────
 *
 * SORTBY and LIMIT with no other step between them are one step. Nothing is looked up here: that there is no such property is
 * found when the pipeline is planned, behind all errors of arguments and of the query. */

import { type Args, replyError } from 'redstrata/module'
import { defaultAlias, isReducer } from '../aggregate/reducers.ts'
import type { ArrangeStep, LoadedField, LoadStep, PlanStep, ReducerCall, SortWord } from '../aggregate/steps.ts'
import { FT_ERR } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { badArguments, NOT_CONVERTIBLE, needCount, needText } from '../words.ts'
import { checkLimit, QueryOptions, takeCommonOption, takeQueryOption, unknownArgument } from './query-options.ts'

/** Steps of a plan, and properties of a SORTBY. */
const STEPS_MAX = 1024
const SORT_KEYS_MAX = 8

/** What FT.AGGREGATE was asked for. */
export class AggregateOptions extends QueryOptions {
  readonly steps: PlanStep[] = []
  noContent = false
  withCursor = false
  /** Rows read from the cursor at a time; 0: as the settings say. */
  cursorCount = 0
  /** How long the cursor may be idle; 0: as the settings say. */
  cursorIdleMs = 0
}

type Takers = Readonly<Record<string, (args: Args, options: AggregateOptions, settings: Settings) => void>>

/** What rows go through, one after another. */
const STEP_TAKERS: Takers = {
  load: (args, options) => options.steps.push(takeLoad(args)),
  groupby: takeGroup,
  apply: takeApply,
  filter: (args, options) => options.steps.push({ kind: 'filter', text: needText(args, 'APPLY/FILTER') }),
}

const ARRANGE_TAKERS: Takers = { sortby: takeSortBy, limit: takeLimit, withcursor: takeCursor }

/** What says how the query is read and answered. */
const QUERY_TAKERS: Takers = {
  addscores: (_, options) => (options.addsScores = true),
  nocontent: (_, options) => (options.noContent = true),
  withcount: () => {},
  withoutcount: () => {},
  return: refuse('RETURN'),
  highlight: refuse('HIGHLIGHT'),
  summarize: refuse('SUMMARIZE'),
}

function refuse(option: string): () => never {
  return () => {
    throw replyError(`${option} is not supported on FT.AGGREGATE`)
  }
}

/** Read the arguments from the query on: those of the query stand before the first step. */
export function parseAggregate(args: Args, settings: Settings): AggregateOptions {
  const options = new AggregateOptions(settings)
  if (args.left === 0) throw FT_ERR.noQuery
  const queryAt = args.position
  options.query = args.bytes().copy()
  let isQuery = true
  while (args.left > 0) {
    if (take(ARRANGE_TAKERS, args, options, settings) || takeCommonOption(args, options)) continue
    if (take(STEP_TAKERS, args, options, settings)) isQuery = false
    else if (!isQuery || !(take(QUERY_TAKERS, args, options, settings) || takeQueryOption(args, options)))
      throw unknownArgument(args, queryAt)
  }
  if (options.countsOnly) options.noContent = true
  return options
}

/** Take a step, or what goes with one, that is the next argument; false when the word is none. */
export function takeAggregateStep(args: Args, options: AggregateOptions, settings: Settings): boolean {
  return take(STEP_TAKERS, args, options, settings) || take(ARRANGE_TAKERS, args, options, settings)
}

function take(takers: Takers, args: Args, options: AggregateOptions, settings: Settings): boolean {
  const taker = takers[args.at(args.position).latin1().toLowerCase()]
  if (taker === undefined) return false
  args.bytes()
  taker(args, options, settings)
  if (options.steps.length > STEPS_MAX) throw replyError('Too many steps')
  return true
}

/** So many words behind a count. */
function takeWords(args: Args, what: string): string[] {
  const count = needCount(args, what)
  if (count > args.left) throw badArguments(what, 'Expected an argument, but none provided')
  return Array.from({ length: count }, () => args.bytes().latin1())
}

function isWord(word: string | undefined, wanted: string): boolean {
  return word !== undefined && word.toUpperCase() === wanted
}

function withoutAt(word: string): string {
  return word.startsWith('@') ? word.slice(1) : word
}

function takeLoad(args: Args): LoadStep {
  if (args.left > 0 && args.at(args.position).latin1() === '*') {
    args.bytes()
    return { kind: 'load', everything: true, fields: [] }
  }
  if (args.left > 0 && !/^[-+]?\d+$/.test(args.at(args.position).latin1()))
    throw badArguments('LOAD', 'Expected number of fields or `*`')
  const words = takeWords(args, 'LOAD')
  const fields: LoadedField[] = []
  for (let i = 0; i < words.length; i++) {
    const path = withoutAt(words[i]!)
    let name = path
    if (isWord(words[i + 1], 'AS')) {
      if (words[i + 2] === undefined) throw replyError('LOAD path AS name - must be accompanied with NAME')
      name = words[i + 2]!
      i += 2
    }
    fields.push({ path, name })
  }
  return { kind: 'load', everything: false, fields }
}

function takeGroup(args: Args, options: AggregateOptions): void {
  const properties = takeWords(args, 'GROUPBY').map(word => {
    if (!word.startsWith('@')) throw badArguments('GROUPBY', `Unknown property \`${word}\`. Did you mean \`@${word}\`?`)
    return word.slice(1)
  })
  const reducers: ReducerCall[] = []
  while (args.word('reduce')) {
    const name = needText(args, 'REDUCE')
    if (!isReducer(name)) throw replyError(`No such reducer: ${name}`)
    const words = takeWords(args, name)
    const alias = args.word('as') ? needText(args, 'AS') : defaultAlias(name, words)
    reducers.push({ name, words, alias })
    if (reducers.length > STEPS_MAX) throw replyError('Too many reducers')
  }
  options.steps.push({ kind: 'group', properties, reducers })
}

function takeApply(args: Args, options: AggregateOptions): void {
  const text = needText(args, 'APPLY/FILTER')
  let name = text
  if (args.word('as')) {
    if (args.left === 0) throw replyError('AS needs argument')
    name = args.bytes().latin1()
  }
  options.steps.push({ kind: 'apply', text, name })
}

/** The step that SORTBY and LIMIT belong to. */
function arrangeStep(options: AggregateOptions): ArrangeStep {
  const last = options.steps.at(-1)
  if (last?.kind === 'arrange') return last
  const step: ArrangeStep = { kind: 'arrange', keys: null, offset: 0, limit: -1 }
  options.steps.push(step)
  return step
}

function takeSortBy(args: Args, options: AggregateOptions): void {
  const step = arrangeStep(options)
  if (step.keys !== null) throw FT_ERR.severalSortSteps
  const keys: { name: string; ascending: boolean }[] = []
  for (const word of takeWords(args, 'SORTBY')) {
    const last = keys.at(-1)
    if (word.startsWith('@')) keys.push({ name: word.slice(1), ascending: true })
    else if (!isWord(word, 'ASC') && !isWord(word, 'DESC'))
      throw replyError(`MISSING ASC or DESC after sort field (${word})`)
    else if (last !== undefined) last.ascending = isWord(word, 'ASC')
  }
  if (keys.length > SORT_KEYS_MAX) throw replyError(`Cannot sort by more than ${SORT_KEYS_MAX} fields`)
  step.keys = keys satisfies SortWord[]
  if (!args.word('max')) return
  const most = args.left > 0 ? args.bytes().latin1() : ''
  // The real module says so of a missing and of a negative number too.
  if (!/^\+?\d+$/.test(most) || Number(most) > 0xffffffff) throw badArguments('MAX', NOT_CONVERTIBLE)
  step.limit = Number(most) === 0 ? -1 : Number(most)
}

function takeLimit(args: Args, options: AggregateOptions, settings: Settings): void {
  if (args.left < 2) throw FT_ERR.limitArguments
  const step = arrangeStep(options)
  const offset = args.int(FT_ERR.limitNumbers)
  const limit = args.int(FT_ERR.limitNumbers)
  checkLimit(options, offset, limit, settings.aggregateResultsMax, settings.searchResultsMax)
  step.offset = offset
  step.limit = limit
}

function takeCursor(args: Args, options: AggregateOptions): void {
  options.withCursor = true
  for (;;) {
    if (args.word('count')) options.cursorCount = needCount(args, 'COUNT', 1)
    else if (args.word('maxidle')) options.cursorIdleMs = needCount(args, 'MAXIDLE', 1)
    else return
  }
}
