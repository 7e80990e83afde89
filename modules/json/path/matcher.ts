/* Matcher -- does a pattern match somewhere in a text?
 *
 * All ways through the program are walked at once, one character after the other (Thompson's simulation): the threads
 * are those instructions that wait for a character. Nothing is ever tried twice, so no pattern makes a text cost more than
 * its length times the program's.
 *
 *   pattern a(b|c)*d over "xabd"      x {a}   a {a}->{a b c d}   b {a}+{a b c d}   d match
 *
 * A new thread starts at every character, as a match may begin anywhere.
 *
 *   matches O(characters x instructions) */

import type { CharSet } from './char-set.ts'
import { ASSERT, OP, type Program } from './pattern-parser.ts'

const WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d]/u
/** Before the first character and behind the last. */
const NONE = -1

export class Matcher {
  /** Instructions visited in all. */
  steps = 0

  readonly #ops: Uint8Array
  readonly #x: Int32Array
  readonly #y: Int32Array
  readonly #sets: readonly (CharSet | null)[]
  /** The instructions behind the characters just read, and those that wait for the next. */
  readonly #seeds: Int32Array
  readonly #threads: Int32Array
  readonly #stack: Int32Array
  readonly #seen: Int32Array
  #round = 0

  constructor(program: Program) {
    const length = program.ops.length
    this.#ops = Uint8Array.from(program.ops)
    this.#x = Int32Array.from(program.x)
    this.#y = Int32Array.from(program.y)
    this.#sets = program.sets
    this.#seeds = new Int32Array(length + 1)
    this.#threads = new Int32Array(length)
    this.#stack = new Int32Array(length + 2)
    this.#seen = new Int32Array(length)
  }

  /** Whether the pattern matches somewhere in UTF-8 text. */
  matches(text: Buffer, start: number, end: number): boolean {
    let seeds = 0
    let before = NONE
    for (let p = start; ; ) {
      const point = p < end ? pointAt(text, p) : NONE
      this.#seeds[seeds++] = 0
      const threads = this.#close(seeds, before, point)
      if (threads < 0) return true
      if (point === NONE) return false
      seeds = 0
      for (let k = 0; k < threads; k++) {
        const pc = this.#threads[k]!
        if (this.#sets[pc]!.has(point)) this.#seeds[seeds++] = pc + 1
      }
      before = point
      p += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
    }
  }

  /** Follow the seeds to the instructions that wait for a character. Returns how many, or -1 on a match. */
  #close(seeds: number, before: number, after: number): number {
    const round = ++this.#round
    const stack = this.#stack
    let threads = 0
    for (let k = 0; k < seeds; k++) {
      let depth = 0
      stack[depth++] = this.#seeds[k]!
      while (depth > 0) {
        const pc = stack[--depth]!
        if (this.#seen[pc] === round) continue
        this.#seen[pc] = round
        this.steps++
        const op = this.#ops[pc]!
        if (op === OP.match) return -1
        if (op === OP.char) this.#threads[threads++] = pc
        else if (op === OP.jump) stack[depth++] = this.#x[pc]!
        else if (op === OP.split) {
          stack[depth++] = this.#x[pc]!
          stack[depth++] = this.#y[pc]!
        } else if (holds(this.#x[pc]!, before, after)) stack[depth++] = pc + 1
      }
    }
    return threads
  }
}

/** Whether the place between two characters is what an `assert` asks for. */
function holds(assert: number, before: number, after: number): boolean {
  if (assert === ASSERT.textStart) return before === NONE
  if (assert === ASSERT.textEnd) return after === NONE
  if (assert === ASSERT.lineStart) return before === NONE || before === 10
  if (assert === ASSERT.lineEnd) return after === NONE || after === 10
  return (isWord(before) !== isWord(after)) === (assert === ASSERT.word)
}

function isWord(c: number): boolean {
  if (c < 0x80) return (c >= 0x30 && c <= 0x39) || ((c | 0x20) >= 0x61 && (c | 0x20) <= 0x7a) || c === 0x5f
  return WORD.test(String.fromCodePoint(c))
}

/** The character at a byte of valid UTF-8. */
function pointAt(text: Buffer, p: number): number {
  const c = text[p]!
  if (c < 0x80) return c
  if (c < 0xe0) return ((c & 31) << 6) | (text[p + 1]! & 63)
  if (c < 0xf0) return ((c & 15) << 12) | ((text[p + 1]! & 63) << 6) | (text[p + 2]! & 63)
  return ((c & 7) << 18) | ((text[p + 1]! & 63) << 12) | ((text[p + 2]! & 63) << 6) | (text[p + 3]! & 63)
}
