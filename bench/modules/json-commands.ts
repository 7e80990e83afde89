/* What does a command on a document cost inside the server?
 *
 *   node --conditions=redstrata-source --import tsx bench/modules/json-commands.ts [TITLE ...]
 *
 * Ten thousand documents of 200 bytes and one of 330 KB, as in the wire benchmark; see commands.ts for what is measured. */
import { type Line, measureCommands } from './commands.ts'

const DOCUMENTS = 10_000
const DOCUMENT = 'doc:__rand_int__'

function small(i: number): string {
  const address = { street: '1 Long Road', city: 'Portland', zip: '97201', geo: { lat: 45.5, lon: -122.6 } }
  const tags = ['red', 'green', 'blue']
  return JSON.stringify({
    ...{ id: i, name: `user number ${i}`, age: i % 90, active: i % 2 === 0 },
    ...{ score: i * 1.5, tags, address },
  })
}

function large(): string {
  const rows = Array.from({ length: 5000 }, (_, i) => ({
    ...{ id: i, price: i % 997, title: `title ${i}`, in: { stock: i % 7 } },
  }))
  return JSON.stringify({ rows })
}

const lines: readonly Line[] = [
  { title: 'PING', keys: 1, words: ['PING'] },
  { title: 'SET', keys: 100_000, words: ['SET', 'yard:__rand_int__', 'sixteen-byte-val'] },
  { title: 'SET of 200 B', keys: 100_000, words: ['SET', 'yard:__rand_int__', 'x'.repeat(200)] },
  { title: 'GET of 200 B', keys: 100_000, words: ['GET', 'yard:__rand_int__'] },
  { title: 'JSON.SET whole', keys: DOCUMENTS, words: ['JSON.SET', DOCUMENT, '$', small(7)] },
  { title: 'JSON.GET whole', keys: DOCUMENTS, words: ['JSON.GET', DOCUMENT] },
  { title: 'JSON.GET path', keys: DOCUMENTS, words: ['JSON.GET', DOCUMENT, '$.address.city'] },
  { title: 'JSON.SET path', keys: DOCUMENTS, words: ['JSON.SET', DOCUMENT, '$.address.city', '"Seattle"'] },
  { title: 'JSON.NUMINCRBY', keys: DOCUMENTS, words: ['JSON.NUMINCRBY', DOCUMENT, '$.age', '1'] },
  { title: 'JSON.GET 330 KB one path', keys: 1, words: ['JSON.GET', 'big', '$.rows[4321].title'] },
  { title: 'JSON.GET 330 KB filter', keys: 1, words: ['JSON.GET', 'big', '$.rows[?(@.price==5)].id'] },
  { title: 'JSON.NUMINCRBY 330 KB', keys: 1, words: ['JSON.NUMINCRBY', 'big', '$.rows[4321].price', '1'] },
]

await measureCommands(async call => {
  for (let i = 0; i < DOCUMENTS; i++) await call('JSON.SET', `doc:${String(i).padStart(12, '0')}`, '$', small(i))
  await call('JSON.SET', 'big', '$', large())
}, lines)
