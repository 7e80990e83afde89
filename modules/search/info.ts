/* Sections of INFO -- the figures of all indexes together, by the names that the real module has for them. */

import type { Host } from 'redstrata/module'
import type { Field } from './schema/schema.ts'
import { figuresOf } from './figures.ts'
import { optionNamed } from './settings.ts'
import type { Workspace } from './workspace.ts'

type Line = readonly [string, string | number]

/** Add the sections of the module to INFO. */
export function addSections(host: Host, workspace: Workspace, version: number): void {
  const all = () => [...workspace.catalogue.all()]
  const sum = (figure: (index: ReturnType<typeof all>[number]) => number) =>
    all().reduce((total, index) => total + figure(index), 0)
  const add = (section: string, lines: () => Iterable<Line>): void => host.info(section, lines)

  add('version', () => [['search_version', dotted(version)]])
  add('index', () => [
    ['search_number_of_indexes', workspace.catalogue.size],
    [
      'search_number_of_active_indexes',
      all().filter(index => index.structures.readers > 0 || index.scan !== null).length,
    ],
    ['search_number_of_active_indexes_running_queries', all().filter(index => index.structures.readers > 0).length],
    ['search_number_of_active_indexes_indexing', all().filter(index => index.scan !== null).length],
  ])
  add('fields_statistics', () =>
    fieldLines(
      all().flatMap(index =>
        index.schema.fields.map(field => ({ field, failures: index.fieldFailures[field.number]!.count })),
      ),
    ),
  )
  add('memory', () => {
    const sizes = all().map(index => index.structures.sizeBytes)
    return [
      ...sizeLines(
        'search_used_memory_indexes',
        sizes.reduce((total, size) => total + size, 0),
      ),
      ...sizeLines('search_smallest_memory_index', sizes.length === 0 ? 0 : Math.min(...sizes)),
      ...sizeLines('search_largest_memory_index', Math.max(0, ...sizes)),
      ['search_used_memory_vector_index', sum(index => figuresOf(index.structures).vectorBytes)],
      ['search_used_memory_aggregations', workspace.ledger.bytes],
      ['search_total_indexing_time', sum(index => index.indexingMicros / 1000)],
    ]
  })
  add('cursors', () => [
    ['search_global_idle', workspace.cursors.idle],
    ['search_global_total', workspace.cursors.count],
  ])
  add('garbage_collector', () => [
    ['search_bytes_collected', sum(index => index.collection.bytes)],
    ['search_total_cycles', sum(index => index.collection.cycles)],
    ['search_total_ms_run', sum(index => index.collection.micros / 1000)],
  ])
  add('queries', () => [
    ['search_total_query_commands', sum(index => index.queries)],
    ['search_total_active_queries', sum(index => index.structures.readers)],
  ])
  add('warnings_and_errors', () => [
    ['search_errors_indexing_failures', sum(index => index.failures.count)],
    ['search_errors_for_index_with_max_failures', Math.max(0, ...all().map(index => index.failures.count))],
  ])
  add('dialect_statistics', () =>
    [1, 2, 3, 4].map(
      (dialect): Line => [`search_dialect_${dialect}`, all().some(index => index.dialectUses[dialect]! > 0) ? 1 : 0],
    ),
  )
  add('runtime_configurations', () =>
    Object.entries(SHOWN).map(([name, option]): Line => [name, optionNamed(workspace.options, option)?.get() ?? '']),
  )
}

/** A size in bytes, and in megabytes to read. */
function sizeLines(name: string, bytes: number): Line[] {
  return [
    [name, bytes],
    [`${name}_human`, bytes / 2 ** 20],
  ]
}

/** 21032 as 2.10.32. */
function dotted(version: number): string {
  return `${Math.floor(version / 10000)}.${Math.floor(version / 100) % 100}.${version % 100}`
}

const SHOWN: Readonly<Record<string, string>> = {
  search_minimal_term_prefix: 'MINPREFIX',
  search_minimal_stem_length: 'MINSTEMLEN',
  search_maximal_prefix_expansions: 'MAXPREFIXEXPANSIONS',
  search_query_timeout_ms: 'TIMEOUT',
  search_timeout_policy: 'ON_TIMEOUT',
  search_cursor_read_size: 'CURSOR_READ_SIZE',
  search_cursor_max_idle_time: 'CURSOR_MAX_IDLE',
  search_max_doc_table_size: 'MAXDOCTABLESIZE',
  search_max_search_results: 'MAXSEARCHRESULTS',
  search_max_aggregate_results: 'MAXAGGREGATERESULTS',
  search_gc_scan_size: 'GCSCANSIZE',
  search_min_phonetic_term_length: 'MIN_PHONETIC_TERM_LEN',
}

const KINDS: readonly (readonly [Field['kind'], string, string])[] = [
  ['text', 'search_fields_text', 'Text'],
  ['numeric', 'search_fields_numeric', 'Numeric'],
  ['tag', 'search_fields_tag', 'Tag'],
  ['geo', 'search_fields_geo', 'Geo'],
  ['vector', 'search_fields_vector', 'Vector'],
  ['shape', 'search_fields_geoshape', 'Geoshape'],
]

/** A field, and how often a value of it could not be indexed. */
interface FieldFigures {
  readonly field: Field
  readonly failures: number
}

/** A line for each kind of field that there is, with how many are sortable and so on. */
function fieldLines(fields: readonly FieldFigures[]): Line[] {
  return KINDS.flatMap(([kind, name, label]): Line[] => {
    const some = fields.filter(({ field }) => field.kind === kind)
    if (some.length === 0) return []
    const parts = [`${label}=${some.length}`]
    const part = (what: string, test: (field: Field) => boolean): void => {
      const count = some.filter(({ field }) => test(field)).length
      if (count > 0) parts.push(`${what}=${count}`)
    }
    part('Sortable', field => field.sortable)
    part('NoIndex', field => field.noIndex)
    part('CaseSensitive', field => field.caseSensitive)
    part('Flat', field => field.details.some(([, value]) => value === 'FLAT' && kind === 'vector'))
    part('HNSW', field => field.details.some(([, value]) => value === 'HNSW'))
    parts.push(`IndexErrors=${some.reduce((total, { failures }) => total + failures, 0)}`)
    return [[name, parts.join(',')]]
  })
}
