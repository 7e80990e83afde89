/* PatternParser -- a regular expression into a program.
 *
 * The syntax is that of Rust's regex, which the real module uses: no look-around, no back references, and everything else
 * that is usual:
 *
 *   . [a-z] [^a-z] [[:alpha:]] \d \w \s \D \W \S \pL \p{Greek}     one character
 *   ^ $ \A \z \b \B                                                 a place
 *   x* x+ x? x{2} x{2,} x{2,5}                                      again, as often as there is no saying no
 *   ab  a|b  (a)  (?:a)  (?P<name>a)  (?i)a  (?i-s:a)               one behind the other, either, together, with flags
 *
 * The program is Thompson's: `char` steps over one character, `split` goes two ways at once, `assert` goes on where its
 * condition holds. Since a match is only ever asked for, not for its place, greed and groups leave no trace.
 *
 *   a(b|c)*      0 char a   1 split 2,6   2 split 3,5…   3 char b   4 jump 1   5 char c …   6 match
 *
 * Limits: 10,000 characters and as many instructions, groups 100 deep; a pattern beyond is like one that cannot be read. */

import { CharSet } from './char-set.ts'

export const OP = { char: 0, split: 1, jump: 2, assert: 3, match: 4 } as const
export const ASSERT = { textStart: 0, textEnd: 1, lineStart: 2, lineEnd: 3, word: 4, notWord: 5 } as const

const CHARACTERS_MAX = 10_000
const INSTRUCTIONS_MAX = 10_000
/** Nodes that may be emitted, those that repetitions repeat counted as often. */
const EMITTED_MAX = 100_000
const GROUPS_MAX = 100
const POINT_MAX = 0x10ffff
const LINE_FEED = 10

/** A program: what to do, and for each instruction a number or two, or the set of a `char`. */
export interface Program {
  readonly ops: readonly number[]
  /** Where `split` and `jump` go, or the condition of an `assert`. */
  readonly x: readonly number[]
  readonly y: readonly number[]
  readonly sets: readonly (CharSet | null)[]
}

/** Raised inside the parser when a pattern is at fault; never leaves compilePattern. */
class PatternFault extends Error {}

/** The program of a pattern, or null when the pattern cannot be read. */
export function compilePattern(pattern: string): Program | null {
  if (pattern.length > CHARACTERS_MAX) return null
  try {
    return new PatternParser(pattern).compile()
  } catch (fault) {
    if (fault instanceof PatternFault) return null
    throw fault
  }
}

type Node =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'assert'; readonly assert: number }
  | { readonly kind: 'all'; readonly parts: readonly Node[] }
  | { readonly kind: 'any'; readonly parts: readonly Node[] }
  | { readonly kind: 'repeat'; readonly part: Node; readonly least: number; readonly most: number }

const PERL: Readonly<Record<string, string>> = {
  d: '\\p{Nd}',
  w: '[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200c\\u200d]',
  s: '\\p{White_Space}',
}
const POSIX: Readonly<Record<string, string>> = {
  alnum: '[0-9A-Za-z]',
  alpha: '[A-Za-z]',
  ascii: '[\\x00-\\x7f]',
  blank: '[\\t ]',
  cntrl: '[\\x00-\\x1f\\x7f]',
  digit: '[0-9]',
  graph: '[!-~]',
  lower: '[a-z]',
  print: '[ -~]',
  punct: '[!-\\/:-@\\[-`{-~]',
  space: '[\\t\\n\\v\\f\\r ]',
  upper: '[A-Z]',
  word: '[0-9A-Za-z_]',
  xdigit: '[0-9A-Fa-f]',
}
const CONTROL: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7 }

class PatternParser {
  readonly #text: readonly string[]
  #at = 0
  #depth = 0
  #ignoreCase = false
  #multiLine = false
  #dotAll = false
  #spaced = false
  #emitted = 0
  readonly #ops: number[] = []
  readonly #x: number[] = []
  readonly #y: number[] = []
  readonly #sets: (CharSet | null)[] = []

  constructor(pattern: string) {
    this.#text = [...pattern]
  }

  compile(): Program {
    const tree = this.#alternatives()
    if (this.#at < this.#text.length) throw new PatternFault()
    this.#emit(tree)
    this.#put(OP.match, 0, 0, null)
    return { ops: this.#ops, x: this.#x, y: this.#y, sets: this.#sets }
  }

  #alternatives(): Node {
    const parts = [this.#sequence()]
    while (this.#take('|')) parts.push(this.#sequence())
    return parts.length === 1 ? parts[0]! : { kind: 'any', parts }
  }

  #sequence(): Node {
    const parts: Node[] = []
    for (;;) {
      this.#skipSpace()
      const c = this.#text[this.#at]
      if (c === undefined || c === '|' || c === ')') return { kind: 'all', parts }
      const part = this.#atom(c)
      if (part !== null) parts.push(this.#repeated(part))
    }
  }

  #repeated(part: Node): Node {
    for (;;) {
      this.#skipSpace()
      const c = this.#text[this.#at]
      if (c === '*' || c === '+' || c === '?') {
        this.#at++
        part = { kind: 'repeat', part, least: c === '+' ? 1 : 0, most: c === '?' ? 1 : Infinity }
      } else if (c === '{') part = this.#counted(part)
      else return part
      this.#take('?')
    }
  }

  #counted(part: Node): Node {
    this.#at++
    const least = this.#number()
    const most = this.#take(',') ? (this.#text[this.#at] === '}' ? Infinity : this.#number()) : least
    if (!this.#take('}') || most < least) throw new PatternFault()
    return { kind: 'repeat', part, least, most }
  }

  /** One thing that may be repeated; null for flags, which are nothing by themselves. */
  #atom(c: string): Node | null {
    this.#at++
    switch (c) {
      case '(':
        return this.#group()
      case '[':
        return { kind: 'set', set: this.#class() }
      case '.':
        return { kind: 'set', set: this.#dot() }
      case '^':
        return { kind: 'assert', assert: this.#multiLine ? ASSERT.lineStart : ASSERT.textStart }
      case '$':
        return { kind: 'assert', assert: this.#multiLine ? ASSERT.lineEnd : ASSERT.textEnd }
      case '\\':
        return this.#escape()
      case '*':
      case '+':
      case '?':
      case '{':
        throw new PatternFault()
      default:
        return { kind: 'set', set: this.#one(c.codePointAt(0)!) }
    }
  }

  #group(): Node | null {
    if (++this.#depth > GROUPS_MAX) throw new PatternFault()
    const kept = [this.#ignoreCase, this.#multiLine, this.#dotAll, this.#spaced] as const
    if (this.#take('?') && !this.#groupName()) {
      this.#flags()
      if (this.#take(')')) {
        this.#depth--
        return null
      }
      if (!this.#take(':')) throw new PatternFault()
    }
    const inside = this.#alternatives()
    if (!this.#take(')')) throw new PatternFault()
    ;[this.#ignoreCase, this.#multiLine, this.#dotAll, this.#spaced] = kept
    this.#depth--
    return inside
  }

  #groupName(): boolean {
    const start = this.#at
    this.#take('P')
    if (!this.#take('<')) {
      this.#at = start
      return false
    }
    const from = this.#at
    while (this.#text[this.#at] !== undefined && /[\p{Alphabetic}\p{Nd}_.[\]]/u.test(this.#text[this.#at]!)) this.#at++
    if (this.#at === from || !this.#take('>')) throw new PatternFault()
    return true
  }

  #flags(): void {
    let on = true
    for (;;) {
      const c = this.#text[this.#at]
      if (c === undefined) throw new PatternFault()
      if (c === ')' || c === ':') return
      this.#at++
      if (c === '-' && on) on = false
      else if (c === 'i') this.#ignoreCase = on
      else if (c === 'm') this.#multiLine = on
      else if (c === 's') this.#dotAll = on
      else if (c === 'x') this.#spaced = on
      else if (c !== 'U' && c !== 'u' && c !== 'R') throw new PatternFault()
    }
  }

  #escape(): Node {
    const c = this.#text[this.#at++]
    if (c === 'A') return { kind: 'assert', assert: ASSERT.textStart }
    if (c === 'z') return { kind: 'assert', assert: ASSERT.textEnd }
    if (c === 'b') return { kind: 'assert', assert: ASSERT.word }
    if (c === 'B') return { kind: 'assert', assert: ASSERT.notWord }
    const set = this.#escapedSet(c)
    return { kind: 'set', set: set ?? this.#one(this.#escapedPoint(c)) }
  }

  /** The set behind a backslash and a letter, or null when the letter means one character. */
  #escapedSet(c: string | undefined): CharSet | null {
    if (c === undefined) throw new PatternFault()
    const perl = PERL[c.toLowerCase()]
    if (perl !== undefined) {
      const set = new CharSet().addProperty(perl)
      set.negated = c !== c.toLowerCase()
      return set
    }
    if (c !== 'p' && c !== 'P') return null
    let name = this.#text[this.#at++]
    if (name === '{') {
      const end = this.#text.indexOf('}', this.#at)
      if (end < 0) throw new PatternFault()
      name = this.#text.slice(this.#at, end).join('')
      this.#at = end + 1
    }
    return this.#property(name ?? '', c === 'P')
  }

  #property(written: string, negated: boolean): CharSet {
    const inverse = written.startsWith('^')
    const name = inverse ? written.slice(1) : written
    if (!/^[A-Za-z_]+(=[A-Za-z_]+)?$/.test(name)) throw new PatternFault()
    for (const form of [name, `Script=${name}`]) {
      try {
        const set = new CharSet().addProperty(`\\p{${form}}`)
        set.negated = negated !== inverse
        set.ignoreCase = this.#ignoreCase
        return set
      } catch (fault) {
        // JavaScript does not know the property by this name.
        if (!(fault instanceof SyntaxError)) throw fault
      }
    }
    throw new PatternFault()
  }

  /** The character behind a backslash. */
  #escapedPoint(c: string | undefined): number {
    if (c === undefined) throw new PatternFault()
    const control = CONTROL[c]
    if (control !== undefined) return control
    const digits = c === 'x' ? 2 : c === 'u' ? 4 : c === 'U' ? 8 : 0
    if (digits > 0) return this.#hexPoint(digits)
    if (/[A-Za-z0-9<>]/.test(c) || c.codePointAt(0)! > 127) throw new PatternFault()
    return c.codePointAt(0)!
  }

  #hexPoint(digits: number): number {
    let hex = ''
    if (this.#take('{')) {
      while (this.#text[this.#at] !== '}' && this.#at < this.#text.length) hex += this.#text[this.#at++]
      this.#at++
    } else for (let k = 0; k < digits; k++) hex += this.#text[this.#at++] ?? ''
    const point = /^[0-9A-Fa-f]{1,8}$/.test(hex) ? Number.parseInt(hex, 16) : -1
    if (point < 0 || point > POINT_MAX || (point >= 0xd800 && point <= 0xdfff)) throw new PatternFault()
    return point
  }

  /** What stands between brackets; the opening one has been read. */
  #class(): CharSet {
    if (++this.#depth > GROUPS_MAX) throw new PatternFault()
    const set = new CharSet()
    set.ignoreCase = this.#ignoreCase
    set.negated = this.#take('^')
    for (let first = true; first || this.#text[this.#at] !== ']'; first = false) {
      const c = this.#text[this.#at++]
      if (c === undefined) throw new PatternFault()
      if (c === '[') {
        set.addSet(this.#posix() ?? this.#class())
        continue
      }
      const from = this.#classPoint(c, set)
      if (from < 0) continue
      const range =
        this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']' && this.#text[this.#at + 1] !== undefined
      let to = from
      if (range) {
        this.#at++
        to = this.#classPoint(this.#text[this.#at++]!, null)
        if (to < from) throw new PatternFault()
      }
      set.addRange(from, to)
    }
    this.#at++
    this.#depth--
    return set
  }

  /** One character of a class; -1 when it was a whole set, which has been added. */
  #classPoint(c: string, into: CharSet | null): number {
    if (c !== '\\') return c.codePointAt(0)!
    const letter = this.#text[this.#at++]
    const set = this.#escapedSet(letter)
    if (set === null) return letter === 'b' ? 8 : this.#escapedPoint(letter)
    if (into === null) throw new PatternFault()
    into.addSet(set)
    return -1
  }

  /** A class like [:alpha:] whose first bracket has been read, or null. */
  #posix(): CharSet | null {
    const found = /^:(\^?)([a-z]+):\]/.exec(this.#text.slice(this.#at, this.#at + 12).join(''))
    const inside = found === null ? undefined : POSIX[found[2]!]
    if (found === null || inside === undefined) return null
    this.#at += found[0].length
    const set = new CharSet().addProperty(inside)
    set.negated = found[1] === '^'
    set.ignoreCase = this.#ignoreCase
    return set
  }

  #dot(): CharSet {
    const set = new CharSet()
    set.negated = true
    return this.#dotAll ? set : set.addRange(LINE_FEED, LINE_FEED)
  }

  #one(point: number): CharSet {
    const set = new CharSet().addRange(point, point)
    set.ignoreCase = this.#ignoreCase
    return set
  }

  #number(): number {
    let digits = ''
    while (/[0-9]/.test(this.#text[this.#at] ?? '')) digits += this.#text[this.#at++]
    if (digits === '' || digits.length > 5) throw new PatternFault()
    return Number(digits)
  }

  #take(c: string): boolean {
    if (this.#text[this.#at] !== c) return false
    this.#at++
    return true
  }

  /** With the flag x, space and comments mean nothing. */
  #skipSpace(): void {
    if (!this.#spaced) return
    for (;;) {
      const c = this.#text[this.#at]
      if (c === '#') while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at++
      else if (c !== undefined && /\p{White_Space}/u.test(c)) this.#at++
      else return
    }
  }

  #emit(node: Node): void {
    if (++this.#emitted > EMITTED_MAX) throw new PatternFault()
    if (node.kind === 'set') this.#put(OP.char, 0, 0, node.set)
    else if (node.kind === 'assert') this.#put(OP.assert, node.assert, 0, null)
    else if (node.kind === 'all') for (const part of node.parts) this.#emit(part)
    else if (node.kind === 'any') this.#emitAny(node.parts)
    else this.#emitRepeat(node.part, node.least, node.most)
  }

  #emitAny(parts: readonly Node[]): void {
    const ends: number[] = []
    parts.forEach((part, k) => {
      const last = k === parts.length - 1
      const split = last ? -1 : this.#put(OP.split, this.#ops.length + 1, 0, null)
      this.#emit(part)
      if (last) return
      ends.push(this.#put(OP.jump, 0, 0, null))
      this.#y[split] = this.#ops.length
    })
    for (const end of ends) this.#x[end] = this.#ops.length
  }

  #emitRepeat(part: Node, least: number, most: number): void {
    for (let n = 0; n < least; n++) this.#emit(part)
    if (most === Infinity) {
      const split = this.#put(OP.split, this.#ops.length + 1, 0, null)
      this.#emit(part)
      this.#put(OP.jump, split, 0, null)
      this.#y[split] = this.#ops.length
      return
    }
    const splits: number[] = []
    for (let n = least; n < most; n++) {
      splits.push(this.#put(OP.split, this.#ops.length + 1, 0, null))
      this.#emit(part)
    }
    for (const split of splits) this.#y[split] = this.#ops.length
  }

  #put(op: number, x: number, y: number, set: CharSet | null): number {
    if (this.#ops.length === INSTRUCTIONS_MAX) throw new PatternFault()
    this.#x.push(x)
    this.#y.push(y)
    this.#sets.push(set)
    return this.#ops.push(op) - 1
  }
}
