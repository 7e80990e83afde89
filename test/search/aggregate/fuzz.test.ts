import { expect, test } from 'vitest'
import { serverForTest } from '../../support/server.ts'
import { ROUNDS, seeded } from '../support/random.ts'

const WORDS = [
  ...['LOAD', 'GROUPBY', 'REDUCE', 'SORTBY', 'APPLY', 'FILTER', 'LIMIT', 'WITHCURSOR', 'COUNT', 'MAX', 'AS', 'MAXIDLE'],
  ...[
    '*',
    '0',
    '1',
    '2',
    '3',
    '5',
    '-1',
    '1e9',
    '99999999999',
    'x',
    '',
    '@n',
    '@t',
    '@g',
    '@s',
    '@__key',
    '@nosuch',
    '@a',
  ],
  ...[
    'ASC',
    'DESC',
    'a',
    'b',
    'SUM',
    'AVG',
    'TOLIST',
    'QUANTILE',
    'FIRST_VALUE',
    'BY',
    'RANDOM_SAMPLE',
    'STDDEV',
    'MIN',
  ],
  ...[
    'COUNT_DISTINCT',
    'COUNT_DISTINCTISH',
    'ADDSCORES',
    'VERBATIM',
    'DIALECT',
    'PARAMS',
    'TIMEOUT',
    'NOCONTENT',
    '0.5',
  ],
]
const PIECES = [
  '@n',
  '@t',
  '@a',
  '1',
  '-2',
  '"x"',
  "'y",
  '+',
  '*',
  '/',
  '%',
  '^',
  '&&',
  '||',
  '!',
  '==',
  '<',
  '(',
  ')',
  ',',
]
const CALLS = [
  'floor(',
  'upper(',
  'split(',
  'format("%s",',
  'substr(',
  'exists(',
  'timefmt(',
  'parsetime(',
  'geodistance(',
]

test('no arguments of FT.AGGREGATE bring the server down', async () => {
  const server = await serverForTest()
  const call = (...words: string[]) => server.call(...(words as [string])).catch(error => error)
  await call('FT.CREATE', 'i', 'SCHEMA', ...'n NUMERIC SORTABLE t TAG SORTABLE g GEO s TEXT SORTABLE'.split(' '))
  for (let k = 0; k < 50; k++)
    await call(
      'HSET',
      `d${k}`,
      ...(k % 3 ? ['n', String(k)] : []),
      't',
      `t${k % 5},u`,
      'g',
      '1,2',
      's',
      `word ${k % 4}`,
    )
  const random = seeded(77)
  const expression = () =>
    Array.from({ length: 1 + random.below(7) }, () => random.pick(random.below(4) === 0 ? CALLS : PIECES)).join(' ')
  const steps: (() => string[])[] = [
    () => Array.from({ length: random.below(6) }, () => random.pick(WORDS)),
    () => ['LOAD', ...random.pick([['*'], ['1', '@t'], ['2', '@n', '@__key'], ['3', '@n', 'AS', 'a']])],
    () => ['APPLY', expression(), 'AS', random.pick(['a', 'b', 'n'])],
    () => ['FILTER', expression()],
    () => ['GROUPBY', '1', random.pick(['@t', '@n', '@a'])],
    () => [
      'REDUCE',
      random.pick(['SUM', 'TOLIST', 'MAX', 'COUNT_DISTINCT', 'STDDEV']),
      '1',
      random.pick(['@n', '@t', '@a']),
    ],
    () => ['SORTBY', '2', random.pick(['@n', '@t', '@a']), random.pick(['ASC', 'DESC'])],
    () => ['LIMIT', random.pick(['0', '3']), random.pick(['0', '2', '1000000000'])],
  ]
  let good = 0
  for (let round = 0; round < 3000 * ROUNDS; round++) {
    const words = Array.from({ length: random.below(5) }, () => random.pick(steps)()).flat()
    const reply = await call('FT.AGGREGATE', 'i', random.pick(['*', '@t:{u}', 'word', '@n:[3 20]']), ...words)
    if (!(reply instanceof Error)) good++
    // An error of ours would say so.
    expect(String(reply), words.join(' ')).not.toMatch(/internal|undefined|Cannot read|TypeError/)
  }
  // Enough of them got as far as running.
  expect(good).toBeGreaterThan(300)
  expect(await call('PING')).toBe('PONG')
})
