/* The tree of a query -- what the parsers make, what EXPLAIN prints, what the planner turns into iterators.
 *
 *      @title:(old bridge) -@tags:{closed}
 *
 *      phrase ── phrase (fields: title) ── token old, token bridge
 *             └─ not ── tag tags ── token closed
 *
 * Values that may be parameters ($name) are boxes: the parser puts the name in, `resolveParameters` the value. */

/** The fields that a text node looks into, a bit each by the number of the TEXT field. */
export type FieldMask = bigint
/** Every field. */
export const ALL_FIELDS: FieldMask = (1n << 128n) - 1n

/** A piece of text in a query. */
export interface TextBox {
  /** The text, or the name of a parameter until it is resolved. */
  text: Buffer
  parameter: boolean
}

/** A number in a query. */
export interface NumberBox {
  value: number
  /** The name of a parameter until it is resolved. */
  parameter: Buffer | null
  /** Whether the parameter's value is to be negated. */
  negative: boolean
  /** Where it stands, for messages. */
  readonly role: 'lower' | 'upper' | 'plain'
}

/** What every node has. */
export interface Common {
  weight: number
  /** Words allowed in between; -1: the query's own. */
  slop: number
  inOrder: boolean
  /** Whether `inOrder` was said, either way. */
  saysOrder: boolean
  phonetic: 'default' | 'on' | 'off'
  fields: FieldMask
  /** Taken literally: no stems, no synonyms. */
  verbatim: boolean
  /** Attributes that only some nodes understand, in the order given: names and values. */
  attributes: [name: string, value: Buffer][]
}

export interface TokenNode extends Common {
  readonly kind: 'token'
  readonly text: TextBox
  /** Added by the planner: a stem, a synonym, a sound. */
  readonly expanded: boolean
}

/** `word*`, `*word`, `*word*`. */
export interface AffixNode extends Common {
  readonly kind: 'affix'
  readonly text: TextBox
  readonly before: boolean
  readonly after: boolean
}

/** `%word%`: within so many edits. */
export interface FuzzyNode extends Common {
  readonly kind: 'fuzzy'
  readonly text: TextBox
  readonly edits: number
}

/** `w'pattern'`. */
export interface PatternNode extends Common {
  readonly kind: 'pattern'
  readonly text: TextBox
}

/** All of the children; `exact`: as one phrase. */
export interface PhraseNode extends Common {
  readonly kind: 'phrase'
  readonly exact: boolean
  readonly children: Node[]
}

/** Any of the children. */
export interface UnionNode extends Common {
  readonly kind: 'union'
  readonly children: Node[]
}

export interface NotNode extends Common {
  readonly kind: 'not'
  readonly children: [Node]
}

export interface OptionalNode extends Common {
  readonly kind: 'optional'
  readonly children: [Node]
}

export interface NumericNode extends Common {
  readonly kind: 'numeric'
  readonly field: Buffer
  readonly low: NumberBox
  readonly high: NumberBox
  readonly lowOpen: boolean
  readonly highOpen: boolean
}

export interface GeoNode extends Common {
  readonly kind: 'geo'
  readonly field: Buffer
  readonly longitude: NumberBox
  readonly latitude: NumberBox
  readonly radius: NumberBox
  readonly unit: TextBox
}

/** Any of the children: tokens, phrases of tokens (one value with spaces), affixes, patterns. */
export interface TagNode extends Common {
  readonly kind: 'tag'
  readonly field: Buffer
  readonly children: Node[]
}

export interface MissingNode extends Common {
  readonly kind: 'missing'
  readonly field: Buffer
}

/** `*`. */
export interface AllNode extends Common {
  readonly kind: 'all'
}

/** What can match no document. */
export interface NothingNode extends Common {
  readonly kind: 'nothing'
}

/** INKEYS. */
export interface KeysNode extends Common {
  readonly kind: 'keys'
  readonly keys: readonly Buffer[]
}

/** `[KNN k @field $blob ...]` over the documents of a child, or `@field:[VECTOR_RANGE r $blob]`. */
export interface VectorNode extends Common {
  readonly kind: 'vector'
  readonly field: Buffer
  readonly mode: 'knn' | 'range'
  /** K, or the radius. */
  readonly size: NumberBox
  readonly blob: TextBox
  readonly blobName: Buffer
  /** Name of the distance among the results; null: `__field_score` for KNN, none for ranges. */
  scoreName: TextBox | null
  readonly parameters: [name: Buffer, value: TextBox][]
  readonly children: Node[]
}

/** `@field:[WITHIN $shape]`. */
export interface ShapeNode extends Common {
  readonly kind: 'shape'
  readonly field: Buffer
  readonly relation: Buffer
  readonly shape: TextBox
}

export type Node =
  | TokenNode
  | AffixNode
  | FuzzyNode
  | PatternNode
  | PhraseNode
  | UnionNode
  | NotNode
  | OptionalNode
  | NumericNode
  | GeoNode
  | TagNode
  | MissingNode
  | AllNode
  | NothingNode
  | KeysNode
  | VectorNode
  | ShapeNode

/** What every node begins with. Those that nearly every query has are made below, without a copy of this. */
export function common(): Common {
  return {
    weight: 1,
    slop: -1,
    inOrder: false,
    saysOrder: false,
    phonetic: 'default',
    fields: ALL_FIELDS,
    verbatim: false,
    attributes: [],
  }
}

/** The children of a node; none for leaves. */
export function childrenOf(node: Node): readonly Node[] {
  return 'children' in node ? node.children : []
}

/** A token with a text of its own. */
export function tokenNode(text: Buffer, expanded = false, fields: FieldMask = ALL_FIELDS): TokenNode {
  return boxNode({ text, parameter: false }, expanded, fields)
}

/** A token. */
export function boxNode(text: TextBox, expanded = false, fields: FieldMask = ALL_FIELDS): TokenNode {
  return {
    weight: 1,
    slop: -1,
    inOrder: false,
    saysOrder: false,
    phonetic: 'default',
    fields,
    verbatim: false,
    attributes: [],
    kind: 'token',
    text,
    expanded,
  }
}

/** All of some nodes. */
export function phraseNode(children: Node[], exact = false): PhraseNode {
  return {
    weight: 1,
    slop: -1,
    inOrder: false,
    saysOrder: false,
    phonetic: 'default',
    fields: ALL_FIELDS,
    verbatim: false,
    attributes: [],
    kind: 'phrase',
    exact,
    children,
  }
}

/** Any of some nodes. */
export function unionNode(children: Node[], fields: FieldMask = ALL_FIELDS): UnionNode {
  return {
    weight: 1,
    slop: -1,
    inOrder: false,
    saysOrder: false,
    phonetic: 'default',
    fields,
    verbatim: false,
    attributes: [],
    kind: 'union',
    children,
  }
}

/** Restrict a node and all below it to some fields. */
export function restrictFields(node: Node, fields: FieldMask): void {
  node.fields &= fields
  for (const child of childrenOf(node)) restrictFields(child, fields)
}
