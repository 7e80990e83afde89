/* Stage -- where a rehearsal is played: keys of its own, and what stands in for a client.
 *
 *      server    engine ── keyspace ── database 0 ── keys        everybody's
 *      stage     engine ── keyspace ── database 0 ── keys        nobody's: no client reaches it, no log hears of it
 *
 * A handler that is called with a stage's context reads and writes as ever, through the same classes, so that what the
 * compiler learns of them holds for the server. What is left out is the way to a handler: no command is registered here, and
 * none is dispatched. A command that a client sends finds its handler compiled, and the rest of its way soon is.
 *
 * The keys are in memory of their own, in a table that is ready for more of them than one shard holds (see memory/dict.ts): a
 * server of some thousand keys looks them up on another path than a small one, and when that path is first met late, all
 * commands lose their code. */

import type { Clock } from '../base/clock.ts'
import { SeededRandom } from '../base/random.ts'
import type { Args } from '../command/args.ts'
import { ConfigRegistry } from '../command/config.ts'
import { Context } from '../command/context.ts'
import { Engine } from '../command/engine.ts'
import type { Database } from '../keyspace/database.ts'
import { Keyspace } from '../keyspace/keyspace.ts'
import { Memory } from '../memory/arena.ts'
import { type Reply, SegmentPool } from '../resp/reply.ts'
import { defaultRequestLimits } from '../resp/request.ts'
import type { Host } from './host.ts'

/** More keys than one shard takes. */
const CROWD = 6400

export class Stage {
  /** The module's host, for what it makes to play with. Nothing is registered with the server. */
  readonly host: Host
  readonly context: Context
  readonly db: Database
  readonly #memory = new Memory()
  readonly #engine: Engine

  /** @param hostOf makes the host of a module in an engine. */
  constructor(clock: Clock, hostOf: (engine: Engine) => Host) {
    const random = new SeededRandom(1)
    const ignore = (): void => {}
    const hooks = {
      event: ignore,
      removed: ignore,
      partsRemoved: ignore,
      replaced: ignore,
      waiting: ignore,
      tracking: ignore,
    }
    const keyspace = new Keyspace(this.#memory, { k0: random.u32() | 0, k1: random.u32() | 0 }, random, hooks, 1)
    this.#engine = new Engine({
      clock,
      random,
      keyspace,
      config: new ConfigRegistry(),
      segments: new SegmentPool(),
      limits: defaultRequestLimits(),
      onFault: ignore,
    })
    this.#engine.setTime()
    this.host = hostOf(this.#engine)
    const client = this.#engine.addClient(null, true)
    this.db = keyspace.databases[0]!
    this.db.keys.reserve(CROWD)
    this.context = new Context(this.#engine)
    this.context.client = client
    this.context.db = this.db
    this.context.reply = client.reply
  }

  get args(): Args {
    return this.context.args
  }

  get reply(): Reply {
    return this.context.reply
  }

  /** Let a command be said, and the reply be empty. It has the time that it is. */
  say(...words: (string | number)[]): Context {
    // Room for many arguments is made anew each time, as for commands of many clients.
    this.args.shrink()
    this.args.loadValues(words)
    return this.again()
  }

  /** The same command once more. */
  again(): Context {
    this.#engine.setTime()
    this.#engine.keyspace.sequence++
    this.reply.rewind(0)
    this.args.restart(1)
    return this.context
  }

  /** Give all memory back. */
  end(): void {
    this.#memory.drop()
  }
}
