/* Calls -- commands that a script runs.
 *
 * They run as any other command does, in a context of their own and for a client of ours that stands in for the caller:
 * it has the caller's database (SELECT changes it for the script alone) and rights. Their arguments lie in the machine's
 * memory, their replies in that client's writer; the bytes are given to the machine as they are.
 *
 * Before a command runs it is refused, in this order: unknown, wrong number of arguments, not for scripts, access, writes
 * in a read-only script, state of the server (disk, replicas, loading), memory. Other gates concern connections only. */

import type { Range } from '../base/bytes.ts'
import { type ReplyError, replyError } from '../base/errors.ts'
import type { Args } from '../command/args.ts'
import { CLIENT_GATE, type Client } from '../command/client.ts'
import type { Engine } from '../command/engine.ts'
import { ENGINE_GATE } from '../command/gates.ts'
import { FLAG } from '../command/spec.ts'
import type { Entry } from '../command/table.ts'
import { CALL_ERR } from './errors.ts'
import type { ScriptArguments } from './lua/machine.ts'
import type { Run } from './run.ts'

const STATE_GATES = ENGINE_GATE.disk | ENGINE_GATE.replicas | ENGINE_GATE.stale | ENGINE_GATE.loading
/** Commands that change no key, and yet have an effect elsewhere. */
const REPLICATED: ReadonlySet<string> = new Set(['publish', 'spublish', 'pfcount'])

export class ScriptCalls {
  readonly #engine: Engine
  /** Stands in for the caller. */
  readonly client: Client

  constructor(engine: Engine) {
    this.#engine = engine
    this.client = engine.addClient(null, true)
  }

  /** The next calls are those of this run. */
  begin(run: Run): void {
    const { client } = this
    const { caller } = run
    client.db = caller.db
    client.user = caller.user
    client.rules = caller.rules
    client.tracking = caller.tracking
    client.gates = caller.gates & CLIENT_GATE.restricted
  }

  /** Run a command and name its reply. */
  call(run: Run, given: ScriptArguments, protocol: 2 | 3, out: Range): void {
    const engine = this.#engine
    const { client } = this
    const { reply } = client
    reply.protocol = protocol
    const ctx = engine.enter(client)
    try {
      const { args } = ctx
      point(args, given)
      const entry = engine.resolve(args)
      const refused = this.#refusal(run, entry, args)
      if (refused !== null) reply.error(refused)
      else {
        ctx.entry = entry!
        if (entry!.flags & FLAG.write) run.wrote = true
        if (run.hidesEffects) runHidden(engine, () => engine.run(ctx))
        else engine.run(ctx)
      }
    } finally {
      engine.leave()
    }
    if (reply.chain.length === 0) out.set(reply.buf, 0, reply.at)
    else {
      const all = reply.take()
      out.set(all, 0, all.length)
    }
    reply.at = 0 // the bytes stay where they are until the next call
  }

  /** Whether the caller may run a command; null when there is none of that name and number of arguments. */
  allows(given: ScriptArguments): boolean | null {
    const engine = this.#engine
    const ctx = engine.enter(this.client)
    try {
      point(ctx.args, given)
      const entry = engine.resolve(ctx.args)
      if (entry === null || isWrongArity(entry, ctx.args)) return null
      if (!(this.client.gates & CLIENT_GATE.restricted)) return true
      return engine.checks.allows(this.client, entry, ctx.args)
    } finally {
      engine.leave()
    }
  }

  #refusal(run: Run, entry: Entry | null, args: Args): ReplyError | null {
    if (entry === null) return CALL_ERR.unknown
    const { flags } = entry
    if (isWrongArity(entry, args)) return CALL_ERR.arity
    if (flags & FLAG.noscript) return CALL_ERR.notAllowed
    if (this.client.gates & CLIENT_GATE.restricted) {
      const refused = this.#engine.checks.access(this.client, entry, args)
      if (refused !== null) return replyError(`ERR ACL failure in script: ${refused.text.replace(/^NOPERM /, '')}`)
    }
    if (run.readOnly && (flags & FLAG.write || REPLICATED.has(entry.name))) return CALL_ERR.readOnly
    if (this.#engine.gates & STATE_GATES) {
      const refused = this.#refusalOfState(entry, args)
      if (refused !== null) return refused
    }
    if (run.refusesMemory !== null && !run.wrote && flags & FLAG.denyoom) return run.refusesMemory
    return null
  }

  #refusalOfState(entry: Entry, args: Args): ReplyError | null {
    const { checks, gates } = this.#engine
    let refused: ReplyError | null = null
    if (gates & ENGINE_GATE.disk) refused = checks.disk(this.client, entry, args)
    if (refused === null && gates & ENGINE_GATE.replicas) refused = checks.replicas(this.client, entry, args)
    if (refused === null && gates & ENGINE_GATE.stale) refused = checks.stale(this.client, entry, args)
    return refused
  }
}

/** Let a frame name the arguments where they lie. */
function point(args: Args, given: ScriptArguments): void {
  const { words, at, count } = given
  args.grow(count)
  args.buf = given.buf
  args.argc = count
  const { starts, ends } = args
  for (let i = 0; i < count; i++) {
    const start = words[at + 2 * i]!
    starts[i] = start
    ends[i] = start + words[at + 2 * i + 1]!
  }
  args.restart(1)
}

function isWrongArity(entry: Entry, args: Args): boolean {
  return entry.arity > 0 ? args.argc !== entry.arity : args.argc < -entry.arity
}

/** Run something whose effects nobody may see. */
function runHidden(engine: Engine, run: () => void): void {
  const { propagation } = engine
  const { active } = propagation
  propagation.active = false
  try {
    run()
  } finally {
    propagation.active = active
  }
}
