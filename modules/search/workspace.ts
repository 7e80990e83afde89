/* Workspace -- what the commands of one server share: its indexes, settings, dictionaries, and what has come to stand
 * beside them.
 *
 *      catalogue       indexes by name and alias
 *      follower        keeps them up to date with the keys
 *      settings        what FT.CONFIG sets, through `options`
 *      dictionaries    FT.DICTADD: words by the name of the dictionary, both byte strings
 *      ownFields       vectors and shapes
 *      cursors         aggregations that are read in portions
 *      ledger          what all aggregations keep
 *      batches, tops, arrays, hashes       for the next query */

import {
  type Args,
  type Context,
  type Database,
  HashView,
  type Host,
  type Memory,
  type Range,
  replyError,
} from 'redstrata/module'
import { ArrayPool } from './aggregate/arrays.ts'
import { Ledger } from './aggregate/budget.ts'
import { Catalogue, Index } from './catalogue.ts'
import { Cursors } from './cursors.ts'
import { FT_ERR } from './errors.ts'
import { SearchIndex } from './index/search-index.ts'
import { Deletion } from './ingest/deletion.ts'
import { Follower } from './ingest/follow.ts'
import { DocumentFilter } from './ingest/filter.ts'
import { jsonService } from './ingest/json-service.ts'
import type { OwnFields } from './ingest/own-fields.ts'
import { startScan } from './ingest/scan.ts'
import { Upkeep } from './ingest/upkeep.ts'
import { Batch } from './iterators/iterator.ts'
import type { Field, FieldKind, Schema } from './schema/schema.ts'
import { defaultSettings, type Option, type Settings, settingOptions } from './settings.ts'
import { rehearsal } from './rehearsal.ts'
import { Top } from './score/top.ts'
import { Spares } from './spares.ts'
import { Stemmers } from './text/stem/stemmers.ts'
import { Tokenizer } from './text/tokenizer.ts'
import { ShapeFields } from './shape/fields.ts'
import { VectorFields } from './vector/fields.ts'

/** Objects of a kind that are kept for the next queries. */
const SPARES_MAX = 8

/** What one server keeps of search. */
export class Workspace {
  readonly host: Host
  readonly settings: Settings = defaultSettings()
  readonly options: readonly Option[] = settingOptions(this.settings)
  readonly catalogue: Catalogue
  readonly dictionaries: Map<string, Set<string>> = new Map()
  readonly stemmers: Stemmers = new Stemmers()
  /** Cuts the texts of results. */
  readonly tokenizer: Tokenizer
  readonly ownFields: { vector: OwnFields | null; shape: OwnFields | null } = { vector: null, shape: null }
  readonly follower: Follower
  readonly upkeep: Upkeep
  readonly cursors: Cursors
  readonly batches: Spares<Batch> = new Spares(() => new Batch(), SPARES_MAX)
  readonly tops: Spares<Top> = new Spares(() => new Top(0), SPARES_MAX)
  readonly arrays: ArrayPool = new ArrayPool()
  readonly ledger: Ledger = new Ledger()
  /** Lenses over the hashes of any database. */
  readonly hashes: Spares<HashView>
  /** Called when an index is dropped: its cursors go with it. */
  readonly onDrop: ((index: Index) => void)[] = []
  /**
   * Queries that are over. V8 forgets the shape of objects of which there were none for two collections of garbage, and with it
   * what it learnt about them and the code it made for them.
   */
  readonly specimens: unknown[] = []
  #hasRehearsed = false

  constructor(host: Host) {
    this.host = host
    this.hashes = new Spares(() => new HashView(host.databases[0]!), SPARES_MAX)
    this.tokenizer = new Tokenizer(host.memory)
    this.ownFields.vector = new VectorFields(host.memory)
    this.ownFields.shape = new ShapeFields(host.memory)
    this.catalogue = new Catalogue(() => host.clock.nowMs())
    this.follower = new Follower(host, kind => this.ownOf(kind))
    this.cursors = new Cursors(host)
    this.onDrop.push(index => this.cursors.endAll(index))
    this.upkeep = new Upkeep(host, this.follower)
    this.follower.onDeath = index => this.upkeep.noteDeath(index)
    host.onFlush(() => this.clear())
  }

  /** What a kind of field brings along; null for kinds that need nothing. */
  ownOf(kind: FieldKind): OwnFields | null {
    return kind === 'vector' || kind === 'shape' ? this.ownFields[kind] : null
  }

  // ------------------------------------------------------------------ making and dropping

  /**
   * A new index under its name, which is free. It follows the keys, and is scanned for unless the rules say otherwise.
   * @throws ReplyError with nothing changed: a path or the filter cannot be read.
   */
  create(schema: Schema): Index {
    this.checkFields(schema, schema.fields)
    const index = this.#add(schema)
    if (!schema.rules.skipInitialScan) this.scan(index)
    return index
  }

  /** An index out of a file. The keys are looked at, in all databases, when they have been loaded too. */
  restore(schema: Schema): Index {
    const index = this.#add(schema)
    this.host.soon(() => {
      if (!index.isDropped) startScan(this.host, this.follower, index, this.host.databases)
    })
    return index
  }

  #add(schema: Schema): Index {
    const { filter, lifetime } = schema.rules
    const accepts = filter.length === 0 ? null : new DocumentFilter(filter)
    const index = new Index(schema, this.structures(schema, this.host.memory))
    index.usedAtMs = this.host.clock.nowMs()
    this.catalogue.add(index)
    const intake = this.follower.add(index)
    intake.filter = accepts
    intake.onFull = () => this.host.soon(() => this.#renew(index))
    if (lifetime > 0) this.#watchLifetime(index)
    if (!this.#hasRehearsed) this.host.rehearse(() => rehearsal(this))
    this.#hasRehearsed = true
    return index
  }

  /** Whether fields can be read in documents of a schema. @throws ReplyError */
  checkFields(schema: Schema, fields: readonly Field[]): void {
    if (schema.rules.source !== 'json') return
    const service = jsonService(this.host)
    if (service === null) throw FT_ERR.noJson
    for (const { identifier, name } of fields)
      if (service.path(identifier.utf8Slice()) === null)
        throw replyError(
          `Invalid JSONPath '${identifier.latin1Slice()}' in attribute '${name.latin1Slice()}' in index '${schema.name.latin1Slice()}'`,
        )
  }

  /** The structures of an index, empty. */
  structures(schema: Schema, memory: Memory): SearchIndex {
    const key = this.host.databases[0]!.keyspace.hashKey
    return new SearchIndex(
      memory,
      key,
      schema,
      this.stemmers,
      (field: Field) => this.ownOf(field.kind)?.makeIndex(field) ?? null,
      this.settings,
    )
  }

  /** Add fields to an index; documents that are there are looked at again when `rescans`. */
  addFields(index: Index, fields: readonly Field[], rescans: boolean): void {
    index.addFields(fields)
    this.follower.intakeOf(index)?.addFields()
    if (rescans) this.scan(index)
  }

  /** Look at all documents again as if their text had changed. */
  reindex(index: Index): void {
    index.structures.textEpoch++
    this.scan(index)
  }

  /** Look at all keys for an index. Keys of other databases enter when they are written. */
  scan(index: Index): void {
    startScan(this.host, this.follower, index, this.host.databases.slice(0, 1))
  }

  /** Drop an index. Queries that are paused over it find out when they wake; then its structures are given back. */
  drop(index: Index): void {
    this.catalogue.remove(index)
    this.follower.remove(index)
    for (const hook of this.onDrop) hook(index)
    if (index.structures.readers === 0) this.upkeep.bury(index)
  }

  /** Two thousand million documents have come and gone: the numbers begin anew, in an index of the same definition. */
  #renew(index: Index): void {
    if (index.isDropped) return
    const aliases = [...index.aliases]
    const { groupsOf } = index.structures.synonyms
    this.drop(index)
    const fresh = this.restore(index.schema)
    for (const [word, groups] of groupsOf) fresh.structures.synonyms.groupsOf.set(word, groups)
    for (const alias of aliases) this.catalogue.addAlias(alias, fresh)
  }

  /**
   * Drop an index, and delete its documents: the first ones now, for `micros`, the others in slices.
   * @returns null when all is done, otherwise what goes on and tells when it is.
   */
  dropWithDocuments(db: Database, index: Index, micros: number): ((done: () => void) => void) | null {
    const deletion = new Deletion(this.host, db, index)
    this.drop(index)
    if (!deletion.step(micros))
      return done =>
        deletion.run(() => {
          this.release(index)
          done()
        })
    this.release(index)
    return null
  }

  /** Give the structures of a dropped index back, unless somebody still reads them, who then calls this. */
  release(index: Index): void {
    if (index.structures.readers === 0) this.upkeep.bury(index)
  }

  /** Everything goes, as the keys did: FLUSHALL and FLUSHDB. */
  clear(): void {
    for (const index of [...this.catalogue.all()]) this.drop(index)
    this.dictionaries.clear()
  }

  /** A temporary index ends when nobody has asked it for its lifetime. */
  #watchLifetime(index: Index): void {
    const { host } = this
    const lifetimeMs = index.schema.rules.lifetime * 1000
    const look = (): void => {
      if (index.isDropped) return
      const leftMs = index.usedAtMs + lifetimeMs - host.clock.nowMs()
      if (leftMs > 0) {
        host.timer(leftMs, look)
        return
      }
      const db = host.databases[0]!
      host.propagate(db, 'FT._DROPINDEXIFX', index.schema.name)
      this.dropWithDocuments(db, index, 0)?.(() => {})
    }
    host.timer(lifetimeMs, look)
  }

  // ------------------------------------------------------------------ telling

  /**
   * What the running command changed is not in the keys: replicas and the append-only file are told of it, in the form of
   * a command that does not mind when it is done already.
   */
  tell(ctx: Context, name: string, args: Args): void {
    this.told(ctx, name, ...Array.from({ length: args.argc - 1 }, (_, i) => args.at(i + 1)))
  }

  /** The same with arguments of its own. */
  told(ctx: Context, name: string, ...args: (Buffer | Range)[]): void {
    ctx.db.keyspace.dirty++
    ctx.propagate(name, ...args)
  }
}
