/* CLIENT PAUSE -- holding clients back for a while.
 *
 * A paused command is suspended like any that waits, and goes through the gates again when the pause is over. A pause of all
 * commands holds back CLIENT UNPAUSE too, and a second CLIENT PAUSE. */

import type { Args } from '../command/args.ts'
import type { Client } from '../command/client.ts'
import type { Engine } from '../command/engine.ts'
import { ENGINE_GATE } from '../command/gates.ts'
import { FLAG } from '../command/spec.ts'
import { Suspended } from '../command/suspend.ts'
import type { Entry } from '../command/table.ts'
import type { Timer } from '../base/clock.ts'

export class Pause {
  /** End in ms since 1970; 0 when there is no pause. */
  untilMs = 0
  /** Only writes are held back. */
  onlyWrites = true
  readonly #engine: Engine
  #timer: Timer | null = null
  #held: Suspended[] = []

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Begin or lengthen a pause. A stricter one stays in force. */
  begin(ms: number, onlyWrites: boolean): void {
    const engine = this.#engine
    const end = engine.clock.nowMs() + ms
    const isActive = this.untilMs > engine.clock.nowMs()
    this.onlyWrites = isActive ? this.onlyWrites && onlyWrites : onlyWrites
    this.untilMs = Math.max(this.untilMs, end)
    engine.gates |= ENGINE_GATE.paused
    engine.keyspace.mayExpire = false
    this.#timer?.cancel()
    this.#timer = engine.clock.after(this.untilMs - engine.clock.nowMs(), () => this.end())
  }

  /** End it: everyone who was held back goes on, in order. */
  end(): void {
    const engine = this.#engine
    this.#timer?.cancel()
    this.#timer = null
    this.untilMs = 0
    engine.gates &= ~ENGINE_GATE.paused
    engine.keyspace.mayExpire = true
    const held = this.#held
    this.#held = []
    engine.setTime()
    for (const suspended of held) engine.redispatch(suspended)
  }

  /** Hold a command back when it must be; null when it may run. */
  hold(client: Client, entry: Entry, args: Args): Suspended | null {
    if (this.onlyWrites && !this.#writes(client, entry, args)) return null
    const suspended = new Suspended(client, entry, args.copy())
    this.#engine.beginJob(suspended)
    this.#held.push(suspended)
    return suspended
  }

  #writes(client: Client, entry: Entry, args: Args): boolean {
    if (entry.name !== 'exec' || client.transaction === null) return this.#changes(entry, args)
    return client.transaction.queue.some(queued => this.#changes(queued.entry as Entry, queued.args))
  }

  /** Whether a command writes, is told to replicas without writing, or runs something that may. */
  #changes(entry: Entry, args: Args): boolean {
    if (entry.flags & (FLAG.write | FLAG.may_replicate) || TOLD.includes(entry.name)) return true
    return this.#engine.checks.mayWrite(entry, args)
  }
}

const TOLD: readonly string[] = ['publish', 'spublish', 'pfcount']

export function installPause(engine: Engine): void {
  const pause = engine.provide(Pause, new Pause(engine))
  engine.onPaused = (client, entry, args) => pause.hold(client, entry, args)
}
