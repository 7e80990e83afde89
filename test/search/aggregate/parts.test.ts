import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../../core/base/random.ts'
import { Loan } from '../../../modules/search/aggregate/arrays.ts'
import { Batch, BATCH_ROWS } from '../../../modules/search/aggregate/batch.ts'
import { Budget, Ledger } from '../../../modules/search/aggregate/budget.ts'
import { coderOf } from '../../../modules/search/aggregate/coder.ts'
import { Sketch } from '../../../modules/search/aggregate/distinct-sketch.ts'
import { DocumentNumbers } from '../../../modules/search/aggregate/document-numbers.ts'
import { type Lane, NAN, NumberLane, ValueLane, WordLane } from '../../../modules/search/aggregate/lane.ts'
import { PairTable } from '../../../modules/search/aggregate/pair-table.ts'
import { select } from '../../../modules/search/aggregate/quantile.ts'
import { makeReducer } from '../../../modules/search/aggregate/reducers.ts'
import { Sorting } from '../../../modules/search/aggregate/sorting.ts'
import { type Cell, compareValues, toNumber, type Value } from '../../../modules/search/expression/value.ts'
import { TestIndex } from '../support/index.ts'
import { ROUNDS, seeded } from '../support/random.ts'

/** A lane of values of any kind. */
function lane(cells: readonly Cell[]): ValueLane {
  const made = new ValueLane(BATCH_ROWS)
  cells.forEach((cell, row) => {
    made.values[row] = cell
  })
  return made
}

function numberLane(numbers: readonly number[]): NumberLane {
  const made = new NumberLane(BATCH_ROWS, NAN.missing)
  made.values.set(numbers)
  return made
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

test('pairs are numbered as they first come', () => {
  const random = seeded(1)
  const table = new PairTable(new Budget())
  const model = new Map<string, number>()
  for (let i = 0; i < 20000 * ROUNDS; i++) {
    const [a, b] = [random.below(300), random.below(300) * 4096]
    const key = `${a} ${b}`
    if (!model.has(key)) model.set(key, model.size)
    expect(table.code(a, b)).toBe(model.get(key))
  }
  for (const [key, code] of model) expect(`${table.first[code]} ${table.second[code]}`).toBe(key)
})

describe('coders', () => {
  test.each([
    [
      'numbers',
      (pick: () => number) =>
        numberLane(upTo(BATCH_ROWS).map(() => (pick() < 0.1 ? NaN : Math.floor(pick() * 900) / 2 - 100))),
    ],
    [
      'values',
      (pick: () => number) =>
        lane(
          upTo(BATCH_ROWS).map(
            () => [undefined, null, 'x', '7', 7, -0, 'y'.repeat(Math.floor(pick() * 9))][Math.floor(pick() * 7)],
          ),
        ),
    ],
  ] as const)('%s have the same code when they are the same', (_, make) => {
    const random = seeded(2)
    const first = make(random.next)
    const coder = coderOf(first, new Budget())
    const codes = new Int32Array(BATCH_ROWS)
    const model = new Map<Value, number>()
    for (const current of [first, make(random.next), make(random.next)]) {
      expect(coder.encode(current, BATCH_ROWS, codes)).toBe(true)
      for (let row = 0; row < BATCH_ROWS; row++) {
        const value = current.cell(row) ?? null
        const key = value === 0 ? 0 : value
        if (!model.has(key)) model.set(key, model.size)
        expect(codes[row]).toBe(model.get(key))
      }
    }
    expect(coder.count).toBe(model.size)
    for (const [value, code] of model) expect(coder.value(code)).toEqual(value)
  })

  test('interned strings keep their codes when other commands moved them', () => {
    const index = new TestIndex([{ name: 'brand', kind: 'tag', sortable: true }])
    const fill = (shift: number) => {
      for (let i = 1; i <= 900; i++) index.put(`d${i}`, { brand: `b${(i * 7 + shift) % 150}` })
    }
    fill(0)
    const words = new WordLane(BATCH_ROWS, index.index.fields[0]!.strings!)
    const budget = new Budget()
    const coder = coderOf(words, budget)
    const codes = new Int32Array(BATCH_ROWS)
    const model = new Map<string, number>()
    for (const shift of [0, 3, 50]) {
      fill(shift)
      const documents = new DocumentNumbers(new Loan())
      documents.setRun(1)
      words.load(documents, 900)
      coder.encode(words, 900, codes)
      for (let row = 0; row < 900; row++) {
        const text = `b${((row + 1) * 7 + shift) % 150}`
        if (!model.has(text)) model.set(text, model.size)
        expect([words.cell(row), codes[row]]).toEqual([text, model.get(text)])
      }
      budget.settle()
    }
  })
})

test('lanes are loaded alike from runs of documents, from some, and in any order', () => {
  const random = seeded(3)
  const index = new TestIndex([
    { name: 'n', kind: 'numeric', sortable: true },
    { name: 's', kind: 'tag', sortable: true },
  ])
  for (let i = 1; i <= 3000; i++) index.put(`d${i}`, i % 7 === 0 ? {} : { n: i * 2, s: `s${i % 40}` })
  const [numbers, words] = index.index.fields
  const numberLane = new NumberLane(BATCH_ROWS, NAN.missing)
  const wordLane = new WordLane(BATCH_ROWS, words!.strings!)
  const check = (documents: number[], how: 'run' | 'grows' | 'any') => {
    const list = new DocumentNumbers(new Loan())
    list.list.set(documents)
    if (how === 'run') list.setRun(documents[0]!)
    else list.setList(how === 'grows')
    numberLane.load(numbers!.numbers!, list, documents.length, false)
    wordLane.load(list, documents.length)
    documents.forEach((document, row) => {
      const has = document % 7 !== 0
      expect(numberLane.cell(row)).toBe(has ? document * 2 : undefined)
      expect(wordLane.cell(row)).toBe(has ? `s${document % 40}` : undefined)
    })
  }
  const some = (count: number, share: number) =>
    upTo(3000)
      .map(i => i + 1)
      .filter(() => random.below(share) === 0)
      .slice(0, count)
  for (const how of ['run', 'grows', 'any'] as const)
    check(
      upTo(1000).map(i => i + 200),
      how,
    )
  for (const how of ['grows', 'any'] as const)
    for (const share of [1, 2, 5, 30, 600]) for (const count of [1000, 257, 2, 1]) check(some(count, share), how)
  check(
    upTo(1000).map(() => random.below(3000) + 1),
    'any',
  )
})

test('the number at a place is that of the sorted numbers', () => {
  const random = seeded(4)
  for (let i = 0; i < 200 * ROUNDS; i++) {
    const range = random.pick([2, 30, 1e6])
    const values = Float64Array.from(upTo(1 + random.below(2000)), k => (i % 5 === 0 ? k : random.below(range)))
    const place = random.below(values.length)
    expect(select(values.slice(), place)).toBe(values.slice().sort()[place])
  }
})

test('distinct values are counted exactly while few, and roughly when many', () => {
  for (const count of [0, 1, 100, 250, 1000, 50000]) {
    const sketch = new Sketch(new Budget())
    for (let round = 0; round < 2; round++) for (let i = 0; i < count; i++) sketch.add(i % 2 === 0 ? i : `v${i}`)
    expect(Math.abs(sketch.estimate() - count)).toBeLessThanOrEqual(count <= 256 ? 0 : count * 0.06)
  }
})

describe('reducers agree with a naive evaluation', () => {
  type Naive = (cells: readonly Cell[], keys: readonly Cell[]) => Value
  const numbersOf = (cells: readonly Cell[]) =>
    cells.flatMap(cell => (cell === undefined ? [] : (toNumber(cell) ?? []))) as number[]
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
  const cases: [string, string[], Naive][] = [
    ['COUNT', [], cells => cells.length],
    ['SUM', ['@x'], cells => sum(numbersOf(cells))],
    ['AVG', ['@x'], cells => sum(numbersOf(cells)) / cells.length],
    ['MIN', ['@x'], cells => (numbersOf(cells).length === 0 ? 0 : Math.min(...numbersOf(cells)))],
    ['MAX', ['@x'], cells => (numbersOf(cells).length === 0 ? 0 : Math.max(...numbersOf(cells)))],
    [
      'STDDEV',
      ['@x'],
      cells => {
        const numbers = numbersOf(cells)
        const mean = sum(numbers) / numbers.length
        return numbers.length < 2 ? 0 : Math.sqrt(sum(numbers.map(n => (n - mean) ** 2)) / (numbers.length - 1))
      },
    ],
    [
      'QUANTILE',
      ['@x', '0.3'],
      cells => {
        const numbers = numbersOf(cells).sort((a, b) => a - b)
        return numbers[Math.max(0, Math.ceil(numbers.length * 0.3) - 1)] ?? 0
      },
    ],
    ['COUNT_DISTINCT', ['@x'], cells => new Set(cells.filter(cell => cell != null)).size],
    ['COUNT_DISTINCTISH', ['@x'], cells => new Set(cells.filter(cell => cell != null)).size],
    ['TOLIST', ['@x'], cells => [...new Set(cells.filter(cell => cell !== undefined))] as Value[]],
    ['FIRST_VALUE', ['@x'], cells => cells.find(cell => cell !== undefined) ?? null],
    [
      'FIRST_VALUE',
      ['@x', 'BY', '@key', 'DESC'],
      (cells, keys) => {
        const rows = cells.map((cell, i) => ({ cell, key: keys[i] })).filter(row => row.cell !== undefined)
        const keyed = rows.filter(row => row.key !== undefined)
        const best = keyed.reduce((a, b) => (compareValues(b.key!, a.key!, false) > 0 ? b : a), keyed[0]!)
        return (best ?? rows[0])?.cell ?? null
      },
    ],
  ]

  test.each(cases)('%s %j', (name, words, naive) => {
    const random = seeded(5)
    for (const kind of ['numbers', 'values']) {
      const reducer = makeReducer({ name, words, alias: 'a' }, new SeededRandom(1), new Budget(), property =>
        property === 'x' ? 0 : 1,
      )
      const cells: Cell[][] = upTo(40).map(() => [])
      const keys: Cell[][] = upTo(40).map(() => [])
      const sizes = new Int32Array(40)
      for (let batch = 0; batch < 4; batch++) {
        const count = 1 + random.below(BATCH_ROWS)
        const groups = Int32Array.from(upTo(count), () => random.below(10 * (batch + 1)))
        const x: Cell[] = upTo(count).map(() => {
          if (random.below(6) === 0) return undefined
          const number = random.below(80) / 4 - 5
          return kind === 'numbers' ? number : random.pick([number, String(number), 'text', null])
        })
        const key: Cell[] = upTo(count).map(() => (random.below(4) === 0 ? undefined : random.below(1e6)))
        const lanes: Lane[] = [
          kind === 'numbers' ? numberLane(x.map(cell => (cell as number | undefined) ?? NaN)) : lane(x),
          lane(key),
        ]
        reducer.reserve(40)
        reducer.add(lanes, groups, count)
        groups.forEach((group, i) => {
          cells[group]!.push(x[i])
          sizes[group]!++
          keys[group]!.push(key[i])
        })
      }
      const out = reducer.lane(40)
      reducer.write(out, 0, 40, sizes)
      for (let group = 0; group < 40; group++) {
        if (cells[group]!.length === 0) continue
        const wanted = naive(cells[group]!, keys[group]!)
        if (typeof wanted === 'number') expect(out.cell(group)).toBeCloseTo(wanted, 8)
        else expect(out.cell(group)).toEqual(wanted)
      }
    }
  })

  test('RANDOM_SAMPLE takes values of the group, each about as often', () => {
    const seen = new Map<Cell, number>()
    for (let round = 0; round < 600; round++) {
      const reducer = makeReducer(
        { name: 'RANDOM_SAMPLE', words: ['@x', '3'], alias: 'a' },
        new SeededRandom(round),
        new Budget(),
        () => 0,
      )
      reducer.reserve(1)
      reducer.add([lane(upTo(12))], new Int32Array(12), 12)
      const out = reducer.lane(1)
      reducer.write(out, 0, 1, Int32Array.of(12))
      const sample = out.cell(0) as Value[]
      expect(new Set(sample).size).toBe(3)
      for (const value of sample) seen.set(value, (seen.get(value) ?? 0) + 1)
    }
    // Each of 12 is expected 150 times.
    for (const value of upTo(12)) expect(Math.abs((seen.get(value) ?? 0) - 150)).toBeLessThan(60)
  })
})

test.each([
  ['COUNT_DISTINCT', '@x'],
  ['COUNT_DISTINCTISH', '@x'],
  ['QUANTILE', '@x', '0.5'],
  ['TOLIST', '@x'],
  ['RANDOM_SAMPLE', '@x', '100'],
])('what %s keeps is counted', (name, ...words) => {
  const budget = new Budget()
  budget.spendCells(2 ** 25 - 1000)
  const reducer = makeReducer({ name, words, alias: 'a' }, new SeededRandom(1), budget, () => 0)
  const feed = () => {
    for (let batch = 0; batch < 4; batch++) {
      reducer.reserve(100)
      const lanes = [numberLane(upTo(BATCH_ROWS).map(i => i + batch * BATCH_ROWS))]
      reducer.add(
        lanes,
        Int32Array.from(upTo(BATCH_ROWS), i => i % 100),
        BATCH_ROWS,
      )
    }
  }
  expect(feed).toThrow(expect.objectContaining({ text: 'Limit exceeded' }))
})

test('rows are sorted as a stable sort sorts them, however many are kept', () => {
  const random = seeded(6)
  for (let round = 0; round < 30 * ROUNDS; round++) {
    const keep = random.pick([1, 3, 10, 500, 1e9])
    const ascending = [random.below(2) === 0, random.below(2) === 0]
    const lanes = [
      new NumberLane(BATCH_ROWS, NAN.missing),
      new ValueLane(BATCH_ROWS),
      new NumberLane(BATCH_ROWS, NAN.number),
    ]
    const keys = ascending.map((up, slot) => ({ slot, ascending: up }))
    const sorting = new Sorting(
      { title: '', next: () => false, total: 0 },
      keys,
      keep,
      lanes,
      [0, 1, 2],
      true,
      new Budget(),
    )
    const rows: { a: Cell; b: Cell; id: number }[] = []
    for (let batch = 0; batch < 3; batch++) {
      const made = new Batch(lanes)
      made.count = random.below(BATCH_ROWS)
      for (let row = 0; row < made.count; row++) {
        const a = random.below(5) === 0 ? undefined : random.below(20)
        const b = random.below(5) === 0 ? undefined : random.pick(['x', 'y', 'z', 5])
        ;(lanes[0] as NumberLane).values[row] = a ?? NaN
        ;(lanes[1] as ValueLane).values[row] = b
        ;(lanes[2] as NumberLane).values[row] = rows.length
        rows.push({ a, b, id: rows.length })
      }
      sorting.take(made)
    }
    const compare = (x: Cell, y: Cell, up: boolean) => {
      if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? 1 : -1
      return compareValues(x, y, false) * (up ? 1 : -1)
    }
    rows.sort(
      (x, y) =>
        compare(x.a, y.a, ascending[0]!) ||
        compare(x.b, y.b, ascending[1]!) ||
        (ascending[1] ? x.id - y.id : y.id - x.id),
    )
    const out = new Batch(sorting.outputLanes(lanes))
    const found: Cell[] = []
    while (sorting.next(out)) for (let row = 0; row < out.count; row++) found.push(out.lanes[2]!.cell(row))
    expect(found).toEqual(rows.slice(0, keep).map(row => row.id))
  }
})

test('what one aggregation keeps is limited, and what it lets go of is given back', () => {
  const budget = new Budget()
  budget.spend(2 ** 29)
  budget.spend(-100)
  budget.spend(100)
  expect(() => budget.spend(1)).toThrow(expect.objectContaining({ text: 'Limit exceeded' }))
  budget.spendCells(2 ** 25)
  expect(() => budget.spendCells(1)).toThrow(expect.objectContaining({ text: 'Limit exceeded' }))
  budget.spendCells(-2)
  expect(budget.cellsLeft).toBe(1)
  budget.release()
  expect(budget.cellsLeft).toBe(2 ** 25)
})

test('what all aggregations keep is limited too, until they end', () => {
  const ledger = new Ledger()
  const budgets = Array.from({ length: 5 }, () => new Budget(new Loan(), ledger))
  const [last, ...others] = budgets as [Budget, ...Budget[]]
  for (const budget of others) budget.spendCells(2 ** 25)
  expect(() => last.spendCells(1)).toThrow(expect.objectContaining({ text: 'Limit exceeded' }))
  others[0]!.release()
  last.spendCells(1)
  for (const budget of others.slice(1, 3)) budget.spend(2 ** 29)
  expect(() => last.spend(1)).toThrow(expect.objectContaining({ text: 'Limit exceeded' }))
  for (const budget of budgets) budget.release()
  expect([ledger.cells, ledger.characters]).toEqual([0, 0])
})
