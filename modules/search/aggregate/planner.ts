/* Planner -- the steps of an aggregation over an index as a pipeline: names become slots, expressions become functions, and
 * loading is put in where a property is first needed.
 *
 *      GROUPBY 1 @brand REDUCE SUM 1 @price AS s  FILTER '@s > 5'
 *
 *      documents ─ load @brand ─ load @price ─> Grouping      scope { brand, price }
 *      groups ─ filter ─> Output                               scope { brand, s }
 *
 * What may be read where follows the real module: an expression may read sortable fields and what is in the rows; GROUPBY, SORTBY
 * and reducers may also read other fields of the schema; LOAD reads anything. Behind a GROUPBY there are only groups. */

import type { Random } from 'redstrata/module'
import { describeExpression, type Expression, sizeOf } from '../expression/ast.ts'
import { compileExpression } from '../expression/evaluate.ts'
import { FUNCTIONS } from '../expression/functions.ts'
import { parseExpression } from '../expression/parser.ts'
import type { FieldIndex } from '../index/field-index.ts'
import type { SearchIndex } from '../index/search-index.ts'
import type { DocumentIterator } from '../iterators/iterator.ts'
import { QueryFailure, refuse } from '../query/failure.ts'
import { type Field, fieldNamed } from '../schema/schema.ts'
import type { Scorer } from '../score/scorer.ts'
import { type ArrayPool, BATCH_ROWS, Loan } from './arrays.ts'
import { Budget, type Ledger } from './budget.ts'
import { DocumentsSource } from './documents-source.ts'
import { Grouping } from './grouping.ts'
import { NAN, type NanMeaning, NumberLane, ValueLane, WordLane } from './lane.ts'
import { Output } from './output.ts'
import { Pipeline, type Segment } from './pipeline.ts'
import { makeReducer } from './reducers.ts'
import {
  Apply,
  type CompiledExpression,
  type DocumentFields,
  Filter,
  FirstValues,
  FoundNames,
  Limit,
  LoadEverything,
  LoadFields,
  LoadNumbers,
  LoadWords,
  LoadYield,
} from './row-steps.ts'
import { type Property, Scope } from './scope.ts'
import { type SortKey, Sorting } from './sorting.ts'
import type { Sink, Source, Step } from './stage.ts'
import type { ArrangeStep, GroupStep, LoadStep, PlanStep } from './steps.ts'
import { compileSelection, compileVector, givesNumber, type Lanes } from './vector.ts'

/** Rows that SORTBY keeps when nothing is said. */
const SORTED_ROWS = 10
/** Nodes of all expressions of a plan: each is a closure. */
const NODES_MAX = 2 ** 16
/** Those of them that may have an array of a batch's length. */
const ARRAYS_MAX = 1024
/** The name of scores in rows, and of keys for LOAD. */
const SCORE = '__score'
const KEY = '__key'

/** What a plan is made for. */
export interface PlanContext {
  readonly index: SearchIndex
  readonly fields: DocumentFields
  readonly random: Random
  /** What the query yields, by name. */
  readonly yields: ReadonlyMap<string, (document: number) => number>
  /** Microseconds, where the steps are to be timed; null otherwise. */
  readonly now: (() => number) | null
  /** ADDSCORES. */
  readonly scorer: Scorer | null
  /** Whether `case` may be used. */
  readonly unstable: boolean
  /** Whether a field of several values is read from the document, and not from its sortable form. */
  readonly readsAllValues: boolean
  /** Where arrays are taken from. */
  readonly arrays: ArrayPool
  /** What all aggregations keep. */
  readonly ledger: Ledger
  /** Names of properties that may be used, but are not in the rows that come out. */
  readonly unshown?: ReadonlySet<string>
}

/** A pipeline for some steps over the documents of a query. @throws QueryFailure */
export function planAggregation(root: DocumentIterator, steps: readonly PlanStep[], context: PlanContext): Pipeline {
  return new Planner(context, steps).plan(root)
}

class Planner {
  readonly #context: PlanContext
  readonly #plan: readonly PlanStep[]
  /** By step: its expression, or why it is none, which is told when its turn comes. */
  readonly #expressions: (Expression | QueryFailure | null)[]
  #scope = new Scope()
  #isOfDocuments = true
  /** Whether rows are in the order of their documents: until something sorts them. */
  #inOrder = true
  #steps: Step[] = []
  #source!: Source
  readonly #segments: Segment[] = []
  readonly #found = new FoundNames()
  readonly #budget: Budget
  #everything: LoadEverything | null = null
  #restSlot = -1
  #termsSlot = -1
  #nodes = 0
  #arrays = 0

  constructor(context: PlanContext, plan: readonly PlanStep[]) {
    this.#context = context
    this.#budget = new Budget(new Loan(context.arrays), context.ledger)
    this.#plan = plan
    this.#expressions = plan.map(step =>
      step.kind === 'apply' || step.kind === 'filter' ? this.#parsed(step.text, context.unstable) : null,
    )
  }

  #parsed(text: string, unstable: boolean): Expression | QueryFailure {
    try {
      if (this.#nodes > NODES_MAX) refuse('Limit exceeded')
      const expression = parseExpression(text, unstable)
      this.#nodes += sizeOf(expression)
      return expression
    } catch (thrown) {
      if (thrown instanceof QueryFailure) return thrown
      throw thrown
    }
  }

  plan(root: DocumentIterator): Pipeline {
    const { scorer, index } = this.#context
    const { arrays } = this.#budget
    let scoreSlot = -1
    if (scorer !== null) {
      scoreSlot = this.#scope.addLane(this.#numberLane(NAN.number))
      this.#scope.set(SCORE, scoreSlot)
    }
    if (this.#expressions.some(expression => expression !== null && 'kind' in expression && asksForTerms(expression))) {
      this.#termsSlot = this.#scope.addLane(new ValueLane(BATCH_ROWS))
      this.#scope.hidden.add(this.#termsSlot)
    }
    const documents = new DocumentsSource(
      root,
      index.documents,
      { scoreSlot, scorer, termsSlot: this.#termsSlot },
      arrays,
    )
    this.#source = documents
    for (const [name, number] of this.#context.yields) this.#addYield(name, number)
    for (let i = 0; i < this.#plan.length; i++) {
      const expression = this.#expressions[i]!
      if (expression instanceof QueryFailure) throw expression
      this.#add(this.#plan[i]!, expression)
    }
    const output = new Output(this.#scope.lanes, this.#scope.slots(), this.#budget)
    this.#end(output)
    const { unshown } = this.#context
    const properties = this.#scope.properties.filter(({ name }) => unshown?.has(name) !== true)
    const shape = { properties, restSlot: this.#restSlot, found: this.#found }
    return new Pipeline(documents, this.#segments, output, shape, this.#budget, this.#context.now)
  }

  #numberLane(nan: NanMeaning): NumberLane {
    return new NumberLane(BATCH_ROWS, nan, this.#budget.arrays.doubles())
  }

  /** What the query finds out about documents, such as distances, is in their rows from the start. */
  #addYield(name: string, number: (document: number) => number): void {
    const slot = this.#scope.addLane(this.#numberLane(NAN.missing))
    this.#steps.push(new LoadYield(slot, number))
    this.#scope.set(name, slot)
  }

  #add(step: PlanStep, expression: Expression | null): void {
    if (step.kind === 'load') this.#load(step)
    else if (step.kind === 'group') this.#group(step)
    else if (step.kind === 'arrange') this.#arrange(step)
    else if (step.kind === 'apply') this.#apply(step.name, expression!)
    else this.#filter(expression!)
  }

  /** Let the rows so far end in a sink. */
  #end(sink: Sink): void {
    this.#tellWhatIsKept(sink)
    this.#segments.push({ source: this.#source, steps: this.#steps, sink, lanes: this.#scope.lanes })
    this.#steps = []
  }

  /** From the sink backwards: what each step must keep is what is looked at behind it. */
  #tellWhatIsKept(sink: Sink): void {
    const live = new Set(sink.reads.slots)
    let { documents } = sink.reads
    for (const step of this.#steps.toReversed()) {
      step.kept = { slots: [...live], documents }
      for (const slot of step.fills) live.delete(slot)
      for (const slot of step.reads) live.add(slot)
      documents ||= step.readsDocuments
    }
  }

  // ------------------------------------------------------------------ properties

  #fieldIndex(field: Field): FieldIndex {
    return this.#context.index.fields[field.number]!
  }

  /** The property of a name for an expression: in the row, or sortable. Null when there is none. */
  #read(name: string): Property | null {
    const known = this.#scope.find(name)
    if (known !== null || !this.#isOfDocuments) return known
    const { schema } = this.#context.index
    const field = fieldNamed(schema, Buffer.from(name, 'latin1'))
    // Of a JSON document LOAD * gives the whole, and its fields are as readable as without it.
    if (this.#everything !== null && (field === null || schema.rules.source === 'hash')) return this.#loadNamed(name)
    if (field === null || !field.sortable) return null
    const { numbers, strings } = this.#fieldIndex(field)
    if (strings !== null) {
      const slot = this.#scope.addLane(new WordLane(BATCH_ROWS, strings, this.#budget.arrays.words()))
      this.#steps.push(new LoadWords(slot))
      this.#scope.set(name, slot, !field.unnormalized)
    } else if (numbers !== null) this.#loadColumn(name, this.#fieldIndex(field))
    else return null
    return this.#scope.find(name)
  }

  #loadColumn(name: string, { numbers }: FieldIndex): void {
    const slot = this.#scope.addLane(this.#numberLane(NAN.missing))
    this.#steps.push(new LoadNumbers(slot, numbers!, this.#context.index.documents, this.#inOrder))
    this.#scope.set(name, slot)
  }

  /** Behind LOAD * any name may be asked for; the documents tell what there is. */
  #loadNamed(name: string): Property {
    const slot = this.#scope.addLane(new ValueLane(BATCH_ROWS))
    this.#scope.set(name, slot)
    this.#scope.find(name)!.isJson = this.#readsLists()
    const field = fieldNamed(this.#context.index.schema, Buffer.from(name, 'latin1'))
    const identifier = field?.identifier.latin1Slice() ?? name
    this.#everything!.named.set(identifier, { slot, isNumeric: field?.kind === 'numeric' })
    return this.#scope.find(name)!
  }

  /** The property of a name for GROUPBY, SORTBY and reducers: as for an expression, or any field of the schema. */
  #need(name: string, refusal: string): Property {
    const known = this.#read(name)
    if (known !== null) return known
    const field = fieldNamed(this.#context.index.schema, Buffer.from(name, 'latin1'))
    if (field === null || !this.#isOfDocuments) refuse(refusal)
    this.#loadField(name, field.identifier, field)
    return this.#scope.find(name)!
  }

  /** Where a property is found by who reckons with it or sorts by it: of lists, that is their first values. */
  #valueSlot(property: Property): number {
    const { slot, isJson } = property
    if (!isJson) return slot
    if (property.firstSlot < 0) {
      property.firstSlot = this.#scope.addLane(new ValueLane(BATCH_ROWS))
      this.#scope.hidden.add(property.firstSlot)
      this.#steps.push(new FirstValues(slot, property.firstSlot))
    }
    return property.firstSlot
  }

  /** Read a field from documents under a name. */
  #loadField(name: string, identifier: Buffer, field: Field | null): void {
    if (field !== null && this.#isInColumn(field)) {
      this.#loadColumn(name, this.#fieldIndex(field))
      return
    }
    const slot = this.#scope.addLane(new ValueLane(BATCH_ROWS))
    this.#scope.set(name, slot)
    this.#scope.find(name)!.isJson = name !== KEY && this.#readsLists()
    const toLoad = {
      slot,
      identifier: name === KEY && field === null ? null : identifier,
      isNumeric: field?.kind === 'numeric',
    }
    const last = this.#steps.at(-1)
    if (last instanceof LoadFields) last.fields.push(toLoad)
    else this.#steps.push(new LoadFields(this.#context.fields, [toLoad]))
  }

  /** Whether what is read from documents is the JSON text of a list of values. */
  #readsLists(): boolean {
    return this.#context.readsAllValues && this.#isJson
  }

  get #isJson(): boolean {
    return this.#context.index.schema.rules.source === 'json'
  }

  /** Whether the column of a field says what the document does: always of hashes; of JSON, while it holds one number each. */
  #isInColumn(field: Field): boolean {
    if (field.kind !== 'numeric') return false
    const { numbers } = this.#fieldIndex(field)
    if (numbers === null || numbers.hasSeveral) return false
    const { source } = this.#context.index.schema.rules
    return source === 'hash' || (field.sortable && !this.#context.readsAllValues)
  }

  // ------------------------------------------------------------------ steps

  #load(step: LoadStep): void {
    // Groups have no documents to load from.
    if (!this.#isOfDocuments) return
    if (step.everything) {
      this.#loadEverything()
      return
    }
    for (const { path, name } of step.fields) {
      const known = this.#scope.find(name)
      if (known !== null && !known.sortable) continue
      if (known === null && this.#everything !== null && path === name && path !== KEY && !this.#isJson) {
        this.#loadNamed(name)
        continue
      }
      const field = fieldNamed(this.#context.index.schema, Buffer.from(path, 'latin1'))
      this.#loadField(name, field?.identifier ?? Buffer.from(path, 'latin1'), field)
    }
  }

  #loadEverything(): void {
    if (this.#everything !== null) return
    this.#restSlot = this.#scope.addLane(new ValueLane(BATCH_ROWS))
    this.#scope.hidden.add(this.#restSlot)
    this.#everything = new LoadEverything(this.#context.fields, this.#restSlot, this.#found)
    this.#steps.push(this.#everything)
    // What was read from sortable forms is shown as the documents have it; other names keep what they have.
    const { schema } = this.#context.index
    for (const property of [...this.#scope.properties]) {
      const field = fieldNamed(schema, Buffer.from(property.name, 'latin1'))
      if (property.sortable) this.#loadNamed(property.name)
      else {
        const slot = this.#scope.addLane(new ValueLane(BATCH_ROWS))
        this.#everything.named.set(field?.identifier.latin1Slice() ?? property.name, { slot, isNumeric: false })
      }
    }
  }

  /** @param asShown whether properties are read as rows show them. */
  #compile(expression: Expression, asShown = false): CompiledExpression {
    const reads = new Set<number>(this.#termsSlot < 0 ? [] : [this.#termsSlot])
    const slotOf = (name: string): number => {
      const property = this.#read(name)
      if (property === null) refuse(`Property \`${name}\` not loaded nor in pipeline`)
      const slot = asShown ? property.slot : this.#valueSlot(property)
      reads.add(slot)
      return slot
    }
    const size = sizeOf(expression)
    const evaluate = compileExpression(expression, { slotOf, termsSlot: this.#isOfDocuments ? this.#termsSlot : -1 })
    return { title: describeExpression(expression), evaluate, size, reads: [...reads] }
  }

  /** Whether there may be arrays for the nodes of an expression, so that it goes over whole batches. */
  #mayBeVector({ size }: CompiledExpression): boolean {
    if (this.#arrays + size > ARRAYS_MAX) return false
    this.#arrays += size
    return true
  }

  /** Where an expression that was compiled finds its properties. */
  get #lanes(): Lanes {
    return {
      slotOf: name => this.#valueSlot(this.#scope.find(name)!),
      lane: slot => this.#scope.lanes[slot]!,
      doubles: () => this.#budget.arrays.doubles(),
    }
  }

  #apply(name: string, expression: Expression): void {
    const source = expression.kind === 'property' ? this.#read(expression.name) : null
    // A copy shows what its source shows.
    const isJson = source?.isJson === true
    const compiled = this.#compile(expression, isJson)
    const lanes = this.#lanes
    const isNumber = givesNumber(expression, lanes, called => FUNCTIONS.get(called)!.givesNumber)
    const lane = isNumber ? this.#numberLane(NAN.number) : new ValueLane(BATCH_ROWS)
    const isVector = lane instanceof NumberLane && this.#mayBeVector(compiled)
    const vector = isVector ? compileVector(expression, lanes, lane.values) : null
    const slot = this.#scope.addLane(lane)
    this.#steps.push(new Apply(slot, compiled, vector))
    this.#scope.set(name, slot)
    this.#scope.find(name)!.isJson = isJson
  }

  #filter(expression: Expression): void {
    const compiled = this.#compile(expression)
    const selection = this.#mayBeVector(compiled) ? compileSelection(expression, this.#lanes) : null
    this.#steps.push(new Filter(compiled, selection))
  }

  #arrange(step: ArrangeStep): void {
    const { keys, offset, limit } = step
    if (keys !== null) {
      const sortKeys = keys.map(({ name, ascending }): SortKey => {
        const property = this.#need(name, `Property \`${name}\` not loaded nor in schema`)
        return { slot: this.#valueSlot(property), ascending }
      })
      const wanted = limit === 0 ? 0 : offset + (limit < 0 ? SORTED_ROWS : limit)
      const { lanes } = this.#scope
      const sorting = new Sorting(
        this.#source,
        sortKeys,
        wanted,
        lanes,
        this.#scope.slots(),
        this.#isOfDocuments,
        this.#budget,
      )
      this.#end(sorting)
      this.#inOrder = false
      this.#source = sorting
      this.#scope = this.#scope.over(sorting.outputLanes(lanes))
      // Names found from here on belong to other lanes.
      this.#everything = null
    }
    if (limit >= 0 && (keys === null || offset > 0 || limit === 0)) this.#steps.push(new Limit(offset, limit))
  }

  #group({ properties, reducers }: GroupStep): void {
    const keyed = properties.map(name => this.#need(name, `No such property \`${name}\``))
    const keys = keyed.map(property => property.slot)
    const areJson = keyed.map(property => property.isJson)
    const made = reducers.map(call =>
      makeReducer(call, this.#context.random, this.#budget, (name, asShown) => {
        const property = this.#need(name, `Property \`${name}\` not present in document or pipeline`)
        return asShown ? property.slot : this.#valueSlot(property)
      }),
    )
    const slots = [...new Set([...keys, ...made.flatMap(reducer => reducer.slots)])]
    const grouping = new Grouping(keys, made, this.#scope.lanes, slots, this.#budget)
    this.#end(grouping)
    this.#source = grouping
    this.#scope = new Scope(grouping.outputLanes())
    this.#isOfDocuments = false
    this.#everything = null
    this.#restSlot = -1
    const names = [...properties, ...reducers.map(reducer => reducer.alias)]
    names.forEach((name, slot) => {
      if (this.#scope.find(name) !== null && slot >= properties.length)
        refuse(`Property \`${name}\` specified more than once`)
      this.#scope.set(name, slot)
      this.#scope.find(name)!.isJson = areJson[slot] ?? false
    })
  }
}

function asksForTerms(expression: Expression): boolean {
  switch (expression.kind) {
    case 'literal':
    case 'property':
      return false
    case 'inversion':
      return asksForTerms(expression.operand)
    case 'call':
      return expression.name === 'matched_terms' || expression.operands.some(asksForTerms)
    default:
      return asksForTerms(expression.left) || asksForTerms(expression.right)
  }
}
