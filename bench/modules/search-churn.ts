/* Do updates slow queries down? Documents are changed over and over; queries are timed before, on the way and after.
 *
 *   node --conditions=redstrata-source --import tsx bench/modules/search-churn.ts [DOCUMENTS 20000] [UPDATES 1000000]
 *
 * Every update changes text, so every one leaves a tombstone; sweeps run in the turns between them. Times are CPU of this
 * process, the middle one of several rounds. The aim: no query takes more than 1.3 times what it took at first. */

import { createServer } from '../../core/index.ts'

const DOCUMENTS = Number(process.argv[2] ?? 20_000)
const UPDATES = Number(process.argv[3] ?? 1_000_000)
const LOOKS = 5
const ROUNDS = 15
/** Looks until everything is compiled: times before that are not what updates change. */
const WARM_LOOKS = 3

const { server, call, close } = await createServer({ port: null })

let seed = 1
const random = (n: number): number => {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0
  return Math.floor(((seed >>> 8) / 2 ** 24) * n)
}
/** Low numbers are common words. */
const word = (): string => `w${Math.floor(20_000 ** (random(1 << 20) / (1 << 20))) - 1}`
const words = (n: number): string => Array.from({ length: n }, word).join(' ')
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

function put(document: number): Promise<unknown> {
  const fields = ['title', words(4), 'body', words(16), 'tag', `t${random(40)}`, 'price', String(random(1000))]
  return call('HSET', `d:${document}`, ...fields)
}

const QUERIES: readonly (readonly [string, ...string[]])[] = [
  ['w1', 'NOCONTENT'],
  ['w20 w7', 'NOCONTENT'],
  ['w30 | w31 | w32', 'NOCONTENT'],
  ['w10*', 'NOCONTENT'],
  ['%w123%', 'NOCONTENT'],
  ['@tag:{t3} @price:[100 300]', 'NOCONTENT'],
  ['@price:[100 400]', 'SORTBY', 'price', 'NOCONTENT'],
  ['-w1', 'NOCONTENT'],
]

/** CPU milliseconds of each query. */
async function look(): Promise<number[]> {
  const times: number[] = []
  for (const [query, ...options] of QUERIES) {
    const rounds: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const start = process.cpuUsage()
      for (let i = 0; i < 20; i++) {
        await call('FT.SEARCH', 'idx', query, ...options, 'TIMEOUT', '0')
        await turn()
      }
      const { user, system } = process.cpuUsage(start)
      rounds.push((user + system) / 20_000)
    }
    times.push(rounds.sort((a, b) => a - b)[ROUNDS >> 1]!)
  }
  return times
}

await call(
  'FT.CREATE',
  'idx',
  'PREFIX',
  '1',
  'd:',
  'SCHEMA',
  ...'title TEXT body TEXT tag TAG price NUMERIC SORTABLE'.split(' '),
)
for (let i = 0; i < DOCUMENTS; i++) {
  await put(i)
  if (i % 100 === 0) await turn()
}
for (let i = 0; i < WARM_LOOKS; i++) await look()
const first = await look()
console.log(`${DOCUMENTS} documents; ${(server.memory.usedBytes / 1e6).toFixed(1)} MB`)
let last = first
for (let part = 1; part <= LOOKS; part++) {
  for (let i = 0; i < UPDATES / LOOKS; i++) {
    await put(random(DOCUMENTS))
    if (i % 100 === 0) await turn()
  }
  last = await look()
  console.log(`${(UPDATES / LOOKS) * part} updates; ${(server.memory.usedBytes / 1e6).toFixed(1)} MB`)
}
QUERIES.forEach(([query], i) => {
  const ratio = last[i]! / first[i]!
  console.log(`${query.padEnd(28)} ${first[i]!.toFixed(3)} ms  ${last[i]!.toFixed(3)} ms  x ${ratio.toFixed(2)}`)
})
await close()
