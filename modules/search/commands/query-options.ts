/* Query options -- what FT.SEARCH and FT.AGGREGATE may be told of how their query is meant: language, parameters, filters
 * beside it, time. Each command tries `takeQueryOption` for a word that is none of its own.
 *
 * The position in "Unknown argument" counts from the query, which is number 0. */

import { type Args, parseDouble, type Range, type ReplyError, replyError } from 'redstrata/module'
import { FT_ERR } from '../errors.ts'
import { isPoint, UNIT_METRES } from '../index/geo.ts'
import {
  common,
  type FieldMask,
  ALL_FIELDS,
  type GeoNode,
  type Node,
  type NumberBox,
  phraseNode,
} from '../query/ast.ts'
import { fieldNamed, type Schema } from '../schema/schema.ts'
import { SCORERS, type ScorerName } from '../score/scorer.ts'
import type { Settings } from '../settings.ts'
import { languageNumber } from '../text/stem/stemmers.ts'
import { badArguments, NOT_CONVERTIBLE, need, needBytes, needCount, needList, needNumber, needText } from '../words.ts'

/** How a query is meant. */
export class QueryOptions {
  query: Buffer = NO_TEXT
  verbatim = false
  /** Stop words are looked for like others. */
  keepsStopWords = false
  /** The name that LANGUAGE gave; null: the index's. */
  language: string | null = null
  expander = ''
  scorer: string
  /** Whether unsettled scorers may be used. */
  readonly unstable: boolean
  /** What HAMMING compares with. */
  payload: Buffer = NO_TEXT
  /** Words between those of the query; -1: any number. */
  slop = -1
  inOrder = false
  /** INFIELDS; null: all fields. */
  inFields: Buffer[] | null = null
  /** INKEYS; null: all keys. */
  inKeys: Buffer[] | null = null
  /** FILTER and GEOFILTER. */
  readonly filters: Node[] = []
  /** PARAMS, by name as a byte string. */
  readonly parameters: Map<string, Buffer> = new Map()
  dialect: number
  /** 0: as long as it likes. */
  timeoutMs: number
  /** LIMIT with no rows was given, be it before another LIMIT. */
  countsOnly = false
  /** FORMAT EXPAND. */
  expands = false
  addsScores = false

  constructor(settings: Settings) {
    this.dialect = settings.defaultDialect
    this.timeoutMs = settings.timeoutMs
    this.scorer = settings.defaultScorer
    this.unstable = settings.unstableFeatures
  }

  /** Whether all values of a JSON path are shown, and not only the first one. */
  get showsSeveral(): boolean {
    return this.expands || this.dialect >= SEVERAL_FROM
  }
}

/** The dialect from which all values of a path are returned, as a list. */
const SEVERAL_FROM = 3

const NO_TEXT = Buffer.from('')

type Takers = Readonly<Record<string, (args: Args, options: QueryOptions) => void>>

/** What says how the query is read, by its word. */
const TAKERS: Takers = {
  verbatim: (_, options) => (options.verbatim = true),
  nostopwords: (_, options) => (options.keepsStopWords = true),
  language: (args, options) => (options.language = needText(args, 'LANGUAGE')),
  expander: (args, options) => (options.expander = needText(args, 'EXPANDER').toLowerCase()),
  scorer: (args, options) => (options.scorer = needText(args, 'SCORER')),
  payload: (args, options) => (options.payload = needBytes(args, 'PAYLOAD')),
  inorder: (_, options) => (options.inOrder = true),
  slop: (args, options) => (options.slop = needWhole(args, 'SLOP')),
  infields: (args, options) => (options.inFields = needList(args, 'INFIELDS', needCount(args, 'INFIELDS'))),
  inkeys: (args, options) => (options.inKeys = needList(args, 'INKEYS', needCount(args, 'INKEYS'))),
}

/** What may stand among the steps of FT.AGGREGATE too. */
const COMMON_TAKERS: Takers = {
  params: takeParameters,
  dialect: (args, options) => {
    takeDialect(args, options)
    // The other way round, the format raises the dialect.
    if (options.expands && options.dialect < SEVERAL_FROM) throw FT_ERR.expandNeedsDialect
  },
  timeout: takeTimeout,
  format: takeFormat,
}

/** Filters beside the query: of FT.SEARCH alone. */
const FILTER_TAKERS: Takers = {
  filter: (args, options) => options.filters.push(numericFilter(args)),
  geofilter: (args, options) => options.filters.push(geoFilter(args)),
}

/** Take an option that is the next argument; false when the word is none. */
export function takeQueryOption(args: Args, options: QueryOptions): boolean {
  return take(TAKERS, args, options) || takeCommonOption(args, options)
}

/** Take an option that may stand anywhere behind the query; false when the word is none. */
export function takeCommonOption(args: Args, options: QueryOptions): boolean {
  return take(COMMON_TAKERS, args, options)
}

/** Take a filter that stands beside the query; false when the word is none. */
export function takeFilter(args: Args, options: QueryOptions): boolean {
  return take(FILTER_TAKERS, args, options)
}

function take(takers: Takers, args: Args, options: QueryOptions): boolean {
  const taker = takers[args.at(args.position).latin1().toLowerCase()]
  if (taker === undefined) return false
  args.bytes()
  taker(args, options)
  return true
}

/** What to say of an argument that is no option. `queryAt` is the number of the query among all arguments. */
export function unknownArgument(args: Args, queryAt: number): ReplyError {
  const word = args.at(args.position).latin1()
  return replyError(`Unknown argument \`${word}\` at position ${args.position - queryAt} for <main>`)
}

function needWhole(args: Args, what: string): number {
  const text = needText(args, what)
  if (!/^[-+]?\d{1,9}$/.test(text)) throw badArguments(what, NOT_CONVERTIBLE)
  return Number(text)
}

/** PARAMS, whose word is taken: how many, then names and values by turns. */
export function takeParameters(args: Args, options: Pick<QueryOptions, 'parameters'>): void {
  const count = needCount(args, 'PARAMS')
  if (options.parameters.size > 0) throw FT_ERR.parametersTwice
  if (count === 0 || count % 2 === 1) throw FT_ERR.parameterPairs
  const words = needList(args, 'PARAMS', count)
  for (let i = 0; i < count; i += 2) {
    const name = words[i]!.latin1Slice()
    if (options.parameters.has(name)) throw replyError(`Duplicate parameter \`${name}\``)
    options.parameters.set(name, words[i + 1]!)
  }
}

/** DIALECT, whose word is taken. */
export function takeDialect(args: Args, options: Pick<QueryOptions, 'dialect'>): void {
  if (args.left === 0) throw FT_ERR.dialectMissing
  const dialect = args.int(FT_ERR.dialectNumber)
  if (dialect < 1 || dialect > 4) throw FT_ERR.dialectNumber
  options.dialect = dialect
}

/** Note what a LIMIT asks for. `most`: how many rows there may be. */
export function checkLimit(options: QueryOptions, offset: number, limit: number, most: number, farthest: number): void {
  if (offset < 0 || limit < 0) throw FT_ERR.limitNumbers
  if (limit === 0) options.countsOnly = true
  if (limit > most) throw replyError(`LIMIT exceeds maximum of ${most}`)
  if (limit > 0 && offset > farthest) throw replyError(`OFFSET exceeds maximum of ${farthest}`)
}

function takeTimeout(args: Args, options: QueryOptions): void {
  if (args.left === 0) throw FT_ERR.timeoutMissing
  const timeoutMs = args.int(FT_ERR.timeoutNumber)
  if (timeoutMs < 0) throw FT_ERR.timeoutNumber
  options.timeoutMs = timeoutMs
}

function takeFormat(args: Args, options: QueryOptions): void {
  if (args.left === 0) throw FT_ERR.formatMissing
  const word = args.bytes().latin1()
  const lower = word.toLowerCase()
  if (lower !== 'string' && lower !== 'expand') throw replyError(`FORMAT ${word} is not supported`)
  options.expands = lower === 'expand'
}

// ---------------------------------------------------------------------- filters beside the query

/** `FILTER field min max`. */
function numericFilter(args: Args): Node {
  if (args.left < 3) throw replyError('FILTER requires 3 arguments')
  const field = args.bytes().copy()
  const low = bound(args.bytes(), 'lower')
  const high = bound(args.bytes(), 'upper')
  return { ...common(), kind: 'numeric', field, low: low.box, high: high.box, lowOpen: low.open, highOpen: high.open }
}

const OPEN = 0x28

function bound(text: Range, role: 'lower' | 'upper'): { box: NumberBox; open: boolean } {
  const open = text.start < text.end && text.buf[text.start] === OPEN
  const value = parseDouble(text.buf, open ? text.start + 1 : text.start, text.end)
  if (Number.isNaN(value)) throw replyError(`Bad ${role} range: ${text.latin1()}`)
  return { box: number(value), open }
}

function number(value: number): NumberBox {
  return { value, parameter: null, negative: false, role: 'plain' }
}

/** `GEOFILTER field lon lat radius unit`. */
function geoFilter(args: Args): GeoNode {
  if (args.left < 5) throw replyError('GEOFILTER requires 5 arguments')
  const field = needBytes(args, 'GEOFILTER')
  const longitude = needNumber(args, '<lon>')
  const latitude = needNumber(args, '<lat>')
  const radius = needNumber(args, '<radius>')
  const unit = need(args, '<unit>').latin1()
  if (UNIT_METRES[unit.toLowerCase()] === undefined) throw replyError(`Unknown distance unit ${unit}`)
  if (!(radius > 0)) throw FT_ERR.circleRadius
  if (!isPoint(longitude, latitude)) throw FT_ERR.circlePoint
  return {
    ...common(),
    kind: 'geo',
    field,
    longitude: number(longitude),
    latitude: number(latitude),
    radius: number(radius),
    unit: { text: Buffer.from(unit.toLowerCase()), parameter: false },
  }
}

/** A query's tree with FILTER, GEOFILTER and INKEYS before it: they must match too. */
export function withFilters(root: Node | null, options: QueryOptions): Node | null {
  if (root === null) return null
  const nodes: Node[] = [...options.filters]
  if (options.inKeys !== null) nodes.push({ ...common(), kind: 'keys', keys: options.inKeys })
  let all = root
  for (const node of nodes) all = joined(node, all)
  return all
}

function joined(filter: Node, root: Node): Node {
  if (root.kind === 'phrase') {
    root.children.unshift(filter)
    return root
  }
  // What is near to a vector is looked for among what the filters let through.
  if (root.kind === 'vector' && root.mode === 'knn') {
    const [child] = root.children
    root.children.splice(0, 1, child === undefined ? filter : joined(filter, child))
    return root
  }
  return phraseNode([filter, root])
}

// ---------------------------------------------------------------------- what the names stand for

/** The language of a query. @throws "No such language" */
export function languageOf(options: QueryOptions, schema: Schema): number {
  if (options.language === null) return schema.rules.language
  const language = languageNumber(options.language)
  if (language < 0) throw FT_ERR.noLanguage
  return language
}

/** The fields of INFIELDS. */
export function fieldsOf(options: QueryOptions, schema: Schema): FieldMask {
  if (options.inFields === null || options.inFields.length === 0) return ALL_FIELDS
  let mask = 0n
  for (const name of options.inFields) {
    const field = fieldNamed(schema, name)
    if (field !== null && field.bit >= 0) mask |= 1n << BigInt(field.bit)
  }
  return mask
}

/** The scorer of a name. @throws "No such scorer" */
export function scorerOf(options: QueryOptions): ScorerName {
  const found = SCORERS.find(name => name === options.scorer)
  if (found === 'BM25STD.TANH' && !options.unstable)
    throw replyError(
      `Scorer ${options.scorer} is unavailable when \`ENABLE_UNSTABLE_FEATURES\` is off. ` +
        'Enable it with `FT.CONFIG SET ENABLE_UNSTABLE_FEATURES true`',
    )
  if (found === undefined) throw replyError(`No such scorer ${options.scorer}`)
  return found
}

/** FORMAT EXPAND is for documents that are more than text, shown to who understands it. */
export function checkFormat(options: QueryOptions, schema: Schema, protocol: number): void {
  if (!options.expands) return
  if (protocol < 3) throw FT_ERR.expandNeedsResp3
  if (schema.rules.source !== 'json') throw FT_ERR.expandNeedsJson
}
