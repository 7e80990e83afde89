/* Module values -- what a module wrote, part by part, each part telling its kind.
 *
 *     64-bit id of the module's type and version     2 unsigned   4 double   5 string   ...   0
 *
 * Since every part is marked, a value can be skipped without knowing the module, and a module that asks for a string where a
 * number lies is told so instead of being given nonsense. Aux data (what a module keeps beside the keys) has the same form
 * behind the id and a mark that says whether it belongs before or after the keys. */

import { Range } from '../../base/bytes.ts'
import type { NamedParts, SaveSink, Span } from '../../keyspace/value-type.ts'
import { type Address, type Memory, SLAB_BITS, UNIT_MASK } from '../../memory/arena.ts'
import { moduleId, moduleOf, PART } from './format.ts'
import type { RdbReader } from './reader.ts'
import type { RdbWriter } from './writer.ts'

/** How many named parts are asked for at once. */
const PARTS_AT_ONCE = 1 << 10
const never = (): boolean => false

/** The parts of one value, in order; the shape in which types are loaded. */
export class ModuleSource {
  /** Type name of nine characters and its version, from the value's id. */
  name = ''
  version = 0
  readonly #reader: RdbReader
  readonly #range = new Range()

  constructor(reader: RdbReader) {
    this.#reader = reader
  }

  /** Read the id; the parts follow. */
  open(): this {
    this.#reader.long()
    const { name, version } = moduleOf(this.#word())
    this.name = name
    this.version = version
    return this
  }

  #expect(kind: number, name: string): void {
    const found = this.#reader.length()
    if (found !== kind) throw this.#reader.error(`a module's value has no ${name} where one belongs (${found})`)
  }

  #word(): bigint {
    const { high, low } = this.#reader
    return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
  }

  unsigned(): number {
    this.#expect(PART.unsigned, 'unsigned integer')
    return this.#reader.length()
  }

  unsigned64(): bigint {
    this.#expect(PART.unsigned, 'unsigned integer')
    this.#reader.long()
    return this.#word()
  }

  /** A signed integer; an error when it is not safe. */
  signed(): number {
    const value = this.signed64()
    const number = Number(value)
    if (!Number.isSafeInteger(number)) throw this.#reader.error('an integer beyond all bounds')
    return number
  }

  signed64(): bigint {
    this.#expect(PART.signed, 'signed integer')
    this.#reader.long()
    return BigInt.asIntN(64, this.#word())
  }

  /** The bytes stay valid until the next part is read. */
  string(out: Range): Range {
    this.#expect(PART.string, 'string')
    return this.#reader.string(out)
  }

  text(): string {
    return this.string(this.#range).text()
  }

  double(): number {
    this.#expect(PART.double, 'double')
    return this.#reader.double()
  }

  float(): number {
    this.#expect(PART.float, 'float')
    return this.#reader.float()
  }

  /** After the last part: the mark that ends them. */
  close(): void {
    this.#expect(PART.eof, 'end')
  }

  /** Pass over the parts that are left and the mark that ends them. */
  skip(): void {
    const reader = this.#reader
    for (;;) {
      const kind = reader.length()
      if (kind === PART.eof) return
      if (kind === PART.signed || kind === PART.unsigned) reader.long()
      else if (kind === PART.float) reader.float()
      else if (kind === PART.double) reader.double()
      else if (kind === PART.string) reader.string(this.#range)
      else throw reader.error(`an unknown part of a module's value (${kind})`)
    }
  }

  /** The number that says when aux data was written: 1 before the keys, 2 after them. */
  auxWhen(): number {
    return this.unsigned()
  }
}

/** Takes the parts of one value, in order; the shape in which types are saved. */
export class ModuleSink implements SaveSink {
  readonly #writer: RdbWriter

  constructor(writer: RdbWriter) {
    this.#writer = writer
  }

  /** Write the id of a type; the parts follow. */
  open(name: string, version: number): this {
    this.#writer.bigint(moduleId(name, version))
    return this
  }

  #number(kind: number, n: number | bigint): void {
    this.#writer.length(kind)
    if (typeof n === 'number' && n >= 0) this.#writer.length(n)
    else this.#writer.bigint(BigInt(n))
  }

  unsigned(n: number | bigint): void {
    this.#number(PART.unsigned, n)
  }

  signed(n: number | bigint): void {
    this.#number(PART.signed, n)
  }

  string(from: Buffer, start: number, end: number): void {
    this.#writer.length(PART.string)
    this.#writer.slice(from, start, end)
  }

  block(memory: Memory, block: Address, start: number, bytes: number): void {
    const at = ((block & UNIT_MASK) << 3) + start
    this.string(memory.u8[block >>> SLAB_BITS]!, at, at + bytes)
  }

  row(blocks: readonly Address[], save: (sink: SaveSink, block: Address) => void): void {
    for (const block of blocks) save(this, block)
  }

  doubles(memory: Memory, block: Address, spans: readonly Span[]): void {
    const all = memory.f64[block >>> SLAB_BITS]!
    const first = block & UNIT_MASK
    for (const { from, to } of spans) for (let i = from; i < to; i++) this.double(all[first + i]!)
  }

  parts(_root: Address, parts: NamedParts): void {
    let last: Buffer | null = null
    do last = parts.some(this, last, PARTS_AT_ONCE, never)
    while (last !== null)
  }

  text(text: string): void {
    this.#writer.length(PART.string)
    this.#writer.text(text)
  }

  double(d: number): void {
    this.#writer.length(PART.double)
    this.#writer.double(d)
  }

  float(d: number): void {
    this.#writer.length(PART.float)
    this.#writer.float(d)
  }

  /** After the last part. */
  close(): void {
    this.#writer.length(PART.eof)
  }
}
