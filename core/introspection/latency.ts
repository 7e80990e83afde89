/* LATENCY -- what took long, and how long each command takes.
 *
 * Two records. Spikes: for each kind of event the greatest delay of each second in which one reached
 * `latency-monitor-threshold` milliseconds, the last 160 of them. And a histogram for each command (command/histogram.ts), of
 * which LATENCY HISTOGRAM shows doublings and INFO percentiles. */

import { replyError } from '../base/errors.ts'
import { parseDouble } from '../base/numbers.ts'
import type { Args } from '../command/args.ts'
import { booleanParameter, numberParameter, textParameter } from '../command/config.ts'
import type { Context } from '../command/context.ts'
import type { Engine } from '../command/engine.ts'
import { FLAG, type Command, sub } from '../command/spec.ts'
import { Histogram } from '../command/histogram.ts'
import type { Entry } from '../command/table.ts'
import type { Reply } from '../resp/reply.ts'
import { LATENCY_HELP } from './help.ts'

const BASE = 'admin noscript loading stale'
const EACH = '~nondeterministic_output ~request_policy:all_nodes ~response_policy:special'

export const latencyCommands: readonly Command[] = [
  sub('LATENCY DOCTOR', `${BASE} ${EACH}`, '', doctor),
  sub('LATENCY GRAPH event', `${BASE} ${EACH}`, '', graph),
  sub('LATENCY HELP', 'loading stale', '', help),
  sub('LATENCY HISTOGRAM [command [command ...]]', `${BASE} ${EACH}`, '', histogram),
  sub('LATENCY HISTORY event', `${BASE} ${EACH}`, '', history),
  sub('LATENCY LATEST', `${BASE} ${EACH}`, '', latest),
  sub('LATENCY RESET [event [event ...]]', `${BASE} ~request_policy:all_nodes ~response_policy:agg_sum`, '', reset),
]

const SAMPLES_MAX = 160

interface Spike {
  readonly seconds: number
  ms: number
}

interface Series {
  readonly spikes: Spike[]
  maxMs: number
}

/** The spikes of a server, by event. */
export class LatencyMonitor {
  readonly settings = { thresholdMs: 0, percentiles: '50 99 99.9' }
  readonly events = new Map<string, Series>()

  /** Note a delay, when it is long enough. */
  note(event: string, ms: number, nowMs: number): void {
    const { thresholdMs } = this.settings
    if (thresholdMs === 0 || ms < thresholdMs) return
    let series = this.events.get(event)
    if (series === undefined) this.events.set(event, (series = { spikes: [], maxMs: 0 }))
    series.maxMs = Math.max(series.maxMs, ms)
    const seconds = Math.floor(nowMs / 1000)
    const last = series.spikes.at(-1)
    if (last?.seconds === seconds) last.ms = Math.max(last.ms, ms)
    else series.spikes.push({ seconds, ms })
    if (series.spikes.length > SAMPLES_MAX) series.spikes.shift()
  }
}

export function installLatency(engine: Engine): void {
  const monitor = engine.provide(LatencyMonitor, new LatencyMonitor())
  const watch = engine.watchSlow((_client, entry, _args, micros) => {
    const event = entry.flags & FLAG.fast ? 'fast-command' : 'command'
    monitor.note(event, Math.floor(micros / 1000), engine.keyspace.nowMs)
  })
  engine.config.add([
    numberParameter('latency-monitor-threshold', monitor.settings, 'thresholdMs', {
      changed() {
        const { thresholdMs } = monitor.settings
        watch(thresholdMs === 0 ? Number.POSITIVE_INFINITY : thresholdMs * 1000)
      },
    }),
    booleanParameter('latency-tracking', engine.timing, 'isOn'),
    textParameter('latency-tracking-info-percentiles', monitor.settings, 'percentiles', {
      check: checkPercentiles,
      asKept: text => percentilesOf(text).map(shortPercentile).join(' '),
    }),
  ])
}

function parsePercentile(word: string): number {
  const bytes = Buffer.from(word)
  return parseDouble(bytes, 0, bytes.length)
}

function percentilesOf(text: string): number[] {
  return text === '' ? [] : text.split(' ').map(parsePercentile)
}

/** With six decimals at most: 99.9. */
function shortPercentile(percent: number): string {
  return String(Number(percent.toFixed(6)))
}

function checkPercentiles(text: string): string | null {
  const percentiles = percentilesOf(text)
  if (percentiles.some(Number.isNaN)) return 'Invalid latency-tracking-info-percentiles parameters'
  const isWithin = percentiles.every(percent => percent >= 0 && percent <= 100)
  return isWithin ? null : 'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]'
}

/** The lines of INFO latencystats: within how many microseconds shares of each command's calls were done. */
export function* latencyLines(engine: Engine, entries: Iterable<Entry>): Iterable<readonly [string, string]> {
  if (!engine.timing.isOn) return
  const shares = percentilesOf(engine.service(LatencyMonitor).settings.percentiles)
  for (const entry of entries) {
    entry.settle(true)
    const { histogram } = entry
    if (histogram === null) continue
    const shown = shares.map(percent => `p${percent}=${(histogram.percentileNs(percent) / 1000).toFixed(3)}`)
    yield [`latency_percentiles_usec_${entry.name}`, shown.join(',')]
  }
}

function latest({ engine, reply }: Context): void {
  const { events } = engine.service(LatencyMonitor)
  reply.array(events.size)
  for (const [name, { spikes, maxMs }] of events) {
    const last = spikes.at(-1)!
    reply.array(4)
    reply.text(name)
    reply.integer(last.seconds)
    reply.integer(last.ms)
    reply.integer(maxMs)
  }
}

function history({ engine, reply }: Context, args: Args): void {
  const spikes = engine.service(LatencyMonitor).events.get(args.text())?.spikes ?? []
  reply.array(spikes.length)
  for (const { seconds, ms } of spikes) {
    reply.array(2)
    reply.integer(seconds)
    reply.integer(ms)
  }
}

function reset({ engine, reply }: Context, args: Args): void {
  const { events } = engine.service(LatencyMonitor)
  if (args.left === 0) {
    reply.integer(events.size)
    events.clear()
    return
  }
  let gone = 0
  while (args.left > 0) if (events.delete(args.text())) gone++
  reply.integer(gone)
}

// ------------------------------------------------------------------ GRAPH and DOCTOR

const ROWS = 4
const BARS = ' _.:#'

/** The spikes as a bar chart: the height of a column is its share of the greatest one. */
function graph({ engine, reply, nowMs }: Context, args: Args): void {
  const event = args.text()
  const series = engine.service(LatencyMonitor).events.get(event)
  if (series === undefined) throw replyError(`ERR No samples available for event '${event}'`)
  const { spikes } = series
  const high = Math.max(...spikes.map(({ ms }) => ms))
  const low = Math.min(...spikes.map(({ ms }) => ms))
  const lines = [`${event} - high ${high} ms, low ${low} ms (all time high ${series.maxMs} ms)`, '-'.repeat(80)]
  for (let row = ROWS - 1; row >= 0; row--)
    lines.push(spikes.map(({ ms }) => barOf(high === low ? 1 : (ms - low) / (high - low), row)).join(''))
  lines.push('')
  const ages = spikes.map(({ seconds }) => age(Math.floor(nowMs / 1000) - seconds))
  for (let row = 0; row < Math.max(...ages.map(text => text.length)); row++)
    lines.push(ages.map(text => text[row] ?? ' ').join(''))
  reply.verbatim('txt', `${lines.join('\n')}\n`)
}

/** The part of a column that lies in a row. */
function barOf(share: number, row: number): string {
  const filled = Math.max(share * ROWS, 0.25) - row
  return BARS[Math.max(0, Math.min(BARS.length - 1, Math.ceil(filled * (BARS.length - 1))))]!
}

function age(seconds: number): string {
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`
}

function doctor({ engine, reply }: Context): void {
  const { events, settings } = engine.service(LatencyMonitor)
  const lines: string[] = []
  if (settings.thresholdMs === 0)
    lines.push('Latency monitoring is switched off. "CONFIG SET latency-monitor-threshold <milliseconds>" begins it.')
  else if (events.size === 0)
    lines.push(`No event took ${settings.thresholdMs} ms or longer since the monitor was reset.`)
  for (const [name, { spikes, maxMs }] of events) {
    const mean = spikes.reduce((sum, { ms }) => sum + ms, 0) / spikes.length
    lines.push(`${name}: ${spikes.length} spikes, ${mean.toFixed(0)} ms on average, ${maxMs} ms at worst.`)
  }
  if (events.has('command'))
    lines.push('Slow commands are in SLOWLOG GET; commands over many elements can be replaced by their SCAN forms.')
  reply.verbatim('txt', `${lines.join('\n')}\n`)
}

// ------------------------------------------------------------------ HISTOGRAM

/** A command by its name, or `container|subcommand`. */
function find(engine: Engine, name: string): Entry | null {
  const [first, second] = name.split('|')
  const entry = engine.table.get(first!)
  return second === undefined ? entry : (entry?.subcommands?.get(second) ?? null)
}

function histogram({ engine, reply }: Context, args: Args): void {
  const asked: Entry[] = []
  if (args.left === 0) asked.push(...engine.table)
  while (args.left > 0) {
    const entry = find(engine, args.text())
    if (entry !== null) asked.push(entry)
  }
  const shown = new Set(asked.flatMap(entry => [entry, ...(entry.subcommands ?? [])]))
  for (const entry of shown) entry.settle(engine.timing.isOn)
  const timed = [...shown].filter(entry => entry.histogram !== null)
  reply.map(timed.length)
  for (const entry of timed) replyHistogram(reply, entry.name, entry.histogram!)
}

/** Counts up to the end of each doubling that holds any. */
function replyHistogram(reply: Reply, name: string, histogram: Histogram): void {
  const doublings = histogram.doublings()
  reply.text(name)
  reply.map(2)
  reply.text('calls')
  reply.integer(histogram.count)
  reply.text('histogram_usec')
  reply.map(doublings.reduce((filled, count) => filled + (count > 0 ? 1 : 0), 0))
  let sum = 0
  doublings.forEach((count, doubling) => {
    if (count === 0) return
    sum += count
    reply.integer(Histogram.doublingEndMicros(doubling))
    reply.integer(sum)
  })
}

function help({ reply }: Context): void {
  reply.statuses(LATENCY_HELP)
}
