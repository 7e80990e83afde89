/* Parser -- an expression's tokens as a tree, by precedence.
 *
 *      && || !            bind least, and are equal to each other
 *      == != < <= > >=
 *      + -
 *      * / % ^            all equal, left to right: 2 ^ 3 ^ 2 is 64
 *
 * `!` takes all that binds tighter: !@a > 1 is !(@a > 1), while !@a && @b is (!@a) && @b. A sign may only stand before a
 * literal number. */

import type { ArithmeticSign, Expression, PredicateSign } from './ast.ts'
import { FUNCTIONS } from './functions.ts'
import { Lexer, type TokenKind } from './lexer.ts'
import { refuse } from '../query/failure.ts'

/** Brackets, calls and negations inside each other. */
const DEPTH_MAX = 100
/** Nodes of a tree: a chain of operators makes a tree as deep as it is long, and trees are walked by recursion. */
const NODES_MAX = 2000

const LOGIC = 1
const COMPARISON = 2

const PRECEDENCE: Partial<Record<TokenKind, number>> = {
  '&&': LOGIC,
  '||': LOGIC,
  '==': COMPARISON,
  '!=': COMPARISON,
  '<': COMPARISON,
  '<=': COMPARISON,
  '>': COMPARISON,
  '>=': COMPARISON,
  '+': 3,
  '-': 3,
  '*': 4,
  '/': 4,
  '%': 4,
  '^': 4,
}

const UNSTABLE =
  'Function `case()` is unavailable when `ENABLE_UNSTABLE_FEATURES` is off. Enable it with `FT.CONFIG SET ENABLE_UNSTABLE_FEATURES true`'

/**
 * The tree of an expression.
 * @param text one character a byte. @param unstable whether `case` is there.
 * @throws QueryFailure
 */
export function parseExpression(text: string, unstable = false): Expression {
  return new Parser(text, unstable).whole()
}

class Parser {
  readonly #lexer: Lexer
  readonly #unstable: boolean
  #depth = 0
  #nodes = 0

  constructor(text: string, unstable: boolean) {
    this.#lexer = new Lexer(text)
    this.#unstable = unstable
  }

  whole(): Expression {
    const expression = this.#expression(LOGIC)
    if (!this.#is('end')) this.#fail()
    return expression
  }

  #fail(): never {
    refuse(`Syntax error at offset ${this.#lexer.place} near '${this.#lexer.near}'`)
  }

  /** An operand, and all operators behind it that bind at least so tight. */
  #expression(least: number): Expression {
    if (++this.#depth > DEPTH_MAX) this.#fail()
    let left = this.#operand()
    for (;;) {
      const sign = this.#lexer.kind
      const precedence = PRECEDENCE[sign] ?? 0
      if (precedence < least) break
      this.#lexer.next()
      const right = this.#expression(precedence + 1)
      left = this.#counted(
        precedence > COMPARISON
          ? { kind: 'arithmetic', sign: sign as ArithmeticSign, left, right }
          : { kind: 'predicate', sign: sign as PredicateSign, left, right },
      )
    }
    this.#depth--
    return left
  }

  /** Whether the token that the lexer stands on now is of a kind. */
  #is(kind: TokenKind): boolean {
    return this.#lexer.kind === kind
  }

  #counted(node: Expression): Expression {
    if (++this.#nodes > NODES_MAX) this.#fail()
    return node
  }

  #operand(): Expression {
    const lexer = this.#lexer
    switch (lexer.kind) {
      case 'number':
        return this.#number(1)
      case '-':
        lexer.next()
        if (!this.#is('number')) this.#fail()
        return this.#number(-1)
      case 'string': {
        const value = lexer.text
        lexer.next()
        return this.#counted({ kind: 'literal', value })
      }
      case 'property': {
        const name = lexer.text
        lexer.next()
        return this.#counted({ kind: 'property', name })
      }
      case '(': {
        lexer.next()
        const inner = this.#expression(LOGIC)
        this.#expect(')')
        return inner
      }
      case '!':
        lexer.next()
        return this.#counted({ kind: 'inversion', operand: this.#expression(COMPARISON) })
      case 'symbol':
        return this.#symbol()
    }
    this.#fail()
  }

  #number(sign: number): Expression {
    const value = sign * this.#lexer.number
    this.#lexer.next()
    return this.#counted({ kind: 'literal', value })
  }

  #expect(kind: TokenKind): void {
    if (!this.#is(kind)) this.#fail()
    this.#lexer.next()
  }

  /** A call, or NULL. */
  #symbol(): Expression {
    const lexer = this.#lexer
    const symbol = lexer.text
    lexer.next()
    if (!this.#is('(')) {
      if (symbol !== 'NULL') refuse(`Unknown symbol '${symbol}'`)
      return this.#counted({ kind: 'literal', value: null })
    }
    lexer.next()
    const operands: Expression[] = []
    if (!this.#is(')')) {
      operands.push(this.#expression(LOGIC))
      while (this.#is(',')) {
        lexer.next()
        operands.push(this.#expression(LOGIC))
      }
    }
    if (!this.#is(')')) this.#fail()
    const name = symbol.toLowerCase()
    if (!FUNCTIONS.has(name)) refuse(`Unknown function name '${symbol}'`)
    if (name === 'case' && !this.#unstable) refuse(UNSTABLE)
    lexer.next()
    return this.#counted({ kind: 'call', name, operands })
  }
}
