/* Lexer -- a query's bytes as tokens.
 *
 *      @title:(brid* -"old town")        MODIFIER title, COLON, LP, PREFIX brid, MINUS, EXACT old town, RP
 *
 * At each place the longest token wins: `1.5` is a number, `5th` a term, `bak*` a prefix. White space and punctuation
 * without a meaning only separate. A term is any run of bytes that are no ASCII punctuation, space or control, of
 * underscores, and of escaped characters.
 *
 * Messages name the place of the offending token and a piece of text near it. That piece is the last one that carried
 * text, as the real module has it: a bracket moves the place but not the text. `near` and `place` keep that. */

import { parseDouble } from 'redstrata/module'

/** Kinds of token. */
export const TOKEN = {
  end: 0,
  term: 1,
  stopWord: 2,
  number: 3,
  size: 4,
  modifier: 5,
  attribute: 6,
  arrow: 7,
  quote: 8,
  exact: 9,
  or: 10,
  open: 11,
  close: 12,
  openBrace: 13,
  closeBrace: 14,
  openSquare: 15,
  closeSquare: 16,
  colon: 17,
  semicolon: 18,
  minus: 19,
  tilde: 20,
  star: 21,
  percent: 22,
  prefix: 23,
  suffix: 24,
  contains: 25,
  pattern: 26,
  as: 27,
  isMissing: 28,
  equal: 29,
  notEqual: 30,
  greater: 31,
  greaterEqual: 32,
  less: 33,
  lessEqual: 34,
  /** What no rule takes: always an error. */
  verbatim: 35,
} as const
/** One of TOKEN. A plain number, since it changes under a reader's feet with every `next`. */
export type TokenKind = number

const SPACE = 0x20
const STAR = 0x2a
const BACKSLASH = 0x5c
const QUOTE = 0x22
const TICK = 0x27

/** Tokens of one byte that both dialects know. */
const SINGLES: Readonly<Record<string, TokenKind>> = {
  '|': TOKEN.or,
  '(': TOKEN.open,
  ')': TOKEN.close,
  '{': TOKEN.openBrace,
  '}': TOKEN.closeBrace,
  '[': TOKEN.openSquare,
  ']': TOKEN.closeSquare,
  ':': TOKEN.colon,
  ';': TOKEN.semicolon,
  '-': TOKEN.minus,
  '~': TOKEN.tilde,
  '*': TOKEN.star,
  '%': TOKEN.percent,
}

function isPunctuation(byte: number): boolean {
  return (
    (byte >= 0x21 && byte <= 0x2f) ||
    (byte >= 0x3a && byte <= 0x40) ||
    (byte >= 0x5b && byte <= 0x60) ||
    (byte >= 0x7b && byte <= 0x7e)
  )
}

function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 9 && byte <= 13)
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}

/** Whether a byte may stand in a term without an escape. */
function isTermByte(byte: number): boolean {
  if (byte === 0x5f || byte >= 0x80) return true
  return byte > SPACE && byte !== 0x7f && !isPunctuation(byte)
}

/** Drop the backslashes that escape punctuation and spaces. */
export function withoutEscapes(text: Buffer): Buffer {
  if (!text.includes(BACKSLASH)) return text
  const out: number[] = []
  for (let i = 0; i < text.length; i++) {
    const next = text[i + 1]
    if (text[i] === BACKSLASH && next !== undefined && (isPunctuation(next) || isSpace(next))) out.push(text[++i]!)
    else out.push(text[i]!)
  }
  return Buffer.from(out)
}

/** Cuts a query into tokens. */
export class Lexer {
  readonly query: Buffer
  readonly #modern: boolean
  readonly #isStopWord: (text: Buffer) => boolean
  #at = 0
  kind: TokenKind = TOKEN.end
  /** The token's text: without its signs, with its escapes. */
  text: Buffer
  /** Whether the text of an affix or a pattern is the name of a parameter. */
  parameter = false
  /** The value of a number. */
  value = 0
  /** Where messages place the token, and the text they show. */
  place = 0
  near: Buffer

  /** @param modern dialects 2 to 4. */
  constructor(query: Buffer, modern: boolean, isStopWord: (text: Buffer) => boolean) {
    this.query = query
    this.#modern = modern
    this.#isStopWord = isStopWord
    this.text = this.near = query.subarray(0, 0)
  }

  /** Whether the token is of a kind. */
  is(kind: TokenKind): boolean {
    return this.kind === kind
  }

  /** Whether the token is `""`, which may stand where a term may. */
  get isEmpty(): boolean {
    return this.kind === TOKEN.exact && this.text.length === 0
  }

  /** Where the lexer stands, for `reset`: only before any token that carries text. */
  mark(): { at: number; kind: TokenKind; place: number } {
    return { at: this.#at, kind: this.kind, place: this.place }
  }

  /** Go back to a mark. */
  reset(mark: { at: number; kind: TokenKind; place: number }): void {
    this.#at = mark.at
    this.kind = mark.kind
    this.place = mark.place
  }

  /** Go to the next token; at the end its kind is `end` and the place stays. */
  next(): void {
    const query = this.query
    while (this.#at < query.length) if (this.#token(this.#at)) return
    this.kind = TOKEN.end
  }

  /** Read the token at a place; false when there is only something that separates. */
  #token(at: number): boolean {
    const query = this.query
    const byte = query[at]!
    this.parameter = false
    if (isTermByte(byte) || this.#termEnd(at) > at) return this.#wordToken(at)
    if (byte === 0x2b || byte === 0x2d) {
      const end = this.#numberEnd(at)
      if (end > at) return this.#numberToken(at, end)
    }
    if (byte === 0x40 || byte === 0x24) return this.#namedToken(at, byte === 0x40)
    if (byte === STAR) return this.#starToken(at)
    if (byte === QUOTE || byte === TICK) return this.#quoteToken(at)
    if (byte === 0x3d && query[at + 1] === 0x3e)
      return this.#set(TOKEN.arrow, at, at + 2, query.subarray(at + 1, at + 3), true)
    if (this.#modern && (byte === 0x3d || byte === 0x21 || byte === 0x3c || byte === 0x3e)) return this.#comparison(at)
    const single = SINGLES[String.fromCharCode(byte)]
    this.#at = at + 1
    if (single === undefined) return false
    this.kind = single
    this.place = at
    return true
  }

  /** Take a token; its text also becomes what messages show. */
  #set(kind: TokenKind, place: number, end: number, text: Buffer, shown: boolean): boolean {
    this.kind = kind
    this.place = place
    this.#at = end
    this.text = text
    if (shown) this.near = text
    return true
  }

  /** Where a term that begins here ends; `at` when none does. */
  #termEnd(at: number): number {
    const query = this.query
    while (at < query.length) {
      if (isTermByte(query[at]!)) at++
      else if (
        query[at] === BACKSLASH &&
        at + 1 < query.length &&
        (isPunctuation(query[at + 1]!) || isSpace(query[at + 1]!))
      )
        at += 2
      else break
    }
    return at
  }

  /** Where a number that begins here ends; `at` when none does. */
  #numberEnd(at: number): number {
    const query = this.query
    const start = at
    const signed = query[at] === 0x2d || query[at] === 0x2b
    if (this.#isInfinity(signed ? at + 1 : at)) return signed ? at + 4 : at + 3
    if (query[at] === 0x2b) return start
    if (signed) at++
    const digits = at
    while (isDigit(query[at] ?? 0)) at++
    if (at === digits) return start
    if (query[at] === 0x2e && isDigit(query[at + 1] ?? 0)) for (at++; isDigit(query[at] ?? 0); at++);
    let exponent = at
    if (query[exponent] === 0x65 || query[exponent] === 0x45) {
      exponent++
      if (query[exponent] === 0x2d || query[exponent] === 0x2b) exponent++
      if (isDigit(query[exponent] ?? 0)) for (at = exponent; isDigit(query[at] ?? 0); at++);
    }
    return at
  }

  #isInfinity(at: number): boolean {
    const query = this.query
    // The newer dialects also take capitals: bit 5 tells them from small letters.
    const letter = this.#modern ? 0x20 : 0
    return (query[at]! | letter) === 0x69 && (query[at + 1]! | letter) === 0x6e && (query[at + 2]! | letter) === 0x66
  }

  /** A term, a number, a prefix, or one of the words with a meaning of their own. */
  #wordToken(at: number): boolean {
    const query = this.query
    if (this.#modern && query[at] === 0x77 && query[at + 1] === TICK) {
      const end = this.#tickedEnd(at + 1)
      if (end > 0) return this.#patternToken(at, end)
    }
    const termEnd = this.#termEnd(at)
    const numberEnd = this.#numberEnd(at)
    const end = Math.max(termEnd, numberEnd)
    if (query[end] === STAR) return this.#set(TOKEN.prefix, at, end + 1, query.subarray(at, end), true)
    if (numberEnd >= termEnd) return this.#numberToken(at, numberEnd)
    const text = query.subarray(at, end)
    return this.#set(this.#wordKind(text), at, end, text, true)
  }

  #wordKind(text: Buffer): TokenKind {
    if (this.#modern) {
      if (text.length === 2 && text.latin1Slice().toLowerCase() === 'as') return TOKEN.as
      if (text.length === 9 && text.latin1Slice().toLowerCase() === 'ismissing') return TOKEN.isMissing
      return TOKEN.term
    }
    return this.#isStopWord(text) ? TOKEN.stopWord : TOKEN.term
  }

  #numberToken(at: number, end: number): boolean {
    const query = this.query
    if (query[end] === STAR) return this.#set(TOKEN.prefix, at, end + 1, query.subarray(at, end), true)
    const text = query.subarray(at, end)
    this.value = text.latin1Slice().toLowerCase().endsWith('inf')
      ? text[0] === 0x2d
        ? -Infinity
        : Infinity
      : parseDouble(query, at, end)
    const isSize = this.#modern && text.every(isDigit)
    return this.#set(isSize ? TOKEN.size : TOKEN.number, at, end, text, true)
  }

  /** `@name`, `$name`, and in the newer dialects `$name*`. */
  #namedToken(at: number, isModifier: boolean): boolean {
    const end = this.#termEnd(at + 1)
    this.#at = at + 1
    if (end === at + 1) return false
    const text = this.query.subarray(at + 1, end)
    if (!isModifier && this.#modern && this.query[end] === STAR) {
      this.#set(TOKEN.prefix, at, end + 1, text, true)
      this.parameter = true
      return true
    }
    return this.#set(isModifier ? TOKEN.modifier : TOKEN.attribute, at, end, text, true)
  }

  /** `*`, `*word`, `*word*`, and with parameters. */
  #starToken(at: number): boolean {
    const query = this.query
    const named = this.#modern && query[at + 1] === 0x24 && this.#termEnd(at + 2) > at + 2
    const start = named ? at + 2 : at + 1
    const end = named ? this.#termEnd(start) : Math.max(this.#termEnd(start), this.#numberEnd(start))
    if (end === start) {
      this.kind = TOKEN.star
      this.place = at
      this.#at = at + 1
      return true
    }
    const both = query[end] === STAR
    this.#set(both ? TOKEN.contains : TOKEN.suffix, at, both ? end + 1 : end, query.subarray(start, end), true)
    this.parameter = named
    return true
  }

  /** Where a text in ticks that begins here ends, with its ticks; -1 when it does not, or is empty. */
  #tickedEnd(at: number): number {
    const query = this.query
    for (let i = at + 1; i < query.length; i++) {
      if (query[i] === BACKSLASH) i++
      else if (query[i] === TICK) return i === at + 1 ? -1 : i + 1
    }
    return -1
  }

  #patternToken(at: number, end: number): boolean {
    const named = this.query[at + 2] === 0x24
    const text = this.query.subarray(named ? at + 3 : at + 2, end - 1)
    this.#set(TOKEN.pattern, at + 2, end, text, true)
    this.parameter = named
    return true
  }

  /** A quotation mark in dialect 1; in the newer ones the whole quotation. */
  #quoteToken(at: number): boolean {
    const query = this.query
    if (!this.#modern) {
      this.#at = at + 1
      if (query[at] === TICK) return false
      this.kind = TOKEN.quote
      this.place = at
      return true
    }
    for (let i = at + 1; i < query.length; i++) {
      if (query[i] === BACKSLASH) i++
      else if (query[i] === query[at]) return this.#set(TOKEN.exact, at, i + 1, query.subarray(at + 1, i), true)
    }
    this.#at = at + 1
    if (query[at] === TICK) return false
    this.kind = TOKEN.quote
    this.place = at
    return true
  }

  #comparison(at: number): boolean {
    const byte = this.query[at]!
    const equal = this.query[at + 1] === 0x3d
    this.#at = equal ? at + 2 : at + 1
    this.place = at
    if (byte === 0x3c) this.kind = equal ? TOKEN.lessEqual : TOKEN.less
    else if (byte === 0x3e) this.kind = equal ? TOKEN.greaterEqual : TOKEN.greater
    else if (equal) this.kind = byte === 0x3d ? TOKEN.equal : TOKEN.notEqual
    else return false
    return true
  }
}
