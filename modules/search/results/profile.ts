/* The reply of FT.PROFILE, beside that of the query itself. */

import type { Reply } from 'redstrata/module'
import type { ProfiledIterator, QueryProfile } from '../plan/profile.ts'
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
  if (root === null) writeEmpty(reply)
  else writeIterator(reply, root, profile.isLimited)
  if (!isMap) reply.array(processors.length + 1)
  reply.status('Result processors profile')
  if (isMap) reply.array(processors.length)
  for (const { type, micros, count } of processors) {
    reply.map(3)
    reply.status('Type')
    reply.status(type)
    writeWork(reply, micros, 'Results processed', count)
  }
}

function writeWork(reply: Reply, micros: number, what: string, count: number): void {
  reply.status('Time')
  reply.double(micros / 1000)
  reply.status(what)
  reply.integer(count)
}

const READS = 'Number of reading operations'

/** What a query has that nothing can match. */
function writeEmpty(reply: Reply): void {
  reply.map(3)
  reply.status('Type')
  reply.status('EMPTY')
  writeWork(reply, 0, READS, 0)
}

/** Kinds whose matches are not estimated. */
const UNESTIMATED: ReadonlySet<string> = new Set(['all', 'keys', 'vector', 'shape'])

/** Write an iterator with those below it: in RESP2 a flat list of names and values, at its end the lists of its parts. */
function writeIterator(reply: Reply, iterator: ProfiledIterator, isLimited: boolean): void {
  const { node, children, micros, told } = iterator
  const mark = reply.deferred()
  const facts = factsOf(iterator)
  for (const [name, value] of facts) {
    reply.status(name)
    reply.status(Buffer.from(value, 'latin1').utf8Slice())
  }
  writeWork(reply, micros, READS, told)
  let pairs = facts.length + 2
  const mode = node.kind === 'vector' ? searchMode(node) : null
  if (mode !== null) {
    reply.status('Vector search mode')
    reply.status(mode)
    pairs++
  }
  if (children.length === 0) {
    const isEstimated = !UNESTIMATED.has(node.kind)
    if (isEstimated) {
      reply.status('Estimated number of matches')
      reply.integer(iterator.estimate)
    }
    reply.fillMap(mark, pairs + (isEstimated ? 1 : 0))
    return
  }
  const isOne = node.kind === 'not' || node.kind === 'optional' || node.kind === 'vector'
  reply.status(isOne ? 'Child iterator' : 'Child iterators')
  if (isLimited && !isOne && node.kind !== 'phrase' && node.kind !== 'union') {
    reply.status(`The number of iterators in the union is ${children.length}`)
    reply.fillMap(mark, pairs + 1)
  } else if (reply.protocol === 3) {
    if (!isOne) reply.array(children.length)
    for (const child of children) writeIterator(reply, child, isLimited)
    reply.fillMap(mark, pairs + 1)
  } else {
    for (const child of children) writeIterator(reply, child, isLimited)
    reply.fillArray(mark, pairs * 2 + 1 + children.length)
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
