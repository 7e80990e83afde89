/* Pair table -- a small number for each pair of small numbers, in the order in which pairs first came.
 *
 *      (brand 3, size 1) -> 0      (brand 3, size 2) -> 1      (brand 7, size 1) -> 2
 *
 *      places   [ -  1  -  -  0  2  - ]        open addressing: the hash of a pair names the place to look first
 *      first    [ 3  3  7 ]  second [ 1  2  1 ]
 *
 * Grouping by several properties is this, folded: ((a, b), c). Distinct values in groups are pairs (group, value).
 *
 *   find or add O(1) mostly; the places double when half full */

import { refuse } from '../query/failure.ts'
import type { Budget } from './budget.ts'

/** Pairs in a table, and so groups in a query: what they need at most is half a gigabyte. */
export const CODES_MAX: number = 1 << 24

/** Cells that a pair takes, with its places. */
const PAIR_CELLS = 3

/** Numbers the distinct pairs. */
export class PairTable {
  /** The pair of each number. */
  first = new Int32Array(64)
  second = new Int32Array(64)
  count = 0
  #places = new Int32Array(128).fill(-1)
  readonly #budget: Budget

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** The number of a pair; a new one gets the next. */
  code(a: number, b: number): number {
    const places = this.#places
    const mask = places.length - 1
    const { first, second } = this
    for (let at = mix(a, b) & mask; ; at = (at + 1) & mask) {
      const code = places[at]!
      if (code < 0) return this.#add(a, b, at)
      if (first[code] === a && second[code] === b) return code
    }
  }

  #add(a: number, b: number, at: number): number {
    const code = this.count++
    if (code === this.first.length) this.#grow()
    this.first[code] = a
    this.second[code] = b
    if (this.count * 2 > this.#places.length) this.#spread()
    else this.#places[at] = code
    return code
  }

  #grow(): void {
    if (this.count > CODES_MAX) refuse('Limit exceeded')
    this.#budget.spendCells(this.first.length * PAIR_CELLS)
    this.first = longer(this.first)
    this.second = longer(this.second)
  }

  #spread(): void {
    const places = new Int32Array(this.#places.length * 2).fill(-1)
    const mask = places.length - 1
    for (let code = 0; code < this.count; code++) {
      let at = mix(this.first[code]!, this.second[code]!) & mask
      while (places[at]! >= 0) at = (at + 1) & mask
      places[at] = code
    }
    this.#places = places
  }
}

function longer(array: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(array.length * 2)
  copy.set(array)
  return copy
}

function mix(a: number, b: number): number {
  const h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b ^ (b >>> 15), 0x85ebca6b)
  return h ^ (h >>> 15)
}
