/* Reducers by name, with the words that each takes. */

import type { Random } from 'redstrata/module'
import { parseNumber } from '../expression/value.ts'
import { refuse } from '../query/failure.ts'
import { BATCH_ROWS } from './batch.ts'
import type { Budget } from './budget.ts'
import { DistinctCount, DistinctEstimate, FirstValue, List, Sample } from './lists.ts'
import { Quantile } from './quantile.ts'
import { Average, Count, Deviation, Extreme, type Reducer, Sum } from './reducer.ts'
import type { ReducerCall } from './steps.ts'

/** Values of a sample at most. */
const SAMPLE_MAX = 1000
const NO_ARGUMENT = 'Expected an argument, but none provided'
const NOT_CONVERTIBLE = 'Could not convert argument to expected type'

/**
 * Finds the slot of a property.
 * @param asShown whether its values are wanted as rows show them, and not as one reckons with them.
 * @throws QueryFailure when there is none.
 */
export type SlotOf = (name: string, asShown: boolean) => number

/** The words of a reducer, read in order. */
class Words {
  readonly #call: ReducerCall
  readonly #slotOf: SlotOf
  #at = 0

  constructor(call: ReducerCall, slotOf: SlotOf) {
    this.#call = call
    this.#slotOf = slotOf
  }

  get isAtEnd(): boolean {
    return this.#at === this.#call.words.length
  }

  next(what = this.#call.name): string {
    if (this.isAtEnd) refuse(`Bad arguments for ${what}: ${NO_ARGUMENT}`)
    return this.#call.words[this.#at++]!
  }

  /** Whether the next word is this one, which is passed then. */
  word(word: string): boolean {
    if (this.isAtEnd || this.#call.words[this.#at]!.toUpperCase() !== word) return false
    this.#at++
    return true
  }

  /** The slot of a property. @param asShown see SlotOf. */
  property(asShown = false): number {
    if (this.isAtEnd) refuse(`Missing arguments for ${this.#call.name}`)
    return this.#slotOf(this.next().replace(/^@/, ''), asShown)
  }

  number(what: string): number {
    const text = this.next(what)
    const value = text === '' ? null : parseNumber(text)
    if (value === null) refuse(`Bad arguments for ${what}: ${NOT_CONVERTIBLE}`)
    return value
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.isAtEnd)
      refuse(`Unknown argument \`${this.#call.words[this.#at]!}\` at position ${this.#at} for ${this.#call.name}`)
  }
}

type Maker = (words: Words, budget: Budget, random: Random) => Reducer

const MAKERS: Readonly<Record<string, Maker>> = {
  COUNT: words => {
    if (!words.isAtEnd) refuse('Count accepts 0 values only')
    return new Count()
  },
  COUNT_DISTINCT: (words, budget) => new DistinctCount(words.property(), BATCH_ROWS, budget),
  COUNT_DISTINCTISH: (words, budget) => new DistinctEstimate(words.property(), budget),
  SUM: words => new Sum(words.property()),
  MIN: words => new Extreme(words.property(), -1),
  MAX: words => new Extreme(words.property(), 1),
  AVG: words => new Average(words.property()),
  STDDEV: words => new Deviation(words.property()),
  QUANTILE: quantile,
  TOLIST: (words, budget) => new List(words.property(true), budget),
  FIRST_VALUE: firstValue,
  RANDOM_SAMPLE: (words, budget, random) => {
    const slot = words.property(true)
    const size = words.number('<sample size>')
    if (size < 0 || size !== Math.floor(size)) refuse(`Bad arguments for <sample size>: ${NOT_CONVERTIBLE}`)
    if (size > SAMPLE_MAX) refuse('Sample size too large')
    words.end()
    return new Sample(slot, size, random, budget)
  },
}

function quantile(words: Words, budget: Budget): Reducer {
  const slot = words.property()
  const share = words.number('QUANTILE')
  if (!(share >= 0 && share <= 1)) refuse('Percentage must be between 0.0 and 1.0')
  // How exact it is to be: it always is.
  if (!words.isAtEnd) words.number('QUANTILE')
  words.end()
  return new Quantile(slot, share, budget)
}

function firstValue(words: Words, budget: Budget): Reducer {
  const slot = words.property(true)
  let by: number | null = null
  let ascending = true
  if (words.word('BY')) {
    by = words.property()
    if (words.word('DESC')) ascending = false
    else words.word('ASC')
  }
  words.end()
  return new FirstValue(slot, by, ascending, budget)
}

/** A reducer as it was asked for. @throws QueryFailure */
export function makeReducer(call: ReducerCall, random: Random, budget: Budget, slotOf: SlotOf): Reducer {
  return MAKERS[call.name.toUpperCase()]!(new Words(call, slotOf), budget, random)
}

/** Whether there is a reducer of a name, in any case. */
export function isReducer(name: string): boolean {
  return Object.hasOwn(MAKERS, name.toUpperCase())
}

/** The name of a result that was given none. */
export function defaultAlias(name: string, words: readonly string[]): string {
  return `__generated_alias${name.toLowerCase()}${words.map(word => word.replace(/^@/, '').toLowerCase()).join(',')}`
}
