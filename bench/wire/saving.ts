/* Saving -- does a background save hold anybody up, and what memory does it take, while everything is written anew?
 *
 *      node --conditions=redstrata-source --import tsx bench/wire/saving.ts [keys] [kind ...]
 *
 * For each kind of data: memory at rest, the most while BGSAVE runs under SETs of the same keys, its ratio; the longest
 * time for which the loop stood still, by its own monitor, and for which a client that asks each millisecond had no answer.
 * The same without a save tells what of that is the writing's own. */

import { encode, Load } from './load.ts'
import { build, type ServerProcess, startRedis, startRedstrata } from './server-process.ts'
import { megabytes, printTable } from './table.ts'

const KEYS = Number(process.argv[2] ?? 500_000)
const WRITES_AT_ONCE = 50
/** How long it is looked without a save. */
const QUIET_MS = 1500

interface Data {
  fill(load: Load): Promise<void>
  /** A write of number i. */
  change(i: number): string
  /** Whether redis-server cannot have it. */
  modules?: boolean
}

const text = (length: number): string => 'the river and the stone '.repeat(Math.ceil(length / 24)).slice(0, length)

const KINDS: Readonly<Record<string, Data>> = {
  strings: {
    fill: load => load.fill(KEYS, i => encode('SET', `key:${i}`, `value ${i} of some length`)),
    change: i => encode('SET', `key:${(i * 7919) % KEYS}`, `another ${i} of some length`),
  },
  'large strings': {
    fill: load => load.fill(6, i => encode('SET', `large:${i}`, text(40 << 20)), 1),
    change: i => encode('SETRANGE', `large:${i % 6}`, String((i * 1000) % (40 << 20)), 'x'),
  },
  'a large hash': {
    fill: load => load.fill(KEYS, i => encode('HSET', 'hash', `field:${i}`, `value ${i}`)),
    change: i => encode('HSET', 'hash', `field:${(i * 7919) % KEYS}`, `another ${i}`),
  },
  'a large sorted set': {
    fill: load => load.fill(KEYS, i => encode('ZADD', 'zset', String(i), `member:${i}`)),
    change: i => encode('ZADD', 'zset', String(i), `member:${(i * 7919) % KEYS}`),
  },
  'a large list': {
    fill: load => load.fill(KEYS, i => encode('RPUSH', 'list', `element ${i}`)),
    change: i => encode('LPUSH', 'list', `another ${i}`),
  },
  'a stream with a group': {
    async fill(load) {
      await load.fill(KEYS, i => encode('XADD', 'stream', `${i + 1}-1`, 'field', `value ${i}`))
      await load.text('XGROUP', 'CREATE', 'stream', 'group', '0')
      await load.fill(
        KEYS / 1000,
        () => encode('XREADGROUP', 'GROUP', 'group', 'ana', 'COUNT', '1000', 'STREAMS', 'stream', '>'),
        1,
      )
    },
    change: i => encode('XACK', 'stream', 'group', `${1 + (i % KEYS)}-1`),
  },
  // What was never written takes no memory: each page of these is written first.
  'a large bloom filter': {
    async fill(load) {
      await load.text('BF.RESERVE', 'bloom', '0.001', '100000000')
      await load.fill(40_000, i => encode('BF.ADD', 'bloom', `first ${i}`))
    },
    change: i => encode('BF.ADD', 'bloom', String(i)),
    modules: true,
  },
  'a large cuckoo filter': {
    async fill(load) {
      await load.text('CF.RESERVE', 'cuckoo', '60000000')
      await load.fill(150_000, i => encode('CF.ADD', 'cuckoo', `first ${i}`))
    },
    change: i => encode('CF.ADD', 'cuckoo', String(i)),
    modules: true,
  },
  'a large count-min sketch': {
    async fill(load) {
      await load.text('CMS.INITBYDIM', 'cms', '4000000', '7')
      await load.fill(40_000, i => encode('CMS.INCRBY', 'cms', `first ${i}`, '1'))
    },
    change: i => encode('CMS.INCRBY', 'cms', String(i), '1'),
    modules: true,
  },
  'a long series': {
    async fill(load) {
      await load.text('TS.CREATE', 'series', 'DUPLICATE_POLICY', 'LAST')
      await load.fill(KEYS * 10, i => encode('TS.ADD', 'series', String(1000 + i * 10), String((i * 7919) % 10007)))
    },
    change: i => encode('TS.ADD', 'series', String(1000 + ((i * 79190) % (KEYS * 100))), String(i)),
    modules: true,
  },
  'a large document': {
    async fill(load) {
      const rows = Array.from({ length: KEYS }, (_, n) => ({ n, name: `the ${n}th of them`, tags: ['a', 'b', 'c'] }))
      await load.text('JSON.SET', 'doc', '$', JSON.stringify({ rows, count: 100 }))
    },
    change: i => encode('JSON.SET', 'doc', `$.rows[${(i * 7919) % KEYS}].name`, `"another ${i % 1000} than it was"`),
    modules: true,
  },
  'a dictionary of suggestions': {
    fill: load => load.fill(KEYS, i => encode('FT.SUGADD', 'words', `suggestion ${i * 7919}`, '1')),
    change: i => encode('FT.SUGADD', 'words', `suggestion ${(i % KEYS) * 7919}`, '2', 'INCR'),
    modules: true,
  },
}

interface Seen {
  peakBytes: number
  loopMs: number
  clientMs: number
  seconds: number
}

/** Write, ask, and look, until `isOver` says so. */
async function watch(
  server: ServerProcess,
  data: Data,
  start: (tell: Load) => Promise<unknown>,
  isOver: (ask: Load) => Promise<boolean>,
): Promise<Seen> {
  const [writer, asker, info] = await Promise.all([0, 1, 2].map(() => Load.connect(server.port)))
  const seen: Seen = { peakBytes: 0, loopMs: Number.NaN, clientMs: 0, seconds: 0 }
  const begin = performance.now()
  let goesOn = true
  const monitor = await server.watchLoop()
  const asking = (async () => {
    while (goesOn) {
      const asked = performance.now()
      await asker!.text('PING')
      seen.clientMs = Math.max(seen.clientMs, performance.now() - asked)
      seen.peakBytes = Math.max(seen.peakBytes, server.rssBytes())
      await new Promise(resolve => setTimeout(resolve, 1))
    }
  })()
  const writing = (async () => {
    for (let i = 0; goesOn; i += WRITES_AT_ONCE)
      await writer!.fill(WRITES_AT_ONCE, j => data.change(i + j), WRITES_AT_ONCE)
  })()
  await start(info!)
  while (!(await isOver(info!))) await new Promise(resolve => setTimeout(resolve, 20))
  seen.seconds = (performance.now() - begin) / 1000
  goesOn = false
  await Promise.all([asking, writing])
  if (monitor !== null) seen.loopMs = (await monitor()).maxMs
  for (const load of [writer, asker, info]) load!.close()
  return seen
}

function after(ms: number): () => Promise<boolean> {
  const end = performance.now() + ms
  return async () => performance.now() > end
}

async function row(start: typeof startRedstrata, kind: string, data: Data): Promise<string[]> {
  const server = await start()
  const load = await Load.connect(server.port)
  await data.fill(load)
  const rest = await server.settledRssBytes()
  const quiet = await watch(server, data, async () => {}, after(QUIET_MS))
  const before = server.rssBytes()
  const busy = await watch(
    server,
    data,
    tell => tell.text('BGSAVE'),
    async ask => /rdb_bgsave_in_progress:0/.test(await ask.text('INFO', 'persistence')),
  )
  load.close()
  await server.stop()
  const ms = (n: number): string => (Number.isNaN(n) ? '-' : n.toFixed(1))
  return [
    `${kind}, ${server.name}`,
    megabytes(rest),
    `${megabytes(busy.peakBytes)} (x ${(busy.peakBytes / before).toFixed(2)})`,
    busy.seconds.toFixed(1),
    `${ms(quiet.loopMs)} / ${ms(busy.loopMs)}`,
    `${ms(quiet.clientMs)} / ${ms(busy.clientMs)}`,
  ]
}

build()
const wanted = process.argv.slice(3)
const rows: string[][] = []
for (const [kind, data] of Object.entries(KINDS)) {
  if (wanted.length > 0 && !wanted.includes(kind)) continue
  for (const start of data.modules === true ? [startRedstrata] : [startRedstrata, startRedis]) {
    rows.push(await row(start, kind, data))
  }
}
printTable(['data', 'at rest', 'at most', 'seconds', 'loop ms, without / with', 'client ms, without / with'], rows)
