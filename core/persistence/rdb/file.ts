/* RDB files -- what lies between the values: header, databases, keys and their times, aux data, the end.
 *
 * Reading goes in steps, one item each, so that a loader can stop between two keys and answer others:
 *
 *     file.open(source)
 *     while (file.step(visitor)) if (late) await others          the last step checks the sum
 *
 * Writing is as flat as the format: header, then what each item needs, in the order in which format.ts shows them. */

import { copyBytes, Range } from '../../base/bytes.ts'
import type { Memory } from '../../memory/arena.ts'
import { kindOf, OPCODE, PART, RDB_VERSION, TYPE } from './format.ts'
import type { ModuleSink, ModuleSource } from './module-value.ts'
import { type ByteSource, RdbReader } from './reader.ts'
import { Room } from '../../memory/room.ts'
import { ValueReader } from './values.ts'
import type { RdbWriter } from './writer.ts'

const MAGIC = 'REDIS'
const MAGIC_BYTES = 9
/** From this version on files end with a sum. */
const SUM_VERSION = 5

/** What is said of a key before its value; -1 for what is not said. */
export interface KeyFacts {
  /** When it expires, in milliseconds. */
  expireMs: number
  /** The same where a number is not exact, 0 otherwise. */
  exactMs: bigint
  /** Seconds without access. */
  idleSeconds: number
  /** The counter of the LFU policy. */
  frequency: number
}

/** Told what a file holds, in its order. Ranges are valid during the call only. */
export interface RdbVisitor {
  aux(name: Range, value: Range): void
  database(number: number): void
  /** How many keys the database has, and how many of them expire: hints. */
  sizes(keys: number, expiring: number): void
  /** The same of a cluster slot. */
  slot(slot: number, keys: number, expiring: number): void
  library(code: Range): void
  /** What a module kept; `when` is 1 before the keys and 2 after them. False to have it passed over. */
  moduleAux(source: ModuleSource, when: number): boolean
  /** A key. Its value comes next and must be read, or passed over, with `values`. */
  key(key: Range, type: number, facts: KeyFacts, values: ValueReader): void
}

/** Reads files, one after the other. */
export class RdbFileReader {
  readonly reader: RdbReader
  readonly values: ValueReader
  /** Whether the closing sum is checked: `rdbchecksum`. */
  checksSum = true
  readonly #key = new Range()
  readonly #keyRoom: Room
  readonly #name = new Range()
  readonly #value = new Range()
  readonly #facts: KeyFacts = { expireMs: -1, exactMs: 0n, idleSeconds: -1, frequency: -1 }

  constructor(memory: Memory) {
    this.reader = new RdbReader(memory)
    this.values = new ValueReader(this.reader, memory)
    this.#keyRoom = new Room(memory)
  }

  /**
   * Begin with a file: read its header.
   * @throws RdbError when it is none, or of a version that cannot be read.
   */
  open(source: ByteSource): this {
    const reader = this.reader.open(source)
    const magic = reader.raw(this.#name, MAGIC_BYTES).latin1()
    const version = Number(magic.slice(MAGIC.length))
    if (!magic.startsWith(MAGIC) || !/^\d{4}$/.test(magic.slice(MAGIC.length))) throw reader.error('no RDB file', 0)
    if (version < 1 || version > RDB_VERSION) throw reader.error(`RDB version ${version} cannot be read`, MAGIC.length)
    reader.version = version
    return this
  }

  /**
   * Read one item, a key with all that is said of it being one. False at the end of the file.
   * @throws RdbError when it is damaged.
   */
  step(visitor: RdbVisitor): boolean {
    const { reader } = this
    const facts = this.#facts
    facts.expireMs = facts.idleSeconds = facts.frequency = -1
    facts.exactMs = 0n
    reader.trim()
    for (;;) {
      const code = reader.byte()
      if (code === OPCODE.expireMs) {
        facts.expireMs = reader.milliseconds()
        const isExact = Number.isSafeInteger(facts.expireMs)
        facts.exactMs = isExact ? 0n : (BigInt(reader.high) << 32n) | BigInt(reader.low >>> 0)
      } else if (code === OPCODE.expireSeconds) facts.expireMs = reader.seconds() * 1000
      else if (code === OPCODE.idle) facts.idleSeconds = reader.length()
      else if (code === OPCODE.freq) facts.frequency = reader.byte()
      else if (code === OPCODE.eof) return this.#end()
      else {
        if (code >= OPCODE.slotInfo) this.#item(code, visitor)
        else this.#readKey(code, visitor)
        return true
      }
    }
  }

  #item(code: number, visitor: RdbVisitor): void {
    const { reader } = this
    if (code === OPCODE.aux) {
      reader.pair(this.#name, this.#value)
      visitor.aux(this.#name, this.#value)
    } else if (code === OPCODE.selectDb) visitor.database(reader.length())
    else if (code === OPCODE.resize) visitor.sizes(reader.length(), reader.length())
    else if (code === OPCODE.slotInfo) visitor.slot(reader.length(), reader.length(), reader.length())
    else if (code === OPCODE.function) visitor.library(reader.string(this.#value))
    else if (code === OPCODE.moduleAux) this.#moduleAux(visitor)
    else throw reader.error(`what opcode ${code} means was never released`)
  }

  #moduleAux(visitor: RdbVisitor): void {
    const source = this.values.module.open()
    const when = source.unsigned()
    if (visitor.moduleAux(source, when)) source.close()
    else source.skip()
  }

  #readKey(type: number, visitor: RdbVisitor): void {
    const { reader } = this
    if (type === TYPE.string) {
      // One more string is all that is read: the window keeps this one for so long.
      reader.keep(reader.string(this.#key))
      visitor.key(this.#key, type, this.#facts, this.values)
      reader.letGo()
      return
    }
    if (kindOf(type) === null) throw reader.error(`an unknown type of value (${type})`)
    reader.string(this.#key)
    // The value is read through the same window, so the key needs a place of its own.
    const length = this.#key.length
    this.#keyRoom.grow(length, 0)
    copyBytes(this.#key.buf, this.#key.start, this.#keyRoom.buf, this.#keyRoom.start, length)
    this.#key.set(this.#keyRoom.buf, this.#keyRoom.start, this.#keyRoom.start + length)
    visitor.key(this.#key, type, this.#facts, this.values)
  }

  #end(): boolean {
    if (this.reader.version < SUM_VERSION) return false
    if (this.checksSum) this.reader.checkSum()
    else this.reader.raw(this.#name, 8)
    return false
  }

  /** Give all memory back. */
  release(): void {
    this.reader.release()
    this.values.release()
    this.#keyRoom.release()
  }
}

/** The first bytes of a file. */
export function writeHeader(writer: RdbWriter, version: number = RDB_VERSION): void {
  writer.ascii(MAGIC + String(version).padStart(4, '0'))
}

export function writeAux(writer: RdbWriter, name: string, value: string): void {
  writer.byte(OPCODE.aux)
  writer.text(name)
  writer.text(value)
}

export function writeDatabase(writer: RdbWriter, number: number, keys: number, expiring: number): void {
  writer.byte(OPCODE.selectDb)
  writer.length(number)
  writer.byte(OPCODE.resize)
  writer.length(keys)
  writer.length(expiring)
}

export function writeLibrary(writer: RdbWriter, code: Range): void {
  writer.byte(OPCODE.function)
  writer.string(code)
}

/** What comes before a key's value; -1 for what is not to be said. The value follows. */
export function writeKey(writer: RdbWriter, key: Range, type: number, facts: KeyFacts): void {
  if (facts.expireMs >= 0) {
    writer.byte(OPCODE.expireMs)
    if (facts.exactMs === 0n) writer.milliseconds(facts.expireMs)
    else writer.word64(Number(facts.exactMs >> 32n), Number(BigInt.asIntN(32, facts.exactMs)))
  }
  if (facts.idleSeconds >= 0) {
    writer.byte(OPCODE.idle)
    writer.length(facts.idleSeconds)
  }
  if (facts.frequency >= 0) {
    writer.byte(OPCODE.freq)
    writer.byte(facts.frequency)
  }
  writer.byte(type)
  writer.string(key)
}

/** Begin the aux data of a module; its parts follow, and `sink.close()`. `when` is 1 before the keys, 2 after them. */
export function beginModuleAux(writer: RdbWriter, sink: ModuleSink, name: string, version: number, when: 1 | 2): void {
  writer.byte(OPCODE.moduleAux)
  sink.open(name, version)
  writer.length(PART.unsigned)
  writer.length(when)
}

/** The end of a file; everything is handed on. */
export function writeEnd(writer: RdbWriter, withSum: boolean): void {
  writer.byte(OPCODE.eof)
  if (withSum) writer.sum()
  else writer.noSum()
  writer.flush()
}
