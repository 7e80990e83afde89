/* Settings -- what FT.CONFIG shows and sets, and the limits that queries run under. One record a server. */

/** The values that the module goes by. */
export interface Settings {
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
}

/** What holds when nothing is said. */
export function defaultSettings(): Settings {
  return {
    prefixMin: 2,
    expansionsMax: 200,
    timeoutMs: 500,
    failsOnTimeout: false,
    defaultDialect: 1,
    searchResultsMax: 1_000_000,
    aggregateResultsMax: Number.POSITIVE_INFINITY,
  }
}
