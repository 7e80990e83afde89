/* Workspace -- what the commands of one server share: its indexes, settings, dictionaries, and what has come to stand
 * beside them.
 *
 *      catalogue       indexes by name and alias
 *      follower        keeps them up to date with the keys
 *      settings        what FT.CONFIG sets
 *      dictionaries    FT.DICTADD: words by the name of the dictionary, both byte strings
 *      ownFields       vectors and shapes
 *      filters         FILTER of FT.CREATE, once expressions can be read */

import { type Database, type Host, Range } from 'redstrata/module'
import { Catalogue, Index } from './catalogue.ts'
import type { SearchIndex } from './index/search-index.ts'
import { SearchIndex as Structures } from './index/search-index.ts'
import { Follower } from './ingest/follow.ts'
import type { DocumentFilter } from './ingest/intake.ts'
import type { OwnFields } from './ingest/own-fields.ts'
import { startScan } from './ingest/scan.ts'
import type { Field, FieldKind, Schema } from './schema/schema.ts'
import { defaultSettings, type Settings } from './settings.ts'
import { Stemmers } from './text/stem/stemmers.ts'
import { Tokenizer } from './text/tokenizer.ts'

/** Reads a FILTER expression. @throws ReplyError with the place of a syntax error. */
export type FilterReader = (text: Buffer) => DocumentFilter

/** What one server keeps of search. */
export class Workspace {
  readonly host: Host
  readonly settings: Settings = defaultSettings()
  readonly catalogue: Catalogue = new Catalogue()
  readonly dictionaries: Map<string, Set<string>> = new Map()
  readonly stemmers: Stemmers = new Stemmers()
  /** Cuts the texts of results. */
  readonly tokenizer: Tokenizer
  readonly ownFields: { vector: OwnFields | null; shape: OwnFields | null } = { vector: null, shape: null }
  filters: FilterReader | null = null
  readonly follower: Follower

  constructor(host: Host) {
    this.host = host
    this.tokenizer = new Tokenizer(host.memory)
    this.follower = new Follower(host, kind => this.ownOf(kind))
    host.onFlush(() => this.clear())
  }

  /** What a kind of field brings along; null for kinds that need nothing. */
  ownOf(kind: FieldKind): OwnFields | null {
    return kind === 'vector' || kind === 'shape' ? this.ownFields[kind] : null
  }

  /** A new index under its name, which is free. It follows the keys, and is scanned for unless the rules say otherwise. */
  create(schema: Schema): Index {
    const index = new Index(schema, this.#structures(schema))
    index.usedAtMs = this.host.clock.nowMs()
    this.catalogue.add(index)
    const intake = this.follower.add(index)
    if (schema.rules.filter.length > 0) intake.filter = this.filters?.(schema.rules.filter) ?? null
    if (!schema.rules.skipInitialScan) this.scan(index)
    return index
  }

  /** Look at all keys for an index. Keys of other databases enter when they are written. */
  scan(index: Index): void {
    startScan(this.host, this.follower, index, this.host.databases.slice(0, 1), () => {})
  }

  #structures(schema: Schema): SearchIndex {
    const { host } = this
    const key = host.databases[0]!.keyspace.hashKey
    return new Structures(
      host.memory,
      key,
      schema,
      this.stemmers,
      (field: Field) => this.ownOf(field.kind)?.makeIndex(field) ?? null,
    )
  }

  /** Drop an index. Queries that are paused over it find out when they wake; then its structures are given back. */
  drop(index: Index): void {
    this.catalogue.remove(index)
    this.follower.remove(index)
    if (index.structures.readers === 0) index.structures.free()
  }

  /** Delete the keys of an index's documents: FT.DROPINDEX DD, and the end of a temporary index. */
  deleteDocuments(db: Database, index: Index): void {
    const { documents } = index.structures
    const key = new Range()
    const keys: Buffer[] = []
    for (const document of index.structures.living()) if (documents.key(document, key)) keys.push(key.copy())
    for (const name of keys) this.host.call(db, 'DEL', name)
  }

  /** Everything goes, as the keys did: FLUSHALL and FLUSHDB. */
  clear(): void {
    for (const index of [...this.catalogue.all()]) this.drop(index)
    this.dictionaries.clear()
  }
}
