/* Persistence -- definitions of indexes and dictionaries in RDB files, as the real module writes them beside the keys.
 *
 *      ft_index0, version 23, before the keys        scdtype00, version 1, after them
 *
 *      indexes                                       dictionaries
 *        name, flags                                   name, words, each with a score
 *        fields: name, path, type, options ...
 *        rule: type, prefixes, filter ...
 *        stop words, synonyms, lifetime, aliases
 *
 * Only definitions are kept: documents are looked at again after the keys were loaded. Strings end in a zero byte.
 * The field options and flags below are those of the real module; what it keeps there for its own use is written as it would
 * be, so that a file goes both ways. */

import { type AuxData, type LoadSource, Range, type SaveSink } from 'redstrata/module'
import type { Index } from './catalogue.ts'
import { defaultRules } from './schema/parse.ts'
import type { Field, FieldKind, Rules, Schema } from './schema/schema.ts'
import { LANGUAGES } from './text/stem/stemmers.ts'
import { StopWords } from './text/stop-words.ts'
import type { Workspace } from './workspace.ts'

const INDEX_VERSION = 23
/** Older files have other layouts; they come from versions that are no longer kept up. */
const INDEX_VERSION_MIN = 23

const FLAG = {
  offsets: 0x1,
  fieldMasks: 0x2,
  stopWords: 0x8,
  freqs: 0x10,
  byteOffsets: 0x40,
  wide: 0x80,
  synonyms: 0x100,
  temporary: 0x200,
  phonetic: 0x400,
  skipScan: 0x1000,
  alias: 0x4000,
  vector: 0x8000,
  suffixTrie: 0x10000,
  shape: 0x40000,
  nonEmpty: 0x80000,
} as const

const OPTION = {
  sortable: 0x1,
  noStem: 0x2,
  noIndex: 0x4,
  phonetic: 0x8,
  unnormalized: 0x20,
  suffixTrie: 0x40,
  empty: 0x100,
  missing: 0x200,
} as const

const TYPES: readonly (readonly [FieldKind, number])[] = [
  ['text', 1],
  ['numeric', 2],
  ['geo', 4],
  ['tag', 8],
  ['vector', 16],
  ['shape', 32],
]
const TAG_CASE_SENSITIVE = 1
/** Values are trimmed, and accents would be removed. */
const TAG_DEFAULT = 6
/** More TEXT fields than a word of 32 bits has room for. */
const WIDE_FROM = 32
const NO_SORT_PLACE = 0xffffffffffffffffn
/** A lifetime that never ends: -1 second in milliseconds. */
const NO_LIFETIME = BigInt.asUintN(64, -1000n)

/** Languages by the real module's numbers. */
const LANGUAGE_NUMBERS: readonly string[] = (
  'english arabic basque catalan chinese danish dutch finnish french german greek hindi hungarian italian indonesian irish ' +
  'lithuanian nepali norwegian portuguese romanian russian spanish swedish tamil turkish armenian serbian yiddish'
).split(' ')

/** What the module keeps beside the keys. */
export function auxData(workspace: Workspace): readonly AuxData[] {
  return [
    {
      typeName: 'ft_index0',
      version: INDEX_VERSION,
      saveBefore: sink => saveIndexes(workspace, sink),
      load: (source, version) => loadIndexes(workspace, source, version),
    },
    {
      typeName: 'scdtype00',
      version: 1,
      saveAfter: sink => saveDictionaries(workspace, sink),
      load: (source, _version, when) => {
        if (when === 'after') loadDictionaries(workspace, source)
      },
    },
  ]
}

// ---------------------------------------------------------------------- strings

function saveString(sink: SaveSink, bytes: Buffer): void {
  const ended = Buffer.concat([bytes, Buffer.from([0])])
  sink.string(ended, 0, ended.length)
}

function loadString(source: LoadSource): Buffer {
  const bytes = Buffer.from(loadBytes(source))
  return bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes
}

function loadBytes(source: LoadSource): Buffer {
  return source.string(new Range()).copy()
}

// ---------------------------------------------------------------------- indexes

function saveIndexes({ catalogue }: Workspace, sink: SaveSink): boolean {
  if (catalogue.size === 0) return false
  sink.unsigned(catalogue.size)
  for (const index of catalogue.all()) saveIndex(index, sink)
  return true
}

function saveIndex(index: Index, sink: SaveSink): void {
  const { schema } = index
  const { rules } = schema
  const { groupsOf } = index.structures.synonyms
  saveString(sink, schema.name)
  sink.unsigned(flagsOf(index))
  sink.unsigned(schema.fields.length)
  let sortPlaces = 0
  for (const field of schema.fields) saveField(field, field.sortable ? sortPlaces++ : -1, sink)
  saveRules(rules, sink)
  if (rules.hasStopWords) {
    sink.unsigned(rules.stopWords.words.length)
    for (const word of rules.stopWords.words) sink.string(word, 0, word.length)
  }
  if (groupsOf.size > 0) {
    sink.unsigned(groupsOf.size)
    for (const [word, groups] of groupsOf) {
      saveString(sink, Buffer.from(word, 'latin1'))
      sink.unsigned(groups.length)
      for (const group of groups) saveString(sink, Buffer.from(group, 'latin1'))
    }
  }
  sink.unsigned(rules.lifetime > 0 ? rules.lifetime * 1000 : NO_LIFETIME)
  sink.unsigned(index.aliases.size)
  for (const alias of index.aliases) saveString(sink, Buffer.from(alias, 'latin1'))
}

function flagsOf(index: Index): number {
  const { rules, fields } = index.schema
  const texts = fields.filter(field => field.kind === 'text').length
  const has = (test: (field: Field) => boolean) => fields.some(test)
  const parts: readonly (readonly [boolean, number])[] = [
    [rules.offsets, FLAG.offsets],
    [rules.fieldMasks, FLAG.fieldMasks],
    [rules.hasStopWords, FLAG.stopWords],
    [rules.freqs, FLAG.freqs],
    [rules.highlights, FLAG.byteOffsets],
    [rules.maxTextFields || texts > WIDE_FROM, FLAG.wide],
    [index.structures.synonyms.groupsOf.size > 0, FLAG.synonyms],
    [rules.lifetime > 0, FLAG.temporary],
    [has(field => field.phonetic !== ''), FLAG.phonetic],
    [rules.skipInitialScan, FLAG.skipScan],
    [has(field => !field.name.equals(field.identifier)), FLAG.alias],
    [has(field => field.kind === 'vector'), FLAG.vector],
    [has(field => field.suffixTrie), FLAG.suffixTrie],
    [has(field => field.kind === 'shape'), FLAG.shape],
    [has(field => !field.indexEmpty), FLAG.nonEmpty],
  ]
  return parts.reduce((flags, [isSet, flag]) => (isSet ? flags + flag : flags), 0)
}

function saveField(field: Field, sortPlace: number, sink: SaveSink): void {
  saveString(sink, field.name)
  const hasPath = !field.name.equals(field.identifier)
  sink.unsigned(hasPath ? 1 : 0)
  if (hasPath) saveString(sink, field.identifier)
  sink.unsigned(TYPES.find(([kind]) => kind === field.kind)![1])
  sink.unsigned(optionsOf(field))
  sink.unsigned(sortPlace < 0 ? NO_SORT_PLACE : sortPlace)
  switch (field.kind) {
    case 'text':
      sink.unsigned(field.bit)
      sink.double(field.weight)
      break
    case 'tag':
      sink.unsigned(TAG_DEFAULT | (field.caseSensitive ? TAG_CASE_SENSITIVE : 0))
      sink.string(Buffer.from(field.separator === '' ? '\0' : field.separator, 'latin1'), 0, 1)
      break
    case 'vector':
      saveVector(field, sink)
      break
    case 'shape':
      sink.unsigned(field.details.some(([, value]) => value === 'SPHERICAL') ? 1 : 0)
  }
}

function optionsOf(field: Field): number {
  let options = 0
  if (field.sortable) options |= OPTION.sortable
  if (field.noStem) options |= OPTION.noStem
  if (field.noIndex) options |= OPTION.noIndex
  if (field.phonetic !== '') options |= OPTION.phonetic
  if (field.sortable && field.unnormalized) options |= OPTION.unnormalized
  if (field.suffixTrie) options |= OPTION.suffixTrie
  if (field.indexEmpty) options |= OPTION.empty
  if (field.indexMissing) options |= OPTION.missing
  return options
}

function loadIndexes(workspace: Workspace, source: LoadSource, version: number): void {
  if (version < INDEX_VERSION_MIN)
    throw new Error(`definitions of indexes in version ${version}; at least ${INDEX_VERSION_MIN} is needed`)
  workspace.clear()
  for (let left = source.unsigned(); left > 0; left--) loadIndex(workspace, source)
}

function loadIndex(workspace: Workspace, source: LoadSource): void {
  const name = loadString(source)
  const flags = source.unsigned()
  const has = (flag: number) => (flags & flag) !== 0
  const saved: SavedField[] = []
  for (let left = source.unsigned(); left > 0; left--) saved.push(loadField(source))
  const rules = loadRules(source)
  rules.offsets = has(FLAG.offsets)
  rules.highlights = has(FLAG.byteOffsets)
  rules.fieldMasks = has(FLAG.fieldMasks)
  rules.freqs = has(FLAG.freqs)
  rules.maxTextFields = has(FLAG.wide)
  rules.skipInitialScan = has(FLAG.skipScan)
  if (has(FLAG.stopWords)) {
    rules.hasStopWords = true
    rules.stopWords = new StopWords(Array.from({ length: source.unsigned() }, () => loadString(source)))
  }
  const synonyms: (readonly [Buffer, Buffer[]])[] = []
  if (has(FLAG.synonyms))
    for (let left = source.unsigned(); left > 0; left--)
      synonyms.push([loadString(source), Array.from({ length: source.unsigned() }, () => loadString(source))])
  const lifetimeMs = source.unsigned64()
  if (has(FLAG.temporary)) rules.lifetime = Math.max(1, Math.round(Number(lifetimeMs) / 1000))
  const aliases = Array.from({ length: source.unsigned() }, () => loadString(source))
  let texts = 0
  const fields = saved.map((field, number) => ({ ...field, number, bit: field.kind === 'text' ? texts++ : -1 }))
  const index = workspace.restore({ name, rules, fields } satisfies Schema)
  for (const [word, groups] of synonyms) for (const group of groups) index.structures.synonyms.add(group, [word])
  for (const alias of aliases) workspace.catalogue.addAlias(alias.latin1Slice(), index)
}

/** A field but for its places, which follow from its order. */
type SavedField = Omit<Field, 'number' | 'bit'>

function loadField(source: LoadSource): SavedField {
  const name = loadString(source)
  const identifier = source.unsigned() === 1 ? loadString(source) : name
  const type = source.unsigned()
  const kind = TYPES.find(([, bit]) => bit === type)?.[0]
  if (kind === undefined) throw new Error(`a field of an index is of several types (${type})`)
  const options = source.unsigned()
  const has = (option: number) => (options & option) !== 0
  source.unsigned64() // its place among the sortable ones, which follows from the order
  const field = {
    name,
    identifier,
    kind,
    sortable: has(OPTION.sortable),
    unnormalized: has(OPTION.unnormalized),
    noIndex: has(OPTION.noIndex),
    indexEmpty: has(OPTION.empty),
    indexMissing: has(OPTION.missing),
    suffixTrie: has(OPTION.suffixTrie),
    weight: 1,
    noStem: has(OPTION.noStem),
    phonetic: has(OPTION.phonetic) ? 'dm:en' : '',
    separator: '',
    caseSensitive: false,
    details: [] as Field['details'],
  }
  switch (kind) {
    case 'text':
      source.unsigned() // its number among the texts
      field.weight = source.double()
      break
    case 'tag': {
      field.caseSensitive = (source.unsigned() & TAG_CASE_SENSITIVE) !== 0
      const separator = loadBytes(source)
      field.separator = separator[0] === 0 || separator.length === 0 ? '' : separator.latin1Slice(0, 1)
      break
    }
    case 'vector':
      field.details = loadVector(source)
      break
    case 'shape':
      field.details = [['coord_system', source.unsigned() === 1 ? 'SPHERICAL' : 'FLAT']]
  }
  return field
}

// ---------------------------------------------------------------------- rules

function saveRules(rules: Rules, sink: SaveSink): void {
  saveString(sink, Buffer.from(rules.source.toUpperCase()))
  sink.unsigned(rules.prefixes.length)
  for (const prefix of rules.prefixes) saveString(sink, prefix)
  for (const text of [
    rules.filter.length > 0 ? rules.filter : null,
    rules.languageField,
    rules.scoreField,
    rules.payloadField,
  ]) {
    sink.unsigned(text === null ? 0 : 1)
    if (text !== null) saveString(sink, text)
  }
  sink.double(rules.score)
  sink.unsigned(Math.max(0, LANGUAGE_NUMBERS.indexOf(LANGUAGES[rules.language]!)))
}

function loadRules(source: LoadSource): ReturnType<typeof defaultRules> {
  const rules = defaultRules()
  rules.source = loadString(source).latin1Slice() === 'JSON' ? 'json' : 'hash'
  rules.prefixes = Array.from({ length: source.unsigned() }, () => loadString(source))
  const optional = () => (source.unsigned() === 1 ? loadString(source) : null)
  rules.filter = optional() ?? rules.filter
  rules.languageField = optional()
  rules.scoreField = optional()
  rules.payloadField = optional()
  rules.score = source.double()
  const language = LANGUAGE_NUMBERS[source.unsigned()] ?? 'english'
  rules.language = LANGUAGES.indexOf(language)
  rules.hasLanguage = language !== 'english'
  return rules
}

// ---------------------------------------------------------------------- vectors

const ALGORITHM = { flat: 0, hnsw: 1, tiered: 2 } as const
const VECTOR_TYPES = ['FLOAT32', 'FLOAT64', 'BFLOAT16', 'FLOAT16'] as const
const VECTOR_BYTES: Readonly<Record<string, number>> = { FLOAT32: 4, FLOAT64: 8, BFLOAT16: 2, FLOAT16: 2 }
const METRICS = ['L2', 'IP', 'COSINE'] as const
const BLOCK_SIZE = 1024
const EF_RUNTIME = 10

function saveVector(field: Field, sink: SaveSink): void {
  const given = new Map(field.details)
  const type = String(given.get('data_type'))
  const dimensions = Number(given.get('dim'))
  const shared = () => {
    sink.unsigned(VECTOR_TYPES.indexOf(type as (typeof VECTOR_TYPES)[number]))
    sink.unsigned(dimensions)
    sink.unsigned(METRICS.indexOf(given.get('distance_metric') as (typeof METRICS)[number]))
    sink.unsigned(0) // one vector a document
  }
  const number = (name: string, otherwise: number) => sink.unsigned(Number(given.get(name) ?? otherwise))
  sink.unsigned(VECTOR_BYTES[type]! * dimensions)
  if (given.get('algorithm') === 'FLAT') {
    sink.unsigned(ALGORITHM.flat)
    shared()
    number('initial_cap', BLOCK_SIZE)
    number('block_size', BLOCK_SIZE)
    return
  }
  sink.unsigned(ALGORITHM.tiered)
  sink.unsigned(ALGORITHM.hnsw)
  sink.unsigned(0) // threshold of swaps between the tiers, of which there are none here
  shared()
  number('initial_cap', BLOCK_SIZE)
  number('M', 16)
  number('ef_construction', 200)
  number('ef_runtime', EF_RUNTIME)
}

function loadVector(source: LoadSource): Field['details'] {
  source.unsigned() // bytes of a vector
  const isFlat = source.unsigned() === ALGORITHM.flat
  if (!isFlat) {
    source.unsigned() // the algorithm below the tiers: HNSW
    source.unsigned() // their threshold
  }
  const type = VECTOR_TYPES[source.unsigned()]
  const dimensions = source.unsigned()
  const metric = METRICS[source.unsigned()]
  if (type === undefined || metric === undefined) throw new Error('a vector field of an unknown type or metric')
  source.unsigned() // whether a document may have several
  const initial = source.unsigned()
  const details: [string, string | number][] = [
    ['algorithm', isFlat ? 'FLAT' : 'HNSW'],
    ['data_type', type],
    ['dim', dimensions],
    ['distance_metric', metric],
  ]
  if (isFlat) {
    const block = source.unsigned()
    if (block !== BLOCK_SIZE) details.push(['block_size', block])
  } else {
    details.push(['M', source.unsigned()], ['ef_construction', source.unsigned()])
    const runtime = source.unsigned()
    if (runtime !== EF_RUNTIME) details.push(['ef_runtime', runtime])
  }
  if (initial !== BLOCK_SIZE && initial !== 0) details.push(['initial_cap', initial])
  return details
}

// ---------------------------------------------------------------------- dictionaries

function saveDictionaries({ dictionaries }: Workspace, sink: SaveSink): boolean {
  if (dictionaries.size === 0) return false
  sink.unsigned(dictionaries.size)
  for (const [name, words] of dictionaries) {
    saveString(sink, Buffer.from(name, 'latin1'))
    sink.unsigned(words.size)
    for (const word of words) {
      saveString(sink, Buffer.from(word, 'latin1'))
      sink.double(1)
    }
  }
  return true
}

function loadDictionaries({ dictionaries }: Workspace, source: LoadSource): void {
  dictionaries.clear()
  for (let left = source.unsigned(); left > 0; left--) {
    const name = loadString(source).latin1Slice()
    const words = new Set<string>()
    for (let count = source.unsigned(); count > 0; count--) {
      words.add(loadString(source).latin1Slice())
      source.double()
    }
    dictionaries.set(name, words)
  }
}
