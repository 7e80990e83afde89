/* Coders -- the distinct values of a lane, numbered in the order in which they first came.
 *
 *      lane    red  blue  red  (none)  blue        codes   0  1  0  2  1        values  [red, blue, null]
 *
 * What follows works on codes: a group is a code, or a pair of codes. Each kind of lane has a coder: numbers are found by
 * their bits, interned strings by their address, other values by a Map. Values that are missing are all one value, null.
 *
 * A number and the string that spells it are two values. */

import type { Cell, Value } from '../expression/value.ts'
import { refuse } from '../query/failure.ts'
import { type Budget, weightOf } from './budget.ts'
import { type Lane, NAN, NumberLane, ValueLane, WordLane } from './lane.ts'
import { CODES_MAX } from './pair-table.ts'

/** Numbers the values of a lane. */
export abstract class Coder {
  /** Put the code of each row's value in `codes`; false when some value is a list, which has no code. */
  abstract encode(lane: Lane, count: number, codes: Int32Array): boolean
  /** The value of a code. */
  abstract value(code: number): Value
  /** How many codes there are. */
  abstract readonly count: number
  /** An empty lane that can hold values of this coder. */
  abstract lane(capacity: number): Lane
  /** Put the value of a code into a lane that `lane` made. */
  abstract decode(code: number, into: Lane, row: number): void
  /** The code of null. */
  abstract nullCode(): number
}

/** The coder for lanes of the kind of this one. */
export function coderOf(lane: Lane, budget: Budget): Coder {
  if (lane instanceof NumberLane) return new NumberCoder(lane.nan === NAN.number)
  return lane instanceof WordLane ? new WordCoder(budget) : new ValueCoder(budget)
}

/** Whole numbers below this have a table of their own. */
const SMALL = 256

/** Numbers; NaN is a number like others, or stands for no number. */
export class NumberCoder extends Coder {
  readonly #nanIsNumber: boolean
  /** A number, and its bits as two words. */
  readonly #double = new Float64Array(1)
  readonly #halves = new Int32Array(this.#double.buffer)
  #values = new Float64Array(64)
  #places = new Int32Array(128).fill(-1)
  /** Codes of small whole numbers, which are the usual ones; 0: not seen yet, else one more than the code. */
  readonly #small = new Int32Array(SMALL)
  /** The code of NaN, -1 until it is needed. */
  #nanCode = -1
  count = 0

  constructor(nanIsNumber: boolean) {
    super()
    this.#nanIsNumber = nanIsNumber
  }

  encode(lane: Lane, count: number, codes: Int32Array): boolean {
    const { values } = lane as NumberLane
    const small = this.#small
    for (let i = 0; i < count; i++) {
      const value = values[i]!
      const whole = value | 0
      if (whole !== value || whole < 0 || whole >= SMALL) {
        codes[i] = this.code(value)
        continue
      }
      if (small[whole] === 0) small[whole] = this.code(whole) + 1
      codes[i] = small[whole]! - 1
    }
    return true
  }

  code(value: number): number {
    if (Number.isNaN(value)) return this.nullCode()
    const places = this.#places
    const mask = places.length - 1
    const values = this.#values
    // Adding 0 makes -0 the same as 0.
    for (let at = this.#hash(value + 0) & mask; ; at = (at + 1) & mask) {
      const code = places[at]!
      if (code < 0) return this.#add(value + 0, at)
      if (values[code] === value) return code
    }
  }

  #hash(value: number): number {
    this.#double[0] = value
    const h = Math.imul(this.#halves[0]!, 0x9e3779b1) ^ Math.imul(this.#halves[1]!, 0x85ebca6b)
    return h ^ (h >>> 15) ^ (h >>> 7)
  }

  #add(value: number, at: number): number {
    const code = this.#push(value)
    if (this.count * 2 > this.#places.length) this.#spread()
    else this.#places[at] = code
    return code
  }

  #push(value: number): number {
    if (this.count === this.#values.length) {
      if (this.count > CODES_MAX) refuse('Limit exceeded')
      const longer = new Float64Array(this.count * 2)
      longer.set(this.#values)
      this.#values = longer
    }
    this.#values[this.count] = value
    return this.count++
  }

  #spread(): void {
    const places = new Int32Array(this.#places.length * 2).fill(-1)
    const mask = places.length - 1
    for (let code = 0; code < this.count; code++) {
      if (code === this.#nanCode) continue
      let at = this.#hash(this.#values[code]!) & mask
      while (places[at]! >= 0) at = (at + 1) & mask
      places[at] = code
    }
    this.#places = places
  }

  nullCode(): number {
    if (this.#nanCode < 0) this.#nanCode = this.#push(NaN)
    return this.#nanCode
  }

  value(code: number): Value {
    return code === this.#nanCode && !this.#nanIsNumber ? null : this.#values[code]!
  }

  lane(capacity: number): Lane {
    return new NumberLane(capacity, this.#nanIsNumber ? NAN.number : NAN.null)
  }

  decode(code: number, into: Lane, row: number): void {
    ;(into as NumberLane).values[row] = this.#values[code]!
  }
}

/** What a text costs beside its characters, in a Map and an array. */
const TEXT_COST = 64
/** Places of a table that may be mostly empty. */
const ROOMY = 1 << 14

/** Interned strings. Addresses are believed only as long as no string goes away; then texts decide. */
class WordCoder extends Coder {
  readonly #budget: Budget
  readonly #codes = new Map<string, number>()
  readonly #texts: (string | null)[] = []
  #nullCode = -1
  /** Addresses that were seen, where their hashes put them, and their codes; 0: no address. */
  #known = new Int32Array(2048)
  #codeOfKnown = new Int32Array(2048)
  #knownCount = 0
  #removals = -1

  constructor(budget: Budget) {
    super()
    this.#budget = budget
  }

  get count(): number {
    return this.#texts.length
  }

  encode(lane: Lane, count: number, codes: Int32Array): boolean {
    const { words, strings } = lane as WordLane
    if (strings.removals !== this.#removals) this.#forget()
    this.#removals = strings.removals
    let known = this.#known
    let shift = Math.clz32(known.length - 1)
    for (let i = 0; i < count; i++) {
      const word = words[i]!
      let at = Math.imul(word, 0x9e3779b1) >>> shift
      while (known[at] !== word && known[at] !== 0) at = (at + 1) & (known.length - 1)
      if (word !== 0 && known[at] === word) {
        codes[i] = this.#codeOfKnown[at]!
        continue
      }
      codes[i] = word === 0 ? this.nullCode() : this.#learn(word, at, (lane as WordLane).text(word))
      known = this.#known
      shift = Math.clz32(known.length - 1)
    }
    return true
  }

  /** Remember an address at a free place; returns its code. */
  #learn(word: number, at: number, text: string): number {
    let code = this.#codes.get(text)
    if (code === undefined) {
      this.#budget.spend(text.length + TEXT_COST)
      code = this.#texts.push(text) - 1
      this.#codes.set(text, code)
    }
    this.#known[at] = word
    this.#codeOfKnown[at] = code
    // Where addresses meet on the way is a branch that cannot be foreseen: while few, they are kept far apart.
    const crowd = this.#known.length < ROOMY ? 8 : 2
    if (++this.#knownCount * crowd > this.#known.length) this.#spread()
    return code
  }

  #spread(): void {
    const words = this.#known
    const codes = this.#codeOfKnown
    this.#known = new Int32Array(words.length * 2)
    this.#codeOfKnown = new Int32Array(words.length * 2)
    const shift = Math.clz32(this.#known.length - 1)
    for (let i = 0; i < words.length; i++) {
      if (words[i] === 0) continue
      let at = Math.imul(words[i]!, 0x9e3779b1) >>> shift
      while (this.#known[at] !== 0) at = (at + 1) & (this.#known.length - 1)
      this.#known[at] = words[i]!
      this.#codeOfKnown[at] = codes[i]!
    }
  }

  #forget(): void {
    this.#known.fill(0)
    this.#knownCount = 0
  }

  nullCode(): number {
    if (this.#nullCode < 0) this.#nullCode = this.#texts.push(null) - 1
    return this.#nullCode
  }

  value(code: number): Value {
    return this.#texts[code]!
  }

  lane(capacity: number): Lane {
    return new ValueLane(capacity)
  }

  decode(code: number, into: Lane, row: number): void {
    ;(into as ValueLane).values[row] = this.#texts[code]!
  }
}

/** Values of any kind but lists. */
export class ValueCoder extends Coder {
  readonly #budget: Budget
  readonly #numbers = new Map<number, number>()
  readonly #texts = new Map<string, number>()
  readonly #values: Value[] = []
  #nullCode = -1

  constructor(budget: Budget) {
    super()
    this.#budget = budget
  }

  get count(): number {
    return this.#values.length
  }

  encode(lane: Lane, count: number, codes: Int32Array): boolean {
    for (let i = 0; i < count; i++) {
      const cell = lane.cell(i)
      if (typeof cell === 'object' && cell !== null) return false
      codes[i] = this.code(cell)
    }
    return true
  }

  /** The code of a value; a list inside of a list counts as the text of its parts. */
  code(cell: Cell): number {
    if (cell === undefined || cell === null) return this.nullCode()
    if (typeof cell === 'number') return this.#codeIn(this.#numbers, cell, cell + 0)
    if (typeof cell === 'string') return this.#codeIn(this.#texts, cell, cell)
    return this.#codeIn(this.#texts, JSON.stringify(cell), cell)
  }

  #codeIn<K>(codes: Map<K, number>, key: K, value: Value): number {
    const known = codes.get(key)
    if (known !== undefined) return known
    if (this.#values.length >= CODES_MAX) refuse('Limit exceeded')
    this.#budget.spend(weightOf(value) + TEXT_COST)
    const code = this.#values.push(value) - 1
    codes.set(key, code)
    return code
  }

  nullCode(): number {
    if (this.#nullCode < 0) this.#nullCode = this.#values.push(null) - 1
    return this.#nullCode
  }

  value(code: number): Value {
    return this.#values[code]!
  }

  lane(capacity: number): Lane {
    return new ValueLane(capacity)
  }

  decode(code: number, into: Lane, row: number): void {
    ;(into as ValueLane).values[row] = this.#values[code]!
  }
}
