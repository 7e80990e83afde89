/* Rehearsal -- series of its own that are filled and asked, played after the first series came to be, so that the code of
 * commands is compiled before somebody needs it (see core/module/rehearsal.ts).
 *
 *      series      r:0 .. r:15       a sample a minute, labels room and kind; one of them feeds a rule
 *                  r:long            many chunks, so that there are runs to merge
 *      samples     by TS.ADD and TS.MADD, at given times and at the clock's, some at a time that has one already
 *      queries     samples, buckets short and long, several series, groups, newest samples; each again and again
 *
 * The commands are the real ones, over a shelf that no key of the server leads to (see core/module/stage.ts). What the compiler
 * learns is what kinds of values there are, so those are of the usual kinds: short decimals and whole numbers, times of
 * today, averages with many digits. */

import type { Args, Context, Host, Stage } from 'redstrata/module'
import { add, incrby, madd } from './commands/ingest.ts'
import { get, range } from './commands/range.ts'
import { createrule } from './commands/rules.ts'
import { mget, mrange } from './commands/select.ts'
import { create } from './commands/settle.ts'
import type { Settings } from './settings.ts'
import { Shelf } from './shelf.ts'
import { seriesType } from './type.ts'

const SERIES = 16
const ROOMS = 2
const SAMPLES = 200
const LONG_SAMPLES = 3000
const BEGIN = 1_700_000_000_000
const MINUTE = 60_000
/** How often each query is played. What a query calls once for each of its series is compiled long before. */
const ROUNDS = 120
/** How often samples are added by the clock, and the newest read, in a round. */
const CLOCKED = 20
/** Bytes of the long series' chunks: small, so that there are many. */
const LONG_CHUNK = 512
/** Samples put in at a time. */
const AT_ONCE = 20

const HOUR_LATER = String(BEGIN + 50 * MINUTE)

type Handler = (shelf: Shelf, ctx: Context, args: Args) => void
type Line = readonly [handler: Handler, words: readonly string[]]

const line = (handler: Handler, text: string): Line => [handler, text.split(' ')]

/** What is asked in each round. */
const QUERIES: readonly Line[] = [
  line(range, `TS.RANGE r:long ${BEGIN} ${BEGIN + 120 * MINUTE}`),
  line(range, `TS.RANGE r:long ${BEGIN} ${BEGIN + 300 * MINUTE} AGGREGATION avg 600000`),
  line(range, `TS.RANGE r:long - + AGGREGATION avg 36000000`),
  line(range, `TS.RANGE r:long ${BEGIN} ${BEGIN + 600 * MINUTE} AGGREGATION twa 3600000`),
  line(range, `TS.RANGE r:long ${BEGIN} ${BEGIN + 300 * MINUTE} AGGREGATION max 600000`),
  line(mrange, `TS.MRANGE - ${HOUR_LATER} AGGREGATION max 600000 FILTER room=r1`),
  line(mrange, `TS.MRANGE - ${HOUR_LATER} AGGREGATION avg 600000 FILTER kind=temp GROUPBY room REDUCE max`),
  line(mrange, `TS.MRANGE - ${HOUR_LATER} WITHLABELS AGGREGATION min 600000 FILTER room=r1`),
  line(mget, 'TS.MGET FILTER room=r1'),
]

/** The pieces of the rehearsal of a server's series. */
export function* rehearsal(host: Host, settings: Settings): Generator<void> {
  const stage = host.stage()
  try {
    const troupe = new Troupe(stage, settings)
    troupe.settle()
    yield
    // All kinds of samples before the compiler looks.
    for (let round = 0; round < SERIES; round++) yield* troupe.clocked(round)
    yield* troupe.fill()
    for (let round = 0; round < ROUNDS; round++) {
      yield* troupe.clocked(round)
      for (const [handler, words] of QUERIES) {
        troupe.play(handler, words)
        yield
      }
    }
  } finally {
    stage.end()
  }
}

/** The private series. */
class Troupe {
  readonly #stage: Stage
  readonly #shelf: Shelf

  constructor(stage: Stage, settings: Settings) {
    this.#stage = stage
    this.#shelf = new Shelf(stage.host, settings)
    this.#shelf.type = stage.host.type(seriesType(this.#shelf))
  }

  /** Run a command. */
  play(handler: Handler, words: readonly (string | number)[]): void {
    const ctx = this.#stage.say(...words)
    handler(this.#shelf, ctx, ctx.args)
  }

  /** Make the series. */
  settle(): void {
    this.play(create, ['TS.CREATE', 'r:long', 'CHUNK_SIZE', LONG_CHUNK, 'LABELS', 'room', 'none'])
    for (let i = 0; i < SERIES; i++) {
      const labels = ['LABELS', 'room', `r${i % ROOMS}`, 'kind', 'temp', 'unit', `u${i}`]
      this.play(create, ['TS.CREATE', `r:${i}`, 'DUPLICATE_POLICY', 'LAST', ...labels])
    }
    this.play(create, ['TS.CREATE', 'r:0:hour'])
    this.play(createrule, ['TS.CREATERULE', 'r:0', 'r:0:hour', 'AGGREGATION', 'avg', 60 * MINUTE])
  }

  /** Put the samples in. */
  *fill(): Generator<void> {
    // Some values are below zero, some below one, and some are whole.
    let value = 3
    for (let i = 0; i < LONG_SAMPLES; i++) {
      value = Math.round(value * 10 + ((i * 7919) % 21) + ((i >>> 5) & 1) - 10.5) / 10
      const time = BEGIN + i * MINUTE
      this.play(add, ['TS.ADD', 'r:long', time, value])
      if (i < SAMPLES) {
        for (let s = 0; s < SERIES / 2; s++) this.play(add, ['TS.ADD', `r:${s}`, time, value + s])
        const words: (string | number)[] = ['TS.MADD']
        for (let s = SERIES / 2; s < SERIES; s++) words.push(`r:${s}`, time, value - s / 4)
        this.play(madd, words)
        yield
      } else if (i % AT_ONCE === 0) yield
    }
  }

  /** Add samples by the clock, the same value mostly, and read the newest ones. */
  *clocked(round: number): Generator<void> {
    const words: (string | number)[] = ['TS.MADD']
    for (let i = 0; i < CLOCKED; i++) {
      const key = `r:${(round + i * 3) % SERIES}`
      const value = i % 7 === 0 ? round / 10 : 23.5
      this.play(add, ['TS.ADD', key, '*', value])
      this.play(get, ['TS.GET', key])
      if (i < 10) words.push(key, '*', value)
    }
    yield
    this.play(madd, words)
    this.play(incrby, ['TS.INCRBY', 'r:count', 1])
    yield
  }
}
