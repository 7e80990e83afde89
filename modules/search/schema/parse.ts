/* FT.CREATE's arguments as a schema. */

import { type Args, replyError } from 'redstrata/module'
import { FT_ERR } from '../errors.ts'
import { DEFAULT_STOP_WORDS, StopWords } from '../text/stop-words.ts'
import { ENGLISH, languageNumber } from '../text/stem/stemmers.ts'
import {
  badArguments,
  NOT_CONVERTIBLE,
  needBytes,
  needCount,
  needList,
  needNumber,
  needText,
  wrongCount,
} from '../words.ts'
import type { Field, FieldKind, Rules, Schema } from './schema.ts'
import { parseVectorDetails } from './vector-field.ts'

/** Fields of an index, and TEXT fields among them. */
const FIELDS_MAX = 1024
const TEXT_FIELDS_MAX = 128
const PREFIXES_MAX = 1024

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Index options without an argument, and what each sets. */
const FLAGS: Readonly<Record<string, (rules: Writable<Rules>) => void>> = {
  maxtextfields: rules => (rules.maxTextFields = true),
  nooffsets: rules => {
    rules.offsets = false
    rules.highlights = false
  },
  nohl: rules => (rules.highlights = false),
  nofields: rules => (rules.fieldMasks = false),
  nofreqs: rules => (rules.freqs = false),
  skipinitialscan: rules => (rules.skipInitialScan = true),
}

/** Index options with arguments. */
const OPTIONS: Readonly<Record<string, (args: Args, rules: Writable<Rules>) => void>> = {
  on(args, rules) {
    const kind = needText(args, 'ON')
    const source = kind.toLowerCase()
    if (source !== 'hash' && source !== 'json') throw replyError(`Invalid rule type: ${kind}`)
    rules.source = source
  },
  prefix(args, rules) {
    const count = needCount(args, 'PREFIX', 1)
    if (count > PREFIXES_MAX) throw badArguments('PREFIX', 'Value is outside acceptable bounds')
    rules.prefixes = needList(args, 'PREFIX', count)
  },
  filter: (args, rules) => (rules.filter = needBytes(args, 'FILTER')),
  language(args, rules) {
    rules.language = languageNumber(needText(args, 'LANGUAGE'))
    if (rules.language < 0) throw replyError('Invalid language')
    rules.hasLanguage = true
  },
  language_field: (args, rules) => (rules.languageField = needBytes(args, 'LANGUAGE_FIELD')),
  score(args, rules) {
    const score = Number(needText(args, 'SCORE') || NaN)
    if (!(score >= 0 && score <= 1)) throw replyError('Invalid score')
    rules.score = score
  },
  score_field: (args, rules) => (rules.scoreField = needBytes(args, 'SCORE_FIELD')),
  payload_field: (args, rules) => (rules.payloadField = needBytes(args, 'PAYLOAD_FIELD')),
  // Nothing and less than nothing mean an index that stays.
  temporary: (args, rules) => (rules.lifetime = Math.max(0, needCount(args, 'TEMPORARY', -Infinity))),
  stopwords(args, rules) {
    rules.stopWords = new StopWords(needList(args, 'STOPWORDS', needCount(args, 'STOPWORDS')))
    rules.hasStopWords = true
  },
}

/** The rules that hold when nothing is said. */
export function defaultRules(): Writable<Rules> {
  return {
    source: 'hash',
    prefixes: [],
    filter: Buffer.from(''),
    language: ENGLISH,
    hasLanguage: false,
    languageField: null,
    score: 1,
    scoreField: null,
    payloadField: null,
    stopWords: DEFAULT_STOP_WORDS,
    hasStopWords: false,
    offsets: true,
    highlights: true,
    fieldMasks: true,
    freqs: true,
    maxTextFields: false,
    lifetime: 0,
    skipInitialScan: false,
  }
}

/** Everything behind the index's name. */
export function parseSchema(args: Args, name: Buffer): Schema {
  const rules = defaultRules()
  while (!args.word('schema')) {
    if (args.left === 0) throw replyError('No schema found')
    const word = args.bytes().latin1()
    const lower = word.toLowerCase()
    const flag = FLAGS[lower]
    const option = OPTIONS[lower]
    if (flag !== undefined) flag(rules)
    else if (option !== undefined) option(args, rules)
    else throw replyError(`Unknown argument \`${word}\``)
  }
  if (rules.maxTextFields && !rules.fieldMasks) throw FT_ERR.wideWithoutFields
  if (rules.prefixes.length === 0) rules.prefixes = [Buffer.from('')]
  const schema: Schema = { name, rules, fields: [] }
  if (args.left === 0) throw wrongCount('FT.CREATE')
  parseFields(args, schema, schema.fields)
  return schema
}

/** Fields up to the end of the arguments, added to `into`; `schema` is only looked at. */
export function parseFields(args: Args, schema: Schema, into: Field[]): void {
  const taken = new Set([...schema.fields, ...into].map(field => field.name.latin1Slice()))
  let texts = [...schema.fields].filter(field => field.kind === 'text').length
  while (args.left > 0) {
    const field = parseField(
      args,
      schema,
      schema.fields === into ? into.length : schema.fields.length + into.length,
      texts,
    )
    const name = field.name.latin1Slice()
    if (taken.has(name)) throw replyError(`Duplicate field in schema - ${name}`)
    taken.add(name)
    if (field.kind === 'text' && ++texts > TEXT_FIELDS_MAX)
      throw replyError(`Schema is limited to ${TEXT_FIELDS_MAX} TEXT fields`)
    if (taken.size > FIELDS_MAX) throw replyError(`Schema is limited to ${FIELDS_MAX} fields`)
    into.push(field)
  }
}

const KINDS: Readonly<Record<string, FieldKind>> = {
  text: 'text',
  tag: 'tag',
  numeric: 'numeric',
  geo: 'geo',
  vector: 'vector',
  geoshape: 'shape',
}

function parseField(args: Args, schema: Schema, number: number, texts: number): Field {
  const identifier = args.bytes().copy()
  let name = identifier
  if (args.word('as')) {
    if (args.left === 0) throw replyError('AS requires an argument')
    name = args.bytes().copy()
  }
  const shown = name.latin1Slice()
  if (args.left === 0) throw replyError(`Field \`${shown}\` does not have a type`)
  const kind = KINDS[args.lower()]
  if (kind === undefined) throw replyError(`Invalid field type for field \`${shown}\``)
  const field: Writable<Field> = {
    number,
    identifier,
    name,
    kind,
    sortable: false,
    unnormalized: false,
    noIndex: false,
    indexEmpty: false,
    indexMissing: false,
    suffixTrie: false,
    bit: kind === 'text' ? texts : -1,
    weight: 1,
    noStem: false,
    phonetic: '',
    // Array elements of a document are values; only a string is split, and only when asked.
    separator: schema.rules.source === 'json' ? '' : ',',
    caseSensitive: false,
    details: [],
  }
  parseKind(args, field)
  parseTail(args, field, schema.rules.source === 'json')
  if (field.noIndex && field.indexMissing)
    throw replyError(`'Field \`${shown}\` cannot be defined with both \`NOINDEX\` and \`INDEXMISSING\`'`)
  return field
}

/** The options of a kind, in any order. */
function parseKind(args: Args, field: Writable<Field>): void {
  switch (field.kind) {
    case 'text':
      while (textOption(args, field)) {}
      return
    case 'tag':
      while (tagOption(args, field)) {}
      return
    case 'vector':
      field.details = parseVectorDetails(args)
      return
    case 'shape': {
      const flat = args.word('flat')
      if (!flat) args.word('spherical')
      field.details = [['coord_system', flat ? 'FLAT' : 'SPHERICAL']]
    }
  }
}

function textOption(args: Args, field: Writable<Field>): boolean {
  if (args.word('nostem')) field.noStem = true
  else if (args.word('weight')) {
    // The real module says so of a missing number too.
    if (args.left === 0) throw badArguments('weight', NOT_CONVERTIBLE)
    field.weight = needNumber(args, 'weight')
  } else if (args.word('withsuffixtrie')) field.suffixTrie = true
  else if (args.word('indexempty')) field.indexEmpty = true
  else if (args.word('indexmissing')) field.indexMissing = true
  else if (args.word('phonetic')) field.phonetic = phonetic(args)
  else return false
  return true
}

function phonetic(args: Args): string {
  if (args.left === 0) throw replyError('PHONETIC requires an argument')
  const matcher = args.text()
  if (!/^dm:(en|fr|pt|es)$/i.test(matcher))
    throw replyError(
      'Matcher Format: <2 chars algorithm>:<2 chars language>. Support algorithms: double metaphone (dm). ' +
        'Supported languages: English (en), French (fr), Portuguese (pt) and Spanish (es)',
    )
  return matcher.toLowerCase()
}

function tagOption(args: Args, field: Writable<Field>): boolean {
  if (args.word('separator')) {
    if (args.left === 0) throw replyError('SEPARATOR requires an argument')
    const separator = args.bytes().latin1()
    if (separator.length !== 1) throw replyError(`Tag separator must be a single character. Got \`${separator}\``)
    field.separator = separator
  } else if (args.word('casesensitive')) field.caseSensitive = true
  else if (args.word('withsuffixtrie')) field.suffixTrie = true
  else if (args.word('indexempty')) field.indexEmpty = true
  else if (args.word('indexmissing')) field.indexMissing = true
  else return false
  return true
}

/** What may follow the options of any kind. */
function parseTail(args: Args, field: Writable<Field>, isJson: boolean): void {
  for (;;) {
    if (args.word('sortable')) {
      field.sortable = true
      // Numbers and tags that tell cases apart have no other form than their own; values of JSON documents are kept in theirs.
      field.unnormalized = args.word('unf') || isJson || field.kind === 'numeric' || field.caseSensitive
    } else if (args.word('noindex')) field.noIndex = true
    else if (args.word('indexmissing')) field.indexMissing = true
    else return
  }
}
