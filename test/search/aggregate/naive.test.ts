/* FT.AGGREGATE against a naive evaluation: random documents, random queries, random steps. Each step is made together with what it
 * does to plain rows. */

import { expect, test } from 'vitest'
import { serverForTest, type TestServer } from '../../support/server.ts'
import { ROUNDS, seeded } from '../support/random.ts'

type Random = ReturnType<typeof seeded>
type Plain = number | string | null
type PlainRow = Record<string, Plain | undefined>

interface Document {
  readonly brand?: string
  readonly price?: number
  readonly stock: number
  readonly name: string
  readonly tags: string
}

/** A row with the place of its document; -1 for groups. */
interface Placed {
  readonly row: PlainRow
  readonly place: number
}

/** What a pipeline is at some place: its words so far, the naive rows, and whether their order is known. */
interface State {
  readonly words: string[]
  rows: Placed[]
  isOrdered: boolean
  isOfDocuments: boolean
  /** Names that rows show, in order. */
  names: string[]
  /** Documents behind the rows, by place. */
  readonly documents: readonly (Document | undefined)[]
}

const BRANDS = ['Red', 'blue', 'Green', 'black']

function makeDocument(random: Random): Document {
  return {
    ...(random.below(6) > 0 && { brand: random.pick(BRANDS) }),
    ...(random.below(5) > 0 && { price: random.below(60) / 4 }),
    stock: random.below(30),
    name: `${random.pick(['old', 'new'])} ${random.pick(['lamp', 'desk'])}`,
    tags: random.pick(['a', 'a,b', 'b', 'c,a']),
  }
}

/** Let a row have a property of its document, as it is read without LOAD. */
function use(state: State, name: 'brand' | 'price' | 'stock'): void {
  if (state.names.includes(name)) return
  state.names.push(name)
  for (const { row, place } of state.rows) {
    const value = state.documents[place]![name]
    row[name] = typeof value === 'string' ? value.toLowerCase() : value
  }
}

function addLoad(state: State, random: Random): void {
  const name = random.pick(['name', 'tags', 'stock', 'brand'] as const)
  state.words.push('LOAD', '1', `@${name}`)
  // What was there in its sortable form keeps its place, and is now as the document has it.
  if (!state.names.includes(name)) state.names.push(name)
  for (const { row, place } of state.rows) row[name] = state.documents[place]![name]
}

function addApply(state: State, random: Random): void {
  const name = `x${state.words.length}`
  const numeric = state.isOfDocuments ? 'price' : state.names.find(known => known.startsWith('r'))
  if (numeric === undefined) return
  if (state.isOfDocuments) use(state, 'price')
  const by = 1 + random.below(5)
  const forms: [string, (v: Plain | undefined) => Plain][] = [
    [`exists(@${numeric}) && @${numeric} > ${by}`, v => (v != null && Number(v) > by ? 1 : 0)],
    [`!exists(@${numeric}) || @${numeric} / ${by} < 3`, v => (v == null || Number(v) / by < 3 ? 1 : 0)],
    [`exists(@${numeric}) * ${by} + 1`, v => (v == null ? 1 : by + 1)],
  ]
  const [text, evaluate] = random.pick(forms)
  state.words.push('APPLY', text, 'AS', name)
  state.names.push(name)
  for (const { row } of state.rows) row[name] = evaluate(row[numeric])
}

function addFilter(state: State, random: Random): void {
  if (state.isOfDocuments) {
    use(state, 'price')
    use(state, 'brand')
    const least = random.below(8)
    const brand = random.pick(BRANDS).toLowerCase()
    state.words.push('FILTER', `exists(@price) && @price >= ${least} || (exists(@brand) && @brand == "${brand}")`)
    state.rows = state.rows.filter(({ row }) => {
      const isPriced = row['price'] !== undefined && (row['price'] as number) >= least
      return isPriced || row['brand'] === brand
    })
    return
  }
  const name = state.names.find(known => known.startsWith('r'))
  if (name === undefined) return
  const least = random.below(4)
  state.words.push('FILTER', `@${name} >= ${least}`)
  state.rows = state.rows.filter(({ row }) => Number(row[name]) >= least)
}

function reduce(name: string, values: readonly (Plain | undefined)[], count: number): Plain {
  const numbers = values.filter(value => typeof value === 'number')
  const sum = numbers.reduce((a, b) => a + b, 0)
  switch (name) {
    case 'COUNT':
      return count
    case 'SUM':
      return sum
    case 'AVG':
      return sum / count
    case 'MIN':
      return numbers.length === 0 ? 0 : Math.min(...numbers)
    case 'MAX':
      return numbers.length === 0 ? 0 : Math.max(...numbers)
  }
  return new Set(values.filter(value => value != null)).size
}

function addGroup(state: State, random: Random): void {
  const candidates = state.isOfDocuments ? ['brand', 'stock', 'price'] : [...state.names]
  const keys = candidates.filter(() => random.below(2) === 0).slice(0, 3)
  if (state.isOfDocuments) for (const key of keys) use(state, key as 'brand')
  const over = state.isOfDocuments ? 'price' : state.names.find(name => name.startsWith('r'))
  if (state.isOfDocuments) use(state, 'price')
  state.words.push('GROUPBY', String(keys.length), ...keys.map(key => `@${key}`))
  const reducers = ['COUNT', ...(over === undefined ? [] : ['SUM', 'AVG', 'MIN', 'MAX', 'COUNT_DISTINCT'])].filter(
    (_, i) => i === 0 || random.below(2) === 0,
  )
  const base = state.words.length
  for (const [i, reducer] of reducers.entries())
    state.words.push('REDUCE', reducer, ...(reducer === 'COUNT' ? ['0'] : ['1', `@${over}`]), 'AS', `r${base}_${i}`)
  const groups = new Map<string, PlainRow[]>()
  for (const { row } of state.rows) {
    const key = JSON.stringify(keys.map(name => row[name] ?? null))
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  state.rows = [...groups].map(([key, rows]) => {
    const made: PlainRow = {}
    ;(JSON.parse(key) as Plain[]).forEach((value, i) => {
      made[keys[i]!] = value
    })
    for (const [i, reducer] of reducers.entries())
      made[`r${base}_${i}`] = reduce(reducer, over === undefined ? [] : rows.map(row => row[over]), rows.length)
    return { row: made, place: -1 }
  })
  state.names = [...keys, ...reducers.map((_, i) => `r${base}_${i}`)]
  state.isOfDocuments = false
  state.isOrdered = false
}

function addSort(state: State, random: Random): void {
  // Nothing stood in between: that is refused.
  if (state.words.at(-3) === 'LIMIT') return
  // Groups come in no order that is promised, so that ties among them may not be cut off.
  const limit = state.isOfDocuments ? 1 + random.below(40) : 5000
  const key = state.isOfDocuments
    ? random.pick(['price', 'brand', 'stock'] as const)
    : random.pick([...state.names, ''])
  if (key === '') return
  if (state.isOfDocuments) use(state, key as 'price')
  const isDown = random.below(2) === 0
  state.words.push('SORTBY', '2', `@${key}`, isDown ? 'DESC' : 'ASC', 'LIMIT', '0', String(limit))
  const compare = (x: Plain | undefined, y: Plain | undefined): number => {
    if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? 1 : -1
    if (x === null || y === null) return x === y ? 0 : (x === null ? 1 : -1) * (isDown ? -1 : 1)
    return (x < y ? -1 : x > y ? 1 : 0) * (isDown ? -1 : 1)
  }
  // Ties keep the order in which rows came, that of documents or of the sort before; down, the other way round.
  const came = isDown ? state.rows.toReversed() : state.rows
  state.rows = came.toSorted((a, b) => compare(a.row[key], b.row[key])).slice(0, limit)
  state.isOrdered = state.isOfDocuments
}

function shown(row: PlainRow, names: readonly string[]): unknown[] {
  return names.flatMap(name => {
    const value = row[name]
    if (value === undefined) return []
    // Twelve digits are printed, of which `read` looks at ten.
    const text = typeof value === 'number' ? Number(Number(value.toPrecision(12)).toPrecision(10)) : value
    return [[name, text]]
  })
}

/** A row of a reply, in the form that `shown` has. */
function read(row: Map<string, unknown>): unknown[] {
  return [...row].map(([name, value]) => {
    const isNumber = value !== null && /^(?:price|stock|[rx]\d)/.test(name)
    return [name, isNumber ? Number(Number(value).toPrecision(10)) : value === null ? null : String(value)]
  })
}

/** The rows of a reply in RESP3. @throws when it is an error. */
function rowsOf(reply: unknown, command: string): Map<string, unknown>[] {
  if (!(reply instanceof Map)) throw new Error(`${command}: ${String(reply)}`)
  return (reply.get('results') as Map<string, Map<string, unknown>>[]).map(row => row.get('extra_attributes')!)
}

const sortedText = (rows: unknown[]) => rows.map(row => JSON.stringify(row)).sort()

/** Fill an index; some documents are changed or deleted later. Returns the documents by the place at which they came. */
async function fill(server: TestServer, random: Random, count: number): Promise<(Document | undefined)[]> {
  await server.call(
    ...('FT.CREATE idx PREFIX 1 d: SCHEMA brand TAG SORTABLE price NUMERIC SORTABLE stock NUMERIC name TEXT tags TAG'.split(
      ' ',
    ) as [string]),
  )
  const documents: (Document | undefined)[] = []
  const put = async (key: string) => {
    const document = makeDocument(random)
    await server.call('DEL', key)
    await server.call('HSET', key, ...Object.entries(document).flat().map(String))
    return documents.push(document) - 1
  }
  const places: number[] = []
  for (let i = 0; i < count; i++) places.push(await put(`d:${i}`))
  for (let i = 0; i < count / 4; i++) {
    const which = random.below(count)
    documents[places[which]!] = undefined
    if (random.below(3) > 0) places[which] = await put(`d:${which}`)
    else await server.call('DEL', `d:${which}`)
  }
  return documents
}

test('FT.AGGREGATE agrees with a naive evaluation on random data', async () => {
  const server = await serverForTest()
  for (let round = 0; round < 2 * ROUNDS; round++) {
    const random = seeded(100 + round)
    await server.call('FLUSHALL')
    const documents = await fill(server, random, round % 2 === 0 ? 300 : 2500)
    for (let query = 0; query < 40; query++) {
      const low = random.below(10)
      const [text, matches] = random.pick<[string, (d: Document) => boolean]>([
        ['*', () => true],
        [`@price:[${low} 9]`, d => d.price !== undefined && d.price >= low && d.price <= 9],
        ['@brand:{red}', d => d.brand === 'Red'],
        ['lamp', d => d.name.includes('lamp')],
        ['old -@tags:{b}', d => d.name.includes('old') && !d.tags.includes('b')],
      ])
      const rows = documents.flatMap((d, place) => (d !== undefined && matches(d) ? [{ row: {}, place }] : []))
      const state: State = { words: [], rows, isOrdered: true, isOfDocuments: true, names: [], documents }
      for (let step = random.below(6); step >= 0; step--) {
        const add = random.pick([addLoad, addApply, addFilter, addGroup, addSort])
        if (add !== addLoad || state.isOfDocuments) add(state, random)
      }
      const words = ['FT.AGGREGATE', 'idx', text, ...state.words, 'TIMEOUT', '0']
      const got = rowsOf(await server.call(...(words as [string])), words.join(' ')).map(read)
      const wanted = state.rows.map(({ row }) => shown(row, state.names))
      if (state.isOrdered) expect(got, words.join(' ')).toEqual(wanted)
      else expect(sortedText(got), words.join(' ')).toEqual(sortedText(wanted))
    }
  }
})

test('a cursor gives the same rows as one reply, whatever happens in between', async () => {
  const server = await serverForTest()
  const random = seeded(9)
  await fill(server, random, 2600)
  for (const steps of [
    ['LOAD', '2', '@stock', '@brand'],
    ['GROUPBY', '2', '@stock', '@brand', 'REDUCE', 'SUM', '1', '@price', 'AS', 's'],
    ['SORTBY', '2', '@price', 'ASC', 'LIMIT', '0', '3000', 'LOAD', '1', '@stock'],
    ['APPLY', '!exists(@price)', 'AS', 'x', 'FILTER', '@x', 'LIMIT', '3', '400'],
  ]) {
    const command = steps.join(' ')
    const whole = rowsOf(await server.call(...(['FT.AGGREGATE', 'idx', '*', ...steps] as unknown as [string])), command)
    const rows: unknown[] = []
    const opened = (await server.call(
      ...(['FT.AGGREGATE', 'idx', '*', ...steps, 'WITHCURSOR', 'COUNT', '37'] as unknown as [string]),
    )) as [unknown, number]
    let [part, id] = opened
    for (let reads = 0; ; reads++) {
      rows.push(...rowsOf(part, command))
      if (id === 0) break
      // Words without a document that the rows show: the index moves, the rows stay.
      await server.call('HSET', `other:${reads}`, 'name', `word${reads}`)
      await server.call('HSET', 'd:new', 'name', `fresh${reads}`, 'stock', '99', 'brand', `brand${reads}`)
      ;[part, id] = (await server.call('FT.CURSOR', 'READ', 'idx', String(id))) as [unknown, number]
    }
    expect(rows).toEqual(whole)
    await server.call('DEL', 'd:new')
  }
})
