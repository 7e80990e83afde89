/* What does a command of a series cost inside the server?
 *
 *   node --conditions=redstrata-source --import tsx bench/modules/timeseries-commands.ts [TITLE ...]
 *
 * A thousand series of fifty samples and one of a hundred thousand, as in the wire benchmark; see commands.ts for what
 * is measured. */
import { type Line, measureCommands, next } from './commands.ts'

const SERIES = 1000
const key = (n: number) => `ts:${String(n).padStart(12, '0')}`
const HOUR = '3600000'
const UNTIL = '1700003000000'

const lines: readonly Line[] = [
  { title: 'PING', keys: 1, words: ['PING'] },
  { title: 'SET', keys: 100_000, words: ['SET', 'yard:__rand_int__', 'sixteen-byte-val'] },
  { title: 'TS.ADD', keys: SERIES, words: ['TS.ADD', 'ts:__rand_int__', '*', '23.5'] },
  {
    title: 'TS.MADD, a sample of 10',
    keys: SERIES,
    words: ['TS.MADD', ...Array.from({ length: 10 }, () => ['ts:__rand_int__', '*', '23.5']).flat()],
    items: 10,
  },
  { title: 'TS.GET', keys: SERIES, words: ['TS.GET', 'ts:__rand_int__'] },
  { title: 'TS.RANGE of 1,000', keys: 1, words: ['TS.RANGE', 'long', '1700050000000', '1700050999000'] },
  {
    title: 'TS.RANGE avg, 100k to 28',
    keys: 1,
    words: ['TS.RANGE', 'long', '-', '+', 'AGGREGATION', 'avg', HOUR],
  },
  {
    title: 'TS.RANGE twa, 100k to 1,667',
    keys: 1,
    words: ['TS.RANGE', 'long', '-', '+', 'AGGREGATION', 'twa', '60000'],
  },
  {
    title: 'TS.MRANGE of 50 series',
    keys: 1,
    words: ['TS.MRANGE', '-', UNTIL, 'AGGREGATION', 'max', '600000', 'FILTER', 'room=r3'],
  },
  {
    title: 'TS.MRANGE GROUPBY, 667 series',
    keys: 1,
    words: [
      ...['TS.MRANGE', '-', UNTIL, 'AGGREGATION', 'avg', '600000', 'FILTER', 'kind=temp'],
      ...['GROUPBY', 'room', 'REDUCE', 'max'],
    ],
  },
  { title: 'TS.MGET of 50 series', keys: 1, words: ['TS.MGET', 'FILTER', 'room=r3'] },
]

await measureCommands(async call => {
  for (let s = 0; s < SERIES; s++) {
    const labels = ['room', `r${s % 20}`, 'kind', s % 3 ? 'temp' : 'power', 'unit', `u${s}`]
    await call('TS.CREATE', key(s), 'DUPLICATE_POLICY', 'LAST', 'LABELS', ...labels)
  }
  for (let t = 0; t < 50; t++)
    for (let s = 0; s < SERIES; s++)
      await call('TS.ADD', key(s), String(1700000000000 + t * 60000), (Math.floor(next() * 10000) / 100).toFixed(2))
  await call('TS.CREATE', 'long')
  let value = 20
  for (let i = 0; i < 100_000; i++) {
    value += (Math.floor(next() * 21) - 10) / 10
    await call('TS.ADD', 'long', String(1700000000000 + i * 1000), value.toFixed(1))
  }
}, lines)
