/* Scanner -- reading a path, and knowing afterwards what was missing.
 *
 * The real module describes an unreadable path by the furthest place where it looked for something and the list of what it
 * looked for there:
 *
 *   $.a b       at 4: the end or '..'              $[1       at 2: a slice, for as an index the bracket stays open
 *
 * So the scanner keeps that list while the parser tries one thing after another. Whatever fails is a `rule`; it is noted
 * where it began, under one law: a rule that failed because of several others at the same place stands for them, but if
 * it was one alone, that one is the better word.
 *
 *       [   @ ? $ ? 1 ? "…" ? true ? null ?         six words for one place become `single_filter`
 *
 * Text is one character a byte, so that places are counted in bytes. Spaces between tokens mean nothing. */

/** The names of what can be missing, in the order in which a message lists them. */
const RULES = [
  'EOI',
  '<string>',
  "'<string>[,<string>,...]'",
  'pos_number',
  "'<number>'",
  'decimal',
  "'<number>[,<number>,...]'",
  "['start:end:steps']",
  'right_range',
  'all_range',
  'left_range',
  'full_range',
  'from_current',
  'from_root',
  'ge',
  'gt',
  'le',
  'lt',
  'eq',
  'ne',
  're',
  'boolean_true',
  'boolean_false',
  'null',
  'single_filter',
  'and',
  'or',
  'filter',
  "'*'",
  "'..'",
  'root',
] as const
export type Rule = (typeof RULES)[number]

const RANK: ReadonlyMap<Rule, number> = new Map(RULES.map((rule, n) => [rule, n]))
/** Characters of a name without quotes. */
const NAME = /[A-Za-z0-9\-_`~+#%$^/:]+/y
const INTEGER = /-?[1-9][0-9]*|-?[0-9]/y
const FRACTION = /\.[0-9]+/y
const POSITIVE = /[1-9][0-9]*/y

/** A string between quotes, as written. */
export interface Quoted {
  readonly raw: string
  readonly quote: string
}

export class Scanner {
  readonly text: string
  at = 0
  #far = 0
  readonly #missing: Rule[] = []

  constructor(text: string) {
    this.text = text
  }

  /** The real module's words for what was missing at the furthest place. */
  get complaint(): string {
    const names = [...new Set(this.#missing)].sort((a, b) => RANK.get(a)! - RANK.get(b)!)
    const where = `position ${this.#far}`
    return `Error occurred at ${where}, Error at ${where}: expected one of the following: ${names.join(', ')}`
  }

  /** Try to read something. When that fails nothing is read, and what was missing is noted. */
  rule<T>(rule: Rule, read: () => T | null): T | null {
    const start = this.at
    const before = start === this.#far ? this.#missing.length : 0
    const value = read()
    if (value !== null) return value
    this.at = start
    const now = start === this.#far ? this.#missing.length : 0
    if (now - before === 1) return null
    if (start === this.#far) this.#missing.length = before
    if (start > this.#far) {
      this.#missing.length = 0
      this.#far = start
    }
    if (start === this.#far) this.#missing.push(rule)
    return null
  }

  /** Try to read several things one behind the other; nothing is read when one of them is not there. */
  whole<T>(read: () => T | null): T | null {
    const start = this.at
    const value = read()
    if (value === null) this.at = start
    return value
  }

  /** Step over spaces. */
  space(): void {
    while (this.text[this.at] === ' ') this.at++
  }

  /** Read a mark, with the spaces in front of it. */
  mark(mark: string): boolean {
    const start = this.at
    this.space()
    if (this.text.startsWith(mark, this.at)) {
      this.at += mark.length
      return true
    }
    this.at = start
    return false
  }

  /** Read a mark that has a name of its own, with the spaces in front of it. */
  named(rule: Rule, mark: string): boolean {
    return (
      this.#spaced(() =>
        this.rule(rule, () => (this.text.startsWith(mark, this.at) ? this.#take(mark.length) : null)),
      ) !== null
    )
  }

  name(): string | null {
    return this.#token('<string>', NAME)
  }

  integer(): string | null {
    return this.#token("'<number>'", INTEGER)
  }

  positive(): string | null {
    return this.#token('pos_number', POSITIVE)
  }

  decimal(): string | null {
    return this.#spaced(() =>
      this.rule('decimal', () => {
        const whole = this.#match(INTEGER)
        return whole === null ? null : whole + (this.#match(FRACTION) ?? '')
      }),
    )
  }

  /** A string in quotes; inside, a backslash may stand before the same quote or another backslash and nothing else. */
  quoted(): Quoted | null {
    return this.#spaced(() => {
      const quote = this.text[this.at]
      if (quote !== '"' && quote !== "'") return null
      for (let p = this.at + 1; p < this.text.length; p++) {
        const c = this.text[p]
        if (c === quote) {
          const raw = this.text.slice(this.at + 1, p)
          this.at = p + 1
          return { raw, quote }
        }
        if (c === '\\' && this.text[++p] !== quote && this.text[p] !== '\\') return null
      }
      return null
    })
  }

  end(): boolean {
    return this.#spaced(() => this.rule('EOI', () => (this.at === this.text.length ? '' : null))) !== null
  }

  #token(rule: Rule, pattern: RegExp): string | null {
    return this.#spaced(() => this.rule(rule, () => this.#match(pattern)))
  }

  #spaced<T>(read: () => T | null): T | null {
    return this.whole(() => {
      this.space()
      return read()
    })
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    return found === null ? null : this.#take(found[0].length)
  }

  #take(length: number): string {
    const taken = this.text.slice(this.at, this.at + length)
    this.at += length
    return taken
  }
}
