/* Hosting -- the hosts of a server's modules.
 *
 * A host passes on to the engine what its module registers, and remembers how each piece is taken back until the module is
 * loaded: one that fails half way leaves nothing behind. */

import { type Range, Range as ByteRange } from '../base/bytes.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { ReplyError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { AuxData } from '../command/aux-data.ts'
import type { Client } from '../command/client.ts'
import type { Parameter } from '../command/config.ts'
import { readDocs } from '../command/docs.ts'
import type { Engine } from '../command/engine.ts'
import { wrongArity } from '../command/gates.ts'
import { InfoRegistry } from '../command/info.ts'
import { type Command, FLAG } from '../command/spec.ts'
import type { Entry } from '../command/table.ts'
import type { Database } from '../keyspace/database.ts'
import type { EventDetail } from '../keyspace/keyspace.ts'
import type { TypeDeclaration, ValueType } from '../keyspace/value-type.ts'
import type { Memory } from '../memory/arena.ts'
import { type ReplyValue, readReply } from '../resp/reader.ts'
import {
  type CommandOptions,
  type Host,
  type KeyListener,
  type LoadedModule,
  type Module,
  ModuleRegistry,
} from './host.ts'
import { type Play, Rehearsals } from './rehearsal.ts'
import { Stage } from './stage.ts'

/** How an RDB file names the type of a module's value, and which versions it can say. */
const TYPE_NAME = /^[A-Za-z0-9_-]{9}$/
const VERSION_MAX = 1023

/** Load a module into a server. Rejects, with nothing left of it, when its `load` does or one of its name is there. */
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
  const host = new ModuleHost(engine, log, registry, loaded)
  try {
    await module.load(host, args)
  } catch (error) {
    host.withdraw()
    throw error
  }
  host.settle()
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
  /** A client for each level of calls that are under way: a listener may call while a call of its module runs. */
  readonly #clients: Client[] = []
  #callDepth = 0
  /** What is to run at the start, until the module is loaded. */
  readonly #starts: (() => void)[] = []
  /** What takes back each thing that was registered; null once that is for good. */
  #undo: (() => void)[] | null = []
  #isGone = false

  constructor(engine: Engine, log: Log, registry: ModuleRegistry, loaded: LoadedModule) {
    this.#engine = engine
    this.#registry = registry
    this.#loaded = loaded
    this.memory = engine.keyspace.memory
    this.clock = engine.clock
    this.random = engine.random
    this.log = log
    this.#join(engine.onClose, () => this.#cancelTimers())
  }

  /** The module is loaded: what it registered stays. */
  settle(): void {
    this.#undo = null
    for (const run of this.#starts.splice(0)) this.onStart(run)
  }

  /** The module failed to load: all that it registered goes, the last first. */
  withdraw(): void {
    this.#isGone = true
    this.#cancelTimers()
    for (const undo of this.#undo?.reverse() ?? []) undo()
    this.#undo = null
  }

  #cancelTimers(): void {
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }

  /** Add to a list of the engine's. */
  #join<T>(list: T[], item: T): void {
    list.push(item)
    this.#undo?.push(() => {
      const at = list.lastIndexOf(item)
      if (at >= 0) list.splice(at, 1)
    })
  }

  get databases(): readonly Database[] {
    return this.#engine.keyspace.databases
  }

  get isLoading(): boolean {
    return this.#engine.isLoading
  }

  type<V extends object>(type: TypeDeclaration<V>): ValueType<V> {
    const { keyspace } = this.#engine
    const { name, version } = type.module ?? { name: '', version: 0 }
    if (!TYPE_NAME.test(name)) throw new Error(`type ${type.name}: module.name must be nine of A-Z a-z 0-9 - _`)
    if (!Number.isInteger(version) || version < 0 || version > VERSION_MAX)
      throw new Error(`type ${type.name}: module.version must be between 0 and ${VERSION_MAX}`)
    if (keyspace.types.some(other => other?.module?.name === name)) throw new Error(`type ${name} is there already`)
    const registered = keyspace.registerType(type)
    this.#loaded.types.push(registered as unknown as ValueType)
    this.#undo?.push(() => keyspace.forgetType(registered.id))
    return registered
  }

  commands(commands: readonly Command[], options: CommandOptions = {}): void {
    const { table } = this.#engine
    const arityError = options.arityError ?? wrongArity
    for (const { name, parent } of commands) {
      const there = table.get(parent ?? name)
      const isOurs = parent !== null && there?.module === this.#loaded.name
      if (there !== null && !isOurs) throw new Error(`command ${there.name} is there already`)
    }
    const open = commands.map(command => withOwnArity(command, arityError))
    const before = new Set(table)
    this.#engine.addCommands('module', open, this.#loaded.name)
    const docs = readDocs(options.docs ?? '')
    for (const entry of table) {
      if (before.has(entry)) continue
      this.#loaded.commands.push(entry)
      this.#undo?.push(() => table.delete(entry))
      for (const one of [entry, ...(entry.subcommands ?? [])]) one.docs = docs.get(one.name) ?? null
    }
  }

  category(name: string): void {
    this.#join(this.#engine.extraCategories, name)
  }

  config(parameters: readonly Parameter[]): void {
    const { config } = this.#engine
    for (const { name } of parameters)
      if (config.find(name) !== undefined) throw new Error(`parameter ${name} is there already`)
    config.add(parameters)
    this.#loaded.parameters.push(...parameters)
    this.#undo?.push(() => {
      for (const parameter of parameters) config.remove(parameter)
    })
  }

  info(section: string, lines: () => Iterable<readonly [string, string | number]>): void {
    const { name } = this.#loaded
    const registry = this.#engine.service(InfoRegistry)
    registry.add(`${name}_${section}`, lines, { isDefault: false, module: name })
    this.#undo?.push(() => registry.removeModule(name))
  }

  onKey(kinds: number, listener: KeyListener): void {
    this.#engine.listen(listener, kinds)
    this.#undo?.push(() => this.#engine.listen(listener, 0))
  }

  onFlush(listener: (db: Database | null) => void): void {
    this.#join(this.#engine.onFlushAll, () => listener(null))
    this.#join(this.#engine.onFlushDb, listener)
  }

  onStart(run: () => void): void {
    if (this.#undo !== null) this.#starts.push(run)
    else if (this.#registry.started) run()
    else this.#registry.onStart.push(run)
  }

  onStop(run: () => void | Promise<void>): void {
    this.#join(this.#engine.onClose, run)
  }

  timer(delayMs: number, run: () => void): Timer {
    const timer = this.clock.after(delayMs, () => {
      this.#timers.delete(timer)
      this.#work(run)
    })
    this.#timers.add(timer)
    return timer
  }

  soon(run: () => void): void {
    // What is loaded in slices is whole to modules: their work waits until all is there.
    if (this.#engine.isLoading) this.#engine.whenLoaded.push(() => this.soon(run))
    else this.clock.soon(() => (this.#engine.isLoading ? this.soon(run) : this.#work(run)))
  }

  /** Work that nobody waits for: its faults are ours to log, and end neither the unit nor the process. */
  #work(run: () => void): void {
    if (this.#isGone) return
    try {
      this.unit(run)
    } catch (error) {
      this.#engine.onFault(error)
    }
  }

  rehearse(play: Play): void {
    this.#engine.service(Rehearsals).begin(play)
  }

  stage(): Stage {
    const loaded = { ...this.#loaded, types: [], commands: [], parameters: [] }
    return new Stage(this.#engine, engine => new ModuleHost(engine, this.log, new ModuleRegistry(), loaded))
  }

  unit(run: () => void): void {
    if (this.#engine.closed) return
    if (this.#engine.depth >= 0) {
      run()
      return
    }
    this.#engine.setTime()
    this.#engine.keyspace.sequence++
    try {
      run()
    } finally {
      this.#engine.endUnit()
    }
  }

  call(db: Database, ...args: (string | Buffer | number | bigint)[]): ReplyValue {
    const client = (this.#clients[this.#callDepth] ??= this.#engine.addClient(null, true))
    client.db = db
    this.#callDepth++
    try {
      this.#engine.call(client, args)
    } finally {
      this.#callDepth--
    }
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
    this.#join(this.#engine.auxData, data)
  }

  provide(name: string, service: object): void {
    const { services } = this.#registry
    services.set(name, service)
    this.#undo?.push(() => services.delete(name))
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
