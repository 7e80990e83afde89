/* ValueType -- what the keyspace must know about a kind of value.
 *
 * A list of the core and a document of a module are declared by the same record, and nothing above it (keyspace, RDB,
 * AOF, DUMP, COPY, MEMORY) knows more about either. When a type is added, it is listed in commands.ts (native) or
 * registered by `host.type` (a module's); nothing else has to be edited.
 *
 * A value is used through a view. For a type in INLINE or BLOCK form a view is a lens that is bound to a record and reused
 * for the next key; for a type in OBJECT form the "view" is the object itself, which the keyspace holds under a handle. */

import type { Range } from '../base/bytes.ts'
import type { ReplyError } from '../base/errors.ts'
import type { Address, Memory } from '../memory/arena.ts'
import type { Database } from './database.ts'

/** Where a type writes its value for RDB, DUMP and replication. Numbers and strings as in Redis's module encoding. */
export interface SaveSink {
  /** A length or any whole number up to 2^64-1. */
  unsigned(n: number | bigint): void
  /** A whole number of 64 bits, with a sign. */
  signed(n: number | bigint): void
  /** Bytes, with their length. */
  string(from: Buffer, start: number, end: number): void
  /** Text as UTF-8, with its length. */
  text(text: string): void
  /** 64 bits. */
  double(d: number): void
  /** 32 bits: the nearest such number. */
  float(d: number): void
  /**
   * A string of bytes in a block, from `start` on. While a snapshot is written in the background a long one is not taken at
   * once: it is written later, as it is now, in pieces. Whoever changes such bytes tells `memory.guard` first:
   * `stretch(block, from, to)`, when there is a guard. Nobody need say that the block is freed.
   */
  block(memory: Memory, block: Address, start: number, bytes: number): void
  /**
   * The parts of one block after the other, as `save` writes them. In the background they are written later, as they are
   * now, one at a time. Whoever changes or frees one of these blocks, or what `save` reads of it, calls `memory.guard.block`
   * first.
   */
  row(blocks: readonly Address[], save: (sink: SaveSink, block: Address) => void): void
  /**
   * Doubles in a block, each as `double` writes it. In the background many are written later, as `block` is; whoever changes
   * them tells `memory.guard.stretch` first.
   */
  doubles(memory: Memory, block: Address, spans: readonly Span[]): void
  /**
   * The parts of a value of very many, which have names. In the background they are written later, as they are now, some at a
   * time, and nobody goes through all of them at the beginning. Whoever changes, adds or takes out a part calls
   * `memory.guard.part(root, name)` first. The value is to be freed in steps (`releaseStep`), and its view to have the same `root`.
   */
  parts(root: Address, parts: NamedParts): void
}

/** Some of the doubles of a block, counted from its first one on. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** The parts of a value in the order of the bytes of their names, however it changes in between. */
export interface NamedParts {
  /**
   * Save about `budget` parts whose names come behind `after`, from the first on when that is null, but none of which `passes`
   * says that it is passed over. Returns the last name that it came to, or null at the end.
   */
  some(sink: SaveSink, after: Buffer | null, budget: number, passes: (name: Buffer) => boolean): Buffer | null
  /** Save what has this name, if anything has. */
  one(sink: SaveSink, name: Buffer): void
}

/** Where a type reads its value from, in the order in which it was saved. Each throws when the data is damaged. */
export interface LoadSource {
  /** Throws for a number above 2^53, for which there is `unsigned64`. */
  unsigned(): number
  unsigned64(): bigint
  /** Throws for a number beyond 2^53, for which there is `signed64`. */
  signed(): number
  signed64(): bigint
  /** The bytes stay valid until the next call. */
  string(out: Range): Range
  text(): string
  double(): number
  float(): number
}

/** A command of the rewritten append-only file, its arguments in order. */
export type EmitCommand = (args: readonly (string | Buffer | number)[]) => void

/** Takes what a value holds for DEBUG DIGEST. */
export interface DigestSink {
  /** Whether to tell also what Redis's digest leaves out: when something expires, consumer groups. */
  readonly isExact: boolean
  /** One thing after the other: the order matters. */
  inOrder(from: Buffer, start: number, end: number): void
  /** One thing of many: the order is no matter. */
  inAnyOrder(from: Buffer, start: number, end: number): void
  /** A part of an element. The order of its parts matters, that of elements does not. */
  part(from: Buffer, start: number, end: number): void
  partText(text: string): void
  /** That the element expires, and when. */
  partExpires(atMs: number): void
  /** The element ends. */
  end(): void
}

/** A lens over one record; see the header. */
export abstract class View {
  db!: Database
  /** The key's record. It may move when an inline value grows: keep no other copy of it. */
  record: Address = 0

  /** Look at a record of this view's type. A subclass that caches anything of the value loads it in `load`. */
  bind(db: Database, record: Address): this {
    this.db = db
    this.record = record
    this.load()
    return this
  }

  /** Called after every bind, and after the record moved. */
  load(): void {}
}

/** A kind of value. Declarations are shared by servers, so they hold no state. */
export interface ValueType<V extends object = object> {
  /** What TYPE answers. */
  readonly name: string
  /** Index in the keyspace's list. Native types have fixed numbers; `host.type` returns a copy with a number. */
  readonly id: number
  /** 'view' for INLINE and BLOCK values, 'object' for JavaScript objects under a handle. */
  readonly form: 'view' | 'object'
  /** The refusal of a key of another type; WRONGTYPE when left out. */
  readonly wrongType?: ReplyError
  /** RDB: the module type's nine characters and the version it writes; native types have theirs in persistence/. */
  readonly module?: { readonly name: string; readonly version: number }
  /** A fresh view, unbound (form 'view'). */
  view?(db: Database): V
  /**
   * The encoding byte of a value that lies in its record as structs/packed.ts lays it out, and as structs/intset.ts does.
   * Those who load and save know these layouts too.
   */
  readonly packed?: { readonly elements: number; readonly integers: number }
  /**
   * Make an empty value in a record that was just made, and return it: the object for 'object', and otherwise
   * `db.view(record, type)` of the record, which may have moved.
   */
  create(db: Database, record: Address): V
  /** Free what the value holds beyond its record. */
  release(value: V, db: Database): void
  /** Free a part of it, about `budget` elements; true when nothing is left. Absent: `release` does it at once. */
  releaseStep?(value: V, db: Database, budget: number): boolean
  /**
   * For values whose parts expire by themselves, as the fields of a hash do; see Database.scheduleParts. The value is
   * about to leave its database, or to be freed ...
   */
  leave?(value: V): void
  /** ... or came to stand in another record, perhaps of another database. */
  enter?(value: V): void
  /** Take out up to `budget` parts whose time has come; returns their names. */
  expire?(value: V, budget: number): Buffer[]
  /** Whether nothing is left after that. */
  isEmpty?(value: V): boolean
  /** Elements, by which UNLINK and eviction decide whether to free in slices. */
  elements?(value: V): number
  /** Bytes that the value holds beyond its record. */
  sizeBytes(value: V): number
  /** What OBJECT ENCODING answers. */
  encoding(value: V): string
  /** Fill `to`, a new empty value of this type, with what `from` holds. */
  copy(from: V, to: V, fromKey: Range, toKey: Range): void
  /** Why COPY is refused, for the types that refuse it. */
  readonly copyRefusal?: ReplyError
  /** Write the value for RDB files, DUMP and RESTORE in append-only files, as `load` reads it. It changes nothing. */
  save(value: V, sink: SaveSink): void
  /**
   * About how many pieces (of 4 KB, or blocks) `save` hands over by `block` and `row`. A value of many is written in pieces
   * by a snapshot in the background. Absent: it is written at once.
   */
  pieces?(value: V): number
  /** Fill a new empty value with what `save` of this or an older `version` wrote. Throws on damaged data. */
  load(value: V, source: LoadSource, version: number): void
  /** The commands that make this value. Absent: the append-only file holds a RESTORE. */
  rewrite?(key: Range, value: V, emit: EmitCommand): void
  /** Tell what the value holds, so that two values that hold the same give the same: for DEBUG DIGEST. */
  digest(value: V, sink: DigestSink): void
}

/** A type as a module declares it: its number is given when it is registered. */
export type TypeDeclaration<V extends object = object> = Omit<ValueType<V>, 'id'>

/**
 * Declare a type. Every declaration gets the same fields in the same order, so that the keyspace, which serves all types
 * in one place, finds a field without asking which type it has before it.
 */
export function valueType<V extends object>(type: ValueType<V>): ValueType<V>
export function valueType<V extends object>(type: TypeDeclaration<V>, id: number): ValueType<V>
export function valueType<V extends object>(
  type: TypeDeclaration<V> & { readonly id?: number },
  id = type.id!,
): ValueType<V> {
  return Object.freeze(new Declared(type, id))
}

/** All that a ValueType may have, each field there: one that is forgotten in `Declared` does not compile. */
type Complete<V extends object> = { readonly [K in keyof Required<ValueType<V>>]: ValueType<V>[K] }

class Declared<V extends object> implements Complete<V> {
  readonly name: string
  readonly id: number
  readonly form: 'view' | 'object'
  readonly wrongType: ReplyError | undefined
  readonly module: ValueType<V>['module']
  readonly packed: ValueType<V>['packed']
  readonly view: ValueType<V>['view']
  readonly create: ValueType<V>['create']
  readonly release: ValueType<V>['release']
  readonly releaseStep: ValueType<V>['releaseStep']
  readonly leave: ValueType<V>['leave']
  readonly enter: ValueType<V>['enter']
  readonly expire: ValueType<V>['expire']
  readonly isEmpty: ValueType<V>['isEmpty']
  readonly elements: ValueType<V>['elements']
  readonly sizeBytes: ValueType<V>['sizeBytes']
  readonly encoding: ValueType<V>['encoding']
  readonly copy: ValueType<V>['copy']
  readonly copyRefusal: ReplyError | undefined
  readonly save: ValueType<V>['save']
  readonly pieces: ValueType<V>['pieces']
  readonly load: ValueType<V>['load']
  readonly rewrite: ValueType<V>['rewrite']
  readonly digest: ValueType<V>['digest']

  constructor(type: TypeDeclaration<V>, id: number) {
    this.name = type.name
    this.id = id
    this.form = type.form
    this.wrongType = type.wrongType
    this.module = type.module
    this.packed = type.packed
    this.view = type.view?.bind(type)
    this.create = type.create.bind(type)
    this.release = type.release.bind(type)
    this.releaseStep = type.releaseStep?.bind(type)
    this.leave = type.leave?.bind(type)
    this.enter = type.enter?.bind(type)
    this.expire = type.expire?.bind(type)
    this.isEmpty = type.isEmpty?.bind(type)
    this.elements = type.elements?.bind(type)
    this.sizeBytes = type.sizeBytes.bind(type)
    this.encoding = type.encoding.bind(type)
    this.copy = type.copy.bind(type)
    this.copyRefusal = type.copyRefusal
    this.save = type.save.bind(type)
    this.pieces = type.pieces?.bind(type)
    this.load = type.load.bind(type)
    this.rewrite = type.rewrite?.bind(type)
    this.digest = type.digest.bind(type)
  }
}
