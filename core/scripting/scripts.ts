/* Scripts -- runs them, in one go or in slices.
 *
 *      task ──> machine ── done ──────────────────────────────> reply
 *                 |  └──── failed ────────────────────────────> error, with the script's name and line
 *                 └─ after the threshold: suspended ─> busy ─> (the loop turns) ─> goes on ─> ...
 *
 * A script has the server to itself. Until `busy-reply-threshold` it runs in one go; from then on it is suspended every
 * few milliseconds so that the loop turns: clients are answered BUSY, and SCRIPT KILL, FUNCTION KILL and SHUTDOWN NOSAVE
 * are heard. Nothing else may change or expire meanwhile: the busy gate is armed, the unit of the script stays open.
 *
 * Where a script cannot be suspended (inside EXEC or a module's call; in a metamethod, or a callback of sort or gsub) it
 * goes on up to STUCK_FACTOR times the threshold without a break and is then stopped by an error that it cannot catch;
 * once it has written, up to WRITER_FACTOR times. See docs/compat.md. */

import { type Range, Range as ByteRange } from '../base/bytes.ts'
import { oneLine, ReplyError, replyError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Args } from '../command/args.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { ENGINE_GATE } from '../command/gates.ts'
import { FLAG } from '../command/spec.ts'
import type { Suspended } from '../command/suspend.ts'
import type { Reply } from '../resp/reply.ts'
import { ScriptCache } from './cache.ts'
import { ScriptCalls } from './calls.ts'
import { KILL_TEXT, SCRIPT_ERR } from './errors.ts'
import { SCRIPT_FLAG } from './flags.ts'
import {
  compileImage,
  Machine,
  OUTCOME,
  type Outcome,
  type Registration,
  type ScriptArguments,
  type ScriptHost,
  SLICE,
  type Slice,
} from './lua/machine.ts'
import type { Code } from './lua/web-assembly.ts'
import { Run, type RunnableCode } from './run.ts'

/** How long a busy script runs before the loop turns. */
const BUSY_SLICE_MICROS = 10_000
/** How many thresholds a script may last where it cannot be suspended. */
const STUCK_FACTOR = 4
/** The same once it has written: stopping it then leaves half of its work. */
const WRITER_FACTOR = 12
/** Keys and arguments of EVAL, EVALSHA and FCALL. */
const KEYS_AT = 3
const LOADING_MICROS = 500_000
/** A machine for scripts that holds more than this, and uses little of it, is made anew. */
const RESERVED_KEPT_MAX = 64 << 20

/** What FUNCTION LOAD and its kin keep of a library while it registers its functions. */
export type Registrar = (registration: Registration) => 0 | 1 | 2

export class Scripts implements ScriptHost {
  readonly settings = {
    /** busy-reply-threshold; 0: never busy. */
    busyThresholdMs: 5000,
    /** Limit of what the scripts of one machine allocate. */
    memoryMax: 256 << 20,
  }
  readonly cache: ScriptCache
  /** The running script, also while it is suspended. */
  running: Run | null = null
  /** Number of the machine for scripts: what was compiled in an earlier one must be compiled again. */
  generation = 0
  /** Called by the machine while a library is loaded. */
  registrar: Registrar | null = null
  readonly engine: Engine
  readonly #calls: ScriptCalls
  readonly #log: Log | null
  readonly #version: string
  readonly #replyScratch = new ByteRange()
  readonly #run = new Run()
  #image: Code | null = null
  #machine: Machine | null = null
  #mayExpire = true

  constructor(engine: Engine, version: string, log: Log | null) {
    this.engine = engine
    this.#version = version
    this.#log = log
    this.#calls = new ScriptCalls(engine)
    this.cache = new ScriptCache(script => {
      if (script.generation === this.generation) this.#machine?.release(script.reference)
    })
  }

  // ------------------------------------------------------------------ machines

  /** A new machine; the code is compiled when the first is made. */
  newMachine(forFunctions: boolean): Machine {
    this.#image ??= compileImage()
    const { memoryMax } = this.settings
    return new Machine(
      { image: this.#image, host: this, forFunctions, memoryMax, version: this.#version },
      this.#replyScratch,
    )
  }

  /** The machine that scripts run in. */
  get machine(): Machine {
    if (this.#machine === null) {
      this.#machine = this.newMachine(false)
      this.generation++
    }
    return this.#machine
  }

  /** Let the machine of scripts go, with all that was compiled in it. */
  dropMachine(): void {
    this.#machine = null
    this.generation++
  }

  /** Bytes that scripts hold. */
  get usedBytes(): number {
    return this.#machine?.usedBytes ?? 0
  }

  // ------------------------------------------------------------------ running

  /** Run code for the caller of a command, whose keys begin at argument 3. */
  start(
    ctx: Context,
    args: Args,
    machine: Machine,
    code: RunnableCode,
    readOnlyCommand: boolean,
    keyCount: number,
  ): Suspended | undefined {
    const run = this.#run.begin(machine, code, ctx.client, ctx.engine.keyspace.nowMs)
    this.#prepare(run, ctx, args, readOnlyCommand)
    const { argc, starts, ends, buf } = args
    let bytes = 0
    for (let i = KEYS_AT; i < argc; i++) bytes += ends[i]! - starts[i]!
    if (!machine.beginArguments(argc - KEYS_AT, bytes)) throw SCRIPT_ERR.noArgumentsMemory
    for (let i = KEYS_AT; i < argc; i++) machine.addArgument(buf, starts[i]!, ends[i]!)
    ctx.propagateNothing() // each command of the script states its own effect
    this.running = run
    this.#calls.begin(run)
    const { reply } = ctx
    const outcome = machine.run(code.reference, keyCount, argc - KEYS_AT - keyCount, reply.protocol)
    if (outcome === OUTCOME.suspended) return this.#suspend(ctx, run)
    this.#end(run)
    if (outcome === OUTCOME.failed) throw this.#failure(run)
    answer(reply, machine.result(ctx.out))
    if (machine.reservedBytes > RESERVED_KEPT_MAX) this.#tidy(machine)
    return undefined
  }

  /** Run the main chunk of a library. Returns null, or the text of its error. */
  load(machine: Machine, reference: number, registrar: Registrar): string | null {
    const outer = this.running
    const code: RunnableCode = { kind: 'loading', name: '', reference, flags: 0 }
    const run = new Run().begin(machine, code, this.#calls.client, this.engine.keyspace.nowMs)
    this.running = run
    this.registrar = registrar
    let outcome: Outcome
    try {
      outcome = machine.load(reference)
    } finally {
      this.registrar = null
      this.running = outer
    }
    if (outcome === OUTCOME.done) return null
    const error = machine.error()
    return error.killed ? (run.killText ?? KILL_TEXT.loading) : error.text
  }

  /** What a run is refused for as a whole, and what it may do. */
  #prepare(run: Run, ctx: Context, args: Args, readOnlyCommand: boolean): void {
    const { flags } = run.code
    run.readOnly = readOnlyCommand || (flags & SCRIPT_FLAG.noWrites) !== 0
    run.maySuspend = ctx.mayBlock
    const refusesMemory = this.#memoryRefusal(ctx, args)
    if (!(flags & SCRIPT_FLAG.allowOom)) run.refusesMemory = refusesMemory
    if (flags & SCRIPT_FLAG.compatible) return
    const { engine, client } = ctx
    if (engine.gates & ENGINE_GATE.stale && !(flags & SCRIPT_FLAG.allowStale)) {
      const refused = engine.checks.stale(client, ctx.entry, args)
      if (refused !== null) throw refused
    }
    if (flags & SCRIPT_FLAG.noWrites) return
    if (readOnlyCommand) throw SCRIPT_ERR.writesInReadOnly
    const refused = this.#writeRefusal(ctx, args)
    if (refused !== null) throw refused
    if (run.refusesMemory !== null) throw run.refusesMemory
  }

  /** What a command that needs memory would be refused with now. */
  #memoryRefusal({ engine, client }: Context, args: Args): ReplyError | null {
    if (!(engine.gates & ENGINE_GATE.memory)) return null
    return engine.checks.memory(client, engine.table.get('SET')!, args)
  }

  /** What a command that writes would be refused with now. */
  #writeRefusal({ engine, client }: Context, args: Args): ReplyError | null {
    const entry = engine.table.get('SET')!
    let refused: ReplyError | null = null
    if (engine.gates & ENGINE_GATE.disk) refused = engine.checks.disk(client, entry, args)
    if (refused === null && engine.gates & ENGINE_GATE.replicas) refused = engine.checks.replicas(client, entry, args)
    return refused
  }

  #failure(run: Run): ReplyError {
    const { machine, code } = run
    const error = machine.error()
    if (machine.broken && machine === this.#machine) this.dropMachine()
    const text = error.killed ? (run.killText ?? KILL_TEXT.tooLong) : error.text
    const place = error.place === '' ? '' : `, on ${error.place}`
    return replyError(oneLine(`${text} script: ${code.name}${place}.`))
  }

  /** After a run: a machine that holds much more than it uses is not worth keeping. */
  #tidy(machine: Machine): void {
    if (machine !== this.#machine) return
    machine.collect()
    if (machine.usedBytes < machine.reservedBytes / 8) this.dropMachine()
  }

  #end(run: Run): void {
    this.running = null
    if (!run.busy) return
    const { engine } = this
    engine.gates &= ~ENGINE_GATE.busy
  }

  // ------------------------------------------------------------------ busy scripts

  #suspend(ctx: Context, run: Run): Suspended {
    const { engine } = this
    run.command = copies(ctx.args)
    this.#hold(true)
    return ctx.suspend(finish => {
      run.finish = finish
      engine.clock.soon(() => this.#goOn(run))
    })
  }

  /** While a script waits for its next slice, nothing may end its unit or expire. */
  #hold(held: boolean): void {
    const { engine } = this
    engine.unitHeld = held
    if (held) this.#mayExpire = engine.keyspace.mayExpire
    engine.keyspace.mayExpire = held ? false : this.#mayExpire
  }

  #goOn(run: Run): void {
    const { engine } = this
    if (engine.closed) return
    this.#hold(false)
    engine.unitHeld = true
    engine.keyspace.setTime(run.nowMs)
    run.sliceUntil = engine.clock.microseconds() + BUSY_SLICE_MICROS
    const { machine } = run
    const outcome = machine.goOn(run.killText !== null)
    if (outcome === OUTCOME.suspended) {
      this.#hold(true)
      engine.clock.soon(() => this.#goOn(run))
      return
    }
    this.#end(run)
    engine.unitHeld = false
    run.finish!(reply => {
      if (outcome === OUTCOME.failed) throw this.#failure(run)
      answer(reply, machine.result(new ByteRange()))
    })
    engine.setTime()
    engine.endUnit()
    if (machine.reservedBytes > RESERVED_KEPT_MAX) this.#tidy(machine)
  }

  /** SCRIPT KILL and FUNCTION KILL. @throws when there is nothing to kill, or it must not be. */
  kill(kind: 'script' | 'function'): void {
    const run = this.running
    if (run === null) throw SCRIPT_ERR.notBusy
    if (run.wrote) throw SCRIPT_ERR.unkillable
    if (run.code.kind !== kind) throw this.busyError(run)
    run.killText = KILL_TEXT[kind]
  }

  /** What other commands are answered while this one runs. */
  busyError(run: Run): ReplyError {
    return run.code.kind === 'script' ? SCRIPT_ERR.busyScript : SCRIPT_ERR.busyFunction
  }

  #becomeBusy(run: Run): void {
    const { engine } = this
    run.busy = true
    engine.gates |= ENGINE_GATE.busy
    engine.checks.busy = (_, entry) => (entry.flags & FLAG.allow_busy ? null : this.busyError(run))
    this.#log?.warning(
      `Slow script detected: still in execution after ${this.settings.busyThresholdMs} milliseconds. You can try killing ` +
        `the script using the ${run.code.kind === 'script' ? 'SCRIPT' : 'FUNCTION'} KILL command. Script name is: ${run.code.name}.`,
    )
  }

  // ------------------------------------------------------------------ what a machine asks

  slice(canSuspend: boolean): Slice {
    const run = this.running!
    if (run.killText !== null) return SLICE.kill
    const now = this.engine.clock.microseconds()
    if (run.startMicros === 0) run.startMicros = run.ableMicros = now
    if (canSuspend && run.maySuspend) run.ableMicros = now
    const spent = now - run.startMicros
    if (run.code.kind === 'loading') {
      if (spent < LOADING_MICROS) return SLICE.goOn
      run.killText = KILL_TEXT.loading
      return SLICE.kill
    }
    const threshold = this.settings.busyThresholdMs * 1000
    if (threshold <= 0 || spent < threshold) return SLICE.goOn
    if (!run.busy) this.#becomeBusy(run)
    if (canSuspend && run.maySuspend) {
      if (run.finish !== null && now < run.sliceUntil) return SLICE.goOn
      return SLICE.suspend
    }
    const stuck = now - run.ableMicros
    if (stuck < threshold * (run.wrote ? WRITER_FACTOR : STUCK_FACTOR)) return SLICE.goOn
    run.killText = KILL_TEXT.tooLong
    return SLICE.kill
  }

  call(args: ScriptArguments, protocol: 2 | 3, reply: Range): void {
    this.#calls.call(this.running!, args, protocol, reply)
  }

  allows(args: ScriptArguments): boolean | null {
    return this.#calls.allows(args)
  }

  log(level: number, text: string): void {
    const log = this.#log
    if (log === null) return
    if (level === 0) log.debug(text)
    else if (level === 1) log.verbose(text)
    else if (level === 2) log.notice(text)
    else log.warning(text)
  }

  setReplication(flags: number): void {
    this.running!.hidesEffects = flags === 0
  }

  clock(): number {
    return this.engine.clock.microseconds() / 1e6
  }

  register(registration: Registration): 0 | 1 | 2 {
    return this.registrar!(registration)
  }
}

/** Copies of all arguments. */
function copies(args: Args): Buffer[] {
  const list: Buffer[] = []
  for (let i = 0; i < args.argc; i++) list.push(args.at(i).copy())
  return list
}

const MINUS = 45

/** Reply with what a script gave. An error that it returned counts like one that it raised. */
function answer(reply: Reply, { buf, start, end }: Range): void {
  if (buf[start] === MINUS) throw new ReplyError(buf.latin1Slice(start + 1, end - 2))
  reply.raw(buf, start, end)
}
