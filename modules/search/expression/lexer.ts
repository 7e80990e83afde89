/* Lexer -- an expression's characters as tokens.
 *
 *      @price * 1.2 >= floor("7")        PROPERTY price, *, NUMBER 1.2, >=, SYMBOL floor, (, STRING "7", )
 *
 * Numbers have no sign of their own. What begins no token, such as a lone `=` or `&`, `#` or an open quote, is passed over
 * like white space, as the real module does it.
 *
 * Messages name the place of the offending token and, as text near it, the last token that carried text: brackets and
 * operators move the place but not the text. */

/** Kinds of token; signs of operators are kinds of their own. */
export type TokenKind = 'end' | 'number' | 'string' | 'property' | 'symbol' | Sign
export type Sign =
  | '('
  | ')'
  | ','
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | '!'
  | '<'
  | '>'
  | '=='
  | '!='
  | '<='
  | '>='
  | '&&'
  | '||'

const DOUBLES = ['==', '!=', '<=', '>=', '&&', '||'] as const
const SINGLES = '(),+-*/%^!<>'

const NUMBER = /\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y
const SYMBOL = /[A-Za-z][A-Za-z0-9_]*/y
/** Characters that are no punctuation, space or control, underscores, and escaped characters. */
const PROPERTY = /@(?:\\[!-/:-@[-`{-~\s]|[^\x00-\x2f:-@[-^`{-\x7f])+/y

/** Tokens of an expression, one character a byte. */
export class Lexer {
  readonly #text: string
  #at = 0
  kind: TokenKind = 'end'
  /** NUMBER: its value. */
  number = 0
  /** STRING, PROPERTY, SYMBOL: the text, unescaped. */
  text = ''
  /** Where the token stands, and the piece of text that a message shows. */
  place = 0
  near = ''

  constructor(text: string) {
    this.#text = text
    this.next()
  }

  /** Go to the next token. At the end `place` stays where it was. */
  next(): void {
    const text = this.#text
    while (this.#at < text.length) {
      const at = this.#at
      if (this.#takeToken(text.charCodeAt(at))) {
        this.place = at
        return
      }
      this.#at = at + 1
    }
    this.kind = 'end'
  }

  /** Take the token that begins with a byte; false when none does. */
  #takeToken(byte: number): boolean {
    if (byte >= 0x30 && byte <= 0x39) {
      this.#take(NUMBER, 'number')
      this.number = Number(this.near)
      return true
    }
    if (byte === 0x22 || byte === 0x27) {
      if (!this.#takeString()) return false
      this.text = unescaped(this.near.slice(1, -1))
      return true
    }
    if (byte === 0x40) {
      if (!this.#take(PROPERTY, 'property')) return false
      this.near = this.near.slice(1)
      this.text = unescaped(this.near)
      return true
    }
    const letter = byte | 0x20
    if (letter >= 0x61 && letter <= 0x7a) {
      this.#take(SYMBOL, 'symbol')
      this.#readSymbol()
      return true
    }
    return this.#takeSign()
  }

  #take(pattern: RegExp, kind: TokenKind): boolean {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) return false
    this.#at = pattern.lastIndex
    this.near = found[0]
    this.kind = kind
    return true
  }

  /** A string ends at the first quote without a backslash before it; where there is none, at the last one. */
  #takeString(): boolean {
    const text = this.#text
    const start = this.#at
    const quote = text[start]
    if (quote !== '"' && quote !== "'") return false
    let end = -1
    for (let at = start + 1; at < text.length; at++) {
      const isEscaped = text[at - 1] === '\\'
      if (text[at] === quote) end = at
      if ((text[at] === quote || text[at] === '\n') && !isEscaped) break
    }
    if (end < 0) return false
    this.#at = end + 1
    this.near = text.slice(start, end + 1)
    this.kind = 'string'
    return true
  }

  #readSymbol(): void {
    this.text = this.near
    if (this.near !== 'inf') return
    this.kind = 'number'
    this.number = Infinity
  }

  #takeSign(): boolean {
    const two = this.#text.slice(this.#at, this.#at + 2)
    const sign = DOUBLES.find(double => double === two) ?? SINGLES[SINGLES.indexOf(two[0]!)]
    if (sign === undefined) return false
    this.kind = sign as Sign
    this.#at += sign.length
    return true
  }
}

/** Take away the backslashes before punctuation and space, and so all but the last of several. */
function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\(?=[!-/:-@[-`{-~\s])/g, '') : text
}
