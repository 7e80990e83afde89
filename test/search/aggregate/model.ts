/* A naive evaluation of FT.AGGREGATE -- rows are pulled one by one through steps, each a function from rows to rows, made
 * together with the words that ask for it.
 *
 *      rows of documents ─> LOAD ─> APPLY ─> GROUPBY ─> SORTBY ─> rows
 *
 * It knows the rules of the language and nothing of batches, lanes, columns and codes. */

import { type Cell, type Chance, compare, Formulas, type Plain, Refused, toNumber } from './model-values.ts'

/** A document as its key holds it: fields of a hash as texts, or a JSON object. */
export type Document = Readonly<Record<string, unknown>>

export interface Row {
  readonly cells: Map<string, Cell>
  readonly document: Document | null
}

/** A value that is any so many of some others. */
export class SampleOf {
  readonly values: readonly Cell[]
  readonly size: number

  constructor(values: readonly Cell[], size: number) {
    this.values = values
    this.size = size
  }
}

/** A count that may be a little off when it is above 256. */
export class Roughly {
  readonly count: number

  constructor(count: number) {
    this.count = count
  }
}

/** What a reducer gives: exactly, or as what it must be like. */
type Reduced = Cell | SampleOf | Roughly

/** A field of the schema. */
export interface FieldModel {
  readonly kind: 'numeric' | 'tag' | 'text'
  readonly sortable: boolean
  /** Where in the document: the name of a field, or a path. */
  readonly path: string
}

/** An index: its fields by name, and how its documents are read. */
export interface Source {
  readonly isJson: boolean
  /** Whether all values of a path are read, as the text of a list: dialect 3 on. */
  readonly readsLists: boolean
  readonly fields: Readonly<Record<string, FieldModel>>
  /** Values at a path of a document, in order. */
  values(document: Document, path: string): readonly unknown[]
}

/** What is known of a property while steps are made. */
interface Property {
  /** Read from the sortable form, which LOAD replaces by what the document has. */
  readonly lowered: boolean
  /** Its values are texts of lists. */
  readonly isList: boolean
  /** Its values are all numbers or all texts: others have no order that is the same whichever are compared first. */
  readonly isUniform: boolean
}

type Step = (rows: Iterable<Row>) => Iterable<Row>

/** The first value of a list's text, where one reckons with it. */
function first(cell: Cell, isList: boolean): Cell {
  if (!isList || typeof cell !== 'string') return cell
  return single((JSON.parse(cell) as unknown[])[0])
}

function single(value: unknown): Cell {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value === null || typeof value === 'number' || typeof value === 'string' || value === undefined)
    return value as Cell
  return JSON.stringify(value)
}

/** A pipeline that is being made. */
export class Plan {
  readonly words: string[] = []
  readonly #random: Chance
  readonly #source: Source
  readonly #steps: Step[] = []
  #properties = new Map<string, Property>()
  #isOfDocuments = true
  #last = ''
  #made = 0

  constructor(random: Chance, source: Source) {
    this.#random = random
    this.#source = source
  }

  /** Names that rows show, in order. */
  get names(): readonly string[] {
    return [...this.#properties.keys()]
  }

  /** The rows for some documents; a failure behind at least one row ends them, as when rows go straight out. */
  run(documents: Iterable<Document>): Row[] {
    let rows: Iterable<Row> = [...documents].map(document => ({ cells: new Map(), document }))
    for (const step of this.#steps) rows = step(rows)
    const found: Row[] = []
    try {
      for (const row of rows) found.push(row)
    } catch (thrown) {
      if (!(thrown instanceof Refused) || found.length === 0) throw thrown
    }
    return found
  }

  /** Add any step that can follow. @param isLast whether none comes behind it. */
  add(isLast: boolean): void {
    const kinds = ['apply', 'apply', 'filter', 'group', 'sort', 'limit', 'load', 'load']
    const kind = this.#random.pick(kinds)
    // These two are one step when they stand side by side.
    const arranges = kind === 'sort' || kind === 'limit'
    if (arranges && this.#last === 'arrange') return
    const words = this.words.length
    if (kind === 'apply') this.#apply()
    else if (kind === 'filter') this.#filter()
    else if (kind === 'group') this.#group(isLast)
    else if (kind === 'sort') this.#sort()
    else if (kind === 'limit') this.#limit()
    else this.#load()
    if (this.words.length > words) this.#last = arranges ? 'arrange' : kind
  }

  /** Keep only documents of a kind: the others may change as they like. */
  keepMain(): void {
    this.#use('kind')
    this.words.push('FILTER', '@kind == "main"')
    this.#steps.push(rows => filtered(rows, row => row.cells.get('kind') === 'main'))
    this.#last = 'filter'
  }

  #each(change: (row: Row) => void): void {
    this.#steps.push(function* (rows) {
      for (const row of rows) {
        change(row)
        yield row
      }
    })
  }

  // ------------------------------------------------------------------ reading

  /** What a document says at a path. */
  #read(document: Document, path: string, isNumeric: boolean): Cell {
    const values = this.#source.values(document, path)
    if (values.length === 0) return undefined
    if (this.#source.isJson && this.#source.readsLists) return JSON.stringify(values)
    const value = single(values[0])
    if (!isNumeric || typeof value !== 'string' || value === '') return value
    return Number.isNaN(Number(value)) ? value : Number(value)
  }

  #bring(name: string, property: Property, read: (document: Document) => Cell): void {
    this.#properties.set(name, property)
    this.#each(({ cells, document }) => cells.set(name, read(document!)))
  }

  /** Let an expression read a name: a sortable field is there without LOAD. */
  #use(name: string): void {
    const field = this.#source.fields[name]
    if (this.#properties.has(name) || !this.#isOfDocuments || field?.sortable !== true) return
    // Texts of hashes are put into lower case for sorting, those of JSON are not.
    const lowered = field.kind !== 'numeric' && !this.#source.isJson
    this.#bring(name, { lowered, isList: false, isUniform: true }, document => {
      const value = single(this.#source.values(document, field.path)[0])
      if (field.kind !== 'numeric' && typeof value === 'string') return lowered ? value.toLowerCase() : value
      return value === undefined ? undefined : (toNumber(value as Plain) ?? undefined)
    })
  }

  /** Let a step read a name: any field of the schema. */
  #need(name: string): void {
    this.#use(name)
    const field = this.#source.fields[name]
    if (!this.#properties.has(name) && field !== undefined) this.#loadAs(name, field.path, field)
  }

  #loadAs(name: string, path: string, field: FieldModel | undefined): void {
    const isNumeric = field?.kind === 'numeric'
    const isList = this.#source.isJson && this.#source.readsLists
    this.#bring(name, { lowered: false, isList, isUniform: field !== undefined }, document =>
      this.#read(document, path, isNumeric),
    )
  }

  /** Names that an expression may read. */
  get #readable(): string[] {
    if (!this.#isOfDocuments) return [...this.names]
    const sortable = Object.keys(this.#source.fields).filter(name => this.#source.fields[name]!.sortable)
    return [...new Set([...this.names, ...sortable])].filter(name => name !== 'kind')
  }

  /** Names that a step may read. */
  get #reachable(): string[] {
    if (!this.#isOfDocuments) return [...this.names]
    return [...new Set([...this.names, ...Object.keys(this.#source.fields)])].filter(name => name !== 'kind')
  }

  // ------------------------------------------------------------------ steps

  #load(): void {
    const names = Object.keys(this.#source.fields).filter(() => this.#random.below(3) === 0)
    const words = names.map(name => `@${name}`)
    const isRenamed = this.#random.below(3) === 0
    const path = this.#source.isJson ? '$.mixed' : 'free'
    if (isRenamed) words.push(path, 'AS', 'other')
    if (words.length === 0) return
    this.words.push('LOAD', String(words.length), ...words)
    if (!this.#isOfDocuments) return
    const take = (name: string, where: string, field: FieldModel | undefined) => {
      const known = this.#properties.get(name)
      if (known === undefined || known.lowered) this.#loadAs(name, where, field)
    }
    for (const name of names) take(name, this.#source.fields[name]!.path, this.#source.fields[name])
    if (isRenamed) take('other', path, undefined)
  }

  #formula(): ReturnType<Formulas['any']> {
    const readable = this.#readable
    const formula = new Formulas(this.#random, readable).any(this.#random.below(3))
    for (const [, name] of formula.text.matchAll(/@(\w+)/g)) this.#use(name!)
    return formula
  }

  #apply(): void {
    const isNew = this.names.length === 0 || this.#random.below(4) > 0
    const name = isNew ? `x${this.#made++}` : this.#random.pick(this.names)
    if (name === 'kind') return
    const formula = this.#formula()
    this.words.push('APPLY', formula.text, 'AS', name)
    const properties = new Map(this.#properties)
    const copied = /^@\w+$/.test(formula.text) ? formula.text.slice(1) : null
    const isList = copied !== null && properties.get(copied)!.isList
    this.#each(row => {
      const cell = (from: string) =>
        isList ? row.cells.get(from) : first(row.cells.get(from), properties.get(from)!.isList)
      row.cells.set(name, formula.of(cell))
    })
    this.#properties.set(name, { lowered: false, isList, isUniform: false })
  }

  #filter(): void {
    const formula = this.#formula()
    this.words.push('FILTER', formula.text)
    const properties = new Map(this.#properties)
    this.#steps.push(rows =>
      filtered(rows, row => {
        const value = formula.of(name => first(row.cells.get(name), properties.get(name)!.isList))
        return typeof value === 'number' ? value !== 0 : value !== null && value.length > 0
      }),
    )
  }

  #limit(): void {
    const [offset, count] = [this.#random.below(3) * 7, 1 + this.#random.below(3) * 400]
    this.words.push('LIMIT', String(offset), String(count))
    this.#steps.push(function* (rows) {
      let left = count
      let skip = offset
      for (const row of rows) {
        if (skip-- > 0) continue
        yield row
        if (--left === 0) return
      }
    })
  }

  #sort(): void {
    const isUniform = (name: string) => this.#properties.get(name)?.isUniform ?? true
    const names = this.#reachable.filter(name => isUniform(name) && this.#random.below(3) === 0).slice(0, 3)
    if (names.length === 0) return
    for (const name of names) this.#need(name)
    const ways = names.map(() => this.#random.pick(['ASC', 'DESC']))
    this.words.push('SORTBY', String(names.length * 2), ...names.flatMap((name, i) => [`@${name}`, ways[i]!]))
    let [offset, count] = [0, 10]
    if (this.#random.below(3) > 0) {
      ;[offset, count] = [this.#random.below(2) * 5, 1 + this.#random.below(2000)]
      this.words.push('LIMIT', String(offset), String(count))
    }
    const properties = new Map(this.#properties)
    const order = (a: Row, b: Row): number => {
      for (const [i, name] of names.entries()) {
        const { isList } = properties.get(name)!
        const [x, y] = [first(a.cells.get(name), isList), first(b.cells.get(name), isList)]
        if (x === undefined || y === undefined) {
          if (x !== y) return x === undefined ? 1 : -1
          continue
        }
        const found = compare(x, y, false)
        if (found !== 0) return ways[i] === 'ASC' ? found : -found
      }
      return 0
    }
    const laterFirst = ways.at(-1) === 'DESC'
    this.#steps.push(rows => {
      const all = [...rows]
      if (laterFirst) all.reverse()
      return all.sort(order).slice(offset, offset + count)
    })
  }

  #group(isLast: boolean): void {
    const keys = this.#reachable.filter(() => this.#random.below(3) === 0).slice(0, 3)
    for (const key of keys) this.#need(key)
    const reducers: { name: string; isExact: boolean; reduce(rows: readonly Row[]): Reduced }[] = []
    const base = this.#made++
    this.words.push('GROUPBY', String(keys.length), ...keys.map(key => `@${key}`))
    for (let i = this.#random.below(5); i >= 0; i--) {
      const made = this.#reducer(isLast)
      if (made === null) continue
      const name = `r${base}_${i}`
      this.words.push('REDUCE', ...made.words, 'AS', name)
      const isExact = ['COUNT', 'SUM', 'AVG', 'MIN', 'MAX', 'COUNT_DISTINCT', 'QUANTILE'].includes(made.words[0]!)
      reducers.push({ name, isExact, reduce: made.reduce })
    }
    this.#steps.push(rows => grouped(rows, keys, reducers))
    const before = this.#properties
    this.#properties = new Map(keys.map(key => [key, { ...before.get(key)!, lowered: false }]))
    for (const { name, isExact } of reducers)
      this.#properties.set(name, { lowered: false, isList: false, isUniform: isExact })
    this.#isOfDocuments = false
  }

  #reducer(isLast: boolean): { words: string[]; reduce(rows: readonly Row[]): Reduced } | null {
    if (this.#random.below(6) === 0 || this.#reachable.length === 0)
      return { words: ['COUNT', '0'], reduce: rows => rows.length }
    const name = this.#random.pick(this.#reachable)
    const by = this.#random.pick(this.#reachable)
    this.#need(name)
    this.#need(by)
    const properties = new Map(this.#properties)
    const as = (row: Row, of: string) => first(row.cells.get(of), properties.get(of)!.isList)
    const numbers = (rows: readonly Row[]) =>
      rows.flatMap(row => {
        const cell = as(row, name)
        const number = cell === undefined ? null : toNumber(cell)
        return number === null ? [] : [number]
      })
    const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)
    const shown = (rows: readonly Row[]) => rows.map(row => row.cells.get(name)).filter(cell => cell !== undefined)
    const values = (rows: readonly Row[]) =>
      distinct(rows.map(row => as(row, name) ?? null).filter(value => value !== null))
    const plain = (reducer: string, reduce: (rows: readonly Row[]) => Reduced) => ({
      words: [reducer, '1', `@${name}`],
      reduce,
    })
    const share = this.#random.pick(['0', '0.25', '0.5', '1'])
    const size = this.#random.pick([1, 3, 100])
    const way = this.#random.pick(['ASC', 'DESC'])
    return this.#random.pick([
      plain('SUM', rows => sum(numbers(rows))),
      plain('AVG', rows => sum(numbers(rows)) / rows.length),
      plain('MIN', rows => extreme(numbers(rows), Math.min)),
      plain('MAX', rows => extreme(numbers(rows), Math.max)),
      plain('STDDEV', rows => deviation(numbers(rows))),
      plain('COUNT_DISTINCT', rows => values(rows).length),
      plain('TOLIST', rows => distinct(shown(rows).flatMap(cell => (Array.isArray(cell) ? cell : [cell])) as Plain[])),
      plain('FIRST_VALUE', rows => shown(rows)[0] ?? null),
      {
        words: ['FIRST_VALUE', '4', `@${name}`, 'BY', `@${by}`, way],
        reduce: (rows: readonly Row[]) =>
          firstBy(
            rows,
            row => row.cells.get(name),
            row => as(row, by),
            way,
          ),
      },
      {
        words: ['QUANTILE', '2', `@${name}`, share],
        reduce: (rows: readonly Row[]) => {
          const sorted = numbers(rows).sort((a, b) => a - b)
          return sorted[Math.max(0, Math.ceil(sorted.length * Number(share)) - 1)] ?? 0
        },
      },
      ...(isLast
        ? [
            plain('COUNT_DISTINCTISH', rows => new Roughly(values(rows).length)),
            {
              words: ['RANDOM_SAMPLE', '2', `@${name}`, String(size)],
              reduce: (rows: readonly Row[]) => new SampleOf(shown(rows), size),
            },
          ]
        : []),
    ])
  }
}

function* filtered(rows: Iterable<Row>, isKept: (row: Row) => boolean): Iterable<Row> {
  for (const row of rows) if (isKept(row)) yield row
}

/** The least or the greatest; NaN is neither. */
function extreme(numbers: readonly number[], better: (a: number, b: number) => number): number {
  const known = numbers.filter(number => !Number.isNaN(number))
  return known.length === 0 ? 0 : known.reduce((a, b) => better(a, b))
}

function deviation(numbers: readonly number[]): number {
  if (numbers.length < 2) return 0
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length
  return Math.sqrt(numbers.reduce((sum, n) => sum + (n - mean) ** 2, 0) / (numbers.length - 1))
}

/** What tells values apart: a number and the text that spells it are two. */
const mark = (value: Cell) =>
  JSON.stringify(
    value === undefined
      ? null
      : typeof value === 'number'
        ? `n${value + 0}`
        : Array.isArray(value)
          ? { list: value }
          : value === null
            ? null
            : `t${value}`,
  )

function distinct(values: readonly Plain[]): Plain[] {
  return [...new Map(values.map(value => [mark(value), value])).values()]
}

/** The value of the row that comes first by another property; rows without that property come last, those without a value not at all. */
function firstBy(
  rows: readonly Row[],
  value: (row: Row) => Cell,
  key: (row: Row) => Cell,
  way: string | undefined,
): Cell {
  const having = rows.filter(row => value(row) !== undefined)
  const keyed = having.filter(row => key(row) != null)
  let best = keyed[0] ?? having[0]
  for (const row of keyed) {
    const order = compare(key(row)!, key(best!)!, false)
    if (way === 'DESC' ? order > 0 : order < 0) best = row
  }
  return best === undefined ? null : value(best)
}

/** Rows with the same keys as one; a row whose key is a list is in the group of each of its elements. */
function grouped(
  rows: Iterable<Row>,
  keys: readonly string[],
  reducers: readonly { name: string; reduce(rows: readonly Row[]): Reduced }[],
): Row[] {
  const groups = new Map<string, { keys: Plain[]; rows: Row[] }>()
  for (const row of rows) {
    let choices: Plain[][] = [[]]
    for (const key of keys) {
      const cell = row.cells.get(key) ?? null
      const values: readonly Plain[] = Array.isArray(cell) ? (cell.length === 0 ? [null] : cell) : [cell]
      choices = choices.flatMap(chosen => values.map(value => [...chosen, value]))
    }
    for (const chosen of choices) {
      const name = chosen.map(mark).join(' ')
      const group = groups.get(name) ?? { keys: chosen, rows: [] }
      groups.set(name, group)
      group.rows.push(row)
    }
  }
  return [...groups.values()].map(group => ({
    cells: new Map<string, Cell>([
      ...keys.map((key, i): [string, Cell] => [key, group.keys[i]]),
      ...reducers.map(({ name, reduce }): [string, Cell] => [name, reduce(group.rows) as Cell]),
    ]),
    document: null,
  }))
}
