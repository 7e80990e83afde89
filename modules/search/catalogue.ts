/* Catalogue -- the indexes of a server, by name and by alias.
 *
 *      names      "books"  -> Index           FT.SEARCH nick ...   names, then aliases
 *      aliases    "nick"   -> the same        FT.DROPINDEX books   takes the aliases along
 *
 * Names are byte strings, one character a byte. An Index is what stands under a name: its structures, and what FT.INFO
 * tells besides. A query that is paused holds on to its Index; when it wakes, `isDropped` tells it that there is nothing
 * left to look at. */

import { type Range, type ReplyError, replyError } from 'redstrata/module'
import { FT_ERR } from './errors.ts'
import { Failures } from './ingest/failures.ts'
import type { SearchIndex } from './index/search-index.ts'
import type { Field, Schema } from './schema/schema.ts'

/** What is left to do of the first look at the keys that were there before the index. */
export interface ScanState {
  /** Keys seen, and keys that there were when it began. */
  seen: number
  total: number
}

/** What collecting the postings of dead documents has done so far. */
export interface Collection {
  bytes: number
  micros: number
  lastMicros: number
  cycles: number
}

/** An index under its name. */
export class Index {
  readonly schema: Schema
  /** The name as a byte string. */
  readonly name: string
  readonly structures: SearchIndex
  readonly aliases: Set<string> = new Set()
  isDropped = false
  /** While the keys that were there before are looked at. */
  scan: ScanState | null = null
  /** Documents and values that could not be indexed. */
  readonly failures: Failures
  /** By number of the field. */
  readonly fieldFailures: Failures[]
  /** Microseconds spent in indexing. */
  indexingMicros = 0
  /** Milliseconds since 1970 of the last use: TEMPORARY counts from it. */
  usedAtMs = 0
  /** Commands that named it, queries among them, and those by dialect, from number 1 on. */
  uses = 0
  queries = 0
  readonly collection: Collection = { bytes: 0, micros: 0, lastMicros: 0, cycles: 0 }
  readonly dialectUses: number[] = [0, 0, 0, 0, 0]

  constructor(schema: Schema, structures: SearchIndex) {
    this.schema = schema
    this.name = schema.name.latin1Slice()
    this.structures = structures
    this.failures = new Failures()
    this.fieldFailures = schema.fields.map(() => new Failures())
  }

  /** Let the schema have more fields. @throws when there is no memory for them, with the schema as it was. */
  addFields(fields: readonly Field[]): void {
    const before = this.schema.fields.length
    this.schema.fields.push(...fields)
    try {
      this.structures.addFields()
    } catch (error) {
      this.schema.fields.length = before
      throw error
    }
    this.fieldFailures.push(...fields.map(() => new Failures()))
  }

  /** Documents in the index. */
  get count(): number {
    return this.structures.documents.count
  }
}

/** All indexes of a server. */
export class Catalogue {
  readonly #nowMs: () => number
  readonly #byName = new Map<string, Index>()
  readonly #byAlias = new Map<string, Index>()

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** Indexes in the order in which they were made. */
  all(): IterableIterator<Index> {
    return this.#byName.values()
  }

  get size(): number {
    return this.#byName.size
  }

  /** The index of a name, not of an alias. */
  named(name: string): Index | null {
    return this.#byName.get(name) ?? null
  }

  /** The index that an alias leads to. */
  aliased(alias: string): Index | null {
    return this.#byAlias.get(alias) ?? null
  }

  /** The index of a name or an alias. */
  find(name: Range): Index | null {
    const key = name.latin1()
    return this.#byName.get(key) ?? this.#byAlias.get(key) ?? null
  }

  /** The index of a name or an alias, which a command uses. @throws `refusal` when there is none. */
  need(name: Range, refusal: ReplyError = FT_ERR.unknownIndexName): Index {
    const index = this.find(name)
    if (index === null) throw refusal
    index.uses++
    return index
  }

  /** The same for commands that query, which keep a temporary index alive. @throws "No such index", with the name. */
  needForQuery(name: Range): Index {
    const index = this.find(name) ?? noSuchIndex(name)
    index.uses++
    index.usedAtMs = this.#nowMs()
    return index
  }

  add(index: Index): void {
    this.#byName.set(index.name, index)
  }

  /** Take an index and its aliases out. Its structures are the caller's. */
  remove(index: Index): void {
    index.isDropped = true
    index.scan = null
    this.#byName.delete(index.name)
    for (const alias of index.aliases) this.#byAlias.delete(alias)
  }

  addAlias(alias: string, index: Index): void {
    this.#byAlias.set(alias, index)
    index.aliases.add(alias)
  }

  removeAlias(alias: string): void {
    this.#byAlias.get(alias)?.aliases.delete(alias)
    this.#byAlias.delete(alias)
  }
}

function noSuchIndex(name: Range): never {
  throw replyError(`No such index ${name.latin1()}`)
}
