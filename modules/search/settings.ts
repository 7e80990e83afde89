/* Settings -- the values that the module goes by, and the options by which FT.CONFIG, redis.conf and the module's own
 * arguments show and set them.
 *
 *      FT.CONFIG SET MINPREFIX 1         CONFIG SET search-min-prefix 1        loadmodule search MINPREFIX 1
 *
 * Options of the real module that steer threads, garbage collection by a second process, or caches that are not here are
 * shown with its defaults and can be set, so that tools that read or set them go on working; they have no effect. */

import type { Parameter } from 'redstrata/module'
import { SCORERS, type ScorerName } from './score/scorer.ts'
import { TEXT_LIMITS, type TextLimits } from './ingest/text-writer.ts'

/** The values that the module goes by. */
export interface Settings extends TextLimits {
  stemBytesMin: number
  soundBytesMin: number
  valueSlop: number
  /** Bytes that a prefix must have to be expanded. */
  prefixMin: number
  /** Terms that a prefix, suffix, pattern or fuzzy word may expand to. */
  expansionsMax: number
  /** How long a query may take; 0: as long as it likes. */
  timeoutMs: number
  /** Whether a query whose time is up fails, or returns what it has. */
  failsOnTimeout: boolean
  defaultDialect: number
  /** Rows that FT.SEARCH and FT.AGGREGATE may return; Infinity: no limit. */
  searchResultsMax: number
  aggregateResultsMax: number
  /** Cursors: how long one may be idle, rows read at a time, and how many an index may have. */
  cursorIdleMs: number
  cursorReadSize: number
  cursorsMax: number
  /** Scorers that are not settled yet. */
  unstableFeatures: boolean
  /** The scorer of queries that name none. */
  defaultScorer: ScorerName
  /** Whether FT.PROFILE tells the time that each step took. */
  profilesTimes: boolean
}

/** What holds when nothing is said. */
export function defaultSettings(): Settings {
  return {
    ...TEXT_LIMITS,
    prefixMin: 2,
    expansionsMax: 200,
    timeoutMs: 500,
    failsOnTimeout: false,
    defaultDialect: 1,
    searchResultsMax: 1_000_000,
    aggregateResultsMax: Number.POSITIVE_INFINITY,
    cursorIdleMs: 300_000,
    cursorReadSize: 1000,
    cursorsMax: 128,
    unstableFeatures: false,
    defaultScorer: 'TFIDF',
    profilesTimes: true,
  }
}

/** An option of FT.CONFIG. */
export interface Option {
  readonly name: string
  readonly help: string
  /** Set when the module is loaded, and not later. */
  readonly isFixed: boolean
  /** The value; null: none. */
  get(): string | null
  /** Set from text; null when it was accepted, otherwise why not. */
  set(text: string): string | null
}

const NOT_CONVERTIBLE = 'Could not convert argument to expected type'
const OUT_OF_BOUNDS = 'Value is outside acceptable bounds'
const DIALECT_TOO_HIGH = 'Default dialect version cannot be higher than 4'
const BAD_POLICY = 'Invalid ON_TIMEOUT value'
const BAD_SCORER = 'Invalid default scorer value'
const SCORER_UNSTABLE = 'Default scorer can only be changed when `ENABLE_UNSTABLE_FEATURES` is ON'
const STEM_TOO_SHORT = 'Minimum stem length cannot be lower than 2'
const TOO_MANY_WORKERS = 'Number of worker threads cannot exceed 8192'
const TOO_DEEP = 'Max depth for range cannot be higher than max depth for balance'

type Field<V> = { [K in keyof Settings]: Settings[K] extends V ? K : never }[keyof Settings]

/** All options over one record of settings, in the order in which they are listed. */
export function settingOptions(settings: Settings): readonly Option[] {
  const number = (name: string, field: Field<number>, help: string, low = 0, high = 0xffffffff, outside?: string) =>
    numberOption(settings as unknown as Record<string, number>, field, { name, help, low, high, outside })
  const limit = (name: string, field: Field<number>, help: string) => limitOption(settings, field, name, help)
  return [
    number('MINPREFIX', 'prefixMin', 'Bytes that a prefix must have to be looked for', 1),
    number('MAXEXPANSIONS', 'expansionsMax', 'Terms that a prefix may expand to', 1),
    number('MAXPREFIXEXPANSIONS', 'expansionsMax', 'Terms that a prefix may expand to', 1),
    number('TIMEOUT', 'timeoutMs', 'Query (search) timeout'),
    {
      name: 'ON_TIMEOUT',
      help: 'What becomes of a query whose time is up: return what there is, or fail',
      isFixed: false,
      get: () => (settings.failsOnTimeout ? 'fail' : 'return'),
      set(text) {
        const word = text.toLowerCase()
        if (word !== 'fail' && word !== 'return') return BAD_POLICY
        settings.failsOnTimeout = word === 'fail'
        return null
      },
    },
    dialectOption(settings),
    limit('MAXSEARCHRESULTS', 'searchResultsMax', 'Rows that FT.SEARCH may return'),
    limit('MAXAGGREGATERESULTS', 'aggregateResultsMax', 'Rows that FT.AGGREGATE may return'),
    number('CURSOR_MAX_IDLE', 'cursorIdleMs', 'Milliseconds that a cursor may be idle'),
    number('CURSOR_READ_SIZE', 'cursorReadSize', 'Rows read from a cursor at a time', 1),
    number('INDEX_CURSOR_LIMIT', 'cursorsMax', 'Cursors that an index may have'),
    number('MINSTEMLEN', 'stemBytesMin', 'Bytes that a word must have to be stemmed', 2, 0xffffffff, STEM_TOO_SHORT),
    number('MIN_PHONETIC_TERM_LEN', 'soundBytesMin', 'Bytes that a word must have to be sounded', 1),
    {
      ...number('MULTI_TEXT_SLOP', 'valueSlop', 'Distance of words in two values of an array', 1, 1 << 20),
      isFixed: true,
    },
    switchOption(settings, 'unstableFeatures', 'ENABLE_UNSTABLE_FEATURES', 'Whether unsettled features may be used'),
    scorerOption(settings),
    switchOption(settings, 'profilesTimes', '_PRINT_PROFILE_CLOCK', 'Whether FT.PROFILE tells the time of each step'),
    ...KEPT.map(keptOption),
  ]
}

interface NumberSpec {
  readonly name: string
  readonly help: string
  readonly low: number
  readonly high: number
  /** What is said of a number that is not between them. */
  readonly outside: string | undefined
}

function numberOption(values: Record<string, number>, field: string, spec: NumberSpec): Option {
  const { name, help, low, high, outside = OUT_OF_BOUNDS } = spec
  return {
    name,
    help,
    isFixed: false,
    get: () => String(values[field]),
    set(text) {
      if (!/^[-+]?\d+$/.test(text)) return NOT_CONVERTIBLE
      const value = Number(text)
      if (value < low || value > high) return outside
      values[field] = value
      return null
    },
  }
}

/** A number of rows, or -1 for no limit. */
function limitOption(settings: Settings, field: Field<number>, name: string, help: string): Option {
  return {
    name,
    help,
    isFixed: false,
    get: () => (settings[field] === Number.POSITIVE_INFINITY ? 'unlimited' : String(settings[field])),
    set(text) {
      if (!/^[-+]?\d+$/.test(text)) return NOT_CONVERTIBLE
      const value = Number(text)
      settings[field] = value < 0 ? Number.POSITIVE_INFINITY : value
      return null
    },
  }
}

function dialectOption(settings: Settings): Option {
  return {
    name: 'DEFAULT_DIALECT',
    help: 'The dialect of queries that name none',
    isFixed: false,
    get: () => String(settings.defaultDialect),
    set(text) {
      if (!/^[-+]?\d+$/.test(text)) return NOT_CONVERTIBLE
      const value = Number(text)
      if (value > 4) return DIALECT_TOO_HIGH
      if (value < 1) return OUT_OF_BOUNDS
      settings.defaultDialect = value
      return null
    },
  }
}

function switchOption(settings: Settings, field: Field<boolean>, name: string, help: string): Option {
  return {
    name,
    help,
    isFixed: false,
    get: () => String(settings[field]),
    set(text) {
      const word = text.toLowerCase()
      if (word !== 'true' && word !== 'false') return NOT_CONVERTIBLE
      settings[field] = word === 'true'
      return null
    },
  }
}

function scorerOption(settings: Settings): Option {
  return {
    name: 'DEFAULT_SCORER',
    help: 'The scorer of queries that name none',
    isFixed: false,
    get: () => settings.defaultScorer,
    set(text) {
      if (!settings.unstableFeatures) return SCORER_UNSTABLE
      const scorer = SCORERS.find(name => name === text)
      if (scorer === undefined) return BAD_SCORER
      settings.defaultScorer = scorer
      return null
    },
  }
}

/** Options without effect: name, default, and an F when they are fixed once the module is loaded. */
const KEPT: readonly (readonly [string, string | null, 'F'?])[] = [
  ['EXTLOAD', null, 'F'],
  ['NOGC', 'false', 'F'],
  ['FORKGC_SLEEP_BEFORE_EXIT', '0'],
  ['MAXDOCTABLESIZE', '1000000', 'F'],
  ['FRISOINI', null, 'F'],
  ['GCSCANSIZE', '100'],
  ['GC_POLICY', 'fork', 'F'],
  ['FORK_GC_RUN_INTERVAL', '30'],
  ['FORK_GC_CLEAN_THRESHOLD', '100'],
  ['FORK_GC_RETRY_INTERVAL', '5'],
  ['_MAX_RESULTS_TO_UNSORTED_MODE', '1000'],
  ['UNION_ITERATOR_HEAP', '20'],
  ['NO_MEM_POOLS', 'false', 'F'],
  ['PARTIAL_INDEXED_DOCS', 'false', 'F'],
  ['UPGRADE_INDEX', 'Upgrade config for upgrading', 'F'],
  ['_NUMERIC_COMPRESS', 'false'],
  ['_FREE_RESOURCE_ON_THREAD', 'true'],
  ['RAW_DOCID_ENCODING', 'false', 'F'],
  ['_NUMERIC_RANGES_PARENTS', '0'],
  ['_FORK_GC_CLEAN_NUMERIC_EMPTY_NODES', 'true'],
  ['VSS_MAX_RESIZE', '0'],
  ['WORKERS', '0'],
  ['MIN_OPERATION_WORKERS', '4'],
  ['TIERED_HNSW_BUFFER_LIMIT', '1024', 'F'],
  ['PRIVILEGED_THREADS_NUM', '1', 'F'],
  ['WORKERS_PRIORITY_BIAS_THRESHOLD', '1', 'F'],
  ['_PRIORITIZE_INTERSECT_UNION_CHILDREN', 'false'],
  ['BG_INDEX_SLEEP_GAP', '100', 'F'],
  ['FORK_GC_CLEAN_NUMERIC_EMPTY_NODES', 'true'],
  ['WORKER_THREADS', '0', 'F'],
  ['MT_MODE', 'MT_MODE_OFF', 'F'],
]

/** The greatest numbers that such options take, and what is said of greater ones. */
const KEPT_MOST: Readonly<Record<string, readonly [most: number, refusal: string]>> = {
  WORKERS: [8192, TOO_MANY_WORKERS],
  MIN_OPERATION_WORKERS: [8192, TOO_MANY_WORKERS],
  _NUMERIC_RANGES_PARENTS: [2, TOO_DEEP],
}

function keptOption([name, value, fixed]: readonly [string, string | null, 'F'?]): Option {
  let kept = value
  const isNumber = value !== null && /^\d+$/.test(value)
  return {
    name,
    help: 'Kept for tools that set it; without effect here',
    isFixed: fixed === 'F',
    get: () => kept,
    set(text) {
      if (isNumber && !/^[-+]?\d+$/.test(text)) return NOT_CONVERTIBLE
      const most = KEPT_MOST[name]
      if (most !== undefined && Number(text) > most[0]) return most[1]
      kept = text
      return null
    },
  }
}

/** The option of a name in any case. */
export function optionNamed(options: readonly Option[], name: string): Option | null {
  const upper = name.toUpperCase()
  return options.find(option => option.name === upper) ?? null
}

/** Options as parameters of the server: `search-min-prefix` for MINPREFIX, by the names that newer releases have. */
export function settingParameters(options: readonly Option[]): Parameter[] {
  return Object.entries(PARAMETER_NAMES).map(([name, optionName]) => {
    const option = optionNamed(options, optionName)!
    return { name, get: () => option.get() ?? '', set: text => option.set(text) }
  })
}

const PARAMETER_NAMES: Readonly<Record<string, string>> = {
  'search-min-prefix': 'MINPREFIX',
  'search-max-prefix-expansions': 'MAXPREFIXEXPANSIONS',
  'search-timeout': 'TIMEOUT',
  'search-on-timeout': 'ON_TIMEOUT',
  'search-default-dialect': 'DEFAULT_DIALECT',
  'search-max-search-results': 'MAXSEARCHRESULTS',
  'search-max-aggregate-results': 'MAXAGGREGATERESULTS',
  'search-cursor-max-idle': 'CURSOR_MAX_IDLE',
  'search-cursor-read-size': 'CURSOR_READ_SIZE',
  'search-index-cursor-limit': 'INDEX_CURSOR_LIMIT',
  'search-enable-unstable-features': 'ENABLE_UNSTABLE_FEATURES',
}

/** Take the words behind the module's name: pairs of an option and its value. @throws when one cannot be. */
export function takeArguments(options: readonly Option[], args: readonly string[]): void {
  for (let i = 0; i < args.length; i += 2) {
    const option = optionNamed(options, args[i]!)
    if (option === null) throw new Error(`No such configuration option \`${args[i]}\``)
    if (i + 1 === args.length) throw new Error(`${option.name}: Expected an argument, but none provided`)
    const reason = option.set(args[i + 1]!)
    if (reason !== null) throw new Error(`${option.name}: ${reason}`)
  }
}
