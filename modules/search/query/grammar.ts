/* The two grammars -- dialect 1, and dialects 2 to 4 -- as tables of how tightly things bind.
 *
 * Both are grammars of operators: words side by side mean AND, `|` means OR, `-` and `~` go before, `@field:` too. The
 * real module decides with one ranking of all tokens whether an unfinished construct ends before the next token or
 * takes it in; users' queries depend on what came out. So the ranking is the specification here as well. The parser
 * asks one question: does the next token rank above the construct that waits? If so it belongs to it.
 *
 *      dialect 1   -a b         a token `b` ranks above `-`:  not (a b)
 *      dialect 2   -a b         it ranks below:               (not a) b
 *      dialect 1   @f:a b       the words are joined first:   @f:(a b)
 *      dialect 2   @f:a b       `:` ranks above words:        (@f:a) b
 *      dialect 2   @f:a b*      but not above prefixes:       @f:(a b*)
 *      dialect 1   (a) b | c    `|` ranks above AND:          (a) (b | c)       */

import { TOKEN, type TokenKind } from './lexer.ts'

/** How tightly tokens and constructs of a dialect bind. */
export interface Grammar {
  /** Dialects 2 to 4. */
  readonly modern: boolean
  /** Rank of a token that may continue an expression; others end it. */
  readonly rank: ReadonlyMap<TokenKind, number>
  readonly and: number
  readonly or: number
  readonly not: number
  readonly optional: number
  readonly modifier: number
}

/** Dialect 1. */
export const CLASSIC: Grammar = {
  modern: false,
  rank: new Map([
    [TOKEN.tilde, 2],
    [TOKEN.quote, 4],
    [TOKEN.minus, 6],
    [TOKEN.number, 7],
    [TOKEN.stopWord, 8],
    [TOKEN.term, 10],
    [TOKEN.prefix, 11],
    [TOKEN.suffix, 11],
    [TOKEN.contains, 11],
    [TOKEN.percent, 12],
    [TOKEN.open, 14],
    [TOKEN.modifier, 16],
    [TOKEN.or, 18],
    [TOKEN.arrow, 20],
  ]),
  and: 17,
  or: 18,
  not: 6,
  optional: 2,
  modifier: 16,
}

/** Dialects 2, 3 and 4. */
export const MODERN: Grammar = {
  modern: true,
  rank: new Map([
    [TOKEN.or, 4],
    [TOKEN.isMissing, 5],
    [TOKEN.modifier, 6],
    [TOKEN.exact, 8],
    [TOKEN.term, 9],
    [TOKEN.as, 9],
    [TOKEN.open, 11],
    [TOKEN.tilde, 12],
    [TOKEN.minus, 12],
    [TOKEN.arrow, 14],
    [TOKEN.number, 18],
    [TOKEN.size, 19],
    [TOKEN.prefix, 23],
    [TOKEN.suffix, 23],
    [TOKEN.contains, 23],
    [TOKEN.percent, 24],
    [TOKEN.attribute, 25],
    [TOKEN.pattern, 26],
  ]),
  and: 13,
  or: 4,
  not: 12,
  optional: 12,
  modifier: 15,
}
