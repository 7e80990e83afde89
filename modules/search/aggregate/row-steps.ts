/* Steps that change batches: loading, APPLY, FILTER, LIMIT. */

import type { Evaluate } from '../expression/evaluate.ts'
import { type Cell, isTrue } from '../expression/value.ts'
import type { Documents } from '../index/documents.ts'
import type { Numbers } from '../index/numbers.ts'
import { QueryFailure } from '../query/failure.ts'
import { type Batch, BATCH_ROWS, type Kept } from './batch.ts'
import { NumberLane, type ValueLane, type WordLane } from './lane.ts'
import type { Step } from './stage.ts'
import type { Selection, Vector } from './vector.ts'

/** Reads documents where they are stored. */
export interface DocumentFields {
  /** Turn to a document; false when it is gone. */
  open(document: number): boolean
  /** The key of the document that is open. */
  key(): string
  /** The value of a field of a hash, or of a path. */
  value(identifier: Buffer): Cell
  /** All there is of it: the fields of a hash; a JSON document under the name `$`. */
  each(visit: (name: string, value: Cell) => void): void
}

const NOTHING: Kept = { slots: [], documents: false }

/** A step that fills lanes from documents. */
abstract class Load implements Step {
  readonly title = 'Loader'
  readonly isDone = false
  readonly reads: readonly number[] = []
  readonly readsDocuments = true
  kept: Kept = NOTHING
  get weight(): number {
    return 0
  }
  abstract get fills(): readonly number[]
  abstract run(batch: Batch): void
}

/** Takes the numbers of a field from its column. */
export class LoadNumbers extends Load {
  readonly fills: readonly number[]
  readonly #slot: number
  readonly #numbers: Numbers
  readonly #documents: Documents
  readonly #ordered: boolean

  /** @param ordered whether documents come in the order of their numbers. */
  constructor(slot: number, numbers: Numbers, documents: Documents, ordered: boolean) {
    super()
    this.#documents = documents
    this.#ordered = ordered
    this.fills = [slot]
    this.#slot = slot
    this.#numbers = numbers
  }

  run(batch: Batch): void {
    const numbers = this.#numbers
    // In order they come straight from the query, and live.
    const isWhole = this.#ordered && numbers.count === this.#documents.count
    ;(batch.lanes[this.#slot] as NumberLane).load(numbers, batch.documents, batch.count, isWhole)
  }
}

/** Takes the sortable strings of a field. */
export class LoadWords extends Load {
  readonly fills: readonly number[]
  readonly #slot: number

  constructor(slot: number) {
    super()
    this.fills = [slot]
    this.#slot = slot
  }

  run(batch: Batch): void {
    ;(batch.lanes[this.#slot] as WordLane).load(batch.documents, batch.count)
  }
}

/** Asks the query for what it found out about documents. */
export class LoadYield extends Load {
  readonly fills: readonly number[]
  readonly #slot: number
  readonly #number: (document: number) => number

  constructor(slot: number, number: (document: number) => number) {
    super()
    this.fills = [slot]
    this.#slot = slot
    this.#number = number
  }

  run(batch: Batch): void {
    const { values } = batch.lanes[this.#slot] as NumberLane
    for (let row = 0; row < batch.count; row++) values[row] = this.#number(batch.documents.at(row))
  }
}

/** A field to be read from documents. */
export interface FieldToLoad {
  readonly slot: number
  /** null: the key of the document. */
  readonly identifier: Buffer | null
  /** Whether what reads as a number is one. */
  readonly isNumeric: boolean
}

/** Reads fields from the documents themselves. */
export class LoadFields extends Load {
  readonly fields: FieldToLoad[]
  readonly #documents: DocumentFields

  constructor(documents: DocumentFields, fields: FieldToLoad[]) {
    super()
    this.#documents = documents
    this.fields = fields
  }

  get fills(): readonly number[] {
    return this.fields.map(field => field.slot)
  }

  override get weight(): number {
    return this.fields.length
  }

  run(batch: Batch): void {
    for (let row = 0; row < batch.count; row++) {
      const isThere = this.#documents.open(batch.documents.at(row))
      for (const field of this.fields) {
        const { values } = batch.lanes[field.slot] as ValueLane
        values[row] = isThere ? this.#read(field) : undefined
      }
    }
  }

  #read({ identifier, isNumeric }: FieldToLoad): Cell {
    if (identifier === null) return this.#documents.key()
    const value = this.#documents.value(identifier)
    if (!isNumeric || typeof value !== 'string') return value
    const number = Number(value)
    return value === '' || Number.isNaN(number) ? value : number
  }
}

/** Takes the first values of lists that are JSON text. */
export class FirstValues implements Step {
  readonly title = 'Loader'
  readonly isDone = false
  readonly weight = 1
  readonly readsDocuments = false
  readonly reads: readonly number[]
  readonly fills: readonly number[]
  kept: Kept = NOTHING
  readonly #from: number
  readonly #to: number

  constructor(from: number, to: number) {
    this.reads = [from]
    this.fills = [to]
    this.#from = from
    this.#to = to
  }

  run(batch: Batch): void {
    const lane = batch.lanes[this.#from]!
    const { values } = batch.lanes[this.#to] as ValueLane
    for (let row = 0; row < batch.count; row++) values[row] = firstOfJson(lane.cell(row))
  }
}

/** The first value of a list: numbers, strings and null as themselves, true and false as numbers, others as JSON. */
function firstOfJson(list: Cell): Cell {
  if (typeof list !== 'string') return list
  const [first] = JSON.parse(Buffer.from(list, 'latin1').utf8Slice()) as unknown[]
  if (first === undefined || first === null || typeof first === 'number') return first
  if (typeof first === 'boolean') return first ? 1 : 0
  return Buffer.from(typeof first === 'string' ? first : JSON.stringify(first)).latin1Slice()
}

/** Names of fields that LOAD * came upon, in the order in which it did. */
export class FoundNames {
  readonly names: string[] = []
  readonly #places = new Map<string, number>()

  /** The place of a name; a new one gets the next. */
  place(name: string): number {
    let place = this.#places.get(name)
    if (place === undefined) {
      place = this.names.push(name) - 1
      this.#places.set(name, place)
    }
    return place
  }
}

/** Reads everything that documents have. Fields that the plan names go to their slots, others into a list by place of name. */
export class LoadEverything extends Load {
  /** Slots by name of the fields that the plan names. */
  readonly named: Map<string, { slot: number; isNumeric: boolean }> = new Map()
  readonly #documents: DocumentFields
  readonly #restSlot: number
  readonly #found: FoundNames

  constructor(documents: DocumentFields, restSlot: number, found: FoundNames) {
    super()
    this.#documents = documents
    this.#restSlot = restSlot
    this.#found = found
  }

  override get weight(): number {
    return 1
  }

  get fills(): readonly number[] {
    return [this.#restSlot, ...[...this.named.values()].map(named => named.slot)]
  }

  run(batch: Batch): void {
    const rests = (batch.lanes[this.#restSlot] as ValueLane).values as unknown as Cell[][]
    for (let row = 0; row < batch.count; row++) {
      const rest: Cell[] = []
      rests[row] = rest
      for (const { slot } of this.named.values()) (batch.lanes[slot] as ValueLane).values[row] = undefined
      if (!this.#documents.open(batch.documents.at(row))) continue
      this.#documents.each((name, value) => {
        const named = this.named.get(name)
        if (named === undefined) rest[this.#found.place(name)] = value
        else (batch.lanes[named.slot] as ValueLane).values[row] = named.isNumeric ? asNumber(value) : value
      })
    }
  }
}

function asNumber(value: Cell): Cell {
  if (typeof value !== 'string' || value === '') return value
  const number = Number(value)
  return Number.isNaN(number) ? value : number
}

/** A batch's rows before the one that fails, and why it does. */
function cut(batch: Batch, row: number, thrown: unknown): void {
  if (!(thrown instanceof QueryFailure)) throw thrown
  batch.count = row
  batch.failure = thrown
}

/** An expression over the rows at a place in the plan. */
export interface CompiledExpression {
  readonly title: string
  readonly evaluate: Evaluate
  /** Nodes of its tree. */
  readonly size: number
  /** The slots that it reads. */
  readonly reads: readonly number[]
}

/** APPLY. */
export class Apply implements Step {
  readonly title: string
  readonly isDone = false
  readonly weight: number
  readonly readsDocuments = false
  readonly reads: readonly number[]
  readonly fills: readonly number[]
  kept: Kept = NOTHING
  readonly #slot: number
  readonly #vector: Vector | null
  readonly #evaluate: Evaluate

  /** @param vector the same expression for whole batches, where it is of the kind that can be. */
  constructor(slot: number, { title, evaluate, size, reads }: CompiledExpression, vector: Vector | null) {
    this.title = `Projector - ${title}`
    this.weight = vector === null ? size : 0
    this.#slot = slot
    this.fills = [slot]
    this.reads = reads
    this.#vector = vector
    this.#evaluate = evaluate
  }

  run(batch: Batch): void {
    const lane = batch.lanes[this.#slot]!
    if (!(lane instanceof NumberLane)) {
      const cells = (lane as ValueLane).values
      this.#rowByRow(batch, (row, value) => (cells[row] = value))
      return
    }
    const values = this.#vector?.(batch) ?? null
    if (values === null) this.#rowByRow(batch, (row, value) => (lane.values[row] = value as number))
    else if (values !== lane.values) lane.values.set(values.subarray(0, batch.count))
  }

  #rowByRow(batch: Batch, put: (row: number, value: Cell) => void): void {
    for (batch.row = 0; batch.row < batch.count; batch.row++) {
      try {
        put(batch.row, this.#evaluate(batch))
      } catch (thrown) {
        cut(batch, batch.row, thrown)
      }
    }
  }
}

/** FILTER. */
export class Filter implements Step {
  readonly title: string
  readonly isDone = false
  readonly weight: number
  readonly readsDocuments = false
  readonly reads: readonly number[]
  readonly fills: readonly number[] = []
  kept: Kept = NOTHING
  readonly #selection: Selection | null
  readonly #evaluate: Evaluate
  #truths: Float64Array | null = null

  /** @param selection the same expression for whole batches, where it is of the kind that can be. */
  constructor({ title, evaluate, size, reads }: CompiledExpression, selection: Selection | null) {
    this.title = `Filter - ${title}`
    this.weight = selection === null ? size : 0
    this.#selection = selection
    this.#evaluate = evaluate
    this.reads = reads
  }

  run(batch: Batch): void {
    const left = this.#selection === null ? -1 : this.#selection(batch)
    if (left < 0) batch.filter(this.#rowByRow(batch), this.kept)
    else batch.keepPlaces(left, this.kept)
  }

  #rowByRow(batch: Batch): Float64Array {
    this.#truths ??= new Float64Array(BATCH_ROWS)
    const truths = this.#truths
    for (batch.row = 0; batch.row < batch.count; batch.row++) {
      try {
        truths[batch.row] = isTrue(this.#evaluate(batch)) ? 1 : 0
      } catch (thrown) {
        cut(batch, batch.row, thrown)
      }
    }
    return truths
  }
}

/** LIMIT. With a limit of 0 all rows are asked for and none let through: that counts them. */
export class Limit implements Step {
  readonly title: string
  readonly weight = 0
  readonly readsDocuments = false
  readonly reads: readonly number[] = []
  readonly fills: readonly number[] = []
  kept: Kept = NOTHING
  readonly #counts: boolean
  #skip: number
  #left: number

  constructor(offset: number, limit: number) {
    this.#skip = offset
    this.#left = limit
    this.#counts = limit === 0
    this.title = this.#counts ? 'Counter' : 'Pager/Limiter'
  }

  get isDone(): boolean {
    return this.#left === 0 && !this.#counts
  }

  run(batch: Batch): void {
    const skip = Math.min(this.#skip, batch.count)
    this.#skip -= skip
    batch.slice(skip, this.#left, this.kept)
    this.#left -= batch.count
    // Nobody asks for rows behind the last one that is wanted: what failed there did not happen.
    if (this.isDone) batch.failure = null
  }
}
