/* Catalogue -- the search page of a shop: words, filters, facets, and completion while the user types.
 *
 *      npm run example:catalogue
 *
 * Every product is a hash; one index follows them all:
 *
 *      product:17   name, description   TEXT      words, stemmed; the name counts three times as much
 *                   brand, tags         TAG       facets: exact values, several in one field
 *                   price, rating       NUMERIC   ranges and sorting, kept as columns
 *      names        completions, best sellers first
 *
 * There is no step that publishes: a product can be found as soon as HSET has answered, and a sale changes prices in the
 * results that are asked for next. */

import type { Redis } from 'ioredis'
import { bar, grouped, row } from './support/chart.ts'
import { chance, isProgram, type Session, settled, timed, withServer } from './support/session.ts'

/** How much the shop sells. */
export interface CatalogueSize {
  readonly products: number
}

/** A product as the shop keeps it. */
export interface Product {
  readonly key: string
  readonly name: string
  readonly description: string
  readonly brand: string
  readonly tags: readonly string[]
  readonly price: number
  readonly rating: number
  readonly sold: number
}

const BRANDS = ['Alder', 'Birch & Co', 'Cairn', 'Driftwood', 'Ember', 'Fjell'] as const
const MATERIALS = ['oak', 'steel', 'linen', 'wool', 'copper', 'glass', 'bamboo', 'leather'] as const
const STYLES = ['folding', 'stacking', 'hanging', 'portable', 'adjustable', 'reading', 'outdoor'] as const
const KINDS = [
  { name: 'chair', tag: 'seating', from: 40, to: 320, text: 'sits well at the table or on the terrace' },
  { name: 'table', tag: 'tables', from: 90, to: 900, text: 'seats four and extends for guests' },
  { name: 'lamp', tag: 'lighting', from: 15, to: 240, text: 'gives a warm light and dims without flicker' },
  { name: 'shelf', tag: 'storage', from: 25, to: 400, text: 'carries books and plants on the wall' },
  { name: 'blanket', tag: 'textiles', from: 20, to: 160, text: 'keeps you warm on cold evenings' },
  { name: 'kettle', tag: 'kitchen', from: 18, to: 130, text: 'boils a litre of water in two minutes' },
] as const
const NOTES = ['Made to last.', 'Ships flat, easy to carry.', 'Repairable, with spare parts.', 'Washable.'] as const
const BATCH = 500

/** The products, the same on every run. */
export function productsOf({ products }: CatalogueSize): Product[] {
  const next = chance(11)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)]!
  return Array.from({ length: products }, (_, n) => {
    const kind = pick(KINDS)
    const material = pick(MATERIALS)
    const style = pick(STYLES)
    const price = Math.round((kind.from + (kind.to - kind.from) * next() ** 2) * 100) / 100
    return {
      key: `product:${n}`,
      name: `${style} ${material} ${kind.name}`,
      description: `A ${style} ${kind.name} of ${material} that ${kind.text}. ${pick(NOTES)}`,
      brand: pick(BRANDS),
      tags: [kind.tag, material, ...(next() < 0.2 ? ['sale'] : [])],
      price,
      rating: Math.round((2.5 + 2.5 * next()) * 10) / 10,
      sold: Math.floor(1000 * next() ** 4),
    }
  })
}

// ------------------------------------------------------------------ filling the shop

async function create(redis: Redis): Promise<void> {
  const words = ['name', 'TEXT', 'WEIGHT', '3', 'description', 'TEXT']
  const facets = ['brand', 'TAG', 'SORTABLE', 'tags', 'TAG', 'SEPARATOR', ',']
  const columns = ['price', 'NUMERIC', 'SORTABLE', 'rating', 'NUMERIC', 'SORTABLE']
  const schema = [...words, ...facets, ...columns]
  await redis.call('FT.CREATE', 'products', 'ON', 'HASH', 'PREFIX', '1', 'product:', 'SCHEMA', ...schema)
}

async function fill(redis: Redis, products: readonly Product[]): Promise<void> {
  for (let i = 0; i < products.length; i += BATCH) {
    const pipeline = redis.pipeline()
    for (const { key, tags, sold, ...fields } of products.slice(i, i + BATCH)) {
      pipeline.hset(key, { ...fields, tags: tags.join(',') })
      pipeline.call('FT.SUGADD', 'names', fields.name, String(sold + 1), 'INCR')
    }
    await settled(pipeline.exec())
  }
}

// ------------------------------------------------------------------ the search page

type Hit = Readonly<Record<string, string>>

/** A search: how many products match, and the fields of the first ones. */
async function search(redis: Redis, query: string, ...options: string[]): Promise<{ total: number; hits: Hit[] }> {
  const reply = (await redis.call('FT.SEARCH', 'products', query, 'DIALECT', '2', ...options)) as unknown[]
  const hits: Hit[] = []
  for (let i = 1; i < reply.length; i += 2) hits.push({ key: String(reply[i]), ...pairs(reply[i + 1] as string[]) })
  return { total: Number(reply[0]), hits }
}

/** An aggregation: a record for each row. */
async function aggregate(redis: Redis, query: string, ...steps: string[]): Promise<Hit[]> {
  const reply = (await redis.call('FT.AGGREGATE', 'products', query, 'DIALECT', '2', ...steps)) as unknown[]
  return reply.slice(1).map(fields => pairs(fields as string[]))
}

function pairs(flat: readonly string[]): Hit {
  const record: Record<string, string> = {}
  for (let i = 0; i < flat.length; i += 2) record[flat[i]!] = flat[i + 1]!
  return record
}

const SHOWN = ['RETURN', '4', 'name', 'brand', 'price', 'rating'] as const

function printHits(print: Session['print'], { total, hits }: { total: number; hits: readonly Hit[] }): void {
  print(`  ${grouped(total)} products`)
  for (const { name, brand, price, rating } of hits)
    print(`  ${row([name!, brand!, `${Number(price).toFixed(2)} €`, `★ ${rating}`], [32, 12, 10, 6])}`)
}

/** What is typed into the box, and what is ticked beside it. */
async function searches({ redis, print }: Session): Promise<void> {
  print('\n"folding chairs"')
  printHits(print, await search(redis, 'folding chairs', ...SHOWN, 'LIMIT', '0', '3'))

  print('\n"warm" among lighting and textiles, below 60 €, cheapest first')
  const filtered = 'warm @tags:{lighting | textiles} @price:[-inf (60]'
  printHits(print, await search(redis, filtered, ...SHOWN, 'SORTBY', 'price', 'ASC', 'LIMIT', '0', '3'))

  print('\n"kettle" but neither steel nor on sale, best rated first')
  const without = 'kettle -steel -@tags:{sale}'
  printHits(print, await search(redis, without, ...SHOWN, 'SORTBY', 'rating', 'DESC', 'LIMIT', '0', '3'))

  print('\n"ships flat" and a mistyped "lanp", with the words marked')
  const marked = ['RETURN', '1', 'description', 'HIGHLIGHT', 'FIELDS', '1', 'description', 'TAGS', '[', ']']
  for (const { description } of (await search(redis, '"ships flat" %lanp%', ...marked, 'LIMIT', '0', '2')).hits)
    print(`  ${description}`)
}

/** How many there are of each kind, beside the results of a search. */
async function facets({ redis, print }: Session): Promise<void> {
  print('\nFacets of "oak"')
  const byTag = ['LOAD', '1', '@tags', 'APPLY', 'split(@tags)', 'AS', 'tag', 'GROUPBY', '1', '@tag']
  const counted = ['REDUCE', 'COUNT', '0', 'AS', 'count', 'SORTBY', '4', '@count', 'DESC', '@tag', 'ASC', 'MAX', '6']
  const rows = await aggregate(redis, 'oak', ...byTag, ...counted)
  const most = Number(rows[0]?.['count'])
  for (const { tag, count } of rows) print(`  ${row([tag!, count!], [12, 6])}  ${bar(Number(count), most)}`)

  print('\nBrands: products, average price, dearest, and rating of those below 100 €')
  const brands = await aggregate(
    redis,
    '@price:[0 100]',
    ...['GROUPBY', '1', '@brand', 'REDUCE', 'COUNT', '0', 'AS', 'count', 'REDUCE', 'AVG', '1', '@price', 'AS', 'mean'],
    ...['REDUCE', 'MAX', '1', '@price', 'AS', 'dearest', 'REDUCE', 'AVG', '1', '@rating', 'AS', 'rating'],
    ...['SORTBY', '2', '@mean', 'ASC'],
  )
  for (const { brand, count, mean, dearest, rating } of brands) {
    const cells = [brand!, count!, Number(mean).toFixed(2), Number(dearest).toFixed(2), Number(rating).toFixed(2)]
    print(`  ${row(cells, [12, 6, 8, 8, 6])}`)
  }
}

/** What the box proposes while somebody types, and when they mistype. */
async function completions({ redis, print }: Session): Promise<void> {
  print('\nCompletion')
  for (const typed of ['fol', 'reading w', 'portable co']) {
    const names = (await redis.call('FT.SUGGET', 'names', typed, 'MAX', '3')) as string[]
    print(`  ${typed.padEnd(12)} ${names.join(' · ')}`)
  }
  const mistyped = (await redis.call('FT.SUGGET', 'names', 'hagn', 'FUZZY', 'MAX', '3')) as string[]
  print(`  ${'hagn'.padEnd(12)} ${mistyped.join(' · ')}`)
}

/** A sale: prices change, and the next search knows. */
async function sale({ redis, print }: Session, products: readonly Product[]): Promise<void> {
  const cheap = async () => (await search(redis, '@price:[0 30]', 'NOCONTENT', 'LIMIT', '0', '0')).total
  const before = await cheap()
  const reduced = products.filter(product => product.tags.includes('sale'))
  const { ms } = await timed(async () => {
    for (let i = 0; i < reduced.length; i += BATCH) {
      const pipeline = redis.pipeline()
      for (const { key, price } of reduced.slice(i, i + BATCH)) pipeline.hset(key, 'price', (price / 2).toFixed(2))
      await settled(pipeline.exec())
    }
  })
  print(`\nHalf price for ${grouped(reduced.length)} products in ${ms.toFixed(0)} ms:`)
  print(`  below 30 € there were ${grouped(before)} products, now there are ${grouped(await cheap())}`)
}

/** Create, fill and search. */
export async function catalogue(session: Session, size: CatalogueSize): Promise<void> {
  const { redis, print } = session
  const products = productsOf(size)
  await create(redis)
  const { ms } = await timed(() => fill(redis, products))
  const rate = grouped((products.length / ms) * 1000)
  print(`${grouped(products.length)} products, indexed while they were stored: ${rate} a second`)
  await searches(session)
  await facets(session)
  await completions(session)
  await sale(session, products)
}

if (isProgram(import.meta.url))
  await withServer(
    session => catalogue(session, { products: 5000 }),
    (line = '') => console.log(line),
  )
