/* What does an index cost a write, and how much memory?
 *
 *   node --conditions=redstrata-source --import tsx bench/modules/search-indexing.ts [documents]
 *
 * Product documents of 28 words, two kinds of tags, two numbers and a place, written with no index, into one, again with
 * nothing changed, and with a number changed. Times are of the processor; memory is what FT.INFO tells. */

import { createServer, type ReplyValue } from '../../core/index.ts'
import { SeededRandom } from '../../core/base/random.ts'

const DOCUMENTS = Number(process.argv[2] ?? 20000)
const VOCABULARY = 20000
const random = new SeededRandom(1)

const below = (n: number): number => Math.floor(random.next() * n)
/** A word: low numbers are common. */
const word = (): string => `w${String(Math.floor(VOCABULARY ** random.next()) - 1).padStart(12, '0')}`
const words = (count: number): string => Array.from({ length: count }, word).join(' ')

const documents = Array.from({ length: DOCUMENTS }, (_, i) => [
  ...['HSET', `p:${String(i).padStart(12, '0')}`, 'name', words(4), 'text', words(24), 'brand', `b${below(200)}`],
  ...['tags', `t${below(40)},t${below(40)}`, 'price', String(below(1000)), 'stock', String(below(100))],
  ...['where', `${below(360) - 180},${below(160) - 80}`],
])

const server = await createServer({ port: null })

async function run(label: string, commands: readonly (readonly string[])[]): Promise<void> {
  const before = process.cpuUsage()
  for (const command of commands) await server.call(...command)
  const { user, system } = process.cpuUsage(before)
  process.stdout.write(
    `${label.padEnd(36)} ${((user + system) / commands.length).toFixed(1).padStart(7)} us a document\n`,
  )
}

await run('no index', documents)
await server.call('FLUSHALL')
const schema = 'name TEXT WEIGHT 5 text TEXT brand TAG SORTABLE tags TAG price NUMERIC SORTABLE stock NUMERIC where GEO'
await server.call(...`FT.CREATE idx PREFIX 1 p: SCHEMA ${schema}`.split(' '))
await run('into an index', documents)
await run('the same again', documents)
const changes = documents.map(([, key]) => ['HSET', key!, 'price', String(below(1000))])
await run('one number', changes)
await run(
  'a field that is not indexed',
  changes.map(([, key]) => ['HSET', key!, 'seen', '1']),
)

const info = (await server.call('FT.INFO', 'idx')) as Map<string, ReplyValue>
for (const [name, value] of info)
  if (name.endsWith('_mb')) process.stdout.write(`${name.padEnd(36)} ${Number(value).toFixed(2).padStart(7)}\n`)
await server.close()
