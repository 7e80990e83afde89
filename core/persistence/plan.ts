/* Plan -- how a large value is to be written in pieces, settled at one moment.
 *
 *      small   length 3 | first facts                  | more facts        | last facts
 *      parts                          [ a row of blocks ]     [ a stretch of bytes ]
 *
 * What is small (counts, names, times) is written aside when the plan is made. What is large is only noted down: rows of blocks
 * (row.ts), stretches of bytes (stretch.ts) and walks by name (walked.ts), each at its place in what is small, and watched from then on. Writing the value
 * is walking along the plan, whatever has become of the value in the meantime.
 *
 * Who makes a plan sees a writer, and writes to it as if it were the file:
 *
 *      plan.small.length(nodes)
 *      plan.row(nodes, writeNode)
 *
 * Values of modules are saved through a sink that does the same (`PlanSink`), so a module has one way of saving only.
 *
 *   making it O(what is small + blocks)    a step: a block, or 64 KB */

import { Range } from '../base/bytes.ts'
import type { NamedParts, SaveSink, Span } from '../keyspace/value-type.ts'
import type { Address, Memory } from '../memory/arena.ts'
import type { Big } from './big.ts'
import { PART } from './rdb/format.ts'
import { ModuleSink } from './rdb/module-value.ts'
import { RdbWriter } from './rdb/writer.ts'
import { Row, type WritePiece } from './row.ts'
import { type PutBytes, putDoubles, putRaw, Stretch } from './stretch.ts'
import { Walked, type Walk } from './walked.ts'
import type { Watch } from './watch.ts'

/** Bytes of what is small that are written at once. */
const PIECE_BYTES = 64 << 10

/** Something large in a plan. */
export interface Part {
  readonly isDone: boolean
  /** Write the next piece; there is one. */
  step(writer: RdbWriter): void
  release(): void
}

/** A large part, and how much of what is small stands before it. */
interface Placed {
  readonly at: number
  readonly part: Part
}

export interface PlanOptions {
  readonly memory: Memory
  readonly watch: Watch
  readonly compresses: boolean
  /** Bytes of a module's value from which on they are left where they are. */
  readonly stretchBytes: number
}

export class Plan implements Big {
  readonly type: number
  root: Address
  /** Takes what is small. */
  readonly small: RdbWriter
  readonly options: PlanOptions
  readonly #parts: Placed[] = []
  readonly #bytes = new Range()
  #aside: RdbWriter | null = null
  #part = 0
  #written = 0

  /** @param root by which the value is known in the graveyard, where it waits until it was written; 0 when it need not. A walk sets it. */
  constructor(type: number, root: Address, options: PlanOptions) {
    this.type = type
    this.root = root
    this.options = options
    this.small = new RdbWriter(options.memory, { compress: options.compresses })
  }

  /** Bytes of a block follow. */
  stretch(block: Address, start: number, length: number, put: PutBytes = putRaw): void {
    const { memory, watch } = this.options
    if (length > 0) this.#add(new Stretch(memory, watch, block, start, length, put))
  }

  /** All that a walk finds follows. */
  walk(root: Address, walk: Walk): void {
    this.root = root
    this.#add(new Walked(this.options, root, walk))
  }

  /** A piece for each of these blocks follows. */
  row(blocks: readonly Address[], write: WritePiece): void {
    const { memory, watch } = this.options
    if (blocks.length > 0) this.#add(new Row(memory, watch, blocks, write, this.#takeAside))
  }

  #add(part: Part): void {
    this.#parts.push({ at: this.small.offset, part })
  }

  readonly #takeAside = (): RdbWriter => {
    this.#aside ??= new RdbWriter(this.options.memory, { compress: this.options.compresses })
    return this.#aside
  }

  get isDone(): boolean {
    return this.#part === this.#parts.length && this.#written === this.small.offset
  }

  begin(): void {}

  step(writer: RdbWriter): void {
    const placed = this.#parts[this.#part]
    const until = placed === undefined ? this.small.offset : placed.at
    if (this.#written < until) {
      const { buf, start } = this.small.result(this.#bytes)
      const end = Math.min(until, this.#written + PIECE_BYTES)
      writer.raw(buf, start + this.#written, start + end)
      this.#written = end
      return
    }
    const { part } = placed!
    part.step(writer)
    if (!part.isDone) return
    part.release()
    this.#part++
  }

  end(): void {}

  release(): void {
    for (; this.#part < this.#parts.length; this.#part++) this.#parts[this.#part]!.part.release()
    this.#aside?.release()
    this.small.release()
  }
}

/** Takes the parts of a module's value, and leaves what is large in its place. */
export class PlanSink extends ModuleSink {
  readonly #plan: Plan

  constructor(plan: Plan) {
    super(plan.small)
    this.#plan = plan
  }

  override block(memory: Memory, block: Address, start: number, bytes: number): void {
    const plan = this.#plan
    if (bytes < plan.options.stretchBytes) {
      super.block(memory, block, start, bytes)
      return
    }
    plan.small.length(PART.string)
    plan.small.length(bytes)
    plan.stretch(block, start, bytes)
  }

  override doubles(memory: Memory, block: Address, spans: readonly Span[]): void {
    // A block is watched once, so what lies between the spans is in the stretch, and left out when it is written.
    const end = spans.reduce((last, { to }) => Math.max(last, to), 0)
    if (end * 8 < this.#plan.options.stretchBytes) super.doubles(memory, block, spans)
    else this.#plan.stretch(block, 0, end * 8, putDoubles(spans))
  }

  override parts(root: Address, parts: NamedParts): void {
    const sinkOf = this.#sinks()
    this.#plan.walk(root, {
      some: (writer, after, budget, passes) => parts.some(sinkOf(writer), after, budget, passes),
      one: (writer, name) => parts.one(sinkOf(writer), name),
    })
  }

  override row(blocks: readonly Address[], save: (sink: SaveSink, block: Address) => void): void {
    const sinkOf = this.#sinks()
    this.#plan.row(blocks, (writer, block) => save(sinkOf(writer), block))
  }

  /** The sink of a writer; the last one is kept. */
  #sinks(): (writer: RdbWriter) => ModuleSink {
    let sink: ModuleSink | null = null
    let last: RdbWriter | null = null
    return writer => {
      if (sink === null || writer !== last) sink = new ModuleSink(writer)
      last = writer
      return sink
    }
  }
}
