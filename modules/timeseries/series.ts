/* Series -- samples in order of time, in chunks.
 *
 *      chunks      [ 0 .. 594 ] [ 595 .. 1180 ] [ 1181 .. 1203     ]
 *                                                newest sample ^
 *
 * Nearly all samples are newer than all before, and go to the end of the last chunk; when that is full a new one
 * begins, and chunks that retention has left behind are dropped. A late sample, or one for a time that has one, changes
 * a chunk in the middle, which splits when that makes it too long. Deleting a range drops whole chunks, rewrites the
 * two at its edges, and joins chunks that have become small with a neighbour.
 *
 * Retention hides samples older than the newest less the retention; what is hidden is dropped by whole chunks only,
 * and a longer retention shows the rest again.
 *
 *   add O(1), late O(chunk)    remove O(chunks dropped + 2 chunks)    last O(1)
 *
 * A series is one object of the heap, since series are few and large; its samples are not. What surrounds it (labels,
 * rules, its key) is kept here for those who look for it, and is not looked at here. */

import { type Address, ArenaFull, type Memory } from 'redstrata/module'
import { StretchCache } from './chunk/cache.ts'
import {
  isMergeable,
  isOversized,
  merge,
  rankOf,
  removeRange,
  split,
  timeFrom,
  upsert,
  valueAt,
  Workspace,
} from './chunk/edit.ts'
import type { ChunkEngine } from './chunk/engine.ts'
import { GorillaEngine } from './chunk/gorilla.ts'
import { STRETCH } from './chunk/layout.ts'
import { RawEngine } from './chunk/raw.ts'
import { chunkBytes, copyChunk, countOf, firstTimeOf, lastTimeOf, lastValueOf, seal } from './chunk/stretch.ts'
import { Chunks } from './chunks.ts'
import { DUPLICATE, type DuplicatePolicy, resolve } from './duplicate.ts'
import type { LabelIndex } from './labels.ts'
import type { Rule } from './rules.ts'

/** What all series of a server share. */
export class Stock {
  readonly memory: Memory
  readonly compressed: ChunkEngine
  readonly uncompressed: ChunkEngine
  readonly cache: StretchCache
  readonly room: Workspace = new Workspace()
  /** Where the samples of a stretch that a filter lets through are put. */
  readonly keptTimes: Float64Array = new Float64Array(STRETCH)
  readonly keptValues: Float64Array = new Float64Array(STRETCH)
  /** A sample on its way to an aggregator. */
  readonly oneTime: Float64Array = new Float64Array(1)
  readonly oneValue: Float64Array = new Float64Array(1)

  constructor(memory: Memory) {
    this.memory = memory
    this.compressed = new GorillaEngine(memory)
    this.uncompressed = new RawEngine(memory)
    this.cache = new StretchCache(memory)
  }
}

/** What a series is made with, and most of what TS.ALTER changes. */
export interface SeriesOptions {
  retention: number
  chunkSize: number
  compressed: boolean
  policy: DuplicatePolicy
  /** A sample this near to the newest, in time and in value, is ignored under the policy `last`, but not by compactions. */
  ignoreTime: number
  ignoreValue: number
  /** Names and values in turn, each character a byte. */
  labels: readonly string[]
}

/** What became of a sample. */
export const ADDED = 0
export const IGNORED = 1
export const BLOCKED = 2
export const TOO_OLD = 3
export type Outcome = typeof ADDED | typeof IGNORED | typeof BLOCKED | typeof TOO_OLD

export class Series {
  readonly stock: Stock
  engine: ChunkEngine
  readonly chunks: Chunks
  /** Each character a byte. */
  key: string
  retention = 0
  chunkSize = 4096
  policy: DuplicatePolicy = DUPLICATE.none
  ignoreTime = 0
  ignoreValue = 0
  labels: readonly string[] = NO_LABELS
  /** Where the series stands among those with each of its labels: see labels.ts. */
  places: number[] = NO_PLACES
  /** Which of its labels each of those lists is for, when there are many. */
  lists: ReadonlyMap<object, number> | null = null
  /** The index of labels that the series is in, and the one where it belongs. */
  index: LabelIndex | null = null
  home: LabelIndex | null = null
  /** Rules that this series feeds. */
  rules: readonly Rule[] = NO_RULES
  /** The series whose rule feeds this one. */
  source: Series | null = null
  /** False while rules are known by name only, after a load: see shelf.ts. Then this is the source's key, or empty. */
  isLinked = true
  sourceKey = ''
  /** All samples, those that retention hides among them. */
  count = 0

  constructor(stock: Stock, key: string) {
    this.stock = stock
    this.engine = stock.compressed
    this.chunks = new Chunks(stock.memory)
    this.key = key
  }

  /** Take on settings. The engine is chosen while there are no samples. */
  configure(options: SeriesOptions): this {
    if (this.count === 0) this.engine = options.compressed ? this.stock.compressed : this.stock.uncompressed
    this.retention = options.retention
    this.chunkSize = options.chunkSize
    this.policy = options.policy
    this.ignoreTime = options.ignoreTime
    this.ignoreValue = options.ignoreValue
    this.labels = options.labels
    return this
  }

  /** The settings in force. */
  get options(): SeriesOptions {
    return {
      retention: this.retention,
      chunkSize: this.chunkSize,
      compressed: this.engine === this.stock.compressed,
      policy: this.policy,
      ignoreTime: this.ignoreTime,
      ignoreValue: this.ignoreValue,
      labels: this.labels,
    }
  }

  /** Time of the newest sample, 0 when there is none. */
  get lastTime(): number {
    const { last } = this.chunks
    return last === 0 ? 0 : lastTimeOf(this.stock.memory, last)
  }

  /** Value of the newest sample, 0 when there is none. */
  get lastValue(): number {
    const { last } = this.chunks
    return last === 0 ? 0 : lastValueOf(this.stock.memory, last)
  }

  /** Time of the oldest sample that is kept, hidden ones too; 0 when there is none. */
  get firstTime(): number {
    return this.chunks.length === 0 ? 0 : firstTimeOf(this.stock.memory, this.chunks.at(0))
  }

  /** Samples before this time are hidden. */
  get horizon(): number {
    if (this.retention === 0 || this.count === 0) return 0
    return Math.max(0, this.lastTime - this.retention)
  }

  /** How many samples are earlier than a time. */
  rankOf(time: number): number {
    const { chunks, stock } = this
    if (chunks.length === 0) return 0
    const index = chunks.indexOf(time)
    let rank = rankOf(this.engine, chunks.at(index), time)
    for (let i = 0; i < index; i++) rank += countOf(stock.memory, chunks.at(i))
    return rank
  }

  /** Time of the first sample at a time or later, hidden ones too; undefined when there is none. */
  timeFrom(time: number): number | undefined {
    const { chunks, stock, engine } = this
    if (chunks.length === 0 || time > this.lastTime) return undefined
    let index = chunks.indexOf(time)
    if (lastTimeOf(stock.memory, chunks.at(index)) < time) index++
    return timeFrom(engine, chunks.at(index), time)
  }

  /** The value at a time, or undefined. */
  valueAt(time: number): number | undefined {
    if (this.chunks.length === 0) return undefined
    return valueAt(this.engine, this.chunks.at(this.chunks.indexOf(time)), time)
  }

  /** Whether a sample is so near to the newest that it is ignored. */
  #isNear(later: number, value: number): boolean {
    return later >= 0 && later <= this.ignoreTime && Math.abs(value - this.lastValue) <= this.ignoreValue
  }

  /** Add a sample wherever it belongs. `policy` is the one in force. Rules are not told: see ingest.ts. */
  add(time: number, value: number, policy: DuplicatePolicy): Outcome {
    const { last } = this.chunks
    if (last !== 0) {
      const newest = lastTimeOf(this.stock.memory, last)
      const later = time - newest
      if (later <= this.ignoreTime && policy === DUPLICATE.last && this.source === null && this.#isNear(later, value))
        return IGNORED
      if (later <= 0) {
        if (this.retention > 0 && time < newest - this.retention) return TOO_OLD
        return this.upsert(time, value, policy)
      }
    }
    this.append(time, value)
    return ADDED
  }

  /** Add a sample later than all others. */
  append(time: number, value: number): void {
    const { last } = this.chunks
    this.#tell(last)
    if (last === 0 || !this.engine.append(last, time, value, false)) this.#begin(time, value)
    this.count++
  }

  /** A chunk is about to change: a snapshot may need what it holds. */
  #tell(chunk: Address): void {
    const { guard } = this.stock.memory
    if (guard !== null && chunk !== 0) guard.block(chunk)
  }

  /** Put a sample at a time that is not later than all others. `policy` is the one in force. */
  upsert(time: number, value: number, policy: DuplicatePolicy): Outcome {
    const { chunks, engine } = this
    const newest = time === this.lastTime
    const index = newest ? chunks.length - 1 : chunks.indexOf(time)
    const chunk = newest ? chunks.last : chunks.at(index)
    this.#tell(chunk)
    const held = newest ? lastValueOf(this.stock.memory, chunk) : valueAt(engine, chunk, time)
    if (held !== undefined) {
      if (policy === DUPLICATE.block) return BLOCKED
      const resolved = resolve(policy, held, value)
      if (Object.is(resolved, held)) return ADDED
      value = resolved
      if (newest && engine.replaceLast(chunk, value)) return ADDED
    }
    chunks.reserve(1)
    const before = countOf(this.stock.memory, chunk)
    const changed = upsert(engine, this.stock.room, chunk, time, value)
    chunks.set(index, changed)
    this.count += countOf(this.stock.memory, changed) - before
    if (isOversized(engine, changed)) this.#split(index)
    return ADDED
  }

  /** Remove the samples from one time to another, both included. Returns how many there were. */
  remove(from: number, to: number): number {
    const { chunks, engine } = this
    if (chunks.length === 0 || from > to) return 0
    const { memory } = this.stock
    const before = this.count
    let first = chunks.indexOf(from)
    if (firstTimeOf(memory, chunks.at(first)) < from) this.#cut(first++, from, to)
    let end = first
    while (end < chunks.length && lastTimeOf(memory, chunks.at(end)) <= to) {
      this.count -= countOf(memory, chunks.at(end))
      engine.free(chunks.at(end++))
    }
    chunks.remove(first, end - first)
    if (first < chunks.length) this.#cut(first, from, to)
    for (let i = first + 1; i >= first - 1; i--) this.#join(i)
    return before - this.count
  }

  /** Drop whole chunks that lie before the horizon. */
  trim(): void {
    const { horizon, chunks, engine, stock } = this
    let dropped = 0
    while (dropped < chunks.length - 1 && lastTimeOf(stock.memory, chunks.at(dropped)) < horizon) {
      this.count -= countOf(stock.memory, chunks.at(dropped))
      engine.free(chunks.at(dropped))
      dropped++
    }
    if (dropped > 0) chunks.remove(0, dropped)
  }

  /** Time of the first sample of a chunk. */
  timeOfChunk(index: number): number {
    return firstTimeOf(this.stock.memory, this.chunks.at(index))
  }

  /** Add a chunk that was loaded, later than those there are. It becomes the series' own. */
  attach(chunk: Address): void {
    this.chunks.insert(this.chunks.length, chunk)
    this.count += countOf(this.stock.memory, chunk)
  }

  /** Take over copies of another series' samples, into an empty one. @throws ArenaFull, empty again. */
  copySamples(from: Series): void {
    this.engine = from.engine
    try {
      for (let i = 0; i < from.chunks.length; i++) {
        this.chunks.reserve(1)
        this.attach(copyChunk(this.stock.memory, from.chunks.at(i)))
      }
    } catch (error) {
      // A full arena: the part that was copied goes back, and the caller learns.
      this.free()
      throw error
    }
  }

  /** Bytes of the arena that the series holds. */
  get bytes(): number {
    let bytes = this.chunks.bytes
    for (let i = 0; i < this.chunks.length; i++) bytes += chunkBytes(this.stock.memory, this.chunks.at(i))
    return bytes
  }

  /** Give back up to so many chunks, newest first. Returns whether none is left; then the series is empty. */
  freeSome(most: number): boolean {
    const { chunks } = this
    const kept = Math.max(0, chunks.length - most)
    for (let i = kept; i < chunks.length; i++) this.engine.free(chunks.at(i))
    if (kept > 0) {
      chunks.remove(kept, chunks.length - kept)
      return false
    }
    chunks.free()
    this.count = 0
    return true
  }

  /** Give back everything. */
  free(): void {
    this.freeSome(Number.POSITIVE_INFINITY)
  }

  /** Begin a chunk with a sample. */
  #begin(time: number, value: number): void {
    const { chunks, engine } = this
    if (chunks.length > 0) {
      if (this.retention > 0) this.trim()
      seal(engine, chunks.at(chunks.length - 1))
    }
    chunks.reserve(1)
    const chunk = engine.create(this.chunkSize)
    engine.append(chunk, time, value, true)
    chunks.insert(chunks.length, chunk)
  }

  /** Remove some, but not all, of a chunk's samples. */
  #cut(index: number, from: number, to: number): void {
    const { memory } = this.stock
    const chunk = this.chunks.at(index)
    if (lastTimeOf(memory, chunk) < from || firstTimeOf(memory, chunk) > to) return
    this.#tell(chunk)
    const count = countOf(memory, chunk)
    const left = removeRange(this.engine, this.stock.room, chunk, from, to)
    this.chunks.set(index, left)
    this.count -= count - countOf(memory, left)
  }

  /** Make two of a chunk that has become too long. */
  #split(index: number): void {
    const { chunks, engine } = this
    const chunk = chunks.at(index)
    try {
      chunks.insert(index + 1, split(engine, this.stock.room, chunk))
    } catch (error) {
      // A long chunk is slower, not wrong: without memory it stays.
      if (!(error instanceof ArenaFull)) throw error
    }
  }

  /** Join a chunk with the one before it, if both are there and small. */
  #join(index: number): void {
    const { chunks, engine, stock } = this
    if (index < 1 || index >= chunks.length) return
    const earlier = chunks.at(index - 1)
    const later = chunks.at(index)
    if (!isMergeable(engine, earlier, later)) return
    this.#tell(earlier)
    this.#tell(later)
    try {
      merge(engine, stock.room, earlier, later)
      chunks.remove(index, 1)
    } catch (error) {
      // Two short chunks are no worse than one: without memory they stay.
      if (!(error instanceof ArenaFull)) throw error
    }
  }
}

/** Shared by the many series that feed no rule, or have no labels. */
const NO_RULES: readonly Rule[] = Object.freeze([])
const NO_LABELS: readonly string[] = Object.freeze([])
const NO_PLACES: number[] = Object.freeze([]) as never[]
