/* Values out of a dump file: the readers of all kinds together, as a loader needs them.
 *
 * Whoever is given a type reads its value with the member for kindOf(type), or passes over it. Passing over reads
 * everything and keeps nothing, so it also finds what is damaged. */

import { Range } from '../../base/bytes.ts'
import type { Memory } from '../../memory/arena.ts'
import { CollectionReader } from './collection.ts'
import { kindOf } from './format.ts'
import { ModuleSource } from './module-value.ts'
import type { RdbReader } from './reader.ts'
import { StreamReader } from './stream.ts'

const NOTHING = (): void => {}
const NO_VISITOR = {
  begin: NOTHING,
  element: NOTHING,
  member: NOTHING,
  field: NOTHING,
  entry: NOTHING,
  facts: NOTHING,
  group: NOTHING,
  pending: NOTHING,
  consumer: NOTHING,
  owns: NOTHING,
  integers: () => true,
}

/** Reads values with one reader. */
export class ValueReader {
  readonly reader: RdbReader
  /** list(), set(), zset() and hash(). */
  readonly collections: CollectionReader
  readonly streams: StreamReader
  /** Opened by the caller: `module.open()` reads which module it is. */
  readonly module: ModuleSource
  readonly #range = new Range()

  constructor(reader: RdbReader, memory: Memory) {
    this.reader = reader
    this.collections = new CollectionReader(reader)
    this.streams = new StreamReader(reader, memory)
    this.module = new ModuleSource(reader)
  }

  /**
   * Pass over a value.
   * @throws RdbError when it is damaged, or of a type that cannot be read.
   */
  skip(type: number): void {
    switch (kindOf(type)) {
      case 'string':
        this.reader.string(this.#range)
        return
      case 'list':
        this.collections.list(type, NO_VISITOR)
        return
      case 'set':
        this.collections.set(type, NO_VISITOR)
        return
      case 'zset':
        this.collections.zset(type, NO_VISITOR)
        return
      case 'hash':
        this.collections.hash(type, NO_VISITOR)
        return
      case 'stream':
        this.streams.stream(type, NO_VISITOR)
        return
      case 'module':
        this.module.open().skip()
        return
      default:
        throw this.reader.error(`an unknown type of value (${type})`)
    }
  }

  release(): void {
    this.streams.release()
  }
}
