/* Random -- where chance comes from.
 *
 * Nothing in the server calls Math.random: whoever needs chance is given a Random. A test gives a seeded one and sees the same
 * run again; the program gives one that the operating system has seeded, whose bytes() are fit for secrets.
 *
 * The generator is sfc32 (C. Doty-Humphrey's PractRand): three words of state and a counter, which keeps every seed on a
 * cycle of at least 2^32 steps; about 2 ns a number. */

import { randomFillSync } from 'node:crypto'

/** A source of chance. */
export interface Random {
  /** Uniform in [0, 1), with 53 bits. */
  next(): number
  /** A uniform word, 0 to 2^32 - 1. */
  u32(): number
  /** A uniform integer in [0, n), for n up to 2^53. */
  below(n: number): number
  /** Fill bytes. */
  bytes(buf: Uint8Array): void
}

/** A generator that always gives the same numbers for the same seed. Not fit for secrets. */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #counter: number

  /** @param seed with `stream` and `more` up to 96 bits, of which each is taken as a signed word */
  constructor(seed: number, stream = 0, more = 0) {
    this.#a = seed | 0
    this.#b = stream | 0
    this.#c = more | 0
    this.#counter = 1
    for (let i = 0; i < 15; i++) this.u32()
  }

  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  next(): number {
    return ((this.u32() >>> 5) * 67108864 + (this.u32() >>> 6)) / 9007199254740992
  }

  below(n: number): number {
    return Math.floor(this.next() * n)
  }

  bytes(buf: Uint8Array): void {
    let word = 0
    for (let i = 0; i < buf.length; i++) {
      if ((i & 3) === 0) word = this.u32()
      buf[i] = word
      word >>>= 8
    }
  }
}

class SystemRandom extends SeededRandom {
  override bytes(buf: Uint8Array): void {
    randomFillSync(buf)
  }
}

/** A generator seeded by the operating system; its bytes() come from there each time and may serve as secrets. */
export function systemRandom(): Random {
  const seeds = randomFillSync(new Int32Array(3))
  return new SystemRandom(seeds[0]!, seeds[1]!, seeds[2]!)
}
