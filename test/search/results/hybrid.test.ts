import { beforeAll, describe, expect, it } from 'vitest'
import type { ReplyValue } from '../../../core/resp/reader.ts'
import { fuse, similarity } from '../../../modules/search/score/fusion.ts'
import { serverForFile } from '../../support/server.ts'

const server = await serverForFile()

type Row = Record<string, string>

async function ask(...words: (string | Buffer)[]): Promise<ReplyValue> {
  return server.call(...words)
}

function blob(x: number, y: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeFloatLE(x, 0)
  bytes.writeFloatLE(y, 4)
  return bytes
}

/** What FT.HYBRID answers, its query being given as words; `$v` is the point (0, 0). */
async function hybrid(query: string): Promise<{ total: number; rows: Row[]; names: string[] }> {
  const words = query.match(/'[^']*'|\S+/g)!.map(word => word.replaceAll("'", ''))
  const reply = (await ask('FT.HYBRID', 'idx', ...words, 'PARAMS', '2', 'v', blob(0, 0))) as Map<string, ReplyValue>
  const rows = (reply.get('results') as Map<string, string>[]).map(row => Object.fromEntries(row) as Row)
  return { total: reply.get('total_results') as number, rows, names: [...reply.keys()] }
}

async function refusal(query: string): Promise<string> {
  return hybrid(query).then(
    () => 'no error',
    (error: Error) => error.message,
  )
}

/** Rows as keys with their scores. */
function scores(rows: readonly Row[], name = '__score'): [string, number][] {
  return rows.map(row => [row['__key']!, Number(row[name])])
}

beforeAll(async () => {
  const vector = ['v', 'VECTOR', 'FLAT', '6', 'TYPE', 'FLOAT32', 'DIM', '2', 'DISTANCE_METRIC', 'L2']
  await ask('FT.CREATE', 'idx', 'SCHEMA', 't', 'TEXT', 'kind', 'TAG', 'n', 'NUMERIC', ...vector)
  await ask('HSET', 'd:1', 't', 'red red fox', 'kind', 'a', 'n', '1', 'v', blob(0, 1))
  await ask('HSET', 'd:2', 't', 'red fox in the long grass', 'kind', 'b', 'n', '2', 'v', blob(3, 0))
  await ask('HSET', 'd:3', 't', 'blue bird', 'kind', 'a', 'n', '3', 'v', blob(0, 2))
  await ask('HSET', 'd:4', 't', 'red', 'kind', 'b', 'n', '4')
})

describe('FT.HYBRID', () => {
  it('adds up reciprocal ranks of both queries, best first', async () => {
    const { total, rows, names } = await hybrid(
      'SEARCH @kind:{b} SCORER TFIDF VSIM @v $v KNN 2 K 2 COMBINE RRF 2 CONSTANT 1',
    )
    // By words d:2 and d:4, alike; by distance d:1 and d:3.
    expect(names).toEqual(['total_results', 'results', 'warnings', 'execution_time'])
    expect(total).toBe(4)
    expect(scores(rows).map(([key, score]) => [key, Math.round(score * 1e6)])).toEqual([
      ['d:1', 500000],
      ['d:2', 500000],
      ['d:3', 333333],
      ['d:4', 333333],
    ])
  })

  it('weighs scores for LINEAR, and gives all of them names', async () => {
    const query = 'SEARCH red SCORER TFIDF YIELD_SCORE_AS words VSIM @v $v KNN 4 K 3 YIELD_SCORE_AS near '
    const { rows } = await hybrid(`${query} COMBINE LINEAR 4 ALPHA 0.5 BETA 2 YIELD_SCORE_AS both`)
    expect(rows.length).toBe(4)
    const near: Row = { 'd:1': '0.5', 'd:2': '0.1', 'd:3': '0.2' }
    for (const row of rows) {
      const text = Number(row['words'] ?? 0)
      expect(row['near']).toBe(near[row['__key']!])
      expect(Number(row['both'])).toBeCloseTo(0.5 * text + 2 * Number(row['near'] ?? 0), 6)
      expect(row['__score']).toBeUndefined()
    }
    const found = rows.map(row => Number(row['both']))
    expect(found).toEqual([...found].sort((a, b) => b - a))
  })

  it('looks at as many of each as the window holds', async () => {
    const { rows } = await hybrid("SEARCH '@n:[4 4]' VSIM @v $v KNN 2 K 3 COMBINE RRF 2 WINDOW 1")
    expect(scores(rows).map(([key]) => key)).toEqual(['d:1', 'd:4'])
  })

  it('filters vectors before, and rows after', async () => {
    const before = await hybrid("SEARCH '@n:[4 4]' VSIM @v $v KNN 2 K 3 FILTER '@kind:{b}' POLICY BATCHES")
    expect(before.rows.map(row => row['__key']).sort()).toEqual(['d:2', 'd:4'])
    const after = await hybrid("SEARCH red VSIM @v $v COMBINE RRF 2 WINDOW 20 LOAD 1 @n FILTER '@n > 2'")
    expect(after.rows.map(row => row['n']).sort()).toEqual(['3', '4'])
  })

  it('finds within a radius', async () => {
    const { rows } = await hybrid('SEARCH nothing VSIM @v $v RANGE 2 RADIUS 4.5 YIELD_SCORE_AS s')
    expect(rows.map(row => row['__key'])).toEqual(['d:1', 'd:3'])
    expect(rows.map(row => row['s'])).toEqual(['0.5', '0.2'])
  })

  it('sends rows through the steps of an aggregation', async () => {
    const grouped = await hybrid('SEARCH red VSIM @v $v GROUPBY 1 @kind REDUCE COUNT 0 AS c SORTBY 1 @kind')
    expect(grouped.rows).toEqual([
      { kind: 'a', c: '2' },
      { kind: 'b', c: '2' },
    ])
    expect(grouped.total).toBe(2)
    const sorted = await hybrid(
      "SEARCH red VSIM @v $v LOAD 3 @n @t @__key APPLY '@n*2' AS m SORTBY 2 @n DESC LIMIT 1 2",
    )
    expect(sorted.rows).toEqual([
      { n: '3', t: 'blue bird', __key: 'd:3', m: '6' },
      { n: '2', t: 'red fox in the long grass', __key: 'd:2', m: '4' },
    ])
    const applied = await hybrid("SEARCH red VSIM @v $v APPLY 'upper(@__key)' AS k LIMIT 0 1")
    expect(Object.keys(applied.rows[0]!)).toEqual(['__score', '__key', 'k'])
  })

  it('takes a vector as it is, and both queries may find nothing', async () => {
    const reply = (await ask(
      'FT.HYBRID',
      'idx',
      'SEARCH',
      'zebra',
      'VSIM',
      '@v',
      blob(3, 0),
      'KNN',
      '2',
      'K',
      '1',
    )) as Map<string, ReplyValue>
    expect((reply.get('results') as Map<string, string>[])[0]!.get('__key')).toBe('d:2')
    const none = await hybrid("SEARCH zebra VSIM @v $v FILTER '@kind:{none}'")
    expect(none).toMatchObject({ total: 0, rows: [] })
  })

  it('refuses what it cannot read', async () => {
    expect(await refusal('FIND red VSIM @v $v')).toBe('Missing SEARCH argument')
    expect(await refusal('SEARCH red LIMIT 0 5 VSIM @v')).toBe('Missing VSIM argument')
    expect(await refusal('SEARCH red VSIM v $v')).toBe("Invalid vector field name: it must begin with '@'")
    expect(await refusal('SEARCH red VSIM @n $v')).toBe('Unknown vector field `n`')
    expect(await refusal('SEARCH red VSIM @v $w')).toBe('No such parameter `w`')
    expect(await refusal('SEARCH red VSIM @v $v KNN 2 EF_RUNTIME 9')).toBe('Missing required argument K')
    expect(await refusal('SEARCH red VSIM @v $v KNN 3 K 9 X')).toBe(
      'Invalid argument count: 3 (must be a positive even number for key/value pairs)',
    )
    expect(await refusal('SEARCH red VSIM @v $v KNN 2 J 9')).toBe('Unknown argument `J` in KNN')
    expect(await refusal('SEARCH red VSIM @v $v KNN 4 K 9 EF_RUNTIME 9')).toBe(
      'Error parsing vector similarity parameters: Invalid option',
    )
    expect(await refusal('SEARCH red VSIM @v $v COMBINE MAX 2 A 1')).toBe('COMBINE: Invalid value for argument')
    expect(await refusal('SEARCH red SCORER WHAT VSIM @v $v')).toBe('No such scorer WHAT')
    expect(await refusal('SEARCH red VSIM @v $v WHAT')).toBe('Unknown argument `WHAT`')
  })
})

describe('fusion', () => {
  it('turns distances into scores', () => {
    expect(similarity('L2', 3)).toBe(0.25)
    expect(similarity('COSINE', 0)).toBe(1)
    expect(similarity('COSINE', 2)).toBe(0)
    expect(similarity('IP', 1)).toBe(0.5)
  })

  it('gives a document that one query found its share of that one', () => {
    const fused = fuse(
      { documents: [5, 9], scores: [2, 1] },
      { documents: [9], scores: [0.5] },
      {
        kind: 'linear',
        alpha: 0.1,
        beta: 0.9,
      },
    )
    expect(fused.get(5)).toEqual({ text: 2, vector: Number.NaN, score: 0.2 })
    expect(fused.get(9)!.score).toBeCloseTo(0.55, 12)
  })
})
