/* Vector clauses -- `=>[KNN k @field $blob EF_RUNTIME 20 AS name]` behind a query, `@field:[VECTOR_RANGE r $blob]` in one. */

import { common, type Node, type NumberBox, type TextBox, type VectorNode } from './ast.ts'
import { applyAttributes } from './attributes.ts'
import { refuse } from './failure.ts'
import type { FieldParser } from './fields.ts'
import { TOKEN, withoutEscapes } from './lexer.ts'

/** The KNN clause behind a query; its brackets are the next token. */
export function parseVector(parser: FieldParser, filter: Node | null): Node {
  const { lexer } = parser
  lexer.next()
  if (!lexer.isEmpty) parser.expect(TOKEN.term)
  const word = lexer.text
  const wordPlace = lexer.place
  lexer.next()
  const size = k(parser)
  parser.expect(TOKEN.modifier)
  const field = withoutEscapes(lexer.text)
  lexer.next()
  parser.expect(TOKEN.attribute)
  const blob = lexer.text
  lexer.next()
  if (word.latin1Slice().toLowerCase() !== 'knn')
    refuse(`Syntax error: Expecting Vector Similarity command at offset ${wordPlace} near ${word.latin1Slice()}`)
  const children = filter === null || filter.kind === 'all' ? [] : [filter]
  const node = vector(field, 'knn', size, blob, children)
  while (lexer.kind === TOKEN.term) node.parameters.push(parameter(parser))
  if (lexer.kind === TOKEN.as) {
    lexer.next()
    node.scoreName = name(parser)
  }
  parser.take(TOKEN.closeSquare)
  if (lexer.kind === TOKEN.arrow) {
    lexer.next()
    parser.take(TOKEN.openBrace)
    applyAttributes(node, parser.attributeList())
  }
  parser.expect(TOKEN.end)
  return node
}

function vector(field: Buffer, mode: 'knn' | 'range', size: NumberBox, blob: Buffer, children: Node[]): VectorNode {
  return {
    ...common(),
    kind: 'vector',
    field,
    mode,
    size,
    blob: { text: blob, parameter: true },
    blobName: blob,
    scoreName: null,
    parameters: [],
    children,
  }
}

function k(parser: FieldParser): NumberBox {
  if (parser.lexer.kind !== TOKEN.size && parser.lexer.kind !== TOKEN.attribute) parser.fail()
  return parser.number('plain')
}

function name(parser: FieldParser): TextBox {
  const { lexer } = parser
  const isParameter = lexer.kind === TOKEN.attribute
  if (!isParameter && !parser.isTerm()) parser.fail()
  const text = isParameter ? lexer.text : withoutEscapes(lexer.text)
  lexer.next()
  return { text, parameter: isParameter }
}

function parameter(parser: FieldParser): [Buffer, TextBox] {
  const { text } = parser.lexer
  parser.lexer.next()
  return [text, name(parser)]
}

/** The rest of `[VECTOR_RANGE r $blob]`, behind its word; the radius may have been read as a parameter's name. */
export function parseRange(
  parser: FieldParser,
  field: Buffer,
  word: Buffer,
  place: number,
  radiusName: Buffer | null,
): Node {
  const { lexer } = parser
  const radius: NumberBox =
    radiusName === null ? parser.number('plain') : { value: 0, parameter: radiusName, negative: false, role: 'plain' }
  parser.expect(TOKEN.attribute)
  const blob = lexer.text
  lexer.next()
  parser.take(TOKEN.closeSquare)
  if (word.latin1Slice().toLowerCase() !== 'vector_range')
    refuse(`Syntax error: expecting vector similarity range command at offset ${place} near ${word.latin1Slice()}`)
  return vector(field, 'range', radius, blob, [])
}
