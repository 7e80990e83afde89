/* Module aux -- what modules keep beside keys, written to RDB files and read from them. */

import type { AuxData } from '../command/aux-data.ts'
import type { LoadSource, NamedParts, SaveSink, Span } from '../keyspace/value-type.ts'
import type { Address, Memory } from '../memory/arena.ts'
import { beginModuleAux } from './rdb/file.ts'
import { ModuleSink, type ModuleSource } from './rdb/module-value.ts'
import type { RdbWriter } from './rdb/writer.ts'

const BEFORE = 1
const AFTER = 2

/** Write what is to be kept before or after the keys. */
export function writeModuleAux(writer: RdbWriter, list: readonly AuxData[], when: 'before' | 'after'): void {
  for (const data of list) {
    const sink = new LateSink(writer, data, when === 'before' ? BEFORE : AFTER)
    const isKept = when === 'before' ? data.saveBefore?.(sink) : data.saveAfter?.(sink)
    if (isKept === true) sink.begin()
    if (sink.hasBegun) sink.close()
  }
}

/** Begins with the first part: a module that has nothing to keep leaves nothing in the file. */
class LateSink implements SaveSink {
  hasBegun = false
  readonly #writer: RdbWriter
  readonly #sink: ModuleSink
  readonly #data: AuxData
  readonly #when: 1 | 2

  constructor(writer: RdbWriter, data: AuxData, when: 1 | 2) {
    this.#writer = writer
    this.#sink = new ModuleSink(writer)
    this.#data = data
    this.#when = when
  }

  begin(): ModuleSink {
    if (!this.hasBegun) beginModuleAux(this.#writer, this.#sink, this.#data.typeName, this.#data.version, this.#when)
    this.hasBegun = true
    return this.#sink
  }

  close(): void {
    this.#sink.close()
  }

  unsigned(n: number | bigint): void {
    this.begin().unsigned(n)
  }

  signed(n: number | bigint): void {
    this.begin().signed(n)
  }

  string(from: Buffer, start: number, end: number): void {
    this.begin().string(from, start, end)
  }

  block(memory: Memory, block: Address, start: number, bytes: number): void {
    this.begin().block(memory, block, start, bytes)
  }

  row(blocks: readonly Address[], save: (sink: SaveSink, block: Address) => void): void {
    this.begin().row(blocks, save)
  }

  doubles(memory: Memory, block: Address, spans: readonly Span[]): void {
    this.begin().doubles(memory, block, spans)
  }

  parts(root: Address, parts: NamedParts): void {
    this.begin().parts(root, parts)
  }

  text(text: string): void {
    this.begin().text(text)
  }

  double(d: number): void {
    this.begin().double(d)
  }

  float(d: number): void {
    this.begin().float(d)
  }
}

/** Give a module what it kept. False when no loaded module knows it. */
export function loadModuleAux(list: readonly AuxData[], source: ModuleSource, when: number): boolean {
  const data = list.find(one => one.typeName === source.name)
  if (data === undefined) return false
  data.load(source as unknown as LoadSource, source.version, when === BEFORE ? 'before' : 'after')
  return true
}
