/* Stage -- where a rehearsal is played: keys of its own, and what stands in for a client.
 *
 *      server    engine ── keyspace ── database 0 ── keys        everybody's
 *      stage     engine ── keyspace ── database 0 ── keys        nobody's: no client reaches it, no log hears of it
 *
 * Two kinds of plays are played here. A handler may be called with the stage's context (`say`): it reads and writes as ever,
 * through the same classes, so that what the compiler learns of them holds for the server. And what is registered with the stage's
 * host may be asked for as clients do (`run`), which rehearses the way to a handler too: parser, table, gates. That
 * matters to commands that take no longer than their way.
 *
 *      new Lines(['BF.ADD f item:%', ...])     requests as they come over the wire; each % is another number each time
 *
 * A handler that is a closure is made a second time then, and compiled once for both. It no longer holds what it was made
 * with as constants, which is no more than a load.
 *
 * The keys are in memory of their own, in a table that is ready for more of them than one shard holds (see memory/dict.ts): a
 * server of some thousand keys looks them up on another path than a small one, and when that path is first met late, all
 * commands lose their code. */

import type { Args } from '../command/args.ts'
import { ConfigRegistry } from '../command/config.ts'
import type { Client } from '../command/client.ts'
import { Context } from '../command/context.ts'
import { Engine } from '../command/engine.ts'
import { type Command, cmd, sub } from '../command/spec.ts'
import type { Database } from '../keyspace/database.ts'
import { Keyspace } from '../keyspace/keyspace.ts'
import { Memory } from '../memory/arena.ts'
import { type Reply, SegmentPool } from '../resp/reply.ts'
import { PARSE, RequestParser } from '../resp/request.ts'
import type { Host } from './host.ts'

/** More keys than one shard takes. */
const CROWD = 6400
/** Digits of a number that varies. */
const DIGITS = 12
const DIGIT_0 = 48

/** Commands as they come over the wire, one behind the other. Each `%` is a number of twelve digits, another one each time. */
export class Lines {
  readonly buf: Buffer
  readonly #places: number[] = []

  /** @param lines words with single blanks between them, ASCII */
  constructor(lines: readonly string[]) {
    const text = lines.map(requestOf).join('')
    this.buf = Buffer.from(text, 'latin1')
    for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', at + DIGITS)) this.#places.push(at)
  }

  /** Put other numbers in their places, each at least 0 and below `span`. */
  vary(chance: () => number, span: number): this {
    for (const place of this.#places)
      for (let n = Math.floor(chance() * span), i = DIGITS - 1; i >= 0; i--, n = Math.floor(n / 10))
        this.buf[place + i] = DIGIT_0 + (n % 10)
    return this
  }
}

function requestOf(line: string): string {
  const words = line.split(' ').map(word => word.replace('%', '%'.repeat(DIGITS)))
  return `*${words.length}\r\n${words.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`
}

/** Handlers of which none is the other, and a subcommand: an engine that has met one command only is compiled for that one. */
const EXTRAS: readonly Command[] = [
  cmd('STAGE.BOW', 'fast', '', ({ reply }) => reply.ok()),
  cmd('STAGE.NOD', 'fast', '', ({ reply }) => reply.integer(1)),
  sub('STAGE.DOOR OPEN', 'fast', '', ({ reply }) => reply.null()),
]
const ENTRANCE = new Lines(['STAGE.BOW', 'STAGE.DOOR OPEN', 'STAGE.NOD'])
/** How often they come in: what is seen in the first calls of a function is not noted. */
const ENTRANCES = 50

export class Stage {
  /** The module's host, for what it makes to play with. Nothing is registered with the server. */
  readonly host: Host
  readonly context: Context
  readonly db: Database
  readonly #memory = new Memory()
  readonly #engine: Engine
  readonly #parser: RequestParser
  /** Who asks this time, and who the next. */
  #client: Client
  #other: Client

  /** @param hostOf makes the host of a module in an engine. */
  constructor({ clock, limits, random }: Engine, hostOf: (engine: Engine) => Host) {
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
      limits,
      onFault: ignore,
    })
    this.#engine.setTime()
    this.host = hostOf(this.#engine)
    const client = this.#engine.addClient(null, true)
    this.#client = client
    this.#other = this.#engine.addClient(null, true)
    this.db = keyspace.databases[0]!
    this.db.keys.reserve(CROWD)
    this.context = new Context(this.#engine)
    this.context.client = client
    this.context.db = this.db
    this.context.reply = client.reply
    this.#parser = new RequestParser(limits)
    this.host.commands(EXTRAS)
    for (let i = 0; i < ENTRANCES; i++) this.run(ENTRANCE)
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

  /** Play requests of commands that were registered here. False when one was refused, and the play had better end. */
  run({ buf }: Lines): boolean {
    const engine = this.#engine
    const parser = this.#parser
    const client = this.#client
    this.#client = this.#other
    this.#other = client
    client.lastEntry = null // now and then somebody new comes
    const frame = engine.outermost.args
    engine.setTime()
    for (let at = 0; at < buf.length; at = parser.position) {
      if (parser.parse(buf, at, buf.length, frame) !== PARSE.command) return false
      engine.execute(client)
    }
    client.reply.rewind(0)
    client.reply.release()
    return engine.stats.errorReplies === 0
  }

  /** Give all memory back. */
  end(): void {
    this.#memory.drop()
  }
}
