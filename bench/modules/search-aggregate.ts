/* What does an aggregation cost inside the server?
 *
 *   node --conditions=redstrata-source --import tsx bench/modules/search-aggregate.ts [TITLE ...]
 *
 * Fifty thousand documents, of 200 brands and 1,000 prices, and the three aggregations of the wire benchmark; beside them what
 * each is made of. See commands.ts for what is measured. */
import { type Line, measureCommands, next } from './commands.ts'

const DOCUMENTS = 50_000
const pad = (n: number) => String(n).padStart(12, '0')
const below = (n: number) => Math.floor(next() * n)

const aggregate = (title: string, words: string): Line => ({
  title,
  keys: 1,
  words: ['FT.AGGREGATE', 'idx', ...words.split(' ')],
})

const lines: readonly Line[] = [
  { title: 'PING', keys: 1, words: ['PING'] },
  { title: 'SET', keys: 100_000, words: ['SET', 'yard:__rand_int__', 'sixteen-byte-val'] },
  { title: 'nothing found', keys: 1, words: ['FT.AGGREGATE', 'idx', '@price:[-5 -4]', 'GROUPBY', '1', '@brand'] },
  aggregate('count', '* LIMIT 0 0'),
  aggregate('group by brand', '* GROUPBY 1 @brand'),
  aggregate('average of all', '* GROUPBY 0 REDUCE AVG 1 @price'),
  aggregate(
    'count, avg by brand',
    '* GROUPBY 1 @brand REDUCE COUNT 0 AS n REDUCE AVG 1 @price AS avg SORTBY 2 @n DESC LIMIT 0 10',
  ),
  {
    title: 'filtered, 3 reducers',
    keys: 1,
    words: [
      ...['FT.AGGREGATE', 'idx', '@price:[100 300]', 'GROUPBY', '1', '@brand', 'REDUCE', 'SUM', '1', '@price'],
      ...['REDUCE', 'MAX', '1', '@price', 'REDUCE', 'COUNT', '0', 'LIMIT', '0', '10'],
    ],
  },
  aggregate(
    'APPLY and FILTER',
    '* LOAD 1 @price APPLY floor(@price/100) AS band FILTER @band>2 GROUPBY 1 @band REDUCE COUNT 0 AS n',
  ),
  aggregate('sort by price', '* SORTBY 2 @price DESC LIMIT 0 10'),
]

await measureCommands(async call => {
  const schema = 'SCHEMA brand TAG SORTABLE price NUMERIC SORTABLE stock NUMERIC'
  await call('FT.CREATE', 'idx', 'PREFIX', '1', 'p:', ...schema.split(' '))
  for (let i = 0; i < DOCUMENTS; i++)
    await call('HSET', `p:${pad(i)}`, 'brand', `b${pad(below(200))}`, 'price', String(below(1000)), 'stock', '5')
}, lines)
