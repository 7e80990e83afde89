/* Random data -- keys of all the core's types, and of the modules', made and changed by chance. */

import type { SeededRandom } from '../../core/base/random.ts'

const KEYS = 40

/** Runs a command. */
export type Call = (...args: (string | number)[]) => Promise<unknown>

/** What Redis 7.0 does alike: it has no fields that expire, and its digest shows scores such as 0.1 with more digits. */
export function knownToOlder(call: Call): Call {
  return (...args) => {
    if (/^HP/.test(String(args[0]))) return Promise.resolve(null)
    if (args[0] !== 'ZADD') return call(...args)
    return call(...args.map(arg => (typeof arg === 'number' ? Math.round(arg * 8) / 8 : arg)))
  }
}

/** Elements out of so few that writes meet those that are there. */
const some = (random: SeededRandom, most: number): string[] =>
  Array.from({ length: 1 + random.below(most) }, () => {
    const n = random.below(500)
    return `e${n}${'x'.repeat(n % 30)}`
  })

/** Writes of every kind, on a key of the type that its number says. */
export function write(random: SeededRandom, call: Call): Promise<unknown> {
  const n = random.below(KEYS)
  const key = `key:${n}`
  const other = `key:${random.below(KEYS)}`
  const few = some(random, 8)
  const common: (() => Promise<unknown>)[] = [
    () => call('DEL', key),
    () => call('UNLINK', key),
    () => call('RENAME', key, other),
    () => call('COPY', key, other, 'REPLACE'),
    () => call('MOVE', key, random.below(3)),
    () => call('PEXPIREAT', key, 4102444800000 + random.below(1000)),
    () => call('PERSIST', key),
    () => call('SET', key, few.join()),
  ]
  if (random.below(3) === 0) return common[random.below(common.length)]!()
  const byType: (() => Promise<unknown>)[][] = [
    [
      () => call('SADD', key, ...few),
      () => call('SREM', key, ...few),
      () => call('SPOP', key, random.below(10)),
      () => call('SINTERSTORE', key, key, other),
    ],
    [
      () => call('HSET', key, ...few.flatMap(field => [field, `${field}${random.below(99)}`])),
      () => call('HDEL', key, ...few),
      () => call('HINCRBY', key, 'count', 1),
      () => call('HPEXPIREAT', key, 4102444800000 + random.below(1000), 'FIELDS', 1, few[0]!),
      () => call('HPERSIST', key, 'FIELDS', 1, few[0]!),
    ],
    [
      () => call('ZADD', key, ...few.flatMap(member => [random.below(1000) / 7, member])),
      () => call('ZREM', key, ...few),
      () => call('ZPOPMIN', key, random.below(10)),
      () => call('ZREMRANGEBYRANK', key, 1, random.below(6)),
      () => call('ZINCRBY', key, 1.5, few[0]!),
    ],
    [
      () => call('RPUSH', key, ...few),
      () => call('LPUSH', key, ...few),
      () => call('LPOP', key, random.below(20)),
      () => call('LTRIM', key, random.below(5), -1 - random.below(5)),
      () => call('LSET', key, random.below(50), few[0]!),
      () => call('LINSERT', key, 'BEFORE', few[0]!, 'inserted'),
      () => call('LREM', key, 0, few[0]!),
      () => call('RPUSH', key, 'y'.repeat(3000), 'z'.repeat(9000)),
    ],
    [
      () => call('XADD', key, '*', 'f', few[0]!, 'g', 'v'),
      () => call('XTRIM', key, 'MAXLEN', random.below(200)),
      () => call('XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', 5, 'STREAMS', key, '>'),
      () => call('XDEL', key, `${1 + random.below(300)}-1`),
      () => call('XGROUP', 'CREATE', key, 'group', '0'),
    ],
  ]
  const ways = byType[n % byType.length]!
  return ways[random.below(ways.length)]!()
}

/** A key of another type, one that is not there, a group that exists: such writes change nothing. */
export const refused = (): null => null

/** Make a key of each number, and change some. */
export async function fill(random: SeededRandom, call: Call): Promise<void> {
  for (let n = 0; n < KEYS; n++) {
    const key = `key:${n}`
    const elements = some(random, n % 3 === 0 ? 600 : 15)
    if (n % 5 === 0) await call('SADD', key, ...elements)
    else if (n % 5 === 1) await call('HSET', key, ...elements.flatMap(field => [field, 'value']))
    else if (n % 5 === 2) await call('ZADD', key, ...elements.flatMap((member, i) => [i / 3, member]))
    else if (n % 5 === 3) await call('RPUSH', key, ...elements)
    else for (let i = 1; i <= elements.length; i++) await call('XADD', key, `${i}-1`, 'f', elements[i - 1]!)
  }
  for (let i = 0; i < 200; i++) await write(random, call).catch(refused)
}

const WORDS = ['north', 'wind', 'harbour', 'lantern', 'stone', 'river']

/** Values of the modules' types, and an index over some of them. */
export async function fillModules(random: SeededRandom, call: Call): Promise<void> {
  const word = (): string => WORDS[random.below(WORDS.length)]!
  await call(
    'FT.CREATE',
    `idx:${random.below(1000)}`,
    'ON',
    'JSON',
    'PREFIX',
    1,
    'doc:',
    'SCHEMA',
    '$.title',
    'AS',
    'title',
    'TEXT',
  ).catch(refused)
  for (let i = 0; i < 20; i++) {
    const n = random.below(12)
    await call(
      'JSON.SET',
      `doc:${n}`,
      '$',
      JSON.stringify({ title: `${word()} ${word()}`, n, list: [1, word(), null] }),
    )
    await call(
      'TS.ADD',
      `series:${n}`,
      1000 + random.below(100_000),
      random.below(1000) / 8,
      'ON_DUPLICATE',
      'LAST',
      'LABELS',
      'place',
      word(),
    )
    await call('BF.ADD', `bloom:${n}`, word())
    await call('CF.ADD', `cuckoo:${n}`, word())
    await call('CMS.INITBYDIM', `sketch:${n}`, 50, 4).catch(refused)
    await call('CMS.INCRBY', `sketch:${n}`, word(), 1 + random.below(9))
    await call('TOPK.RESERVE', `top:${n}`, 3).catch(refused)
    await call('TOPK.ADD', `top:${n}`, word())
    await call('TDIGEST.CREATE', `digest:${n}`).catch(refused)
    await call('TDIGEST.ADD', `digest:${n}`, random.below(100))
    await call('FT.SUGADD', `words:${n}`, `${word()} ${word()}`, 1)
  }
}
