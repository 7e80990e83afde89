/* Run -- what is known of the script that is running.
 *
 * There is at most one in a server: scripts do not call scripts, and while one is suspended no other command runs but
 * those that are allowed in a busy server. */

import type { ReplyError } from '../base/errors.ts'
import type { Client } from '../command/client.ts'
import type { Reply } from '../resp/reply.ts'
import type { Machine } from './lua/machine.ts'

export type RunKind = 'script' | 'function' | 'loading'

/** What is to be run, and how. */
export interface Task {
  readonly kind: RunKind
  /** The SHA-1 of a script, or the name of a function; stands in error texts. */
  readonly name: string
  readonly machine: Machine
  /** Compiled code in the machine. */
  readonly reference: number
  /** Bits of SCRIPT_FLAG. */
  readonly flags: number
  /** It came by one of the _RO commands. */
  readonly readOnlyCommand: boolean
}

export class Run {
  readonly task: Task
  readonly caller: Client
  /** The time that the script sees, which stands still. */
  readonly nowMs: number
  readonly startMicros: number
  /** Commands that write are refused. */
  readonly readOnly: boolean
  /** Commands that need memory are refused until the script has written. */
  readonly refusesMemory: ReplyError | null
  /** It may be suspended, when it does not run inside a transaction or a module's call. */
  readonly maySuspend: boolean
  /** A command that writes has run. */
  wrote = false
  /** Somebody asked for its end, or it lost its right to go on; the text of the error. */
  killText: string | null = null
  /** Over the threshold: others are told that the server is busy. */
  busy = false
  /** Until when this slice may last, in microseconds of the clock. */
  sliceUntil = Number.POSITIVE_INFINITY
  /** Effects of the commands that follow go nowhere: redis.set_repl(redis.REPL_NONE). */
  hidesEffects = false
  /** Ends the suspension of the caller; null while it runs in one go. */
  finish: ((write: (reply: Reply) => void) => void) | null = null
  /** The command as it was given, for FUNCTION STATS; filled when the run becomes busy. */
  command: Buffer[] = []

  constructor(
    task: Task,
    caller: Client,
    facts: Pick<Run, 'nowMs' | 'startMicros' | 'readOnly' | 'refusesMemory' | 'maySuspend'>,
  ) {
    this.task = task
    this.caller = caller
    this.nowMs = facts.nowMs
    this.startMicros = facts.startMicros
    this.readOnly = facts.readOnly
    this.refusesMemory = facts.refusesMemory
    this.maySuspend = facts.maySuspend
  }
}
