/* Distinct sketch -- about how many different values there were, without keeping them: HyperLogLog.
 *
 *      hash of a value   0b 000000101101 | 00010110...        register 45 keeps the longest run of zeros: 3
 *
 * A run of n zeros is seen once in 2^n different hashes, so long runs mean many values; 4,096 registers are averaged, and the
 * estimate is off by 1.6 % in the mean. Up to 256 values their hashes are kept as they are, in a table that doubles when it is
 * half full: few are counted exactly, and small groups cost little.
 *
 *   add O(1)    estimate O(registers)    at most 4 KB      Flajolet et al., "HyperLogLog", 2007 */

import { type Hash64, murmur64 } from 'redstrata/module'
import { toText, type Value } from '../expression/value.ts'
import type { Budget } from './budget.ts'

const BITS = 12
const REGISTERS = 1 << BITS
const EXACT_MAX = 256
const NUMBER_SEED = 0x2545f491
const HASHES_MIN = 8
const NO_HASHES = new Float64Array(0)
/** Cells that a sketch takes before it keeps anything. */
const SKETCH_CELLS = 16

/** Counts distinct values, roughly when there are many. */
export class Sketch {
  /** Hashes at the places that they name, or behind; 0: none. */
  #hashes = NO_HASHES
  #count = 0
  #registers: Uint8Array | null = null
  readonly #budget: Budget
  readonly #hash: Hash64 = { high: 0, low: 0 }

  constructor(budget: Budget) {
    this.#budget = budget
    budget.spendCells(SKETCH_CELLS)
  }

  add(value: Value): void {
    const hash = this.#hash
    const bytes = Buffer.from(textOf(value), 'latin1')
    // A number and the string that spells it are two values.
    const seed = typeof value === 'number' ? NUMBER_SEED : 0
    murmur64(bytes, 0, bytes.length, seed, seed, hash)
    if (this.#registers !== null) {
      put(this.#registers, hash.high, hash.low)
      return
    }
    // 53 bits of the hash are a safe integer.
    this.#keep((hash.high >>> 0) * 2 ** 21 + (hash.low >>> 11) || 1)
    if (this.#count > EXACT_MAX) this.#spread()
  }

  #keep(hash: number): void {
    if (this.#count * 2 >= this.#hashes.length) this.#grow()
    const hashes = this.#hashes
    const mask = hashes.length - 1
    let at = hash & mask
    while (hashes[at] !== 0 && hashes[at] !== hash) at = (at + 1) & mask
    if (hashes[at] === hash) return
    hashes[at] = hash
    this.#count++
  }

  #grow(): void {
    const before = this.#hashes
    const length = Math.max(HASHES_MIN, before.length * 2)
    this.#budget.spendCells(length - before.length)
    this.#hashes = new Float64Array(length)
    this.#count = 0
    for (const hash of before) if (hash !== 0) this.#keep(hash)
  }

  #spread(): void {
    const registers = new Uint8Array(REGISTERS)
    for (const hash of this.#hashes) {
      if (hash === 0) continue
      const high = Math.floor(hash / 2 ** 21)
      put(registers, high | 0, (hash - high * 2 ** 21) << 11)
    }
    this.#registers = registers
    this.#budget.spendCells(REGISTERS / 8 - this.#hashes.length)
    this.#hashes = NO_HASHES
  }

  estimate(): number {
    if (this.#registers === null) return this.#count
    let sum = 0
    let zeros = 0
    for (const run of this.#registers) {
      sum += 2 ** -run
      if (run === 0) zeros++
    }
    const raw = ((0.7213 / (1 + 1.079 / REGISTERS)) * REGISTERS * REGISTERS) / sum
    // Where many registers are empty, counting those is more exact.
    const estimate = raw <= 2.5 * REGISTERS && zeros > 0 ? REGISTERS * Math.log(REGISTERS / zeros) : raw
    return Math.round(estimate)
  }
}

function textOf(value: Value): string {
  return typeof value === 'number' ? String(value + 0) : (toText(value) ?? JSON.stringify(value))
}

/** The low bits name a register, the high ones are the run; 40 bits of run are enough. */
function put(registers: Uint8Array, high: number, low: number): void {
  const register = (low >>> 11) & (REGISTERS - 1)
  const run = high === 0 ? 33 + Math.clz32(low) : Math.clz32(high) + 1
  if (run > registers[register]!) registers[register] = run
}
