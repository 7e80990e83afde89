import { expect, it } from 'vitest'
import type { ReplyValue } from '../../core/resp/reader.ts'
import { serverForFile } from '../support/server.ts'
import { ROUNDS, seeded } from './support/random.ts'

/* JSON documents whose paths have no value, one, or several, asked with values in PARAMS, beside a scan that evaluates the
 * same tree on each document. */

const server = await serverForFile()

interface Document {
  readonly texts: readonly string[]
  readonly numbers: readonly number[]
  readonly tags: readonly string[]
}

type Random = ReturnType<typeof seeded>

const WORDS = ['ant', 'bat', 'cat', 'cow', 'dog']
const TAGS = ['red', 'dark red', 'blue', 'r']

function randomDocument(random: Random): Document {
  const some = <T>(most: number, one: () => T): T[] => Array.from({ length: random.below(most + 1) }, one)
  return {
    texts: some(3, () => some(3, () => random.pick(WORDS)).join(' ')).filter(text => text !== ''),
    numbers: some(3, () => random.below(20)),
    tags: some(3, () => random.pick(TAGS)),
  }
}

interface Part {
  readonly text: string
  readonly holds: (document: Document) => boolean
}

/** A random tree; its parameters are added to `params`. */
function randomPart(random: Random, depth: number, params: string[]): Part {
  const name = (value: string): string => {
    const key = `p${params.length}`
    params.push(key, value)
    return `$${key}`
  }
  const maybeNamed = (value: string): string => (random.next() < 0.5 ? name(value) : value)
  const inner = (): Part => randomPart(random, depth - 1, params)
  if (depth > 0 && random.next() < 0.75) {
    const [a, b] = [inner(), inner()]
    return random.pick([
      () => ({ text: `(${a.text} ${b.text})`, holds: (d: Document) => a.holds(d) && b.holds(d) }),
      () => ({ text: `(${a.text} | ${b.text})`, holds: (d: Document) => a.holds(d) || b.holds(d) }),
      () => ({ text: `(${a.text} -${b.text})`, holds: (d: Document) => a.holds(d) && !b.holds(d) }),
      () => ({ text: `(${a.text} ~${b.text})`, holds: a.holds }),
      () => ({ text: `(${a.text})=>{$weight: ${name('2.5')}}`, holds: a.holds }),
    ])()
  }
  const hasWord = (d: Document, test: (word: string) => boolean) => d.texts.some(text => text.split(' ').some(test))
  return random.pick([
    () => {
      const word = random.pick(WORDS)
      return { text: `@t:${maybeNamed(word)}`, holds: (d: Document) => hasWord(d, w => w === word) }
    },
    () => {
      const prefix = random.pick(WORDS).slice(0, 2)
      return { text: `@t:${maybeNamed(prefix)}*`, holds: (d: Document) => hasWord(d, w => w.startsWith(prefix)) }
    },
    () => {
      const low = random.below(18)
      const text = `@n:[${maybeNamed(String(low))} ${maybeNamed(String(low + 2))}]`
      return { text, holds: (d: Document) => d.numbers.some(n => n >= low && n <= low + 2) }
    },
    () => {
      const low = random.below(18)
      return { text: `@n:[(${low} +inf]`, holds: (d: Document) => d.numbers.some(n => n > low) }
    },
    () => {
      const tag = random.pick(TAGS)
      const text = `@g:{${random.next() < 0.5 ? name(tag) : tag.replace(' ', '\\ ')}}`
      return { text, holds: (d: Document) => d.tags.includes(tag) }
    },
    () => ({ text: 'ismissing(@g)', holds: (d: Document) => d.tags.length === 0 }),
  ])()
}

it.each([2, 3, 4])(
  'in dialect %i several values of a path are found each, and parameters stand for themselves',
  async dialect => {
    const random = seeded(dialect)
    await server.call('FLUSHALL')
    const fields = '$.t AS t TEXT NOSTEM $.n[*] AS n NUMERIC $.g[*] AS g TAG INDEXMISSING'
    await server.call('FT.CREATE', 'idx', 'ON', 'JSON', 'SCHEMA', ...fields.split(' '))
    const documents = new Map<string, Document>()
    for (let step = 0; step < 220; step++) {
      const key = `d${random.below(130)}`
      const document = randomDocument(random)
      const { texts, numbers, tags } = document
      documents.set(key, document)
      const value = { ...(texts.length > 0 && { t: texts }), n: numbers, ...(tags.length > 0 && { g: tags }) }
      await server.call('JSON.SET', key, '$', JSON.stringify(value))
    }
    for (let round = 0; round < 100 * ROUNDS; round++) {
      const params: string[] = []
      const part = randomPart(random, 2, params)
      const named = params.length === 0 ? [] : ['PARAMS', String(params.length), ...params]
      const options = ['NOCONTENT', 'LIMIT', '0', '1000', 'TIMEOUT', '0', 'DIALECT', String(dialect)]
      const reply = (await server.call('FT.SEARCH', 'idx', part.text, ...named, ...options)) as Map<string, ReplyValue>
      const found = (reply.get('results') as Map<string, ReplyValue>[]).map(row => String(row.get('id')))
      const wanted = [...documents].filter(([, document]) => part.holds(document)).map(([key]) => key)
      expect({ query: part.text, params, found: found.sort() }).toEqual({
        query: part.text,
        params,
        found: wanted.sort(),
      })
    }
  },
)
