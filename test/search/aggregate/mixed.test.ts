/* FT.AGGREGATE against a naive evaluation, over values of all kinds: lists, nulls, numbers beside texts, what is missing; hashes
 * and JSON documents; every reducer and function; steps in any order. The clock makes each batch a slice, and other documents of
 * the same index come, change and go between them. */

import { expect, test } from 'vitest'
import { testClock } from '../../../core/index.ts'
import { serverForTest, type TestServer } from '../../support/server.ts'
import { ROUNDS, seeded } from '../support/random.ts'
import { type Document, type FieldModel, Plan, Roughly, type Row, SampleOf, type Source } from './model.ts'
import { type Cell, type Chance, numberText, Refused } from './model-values.ts'

const field = (kind: FieldModel['kind'], path: string, sortable = false): FieldModel => ({ kind, path, sortable })

const HASH: Source = {
  isJson: false,
  readsLists: false,
  fields: {
    n: field('numeric', 'n', true),
    m: field('numeric', 'm'),
    s: field('text', 's', true),
    g: field('tag', 'g', true),
    t: field('tag', 't'),
    w: field('text', 'w'),
    kind: field('tag', 'kind', true),
  },
  values: (document, path) => (document[path] === undefined ? [] : [document[path]]),
}
const HASH_SCHEMA =
  'PREFIX 1 d: SCHEMA n NUMERIC SORTABLE m NUMERIC s TEXT SORTABLE g TAG SORTABLE t TAG w TEXT kind TAG SORTABLE'

const json = (readsLists: boolean): Source => ({
  isJson: true,
  readsLists,
  fields: {
    n: field('numeric', '$.n', true),
    s: field('tag', '$.s', true),
    tags: field('tag', '$.tags[*]'),
    nums: field('numeric', '$.nums[*]'),
    kind: field('tag', '$.kind', true),
  },
  values(document, path) {
    const value = document[path.slice(2).replace('[*]', '')]
    if (value === undefined) return []
    return path.endsWith('[*]') ? (value as unknown[]) : [value]
  },
})
const JSON_SCHEMA =
  'ON JSON PREFIX 1 d: SCHEMA $.n AS n NUMERIC SORTABLE $.s AS s TAG SORTABLE $.tags[*] AS tags TAG $.nums[*] AS nums NUMERIC $.kind AS kind TAG SORTABLE'

const WORDS = ['Red', 'blue', 'Green sea', 'a,b', 'B, c,c', '12', '7.5', '-3', '1e2', '']

/** A hash; fields are texts. */
function hashOf({ below, pick }: Chance): Document {
  const number = () => String(pick([below(40) / 4 - 2, below(5), 1e6 + below(3), -0.5]))
  return {
    ...(below(5) > 0 && { n: number() }),
    ...(below(3) > 0 && { m: number() }),
    ...(below(4) > 0 && { s: pick(WORDS) }),
    ...(below(4) > 0 && { g: pick(WORDS) }),
    ...(below(2) > 0 && { t: pick(WORDS) }),
    ...(below(2) > 0 && { free: pick([...WORDS, number()]) }),
    w: pick(['old lamp', 'new desk', 'OLD desk']),
    kind: 'main',
  }
}

function jsonOf({ below, pick }: Chance): Document {
  const number = () => pick([below(40) / 4 - 2, below(5), 1e6 + below(3)])
  const some = <T>(make: () => T) => Array.from({ length: below(4) }, make)
  const word = () => pick(WORDS.filter(text => text !== ''))
  return {
    ...(below(5) > 0 && { n: number() }),
    ...(below(4) > 0 && { s: word() }),
    ...(below(3) > 0 && { tags: some(word) }),
    ...(below(3) > 0 && { nums: some(number) }),
    ...(below(3) > 0 && { mixed: pick<unknown>([null, true, false, number(), word(), [1, 'x'], { a: [2] }, []]) }),
    kind: 'main',
  }
}

/** A clock on which every look takes so long. */
function slowClock(micros: number) {
  let now = 0
  return { ...testClock(), microseconds: () => (now += micros) }
}

type Words = readonly string[]
const ask = (server: TestServer, words: Words): Promise<unknown> =>
  server.call(...(words as [string])).catch(error => error)

/** Puts documents of other kinds in, changes and removes them, until it is told to stop. */
async function stir(server: TestServer, isJson: boolean, random: Chance, isOver: () => boolean): Promise<void> {
  for (let turn = 0; !isOver(); turn++) {
    // A call in process is answered before the next turn of the loop, in which slices run.
    await new Promise(resolve => setImmediate(resolve))
    const key = `d:other${random.below(30)}`
    const text = `fleeting ${turn}`
    if (random.below(3) === 0) await ask(server, ['DEL', key])
    else if (isJson)
      await ask(server, [
        'JSON.SET',
        key,
        '$',
        JSON.stringify({ s: text, tags: [text], nums: [turn, 1], kind: 'other' }),
      ])
    else await ask(server, ['HSET', key, 's', text, 'g', text, 'n', String(turn), 'w', text, 'kind', 'other'])
  }
}

/** A cell as replies show it, numbers rounded to what two ways to add them up agree in. */
function shown(cell: Cell): unknown {
  if (Array.isArray(cell)) return cell.map(shown)
  const text = typeof cell === 'number' ? numberText(cell) : cell
  if (typeof text !== 'string' || text.trim() === '' || Number.isNaN(Number(text))) return text
  return Number(Number(text).toPrecision(9))
}

/** The rows of a reply. */
function rowsOf(reply: unknown): Map<string, unknown>[] {
  return (reply as Map<string, Map<string, unknown>[]>)
    .get('results')!
    .map(row => row.get('extra_attributes') as Map<string, unknown>)
}

function check(
  got: readonly Map<string, unknown>[],
  wanted: readonly Row[],
  names: readonly string[],
  command: string,
): void {
  expect(got.length, command).toBe(wanted.length)
  for (const [i, row] of wanted.entries()) {
    const found = got[i]!
    const cells: [string, unknown][] = []
    for (const name of names) {
      const cell = row.cells.get(name) as unknown
      if (cell instanceof SampleOf) {
        checkSample(found.get(name) as Cell[], cell, command)
        cells.push([name, shown(found.get(name) as Cell)])
      } else if (cell instanceof Roughly) {
        const off = Math.abs(Number(found.get(name)) - cell.count)
        expect(off, command).toBeLessThanOrEqual(cell.count > 256 ? cell.count * 0.08 : 0)
        cells.push([name, shown(found.get(name) as Cell)])
      } else if (cell !== undefined) cells.push([name, shown(cell as Cell)])
    }
    expect(
      [...found].map(([name, cell]) => [name, shown(cell as Cell)]),
      `${command} row ${i}`,
    ).toEqual(cells)
  }
}

function checkSample(got: readonly Cell[], { values, size }: SampleOf, command: string): void {
  expect(got.length, command).toBe(Math.min(size, values.length))
  const left = values.map(value => JSON.stringify(shown(value)))
  for (const cell of got) {
    const at = left.indexOf(JSON.stringify(shown(cell)))
    expect(at, `${command}: ${String(cell)}`).toBeGreaterThanOrEqual(0)
    left.splice(at, 1)
  }
}

/** Read all rows through a cursor, a few at a time. */
async function readAll(server: TestServer, words: Words, count: number): Promise<Map<string, unknown>[] | Error> {
  let reply = await ask(server, [...words, 'WITHCURSOR', 'COUNT', String(count)])
  const rows: Map<string, unknown>[] = []
  for (;;) {
    if (reply instanceof Error) return rows.length > 0 ? rows : reply
    const [part, id] = reply as [unknown, number]
    const read = rowsOf(part)
    rows.push(...read)
    if (id === 0) return rows
    expect(read.length).toBe(count)
    reply = await ask(server, ['FT.CURSOR', 'READ', 'idx', String(id)])
  }
}

interface Kind {
  readonly source: Source
  readonly schema: string
  readonly dialect: string
  make(random: Chance): Document
}

const KINDS: readonly (readonly [string, Kind])[] = [
  ['hashes', { source: HASH, schema: HASH_SCHEMA, dialect: '2', make: hashOf }],
  ['JSON documents', { source: json(false), schema: JSON_SCHEMA, dialect: '2', make: jsonOf }],
  ['JSON documents, all values of a path', { source: json(true), schema: JSON_SCHEMA, dialect: '3', make: jsonOf }],
]

async function fill(server: TestServer, { source, schema, make }: Kind, random: Chance, count: number) {
  await ask(server, ['FLUSHALL'])
  await ask(server, ['FT.CREATE', 'idx', ...(source.isJson ? [] : ['ON', 'HASH']), ...schema.split(' ')])
  const documents: Document[] = []
  for (let i = 0; i < count; i++) {
    const document = make(random)
    documents.push(document)
    if (source.isJson) await ask(server, ['JSON.SET', `d:${i}`, '$', JSON.stringify(document)])
    else await ask(server, ['HSET', `d:${i}`, ...(Object.entries(document).flat() as string[])])
  }
  return documents
}

/** Queries of a round. */
const QUERIES = 45

test.each(KINDS)('%s: agrees with a naive evaluation, whatever happens between slices', async (_, kind) => {
  const { source, dialect } = kind
  let refused = 0
  for (let round = 0; round < ROUNDS; round++) {
    const random = seeded(500 + round)
    // Every look at the clock ends a slice in one server, none does in the other.
    const server = await serverForTest({ clock: slowClock(round % 3 === 2 ? 0 : 1500) })
    await ask(server, ['FT.CONFIG', 'SET', 'ENABLE_UNSTABLE_FEATURES', 'true'])
    const documents = await fill(server, kind, random, 2300)
    let isOver = false
    const stirring = stir(server, source.isJson, seeded(7), () => isOver)
    for (let query = 0; query < QUERIES; query++) {
      const plan = new Plan(random, source)
      const isAll = random.below(2) === 0
      if (isAll) plan.keepMain()
      for (let steps = random.below(6); steps >= 0; steps--) plan.add(steps === 0)
      const words = [
        'FT.AGGREGATE',
        'idx',
        isAll ? '*' : '@kind:{main}',
        ...plan.words,
        'TIMEOUT',
        '0',
        'DIALECT',
        dialect,
      ]
      const command = words.join(' ')
      let wanted: Row[] | Refused
      try {
        wanted = plan.run(documents)
      } catch (thrown) {
        if (!(thrown instanceof Refused)) throw thrown
        wanted = thrown
      }
      const isRead = random.below(3) === 0 && !(wanted instanceof Refused) && wanted.length < 1000
      const reply = isRead ? await readAll(server, words, 1 + random.below(60)) : await ask(server, words)
      const rows = reply instanceof Error ? reply : isRead ? (reply as Map<string, unknown>[]) : rowsOf(reply)
      if (wanted instanceof Refused) {
        refused++
        expect(rows, command).toBeInstanceOf(Error)
        expect((rows as Error).message, command).toBe(wanted.message)
      } else if (rows instanceof Error) throw new Error(`${command}: ${rows.message}`)
      else check(rows, wanted, plan.names, command)
    }
    isOver = true
    await stirring
  }
  // Most of them got as far as having rows.
  expect(refused).toBeLessThan((QUERIES * ROUNDS) / 3)
})
