/* Host -- what a server is to a module.
 *
 * One Host is made for each module in each server. It remembers what the module registered, so that MODULE LIST can show it and a
 * module that failed to load leaves nothing behind. */

import { type Range, Range as ByteRange } from '../base/bytes.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { AuxData } from '../command/aux-data.ts'
import { readDocs } from '../command/docs.ts'
import { FLAG, type Command } from '../command/spec.ts'
import type { Client } from '../command/client.ts'
import type { Parameter } from '../command/config.ts'
import type { Context } from '../command/context.ts'
import type { Engine, EventListener } from '../command/engine.ts'
import { wrongArity } from '../command/gates.ts'
import { InfoRegistry } from '../command/info.ts'
import type { Entry } from '../command/table.ts'
import type { ReplyError } from '../base/errors.ts'
import type { Database } from '../keyspace/database.ts'
import type { EventDetail } from '../keyspace/keyspace.ts'
import type { ValueType } from '../keyspace/value-type.ts'
import type { Memory } from '../memory/arena.ts'
import { type ReplyValue, readReply } from '../resp/reader.ts'
import { type Play, Rehearsals } from './rehearsal.ts'
import { Stage } from './stage.ts'

/** A module, as its file exports it. */
export interface Module {
  /** The name in MODULE LIST. */
  readonly name: string
  /** A whole number, such as 20800 for 2.8.0. */
  readonly version: number
  /** Set up in a server. `args` are the words behind its name in loadmodule. Throwing refuses the load. */
  load(host: Host, args: readonly string[]): void | Promise<void>
}

/** Hears of an event: `kind` is a bit of EVENT, `detail` names what changed inside the value, when that is known. */
export type KeyListener = (
  db: Database,
  kind: number,
  event: string,
  key: Range,
  detail: EventDetail | undefined,
) => void

export interface CommandOptions {
  /** The text for a wrong number of arguments; the usual one when left out. */
  readonly arityError?: (entry: Entry) => ReplyError
  /** What COMMAND DOCS tells of the commands: lines such as `get 1.0.0 O(1): Returns the string of a key.` */
  readonly docs?: string
}

/** A server, as a module sees it. */
export interface Host {
  /** Grows when something is added here; nothing is ever taken away within a major version. */
  readonly apiVersion: 1
  readonly memory: Memory
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** The databases, by number. */
  readonly databases: readonly Database[]
  /** Whether the data are being read from files: events then tell of keys as they are found there. */
  readonly isLoading: boolean

  /** Register a kind of value; use the result wherever a type is asked for. */
  type<V extends object>(type: ValueType<V>): ValueType<V>
  /** Register commands. */
  commands(commands: readonly Command[], options?: CommandOptions): void
  /** Add an ACL category of the module's own. */
  category(name: string): void
  /** Add parameters, which CONFIG shows as `module-name.parameter` or under the names given. */
  config(parameters: readonly Parameter[]): void
  /** Add a section to INFO. */
  info(section: string, lines: () => Iterable<readonly [string, string | number]>): void
  /** Hear of events of keys; `kinds` are bits of EVENT. The listener runs inside the command: it is quick, and may not block. */
  onKey(kinds: number, listener: KeyListener): void
  /** Hear of FLUSHDB, with its database, and of FLUSHALL, with null; also when there was nothing to remove. */
  onFlush(listener: (db: Database | null) => void): void
  /** Run when the server is ready, after its data were loaded. */
  onStart(run: () => void): void
  /** Run when the server closes. */
  onStop(run: () => void | Promise<void>): void
  /** Run after a delay, outside of any command. Cancelled when the server closes. */
  timer(delayMs: number, run: () => void): Timer
  /** Run between the turns of the loop: one slice of background work, at most a millisecond. */
  soon(run: () => void): void
  /** Have code compiled before it is needed, by playing with it between the turns of the loop; see rehearsal.ts. */
  rehearse(play: Play): void
  /** Keys of its own for a play, which gives them back in the end; see stage.ts. */
  stage(): Stage
  /** Run a command and return its reply; an error reply is an ErrorReply object. It belongs to the running unit. */
  call(db: Database, ...args: (string | Buffer | number | bigint)[]): ReplyValue
  /** The value of a key, or null; for reading, or for changing. @throws WRONGTYPE */
  open<V extends object>(db: Database, key: Range, type: ValueType<V>, mode: 'read' | 'write'): V | null
  /** Visit keys in slices: `visit` gets each record's key; returns the next cursor, 0 at the end. Start with -1. */
  scan(db: Database, cursor: number, count: number, visit: (key: Range, record: number) => void): number
  /** Before, after, and told: the moments of a write, for writes outside a command's own database. */
  change(db: Database, key: Range): void
  changed(db: Database, key: Range): void
  notify(db: Database, kind: number, event: string, key: Range, detail?: EventDetail): void
  /** State an effect outside a command, such as what a timer changed. */
  propagate(db: Database, ...values: (string | Buffer | number | bigint)[]): void
  /** Run writes outside a command as a unit: views, propagation and waiting clients as after a command. */
  unit(run: () => void): void
  /** Suspend the running command; see Context.suspend. */
  readonly suspend: (ctx: Context, ...args: Parameters<Context['suspend']>) => ReturnType<Context['suspend']>
  /** Keep data in RDB files beside keys. */
  aux(data: AuxData): void
  /** Offer something to other modules under a name. */
  provide(name: string, service: object): void
  /** What another module offers, or null while it is not loaded: ask again when it is needed. */
  find<T extends object>(name: string): T | null
  /** Whether a module of this name is loaded. */
  isLoaded(name: string): boolean
}

/** Everything that modules of one server registered. */
export class ModuleRegistry {
  readonly loaded: LoadedModule[] = []
  readonly services = new Map<string, object>()
  readonly onStart: (() => void)[] = []
  started = false

  get(name: string): LoadedModule | undefined {
    return this.loaded.find(module => module.name === name)
  }
}

/** A module that is loaded in a server. */
export interface LoadedModule {
  readonly name: string
  readonly version: number
  readonly path: string
  readonly args: readonly string[]
  readonly types: ValueType[]
  readonly commands: Entry[]
  readonly parameters: Parameter[]
}

/** Load a module into a server. */
export async function loadModule(
  engine: Engine,
  log: Log,
  module: Module,
  path: string,
  args: readonly string[],
): Promise<LoadedModule> {
  const registry = engine.service(ModuleRegistry)
  if (registry.get(module.name) !== undefined) throw new Error(`module ${module.name} is loaded already`)
  const loaded: LoadedModule = {
    name: module.name,
    version: module.version,
    path,
    args,
    types: [],
    commands: [],
    parameters: [],
  }
  await module.load(new ModuleHost(engine, log, registry, loaded), args)
  registry.loaded.push(loaded)
  return loaded
}

class ModuleHost implements Host {
  readonly apiVersion = 1 as const
  readonly memory: Memory
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly #engine: Engine
  readonly #registry: ModuleRegistry
  readonly #loaded: LoadedModule
  readonly #timers = new Set<Timer>()
  #client: Client | null = null

  constructor(engine: Engine, log: Log, registry: ModuleRegistry, loaded: LoadedModule) {
    this.#engine = engine
    this.#registry = registry
    this.#loaded = loaded
    this.memory = engine.keyspace.memory
    this.clock = engine.clock
    this.random = engine.random
    this.log = log
    engine.onClose.push(() => {
      for (const timer of this.#timers) timer.cancel()
    })
  }

  get databases(): readonly Database[] {
    return this.#engine.keyspace.databases
  }

  get isLoading(): boolean {
    return this.#engine.isLoading
  }

  type<V extends object>(type: ValueType<V>): ValueType<V> {
    const registered = this.#engine.keyspace.registerType(type)
    this.#loaded.types.push(registered as unknown as ValueType)
    return registered
  }

  commands(commands: readonly Command[], options: CommandOptions = {}): void {
    const arityError = options.arityError ?? wrongArity
    const open = commands.map(command => withOwnArity(command, arityError))
    const before = new Set(this.#engine.table)
    this.#engine.addCommands('module', open, this.#loaded.name)
    const docs = readDocs(options.docs ?? '')
    for (const entry of this.#engine.table) {
      if (before.has(entry)) continue
      this.#loaded.commands.push(entry)
      for (const one of [entry, ...(entry.subcommands ?? [])]) one.docs = docs.get(one.name) ?? null
    }
  }

  category(name: string): void {
    this.#engine.extraCategories.push(name)
  }

  config(parameters: readonly Parameter[]): void {
    this.#engine.config.add(parameters)
    this.#loaded.parameters.push(...parameters)
  }

  info(section: string, lines: () => Iterable<readonly [string, string | number]>): void {
    const { name } = this.#loaded
    this.#engine.service(InfoRegistry).add(`${name}_${section}`, lines, { isDefault: false, module: name })
  }

  onKey(kinds: number, listener: KeyListener): void {
    this.#engine.listen(listener as EventListener, kinds)
  }

  onFlush(listener: (db: Database | null) => void): void {
    this.#engine.onFlushAll.push(() => listener(null))
    this.#engine.onFlushDb.push(listener)
  }

  onStart(run: () => void): void {
    if (this.#registry.started) run()
    else this.#registry.onStart.push(run)
  }

  onStop(run: () => void | Promise<void>): void {
    this.#engine.onClose.push(run)
  }

  timer(delayMs: number, run: () => void): Timer {
    const timer = this.clock.after(delayMs, () => {
      this.#timers.delete(timer)
      this.unit(run)
    })
    this.#timers.add(timer)
    return timer
  }

  soon(run: () => void): void {
    // What is loaded in slices is whole to modules: their work waits until all is there.
    if (this.#engine.isLoading) this.#engine.whenLoaded.push(() => this.soon(run))
    else this.clock.soon(() => (this.#engine.isLoading ? this.soon(run) : this.unit(run)))
  }

  rehearse(play: Play): void {
    this.#engine.service(Rehearsals).begin(play)
  }

  stage(): Stage {
    const loaded = { ...this.#loaded, types: [], commands: [], parameters: [] }
    return new Stage(this.clock, engine => new ModuleHost(engine, this.log, new ModuleRegistry(), loaded))
  }

  unit(run: () => void): void {
    if (this.#engine.closed) return
    if (this.#engine.depth >= 0) {
      run()
      return
    }
    this.#engine.setTime()
    this.#engine.keyspace.sequence++
    run()
    this.#engine.endUnit()
  }

  call(db: Database, ...args: (string | Buffer | number | bigint)[]): ReplyValue {
    const client = (this.#client ??= this.#engine.addClient(null, true))
    client.db = db
    this.#engine.call(client, args)
    const bytes = client.reply.take()
    return readReply(bytes, 0, bytes.length)
  }

  open<V extends object>(db: Database, key: Range, type: ValueType<V>, mode: 'read' | 'write'): V | null {
    return mode === 'read' ? db.read(key, type) : db.open(key, type)
  }

  scan(db: Database, cursor: number, count: number, visit: (key: Range, record: number) => void): number {
    const key = new ByteRange()
    let at = cursor < 0 ? db.keys.count : Math.min(cursor, db.keys.count)
    for (let n = 0; n < count && at > 0; n++) {
      const record = db.keys.at(--at)
      visit(db.keys.key(record, key), record)
      at = Math.min(at, db.keys.count)
    }
    return at
  }

  change(db: Database, key: Range): void {
    const record = db.find(key)
    if (record !== 0) this.#engine.keyspace.change(db, record)
  }

  changed(db: Database, key: Range): void {
    db.changed(key)
  }

  notify(db: Database, kind: number, event: string, key: Range, detail?: EventDetail): void {
    db.notify(kind, event, key, detail)
  }

  propagate(db: Database, ...values: (string | Buffer | number | bigint)[]): void {
    this.#engine.propagation.add(db.number, values)
  }

  readonly suspend: Host['suspend'] = (ctx, ...args) => ctx.suspend(...args)

  aux(data: AuxData): void {
    this.#engine.auxData.push(data)
  }

  provide(name: string, service: object): void {
    this.#registry.services.set(name, service)
  }

  find<T extends object>(name: string): T | null {
    return (this.#registry.services.get(name) as T | undefined) ?? null
  }

  isLoaded(name: string): boolean {
    return this.#registry.get(name) !== undefined
  }
}

/**
 * A module's command as the server registers it: open arity in COMMAND INFO, as the real modules have it, so that a
 * wrong number of arguments is found when the command runs and not when it is queued.
 */
function withOwnArity(command: Command, error: (entry: Entry) => ReplyError): Command {
  const { arity, flags, parent } = command
  const open = parent === null ? -1 : -2
  return Object.freeze({ ...command, arity: open, flags: flags | FLAG.module, lateArity: { arity, error } })
}
