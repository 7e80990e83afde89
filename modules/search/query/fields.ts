/* Field clauses -- what may follow `@name`:
 *
 *      @text:words   @a|b:words   @tag:{x | y}   @number:[1 (5]   @number >= 5   @point:[lon lat 10 km]
 *      @shape:[WITHIN $s]   @vector:[VECTOR_RANGE r $v]                                                    */

import { lowered } from '../text/lower.ts'
import {
  type AffixNode,
  common,
  type FieldMask,
  type Node,
  type NumberBox,
  type NumericNode,
  type TextBox,
  boxNode,
  phraseNode,
  tokenNode,
} from './ast.ts'
import { refuse } from './failure.ts'
import type { Grammar } from './grammar.ts'
import { type Lexer, TOKEN, type TokenKind, withoutEscapes } from './lexer.ts'
import type { ParseContext } from './parser.ts'
import { parseRange } from './vector.ts'

/** The parser, as far as field clauses need it. */
export interface FieldParser {
  readonly lexer: Lexer
  readonly grammar: Grammar
  readonly context: ParseContext
  expression(pending: number, textOnly: boolean): Node | null
  isTerm(): boolean
  token(): Node
  wordBox(): TextBox
  affix(): AffixNode
  pattern(): Node
  number(role: NumberBox['role']): NumberBox
  inFields(node: Node | null, fields: FieldMask): Node | null
  parameter(name: Buffer): Buffer
  attributeList(): [string, Buffer][]
  take(kind: TokenKind): void
  expect(kind: TokenKind): void
  fail(): never
}

/** A clause that begins with a modifier. */
export function parseField(parser: FieldParser): Node | null {
  const { lexer, grammar, context } = parser
  const name = withoutEscapes(lexer.text)
  lexer.next()
  if (grammar.modern && comparisons.has(lexer.kind)) return comparison(parser, name)
  let fields = context.fieldBit(name)
  const several = lexer.kind === TOKEN.or
  while (lexer.kind === TOKEN.or) {
    lexer.next()
    if (!parser.isTerm()) parser.fail()
    fields |= context.fieldBit(withoutEscapes(lexer.text))
    lexer.next()
  }
  parser.take(TOKEN.colon)
  if (!several && lexer.kind === TOKEN.openBrace) return grammar.modern ? tags(parser, name) : classicTags(parser, name)
  if (!several && lexer.kind === TOKEN.openSquare) return squareBrackets(parser, name)
  return parser.inFields(parser.expression(grammar.modifier, grammar.modern), fields)
}

// ---------------------------------------------------------------------- tags

/** `{a | b}`: dialects 2 to 4. */
function tags(parser: FieldParser, field: Buffer): Node {
  const { lexer } = parser
  const children: Node[] = []
  do {
    lexer.next() // the brace, or the bar
    children.push(tag(parser))
  } while (lexer.kind === TOKEN.or)
  parser.take(TOKEN.closeBrace)
  return { ...common(), kind: 'tag', field, children }
}

function tag(parser: FieldParser): Node {
  const { lexer } = parser
  switch (lexer.kind) {
    case TOKEN.prefix:
    case TOKEN.suffix:
    case TOKEN.contains:
      return parser.affix()
    case TOKEN.pattern:
      return parser.pattern()
  }
  const words = [tagWord(parser)]
  while (parser.isTerm() || lexer.kind === TOKEN.attribute || lexer.kind === TOKEN.exact) words.push(tagWord(parser))
  return words.length === 1 ? words[0]! : phraseNode(words)
}

/** A word of a tag keeps its case; the planner knows whether the field tells cases apart. */
function tagWord(parser: FieldParser): Node {
  const { lexer } = parser
  const parameter = lexer.kind === TOKEN.attribute
  if (!parameter && !parser.isTerm() && lexer.kind !== TOKEN.exact) parser.fail()
  const text = parameter ? lexer.text : withoutEscapes(lexer.text)
  lexer.next()
  return boxNode({ text, parameter })
}

/** `{a | b}` of dialect 1, where the closing brace may be missing, repeated or early: `{a} | b` names two tags. */
function classicTags(parser: FieldParser, field: Buffer): Node | null {
  const { lexer } = parser
  const children: Node[] = []
  lexer.next()
  children.push(classicTag(parser))
  for (;;) {
    if (lexer.kind === TOKEN.closeBrace) lexer.next()
    else if (lexer.kind === TOKEN.or) {
      lexer.next()
      children.push(classicTag(parser))
    } else break
  }
  return parser.context.hasField(field) ? { ...common(), kind: 'tag', field, children } : null
}

function classicTag(parser: FieldParser): Node {
  const { lexer } = parser
  if (lexer.kind === TOKEN.prefix || lexer.kind === TOKEN.suffix || lexer.kind === TOKEN.contains) return parser.affix()
  if (lexer.kind === TOKEN.stopWord) return classicTagWord(parser)
  if (!parser.isTerm()) parser.fail()
  const words = [classicTagWord(parser)]
  // A stop word may follow two words, and is lost.
  for (; parser.isTerm() || (lexer.kind === TOKEN.stopWord && words.length > 1); )
    if (lexer.kind === TOKEN.stopWord) lexer.next()
    else words.push(classicTagWord(parser))
  return words.length === 1 ? words[0]! : phraseNode(words)
}

function classicTagWord(parser: FieldParser): Node {
  const text = withoutEscapes(parser.lexer.text)
  parser.lexer.next()
  return tokenNode(text)
}

// ---------------------------------------------------------------------- numbers, points, shapes

const comparisons: ReadonlySet<TokenKind> = new Set([
  TOKEN.equal,
  TOKEN.notEqual,
  TOKEN.greater,
  TOKEN.greaterEqual,
  TOKEN.less,
  TOKEN.lessEqual,
])

function numeric(field: Buffer, low: NumberBox, high: NumberBox, lowOpen: boolean, highOpen: boolean): NumericNode {
  return { ...common(), kind: 'numeric', field, low, high, lowOpen, highOpen }
}

function endless(value: number): NumberBox {
  return { value, parameter: null, negative: false, role: 'plain' }
}

/** `@n >= 5`. */
function comparison(parser: FieldParser, field: Buffer): Node {
  const { kind } = parser.lexer
  parser.lexer.next()
  const number = parser.number('plain')
  switch (kind) {
    case TOKEN.greater:
      return numeric(field, number, endless(Infinity), true, false)
    case TOKEN.greaterEqual:
      return numeric(field, number, endless(Infinity), false, false)
    case TOKEN.less:
      return numeric(field, endless(-Infinity), number, false, true)
    case TOKEN.lessEqual:
      return numeric(field, endless(-Infinity), number, false, false)
  }
  const equal = numeric(field, number, { ...number }, false, false)
  return kind === TOKEN.notEqual ? { ...common(), kind: 'not', children: [equal] } : equal
}

/** What `[` may begin: a range, a circle, a shape, a vector range. */
function squareBrackets(parser: FieldParser, field: Buffer): Node | null {
  const { lexer, grammar, context } = parser
  lexer.next()
  if (grammar.modern && (lexer.kind === TOKEN.term || lexer.kind === TOKEN.as)) return namedBrackets(parser, field)
  const lowOpen = openEnd(parser)
  const low = parser.number('lower')
  if (grammar.modern && !lowOpen && lexer.kind === TOKEN.closeSquare) {
    lexer.next()
    return numeric(field, low, { ...low }, false, false)
  }
  const highOpen = openEnd(parser)
  const high = parser.number('upper')
  const closed = lexer.kind === TOKEN.closeSquare
  const node =
    closed || lowOpen || highOpen ? numeric(field, low, high, lowOpen, highOpen) : circle(parser, field, low, high)
  parser.take(TOKEN.closeSquare)
  return grammar.modern || context.hasField(field) ? node : null
}

/** `(` before an end of a range; dialect 1 takes several of them. */
function openEnd(parser: FieldParser): boolean {
  const { lexer, grammar } = parser
  if (lexer.kind !== TOKEN.open) return false
  do lexer.next()
  while (!grammar.modern && lexer.kind === TOKEN.open)
  return true
}

function circle(parser: FieldParser, field: Buffer, longitude: NumberBox, latitude: NumberBox): Node {
  const radius = parser.number('plain')
  const { lexer, grammar } = parser
  if (!grammar.modern && lexer.kind !== TOKEN.term) parser.fail()
  const parameter = lexer.kind === TOKEN.attribute
  if (!parameter && !parser.isTerm() && !lexer.isEmpty) parser.fail()
  const unit: TextBox = { text: parameter ? lexer.text : lowered(lexer.text), parameter }
  lexer.next()
  return {
    ...common(),
    kind: 'geo',
    field,
    // They were read as the ends of a range, before the third number told what they are.
    longitude: { ...longitude, role: 'plain' },
    latitude: { ...latitude, role: 'plain' },
    radius,
    unit,
  }
}

/** `[WITHIN $shape]` or `[VECTOR_RANGE r $blob]`. */
function namedBrackets(parser: FieldParser, field: Buffer): Node {
  const { lexer } = parser
  const word = lexer.text
  const place = lexer.place
  lexer.next()
  if (lexer.kind !== TOKEN.attribute) return parseRange(parser, field, word, place, null)
  const first = lexer.text
  const firstPlace = lexer.place
  lexer.next()
  if (lexer.kind === TOKEN.attribute) return parseRange(parser, field, word, place, first)
  parser.take(TOKEN.closeSquare)
  const relation = word.latin1Slice().toLowerCase()
  if (!['within', 'contains', 'intersects', 'disjoint'].includes(relation))
    refuse(`Syntax error: Expecting a geoshape predicate at offset ${firstPlace}`)
  return { ...common(), kind: 'shape', field, relation: Buffer.from(relation), shape: { text: first, parameter: true } }
}
