/* TS.READ -- the samples from a time on, oldest first; with BLOCK, once there are enough of them.
 *
 *      TS.READ k $ BLOCK 0 10      waits for the next ten samples
 *
 * `-`, `+` and `$` stand for the oldest sample, the newest and what comes after it, as they are when the command arrives.
 * A wait ends with what is there when the time is up, and with nothing when the key goes away. */

import { type Args, type Context, Range, type Reply, type Suspended } from 'redstrata/module'
import { TS_ERR } from '../errors.ts'
import { SampleWriter } from '../output.ts'
import { TIME_MAX } from '../query-options.ts'
import { scan } from '../range/scan.ts'
import type { Series } from '../series.ts'
import type { Shelf } from '../shelf.ts'
import { wholeAt, wrongArity } from '../words.ts'

/** What is asked. Without BLOCK `minCount` is 0. */
interface ReadOptions {
  timeoutMs: number
  minCount: number
  maxCount: number
}

/** What a waiting command knows from its first run. */
interface ReadWait {
  readonly from: number
  /** Whether the key was ever there. */
  hasSeenKey: boolean
}

// biome-ignore lint/suspicious/noConfusingVoidType: a handler returns nothing, or that it waits
export function read(shelf: Shelf, ctx: Context, args: Args): void | Suspended {
  const { db, reply } = ctx
  const options = readOptions(args)
  const cursor = args.at(2)
  const isWord = args.is(2, '-') || args.is(2, '+') || args.is(2, '$')
  const time = isWord ? 0 : wholeAt(args, 2)
  if (!(time >= 0)) throw TS_ERR.badTime
  const key = args.at(1)
  const series = db.read(key, shelf.type)
  const wait = (ctx.wait as ReadWait | null) ?? {
    from: isWord ? resolve(series, cursor.latin1()) : time,
    hasSeenKey: false,
  }
  if (series !== null) wait.hasSeenKey = true
  const enough = options.minCount === 0 || countFrom(series, wait.from) >= options.minCount
  if (enough || (series === null && wait.hasSeenKey)) {
    replyFrom(reply, series, wait.from, options.maxCount)
    return
  }
  if (!ctx.mayBlock) throw TS_ERR.mayNotBlock
  const held = Range.of(key.copy())
  return ctx.waitForKeys({
    keys: [key],
    types: [shelf.type.id],
    timeoutMs: options.timeoutMs,
    onTimeout: late => replyFrom(late, shelf.find(db, held), wait.from, options.maxCount),
    onVanished: true,
    state: wait,
  })
}

function readOptions(args: Args): ReadOptions {
  const options = { timeoutMs: 0, minCount: 0, maxCount: Number.POSITIVE_INFINITY }
  for (let i = 3; i < args.argc; ) {
    if (args.is(i, 'block') && options.minCount === 0 && i + 2 < args.argc) {
      const timeoutMs = wholeAt(args, i + 1)
      const minCount = wholeAt(args, i + 2)
      if (!(timeoutMs >= 0) || Number.isNaN(minCount)) throw TS_ERR.badBlockTime
      if (minCount <= 0) throw TS_ERR.badMinCount
      options.timeoutMs = timeoutMs
      options.minCount = minCount
      i += 3
    } else if (args.is(i, 'max_count') && options.maxCount === Number.POSITIVE_INFINITY && i + 1 < args.argc) {
      options.maxCount = wholeAt(args, i + 1)
      if (!(options.maxCount > 0)) throw TS_ERR.badMaxCount
      i += 2
    } else throw wrongArity(args)
  }
  if (options.minCount > options.maxCount) throw TS_ERR.minOverMax
  return options
}

/** The time that a word stands for. */
function resolve(series: Series | null, word: string): number {
  if (series === null || series.count === 0) return 0
  if (word === '+') return series.lastTime
  return word === '$' ? series.lastTime + 1 : Math.max(series.firstTime, series.horizon)
}

/** Samples from a time on. */
function countFrom(series: Series | null, time: number): number {
  if (series === null || series.count === 0) return 0
  return series.count - series.rankOf(Math.max(time, series.horizon))
}

function replyFrom(reply: Reply, series: Series | null, from: number, maxCount: number): void {
  if (series === null) {
    reply.array(0)
    return
  }
  const writer = new SampleWriter(reply, false, maxCount)
  scan(series, { from, to: TIME_MAX, filter: null, reverse: false, latest: null }, writer)
  writer.finish()
}
