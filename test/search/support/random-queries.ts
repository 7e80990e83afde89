/* Random documents, and random queries over them with every kind of node. */

import { latitudeOf, encodePoint, longitudeOf } from '../../../modules/search/index/geo.ts'
import type { Node } from '../../../modules/search/query/ast.ts'
import { resolveParameters } from '../../../modules/search/query/parameters.ts'
import { parseQuery } from '../../../modules/search/query/parser.ts'
import { type FieldSpec, TestIndex } from './index.ts'
import type { NaiveDocument } from './naive.ts'
import type { seeded } from './random.ts'

type Random = ReturnType<typeof seeded>

const WORDS = ['ant', 'ape', 'bat', 'bear', 'beaver', 'cat', 'cattle', 'cow', 'crab', 'crow', 'deer', 'dog']
/** Tags have spaces and marks that queries must escape. */
const TAGS = [...WORDS, 'big cat', 'x-ray', 'a.b', 'Éclair|s']

/** The fields of the documents. */
export const FIELDS: readonly FieldSpec[] = [
  { name: 'title', kind: 'text', weight: 3, noStem: true, indexMissing: true },
  { name: 'body', kind: 'text', noStem: true },
  { name: 'tags', kind: 'tag', indexMissing: true },
  { name: 'price', kind: 'numeric', sortable: true, indexMissing: true },
  { name: 'sizes', kind: 'numeric' },
  { name: 'place', kind: 'geo', indexMissing: true },
]

/** An empty index over these fields. */
export function newIndex(): TestIndex {
  return new TestIndex(FIELDS)
}

export function randomDocument(random: Random): NaiveDocument {
  const words = (most: number) => Array.from({ length: random.below(most) }, () => random.pick(WORDS))
  const point = encodePoint(random.below(20), random.below(20))
  const tags = Array.from({ length: random.below(4) }, () => random.pick(TAGS).toLowerCase())
  return {
    texts: [words(4), words(9)],
    tags: { tags: [...new Set(tags)] },
    numbers: {
      price: random.next() < 0.8 ? [random.below(30)] : [],
      sizes: Array.from({ length: random.below(3) }, () => random.below(10)),
    },
    points: random.next() < 0.7 ? { place: [longitudeOf(point), latitudeOf(point)] } : {},
  }
}

/** Put a document into an index. */
export function put(test: TestIndex, key: string, document: NaiveDocument): void {
  const [title, body] = document.texts
  const { price, sizes } = document.numbers
  test.put(key, {
    ...(title!.length > 0 && { title: title!.join(' ') }),
    ...(body!.length > 0 && { body: body!.join(', ') }),
    ...(document.tags['tags']!.length > 0 && { tags: [...document.tags['tags']!] }),
    ...(price!.length > 0 && { price: [...price!] }),
    ...(sizes!.length > 0 && { sizes: [...sizes!] }),
    ...(document.points['place'] !== undefined && { place: [...document.points['place']] }),
  })
}

/** A query of dialect 2, so many operators deep. */
export function randomQuery(random: Random, depth: number): string {
  if (depth === 0 || random.next() < 0.25) return random.pick([textPart, textPart, fieldPart])(random)
  const word = () => random.pick(WORDS)
  const inner = () => randomQuery(random, depth - 1)
  return random.pick([
    () => `(${inner()} ${inner()})`,
    () => `(${inner()} ${inner()} ${inner()})`,
    () => `(${inner()} | ${inner()})`,
    () => `(${inner()} | ${inner()} | ${inner()})`,
    () => `(-${inner()})`,
    () => `(${inner()} ~${inner()})`,
    () => `(${word()} ${word()})=>{$slop: ${random.below(4)}; $inorder: ${random.pick(['true', 'false'])}}`,
    () => `(${word()} ${word()} ${word()})=>{$inorder: true; $weight: 2}`,
  ])()
}

function textPart(random: Random): string {
  const word = () => random.pick(WORDS)
  return random.pick([
    word,
    () => word().slice(0, 2) + '*',
    () => `*${word().slice(-2)}`,
    () => `*${word().slice(1, 3)}*`,
    () => `%${word()}%`,
    () => `%%${word()}%%`,
    () => `%%%${word()}%%%`,
    () => `w'${word()[0]}*${random.pick(['t', 'r', '?'])}'`,
    () => `w'*${word()[1]}??*'`,
    () => `"${word()} ${word()}"`,
    () => `@title:${word()}`,
    () => `@title|body:${word().slice(0, 2)}*`,
    () => `@body:(${word()} ${random.pick(['', '|'])} ${word()})`,
    () => `@body:"${word()} ${word()} ${word()}"`,
    () => `@nosuch:${word()}`,
  ])()
}

function fieldPart(random: Random): string {
  const tag = () => random.pick(TAGS).replaceAll(/[ .|-]/g, '\\$&')
  const word = () => random.pick(WORDS)
  return random.pick([
    () => `@price:${range(random)}`,
    () => `@sizes:${range(random)}`,
    () => `@price${random.pick(['==', '!=', '>', '>=', '<', '<='])}${random.below(30)}`,
    () => `@price:[${random.below(20)}]`,
    () => `@price:[-inf ${random.below(20)}]`,
    () => `@sizes:[${random.below(10)} +inf]`,
    () => `@tags:{${tag()} | ${tag()}}`,
    () => `@tags:{${tag()}}`,
    () => `@tags:{${word().slice(0, 2)}*}`,
    () => `@tags:{*${word().slice(-2)} | big cat}`,
    () => `@tags:{*${word().slice(1, 3)}*}`,
    () => `@tags:{w'${word()[0]}?*'}`,
    () => `@place:[${random.below(20)} ${random.below(20)} ${200 + random.below(900)} km]`,
    () => `ismissing(@${random.pick(['title', 'tags', 'price', 'place'])})`,
  ])()
}

function range(random: Random): string {
  const low = random.below(25)
  return `[${random.pick(['', '('])}${low} ${random.pick(['', '('])}${low + random.below(12)}]`
}

/** The tree of a query. */
export function parse(query: string): Node {
  const fields = ['title', 'body']
  const parsed = parseQuery(Buffer.from(query), {
    dialect: 2,
    isStopWord: () => false,
    fieldBit: name => (fields.includes(name.toString()) ? 1n << BigInt(fields.indexOf(name.toString())) : 0n),
    hasField: () => true,
    parameters: new Map(),
  })
  if ('error' in parsed) throw new Error(`${query}: ${parsed.error}`)
  resolveParameters(parsed.root!, new Map())
  return parsed.root!
}
