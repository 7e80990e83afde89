/* Context -- what a handler is given besides its arguments.
 *
 * One stands on each level of the call stack and is reused, so a handler keeps nothing of it beyond its return. */

import { Range } from '../base/bytes.ts'
import type { Database } from '../keyspace/database.ts'
import type { Reply } from '../resp/reply.ts'
import { Args } from './args.ts'
import { CLIENT_GATE, type Client } from './client.ts'
import type { Engine } from './engine.ts'
import { type KeyWait, Suspended } from './suspend.ts'
import type { Entry } from './table.ts'

/** How a command waits for keys; see Context.waitForKeys. */
export interface WaitOptions {
  /** The keys, any of which may serve it. They are copied. */
  readonly keys: readonly Range[]
  /** Ids of the value types that can serve the command. */
  readonly types: readonly number[]
  /** Milliseconds; 0: for ever. */
  readonly timeoutMs: number
  /** Writes the answer when the time is up. */
  readonly onTimeout: (reply: Reply) => void
  /** Also run again when a key vanished or holds another type. */
  readonly onVanished?: boolean
  /** Handed back as `ctx.wait` in the next run. */
  readonly state?: unknown
}

/** What a key's specification says of a key that is read. */
const READING: readonly string[] = ['access']

/** What a handler is given. The fields are those of the running command, and change with the next one. */
export class Context {
  readonly engine: Engine
  /** The arguments, which the handler is given too. */
  args = new Args()
  /** Scratch for a value that a structure names. */
  readonly out = new Range()
  /** Who sent the command. */
  client!: Client
  /** The client's database. */
  db!: Database
  /** Where the answer is written. */
  reply!: Reply
  /** The command itself, as this server knows it. */
  entry!: Entry
  /** Whether the command may be suspended: not in a transaction, a script or a module's call. */
  mayBlock = false
  /** The suspension that this run serves, when the command runs again. */
  resumed: Suspended | null = null
  /** Effects stated by the handler itself; see `propagate`. */
  stated = false

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** Milliseconds since 1970, the same for the whole command. */
  get nowMs(): number {
    return this.engine.keyspace.nowMs
  }

  /** Whether effects must be stated: nobody reads the log otherwise, and building them is work for nothing. */
  get propagates(): boolean {
    return this.engine.propagation.active
  }

  /** State the effect of this command, in place of the command itself. May be called several times. */
  propagate(...values: (string | Buffer | number | bigint | Range)[]): void {
    this.stated = true
    if (!this.engine.propagation.active) return
    this.engine.propagation.add(
      this.db.number,
      values.map(value => (value instanceof Range ? value.copy() : value)),
    )
  }

  /** Whether access rules may forbid the client something. */
  get isRestricted(): boolean {
    return (this.client.gates & CLIENT_GATE.restricted) !== 0
  }

  /** Whether the client may read a key that its arguments do not name. */
  mayRead(key: Range): boolean {
    return !this.isRestricted || this.engine.checks.allowsKey(this.client, key, READING)
  }

  /** This command has no effect to propagate, whatever it changed. */
  propagateNothing(): void {
    this.stated = true
  }

  /** What the first run of a waiting command left for this one, or null in the first. */
  get wait(): unknown {
    return this.resumed?.wait?.state ?? null
  }

  /**
   * Suspend the command until one of the keys can serve it, or the time is up: the handler returns what this returns, and is run
   * again. Where nobody may wait it answers at once, as when the time is up.
   */
  waitForKeys(options: WaitOptions): Suspended | undefined {
    if (this.resumed !== null) return this.resumed
    if (!this.mayBlock) {
      options.onTimeout(this.reply)
      return undefined
    }
    const suspended = new Suspended(this.client, this.entry, this.args.copy())
    const wait: KeyWait = {
      db: this.db,
      keys: [...new Set(options.keys.map(key => key.latin1()))],
      types: options.types,
      onVanished: options.onVanished ?? false,
      onTimeout: options.onTimeout,
      state: options.state ?? null,
    }
    suspended.wait = wait
    this.engine.beginWait(suspended, options.timeoutMs)
    return suspended
  }

  /**
   * Suspend the command for a job. `start` is given what ends it: a function that writes the reply.
   * `onCancel` is called when the client leaves before that.
   */
  suspend(
    start: (finish: (write: (reply: Reply) => void) => void) => void,
    onCancel?: () => void,
    onTimeout?: (reply: Reply) => void,
  ): Suspended {
    const suspended = new Suspended(this.client, this.entry, this.args.copy())
    suspended.onCancel = onCancel ?? null
    suspended.onTimeout = onTimeout ?? null
    this.engine.beginJob(suspended)
    start(write => this.engine.finish(suspended, write))
    return suspended
  }
}
