/* FT.SEARCH's arguments: what is returned of the documents found, how many, in which order.
 *
 * Fields are named by RETURN, and by the FIELDS of HIGHLIGHT and SUMMARIZE; they are shown in the order in which they were first
 * named, and RETURN is read last, wherever it stands. SUMMARIZE and HIGHLIGHT without FIELDS mean all that is shown. */

import type { Args } from 'redstrata/module'
import { FT_ERR } from '../errors.ts'
import type { SummaryOptions, Tags } from '../results/fragments.ts'
import type { Settings } from '../settings.ts'
import { needCount, needList } from '../words.ts'
import { checkLimit, QueryOptions, takeFilter, takeQueryOption, unknownArgument } from './query-options.ts'

/** A field that was named. */
export interface NamedField {
  /** A field of the schema, of the hash, or a path. */
  readonly path: Buffer
  /** What it is called in the reply. */
  readonly name: Buffer
  /** By RETURN; otherwise it is only marked or shortened where it is shown. */
  isReturned: boolean
  tags: Tags | null
  summary: SummaryOptions | null
}

/** What FT.SEARCH was asked for. */
export class SearchOptions extends QueryOptions {
  noContent = false
  withScores = false
  explainsScores = false
  withPayloads = false
  withSortKeys = false
  offset = 0
  limit = 10
  sortBy: Buffer | null = null
  descending = false
  /** Fields by name, in the order in which they were named. */
  readonly fields: NamedField[] = []
  /** The same by name, as a byte string. */
  readonly fieldsByName: Map<string, NamedField> = new Map()
  /** The words of RETURN, of the last one; null when it was not given. */
  returned: readonly Buffer[] | null = null
  /** HIGHLIGHT and SUMMARIZE of all fields. */
  tags: Tags | null = null
  summary: SummaryOptions | null = null

  /** Whether RETURN was given. */
  get returns(): boolean {
    return this.returned !== null
  }

  /** Whether something is to be marked or shortened. */
  get marks(): boolean {
    if (this.tags !== null || this.summary !== null) return true
    return this.fields.some(field => field.tags !== null || field.summary !== null)
  }
}

const TAKERS: Readonly<Record<string, (args: Args, options: SearchOptions, settings: Settings) => void>> = {
  nocontent: (_, options) => (options.noContent = true),
  withscores: (_, options) => (options.withScores = true),
  explainscore: (_, options) => (options.explainsScores = true),
  withpayloads: (_, options) => (options.withPayloads = true),
  withsortkeys: (_, options) => (options.withSortKeys = true),
  // All matches are counted, always.
  withcount: () => {},
  withoutcount: () => {},
  limit: takeLimit,
  sortby: takeSortBy,
  return: (args, options) => (options.returned = needList(args, 'RETURN', needCount(args, 'RETURN'))),
  highlight: takeHighlight,
  summarize: takeSummarize,
}

/** Read the arguments from the query on. */
export function parseSearch(args: Args, settings: Settings): SearchOptions {
  const options = new SearchOptions(settings)
  if (args.left === 0) throw FT_ERR.noQuery
  const queryAt = args.position
  options.query = args.bytes().copy()
  const isAll = takeOptions(args, options, settings)
  if (options.explainsScores && !options.withScores) throw FT_ERR.explainWithoutScores
  if (options.returned !== null) nameReturned(options, options.returned)
  if (!isAll) throw args.word('groupby') ? FT_ERR.searchGroups : unknownArgument(args, queryAt)
  if (options.countsOnly) options.limit = options.offset = 0
  return options
}

/** Take options as long as there are some; false when it is not the end that comes behind them. */
function takeOptions(args: Args, options: SearchOptions, settings: Settings): boolean {
  while (args.left > 0) {
    const taker = TAKERS[args.at(args.position).latin1().toLowerCase()]
    if (taker !== undefined) {
      args.bytes()
      taker(args, options, settings)
    } else if (!takeQueryOption(args, options) && !takeFilter(args, options)) return false
  }
  return true
}

function takeLimit(args: Args, options: SearchOptions, settings: Settings): void {
  if (args.left < 2) throw FT_ERR.limitArguments
  options.offset = args.int(FT_ERR.limitNumbers)
  options.limit = args.int(FT_ERR.limitNumbers)
  checkLimit(options, options.offset, options.limit, settings.searchResultsMax, settings.searchResultsMax)
}

function takeSortBy(args: Args, options: SearchOptions): void {
  if (options.sortBy !== null) throw FT_ERR.severalSorts
  if (args.left === 0) throw FT_ERR.sortArguments
  options.sortBy = args.bytes().copy()
  options.descending = args.word('desc')
  if (!options.descending) args.word('asc')
  if (args.word('max')) throw FT_ERR.sortMost
}

/** Name the fields of RETURN. */
function nameReturned(options: SearchOptions, words: readonly Buffer[]): void {
  if (words.length === 0) options.noContent = true
  for (let i = 0; i < words.length; i++) {
    const path = words[i]!
    let name = path
    if (words[i + 1]?.latin1Slice().toLowerCase() === 'as') {
      if (words[i + 2] === undefined) throw FT_ERR.returnName
      name = words[i + 2]!
      if (name.latin1Slice().toLowerCase() === 'as') throw FT_ERR.returnAs
      i += 2
    }
    fieldOf(options, path, name).isReturned = true
  }
}

/** The field of a name, made when it was not named before. */
function fieldOf(options: SearchOptions, path: Buffer, name: Buffer): NamedField {
  const key = name.latin1Slice()
  const known = options.fieldsByName.get(key)
  if (known !== undefined) return known
  const field: NamedField = { path, name, isReturned: false, tags: null, summary: null }
  options.fields.push(field)
  options.fieldsByName.set(key, field)
  return field
}

/** `FIELDS n field ...` of HIGHLIGHT and SUMMARIZE; null when it is not there. */
function takeFields(args: Args, options: SearchOptions, refusal: typeof FT_ERR.highlight): NamedField[] | null {
  if (!args.word('fields')) return null
  const count = countBetween(args, 1, refusal)
  if (args.left < count) throw refusal
  return Array.from({ length: count }, () => {
    const name = args.bytes().copy()
    return fieldOf(options, name, name)
  })
}

function countBetween(args: Args, low: number, refusal: typeof FT_ERR.highlight): number {
  if (args.left === 0) throw refusal
  const count = args.int(refusal)
  if (count < low || count > 0xffffffff) throw refusal
  return count
}

const DEFAULT_TAGS: Tags = { open: Buffer.from('<b>'), close: Buffer.from('</b>') }

function takeHighlight(args: Args, options: SearchOptions): void {
  const fields = takeFields(args, options, FT_ERR.highlight)
  let tags = DEFAULT_TAGS
  while (args.word('tags')) {
    if (args.left < 2) throw FT_ERR.highlight
    tags = { open: args.bytes().copy(), close: args.bytes().copy() }
  }
  if (fields === null) options.tags = tags
  else for (const field of fields) field.tags = tags
}

const WORDS_DEFAULT = 20
const FRAGMENTS_DEFAULT = 3

function takeSummarize(args: Args, options: SearchOptions): void {
  const fields = takeFields(args, options, FT_ERR.summarize)
  let words = WORDS_DEFAULT
  let fragments = FRAGMENTS_DEFAULT
  let separator: Buffer = Buffer.from('... ')
  for (;;) {
    if (args.word('frags')) fragments = countBetween(args, 0, FT_ERR.summarize)
    else if (args.word('len')) words = countBetween(args, 0, FT_ERR.summarize)
    else if (args.word('separator')) {
      if (args.left === 0) throw FT_ERR.summarize
      separator = args.bytes().copy()
    } else break
  }
  const summary = { words, fragments, separator }
  if (fields === null) options.summary = summary
  else for (const field of fields) field.summary = summary
}
