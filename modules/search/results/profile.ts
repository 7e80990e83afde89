/* The reply of FT.PROFILE, beside that of the query itself. */

import type { Reply } from 'redstrata/module'
import type { ProfiledIterator, QueryProfile } from '../plan/profile.ts'
import type { Node } from '../query/ast.ts'
import { numberText } from './number-text.ts'

/** Parts of a union that LIMITED still lists. */
const LISTED_MAX = 20

/** Write a profile: a list of pairs in RESP2, a map in RESP3. */
export function writeProfile(reply: Reply, profile: QueryProfile, totalMicros: number): void {
  const { root, processors } = profile
  const isMap = reply.protocol === 3
  if (isMap) reply.map(5)
  else reply.array(5)
  const time = (name: string, micros: number): void => {
    if (!isMap) reply.array(2)
    reply.status(name)
    reply.double(micros / 1000)
  }
  time('Total profile time', totalMicros)
  time('Parsing time', profile.parsingMicros)
  time('Pipeline creation time', profile.planningMicros)
  if (!isMap) reply.array(root === null ? 1 : 2)
  reply.status('Iterators profile')
  if (isMap) reply.array(root === null ? 0 : 1)
  if (root !== null) writeIterator(reply, root, profile.isLimited)
  if (!isMap) reply.array(processors.length + 1)
  reply.status('Result processors profile')
  if (isMap) reply.array(processors.length)
  for (const { type, micros, count } of processors) {
    reply.map(3)
    reply.status('Type')
    reply.status(type)
    reply.status('Time')
    reply.double(micros / 1000)
    reply.status('Counter')
    reply.integer(count)
  }
}

/** Write an iterator with those below it: in RESP2 a flat list of names and values, at its end the lists of its parts. */
function writeIterator(reply: Reply, iterator: ProfiledIterator, isLimited: boolean): void {
  const { node, children, micros, told } = iterator
  const mark = reply.deferred()
  const facts = factsOf(node)
  for (const [name, value] of facts) {
    reply.status(name)
    reply.status(Buffer.from(value, 'latin1').utf8Slice())
  }
  reply.status('Time')
  reply.double(micros / 1000)
  reply.status('Counter')
  reply.integer(told)
  const pairs = facts.length + 2
  if (children.length === 0) {
    reply.status('Size')
    reply.integer(iterator.estimate)
    reply.fillMap(mark, pairs + 1)
    return
  }
  const isOne = node.kind === 'not' || node.kind === 'optional'
  reply.status(isOne ? 'Child iterator' : 'Child iterators')
  if (isLimited && node.kind !== 'phrase' && children.length > LISTED_MAX) {
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

/** What kind of iterator answers a part, in the real module's words. */
function factsOf(node: Node): [name: string, value: string][] {
  switch (node.kind) {
    case 'token':
      return [
        ['Type', 'TEXT'],
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
  missing: 'MISSING',
  nothing: 'EMPTY',
  vector: 'VECTOR',
  shape: 'GEOSHAPE',
} as const
