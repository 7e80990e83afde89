/* Type tests -- commands that redis-benchmark does not know, on data of a size that tells.
 *
 * A group of tests shares its data, which is made once a round. Random numbers are drawn by redis-benchmark, twelve
 * digits long, so members are named in that form. */

import { encode, type Load } from './load.ts'
import type { Data, Test } from './throughput.ts'

const RANDOM = '__rand_int__'

function number(i: number): string {
  return String(i).padStart(12, '0')
}

/** The same sequence in every run, so that both servers hold the same. */
function draws(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function data(...parts: readonly ((load: Load) => Promise<void>)[]): Data {
  return {
    async fill(load) {
      await load.batch(encode('FLUSHALL'), 1)
      for (const part of parts) await part(load)
    },
  }
}

const STREAM_ENTRIES = 200_000
const streams = data(
  load => load.fill(STREAM_ENTRIES, i => encode('XADD', 'entries', `${i + 1}-0`, 'name', 'sensor', 'value', number(i))),
  load => load.batch(encode('XGROUP', 'CREATE', 'entries', 'group', '0'), 1),
)

/** Sixteen commands in flight: eight entries are read and acknowledged. The group starts over when all were read. */
async function readAndAck(load: Load, commands: number): Promise<void> {
  await load.batch(encode('XGROUP', 'DESTROY', 'entries', 'group'), 1)
  await load.batch(encode('XGROUP', 'CREATE', 'entries', 'group', '0'), 1)
  const pairs = Math.min(commands / 2, STREAM_ENTRIES)
  for (let id = 1; id <= pairs; id += 8) {
    let bytes = ''
    for (let i = id; i < id + 8; i++)
      bytes +=
        encode('XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', '1', 'STREAMS', 'entries', '>') +
        encode('XACK', 'entries', 'group', `${i}-0`)
    await load.batch(bytes, 16)
  }
}

const scores = data(load => {
  const random = draws(1)
  const score = (): string => String(Math.floor(random() * 1e6))
  return load.fill(1_000_000, i => encode('ZADD', 'scores', score(), `element:${number(i)}`))
})

const hashes = data(load =>
  load.fill(1000, i =>
    encode('HSET', `hash:${number(i)}`, ...Array.from({ length: 50 }, (_, k) => [`field${k}`, `value ${k}`]).flat()),
  ),
)

const sets = data(
  load => load.fill(10_000, i => encode('SADD', 'first', `member:${i}`)),
  load => load.fill(10_000, i => encode('SADD', 'second', `member:${i + 5000}`)),
  load => load.fill(1000, i => encode('ZADD', 'left', String(i), `member:${i}`)),
  load => load.fill(1000, i => encode('ZADD', 'right', String(i), `member:${i + 500}`)),
)

/** Two degrees square: about 200 of them lie within 5 km of the middle. */
const places = data(load => {
  const random = draws(2)
  const degrees = (middle: number): string => (middle + random() * 2 - 1).toFixed(6)
  return load.fill(100_000, i => encode('GEOADD', 'places', degrees(13), degrees(52), `place:${i}`))
})

const others = data(
  load => load.batch(encode('SETBIT', 'bits', String((8 << 20) - 1), '1'), 1),
  load => load.fill(20_000, i => encode('SETBIT', 'bits', String(i * 419), '1')),
  load => {
    const random = draws(3)
    return load.fill(10_000, () => encode('RPUSH', 'numbers', String(Math.floor(random() * 1e9))))
  },
)

function command(name: string, weight: number, of: Data, ...args: string[]): Test {
  return { name, weight, args, data: of }
}

/** The tests, in groups that share data. */
export const TYPE_TESTS: readonly Test[] = [
  command('XRANGE 100', 20, streams, 'XRANGE', 'entries', number(50_000), '+', 'COUNT', '100'),
  { name: 'XREADGROUP+XACK', weight: 4, args: [], data: streams, drive: readAndAck },
  command('XADD', 2, streams, 'XADD', 'log', '*', 'name', 'sensor', 'value', RANDOM),
  { ...command('ZADD 1M', 3, scores, 'ZADD', 'scores', RANDOM, `element:${RANDOM}`), range: 1_000_000 },
  { ...command('ZRANK 1M', 3, scores, 'ZRANK', 'scores', `element:${RANDOM}`), range: 1_000_000 },
  {
    ...command('ZRANGEBYSCORE 1M', 5, scores, 'ZRANGEBYSCORE', 'scores', RANDOM, '+inf', 'LIMIT', '0', '10'),
    range: 1_000_000,
  },
  { ...command('HGETALL 50', 10, hashes, 'HGETALL', `hash:${RANDOM}`), range: 1000 },
  command('SINTER 2x10,000', 2000, sets, 'SINTER', 'first', 'second'),
  command('ZUNIONSTORE 2x1,000', 800, sets, 'ZUNIONSTORE', 'union', '2', 'left', 'right'),
  command('GEOSEARCH 5 km', 200, places, 'GEOSEARCH', 'places', 'FROMLONLAT', '13', '52', 'BYRADIUS', '5', 'km'),
  command('PFADD', 2, others, 'PFADD', 'visitors', RANDOM),
  command('BITCOUNT 1 MB', 150, others, 'BITCOUNT', 'bits'),
  command('SORT 10,000', 4000, others, 'SORT', 'numbers'),
]
