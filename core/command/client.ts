/* Client -- one party that sends commands: behind a socket, inside the process, or a script.
 *
 * What belongs to a feature alone (subscriptions, a transaction's queue) stands here as a field that the feature owns
 * and that is null until it is used, because it must be at hand for every command. The connection is seen only through
 * the few things that commands do to it. */

import type { Database } from '../keyspace/database.ts'
import type { Watcher } from '../keyspace/watch.ts'
import type { Reply } from '../resp/reply.ts'
import type { Args } from './args.ts'
import type { Suspended } from './suspend.ts'
import type { Entry } from './table.ts'

/** What commands do to a connection. */
export interface Connection {
  /** `127.0.0.1:51234`, or the path of a Unix socket with `:0`. */
  readonly address: string
  readonly localAddress: string
  readonly descriptor: number
  readonly isUnix: boolean
  /** The program itself speaks, without a socket. */
  readonly isInProcess: boolean
  /** False until somebody has logged in: only small requests are taken then. */
  isTrusted: boolean
  /** Something was written to the client outside its own read event: send it at the end of this turn. */
  wake(): void
  /** Go on with input that waited while the client was suspended. */
  resume(): void
  /** Close when what was written has been sent. */
  closeAfterReply(): void
  /** Close now. */
  destroy(): void
  /** Bytes of input that wait, and the room set aside for them. */
  readonly inputBytes: number
  readonly inputRoom: number
  /** Bytes of output not yet taken by the system. */
  readonly outputBytes: number
}

/** A queued command of a transaction. */
export interface Queued {
  readonly entry: unknown
  readonly args: Args
}

/** A transaction being queued. */
export interface Transaction {
  readonly queue: Queued[]
  /** A command was refused while queueing: EXEC will abort. */
  spoiled: boolean
  bytes: number
}

/** Bits of a client's own state that some commands must be held against; see gates.ts. */
export const CLIENT_GATE = { unauthenticated: 1, multi: 2, subscribed: 4, restricted: 8, noTouch: 16 } as const

/** One client of one server. */
export class Client implements Watcher {
  /** As CLIENT ID tells it, from 1 on. */
  readonly id: number
  /** Null for scripts and modules, which speak from inside the process. */
  readonly connection: Connection | null
  /** Where its replies are written. */
  readonly reply: Reply
  /** The database that SELECT chose. */
  db: Database
  /** Bits of CLIENT_GATE. */
  gates = 0

  name = ''
  libraryName = ''
  libraryVersion = ''
  user = 'default'
  /** Milliseconds since 1970. */
  readonly createdMs: number
  lastUsedMs: number
  /** The last command, for CLIENT LIST. */
  lastEntry: Entry | null = null
  /** A script or a module speaks through this client: it may not block, and its writes belong to the caller's unit. */
  readonly isInternal: boolean

  /** What MULTI queues; null outside of it. */
  transaction: Transaction | null = null
  /** A watched key was touched. */
  broken = false
  /** The command that waits; input that comes meanwhile does too. */
  suspended: Suspended | null = null

  /** What it is subscribed to, one character a byte; owned by pub/sub. */
  channels: Set<string> | null = null
  patterns: Set<string> | null = null
  shardChannels: Set<string> | null = null
  isMonitor = false
  /** CLIENT REPLY: 'skip' mutes the next command only. */
  replies: 'on' | 'off' | 'skip' | 'skipping' = 'on'
  /** The running command wrote pushes, which CLIENT REPLY does not mute. */
  pushed = false
  noEvict = false
  closing = false
  commands = 0
  /** Client-side caching; owned by the tracking feature. */
  tracking: object | null = null
  /** Access rules; null: everything is allowed. Owned by acl/. */
  rules: object | null = null

  constructor(
    id: number,
    connection: Connection | null,
    reply: Reply,
    db: Database,
    nowMs: number,
    isInternal = false,
  ) {
    this.id = id
    this.connection = connection
    this.reply = reply
    this.db = db
    this.createdMs = nowMs
    this.lastUsedMs = nowMs
    this.isInternal = isInternal
  }

  /** Arm or disarm a bit of CLIENT_GATE. */
  gate(bit: number, on: boolean): void {
    this.gates = on ? this.gates | bit : this.gates & ~bit
    if (bit === CLIENT_GATE.unauthenticated && this.connection !== null) this.connection.isTrusted = !on
  }

  /** Number of channels and patterns, without shard channels. */
  get subscriptions(): number {
    return (this.channels?.size ?? 0) + (this.patterns?.size ?? 0)
  }
}
