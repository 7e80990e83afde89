/* The reply of FT.PROFILE, beside that of the query itself. */

import type { Reply } from 'redstrata/module'
import type { Processor, ProfiledIterator, QueryProfile } from '../plan/profile.ts'
import type { VectorNode } from '../query/ast.ts'
import { numberText } from './number-text.ts'

/** Write a profile: a list of pairs in RESP2, a map in RESP3. */
export function writeProfile(reply: Reply, profile: QueryProfile, totalMicros: number): void {
  const { root, processors, warnings } = profile
  const isMap = reply.protocol === 3
  if (isMap) reply.map(6)
  else reply.array(6)
  const time = (name: string, micros: number): void => {
    if (!isMap) reply.array(2)
    reply.status(name)
    reply.double(micros / 1000)
  }
  time('Total profile time', totalMicros)
  time('Parsing time', profile.parsingMicros)
  time('Pipeline creation time', profile.planningMicros)
  const warning = warnings[0] ?? null
  if (!isMap) reply.array(warning === null ? 1 : 2)
  reply.status('Warning')
  if (warning !== null) reply.status(warning)
  else if (isMap) reply.status('None')
  if (!isMap) reply.array(2)
  reply.status('Iterators profile')
  if (isMap) reply.array(1)
  const writer = new ProfileWriter(reply, profile)
  if (root === null) writer.empty()
  else writer.iterator(root)
  if (!isMap) reply.array(processors.length + 1)
  reply.status('Result processors profile')
  if (isMap) reply.array(processors.length)
  for (const processor of processors) writer.processor(processor)
}

const READS = 'Number of reading operations'

/** Kinds whose matches are not estimated. */
const UNESTIMATED: ReadonlySet<string> = new Set(['all', 'keys', 'vector', 'shape'])

/** Writes the parts of a profile. */
class ProfileWriter {
  readonly #reply: Reply
  readonly #isLimited: boolean
  readonly #tellsTimes: boolean

  constructor(reply: Reply, { isLimited, tellsTimes }: QueryProfile) {
    this.#reply = reply
    this.#isLimited = isLimited
    this.#tellsTimes = tellsTimes
  }

  /** How long and how often something was done; returns how many pairs that are. */
  #work(micros: number, what: string, count: number): number {
    const reply = this.#reply
    if (this.#tellsTimes) {
      reply.status('Time')
      reply.double(micros / 1000)
    }
    reply.status(what)
    reply.integer(count)
    return this.#tellsTimes ? 2 : 1
  }

  /** A step behind the iterators. */
  processor({ type, micros, count }: Processor): void {
    const reply = this.#reply
    const mark = reply.deferred()
    reply.status('Type')
    reply.status(type)
    reply.fillMap(mark, 1 + this.#work(micros, 'Results processed', count))
  }

  /** What a query has that nothing can match. */
  empty(): void {
    const reply = this.#reply
    const mark = reply.deferred()
    reply.status('Type')
    reply.status('EMPTY')
    reply.fillMap(mark, 1 + this.#work(0, READS, 0))
  }

  /** An iterator with those below it: in RESP2 a flat list of names and values, at its end the lists of its parts. */
  iterator(iterator: ProfiledIterator): void {
    const reply = this.#reply
    const { node, children, micros, told } = iterator
    const mark = reply.deferred()
    const facts = factsOf(iterator)
    for (const [name, value] of facts) {
      reply.status(name)
      reply.status(Buffer.from(value, 'latin1').utf8Slice())
    }
    let pairs = facts.length + this.#work(micros, READS, told)
    const mode = node.kind === 'vector' ? searchMode(node) : null
    if (mode !== null) {
      reply.status('Vector search mode')
      reply.status(mode)
      pairs++
    }
    if (children.length > 0) {
      this.#children(iterator, mark, pairs)
      return
    }
    if (!UNESTIMATED.has(node.kind)) {
      reply.status('Estimated number of matches')
      reply.integer(iterator.estimate)
      pairs++
    }
    reply.fillMap(mark, pairs)
  }

  /** What is below an iterator, of which so many pairs stand behind `mark`. */
  #children({ node, children }: ProfiledIterator, mark: number, pairs: number): void {
    const reply = this.#reply
    const isOne = node.kind === 'not' || node.kind === 'optional' || node.kind === 'vector'
    reply.status(isOne ? 'Child iterator' : 'Child iterators')
    if (this.#isLimited && !isOne && node.kind !== 'phrase' && node.kind !== 'union') {
      reply.status(`The number of iterators in the union is ${children.length}`)
      reply.fillMap(mark, pairs + 1)
      return
    }
    if (reply.protocol === 3 && !isOne) reply.array(children.length)
    for (const child of children) this.iterator(child)
    if (reply.protocol === 3) reply.fillMap(mark, pairs + 1)
    else reply.fillArray(mark, pairs * 2 + 1 + children.length)
  }
}

/** How vectors are looked for, where there is one way only. */
function searchMode(node: VectorNode): string | null {
  if (node.mode === 'range') return 'RANGE_QUERY'
  return node.children.length === 0 ? 'STANDARD_KNN' : null
}

/** What kind of iterator answers a part, in the real module's words. */
function factsOf({ node, isTag }: ProfiledIterator): [name: string, value: string][] {
  switch (node.kind) {
    case 'token':
      return [
        ['Type', isTag ? 'TAG' : 'TEXT'],
        ['Term', node.text.text.latin1Slice()],
      ]
    case 'affix':
      return union(`${node.before ? (node.after ? 'INFIX' : 'PREFIX') : 'SUFFIX'} - ${node.text.text.latin1Slice()}`)
    case 'fuzzy':
      return union(`FUZZY - ${node.text.text.latin1Slice()}`)
    case 'pattern':
      return union(`WILDCARD - ${node.text.text.latin1Slice()}`)
    case 'union':
      return union('UNION')
    case 'tag':
      return union('TAG')
    case 'phrase':
      return [['Type', 'INTERSECT']]
    case 'numeric':
      return [
        ['Type', 'NUMERIC'],
        ['Term', `${numberText(node.low.value)} - ${numberText(node.high.value)}`],
      ]
    case 'geo':
      return [
        ['Type', 'GEO'],
        ['Term', `${numberText(node.longitude.value)},${numberText(node.latitude.value)}`],
      ]
    case 'missing':
      return [
        ['Type', 'MISSING'],
        ['Field', node.field.latin1Slice()],
      ]
    case 'vector':
      return [['Type', node.mode === 'knn' ? 'VECTOR' : 'METRIC - VECTOR DISTANCE']]
  }
  return [['Type', TYPES[node.kind]]]
}

function union(kind: string): [string, string][] {
  return [
    ['Type', 'UNION'],
    ['Query type', kind],
  ]
}

const TYPES = {
  not: 'NOT',
  optional: 'OPTIONAL',
  all: 'WILDCARD',
  keys: 'ID-LIST',
  nothing: 'EMPTY',
  shape: 'GEOSHAPE',
} as const
