/* Fields -- a dump of a sketch as a list of its fields, and the recorded RDB file as such lists. */
import { readFileSync } from 'node:fs'
import {
  type Address,
  type LoadSource,
  type Memory,
  Range,
  type SaveSink,
  type Span,
  SLAB_BITS,
  UNIT_MASK,
} from 'redstrata/module'
import { decompress } from '../../core/base/lzf.ts'

/** A whole number, a double, or bytes. */
export type Field = bigint | number | Buffer

/** Collects fields. */
export class FieldList implements SaveSink {
  readonly fields: Field[] = []

  unsigned(n: number | bigint): void {
    this.fields.push(BigInt(n))
  }
  signed(n: number | bigint): void {
    this.fields.push(BigInt(n))
  }
  string(from: Buffer, start: number, end: number): void {
    this.fields.push(Buffer.from(from.subarray(start, end)))
  }
  block(memory: Memory, block: Address, start: number, bytes: number): void {
    const at = (block & UNIT_MASK) * 8 + start
    this.string(memory.u8[block >>> SLAB_BITS]!, at, at + bytes)
  }
  row(blocks: readonly Address[], save: (sink: SaveSink, block: Address) => void): void {
    for (const block of blocks) save(this, block)
  }
  doubles(memory: Memory, block: Address, spans: readonly Span[]): void {
    const all = memory.f64[block >>> SLAB_BITS]!
    for (const { from, to } of spans) for (let i = from; i < to; i++) this.double(all[(block & UNIT_MASK) + i]!)
  }
  parts(): void {
    throw new Error('sketches have no parts with names')
  }
  text(text: string): void {
    this.fields.push(Buffer.from(text))
  }
  double(d: number): void {
    this.fields.push(d)
  }
  float(d: number): void {
    this.fields.push(Math.fround(d))
  }
}

/** Gives fields back, and throws where one is missing or of another kind, as the host does. */
export class FieldReader implements LoadSource {
  readonly #fields: readonly Field[]
  #at = 0

  constructor(fields: readonly Field[]) {
    this.#fields = fields
  }

  /** Whether all fields were read. */
  get done(): boolean {
    return this.#at === this.#fields.length
  }

  #next(): Field {
    if (this.done) throw new Error('no more fields')
    return this.#fields[this.#at++]!
  }

  unsigned64(): bigint {
    const field = this.#next()
    if (typeof field !== 'bigint') throw new Error('no whole number')
    return field
  }
  unsigned(): number {
    return Number(this.unsigned64())
  }
  signed64(): bigint {
    return BigInt.asIntN(64, this.unsigned64())
  }
  signed(): number {
    return Number(this.signed64())
  }
  double(): number {
    const field = this.#next()
    if (typeof field !== 'number') throw new Error('no double')
    return field
  }
  float(): number {
    return this.double()
  }
  string(out: Range): Range {
    const field = this.#next()
    if (!Buffer.isBuffer(field)) throw new Error('no string')
    return out.set(field, 0, field.length)
  }
  text(): string {
    return this.string(new Range()).text()
  }
}

/** A value of the recorded file: the version of its fields, and the fields. */
export interface RecordedValue {
  readonly version: number
  readonly fields: readonly Field[]
}

/** The keys that a real server saved to a file: without one, Redis 7.4.1 with bf 2.8 to recorded.rdb. */
export function recordedValues(file: URL = new URL('recorded.rdb', import.meta.url)): Map<string, RecordedValue> {
  return new RecordedFile(readFileSync(file)).values()
}

const AUX = 0xfa
const RESIZE = 0xfb
const SELECT = 0xfe
const MODULE_AUX = 0xf7
const MODULE_VALUE = 7

/** As much of the RDB format as that file has. */
class RecordedFile {
  readonly #bytes: Buffer
  #at = 9

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  values(): Map<string, RecordedValue> {
    const values = new Map<string, RecordedValue>()
    for (;;) {
      const code = this.#bytes[this.#at++]!
      if (code === AUX) [this.#string(), this.#string()]
      else if (code === SELECT) this.#length()
      else if (code === RESIZE) [this.#length(), this.#length()]
      else if (code === MODULE_AUX) [this.#length(), this.#length(), this.#length(), this.#fields()]
      else if (code === MODULE_VALUE) {
        const key = this.#string().latin1Slice()
        const version = Number(this.#length() & 1023n)
        values.set(key, { version, fields: this.#fields() })
      } else return values
    }
  }

  #fields(): Field[] {
    const fields: Field[] = []
    for (;;) {
      const code = this.#length()
      if (code === 0n) return fields
      if (code === 1n || code === 2n) fields.push(this.#length())
      else if (code === 4n) fields.push(this.#bytes.readDoubleLE((this.#at += 8) - 8))
      else fields.push(this.#string())
    }
  }

  #length(): bigint {
    const first = this.#bytes[this.#at++]!
    if (first === 0x80) return BigInt(this.#bytes.readUInt32BE((this.#at += 4) - 4))
    if (first === 0x81) return this.#bytes.readBigUInt64BE((this.#at += 8) - 8)
    return BigInt(first < 64 ? first : ((first & 63) << 8) | this.#bytes[this.#at++]!)
  }

  #string(): Buffer {
    const first = this.#bytes[this.#at]!
    if (first < 0xc0) {
      const length = Number(this.#length())
      return this.#bytes.subarray(this.#at, (this.#at += length))
    }
    this.#at++
    if (first === 0xc0) return Buffer.from(String(this.#bytes.readInt8((this.#at += 1) - 1)))
    if (first === 0xc1) return Buffer.from(String(this.#bytes.readInt16LE((this.#at += 2) - 2)))
    if (first === 0xc2) return Buffer.from(String(this.#bytes.readInt32LE((this.#at += 4) - 4)))
    const packed = Number(this.#length())
    const plain = Buffer.alloc(Number(this.#length()))
    decompress(this.#bytes, this.#at, (this.#at += packed), plain, 0, plain.length)
    return plain
  }
}
