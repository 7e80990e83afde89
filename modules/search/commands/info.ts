/* FT.INFO -- what an index is, and its figures.
 *
 * In RESP3 everything that has names is a map, and the flags of a field are a list of their own; in RESP2 the same stands
 * in flat lists, flags at the end. */

import { type Args, type Context, Range, type Reply } from 'redstrata/module'
import type { Index } from '../catalogue.ts'
import type { Failures } from '../ingest/failures.ts'
import type { Field } from '../schema/schema.ts'
import { LANGUAGES } from '../text/stem/stemmers.ts'
import type { Workspace } from '../workspace.ts'
import { figuresOf } from '../figures.ts'

const MEGABYTE = 1 << 20

export function info(workspace: Workspace, { reply }: Context, args: Args): void {
  const index = workspace.catalogue.need(args.bytes())
  const out = new Named(reply)
  out.begin()
  out.status('index_name', index.name)
  writeOptions(out, index)
  writeDefinition(out, index)
  out.name('attributes')
  reply.array(index.schema.fields.length)
  for (const field of index.schema.fields) writeField(reply, field)
  writeFigures(out, index)
  writeProgress(out, index)
  writeCollection(out, workspace, index)
  if (index.schema.rules.hasStopWords) {
    const { words } = index.schema.rules.stopWords
    out.name('stopwords_list')
    reply.array(words.length)
    for (const word of words) reply.bulk(Range.of(word))
  }
  out.name('dialect_stats')
  const dialects = new Named(reply)
  dialects.begin()
  for (let dialect = 1; dialect <= 4; dialect++)
    dialects.integer(`dialect_${dialect}`, index.dialectUses[dialect]! > 0 ? 1 : 0)
  dialects.end()
  out.name('Index Errors')
  writeFailures(reply, index.failures)
  writeFieldFailures(out, index)
  out.end()
}

/** Names and values, as a map or a flat list. */
class Named {
  readonly reply: Reply
  #mark = 0
  #count = 0

  constructor(reply: Reply) {
    this.reply = reply
  }

  begin(): void {
    this.#mark = this.reply.deferred()
  }

  end(): void {
    this.reply.fillMap(this.#mark, this.#count)
  }

  /** A name, whose value follows. */
  name(name: string): void {
    this.reply.status(name)
    this.#count++
  }

  status(name: string, value: string): void {
    this.name(name)
    this.reply.status(value)
  }

  integer(name: string, value: number): void {
    this.name(name)
    this.reply.integer(value)
  }

  double(name: string, value: number): void {
    this.name(name)
    this.reply.double(value)
  }

  megabytes(name: string, bytes: number): void {
    this.double(name, bytes / MEGABYTE)
  }
}

function writeOptions(out: Named, { schema }: Index): void {
  const { rules } = schema
  const options: string[] = []
  if (!rules.freqs) options.push('NOFREQS')
  if (!rules.fieldMasks) options.push('NOFIELDS')
  if (!rules.offsets) options.push('NOOFFSETS')
  if (!rules.highlights) options.push('NOHL')
  if (rules.maxTextFields) options.push('MAXTEXTFIELDS')
  out.name('index_options')
  writeWords(out.reply, options)
}

function writeWords(reply: Reply, words: readonly string[]): void {
  reply.array(words.length)
  for (const word of words) reply.status(word)
}

function writeDefinition(out: Named, { schema }: Index): void {
  const { rules } = schema
  out.name('index_definition')
  const definition = new Named(out.reply)
  definition.begin()
  definition.status('key_type', rules.source.toUpperCase())
  definition.name('prefixes')
  writeWords(
    out.reply,
    rules.prefixes.map(prefix => prefix.latin1Slice()),
  )
  const optional = (name: string, value: Buffer | null): void => {
    if (value !== null) definition.status(name, value.latin1Slice())
  }
  optional('filter', rules.filter.length > 0 ? rules.filter : null)
  if (rules.hasLanguage) definition.status('default_language', LANGUAGES[rules.language]!)
  optional('language_field', rules.languageField)
  definition.double('default_score', rules.score)
  optional('score_field', rules.scoreField)
  optional('payload_field', rules.payloadField)
  definition.end()
}

const TYPE_NAMES: Readonly<Record<Field['kind'], string>> = {
  text: 'TEXT',
  tag: 'TAG',
  numeric: 'NUMERIC',
  geo: 'GEO',
  vector: 'VECTOR',
  shape: 'GEOSHAPE',
}

function writeField(reply: Reply, field: Field): void {
  const flags = flagsOf(field)
  const out = new Named(reply)
  // RESP2 has no room for a list of flags: they stand one by one behind the rest, without names.
  const isFlat = reply.protocol === 2
  const mark = isFlat ? reply.deferred() : 0
  let words = 6
  if (!isFlat) out.begin()
  out.status('identifier', field.identifier.latin1Slice())
  out.status('attribute', field.name.latin1Slice())
  out.status('type', TYPE_NAMES[field.kind])
  if (field.kind === 'text') {
    out.double('WEIGHT', field.weight)
    words += 2
  } else if (field.kind === 'tag') {
    out.status('SEPARATOR', field.separator)
    words += 2
  }
  for (const [name, value] of field.details) {
    if (typeof value === 'number') out.integer(name, value)
    else out.status(name, value)
    words += 2
  }
  if (isFlat) {
    for (const flag of flags) reply.status(flag)
    reply.fillArray(mark, words + flags.length)
    return
  }
  out.name('flags')
  writeWords(reply, flags)
  out.end()
}

function flagsOf(field: Field): string[] {
  const flags: string[] = []
  if (field.caseSensitive) flags.push('CASESENSITIVE')
  if (field.sortable) flags.push('SORTABLE')
  if (field.sortable && field.unnormalized) flags.push('UNF')
  if (field.noStem) flags.push('NOSTEM')
  if (field.noIndex) flags.push('NOINDEX')
  if (field.suffixTrie) flags.push('WITHSUFFIXTRIE')
  if (field.indexEmpty) flags.push('INDEXEMPTY')
  if (field.indexMissing) flags.push('INDEXMISSING')
  return flags
}

function writeFigures(out: Named, index: Index): void {
  const { documents, terms } = index.structures
  const figures = figuresOf(index.structures)
  out.integer('num_docs', documents.count)
  out.integer('max_doc_id', documents.last)
  out.integer('num_terms', terms.count)
  out.integer('num_records', figures.records)
  out.megabytes('inverted_sz_mb', figures.postingBytes)
  out.megabytes('vector_index_sz_mb', figures.vectorBytes)
  out.integer('total_inverted_index_blocks', figures.blocks)
  out.megabytes('offset_vectors_sz_mb', figures.offsetBytes)
  out.megabytes('doc_table_size_mb', documents.tableBytes)
  out.megabytes('sortable_values_size_mb', figures.sortableBytes)
  out.megabytes('key_table_size_mb', documents.keyBytes)
  out.megabytes('geoshapes_sz_mb', figures.shapeBytes)
  out.megabytes('tag_overhead_sz_mb', figures.tagBytes)
  out.megabytes('text_overhead_sz_mb', terms.keyBytes)
  out.megabytes('total_index_memory_sz_mb', index.structures.sizeBytes)
  const each = (sum: number, count: number) => (count === 0 ? Number.NaN : sum / count)
  out.double('records_per_doc_avg', each(figures.records, documents.count))
  out.double('bytes_per_record_avg', each(figures.postingBytes, figures.records))
  out.double('offsets_per_term_avg', each(figures.offsets, figures.records))
  out.double('offset_bits_per_record_avg', each(figures.offsetBytes * 8, figures.offsets))
}

function writeProgress(out: Named, index: Index): void {
  const { scan } = index
  out.integer('hash_indexing_failures', index.failures.count)
  out.double('total_indexing_time', index.indexingMicros / 1000)
  out.integer('indexing', scan === null ? 0 : 1)
  out.double('percent_indexed', scan === null ? 1 : Math.min(1, scan.seen / Math.max(1, scan.total)))
  out.integer('number_of_uses', index.uses)
  out.integer('cleaning', index.structures.isSweeping ? 1 : 0)
}

function writeCollection(out: Named, workspace: Workspace, index: Index): void {
  const { collection } = index
  out.name('gc_stats')
  const stats = new Named(out.reply)
  stats.begin()
  stats.double('bytes_collected', collection.bytes)
  stats.double('total_ms_run', collection.micros / 1000)
  stats.double('total_cycles', collection.cycles)
  stats.double(
    'average_cycle_time_ms',
    collection.cycles === 0 ? Number.NaN : collection.micros / 1000 / collection.cycles,
  )
  stats.double('last_run_time_ms', collection.lastMicros / 1000)
  stats.double('gc_numeric_trees_missed', 0)
  stats.double('gc_blocks_denied', 0)
  stats.end()
  const { cursors } = workspace
  out.name('cursor_stats')
  const cursorStats = new Named(out.reply)
  cursorStats.begin()
  cursorStats.integer('global_idle', cursors.idle)
  cursorStats.integer('global_total', cursors.count)
  cursorStats.integer('index_capacity', workspace.settings.cursorsMax)
  cursorStats.integer('index_total', cursors.countOf(index))
  cursorStats.end()
}

function writeFailures(reply: Reply, failures: Failures): void {
  const out = new Named(reply)
  out.begin()
  out.integer('indexing failures', failures.count)
  out.status('last indexing error', failures.lastText ?? 'N/A')
  out.name('last indexing error key')
  if (failures.lastKey === null) reply.text('N/A')
  else reply.bulk(Range.of(failures.lastKey))
  out.end()
}

function writeFieldFailures(out: Named, index: Index): void {
  const { reply } = out
  out.name('field statistics')
  reply.array(index.schema.fields.length)
  for (const field of index.schema.fields) {
    const one = new Named(reply)
    one.begin()
    one.status('identifier', field.identifier.latin1Slice())
    one.status('attribute', field.name.latin1Slice())
    one.name('Index Errors')
    writeFailures(reply, index.fieldFailures[field.number]!)
    one.end()
  }
}
