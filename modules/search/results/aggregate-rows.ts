/* The reply of FT.AGGREGATE.
 *
 *      RESP2     [ 2, ["brand", "red", "n", "7"], [ ... ] ]
 *      RESP3     { attributes, format, results: [ { extra_attributes: {brand: red, n: 7}, values } ... ], total_results, warning }
 *
 * A property that a row lacks is left out. Numbers are text, in RESP3 too, unless FORMAT EXPAND asks for them as they are. */

import { Reply, SegmentPool } from 'redstrata/module'
import type { Lane } from '../aggregate/lane.ts'
import type { ValueLane } from '../aggregate/lane.ts'
import type { Pacer, Pipeline, RowShape } from '../aggregate/pipeline.ts'
import { type Cell, formatNumber, type Value } from '../expression/value.ts'
import { writeJson } from './native.ts'

/** Rows that are written without a look at the time, and between two looks where they are more. */
const ROWS_AT_ONCE = 1024
const STEP_ROWS = 64

/** Writes rows that wait at the end of a pipeline. */
export class AggregateRows {
  readonly #pipeline: Pipeline
  readonly #shape: RowShape
  /** Names of properties as they are written, and those that LOAD * found so far. */
  readonly #names: readonly Buffer[]
  readonly #foundNames: Buffer[] = []
  readonly #expands: boolean
  readonly #noContent: boolean
  #text = Buffer.from(new Uint8Array(256).buffer)
  /** Rows that were written before the reply: a command that waits has none yet. */
  #ahead: Reply | null = null
  #aheadRows = 0

  readonly #isBare: boolean

  /** @param isBare whether a row is a map of its properties and nothing else, in RESP3 too. */
  constructor(pipeline: Pipeline, expands: boolean, noContent: boolean, isBare = false) {
    this.#isBare = isBare
    this.#pipeline = pipeline
    this.#shape = pipeline.shape
    this.#expands = expands
    this.#noContent = noContent
    this.#names = pipeline.shape.properties.map(property => encoded(property.name))
  }

  /** Write a reply with so many rows, and let go of them. @param pairsBehind pairs that the caller adds to the map of RESP3. */
  write(reply: Reply, rows: number, warnings: readonly string[], pairsBehind: number): void {
    if (reply.protocol === 3) this.#writeMap(reply, rows, warnings, pairsBehind)
    else {
      reply.array(this.#noContent ? 1 : rows + 1)
      reply.integer(this.#pipeline.total(rows, false))
      if (!this.#noContent) this.#rows(reply, rows)
    }
    this.#pipeline.sent(rows)
  }

  /** Write so many rows without what goes around them, and let go of them. */
  writeRows(reply: Reply, rows: number): void {
    this.#rows(reply, rows)
    this.#pipeline.sent(rows)
  }

  #writeMap(reply: Reply, rows: number, warnings: readonly string[], pairsBehind: number): void {
    reply.map(5 + pairsBehind)
    reply.status('attributes')
    reply.array(0)
    reply.status('format')
    reply.status(this.#expands ? 'EXPAND' : 'STRING')
    reply.status('results')
    reply.array(this.#noContent ? 0 : rows)
    if (!this.#noContent) this.#rows(reply, rows)
    reply.status('total_results')
    reply.integer(this.#pipeline.total(rows, true))
    reply.status('warning')
    reply.array(warnings.length)
    for (const warning of warnings) reply.status(warning)
  }

  /** Write so many rows, where they are many, into a reply of their own. @throws what the pacer throws; call again to go on. */
  writeAhead(protocol: 2 | 3, rows: number, pacer: Pacer): void {
    if (rows <= ROWS_AT_ONCE || this.#noContent) return
    this.#ahead ??= new Reply(new SegmentPool())
    this.#ahead.protocol = protocol
    while (this.#aheadRows < rows) {
      const count = Math.min(STEP_ROWS, rows - this.#aheadRows)
      this.#someRows(this.#ahead, this.#pipeline.output.first + this.#aheadRows, count)
      this.#aheadRows += count
      pacer.breathe()
    }
  }

  #rows(reply: Reply, rows: number): void {
    if (this.#ahead === null) {
      this.#someRows(reply, this.#pipeline.output.first, rows)
      return
    }
    for (const segment of this.#ahead.takeChain()) reply.raw(segment, 0, segment.length)
    this.#ahead = null
    this.#aheadRows = 0
  }

  #someRows(reply: Reply, first: number, rows: number): void {
    const { lanes } = this.#pipeline.output
    for (let row = first; row < first + rows; row++) {
      if (reply.protocol === 3 && !this.#isBare) {
        reply.map(2)
        reply.status('extra_attributes')
        this.#row(reply, lanes, row)
        reply.status('values')
        reply.array(0)
      } else this.#row(reply, lanes, row)
    }
  }

  #row(reply: Reply, lanes: readonly Lane[], row: number): void {
    const { properties, restSlot } = this.#shape
    const mark = reply.deferred()
    let pairs = 0
    for (let i = 0; i < properties.length; i++) {
      const property = properties[i]!
      const cell = lanes[property.slot]!.cell(row)
      if (cell === undefined) continue
      pairs++
      reply.raw(this.#names[i]!, 0, this.#names[i]!.length)
      this.#value(reply, cell, property.isJson)
    }
    if (restSlot >= 0) pairs += this.#rest(reply, lanes[restSlot]!, row)
    reply.fillMap(mark, pairs)
  }

  /** What LOAD * found in a document beside the properties that have a name in the plan. */
  #rest(reply: Reply, lane: Lane, row: number): number {
    const { names } = this.#shape.found
    for (let i = this.#foundNames.length; i < names.length; i++) this.#foundNames.push(encoded(names[i]!))
    const rest = (lane as ValueLane).values[row] as unknown as readonly Cell[]
    let pairs = 0
    for (let i = 0; i < rest.length; i++) {
      const cell = rest[i]
      if (cell === undefined) continue
      pairs++
      reply.raw(this.#foundNames[i]!, 0, this.#foundNames[i]!.length)
      this.#value(reply, cell, names[i] === '$')
    }
    return pairs
  }

  #value(reply: Reply, value: Value, isJson: boolean): void {
    if (typeof value === 'string') {
      if (isJson && this.#expands) writeJson(reply, JSON.parse(Buffer.from(value, 'latin1').utf8Slice()))
      else this.#bulk(reply, value)
    } else if (typeof value === 'number') {
      if (this.#expands) writeJson(reply, value)
      else this.#bulk(reply, formatNumber(value))
    } else if (value === null) reply.null()
    else {
      reply.array(value.length)
      for (const element of value) this.#value(reply, element, false)
    }
  }

  /** A string of a character a byte. */
  #bulk(reply: Reply, text: string): void {
    if (text.length > this.#text.length) this.#text = Buffer.from(new Uint8Array(text.length * 2).buffer)
    this.#text.latin1Write(text, 0)
    reply.bytes(this.#text, 0, text.length)
  }
}

/** A name as a bulk string of the protocol. */
function encoded(name: string): Buffer {
  return Buffer.from(`$${name.length}\r\n${name}\r\n`, 'latin1')
}
