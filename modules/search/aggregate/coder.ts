/* Coders -- the distinct values of a lane, numbered in the order in which they first came.
 *
 *      lane    red  blue  red  (none)  blue        codes   0  1  0  2  1        values  [red, blue, null]
 *
 * What follows works on codes: a group is a code, or a pair of codes. Each kind of lane has a coder: small whole numbers and
 * ids of interned strings have a table, other numbers are found by their bits, other values by a Map. Values that are missing
 * are all one value, null.
 *
 * A number and the string that spells it are two values. */

import { Range } from 'redstrata/module'
import type { Cell, Value } from '../expression/value.ts'
import type { Strings } from '../index/strings.ts'
import { refuse } from '../query/failure.ts'
import { type Budget, type Holder, weightOf } from './budget.ts'
import { codesByHash, codesByTable, codesByWord, codesOfSmall, hashOfHalves } from './kernels.ts'
import { CodeLane, type Lane, NAN, NumberLane, ValueLane, WordLane } from './lane.ts'
import { CODES_MAX } from './pair-table.ts'

/** Numbers the values of a lane. */
export abstract class Coder {
  /** Put the code of each row's value in `codes`; false when some value is a list, which has no code. */
  abstract encode(lane: Lane, count: number, codes: Int32Array): boolean
  /** The value of a code. */
  abstract value(code: number): Value
  /** Whether a code is that of null. */
  abstract isNull(code: number): boolean
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
  if (lane instanceof NumberLane) return new NumberCoder(lane.nan === NAN.number, budget)
  return lane instanceof WordLane ? new WordCoder(budget) : new ValueCoder(budget)
}

/** Whole numbers below this may have a table of their own. */
const SMALL_MAX = 4096
/** Rows of a batch that the table does not know, from which on it is not asked any more. */
const STRANGE_MAX = 64

/** Cells that a number takes, with its places. */
const NUMBER_CELLS = 3

/** Numbers; NaN is a number like others, or stands for no number. */
export class NumberCoder extends Coder {
  readonly #nanIsNumber: boolean
  readonly #budget: Budget
  /** A number, and its bits as two words. */
  readonly #double = new Float64Array(1)
  readonly #halves = new Int32Array(this.#double.buffer)
  /** The same of the lane that came last. */
  #laneValues = this.#double
  #laneHalves = this.#halves
  #values = new Float64Array(64)
  #places = new Int32Array(128).fill(-1)
  /** Codes of small whole numbers, which are the usual ones; 0: not seen yet, else one more than the code. */
  #small = new Int32Array(64)
  /** The code of NaN, -1 until it is needed. */
  #nanCode = -1
  count = 0

  constructor(nanIsNumber: boolean, budget: Budget) {
    super()
    this.#budget = budget
    this.#nanIsNumber = nanIsNumber
  }

  encode(lane: Lane, count: number, codes: Int32Array): boolean {
    const values = (lane as NumberLane).values as Float64Array<ArrayBuffer>
    let strange = 0
    let row = codesOfSmall(values, this.#small, codes, 0, count)
    for (; row < count && strange < STRANGE_MAX; row = codesOfSmall(values, this.#small, codes, row + 1, count)) {
      const value = values[row]!
      const code = this.code(value)
      codes[row] = code
      const whole = value | 0
      if (whole === value && whole >= 0 && whole < SMALL_MAX) {
        if (whole >= this.#small.length) this.#small = longer(this.#small, whole + 1)
        this.#small[whole] = code + 1
      } else if (!Number.isNaN(value)) strange++
    }
    if (row < count) this.#encodeByHash(values, codes, row, count)
    return true
  }

  #encodeByHash(values: Float64Array<ArrayBuffer>, codes: Int32Array, row: number, count: number): void {
    if (this.#laneValues !== values) {
      this.#laneValues = values
      this.#laneHalves = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
    }
    for (;;) {
      row = codesByHash(values, this.#laneHalves, this.#places, this.#values, codes, row, count)
      if (row === count) return
      codes[row] = this.code(values[row]!)
      row++
    }
  }

  code(value: number): number {
    if (Number.isNaN(value)) return this.nullCode()
    const places = this.#places
    const mask = places.length - 1
    const values = this.#values
    for (let at = this.#hash(value) & mask; ; at = (at + 1) & mask) {
      const code = places[at]!
      // Adding 0 makes -0 the same as 0.
      if (code < 0) return this.#add(value + 0, at)
      if (values[code] === value) return code
    }
  }

  #hash(value: number): number {
    this.#double[0] = value
    return value === 0 ? 0 : hashOfHalves(this.#halves[0]!, this.#halves[1]!)
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
      this.#budget.spendCells(this.count * NUMBER_CELLS)
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
    return this.isNull(code) ? null : this.#values[code]!
  }

  isNull(code: number): boolean {
    return code === this.#nanCode && !this.#nanIsNumber
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
const NO_WORDS = new Int32Array(0)

/** Ids below this have a table; of more strings than that a query may see few, and they are hashed. */
const TABLE_MAX = 1 << 16

/**
 * Interned strings. A text is made when it is asked for, or when other commands are about to run: until then its id stands
 * for it. Once strings went away, ids that come say nothing about codes that were there before, and texts decide.
 */
class WordCoder extends Coder implements Holder {
  readonly #budget: Budget
  #strings: Strings | null = null
  /** By code: its id, and its text as far as it was made; null is the text of null. */
  #ids = new Int32Array(64)
  readonly #texts: (string | null | undefined)[] = []
  #nullCode = -1
  /** Codes by their texts: of the first so many. */
  readonly #codes = new Map<string, number>()
  #settled = 0
  #textsDecide = false
  /** By id one more than its code; 0: not seen yet. Not used when there are too many strings. */
  #table = NO_WORDS
  /** Ids that were seen, where their hashes put them, and their codes; 0: no id. */
  #known = NO_WORDS
  #codeOfKnown = NO_WORDS
  #knownCount = 0
  #removals = -1
  readonly #range = new Range()

  constructor(budget: Budget) {
    super()
    this.#budget = budget
    budget.register(this)
  }

  get count(): number {
    return this.#texts.length
  }

  encode(lane: Lane, count: number, codes: Int32Array): boolean {
    const { strings } = lane as WordLane
    this.#strings = strings
    if (strings.removals !== this.#removals) this.#forget()
    this.#removals = strings.removals
    if (strings.idEnd > TABLE_MAX) this.#encodeByHash(lane as WordLane, count, codes)
    else this.#encodeByTable(lane as WordLane, count, codes)
    return true
  }

  #encodeByTable(lane: WordLane, count: number, codes: Int32Array): void {
    const { words, strings } = lane
    if (this.#table.length < strings.idEnd) this.#table = longer(this.#table, strings.idEnd)
    const table = this.#table
    for (let row = 0; ; row++) {
      row = codesByTable(words, table, codes, row, count)
      if (row === count) return
      const word = words[row]!
      const code = word === 0 ? this.nullCode() : this.#codeOf(word)
      table[word] = code + 1
      codes[row] = code
    }
  }

  #encodeByHash(lane: WordLane, count: number, codes: Int32Array): void {
    const { words } = lane
    if (this.#known.length === 0) this.#spread()
    for (let row = 0; ; row++) {
      row = codesByWord(words, this.#known, this.#codeOfKnown, codes, row, count)
      if (row === count) return
      const word = words[row]!
      codes[row] = word === 0 ? this.nullCode() : this.#learn(word, this.#codeOf(word))
    }
  }

  /** The code of an id that is not known. */
  #codeOf(word: number): number {
    if (!this.#textsDecide) return this.#add(word, undefined)
    const text = this.#strings!.text(word, this.#range).latin1()
    const known = this.#codes.get(text)
    if (known !== undefined) return known
    this.#budget.spend(text.length)
    this.#codes.set(text, this.count)
    this.#settled++
    return this.#add(word, text)
  }

  #add(word: number, text: string | null | undefined): number {
    this.#budget.spend(TEXT_COST)
    const code = this.#texts.push(text) - 1
    if (code === this.#ids.length) this.#ids = longer(this.#ids, code + 1)
    this.#ids[code] = word
    return code
  }

  settle(): void {
    for (let code = this.#settled; code < this.count; code++) {
      const text = this.value(code)
      if (text !== null) this.#codes.set(text, code)
    }
    this.#settled = this.count
  }

  /** Remember the code of an id that is not known. */
  #learn(word: number, code: number): number {
    // Where ids meet on the way is a branch that cannot be foreseen: there is room, so they are kept apart.
    if (++this.#knownCount * 2 > this.#known.length) this.#spread()
    this.#put(word, code)
    return code
  }

  #put(word: number, code: number): void {
    const known = this.#known
    const mask = known.length - 1
    let at = Math.imul(word, 0x9e3779b1) >>> Math.clz32(mask)
    while (known[at] !== 0) at = (at + 1) & mask
    known[at] = word
    this.#codeOfKnown[at] = code
  }

  #spread(): void {
    const words = this.#known
    const codes = this.#codeOfKnown
    const length = Math.max(2048, words.length * 2)
    this.#known = new Int32Array(length)
    this.#codeOfKnown = new Int32Array(length)
    for (let i = 0; i < words.length; i++) if (words[i] !== 0) this.#put(words[i]!, codes[i]!)
  }

  #forget(): void {
    if (this.count > this.#settled) throw new Error('ids of strings were kept while other commands ran')
    this.#textsDecide = this.count > 0
    this.#table.fill(0)
    this.#known.fill(0)
    this.#knownCount = 0
  }

  nullCode(): number {
    if (this.#nullCode < 0) {
      this.#nullCode = this.#add(0, null)
      if (this.#textsDecide) this.#settled++
    }
    return this.#nullCode
  }

  value(code: number): string | null {
    const known = this.#texts[code]
    if (known !== undefined) return known
    const text = this.#strings!.text(this.#ids[code]!, this.#range).latin1()
    this.#budget.spend(text.length)
    this.#texts[code] = text
    return text
  }

  isNull(code: number): boolean {
    return code === this.#nullCode
  }

  lane(capacity: number): Lane {
    return new CodeLane(capacity, this)
  }

  decode(code: number, into: Lane, row: number): void {
    ;(into as CodeLane).codes[row] = code
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

  isNull(code: number): boolean {
    return code === this.#nullCode
  }

  lane(capacity: number): Lane {
    return new ValueLane(capacity)
  }

  decode(code: number, into: Lane, row: number): void {
    ;(into as ValueLane).values[row] = this.#values[code]!
  }
}

function longer(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(Math.max(length, array.length * 2))
  copy.set(array)
  return copy
}
