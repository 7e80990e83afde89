/* Commands of the modules with likely and unlikely words: none may fail unexpectedly, and what they leave behind is the same
 * after a reload. */

import { describe, expect, it } from 'vitest'
import { ErrorReply } from '../../core/index.ts'
import { Random } from '../support/random.ts'
import { serverForTest } from '../support/server.ts'

const COMMANDS = process.env['REDSTRATA_TEST'] === 'long' ? 300_000 : 6000
/** Commands between two reloads. */
const STRETCH = 1000

const NUMBERS =
  `0 1 2 3 5 10 50 100 1000 -1 -5 1.5 1e300 -1e300 9223372036854775807 -9223372036854775808 18446744073709551615
  9007199254740993 nan inf 0.01 0.5 0.999 x * - + $ 4294967296 2147483648 1e-10`
    .split(/\s+/)
    .concat('')

const SETS = {
  ts: {
    keys: ['t1', 't2', 't3'],
    values: NUMBERS,
    words:
      `RETENTION CHUNK_SIZE 48 ENCODING UNCOMPRESSED DUPLICATE_POLICY ON_DUPLICATE LAST SUM MIN BLOCK LABELS a b c IGNORE
      AGGREGATION avg twa std.p var.s count last first min,max range ALIGN start end EMPTY BUCKETTIMESTAMP mid FILTER a=b a!=b
      a=(b,c) a= GROUPBY REDUCE sum WITHLABELS SELECTED_LABELS COUNT LATEST FILTER_BY_TS FILTER_BY_VALUE TIMESTAMP EXCLUDEEMPTY
      MAX_COUNT DEBUG VALUES t1 t2`.split(/\s+/),
  },
  json: {
    keys: ['j1', 'j2'],
    values:
      '$ . $.a .a $..a $..* $.* $[0] $.a[1:3] $.a[-1] $[?(@.b>1)] $..[?(@.a=="x")] $[?(@=~"a+")] a.b $["x\u0020y"] $[ $[::2] $..a..b'
        .split(' ')
        .concat(['{}', '[]', '1', '1.5', '"x"', 'null', 'true', '{"a":[1,2,3],"b":2}', '{"a":{"a":{"a":1}},"b":"x"}'])
        .concat(['[1,"2",{"b":3},{"a":"x","b":5}]', '{"a":1e308}', '-0', '"\\u0000\\ud83d\\ude00"', '{'])
        .concat([`${'['.repeat(120)}${']'.repeat(120)}`, '[[[1]]]']),
    words: 'NX XX FORMAT STRING EXPAND EXPAND1 JSON INDENT NEWLINE SPACE NOESCAPE MEMORY 0 1 -1 3 1e9 x'.split(' '),
  },
  sketch: {
    keys: ['k1', 'k2', 'k3', 'k4', 'k5'],
    values: ['x', 'y', 'z', 'item:1', '', '\0a', 'long'.repeat(50), ...NUMBERS],
    words:
      `NOCREATE CAPACITY ERROR EXPANSION NONSCALING ITEMS BUCKETSIZE MAXITERATIONS WEIGHTS WITHCOUNT COMPRESSION OVERRIDE
      Capacity Items k1 k2 k3`.split(/\s+/),
  },
} as const

type Kind = keyof typeof SETS

/** A command of some kind: a key, then what is likely to follow, or anything. */
function command(random: Random, kind: Kind, names: readonly string[]): string[] {
  const { keys, values, words } = SETS[kind]
  if (random.oneIn(4)) return usual(random, kind)
  const rest = Array.from({ length: random.below(7) }, () => random.pick(random.oneIn(2) ? values : words))
  return [random.pick(names), ...(random.oneIn(8) ? [] : [random.pick(keys)]), ...rest]
}

/** A command that works, so that there is something for the others to meet. */
function usual(random: Random, kind: Kind): string[] {
  const key = random.pick(SETS[kind].keys)
  if (kind === 'json') return ['JSON.SET', key, '$', random.pick(SETS.json.values)]
  if (kind === 'ts') {
    const other = random.pick(SETS.ts.keys)
    const value = String(random.below(5000) / 7)
    const from = String(random.below(5000))
    return random.pick([
      ['TS.ADD', key, from, value, 'ON_DUPLICATE', 'sum', 'CHUNK_SIZE', '64', 'LABELS', 'a', random.pick(['b', 'c'])],
      ['TS.CREATERULE', key, other, 'AGGREGATION', random.pick(['avg', 'twa', 'last']), random.pick(['7', '100'])],
      ['TS.DEL', key, from, String(random.below(5000))],
      ['TS.REVRANGE', key, from, '+', 'AGGREGATION', random.pick(['avg', 'twa', 'last']), '100', 'EMPTY'],
      ['TS.MRANGE', '-', '+', 'AGGREGATION', 'twa', '10', 'FILTER', 'a=(b,c)', 'GROUPBY', 'a', 'REDUCE', 'max'],
    ])
  }
  return random.pick([
    ['BF.MADD', 'k1', String(random.below(99)), 'x'],
    ['CF.ADD', 'k2', String(random.below(99))],
    ['TOPK.ADD', 'k3', String(random.below(20)), 'y'],
    ['TOPK.RESERVE', 'k3', '3', '5', '3', '0.9'],
    ['CMS.INITBYDIM', 'k4', '7', '3'],
    ['CMS.INCRBY', 'k4', 'x', random.pick(['1', '4294967295'])],
    ['TDIGEST.CREATE', 'k5', 'COMPRESSION', random.pick(['1', '3', '100'])],
    ['TDIGEST.ADD', 'k5', String(random.below(100)), '5'],
    [random.pick(['COPY', 'RENAME']), key, random.pick(SETS.sketch.keys)],
    ['DEL', key],
  ])
}

describe.each(Object.keys(SETS) as Kind[])('commands of %s', kind => {
  it('never fail unexpectedly, and leave what a reload brings back', async () => {
    // A reservation of any size is asked for; it is refused or made, but not for all memory that there is.
    const server = await serverForTest({ config: { maxmemory: '500mb' } })
    const { engine } = server.server
    const prefixes = kind === 'sketch' ? /^(bf|cf|cms|topk|tdigest)\./ : new RegExp(`^${kind}\\.`)
    const names = [...engine.table].map(entry => entry.name).filter(name => prefixes.test(name) && name !== 'ts.read')
    const random = new Random(kind.length)
    const client = server.client()
    const digest = () => client.call('DEBUG', 'DIGEST', 'EXACT')
    for (let n = 0; n < COMMANDS; n++) {
      const words = command(random, kind, names) as [string, ...string[]]
      await client.call(...words).catch((refusal: unknown) => {
        expect(refusal, words.join(' ')).toBeInstanceOf(ErrorReply)
      })
      expect(engine.stats.unexpectedErrors, words.join(' ')).toBe(0)
      if (n % STRETCH !== STRETCH - 1) continue
      const before = await digest()
      await client.call('DEBUG', 'RELOAD')
      expect(await digest()).toEqual(before)
      if (random.oneIn(2)) await client.call('FLUSHALL')
    }
  })
})
