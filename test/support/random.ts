/* Random -- chance that can be repeated: a seeded generator and the draws that tests make from it. */

/** Draws from one seed. The same seed gives the same draws on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A 32-bit unsigned number (Steele, Lea and Flood's SplitMix, in its 32-bit form). */
  bits(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }

  /** A number in [0, 1). */
  unit(): number {
    return this.bits() / 4294967296
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.unit() * below)
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  /** One of the items. */
  pick<T>(items: ArrayLike<T>): T {
    return items[this.below(items.length)]
  }

  /** Random bytes. */
  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let i = 0; i < length; i++) bytes[i] = this.bits() & 0xff
    return bytes
  }
}
