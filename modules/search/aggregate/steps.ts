/* Steps -- what the words behind a query ask for, in order, before any of it is looked up. */

/** LOAD: fields of the documents. */
export interface LoadStep {
  readonly kind: 'load'
  /** `*`. */
  readonly everything: boolean
  readonly fields: readonly LoadedField[]
}

export interface LoadedField {
  /** The name of a field of the schema or of a hash, or a path. */
  readonly path: string
  /** What it is called in the row. */
  readonly name: string
}

/** GROUPBY with its reducers. */
export interface GroupStep {
  readonly kind: 'group'
  readonly properties: readonly string[]
  readonly reducers: readonly ReducerCall[]
}

export interface ReducerCall {
  /** As the client wrote it. */
  readonly name: string
  readonly words: readonly string[]
  readonly alias: string
}

/** SORTBY and LIMIT, which belong together when nothing stands between them. */
export interface ArrangeStep {
  readonly kind: 'arrange'
  keys: readonly SortWord[] | null
  offset: number
  /** -1: not said. */
  limit: number
}

export interface SortWord {
  readonly name: string
  readonly ascending: boolean
}

/** APPLY. */
export interface ApplyStep {
  readonly kind: 'apply'
  readonly text: string
  readonly name: string
}

/** FILTER. */
export interface FilterStep {
  readonly kind: 'filter'
  readonly text: string
}

export type PlanStep = LoadStep | GroupStep | ArrangeStep | ApplyStep | FilterStep
