/* Host -- what a server is to a module.
 *
 * One Host is made for each module in each server (hosting.ts). What a module registers is shown by MODULE LIST, COMMAND and
 * CONFIG, and taken back if it fails to load. */

import type { Range } from '../base/bytes.ts'
import type { Clock, Timer } from '../base/clock.ts'
import type { ReplyError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { AuxData } from '../command/aux-data.ts'
import type { Parameter } from '../command/config.ts'
import type { Context } from '../command/context.ts'
import type { Command } from '../command/spec.ts'
import type { Entry } from '../command/table.ts'
import type { Database } from '../keyspace/database.ts'
import type { EventDetail } from '../keyspace/keyspace.ts'
import type { TypeDeclaration, ValueType } from '../keyspace/value-type.ts'
import type { Memory } from '../memory/arena.ts'
import type { ReplyValue } from '../resp/reader.ts'
import type { Play } from './rehearsal.ts'
import type { Stage } from './stage.ts'

/** A module, as its file exports it. */
export interface Module {
  /** The name in MODULE LIST, of which a server loads one. Commands, parameters and services begin with it, by custom. */
  readonly name: string
  /** A whole number, such as 20800 for 2.8.0. */
  readonly version: number
  /**
   * Set up in a server. `args` are the words behind its name in loadmodule. Commands are served once it is over, or its promise
   * resolves. An error refuses the load, and what was registered until then is taken back.
   */
  load(host: Host, args: readonly string[]): void | Promise<void>
}

/**
 * Hears of an event: `kind` is a bit of EVENT, `event` its name, such as `del`, `detail` names what changed inside the value, when
 * that is known. `key` is good until the listener returns; `copy()` to keep it.
 */
export type KeyListener = (
  db: Database,
  kind: number,
  event: string,
  key: Range,
  detail: EventDetail | undefined,
) => void

/** What may be said about commands beside their declarations. */
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
  /** Memory off the heap, for values of the form `view`. */
  readonly memory: Memory
  /** The server's time; in a test it is turned by hand, so ask no other. */
  readonly clock: Clock
  /** The server's chance; in a test it repeats itself, so ask no other. */
  readonly random: Random
  /** The server's log, by level: `debug`, `verbose`, `notice`, `warning`. */
  readonly log: Log
  /** The databases, by number. */
  readonly databases: readonly Database[]
  /** Whether the data are being read from files: events then tell of keys as they are found there. */
  readonly isLoading: boolean

  // ------------------------------------------------------------------ registering; in `load`

  /**
   * Register a kind of value; use the result wherever a type is asked for.
   * @throws Error when it says no `module`, or one that is taken, or that an RDB file cannot name: nine of A-Z a-z 0-9 - _
   */
  type<V extends object>(type: TypeDeclaration<V>): ValueType<V>
  /** Register commands. @throws Error when one is there already */
  commands(commands: readonly Command[], options?: CommandOptions): void
  /** Add an ACL category of the module's own; commands are in it by `@name` among their flags. */
  category(name: string): void
  /** Add parameters, for CONFIG and redis.conf, under the names given. @throws Error when one is there already */
  config(parameters: readonly Parameter[]): void
  /** Add a section to INFO, which shows it as `module_section` when asked for it, for the module, or for everything. */
  info(section: string, lines: () => Iterable<readonly [string, string | number]>): void
  /** Hear of events of keys; `kinds` are bits of EVENT. The listener runs inside the command: it is quick, and may not block. */
  onKey(kinds: number, listener: KeyListener): void
  /** Hear of FLUSHDB, with its database, and of FLUSHALL, with null; also when there was nothing to remove. */
  onFlush(listener: (db: Database | null) => void): void
  /** Run when the server is ready, after its data were loaded; once the module is loaded where it is ready already. */
  onStart(run: () => void): void
  /** Run when the server closes, which waits for it. */
  onStop(run: () => void | Promise<void>): void
  /** Keep data in RDB files beside keys. */
  aux(data: AuxData): void
  /** Offer something to other modules under a name. */
  provide(name: string, service: object): void
  /** What another module offers, or null while it is not loaded: ask again when it is needed. */
  find<T extends object>(name: string): T | null
  /** Whether a module of this name is loaded. */
  isLoaded(name: string): boolean

  // ------------------------------------------------------------------ work outside commands

  /**
   * Run once after a delay in milliseconds, as a unit; set another for the next time. An error that it throws is logged. It keeps no
   * process alive, and is cancelled when the server closes.
   */
  timer(delayMs: number, run: () => void): Timer
  /** Run between the turns of the loop, as a unit: one slice of background work, at most a millisecond. */
  soon(run: () => void): void
  /** Have code compiled before it is needed, by playing with it between the turns of the loop; see rehearsal.ts. */
  rehearse(play: Play): void
  /** A server of its own for a play: keys, and the commands that the play registers. It gives them back in the end; see stage.ts. */
  stage(): Stage
  /** Run writes outside a command as a unit: views, propagation and waiting clients as after a command. Inside one it just runs. */
  unit(run: () => void): void
  /** State an effect outside a command, such as what a timer changed: the command by which files and replicas repeat it. */
  propagate(db: Database, ...values: (string | Buffer | number | bigint)[]): void

  // ------------------------------------------------------------------ keys and commands

  /**
   * Run a command and return its reply; an error reply is an ErrorReply object. It belongs to the running unit, and is propagated
   * like a client's. It may not wait: BLPOP answers as inside MULTI.
   * @throws TypeError for an argument that is neither text, bytes nor a number
   */
  call(db: Database, ...args: (string | Buffer | number | bigint)[]): ReplyValue
  /** The value of a key, or null; for reading, or for changing. @throws WRONGTYPE, or what the type says instead */
  open<V extends object>(db: Database, key: Range, type: ValueType<V>, mode: 'read' | 'write'): V | null
  /** Visit keys in slices: `visit` gets each record's key; returns the next cursor, 0 at the end. Start with -1. */
  scan(db: Database, cursor: number, count: number, visit: (key: Range, record: number) => void): number
  /** Before a write, for one outside a command's own database; `open` and `create` of a Database say it by themselves. */
  change(db: Database, key: Range): void
  /** After a write: WATCH, tracking and clients that wait for the key hear of it. */
  changed(db: Database, key: Range): void
  /** Tell an event, whose `kind` is a bit of EVENT: EVENT.module for one of the module's own. */
  notify(db: Database, kind: number, event: string, key: Range, detail?: EventDetail): void
  /** Suspend the running command; see Context.suspend. */
  readonly suspend: (ctx: Context, ...args: Parameters<Context['suspend']>) => ReturnType<Context['suspend']>
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
