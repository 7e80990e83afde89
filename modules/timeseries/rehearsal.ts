/* Rehearsal -- queries over series of its own, played after the first series came to be, so that the code of queries is
 * compiled before somebody asks (see core/module/rehearsal.ts).
 *
 *      series      r:0 .. r:15       a sample a minute, labels room and kind, two stretches each
 *                  r:long            many chunks, so that there are runs to merge
 *      queries     samples, buckets short and long, several series, groups, newest samples; each again and again
 *
 * The commands are the real ones, over a shelf that no key leads to, in memory of its own. What the compiler learns is what
 * kinds of values there are, so those are of the usual kinds: short decimals, times of today, averages with many digits. */

import { Args, type Context, type Database, type Host, Memory, Reply, SegmentPool } from 'redstrata/module'
import { answerRange } from './commands/range.ts'
import { mget, mrange } from './commands/select.ts'
import { DUPLICATE } from './duplicate.ts'
import { addSample } from './ingest.ts'
import { Series } from './series.ts'
import type { Settings } from './settings.ts'
import { Shelf } from './shelf.ts'

const SERIES = 16
const ROOMS = 2
const SAMPLES = 200
const LONG_SAMPLES = 6000
const BEGIN = 1_700_000_000_000
const MINUTE = 60_000
/** How often each query is played. What a query calls once for each of its series is compiled long before. */
const ROUNDS = 120
/** Bytes of the long series' chunks: small, so that there are many. */
const LONG_CHUNK = 512
/** Samples put in at a time. */
const AT_ONCE = 50

const HOUR_LATER = String(BEGIN + 50 * MINUTE)
/** Queries of the long series, and of the others. */
const RANGES: readonly string[] = [
  `TS.RANGE r:long ${BEGIN} ${BEGIN + 120 * MINUTE}`,
  `TS.RANGE r:long ${BEGIN} ${BEGIN + 300 * MINUTE} AGGREGATION avg 600000`,
  `TS.RANGE r:long - + AGGREGATION avg 36000000`,
  `TS.RANGE r:long ${BEGIN} ${BEGIN + 600 * MINUTE} AGGREGATION twa 3600000`,
  `TS.RANGE r:long ${BEGIN} ${BEGIN + 300 * MINUTE} AGGREGATION max 600000`,
]
const SELECTIONS: readonly string[] = [
  `TS.MRANGE - ${HOUR_LATER} AGGREGATION max 600000 FILTER room=r1`,
  `TS.MRANGE - ${HOUR_LATER} AGGREGATION avg 600000 FILTER kind=temp GROUPBY room REDUCE max`,
  `TS.MRANGE - ${HOUR_LATER} WITHLABELS AGGREGATION min 600000 FILTER room=r1`,
]
const NEWEST = 'TS.MGET FILTER room=r1'

/** The pieces of the rehearsal of a server's series. */
export function* rehearsal(settings: Settings): Generator<void> {
  const memory = new Memory()
  try {
    const stage = new Stage(memory, settings)
    yield* stage.fill()
    for (let round = 0; round < ROUNDS; round++) {
      for (const query of RANGES) {
        stage.range(query)
        yield
      }
      for (const query of SELECTIONS) {
        stage.select(query)
        yield
      }
      stage.newest()
      yield
    }
  } finally {
    memory.drop()
  }
}

/** The private series, and what stands in for a client. */
class Stage {
  readonly #shelf: Shelf
  readonly #long: Series
  readonly #args = new Args()
  readonly #reply = new Reply(new SegmentPool())
  readonly #context: Context

  constructor(memory: Memory, settings: Settings) {
    this.#shelf = new Shelf({ memory } as unknown as Host, settings)
    const db = { keys: {} } as unknown as Database
    this.#context = { reply: this.#reply, db, isRestricted: false } as unknown as Context
    this.#long = this.#make('r:long', LONG_CHUNK, ['room', 'none'])
    for (let i = 0; i < SERIES; i++)
      this.#make(`r:${i}`, settings.chunkSize, ['room', `r${i % ROOMS}`, 'kind', 'temp', 'unit', `u${i}`])
  }

  #make(key: string, chunkSize: number, labels: string[]): Series {
    const { stock } = this.#shelf
    const options = { retention: 0, chunkSize, compressed: true, policy: DUPLICATE.none, ignoreTime: 0, ignoreValue: 0 }
    const series = new Series(stock, key).configure({ ...options, labels })
    series.home = this.#shelf.indexOf(this.#context.db)
    series.home.add(series)
    return series
  }

  /** Put the samples in. */
  *fill(): Generator<void> {
    const all = this.#shelf.indexOf(this.#context.db).query([{ label: 'kind', kind: 'in', values: ['temp'] }])
    for (const series of [...all, this.#long]) {
      const count = series === this.#long ? LONG_SAMPLES : SAMPLES
      // Some values are below zero, and some below one.
      let value = 3
      for (let i = 0; i < count; i++) {
        value = Math.round(value * 10 + ((i * 7919) % 21) + ((i >>> 5) & 1) - 10.5) / 10
        addSample(series, BEGIN + i * MINUTE, value, DUPLICATE.block, this.#shelf)
        if (i % AT_ONCE === 0) yield
      }
    }
  }

  range(query: string): void {
    this.#say(query)
    answerRange(this.#shelf, this.#context, this.#long, this.#args, false)
  }

  select(query: string): void {
    this.#say(query)
    mrange(this.#shelf, this.#context, this.#args)
  }

  newest(): void {
    this.#say(NEWEST)
    mget(this.#shelf, this.#context, this.#args)
  }

  /** The words of a command, and an empty reply. */
  #say(command: string): void {
    this.#reply.rewind(0)
    this.#args.loadValues(command.split(' '))
    this.#args.restart(1)
  }
}
