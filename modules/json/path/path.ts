/* Path -- what a path says, once it has been read.
 *
 * A path is a list of steps. Each step selects children of what the step before it selected; one that descends selects
 * from all that is below as well. The value that all steps lead to is a match, and there may be none, one or many.
 *
 *   $.store.book[?(@.price<10)]..title      name store | name book | filter | name title, descending
 *
 * Names are kept as they stand in a document's text, escapes and all, so that a step compares bytes. Literals of a filter
 * are kept as values with words and text of their own, so that one comparison serves literals and documents. */

export const STEP = { name: 0, index: 1, all: 2, names: 3, indexes: 4, slice: 5, filter: 6 } as const
export type StepKind = (typeof STEP)[keyof typeof STEP]

const NOTHING: Buffer = Buffer.from('')

export class Step {
  readonly kind: StepKind
  /** Select below what is below, too. */
  descends = false
  name: Buffer = NOTHING
  names: readonly Buffer[] = []
  index = 0
  indexes: readonly number[] = []
  /** Bounds of a slice; NaN for one that is not given. */
  from = Number.NaN
  to = Number.NaN
  by = 1
  filter: Filter | null = null

  constructor(kind: StepKind) {
    this.kind = kind
  }
}

/** Alternatives, each a list of tests that must all hold. */
export interface Filter {
  readonly any: readonly (readonly Test[])[]
}

export const TEST = {
  exists: 0,
  equal: 1,
  unequal: 2,
  less: 3,
  lessOrEqual: 4,
  greater: 5,
  greaterOrEqual: 6,
  like: 7,
  group: 8,
} as const
export type TestKind = (typeof TEST)[keyof typeof TEST]

export interface Test {
  readonly kind: TestKind
  /** Null in a group. */
  readonly left: Operand | null
  /** Null in a group and where only existence is asked. */
  readonly right: Operand | null
  readonly group: Filter | null
}

/** One side of a comparison: a literal, or a path from the value under test or from the root. */
export class Operand {
  /** Steps from `@` or `$`; null in a literal. */
  readonly steps: readonly Step[] | null
  /** The steps lead to one value at most. */
  readonly single: boolean
  /** Where the results of a path from the root are kept while a query runs; -1 for other operands. */
  readonly rootSlot: number
  /** A literal's value. */
  readonly words: Int32Array
  readonly text: Buffer
  /** A string literal that was written with a backslash: as a pattern it matches nothing, as in the real module. */
  readonly escaped: boolean

  constructor(steps: readonly Step[] | null, rootSlot: number, words: Int32Array, text: Buffer, escaped: boolean) {
    this.steps = steps
    this.single = steps !== null && steps.every(isSingle)
    this.rootSlot = rootSlot
    this.words = words
    this.text = text
    this.escaped = escaped
  }
}

/** Whether a step selects one child at most, known from the path alone. */
export function isSingle(step: Step): boolean {
  return !step.descends && (step.kind === STEP.name || step.kind === STEP.index)
}

export class Path {
  readonly steps: readonly Step[]
  /** Written without `$`: replies are those of the first version of the module. */
  readonly legacy: boolean
  /** Leads to one value at most, and to a place where one could be put. */
  readonly isStatic: boolean
  /** Paths from the root inside filters. */
  readonly rootSlots: number
  /**
   * Where the path leads surely, in one normal form: `$["a"][0]`. A path that may lead to several places, or counts from
   * the end of an array, is known up to there: what a write tells it has changed, and what an index depends on.
   */
  readonly reach: string
  /** The same without the index that comes last, if one does: removing an element changes those behind it. */
  readonly arrayReach: string

  constructor(steps: readonly Step[], legacy: boolean, rootSlots: number) {
    this.steps = steps
    this.legacy = legacy
    this.isStatic = steps.every(isSingle)
    this.rootSlots = rootSlots
    this.reach = reachOf(steps)
    this.arrayReach = steps[steps.length - 1]?.kind === STEP.index ? reachOf(steps.slice(0, -1)) : this.reach
  }

  /** Whether it names the whole document. */
  get isRoot(): boolean {
    return this.steps.length === 0
  }
}

function reachOf(steps: readonly Step[]): string {
  let reach = '$'
  for (const step of steps) {
    if (!isSingle(step) || (step.kind === STEP.index && step.index < 0)) break
    reach += step.kind === STEP.name ? `["${step.name.utf8Slice()}"]` : `[${step.index}]`
  }
  return reach
}

/** A path that cannot be read, and the real module's words for it. */
export class PathFault {
  readonly legacy: boolean
  readonly message: string
  /** It is no UTF-8 text: refused before anything else is looked at. */
  readonly notText: boolean

  constructor(legacy: boolean, message: string, notText = false) {
    this.legacy = legacy
    this.message = message
    this.notText = notText
  }
}
