/* TS.QUERYINDEX, TS.QUERYLABELS, TS.MGET, TS.MRANGE and TS.MREVRANGE -- series by their labels. */

import type { Args, Context } from 'redstrata/module'
import type { Aggregator } from '../aggregate/aggregator.ts'
import { aggregatorOf, isReducer } from '../aggregate/table.ts'
import { TS_ERR } from '../errors.ts'
import { type LabelFilter, parseFilter, selects } from '../filter.ts'
import { labelOf } from '../labels.ts'
import { replyBytes, replyLabels, replyRows } from '../output.ts'
import { type QueryOptions, readQuery } from '../query-options.ts'
import { appendRows, reduceParts } from '../range/join.ts'
import { collect } from '../range/query.ts'
import { VALUES_MAX } from '../range/rows.ts'
import { latestOf } from '../rules.ts'
import type { Series } from '../series.ts'
import { keyOf, type Shelf } from '../shelf.ts'
import { placeOf, wrongArity } from '../words.ts'
import { replyNewest, replyRange } from './range.ts'

/** Words that end the list behind SELECTED_LABELS. */
const KEYWORDS: readonly string[] = [
  'aggregation',
  'align',
  'buckettimestamp',
  'count',
  'empty',
  'excludeempty',
  'filter',
  'filter_by_ts',
  'filter_by_value',
  'groupby',
  'latest',
  'reduce',
  'withlabels',
]

export function queryindex(shelf: Shelf, ctx: Context, args: Args): void {
  const { reply } = ctx
  const found = selected(shelf, ctx, readFilters(args, 1, args.argc))
  reply.set(found.length)
  for (const series of found) replyBytes(reply, series.key)
}

/** Of series that the client may not read nothing is told, and no error given. */
export function querylabels(shelf: Shelf, ctx: Context, args: Args): void {
  const { db, reply } = ctx
  const isValues = args.is(1, 'values')
  if (!isValues && !args.is(1, 'labels')) throw TS_ERR.badSubtype
  if (isValues && args.argc < 3) throw wrongArity(args)
  const name = isValues ? args.at(2).latin1() : ''
  const at = isValues ? 3 : 2
  const index = shelf.indexOf(db)
  const isTold = ctx.isRestricted ? (series: Series) => ctx.mayRead(keyOf(series)) : null
  let found: Iterable<string>
  if (args.argc > at) {
    if (!args.is(at, 'filter')) throw TS_ERR.notFilter
    if (args.argc === at + 1) throw TS_ERR.emptyFilter
    const all = index.query(readFilters(args, at + 1, args.argc))
    found = gather(isTold === null ? all : all.filter(isTold), isValues ? name : null)
  } else found = isValues ? index.values(name, isTold) : index.names(isTold)
  const list = [...found]
  reply.set(list.length)
  for (const text of list) replyBytes(reply, text)
}

/** The labels of some series, or the values of one label. */
function gather(found: readonly Series[], name: string | null): Set<string> {
  const texts = new Set<string>()
  for (const { labels } of found)
    for (let i = 0; i < labels.length; i += 2)
      if (name === null) texts.add(labels[i]!)
      else if (labels[i] === name) texts.add(labels[i + 1]!)
  return texts
}

export function mget(shelf: Shelf, ctx: Context, args: Args): void {
  const { reply } = ctx
  const at = placeOf(args, 'filter', 1)
  if (at < 0 || at + 1 === args.argc) throw wrongArity(args)
  const isLatest = placeOf(args, 'latest', 1, at) >= 0
  const choice = readLabelChoice(args, 1, at)
  const found = selected(shelf, ctx, readFilters(args, at + 1, args.argc))
  if (reply.protocol === 3) reply.map(found.length)
  else reply.array(found.length)
  for (const series of found) {
    if (reply.protocol === 2) reply.array(3)
    replyBytes(reply, series.key)
    if (reply.protocol === 3) reply.array(2)
    replyLabels(reply, chosenLabels(series.labels, choice))
    replyNewest(reply, series, isLatest)
  }
}

/** The series that filters let through, ready to be read. @throws when the client may not read all of them */
function selected(shelf: Shelf, ctx: Context, filters: readonly LabelFilter[]): Series[] {
  const found = shelf.indexOf(ctx.db).query(filters)
  const { isRestricted } = ctx
  for (const series of found) {
    if (!series.isLinked) shelf.tie(ctx.db, series)
    if (isRestricted && !ctx.mayRead(keyOf(series))) throw TS_ERR.mayNotRead
  }
  return found
}

export function mrange(shelf: Shelf, ctx: Context, args: Args): void {
  answer(shelf, ctx, args, false)
}

export function mrevrange(shelf: Shelf, ctx: Context, args: Args): void {
  answer(shelf, ctx, args, true)
}

function answer(shelf: Shelf, ctx: Context, args: Args, reverse: boolean): void {
  const at = placeOf(args, 'filter', 3)
  const end = at < 0 ? args.argc : at
  const query = readQuery(args, 1, end, reverse)
  const choice = readLabelChoice(args, 3, end)
  if (at < 0) throw TS_ERR.noFilter
  if (placeOf(args, 'groupby', 3, at) >= 0) throw TS_ERR.groupPlace
  const groupAt = placeOf(args, 'groupby', at + 1)
  const filtersEnd = groupAt < 0 ? args.argc : groupAt
  if (groupAt >= 0 && (groupAt + 3 >= args.argc || !args.is(groupAt + 2, 'reduce'))) throw wrongArity(args)
  if (filtersEnd === at + 1) throw TS_ERR.noFilterLabels
  const filters = readFilters(args, at + 1, filtersEnd)
  const excludesEmpty = placeOf(args, 'excludeempty', 3, end) >= 0
  const reducer = groupAt < 0 ? null : readReducer(args, groupAt + 3, query)
  if (reducer !== null && excludesEmpty) throw TS_ERR.groupsHaveSamples
  const found = selected(shelf, ctx, filters)
  if (query.bucketing !== null) shelf.aggregation.ask(query, query.bucketing)
  if (reducer === null) replySeries(shelf, ctx, found, query, choice, excludesEmpty)
  else replyGroups(shelf, ctx, found, query, choice, args.at(groupAt + 1).latin1(), reducer)
}

function readReducer(args: Args, i: number, query: QueryOptions): Aggregator {
  const reducer = aggregatorOf(args.at(i).latin1())
  if (reducer === undefined || !isReducer(reducer)) throw TS_ERR.badReducer
  if (query.bucketing !== null && query.bucketing.aggregators.length > 1) throw TS_ERR.reducerColumns
  return reducer
}

/** Filters of the arguments from one place up to another. */
function readFilters(args: Args, from: number, to: number): LabelFilter[] {
  const filters: LabelFilter[] = []
  for (let i = from; i < to; i++) {
    const filter = parseFilter(args.at(i).latin1())
    if (filter === null) throw TS_ERR.badFilter
    filters.push(filter)
  }
  if (!selects(filters)) throw TS_ERR.noMatcher
  return filters
}

// ------------------------------------------------------------------ labels of a reply

/** Which labels are told: all, none, or these. */
type LabelChoice = 'all' | 'none' | readonly string[]

function readLabelChoice(args: Args, from: number, end: number): LabelChoice {
  const all = placeOf(args, 'withlabels', from, end) >= 0
  const at = placeOf(args, 'selected_labels', from, end)
  if (at < 0) return all ? 'all' : 'none'
  if (all) throw TS_ERR.labelsTwice
  const names: string[] = []
  for (let i = at + 1; i < end && !KEYWORDS.some(word => args.is(i, word)); i++) names.push(args.at(i).latin1())
  if (names.length === 0) throw TS_ERR.noSelectedLabels
  return names
}

function chosenLabels(labels: readonly string[], choice: LabelChoice): readonly (string | null)[] {
  if (choice === 'none') return []
  if (choice === 'all') return labels
  return choice.flatMap(name => {
    const at = labels.findIndex((label, i) => i % 2 === 0 && label === name)
    return [name, at < 0 ? null : labels[at + 1]!]
  })
}

// ------------------------------------------------------------------ rows of many series

/** One entry a series: key, labels, rows, and in RESP3 the aggregators between. */
function replySeries(
  shelf: Shelf,
  ctx: Context,
  found: readonly Series[],
  query: QueryOptions,
  choice: LabelChoice,
  excludesEmpty: boolean,
): void {
  const { reply } = ctx
  const list = reply.deferred()
  const names = query.bucketing?.aggregators.map(aggregator => aggregator.name) ?? []
  let count = 0
  let values = 0
  for (const series of found) {
    const mark = reply.length
    beginEntry(ctx, series.key, 3)
    replyLabels(reply, chosenLabels(series.labels, choice))
    if (reply.protocol === 3) replyNames(ctx, 'aggregators', names)
    const rows = replyRange(shelf, ctx, series, query)
    // Samples are there; buckets can be made out of nothing.
    if ((values += Math.min(rows, query.limit) * names.length) > VALUES_MAX) throw TS_ERR.manyRows
    if (rows === 0 && excludesEmpty) reply.rewind(mark)
    else count++
  }
  if (reply.protocol === 3) reply.fillMap(list, count)
  else reply.fillArray(list, count)
}

/** The name of an entry, and the header of what follows; in RESP2 both stand in one list. */
function beginEntry({ reply }: Context, name: string, parts: number): void {
  if (reply.protocol === 2) reply.array(3)
  replyBytes(reply, name)
  if (reply.protocol === 3) reply.array(parts)
}

function replyNames({ reply }: Context, what: string, names: readonly string[]): void {
  reply.map(1)
  reply.text(what)
  reply.array(names.length)
  for (const name of names) replyBytes(reply, name)
}

/** One entry a value of the label, in the order of values: the rows of its series, reduced. */
function replyGroups(
  shelf: Shelf,
  ctx: Context,
  found: readonly Series[],
  query: QueryOptions,
  choice: LabelChoice,
  name: string,
  reducer: Aggregator,
): void {
  const { reply } = ctx
  const label = shelf.indexOf(ctx.db).ownName(name)
  const groups = new Map<string, Series[]>()
  for (const series of found) {
    const value = labelOf(series, label)
    if (value === null) continue
    const group = groups.get(value)
    if (group === undefined) groups.set(value, [series])
    else group.push(series)
  }
  if (reply.protocol === 3) reply.map(groups.size)
  else reply.array(groups.size)
  for (const value of [...groups.keys()].sort(byBytes)) {
    const group = groups.get(value)!
    beginEntry(ctx, `${label}=${value}`, 4)
    replyGroup(ctx, label, value, group, choice, reducer)
    reduceGroup(shelf, group, query, reducer)
    replyRows(reply, shelf.joined, query.reverse, query.limit)
  }
}

/** What a group is: its labels, and how it came about. */
function replyGroup(
  ctx: Context,
  label: string,
  value: string,
  group: readonly Series[],
  choice: LabelChoice,
  reducer: Aggregator,
): void {
  const { reply } = ctx
  const own = [label, value]
  if (reply.protocol === 3) {
    replyLabels(reply, chosenLabels(own, choice))
    replyNames(ctx, 'reducers', [reducer.name])
    replyNames(ctx, 'sources', keysOf(group))
  } else if (choice === 'none') reply.array(0)
  else {
    const told = [...own, '__reducer__', reducer.name, '__source__', keysOf(group).join(',')]
    replyLabels(reply, chosenLabels(told, choice))
  }
}

function keysOf(group: readonly Series[]): string[] {
  return group.map(series => series.key)
}

function reduceGroup(shelf: Shelf, group: readonly Series[], query: QueryOptions, reducer: Aggregator): void {
  const { rows, parts, joined } = shelf
  const ends: number[] = []
  parts.reset(1)
  for (const series of group) {
    const latest = query.latest ? latestOf(series) : null
    if (query.bucketing === null) {
      collect(series, query, latest, rows)
      if (rows.overflowed) throw TS_ERR.manyRows
      appendRows(parts, rows)
    } else shelf.aggregation.append(series, latest, parts)
    if (parts.overflowed) throw TS_ERR.manyRows
    ends.push(parts.length)
  }
  reduceParts({ rows: parts, ends }, reducer, joined)
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
