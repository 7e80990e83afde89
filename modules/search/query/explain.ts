/* EXPLAIN -- a tree as text, in the real module's words. Texts are bytes, so the result is a string of bytes. */

import { ALL_FIELDS, childrenOf, type FieldMask, type Node, type NumericNode, type VectorNode } from './ast.ts'

/**
 * The tree of a query, a line each.
 * @param fieldNames names of the TEXT fields by their bit.
 * @param numberOf the number of a key's document; 0: there is none.
 */
export function explain(
  root: Node | null,
  fieldNames: readonly string[],
  numberOf: (key: Buffer) => number = () => 0,
): string {
  return root === null ? '<empty>\n' : new Printer(fieldNames, numberOf).print(root, 0)
}

class Printer {
  readonly #fieldNames: readonly string[]
  readonly #numberOf: (key: Buffer) => number

  constructor(fieldNames: readonly string[], numberOf: (key: Buffer) => number) {
    this.#fieldNames = fieldNames
    this.#numberOf = numberOf
  }

  print(node: Node, depth: number): string {
    const head = '  '.repeat(depth) + this.#fields(node.fields)
    return `${head}${this.#body(node, depth)}${attributes(node)}\n`
  }

  #fields(mask: FieldMask): string {
    if (mask === ALL_FIELDS) return ''
    const names = this.#fieldNames.filter((_, bit) => (mask >> BigInt(bit)) & 1n)
    return names.length === 0 ? '@NULL:' : `@${names.join('|')}:`
  }

  #body(node: Node, depth: number): string {
    switch (node.kind) {
      case 'token':
        if (node.text.text.length === 0) return '""'
        return node.text.text.latin1Slice() + (node.expanded ? '(expanded)' : '')
      case 'affix':
        return affix(node.text.text.latin1Slice(), node.before, node.after)
      case 'fuzzy':
        return `FUZZY{${node.text.text.latin1Slice()}}`
      case 'pattern':
        return `WILDCARD{${node.text.text.latin1Slice()}}`
      case 'phrase':
        return `${node.exact ? 'EXACT' : 'INTERSECT'} {\n${this.#children(node, depth)}`
      case 'union':
        return `UNION {\n${this.#children(node, depth)}`
      case 'not':
        return `NOT{\n${this.#children(node, depth)}`
      case 'optional':
        return `OPTIONAL{\n${this.#children(node, depth)}`
      case 'numeric':
        return numeric(node)
      case 'geo': {
        const point = `${decimal(node.longitude.value)},${decimal(node.latitude.value)}`
        const unit = node.unit.text.latin1Slice()
        return `GEO ${node.field.latin1Slice()}:{${point} --> ${decimal(node.radius.value)} ${unit}}`
      }
      case 'tag':
        return `TAG:@${node.field.latin1Slice()} {\n${this.#children(node, depth)}`
      case 'missing':
        return `ISMISSING{${node.field.latin1Slice()}}`
      case 'all':
        return '<WILDCARD>'
      case 'nothing':
        return '<empty>'
      case 'keys':
        return `IDS {${this.#numbers(node.keys)}}`
      case 'vector':
        return this.#vector(node, depth)
      case 'shape':
        return `GEOSHAPE{${RELATIONS.indexOf(node.relation.latin1Slice().toLowerCase())} ${node.shape.text.latin1Slice()}}`
    }
  }

  #numbers(keys: readonly Buffer[]): string {
    const numbers = keys.map(this.#numberOf).filter(number => number !== 0)
    return numbers.map(number => `${number},`).join('')
  }

  #children(node: Node, depth: number): string {
    const children = childrenOf(node).map(child => this.print(child, depth + 1))
    return `${children.join('')}${'  '.repeat(depth)}}`
  }

  #vector(node: VectorNode, depth: number): string {
    const field = node.field.latin1Slice()
    const blob = node.blobName.latin1Slice()
    const where = `in vector index associated with field @${field}`
    const name = node.scoreName?.text.latin1Slice() ?? (node.mode === 'knn' ? `__${field}_score` : '')
    const yielded = name === '' ? '' : `, yields distance as \`${name}\``
    const parameters = node.parameters.map(([key, value]) => [key, value.text] as const)
    const attributes = node.attributes.filter(([key]) => key !== 'yield_distance_as')
    const settings = [...parameters, ...attributes].map(
      ([key, value]) => `, ${typeof key === 'string' ? key : key.latin1Slice()} = ${value.latin1Slice()}`,
    )
    const told = settings.join('') + yielded
    const size = node.size.value
    const search =
      node.mode === 'knn'
        ? `{K=${size} nearest vectors to \`$${blob}\` ${where}${told}}`
        : `{Vectors that are within ${size} distance radius from \`$${blob}\` ${where}${told}}`
    return node.children.length === 0 ? `VECTOR ${search}` : `VECTOR {\n${this.#children(node, depth)} => ${search}`
  }
}

/** Relations of shapes are shown by their number. */
const RELATIONS = ['', 'contains', 'within', 'disjoint', 'intersects']

function affix(text: string, before: boolean, after: boolean): string {
  if (before && after) return `INFIX{*${text}*}`
  return before ? `PREFIX{${text}*}` : `SUFFIX{*${text}}`
}

function numeric(node: NumericNode): string {
  const low = `${decimal(node.low.value)} ${node.lowOpen ? '<' : '<='}`
  const high = `${node.highOpen ? '<' : '<='} ${decimal(node.high.value)}`
  return `NUMERIC {${low} @${node.field.latin1Slice()} ${high}}`
}

/** Six decimals, as C prints a double. */
function decimal(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`
}

function attributes(node: Node): string {
  // Words say nothing of order, and their weight in a form of its own.
  if (node.kind === 'token') return node.weight === 1 ? '' : ` => {$weight: ${general(node.weight)};}`
  if (node.weight === 1 && node.slop === -1 && !node.inOrder) return ''
  const weight = node.weight === 1 ? '' : ` $weight: ${general(node.weight)};`
  const slop = node.slop === -1 ? '' : ` $slop: ${node.slop};`
  const order = node.slop === -1 && !node.inOrder ? '' : ` $inorder: ${node.inOrder};`
  return ` => {${weight}${slop}${order} }`
}

/** Six significant digits, as C's %g. */
function general(value: number): string {
  return String(Number(value.toPrecision(6)))
}
