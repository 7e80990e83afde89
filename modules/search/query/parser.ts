/* Parser -- a query as a tree, in either grammar.
 *
 * Recursive descent with ranks (see grammar.ts): `expression(pending)` reads an operand and then everything that ranks
 * above the construct that waits for it. What stands in brackets after `@field:` is in fields.ts.
 *
 * A word that is a stop word leaves nothing behind, and what is left of a construct without operands is nothing too, so
 * every method may return null. The first token that no rule can take is named in the error. */

import { lowered } from '../text/lower.ts'
import {
  type AffixNode,
  ALL_FIELDS,
  boxNode,
  common,
  type FieldMask,
  type Node,
  type NumberBox,
  type PhraseNode,
  phraseNode,
  restrictFields,
  type TextBox,
  tokenNode,
  unionNode,
} from './ast.ts'
import { applyAttributes } from './attributes.ts'
import { QueryFailure, refuse } from './failure.ts'
import { type FieldParser, parseField } from './fields.ts'
import { CLASSIC, type Grammar, MODERN } from './grammar.ts'
import { Lexer, TOKEN, type TokenKind, withoutEscapes } from './lexer.ts'
import { exactWords } from './quotation.ts'
import { parseVector } from './vector.ts'

/** Constructs inside one another that a query may have. */
const DEPTH_MAX = 250

/** What a parser must know of the index. */
export interface ParseContext {
  readonly dialect: number
  /** Whether a word is a stop word, in any case. */
  isStopWord(word: Buffer): boolean
  /** The bit of a TEXT field; 0n when there is no such field. */
  fieldBit(name: Buffer): FieldMask
  /** Whether the schema has a field of this name. */
  hasField(name: Buffer): boolean
  /** Values of parameters, by name as a byte string. */
  readonly parameters: ReadonlyMap<string, Buffer>
}

/** What came of a query: a tree (null when nothing can match) or an error. */
export type Parsed = { readonly root: Node | null } | { readonly error: string }

/** Parse a query. */
export function parseQuery(query: Buffer, context: ParseContext): Parsed {
  try {
    return { root: new Parser(query, context).query() }
  } catch (failure) {
    if (failure instanceof QueryFailure) return { error: failure.text }
    throw failure
  }
}

/** Reads one query. */
export class Parser implements FieldParser {
  readonly lexer: Lexer
  readonly context: ParseContext
  readonly grammar: Grammar
  #depth = 0

  constructor(query: Buffer, context: ParseContext) {
    this.context = context
    this.grammar = context.dialect === 1 ? CLASSIC : MODERN
    this.lexer = new Lexer(query, this.grammar.modern, word => context.isStopWord(word))
    this.lexer.next()
  }

  /** The whole query. */
  query(): Node | null {
    if (this.lexer.kind === TOKEN.end) return null
    const all = this.#allDocuments()
    const root = all ?? this.expression(0, false)
    if (this.grammar.modern && this.lexer.kind === TOKEN.openSquare && this.#knnMayFollow)
      return parseVector(this, root)
    this.expect(TOKEN.end)
    return root
  }

  /** Set when an arrow was read behind a complete query, so that a KNN clause may follow. */
  #knnMayFollow = false

  /** `*`, in the newer dialects also in brackets: only as the whole query. */
  #allDocuments(): Node | null {
    const { lexer, grammar } = this
    let open = 0
    const at = lexer.mark()
    while (grammar.modern && lexer.kind === TOKEN.open) {
      open++
      lexer.next()
    }
    if (lexer.kind !== TOKEN.star) {
      lexer.reset(at)
      return null
    }
    lexer.next()
    for (; open > 0; open--) this.take(TOKEN.close)
    if (grammar.modern && lexer.is(TOKEN.arrow)) {
      lexer.next()
      this.#knnMayFollow = true
    }
    return { ...common(), kind: 'all' }
  }

  /**
   * An operand, and all that ranks above what waits for it.
   * @param textOnly inside `@field:(...)`, where no other modifier may stand.
   */
  expression(pending: number, textOnly: boolean): Node | null {
    const { lexer, grammar } = this
    if (++this.#depth > DEPTH_MAX) refuse('Parser stack overflow. Try moving nested parentheses more to the left')
    const isWhole = pending === 0 && this.#depth === 1
    let left = this.#operand(textOnly)
    for (;;) {
      const rank = grammar.rank.get(lexer.kind)
      if (rank === undefined || rank <= pending || (textOnly && isModifier(lexer.kind))) break
      if (lexer.kind === TOKEN.arrow) {
        lexer.next()
        if (isWhole && grammar.modern && lexer.is(TOKEN.openSquare)) {
          this.#knnMayFollow = true
          break
        }
        left = this.#attributes(left)
      } else if (lexer.kind === TOKEN.or) {
        lexer.next()
        left = joinUnion(left, this.expression(grammar.or, textOnly))
      } else left = joinPhrase(left, this.expression(grammar.and, textOnly), this.context.dialect >= 2)
    }
    this.#depth--
    return left
  }

  #operand(textOnly: boolean): Node | null {
    const { lexer, grammar } = this
    switch (lexer.kind) {
      case TOKEN.open:
        return this.#bracketed(textOnly)
      case TOKEN.minus: {
        lexer.next()
        const child = this.expression(grammar.not, textOnly)
        return child === null ? null : { ...common(), kind: 'not', children: [child] }
      }
      case TOKEN.tilde: {
        lexer.next()
        const child = this.expression(grammar.optional, textOnly)
        return child === null ? null : { ...common(), kind: 'optional', children: [child] }
      }
      case TOKEN.modifier:
        if (!textOnly) return parseField(this)
        break
      case TOKEN.isMissing:
        return textOnly ? this.#word() : this.#missing()
      case TOKEN.percent:
        return this.#fuzzy()
      case TOKEN.quote:
        if (!grammar.modern) return this.#quoted()
        break
      case TOKEN.exact:
        return this.#exact()
      case TOKEN.pattern:
        return this.pattern()
      case TOKEN.prefix:
      case TOKEN.suffix:
      case TOKEN.contains:
        return this.affix()
      case TOKEN.attribute:
        if (grammar.modern) return this.#word()
        break
      case TOKEN.stopWord:
        lexer.next()
        return null
    }
    return this.isTerm() ? this.#word() : this.fail()
  }

  #bracketed(textOnly: boolean): Node | null {
    this.lexer.next()
    const node = this.expression(0, textOnly)
    this.take(TOKEN.close)
    return node
  }

  /** Whether the token is a word: a term or a number. */
  isTerm(): boolean {
    const kind = this.lexer.kind
    const modern = kind === TOKEN.size || kind === TOKEN.as || kind === TOKEN.isMissing
    return kind === TOKEN.term || kind === TOKEN.number || modern
  }

  /** A word; in dialect 1 all words that follow it join it. */
  #word(): Node | null {
    const { lexer, grammar } = this
    if (grammar.modern) {
      const isNumber = lexer.kind === TOKEN.number || lexer.kind === TOKEN.size
      const box = this.wordBox()
      if (!box.parameter && this.context.isStopWord(box.text)) return null
      const node = boxNode(box)
      // A number has no other forms.
      node.verbatim = isNumber
      return node
    }
    const first = this.token()
    if (!this.isTerm()) return first
    const words: Node[] = [first, this.token()]
    while (lexer.kind === TOKEN.term) words.push(this.token())
    return phraseNode(words)
  }

  /** A term as a token, in lower case. */
  token(): Node {
    const text = lowered(withoutEscapes(this.lexer.text))
    this.lexer.next()
    return tokenNode(text)
  }

  /** A term or a parameter. */
  wordBox(): TextBox {
    const { lexer } = this
    const parameter = lexer.kind === TOKEN.attribute
    if (!parameter && !this.isTerm() && lexer.kind !== TOKEN.exact) this.fail()
    const text = parameter ? lexer.text : lowered(withoutEscapes(lexer.text))
    lexer.next()
    return { text, parameter }
  }

  /** `"words"` of dialect 1. */
  #quoted(): Node {
    const { lexer } = this
    lexer.next()
    const words = [this.#quotedWord()]
    while (lexer.kind !== TOKEN.quote) {
      if (lexer.kind === TOKEN.stopWord && words.length > 1) lexer.next()
      else words.push(this.#quotedWord())
    }
    lexer.next()
    const node = words.length === 1 ? words[0]! : phraseNode(words, true)
    node.verbatim = true
    return node
  }

  #quotedWord(): Node {
    return this.isTerm() ? this.token() : this.fail()
  }

  /** `"words"` of the newer dialects. */
  #exact(): Node {
    const words = exactWords(this.lexer.text).map(word => tokenNode(word))
    this.lexer.next()
    const node: Node = words.length === 0 ? tokenNode(Buffer.from('')) : phraseNode(words, true)
    node.verbatim = true
    return node
  }

  /** `%word%`, with up to three signs on each side. */
  #fuzzy(): Node {
    const { lexer } = this
    let edits = 0
    while (lexer.kind === TOKEN.percent && edits < 3) {
      lexer.next()
      edits++
    }
    let text: TextBox
    if (lexer.kind === TOKEN.stopWord) {
      text = { text: lowered(withoutEscapes(lexer.text)), parameter: false }
      lexer.next()
    } else text = this.#fuzzyWord()
    for (let i = 0; i < edits; i++) this.take(TOKEN.percent)
    return { ...common(), kind: 'fuzzy', text, edits }
  }

  #fuzzyWord(): TextBox {
    if (this.lexer.kind === TOKEN.attribute && !this.grammar.modern) this.fail()
    return this.wordBox()
  }

  /** `word*`, `*word` or `*word*`; the text keeps its case. */
  affix(): AffixNode {
    const { lexer } = this
    const { kind, parameter } = lexer
    const text = parameter ? lexer.text : withoutEscapes(lexer.text)
    lexer.next()
    return {
      ...common(),
      kind: 'affix',
      text: { text, parameter },
      before: kind !== TOKEN.suffix,
      after: kind !== TOKEN.prefix,
    }
  }

  /** `w'pattern'`; the text keeps its case. */
  pattern(): Node {
    const { text, parameter } = this.lexer
    this.lexer.next()
    return { ...common(), kind: 'pattern', text: { text, parameter } }
  }

  /** `ismissing(@field)`. */
  #missing(): Node {
    const { lexer } = this
    lexer.next()
    this.take(TOKEN.open)
    this.expect(TOKEN.modifier)
    const field = withoutEscapes(lexer.text)
    lexer.next()
    this.take(TOKEN.close)
    return { ...common(), kind: 'missing', field }
  }

  /** `=> { $name: value; ... }`, behind the arrow. */
  #attributes(node: Node | null): Node | null {
    this.take(TOKEN.openBrace)
    const attributes = this.attributeList()
    if (node !== null) applyAttributes(node, attributes)
    return node
  }

  /** `$name: value; ... }`. */
  attributeList(): [string, Buffer][] {
    const { lexer } = this
    const attributes: [string, Buffer][] = []
    while (lexer.kind === TOKEN.attribute) {
      const name = lexer.text.latin1Slice()
      lexer.next()
      this.take(TOKEN.colon)
      attributes.push([name, this.#attributeValue()])
      if (!lexer.is(TOKEN.semicolon)) break
      while (lexer.is(TOKEN.semicolon)) lexer.next()
    }
    this.take(TOKEN.closeBrace)
    return attributes
  }

  #attributeValue(): Buffer {
    const { lexer } = this
    const isParameter = lexer.kind === TOKEN.attribute && this.grammar.modern
    if (!isParameter && !this.isTerm() && !lexer.isEmpty) this.fail()
    const { text } = lexer
    lexer.next()
    return isParameter ? this.parameter(text) : text
  }

  /** The value of a parameter. */
  parameter(name: Buffer): Buffer {
    return this.context.parameters.get(name.latin1Slice()) ?? refuse(`No such parameter \`${name.latin1Slice()}\``)
  }

  /** A number or, in the newer dialects, a parameter, with any number of minus signs. */
  number(role: NumberBox['role']): NumberBox {
    const { lexer } = this
    let negative = false
    while (lexer.is(TOKEN.minus)) {
      negative = !negative
      lexer.next()
    }
    const isParameter = lexer.is(TOKEN.attribute) && this.grammar.modern
    if (!isParameter && !lexer.is(TOKEN.number) && !lexer.is(TOKEN.size)) this.fail()
    const { text, value } = lexer
    lexer.next()
    if (isParameter) return { value: 0, parameter: text, negative, role }
    return { value: negative ? -value : value, parameter: null, negative: false, role }
  }

  /** Restrict a node to a field. */
  inFields(node: Node | null, fields: FieldMask): Node | null {
    if (node !== null) restrictFields(node, fields)
    return node
  }

  /** Take a token of this kind. */
  take(kind: TokenKind): void {
    this.expect(kind)
    this.lexer.next()
  }

  /** The token must be of this kind. */
  expect(kind: TokenKind): void {
    if (this.lexer.kind !== kind) this.fail()
  }

  /** No rule takes the token. */
  fail(): never {
    const near = this.lexer.near.latin1Slice()
    const end = near.indexOf('\0')
    return refuse(`Syntax error at offset ${this.lexer.place} near ${end < 0 ? near : near.slice(0, end)}`)
  }
}

function isModifier(kind: TokenKind): boolean {
  return kind === TOKEN.modifier || kind === TOKEN.isMissing
}

/**
 * Side by side: what was joined so far takes the next one in.
 * @param flatten whether brackets around a part that is joined itself make no difference: `a (b c)` is `a b c`.
 */
function joinPhrase(left: Node | null, right: Node | null, flatten: boolean): Node | null {
  if (left === null || right === null) return left ?? right
  const joined = isJoined(left) ? left : phraseNode([left])
  if (flatten && isJoined(right) && isPlain(right)) joined.children.push(...right.children)
  else joined.children.push(right)
  return joined
}

function isJoined(node: Node): node is PhraseNode {
  return node.kind === 'phrase' && !node.exact && node.fields === ALL_FIELDS
}

/** Whether no attribute was given to a node. */
function isPlain({ weight, slop, saysOrder, phonetic }: Node): boolean {
  return weight === 1 && slop === -1 && !saysOrder && phonetic === 'default'
}

/** Either: unions of unions are one union. */
function joinUnion(left: Node | null, right: Node | null): Node | null {
  if (left === null || right === null) return left ?? right
  if (left.kind === 'union' && left.fields === ALL_FIELDS) {
    left.children.push(right)
    return left
  }
  return unionNode([left, right])
}
