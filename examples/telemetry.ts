/* Telemetry -- a week of five hundred sensors, and the dashboard over it.
 *
 *      npm run example:telemetry
 *
 * Sensors in the rooms of five sites send a value a minute. Two rules keep each series by the hour (average) and by the
 * day (greatest value), and the dashboard asks what a caretaker asks in the morning:
 *
 *      how warm was it yesterday, site by site          TS.MRANGE … GROUPBY site REDUCE avg
 *      what happened in this room                        TS.RANGE of the hourly series
 *      where is it coldest now                           TS.MGET
 *      what did each day cost                            TS.MRANGE … AGGREGATION twa, by day, summed over the rooms
 *      where was the air bad, and for how long           FILTER_BY_VALUE and count
 *      which sensor was silent, and when                 AGGREGATION count … EMPTY
 *
 * Two things are wrong in the data, and the dashboard must find them: a heating that fails on the fourth day, and a
 * sensor that is silent for three hours. */

import type { Redis } from 'ioredis'
import { bar, grouped, plot, row, sparkline } from './support/chart.ts'
import { chance, isProgram, type Session, settled, timed, withServer } from './support/session.ts'

/** How much there is of everything. */
export interface TelemetrySize {
  readonly sensors: number
  readonly days: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Monday, 6 January 2025. */
export const BEGIN = 1736121600000

const SITES = ['berlin', 'lisbon', 'oslo', 'rome', 'vienna'] as const
const KINDS = ['temperature', 'power', 'co2', 'humidity'] as const

/** A sensor, and what is wrong with it. */
export interface Sensor {
  readonly key: string
  readonly site: string
  readonly room: string
  readonly kind: (typeof KINDS)[number]
  /** Minutes, counted from the beginning: the heating is off from one to the other. */
  readonly cold: readonly [number, number] | null
  /** The same: nothing is sent. */
  readonly silent: readonly [number, number] | null
}

/** The sensors: each room has one of each kind. The last day but one is the one with the faults. */
export function sensorsOf({ sensors, days }: TelemetrySize): Sensor[] {
  const faultyDay = Math.max(0, days - 4) * 1440
  return Array.from({ length: sensors }, (_, i) => {
    const kind = KINDS[i % KINDS.length]!
    const place = Math.floor(i / KINDS.length)
    const site = SITES[place % SITES.length]!
    const room = `${site}-${String(Math.floor(place / SITES.length) + 1).padStart(2, '0')}`
    const isCold = room === 'oslo-01' && kind === 'temperature'
    const isSilent = room === 'rome-01' && kind === 'humidity'
    return {
      ...{ key: `sensor:${room}:${kind}`, site, room, kind },
      cold: isCold ? [faultyDay + 360, days * 1440] : null,
      silent: isSilent ? [faultyDay + 600, faultyDay + 780] : null,
    }
  })
}

/** What a sensor measures at a minute: a day's curve, a site's climate, some noise. */
export function measured(sensor: Sensor, minute: number, noise: number): number {
  const day = Math.sin(((minute % 1440) / 1440) * 2 * Math.PI - 2)
  const site = SITES.indexOf(sensor.site as (typeof SITES)[number])
  const isAtWork = minute % 1440 >= 480 && minute % 1440 < 1080 && Math.floor(minute / 1440) % 7 < 5
  switch (sensor.kind) {
    case 'temperature': {
      const lost = sensor.cold === null ? 0 : Math.max(0, Math.min(minute - sensor.cold[0], 600)) / 60
      return round(20 + site / 2 + 1.5 * day + noise - lost)
    }
    case 'power':
      return round((isAtWork ? 420 : 80) + 40 * noise)
    case 'co2':
      return round((isAtWork ? 900 : 450) + 200 * noise + (sensor.site === 'vienna' && isAtWork ? 250 : 0))
    default:
      return round(45 - 5 * day + 2 * noise)
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

// ------------------------------------------------------------------ data

async function create(redis: Redis, sensors: readonly Sensor[]): Promise<void> {
  for (let i = 0; i < sensors.length; i += 100) {
    const pipeline = redis.pipeline()
    for (const { key, site, room, kind } of sensors.slice(i, i + 100)) {
      const labels = ['site', site, 'room', room, 'kind', kind]
      pipeline.call(
        'TS.CREATE',
        key,
        'RETENTION',
        30 * DAY,
        'DUPLICATE_POLICY',
        'LAST',
        'LABELS',
        ...labels,
        'step',
        'raw',
      )
      pipeline.call('TS.CREATE', `${key}:hour`, 'LABELS', ...labels, 'step', 'hour')
      pipeline.call('TS.CREATE', `${key}:day`, 'LABELS', ...labels, 'step', 'day')
      pipeline.call('TS.CREATERULE', key, `${key}:hour`, 'AGGREGATION', 'avg', HOUR)
      pipeline.call('TS.CREATERULE', key, `${key}:day`, 'AGGREGATION', 'max', DAY)
    }
    await settled(pipeline.exec())
  }
}

/** Send every minute of the days, all sensors at a time. Returns how many samples there were. */
async function fill(redis: Redis, sensors: readonly Sensor[], days: number): Promise<number> {
  const noise = chance(7)
  let count = 0
  for (let minute = 0; minute < days * 1440; ) {
    const pipeline = redis.pipeline()
    for (let n = 0; n < 20 && minute < days * 1440; n++, minute++) {
      const words: (string | number)[] = []
      for (const sensor of sensors) {
        const value = measured(sensor, minute, noise() - 0.5)
        if (sensor.silent !== null && minute >= sensor.silent[0] && minute < sensor.silent[1]) continue
        words.push(sensor.key, BEGIN + minute * MINUTE, value)
      }
      count += words.length / 3
      pipeline.call('TS.MADD', ...words)
    }
    await settled(pipeline.exec())
  }
  return count
}

// ------------------------------------------------------------------ the dashboard

type Sample = [time: number, value: string]
type Selected = [name: string, labels: [string, string][], samples: Sample[]]

const numbers = (samples: readonly Sample[]) => samples.map(([, value]) => Number(value))
const clock = (time: number) => new Date(time).toISOString().slice(0, 16).replace('T', ' ')

async function yesterday({ redis, print }: Session, now: number): Promise<void> {
  const { value: groups, ms } = await timed(
    () =>
      redis.call(
        ...([
          'TS.MRANGE',
          now - DAY,
          now - 1,
          'AGGREGATION',
          'avg',
          HOUR,
          'FILTER',
          'kind=temperature',
          'step=raw',
        ] as const),
        ...['GROUPBY', 'site', 'REDUCE', 'avg'],
      ) as Promise<Selected[]>,
  )
  print(heading('Yesterday, degrees by the hour', ms))
  for (const [name, , samples] of groups) {
    const values = numbers(samples)
    const span = `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`
    print(`  ${row([name.replace('site=', ''), span], [8, 14])}  ${sparkline(values)}`)
  }
}

async function oneRoom({ redis, print }: Session, key: string): Promise<void> {
  const { value: samples, ms } = await timed(() => redis.call('TS.RANGE', `${key}:hour`, '-', '+') as Promise<Sample[]>)
  print(heading(`${key}, by the hour`, ms))
  // Two hours a column, so that a week fits.
  const values = numbers(samples).filter((_, i) => i % 2 === 0)
  for (const line of plot(values)) print(line)
}

async function coldest({ redis, print }: Session): Promise<void> {
  const { value: all, ms } = await timed(
    () =>
      redis.call('TS.MGET', 'SELECTED_LABELS', 'room', 'FILTER', 'kind=temperature', 'step=raw') as Promise<
        [string, [string, string][], Sample][]
      >,
  )
  print(heading(`Coldest of ${all.length} rooms now`, ms))
  const rooms = all.map(([, labels, sample]) => ({ room: labels[0]![1], degrees: Number(sample[1]) }))
  rooms.sort((a, b) => a.degrees - b.degrees)
  for (const { room, degrees } of rooms.slice(0, 5))
    print(`  ${row([room, degrees.toFixed(1)], [12, 5])}  ${bar(degrees, 30)}`)
}

async function energy({ redis, print }: Session): Promise<void> {
  const { value: groups, ms } = await timed(
    () =>
      redis.call(
        ...(['TS.MRANGE', '-', '+', 'AGGREGATION', 'twa', DAY, 'FILTER', 'kind=power', 'step=raw'] as const),
        ...['GROUPBY', 'site', 'REDUCE', 'sum'],
      ) as Promise<Selected[]>,
  )
  print(heading('Energy a day, kWh', ms))
  // Watts averaged over a day, times its hours.
  const table = groups.map(([name, , samples]) => ({
    site: name.replace('site=', ''),
    days: numbers(samples).map(watts => (watts * 24) / 1000),
  }))
  const widths = [8, ...(table[0]?.days ?? []).map(() => 6)]
  for (const { site, days } of table)
    print(`  ${row([site, ...days.map(kwh => kwh.toFixed(1))], widths)}  ${sparkline(days)}`)
}

async function badAir({ redis, print }: Session, days: number): Promise<void> {
  const { value: all, ms } = await timed(
    () =>
      redis.call(
        ...(['TS.MRANGE', '-', '+', 'FILTER_BY_VALUE', 1100, 100_000, 'SELECTED_LABELS', 'room'] as const),
        ...(['AGGREGATION', 'count', days * DAY, 'FILTER', 'kind=co2', 'step=raw'] as const),
      ) as Promise<Selected[]>,
  )
  const rooms = all
    .filter(([, , samples]) => samples.length > 0)
    .map(([, labels, samples]) => ({ room: labels[0]![1], minutes: numbers(samples).reduce((sum, n) => sum + n, 0) }))
    .sort((a, b) => b.minutes - a.minutes)
  print(heading(`Above 1,100 ppm: ${rooms.length} rooms`, ms))
  for (const { room, minutes } of rooms.slice(0, 5))
    print(`  ${row([room, `${(minutes / 60).toFixed(1)} h`], [12, 8])}  ${bar(minutes, rooms[0]!.minutes)}`)
}

async function silence({ redis, print }: Session, now: number): Promise<void> {
  const { value: all, ms } = await timed(
    () =>
      redis.call(
        ...(['TS.MRANGE', BEGIN, now - 1, 'AGGREGATION', 'count', HOUR, 'EMPTY', 'FILTER', 'step=raw'] as const),
      ) as Promise<Selected[]>,
  )
  const gaps = all
    .map(([key, , samples]) => ({ key, hours: samples.filter(([, value]) => Number(value) === 0) }))
    .filter(({ hours }) => hours.length > 0)
  print(heading(`Silent sensors: ${gaps.length} of ${all.length}`, ms))
  for (const { key, hours } of gaps)
    print(`  ${key}: ${clock(hours[0]![0])} to ${clock(hours[hours.length - 1]![0] + HOUR)}, ${hours.length} h`)
}

async function peaks({ redis, print }: Session, key: string): Promise<void> {
  const { value: samples, ms } = await timed(
    () => redis.call('TS.RANGE', `${key}:day`, '-', '+', 'LATEST') as Promise<Sample[]>,
  )
  print(heading(`${key}, warmest of each day`, ms))
  for (const [time, value] of samples)
    print(`  ${clock(time).slice(0, 10)}  ${Number(value).toFixed(1).padStart(5)}  ${bar(Number(value), 30)}`)
}

function heading(text: string, ms: number): string {
  return `\n${text}  (${ms.toFixed(1)} ms)`
}

/** Create, fill and look. */
export async function telemetry(session: Session, size: TelemetrySize): Promise<void> {
  const { redis, print } = session
  const sensors = sensorsOf(size)
  const now = BEGIN + size.days * DAY
  await create(redis, sensors)
  const { value: count, ms } = await timed(() => fill(redis, sensors, size.days))
  print(`${grouped(count)} samples of ${sensors.length} sensors over ${size.days} days`)
  print(
    `sent in ${(ms / 1000).toFixed(1)} s, ${grouped((count / ms) * 1000)} a second, with an hourly and a daily rule each`,
  )
  const bytes = Number(await redis.call('MEMORY', 'USAGE', sensors[0]!.key))
  print(`${(bytes / (size.days * 1440)).toFixed(1)} bytes a sample in ${sensors[0]!.key}`)

  await yesterday(session, now)
  await coldest(session)
  await oneRoom(session, 'sensor:oslo-01:temperature')
  await peaks(session, 'sensor:oslo-01:temperature')
  await energy(session)
  await badAir(session, size.days)
  await silence(session, now)
}

if (isProgram(import.meta.url))
  await withServer(
    session => telemetry(session, { sensors: 500, days: 7 }),
    (line = '') => console.log(line),
  )
