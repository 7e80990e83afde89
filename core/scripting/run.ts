/* Run -- what is known of the script that is running.
 *
 * There is at most one in a server: scripts do not call scripts, and while one is suspended no other command runs but
 * those that are allowed in a busy server. So one record serves them all, and is set anew for each. */

import type { ReplyError } from '../base/errors.ts'
import type { Client } from '../command/client.ts'
import type { Reply } from '../resp/reply.ts'
import type { Machine } from './lua/machine.ts'

/** What runs: a script, a function, or the main chunk of a library that is being loaded. */
export interface RunnableCode {
  readonly kind: 'script' | 'function' | 'loading'
  /** The SHA-1 of a script, or the name of a function; stands in error texts. */
  readonly name: string
  /** Compiled, in a machine. */
  readonly reference: number
  /** Bits of SCRIPT_FLAG. */
  readonly flags: number
}

export class Run {
  machine!: Machine
  code!: RunnableCode
  caller!: Client
  /** The time that the script sees, which stands still. */
  nowMs = 0
  /** When it asked for the first time whether to go on, which is soon after it began; 0 before. */
  startMicros = 0
  /** When it could be suspended for the last time. */
  ableMicros = 0
  /** Commands that write are refused. */
  readOnly = false
  /** Commands that need memory are refused until the script has written. */
  refusesMemory: ReplyError | null = null
  /** It may be suspended, when it does not run inside a transaction or a module's call. */
  maySuspend = false
  /** A command that writes has run. */
  wrote = false
  /** Somebody asked for its end, or it lost its right to go on; the text of the error. */
  killText: string | null = null
  /** Over the threshold: others are told that the server is busy. */
  busy = false
  /** Until when this slice may last, in microseconds of the clock. */
  sliceUntil = 0
  /** Effects of the commands that follow go nowhere: redis.set_repl(redis.REPL_NONE). */
  hidesEffects = false
  /** Ends the suspension of the caller; null while it runs in one go. */
  finish: ((write: (reply: Reply) => void) => void) | null = null
  /** The command as it was given, for FUNCTION STATS; filled when it is suspended. */
  command: Buffer[] = []

  /** Set up for another piece of code. */
  begin(machine: Machine, code: RunnableCode, caller: Client, nowMs: number): this {
    this.machine = machine
    this.code = code
    this.caller = caller
    this.nowMs = nowMs
    this.startMicros = 0
    this.ableMicros = 0
    this.readOnly = false
    this.refusesMemory = null
    this.maySuspend = false
    this.wrote = false
    this.killText = null
    this.busy = false
    this.hidesEffects = false
    this.finish = null
    return this
  }
}
