/* Large data -- values that a snapshot writes in pieces: long strings, streams with much pending, values of modules; made
 * and changed in place by chance. */

import type { SeededRandom } from '../../core/base/random.ts'
import type { Call } from './random-data.ts'

/** Keys of each kind. */
const KEYS = 3
/** Beyond what stands in a record. */
const STRING_BYTES = 100_000
const SAMPLES = 1500
const ENTRIES = 400
const DELIVERED = 150

type Write = (random: SeededRandom, call: Call, key: string) => Promise<unknown>

interface Kind {
  readonly name: string
  make(random: SeededRandom, call: Call, key: string): Promise<unknown>
  readonly writes: readonly Write[]
  /** Whether a log of the writes makes the same value again: what wears down by chance does not. */
  readonly isExact: boolean
}

const word = (random: SeededRandom, length: number): string =>
  String.fromCharCode(97 + random.below(26)).repeat(1 + random.below(length))
const bits = (random: SeededRandom): number => random.below(STRING_BYTES * 8)
const time = (random: SeededRandom): number => 1000 + random.below(SAMPLES) * 10
const id = (random: SeededRandom): string => `${1 + random.below(ENTRIES)}-1`

const strings: Kind = {
  name: 'string',
  isExact: true,
  make: (random, call, key) => call('SET', key, word(random, 1).repeat(STRING_BYTES + random.below(9000))),
  writes: [
    (random, call, key) => call('SETRANGE', key, random.below(STRING_BYTES), word(random, 20)),
    (random, call, key) => call('SETBIT', key, bits(random), random.below(2)),
    (random, call, key) => call('BITFIELD', key, 'SET', 'u32', bits(random), random.below(1e9)),
    (random, call, key) => call('BITFIELD', key, 'INCRBY', 'i64', bits(random), 1, 'GET', 'u8', 0),
    (random, call, key) => call('APPEND', key, word(random, 5000)),
    (random, call, key) => call('SET', key, word(random, 1).repeat(STRING_BYTES - random.below(20_000))),
    (random, call, key) => call('SETRANGE', key, STRING_BYTES + random.below(STRING_BYTES), word(random, 9)),
    (_, call, key) => call('BITOP', 'NOT', key, key),
  ],
}

const series: Kind = {
  name: 'series',
  isExact: true,
  async make(random, call, key) {
    const kind = random.below(2) === 0 ? 'COMPRESSED' : 'UNCOMPRESSED'
    await call('TS.CREATE', key, 'ENCODING', kind, 'CHUNK_SIZE', 128, 'DUPLICATE_POLICY', 'LAST')
    const samples = Array.from({ length: SAMPLES }, (_, i) => [key, 1000 + i * 10, random.below(1e6) / 7])
    return call('TS.MADD', ...samples.flat())
  },
  writes: [
    (random, call, key) => call('TS.ADD', key, 1000 + SAMPLES * 10 + random.below(1e6), random.below(100)),
    (random, call, key) => call('TS.ADD', key, time(random), random.below(100)),
    (random, call, key) => call('TS.ADD', key, time(random) + 5, random.below(100)),
    (random, call, key) => call('TS.DEL', key, time(random), time(random) + 700),
    (random, call, key) => call('TS.DEL', key, 0, time(random)),
    (random, call, key) => call('TS.ALTER', key, 'RETENTION', 1 + random.below(SAMPLES * 10)),
  ],
}

const documents: Kind = {
  name: 'document',
  isExact: true,
  make(random, call, key) {
    const rows = Array.from({ length: 2500 }, (_, n) => ({ n, name: word(random, 30), tags: [n, word(random, 5)] }))
    return call('JSON.SET', key, '$', JSON.stringify({ rows, note: 'north', count: 100 }))
  },
  writes: [
    (random, call, key) => call('JSON.SET', key, `$.rows[${random.below(2500)}].name`, `"${word(random, 40)}"`),
    (random, call, key) => call('JSON.NUMINCRBY', key, '$.count', 1 + random.below(3)),
    (random, call, key) => call('JSON.DEL', key, `$.rows[${random.below(2500)}]`),
    (random, call, key) => call('JSON.ARRINSERT', key, '$.rows', random.below(50), `"${word(random, 9)}"`),
    (random, call, key) => call('JSON.ARRAPPEND', key, '$.rows', `"${word(random, 9000)}"`),
    (random, call, key) => call('JSON.STRAPPEND', key, '$.note', `"${word(random, 3000)}"`),
    (random, call, key) => call('JSON.SET', key, `$.${word(random, 4)}`, '[1,{"a":null}]'),
    (random, call, key) => call('JSON.ARRTRIM', key, '$.rows', 0, 2000 + random.below(500)),
    (random, call, key) => call('JSON.SET', key, '$', `{"rows":["${word(random, 90_000)}"],"note":"x","count":1}`),
    (_, call, key) => call('JSON.CLEAR', key, '$.rows[1:5]'),
  ],
}

const streams: Kind = {
  name: 'stream',
  isExact: true,
  async make(_, call, key) {
    for (let i = 1; i <= ENTRIES; i++) await call('XADD', key, `${i}-1`, 'field', `value ${i}`)
    for (const group of ['g', 'h']) await call('XGROUP', 'CREATE', key, group, '0')
    for (const consumer of ['ana', 'bob'])
      await call('XREADGROUP', 'GROUP', 'g', consumer, 'COUNT', DELIVERED, 'STREAMS', key, '>')
    return call('XREADGROUP', 'GROUP', 'h', 'ana', 'COUNT', DELIVERED, 'STREAMS', key, '>')
  },
  writes: [
    (random, call, key) => call('XACK', key, 'g', id(random), id(random), id(random)),
    (random, call, key) => call('XCLAIM', key, 'g', 'eve', 0, id(random), id(random), 'TIME', 1000, 'RETRYCOUNT', 3),
    (random, call, key) => call('XREADGROUP', 'GROUP', 'g', 'bob', 'COUNT', random.below(30), 'STREAMS', key, '>'),
    (random, call, key) => call('XDEL', key, id(random), id(random)),
    (random, call, key) => call('XADD', key, '*', 'field', word(random, 300)),
    (random, call, key) => call('XAUTOCLAIM', key, 'g', 'cat', 0, id(random), 'COUNT', 5),
    (random, call, key) => call('XGROUP', 'DELCONSUMER', key, 'h', random.below(2) === 0 ? 'ana' : 'eve'),
    (random, call, key) => call('XGROUP', random.below(9) === 0 ? 'DESTROY' : 'CREATECONSUMER', key, 'h', 'new'),
    (random, call, key) => call('XTRIM', key, 'MAXLEN', ENTRIES - random.below(200)),
    (random, call, key) => call('XGROUP', 'SETID', key, 'g', id(random)),
  ],
}

const bloom: Kind = {
  name: 'bloom',
  isExact: true,
  make: (_, call, key) => call('BF.RESERVE', key, 0.001, 100_000),
  writes: [
    (random, call, key) => call('BF.ADD', key, random.below(1e6)),
    (random, call, key) => call('BF.MADD', key, random.below(1e6), random.below(1e6)),
  ],
}

const cuckoo: Kind = {
  name: 'cuckoo',
  isExact: true,
  make: (_, call, key) => call('CF.RESERVE', key, 90_000, 'BUCKETSIZE', 1, 'MAXITERATIONS', 5),
  writes: [
    (random, call, key) => call('CF.ADD', key, random.below(300)),
    (random, call, key) => call('CF.DEL', key, random.below(300)),
    (_, call, key) => call('CF.ADD', key, 'the same'),
  ],
}

const counters: Kind = {
  name: 'counters',
  isExact: true,
  make: (_, call, key) => call('CMS.INITBYDIM', key, 10_000, 5),
  writes: [
    (random, call, key) => call('CMS.INCRBY', key, random.below(1000), 1 + random.below(9)),
    (random, call, key) =>
      call('CMS.MERGE', key, 2, `counters:${random.below(KEYS)}`, `counters:${random.below(KEYS)}`),
  ],
}

const top: Kind = {
  name: 'top',
  isExact: false,
  make: (_, call, key) => call('TOPK.RESERVE', key, 20, 3000, 7, 0.9),
  writes: [(random, call, key) => call('TOPK.ADD', key, random.below(1000), random.below(30))],
}

const words: Kind = {
  name: 'words',
  isExact: true,
  async make(random, call, key) {
    for (let i = 0; i < 200; i++) await call('FT.SUGADD', key, suggestion(random), 1 + random.below(9))
  },
  writes: [
    (random, call, key) => call('FT.SUGADD', key, suggestion(random), 1, 'INCR'),
    (random, call, key) => call('FT.SUGADD', key, suggestion(random), 2, 'PAYLOAD', word(random, 9)),
    (random, call, key) => call('FT.SUGDEL', key, suggestion(random)),
    (random, call, key) => call('FT.SUGDEL', key, suggestion(random)),
  ],
}

/** Some are the beginning of others, and some differ from others in capital letters only. */
const suggestion = (random: SeededRandom): string => `${['a', 'A', 'ab', 'é'][random.below(4)]}${random.below(90)}`

const digests: Kind = {
  name: 'digest',
  isExact: true,
  async make(random, call, key) {
    await call('TDIGEST.CREATE', key, 'COMPRESSION', 2000)
    return call('TDIGEST.ADD', key, ...Array.from({ length: 5000 }, () => random.below(1e6)))
  },
  writes: [
    (random, call, key) => call('TDIGEST.ADD', key, random.below(2e6), random.below(9)),
    (random, call, key) => call('TDIGEST.QUANTILE', key, random.below(100) / 100),
    (random, call, key) => call('TDIGEST.MERGE', key, 1, `digest:${random.below(KEYS)}`),
    (_, call, key) => call('TDIGEST.RESET', key),
  ],
}

const KINDS = [strings, series, documents, streams, bloom, cuckoo, counters, top, words, digests]

/** Make the keys of each kind. */
export async function fillLarge(random: SeededRandom, call: Call): Promise<void> {
  for (const kind of KINDS) for (let n = 0; n < KEYS; n++) await kind.make(random, call, `${kind.name}:${n}`)
}

/** What the digests of the first database hold, which DEBUG DIGEST does not tell. */
export async function centroids(call: Call): Promise<unknown[]> {
  const dumps: unknown[] = []
  for (let n = 0; n < KEYS; n++) dumps.push(await call('DUMP', `digest:${n}`))
  return dumps
}

/** A write of some kind; one that a log makes again when it must be `exact`. */
export function writeLarge(random: SeededRandom, call: Call, exact: boolean): Promise<unknown> {
  const kinds = exact ? KINDS.filter(kind => kind.isExact) : KINDS
  const kind = kinds[random.below(kinds.length)]!
  const key = `${kind.name}:${random.below(KEYS)}`
  const other = `${kind.name}:${random.below(KEYS)}`
  const choice = random.below(60)
  if (choice === 0) return call('DEL', key)
  if (choice === 1) return call('RENAME', key, other)
  if (choice === 2) return call('MOVE', key, random.below(3))
  if (choice === 3) return call('COPY', key, other, 'REPLACE')
  if (choice === 4) return call('UNLINK', key)
  return kind.writes[random.below(kind.writes.length)]!(random, call, key)
}
